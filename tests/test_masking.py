"""Masks: a token that is hidden in its sentence is hidden wherever the pair is packed, cut or not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bertsim import SimilarityModel
from bertsim.bert.config import BertConfig
from bertsim.errors import InputError
from bertsim.text.masks import mask_packed, masked_rows
from bertsim.text.tokenizer import Tokenizer, own_tokens

A, B = "the dog sleeps", "a cat runs late"


@pytest.fixture(scope="module")
def tokenizer(tiny_checkpoint: Path) -> Tokenizer:
    return Tokenizer.from_folder(tiny_checkpoint, BertConfig.from_folder(tiny_checkpoint))


def hidden_tokens(tokenizer: Tokenizer, a: str, b: str, hide: list[tuple[int, int]], length: int) -> list[list[str]]:
    """What is hidden in (A, B) packed and in (B, A) packed."""
    apart = tokenizer.batch([(a,), (b,)], 32)
    mask = apart.attention_mask.copy()
    for row, position in hide:
        mask[row, position] = 0
    packed = tokenizer.batch([(a, b), (b, a)], length)
    masks = mask_packed(replace(apart, attention_mask=mask), packed)
    changed = (masks == 0) & (packed.attention_mask == 1)
    assert not ((masks == 1) & (packed.attention_mask == 0)).any()
    return [[f"{p}:{packed.tokens[row][p]}" for p in np.flatnonzero(changed[row])] for row in (0, 1)]


@pytest.mark.parametrize(
    ("hide", "wanted"),
    [
        ([], [[], []]),
        ([(0, 2)], [["2:dog"], ["7:dog"]]),
        ([(1, 4), (0, 1)], [["1:the", "8:late"], ["4:late", "6:the"]]),
        ([(0, 0)], [["0:[CLS]"], []]),
        ([(1, 0)], [[], ["0:[CLS]"]]),
        ([(0, 4), (1, 5)], [["4:[SEP]", "9:[SEP]"], ["5:[SEP]", "9:[SEP]"]]),
    ],
)
def test_a_mask_follows_its_tokens_into_both_orders(tokenizer, hide, wanted):
    assert hidden_tokens(tokenizer, A, B, hide, 32) == wanted


def test_a_token_that_was_cut_off_has_nothing_to_hide(tokenizer):
    assert hidden_tokens(tokenizer, A, B, [(0, 3), (1, 4)], 8) == [["3:sleeps"], []]
    assert hidden_tokens(tokenizer, A, B, [(0, 1), (1, 2)], 8) == [["1:the", "6:cat"], ["2:cat", "5:the"]]


def test_rows_and_arrays_are_those_of_the_batch_under_each_mask(tokenizer):
    tokens = tokenizer.batch([(A,), (B,)], 32)
    masks = np.stack([tokens.attention_mask, tokens.attention_mask])
    masks[1, 0, 1] = 0
    rows = masked_rows(tokens, masks)
    assert [row.own for row in rows] == [((1, 4),), ((1, 5),)] * 2
    ids, mask, types = tokenizer.pad(rows)
    assert ids.tolist() == tokens.input_ids[[0, 1, 0, 1]].tolist()
    assert mask.tolist() == masks.reshape(4, -1).tolist()
    assert types.shape == ids.shape
    is_own = own_tokens(rows, mask)
    assert is_own[:2].tolist() == tokens.is_own.tolist()
    assert is_own[2].tolist() == [False, False, True, True, False, False]


def test_masks_are_scored_where_the_pair_was_compared_by_other_scorers(model: SimilarityModel) -> None:
    whole, one = (model.compare("A man plays.", "A dog barks loudly.", scorers=scorers) for scorers in (None, ["dot"]))
    masks = np.stack([whole.tokens.attention_mask] * 2)
    masks[1, :, 2] = 0
    for scorer in ("pooled", "combined", "cosine"):
        np.testing.assert_allclose(model.score_masked(one, masks, scorer), model.score_masked(whole, masks, scorer))
        assert model.score_masked(one, masks[:0], scorer).shape == (0,)
    for wrong in (masks * 7, masks[..., :3], masks[:, :1], masks[0], masks - 0.5):
        with pytest.raises(InputError, match=r"^the attention mask must hold 0 and 1 in the shape \[2, 8\]\.$"):
            model.score_masked(whole, wrong, "pooled")
