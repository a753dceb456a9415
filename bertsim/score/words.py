"""What an encoder's numbers mean, in words: `words.json` of its folder <-> `Words`. Nothing is computed here.

Training writes the file from pairs with people's ratings and from probes; the loader reads it, and the manifest
covers it like any other. It speaks of one encoder and its heads alone: an encoder without it gets no words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from bertsim.data.json_files import read_json, record_from
from bertsim.errors import CheckpointError, InputError

NAME = "words.json"
HIGHEST_RATING = 5
_TEXT, _COUNT = "a text", "a whole number of at least 1"


@dataclass(frozen=True)
class Range:
    """What scores from `low` up to the next range mean; people rated such pairs `rating` on average, over `pairs`."""

    low: float
    words: str
    rating: float
    pairs: int

    def __post_init__(self) -> None:
        _check(
            self,
            words=(self.words.strip(), _TEXT),
            rating=(0 <= self.rating <= HIGHEST_RATING, f"a number from 0 to {HIGHEST_RATING}"),
            pairs=(self.pairs >= 1, _COUNT),
        )


@dataclass(frozen=True)
class KnownError:
    """What an encoder, by its best scorer, is known to get wrong: one kind of pairs, made to try it, in one word.

    Of `trials`, the share `right`, in [0, 1], came out right; `words` say what the sentences of such a pair differ by.
    """

    kind: str
    right: float
    trials: int
    words: str

    def __post_init__(self) -> None:
        _check(
            self,
            kind=(self.kind.strip(), _TEXT),
            right=(0 <= self.right <= 1, "a number in [0, 1]"),
            trials=(self.trials >= 1, _COUNT),
            words=(self.words.strip(), _TEXT),
        )


@dataclass(frozen=True)
class Words:
    """The words of one encoder.

    Attributes:
        note: the plain truth about it, one or two sentences.
        data: where the ratings of the ranges come from, and their scale.
        scorers: what its scorers are, by name; not every one has to be there.
        ranges: what ranges of a score mean, by scorer, `low` rising; of the encoder's own pooling and layers.
        known_errors: what it is known to get wrong, and how often.
        agreement: how well each scorer agrees with the ratings of `data`, by name: Spearman, in [-1, 1].
    """

    note: str
    data: str
    scorers: Mapping[str, str]
    ranges: Mapping[str, tuple[Range, ...]]
    known_errors: tuple[KnownError, ...]
    agreement: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check(self, note=(self.note.strip(), _TEXT), data=(self.data.strip(), _TEXT))
        for scorer, words in self.scorers.items():
            if not words.strip():
                raise InputError(f"scorers: {scorer} is {words!r:.60}; a text was expected.")
        for scorer, figure in self.agreement.items():
            if not -1 <= figure <= 1:
                raise InputError(f"agreement: {scorer} is {figure!r}; a number in [-1, 1] was expected.")
        for scorer, found in self.ranges.items():
            if not found or not all(a.low < b.low for a, b in pairwise(found)):
                lows = [each.low for each in found]
                raise InputError(f"ranges of {scorer}: low is {lows}; one or more rising numbers were expected.")


def read_words(folder: Path) -> Words | None:
    """Read `words.json` of an encoder's folder; None where there is no such file.

    Raises:
        CheckpointError: a key is missing or unknown, a value is of another type or cannot be, or ranges do not rise;
            names file and key.
    """
    path, advice = folder / NAME, "make it again with train"
    if not path.exists():
        return None
    return record_from(Words, read_json(path), str(path), error=CheckpointError, advice=advice)


def _check(record: object, **rules: tuple[object, str]) -> None:
    """Raise InputError for the first field that breaks its rule: whether it holds, and what was expected."""
    for name, (is_good, expected) in rules.items():
        if not is_good:
            raise InputError(f"{name} is {getattr(record, name)!r:.60}; {expected} was expected.")
