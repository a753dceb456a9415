"""Files and folders anywhere that Arrow reads and writes: paths of this machine, s3://, gs://, hdfs://."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv, dataset, fs

from bertsim.batch.writing import LINES, WRITTEN, kind_of
from bertsim.data.layout import KIND_NAMES, in_words
from bertsim.data.pairs import MEND, Advice, DataFile, open_table
from bertsim.data.rows import FIND_OUT, Reading
from bertsim.errors import DataError


@dataclass(frozen=True)
class Source:
    """Files of one kind.

    Attributes:
        where: what messages call them.
        filesystem: where they are.
        paths: each of them, in the order of their names.
        file: their columns, and how they are written; not for reading them, unless they are text of this machine.
        skip_lines: of every text, before its first row.
    """

    where: str
    filesystem: fs.FileSystem
    paths: tuple[str, ...]
    file: DataFile
    skip_lines: int = 1

    @property
    def kind(self) -> str:
        """One of `WRITTEN`."""
        return self.file.kind

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the first file."""
        return self.file.columns

    @classmethod
    def find(
        cls,
        where: str | Path,
        wanted: Sequence[str] | None = None,
        advice: Advice = MEND,
        reading: Reading = FIND_OUT,
        *,
        is_text: bool = False,
    ) -> Source:
        """A file, the files of a folder, or those that a pattern such as `folder/*.parquet` names.

        Args:
            where: a path of this machine, or a URI that Arrow knows (s3://, gs://, hdfs://).
            wanted, advice, reading, is_text: as `open_table` takes them.

        Raises:
            DataError: there are none, of several kinds, or the first cannot be read; text is not written alike, or as
                Arrow does not read it.
        """
        filesystem, path = place_of(where)
        found = _listed(filesystem, path, where)
        kinds = sorted({kind_of(name, WRITTEN) for name in found})
        if len(kinds) > 1:
            raise DataError(f"{where} are files of several kinds, {', '.join(kinds)}; name one, as in '*.parquet'.")
        is_table = kinds[0] in LINES[:2]
        if is_table and isinstance(filesystem, fs.LocalFileSystem):
            file = open_table(path if "://" in str(where) else where, wanted, advice, reading, is_text)
            return cls(str(where), filesystem, tuple(map(os.path.abspath, file.paths)), file, _lines_before(file))
        if not is_table and reading != FIND_OUT:
            raise DataError(f"{where}: how {KIND_NAMES[kinds[0]]} is written needs no telling; leave it out.")
        reading = _as_usual(kinds[0], reading, where) if is_table else Reading(kind=kinds[0], header=True)
        if reading.header is False and wanted is None:
            raise DataError(f"{where}: without a header, {advice.sentence if is_text else advice.pair}, by number.")
        with named(where):
            options = _arrow_options(reading, csv.ReadOptions(autogenerate_column_names=not reading.header))
            form: Any = dataset.CsvFileFormat(**options) if is_table else kinds[0].replace("jsonl", "json")
            columns = dataset.dataset(found[:1], filesystem=filesystem, format=form).schema.names
        if not reading.header:
            columns = [f"column{place}" for place in range(1, len(columns) + 1)]
        file = DataFile(Path(where), reading, tuple(columns), advice)
        return cls(str(where), filesystem, tuple(found), file, int(bool(reading.header)))

    @property
    def arrow_options(self) -> dict[str, Any]:
        """How `pyarrow.csv` reads the text as our own readers do, every cell as text."""
        rows = csv.ReadOptions(column_names=list(self.columns), skip_rows=self.skip_lines, use_threads=False)
        cells = csv.ConvertOptions(column_types=dict.fromkeys(self.columns, pa.string()))
        return _arrow_options(self.file.reading, rows) | {"convert_options": cells}


def _listed(filesystem: fs.FileSystem, path: str, where: str | Path) -> list[str]:
    """A file, those of a folder, or of a pattern, by name. Raises: DataError, where there is none."""
    folder, _, pattern = path.rpartition("/")
    with named(where):
        kind = filesystem.get_file_info(path).type
        if kind == fs.FileType.File:
            return [path]
        if kind == fs.FileType.Directory:
            folder, pattern = path, "*"
        listed = filesystem.get_file_info(fs.FileSelector(folder, allow_not_found=True))
    names = [info.path for info in listed if info.is_file and not info.base_name.startswith((".", "_"))]
    if found := sorted(name for name in names if fnmatch(name.rpartition("/")[2], pattern)):
        return found
    raise DataError(f"{where}: there is no such file; name a file, a folder, or several by 'folder/*.parquet'.")


def _as_usual(kind: str, given: Reading, where: str | Path) -> Reading:
    """How text elsewhere, which nobody looks through, is written. Raises: DataError, where it cannot be told."""
    if kind == "tsv" and given.quoting is None:
        found_out = "whether quotes enclose cells is found out on this machine alone"
        raise DataError(f"{where}: {found_out}; say --quoting double if they do, --quoting none if they are text.")
    said = {name: value for name, value in asdict(given).items() if value is not None}
    usual = {"delimiter": "\t" if kind == "tsv" else ",", "quoting": "double", "encoding": "utf-8", "header": True}
    return Reading(**(usual | said | {"kind": kind}))


def _arrow_options(reading: Reading, rows: csv.ReadOptions) -> dict[str, Any]:
    has_quotes = reading.quoting == "double"
    rows.encoding = (reading.encoding or "utf-8").removesuffix("-sig").replace("utf-8", "utf8")  # the mark is skipped
    quote = '"' if has_quotes else False
    cells = csv.ParseOptions(delimiter=reading.delimiter or ",", quote_char=quote, newlines_in_values=has_quotes)
    return {"read_options": rows, "parse_options": cells}


def _lines_before(file: DataFile) -> int:
    """The lines before the first row of text. Raises: DataError, where Arrow cannot read all of its files alike."""
    lines = list[int]()
    ways = dict[tuple[object, ...], str]()
    for part in file.parts or (file,):
        row, how = next(iter(part), None), in_words(part.reading)
        encoding = (part.reading.encoding or "").removesuffix("-sig")
        lines.append(row.line - 1 if row else int(bool(part.reading.header)))
        way = part.columns, replace(part.reading, encoding=encoding), lines[-1]
        ways.setdefault(way, f"{part.path.name} ({how})")
        if part.kind not in ("tsv", "csv") or part.reading.quoting not in ("double", "none"):
            raise DataError(f"{part.path}: {how}, which --ray cannot read; score or embed it without --ray.")
    if len(ways) > 1:
        first, other, *_ = ways.values()
        different = "are to be read in different ways, and --ray reads all in one"
        advice = "say which by options such as --quoting, or name fewer files"
        raise DataError(f"{file.path}: {first} and {other} {different}; {advice}.")
    return lines[0]


def check_new_folder(output: str | Path) -> None:
    """Refuse an output. Raises: DataError, if it is a file, a folder with something in it, or in no folder."""
    filesystem, place = place_of(output)
    with named(output):
        kind = filesystem.get_file_info(place).type
        if kind == fs.FileType.File:
            raise DataError(f"{output} is a file; with --ray the output is a folder that is not there yet.")
        if kind == fs.FileType.Directory and filesystem.get_file_info(fs.FileSelector(place)):
            raise DataError(f"{output} has something in it; with --ray the output is a folder that is new, or empty.")
    if isinstance(filesystem, fs.LocalFileSystem) and not os.path.isdir(os.path.dirname(place)):
        raise DataError(f"{output}: there is no folder {os.path.dirname(place)}; make it first.")


def place_of(where: str | Path) -> tuple[fs.FileSystem, str]:
    """The file system of a path or a URI, and the path in it. Raises: DataError, if there is no such system."""
    if "://" not in str(where):
        return fs.LocalFileSystem(), os.path.abspath(where)
    with named(where):
        found: tuple[fs.FileSystem, str] = fs.FileSystem.from_uri(str(where))
    return found


@contextmanager
def named(where: str | Path) -> Iterator[None]:
    """Failures of Arrow as one sentence. Raises: DataError, for each."""
    try:
        yield
    except DataError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{where} cannot be read or written ({first_line(error)}); check it.") from None


def first_line(error: BaseException) -> str:
    """What an error says first."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".: ")
