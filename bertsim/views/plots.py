"""Plots of many pairs: histograms by class, curves, clouds, reliability. Numbers in, escaped SVG out.

Colours are those of the page where it has them, else plain ones: the same SVG stands alone in a report, or in a file.
What is dragged, and what moves, is the page's script's: `data-frame` says where the axes are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bertsim.measuring.curves import LABEL, Cloud, Curve, Histogram, Steps
from bertsim.views.markup import Html, number, tag

_WIDTH, _HEIGHT = 400, 262
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 16, 10, 40
INK, SOFT, LINE = "var(--bs-ink, #1e1d1a)", "var(--bs-soft, #5c584f)", "var(--bs-line, #dcd8cf)"
UP, DOWN, A, B = "var(--bs-up, #0f6b5f)", "var(--bs-down, #8a2f6e)", "var(--bs-a, #1c5a9e)", "var(--bs-b, #9a4a08)"
HUES, DASHES = (A, B, UP, DOWN), ("none", "7 3", "2 3", "9 3 2 3")
"""Of the scorers, in their order: a hue, and a dash that says the same."""


@dataclass(frozen=True)
class Axis:
    """What is along a side: its name, its ends, and what is written at it."""

    name: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]] = ()

    def at(self, value: float, start: float, end: float) -> float:
        """Where a value stands between two ends of the picture."""
        return start + (value - self.low) / max(self.high - self.low, 1e-12) * (end - start)

    @property
    def marks(self) -> Sequence[tuple[float, str]]:
        """Its ticks: the round numbers between its ends, about five, unless they are given."""
        if self.ticks:
            return self.ticks
        rough = max(self.high - self.low, 1e-3) / 6
        power = math.floor(math.log10(rough))
        step = next(each for each in (1, 2, 5, 10) if each * 10**power >= rough * (1 - 1e-9)) * 10**power
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        return [(n * step, number(n * step, digits)) for n in range(first, last + 1)]


def frame(x: Axis, y: Axis, *marks: Html, label: str, brush: bool = False) -> Html:
    """Axes around marks; with `brush`, a range of x, or a box, can be dragged."""
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    parts = []
    for value, text in x.marks:
        at = x.at(value, _LEFT, right)
        parts.append(_line(at, bottom, at, bottom + 4, SOFT) + _text(at, bottom + 16, text, "middle"))
    for value, text in y.marks:
        at = y.at(value, bottom, _TOP)
        parts.append(_line(_LEFT, at, right, at, LINE) + _text(_LEFT - 6, at + 4, text, "end"))
    parts.append(_text((_LEFT + right) / 2, _HEIGHT - 6, x.name, "middle"))
    turned = f"rotate(-90 11 {(_TOP + bottom) / 2:.0f})"
    parts.append(_text(11, (_TOP + bottom) / 2, y.name, "middle", transform=turned))
    parts += [*marks, _line(_LEFT, bottom, right, bottom, SOFT)]
    box = {"x": _LEFT, "y": _TOP, "width": right - _LEFT, "height": bottom - _TOP}
    if brush:
        parts.append(tag("rect.bs-brush", **box, fill="transparent", data_brush=x.name, data_and=y.name))
    ends = f"{_LEFT} {right} {bottom} {_TOP} {x.low} {x.high} {y.low} {y.high}"
    svg = {"viewBox": f"0 0 {_WIDTH} {_HEIGHT}", "role": "img", "aria_label": label, "data_frame": ends}
    return tag("svg", *parts, xmlns="http://www.w3.org/2000/svg", font_family="sans-serif", **svg)


def histogram(name: str, found: Histogram, steps: Steps | None = None) -> Html:
    """Bars; of two classes, similar pairs upwards, hatched others downwards, and the threshold as a line across."""
    x = Axis(name, found.edges[0], found.edges[-1])
    up = found.counts.get("similar", found.counts.get("all", []))
    down = found.counts.get("other", [])
    most = max([*up, *down, 1])
    low = -max(down) * 1.05 if down else 0
    y = Axis("pairs", low, max([*up, 1]) * 1.05, _counts(low, max([*up, 1])))
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    zero, bars = y.at(0, bottom, _TOP), []
    for kind, counts, hue in (("up", up, UP if down else A), ("down", down, DOWN)):
        for (start, end), count in zip(pairwise(found.edges), counts, strict=False):
            if count:
                left, width = x.at(start, _LEFT, right), x.at(end, _LEFT, right) - x.at(start, _LEFT, right)
                top = y.at(count if kind == "up" else -count, bottom, _TOP)
                bars.append(_bar(left, min(top, zero), max(width - 1, 1), abs(zero - top), hue, kind == "down"))
    marks = [*bars, _line(_LEFT, zero, right, zero, SOFT)]
    if steps:
        at = x.at(steps.thresholds[steps.best], _LEFT, right)
        marks.append(
            tag("line", x1=f"{at:.1f}", x2=f"{at:.1f}", y1=_TOP, y2=bottom, stroke=INK, stroke_width=2, data_line=name)
        )
    says = f"Histogram of {name}: from {number(x.low)} to {number(x.high)}, {most:,} pairs in the fullest bar"
    return frame(x, y, *marks, label=says, brush=True)


def curves(
    x: str,
    y: str,
    found: Mapping[str, Curve],
    base: Sequence[tuple[float, float]],
    points: Mapping[str, tuple[float, float]],
) -> Html:
    """Lines from 0 to 1 either way, one for each scorer, a thin one for what chance does, and a dot for a threshold."""
    axes = Axis(x, 0, 1), Axis(y, 0, 1)
    marks = [_path(axes, [each[0] for each in base], [each[1] for each in base], SOFT, "1 4", 1)]
    for place, (name, curve) in enumerate(found.items()):
        hue, dash = HUES[place % 4], DASHES[place % 4]
        marks.append(_path(axes, curve.x, curve.y, hue, dash, 2))
        if name in points:
            left, top = _at(axes, *points[name])
            marks.append(tag("circle", cx=f"{left:.1f}", cy=f"{top:.1f}", r=5, fill=hue, data_dot=f"{x}/{name}"))
    return frame(*axes, *marks, label=f"{y} against {x}: {', '.join(found)}")


def reliability(found: Mapping[str, Sequence[tuple[float, float, int]]]) -> Html:
    """The share of similar pairs among those of about one probability; on the diagonal, probabilities are right."""
    axes = Axis("calibrated probability", 0, 1), Axis("share that is similar", 0, 1)
    marks = [_path(axes, [0, 1], [0, 1], SOFT, "1 4", 1)]
    for place, (_, bins) in enumerate(found.items()):
        hue, most = HUES[place % 4], max((count for _, _, count in bins), default=1)
        marks.append(_path(axes, [each[0] for each in bins], [each[1] for each in bins], hue, DASHES[place % 4], 1.5))
        for mean, share, count in bins:
            left, top = _at(axes, mean, share)
            dot = {"cx": f"{left:.1f}", "cy": f"{top:.1f}", "r": f"{2.5 + 5 * (count / most) ** 0.5:.1f}"}
            marks.append(tag("circle", **dot, fill=hue, fill_opacity=0.75))
    return frame(*axes, *marks, label=f"Reliability of {', '.join(found)}")


def scatter(found: Cloud) -> Html:
    """Pairs as dots, similar ones as circles and others as crosses where that is known; of many, squares by number."""
    low_x, high_x, low_y, high_y = found.ends
    margin = 0.02 * (high_x - low_x), 0.02 * (high_y - low_y)
    labels = sorted({each[0] for each in found.points}) if found.x == LABEL and not found.step else []
    ticks = [(value, f"{value:g}") for value in labels] if len(labels) <= 8 else []
    x = Axis(found.x, low_x - margin[0], high_x + margin[0], ticks)
    axes = x, Axis(found.y, low_y - margin[1], high_y + margin[1])
    marks, most = [], max((count for _, _, count, _ in found.points), default=1)
    for value_x, value_y, count, is_similar in found.points:
        left, top = _at(axes, value_x, value_y)
        if found.step:
            width = axes[0].at(axes[0].low + found.step[0], 0, _WIDTH - _RIGHT - _LEFT)
            height = axes[1].at(axes[1].low + found.step[1], 0, _HEIGHT - _BOTTOM - _TOP)
            shade = f"{0.12 + 0.88 * (count / most) ** 0.5:.2f}"
            box = {"x": f"{left - width / 2:.1f}", "y": f"{top - height / 2:.1f}", "width": f"{width:.1f}"}
            marks.append(tag("rect", **box, height=f"{height:.1f}", fill=A, fill_opacity=shade))
        elif is_similar is False:
            cross = f"M{left - 3:.1f} {top - 3:.1f}l6 6m0 -6l-6 6"
            marks.append(tag("path", d=cross, stroke=DOWN, stroke_width=1.4, fill="none", stroke_opacity=0.75))
        else:
            hue = A if is_similar is None else UP
            marks.append(tag("circle", cx=f"{left:.1f}", cy=f"{top:.1f}", r=3, fill=hue, fill_opacity=0.6))
    return frame(*axes, *marks, label=f"{found.y} against {found.x} of {found.n:,} pairs", brush=True)


def _counts(low: float, high: float) -> list[tuple[float, str]]:
    """Ticks of a histogram that goes both ways: its ends, and nothing."""
    down = [(low / 1.05, f"{-low / 1.05:,.0f}")] if low else []
    return [*down, (0, "0"), (high, f"{high:,}")]


def _at(axes: tuple[Axis, Axis], x: float, y: float) -> tuple[float, float]:
    return axes[0].at(x, _LEFT, _WIDTH - _RIGHT), axes[1].at(y, _HEIGHT - _BOTTOM, _TOP)


def _path(axes: tuple[Axis, Axis], xs: Sequence[float], ys: Sequence[float], hue: str, dash: str, width: float) -> Html:
    points = " ".join(f"{left:.1f},{top:.1f}" for left, top in (_at(axes, *each) for each in zip(xs, ys, strict=True)))
    return tag("polyline", points=points, fill="none", stroke=hue, stroke_width=width, stroke_dasharray=dash)


def _bar(left: float, top: float, width: float, height: float, hue: str, is_hollow: bool) -> Html:
    look = {"fill": hue, "fill_opacity": 0.25 if is_hollow else 0.85, "stroke": hue, "stroke_width": 1}
    return tag("rect", x=f"{left:.1f}", y=f"{top:.1f}", width=f"{width:.1f}", height=f"{height:.1f}", **look)


def _line(x1: float, y1: float, x2: float, y2: float, hue: str) -> Html:
    ends = {"x1": f"{x1:.1f}", "y1": f"{y1:.1f}", "x2": f"{x2:.1f}", "y2": f"{y2:.1f}"}
    return tag("line", **ends, stroke=hue, stroke_width=1)


def _text(x: float, y: float, text: str, anchor: str, **attributes: str) -> Html:
    return tag("text", text, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, font_size=11, fill=SOFT, **attributes)
