"""A pair -> what the two sentences are to each other, and how each way of reading them went; what was asked before.

In: a `Pair`, and the shelf, for where its own encoder has no heads for a verdict the bundled one reads it. Out: records
for the views.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from bertsim.errors import BertsimError
from bertsim.score.verdict import Verdict
from bertsim.score.words import Words
from bertsim.ui.catalog import BUNDLED_OFFER
from bertsim.ui.controls import NO_HEAD, Choices
from bertsim.ui.pairs import Pair, Settings
from bertsim.ui.shelf import Shelf
from bertsim.views.ruler import Way

KEPT_PAIRS, KEPT_CHARACTERS = 12, 4_000
"""Previous pairs of a visitor, and characters of one that is remembered."""
TYPED_ON = 4000.0
"""Milliseconds within which a pair that takes up one of the sentences before is that pair, typed on."""
Past = tuple[str, str, float, float, Settings]
"""A previous pair, its cosine, when it was asked for, in the browser's milliseconds, and under what settings."""


class Judged(NamedTuple):
    """How a pair was read.

    Attributes:
        verdict: None where nobody can say.
        words: of the encoder that says so.
        ways: two vectors, and a cross-encoder where there is one.
    """

    verdict: Verdict | None
    words: Words | None
    ways: list[Way]


def judge(pair: Pair, shelf: Shelf, *, waits: bool) -> Judged:
    """Read a pair in each way; `waits`: for rulers that are not known yet."""
    reader = _reader(pair, shelf)
    both = [each for each in (pair, reader) if each]
    together = [(each, scorer) for each in both if (scorer := Choices.of(each.model).defaults["scorer"]) != NO_HEAD]
    ways = [each.way(scorer, waits=waits) for each, scorer in ((pair, "cosine"), *together[:1])]
    verdict = reader.model.verdict(reader.comparison, pair.comparison) if reader else None
    return Judged(verdict, reader.model.words if reader else None, ways)


def _reader(pair: Pair, shelf: Shelf) -> Pair | None:
    """The pair as the encoder compared it whose verdict is shown; None where the bundled one cannot be had."""
    if pair.model.verdict_rule:
        return pair
    with suppress(BertsimError):
        model = shelf.get(BUNDLED_OFFER.name)
        own = Settings.of({**Choices.of(model).defaults, "encoder": model.name})
        return pair.pairs.compare(model, own, pair.comparison.sentence_a, pair.comparison.sentence_b)
    return None


def remember(past: Sequence[Past], a: str, b: str, cosine: float, turn: float | None, settings: Settings) -> list[Past]:
    """Previous pairs with this one last; one that is merely typed on takes the place of what it was a moment ago.

    One of more than `KEPT_CHARACTERS` is none of them: a thousand visitors' would fill the memory.

    Example: ("The c", "A dog.") at 900, then ("The cat", "A dog.") at 1500 -> the latter alone
    """
    if len(a) + len(b) > KEPT_CHARACTERS:
        return [*past]
    kept, now = [each for each in past if each[:2] != (a, b)], turn or 0.0
    if kept and len(kept) == len(past):
        last_a, last_b, _, before, _ = kept[-1]
        if (a == last_a or b == last_b) and 0 < now - before < TYPED_ON:
            kept.pop()
    return [*kept, (a, b, cosine, now, settings)][-KEPT_PAIRS:]


def recalled(past: Sequence[Past], now: Settings) -> list[tuple[str, str, float, str]]:
    """Previous pairs as they are shown: with what made their cosine, "" where that is what is set now."""

    def maker(settings: Settings) -> str:
        return "other settings" if settings.encoder == now.encoder else settings.encoder

    return [(a, b, cosine, "" if own == now else f"by {maker(own)}") for a, b, cosine, _, own in past]
