"""A rating, and inference in both directions -> what two sentences are to each other, in words. numpy only.

The rating comes first: of sentences that have nothing in common inference says whatever it likes. From which figure on
something is said is not decided here: it stands in `verdict.json` of the encoder's folder, written by training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertsim.data.json_files import read_json, record_from
from bertsim.errors import CheckpointError, InputError
from bertsim.records import Float

NAME = "verdict.json"
KINDS = ("same", "one_follows", "opposite", "close", "different")
_HEADLINES = {
    "same": "Say the same",
    "opposite": "Same subject, opposite claims",
    "close": "Close, but neither follows",
    "different": "Different subjects",
}


class Inference(NamedTuple):
    """What one sentence says of another: probabilities in [0, 1] that sum to 1."""

    entailment: float
    neutral: float
    contradiction: float


@dataclass(frozen=True)
class Share:
    """Of `trials` pairs that got a verdict, on data that nothing was fitted on, the share `right`, in [0, 1]."""

    right: float
    trials: int


@dataclass(frozen=True)
class Thresholds:
    """From which figure on something is said of a pair.

    Attributes:
        rating: the scorer whose score is the rating.
        related: a rating below this: different subjects.
        alike: the rating that those need that say the same.
        contradicts: probability of a contradiction, the mean of both directions.
        follows: probability that the one follows from the other, in the direction where it is larger.
        follows_back: the same in the other direction.
        far: by how much the probabilities of the two ways of reading, apart and packed, differ where they disagree.
        right: by kind, how often a verdict of it was right.
        data: what all this was fitted on.
    """

    rating: str
    related: float
    alike: float
    contradicts: float
    follows: float
    follows_back: float
    far: float
    right: Mapping[str, Share]
    data: str

    def __post_init__(self) -> None:
        """Raise InputError for a figure that cannot be, or a kind that is not known; names it."""
        figures = {field.name: getattr(self, field.name) for field in fields(self)}
        shares = {f"right.{kind}.right": share.right for kind, share in self.right.items()}
        for name, value in (figures | shares).items():
            if isinstance(value, float) and not 0 <= value <= 1:
                raise InputError(f"{name} is {value!r}; a number in [0, 1] was expected.")
        if unknown := [kind for kind in self.right if kind not in KINDS]:
            raise InputError(f"right names {unknown[0]!r}; known are {', '.join(KINDS)}.")


@dataclass(frozen=True)
class Verdict:
    """What two sentences are to each other.

    Attributes:
        kind: one of `KINDS`.
        says_more: "a" or "b", where one follows from the other and not the other way round; else None.
        rating: the score that was gone by.
        a_to_b, b_to_a: what A says of B, and B of A.
        similar: the probability that people would call the two similar; None where nobody can say.
        right: how often a verdict of this kind was right; None where nobody counted.
        gap: by how much the probabilities of the two ways of reading differ; None where one has none.
        disagrees: whether that is far.
        read_together_by: the encoder that read the two together.
    """

    kind: str
    says_more: str | None
    rating: float
    a_to_b: Inference
    b_to_a: Inference
    similar: float | None
    right: Share | None
    gap: float | None
    disagrees: bool
    read_together_by: str

    @property
    def headline(self) -> str:
        """The verdict in a few words. Example: one_follows, "a" -> "A says more than B"."""
        if self.says_more:
            return "A says more than B" if self.says_more == "a" else "B says more than A"
        return _HEADLINES[self.kind]


def kinds_of(rating: Float, inference: Float, thresholds: Thresholds) -> NDArray[np.str_]:
    """The kind of verdict on pairs, one of `KINDS` each.

    Args:
        rating: float [n], the score by `thresholds.rating`.
        inference: float [n, 2, 3], A of B and B of A: entailment, neutral, contradiction.
        thresholds: what to go by.

    Example: related .2, contradicts .7, rating .6, contradiction .9 and .8 -> opposite; rating .1 -> different
    """
    follows, contradicts = inference[:, :, 0], inference[:, :, 2].mean(axis=1)
    one = follows.max(axis=1) >= thresholds.follows
    both = one & (follows.min(axis=1) >= thresholds.follows_back)
    rules = {
        "different": rating < thresholds.related,
        "opposite": contradicts >= thresholds.contradicts,
        "same": both & (rating >= thresholds.alike),
        "one_follows": one & ~both,
    }
    return np.select(list(rules.values()), list(rules), "close")


def read_thresholds(folder: Path) -> Thresholds | None:
    """Read `verdict.json` of an encoder's folder; None where there is no such file.

    Raises:
        CheckpointError: a key is missing or unknown, or a value cannot be; names file and key.
    """
    path, advice = folder / NAME, "make it again with train"
    if not path.exists():
        return None
    return record_from(Thresholds, read_json(path), str(path), error=CheckpointError, advice=advice)
