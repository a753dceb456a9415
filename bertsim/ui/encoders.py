"""The choice of an encoder: the cards, the line that says how far one is, and the event that switches.

The model is the visitor's own choice, its name in a `gr.State`; models themselves are shared by all (`ui.shelf`).
While one is fetched and loaded, the page goes on with the current one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from bertsim.errors import BertsimError
from bertsim.ui.calls import StaleError, Turns, sentence
from bertsim.ui.catalog import BUNDLED_OFFER
from bertsim.ui.shelf import Shelf
from bertsim.ui.tabs import picture
from bertsim.views.encoders import encoder_cards, encoder_failed, encoder_in_use, encoder_on_its_way

TICK = 0.25
"""Seconds between two looks at a model on its way."""
# Switching waits in a queue of its own: a download never holds up a score.
SWITCH_QUEUE = {"concurrency_id": "encoder", "concurrency_limit": 40}
_STATUS_JS = 'element.setAttribute("role", "status");'


@dataclass(frozen=True)
class EncoderPanel:
    """The components of the choice.

    Attributes:
        name: the visitor's choice.
        line: what is in use, on its way, or cannot be had.
        cards: what is offered.
        other: where any id of the Hub can be typed; None where the host does not allow that.
    """

    name: gr.State
    line: gr.HTML
    cards: gr.HTML
    other: gr.Textbox | None


def build_line() -> gr.HTML:
    """The line under the sentences; it is read aloud when it changes."""
    return picture("Encoder in use", "bs-encoder-line", extra_js=_STATUS_JS)


def build_encoders(shelf: Shelf, line: gr.HTML) -> EncoderPanel:
    """Lay out the cards, and the box for any other encoder where the host allows it."""
    current = shelf.catalog.start.name
    cards = picture("Encoder", "bs-encoders", encoder_cards(shelf.catalog.offers, current))
    other = None
    if shelf.catalog.allows_any:
        other = gr.Textbox(
            label="Any other BERT of the Hub",
            placeholder="user/name, then Enter",
            max_lines=1,
            elem_id="bs-any-encoder",
        )
    return EncoderPanel(gr.State(current), line, cards, other)


def shown_line(shelf: Shelf, name: str) -> str:
    """The line of an encoder in use: nothing to say of the one that the app begins with, unless something is wrong."""
    if shelf.notice and name == shelf.ask(None).offer.name:
        return encoder_failed(sentence(shelf.notice), name)
    if name == BUNDLED_OFFER.name == shelf.catalog.start.name:
        return ""
    return encoder_in_use(name, name == BUNDLED_OFFER.name, BUNDLED_OFFER.name)


class Switch:
    """Changes a visitor's encoder.

    Args:
        shelf: every model.
        fit: name of an encoder that is there, query of a link -> what to send to every control of the page.
        count: how many controls there are.
    """

    def __init__(self, shelf: Shelf, fit: Callable[[str, Mapping[str, str]], list[Any]], count: int) -> None:
        self._shelf, self._fit, self._count = shelf, fit, count
        self._turns = Turns()

    def follow(
        self,
        visitor: str | None,
        wanted: str,
        current: str,
        turn: float | None,
        query: Mapping[str, str] | None = None,
    ) -> Iterator[list[Any]]:
        """Load an encoder and say how far it is; in the end switch to it, or say why not.

        Args:
            visitor: the session; a later choice of the same visitor ends this one.
            wanted: what was chosen.
            current: what goes on meanwhile.
            turn: of this choice.
            query: of a link, whose settings wait for this encoder.

        Yields:
            The name in use, the line, the cards, and an update for every control.
        """
        skip = [gr.skip()] * self._count
        try:
            check = self._turns.take(visitor, turn)
            loading = self._shelf.ask(wanted)
            told = None
            while not loading.wait(TICK):
                check()
                if told != (loading.what, loading.share):
                    told = loading.what, loading.share
                    yield [gr.skip(), encoder_on_its_way(wanted, *told, current), gr.skip(), *skip]
            loading.model()
            check()
            yield [
                wanted,
                shown_line(self._shelf, wanted),
                self._cards(wanted),
                *self._fit(wanted, query or {}),
            ]
        except BertsimError as error:
            yield [gr.skip(), encoder_failed(sentence(str(error)), current), gr.skip(), *skip]
        except StaleError:
            return

    def _cards(self, name: str) -> str:
        return encoder_cards(self._shelf.catalog.offers, name)
