"""Several scorers -> one: a logistic curve over a weighted sum of their scores, as plain numbers in combined.json.

Fitted in `measuring.fitting`; numpy only here.

Source: stacking, Wolpert 1992, with logistic regression as the second level.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bertsim.data.json_files import read_json, record_from
from bertsim.errors import CheckpointError, InputError

NAME = "combined.json"


@dataclass(frozen=True)
class Combination:
    """1 / (1 + exp(-(sum of weight x score + intercept))), in [0, 1]; weights by scorer, fitted on `data`."""

    weights: Mapping[str, float]
    intercept: float
    data: str = ""

    def __post_init__(self) -> None:
        if not self.weights:
            raise InputError("weights is empty; at least one scorer and its weight were expected.")

    def apply(self, scores: Mapping[str, ArrayLike]) -> NDArray[np.float64]:
        """Join the scores of the same pairs, float [n] by scorer, into one; float64 [n].

        Example: weights {"cosine": 2}, intercept -1, scores {"cosine": [0.5]} -> [0.5]
        """
        parts = [weight * np.asarray(scores[name], np.float64) for name, weight in self.weights.items()]
        return 0.5 * (1.0 + np.tanh(0.5 * (np.sum(parts, axis=0) + self.intercept)))


def read_combination(path: Path, scorers: Collection[str]) -> Combination | None:
    """The combination in a file; None where there is no such file, or a scorer of it is not loaded.

    Raises:
        CheckpointError: a key is missing or unknown, or a value is no finite number; names it.
    """
    if not path.exists():
        return None
    advice = "make it again with train"
    found = record_from(Combination, read_json(path), str(path), error=CheckpointError, advice=advice)
    return found if set(found.weights) <= set(scorers) else None
