"""What an encoder's numbers mean, in words: `words.json` of its folder <-> `Words`. Nothing is computed here.

Training writes the file from pairs with people's ratings and from probes; the loader reads it, and the manifest
covers it like any other. It speaks of one encoder and its heads alone: an encoder without it gets no words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from bertsim.errors import CheckpointError, InputError
from bertsim.json_files import read_json

NAME = "words.json"
HIGHEST_RATING = 5
_AGAIN = "make it again with train"
_T = TypeVar("_T")


@dataclass(frozen=True)
class Range:
    """What scores from `low` up to the next range mean.

    Attributes:
        low: lower end of the range, which belongs to it.
        words: the judgement.
        rating: how alike people found such pairs on average, 0 to 5.
        pairs: how many pairs that average is of.
    """

    low: float
    words: str
    rating: float
    pairs: int

    def __post_init__(self) -> None:
        """Raise InputError for a value that cannot be; names it."""
        _check_values(self)


@dataclass(frozen=True)
class KnownError:
    """How often an encoder, by its best scorer, is right about pairs of one kind that were made to try it.

    Attributes:
        kind: of the pairs, in one word.
        right: share of the trials that came out right, in [0, 1].
        trials: how many there were.
        words: what the two sentences of such a pair differ by.
    """

    kind: str
    right: float
    trials: int
    words: str

    def __post_init__(self) -> None:
        """Raise InputError for a value that cannot be; names it."""
        _check_values(self)


@dataclass(frozen=True)
class Words:
    """The words of one encoder.

    Attributes:
        note: the plain truth about it, one or two sentences.
        data: where the ratings of the ranges come from, and their scale.
        scorers: what its scorers are, by name; not every one has to be there.
        ranges: what ranges of a score mean, by scorer, `low` rising; of the encoder's own pooling and layers.
        known_errors: what it is known to get wrong, and how often.
    """

    note: str
    data: str
    scorers: Mapping[str, str]
    ranges: Mapping[str, tuple[Range, ...]]
    known_errors: tuple[KnownError, ...]

    def __post_init__(self) -> None:
        """Raise InputError for a value that cannot be, or ranges that do not rise; names it."""
        _check_values(self)
        for scorer, words in self.scorers.items():
            if not _is_text(words):
                raise InputError(f"scorers: {scorer} is {words!r:.60}; a text was expected.")
        for scorer, found in self.ranges.items():
            if not found or not all(a.low < b.low for a, b in pairwise(found)):
                raise InputError(
                    f"ranges of {scorer}: low is {[each.low for each in found]}; one or more rising numbers were "
                    "expected."
                )

    def range_of(self, scorer: str, score: float) -> Range | None:
        """The range that a score falls in; None where the scorer has none, or the score lies below all of them.

        Example: ranges from -1 and from 0.5: 0.7 -> that from 0.5
        """
        return next((each for each in reversed(self.ranges.get(scorer, ())) if score >= each.low), None)


def read_words(folder: Path) -> Words | None:
    """Read `words.json` of an encoder's folder; None where there is no such file.

    Raises:
        CheckpointError: a key is missing or unknown, a value is of another type or cannot be, or ranges do not rise;
            names file and key.
    """
    path = folder / NAME
    if not path.exists():
        return None
    raw = read_json(path)
    try:
        _check_keys(Words, raw)
        for key, kind in (("scorers", dict), ("ranges", dict), ("known_errors", list)):
            _check_kind(key, raw[key], kind)
        ranges = {name: _records(Range, f"ranges of {name}", rows) for name, rows in raw["ranges"].items()}
        errors = _records(KnownError, "known_errors", raw["known_errors"])
        return Words(**{**raw, "ranges": ranges, "known_errors": errors})
    except InputError as error:
        raise CheckpointError(f"{path}: {str(error).removesuffix('.')}; {_AGAIN}.") from None


def write_words(path: Path, words: Words) -> None:
    """Write the file that `read_words` reads."""
    path.write_text(json.dumps(asdict(words), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _records(cls: Callable[..., _T], where: str, rows: Any) -> tuple[_T, ...]:
    """The entries of a list, each an object whose keys are the fields of a record."""
    _check_kind(where, rows, list)
    made = []
    for index, row in enumerate(rows):
        try:
            if not isinstance(row, dict):
                raise InputError(f"{row!r:.60} is no object; one was expected.")
            _check_keys(cls, row)
            made.append(cls(**row))
        except InputError as error:
            raise InputError(f"{where}, entry {index + 1}: {error}") from None
    return tuple(made)


def _check_kind(key: str, value: object, kind: type) -> None:
    if not isinstance(value, kind):
        raise InputError(f"{key} is {value!r:.60}; a {kind.__name__} was expected.")


def _check_keys(cls: Any, raw: Mapping[str, object]) -> None:
    names = [field.name for field in fields(cls)]
    for name in names:
        if name not in raw:
            raise InputError(f"{name} is missing; every one of {', '.join(names)} was expected.")
    for name in raw:
        if name not in names:
            raise InputError(f"{name} is unknown; known are {', '.join(names)}.")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: Any, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


_TEXT = ("a text", _is_text)
_COUNT = ("a whole number of at least 1", _is_count)
# A field has one meaning in all three records.
_RULES: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("note", "data", "words", "kind"), _TEXT),
    **dict.fromkeys(("pairs", "trials"), _COUNT),
    "low": ("a finite number", lambda value: _is_number(value, -1e9, 1e9)),
    "rating": (f"a number from 0 to {HIGHEST_RATING}", lambda value: _is_number(value, 0, HIGHEST_RATING)),
    "right": ("a number in [0, 1]", lambda value: _is_number(value, 0, 1)),
}


def _check_values(record: Any) -> None:
    """Raise InputError for the first field that breaks its rule."""
    for field in fields(record):
        expected, is_good = _RULES.get(field.name, ("", lambda value: True))
        value = getattr(record, field.name)
        if not is_good(value):
            raise InputError(f"{field.name} is {value!r:.60}; {expected} was expected.")
