"""Run a head's flatbuffer with LiteRT. Imports no TensorFlow."""

from __future__ import annotations

from pathlib import Path

from bertsim.engines.litert import Flatbuffer
from bertsim.records import EncoderOutput, Float, Int


class LiteRTHead(Flatbuffer):
    """Runs a head's flatbuffer, which `export.heads` wrote; see `reading.HeadRunner`.

    Raises:
        CheckpointError: the file is missing, damaged or has not the two signatures.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, ("features", "classify"))

    def features(self, output: EncoderOutput, attention_mask: Int) -> Float:
        """Summaries of sequences."""
        given = vars(output) | {"attention_mask": attention_mask}
        return self.run("features", **{name: given[name] for name in self.inputs["features"]})["features"]

    def classify(self, u: Float, v: Float | None = None) -> Float:
        """Logits."""
        return self.run("classify", **({"u": u} if v is None else {"u": u, "v": v}))["logits"]
