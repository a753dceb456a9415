"""One file of pairs and how to read it: a frozen record, made of command-line words or of a recipe's table."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from bertsim.data.pairs import Advice, open_pairs
from bertsim.errors import InputError
from bertsim.measuring.edits import KINDS as EDITS
from bertsim.measuring.probes import is_held_out

DATA_KINDS = ("graded", "binary", "inference", "positives", "paraphrases", "cosine", "swaps", "edits", "text")
UNLABELLED = ("positives", "paraphrases", "cosine")
"""Kinds of pairs that need no label."""
OF_TEXT = ("swaps", "edits", "text")
"""Kinds made of plain text, one sentence a line."""
HUB = "hub:"
_WORD = re.compile(r"\w+")
NAME_THEM = Advice(
    pair="name them with columns=A,B", label="name it with label=COLUMN", sentence="give plain text instead"
)


_TYPES: Mapping[Any, tuple[Any, str]] = {
    str: (str, "a text"),
    Path: (str, "a path"),
    bool: (bool, "true or false"),
    int: (int, "a whole number"),
    float: (int | float, "a number"),
    tuple: (list | tuple, "a list"),
}
"""What stands for a field of this type in a recipe; for any other, a table."""


@dataclass(frozen=True)
class Source:
    """One file of labelled pairs, and how to read its labels.

    Attributes:
        path: of the file, or "hub:user/dataset/path@revision".
        kind: "graded" (numbers on `scale`), "binary" (0 or 1), "inference" (entailment, neutral, contradiction),
            "positives" (every pair is similar), "paraphrases" (each follows from the other), "cosine" (pairs that are
            rated by the cosine of the encoder as it begins); of plain text, one sentence a line: "swaps" (each
            sentence and itself with two nouns swapped), "edits" (each sentence and itself with a minimal edit, see
            `edits`), "text" (sentences whose embeddings stay what they were); None: told from its first rows.
        scale: the two ends of graded labels; None: 0 to 1 or 0 to 5, told from its first rows.
        weight: of each of its rows in the loss.
        label: the column that holds the label; None: recognised by name.
        columns: the two that hold the sentences; None: recognised by name.
        take: so many rows, drawn by the seed; None: all.
        per_epoch: so many of these in each epoch, others in the next; None: all. Where the encoder learns.
        epochs: the first and the last epoch, from 1, in which it is learned from; None: all. Where the encoder learns.
        edit: which kind of minimal edits, one of `edits.KINDS`.
        antonyms: the file of words and their opposites that edits of the kind "antonym" need.
        hold_out: leave out every pair with a sentence of the tenth that `probes.is_held_out` keeps for measuring.
        pattern: a regular expression; pairs of which a sentence does not match it, whole, are left out; None: none is.
        group: the column that says what kind of text a pair is, where `TrainPlan.mix` weighs them; None: none.
        origin: "hub:user/dataset/path@commit" where `path` is a copy of that; a relative path as a recipe has it.
    """

    path: str
    kind: str | None = None
    scale: tuple[float, float] | None = None
    weight: float = 1.0
    label: str | None = None
    columns: tuple[str, str] | None = None
    take: int | None = None
    per_epoch: int | None = None
    epochs: tuple[int, int] | None = None
    edit: str | None = None
    antonyms: str | None = None
    hold_out: bool = False
    pattern: str | None = None
    group: str | None = None
    origin: str | None = None

    @property
    def name(self) -> str:
        """What to call it where no path of this machine shall stand."""
        return self.origin or Path(self.path).name

    def as_shown(self) -> dict[str, Any]:
        """The source as plain data in which no path of this machine stands."""
        table = asdict(self) | {"path": self.name, "antonyms": self.antonyms and Path(self.antonyms).name}
        del table["origin"]
        return table

    def under(self, root: Path) -> Source:
        """The same, a relative path starting at `root`; it is still called what it was."""
        antonyms = None if self.antonyms is None else str(root / self.antonyms)
        if self.path.startswith(HUB) or Path(self.path).is_absolute():
            return replace(self, antonyms=antonyms)
        return replace(self, path=str(root / self.path), origin=self.path, antonyms=antonyms)

    def learns_in(self, epoch: int) -> bool:
        """Whether it is learned from in an epoch, counted from 0."""
        first, last = self.epochs or (1, epoch + 1)
        return first <= epoch + 1 <= last

    def keeps(self, sentences: Iterable[str]) -> bool:
        """Whether a pair of these sentences is one to learn from, by `hold_out` and `pattern`."""
        pattern = re.compile(self.pattern) if self.pattern is not None else None
        return not any(
            (self.hold_out and is_held_out(sentence)) or (pattern and not pattern.fullmatch(sentence))
            for sentence in sentences
        )

    def __post_init__(self) -> None:
        """Raise InputError for a value that cannot be; names file and key."""
        if self.kind is not None and self.kind not in DATA_KINDS:
            raise InputError(f"{self.path}: kind is {self.kind!r}; known are {', '.join(DATA_KINDS)}.")
        if self.scale is not None and not (
            len(self.scale) == 2 and all(map(math.isfinite, self.scale)) and self.scale[0] < self.scale[1]
        ):
            raise InputError(f"{self.path}: scale is {self.scale}; two numbers, low and high, were expected.")
        if not (math.isfinite(self.weight) and self.weight > 0):
            raise InputError(f"{self.path}: weight is {self.weight}; a number above 0 was expected.")
        for name in ("take", "per_epoch"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{self.path}: {name} is {value}; at least 1 was expected.")
        if self.kind == "text" and (self.per_epoch is not None or self.epochs is not None):
            raise InputError(
                f"{self.path}: per_epoch and epochs go with pairs; kind=text is drawn from in every step."
            )
        if self.epochs is not None and not 1 <= self.epochs[0] <= self.epochs[1]:
            raise InputError(
                f"{self.path}: epochs is {list(self.epochs)}; the first and the last, counted from 1, were expected."
            )
        if (self.kind == "edits") != (self.edit is not None) or self.edit not in (None, *EDITS):
            raise InputError(
                f"{self.path}: edit is {self.edit!r}; kind=edits needs one of {', '.join(EDITS)}, others none."
            )
        if (self.edit == "antonym") != (self.antonyms is not None):
            raise InputError(
                f"{self.path}: antonyms is {self.antonyms!r}; edit=antonym needs a file of opposites, others none."
            )
        try:
            re.compile(self.pattern or "")
        except re.error as error:
            raise InputError(
                f"{self.path}: pattern is {self.pattern!r}, no regular expression: {error}."
            ) from None


def read_excluded(paths: Iterable[str], held_out: Iterable[str] = ()) -> frozenset[str]:
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


def parse_source(words: Sequence[str], option: str = "--data") -> Source:
    """`FILE [kind=K] [scale=LOW:HIGH] [weight=W] [label=COLUMN] [columns=A,B] [take=N]` as a `Source`.

    Args:
        words: the file and what is said of it.
        option: which they stand behind.

    Raises:
        InputError: no file, a key that is not known, a value that cannot be; names it.

    Example: ["stsb.tsv", "scale=0:5"] -> Source("stsb.tsv", scale=(0.0, 5.0))
    """
    paths = [word for word in words if not _is_option(word)]
    if len(paths) != 1:
        raise InputError(f"{option} takes one FILE and key=value words, but got {' '.join(words)!r}.")
    table: dict[str, Any] = {"path": paths[0]}
    for word in words:
        if _is_option(word):
            key, _, value = word.partition("=")
            table[key] = value
    return source_from(table, option)


def source_from(table: Mapping[str, Any], where: str) -> Source:
    """A `Source` from strings or TOML values. Raises InputError naming `where`, key and value."""
    check_keys(Source, table, where, "origin")
    if "path" not in table:
        raise InputError(f"{where}: a path is missing; every data file has one.")
    values = dict(table)
    try:
        for key, change in _CHANGES.items():
            if key in values:
                values[key] = change(values[key])
    except (ValueError, TypeError, KeyError, OverflowError):
        raise InputError(
            f"{where}: {key} is {table[key]!r}, which cannot be read; see train --help."
        ) from None
    check_types(Source, values, where)
    return Source(**values)


def check_keys(record: type, table: object, where: str, *hidden: str) -> None:
    """Raise InputError for no table, or for a key that is no field of the record, or a hidden one; names it."""
    if not isinstance(table, dict):
        raise InputError(f"{where}: {table!r} was found where a table was expected.")
    known = sorted({entry.name for entry in fields(record)} - set(hidden))
    for key in table:
        if key not in known:
            raise InputError(f"{where}: {key} is not known; known are {', '.join(known)}.")


def check_types(record: type, table: Mapping[str, Any], where: str) -> None:
    """Raise InputError for a value of another type than the record's field has; names both."""
    hints = get_type_hints(record)
    for key, value in table.items():
        kind = get_args(hints[key])[0] if isinstance(hints[key], UnionType) else hints[key]
        types, expected = _TYPES.get(get_origin(kind) or kind, (dict, "a table"))
        if not isinstance(value, types) or (isinstance(value, bool) and types is not bool):
            raise InputError(f"{where}: {key} is {value!r}; {expected} was expected.")
        of_texts = get_origin(kind) is tuple and get_args(kind)[0] in (str, Path)
        if of_texts and not all(isinstance(each, str) for each in value):
            raise InputError(f"{where}: {key} is {value!r}; a list of texts was expected.")


def _is_option(word: str) -> bool:
    return word.partition("=")[0] in {entry.name for entry in fields(Source)} and "=" in word


def _pair(value: Any, separator: str) -> tuple[Any, Any]:
    first, second = value.split(separator) if isinstance(value, str) else value
    return first, second


def _scale(value: Any) -> tuple[float, float]:
    low, high = _pair(value, ":")
    return float(low), float(high)


def _switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}[str(value).lower()]


_CHANGES: dict[str, Callable[[Any], Any]] = {
    "hold_out": _switch,
    "scale": _scale,
    "weight": float,
    "take": int,
    "per_epoch": int,
    "epochs": lambda value: tuple(map(int, _pair(value, ":"))),
    "columns": lambda value: _pair(value, ","),
}
