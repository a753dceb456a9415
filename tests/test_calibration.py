"""Calibrations rise, keep the order, travel as plain numbers, and say so when they cannot be fitted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertsim.data.json_files import write_json
from bertsim.errors import CheckpointError, InputError
from bertsim.measuring.agreement import choose_threshold, judge_probabilities, separate
from bertsim.measuring.fitting import fit_calibration, weigh_groups
from bertsim.measuring.tfidf import score_tfidf
from bertsim.score.calibration import Calibration, read_calibrations


def noisy(n: int = 600) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    labels = random.integers(0, 26, n) / 25
    return np.clip(0.6 + 0.4 * labels + 0.05 * random.standard_normal(n), -1, 1), labels


def test_a_logistic_curve_by_hand() -> None:
    curve = Calibration("logistic", slope=2.0, intercept=-1.0)
    assert curve.apply(0.5) == 0.5
    assert isinstance(curve.apply(0.5), float)
    np.testing.assert_allclose(curve.apply([0.5, 1.0]), [0.5, 1 / (1 + np.exp(-1))])
    assert Calibration("logistic", slope=1e9).apply([-1.0, 1.0]).tolist() == [0.0, 1.0]


def test_knots_are_joined_by_straight_lines_and_level_beyond() -> None:
    curve = Calibration("isotonic", scores=(0.2, 0.4), probabilities=(0.1, 0.5))
    np.testing.assert_allclose(curve.apply([0.0, 0.3, 0.9]), [0.1, 0.3, 0.5])


@pytest.mark.parametrize("spread", [lambda x: x, lambda x: 1 / (1 + np.exp(-9 * x)), np.exp])
def test_a_fitted_curve_rises_and_is_honest_on_other_pairs(spread: Callable[[Any], Any]) -> None:
    scores, labels = noisy(2000)
    scores = spread(scores)
    curve = fit_calibration(scores[::2], labels[::2], data="made up")
    assert (np.diff(curve.apply(np.linspace(-2, 2, 500))) >= 0).all()
    assert judge_probabilities(curve.apply(scores[1::2]), labels[1::2] >= 0.8).ece < 0.05
    assert curve.n == 1000


def test_a_known_share_of_similar_pairs_moves_the_curve_to_it() -> None:
    scores, labels = noisy(4000)
    few = labels < 0.8
    few[np.flatnonzero(~few)[::3]] = True  # a dev set with a third of the similar pairs
    share = float((labels >= 0.8).mean())
    own = fit_calibration(scores[few], labels[few])
    weights = weigh_groups(labels[few], [""] * int(few.sum()), {"": (1.0, share)})
    moved = fit_calibration(scores[few], labels[few], weights=weights)
    assert abs(np.mean(moved.apply(scores)) - share) < 0.02 < abs(np.mean(own.apply(scores)) - share)


def test_pairs_count_as_their_kind_of_text_and_label_do_elsewhere() -> None:
    labels, groups = [1, 0, 0, 0, 0.9, 0.1], ["news"] * 4 + ["forum"] * 2
    weights = weigh_groups(labels, groups, {"news": (0.25, 0.5), "forum": (0.75, 0.2)})
    np.testing.assert_allclose(weights, [0.75, 0.25, 0.25, 0.25, 0.9, 3.6])  # 6 pairs: .25 of them news, half similar
    with pytest.raises(InputError, match="a pair is of the group 'forum'; mix knows news"):
        weigh_groups(labels, groups, {"news": (1.0, 0.5)})


def test_a_high_value_that_unrelated_pairs_reach_is_no_high_probability() -> None:
    scores, labels = noisy()
    assert fit_calibration(scores, labels).apply(0.6) < 0.05  # where pairs of label 0 lie


def test_calibrations_travel_as_plain_numbers(tmp_path: Path) -> None:
    scores, labels = noisy()
    curves = {"cosine": fit_calibration(scores, labels), "dot": Calibration("logistic", slope=2.0, intercept=-1.0)}
    write_json(tmp_path / "calibration.json", curves)
    assert read_calibrations(tmp_path / "calibration.json") == curves
    assert read_calibrations(tmp_path / "nothing.json") == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "spline"}, "x: this is no rising logistic or isotonic curve; fit it again"),
        ({"slope": -1.0}, "no rising"),
        ({"slope": float("nan")}, "a finite number was expected"),
        ({"slope": 10**400}, "a finite number was expected"),
        ({"more": 1}, "x: more is not known; .*; fit it again"),
        ({"scores": [0.1]}, "no rising"),
        ({"scores": None}, "x: scores is None; a list was expected"),
        ({"probabilities": "0.5"}, r"x: probabilities is '0\.5'; a list was expected"),
        ({"data": 1}, "x: data is 1; a text was expected"),
        ({"scores": [0.1, None]}, "a finite number was expected"),
        ({"kind": "isotonic", "scores": [0, 1], "probabilities": [-3, 7]}, r"x: it holds -3\.0; a value in \[0, 1\]"),
        ({"similar": 80}, r"x: it holds 80\.0; a value in"),
        ({"kind": "isotonic", "scores": [0.1, 0.2], "probabilities": [0.5, 0.4]}, "no rising"),
    ],
)
def test_a_file_that_holds_no_rising_curve_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "calibration.json"
    write_json(path, {"x": Calibration("logistic", slope=1.0)})
    table = json.loads(path.read_text())
    path.write_text(json.dumps({"x": {**table["x"], **change}}))
    with pytest.raises(CheckpointError, match=message):
        read_calibrations(path)
    del table["x"]["kind"]
    path.write_text(json.dumps(table))
    with pytest.raises(CheckpointError, match="x: kind is missing; fit it again with train"):
        read_calibrations(path)


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ([0.1] * 5, [0.5] * 5, "there are 5 labelled pairs; a calibration needs at least 20"),
        (np.arange(30), np.zeros(30), "of 30 labelled pairs none is similar"),
        (np.arange(30), np.ones(30), "every one is similar"),
        (np.ones(30), np.arange(30) / 29, "every score is 1; a calibration needs scores that differ"),
        (np.arange(30), np.arange(29), r"scores are \(30,\) and labels \(29,\)"),
        ([np.nan] * 30, np.arange(30) / 29, "not a finite number"),
    ],
)
def test_what_cannot_be_calibrated_is_named(scores: object, labels: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fit_calibration(scores, labels)  # type: ignore[arg-type]


def test_the_best_threshold_lies_between_two_kinds() -> None:
    assert choose_threshold([0.1, 0.4, 0.6, 0.9], [0, 0, 1, 1]) == 0.5
    assert choose_threshold([0.1, 0.9, 0.5], [1, 1, 0]) == pytest.approx(0.1)
    with pytest.raises(InputError, match="every pair is of one kind"):
        choose_threshold([0.1, 0.2], [1, 1])


def test_separation_by_hand() -> None:
    found = separate([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.5)  # scikit-learn's own example
    assert found.roc_auc == 0.75
    assert found.average_precision == pytest.approx(0.8333, abs=1e-4)
    assert (found.accuracy, found.precision, found.recall) == (0.75, 1, 0.5)  # .8 alone is called similar
    assert found.f1 == pytest.approx(2 / 3)
    assert found.positives == 2


def test_a_threshold_that_no_pair_reaches_has_no_precision_recall_or_f1() -> None:
    found = separate([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.9)
    assert (found.accuracy, found.precision, found.recall, found.f1) == (0.5, 0, 0, 0)


def test_honesty_by_hand() -> None:
    even = judge_probabilities([0.5, 0.5], [1, 0])
    assert (even.brier, even.ece, even.bins) == (0.25, 0.0, ((0.5, 0.5, 2),))
    wrong = judge_probabilities([1.0, 0.0], [0, 1])
    assert (wrong.brier, wrong.ece) == (1.0, 1.0)


def test_tf_idf_sees_words_and_nothing_else() -> None:
    same, none, some = score_tfidf([("red dog", "Red dog"), ("red dog", "blue cat"), ("red dog", "red cat")])
    assert same == pytest.approx(1)
    assert none == 0
    assert 0 < some < 1
