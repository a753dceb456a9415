"""Many sentences from Python: what they may be given in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas
import pytest

from bertsim import SimilarityModel
from bertsim.errors import InputError

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
