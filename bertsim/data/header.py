"""The first rows of a table -> whether the first names its columns, what they are called, and which are known."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from itertools import product

from bertsim.data.tables import Record
from bertsim.errors import DataError

# Names without case, spaces and punctuation: "Sentence_A" is "sentencea".
# fmt: off
PAIR_COLUMNS = (
    ("sentence1", "sentence2"), ("sentencea", "sentenceb"), ("sent1", "sent2"), ("text1", "text2"),
    ("texta", "textb"), ("premise", "hypothesis"), ("question1", "question2"), ("query", "passage"),
    ("anchor", "positive"), ("source", "target"), ("s1", "s2"), ("a", "b"),
)
# fmt: on
SENTENCE_COLUMNS = ("sentence", "text")
KNOWN = {name for names in (SENTENCE_COLUMNS, *PAIR_COLUMNS) for name in names}
MAX_COLUMNS = 10_000
"""Columns of one file."""
_LONG = 100  # characters; no name that is known has as many
_NUMBER = re.compile(r"\s*[-+]?\d+([.,]\d+)?([eE][-+]?\d+)?\s*")


def name_columns(
    where: str, rows: Sequence[Record], header: bool | None, naming: str, option: str, settle: Callable[[str], str]
) -> tuple[list[str], bool]:
    """The names of the columns, and whether the first row is what gives them.

    Args:
        where: the first row, as messages call it.
        rows: the first ones.
        header: whether the first names the columns; None: it is told by columns that hold numbers below it.
        naming, option: the options by which somebody says that it does, and that by which columns are named.
        settle: what a message says is to be done, of the options that settle it.

    Raises:
        DataError: it cannot be told; the header cannot be read, names a column twice, or names fewer than there are.

    Example: ["", "a"] above ["0", "x"] -> ["column1", "a"]; R's ["a", "b"] above ["1", "x", "y"] -> ["column1", "a",
        "b"]; ["x", "y", "1.5"] above ["z", "w", "2.0"] -> ["column1", "column2", "column3"], without a header
    """
    first, names = rows[0], [str(cell) for cell in rows[0].fields or ()]
    header = _is_header(first, rows[1:]) if header is None else header
    if header is None and first.fault is None:
        listed = ", ".join(repr(name[:40]) for name in names)
        doubt = f"it cannot be told whether its first row, {listed}, names the columns or is one like the others"
        raise DataError(f"{where}: {doubt}; {settle(f'{naming} if it does, --no-header if not')}.")
    if header is False:
        names = []
    elif first.fault is not None:
        raise DataError(f"{where} must name the columns, but {first.fault}.")
    cells = _cells(rows[header is not False :])
    names = _fitted(where, names, cells, option, settle) if header is not False else [""] * _width(cells)
    names = [name if name.strip() else f"column{place}" for place, name in enumerate(names, 1)]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise DataError(f"{where} names {', '.join(map(repr, twice))} more than once; give every column its own name.")
    return names, header is not False


def _is_header(first: Record, rest: Sequence[Record]) -> bool | None:
    """Whether a first row names the columns; None: it cannot be told. Nothing below it: it does."""
    votes = set()
    for place, cell in enumerate(first.fields or ()):
        below = [row[place] for row in _cells(rest) if len(row) > place and row[place] != ""]
        if cell != "" and below and sum(map(is_number, below)) >= 0.9 * len(below):
            votes.add(not is_number(cell))
    return votes.pop() if len(votes) == 1 else None if _cells(rest) else True


def recognised(names: Sequence[str], known: Collection[str]) -> list[str]:
    """Columns that are known. Example: "Sentence_A", for it is "sentencea" without case, spaces and punctuation."""
    return [name for name in names if len(name) <= _LONG and "".join(filter(str.isalnum, name)).lower() in known]


def pairs_of(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Columns that are known to hold pairs of sentences."""
    names = recognised(names, KNOWN)  # which of a thousand columns leaves a few
    sides = ((recognised(names, [one]), recognised(names, [other])) for one, other in PAIR_COLUMNS)
    return [pair for side in sides for pair in product(*side)]


def is_number(cell: object) -> bool:
    """Whether a cell is a number, or the text of one, with a point or a decimal comma."""
    return not isinstance(cell, str) or bool(_NUMBER.fullmatch(cell))


def _fitted(
    where: str, names: list[str], rows: Sequence[list[object]], option: str, settle: Callable[[str], str]
) -> list[str]:
    """Names for all cells of the rows, which have more of them where R or a delimiter too many has made them."""
    width = _width(rows)
    longer = [row for row in rows if len(row) == width > len(names)]
    if 2 * len(longer) <= len(rows):
        return names
    if not any(cell for row in longer for cell in row[len(names) :]):
        return names + [""] * (width - len(names))
    if width == len(names) + 1 and [row[0] for row in longer] == [str(n) for n in range(1, len(longer) + 1)]:
        return ["", *names]
    advice = f"name every column, or {settle(f'--no-header and, by numbers up to {width}, {option}')}"
    raise DataError(f"{where} names {len(names)} columns, and most rows have {width} cells; {advice}.")


def _width(rows: Sequence[list[object]]) -> int:
    """How many cells most rows have."""
    return Counter(map(len, rows)).most_common(1)[0][0] if rows else 0


def _cells(rows: Sequence[Record]) -> list[list[object]]:
    return [row.fields for row in rows if isinstance(row.fields, list) and row.fault is None]
