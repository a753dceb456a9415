"""The bag: its gradients are those of its losses, and pairs bring together what they say belongs together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer as FastTokenizer

from bertsim.errors import DataError, InputError
from bertsim.pretraining.bag import BagPlan, order_loss, partners_loss, train_bag
from bertsim.pretraining.pair_sets import PairSets, PairSource, Sentences, read_pair_list, read_pair_sets
from bertsim.pretraining.vocabulary import train_vocabulary
from bertsim.training.data_source import Source

PAIRS = """sentence1\tsentence2\tlabel
a dog runs\tthe hound races\tentailment
a dog runs\ta cat sleeps\tcontradiction
two men sing\tmen are singing\tentailment
the car is red\tthe car is blue\tcontradiction
she eats an apple\tthe girl has fruit\tneutral
"""
GRADES = """sentence1\tsentence2\tscore
a dog runs\tthe hound races\t5
two men sing\tmen are singing\t4
the car is red\tthe car is blue\t2
a dog runs\tthe car is blue\t0
"""


@pytest.fixture
def tokenizer() -> FastTokenizer:
    lines = [cell for row in (PAIRS + GRADES).splitlines() for cell in row.split("\t")[:2]]
    return train_vocabulary(lambda: iter(lines * 3), 90)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "nli.tsv").write_text(PAIRS, encoding="utf-8")
    (tmp_path / "grades.tsv").write_text(GRADES, encoding="utf-8")
    return tmp_path


def sources(folder: Path) -> list[PairSource]:
    graded = Source(str(folder / "grades.tsv"), "graded", scale=(0.0, 5.0))
    inference = Source(str(folder / "nli.tsv"), "inference", weight=2.0)
    return [PairSource(inference), PairSource(graded, least=4.0), PairSource(graded)]


def units(count: int, dim: int = 5, seed: int = 0) -> np.ndarray:
    x = np.random.default_rng(seed).normal(size=(count, dim))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def slopes(function, x: np.ndarray) -> np.ndarray:
    """The gradient of `function`, by differences."""
    found = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        for sign in (1, -1):
            moved = x.copy()
            moved[place] += sign * 1e-4
            found[place] += sign * function(moved) / 2e-4
    return found


@pytest.mark.parametrize("which", [0, 1, 2])
def test_partners_have_the_gradient_of_their_loss(which):
    parts = [units(4, seed=1), units(4, seed=2), units(2, seed=3)]
    same = np.zeros((4, 4), bool)
    same[0, 2] = same[3, 1] = True

    def loss(x: np.ndarray) -> float:
        return partners_loss(*[x if i == which else part for i, part in enumerate(parts)], same.copy(), 10.0)[
            0
        ]

    gradient = partners_loss(*parts, same, 10.0)[1 + which]
    assert np.abs(gradient).max() > 0.05
    np.testing.assert_allclose(gradient, slopes(loss, parts[which]), atol=1e-4)


def test_partners_alone_lose_nothing_and_partners_apart_lose_much():
    one, other = units(1), units(1, seed=4)
    assert partners_loss(one, other, one[:0], np.zeros((1, 1), bool), 10.0)[0] == pytest.approx(0, abs=1e-6)
    pair = np.eye(2)
    wrong = partners_loss(pair, pair[::-1], pair[:0], np.zeros((2, 2), bool), 10.0)[0]
    right = partners_loss(pair, pair, pair[:0], np.zeros((2, 2), bool), 10.0)[0]
    assert wrong == pytest.approx(10.0, abs=0.01)
    assert right == pytest.approx(0.0, abs=0.01)


def test_an_order_has_the_gradient_of_its_loss():
    cosines = np.array([0.1, 0.4, -0.2, 0.4])
    grades = np.array([3.0, 1.0, 2.0, 5.0])
    loss, gradient = order_loss(cosines, grades, 10.0)
    assert loss > 1
    np.testing.assert_allclose(gradient, slopes(lambda x: order_loss(x, grades, 10.0)[0], cosines), atol=1e-3)
    assert order_loss(np.zeros(2), np.array([1.0, 0.0]), 10.0)[0] == pytest.approx(np.log(2))
    assert order_loss(cosines, np.ones(4), 10.0)[0] == pytest.approx(0.0)


def test_pairs_are_read_by_their_kind(files, tokenizer):
    sets = read_pair_sets(sources(files), tokenizer, 32, 0)
    inference, graded = sets.partners
    assert (len(inference.first), inference.weight, len(graded.first)) == (2, 2.0, 2)
    denied = [tokenizer.encode("a cat sleeps", add_special_tokens=False).ids, None]
    ids, starts = sets.sentences.ids, sets.sentences.starts
    for place, wanted in zip(inference.opposite, denied, strict=True):
        assert (None if place < 0 else ids[starts[place] : starts[place + 1]].tolist()) == wanted
    assert sets.orders[0].grades.tolist() == [5, 4, 2, 0]
    assert len(sets.sentences) == 9, "a sentence of two files is held once"


def test_inference_labels_are_an_order_where_it_is_asked_for(files, tokenizer):
    entries = sources(files)
    sets = read_pair_sets([*entries, replace(entries[0], order=True)], tokenizer, 32, 0)
    order = sets.orders[1]
    assert (len(sets.partners), order.name) == (2, "nli.tsv")
    assert order.grades.tolist() == [1.0, 0.0, 1.0, 0.0, 0.5], "a neutral pair is between the others"


def test_counts_are_those_of_the_sentences():
    sentences = Sentences(np.array([3, 1, 3, 0], np.int32), np.array([0, 3, 3, 4]), 5)
    counts = sentences.counts(np.array([2, 0, 1])).toarray()
    assert counts.tolist() == [[1, 0, 0, 0, 0], [0, 1, 0, 2, 0], [0, 0, 0, 0, 0]]


def cosine(sets: PairSets, rows: np.ndarray, first: int, second: int) -> float:
    a, b = sets.sentences.counts(np.array([first, second])) @ rows
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_training_brings_partners_together_and_keeps_the_order(files, tokenizer):
    sets = read_pair_sets(sources(files), tokenizer, 32, 0)
    weighted = np.random.default_rng(0).normal(size=(tokenizer.get_vocab_size(), 16)).astype(np.float32)
    before = weighted.copy()
    told: list[tuple[int, int, float]] = []
    plan = BagPlan(steps=60, graded_steps=40, batch=8, graded_batch=4, learning_rate=0.05, warm_up=5)
    rows = train_bag(weighted, sets, plan, lambda *what: told.append(what))
    assert (weighted == before).all(), "what was given is left alone"
    assert [step for step, _, _ in told] == list(range(1, 101))
    order = sets.orders[0]
    cosines = [cosine(sets, rows, a, b) for a, b in zip(order.first, order.second, strict=True)]
    assert min(cosines[:2]) > max(cosines[2:]), cosines
    opposite, premise = sets.partners[0].opposite[0], sets.partners[0].first[0]
    assert cosine(sets, rows, premise, opposite) < cosine(sets, weighted, premise, opposite)
    unseen = np.setdiff1d(np.arange(len(rows)), sets.sentences.ids)
    assert (rows[unseen] == weighted[unseen]).all()
    again = train_bag(weighted, sets, plan)
    assert (again == rows).all(), "the same seed gives the same numbers"


def test_the_graded_stage_starts_afresh(files, tokenizer):
    sets = read_pair_sets(sources(files), tokenizer, 32, 0)
    weighted = np.random.default_rng(0).normal(size=(tokenizer.get_vocab_size(), 16)).astype(np.float32)
    whole = BagPlan(steps=20, graded_steps=10, batch=8, graded_batch=4)
    first = train_bag(weighted, sets, replace(whole, graded_steps=0))
    assert (first != weighted).any()
    both = train_bag(weighted, sets, whole)
    assert (both != first).any()
    assert (both == train_bag(first, sets, replace(whole, steps=0))).all()


def test_a_list_of_pairs_is_read_from_toml(files):
    path = files / "pairs.toml"
    path.write_text(
        '[[pairs]]\npath = "grades.tsv"\nkind = "graded"\nleast = 4\nscale = [0, 5]\n', encoding="utf-8"
    )
    (entry,) = read_pair_list(path, files)
    assert (entry.least, entry.source.scale, entry.source.path) == (4, (0.0, 5.0), str(files / "grades.tsv"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[pairs]]\npath = 'x'\nleast = 'much'\n", "least is 'much'"),
        ("[[pairs]]\npath = 'x'\norder = 1\n", "order is 1; true or false"),
        ("[[pairs]]\npath = 'x'\norder = true\nleast = 2\n", "give one of them"),
        ("[[pairs]]\nfile = 'x'\n", "file is not known"),
        ("pairs = 3\n", r"no \[\[pairs\]\]"),
        ("[[pairs]\n", "is not TOML"),
    ],
)
def test_a_bad_list_is_named(tmp_path, text, message):
    path = tmp_path / "pairs.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises((DataError, InputError), match=message):
        read_pair_list(path, tmp_path)
    with pytest.raises(DataError, match=r"none\.toml cannot be read"):
        read_pair_list(tmp_path / "none.toml", tmp_path)


def test_files_without_partners_are_named(files, tokenizer):
    graded = Source(str(files / "grades.tsv"), "graded", scale=(0.0, 5.0))
    with pytest.raises(DataError, match="no file holds pairs that mean the same"):
        read_pair_sets([PairSource(graded)], tokenizer, 32, 0)
    alike = files / "alike.tsv"
    alike.write_text("sentence1\tsentence2\tlabel\na\tb\t1\nb\tc\t1\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"alike\.tsv labels all its pairs alike"):
        read_pair_sets([PairSource(Source(str(alike), "binary"), order=True)], tokenizer, 32, 0)
    with pytest.raises(InputError, match="least is 6; 0 to 5"):
        read_pair_sets([PairSource(graded, least=6)], tokenizer, 32, 0)


@pytest.mark.parametrize(
    ("name", "value"), [("steps", -1), ("batch", 1), ("learning_rate", 0.0), ("scale", float("nan"))]
)
def test_a_plan_that_cannot_be_is_named(name, value):
    with pytest.raises(InputError, match=f"{name} is {value}"):
        BagPlan(**{name: value})
