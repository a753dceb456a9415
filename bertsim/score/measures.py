"""What is kept of two sentences -> a score: their embeddings, or the vectors of their tokens. numpy only.

A *similarity* is a measure's own value; a *score* is higher the more alike two sentences are. They differ for
distances alone, where score = 1 / (1 + distance), which falls from 1 (identical) towards 0 and keeps the order.

A token's best match is the token of the other sentence that it has the largest cosine with. Best matches are averaged
over each sentence, and the two averages joined as F1, as BERTScore does; but where BERTScore counts tokens alike, or
by their rarity in a corpus, here a token counts by the squared length of its vector: what it adds to the dot product
of its sentence with itself.

Source: sentence-transformers `SimilarityFunction` (four measures; it negates distances instead); Zhang et al.,
"BERTScore" (2020), greedy matching; Schakel and Wilson, "Measuring Word Significance using Distributed Representations
of Words" (2015), a vector's length as its word's weight.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertsim.bert.pooling import scale_to_unit
from bertsim.records import ALIGNMENT, ALIGNMENT_PARTS, Float

_TINY = 1e-9


class Measure(NamedTuple):
    """A way to compare entries of A and B, float32 [n, dim] or n `WeighedTokens`; unit and range of its values.

    `compute` gives float32 [n]; `across` the same of n rows of A with m of B, float32 [n, m], where it is one product.
    """

    compute: Callable[[Any, Any], Float]
    unit: str
    low: float
    high: float
    across: Callable[[Float, Float], Float] | None = None


class WeighedTokens(NamedTuple):
    """The tokens of one sentence, ready to be matched: float32 [tokens, dim] of length 1, and what each counts."""

    unit: Float
    weights: Float


def cosine(a: Float, b: Float) -> Float:
    """Cosine of the angle of each row pair, clipped to [-1, 1]; 0 where either row is zero.

    Example: [[3., 4.]] and [[4., 3.]] -> [0.96]
    """
    return np.clip(np.sum(scale_to_unit(a) * scale_to_unit(b), axis=1), -1.0, 1.0)


def dot(a: Float, b: Float) -> Float:
    """Sum of products of each row pair. Example: [[1., 2.]] and [[3., 4.]] -> [11.]."""
    return np.sum(a * b, axis=1)


def cosine_across(a: Float, b: Float) -> Float:
    """`cosine` of every row of A with every row of B: float32 [a, b].

    Example: [[3., 4.]] and [[4., 3.], [0., 2.]] -> [[0.96, 0.8]]
    """
    return np.clip(dot_across(scale_to_unit(a), scale_to_unit(b)), -1.0, 1.0)


def dot_across(a: Float, b: Float) -> Float:
    """`dot` of every row of A with every row of B: float32 [a, b].

    Not a product of matrices, which rounds equal rows differently by where they stand: their order would be chance.

    Example: [[1., 2.]] and [[3., 4.], [0., 1.]] -> [[11., 2.]]
    """
    return np.einsum("ij,kj->ik", a, b)


def euclidean(a: Float, b: Float) -> Float:
    """Straight-line distance of each row pair. Example: [[0., 0.]] and [[3., 4.]] -> [5.]."""
    return np.sqrt(np.sum((a - b) ** 2, axis=1))


def manhattan(a: Float, b: Float) -> Float:
    """Sum of absolute differences of each row pair. Example: [[0., 0.]] and [[3., 4.]] -> [7.]."""
    return np.sum(np.abs(a - b), axis=1)


def weigh_tokens(vectors: Float, is_own: NDArray[np.bool_]) -> list[WeighedTokens]:
    """Weigh the tokens of sentences.

    Args:
        vectors: float32 [batch, seq, dim].
        is_own: bool [batch, seq]; False for special tokens, masked ones and padding.
    """
    unit, squares = scale_to_unit(vectors), (vectors * vectors).sum(axis=2)
    found = []
    for each, square, own in zip(unit, squares, is_own, strict=True):
        weights = square[own]
        found.append(WeighedTokens(each[own], weights / max(float(weights.sum()), _TINY)))
    return found


def align_tokens(a: WeighedTokens, b: WeighedTokens) -> Float:
    """Score a pair by its tokens' best matches: precision (of A's), recall (of B's) and F1, float32 [3] in [0, 1].

    All are 0 where a sentence has no token.

    Example: vectors [[1, 0]] and [[1, 0], [0, 2]] -> [1, 1/5, 1/3]
    """
    if not len(a.weights) or not len(b.weights):
        return np.zeros(3, np.float32)
    cosines = a.unit @ b.unit.T
    precision = max(float(a.weights @ cosines.max(axis=1)), 0.0)
    recall = max(float(b.weights @ cosines.max(axis=0)), 0.0)
    f1 = 2 * precision * recall / max(precision + recall, _TINY)
    return np.minimum(np.array([precision, recall, f1], np.float32), np.float32(1))


def alignment(a: Sequence[WeighedTokens], b: Sequence[WeighedTokens]) -> Float:
    """`align_tokens` of each of at least one pair: float32 [n, 3]."""
    return np.stack([align_tokens(*pair) for pair in zip(a, b, strict=True)])


def _one_of_three(place: int, a: Sequence[WeighedTokens], b: Sequence[WeighedTokens]) -> Float:
    return alignment(a, b)[:, place]


MEASURES = {
    "cosine": Measure(cosine, "similarity", -1.0, 1.0, cosine_across),
    "dot": Measure(dot, "product", -math.inf, math.inf, dot_across),
    "euclidean": Measure(euclidean, "distance", 0.0, math.inf),
    "manhattan": Measure(manhattan, "distance", 0.0, math.inf),
}
OF_TOKENS = {
    name: Measure(partial(_one_of_three, place), "similarity", 0.0, 1.0)
    for place, name in enumerate((*ALIGNMENT_PARTS, ALIGNMENT))
}
"""The measures that compare `WeighedTokens`; those of `MEASURES` compare embeddings."""
