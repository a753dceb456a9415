"""Alignment: which tokens of the two sentences are alike at one layer. In: `Comparison`. Out: HTML with SVG."""

from __future__ import annotations

import numpy as np

from bertsim.records import Comparison
from bertsim.views.explain import Alignment, align
from bertsim.views.markup import Html, downloads, note, number, region, tag, view
from bertsim.views.matrix import heatmap, left_out, links, numbers, side


def best_matches(alignment: Alignment) -> list[tuple[int, int, float, bool]]:
    """Best matches of ordinary tokens as links; solid where the two are each other's best."""
    of_a = {(a, b) for a, b in enumerate(alignment.best_b.tolist()) if not alignment.special_a[a]}
    of_b = {(a, b) for b, a in enumerate(alignment.best_a.tolist()) if not alignment.special_b[b]}
    return [
        (a, b, float(alignment.cosines[a, b]), bool(alignment.best_b[a] == b and alignment.best_a[b] == a))
        for a, b in sorted(of_a | of_b)
    ]


def alignment_view(comparison: Comparison, layer: int) -> Html:
    """Heat map, links and BERTScore of the pair at a layer, an index into `hidden_states`."""
    alignment = align(comparison, layer)
    cosines, matches = alignment.cosines, best_matches(alignment)
    rows, columns = (
        side(comparison.tokens, row, "ab"[row] * size, range(size)) for row, size in enumerate(cosines.shape)
    )
    figures = {
        "Precision": alignment.precision,
        "Recall": alignment.recall,
        "F1": alignment.f1,
        "Weighted F1": alignment.score,
    }
    items = (tag("div", tag("dt", name), tag("dd", number(value))) for name, value in figures.items())
    data = {
        "layer": layer,
        "tokens_a": [token for token, _ in rows],
        "tokens_b": [token for token, _ in columns],
        "cosines": np.round(cosines.astype(float), 4).tolist(),
        **{name.lower().replace(" ", "_"): value for name, value in figures.items()},
    }
    where = "embeddings" if layer == 0 else f"layer {layer}"
    framed = {(a, b) for a, b, _, _ in matches}
    picture = heatmap(cosines, rows, columns, label="Cosine of every token pair", framed=framed)
    lines = links(matches, rows, columns, label="Best matches of the tokens")
    return view(
        f"Cosine of each token of A (rows) with each token of B (columns), {where}; best matches are framed "
        "and linked, solid where the two choose each other.",
        "The first three numbers are BERTScore's, A as candidate and B as reference, from this very matrix. In the "
        "weighted one a token counts by the squared length of its vector, and special tokens have no part; of the "
        "last layer it is the scorer alignment.",
        tag("dl.bs-figures", *items, aria_label="BERTScore"),
        note(left_out(*cosines.shape)),
        tag("div.bs-plates", region("Heat map", picture), region("Links", lines)),
        numbers(cosines, rows, columns, corner="A \\ B", caption=f"Token cosines, {where}"),
        downloads("alignment", data, has_svg=True),
    )
