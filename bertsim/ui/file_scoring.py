"""The rows of a file -> their scores, chunk by chunk, and the scored file. The table function is the command's.

Holds what was finished, so that a stop costs a chunk at most: the same job goes on from there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bertsim.batch.inferring import InferringScorer
from bertsim.batch.table import NewColumns, TableScorer
from bertsim.batch.writing import TableLayout
from bertsim.data.header import is_number
from bertsim.errors import InputError
from bertsim.heads.config import LABELS
from bertsim.model.similarity import SimilarityModel
from bertsim.ui.desk import Visit
from bertsim.ui.lane import SlowLane
from bertsim.ui.pairs import Settings
from bertsim.ui.reader import TakenRow, read_taken
from bertsim.views.markup import safe_cell

FIRST, LARGEST = 64, 1024
"""Rows of the first chunk, and of the largest."""
CHUNK_CHARACTERS, CHUNK_SECONDS = 300_000, 1.2
SAMPLE = 24
KINDS = ("tsv", "csv", "jsonl", "parquet")
"""What scored rows are written as; a spreadsheet opens the first two, in which no cell is a formula."""
_A, _B = "sentence_a", "sentence_b"


@dataclass(frozen=True)
class Job:
    """What is to be made of the rows: by which model, under which settings, by which scorers, whether it infers."""

    settings: Settings
    scorers: tuple[str, ...]
    infers: bool

    def scorer(self, model: SimilarityModel) -> TableScorer:
        """The table function. Raises: InputError, as `TableScorer`."""
        columns = NewColumns.named(self.scorers, probability=True)
        if len(self.scorers) == 1:
            columns = NewColumns(self.scorers, (f"{self.scorers[0]}_probability",), *list(columns)[2:])
        kind = InferringScorer if self.infers else TableScorer
        return kind(model, (_A, _B), self.scorers, columns, self.settings.options(model))

    def cost(self, model: SimilarityModel, pairs: Sequence[tuple[str, str]]) -> tuple[int, int, float]:
        """How many sentences the encoder reads alone, how many pairs together, and about how many seconds, by a few."""
        longest_first = sorted(range(len(pairs)), key=lambda place: -sum(map(len, pairs[place])))
        few = [pairs[place] for place in longest_first[:: max(len(pairs) // SAMPLE, 1)]]
        packs = self.infers or any(name in model.scorers_of("packed") for name in self.scorers)
        start, table = monotonic(), pa.table({_A: [a for a, _ in few], _B: [b for _, b in few]})
        self.scorer(model)(table)
        seconds = (monotonic() - start) * len(pairs) / max(len(few), 1)
        return len({text for pair in pairs for text in pair}), len(set(pairs)) * packs, seconds


@dataclass
class Scored:
    """What was made of the rows so far.

    Attributes:
        job, encoder: what made it.
        columns: what the new columns are called.
        rows: all of them, without their cells.
        pairs: their sentences; ("", "") of a row that has none.
        tables: the new columns, chunk by chunk.
        seconds: that it took.
    """

    job: Job
    encoder: str
    columns: tuple[str, ...]
    rows: list[TakenRow]
    pairs: list[tuple[str, str]]
    tables: list[pa.Table] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def done(self) -> int:
        """Rows that are finished."""
        return sum(map(len, self.tables))

    @property
    def is_whole(self) -> bool:
        """Whether all are."""
        return self.done == len(self.rows)

    @property
    def bytes(self) -> int:
        """About what it takes of memory."""
        return sum(len(a) + len(b) for a, b in self.pairs) * 2 + 400 * len(self.rows)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A new column of the finished rows, float64 [done]; NaN where a row has none, or there is no such column."""
        if not self.tables or name not in self.tables[0].column_names:
            return np.full(self.done, np.nan)
        return pa.concat_tables(self.tables).column(name).to_numpy().astype(np.float64)

    @property
    def labels(self) -> NDArray[np.float64]:
        """Of the finished rows; NaN where there is none."""
        return np.array([math.nan if row.label is None else row.label for row in self.rows[: self.done]])

    @property
    def errors(self) -> list[str | None]:
        """Why each of the finished rows has no score."""
        name = self.columns[-1 - len(LABELS) * self.job.infers]
        return [each for table in self.tables for each in table.column(name).to_pylist()]


def begin(visit: Visit, job: Job, model: SimilarityModel) -> Scored:
    """Where to begin: what the same job has finished of this file already, else nothing. Raises: InputError."""
    known, taken = visit.result, visit.taken
    if known and known.job == job and not known.is_whole:
        return known
    if not taken or not taken.is_ready:
        raise InputError("there is no file that can be scored yet.")
    places = [taken.columns.index(name) for name in taken.sentences]
    rows, pairs = list[TakenRow](), list[tuple[str, str]]()
    for row in read_taken(visit.rows):
        a, b = ("" if row.error else str(row.cells[place]) for place in places)
        rows.append(TakenRow(row.line, row.error, row.label, row.written))
        pairs.append((a, b))
    return Scored(job, model.name, (*job.scorer(model).columns, *LABELS * job.infers), rows, pairs)


def chunks(
    scored: Scored, model: SimilarityModel, lane: SlowLane, stop: Callable[[], None] | None = None
) -> Iterator[float]:
    """Score chunk after chunk; after each, rows a second. Raises: whatever `stop` does, see `SlowLane.enter`."""
    table_scorer, size, start, first = scored.job.scorer(model), FIRST, monotonic(), scored.done
    while not scored.is_whole:
        began, at = monotonic(), scored.done
        end, characters = at, 0
        while end < min(at + size, len(scored.rows)) and (end == at or characters < CHUNK_CHARACTERS):
            characters += sum(map(len, scored.pairs[end]))
            end += 1
        pairs, reasons = scored.pairs[at:end], [row.error for row in scored.rows[at:end]]
        cells = {_A: [a for a, _ in pairs], _B: [b for _, b in pairs], table_scorer.columns.error: reasons}
        table = pa.table({name: pa.array(column, pa.string()) for name, column in cells.items()})
        with lane.enter((text for pair in pairs for text in pair), stop=stop) as pace:
            found = table_scorer(table, pace)
        scored.tables.append(found.select(list(scored.columns)))
        took = monotonic() - began
        scored.seconds += took
        size = int(min(max(FIRST, (end - at) * CHUNK_SECONDS / max(took, 0.01)), LARGEST, 4 * size))
        yield (scored.done - first) / (monotonic() - start)


def write(visit: Visit, kind: str) -> Iterator[bytes]:
    """The scored file, part by part. Raises: InputError, where there is none."""
    scored, taken = visit.result, visit.taken
    if not scored or not taken or not scored.done:
        raise InputError("nothing is scored here; score a file first.")
    own = tuple(map(str, taken.columns))
    new = [next(each for n in count() if (each := "bertsim_" * n + name) not in own) for name in scored.columns]
    is_safe = kind in ("tsv", "csv")
    names = [safe_cell(name) for name in own] if is_safe else [*own]
    layout = TableLayout(kind, False, tuple(names), tuple(new))

    def parts() -> Iterator[bytes]:
        rows = read_taken(visit.rows)
        for number, table in enumerate(scored.tables):
            cells = [row.cells for row in islice(rows, len(table))]
            values = [dict(zip(names, map(_safe, row) if is_safe else row, strict=True)) for row in cells]
            yield layout.chunk(values, table.rename_columns(new), with_header=not number)[0]

    if layout.convert is None:
        yield from parts()
        return
    with TemporaryDirectory(prefix="bertsim-") as folder:
        streams, whole = Path(folder, "streams"), Path(folder, "whole")
        with streams.open("wb") as out:
            out.writelines(parts())
        layout.convert(streams, whole)
        with whole.open("rb") as file:
            yield from iter(partial(file.read, 1 << 20), b"")


def _safe(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula; a number stays one. Example: "=1+1" -> "'=1+1"; "-1" -> "-1"."""
    return cell if not isinstance(cell, str) or is_number(cell) else safe_cell(cell)
