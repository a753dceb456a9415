"""The bytes of a text file -> its encoding, its line ends, and which quotes it has."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bertsim.data.rows import opened
from bertsim.errors import DataError

_AT_ONCE = 1 << 20
_HEAD = 1 << 16
_LINE = 2000
_SAMPLES = 500
_MARKS = {
    **{codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32"},
    **{codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"},
}
_USUAL = ("cp1252", "cp1250", "cp1251", "mac_roman", "cp850")
# What Western Europe writes, and where that does not stand: what a Mac, DOS, Eastern Europe, Turkey, Greece or Russia
# means by the same bytes looks strange when it is read as cp1252. No library knows: charset-normalizer takes German
# for cp775 and Swedish for cp852 in a file of a few lines.
_SMALL, _LARGE = "àáâãäåæçèéêëìíîïñòóôõöøùúûüßœÿ", "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜŒ"
_STRANGE = re.compile(
    f"[^\x00-\x7f{_SMALL}{_LARGE}‘’“”„–—…€«»¡¿°§£©®™·½•\xa0\xad]|[{_SMALL}{_LARGE}]{{3}}|[a-z{_SMALL}][{_LARGE}]"
    r"|[ìù]\w|õ(?!e)|ã(?![oes\W])|£[^\W\d]|[a-zA-Z][§„¿¡]|\w[“”«»…•€£°½]\w"
)


@dataclass
class Bytes:
    r"""What the bytes of a file are like.

    Attributes:
        head: the first of them.
        newline: what ends a line, "\n" or "\r".
        has_quotes, has_escaped: whether there is a `"`, and one behind a backslash.
        good, bad: lines that are not ASCII, and are UTF-8, or are not.
        samples: some of the bad ones, with their numbers.
    """

    head: bytes = b""
    newline: str = "\n"
    has_quotes: bool = False
    has_escaped: bool = False
    good: int = 0
    bad: int = 0
    samples: list[tuple[int, bytes]] = field(default_factory=list)


def look_at(path: Path) -> Bytes:
    """Go through a whole file once: the first umlaut, or quote, may stand in its last line."""
    found, rest, lines = Bytes(), b"", 1
    with opened(path) as stream:
        while read := stream.read(_AT_ONCE):
            chunk = rest + read + stream.readline(_AT_ONCE)
            found.head = found.head or chunk[:_HEAD]
            found.has_quotes = found.has_quotes or b'"' in chunk
            found.has_escaped = found.has_escaped or b'\\"' in chunk or b'\\\0"' in chunk
            whole = _end_of_letters(chunk)  # or a line that is longer ends within one
            chunk, rest = chunk[:whole], chunk[whole:]
            _count(found, chunk, lines)
            lines += chunk.count(b"\n")
    _count(found, rest, lines)
    found.newline = "\r" if b"\r" in found.head and b"\n" not in found.head else "\n"
    return found


def _end_of_letters(chunk: bytes) -> int:
    """Where the last letter begins that may go on behind these bytes, else where they end."""
    ends = (len(chunk) - back for back in (1, 2, 3) if len(chunk) >= back and chunk[-back] >= 0xC0)
    return next(ends, len(chunk))


def _count(found: Bytes, chunk: bytes, first: int) -> None:
    for number, line in enumerate([] if chunk.isascii() else chunk.splitlines(), first):
        if line.isascii():
            continue
        try:
            line.decode()
            found.good += 1
        except UnicodeDecodeError as error:
            found.bad += 1
            if len(found.samples) < _SAMPLES:
                start = max(error.start - _LINE // 2, 0)
                found.samples.append((number, line[start : start + _LINE]))


def find_encoding(path: Path, found: Bytes, given: str | None, settle: Callable[[str], str]) -> str:
    """The encoding of a file, by its mark, its zeros, its being UTF-8, or its looking Western.

    Args:
        path: as messages call it.
        found: what its bytes are like.
        given: what somebody says it is; of that only a mark that goes with it is looked for.
        settle: what a message says is to be done, of the options that settle it.

    Raises: DataError, if it cannot be told.
    """
    for mark, name in _MARKS.items():
        if found.head.startswith(mark) and name.startswith(codecs.lookup(given or name).name[:6]):
            return name
    if given is not None:
        return codecs.lookup(given).name
    even, odd = found.head[0::2].count(0), found.head[1::2].count(0)
    if even + odd > max(1, found.head.count(b"\n")) and max(even, odd) > 4 * min(even, odd):
        return "utf-16-be" if even > odd else "utf-16-le"
    if found.bad <= found.good:
        return "utf-8"
    if found.good:
        mixed = f"{found.good:,} are UTF-8 and {found.bad:,} are not, line {found.samples[0][0]:,} the first"
        advice = settle("--encoding utf-8, which leaves those out")
        raise DataError(f"{path}: of its lines that are not plain ASCII {mixed}; {advice}.")
    lines = b"\n".join(line for _, line in found.samples)
    if not _STRANGE.search(lines.decode("cp1252", "surrogateescape")):
        return "cp1252"
    from charset_normalizer import from_bytes

    best, (number, line) = from_bytes(lines[:_HEAD]).best(), found.samples[0]
    start = max(next(place for place, byte in enumerate(line) if byte > 127) - 10, 0)
    names = dict.fromkeys(["cp1252" if best is None else best.encoding, *_USUAL])
    read = {name: line[start : start + 30].decode(name, "replace").strip() for name in names}
    ways = " or ".join(f"--encoding {name} ({text!r})" for name, text in read.items())
    doubt = "it cannot be told which of the older encodings it has"
    raise DataError(f"{path} is not UTF-8, and {doubt}; {settle(ways)}, whichever line {number:,} is written in.")
