"""Engines and heads whose place others take while they serve, and the thread that prepares the others.

A checkpoint without a flatbuffer is served by TensorFlow until one is exported; then LiteRT takes over between two
calls. A call that has begun ends where it began.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread
from typing import Any

from bertsim.engines.base import Engine, HeadRunner
from bertsim.errors import BertsimError
from bertsim.records import EncoderOutput, Float, Int

_ROOT = Path(__file__).resolve().parent.parent.parent
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
    """What is put off until flatbuffers are there: done on one thread, then all that it made takes its place.

    Exporting itself happens in a process of its own: TensorFlow's converter would hold every other thread for seconds.
    """

    def __init__(self) -> None:
        self._jobs: list[tuple[RelayEngine | RelayHead, Callable[[], Any]]] = []

    def add(self, relay: RelayEngine | RelayHead, prepare: Callable[[], Any]) -> None:
        """Put off a job; what it returns takes its place in the relay."""
        self._jobs.append((relay, prepare))

    def start(self, name: str, code: str, *arguments: str) -> None:
        """Begin, where there is something to do. Where that fails, all stays as it was; the log says why.

        Args:
            name: of the model, for the log.
            code: of a Python process that exports what the jobs will look for; arguments are its words.
        """
        if self._jobs:
            Thread(
                target=self._run, args=(name, code, arguments), name=f"bertsim prepares {name}", daemon=True
            ).start()

    def _run(self, name: str, code: str, arguments: Sequence[str]) -> None:
        try:
            path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
            environment = os.environ | {"PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}
            done = subprocess.run(
                [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment
            )
            if done.returncode != 0:
                said = done.stderr.strip().splitlines()
                log.warning(
                    "%s stays with the TensorFlow engine: %s", name, said[-1] if said else "no reason given"
                )
                return
            ready = [(relay, prepare()) for relay, prepare in self._jobs]
        except (BertsimError, OSError) as error:
            log.warning("%s stays with the TensorFlow engine: %s", name, error)
            return
        finally:
            self._jobs.clear()  # they hold the model that is replaced
        for relay, made in ready:
            relay.now = made
        log.info("%s is served by LiteRT now.", name)
