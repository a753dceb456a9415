"""Correlations against scipy and by hand, and a bootstrap that says how sure they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from bertsim.errors import InputError
from bertsim.measuring.evaluation import bootstrap, evaluate, mean_label_by_range


def noisy(n: int, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(7)
    labels = random.integers(0, 26, n) / 5.0  # ties, as in STS-B
    return labels + noise * random.standard_normal(n), labels


def test_the_figures_are_scipys():
    scores, labels = noisy(200)
    result = evaluate(scores, labels)
    assert result.n == 200
    assert result.pearson.value == pytest.approx(pearsonr(scores, labels).statistic, abs=1e-12)
    assert result.spearman.value == pytest.approx(spearmanr(scores, labels).statistic, abs=1e-12)


def test_the_same_order_is_a_spearman_of_one_and_the_reverse_of_minus_one():
    assert evaluate([0.1, 0.4, 0.9], [0, 2, 5]).spearman.value == pytest.approx(1.0)
    assert evaluate([0.9, 0.4, 0.1], [0, 2, 5]).spearman.value == pytest.approx(-1.0)


def test_pearson_by_hand():
    # x - mean = (-1, 0, 1), y - mean = (-1, -1, 2): 3 / sqrt(2 * 6)
    assert evaluate([1, 2, 3], [0, 0, 3]).pearson.value == pytest.approx(3 / np.sqrt(12))


def test_the_interval_holds_the_figure_and_narrows_with_more_pairs():
    few, many = evaluate(*noisy(50)), evaluate(*noisy(5000))
    for result in (few, many):
        for estimate in (result.pearson, result.spearman):
            assert -1 <= estimate.low < estimate.value < estimate.high <= 1
    assert many.spearman.high - many.spearman.low < (few.spearman.high - few.spearman.low) / 3


def test_the_interval_is_about_that_of_fishers_formula():
    scores, labels = noisy(1000, noise=1.5)
    result = evaluate(scores, labels, resamples=2000).pearson
    z, error = np.arctanh(result.value), 1.96 / np.sqrt(997)
    assert result.low == pytest.approx(np.tanh(z - error), abs=0.012)
    assert result.high == pytest.approx(np.tanh(z + error), abs=0.012)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    scores, labels = noisy(100)
    assert evaluate(scores, labels, seed=3) == evaluate(scores, labels, seed=3)
    assert evaluate(scores, labels, seed=3) != evaluate(scores, labels, seed=4)


def test_how_many_resamples_are_computed_at_a_time_changes_nothing(monkeypatch):
    scores, labels = noisy(60)
    whole = bootstrap(scores, labels, 40, 0)
    monkeypatch.setattr("bertsim.measuring.evaluation._CELLS", 60 * 7)
    pieces = bootstrap(scores, labels, 40, 0)
    assert [len(values) for values in pieces] == [40, 40]
    np.testing.assert_array_equal(whole, pieces)


def test_a_resample_has_the_figures_of_the_pairs_that_were_drawn():
    scores, labels = noisy(40)
    scores = np.round(scores, 1)  # ties on both sides
    drawn = np.random.default_rng(1).integers(40, size=(25, 40))
    for row, r, rho in zip(drawn, *bootstrap(scores, labels, 25, 1), strict=True):
        assert r == pytest.approx(pearsonr(scores[row], labels[row]).statistic, abs=1e-10)
        assert rho == pytest.approx(spearmanr(scores[row], labels[row]).statistic, abs=1e-10)


def test_resamples_that_do_not_vary_are_left_out():
    assert np.isnan(bootstrap(np.array([0.1, 0.2, 0.9]), np.array([0.0, 0.0, 1.0]), 300, 0)).any()
    result = evaluate([0.1, 0.2, 0.9], [0, 0, 1], resamples=300)
    assert np.isfinite([result.pearson.low, result.pearson.high, result.spearman.low, result.spearman.high]).all()


def test_float32_scores_are_taken():
    scores, labels = noisy(30)
    assert evaluate(scores.astype(np.float32), labels).spearman.value == pytest.approx(
        evaluate(scores, labels).spearman.value
    )


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([1, 2], [1, 2], "there are 2 labelled pairs; a correlation needs at least 3."),
        ([], [], "there are 0 labelled pairs; a correlation needs at least 3."),
        ([1, 2, 3], [4, 4, 4], "every label is 4; a correlation needs labels that differ."),
        ([0.5, 0.5, 0.5], [1, 2, 3], "every score is 0.5; a correlation needs scores that differ."),
        ([0, 0, 0], [1, 2, 3], "every score is 0; a correlation needs scores that differ."),
        ([1, 2, np.nan], [1, 2, 3], "a score is not a finite number; every one must be."),
        ([1, 2, 3], [1, np.inf, 3], "a label is not a finite number; every one must be."),
        ([1, 2, 3], [1, 2, 3, 4], "scores are (3,) and labels (4,); two rows of one length were expected."),
    ],
)
def test_numbers_that_cannot_be_correlated_are_refused(scores, labels, message):
    with pytest.raises(InputError) as raised:
        evaluate(scores, labels)
    assert str(raised.value) == message


def test_no_resample_is_refused():
    with pytest.raises(InputError, match="resamples is 0; at least 1 was expected"):
        evaluate([1, 2, 3], [1, 2, 3], resamples=0)


def test_the_mean_label_of_a_range_by_hand() -> None:
    found = mean_label_by_range([0.1, 0.3, 0.9, 0.5], [0, 2, 5, 4], [0, 0.5, 0.95])
    assert found == [(0, 2, 1.0), (0.5, 2, 4.5)]
    with pytest.raises(InputError, match=r"ranges begin at \[1, 0\]; rising numbers"):
        mean_label_by_range([0.1], [1], [1, 0])
    with pytest.raises(InputError, match=r"ranges begin at \[nan, 0.5\]; rising numbers"):
        mean_label_by_range([0.1], [1], [float("nan"), 0.5])
