"""Excel and Parquet -> `Record`s: files whose cells have types and places, so that how to read them is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zipfile import BadZipFile, ZipFile, is_zipfile

from bertsim.errors import DataError

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

BLANK = "the line is blank"
MAX_UNPACKED = 1_000_000_000
"""Bytes that a workbook may have unpacked: all of it is held at once."""
_BUFFER = 1 << 20  # bytes of Parquet
_BATCH = 1000  # rows of it, read at once


class Record(NamedTuple):
    r"""One row as it stands in the file.

    Attributes:
        line: number of its first line, from 1; of Excel, of its row; of Parquet, of the row, 0 being the header.
        text: that line (all its lines, for a record in quotes), without the line end; lost bytes as `\xe9`.
        fields: the cells, or for JSON the object; None where the row could not be taken apart.
        fault: why it could not, or None.
    """

    line: int
    text: str
    fields: Sequence[object] | dict[str, object] | None = None
    fault: str | None = None


def workbook(path: Path) -> CalamineWorkbook:
    """An Excel file, whose sheets have names. Raises: DataError, if it is none."""
    from python_calamine import load_workbook

    if is_zipfile(path):
        with _no_damage(path), ZipFile(path) as packed:
            size = sum(each.file_size for each in packed.infolist())
        if size > MAX_UNPACKED:
            told = f"{size / 1e6:,.0f} MB, and {MAX_UNPACKED / 1e6:,.0f} MB are the most"
            raise DataError(f"{path} unpacks to {told}; save what is needed of it as TSV.")
    with _no_damage(path):
        book = load_workbook(path)
        if not book.sheet_names:
            raise ValueError("it has no sheet")
        return book


@contextmanager
def _no_damage(path: Path) -> Iterator[None]:
    """Raise DataError where what is read in the block is no whole workbook."""
    from python_calamine import CalamineError

    try:
        yield
    except (CalamineError, BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise DataError(f"{path} is damaged or no Excel file ({error}); check the file, or get it again.") from None


def excel_records(path: Path, sheet: str) -> Iterator[Record]:
    """The rows of a sheet, from the first that is not blank; numbers without a fraction are whole ones."""
    book = workbook(path)
    with _no_damage(path):
        rows = book.get_sheet_by_name(sheet).iter_rows()
    begun = False
    for number, row in enumerate(rows, 1):
        begun = begun or any(cell != "" for cell in row)
        if begun:
            cells = [int(cell) if isinstance(cell, float) and cell.is_integer() else plain(cell) for cell in row]
            yield Record(number, "", cells, None if any(cell != "" for cell in row) else BLANK)


def parquet_records(path: Path) -> Iterator[Record]:
    """The names of the columns, then the rows, numbered from 1. Raises: DataError, where the file is damaged."""
    from pyarrow import ArrowException, parquet

    number = 0
    try:
        file = parquet.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER)  # or a whole row group is held
        yield Record(number, "", names := file.schema_arrow.names)
        rows = (cells for batch in file.iter_batches(batch_size=_BATCH) for cells in zip(*batch.columns, strict=True))
        for number, cells in enumerate(rows, 1):
            yield _parquet_record(number, names, cells)
    except (ArrowException, OSError, UnicodeDecodeError) as error:  # the latter of the names of columns
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
    """A cell as JSON has it; dates, decimals and the like become text, bytes too, or {"hex": …} if they are none."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, bytes):
        text = value.decode(errors="replace")
        return text if text.encode() == value else {"hex": value.hex()}
    return value if isinstance(value, str | int | float | None) else str(value)
