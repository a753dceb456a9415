"""Attention: who looks at whom, in one head or on average. In: `Comparison`. Out: matrices, and words about them.

The encoder reads a pair in two ways, and either can be shown: packed, `[CLS] A [SEP] B [SEP]` in one sequence, or each
sentence alone. The words name the scorers that stand on what is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bertsim.records import COMBINED, Comparison, Float, TokenBatch
from bertsim.views.explain import mean_across
from bertsim.views.markup import counted

BOTH, PACKED = "A⇄B", "packed pair"
PARTS = (BOTH, PACKED, "A→A", "A→B", "B→A", "B→B", "A alone", "B alone")
ALL_LAYERS = "mean of all layers"
ALL_HEADS = "mean of all heads"


@dataclass(frozen=True)
class AttentionChoice:
    """What to show.

    Attributes:
        layer: 1 = first block; None = the mean of all.
        head: 1 = first head; None = the mean of all; 0 = none: the cosines of tokens that are read apart, at a layer
            that may be 0, the embeddings, then.
        part: one of `PARTS`: a whole input, rows → columns of the packed pair, or the mean of A→B and B→A turned.
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
        layer = ALL_LAYERS.capitalize() if self.layer is None else f"Layer {self.layer}" if self.layer else "Embeddings"
        head = {None: ALL_HEADS, 0: "cosines of tokens"}.get(self.head, f"head {self.head}")
        return f"{layer}, {head}"


def token_keys(tokens: TokenBatch, row: int) -> list[str]:
    """Of every token of a row the sentence, and its position when that is read alone: "a3", "b1".

    Example: [CLS] x [SEP] y [SEP], packed -> ["a0", "a1", "a2", "b1", "b2"]
    """
    places = range(int(tokens.attention_mask[row].sum()))
    if len(tokens.own[row]) == 1:
        return [f"{'ab'[row]}{p}" for p in places]
    start = tokens.own[row][1][0]
    return [f"a{p}" if p < start else f"b{p - start + 1}" for p in places]


@dataclass(frozen=True)
class Read:
    """One sequence that the encoder read: a row of a batch, without its padding.

    Attributes:
        tokens, row: which.
        keys: of its tokens, as `token_keys`.
        attentions: float32 [layers, heads, length, length].
        hidden: how many of its tokens the mask hides.
    """

    tokens: TokenBatch
    row: int
    keys: Sequence[str]
    attentions: Float
    hidden: int

    @classmethod
    def of(cls, comparison: Comparison, under: Comparison, choice: AttentionChoice) -> Read:
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
        return cls(tokens, row, token_keys(tokens, row), output.attentions[:, row, :, :length, :length], hidden)

    def places(self, choice: AttentionChoice) -> tuple[list[int], list[int]]:
        """Positions of the rows and of the columns that are shown."""
        source, _, target = choice.part.replace("⇄", "→").partition("→")
        letters = (source.lower(), target.lower()) if target else ("ab", "ab")
        special = choice.hides_special & self.tokens.is_special[self.row]
        shown = [(p, key[0]) for p, key in enumerate(self.keys) if not special[p]]
        rows, columns = ([p for p, letter in shown if letter in each] for each in letters)
        return rows, columns

    def cut(self, attention: Float, choice: AttentionChoice) -> Float:
        """What is shown of matrices [..., length, length]: float32 [..., rows, columns]."""
        rows, columns = self.places(choice)
        if choice.part == BOTH:
            return mean_across(attention, rows, columns)
        return attention[..., np.array(rows, int)[:, None], columns]


def matrix(attentions: Float, choice: AttentionChoice) -> Float:
    """The chosen matrix, float32 [seq, seq]; rows (queries) sum to 1.

    Args:
        attentions: float32 [layers, heads, seq, seq].
        choice: which layer and head; a mean over both weighs every matrix alike.
    """
    layers, heads = (slice(n and n - 1, n) for n in (choice.layer, choice.head))
    return np.asarray(attentions[layers, heads].mean(axis=(0, 1)))


def cut_off(read: Read, choice: AttentionChoice) -> str:
    """What of the sentences did not fit into this input; "" where all of them did."""
    counts = [each.cut_tokens for each in read.tokens.unread[read.row]]
    letters = "AB" if choice.inputs == "packed" else choice.part[0]
    cut = [f"{counted(count, 'token')} of {letter}" for count, letter in zip(counts, letters, strict=True)]
    shared = "Both sentences share one input here; not" if choice.inputs == "packed" else "Not"
    return f"{shared} read: {', '.join(cut)}." if any(counts) else ""


def limits(read: Read, choice: AttentionChoice, scorers: Sequence[str]) -> str:
    """Which scorers stand on what is shown, "combined" through the others; what it is not, what of it is left out."""
    used = "No scorer of this model reads pairs packed: all of them read each sentence alone."
    if scorers:
        what = "The pair is read packed" if choice.inputs == "packed" else f"Sentence {choice.part[0]} is read alone"
        own = [name for name in scorers if name != COMBINED]
        joined = f" and, through {'them' if len(own) > 1 else 'it'}, combined" * (COMBINED in scorers)
        used = f"{what} by {', '.join(own)}{joined}."
    said = [used, "Attention is not an explanation of a score."]
    if choice.hides_special or choice.part[1:2] in "→⇄":
        said.append("Hidden tokens are left out and rows are not renormalised: they no longer sum to 1.")
    if read.hidden:
        hidden = counted(read.hidden, "token")
        said.append(f"The mask hides {hidden} of this input: nobody attends to them, their columns are 0.")
    return " ".join(said)
