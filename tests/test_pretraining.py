"""Pre-training: a BERT from text alone, its start from word vectors exact, its numbers the same after a kill."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers
from safetensors.numpy import load_file

import bertsim
from bertsim.checkpoint import fill_encoder, tensor_shapes
from bertsim.cli import main
from bertsim.cli.output import Stopped
from bertsim.config import BertConfig
from bertsim.encoder import BertEncoder
from bertsim.errors import CheckpointError, DataError, InputError
from bertsim.pretraining import bag, loop, run
from bertsim.pretraining.batches import bucket_lengths, cut_epoch
from bertsim.pretraining.corpus import (
    Corpus,
    TextSource,
    count_ids,
    parse_text,
    read_corpus,
    read_lines,
    sample_lines,
)
from bertsim.pretraining.from_words import bert_tensors, embedding_rows, largest_dim
from bertsim.pretraining.loop import rate_at
from bertsim.pretraining.masking import MaskedBatch, MaskRules, mask_batch
from bertsim.pretraining.model import MaskedLanguageModel, fill_head, first_head, first_tensors
from bertsim.pretraining.plan import Budget, PretrainPlan, parse_budget
from bertsim.pretraining.vocabulary import (
    SPECIALS,
    TYPESET,
    pieces,
    read_vocabulary,
    special_ids,
    train_vocabulary,
)
from bertsim.pretraining.word_vectors import (
    count_neighbours,
    factorise,
    learn_vectors,
    positive_pmi,
    rarity,
)
from tests.checkpoints import VOCABULARY, make_checkpoint

ROOT = Path(__file__).parent.parent
SIZE = 130
HEAD = (
    "bias",
    "transform.dense.weight",
    "transform.dense.bias",
    "transform.LayerNorm.weight",
    "transform.LayerNorm.bias",
)
ANIMALS, FOODS = ("cat", "dog", "horse", "bird"), ("bread", "soup", "rice", "cheese")


def sentences(n: int, seed: int = 0) -> list[str]:
    """Animals do one kind of thing, foods another."""
    random = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        if random.random() < 0.5:
            verb = random.choice(["runs", "sleeps", "jumped", "playing"])
            made.append(f"the {random.choice(ANIMALS)} {verb} in the green garden")
        else:
            verb = random.choice(["cooked", "eaten", "served", "warm"])
            made.append(f"fresh {random.choice(FOODS)} is {verb} on a white plate today")
    return made


def write_text(path: Path, n: int = 400, seed: int = 0) -> Path:
    path.write_text("\n".join(sentences(n, seed)) + "\n", encoding="utf-8")
    return path


def corpus_of(*rows: list[int], weights: tuple[float, ...] | None = None) -> Corpus:
    starts = np.cumsum([0, *map(len, rows)])
    return Corpus(np.concatenate(rows).astype(np.int32), starts, np.float32(weights or [1] * len(rows)), 0)


# Vocabulary and text


def test_a_vocabulary_has_its_size_bert_s_special_tokens_and_reads_what_it_learned():
    fast = train_vocabulary(lambda: sentences(200), SIZE)
    assert fast.get_vocab_size() == SIZE == len(pieces(fast))
    assert pieces(fast)[:5] == list(SPECIALS)
    assert fast.encode("The CAT runs", "fresh soup").tokens == [
        *("[CLS]", "the", "cat", "runs", "[SEP]", "fresh", "soup", "[SEP]")
    ]
    typed = fast.encode("[MASK]", add_special_tokens=False).ids
    assert special_ids(fast)["[MASK]"] not in typed


def test_marks_of_typesetting_that_the_text_lacks_stand_for_the_plain_ones(tmp_path: Path):
    plain = [f'{line}. it isn\'t - so "they" say' for line in sentences(200)]
    fast = train_vocabulary(lambda: plain, SIZE + 10)
    assert pieces(fast)[-len(TYPESET) :] == list(TYPESET)
    curly = [line.replace("'", "\u2019") for line in plain]
    assert "'" not in pieces(train_vocabulary(lambda: curly, SIZE + 10))
    (tmp_path / "text.txt").write_text("\n".join(plain))
    options = {"budget": "0 steps", "vocab_size": str(SIZE + 10)}
    assert main(words(tmp_path, "typeset", "--start", "words", **options)) == 0
    model = bertsim.load(tmp_path / "typeset", engine="tensorflow")
    pair = ("it isn\u2019t \u2014 so \u201cthey\u201d say\u2026", 'it isn\'t - so "they" say.')
    assert model.score([pair])[0] == pytest.approx(1, abs=1e-6)


def test_the_same_text_gives_the_same_vocabulary():
    assert pieces(train_vocabulary(lambda: sentences(200), SIZE)) == pieces(
        train_vocabulary(lambda: sentences(200), SIZE)
    )


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (5000, r"--vocab-size is 5,000, but the text has \d+ different pieces .*; give more text"),
        (10, "--vocab-size is 10; at least 64 was expected"),
    ],
)
def test_a_vocabulary_that_the_text_cannot_fill_is_refused(size: int, message: str):
    with pytest.raises(InputError, match=message):
        train_vocabulary(lambda: sentences(200), size)


def test_a_folder_without_bert_s_special_tokens_is_no_vocabulary(tmp_path: Path):
    with pytest.raises(CheckpointError, match=r"is no folder; a folder with a tokenizer\.json"):
        read_vocabulary(tmp_path / "none")
    fast = train_vocabulary(lambda: sentences(200), SIZE)
    (tmp_path / "tokenizer.json").write_text(fast.to_str().replace("[MASK]", "[HIDE]"))
    with pytest.raises(CheckpointError, match=r"the tokenizer has no \[MASK\]"):
        read_vocabulary(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"text\.txt does not exist"),
        (b"\n \n", r"text\.txt is empty; give plain text"),
        (b"fine\n\x00\x01\x02\n", r"text\.txt:2 is no text: it has a NUL byte"),
        (b"fine\n\xff\xd8\xff\n", r"text\.txt:2 is no text: byte 1 of the line, 0xff, is not UTF-8"),
    ],
)
def test_a_file_that_is_no_text_is_named(tmp_path: Path, content: bytes | None, message: str):
    path = tmp_path / "text.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        list(read_lines(path))


def test_a_weight_stands_behind_the_file(tmp_path: Path):
    assert parse_text("a.txt=0.25") == TextSource("a.txt", 0.25)
    odd = write_text(tmp_path / "a=b.txt", 3)
    assert parse_text(str(odd)) == TextSource(str(odd), 1.0)
    with pytest.raises(InputError, match="'much' is no weight"):
        parse_text("a.txt=much")
    with pytest.raises(InputError, match="the weight is 0; a number above 0"):
        parse_text("a.txt=0")


def test_lines_come_as_often_as_their_weight_says(tmp_path: Path):
    path = str(write_text(tmp_path / "a.txt", 400))
    assert len(list(sample_lines([TextSource(path, 2)], 0))) == 800
    assert len(list(sample_lines([TextSource(path, 0.25)], 0))) == pytest.approx(100, abs=30)


def test_no_token_is_lost_and_a_hundredth_is_held_out(tmp_path: Path):
    path = str(write_text(tmp_path / "a.txt", 400))
    fast = train_vocabulary(lambda: sentences(200), SIZE)
    learned, held = read_corpus([TextSource(path)], fast, 8, 0)
    assert len(held) == round(0.01 * (len(held) + len(learned)))
    assert max(learned.lengths.max(), held.lengths.max()) == 6
    everything = [i for e in fast.encode_batch(sentences(400), add_special_tokens=False) for i in e.ids]
    assert sorted(np.concatenate([learned.ids, held.ids])) == sorted(everything)
    assert count_ids(learned, SIZE).sum() == len(learned.ids)


def test_one_line_alone_cannot_be_learned_from(tmp_path: Path):
    path = write_text(tmp_path / "a.txt", 1)
    with pytest.raises(DataError, match="the text has one line; at least two"):
        read_corpus([TextSource(str(path))], train_vocabulary(lambda: sentences(200), SIZE), 128, 0)


# Word vectors


def test_neighbours_count_by_distance_and_weight_and_never_across_sentences():
    counts = count_neighbours(corpus_of([7, 8, 9], [9, 7], weights=(1, 0.5)), 10, window=2).toarray()
    expected = np.zeros((10, 10))
    expected[7, 8] = expected[8, 9] = 1
    expected[7, 9] = 0.5 + 0.5
    np.testing.assert_allclose(counts, expected + expected.T)


def test_pmi_is_what_its_formula_says():
    counts = count_neighbours(corpus_of([0, 1], [0, 1], [2, 3]), 4, window=1)
    pmi = positive_pmi(counts, smoothing=1).toarray()
    np.testing.assert_allclose(pmi[0, 1], np.log((2 / 6) / (2 / 6) ** 2), rtol=1e-6)
    np.testing.assert_allclose(pmi[2, 3], np.log((1 / 6) / (1 / 6) ** 2), rtol=1e-6)
    assert pmi[0, 2] == 0


def test_a_factorisation_gives_the_matrix_back_and_the_same_signs():
    counts = count_neighbours(corpus_of([0, 1, 2], [3, 4, 0], [1, 4]), 6)
    matrix = positive_pmi(counts)
    vectors = factorise(matrix, 3, seed=0, power=1.0)
    np.testing.assert_allclose(
        np.linalg.norm(vectors, axis=0), np.linalg.svd(matrix.toarray())[1][:3], rtol=1e-5
    )
    np.testing.assert_array_equal(vectors, factorise(matrix, 3, seed=0, power=1.0))
    with pytest.raises(InputError, match="word vectors of 6 values were asked for; 1 to 5"):
        factorise(matrix, 6, seed=0)


def test_rare_words_weigh_more():
    np.testing.assert_allclose(rarity(np.array([1.0, 999.0]), 0.001), [0.5, 0.001 / 1.0], rtol=1e-2)


def test_words_in_the_same_company_are_neighbours(tmp_path: Path):
    path = str(write_text(tmp_path / "a.txt"))
    fast = train_vocabulary(lambda: sentences(400), SIZE)
    learned, _ = read_corpus([TextSource(path)], fast, 128, 0)
    words = learn_vectors(learned, SIZE, 16, seed=0)
    cat, dog, soup = (words.vectors[fast.token_to_id(w)] for w in ("cat", "dog", "soup"))
    assert cat @ dog > cat @ soup + 0.3
    np.testing.assert_allclose(np.linalg.norm(words.vectors, axis=1), 1, rtol=1e-5)


# A bag of word vectors is a BERT


@pytest.mark.parametrize("carriers", [2, 8])
def test_mean_pooling_of_the_bert_is_the_weighted_bag(carriers: int):
    random = np.random.default_rng(0)
    config = BertConfig(50, 32, 3, 4, 64, max_position_embeddings=16)
    weighted = random.normal(size=(50, largest_dim(32, carriers))).astype(np.float32)
    weighted *= random.random((50, 1)).astype(np.float32)
    weighted[:5] = 0
    rows, scale = embedding_rows(weighted, 32, carriers)
    bert = BertEncoder(config, has_pooler=False)
    fill_encoder(bert, bert_tensors(rows, config, 0, carriers, mixed=0))
    ids = random.integers(5, 50, (4, 9)).astype(np.int32)
    ids[:, 0], ids[:, -1] = 2, 3
    ones = np.ones_like(ids)
    hidden = bert(ids, ones, 0 * ones)["last_hidden_state"].numpy()
    bag = scale * weighted[ids].sum(axis=1) / 9
    pooled = hidden.mean(axis=1)
    np.testing.assert_allclose(pooled @ pooled.T, bag @ bag.T, atol=1e-4 * np.abs(bag @ bag.T).max())
    np.testing.assert_array_equal(pooled[:, -carriers:], 0)
    np.testing.assert_allclose((rows**2).sum(axis=1), 32, rtol=1e-5)

    def directions(vectors):
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    fill_encoder(bert, bert_tensors(rows, config, 0, carriers))  # and the first layer brings the bag to [CLS]
    hidden = bert(ids, ones, 0 * ones)["last_hidden_state"].numpy()
    bag = directions(bag) @ directions(bag).T
    cls, pooled = directions(hidden[:, 0]), directions(hidden.mean(axis=1))
    np.testing.assert_allclose(cls @ cls.T, bag, atol=1e-4)
    np.testing.assert_allclose(pooled @ pooled.T, bag, atol=0.1)


def test_the_longest_word_vectors_are_shortened_where_asked_for():
    weighted = np.ones((100, 4), np.float32)
    weighted[7] *= 50
    rows, scale = embedding_rows(weighted, 16, keep=0.9)
    lengths = np.linalg.norm(rows[:, :-2], axis=1)
    np.testing.assert_allclose(lengths, 0.97 * 4, rtol=1e-5)
    assert scale == pytest.approx(0.97 * 4 / 2)


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((9, 14), {}, "word vectors have 14 values, and a hidden size of 16 has room for 13"),
        ((9, 4), {"carriers": 3}, "carriers is 3; an even number of at least 2"),
        ((0, 4), {}, "every word vector is 0"),
    ],
)
def test_word_vectors_that_cannot_be_a_bert_are_refused(
    shape: tuple[int, int], options: dict[str, int], message: str
):
    with pytest.raises(InputError, match=message):
        embedding_rows(np.ones(shape, np.float32), 16, **options)


# Masks and batches


def rules(*, whole_words: bool = False, share: float = 0.15) -> MaskRules:
    continues = np.zeros(100, bool)
    continues[50:] = True
    return MaskRules(4, np.arange(5, 100, dtype=np.int32), continues, share, whole_words)


def masked(ids: np.ndarray, lengths: list[int], of: MaskRules, seed: int = 0) -> MaskedBatch:
    return mask_batch(ids, np.array(lengths), of, np.random.default_rng(seed))


def test_masks_hide_the_share_ten_percent_of_it_behind_other_words_and_never_special_tokens():
    random = np.random.default_rng(1)
    ids = random.integers(5, 50, (400, 42)).astype(np.int32)
    ids[:, 0], ids[:, 30], ids[:, 31:] = 2, 3, 0
    batch = masked(ids, [31] * 400, rules())
    asked = batch.weights > 0
    assert asked.sum() == 400 * round(0.15 * 29)
    assert len(batch.positions) == 400 * round(0.15 * 40)
    where = batch.positions[asked]
    np.testing.assert_array_equal(batch.targets[asked], ids.ravel()[where])
    assert set(where % 42) <= set(range(1, 30))
    shown = batch.input_ids.ravel()[where]
    assert (shown == 4).mean() == pytest.approx(0.8, abs=0.03)
    assert (shown == batch.targets[asked]).mean() == pytest.approx(0.1, abs=0.03)
    untouched = np.setdiff1d(np.arange(ids.size), where)
    np.testing.assert_array_equal(batch.input_ids.ravel()[untouched], ids.ravel()[untouched])
    np.testing.assert_array_equal(batch.attention_mask.sum(axis=1), 31)


def test_the_same_seed_gives_the_same_masks_and_another_gives_others():
    ids = np.random.default_rng(1).integers(5, 50, (8, 20)).astype(np.int32)
    one, same, other = (masked(ids, [20] * 8, rules(), seed).input_ids for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_a_row_that_fills_the_batch_is_asked_for_nothing():
    batch = masked(np.zeros((2, 10), np.int32), [0, 0], rules())
    assert not batch.weights.any()
    assert not batch.attention_mask.any()


def test_whole_words_are_hidden_with_all_their_pieces():
    ids = np.tile(np.array([2, 10, 60, 61, 11, 12, 62, 13, 14, 15, 16, 3], np.int32), (200, 1))
    words = [{1, 2, 3}, {4}, {5, 6}, {7}, {8}, {9}, {10}]
    batch = masked(ids, [12] * 200, rules(whole_words=True, share=0.4))
    where = batch.positions[batch.weights > 0]
    hidden = [set(where[where // 12 == row] % 12) for row in range(200)]
    assert all(word <= row or not word & row for row in hidden for word in words)
    assert any({1, 2, 3} <= row for row in hidden)
    assert all(1 <= len(row) <= 4 for row in hidden)


def test_an_epoch_has_every_sentence_as_often_as_its_weight_says_in_few_shapes():
    rows = [list(range(5, 5 + n)) for n in np.random.default_rng(0).integers(1, 40, 300)]
    corpus = corpus_of(*rows, weights=tuple([2.0] * 150 + [0.5] * 150))
    batches = cut_epoch(corpus, 64, 256, seed=0, epoch=0)
    seen = np.bincount(np.concatenate([batch.chosen for batch in batches]), minlength=300)
    assert set(seen[:150]) == {2}
    assert set(seen[150:]) == {0, 1}
    assert seen[150:].mean() == pytest.approx(0.5, abs=0.15)
    assert {batch.length for batch in batches} <= set(bucket_lengths(64))
    for batch in batches:
        assert batch.rows * batch.length <= 256
        assert len(batch.chosen) <= batch.rows
        assert (corpus.lengths[batch.chosen] + 2 <= batch.length).all()
    again, other = (cut_epoch(corpus, 64, 256, seed=0, epoch=epoch) for epoch in (0, 1))
    assert all((a.chosen == b.chosen).all() for a, b in zip(batches, again, strict=True))
    assert any((a.chosen[:1] != b.chosen[:1]).any() for a, b in zip(batches, other, strict=False))


# The run


def words(folder: Path, output: str, *more: str, text: str = "text.txt", **changed: str) -> list[str]:
    path = folder / text
    if not path.exists() and text == "text.txt":
        write_text(path)
    options = {
        "budget": "12 steps",
        "vocab-size": str(SIZE),
        "hidden-size": "32",
        "layers": "2",
        "intermediate-size": "48",
        "max-length": "24",
        "batch-tokens": "256",
        "precision": "float32",
    } | {key.replace("_", "-"): value for key, value in changed.items()}
    listed = [word for key, value in options.items() if value for word in (f"--{key}", value)]
    return ["pretrain", "--text", str(path), *listed, "--output", str(folder / output), *more]


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("20m", Budget(seconds=1200)),
        ("1.5h", Budget(seconds=5400)),
        ("90s", Budget(seconds=90)),
        ("5000 steps", Budget(steps=5000)),
    ],
)
def test_a_budget_is_a_time_or_a_number_of_steps(text: str, budget: Budget):
    assert parse_budget(text) == budget
    assert budget.used(2500, 45) == (0.5 if budget.steps else 45 / budget.seconds)
    assert budget.used(9000, 9000) == 1


def test_the_learning_rate_rises_and_falls():
    assert [rate_at(used, 0.1) for used in (0.05, 0.1, 0.55, 1.0)] == pytest.approx([0.5, 1, 0.5, 0.001])


def test_a_run_that_is_killed_goes_on_to_the_same_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert main(words(tmp_path, "whole")) == 0
    monkeypatch.setattr(loop, "POINTS", 4)
    steps = []

    def stop(model: Any, batch: Any, rate: float, step: int) -> float:
        if step == 7:
            raise RuntimeError("killed")
        steps.append(step)
        return learn(model, batch, rate, step)

    learn = loop._learn
    monkeypatch.setattr(loop, "_learn", stop)
    with pytest.raises(RuntimeError, match="killed"):
        main(words(tmp_path, "part"))
    assert not (tmp_path / "part" / "model.safetensors").exists()
    assert main(words(tmp_path, "part")) == 2
    assert main(words(tmp_path, "part", "--resume", learning_rate="0.1")) == 2
    monkeypatch.setattr(loop, "_learn", lambda *given: steps.append(given[3]) or learn(*given))
    assert main(words(tmp_path, "part", "--resume")) == 0
    assert steps == [0, 1, 2, 3, 4, 5, 6, *range(6, 12)]  # the record was of step 6
    whole, part = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "part"))
    assert all((whole[name] == part[name]).all() for name in whole)
    figures = [json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("whole", "part")]
    assert figures[0]["held_out_loss"] == figures[1]["held_out_loss"]
    assert figures[0]["tokens"] == figures[1]["tokens"]


def test_a_signal_that_a_callback_swallowed_still_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def learn(model: Any, batch: Any, rate: float, step: int) -> float:
        if step == 2:
            with contextlib.suppress(Stopped):  # as the garbage collector does
                signal.raise_signal(signal.SIGINT)
        return loop_learn(model, batch, rate, step)

    loop_learn = loop._learn
    monkeypatch.setattr(loop, "_learn", learn)
    assert main(words(tmp_path, "stopped")) == 130
    said = capsys.readouterr().err
    assert "stopped; the record is in" in said
    assert "step 3:" not in said
    monkeypatch.undo()
    assert main(words(tmp_path, "stopped", "--resume")) == 0


def test_what_comes_out_is_an_ordinary_bert_with_a_head(tmp_path: Path):
    assert main(words(tmp_path, "bert", "--whole-words", precision="bfloat16")) == 0
    folder = tmp_path / "bert"
    names = set(load_file(folder / "model.safetensors"))
    assert {f"cls.predictions.{name}" for name in HEAD} <= names
    rest = {name for name in names if not name.startswith("cls.")}
    assert rest == {
        f"bert.{name}" for name in tensor_shapes(BertConfig.from_folder(folder), with_pooler=False)
    }
    assert json.loads((folder / "config.json").read_text())["architectures"] == ["BertForMaskedLM"]
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["steps"] == 12
    assert metrics["history"][-1]["held_out"] < metrics["history"][0]["held_out"]
    assert (folder / "curve.png").stat().st_size > 5000
    assert "text.txt" in (folder / "README.md").read_text()
    assert (folder / "vocab.txt").read_text().split("\n")[:5] == list(SPECIALS)
    assert transformers.BertTokenizer.from_pretrained(folder).tokenize("The cat runs") == [
        "the",
        "cat",
        "runs",
    ]
    model = bertsim.load(folder, engine="tensorflow")
    assert np.isfinite(model.score([("the cat runs", "fresh soup")])).all()
    assert not (folder / ".run").exists()


def test_word_vectors_make_a_bert_that_compares_at_once_and_another_run_goes_on_from_it(tmp_path: Path):
    assert main(words(tmp_path, "bag", "--start", "words", budget="0 steps")) == 0
    model = bertsim.load(tmp_path / "bag", engine="tensorflow")
    near, far = model.score([("the cat", "the dog"), ("the cat", "fresh soup")])
    assert near > far + 0.2
    more = words(tmp_path, "more", "--encoder", str(tmp_path / "bag"), vocab_size="", budget="4 steps")
    assert main(more) == 0
    assert (tmp_path / "more" / "vocab.txt").read_text() == (tmp_path / "bag" / "vocab.txt").read_text()
    again = words(tmp_path, "again", "--tokenizer", str(tmp_path / "more"), vocab_size="", budget="1 steps")
    assert main(again) == 0


def test_a_head_with_the_layer_norm_names_of_old_goes_on_too(tmp_path: Path):
    today, old = (
        make_checkpoint(tmp_path / str(is_old), prefix="bert.", pretraining_heads=True, gamma_beta=is_old)
        for is_old in (False, True)
    )
    table = np.zeros((len(VOCABULARY), 48), np.float32)
    like = first_head(table, np.ones(len(table)), 0)
    found = run._head_of(old, like)
    assert found.keys() == like.keys()
    for name, tensor in run._head_of(today, like).items():
        np.testing.assert_array_equal(found[name], tensor)


def test_a_vocabulary_whose_ids_have_a_gap_is_pretrained_to_its_end(tmp_path: Path):
    folder = make_checkpoint(tmp_path / "gap")
    described = json.loads((folder / "tokenizer.json").read_text())
    del described["model"]["vocab"]["guitar"]
    (folder / "tokenizer.json").write_text(json.dumps(described))
    given = words(tmp_path, "bert", "--tokenizer", str(folder), vocab_size="", budget="1 steps")
    assert main(given) == 0
    assert BertConfig.from_folder(tmp_path / "bert").vocab_size == len(VOCABULARY)


JAX = """
import json, sys
import numpy as np
from tests.test_pretraining import losses_of_two_steps
print("LOSSES", json.dumps(losses_of_two_steps()))
"""


def losses_of_two_steps() -> list[float]:
    """What Keras' backend at hand makes of two steps on the same batch."""
    config = BertConfig(100, 32, 2, 4, 48, 16, hidden_dropout_prob=0, attention_probs_dropout_prob=0)
    model = MaskedLanguageModel(config)
    tensors = first_tensors(config, 0)
    fill_encoder(model.encoder, tensors)
    fill_head(model, first_head(tensors["embeddings.word_embeddings.weight"], np.ones(100), 0))
    ids = np.random.default_rng(0).integers(5, 100, (6, 16)).astype(np.int32)
    model.compile(optimizer=loop.make_optimizer(PretrainPlan((TextSource("x"),), Budget(1), vocab_size=100)))
    batch = masked(ids, [16, 16, 12, 9, 16, 0], rules())
    return [loop._learn(model, batch, 1e-2, step) for step in range(2)]


def test_a_step_gives_the_same_loss_on_tensorflow_and_jax():
    done = subprocess.run(
        [sys.executable, "-c", JAX],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.partition("LOSSES")[2])
    expected = losses_of_two_steps()
    assert expected[1] < expected[0]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"text": "none.txt"}, "none.txt is no file"),
        ({"text": "empty.txt"}, "empty.txt is empty"),
        ({"text": "binary.txt"}, "binary.txt:1 is no text"),
        ({"vocab_size": "4000"}, "--vocab-size is 4,000, but the text has"),
        ({"vocab_size": ""}, "where does the vocabulary come from?"),
        ({"hidden_size": "30"}, "hidden_size 30 is not a multiple of num_attention_heads 4"),
        ({"budget": "soon"}, "--budget is 'soon'; a time (20m, 2h, 90s) or '5000 steps'"),
        ({"budget": "0m"}, "--budget is '0m'; a time above 0"),
        ({"budget": "2.5 steps"}, "--budget is '2.5 steps'; a whole number of steps"),
        ({"learning_rate": "0"}, "learning_rate is 0.0; a number from 0 to 1"),
        ({"batch_tokens": "20"}, "batch_tokens is 20; room for one row of 24"),
        ({"layers": "0"}, "num_hidden_layers is 0; at least 1"),
        ({"encoder": "nowhere", "vocab_size": ""}, "--encoder nowhere is no folder"),
    ],
)
def test_bad_words_are_one_sentence_and_leave_nothing_half_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, str], message: str
):
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "binary.txt").write_bytes(bytes(range(256)))
    assert main(words(tmp_path, "out", **changed)) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert message in last
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    assert main(words(tmp_path, "full")) == 2
    assert "full exists and is not an empty folder" in capsys.readouterr().err
    assert main(words(tmp_path, "new", "--resume")) == 2
    assert "new holds no run to resume" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["letter.txt"]


def odd_pairs(folder: Path) -> list[str]:
    """The words that tune word vectors on pairs which no text would bring together."""
    rows = [f"the {a} runs\tfresh {f} is served" for a, f in zip(ANIMALS, FOODS, strict=True)] * 20
    (folder / "odd.tsv").write_text("\n".join(["sentence1\tsentence2", *rows]))
    pairs = folder / "pairs.toml"
    pairs.write_text(
        '[bag]\nsteps = 60\nbatch = 16\nlearning_rate = 0.02\n[[pairs]]\npath = "odd.tsv"\nkind = "positives"\n'
    )
    return ["--start", "words", "--pairs", str(pairs), "--data-root", str(folder)]


def test_a_run_that_is_killed_among_the_pairs_goes_on_to_the_same_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    more = odd_pairs(tmp_path)
    assert main(words(tmp_path, "whole", *more, budget="0 steps")) == 0
    monkeypatch.setattr(bag, "SAVE_SECONDS", 0.0)
    rate = bag._rate

    def stop(step: int, *given: Any) -> float:
        if step == 20:
            raise RuntimeError("killed")
        return rate(step, *given)

    monkeypatch.setattr(bag, "_rate", stop)
    with pytest.raises(RuntimeError, match="killed"):
        main(words(tmp_path, "part", *more, budget="0 steps"))
    steps: list[int] = []
    monkeypatch.setattr(bag, "_rate", lambda step, *given: steps.append(step) or rate(step, *given))
    monkeypatch.delattr(run, "learn_vectors")  # words and vocabulary are not learned again
    monkeypatch.delattr(run, "train_vocabulary")
    assert main(words(tmp_path, "part", "--resume", *more, budget="0 steps", vocab_size="80")) == 2
    assert "another vocab_size" in capsys.readouterr().err
    assert main(words(tmp_path, "part", "--resume", *more, budget="0 steps")) == 0
    assert steps == list(range(20, 60))
    whole, part = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "part"))
    assert all((whole[name] == part[name]).all() for name in whole)


def test_pairs_tune_the_word_vectors_before_they_become_a_bert(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    more = odd_pairs(tmp_path)
    assert main(words(tmp_path, "tuned", *more, budget="0 steps")) == 0
    assert "60 steps on pairs" in capsys.readouterr().err
    model = bertsim.load(tmp_path / "tuned", engine="tensorflow")
    own, other = model.score(
        [("the cat runs", "fresh bread is served"), ("the cat runs", "fresh rice is served")]
    )
    assert own > other + 0.2
    assert "odd.tsv" in (tmp_path / "tuned" / "README.md").read_text()
    assert str(tmp_path) not in (tmp_path / "tuned" / "metrics.json").read_text()


@pytest.mark.parametrize(
    ("content", "start", "message"),
    [
        ("[bag]\nsteps = 1", "words", "pairs.toml has no [[pairs]]"),
        ('[bag]\nstep = 1\n[[pairs]]\npath = "x"', "words", "pairs.toml: bag has no step; known are steps"),
        (
            '[bag]\nsteps = "1"\n[[pairs]]\npath = "x"',
            "words",
            "pairs.toml: steps is '1'; a number was expected",
        ),
        ('[[pairs]]\npath = "x.tsv"', "words", "x.tsv is no file"),
        ('[[pairs]]\npath = "x.tsv"', "random", "--pairs tunes word vectors; it goes with --start words"),
    ],
)
def test_pairs_that_cannot_be_used_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, start: str, message: str
):
    (tmp_path / "pairs.toml").write_text(content)
    more = ["--start", start, "--pairs", str(tmp_path / "pairs.toml"), "--data-root", str(tmp_path)]
    assert main(words(tmp_path, "out", *more)) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
