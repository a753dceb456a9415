"""Scored rows and vectors -> the bytes of a file, chunk by chunk. No model."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bertsim.errors import DataError
from bertsim.records import Float

if TYPE_CHECKING:
    import pyarrow as pa

LINES = ("tsv", "csv", "jsonl")
"""The kinds of files that are written line by line."""
WRITTEN = (*LINES, "parquet")
"""The kinds of files that scored rows are written to."""
Values = Mapping[str, object]
"""What stands in the columns of a row; a column that is not there is null."""
_GROUP = 32  # chunks that become one row group of Parquet


@dataclass(frozen=True)
class TableLayout:
    """How scored rows are written.

    Attributes:
        kind: one of `WRITTEN`; unfinished, "parquet" is one Arrow stream after another, each with types of its own.
        zipped: every chunk becomes a gzip member of its own (a file of several is a gzip file).
        columns: those of the file in order.
        new: those that come behind them.
    """

    kind: str
    zipped: bool
    columns: tuple[str, ...]
    new: tuple[str, ...]

    @classmethod
    def of(cls, path: Path, columns: Sequence[str], new: Sequence[str]) -> TableLayout:
        """The layout that the ending of a file asks for; "-": TSV. Raises: DataError, if it has none of those."""
        kind, zipped = "tsv" if str(path) == "-" else kind_of(path, WRITTEN), path.name.lower().endswith(".gz")
        if zipped and kind == "parquet":
            raise DataError(f"{path}: Parquet is compressed within; leave .gz out.")
        return cls(kind, zipped, tuple(columns), tuple(new))

    def chunk(self, rows: Sequence[Values], scored: pa.Table, with_header: bool) -> tuple[bytes, int]:
        """Rows as bytes, and in how many cells TSV had to put spaces for tabs and line breaks.

        Args:
            rows: the values of the file's own columns.
            scored: the new columns of these rows.
            with_header: these are the first rows.
        """
        if self.kind == "parquet":
            return self._stream(rows, scored), 0
        new = [[*made.values()] for made in scored.select(list(self.new)).to_pylist()]
        return self.text(rows, new, with_header)

    def text(self, rows: Iterable[Values], new: Iterable[Sequence[object]], with_header: bool) -> tuple[bytes, int]:
        """As `chunk`, of rows whose new cells are known, numbers to six digits; not of Parquet."""
        flattened, lines = 0, []
        if self.kind != "jsonl" and with_header:
            lines.append(self._line((*self.columns, *self.new)))
        for row, made in zip(rows, new, strict=True):
            if self.kind == "jsonl":
                rounded = [round(value, 6) if isinstance(value, float) else value for value in made]
                lines.append(_as_json({**row, **dict(zip(self.new, rounded, strict=True))}))
                continue
            cells = [_cell(row.get(name)) for name in self.columns]
            cells += [f"{value:.6f}" if isinstance(value, float) else _cell(value) for value in made]
            flattened += sum(self.kind == "tsv" and cell != _flat(cell) for cell in cells)
            lines.append(self._line(cells))
        data = "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace")
        return gzip.compress(data, mtime=0) if self.zipped else data, flattened

    @property
    def convert(self) -> Callable[[Path, Path], None] | None:
        """How the partial file becomes the whole one; None: it is one."""
        return _as_parquet if self.kind == "parquet" else None

    def _line(self, cells: Sequence[str]) -> str:
        if self.kind == "tsv":
            return "\t".join(map(_flat, cells))
        line = io.StringIO()
        csv.writer(line, lineterminator="\r\n").writerow(cells)  # or a lone "\r" in a cell would not be quoted
        return line.getvalue().removesuffix("\r\n")

    def _stream(self, rows: Sequence[Values], scored: pa.Table) -> bytes:
        import pyarrow as pa

        own = {name: _column([row.get(name) for row in rows]) for name in self.columns}
        table = pa.table(own | {name: scored.column(name) for name in self.new})
        with pa.BufferOutputStream() as sink:
            with pa.ipc.new_stream(sink, table.schema) as stream:
                stream.write_table(table)
            return bytes(sink.getvalue())


@dataclass(frozen=True)
class VectorLayout:
    """How vectors are written.

    Attributes:
        kind: "npy", "npz" (unfinished: as "npy") or "jsonl".
        rows: how many vectors there will be in all.
        settings: what made them; goes into .npz.
    """

    kind: str
    rows: int
    settings: dict[str, object]

    def chunk(self, sentences: Sequence[str], vectors: Float, with_header: bool) -> bytes:
        """Vectors, float32 [n, dim], as the next bytes of the file."""
        if self.kind == "jsonl":
            lines = []
            for sentence, vector in zip(sentences, vectors, strict=True):
                numbers = ", ".join(f"{float(value):.9g}" for value in vector)  # nine digits hold every float32
                lines.append(f'{{"sentence": {json.dumps(sentence, ensure_ascii=False)}, "embedding": [{numbers}]}}\n')
            return "".join(lines).encode(errors="backslashreplace")
        header = io.BytesIO()
        if with_header:
            shape = (self.rows, vectors.shape[1])
            np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": shape})
        return header.getvalue() + vectors.astype("<f4").tobytes()

    @property
    def convert(self) -> Callable[[Path, Path], None] | None:
        """How the partial file becomes the whole one; None: it is one."""
        return self._zip if self.kind == "npz" else None

    def _zip(self, partial: Path, output: Path) -> None:
        settings = np.array(json.dumps(self.settings, ensure_ascii=False))
        with output.open("wb") as stream:
            np.savez(stream, embeddings=np.load(partial, mmap_mode="r"), settings=settings)


def kind_of(path: str | Path, kinds: Sequence[str] = LINES) -> str:
    """The kind that a name's ending says, .gz aside. Raises: DataError, if it is none of these."""
    kind = Path(path).name.lower().removesuffix(".gz").rpartition(".")[2]
    if kind not in kinds:
        endings = ", ".join(f".{kind}" for kind in kinds)
        raise DataError(f"{path}: the ending says what kind of file it is; use one of {endings} (.gz may follow).")
    return kind


def _column(values: Sequence[object]) -> pa.Array:
    """Values as a column of the type that they all have, else each as text; objects, `{…}`, are text."""
    import pyarrow as pa

    try:
        column = pa.array(values)
    except (pa.ArrowException, OverflowError, UnicodeError):
        return _texts(values)
    return _texts(values) if "struct<" in str(column.type) else column


def _texts(values: Iterable[object]) -> pa.Array:
    import pyarrow as pa

    cells = (None if each is None else _cell(each).encode(errors="backslashreplace").decode() for each in values)
    return pa.array(cells, pa.string())


def _streams(path: Path) -> Iterator[pa.Table]:
    """The tables of a file of Arrow streams."""
    import pyarrow as pa

    with path.open("rb") as file:
        while file.tell() < path.stat().st_size:
            with pa.ipc.open_stream(file) as stream:
                yield stream.read_all()


def _as_parquet(partial: Path, output: Path) -> None:
    """Arrow streams as one Parquet file, in passes: types are known only when all rows are."""
    import pyarrow as pa
    from pyarrow import parquet

    found: dict[str, set[pa.DataType]] = {}
    for table in _streams(partial):
        for each in table.schema:
            found.setdefault(each.name, set()).add(each.type)
    kinds = {name: _joined(types) for name, types in found.items()}
    for table in _streams(partial):
        for name, kind in kinds.items():
            if not _can_be(table.column(name), kind):
                kinds[name] = pa.string()
    schema = pa.schema(kinds)
    tables = _streams(partial)
    with parquet.ParquetWriter(output, schema) as writer:
        while group := list(islice(tables, _GROUP)):
            writer.write_table(pa.concat_tables([_cast(table, schema) for table in group]))


def _joined(types: set[pa.DataType]) -> pa.DataType:
    """The type of a column whose parts have these: the one that holds them all, or text."""
    import pyarrow as pa

    parts = [pa.schema({"": each}) for each in types - {pa.null()}]
    try:
        return pa.unify_schemas(parts, promote_options="permissive").field(0).type if parts else pa.string()
    except pa.ArrowException:
        return pa.string()


def _can_be(column: pa.ChunkedArray, kind: pa.DataType) -> bool:
    """Whether a column can be of a type without a loss: a large whole number is none of floating point."""
    import pyarrow as pa

    try:
        return kind == pa.string() or column.cast(kind) is not None
    except pa.ArrowInvalid:
        return False


def _cast(table: pa.Table, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    columns = []
    for name, kind in zip(schema.names, schema.types, strict=True):
        column = table.column(name)
        is_other = kind == pa.string() and column.type not in (kind, pa.null())
        columns.append(_texts(column.to_pylist()) if is_other else column.cast(kind))
    return pa.table(columns, schema)


def _as_json(row: dict[str, object]) -> str:
    """A row as JSON; NaN and the infinite, which JSON does not have, are null, as pandas and datasets write them."""
    try:
        return json.dumps(row, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return json.dumps(json.loads(json.dumps(row), parse_constant=lambda _: None), ensure_ascii=False)


def _cell(value: object) -> str:
    """A value as a cell: text as it is, nothing for null, anything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _flat(cell: str) -> str:
    """A cell as TSV can hold it: spaces for tabs and line breaks."""
    return cell.replace("\t", " ").replace("\r", " ").replace("\n", " ")
