"""Run exported flatbuffers with LiteRT: the engine that serves. Imports no TensorFlow.

`export` makes the files, of encoders and of heads. An interpreter is not thread-safe, so a small pool of them
is shared: each call takes a free one, and one more is made only while all are busy. Each has one thread: batches side
by side keep every core busy, where several threads on one batch wait for one another.

Source: LiteRT's `Interpreter` and its signature runners.
"""

from __future__ import annotations

import os
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from ai_edge_litert.interpreter import Interpreter, SignatureRunner
from numpy.typing import NDArray

from bertsim.engines import base
from bertsim.engines.base import Engine, HeadRunner, Runner, Wanted, count_cores
from bertsim.errors import CheckpointError
from bertsim.records import Float

MAX_INTERPRETERS = count_cores() + 1
"""Calls that run at the same time; further ones wait their turn. Each packs the weights anew: an `Interpreter` cannot
ask for LiteRT's cache of them, and a `CompiledModel`, which can, holds Python's lock while it runs. Twice as many,
measured on two cores: a quarter more memory, and no less waiting.
"""


class _WantedOutputs(SignatureRunner):
    """A signature's runner that copies no outputs but those whose names begin as is wanted."""

    def __init__(self, interpreter: Interpreter, signature: str, wanted: Wanted) -> None:
        super().__init__(interpreter, signature)
        # LiteRT has no public way to say so; did it call these otherwise, all would be copied, and nothing be wrong
        given = vars(self).get("_outputs", ())
        self._outputs: list[tuple[str, int]] = [each for each in given if each[0].startswith(wanted)]


class Flatbuffer(Runner):
    """A flatbuffer and its interpreters. Raises: CheckpointError, if it is missing, damaged or lacks a signature."""

    def __init__(self, path: Path, needed: tuple[str, ...]) -> None:
        self._path, self._needed = path, needed
        self._free = [self._make()]  # a damaged file is an error now, not at the first score
        self.signatures = self._free[0].get_signature_list().keys()
        self._slots = BoundedSemaphore(MAX_INTERPRETERS)

    def run(self, signature: str, wanted: Wanted, **arrays: NDArray[Any]) -> dict[str, Float]:
        """Outputs of one signature, by name; those that are wanted."""
        with self._slots:
            try:
                interpreter = self._free.pop()
            except IndexError:
                interpreter = self._make()
            try:
                return _WantedOutputs(interpreter, signature, wanted)(**arrays)
            finally:
                self._free.append(interpreter)

    def _make(self) -> Interpreter:
        try:
            with base.making():
                interpreter = Interpreter(str(self._path), num_threads=1)
                interpreter.allocate_tensors()  # packs the weights
            signatures = interpreter.get_signature_list()
        except (ValueError, RuntimeError) as error:
            said = f"{self._path} cannot be run as a LiteRT flatbuffer ({error})"
            raise CheckpointError(f"{said}; delete it, or export it anew.") from None
        if not set(self._needed) <= signatures.keys():
            named = " and ".join(self._needed)
            raise CheckpointError(f"{self._path} lacks the signatures {named}; export it anew.")
        return interpreter


class LiteRTEngine(Flatbuffer, Engine):
    """Runs an encoder's flatbuffer, which `export.encoder` wrote; errors as `Flatbuffer`.

    `threads` is how many batches run side by side; None: one a core.
    """

    name = "litert"

    def __init__(self, path: Path, threads: int | None = None) -> None:
        super().__init__(path, ("embed", "encode"))
        self.parallel_batches = threads or count_cores()
        self._pool: tuple[int, Executor] | None = None

    @property
    def pool(self) -> Executor | None:
        """See `Engine`; a process that was forked from one that had its threads has none of these, and gets its own."""
        if self.parallel_batches > 1 and (self._pool is None or self._pool[0] != os.getpid()):
            pool = ThreadPoolExecutor(self.parallel_batches, thread_name_prefix="bertsim-batch")
            self._pool = os.getpid(), pool  # of two threads that come first both may make them
        return self._pool and self._pool[1]


class LiteRTHead(Flatbuffer, HeadRunner):
    """Runs a head's flatbuffer, which `export.heads` wrote; errors as `Flatbuffer`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, ("features", "classify"))
        self.reads = self._free[0].get_signature_list()["features"]["inputs"]
