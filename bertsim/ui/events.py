"""The events of the page, and what runs on each: what the page sends in, `{component: value}` for what changes out.

One event answers a comparison: verdict, measures and the picture of the open tab come back together; the other tabs
are drawn when they are opened. Every request carries the open tab and its turn, as the browser knows them: a request
that a later one has overtaken is given up, and its answer never shown. Holds no visitor's data.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from bertsim.errors import BertsimError, InputError
from bertsim.ui.calls import Turns, answers, pressed, pressed_key, sentence, warn_of_link
from bertsim.ui.catalog import BUNDLED_OFFER
from bertsim.ui.controls import KEYS, Choices
from bertsim.ui.examples import EXAMPLES
from bertsim.ui.judging import judge, recalled, remember
from bertsim.ui.layout import Layout
from bertsim.ui.modes import COMPARE, Sent, Update
from bertsim.ui.pairs import Pair, Pairs, Settings
from bertsim.ui.share import ORIGIN, pictured_and_told
from bertsim.ui.shelf import Loading
from bertsim.ui.switching import Switching
from bertsim.ui.tabs import TABS, Tab
from bertsim.views.markup import Html, sendable, tag
from bertsim.views.page import fault, previous
from bertsim.views.result import measures, verdict
from bertsim.views.ruler import ways
from bertsim.views.share import share_dialog
from bertsim.views.tour import challenge

FIRST_WAIT = 4.0
"""Seconds that a new page waits for the encoder that it wants, before it begins with the bundled one."""
BY_NAME = {tab.name: tab for tab in TABS}
_NO_KEYS: dict[str, list[str]] = {key: [] for key in KEYS}
_USUAL = urlencode(dict(zip("ab", EXAMPLES[0][1:], strict=True)))


@dataclass(frozen=True)
class Shown:
    """What the page shows: a pair, its settings, the tab that was open then, its turn, and whether it had rulers."""

    a: str
    b: str
    settings: Settings
    tab: str
    turn: float | None = None
    has_rulers: bool = True


class Events:
    """What each event of a page does; `built`: what the model that it was laid out for allows."""

    def __init__(self, page: Layout, built: Choices) -> None:
        self.page, self.built, self.shelf = page, built, page.shelf
        self.turns, self.links, self.pairs = Turns(), Turns(), Pairs()
        self.switching = Switching(page)
        self._drawn = itertools.count()

    @answers
    def compare_pair(self, request: gr.Request, **sent: Any) -> Update:
        """The button, Enter, a pause in typing, swap; what is wrong with a sentence stands at its box."""
        try:
            return self._answer(request, sent)
        except InputError:
            wrong = self._faults(sent)
            if not any(wrong.values()):
                raise
            return wrong

    def set_up(self, request: gr.Request, **sent: Any) -> Update:
        """A setting; nothing where it is as before, for Gradio tells of every list that is left."""
        shown, asked = sent["shown"], (sent["a"], sent["b"], Settings.of(sent))
        is_there = shown and asked == (shown.a, shown.b, shown.settings)
        if is_there and self.turns.is_latest(request.session_hash, shown.turn):
            return gr.skip()
        return self.compare_pair(request, **sent)

    @answers
    def run_example(self, request: gr.Request, event: gr.EventData, **sent: Any) -> Update:
        """An example."""
        _, a, b = pressed(event, EXAMPLES)
        return self._answer(request, {**sent, "a": a, "b": b}) | {self.page.a: a, self.page.b: b}

    @answers
    def bring_back(self, request: gr.Request, event: gr.EventData, **sent: Any) -> Update:
        """A previous pair."""
        a, b, *_ = pressed(event, sent["past"])
        boxes = {self.page.a: sendable(a), self.page.b: sendable(b)}
        return self._answer(request, {**sent, "a": a, "b": b}) | boxes

    @answers
    def compare_if_switched(self, request: gr.Request, **sent: Any) -> Update:
        """Another encoder: what is in the boxes, or what is shown where nothing can be made of that yet."""
        shown = sent["shown"]
        is_there = shown and shown.settings.encoder == sent["encoder"]
        if is_there and self.turns.is_latest(request.session_hash, shown.turn):
            return gr.skip()
        wanted, usual = sent.get("wanted") or {}, dict(zip("ab", EXAMPLES[0][1:], strict=True))
        query = wanted.get("query", {})
        is_link_s = all(sent[key] == query.get(key, example) for key, example in usual.items())
        if is_link_s and not sent["pins"] and wanted.get("name") == sent["encoder"]:
            _, values, _ = Choices.of(self.shelf.get(sent["encoder"])).read_link(query)
            sent["pins"] = values["pins"]  # the browser knows of those alone that were pinned here
        try:
            return self._answer(request, sent, keeps_mask=is_link_s)  # of one that waited; a choice empties it
        except InputError as error:
            if not shown:
                raise
            if sent["mask"] and is_link_s:
                warn_of_link(sentence(str(error)))
            return self._answer(request, {**sent, "a": shown.a, "b": shown.b})

    @answers
    def draw_open_tab(self, request: gr.Request, **sent: Any) -> Update:
        """After an answer: the open tab, if another was opened while the answer was on its way."""
        if sent["shown"] and sent["shown"].tab == sent["tab"]:
            return gr.skip()
        return self._redraw(request, sent)

    @answers
    def complete_tab(self, request: gr.Request, **sent: Any) -> Update:
        """After a tab was drawn: once more with what takes long to compute; nothing where that was there."""
        shown, tab = sent["shown"], BY_NAME.get(sent["tab"])
        if not shown or not tab or not tab.prepare:
            return gr.skip()
        check = self.turns.take(request.session_hash, sent["turn"], is_view=True)
        pair = self._pair(shown)
        if not tab.prepare(pair, **self._values(tab, pair, sent)):
            return gr.skip()
        check()
        return self._redraw(request, sent)

    @answers
    def place_pair(self, request: gr.Request, **sent: Any) -> Update:
        """After an answer: the rulers, which an encoder is to make first; nothing where they were there."""
        shown = sent["shown"]
        if not shown or shown.has_rulers:
            return gr.skip()
        check = self.turns.take(request.session_hash, shown.turn)
        judged = judge(self._pair(shown), self.shelf, waits=True)
        check()
        return {self.page.ways: ways(judged.ways, judged.verdict)}

    @answers
    def redraw_tab(self, request: gr.Request, **sent: Any) -> Update:
        """A control of the open tab."""
        return self._redraw(request, sent)

    @answers
    def open_tab(self, request: gr.Request, event: gr.EventData, **sent: Any) -> Update:
        """A tab that is being opened, which the browser does not show yet."""
        return self._redraw(request, {**sent, "tab": pressed(event, TABS, "index").name})

    @answers
    def press_picture(self, request: gr.Request, event: gr.EventData, **sent: Any) -> Update:
        """A button in the picture of the open tab."""
        shown, tab = sent["shown"], BY_NAME.get(sent["tab"])
        if not shown or not tab:
            return gr.skip()
        self.turns.overtake(request.session_hash)  # every press counts; what a view still computes would be without it
        pair = self._pair(shown)
        values = self._values(tab, pair, sent)
        allowed = Choices.of(pair.model)
        changed = tab.press(pair, pressed_key(event), **values)
        changed = {key: allowed.checked(key, value) for key, value in changed.items()}
        if tab.prepare:
            tab.prepare(pair, **values | changed)
        picture = tab.draw(pair, **values | changed)
        self.turns.overtake(request.session_hash)
        drawn = {self.page.pictures[tab.name]: self._counted(picture)}
        return drawn | {self.page.controls[key]: value for key, value in changed.items()}

    @answers
    def follow(self, request: gr.Request, **sent: Any) -> Update:
        """After whatever changed the page: the query that restores what it shows, and what "Share" has of that."""
        shown = sent["shown"]
        if not shown or sent["tab"] not in BY_NAME or sent["mode"] != COMPARE:
            return gr.skip()
        check = self.links.take(request.session_hash, sent["turn"])
        pair, query, problem = self._pair(shown), "", ""
        allowed, start = Choices.of(pair.model, pair.settings.encoder), self.shelf.catalog.start.name
        try:
            query = allowed.write_link(shown.a, shown.b, sent["tab"], sent, start)
        except InputError as error:
            problem = sentence(str(error))
        judged = judge(pair, self.shelf, waits=False).verdict
        mask, scorer = (allowed.within(key, sent[key]) for key in ("mask", "scorer"))
        picture, texts = pictured_and_told(pair, judged, mask, scorer)
        check()
        return {
            self.page.share: share_dialog(query, problem, picture, texts if query else {}, ORIGIN, query == _USUAL),
            self.page.challenge: challenge(pair.comparison["cosine"].value, judged),
        }

    @answers
    def open_page(self, request: gr.Request, **sent: Any) -> Update:
        """A new visitor, with a link or without."""
        page, query = self.page, dict(request.query_params)
        allowed, problem, waiting, (tab, values) = self._restore(query)
        _, *usual = EXAMPLES[0]
        boxes = [query.get("a", usual[0]), query.get("b", usual[1])]

        def answer() -> Update:
            asked = {"a": boxes[0], "b": boxes[1], "encoder": allowed.encoder, "tab": tab, **values}
            return self._answer(request, sent | asked, keeps_mask=True)

        try:
            update = answer()
        except InputError as error:
            problem = f"The link could not be followed: {error}"
            boxes, tab, values = usual, TABS[0].name, dict(allowed.defaults)
            update = answer()
        if problem:
            warn_of_link(problem)
        if boxes != usual:  # else what is typed meanwhile stays
            update |= {page.a: boxes[0], page.b: boxes[1]}
        if tab != TABS[0].name:
            update[page.tab_row] = gr.update(selected=tab)
        for mode in page.modes:
            update |= mode.open_link(query) if mode.name == query.get("mode") else {}
        if allowed != self.built or values != allowed.defaults:
            update |= {page.controls[key]: allowed.update(key, value) for key, value in values.items()}
        wanted = waiting and {"name": waiting.offer.name, "query": query, "turn": sent["turn"]}
        return update | self.switching.in_use(allowed.encoder) | {page.wanted: wanted}

    def _pair(self, shown: Shown) -> Pair:
        return self.pairs.compare(self.shelf.get(shown.settings.encoder), shown.settings, shown.a, shown.b)

    def _faults(self, sent: Sent) -> Update:
        """What is wrong with each of the two sentences, at its box; "" where nothing is."""
        model, found = self.shelf.get(sent["encoder"]), Update()
        for letter, place in self.page.faults.items():
            found[place] = ""
            try:
                model.check(sent[letter], f"sentence {letter.upper()}")
            except InputError as error:
                found[place] = fault(sentence(str(error)), id=f"bs-fault-{letter}", data_turn=sent["turn"])
        return found

    def _values(self, tab: Tab, pair: Pair, sent: Sent) -> dict[str, Any]:
        """The values of a tab's controls; one that the model does not allow is the default."""
        allowed = Choices.of(pair.model)
        return {key: allowed.within(key, sent[key]) for key in tab.controls}

    def _answer(self, request: gr.Request, sent: Sent, *, keeps_mask: bool = False) -> Update:
        """Verdict, measures, previous pairs, what is shown, and the picture of the open tab; the others are emptied.

        A new pair empties the mask; that of a link is drawn even where its tab is not open, so that one that leaves
        nothing is refused. To a visitor of whom nothing is kept, as when many came since, the encoder is told anew.
        """
        page = self.page
        check = self.turns.take(request.session_hash, sent["turn"])
        shown = Shown(sent["a"], sent["b"], Settings.of(sent), sent["tab"], sent["turn"])
        pair = self._pair(shown)
        check()
        judged = judge(pair, self.shelf, waits=False)
        values = sent if keeps_mask else sent | _NO_KEYS
        drawn = {shown.tab, *(tab.name for tab in TABS if values["mask"] and "mask" in tab.controls)}
        pictures: Update = dict.fromkeys(page.pictures.values(), "")
        for tab in TABS:
            if tab.name in drawn:
                pictures[page.pictures[tab.name]] = self._counted(tab.draw(pair, **self._values(tab, pair, values)))
        check()
        comparison = pair.comparison
        past = remember(sent["past"], shown.a, shown.b, comparison["cosine"].value, shown.turn, shown.settings)
        return {
            **dict.fromkeys(page.faults.values(), ""),
            page.verdict: verdict(comparison, judged.verdict, judged.words, sent["turn"]),
            page.ways: ways(judged.ways, judged.verdict),
            page.bars: measures(comparison, pair.origin),
            page.past: past,
            page.history: previous(recalled(past, shown.settings)),
            page.shown: replace(shown, has_rulers=all(way.ruler for way in judged.ways)),
            page.controls["mask"]: values["mask"],
            **pictures,
            **({} if sent["shown"] else self.switching.in_use(shown.settings.encoder)),
        }

    def _redraw(self, request: gr.Request, sent: Sent) -> Update:
        """The picture of the tab for the pair that is shown; nothing before there is one."""
        shown, tab = sent["shown"], BY_NAME.get(sent["tab"])
        if not shown or not tab:
            return gr.skip()
        check = self.turns.take(request.session_hash, sent["turn"], is_view=True)
        pair = self._pair(shown)
        check()
        picture = self._counted(tab.draw(pair, **self._values(tab, pair, sent)))
        check()
        return {self.page.pictures[tab.name]: picture}

    def _counted(self, picture: Html) -> Html:
        """A picture with its place among all that were drawn: they may come to the browser in another order."""
        return tag("div", picture, data_drawn=next(self._drawn))

    def _restore(self, query: Mapping[str, str]) -> tuple[Choices, str, Loading | None, tuple[str, dict[str, Any]]]:
        """What a new page begins with.

        Returns:
            What its encoder allows; what of the link cannot be followed; the encoder that it is to switch to when that
            is there, if it was not there in time; the open tab and the value of every control.
        """
        problem, waiting = "", None
        try:
            loading = self.shelf.ask(query.get("encoder"))
        except BertsimError as error:
            problem, loading = f"The link could not be followed: {error}", self.shelf.ask(None)
        if not loading.wait(FIRST_WAIT):
            waiting, loading = loading, self.shelf.ask(BUNDLED_OFFER.name)
            query = {key: value for key, value in query.items() if key == "tab"}
        elif loading.is_lost:
            if "encoder" in query and not problem:
                problem = f"The link could not be followed: {loading.future.exception()}"
            loading = self.shelf.ask(None)
        allowed = Choices.of(self.shelf.get(loading.offer.name), loading.offer.name)
        tab, values, unread = allowed.read_link(query if waiting or not problem else {})
        return allowed, problem or unread, waiting, (tab, values)
