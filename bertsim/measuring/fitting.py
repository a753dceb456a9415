"""Labelled pairs that no weight was trained on -> calibrations and combinations. scikit-learn.

Source: Platt 1999 (logistic, with his smoothed targets); Zadrozny & Elkan 2002 (isotonic); Breiman 1996 (bagging);
Breiman et al. 1984 (the simpler of two within a standard error); Wolpert 1992 (stacking).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bertsim.errors import InputError
from bertsim.measuring.evaluation import Numbers, checked
from bertsim.score.calibration import KINDS, SIMILAR, Calibration
from bertsim.score.combination import Combination

MIN_ROWS = 20
_FOLDS = 5
_BOOTSTRAPS = 100
_KNOTS = 41
_EDGE = 1e-3  # no score is certain: isotonic steps stay this far from 0 and 1


def fit_calibration(
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    similar: float = SIMILAR,
    data: str = "",
    kind: str | None = None,
    weights: ArrayLike | None = None,
) -> Calibration:
    """Fit a curve to pairs that no weight was trained on.

    Args:
        scores: float [n]; higher = more similar.
        labels: float [n] in [0, 1]: the label's part of its scale.
        similar: from which label on a pair counts as similar.
        data: what to say it was fitted on.
        weights: float [n], how much each pair counts (`weigh_groups`); None: all alike.
        kind: "logistic" or "isotonic"; None: logistic, unless the Brier score of the other over five held-out fifths
            is lower by more than a standard error.

    Raises:
        InputError: lengths that differ, too few pairs, numbers that are not finite, only similar or only
            dissimilar pairs, all scores alike.
    """
    x, y = checked(scores, labels, "a calibration", MIN_ROWS)
    is_similar = (y >= similar - 1e-9).astype(np.float64)
    positives = int(is_similar.sum())
    if positives in (0, len(x)):
        which = "none" if not positives else "every one"
        raise InputError(
            f"of {len(x)} labelled pairs {which} is similar (label of at least {similar:g} of its scale);"
            " a calibration needs both kinds."
        )
    counts = np.ones(len(x)) if weights is None else np.asarray(weights, np.float64)
    fit = _FITS[kind or _choose_kind(x, is_similar, counts)]
    return Calibration(**fit(x, is_similar, counts), similar=similar, data=data, n=len(x))


def weigh_groups(
    labels: ArrayLike, groups: Sequence[str], mix: Mapping[str, tuple[float, float]], similar: float = SIMILAR
) -> Numbers:
    """Weigh pairs so that each kind of text has the share of all pairs, and of similar ones, that it has elsewhere.

    Args:
        labels: float [n] in [0, 1].
        groups: [n], what kind of text each pair is.
        mix: by group, its share of all pairs and the share of similar ones among its own, where scores will be used.
        similar: from which label on a pair counts as similar.

    Returns:
        float64 [n], their mean 1 where every group has pairs of both kinds.

    Raises:
        InputError: a group that `mix` does not name.

    Source: post-stratification, Holt & Smith 1979.

    Example: labels [1, 0, 0, 0], all of group "a", {"a": (1, 0.5)} -> [2, 2/3, 2/3, 2/3]
    """
    is_similar = np.asarray(labels, np.float64) >= similar - 1e-9
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
    """Fit weights to pairs that no scorer was trained on.

    Args:
        scores: float [n] by scorer; higher = more similar.
        labels: float [n] in [0, 1]: the label's part of its scale.
        data: what to say it was fitted on.

    Raises:
        InputError: no scorer, too few pairs, lengths that differ, numbers that are not finite, labels all alike.
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


def _fit_logistic(x: Numbers, is_similar: Numbers, weights: Numbers) -> dict[str, Any]:
    """Platt's curve, with his targets, which never reach 0 or 1."""
    mean, spread = x.mean(), x.std()
    positives, negatives = is_similar.sum(), (1 - is_similar).sum()
    target = np.where(is_similar > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    (steepness,), start = _graded_logistic(((x - mean) / spread)[:, None], target, weights, 1e6)
    slope = max(float(steepness), 0.0) / spread
    return {"kind": "logistic", "slope": float(slope), "intercept": float(start - slope * mean)}


def _fit_isotonic(x: Numbers, is_similar: Numbers, weights: Numbers) -> dict[str, Any]:
    """The mean of many isotonic curves, each of a bootstrap sample: one alone follows every accident."""
    chance = np.random.default_rng(0)
    knots = np.unique(np.quantile(x, np.linspace(0, 1, _KNOTS)))
    fitted = np.zeros(len(knots))
    for _ in range(_BOOTSTRAPS):
        rows = chance.integers(0, len(x), len(x))
        fitted += np.interp(knots, *_steps(x[rows], is_similar[rows], weights[rows])) / _BOOTSTRAPS
    fitted = np.maximum.accumulate(fitted)  # means of rising curves, but for rounding
    return {"kind": "isotonic", "scores": tuple(map(float, knots)), "probabilities": tuple(map(float, fitted))}


def _steps(x: Numbers, is_similar: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
    """Pool-adjacent-violators: the middle of each step, and its height."""
    from sklearn.isotonic import IsotonicRegression

    order = np.argsort(x, kind="stable")
    x, curve = x[order], IsotonicRegression(y_min=_EDGE, y_max=1 - _EDGE)
    fitted = curve.fit(x, is_similar[order], sample_weight=weights[order]).predict(x)
    starts = np.flatnonzero(np.diff(fitted, prepend=-1.0) > 0)
    return np.array([part.mean() for part in np.split(x, starts[1:])]), fitted[starts]


_FITS = dict(zip(KINDS, (_fit_logistic, _fit_isotonic), strict=True))


def _choose_kind(x: Numbers, is_similar: Numbers, weights: Numbers) -> str:
    """Logistic, unless the other's held-out Brier score is better by more than its standard error."""
    logistic, isotonic = (_held_out_errors(kind, x, is_similar, weights) for kind in KINDS)
    if not np.isfinite(isotonic).all():
        return "logistic"
    gain = logistic - isotonic
    return "isotonic" if gain.mean() > gain.std() / math.sqrt(len(x)) else "logistic"


def _held_out_errors(kind: str, x: Numbers, is_similar: Numbers, weights: Numbers) -> Numbers:
    """Squared errors of the probabilities, weighed, [n], each fifth predicted from the others; deterministic."""
    folds = np.arange(len(x)) % _FOLDS
    errors = np.full(len(x), math.inf)
    for fold in range(_FOLDS):
        rest, held = folds != fold, folds == fold
        if len(set(is_similar[rest])) == 2 and np.ptp(x[rest]) > 0:
            curve = Calibration(**_FITS[kind](x[rest], is_similar[rest], weights[rest]))
            errors[held] = weights[held] * (curve.apply(x[held]) - is_similar[held]) ** 2
    return errors
