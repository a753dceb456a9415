"""Engines in processes of their own, asked in turns: ours, theirs, ours, theirs.

A ratio is taken of neighbours in time, so that whatever else the machine does bears on both.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any, Self

import numpy as np

from tests.bench.machine import Clock, wait_for_quiet
from tests.bench.protocol import THREADS

ROOT = Path(__file__).parents[2]


class EngineFailed(Exception):
    """An engine's process ended before it answered; the text ends with the end of its log."""


class Worker:
    """One engine in its process; see `protocol`. Use it as a context manager."""

    def __init__(self, python: Path, module: str, engine: str, folder: Path, texts: Path, log: Path) -> None:
        self.engine, self._log = engine, log
        environment = os.environ | {
            "OMP_NUM_THREADS": str(THREADS),
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "true",
        }
        self._process = subprocess.Popen(
            [str(python), "-m", f"tests.bench.{module}", engine, str(folder), str(texts)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log.open("w"),
            text=True,
        )
        self.setting: str = self._answer()["setting"]

    def ask(self, command: str, argument: object = "") -> dict[str, Any]:
        """Wait for a quiet moment, send a command, wait for its answer.

        Returns:
            the answer and, under "others", the share of the cores that others had meanwhile.
        """
        assert self._process.stdin is not None
        wait_for_quiet()
        start = Clock.now(self._process.pid)
        self._process.stdin.write(f"{command} {argument}\n")
        self._process.stdin.flush()
        answer = self._answer()
        return answer | {"others": Clock.now(self._process.pid).others_since(start)}

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            tail = self._log.read_text(errors="replace")[-1_000:]
            raise EngineFailed(f"{self.engine} ended with status {self._process.wait()}; {self._log} ends:\n{tail}")
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        if error is not None:
            self._process.kill()
        self._process.wait(timeout=60)


@dataclass(frozen=True)
class Duel:
    """Two engines at one command, round by round; [i] of both are neighbours in time.

    Attributes:
        ours: seconds of ours.
        theirs: seconds of theirs.
        others: median share of the two cores that other processes had during the turns; in [0, 1].
        answers: all that either answered in the last round.
    """

    ours: tuple[float, ...]
    theirs: tuple[float, ...]
    others: float
    answers: tuple[dict[str, Any], dict[str, Any]]

    @property
    def ratios(self) -> list[float]:
        """How many times as fast ours is, per round."""
        return [theirs / ours for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    @property
    def ratio(self) -> float:
        """Their median."""
        return median(self.ratios)


def duel_all(
    command: str, pairs: Sequence[tuple[Worker, Worker]], rounds: int, say: Callable[[str], None]
) -> list[Duel]:
    """Every (ours, theirs) once per round, `rounds` times; who starts alternates."""
    turns: list[tuple[list[dict[str, Any]], ...]] = [([], []) for _ in pairs]
    for number in range(rounds):
        say(f"{command}: round {number + 1} of {rounds}")
        for pair, kept in zip(pairs, turns, strict=True):
            for side in (0, 1) if number % 2 == 0 else (1, 0):
                kept[side].append(pair[side].ask(command))
    return [
        Duel(
            tuple(turn["seconds"] for turn in ours),
            tuple(turn["seconds"] for turn in theirs),
            median(turn["others"] for turn in ours + theirs),
            (ours[-1], theirs[-1]),
        )
        for ours, theirs in turns
    ]


def agreement(first: Worker, second: Worker, folder: Path) -> tuple[float, float]:
    """The mean and the smallest cosine between two engines' embeddings of one sentence, over all; in [-1, 1]."""
    sides = []
    for worker in (first, second):
        vectors = np.load(worker.ask("save", folder / f"{worker.engine}.npy")["saved"])
        sides.append(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    cosines = (sides[0] * sides[1]).sum(axis=1)
    return float(cosines.mean()), float(cosines.min())
