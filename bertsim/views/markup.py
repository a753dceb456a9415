"""The small parts every view is made of: safe text, numbers, tables, downloads, captions.

In: plain values and text that anyone may have typed. Out: HTML that shows the text as text. Knows no record.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence

MINUS = "\u2212"

# C0 controls and DEL become their visible pictures (U+2400 …), except those that HTML treats as white space.
_CONTROLS = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n\r"} | {0x7F: 0x2421}
# Half a surrogate pair cannot be sent as UTF-8. `{` and `$` can never start a template slot of the page.
_UNSENDABLE = dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)
_VISIBLE = _CONTROLS | _UNSENDABLE
_SLOTS = {ord("{"): "&#123;", ord("}"): "&#125;", ord("$"): "&#36;", ord("`"): "&#96;"}


def plain(value: str) -> str:
    """Text that can be sent and seen: lone surrogates become U+FFFD, control characters their pictures.

    Example: "a" and the NUL character -> "a␀"
    """
    return value.translate(_VISIBLE)


def sendable(value: str) -> str:
    """Text that can be sent back into a text box: as typed, but a lone surrogate becomes U+FFFD."""
    return value.translate(_UNSENDABLE)


def text(value: str) -> str:
    """Anyone's text as HTML that shows exactly that text, in element content and in quoted attributes.

    Example: "<b>${x}" -> "&lt;b&gt;&#36;&#123;x&#125;"
    """
    return html.escape(plain(value)).translate(_SLOTS)


def number(value: float, digits: int = 3, *, signed: bool = False) -> str:
    """A number with a true minus sign and a fixed number of decimals; a zero never has a minus.

    Example: -0.12345 -> "−0.123"; 0.5 signed -> "+0.500"
    """
    rounded = round(float(value), digits)
    sign = MINUS if rounded < 0 else "+" if signed and rounded > 0 else ""
    return f"{sign}{abs(rounded):,.{digits}f}"


def counted(n: int, singular: str, plural: str = "") -> str:
    """A count with its noun. Example: (1, "token") -> "1 token"; (2, "token") -> "2 tokens"."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


def attributes(**pairs: str | int | float | bool | None) -> str:
    """HTML attributes, escaped; underscores become hyphens, False and None are left out, True stands alone.

    Example: (data_link="a3", hidden=True) -> ' data-link="a3" hidden'
    """
    parts = []
    for name, value in pairs.items():
        if value is None or value is False:
            continue
        key = name.rstrip("_").replace("_", "-")
        parts.append(key if value is True else f'{key}="{text(str(value))}"')
    return "".join(" " + part for part in parts)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str) -> str:
    """A table behind a disclosure; every cell is escaped here.

    Args:
        header: the column heads.
        rows: cells as text; the first cell of a row is its head.
        caption: what the numbers are.
    """
    head = "".join(f'<th scope="col">{text(cell)}</th>' for cell in header)
    body = "".join(
        f'<tr><th scope="row"><bdi>{text(row[0])}</bdi></th>'
        + "".join(f"<td><bdi>{text(cell)}</bdi></td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return (
        f'<details class="bs-numbers"><summary>The numbers as a table</summary><div class="bs-scroll" tabindex="0" '
        f'role="region" aria-label="{text(caption)}"><table><caption>{text(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></details>"
    )


def downloads(name: str, data: object, *, has_svg: bool = False) -> str:
    """Buttons that save a view's numbers (JSON) and its picture (SVG); the page's script does the saving.

    Args:
        name: file name without suffix.
        has_svg: whether the view has a picture to save.
        data: anything `json.dumps` takes; floats should be rounded by the caller.
    """
    payload = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    as_json = attributes(data_save="json", data_name=name, data_payload=payload)
    buttons = f'<button type="button" class="bs-quiet"{as_json}>JSON</button>'
    if has_svg:
        buttons += f'<button type="button" class="bs-quiet"{attributes(data_save="svg", data_name=name)}>SVG</button>'
    return f'<p class="bs-downloads"><span>Save as</span> {buttons}</p>'


def caption(says: str, limits: str = "") -> str:
    """What a view is, and what it is not. Both are our own sentences; they are escaped all the same."""
    warning = f' <span class="bs-limits">{text(limits)}</span>' if limits else ""
    return f'<p class="bs-caption">{text(says)}{warning}</p>'


def note(message: str) -> str:
    """One short remark, marked by a sign as well as by its colour."""
    return f'<p class="bs-note"><span aria-hidden="true">!</span> {text(message)}</p>'


def placeholder(message: str) -> str:
    """What stands where nothing has been computed yet."""
    return f'<p class="bs-empty">{text(message)}</p>'
