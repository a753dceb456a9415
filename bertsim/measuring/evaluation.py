"""How well scores agree with people: Pearson, Spearman, and how sure one can be of them.

What comes in: scores and labels of the same pairs. What goes out: a frozen `Evaluation`. numpy and scipy.stats; no
model, no files.

Source: the percentile bootstrap, Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    """A correlation and its 95 % bootstrap interval, each in [-1, 1]; NaN where no resample has one."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Evaluation:
    """Agreement of one scorer with the labels of `n` pairs."""

    n: int
    pearson: Estimate
    spearman: Estimate


def evaluate(scores: ArrayLike, labels: ArrayLike, resamples: int = RESAMPLES, seed: int = SEED) -> Evaluation:
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


def mean_label_by_range(scores: ArrayLike, labels: ArrayLike, edges: Sequence[float]) -> list[tuple[float, int, float]]:
    """What people said, on average, of pairs whose score falls into each range.

    Args:
        scores, labels: float [n].
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


def bootstrap(x: Numbers, y: Numbers, resamples: int, seed: int) -> Numbers:
    """Pearson's r and Spearman's rho of pairs drawn anew, with replacement, so many times.

    Args:
        x, y: float64 [n].
        resamples: how often.
        seed: of the random numbers.

    Returns:
        float64 [2, resamples]; NaN for a resample in which x or y does not vary.
    """
    from scipy.stats import rankdata

    random, n = np.random.default_rng(seed), len(x)
    rows = max(1, _CELLS // n)
    found = []
    for start in range(0, resamples, rows):
        drawn = random.integers(n, size=(min(rows, resamples - start), n))
        xs, ys = x[drawn], y[drawn]
        found.append([_pearson(xs, ys), _pearson(rankdata(xs, axis=1), rankdata(ys, axis=1))])
    return np.concatenate(found, axis=1)


def _pearson(x: Numbers, y: Numbers) -> Numbers:
    """Pearson's r of every row, float64 [rows, n] -> [rows]; NaN where x or y does not vary."""
    dx, dy = (each - each.mean(axis=1, keepdims=True) for each in (x, y))
    spread = np.sqrt((dx * dx).sum(axis=1) * (dy * dy).sum(axis=1))
    varies = spread > 1e-12 * x.shape[1]
    return np.where(varies, np.clip((dx * dy).sum(axis=1) / np.where(varies, spread, 1.0), -1.0, 1.0), np.nan)


def _interval(values: Numbers) -> tuple[float, float]:
    """The middle 95 % of resampled values, those left out that do not exist; NaN if none does."""
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def _check(scores: Numbers, labels: Numbers, resamples: int) -> None:
    if scores.shape != labels.shape or scores.ndim != 1:
        raise InputError(f"scores are {scores.shape} and labels {labels.shape}; two rows of one length were expected.")
    if len(scores) < MIN_ROWS:
        raise InputError(f"there are {len(scores)} labelled pairs; a correlation needs at least {MIN_ROWS}.")
    for name, values in (("score", scores), ("label", labels)):
        if not np.isfinite(values).all():
            raise InputError(f"a {name} is not a finite number; every one must be.")
        if np.ptp(values) <= 1e-12 * np.abs(values).max():
            raise InputError(f"every {name} is {values[0]:g}; a correlation needs {name}s that differ.")
    if resamples < 1:
        raise InputError(f"resamples is {resamples}; at least 1 was expected.")
