"""Files of sentence pairs, or of sentences, read row by row: nothing is held but the row in hand.

What comes in: TSV and CSV with any delimiter and quotes or none, in any encoding; JSON Lines, a JSON list of objects;
Parquet, Excel; for sentences alone also plain text (one a line); packed by gzip or zstd or not; a folder of such files,
or a pattern of their names. How a file is written is found out from what is in it (`data.layout`).
What goes out: `Row`s in the order of the file. One that cannot be used is not dropped: it comes out with the reason in
`error`, and the rows after it are read as if nothing had been. Blank lines at the end are no rows.
What is wrong with the file as a whole (header, columns, packing), or cannot be told, is a `DataError`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from glob import glob
from itertools import islice, zip_longest
from pathlib import Path

from bertsim.data.header import KNOWN, MAX_COLUMNS, SENTENCE_COLUMNS, is_number, name_columns, pairs_of, recognised
from bertsim.data.layout import ENDINGS, ending_of, in_words, settle
from bertsim.data.rows import FIND_OUT, Reading, read_records
from bertsim.data.tables import Record
from bertsim.errors import DataError

_PEEKED_ROWS = 100


@dataclass(frozen=True)
class Advice:
    """What messages about a file say is to be done; whoever has an option for it says so instead."""

    pair: str = "rename them until one pair alone has known names, such as sentence1 and sentence2"
    label: str = "rename them until one alone has a known name, such as score"
    sentence: str = "name one of them sentence"
    row: str = "mend the row"
    column: str = "--column"  # the option that names the column of sentences
    has_options: bool = False

    def settle(self, options: str) -> str:
        """What settles how a file is read: these options, or, for whoever has none, a file that leaves no doubt."""
        return f"say {options}" if self.has_options else "write it as JSON Lines in UTF-8"


MEND_OR_SKIP = "mend the row, or leave such rows out with --skip-bad-rows"
MEND = Advice()


@dataclass(frozen=True)
class Row:
    """One row of a data file.

    Attributes:
        line: where it starts in the file, the first line being 1.
        sentences: the texts to embed or compare, of several references those that are not empty; () with an `error`.
        label: the label's cell as it stands in the file, None where no label column was asked for.
        values: every column as read; the line itself, under the first column, where it could not be taken apart.
        error: why the row cannot be used, in a few words; None for a good row.
        path: of the file that it is from, where there are several; None: there is one.
    """

    line: int
    sentences: tuple[str, ...]
    label: object
    values: dict[str, object]
    error: str | None
    path: Path | None = None


@dataclass(frozen=True)
class DataFile:
    """A file whose columns are known; iterating reads it from the start, as often as wanted.

    Attributes:
        path, advice: as given.
        reading: how it is read, all of it found out.
        columns: every column in the file's order (JSON: every key of any object).
        sentences: the columns that hold them: one, or two; more are references, some of which may be empty.
        label: the column that holds the label; None where nobody asked for one.
        has_commas: labels have decimal commas; a row's label comes with a point.
        parts: the files of a folder or a pattern, in the order of their names; () = it is one file.
    """

    path: Path
    reading: Reading
    columns: tuple[str, ...]
    advice: Advice
    sentences: tuple[str, ...] = ()
    label: str | None = None
    has_commas: bool = False
    parts: tuple[DataFile, ...] = ()

    def __iter__(self) -> Iterator[Row]:
        """The rows in order. Raises DataError where reading itself fails."""
        for part in self.parts:
            chosen = {"sentences": self.sentences, "label": self.label, "has_commas": self.has_commas}
            yield from (replace(row, path=part.path) for row in replace(part, **chosen))  # type: ignore[arg-type]
        if not self.parts:
            records = read_records(self.path, self.reading, len(self.columns))
            yield from map(self._row, islice(records, bool(self.reading.header), None))

    @property
    def kind(self) -> str:
        """The kind of its reading: "tsv", "csv", "jsonl", "json", "parquet", "xlsx" or "txt"."""
        return self.reading.kind

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file that is read."""
        return tuple(part.path for part in self.parts) or (self.path,)

    @property
    def described(self) -> str:
        """What was taken, in a sentence.

        Example: 'p.csv: CSV, semicolon, quotes, cp1252, a header; sentences "a" and "b".'
        """
        parts = f"{len(self.parts):,} files, the first " if self.parts else ""
        named = " and ".join(f'"{each}"' for each in self.sentences)
        held = "" if self.kind == "txt" else f"; sentences {named}"
        return f"{self.path}: {parts}{in_words(self.reading)}{held}."

    def where(self, row: Row) -> str:
        """`file:line`, as messages name a row."""
        return f"{row.path or self.path}:{row.line}"

    def column(self, name: str) -> str:
        """A column that was named, or numbered from 1. Raises: DataError, where the file does not have it."""
        if name in self.columns:
            return name
        if name.isdecimal() and len(name) < 9 and 0 < int(name) <= len(self.columns):
            return self.columns[int(name) - 1]
        raise DataError(f"{self.path} has no column {name!r}; it has {list_names(self.columns)}.")

    def labelled(self, column: str) -> DataFile:
        """With its label column. Raises: DataError, if it cannot be told whether commas in its numbers are decimal."""
        rows = replace(self, label=column)  # all of them: whole numbers may come first
        if self.kind == "parquet" and not self.parts:  # whose column of numbers has no text
            first = next((row.label for row in rows if row.label is not None), None)
            if not isinstance(first, str):
                return rows
        labels = [row.label for row in rows if isinstance(row.label, str) and "," in row.label]
        decimal = [label for label in labels if re.fullmatch(r"\s*[-+]?\d+,\d+\s*", label)]
        if decimal and all(re.fullmatch(r"\s*[-+]?[1-9]\d{0,2},\d{3}\s*", label) for label in decimal):
            doubt = "it cannot be told whether its comma is a decimal one; write such numbers with a point"
            raise DataError(f"{self.path}: a label in {column!r} is {decimal[0]!r}, and {doubt}.")
        return replace(self, label=column, has_commas=bool(decimal))

    def _row(self, record: Record) -> Row:
        values, fault = _named(record, self.columns, "the header names" if self.reading.header else "most have")
        cells = filled({name: values.get(name) for name in self.sentences})
        fault = fault or next(filter(None, (cell_fault(cell, name) for name, cell in cells.items())), None)
        sentences = () if fault else tuple(map(str, cells.values()))
        label = None if self.label is None else values.get(self.label)
        if self.has_commas and isinstance(label, str):
            label = label.replace(",", ".")
        return Row(record.line, sentences, label, values, fault)


def open_pairs(
    path: str | Path, columns: Sequence[str] | None = None, advice: Advice = MEND, reading: Reading = FIND_OUT
) -> DataFile:
    """Find out how a file is written, and which two columns hold the sentences.

    Args:
        path: a file, a folder of files of one kind, or a pattern of their names.
        columns: the columns that hold the sentences, by name or by number from 1: two, or a candidate and its
            references; recognised by name (`PAIR_COLUMNS`) if None.
        advice: what messages say is to be done.
        reading: what is known of how it is written.

    Raises:
        DataError: no such file, damaged, bad header, columns missing or not to be told apart; it cannot be told how it
            is written.

    Example: the header `sentence1<TAB>sentence2<TAB>score` -> sentences ("sentence1", "sentence2")
    """
    return with_pair(open_table(path, columns, advice, reading, is_text=False), columns)


def with_pair(file: DataFile, columns: Sequence[str] | None = None) -> DataFile:
    """A file whose columns are known, with those of the sentences. Raises: DataError, as `open_pairs`."""
    if columns is not None:
        pair = tuple(map(file.column, columns))
        if len(pair) < 2 or len(set(pair)) < len(pair):
            raise DataError(f"{file.path}: two different columns hold the sentences, but {list_names(pair)} was named.")
        return replace(file, sentences=pair)
    found = pairs_of(file.columns)
    if file.reading.header is False:  # the two that hold text
        rows = [row.values for row in islice(file, _PEEKED_ROWS) if row.error is None]
        texts = [name for name in file.columns if not all(is_number(row[name]) for row in rows)]
        found = [tuple(texts)] if len(texts) == 2 else []
    if len(found) != 1:
        fault = "more than one pair of columns could hold" if found else "no two columns are known to hold"
        raise DataError(f"{file.path}: {fault} the sentences among {list_names(file.columns)}; {file.advice.pair}.")
    return replace(file, sentences=found[0])


def open_sentences(
    path: str | Path, column: str | None = None, advice: Advice = MEND, reading: Reading = FIND_OUT
) -> DataFile:
    """Find the one sentence column of a file; a .txt file has one sentence a line, and no column to name.

    Raises: DataError, as `open_pairs`.
    """
    file = open_table(path, None if column is None else [column], advice, reading, is_text=True)
    if column is not None and file.kind == "txt":
        said = f"is plain text, one sentence a line, and has no column {column!r}; leave {advice.column} out"
        raise DataError(f"{path} {said}.")
    return with_sentence(file, column)


def with_sentence(file: DataFile, column: str | None = None) -> DataFile:
    """A file whose columns are known, with the one of the sentences. Raises: DataError, as `open_sentences`."""
    if column is not None:
        return replace(file, sentences=(file.column(column),))
    names = file.columns
    found = recognised(names, SENTENCE_COLUMNS) if len(names) > 1 else names
    if len(found) != 1:
        doubt = f"it cannot be told which of {list_names(names)} holds the sentences"
        raise DataError(f"{file.path}: {doubt}; {file.advice.sentence}.")
    return replace(file, sentences=tuple(found))


def list_names(names: Sequence[str]) -> str:
    """Columns as messages list them, the first twenty at most, each shortened to 40 characters."""
    shown = [repr(name if len(name) <= 40 else f"{name[:39]}…") for name in names[:20]]
    return ", ".join(shown) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def open_table(
    path: str | Path, wanted: Sequence[str] | None, advice: Advice, reading: Reading, is_text: bool
) -> DataFile:
    """A file, or several as one, with its columns; which of them hold what is not known yet.

    `wanted` are those that were named, or numbered; `is_text`: one alone holds sentences. Raises: as `open_pairs`.
    """
    path = path if isinstance(path, Path) else Path(path)  # a path may have a name of its own for messages
    paths = _files_of(path)
    files = [_opened_one(each, wanted, advice, reading, is_text) for each in paths]
    first = files[0]
    for file in files:
        if {*file.columns} != {*first.columns}:
            one, other = list_names(file.columns), list_names(first.columns)
            names = f"{file.path.name} has the columns {one}, and {first.path.name} {other}"
            raise DataError(f"{path}: {names}; name files that have the same.")
    return first if paths == [path] else replace(first, path=path, parts=tuple(files))


def _files_of(path: Path) -> list[Path]:
    """The files of a folder, or of a pattern, by name; a file alone is its own."""
    if path.is_dir():
        there = (each for each in _seen(path.iterdir()) if each.is_file() and not each.name.startswith("."))
        files = [each for each in there if ending_of(each) in ENDINGS]
        kinds = sorted({f".{ending_of(each)}" for each in files})
        if len(kinds) != 1:
            held = f"files of several kinds, {', '.join(kinds)}" if kinds else "no file that is known by its ending"
            raise DataError(f"{path} is a folder that holds {held}; name what is meant, such as '{path / '*.tsv'}'.")
        return files
    if path.exists() or not {"*", "?", "["} & {*str(path)}:
        return [path]
    if files := _seen(map(Path, glob(str(path), recursive=True))):
        return files
    raise DataError(f"{path}: there is no file whose name is like that; give the path of a data file.")


def _seen(paths: Iterable[Path]) -> list[Path]:
    """Files by name, without what a stopped run, whose output goes where they are, has kept there for itself."""
    return sorted(each for each in paths if not each.name.endswith((".partial", ".partial.json")))


def _opened_one(path: Path, wanted: Sequence[str] | None, advice: Advice, reading: Reading, is_text: bool) -> DataFile:
    """A file with its columns."""

    def known(names: Sequence[str]) -> bool:
        if len(names) > MAX_COLUMNS:
            return False
        if wanted is not None:
            return {*wanted} <= {*names}
        return bool(recognised(names, SENTENCE_COLUMNS) if is_text else pairs_of(names))

    reading = settle(path, reading, known, advice.settle, is_text=is_text)
    if reading.kind == "txt":
        return DataFile(path, reading, ("sentence",), advice)
    records = read_records(path, reading)
    if reading.kind in ("json", "jsonl"):
        keys = list(dict.fromkeys(str(key) for record in records for key in record.fields or ()))
        if not keys:
            raise DataError(f"{path} holds no JSON object; every line must be one, with a key for each column.")
        _check_columns(path, len(keys))
        return DataFile(path, reading, tuple(keys), advice)
    rows, header = list(islice(records, _PEEKED_ROWS)), reading.header
    if not rows:
        raise DataError(f"{path} is empty; its first line must name the columns.")
    names = [str(cell) for cell in rows[0].fields or ()]
    _check_columns(path, len(names))
    if header is None:
        is_named = wanted is not None and not all(name.isdecimal() for name in wanted)
        header = reading.kind == "parquet" or is_named or bool(recognised(names, KNOWN)) or None
    where = f"{path}:{rows[0].line}" if rows[0].line else str(path)
    option, them = (advice.column, "its name") if is_text else ("--columns", "two of these")
    naming = "--header" if wanted else f"{option} and {them}"
    names, header = name_columns(where, rows, header, naming, option, advice.settle)
    return DataFile(path, replace(reading, header=header), tuple(names), advice)


def _check_columns(path: Path, count: int) -> None:
    if count > MAX_COLUMNS:
        raise DataError(f"{path} has {count:,} columns, and {MAX_COLUMNS:,} are the most; write those that are needed.")


def _named(record: Record, columns: Sequence[str], most: str) -> tuple[dict[str, object], str | None]:
    """The cells under their columns, and their fault; too few are filled up, too many stand joined in the last."""
    cells, fault, due = record.fields, record.fault, len(columns)
    if cells is None:
        return {columns[0]: record.text}, fault
    if isinstance(cells, dict):
        return cells, fault
    if len(cells) != due:
        fault = fault or f"the row has {len(cells)} field{'s' * (len(cells) != 1)}, and {most} {due}"
    if len(cells) > due:
        cells = [*cells[: due - 1], " ".join(map(str, cells[due - 1 :]))]
    return dict(zip_longest(columns, cells, fillvalue="")), fault


def filled(cells: Mapping[str, object]) -> dict[str, object]:
    """The cells of sentences that count: the first, and of the others those with something in them, or the first."""
    names = [*cells]
    others = [name for name in names[1:] if cells[name] is not None and str(cells[name]).strip()] or names[1:2]
    return {name: cells[name] for name in (*names[:1], *others)}


def cell_fault(text: object, name: str) -> str | None:
    """Why a cell cannot be used as a sentence; None: it can."""
    if text is None:
        return f"there is no {name!r}"
    if not isinstance(text, str):
        return f"{name!r} holds {json.dumps(text, ensure_ascii=False, default=repr)[:40]}, which is not text"
    if not text.strip():
        return f"{name!r} is empty"
    return f"{name!r} holds half a surrogate pair, which is not text" if re.search("[\ud800-\udfff]", text) else None
