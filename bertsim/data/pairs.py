"""Files of sentence pairs, or of sentences, read row by row: nothing is held but the row in hand.

What comes in: TSV (no quoting: a `"` is a character like any other) and CSV (standard quoting, a record may span
lines), whose first row names the columns; JSON Lines (one object a line); for sentences alone also plain text (one a
line); each in UTF-8, and .gz or not; or Parquet.
What goes out: `Row`s in the order of the file. One that cannot be used is not dropped: it comes out with the reason in
`error`, and the rows after it are read as if nothing had been. Blank lines at the end are no rows.
What is wrong with the file as a whole (ending, header, columns, gzip) is a `DataError`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product, zip_longest
from pathlib import Path

from bertsim.data.rows import Record, read_records
from bertsim.errors import DataError

KINDS = ("tsv", "csv", "jsonl")
READ_KINDS = (*KINDS, "parquet")

# Names without case, spaces and punctuation: "Sentence_A" is "sentencea".
# fmt: off
PAIR_COLUMNS = (
    ("sentence1", "sentence2"), ("sentencea", "sentenceb"), ("sent1", "sent2"), ("text1", "text2"),
    ("texta", "textb"), ("premise", "hypothesis"), ("question1", "question2"), ("query", "passage"),
    ("anchor", "positive"), ("source", "target"), ("s1", "s2"), ("a", "b"),
)
# fmt: on
SENTENCE_COLUMNS = ("sentence", "text")


@dataclass(frozen=True)
class Advice:
    """What messages about a file say is to be done; whoever has an option for it says so instead."""

    pair: str = "rename them until one pair alone has known names, such as sentence1 and sentence2"
    label: str = "rename them until one alone has a known name, such as score"
    sentence: str = "name one of them sentence"
    row: str = "mend the row"


MEND_OR_SKIP = "mend the row, or leave such rows out with --skip-bad-rows"
MEND = Advice()


@dataclass(frozen=True)
class Row:
    """One row of a data file.

    Attributes:
        line: where it starts in the file, the first line being 1.
        sentences: the one or two texts to embed or compare; empty where `error` is set.
        label: the label's cell as it stands in the file, None where no label column was asked for.
        values: every column as read; the line itself, under the first column, where it could not be taken apart.
        error: why the row cannot be used, in a few words; None for a good row.
    """

    line: int
    sentences: tuple[str, ...]
    label: object
    values: dict[str, object]
    error: str | None


@dataclass(frozen=True)
class DataFile:
    """A file whose columns are known; iterating reads it from the start, as often as wanted.

    Attributes:
        path, advice: as given.
        kind: "tsv", "csv", "jsonl", "parquet" or "txt".
        columns: every column in the file's order (JSON Lines: every key of any object).
        sentences: the columns that hold the sentences, one or two.
        label: the column that holds the label; None where nobody asked for one.
    """

    path: Path
    kind: str
    columns: tuple[str, ...]
    advice: Advice
    sentences: tuple[str, ...] = ()
    label: str | None = None

    def __iter__(self) -> Iterator[Row]:
        """The rows in order. Raises DataError where reading itself fails."""
        records = read_records(self.path, self.kind)
        yield from map(self._row, islice(records, self.kind not in ("jsonl", "txt"), None))

    def where(self, row: Row) -> str:
        """`file:line`, as messages name a row."""
        return f"{self.path}:{row.line}"

    def column(self, name: str) -> str:
        """A column that was named. Raises: DataError, where the file does not have it."""
        if name not in self.columns:
            raise DataError(f"{self.path} has no column {name!r}; it has {list_names(self.columns)}.")
        return name

    def recognised(self, known: Collection[str]) -> list[str]:
        """Columns that are known. Example: "Sentence_A", for it is "sentencea" without case, spaces and punctuation."""
        return [name for name in self.columns if "".join(filter(str.isalnum, name)).lower() in known]

    def _row(self, record: Record) -> Row:
        values, fault = _named(record, self.columns)
        fault = fault or next(filter(None, (cell_fault(values.get(name), name) for name in self.sentences)), None)
        sentences = () if fault else tuple(str(values[name]) for name in self.sentences)
        return Row(record.line, sentences, None if self.label is None else values.get(self.label), values, fault)


def open_pairs(path: str | Path, columns: Sequence[str] | None = None, advice: Advice = MEND) -> DataFile:
    """Find the two sentence columns of a file.

    Args:
        path: a .tsv, .csv or .jsonl file, .gz or not, or a .parquet file.
        columns: the two columns that hold the sentences; recognised by name (`PAIR_COLUMNS`) if None.
        advice: what messages say is to be done.

    Raises:
        DataError: no such file, unknown ending, damaged gzip, bad header, columns missing or not to be told apart.

    Example: the header `sentence1<TAB>sentence2<TAB>score` -> sentences ("sentence1", "sentence2")
    """
    return with_pair(_opened(path, READ_KINDS, advice), columns)


def with_pair(file: DataFile, columns: Sequence[str] | None = None) -> DataFile:
    """A file whose columns are known, with the two of the sentences. Raises: DataError, as `open_pairs`."""
    pair = _recognised_pair(file) if columns is None else tuple(map(file.column, columns))
    if len(set(pair)) != 2:
        raise DataError(f"{file.path}: two different columns hold the sentences, but {list_names(pair)} was named.")
    return replace(file, sentences=pair)


def open_sentences(path: str | Path, column: str | None = None, advice: Advice = MEND) -> DataFile:
    """Find the one sentence column of a file; a .txt file has one sentence a line, and no column to name.

    Raises: DataError, as `open_pairs`.
    """
    file = _opened(path, (*READ_KINDS, "txt"), advice)
    if column is not None and file.kind == "txt":
        raise DataError(f"{path} is plain text, one sentence a line, and has no column {column!r}; leave --column out.")
    return with_sentence(file, column)


def with_sentence(file: DataFile, column: str | None = None) -> DataFile:
    """A file whose columns are known, with the one of the sentences. Raises: DataError, as `open_sentences`."""
    if column is not None:
        return replace(file, sentences=(file.column(column),))
    names = file.columns
    found = file.recognised(SENTENCE_COLUMNS) if len(names) > 1 else names
    if len(found) != 1:
        raise DataError(
            f"{file.path}: it cannot be told which of {list_names(names)} holds the sentences; {file.advice.sentence}."
        )
    return replace(file, sentences=tuple(found))


def kind_of(path: str | Path, kinds: Sequence[str] = KINDS) -> str:
    """The kind of a file by its ending, .gz aside. Raises: DataError, if it is another."""
    kind = Path(path).name.lower().removesuffix(".gz").rpartition(".")[2]
    if kind not in kinds:
        endings = ", ".join(f".{kind}" for kind in kinds)
        raise DataError(f"{path}: the ending says what kind of file it is; use one of {endings} (.gz may follow).")
    return kind


def list_names(names: Sequence[str]) -> str:
    """Columns as messages list them, the first twenty at most, each shortened to 40 characters."""
    shown = [repr(name if len(name) <= 40 else f"{name[:39]}…") for name in names[:20]]
    return ", ".join(shown) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def _opened(path: str | Path, kinds: Sequence[str], advice: Advice) -> DataFile:
    """A file with its columns; which of them hold what is not known yet."""
    kind, path = kind_of(path, kinds), Path(path)
    where, names = str(path), ["sentence"]
    if kind == "jsonl":
        names = list(dict.fromkeys(str(key) for record in read_records(path, kind) for key in record.fields or ()))
        if not names:
            raise DataError(f"{path} holds no JSON object; every line must be one, with a key for each column.")
    elif kind != "txt":
        header = next(read_records(path, kind), None)
        if header is None:
            raise DataError(f"{path} is empty; its first line must name the columns.")
        where = f"{path}:{header.line}" if header.line else where
        if header.fault is not None:
            raise DataError(f"{where} must name the columns, but {header.fault}.")
        names = list(map(str, header.fields or ()))
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise DataError(f"{where} names {list_names(twice)} more than once; give every column its own name.")
    return DataFile(path, kind, tuple(names), advice)


def _recognised_pair(file: DataFile) -> tuple[str, ...]:
    sides = ((file.recognised([one]), file.recognised([other])) for one, other in PAIR_COLUMNS)
    found = [pair for side in sides for pair in product(*side)]
    if len(found) != 1:
        fault = "more than one pair of columns could hold" if found else "no two columns are known to hold"
        raise DataError(f"{file.path}: {fault} the sentences among {list_names(file.columns)}; {file.advice.pair}.")
    return found[0]


def _named(record: Record, columns: Sequence[str]) -> tuple[dict[str, object], str | None]:
    """The cells under their columns, and their fault; too few are filled up, too many stand joined in the last."""
    cells, fault, due = record.fields, record.fault, len(columns)
    if cells is None:
        return {columns[0]: record.text}, fault
    if isinstance(cells, dict):
        return cells, fault
    if len(cells) != due:
        fault = fault or f"the row has {len(cells)} field{'s' * (len(cells) != 1)}, and the header names {due}"
    if len(cells) > due:
        cells = [*cells[: due - 1], " ".join(map(str, cells[due - 1 :]))]
    return dict(zip_longest(columns, cells, fillvalue="")), fault


def cell_fault(text: object, name: str) -> str | None:
    """Why a cell cannot be used as a sentence; None: it can."""
    if text is None:
        return f"there is no {name!r}"
    if not isinstance(text, str):
        return f"{name!r} holds {json.dumps(text, ensure_ascii=False, default=repr)[:40]}, which is not text"
    if not text.strip():
        return f"{name!r} is empty"
    return f"{name!r} holds half a surrogate pair, which is not text" if re.search("[\ud800-\udfff]", text) else None
