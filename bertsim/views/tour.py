"""Questions about pairs, each to be answered before its link is followed, and a challenge.

In: stops and their links; a pair's cosine and verdict. Out: HTML; an answer unfolds without a script.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bertsim.score.verdict import Verdict
from bertsim.views.markup import Html, number, tag

HIGH = 0.95  # the cosine that two opposite sentences are to have


@dataclass(frozen=True)
class Stop:
    """A question, and where to look: the pair of its link, the view ("" = the top of the page), values of controls."""

    asks: str
    answers: Sequence[str]
    right: int
    says: str
    looks: str
    a: str
    b: str
    tab: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


def tour(stops: Iterable[tuple[Stop, str]]) -> Html:
    """All stops with their links, unanswered."""
    listed = tag("ol.bs-stops", *(tag("li", _question(i, *each)) for i, each in enumerate(stops)))
    intro = tag("p.bs-caption", "Guess first. Then the link opens this page where the answer can be seen.")
    return tag("section.bs-tour", tag("h2", "Six questions"), intro, listed, aria_label="Six questions")


def _question(index: int, stop: Stop, link: str) -> Html:
    marks = [tag("span.bs-mark", "✗ no")] * len(stop.answers)
    marks[stop.right] = tag("span.bs-mark.is-right", "✓ right")
    radio = tag("input", type="radio", name=f"bs-stop-{index}")
    choices = (tag("label", radio, tag("span", each), mark) for each, mark in zip(stop.answers, marks, strict=True))
    said = tag("p.bs-answer", stop.says, " ", tag("a", f"{stop.looks} →", href=link))
    return tag("fieldset", tag("legend", stop.asks), *choices, said)


def challenge(cosine: float, verdict: Verdict | None) -> Html:
    """What to find, and whether the pair that is shown is it."""
    high = f"{HIGH:g}".removeprefix("0")
    wanted = ["opposite claims"] * (verdict is None or verdict.kind != "opposite")
    wanted += [f"a cosine above {high}"] * (cosine <= HIGH)
    says = f"This pair: cosine {number(cosine)}{f', “{verdict.headline}”' if verdict else ''}. "
    says += f"Still wanted: {' and '.join(wanted)}." if wanted else "Found! “Share” has its link and its card."
    asks = tag("p.bs-caption", f"Find two opposite sentences whose cosine is above {high}.")
    return tag(f"section.bs-challenge{'' if wanted else '.is-found'}", tag("h2", "A challenge"), asks, tag("p", says))
