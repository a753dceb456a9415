"""Files of sentences as `rank`, `matrix` and `duplicates` read them, and the tables that they write.

What is found carries numbers of lines, so that a row that cannot be used is named, counted and left out.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from bertsim.batch.partial import check_output
from bertsim.batch.scoring import refusal
from bertsim.batch.writing import TableLayout
from bertsim.cli.files import NAMED, UNREAD, Tally, at_hand, summed
from bertsim.cli.options import add_reading_options, reading_of
from bertsim.cli.output import say
from bertsim.data.atomic import write_atomically
from bertsim.data.layout import ending_of
from bertsim.data.pairs import MEND, DataFile, open_sentences
from bertsim.data.rows import FIND_OUT
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
        lines: where each stands, "file:line" where there are several files; empty for those of the command line.
        counts: by `COUNTS`: rows that could not be used, and sentences that were not read to the end.
    """

    sentences: list[str] = field(default_factory=list)
    lines: list[int | str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def row(self, place: int) -> tuple[int | str, str]:
        """A sentence with the number of its line before it."""
        return self.lines[place], self.sentences[place]


def add_files(parser: argparse.ArgumentParser, other: str, what: str) -> None:
    """--input FILE, and another that holds `what`, each with its column, and how they are read."""
    add = parser.add_argument
    add("--input", type=Path, metavar="FILE", required=True, help="sentences: a file, a folder, a pattern or -")
    add("--column", metavar="NAME", help="the column of FILE that holds them, by name or number")
    add(f"--{other}", type=Path, metavar="FILE", help=what)
    add(f"--{other}-column", metavar="NAME", help="the column of that file")
    add_reading_options(parser, f"how FILE is written, and the file of --{other} if it has the same ending")


@contextmanager
def open_files(args: argparse.Namespace, other: str) -> Iterator[tuple[DataFile, DataFile | None]]:
    """The files of `add_files`, while they are at hand; it is said how they are read.

    Raises:
        InputError: a column of no file, or standard input twice.
        DataError: as `open_sentences`, or --output, where it is given, is one of them, or cannot be written.
    """
    path, column = getattr(args, other), getattr(args, f"{other}_column")
    if path is None and column is not None:
        raise InputError(f"--{other}-column goes with --{other} FILE.")
    is_alike = path is not None and ending_of(path) == ending_of(args.input)
    advice, reading = reading_of(args) if is_alike else (MEND, FIND_OUT)
    advice = replace(advice, sentence=f"name it with --{other}-column", column=f"--{other}-column")
    with ExitStack() as stack:
        inputs = [stack.enter_context(at_hand(each)) for each in (args.input, path) if each is not None]
        files = [open_sentences(inputs[0], args.column, *reading_of(args))]
        files += [open_sentences(each, column, advice, reading) for each in inputs[1:]]
        if args.output is not None:
            check_output(args.output, *(each for file in files for each in file.paths))
        for file in files:
            say(f"bertsim: {file.described}")
        yield files[0], files[1] if path is not None else None


def read_all(
    model: SimilarityModel, file: DataFile, other: DataFile | Sequence[str] | None
) -> tuple[Lines, Lines, dict[str, int]]:
    """Read a file, and another one, or sentences of the command line; say what was left out, and what was not read.

    Returns the sentences of each, those of the file again where there is no other, and what counts of them by `COUNTS`.

    Raises: DataError, for a file without a row that can be used.
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
                found.lines.append(file.where(row) if file.parts else row.line)
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


def write_table(output: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows under their columns as .tsv, .csv or .jsonl, .gz or not: numbers to six digits, None as nothing.

    TSV, which cannot hold tabs and line breaks, gets spaces for them.
    """
    found = list(rows)
    data, _ = TableLayout.of(output, (), columns).text([{}] * len(found), found, with_header=True)
    write_atomically(output, lambda path: path.write_bytes(data))


def in_line(sentence: str) -> str:
    """A sentence as a line of what is printed: a space for every run of white space."""
    return " ".join(sentence.split())
