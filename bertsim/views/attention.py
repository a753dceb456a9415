"""Attention: who looks at whom, in one head or on average. In: `Comparison`. Out: HTML with SVG and an overview.

The encoder reads a pair in two ways, and either can be shown: packed, `[CLS] A [SEP] B [SEP]` in one sequence, or each
sentence alone. The caption names the scorers that stand on what is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bertsim.records import COMBINED, Comparison, Float, TokenBatch
from bertsim.views.markup import attributes, caption, counted, downloads, note, number, plain, table, text
from bertsim.views.matrix import DRAWN, Side, heatmap, left_out, links, thumbnail

PACKED = "packed pair"
PARTS = (PACKED, "A→A", "A→B", "B→A", "B→B", "A alone", "B alone")
ALL_LAYERS = "mean of all layers"
ALL_HEADS = "mean of all heads"
_LINKED = 1.5  # times an even spread: weaker links are not drawn


@dataclass(frozen=True)
class AttentionChoice:
    """What to show.

    Attributes:
        layer: 1 = first block; None = the mean of all.
        head: 1 = first head; None = the mean of all.
        part: one of `PARTS`: a whole input, or rows → columns of the packed pair.
        hides_special: leave out [CLS] and [SEP].
    """

    layer: int | None
    head: int | None
    part: str = PACKED
    hides_special: bool = False

    @property
    def inputs(self) -> str:
        """How the encoder read what is shown: "packed" or "apart"."""
        return "apart" if self.part.endswith("alone") else "packed"

    @property
    def title(self) -> str:
        """Which layer and head. Example: "Layer 2, mean of all heads"."""
        layer = ALL_LAYERS.capitalize() if self.layer is None else f"Layer {self.layer}"
        return f"{layer}, {ALL_HEADS if self.head is None else f'head {self.head}'}"


@dataclass(frozen=True)
class _Input:
    """One sequence that the encoder read.

    Attributes:
        tokens: of a batch.
        row: which of them it is.
        letters: the sentence of each token, "a" or "b".
        attentions: float32 [layers, heads, length, length], without padding.
        hidden: how many of its tokens the mask hides.
    """

    tokens: TokenBatch
    row: int
    letters: tuple[str, ...]
    attentions: Float
    hidden: int

    @classmethod
    def of(cls, comparison: Comparison, under: Comparison, part: str) -> _Input:
        """The sequence that a part is of, attended to under the mask of another comparison of the pair."""
        if part.endswith("alone"):
            row, tokens, masked, output = "AB".index(part[0]), comparison.tokens, under.tokens, under.output
            letters = (part[0].lower(),) * len(tokens.tokens[row])
        else:
            row, tokens, (masked, output) = 0, comparison.packed[0], under.packed
            letters = tuple("ab"[kind] for kind in tokens.token_type_ids[0].tolist())
        length = int(tokens.attention_mask[row].sum())
        hidden = length - int(masked.attention_mask[row].sum())
        return cls(tokens, row, letters, output.attentions[:, row, :, :length, :length], hidden)

    @property
    def length(self) -> int:
        """How many real tokens it has."""
        return self.attentions.shape[-1]

    def positions(self, letter: str, hides_special: bool) -> list[int]:
        """Positions of a sentence's tokens, "A" or "B"; "" for every one."""
        special = self.tokens.is_special[self.row].tolist()
        return [
            position
            for position in range(self.length)
            if self.letters[position] in (letter.lower() or "ab")
            and not (hides_special and special[position])
        ]

    def side(self, where: Sequence[int]) -> Side:
        """Tokens along one side of a matrix."""
        tokens, special = self.tokens.tokens[self.row], self.tokens.is_special[self.row].tolist()
        return Side(
            tuple(plain(tokens[position]) for position in where),
            tuple(self.letters[position] for position in where),
            tuple(special[position] for position in where),
        )


def matrix(attentions: Float, choice: AttentionChoice) -> Float:
    """The chosen matrix, float32 [seq, seq]; rows (queries) sum to 1.

    Args:
        attentions: float32 [layers, heads, seq, seq].
        choice: which layer and head; a mean over both weighs every matrix alike.
    """
    layers = attentions if choice.layer is None else attentions[choice.layer - 1 : choice.layer]
    heads = layers if choice.head is None else layers[:, choice.head - 1 : choice.head]
    mean: Float = heads.mean(axis=(0, 1))
    return mean


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


def _used(choice: AttentionChoice, scorers: Sequence[str]) -> str:
    """Which scorers stand on what is shown, "combined" through the others."""
    if not scorers:
        return "No scorer of this model reads pairs packed: all of them read each sentence alone."
    what = (
        "The pair is read packed" if choice.inputs == "packed" else f"Sentence {choice.part[0]} is read alone"
    )
    own = [name for name in scorers if name != COMBINED]
    joined = f" and, through {'them' if len(own) > 1 else 'it'}, combined" * (COMBINED in scorers)
    return f"{what} by {', '.join(own)}{joined}."


def _cut(read: _Input, choice: AttentionChoice) -> str:
    """What of the sentences did not fit into this input; "" where all of them did."""
    letters = "AB" if choice.inputs == "packed" else choice.part[0]
    cut = [
        f"{counted(count, 'token')} of {letter}"
        for count, letter in zip(read.tokens.cut_tokens[read.row], letters, strict=True)
    ]
    shared = "Both sentences share one input here; not" if choice.inputs == "packed" else "Not"
    return f"{shared} read: {', '.join(cut)}." if any(read.tokens.cut_tokens[read.row]) else ""


def _limits(read: _Input, choice: AttentionChoice, scorers: Sequence[str]) -> str:
    """What the picture is not, and what of it is left out."""
    said = [_used(choice, scorers), "Attention is not an explanation of a score."]
    if choice.hides_special or "→" in choice.part:
        said.append("Hidden tokens are left out and rows are not renormalised: they no longer sum to 1.")
    if read.hidden:
        said.append(
            f"The mask hides {counted(read.hidden, 'token')} of this input: nobody attends to them, their columns are "
            "0."
        )
    return " ".join(said)


def attention_view(
    comparison: Comparison,
    choice: AttentionChoice,
    scorers: Sequence[str],
    masked: Comparison | None = None,
) -> str:
    """Overview, matrix and links of one layer and head, or of their mean.

    Args:
        comparison: the pair.
        choice: what to show.
        scorers: names of those that read the pair as `choice.inputs` has it.
        masked: the same pair with tokens hidden, whose columns are then 0; None = none is.
    """
    read = _Input.of(comparison, masked or comparison, choice.part)
    source, arrow, target = choice.part.partition("→")
    row_places = read.positions(source if arrow else "", choice.hides_special)
    column_places = read.positions(target, choice.hides_special)
    rows, columns = read.side(row_places), read.side(column_places)
    values = matrix(read.attentions, choice)[np.ix_(row_places, column_places)]
    even, highest = 1.0 / read.length, float(values.max())
    notes = [each for each in (left_out(*values.shape), _cut(read, choice)) if each]
    data = {
        "layer": choice.layer,
        "head": choice.head,
        "shown": choice.part,
        "rows": rows.tokens,
        "columns": columns.tokens,
        "attention": np.round(values.astype(float), 4).tolist(),
    }
    numbers = (
        [rows.tokens[r], *(number(float(value)) for value in values[r, :DRAWN])]
        for r in range(min(len(values), DRAWN))
    )
    whole = "the pair packed as one input" if choice.inputs == "packed" else f"sentence {choice.part}"
    digits = 3 if highest < 0.1 else 2
    return (
        '<section class="bs-view">'
        + caption(
            f"{choice.title}: how much each row's token takes from each column's, for {whole}. "
            f"Spread evenly it would be {number(even)} everywhere.",
            _limits(read, choice, scorers),
        )
        + "".join(map(note, notes))
        + _overview(read.attentions, choice, even)
        + '<div class="bs-plates"><div class="bs-side">'
        + _strongest(values, even, rows, columns)
        + '</div><div class="bs-plate bs-main" tabindex="0" role="region" aria-label="Matrix">'
        + heatmap(values, rows, columns, label=choice.title, high=max(highest, 3 * even), digits=digits)
        + "</div></div>"
        + table(["from \\ to", *columns.tokens[:DRAWN]], numbers, caption=f"Attention, {choice.title}")
        + downloads("attention", data, has_svg=True)
        + "</section>"
    )
