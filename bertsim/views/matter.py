"""Which tokens matter: the change of the score when each token is hidden. In: `Comparison`, `Occlusion`. Out: HTML."""

from __future__ import annotations

import numpy as np

from bertsim.records import Comparison, Float
from bertsim.score.explain import Occlusion
from bertsim.views.markup import caption, downloads, number, plain, table, text

DRAWN = 64


def _rows(comparison: Comparison, row: int, changes: Float, widest: float) -> str:
    """One bar per ordinary token, to the left where the score falls, to the right where it rises."""
    bars: list[str] = []
    for position, change in enumerate(changes.tolist()):
        if np.isnan(change) or len(bars) == DRAWN:
            continue
        width = abs(change) / widest * 50
        left = 50 - width if change < 0 else 50
        kind = "is-down" if change < 0 else "is-up"
        bars.append(
            f'<li><span class="bs-piece"><bdi>{text(comparison.tokens.tokens[row][position])}</bdi></span>'
            f'<span class="bs-signed" aria-hidden="true">'
            f'<i class="{kind}" style="left:{left:.2f}%;width:{width:.2f}%"></i></span>'
            f"<span>{number(change, signed=True)}</span></li>"
        )
    letter = "AB"[row]
    return (
        f'<figure class="bs-sentence bs-{letter.lower()}"><figcaption><span class="bs-letter">{letter}</span> '
        f'hide one, keep the rest</figcaption><ol class="bs-matter">{"".join(bars)}</ol></figure>'
    )


def _left_out(comparison: Comparison, changes: Float, row: int) -> str:
    """What of a sentence is not drawn; "" where all of it is."""
    ordinary = int((~comparison.tokens.is_special[row][: len(changes)]).sum())
    tried = int((~np.isnan(changes)).sum())
    drawn = min(tried, DRAWN)
    if drawn == ordinary:
        return ""
    also = f", and {tried} were tried" if tried < ordinary else ""
    return f"Sentence {'AB'[row]}: drawn are the first {drawn} of its {ordinary} tokens{also}; the table has those."


def matter_view(comparison: Comparison, occlusion: Occlusion) -> str:
    """A signed bar and number for every token of both sentences."""
    both = (occlusion.changes_a, occlusion.changes_b)
    widest = max(float(np.nanmax(np.abs(np.concatenate(both)))), 1e-6)
    cells = []
    for row, changes in enumerate(both):
        for position, change in enumerate(changes.tolist()):
            if not np.isnan(change):
                cells.append(
                    [
                        "AB"[row],
                        str(position),
                        plain(comparison.tokens.tokens[row][position]),
                        number(change, 4, signed=True),
                    ]
                )
    omitted = "".join(f" {line}" for row in (0, 1) if (line := _left_out(comparison, both[row], row)))
    data = {"scorer": occlusion.scorer, "score": occlusion.score, "changes": cells}
    return (
        '<section class="bs-view">'
        + caption(
            f"How the {occlusion.scorer} score ({number(occlusion.score)}) changes when one token is hidden: "
            "to the left it falls (the token made the two more alike), "
            "to the right it rises (the token set them apart)." + omitted,
            "One token at a time: what two tokens do together is not seen here.",
        )
        + '<div class="bs-plates bs-halves">'
        + _rows(comparison, 0, occlusion.changes_a, widest)
        + _rows(comparison, 1, occlusion.changes_b, widest)
        + "</div>"
        + table(
            ["sentence", "position", "token", "change"],
            cells,
            caption=f"Change of the {occlusion.scorer} score",
        )
        + downloads("tokens-that-matter", data)
        + "</section>"
    )
