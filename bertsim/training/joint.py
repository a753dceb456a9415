"""The encoder in every step: it learns with its heads ("all"), or stands still while they learn ("heads").

A batch is of one file, so that its labels share a scale, and teaches the heads whose labels are of its kind: ratings
those that rate, inference data those that infer. Cosines learn by CoSENT, of positives by in-batch negatives; every
head by its own cross-entropy (of positives also against the partners of the row before). Beside each batch some
sentences of plain text are pinned: their embeddings shall stay those of the encoder that was started from. All losses
are added up.

Source: pinning: knowledge distillation from oneself, as "learning without forgetting", Li and Hoiem 2016.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from bertsim.heads.network import Head
from bertsim.records import Float
from bertsim.training.batches import cut_batches, dev_metric, take_turns, where
from bertsim.training.examples import Examples
from bertsim.training.frozen import make_optimizer
from bertsim.training.losses import cosent, cross_entropy, in_batch_negatives, softmax_cross_entropy
from bertsim.training.plan import TrainPlan
from bertsim.training.reading import Output, Pinned, Reader, token_specs

_DEV_BATCH = 64
_DIRECTED = ("inference", "edits", "swaps")


@dataclass(frozen=True)
class Batch:
    """One step: which file, which of its rows, and the seed of what is drawn for it."""

    part: int
    rows: NDArray[np.int64]
    seed: tuple[int, int, int]


@dataclass(frozen=True)
class _Lesson:
    """What a batch teaches: heads by their place, the cosine or not, partners of other rows as wrong ones."""

    heads: tuple[int, ...]
    cosine: bool
    is_positives: bool


class JointTask:
    """Trains heads, and the encoder where `plan.tune` is "all"; a `fit.Task`.

    Args:
        encoder: a `BertEncoder` with its weights.
        heads: on it, with their first weights, in the order of the plan's; may be none where the encoder learns.
        reader: how the checkpoint reads text.
        parts: what to learn from.
        dev: what to measure on.
        plan: rates, batch size, seed.
        keep: writes encoder and heads.
        pinned: sentences whose embeddings shall stay.
    """

    def __init__(
        self,
        encoder: Any,
        heads: Sequence[Head],
        reader: Reader,
        parts: Sequence[Examples],
        dev: Examples,
        plan: TrainPlan,
        keep: Callable[[], None],
        pinned: Pinned | None = None,
    ) -> None:
        self._encoder, self._heads, self._reader = encoder, tuple(heads), reader
        self._parts, self._dev, self._plan, self._pinned = parts, dev, plan, pinned
        self.keep_best = keep
        for layer in (linear for block in encoder.blocks for linear in block.linears):
            layer.multiplied_in = "bfloat16" if plan.bfloat16 else "float32"
        self._lengths = [
            reader.lengths([a for a, _ in part.pairs]) + reader.lengths([b for _, b in part.pairs])
            for part in parts
        ]
        self._groups = _groups(encoder, heads, plan)
        self._optimizers = [make_optimizer(rate, plan.weight_decay) for _, rate in self._groups]
        for optimizer, (weights, _) in zip(self._optimizers, self._groups, strict=True):
            optimizer.build(weights)
        self._lessons = [self._lesson(part) for part in parts]
        self._steps = {lesson: self._compile(lesson) for lesson in set(self._lessons)}
        self._judges = _judges(plan, dev)
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

    def batches(self, epoch: int) -> Sequence[Batch]:
        """Which file, and which of its examples, make each step."""
        found = []
        for index, (part, lengths) in enumerate(zip(self._parts, self._lengths, strict=True)):
            if not part.source.learns_in(epoch):
                continue
            seed = [self._plan.seed, epoch, index]
            rows = take_turns(len(part), part.source.per_epoch, epoch, [self._plan.seed, index])
            for batch in cut_batches(lengths[rows], self._plan.batch_size, seed):
                if len(batch) > 1 or len(part) == 1:
                    found.append((index, rows[batch]))
        order = np.random.default_rng([self._plan.seed, epoch]).permutation(len(found))
        return [
            Batch(found[i][0], found[i][1], (self._plan.seed, epoch, int(place)))
            for place, i in enumerate(order)
        ]

    def step(self, batch: Batch, rate: float) -> float:
        """See `fit.Task`."""
        part, lesson = self._parts[batch.part], self._lessons[batch.part]
        for optimizer, (_, full) in zip(self._optimizers, self._groups, strict=True):
            optimizer.learning_rate = full * rate
        random = np.random.default_rng(batch.seed)
        pairs = [part.pairs[i] for i in batch.rows]
        if part.source.kind not in _DIRECTED:  # alike has no direction
            pairs = [
                (b, a) if turn else (a, b)
                for (a, b), turn in zip(pairs, random.random(len(pairs)) < 0.5, strict=True)
            ]
        given = self._read(pairs, [self._heads[i] for i in lesson.heads], cosine=lesson.cosine)
        if lesson.is_positives and "packed" in given:
            given["mismatched"] = self._reader.packed(
                [(a, other) for (a, _), (_, other) in zip(pairs, [pairs[-1], *pairs[:-1]], strict=True)]
            )
        if self._pinned is not None:
            chosen = self._pinned.draw(self._plan.pin_batch, random)
            given["pinned"] = self._reader.alone(self._pinned.sentences[chosen])
            given["vectors"] = self._pinned.vectors[chosen]
        given["targets"] = part.targets[batch.rows]
        given["weights"] = np.full(len(pairs), part.source.weight, np.float32)
        return float(self._steps[lesson](given))

    def measure(self) -> float:
        """Mean of the dev metric over the cosine (where the encoder learns) and every head whose labels dev has."""
        order = np.argsort([len(a) + len(b) for a, b in self._dev.pairs], kind="stable")
        found: list[Float] = []
        for start in range(0, len(order), _DEV_BATCH):
            pairs = [self._dev.pairs[i] for i in order[start : start + _DEV_BATCH]]
            heads = [self._heads[i] for i in self._judges.heads]
            found.append(self._predict(self._read(pairs, heads, cosine=self._judges.cosine)).numpy())
        columns = np.concatenate(found)
        columns[order] = columns.copy()
        targets, metrics, place = self._dev.targets, [], 0
        if self._judges.cosine:
            metrics.append(dev_metric(columns[:, :1], targets[:, :1]))
            place = 1
        for _ in self._judges.heads:
            end = place + targets.shape[1]
            metrics.append(dev_metric(columns[:, place:end], targets))
            place = end
        return float(np.mean(metrics))

    def where(self, batch: Batch) -> str:
        """See `fit.Task`."""
        return where([self._parts[batch.part]], batch.rows)

    def _lesson(self, part: Examples) -> _Lesson:
        infers = is_inferred(part, self._plan)
        heads = tuple(i for i, head in enumerate(self._plan.heads) if head.infers == infers)
        cosine = self._plan.tune == "all" and self._plan.cosine_weight > 0 and not infers
        return _Lesson(heads, cosine, part.source.kind == "positives")

    def _read(
        self, pairs: Sequence[tuple[str, str]], heads: Sequence[Head], *, cosine: bool
    ) -> dict[str, Any]:
        """The arrays of pairs in the ways in which cosine and heads read them; "apart" has A of all before B of all."""
        given: dict[str, Any] = {}
        if cosine or any(head.config.inputs == "apart" for head in heads):
            given["apart"] = self._reader.alone(
                [side for sides in zip(*pairs, strict=True) for side in sides]
            )
        if any(head.config.inputs == "packed" for head in heads):
            given["packed"] = self._reader.packed(pairs)
        return given

    def _compile(self, lesson: _Lesson) -> Any:
        """The graph of a step."""
        weights = [group for group, _ in self._groups]
        heads = [self._heads[i] for i in lesson.heads]
        names = _ways(heads, cosine=lesson.cosine)
        if lesson.is_positives and "packed" in names:
            names.append("mismatched")
        labels = len(heads[0].config.labels) if heads else None
        given = {
            "targets": tf.TensorSpec([None, labels], tf.float32),
            "weights": tf.TensorSpec([None], tf.float32),
        }
        if self._pinned is not None:
            names.append("pinned")
            given["vectors"] = tf.TensorSpec([None, None], tf.float32)

        @tf.function(input_signature=[given | {name: token_specs() for name in names}])
        def step(given: Mapping[str, Any]) -> Any:
            with tf.GradientTape() as tape:
                loss = self._loss(given, lesson)
            gradients = tape.gradient(loss, weights)
            for optimizer, group, gradient in zip(self._optimizers, weights, gradients, strict=True):
                known = [tf.zeros_like(w) if g is None else g for g, w in zip(gradient, group, strict=True)]
                optimizer.apply(known, group)
            return loss

        return step

    def _loss(self, given: Mapping[str, Any], lesson: _Lesson) -> Any:
        targets, weights = given["targets"], given["weights"]
        ways = [name for name in ("apart", "packed", "mismatched") if name in given]
        outputs = {name: self._encode(given[name]) for name in ways}
        loss = ops.zeros(())
        if lesson.cosine:
            a, b = tf.split(self._reader.embed(outputs["apart"], given["apart"]["attention_mask"]), 2)
            cosine = in_batch_negatives(a, b) if lesson.is_positives else cosent(a, b, targets[:, 0])
            loss += self._plan.cosine_weight * cosine * weights[0]
        for index in lesson.heads:
            head, plan = self._heads[index], self._plan.heads[index]
            error = softmax_cross_entropy if head.config.activation == "softmax" else cross_entropy
            loss += plan.weight * error(_logits(head, outputs, given, training=True), targets, weights)
            if lesson.is_positives:
                wrong = _wrong_logits(head, outputs, given)
                loss += plan.weight * error(wrong, ops.zeros_like(targets), weights)
        if "pinned" in given:
            output = self._encoder(
                **given["pinned"]
            )  # without dropout, whose noise would be all that is learned from
            vectors = self._reader.embed(output, given["pinned"]["attention_mask"])
            cosines = -keras.losses.cosine_similarity(vectors, given["vectors"])
            loss += self._plan.pin_weight * ops.mean(1.0 - cosines)
        return loss

    def _encode(self, arrays: Mapping[str, Any]) -> Output:
        return self._encoder(**arrays, training=self._plan.tune == "all")

    def _compile_predict(self) -> Any:
        """The graph of what `measure` compares with labels: the cosine, then every head's probabilities."""
        heads = [self._heads[i] for i in self._judges.heads]
        names = _ways(heads, cosine=self._judges.cosine)

        @tf.function(input_signature=[{name: token_specs() for name in names}])
        def predict(given: Mapping[str, Any]) -> Any:
            outputs = {name: self._encoder(**arrays) for name, arrays in given.items()}
            columns = []
            if self._judges.cosine:
                a, b = tf.split(self._reader.embed(outputs["apart"], given["apart"]["attention_mask"]), 2)
                columns.append(-keras.losses.cosine_similarity(a, b)[:, None])
            for head in heads:
                activation = ops.softmax if head.config.activation == "softmax" else ops.sigmoid
                columns.append(activation(_logits(head, outputs, given, training=False)))
            return ops.concatenate(columns, axis=-1)

        return predict


def _groups(encoder: Any, heads: Sequence[Head], plan: TrainPlan) -> list[tuple[list[Any], float]]:
    """What learns, by its learning rate: a pooler that begins anew learns as fast as the heads."""
    encoder.trainable = plan.tune == "all"
    if plan.freeze_embeddings:
        encoder.embeddings.word.trainable = False
    slow, fast = list(encoder.trainable_variables), [w for head in heads for w in head.trainable_variables]
    if plan.identity_pooler and encoder.pooler is not None:
        new = {id(weight) for weight in encoder.pooler.trainable_variables}
        fast += [weight for weight in slow if id(weight) in new]
        slow = [weight for weight in slow if id(weight) not in new]
    groups = [(slow, plan.encoder_learning_rate), (fast, plan.learning_rate)]
    return [(weights, rate) for weights, rate in groups if weights]


def is_inferred(part: Examples, plan: TrainPlan) -> bool:
    """Whether the labels of a file are those of inference, and a head learns from them as such."""
    return part.source.kind in (*_DIRECTED, "paraphrases") and any(head.infers for head in plan.heads)


def _judges(plan: TrainPlan, dev: Examples) -> _Lesson:
    """The heads, and whether the cosine, that can be measured by the labels of dev."""
    infers = is_inferred(dev, plan)
    chosen = tuple(i for i, head in enumerate(plan.heads) if head.infers == infers)
    return _Lesson(chosen, plan.tune == "all" and not infers, is_positives=False)


def _ways(heads: Sequence[Head], *, cosine: bool) -> list[str]:
    """In which ways the encoder must read a pair: "apart", "packed" or both, in this order."""
    wanted = {head.config.inputs for head in heads} | ({"apart"} if cosine else set())
    return [name for name in ("apart", "packed") if name in wanted]


def _logits(head: Head, outputs: Mapping[str, Output], given: Mapping[str, Any], *, training: bool) -> Any:
    output, mask = outputs[head.config.inputs], given[head.config.inputs]["attention_mask"]
    if head.config.inputs == "packed":
        return head.logits(output, mask, training=training)
    return head.logits(*_split(output, mask), training=training)


def _wrong_logits(head: Head, outputs: Mapping[str, Output], given: Mapping[str, Any]) -> Any:
    """Logits of first sentences with the second ones of the row before."""
    if head.config.inputs == "packed":
        return head.logits(outputs["mismatched"], given["mismatched"]["attention_mask"], training=True)
    first, mask, second, other = _split(outputs["apart"], given["apart"]["attention_mask"])
    rolled = {name: tf.roll(value, 1, 0) for name, value in second.items()}
    return head.logits(first, mask, rolled, tf.roll(other, 1, 0), training=True)


def _split(output: Output, mask: Any) -> tuple[Output, Any, Output, Any]:
    """Arrays of 2 n sequences as those of the first and of the second sentences."""
    names = [name for name in ("last_hidden_state", "pooler_output") if name in output]
    halves = {name: tf.split(output[name], 2) for name in names}
    first, second = tf.split(mask, 2)
    return {n: halves[n][0] for n in names}, first, {n: halves[n][1] for n in names}, second
