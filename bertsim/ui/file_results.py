"""What a visitor sees of a scored file, and picks from it: plots, a table of pairs by disagreement, a report.

In: what was scored, and what is chosen: ranges that were dragged, an order, from which label on pairs are similar.
Out: views. Nothing is computed by a model here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bertsim.errors import InputError
from bertsim.heads.config import LABELS
from bertsim.measuring.curves import LABEL, Measured, measure_file, percentiles
from bertsim.ui.desk import Visit
from bertsim.ui.file_scoring import Scored
from bertsim.views.file import Listed, pairs_table
from bertsim.views.file_plots import report
from bertsim.views.markup import Html, counted, number

PAGE, MOST = 25, 200
"""Pairs that are listed at first, and at most."""
WORST = 30
ORDERS = {"readings": "disagreement of the two readings", "label": "disagreement with the label", "line": "line"}


@dataclass(frozen=True)
class Chosen:
    """What is listed: pairs whose numbers are all within `ranges`, low and high by name, in an order, so many of them.

    `similar`: the label from which on a pair is similar; None: the middle of their scale.
    """

    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    order: str = ""
    count: int = PAGE
    similar: float | None = None


class Results:
    """A scored file under what is chosen."""

    def __init__(self, scored: Scored) -> None:
        self.scored = scored
        self.numbers = {name: scored.numbers(name) for name in scored.job.scorers}
        self.labels, self.inference = scored.labels, np.stack([scored.numbers(name) for name in LABELS], axis=1)
        self.unread = np.nan_to_num([scored.numbers(name) for name in ("unknown_tokens", "cut_tokens")])

    @property
    def names(self) -> list[str]:
        """What a range can be of."""
        return [*self.numbers, *[LABEL] * bool(np.isfinite(self.labels).any()), *LABELS * self.scored.job.infers]

    @property
    def orders(self) -> list[str]:
        """Orders that there are, the usual one first."""
        return [*["label"] * (LABEL in self.names), *["readings"] * (len(self.numbers) > 1), "line"]

    @cached_property
    def losses(self) -> str:
        """How many rows were not read whole; "" where all were."""
        unknown, cut = np.count_nonzero(self.unread, axis=1).tolist()
        has, was = "has" if unknown == 1 else "have", "was" if cut == 1 else "were"
        told = [f"{counted(unknown, 'row')} {has} words the vocabulary lacks"] * (unknown > 0)
        told += [f"{counted(cut, 'row')} {was} cut off at the end"] * (cut > 0)
        return f"{', '.join(told)}: the scores are of the rest." if told else ""

    def measured(self, chosen: Chosen) -> Measured:
        """All that is drawn of it."""
        chances = {name: self.scored.numbers(f"{name}_probability") for name in self.numbers}
        return measure_file(self.numbers, chances, self.labels, self.inference, chosen.similar)

    def column(self, name: str) -> NDArray[np.float64]:
        """The numbers of a name. Raises: InputError, where there are none."""
        if name not in self.names:
            raise InputError(f"there is no {str(name)[:40]!r} here; there are {', '.join(self.names)}.")
        if name in LABELS:
            return self.inference[:, LABELS.index(name)]
        return self.labels if name == LABEL else self.numbers[name]

    def table(self, chosen: Chosen) -> Html:
        """The pairs that are chosen."""
        places = self._places(chosen)
        order = chosen.order or self.orders[0]
        within = ", ".join(f"{name} {number(low)} to {number(high)}" for name, (low, high) in chosen.ranges.items())
        shown = min(len(places), chosen.count)
        says = f"{counted(len(places), 'pair')}{f' with {within}' if within else ''}, by {ORDERS[order]}"
        says += f"; the first {shown:,}" if shown < len(places) else ""
        return pairs_table(self.listed(places[:shown]), self.heads, says if len(places) else f"No pair with {within}.")

    def listed(self, places: NDArray[np.intp]) -> list[Listed]:
        """Rows of the table."""
        found = []
        for place in places.tolist():
            row, (a, b) = self.scored.rows[place], self.scored.pairs[place]
            figures = [_shown(values[place]) for values in self.numbers.values()]
            figures += [row.written] * (LABEL in self.names)
            if self.scored.job.infers:
                shares = self.inference[place]
                figures.append("" if math.isnan(shares[0]) else _SAYS[int(shares.argmax())])
            counts = zip(self.unread[:, place].tolist(), ("unknown", "cut off"), strict=True)
            figures += [", ".join(f"{count:.0f} {what}" for count, what in counts if count)] * bool(self.losses)
            found.append(Listed(place, row.line, a, b, figures))
        return found

    @property
    def heads(self) -> list[str]:
        """Of the figures in the table."""
        found = [*self.numbers, *[LABEL] * (LABEL in self.names), *["if A, B"] * self.scored.job.infers]
        return [*found, *["tokens not read"] * bool(self.losses)]

    def has_more(self, chosen: Chosen) -> bool:
        """Whether there are pairs that are not listed yet, and may be."""
        return chosen.count < min(len(self._places(chosen)), MOST)

    def _places(self, chosen: Chosen) -> NDArray[np.intp]:
        """The rows that are chosen, in their order."""
        kept = ~np.isnan(next(iter(self.numbers.values())))
        for name, (low, high) in chosen.ranges.items():
            kept &= (self.column(name) >= low - 1e-9) & (self.column(name) <= high + 1e-9)
        order, places = chosen.order or self.orders[0], np.flatnonzero(kept)
        if order == "line":
            return places
        one, other = (*self.numbers, *self.numbers)[:2]
        against = self.labels if order == "label" else self.numbers[one]
        gap = np.nan_to_num(np.abs(percentiles(self.numbers[other]) - percentiles(against)), nan=-1.0)
        return places[np.argsort(-gap[places], kind="stable")]


def results_of(visit: Visit) -> Results:
    """What was scored of a visit's file. Raises: InputError, where nothing was."""
    if not isinstance(visit.result, Scored) or not visit.result.done:
        raise InputError("nothing is scored here; score a file first.")
    if visit.shown.get("of") is not visit.result.tables[-1]:
        visit.shown |= {"of": visit.result.tables[-1], "results": Results(visit.result)}
    found: Results = visit.shown["results"]
    return found


def chosen_of(visit: Visit, **changes: Any) -> Chosen:
    """What a visitor has chosen, with changes, which are kept."""
    visit.shown["chosen"] = chosen = replace(visit.shown.get("chosen", Chosen()), **changes)
    return chosen


def write_report(visit: Visit) -> Iterator[bytes]:
    """A report on what is scored of a visit's file, as a page. Raises: InputError, where nothing is."""
    results, taken = results_of(visit), visit.taken
    scored, chosen = results.scored, replace(chosen_of(visit), ranges={}, order="", count=WORST)
    job = scored.job
    facts = [
        f"{taken.words}; {counted(len(scored.rows), 'row')}, {scored.done:,} of them scored." if taken else "",
        f"Encoder {scored.encoder}, {job.settings.pooling} pooling, {job.settings.layers} layer; "
        f"scorers {', '.join(job.scorers)}{', inference' * job.infers}; {number(scored.seconds, 1)} s.",
        *[results.losses] * bool(results.losses),
    ]
    worst = results.listed(results._places(chosen)[:WORST])
    yield report(f"bertsim: {visit.name}", facts, results.measured(chosen), worst, results.heads).encode()


def read_brush(key: str) -> dict[str, tuple[float, float]]:
    """Ranges that were dragged. Raises: InputError, where they are none.

    Example: "brush cosine 0.2 0.4" -> {"cosine": (0.2, 0.4)}
    """
    kind, *words = key.split(" ")
    try:
        if kind != "brush" or len(words) % 3 or len(words) > 6:
            raise ValueError
        found = {words[i]: (float(words[i + 1]), float(words[i + 2])) for i in range(0, len(words), 3)}
        if not all(math.isfinite(each) for ends in found.values() for each in ends):
            raise ValueError
    except ValueError:
        raise InputError(f"{key[:40]!r} is no range of anything.") from None
    return found


_SAYS = ("✓ follows", "? is open", "✗ cannot be")


def _shown(value: float) -> str:
    return "" if math.isnan(value) else number(value)
