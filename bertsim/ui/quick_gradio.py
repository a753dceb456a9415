"""Gradio without the type stubs that it writes for components: two fifths of the time that importing it takes.

Whenever a component's class is made, gradio parses its source and writes a `.pyi` file beside it, for editors; it
leaves that out for a class whose source file cannot be found (`gradio.component_meta.create_or_modify_pyi`). Here none
can be. Should a later gradio go about it otherwise, this does nothing.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_getfile = inspect.getfile


def _hide_components(thing: Any) -> str:
    """`inspect.getfile`, but for gradio's classes and ours."""
    if isinstance(thing, type) and thing.__module__.startswith(("gradio.", "bertsim.")):
        raise OSError
    return _getfile(thing)


@contextmanager
def without_stubs() -> Iterator[None]:
    """No stub is written for a component whose class is made in this block."""
    inspect.getfile = _hide_components  # type: ignore[assignment]
    try:
        yield
    finally:
        inspect.getfile = _getfile


def import_gradio() -> None:
    """Import gradio, which sends no statistics then."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    with without_stubs():
        import gradio  # noqa: F401
