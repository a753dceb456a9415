"""Run exported flatbuffers with LiteRT: the engine that serves. Imports no TensorFlow.

`export` makes the files, of encoders and of heads. An interpreter is not thread-safe, so a small pool of them
is shared: each call takes a free one, and one more is made only while all are busy. Each has one thread: batches side
by side keep every core busy, where several threads on one batch wait for one another.

Source: LiteRT's `Interpreter` and its signature runners.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from bertsim.engines.base import Engine, count_cores
from bertsim.errors import CheckpointError
from bertsim.records import EncoderOutput, Float, Int

MAX_INTERPRETERS = max(4, count_cores())
"""Calls that run at the same time; further ones wait their turn."""


class Flatbuffer:
    """A flatbuffer and the interpreters that run it.

    Attributes:
        inputs: of each signature, their names.

    Raises:
        CheckpointError: the file is missing, damaged or lacks one of the `signatures`.
    """

    inputs: dict[str, list[str]]

    def __init__(self, path: Path, signatures: tuple[str, ...]) -> None:
        self._path, self._signatures = path, signatures
        self._free = [self._make()]  # a damaged file is an error now, not at the first score
        self._slots = BoundedSemaphore(MAX_INTERPRETERS)

    def run(self, signature: str, **inputs: NDArray[Any]) -> dict[str, Float]:
        """Outputs of one signature, by name."""
        with self._slots:
            try:
                interpreter = self._free.pop()
            except IndexError:
                interpreter = self._make()
            try:
                return interpreter.get_signature_runner(signature)(**inputs)
            finally:
                self._free.append(interpreter)

    def _make(self) -> Interpreter:
        try:
            interpreter = Interpreter(str(self._path), num_threads=1)
            signatures = interpreter.get_signature_list()
        except (ValueError, RuntimeError) as error:
            raise CheckpointError(f"{self._path} cannot be run as a LiteRT flatbuffer: {error}") from None
        if not set(self._signatures) <= signatures.keys():
            named = " and ".join(self._signatures)
            raise CheckpointError(f"{self._path} lacks the signatures {named}; export it anew.")
        self.inputs = {name: signatures[name]["inputs"] for name in self._signatures}
        return interpreter


class LiteRTEngine(Flatbuffer, Engine):
    """Runs an encoder's flatbuffer, which `export.encoder` wrote; errors as `Flatbuffer`."""

    name = "litert"
    parallel_batches = count_cores()

    def __init__(self, path: Path) -> None:
        super().__init__(path, ("embed", "encode"))
        self.pool = ThreadPoolExecutor(self.parallel_batches, thread_name_prefix="bertsim-batch")


class LiteRTHead(Flatbuffer):
    """Runs a head's flatbuffer, which `export.heads` wrote; see `heads.reading.HeadRunner`; errors as `Flatbuffer`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, ("features", "classify"))

    def features(self, output: EncoderOutput, attention_mask: Int) -> Float:
        """Summaries of sequences, of what the head reads."""
        given = vars(output) | {"attention_mask": attention_mask}
        return self.run("features", **{name: given[name] for name in self.inputs["features"]})["features"]

    def classify(self, u: Float, v: Float | None = None) -> Float:
        """Logits."""
        return self.run("classify", **({"u": u} if v is None else {"u": u, "v": v}))["logits"]
