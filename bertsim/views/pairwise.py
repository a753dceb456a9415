"""All of many sentences with each other: their scores by both ways of reading, as a record, a table, CSV and JSON.

In: a `Pairwise`, made elsewhere. Out: plain text and lists. Above the diagonal stands what two vectors say, below it
what is said of the pair read together; groups have a sign and a number beside their colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertsim.records import Float
from bertsim.views.markup import number, shorten
from bertsim.views.matrix import HUES, SOFT

MAX_DRAWN = 50
"""Sentences in a drawn matrix; of more the nearest pairs are listed."""
MOST_TOGETHER = MAX_DRAWN * (MAX_DRAWN - 1) // 2
"""Pairs that are read together, the nearest: all of as many sentences as are drawn."""
APART, TOGETHER = "two vectors", "cross-encoder"
NEAREST, LISTED = 10, 100
"""Pairs that are listed beside a matrix, and without one."""
_LETTERS = 26  # of a sentence in the table of numbers
_SIGNS, _COLOURS = "●■▲◆▼★", (HUES["a"], HUES["b"], "var(--bs-up,#0f6b5f)", "var(--bs-down,#8a2f6e)")


@dataclass(frozen=True)
class Pairwise:
    """Sentences, each with each.

    Attributes:
        lines: the sentences, all different.
        apart, together: float32 [n, n], symmetric: by two vectors, and by what reads two together, the mean of both
            orders; NaN where it was not read.
        order: their places as they are drawn.
        groups: places of those that are connected, larger groups first.
        by, threshold: `APART` or `TOGETHER`, and the score from which on two are connected.
        readers: what made `apart`, and what `together`.
    """

    lines: Sequence[str]
    apart: Float
    together: Float
    order: Sequence[int]
    groups: Sequence[Sequence[int]]
    by: str
    threshold: float
    readers: tuple[str, str]

    @property
    def group_of(self) -> Mapping[int, int]:
        """By place the number of its group, from 0."""
        return {place: group for group, members in enumerate(self.groups) for place in members}

    def drawn(self) -> Float:
        """What stands in the matrix, float32 [n, n]; NaN in the diagonal, and where nothing was read."""
        where = np.ix_(self.order, self.order)
        values = np.where(np.tri(len(self.order), dtype=bool), self.together[where], self.apart[where])
        np.fill_diagonal(values, np.nan)
        return values

    def nearest(self, most: int) -> list[tuple[int, int]]:
        """The nearest pairs of places by what the groups go by; those that were not read come last."""
        first, second = np.triu_indices(len(self.lines), 1)
        apart, together = self.apart[first, second], self.together[first, second]
        keys = (-apart,) if self.by == APART else (-apart, -np.nan_to_num(together, nan=-np.inf))
        chosen = np.lexsort(keys)[:most]
        return list(zip(first[chosen].tolist(), second[chosen].tolist(), strict=True))

    def unread(self) -> tuple[int, int]:
        """How many pairs are still to be read together, and how many more never are, for others are nearer."""
        left = int(np.isnan(self.together[read_pairs(self.apart)]).sum())
        return left, int(np.isnan(self.together[np.triu_indices(len(self.lines), 1)]).sum()) - left

    def dispute(self) -> tuple[int, int] | None:
        """The pair at or above the threshold by vectors that falls most places when it is read together, if one does.

        Example: second of 66 pairs by vectors, twelfth when read together
        """
        first, second = np.triu_indices(len(self.lines), 1)
        apart, together = self.apart[first, second], self.together[first, second]
        known = np.flatnonzero(~np.isnan(together))
        if len(known) < 3:
            return None
        falls = (-together[known]).argsort().argsort() - (-apart[known]).argsort().argsort()
        falls[apart[known] < self.threshold] = 0
        most = int(falls.argmax())
        pair = int(first[known[most]]), int(second[known[most]])
        return pair if falls[most] >= max(2, len(known) // 10) else None


def read_pairs(apart: Float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The pairs of places that are read together, nearest first by vectors: the lower ones, and the higher ones."""
    first, second = np.triu_indices(len(apart), 1)
    nearest = np.argsort(-apart[first, second], kind="stable")[:MOST_TOGETHER]
    return first[nearest], second[nearest]


def reached(scores: Float, threshold: float) -> NDArray[np.bool_]:
    """Which pairs of places have a score, [n, n], at or above a threshold as it is written: bool [n, n], each once."""
    return np.triu(np.nan_to_num(scores, nan=-np.inf) >= threshold - 5e-4, 1)


def sign_of(group: int | None) -> tuple[str, str]:
    """The sign of a group with its number, and its colour; a ring for what is in none. Example: 1 -> "■2"."""
    if group is None:
        return "○", SOFT
    return f"{_SIGNS[group % len(_SIGNS)]}{group + 1}", _COLOURS[group % len(_COLOURS)]


def csv_rows(found: Pairwise) -> list[list[object]]:
    """The matrix as it is drawn, a row a sentence; of more than `MAX_DRAWN` the listed pairs; columns' names first."""
    lines, group = found.lines, found.group_of
    if len(lines) > MAX_DRAWN:
        pairs = found.nearest(LISTED)
        rows: list[list[object]] = [["sentence", "other sentence", *found.readers]]
        for pair in pairs:
            scores = (_rounded(float(values[pair])) for values in (found.apart, found.together))
            rows.append([*(lines[place] for place in pair), *scores])
        return rows
    rows = [["sentence", "group", *(lines[place] for place in found.order)]]
    for one, values in zip(found.order, found.drawn().tolist(), strict=True):
        rows.append([lines[one], group.get(one, -1) + 1 or None, *map(_rounded, values)])
    return rows


def _rounded(value: float) -> float | None:
    return round(value, 4) if value == value else None


def as_data(found: Pairwise) -> dict[str, Any]:
    """What the JSON file has: sentences, scores where they are known, groups by places from 0."""

    def known(values: Float) -> list[list[float | None]]:
        rounded = np.round(values.astype(float), 4).tolist()
        return [[value if value == value else None for value in row] for row in rounded]

    own: dict[str, Any] = {
        "lines": list(found.lines),
        "readers": dict(zip((APART, TOGETHER), found.readers, strict=True)),
    }
    if len(found.lines) <= MAX_DRAWN:
        own |= {APART: known(found.apart), TOGETHER: known(found.together), "order": list(map(int, found.order))}
    else:
        pairs = found.nearest(LISTED)
        own["pairs"] = [[*pair, *known(np.array([[found.apart[pair], found.together[pair]]]))[0]] for pair in pairs]
    return own | {"groups by": found.by, "threshold": found.threshold, "groups": [list(each) for each in found.groups]}


def number_rows(found: Pairwise) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the numbers: the matrix as it is drawn, or the listed pairs."""
    if len(found.lines) > MAX_DRAWN:
        pairs = found.nearest(LISTED)
        rows = [
            [f"{place + 1} {shorten(found.lines[place], _LETTERS)}" for place in (one, other)]
            + [said(float(values[one, other])) for values in (found.apart, found.together)]
            for one, other in pairs
        ]
        return ["sentence", "other sentence", APART, TOGETHER], rows
    rows = []
    for one, values in zip(found.order, found.drawn().tolist(), strict=True):
        shown = [number(value) if value == value else "" for value in values]
        rows.append([f"{one + 1} {shorten(found.lines[one], _LETTERS)}", *shown])
    return ["", *(str(place + 1) for place in found.order)], rows


def said(value: float) -> str:
    """A score, or that there is none."""
    return number(value) if value == value else "not read yet"
