"""The rows of a Parquet file, as `rows.Record`s; read by pyarrow, a thousand at a time.

Source: Apache Parquet, the format in which the Hub keeps data sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bertsim.data.rows import Record
from bertsim.errors import DataError

_ROWS_AT_ONCE = 1000


def parquet_columns(path: Path) -> tuple[str, ...]:
    """Names of the columns. Raises DataError for a file that is missing or no Parquet."""
    return tuple(_open(path).schema_arrow.names)


def read_parquet(path: Path) -> Iterator[Record]:
    """Every row; `line` counts them from 1, for a Parquet file has no lines.

    Raises:
        DataError: the file is missing, damaged or no Parquet.
    """
    from pyarrow import ArrowException

    number = 0
    try:
        for batch in _open(path).iter_batches(batch_size=_ROWS_AT_ONCE):
            for cells in zip(*batch.columns, strict=True):
                number += 1
                yield _record(number, dict(zip(batch.schema.names, cells, strict=True)))
    except (ArrowException, OSError) as error:
        raise DataError(f"{path} is damaged after row {number} ({error}); get it again.") from None


def _record(number: int, cells: Mapping[str, Any]) -> Record:
    """A row of pyarrow's scalars; one that cannot be read is its fault."""
    values: dict[str, object] = {}
    fault = None
    for name, cell in cells.items():
        try:
            values[name] = _plain(cell.as_py())
        except UnicodeDecodeError as error:
            values[name] = error.object.decode(errors="backslashreplace")
            fault = f"byte {error.start + 1} of {name!r}, 0x{error.object[error.start]:02x}, is not UTF-8"
        except (ValueError, OverflowError) as error:
            values[name], fault = None, f"{name!r} cannot be read ({error})"
    return Record(number, "", values, fault)


def _open(path: Path) -> Any:
    from pyarrow import ArrowException, parquet

    try:
        return parquet.ParquetFile(path)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; give the path of a data file.") from None
    except (ArrowException, OSError) as error:
        raise DataError(f"{path} is damaged or no Parquet file ({error}); check the file.") from None


def _plain(value: object) -> object:
    """A cell as JSON has it; bytes are UTF-8, dates, decimals and the like become text."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, bytes):
        return value.decode()
    return value if isinstance(value, str | int | float | None) else str(value)
