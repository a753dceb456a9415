"""How a sentence is embedded: what a caller may choose, and what that comes to for one model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from bertsim.bert.pooling import pooled_size


class Options(TypedDict, total=False):
    """What every method that embeds can be told; what is left out, or None, is the checkpoint's own.

    pooling: one of `pooling.POOLINGS`, or several joined by "+".
    layers: indices into the hidden states, 0 = embeddings, negative ones from the end; by default the last.
    combine: how several layers are joined: "concat" (the default), "sum" or "mean".
    max_length: tokens read of a sequence, special ones included.
    """

    pooling: str | None
    layers: Sequence[int] | None
    combine: str
    max_length: int | None


@dataclass(frozen=True)
class ResolvedOptions:
    """Options, every one of them known.

    Attributes:
        pooling, combine, max_length: as in `Options`.
        layers: indices into `hidden_states`, 0 = embeddings.
        is_default: whether pooling and layers are what the checkpoint itself asks for.
    """

    pooling: str
    layers: tuple[int, ...]
    combine: str
    max_length: int
    is_default: bool

    @property
    def layer_key(self) -> tuple[tuple[int, ...], str]:
        """What tells vectors of tokens from others: of a single layer, how several are joined says nothing."""
        return self.layers, self.combine if len(self.layers) > 1 else ""

    def size(self, hidden_size: int) -> int:
        """Number of values in such an embedding."""
        layers = len(self.layers) if self.combine == "concat" else 1
        return layers * pooled_size(self.pooling, hidden_size)
