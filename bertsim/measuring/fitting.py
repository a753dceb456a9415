"""Labelled pairs that no weight was trained on -> calibrations and combinations. scikit-learn.

Source: Platt 1999 (logistic, with his smoothed targets), fitted to normal scores, van der Waerden 1952; Wolpert 1992
(stacking).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from bertsim.errors import InputError
from bertsim.measuring.evaluation import Numbers, checked
from bertsim.score.calibration import SIMILAR, Calibration, Combination

MIN_ROWS = 20
_KNOTS = 41
_WIDEST = 3.0  # standard normal: from the lowest thousandth of the pairs to the highest


def fit_calibration(
    scores: ArrayLike, labels: ArrayLike, *, data: str = "", weights: ArrayLike | None = None
) -> Calibration:
    """Fit a curve to pairs that no weight was trained on.

    Args:
        scores: float [n]; higher = more similar.
        labels: float [n] in [0, 1]: the label's part of its scale; from `SIMILAR` on a pair is similar.
        data: what to say it was fitted on.
        weights: float [n], how much each pair counts (`weigh_groups`); None: all alike.

    Raises: InputError, as `checked`, or for pairs that are all similar, or all dissimilar.
    """
    x, y = checked(scores, labels, "a calibration", MIN_ROWS)
    is_similar = (y >= SIMILAR - 1e-9).astype(np.float64)
    positives = int(is_similar.sum())
    if positives in (0, len(x)):
        which = "none" if not positives else "every one"
        raise InputError(
            f"of {len(x)} labelled pairs {which} is similar (label of at least {SIMILAR:g} of its scale);"
            " a calibration needs both kinds."
        )
    counts = np.ones(len(x)) if weights is None else np.asarray(weights, np.float64)
    knots, probabilities = (tuple(map(float, row)) for row in _fit_curve(x, is_similar, counts))
    return Calibration("isotonic", scores=knots, probabilities=probabilities, data=data, n=len(x))


def weigh_groups(labels: ArrayLike, groups: Sequence[str], mix: Mapping[str, tuple[float, float]]) -> Numbers:
    """Weigh pairs so that each kind of text has the share of all pairs, and of similar ones, that it has elsewhere.

    The weights are float64 [n], their mean 1 where every group has pairs of both kinds.

    Args:
        labels: float [n] in [0, 1]; from `SIMILAR` on a pair is similar.
        groups: [n], what kind of text each pair is.
        mix: by group, its share of all pairs and the share of similar ones among its own, where scores will be used.

    Raises: InputError, for a group that `mix` does not name.
    Source: post-stratification, Holt & Smith 1979.
    Example: labels [1, 0, 0, 0], all of group "a", {"a": (1, 0.5)} -> [2, 2/3, 2/3, 2/3]
    """
    is_similar = np.asarray(labels, np.float64) >= SIMILAR - 1e-9
    names = np.asarray(groups)
    weights = np.zeros(len(names))
    for name in dict.fromkeys(groups):
        if name not in mix:
            raise InputError(f"a pair is of the group {name!r}; mix knows {', '.join(mix)}.")
        share, likely = mix[name]
        for kind, part in ((is_similar, likely), (~is_similar, 1 - likely)):
            rows = (names == name) & kind
            weights[rows] = share * part * len(names) / max(int(rows.sum()), 1)
    return weights


def fit_combination(scores: Mapping[str, ArrayLike], labels: ArrayLike, *, data: str = "") -> Combination:
    """Fit weights to pairs that no scorer was trained on; `scores` by scorer, all else as in `fit_calibration`.

    Raises: InputError, for no scorer, too few pairs, lengths that differ, numbers that are not finite, or equal labels.
    """
    y = np.asarray(labels, np.float64)
    columns = [np.asarray(column, np.float64) for column in scores.values()]
    if not columns or any(column.shape != y.shape for column in columns) or y.ndim != 1 or len(y) < MIN_ROWS:
        raise InputError(f"scores and labels of at least {MIN_ROWS} pairs, in rows of one length, were expected.")
    x = np.stack(columns, axis=1)
    if not np.isfinite(x).all() or not np.isfinite(y).all() or np.ptp(y) == 0 or y.min() < 0 or y.max() > 1:
        raise InputError("scores must be finite numbers, labels numbers in [0, 1] that differ.")
    mean, spread = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-9)
    coefficients, start = _graded_logistic((x - mean) / spread, y, np.ones(len(y)), 1.0)
    weights = coefficients / spread
    intercept = float(start - np.sum(weights * mean))
    return Combination(dict(zip(scores, map(float, weights), strict=True)), intercept, data)


def _graded_logistic(x: Numbers, target: Numbers, weights: Numbers, c: float) -> tuple[Numbers, float]:
    """Coefficients and intercept for x, float64 [n, k], each row of which counts as both kinds, by its target."""
    from sklearn.linear_model import LogisticRegression

    parts = np.concatenate([weights * target, weights * (1 - target)])
    model = LogisticRegression(C=c, max_iter=1000)
    model.fit(np.concatenate([x, x]), np.repeat([1, 0], len(x)), sample_weight=parts)
    return model.coef_[0], model.intercept_[0]


def _fit_curve(x: Numbers, is_similar: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
    """Platt's curve over normal scores, as knots: every pair counts as both kinds, by weights that never reach 0 or 1.

    How a scorer spreads its values (a cosine of .2 to 1, a rating near 0 or 1) is taken out by the ranks, so that one
    curve of two parameters fits each: it does not follow the accidents of a few hundred pairs.
    """
    from scipy.special import expit, ndtr, ndtri
    from scipy.stats import rankdata

    z = ndtri((rankdata(x) - 0.5) / len(x))
    positives, negatives = is_similar.sum(), (1 - is_similar).sum()
    target = np.where(is_similar > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    (slope,), start = _graded_logistic(z[:, None], target, weights, 1e6)
    values, first = np.unique(x, return_index=True)
    knots = np.unique(np.quantile(x, ndtr(np.linspace(-_WIDEST, _WIDEST, _KNOTS))))
    return knots, expit(max(slope, 0.0) * np.interp(knots, values, z[first]) + start)
