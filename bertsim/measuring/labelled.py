"""A file of labelled pairs -> those that a score can be compared on. No model."""

from __future__ import annotations

from dataclasses import dataclass

from bertsim.data.pairs import DataFile, number_of
from bertsim.errors import DataError
from bertsim.measuring.evaluation import MIN_ROWS
from bertsim.measuring.probes import is_held_out


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


def read_labelled(file: DataFile, *, skip_bad_rows: bool = False, only_held_out: bool = False) -> LabelledPairs:
    """Read a file whose label column is known.

    Args:
        file: from `open_pairs(..., labelled=True)`.
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
