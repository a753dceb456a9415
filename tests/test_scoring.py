"""Measures by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bertsim.errors import InputError
from bertsim.score.measures import MEASURES, find_measure, score_pair

A, B = np.array([3.0, 4.0], np.float32), np.array([4.0, 3.0], np.float32)


@pytest.mark.parametrize(
    ("scorer", "value", "score"),
    [
        ("cosine", 0.96, 0.96),
        ("dot", 24, 24),
        ("euclidean", 2**0.5, 1 / (1 + 2**0.5)),
        ("manhattan", 2, 1 / 3),
    ],
)
def test_measures_by_hand(scorer: str, value: float, score: float) -> None:
    verdict = score_pair(scorer, A, B)
    assert verdict.value == pytest.approx(value, abs=1e-6)
    assert verdict.score == pytest.approx(score, abs=1e-6)
    assert verdict.low <= verdict.value <= verdict.high


@pytest.mark.parametrize("scorer", MEASURES)
def test_a_zero_vector_gives_a_number(scorer: str) -> None:
    zero = np.zeros(2, np.float32)
    assert np.isfinite(score_pair(scorer, zero, A).score)
    assert score_pair("cosine", zero, zero).value == 0


def test_cosine_never_leaves_its_range() -> None:
    vectors = np.random.default_rng(0).standard_normal((1000, 7)).astype(np.float32)
    values = MEASURES["cosine"].compute(vectors, vectors)
    assert values.max() <= 1
    assert values.min() > 0.999999


def test_a_distance_becomes_a_score_that_falls() -> None:
    scores = MEASURES["euclidean"].to_score(np.array([0, 1, 3], np.float32))
    assert scores.tolist() == [1, 0.5, 0.25]


def test_an_unknown_scorer_is_refused() -> None:
    with pytest.raises(InputError, match="scorer is 'bleu'; known are cosine, dot, euclidean, manhattan"):
        find_measure("bleu")
