"""What happens between two sentences and their score: the arrays behind the views. numpy only.

In: `Comparison` (the arrays that were scored). Out: small frozen records of arrays. No HTML here, and no model:
hiding tokens scores again by a function that is handed in, everything else reads what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertsim.bert.pooling import pool, scale_to_unit
from bertsim.errors import InputError
from bertsim.records import Comparison, Float, Int
from bertsim.score.measures import align_tokens, cosine, weigh_tokens

HIDDEN_TOKENS = 128  # positions of a sentence that `occlude` tries


@dataclass(frozen=True)
class Alignment:
    """Token-to-token cosines of two sentences at one layer, and what BERTScore makes of them.

    Attributes:
        cosines: float32 [a, b], real tokens only, special ones among them.
        special_a, special_b: bool [a], [b].
        best_b: int [a]; for each token of A the token of B that it is most like.
        best_a: int [b]; the other way round.
        precision, recall, f1: BERTScore of A as the candidate against B as the reference.
        score: the same with tokens weighed by their vectors' lengths; at the last layer that of the scorer "alignment".
    """

    cosines: Float
    special_a: NDArray[np.bool_]
    special_b: NDArray[np.bool_]
    best_b: NDArray[np.intp]
    best_a: NDArray[np.intp]
    precision: float
    recall: float
    f1: float
    score: float


def align(comparison: Comparison, layer: int = -1) -> Alignment:
    """Compare every token of A with every token of B at a layer, an index into `hidden_states`.

    Source: Zhang et al., BERTScore (2020), and its reference code without idf: a token may be matched with a
    special one, but special tokens have no weight in the averages.
    """
    hidden = comparison.output.hidden_states[layer]
    score = float(align_tokens(*weigh_tokens(hidden, comparison.tokens.is_own))[2])
    keep = [comparison.tokens.attention_mask[row] == 1 for row in (0, 1)]
    a, b = (scale_to_unit(hidden[row][keep[row]]) for row in (0, 1))
    special_a, special_b = (comparison.tokens.is_special[row][keep[row]] for row in (0, 1))
    cosines = np.clip(a @ b.T, -1.0, 1.0)
    precision = float(cosines.max(axis=1)[~special_a].mean())
    recall = float(cosines.max(axis=0)[~special_b].mean())
    f1 = 2 * precision * recall / (precision + recall) if abs(precision + recall) > 1e-9 else 0.0
    best_b, best_a = cosines.argmax(axis=1), cosines.argmax(axis=0)
    return Alignment(cosines, special_a, special_b, best_b, best_a, precision, recall, f1, score)


def layer_profile(comparison: Comparison, poolings: Sequence[str]) -> Float:
    """The pair's cosine at every layer, for poolings of `pooling.POOLINGS` but "pooler".

    Returns:
        float32 [poolings, layers + 1]; column 0 is the embeddings.
    """
    hidden, mask = comparison.output.hidden_states, comparison.tokens.attention_mask.astype(np.float32)
    sides = [(hidden[:, row], np.repeat(mask[row : row + 1], len(hidden), axis=0)) for row in (0, 1)]
    return np.array([cosine(*(pool(*side, name) for side in sides)) for name in poolings], np.float32)


def check_masks(attention_mask: Int) -> None:
    """Refuse a mask, int32 [2, seq], A in row 0, B in row 1, that leaves nothing of a sentence.

    Raises:
        InputError: no token of a sentence is left.
    """
    for name, mask in zip("AB", attention_mask, strict=False):
        if not mask.any():
            raise InputError(f"every token of sentence {name} is masked: leave at least one.")


@dataclass(frozen=True)
class Occlusion:
    """The score of a pair with each token hidden in turn.

    Attributes:
        scorer: whose score.
        score: of the whole pair; higher = more similar.
        changes_a, changes_b: float32 [a], [b]; score without the token minus `score`, NaN where not tried.
    """

    scorer: str
    score: float
    changes_a: Float
    changes_b: Float


def occlude(comparison: Comparison, scorer: str, score_masked: Callable[[Int], Float]) -> Occlusion:
    """Hide each token of both sentences in turn; the other sentence stays whole.

    Up to `HIDDEN_TOKENS` positions of a sentence are tried, all in one call of `score_masked`, which makes of masks,
    int32 [n, 2, seq], the scores of that scorer, float32 [n].
    """
    tokens = comparison.tokens
    ordinary = tokens.is_own
    ordinary[:, HIDDEN_TOKENS:] = False
    rows, positions = np.nonzero(ordinary)
    masks = np.repeat(tokens.attention_mask[None], len(rows) + 1, axis=0)  # the first hides nothing
    masks[np.arange(len(rows)) + 1, rows, positions] = 0
    scores = score_masked(masks)
    changes = np.full(ordinary.shape, np.nan, np.float32)
    changes[rows, positions] = scores[1:] - scores[0]
    changes_a, changes_b = (changes[row, : int(tokens.attention_mask[row].sum())] for row in (0, 1))
    return Occlusion(scorer, comparison[scorer].score, changes_a, changes_b)
