"""A file taken apart into `Record`s: the names of its columns (not of JSON Lines and plain text), then row by row.

A row that cannot be taken apart is a record with a `fault`, and reading goes on behind it; blank lines at the end of
the file are no records. Only a file that cannot be read at all raises. What columns mean is for `data.pairs` to say.
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from bertsim.errors import DataError

MAX_LINE_BYTES = 16_000_000
MAX_CELL = 1_000_000
_BLANK = "the line is blank"
_TOO_LONG = f"a cell is longer than {MAX_CELL:,} characters; shorten it, or close the quote that it begins with"
_PARQUET_BATCH = 1000  # rows read at once


class Record(NamedTuple):
    r"""One row as it stands in the file.

    Attributes:
        line: number of its first line, from 1; of Parquet, which has no lines, of the row, 0 being the header.
        text: that line (all its lines, for a CSV record), without the line end; bytes that are not UTF-8 as `\xe9`.
        fields: the cells, or for JSON Lines the object; None where the row could not be taken apart.
        fault: why it could not, or None.
    """

    line: int
    text: str
    fields: Sequence[object] | dict[str, object] | None = None
    fault: str | None = None


def read_records(path: Path, kind: str) -> Iterator[Record]:
    """Every record of a file of the kind "tsv", "csv", "jsonl", "txt" or "parquet".

    Raises:
        DataError: the file is missing, not readable, damaged, UTF-16, or has a line beyond `MAX_LINE_BYTES`.

    Example: the TSV lines `a<TAB>b`, `x<TAB>"y` -> fields ["a", "b"], ["x", '"y'].
    """
    blank: list[Record] = []
    for record in _parquet_records(path) if kind == "parquet" else _READERS[kind](_lines(path)):
        if record.fault == _BLANK:
            blank.append(record)
            continue
        yield from blank
        blank.clear()
        yield record


def _lines(path: Path) -> Iterator[Record]:
    """The lines of a file, their ends included, not taken apart yet."""
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as stream:
            for number, line in enumerate(iter(lambda: stream.readline(MAX_LINE_BYTES), b""), 1):
                if len(line) == MAX_LINE_BYTES:
                    raise DataError(
                        f"{path}:{number} is longer than {MAX_LINE_BYTES // 1_000_000} MB;"
                        " a data file has one row a line, so break it up."
                    )
                if number == 1 and line[:2] in (b"\xff\xfe", b"\xfe\xff"):
                    raise DataError(f"{path} is UTF-16, and UTF-8 is read; save it as UTF-8.")
                yield _decoded(number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist; give the path of a data file.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path} cannot be read ({getattr(error, 'strerror', None) or error}); check the file."
        ) from error


def _decoded(number: int, line: bytes) -> Record:
    try:
        return Record(number, line.decode())
    except UnicodeDecodeError as error:
        fault = f"byte {error.start + 1} of the line, 0x{line[error.start]:02x}, is not UTF-8"
        return Record(number, line.decode(errors="backslashreplace"), fault=fault)


def _refused(line: Record, fault: str) -> Record:
    return Record(line.line, line.text.rstrip("\r\n"), None, fault)


def _split_record(separator: str, line: Record) -> Record:
    text = line.text.removesuffix("\n").removesuffix("\r")
    return Record(line.line, text, text.split(separator), line.fault) if text.strip(" ") else _refused(line, _BLANK)


def _json_record(line: Record) -> Record:
    if not line.text.strip() or line.fault is not None:
        return _refused(line, line.fault or _BLANK)
    try:
        value = json.loads(line.text)
    except json.JSONDecodeError as error:
        return _refused(line, f"the line is not JSON ({error.msg} at character {error.pos + 1})")
    except (ValueError, RecursionError):
        return _refused(line, "the line is JSON with a number too long or brackets too deep to read")
    if not isinstance(value, dict):
        return _refused(line, "the line is JSON but not an object, {…}, with a key for each column")
    return Record(line.line, line.text.rstrip("\r\n"), value)


def _csv_records(lines: Iterator[Record]) -> Iterator[Record]:
    """A record that cannot be parsed gives up its first line only: the lines behind it are read again."""
    csv.field_size_limit(MAX_CELL)
    waiting, taken = deque[Record](), list[Record]()

    def feed() -> Iterator[str]:
        while (line := waiting.popleft() if waiting else next(lines, None)) is not None:
            taken.append(line)
            yield line.text

    reader = csv.reader(feed(), strict=True)
    while True:
        taken.clear()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            waiting.extendleft(reversed(taken[1:]))
            fault = f"the line is not CSV ({error}); double every quote inside a quoted field"
            yield _refused(taken[0], _TOO_LONG if "field limit" in str(error) else fault)
            reader = csv.reader(feed(), strict=True)
            continue
        text = "".join(line.text for line in taken).rstrip("\r\n")
        known = next((line.fault for line in taken if line.fault), None)
        yield Record(taken[0].line, text, fields, known) if text.strip() else _refused(taken[0], _BLANK)


_READERS: dict[str, Callable[[Iterator[Record]], Iterator[Record]]] = {
    "tsv": partial(map, partial(_split_record, "\t")),
    "csv": _csv_records,
    "jsonl": partial(map, _json_record),
    "txt": partial(map, partial(_split_record, "\n")),  # which no line has within: one cell
}


def _parquet_records(path: Path) -> Iterator[Record]:
    from pyarrow import ArrowException, parquet

    number = 0
    try:
        file = parquet.ParquetFile(path)
        yield Record(number, "", names := file.schema_arrow.names)
        batches = file.iter_batches(batch_size=_PARQUET_BATCH)
        rows = (cells for batch in batches for cells in zip(*batch.columns, strict=True))
        for number, cells in enumerate(rows, 1):
            yield _parquet_record(number, names, cells)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; give the path of a data file.") from None
    except (ArrowException, OSError) as error:
        what = f"after row {number}" if number else "or no Parquet file"
        raise DataError(f"{path} is damaged {what} ({error}); check the file, or get it again.") from None


def _parquet_record(number: int, names: Sequence[str], cells: Sequence[Any]) -> Record:
    """A row of pyarrow's scalars; one that cannot be read is its fault."""
    values, fault = list[object](), None
    for name, cell in zip(names, cells, strict=True):
        try:
            values.append(plain(cell.as_py()))
        except UnicodeDecodeError as error:
            values.append(error.object.decode(errors="backslashreplace"))
            fault = f"byte {error.start + 1} of {name!r}, 0x{error.object[error.start]:02x}, is not UTF-8"
        except (ValueError, OverflowError) as error:
            values.append(None)
            fault = f"{name!r} cannot be read ({error})"
    return Record(number, "", values, fault)


def plain(value: object) -> object:
    """A cell as JSON has it; bytes are UTF-8, dates, decimals and the like become text."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, bytes):
        return value.decode()
    return value if isinstance(value, str | int | float | None) else str(value)
