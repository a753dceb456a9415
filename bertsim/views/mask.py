"""The mask, live: tokens as switches, and what hiding them does to every score.

In: `Comparison`, the hidden positions, the scores without them. Out: HTML whose buttons report what was pressed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from bertsim.records import Comparison, PairScore, TokenBatch
from bertsim.views.anatomy import strip, token_name, words
from bertsim.views.markup import Html, button, counted, downloads, figure, group, number, region, tag, view

# Words that carry grammar rather than content.
# Source: the closed classes of English (articles, pronouns, prepositions, conjunctions, auxiliaries).
_CLOSED_CLASSES = """
a an the this that these those i you he she it we they me him her us them my your his its our their
who whom which what there here of in on at by for with from to into onto over under about as than
then and or but nor so if because while when where is am are was were be been being do does did have
has had will would shall should can could may might must s t d m re ve ll
"""
FUNCTION_WORDS = frozenset(_CLOSED_CLASSES.split())


def function_positions(tokens: TokenBatch, row: int) -> list[int]:
    """Positions of a sentence's ordinary tokens that are function words or punctuation."""
    found = []
    for places in words(tokens, row):
        word = "".join(tokens.tokens[row][position].removeprefix("##") for position in places)
        if not tokens.is_special[row, places[0]] and (word in FUNCTION_WORDS or not re.search(r"\w", word)):
            found += places
    return found


def special_positions(tokens: TokenBatch, row: int) -> list[int]:
    """Positions of [CLS] and [SEP] of a sentence."""
    return [p for p in range(int(tokens.attention_mask[row].sum())) if tokens.is_special[row, p]]


def _switch(tokens: TokenBatch, row: int, masked: Sequence[int], position: int) -> Html:
    """One token as a button; pressed = its attention_mask is 1."""
    is_on = position not in masked
    kind = ".bs-switch" + ".is-special" * bool(tokens.is_special[row, position]) + ".is-off" * (not is_on)
    label = f"{tokens.tokens[row][position]}, attention mask {int(is_on)}"
    shown = token_name(tokens, row, position), tag("span", int(is_on))
    key = f"{'ab'[row]}{position}"
    return button(*shown, kind=kind, data_pick=key, aria_pressed=is_on, aria_label=label)


def _changes(before: Sequence[PairScore], after: Sequence[PairScore]) -> Html:
    """Every scorer as it was, as it is now, and the difference."""
    rows = []
    for old, new in zip(before, after, strict=True):
        change, now = new.value - old.value, tag("strong", number(new.value))
        alike = "more similar" if new.score > old.score else "less similar"
        says = "no change" if abs(change) < 0.0005 else alike
        cells = (tag("td", each) for each in (number(old.value), now, number(change, signed=True), says))
        rows.append(tag("tr", tag("th", old.scorer, scope="row"), *cells, data_scorer=old.scorer))
    names = ("scorer", "all tokens", "with this mask", "change", "")
    heads = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in names)))
    return tag("table.bs-changes", heads, tag("tbody", *rows))


def mask_view(comparison: Comparison, masked: Sequence[Sequence[int]], after: Sequence[PairScore]) -> Html:
    """The switches of both sentences, of which some tokens are hidden, and the scores before and after."""
    halves = []
    for row, hidden in enumerate(masked):
        status = f"{counted(len(hidden), 'token')} masked" if hidden else "every token counts"
        switches = strip(comparison.tokens, row, partial(_switch, comparison.tokens, row, hidden), "group")
        halves.append(figure(row, status, switches))
    actions = (("reset", "Reset"), ("content", "Only content words"), ("special", "Drop [CLS] and [SEP]"))
    data = {
        "masked_a": list(masked[0]),
        "masked_b": list(masked[1]),
        "before": {score.scorer: score.value for score in comparison.scores},
        "after": {score.scorer: score.value for score in after},
    }
    return view(
        "Press a token to hide it: its attention_mask becomes 0, no other token can attend to it and pooling "
        "leaves it out.",
        "Hiding is not deleting: the other tokens keep their positions.",
        group(".bs-chips", "Masks at one click", *(button(label, data_pick=key) for key, label in actions)),
        *halves,
        region("Scores under this mask", _changes(comparison.scores, after), kind=".bs-scroll"),
        downloads("mask", data),
    )
