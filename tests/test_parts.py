"""Long texts in parts: how they are split, how the scores of parts are joined, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertsim import SimilarityModel
from bertsim.errors import InputError
from bertsim.heads.config import HeadConfig
from bertsim.model import passes
from bertsim.records import Part
from bertsim.score.parts import join_parts

SCORERS = ("cosine", "dot", "euclidean", "manhattan", "alignment", "bilstm", "nli", "pooled", "combined")
RAIN, GUITAR = "It rains in the city. ", "A man plays a guitar. "
A, B = RAIN + GUITAR + "The soup is cold.", "Someone plays an instrument. It is a wet day."


def split(model: SimilarityModel, text: str, chunk: str | int = "sentences", max_length: int = 256) -> list[Part]:
    return model._tokenizer.split(text, chunk, max_length)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rains.", ["It rains."]),
        (" It rains. \n", [" It rains. \n"]),
        ("It rains. Go! Why?  He left.", ["It rains. ", "Go! ", "Why?  ", "He left."]),
        ("Dr. Smith paid 3.5 dollars. He left.", ["Dr. Smith paid 3.5 dollars. ", "He left."]),
        ("A line that is\nwrapped. And on.", ["A line that is\nwrapped. ", "And on."]),
        ("A heading\r\n\r\nThe text.\n\n\n", ["A heading\r\n\r\n", "The text.\n\n\n"]),
        ("Buy\n- milk\n- two eggs\n3. salt", ["Buy\n", "- milk\n", "- two eggs\n", "3. salt"]),
        ("今天很好。你呢？“好！”他说。", ["今天很好。", "你呢？", "“好！”", "他说。"]),
        ("यह एक है। यह दो है।", ["यह एक है। ", "यह दो है।"]),
        ("It rains. \u2603 \u2603. Go.", ["It rains. ", "\u2603 \u2603. ", "Go."]),
        ("It rains. \x00\x00\n\n\x00 Go.", ["It rains. \x00\x00\n\n\x00 ", "Go."]),
    ],
)
def test_sentences_are_split_and_nothing_is_left_out(model: SimilarityModel, text: str, expected: list[str]) -> None:
    assert [part.text for part in split(model, text)] == expected


def test_a_part_counts_the_tokens_that_the_vocabulary_knows(model: SimilarityModel) -> None:
    assert [part.tokens for part in split(model, "It rains. \u2603 \u2603. Go \u2603")] == [3, 1, 1]
    assert [part.tokens for part in split(model, "\u2603")] == [0]


def test_windows_begin_half_a_window_behind_one_another_and_at_words(model: SimilarityModel) -> None:
    parts = split(model, "one two three four five six seven", 4)
    assert [part.text for part in parts] == ["one two three four ", "three four five six ", "five six seven"]
    assert model._tokenizer._fast.encode("ununited", add_special_tokens=False).tokens == ["un", "##uni", "##ted"]
    parts = split(model, "one two ununited play", 4)
    assert [part.text for part in parts] == ["one two ", "ununited play"]


def test_only_a_word_that_is_longer_than_a_part_is_cut(model: SimilarityModel) -> None:
    parts = split(model, "a pneumonoultramicroscopicsilicovolcanoconiosis", 4)
    assert len(parts) > 2
    assert all(not read.cut for read in model.count_tokens([part.text for part in parts]))


def test_a_sentence_that_is_too_long_comes_in_windows_that_fit_packed(model: SimilarityModel) -> None:
    text = "It rains. " + "and on " * 100 + "it goes. It snows."
    parts = split(model, text, max_length=41)
    assert parts[0].text == "It rains. "
    assert parts[-1].text == "It snows."
    assert max(part.tokens for part in parts) == (41 - 3) // 2
    packed = model._tokenizer.batch([(a.text, b.text) for a in parts for b in parts], 41)
    assert not any(unread.cut_tokens for pair in packed.unread for unread in pair)


TEXTS = st.text(st.sampled_from("ab .!?\n\t\r-1)。？'\"’é\u0301世👍\u2028\xa0\x00\ud800ﷺ½"), max_size=60)


@given(TEXTS, st.sampled_from(["sentences", 1, 3]), st.sampled_from([8, 256]))
def test_parts_are_substrings_in_order_that_cover_the_text(
    model: SimilarityModel, text: str, chunk: str | int, max_length: int
) -> None:
    parts = split(model, f"a{text}", min(chunk, 2) if max_length == 8 and chunk == 3 else chunk, max_length)
    assert parts[0].start == 0
    assert parts[-1].end == len(text) + 1
    assert all(part.text == f"a{text}"[part.start : part.end] for part in parts)
    assert all(one.start < other.start <= one.end < other.end for one, other in pairwise(parts))
    if chunk == "sentences" and max_length == 256:
        assert "".join(part.text for part in parts) == f"a{text}"


def parts_of(*tokens: int) -> list[Part]:
    return [Part("x", 0, 1, count) for count in tokens]


def test_scores_of_parts_are_joined_as_by_hand() -> None:
    scores = np.array([[0.9, 0.1], [0.2, 0.4]], np.float32)
    assert join_parts(scores, parts_of(3, 1), parts_of(2, 2)) == pytest.approx(0.7125)
    assert join_parts(scores, parts_of(3, 1), parts_of(2, 2), is_directed=True) == pytest.approx(0.65)
    assert join_parts(scores, parts_of(0, 0), parts_of(2, 0)) == pytest.approx((0.65 + 0.9) / 2)
    assert join_parts(scores[:1], parts_of(3), parts_of(1, 3)) == pytest.approx((0.9 + (0.9 + 3 * 0.1) / 4) / 2)
    assert join_parts(-scores[:1, 1:], parts_of(3), parts_of(7)) == np.float32(-0.1)


def test_only_entailment_is_directed() -> None:
    def is_directed(*labels: str) -> bool:
        return HeadConfig("mean", "packed", (), 0.0, labels, (0.0, 1.0), 8, "x", "", 2).is_directed

    assert is_directed("entailment", "neutral", "contradiction")
    assert not is_directed("not_equivalent", "equivalent")
    assert not is_directed("similar")
    assert not is_directed("a", "b", "c")


@pytest.mark.parametrize("scorer", SCORERS)
def test_texts_of_one_part_score_as_without_parts(model: SimilarityModel, scorer: str) -> None:
    pairs = [(RAIN, GUITAR), (GUITAR, "\u2603"), (RAIN, "It rains in the city.")]
    plain = model.score(pairs, scorer=scorer)
    np.testing.assert_array_equal(model.score(pairs, scorer=scorer, chunk="sentences"), plain)
    for (a, b), score in zip(pairs, plain, strict=True):
        found = model.score_parts(a, b, scorer=scorer)
        assert found.score == pytest.approx(score, abs=1e-6)
        expected = model.compare(a, b)[scorer].probability
        assert found.probability == (expected if expected is None else pytest.approx(expected, abs=5e-3))


@pytest.mark.parametrize("scorer", SCORERS)
def test_every_part_is_scored_with_every_other_and_the_scores_are_joined(model: SimilarityModel, scorer: str) -> None:
    found = model.score_parts(A, B, scorer=scorer)
    a, b = ([part.text for part in side] for side in found.parts)
    assert (len(a), len(b)) == found.scores.shape == (3, 2)
    np.testing.assert_allclose(found.scores, model.matrix(a, b, scorer), atol=1e-6)
    assert found.matches == (found.scores.argmax(1).tolist(), found.scores.argmax(0).tolist())
    assert found.score == join_parts(found.scores, *found.parts, is_directed=scorer == "nli")
    assert found.probability is None
    pairs = [(RAIN, GUITAR), (A, B), (B, A), (A, RAIN)]
    scores = model.score(iter(pairs), scorer=scorer, chunk="sentences")
    expected = [model.score_parts(*pair, scorer=scorer).score for pair in pairs]
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    if scorer in SCORERS[:5]:
        assert scores[1] == pytest.approx(scores[2], abs=1e-6)
    ranked = model.rank(A, [pair[1] for pair in pairs], scorer=scorer, chunk="sentences")
    expected = [model.score_parts(A, b, scorer=scorer).score for _, b in pairs]
    np.testing.assert_allclose([each.score for each in ranked], [expected[each.index] for each in ranked], atol=1e-6)
    assert ranked == sorted(ranked, key=lambda each: (-each.score, each.index))


def test_several_scorers_share_the_parts(model: SimilarityModel) -> None:
    told: list[tuple[int, int]] = []
    pairs = [(A, B), (RAIN, GUITAR), (B, A)]
    found = model.scores(pairs, chunk="sentences", progress=lambda *each: told.append(each))
    assert tuple(found) == model.scorers
    for scorer, scores in found.items():
        np.testing.assert_allclose(scores, model.score(pairs, scorer=scorer, chunk="sentences"), atol=1e-6)
    shares = [done / total for done, total in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert model.score([], chunk="sentences").shape == (0,)


def test_the_order_of_parts_does_not_count(model: SimilarityModel) -> None:
    turned = GUITAR + "The soup is cold. " + RAIN
    for scorer in ("cosine", "nli"):
        both = model.score([(A, B), (turned, B)], scorer=scorer, chunk="sentences")
        assert both[0] == pytest.approx(both[1], abs=1e-5)


def test_which_part_matches_which_is_told(model: SimilarityModel) -> None:
    found = model.score_parts(A, B)
    assert found.matches == ([1, 0, 1], [1, 0])
    assert [A[part.start : part.end] for part in found.parts[0]] == [RAIN, GUITAR, "The soup is cold."]


def test_a_long_text_does_not_lose_its_end(model: SimilarityModel) -> None:
    text = "".join(f"The house number {place} of the street is old and red. " for place in range(200))
    other = text + "The volcano erupts."
    assert len(text) > 10_000
    cut = model.score([(other, text + "He sings a song.")])
    assert cut[0] == pytest.approx(1, abs=1e-6)
    for chunk in ("sentences", 64):
        same, differs = model.score([(other, other), (other, text + "He sings a song.")], chunk=chunk)
        assert same == pytest.approx(1, abs=1e-5)
        assert differs < same - 1e-5
    report = model.score_parts(other, text)
    assert report.parts[0][-1].text == "The volcano erupts."
    assert not any(unread.cut_tokens for side in report.unread for unread in side)


def test_what_is_not_read_of_a_part_is_told_and_counts_little(model: SimilarityModel) -> None:
    found = model.score_parts(RAIN + "\u2603", RAIN + "\u2604")
    assert [unread.unknown_words for unread in found.unread[0]] == [(), ("\u2603",)]
    assert [unread.is_all for unread in found.unread[1]] == [False, True]
    assert found.score == pytest.approx(1, abs=1e-5)
    assert found.scores[0, 0] == found.score  # what was not read of either has no weight
    assert model.score_parts(RAIN, "\u2603").probability is None


def test_a_ranked_text_of_several_parts_has_no_probability(model: SimilarityModel) -> None:
    for rerank in (None, "combined"):
        ranked = model.rank([RAIN, A], [GUITAR, B], rerank=rerank, chunk="sentences")

        told = {(row, each.index): each.probability for row, found in enumerate(ranked) for each in found}
        assert [key for key, probability in told.items() if probability is not None] == [(0, 0)]
        expected = model.score([(RAIN, GUITAR), (A, B)], scorer=rerank or "cosine", chunk="sentences")
        scores = {(row, each.index): each.score for row, found in enumerate(ranked) for each in found}
        np.testing.assert_allclose([scores[0, 0], scores[1, 1]], expected, atol=1e-6)
    assert model.rank(A, [], chunk="sentences") == []
    assert model.rank([], [A], chunk=8) == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model: model.score([(A, B)], chunk="words"), "^chunk is 'words'; .* was expected"),
        (
            lambda model: model.score([(A, B)], chunk=0),
            '^chunk is 0; "sentences", or a window of 1 to 126 tokens, two of',
        ),
        (lambda model: model.score([(A, B)], chunk=127), "^chunk is 127; .* 1 to 126 tokens, .* fit into max_length"),
        (lambda model: model.score([(A, B)], chunk=7, max_length=16), "^chunk is 7; .* a window of 1 to 6 tokens"),
        (lambda model: model.score([(A, B)], chunk=True), "^chunk is True; "),
        (lambda model: model.score([(A, B)], chunk=8.0), r"^chunk is 8\.0; "),
        (lambda model: model.score_parts(A, B, chunk=None), "^chunk is None; "),
        (lambda model: model.score_parts(A, " "), "^sentence B is empty; write at least one word"),
        (lambda model: model.score_parts(3, B), "^sentence A is int 3; a string was expected"),
        (lambda model: model.score_parts(A, B, scorer="x"), "^scorer is 'x'; known are cosine"),
        (lambda model: model.score_parts(A, B, max_length=3), "^max_length is 3; "),
        (lambda model: model.score_parts(A, B, max_passes=0), "^max_passes is 0; a whole number from 1 on"),
        (lambda model: model.score([(A, B), (A, None)], chunk=8), "^pair 2, sentence B is NoneType None; a string was"),
        (lambda model: model.rank(A, [B, ""], chunk=8), "^sentence 2 is empty; write at least one word"),
        (lambda model: model.rank("", [B], chunk=8), "^the query is empty; write at least one word"),
        (lambda model: model.rank(A, [B], chunk="x"), "^chunk is 'x'; "),
        (lambda model: model.rank(A, np.ones((1, 384), np.float32), chunk=8), "^chunk splits texts; give it these in"),
    ],
)
def test_what_cannot_be_split_is_named(
    model: SimilarityModel, call: Callable[[SimilarityModel], Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        call(model)


def test_parts_that_take_many_passes_are_refused_until_the_limit_is_lifted(
    model: SimilarityModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "It rains. " * 101
    told = "^nli of 101 × 101 parts takes 10,201 passes of the encoder; max_passes is 10,000: take longer parts"
    with pytest.raises(InputError, match=told):
        model.score([(long, long)], scorer="nli", chunk="sentences")
    with pytest.raises(InputError, match=r"^nli of 101 × 101 parts takes 10,201 passes of the encoder"):
        model.rank(long, ["It rains.", long], scorer="nli", chunk="sentences")
    with pytest.raises(InputError, match=r"^nli of 3 × 2 parts takes 6 passes of the encoder; max_passes is 5: take"):
        model.score_parts(A, B, scorer="nli", max_passes=5)
    assert model.score_parts(A, B, scorer="nli", max_passes=None).score == model.score_parts(A, B, scorer="nli").score
    assert model.score([(long, long)], chunk="sentences")[0] == pytest.approx(1, abs=1e-5)  # apart, it is 202
    monkeypatch.setattr(passes, "_BLOCK", 2)
    monkeypatch.setattr(passes, "_PACKED", 4)
    for scorer in ("alignment", "combined"):
        assert model.score([(A, B)], scorer=scorer, chunk=8).shape == (1,)
