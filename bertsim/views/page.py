"""The parts of the page that are no view of a score: masthead, buttons, previous pairs, the choice of an encoder.

In: names, sentences and how far an encoder is. Out: HTML.
"""

from __future__ import annotations

from collections.abc import Sequence

from bertsim.views.markup import Html, button, group, number, tag

SHOWN = 160


def masthead() -> Html:
    """Name and purpose, in one line."""
    purpose = tag("p", "How alike are two sentences? See what BERT, a language model, makes of them, word by word.")
    return tag("header.bs-head", tag("h1", "bertsim"), purpose)


_KEYS = (
    ("Point, press", "show a token in every view, pin it; on a token of “What it saw”, hide it"),
    ("Shift + press", "pin one more"),
    ("Esc", "let go of what is pinned"),
    ("Arrow keys", "walk in a strip, the overview, a matrix"),
    ("M", "hide what is pinned, or bring it back"),
    ("S", "swap the sentences"),
    ("Ctrl + Enter", "compare, or what the open mode does"),
    ("?", "this list"),
)


def keys_help() -> Html:
    """What the keys do, behind a button and the key "?"."""
    rows = (tag("div", tag("dt", tag("kbd", key)), tag("dd", does)) for key, does in _KEYS)
    close = tag("form", tag("button.bs-quiet", "Close"), method="dialog")
    listed = tag("dialog.bs-keys", tag("h2", "Keys"), tag("dl", *rows), close, id="bs-keys", aria_label="Keys")
    return button("Keys", kind=".bs-quiet", data_keys=True) + listed


def choices(label: str, names: Sequence[str]) -> Html:
    """A row of buttons; pressing one reports its index."""
    buttons = (button(name, data_pick=index) for index, name in enumerate(names))
    return group(".bs-chips", label, tag("span", label), *buttons)


def fault(message: str, **attributes: object) -> Html:
    """What is wrong with a sentence, or with an encoder, marked by a sign as well as by its colour."""
    return tag("p.bs-fault", tag("span", "✕", aria_hidden=True), f" {message}", **attributes)


def previous(pairs: Sequence[tuple[str, str, float, str]]) -> Html:
    """Earlier pairs, given oldest first, shown newest first; pressing one reports its index.

    Of each its cosine, and what made that where it is not what is in use now.
    """
    if not pairs:
        return tag("p.bs-empty", "None yet.")
    rows = []
    for index, (a, b, cosine, maker) in enumerate(pairs):
        both = (tag("span", tag("bdi", sentence[:SHOWN])) for sentence in (a, b))
        label = f"Bring back: {a[:SHOWN]} / {b[:SHOWN]}"
        value = tag("span", number(cosine)), tag("bdi", maker) if maker else ""
        shown = button(*both, *value, data_pick=index, aria_label=label)
        rows.append(tag("li", shown))
    return tag("ol.bs-past", *rows[::-1], reversed=True)


def encoder_cards(cards: Sequence[tuple[str, str, str]], current: str) -> Html:
    """One button for every encoder: name, what it weighs, what it is good for; pressing one reports its index."""
    buttons = []
    for index, (name, size, use) in enumerate(cards):
        owner, slash, own = name.rpartition("/")
        parts = (
            tag("span.bs-encoder-name", tag("i", owner + slash) if owner else "", own),
            tag("span.bs-encoder-size", size),
            tag("span.bs-encoder-use", use),
        )
        buttons.append(button(*parts, kind=".bs-encoder", data_pick=index, aria_pressed=name == current))
    return group(".bs-encoders", "Encoder", *buttons)


def encoder_on_its_way(name: str, what: str, share: float | None, current: str) -> Html:
    """A bar and a line while an encoder is fetched and loaded; `share`: what is done of it, 0 to 1, None if unknown."""
    done = "" if share is None else f"{min(max(share, 0.0), 1.0):.0%}"
    value = None if share is None else f"{share:.3f}"
    bar = tag("progress", done, aria_label=f"Loading {name}", max=1, value=value)
    line = f"{what}{done and f', {done}'}. {current} goes on meanwhile."
    return tag("p.bs-way", bar, " ", tag("b", name), " ", tag("span", line))


def pairs_read(done: int, count: int) -> Html:
    """A bar and a line while pairs are read together."""
    bar = tag("progress", f"{done / count:.0%}", aria_label="Reading together", max=count, value=done)
    return tag("p.bs-way", bar, " ", tag("span", f"{done:,} of {count:,} pairs read both ways, nearest first"))


def encoder_in_use(name: str, bundled: str) -> Html:
    """What is in use now; where it is not the bundled encoder, a button that goes back to it, which reports 0."""
    back = button(f"Back to {bundled}", kind=".bs-quiet", data_pick=0) if name != bundled else ""
    return tag("p.bs-way", tag("span", "Scored by"), " ", tag("b", name), " ", back)


def encoder_failed(message: str, current: str) -> Html:
    """Why an encoder cannot be had, and what goes on."""
    return fault(f"{message} {current} goes on.")
