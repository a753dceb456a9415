"""What every callback shares: the queue it waits in, whose turn it is, and how an error of ours reaches the visitor."""

from __future__ import annotations

import functools
import inspect
import math
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, ParamSpec, TypeVar

import gradio as gr
from gradio.context import LocalContext

from bertsim.errors import BertsimError, InputError
from bertsim.views.markup import Html, plain

P = ParamSpec("P")
R = TypeVar("R")

# Events of the page that reach a model wait in one queue, programs in another; neither can fill the other's.
MODEL_QUEUE = {"concurrency_id": "model", "concurrency_limit": 2}
# Scores are answered together, so that many may be under way.
API_QUEUE = {"concurrency_id": "api", "concurrency_limit": 4}
MANY_QUEUE = {"concurrency_id": "many", "concurrency_limit": 12}  # of these one at a time takes long, see `lane`
STOP_QUEUE = {"concurrency_id": "stop", "concurrency_limit": 12}  # what ends those need not wait for them
SCORE_QUEUE = {"concurrency_id": "score", "concurrency_limit": 32}


class StaleError(Exception):
    """The visitor has asked for something else meanwhile, or left: nobody waits for this answer."""


class Turns:
    """Which request of each visitor is the latest, of so many visitors; an older one's answer is never shown."""

    def __init__(self, room: int = 1000) -> None:
        self._latest: OrderedDict[str, dict[bool, float]] = OrderedDict()  # question and view, by visitor
        self._room, self._lock = room, Lock()

    def take(self, visitor: str | None, turn: float | None, *, is_view: bool = False) -> Callable[[], None]:
        """Note that a request has begun.

        Args:
            visitor: the session; None is never stale.
            turn: as the browser counted it.
            is_view: whether it only draws what is there: a later question overtakes it, but not the other way round.

        Returns:
            A check to call between steps; raises StaleError once a later request of this visitor has begun.
        """
        if visitor is None or turn is None:
            return lambda: None
        with self._lock:
            latest = self._latest.setdefault(visitor, {False: 0.0, True: 0.0})
            latest[is_view] = max(turn, latest[is_view])
            self._latest.move_to_end(visitor)
            if len(self._latest) > self._room:
                self._latest.popitem(last=False)

        def check() -> None:
            stop_if_left()
            if turn < max(latest[False], latest[is_view]):
                raise StaleError

        check()
        return check

    def is_latest(self, visitor: str | None, turn: float | None) -> bool:
        """Whether a visitor has asked nothing after the question of that turn."""
        return turn is not None and self._latest.get(visitor or "", {}).get(False) == turn

    def overtake(self, visitor: str | None) -> None:
        """Make every view stale that is being drawn for a visitor: what it is drawn from is no longer so."""
        with self._lock:
            if latest := self._latest.get(visitor or ""):
                latest[True] = math.nextafter(max(latest.values()), math.inf)


def has_left() -> bool:
    """Whether whoever asked for what runs in this thread has hung up, as far as Gradio's queue knows."""
    blocks, event_id = LocalContext.blocks.get(None), LocalContext.event_id.get(None)
    if not blocks or not event_id:
        return False
    event = blocks._queue.event_ids_to_events.get(event_id)
    return event is None or not event.alive  # of an event that was cancelled it knows nothing at all


def stop_if_left() -> None:
    """Raise StaleError where `has_left`; for a long job of the page to call often."""
    if has_left():
        raise StaleError


def pressed_key(event: gr.EventData) -> str:
    """The key of what was pressed; "" where whoever sent it named none."""
    return str((event._data or {}).get("key", ""))


def pressed(event: gr.EventData, among: Sequence[R], by: str = "key") -> R:
    """What was pressed, or chosen, of what stands in a row; `by`: what of the event has its place there, from 0.

    Raises: InputError, where there is no such: what is shown is older than what there is.
    """
    place = str((event._data or {}).get(by))
    if place.isascii() and place.isdecimal() and len(place) < 9 and int(place) < len(among):
        return among[int(place)]
    raise InputError("what was pressed is not there any more; load the page anew.")


def sentence(message: str) -> str:
    """An error's sentence as the page shows it: with a capital, unless it begins with the name of an option."""
    first = message.split(" ", 1)[0]
    return message[:1].upper() + message[1:] if first.isalpha() else message


def _toast(message: str) -> str:
    """An error's sentence may quote what the visitor typed, and Gradio renders toasts as HTML."""
    return str(Html.escape(sentence(message)))


def warn_of_link(problem: str) -> None:
    """Tell the visitor what of a link cannot be followed."""
    gr.Warning(str(Html.escape(problem)), title="Not all of this link", duration=10)


@contextmanager
def _told(shown: Callable[[str], str]) -> Iterator[None]:
    try:
        yield
    except BertsimError as error:
        raise gr.Error(shown(str(error)), title="That did not work", print_exception=False) from error


def answers(call: Callable[P, R], shown: Callable[[str], str] = _toast) -> Callable[P, R]:
    """Turn a `BertsimError` of a callback, generator or coroutine into a `gr.Error`; all else stays a visible bug."""

    @functools.wraps(call)
    def answered(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with _told(shown):
                return call(*args, **kwargs)
        except StaleError:
            return gr.skip()

    @functools.wraps(call)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        with _told(shown):
            return await call(*args, **kwargs)  # type: ignore[misc]

    @functools.wraps(call)
    def told(*args: Any, **kwargs: Any) -> Iterator[Any]:
        try:
            with _told(shown):
                yield from call(*args, **kwargs)  # type: ignore[misc]
        except StaleError:
            yield gr.skip()  # at its end Gradio sends the last answer once more, over what came since

    if inspect.isgeneratorfunction(call):
        return told  # type: ignore[return-value]
    return awaited if inspect.iscoroutinefunction(call) else answered  # type: ignore[return-value]


replies = functools.partial(answers, shown=plain)
"""The same for an endpoint: a program gets the sentence as it is."""
