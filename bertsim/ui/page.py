"""What the page answers: one comparison in, the contents of every component out. Holds no visitor's data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gradio as gr

from bertsim.errors import BertsimError
from bertsim.model.similarity import SimilarityModel
from bertsim.records import Comparison
from bertsim.ui.catalog import BUNDLED_OFFER
from bertsim.ui.compare import ComparePanel
from bertsim.ui.controls import Control
from bertsim.ui.facts import Facts
from bertsim.ui.link import Restored, read_link, write_link
from bertsim.ui.settings import Settings
from bertsim.ui.shelf import Loading, Shelf
from bertsim.ui.tabs import Tab
from bertsim.views.page import previous
from bertsim.views.result import bars, provenance, verdict

KEPT_PAIRS = 12
FIRST_WAIT = 4.0
"""Seconds that a new page waits for the encoder that it wants, before it begins with the bundled one."""

Shown = dict[str, Any]


class Page:
    """One page over a shelf of models: its panel, its tabs, and what they show for a pair.

    Attributes:
        controls: the settings, then the controls of every tab; "values" below are the name of an encoder and a value
            for each of these.
    """

    def __init__(self, shelf: Shelf, facts: Facts, panel: ComparePanel, tabs: Sequence[Tab]) -> None:
        self.shelf, self.facts, self.panel, self.tabs = shelf, facts, panel, tabs
        self.controls: tuple[Control, ...] = (
            *panel.settings,
            *(each for tab in tabs for each in tab.controls),
        )

    def answer(
        self,
        sentences: tuple[str, str],
        past: list[Any],
        tab: str,
        values: Sequence[Any],
        check: Callable[[], None],
        *,
        keeps_pressed: bool = False,
    ) -> list[Any]:
        """Verdict, measures, previous pairs, the pair shown, pressed keys, and one picture per tab ("" but for `tab`).

        Args:
            sentences: A and B.
            past: previous pairs of the visit.
            tab: name of the open tab.
            values: of the page.
            check: raises where nobody waits any more.
            keeps_pressed: whether pressed keys stay, as a link wants it; a new pair empties them.
        """
        settings = self.settings(values)
        pipeline = self.shelf.get(settings.encoder)
        comparison = settings.compare(pipeline, *sentences)
        check()
        controls = list(values[1:]) if keeps_pressed else self._none_pressed(values[1:])
        pictures = [
            self.draw(each, pipeline, settings, comparison, controls)
            if each.name == tab or (each.press and any(self._own(each, controls)))
            else ""
            for each in self.tabs
        ]
        check()
        entry = (*sentences, comparison["cosine"].value)
        kept = [pair for pair in past if tuple(pair[:2]) != sentences]
        kept = [*kept, entry][-KEPT_PAIRS:]
        engine = settings.engine(pipeline)
        shown = {"a": sentences[0], "b": sentences[1], "settings": list(values[: self._settings]), "tab": tab}
        pressed = [
            value
            for control, value in zip(self.controls, controls, strict=True)
            if isinstance(control.component, gr.State)
        ]
        result = bars(comparison, engine) + provenance(comparison, engine)
        return [verdict(comparison, engine), result, kept, previous(kept), shown, *pressed, *pictures]

    @property
    def _settings(self) -> int:
        """How many values make a `Settings`."""
        return 1 + len(self.panel.settings)

    def settings(self, values: Sequence[Any]) -> Settings:
        """The settings among the values of the page."""
        return Settings(*values[: self._settings])

    def draw(
        self,
        tab: Tab,
        pipeline: SimilarityModel,
        settings: Settings,
        comparison: Comparison,
        controls: Sequence[Any],
    ) -> str:
        """The picture of a tab, given a value of every control; one that the model does not allow is the default."""
        facts = Facts.of(pipeline)
        allowed = [
            control.within(facts, value) for control, value in zip(self.controls, controls, strict=True)
        ]
        return tab.html(pipeline, settings, comparison, self._own(tab, allowed))

    def _own(self, tab: Tab, controls: Sequence[Any]) -> tuple[Any, ...]:
        """What a tab takes of the values of every control: its own, then the mask if it sees that."""
        by_key = {control.key: value for control, value in zip(self.controls, controls, strict=True)}
        wanted = [control.key for control in tab.controls] + ["mask"] * tab.sees_mask
        return tuple(by_key[key] for key in wanted)

    def _none_pressed(self, controls: Sequence[Any]) -> list[Any]:
        """The values of every control with no token pressed."""
        return [
            [] if isinstance(control.component, gr.State) else value
            for control, value in zip(self.controls, controls, strict=True)
        ]

    def redraw(self, tab: Tab, shown: Shown | None, values: Sequence[Any], check: Callable[[], None]) -> str:
        """The picture of a tab for the pair that is shown; "" before there is one."""
        if not shown:
            return ""
        settings = Settings(*shown["settings"])
        pipeline = self.shelf.get(settings.encoder)
        comparison = settings.compare(pipeline, shown["a"], shown["b"])
        check()
        picture = self.draw(tab, pipeline, settings, comparison, values[1:])
        check()
        return picture

    def press(self, tab: Tab, shown: Shown, keys: list[str], key: str) -> list[str]:
        """The pressed keys of a tab after one more press.

        Raises:
            InputError: nothing would be left of a sentence.
        """
        settings = Settings(*shown["settings"])
        comparison = settings.compare(self.shelf.get(settings.encoder), shown["a"], shown["b"])
        return tab.press(comparison, keys, key) if tab.press else keys

    def fit(self, name: str, query: Mapping[str, str]) -> list[Any]:
        """What to send to every control when an encoder that is there comes into use.

        Args:
            name: of the encoder.
            query: of a link that waited for it; what it does not name gets the encoder's defaults.
        """
        facts = Facts.of(self.shelf.get(name))
        values = read_link(query, self.controls, self.names, facts).values
        return [control.update(facts, value) for control, value in zip(self.controls, values, strict=True)]

    @property
    def names(self) -> list[str]:
        """Names of the tabs."""
        return [tab.name for tab in self.tabs]

    def updates(self, facts: Facts, values: Sequence[Any]) -> list[Any]:
        """An update for every control of a page just opened; none where it is what the page was built with."""
        return [
            gr.skip()
            if facts == self.facts and value == control.default(facts)
            else control.update(facts, value)
            for control, value in zip(self.controls, values, strict=True)
        ]

    def link(self, sentences: tuple[str, str], shown: Shown | None, tab: str, values: Sequence[Any]) -> str:
        """The query that restores a page; what is pressed belongs to the pair shown, and goes with no other.

        Raises:
            InputError: the sentences cannot be compared, or it would be too long.
        """
        pipeline = self.shelf.get(self.settings(values).encoder)
        for letter, sentence in zip("AB", sentences, strict=True):
            pipeline.check(sentence, f"sentence {letter}")
        is_shown = shown is not None and sentences == (shown["a"], shown["b"])
        controls = values[1:] if is_shown else self._none_pressed(values[1:])
        usual = self.shelf.catalog.start.name, self.tabs[0].name
        return write_link(sentences, tab, controls, self.controls, Facts.of(pipeline), usual)

    def defaults(self, facts: Facts) -> Restored:
        """What a page without a link begins with."""
        return Restored(self.names[0], tuple(control.default(facts) for control in self.controls))

    def restore(self, query: Mapping[str, str]) -> tuple[Facts, Restored, Loading | None]:
        """What a new page begins with.

        Returns:
            The encoder, everything else that its link asks for, and the encoder that it is to switch to when that
            is there, if it was not there in time.
        """
        problem, waiting = "", None
        loading = self.shelf.ask(None)
        if "encoder" in query:
            try:
                loading = self.shelf.ask(query["encoder"])
            except BertsimError as error:
                problem = f"The link could not be followed: {error}"
        if not loading.wait(FIRST_WAIT):
            waiting = loading
        if waiting or loading.is_lost:
            if loading.is_lost and "encoder" in query and not problem:
                problem = f"The link could not be followed: {loading.future.exception()}"
            loading = self.shelf.ask(BUNDLED_OFFER.name if waiting else None)
        facts = Facts.of(self.shelf.get(loading.offer.name))
        keys = {"tab"} if waiting else set() if problem else set(query)
        readable = {key: query[key] for key in keys & set(query)}
        restored = read_link(readable, self.controls, self.names, facts)
        return facts, Restored(restored.tab, restored.values, problem or restored.problem), waiting
