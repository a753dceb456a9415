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

    Raises: InputError, as `checked`, or for labels all alike, or no resample.
    Example: scores [.1, .4, .9], labels [0, 2, 5] -> Spearman 1, Pearson 0.9999
    """
    from scipy.stats import pearsonr, spearmanr

    x, y = checked(scores, labels, "a correlation", MIN_ROWS)
    if np.ptp(y) <= 1e-12 * np.abs(y).max():
        raise InputError(f"every label is {y[0]:g}; a correlation needs labels that differ.")
    if resamples < 1:
        raise InputError(f"resamples is {resamples}; at least 1 was expected.")
    values = (float(measure(x, y).statistic) for measure in (pearsonr, spearmanr))
    drawn = bootstrap(x, y, resamples, seed)
    pearson, spearman = (Estimate(value, *_interval(each)) for value, each in zip(values, drawn, strict=True))
    return Evaluation(len(x), pearson, spearman)


def checked(scores: ArrayLike, labels: ArrayLike, purpose: str, at_least: int) -> tuple[Numbers, Numbers]:
    """Scores and labels as float64 [n] each; `purpose`: what needs `at_least` so many of them.

    Raises: InputError, for lengths that differ, too few pairs, numbers that are not finite, or scores all alike.
    """
    x, y = paired(scores, labels)
    if len(x) < at_least:
        raise InputError(f"there are {len(x)} labelled pairs; {purpose} needs at least {at_least}.")
    for name, values in (("score", x), ("label", y)):
        if not np.isfinite(values).all():
            raise InputError(f"a {name} is not a finite number; every one must be.")
    if np.ptp(x) <= 1e-12 * np.abs(x).max():
        raise InputError(f"every score is {x[0]:g}; {purpose} needs scores that differ.")
    return x, y


def paired(scores: ArrayLike, labels: ArrayLike) -> tuple[Numbers, Numbers]:
    """Both as float64 [n]. Raises: InputError, for lengths that differ."""
    x, y = np.asarray(scores, np.float64), np.asarray(labels, np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise InputError(f"scores are {x.shape} and labels {y.shape}; two rows of one length were expected.")
    return x, y


def mean_label_by_range(scores: ArrayLike, labels: ArrayLike, edges: Sequence[float]) -> list[tuple[float, int, float]]:
    """Of each range of scores that has a pair: its lower end, how many pairs, and what people said on average of them.

    Args:
        scores, labels: float [n].
        edges: lower ends of the ranges, rising; a range ends where the next begins, the last has no end.

    Raises: InputError, if the edges do not rise, or are no numbers.
    Example: scores [.1, .3, .9], labels [0, 2, 5], edges [0, .5] -> [(0, 2, 1.), (.5, 1, 5.)]
    """
    check_edges(edges)
    where = np.searchsorted(np.asarray(edges), np.asarray(scores), side="right") - 1
    found = [(low, np.asarray(labels)[where == index]) for index, low in enumerate(edges)]
    return [(low, len(inside), float(inside.mean())) for low, inside in found if len(inside)]


def check_edges(edges: Sequence[float]) -> None:
    """Check the lower ends of ranges. Raises: InputError, if they do not rise, or are no numbers."""
    if np.isnan(edges).any() or any(low >= high for low, high in pairwise(edges)):
        raise InputError(f"the ranges begin at {list(edges)}; rising numbers were expected.")


def bootstrap(x: Numbers, y: Numbers, resamples: int, seed: int) -> Numbers:
    """Pearson's r and Spearman's rho of `resamples` draws of n pairs of x and y, float64 [n] each, with replacement.

    It is float64 [2, resamples]; NaN for a resample in which x or y does not vary.
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
    low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]) if len(known) else (np.nan, np.nan)
    return float(low), float(high)
