"""Rows of tokens -> one array, batch by batch: each distinct row once, rows of similar length together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from bertsim.engines.base import count_cores
from bertsim.records import Float

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is to do, in whatever unit: only their ratio counts."""
BATCH_TOKENS = 384
_THREADS = ThreadPoolExecutor(count_cores(), thread_name_prefix="bertsim-batch")
Row = TypeVar("Row", bound=tuple)  # type: ignore[type-arg]


def pass_of(progress: Progress | None, number: int, passes: int) -> Progress | None:
    """The progress of one of several passes over the same text as that of all of them."""
    return progress and (lambda done, total: progress(number * total + done, passes * total))


def map_rows(
    rows: Sequence[Row],
    run: Callable[[Sequence[Row]], Float],
    size: int,
    progress: Progress | None,
    length: Callable[[Row], int] = len,
    at_once: int = 1,
) -> Float:
    """Run every row.

    Args:
        rows: tuples; equal ones are run once.
        run: rows -> float32 [rows, size].
        size: of a result, for where there is no row.
        progress: told after every batch.
        length: tokens of a row.
        at_once: batches run side by side, each in a thread of its own; few rows are cut into as many.

    Returns:
        float32 [rows, size], in the order given.
    """
    ordered = sorted(
        dict.fromkeys(rows), key=length, reverse=True
    )  # the largest batch first: memory is asked once
    places = {row: place for place, row in enumerate(ordered)}
    most_tokens = min(BATCH_TOKENS, -(-sum(map(length, ordered)) // at_once))
    batches = list(_batches(ordered, most_tokens, length))
    results = _THREADS.map(run, batches) if at_once > 1 and len(batches) > 1 else map(run, batches)
    parts, done = [], 0
    for batch, part in zip(batches, results, strict=True):
        parts.append(part)
        done += len(batch)
        if progress:
            progress(done * len(rows) // len(ordered), len(rows))
    if not parts:
        return np.zeros((0, size), np.float32)
    return np.concatenate(parts)[[places[row] for row in rows]]


def _batches(
    ordered: Sequence[Row], most_tokens: int, length: Callable[[Row], int]
) -> Iterator[Sequence[Row]]:
    """Cut rows, longest first, into batches of about `most_tokens` whose lengths differ by an eighth at most."""
    start = 0
    for end in range(1, len(ordered) + 1):
        longest = length(ordered[start])
        if (
            end == len(ordered)
            or (end - start + 1) * longest > most_tokens
            or length(ordered[end]) < longest * 7 // 8
        ):
            yield ordered[start:end]
            start = end
