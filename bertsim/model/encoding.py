"""Rows -> what scorers read of them: each distinct row goes through the encoder once, whoever asks for it.

In: `Row`s and readers of the encoder's output. Out: `Encoded`, of which a scorer takes A's side and B's side.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertsim.engines.base import Engine
from bertsim.engines.batches import Progress, run_batches
from bertsim.records import EncoderOutput, Float, Int, Row, TokenBatch
from bertsim.text.tokenizer import Tokenizer, own_tokens

Entries = Any
"""One entry a row: float32 [rows, width], or a list."""
Read = Callable[[EncoderOutput, Int, NDArray[np.bool_]], Entries]
"""Of a batch: the encoder's output, its attention mask int32 [rows, seq], which tokens are a lone sentence's own."""
Readers = Mapping[Hashable, Read]
"""By what tells one reader from another."""


@dataclass(frozen=True)
class Encoded:
    """What several readers read of rows.

    Attributes:
        entries: by reader, an entry for each distinct row.
        index: int [rows]; which entry each row has.
    """

    entries: Mapping[Hashable, Entries]
    index: NDArray[np.intp]

    def take(self, reader: Hashable, rows: slice = slice(None)) -> Entries:
        """The entries of some rows."""
        entries, index = self.entries[reader], self.index[rows]
        return [entries[i] for i in index] if isinstance(entries, list) else entries[index]


def encode_rows(
    engine: Engine,
    tokenizer: Tokenizer,
    rows: Sequence[Row],
    readers: Readers,
    progress: Progress | None = None,
    *,
    embeds: Hashable = None,
) -> Encoded:
    """Encode rows in batches of similar length.

    Args:
        engine, tokenizer: of the model.
        rows: at least one, all of sentences alone or all of packed pairs.
        readers: at least one.
        progress: told after every batch.
        embeds: the reader that the engine's own embedding stands for; alone, it needs no hidden states.
    """

    def run(batch: Sequence[Row]) -> dict[Hashable, Entries]:
        arrays = tokenizer.pad(batch)
        if list(readers) == [embeds]:
            return {embeds: engine.embed(*arrays)}
        return read_output(engine.encode(*arrays), arrays[1], own_tokens(batch, arrays[1]), readers)

    parts, index = run_batches(engine, rows, run, progress)
    return Encoded({reader: _join([part[reader] for part in parts]) for reader in readers}, index)


def encoded_batch(tokens: TokenBatch, output: EncoderOutput, readers: Readers, index: Sequence[int]) -> Encoded:
    """What is read of a batch that is encoded already; `index`: which of its rows, in which order."""
    return Encoded(read_output(output, tokens.attention_mask, tokens.is_own, readers), np.array(index, np.intp))


def read_output(
    output: EncoderOutput, attention_mask: Int, is_own: NDArray[np.bool_], readers: Readers
) -> dict[Hashable, Entries]:
    """What each reader reads of one batch."""
    return {reader: read(output, attention_mask, is_own) for reader, read in readers.items()}


def _join(parts: Sequence[Entries]) -> Float | list[Any]:
    return list(chain(*parts)) if isinstance(parts[0], list) else np.concatenate(parts)
