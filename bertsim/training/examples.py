"""Files of labelled pairs -> `Examples`: sentences, targets in [0, 1], and where each came from.

Everything that can be wrong with a row is found here, before anything is trained, and named with file, line and value;
or such rows are left out and counted. What is wrong with the data as a whole (one class alone, too few rows) too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bertsim.data.pairs import MEND_OR_SKIP, Advice, DataFile, Row, open_pairs, open_sentences
from bertsim.errors import DataError, InputError
from bertsim.measuring.edits import Edit, make_edits, take_evenly
from bertsim.measuring.edits.antonyms import read_antonyms
from bertsim.measuring.evaluation import MIN_ROWS
from bertsim.measuring.labelled import WORDS, find_label, number_of, similar_of, word_of
from bertsim.measuring.probes import is_held_out, swap_nouns
from bertsim.measuring.verdicts import LABELS_OF
from bertsim.records import Float
from bertsim.training.plan import OF_TEXT, UNLABELLED, Source

RATED_AS = {"entailment": 1.0, "neutral": 0.5, "contradiction": 0.0}  # inference labels, to a head that rates
_GUESSED_SCALES = {(0.0, 1.0): 0.9, (0.0, 5.0): 0.5}  # taken where more than this share of the labels is on it
_ADVICE = Advice("name them with columns=A,B", "name it with label=COLUMN", "give plain text instead", row=MEND_OR_SKIP)
_WORD = re.compile(r"\w+")
Check = Callable[[str], None]  # raises InputError for a sentence that the tokenizer cannot read


@dataclass(frozen=True)
class Examples:
    """Labelled pairs of one file, ready to train or measure on."""

    source: Source  # its `kind` and `scale` are known
    pairs: tuple[tuple[str, str], ...]
    targets: Float  # float32 [n, labels] in [0, 1]
    lines: NDArray[np.int64]  # int64 [n]; the row's line in the file
    skipped: int  # how many rows were left out because they cannot be used
    groups: tuple[str, ...] = ()  # [n] of `source.group`; empty where there is none

    def __len__(self) -> int:
        return len(self.pairs)

    def where(self, index: int) -> str:
        """`file:line` of a pair."""
        return f"{self.source.path}:{self.lines[index]}"


@dataclass(frozen=True)
class Data:
    """Everything that was read: what to learn from, what to measure on, and plain sentences to pin."""

    parts: tuple[Examples, ...]
    dev: Examples
    test: Examples | None
    plain: tuple[str, ...] = ()

    @property
    def measured(self) -> dict[str, Examples]:
        """What is measured on: "dev" and, where there is one, "test"."""
        return {"dev": self.dev} | ({"test": self.test} if self.test else {})

    @property
    def has_several_labels(self) -> bool:
        """Whether dev has more to say of a pair than how alike its sentences are."""
        return self.dev.targets.shape[1] > 1


def read_examples(
    source: Source,
    labels: Sequence[str],
    check: Check,
    *,
    skip_bad_rows: bool = False,
    seed: int = 0,
    inference: Sequence[str] = (),
    exclude: AbstractSet[str] = frozenset(),
) -> Examples:
    """Read one file.

    Args:
        source: the file and what its labels mean.
        labels: of the heads that rate; several are columns, each with its own target.
        check: of the encoder's tokenizer.
        skip_bad_rows: leave out, and count, rows that cannot be used.
        seed: of what `source.take` draws.
        inference: labels of the heads that infer: targets of inference data are then 1 for a row's label and 0 for
            the others; () = there is none, and such labels are ratings (`RATED_AS`).
        exclude: pairs with one of these sentences, as `plain_words` gives them, are left out.

    Raises:
        DataError: a missing column, a row that cannot be used, no row at all; names file, line and value.
    """
    if source.kind in OF_TEXT:
        return _of_text(source, len(labels), check, seed, inference, exclude)
    file = open_pairs(source.path, source.columns, _ADVICE)
    if source.label is not None or (source.kind not in UNLABELLED and len(labels) == 1):
        file = find_label(file, source.label)
    columns = {name: "the label of that name" for name in labels if len(labels) > 1}
    columns |= {source.group: "the group of each pair"} if source.group else {}
    for name, what in columns.items():
        if name not in file.columns:
            raise DataError(f"{source.path} has no column {name!r} for {what}.")
    source = _told_apart(source, file)
    rows, skipped = [], 0
    for row in file:
        try:
            both = _targets(row, source, file, labels, inference)
            _check_readable(row, check)
        except InputError as error:
            if not skip_bad_rows:
                raise DataError(f"{file.where(row)}: {str(error).rstrip('.')}; {file.advice.row}.") from None
            skipped += 1
            continue
        if _is_kept(row.sentences, source, exclude):
            ways = (row.sentences, row.sentences[::-1])
            group = str(row.values.get(source.group or ""))
            rows += [(pair, target, row.line, group) for pair, target in zip(ways, both, strict=False)]
    if not rows:
        match = "" if source.pattern is None else f" whose sentences match {source.pattern!r}"
        raise DataError(f"{source.path} has no row to train or measure on{match} ({skipped:,} bad rows left out).")
    if source.take is not None and source.take < len(rows):
        random = np.random.default_rng([seed, source.take])
        rows = [rows[i] for i in np.sort(random.choice(len(rows), source.take, replace=False))]
    pairs, targets, lines, groups = zip(*rows, strict=True)
    arrays = np.array(targets, np.float32), np.array(lines, np.int64)
    return Examples(source, pairs, *arrays, skipped, groups if source.group is not None else ())


def read_excluded(paths: Iterable[Path], held_out: Iterable[Path] = ()) -> frozenset[str]:
    """Sentences of files of pairs, of those in `held_out` the held-out tenth, as `plain_words` gives them.

    Raises:
        DataError: a file that is none.
    """
    sentences = [s for path in paths for row in open_pairs(path) for s in row.sentences]
    kept = (s for path in held_out for row in open_pairs(path) for s in row.sentences)
    return frozenset(map(plain_words, [*sentences, *filter(is_held_out, kept)]))


def plain_words(sentence: str) -> str:
    """A sentence without case and punctuation. Example: "It's  late." -> "it s late"."""
    return " ".join(_WORD.findall(sentence.lower()))


def _of_text(
    source: Source, labels: int, check: Check, seed: int, inference: Sequence[str], exclude: AbstractSet[str]
) -> Examples:
    """Pairs that a rule makes of the sentences of a text, drawn in an order of the seed."""
    rows = [row for row in open_sentences(source.path, advice=_ADVICE) if row.error is None]
    edits_of, drawn = _rule(source, seed), set[str]()
    line_of: dict[Edit, int] = {}

    def made() -> Iterator[Edit]:
        for row in (rows[index] for index in np.random.default_rng([seed, len(rows)]).permutation(len(rows))):
            sentence = row.sentences[0].strip()
            if sentence in drawn or not _is_kept([sentence], source, exclude):
                continue
            drawn.add(sentence)
            try:
                check(sentence)
            except InputError:
                continue
            for edit in edits_of(sentence):  # what a rule makes may be a sentence to leave out, too
                if _is_kept([edit.premise, edit.hypothesis], source, exclude) and edit not in line_of:
                    line_of[edit] = row.line
                    yield edit

    found = take_evenly(made(), len(rows) * 3 if source.take is None else source.take)
    if not found:
        raise DataError(f"{source.path} has no sentence to make {source.kind} of; give plain English text.")
    if inference and source.kind != "text":
        targets = [[float(edit.label == name) for name in inference] for edit in found]
    else:
        targets = [[RATED_AS[edit.label] if source.kind == "edits" else 0.0] * labels for edit in found]
    pairs = tuple((edit.premise, edit.hypothesis) for edit in found)
    lines = np.array([line_of[edit] for edit in found], np.int64)
    return Examples(replace(source, scale=(0.0, 1.0)), pairs, np.array(targets, np.float32), lines, skipped=0)


def _rule(source: Source, seed: int) -> Callable[[str], Iterable[Edit]]:
    """What makes pairs of a sentence, with their inference label; of the kind "text", the sentence beside itself."""
    if source.kind == "text":
        return lambda sentence: [Edit(sentence, sentence, "entailment")]
    if source.kind == "swaps":
        return lambda sentence: [Edit(sentence, swapped, "neutral") for swapped in [swap_nouns(sentence)] if swapped]
    antonyms = None if source.antonyms is None else read_antonyms(Path(source.antonyms)).seen()
    return lambda sentence: make_edits(str(source.edit), [sentence], seed=seed, antonyms=antonyms)


def check_trainable(parts: Sequence[Examples], batch_size: int) -> None:
    """Refuse data that nothing can be learned from.

    Raises:
        DataError: fewer rows than a batch, or targets that are all alike; names files and value.
    """
    if (rows := sum(map(len, parts))) < batch_size:
        said = f"{rows} rows are fewer than a batch of {batch_size}; add rows or lower the batch size."
        raise DataError(f"{_names(parts)}: {said}")
    for width in sorted({part.targets.shape[1] for part in parts}):  # ratings, and labels of inference
        alike = [part for part in parts if part.targets.shape[1] == width]
        _check_varied(alike, "labels that differ are needed (kind=positives makes the others up)")


def check_measurable(part: Examples) -> None:
    """Refuse data that nothing can be measured on.

    Raises:
        DataError: too few rows to correlate, or targets that are all alike; names file and value.
    """
    if len(part) < MIN_ROWS:
        raise DataError(f"{part.source.path} has {len(part)} labelled pairs; a correlation needs at least {MIN_ROWS}.")
    _check_varied([part], "a correlation needs labels that differ")


def _check_varied(parts: Sequence[Examples], need: str) -> None:
    low, high = parts[0].source.scale or (0.0, 1.0)
    for values in np.concatenate([part.targets for part in parts]).T:
        if np.ptp(values) == 0:
            label = low + float(values[0]) * (high - low)
            raise DataError(f"{_names(parts)}: every label is {label:g}, one class alone; {need}.")


def _names(parts: Sequence[Examples]) -> str:
    return ", ".join(part.source.path for part in parts)


def _told_apart(source: Source, file: DataFile) -> Source:
    """The source with its kind and scale; told from all rows where they are not given: they may stand in any order."""
    kind, scale = source.kind, source.scale
    is_told = file.label is not None and (kind is None or (kind == "graded" and scale is None))
    cells = [row.label for row in file if row.error is None] if is_told else []  # of several labels, a column each
    numbers = [number for number in map(number_of, cells) if number is not None]
    words = [word for word in map(word_of, cells) if word in WORDS]
    if kind is None and len(words) > len(cells) / 2:
        kind = "inference" if RATED_AS.keys() >= set(words) else "binary"
    if kind is None and scale is None and numbers and set(numbers) <= {0.0, 1.0}:
        kind = "binary"
    if kind in (*UNLABELLED, "inference", "verdicts", "binary"):
        return replace(source, kind=kind, scale=(0.0, 1.0))
    if scale is None and numbers:
        shares = {ends: np.mean([ends[0] <= n <= ends[1] for n in numbers]) for ends in _GUESSED_SCALES}
        scale = next((ends for ends, share in shares.items() if share > _GUESSED_SCALES[ends]), None)
        if scale is None:
            said = f"labels from {min(numbers):g} to {max(numbers):g} are on a scale that is not known"
            raise DataError(f"{source.path}: {said}; name it: scale=LOW:HIGH.")
    return replace(source, kind="graded", scale=scale or (0.0, 1.0))


def _targets(
    row: Row, source: Source, file: DataFile, labels: Sequence[str], inference: Sequence[str]
) -> list[list[float]]:
    """The targets of a row, and of its sentences the other way round where it tells. Raises InputError: it has none."""
    if row.error is not None:
        raise InputError(row.error)
    if source.kind == "verdicts":
        both = LABELS_OF[_one_of(LABELS_OF, row.label, file.label)]
        if not inference:
            raise InputError("kind is 'verdicts', which only a head that infers learns from")
        return [[float(known == name) for name in inference] for known in both]
    return [_target(row, source, file, labels, inference)]


def _target(row: Row, source: Source, file: DataFile, labels: Sequence[str], inference: Sequence[str]) -> list[float]:
    if inference and source.kind in ("inference", "paraphrases"):
        known = "entailment" if source.kind == "paraphrases" else _one_of(inference, row.label, file.label)
        return [float(known == name) for name in inference]
    if source.kind in UNLABELLED:  # the encoder's cosine takes this one's place later
        return [1.0] * len(labels)
    cells = {file.label: row.label} if len(labels) == 1 else {name: row.values.get(name) for name in labels}
    return [_scaled(cell, source, column) for column, cell in cells.items()]


def _scaled(cell: object, source: Source, column: str | None) -> float:
    """A cell as a target in [0, 1]."""
    if source.kind == "inference":
        return RATED_AS[_one_of(RATED_AS, cell, column)]
    is_binary, said = source.kind == "binary", f"the label in {column!r} is {cell!r}"
    number = similar_of(cell) if is_binary and word_of(cell) in WORDS else number_of(cell)
    if is_binary and number not in (0.0, 1.0):
        raise InputError(f"{said}, and 0 or 1 was expected" + (f", or one of {', '.join(WORDS)}" * (number is None)))
    if number is None:
        raise InputError(f"{said}, and a finite number was expected")
    low, high = source.scale or (0.0, 1.0)
    if not low <= number <= high:
        raise InputError(f"{said}, outside the scale from {low:g} to {high:g} (scale=LOW:HIGH names another)")
    return (number - low) / (high - low)


def _one_of(known: Iterable[str], cell: object, column: str | None) -> str:
    """A cell that is one of these words, in small letters."""
    word = word_of(cell)
    if word not in known:
        raise InputError(f"the label in {column!r} is {cell!r}, and one of {', '.join(known)} was expected")
    return word


def _is_kept(sentences: Sequence[str], source: Source, exclude: AbstractSet[str]) -> bool:
    """Whether a pair of these sentences is one to learn from."""
    return source.keeps(sentences) and exclude.isdisjoint(map(plain_words, sentences))


def _check_readable(row: Row, check: Check) -> None:
    for side, sentence in zip("AB", row.sentences, strict=False):
        try:
            check(sentence)
        except InputError as error:
            raise InputError(f"sentence {side}: {error}") from None
