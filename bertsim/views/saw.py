"""What it saw: the tokens of both sentences, what hiding each does to the scores, and the scores without the hidden.

In: a `Comparison`, the same under a mask, the scores with each token hidden in turn. Out: HTML whose tokens are
switches that report their key, "a3".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bertsim.records import Comparison, PairScore, TokenBatch
from bertsim.views.anatomy import change_of, cut_part, half, strip, summary, token_name, token_numbers
from bertsim.views.explain import Occlusion, is_piece, token_cosines
from bertsim.views.markup import (
    Html,
    button,
    counted,
    downloads,
    group,
    note,
    number,
    plain,
    pointed,
    region,
    table,
    tag,
    view,
)
from bertsim.views.matrix import short_number, tinting

ACTIONS = (("reset", "Reset"), ("content", "Only content words"), ("special", "Drop [CLS] and [SEP]"))
_NUMBERS = ("id", "position", "token type", "attention mask")


@dataclass(frozen=True)
class _Strip:
    """One sentence's tokens as switches.

    Attributes:
        tokens, row: of the sentence.
        hidden: positions that the mask hides.
        effects: of each way of reading: its scorer, and the change of its score without each token, NaN = not tried.
        widest: the largest change of each way.
        has_numbers: whether ids, positions, types and masks are shown.
    """

    tokens: TokenBatch
    row: int
    hidden: Sequence[int]
    effects: Sequence[tuple[str, list[float]]]
    widest: Sequence[float]
    has_numbers: bool

    def draw(self) -> Html:
        """The strip, with a legend in front and the padding behind where numbers are asked for."""
        if not self.has_numbers:
            return strip(self.tokens, self.row, self._token)
        names = ("token", *["hidden"] * bool(self.effects), *(name for name, _ in self.effects), *_NUMBERS)
        legend = tag("span.bs-legend", *(tag("span", name.rpartition(" ")[2]) for name in names), aria_hidden=True)
        return strip(self.tokens, self.row, self._token, legend, self._padding())

    def _token(self, position: int) -> Html:
        tokens, row = self.tokens, self.row
        special, is_on = bool(tokens.is_special[row, position]), position not in self.hidden
        written, change = change_of(tokens, row, position)
        values = (tokens.input_ids[row, position], position, tokens.token_type_ids[row, position], int(is_on))
        found = [(name, changes[position]) for name, changes in self.effects]
        label = [tokens.tokens[row][position]]
        label += [f"{name} {value}" for name, value in zip(_NUMBERS, values, strict=True) if self.has_numbers]
        label += [f"{change}: written {written}"] if change else ["special token"] * special
        label += [f"without it {name} {number(e, signed=True)}" for name, e in found if not math.isnan(e)]
        parts = [tag("b.bs-piece", token_name(tokens, row, position))]
        parts += [self._bars([e for _, e in found])] if found else []
        if self.has_numbers:
            parts += [tag("span", "\u00a0" if math.isnan(e) else short_number(e, signed=True)) for _, e in found]
            parts += [tag("span", value) for value in values]
        if change:
            shown = written[:24] if change == "lower-cased" else tag("s", written[:24])
            parts += [tag("b.bs-written", shown)] * (self.has_numbers or change != "lower-cased")
        kind = ".is-special" * special + ".is-piece" * is_piece(tokens, row, position) + ".is-off" * (not is_on)
        key = f"{'ab'[row]}{position}"
        named = {"data_pick": key, "data_link": key, "aria_pressed": is_on, "aria_label": ", ".join(label)}
        return button(*parts, kind=f".bs-token{kind}", title=change or None, tabindex=-1, **named)

    def _bars(self, changes: list[float]) -> Html:
        """A bar for each way: down where the score falls without the token, up where it rises."""
        bars = []
        for kind, change, most in zip(("", ".is-together"), changes, self.widest, strict=False):
            height = 0.0 if math.isnan(change) else abs(change) / most * 50
            bars.append(tag(f"i{'.is-down' if change < 0 else '.is-up'}{kind}", style=f"height:{height:.1f}%"))
        return tag("span.bs-effects", *bars, aria_hidden=True)

    def _padding(self) -> Html:
        """The run of padding at the end of a row, as one greyed cell."""
        first, end = int(self.tokens.attention_mask[self.row].sum()), len(self.tokens.tokens[self.row])
        if first == end:
            return Html()
        many = counted(end - first, "padding token")
        label = f"{many}, id {self.tokens.input_ids[self.row, first]}, attention mask 0"
        where = f"{first}–{end - 1}" if end - first > 1 else f"{first}"
        parts = [tag("span.bs-effects")] * bool(self.effects) + [tag("span", "\u00a0")] * len(self.effects)
        parts += [tag("span", value) for value in (self.tokens.input_ids[self.row, first], where, 0, 0)]
        head = tag("b.bs-piece", "[PAD]" + f" × {end - first}" * (end - first > 1))
        return tag("span.bs-token.is-padding", head, *parts, role="img", aria_label=label)


def _track(way: str, old: PairScore, new: PairScore) -> Html:
    """A way of reading: its score with all tokens as a ring, without the hidden as a disc that slides there."""
    change = f" ({number(new.value - old.value, signed=True)})" if new is not old else ""
    value = tag("span.bs-value", tag("strong", number(new.value)), change)
    shown = [(kind, min(max(score.value, 0.0), 1.0) * 100) for kind, score in ((".is-old", old), (".is-new", new))]
    marks = [
        tag(f"i{kind}", style=f"left:{place:.2f}%", data_marker=old.scorer if kind == ".is-new" else None)
        for kind, place in shown
    ]
    track = tag("span.bs-track.bs-slide", *marks, aria_hidden=True) if old.high <= 1 else tag("span")
    return tag("li", tag("span.bs-name", f"{way}: {old.scorer}"), track, value, data_scorer=old.scorer)


def _changes(before: Sequence[PairScore], after: Sequence[PairScore]) -> Html:
    """Every scorer as it was, as it is now, and the difference."""
    rows = []
    for old, new in zip(before, after, strict=True):
        change, now = new.value - old.value, tag("strong", number(new.value))
        alike = "more similar" if new.score > old.score else "less similar"
        says = "no change" if abs(change) < 0.0005 else alike
        cells = (tag("td", each) for each in (number(old.value), now, number(change, signed=True), says))
        rows.append(tag("tr", tag("th", old.scorer, scope="row"), *cells, data_scorer=old.scorer))
    names = ("scorer", "all tokens", "without the hidden", "change", "")
    heads = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in names)))
    shown = region("Scores under this mask", tag("table.bs-changes", heads, tag("tbody", *rows)), kind=".bs-scroll")
    return tag("details.bs-numbers", tag("summary", "Every measure under this mask"), shown)


def _tried(comparison: Comparison, effects: Sequence[tuple[str, list[float]]], row: int) -> str:
    """How many of a sentence's tokens were hidden in turn; "" where all were."""
    own = int(comparison.tokens.is_own[row].sum())
    tried = int((~np.isnan(effects[0][1])).sum()) if effects else own
    return f" Of the {own} tokens of {'AB'[row]} the first {tried} were hidden in turn." if tried < own else ""


def saw_view(
    comparison: Comparison,
    masked: Sequence[Sequence[int]],
    after: Sequence[PairScore],
    ways: Sequence[str] = ("cosine",),
    occlusions: Sequence[Occlusion] = (),
    has_numbers: bool = False,
    pins: Sequence[str] = (),
) -> Html:
    """Both sentences as the encoder got them, token by token.

    Args:
        comparison: the pair.
        masked: positions hidden in A and in B.
        after: the scores without those.
        ways: the scorer that is watched where sentences are read apart and, if there is one, together.
        occlusions: for each of these, its score with each token hidden in turn; () = not known yet.
        has_numbers: whether every token has its id, position, type and mask below it.
        pins: keys of pinned tokens.
    """
    tokens, now = comparison.tokens, {score.scorer: score for score in after}
    effects = [[(each.scorer, (each.changes_a, each.changes_b)[row].tolist()) for each in occlusions] for row in (0, 1)]
    known = [np.concatenate([each.changes_a, each.changes_b]) for each in occlusions]
    widest = [max(float(np.nanmax(np.abs(each))), 1e-6) for each in known]
    halves, cells, data = [], [], []
    for row, hidden in enumerate(masked):
        says = summary(tokens, row) + (f", {counted(len(hidden), 'token')} hidden" if hidden else "")
        halves.append(half(tokens, row, says, _Strip(tokens, row, hidden, effects[row], widest, has_numbers).draw()))
        for position in np.flatnonzero(tokens.attention_mask[row]).tolist():
            values = [changes[position] for _, changes in effects[row]]
            said = ["" if math.isnan(value) else number(value, 4, signed=True) for value in values]
            cells.append(["AB"[row], str(position), plain(tokens.tokens[row][position]), *said])
        shown = {name: [None if math.isnan(each) else each for each in values] for name, values in effects[row]}
        data.append({**token_numbers(tokens, row), "hidden": list(hidden), "without_each": shown})
    cut = " and ".join("AB"[row] for row in (0, 1) if cut_part(tokens, row))
    tracks = (
        _track(way, comparison[name], now[name])
        for way, name in zip(("Read apart", "Read together"), ways, strict=False)
    )
    scores = {"before": {s.scorer: s.value for s in comparison.scores}, "after": {s.scorer: s.value for s in after}}
    waiting = "" if occlusions else " What hiding each token does is being worked out …"
    return view(
        "Press a token to hide it: no other token can attend to it, and no score counts it. Its bars tell what that "
        "would do: down, the score falls without this token; up, it rises.",
        f"Solid bars are of {ways[0]}, hollow ones of {ways[-1]}, each kind on its own scale. "
        * (len(ways) > 1)
        + f"Hiding is not deleting: the other tokens keep their positions.{_tried(comparison, effects[0], 0)}"
        f"{_tried(comparison, effects[1], 1)}{waiting}",
        note(cut and f"Sentence {cut}: what is struck through was not read."),
        group(".bs-chips", "Masks at one click", *(button(label, data_pick=key) for key, label in ACTIONS)),
        tag("ul.bs-tracks", *tracks, aria_label="Scores without the hidden tokens"),
        *halves,
        pointed("Point at a token: the other sentence is tinted by how alike its tokens are. Shift and press pins it."),
        _changes(comparison.scores, after),
        table(["sentence", "position", "token", *ways[: len(occlusions)]], cells, caption="Change without each token"),
        downloads("tokens", {"sentences": data, **scores}),
        data_pins=" ".join(pins),
        **tinting(token_cosines(comparison, -1)[np.ix_(*map(np.flatnonzero, tokens.attention_mask))], "cosine"),
    )
