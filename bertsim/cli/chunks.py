"""What every command that turns a file into another shares: its chunks, a bar, and what a stop has kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

from bertsim.batch.partial import PartialFile
from bertsim.cli.output import LiveLine, Stopped, say
from bertsim.data.pairs import Row

Making = Callable[[list[Row], Callable[[int, int], None]], tuple[bytes, dict[str, int]]]


def write_chunks(partial: PartialFile, rows: Iterable[Row], total: int, size: int, make: Making) -> None:
    """Write what is made of rows, chunk by chunk; what an earlier run of the same job has kept is gone on with.

    Args:
        partial: where to.
        rows: all of them, `total`.
        size: of a chunk.
        make: rows of a chunk, and a callback for progress -> their bytes, and what counts of them.

    Raises:
        Stopped: by a signal; says what is kept.
    """
    if partial.restarted:
        say(f"bertsim: {partial.path} is of another job ({partial.restarted} changed): starting again.")
    elif partial.counts["rows"]:
        say(f"bertsim: going on after the {partial.counts['rows']:,} of {total:,} rows kept in {partial.path}.")
    rest = islice(rows, partial.counts["rows"], None)
    try:
        with LiveLine() as line:
            while chunk := list(islice(rest, size)):
                data, counts = make(chunk, line.part("rows", partial.counts["rows"], len(chunk), total))
                partial.append(data, rows=len(chunk), **counts)
    except Stopped as stop:
        kept = partial.counts["rows"]
        stop.told = (
            f"stopped: {kept:,} of {total:,} rows are kept in {partial.path}; the same command goes on from there."
            if kept
            else "stopped before the first rows were finished; nothing was written."
        )
        raise
