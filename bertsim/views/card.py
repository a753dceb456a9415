"""A pair on one picture of 1200 × 630: both sentences, which words meet, where each way of reading puts it, inference.

In: a `Comparison`, the same under a mask, its `Verdict`. Out: SVG that needs no style sheet: in a file of its own, or
made a PNG by the browser, it has the light colours.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bertsim.records import Comparison, PairScore, TokenBatch
from bertsim.score.verdict import Inference, Verdict
from bertsim.views.explain import mates, token_cosines, words
from bertsim.views.markup import Html, number, tag
from bertsim.views.matrix import HEAT, HUES, INK, LINE, SOFT, short_number, svg
from bertsim.views.result import headline

WIDTH, HEIGHT = 1200, 630
_EDGE = 64
_SERIF = 'ui-serif,"Iowan Old Style",Palatino,Charter,Georgia,"Liberation Serif",serif'
_LARGEST, _SMALLEST, _MOST = 64.0, 20.0, 200  # pixels; characters of a line
_PANEL = "var(--bs-panel,#ffffff)"
# Follows, open, cannot be: a sign, the words, a colour, and the slope of its hatching, so that no colour is needed.
_SAYS = (
    ("✓", "follows", "var(--bs-up,#0f6b5f)", 0),
    ("?", "is open", LINE, -16),
    ("✗", "cannot be", "var(--bs-down,#8a2f6e)", 16),
)


class _Word(NamedTuple):
    """A word, where its middle stands, and the positions of its tokens; whether the mask hides any of them."""

    text: str
    x: float
    places: list[int]
    is_hidden: bool


def _em(character: str) -> float:
    """About how wide a character of a serif is, in units of its size."""
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if character in "iljftI.,:;'’!|()[] \n":
        return 0.3
    return 0.85 if character in "mwMW@%—" else 0.68 if character.isupper() else 0.52


def _lay(tokens: TokenBatch, row: int, mask: Sequence[int], size: float) -> list[_Word]:
    """The words of a sentence as they are written, as far as there is room for them and the encoder read them."""
    sentence, found, right = tokens.sentences[row][0], list[_Word](), float(_EDGE)
    at = _EDGE + size * np.cumsum([0.0, *map(_em, sentence[:_MOST])])
    is_cut = bool(tokens.unread[row][0].cut_off)
    for places in words(tokens, row):
        start, end = int(tokens.spans[row, places[0], 0]), int(tokens.spans[row, places[-1], 1])
        if end >= len(at) or at[end] > WIDTH - _EDGE:
            is_cut = True
            break
        if not tokens.is_special[row, places[0]] and end > start:
            right, hidden = float(at[end]), not all(mask[place] for place in places)
            found.append(_Word(sentence[start:end], (at[start] + right) / 2, places, hidden))
    return [*found, *[_Word("…", right + size / 2, [], False)] * is_cut]


def _text(
    words: str, x: float, y: float, size: float, colour: str = INK, anchor: str = "start", more: str = ""
) -> Html:
    style = f"fill:{colour};font-size:{size:.1f}px;{more}"
    return tag("text", words, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, style=style)


def _sentences(comparison: Comparison, under: Comparison) -> list[Html]:
    """Both sentences, one above the other, and a line from each word to the one of the other that chooses it back."""
    tokens, left = comparison.tokens, under.tokens
    widest = max(sum(map(_em, sentence[:_MOST])) for (sentence,) in tokens.sentences)
    size = min(max((WIDTH - 2 * _EDGE) / widest, _SMALLEST), _LARGEST)
    lines = [_lay(tokens, row, left.attention_mask[row].tolist(), size) for row in (0, 1)]
    at = [{place: word for word in line for place in word.places if any(map(str.isalnum, word.text))} for line in lines]
    own = [np.flatnonzero(each).tolist() for each in left.is_own]
    cosines = token_cosines(under, -1)[np.ix_(*own)]
    parts, met = [], set()
    for a, b in mates(cosines):
        one, other = at[0].get(own[0][a]), at[1].get(own[1][b])
        if one and other and (one.x, other.x) not in met:
            met.add((one.x, other.x))
            share = min(max(float(cosines[a, b]), 0.0), 1.0)
            way = f"M{one.x:.1f},236 C{one.x:.1f},292 {other.x:.1f},292 {other.x:.1f},348"
            style = f"fill:none;stroke:{HEAT};stroke-width:{1 + 4 * share:.1f};stroke-opacity:{0.2 + 0.7 * share:.2f}"
            parts.append(tag("path", d=way, style=style))
    for line, y, letter in zip(lines, (220, 352 + size * 0.75), "ab", strict=True):
        for word in line:
            more = "text-decoration:line-through" if word.is_hidden else ""
            parts.append(_text(word.text, word.x, y, size, SOFT if word.is_hidden else HUES[letter], "middle", more))
        parts.append(_text(letter.upper(), _EDGE / 2, y, 20, HUES[letter], "middle", "font-weight:700"))
    return parts


def _scale(ways: Sequence[tuple[str, PairScore]]) -> list[Html]:
    """From 0 to 1, with a marker for each way of reading: a disc above the line, a diamond below it."""
    left, right, y = _EDGE + 20, 560, 524
    parts = [tag("path", d=f"M{left},{y} H{right}", style=f"stroke:{INK};stroke-width:2")]
    parts += [_text(end, x, y + 6, 18, SOFT, "middle") for end, x in (("0", _EDGE), ("1", right + 20))]
    shapes = ("M-11,0 a11,11 0 1,0 22,0 a11,11 0 1,0 -22,0 Z", "M0,-13 L13,0 L0,13 L-13,0 Z")
    for (way, score), shape, up in zip(ways, shapes, (True, False), strict=False):
        x = left + min(max(score.value, 0.0), 1.0) * (right - left)
        style = f"fill:{INK if up else _PANEL};stroke:{INK};stroke-width:2.5"
        parts.append(tag("path", d=shape, transform=f"translate({x:.1f},{y})", style=style))
        anchor = "start" if x < left + 120 else "end" if x > right - 120 else "middle"
        parts.append(_text(f"{way}: {short_number(score.value)}", x, y - 26 if up else y + 40, 21, INK, anchor))
    return parts


def _inference(verdict: Verdict) -> list[Html]:
    """A bar of three parts for each direction, under what it says most."""
    return [*_bar("A", "B", verdict.a_to_b, 506), *_bar("B", "A", verdict.b_to_a, 576)]


def _bar(given: str, other: str, said: Inference, y: int) -> list[Html]:
    x, right, most = 660.0, WIDTH - _EDGE, int(np.argmax(said))
    percent = f"{min(round(100 * said[most]), 99)}\u202f%"  # nothing is certain
    sign, words, _, _ = _SAYS[most]
    parts = [_text(f"If {given} is true: {sign} {other} {words}, {percent}", x, y - 9, 21)]
    for share, (_, _, colour, slope) in zip(said, _SAYS, strict=True):
        width = share * (right - 660)
        style = f"fill:{colour};stroke:{_PANEL};stroke-width:1.5"
        parts.append(tag("rect", x=f"{x:.1f}", y=y, width=f"{width:.1f}", height=22, style=style))
        if slope:
            starts = np.arange(x + 2, x + width - 16, 12) + max(-slope, 0)
            strokes = " ".join(f"M{at:.1f},{y + 22} l{slope},-22" for at in starts)
            parts.append(tag("path", d=strokes, style=f"stroke:{_PANEL};stroke-width:2"))
        x += width
    return parts


def card(
    comparison: Comparison, under: Comparison, verdict: Verdict | None, together: str | None, encoder: str
) -> Html:
    """Draw it.

    Args:
        comparison: the pair.
        under: the same under the mask that is shown; without one, the same.
        verdict: what is said of it; None: the cosine stands in its place, or that too little was read.
        together: the scorer that stands for reading the two together, if there is one.
        encoder: its name.
    """
    cosine = under["cosine"]
    says = headline(under, verdict)
    ways = [("Read apart", cosine), *([("Read together", under[together])] if together else [])]
    back = tag("rect", width=WIDTH, height=HEIGHT, style=f"fill:{_PANEL}")
    parts = [back, _text(says, _EDGE, 110, 50, more="font-weight:600")]
    parts.append(_text(f"bertsim · {encoder}", WIDTH - _EDGE, 46, 20, SOFT, "end"))
    parts += _sentences(comparison, under)
    parts.append(tag("path", d=f"M{_EDGE},442 H{WIDTH - _EDGE}", style=f"stroke:{LINE};stroke-width:1"))
    parts += _scale(ways) + (_inference(verdict) if verdict and not verdict.is_one_text else [])
    a, b = (sentence[:_MOST] for (sentence,) in comparison.tokens.sentences)
    label = f"{says}. A: {a} B: {b} " + ", ".join(f"{way.lower()} {number(score.value)}" for way, score in ways)
    return svg(*parts, width=WIDTH, height=HEIGHT, label=label, font=f"20px {_SERIF}")
