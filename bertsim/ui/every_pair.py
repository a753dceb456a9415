"""Every pair of a list under the settings of the page, read once for all that is drawn of them.

In: what a visitor typed, settings, a scorer. Out: pictures, costs, and how far the reading is. What was read of the
latest lists of a process is kept, whoever typed them; threshold and groups are made of it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from weakref import ref

import numpy as np

from bertsim.errors import InputError
from bertsim.model.similarity import SimilarityModel
from bertsim.records import Cost, Float
from bertsim.ui.catalog import BUNDLED_OFFER
from bertsim.ui.controls import NO_HEAD, Choices
from bertsim.ui.lane import SlowLane
from bertsim.ui.pairs import Pairs, Settings
from bertsim.ui.pairwise import (
    Apart,
    find_groups,
    gives_logits,
    key_of,
    lost_together,
    read_apart,
    read_lines,
    read_together,
    unread_pairs,
)
from bertsim.ui.shelf import Shelf
from bertsim.views.every_pair import pairwise_view
from bertsim.views.markup import Html, counted
from bertsim.views.pairwise import APART, MOST_TOGETHER, Pairwise, reached


@dataclass(frozen=True)
class Asked:
    """What is asked for.

    Attributes:
        lines: the sentences, all different; `notes` and `faults`: what was left out, as `pairwise.Lines`.
        model, settings: what reads each alone.
        reader, scorer: what reads two together, and by which of its scorers.
    """

    lines: tuple[str, ...]
    notes: Sequence[str]
    faults: Sequence[str]
    model: SimilarityModel
    settings: Settings
    reader: SimilarityModel
    scorer: str

    @property
    def is_enough(self) -> bool:
        """Whether there is a pair."""
        return len(self.lines) > 1

    @property
    def length(self) -> int:
        """Tokens that are read of a pair."""
        return self.settings.max_length if self.reader is self.model else self.reader.max_length


class EveryPair:
    """What reads and draws lists, for every visitor of a page. Args: as of `Mode`."""

    def __init__(self, shelf: Shelf, lane: SlowLane) -> None:
        self.shelf, self.lane, self._kept = shelf, lane, Pairs()

    def ask(self, typed: str, settings: Settings, scorer: str) -> Asked:
        """Read what was typed; where its encoder reads no two together, the bundled one does.

        Raises:
            InputError: neither does.
        """
        model = reader = self.shelf.get(settings.encoder)
        lines = read_lines(typed, model, settings.max_length)
        if scorer not in model.scorers_of("packed"):
            reader = self.shelf.get(BUNDLED_OFFER.name)
            scorer = Choices.of(reader).defaults["scorer"]
        if scorer == NO_HEAD:
            raise InputError(f"neither {model.name} nor {reader.name} reads two sentences together.")
        return Asked(*lines, model, settings, reader, scorer)

    def draw(self, asked: Asked, by: str, threshold: float, chosen: int | None) -> Html:
        """The picture; `by` and `threshold` as in `Pairwise`, `chosen`: the point that is pressed."""
        apart, together = self._apart(asked), self._together(asked)
        silent, notes = lost_together(asked.reader, asked.length, asked.lines, together)
        scores, silent = (apart.cosines, apart.silent) if by == APART else (together, apart.silent | silent)
        groups = find_groups(scores, threshold, silent)
        if unsaid := int((reached(scores, threshold) & silent).sum()):
            why = "Left out of the groups, for what was not read of the two differs"
            notes = [*notes, f"{why}: {counted(unsaid, 'pair')} at the threshold or above."]
        packed = f"sigmoid of {asked.scorer}" if gives_logits(asked.reader, asked.scorer) else asked.scorer
        readers = f"cosine, {asked.model.name}", f"{packed}, {asked.reader.name}"
        found = Pairwise(asked.lines, apart.cosines, together, apart.order.tolist(), groups, by, threshold, readers)
        chosen = chosen if chosen is not None and chosen < len(asked.lines) else None
        return pairwise_view(found, apart.places, apart.shares.tolist(), chosen, [*apart.notes, *notes])

    def cost(self, asked: Asked) -> tuple[Cost, Cost]:
        """What it takes to read each alone, and all together both ways."""
        count = len(asked.lines)
        short = self._cost(asked.model, "cosine", asked.lines, **asked.settings.options(asked.model))
        packed = self._cost(asked.reader, asked.scorer, asked.lines, max_length=asked.length)
        passes = 2 * min(count * (count - 1) // 2, MOST_TOGETHER)
        return short, Cost(passes, packed.seconds * passes / count**2)

    def unread(self, asked: Asked) -> list[tuple[int, int]]:
        """The pairs that are still to be read together."""
        return [] if not asked.is_enough else unread_pairs(self._apart(asked), self._together(asked))

    def count_read(self, asked: Asked) -> int:
        """How many pairs were read together."""
        return int(np.isfinite(self._together(asked)).sum()) // 2

    def read(self, asked: Asked, stop: Callable[[], None]) -> Iterator[tuple[int, int]]:
        """Read these; yields and raises as `read_together`."""
        together = self._together(asked)
        yield from read_together(
            asked.reader, asked.scorer, asked.length, asked.lines, self.unread(asked), together, self.lane, stop
        )

    def _apart(self, asked: Asked) -> Apart:
        def compute() -> Apart:
            with self.lane.enter(asked.lines):
                return read_apart(asked.model, asked.settings, asked.lines)

        return self._kept.kept((ref(asked.model), asked.settings, key_of(asked.lines)), compute)

    def _together(self, asked: Asked) -> Float:
        """What was read together, float32 [n, n], NaN where nothing was; who reads more writes it in here."""
        key, size = (ref(asked.reader), asked.scorer, asked.length, key_of(asked.lines)), len(asked.lines)
        return self._kept.kept(key, partial(np.full, (size, size), np.nan, np.float32))

    def _cost(self, model: SimilarityModel, scorer: str, lines: Sequence[str], **options: Any) -> Cost:
        key = ref(model), "cost", scorer, repr(options), key_of(lines)
        return self._kept.kept(key, partial(model.cost, lines, scorer=scorer, **options))
