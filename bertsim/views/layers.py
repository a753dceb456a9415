"""Through the layers: the pair's cosine at every layer, against unrelated pairs; and that of two of its tokens.

In: `Comparison`, profiles of other pairs. Out: HTML with SVG.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from bertsim.records import Comparison, Float, TokenBatch
from bertsim.views.anatomy import half, strip, token_name
from bertsim.views.explain import choose_trace, is_piece, layer_profile, token_cosines, trace_tokens
from bertsim.views.markup import Html, button, downloads, number, plain, region, table, tag, view
from bertsim.views.matrix import INK, LINE, SOFT, short_number, svg, written

POOLINGS = ("mean", "cls", "max", "mean_max")
BAND = (5, 95)  # percent of the unrelated pairs that lie below
# Each curve has its own dash and its own mark beside its own name: colour carries nothing alone.
_DASHES = ("none", "6 3", "2 3", "9 3 2 3", "1 4")
_COLOURS = (INK, "var(--bs-up,#0f6b5f)", SOFT, SOFT, SOFT)
_LEFT, _TOP, _STEP, _HEIGHT, _RIGHT = 46.0, 14.0, 130.0, 240.0, 190.0


def _mark(kind: int, x: float, y: float, title: str) -> Html:
    """A point of a curve: a disc, of the second one a square, of others a small disc."""
    where = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "2" if kind else "4"}
    if kind == 1:
        where = {"x": f"{x - 3.6:.1f}", "y": f"{y - 3.6:.1f}", "width": "7.2", "height": "7.2"}
    return tag("rect" if kind == 1 else "circle", tag("title", title), **where, style=f"fill:{_COLOURS[kind]}")


def _spread(targets: list[float]) -> list[float]:
    """Move labels apart so that none covers another, keeping their order from top to bottom."""
    order = sorted(range(len(targets)), key=targets.__getitem__)
    placed = list(targets)
    for before, here in pairwise(order):
        placed[here] = max(placed[here], placed[before] + 15.0)
    return placed


def curves(values: Float, names: Sequence[str], band: Float) -> Html:
    """Draw a curve per row of cosines, float32 [curves, layers + 1], five at most, over a band.

    Args:
        values: the curves.
        names: of the rows.
        band: float32 [2, layers + 1], its lower and its upper edge.
    """
    count = values.shape[1]
    low = min(0.0, float(np.floor(min(values.min(), band.min()) * 5) / 5))
    step = min(_STEP, 760.0 / max(count - 1, 1))
    right = _LEFT + step * (count - 1)

    def y_of(value: float) -> float:
        return _TOP + _HEIGHT * (1 - (value - low) / (1 - low))

    def way(row: list[float]) -> list[str]:
        return [f"{_LEFT + step * layer:.1f},{y_of(value):.1f}" for layer, value in enumerate(row)]

    edges = [*way(band[1].tolist()), *way(band[0].tolist())[::-1]]
    parts = [tag("polygon", tag("title", "unrelated pairs"), points=" ".join(edges), style=f"fill:{LINE};opacity:.6")]
    for tick in np.arange(low, 1.001, 0.2).tolist():
        y = y_of(tick)
        parts.append(tag("path", d=f"M{_LEFT} {y:.1f}H{right:.1f}", style=f"stroke:{LINE}"))
        parts.append(written(number(tick, 1), _LEFT - 8, y + 4, SOFT, "end"))
    for layer in range(count):
        name = "embeddings" if layer == 0 else f"layer {layer}" if count <= 8 else str(layer)
        anchor = "start" if layer == 0 else "middle"
        parts.append(written(name, _LEFT + step * layer, _TOP + _HEIGHT + 20, SOFT, anchor))
    *ends, middle = _spread([*(y_of(float(row[-1])) for row in values), y_of(float(band[:, -1].mean()))])
    parts.append(written("unrelated pairs", right + 12, middle + 4, SOFT))
    for kind, (row, name) in enumerate(zip(values.tolist(), names, strict=True)):
        style = f"fill:none;stroke:{_COLOURS[kind]};stroke-width:1.6;stroke-dasharray:{_DASHES[kind]}"
        parts.append(tag("polyline", points=" ".join(way(row)), style=style))
        for layer, value in enumerate(row):
            says = f"{name}, layer {layer}: {number(value)}"
            parts.append(_mark(kind, _LEFT + step * layer, y_of(value), says))
        parts.append(written(f"{name} {number(row[-1])}", right + 12, ends[kind] + 4, _COLOURS[kind]))
    height = max(_TOP + _HEIGHT + 30, max([*ends, middle]) + 10)
    says = "Cosine at every layer, of the pair, of two tokens, and of unrelated pairs"
    return svg(*parts, width=right + _RIGHT + 12, height=height, label=says, font="13px system-ui,sans-serif")


def trace_of(comparison: Comparison, pins: Sequence[str]) -> tuple[int, int]:
    """The positions of the two tokens that are traced, in A and in B.

    The last pinned one of either sentence; for one alone its best match; without any those of `choose_trace`.
    """
    cosines = np.where(np.outer(*comparison.tokens.is_own), token_cosines(comparison, -1), -2.0)
    chosen = {key[0]: int(key[1:]) for key in pins if int(key[1:]) < cosines.shape[0]}
    if len(chosen) == 2:
        return chosen["a"], chosen["b"]
    if "a" in chosen:
        return chosen["a"], int(cosines[chosen["a"]].argmax())
    if "b" in chosen:
        return int(cosines[:, chosen["b"]].argmax()), chosen["b"]
    return choose_trace(comparison)


def _strip(tokens: TokenBatch, row: int, traced: int) -> Html:
    """A sentence of which a token can be pressed."""

    def cell(position: int) -> Html:
        kind = ".is-piece" * is_piece(tokens, row, position) + ".is-special" * bool(tokens.is_special[row, position])
        named = {"data_link": f"{'ab'[row]}{position}", "aria_pressed": position == traced, "tabindex": -1}
        return button(tag("b.bs-piece", token_name(tokens, row, position)), kind=f".bs-token{kind}", **named)

    return half(tokens, row, "", strip(tokens, row, cell))


def layers_view(comparison: Comparison, poolings: Sequence[str], others: Float, pins: Sequence[str] = ()) -> Html:
    """The cosine at every layer of the pair, of two of its tokens, and of most unrelated pairs.

    Args:
        comparison: the pair.
        poolings: how its vectors are pooled: the first one's band is drawn, and the others' curves where there are any.
        others: cosines of unrelated pairs by the first pooling, float32 [pairs, layers + 1].
        pins: keys of pinned tokens, which are traced.
    """
    profile = layer_profile(comparison.output, comparison.tokens.attention_mask, poolings)[:, 0]
    band = np.percentile(others, BAND, axis=0)
    a, b = trace_of(comparison, pins)
    traced = trace_tokens(comparison, a, b)
    words = [plain(comparison.tokens.tokens[row][place]) for row, place in enumerate((a, b))]
    both = f"“{words[0]}” – “{words[1]}”"
    values = np.concatenate([profile[:1], traced[None], profile[1:]])
    names = (f"sentences, {poolings[0]}", both, *poolings[1:])
    heads = ["", "embeddings", *(f"layer {index}" for index in range(1, profile.shape[1]))]
    edges = [(f"unrelated pairs, {percent} % below", row) for percent, row in zip(BAND, band.tolist(), strict=True)]
    rows = ([name, *map(number, row)] for name, row in [*zip(names, values.tolist(), strict=True), *edges])
    shown = {name: np.round(row.astype(float), 4).tolist() for name, row in zip(names, values, strict=True)}
    return view(
        "Where in the network the two sentences become alike: the cosine of their vectors after every layer, over the "
        f"band in which nine of ten unrelated pairs lie. {both}: {short_number(float(traced[0]))} at the embeddings, "
        f"{short_number(float(traced[-1]))} at the last layer. Press a token of A and one of B to trace these.",
        "Only the last layer was trained to be compared; a high cosine in another one need not mean anything.",
        tag("div.bs-halves", *(_strip(comparison.tokens, row, place) for row, place in enumerate((a, b)))),
        region("Curves", curves(values, names, band)),
        table(heads, rows, caption="Cosine at every layer"),
        downloads("layers", shown, has_svg=True),
        data_pins=" ".join(pins),
        data_follows="pins",
    )
