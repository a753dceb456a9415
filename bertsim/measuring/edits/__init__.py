"""Plain English sentences -> labelled inference pairs that differ in one place, of one kind after the other.

Public inference data hardly holds a pair that is the same but for a negation, an opposite, a number, or who did it to
whom; a model that learnt from it alone calls such pairs the same. Every rule takes a sentence whose form it is sure of
and leaves all others; labels are those that people give in SNLI, where both sentences are about one event.

What it does not do: there is no tagger and no parser, only word lists and regular expressions; a few in a hundred
pairs are odd.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import zip_longest
from random import Random
from typing import NamedTuple

from bertsim.errors import InputError
from bertsim.measuring.edits.antonyms import Antonyms, antonym
from bertsim.measuring.edits.negation import negation
from bertsim.measuring.edits.quantities import number, quantifier
from bertsim.measuring.edits.rewording import modifier, paraphrase
from bertsim.measuring.edits.roles import role, voice
from bertsim.measuring.edits.sentences import Candidates, Sentence, plain_sentence

Rule = Callable[[Sentence, Random], Candidates]
_RULES: dict[str, Rule] = {
    rule.__name__: rule for rule in (negation, antonym, number, quantifier, role, modifier, voice, paraphrase)
}
KINDS = tuple(_RULES)
"""The kinds of edit; "voice" is active and passive."""


class Edit(NamedTuple):
    """Two sentences that differ in one place.

    Attributes:
        premise, hypothesis: the two.
        label: "entailment", "neutral" or "contradiction": what the premise says of the hypothesis.
    """

    premise: str
    hypothesis: str
    label: str


def make_edits(
    kind: str, sentences: Iterable[str], *, seed: int = 0, antonyms: Antonyms | None = None
) -> Iterator[Edit]:
    """Edit every sentence that a kind has a rule for: at most one pair a label, chosen by the sentence and the seed.

    Args:
        kind: one of `KINDS`.
        sentences: one a line, in any case; what is quoted, too long or too short is left out.
        seed: another one makes other pairs of the same sentences.
        antonyms: the opposites of the kind "antonym"; the everyday ones if None.

    Raises: InputError, if there is no such kind.
    Example: "negation", ["It is hot here."] -> Edit("It is hot here.", "It is not hot here.", "contradiction"), …
    """
    rule = _rule(kind, antonyms)
    plain = filter(None, map(plain_sentence, sentences))
    return (edit for sentence in plain for edit in _edits(kind, rule, sentence, seed))


def edited_pairs(
    kind: str, sentences: Iterable[str], *, seed: int = 0, antonyms: Antonyms | None = None
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Two sentences that differ in one place, with what the first says of the second, and the second of the first.

    Arguments and errors as `make_edits`, but of a sentence all edits come.
    """
    rule = _rule(kind, antonyms)
    for sentence in filter(None, map(plain_sentence, sentences)):
        for a, b, labels in rule(sentence, _drawn(kind, sentence, seed)):
            if a.text.lower() != b.text.lower():
                yield a.text, b.text, labels


def _rule(kind: str, antonyms: Antonyms | None) -> Rule:
    if kind not in KINDS:
        raise InputError(f"There is no kind of edit {kind!r}; use one of {', '.join(KINDS)}.")
    return partial(antonym, antonyms=antonyms) if antonyms and kind == "antonym" else _RULES[kind]


def _drawn(kind: str, sentence: Sentence, seed: int) -> Random:
    return Random(zlib.crc32(f"{seed} {kind} {sentence.text}".encode()))


def _edits(kind: str, rule: Rule, sentence: Sentence, seed: int) -> Iterator[Edit]:
    """One pair of each label that a sentence gives."""
    rng = _drawn(kind, sentence, seed)
    by_label: dict[str, list[Edit]] = {}
    for a, b, labels in rule(sentence, rng):
        if a.text.lower() != b.text.lower():
            for (premise, hypothesis), label in zip(((a, b), (b, a)), labels, strict=False):
                by_label.setdefault(label, []).append(Edit(premise.text, hypothesis.text, label))
    yield from map(rng.choice, by_label.values())


def take_evenly(edits: Iterable[Edit], most: int) -> list[Edit]:
    """At most so many edits, the first of each label in turn: a rare label is not drowned by the others.

    Example: 4 of three that contradict and two that follow -> two of each
    """
    by_label: dict[str, list[Edit]] = {}
    for edit in edits:
        by_label.setdefault(edit.label, []).append(edit)
        if all(len(each) >= most / len(by_label) for each in by_label.values()):
            break
    return [edit for turn in zip_longest(*by_label.values()) for edit in turn if edit is not None][:most]
