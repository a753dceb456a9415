"""Scored rows -> bytes of a TSV, CSV or JSON Lines file, gzipped or not. No model, no files."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass

from bertsim.data.pairs import Row


@dataclass(frozen=True)
class Verdict:
    """A row with its score, or with the reason why it has none."""

    row: Row
    score: float | None
    error: str | None


@dataclass(frozen=True)
class Layout:
    """How rows are written.

    Attributes:
        kind: "tsv", "csv" or "jsonl".
        zipped: every chunk becomes a gzip member of its own (a file of several is a gzip file).
        columns: all columns in order, score and error last.
    """

    kind: str
    zipped: bool
    columns: tuple[str, ...]

    def chunk(self, verdicts: Sequence[Verdict], with_header: bool) -> tuple[bytes, int]:
        """Rows as bytes, and in how many cells TSV had to put spaces for tabs and line breaks."""
        flattened = 0
        lines = [self._line(self.columns)[0]] if with_header and self.kind != "jsonl" else []
        for verdict in verdicts:
            if self.kind == "jsonl":
                score = None if verdict.score is None else round(verdict.score, 6)
                new = dict(zip(self.columns[-2:], (score, verdict.error), strict=True))
                lines.append(_as_json(verdict.row.values | new) + "\n")
                continue
            score_text = "" if verdict.score is None else f"{verdict.score:.6f}"
            old = [_cell(verdict.row.values.get(name)) for name in self.columns[:-2]]
            line, count = self._line([*old, score_text, verdict.error or ""])
            lines.append(line)
            flattened += count
        data = "".join(lines).encode(errors="backslashreplace")
        return gzip.compress(data, mtime=0) if self.zipped else data, flattened

    def _line(self, cells: Sequence[str]) -> tuple[str, int]:
        if self.kind == "tsv":
            flat = [cell.replace("\t", " ").replace("\r", " ").replace("\n", " ") for cell in cells]
            return "\t".join(flat) + "\n", sum(a != b for a, b in zip(flat, cells, strict=True))
        line = io.StringIO()
        csv.writer(line, lineterminator="\r\n").writerow(
            cells
        )  # this way a lone "\r" in a cell is quoted too
        return line.getvalue().removesuffix("\r\n") + "\n", 0


def _as_json(row: dict[str, object]) -> str:
    """A row as JSON; NaN and the infinite, which JSON does not have, are null, as pandas and datasets write them."""
    try:
        return json.dumps(row, ensure_ascii=False, allow_nan=False)
    except ValueError:
        finite = json.loads(json.dumps(row), parse_constant=lambda _: None)
        return json.dumps(finite, ensure_ascii=False)


def _cell(value: object) -> str:
    """A value as a cell: text as it is, nothing for null, anything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
