"""What "Share" opens: the link, a card of the pair, and the same state in other words.

In: a query, a picture, texts. Out: HTML; the page's script puts the link and the app's own address into it.
"""

from __future__ import annotations

from collections.abc import Mapping

from bertsim.views.markup import Html, button, note, tag


def share_dialog(
    query: str, problem: str, picture: Html, texts: Mapping[str, tuple[str, str]], origin: str, is_usual: bool = False
) -> Html:
    """A closed dialog, which carries the query of the page.

    Args:
        query: what restores the page; "" where there is no link.
        problem: why there is none, in a sentence.
        picture: the card, as SVG; empty: there is none.
        texts: by the name of a way in: what to copy, and what it leaves out.
        origin: an address in these texts in whose place the app's own belongs.
        is_usual: whether it is what a page without a query shows.
    """
    field = tag("input", type="text", readonly=True, aria_label="Link to this page")
    saves = (button(kind.upper(), kind=".bs-quiet", data_card=kind) for kind in ("png", "svg"))
    parts = [tag("h2", "Share what you see"), note(problem) if problem else _copied(field, "the link")]
    if picture:
        parts += [tag("div.bs-card", picture), tag("p.bs-downloads", tag("span", "Save the card as"), *saves)]
    for name, (text, left_out) in texts.items():  # of which at most one is open
        code = tag("code", tag("span", origin, data_origin=True).join(map(Html.escape, text.split(origin))))
        shown = tag("pre", code, tabindex=0, role="region", aria_label=name)
        limits = tag("p.bs-limits", left_out) if left_out else ""
        parts.append(tag("details", tag("summary", name), _copied(shown, name), limits, name="bs-way"))
    parts += [tag("form", tag("button.bs-quiet", "Close"), method="dialog"), tag("span.bs-words", role="status")]
    return tag(
        "dialog.bs-keys.bs-share", *parts, id="bs-share", aria_label="Share", data_query=query, data_usual=is_usual
    )


def _copied(content: Html, what: str) -> Html:
    return tag("div.bs-copied", content, button("Copy", kind=".bs-quiet", data_copy=True, aria_label=f"Copy {what}"))
