"""Rows of tokens run batch by batch: each distinct row once, rows of similar length together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bertsim.engines.base import Engine
from bertsim.records import Row

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is to do, in whatever unit: only their ratio counts."""
BATCH_TOKENS = 384
_T = TypeVar("_T")


def pass_of(progress: Progress | None, number: int, passes: int) -> Progress | None:
    """The progress of one of several passes over the same text as that of all of them."""
    return progress and (lambda done, total: progress(number * total + done, passes * total))


def run_batches(
    engine: Engine, rows: Sequence[Row], run: Callable[[Sequence[Row]], _T], progress: Progress | None = None
) -> tuple[list[_T], NDArray[np.intp]]:
    """Run every distinct row once.

    Args:
        engine: says how many batches run side by side; few rows are cut into as many.
        rows: at least one.
        run: what is done with a batch, on that engine.
        progress: told after every batch.

    Returns:
        What `run` gave of each batch, and of every row its place among the rows of all batches, one after another.
    """
    # the largest batch first: memory is asked once
    ordered = sorted(dict.fromkeys(rows), key=lambda row: len(row.ids), reverse=True)
    places = {row: place for place, row in enumerate(ordered)}
    share = -(-sum(len(row.ids) for row in ordered) // engine.parallel_batches)
    batches = list(_batches(ordered, min(BATCH_TOKENS, share)))
    futures: list[Future[_T]] = []
    if engine.pool is None or len(batches) == 1:
        parts: Iterator[_T] = map(run, batches)
    else:
        futures = [engine.pool.submit(run, batch) for batch in batches]
        parts = (future.result() for future in futures)
    made, done = [], 0
    try:
        for batch, part in zip(batches, parts, strict=True):
            made.append(part)
            done += len(batch)
            if progress:
                progress(done * len(rows) // len(ordered), len(rows))
    finally:
        for future in futures:  # whoever stops it waits for no batch
            future.cancel()
    return made, np.array([places[row] for row in rows], np.intp)


def _batches(ordered: Sequence[Row], most_tokens: int) -> Iterator[Sequence[Row]]:
    """Cut rows, longest first, into batches of about `most_tokens` whose lengths differ by an eighth at most."""
    start = 0
    for end in range(1, len(ordered) + 1):
        longest = len(ordered[start].ids)
        if end == len(ordered) or (end - start + 1) * longest > most_tokens or len(ordered[end].ids) < longest * 7 // 8:
            yield ordered[start:end]
            start = end
