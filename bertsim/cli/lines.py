"""Files of sentences as `rank`, `matrix` and `duplicates` read them, and the tables that they write.

What is found carries numbers of lines, so that a row that cannot be used is named, counted and left out.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from bertsim.batch.partial import check_output
from bertsim.batch.scoring import refusal
from bertsim.cli.files import NAMED, UNREAD, Tally, summed
from bertsim.cli.options import NAME_THEM
from bertsim.cli.output import say
from bertsim.data.atomic import write_atomically
from bertsim.data.pairs import DataFile, kind_of, open_sentences
from bertsim.errors import DataError, InputError

if TYPE_CHECKING:
    from bertsim.model.similarity import SimilarityModel

COUNTS = ("left_out", *UNREAD)
_AT_ONCE = 4096


@dataclass
class Lines:
    """The sentences of a file, or of the command line, that can be used.

    Attributes:
        sentences: in order.
        lines: where each stands; empty for those of the command line.
        counts: by `COUNTS`: rows that could not be used, and sentences that were not read to the end.
    """

    sentences: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def row(self, place: int) -> tuple[int, str]:
        """A sentence with the number of its line before it."""
        return self.lines[place], self.sentences[place]


def add_files(parser: argparse.ArgumentParser, other: str, what: str) -> None:
    """--input FILE, and another that holds `what`, each with its column."""
    add = parser.add_argument
    add("--input", type=Path, metavar="FILE", required=True, help="sentences: .txt, one a line, .tsv, .csv, .jsonl, …")
    add("--column", metavar="NAME", help="the column of FILE that holds them")
    add(f"--{other}", type=Path, metavar="FILE", help=what)
    add(f"--{other}-column", metavar="NAME", help="the column of that file")


def open_files(args: argparse.Namespace, other: str) -> tuple[DataFile, DataFile | None]:
    """The files of `add_files`, each read as far as its first row.

    Raises:
        InputError: a column of no file.
        DataError: as `open_sentences`.
    """
    path, column = getattr(args, other), getattr(args, f"{other}_column")
    if path is None and column is not None:
        raise InputError(f"--{other}-column goes with --{other} FILE.")
    advice = replace(NAME_THEM, sentence=f"name it with --{other}-column")
    file = open_sentences(args.input, args.column, NAME_THEM)
    other_file = None if path is None else open_sentences(path, column, advice)
    for each in filter(None, (file, other_file)):
        next(iter(each), None)  # of plain text nothing was read yet
    return file, other_file


def read_all(
    model: SimilarityModel, file: DataFile, other: DataFile | Sequence[str] | None
) -> tuple[Lines, Lines, dict[str, int]]:
    """Read a file, and another one, or sentences of the command line; say what was left out, and what was not read.

    Returns:
        the sentences of each, those of the file again where there is no other, and what counts of them by `COUNTS`.

    Raises:
        DataError: a file without a row that can be used.
    """
    tally = Tally(model)
    own = others = _read_lines(file, model, tally)
    if isinstance(other, DataFile):
        others = _read_lines(other, model, tally)
    elif other is not None:
        others = Lines(list(other), counts=Counter(summed(tally.count(other))))
    sides = [own] if other is None else [own, others]
    counts = {name: sum(side.counts[name] for side in sides) for name in COUNTS}
    tally.say(counts)
    return own, others, counts


def _read_lines(file: DataFile, model: SimilarityModel, tally: Tally) -> Lines:
    found, rows = Lines(), iter(file)
    while chunk := list(islice(rows, _AT_ONCE)):
        counts, kept = tally.count([row.sentences[0] if row.error is None else "" for row in chunk]), []
        for row, count in zip(chunk, counts, strict=True):
            is_empty = not count.read + count.unknown
            error = row.error or (refusal({"the sentence": row.sentences[0]}, model.check) if is_empty else None)
            if error is None:
                found.sentences.append(row.sentences[0])
                found.lines.append(row.line)
                kept.append(count)
                continue
            found.counts["left_out"] += 1
            if found.counts["left_out"] <= NAMED:
                say(f"bertsim: {file.where(row)}: {error}; left out.")
        found.counts.update(summed(kept))
    if (more := found.counts["left_out"] - NAMED) > 0:
        say(f"bertsim: {file.path}: {more:,} more rows were left out.")
    if not found.sentences:
        raise DataError(f"{file.path} has no row that can be used; give it one sentence a row.")
    return found


def check_table(output: Path | None, *inputs: Path | None) -> None:
    """Refuse an output that `write_table` cannot write, where there is one, as `kind_of` and `check_output` do."""
    if output is not None:
        kind_of(output)
        check_output(output, *filter(None, inputs))


def write_table(output: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows under their columns as .tsv, .csv or .jsonl, .gz or not: numbers to six digits, None as nothing.

    TSV, which cannot hold tabs and line breaks, gets spaces for them.
    """
    kind, text = kind_of(output), io.StringIO()
    if kind == "jsonl":
        for row in rows:
            cells = (round(cell, 6) if isinstance(cell, float) else cell for cell in row)
            text.write(json.dumps(dict(zip(columns, cells, strict=True)), ensure_ascii=False) + "\n")
    else:
        writer = csv.writer(text)
        if kind == "tsv":
            writer = csv.writer(text, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None, lineterminator="\n")
        writer.writerows([_cell(cell, kind) for cell in row] for row in (columns, *rows))
    data = text.getvalue().encode(errors="backslashreplace")
    zipped = output.name.lower().endswith(".gz")
    write_atomically(output, lambda path: path.write_bytes(gzip.compress(data, mtime=0) if zipped else data))


def in_line(sentence: str) -> str:
    """A sentence as a line of what is printed: a space for every run of white space."""
    return " ".join(sentence.split())


def _cell(value: object, kind: str) -> str:
    if isinstance(value, float):
        return f"{value:.6f}"
    text = "" if value is None else str(value)
    return re.sub("[\t\r\n]", " ", text) if kind == "tsv" else text
