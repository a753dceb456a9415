"""Many sentences -> those that say the same: `duplicates`, of one list or between two.

Source: `paraphrase_mining` of sentence-transformers, which keeps the nearest of every sentence alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real
from typing import Unpack

import numpy as np

from bertsim.engines.base import Progress, pass_of
from bertsim.errors import InputError
from bertsim.model.embedder import Options, ResolvedOptions, name_by_place
from bertsim.model.many import RankingModel, Side, check_widths, texts_or_vectors
from bertsim.model.passes import check_limit
from bertsim.model.scorers import APART
from bertsim.records import Duplicate, Duplicates, Float
from bertsim.score.duplicates import PlacedPairs, find_pairs, group

THRESHOLD = 0.9
"""Smallest cosine of duplicates where nobody says which, nor how many."""


class DuplicatesModel(RankingModel):
    """One encoder with its heads, ready to find duplicates. Attributes: those of `ScoringModel`."""

    def duplicates(
        self,
        sentences: Iterable[str] | Float,
        others: Iterable[str] | Float | None = None,
        *,
        threshold: float | None = None,
        top: int | None = None,
        progress: Progress | None = None,
        **options: Unpack[Options],
    ) -> Duplicates:
        """Find all pairs of sentences whose cosine is high, and the groups that they make.

        Every sentence is compared with every other one and no pair is missed: 100,000 of them, once they are encoded,
        within a minute or two on two cores and 1 GB. Equal texts are encoded once and score 1.

        Args:
            sentences: any iterable of texts, or what `embed` made of them by the same options, float [n, dim].
            others: the same; only pairs of one of `sentences` and one of these are looked for. None = pairs of
                `sentences` among themselves.
            threshold: smallest cosine, in [-1, 1]; None = 0.9, or where `top` is given, whatever the best have. What is
                high differs from encoder to encoder.
            top: how many pairs are kept, those counted that are withheld; None = all, if they are a million at most.
            progress: told after every batch, then after every block of pairs.

        Returns:
            `Duplicates`: of vectors it is not known what was not read of their texts, so that nothing is withheld.

        Raises: InputError, for a text, vectors, a threshold, `top` or an option that cannot be used, or too many pairs.
        Example: duplicates(["It rains.", "A dog barks.", "A dog is barking."]) -> pairs [(1, 2, .92)], groups [(1, 2)]
        """
        top = check_limit("top", top)
        smallest, resolved = _smallest(threshold, top), self.resolve(**options)
        given = {"sentences": sentences} | ({} if others is None else {"others": others})
        sides = [texts_or_vectors(side, name) for name, side in given.items()]
        if not all(map(len, sides)):
            return Duplicates([], [], [])
        passes = 2 if any(isinstance(side, list) for side in sides) else 1
        a, *rest = self._vectors(sides, resolved, pass_of(progress, 0, passes))
        for b in rest:
            check_widths(a, b)
        found = find_pairs(a, rest[0] if rest else None, smallest, top, pass_of(progress, passes - 1, passes))
        hidden = np.zeros(len(found.scores), bool)
        first, second = sides[0], sides[-1]
        if isinstance(first, list) and isinstance(second, list):
            hidden = self._is_withheld(first, second, found.first, found.second, resolved.max_length)
            for place in np.flatnonzero(hidden):  # equal texts are, whatever was read of them
                hidden[place] = first[found.first[place]] != second[found.second[place]]
        shown, withheld = found.where(~hidden), found.where(hidden)
        groups = [] if rest else group(shown.first, shown.second)
        return Duplicates(_records(shown), groups, _records(withheld))

    def _vectors(self, sides: list[Side], options: ResolvedOptions, progress: Progress | None) -> list[Float]:
        """Every side as vectors; the texts of both are encoded together."""
        a, b = [*(side if isinstance(side, list) else [] for side in sides), []][:2]
        names = name_by_place(a), name_by_place(b, "other sentence")
        rows = self._rows_across(a, b, options.max_length, names, 0, len(b), APART)
        reader = self._embedding(options)
        read = np.split(self._read([(rows, [reader])], progress)[reader], [len(a)]) if rows else ()
        return [read[number] if isinstance(side, list) else side for number, side in enumerate(sides)]


def _smallest(threshold: float | None, top: int | None) -> float:
    """The smallest cosine that is asked for. Raises InputError for a threshold that is none."""
    if threshold is None:
        return THRESHOLD if top is None else -1.0
    if isinstance(threshold, bool) or not isinstance(threshold, Real) or not -1 <= threshold <= 1:
        raise InputError(f"threshold is {threshold!r:.60}; a cosine, a number from -1 to 1, was expected.")
    return float(threshold)


def _records(pairs: PlacedPairs) -> list[Duplicate]:
    return list(map(Duplicate, pairs.first.tolist(), pairs.second.tolist(), pairs.scores.tolist()))
