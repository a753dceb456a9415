"""Token ids -> a vector for every WordPiece, by what it stands beside: co-occurrence, PPMI, truncated SVD.

A word's meaning is the company it keeps; two minutes on 29 million tokens give vectors whose weighted mean compares
sentences about as well as hours of masked language modelling.

Source: Levy and Goldberg 2014, "Neural Word Embedding as Implicit Matrix Factorization"; context smoothing and √S:
Levy, Goldberg and Dagan 2015. Randomised SVD: Halko, Martinsson and Tropp 2011. Weights a / (a + p): Arora, Liang and
Ma 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from bertsim.errors import InputError
from bertsim.pooling import scale_to_unit
from bertsim.pretraining.corpus import Corpus, count_ids
from bertsim.records import Float

WINDOW = 5
SMOOTHING = 0.75
RARE = 1e-3
_CHUNK = 4_000_000  # tokens counted at a time
_ITERATIONS = 2  # a minute where SciPy's ARPACK takes five, and as good after any training


@dataclass(frozen=True)
class WordVectors:
    """A vector and a weight for every id of a vocabulary.

    Attributes:
        vectors: float32 [vocab, dim], each of length 1; 0 for special tokens.
        weights: float32 [vocab], in [0, 1]; how much an occurrence counts in a sentence.
    """

    vectors: Float
    weights: Float

    @property
    def weighted(self) -> Float:
        """Vectors times weights, float32 [vocab, dim]: what is summed to make a sentence's vector."""
        return self.vectors * self.weights[:, None]


def count_neighbours(corpus: Corpus, vocab_size: int, window: int = WINDOW) -> sparse.csr_array:
    """How often two ids stand within `window` tokens of one sentence, nearer ones counting more (1 / distance).

    Args:
        corpus: sentences and their weights.
        vocab_size: of the vocabulary.
        window: tokens looked at to either side.

    Returns:
        float64 [vocab, vocab], symmetric.

    Example: the sentence 7 8 9, window 2 -> (7, 8): 1, (8, 9): 1, (7, 9): 0.5, and mirrored
    """
    total = sparse.csr_array((vocab_size, vocab_size), dtype=np.float64)
    lengths = corpus.lengths
    first = 0
    while first < len(corpus):
        last = int(np.searchsorted(corpus.starts, corpus.starts[first] + _CHUNK, side="right")) - 1
        last = min(max(last, first + 1), len(corpus))
        ids = corpus.ids[corpus.starts[first] : corpus.starts[last]]
        sentence = np.repeat(np.arange(first, last, dtype=np.int32), lengths[first:last])
        for distance in range(1, min(window, len(ids) - 1) + 1):
            beside = sentence[distance:] == sentence[:-distance]
            pair = ids[:-distance][beside], ids[distance:][beside]
            weight = corpus.weights[sentence[distance:][beside]].astype(np.float64) / distance
            total += sparse.coo_array((weight, pair), shape=total.shape).tocsr()
        first = last
    return (total + total.T).tocsr()


def positive_pmi(
    counts: sparse.csr_array, smoothing: float = SMOOTHING, shift: float = 0.0
) -> sparse.csr_array:
    """log(p(a, b) / (p(a) p(b))) where it is above `shift`, which is taken off; 0 elsewhere.

    Args:
        counts: float64 [vocab, vocab].
        smoothing: the power that context counts are raised to; 1: none.
        shift: log of the number of negative samples this stands for; 0: none.

    Example: counts [[0, 4], [4, 0]], smoothing 1 -> [[0, log 2], [log 2, 0]]
    """
    rows = np.asarray(counts.sum(axis=1)).ravel()
    contexts = rows**smoothing
    found = counts.tocoo()
    values = np.log(found.data * contexts.sum()) - np.log(rows[found.row] * contexts[found.col]) - shift
    above = values > 0
    kept = (values[above].astype(np.float32), (found.row[above], found.col[above]))
    return sparse.coo_array(kept, shape=counts.shape).tocsr()


def factorise(matrix: sparse.csr_array, dim: int, seed: int, power: float = 0.5) -> Float:
    """Rows of the best approximation of rank `dim`, as U S^power.

    Args:
        matrix: float32 [vocab, vocab].
        dim: values in a vector.
        seed: of the first guess.
        power: how much the larger directions count more; 0: all alike.

    Returns:
        float32 [vocab, dim], the largest direction first; its signs are settled, so the same text gives the same.

    Raises:
        InputError: `dim` is not below the size of the vocabulary.
    """
    if not 1 <= dim < min(matrix.shape):
        raise InputError(
            f"word vectors of {dim} values were asked for; 1 to {min(matrix.shape) - 1} can be had of this vocabulary."
        )
    u, s, _ = randomized_svd(matrix, dim, n_iter=_ITERATIONS, random_state=seed)
    u = u * np.sign(u[np.abs(u).argmax(axis=0), np.arange(dim)])
    return np.asarray(u * s**power, np.float32)


def rarity(counts: NDArray[np.float64], rare: float = RARE) -> Float:
    """Weight of an occurrence, a / (a + p): 1 for the rarest ids, near 0 for the most frequent.

    Args:
        counts: float64 [vocab].
        rare: a, the share of the text at which a word counts half.

    Example: counts [1, 999], rare 0.001 -> [0.5, 0.001]
    """
    return np.asarray(rare / (rare + counts / max(counts.sum(), 1.0)), np.float32)


def learn_vectors(
    corpus: Corpus,
    vocab_size: int,
    dim: int,
    seed: int,
    *,
    window: int = WINDOW,
    smoothing: float = SMOOTHING,
    power: float = 0.5,
    own: float = 0.5,
    rare: float = RARE,
    silent: Sequence[int] = (),
) -> WordVectors:
    """Vectors and weights from text: count, PPMI, SVD, and a part of its own for every id.

    Args:
        corpus: what to learn from.
        vocab_size, dim: how many vectors of how many values.
        seed: of every random number.
        window, smoothing, power, rare: see the stages.
        own: length of a random vector added to each of length 1, so that neighbours are near but not the same.
        silent: ids that count nothing, special tokens.

    Raises:
        InputError: `dim` is too large for the vocabulary.
    """
    counts = count_ids(corpus, vocab_size)
    matrix = positive_pmi(count_neighbours(corpus, vocab_size, window), smoothing)
    vectors = scale_to_unit(factorise(matrix, dim, seed, power))
    random = scale_to_unit(np.random.default_rng([seed, 1]).normal(size=vectors.shape).astype(np.float32))
    is_known = (vectors**2).sum(axis=1) > 0.5
    vectors = scale_to_unit(np.where(is_known[:, None], vectors + own * random, random))
    weights = rarity(counts, rare)
    vectors[list(silent)] = weights[list(silent)] = 0.0
    return WordVectors(vectors, weights)
