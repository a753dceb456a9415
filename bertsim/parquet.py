"""The rows of a Parquet file, as `rows.Record`s; read by pyarrow, a thousand at a time.

Source: Apache Parquet, the format in which the Hub keeps data sets.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bertsim.errors import DataError
from bertsim.rows import Record

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
            for row in batch.to_pylist():
                number += 1
                yield Record(number, "", {name: _plain(value) for name, value in row.items()}, None)
    except (ArrowException, OSError) as error:
        raise DataError(f"{path} is damaged after row {number} ({error}); get it again.") from None


def _open(path: Path) -> Any:
    from pyarrow import ArrowException, parquet

    try:
        return parquet.ParquetFile(path)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; give the path of a data file.") from None
    except (ArrowException, OSError) as error:
        raise DataError(f"{path} is damaged or no Parquet file ({error}); check the file.") from None


def _plain(value: object) -> object:
    """A cell as JSON has it; dates and decimals as text."""
    return value if isinstance(value, str | int | float | list | dict | None) else str(value)
