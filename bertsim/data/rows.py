"""A file taken apart into `Record`s: the names of its columns where it has such a row, then row by row.

How it is to be read is known by then (`data.layout` finds it out). A row that cannot be taken apart is a record with a
`fault`, and reading goes on behind it; blank lines at the end of the file are no records. Only a file that cannot be
read at all raises. What columns mean is for `data.pairs` to say.
Lines are taken apart here, and not by DuckDB or pyarrow, because of what one torn quote does there: DuckDB's sniffer
gives up quoting for the whole file, and the rows that either rejects lose their place among the others.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

from bertsim.data.tables import BLANK, Record, excel_records, parquet_records
from bertsim.errors import DataError, InputError

MAX_LINE = 16_000_000
MAX_CELL = 1_000_000
QUOTINGS = ("double", "escaped", "spaced", "none")
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
SEPARATOR_LINE = re.compile(r'"?sep=([^\w"])"?\s*')
_TOO_LONG = f"a cell is longer than {MAX_CELL:,} characters; shorten it, or close the quote that it begins with"
_DOUBLE = "double every quote inside a quoted field"
_LOST_BYTE = re.compile("[\udc80-\udcff]")
_BETWEEN_VALUES = re.compile(r"[\s,]*")
_AT_ONCE = 1 << 20  # characters of a JSON list


@dataclass(frozen=True)
class Reading:
    r"""How a file is read. What is None is found out; a `DataFile` has all of it that its kind needs.

    Attributes:
        delimiter: between the cells of a line.
        quoting: "double": a cell in quotes has its own quotes doubled; "escaped": behind a backslash, as R writes them;
            "spaced": doubled, and spaces may stand before a cell's first quote; "none": a quote is a character.
        encoding: a codec of Python's.
        header: whether the first row names the columns.
        sheet: of an Excel workbook.
        kind: "tsv" (any file with tabs), "csv" (any other delimiter), "txt" (a sentence a line), "jsonl", "json",
            "parquet" or "xlsx"; always found out, as is
        newline: what ends a line, "\n" (a "\r" before it goes, too) or "\r".

    Raises: InputError, for a delimiter, quoting or encoding that there is not.
    """

    delimiter: str | None = None
    quoting: str | None = None
    encoding: str | None = None
    header: bool | None = None
    sheet: str | None = None
    kind: str = ""
    newline: str = "\n"

    def __post_init__(self) -> None:
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            raise InputError(f"the delimiter is {self.delimiter!r}; one character was expected, or its name.")
        if self.quoting not in (None, *QUOTINGS):
            raise InputError(f"quoting is {self.quoting!r}; one of {', '.join(QUOTINGS)} was expected.")
        try:
            b"\xff".decode(self.encoding or "utf-8", self.errors)
        except (LookupError, UnicodeError):  # of codecs that are none of text, too
            known = "name one such as utf-8, utf-16, cp1252 or latin-1"
            raise InputError(f"the encoding is {self.encoding!r}, which there is not; {known}.") from None

    @property
    def errors(self) -> str:
        """What is made of bytes that the encoding does not have."""
        return "replace" if (self.encoding or "").startswith(("utf-16", "utf-32")) else "surrogateescape"


FIND_OUT = Reading()


def read_records(path: Path, reading: Reading, due: int | None = None) -> Iterator[Record]:
    """Every record of a file, the row that names the columns among them.

    Args:
        path: of the file, packed by gzip or zstd or not.
        reading: how; its kind, and what that needs, are known.
        due: how many cells a row has; by that a quote that was never closed is known from a cell of many lines.

    Raises: DataError, if the file is missing, not readable, damaged, or has a line beyond `MAX_LINE`.
    Example: the lines `a<TAB>b`, `x<TAB>"y`, without quoting -> fields ["a", "b"], ["x", '"y'].
    """
    blank: list[Record] = []
    for record in _records(path, reading, due):
        if record.fault == BLANK:
            blank.append(record)
            continue
        yield from blank
        blank.clear()
        yield record


def _records(path: Path, reading: Reading, due: int | None) -> Iterator[Record]:
    if reading.kind == "parquet":
        return parquet_records(path)
    if reading.kind == "xlsx":
        return excel_records(path, reading.sheet or "")
    if reading.kind == "json":
        return _listed_records(path, reading)
    if reading.kind == "jsonl":
        return map(_json_record, read_lines(path, reading))
    if reading.kind == "txt":
        return (_split_record(line, "\n") for line in read_lines(path, reading))  # which no line has within: one cell
    return delimited_records(read_lines(path, reading), reading, due)


@contextmanager
def opened(path: Path) -> Iterator[io.BufferedReader | gzip.GzipFile]:
    """The bytes of a file, unpacked. Raises: DataError, where they cannot be read, be it within the block."""
    try:
        with path.open("rb") as raw:
            begins = raw.read(4)
            raw.seek(0)
            if begins[:2] == GZIP:
                with gzip.GzipFile(fileobj=raw) as unzipped:
                    yield unzipped
            elif begins == ZSTD:
                from pyarrow import CompressedInputStream

                with CompressedInputStream(raw, "zstd") as stream, io.BufferedReader(stream) as buffered:
                    yield buffered
            else:
                yield raw
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist; give the path of a data file.") from error
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read ({why}); check the file.") from error


@contextmanager
def decoded(path: Path, reading: Reading) -> Iterator[io.TextIOWrapper]:
    """The text of a file. Raises: DataError, as `opened`."""
    with opened(path) as stream:
        yield io.TextIOWrapper(stream, reading.encoding or "utf-8", reading.errors, reading.newline)


def read_lines(path: Path, reading: Reading) -> Iterator[Record]:
    """The lines of a file, their ends included, not taken apart yet. Raises: DataError, as `read_records`."""
    with decoded(path, reading) as text:
        for number, line in enumerate(iter(lambda: text.readline(MAX_LINE), ""), 1):
            if len(line) == MAX_LINE:
                advice = "a data file has one row a line, so break it up"
                raise DataError(f"{path}:{number} is longer than {MAX_LINE // 1_000_000} million characters; {advice}.")
            yield Record(number, line) if line.isascii() else _checked(number, line, reading.encoding or "utf-8")


def _checked(number: int, line: str, encoding: str) -> Record:
    """A line with the bytes named that could not be decoded."""
    if found := _LOST_BYTE.search(line):
        encoding, byte = encoding.removesuffix("-sig"), ord(found[0]) - 0xDC00
        place = len(line[: found.start()].encode(encoding)) + 1
        fault = f"byte {place} of the line, 0x{byte:02x}, is not {encoding.upper().replace('CP', 'cp')}"
        lost = _LOST_BYTE.sub(lambda each: f"\\x{ord(each[0]) - 0xDC00:02x}", line)
        return Record(number, lost, fault=fault)
    if "\ufffd" in line and encoding.startswith(("utf-16", "utf-32")):
        return Record(number, line, fault=f"the line holds bytes that are not {encoding.upper()}")
    return Record(number, line)


def _refused(line: Record, fault: str) -> Record:
    return Record(line.line, line.text.rstrip("\r\n"), None, fault)


def _split_record(line: Record, separator: str) -> Record:
    text = line.text.removesuffix("\n").removesuffix("\r")
    return Record(line.line, text, text.split(separator), line.fault) if text.strip(" ") else _refused(line, BLANK)


def _json_record(line: Record) -> Record:
    if not line.text.strip() or line.fault is not None:
        return _refused(line, line.fault or BLANK)
    try:
        value = json.loads(line.text)
    except json.JSONDecodeError as error:
        return _refused(line, f"the line is not JSON ({error.msg} at character {error.pos + 1})")
    except (ValueError, RecursionError):
        return _refused(line, "the line is JSON with a number too long or brackets too deep to read")
    if not isinstance(value, dict):
        return _refused(line, "the line is JSON but not an object, {…}, with a key for each column")
    return Record(line.line, line.text.rstrip("\r\n"), value)


def delimited_records(lines: Iterator[Record], reading: Reading, due: int | None = None) -> Iterator[Record]:
    """Lines as records of cells; a first line `sep=;` is none."""
    delimiter, head = reading.delimiter or ",", next(lines, None)
    if head is not None and not SEPARATOR_LINE.fullmatch(head.text):
        lines = chain([head], lines)
    if reading.quoting == "none":
        return (_split_record(line, delimiter) for line in lines)
    return _quoted_records(lines, reading, due)


def well_formed(reading: Reading, bare: str | None = None) -> re.Pattern[str]:
    """What the text of a record looks like whose quotes all enclose a cell, or are doubled within it.

    `bare` is what a cell without quotes looks like, None: as it likes.
    """
    delimiter = re.escape(reading.delimiter or ",")
    quoted = (" *" if reading.quoting == "spaced" else "") + r'"[^"]*(?:""[^"]*)*"'
    bare = bare or rf'[^"{delimiter}\r\n]*'
    cell = f"(?:{quoted}|{bare})"
    return re.compile(f"{cell}(?:{delimiter}{cell})*")


def unescaped(text: str, reading: Reading) -> str:
    r"""Text with its quotes doubled, of which R writes `\"` (and leaves every other backslash as it is)."""
    return text.replace('\\"', '""') if reading.quoting == "escaped" else text


def _quoted_records(lines: Iterator[Record], reading: Reading, due: int | None) -> Iterator[Record]:
    """A record that cannot be parsed gives up its first line only: the lines behind it are read again.

    So does one of several lines with another number of cells than are due: its quote was never closed. Where lines
    are read again, a quote in the middle of a cell is a fault: they may be the rest of a record.
    """
    csv.field_size_limit(MAX_CELL)
    waiting, taken = deque[Record](), list[Record]()
    is_whole, read_again = well_formed(reading), 0

    def feed() -> Iterator[str]:
        while (line := waiting.popleft() if waiting else next(lines, None)) is not None:
            taken.append(line)
            yield unescaped(line.text, reading)

    def reader() -> Iterator[list[str]]:
        spaced = reading.quoting == "spaced"
        return csv.reader(feed(), delimiter=reading.delimiter or ",", strict=True, skipinitialspace=spaced)

    parsed = reader()
    while True:
        taken.clear()
        fields, fault = list[str](), ""
        try:
            fields = next(parsed)
        except StopIteration:
            return
        except csv.Error as error:
            fault = _TOO_LONG if "field limit" in str(error) else f"the line is not CSV ({error}); {_DOUBLE}"
        if len(taken) > 1 and due is not None and not fault and len(fields) != due:
            fault = f"the line is not CSV (its quote is closed {len(taken) - 1} lines on); {_DOUBLE}"
        text = "".join(line.text for line in taken).rstrip("\r\n")
        if taken[0].line <= read_again and '"' in text and not is_whole.fullmatch(unescaped(text, reading)):
            fault = fault or f"the line is not CSV (a quote in the middle of a cell); {_DOUBLE}"
        if fault:
            read_again = max(read_again, taken[-1].line)
            waiting.extendleft(reversed(taken[1:]))
            yield _refused(taken[0], fault)
            parsed = reader()
            continue
        known = next((line.fault for line in taken if line.fault), None)
        yield Record(taken[0].line, text, fields, known) if text.strip() else _refused(taken[0], BLANK)


def _listed_records(path: Path, reading: Reading) -> Iterator[Record]:
    """The objects of a JSON list, each read as far as it goes: nothing but the one in hand is held."""
    decode, buffer, at, line = json.JSONDecoder().raw_decode, "", 1, 1  # 1: behind the bracket
    with decoded(path, reading) as text:
        begun = text.read(_AT_ONCE)
        buffer = begun.lstrip()
        line += begun.count("\n", 0, len(begun) - len(buffer))
        while True:
            behind = getattr(_BETWEEN_VALUES.match(buffer, at), "end", int)()
            line, at = line + buffer.count("\n", at, behind), behind
            if buffer[at : at + 1] == "]":
                if any(rest.strip() for rest in chain([buffer[at + 1 :]], iter(partial(text.read, _AT_ONCE), ""))):
                    advice = "make one list of all, or write JSON Lines"
                    raise DataError(f"{path}:{line}: the JSON list ends here, and something follows it; {advice}.")
                return
            try:
                value, end = decode(buffer, at)
            except (ValueError, RecursionError) as error:
                more = text.read(_AT_ONCE) if len(buffer) - at < MAX_LINE else ""
                if not more:
                    said = getattr(error, "msg", "a number too long or brackets too deep to read")
                    doubt = f"from here on it is no JSON list of objects ({said})"
                    advice = "mend it, or write JSON Lines, where a damaged row costs only itself"
                    raise DataError(f"{path}:{line}: {doubt}; {advice}.") from None
                buffer, at = buffer[at:] + more, 0
                continue
            fault = None if isinstance(value, dict) else "it is JSON but not an object, {…}, with a key for each column"
            yield Record(line, buffer[at:end], None if fault else value, fault)
            line, at = line + buffer.count("\n", at, end), end
