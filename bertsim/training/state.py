"""What survives a kill: one safetensors file with every variable of a run and, in its header, how far it is.

Written beside its place and moved there, so that it is never seen half; it holds all that the next step depends on
(weights, optimiser, the state of dropout's random numbers), so a run that is resumed goes on to the same numbers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from bertsim.bert.manifest import check_new_folder
from bertsim.errors import DataError, InputError

RUN = ".run"
"""The folder of a run, below the output's."""


def check_output(output: Path, *, resume: bool, is_new: bool = True) -> None:
    """Raise InputError where a run cannot begin, or go on, in a folder.

    Args:
        output: of the run.
        resume: whether a run is to be gone on with.
        is_new: whether the folder must not hold anything else.
    """
    if (output / RUN).is_dir():
        if not resume:
            raise InputError(
                f"{output} holds a run that was stopped; go on with --resume, or choose another --output."
            )
    elif resume:
        raise InputError(f"{output} holds no run to resume; leave --resume out to start one.")
    elif is_new:
        check_new_folder(output)


@dataclass(frozen=True)
class Epoch:
    """One finished epoch: mean loss over its steps, the dev metric, and the seconds it took."""

    loss: float
    metric: float
    seconds: float


@dataclass
class Progress:
    """How far a run is.

    Attributes:
        epoch: the one in hand, from 0.
        step: how many of its steps are done.
        loss: sum over these steps.
        best: the epoch with the best dev metric, or -1.
        history: the finished epochs.
        finished: whether it ended by itself.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    best: int = -1
    history: list[Epoch] = field(default_factory=list)
    finished: bool = False

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Progress:
        """The progress that `dataclasses.asdict` turned into plain data."""
        return cls(**{**raw, "history": [Epoch(**epoch) for epoch in raw["history"]]})

    @property
    def best_metric(self) -> float | None:
        """Dev metric of the best epoch; None before the first ends."""
        return self.history[self.best].metric if self.best >= 0 else None


class RunFolder:
    """The folder of one run: `state.safetensors` to go on from, `best.safetensors` with the best weights.

    Args:
        folder: made where it is not there.
        job: everything the numbers depend on; JSON values.
    """

    def __init__(self, folder: Path, job: dict[str, Any]) -> None:
        self._folder, self._job = folder, json.loads(json.dumps(job))
        self._state, self._best = folder / "state.safetensors", folder / "best.safetensors"
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def exists(self) -> bool:
        """Whether an earlier run left a state."""
        return self._state.exists()

    def save(self, variables: Sequence[Any], progress: Mapping[str, Any]) -> None:
        """Record every variable and the progress, which is plain data."""
        header = {"job": json.dumps(self._job), "progress": json.dumps(progress)}
        _save(self._state, variables, header)

    def restore(self, variables: Sequence[Any]) -> dict[str, Any]:
        """Set every variable to what was recorded, and give the progress that was recorded with them.

        Raises:
            InputError: the state is of another job; names what differs.
            DataError: the state is damaged.
        """
        self.check_job()
        header, tensors = _load(self._state)
        _assign(self._state, variables, tensors)
        progress: dict[str, Any] = json.loads(header["progress"])
        return progress

    def check_job(self) -> None:
        """Raise InputError where the state is of another job, and name what differs."""
        self._check(_load(self._state, tensors=False)[0])

    def _check(self, header: Mapping[str, str]) -> None:
        job = json.loads(header["job"])
        changed = sorted(key for key in {*job, *self._job} if job.get(key) != self._job.get(key))
        if changed:
            raise InputError(
                f"{self._folder} holds a run with another {', '.join(changed)}; resume it with the words it was "
                "started with, or choose another --output."
            )

    def keep(self, name: str, tensors: Mapping[str, np.ndarray]) -> None:
        """Record arrays under a name: what a stage before the first step has made."""
        _write(self._folder / f"{name}.safetensors", tensors, {"job": json.dumps(self._job)})

    def kept(self, name: str) -> dict[str, np.ndarray] | None:
        """The arrays of that name; None where none were recorded.

        Raises:
            InputError: they are of another job; names what differs.
            DataError: the file is damaged.
        """
        path = self._folder / f"{name}.safetensors"
        if not path.exists():
            return None
        header, tensors = _load(path)
        self._check(header)
        return tensors

    def save_best(self, weights: Sequence[Any]) -> None:
        """Keep these weights as the best so far."""
        _save(self._best, weights, {})

    def restore_best(self, weights: Sequence[Any]) -> None:
        """Set the weights to the best that were kept. Raises DataError for a damaged file."""
        _assign(self._best, weights, _load(self._best)[1])


def _save(path: Path, variables: Sequence[Any], header: dict[str, str]) -> None:
    _write(path, {f"{index:05}": np.asarray(v.numpy()) for index, v in enumerate(variables)}, header)


def _write(path: Path, tensors: Mapping[str, np.ndarray], header: dict[str, str]) -> None:
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        save_file(dict(tensors), new, metadata=header)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


def _load(path: Path, *, tensors: bool = True) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    try:
        with safe_open(path, framework="numpy") as file:
            names = list(file.keys()) if tensors else []
            return file.metadata() or {}, {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError) as error:
        raise DataError(f"{path} cannot be read ({error}); start again without --resume.") from None


def _assign(path: Path, variables: Sequence[Any], tensors: dict[str, np.ndarray]) -> None:
    shapes = [tuple(variable.shape) for variable in variables]
    found = [tensors[name].shape for name in sorted(tensors)]
    if shapes != found:
        raise DataError(f"{path} holds other tensors than this run has; start again without --resume.")
    for variable, name in zip(variables, sorted(tensors), strict=True):
        variable.assign(tensors[name])
