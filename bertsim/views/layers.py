"""Layers: the pair's cosine at every layer and pooling, as curves. In: `Comparison`. Out: HTML with SVG."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from bertsim.records import Comparison, Float
from bertsim.views.explain import layer_profile
from bertsim.views.markup import Html, downloads, number, region, table, tag, view
from bertsim.views.matrix import INK, LINE, SOFT, svg, written

POOLINGS = ("mean", "cls", "max", "mean_max")
# Each curve has its own dash and its own mark beside its own name: colour carries nothing alone.
_DASHES = ("none", "6 3", "2 3", "9 3 2 3")
_COLOURS = (INK, "var(--bs-a,#1c5a9e)", "var(--bs-b,#9a4a08)", SOFT)
_LEFT, _TOP, _STEP, _HEIGHT, _RIGHT = 46.0, 14.0, 130.0, 240.0, 118.0


def _mark(kind: int, x: float, y: float, title: str) -> Html:
    """A point of a curve: disc, square, triangle or diamond."""
    name, shape = (
        ("circle", {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "4"}),
        ("rect", {"x": f"{x - 3.6:.1f}", "y": f"{y - 3.6:.1f}", "width": "7.2", "height": "7.2"}),
        ("path", {"d": f"M{x:.1f} {y - 5:.1f}l4.6 8.4h-9.2z"}),
        ("path", {"d": f"M{x:.1f} {y - 5:.1f}l5 5-5 5-5-5z"}),
    )[kind]
    return tag(name, tag("title", title), **shape, style=f"fill:{_COLOURS[kind]}")


def _spread(targets: list[float], gap: float = 15.0) -> list[float]:
    """Move labels apart so that none covers another, keeping their order from top to bottom."""
    order = sorted(range(len(targets)), key=targets.__getitem__)
    placed = list(targets)
    for before, here in pairwise(order):
        placed[here] = max(placed[here], placed[before] + gap)
    return placed


def curves(values: Float, names: Sequence[str]) -> Html:
    """Draw one curve per row of cosines, float32 [curves, layers + 1], four at most; `names`: of the rows."""
    count = values.shape[1]
    low = min(0.0, float(np.floor(values.min() * 5) / 5))
    step = min(_STEP, 760.0 / max(count - 1, 1))
    right = _LEFT + step * (count - 1)

    def y_of(value: float) -> float:
        return _TOP + _HEIGHT * (1 - (value - low) / (1 - low))

    parts = []
    for tick in np.arange(low, 1.001, 0.2).tolist():
        y = y_of(tick)
        parts.append(tag("path", d=f"M{_LEFT} {y:.1f}H{right:.1f}", style=f"stroke:{LINE}"))
        parts.append(written(number(tick, 1), _LEFT - 8, y + 4, SOFT, "end"))
    for layer in range(count):
        name = "embeddings" if layer == 0 else f"layer {layer}" if count <= 8 else str(layer)
        anchor = "start" if layer == 0 else "middle"
        parts.append(written(name, _LEFT + step * layer, _TOP + _HEIGHT + 20, SOFT, anchor))
    ends = _spread([y_of(float(row[-1])) for row in values])
    for kind, (row, name) in enumerate(zip(values.tolist(), names, strict=True)):
        points = [(_LEFT + step * layer, y_of(value)) for layer, value in enumerate(row)]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        style = f"fill:none;stroke:{_COLOURS[kind]};stroke-width:1.6;stroke-dasharray:{_DASHES[kind]}"
        parts.append(tag("polyline", points=line, style=style))
        titles = [f"{name}, layer {layer}: {number(value)}" for layer, value in enumerate(row)]
        parts += [_mark(kind, x, y, title) for (x, y), title in zip(points, titles, strict=True)]
        parts.append(written(f"{name} {number(row[-1])}", right + 12, ends[kind] + 4, _COLOURS[kind]))
    height = max(_TOP + _HEIGHT + 30, max(ends) + 10)
    says, font = "Cosine of the pair at every layer", "13px system-ui,sans-serif"
    return svg(*parts, width=right + _RIGHT + 12, height=height, label=says, font=font)


def layers_view(comparison: Comparison) -> Html:
    """The pair's cosine at every layer, one curve per pooling, and the numbers."""
    profile = layer_profile(comparison, POOLINGS)
    heads = ["pooling", "embeddings", *(f"layer {index}" for index in range(1, profile.shape[1]))]
    rows = ([name, *map(number, row)] for name, row in zip(POOLINGS, profile.tolist(), strict=True))
    data = dict(zip(POOLINGS, np.round(profile.astype(float), 4).tolist(), strict=True))
    return view(
        "Where in the network the two sentences become alike: the cosine of their vectors after every layer, "
        "for four ways of pooling.",
        "Only the last layer was trained to be compared; a high cosine in another one need not mean anything.",
        region("Curves", curves(profile, POOLINGS)),
        table(heads, rows, caption="Cosine of the pair"),
        downloads("layers", data, has_svg=True),
    )
