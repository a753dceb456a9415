"""What is minimised: cross-entropy of heads, CoSENT of cosines, in-batch negatives; and how predictions are measured.

Source: CoSENT: Su 2022, as in sentence-transformers `CoSENTLoss` (scale 20); in-batch negatives: Henderson et al. 2017,
`MultipleNegativesRankingLoss` (scale 20), in both directions.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from bertsim.bert.pooling import scale_to_unit
from bertsim.records import Float

Tensor = Any
SCALE = 20.0
_MASKED = -1e9


def cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor, *, exclusive: bool) -> Tensor:
    """Cross-entropy: the sum over pairs, each by its weight, over the batch's size; a scalar.

    Args:
        logits, targets: float32 [batch, labels]; targets in [0, 1].
        weights: float32 [batch].
        exclusive: whether labels exclude each other: softmax; else a sigmoid for each, and the mean over labels.

    Example: one logit 0, any target, weight 1 -> log 2; three equal logits that exclude each other -> log 3
    """
    error = keras.losses.categorical_crossentropy if exclusive else keras.losses.binary_crossentropy
    return ops.mean(error(targets, logits, from_logits=True) * weights)


def cosent(a: Tensor, b: Tensor, targets: Tensor) -> Tensor:
    """log(1 + Σ exp(20 · (cos_j - cos_i))) over all i, j of which people called i more alike than j.

    `a` and `b` are float32 [batch, dim], `targets` float32 [batch].

    Example: two pairs of equal cosine with targets 1 and 0 -> log 2
    """
    scores = SCALE * ops.sum(scale_to_unit(a, ops) * scale_to_unit(b, ops), axis=-1)
    differences = scores[None, :] - scores[:, None]
    counts = targets[:, None] > targets[None, :]
    terms = ops.reshape(ops.where(counts, differences, _MASKED), (-1,))
    return ops.logsumexp(ops.concatenate([ops.zeros((1,)), terms]))


def in_batch_negatives(a: Tensor, b: Tensor) -> Tensor:
    """Every sentence shall find its partner among all of the batch: cross-entropy over cosines, both directions.

    `a` and `b` are float32 [batch, dim]; row i of one belongs to row i of the other.

    Example: a batch of one -> 0
    """
    cosines = SCALE * ops.matmul(scale_to_unit(a, ops), ops.transpose(scale_to_unit(b, ops)))
    partner = ops.diagonal(cosines)
    return ops.mean(ops.logsumexp(cosines, axis=1) + ops.logsumexp(cosines, axis=0) - 2 * partner) / 2


def dev_metric(predicted: Float, targets: Float) -> float:
    """Mean over labels: ROC AUC where a label is 0 or 1, else Spearman; NaN where predictions do not vary.

    Both arrays are float32 [n, labels].

    Example: predicted [[.1], [.9]], targets [[0], [1]] -> 1.0
    """
    from scipy.stats import spearmanr
    from sklearn.metrics import roc_auc_score

    found = []
    for p, y in zip(predicted.T, targets.T, strict=True):
        if np.ptp(p) == 0 or not np.isfinite(p).all():
            return float("nan")
        is_binary = set(np.unique(y)) <= {0.0, 1.0}
        found.append(roc_auc_score(y, p) if is_binary else spearmanr(p, y).statistic)
    return float(np.mean(found))


def metric_name(targets: Float) -> str:
    """What `dev_metric` is called on these targets."""
    return "AUC" if set(np.unique(targets)) <= {0.0, 1.0} else "Spearman"
