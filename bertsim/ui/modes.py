"""What the modes of the page beside Compare share: where they stand, their link, and the way to Compare and back.

A mode is a tab of the page with components of its own. Encoder, settings and address are the page's; what was computed
stays when the mode is left. Holds no visitor's data.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

import gradio as gr

from bertsim.errors import InputError
from bertsim.ui.calls import StaleError, Turns, answers, pressed, sentence
from bertsim.ui.controls import LONGEST, Choices
from bertsim.ui.lane import SlowLane
from bertsim.ui.pairs import SETTINGS
from bertsim.ui.share import ORIGIN
from bertsim.views.markup import Html, sendable
from bertsim.views.share import share_dialog

if TYPE_CHECKING:
    from bertsim.ui.layout import Layout

COMPARE = "compare"
"""The mode of one pair, which the page begins with."""
Sent = dict[str, Any]
"""What the page sends with a request, by name."""
Update = dict[Any, Any]
"""A value for each component that changes."""


class Mode(ABC):
    """A mode of the page.

    Attributes:
        name, label: in links, and on its tab.
        page: the page that it is part of, with encoder and settings.
        entered: a state that changes whenever what it shows may be of something else: it is opened, by its tab, by a
            link or on the way back, or encoder or settings are others while it is open.
        lane: where answers that take long wait for their turn.
        turns: which request of each visitor is the latest.
    """

    name: ClassVar[str]
    label: ClassVar[str]

    def __init__(self, page: Layout, lane: SlowLane) -> None:
        self.page, self.lane = page, lane
        self.turns = Turns()
        self.entered = gr.State(0.0)

    @property
    def shared(self) -> dict[str, Any]:
        """What every request of a mode sends beside its own: the open mode, the encoder and the settings, by key.

        "scorer" is that which reads two sentences together, `controls.NO_HEAD` where the encoder has none.
        """
        own = {key: self.page.controls[key] for key in (*SETTINGS, "scorer")}
        return {"mode": self.page.mode, "encoder": self.page.encoder} | own

    @property
    @abstractmethod
    def asks(self) -> dict[str, Any]:
        """Its own components that a link is made of, by their names there."""

    @abstractmethod
    def build(self) -> None:
        """Lay its components out, in its tab."""

    def enter(self) -> Update:
        """It is open, and is to look whether it shows what it should."""
        return {self.page.mode: self.name, self.entered: monotonic()}

    @abstractmethod
    def wire(self, blocks: gr.Blocks) -> list[Any]:
        """Connect them with what their events do.

        Returns:
            Events after which the pair in the boxes of Compare is to be compared, see `open_pair`.
        """

    @abstractmethod
    def write_link(self, sent: Sent) -> Mapping[str, str]:
        """What of a request stands in a link: everything that differs from what a new visitor finds.

        Raises: InputError, where a link cannot hold it.
        """

    @abstractmethod
    def read_link(self, query: Mapping[str, str]) -> Update:
        """What a link asks for, a value for each of `asks`; raises InputError for what cannot be."""

    def until_fault(self, request: gr.Request, sent: Sent, steps: Iterator[Update], ended: Update) -> Iterator[Update]:
        """The steps of an answer; where a fault ends them, and no later one is on its way, `ended` comes before it."""
        try:
            yield from steps
        except StaleError:
            raise
        except Exception:
            if self.turns.is_latest(request.session_hash, sent["turn"]):
                yield ended
            raise

    def open_pair(self, a: str, b: str) -> Update:
        """Put a pair into the boxes of Compare, which opens, with a way back to this mode."""
        page = self.page
        back = gr.update(value=f"Back to {self.label}", visible=True)
        return {page.a: sendable(a), page.b: sendable(b), page.mode: COMPARE, page.came_from: self.name} | {
            page.mode_row: gr.update(selected=COMPARE),
            page.back: back,
        }

    @property
    def opened(self) -> set[Any]:
        """The components that `open_pair` changes."""
        return set(self.open_pair("", ""))

    @answers
    def follow(self, mode: str, **sent: Any) -> Update:
        """After an answer, and when it is opened: the address, and what "Share" has."""
        if mode != self.name:
            return gr.skip()
        problem = ""
        try:
            query = self._query(sent)
        except InputError as error:
            query, problem = f"mode={self.name}", sentence(str(error))
        return {self.page.share: share_dialog(query, problem, Html(), {}, ORIGIN)}

    def _query(self, sent: Sent) -> str:
        """The query of a link to all of this."""
        allowed = Choices.of(self.page.shelf.get(sent["encoder"]), sent["encoder"])
        own = allowed.settings_query(sent, self.page.shelf.catalog.start.name)
        query = urlencode({"mode": self.name, **self.write_link(sent), **own})
        if len(query) > LONGEST:
            raise InputError(
                f"A link to all of this would have {len(query):,} characters, and {LONGEST:,} are the most that can be "
                "opened; give fewer or shorter lines."
            )
        return query

    def open_link(self, query: Mapping[str, str]) -> Update:
        """A new visitor with a link to this mode: it is opened, as the link says."""
        asked: Update = {}
        try:
            asked = self.read_link(query)
        except InputError as error:
            gr.Warning(str(Html.escape(f"The link could not be followed: {error}")), title="Not all of this link")
        return asked | self.enter() | {self.page.mode_row: gr.update(selected=self.name)}


class Moves:
    """Events that open another mode of a page, or change what the open one stands on."""

    def __init__(self, page: Layout) -> None:
        self.page = page

    @property
    def entries(self) -> set[Any]:
        """The components that tell which mode is open, and tell that mode."""
        return {self.page.mode, *(mode.entered for mode in self.page.modes)}

    @answers
    def choose(self, event: gr.EventData) -> Update:
        """A tab of a mode."""
        return self._enter(pressed(event, [COMPARE, *(mode.name for mode in self.page.modes)], "index"))

    def go_back(self, came_from: str) -> Update:
        """From a pair to the mode that it was opened from."""
        page, hidden = self.page, gr.update(visible=False)
        return self._enter(came_from) | {page.mode_row: gr.update(selected=came_from), page.back: hidden}

    def renew(self, mode: str) -> Update:
        """Encoder or settings are others, and their controls are there; Compare has events of its own for that."""
        return gr.skip() if mode == COMPARE else self._enter(mode)

    def _enter(self, name: str) -> Update:
        found = next((mode.enter() for mode in self.page.modes if mode.name == name), None)
        return {self.page.mode: name} if found is None else found
