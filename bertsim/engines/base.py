"""What every engine offers: padded token arrays in, embeddings or every array out. numpy only.

`litert.LiteRTEngine` serves; `tensorflow.TensorFlowEngine` is exact and runs any checkpoint.
"""

from __future__ import annotations

import os
from concurrent.futures import Executor
from typing import Protocol

from bertsim.records import EncoderOutput, Float, Int

ENGINES = ("litert", "tensorflow")
FLATBUFFER = "model.tflite"
"""Name of the file that LiteRT runs, in the folder of an encoder or of a head."""


def count_cores() -> int:
    """Processor cores that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    return len(allowed(0)) if allowed else os.cpu_count() or 1


class Engine(Protocol):
    """Runs one encoder; may be called from several threads at once.

    All arrays are int32 [batch, seq] as in `TokenBatch`.

    Attributes:
        name: "litert" or "tensorflow".
        parallel_batches: how many batches it runs fastest side by side.
        pool: the threads for them; None: it runs one batch at a time.
    """

    name: str
    parallel_batches: int
    pool: Executor | None

    def embed(self, input_ids: Int, attention_mask: Int, token_type_ids: Int) -> Float:
        """Sentence embeddings by the checkpoint's own pooling: float32 [batch, dim]."""
        ...

    def encode(self, input_ids: Int, attention_mask: Int, token_type_ids: Int) -> EncoderOutput:
        """Every hidden state and attention."""
        ...
