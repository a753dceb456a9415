"""Many sentences from Python: what they may be given in, how they are ranked, and scored with one another."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from operator import attrgetter
from threading import Event
from typing import Any

import numpy as np
import pandas
import pytest

from bertsim import SimilarityModel
from bertsim.errors import InputError
from bertsim.model import passes
from bertsim.records import Ranked, Row
from tests.commands import ROOT

SENTENCES = ["A man plays a guitar.", "Someone plays an instrument.", "The soup is cold.", "A dog barks."]
PAIRS = list(zip(SENTENCES[::2], SENTENCES[1::2], strict=True))
FRAME = pandas.DataFrame(PAIRS, columns=["left", "right"])


@pytest.mark.parametrize(
    "given",
    [
        tuple(SENTENCES),
        dict.fromkeys(SENTENCES).keys(),
        np.array(SENTENCES),
        np.array(SENTENCES, object),
        list(np.array(SENTENCES)),
        pandas.Series(SENTENCES, index=[7, 7, 8, 9]),
        pandas.Series(SENTENCES, dtype="string"),
        pandas.Series(SENTENCES, dtype="category"),
        pandas.Index(SENTENCES),
    ],
    ids=lambda given: type(given).__name__,
)
def test_sentences_come_in_any_iterable(model: SimilarityModel, given: Any) -> None:
    expected = model.embed(SENTENCES)
    np.testing.assert_array_equal(model.embed(given), expected)
    np.testing.assert_array_equal(model.embed(each for each in given), expected)
    assert model.count_tokens(given) == model.count_tokens(SENTENCES)
    assert model.unread(iter(given)) == model.unread(SENTENCES)
    assert model.tokenize(given).sentences == model.tokenize(SENTENCES).sentences


@pytest.mark.parametrize(
    "given",
    [
        tuple(PAIRS),
        [list(pair) for pair in PAIRS],
        np.array(PAIRS),
        np.array(PAIRS, object),
        list(np.array(PAIRS)),
        FRAME,
        FRAME.values,
        [row for _, row in FRAME.iterrows()],
        pandas.Series(PAIRS),
    ],
    ids=lambda given: type(given).__name__,
)
def test_pairs_come_in_any_iterable(model: SimilarityModel, given: Any) -> None:
    expected = model.scores(PAIRS, ["cosine", "alignment", "combined"])
    zipped = zip(SENTENCES[::2], SENTENCES[1::2], strict=True)
    for found in (model.scores(given, list(expected)), model.scores(zipped, iter(expected))):
        for scorer, scores in expected.items():
            np.testing.assert_array_equal(found[scorer], scores)
    told = model.label_probabilities(PAIRS, head="nli")
    np.testing.assert_array_equal(model.label_probabilities(given, head="nli"), told)
    np.testing.assert_array_equal(model.label_probabilities(iter(PAIRS), head="nli"), told)


def test_an_empty_iterable_is_no_error(model: SimilarityModel) -> None:
    for nothing in ((), iter([]), np.array([]), np.empty((0, 2), object), pandas.Series([], dtype=object)):
        assert model.embed(nothing).shape == (0, model.config.hidden_size)
        assert model.score(nothing).shape == (0,)
        assert model.count_tokens(nothing) == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model: model.embed("dog"), "^sentences is one string; a list of strings was expected"),
        (lambda model: model.embed(np.str_("dog")), "^sentences is one string; a list"),
        (lambda model: model.embed(np.array("dog")), "^sentences is one string; a list"),
        (lambda model: model.unread("dog"), "^sentences is one string; a list"),
        (lambda model: model.count_tokens("dog"), "^sentences is one string; a list"),
        (lambda model: model.tokenize("dog"), "^sentences is one string; a list"),
        (lambda model: model.embed(3), "^sentences is int 3; a list of strings was expected"),
        (lambda model: model.embed(None), "^sentences is NoneType None; a list of strings was expected"),
        (lambda model: model.embed(b"dog"), "^sentences is bytes b'dog'; a list of strings was expected"),
        (lambda model: model.embed({"a": "dog"}), "^sentences is dict .*; a list of strings was expected"),
        (lambda model: model.embed(["dog", None]), "^sentence 2 is NoneType None; a string was expected"),
        (lambda model: model.embed(pandas.Series(["dog", np.nan])), "^sentence 2 is float nan; a string was"),
        (lambda model: model.embed(np.array(PAIRS)), "^sentence 1 is list .*; a string was expected"),
        (lambda model: model.embed(iter([b"dog"])), "^the sentence is bytes b'dog'; a string was expected"),
        (lambda model: model.count_tokens(["dog", 3]), "^sentence 2 is int 3; a string was expected"),
        (lambda model: model.unread(["a", "b", ""]), "^sentence 3 is empty; write at least one word"),
        (lambda model: model.tokenize(["a", 3]), "^sentence 2 is int 3; a string was expected"),
        (lambda model: model.score("dog"), "^pairs is one string; a list of pairs was expected"),
        (lambda model: model.score(3), "^pairs is int 3; a list of pairs was expected"),
        (lambda model: model.score(("dog", "cat")), "^pair 1 is 'dog'; two sentences were expected"),
        (lambda model: model.score(iter([("dog", "cat"), 3])), "^pair 2 is 3; two sentences were expected"),
        (lambda model: model.score([{"dog", "cat"}]), "^pair 1 is {.*; two sentences were expected"),
        (lambda model: model.score(np.array([["a", "b", "c"]])), "^pair 1 is .*'c'.*; two sentences were expected"),
        (lambda model: model.score([("a", "b"), ("a", np.nan)]), "^pair 2, sentence B is float nan; a string was"),
        (lambda model: model.logits(["ab"], head="nli"), "^pair 1 is 'ab'; two sentences were expected"),
    ],
)
def test_what_is_no_list_of_texts_is_named(
    model: SimilarityModel, call: Callable[[SimilarityModel], object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        call(model)


QUERY = "A man is playing the guitar."
OTHERS = [*SENTENCES, "Nobody plays.", SENTENCES[0], "\u2603", "A man \u2603 plays."]


SCORERS = ("cosine", "dot", "euclidean", "manhattan", "alignment", "bilstm", "nli", "pooled", "combined")


@pytest.mark.parametrize("scorer", SCORERS)
def test_ranking_scores_as_pairs_are_scored(
    model: SimilarityModel, monkeypatch: pytest.MonkeyPatch, scorer: str
) -> None:
    scores = model.score([(QUERY, other) for other in OTHERS], scorer=scorer)
    found = model.rank(QUERY, OTHERS, scorer=scorer)
    assert sorted(each.index for each in found) == list(range(len(OTHERS)))
    np.testing.assert_allclose([each.score for each in found], scores[[each.index for each in found]], atol=1e-6)
    assert found == sorted(found, key=lambda each: (-each.score, each.index))
    monkeypatch.setattr(passes, "_BLOCK", 3)  # sentences whose tokens are kept, at a time
    assert [each.index for each in model.rank(QUERY, iter(OTHERS), scorer=scorer)] == [each.index for each in found]


def test_a_probability_is_given_where_a_comparison_gives_one(model: SimilarityModel) -> None:
    for scorer in ("cosine", "combined", "nli"):
        for each in model.rank(QUERY, OTHERS, scorer=scorer):
            expected = model.compare(QUERY, OTHERS[each.index])[scorer].probability
            assert each.probability == (expected if expected is None else pytest.approx(expected, abs=5e-3))
    assert {each.probability for each in model.rank(QUERY, OTHERS, layers=[-2])} == {None}


@pytest.mark.parametrize(("scorer", "length"), [("cosine", 8), ("pooled", 15), ("combined", 15)])
def test_a_ranking_withholds_what_pairs_withhold(model: SimilarityModel, scorer: str, length: int) -> None:
    words = ["dog " * count for count in (5, 6, 7)]  # six are just read, alone or beside themselves
    query, sentences = words[1], [*words, "a dog 🦥", "🦥", "dog" + " " * 20_000, "dog" + " " * 20_000 + "x"]
    ranked = sorted(model.rank(query, sentences, scorer=scorer, max_length=length), key=attrgetter("index"))
    scores = np.array([each.score for each in ranked], np.float32)
    told = model.probabilities([(query, each) for each in sentences], scores, scorer, max_length=length)
    assert [each.probability for each in ranked] == told
    assert [number is None for number in told] == [False, False, True, True, True, False, True]


def test_equal_sentences_rank_by_their_place(model: SimilarityModel) -> None:
    vectors = np.repeat(model.embed(["A dog barks."]), 203, axis=0)
    for scorer in ("cosine", "dot", "euclidean", "manhattan"):
        assert [each.index for each in model.rank("Cats.", vectors, scorer=scorer)] == list(range(203))
    assert [each.index for each in model.rank("Cats.", ["A dog barks."] * 37, rerank="nli")] == list(range(37))


def test_the_best_are_scored_again(model: SimilarityModel) -> None:
    best = {each.index for each in model.rank(QUERY, OTHERS, top=3)}
    again = model.rank(QUERY, OTHERS, top=3, rerank="combined")
    assert {each.index for each in again} == best
    scores = model.score([(QUERY, OTHERS[each.index]) for each in again], scorer="combined")
    np.testing.assert_allclose([each.score for each in again], scores, atol=1e-6)
    assert sorted(scores, reverse=True) == scores.tolist()


def test_several_queries_get_a_list_each(model: SimilarityModel) -> None:
    queries, seen = [QUERY, "It is cold."], []
    for rerank in (None, "pooled"):
        found = model.rank(
            (each for each in queries), OTHERS, top=2, rerank=rerank, progress=lambda *told: seen.append(told)
        )
        assert found == [model.rank(query, OTHERS, top=2, rerank=rerank) for query in queries]
        assert seen[-1][0] == seen[-1][1]


def test_vectors_stand_for_their_texts(model: SimilarityModel) -> None:
    vectors, query = model.embed(SENTENCES), model.embed([QUERY])
    for scorer in ("cosine", "euclidean"):
        expected = model.rank(QUERY, SENTENCES, scorer=scorer)
        for found in (
            model.rank(QUERY, vectors, scorer=scorer),
            model.rank(query[0], vectors.astype(np.float64), scorer=scorer),
            *model.rank(query, SENTENCES, scorer=scorer),
        ):
            assert [each.index for each in found] == [each.index for each in expected]
            np.testing.assert_allclose([each.score for each in found], [each.score for each in expected], atol=5e-3)
            assert found[0].probability == pytest.approx(expected[0].probability, abs=5e-3)
    layer = {"pooling": "max", "layers": [1]}
    found = model.rank(QUERY, model.embed(SENTENCES, **layer), **layer)
    assert [each.index for each in found] == [each.index for each in model.rank(QUERY, SENTENCES, **layer)]


def test_of_nothing_nothing_is_ranked(model: SimilarityModel) -> None:
    for scorer in ("cosine", "combined"):
        assert model.rank(QUERY, [], scorer=scorer, rerank="nli") == []
        assert model.rank([], SENTENCES, scorer=scorer) == []
        assert model.rank([QUERY, "cold"], iter([]), scorer=scorer) == [[], []]
    nothing = model.embed([])
    for scorer in ("cosine", "manhattan"):
        assert model.rank(nothing, SENTENCES, scorer=scorer) == []
        assert model.rank(QUERY, nothing, scorer=scorer) == []
    assert model.rank("rain", ["rain"], top=9) == [Ranked(0, pytest.approx(1, abs=1e-5), pytest.approx(0.98, abs=0.02))]


WIDE = np.ones((2, 3), np.float32)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("", SENTENCES), {}, "^the query is empty; write at least one word"),
        ((["dog", 3], SENTENCES), {}, "^query 2 is int 3; a string was expected"),
        ((3, SENTENCES), {}, "^query is int 3; a list of strings was expected"),
        (("dog", "cat"), {}, "^sentences is one string; a list of strings was expected"),
        (("dog", ["cat", None]), {}, "^sentence 2 is NoneType None; a string was expected"),
        (("dog", ["a", "b", "c", "d", " "]), {"scorer": "alignment"}, "^sentence 5 is empty"),
        (("dog", ["a", "b", "c", "d", " "]), {"scorer": "nli"}, "^sentence 5 is empty"),
        ((["dog", ""], ["a", "b"]), {"scorer": "nli"}, "^query 2 is empty"),
        (("dog", SENTENCES), {"scorer": "x"}, "^scorer is 'x'; known are cosine"),
        (("dog", SENTENCES), {"rerank": "x"}, "^scorer is 'x'; known are cosine"),
        (("dog", SENTENCES), {"top": 0}, "^top is 0; a whole number from 1 on, or None for no limit, was expected"),
        (("dog", SENTENCES), {"top": 2.0}, "^top is 2.0; a whole number"),
        (("dog", SENTENCES), {"layers": [99]}, "^layer 99 does not exist"),
        (("dog", WIDE), {}, "^vectors of 384 numbers and of 3 cannot be compared; make both sides by one model"),
        (("dog", WIDE * np.nan), {}, "^sentences holds a value that is no finite number; vectors"),
        ((WIDE[None], WIDE), {}, r"^query has the shape \(1, 2, 3\); vectors \[n, dim\], or texts, were expected"),
        ((WIDE, WIDE), {"scorer": "alignment"}, "^alignment reads texts; give it these instead of vectors"),
        (("dog", WIDE), {"scorer": "combined"}, "^combined reads texts; give it these instead of vectors"),
        (("dog", WIDE), {"rerank": "nli"}, "^nli reads texts; give it these instead of vectors"),
    ],
)
def test_what_cannot_be_ranked_is_named(
    model: SimilarityModel, arguments: tuple[Any, Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        model.rank(*arguments, **options)


@pytest.mark.parametrize("scorer", SCORERS)
def test_every_sentence_is_scored_with_every_other_as_pairs_are(
    model: SimilarityModel, monkeypatch: pytest.MonkeyPatch, scorer: str
) -> None:
    own, others = SENTENCES[:3], OTHERS
    for given in (None, others):
        columns = own if given is None else given
        scores = model.score(product(own, columns), scorer=scorer).reshape(3, -1)
        for size in (4096, 3):
            monkeypatch.setattr(passes, "_BLOCK", size)
            monkeypatch.setattr(passes, "_PACKED", size * 2)
            found = model.matrix(iter(own), given and iter(given), scorer)
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, scores, atol=1e-6)
    ranked = model.rank(own[0], others, scorer=scorer)
    np.testing.assert_allclose([each.score for each in ranked], found[0, [each.index for each in ranked]], atol=1e-6)


@pytest.mark.parametrize(
    ("scorer", "passes", "passes_alone"),
    [("cosine", 7, 4), ("alignment", 7, 4), ("nli", 12, 16), ("combined", 7 + 12, 4 + 16)],
)
def test_the_cost_is_what_the_encoder_reads(
    model: SimilarityModel, encoded: list[Row], scorer: str, passes: int, passes_alone: int
) -> None:
    others = ["It rains.", "It snows.", "Look!"]
    costs = model.cost(SENTENCES, others, scorer), model.cost(iter(SENTENCES), scorer=scorer)
    assert [cost.passes for cost in costs] == [passes, passes_alone]
    assert all(0 < cost.seconds < 60 for cost in costs)
    encoded.clear()
    model.matrix(SENTENCES, others, scorer)
    assert len(encoded) == passes
    model.matrix(SENTENCES, scorer=scorer)
    assert len(encoded) == passes + passes_alone


def test_where_few_are_held_at_a_time_the_cost_knows_what_is_read_again(
    model: SimilarityModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "_BLOCK", 3)
    monkeypatch.setattr(passes, "_PACKED", 8)
    assert model.cost(SENTENCES, ["It rains."] * 7, "combined").passes == 4 * 4 + 7 + 4 * 7
    assert model.cost(SENTENCES, ["It rains."] * 7, "nli").passes == 4 * 7
    assert model.cost(SENTENCES, ["It rains."] * 7, "alignment").passes == 3 * 4 + 7
    assert model.cost(SENTENCES, ["It rains."] * 7, "cosine").passes == 4 + 7


def test_a_matrix_that_costs_much_is_refused_until_its_limit_is_lifted(model: SimilarityModel) -> None:
    with pytest.raises(InputError) as refused:
        model.matrix([f"The number {number}." for number in range(101)], scorer="nli")
    told = r"nli of 101 × 101 takes 10,201 passes of the encoder, about [\d,]+ s; max_passes is 10,000: "
    advice = r"split the list, or give a larger one in Python, None for no limit\."
    assert re.fullmatch(told + advice, str(refused.value))
    with pytest.raises(InputError, match=r"^cosine of 4 × 4 takes 4 passes of the encoder, .*; max_passes is 3: split"):
        model.matrix(SENTENCES, max_passes=3)
    for limit in (4, None):
        assert model.matrix(SENTENCES, max_passes=limit).shape == (4, 4)


@pytest.mark.parametrize(
    ("options", "passes", "what"),
    [
        ({}, 5, "cosine of 1 × 4"),
        ({"scorer": "nli"}, 4, "nli of 1 × 4"),
        ({"rerank": "combined", "top": 2}, 11, "cosine of 1 × 4, then combined,"),
        ({"rerank": "nli", "top": 9}, 9, "cosine of 1 × 4, then nli,"),
    ],
)
def test_a_ranking_is_refused_from_so_many_passes_on(
    model: SimilarityModel, options: dict[str, Any], passes: int, what: str
) -> None:
    assert len(model.rank(QUERY, SENTENCES, max_passes=passes, **options)) == min(options.get("top", 4), 4)
    told = f"{what} takes {passes} passes of the encoder; max_passes is {passes - 1}: split the list, or give"
    with pytest.raises(InputError, match=f"^{told}"):
        model.rank(QUERY, SENTENCES, max_passes=passes - 1, **options)
    with pytest.raises(InputError, match=r"^dot of 1 × 4 takes 4 passes of the encoder; max_passes is 3"):
        model.rank(model.embed([QUERY])[0], SENTENCES, scorer="dot", max_passes=3)


def test_whole_numbers_of_numpy_are_whole_numbers(model: SimilarityModel) -> None:
    two, most, length = np.int8(2), np.int64(100), np.uint8(16)
    found = model.rank(QUERY, SENTENCES, top=two, chunk=np.uint8(3), max_passes=most, max_length=length)  # type: ignore[arg-type]
    assert found == model.rank(QUERY, SENTENCES, top=2, chunk=3, max_length=16)
    assert len(model.duplicates(SENTENCES, top=two).pairs) == 2  # type: ignore[arg-type]
    assert json.dumps(model.settings(max_length=length)) == json.dumps(model.settings(max_length=16))  # type: ignore[arg-type]


@pytest.mark.parametrize(("scorer", "passes"), [("cosine", 4), ("nli", 2), ("combined", 6)])
def test_pairs_are_refused_from_so_many_passes_on(model: SimilarityModel, scorer: str, passes: int) -> None:
    assert model.score(PAIRS, scorer=scorer, max_passes=passes).shape == (2,)
    told = f"^{scorer} of 2 pairs takes {passes} passes of the encoder; max_passes is {passes - 1}: split the list, or"
    with pytest.raises(InputError, match=told):
        model.score(iter(PAIRS), scorer=scorer, max_passes=passes - 1)
    with pytest.raises(InputError, match=r"^max_passes is 1\.5; a whole number from 1 on, or None for no limit, was"):
        model.score(PAIRS, max_passes=1.5)  # type: ignore[arg-type]


@pytest.mark.parametrize(("scorer", "passes", "others"), [("cosine", 5 + 2, 8), ("nli", 6 + 1, 9)])
def test_parts_count_as_passes(model: SimilarityModel, scorer: str, passes: int, others: int) -> None:
    long, short = "It rains. I am cold. The soup is hot.", "I freeze. It pours."
    given: dict[str, Any] = {"scorer": scorer, "chunk": "sentences"}
    pairs = [(long, short), PAIRS[0]]
    assert model.score(pairs, max_passes=passes, **given).shape == (2,)
    with pytest.raises(InputError, match=f"^{scorer} of 2 pairs takes {passes} passes of the encoder; max_passes is"):
        model.score(pairs, max_passes=passes - 1, **given)
    assert len(model.rank(long, [short, SENTENCES[0]], max_passes=others, **given)) == 2
    with pytest.raises(InputError, match=f"^{scorer} of 3 × 3 parts takes"):
        model.rank(long, [short, SENTENCES[0]], max_passes=others - 3, **given)


def test_the_probabilities_of_pairs_are_those_of_comparisons_and_none_where_one_was_not_read(
    model: SimilarityModel,
) -> None:
    pairs = [*PAIRS, (SENTENCES[0], "\u2603"), ("I like it \u2603", "I like it \u2603"), ("I like it \u2603", "Why?")]
    for scorer in ("cosine", "combined"):
        found = model.probabilities(iter(pairs), model.score(pairs, scorer=scorer), scorer)
        for (a, b), probability in zip(pairs, found, strict=True):
            assert probability == pytest.approx(model.compare(a, b)[scorer].probability, abs=5e-3)
        assert found[2] is found[4] is None
        assert found[3] is not None
    assert set(model.probabilities(pairs, model.score(pairs, pooling="max"), pooling="max")) == {None}
    assert set(model.probabilities(pairs, model.score(pairs, scorer="nli"), "nli")) == {None}
    assert model.probabilities([], model.score([])) == []
    series = pandas.Series(model.score(PAIRS), index=[7, 8])
    assert model.probabilities(PAIRS, series) == model.probabilities(PAIRS, model.score(PAIRS))


@pytest.mark.parametrize(
    ("scores", "scorer", "message"),
    [
        ([0.5], "cosine", r"^scores are \(1,\) for 2 pairs; one for each was expected"),
        ([[0.5], [0.5]], "cosine", r"^scores are \(2, 1\) for 2 pairs; one"),
        (["x", "y"], "cosine", r"^scores are .*'x'.*; numbers were expected"),
        ([0.5, 0.5], "cosin", r"^scorer is 'cosin'; known are cosine"),
    ],
)
def test_scores_that_have_no_probability_of_these_pairs_are_named(
    model: SimilarityModel, scores: Any, scorer: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        model.probabilities(PAIRS, scores, scorer)
    if np.shape(scores) == (2,):
        with pytest.raises(InputError, match=message):
            model.calibrate(scorer, scores)


def test_a_pair_does_not_wait_for_all_that_another_call_brought_before(model: SimilarityModel) -> None:
    begun, enough, shares = Event(), Event(), list[float]()

    def progress(done: int, total: int) -> None:
        shares.append(done / total)
        begun.set()
        if enough.is_set():
            raise StopIteration

    sentences = [f"The number {number} is not the number {number + 1}." for number in range(60)]
    with ThreadPoolExecutor(1) as thread:
        long = thread.submit(model.matrix, sentences, scorer="nli", progress=progress)
        assert begun.wait(60)
        model.score(PAIRS)
        share = shares[-1]
        enough.set()
        assert isinstance(long.exception(), StopIteration)
    assert share < 0.5


def test_of_nothing_there_is_no_matrix(model: SimilarityModel) -> None:
    for scorer in ("cosine", "combined"):
        assert model.matrix([], scorer=scorer).shape == (0, 0)
        assert model.matrix(SENTENCES, [], scorer).shape == (4, 0)
        assert model.matrix([], SENTENCES, scorer).shape == (0, 4)
        assert model.cost([], SENTENCES, scorer) == (0, 0.0)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("dog",), {}, "^sentences is one string; a list of strings was expected"),
        ((["dog"], "cat"), {}, "^others is one string; a list of strings was expected"),
        ((["a", "b", 3],), {}, "^sentence 3 is int 3; a string was expected"),
        ((["dog"], ["cat", ""]), {}, "^other sentence 2 is empty"),
        ((["dog"] * 20, ["cat"] * 18 + ["", "cat"]), {"scorer": "nli"}, "^other sentence 19 is empty"),
        ((["dog"] * 18 + [None, "cat"],), {"scorer": "alignment"}, "^sentence 19 is NoneType None"),
        ((["dog"], [""]), {}, "^the other sentence is empty"),
        ((["dog"],), {"scorer": "x"}, "^scorer is 'x'; known are cosine"),
        ((["dog"],), {"pooling": "x"}, "^pooling is 'x'"),
    ],
)
def test_what_no_matrix_can_be_made_of_is_named(
    model: SimilarityModel, arguments: tuple[Any, ...], options: dict[str, Any], message: str
) -> None:
    for call in (model.matrix, model.cost):
        with pytest.raises(InputError, match=message):
            call(*arguments, **options)
    with pytest.raises(InputError, match=r"^max_passes is 0; a whole number from 1 on, or None for no limit, was"):
        model.matrix(SENTENCES, max_passes=0)


def test_users_of_sentence_transformers_find_their_words(model: SimilarityModel) -> None:
    queries, documents = model.encode_query(SENTENCES), model.encode_document(np.array(OTHERS))
    np.testing.assert_array_equal(queries, model.embed(SENTENCES))
    np.testing.assert_allclose(model.similarity(queries, documents), model.matrix(SENTENCES, OTHERS), atol=5e-3)
    assert model.encode_query(QUERY).shape == (model.config.hidden_size,)
    assert model.similarity(model.encode_query(QUERY, pooling="max"), documents).shape == (1, len(OTHERS))
    assert model.similarity(queries, model.embed([])).shape == (len(SENTENCES), 0)
    with pytest.raises(InputError, match=r"^similarity compares vectors, which embed makes; give texts to matrix"):
        model.similarity(queries, OTHERS)
    with pytest.raises(InputError, match=r"^vectors of 384 numbers and of 3 cannot be compared"):
        model.similarity(queries, WIDE)


_FORK = """
import multiprocessing
import bertsim

def score(_=None):
    return model.score([("It rains.", "It pours for hours."), ("A dog barks.", "Cats sleep.")]).tolist()

model = bertsim.load()
here = score()
with multiprocessing.get_context("fork").Pool(1) as pool:
    assert pool.map_async(score, [None]).get(30) == [here] == [score()]
"""


def test_a_model_that_was_used_goes_on_in_a_forked_process() -> None:
    # as `datasets.map` with several processes, and loaders of torch, have it
    done = subprocess.run([sys.executable, "-c", _FORK], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
