"""How a model turns token vectors into a sentence's embedding, every option resolved."""

from __future__ import annotations

from dataclasses import dataclass

from bertsim.bert.pooling import pooled_size


@dataclass(frozen=True)
class Recipe:
    """How token vectors become an embedding, resolved against a model.

    Attributes:
        pooling: one of `pooling.POOLINGS`, or several joined by "+".
        layers: indices into `hidden_states`, 0 = embeddings.
        combine: "concat", "sum" or "mean" of several layers.
        max_length: tokens read of a sequence.
        is_default: whether this is what the checkpoint itself asks for.
    """

    pooling: str
    layers: tuple[int, ...]
    combine: str
    max_length: int
    is_default: bool

    def size(self, hidden_size: int) -> int:
        """Number of values in such an embedding."""
        layers = len(self.layers) if self.combine == "concat" else 1
        return layers * pooled_size(self.pooling, hidden_size)
