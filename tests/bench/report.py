"""Figures -> the rows of `make bench`'s table -> Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench.machine import QUIET
from tests.bench.rounds import Duel

Pair = tuple[int, int]
_ROUNDS_BY = 1e-5  # how far two libraries' cosines of the same vectors may be apart


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: was measured.
        must: what it has to be; "" for a figure that stands beside.
        measured: the figure, with its unit.
        passed: whether it is what it must be; None where nothing is asked.
        decided: False where others had too much of the cores for the figure to tell.
    """

    what: str
    must: str
    measured: str
    passed: bool | None = None
    decided: bool = True

    @property
    def verdict(self) -> str:
        """The last column: "✓", "missed", "undecided", or "" where nothing is asked."""
        if self.passed is None:
            return ""
        if not self.decided:
            return "undecided"
        return "✓" if self.passed else "**missed**"


def speed_row(what: str, duel: Duel, sentences: int, at_least: float | None) -> Row:
    """How many times as fast ours embeds, and both speeds, each the median of the rounds."""
    speeds = [f"{sentences / median(times):,.0f}" for times in (duel.ours, duel.theirs)]
    return Row(
        what,
        "" if at_least is None else f"≥ {at_least:.1f}×",
        f"**{duel.ratio:.2f}×** ({_span(duel.ratios)}); {speeds[0]} against {speeds[1]}{_disturbed(duel)}",
        None if at_least is None else duel.ratio >= at_least,
        duel.others <= QUIET,
    )


def latency_row(what: str, duel: Duel) -> Row:
    """Milliseconds of one pair, ours and theirs."""
    ours, theirs = (1_000 * median(times) for times in (duel.ours, duel.theirs))
    shown = f"**{ours:.2f} ms** against {theirs:.2f} ms; {duel.ratio:.2f}× ({_span(duel.ratios)})"
    return Row(what, "", shown + _disturbed(duel))


def limit_row(what: str, value: float, limit: float, unit: str) -> Row:
    """A figure that has to stay within a limit."""
    shown = f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
    return Row(what, f"≤ {limit:g} {unit}", f"**{shown} {unit}**", value <= limit)


def same_pairs_row(what: str, ours: Mapping[Pair, float], theirs: Mapping[Pair, float]) -> Row:
    """Whether two lists of the best pairs are the same; either may end anywhere among those that score as its last."""
    last = max(min(ours.values()), min(theirs.values())) + _ROUNDS_BY
    missed = [
        pair
        for one, other in ((ours, theirs), (theirs, ours))
        for pair in one.keys() - other.keys()
        if one[pair] > last
    ]
    apart = max(abs(ours[pair] - theirs[pair]) for pair in ours.keys() & theirs.keys())
    shown = f"**{len(missed)}** in one alone; scores at most {apart:.0e} apart"
    return Row(what, "the same, but for ties at the last", shown, not missed and apart <= _ROUNDS_BY)


def table(rows: Iterable[Row]) -> str:
    """The rows in Markdown."""
    lines = ["| what | must | measured | |", "|---|---|---|---|"]
    lines += [f"| {row.what} | {row.must} | {row.measured} | {row.verdict} |" for row in rows]
    return "\n".join(lines)


def _span(values: Sequence[float]) -> str:
    """Lowest and highest of the rounds."""
    return f"{min(values):.2f}–{max(values):.2f}"


def _disturbed(duel: Duel) -> str:
    """A remark where others had too much of the cores for the figure to be trusted."""
    return f"; *disturbed: others had {duel.others:.0%} of the cores*" if duel.others > QUIET else ""
