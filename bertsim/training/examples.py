"""Files of labelled pairs -> `Examples`: sentences, targets in [0, 1], weights, and where each came from.

Everything that can be wrong with a row is found here, before anything is trained, and named with file, line and value;
or such rows are left out and counted. What is wrong with the data as a whole (one class alone, too few rows) too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bertsim.data.pairs import PEEKED_ROWS, Advice, DataFile, Row, number_of, open_pairs, open_sentences
from bertsim.errors import DataError, InputError
from bertsim.measuring.edits import Edit, make_edits, take_evenly
from bertsim.measuring.edits.antonyms import read_antonyms
from bertsim.measuring.evaluation import MIN_ROWS
from bertsim.measuring.probes import swap_nouns
from bertsim.records import Float
from bertsim.training.data_source import NAME_THEM, OF_TEXT, UNLABELLED, Source, plain_words

RATED_AS = {"entailment": 1.0, "neutral": 0.5, "contradiction": 0.0}
"""What inference labels mean to a head that rates."""
# A scale is taken where more than this share of the first labels is on it.
_GUESSED_SCALES = {(0.0, 1.0): 0.9, (0.0, 5.0): 0.5}
Check = Callable[[str], None]
"""Raises InputError for a sentence that the tokenizer cannot read."""


@dataclass(frozen=True)
class Examples:
    """Labelled pairs of one file, ready to train or measure on.

    Attributes:
        source: where they are from; its `kind` and `scale` are known.
        pairs: two sentences each.
        targets: float32 [n, labels] in [0, 1].
        lines: int64 [n]; the row's line in the file.
        skipped: how many rows were left out.
        groups: [n] of `source.group`; empty where there is none.
    """

    source: Source
    pairs: tuple[tuple[str, str], ...]
    targets: Float
    lines: NDArray[np.int64]
    skipped: int
    groups: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pairs)

    def where(self, index: int) -> str:
        """`file:line` of a pair."""
        return f"{self.source.path}:{self.lines[index]}"

    def labels(self) -> Float:
        """The targets on the file's own scale, float32 [n]; of several labels the first."""
        low, high = self.source.scale or (0.0, 1.0)
        return (low + self.targets[:, 0] * (high - low)).astype(np.float32)


def read_examples(
    source: Source,
    labels: Sequence[str],
    check: Check,
    *,
    skip_bad_rows: bool = False,
    seed: int = 0,
    advice: Advice = NAME_THEM,
    inference: Sequence[str] = (),
    exclude: AbstractSet[str] = frozenset(),
) -> Examples:
    """Read one file.

    Args:
        source: the file and what its labels mean.
        labels: of the heads that rate; several are columns, each with its own target.
        check: of the encoder's tokenizer.
        skip_bad_rows: leave out, and count, rows that cannot be used.
        seed: of the rows that `source.take` draws.
        advice: what messages say is to be done.
        inference: labels of the heads that infer: targets of inference data are then 1 for a row's label and 0 for
            the others; () = there is none, and such labels are ratings (`RATED_AS`).
        exclude: pairs with one of these sentences, as `plain_words` gives them, are left out.

    Raises:
        DataError: a missing column; a row without sentence, with a label that is none or outside the scale; no row
            at all. Names file, line and value.
    """
    if source.kind in OF_TEXT:
        return _of_text(source, len(labels), check, advice, seed, inference, exclude)
    file = open_pairs(source.path, source.columns, source.label, _wants_label(source, labels), advice)
    for name in labels if len(labels) > 1 else ():
        if name not in file.columns:
            raise DataError(f"{source.path} has no column {name!r} for the label of that name.")
    if source.group is not None and source.group not in file.columns:
        raise DataError(f"{source.path} has no column {source.group!r} for the group of each pair.")
    source = _told_apart(source, file)
    pairs, targets, lines, groups, skipped = [], [], [], [], 0
    for row in file:
        target, error = _target(row, source, file, labels, inference)
        if error is None:
            error = _unreadable(row, check)
        if error is not None and not skip_bad_rows:
            raise DataError(f"{file.where(row)}: {error}; {advice.row}.")
        if error is not None:
            skipped += 1
            continue
        if not source.keeps(row.sentences) or not exclude.isdisjoint(map(plain_words, row.sentences)):
            continue
        pairs.append((row.sentences[0], row.sentences[1]))
        targets.append(target)
        lines.append(row.line)
        groups += [str(row.values[source.group])] if source.group is not None else []
    if not pairs:
        match = f" whose sentences match {source.pattern!r}" if source.pattern else ""
        raise DataError(
            f"{source.path} has no row to train or measure on{match} ({skipped:,} bad rows left out)."
        )
    arrays = np.array(targets, np.float32), np.array(lines, np.int64)
    made = Examples(source, tuple(pairs), *arrays, skipped, tuple(groups))
    return _drawn(made, seed)


def _of_text(
    source: Source,
    labels: int,
    check: Check,
    advice: Advice,
    seed: int,
    inference: Sequence[str],
    exclude: AbstractSet[str],
) -> Examples:
    """Pairs that a rule makes of the sentences of a text, drawn in an order of the seed; of "text" each beside itself.

    Raises:
        DataError: no sentence gives a pair.
    """
    rows = [row for row in open_sentences(source.path, advice=advice) if row.error is None]
    order = np.random.default_rng([seed, len(rows)]).permutation(len(rows))
    lines: dict[str, int] = {}

    def drawn() -> Iterator[str]:
        for index in order:
            row, sentence = rows[index], rows[index].sentences[0].strip()
            if sentence in lines or not source.keeps([sentence]) or plain_words(sentence) in exclude:
                continue
            if _unreadable(row, check) is None:
                lines[sentence] = row.line
                yield sentence

    line_of: dict[Edit, int] = {}

    def kept() -> Iterator[Edit]:
        for edit in _made(source, drawn(), seed):  # what a rule makes may be a sentence to leave out, too
            pair = edit.premise, edit.hypothesis
            if source.keeps(pair) and exclude.isdisjoint(map(plain_words, pair)) and edit not in line_of:
                line_of[edit] = next(reversed(lines.values()))  # that of the sentence that was drawn last
                yield edit

    made = take_evenly(kept(), len(rows) * 3 if source.take is None else source.take)
    if not made:
        raise DataError(f"{source.path} has no sentence to make {source.kind} of; give plain English text.")
    if inference and source.kind != "text":
        targets = [[float(edit.label == name) for name in inference] for edit in made]
    else:
        targets = [[RATED_AS[edit.label] if source.kind == "edits" else 0.0] * labels for edit in made]
    return Examples(
        replace(source, scale=(0.0, 1.0)),
        tuple((edit.premise, edit.hypothesis) for edit in made),
        np.array(targets, np.float32),
        np.array([line_of[edit] for edit in made], np.int64),
        0,
    )


def _made(source: Source, sentences: Iterable[str], seed: int) -> Iterator[Edit]:
    """Pairs with their inference label, as the source's kind has them."""
    if source.kind == "text":
        return (Edit(sentence, sentence, "entailment") for sentence in sentences)
    if source.kind == "swaps":
        swapped = ((sentence, swap_nouns(sentence)) for sentence in sentences)
        return (Edit(a, b, "neutral") for a, b in swapped if b is not None)
    antonyms = None if source.antonyms is None else read_antonyms(Path(source.antonyms)).seen()
    return make_edits(str(source.edit), sentences, seed=seed, antonyms=antonyms)


def with_negatives(examples: Examples, seed: int) -> Examples:
    """Positives and as many pairs of sentences that do not belong together, target 0; other kinds as they are."""
    if examples.source.kind != "positives" or len(examples) < 2:
        return examples
    order = np.random.default_rng([seed, len(examples)]).permutation(len(examples))
    partner = np.empty_like(order)
    partner[order] = np.roll(order, 1)
    made = tuple((a, examples.pairs[partner[i]][1]) for i, (a, _) in enumerate(examples.pairs))
    targets = np.concatenate([examples.targets, np.zeros_like(examples.targets)])
    lines = np.concatenate([examples.lines, examples.lines])
    return replace(examples, pairs=examples.pairs + made, targets=targets, lines=lines, groups=())


def check_trainable(parts: Sequence[Examples], batch_size: int) -> None:
    """Raise DataError for fewer rows than a batch, or targets that are all alike; names files and value."""
    rows = sum(map(len, parts))
    if rows < batch_size:
        raise DataError(
            f"{_names(parts)}: {rows} rows are fewer than a batch of {batch_size}; add rows or lower the batch size."
        )
    for width in sorted({part.targets.shape[1] for part in parts}):  # ratings, and labels of inference
        alike = [part for part in parts if part.targets.shape[1] == width]
        _check_varied(alike, "labels that differ are needed (kind=positives makes the others up)")


def check_measurable(part: Examples) -> None:
    """Raise DataError for too few rows to correlate, or targets that are all alike; names file and value."""
    if len(part) < MIN_ROWS:
        raise DataError(
            f"{part.source.path} has {len(part)} labelled pairs; a correlation needs at least {MIN_ROWS}."
        )
    _check_varied([part], "a correlation needs labels that differ")


def _check_varied(parts: Sequence[Examples], need: str) -> None:
    for column in range(parts[0].targets.shape[1]):
        values = np.concatenate([part.targets[:, column] for part in parts])
        if np.ptp(values) == 0:
            label = f"{_on_scale(parts[0], values[0]):g}"
            raise DataError(f"{_names(parts)}: every label is {label}, one class alone; {need}.")


def _names(parts: Sequence[Examples]) -> str:
    return ", ".join(part.source.path for part in parts)


def _wants_label(source: Source, labels: Sequence[str]) -> bool:
    return source.kind not in UNLABELLED and len(labels) == 1


def _on_scale(part: Examples, target: float) -> float:
    low, high = part.source.scale or (0.0, 1.0)
    return low + float(target) * (high - low)


def _told_apart(source: Source, file: DataFile) -> Source:
    """The source with its kind and scale; told from the first rows where they are not given."""
    if source.kind in UNLABELLED:
        return replace(source, scale=(0.0, 1.0))
    if file.label is None:  # several labels, a column each
        return replace(source, kind=source.kind or "graded", scale=source.scale or (0.0, 1.0))
    peeked = [row.label for row in islice(file, PEEKED_ROWS) if row.error is None]
    words = [str(label).strip().lower() for label in peeked]
    numbers = [number for number in map(number_of, peeked) if number is not None]
    if source.kind == "inference" or (
        source.kind is None and sum(w in RATED_AS for w in words) > len(words) / 2
    ):
        return replace(source, kind="inference", scale=(0.0, 1.0))
    if source.kind == "binary":
        return replace(source, kind="binary", scale=(0.0, 1.0))
    if source.kind is None and source.scale is None and set(numbers) <= {0.0, 1.0} and numbers:
        return replace(source, kind="binary", scale=(0.0, 1.0))
    if source.scale is not None or not numbers:
        return replace(source, kind="graded", scale=source.scale or (0.0, 1.0))
    for (low, high), share in _GUESSED_SCALES.items():
        if np.mean([low <= number <= high for number in numbers]) > share:
            return replace(source, kind="graded", scale=(low, high))
    raise DataError(
        f"{source.path}: labels from {min(numbers):g} to {max(numbers):g} are on a scale that is not known; name it: "
        "scale=LOW:HIGH."
    )


def _target(
    row: Row, source: Source, file: DataFile, labels: Sequence[str], inference: Sequence[str]
) -> tuple[list[float], str | None]:
    """The targets of a row, or why it has none."""
    if row.error is not None:
        return [], row.error
    if source.kind == "paraphrases" and inference:
        return [float(name == "entailment") for name in inference], None
    if source.kind in UNLABELLED:  # the encoder's cosine takes this one's place later
        return [1.0] * len(labels), None
    if source.kind == "inference" and inference:
        word = str(row.label).strip().lower()
        if word not in inference:
            return (
                [],
                f"the label in {file.label!r} is {row.label!r}, and one of {', '.join(inference)} was expected",
            )
        return [float(word == name) for name in inference], None
    cells = (
        [(name, row.values.get(name)) for name in labels] if len(labels) > 1 else [(file.label, row.label)]
    )
    targets = []
    for name, cell in cells:
        target, error = _scaled(cell, source)
        if error is not None:
            return [], f"the label in {name!r} is {cell!r}, {error}"
        targets.append(target)
    return targets, None


def _scaled(cell: object, source: Source) -> tuple[float, str | None]:
    if source.kind == "inference":
        word = str(cell).strip().lower()
        if word not in RATED_AS:
            return 0.0, f"and one of {', '.join(RATED_AS)} was expected"
        return RATED_AS[word], None
    number = number_of(cell)
    if number is None:
        return 0.0, "and a finite number was expected"
    if source.kind == "binary" and number not in (0.0, 1.0):
        return 0.0, "and 0 or 1 was expected"
    low, high = source.scale or (0.0, 1.0)
    if not low <= number <= high:
        return 0.0, f"outside the scale from {low:g} to {high:g}"
    return (number - low) / (high - low), None


def _unreadable(row: Row, check: Check) -> str | None:
    for side, sentence in zip("AB", row.sentences, strict=False):
        try:
            check(sentence)
        except InputError as error:
            return f"sentence {side}: {str(error).rstrip('.')}"
    return None


def _drawn(examples: Examples, seed: int) -> Examples:
    take = examples.source.take
    if take is None or take >= len(examples):
        return examples
    chosen = np.sort(np.random.default_rng([seed, take]).choice(len(examples), take, replace=False))
    return replace(
        examples,
        pairs=tuple(examples.pairs[i] for i in chosen),
        targets=examples.targets[chosen],
        lines=examples.lines[chosen],
        groups=tuple(examples.groups[i] for i in chosen) if examples.groups else (),
    )
