"""A way in, tried with inputs that hypothesis makes, for so long or so many; what went wrong, each kind once."""

from __future__ import annotations

import signal
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from bertsim.errors import BertsimError

PATIENCE = 20
"""Seconds after which an input is a hang."""
AT_ONCE = 250
"""Inputs of one run of hypothesis."""
REFUSED, ANSWERED = "refused", "answered"
Attempt = Callable[[Any], str]
Made = tuple[SearchStrategy[Any], Attempt]


class Fault(Exception):
    """An input was taken in a way in which none may be."""


@dataclass
class Tried:
    """What became of a route's inputs: how many were refused and answered; of each kind of fault its first input."""

    route: str
    counts: Counter[str] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)
    faulty: int = 0

    @property
    def inputs(self) -> int:
        """How many there were."""
        return self.counts.total() + self.faulty


ROUTES: dict[str, Callable[[Path], AbstractContextManager[Made]]] = {}


def route(make: Callable[[Path], Iterator[Made]]) -> Callable[[Path], Iterator[Made]]:
    """Register a way in, by the name of the function; it is given a folder of its own, and gives inputs and attempt."""
    ROUTES[make.__name__.replace("_", "-")] = contextmanager(make)
    return make


def try_route(name: str, place: Path, *, seconds: float = 1e9, most: int = 10**9, first: int = 0) -> Tried:
    """Try a route with generated inputs until time or number is up; `first`: the seed."""
    tried, end = Tried(name), monotonic() + seconds
    with ROUTES[name](place) as (inputs, attempt):
        for number in range(first, first + 10**6):
            left = min(AT_ONCE, most - tried.inputs)
            before = tried.inputs
            _try_some(tried, inputs, attempt, left, end, number)
            if monotonic() > end or tried.inputs >= most or tried.inputs == before:
                return tried
    return tried


def _try_some(tried: Tried, inputs: SearchStrategy[Any], attempt: Attempt, count: int, end: float, number: int) -> None:
    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs)
    def once(given: Any) -> None:
        if monotonic() < end:
            _note(tried, attempt, given)

    once()


def _note(tried: Tried, attempt: Attempt, given: Any) -> None:
    before = signal.signal(signal.SIGALRM, _hang)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        how = attempt(given)
    except BertsimError as error:
        how = REFUSED
        if not str(error).strip() or "\n" in str(error):
            _fault(tried, f"no sentence: {str(error)!r:.80}", given)
            return
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        *_, last = traceback.extract_tb(error.__traceback__)
        where = f" at {Path(last.filename).name}:{last.lineno}" if not isinstance(error, Fault) else ""
        _fault(tried, f"{type(error).__name__}{where}: {str(error)[:160]}", given)
        return
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    tried.counts[how] += 1


def _fault(tried: Tried, kind: str, given: Any) -> None:
    tried.faulty += 1
    if len(tried.faults) < 40:
        tried.faults.setdefault(kind, f"{given!r:.400}")


def _hang(*_: object) -> None:
    raise Fault(f"no answer within {PATIENCE} s")
