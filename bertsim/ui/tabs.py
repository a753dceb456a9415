"""The tabs of the result: which controls each has, and what draws it from them.

In: a `Pair`, and a value for each control of the tab, by key. Out: HTML; new values where a button in it is pressed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bertsim.records import Int
from bertsim.ui.pairs import Pair
from bertsim.views.alignment import alignment_view
from bertsim.views.anatomy import anatomy
from bertsim.views.attention import ALL_HEADS, ALL_LAYERS, AttentionChoice, attention_view
from bertsim.views.explain import occlude
from bertsim.views.layers import layers_view
from bertsim.views.markup import Html
from bertsim.views.mask import function_positions, mask_view, special_positions
from bertsim.views.matter import matter_view


@dataclass(frozen=True)
class Tab:
    """One view.

    Attributes:
        name, label: in links, and on it.
        draw: the pair, and the values of its controls by key -> HTML. Raises InputError where a mask leaves nothing.
        controls: keys of `controls.LABELS`; a change of any redraws the tab.
        press: where buttons in the picture change what is drawn: the pair, the key of a button, and the values of its
            controls by key -> those that change.
    """

    name: str
    label: str
    draw: Callable[..., Html]
    controls: tuple[str, ...] = ()
    press: Callable[..., dict[str, Any]] | None = None


def _hidden(pair: Pair, mask: Sequence[str]) -> tuple[list[list[int]], Int]:
    """Positions of the hidden tokens in A and in B, by their keys such as "a3", and the mask without them [2, seq]."""
    attention_mask = pair.comparison.tokens.attention_mask.copy()
    lengths = attention_mask.sum(axis=1)
    hidden: list[list[int]] = [[], []]
    for row, position in sorted(("ab".index(key[0]), int(key[1:])) for key in mask):
        if position < lengths[row]:
            hidden[row].append(position)
            attention_mask[row, position] = 0
    return hidden, attention_mask


def draw_mask(pair: Pair, mask: Sequence[str]) -> Html:
    """Tokens as switches, and the scores before and after."""
    hidden, attention_mask = _hidden(pair, mask)
    return mask_view(pair.comparison, hidden, pair.rescore(attention_mask).scores)


def press_token(pair: Pair, key: str, mask: list[str]) -> dict[str, Any]:
    """The hidden tokens after a press; `key`: of a token, or "reset", "content", "special"."""
    if key == "reset":
        return {"mask": []}
    if key in ("content", "special"):
        pick = function_positions if key == "content" else special_positions
        tokens = pair.comparison.tokens
        return {"mask": [f"{'ab'[row]}{position}" for row in (0, 1) for position in pick(tokens, row)]}
    return {"mask": [other for other in mask if other != key] if key in mask else [*mask, key]}


def draw_matter(pair: Pair, scorer: str) -> Html:
    """How much a score changes without each token."""
    score = partial(pair.model.score_masked, pair.comparison, scorer=scorer, **pair.options)
    return matter_view(pair.comparison, occlude(pair.comparison, scorer, score))


def draw_attention(pair: Pair, part: str, layer: str, head: str, special: bool, mask: Sequence[str]) -> Html:
    """Who attends to whom in one layer and head or on average, under the mask that was pressed together."""
    one_layer, one_head = (None if each in (ALL_LAYERS, ALL_HEADS) else int(each) for each in (layer, head))
    choice = AttentionChoice(one_layer, one_head, part, special)
    _, attention_mask = _hidden(pair, mask)
    scorers = pair.model.scorers_of(choice.inputs)
    return attention_view(pair.comparison, choice, scorers, pair.rescore(attention_mask))


def open_head(pair: Pair, key: str, **_: Any) -> dict[str, Any]:
    """The layer and the head of the small picture that was pressed. Example: "2-3" -> layer "2", head "3"."""
    return dict(zip(("layer", "head"), key.split("-"), strict=True))


TABS = (
    Tab("tokens", "Tokens", lambda pair: anatomy(pair.comparison.tokens)),
    Tab("mask", "The mask, live", draw_mask, ("mask",), press_token),
    Tab("matter", "Which tokens matter", draw_matter, ("scorer",)),
    Tab("alignment", "Alignment", lambda pair, align: alignment_view(pair.comparison, align), ("align",)),
    Tab("attention", "Attention", draw_attention, ("part", "layer", "head", "special", "mask"), open_head),
    Tab("layers", "Layers", lambda pair: layers_view(pair.comparison)),
)
