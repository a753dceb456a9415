"""The parts of the page that are no view of a score: masthead, buttons of the examples, previous pairs.

In: names and sentences. Out: HTML.
"""

from __future__ import annotations

from collections.abc import Sequence

from bertsim.views.markup import attributes, number, placeholder, text

SHOWN = 160


def masthead() -> str:
    """Name and purpose, in one line."""
    return (
        '<header class="bs-head"><h1>bertsim</h1>'
        "<p>How BERT compares two sentences, down to every token.</p></header>"
    )


def choices(label: str, names: Sequence[str]) -> str:
    """A row of buttons; pressing one reports its index."""
    buttons = "".join(
        f'<button type="button"{attributes(data_pick=index)}>{text(name)}</button>'
        for index, name in enumerate(names)
    )
    return f'<div class="bs-chips" role="group" aria-label="{text(label)}"><span>{text(label)}</span>{buttons}</div>'


def previous(pairs: Sequence[tuple[str, str, float]]) -> str:
    """Earlier pairs, newest first; pressing one reports its index in `pairs`.

    Args:
        pairs: sentence A, sentence B and their cosine, oldest first.
    """
    if not pairs:
        return placeholder("None yet.")
    rows = "".join(
        f'<li><button type="button"{attributes(data_pick=index, aria_label=f"Bring back: {a[:SHOWN]} / {b[:SHOWN]}")}>'
        f"<span><bdi>{text(a[:SHOWN])}</bdi></span><span><bdi>{text(b[:SHOWN])}</bdi></span>"
        f"<span>{number(cosine)}</span></button></li>"
        for index, (a, b, cosine) in reversed(list(enumerate(pairs)))
    )
    return f'<ol class="bs-past" reversed>{rows}</ol>'
