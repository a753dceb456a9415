"""The loop: epochs of steps, the best epoch kept, early stopping, and a record to go on from.

It knows a task only by its `Task` face; what a step does is `frozen`'s or `joint`'s. Nothing here prints: whoever
watches is told through a `Watch`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Protocol

from bertsim.errors import InputError
from bertsim.training.plan import TrainPlan
from bertsim.training.state import Epoch, Progress, RunFolder

SAVE_SECONDS = 30.0


class Task(Protocol):
    """Something that learns step by step."""

    @property
    def weights(self) -> Sequence[Any]:
        """What is learned; kept at the best epoch."""
        ...

    @property
    def variables(self) -> Sequence[Any]:
        """All that the next step depends on: weights, optimiser, seeds."""
        ...

    def batches(self, epoch: int) -> Sequence[Any]:
        """The batches of an epoch, the same for the same epoch."""
        ...

    def step(self, batch: Any, rate: float) -> float:
        """Learn from a batch at `rate`, in (0, 1], of the learning rate; return the loss."""
        ...

    def measure(self) -> float:
        """The dev metric; higher = better."""
        ...

    def where(self, batch: Any) -> str:
        """File and lines of a batch, for messages."""
        ...

    def keep_best(self) -> None:
        """Write the weights, best so far, where a user finds them."""
        ...


class Watch(Protocol):
    """Whoever is told how training goes."""

    def step(self, progress: Progress, steps: int, seconds_left: float) -> None:
        """After every step: `progress.step` of `steps` of the epoch are done."""
        ...

    def epoch(self, progress: Progress, is_best: bool) -> None:
        """After every epoch."""
        ...


def fit(task: Task, plan: TrainPlan, folder: RunFolder, watch: Watch, *, resume: bool) -> Progress:
    """Train until the epochs are through or nothing gets better; the best weights are set at the end.

    Raises:
        InputError: a loss or dev metric that is not a number; names epoch, step and rows. The best so far is kept.
    """
    resumes = resume and folder.exists
    progress = Progress.from_json(folder.restore(task.variables)) if resumes else Progress()
    steps = [len(task.batches(epoch)) for epoch in range(plan.epochs)]
    while not progress.finished:
        _run_epoch(task, plan, folder, watch, progress, steps)
    folder.restore_best(task.weights)
    return progress


def _run_epoch(
    task: Task, plan: TrainPlan, folder: RunFolder, watch: Watch, progress: Progress, steps: Sequence[int]
) -> None:
    batches = task.batches(progress.epoch)
    total, start, saved = sum(steps), time.monotonic(), time.monotonic()
    first, before = progress.step, sum(steps[: progress.epoch])
    for batch in batches[first:]:
        done = before + progress.step
        loss = task.step(batch, _rate(done, total, plan))
        if not math.isfinite(loss):
            raise InputError(
                f"the loss became {loss} in epoch {progress.epoch + 1}, step {progress.step + 1} "
                f"({task.where(batch)}); lower the learning rate, or look at these rows."
            )
        progress.step, progress.loss = progress.step + 1, progress.loss + loss
        now = time.monotonic()
        watch.step(progress, len(batches), (now - start) / (progress.step - first) * (total - done - 1))
        if now - saved > SAVE_SECONDS:
            folder.save(task.variables, asdict(progress))
            saved = now
    _close_epoch(task, plan, folder, watch, progress, len(batches), time.monotonic() - start)


def _close_epoch(
    task: Task,
    plan: TrainPlan,
    folder: RunFolder,
    watch: Watch,
    progress: Progress,
    steps: int,
    seconds: float,
) -> None:
    metric = task.measure()
    if not math.isfinite(metric):
        raise InputError(
            f"the dev metric is {metric} after epoch {progress.epoch + 1}: every score is alike; "
            "lower the learning rate."
        )
    is_best = progress.best_metric is None or metric > progress.best_metric
    progress.history.append(Epoch(progress.loss / steps, metric, round(seconds, 3)))
    if is_best:
        progress.best = progress.epoch
        folder.save_best(task.weights)
        task.keep_best()
    progress.epoch, progress.step, progress.loss = progress.epoch + 1, 0, 0.0
    stale = progress.epoch - 1 - progress.best >= plan.patience
    progress.finished = stale or progress.epoch >= plan.epochs
    folder.save(task.variables, asdict(progress))
    watch.epoch(progress, is_best)


def _rate(done: int, total: int, plan: TrainPlan) -> float:
    """Share of the learning rate: rises during warm-up; where the encoder learns, it then falls to 0 in a line.

    Example: 0 of 100 steps done, warm_up 0.1 -> 0.1
    """
    warm = round(plan.warm_up * total)
    if done < warm:
        return (done + 1) / warm
    return max((total - done) / max(total - warm, 1), 1e-3) if plan.tune == "all" else 1.0
