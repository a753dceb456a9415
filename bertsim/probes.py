"""What a bag of words cannot know, as pairs to score: plain negation, swapped roles, and ten examples. Pure Python.

What comes in: rows of inference data, lines of plain text, pairs of paraphrases. What goes out: triples and pairs, and
the share of them that scores put into the right order. No model and no file is opened here.

The held-out tenth is told by a checksum of a sentence, so whatever trains and whatever measures agree on it.
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

from bertsim.errors import InputError

TENTH = 10
MOST = 0.5
"""Share of a contradiction's words that stand in its premise too, above which it is plain."""
SWAPS = 300
_WORD = re.compile(r"\w+(?:['’]\w+)?")
_DETERMINERS = "the|a|an|my|your|his|her|our|their"
_ADJECTIVES = "old|young|little|big|small|black|white|red|new|other|poor|rich|tall|whole|great|good|first"
_NAMES = (
    "Tom|Mary|John|Alice|Bob|Anna|Peter|Maria|Jim|Jane|Paul|Susan|George|Betty|Bill|Emily|Kate|Ken|Mike|Nancy|Jack|Dan|"
    "Linda|Sami|Layla|David|Fred|Helen|Bush|Napoleon|Germany|France|Italy|Japan|England|Britain|America|China|Russia"
)
_PHRASE = rf"(?:(?:{_DETERMINERS}) (?:(?:{_ADJECTIVES}) )?[a-z]{{3,}}|{_NAMES})"
_HELPERS = "is|was|will|can|could|would|may|might|must|should|has|had"
# Two phrases around one verb; behind the second, the end or a preposition, so that it is the whole phrase.
_ROLES = re.compile(
    rf"^(?P<first>{_PHRASE}) (?P<verb>(?:(?:{_HELPERS}) )?[a-z]{{3,}}) (?P<second>{_PHRASE})"
    r"(?P<rest>(?: (?:in|on|at|with|from|by|for|near|after|before|into|again|yesterday|today)\b[^,;:]*)?[.!])$",
)
# No verbs, or verbs whose two sides may change places and mean the same.
_EVEN = frozenset(
    re.findall(
        r"\w+",
        """
    about above across after against along among and are around became because become becomes been before
    behind being below beside between beyond but dating did does down during equal equals for from had has
    inside into is just kissing like married marries marry meet meets met near nor not off onto out outside
    over past really remained remains resemble resembled resembles since than through till toward towards
    truly under until upon via was were when where while who with within without yet
""",
    )
)
_MOST_WORDS = 14

EXAMPLES: tuple[tuple[str, str, str, bool], ...] = (
    ("negation", "The shop is open on Sundays.", "The shop is not open on Sundays.", False),
    ("negation", "Nobody was hurt in the accident.", "Several people were hurt in the accident.", False),
    ("swapped roles", "The dog bites the man.", "The man bites the dog.", False),
    ("swapped roles", "Anna lent Peter her car.", "Peter lent Anna his car.", False),
    ("numbers", "Two children play in the yard.", "Twelve children play in the yard.", False),
    ("numbers", "The train leaves at 7:15.", "The train leaves at 17:15.", False),
    ("paraphrase without shared words", "The physician cured him.", "A doctor made that patient well.", True),
    ("paraphrase without shared words", "How old are you?", "What is your age?", True),
    ("paraphrase", "A man is playing a guitar on the stage.", "Someone on stage plays the guitar.", True),
    ("off-topic", "Prices rose by three percent in March.", "The cat sleeps on the warm sofa.", False),
)
"""Kind, two sentences, and whether they say the same; written for this project."""

Triple = tuple[str, str, str]
Pair = tuple[str, str]


def is_held_out(sentence: str) -> bool:
    """Whether a sentence belongs to the tenth that is measured on and never learned from.

    Example: the same for "A dog runs." and " a dog runs"
    """
    plain = " ".join(_words(sentence))
    return zlib.crc32(plain.encode(errors="replace")) % TENTH == 0


def negation_triples(rows: Iterable[tuple[str, str, str]], most: float = MOST) -> list[Triple]:
    """Contradictions made of their premise's own words, beside the entailment of that premise.

    Args:
        rows: premise, hypothesis and label ("entailment", "neutral" or "contradiction").
        most: share of the contradiction's words that its premise has, more than.

    Returns:
        premise, entailment, contradiction: every such contradiction with every entailment; held-out premises alone.

    Example: ("A man sleeps on a sofa", "A man sleeps", "A man sits on a sofa")
    """
    entailed: dict[str, list[str]] = defaultdict(list)
    denied: dict[str, list[str]] = defaultdict(list)
    for premise, hypothesis, label in rows:
        if not is_held_out(premise):
            continue
        if label == "entailment":
            entailed[premise].append(hypothesis)
        elif label == "contradiction" and _shared(hypothesis, premise) > most:
            denied[premise].append(hypothesis)
    return [(p, yes, no) for p, found in denied.items() for no in found for yes in entailed[p]]


def ranked_below(scores_entailed: Sequence[float], scores_denied: Sequence[float]) -> float:
    """Share of triples whose contradiction scores below the entailment; equal scores count half.

    Raises:
        InputError: no triple, or lengths that differ.

    Example: [0.9, 0.4, 0.5], [0.1, 0.8, 0.5] -> 0.5
    """
    if not len(scores_entailed) or len(scores_entailed) != len(scores_denied):
        raise InputError(
            f"there are {len(scores_entailed)} entailments and {len(scores_denied)} contradictions; as many of both, "
            "and one at least, were expected."
        )
    points = [(no < yes) + 0.5 * (no == yes) for yes, no in zip(scores_entailed, scores_denied, strict=True)]
    return float(sum(points) / len(points))


def told_apart(scores_same: Sequence[float], scores_other: Sequence[float]) -> float:
    """ROC AUC: the chance that a pair that means the same scores above one that does not; equal scores count half.

    Example: [0.9, 0.5], [0.5, 0.1] -> 0.875
    """
    if not len(scores_same) or not len(scores_other):
        raise InputError("there are no pairs of one of both kinds; some of each were expected.")
    points = sum((a > b) + 0.5 * (a == b) for a in scores_same for b in scores_other)
    return float(points / (len(scores_same) * len(scores_other)))


def swap_roles(sentence: str) -> str | None:
    """The sentence with its two noun phrases changed; None where it is not of that plain form.

    Example: "The dog bites the man." -> "The man bites the dog."
    """
    is_short = len(sentence.split()) <= _MOST_WORDS
    found = _ROLES.match(sentence) or _ROLES.match(sentence[:1].lower() + sentence[1:])
    if not is_short or found is None or found["verb"].split()[-1] in _EVEN:
        return None
    first, second = found["first"], found["second"]
    if first.lower() == second.lower():
        return None
    return f"{second[:1].upper()}{second[1:]} {found['verb']} {first}{found['rest']}"


def swapped_pairs(lines: Iterable[str], count: int = SWAPS, *, held_out: bool = True) -> list[Pair]:
    """Sentences of plain text beside themselves with the roles swapped.

    Args:
        lines: one sentence each.
        count: how many; those with the smallest checksum, so the order of the lines does not matter.
        held_out: of the held-out tenth; else of the rest, for learning.

    Raises:
        InputError: there are fewer.
    """
    found = {}
    for line in lines:
        sentence = line.strip()
        swapped = swap_roles(sentence)
        if swapped is not None and is_held_out(sentence) == held_out:
            found[sentence] = swapped
    if len(found) < count:
        raise InputError(
            f"the text has {len(found)} sentences whose roles can be swapped; {count} were expected: give more text."
        )
    chosen = sorted(found, key=lambda sentence: (zlib.crc32(sentence.encode()), sentence))[:count]
    return [(sentence, found[sentence]) for sentence in chosen]


def held_out_pairs(pairs: Iterable[Pair], count: int = SWAPS) -> list[Pair]:
    """Pairs of the held-out tenth that are not the same but for case and marks: those with the smallest checksum.

    Raises:
        InputError: there are fewer than `count`.
    """
    found = {pair for pair in pairs if is_held_out(pair[0]) and _words(pair[0]) != _words(pair[1])}
    if len(found) < count:
        raise InputError(f"there are {len(found)} held-out paraphrases; {count} were expected: give more.")
    return sorted(found, key=lambda pair: (zlib.crc32(" ".join(pair).encode()), pair))[:count]


def _words(sentence: str) -> list[str]:
    return _WORD.findall(sentence.lower())


def _shared(hypothesis: str, premise: str) -> float:
    words, known = _words(hypothesis), set(_words(premise))
    return sum(word in known for word in words) / max(len(words), 1)
