"""What the frozen encoder says of every sequence, computed once and kept on disk.

A `FeatureStore` is a folder of three arrays: token vectors of all sequences one after another (float16), where each
sequence starts, and the pooler's output where there is one. Its name is the SHA-256 of what it is made of (encoder,
tokenizer, length, texts), so it is found again by the next run and never by another; it appears under its name only
when whole.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from bertsim.records import Float
from bertsim.text.tokenizer import Tokenizer

_VERSION = "1"
_BATCH_TOKENS = 2048
_HIDDEN, _STARTS, _POOLER = "hidden.npy", "starts.npy", "pooler.npy"
Text = tuple[str, ...]
"""One sentence, or the two of a packed pair."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class FeatureStore:
    """Token vectors of distinct sequences, read from disk as they are needed.

    Attributes:
        hidden: float16 [tokens, hidden] of each file.
        files: int64 [sequences]; which of these a sequence is in.
        starts: int64 [sequences]; the sequence's first token there.
        lengths: int64 [sequences]; its number of tokens.
        pooler: float32 [sequences, hidden], or None.
        rows: which sequence each text is.
    """

    hidden: tuple[NDArray[np.float16], ...]
    files: NDArray[np.int64]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    pooler: Float | None
    rows: dict[Text, int]

    def gather(self, rows: NDArray[np.int64]) -> tuple[Float, NDArray[np.int32], Float]:
        """Lay sequences into arrays, padded to the longest, rounded up to eight.

        Returns:
            last_hidden_state float32 [n, seq, hidden], attention_mask int32 [n, seq], and pooler_output float32
            [n, hidden] (zeros where the encoder has no pooler).
        """
        lengths = self.lengths[rows]
        seq = -(-int(lengths.max()) // 8) * 8
        size = self.hidden[0].shape[1]
        hidden = np.zeros((len(rows), seq, size), np.float32)
        for place, row in enumerate(rows):
            start, length = self.starts[row], lengths[place]
            hidden[place, :length] = self.hidden[self.files[row]][start : start + length]
        mask = (np.arange(seq) < lengths[:, None]).astype(np.int32)
        pooler = np.zeros((len(rows), size), np.float32) if self.pooler is None else self.pooler[rows]
        return hidden, mask, pooler


def join_stores(stores: Sequence[FeatureStore]) -> FeatureStore:
    """Several stores of one encoder as one."""
    hidden: list[Any] = []
    rows: dict[Text, int] = {}
    files, count = [], 0
    for store in stores:
        files.append(store.files + len(hidden))
        hidden += store.hidden
        rows |= {text: row + count for text, row in store.rows.items()}
        count += len(store.lengths)
    poolers = [store.pooler for store in stores if store.pooler is not None]
    return FeatureStore(
        tuple(hidden),
        np.concatenate(files),
        np.concatenate([store.starts for store in stores]),
        np.concatenate([store.lengths for store in stores]),
        np.concatenate(poolers) if poolers else None,
        rows,
    )


def compute_features(
    encoder: Any,
    tokenizer: Tokenizer,
    texts: Sequence[Text],
    max_length: int,
    made_of: Sequence[str],
    cache: Path,
    progress: Progress | None = None,
) -> FeatureStore:
    """Run the encoder over every distinct text, or find what an earlier run kept.

    Args:
        encoder: a `BertEncoder` with its weights.
        tokenizer: of the same checkpoint.
        texts: sentences (tuples of one) or packed pairs (tuples of two), in any order, with repetitions.
        max_length: tokens read of each.
        made_of: checksums of all that `encoder` and `tokenizer` were read from.
        cache: the folder that holds the stores.
        progress: told how many texts are done, and of how many.
    """
    distinct = list(dict.fromkeys(texts))
    digest = hashlib.sha256(" ".join([_VERSION, *made_of, f"{max_length} {len(distinct)}\n"]).encode())
    for text in distinct:
        digest.update(("\x1f".join(text) + "\x1e").encode(errors="surrogatepass"))
    folder = cache / digest.hexdigest()
    if not folder.is_dir():
        _write(folder, encoder, tokenizer, distinct, max_length, progress)
    pooler = np.load(folder / _POOLER) if (folder / _POOLER).exists() else None
    starts = np.load(folder / _STARTS)
    return FeatureStore(
        (np.load(folder / _HIDDEN, mmap_mode="r"),),
        np.zeros(len(distinct), np.int64),
        starts[:-1],
        np.diff(starts),
        pooler,
        {text: row for row, text in enumerate(distinct)},
    )


def _write(
    folder: Path,
    encoder: Any,
    tokenizer: Tokenizer,
    texts: Sequence[Text],
    max_length: int,
    progress: Progress | None,
) -> None:
    """Compute a store beside its place, and move it there when it is whole."""
    _remove_leftovers(folder.parent)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}")
    partial.mkdir(parents=True, exist_ok=True)
    try:
        _fill(partial, encoder, tokenizer, texts, max_length, progress)
        if not folder.is_dir():  # another run may have been faster
            os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _remove_leftovers(cache: Path) -> None:
    """Remove what runs that were killed left half written: their processes are gone."""
    for partial in cache.glob(f".{'[0-9a-f]' * 64}.*"):
        try:
            os.kill(int(partial.suffix[1:]), 0)  # asks whether it is there
        except ProcessLookupError:
            shutil.rmtree(partial, ignore_errors=True)
        except (ValueError, OverflowError, PermissionError):  # not of ours, or another user's
            continue


def _fill(
    folder: Path,
    encoder: Any,
    tokenizer: Tokenizer,
    texts: Sequence[Text],
    max_length: int,
    progress: Progress | None,
) -> None:
    arrays = tokenise(tokenizer, texts, max_length)
    lengths = np.array([len(ids) for ids, _ in arrays], np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    size = encoder.config.hidden_size
    hidden = np.lib.format.open_memmap(folder / _HIDDEN, "w+", np.float16, (int(starts[-1]), size))
    pooler = None if encoder.pooler is None else np.zeros((len(texts), size), np.float32)
    run = frozen_function(encoder)
    order, done = np.argsort(-lengths, kind="stable"), 0
    while done < len(order):
        count = max(1, _BATCH_TOKENS // int(lengths[order[done]]))
        rows = order[done : done + count]
        output = run(*pad_sequences([arrays[row] for row in rows]))
        vectors = output["last_hidden_state"].numpy()
        for place, row in enumerate(rows):
            hidden[starts[row] : starts[row + 1]] = vectors[place, : lengths[row]]
        if pooler is not None:
            pooler[rows] = output["pooler_output"].numpy()
        done += len(rows)
        if progress:
            progress(done, len(order))
    hidden.flush()
    np.save(folder / _STARTS, starts)
    if pooler is not None:
        np.save(folder / _POOLER, pooler)


def tokenise(
    tokenizer: Tokenizer, texts: Sequence[Text], max_length: int
) -> list[tuple[list[int], list[int]]]:
    """Token ids and token types of each text, unpadded."""
    if all(len(text) == 1 for text in texts):
        rows = tokenizer.encode([text[0] for text in texts], max_length)
        return [(row, [0] * len(row)) for row in rows]
    found = []
    for start in range(0, len(texts), 1024):
        batch = tokenizer.batch(texts[start : start + 1024], max_length)
        for ids, types, mask in zip(batch.input_ids, batch.token_type_ids, batch.attention_mask, strict=True):
            length = int(mask.sum())
            found.append((ids[:length].tolist(), types[:length].tolist()))
    return found


def pad_sequences(rows: Sequence[tuple[list[int], list[int]]]) -> tuple[Any, Any, Any]:
    """input_ids, attention_mask and token_type_ids, int32 [batch, seq]; padding is 0 in all three."""
    seq = max(len(ids) for ids, _ in rows)
    ids, mask, types = (np.zeros((len(rows), seq), np.int32) for _ in range(3))
    for place, (row_ids, row_types) in enumerate(rows):
        ids[place, : len(row_ids)], mask[place, : len(row_ids)] = row_ids, 1
        types[place, : len(row_types)] = row_types
    return ids, mask, types


def frozen_function(encoder: Any) -> Any:
    """The encoder as a graph for any shape, giving last_hidden_state and, where there is one, pooler_output."""
    axes = [tf.TensorSpec([None, None], tf.int32)] * 3

    @tf.function(input_signature=axes)
    def run(input_ids: Any, attention_mask: Any, token_type_ids: Any) -> dict[str, Any]:
        output = encoder(input_ids, attention_mask, token_type_ids)
        return {name: output[name] for name in ("last_hidden_state", "pooler_output") if name in output}

    return run
