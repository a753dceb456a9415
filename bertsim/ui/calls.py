"""What every callback shares: the queue it waits in, and how an error of ours reaches the visitor."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import gradio as gr

from bertsim.errors import BertsimError
from bertsim.views.markup import plain, text

P = ParamSpec("P")
R = TypeVar("R")

# Events that reach the model wait in one queue; two of them run at once.
MODEL_QUEUE = {"concurrency_id": "model", "concurrency_limit": 2}


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

        return answered

    return decorate


def _toast(message: str) -> str:
    """An error's sentence as a toast: escaped, with a capital unless it begins with the name of an option."""
    first = message.split(" ", 1)[0]
    return text(message[:1].upper() + message[1:] if first.isalpha() else message)


# The sentence of an error may quote what the visitor typed. Gradio renders toasts as HTML, so the page's callbacks
# escape it; a program that calls an endpoint gets the sentence as it is.
answers = _answering(_toast)
replies = _answering(plain)
