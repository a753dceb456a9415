"""How texts become arrays and embeddings while an encoder learns, the same as where they are served; what is pinned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from bertsim.bert.pooling import pool, scale_to_unit
from bertsim.records import Float
from bertsim.text.tokenizer import Tokenizer

_OF_IDS = ("input_ids", "attention_mask", "token_type_ids")
_BATCH = 64
Output = dict[str, Any]
"""What a `BertEncoder` gives, by name."""


class Reader:
    """How texts become arrays and embeddings: the same as where they are served.

    Attributes:
        tokenizer, pooling, normalize, max_length: of the checkpoint.
    """

    def __init__(self, tokenizer: Tokenizer, pooling: str, normalize: bool, max_length: int) -> None:
        self.tokenizer, self.max_length = tokenizer, max_length
        self._pooling, self._normalize = pooling, normalize

    def alone(self, sentences: Sequence[str]) -> dict[str, Any]:
        """Each sentence alone: int32 [n, seq] by the encoder's argument names."""
        return self._arrays([(sentence,) for sentence in sentences])

    def packed(self, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """Each pair packed; as `alone`."""
        return self._arrays(pairs)

    def embed(self, output: Output, mask: Any) -> Any:
        """Sentence embeddings, float32 [n, dim], of what the encoder gave."""
        if self._pooling == "pooler":
            return output["pooler_output"]
        real = ops.cast(mask, "float32")
        return pool(output["last_hidden_state"], real, self._pooling, normalize=self._normalize, xp=ops)

    def lengths(self, sentences: Sequence[str]) -> NDArray[np.int64]:
        """Tokens of each sentence alone, int64 [n]."""
        rows = self.tokenizer.encode([(sentence,) for sentence in sentences], self.max_length)
        return np.array([len(row.ids) for row in rows], np.int64)

    def _arrays(self, texts: Sequence[tuple[str, ...]]) -> dict[str, Any]:
        return dict(
            zip(_OF_IDS, self.tokenizer.pad(self.tokenizer.encode(texts, self.max_length)), strict=True)
        )


def pin(encoder: Any, reader: Reader, sentences: Sequence[str], told: Callable[[int, int], None]) -> Float:
    """Embeddings of an encoder as it is, of length 1: float32 [n, dim].

    Args:
        encoder: a `BertEncoder` with its weights.
        reader: how it reads.
        sentences: of plain text, the shortest first.
        told: how many are done, and of how many.
    """

    @tf.function(input_signature=[token_specs()])
    def run(arrays: Mapping[str, Any]) -> Any:
        return reader.embed(encoder(**arrays), arrays["attention_mask"])

    found: list[Float] = []
    for start in range(0, len(sentences), _BATCH):
        found.append(run(reader.alone(sentences[start : start + _BATCH])).numpy())
        told(min(start + _BATCH, len(sentences)), len(sentences))
    return scale_to_unit(np.concatenate(found))


@dataclass(frozen=True)
class Pinned:
    """Plain sentences, and what they shall keep.

    Attributes:
        sentences: the shortest first, so that neighbours need little padding.
        vectors: float32 [n, dim]; the embedding of each, of length 1.
    """

    sentences: tuple[str, ...]
    vectors: Float

    def draw(self, count: int, random: np.random.Generator) -> slice:
        """So many neighbours, from anywhere."""
        start = int(random.integers(max(len(self.sentences) - count, 0) + 1))
        return slice(start, start + count)


def token_specs() -> dict[str, Any]:
    """Arrays of token ids of any batch and length, for the signature of a graph."""
    return {name: tf.TensorSpec([None, None], tf.int32) for name in _OF_IDS}
