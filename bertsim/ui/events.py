"""The events of the page, and what runs on each.

One event answers a comparison: verdict, measures and the picture of the open tab come back together; the other tabs
are drawn when they are opened. Every request carries the open tab and its turn, as the browser knows them: a request
that a later one has overtaken is given up, and its answer never shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from bertsim.errors import InputError
from bertsim.ui.calls import MODEL_QUEUE, Turns, answers
from bertsim.ui.compare import LINK_JS, SWAP_JS
from bertsim.ui.encoders import SWITCH_QUEUE, Switch, shown_line
from bertsim.ui.examples import EXAMPLES
from bertsim.ui.page import Page
from bertsim.ui.tab_attention import open_head
from bertsim.ui.tabs import Tab
from bertsim.views.encoders import encoder_cards
from bertsim.views.markup import sendable, text

# Run in the browser before a request is sent: the open tab and the turn, in place of the last two inputs.
NOW_JS = """(...all) => {
  const open = [...document.querySelectorAll('#bs-tabs [role="tabpanel"]')].find((panel) => panel.checkVisibility());
  return [...all.slice(0, -2), open?.id.replace("bs-tab-", "") ?? "", performance.now()];
}"""


class Wiring:
    """Connects one page.

    Args:
        page: what answers.
        tabs: the row of tabs.
        blocks: the app.
    """

    def __init__(self, page: Page, tabs: gr.Tabs, blocks: gr.Blocks) -> None:
        self.page, self.panel, self.tabs, self.blocks = page, page.panel, tabs, blocks
        self.turns = Turns()
        self.past, self.shown, self.wanted = gr.State([]), gr.State(None), gr.State(None)
        self.tab, self.turn = gr.Textbox(visible=False), gr.Number(visible=False)
        self.address = gr.Textbox(visible=False)
        self.boxes = [self.panel.sentence_a, self.panel.sentence_b]
        self.values = [self.panel.encoders.name, *(control.component for control in page.controls)]
        self.now = [self.tab, self.turn]
        pressed = [part for part in self.values[1:] if isinstance(part, gr.State)]
        self.pictures = [tab.picture for tab in page.tabs]
        self.results = [
            self.panel.verdict, self.panel.bars, self.past, self.panel.past, self.shown, *pressed, *self.pictures
        ]  # fmt: skip
        self.switch = Switch(page.shelf, page.fit, len(page.controls))
        self.quiet: dict[str, Any] = {"api_visibility": "private", "show_progress_on": self.panel.verdict}
        self.asks = self.quiet | MODEL_QUEUE | {"trigger_mode": "multiple", "js": NOW_JS}

    def compare(self) -> None:
        """Every way to ask: the button, Enter, swap, a setting, an example, a previous pair."""
        page, panel = self.page, self.panel

        def answer(request: gr.Request, a: str, b: str, seen: list[Any], *rest: Any) -> list[Any]:
            *values, tab, turn = rest
            return page.answer((a, b), seen, tab, values, self.turns.take(request.session_hash, turn))

        compare_pair = answers(answer)

        @answers
        def run_example(request: gr.Request, event: gr.EventData, *rest: Any) -> list[Any]:
            _, a, b = EXAMPLES[int(event.key)]
            return [a, b, *answer(request, a, b, *rest)]

        @answers
        def bring_back(request: gr.Request, event: gr.EventData, seen: list[Any], *rest: Any) -> list[Any]:
            a, b, _ = seen[int(event.key)]
            return [sendable(a), sendable(b), *answer(request, a, b, seen, *rest)]

        again = [self.past, *self.values, *self.now]
        asked = [*self.boxes, *again]
        by = [panel.run.click, *(box.submit for box in self.boxes)]
        by += [control.component.input for control in panel.settings]
        self.settled(gr.on(by, compare_pair, asked, self.results, **self.asks))
        swapped = panel.swap.click(None, self.boxes, self.boxes, js=SWAP_JS, show_progress="hidden")
        self.settled(swapped.then(compare_pair, asked, self.results, **self.asks))
        for pick, call in ((panel.examples.pick, run_example), (panel.past.pick, bring_back)):
            self.settled(pick(call, again, [*self.boxes, *self.results], **self.asks))

        @answers
        def compare_if_switched(
            request: gr.Request, shown: dict[str, Any] | None, a: str, b: str, *rest: Any
        ) -> Any:
            _, encoder, *_ = rest
            if shown and shown["settings"][0] == encoder:
                return gr.skip()
            try:
                return answer(request, a, b, *rest)
            except InputError:  # of what is in the boxes nothing can be made yet
                if not shown:
                    raise
                return answer(request, shown["a"], shown["b"], *rest)

        self.ask_if_switched = (compare_if_switched, [self.shown, *asked], self.results)

    def settled(self, asked: Any) -> None:
        """After an answer: draw the open tab, if another was opened while the answer was on its way."""

        @answers
        def draw_open_tab(request: gr.Request, shown: dict[str, Any] | None, *rest: Any) -> Any:
            *values, name, turn = rest
            if not shown or shown["tab"] == name:
                return gr.skip()
            return self.drawn(request, name, shown, values, turn)

        inputs = [self.shown, *self.values, *self.now]
        asked.success(draw_open_tab, inputs, self.pictures, **self.view_options)

    @property
    def view_options(self) -> dict[str, Any]:
        """Of every event that draws."""
        return self.quiet | {"trigger_mode": "multiple", "js": NOW_JS} | MODEL_QUEUE

    def drawn(
        self,
        request: gr.Request,
        name: str,
        shown: dict[str, Any] | None,
        values: list[Any],
        turn: float | None,
    ) -> list[Any]:
        """The picture of one tab, nothing new for the others."""
        check = self.turns.take(request.session_hash, turn, is_view=True)
        return [
            self.page.redraw(tab, shown, values, check) if tab.name == name else gr.skip()
            for tab in self.page.tabs
        ]

    def views(self) -> None:
        """Draw a tab when it is opened, when one of its controls changes, and when a token in it is pressed."""
        inputs = [self.shown, *self.values, *self.now]

        @answers
        def open_view(
            request: gr.Request, event: gr.SelectData, shown: dict[str, Any] | None, *rest: Any
        ) -> list[Any]:
            *values, _, turn = rest
            return self.drawn(request, self.page.tabs[event.index].name, shown, values, turn)

        options = self.view_options
        self.tabs.select(open_view, inputs, self.pictures, **options)
        for tab in self.page.tabs:
            if tab.press:
                one_by_one = options | {"concurrency_id": "press", "concurrency_limit": 1}
                tab.picture.pick(self.pressing(tab), inputs, [*tab.components, tab.picture], **one_by_one)
            elif tab.controls:
                changes = [component.input for component in tab.components]
                gr.on(changes, self.redrawing(tab), inputs, self.pictures, **options)
        attention = next(tab for tab in self.page.tabs if tab.name == "attention")
        opened = attention.picture.pick(
            open_head,
            None,
            attention.components[:2],
            api_visibility="private",
            show_progress="hidden",
            queue=False,
        )
        opened.then(self.redrawing(attention), inputs, self.pictures, **options)

    def redrawing(self, tab: Tab) -> Callable[..., list[Any]]:
        """The callback of a tab whose controls changed."""

        @answers
        def redraw_view(request: gr.Request, shown: dict[str, Any] | None, *rest: Any) -> list[Any]:
            *values, _, turn = rest
            return self.drawn(request, tab.name, shown, values, turn)

        return redraw_view

    def pressing(self, tab: Tab) -> Callable[..., list[Any]]:
        """The callback of a tab whose picture has buttons that change it."""
        place = self.values.index(tab.components[0])

        @answers
        def press_token(
            request: gr.Request, event: gr.EventData, shown: dict[str, Any] | None, *rest: Any
        ) -> list[Any]:
            *values, _, _ = rest
            keys = values[place]
            if not shown or not tab.press:
                return [keys, ""]
            keys = values[place] = self.page.press(tab, shown, keys, str(event.key))
            return [keys, self.page.redraw(tab, shown, values, lambda: None)]

        return press_token

    def links(self) -> None:
        """Copy a link, and open the page as a link wants it."""
        page, panel = self.page, self.panel
        inputs = [*self.boxes, self.shown, *self.values, *self.now]

        @answers
        def make_link(a: str, b: str, shown: dict[str, Any] | None, *rest: Any) -> str:
            *values, tab, _ = rest
            return page.link((a, b), shown, tab, values)

        made = panel.link.click(
            make_link,
            inputs,
            self.address,
            js=NOW_JS,
            api_visibility="private",
            show_progress="hidden",
            **MODEL_QUEUE,
        )
        made.success(None, self.address, None, js=LINK_JS).then(
            tell_copied, None, None, api_visibility="private"
        )

        @answers
        def open_page(request: gr.Request, seen: list[Any], _: str, turn: float | None) -> list[Any]:
            query = dict(request.query_params)
            facts, restored, waiting = page.restore(query)
            _, *usual = EXAMPLES[0]
            a, b = query.get("a", usual[0]), query.get("b", usual[1])
            values = [facts.name, *restored.values]
            check = self.turns.take(request.session_hash, turn)
            problem = restored.problem
            try:
                answered = page.answer((a, b), seen, restored.tab, values, check, keeps_pressed=True)
            except InputError as error:
                problem = f"The link could not be followed: {error}"
                (a, b), restored = usual, page.defaults(facts)
                answered = page.answer((a, b), seen, restored.tab, [facts.name, *restored.values], check)
            if problem:
                gr.Warning(text(problem), title="Not all of this link", duration=10)
            wanted = None if waiting is None else {"name": waiting.offer.name, "query": query, "turn": turn}
            cards = encoder_cards(page.shelf.catalog.offers, facts.name)
            is_usual = restored.tab == page.names[0]
            boxes = [gr.skip(), gr.skip()] if [a, b] == usual else [a, b]  # what is typed meanwhile stays
            return [
                *(*boxes, facts.name, shown_line(page.shelf, facts.name), cards, wanted),
                gr.skip() if is_usual else gr.update(selected=restored.tab),
                *page.updates(facts, restored.values),
                *answered,
            ]

        choice = self.panel.encoders
        outputs = [*self.boxes, choice.name, choice.line, choice.cards, self.wanted, self.tabs]
        outputs += [*(control.component for control in page.controls), *self.results]
        gr.on(
            [self.blocks.load],
            open_page,
            [self.past, *self.now],
            outputs,
            js=NOW_JS,
            **self.quiet,
            **MODEL_QUEUE,
        )

    def encoders(self) -> None:
        """Choose an encoder: from the cards, by its id, or back to the bundled one; or because a link wants it."""
        choice, offers = self.panel.encoders, self.page.shelf.catalog.offers
        outputs = [
            choice.name,
            choice.line,
            choice.cards,
            *(control.component for control in self.page.controls),
        ]
        options: dict[str, Any] = {
            "api_visibility": "private", "show_progress": "hidden", "trigger_mode": "multiple", **SWITCH_QUEUE
        }  # fmt: skip

        def choose_encoder(
            request: gr.Request, event: gr.EventData, current: str, _: str, turn: float
        ) -> Iterator[Any]:
            name = offers[int(event.key)].name
            yield from self.switch.follow(request.session_hash, name, current, turn)

        def type_encoder(request: gr.Request, typed: str, current: str, _: str, turn: float) -> Iterator[Any]:
            yield from self.switch.follow(request.session_hash, typed.strip(), current, turn)

        def follow_link(request: gr.Request, wanted: dict[str, Any] | None, current: str) -> Iterator[Any]:
            if wanted:
                name, turn, query = wanted["name"], wanted["turn"], wanted["query"]
                yield from self.switch.follow(request.session_hash, name, current, turn, query)

        inputs = [choice.name, *self.now]
        chosen = [
            choice.cards.pick(choose_encoder, inputs, outputs, js=NOW_JS, **options),
            choice.line.pick(choose_encoder, inputs, outputs, js=NOW_JS, **options),
            self.wanted.change(follow_link, [self.wanted, choice.name], outputs, **options),
        ]
        if choice.other is not None:
            typed = choice.other.submit(type_encoder, [choice.other, *inputs], outputs, js=NOW_JS, **options)
            chosen.append(typed)
        for event in chosen:
            self.settled(event.success(*self.ask_if_switched, **self.asks))


def tell_copied() -> None:
    """Say that the link is in the clipboard and in the address bar."""
    gr.Info("Link copied: whoever opens it sees this page; nothing is stored.", duration=4)


def wire(page: Page, tabs: gr.Tabs, blocks: gr.Blocks) -> None:
    """Connect the events of a page."""
    wiring = Wiring(page, tabs, blocks)
    wiring.compare()
    wiring.views()
    wiring.links()
    wiring.encoders()
