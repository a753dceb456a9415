"""What a similarity model is known to miss, as pairs to try it on: plain negation and word order. No model.

Held-out pairs are chosen by a checksum of their first sentence, so that training can leave out the very same ones.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

_PHRASE = r"(?:the|an?|my|your|his|her|our|their|every) [a-z]+(?:-[a-z]+)?"
# What tells a verb from the rest of a longer phrase without a tagger: its ending, or that it is one of these.
_VERB = (
    r"(?:[a-z]+(?:ed|[^s]s)|ate|beat|bit|bought|broke|brought|built|caught|drew|drove|fed|felt|fell|forgot|found|fought|"
    r"gave|got|held|hid|hit|hurt|kept|knew|laid|led|left|lost|made|paid|ran|read|rode|sang|sat|saw|sold|sent|shook|shot|"
    r"spent|stole|stood|struck|swept|taught|told|took|threw|tore|went|woke|won|wore|wrote)"
)
# A phrase, a verb, perhaps one word to hold on by, and a phrase that ends the sentence.
_TWO_PHRASES = re.compile(rf"({_PHRASE}) ({_VERB}(?: [a-z]+)?) ({_PHRASE})([.!])", re.IGNORECASE)
# Words between the phrases that make the sentence mean much the same either way round, or not a sentence.
_EITHER_WAY = re.compile(
    r"\b(?:and|or|nor|with|without|like|than|as|is|was|has|had|seems|seemed|looked|looks|becomes|remained|remains|"
    r"lasted|means|meets|resembles|resembled|marries|married|near|beside|by|that|who|of)\b"
)
_NOUN = re.compile(r"\b(?:the|an?|my|your|his|her|our|their) ([a-z]+)\b", re.IGNORECASE)

EXAMPLES = (
    ("paraphrase", "A man is playing a guitar.", "Someone plays the guitar."),
    ("paraphrase without shared words", "The physician cured her quickly.", "A doctor soon made the girl well."),
    ("negation", "The film is good.", "The film is not good."),
    ("negation by a word", "Everybody likes the new teacher.", "Nobody likes the new teacher."),
    ("swapped roles", "The dog bites the man.", "The man bites the dog."),
    (
        "swapped roles, longer",
        "The teacher thanked the girl for the book.",
        "The girl thanked the teacher for the book.",
    ),
    ("a number", "Three people died in the fire.", "Eight people died in the fire."),
    ("one word", "A woman is slicing an onion.", "A woman is slicing a tomato."),
    ("a word of two senses", "She sat on the bank of the river.", "She put her money in the bank."),
    ("off topic", "The stock market fell sharply today.", "A kitten sleeps on the sofa."),
)
"""Ten pairs, each with what it tries: they stand in model cards with whatever the model says of them."""
LEFT_OUT = ("dot", "euclidean", "manhattan")
"""Scorers that a table of them leaves out: further measures of the vectors that the cosine compares."""


def is_held_out(sentence: str) -> bool:
    """Whether a sentence is of the tenth that nothing is trained on, whatever it stands in."""
    return checksum(sentence) % 10 == 0


def swap_roles(sentence: str) -> str | None:
    """Swap the two noun phrases of a simple sentence; None where it has another form, or means the same swapped.

    Example: "The dog bites the man." -> "The man bites the dog."
    """
    found = _TWO_PHRASES.fullmatch(sentence.strip())
    if found is None or _EITHER_WAY.search(found[2].lower()) or found[1].lower() == found[3].lower():
        return None
    first, between, second, end = found.groups()
    return f"{second[0].upper()}{second[1:]} {between} {first[0].lower()}{first[1:]}{end}"


def swap_nouns(sentence: str) -> str | None:
    """Swap the words behind the first two determiners of any sentence, nonsense or not; None where there are not two.

    Example: "A man rides his horse home." -> "A horse rides his man home."
    """
    nouns = [match.span(1) for match in _NOUN.finditer(sentence)][:2]
    if len({sentence[start:end].lower() for start, end in nouns}) < 2:
        return None
    (a, b), (c, d) = nouns
    return sentence[:a] + sentence[c:d] + sentence[b:c] + sentence[a:b] + sentence[d:]


def order_trials(sentences: Iterable[str], most: int) -> list[tuple[str, str]]:
    """Distinct sentences whose roles can be swapped, and they swapped; of more than `most` the first by checksum."""
    swaps = [(text, swapped) for text in map(str.strip, sentences) if (swapped := swap_roles(text))]
    found = {text.lower(): (text, swapped) for text, swapped in reversed(swaps)}
    return first_by_checksum(found.values(), most)


def first_by_checksum(pairs: Iterable[tuple[str, str]], most: int) -> list[tuple[str, str]]:
    """So many pairs, chosen by a checksum of their first sentence: not by where in a file they stand."""
    return sorted(pairs, key=lambda pair: checksum(pair[0]))[:most]


def checksum(sentence: str) -> int:
    """A number that chooses sentences, the same everywhere."""
    return zlib.crc32(sentence.encode("utf-8", "surrogatepass"))


def negation_trials(rows: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Of premises, hypotheses and labels: premises, each with a contradiction and its first entailment.

    The contradiction is the one that repeats most of the premise's words; it must repeat more than half of its own.
    """
    by_premise: dict[str, dict[str, list[str]]] = {}
    for premise, hypothesis, label in rows:
        by_premise.setdefault(premise, {}).setdefault(label, []).append(hypothesis)
    trials = []
    for premise, hypotheses in by_premise.items():
        nearest = max(hypotheses.get("contradiction", [""]), key=partial(shared_words, premise))
        if "entailment" in hypotheses and shared_words(premise, nearest) > 0.5:
            trials.append((premise, nearest, hypotheses["entailment"][0]))
    return trials


def shared_words(premise: str, hypothesis: str) -> float:
    """Share of the hypothesis' words that are in the premise too, in [0, 1].

    Example: "a man is outside", "the man is inside" -> 0.5
    """
    known, words = (re.findall(r"\w+", text.lower()) for text in (premise, hypothesis))
    return sum(word in known for word in words) / len(words) if words else 0.0


def share_ranked_below(lower: ArrayLike, higher: ArrayLike) -> float:
    """Share of trials in which the first score is below the second, ties counting half.

    Example: [0.2, 0.9], [0.5, 0.9] -> 0.75
    """
    below, level = np.less(lower, higher), np.equal(lower, higher)
    return float(np.mean(below + level / 2))
