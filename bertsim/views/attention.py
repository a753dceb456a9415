"""Attention: who looks at whom, in one head or on average. In: `Comparison`. Out: HTML with SVG and an overview.

The encoder reads a pair in two ways, and either can be shown: packed, `[CLS] A [SEP] B [SEP]` in one sequence, or each
sentence alone. The caption names the scorers that stand on what is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bertsim.records import COMBINED, Comparison, Float, TokenBatch
from bertsim.views.markup import Html, button, counted, downloads, group, note, number, region, tag, view
from bertsim.views.matrix import DRAWN, Side, heatmap, left_out, links, numbers, side, thumbnail

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
    """One sequence that the encoder read: a row of a batch, without its padding."""

    tokens: TokenBatch
    row: int
    letters: str  # the sentence of each token, "a" or "b"
    attentions: Float  # [layers, heads, length, length]
    hidden: int  # tokens that the mask hides

    @classmethod
    def of(cls, comparison: Comparison, under: Comparison, choice: AttentionChoice) -> _Input:
        """The sequence that is shown, attended to under the mask of another comparison of the pair."""
        if choice.inputs == "packed":
            assert comparison.packed is not None, "compare it with packed=True"
            assert under.packed is not None
            row, tokens, (masked, output) = 0, comparison.packed[0], under.packed
        else:
            row, tokens = "AB".index(choice.part[0]), comparison.tokens
            masked, output = under.tokens, under.output
        length = int(tokens.attention_mask[row].sum())
        hidden = length - int(masked.attention_mask[row].sum())
        letters = "".join("ab"[row or kind] for kind in tokens.token_type_ids[row, :length].tolist())
        return cls(tokens, row, letters, output.attentions[:, row, :, :length, :length], hidden)

    def positions(self, letter: str, hides_special: bool) -> list[int]:
        """Positions of a sentence's tokens, "A" or "B"; "" for every one."""
        shown, special = letter.lower() or "ab", hides_special & self.tokens.is_special[self.row]
        return [place for place, own in enumerate(self.letters) if own in shown and not special[place]]


def matrix(attentions: Float, choice: AttentionChoice) -> Float:
    """The chosen matrix, float32 [seq, seq]; rows (queries) sum to 1.

    Args:
        attentions: float32 [layers, heads, seq, seq].
        choice: which layer and head; a mean over both weighs every matrix alike.
    """
    layers, heads = (slice(n and n - 1, n) for n in (choice.layer, choice.head))
    return np.asarray(attentions[layers, heads].mean(axis=(0, 1)))


def _overview(attentions: Float, choice: AttentionChoice, even: float) -> Html:
    """Every layer and head as a small picture; pressing one opens it."""
    shares = attentions / max(float(attentions.max()), 3 * even)
    rows = []
    for layer, heads in enumerate(shares, 1):
        pictures = [
            button(
                tag("img", alt="", src=thumbnail(values)),
                tag("span", f"{layer}.{head}"),
                data_pick=f"{layer}-{head}",
                aria_pressed=(layer, head) == (choice.layer, choice.head),
                aria_label=f"Open layer {layer}, head {head}",
            )
            for head, values in enumerate(heads, 1)
        ]
        rows.append(tag("div.bs-minis", *pictures))
    return group(".bs-overview", "Every layer and head", *rows)


def _strongest(values: Float, even: float, rows: Side, columns: Side) -> Html:
    """Each row's two strongest links, where they stand out from an even spread."""
    found = [
        (r, c, float(row[c]), True)
        for r, row in enumerate(values[:DRAWN, :DRAWN])
        for c in np.argsort(row)[::-1][:2].tolist()
        if row[c] > _LINKED * even
    ]
    if not found:
        return tag("p.bs-caption.bs-limits", "No link is stronger than one and a half times an even spread.")
    says = "Each row's two strongest links, where they are more than one and a half times an even spread."
    picture = links(found, rows, columns, label="The two strongest links of each row")
    return tag("p.bs-caption.bs-limits", says) + region("Links", picture)


def _cut(read: _Input, choice: AttentionChoice) -> str:
    """What of the sentences did not fit into this input; "" where all of them did."""
    counts = [each.cut_tokens for each in read.tokens.unread[read.row]]
    letters = "AB" if choice.inputs == "packed" else choice.part[0]
    cut = [f"{counted(count, 'token')} of {letter}" for count, letter in zip(counts, letters, strict=True)]
    shared = "Both sentences share one input here; not" if choice.inputs == "packed" else "Not"
    return f"{shared} read: {', '.join(cut)}." if any(counts) else ""


def _limits(read: _Input, choice: AttentionChoice, scorers: Sequence[str]) -> str:
    """Which scorers stand on what is shown, "combined" through the others; what it is not, what of it is left out."""
    used = "No scorer of this model reads pairs packed: all of them read each sentence alone."
    if scorers:
        what = "The pair is read packed" if choice.inputs == "packed" else f"Sentence {choice.part[0]} is read alone"
        own = [name for name in scorers if name != COMBINED]
        joined = f" and, through {'them' if len(own) > 1 else 'it'}, combined" * (COMBINED in scorers)
        used = f"{what} by {', '.join(own)}{joined}."
    said = [used, "Attention is not an explanation of a score."]
    if choice.hides_special or "→" in choice.part:
        said.append("Hidden tokens are left out and rows are not renormalised: they no longer sum to 1.")
    if read.hidden:
        hidden = counted(read.hidden, "token")
        said.append(f"The mask hides {hidden} of this input: nobody attends to them, their columns are 0.")
    return " ".join(said)


def attention_view(
    comparison: Comparison, choice: AttentionChoice, scorers: Sequence[str], masked: Comparison | None = None
) -> Html:
    """Overview, matrix and links of one layer and head, or of their mean.

    Args:
        comparison: the pair.
        choice: what to show.
        scorers: names of those that read the pair as `choice.inputs` has it.
        masked: the same pair with tokens hidden, whose columns are then 0; None = none is.
    """
    read = _Input.of(comparison, masked or comparison, choice)
    source, arrow, target = choice.part.partition("→")
    places = [read.positions(letter, choice.hides_special) for letter in (source if arrow else "", target)]
    rows, columns = (side(read.tokens, read.row, read.letters, where) for where in places)
    values = matrix(read.attentions, choice)[np.ix_(*places)]
    even = 1.0 / len(read.letters)
    data = {
        "layer": choice.layer,
        "head": choice.head,
        "shown": choice.part,
        "rows": [token for token, _ in rows],
        "columns": [token for token, _ in columns],
        "attention": np.round(values.astype(float), 4).tolist(),
    }
    picture = heatmap(values, rows, columns, label=choice.title, high=max(float(values.max()), 3 * even))
    strongest = _strongest(values, even, rows, columns)
    whole = "the pair packed as one input" if choice.inputs == "packed" else f"sentence {choice.part}"
    return view(
        f"{choice.title}: how much each row's token takes from each column's, for {whole}. "
        f"Spread evenly it would be {number(even)} everywhere.",
        _limits(read, choice, scorers),
        note(left_out(*values.shape)),
        note(_cut(read, choice)),
        _overview(read.attentions, choice, even),
        tag("div.bs-plates", tag("div.bs-side", strongest), region("Matrix", picture, kind=".bs-plate.bs-main")),
        numbers(values, rows, columns, corner="from \\ to", caption=f"Attention, {choice.title}"),
        downloads("attention", data, has_svg=True),
    )
