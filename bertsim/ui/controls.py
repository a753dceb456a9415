"""A control of the page: its component, the values that a model allows, and its word in a link."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from bertsim.errors import InputError
from bertsim.ui.facts import Facts
from bertsim.ui.quick_gradio import without_stubs

with without_stubs():

    class WholeSlider(gr.Slider):
        """A slider of whole numbers; whatever is typed into its box counts as the nearest one that it allows."""

        is_template = True  # to the browser it is a slider

        def preprocess(self, payload: float | None) -> int:
            """The number in use; an emptied box falls back to the least, as the browser does when it is left."""
            number = self.minimum if payload is None else payload
            return int(min(max(round(number), self.minimum), self.maximum))


@dataclass(frozen=True)
class Control:
    """One choice that the page offers, a link restores and the chosen encoder bounds.

    Attributes:
        key: its name in a link.
        component: where it is chosen; a `gr.State` where it is chosen by pressing tokens.
        options: every value that a model allows, in order.
        default: the value that a new visitor finds.
    """

    key: str
    component: Any
    options: Callable[[Facts], Sequence[Any]]
    default: Callable[[Facts], Any]

    def update(self, facts: Facts, value: Any) -> Any:
        """What to send to the component: its options under a model, and its value."""
        if isinstance(self.component, gr.State):
            return value
        options = list(self.options(facts))
        if isinstance(self.component, gr.Slider):
            return gr.update(minimum=options[0], maximum=options[-1], value=value)
        if isinstance(self.component, gr.Checkbox):
            return gr.update(value=value)
        return gr.update(choices=options, value=value)

    def within(self, facts: Facts, value: Any) -> Any:
        """The value where a model allows it, else the default."""
        is_allowed = isinstance(self.component, gr.State) or value in self.options(facts)
        return value if is_allowed else self.default(facts)

    def read(self, written: str, facts: Facts) -> Any:
        """The value that a link means.

        Raises:
            InputError: the model does not allow it.
        """
        if isinstance(self.component, gr.State):
            return _keys(self.key, written)
        options = self.options(facts)
        for option in options:
            if str(option) == written:
                return option
        raise InputError(f"{self.key} is {written[:40]!r}, which {facts.name} does not offer")

    def write(self, value: Any) -> str:
        """A value as a link has it."""
        if isinstance(self.component, gr.State):
            return ",".join(value)
        return str(value)


def _keys(key: str, written: str) -> list[str]:
    """Keys of tokens, "a3,b10" -> ["a3", "b10"]."""
    keys = [part for part in written.split(",") if part]
    if len(keys) > 1024 or not all(
        part[0] in "ab" and part[1:].isdecimal() and len(part) < 6 for part in keys
    ):
        raise InputError(f"{key} is {written[:40]!r}; tokens such as a3,b10 were expected")
    return keys
