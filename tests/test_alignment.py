"""Alignment by hand, against plain loops, and the same by every way to it."""

from __future__ import annotations

import re
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bertsim import SimilarityModel
from bertsim.errors import InputError
from bertsim.records import Row
from bertsim.score.measures import align_tokens, alignment, weigh_tokens
from bertsim.views.explain import align, occlude

PAIRS = [
    ("A man is playing a guitar.", "Someone plays the guitar."),
    ("The dog bites the man.", "The man bites the dog."),
    ("A plane is taking off.", "The soup is cold and nobody in this house would ever think of eating it."),
]


def by_loops(a: np.ndarray, b: np.ndarray) -> tuple[float, float, float]:
    """BERTScore's precision, recall and F1 with squared lengths as weights, token by token."""

    def half(these: np.ndarray, those: np.ndarray) -> float:
        total = weights = 0.0
        for x in these:
            best = max(float(x @ y / np.linalg.norm(x) / np.linalg.norm(y)) for y in those)
            total, weights = total + best * float(x @ x), weights + float(x @ x)
        return max(total / weights, 0.0)

    precision, recall = half(a, b), half(b, a)
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def align_rows(a: list[np.ndarray], b: list[np.ndarray], padding: int) -> np.ndarray:
    """Precision, recall and F1 of pairs whose token vectors lie in arrays with noise for padding."""
    sides = []
    for rows in (a, b):
        shape = (len(rows), 6 + padding, rows[0].shape[1])
        vectors = np.random.default_rng(9).normal(size=shape).astype(np.float32)
        is_own = np.zeros(shape[:2], bool)
        for row, tokens in enumerate(rows):
            vectors[row, : len(tokens)] = tokens
            is_own[row, : len(tokens)] = True
        sides.append(weigh_tokens(vectors, is_own))
    return alignment(*sides)


def test_by_hand() -> None:
    a, b = np.array([[1, 0]], np.float32), np.array([[1, 0], [0, 2]], np.float32)
    np.testing.assert_allclose(align_rows([a], [b], 0), [[1, 1 / 5, 1 / 3]], atol=1e-6)


@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=4),
    st.integers(0, 3),
    st.integers(0, 99),
)
def test_as_plain_loops_at_every_padding(lengths: list[tuple[int, int]], padding: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    pairs = [[random.normal(size=(n, 3)).astype(np.float32) for n in both] for both in lengths]
    a, b = ([pair[side] for pair in pairs] for side in (0, 1))
    found = align_rows(a, b, padding)
    np.testing.assert_allclose(found, [by_loops(*pair) for pair in pairs], atol=1e-5)
    turned = align_rows(b, a, padding)
    np.testing.assert_allclose(turned[:, [1, 0, 2]], found, atol=1e-6, err_msg="A's precision is B's recall")


def test_nothing_to_align_is_zero_and_no_warning() -> None:
    vectors = np.ones((2, 3, 4), np.float32)
    vectors[0] = 0
    zero, nothing = weigh_tokens(vectors, np.array([[True] * 3, [False] * 3]))
    assert not np.any([align_tokens(zero, zero), align_tokens(nothing, nothing), align_tokens(zero, nothing)])


def test_every_way_to_it_says_the_same(model: SimilarityModel) -> None:
    at_once = model.score(PAIRS, scorer="alignment")
    beside = model.scores(PAIRS)["alignment"]
    assert beside == pytest.approx(at_once, abs=1e-5)
    for pair, score in zip(PAIRS, at_once, strict=True):
        comparison = model.compare(*pair)
        tokens = comparison.tokens
        hidden, own = comparison.output.last_hidden_state, (tokens.attention_mask == 1) & ~tokens.is_special
        assert comparison["alignment"].value == pytest.approx(
            by_loops(*(hidden[i][own[i]] for i in (0, 1)))[2], abs=1e-4
        )
        assert score == pytest.approx(comparison["alignment"].value, abs=5e-3), "batches change int8 a little"
        assert align(comparison).weighted_f1 == comparison["alignment"].value, "the view shows what was scored"


def test_precision_and_recall_are_scorers_that_are_asked_for_by_name_alone(model: SimilarityModel) -> None:
    parts = ("alignment_precision", "alignment_recall")
    assert not {*parts} & {*model.scorers, *(score.scorer for score in model.compare(*PAIRS[0]).scores)}
    found = model.scores(PAIRS, [*parts, "alignment"])
    three = model.alignment(*zip(*PAIRS, strict=True))
    for name, values in zip(found, three, strict=True):
        np.testing.assert_allclose(found[name], values, atol=1e-6)
        assert (values.dtype, values.shape) == (np.float32, (3,))
    precision, recall, f1 = three
    np.testing.assert_allclose(f1, 2 * precision * recall / (precision + recall), atol=1e-6)
    first = model.compare(*PAIRS[2], scorers=parts)
    assert [score.scorer for score in first.scores] == [*parts]
    assert first[parts[0]].value == pytest.approx(precision[2], abs=5e-3)
    assert first[parts[0]].value_reversed == pytest.approx(first[parts[1]].value, abs=1e-6)
    assert first[parts[0]].probability is None
    masked = model.rescore(first, first.tokens.attention_mask)
    assert [score.value for score in masked.scores] == [score.value for score in first.scores]


def test_of_several_references_each_of_the_three_takes_its_best(model: SimilarityModel) -> None:
    candidate, references = "A man plays.", ["A man plays the guitar on a stage.", "A man.", "It rains."]
    alone = np.stack(model.alignment([candidate] * 3, references))
    assert len({*alone[:2].argmax(axis=1)}) == 2, "precision and recall are best with different ones"
    found = model.alignment([candidate, *references], [references, *references])
    np.testing.assert_allclose([each[0] for each in found], alone.max(axis=1), atol=5e-3)
    np.testing.assert_allclose(found.f1[1:], 1, atol=1e-5)
    assert [each.shape for each in model.alignment([], [])] == [(0,)] * 3


@pytest.mark.parametrize(
    ("references", "said"),
    [
        (["x"], "references has 1 entries, 0 of them empty, for 2 candidates; one reference or more was expected for"),
        (["x", []], "references has 2 entries, 1 of them empty, for 2 candidates; one reference or more was expected"),
        ("x y", "references is one string; a list of strings was expected."),
        (["x", 3], "the entry of references for candidate 2 is int 3; a list of strings was expected."),
        (["x", ["y", " "]], "a reference of candidate 2 is empty; write at least one word."),
        (["x", ["y", None]], "a reference of candidate 2 is NoneType None; a string was expected."),
    ],
)
def test_references_that_cannot_be_used_are_named(model: SimilarityModel, references: list[str], said: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(said)}"):
        model.alignment(["a", "b"], references)
    with pytest.raises(InputError, match=r"^candidate 2 is empty; write at least one word\.$"):
        model.alignment(["a", ""], ["x", "y"])


def test_a_masked_token_counts_for_nothing(model: SimilarityModel) -> None:
    comparison = model.compare(*PAIRS[0])
    masks = np.repeat(comparison.tokens.attention_mask[None], 2, axis=0)
    masks[1, 0, 2:4] = 0
    found = model.score_masked(comparison, masks, "alignment")
    assert found[0] == pytest.approx(comparison["alignment"].value, abs=1e-4)
    assert found[1] == pytest.approx(model.rescore(comparison, masks[1])["alignment"].value, abs=1e-4)
    assert abs(found[1] - found[0]) > 0.01


def test_it_reads_the_layers_that_were_asked_for(model: SimilarityModel) -> None:
    pair = PAIRS[0]
    first = model.compare(*pair, layers=[0])
    assert first["alignment"].value == align(first, 0).weighted_f1
    scored = model.score([pair], scorer="alignment", layers=[0])[0]
    assert scored == pytest.approx(align(first, 0).weighted_f1, abs=1e-4)
    assert first["combined"].value == pytest.approx(model.compare(*pair)["combined"].value, abs=1e-6)


def test_progress_runs_from_nothing_to_all_once(model: SimilarityModel) -> None:
    told: list[float] = []
    model.scores(PAIRS, progress=lambda done, total: told.append(done / total))
    assert told == sorted(told)
    assert told[-1] == 1
    assert told[0] < 1


def test_every_scorer_together_reads_each_sentence_and_each_packed_pair_once(
    model: SimilarityModel, encoded: list[Row]
) -> None:
    together = model.scores(PAIRS)
    is_packed = [any(row.types) for row in encoded]
    assert (is_packed.count(False), is_packed.count(True)) == (2 * len(PAIRS), len(PAIRS))
    for scorer, scores in together.items():
        np.testing.assert_allclose(model.score(PAIRS, scorer=scorer), scores, atol=1e-5)


def test_a_shared_sentence_and_a_hidden_token_are_read_once(model: SimilarityModel, encoded: list[Row]) -> None:
    others = [f"Sentence number {i} is another one." for i in range(100)]
    pairs = [("A man plays the guitar.", other) for other in others]
    for scorer in ("alignment", "manhattan"):
        encoded.clear()
        model.score(pairs, scorer=scorer, layers=[-1, -2])
        assert len(encoded) == len(set(encoded)) == 101
    comparison = model.compare(*PAIRS[0])
    encoded.clear()
    occlude(comparison, "combined", partial(model.score_masked, comparison, scorer="combined"))
    assert len(encoded) == len(set(encoded)) > 20
