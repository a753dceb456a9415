"""Tokens under other attention masks: what if these tokens were padding? numpy only, no encoder.

In: `TokenBatch` and masks. Out: `Row`s to encode, and the mask of a packed pair that hides what its sentences' hides.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bertsim.records import Int, Row, TokenBatch


def masked_rows(tokens: TokenBatch, masks: Int) -> list[Row]:
    """Every row of a batch under each of its masks, int32 [n, rows, seq]: n times the rows, mask after mask.

    A row ends with its last token that is not masked: the padding of a longer neighbour is not read.
    """
    ids, types = ([tuple(row) for row in array.tolist()] for array in (tokens.input_ids, tokens.token_type_ids))
    rows, ends = list(zip(ids, types, tokens.own, strict=True)), masks.shape[-1] - masks[..., ::-1].argmax(axis=-1)
    return [
        Row(row_ids[:end], row_types[:end], own, tuple(mask[:end]))
        for each, last in zip(masks.tolist(), ends.tolist(), strict=True)
        for (row_ids, row_types, own), mask, end in zip(rows, each, last, strict=True)
    ]


def masked_pairs(apart: TokenBatch, packed: TokenBatch, masks: Int) -> list[Row]:
    """The packed pair, row 0 of `packed`, under each mask of A and B alone, int32 [n, 2, seq]; n rows."""
    hidden = [mask_packed(replace(apart, attention_mask=mask), packed) for mask in masks]
    return masked_rows(packed, np.array(hidden, np.int32))


def mask_packed(apart: TokenBatch, packed: TokenBatch) -> Int:
    """Carry the mask of two sentences over to the rows in which they are packed: int32, as `packed.attention_mask`.

    The n-th token of a sentence is the n-th one in the packed row too, unless it was cut off there. A special token
    before A counts as A's first, one between A and B as A's last, one after B as B's last.

    Args:
        apart: A in row 0, B in row 1, under a mask.
        packed: (A, B) in row 0 and, where there is a row 1, (B, A) in it.
    """
    masks = packed.attention_mask.copy()
    for mask, own, order in zip(masks, packed.own, [(0, 1), (1, 0)], strict=False):
        (start_a, end_a), (start_b, end_b) = own
        (first_a, last_a), (first_b, last_b) = (apart.own[sentence][0] for sentence in order)
        mask_a, mask_b = (apart.attention_mask[sentence] for sentence in order)
        mask[:start_a] = mask_a[first_a - 1]
        mask[start_a:end_a] = mask_a[first_a:][: end_a - start_a]
        mask[end_a:start_b] = mask_a[last_a]
        mask[start_b:end_b] = mask_b[first_b:][: end_b - start_b]
        mask[end_b:] *= mask_b[last_b]
    return masks
