"""What is drawn of many pairs, by hand: areas, counts at thresholds, histograms, squares, percentiles."""

from __future__ import annotations

import numpy as np
import pytest

from bertsim.measuring.curves import DRAWN, LABEL, cloud, curves, histogram, measure_file, percentiles, steps

SCORES, SIMILAR = np.array([0.1, 0.4, 0.6, 0.9]), np.array([False, False, True, True])


def test_a_scorer_that_parts_all_pairs_has_areas_of_one_and_one_that_turns_them_round_of_none():
    roc, precision = curves(SCORES, SIMILAR)
    assert (roc.area, precision.area) == (1.0, 1.0)
    assert curves(-SCORES, SIMILAR)[0].area == 0.0


def test_areas_are_those_of_scikit_learn_ties_included():
    from sklearn import metrics

    random = np.random.default_rng(1)
    values, similar = random.integers(0, 40, 500) / 40, random.random(500) < 0.3
    roc, precision = curves(values, similar)
    assert roc.area == pytest.approx(metrics.roc_auc_score(similar, values))
    assert precision.area == pytest.approx(metrics.average_precision_score(similar, values))


def test_counts_at_a_threshold_are_what_is_called_similar_there():
    found = steps(SCORES, SIMILAR)
    place = next(i for i, at in enumerate(found.thresholds) if at >= 0.5)
    assert (found.true_positives[place], found.false_positives[place]) == (2, 0)
    assert (found.true_positives[0], found.false_positives[0], found.true_positives[-1]) == (2, 2, 1)
    assert 0.4 < found.thresholds[found.best] <= 0.6


def test_a_histogram_counts_every_pair_once_the_largest_included():
    found = histogram(np.array([0.0, 0.1, 1.0]), None)
    assert [place for place, count in enumerate(found.counts["all"]) if count] == [0, 4, 39]
    parted = histogram(SCORES, SIMILAR).counts
    assert (sum(parted["similar"]), sum(parted["other"])) == (2, 2)
    assert sum(histogram(np.array([0.3, 0.3]), None).counts["all"]) == 2


def test_many_pairs_are_drawn_as_squares_that_hold_all_of_them():
    x = np.linspace(0, 1, DRAWN + 1)
    found = cloud("a", "b", x, x, None)
    assert found.step
    assert sum(count for _, _, count, _ in found.points) == DRAWN + 1
    assert len(cloud("a", "b", x[1:], x[1:], None).points) == DRAWN


def test_percentiles_give_equal_values_the_same_and_leave_out_what_is_missing():
    assert percentiles(np.array([1.0, 5.0, 5.0])).tolist() == [0.0, 0.75, 0.75]
    assert np.isnan(percentiles(np.array([1.0, np.nan, 2.0]))[1])


def test_labels_part_pairs_in_the_middle_of_their_scale_or_where_it_is_said():
    scores, nothing = {"cosine": np.array([0.1, 0.5, 0.9, np.nan])}, np.full((4, 3), np.nan)
    found = measure_file(scores, {}, np.array([0.0, 2.0, 5.0, 5.0]), nothing)
    assert (found.n, found.labelled, found.similar, found.span) == (3, 3, 2.5, (0.0, 5.0))
    assert found.steps["cosine"].positives == 1
    assert [each.x for each in found.clouds] == [LABEL]
    assert measure_file(scores, {}, np.array([0.0, 2.0, 5.0, 5.0]), nothing, 2.0).steps["cosine"].positives == 2


def test_labels_that_are_all_alike_say_so_and_the_rest_is_drawn():
    found = measure_file({"cosine": SCORES}, {}, np.ones(4), np.full((4, 3), np.nan))
    assert found.problem == "every label, from 1 to 1, says similar if that begins at 1"
    assert not found.roc
    assert sum(found.histograms["cosine"].counts["all"]) == 4


def test_without_labels_two_readings_are_set_against_each_other_and_inference_is_counted():
    inference = np.array([[0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.1, 0.8, 0.1], [0.9, 0.1, 0.0]])
    found = measure_file({"cosine": SCORES, "combined": SCORES[::-1]}, {}, np.full(4, np.nan), inference)
    assert (found.labelled, found.similar, found.inference) == (0, None, (2, 1, 1))
    assert [(each.x, each.y) for each in found.clouds] == [("cosine", "combined")]
