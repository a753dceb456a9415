"""Three ways of reading a pair, one under the other: two vectors, a cross-encoder, inference in both directions.

In: scores with their rulers, what a verdict says of either direction. Out: HTML and SVG. A score stands among the pairs
of its scorer's own ruler, for .6 is another thing for every encoder; colour, pattern, sign and word say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bertsim.model.ruler import KINDS, Ruler
from bertsim.records import PairScore
from bertsim.score.verdict import Inference, Verdict
from bertsim.views.markup import Html, in_100, number, tag

_READS = {"apart": ("Two vectors", "each sentence read alone"), "packed": ("Cross-encoder", "both read together")}
_SAYS = (("follows", "✓", "follows"), ("open", "?", "is open"), ("denied", "✗", "cannot be"))
"""Of entailment, neutral and contradiction: a class, a sign, and what the other sentence then does."""
_WIDTH = 1000


@dataclass(frozen=True)
class Way:
    """One way of reading a pair.

    Attributes:
        inputs: "apart" or "packed".
        score: what it gave.
        ruler: where it puts plain pairs; None where that is not known, or does not hold for these settings.
        encoder: which read it.
    """

    inputs: str
    score: PairScore
    ruler: Ruler | None
    encoder: str


def ways(read: Sequence[Way], verdict: Verdict | None) -> Html:
    """A row for each way of reading; that of inference where there is a verdict, and two texts."""
    rows = []
    for way in read:
        name, under = _READS[way.inputs]
        rows.append(_row(name, f"{under}: {way.score.scorer}", _ruler(way), _value(way), way.score.scorer))
    if verdict and not verdict.is_one_text:
        both = (("A", "B", verdict.a_to_b), ("B", "A", verdict.b_to_a))
        bars = tag("div.bs-inference", *(_direction(*each) for each in both))
        rows.append(_row("Inference", "what follows from what", bars, "", "inference"))
    return tag("div.bs-ways", *rows)


def _row(name: str, under: str, picture: Html, value: Html | str, scorer: str) -> Html:
    named = tag("p.bs-reads", tag("b", name), " ", tag("span", under))
    return tag("div.bs-row", named, picture, value, data_scorer=scorer)


def _value(way: Way) -> Html:
    """The number, and where it stands in words."""
    kind = ".bs-big" if way.inputs == "apart" else ".bs-number"
    place = tag("span.bs-place", way.ruler.place(way.score.score)) if way.ruler else ""
    return tag("p.bs-stands", tag(f"span{kind}", number(way.score.value)), " ", place)


def _ruler(way: Way) -> Html:
    """The plain pairs of every kind as ticks in a lane of their own, and the pair as a line across all lanes."""
    if way.ruler is None:
        return tag("div.bs-ruler.is-empty")
    strips = [strip for strip in way.ruler.strips.values() if len(strip)]
    value = way.score.score
    low, high = min(value, *(strip[0] for strip in strips)), max(value, *(strip[-1] for strip in strips))
    span = max(high - low, 1e-6)
    lanes = []
    for kind, words in KINDS.items():
        ticks = "".join(f"M{(score - low) / span * _WIDTH:.0f} 0v9" for score in way.ruler.strips[kind])
        path = Html('<path d="{}" vector-effect="non-scaling-stroke"/>').format(ticks)
        drawn = tag("svg", path, viewBox=f"0 0 {_WIDTH} 9", preserveAspectRatio="none")
        lanes.append(tag(f"div.bs-lane.is-{kind}", tag("span", words.removesuffix(" pairs")), drawn))
    left = f"left:{(value - low) / span * 100:.2f}%"
    mark = tag("div.bs-over", tag("i", style=left, data_marker=f"ruler {way.score.scorer}"))
    shares = (f"{100 * way.ruler.share_below(kind, value):.0f} % of {words}" for kind, words in KINDS.items())
    says = f"{way.score.scorer} {number(way.score.value)}: above {', '.join(shares)}"
    return tag("div.bs-ruler", *lanes, mark, role="img", aria_label=says)


def _direction(given: str, other: str, said: Inference) -> Html:
    """How probably the other sentence follows from one, is open, or cannot be: three parts of a bar, and the most."""
    parts, most = [], max(range(3), key=lambda place: said[place])
    for (kind, sign, _), share in zip(_SAYS, said, strict=True):
        parts.append(tag(f"i.is-{kind}", sign if share >= 0.08 else "", style=f"width:{100 * share:.1f}%"))
    all_said = ", ".join(f"{words} {in_100(share)} %" for (_, _, words), share in zip(_SAYS, said, strict=True))
    label = f"If {given} is true, {other}: {all_said}"
    bar = tag("span.bs-thirds", *parts, role="img", aria_label=label, title=label)
    _, sign, words = _SAYS[most]
    conclusion = tag("span", tag("b", f"{sign} {other} {words}"), f" {in_100(said[most])}\u202f%")
    return tag("div.bs-direction", tag("span", f"if {given} is true"), bar, conclusion)
