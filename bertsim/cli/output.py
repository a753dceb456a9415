"""What the commands say, and a bar where someone is watching."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from types import TracebackType
from typing import Any, Self, TextIO

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


def say(sentence: str) -> None:
    """One line on stderr, above the bar if there is one."""
    if "tqdm" in sys.modules:
        from tqdm import tqdm

        tqdm.write(sentence, file=sys.stderr)
    else:
        print(sentence, file=sys.stderr, flush=True)


@contextmanager
def native_log_held_back() -> Iterator[None]:
    """Hold back what libraries in C write to stderr past Python; it is shown only if the block crashes.

    LiteRT reports every delegate that it makes, and has no setting to be quiet.
    """
    with (
        tempfile.TemporaryFile() as held,
        os.fdopen(os.dup(2), "w", encoding="utf-8", errors="backslashreplace") as own,
    ):
        python, is_real = sys.stderr, _is_stderr(sys.stderr)
        if is_real:
            sys.stderr = own
        os.dup2(held.fileno(), 2)
        try:
            yield
            raise_if_stopped()
        except (BertsimError, Stopped):
            raise
        except BaseException:
            held.seek(0)
            own.write(held.read().decode(errors="backslashreplace"))
            raise
        finally:
            own.flush()
            os.dup2(own.fileno(), 2)
            sys.stderr = python if is_real else sys.stderr


def _is_stderr(stream: TextIO) -> bool:
    try:
        return stream.fileno() == 2
    except OSError:  # a test's stream has none
        return False


def fields(settings: dict[str, object]) -> str:
    """Settings as one line.

    Example: {"engine": "litert", "layers": (-1,)} -> "engine=litert layers=-1"
    """
    return " ".join(f"{name}={_cell(value)}" for name, value in settings.items())


def _cell(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


class Bar:
    """A progress bar on stderr; silent where stderr is no terminal."""

    def __init__(self, total: int, unit: str, done: int = 0) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            total=total, initial=done, unit=f" {unit}", disable=not sys.stderr.isatty(), dynamic_ncols=True
        )

    def within(self, size: int) -> Callable[[int, int], None]:
        """A callback for the next `size` units: it is told how much of them is done, and of how much."""
        start = self._bar.n

        def show(done: int, total: int) -> None:
            raise_if_stopped()
            self._bar.update(start + size * done // max(total, 1) - self._bar.n)

        return show

    def reach(self, done: int) -> None:
        """Say that `done` units are finished."""
        self._bar.update(done - self._bar.n)

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()


class Stage:
    """What is being done, and a bar where its share is known; silent where stderr is no terminal.

    Files arrive in several threads, and each of them may tell how far it is.
    """

    def __init__(self) -> None:
        self._bar: Any = None
        self._what = ""
        self._lock = Lock()

    def show(self, what: str, share: float | None) -> None:
        """Take the place of what was shown before; `share` from 0 to 1, None: not known."""
        if share is None or not sys.stderr.isatty():
            return
        from tqdm import tqdm

        with self._lock:
            if self._bar is None or self._what != what:
                self._close()
                self._what = what
                form = "{desc} {percentage:3.0f} %|{bar}| {remaining} left"
                options: dict[str, Any] = {"bar_format": form, "leave": False, "dynamic_ncols": True}
                options |= {"mininterval": 0, "miniters": 0}  # told of every 10 MB, not more often
                self._bar = tqdm(total=1.0, desc=what, file=sys.stderr, **options)
            self._bar.update(max(share - self._bar.n, 0.0))

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class LiveLine:
    """A line on stderr that is drawn again and again while something long runs; stages are said above it."""

    def __init__(self) -> None:
        self._is_live = sys.stderr.isatty()
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def stage(self, what: str) -> None:
        """Something else begins."""
        self.close()
        say(f"bertsim: {what}")

    def show(self, done: int, total: int, name: str, text: str) -> None:
        """So much of `name` is done; nothing is drawn where stderr is no terminal. Raises Stopped after a signal."""
        raise_if_stopped()
        if not self._is_live:
            return
        from tqdm import tqdm

        if self._bar is None:
            form = "{desc} {bar} {n_fmt}/{total_fmt} {postfix}"
            self._bar = tqdm(total=total, desc=name, bar_format=form, leave=False, dynamic_ncols=True)
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Take the line away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
