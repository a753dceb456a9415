"""The slow lane: answers that take long are made one after another, and make way for those that do not.

A call of many sentences is told after every batch of them (`Progress`). What is soon done goes its way; what is not
waits there for its turn, pauses while others ask for something, and ends where nobody waits for it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from time import monotonic, sleep

from bertsim.engines.base import Progress
from bertsim.errors import BertsimError, InputError
from bertsim.ui.calls import has_left

MAX_CHARACTERS = 2_000_000
"""Characters in one call: what is taken apart into tokens without a pause, in about a second."""
SHORT, FEW = 20_000, 4
"""A call of more characters waits for its turn, and so does one that has had so many batches and has more."""
RECENT, PAUSE = 0.5, 0.1
"""Seconds for which a request counts as one to make way for, and at least how long that is done after every batch."""
LOOK = 0.5
"""Seconds between two looks at whether who waits there still wants an answer."""


class SlowLane:
    """Room for one slow answer at a time. Args: asked_at: when anything was asked for last, by `time.monotonic`."""

    def __init__(self, asked_at: Callable[[], float]) -> None:
        self._asked_at, self._room = asked_at, Lock()

    @contextmanager
    def enter(
        self, sentences: Iterable[object], *, stop: Callable[[], None] | None = None, is_slow: bool = False
    ) -> Iterator[Progress]:
        """What to tell after every batch while an answer of these is made; it stops an answer that nobody waits for.

        Args:
            sentences: all of them.
            stop: raises where the answer is no longer wanted; None: where whoever asked has gone away.
            is_slow: whether it is part of an answer that has taken long already, and waits for its turn at once.

        Raises:
            InputError: they are too long, all together.
        """
        stop = stop or _stop_if_gone
        characters = sum(len(each) for each in sentences if isinstance(each, str))
        if characters > MAX_CHARACTERS:
            most = f"{MAX_CHARACTERS:,} at most"
            raise InputError(f"there are {characters:,} characters, and one call takes {most}; split the list.")
        is_slow, batches = (is_slow or characters > SHORT) and self._wait(stop), 0
        moved, asked_at = monotonic(), self._asked_at()

        def pace(done: int, total: int) -> None:
            nonlocal is_slow, batches, moved
            stop()
            batches += 1
            is_slow = is_slow or (batches >= FEW and done < total and self._wait(stop))
            if is_slow and self._asked_at() > max(asked_at, monotonic() - RECENT):
                sleep(max(PAUSE, 2 * (monotonic() - moved)))
            moved = monotonic()

        try:
            yield pace
        finally:
            if is_slow:
                self._room.release()

    def _wait(self, stop: Callable[[], None]) -> bool:
        while not self._room.acquire(timeout=LOOK):
            stop()
        return True


def _stop_if_gone() -> None:
    """Raise BertsimError, as an endpoint may, where whoever asked has gone away."""
    if has_left():
        raise BertsimError("whoever asked for this has gone away; nothing more is computed.")
