"""Gradio without the type stubs that it writes for components: two fifths of the time that importing it takes.

Whenever a component's class is made, gradio parses its source and writes a `.pyi` file beside it, for editors
(`gradio.component_meta.create_or_modify_pyi`). While gradio is being imported here, that one module finds no source,
which it takes for a component made in no file; afterwards it is what it was, and no other module ever noticed, in
whatever thread. Should a later gradio go about it otherwise, this does nothing.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType, SimpleNamespace
from typing import Any


class _StubsOff:
    """Finds the module that writes stubs, and lets it find no source from the moment that it is loaded."""

    loaded: Any = SimpleNamespace()

    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        """As Python's own finder; of every other module nothing is known here."""
        spec = PathFinder.find_spec(name, path) if name == "gradio.component_meta" else None
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                self.loaded = module
                self.loaded.inspect = SimpleNamespace(**{**vars(inspect), "getfile": _no_source})

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _no_source(thing: Any) -> str:
    raise OSError


def import_gradio() -> None:
    """Import gradio, which sends no statistics then, and makes none: at every call, of the 10,000 calls before."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")
    os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(2**63))
    finder = _StubsOff()
    sys.meta_path.insert(0, finder)
    try:
        import gradio  # noqa: F401
    finally:
        sys.meta_path.remove(finder)
        finder.loaded.inspect = inspect
