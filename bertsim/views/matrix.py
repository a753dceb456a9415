"""A matrix of numbers between two lists of tokens, as an SVG heat map; and tiny ones as PNG.

In: an array [rows, columns] and its labels. Out: inline SVG or a data URI. Colour is the tint of one hue and never
alone: the number stands in the cell while there is room, in its tooltip always.
"""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from collections.abc import Container, Iterable, Sequence

import numpy as np

from bertsim.records import Float, TokenBatch
from bertsim.views.markup import Html, number, plain, table, tag

DRAWN = 40  # tokens a side; a larger picture freezes the page and cannot be read
NUMBERED = 26  # tokens a side with a number in each cell
LABEL = 14

INK, SOFT = "var(--bs-ink,#1e1d1a)", "var(--bs-soft,#5c584f)"
HEAT, LINE = "var(--bs-heat,#2f74bd)", "var(--bs-line,#dcd8cf)"
HUES = {"a": "var(--bs-a,#1c5a9e)", "b": "var(--bs-b,#9a4a08)"}
MONO = "ui-monospace,Menlo,Consolas,'Liberation Mono',monospace"
# At this tint ink on the hue still has a contrast of more than 4.5, in light and in dark.
_STRONGEST = 0.62

Side = list[tuple[str, str]]
"""The tokens along one side of a matrix, and the colour of each: its sentence's, or a softer one for special tokens."""


def side(tokens: TokenBatch, row: int, letters: Sequence[str], where: Iterable[int]) -> Side:
    """Some tokens of a row; `letters`: the sentence of every token of it, "a" or "b"."""
    return [(plain(tokens.tokens[row][p]), SOFT if tokens.is_special[row, p] else HUES[letters[p]]) for p in where]


def _drawn(side: Side) -> tuple[list[tuple[str, str, str]], float]:
    """The tokens for which there is room, each whole, shortened and with its colour; pixels of the longest."""
    shortened = [token if len(token) <= LABEL else token[: LABEL - 1] + "…" for token, _ in side[:DRAWN]]
    labels = [(token, short, colour) for (token, colour), short in zip(side, shortened, strict=False)]
    return labels, max(map(len, shortened)) * 7.3


def left_out(rows: int, columns: int) -> str:
    """What a capped picture does not show; "" where it shows everything."""
    sizes = ((rows, "rows"), (columns, "columns"))
    parts = [f"{size - DRAWN} of {size} {name}" for size, name in sizes if size > DRAWN]
    return f"Drawn are the first {DRAWN} tokens a side; left out: {', '.join(parts)}." if parts else ""


def tint(value: float, low: float, high: float) -> float:
    """Opacity of the hue for a value. Example: halfway from low to high -> 0.31."""
    share = (value - low) / (high - low) if high > low else 0.0
    return round(min(max(share, 0.0), 1.0) * _STRONGEST, 3)


def svg(*body: Html, width: float, height: float, label: str, font: str = f"12px {MONO}") -> Html:
    """An inline picture with a name for screen readers; it also stands alone as a file."""
    w, h = f"{width:.0f}", f"{height:.0f}"
    size = {"width": w, "height": h, "viewBox": f"0 0 {w} {h}", "style": f"font:{font}"}
    return tag("svg.bs-svg", *body, xmlns="http://www.w3.org/2000/svg", role="img", aria_label=label, **size)


def written(words: str, x: float, y: float, colour: str, anchor: str = "start") -> Html:
    """Text in a picture, its foot at (x, y)."""
    return tag("text", words, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, style=f"fill:{colour}")


def heatmap(
    values: Float, rows: Side, columns: Side, *, label: str, high: float = 1.0, framed: Container[tuple[int, int]] = ()
) -> Html:
    """Draw a matrix.

    Args:
        values: float32 [rows, columns]; 0 has no tint.
        rows, columns: the tokens down the left side and along the top.
        label: what it is, for a screen reader.
        high: value of the strongest tint.
        framed: row and column of cells to frame.
    """
    (down, left), (across, top) = _drawn(rows), _drawn(columns)
    left, top = left + 12, top + 12
    is_numbered = max(len(down), len(across)) <= NUMBERED
    width, height = (30, 24) if is_numbered else (19, 19)
    digits = 3 if float(values.max()) < 0.1 else 2
    parts = []
    for r, (_, short, colour) in enumerate(down):
        parts.append(written(short, left - 6, top + (r + 0.5) * height + 4, colour, "end"))
    for c, (_, short, colour) in enumerate(across):
        place = f"translate({left + (c + 0.5) * width + 4:.1f},{top - 6:.1f}) rotate(-90)"
        parts.append(tag("text", short, transform=place, style=f"fill:{colour}"))
    names = [Html.escape(token) for token, _, _ in across]
    for r, row in enumerate(Html.escape(token) for token, _, _ in down):
        for c, column in enumerate(names):  # 1,600 times in a large picture: formatted by hand
            value, x, y = float(values[r, c]), left + c * width, top + r * height
            is_framed = (r, c) in framed
            stroke = f"stroke:{INK};stroke-width:1.5" if is_framed else f"stroke:{LINE};stroke-width:.5"
            cell = (
                f"<g><title>{row} × {column}: {number(value)}</title>"
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{width}" height="{height}" '
                f'style="fill:{HEAT};fill-opacity:{tint(value, 0.0, high)};{stroke}"/>'
            )
            if is_numbered:
                shown = number(value, digits)
                shown = shown.replace("0.", ".", 1) if abs(value) < 1 else shown
                cell += (
                    f'<text x="{x + width / 2:.1f}" y="{y + height / 2 + 3.5:.1f}" text-anchor="middle" '
                    f'style="fill:{INK};font-size:10px;{"font-weight:700;" * is_framed}">{shown}</text>'
                )
            parts.append(Html(cell + "</g>"))
    return svg(*parts, width=left + len(across) * width + 2, height=top + len(down) * height + 2, label=label)


def links(strengths: Sequence[tuple[int, int, float, bool]], rows: Side, columns: Side, *, label: str) -> Html:
    """Draw two columns of tokens with lines between them.

    Args:
        strengths: row, column, value 0 to 1 (the line's width), whether the line is solid.
        rows, columns: the tokens at the left and at the right.
        label: what it is, for a screen reader.
    """
    (here, left), (there, right) = _drawn(rows), _drawn(columns)
    left, step, gap = left + 8, 25, 150
    parts = []
    for r, c, value, is_solid in strengths:
        if r >= len(here) or c >= len(there):
            continue
        y1, y2, share = (r + 0.5) * step + 4, (c + 0.5) * step + 4, min(max(value, 0.0), 1.0)
        bend = f"{left + gap * 0.45:.0f},{y1:.1f} {left + gap * 0.55:.0f},{y2:.1f}"
        dash = "" if is_solid else "stroke-dasharray:4 3;"
        width = f"{dash}stroke-width:{0.6 + 3.4 * share:.2f};stroke-opacity:{0.25 + 0.75 * share:.2f}"
        title = tag("title", f"{here[r][0]} – {there[c][0]}: {number(value)}")
        line = f"M{left:.0f},{y1:.1f} C{bend} {left + gap:.0f},{y2:.1f}"
        parts.append(tag("path", title, d=line, style=f"fill:none;stroke:{HEAT};{width}"))
    for labels, x, anchor in ((here, left - 6, "end"), (there, left + gap + 6, "start")):
        for index, (_, short, colour) in enumerate(labels):
            parts.append(written(short, x, (index + 0.5) * step + 8, colour, anchor))
    height = max(len(here), len(there)) * step + 8
    return svg(*parts, width=left + gap + right + 8, height=height, label=label)


def numbers(values: Float, rows: Side, columns: Side, *, corner: str, caption: str) -> Html:
    """The drawn part of a matrix as a table; `corner`: what its rows and its columns are."""
    lines = zip(rows[:DRAWN], values[:, :DRAWN].tolist(), strict=False)
    cells = ([token, *map(number, line)] for (token, _), line in lines)
    return table([corner, *(token for token, _ in columns[:DRAWN])], cells, caption=caption)


def thumbnail(values: Float) -> str:
    """A matrix as a PNG data URI, one pixel a cell: one hue, its opacity the value from 0 to 1.

    Source: PNG (ISO/IEC 15948): signature, IHDR, IDAT, IEND; 8-bit RGBA, filter 0 on every line. Twenty times as fast
    as Pillow, and a page has seventy of them.
    """
    shown = np.clip(values[:128, :128], 0.0, 1.0)
    pixels = np.empty((*shown.shape, 4), np.uint8)
    pixels[..., :3] = (0x2F, 0x74, 0xBD)
    pixels[..., 3] = np.round(shown * 255)
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    header = struct.pack(">IIBBBBB", *shown.shape[::-1], 8, 6, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 6)), (b"IEND", b"")):
        png += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return "data:image/png;base64," + b64encode(png).decode("ascii")
