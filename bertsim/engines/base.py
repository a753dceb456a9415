"""What every engine offers: padded token arrays in, embeddings or every array out. numpy only.

`litert.LiteRTEngine` serves; `reference.TensorFlowEngine` is exact, runs any checkpoint and trains. Heads run
likewise, in `litert.LiteRTHead` and `reference.TensorFlowHead`.
"""

from __future__ import annotations

import os
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
        at_once: how many batches it runs fastest side by side, each in a thread of its own.
    """

    @property
    def name(self) -> str:
        """See above."""
        ...

    @property
    def at_once(self) -> int:
        """See above."""
        ...

    def embed(self, input_ids: Int, attention_mask: Int, token_type_ids: Int) -> Float:
        """Sentence embeddings by the checkpoint's own pooling: float32 [batch, dim]."""
        ...

    def encode(self, input_ids: Int, attention_mask: Int, token_type_ids: Int) -> EncoderOutput:
        """Every hidden state and attention."""
        ...


class HeadRunner(Protocol):
    """Runs one head on what an engine computed; may be called from several threads at once."""

    def features(self, output: EncoderOutput, attention_mask: Int) -> Float:
        """Summaries of sequences, float32 [batch, features]; attention_mask int32 [batch, seq]."""
        ...

    def classify(self, u: Float, v: Float | None = None) -> Float:
        """Logits, float32 [batch, labels], of packed pairs' features, or of two sentences' (u, v)."""
        ...
