"""A matrix of numbers between two lists of tokens, as an SVG heat map; and tiny ones as PNG.

In: an array [rows, columns] and its labels. Out: inline SVG or a data URI. Colour is the tint of one hue and never
alone: the number stands in the cell while there is room, in its tooltip always.
"""

from __future__ import annotations

import json
import struct
import zlib
from base64 import b64encode
from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from bertsim.records import Float, TokenBatch
from bertsim.views.markup import Html, number, plain, shorten, table, tag

DRAWN = 40  # tokens a side; a larger picture freezes the page and cannot be read
NUMBERED = 26  # tokens a side with a number in each cell
LABEL = 14
PIXELS = 32  # a side of a thumbnail
ALONE = "○"

INK, SOFT = "var(--bs-ink,#1e1d1a)", "var(--bs-soft,#5c584f)"
HEAT, LINE = "var(--bs-heat,#2f74bd)", "var(--bs-line,#dcd8cf)"
HUES = {"a": "var(--bs-a,#1c5a9e)", "b": "var(--bs-b,#9a4a08)"}
MONO = "ui-monospace,Menlo,Consolas,'Liberation Mono',monospace"
# At this tint ink on the hue still has a contrast of more than 4.5, in light and in dark.
_STRONGEST = 0.62


class Label(NamedTuple):
    """A token along one side of a matrix.

    Attributes:
        token: as it is shown.
        key: the sentence it is of and its position when that is read alone, "a3", by which views are linked; "" for
            special tokens.
        is_faded: whether it is special or a full stop.
        is_alone: whether it is a content word with no partner.
    """

    token: str
    key: str
    is_faded: bool = False
    is_alone: bool = False

    @property
    def short(self) -> str:
        """The token as far as there is room for it, marked where it has no partner."""
        token = shorten(self.token, LABEL)
        return f"{ALONE} {token}" if self.is_alone else token

    @property
    def colour(self) -> str:
        """Its sentence's, or a softer one."""
        return SOFT if self.is_faded else HUES[self.key[0]]


Side = list[Label]
"""The tokens along one side of a matrix."""


def side(tokens: TokenBatch, row: int, keys: Sequence[str], where: Iterable[int], alone: Container[str] = ()) -> Side:
    """Some tokens of a row; `keys`: of every token of it; `alone`: those of content words without a partner."""
    found = []
    for p in where:
        token, is_special = plain(tokens.tokens[row][p]), bool(tokens.is_special[row, p])
        is_faded = is_special or not any(c.isalnum() for c in token)
        found.append(Label(token, "" if is_special else keys[p], is_faded, keys[p] in alone))
    return found


def _drawn(side: Side) -> tuple[list[Label], float]:
    """The tokens for which there is room; pixels of the longest."""
    return side[:DRAWN], max((len(label.short) for label in side[:DRAWN]), default=1) * 7.3


def tinting(values: Float, what: str, high: float = 1.0) -> dict[str, str]:
    """What a view carries so that a pinned token of A tints B's, and the other way round: attributes of its section.

    Args:
        values: float32 [a, b], every position of A with every position of B.
        what: they are.
        high: value of the strongest tint.
    """
    tint = json.dumps(np.round(np.clip(values, 0.0, None) * 1000).astype(int).tolist(), separators=(",", ":"))
    return {"data_tint": tint, "data_what": what, "data_high": str(round(high * 1000))}


def short_number(value: float, digits: int = 2, *, signed: bool = False) -> str:
    """A number for a narrow place. Example: 0.25 -> ".25"."""
    shown = number(value, digits, signed=signed)
    return shown.replace("0.", ".", 1) if abs(value) < 1 else shown


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


def written(words: str, x: float, y: float, colour: str, anchor: str = "start", key: str = "") -> Html:
    """Text in a picture, its foot at (x, y); `key`: of the token that it is."""
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text_anchor": anchor, "data_link": key or None}
    return tag("text", words, **place, style=f"fill:{colour}")


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
    digits = 3 if float(values.max(initial=0)) < 0.1 else 2
    parts = []
    for r, each in enumerate(down):
        parts.append(written(each.short, left - 6, top + (r + 0.5) * height + 4, each.colour, "end", key=each.key))
    for c, each in enumerate(across):
        place = f"translate({left + (c + 0.5) * width + 4:.1f},{top - 6:.1f}) rotate(-90)"
        named = {"transform": place, "style": f"fill:{each.colour}", "data_link": each.key or None}
        parts.append(tag("text", each.short, **named))
    names, cells = [(Html.escape(label.token), label.key) for label in across], []
    for r, (row, own) in enumerate((Html.escape(label.token), label.key) for label in down):
        for c, (column, other) in enumerate(names):  # 1,600 times in a large picture: formatted by hand
            value, x, y = float(values[r, c]), left + c * width, top + r * height
            is_framed = (r, c) in framed
            frame = f' style="stroke:{INK};stroke-width:1.5"' if is_framed else ""
            cell = (
                f'<g class="bs-cell" data-link="{own} {other}"><title>{row} × {column}: {number(value)}</title>'
                f'<rect x="{x:.0f}" y="{y:.0f}" width="{width}" height="{height}" '
                f'fill-opacity="{tint(value, 0.0, high)}"{frame}/>'
            )
            if is_numbered:
                shown = short_number(value, digits)
                cell += (
                    f'<text x="{x + width / 2:.1f}" y="{y + height / 2 + 3.5:.1f}" text-anchor="middle" '
                    f'style="fill:{INK};stroke:none;font-size:10px;{"font-weight:700;" * is_framed}">{shown}</text>'
                )
            cells.append(cell + "</g>")
    parts.append(tag("g", Html("".join(cells)), style=f"fill:{HEAT};stroke:{LINE};stroke-width:.5"))
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
        share *= 0.3 if here[r].is_faded or there[c].is_faded else 1
        width = f"{dash}stroke-width:{0.6 + 3.4 * share:.2f};stroke-opacity:{0.25 + 0.75 * share:.2f}"
        title = tag("title", f"{here[r].token} × {there[c].token}: {number(value)}")
        way, link = f"M{left:.0f},{y1:.1f} C{bend} {left + gap:.0f},{y2:.1f}", f"{here[r].key} {there[c].key}"
        line = tag("path", d=way, style=f"fill:none;stroke:{HEAT};{width}")
        parts.append(tag("g.bs-cell", title, line, data_link=link))
    for labels, x, anchor in ((here, left - 6, "end"), (there, left + gap + 6, "start")):
        for index, each in enumerate(labels):
            parts.append(written(each.short, x, (index + 0.5) * step + 8, each.colour, anchor, key=each.key))
    height = max(len(here), len(there)) * step + 8
    return svg(*parts, width=left + gap + right + 8, height=height, label=label)


def numbers(values: Float, rows: Side, columns: Side, *, corner: str, caption: str) -> Html:
    """The drawn part of a matrix as a table; `corner`: what its rows and its columns are."""
    lines = zip(rows[:DRAWN], values[:, :DRAWN].tolist(), strict=False)
    cells = ([label.token, *map(number, line)] for label, line in lines)
    return table([corner, *(label.token for label in columns[:DRAWN])], cells, caption=caption)


def thumbnail(values: Float) -> str:
    """A matrix as a PNG data URI: one hue, its opacity the value from 0 to 1, in sixteen steps.

    One pixel a cell; of a large matrix each pixel is the highest of its cells.

    Source: PNG (ISO/IEC 15948): signature, IHDR, PLTE, tRNS, IDAT, IEND; 4-bit palette, filter 0 on every line. Twenty
    times as fast as Pillow, and a page has ninety of them.
    """
    for axis, size in enumerate(values.shape):
        starts = np.unique(np.arange(PIXELS) * size // PIXELS) if size > PIXELS else np.arange(size)
        values = np.maximum.reduceat(values, starts, axis=axis)
    levels = np.round(np.clip(values, 0.0, 1.0) * 15).astype(np.uint8)
    pairs = np.pad(levels, ((0, 0), (0, levels.shape[1] % 2)))
    lines = b"".join(b"\0" + line.tobytes() for line in pairs[:, 0::2] << 4 | pairs[:, 1::2])
    header = struct.pack(">IIBBBBB", *levels.shape[::-1], 4, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"PLTE", bytes((0x2F, 0x74, 0xBD)) * 16),
        (b"tRNS", bytes(range(0, 256, 17))),
        (b"IDAT", zlib.compress(lines, 1)),
        (b"IEND", b""),
    )
    png = b"\x89PNG\r\n\x1a\n"
    for kind, body in chunks:
        png += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return "data:image/png;base64," + b64encode(png).decode("ascii")
