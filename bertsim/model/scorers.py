"""The ways to score a pair: what each reads of encoded rows, and what it makes of A's entries and B's.

A scorer that reads *apart* has an entry of each sentence alone, one that reads *packed* of `[CLS] A [SEP] B [SEP]`.
Either way the order counts for a head: (B, A) may score otherwise than (A, B). "combined" reads nothing itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertsim.heads.reading import LoadedHead
from bertsim.records import COMBINED, EncoderOutput, Float, Int, TokenBatch
from bertsim.score.calibration import Combination

APART, PACKED = "apart", "packed"
Entries = Any
"""An entry a row: float32 [rows, width], or a list."""
Index = Sequence[int] | NDArray[np.intp]


@dataclass(frozen=True)
class Reader:
    """What is kept of rows when they are encoded; readers are the same where inputs and key are.

    Attributes:
        inputs: what it reads: sentences "apart", or pairs "packed" into one row.
        key: what tells it from other readers.
        read: the encoder's output for a batch, its attention mask int32 [rows, seq], and which tokens are a lone
            sentence's own, bool [rows, seq] -> entries.
        fields: of the encoder's output that `read` takes.
        keeps_tokens: an entry holds vectors of tokens, so that few are to be kept at a time.
    """

    inputs: str
    key: Hashable
    read: Callable[[EncoderOutput, Int, NDArray[np.bool_]], Entries] = field(compare=False)
    fields: Sequence[str] = field(default=("hidden_states",), compare=False)
    keeps_tokens: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Scorer:
    """One way to score pairs; scorers are the same where name and reader are.

    Attributes:
        name: as in `model.scorers`.
        compute: the entries of A and of B, or of packed pairs, or the scores of the parts -> values, float32 [pairs].
        unit, low, high: as in `PairScore`.
        across: the same values of every entry of A with every one of B, float32 [a, b]; None: it has no faster way
            than row by row.
        reader: what it reads; None: it joins other scorers.
        parts: the scorers that it joins.
        is_directed: it says that B follows from A, rather than how alike they are.
    """

    name: str
    compute: Callable[..., Float] = field(compare=False)
    unit: str = field(compare=False)
    low: float = field(compare=False)
    high: float = field(compare=False)
    across: Callable[[Any, Any], Float] | None = field(default=None, compare=False)
    reader: Reader | None = None
    parts: tuple[Scorer, ...] = field(default=(), compare=False)
    is_directed: bool = field(default=False, compare=False)

    def scores(self, values: Float) -> Float:
        """Values as scores, higher = more similar: 1 / (1 + d) for a distance d, else unchanged.

        Example: distances [0., 1., 3.] -> [1., 0.5, 0.25]
        """
        return (1.0 / (1.0 + values)).astype(np.float32) if self.unit == "distance" else values

    def values_across(self, a: Entries, b: Entries) -> Float:
        """The values of every entry of A, at least one, with every entry of B: float32 [a, b]."""
        if self.across:
            return self.across(a, b)
        return np.stack([self.compute(in_order([a[i : i + 1]], [0] * len(b)), b) for i in range(len(a))])


def readers_of(scorers: Iterable[Scorer], inputs: str) -> list[Reader]:
    """What scorers and their parts read "apart", or "packed", each reader once."""
    found = [each.reader for scorer in scorers for each in (scorer, *scorer.parts) if each.reader]
    return [reader for reader in dict.fromkeys(found) if reader.inputs == inputs]


def ways_of(scorers: Sequence[Scorer]) -> dict[str, list[Reader]]:
    """In which ways scorers have text read, "apart" or "packed" or both, and the readers of each."""
    return {way: readers for way in (APART, PACKED) if (readers := readers_of(scorers, way))}


def read_batch(tokens: TokenBatch, output: EncoderOutput, readers: Iterable[Reader], index: Index) -> dict[Reader, Any]:
    """What readers keep of a batch that is encoded already; `index`: of which of its rows, in which order."""
    read = {reader: reader.read(output, tokens.attention_mask, tokens.is_own) for reader in readers}
    return {reader: in_order([entries], index) for reader, entries in read.items()}


def in_order(parts: Sequence[Entries], index: Index) -> Entries:
    """Of the entries of several batches, one after another, those at `index`."""
    if isinstance(parts[0], list):
        entries = list(chain(*parts))
        return [entries[i] for i in index]
    return np.take(np.concatenate(parts), index, axis=0)


def values_of(scorers: Iterable[Scorer], entries: Mapping[Reader, Entries], across: int = 0) -> dict[Scorer, Float]:
    """Values of pairs by scorer and part of one, float32 [pairs], each computed once.

    Args:
        scorers: the ones that are asked for.
        entries: by reader; of sentences apart A's and B's by turns, of packed pairs one each.
        across: 0, or how many sentences apart come first that are A's, each of them paired with every one behind
            them: the values are float32 [across, rest] then, and packed pairs are in that order.
    """
    found: dict[Scorer, Float] = {}
    for each in dict.fromkeys(each for scorer in scorers for each in (*scorer.parts, scorer)):
        if each.reader is None:
            found[each] = each.compute(*(part.scores(found[part]) for part in each.parts))
        elif each.reader.inputs == PACKED:
            values = each.compute(entries[each.reader])
            found[each] = values.reshape(across, -1) if across else values
        else:
            read = entries[each.reader]
            if across:
                found[each] = each.values_across(read[:across], read[across:])
            else:
                found[each] = each.compute(read[0::2], read[1::2])
    return found


def head_scorer(head: LoadedHead, *, logits: bool = False) -> Scorer:
    """A trained head: the probability, or logit, of its label that means similar; or the logits of all its labels."""

    def compute(*sides: Float) -> Float:
        found = runner.classify(*sides)
        return found if logits else head.scores(found)

    runner, is_logit = head.runner, logits or head.config.activation == "identity"
    unit, low, high = ("logit", -math.inf, math.inf) if is_logit else ("probability", 0.0, 1.0)
    name = f"logits of {head.name}" if logits else head.name
    fields = [name for name in runner.reads if name != "attention_mask"]
    reader = Reader(head.config.inputs, head.name, lambda output, mask, _: runner.features(output, mask), fields)
    return Scorer(name, compute, unit, low, high, reader=reader, is_directed=head.config.is_directed)


def combined_scorer(combination: Combination, parts: Sequence[Scorer]) -> Scorer:
    """Several scorers joined; `parts` in the order of the combination's weights."""

    def compute(*scores: Float) -> Float:
        return combination.apply(dict(zip(combination.weights, scores, strict=True))).astype(np.float32)

    return Scorer(COMBINED, compute, "probability", 0.0, 1.0, parts=tuple(parts))
