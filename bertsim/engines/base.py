"""What every engine offers: padded token arrays in, embeddings or every array out. numpy only.

`litert.LiteRTEngine` serves; `tensorflow.TensorFlowEngine` is exact and runs any checkpoint.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from concurrent.futures import Executor

import numpy as np

from bertsim.records import EncoderOutput, Float, Int

ENGINES = ("litert", "tensorflow")
FLATBUFFER = "model.tflite"
"""Name of the file that LiteRT runs, in the folder of an encoder or of a head."""
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def count_cores() -> int:
    """Processor cores that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    return len(allowed(0)) if allowed else os.cpu_count() or 1


class Engine(ABC):
    """Runs one encoder, on int32 [batch, seq] as in `TokenBatch`; may be called from several threads at once.

    Attributes:
        name: "litert" or "tensorflow".
        parallel_batches: how many batches it runs fastest side by side.
        pool: the threads for them; None: it runs one batch at a time.
    """

    name: str
    parallel_batches: int
    pool: Executor | None = None

    @abstractmethod
    def run(self, signature: str, **arrays: Int) -> Mapping[str, Float]:
        """What "embed" or "encode" gives, by the names that `tensorflow.trace` lists."""

    def embed(self, *arrays: Int) -> Float:
        """Sentence embeddings by the checkpoint's own pooling: float32 [batch, dim]; `arrays` are those of `INPUTS`."""
        return self.run("embed", **dict(zip(INPUTS, arrays, strict=True)))["sentence_embedding"]

    def encode(self, *arrays: Int) -> EncoderOutput:
        """Every hidden state and attention; `arrays` are those of `INPUTS`."""
        named = self.run("encode", **dict(zip(INPUTS, arrays, strict=True)))
        layers = sum(name.startswith("attention_") for name in named)
        hidden_states = np.stack([named[f"hidden_state_{i}"] for i in range(layers + 1)])
        return EncoderOutput(
            last_hidden_state=hidden_states[-1],
            pooler_output=named.get("pooler_output"),
            hidden_states=hidden_states,
            attentions=np.stack([named[f"attention_{i}"] for i in range(layers)]),
        )
