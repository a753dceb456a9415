"""Questions about pairs, each to be answered before its link is followed, and a challenge.

In: stops and their links; a pair's cosine and verdict. Out: HTML; an answer unfolds without a script.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bertsim.score.verdict import Verdict
from bertsim.views.markup import Html, number, tag

HIGH = 0.95
"""The cosine that two opposite sentences are to have."""


@dataclass(frozen=True)
class Stop:
    """One question, and where to look.

    Attributes:
        asks, answers, right: the question, what may be answered, and which of that is right.
        says: what is the case, and why.
        looks: what its link shows, in a few words.
        a, b: the pair of the link.
        tab: the view that the link opens and goes to; "" = the top of the page.
        values: of controls, by key, that differ from their defaults.
    """

    asks: str
    answers: tuple[str, ...]
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
    choices = []
    for i, answer in enumerate(stop.answers):
        mark = tag("span.bs-mark.is-right", "✓ right") if i == stop.right else tag("span.bs-mark", "✗ no")
        choices.append(tag("label", tag("input", type="radio", name=f"bs-stop-{index}"), tag("span", answer), mark))
    said = tag("p.bs-answer", stop.says, " ", tag("a", f"{stop.looks} →", href=link))
    return tag("fieldset", tag("legend", stop.asks), *choices, said)


def challenge(cosine: float, verdict: Verdict | None) -> Html:
    """What to find, and whether the pair that is shown is it."""
    high = f"{HIGH:g}".removeprefix("0")
    wanted = [] if verdict and verdict.kind == "opposite" else ["opposite claims"]
    wanted += [f"a cosine above {high}"] * (cosine <= HIGH)
    says = f"This pair: cosine {number(cosine)}{f', “{verdict.headline}”' if verdict else ''}. "
    end = f"Still wanted: {' and '.join(wanted)}." if wanted else "Found! “Share” has its link and its card."
    asks = tag("p.bs-caption", f"Find two opposite sentences whose cosine is above {high}.")
    kind = "" if wanted else ".is-found"
    return tag(f"section.bs-challenge{kind}", tag("h2", "A challenge"), asks, tag("p", says + end))
