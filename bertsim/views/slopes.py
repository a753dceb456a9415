"""A ranking as one picture that stands alone, to be saved: two columns of lines, and where each of them went.

In: `Ranking`. Out: SVG, its colours and fonts in it, so that it looks the same in a document.
"""

from __future__ import annotations

from bertsim.views.markup import Html, number, shorten, tag
from bertsim.views.ranked import Line, Ranking

_WIDTH, _ROW, _TOP, _LEFT, _RIGHT = 1200, 26, 58, 520, 680  # pixels; the curves are between the last two
_LETTERS = 58
_COLOURS = {"up": "#0f6b5f", "down": "#8a2f6e", "stays": "#8d887c", "apart": "#dcd8cf"}
_INK, _SOFT, _PAPER = "#1e1d1a", "#5c584f", "#ffffff"
_FONT = "Helvetica Neue, Arial, Liberation Sans, sans-serif"


def way_of(line: Line, rank: int) -> str:
    """Where a line went from its rank by vectors: "up", "down", "stays"; "apart": it was not read together."""
    if line.together is None:
        return "apart"
    return "up" if line.first > rank else "down" if line.first < rank else "stays"


def curve(y: float, z: float, left: float, right: float) -> str:
    """The path from a height at the left to one at the right. Example: 1, 3, 0, 4 -> "M0 1C2 1 2 3 4 3"."""
    middle = (left + right) / 2
    return f"M{left:g} {y:g}C{middle:g} {y:g} {middle:g} {z:g} {right:g} {z:g}"


def slopes(found: Ranking, sentence: str) -> Html:
    """The sentence above both columns; lines that are not drawn are left out, and so are curves to them."""
    height, parts = _TOP + found.drawn * _ROW + 8, [tag("rect", width="100%", height="100%", fill=_PAPER)]
    parts.append(_text(8, 20, shorten(sentence, 2 * _LETTERS), font_weight="bold"))
    heads = (_LEFT - 60, "By vectors: cosine", "end"), (_RIGHT + 60, f"Read together: {found.scorer}", "start")
    parts += [_text(x, 44, said, fill=_SOFT, text_anchor=anchor) for x, said, anchor in heads[: 1 + bool(found.wanted)]]
    for rank, line in enumerate(found.lines, 1):
        y, z = (_TOP + (each - 0.5) * _ROW for each in (line.first, rank))
        if line.first <= found.drawn:
            parts.append(_text(_LEFT - 92, y + 5, shorten(line.text, _LETTERS), text_anchor="end"))
            parts.append(_text(_LEFT - 62, y + 5, line.first, text_anchor="end"))
            parts.append(_text(_LEFT - 6, y + 5, number(line.cosine), fill=_SOFT, text_anchor="end"))
        if rank <= found.drawn and found.wanted:
            parts.append(_text(_RIGHT + 62, z + 5, rank))
            parts.append(_text(_RIGHT + 92, z + 5, shorten(line.text, _LETTERS)))
            score = "" if line.together is None else number(line.together)
            parts.append(_text(_RIGHT + 6, z + 5, score, fill=_SOFT))
        if max(rank, line.first) <= found.drawn and found.wanted:
            way = way_of(line, rank)
            named = {"stroke": _COLOURS[way], "stroke_width": 2.5 if way == "up" else 1.5, "fill": "none"}
            parts.append(tag("path", d=curve(y, z, _LEFT, _RIGHT), **named))
    shape = {"viewBox": f"0 0 {_WIDTH} {height}", "width": _WIDTH, "height": height, "font_family": _FONT}
    return tag("svg", *parts, xmlns="http://www.w3.org/2000/svg", font_size=14, **shape)


def _text(x: float, y: float, said: object, **attributes: object) -> Html:
    return tag("text", said, x=f"{x:g}", y=f"{y:g}", **{"fill": _INK} | attributes)
