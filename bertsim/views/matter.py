"""Which tokens matter: the change of the score when each token is hidden. In: `Comparison`, `Occlusion`. Out: HTML."""

from __future__ import annotations

import numpy as np

from bertsim.records import Comparison, Float
from bertsim.views.explain import Occlusion
from bertsim.views.markup import Html, downloads, figure, number, plain, table, tag, view

DRAWN = 64


def _bar(token: str, change: float, widest: float) -> Html:
    """A token and its bar, to the left where the score falls, to the right where it rises."""
    width = abs(change) / widest * 50
    kind, left = ("i.is-down", 50 - width) if change < 0 else ("i.is-up", 50)
    bar = tag("span.bs-signed", tag(kind, style=f"left:{left:.2f}%;width:{width:.2f}%"), aria_hidden=True)
    return tag("li", tag("span.bs-piece", tag("bdi", token)), bar, tag("span", number(change, signed=True)))


def _left_out(comparison: Comparison, changes: Float, row: int) -> str:
    """What of a sentence is not drawn; "" where all of it is."""
    ordinary = int((~comparison.tokens.is_special[row][: len(changes)]).sum())
    tried = int((~np.isnan(changes)).sum())
    drawn = min(tried, DRAWN)
    if drawn == ordinary:
        return ""
    also = f", and {tried} were tried" if tried < ordinary else ""
    return f" Sentence {'AB'[row]}: drawn are the first {drawn} of its {ordinary} tokens{also}; the table has those."


def matter_view(comparison: Comparison, occlusion: Occlusion) -> Html:
    """A signed bar and number for every token of both sentences."""
    both = (occlusion.changes_a, occlusion.changes_b)
    widest = max(float(np.nanmax(np.abs(np.concatenate(both)))), 1e-6)
    cells, halves, omitted = [], [], ""
    for row, changes in enumerate(both):
        bars = []
        for position in np.flatnonzero(~np.isnan(changes)).tolist():
            token, change = comparison.tokens.tokens[row][position], float(changes[position])
            cells.append(["AB"[row], str(position), plain(token), number(change, 4, signed=True)])
            bars.append(_bar(token, change, widest))
        halves.append(figure(row, "hide one, keep the rest", tag("ol.bs-matter", *bars[:DRAWN])))
        omitted += _left_out(comparison, changes, row)
    data = {"scorer": occlusion.scorer, "score": occlusion.score, "changes": cells}
    heads = ["sentence", "position", "token", "change"]
    return view(
        f"How the {occlusion.scorer} score ({number(occlusion.score)}) changes when one token is hidden: "
        "to the left it falls (the token made the two more alike), "
        f"to the right it rises (the token set them apart).{omitted}",
        "One token at a time: what two tokens do together is not seen here.",
        tag("div.bs-plates.bs-halves", *halves),
        table(heads, cells, caption=f"Change of the {occlusion.scorer} score"),
        downloads("tokens-that-matter", data),
    )
