"""Imports gradio without the type stubs that it writes for its own components: two fifths of the time it takes.

On every import gradio parses the source of each of its components and writes a `.pyi` file beside it, for editors; it
leaves that out for a class whose source file cannot be found (`gradio.component_meta.create_or_modify_pyi`). Here none
can be, while gradio is imported. Should a later gradio go about it otherwise, this does nothing.
"""

from __future__ import annotations

import inspect
import os
from typing import Any

_getfile = inspect.getfile


def _hide_components(thing: Any) -> str:
    """`inspect.getfile`, but for gradio's classes."""
    if isinstance(thing, type) and thing.__module__.startswith("gradio."):
        raise OSError
    return _getfile(thing)


def import_gradio() -> None:
    """Import gradio, which sends no statistics then."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    inspect.getfile = _hide_components  # type: ignore[assignment]
    try:
        import gradio  # noqa: F401
    finally:
        inspect.getfile = _getfile
