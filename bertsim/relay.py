"""Engines and heads whose place others take while they serve, and the thread that prepares the others.

A checkpoint without a flatbuffer is served by TensorFlow until one is exported; then LiteRT takes over between two
calls. A call that has begun ends where it began.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Thread

from bertsim.engine import Engine, HeadRunner
from bertsim.errors import BertsimError
from bertsim.records import EncoderOutput, Float, Int

log = logging.getLogger(__name__)


class RelayEngine:
    """An engine that hands every call to the one that serves now; see `engine.Engine`.

    Attributes:
        now: that one; put another in its place at any time.
    """

    def __init__(self, engine: Engine) -> None:
        self.now = engine

    @property
    def name(self) -> str:
        """Of the engine that serves now."""
        return self.now.name

    @property
    def at_once(self) -> int:
        """See `engine.Engine`."""
        return self.now.at_once

    def embed(self, input_ids: Int, attention_mask: Int, token_type_ids: Int) -> Float:
        """See `engine.Engine`."""
        return self.now.embed(input_ids, attention_mask, token_type_ids)

    def encode(self, input_ids: Int, attention_mask: Int, token_type_ids: Int) -> EncoderOutput:
        """See `engine.Engine`."""
        return self.now.encode(input_ids, attention_mask, token_type_ids)


class RelayHead:
    """A head that hands every call to the runner that serves now; see `engine.HeadRunner`.

    Attributes:
        now: that one. Both runners compute the same features, so one may classify what the other summed up.
    """

    def __init__(self, runner: HeadRunner) -> None:
        self.now = runner

    def features(self, output: EncoderOutput, attention_mask: Int) -> Float:
        """See `engine.HeadRunner`."""
        return self.now.features(output, attention_mask)

    def classify(self, u: Float, v: Float | None = None) -> Float:
        """See `engine.HeadRunner`."""
        return self.now.classify(u, v)


class Preparation:
    """Slow work that is put off: done in order on one thread, then all that it made takes its place."""

    def __init__(self) -> None:
        self._jobs: list[Callable[[], Callable[[], None]]] = []

    def add(self, prepare: Callable[[], Callable[[], None]]) -> None:
        """Put off a job; what it returns puts its result in place."""
        self._jobs.append(prepare)

    def start(self, what: str) -> None:
        """Begin, where there is something to do. Where a job fails, all stays as it was; the log says why."""
        if self._jobs:
            Thread(target=self._run, args=(what,), name=f"bertsim prepares {what}", daemon=True).start()

    def _run(self, what: str) -> None:
        try:
            ready = [prepare() for prepare in self._jobs]
        except (BertsimError, OSError) as error:
            log.warning("%s stays with the TensorFlow engine: %s", what, error)
            return
        finally:
            self._jobs.clear()  # they hold the model that is replaced
        for take_place in ready:
            take_place()
        log.info("%s is served by LiteRT now.", what)
