"""A file of pairs -> its label column, and the labelled pairs that a score can be compared on. No model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice

from bertsim.data.header import recognised
from bertsim.data.pairs import DataFile, list_names
from bertsim.errors import DataError
from bertsim.measuring.evaluation import MIN_ROWS
from bertsim.measuring.probes import is_held_out

PEEKED_ROWS = 50
# Names without case, spaces and punctuation.
# fmt: off
LABEL_COLUMNS = (
    "score", "label", "similarity", "relatednessscore", "gold", "goldscore", "goldlabel", "isduplicate", "rating",
)
_SIMILAR = ("yes", "true", "similar", "duplicate", "paraphrase", "equivalent", "entailment")
# fmt: on
WORDS: Mapping[str, float] = dict.fromkeys(_SIMILAR, 1.0) | dict.fromkeys(
    ("no", "false", "dissimilar", *(f"not_{word}" for word in _SIMILAR[2:]), "neutral", "contradiction"), 0.0
)
"""Labels that are words, and what they are read as: 1 = similar, 0 = not; to infer is to be similar here."""


@dataclass(frozen=True)
class LabelledPairs:
    """Pairs of a file and their labels, finite numbers that are not all alike.

    Attributes:
        file: where they are from.
        pairs, labels: of the rows that can be used.
        skipped: how many rows were left out.
        words: the words that the labels were read from, as `WORDS` has them; empty where they are numbers.
        places: where each pair stands, as messages name a row.
    """

    file: DataFile
    pairs: list[tuple[str, str]]
    labels: list[float]
    skipped: int
    words: Mapping[str, float]
    places: list[str]


def find_label(file: DataFile, column: str | None = None) -> DataFile:
    """The file with its label column: the one named, or recognised by `LABEL_COLUMNS`.

    Of several that are recognised it is the one that holds numbers in the first rows, else the one that holds `WORDS`.

    Raises: DataError, if there is no such column, or it cannot be told which one it is.
    """
    if column is not None:
        return file.labelled(file.column(column))
    found = [name for name in recognised(file.columns, LABEL_COLUMNS) if name not in file.sentences]
    if len(found) > 1:
        peeked = [row.values for row in islice(file, PEEKED_ROWS) if row.error is None]
        for read in (number_of, similar_of):
            found = [name for name in found if any(read(values.get(name)) is not None for values in peeked)] or found
    if len(found) != 1:
        fault = "more than one column could be" if found else "no column is known to be"
        raise DataError(f"{file.path}: {fault} the label among {list_names(file.columns)}; {file.advice.label}.")
    return file.labelled(found[0])


def number_of(label: object) -> float | None:
    """A label's cell as a finite number, or None if it is not one. Example: "2.50" -> 2.5, "nan" -> None."""
    try:
        value = float(label) if isinstance(label, str | int | float) else math.nan
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def word_of(label: object) -> str:
    """A label's cell as `WORDS` has it. Example: " Non-duplicate" -> "not_duplicate"."""
    return str(label).strip().lower().replace(" ", "_").replace("-", "_").replace("non_", "not_")


def similar_of(label: object) -> float | None:
    """A label's cell that is a word as 1 = similar or 0 = not, or None if it is none of `WORDS`."""
    return WORDS.get(word_of(label))


_Read = Callable[[object], float | None]
_EXPECTED: Mapping[_Read, str] = {number_of: "a finite number", similar_of: f"one of {', '.join(WORDS)}"}


def read_labelled(file: DataFile, *, skip_bad_rows: bool = False, only_held_out: bool = False) -> LabelledPairs:
    """Read a file whose label column is known: its first label that can be read says whether they are numbers or words.

    Args:
        file: from `find_label`.
        skip_bad_rows: leave out, and count, rows that cannot be used.
        only_held_out: leave out pairs whose first sentence is not of the held-out tenth; they are not counted.

    Raises: DataError, if a row cannot be used and is not to be skipped, fewer than 3 are left, or labels are alike.
    """
    pairs, labels, places, words, skipped = [], [], list[str](), dict[str, float](), 0
    reads, before = list(_EXPECTED), ""
    for row in file:
        error, known = row.error, [(read, value) for read in reads if (value := read(row.label)) is not None]
        if error is None and not known:
            expected = ", or ".join(_EXPECTED[read] for read in reads)
            error = f"the label in {file.label!r} is {row.label!r}, and {expected}{before} was expected"
        if error is not None and not skip_bad_rows:
            raise DataError(f"{file.where(row)}: {error}; {file.advice.row}.")
        if error is not None:
            skipped += 1
            continue
        read, label = known[0]
        reads, before = [read], ", as in the rows before,"
        if not only_held_out or is_held_out(row.sentences[0]):
            pairs.append((row.sentences[0], row.sentences[1]))
            labels.append(label)
            places.append(file.where(row))
            words |= {word_of(row.label): label} if read is similar_of else {}
    if len(pairs) < MIN_ROWS:
        which = " in its held-out tenth" if only_held_out else ""
        raise DataError(f"{file.path} has {len(pairs)} labelled pairs{which}; a correlation needs at least {MIN_ROWS}.")
    if len(set(labels)) == 1:
        raise DataError(
            f"{file.path}: every label in {file.label!r} is {labels[0]:g}; a correlation needs labels that differ."
        )
    return LabelledPairs(file, pairs, labels, skipped, words, places)
