"""How texts become arrays and embeddings while an encoder learns, the same as where they are served; what is pinned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from bertsim.pooling import pool, scale_to_unit
from bertsim.records import Float
from bertsim.tokenization import Tokenizer
from bertsim.training.examples import Examples
from bertsim.training.state import RunFolder

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
        rows = self.tokenizer.encode(sentences, self.max_length)
        return dict(zip(_OF_IDS, self.tokenizer.pad(rows), strict=True))

    def packed(self, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """Each pair packed; as `alone`."""
        rows = self.tokenizer.encode_pairs([s for pair in pairs for s in pair], self.max_length)
        arrays = self.tokenizer.pad([ids for ids, _ in rows], types=[types for _, types in rows])
        return dict(zip(_OF_IDS, arrays, strict=True))

    def embed(self, output: Output, mask: Any) -> Any:
        """Sentence embeddings, float32 [n, dim], of what the encoder gave."""
        if self._pooling == "pooler":
            return output["pooler_output"]
        real = ops.cast(mask, "float32")
        return pool(output["last_hidden_state"], real, self._pooling, normalize=self._normalize, xp=ops)

    def lengths(self, sentences: Sequence[str]) -> NDArray[np.int64]:
        """Tokens of each sentence alone, int64 [n]."""
        return np.array([len(row) for row in self.tokenizer.encode(sentences, self.max_length)], np.int64)


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


def rate_by_cosine(
    parts: Sequence[Examples], bert: Any, reader: Reader, folder: RunFolder, told: Callable[[int, int], None]
) -> list[Examples]:
    """The parts, those of the kind "cosine" with the cosine of the encoder's embeddings, at least 0, as target."""
    chosen = [part for part in parts if part.source.kind == "cosine"]
    if not chosen:
        return list(parts)
    kept = folder.kept("cosines")
    if kept is None:
        texts = sorted({text for part in chosen for pair in part.pairs for text in pair}, key=len)
        rows = dict(zip(texts, pin(bert, reader, texts, told), strict=True))
        cosines = [float(rows[a] @ rows[b]) for part in chosen for a, b in part.pairs]
        kept = {"cosines": np.maximum(cosines, 0).astype(np.float32)}
        folder.keep("cosines", kept)
    targets = iter(np.split(kept["cosines"], np.cumsum([len(part) for part in chosen])[:-1]))
    return [
        replace(part, targets=np.tile(next(targets)[:, None], part.targets.shape[1]))
        if part.source.kind == "cosine"
        else part
        for part in parts
    ]


def token_specs() -> dict[str, Any]:
    """Arrays of token ids of any batch and length, for the signature of a graph."""
    return {name: tf.TensorSpec([None, None], tf.int32) for name in _OF_IDS}
