"""Text to `TokenBatch`: packing, truncation, spans, hostile text."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertsim.bert.config import BertConfig
from bertsim.errors import CheckpointError, InputError
from bertsim.records import Unread
from bertsim.text.tokenizer import MAX_CHARACTERS, Tokenizer
from tests.checkpoints import make_checkpoint


@pytest.fixture(scope="session")
def tokenizer(tiny_checkpoint: Path) -> Tokenizer:
    return load(tiny_checkpoint)


def load(folder: Path) -> Tokenizer:
    return Tokenizer.from_folder(folder, BertConfig.from_folder(folder))


def test_a_pair_packs_with_token_types_0_and_1(tokenizer: Tokenizer) -> None:
    batch = tokenizer.batch([("the dog", "a cat sleeps")], 16)
    assert batch.tokens == (("[CLS]", "the", "dog", "[SEP]", "a", "cat", "sleeps", "[SEP]"),)
    assert batch.token_type_ids.tolist() == [[0, 0, 0, 0, 1, 1, 1, 1]]
    assert batch.attention_mask.tolist() == [[1] * 8]
    assert batch.is_special.tolist() == [[True, False, False, True, False, False, False, True]]


def test_a_sentence_alone_packs_with_cls_and_sep_and_pads_to_the_longest(tokenizer: Tokenizer) -> None:
    batch = tokenizer.batch([("the dog",), ("a cat sleeps late",)], 16)
    assert batch.tokens[0] == ("[CLS]", "the", "dog", "[SEP]", "[PAD]", "[PAD]")
    assert batch.attention_mask.tolist() == [[1, 1, 1, 1, 0, 0], [1] * 6]
    assert batch.token_type_ids.tolist() == [[0] * 6] * 2
    assert batch.is_special[0].tolist() == [True, False, False, True, True, True]
    assert batch.first().tokens == (batch.tokens[0],)


def test_spans_are_characters_of_the_own_sentence(tokenizer: Tokenizer) -> None:
    batch = tokenizer.batch([("The  dög", "é cat")], 16)
    text = {0: "The  dög", 1: "é cat"}
    shown = [text[t][s:e] for t, (s, e) in zip(batch.token_type_ids[0], batch.spans[0], strict=True)]
    assert shown == ["", "The", "dög", "", "é", "cat", ""]


def test_typed_special_tokens_are_ordinary_text(tokenizer: Tokenizer) -> None:
    batch = tokenizer.batch([("a [SEP] b [PAD]", "[CLS]")], 32)
    assert batch.tokens[0].count("[SEP]") == 2
    assert batch.is_special[0].sum() == 3
    assert tokenizer.encode([("[SEP]",)], 32)[0].ids[1:-1] != (3,)


def test_the_longer_side_loses_tokens_first_and_the_cut_is_reported(tokenizer: Tokenizer) -> None:
    batch = tokenizer.batch([("a b c d e f g h", "x y")], 8)
    assert batch.tokens[0] == ("[CLS]", "a", "b", "c", "[SEP]", "x", "y", "[SEP]")
    assert batch.unread == ((Unread(" d e f g h", 5), Unread()),)


def test_two_long_sides_share_the_room(tokenizer: Tokenizer) -> None:
    batch = tokenizer.batch([("a b c d e f g h", "i j k l m n o p")], 10)
    assert [each.cut_tokens for each in batch.unread[0]] == [4, 5]


def test_the_fast_way_gives_the_same_ids_as_the_full_one(tokenizer: Tokenizer) -> None:
    sentences = ["the dog", "a very long sentence is not the same " * 5, "naïve café", "x"]
    arrays = tokenizer.pad(tokenizer.encode([(s,) for s in sentences], 24))
    batch = tokenizer.batch([(s,) for s in sentences], 24)
    for fast, full in zip(arrays, (batch.input_ids, batch.attention_mask, batch.token_type_ids), strict=True):
        np.testing.assert_array_equal(fast, full)


@pytest.mark.parametrize("sentence", ["", "   ", "\n\t\u2003"])
def test_an_empty_sentence_is_refused(tokenizer: Tokenizer, sentence: str) -> None:
    with pytest.raises(InputError, match=r"^sentence B is empty; write at least one word\.$"):
        tokenizer.batch([("the dog", sentence)], 16)
    with pytest.raises(InputError, match=r"^sentence 2 is empty"):
        tokenizer.encode([("dog",), (sentence,)], 16, lambda i: f"sentence {i + 1}")


def test_a_sentence_of_control_characters_is_refused(tokenizer: Tokenizer) -> None:
    with pytest.raises(InputError, match="no character that the tokenizer can read"):
        tokenizer.check_sentence("\x00\x01\u200b")


def test_a_sentence_that_is_no_string_is_refused(tokenizer: Tokenizer) -> None:
    with pytest.raises(InputError, match=r"^the sentence is int 5; a string was expected"):
        tokenizer.check_sentence(5)  # type: ignore[arg-type]


@pytest.mark.parametrize("length", [7, 65, 10**30, 16.0, True, None])
def test_a_max_length_out_of_range_is_refused(tokenizer: Tokenizer, length: object) -> None:
    with pytest.raises(InputError, match="this encoder takes a whole number from 8 to 64"):
        tokenizer.encode([("dog",)], length)  # type: ignore[arg-type]


def test_100_000_characters_are_read_to_the_cap_at_once_and_the_rest_is_reported(tokenizer: Tokenizer) -> None:
    text = "dog " * 25_000
    start = time.perf_counter()
    batch = tokenizer.batch([(text,)], 16)
    assert time.perf_counter() - start < 2
    assert batch.unread[0][0].cut_off == text[batch.spans[0, -2, 1] :]
    fits = tokenizer.batch([("dog" + " " * MAX_CHARACTERS + "cat",)], 16)
    assert fits.tokens[0] == ("[CLS]", "dog", "[SEP]")
    assert fits.unread[0][0].cut_off.endswith("cat")


def test_one_endless_word_is_one_unknown_token(tokenizer: Tokenizer) -> None:
    assert tokenizer.batch([("z" * 100_000,)], 16).tokens == (("[CLS]", "[UNK]", "[SEP]"),)


@settings(max_examples=200)
@given(st.text(max_size=60), st.text(max_size=60), st.integers(8, 64))
def test_any_text_keeps_the_invariants(tokenizer: Tokenizer, a: str, b: str, max_length: int) -> None:
    try:
        tokenizer.check_sentence(a)
        tokenizer.check_sentence(b)
    except InputError:
        return
    batch = tokenizer.batch([(a, b)], max_length)
    assert batch.input_ids.shape[1] <= max_length
    for which, text in enumerate((a, b)):
        own = (batch.token_type_ids[0] == which) & ~batch.is_special[0]
        spans = batch.spans[0][own]
        assert own.any()
        assert (spans[:, 0] <= spans[:, 1]).all()
        assert spans.max() <= len(text)
        assert text.endswith(batch.unread[0][which].cut_off)


@given(st.text(alphabet=st.characters(categories=["Cs", "Lu", "Ll", "Zs"]), min_size=1, max_size=20))
def test_lone_surrogates_never_crash(tokenizer: Tokenizer, text: str) -> None:
    tokenizer.batch([("dog " + text, "cat")], 32)


def test_emoji_and_chinese_have_spans(tokenizer: Tokenizer) -> None:
    batch = tokenizer.batch([("😀 中文 dog",)], 16)
    assert batch.tokens[0][1:-1] == ("[UNK]", "[UNK]", "[UNK]", "dog")
    assert batch.spans[0, 1:-1].tolist() == [[0, 1], [2, 3], [3, 4], [5, 8]]


def test_vocab_txt_alone_gives_the_same_tokens_as_tokenizer_json(tmp_path: Path, tokenizer: Tokenizer) -> None:
    alone = load(make_checkpoint(tmp_path / "vocab", vocab_only=True))
    text = "The MAN isn't playing [SEP] guitars, 42 töwns!"
    assert alone.encode([(text,)], 64) == tokenizer.encode([(text,)], 64)


ADDED = {"136": {"content": "zzz", "special": False}}


@pytest.mark.parametrize(
    ("options", "files"),
    [
        ({"lowercase": False}, {"tokenizer_config.json": {"do_lower_case": True}}),
        ({"lowercase": True}, {"tokenizer_config.json": {"do_lower_case": False}}),
        ({"lowercase": False}, {"tokenizer_config.json": {}}),
        ({}, {"tokenizer_config.json": {"strip_accents": False}}),
        ({}, {"tokenizer_config.json": {"tokenize_chinese_chars": False}}),
        ({}, {"tokenizer_config.json": {"added_tokens_decoder": ADDED}}),
        ({"vocab_only": True}, {"tokenizer_config.json": {"do_lower_case": False, "strip_accents": True}}),
        ({"vocab_only": True}, {"tokenizer_config.json": {"added_tokens_decoder": ADDED}}),
        ({"vocab_only": True}, {"added_tokens.json": {"zzz": 136}}),
        ({}, {"tokenizer.json": {"post_processor": None}}),
        ({"tokenizer": "unigram"}, {"tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast"}}),
    ],
)
def test_the_files_beside_a_vocabulary_say_what_they_say_to_transformers(
    tmp_path: Path, options: dict[str, object], files: dict[str, dict[str, object]]
) -> None:
    from transformers import AutoTokenizer

    folder = make_checkpoint(tmp_path / "x", config={"vocab_size": 200}, **options)  # type: ignore[arg-type]
    for name, content in files.items():
        before = json.loads((folder / name).read_text()) if name == "tokenizer.json" else {}
        (folder / name).write_text(json.dumps(before | content))
    theirs = AutoTokenizer.from_pretrained(folder)
    for text in ("The Man plays zzz", "naïve Café 中文 dog", "a b"):
        assert list(load(folder).encode([(text,)], 64)[0].ids) == theirs(text)["input_ids"]


def test_text_is_lower_cased_where_sentence_transformers_does(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "x", lowercase=False, sentence_transformers={"pooling_mode": "mean"})
    before = load(folder).encode([("The Dog",)], 64)
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 32, "do_lower_case": true}')
    tokenizer = load(folder)
    assert tokenizer.encode([("The Dog",)], 64) == tokenizer.encode([("the dog",)], 64) != before


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "vocab.txt",
            b"",
            r"vocab\.txt cannot be read as a tokenizer, with the settings beside it: it has no \[UNK\]\.$",
        ),
        ("vocab.txt", b"\xff\xfe\x80abc\n", r"vocab\.txt cannot be read as a tokenizer"),
        ("tokenizer_config.json", b"{", r"tokenizer_config\.json is not valid JSON"),
        ("tokenizer_config.json", b"[" * 100_000, r"tokenizer_config\.json is not valid JSON"),
        ("tokenizer_config.json", b"9" * 5_000, r"tokenizer_config\.json is not valid JSON"),
        ("tokenizer_config.json", b'{"do_lower_case": "no"}', r"beside it: 'str' object is not"),
        ("special_tokens_map.json", b"[]", r"special_tokens_map\.json holds a list; a dict was expected"),
        ("added_tokens.json", b'{"zzz": "x"}', r"has the token id 136, but config\.json says"),
    ],
)
def test_what_makes_no_tokenizer_is_said(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    folder = make_checkpoint(tmp_path / "x", vocab_only=True)
    (folder / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        load(folder)


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "x")
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").unlink()
    with pytest.raises(CheckpointError, match=r"neither tokenizer\.json nor vocab\.txt"):
        load(folder)


def test_a_damaged_tokenizer_is_refused(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "x")
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(CheckpointError, match=r"tokenizer\.json cannot be read as a tokenizer"):
        load(folder)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {
                "normalizer": {"type": "Replace", "pattern": {"Regex": "."}, "content": ""},
                "post_processor": {
                    "type": "ByteLevel",
                    "add_prefix_space": False,
                    "trim_offsets": True,
                    "use_regex": False,
                },
            },
            "it makes no tokens of the letter a",
        ),
        (
            {
                "post_processor": {
                    "type": "TemplateProcessing",
                    "single": [{"SpecialToken": {"id": "[X]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
                    "special_tokens": {},
                }
            },
            "",
        ),
    ],
)
def test_a_tokenizer_that_makes_no_tokens_is_refused(tmp_path: Path, changed: dict[str, object], said: str) -> None:
    folder = make_checkpoint(tmp_path / "x")
    before = json.loads((folder / "tokenizer.json").read_text())
    (folder / "tokenizer.json").write_text(json.dumps(before | changed))
    with pytest.raises(CheckpointError, match=rf"cannot be read as a tokenizer, with the settings beside it: .*{said}"):
        load(folder)


def test_a_tokenizer_with_more_ids_than_the_encoder_is_refused(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "x", config={"vocab_size": 50})
    with pytest.raises(CheckpointError, match=r"token id \d+, but config\.json says vocab_size 50"):
        load(folder)
