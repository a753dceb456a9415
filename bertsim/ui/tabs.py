"""The tabs of the result: which controls each has, and what draws it from them.

In: a `Pair`, and a value for each control of the tab, by key. Out: HTML; new values where a button in it is pressed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bertsim.model.ruler import ruler_pairs
from bertsim.records import Int
from bertsim.ui.pairs import Pair
from bertsim.views.attention import ALL_HEADS, ALL_LAYERS, AttentionChoice
from bertsim.views.explain import content_words, mates, shares_across, token_cosines
from bertsim.views.layers import POOLINGS, layers_view
from bertsim.views.markup import Html
from bertsim.views.meets import ACROSS, meets_view
from bertsim.views.overview import COSINES, MEAN
from bertsim.views.saw import saw_view


@dataclass(frozen=True)
class Tab:
    """One view.

    Attributes:
        name, label: in links, and on it.
        draw: the pair, and the values of its controls by key -> HTML. Raises InputError where a mask leaves nothing.
        controls: keys of `controls.LABELS`; a change of any redraws the tab.
        press: for buttons in the picture: the pair, the key of the button, and the values of its controls by key ->
            those that change.
        prepare: computes what takes long, without which it is drawn at first: the pair and the values -> whether
            anything was still missing.
    """

    name: str
    label: str
    draw: Callable[..., Html]
    controls: tuple[str, ...]
    press: Callable[..., dict[str, Any]]
    prepare: Callable[..., bool] | None = None


def hidden_tokens(pair: Pair, mask: Sequence[str]) -> tuple[list[list[int]], Int]:
    """Positions of the hidden tokens in A and in B, by their keys such as "a3", and the mask without them [2, seq]."""
    attention_mask = pair.comparison.tokens.attention_mask.copy()
    lengths = attention_mask.sum(axis=1)
    hidden: list[list[int]] = [[], []]
    for row, position in sorted(("ab".index(key[0]), int(key[1:])) for key in mask):
        if position < lengths[row]:
            hidden[row].append(position)
            attention_mask[row, position] = 0
    return hidden, attention_mask


def _ways(pair: Pair, scorer: str) -> list[str]:
    """The scorers that are watched: of sentences read apart, and of the pair read together, where there is one."""
    return ["cosine", *[scorer] * (scorer in pair.model.scorers)]


def draw_saw(pair: Pair, scorer: str, both: bool, numbers: bool, mask: Sequence[str], pins: Sequence[str] = ()) -> Html:
    """Tokens as switches, what hiding each does as far as that is known, and the scores before and after."""
    hidden, attention_mask = hidden_tokens(pair, mask)
    ways = _ways(pair, scorer)
    known = [found for name in ways if (found := pair.occlusion(name, waits=False))]
    after = pair.rescore(attention_mask).scores
    return saw_view(pair.comparison, hidden, after, ways, known if len(known) == len(ways) else [], numbers, pins)


def hide_each(pair: Pair, scorer: str, **_: Any) -> bool:
    """Hide each token in turn, unless that was done; whether it was not."""
    is_new = not all(pair.occlusion(name, waits=False) for name in _ways(pair, scorer))
    for name in _ways(pair, scorer) * is_new:
        pair.occlusion(name, waits=True)
    return is_new


def press_token(pair: Pair, key: str, mask: list[str], both: bool = False, **_: Any) -> dict[str, Any]:
    """The hidden tokens after a press; `key`: of one token or several, or "reset", "content", "special".

    `both`: the best match of each of them goes with it, where the two choose each other.
    """
    tokens = pair.comparison.tokens
    if key == "reset":
        return {"mask": []}
    if key in ("content", "special"):
        gone = (tokens.attention_mask == 1) & tokens.is_special
        if key == "content":
            gone = tokens.is_own
            for row in (0, 1):
                gone[row, [place for word in content_words(tokens, row) for place in word]] = False
        return {"mask": [f"{'ab'[row]}{position}" for row, position in np.argwhere(gone).tolist()]}
    pressed = [each for each in key.split() if each[0] in "ab"]
    if both:
        pressed = list(dict.fromkeys(each for one in pressed for each in (one, *_mate(pair, one))))
    kept = [each for each in mask if each not in pressed]
    return {"mask": kept if all(each in mask for each in pressed) else [*kept, *pressed]}


def _mate(pair: Pair, key: str) -> list[str]:
    """The token that a token and it choose as each other's best, at the last layer. Example: "a3" -> ["b4"]."""
    own = [np.flatnonzero(each).tolist() for each in pair.comparison.tokens.is_own]
    found = mates(token_cosines(pair.comparison, -1)[np.ix_(*own)])
    pairs = [(f"a{own[0][a]}", f"b{own[1][b]}") for a, b in found]
    return [other for both in pairs if key in both for other in both if other != key]


def draw_meets(
    pair: Pair, part: str, special: bool, layer: str, head: str, mask: Sequence[str], pins: Sequence[str] = ()
) -> Html:
    """One matrix beside all of them, under the mask."""
    last = pair.model.config.num_hidden_layers
    _, attention_mask = hidden_tokens(pair, mask)
    if head == COSINES:
        choice = AttentionChoice(int(layer) if layer.isdecimal() else last, 0, part, special)
        scorers: Sequence[str] = pair.model.scorers_of("apart")
    else:
        one_layer, one_head = (int(each) if each.isdecimal() else None for each in (layer, head))
        if head == ACROSS:
            one_layer, one_head = _most_across(pair)
        choice = AttentionChoice(max(one_layer, 1) if one_layer is not None else None, one_head, part, special)
        scorers = pair.model.scorers_of(choice.inputs)
    return meets_view(pair.comparison, choice, scorers, pair.rescore(attention_mask), pins)


def _most_across(pair: Pair) -> tuple[int, int]:
    """Layer and head, from 1, of which most goes from one sentence to the other."""
    assert pair.comparison.packed  # as `Pairs` asks for it
    tokens, output = pair.comparison.packed
    shares = shares_across(output.attentions[:, 0], tokens)
    layer, head = np.unravel_index(shares.argmax(), shares.shape)
    return int(layer) + 1, int(head) + 1


def open_matrix(pair: Pair, key: str, mask: list[str], **_: Any) -> dict[str, Any]:
    """The layer and the head of the tile that was pressed. Example: "2-3" -> layer "2", head "3".

    "across" opens the head that looks across most; keys of tokens hide these.
    """
    if key == ACROSS:
        return {"layer": ACROSS, "head": ACROSS}
    layer, dash, head = key.partition("-")
    if not dash:
        return press_token(pair, key, mask)
    return {"layer": ALL_LAYERS if layer == MEAN else layer, "head": ALL_HEADS if head == MEAN else head}


def draw_layers(pair: Pair, poolings: bool, pins: Sequence[str]) -> Html:
    """The pair's cosine at every layer, against that of unrelated pairs; and that of two tokens, the pinned ones."""
    own = pair.settings.pooling if pair.settings.pooling in POOLINGS else POOLINGS[0]
    band = pair.profiles(ruler_pairs()["unrelated"], (own,))[0]
    return layers_view(pair.comparison, (own, *(name for name in POOLINGS if poolings and name != own)), band, pins)


TABS = (
    Tab("saw", "What it saw", draw_saw, ("scorer", "both", "numbers", "mask", "pins"), press_token, hide_each),
    Tab("meets", "Who meets whom", draw_meets, ("part", "special", "layer", "head", "mask", "pins"), open_matrix),
    Tab("layers", "Through the layers", draw_layers, ("poolings", "pins"), lambda pair, key, **_: {}),
)
