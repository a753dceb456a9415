"""Everything that is measured of scorers on labelled pairs: correlation, telling similar pairs from others, honesty.

What comes in: scores and labels of the same pairs, and probabilities where a scorer has some. What goes out: frozen
records. Correlations are `evaluation`'s; the other figures scikit-learn's.

Source: expected calibration error with ten equal-width bins, Naeini et al. 2015; Brier 1950.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from bertsim.errors import InputError
from bertsim.measuring.evaluation import RESAMPLES, SEED, Evaluation, Numbers, evaluate, mean_label_by_range, paired
from bertsim.records import Float

BINS = 10


@dataclass(frozen=True)
class Separation:
    """How well one scorer tells similar pairs from others; all in [0, 1] but the counts and scores.

    Attributes:
        positives: how many pairs are similar.
        roc_auc: chance that a similar pair scores above another; 0.5 = by luck.
        threshold: the score from which on a pair is called similar; what follows is at it.
        precision, recall: of the pairs called similar the share that is, of those that are the share called so.
        f1: their harmonic mean; 0, as precision is, where no pair is called similar.
    """

    positives: int
    roc_auc: float
    average_precision: float
    threshold: float
    accuracy: float
    precision: float
    recall: float
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


@dataclass(frozen=True)
class Scored:
    """Labels float [n] and scores float [n] by scorer; `similar`: the label from which on a pair is similar."""

    labels: Sequence[float]
    scores: Mapping[str, Float]
    similar: float

    @property
    def is_similar(self) -> list[bool]:
        """Of every pair."""
        return [label >= self.similar - 1e-9 for label in self.labels]


@dataclass(frozen=True)
class Agreement:
    """One scorer on labelled pairs.

    Attributes:
        evaluation: its correlations.
        ranges: see `mean_label_by_range`.
        separation: None where pairs are all similar, or none is.
        honesty: of its probabilities; None where it has none.
    """

    evaluation: Evaluation
    ranges: list[tuple[float, int, float]]
    separation: Separation | None
    honesty: Honesty | None


def measure(
    data: Scored,
    dev: Scored,
    probabilities: Mapping[str, Float | None],
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    edges: Sequence[float] = (),
) -> dict[str, Agreement]:
    """Measure every scorer of `data`.

    Args:
        data: to measure on.
        dev: that chooses thresholds, with the same scorers; may be `data` itself.
        probabilities: of the scorers that have some, float [n] in [0, 1].
        resamples, seed, edges: see `evaluate` and `mean_label_by_range`.

    Raises: InputError, for scores that do not vary; names the scorer.
    """
    truth, chosen = data.is_similar, dev.is_similar
    found = {}
    for scorer, scores in data.scores.items():
        try:
            evaluation = evaluate(scores, data.labels, resamples, seed)
        except InputError as error:
            raise InputError(f"scorer {scorer}: {error}") from error
        separation, own = None, probabilities.get(scorer)
        if len(set(truth)) == len(set(chosen)) == 2:
            separation = separate(scores, truth, choose_threshold(dev.scores[scorer], chosen))
        honesty = None if own is None or len(set(truth)) == 1 else judge_probabilities(own, truth)
        found[scorer] = Agreement(evaluation, mean_label_by_range(scores, data.labels, edges), separation, honesty)
    return found


def choose_threshold(scores: ArrayLike, is_similar: ArrayLike) -> float:
    """The score with the best accuracy; halfway between two neighbours, the lowest of equals.

    Example: scores [.1, .4, .6, .9], similar [no, no, yes, yes] -> 0.5
    """
    x, y = _of_both_kinds(scores, is_similar)
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    right = np.concatenate([[y.sum()], y.sum() + np.cumsum(1 - 2 * y)])  # calling similar all from index i on
    allowed = np.concatenate([[True], x[1:] > x[:-1], [True]])
    best = int(np.argmax(np.where(allowed, right, -1)))
    if best in (0, len(x)):
        return float(x[0]) if best == 0 else float(np.nextafter(x[-1], np.inf))
    return float((x[best - 1] + x[best]) / 2)


def separate(scores: ArrayLike, is_similar: ArrayLike, threshold: float) -> Separation:
    """Measure a scorer, float [n], higher = more similar, on pairs that are similar or not, bool [n].

    `threshold` is from `choose_threshold` on other data, or 0.5 for probabilities.

    Raises: InputError, for lengths that differ, no pair, one kind alone.
    """
    from sklearn import metrics

    x, y = _of_both_kinds(scores, is_similar)
    called = x >= threshold
    figures = metrics.roc_auc_score(y, x), metrics.average_precision_score(y, x)
    accuracy = metrics.accuracy_score(y, called)
    at_threshold = metrics.precision_recall_fscore_support(y, called, average="binary", zero_division=0.0)[:3]
    return Separation(int(y.sum()), *map(float, (*figures, threshold, accuracy, *at_threshold)))


def judge_probabilities(probabilities: ArrayLike, is_similar: ArrayLike) -> Honesty:
    """Compare probabilities, float [n] in [0, 1], with what people said.

    Example: probabilities [.5, .5], similar [yes, no] -> Brier 0.25, ECE 0
    """
    p, y = paired(probabilities, is_similar)
    place = np.minimum((p * BINS).astype(int), BINS - 1)
    inside = [place == i for i in np.unique(place)]
    bins = tuple((float(p[each].mean()), float(y[each].mean()), int(each.sum())) for each in inside)
    ece = sum(abs(mean - share) * n for mean, share, n in bins) / len(p)
    return Honesty(float(np.mean((p - y) ** 2)), float(ece), bins)


def _of_both_kinds(scores: ArrayLike, is_similar: ArrayLike) -> tuple[Numbers, Numbers]:
    x, y = paired(scores, is_similar)
    if len(np.unique(y)) < 2:
        raise InputError("every pair is of one kind; similar and other pairs are needed to tell them apart.")
    return x, y
