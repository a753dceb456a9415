"""Layers: the pair's cosine at every layer and pooling, as curves. In: `Comparison`. Out: HTML with SVG."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from bertsim.records import Comparison, Float
from bertsim.score.explain import layer_profile
from bertsim.views.markup import MINUS, caption, downloads, number, table, text
from bertsim.views.matrix import INK, LINE, SOFT, svg

POOLINGS = ("mean", "cls", "max", "mean_max")
# Each curve has its own dash and its own mark beside its own name: colour carries nothing alone.
_DASHES = ("", "6 3", "2 3", "9 3 2 3")
_COLOURS = (INK, "var(--bs-a,#1c5a9e)", "var(--bs-b,#9a4a08)", SOFT)
_LEFT, _TOP, _STEP, _HEIGHT, _RIGHT = 46.0, 14.0, 130.0, 240.0, 118.0


def _mark(kind: int, x: float, y: float, colour: str, title: str) -> str:
    """A point of a curve: disc, square, triangle or diamond."""
    shapes = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"',
        f'<rect x="{x - 3.6:.1f}" y="{y - 3.6:.1f}" width="7.2" height="7.2"',
        f'<path d="M{x:.1f} {y - 5:.1f}l4.6 8.4h-9.2z"',
        f'<path d="M{x:.1f} {y - 5:.1f}l5 5-5 5-5-5z"',
    )
    tail = shapes[kind].split(" ", 1)[0].lstrip("<")
    return f'{shapes[kind]} style="fill:{colour}"><title>{text(title)}</title></{tail}>'


def _spread(targets: list[float], gap: float = 15.0) -> list[float]:
    """Move labels apart so that none covers another, keeping their order from top to bottom."""
    order = sorted(range(len(targets)), key=targets.__getitem__)
    placed = list(targets)
    for before, here in pairwise(order):
        placed[here] = max(placed[here], placed[before] + gap)
    return placed


def curves(values: Float, names: Sequence[str]) -> str:
    """Draw one curve per row.

    Args:
        values: float32 [curves, layers + 1], cosines.
        names: of the rows.
    """
    count = values.shape[1]
    low = min(0.0, float(np.floor(values.min() * 5) / 5))
    step = min(_STEP, 760.0 / max(count - 1, 1))
    right = _LEFT + step * (count - 1)

    def y_of(value: float) -> float:
        return _TOP + _HEIGHT * (1 - (value - low) / (1 - low))

    parts = []
    for tick in np.arange(low, 1.001, 0.2):
        y = y_of(float(tick))
        shown = f"{abs(tick):.1f}" if tick > -0.05 else f"{MINUS}{abs(tick):.1f}"
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{right:.1f}" style="stroke:{LINE}"/>')
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" style="fill:{SOFT}">{shown}</text>'
        )
    for layer in range(count):
        name = "embeddings" if layer == 0 else f"layer {layer}" if count <= 8 else str(layer)
        x, anchor = _LEFT + step * layer, "start" if layer == 0 else "middle"
        parts.append(
            f'<text x="{x:.1f}" y="{_TOP + _HEIGHT + 20:.0f}" text-anchor="{anchor}" style="fill:{SOFT}">{name}</text>'
        )
    ends = _spread([y_of(float(row[-1])) for row in values])
    for kind, (row, name) in enumerate(zip(values, names, strict=True)):
        points = [(_LEFT + step * layer, y_of(float(value))) for layer, value in enumerate(row)]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        colour = _COLOURS[kind % 4]
        parts.append(
            f'<polyline points="{line}" style="fill:none;stroke:{colour};stroke-width:1.6;'
            f'stroke-dasharray:{_DASHES[kind % 4] or "none"}"/>'
        )
        for layer, (x, y) in enumerate(points):
            parts.append(_mark(kind % 4, x, y, colour, f"{name}, layer {layer}: {number(float(row[layer]))}"))
        parts.append(
            f'<text x="{right + 12:.1f}" y="{ends[kind] + 4:.1f}" style="fill:{colour}">'
            f"{text(name)} {number(float(row[-1]))}</text>"
        )
    w, h = right + _RIGHT + 12, max(_TOP + _HEIGHT + 30, max(ends) + 10)
    return svg(
        "".join(parts), w, h, label="Cosine of the pair at every layer", font="13px system-ui,sans-serif"
    )


def layers_view(comparison: Comparison) -> str:
    """The pair's cosine at every layer, one curve per pooling, and the numbers."""
    profile = layer_profile(comparison, POOLINGS)
    heads = ["pooling", "embeddings", *(f"layer {index}" for index in range(1, profile.shape[1]))]
    rows = (
        [name, *(number(float(value)) for value in row)] for name, row in zip(POOLINGS, profile, strict=True)
    )
    data = {
        name: np.round(row.astype(float), 4).tolist() for name, row in zip(POOLINGS, profile, strict=True)
    }
    return (
        '<section class="bs-view">'
        + caption(
            "Where in the network the two sentences become alike: the cosine of their vectors after every layer, "
            "for four ways of pooling.",
            "Only the last layer was trained to be compared; a high cosine in another one need not mean anything.",
        )
        + f'<div class="bs-plate" tabindex="0" role="region" aria-label="Curves">{curves(profile, POOLINGS)}</div>'
        + table(heads, rows, caption="Cosine of the pair")
        + downloads("layers", data, has_svg=True)
        + "</section>"
    )
