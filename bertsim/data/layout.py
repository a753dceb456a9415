"""How a file is written, found out from what is in it: its kind, encoding, line ends, delimiter and quotes.

What comes in: the path and what somebody says of it, a `Reading` with gaps. What goes out: the `Reading` without them,
but for its header, which `data.header` finds.
Two readings that disagree on what the sentences are are never chosen between by taste: a doubt is a `DataError` that
names the option that settles it. What is believed is what a writer would have written: the quotes in a file with tabs
enclose its cells if putting them around the cells as pandas, Excel, R or `csv` do gives the file again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from bertsim.data.encoding import Bytes, find_encoding, look_at
from bertsim.data.rows import (
    SEPARATOR_LINE,
    Reading,
    decoded,
    delimited_records,
    opened,
    read_lines,
    unescaped,
    well_formed,
)
from bertsim.data.tables import Record, workbook
from bertsim.errors import DataError

ENDINGS = {
    **{"tsv": "tsv", "tab": "tsv", "csv": "csv", "txt": "txt", "jsonl": "jsonl", "ndjson": "jsonl", "json": "json"},
    **{"parquet": "parquet", "xlsx": "xlsx", "xlsm": "xlsx", "xls": "xlsx", "ods": "xlsx"},
}
DELIMITERS = {"comma": ",", "tab": "\t", "semicolon": ";", "bar": "|", "space": " "}
KIND_NAMES = {
    **{"tsv": "TSV", "csv": "CSV", "txt": "plain text", "jsonl": "JSON Lines", "json": "a JSON list"},
    **{"parquet": "Parquet", "xlsx": "Excel"},
}
_QUOTINGS = {
    "none": "no quotes",
    "double": "quotes",
    "escaped": 'quotes, \\" in them',
    "spaced": "quotes behind spaces",
}
_OF_TEXT = ("delimiter", "quoting", "encoding", "header")
SAYABLE: dict[str, tuple[str, ...]] = {
    **{"tsv": _OF_TEXT, "csv": _OF_TEXT, "txt": ("encoding",), "jsonl": ("encoding",), "json": ("encoding",)},
    **{"xlsx": ("header", "sheet"), "parquet": ()},
}
_BEGINNINGS = {b"PAR1": "parquet", b"PK\x03\x04": "xlsx", b"\xd0\xcf\x11\xe0": "xlsx"}
_PACKINGS = {"bzip2": b"1AY&SY", "xz": b"\xfd7zXZ\0"}  # of bzip2 behind four bytes, the last of which is a level
_BEGINNING = 1 << 20  # characters
_SAMPLE = 500  # lines by which the delimiter is told
_ENOUGH = 2000  # records with quotes by which is told what these mean
_BARE = r"[-+\d.eE]*|NA|NaN|NULL|TRUE|FALSE|True|False"  # what R and `csv` leave without quotes
Known = Callable[[Sequence[str]], bool]
Say = Callable[[str], str]


def settle(path: Path, given: Reading, known: Known, say: Say, *, is_text: bool = False) -> Reading:
    """Find out what of a file's reading is not given.

    Args:
        given: what is known of it.
        known: whether cells are names of the columns that are looked for.
        say: what a message says is to be done, of the options that settle it.
        is_text: a file whose name does not say otherwise has one sentence a line.

    Raises: DataError, if the file cannot be read, or it cannot be told how.
    """
    named = ENDINGS.get(ending_of(path), "")
    kind = _kind_by_content(path, named) or named
    if kind in ("txt", ""):
        kind = "txt" if is_text and given.delimiter is None else "csv"
    reading = replace(given, kind=kind)
    if kind == "xlsx":
        names = workbook(path).sheet_names
        if given.sheet not in (None, *names):
            raise DataError(f"{path} has no sheet {given.sheet!r}; it has {', '.join(map(repr, names))}.")
        reading = replace(reading, sheet=given.sheet or names[0])
    elif kind != "parquet":
        found = look_at(path)
        encoding = find_encoding(path, found, given.encoding, say)
        reading = replace(reading, encoding=encoding, newline=found.newline)
        if named in ("", "json"):
            reading = replace(reading, kind=_json_kind(path, reading))
    for name in (*_OF_TEXT, "sheet"):
        if name not in SAYABLE[reading.kind] and getattr(given, name) is not None:
            raise DataError(f"{path} is {KIND_NAMES[reading.kind]}, which has no {name} to be named; leave it out.")
    if reading.kind not in ("tsv", "csv"):
        return reading
    reading = replace(reading, delimiter=given.delimiter or _delimiter(path, reading, found, known, say))
    reading = replace(reading, kind="tsv" if reading.delimiter == "\t" else "csv")
    return replace(reading, quoting=given.quoting or _quoting(path, reading, found, say))


def in_words(reading: Reading) -> str:
    """What was taken. Example: a .csv of Excel's in German -> "CSV, semicolon, quotes, cp1252, a header"."""
    said = [KIND_NAMES[reading.kind]]
    if reading.kind == "csv":
        said += [name for name, each in DELIMITERS.items() if each == reading.delimiter] or [repr(reading.delimiter)]
    said += [_QUOTINGS[reading.quoting]] if reading.quoting else []
    said += [f"sheet {reading.sheet!r}"] if reading.sheet else []
    said += [reading.encoding.removesuffix("-sig")] if reading.encoding else []
    said += [] if reading.header is None else ["a header" if reading.header else "no header"]
    return ", ".join(said)


def ending_of(path: Path) -> str:
    """The ending of a name, without those of packing. Example: "P.TSV.gz" -> "tsv"."""
    return path.name.lower().removesuffix(".gz").removesuffix(".zst").rpartition(".")[2]


def _kind_by_content(path: Path, named: str) -> str:
    """The kind of a file that is no text, "" for one that is."""
    with opened(path) as stream, path.open("rb") as packed:
        begins, packing = stream.read(10), packed.read(10)
    kind = _BEGINNINGS.get(begins[:4], "")
    how = next((name for name, mark in _PACKINGS.items() if mark in (begins[:6], begins[4:])), "")
    if how or (kind == "xlsx" and ending_of(path) == "zip"):
        raise DataError(f"{path} is packed by {how or 'zip'}, which is not read; unpack it, or use gzip or zstd.")
    if kind and packing != begins:
        raise DataError(f"{path} is {KIND_NAMES[kind]} packed once more; unpack it first.")
    if named in ("parquet", "xlsx") and not kind:
        raise DataError(f"{path} is damaged or no {KIND_NAMES[named]} file; check the file, or get it again.")
    return kind


def _json_kind(path: Path, reading: Reading) -> str:
    """The kind of a file that may be JSON: "json" for a list of objects, "jsonl" for an object a line."""
    with decoded(path, reading) as text:
        begins = text.read(_BEGINNING).lstrip()
    if re.match(r"\[\s*[{\]]|\[\s*$", begins):
        return "json"
    if not re.match(r'\{\s*["}]|\{\s*$', begins):
        return "jsonl" if reading.kind == "json" else reading.kind
    if not begins.partition("\n")[2].lstrip().startswith("{") and re.match(r'\{\s*("[^"]*"\s*:\s*[\[{]|$)', begins):
        expected = "a list of objects, [{…}, …], or one object a line was expected"
        raise DataError(f'{path} is one JSON object; {expected}, as pandas writes with orient="records".')
    return "jsonl"


def _delimiter(path: Path, reading: Reading, found: Bytes, known: Known, say: Say) -> str:
    """What stands between cells: what parts a first row of known names; a tab; or the only one that parts all rows."""
    lines = list(islice(read_lines(path, reading), _SAMPLE))
    if lines and (line := SEPARATOR_LINE.fullmatch(lines[0].text)):
        return line[1]
    usual, fits = "\t" if reading.kind == "tsv" else ",", list[str]()
    quotings = [reading.quoting] if reading.quoting else ["double", *(["escaped"] if found.has_escaped else []), "none"]
    for name, delimiter in DELIMITERS.items():
        for quoting in quotings:
            tried = replace(reading, delimiter=delimiter, quoting=quoting)
            records = [each for each in delimited_records(iter(lines), tried) if each.text.strip()]
            is_all_quoted = well_formed(tried, _BARE).fullmatch
            if name == "space" and not all(is_all_quoted(unescaped(record.text, tried)) for record in records):
                continue
            if records and known([str(cell) for cell in records[0].fields or ()]):
                return delimiter
            widths = Counter(len(record.fields) for record in records if record.fields and record.fault is None)
            ((width, rows),) = widths.most_common(1) or [(0, 0)]
            if width > 1 and rows >= 0.9 * len(records) and name not in fits:
                fits.append(name)
    if "tab" in fits or len(fits) < 2:
        return "\t" if "tab" in fits else DELIMITERS[fits[0]] if fits else usual
    options = " or ".join(f"--delimiter {name}" for name in fits)
    raise DataError(f"{path}: it cannot be told whether {' or '.join(fits)} parts its cells; {say(options)}.")


def _quoting(path: Path, reading: Reading, found: Bytes, say: Say) -> str:
    """What quotes mean.

    Between tabs or bars they enclose cells if a writer would have put them just so, and are text if most of them
    enclose nothing. Between commas, semicolons and spaces, which are in sentences, too, they enclose cells.
    """
    if not found.has_quotes:
        return "double" if reading.kind == "csv" else "none"
    tried: list[_Quotes] = []
    for quoting in ("double", *(["escaped"] if found.has_escaped else []), "spaced"):
        tried.append(_Quotes.of(path, replace(reading, quoting=quoting)))
        if not tried[-1].torn:
            break
    best = min(tried, key=lambda each: each.torn)
    if reading.delimiter in (",", ";", " "):
        is_quoted, is_plain = best.torn <= max(1, best.total - best.torn), False
    else:
        is_quoted = best.written >= 0.9 * best.total
        is_plain = best.torn >= 0.5 * best.total and best.written <= 0.1 * best.total
    if is_quoted or is_plain:
        return best.quoting if is_quoted else "none"
    doubt = "it cannot be told whether its quotes enclose cells or are part of the text"
    advice = say(f"--quoting {best.quoting} if they enclose cells, --quoting none if they are text")
    raise DataError(f"{path}: {doubt}, as in line {best.line:,}; {advice}.")


@dataclass
class _Quotes:
    """Records with quotes in one reading: how many, how many are torn, how many a writer would have written so."""

    quoting: str
    total: int = 0
    torn: int = 0
    line: int = 0
    written: int = 0

    @classmethod
    def of(cls, path: Path, reading: Reading) -> _Quotes:
        found, styles, allowed = cls(reading.quoting or ""), Counter[str](), {"few", "comma", "text"}
        is_whole, text_only = well_formed(reading), well_formed(reading, _BARE)
        for record in delimited_records(read_lines(path, reading), reading):
            if '"' not in record.text:
                allowed -= {"text"} if record.text.strip() else set()
                allowed -= {"comma"} if "," in record.text else set()
                continue
            found.total += 1
            found.line = found.line or record.line
            found.torn += record.fields is None or not is_whole.fullmatch(unescaped(record.text, reading))
            styles.update(_styles(record, reading, text_only))
            if found.total == _ENOUGH:
                break
        found.written = max((styles[style] for style in allowed), default=0)
        return found


def _styles(record: Record, reading: Reading, text_only: re.Pattern[str]) -> list[str]:
    """Which writers would have written a record as it is.

    Those that put in quotes what needs them ("few"), of Excel in TSV also what has a comma ("comma"), or all text
    ("text").
    """
    cells, delimiter = list(map(str, record.fields or ())), reading.delimiter or ","
    quoted = ['"{}"'.format(cell.replace('"', '""')) for cell in cells]
    text, few = unescaped(record.text, reading), f'"\r\n{delimiter}'

    def is_written(marks: str) -> bool:
        needs = (not {*marks}.isdisjoint(cell) for cell in cells)
        return delimiter.join(q if need else cell for q, need, cell in zip(quoted, needs, cells, strict=True)) == text

    found = {"few": is_written(few), "comma": is_written(f"{few},"), "text": bool(text_only.fullmatch(text))}
    return [style for style, is_found in found.items() if is_found]
