"""What a tokenizer does not know is found by its own id, named as it was written, and takes the meaning of a score."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer as FastTokenizer
from tokenizers import models, pre_tokenizers, processors

from bertsim.bert.config import BertConfig
from bertsim.records import Unread
from bertsim.text.tokenizer import Tokenizer
from bertsim.text.unread import withheld
from bertsim.views.unread import listed, unknown_sentences
from tests.checkpoints import make_checkpoint

THUMB, SNOWMAN = "\U0001f44d", "\u2603"


@pytest.fixture(scope="module", params=["wordpiece", "vocab.txt", "unigram", "bpe"])
def tokenizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    kind, is_list = request.param, request.param == "vocab.txt"
    folder = make_checkpoint(
        tmp_path_factory.mktemp("unread") / kind, vocab_only=is_list, tokenizer="wordpiece" if is_list else kind
    )
    return Tokenizer.from_folder(folder, BertConfig.from_folder(folder))


def unread(tokenizer: Tokenizer, sentence: str, max_length: int = 32) -> Unread:
    return tokenizer.batch([(sentence,)], max_length).unread[0][0]


def test_unknown_tokens_are_those_of_the_tokenizer_s_own_id(tokenizer: Tokenizer) -> None:
    batch = tokenizer.batch([(f"the {THUMB} dog {SNOWMAN}",), ("the dog",), (THUMB,)], 32)
    assert batch.is_unknown.any(axis=1).tolist() == [True, False, True]
    assert dict.fromkeys(batch.unread[0][0].unknown_words) == dict.fromkeys((THUMB, SNOWMAN))
    assert batch.unread[1][0] == Unread()
    assert [each.is_all for (each,) in batch.unread][:2] == [False, False]
    unknown = [len(each.unknown_words) for (each,) in batch.unread]
    assert unknown == batch.is_unknown.sum(axis=1).tolist()
    counts = tokenizer.count_tokens([f"the {THUMB} dog {SNOWMAN}", "the dog", THUMB], 32)
    assert [each.unknown for each in counts] == unknown


def test_a_tokenizer_that_calls_it_otherwise_is_understood(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "named")
    ids = {"[PAD]": 0, "[UNK]": 5, "nix": 7, "[CLS]": 2, "[SEP]": 3, "dog": 6}
    fast = FastTokenizer(models.WordPiece(ids, unk_token="nix"))
    fast.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    fast.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    batch = Tokenizer(fast, BertConfig.from_folder(folder), folder).batch([(f"dog {THUMB} nix [UNK]",)], 32)
    assert batch.is_unknown[0].tolist() == [False, False, True, True, True, True, True, False]
    assert batch.unread[0][0].unknown_words == (THUMB, "nix", "[", "UNK", "]")


@pytest.fixture(scope="module")
def plain(tiny_checkpoint: Path) -> Tokenizer:
    return Tokenizer.from_folder(tiny_checkpoint, BertConfig.from_folder(tiny_checkpoint))


@pytest.mark.parametrize(
    "word",
    ["\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u2764\ufe0f", "สวัสดี", "z" * 101, "\U0001f3f4\U000e0067\U000e007f"],
)
def test_a_word_is_named_with_every_character_that_was_written(plain: Tokenizer, word: str) -> None:
    assert unread(plain, f"the {word} dog").unknown_words == (word,)


@pytest.mark.parametrize(
    ("sentence", "lost"),
    [
        ("the ｄｏｇ", ("ｄｏｇ",)),
        ("a do\ufb01ng dog", ("do\ufb01ng",)),
        ("① dog", ("①",)),
        ("the dog", ()),
        ("the dög, the do\u0308g", ()),  # accents are no compatibility characters
        (f"the {SNOWMAN}ｄｏｇ", ()),  # in plain characters it would not be read either
    ],
)
def test_compatibility_characters_are_named_where_they_cost_a_word(
    plain: Tokenizer, sentence: str, lost: tuple[str, ...]
) -> None:
    found = unread(plain, sentence)
    assert found.compatibility_words == lost
    if lost:
        assert "sentence A has compatibility characters that cost words: " in unknown_sentences(found, Unread())[-1]


def test_a_ligature_that_is_in_the_vocabulary_and_still_costs_the_word_is_named(tmp_path: Path) -> None:
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "\ufb01", "##nd", "find", "a", "½", "m", "##²", "m2"]
    folder = make_checkpoint(tmp_path / "ligature", vocabulary=vocabulary)
    tokenizer = Tokenizer.from_folder(folder, BertConfig.from_folder(folder))
    found = unread(tokenizer, "a \ufb01nd ½ m²")
    assert found == Unread(compatibility_words=("\ufb01nd",))
    assert unknown_sentences(Unread(), found) == [
        "sentence B has compatibility characters that cost words: \ufb01nd; plain characters would be read: find."
    ]
    assert withheld(Unread(), found) == ""


def test_what_is_unknown_is_said_with_its_words() -> None:
    a, b = Unread(unknown_words=(THUMB,)), Unread(unknown_words=(SNOWMAN, "z" * 101, SNOWMAN))
    assert unknown_sentences(a, b) == [
        f"sentence A, not read: {THUMB}; the vocabulary lacks it.",
        f"sentence B, not read: {SNOWMAN}, {'z' * 24}… (101 characters); the vocabulary lacks them, and the encoder"
        " takes all such words for the same.",
    ]


def test_words_are_listed_once_few_of_them_and_what_cannot_be_seen_is_escaped() -> None:
    assert listed(tuple("abcdefga")) == "a, b, c, d, e and 2 more"
    assert listed(("\x1b[31m", "\u202ex", "half \ud83d")) == "\\x1b[31m, \\u202ex, half \\ud83d"


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        (Unread(), Unread(), ""),
        (Unread(unknown_words=(THUMB,)), Unread(unknown_words=(THUMB,)), ""),
        (Unread(cut_off=" and so on", cut_tokens=3), Unread(cut_off="and  so on", cut_tokens=3), ""),
        (Unread(unknown_words=(THUMB,)), Unread(), "what was not read of A and of B differs, so "),
        (Unread(cut_off=" a", cut_tokens=1), Unread(cut_off=" b", cut_tokens=1), "what was not read of A and of B "),
        (Unread(), Unread(unknown_words=(THUMB,), is_all=True), "nothing was read of sentence B, so no score "),
        (
            Unread(unknown_words=(THUMB,), is_all=True),
            Unread(unknown_words=(THUMB,), is_all=True),
            "nothing was read of sentences A and B, so no score ",
        ),
    ],
)
def test_the_meaning_of_a_score_is_withheld_where_what_was_not_read_may_decide(
    a: Unread, b: Unread, reason: str
) -> None:
    assert withheld(a, b).startswith(reason)
    assert bool(withheld(a, b)) == bool(reason)
    assert bool(withheld(b, a)) == bool(reason)
