"""The served app and many sentences: a list in one call against a call for each, and quick calls beside slow ones.

Visitors are threads of this process that ask as soon as they are answered, over connections that are kept open.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from select import select
from statistics import median
from time import perf_counter
from urllib.parse import urlsplit

from gradio_client import Client

from tests.bench.protocol import seconds
from tests.bench.report import Row, limit_row
from tests.browser.server import served

PAIRS, VISITORS, LASTS, ROUNDS = 1_000, 50, 6.0, 3
EVERY = 10
"""Of the calls for one pair each, every tenth is made."""
AT_LEAST, BARE, AT_MOST = 20.0, 5.0, 1.0
"""How many times as fast one call must be, by Gradio's client and without it, and seconds that a quick call may wait
longer beside slow ones."""
_Ask = Callable[[str, dict[str, object]], object]
"""The name of an endpoint, and what is asked of it."""


@dataclass(frozen=True)
class Waits:
    """Seconds that quick calls took: median, 99th percentile, longest; and how many a second were answered."""

    p50: float
    p99: float
    longest: float
    rate: float

    @classmethod
    def of(cls, times: list[float]) -> Waits:
        """Of all calls within `LASTS`."""
        ordered = sorted(times)
        return cls(median(ordered), ordered[int(0.99 * len(ordered))], ordered[-1], len(ordered) / LASTS)

    def __str__(self) -> str:
        return f"p50 {self.p50:.2f} s, p99 {self.p99:.2f} s, longest {self.longest:.2f} s, {self.rate:.0f} a second"


def many_figures(log: Path) -> Iterator[Row]:
    """Rows of one served app; `log`: where it writes what it says."""
    with served(log) as url:
        what, client = f"`/score_many`, {PAIRS:,} pairs in one call against as many calls", Client(url, verbose=False)
        with closing(_connect(url)) as connection:
            asks: dict[str, tuple[_Ask, float]] = {
                "by `gradio_client`": (lambda name, body: client.predict(**body, api_name=f"/{name}"), AT_LEAST),
                "over one bare connection": (partial(_ask, connection), BARE),
            }
            for how, (ask, least) in asks.items():
                ratios = [_ratio(ask, number) for number in range(ROUNDS + 1)][1:]
                shown = f"**{median(ratios):.1f}×** ({min(ratios):.1f}–{max(ratios):.1f})"
                yield Row(f"{what}, {how}", f"≥ {least:.0f}×", shown, median(ratios) >= least)
        _waits(url)  # the first ones warm it
        alone = _waits(url)
        with ExitStack() as stack:
            slow = [stack.enter_context(closing(_connect(url))) for _ in slow_calls()]
            for connection, (name, body) in zip(slow, slow_calls(), strict=True):
                connection.request("GET", _send(connection, name, body))
                connection.getresponse()  # which begins at once, and ends when all is computed
            beside = _waits(url)
            if select([connection.sock for connection in slow], [], [], 0)[0]:  # a sign of life comes after 15 s
                raise RuntimeError("a slow call was answered too soon for quick ones to be measured beside it.")
        what = f"`/score`, {VISITORS} visitors, longest wait beside three slow calls, beyond that without them"
        row = limit_row(what, max(beside.longest - alone.longest, 0.0), AT_MOST, "s")
        yield replace(row, measured=f"{row.measured}; {beside} beside them, {alone} without")


def slow_calls() -> Iterator[tuple[str, dict[str, object]]]:
    """Calls that take many seconds each, at about the limits of one."""
    told = [f"The number {number} is neither the one before it nor the one behind it." for number in range(4_900)]
    yield "matrix", {"sentences": told[:95], "scorer": "combined"}
    yield "score_many", {"pairs": [[sentence, f"No, {sentence}"] for sentence in told]}
    yield "rank", {"query": told[0], "sentences": told, "rerank": "combined", "top": 1_000}


def _ratio(ask: _Ask, number: int) -> float:
    """How many times as fast one call is as one for each pair."""
    pairs = [
        [f"A man is playing guitar {number}-{place}.", f"Someone plays it, {place} times."] for place in range(PAIRS)
    ]
    together = seconds(partial(ask, "score_many", {"pairs": pairs}))
    each = [partial(ask, "score", {"sentence_a": a, "sentence_b": b}) for a, b in pairs[::EVERY]]
    return seconds(lambda: [call() for call in each]) * EVERY / together


def _waits(url: str) -> Waits:
    """What visitors wait for their scores."""
    end = perf_counter() + LASTS

    def visit(number: int) -> list[float]:
        times = []
        with closing(_connect(url)) as connection:
            while perf_counter() < end:
                pair = {"sentence_a": f"Dog {number} barks {len(times)} times.", "sentence_b": "A dog is barking."}
                times.append(seconds(partial(_ask, connection, "score", pair)))
        return times

    with ThreadPoolExecutor(VISITORS) as visitors:
        return Waits.of([each for times in visitors.map(visit, range(VISITORS)) for each in times])


def _connect(url: str) -> HTTPConnection:
    return HTTPConnection(urlsplit(url).netloc, timeout=300)


def _send(connection: HTTPConnection, name: str, body: dict[str, object]) -> str:
    """Ask for something; where the answer will be."""
    path = f"/gradio_api/call/v2/{name}"
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    return f"{path}/{json.loads(connection.getresponse().read())['event_id']}"


def _ask(connection: HTTPConnection, name: str, body: dict[str, object]) -> None:
    connection.request("GET", _send(connection, name, body))
    said = connection.getresponse().read().decode()
    if "event: complete" not in said:
        raise RuntimeError(f"{name} gave no answer but {said[-500:]!r}.")
