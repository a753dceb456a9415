"""Files that are never seen half: written beside their place, and moved there in one step."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")


def write_atomically(path: Path, write: Callable[[Path], _T]) -> _T:
    """Let `write` fill a hidden file, which takes the place of `path` unless it raises; gives what it returned."""
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        found = write(new)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
    return found
