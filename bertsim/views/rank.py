"""A sentence against many lines -> two columns of ranks.

In: scores and sentences. Out: HTML.
"""

from __future__ import annotations

from collections.abc import Sequence

from bertsim.views.markup import Html, button, number, tag


def ranking(rows: Sequence[tuple[float, str, int]]) -> Html:
    """Rows, best first: a score, a sentence, its place among the lines; pressing one reports that place."""
    shown = (
        tag("li", button(tag("span", number(score)), " ", tag("bdi", said), data_pick=index))
        for score, said, index in rows
    )
    return tag("ol.bs-ranking", *shown)
