"""A matrix of numbers between two lists of tokens, as an SVG heat map; and tiny ones as PNG.

In: an array [rows, columns] and its labels. Out: inline SVG or a data URI. Colour is the tint of one hue and never
alone: the number stands in the cell while there is room, in its tooltip always.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bertsim.records import Float
from bertsim.views.markup import number, text

DRAWN = 40  # tokens a side; a larger picture freezes the page and cannot be read
NUMBERED = 26  # tokens a side with a number in each cell
LABEL = 14

INK, SOFT, HEAT, LINE = (
    "var(--bs-ink,#1e1d1a)",
    "var(--bs-soft,#5c584f)",
    "var(--bs-heat,#2f74bd)",
    "var(--bs-line,#dcd8cf)",
)
HUES = {"a": "var(--bs-a,#1c5a9e)", "b": "var(--bs-b,#9a4a08)"}
MONO = "ui-monospace,Menlo,Consolas,'Liberation Mono',monospace"
# At this tint ink on the hue still has a contrast of more than 4.5, in light and in dark.
_STRONGEST = 0.62


@dataclass(frozen=True)
class Side:
    """The tokens along one side of a matrix.

    Attributes:
        tokens: what to write.
        hues: "a" or "b" for each: the sentence it is from.
        special: whether each is a special token; these are written in a softer colour.
    """

    tokens: tuple[str, ...]
    hues: tuple[str, ...]
    special: tuple[bool, ...]

    def label(self, index: int) -> str:
        """A token, shortened to fit."""
        token = self.tokens[index]
        return token if len(token) <= LABEL else token[: LABEL - 1] + "…"


def left_out(rows: int, columns: int) -> str:
    """What a capped picture does not show; "" where it shows everything."""
    parts = []
    for count, name in ((rows, "rows"), (columns, "columns")):
        if count > DRAWN:
            parts.append(f"{count - DRAWN} of {count} {name}")
    return f"Drawn are the first {DRAWN} tokens a side; left out: {', '.join(parts)}." if parts else ""


def tint(value: float, low: float, high: float) -> float:
    """Opacity of the hue for a value. Example: halfway from low to high -> 0.31."""
    share = (value - low) / (high - low) if high > low else 0.0
    return round(min(max(share, 0.0), 1.0) * _STRONGEST, 3)


def svg(body: str, width: float, height: float, *, label: str, font: str = f"12px {MONO}") -> str:
    """An inline picture with a name for screen readers; it also stands alone as a file."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{text(label)}" class="bs-svg" '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'style="font:{font}">{body}</svg>'
    )


def _labels(rows: Side, columns: Side, left: float, top: float, width: float, height: float) -> str:
    """Row labels at the left, column labels upright above."""
    parts = []
    for index in range(min(len(rows.tokens), DRAWN)):
        hue = SOFT if rows.special[index] else HUES[rows.hues[index]]
        y = top + (index + 0.5) * height + 4
        parts.append(
            f'<text x="{left - 6}" y="{y:.1f}" text-anchor="end" style="fill:{hue}">{text(rows.label(index))}</text>'
        )
    for index in range(min(len(columns.tokens), DRAWN)):
        hue = SOFT if columns.special[index] else HUES[columns.hues[index]]
        x = left + (index + 0.5) * width + 4
        place = f'transform="translate({x:.1f},{top - 6}) rotate(-90)"'
        parts.append(f'<text {place} style="fill:{hue}">{text(columns.label(index))}</text>')
    return "".join(parts)


def heatmap(
    values: Float,
    rows: Side,
    columns: Side,
    *,
    label: str,
    low: float = 0.0,
    high: float = 1.0,
    marked: NDArray[np.bool_] | None = None,
    digits: int = 2,
) -> str:
    """Draw a matrix.

    Args:
        values: float32 [rows, columns].
        rows: the tokens down the left side.
        columns: the tokens along the top.
        label: what it is, for a screen reader.
        low: value of no tint.
        high: value of the strongest tint.
        digits: decimals in a cell.
        marked: bool [rows, columns]; cells to frame.
    """
    count_r, count_c = min(len(rows.tokens), DRAWN), min(len(columns.tokens), DRAWN)
    numbered = max(count_r, count_c) <= NUMBERED
    width, height = (30.0, 24.0) if numbered else (19.0, 19.0)
    longest_r = max(len(rows.label(index)) for index in range(count_r))
    longest_c = max(len(columns.label(index)) for index in range(count_c))
    left, top = longest_r * 7.3 + 12, longest_c * 7.3 + 12
    along = [text(token) for token in columns.tokens[:count_c]]
    cells = []
    for r in range(count_r):
        down = text(rows.tokens[r])
        for c in range(count_c):
            value = float(values[r, c])
            x, y = left + c * width, top + r * height
            frame = marked is not None and marked[r, c]
            stroke = f"stroke:{INK};stroke-width:1.5" if frame else f"stroke:{LINE};stroke-width:.5"
            cells.append(
                f"<g><title>{down} × {along[c]}: {number(value, 3)}</title>"
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.0f}" height="{height:.0f}" '
                f'style="fill:{HEAT};fill-opacity:{tint(value, low, high)};{stroke}"/>'
            )
            if numbered:
                shown = (
                    number(value, digits).replace("0.", ".", 1) if abs(value) < 1 else number(value, digits)
                )
                weight = "font-weight:700;" if frame else ""
                cells.append(
                    f'<text x="{x + width / 2:.1f}" y="{y + height / 2 + 3.5:.1f}" text-anchor="middle" '
                    f'style="fill:{INK};font-size:10px;{weight}">{shown}</text>'
                )
            cells.append("</g>")
    w, h = left + count_c * width + 2, top + count_r * height + 2
    return svg(_labels(rows, columns, left, top, width, height) + "".join(cells), w, h, label=label)


def links(strengths: Sequence[tuple[int, int, float, bool]], rows: Side, columns: Side, *, label: str) -> str:
    """Draw two columns of tokens with lines between them.

    Args:
        strengths: row, column, value 0 to 1 (the line's width), whether the line is solid.
        rows: the tokens at the left.
        columns: the tokens at the right.
        label: what it is, for a screen reader.
    """
    count_r, count_c = min(len(rows.tokens), DRAWN), min(len(columns.tokens), DRAWN)
    step, gap = 25.0, 150.0
    left = max(len(rows.label(index)) for index in range(count_r)) * 7.3 + 8
    right = max(len(columns.label(index)) for index in range(count_c)) * 7.3 + 8
    parts = []
    for r, c, value, is_solid in strengths:
        if r >= count_r or c >= count_c:
            continue
        y1, y2, share = (r + 0.5) * step + 4, (c + 0.5) * step + 4, min(max(value, 0.0), 1.0)
        dash = "" if is_solid else "stroke-dasharray:4 3;"
        parts.append(
            f'<path d="M{left:.0f},{y1:.1f} C{left + gap * 0.45:.0f},{y1:.1f} {left + gap * 0.55:.0f},{y2:.1f} '
            f'{left + gap:.0f},{y2:.1f}" style="fill:none;stroke:{HEAT};{dash}stroke-width:{0.6 + 3.4 * share:.2f};'
            f'stroke-opacity:{0.25 + 0.75 * share:.2f}"><title>{text(rows.tokens[r])} – {text(columns.tokens[c])}: '
            f"{number(value, 3)}</title></path>"
        )
    for side, count, x, anchor in (
        (rows, count_r, left - 6, "end"),
        (columns, count_c, left + gap + 6, "start"),
    ):
        for index in range(count):
            hue = SOFT if side.special[index] else HUES[side.hues[index]]
            y = (index + 0.5) * step + 8
            parts.append(
                f'<text x="{x:.0f}" y="{y:.1f}" text-anchor="{anchor}" style="fill:{hue}">'
                f"{text(side.label(index))}</text>"
            )
    w, h = left + gap + right, max(count_r, count_c) * step + 8
    return svg("".join(parts), w, h, label=label)


def thumbnail(values: Float) -> str:
    """A matrix as a PNG data URI, one pixel a cell: one hue, its opacity the value from 0 to 1.

    Source: PNG (ISO/IEC 15948): signature, IHDR, IDAT, IEND; 8-bit RGBA, filter 0 on every line.
    """
    shown = np.clip(values[:128, :128], 0.0, 1.0)
    pixels = np.empty((*shown.shape, 4), np.uint8)
    pixels[..., :3] = (0x2F, 0x74, 0xBD)
    pixels[..., 3] = np.round(shown * 255)
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)
    height, width = shown.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 6)), (b"IEND", b"")):
        png += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
