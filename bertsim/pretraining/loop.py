"""Masked language modelling, step by step, until the budget is used: measured on held-out text, recorded, resumable.

A step is Keras' own `train_on_batch`, so the same loop runs on every backend. Nothing here prints: whoever watches is
told through a `Watch`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import keras

from bertsim.errors import InputError
from bertsim.pretraining.batches import HELD_OUT_SEED, Batch, cut_epoch, cut_held_out, fill_batch
from bertsim.pretraining.corpus import Corpus
from bertsim.pretraining.masking import MaskedBatch, MaskRules
from bertsim.pretraining.model import MaskedLanguageModel
from bertsim.pretraining.plan import PretrainPlan
from bertsim.training.state import RunFolder

SAVE_SECONDS = 120.0
POINTS = 20
"""How often held-out text is measured: so many times over the budget, and once before it."""
_LOWEST_RATE = 1e-3  # share of the learning rate


@dataclass(frozen=True)
class Point:
    """Where the run stood: steps, seconds, mean loss since the last point (None at the start), held-out loss; nats."""

    step: int
    seconds: float
    loss: float | None
    held_out: float


@dataclass
class Progress:
    """How far a run is.

    Attributes:
        step: steps done.
        epoch, batch: the next batch.
        tokens: real tokens read.
        seconds: used, over all its parts.
        loss, steps: sum of losses since the last point, and how many.
        history: the points.
        finished: whether the budget is used.
    """

    step: int = 0
    epoch: int = 0
    batch: int = 0
    tokens: int = 0
    seconds: float = 0.0
    loss: float = 0.0
    steps: int = 0
    history: list[Point] = field(default_factory=list)
    finished: bool = False

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Progress:
        """The progress that `dataclasses.asdict` turned into plain data."""
        return cls(**{**raw, "history": [Point(**point) for point in raw["history"]]})


class Watch(Protocol):
    """Whoever is told how it goes."""

    def step(self, progress: Progress, loss: float, used: float, tokens_per_second: float) -> None:
        """After every step: its loss, the share of the budget that is used, real tokens in a second."""
        ...

    def point(self, progress: Progress) -> None:
        """After every measurement on held-out text."""
        ...


@dataclass(frozen=True)
class Text:
    """What is learned from and measured on.

    Attributes:
        learned, held: sentences as ids.
        ends: ids of [CLS] and [SEP]; pad_id: of [PAD].
        rules: of masking.
    """

    learned: Corpus
    held: Corpus
    ends: tuple[int, int]
    pad_id: int
    rules: MaskRules


def make_optimizer(plan: PretrainPlan) -> Any:
    """AdamW, gradients clipped to length 1; biases and LayerNorm's gains do not decay.

    Source: Devlin et al. 2019; β2 of 0.98 as in Liu et al. 2019, "RoBERTa".
    """
    optimizer = keras.optimizers.AdamW(
        plan.learning_rate, weight_decay=plan.weight_decay, beta_2=0.98, epsilon=1e-6, global_clipnorm=1.0
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gain"])
    return optimizer


def pretrain(
    model: MaskedLanguageModel,
    text: Text,
    plan: PretrainPlan,
    folder: RunFolder,
    watch: Watch,
    *,
    resume: bool,
) -> Progress:
    """Learn until the budget is used.

    Args:
        model: with its first weights; compiled here.
        text: to learn from.
        plan: budget, rates, seed.
        folder: keeps the record to go on from.
        watch: told how it goes.
        resume: go on from the record.

    Raises:
        InputError: a loss that is not a number; an epoch without a line.
    """
    optimizer = make_optimizer(plan)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer=optimizer)
    variables = [*model.variables, *optimizer.variables]
    progress = Progress.from_json(folder.restore(variables)) if resume else Progress()
    start = time.monotonic() - progress.seconds
    if not progress.history:
        _measure(model, text, plan, progress, watch)
        folder.save(variables, asdict(progress))
    saved = progress.seconds
    for place, masked in _batches(text, plan, progress):
        used = plan.budget.used(progress.step, progress.seconds)
        if used >= 1:
            break
        loss = _learn(model, masked, plan.learning_rate * rate_at(used, plan.warm_up), progress.step)
        tokens, before = int(masked.attention_mask.sum()), progress.seconds
        _count(progress, place, loss, tokens)
        progress.seconds = time.monotonic() - start
        used = plan.budget.used(progress.step, progress.seconds)
        watch.step(progress, loss, used, tokens / max(progress.seconds - before, 1e-9))
        is_due = int(used * POINTS) >= len(progress.history)
        if is_due:
            _measure(model, text, plan, progress, watch)
            progress.seconds = time.monotonic() - start
        if is_due or progress.seconds - saved > SAVE_SECONDS:
            folder.save(variables, asdict(progress))
            saved = progress.seconds
    progress.finished = True
    folder.save(variables, asdict(progress))
    return progress


def _learn(model: MaskedLanguageModel, masked: MaskedBatch, rate: float, step: int) -> float:
    model.optimizer.learning_rate = rate
    model.reset_metrics()  # else the loss is the mean over all steps so far
    loss = float(model.train_on_batch(masked.as_inputs()))
    if not math.isfinite(loss):
        raise InputError(f"the loss became {loss} in step {step + 1}; lower --learning-rate.")
    return loss


def rate_at(used: float, warm_up: float) -> float:
    """Share of the learning rate where `used` of the budget is used: rises, then falls to nearly 0 in a line.

    Example: used 0.05 of warm_up 0.1 -> 0.5
    """
    if used < warm_up:
        return max(used / warm_up, _LOWEST_RATE)
    return max((1 - used) / (1 - warm_up), _LOWEST_RATE)


def held_out_loss(model: MaskedLanguageModel, text: Text, plan: PretrainPlan) -> float:
    """Mean cross-entropy of the tokens hidden in held-out text, in nats; masks are the same every time."""
    total = count = 0.0
    for index, batch in enumerate(cut_held_out(text.held, plan.max_length, plan.batch_tokens)):
        seed = [plan.seed, HELD_OUT_SEED, index]
        masked = fill_batch(text.held, batch, text.ends, text.pad_id, text.rules, seed)
        model.reset_metrics()
        weight = float(masked.weights.sum())
        total += weight * float(model.test_on_batch(masked.as_inputs()))
        count += weight
    return total / count


def _measure(
    model: MaskedLanguageModel, text: Text, plan: PretrainPlan, progress: Progress, watch: Watch
) -> None:
    mean = round(progress.loss / progress.steps, 6) if progress.steps else None
    held_out = round(held_out_loss(model, text, plan), 6)
    progress.history.append(Point(progress.step, round(progress.seconds, 1), mean, held_out))
    progress.loss, progress.steps = 0.0, 0
    watch.point(progress)


def _count(progress: Progress, batch: tuple[int, int], loss: float, tokens: int) -> None:
    progress.epoch, progress.batch = batch[0], batch[1] + 1
    progress.step, progress.steps = progress.step + 1, progress.steps + 1
    progress.loss, progress.tokens = progress.loss + loss, progress.tokens + tokens


def _batches(
    text: Text, plan: PretrainPlan, progress: Progress
) -> Iterator[tuple[tuple[int, int], MaskedBatch]]:
    """Epoch after epoch from where the progress is, each batch made while the one before is learned from."""

    def order() -> Iterator[tuple[tuple[int, int], Batch]]:
        epoch, first = progress.epoch, progress.batch
        while True:
            batches = cut_epoch(text.learned, plan.max_length, plan.batch_tokens, plan.seed, epoch)
            if not batches:
                raise InputError("the weights of the texts are so small that no line is left; raise them.")
            for index in range(first, len(batches)):
                yield (epoch, index), batches[index]
            epoch, first = epoch + 1, 0

    def fill(place: tuple[int, int], batch: Batch) -> tuple[tuple[int, int], MaskedBatch]:
        seed = [plan.seed, 4, *place]
        return place, fill_batch(text.learned, batch, text.ends, text.pad_id, text.rules, seed)

    with ThreadPoolExecutor(1) as ahead:
        waiting = None
        for place, batch in order():
            made = ahead.submit(fill, place, batch)
            if waiting is not None:
                yield waiting.result()
            waiting = made
