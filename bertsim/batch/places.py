"""Files and folders anywhere that Arrow reads and writes: paths of this machine, s3://, gs://, hdfs://."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
from pyarrow import fs

from bertsim.batch.writing import WRITTEN
from bertsim.data.pairs import kind_of
from bertsim.errors import DataError

PARSING = {
    "csv": pyarrow.csv.ParseOptions(newlines_in_values=True),
    "tsv": pyarrow.csv.ParseOptions(delimiter="\t", quote_char=False),
}
"""How Arrow reads text by lines, as our own readers do."""


@dataclass(frozen=True)
class Source:
    """Files of one kind.

    Attributes:
        where: what messages call them.
        filesystem: where they are.
        paths: each of them, in the order of their names.
        kind: one of `WRITTEN`.
        columns: those of the first file.
    """

    where: str
    filesystem: fs.FileSystem
    paths: tuple[str, ...]
    kind: str
    columns: tuple[str, ...]

    @classmethod
    def find(cls, where: str | Path) -> Source:
        """A file, the files of a folder, or those that a pattern such as `folder/*.parquet` names.

        Args:
            where: a path of this machine, or a URI that Arrow knows (s3://, gs://, hdfs://).

        Raises:
            DataError: there are none, of several kinds, or the first cannot be read.
        """
        filesystem, path = place_of(where)
        folder, _, pattern = path.rpartition("/")
        with named(where):
            kind = filesystem.get_file_info(path).type
            if kind == fs.FileType.Directory:
                folder, pattern = path, "*"
            found = [path]
            if kind != fs.FileType.File:
                listed = filesystem.get_file_info(fs.FileSelector(folder, allow_not_found=True))
                names = [info.path for info in listed if info.is_file and not info.base_name.startswith((".", "_"))]
                found = sorted(name for name in names if fnmatch(name.rpartition("/")[2], pattern))
        if not found:
            raise DataError(f"{where}: there is no such file; name a file, a folder, or several by 'folder/*.parquet'.")
        kinds = sorted({kind_of(name, WRITTEN) for name in found})
        if len(kinds) > 1:
            raise DataError(f"{where} are files of several kinds, {', '.join(kinds)}; name one, as in '*.parquet'.")
        with named(where):
            columns = _dataset(filesystem, found[:1], kinds[0]).schema.names
        return cls(str(where), filesystem, tuple(found), kinds[0], tuple(columns))

    def count(self) -> int:
        """How many rows there are: of Parquet it is written there, text is read for it. Raises DataError."""
        with named(self.where):
            rows: int = _dataset(self.filesystem, self.paths, self.kind).count_rows()
        return rows


def _dataset(filesystem: fs.FileSystem, paths: Sequence[str], kind: str) -> pyarrow.dataset.Dataset:
    form = pyarrow.dataset.CsvFileFormat(PARSING[kind]) if kind in PARSING else "json" if kind == "jsonl" else kind
    return pyarrow.dataset.dataset(list(paths), filesystem=filesystem, format=form)


def check_new_folder(output: str | Path) -> None:
    """Refuse an output that cannot be a new folder.

    Raises:
        DataError: it is a file, a folder with something in it, or in no folder.
    """
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
