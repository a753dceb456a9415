"""Scores -> probabilities, by curves of plain numbers that anyone can read in their files. numpy only.

A `Calibration` turns one scorer's value into the probability that people would call the pair similar. It is monotone
and keeps the order of the pairs: it says how much to believe a value, never which pair is more alike. A `Combination`
makes one scorer of several. `measuring.fitting` fits both, `json_files.write_json` writes them.

Source: stacking, Wolpert 1992, with logistic regression as the second level.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bertsim.data.json_files import read_json, record_from
from bertsim.errors import CheckpointError, InputError

NAME, COMBINED_NAME = "calibration.json", "combined.json"
KINDS = ("logistic", "isotonic")
SIMILAR = 0.8
"""A pair is called similar from this part of the label scale on: 4 of 5 on STS-B."""


@dataclass(frozen=True)
class Calibration:
    """A rising curve from scores to probabilities.

    Attributes:
        kind: "logistic": 1 / (1 + exp(-(slope · score + intercept))); "isotonic": straight lines between knots,
            level beyond the first and the last.
        slope, intercept: of the logistic curve; 0 for the other.
        scores, probabilities: the knots, both rising; empty for the other.
        similar: from which part of the label scale on a pair counts as similar, in (0, 1].
        data, n: what it was fitted on, and on how many pairs.
    """

    kind: str
    slope: float = 0.0
    intercept: float = 0.0
    scores: tuple[float, ...] = ()
    probabilities: tuple[float, ...] = ()
    similar: float = SIMILAR
    data: str = ""
    n: int = 0

    def __post_init__(self) -> None:
        rises = all((np.diff(knots) >= 0).all() for knots in (self.scores, self.probabilities))
        fits = len(self.scores) == len(self.probabilities) and bool(self.scores) == (self.kind == "isotonic")
        if self.kind not in KINDS or not rises or not fits or self.slope < 0:
            raise InputError(f"this is no rising {' or '.join(KINDS)} curve.")
        for value in (self.similar, *self.probabilities):
            if not 0 <= value <= 1:
                raise InputError(f"it holds {value!r}; a value in [0, 1] was expected.")

    def apply(self, score: ArrayLike) -> Any:
        """Turn scores into probabilities, element by element; a float for a float.

        Raises: InputError, for what is no number.
        Example: logistic, slope 2, intercept -1: 0.5 -> 0.5
        """
        try:
            values = np.asarray(score, np.float64)
        except (TypeError, ValueError):
            raise InputError(f"scores are {score!r:.60}; numbers were expected.") from None
        if self.kind == "logistic":
            result = _logistic(self.slope * values + self.intercept)
        else:
            result = np.interp(values, self.scores, self.probabilities)
        return float(result) if values.ndim == 0 else result


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
        return _logistic(np.sum(parts, axis=0) + self.intercept)


def _logistic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def read_calibrations(path: Path) -> dict[str, Calibration]:
    """Curves by scorer name; empty where there is no such file.

    Raises: CheckpointError, for a key or a value that cannot be, or a curve that does not rise; names file and scorer.
    """
    curves = read_json(path) if path.exists() else {}
    return {
        name: record_from(Calibration, raw, f"{path}, {name}", error=CheckpointError, advice="fit it again with train")
        for name, raw in curves.items()
    }


def read_combination(path: Path, scorers: Collection[str]) -> Combination | None:
    """The combination in a file; None where there is no such file, or a scorer of it is not loaded.

    Raises: CheckpointError, if a key is missing or unknown, or a value is no finite number; names it.
    """
    if not path.exists():
        return None
    advice = "make it again with train"
    found = record_from(Combination, read_json(path), str(path), error=CheckpointError, advice=advice)
    return found if set(found.weights) <= set(scorers) else None
