"""What a step does: the encoder runs in each, and learns with its heads or stands still while they learn.

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
from functools import partial
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from bertsim.heads.config import HeadConfig
from bertsim.heads.network import Head
from bertsim.training.batches import Pinned, Reader, Tokens, cut_batches, take_turns
from bertsim.training.examples import Data, Examples
from bertsim.training.losses import cosent, cross_entropy, dev_metric, in_batch_negatives
from bertsim.training.plan import TrainPlan

_DEV_BATCH = 64
_SLOPE = 8.0  # of the first logits of a head that starts from the cosine, in it; they are 0 at a cosine of 0.5
_DIRECTED = ("inference", "verdicts", "edits", "swaps")


@dataclass(frozen=True)
class Batch:
    """One step: which file, which of its rows, and the seed of what is drawn for it."""

    part: int
    rows: NDArray[np.int64]
    seed: tuple[int, int, int]


@dataclass(frozen=True)
class Lesson:
    """What a file teaches, or measures: heads by place, the cosine or not, partners of other rows as wrong ones."""

    heads: tuple[int, ...]
    cosine: bool
    positives: bool = False


class Arrays(NamedTuple):
    """What a graph is given; () for what it does not need."""

    apart: Tokens | tuple[()] = ()  # A of all pairs, then B of all
    packed: Tokens | tuple[()] = ()  # the pairs
    mismatched: Tokens | tuple[()] = ()  # first sentences packed with the second ones of the row before
    pinned: Tokens | tuple[()] = ()  # plain sentences
    vectors: Any = ()  # float32 [m, dim] of length 1, which their embeddings shall stay near
    targets: Any = ()  # float32 [n, labels]
    weights: Any = ()  # float32 [n]


Encoded = tuple[Any, Any]  # what the encoder gave for some sequences, and their attention mask
Sides = Mapping[str, tuple[Encoded, Encoded]]  # by "apart", first and second sentences; by "packed", pairs, nothing
_NOTHING: Encoded = (None, None)


def lesson_of(plan: TrainPlan, part: Examples, *, measures: bool = False) -> Lesson:
    """What the labels of a file teach, or measure where it is dev: nothing where there is neither head nor cosine."""
    can_infer = part.source.kind in (*_DIRECTED, "paraphrases")
    infers = can_infer and any(head.infers for head in plan.heads)
    heads = tuple(place for place, head in enumerate(plan.heads) if head.infers == infers)
    cosine = plan.learns and not infers and (measures or plan.cosine_weight > 0)
    return Lesson(heads, cosine, part.source.kind == "positives" and not measures)


def first_head(config: HeadConfig, *, has_pooler: bool) -> Head:
    """A head before its first step, its weights drawn from Keras' global seed.

    Where `unit_length` is asked for, its logits are a rising line in the cosine of u and v: the weights of u * v are
    all alike.
    """
    head = Head(config, has_pooler=has_pooler)
    if config.unit_length:
        kernel = np.zeros(head.classifier.kernel.shape, np.float32)
        kernel[3 * head.feature_size :] = _SLOPE
        head.classifier.kernel.assign(kernel)
        head.classifier.bias.assign(np.full(head.classifier.bias.shape, -_SLOPE / 2, np.float32))
        if head.pooler is not None:
            head.pooler.kernel.assign(np.eye(config.hidden_size, dtype=np.float32))
    return head


@dataclass(eq=False)
class JointTask:
    """Trains heads, and the encoder where `plan.learns`."""

    encoder: Any  # a `BertEncoder` with its weights
    heads: Sequence[Head]  # on it, with their first weights, as in `plan`; may be none where the encoder learns
    reader: Reader  # as the checkpoint reads text
    data: Data  # to learn from and to measure on
    plan: TrainPlan
    keep_best: Callable[[], None]  # writes encoder and heads
    pinned: Pinned | None  # sentences whose embeddings shall stay

    def __post_init__(self) -> None:
        """Say what learns, at which rate, and what each file teaches."""
        for layer in (linear for block in self.encoder.blocks for linear in block.linears):
            layer.multiplied_in = "bfloat16" if self.plan.bfloat16 else "float32"
        self.parts = self.data.parts
        sides = (zip(*part.pairs, strict=True) for part in self.parts)
        self._lengths = [np.sum(list(map(self.reader.lengths, each)), axis=0) for each in sides]
        self._groups = _groups(self.encoder, self.heads, self.plan)
        self._lessons = [lesson_of(self.plan, part) for part in self.parts]
        self._judged = lesson_of(self.plan, self.data.dev, measures=True)
        self._steps: dict[Lesson, Any] = {}
        self._predict: Any = None

    @property
    def weights(self) -> Sequence[Any]:
        """All that learns; kept at the best epoch."""
        return [weight for _, weights, _ in self._groups for weight in weights]

    @property
    def variables(self) -> Sequence[Any]:
        """All that the next step depends on: encoder (where it learns), heads, dropout's seeds and optimisers."""
        models = [self.encoder, *self.heads] if self.plan.learns else self.heads
        return [v for each in [*models, *(group[0] for group in self._groups)] for v in each.variables]

    def batches(self, epoch: int) -> Sequence[Batch]:
        """Which file, and which of its examples, make each step of an epoch: the same for the same epoch."""
        found = []
        for index, (part, lengths) in enumerate(zip(self.parts, self._lengths, strict=True)):
            if not part.source.learns_in(epoch):
                continue
            rows = take_turns(len(part), part.source.per_epoch, epoch, [self.plan.seed, index])
            for batch in cut_batches(lengths[rows], self.plan.batch_size, [self.plan.seed, epoch, index]):
                if len(batch) > 1 or len(part) == 1:
                    found.append((index, rows[batch]))
        order = np.random.default_rng([self.plan.seed, epoch]).permutation(len(found))
        places = enumerate(found[i] for i in order)
        return [Batch(part, rows, (self.plan.seed, epoch, place)) for place, (part, rows) in places]

    def step(self, batch: Batch, rate: float) -> float:
        """Learn from a batch at `rate`, in (0, 1], of the learning rates; return the loss."""
        part, lesson = self.parts[batch.part], self._lessons[batch.part]
        for optimizer, _, full in self._groups:
            optimizer.learning_rate = full * rate
        random = np.random.default_rng(batch.seed)
        pairs = [part.pairs[i] for i in batch.rows]
        if part.source.kind not in _DIRECTED:  # alike has no direction
            turns = random.random(len(pairs)) < 0.5
            pairs = [(b, a) if turn else (a, b) for (a, b), turn in zip(pairs, turns, strict=True)]
        arrays = self._read(pairs, lesson)._replace(
            targets=part.targets[batch.rows], weights=np.full(len(pairs), part.source.weight, np.float32)
        )
        if self.pinned is not None:
            start = int(random.integers(max(len(self.pinned.sentences) - self.plan.pin_batch, 0) + 1))
            chosen = slice(start, start + self.plan.pin_batch)
            tokens = self.reader.alone(self.pinned.sentences[chosen])
            arrays = arrays._replace(pinned=tokens, vectors=self.pinned.vectors[chosen])
        if lesson not in self._steps:
            self._steps[lesson] = _graph(partial(self._learn, lesson), arrays)
        return float(self._steps[lesson](arrays))

    def measure(self) -> float:
        """Mean of the dev metric over the cosine (where the encoder learns) and every head whose labels dev has."""
        order = np.argsort([len(a) + len(b) for a, b in self.data.dev.pairs], kind="stable")
        found = []
        for start in range(0, len(order), _DEV_BATCH):
            arrays = self._read([self.data.dev.pairs[i] for i in order[start : start + _DEV_BATCH]], self._judged)
            self._predict = self._predict or _graph(self._judge, arrays)
            found.append([column.numpy() for column in self._predict(arrays)])
        targets = self.data.dev.targets[order]
        judged = [np.concatenate(parts) for parts in zip(*found, strict=True)]
        return float(np.mean([dev_metric(each, targets[:, : each.shape[1]]) for each in judged]))

    def where(self, batch: Batch) -> str:
        """The first rows of a batch, by file and line."""
        more = " …" if len(batch.rows) > 3 else ""
        return ", ".join(map(self.parts[batch.part].where, batch.rows[:3])) + more

    def _read(self, pairs: Sequence[tuple[str, str]], lesson: Lesson) -> Arrays:
        """The tokens of pairs in the ways in which cosine and heads read them."""
        ways = {self.heads[i].config.inputs for i in lesson.heads} | ({"apart"} if lesson.cosine else set())
        first, second = zip(*pairs, strict=True)
        others = list(zip(first, (second[-1], *second[:-1]), strict=True))
        return Arrays(
            apart=self.reader.alone([*first, *second]) if "apart" in ways else (),
            mismatched=self.reader.packed(others) if "packed" in ways and lesson.positives else (),
            packed=self.reader.packed(pairs) if "packed" in ways else (),
        )

    def _learn(self, lesson: Lesson, arrays: Arrays) -> Any:
        """The graph of a step."""
        with tf.GradientTape() as tape:
            loss = self._loss(lesson, arrays)
        gradients = iter(tape.gradient(loss, self.weights))
        for optimizer, weights, _ in self._groups:
            found = zip(weights, gradients, strict=False)
            optimizer.apply([tf.zeros_like(w) if g is None else g for w, g in found], weights)
        return loss

    def _loss(self, lesson: Lesson, arrays: Arrays) -> Any:
        targets, weights = arrays.targets, arrays.weights
        sides, loss = self._encode(arrays, training=self.plan.learns), ops.zeros(())
        wrong = self._mismatch(sides, arrays) if lesson.positives else {}
        if lesson.cosine:
            a, b = (self.reader.embed(*side) for side in sides["apart"])
            cosine = in_batch_negatives(a, b) if lesson.positives else cosent(a, b, targets[:, 0])
            loss += self.plan.cosine_weight * cosine * weights[0]
        for index in lesson.heads:
            head, weight = self.heads[index], self.plan.heads[index].weight
            error = partial(cross_entropy, weights=weights, exclusive=head.config.activation == "softmax")
            loss += weight * error(_logits(head, sides, training=True), targets)
            if wrong:
                loss += weight * error(_logits(head, wrong, training=True), ops.zeros_like(targets))
        if arrays.pinned:
            # without dropout, whose noise would be all that is learned from
            vectors = self.reader.embed(*self._run(arrays.pinned, training=False))
            cosines = -keras.losses.cosine_similarity(vectors, arrays.vectors)
            loss += self.plan.pin_weight * ops.mean(1.0 - cosines)
        return loss

    def _judge(self, arrays: Arrays) -> list[Any]:
        """The graph of what is compared with dev's labels: the cosine, [n, 1], then each head's probabilities."""
        sides, columns = self._encode(arrays, training=False), []
        if self._judged.cosine:
            a, b = (self.reader.embed(*side) for side in sides["apart"])
            columns.append(-keras.losses.cosine_similarity(a, b)[:, None])
        for head in (self.heads[i] for i in self._judged.heads):
            activation = ops.softmax if head.config.activation == "softmax" else ops.sigmoid
            columns.append(activation(_logits(head, sides, training=False)))
        return columns

    def _encode(self, arrays: Arrays, *, training: bool) -> Sides:
        sides = {}
        if arrays.apart:
            both = self._run(arrays.apart, training=training)
            halves = [tf.nest.map_structure(lambda x, i=i: tf.split(x, 2)[i], both) for i in (0, 1)]
            sides["apart"] = halves[0], halves[1]
        if arrays.packed:
            sides["packed"] = self._run(arrays.packed, training=training), _NOTHING
        return sides

    def _mismatch(self, sides: Sides, arrays: Arrays) -> Sides:
        """The first sentences with the second ones of the row before."""
        wrong = {}
        if arrays.apart:
            first, second = sides["apart"]
            wrong["apart"] = first, tf.nest.map_structure(lambda x: tf.roll(x, 1, 0), second)
        if arrays.mismatched:
            wrong["packed"] = self._run(arrays.mismatched, training=self.plan.learns), _NOTHING
        return wrong

    def _run(self, tokens: Tokens, *, training: bool) -> Encoded:
        output = self.encoder(*tokens, training=training)
        known = {name: output[name] for name in ("last_hidden_state", "pooler_output") if name in output}
        return known, tokens.attention_mask


def _groups(encoder: Any, heads: Sequence[Head], plan: TrainPlan) -> list[tuple[Any, list[Any], float]]:
    """What learns, with its optimiser and rate: a pooler that begins anew learns as fast as the heads.

    Adam, or AdamW; gradients are cut to a global norm of 1.
    """
    encoder.trainable = plan.learns
    if plan.freeze_embeddings:
        encoder.embeddings.word.trainable = False
    slow, fast = list(encoder.trainable_variables), [w for head in heads for w in head.trainable_variables]
    if plan.identity_pooler and encoder.pooler is not None:
        new = {id(weight) for weight in encoder.pooler.trainable_variables}
        fast += [weight for weight in slow if id(weight) in new]
        slow = [weight for weight in slow if id(weight) not in new]
    decay = {"weight_decay": plan.weight_decay} if plan.weight_decay else {}
    kind, groups = keras.optimizers.AdamW if decay else keras.optimizers.Adam, []
    for weights, rate in ((slow, plan.encoder_learning_rate), (fast, plan.learning_rate)):
        if weights:
            optimizer = kind(rate, global_clipnorm=1.0, **decay)
            optimizer.build(weights)
            groups.append((optimizer, weights, rate))
    return groups


def _graph(function: Callable[[Arrays], Any], arrays: Arrays) -> Any:
    """A graph of a function for arrays of this structure, each of any size."""
    specs = tf.nest.map_structure(lambda array: tf.TensorSpec([None] * array.ndim, array.dtype), arrays)
    return tf.function(function, input_signature=[specs], autograph=False)


def _logits(head: Head, sides: Sides, *, training: bool) -> Any:
    """Logits, float32 [n, labels], of packed pairs, or of two sentences each."""
    u, v = (
        None
        if output is None
        else head.features(output["last_hidden_state"], mask, output.get("pooler_output"), training)
        for output, mask in sides[head.config.inputs]
    )
    return head.classify(u, v, training=training)
