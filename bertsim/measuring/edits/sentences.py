"""A line of text -> a plain sentence that the rules can take apart and put together again.

What comes in: one sentence a line, in any case. What goes out: the sentence as words, or None where no rule could be
sure of it: quoted, several sentences, brackets, fewer than four words or more than thirty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from bertsim.measuring.edits.words import NAMES, NEGATIVE, QUESTIONS

_SHORTEST, _LONGEST = 4, 30
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ',:$%-]*")
_BEFORE_VOWEL = re.compile(r"\b([Aa]) (?=[aeio](?!ne\b|nce\b)|un(?!i)|hour|honest)", re.IGNORECASE)
_BEFORE_CONSONANT = re.compile(r"\b([Aa])n (?=(?!hour|honest|honou?r|heir)[b-df-hj-np-tv-z][a-z]|uni|use|one\b)")


@dataclass(frozen=True)
class Sentence:
    """A sentence without its last mark, and that mark ("" if there was none)."""

    body: str
    end: str

    @cached_property
    def tokens(self) -> list[str]:
        """Its words as they stand, a comma at the end of the word before it."""
        return self.body.split(" ")

    @cached_property
    def words(self) -> list[str]:
        """The same in lower case."""
        return self.body.lower().split(" ")

    @property
    def text(self) -> str:
        """The whole sentence."""
        return self.body + self.end

    @cached_property
    def is_question(self) -> bool:
        """Whether it asks, with a question mark or without."""
        return self.end == "?" or self.words[0] in QUESTIONS

    @cached_property
    def negations(self) -> int:
        """How many of its words deny or limit something."""
        return sum(word.strip(",") in NEGATIVE or "n't" in word for word in self.words)

    def word(self, at: int) -> str:
        """One of `words`; "" before the first and behind the last."""
        return self.words[at] if 0 <= at < len(self.words) else ""

    def with_body(self, body: str) -> Sentence:
        """The same with other words: its first letter as large or small as it was, "a" and "an" as they must be."""
        body = " ".join(body.split())
        body = body[:1].upper() + body[1:] if self.body[0].isupper() else inside(body)
        return Sentence(_BEFORE_CONSONANT.sub(r"\1 ", _BEFORE_VOWEL.sub(r"\1n ", body)), self.end)

    def with_words(self, text: str, start: int, end: int) -> Sentence:
        """The same with a text for the words from `start` up to `end`."""
        return self.with_body(" ".join([*self.tokens[:start], text, *self.tokens[end:]]))

    def with_match(self, match: re.Match[str], text: str, group: int = 0) -> Sentence:
        """The same with a text for what an expression, or a group of it, found in its body."""
        return self.with_body(f"{self.body[: match.start(group)]}{text}{self.body[match.end(group) :]}")


# Labels of two sentences: of the second if the first is true, and of the first if the second is.
SAME = "entailment", "entailment"
AGAINST = "contradiction", "contradiction"
APART = "neutral", "neutral"
LESS = "entailment", "neutral"
FOLLOWS = ("entailment",)  # and the first may or may not follow from the second
Candidates = Iterator[tuple[Sentence, Sentence, tuple[str, ...]]]
"""Two sentences and their labels, as many as the rules of a kind find."""


def plain_sentence(line: str) -> Sentence | None:
    """A line as a sentence; None for what no rule could be sure of.

    Example: " The dog  barked loudly.. " -> Sentence("The dog barked loudly", ".")
    """
    text = " ".join(line.replace("’", "'").split())
    body = text.rstrip(".!? ")
    if not _PLAIN.fullmatch(body) or body.isupper() or not _SHORTEST <= body.count(" ") + 1 <= _LONGEST:
        return None
    return Sentence(body, text[len(body) :].strip()[:1])


def inside(body: str) -> str:
    """Words as they stand inside a sentence: names and "I" keep their large letter. Example: "The cat" -> "the cat"."""
    first = body.split(" ", 1)[0].split("'")[0]
    keeps = first.lower() in NAMES or first == "I" or not (first.istitle() or first == "A")
    return body if keeps else body[0].lower() + body[1:]
