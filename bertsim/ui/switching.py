"""Another encoder for a page: chosen, typed or asked for by a link, loaded while the one before goes on.

In: a name. Out, one after another: how far it is; at the end the page's controls as it allows them, or why not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr

from bertsim.errors import BertsimError
from bertsim.ui.calls import Turns, answers, pressed, sentence, warn_of_link
from bertsim.ui.catalog import BUNDLED_OFFER
from bertsim.ui.controls import Choices
from bertsim.ui.layout import Layout
from bertsim.ui.modes import Update
from bertsim.views.markup import Html
from bertsim.views.page import encoder_failed, encoder_in_use, encoder_on_its_way

TICK = 0.25
"""Seconds between two looks at a model on its way."""


class Switching:
    """What a page's encoder is, and what its visitors may do about it."""

    def __init__(self, page: Layout) -> None:
        self.page, self.shelf, self.turns = page, page.shelf, Turns()

    @answers
    def choose_encoder(self, request: gr.Request, event: gr.EventData, **sent: Any) -> Iterator[Update]:
        """A card, or the way back to the bundled encoder."""
        yield from self._follow(request, pressed(event, self.shelf.catalog.offers).name, sent["encoder"], sent["turn"])

    @answers
    def type_encoder(self, request: gr.Request, typed: str, **sent: Any) -> Iterator[Update]:
        """An id of the Hub."""
        yield from self._follow(request, typed.strip(), sent["encoder"], sent["turn"])

    @answers
    def follow_link(self, request: gr.Request, wanted: dict[str, Any] | None, encoder: str) -> Iterator[Update]:
        """The encoder that a link waits for, and the link's settings with it."""
        if wanted:
            yield from self._follow(request, wanted["name"], encoder, wanted["turn"], wanted["query"])

    def in_use(self, name: str) -> Update:
        """The visitor's encoder, its card, and a line: "" for the one that the app begins with, if nothing is wrong."""
        line: Html | str = encoder_in_use(name, BUNDLED_OFFER.name)
        if self.shelf.notice and name == self.shelf.ask(None).offer.name:
            line = encoder_failed(sentence(self.shelf.notice), name)
        elif name == BUNDLED_OFFER.name == self.shelf.catalog.start.name:
            line = ""
        return {self.page.encoder: name, self.page.line: line, self.page.offered: self.page.cards(name)}

    def _follow(
        self, request: gr.Request, wanted: str, current: str, turn: float | None, query: Mapping[str, str] | None = None
    ) -> Iterator[Update]:
        """Load the wanted encoder and say how far it is; in the end switch to it, or say why the current one goes on.

        A later choice of the visitor ends this one. A link's query waited for this encoder; what it does not name gets
        the encoder's defaults.

        Raises:
            StaleError: it is ended.
        """
        page = self.page
        try:
            check = self.turns.take(request.session_hash, turn)
            loading = self.shelf.ask(wanted)
            told = None
            while not loading.wait(TICK):
                check()
                if told != (loading.what, loading.share):
                    told = loading.what, loading.share
                    yield {page.line: encoder_on_its_way(wanted, *told, current)}
            check()
            allowed = Choices.of(loading.model(), wanted)
            _, values, problem = allowed.read_link(query or {})
            if problem:
                warn_of_link(problem)
            controls = {page.controls[key]: allowed.update(key, value) for key, value in values.items()}
            yield self.in_use(wanted) | controls
        except BertsimError as error:
            yield {page.line: encoder_failed(sentence(str(error)), current)}
