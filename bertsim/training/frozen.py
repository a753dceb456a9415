"""A head on frozen features: each step reads what the encoder said from disk and moves the head alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from bertsim.heads.network import Head
from bertsim.records import Float
from bertsim.training.batches import cut_batches, dev_metric, where
from bertsim.training.examples import Examples
from bertsim.training.features import FeatureStore, Text
from bertsim.training.losses import cross_entropy
from bertsim.training.plan import TrainPlan

_DEV_BATCH = 64


class FrozenTask:
    """Trains one head; a `fit.Task`.

    Args:
        head: with its first weights.
        parts: what to learn from.
        dev: what to measure on.
        features: of every text of both.
        plan: rates, batch size, seed.
        keep: writes the head's folder.
    """

    def __init__(
        self,
        head: Head,
        parts: Sequence[Examples],
        dev: Examples,
        features: FeatureStore,
        plan: TrainPlan,
        keep: Callable[[], None],
    ) -> None:
        self._head, self._parts, self._dev, self._features, self._plan = head, parts, dev, features, plan
        self.keep_best = keep
        self._rows = np.concatenate([self._locate(part) for part in parts])
        self._targets = np.concatenate([part.targets for part in parts])
        self._weights = np.concatenate([np.full(len(p), p.source.weight, np.float32) for p in parts])
        self._optimizer = make_optimizer(plan.learning_rate, plan.weight_decay)
        self._optimizer.build(head.trainable_variables)
        self._step, self._logits = _compile(head, self._optimizer)

    @property
    def weights(self) -> Sequence[Any]:
        """The head's."""
        return self._head.trainable_variables

    @property
    def variables(self) -> Sequence[Any]:
        """The head's, dropout's seeds and the optimiser's."""
        return [*self._head.variables, *self._optimizer.variables]

    def batches(self, epoch: int) -> Sequence[NDArray[np.int64]]:
        """Indices of the examples of each step; lengths within a batch are alike."""
        lengths = self._features.lengths[self._rows].max(axis=1)
        return cut_batches(lengths, self._plan.batch_size, [self._plan.seed, epoch])

    def step(self, batch: NDArray[np.int64], rate: float) -> float:
        """See `fit.Task`."""
        self._optimizer.learning_rate = self._plan.learning_rate * rate
        arrays = [array for side in self._rows[batch].T for array in self._features.gather(side)]
        return float(self._step(*arrays, self._targets[batch], self._weights[batch]))

    def measure(self) -> float:
        """Mean over labels of Spearman, or of ROC AUC for labels of 0 and 1."""
        return dev_metric(self.predict(self._dev), self._dev.targets)

    def predict(self, examples: Examples) -> Float:
        """Probabilities, float32 [n, labels]."""
        rows = self._locate(examples)
        order = np.argsort(self._features.lengths[rows].max(axis=1), kind="stable")
        result = np.zeros_like(examples.targets)
        for start in range(0, len(order), _DEV_BATCH):
            batch = order[start : start + _DEV_BATCH]
            arrays = [array for side in rows[batch].T for array in self._features.gather(side)]
            result[batch] = keras.ops.sigmoid(self._logits(*arrays)).numpy()
        return result

    def where(self, batch: NDArray[np.int64]) -> str:
        """See `fit.Task`."""
        return where(self._parts, batch)

    def _locate(self, examples: Examples) -> NDArray[np.int64]:
        """Rows of the features: int64 [n, 2] for sentences apart, [n, 1] for packed pairs."""
        find = self._features.rows
        return np.array(
            [[find[text] for text in texts_of(pair, self._head.config.inputs)] for pair in examples.pairs],
            np.int64,
        )


def texts_of(pair: tuple[str, str], inputs: str) -> tuple[Text, ...]:
    """The sequences that a pair is read as: two, or one packed."""
    return (pair,) if inputs == "packed" else ((pair[0],), (pair[1],))


def make_optimizer(rate: float, weight_decay: float) -> Any:
    """Adam, or AdamW; gradients are cut to a global norm of 1."""
    if weight_decay:
        return keras.optimizers.AdamW(rate, weight_decay=weight_decay, global_clipnorm=1.0)
    return keras.optimizers.Adam(rate, global_clipnorm=1.0)


def _compile(head: Head, optimizer: Any) -> tuple[Any, Any]:
    """Graphs of a step and of logits, for any batch and length."""
    size, labels = head.config.hidden_size, len(head.config.labels)
    sides = 2 if head.config.inputs == "apart" else 1
    side = [
        tf.TensorSpec([None, None, size], tf.float32),
        tf.TensorSpec([None, None], tf.int32),
        tf.TensorSpec([None, size], tf.float32),
    ]
    labelled = [tf.TensorSpec([None, labels], tf.float32), tf.TensorSpec([None], tf.float32)]

    def run(arrays: Sequence[Any], training: bool) -> Any:
        given = [
            ({"last_hidden_state": arrays[i], "pooler_output": arrays[i + 2]}, arrays[i + 1])
            for i in range(0, len(arrays), 3)
        ]
        (output_a, mask_a), (output_b, mask_b) = given[0], given[1] if len(given) > 1 else (None, None)
        return head.logits(output_a, mask_a, output_b, mask_b, training=training)

    @tf.function(input_signature=side * sides + labelled)
    def step(*arrays: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = cross_entropy(run(arrays[:-2], True), arrays[-2], arrays[-1])
        weights = head.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    @tf.function(input_signature=side * sides)
    def logits(*arrays: Any) -> Any:
        return run(arrays, False)

    return step, logits
