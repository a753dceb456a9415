"""A scorer's value -> the probability that people would call the pair similar. numpy only, but for fitting.

A `Calibration` is monotone and made of plain numbers, so that `calibration.json` can be read by anyone: straight lines
between knots, or a logistic curve in the value. It is fitted on labelled pairs that no weight was trained on, and keeps
the order of the pairs: it says how much to believe a value, never which pair is more alike. What comes in and goes out
is any scorer's score, higher = more similar.

Source: Platt 1999 (logistic, with his smoothed targets), fitted to normal scores, van der Waerden 1952.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bertsim.config import read_json
from bertsim.errors import CheckpointError, InputError

NAME = "calibration.json"
KINDS = ("logistic", "isotonic")
SIMILAR = 0.8
"""A pair is called similar from this part of the label scale on: 4 of 5 on STS-B."""
MIN_ROWS = 20
_KNOTS = 41
_WIDEST = 3.0  # standard normal: from the lowest thousandth of the pairs to the highest

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """A rising curve from scores to probabilities.

    Attributes:
        kind: "logistic": 1 / (1 + exp(-(slope · score + intercept))); "isotonic": straight lines between knots,
            level beyond the first and the last.
        slope, intercept: of the logistic curve; 0 for the other.
        scores, probabilities: the knots, both rising; empty for the other.
        similar: from which part of the label scale on a pair counts as similar, in (0, 1].
        data: what it was fitted on.
        n: on how many pairs.
    """

    kind: str
    slope: float = 0.0
    intercept: float = 0.0
    scores: tuple[float, ...] = ()
    probabilities: tuple[float, ...] = ()
    similar: float = SIMILAR
    data: str = ""
    n: int = 0

    def apply(self, score: ArrayLike) -> Any:
        """Turn scores into probabilities, element by element; a float for a float.

        Example: logistic, slope 2, intercept -1: 0.5 -> 0.5
        """
        values = np.asarray(score, np.float64)
        if self.kind == "logistic":
            result = _sigmoid(self.slope * values + self.intercept)
        else:
            result = np.interp(values, self.scores, self.probabilities)
        return float(result) if values.ndim == 0 else result


def fit_calibration(
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    similar: float = SIMILAR,
    data: str = "",
    weights: ArrayLike | None = None,
) -> Calibration:
    """Fit a curve to pairs that no weight was trained on.

    Args:
        scores: float [n]; higher = more similar.
        labels: float [n] in [0, 1]: the label's part of its scale.
        similar: from which label on a pair counts as similar.
        data: what to say it was fitted on.
        weights: float [n], how much each pair counts (`weigh_groups`); None: all alike.

    Raises:
        InputError: lengths that differ, too few pairs, numbers that are not finite, only similar or only
            dissimilar pairs, all scores alike.
    """
    x, y = np.asarray(scores, np.float64), np.asarray(labels, np.float64)
    _check(x, y)
    is_similar = (y >= similar - 1e-9).astype(np.float64)
    positives = int(is_similar.sum())
    if positives in (0, len(x)):
        which = "none" if not positives else "every one"
        raise InputError(
            f"of {len(x)} labelled pairs {which} is similar (label of at least {similar:g} of its scale);"
            " a calibration needs both kinds."
        )
    counts = np.ones(len(x)) if weights is None else np.asarray(weights, np.float64)
    knots, probabilities = (tuple(map(float, row)) for row in _fit(x, is_similar, counts))
    return Calibration("isotonic", 0.0, 0.0, knots, probabilities, similar, data, len(x))


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


def write_calibrations(path: Path, calibrations: Mapping[str, Calibration]) -> None:
    """Write curves by scorer name."""
    table = {name: asdict(calibration) for name, calibration in calibrations.items()}
    path.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def read_calibrations(path: Path) -> dict[str, Calibration]:
    """Read what `write_calibrations` wrote; empty where there is no such file.

    Raises:
        CheckpointError: an unknown or missing key, a value that cannot be, or a curve that does not rise; names
            file and scorer.
    """
    if not path.exists():
        return {}
    return {name: _parse(path, name, raw) for name, raw in read_json(path).items()}


def _parse(path: Path, name: str, raw: object) -> Calibration:
    known = set(Calibration.__dataclass_fields__)
    keys = set(raw) if isinstance(raw, dict) else set()
    if not isinstance(raw, dict) or keys != known:
        wrong = [f"lacks {key}" for key in sorted(known - keys)] + [
            f"has {key}" for key in sorted(keys - known)
        ]
        raise CheckpointError(f"{path}: the calibration of {name!r} {wrong[0]}; fit it again with train.")
    for key, kind in (("scores", list), ("probabilities", list), ("data", str), ("n", int)):
        if not isinstance(raw[key], kind):
            raise CheckpointError(
                f"{path}: {key} of the calibration of {name!r} is {raw[key]!r}; a {kind.__name__} was expected."
            )
    numbers = [raw["slope"], raw["intercept"], raw["similar"], *raw["scores"], *raw["probabilities"]]
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
        raise CheckpointError(
            f"{path}: the calibration of {name!r} holds a value that is not a finite number."
        )
    scores, probabilities = tuple(raw["scores"]), tuple(raw["probabilities"])
    for probability in (raw["similar"], *probabilities):
        if not 0 <= probability <= 1:
            raise CheckpointError(
                f"{path}: the calibration of {name!r} holds {probability!r}; a value in [0, 1] was expected."
            )
    rises = len(scores) == len(probabilities) and _rises(scores) and _rises(probabilities)
    if (
        raw["kind"] not in KINDS
        or not rises
        or (raw["kind"] == "isotonic") != bool(scores)
        or raw["slope"] < 0
    ):
        raise CheckpointError(f"{path}: the calibration of {name!r} is no rising {' or '.join(KINDS)} curve.")
    return Calibration(**{**raw, "scores": scores, "probabilities": probabilities})


def _rises(values: tuple[float, ...]) -> bool:
    return all(a <= b for a, b in pairwise(values))


def _fit(x: Numbers, is_similar: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
    """Platt's curve over normal scores: every pair counts as both kinds, by weights that never reach 0 or 1.

    How a scorer spreads its values (a cosine of .2 to 1, a rating near 0 or 1) is taken out by the ranks, so that one
    curve of two parameters fits each: it does not follow the accidents of a few hundred pairs.
    """
    from scipy.special import ndtr, ndtri
    from scipy.stats import rankdata
    from sklearn.linear_model import LogisticRegression

    z = ndtri((rankdata(x) - 0.5) / len(x))
    positives, negatives = is_similar.sum(), (1 - is_similar).sum()
    target = np.where(is_similar > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    model = LogisticRegression(C=1e6, max_iter=1000)
    model.fit(
        np.concatenate([z, z])[:, None],
        np.repeat([1, 0], len(x)),
        sample_weight=np.concatenate([weights * target, weights * (1 - target)]),
    )
    values, first = np.unique(x, return_index=True)
    knots = np.unique(np.quantile(x, ndtr(np.linspace(-_WIDEST, _WIDEST, _KNOTS))))
    slope = max(float(model.coef_[0, 0]), 0.0)
    return knots, _sigmoid(slope * np.interp(knots, values, z[first]) + float(model.intercept_[0]))


def _sigmoid(z: Numbers) -> Numbers:
    return 0.5 * (1.0 + np.tanh(0.5 * z))


def _check(x: Numbers, y: Numbers) -> None:
    if x.shape != y.shape or x.ndim != 1:
        raise InputError(f"scores are {x.shape} and labels {y.shape}; two rows of one length were expected.")
    if len(x) < MIN_ROWS:
        raise InputError(f"there are {len(x)} labelled pairs; a calibration needs at least {MIN_ROWS}.")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InputError("a score or label is not a finite number; every one must be.")
    if np.ptp(x) == 0:
        raise InputError(f"every score is {x[0]:g}; a calibration needs scores that differ.")
