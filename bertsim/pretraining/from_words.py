"""Weighted word vectors -> the tensors of a BERT whose mean pooling is their weighted sum, exactly.

LayerNorm leaves a row as it is if the row's mean is 0 and its length √hidden. So every WordPiece gets a row whose
first dimensions hold its weighted vector, turned so that they sum to 0, and whose last few, the carriers, hold
+b, -b, … such that the length is √hidden. The first layer's attention looks at every token alike and adds a part of
what it sees, so [CLS], which holds nothing of its own, comes to hold the sentence: what a pooler or a head reads there
is the bag, and the mean of all tokens is what it was but for their LayerNorm. The rest adds 0 at first, and the last
LayerNorm's gain hides the carriers: unimportant words keep their length where the output does not see it. Training
goes on from there.

numpy alone; writing the tensors is `output`'s.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import dct

from bertsim.checkpoint import tensor_shapes
from bertsim.config import BertConfig
from bertsim.errors import InputError
from bertsim.records import Float

CARRIERS = 2
LONGEST = 0.97
"""Largest length of a weighted vector, as a share of √hidden."""
_STDDEV = 0.02
MIXED = 0.3
"""What the first layer adds of the average of all tokens."""


def largest_dim(hidden_size: int, carriers: int = CARRIERS) -> int:
    """How many values a word vector may have: one dimension is lost to the mean, and the carriers.

    Example: hidden size 256 -> 253
    """
    return hidden_size - carriers - 1


def embedding_rows(
    weighted: Float, hidden_size: int, carriers: int = CARRIERS, keep: float = 1.0
) -> tuple[Float, float]:
    """A row of the embedding table for every weighted vector.

    Args:
        weighted: float32 [vocab, dim]; a vector's length is how much its word counts; zeros for special tokens.
        hidden_size: of the BERT.
        carriers: dimensions that hold the rest of a row's length; even, at least 2. More of them are rounded more
            finely by int8 rows, since ±b is then smaller.
        keep: the quantile of all lengths that becomes the longest that there can be; longer ones are shortened to
            it. 1: none is, and the BERT is the bag exactly.

    Returns:
        float32 [vocab, hidden], every row of mean 0 and length √hidden, and the scale: the first dimensions of a row
        are scale · weighted, turned.

    Raises:
        InputError: `dim` is too large, nothing counts, or `carriers` is odd.

    Source: rows of the orthonormal discrete cosine transform but the first are orthonormal and sum to 0.
    """
    dim = weighted.shape[1]
    if carriers < 2 or carriers % 2:
        raise InputError(f"carriers is {carriers}; an even number of at least 2 was expected.")
    if dim > largest_dim(hidden_size, carriers):
        raise InputError(
            f"word vectors have {dim} values, and a hidden size of {hidden_size} has room for "
            f"{largest_dim(hidden_size, carriers)}; use fewer, or a larger hidden size."
        )
    lengths = np.linalg.norm(weighted.astype(np.float64), axis=1)
    if not lengths.any():
        raise InputError("every word vector is 0; at least one must count.")
    longest = LONGEST * np.sqrt(hidden_size)
    scale = longest / np.quantile(lengths[lengths > 0], keep)
    shorter = scale * np.minimum(1.0, longest / np.maximum(scale * lengths, 1e-12))
    basis = dct(np.eye(hidden_size - carriers), norm="ortho", axis=0)[1 : dim + 1]
    rows = np.empty((len(weighted), hidden_size))
    rows[:, :-carriers] = (weighted * shorter[:, None]) @ basis
    rest = hidden_size - (shorter * lengths) ** 2
    rows[:, -carriers:] = np.sqrt(rest / carriers)[:, None] * np.tile([1.0, -1.0], carriers // 2)
    return rows.astype(np.float32), float(scale)


def bert_tensors(
    rows: Float, config: BertConfig, seed: int, carriers: int = CARRIERS, mixed: float = MIXED
) -> dict[str, Float]:
    """Every tensor of a BERT that gives `rows`, the carriers hidden, as its last hidden state.

    Args:
        rows: float32 [vocab, hidden], from `embedding_rows`.
        config: of the BERT; `hidden_size` and `vocab_size` are those of the rows.
        seed: of queries, keys, values and the first feed-forward half, which learning starts from.
        carriers: as there.
        mixed: how much of the average of all tokens the first layer adds to each; 0: every hidden state is `rows`.

    Returns:
        float32 arrays by transformers' name, without prefix, linear weights as [out, in].

    Example: [CLS] with a row of 0, two words with 2 and 4, mixed 0.3 -> 0.3 · (0 + 2 + 4) / 3 at [CLS]
    """
    if rows.shape != (config.vocab_size, config.hidden_size):
        raise InputError(
            f"there are {rows.shape[0]} rows of {rows.shape[1]}; the BERT has {config.vocab_size} of "
            f"{config.hidden_size}."
        )
    random = np.random.default_rng([seed, 2])
    tensors: dict[str, Float] = {}
    for name, shape in tensor_shapes(config, with_pooler=False).items():
        if name.endswith("LayerNorm.weight"):
            tensors[name] = np.ones(shape, np.float32)
        elif name.endswith((".query.weight", ".key.weight", ".value.weight", "intermediate.dense.weight")):
            tensors[name] = random.normal(0.0, _STDDEV, shape).astype(np.float32)
        else:
            tensors[name] = np.zeros(shape, np.float32)
    tensors["embeddings.word_embeddings.weight"] = rows
    if mixed:
        first = "encoder.layer.0.attention"
        content = np.diag((np.arange(config.hidden_size) < config.hidden_size - carriers).astype(np.float32))
        tensors[f"{first}.self.query.weight"] = np.zeros_like(content)
        tensors[f"{first}.self.value.weight"] = content
        tensors[f"{first}.output.dense.weight"] = (mixed * content).astype(np.float32)
    last = f"encoder.layer.{config.num_hidden_layers - 1}.output.LayerNorm.weight"
    tensors[last][-carriers:] = 0.0
    return tensors
