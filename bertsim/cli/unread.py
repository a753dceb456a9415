"""What was not read of the sentences of a file, or of many: counted chunk by chunk, said once at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bertsim.cli.output import say
from bertsim.text.unread import listed

if TYPE_CHECKING:
    from bertsim.model.similarity import SimilarityModel
    from bertsim.records import TokenCounts

UNREAD = ("cut_sentences", "unknown_sentences", "unread_sentences")
"""Of how many sentences something was cut off, something is unknown to the vocabulary, nothing was read."""
_WORDS = 20


class Tally:
    """Counts of what a model did not read, with some of the words."""

    def __init__(self, model: SimilarityModel) -> None:
        self._model = model
        self._words: list[str] = []

    def count(self, sentences: Sequence[str]) -> list[TokenCounts]:
        """The tokens of every sentence; the unknown words of the first few are kept."""
        counts = self._model.count_tokens(sentences)
        for sentence, count in zip(sentences, counts, strict=True):
            if count.unknown and len(self._words) < _WORDS:
                self._words += self._model.unread([sentence])[0].unknown_words
        return counts

    def say(self, counts: Mapping[str, int]) -> None:
        """Say on stderr what the counts of all sentences, by `UNREAD`, are, where there is something to say."""
        cut, unknown, unread = (counts[name] for name in UNREAD)
        if cut:
            say(
                f"bertsim: {_sentences(cut, 'was', 'were')} cut off: only the first {self._model.max_length} tokens"
                " were read; --max-length sets how many."
            )
        if unknown:
            words = f", not read: {listed(self._words)}" if self._words else ""
            say(
                f"bertsim: {_sentences(unknown, 'has', 'have')} words that the vocabulary lacks{words}; the encoder"
                " takes all such words for the same."
            )
        if unread:
            say(f"bertsim: of {_sentences(unread)} nothing was read; no number that comes of it says anything.")


def summed(counts: Sequence[TokenCounts]) -> dict[str, int]:
    """Sentences by the names of `UNREAD`. Example: one of three unknown tokens and no other -> 0, 1, 1."""
    sums = (
        sum(each.cut > 0 for each in counts),
        sum(each.unknown > 0 for each in counts),
        sum(each.read == 0 for each in counts),
    )
    return dict(zip(UNREAD, sums, strict=True))


def _sentences(n: int, one: str = "", more: str = "") -> str:
    return f"1 sentence {one}".rstrip() if n == 1 else f"{n:,} sentences {more}".rstrip()
