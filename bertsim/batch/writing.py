"""Scored rows and vectors -> the bytes of a file, chunk by chunk. No model."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bertsim.data.pairs import Row
from bertsim.records import Float

ScoredRow = tuple[Row, float | None]
"""A row with its score; None where the row's `error` says why it has none."""


@dataclass(frozen=True)
class TableLayout:
    """How scored rows are written.

    Attributes:
        kind: "tsv", "csv" or "jsonl".
        zipped: every chunk becomes a gzip member of its own (a file of several is a gzip file).
        columns: all columns in order, score and error last.
    """

    kind: str
    zipped: bool
    columns: tuple[str, ...]

    def chunk(self, rows: Sequence[ScoredRow], with_header: bool) -> tuple[bytes, int]:
        """Rows as bytes, and in how many cells TSV had to put spaces for tabs and line breaks."""
        flattened, lines = 0, []
        if self.kind == "jsonl":
            for row, score in rows:
                new = None if score is None else round(score, 6), row.error
                lines.append(_as_json(row.values | dict(zip(self.columns[-2:], new, strict=True))))
        else:
            lines += [self._line(self.columns)] if with_header else []
            for row, score in rows:
                cells = [_cell(row.values.get(name)) for name in self.columns[:-2]]
                cells += ["" if score is None else f"{score:.6f}", row.error or ""]
                flattened += sum(self.kind == "tsv" and cell != _flat(cell) for cell in cells)
                lines.append(self._line(cells))
        data = "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace")
        return gzip.compress(data, mtime=0) if self.zipped else data, flattened

    def _line(self, cells: Sequence[str]) -> str:
        if self.kind == "tsv":
            return "\t".join(map(_flat, cells))
        line = io.StringIO()
        csv.writer(line, lineterminator="\r\n").writerow(cells)  # or a lone "\r" in a cell would not be quoted
        return line.getvalue().removesuffix("\r\n")


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
            return "".join(lines).encode()
        header = io.BytesIO()
        if with_header:
            shape = (self.rows, vectors.shape[1])
            described = {"descr": "<f4", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(header, described)
        return header.getvalue() + vectors.astype("<f4").tobytes()

    @property
    def convert(self) -> Callable[[Path, Path], None] | None:
        """How the partial file becomes the whole one; None: it is one."""
        return self._zip if self.kind == "npz" else None

    def _zip(self, partial: Path, output: Path) -> None:
        settings = np.array(json.dumps(self.settings, ensure_ascii=False))
        with output.open("wb") as stream:
            np.savez(stream, embeddings=np.load(partial, mmap_mode="r"), settings=settings)


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
