"""A rating, and inference in both directions -> what two sentences are to each other, in words. numpy only.

Of sentences that have nothing in common inference says whatever it likes; the rating tells. How they are weighed is not
decided here: it stands in `verdict.json` of the encoder's folder, written by training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertsim.data.json_files import read_json, record_from
from bertsim.errors import CheckpointError, InputError
from bertsim.records import Float

NAME = "verdict.json"
KINDS = ("same", "one_follows", "opposite", "close", "different")
FEATURES = 8
_LEAST, _LEAST_RATING = 1e-4, 1e-3  # what is smaller counts as that
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
class VerdictRule:
    """What a kind of verdict goes by: logistic regression over a rating and inference.

    Attributes:
        rating: the scorer whose score is the rating.
        weights: by kind, a number for each of `features_of`.
        far: by how much the probabilities of the two ways of reading, apart and packed, differ where they disagree.
        right: by kind, how often a verdict of it was right.
        data: what all this was fitted on.
    """

    rating: str
    weights: Mapping[str, tuple[float, ...]]
    far: float
    right: Mapping[str, Share]
    data: str

    def __post_init__(self) -> None:
        """Raise InputError for a figure that cannot be, or a kind that is not known; names it."""
        shares = {f"right.{kind}.right": share.right for kind, share in self.right.items()}
        for name, value in ({"far": self.far} | shares).items():
            if not 0 <= value <= 1:
                raise InputError(f"{name} is {value!r}; a number in [0, 1] was expected.")
        for name, kinds in (("right", self.right), ("weights", self.weights)):
            if unknown := [kind for kind in kinds if kind not in KINDS]:
                raise InputError(f"{name} names {unknown[0]!r}; known are {', '.join(KINDS)}.")
        for kind in KINDS:
            if len(own := self.weights.get(kind, ())) != FEATURES:
                raise InputError(f"weights.{kind} has {len(own)} numbers; {FEATURES} were expected.")


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
        is_one_text: whether A and B are `one_text`, which is read off, whatever inference says of it.
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
    is_one_text: bool = False

    @property
    def headline(self) -> str:
        """The verdict in a few words. Example: one_follows, "a" -> "A says more than B"."""
        if self.says_more:
            return "A says more than B" if self.says_more == "a" else "B says more than A"
        return _HEADLINES[self.kind]


def one_text(a: str, b: str) -> bool:
    """Whether two sentences differ in case, spaces and a final stop at most. Example: "It rains." and "it  rains"."""
    plain = [" ".join(text.casefold().split()).rstrip(".! ") for text in (a, b)]
    return plain[0] == plain[1] != ""


def features_of(rating: Float, inference: Float) -> NDArray[np.float64]:
    """What is weighed of pairs, float64 [n, FEATURES].

    1, the log-odds of the rating, and the logarithms of what either direction says, entailment, neutral, contradiction,
    of each the smaller and then the larger one: whoever swaps the sentences finds the same.

    Args:
        rating: float [n], in [0, 1].
        inference: float [n, 2, 3], A of B and B of A: entailment, neutral, contradiction.

    Example: rating .5, both directions (.8, .1, .1) -> 1, 0, log .8, log .8, log .1, log .1, log .1, log .1
    """
    odds = np.clip(np.asarray(rating, np.float64), _LEAST_RATING, 1 - _LEAST_RATING)
    said = np.log(np.maximum(np.sort(np.asarray(inference, np.float64), axis=1), _LEAST))
    ways = said.transpose(0, 2, 1).reshape(len(said), -1)
    return np.column_stack([np.ones(len(ways)), np.log(odds / (1 - odds)), ways])


def kinds_of(rating: Float, inference: Float, rule: VerdictRule) -> NDArray[np.str_]:
    """The kind of verdict on pairs, one of `KINDS` each: that whose weighed sum is largest.

    Arguments as `features_of`, and what to go by.
    """
    sums = features_of(rating, inference) @ np.array([rule.weights[kind] for kind in KINDS]).T
    return np.array(KINDS)[sums.argmax(axis=1)]


def read_rule(folder: Path) -> VerdictRule | None:
    """Read `verdict.json` of an encoder's folder; None where there is no such file.

    Raises:
        CheckpointError: a key is missing or unknown, or a value cannot be; names file and key.
    """
    path, advice = folder / NAME, "make it again with train"
    if not path.exists():
        return None
    return record_from(VerdictRule, read_json(path), str(path), error=CheckpointError, advice=advice)
