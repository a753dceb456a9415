"""How well the tokens of two sentences match one another: a score of token vectors. numpy only.

A token's best match is the token of the other sentence that it has the largest cosine with. Best matches are averaged
over each sentence, and the two averages joined as F1, as BERTScore does; but where BERTScore counts tokens alike, or
by their rarity in a corpus, here a token counts by the squared length of its vector: what it adds to the dot product
of its sentence with itself.

Source: Zhang et al., "BERTScore" (2020), greedy matching; Schakel and Wilson, "Measuring Word Significance using
Distributed Representations of Words" (2015), a vector's length as its word's weight.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertsim.bert.pooling import scale_to_unit
from bertsim.records import Float

_TINY = 1e-9


class WeighedTokens(NamedTuple):
    """The tokens of one sentence, ready to be matched: float32 [tokens, dim] of length 1, and what each counts."""

    unit: Float
    weights: Float


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


def align_tokens(a: WeighedTokens, b: WeighedTokens) -> float:
    """Score a pair by its tokens' best matches, in [0, 1]; 0 where a sentence has no token.

    Example: vectors [[1, 0]] and [[1, 0], [0, 2]] -> precision 1, recall 1/5, F1 1/3
    """
    if not len(a.weights) or not len(b.weights):
        return 0.0
    cosines = a.unit @ b.unit.T
    precision = max(float(a.weights @ cosines.max(axis=1)), 0.0)
    recall = max(float(b.weights @ cosines.max(axis=0)), 0.0)
    return float(np.float32(min(2 * precision * recall / max(precision + recall, _TINY), 1.0)))
