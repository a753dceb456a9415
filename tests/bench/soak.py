"""`python -m tests.bench.soak`: the app under load, beside a bare Gradio app, then for long under all that it can do.

Printed as one Markdown table. Exit status 1 where a figure is not what it must be.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import astuple, dataclass, replace
from functools import partial
from itertools import chain, count, cycle
from pathlib import Path
from random import Random
from statistics import median
from threading import Event, Thread
from typing import Any, Self

from bertsim.model.loading import BUNDLED
from tests.bench.load import Line, Load, Visit, pair, score, visit
from tests.bench.machine import processor, take_two_cores
from tests.bench.processes import resident, serving, wait_for_page
from tests.bench.report import Row, limit_row, table
from tests.bench.rounds import ROOT

CACHE = ROOT / ".bench"
ROUND = 5.0
"""Seconds of a round beside the bare app."""
WARM = 200
"""Calls before anything is measured."""
OTHERS = ("other-one", "other-two", "other-three")
"""Encoders that visitors switch between: more than the app keeps."""
JUDGED = 0.5
"""Hours from which on memory is judged: within minutes every encoder is read by more interpreters than before."""
ROWS = 40
"""Pairs of a file."""
MCP = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
_visitors = count()


@dataclass(frozen=True)
class Weight:
    """What a process holds.

    Attributes:
        memory: resident megabytes.
        threads, files: how many are there, are open.
    """

    memory: float
    threads: float
    files: float

    @classmethod
    def of(cls, pid: int) -> Self:
        """Weigh a process."""
        process = Path(f"/proc/{pid}")
        return cls(resident(pid), *(len(list((process / each).iterdir())) for each in ("task", "fd")))

    @classmethod
    def during(cls, pid: int, run: Callable[[], Load]) -> tuple[Load, Self]:
        """A load, and the median of what a process weighs meanwhile: from second to second that is up and down."""
        found, has_ended = [], Event()

        def weigh() -> None:
            while not has_ended.wait(1):
                found.append(cls.of(pid))

        watch = Thread(target=weigh)
        watch.start()
        try:
            load = run()
        finally:
            has_ended.set()
            watch.join()
        return load, cls(*map(median, zip(*map(astuple, found), strict=True)))


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.soak", description="Load the app as visitors do.")
    parser.add_argument("--hours", type=float, default=0.05, metavar="N", help="of mixed load (default: 3 minutes)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="beside the bare app (default: 5)")
    args = parser.parse_args()
    take_two_cores()
    rows = []
    for row in chain(beside_bare(args.rounds), growth(), _mixed(args.hours)):
        print(f"  {row.what}: {row.measured}", file=sys.stderr, flush=True)
        rows.append(row)
    print(f"{processor()}. The visitors share the two cores with the app.\n")
    print(table(rows))
    return int(any(row.verdict not in ("", "✓") for row in rows))


def beside_bare(rounds: int) -> Iterator[Row]:
    """`/score` beside a bare endpoint, in turns."""
    with ExitStack() as stack:
        ours, bare = (stack.enter_context(serving(*words)) for words in (["app.py"], ["-m", "tests.bench.bare"]))
        for process, url in (ours, bare):
            wait_for_page(process, url)
            visit(url, [score] * 10, calls=WARM)
        loads = [[visit(url, [score] * 50, ROUND) for _, url in (ours, bare)] for _ in range(rounds)]
        shares = [one.rate / other.rate for one, other in loads]
        what, rate = (
            "`/score`, 50 visitors: calls/s as a share of a bare Gradio endpoint",
            median(x.rate for x, _ in loads),
        )
        measured = f"**{median(shares):.2f}** ({min(shares):.2f}–{max(shares):.2f}); {rate:.0f} calls/s"
        yield Row(what, "≥ 0.75", measured, median(shares) >= 0.75)
        waited = median(own.waited(0.99) for own, _ in loads)
        yield limit_row("`/score`, 50 visitors, p99", waited, 1, "s")
        yield _errors("`/score`, 50 visitors, errors", *(own for own, _ in loads))
        many = visit(ours[1], [score] * 100, 2 * ROUND)
        yield limit_row("`/score`, 100 visitors, p99", many.waited(0.99), 2, "s")
        yield _errors("`/score`, 100 visitors, errors", many)


def growth() -> Iterator[Row]:
    """The memory of an app that is asked for scores alone."""
    with serving("app.py") as (process, url):
        wait_for_page(process, url)
        weights = {}
        for calls in (3_000, 5_000, 6_000):
            visit(url, [score] * 50, calls=calls - max(weights, default=0))
            weights[calls] = Weight.of(process.pid).memory
    yield limit_row("resident memory after 5,000 calls of `/score` by 50 visitors", weights[5_000], 600, "MB")
    yield limit_row("its growth from call 3,000 to 6,000", weights[6_000] - weights[3_000], 20, "MB")


def _mixed(hours: float) -> Iterator[Row]:
    """Page, endpoints, tools, files and switches of encoders, all at once, after a minute of it at least."""
    folders = [CACHE / name for name in OTHERS]
    for folder in folders:
        if not folder.exists():
            CACHE.mkdir(exist_ok=True)
            shutil.copytree(BUNDLED, folder)
    settings = {"BERTSIM_ENCODERS": ",".join(map(str, folders)), "BERTSIM_MAX_PER_VISITOR": "100"}
    with serving("app.py", **settings) as (process, url):
        wait_for_page(process, url)
        page = _Page()
        kinds: list[Visit] = [score] * 4 + [_Endpoints().ask] * 4 + [_tool] * 2 + [page.visit] * 4 + [_leave] * 2
        kinds += [page.send_file] * 2
        loads, weights = [], []
        for seconds in (max(60, 360 * hours), *[1_080 * hours] * 3):
            load, weight = Weight.during(process.pid, partial(visit, url, kinds, seconds))
            loads.append(load)
            weights.append(weight)
            print(f"  {weight}, {len(load.times)} calls", file=sys.stderr, flush=True)
        _, first, _, last = weights  # of a tenth, in which what is kept is made, and three thirds of the rest
        what = f"{hours:g} h of mixed load, 18 visitors"
        yield _errors(f"{what}: errors in {sum(len(load.times) for load in loads):,} calls", *loads)
        what = "… resident memory, more in the last third than in the first"
        growth = limit_row(what, last.memory - first.memory, 30, "MB")
        yield growth if hours >= JUDGED else replace(growth, must="", passed=None)
        yield limit_row("… threads, more", last.threads - first.threads, 8, "")
        yield limit_row("… open files, more", last.files - first.files, 8, "")


def _errors(what: str, *loads: Load) -> Row:
    errors = [error for load in loads for error in load.errors]
    return Row(what, "0", f"**{len(errors)}**" + (f": {errors[0]}" if errors else ""), not errors)


class _Endpoints:
    """Every endpoint in turn, of the encoders that there are."""

    def __init__(self) -> None:
        encoders = cycle(["", *OTHERS])
        self._asks = cycle(
            [
                lambda: ("compare", pair() | {"encoder": next(encoders)}),
                lambda: ("embed", {"sentence": pair()["sentence_a"]}),
                lambda: ("tokens", pair()),
                lambda: ("attention", pair() | {"layer": 2, "head": 1}),
                lambda: ("score", pair() | {"scorer": "combined", "encoder": next(encoders)}),
            ]
        )

    async def ask(self, line: Line) -> None:
        name, asked = next(self._asks)()
        await line.call(name, **asked)


async def _tool(line: Line) -> None:
    """A tool over MCP."""
    asked = MCP | {"params": {"name": "score", "arguments": pair()}}
    status, said = await line.send("/gradio_api/mcp/", asked, "application/json, text/event-stream")
    if status != 200 or "'score'" not in said:
        raise RuntimeError(f"MCP: {status} {said[:300]}")


async def _leave(line: Line) -> None:
    """Ask, and never fetch the answer."""
    status, said = await line.send("/gradio_api/call/v2/tokens", pair())
    if status != 200:
        raise RuntimeError(f"tokens: {status} {said[:300]}")
    await asyncio.sleep(0.2)


class _Page:
    """Visitors of the page: it is opened, pairs are compared, views and encoders are chosen, files are scored."""

    def __init__(self) -> None:
        self._draw = Random(7)
        self._config: dict[str, Any] = {}

    async def visit(self, line: Line) -> None:
        """One visit of one visitor."""
        session = await self._open(line)
        await self._do(line, session, "choose_encoder", key=str(self._draw.randrange(1 + len(OTHERS))))
        for _ in range(3):
            await self._do(line, session, "compare_pair", **pair())
            await self._do(line, session, "redraw_tab", **pair())

    async def send_file(self, line: Line) -> None:
        """One visit for a file: it is sent, read, scored, fetched."""
        session = await self._open(line)
        told = await self._do(line, session, "welcome")
        ticket = re.findall(r"files/([\w-]+)/example", told)[0]
        rows = "\n".join("\t".join(pair().values()) for _ in range(ROWS))
        await line.send(f"/files/{ticket}/sent?name=pairs.tsv", f"sentence1\tsentence2\n{rows}\n".encode())
        await self._do(line, session, "open_file", key="sent")
        await self._do(line, session, "score_1", **{"bs-file-scorers": ["cosine", "combined"]})
        status, said = await line.send(f"/files/{ticket}/scored.csv")
        if status != 200 or said.count("\n") != 1 + ROWS:
            raise RuntimeError(f"scored.csv: {status} {said[:300]}")

    async def _open(self, line: Line) -> str:
        """Open the page: the visitor's session."""
        if not self._config:
            self._config = json.loads((await line.send("/config"))[1])
        session = f"visitor{next(_visitors)}"
        await self._do(line, session, "open_page")
        return session

    async def _do(self, line: Line, session: str, name: str, key: str = "", **typed: Any) -> str:
        """An event as the browser sends it: what is on the page, what is typed, the open view, when."""
        event = next(each for each in self._config["dependencies"] if each["api_name"] == name)
        props = {each["id"]: each["props"] for each in self._config["components"]}
        boxes = {"bs-a": typed.get("sentence_a"), "bs-b": typed.get("sentence_b")} | typed
        inputs = [props[each] for each in event["inputs"]]
        data = [boxes.get(each.get("elem_id")) or each.get("value") for each in inputs]
        if any(each.get("elem_id") == "bs-a" for each in inputs):
            data[-2:] = self._draw.choice(["saw", "meets", "layers"]), next(_visitors)
        return await line.join(session, event["id"], data, key)


if __name__ == "__main__":
    sys.exit(main())
