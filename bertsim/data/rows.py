"""The lines of a file taken apart into records: TSV, CSV, JSON Lines or plain text, each .gz or not.

What comes in: a path and its kind. What goes out: one `Record` per row in the order of the file, the header of TSV
and CSV included. A line that cannot be taken apart is a record with a `fault`, and reading goes on behind it; blank
lines at the end of the file are no records. Only a file that cannot be read at all raises.
It does not know what the columns mean: that is `bertsim.data.pairs`.
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bertsim.errors import DataError

MAX_LINE_BYTES = 16_000_000
MAX_CELL = 1_000_000
BLANK = "the line is blank"


@dataclass(frozen=True)
class Record:
    r"""One row as it stands in the file.

    Attributes:
        line: number of its first line, from 1.
        text: that line (all its lines, for a CSV record), without the line end; bytes that are not UTF-8 as `\xe9`.
        fields: the cells, or for JSON Lines the object; None where the line could not be taken apart.
        fault: why it could not, or None.
    """

    line: int
    text: str
    fields: list[str] | dict[str, object] | None
    fault: str | None


@dataclass(frozen=True)
class _Line:
    number: int
    text: str  # with its line end
    fault: str | None

    def refused(self, fault: str) -> Record:
        return Record(self.number, self.text.rstrip("\r\n"), None, fault)


def read_records(path: Path, kind: str) -> Iterator[Record]:
    """Every row of a file of the kind "tsv", "csv", "jsonl" or "txt".

    Raises:
        DataError: the file is missing, not readable, a damaged gzip, UTF-16, or has a line beyond `MAX_LINE_BYTES`.

    Example: the TSV lines `a<TAB>b`, `x<TAB>"y` -> fields ["a", "b"], ["x", '"y'].
    """
    blank: list[Record] = []
    for record in _READERS[kind](_lines(path)):
        if record.fault == BLANK:
            blank.append(record)
            continue
        yield from blank
        blank.clear()
        yield record


def _lines(path: Path) -> Iterator[_Line]:
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as stream:
            number = 0
            while line := stream.readline(MAX_LINE_BYTES):
                number += 1
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
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{path} cannot be read ({reason}); check the file.") from error


def _decoded(number: int, line: bytes) -> _Line:
    try:
        return _Line(number, line.decode(), None)
    except UnicodeDecodeError as error:
        fault = f"byte {error.start + 1} of the line, 0x{line[error.start]:02x}, is not UTF-8"
        return _Line(number, line.decode(errors="backslashreplace"), fault)


def _plain_records(lines: Iterator[_Line], take_apart: Callable[[str], list[str]]) -> Iterator[Record]:
    for line in lines:
        text = line.text.removesuffix("\n").removesuffix("\r")
        if not text.strip(" "):
            yield line.refused(BLANK)
        else:
            yield Record(line.number, text, take_apart(text), line.fault)


def _tsv_records(lines: Iterator[_Line]) -> Iterator[Record]:
    return _plain_records(lines, lambda text: text.split("\t"))


def _txt_records(lines: Iterator[_Line]) -> Iterator[Record]:
    return _plain_records(lines, lambda text: [text])


def _jsonl_records(lines: Iterator[_Line]) -> Iterator[Record]:
    for line in lines:
        if not line.text.strip():
            yield line.refused(BLANK)
        elif line.fault is not None:
            yield line.refused(line.fault)
        else:
            yield _json_record(line)


def _json_record(line: _Line) -> Record:
    try:
        value = json.loads(line.text)
    except json.JSONDecodeError as error:
        return line.refused(f"the line is not JSON ({error.msg} at character {error.pos + 1})")
    except (ValueError, RecursionError):
        return line.refused("the line is JSON with a number too long or brackets too deep to read")
    if not isinstance(value, dict):
        return line.refused("the line is JSON but not an object, {…}, with a key for each column")
    return Record(line.number, line.text.rstrip("\r\n"), value, None)


def _csv_records(lines: Iterator[_Line]) -> Iterator[Record]:
    """A record that cannot be parsed gives up its first line only: the lines behind it are read again."""
    csv.field_size_limit(MAX_CELL)
    waiting: deque[_Line] = deque()
    taken: list[_Line] = []

    def feed() -> Iterator[str]:
        while (line := waiting.popleft() if waiting else next(lines, None)) is not None:
            taken.append(line)
            yield line.text

    reader = csv.reader(feed(), strict=True)
    while True:
        taken.clear()
        try:
            fields = next(reader, None)
        except csv.Error as error:
            waiting.extendleft(reversed(taken[1:]))
            yield taken[0].refused(_csv_fault(error))
            reader = csv.reader(feed(), strict=True)
            continue
        if fields is None:
            return
        first, text = taken[0], "".join(line.text for line in taken)
        if not text.strip():
            yield first.refused(BLANK)
        else:
            fault = next((line.fault for line in taken if line.fault), None)
            yield Record(first.number, text.rstrip("\r\n"), fields, fault)


def _csv_fault(error: csv.Error) -> str:
    if "field limit" in str(error):
        return f"a cell is longer than {MAX_CELL:,} characters; shorten it, or close the quote that it begins with"
    return f"the line is not CSV ({error}); double every quote inside a quoted field"


_READERS: dict[str, Callable[[Iterator[_Line]], Iterator[Record]]] = {
    "tsv": _tsv_records,
    "csv": _csv_records,
    "jsonl": _jsonl_records,
    "txt": _txt_records,
}
