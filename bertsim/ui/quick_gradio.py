"""Gradio without the type stubs that it writes for components: two fifths of the time that importing it takes.

Whenever a component's class is made, gradio parses its source and writes a `.pyi` file beside it, for editors
(`gradio.component_meta.create_or_modify_pyi`). While gradio is being imported here, that function does nothing;
afterwards it is what it was. No other module is touched, in whatever thread. Should a later gradio go about it
otherwise, this does nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

_MODULE, _USERS, _NAME = "gradio.component_meta", ("gradio.blocks_events",), "create_or_modify_pyi"


class _StubsOff:
    """Finds the module that writes stubs, and has its function do nothing from the moment that it is loaded."""

    write: Any = None

    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        """As Python's own finder; of every other module nothing is known here."""
        spec = PathFinder.find_spec(name, path) if name == _MODULE else None
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                self.write = getattr(module, _NAME, None)
                setattr(module, _NAME, lambda *_: None)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def import_gradio() -> None:
    """Import gradio, which sends no statistics then."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    finder = _StubsOff()
    sys.meta_path.insert(0, finder)
    try:
        import gradio  # noqa: F401
    finally:
        sys.meta_path.remove(finder)
        for name in (_MODULE, *_USERS):
            if finder.write and hasattr(sys.modules.get(name), _NAME):
                setattr(sys.modules[name], _NAME, finder.write)
