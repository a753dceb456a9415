"""The components of the page, laid out; what they do is `events`'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from bertsim.ui.controls import Choices
from bertsim.ui.examples import EXAMPLES
from bertsim.ui.lane import SlowLane
from bertsim.ui.modes import COMPARE, Mode
from bertsim.ui.pairs import SETTINGS
from bertsim.ui.shelf import Shelf
from bertsim.ui.tabs import TABS
from bertsim.ui.theme import ANSWERED_JS, FAULT_JS, FOLLOW_JS, VIEW_JS
from bertsim.ui.tour import TOUR, link_of
from bertsim.views.markup import Html, button, tag
from bertsim.views.page import choices, encoder_cards, keys_help, masthead
from bertsim.views.tour import tour

# A persistent element is the live region: what is written into it is read aloud, itself is never replaced.
_STATUS_JS = 'element.setAttribute("role", "status");'
LIVE_JS = f'{_STATUS_JS} element.setAttribute("aria-live", "polite");'


class Layout:
    """Every component of the page.

    Args:
        shelf: the models.
        allowed: what the encoder that it begins with allows.
        modes: the kinds of modes beside Compare.
        lane: where their answers that take long wait.

    Attributes:
        controls, pictures, faults: by their keys; of the tabs, by their names; of the boxes, by their letters.
        encoder, past, shown, wanted: the visitor's choice, previous pairs, what is shown (`events.Shown`), and the
            encoder that a link waits for.
        tab, turn: filled in by the browser with every request: the open tab, and when it was made.
        modes: those beside Compare; `mode` is the name of the open one, `came_from` that which `back` leads to.
        share, challenge: what "Share" opens, which the address follows; what to find, and how far the pair is.
    """

    def __init__(self, shelf: Shelf, allowed: Choices, modes: Sequence[type[Mode]], lane: SlowLane) -> None:
        self.shelf = shelf
        self.modes = [kind(self, lane) for kind in modes]
        self.controls: dict[str, Any] = {}
        self.pictures: dict[str, gr.HTML] = {}
        gr.HTML(masthead(), apply_default_css=False)
        self.line = picture("Encoder in use", "bs-encoder-line", js=_STATUS_JS)
        self.encoder, self.mode, self.came_from = gr.State(shelf.catalog.start.name), gr.State(COMPARE), gr.State("")
        with gr.Accordion("Encoder and settings", open=False, elem_id="bs-settings"):
            self._build_encoders()
            with gr.Row():
                self._build_controls(allowed, *SETTINGS, "scorer")
        with gr.Tabs(selected=COMPARE, elem_id="bs-modes") as self.mode_row:
            with gr.Tab("Compare", id=COMPARE, elem_id=f"bs-mode-{COMPARE}"):
                self._build_compare(allowed)
            for mode in self.modes:
                with gr.Tab(mode.label, id=mode.name, elem_id=f"bs-mode-{mode.name}"):
                    mode.build()
        gr.HTML(keys_help(), apply_default_css=False)
        self.share = gr.HTML("", elem_id="bs-shared", js_on_load=FOLLOW_JS, apply_default_css=False)
        self.past, self.shown, self.wanted = gr.State([]), gr.State(None), gr.State(None)
        self.tab, self.turn = gr.Textbox(visible=False), gr.Number(visible=False)

    def _build_compare(self, allowed: Choices) -> None:
        self._build_question()
        self._build_answer()
        with gr.Tabs(selected=TABS[0].name, elem_id="bs-tabs") as self.tab_row:
            for tab in TABS:
                with gr.Tab(tab.label, id=tab.name, elem_id=f"bs-tab-{tab.name}"):
                    with gr.Row(elem_classes="bs-controls"):
                        self._build_controls(allowed, *tab.controls)
                    self.pictures[tab.name] = picture(tab.label, f"bs-{tab.name}")
        share_button("Share this view")
        with gr.Accordion("Previous pairs of this visit", open=False, elem_id="bs-history"):
            self.history = picture("Previous pairs", "bs-past", tag("p.bs-empty", "None yet."))
        stops = [(stop, link_of(stop, allowed, self.shelf.catalog.start.name)) for stop in TOUR]
        gr.HTML(tour(stops), elem_id="bs-tour", apply_default_css=False)
        self.challenge = gr.HTML("", elem_id="bs-challenge", apply_default_css=False)

    def cards(self, current: str) -> Html:
        """The encoders that may be chosen."""
        return encoder_cards([(offer.name, offer.size, offer.good_for) for offer in self.shelf.catalog.offers], current)

    def _build_controls(self, allowed: Choices, *keys: str) -> None:
        self.controls |= {key: allowed.build(key) for key in keys if key not in self.controls}

    def _build_question(self) -> None:
        self.back = gr.Button("Back", visible=False, size="sm", elem_id="bs-back", scale=0)
        _, a, b = EXAMPLES[0]
        with gr.Row(elem_id="bs-pair"):
            self.a, fault_a = _sentence("A", a)
            self.swap = gr.Button("Swap", elem_id="bs-swap", min_width=44, scale=0)
            self.b, fault_b = _sentence("B", b)
        self.faults = {"a": fault_a, "b": fault_b}
        with gr.Row(elem_id="bs-actions"):
            self.run = gr.Button("Compare", variant="primary", elem_id="bs-run", elem_classes="bs-go", scale=0)
            self.examples = picture("Examples", "bs-examples", choices("Try", [name for name, _, _ in EXAMPLES]))
            share_button("Share")

    def _build_encoders(self) -> None:
        """The cards, and a box for any id of the Hub where the host allows that."""
        catalog, self.other = self.shelf.catalog, None
        self.offered = picture("Encoder", "bs-encoders", self.cards(catalog.start.name))
        if catalog.allows_any:
            says = {"label": "Any other BERT of the Hub", "placeholder": "user/name, then Enter"}
            self.other = gr.Textbox(max_lines=1, elem_id="bs-any-encoder", **says)

    def _build_answer(self) -> None:
        with gr.Column(elem_id="bs-result", elem_classes="bs-result"):
            waiting = tag("p.bs-empty", "The result appears here.")
            plain = {"apply_default_css": False}
            self.verdict = gr.HTML(waiting, elem_id="bs-verdict", js_on_load=LIVE_JS + ANSWERED_JS, **plain)
            self.ways = picture("Three ways of reading", "bs-ways")
            self.bars = picture("All measures", "bs-bars")


def picture(label: str, elem_id: str, value: str = "", js: str = "") -> gr.HTML:
    """A place for a view: plain escaped HTML, with the page's one script listening on it, after `js`."""
    return gr.HTML(value, label=label, elem_id=elem_id, js_on_load=js + VIEW_JS, apply_default_css=False)


def share_button(says: str) -> None:
    """A button that opens what "Share" has; one at the top, one where a view ends: the link goes to where it is."""
    gr.HTML(button(says, kind=".bs-quiet", data_share=True), elem_classes="bs-sharing", apply_default_css=False)


def _sentence(letter: str, example: str) -> tuple[gr.Textbox, gr.HTML]:
    """A box, and the place under it where what is wrong with the sentence stands."""
    says = {"label": f"Sentence {letter}", "placeholder": "Type or paste a sentence"}
    with gr.Column(min_width=240):
        box = gr.Textbox(example, max_lines=8, elem_id=f"bs-{letter.lower()}", elem_classes="bs-typed", **says)
        return box, fault_place(letter.lower())


def fault_place(name: str) -> gr.HTML:
    """Where what is wrong with the box `bs-name` stands, which the page's script ties to it."""
    named = {"elem_id": f"bs-faults-{name}", "elem_classes": "bs-faults"}
    return gr.HTML("", js_on_load=LIVE_JS + FAULT_JS, apply_default_css=False, **named)
