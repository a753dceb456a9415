"""How well scores agree with people: Pearson, Spearman, and how sure one can be of them.

What comes in: scores and labels of the same pairs. What goes out: a frozen `Evaluation`. numpy, and scipy.stats for
the two figures themselves; no model, no files.

Source: the percentile bootstrap, Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13. A resample
is held as how often each pair was drawn; ranks of a resample follow from these counts along one sorted order, so
1,000 resamples cost 1,000 passes and no sort.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bertsim.errors import InputError

RESAMPLES = 1000
SEED = 0
CONFIDENCE = 0.95
MIN_ROWS = 3
_CELLS = 4_000_000  # of the resamples computed at a time: 32 MB an array

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A correlation and its 95 % bootstrap interval, each in [-1, 1]."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Evaluation:
    """Agreement of one scorer with the labels of `n` pairs."""

    n: int
    pearson: Estimate
    spearman: Estimate


def evaluate(
    scores: ArrayLike, labels: ArrayLike, resamples: int = RESAMPLES, seed: int = SEED
) -> Evaluation:
    """Correlate scores with labels.

    Args:
        scores: float [n]; higher = more similar.
        labels: float [n], on any scale; higher = more similar.
        resamples: how many bootstrap resamples, at least 1.
        seed: of their random numbers; the same seed gives the same interval.

    Raises:
        InputError: fewer than 3 pairs, lengths that differ, numbers that are not finite, all scores or all
            labels alike, no resample.

    Example: scores [.1, .4, .9], labels [0, 2, 5] -> Spearman 1, Pearson 0.9999
    """
    from scipy.stats import pearsonr, spearmanr

    x, y = np.asarray(scores, np.float64), np.asarray(labels, np.float64)
    _check(x, y, resamples)
    pearson, spearman = bootstrap(x, y, resamples, seed)
    return Evaluation(
        len(x),
        Estimate(float(pearsonr(x, y).statistic), *_interval(pearson)),
        Estimate(float(spearmanr(x, y).statistic), *_interval(spearman)),
    )


def mean_label_by_range(
    scores: ArrayLike, labels: ArrayLike, edges: Sequence[float]
) -> list[tuple[float, int, float]]:
    """What people said, on average, of pairs whose score falls into each range.

    Args:
        scores: float [n].
        labels: float [n].
        edges: lower ends of the ranges, rising; a range ends where the next begins, the last has no end.

    Returns:
        lower end, number of pairs and mean label of each range that has a pair.

    Raises:
        InputError: the edges do not rise, or are no numbers.

    Example: scores [.1, .3, .9], labels [0, 2, 5], edges [0, .5] -> [(0, 2, 1.), (.5, 1, 5.)]
    """
    check_edges(edges)
    where = np.searchsorted(np.asarray(edges), np.asarray(scores), side="right") - 1
    found = [(low, np.asarray(labels)[where == index]) for index, low in enumerate(edges)]
    return [(low, len(inside), float(inside.mean())) for low, inside in found if len(inside)]


def check_edges(edges: Sequence[float]) -> None:
    """Raise InputError where the lower ends of ranges do not rise, or are no numbers."""
    if np.isnan(edges).any() or any(low >= high for low, high in pairwise(edges)):
        raise InputError(f"the ranges begin at {list(edges)}; rising numbers were expected.")


def bootstrap(x: Numbers, y: Numbers, resamples: int, seed: int) -> tuple[Numbers, Numbers]:
    """Pearson and Spearman of resampled pairs.

    Args:
        x: float64 [n].
        y: float64 [n].
        resamples: how many.
        seed: of the random numbers.

    Returns:
        two float64 [resamples]; NaN for a resample in which x or y does not vary.
    """
    ranks_x, ranks_y = _Ranks.of(x), _Ranks.of(y)
    both = [
        (
            weighted_pearson(x, y, counts),
            weighted_pearson(ranks_x.ranks(counts), ranks_y.ranks(counts), counts),
        )
        for counts in _draws(len(x), resamples, seed)
    ]
    pearson, spearman = zip(*both, strict=True)
    return np.concatenate(pearson), np.concatenate(spearman)


def weighted_pearson(x: Numbers, y: Numbers, weights: Numbers) -> Numbers:
    """Pearson's r of items that count several times.

    Args:
        x: float64 [n] or [resamples, n].
        y: likewise.
        weights: float64 [resamples, n]; how often each item counts.

    Returns:
        float64 [resamples]; NaN where x or y does not vary.

    Example: x [1, 2, 9], y [2, 4, 0], weights [[3, 1, 0]] -> [1.]
    """
    total = weights.sum(axis=1, keepdims=True)
    dx = x - (weights * x).sum(axis=1, keepdims=True) / total
    dy = y - (weights * y).sum(axis=1, keepdims=True) / total
    wx = weights * dx
    spread = np.sqrt((wx * dx).sum(axis=1) * (weights * dy * dy).sum(axis=1))
    varies = spread > 1e-12 * total[:, 0]
    return np.where(varies, np.clip((wx * dy).sum(axis=1) / np.where(varies, spread, 1.0), -1.0, 1.0), np.nan)


@dataclass(frozen=True)
class _Ranks:
    """Items sorted once, to rank any resample of them.

    Attributes:
        order: [n], what sorts the items.
        starts: [distinct], where each distinct value starts in that order.
        group: [n], which distinct value, counted upwards, each item has.
    """

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    group: NDArray[np.intp]

    @classmethod
    def of(cls, x: Numbers) -> _Ranks:
        _, group, counts = np.unique(x, return_inverse=True, return_counts=True)
        return cls(np.argsort(x, kind="stable"), np.cumsum(counts) - counts, group)

    def ranks(self, weights: Numbers) -> Numbers:
        """Mean rank of every item where each counts `weights` times.

        Args:
            weights: float64 [resamples, n].

        Returns:
            float64 [resamples, n]; equal items share the mean of their ranks.

        Example: items [5, 7, 5], weights [[1, 1, 1]] -> [[1.5, 3., 1.5]]
        """
        sizes = np.add.reduceat(weights[:, self.order], self.starts, axis=1)
        return (np.cumsum(sizes, axis=1) - (sizes - 1) / 2)[:, self.group]


def _draws(n: int, resamples: int, seed: int) -> Iterator[Numbers]:
    """How often each of n items is drawn, float64 [some, n], until all resamples are done."""
    random = np.random.default_rng(seed)
    at_once = max(1, _CELLS // n)
    for start in range(0, resamples, at_once):
        rows = min(at_once, resamples - start)
        drawn = random.integers(n, size=(rows, n)) + n * np.arange(rows)[:, None]
        yield np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)


def _interval(values: Numbers) -> tuple[float, float]:
    """The middle 95 % of resampled values, those left out that do not exist; NaN if none does."""
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def _check(scores: Numbers, labels: Numbers, resamples: int) -> None:
    if scores.shape != labels.shape or scores.ndim != 1:
        raise InputError(
            f"scores are {scores.shape} and labels {labels.shape}; two rows of one length were expected."
        )
    if len(scores) < MIN_ROWS:
        raise InputError(f"there are {len(scores)} labelled pairs; a correlation needs at least {MIN_ROWS}.")
    for name, values in (("score", scores), ("label", labels)):
        if not np.isfinite(values).all():
            raise InputError(f"a {name} is not a finite number; every one must be.")
        if np.ptp(values) <= 1e-12 * np.abs(values).max():
            raise InputError(f"every {name} is {values[0]:g}; a correlation needs {name}s that differ.")
    if resamples < 1:
        raise InputError(f"resamples is {resamples}; at least 1 was expected.")
