"""A scorer's value -> the probability that people would call the pair similar. numpy only.

A `Calibration` is monotone and made of plain numbers, so that `calibration.json` can be read by anyone: a logistic
curve in the value, or straight lines between knots. It keeps the order of the pairs: it says how much to believe a
value, never which pair is more alike. Fitted in `measuring.fitting`; `json_files.write_json` writes the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bertsim.data.json_files import read_json, record_from
from bertsim.errors import CheckpointError, InputError

NAME = "calibration.json"
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

        Example: logistic, slope 2, intercept -1: 0.5 -> 0.5
        """
        values = np.asarray(score, np.float64)
        if self.kind == "logistic":
            result = 0.5 * (1.0 + np.tanh(0.5 * (self.slope * values + self.intercept)))
        else:
            result = np.interp(values, self.scores, self.probabilities)
        return float(result) if values.ndim == 0 else result


def read_calibrations(path: Path) -> dict[str, Calibration]:
    """Curves by scorer name; empty where there is no such file.

    Raises:
        CheckpointError: an unknown or missing key, a value that cannot be, or a curve that does not rise; names
            file and scorer.
    """
    curves = read_json(path) if path.exists() else {}
    return {
        name: record_from(Calibration, raw, f"{path}, {name}", error=CheckpointError, advice="fit it again with train")
        for name, raw in curves.items()
    }
