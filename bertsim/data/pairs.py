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
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from pathlib import Path

from bertsim.data.rows import Record, read_records
from bertsim.errors import DataError

KINDS = ("tsv", "csv", "jsonl")
READ_KINDS = (*KINDS, "parquet")
PEEKED_ROWS = 50

# Names without case, spaces and punctuation: "Sentence_A" is "sentencea".
# fmt: off
PAIR_COLUMNS = (
    ("sentence1", "sentence2"), ("sentencea", "sentenceb"), ("sent1", "sent2"), ("text1", "text2"),
    ("texta", "textb"), ("premise", "hypothesis"), ("question1", "question2"), ("query", "passage"),
    ("anchor", "positive"), ("source", "target"), ("s1", "s2"), ("a", "b"),
)
LABEL_COLUMNS = (
    "score", "label", "similarity", "relatednessscore", "gold", "goldscore", "goldlabel", "isduplicate", "rating",
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
        label: the column that holds the label, or None.
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

    def _row(self, record: Record) -> Row:
        values, fault = _named(record, self.columns)
        fault = fault or next(filter(None, (_fault(values.get(name), name) for name in self.sentences)), None)
        sentences = () if fault else tuple(str(values[name]) for name in self.sentences)
        return Row(record.line, sentences, None if self.label is None else values.get(self.label), values, fault)


def open_pairs(
    path: str | Path,
    columns: Sequence[str] | None = None,
    label_column: str | None = None,
    labelled: bool = False,
    advice: Advice = MEND,
) -> DataFile:
    """Find the two sentence columns of a file, and its label column where one is wanted.

    Args:
        path: a .tsv, .csv or .jsonl file, .gz or not, or a .parquet file.
        columns: the two columns that hold the sentences; recognised by name (`PAIR_COLUMNS`) if None.
        label_column: the column that holds the label.
        labelled: recognise the label column by name (`LABEL_COLUMNS`) if none is given; of several, the one
            that holds numbers.
        advice: what messages say is to be done.

    Raises:
        DataError: no such file, unknown ending, damaged gzip, bad header, columns missing or not to be told apart.

    Example: the header `sentence1<TAB>sentence2<TAB>score` -> sentences ("sentence1", "sentence2"), label "score".
    """
    file = _opened(path, READ_KINDS, advice)
    pair = _recognised_pair(file) if columns is None else tuple(_column(file, name) for name in columns)
    if len(set(pair)) != 2:
        raise DataError(f"{path}: two different columns hold the sentences, but {_list(pair)} was named.")
    file = replace(file, sentences=pair, label=None if label_column is None else _column(file, label_column))
    return replace(file, label=_recognised_label(file)) if labelled and label_column is None else file


def open_sentences(path: str | Path, column: str | None = None, advice: Advice = MEND) -> DataFile:
    """Find the one sentence column of a file; a .txt file has one sentence a line.

    Raises:
        DataError: as for `open_pairs`, or a column named for a text file.
    """
    file = _opened(path, (*READ_KINDS, "txt"), advice)
    if column is not None and file.kind == "txt":
        raise DataError(f"{path} is plain text, one sentence a line, and has no column {column!r}; leave --column out.")
    if column is not None:
        return replace(file, sentences=(_column(file, column),))
    names = file.columns
    found = tuple(name for name in names if _plain(name) in SENTENCE_COLUMNS or len(names) == 1)
    if len(found) != 1:
        raise DataError(f"{path}: it cannot be told which of {_list(names)} holds the sentences; {advice.sentence}.")
    return replace(file, sentences=found)


def number_of(label: object) -> float | None:
    """A label's cell as a finite number, or None if it is not one. Example: "2.50" -> 2.5, "nan" -> None."""
    try:
        value = float(label) if isinstance(label, str | int | float) else math.nan
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def kind_of(path: str | Path, kinds: Sequence[str] = KINDS) -> str:
    """The kind of a file by its ending, .gz aside.

    Raises:
        DataError: the ending is another.
    """
    kind = Path(path).name.lower().removesuffix(".gz").rpartition(".")[2]
    if kind not in kinds:
        endings = ", ".join(f".{kind}" for kind in kinds)
        raise DataError(f"{path}: the ending says what kind of file it is; use one of {endings} (.gz may follow).")
    return kind


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
        raise DataError(f"{where} names {_list(twice)} more than once; give every column its own name.")
    return DataFile(path, kind, tuple(names), advice)


def _column(file: DataFile, name: str) -> str:
    """A column that was named, if the file has it."""
    if name not in file.columns:
        raise DataError(f"{file.path} has no column {name!r}; it has {_list(file.columns)}.")
    return name


def _recognised_pair(file: DataFile) -> tuple[str, ...]:
    plain = [(_plain(name), name) for name in file.columns]
    found = [(a, b) for one, other in PAIR_COLUMNS for x, a in plain if x == one for y, b in plain if y == other]
    if len(found) != 1:
        fault = "more than one pair of columns could hold" if found else "no two columns are known to hold"
        raise DataError(f"{file.path}: {fault} the sentences among {_list(file.columns)}; {file.advice.pair}.")
    return found[0]


def _recognised_label(file: DataFile) -> str:
    """The one label column; of several, the one that holds numbers in the file's first rows."""
    found = [name for name in file.columns if name not in file.sentences and _plain(name) in LABEL_COLUMNS]
    if len(found) > 1:
        peeked = [row.values for row in islice(file, PEEKED_ROWS) if row.error is None]
        numeric = [name for name in found if any(number_of(values.get(name)) is not None for values in peeked)]
        found = numeric or found
    if len(found) != 1:
        fault = "more than one column could be" if found else "no column is known to be"
        raise DataError(f"{file.path}: {fault} the label among {_list(file.columns)}; {file.advice.label}.")
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


def _fault(text: object, name: str) -> str | None:
    """Why a cell cannot be used as a sentence."""
    if text is None:
        return f"there is no {name!r}"
    if not isinstance(text, str):
        return f"{name!r} holds {json.dumps(text, ensure_ascii=False)[:40]}, which is not text"
    if not text.strip():
        return f"{name!r} is empty"
    return f"{name!r} holds half a surrogate pair, which is not text" if re.search("[\ud800-\udfff]", text) else None


def _plain(name: str) -> str:
    """A column's name without case, spaces and punctuation. Example: "Sentence_A" -> "sentencea"."""
    return "".join(filter(str.isalnum, name)).lower()


def _list(names: Sequence[str]) -> str:
    """Names as messages list them, the first twenty at most, each shortened to 40 characters."""
    shown = [repr(name if len(name) <= 40 else f"{name[:39]}…") for name in names[:20]]
    return ", ".join(shown) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
