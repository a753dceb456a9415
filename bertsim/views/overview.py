"""Every matrix of a pair as a tile: a row for each layer, in it the cosines of tokens, every head, and their mean.

In: arrays. Out: HTML whose tiles report what was pressed, "3-10", "3-cosines", "mean-mean".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bertsim.records import Float
from bertsim.views.attention import AttentionChoice
from bertsim.views.explain import TAGS
from bertsim.views.markup import Html, button, tag
from bertsim.views.matrix import thumbnail

_MARKS = dict(zip(TAGS, "←→=↓", strict=True))
COSINES, MEAN = "cosines", "mean"
"""What tiles report in the place of a layer or a head."""


def _tile(values: Float, choice: AttentionChoice, opened: AttentionChoice, mark: str = "") -> Html:
    """A matrix as a small picture on its own scale; pressing it opens it."""
    low, high = float(values.min(initial=1)), float(values.max(initial=0))
    picture = tag("img", alt="", src=thumbnail((values - low) / max(high - low, 1e-6)))
    label = f"Open {choice.title[0].lower()}{choice.title[1:]}" + (mark and f", {mark}")
    head = {None: MEAN, 0: COSINES}.get(choice.head, choice.head)
    key = f"{MEAN if choice.layer is None else choice.layer}-{head}"
    is_open = (choice.layer, choice.head) == (opened.layer, opened.head)
    named = {"data_pick": key, "aria_pressed": is_open, "aria_label": label, "title": label}
    shown = tag("i", _MARKS[mark], aria_hidden=True) if mark else ""
    return button(picture, shown, kind=".bs-cell.bs-tile", tabindex=-1, **named)


def _label(name: object = "") -> Html:
    """The name of a row or a column, or an empty place."""
    return tag("span.bs-cell", name, aria_hidden=True)


def _cells(
    cosines: Sequence[Float], attentions: Float, tags: Sequence[Sequence[str]], opened: AttentionChoice
) -> Iterator[Html]:
    """Names and tiles, row by row."""
    heads = range(1, attentions.shape[1] + 1)
    yield from map(_label, ("", "cos", *heads, MEAN))
    for layer, values in enumerate(cosines):
        yield _label(layer or "emb")
        yield _tile(values, AttentionChoice(layer, 0), opened)
        if layer == 0:
            yield from [_label()] * (len(heads) + 1)
            continue
        for head in heads:
            choice = AttentionChoice(layer, head)
            yield _tile(attentions[layer - 1, head - 1], choice, opened, tags[layer - 1][head - 1])
        yield _tile(attentions[layer - 1].mean(axis=0), AttentionChoice(layer, None), opened)
    yield from (_label(MEAN), _label())
    for head in heads:
        yield _tile(attentions[:, head - 1].mean(axis=0), AttentionChoice(None, head), opened)
    yield _tile(attentions.mean(axis=(0, 1)), AttentionChoice(None, None), opened)


def overview(
    cosines: Sequence[Float], attentions: Float, tags: Sequence[Sequence[str]], opened: AttentionChoice
) -> Html:
    """Every matrix, and what the marks on them mean.

    Args:
        cosines: of each layer, embeddings first: float32 [a, b].
        attentions: what is shown of every head, float32 [layers, heads, rows, columns].
        tags: of every head one of `TAGS`, or "".
        opened: the one that is shown at full size.
    """
    columns = attentions.shape[1] + 3
    named = {"role": "toolbar", "aria_label": "Every matrix", "data_walk": columns, "style": f"--columns:{columns}"}
    legend = "; ".join(f"{_MARKS[each]} {each}" for each in TAGS if any(each in layer for layer in tags))
    says = f"More than half of a head's attention goes to: {legend}." if legend else ""
    tiles = tag("div.bs-overview", *_cells(cosines, attentions, tags, opened), **named)
    return tag("div.bs-side", tiles, tag("p.bs-caption.bs-limits", f"Rows: layers. Columns: cosines, heads. {says}"))
