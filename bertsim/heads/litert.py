"""Run a head's flatbuffer with LiteRT. Imports no TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bertsim.engines.litert import Flatbuffer
from bertsim.records import EncoderOutput, Float, Int


class LiteRTHead:
    """Runs a head's flatbuffer; see `reading.HeadRunner`.

    Args:
        path: a file that `export.heads` wrote.

    Raises:
        CheckpointError: the file is missing, damaged or has not the two signatures.
    """

    def __init__(self, path: Path) -> None:
        self._flatbuffer = Flatbuffer(path, ("features", "classify"))

    def features(self, output: EncoderOutput, attention_mask: Int) -> Float:
        """Summaries of sequences."""
        arrays: dict[str, Any] = {
            "last_hidden_state": output.last_hidden_state,
            "attention_mask": attention_mask,
            "pooler_output": output.pooler_output,
        }
        wanted = self._flatbuffer.inputs["features"]
        return self._flatbuffer.run("features", **{name: arrays[name] for name in wanted})["features"]

    def classify(self, u: Float, v: Float | None = None) -> Float:
        """Logits."""
        return self._flatbuffer.run("classify", **({"u": u} if v is None else {"u": u, "v": v}))["logits"]
