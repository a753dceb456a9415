"""Opposites: one word of a sentence replaced by its opposite, everyday ones and the first senses of WordNet.

Pairs are held out by a checksum of their two words, so that a probe can measure opposites that nothing was trained on.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random

from bertsim.data.pairs import open_pairs
from bertsim.errors import DataError
from bertsim.measuring.edits import words
from bertsim.measuring.edits.sentences import CONTRADICTION, ENTAILMENT, Candidates, Sentence, both_ways
from bertsim.measuring.edits.words import word_set

_HELD_OUT_PAIRS = 5  # one in so many
_COLUMNS = ("pos", "sense1", "sense2")
_ABSTRACT = re.compile(r".*(?:ness|ity|tion)")


@dataclass(frozen=True)
class Antonyms:
    """Pairs of words that are opposites, each with its part of speech: "a", "n", "r" or "v"."""

    pairs: tuple[tuple[str, str, str], ...]

    @cached_property
    def by_word(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """Any form of a word -> part of speech and the same form of its opposite."""
        found: dict[str, list[tuple[str, str]]] = {}
        for first, second, pos in self.pairs:
            for a, b in zip(_forms(first, pos), _forms(second, pos), strict=True):
                found.setdefault(a, []).append((pos, b))
                found.setdefault(b, []).append((pos, a))
        return {word: tuple(dict.fromkeys(others)) for word, others in found.items()}

    def seen(self) -> Antonyms:
        """Those that training may use."""
        return Antonyms(tuple(pair for pair in self.pairs if not is_held_out_pair(pair[0], pair[1])))

    def held_out(self) -> Antonyms:
        """The fifth that nothing is trained on."""
        return Antonyms(tuple(pair for pair in self.pairs if is_held_out_pair(pair[0], pair[1])))


def _everyday() -> Antonyms:
    pairs = ((pair.split(), pos) for pos, text in words.OPPOSITES.items() for pair in text.split("|"))
    return Antonyms(tuple((a, b, pos) for (a, b), pos in pairs))


def is_held_out_pair(word: str, opposite: str) -> bool:
    """Whether two opposites are of the fifth that nothing is trained on, in either order."""
    return zlib.crc32("/".join(sorted((word, opposite))).encode()) % _HELD_OUT_PAIRS == 0


def _forms(word: str, pos: str) -> tuple[str, ...]:
    """A verb's base form, third person and past; any other word as it is."""
    if pos != "v":
        return (word,)
    return word, words.third(word), words.VERBS[word][0] if word in words.VERBS else words.past(word)


EVERYDAY = _everyday()


def read_antonyms(path: Path) -> Antonyms:
    """The everyday opposites, and those of a file that are the first sense of both words.

    Args:
        path: a table of pairs that also has the columns pos (a, n, r or v), sense1 and sense2 (1 = a word's first).

    Raises:
        DataError: the file cannot be read, lacks a column, or a row does not hold what it should.
    """
    file = open_pairs(path)
    missing = [name for name in _COLUMNS if name not in file.columns]
    if missing:
        raise DataError(
            f"{path} has no column {missing[0]!r}; a file of opposites needs {', '.join(_COLUMNS)}."
        )
    pairs = []
    for row in file:
        if row.error is not None:
            raise DataError(f"{file.where(row)}: {row.error}; {file.advice.row}.")
        pos, *senses = (str(row.values[name]) for name in _COLUMNS)
        if pos not in words.OPPOSITES or not all(sense.isdecimal() for sense in senses):
            raise DataError(
                f"{file.where(row)}: pos must be one of a, n, r, v, and sense1 and sense2 whole numbers, "
                f"not {pos!r}, {senses[0]!r} and {senses[1]!r}; {file.advice.row}."
            )
        if senses == ["1", "1"] and _is_everyday(row.sentences, pos):
            pairs.append((row.sentences[0], row.sentences[1], pos))
    return Antonyms(tuple(dict.fromkeys((*EVERYDAY.pairs, *pairs))))


def _is_everyday(pair: tuple[str, ...], pos: str) -> bool:
    """Whether the two exclude each other in plain sentences, as far as their form tells."""
    if (
        not all(word.isalpha() and word.islower() for word in pair)
        or tuple(sorted(pair)) in words.NO_OPPOSITES
    ):
        return False
    if pos == "n":
        return not any(map(_ABSTRACT.fullmatch, pair))
    return pos != "v" or all(word in words.VERBS or _is_regular(word) for word in pair)


def _is_regular(verb: str) -> bool:
    """Whether -ed can be added without knowing where the stress lies. Example: "unlock", not "repel", "unwrap"."""
    return re.search(r"[^aeiou][aeiou][^aeiouwxy]$|(?:bid|spread|wind|weave|bend|draw)$", verb) is None


_LINKING = words.BE | word_set(
    "feel feels felt seem seems seemed look looks looked became become got be been"
)
_DEGREES = word_set("very so quite really extremely too rather pretty")
# Where both words of a pair may be true of what is said: wishes, kinds, comparisons, two things at once.
_OPEN = word_set(
    """
    like likes liked love loves loved want wants wanted need needs needed prefer prefers hate hates wish and
    or than if every all each as most when how not both between years year any no would could should may might
    can trying just
    """
)
_STOPS = word_set(
    """
    who that which if when because while as what than and or but to for with of in on at one ones onto into by
    beside near under school court
    """
)
_PARTICLES = word_set("up down on off out away in over back by into at to with about for from so that it")


def antonym(sentence: Sentence, rng: Random, antonyms: Antonyms) -> Candidates:
    """One word as its opposite: contradiction. "Is hot" and "is not cold": entailment."""
    if sentence.is_question or sentence.negations:
        return
    known = set(sentence.words)
    for at, word in enumerate(sentence.words):
        for pos, opposite in antonyms.by_word.get(word, ()):
            if opposite in known or not _fits(sentence, at, pos, opposite):
                continue
            before, after = sentence.tokens[:at], sentence.tokens[at + 1 :]
            yield from both_ways(sentence, sentence.with_tokens(before, [opposite], after), CONTRADICTION)
            if pos == "a" and before[-1].lower() in words.BE and rng.random() < 0.5:
                yield sentence, sentence.with_tokens(before, ["not", opposite], after), ENTAILMENT


def _fits(sentence: Sentence, at: int, pos: str, opposite: str) -> bool:
    """Whether a word stands where its part of speech does, and its opposite there would be about the same thing."""
    given = sentence.words
    before, after = given[at - 1] if at else "", given[at + 1] if at + 1 < len(given) else ""
    if pos == "v":
        if given[at] in {"win", "won", "lose", "lost"} and after != "the":
            return False
        statement = at == 1 and before in words.PRONOUNS | words.NAMES
        return (statement or (at == 2 and before in words.MODALS)) and (
            after not in _PARTICLES or given[at] in {"forgot", "remembered"}
        )
    if pos == "r":
        return at == len(given) - 1 > 1 and before not in _DEGREES | word_set("as the from my come")
    if _OPEN & set(given):
        return False
    if pos == "n":
        if given[at] in words.GENDERED and word_set("he she his her him") & set(given):
            return False
        return before in words.DETERMINERS and (after in words.BE or not after or after in _STOPS) and at < 4
    return _fits_adjective(given, at, opposite)


def _fits_adjective(given: list[str], at: int, opposite: str) -> bool:
    before, after = given[at - 1] if at else "", given[at + 1] if at + 1 < len(given) else ""
    pair = (given[at], opposite)
    linked = before in _LINKING or (before in _DEGREES and at > 1 and given[at - 2] in _LINKING)
    if linked:
        is_person = given[0] in words.NAMES | word_set("i you he she we they") or given[1] in words.PERSONS
        if after and after not in word_set("today now this here yesterday"):
            return False
    else:
        is_person = after in words.PERSONS
        if before not in words.DETERMINERS or not after.isalpha() or after in _STOPS | words.BE | words.HAVE:
            return False
        if given[at] in {"late", "present", "right", "kind", "well"} or pair == ("hard", "easy"):
            return False
    return not (pair in words.OF_PERSONS and not is_person) and not (pair in words.OF_THINGS and is_person)
