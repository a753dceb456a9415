"""The loop: epochs of steps, the best epoch kept, early stopping, and files to go on from after a kill.

A file of a run is safetensors with what it depends on in its header. It is never seen half, and holds all that the next
step depends on (weights, optimiser, the state of dropout's random numbers), so that a run which is resumed goes on to
the same numbers. Nothing here prints: an `Observer` is told.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from bertsim.data.atomic import write_atomically
from bertsim.data.json_files import record_from
from bertsim.errors import DataError, InputError
from bertsim.training.joint import JointTask
from bertsim.training.plan import RUN, TrainPlan

SAVE_SECONDS = 30.0


@dataclass(frozen=True)
class Epoch:
    """One finished epoch: mean loss over its steps, the dev metric, and the seconds it took."""

    loss: float
    metric: float
    seconds: float


@dataclass
class Progress:
    """How far a run is."""

    epoch: int = 0  # the one in hand, from 0
    step: int = 0  # how many of its steps are done
    loss: float = 0.0  # sum over these steps
    best: int = -1  # the epoch that is kept, that with the best dev metric or the last one, or -1
    history: tuple[Epoch, ...] = ()  # the finished epochs
    finished: bool = False  # whether it ended by itself

    @property
    def best_metric(self) -> float | None:
        """Dev metric of the best epoch; None before the first ends."""
        return self.history[self.best].metric if self.best >= 0 else None


class Observer(Protocol):
    """Whoever is told how a run goes."""

    def stage(self, what: str) -> None:
        """Something begins, or an epoch has ended."""

    def show(self, done: int, total: int, name: str, text: str) -> None:
        """So much of what is called `name` is done, and what else there is to say of it."""


class RunFolder:
    """The folder of one run. `job` is everything that the numbers depend on: paths, and JSON values."""

    def __init__(self, folder: Path, job: Mapping[str, Any]) -> None:
        self._folder, self._job = folder, json.loads(json.dumps(job, default=str))
        self._anew = f"remove the folder {folder}, and --resume begins that run anew"
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, name: str, arrays: Iterable[Any], progress: object = None) -> None:
        """Record arrays in their order, and the progress as plain data, under a name."""
        header = {"job": json.dumps(self._job), "progress": json.dumps(progress)}
        tensors = {f"{i:05}": np.asarray(each) for i, each in enumerate(arrays)}
        write_atomically(self._folder / f"{name}.safetensors", lambda new: save_file(tensors, new, metadata=header))

    def kept(self, name: str) -> tuple[list[NDArray[Any]], Any] | None:
        """The arrays and the progress that were recorded under a name; None where nothing was.

        Raises:
            InputError: they are of another job; names what differs.
            DataError: the file is damaged.
        """
        path = self._folder / f"{name}.safetensors"
        if not path.exists():
            return None
        try:
            with safe_open(path, framework="numpy") as file:
                header, arrays = file.metadata(), [file.get_tensor(key) for key in sorted(file.keys())]
        except (SafetensorError, OSError) as error:
            raise DataError(f"{path} cannot be read ({error}); {self._anew}.") from None
        job, own = _given(json.loads(header["job"])), _given(self._job)
        if changed := sorted(key for key in {*job, *own} if job.get(key) != own.get(key)):
            raise InputError(
                f"{self._folder} holds a run with another {', '.join(changed)}; resume it with the words it was "
                "started with, or choose another --output."
            )
        return arrays, json.loads(header["progress"])

    def restore(self, name: str, variables: Sequence[Any]) -> Any:
        """Set variables to what was recorded, and give the progress; None where nothing was.

        Raises:
            DataError: other tensors were recorded; else as `kept`.
        """
        if (kept := self.kept(name)) is None:
            return None
        arrays, progress = kept
        if [tuple(variable.shape) for variable in variables] != [array.shape for array in arrays]:
            path = self._folder / f"{name}.safetensors"
            raise DataError(f"{path} holds other tensors than this run has; {self._anew}.")
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        return progress


def fit(task: JointTask, folder: RunFolder, observer: Observer, *, resume: bool) -> Progress:
    """Train until the epochs are through or nothing gets better; the weights that are kept are set at the end.

    Raises:
        InputError: a loss or dev metric that is not a number; names epoch, step and rows. The best so far is kept.
    """
    recorded = folder.restore("state", task.variables) if resume else None
    progress = Progress() if recorded is None else record_from(Progress, recorded, str(RUN))
    steps = [len(task.batches(epoch)) for epoch in range(task.plan.epochs)]
    total = sum(steps)
    while not progress.finished:
        batches, first = task.batches(progress.epoch), progress.step
        start = saved = time.monotonic()
        for batch in batches[first:]:
            done = sum(steps[: progress.epoch]) + progress.step
            loss = task.step(batch, _rate(done, total, task.plan))
            if not math.isfinite(loss):
                said = f"the loss became {loss} in epoch {progress.epoch + 1}, step {progress.step + 1}"
                raise InputError(f"{said} ({task.where(batch)}); lower the learning rate, or look at these rows.")
            progress.step, progress.loss = progress.step + 1, progress.loss + loss
            now = time.monotonic()
            left = (now - start) / (progress.step - first) * (total - done - 1)
            best = "" if progress.best_metric is None else f", best dev {progress.best_metric:.4f}"
            told = f"loss {progress.loss / progress.step:.4f}{best}, {left // 60:.0f}:{left % 60:02.0f} left"
            observer.show(progress.step, len(batches), f"epoch {progress.epoch + 1}", told)
            if now - saved > SAVE_SECONDS:
                folder.keep("state", task.variables, asdict(progress))
                saved = now
        _close_epoch(task, folder, progress, time.monotonic() - start)
        last, best = progress.history[-1], " (best)" if progress.best == progress.epoch - 1 else ""
        told = f"loss {last.loss:.4f}, dev {last.metric:.4f}{best}, {last.seconds:.0f} s"
        observer.stage(f"epoch {progress.epoch}: {told}")
    folder.restore("best", task.weights)
    return progress


def _close_epoch(task: JointTask, folder: RunFolder, progress: Progress, seconds: float) -> None:
    """Measure an epoch, and record it and, where it is the best so far, its weights."""
    metric = task.measure()
    if not math.isfinite(metric):
        said = f"the dev metric is {metric} after epoch {progress.epoch + 1}"
        raise InputError(f"{said}: every score is alike; lower the learning rate.")
    progress.history = (*progress.history, Epoch(progress.loss / progress.step, metric, round(seconds, 3)))
    if task.plan.keep == "last" or progress.best_metric is None or metric > progress.best_metric:
        progress.best = progress.epoch
        folder.keep("best", task.weights)
        task.keep_best()
    progress.epoch, progress.step, progress.loss = progress.epoch + 1, 0, 0.0
    progress.finished = progress.epoch > progress.best + task.plan.patience or progress.epoch >= task.plan.epochs
    folder.keep("state", task.variables, asdict(progress))


def _rate(done: int, total: int, plan: TrainPlan) -> float:
    """Share of the learning rate: rises during warm-up; where the encoder learns, it then falls to 0 in a line.

    Example: 0 of 100 steps done, warm_up 0.1 -> 0.1
    """
    warm = round(plan.warm_up * total)
    if done < warm:
        return (done + 1) / warm
    return max((total - done) / max(total - warm, 1), 1e-3) if plan.learns else 1.0


def _given(value: Any) -> Any:
    """A job without what is None in it: a setting that was not given is as one that there is not."""
    if isinstance(value, dict):
        return {key: _given(each) for key, each in value.items() if each is not None}
    return list(map(_given, value)) if isinstance(value, list) else value
