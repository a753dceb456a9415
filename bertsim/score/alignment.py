"""How well the tokens of two sentences match one another: a score of token vectors. numpy only.

A token's best match is the token of the other sentence that it has the largest cosine with. Best matches are averaged
over each sentence, and the two averages joined as F1, as BERTScore does; but where BERTScore counts tokens alike, or
by their rarity in a corpus, here a token counts by the squared length of its vector: what it adds to the dot product
of its sentence with itself.

Source: Zhang et al., "BERTScore" (2020), greedy matching; Schakel and Wilson, "Measuring Word Significance using
Distributed Representations of Words" (2015), a vector's length as its word's weight.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bertsim.bert.pooling import scale_to_unit
from bertsim.records import Float
from bertsim.score.measures import MEASURES

SCORER = "alignment"
"""What this score is called among the scorers."""
UNTRAINED = (*MEASURES, SCORER)
"""The scorers that every encoder has."""
_APART = -1.0  # no cosine is less
_TINY = 1e-9


def align_tokens(a: Float, is_token_a: NDArray[np.bool_], b: Float, is_token_b: NDArray[np.bool_]) -> Float:
    """Score pairs by their tokens' best matches.

    Args:
        a, b: token vectors, float32 [pairs, seq_a, dim] and [pairs, seq_b, dim].
        is_token_a, is_token_b: bool [pairs, seq]; False for special tokens, masked ones and padding.

    Returns:
        float32 [pairs] in [0, 1]; 0 where a sentence has no token.

    Example: vectors [[1, 0]] and [[1, 0], [0, 2]], all tokens -> precision 1, recall 1/5, F1 1/3
    """
    weights_a, unit_a = _weigh(a, is_token_a)
    weights_b, unit_b = _weigh(b, is_token_b)
    cosines = unit_a @ unit_b.transpose(0, 2, 1)
    cosines[~(is_token_a[:, :, None] & is_token_b[:, None, :])] = _APART
    precision = np.maximum((weights_a * cosines.max(axis=2)).sum(axis=1), 0.0)
    recall = np.maximum((weights_b * cosines.max(axis=1)).sum(axis=1), 0.0)
    f1 = 2 * precision * recall / np.maximum(precision + recall, _TINY)
    return np.clip(f1, 0.0, 1.0).astype(np.float32)


def _weigh(vectors: Float, is_token: NDArray[np.bool_]) -> tuple[Float, Float]:
    """Each token's share of its sentence, [pairs, seq], 0 where there is none; and vectors of length 1."""
    weights = (vectors * vectors).sum(axis=2) * is_token
    return weights / np.maximum(weights.sum(axis=1, keepdims=True), _TINY), scale_to_unit(vectors)
