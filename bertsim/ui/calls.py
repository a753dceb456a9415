"""What every callback shares: the queue it waits in, whose turn it is, and how an error of ours reaches the visitor."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import ParamSpec, TypeVar

import gradio as gr

from bertsim.errors import BertsimError
from bertsim.views.markup import Html, plain

P = ParamSpec("P")
R = TypeVar("R")

# Events of the page that reach a model wait in one queue, programs in another; neither can fill the other's.
MODEL_QUEUE = {"concurrency_id": "model", "concurrency_limit": 2}
API_QUEUE = {"concurrency_id": "api", "concurrency_limit": 4}


class StaleError(Exception):
    """The visitor has asked for something else meanwhile: nobody waits for this answer."""


class Turns:
    """Which request of each visitor is the latest, of so many visitors; an older one's answer is never shown."""

    def __init__(self, room: int = 1000) -> None:
        self._latest: OrderedDict[tuple[str, bool], float] = OrderedDict()
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
            own = visitor, is_view
            self._latest[own] = max(turn, self._latest.get(own, turn))
            self._latest.move_to_end(own)
            if len(self._latest) > 2 * self._room:
                self._latest.popitem(last=False)

        def check() -> None:
            if any(self._latest.get((visitor, kind), turn) > turn for kind in {False, is_view}):
                raise StaleError

        check()
        return check


def sentence(message: str) -> str:
    """An error's sentence as the page shows it: with a capital, unless it begins with the name of an option."""
    first = message.split(" ", 1)[0]
    return message[:1].upper() + message[1:] if first.isalpha() else message


def _answering(shown: Callable[[str], str]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make the decorator that turns a `BertsimError` into a `gr.Error`; anything else stays a visible bug."""

    def decorate(call: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(call)
        def answered(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return call(*args, **kwargs)
            except BertsimError as error:
                message = shown(str(error))
                raise gr.Error(message, title="That did not work", print_exception=False) from error
            except StaleError:
                return gr.skip()

        return answered

    return decorate


# The sentence of an error may quote what the visitor typed. Gradio renders toasts as HTML, so the page's callbacks
# escape it; a program that calls an endpoint gets the sentence as it is.
answers = _answering(lambda message: str(Html.escape(sentence(message))))
replies = _answering(plain)
