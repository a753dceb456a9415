"""Run an exported flatbuffer with LiteRT: the engine that serves. Imports no TensorFlow.

`export` makes the file. An interpreter is not thread-safe, so a small pool of them is shared: each call
takes a free one, and one more is made only while all are busy.

Source: LiteRT's `Interpreter` and its signature runners.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from threading import Lock

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from bertsim.errors import CheckpointError
from bertsim.records import EncoderOutput, Float, Int

MAX_INTERPRETERS = 4
"""Calls that run at the same time; further ones wait their turn."""


class LiteRTEngine:
    """Runs a flatbuffer; see `engine.Engine`.

    Args:
        path: a file that `export.export_flatbuffer` wrote.
        threads: of each interpreter; None = one per processor.

    Raises:
        CheckpointError: the file is missing, damaged or has not the two signatures.
    """

    def __init__(self, path: Path, threads: int | None = None) -> None:
        self._path = path
        self._threads = threads or os.cpu_count() or 1
        self._free: LifoQueue[Interpreter] = LifoQueue()
        self._made = 0
        self._lock = Lock()
        with self._interpreter():
            pass  # a damaged file is an error now, not at the first score

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

    def _run(
        self, signature: str, input_ids: Int, attention_mask: Int, token_type_ids: Int
    ) -> dict[str, Float]:
        with self._interpreter() as interpreter:
            return interpreter.get_signature_runner(signature)(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            )

    @contextmanager
    def _interpreter(self) -> Iterator[Interpreter]:
        """Lend a free interpreter, a new one while there are few, or wait for one."""
        try:
            interpreter = self._free.get_nowait()
        except Empty:
            with self._lock:
                make = self._made < MAX_INTERPRETERS
                self._made += make
            interpreter = self._make() if make else self._free.get()
        try:
            yield interpreter
        finally:
            self._free.put(interpreter)

    def _make(self) -> Interpreter:
        try:
            interpreter = Interpreter(str(self._path), num_threads=self._threads)
            signatures = interpreter.get_signature_list()
        except (ValueError, RuntimeError) as error:
            raise CheckpointError(f"{self._path} cannot be run as a LiteRT flatbuffer: {error}") from None
        if not {"embed", "encode"} <= signatures.keys():
            raise CheckpointError(f"{self._path} lacks the signatures embed and encode; export it anew.")
        return interpreter
