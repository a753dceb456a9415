"""Two sentence embeddings -> a score. numpy only.

A *similarity* is a measure's own value; a *score* is higher the more alike two sentences are. They differ for
distances alone, where score = 1 / (1 + distance), which falls from 1 (identical) towards 0 and keeps the order.

Source: sentence-transformers `SimilarityFunction` (the four measures; it negates distances instead).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bertsim.bert.pooling import scale_to_unit
from bertsim.records import Float


class Measure(NamedTuple):
    """A way to compare two embeddings: float32 [n, dim], float32 [n, dim] -> float32 [n]; unit and range of values."""

    compute: Callable[[Float, Float], Float]
    unit: str
    low: float
    high: float


def cosine(a: Float, b: Float) -> Float:
    """Cosine of the angle of each row pair, clipped to [-1, 1]; 0 where either row is zero.

    Example: [[3., 4.]] and [[4., 3.]] -> [0.96]
    """
    return np.clip(np.sum(scale_to_unit(a) * scale_to_unit(b), axis=1), -1.0, 1.0)


def dot(a: Float, b: Float) -> Float:
    """Sum of products of each row pair. Example: [[1., 2.]] and [[3., 4.]] -> [11.]."""
    return np.sum(a * b, axis=1)


def euclidean(a: Float, b: Float) -> Float:
    """Straight-line distance of each row pair. Example: [[0., 0.]] and [[3., 4.]] -> [5.]."""
    return np.sqrt(np.sum((a - b) ** 2, axis=1))


def manhattan(a: Float, b: Float) -> Float:
    """Sum of absolute differences of each row pair. Example: [[0., 0.]] and [[3., 4.]] -> [7.]."""
    return np.sum(np.abs(a - b), axis=1)


MEASURES = {
    "cosine": Measure(cosine, "similarity", -1.0, 1.0),
    "dot": Measure(dot, "product", -math.inf, math.inf),
    "euclidean": Measure(euclidean, "distance", 0.0, math.inf),
    "manhattan": Measure(manhattan, "distance", 0.0, math.inf),
}
