"""Gradio's sessions, bounded: it keeps one of every call, with the whole page; here a call without leaves nothing.

Source: `gradio.state_holder`, whose attributes these are; the version is pinned.
"""

from __future__ import annotations

from collections import ChainMap, OrderedDict
from types import SimpleNamespace
from typing import Any, ClassVar
from weakref import WeakValueDictionary

import gradio as gr
from gradio.blocks import Block
from gradio.state_holder import SessionState, StateHolder

from bertsim.ui.kept import size_of

MOST_BYTES = 64_000_000
"""Of what is kept of all visitors: a page shows two sentences, which are as long as they like."""
LONGEST_NAME = 100
"""Characters of what a session is called: the browser says how."""


class Session(SessionState):
    """What Gradio keeps of a visitor: the values of states, and the components that events changed.

    Gradio's own has the configuration of every component too, for links to what a visitor sees; ours are made of it.
    """

    _alike: ClassVar[WeakValueDictionary[tuple[int, str], Block]] = WeakValueDictionary()

    def __init__(self, blocks: gr.Blocks) -> None:
        super().__init__(SimpleNamespace(default_config=blocks.default_config, blocks=()))
        config: Any = self.blocks_config  # a copy of the page's, of which a visitor changes little
        config.blocks, config.fns = ChainMap({}, blocks.default_config.blocks), blocks.default_config.fns
        self.bytes, self._sizes = 0, dict[int, int]()

    def __setitem__(self, key: int, value: Any) -> None:
        made_of: Any = value
        if isinstance(value, Block):  # a changed copy has an id of its own, under which Gradio would keep it for ever
            made_of = repr(value.constructor_args)
            value = self._alike.setdefault((key, made_of), value)
            value._id = key
        size = size_of(made_of)
        self.bytes += size - self._sizes.get(key, 0)
        self._sizes[key] = size
        super().__setitem__(key, value)
        self.config_values.clear()

    def _update_config(self, key: int) -> None:
        """Keep no second copy of what is shown."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Nor of its value."""


class Sessions(StateHolder):
    """The sessions of visitors who have one, the latest of them; a call that brings none has one while it runs."""

    def __init__(self, blocks: gr.Blocks) -> None:
        super().__init__()
        self.session_data: OrderedDict[str, Session] = OrderedDict()
        self.set_blocks(blocks)

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id in self.blocks._queue.event_ids_to_events:  # Gradio calls the session as the event then
            return Session(self.blocks)
        if session_id not in self.session_data:
            self.session_data[session_id] = Session(self.blocks)
        return super().__getitem__(session_id)

    def update(self, session_id: str) -> None:
        """A session is used: it is the latest, and those of longest ago make room."""
        super().update(session_id)
        while len(self.session_data) > 1 and sum(each.bytes for each in self.session_data.values()) > MOST_BYTES:
            longest_ago, _ = self.session_data.popitem(last=False)
            self.time_last_used.pop(longest_ago, None)
