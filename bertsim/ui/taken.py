"""What an event brings, against what its function takes: how many values, and of which kind each has to be.

In: what a browser or a program sends. Out: nothing, or the sentence that says what is wrong. Gradio would copy any file
that a value names, fetch it where that is an address, and end what it cannot read with a traceback.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import gradio as gr
from gradio.blocks import Block, BlockFunction

from bertsim.errors import InputError
from bertsim.views.markup import sendable

_KINDS: dict[type[Block], tuple[tuple[type, ...], str]] = {
    gr.Textbox: ((str,), "a text"),
    gr.HTML: ((str,), "a text"),
    gr.Checkbox: ((bool,), "true or false"),
    gr.Number: ((int, float), "a number"),
    gr.Slider: ((int, float), "a number"),
}
"""What the value of a component may be, beside null, and what a message calls that."""
LARGEST = 1e15
"""Of the numbers that a page sends: the largest is a time in milliseconds."""


def taken_of(
    fn: BlockFunction, data: Sequence[Any], event_data: Any, shown: Mapping[int, Block] = MappingProxyType({})
) -> list[Any]:
    """Refuse what no visitor of the page, and no program that was told of the endpoint, would send.

    Args:
        fn: whose event it is.
        data: a value for each of its inputs.
        event_data: what was pressed or chosen.
        shown: components as this visitor has them, where an event has changed them, by their numbers.

    Returns:
        The values as they are to be taken.

    Raises:
        InputError: there are too many or too few values, or one is of another kind.
    """
    if len(data) != len(fn.inputs):
        raise InputError(f"{fn.api_name} takes {len(fn.inputs)} values, and {len(data)} were given.")
    values = [
        value if _is_open(block, value) else _taken(shown.get(block._id, block), value)
        for block, value in zip(fn.inputs, data, strict=True)
    ]
    _check_plain(values)
    if event_data is not None and not isinstance(event_data, dict):
        raise InputError(f"event_data is a {type(event_data).__name__}; an object was expected.")
    if isinstance(event_data, dict):
        key, index = event_data.get("key", ""), event_data.get("index", 0)
        if not isinstance(key, str | int) or not isinstance(index, int) or isinstance(index, bool):
            raise InputError("event_data names nothing on the page; load the page anew.")
    return values


def _is_open(block: Block, value: Any) -> bool:
    """Whether nothing is chosen yet in a list that begins so."""
    return isinstance(block, gr.Dropdown) and value is None and block.value is None


def _taken(block: Block, value: Any) -> Any:
    """A value as a component takes it. Raises InputError for one that it cannot have."""
    if getattr(block, "stateful", False):
        return None  # what is sent in its place is not looked at
    if getattr(block, "is_lenient", False):
        return value  # it takes what it knows, else what it had
    if isinstance(block, gr.Dropdown | gr.Radio) and not getattr(block, "allow_custom_value", False):
        choices = [each for _, each in block.choices]
        chosen = value if getattr(block, "multiselect", False) and isinstance(value, list) else [value]
        if any(each not in choices for each in chosen):
            raise InputError(f"{block.label} is {_shown(value)}; one of {', '.join(map(str, choices))} was expected.")
        return value
    for kind, (types, expected) in _KINDS.items():
        if isinstance(block, kind):
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            is_odd = is_number and not (abs(value) <= LARGEST and math.isfinite(value))
            is_other = not isinstance(value, types) or (isinstance(value, bool) and bool not in types)
            if value is not None and (is_odd or is_other):
                label = getattr(block, "label", None) or block.elem_id or "a value"
                raise InputError(f"{label} is {_shown(value)}; {expected} was expected.")
            return sendable(value or "") if str in types else value
    return value


def _check_plain(value: Any) -> None:
    """Raise InputError where values hold what Gradio takes for a file, or for one to be fetched."""
    if isinstance(value, dict) and {"path", "url", "meta"} & value.keys():
        raise InputError(f"an argument is a file, {_shown(value)}; text, numbers and lists were expected.")
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_plain(each)


def _shown(value: Any) -> str:
    return f"{value!r:.60}"
