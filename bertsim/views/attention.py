"""Attention: who looks at whom in one layer and head. In: `Comparison`. Out: HTML with SVG and an overview.

The matrices are the packed pair's, `[CLS] A [SEP] B [SEP]`; the cosine comes from the sentences apart, which the
caption says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bertsim.records import Comparison, Float, TokenBatch
from bertsim.views.markup import attributes, caption, counted, downloads, note, number, plain, table, text
from bertsim.views.matrix import DRAWN, Side, heatmap, left_out, links, thumbnail

PARTS = ("all", "A→A", "A→B", "B→A", "B→B")
MEAN = "mean"
_LINKED = 1.5  # times an even spread: weaker links are not drawn


@dataclass(frozen=True)
class AttentionChoice:
    """What to show.

    Attributes:
        layer: 1 = first block.
        head: 1 = first head; None = their mean.
        part: one of `PARTS`: rows → columns.
        hides_special: leave out [CLS] and [SEP].
    """

    layer: int
    head: int | None
    part: str = "all"
    hides_special: bool = False


def matrix(attentions: Float, choice: AttentionChoice) -> Float:
    """The chosen matrix, float32 [seq, seq]; rows (queries) sum to 1.

    Args:
        attentions: float32 [layers, heads, seq, seq].
        choice: which layer and head.
    """
    heads = attentions[choice.layer - 1]
    chosen: Float = heads.mean(axis=0) if choice.head is None else heads[choice.head - 1]
    return chosen


def positions(tokens: TokenBatch, letter: str, hides_special: bool) -> list[int]:
    """Positions of a sentence in the packed row: "A", "B", or "all" for both."""
    types, special = tokens.token_type_ids[0], tokens.is_special[0]
    keep = tokens.attention_mask[0] == 1
    if letter != "all":
        keep &= types == "AB".index(letter)
    if hides_special:
        keep &= ~special
    return np.flatnonzero(keep).tolist()


def _side(tokens: TokenBatch, where: list[int]) -> Side:
    return Side(
        tuple(plain(tokens.tokens[0][position]) for position in where),
        tuple("ab"[int(tokens.token_type_ids[0, position])] for position in where),
        tuple(bool(tokens.is_special[0, position]) for position in where),
    )


def _overview(attentions: Float, choice: AttentionChoice, even: float) -> str:
    """Every layer and head as a small picture; pressing one opens it."""
    layers, heads = attentions.shape[:2]
    shares = attentions / max(float(attentions.max()), 3 * even)
    rows = []
    for layer in range(1, layers + 1):
        cells = []
        for head in range(1, heads + 1):
            is_open = layer == choice.layer and head == choice.head
            cells.append(
                f'<button type="button"{attributes(data_pick=f"{layer}-{head}", aria_pressed=str(is_open).lower())} '
                f'aria-label="Open layer {layer}, head {head}">'
                f'<img alt="" src="{thumbnail(shares[layer - 1, head - 1])}">'
                f"<span>{layer}.{head}</span></button>"
            )
        rows.append(f'<div class="bs-minis">{"".join(cells)}</div>')
    return f'<div class="bs-overview" role="group" aria-label="Every layer and head">{"".join(rows)}</div>'


def _strongest(values: Float, even: float, rows: Side, columns: Side) -> str:
    """Each row's two strongest links, where they stand out from an even spread."""
    found = [
        (r, c, float(values[r, c]), True)
        for r in range(min(len(rows.tokens), DRAWN))
        for c in np.argsort(values[r, :DRAWN])[::-1][:2].tolist()
        if values[r, c] > _LINKED * even
    ]
    if not found:
        says = "No link is stronger than one and a half times an even spread."
        return f'<p class="bs-caption bs-limits">{text(says)}</p>'
    says = "Each row's two strongest links, where they are more than one and a half times an even spread."
    return (
        f'<p class="bs-caption bs-limits">{text(says)}</p>'
        '<div class="bs-plate" tabindex="0" role="region" aria-label="Links">'
        + links(found, rows, columns, label="The two strongest links of each row")
        + "</div>"
    )


def _masked(tokens: TokenBatch, under: TokenBatch) -> str:
    """What to say of tokens that the mask hides."""
    count = int((tokens.attention_mask[0] - under.attention_mask[0]).sum())
    return (
        f" The mask hides {counted(count, 'token')} of this input: nobody attends to them, their columns are 0."
        * (count > 0)
    )


def _cut(tokens: TokenBatch) -> str:
    """What of the pair did not fit into one input."""
    cut = [
        f"{counted(count, 'token')} of {letter}"
        for count, letter in zip(tokens.cut_tokens[0], "AB", strict=True)
    ]
    return f"Both sentences share one input here; not read: {', '.join(cut)}."


def attention_view(comparison: Comparison, choice: AttentionChoice, masked: Comparison | None = None) -> str:
    """Overview, matrix and links of one layer and head of the packed pair.

    Args:
        comparison: the pair.
        choice: what to show.
        masked: the same pair with tokens hidden, whose columns are then 0; None = none is.
    """
    tokens = comparison.packed[0]
    under, output = (masked or comparison).packed
    attentions = output.attentions[:, 0]
    whole = matrix(attentions, choice)
    source, _, target = choice.part.partition("→")
    row_places = positions(tokens, source or "all", choice.hides_special)
    column_places = positions(tokens, target or "all", choice.hides_special)
    rows, columns = _side(tokens, row_places), _side(tokens, column_places)
    values = whole[np.ix_(row_places, column_places)]
    even, highest = 1.0 / max(int(tokens.attention_mask[0].sum()), 1), float(values.max())
    head = "mean of all heads" if choice.head is None else f"head {choice.head}"
    title = f"Layer {choice.layer}, {head}"
    hidden = " Hidden tokens are left out and rows are not renormalised: they no longer sum to 1." * (
        choice.hides_special or choice.part != "all"
    )
    hidden += _masked(tokens, under)
    digits = 3 if highest < 0.1 else 2
    omitted = left_out(*values.shape)
    data = {
        "layer": choice.layer,
        "head": choice.head,
        "rows": rows.tokens,
        "columns": columns.tokens,
        "attention": np.round(values.astype(float), 4).tolist(),
    }
    numbers = (
        [rows.tokens[r], *(number(float(value)) for value in values[r, :DRAWN])]
        for r in range(min(len(values), DRAWN))
    )
    return (
        '<section class="bs-view">'
        + caption(
            f"{title}: how much each row's token takes from each column's, for the pair packed as one input. "
            f"Spread evenly it would be {number(even)} everywhere.",
            "Attention is not an explanation of the score, and the cosine is computed from the sentences apart."
            + hidden,
        )
        + (note(omitted) if omitted else "")
        + (note(_cut(tokens)) if any(tokens.cut_tokens[0]) else "")
        + f'<div class="bs-plates"><div class="bs-side">{_overview(attentions, choice, even)}'
        + _strongest(values, even, rows, columns)
        + '</div><div class="bs-plate bs-main" tabindex="0" role="region" aria-label="Matrix">'
        + heatmap(values, rows, columns, label=title, high=max(highest, 3 * even), digits=digits)
        + "</div></div>"
        + table(["from \\ to", *columns.tokens[:DRAWN]], numbers, caption=f"Attention, {title}")
        + downloads("attention", data, has_svg=True)
        + "</section>"
    )
