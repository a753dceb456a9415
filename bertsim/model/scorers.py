"""The ways to score a pair: what each reads of encoded rows, and what it makes of A's entries and B's.

A scorer that reads *apart* has an entry of each sentence alone, one that reads *packed* of `[CLS] A [SEP] B [SEP]`.
Either way the order counts for a head: (B, A) may score otherwise than (A, B).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bertsim.bert.pooling import combine_layers
from bertsim.heads.reading import LoadedHead
from bertsim.model.encoding import Encoded, Read, Readers
from bertsim.model.options import ResolvedOptions
from bertsim.records import ALIGNMENT, Float
from bertsim.score.alignment import align_tokens, weigh_tokens
from bertsim.score.measures import MEASURES

APART, PACKED = "apart", "packed"
_SIDES: Mapping[str, tuple[slice, ...]] = {APART: (slice(0, None, 2), slice(1, None, 2)), PACKED: (slice(None),)}
"""Where in the rows the sides of all pairs are: A and B one after another, or each pair in a row of its own."""


@dataclass(frozen=True, eq=False)
class Scorer:
    """One way to score pairs.

    Attributes:
        inputs: "apart" or "packed".
        reader, read: what it reads of a batch, and what tells that from what others read.
        compute: the entries of A and of B, or of packed pairs -> values, float32 [pairs].
        unit, low, high: as in `PairScore`.
        is_directed: whether (B, A) may have another value.
    """

    inputs: str
    reader: Hashable
    read: Read
    compute: Callable[..., Float]
    unit: str
    low: float
    high: float
    is_directed: bool = False

    def values(self, encoded: Mapping[str, Encoded]) -> Float:
        """Values of pairs, float32 [pairs]; `encoded` by "apart" and "packed"."""
        return self.compute(*(encoded[self.inputs].take(self.reader, side) for side in _SIDES[self.inputs]))

    def scores(self, values: Float) -> Float:
        """Values as scores, higher = more similar: 1 / (1 + d) for a distance d, else unchanged.

        Example: distances [0., 1., 3.] -> [1., 0.5, 0.25]
        """
        return (1.0 / (1.0 + values)).astype(np.float32) if self.unit == "distance" else values


def readers_of(scorers: Sequence[Scorer], inputs: str) -> Readers:
    """What the scorers that read "apart" or "packed" read."""
    return {scorer.reader: scorer.read for scorer in scorers if scorer.inputs == inputs}


def measure_scorer(name: str, reader: Hashable, read: Read) -> Scorer:
    """A measure of two embeddings, one of `measures.MEASURES`; `read` gives the embeddings."""
    measure = MEASURES[name]
    return Scorer(APART, reader, read, measure.compute, measure.unit, measure.low, measure.high)


def alignment_scorer(options: ResolvedOptions) -> Scorer:
    """How well tokens match, by the layers of the options; tokens are not pooled."""

    def read(output: Any, mask: Any, is_own: Any) -> Any:
        return weigh_tokens(combine_layers(output.hidden_states, options.layers, options.combine), is_own)

    def compute(a: Sequence[Any], b: Sequence[Any]) -> Float:
        return np.array([align_tokens(*pair) for pair in zip(a, b, strict=True)], np.float32)

    return Scorer(APART, (ALIGNMENT, options.layers, options.combine), read, compute, "similarity", 0.0, 1.0)


def head_scorer(head: LoadedHead, *, logits: bool = False) -> Scorer:
    """A trained head: the probability, or logit, of its label that means similar; or the logits of all its labels."""

    def read(output: Any, mask: Any, is_own: Any) -> Float:
        return head.runner.features(output, mask)

    def compute(*sides: Float) -> Float:
        found = head.runner.classify(*sides)
        return found if logits else head.scores(found)

    is_logit = logits or head.config.activation == "identity"
    unit, low, high = ("logit", -math.inf, math.inf) if is_logit else ("probability", 0.0, 1.0)
    return Scorer(head.config.inputs, ("head", head.name), read, compute, unit, low, high, is_directed=True)
