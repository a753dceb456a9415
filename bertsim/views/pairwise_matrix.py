"""The matrix of all sentences with each other: vectors above the diagonal, read together below it, groups framed.

In: a `Pairwise`. Out: SVG that stands alone as a file too. Which cell is pointed at is lit on both sides of the
diagonal by the page's script.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from bertsim.views.markup import Html, counted, number, shorten, tag
from bertsim.views.matrix import HEAT, INK, LINE, NUMBERED, SOFT, short_number, svg, tint, written
from bertsim.views.pairwise import APART, TOGETHER, Pairwise, said, sign_of

PANEL, _SANS = "var(--bs-panel,#ffffff)", "12px ui-sans-serif,system-ui,sans-serif"
_LETTER = 7.4  # pixels
_TOP = 24.0


def matrix_picture(found: Pairwise) -> Html:
    """Draw at least two sentences, `MAX_DRAWN` at most: vectors above the diagonal, read together below it."""
    size, labels = len(found.order), [shorten(found.lines[place], 24) for place in found.order]
    width, height = (34, 26) if size <= NUMBERED else (13, 13)
    left = max(map(len, labels)) * _LETTER + 62.0
    parts, high = [], max(1.0, float(np.nanmax(np.triu(found.apart, 1))), float(np.nanmax(found.together, initial=1.0)))
    for at, (place, label) in enumerate(zip(found.order, labels, strict=True)):
        sign, colour = sign_of(found.group_of.get(place))
        words = [tag("tspan", label, style=f"fill:{INK}"), tag("tspan", f" {sign} ", style=f"fill:{colour}")]
        words.append(tag("tspan", place + 1, style=f"fill:{SOFT}"))
        own = {"data_link": f"s{place}", "data_pick": f"p{place}", "text_anchor": "end"}
        y = _TOP + (at + 0.5) * height + 4
        parts.append(tag("text", *words, x=f"{left - 8:.1f}", y=f"{y:.1f}", **own))
        above = {"x": f"{left + (at + 0.5) * width:.1f}", "y": _TOP - 7, "text_anchor": "middle"}
        parts.append(tag("text", place + 1, **above, style=f"fill:{SOFT};font-size:{11 if width > 20 else 9}px"))
    grid = Html("").join(_row(found, at, left, (width, height), high) for at in range(size))
    parts.append(tag("g", grid, style=f"fill:{HEAT};stroke:{LINE};stroke-width:.5"))
    parts += _frames(found, left, width, height)
    bottom = _TOP + size * height
    parts += _legend(found, left, bottom + 24, high)
    whole = max(left + size * width, left + 330) + 4
    back = tag("rect", width=f"{whole:.0f}", height=f"{bottom + 62:.0f}", style=f"fill:{PANEL}")
    label = f"{counted(size, 'sentence')}, each with each: above the diagonal {APART}, below it {TOGETHER}"
    return svg(back, *parts, width=whole, height=bottom + 62, label=label, font=_SANS)


def _row(found: Pairwise, at: int, left: float, cell: tuple[int, int], high: float) -> Html:
    """The cells of a row: 2,500 in the largest picture, so they are formatted by hand."""
    (width, height), one, y = cell, found.order[at], _TOP + at * cell[1]
    apart, together, cells = found.apart[one].tolist(), found.together[one].tolist(), []
    for column, other in enumerate(found.order):
        x, value = left + column * width, (apart if column > at else together)[other]
        if column == at:
            link, pick, says = f"s{one}", f"p{one}", "press to see its nearest"
        else:
            link, pick = f"s{one} s{other}", f"{one}-{other}"
            says = f"vectors {number(apart[other])}, together {said(together[other])}"
        is_there = column != at and value == value
        shade = f'fill-opacity="{tint(value, 0.0, high):.2f}"' if is_there else 'fill-opacity="0"'
        dash = "" if is_there or column == at else ' stroke-dasharray="1 2"'
        drawn = (
            f'<g class="bs-cell" data-link="{link}" data-pick="{pick}"><title>{says}</title>'
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{width}" height="{height}" {shade}{dash}/>'
        )
        if is_there and width > 20:
            middle = f'x="{x + width / 2:.0f}" y="{y + height / 2 + 4:.0f}" text-anchor="middle"'
            drawn += f'<text {middle} style="fill:{INK};stroke:none;font-size:11px">{short_number(value)}</text>'
        cells.append(drawn + "</g>")
    return Html("".join(cells))


def _frames(found: Pairwise, left: float, width: int, height: int) -> Iterator[Html]:
    """Around each group, and around its parts where others stand between them."""
    for group, members in enumerate(found.groups):
        places = np.flatnonzero(np.isin(found.order, members))
        runs = [run for run in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if len(run)]
        style = f"fill:none;stroke:{sign_of(group)[1]};stroke-width:2.5;pointer-events:none"
        for down, across in product(runs, runs):
            where = {"x": f"{left + across[0] * width:.1f}", "y": f"{_TOP + down[0] * height:.1f}"}
            yield tag("rect.bs-frame", **where, width=len(across) * width, height=len(down) * height, style=style)


def _legend(found: Pairwise, left: float, y: float, high: float) -> Iterator[Html]:
    for step in range(5):
        shade = f"fill:{HEAT};fill-opacity:{tint(step, 0, 4)};stroke:{LINE};stroke-width:.5"
        yield tag("rect", x=f"{left - 108 + step * 15:.1f}", y=f"{y - 11:.1f}", width=15, height=14, style=shade)
    yield written("0", left - 116, y, SOFT, "end")
    yield written(short_number(high, 0), left - 28, y, SOFT)
    yield written(f"◥ {APART}: {shorten(found.readers[0], 40)}", left, y, SOFT)
    yield written(f"◣ {TOGETHER}: {shorten(found.readers[1], 40)}", left, y + 20, SOFT)
