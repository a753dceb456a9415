"""A stranger's file -> its rows, as the command reads them, by a process of its own: `python -m bertsim.ui.reader`.

In: a path and what the visitor says of the file. Out: `Taken`, and a file with a JSON list for every row. What a file
can do to whoever reads it (unpack to a thousand times its size, take all memory, never end, crash a library) it does to
that process, which has so much memory and so many seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from bertsim.data.layout import DELIMITERS, ENDINGS, SAYABLE, ending_of, in_words
from bertsim.data.pairs import Advice, DataFile, Row, open_table, with_pair
from bertsim.data.rows import FIND_OUT, Reading, opened
from bertsim.data.tables import workbook
from bertsim.errors import BertsimError, DataError, InputError
from bertsim.measuring.labelled import find_label, number_of, similar_of

MEMORY, SECONDS = 1_500_000_000, 15
"""Bytes of address space, and seconds of a processor, that reading a file may take."""
COLUMNS, LONGEST = 200, 500
"""Of a file, or sheets, and characters of the name of one: the app keeps these of five hundred visitors."""
CHARACTERS = 100_000
"""Of a sentence; the encoder reads a few hundred."""
UNPACKED = 5
"""How many times the bytes that may be sent a file may have when it is unpacked."""
NAMED = 20
"""Rows with a fault that are named; the others are counted."""
NO_LABEL = ""
TAKEN_KINDS = (".tsv", ".csv", ".jsonl", ".json", ".parquet", ".xlsx", ".txt")
"""Endings of the files that are taken, packed (.gz, .zst) or not."""
GONE = "your file is not here any more: this host keeps so many, the latest; send it again."
_ROOT = Path(__file__).resolve().parents[2]
_BELOW, _FIRST_ROW = "choose below:", "choose under “First row”:"
_TOO_MUCH = "needs more memory or time than a file has here; write it as TSV or CSV, or send fewer rows"


@dataclass(frozen=True)
class Limits:
    """What a file may have on this host: `megabytes` sent, 0: none is taken; `rows` read."""

    megabytes: int = 20
    rows: int = 50_000

    @property
    def bytes(self) -> int:
        """What may be sent."""
        return self.megabytes * 1_000_000


@dataclass(frozen=True)
class Asked:
    """What a visitor says of a file, None: it is found out; columns by name, a label of `NO_LABEL`: there is none."""

    a: str | None = None
    b: str | None = None
    label: str | None = None
    delimiter: str | None = None
    quoting: str | None = None
    encoding: str | None = None
    header: bool | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class Taken:
    """What a file was taken for.

    Attributes:
        name, asked: as given.
        words: kind, delimiter, quotes, encoding, header. Example: "CSV, semicolon, quotes, cp1252, a header".
        reading, sayable: how it was read, and what of that may be said otherwise.
        columns, sheets: all of them.
        sentences: the two columns that hold them; () = it cannot be told.
        label: the column of labels; None: there is none.
        rows, is_cut: how many were read, and whether there are more.
        bad, faults: how many of them cannot be used, and of the first: line and reason.
        labels, label_fault: how many labels could be read, and why the first that could not.
        problem: what is to be chosen before it can be scored; "" where nothing is.
    """

    name: str
    asked: Asked
    words: str = ""
    reading: Mapping[str, Any] = field(default_factory=dict)
    sayable: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    label: str | None = None
    rows: int = 0
    is_cut: bool = False
    bad: int = 0
    faults: tuple[tuple[int, str], ...] = ()
    labels: int = 0
    label_fault: str = ""
    problem: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether there is something to score."""
        return not self.problem and self.rows > self.bad


@dataclass(frozen=True, slots=True)
class TakenRow:
    """A row: where it stands, why it cannot be used, its label as a number and as written, its cells by column."""

    line: int
    error: str | None
    label: float | None
    written: str
    cells: Sequence[Any] = ()


def check_name(name: str) -> str:
    """The name of a file without folders, shortened. Raises: InputError, for a kind that is not taken."""
    own = "".join(c for c in name.replace("\\", "/").rpartition("/")[2] if c.isprintable())[-80:]
    if f".{ending_of(Path(own))}" not in TAKEN_KINDS:
        what = own or "a file without a name"
        raise InputError(f"{what} is not taken; send {', '.join(TAKEN_KINDS)}, packed or not.")
    return own


def read_taken(path: Path) -> Iterator[TakenRow]:
    """The rows that `take` wrote. Raises: InputError, where they are gone."""
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                number, error, label, written, *cells = json.loads(line)
                yield TakenRow(number, error, label, written, cells)
    except FileNotFoundError:
        raise InputError(GONE) from None


def take(path: Path, name: str, asked: Asked, limits: Limits, rows: Path) -> Taken:
    """Read a file in a process of its own.

    Args:
        path: where it lies; its ending says its kind.
        name: what it is called.
        asked: what is said of it.
        limits: of the host.
        rows: the file to write the rows to.

    Raises: DataError, where it cannot be read at all, within these limits.
    """
    given = {"path": str(path), "name": name, "asked": asdict(asked), "limits": asdict(limits), "rows": str(rows)}
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command, told = [sys.executable, "-m", "bertsim.ui.reader"], dict[str, Any](text=True, capture_output=True)
    found: dict[str, Any] = {"error": f"{name} {_TOO_MUCH}."}
    with suppress(subprocess.TimeoutExpired):
        done = subprocess.run(command, input=json.dumps(given), env=environment, timeout=2 * SECONDS, **told)
        found = json.loads(done.stdout) if done.returncode == 0 else found
    if "error" in found:
        raise DataError(found["error"])
    lists = {key: value for key, value in found.items() if isinstance(value, list)}
    found |= {key: tuple(tuple(x) if isinstance(x, list) else x for x in value) for key, value in lists.items()}
    return Taken(name, asked, **found)


class _Named(type(Path())):  # type: ignore[misc]
    """A file that messages call as its visitor does."""

    name_of_visitor = ""

    def __str__(self) -> str:
        return self.name_of_visitor

    def __fspath__(self) -> str:
        return super().__str__()


@dataclass(frozen=True)
class _OnPage(Advice):
    pair: str = "choose them below"
    label: str = "choose it below"
    row: str = "mend the row"

    def settle(self, options: str) -> str:
        """What settles how a file is read: the page's own choices have the options' names, but for the first row."""
        if "--no-header" in options:
            return f"{_FIRST_ROW} {'names the columns, or ' * ('if not' in options)}is a pair"
        return f"{_BELOW} {options.replace('--', '')}"


def _take(path: Path, asked: Asked, limits: Limits, rows: Path) -> dict[str, Any]:
    _check_unpacked(path, UNPACKED * limits.bytes)
    delimiter = DELIMITERS.get(asked.delimiter or "", asked.delimiter)
    reading = Reading(delimiter, asked.quoting, asked.encoding, asked.header, asked.sheet)
    found: dict[str, Any] = {"sheets": workbook(path).sheet_names if ENDINGS[ending_of(path)] == "xlsx" else []}
    _check_names(path, found["sheets"], "sheets")
    try:
        file = open_table(path, None, _OnPage(), reading, is_text=False)
        _check_names(path, file.columns)
    except DataError as error:
        if reading == FIND_OUT and _BELOW not in str(error) and _FIRST_ROW not in str(error):
            raise
        is_single = _FIRST_ROW in str(error) and _columns(path, replace(reading, header=True)) == 1
        sayable = [*SAYABLE["csv"], *SAYABLE["xlsx"]][: 4 + bool(found["sheets"])]
        return found | {"problem": _single(path) if is_single else str(error), "sayable": sayable}
    found |= {"words": in_words(file.reading), "reading": asdict(file.reading), "columns": file.columns}
    found["sayable"] = SAYABLE[file.kind]
    try:
        if len(file.columns) == 1:
            raise DataError(_single(path))
        chosen = [name for name in (asked.a, asked.b) if name]
        file = with_pair(file, chosen if len(chosen) == 2 else None)
        found["sentences"] = file.sentences
    except DataError as error:
        found["problem"] = str(error)
    try:
        file = file if asked.label == NO_LABEL else find_label(file, asked.label)
    except DataError as error:
        found |= {"label_fault": str(error)} if asked.label else {}
    return found | {"label": file.label} | _write(file, limits, rows, found)


def _columns(path: Path, reading: Reading) -> int:
    """How many columns a file has; 0: it cannot be told."""
    try:
        return len(open_table(path, None, _OnPage(), reading, is_text=False).columns)
    except DataError:
        return 0


def _single(path: Path) -> str:
    return f"{path} has one column; two with sentences are needed."


def _write(file: DataFile, limits: Limits, rows: Path, found: Mapping[str, Any]) -> dict[str, Any]:
    """Write the rows, and count them."""
    counts: dict[str, Any] = {"rows": 0, "bad": 0, "faults": [], "labels": 0}
    counts["label_fault"] = found.get("label_fault", "")
    reads, size = [number_of, similar_of], 0
    with rows.open("w", encoding="utf-8") as out:
        for row in islice(file, limits.rows + 1):
            if counts["rows"] == limits.rows:
                counts["is_cut"] = True
                break
            counts["rows"] += 1
            error = row.error or _too_long(row)
            if error:
                counts["bad"] += 1
                counts["faults"] += [[row.line, error]] * (len(counts["faults"]) < NAMED)
            known = [(read, value) for read in reads if (value := read(row.label)) is not None] if not error else []
            if known:
                reads = [known[0][0]]
                counts["labels"] += 1
            elif not error and file.label and not counts["label_fault"]:
                expected = "a number" if reads == [number_of] else "yes or no, or a word like it"
                expected = expected if len(reads) == 1 else "a number, or a word such as yes or no"
                counts["label_fault"] = f"line {row.line:,}: the label is {str(row.label)[:40]!r}, not {expected}"
            written = "" if row.label is None else str(row.label)[:200]
            cells = [row.values.get(name) for name in file.columns]
            line = json.dumps([row.line, error, known[0][1] if known else None, written, *cells])
            size += len(line)
            if size > UNPACKED * limits.bytes:
                raise DataError(_unpacked(file.path, UNPACKED * limits.bytes))
            out.write(f"{line}\n")
    if not counts["rows"] and not found.get("problem"):
        counts["problem"] = f"{file.path} has a header and no rows; there is nothing to score."
    return counts


def _too_long(row: Row) -> str | None:
    longest = max(map(len, row.sentences), default=0)
    return f"a sentence has {longest:,} characters; {CHARACTERS:,} are the most" if longest > CHARACTERS else None


def _unpacked(path: Path, most: int) -> str:
    size = f"{most // 1_000_000:,} MB"
    return f"{path} has more than {size} when it is unpacked, the most that is taken; send fewer rows."


def _check_names(path: Path, names: Sequence[object], what: str = "columns") -> None:
    if len(names) > COLUMNS:
        raise DataError(f"{path} has {len(names):,} {what}, and {COLUMNS} are the most that are taken.")
    if any(len(str(name)) > LONGEST for name in names):
        raise DataError(f"{path} has {what} with names of more than {LONGEST} characters; shorten them.")


def _check_unpacked(path: Path, most: int) -> None:
    """Refuse what unpacks to too much, and a first line that could only be a header without end. Raises: DataError."""
    size = 0
    with opened(path) as stream:
        while read := stream.read(1 << 20):
            if not size and (many := max(map(read.partition(b"\n")[0].count, (b",", b"\t", b";")))) > 20 * COLUMNS:
                _check_names(path, range(many + 1), "columns or more")
            size += len(read)
            if size > most:
                raise DataError(_unpacked(path, most))
    try:
        packed = zipfile.ZipFile(path).infolist() if zipfile.is_zipfile(path) else []
    except (zipfile.BadZipFile, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}); check the file.") from error
    if sum(each.file_size for each in packed) > most:
        raise DataError(_unpacked(path, most))


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows has none
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))


def _main() -> None:
    given = json.load(sys.stdin)
    path = _Named(given["path"])
    path.name_of_visitor = given["name"]
    _limit()
    try:
        found = _take(path, Asked(**given["asked"]), Limits(**given["limits"]), Path(given["rows"]))
    except BertsimError as error:
        found = {"error": str(error)}
    except OSError as error:  # of a full disk
        found = {"error": f"this host has no room for {path} now ({error.strerror}); try again later."}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    _main()
