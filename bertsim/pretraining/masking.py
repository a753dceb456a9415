"""Padded ids -> what masked language modelling asks: ids with tokens hidden, where they were, what they were. numpy.

Masks are drawn anew for every batch of every epoch, from a seed of their own, so a resumed run draws the same.

Source: Devlin et al. 2019: 15 % of the tokens, of these 80 % become [MASK], 10 % another token, 10 % stay; whole
words: google-research/bert's `--do_whole_word_mask`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as FastTokenizer

from bertsim.pretraining.vocabulary import CONTINUES, MASK, SPECIALS, pieces, special_ids
from bertsim.records import Float

Ids = NDArray[np.int32]
HIDDEN, REPLACED = 0.8, 0.1


@dataclass(frozen=True)
class MaskRules:
    """How tokens are hidden.

    Attributes:
        mask_id: of [MASK].
        ordinary: int32 [n], the ids that are no special tokens; replacements are drawn from them.
        continues: bool [vocab], the pieces that go on with a word.
        share: of a sentence's tokens that are asked for, in (0, 1).
        whole_words: hide all pieces of a word or none.
    """

    mask_id: int
    ordinary: Ids
    continues: NDArray[np.bool_]
    share: float = 0.15
    whole_words: bool = False

    def most(self, length: int) -> int:
        """Most tokens that are asked for of one row of `length` tokens, two special ones included."""
        return max(1, round(self.share * max(length - 2, 0)))


@dataclass(frozen=True)
class MaskedBatch:
    """What a step learns from; its shapes depend on rows and length alone.

    Attributes:
        input_ids, attention_mask: int32 [rows, length].
        positions: int32 [asked], indices into the rows × length tokens.
        targets: int32 [asked], the ids that stood there.
        weights: float32 [asked]; 1, or 0 where fewer are asked for than there is room.
    """

    input_ids: Ids
    attention_mask: Ids
    positions: Ids
    targets: Ids
    weights: Float

    def as_inputs(self) -> dict[str, NDArray[np.generic]]:
        """The arrays by name, as the model takes them."""
        return dict(vars(self))


def rules_for(fast: FastTokenizer, share: float, *, whole_words: bool) -> MaskRules:
    """The rules for a vocabulary."""
    names = pieces(fast)
    special = set(special_ids(fast).values())
    continues = np.array([name.startswith(CONTINUES) for name in names])
    ordinary = [i for i, name in enumerate(names) if i not in special and not name.startswith("[unused")]
    assert len(special) == len(SPECIALS)
    return MaskRules(special_ids(fast)[MASK], np.array(ordinary, np.int32), continues, share, whole_words)


def mask_batch(
    ids: Ids, lengths: NDArray[np.int64], rules: MaskRules, random: np.random.Generator
) -> MaskedBatch:
    """Hide tokens of every row.

    Args:
        ids: int32 [rows, length], padded, special tokens at both ends of what is real.
        lengths: int64 [rows], real tokens of each, 0 for a row that only fills the batch.
        rules: what is hidden.
        random: settles which.
    """
    rows, length = ids.shape
    columns = np.arange(length)
    is_real = columns < lengths[:, None]
    inside = (columns >= 1) & (columns < lengths[:, None] - 1)
    chosen = _choose(ids, inside, rules, random)
    found = np.flatnonzero(chosen)
    draw, other = random.random(len(found)), random.choice(rules.ordinary, len(found))
    targets = ids.ravel()[found]
    shown = np.where(draw < HIDDEN, rules.mask_id, np.where(draw < HIDDEN + REPLACED, other, targets))
    masked = ids.copy()
    masked.ravel()[found] = shown
    room = rows * rules.most(length) - len(found)
    return MaskedBatch(
        masked,
        is_real.astype(np.int32),
        np.pad(found, (0, room)).astype(np.int32),
        np.pad(targets, (0, room)).astype(np.int32),
        np.pad(np.ones(len(found), np.float32), (0, room)),
    )


def _choose(
    ids: Ids, inside: NDArray[np.bool_], rules: MaskRules, random: np.random.Generator
) -> NDArray[np.bool_]:
    """Which tokens are asked for, bool [rows, length]: of each row the share, at least one."""
    rows, length = ids.shape
    score = random.random((rows, length))
    starts = np.tile(np.arange(length), (rows, 1))
    if rules.whole_words:
        starts = np.where(rules.continues[ids] & inside, 0, starts)
        starts = np.maximum.accumulate(starts, axis=1)
        score = np.take_along_axis(score, starts, axis=1)
    score[~inside] = 2.0
    rank = np.empty((rows, length), np.int64)
    np.put_along_axis(
        rank, np.argsort(score, axis=1, kind="stable"), np.arange(length)[None].repeat(rows, 0), axis=1
    )
    wanted = np.maximum(1, np.round(rules.share * inside.sum(axis=1)))
    chosen: NDArray[np.bool_] = (rank < wanted[:, None]) & inside
    if not rules.whole_words:
        return chosen
    word = (starts + length * np.arange(rows)[:, None]).ravel()
    size, got = (np.bincount(word, mask.ravel(), rows * length) for mask in (inside, chosen))
    whole = chosen & (got == size)[word].reshape(rows, length)
    return np.where(whole.any(axis=1, keepdims=True), whole, chosen)
