"""Tokens under other attention masks: what if these tokens were padding? numpy only, no encoder.

In: `TokenBatch` and masks. Out: `Row`s to encode, and the mask of a packed pair that hides what its sentences' hides.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bertsim.records import Int, Row, TokenBatch


def masked_rows(tokens: TokenBatch, masks: Int) -> list[Row]:
    """Every row of a batch under each of its masks, int32 [n, rows, seq]: n times the rows, mask after mask."""
    ids, types = ([tuple(row) for row in array.tolist()] for array in (tokens.input_ids, tokens.token_type_ids))
    ends = [((int(own[0]), int(own[-1]) + 1),) for own in (_ordinary(tokens, row) for row in range(len(ids)))]
    return [
        Row(ids[row], types[row], ends[row], tuple(mask)) for each in masks.tolist() for row, mask in enumerate(each)
    ]


def masked_pairs(apart: TokenBatch, packed: TokenBatch, masks: Int) -> list[Row]:
    """The packed pair, row 0 of `packed`, under each mask of A and B alone, int32 [n, 2, seq]; n rows."""
    hidden = [mask_packed(replace(apart, attention_mask=mask), packed) for mask in masks]
    return masked_rows(packed, np.array(hidden, np.int32))


def mask_packed(apart: TokenBatch, packed: TokenBatch) -> Int:
    """Carry the mask of two sentences over to the rows in which they are packed.

    The n-th ordinary token of a sentence is the n-th one in the packed row too, unless it was cut off there. A special
    token before A counts as A's first, one between A and B as A's last, one after B as B's last.

    Args:
        apart: A in row 0, B in row 1, under a mask.
        packed: (A, B) in row 0 and, where there is a row 1, (B, A) in it.

    Returns:
        int32, as `packed.attention_mask`.
    """
    masks = packed.attention_mask.copy()
    for row, order in enumerate([[0, 1], [1, 0]][: len(masks)]):
        ordinary = _ordinary(packed, row)
        mask_a, mask_b = apart.attention_mask[order]
        a, b = (_ordinary(apart, sentence) for sentence in order)
        kept = len(a) + apart.unread[order[0]][0].cut_tokens - packed.unread[row][0].cut_tokens
        packed_a, packed_b = ordinary[:kept], ordinary[kept:]
        masks[row, packed_a] = mask_a[a[:kept]]
        masks[row, packed_b] = mask_b[b[: len(packed_b)]]
        masks[row, : packed_a[0]] = mask_a[a[0] - 1]
        masks[row, packed_a[-1] + 1 : packed_b[0]] = mask_a[a[-1] + 1]
        masks[row, packed_b[-1] + 1 :] *= mask_b[b[-1] + 1]
    return masks


def _ordinary(tokens: TokenBatch, row: int) -> Int:
    """Positions of a row's tokens that are neither special nor padding."""
    return np.flatnonzero(~tokens.is_special[row]).astype(np.int32)
