"""Sentences that say the same: which pairs are found, in which order and groups, and what is refused."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pandas
import pytest

from bertsim import SimilarityModel
from bertsim.errors import InputError
from bertsim.records import Duplicate, Duplicates, Float, Row
from bertsim.score import duplicates
from bertsim.score.duplicates import PlacedPairs, find_pairs, group

SENTENCES = ["It rains.", "A dog barks.", "A dog is barking.", "It rains.", "The soup is cold."]
VECTORS = np.array([[3, 4], [4, 3], [6, 8], [-3, -4], [0, 0]], np.float32)
WIDE = np.ones((2, 3), np.float32)


def rows(found: PlacedPairs) -> list[tuple[int, int, float]]:
    listed = zip(*(part.tolist() for part in found), strict=True)
    return [(first, second, round(score, 6)) for first, second, score in listed]


def drawn(count: int, seed: int) -> Float:
    """Vectors of which many are nearly those of others, or the same, or zero."""
    draw = np.random.default_rng(seed)
    vectors = np.repeat(draw.standard_normal((count, 24)), 3, axis=0) + draw.standard_normal((3 * count, 24)) / 4
    half = len(vectors) // 2
    vectors[:half:2], vectors[:half:7], vectors[-2:] = vectors[half : 2 * half : 2], vectors[1], 0
    return draw.permutation(vectors).astype(np.float32)


def by_brute_force(a: Float, b: Float | None, threshold: float, top: int | None) -> PlacedPairs:
    """Every pair, each scored for itself in float64."""
    own, others = (each.astype(np.float64) for each in (a, a if b is None else b))
    first, second = (places.ravel() for places in np.indices((len(own), len(others))))
    if b is None:
        first, second = first[first < second], second[first < second]
    u, v = own[first], others[second]
    lengths = np.sqrt(np.sum(u * u, axis=1)) * np.sqrt(np.sum(v * v, axis=1))
    scores = (np.sum(u * v, axis=1) / np.maximum(lengths, 1e-24)).astype(np.float32)
    order = np.lexsort((second, first, -scores))
    return PlacedPairs(first, second, scores).where(order[scores[order] >= np.float32(threshold)][:top])


def test_pairs_are_found_as_by_hand() -> None:
    assert rows(find_pairs(VECTORS, None, 0.95)) == [(0, 2, 1.0), (0, 1, 0.96), (1, 2, 0.96)]
    assert rows(find_pairs(VECTORS, None, -1, top=2)) == [(0, 2, 1.0), (0, 1, 0.96)]
    assert rows(find_pairs(VECTORS[:2], VECTORS[1:3], 1.0)) == [(0, 1, 1.0), (1, 0, 1.0)]
    assert rows(find_pairs(VECTORS[3:], None, -1)) == [(0, 1, 0.0)]
    assert rows(find_pairs(VECTORS[:1], None, -1)) == []


@pytest.mark.parametrize("block", [1, 7, 36, 2048])
@pytest.mark.parametrize(
    ("threshold", "top"), [(0.9, None), (-1.0, None), (1.0, None), (1.0, 5), (0.3, 40), (-1.0, 1), (-1.0, 7000)]
)
def test_no_pair_is_missed_wherever_blocks_end(
    monkeypatch: pytest.MonkeyPatch, block: int, threshold: float, top: int | None
) -> None:
    monkeypatch.setattr(duplicates, "_BLOCK", block)
    monkeypatch.setattr(duplicates, "_ROWS", 10)
    for a, b in ((drawn(24, 1), None), (drawn(12, 2), drawn(24, 2)), (drawn(24, 3), drawn(3, 3))):
        found, expected = find_pairs(a, b, threshold, top), by_brute_force(a, b, threshold, top)
        assert len(expected.scores) or threshold == 1
        np.testing.assert_array_equal(found.scores, expected.scores)
        np.testing.assert_array_equal(found.first, expected.first)
        np.testing.assert_array_equal(found.second, expected.second)


def test_pairs_that_overlap_are_one_group() -> None:
    assert group(np.array([5, 1, 2, 30]), np.array([8, 2, 7, 40])) == [(1, 2, 7), (5, 8), (30, 40)]
    assert group(np.array([], int), np.array([], int)) == []


def test_memory_holds_a_block_and_not_every_product() -> None:
    vectors = np.random.default_rng(0).standard_normal((20_000, 32), np.float32)
    tracemalloc.start()
    try:
        assert len(find_pairs(vectors, None, 0.8).scores) < 1_000
        assert len(find_pairs(vectors, None, -1, top=1_000).scores) == 1_000
        assert tracemalloc.get_traced_memory()[1] < 300e6  # all products are 1,600 MB
    finally:
        tracemalloc.stop()


def test_more_pairs_than_anyone_reads_are_refused_and_the_best_of_them_given(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.ones((2_000, 2), np.float32)
    with pytest.raises(InputError) as refused:
        find_pairs(vectors, None, 0.5)
    advice = "give a higher threshold, or top, how many of the best are kept."
    assert str(refused.value) == f"more than 1,000,000 pairs have a cosine of 0.5 or more; {advice}"
    assert rows(find_pairs(vectors, None, 0.5, top=3)) == [(0, 1, 1.0), (0, 2, 1.0), (0, 3, 1.0)]
    monkeypatch.setattr(duplicates, "MOST", 10)
    assert len(find_pairs(vectors[:5], None, 0.5).scores) == 10
    with pytest.raises(InputError, match=r"^more than 10 pairs have"):
        find_pairs(vectors[:6], None, 0.5)


@pytest.mark.parametrize("given", [tuple(SENTENCES), np.array(SENTENCES), pandas.Series(SENTENCES), iter(SENTENCES)])
def test_duplicates_of_any_iterable_are_pairs_and_groups(model: SimilarityModel, given: Any) -> None:
    score = pytest.approx(model.score([SENTENCES[1:3]])[0], abs=1e-6)
    assert model.duplicates(given) == Duplicates([(0, 3, 1.0), (1, 2, score)], [(0, 3), (1, 2)], [])
    assert 0.9 < score.expected < 1


def test_threshold_and_top_say_which_pairs(model: SimilarityModel) -> None:
    scores = model.matrix(SENTENCES)
    assert [tuple(pair)[:2] for pair in model.duplicates(SENTENCES, threshold=0.95).pairs] == [(0, 3)]
    best = model.duplicates(SENTENCES, top=4).pairs
    assert [tuple(pair)[:2] for pair in best[:2]] == [(0, 3), (1, 2)]
    assert len(best) == 4
    np.testing.assert_allclose([each.score for each in best], [scores[i, j] for i, j, _ in best], atol=1e-6)
    every = model.duplicates(SENTENCES, threshold=-1)
    assert len(every.pairs) == 10
    assert every.pairs[:4] == best
    assert every.groups == [(0, 1, 2, 3, 4)]
    assert model.duplicates(SENTENCES, threshold=0.95, top=9).groups == [(0, 3)]
    layer = {"pooling": "max", "layers": [1]}
    expected = model.score([SENTENCES[1:3]], **layer)[0]
    assert model.duplicates(SENTENCES, top=2, **layer).pairs[1] == (1, 2, pytest.approx(expected, abs=1e-6))


def test_two_lists_are_compared_with_each_other_alone(model: SimilarityModel) -> None:
    others = ["Rain.", "A dog barks.", "It rains."]
    found = model.duplicates(iter(SENTENCES), iter(others), threshold=0.9)
    assert [tuple(pair)[:2] for pair in found.pairs] == [(0, 2), (1, 1), (3, 2), (2, 1)]
    assert found.pairs[0].score == found.pairs[2].score == 1
    assert (found.groups, found.withheld) == ([], [])


def test_vectors_stand_for_their_texts(model: SimilarityModel) -> None:
    vectors, expected = model.embed(SENTENCES), model.duplicates(SENTENCES)
    for given in (vectors, vectors.astype(np.float64)):
        assert model.duplicates(given) == expected
        assert model.duplicates(given, given, top=1).pairs == [(0, 0, 1.0)]
    mixed = model.duplicates(SENTENCES, vectors), model.duplicates(vectors, SENTENCES)
    assert [[pair[:2] for pair in found.pairs[:7]] for found in mixed] == [
        [(0, 0), (0, 3), (1, 1), (2, 2), (3, 0), (3, 3), (4, 4)]
    ] * 2


def test_different_texts_that_were_not_read_are_not_called_alike(model: SimilarityModel) -> None:
    texts = ["\u2603", "A man \u2603 plays.", "\u26bd", "\u2603", "A man \u26bd plays.", "a man \u2603 plays ."]
    found = model.duplicates(texts)
    assert found.pairs == [(0, 3, 1.0), (1, 5, 1.0)]
    assert found.withheld == [(0, 2, 1.0), (1, 4, 1.0), (2, 3, 1.0), (4, 5, 1.0)]
    assert found.groups == [(0, 3), (1, 5)]
    long = ["dog " * 300 + end for end in ("barks", "barks", "sleeps")]
    assert model.duplicates(long) == Duplicates([(0, 1, 1.0)], [(0, 1)], [(0, 2, 1.0), (1, 2, 1.0)])
    assert model.duplicates(long[:1], long[2:]) == Duplicates([], [], [Duplicate(0, 0, 1.0)])


def test_equal_texts_are_encoded_once(model: SimilarityModel, encoded: list[Row]) -> None:
    model.duplicates(SENTENCES * 3, SENTENCES, top=1)
    assert len(encoded) == 4


def test_of_nothing_there_are_no_duplicates(model: SimilarityModel) -> None:
    nothing = Duplicates([], [], [])
    for given in ([], iter([]), model.embed([]), ["It rains."]):
        assert model.duplicates(given) == nothing
    assert model.duplicates(SENTENCES, []) == model.duplicates([], SENTENCES) == nothing


def test_whoever_is_told_can_stop_it_between_blocks(model: SimilarityModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "_BLOCK", 2)
    told: list[float] = []
    model.duplicates(SENTENCES, progress=lambda done, total: told.append(done / total))
    assert told[-7:] == [0.5, *(pytest.approx(0.5 + number / 12) for number in range(1, 7))]
    told.clear()
    model.duplicates(model.embed(SENTENCES), progress=lambda done, total: told.append(done / total))
    assert told == [pytest.approx(number / 6) for number in range(1, 7)]

    def stop(done: int, total: int) -> None:
        if done / total > 0.6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.duplicates(SENTENCES, progress=stop)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("dog",), {}, "^sentences is one string; a list of strings was expected"),
        ((SENTENCES, "cat"), {}, "^others is one string; a list of strings was expected"),
        ((["a", "b", 3],), {}, "^sentence 3 is int 3; a string was expected"),
        ((["a", "b"], ["a", ""]), {}, "^other sentence 2 is empty"),
        ((["a", "b"], [""]), {}, "^the other sentence is empty"),
        ((WIDE, ["a", ""]), {}, "^other sentence 2 is empty"),
        ((WIDE, SENTENCES), {}, "^vectors of 3 numbers and of 384 cannot be compared; make both sides by one model"),
        ((SENTENCES, WIDE * np.nan), {}, "^others holds a value that is no finite number; vectors"),
        ((SENTENCES,), {"threshold": 1.1}, "^threshold is 1.1; a cosine, a number from -1 to 1, was expected"),
        ((SENTENCES,), {"threshold": float("nan")}, "^threshold is nan; a cosine"),
        ((SENTENCES,), {"threshold": "0.9"}, "^threshold is '0.9'; a cosine"),
        ((SENTENCES,), {"threshold": True}, "^threshold is True; a cosine"),
        ((SENTENCES,), {"top": 0}, "^top is 0; a whole number from 1 on, or None for no limit, was expected"),
        ((SENTENCES,), {"pooling": "x"}, "^pooling is 'x'"),
    ],
)
def test_what_has_no_duplicates_is_named(
    model: SimilarityModel, arguments: tuple[Any, ...], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        model.duplicates(*arguments, **options)
