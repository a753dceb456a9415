"""Rows of tokens run batch by batch: each distinct row once, rows of similar length together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bertsim.records import Row

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is to do, in whatever unit: only their ratio counts."""
BATCH_TOKENS = 384
_T = TypeVar("_T")


def pass_of(progress: Progress | None, number: int, passes: int) -> Progress | None:
    """The progress of one of several passes over the same text as that of all of them."""
    return progress and (lambda done, total: progress(number * total + done, passes * total))


def run_batches(
    rows: Sequence[Row],
    run: Callable[[Sequence[Row]], _T],
    *,
    parallel: int = 1,
    progress: Progress | None = None,
) -> tuple[list[_T], NDArray[np.intp]]:
    """Run every distinct row once.

    Args:
        rows: at least one.
        run: what is done with a batch.
        parallel: batches run side by side, each in a thread of its own; few rows are cut into as many.
        progress: told after every batch.

    Returns:
        What `run` gave of each batch, and of every row its place among the rows of all batches, one after another.
    """
    # the largest batch first: memory is asked once
    ordered = sorted(dict.fromkeys(rows), key=lambda row: len(row.ids), reverse=True)
    places = {row: place for place, row in enumerate(ordered)}
    most_tokens = min(BATCH_TOKENS, -(-sum(len(row.ids) for row in ordered) // parallel))
    batches = list(_batches(ordered, most_tokens))
    pool = ThreadPoolExecutor(parallel) if parallel > 1 and len(batches) > 1 else None
    made, done = [], 0
    try:
        for batch, part in zip(batches, (pool.map if pool else map)(run, batches), strict=True):
            made.append(part)
            done += len(batch)
            if progress:
                progress(done * len(rows) // len(ordered), len(rows))
    finally:
        if pool:
            pool.shutdown(cancel_futures=True)  # whoever stops it waits for the batches in hand alone
    return made, np.array([places[row] for row in rows], np.intp)


def _batches(ordered: Sequence[Row], most_tokens: int) -> Iterator[Sequence[Row]]:
    """Cut rows, longest first, into batches of about `most_tokens` whose lengths differ by an eighth at most."""
    start = 0
    for end in range(1, len(ordered) + 1):
        longest = len(ordered[start].ids)
        if (
            end == len(ordered)
            or (end - start + 1) * longest > most_tokens
            or len(ordered[end].ids) < longest * 7 // 8
        ):
            yield ordered[start:end]
            start = end
