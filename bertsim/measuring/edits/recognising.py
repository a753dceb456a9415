"""Two sentences -> which kind of minimal edit they differ by, and what an encoder is known to get wrong of that kind.

A pair is of a kind where the rules that make edits would make it, or where its words differ in nothing else: it is
recognised by the two sentences as a whole, not by a word in one of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from bertsim.measuring.edits import edited_pairs, words
from bertsim.measuring.edits.antonyms import EVERYDAY, UNSEEN
from bertsim.score.words import KnownError, Words

_BY_RULE = ("quantifier", "voice", "paraphrase")  # where more than a word may differ
_DRAWS = 4  # of what a rule chooses among
_SEEN, _UNSEEN = EVERYDAY.seen().by_word, EVERYDAY.held_out().by_word
_BASE = words.THIRD | words.PAST  # form of a verb -> its base form
_NUMBERS = frozenset((*words.NUMBERS, *words.TENS))


def edit_between(a: str, b: str) -> str | None:
    """The kind of edit, as `Words.known_errors` has it; None: they differ by more, or by nothing.

    Example: "Alice paid Bob.", "Bob paid Alice." -> "role"
    """
    first, second = (re.findall(r"[\w'-]+", text.lower()) for text in (a, b))
    if first == second:
        return None
    if sorted(first) == sorted(second):
        return "role"
    changes = [op for op in SequenceMatcher(None, first, second, autojunk=False).get_opcodes() if op[0] != "equal"]
    whats, (_, start, end, other_start, other_end) = {code[0] for code in changes}, changes[0]
    if len(changes) == 1 and (end - start, other_end - other_start) == (1, 1):
        word, other = first[start], second[other_start]
        if all(each.isdigit() or each in _NUMBERS for each in (word, other)):
            return "number"
        for kind, opposites in (("antonym", _SEEN), (UNSEEN, _UNSEEN)):
            if any(other == opposite for _, opposite in opposites.get(word, ())):
                return kind
    (plain, denials), (other_plain, other_denials) = _affirmed(first), _affirmed(second)
    if plain == other_plain and denials != other_denials:
        return "negation"
    if whats in ({"delete"}, {"insert"}):
        return "modifier"
    for kind in _BY_RULE:
        for seed in range(_DRAWS):
            edited = edited_pairs(kind, (a, b), seed=seed)
            if any({x.lower(), y.lower()} == {a.lower(), b.lower()} for x, y, _ in edited):
                return kind
    return None


def _affirmed(sentence: Sequence[str]) -> tuple[list[str], int]:
    """Words without those that deny them, and how many did. Example: he does not like tea -> [he, like, tea], 1."""
    full = (
        re.sub(r"can't|cannot", "can not", " ".join(sentence))
        .replace("won't", "will not")
        .replace("n't", " not")
        .split()
    )
    plain = [_BASE.get(word, word) for word in full if word not in ("not", "never", "do", "does", "did")]
    return plain, sum(word in ("not", "never") for word in full)


def known_error(said: Words | None, a: str, b: str) -> KnownError | None:
    """What an encoder is known to get wrong of pairs like this one; None: nothing is known, or of no such pairs."""
    kind = edit_between(a, b)
    return next((each for each in (said.known_errors if said else ()) if each.kind == kind), None)
