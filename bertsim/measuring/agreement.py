"""How well scores tell similar pairs from others, and how honest probabilities are. scikit-learn's figures.

What comes in: scores (or probabilities) and whether people called each pair similar. What goes out: frozen
`Separation` and `Honesty`. Correlations with graded labels are `evaluation`'s.

Source: expected calibration error with ten equal-width bins, Naeini et al. 2015; Brier 1950.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bertsim.errors import InputError

BINS = 10

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Separation:
    """How well one scorer tells similar pairs from others.

    Attributes:
        positives: how many pairs are similar.
        roc_auc: chance that a similar pair scores above another, in [0, 1]; 0.5 = by luck.
        average_precision: precision averaged over recall, in [0, 1].
        threshold: the score from which on a pair is called similar.
        accuracy, f1: at that threshold, in [0, 1].
    """

    positives: int
    roc_auc: float
    average_precision: float
    threshold: float
    accuracy: float
    f1: float


@dataclass(frozen=True)
class Honesty:
    """How near probabilities come to what happened.

    Attributes:
        brier: mean squared error, in [0, 1].
        ece: expected calibration error, in [0, 1]: how far mean probability and share of similar pairs lie apart,
            averaged over ten bins by their sizes.
        bins: per bin that is not empty: mean probability, share of similar pairs, pairs.
    """

    brier: float
    ece: float
    bins: tuple[tuple[float, float, int], ...]


def choose_threshold(scores: ArrayLike, is_similar: ArrayLike) -> float:
    """The score with the best accuracy; halfway between two neighbours, the lowest of equals.

    Example: scores [.1, .4, .6, .9], similar [no, no, yes, yes] -> 0.5
    """
    x, y = _checked(scores, is_similar)
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    right = np.concatenate([[y.sum()], y.sum() + np.cumsum(1 - 2 * y)])  # calling similar all from index i on
    allowed = np.concatenate([[True], x[1:] > x[:-1], [True]])
    best = int(np.argmax(np.where(allowed, right, -1)))
    if best in (0, len(x)):
        return float(x[0]) if best == 0 else float(np.nextafter(x[-1], np.inf))
    return float((x[best - 1] + x[best]) / 2)


def separate(scores: ArrayLike, is_similar: ArrayLike, threshold: float) -> Separation:
    """Measure a scorer on pairs that are similar or not.

    Args:
        scores: float [n]; higher = more similar.
        is_similar: bool [n].
        threshold: from `choose_threshold` on other data, or 0.5 for probabilities.

    Raises:
        InputError: lengths that differ, no pair, one kind alone.
    """
    from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

    x, y = _checked(scores, is_similar)
    called = x >= threshold
    return Separation(
        int(y.sum()),
        float(roc_auc_score(y, x)),
        float(average_precision_score(y, x)),
        threshold,
        float((called == y.astype(bool)).mean()),
        float(f1_score(y, called, zero_division=0.0)),
    )


def judge_probabilities(probabilities: ArrayLike, is_similar: ArrayLike) -> Honesty:
    """Compare probabilities, float [n] in [0, 1], with what people said.

    Example: probabilities [.5, .5], similar [yes, no] -> Brier 0.25, ECE 0
    """
    p, y = np.asarray(probabilities, np.float64), np.asarray(is_similar, np.float64)
    if p.shape != y.shape or p.ndim != 1 or not len(p):
        raise InputError(
            f"probabilities are {p.shape} and labels {y.shape}; two rows of one length were expected."
        )
    place = np.minimum((p * BINS).astype(int), BINS - 1)
    bins = tuple(
        (float(p[place == i].mean()), float(y[place == i].mean()), int((place == i).sum()))
        for i in range(BINS)
        if (place == i).any()
    )
    ece = sum(abs(mean - share) * n for mean, share, n in bins) / len(p)
    return Honesty(float(np.mean((p - y) ** 2)), float(ece), bins)


def _checked(scores: ArrayLike, is_similar: ArrayLike) -> tuple[Numbers, Numbers]:
    x, y = np.asarray(scores, np.float64), np.asarray(is_similar, np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise InputError(f"scores are {x.shape} and labels {y.shape}; two rows of one length were expected.")
    if len(set(y.tolist())) < 2:
        raise InputError("every pair is of one kind; similar and other pairs are needed to tell them apart.")
    return x, y
