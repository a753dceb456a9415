"""Sentences as points on a plane, with their beginnings beside them as far as there is room.

In: a `Pairwise` and where its sentences lie. Out: HTML with SVG. A group has its sign and number beside its colour.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bertsim.records import Float
from bertsim.views.markup import Html, counted, downloads, region, shorten, tag
from bertsim.views.matrix import INK, LINE, SOFT, svg, written
from bertsim.views.pairwise import Pairwise, sign_of
from bertsim.views.pairwise_matrix import PANEL

_WIDTH, _HEIGHT, _MARGIN = 460.0, 400.0, 30.0
_GAP, _ROUNDS = 16.0, 60  # pixels between two points, where there is room; steps that they are moved apart in
_LETTER, _LINE, _LABEL = 7.0, 13.0, 20  # of a label: pixels of a letter and of its height; letters
Box = tuple[float, float, float, float]


def _to_pixels(places: Float) -> list[tuple[float, float]]:
    """Points in the picture; a distance is as long across as it is upwards."""
    low, span = places.min(axis=0), np.ptp(places, axis=0)
    scale = min((size - 2 * _MARGIN) / max(each, 1e-9) for size, each in zip((_WIDTH, _HEIGHT), span, strict=True))
    x, y = ((places - low - span / 2) * scale).T
    found = spread(np.stack([_WIDTH / 2 + x, _HEIGHT / 2 - y], axis=1))
    return [(across, down) for across, down in found.tolist()]


def spread(points: Float) -> Float:
    """Points, [n, 2], moved so far that each can be seen and pressed, as in a beeswarm plot, within the picture."""
    turns = np.arange(len(points))
    places = points.astype(float) @ [1, 1j] + 1e-3 * np.exp(1j * turns)  # two of one place part, too
    gap, edge = min(_GAP, (_WIDTH * _HEIGHT / len(points)) ** 0.5 / 2), _MARGIN / 2
    for _ in range(_ROUNDS):
        ways = places[:, None] - places
        one, other = np.nonzero((ways.real**2 + ways.imag**2 < (gap - 0.1) ** 2) & (turns[:, None] != turns))
        if not len(one):
            break
        way = ways[one, other]
        np.add.at(places, one, way * (gap / np.abs(way) - 1) / 2)
        places = places.real.clip(edge, _WIDTH - edge) + 1j * places.imag.clip(edge, _HEIGHT - edge)
    return np.stack([places.real, places.imag], axis=1).astype(np.float32)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def place_labels(points: Sequence[tuple[float, float]], labels: Sequence[str]) -> list[Box | None]:
    """Where labels stand, so that none covers another or a point: right, left, below or above; None: nowhere."""
    taken: list[Box] = [(x - 6, y - 6, x + 6, y + 6) for x, y in points]
    found: list[Box | None] = []
    for (x, y), label in zip(points, labels, strict=True):
        wide, high = len(label) * _LETTER, _LINE
        tried = [
            (x + 10, y - high / 2),
            (x - 10 - wide, y - high / 2),
            (x - wide / 2, y + 8),
            (x - wide / 2, y - 8 - high),
        ]
        boxes = [(left, top, left + wide, top + high) for left, top in tried]
        free = (
            box
            for box in boxes
            if box[0] >= 0 and box[2] <= _WIDTH and not any(_overlap(box, other) for other in taken)
        )
        found.append(box := next(free, None))
        taken += [box] if box else []
    return found


def map_picture(found: Pairwise, places: Float, shares: Sequence[float], chosen: int | None = None) -> Html:
    """Draw points, float32 [n, 2]; `shares`: of the variance that each axis has; `chosen`: the one that is pressed."""
    points = _to_pixels(places)
    parts = [tag("rect", width=f"{_WIDTH:.0f}", height=f"{_HEIGHT + 24:.0f}", style=f"fill:{PANEL}")]
    frame = {"x": 1, "y": 1, "width": f"{_WIDTH - 2:.0f}", "height": f"{_HEIGHT - 2:.0f}"}
    parts.append(tag("rect", **frame, style=f"fill:none;stroke:{LINE}"))
    labels = [f"{place + 1} {shorten(line, _LABEL)}" for place, line in enumerate(found.lines)]
    for place, ((x, y), box) in enumerate(zip(points, place_labels(points, labels), strict=True)):
        sign, colour = sign_of(found.group_of.get(place))
        ring = tag("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=11, style=f"fill:none;stroke:{INK};stroke-width:1.5")
        own = [tag("title", shorten(found.lines[place], 160)), ring if place == chosen else ""]
        hit = tag("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=9, style="fill:transparent")
        place_of = {"x": f"{x:.1f}", "y": f"{y + 5:.1f}", "text_anchor": "middle"}
        own += [hit, tag("text", sign[0], **place_of, style=f"fill:{colour};font-size:14px")]
        if box:
            own.append(written(labels[place], box[0], box[3] - 3, INK))
        parts.append(tag("g.bs-cell.bs-point", *own, data_link=f"s{place}", data_pick=f"p{place}"))
    across, upwards = (f"{100 * share:.0f} % of the variance" for share in shares)
    parts.append(written(f"→ {across}   ↑ {upwards}", 2, _HEIGHT + 18, SOFT))
    label = f"Map of {counted(len(points), 'sentence')}: near points have vectors that are alike"
    return svg(*parts, width=_WIDTH, height=_HEIGHT + 24, label=label, font="12px ui-sans-serif,system-ui,sans-serif")


def map_figure(found: Pairwise, places: Float, shares: Sequence[float], chosen: int | None, near: Html) -> Html:
    """The map with what its axes are, what is `near` the chosen point, and its downloads."""
    first, second = (f"{100 * share:.0f}" for share in shares)
    says = (
        f"The vectors on a plane, by the two directions in which they differ most (PCA): {first} % of the variance and "
        f"{second} %; the other {max(0, 100 - round(100 * sum(shares)))} % is not seen. Press a point for its nearest, "
        "a second one to compare the two. Points that would cover each other stand side by side."
    )
    data = [
        {"sentence": line, "x": round(x, 4), "y": round(y, 4)}
        for line, (x, y) in zip(found.lines, places.astype(float).tolist(), strict=True)
    ]
    shown = region("Map; arrow keys walk in it", map_picture(found, places, shares, chosen), data_walk=0)
    numbers = {"variance": [round(each, 4) for each in shares], "points": data}
    saves = downloads("map", numbers, has_svg=True, has_png=True)
    return tag("figure.bs-map", shown, tag("p.bs-caption.bs-limits", says), near, saves)
