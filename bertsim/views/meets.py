"""Who meets whom: which tokens of the two sentences are alike, and which look at each other.

In: `Comparison`. Out: HTML: every matrix there is as a tile, one of them at full size, with its links.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bertsim.records import Comparison, Float
from bertsim.views.anatomy import sentences
from bertsim.views.attention import BOTH, AttentionChoice, Read, cut_off, limits, matrix
from bertsim.views.explain import (
    align,
    content_words,
    mates,
    mean_across,
    own_places,
    shares_across,
    tag_heads,
    token_cosines,
)
from bertsim.views.markup import Html, button, downloads, group, note, number, pointed, region, tag, view
from bertsim.views.matrix import ALONE, DRAWN, Side, heatmap, left_out, links, numbers, side, tinting
from bertsim.views.overview import COSINES, MEAN, overview

ACROSS = "across"
"""The key of the button that opens the head that looks across most."""
_LINKED = 1.5  # times an even spread: weaker links are not drawn
_HINT = "Point at a token to see whom it meets; press to pin it, Shift adds one, Esc clears; arrow keys walk."

Link = tuple[int, int, float, bool]
"""Row, column, value, whether its line is solid."""


class _Opened(NamedTuple):
    """The matrix at full size: what it is, and what it is not; its links; numbers about it.

    `tints`: what pinned tokens tint, float32 [a, b], every position; None where that would say nothing.
    """

    says: str
    limits: str
    values: Float
    rows: Side
    columns: Side
    links: list[Link]
    linked: str
    tints: Float | None
    figures: dict[str, float]


def best_matches(values: Float, rows: Side, columns: Side) -> list[Link]:
    """Best matches of ordinary tokens; solid where the two choose each other."""
    if not values.size:
        return []
    both = mates(values)
    found = {(a, b) for a, b in enumerate(values.argmax(axis=1).tolist()) if rows[a].key}
    found |= {(a, b) for b, a in enumerate(values.argmax(axis=0).tolist()) if columns[b].key}
    return [(a, b, float(values[a, b]), (a, b) in both) for a, b in sorted(found)]


def _strongest(values: Float, even: float) -> list[Link]:
    """Each row's two strongest links, where they stand out from an even spread."""
    return [
        (r, c, float(row[c]), True)
        for r, row in enumerate(values[:DRAWN, :DRAWN])
        for c in np.argsort(row)[::-1][:2].tolist()
        if row[c] > _LINKED * even
    ]


def without_partner(comparison: Comparison, under: Comparison, layer: int) -> list[list[str]]:
    """Keys of the content words of A and of B of which no token has a partner: one that chooses it back."""
    own = [np.flatnonzero(each) for each in under.tokens.is_own]
    pairs = mates(token_cosines(under, layer)[np.ix_(*own)])
    found: list[list[str]] = [[], []]
    for row, letter in enumerate("ab"):
        met, shown = {int(own[row][pair[row]]) for pair in pairs}, set(own[row].tolist())
        for word in content_words(comparison.tokens, row):
            if shown & set(word) and not met & set(word):
                found[row] += [f"{letter}{place}" for place in word]
    return found


def _of_cosines(comparison: Comparison, under: Comparison, choice: AttentionChoice, scorers: Sequence[str]) -> _Opened:
    """The cosines of the tokens at a layer, of those that the mask leaves."""
    layer, tokens = choice.layer or 0, comparison.tokens
    alone = without_partner(comparison, under, layer)
    shown = (under.tokens.attention_mask == 1) & ~(tokens.is_special & choice.hides_special)
    places = [np.flatnonzero(each).tolist() for each in shown]
    keys = [[f"{letter}{place}" for place in range(shown.shape[1])] for letter in "ab"]
    rows, columns = (side(tokens, row, keys[row], places[row], alone[row]) for row in (0, 1))
    whole = token_cosines(under, layer)
    values = whole[np.ix_(*places)]
    figures = align(under, layer)._asdict() if under.tokens.is_own.any(axis=1).all() else {}
    named = [", ".join(label.token for label in labels if label.is_alone) for labels in (rows, columns)]
    lonely = " and ".join(f"{names} of {letter}" for names, letter in zip(named, "AB", strict=True) if names)
    partner = f"{ALONE} Without a partner: {lonely}." if lonely else "Every content word has a partner."
    says = f"{choice.title}: how alike each token of A (rows) is to each of B (columns), the sentences read apart by "
    below = (
        "The figures are BERTScore's, A as candidate and B as reference; in the weighted one, at the last layer the "
        "scorer alignment, a token counts by the squared length of its vector."
    )
    linked = "Best matches: solid where the two choose each other, and framed in the matrix."
    says += f"{', '.join(scorers)}. {partner}"
    return _Opened(says, below, values, rows, columns, best_matches(values, rows, columns), linked, whole, figures)


def _of_attention(read: Read, choice: AttentionChoice, scorers: Sequence[str]) -> _Opened:
    """The attention of a head, or of their mean."""
    whole, is_alone = matrix(read.attentions, choice), choice.inputs == "apart"
    values, even = read.cut(whole, choice), 1.0 / len(read.keys)
    rows, columns = (side(read.tokens, read.row, read.keys, places) for places in read.places(choice))
    whose = f"sentence {choice.part}" if is_alone else "the pair packed as one input"
    says = f"{choice.title}: how much each row's token takes from each column's, for {whose}."
    if choice.part == BOTH:
        says = f"{choice.title}: how much each token of A (rows) and of B (columns) look at each other, on average."
    tints = None
    if not is_alone:
        shares = shares_across(read.attentions, read.tokens)
        if choice.layer and choice.head:
            share = float(shares[choice.layer - 1, choice.head - 1])
            most = ", the most of all heads" * bool(share == shares.max())
            says += f" {share:.0%} of what it looks at is in the other sentence{most}."
        tints = np.pad(mean_across(whole, *own_places(read.tokens)), ((1, 0), (1, 0)))
    strongest = _strongest(values, even)
    linked = "Each row's two strongest links, where they are more than one and a half times an even spread."
    if not strongest:
        linked = "No link is stronger than one and a half times an even spread."
    below = f"Spread evenly it would be {number(even)} everywhere. {limits(read, choice, scorers)}"
    return _Opened(says, below, values, rows, columns, strongest, linked, tints, {})


def meets_view(
    comparison: Comparison,
    choice: AttentionChoice,
    scorers: Sequence[str],
    masked: Comparison | None = None,
    pins: Sequence[str] = (),
) -> Html:
    """The overview of every matrix at the left, the chosen one and its links at the right.

    Args:
        comparison: the pair.
        choice: what is shown at full size; its part is that of every head's tile.
        scorers: names of those that read the pair as what is chosen does.
        masked: the same pair with tokens hidden; None = none is.
        pins: keys of pinned tokens.
    """
    under = masked or comparison
    read = Read.of(comparison, under, choice)
    is_cosine = choice.head == 0
    opened = _of_cosines(comparison, under, choice, scorers) if is_cosine else _of_attention(read, choice, scorers)
    layers = range(comparison.output.hidden_states.shape[0])
    is_shown = (under.tokens.attention_mask == 1) & ~(comparison.tokens.is_special & choice.hides_special)
    where = np.ix_(*map(np.flatnonzero, is_shown))
    is_packed = choice.inputs == "packed"
    tags = tag_heads(read.attentions, read.tokens) if is_packed else [[""] * read.attentions.shape[1] for _ in layers]
    cosines = [token_cosines(under, layer)[where] for layer in layers]
    tiles = overview(cosines, read.cut(read.attentions, choice), tags, choice)
    picks = {f"{layers[-1]}-{COSINES}": "Read apart: cosines", ACROSS: "Read together: the head that looks across most"}
    picks |= {f"{MEAN}-{MEAN}": "The mean of all heads"}
    values, rows, columns, kind = opened.values, opened.rows, opened.columns, COSINES if is_cosine else "attention"
    high = 1.0 if is_cosine else max(float(values.max(initial=0)), 3 / len(read.keys))
    framed = {(a, b) for a, b, _, is_solid in opened.links if is_solid and is_cosine}
    picture = heatmap(values, rows, columns, label=choice.title, high=high, framed=framed)
    linked = links(opened.links, rows, columns, label=opened.linked)
    data: dict[str, Any] = {"layer": choice.layer, "head": choice.head, "shown": COSINES if is_cosine else choice.part}
    data |= opened.figures | {"rows": [label.token for label in rows], "columns": [label.token for label in columns]}
    data[kind] = np.round(values.astype(float), 4).tolist()
    named = {name.replace("_f", " F"): number(value) for name, value in opened.figures.items()}
    figures = [tag("div", tag("dt", name[0].upper() + name[1:]), tag("dd", value)) for name, value in named.items()]
    shown = [region("Matrix; arrow keys walk in it", picture, data_walk=min(len(columns), DRAWN))]
    shown += [tag("dl.bs-figures", *figures, aria_label="BERTScore")] if figures else []
    beside = region("Links", linked, data_walk=0), tag("p.bs-caption.bs-limits", opened.linked)
    return view(
        opened.says,
        " ".join(filter(None, (opened.limits, left_out(*values.shape)))),
        sentences(comparison.tokens),
        note("" if is_cosine else cut_off(read, choice)),
        group(".bs-chips", "Open", *(button(label, data_pick=key) for key, label in picks.items())),
        pointed(_HINT),
        tag("div.bs-plates.bs-meeting", tiles, tag("div.bs-main", *shown), tag("div.bs-linked", *beside)),
        numbers(values, rows, columns, corner="from \\ to", caption=choice.title),
        downloads("meets", data, has_svg=True),
        data_pins=" ".join(pins),
        **({} if opened.tints is None else tinting(opened.tints, kind.removesuffix("s"), high)),
    )
