"""Scores of many pairs, and their labels where there are some -> what is drawn of them: histograms, curves, clouds.

What comes in: float [n] by scorer, NaN where a pair has none. What goes out: frozen records of plain numbers, few
enough to be drawn whatever n is. numpy, and scipy for ranks; correlations are `evaluation`'s.

Source: area under ROC as the chance that a similar pair scores above another, ties half, Hanley & McNeil 1982; average
precision as scikit-learn's, the sum of precision over the steps of recall.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bertsim.errors import InputError
from bertsim.measuring.agreement import Honesty, judge_probabilities
from bertsim.measuring.evaluation import Evaluation, Numbers, evaluate

BINS, STEPS, POINTS = 40, 200, 150
"""Bars of a histogram, thresholds between its ends, points of a curve."""
DRAWN = 2_000
"""Pairs up to which a cloud is drawn point by point; beyond, in squares of `GRID` by `GRID`."""
GRID = 32
LABEL = "label"
_RESAMPLED = 1_000_000


@dataclass(frozen=True)
class Histogram:
    """How many pairs of each class have a score from each edge up to the next; the last includes its end."""

    edges: list[float]
    counts: dict[str, list[int]]


@dataclass(frozen=True)
class Steps:
    """Of each threshold, which rises: similar pairs and others that are called similar; `best`: of the best F1."""

    thresholds: list[float]
    true_positives: list[int]
    false_positives: list[int]
    positives: int
    negatives: int
    best: int


@dataclass(frozen=True)
class Curve:
    """A line from left to right, and the area under it."""

    x: list[float]
    y: list[float]
    area: float


@dataclass(frozen=True)
class Cloud:
    """Pairs by two numbers: each as (x, y, 1, is similar), or squares as (middle x, middle y, pairs, None).

    Attributes:
        x, y: the names of the numbers; `ends`: low and high of x and of y.
        points: see above; `step`: width and height of a square, None for points.
        n: how many pairs there are.
    """

    x: str
    y: str
    ends: tuple[float, float, float, float]
    points: Sequence[tuple[float, float, int, bool | None]]
    step: tuple[float, float] | None
    n: int


@dataclass(frozen=True)
class Measured:
    """What is drawn of a file.

    Attributes:
        n: pairs with a score; `labelled`: those with a label too.
        similar: the label from which on a pair is similar; `span`: the least label and the largest.
        scorers: their names.
        histograms, steps, roc, precision_recall, honesty, evaluations: by scorer; what needs labels is empty without.
        clouds: those that can be drawn.
        inference: of entailment, neutral and contradiction, how many pairs are that above all; () = nobody inferred.
        problem: why labels say nothing; "" where they do, or there are none.
    """

    n: int
    labelled: int
    similar: float | None
    span: tuple[float, float] | None
    scorers: tuple[str, ...]
    histograms: dict[str, Histogram] = field(default_factory=dict)
    steps: dict[str, Steps] = field(default_factory=dict)
    roc: dict[str, Curve] = field(default_factory=dict)
    precision_recall: dict[str, Curve] = field(default_factory=dict)
    honesty: dict[str, Honesty] = field(default_factory=dict)
    evaluations: dict[str, Evaluation] = field(default_factory=dict)
    clouds: list[Cloud] = field(default_factory=list)
    inference: tuple[int, ...] = ()
    problem: str = ""


def measure_file(
    scores: Mapping[str, Numbers],
    probabilities: Mapping[str, Numbers],
    labels: Numbers,
    inference: Numbers,
    similar: float | None = None,
) -> Measured:
    """Measure what can be measured.

    Args:
        scores: by scorer, the first two are set against each other.
        probabilities: by scorer, of those that have some.
        labels: float [n]; NaN where there is none.
        inference: float [n, 3], NaN where nobody inferred.
        similar: the label from which on a pair is similar; None: the middle of their scale.

    Example: labels 0 to 5 -> similar from 2.5 on; 0 and 1 -> from 0.5 on
    """
    names = tuple(scores)
    is_scored = ~np.isnan(next(iter(scores.values())))
    is_labelled = is_scored & ~np.isnan(labels)
    span, problem, truth = None, "", None
    if is_labelled.any():
        known = labels[is_labelled]
        span = float(known.min()), float(known.max())
        similar = sum(span) / 2 if similar is None else similar
        truth = known >= similar - 1e-9
        if len(set(truth.tolist())) < 2:
            kind = "similar" if truth[0] else "not similar"
            problem = f"every label, from {span[0]:g} to {span[1]:g}, says {kind} if that begins at {similar:g}"
    parted = truth if not problem else None
    found = Measured(int(is_scored.sum()), int(is_labelled.sum()), similar, span, names, problem=problem)
    for name, values in scores.items():
        whole, own = values[is_scored], values[is_labelled]
        found.histograms[name] = histogram(whole, None) if parted is None else histogram(own, parted)
        if parted is not None:
            found.steps[name] = steps(own, parted)
            found.roc[name], found.precision_recall[name] = curves(own, parted)
        if parted is not None and name in probabilities and not np.isnan(probabilities[name][is_labelled]).all():
            chances = probabilities[name][is_labelled]
            is_sure = ~np.isnan(chances)
            found.honesty[name] = judge_probabilities(chances[is_sure], parted[is_sure])
        if span:
            with suppress(InputError):  # too few, or all alike: then there is none
                resamples = max(50, min(1000, _RESAMPLED // max(len(own), 1)))
                found.evaluations[name] = evaluate(own, labels[is_labelled], resamples)
    every = {**scores, LABEL: labels}
    pairs = [(LABEL, name) for name in names[:2] if len(set(labels[is_labelled].tolist())) > 2]
    for x, y in [*([names[:2]] if len(names) > 1 else []), *pairs]:
        kept = is_labelled if x == LABEL else is_scored
        if kept.any():
            whose = labels[kept] >= similar - 1e-9 if similar is not None and is_labelled.all() else None
            found.clouds.append(cloud(x, y, every[x][kept], every[y][kept], whose))
    inferred = inference[~np.isnan(inference).any(axis=1)]
    shares = tuple(np.bincount(inferred.argmax(axis=1), minlength=3).tolist()) if len(inferred) else ()
    return Measured(**vars(found) | {"inference": shares})


def histogram(values: Numbers, is_similar: NDArray[np.bool_] | None) -> Histogram:
    """Bars of equal width between the ends; of one class, "all", or of "similar" and "other".

    Example: [0., .1, 1.] -> 40 bars from 0 to 1, of which the first has 1, the fifth 1, the last 1
    """
    edges = np.linspace(*_ends(values), BINS + 1)
    classes = {"all": values} if is_similar is None else {"similar": values[is_similar], "other": values[~is_similar]}
    return Histogram(edges.tolist(), {name: np.histogram(own, edges)[0].tolist() for name, own in classes.items()})


def steps(values: Numbers, is_similar: NDArray[np.bool_]) -> Steps:
    """What is called similar at each of the thresholds, those between the ends of the histogram and these."""
    thresholds = np.linspace(*_ends(values), STEPS + 1)
    above = [np.sort(values[each]) for each in (is_similar, ~is_similar)]
    true, false = (len(own) - np.searchsorted(own, thresholds - 1e-12) for own in above)
    f1 = 2 * true / np.maximum(true + false + len(above[0]), 1)
    counts = true.tolist(), false.tolist(), len(above[0]), len(above[1])
    return Steps(thresholds.tolist(), *counts, int(f1.argmax()))


def curves(values: Numbers, is_similar: NDArray[np.bool_]) -> tuple[Curve, Curve]:
    """ROC, and precision against recall.

    Example: [.1, .4, .6, .9], [no, no, yes, yes] -> areas 1 and 1
    """
    order = np.argsort(-values, kind="stable")
    hits, ends = is_similar[order], np.flatnonzero(np.append(np.diff(values[order]) != 0, True))
    true, called = np.cumsum(hits)[ends], ends + 1
    positives, negatives = int(is_similar.sum()), int((~is_similar).sum())
    false_rate, recall = np.append(0, (called - true) / negatives), np.append(0, true / positives)
    precision = np.append(1.0, true / called)
    average = float(np.sum(np.diff(recall) * precision[1:]))
    area = float(np.trapezoid(recall, false_rate))
    return _thinned(false_rate, recall, area), _thinned(recall[1:], precision[1:], average)


def cloud(x: str, y: str, xs: Numbers, ys: Numbers, is_similar: NDArray[np.bool_] | None) -> Cloud:
    """Pairs by two numbers; of many, how many are in each square."""
    ends = (*_ends(xs), *_ends(ys))
    if len(xs) <= DRAWN:
        kinds = [None] * len(xs) if is_similar is None else is_similar.tolist()
        points = list(zip(xs.tolist(), ys.tolist(), [1] * len(xs), kinds, strict=True))
        return Cloud(x, y, ends, points, None, len(xs))
    counts, across, up = np.histogram2d(xs, ys, GRID, (ends[:2], ends[2:]))
    step = float(across[1] - across[0]), float(up[1] - up[0])
    places = zip(*np.nonzero(counts), strict=True)
    squares = [(across[i] + step[0] / 2, up[j] + step[1] / 2, int(counts[i, j]), None) for i, j in places]
    return Cloud(x, y, ends, squares, step, len(xs))


def percentiles(values: Numbers) -> Numbers:
    """Of each value the share of others that are below it, equal ones half; NaN stays.

    Example: [1, 5, 5] -> [0, .75, .75]
    """
    from scipy.stats import rankdata

    return (rankdata(values, nan_policy="omit") - 1) / max(np.count_nonzero(~np.isnan(values)) - 1, 1)


def _ends(values: Numbers) -> tuple[float, float]:
    """Low and high, some way apart even where all are alike."""
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    return (low, high) if high - low > 1e-9 else (low - 0.5, high + 0.5)


def _thinned(x: Numbers, y: Numbers, area: float) -> Curve:
    """A curve of so many points: those nearest to equal steps along both axes."""
    if len(x) > POINTS:
        way = np.append(0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
        kept = np.searchsorted(way, np.linspace(0, way[-1], POINTS))
        x, y = x[np.unique(kept)], y[np.unique(kept)]
    return Curve(x.tolist(), y.tolist(), area)
