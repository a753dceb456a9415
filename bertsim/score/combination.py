"""Several scorers -> one: a logistic curve over a weighted sum of their scores, as plain numbers in combined.json.

Fitted on labelled pairs that no weight of a scorer was trained on; numpy only, but for fitting.

Source: stacking, Wolpert 1992, with logistic regression as the second level.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bertsim.errors import CheckpointError, InputError
from bertsim.json_files import read_json
from bertsim.records import PairScore

NAME = "combined.json"
SCORER = "combined"
"""What the combination is called among the scorers."""
MIN_ROWS = 20
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Combination:
    """1 / (1 + exp(-(sum of weight x score + intercept))), in [0, 1].

    Attributes:
        weights: by scorer.
        intercept: added to the weighted sum.
        data: what it was fitted on.
    """

    weights: Mapping[str, float]
    intercept: float
    data: str = ""

    def apply(self, scores: Mapping[str, ArrayLike]) -> Numbers:
        """Join the scores of the same pairs, float [n] by scorer, into one; float64 [n].

        Example: weights {"cosine": 2}, intercept -1, scores {"cosine": [0.5]} -> [0.5]
        """
        parts = [weight * np.asarray(scores[name], np.float64) for name, weight in self.weights.items()]
        return 0.5 * (1.0 + np.tanh(0.5 * (np.sum(parts, axis=0) + self.intercept)))

    def judge(self, scores: Sequence[PairScore]) -> PairScore:
        """The combination's verdict on one pair, from every scorer's; of one named twice the last counts."""
        forward = {each.scorer: each.score for each in scores}
        turned = {each.scorer: each.value_reversed for each in scores if each.value_reversed is not None}
        value, backward = (float(self.apply(parts)) for parts in (forward, forward | turned))
        return PairScore(SCORER, value, "probability", 0.0, 1.0, value, value_reversed=backward)


def fit_combination(scores: Mapping[str, ArrayLike], labels: ArrayLike, *, data: str = "") -> Combination:
    """Fit weights to pairs that no scorer was trained on.

    Args:
        scores: float [n] by scorer; higher = more similar.
        labels: float [n] in [0, 1]: the label's part of its scale.
        data: what to say it was fitted on.

    Raises:
        InputError: no scorer, too few pairs, lengths that differ, numbers that are not finite, labels all alike.
    """
    from sklearn.linear_model import LogisticRegression

    y = np.asarray(labels, np.float64)
    columns = [np.asarray(column, np.float64) for column in scores.values()]
    if not columns or any(column.shape != y.shape for column in columns) or y.ndim != 1 or len(y) < MIN_ROWS:
        raise InputError(
            f"scores and labels of at least {MIN_ROWS} pairs, in rows of one length, were expected."
        )
    x = np.stack(columns, axis=1)
    if not np.isfinite(x).all() or not np.isfinite(y).all() or np.ptp(y) == 0 or y.min() < 0 or y.max() > 1:
        raise InputError("scores must be finite numbers, labels numbers in [0, 1] that differ.")
    mean, spread = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-9)
    z = (x - mean) / spread
    model = LogisticRegression(C=1.0, max_iter=1000)  # a graded label counts as both kinds, by its part
    twice = np.concatenate([z, z])
    model.fit(twice, np.repeat([1, 0], len(y)), sample_weight=np.concatenate([y, 1 - y]))
    weights = model.coef_[0] / spread
    intercept = float(model.intercept_[0] - np.sum(weights * mean))
    return Combination(dict(zip(scores, map(float, weights), strict=True)), intercept, data)


def write_combination(path: Path, combination: Combination) -> None:
    """Write the file."""
    table = {
        "weights": dict(combination.weights),
        "intercept": combination.intercept,
        "data": combination.data,
    }
    path.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")


def read_combination(path: Path, scorers: tuple[str, ...]) -> Combination | None:
    """Read what `write_combination` wrote; None where there is no such file, or a scorer of it is not loaded.

    Raises:
        CheckpointError: a key is missing or unknown, or a value is no finite number; names it.
    """
    if not path.exists():
        return None
    raw = read_json(path)
    wrong = sorted({"weights", "intercept", "data"} ^ raw.keys())
    if wrong:
        raise CheckpointError(
            f"{path} lacks or has the unknown {', '.join(wrong)}; make it again with train."
        )
    weights = raw["weights"] if isinstance(raw["weights"], dict) else {}
    numbers = [*weights.values(), raw["intercept"]]
    if not weights or not all(
        isinstance(number, (int, float)) and math.isfinite(number) for number in numbers
    ):
        raise CheckpointError(
            f"{path}: weights and intercept must be finite numbers, and at least one weight."
        )
    if not set(weights) <= set(scorers):
        return None
    return Combination(weights, raw["intercept"], str(raw["data"]))
