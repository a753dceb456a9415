"""Pre-training: a BERT from text alone, its start from word vectors exact, its numbers the same after a kill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bertsim.checkpoint import fill_encoder
from bertsim.config import BertConfig
from bertsim.encoder import BertEncoder
from bertsim.errors import CheckpointError, DataError, InputError
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
from bertsim.pretraining.vocabulary import (
    SPECIALS,
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

SIZE = 130
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
    fill_encoder(bert, bert_tensors(rows, config, 0, carriers))
    ids = random.integers(5, 50, (4, 9)).astype(np.int32)
    ids[:, 0], ids[:, -1] = 2, 3
    ones = np.ones_like(ids)
    hidden = bert(ids, ones, 0 * ones)["last_hidden_state"].numpy()
    bag = scale * weighted[ids].sum(axis=1) / 9
    pooled = hidden.mean(axis=1)
    np.testing.assert_allclose(pooled @ pooled.T, bag @ bag.T, atol=1e-4 * np.abs(bag @ bag.T).max())
    np.testing.assert_array_equal(pooled[:, -carriers:], 0)
    np.testing.assert_allclose((rows**2).sum(axis=1), 32, rtol=1e-5)


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
