"""What "Share" opens: the link, a card of the pair, and the same state in other words.

In: a query, a picture, texts. Out: HTML; the page's script puts the link and the app's own address into it.
"""

from __future__ import annotations

from collections.abc import Mapping

from bertsim.views.markup import Html, button, note, tag

COPY = "Copy"


def share_dialog(query: str, problem: str, picture: Html, texts: Mapping[str, tuple[str, str]], origin: str) -> Html:
    """A dialog, closed, that carries the query of the page.

    Args:
        query: what restores the page; "" where there is no link.
        problem: why there is none, in a sentence.
        picture: the card, as SVG.
        texts: by the name of a way in: what to copy, and what it leaves out.
        origin: an address in these texts in whose place the app's own belongs.
    """
    field = tag("input", type="text", readonly=True, aria_label="Link to this page")
    link = note(problem) if problem else tag("p.bs-copied", field, " ", _copy("the link"))
    saves = (button(kind.upper(), kind=".bs-quiet", data_card=kind) for kind in ("png", "svg"))
    parts = [
        tag("h2", "Share what you see"),
        link,
        tag("div.bs-card", picture),
        tag("p.bs-downloads", tag("span", "Save the card as"), *saves),
        *(_text(name, text, left_out, origin) for name, (text, left_out) in texts.items()),
        tag("form", tag("button.bs-quiet", "Close"), method="dialog"),
    ]
    named = {"id": "bs-share", "aria_label": "Share", "data_query": query}
    return tag("dialog.bs-keys.bs-share", *parts, tag("span.bs-words", role="status"), **named)


def _copy(what: str) -> Html:
    return button(COPY, kind=".bs-quiet", data_copy=True, aria_label=f"Copy {what}")


def _text(name: str, text: str, left_out: str, origin: str) -> Html:
    """One way in, folded; of all of them at most one is open."""
    first, *rest = text.split(origin)
    parts = [first, *(part for each in rest for part in (tag("span", origin, data_origin=True), each))]
    shown = tag("pre", tag("code", *parts), tabindex=0, role="region", aria_label=name)
    body = (tag("div.bs-copied", shown, _copy(name)), tag("p.bs-limits", left_out) if left_out else "")
    return tag("details", tag("summary", name), *body, name="bs-way")
