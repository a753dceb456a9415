"""Opposites: one word of a sentence replaced by its opposite, everyday ones and the first senses of WordNet.

Pairs are held out by a checksum of their two words, so that a probe can measure opposites that nothing was trained on.
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random

from bertsim.data.pairs import open_pairs
from bertsim.errors import DataError
from bertsim.measuring.edits import words
from bertsim.measuring.edits.sentences import AGAINST, FOLLOWS, Candidates, Sentence

_OPPOSITES = {pos: words.table("antonym", pos) for pos in ("a", "v", "r", "n")}
_NONE, _OF_PERSONS, _OF_THINGS, _LINKING = words.sets_of("antonym", "none of_persons of_things linking")
_DEGREES, _OPEN, _STOPS, _PARTICLES, _GENDERED = words.sets_of("antonym", "degrees open stops particles gendered")
UNSEEN = "antonym, unseen words"
"""The kind of edits whose opposites are held out, as their sentences are."""
_HELD_OUT_PAIRS = 5  # one in so many
_COLUMNS = ("pos", "sense1", "sense2")
_ABSTRACT = re.compile(r".*(?:ness|ity|tion)")
# Verbs to which -ed cannot be added without knowing where the stress lies: "repel", "unwrap"; not "unlock".
_IRREGULAR = re.compile(r"[^aeiou][aeiou][^aeiouwxy]$|(?:bid|spread|wind|weave|bend|draw)$")


@dataclass(frozen=True)
class Antonyms:
    """Pairs of words that are opposites, each with its part of speech: "a", "n", "r" or "v"."""

    pairs: tuple[tuple[str, str, str], ...]

    @cached_property
    def by_word(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """Any form of a word -> part of speech and the same form of its opposite."""
        found: defaultdict[str, dict[tuple[str, str], None]] = defaultdict(dict)
        for first, second, pos in self.pairs:
            for a, b in zip(_forms(first, pos), _forms(second, pos), strict=True):
                found[a][pos, b] = found[b][pos, a] = None
        return {word: tuple(others) for word, others in found.items()}

    def seen(self) -> Antonyms:
        """Those that training may use."""
        return Antonyms(tuple(pair for pair in self.pairs if not is_held_out_pair(*pair[:2])))

    def held_out(self) -> Antonyms:
        """The fifth that nothing is trained on."""
        return Antonyms(tuple(pair for pair in self.pairs if is_held_out_pair(*pair[:2])))


EVERYDAY = Antonyms(tuple((a, b, pos) for pos, pairs in _OPPOSITES.items() for a, b in pairs))


def _either_order(word: str, opposite: str) -> str:
    """How words.toml writes two opposites. Example: "rich", "poor" -> "poor/rich"."""
    return "/".join(sorted((word, opposite)))


def is_held_out_pair(word: str, opposite: str) -> bool:
    """Whether two opposites are of the fifth that nothing is trained on, in either order."""
    return zlib.crc32(_either_order(word, opposite).encode()) % _HELD_OUT_PAIRS == 0


def _forms(word: str, pos: str) -> tuple[str, ...]:
    """A verb's base form, third person and past; any other word as it is."""
    if pos != "v":
        return (word,)
    return word, words.third(word), words.VERBS[word][0] if word in words.VERBS else words.past(word)


def read_antonyms(path: Path) -> Antonyms:
    """The everyday opposites, and those of a file that are the first sense of both words.

    It is a table of pairs that also has the columns pos (a, n, r or v), sense1 and sense2 (1 = a word's first).

    Raises: DataError, if the file cannot be read, lacks a column, or a row does not hold what it should.
    """
    file = open_pairs(path)
    missing = [name for name in _COLUMNS if name not in file.columns]
    if missing:
        raise DataError(f"{path} has no column {missing[0]!r}; a file of opposites needs {', '.join(_COLUMNS)}.")
    pairs = []
    for row in file:
        if row.error is not None:
            raise DataError(f"{file.where(row)}: {row.error}; {file.advice.row}.")
        pos, *senses = (str(row.values[name]) for name in _COLUMNS)
        if pos not in _OPPOSITES or not all(sense.isdecimal() for sense in senses):
            raise DataError(
                f"{file.where(row)}: pos must be one of a, n, r, v, and sense1 and sense2 whole numbers, "
                f"not {pos!r}, {senses[0]!r} and {senses[1]!r}; {file.advice.row}."
            )
        if senses == ["1", "1"] and _is_everyday(row.sentences, pos):
            pairs.append((row.sentences[0], row.sentences[1], pos))
    return Antonyms(tuple(dict.fromkeys((*EVERYDAY.pairs, *pairs))))


def _is_everyday(pair: Sequence[str], pos: str) -> bool:
    """Whether the two exclude each other in plain sentences, as far as their form tells."""
    if _either_order(*pair) in _NONE or not all(word.isalpha() and word.islower() for word in pair):
        return False
    if pos == "n":
        return not any(map(_ABSTRACT.fullmatch, pair))
    return pos != "v" or all(word in words.VERBS or not _IRREGULAR.search(word) for word in pair)


def antonym(sentence: Sentence, rng: Random, antonyms: Antonyms = EVERYDAY) -> Candidates:
    """One word as its opposite: contradiction. "Is hot" and "is not cold": entailment."""
    if sentence.is_question or sentence.negations:
        return
    known = set(sentence.words)
    for at, word in enumerate(sentence.words):
        for pos, opposite in antonyms.by_word.get(word, ()):
            if opposite in known or not _fits(sentence, at, pos, opposite):
                continue
            yield sentence, sentence.with_words(opposite, at, at + 1), AGAINST
            if pos == "a" and sentence.word(at - 1) in words.BE and rng.random() < 0.5:
                yield sentence, sentence.with_words(f"not {opposite}", at, at + 1), FOLLOWS


def _fits(sentence: Sentence, at: int, pos: str, opposite: str) -> bool:
    """Whether a word stands where its part of speech does, and its opposite there would be about the same thing."""
    given, word = sentence.words, sentence.words[at]
    before, after = sentence.word(at - 1), sentence.word(at + 1)
    if pos == "v":
        if word in {"win", "won", "lose", "lost"} and after != "the":
            return False
        is_verb = (at == 1 and before in words.WHO) or (at == 2 and before in words.MODALS)
        return is_verb and (after not in _PARTICLES or word in {"forgot", "remembered"})
    if pos == "r":
        return at == len(given) - 1 > 1 and before not in _DEGREES | {"as", "the", "from", "my", "come"}
    if _OPEN & set(given):
        return False
    if pos == "n":
        if word in _GENDERED and {"he", "she", "his", "her", "him"} & set(given):
            return False
        return before in words.DETERMINERS and (not after or after in words.BE | _STOPS) and at < 4
    return _fits_adjective(sentence, at, opposite)


def _fits_adjective(sentence: Sentence, at: int, opposite: str) -> bool:
    """The same of an adjective: behind a verb where it ends the sentence, or before a noun."""
    given, word = sentence.words, sentence.words[at]
    before, after = sentence.word(at - 1), sentence.word(at + 1)
    if before in _LINKING or (before in _DEGREES and at > 1 and given[at - 2] in _LINKING):
        if after and after not in {"today", "now", "this", "here", "yesterday"}:
            return False
        is_person = given[0] in words.NAMES | words.PRONOUNS - {"it"} or given[1] in words.PERSONS
    else:
        if before not in words.DETERMINERS or not after.isalpha() or after in _STOPS | words.BE | words.HAVE:
            return False
        if word in {"late", "present", "right", "kind", "well"} or (word, opposite) == ("hard", "easy"):
            return False
        is_person = after in words.PERSONS
    return _either_order(word, opposite) not in (_OF_THINGS if is_person else _OF_PERSONS)
