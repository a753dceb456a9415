"""Files that are never seen half: written beside their place, and moved there in one step.

What a process that was killed has left beside a place, the next one that writes there deletes.
"""

from __future__ import annotations

import contextlib
import glob
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")
_ABANDONED = 3600.0
"""Seconds after which nobody is writing any more: the process may be one of another machine."""


def write_atomically(path: Path, write: Callable[[Path], _T]) -> _T:
    """Let `write` fill a hidden file, which takes the place of `path` unless it raises; gives what it returned."""
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.new"):
        owner = left.name.split(".")[-2]
        with contextlib.suppress(OSError):  # somebody else was faster
            is_old = time.time() - left.stat().st_mtime > _ABANDONED
            if is_old and owner.isdecimal() and not is_running(int(owner)):
                left.unlink()
    try:
        new.touch()
        mode = new.stat().st_mode & 0o777  # which the umask gives; safetensors puts a file of its owner's alone there
        found = write(new)
        new.chmod(mode)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
    return found


def is_running(process: int) -> bool:
    """Whether there is such a process, or nobody can say."""
    if os.name == "nt":  # there, `os.kill` ends it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
