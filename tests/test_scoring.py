"""Measures by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bertsim.model.scorers import APART, Reader, Scorer
from bertsim.score.measures import MEASURES

A, B = np.array([[3.0, 4.0]], np.float32), np.array([[4.0, 3.0]], np.float32)
READER = Reader(APART, "embedding", lambda *_: A)


@pytest.mark.parametrize(
    ("name", "value", "score"),
    [("cosine", 0.96, 0.96), ("dot", 24, 24), ("euclidean", 2**0.5, 1 / (1 + 2**0.5)), ("manhattan", 2, 1 / 3)],
)
def test_measures_by_hand(name: str, value: float, score: float) -> None:
    scorer = Scorer(name, *MEASURES[name], READER)
    found = scorer.compute(A, B)
    assert found == pytest.approx([value], abs=1e-6)
    assert scorer.scores(found) == pytest.approx([score], abs=1e-6)
    assert scorer.low <= found[0] <= scorer.high


@pytest.mark.parametrize("name", ["cosine", "dot", "euclidean", "manhattan"])
def test_a_zero_vector_gives_a_number(name: str) -> None:
    zero = np.zeros((1, 2), np.float32)
    assert np.isfinite(MEASURES[name].compute(zero, A)).all()
    assert MEASURES["cosine"].compute(zero, zero) == [0]


def test_cosine_never_leaves_its_range() -> None:
    vectors = np.random.default_rng(0).standard_normal((1000, 7)).astype(np.float32)
    values = MEASURES["cosine"].compute(vectors, vectors)
    assert values.max() <= 1
    assert values.min() > 0.999999


def test_a_distance_becomes_a_score_that_falls() -> None:
    scores = Scorer("euclidean", *MEASURES["euclidean"], READER).scores(np.array([0, 1, 3], np.float32))
    assert scores.tolist() == [1, 0.5, 0.25]
