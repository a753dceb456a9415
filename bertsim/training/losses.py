"""What is minimised: cross-entropy of heads, CoSENT of cosines, in-batch negatives of positives. Keras ops.

Source: CoSENT: Su 2022, as in sentence-transformers `CoSENTLoss` (scale 20); in-batch negatives: Henderson et al. 2017,
`MultipleNegativesRankingLoss` (scale 20), in both directions.
"""

from __future__ import annotations

from typing import Any

from keras import ops

Tensor = Any
SCALE = 20.0
_MASKED = -1e9


def cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Binary cross-entropy, each pair by its weight.

    Args:
        logits, targets: float32 [batch, labels]; targets in [0, 1].
        weights: float32 [batch].

    Returns:
        a scalar: the weighted sum over pairs, mean over labels, by the batch's size.

    Example: logit 0, any target, weight 1 -> log 2
    """
    terms = ops.relu(logits) - logits * targets + ops.log1p(ops.exp(-ops.abs(logits)))
    return ops.mean(ops.mean(terms, axis=-1) * weights)


def softmax_cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy of labels that exclude each other, each pair by its weight.

    Args:
        logits, targets: float32 [batch, labels]; targets are 1 for one label, else 0.
        weights: float32 [batch].

    Example: three equal logits, weight 1 -> log 3
    """
    return -ops.mean(ops.sum(targets * ops.log_softmax(logits, axis=-1), axis=-1) * weights)


def cosent(a: Tensor, b: Tensor, targets: Tensor) -> Tensor:
    """log(1 + Σ exp(20 · (cos_j - cos_i))) over all i, j of which people called i more alike than j.

    Args:
        a, b: float32 [batch, dim].
        targets: float32 [batch].

    Example: two pairs of equal cosine with targets 1 and 0 -> log 2
    """
    scores = SCALE * ops.sum(_unit(a) * _unit(b), axis=-1)
    differences = scores[None, :] - scores[:, None]
    counts = targets[:, None] > targets[None, :]
    terms = ops.reshape(ops.where(counts, differences, _MASKED), (-1,))
    return ops.logsumexp(ops.concatenate([ops.zeros((1,)), terms]))


def in_batch_negatives(a: Tensor, b: Tensor) -> Tensor:
    """Every sentence shall find its partner among all of the batch: cross-entropy over cosines, both directions.

    Args:
        a, b: float32 [batch, dim]; row i of one belongs to row i of the other.

    Example: a batch of one -> 0
    """
    cosines = SCALE * ops.matmul(_unit(a), ops.transpose(_unit(b)))
    partner = ops.diagonal(cosines)
    rows = ops.logsumexp(cosines, axis=1) - partner
    columns = ops.logsumexp(cosines, axis=0) - partner
    return ops.mean(rows + columns) / 2


def _unit(x: Tensor) -> Tensor:
    return x * ops.rsqrt(ops.maximum(ops.sum(x * x, axis=-1, keepdims=True), 1e-12))
