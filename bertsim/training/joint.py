"""The encoder in every step: it learns with its heads ("all"), or stands still while they learn ("heads").

A batch is of one file, so that its labels share a scale. Cosines learn by CoSENT, of positives by in-batch negatives;
every head learns by its own cross-entropy (of positives: against the partners of the row before); all are summed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from bertsim.heads import Head
from bertsim.pooling import pool
from bertsim.records import Float
from bertsim.tokenization import Tokenizer
from bertsim.training.batches import cut_batches, dev_metric, where
from bertsim.training.examples import Examples
from bertsim.training.features import pad_sequences, tokenise
from bertsim.training.frozen import make_optimizer, texts_of
from bertsim.training.losses import cosent, cross_entropy, in_batch_negatives
from bertsim.training.plan import TrainPlan

_DEV_BATCH = 64
Rows = list[tuple[list[int], list[int]]]


class JointTask:
    """Trains heads, and the encoder where `plan.tune` is "all"; a `fit.Task`.

    Args:
        encoder: a `BertEncoder` with its weights.
        heads: on it, with their first weights; may be none where the encoder learns.
        tokenizer, pooling, normalize, max_length: how the checkpoint makes an embedding.
        parts: what to learn from.
        dev: what to measure on.
        plan: rates, batch size, seed.
        keep: writes encoder and heads.
    """

    def __init__(
        self,
        encoder: Any,
        heads: Sequence[Head],
        tokenizer: Tokenizer,
        pooling: str,
        normalize: bool,
        max_length: int,
        parts: Sequence[Examples],
        dev: Examples,
        plan: TrainPlan,
        keep: Callable[[], None],
    ) -> None:
        self._encoder, self._heads, self._parts, self._dev, self._plan = encoder, heads, parts, dev, plan
        self._pooling, self._normalize = pooling, normalize
        self._tokenizer, self._max_length = tokenizer, max_length
        self.keep_best = keep
        self._inputs = _inputs_needed(heads, plan)
        self._rows = [_tokens(part, self._inputs, tokenizer, max_length) for part in parts]
        self._dev_rows = _tokens(dev, self._inputs, tokenizer, max_length)
        encoder.trainable = plan.tune == "all"
        self._groups = [(list(encoder.trainable_variables), plan.encoder_learning_rate)]
        self._groups.append(([w for head in heads for w in head.trainable_variables], plan.learning_rate))
        self._groups = [(weights, rate) for weights, rate in self._groups if weights]
        self._optimizers = [make_optimizer(rate, plan.weight_decay) for _, rate in self._groups]
        for optimizer, (weights, _) in zip(self._optimizers, self._groups, strict=True):
            optimizer.build(weights)
        self._steps = {kind: self._compile(kind == "positives") for kind in {p.source.kind for p in parts}}
        self._predict = self._compile_predict()

    @property
    def weights(self) -> Sequence[Any]:
        """All that learns."""
        return [weight for weights, _ in self._groups for weight in weights]

    @property
    def variables(self) -> Sequence[Any]:
        """Encoder (where it learns), heads, dropout's seeds and optimisers."""
        models = [self._encoder, *self._heads] if self._plan.tune == "all" else self._heads
        return [v for model in [*models, *self._optimizers] for v in model.variables]

    def batches(self, epoch: int) -> Sequence[tuple[int, NDArray[np.int64]]]:
        """Which file, and which of its examples, make each step."""
        found = []
        for index, part in enumerate(self._parts):
            rows = self._rows[index]
            lengths = np.max([[len(ids) for ids, _ in side] for side in rows], axis=0)
            seed = [self._plan.seed, epoch, index]
            found += [
                (index, batch)
                for batch in cut_batches(lengths, self._plan.batch_size, seed)
                if len(batch) > 1 or len(part) == 1
            ]
        order = np.random.default_rng([self._plan.seed, epoch]).permutation(len(found))
        return [found[i] for i in order]

    def step(self, batch: tuple[int, NDArray[np.int64]], rate: float) -> float:
        """See `fit.Task`."""
        index, chosen = batch
        part = self._parts[index]
        for optimizer, (_, full) in zip(self._optimizers, self._groups, strict=True):
            optimizer.learning_rate = full * rate
        weight = np.full(len(chosen), part.source.weight, np.float32)
        arrays = self._arrays(self._rows[index], chosen)
        if part.source.kind == "positives" and "packed" in self._inputs:
            arrays = [*arrays, *self._mismatched(index, chosen)]
        return float(self._steps[part.source.kind](*arrays, part.targets[chosen], weight))

    def measure(self) -> float:
        """Mean of the dev metric over the cosine (where the encoder learns) and every head."""
        order = np.argsort([len(ids) for ids, _ in self._dev_rows[0]], kind="stable")
        found: list[Float] = []
        for start in range(0, len(order), _DEV_BATCH):
            chosen = order[start : start + _DEV_BATCH]
            found.append(self._predict(*self._arrays(self._dev_rows, chosen)).numpy())
        columns = np.concatenate(found)
        columns[order] = columns.copy()
        targets, metrics, place = self._dev.targets, [], 0
        if self._plan.tune == "all":
            metrics.append(dev_metric(columns[:, :1], targets[:, :1]))
            place = 1
        for head in self._heads:
            end = place + len(head.config.labels)
            metrics.append(dev_metric(columns[:, place:end], targets))
            place = end
        return float(np.mean(metrics))

    def where(self, batch: tuple[int, NDArray[np.int64]]) -> str:
        """See `fit.Task`."""
        return where([self._parts[batch[0]]], batch[1])

    def _arrays(self, rows: Sequence[Rows], chosen: NDArray[np.int64]) -> list[Any]:
        """input_ids, attention_mask and token_type_ids of each side; the two sentences share one length."""
        sides = [[side[i] for i in chosen] for side in rows]
        arrays: list[Any] = []
        if "apart" in self._inputs:
            arrays += pad_sequences(sides[0] + sides[1])
        if "packed" in self._inputs:
            arrays += pad_sequences(sides[-1])
        return arrays

    def _mismatched(self, index: int, chosen: NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """Packed pairs of the first sentences with the second ones of the row before."""
        pairs = self._parts[index].pairs
        mixed = zip(chosen, np.roll(chosen, 1), strict=True)
        made = [(pairs[one][0], pairs[other][1]) for one, other in mixed]
        return pad_sequences(tokenise(self._tokenizer, made, self._max_length))

    def _compile(self, is_positives: bool) -> Any:
        """The graph of a step."""
        triples = len(self._inputs) + (is_positives and "packed" in self._inputs)
        ids = [tf.TensorSpec([None, None], tf.int32)] * 3 * triples
        width = self._dev.targets.shape[1]
        labelled = [tf.TensorSpec([None, width], tf.float32), tf.TensorSpec([None], tf.float32)]
        weights = [group for group, _ in self._groups]

        @tf.function(input_signature=ids + labelled)
        def step(*arrays: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = self._loss(arrays[:-2], arrays[-2], arrays[-1], is_positives)
            gradients = tape.gradient(loss, weights)
            for optimizer, group, gradient in zip(self._optimizers, weights, gradients, strict=True):
                known = [tf.zeros_like(w) if g is None else g for g, w in zip(gradient, group, strict=True)]
                optimizer.apply(known, group)
            return loss

        return step

    def _loss(self, arrays: Sequence[Any], targets: Any, weights: Any, is_positives: bool) -> Any:
        learns = self._plan.tune == "all"
        outputs = [
            (self._encoder(*arrays[i : i + 3], training=learns), arrays[i + 1])
            for i in range(0, len(arrays), 3)
        ]
        loss = ops.zeros(())
        if "apart" in self._inputs and learns:
            a, b = self._embed(*outputs[0])
            cosine = in_batch_negatives(a, b) if is_positives else cosent(a, b, targets[:, 0])
            loss += cosine * weights[0]
        for head in self._heads:
            if head.config.inputs == "apart":
                sides = _split(*outputs[0])
                loss += cross_entropy(head.logits(*sides, training=True), targets, weights)
                if is_positives:
                    rolled = (_rolled(sides[2]), tf.roll(sides[3], 1, 0))
                    wrong = head.logits(*sides[:2], *rolled, training=True)
                    loss += cross_entropy(wrong, ops.zeros_like(targets), weights)
            else:
                at = 1 if "apart" in self._inputs else 0
                loss += cross_entropy(head.logits(*outputs[at], training=True), targets, weights)
                if is_positives:
                    wrong = head.logits(*outputs[at + 1], training=True)
                    loss += cross_entropy(wrong, ops.zeros_like(targets), weights)
        return loss

    def _compile_predict(self) -> Any:
        """The graph of what `measure` compares with labels: the cosine, then every head's probabilities."""
        ids = [tf.TensorSpec([None, None], tf.int32)] * 3 * len(self._inputs)

        @tf.function(input_signature=ids)
        def predict(*arrays: Any) -> Any:
            outputs = [(self._encoder(*arrays[i : i + 3]), arrays[i + 1]) for i in range(0, len(arrays), 3)]
            columns = []
            if self._plan.tune == "all":
                a, b = self._embed(*outputs[0])
                columns.append(-keras.losses.cosine_similarity(a, b)[:, None])
            for head in self._heads:
                sides = _split(*outputs[0]) if head.config.inputs == "apart" else outputs[-1]
                columns.append(ops.sigmoid(head.logits(*sides)))
            return ops.concatenate(columns, axis=-1)

        return predict

    def _embed(self, output: dict[str, Any], mask: Any) -> tuple[Any, Any]:
        if self._pooling == "pooler":
            pooled = output["pooler_output"]
        else:
            real = ops.cast(mask, "float32")
            pooled = pool(output["last_hidden_state"], real, self._pooling, normalize=self._normalize, xp=ops)
        return tuple(tf.split(pooled, 2))


def _inputs_needed(heads: Sequence[Head], plan: TrainPlan) -> tuple[str, ...]:
    """In which ways the encoder must read a pair: "apart", "packed" or both, in this order."""
    wanted = {head.config.inputs for head in heads} | ({"apart"} if plan.tune == "all" else set())
    return tuple(name for name in ("apart", "packed") if name in wanted)


def _tokens(examples: Examples, inputs: Sequence[str], tokenizer: Tokenizer, max_length: int) -> list[Rows]:
    """Tokens of each side: A and B where they are read apart, then the packed pairs where they are."""
    sides: list[Rows] = []
    for name in inputs:
        texts = [texts_of(pair, name) for pair in examples.pairs]
        for side in zip(*texts, strict=True):
            sides.append(tokenise(tokenizer, list(side), max_length))
    return sides


def _split(output: dict[str, Any], mask: Any) -> tuple[dict[str, Any], Any, dict[str, Any], Any]:
    """Arrays of 2 n sequences as those of the first and of the second sentences."""
    names = [name for name in ("last_hidden_state", "pooler_output") if name in output]
    halves = {name: tf.split(output[name], 2) for name in names}
    first, second = tf.split(mask, 2)
    return {n: halves[n][0] for n in names}, first, {n: halves[n][1] for n in names}, second


def _rolled(output: dict[str, Any]) -> dict[str, Any]:
    return {name: tf.roll(value, 1, 0) for name, value in output.items()}
