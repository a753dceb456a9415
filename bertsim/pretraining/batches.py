"""A corpus -> the batches of an epoch: sentences of about one length, about as many tokens in each, in a random order.

Batches have one of a few shapes, so that a compiler that wants fixed shapes (XLA) compiles once for each. The same
epoch of the same seed gives the same batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertsim.pretraining.corpus import Corpus, Ids
from bertsim.pretraining.masking import MaskedBatch, MaskRules, mask_batch

LENGTHS = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
HELD_OUT_SEED = 1_000_000_007
"""In place of an epoch: the masks of held-out text are always the same."""


@dataclass(frozen=True)
class Batch:
    """Sentences of one step.

    Attributes:
        length: they are padded to this many tokens, special ones included.
        chosen: int64 [n], indices into the corpus; at most `rows`.
        rows: rows of the batch; those behind the last sentence are padding.
    """

    length: int
    chosen: NDArray[np.int64]
    rows: int


def bucket_lengths(max_length: int) -> tuple[int, ...]:
    """Padded lengths up to `max_length`, that one included. Example: 20 -> (8, 16, 20)."""
    return (*(length for length in LENGTHS if length < max_length), max_length)


def cut_epoch(corpus: Corpus, max_length: int, batch_tokens: int, seed: int, epoch: int) -> list[Batch]:
    """All batches of an epoch, each sentence as often as its weight says, fractions by the seed.

    Args:
        corpus: what to learn from.
        max_length: tokens the model reads.
        batch_tokens: padded tokens in a batch, at most.
        seed, epoch: settle the order.
    """
    random = np.random.default_rng([seed, 3, epoch])
    times = (corpus.weights + random.random(len(corpus))).astype(np.int64)
    order = random.permutation(np.repeat(np.arange(len(corpus)), times))
    batches = _cut(corpus, order, max_length, batch_tokens)
    return [batches[i] for i in random.permutation(len(batches))]


def cut_held_out(corpus: Corpus, max_length: int, batch_tokens: int) -> list[Batch]:
    """All batches of held-out text, each sentence once."""
    return _cut(corpus, np.arange(len(corpus)), max_length, batch_tokens)


def fill_batch(
    corpus: Corpus, batch: Batch, ends: tuple[int, int], pad_id: int, rules: MaskRules, seed: Sequence[int]
) -> MaskedBatch:
    """Gather and mask the sentences of a batch.

    Args:
        corpus: it was cut from.
        batch: which.
        ends: ids of [CLS] and [SEP].
        pad_id: of [PAD].
        rules: of masking.
        seed: of the masks.
    """
    ids: Ids = np.full((batch.rows, batch.length), pad_id, np.int32)
    lengths = np.zeros(batch.rows, np.int64)
    for row, index in enumerate(batch.chosen):
        sentence = corpus.ids[corpus.starts[index] : corpus.starts[index + 1]]
        n = len(sentence)
        ids[row, 0], ids[row, 1 : n + 1], ids[row, n + 1] = ends[0], sentence, ends[1]
        lengths[row] = n + 2
    return mask_batch(ids, lengths, rules, np.random.default_rng(seed))


def _cut(corpus: Corpus, order: NDArray[np.int64], max_length: int, batch_tokens: int) -> list[Batch]:
    buckets = bucket_lengths(max_length)
    place = np.searchsorted(buckets, corpus.lengths[order] + 2)
    batches = []
    for index, length in enumerate(buckets):
        inside = order[place == index]
        rows = max(1, batch_tokens // length)
        batches += [
            Batch(length, inside[start : start + rows], rows) for start in range(0, len(inside), rows)
        ]
    return batches
