"""What a step is given: which examples, and their texts as arrays, the same as where they are served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops
from numpy.typing import NDArray

from bertsim.bert.folder import CheckpointFolder
from bertsim.bert.pooling import pool
from bertsim.records import Float

_WINDOW = 32  # batches whose examples are sorted by length together


def cut_batches(lengths: NDArray[np.int64], batch_size: int, seed: Sequence[int]) -> list[NDArray[np.int64]]:
    """Shuffle, sort by length within windows of many batches, cut, shuffle the batches; all by the seed.

    `lengths` are tokens of each example, int64 [n]; what comes out are indices, each of 0 … n - 1 once, `batch_size` of
    them in each batch but one.
    """
    random = np.random.default_rng(seed)
    order, batches = random.permutation(len(lengths)), []
    for start in range(0, len(order), _WINDOW * batch_size):
        window = order[start : start + _WINDOW * batch_size]
        window = window[np.argsort(lengths[window], kind="stable")]
        batches += [window[i : i + batch_size] for i in range(0, len(window), batch_size)]
    return [batches[i] for i in random.permutation(len(batches))]


def take_turns(n: int, count: int | None, epoch: int, seed: Sequence[int]) -> NDArray[np.int64]:
    """Which of n examples an epoch takes: `count` of them, others in the next, each once before any is taken twice.

    Example: 4 examples, 2 an epoch -> two of them in epoch 0, the other two in epoch 1
    """
    if count is None or count >= n:
        return np.arange(n)
    first, start = divmod(epoch * count, n)
    rounds = range(first, first + 1 + (start + count - 1) // n)
    orders = [np.random.default_rng([*seed, each]).permutation(n) for each in rounds]
    return np.concatenate(orders)[start : start + count]


class Tokens(NamedTuple):
    """Sequences, int32 [n, seq] each, in the order of the encoder's arguments."""

    input_ids: Any
    attention_mask: Any
    token_type_ids: Any


class Reader:
    """Reads texts as a checkpoint says."""

    def __init__(self, checkpoint: CheckpointFolder) -> None:
        self._tokenizer, self._embedding = checkpoint.tokenizer, checkpoint.embedding

    def alone(self, sentences: Sequence[str]) -> Tokens:
        """Each sentence alone."""
        return self.packed([(sentence,) for sentence in sentences])

    def packed(self, texts: Sequence[tuple[str, ...]]) -> Tokens:
        """Each pair packed."""
        return Tokens(*self._tokenizer.pad(self._tokenizer.encode(texts, self._embedding.max_length)))

    def lengths(self, sentences: Sequence[str]) -> NDArray[np.int64]:
        """Tokens of each sentence alone, int64 [n]."""
        rows = self._tokenizer.encode([(sentence,) for sentence in sentences], self._embedding.max_length)
        return np.array([len(row.ids) for row in rows], np.int64)

    def embed(self, output: Mapping[str, Any], attention_mask: Any) -> Any:
        """Sentence embeddings, float32 [n, dim], of what the encoder gave."""
        if self._embedding.pooling == "pooler":
            return output["pooler_output"]
        real, normalize = ops.cast(attention_mask, "float32"), self._embedding.normalize
        return pool(output["last_hidden_state"], real, self._embedding.pooling, normalize=normalize, xp=ops)


class Pinned(NamedTuple):
    """Plain sentences, the shortest first, and what they shall keep: vectors of length 1, float32 [n, dim]."""

    sentences: Sequence[str]
    vectors: Float
