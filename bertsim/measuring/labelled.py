"""A file of pairs -> its label column, and the labelled pairs that a score can be compared on. No model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice

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
# fmt: on


@dataclass(frozen=True)
class LabelledPairs:
    """Pairs of a file and their labels, finite numbers that are not all alike.

    Attributes:
        file: where they are from.
        pairs, labels: of the rows that can be used.
        skipped: how many rows were left out.
    """

    file: DataFile
    pairs: list[tuple[str, str]]
    labels: list[float]
    skipped: int


def find_label(file: DataFile, column: str | None = None) -> DataFile:
    """The file with its label column: the one named, or recognised by `LABEL_COLUMNS`.

    Of several that are recognised it is the one that holds numbers in the first rows.

    Raises:
        DataError: there is no such column, or it cannot be told which one it is.
    """
    if column is not None:
        return file.labelled(file.column(column))
    found = [name for name in file.recognised(LABEL_COLUMNS) if name not in file.sentences]
    if len(found) > 1:
        peeked = [row.values for row in islice(file, PEEKED_ROWS) if row.error is None]
        numeric = [name for name in found if any(number_of(values.get(name)) is not None for values in peeked)]
        found = numeric or found
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


def read_labelled(file: DataFile, *, skip_bad_rows: bool = False, only_held_out: bool = False) -> LabelledPairs:
    """Read a file whose label column is known.

    Args:
        file: from `find_label`.
        skip_bad_rows: leave out, and count, rows that cannot be used.
        only_held_out: leave out pairs whose first sentence is not of the held-out tenth; they are not counted.

    Raises:
        DataError: a row cannot be used and is not to be skipped; fewer than 3 are left; all labels are alike.
    """
    pairs, labels, skipped = [], [], 0
    for row in file:
        label, error = number_of(row.label), row.error
        if error is None and label is None:
            error = f"the label in {file.label!r} is {row.label!r}, and a finite number was expected"
        if error is not None and not skip_bad_rows:
            raise DataError(f"{file.where(row)}: {error}; {file.advice.row}.")
        if error is not None or label is None:
            skipped += 1
        elif not only_held_out or is_held_out(row.sentences[0]):
            pairs.append((row.sentences[0], row.sentences[1]))
            labels.append(label)
    if len(pairs) < MIN_ROWS:
        raise DataError(f"{file.path} has {len(pairs)} labelled pairs; a correlation needs at least {MIN_ROWS}.")
    if len(set(labels)) == 1:
        raise DataError(
            f"{file.path}: every label in {file.label!r} is {labels[0]:g}; a correlation needs labels that differ."
        )
    return LabelledPairs(file, pairs, labels, skipped)
