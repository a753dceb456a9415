"""Alignment: which tokens of the two sentences are alike at one layer. In: `Comparison`. Out: HTML with SVG."""

from __future__ import annotations

import numpy as np

from bertsim.records import Comparison
from bertsim.score.explain import Alignment, align
from bertsim.views.markup import caption, downloads, note, number, plain, table, text
from bertsim.views.matrix import DRAWN, Side, heatmap, left_out, links


def side(comparison: Comparison, row: int) -> Side:
    """The real tokens of a sentence along one side of a matrix."""
    count = int(comparison.tokens.attention_mask[row].sum())
    return Side(
        tuple(plain(token) for token in comparison.tokens.tokens[row][:count]),
        ("ab"[row],) * count,
        tuple(bool(flag) for flag in comparison.tokens.is_special[row][:count]),
    )


def best_matches(alignment: Alignment) -> list[tuple[int, int, float, bool]]:
    """Best matches of ordinary tokens as links; solid where the two are each other's best."""
    found: dict[tuple[int, int], bool] = {}
    for a, b in enumerate(alignment.best_b.tolist()):
        if not alignment.special_a[a]:
            found[a, b] = int(alignment.best_a[b]) == a
    for b, a in enumerate(alignment.best_a.tolist()):
        if not alignment.special_b[b]:
            found.setdefault((a, b), int(alignment.best_b[a]) == b)
    return [(a, b, float(alignment.cosines[a, b]), mutual) for (a, b), mutual in sorted(found.items())]


def _figures(alignment: Alignment) -> str:
    """BERTScore's three numbers, and the weighted one."""
    named = (
        ("Precision", alignment.precision),
        ("Recall", alignment.recall),
        ("F1", alignment.f1),
        ("Weighted F1", alignment.score),
    )
    items = "".join(f"<div><dt>{name}</dt><dd>{number(value)}</dd></div>" for name, value in named)
    return f'<dl class="bs-figures" aria-label="BERTScore">{items}</dl>'


def alignment_view(comparison: Comparison, layer: int) -> str:
    """Heat map, links and BERTScore of the pair at a layer.

    Args:
        comparison: the pair.
        layer: index into `hidden_states`; 0 = embeddings.
    """
    alignment = align(comparison, layer)
    rows, columns = side(comparison, 0), side(comparison, 1)
    marked = np.zeros(alignment.cosines.shape, bool)
    matches = best_matches(alignment)
    for a, b, _, _ in matches:
        marked[a, b] = True
    omitted = left_out(*alignment.cosines.shape)
    drawn = alignment.cosines[:DRAWN, :DRAWN]
    data = {
        "layer": layer,
        "tokens_a": rows.tokens,
        "tokens_b": columns.tokens,
        "cosines": np.round(alignment.cosines.astype(float), 4).tolist(),
        "precision": alignment.precision,
        "recall": alignment.recall,
        "f1": alignment.f1,
        "weighted_f1": alignment.score,
    }
    numbers = ([rows.tokens[r], *(number(float(value)) for value in drawn[r])] for r in range(len(drawn)))
    where = "embeddings" if layer == 0 else f"layer {layer}"
    return (
        '<section class="bs-view">'
        + caption(
            f"Cosine of each token of A (rows) with each token of B (columns), {where}; best matches are framed "
            "and linked, solid where the two choose each other.",
            "The first three numbers are BERTScore's, A as candidate and B as reference, from this very matrix. In the "
            "weighted one a token counts by the squared length of its vector, and special tokens have no part; of the "
            "last layer it is the scorer alignment.",
        )
        + _figures(alignment)
        + (note(omitted) if omitted else "")
        + '<div class="bs-plates"><div class="bs-plate" tabindex="0" role="region" aria-label="Heat map">'
        + heatmap(alignment.cosines, rows, columns, label="Cosine of every token pair", marked=marked)
        + '</div><div class="bs-plate" tabindex="0" role="region" aria-label="Links">'
        + links(matches, rows, columns, label="Best matches of the tokens")
        + "</div></div>"
        + table(["A \\ B", *columns.tokens[:DRAWN]], numbers, caption=f"Token cosines, {text(where)}")
        + downloads("alignment", data, has_svg=True)
        + "</section>"
    )
