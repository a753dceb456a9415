"""The small parts every view is made of: safe text, elements, numbers, tables, downloads, captions.

In: plain values and text that anyone may have typed. Out: `Html`, which shows the text as text. Knows no record.
"""

from __future__ import annotations

import csv
import html
import json
import re
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any, Self

from markupsafe import Markup

MINUS = "\u2212"
_VOID = ("img", "input", "meta")
_FORMULAS = (*"=+-@\t\r\n", *"\uff1d\uff0b\uff0d\uff20")  # the latter are = + - @ as wide as a Chinese character

# C0 controls and DEL become their visible pictures (U+2400 …), except those that HTML treats as white space.
_CONTROLS = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n\r"} | {0x7F: 0x2421}
# Half a surrogate pair cannot be sent as UTF-8. `{` and `$` can never start a template slot of the page.
_UNSENDABLE = dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)
_VISIBLE = _CONTROLS | _UNSENDABLE
_SLOTS = {ord("{"): "&#123;", ord("}"): "&#125;", ord("$"): "&#36;", ord("`"): "&#96;"}
_UNSAFE = re.compile("[&<>\"'" + re.escape("".join(map(chr, (*_VISIBLE, *_SLOTS)))) + "]")


class Html(Markup):
    """HTML that may be sent; what is put into it by `format`, `join` or `+` and is none is escaped."""

    __slots__ = ()

    @classmethod
    def escape(cls, value: Any, /) -> Self:
        """Anything as HTML that shows exactly its text, in element content and in quoted attributes.

        Example: "<b>${x}" -> "&lt;b&gt;&#36;&#123;x&#125;"
        """
        if type(value) is cls:
            return value
        shown = str(value)
        if _UNSAFE.search(shown):  # most texts are short and harmless
            shown = html.escape(plain(shown)).translate(_SLOTS)
        return cls(shown)


def plain(value: str) -> str:
    """Text that can be sent and seen: lone surrogates become U+FFFD, control characters their pictures.

    Example: "a" and the NUL character -> "a␀"
    """
    return value.translate(_VISIBLE)


def sendable(value: str) -> str:
    """Text that can be sent back into a text box: as typed, but a lone surrogate becomes U+FFFD."""
    return value.translate(_UNSENDABLE)


def shorten(text: str, most: int) -> str:
    """The beginning of a text, as far as there is room. Example: ("It will rain.", 8) -> "It will…"."""
    shown = plain(text[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1].rstrip() + "…"


def safe_cell(value: str) -> str:
    """Text as a cell of a file that a spreadsheet opens: what it would run as a formula gets an apostrophe in front.

    Source: CSV injection, https://owasp.org/www-community/attacks/CSV_Injection.
    Example: "=1+1" -> "'=1+1"; "1+1" -> "1+1"
    """
    return f"'{value}" if value.startswith(_FORMULAS) else value


def number(value: float, digits: int = 3, *, signed: bool = False) -> str:
    """A number with a true minus sign and a fixed number of decimals; a zero never has a minus.

    Example: -0.12345 -> "−0.123"; 0.5 signed -> "+0.500"
    """
    rounded = round(float(value), digits)
    sign = MINUS if rounded < 0 else "+" if signed and rounded > 0 else ""
    return f"{sign}{abs(rounded):,.{digits}f}"


def in_100(share: float) -> str:
    """A share as how many of a hundred; nothing is certain. Example: .644 -> "64"; .9999 -> "over 99"."""
    shown = round(share * 100)
    return "over 99" if shown == 100 else "under 1" if shown == 0 else str(shown)


def counted(n: int, noun: str) -> str:
    """A count with its noun. Example: (1, "token") -> "1 token"; (2, "token") -> "2 tokens"."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def tag(name: str, /, *content: object, **attributes: object) -> Html:
    """An element, its classes behind dots; content that is no `Html`, and every attribute, is escaped.

    Underscores in names of attributes become hyphens. None and False are left out and True stands alone, but for aria-*
    both are written.

    Example: ("p.x", "a < b", data_pick=3, hidden=True) -> '<p class="x" data-pick="3" hidden>a &lt; b</p>'
    """
    name, *classes = name.split(".")
    opened = [name, f'class="{" ".join(classes)}"'] if classes else [name]
    for key, value in attributes.items():
        if key.startswith("aria_") and isinstance(value, bool):
            value = str(value).lower()
        if value is not None and value is not False:
            written = key.replace("_", "-")
            opened.append(written if value is True else f'{written}="{Html.escape(str(value))}"')
    inner, end = "".join(map(Html.escape, content)), "" if name in _VOID else f"</{name}>"
    return Html(f"<{' '.join(opened)}>{inner}{end}")


def button(*content: object, kind: str = "", **attributes: object) -> Html:
    """A button of a class; with `data_pick`, pressing it reports that key."""
    return tag(f"button{kind}", *content, type="button", **attributes)


def region(label: str, *content: object, kind: str = ".bs-plate", **attributes: object) -> Html:
    """A part of a view that may scroll, and can be focused for that."""
    return tag(f"div{kind}", *content, tabindex=0, role="region", aria_label=label, **attributes)


def group(kind: str, label: str, *content: object) -> Html:
    """Buttons that belong together."""
    return tag(f"div{kind}", *content, role="group", aria_label=label)


def view(says: str, limits: str, *content: object, **attributes: object) -> Html:
    """A whole view under its caption: what it is, and what it is not; below, a line for what is pointed at."""
    caption = tag("p.bs-caption", f"{says} ", tag("span.bs-limits", limits))
    return tag("section.bs-view", caption, *content, **attributes)


def pointed(hint: str) -> Html:
    """The line that says what is pointed at or pinned; the page's script writes it, and reads it out."""
    return tag("p.bs-said", hint, role="status", data_hint=hint)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str) -> Html:
    """A table behind a disclosure; the first cell of a row is its head."""
    head = tag("thead", tag("tr", *(tag("th", cell, scope="col") for cell in header)))
    lines = []
    for first, *cells in rows:
        beside = Html("".join(f"<td><bdi>{Html.escape(cell)}</bdi></td>" for cell in cells))  # thousands in a matrix
        lines.append(tag("tr", tag("th", tag("bdi", first), scope="row"), beside))
    shown = region(caption, tag("table", tag("caption", caption), head, tag("tbody", *lines)), kind=".bs-scroll")
    return tag("details.bs-numbers", tag("summary", "The numbers as a table"), shown)


def downloads(
    name: str, data: object, *, has_svg: bool = False, has_png: bool = False, rows: Iterable[Sequence[object]] = ()
) -> Html:
    """Buttons with which the page's script saves a view's numbers as name.json and its picture as name.svg or name.png.

    `rows`: of a table, the names of its columns first, to save as name.csv; texts as `safe_cell` has them. The picture
    is that of the figure, else of the view, that the buttons stand in.
    """
    payload = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    buttons = [button("JSON", kind=".bs-quiet", data_save="json", data_name=name, data_payload=payload)]
    if written := as_csv(rows):
        buttons.insert(0, button("CSV", kind=".bs-quiet", data_save="csv", data_name=name, data_payload=written))
    for kind in ["svg"] * has_svg + ["png"] * has_png:
        buttons.append(button(kind.upper(), kind=".bs-quiet", data_save=kind, data_name=name))
    return tag("p.bs-downloads", tag("span", "Save as"), " ", *buttons)


def as_csv(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV, texts as `safe_cell` has them, None as nothing."""
    out = StringIO()
    for row in rows:
        csv.writer(out).writerow([safe_cell(sendable(cell)) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue()


def note(message: str) -> Html:
    """One short remark, marked by a sign as well as by its colour; nothing for ""."""
    return tag("p.bs-note", tag("span", "!", aria_hidden=True), f" {message}") if message else Html()
