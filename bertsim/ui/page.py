"""What the page answers: one comparison in, the contents of every component out. Holds no visitor's data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bertsim.ui.compare import ComparePanel
from bertsim.ui.settings import Settings
from bertsim.ui.tabs import Tab
from bertsim.views.page import previous
from bertsim.views.result import bars, provenance, verdict

if TYPE_CHECKING:
    from bertsim.pipeline import SimilarityModel

KEPT_PAIRS = 12
SETTINGS = 4  # values of `ComparePanel.settings`


class Page:
    """One page over one pipeline: its panel, its tabs, and what they show for a pair."""

    def __init__(self, pipeline: SimilarityModel, panel: ComparePanel, tabs: Sequence[Tab]) -> None:
        self.pipeline = pipeline
        self.panel = panel
        self.tabs = tabs

    def answer(
        self, sentence_a: str, sentence_b: str, past: list[Any], open_tab: str, values: Sequence[Any]
    ) -> list[Any]:
        """Verdict, measures, previous pairs, the pair shown, and one picture per tab ("" where it is not open)."""
        settings, controls = Settings(*values[:SETTINGS]), values[SETTINGS:]
        comparison = settings.compare(self.pipeline, sentence_a, sentence_b)
        entry = (sentence_a, sentence_b, comparison["cosine"].value)
        kept = [pair for pair in past if tuple(pair[:2]) != entry[:2]]
        kept = [*kept, entry][-KEPT_PAIRS:]
        engine = settings.engine(self.pipeline)
        pictures = [
            tab.html(self.pipeline, settings, comparison, ([],) if tab.press else self.own(tab, controls))
            if tab.name == open_tab
            else ""
            for tab in self.tabs
        ]
        emptied: list[Any] = [[] for tab in self.tabs if tab.press]
        shown = {"a": sentence_a, "b": sentence_b, "settings": list(values[:SETTINGS])}
        result = bars(comparison) + provenance(comparison, engine)
        return [verdict(comparison, engine), result, kept, previous(kept), shown, *emptied, *pictures]

    def own(self, tab: Tab, controls: Sequence[Any]) -> tuple[Any, ...]:
        """The values of a tab's own controls among those of all tabs."""
        start = 0
        for other in self.tabs:
            if other is tab:
                break
            start += len(other.controls)
        return tuple(controls[start : start + len(tab.controls)])

    def redraw(self, tab: Tab, shown: dict[str, Any] | None, values: Sequence[Any]) -> str:
        """The picture of a tab for the pair that is shown; "" before there is one."""
        if not shown:
            return ""
        settings = Settings(*shown["settings"])
        comparison = settings.compare(self.pipeline, shown["a"], shown["b"])
        return tab.html(self.pipeline, settings, comparison, tuple(values))
