"""The table function with what follows from what: three more columns, of the same pass of the encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bertsim.batch.table import Batch, Lost, TableScorer, Values, spread
from bertsim.engines.base import Progress
from bertsim.heads.config import LABELS
from bertsim.records import Float
from bertsim.text.unread import withheld


@dataclass(frozen=True)
class InferringScorer(TableScorer):
    """Scores tables whose `sentences` are two columns, and says what follows; needs a model with a head that infers."""

    _inferred: list[Float] = field(default_factory=list, repr=False, compare=False)

    @property
    def packs(self) -> bool:
        """See `TableScorer`: the head that infers does."""
        return True

    def __call__(self, batch: Batch, progress: Progress | None = None) -> Batch:
        """As `TableScorer`, with the columns `LABELS` behind its own, float32.

        They are null where a row has no score, and where `withheld` says why nobody can tell what follows.
        """
        scored = super().__call__(batch, progress)
        is_said = np.array([reason is None for reason in scored.column(self.columns.error).to_pylist()], bool)
        inference = self._inferred.pop()
        is_known = ~np.isnan(inference[:, 0])
        is_said[is_said] = is_known
        for name, column in zip(LABELS, inference[is_known].T, strict=True):
            scored = scored.append_column(name, spread(column, is_said))
        return scored

    def _values(self, rows: Sequence[tuple[str, ...]], unread: Lost, progress: Progress | None) -> Values:
        scores, inference = self.model.infer([(a, b) for a, b in rows], self.scorers, progress=progress, **self.options)
        inference[[bool(withheld(a, b)) for a, b in unread]] = np.nan
        self._inferred[:] = [inference]
        return scores
