"""Tokens under other attention masks: what if these tokens were padding? numpy only, no encoder.

In: `TokenBatch` and masks. Out: rows for `batching.map_rows`, arrays for an engine, and the mask of a packed pair that
hides what a mask of its sentences hides.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bertsim.records import Int, TokenBatch

MaskedRow = tuple[int, tuple[int, ...]]
"""Which row of a batch, and the mask to read it under."""


def masked_rows(masks: Int) -> list[MaskedRow]:
    """Every row of every mask, in order: of [n, rows, seq] n times `rows`; of [n, seq] n times row 0.

    Example: [[[1, 1], [1, 0]]] -> [(0, (1, 1)), (1, (1, 0))]
    """
    stacked = masks if masks.ndim == 3 else masks[:, None]
    return [(row, tuple(mask)) for each in stacked.tolist() for row, mask in enumerate(each)]


def masked_arrays(tokens: TokenBatch, rows: Sequence[MaskedRow]) -> tuple[Int, Int, Int]:
    """input_ids, attention_mask and token_type_ids, int32 [rows, seq], of rows of a batch under their masks."""
    which = [row for row, _ in rows]
    mask = np.array([mask for _, mask in rows], np.int32)
    return tokens.input_ids[which], mask, tokens.token_type_ids[which]


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
    for row, order in zip(range(len(masks)), ((0, 1), (1, 0)), strict=False):
        ordinary = np.flatnonzero(~packed.is_special[row])
        first, second = (_ordinary(apart, sentence) for sentence in order)
        kept = len(first) + apart.cut_tokens[order[0]][0] - packed.cut_tokens[row][0]
        places = (ordinary[:kept], ordinary[kept:])
        for sentence, own, where in zip(order, (first, second), places, strict=True):
            masks[row, where] = apart.attention_mask[sentence, own[: len(where)]]
        lead, middle, tail = (
            apart.attention_mask[sentence, place]
            for sentence, place in (
                (order[0], first[0] - 1),
                (order[0], first[-1] + 1),
                (order[1], second[-1] + 1),
            )
        )
        masks[row, : ordinary[0]] = lead
        masks[row, places[0][-1] + 1 : places[1][0]] = middle
        masks[row, ordinary[-1] + 1 :] *= tail
    return masks


def _ordinary(tokens: TokenBatch, row: int) -> Int:
    """Positions of a row's tokens that are neither special nor padding."""
    return np.flatnonzero(~tokens.is_special[row]).astype(np.int32)
