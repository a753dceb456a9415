"""A control of the page: its component, the values that a model allows, and its word in a link."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from bertsim.errors import InputError
from bertsim.ui.facts import Facts


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
        is_whole = isinstance(value, float) and value.is_integer()  # a slider's
        return str(int(value) if is_whole else value)


def _keys(key: str, written: str) -> list[str]:
    """Keys of tokens, "a3,b10" -> ["a3", "b10"]."""
    keys = [part for part in written.split(",") if part]
    if len(keys) > 1024 or not all(
        part[0] in "ab" and part[1:].isdecimal() and len(part) < 6 for part in keys
    ):
        raise InputError(f"{key} is {written[:40]!r}; tokens such as a3,b10 were expected")
    return keys
