"""Run exported flatbuffers with LiteRT: the engine that serves. Imports no TensorFlow.

`export` makes the files, of encoders and of heads. An interpreter is not thread-safe, so a small pool of them
is shared: each call takes a free one, and one more is made only while all are busy.

Each interpreter has one thread: batches side by side keep every core busy, where several threads on one batch wait
for one another.

Source: LiteRT's `Interpreter` and its signature runners.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from threading import Lock
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from bertsim.engines.base import count_cores
from bertsim.errors import CheckpointError
from bertsim.records import EncoderOutput, Float, Int

MAX_INTERPRETERS = max(4, count_cores())
"""Calls that run at the same time; further ones wait their turn."""


class Flatbuffer:
    """A flatbuffer and the interpreters that run it.

    Args:
        path: of the file.
        signatures: what it must offer.

    Raises:
        CheckpointError: the file is missing, damaged or lacks a signature.
    """

    def __init__(self, path: Path, signatures: tuple[str, ...]) -> None:
        self._path, self._signatures = path, signatures
        self._free: LifoQueue[Interpreter] = LifoQueue()
        self._made = 0
        self._lock = Lock()
        with self._interpreter():
            pass  # a damaged file is an error now, not at the first score

    def run(self, signature: str, **inputs: NDArray[Any]) -> dict[str, Float]:
        """Outputs of one signature, by name."""
        with self._interpreter() as interpreter:
            return interpreter.get_signature_runner(signature)(**inputs)

    @contextmanager
    def _interpreter(self) -> Iterator[Interpreter]:
        """Lend a free interpreter, a new one while there are few, or wait for one."""
        try:
            interpreter = self._free.get_nowait()
        except Empty:
            with self._lock:
                make = self._made < MAX_INTERPRETERS
                self._made += make
            try:
                interpreter = self._make() if make else self._free.get()
            except BaseException:
                with self._lock:
                    self._made -= make  # one that could not be made holds no place
                raise
        try:
            yield interpreter
        finally:
            self._free.put(interpreter)

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


class LiteRTEngine:
    """Runs an encoder's flatbuffer; see `base.Engine`.

    Args:
        path: a file that `export.encoder` wrote.

    Raises:
        CheckpointError: the file is missing, damaged or has not the two signatures.
    """

    name = "litert"
    parallel_batches = count_cores()
    pool: Executor | None

    def __init__(self, path: Path) -> None:
        self._flatbuffer = Flatbuffer(path, ("embed", "encode"))
        self.pool = ThreadPoolExecutor(self.parallel_batches, thread_name_prefix="bertsim-batch")

    def embed(self, input_ids: Int, attention_mask: Int, token_type_ids: Int) -> Float:
        """Sentence embeddings, float32 [batch, dim]."""
        return self._run("embed", input_ids, attention_mask, token_type_ids)["sentence_embedding"]

    def encode(self, input_ids: Int, attention_mask: Int, token_type_ids: Int) -> EncoderOutput:
        """Every hidden state and attention."""
        named = self._run("encode", input_ids, attention_mask, token_type_ids)
        layers = sum(name.startswith("attention_") for name in named)
        hidden_states = np.stack([named[f"hidden_state_{i}"] for i in range(layers + 1)])
        return EncoderOutput(
            last_hidden_state=hidden_states[-1],
            pooler_output=named.get("pooler_output"),
            hidden_states=hidden_states,
            attentions=np.stack([named[f"attention_{i}"] for i in range(layers)]),
        )

    def _run(self, signature: str, input_ids: Int, attention_mask: Int, token_type_ids: Int) -> dict[str, Float]:
        return self._flatbuffer.run(
            signature, input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        )
