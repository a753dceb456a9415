"""What the commands say, and a line that lives where someone is watching."""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import RLock
from typing import Any, Self

from bertsim.errors import BertsimError


class Stopped(KeyboardInterrupt):
    """Ctrl-C or SIGTERM.

    Attributes:
        terminated: it was SIGTERM.
        told: one sentence on what was kept, set by the command that was stopped.
    """

    def __init__(self, terminated: bool) -> None:
        super().__init__()
        self.terminated = terminated
        self.told = ""


_stops: list[Stopped] = []


def note_stop(stop: Stopped | None) -> None:
    """Remember that a signal came, or, with None, that none is waiting."""
    _stops[:] = [] if stop is None else [stop]


def raise_if_stopped() -> None:
    """Raise `Stopped` where a signal came and what it raised was lost.

    Python cannot raise through a callback of the garbage collector or of a library in C; there it only says so.
    """
    if _stops:
        raise _stops[0]


@contextmanager
def stop_told(sentence: str) -> Iterator[None]:
    """A signal stops the block and tells this of what was kept, whatever a library in C has made of its exception."""
    try:
        try:
            yield
        except Exception:
            raise_if_stopped()
            raise
    except Stopped as stop:
        stop.told = sentence
        raise


def say(sentence: str) -> None:
    """One line on stderr, above the live line if there is one."""
    if "tqdm" in sys.modules:
        from tqdm import tqdm

        tqdm.write(sentence, file=sys.stderr)
    else:
        print(sentence, file=sys.stderr, flush=True)


def print_json(value: object) -> None:
    """A result as indented JSON on stdout: numbers to six digits, the infinite and NaN as null."""
    print(json.dumps(_rounded(value), ensure_ascii=False, indent=2))


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return list(map(_rounded, value))
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value


def fields(settings: dict[str, object]) -> str:
    """Settings as one line. Example: {"engine": "litert", "layers": (-1,)} -> "engine=litert layers=-1"."""
    cells = {k: ",".join(map(str, v)) if isinstance(v, list | tuple) else v for k, v in settings.items()}
    return " ".join(f"{name}={cell}" for name, cell in cells.items())


@contextmanager
def native_log_held_back() -> Iterator[None]:
    """Hold back what libraries in C write to stderr past Python; it is shown only if the block crashes.

    LiteRT reports every delegate that it makes, and has no setting to be quiet; TensorFlow has one.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    as_text: dict[str, Any] = {"encoding": "utf-8", "errors": "backslashreplace"}
    with tempfile.TemporaryFile() as held, os.fdopen(os.dup(2), "w", **as_text) as own:
        python = sys.stderr
        with suppress(OSError):  # a test's stream has no number
            if python.fileno() == 2:
                sys.stderr = own
        os.dup2(held.fileno(), 2)
        try:
            yield
            raise_if_stopped()
        except (BertsimError, Stopped):
            raise
        except BaseException:
            raise_if_stopped()
            held.seek(0)
            own.write(held.read().decode(errors="backslashreplace"))
            raise
        finally:
            own.flush()
            os.dup2(own.fileno(), 2)
            sys.stderr = python


class LiveLine:
    """A bar on stderr while something runs; silent where stderr is no terminal. Several threads may tell it."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._lock = RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def stage(self, what: str) -> None:
        """Something else begins, which is said above the line."""
        self.close()
        say(f"bertsim: {what}")

    def show(self, done: float, total: float, name: str, text: str = "") -> None:
        """Show that so much of `name` is done, in whatever unit, in place of what was shown; Stopped after a signal.

        `text` is what else there is to say; "" = the time that is left.
        """
        raise_if_stopped()
        if not sys.stderr.isatty():
            return
        from tqdm import tqdm

        with self._lock:
            if self._bar is None or self._bar.desc != name:
                self.close()
                counts = " {n_fmt}/{total_fmt}" if total > 1 else ""
                form = "{desc} {percentage:3.0f} %|{bar}|" + counts + ("{postfix}" if text else " {remaining} left")
                options: dict[str, Any] = {"bar_format": form, "leave": False, "dynamic_ncols": True}
                self._bar = tqdm(desc=name, initial=done, total=total, file=sys.stderr, **options)
            self._bar.n = max(done, self._bar.n)
            self._bar.set_postfix_str(text)

    def share(self, what: str, share: float | None) -> None:
        """As `show`, as `bertsim.load` tells it; `share` from 0 to 1, None: not known, and nothing is shown."""
        if share is not None:
            self.show(share, 1.0, what)

    def part(self, name: str, start: int, size: int, total: int) -> Callable[[int, int], None]:
        """What is told of a part, how much of it is done and of how much, and shows it as `size` units of all."""
        return lambda done, of: self.show(start + size * done // max(of, 1), total, name)

    def close(self) -> None:
        """Take the line away."""
        with self._lock:
            if self._bar is not None:
                self._bar.close()
            self._bar = None
