"""Whole processes as a user starts them: the command line, and the app over HTTP. Seconds of wall time, megabytes."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

from tests.bench.protocol import seconds
from tests.bench.rounds import ROOT

PAIR = ("A man is playing a guitar.", "Someone plays an instrument.")
SERVED_SCORES = 50
PATIENCE = 120.0
STARTS = 3
SETTLED = 3.0
"""Seconds after which the app has loaded its encoder, behind the page."""
_open = build_opener(ProxyHandler({})).open


def time_command() -> float:
    """Median seconds of `python -m bertsim score A B`, from start to exit, of five; one more before warms the disk."""

    def run() -> None:
        subprocess.run(
            [sys.executable, "-m", "bertsim", "score", *PAIR], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
        )

    run()
    return median(seconds(run) for _ in range(5))


def spearman(data: Path, engine: str) -> float:
    """What `python -m bertsim evaluate` prints for a file of labelled pairs, cosine, bundled encoder; in [-1, 1]."""
    command = [sys.executable, "-m", "bertsim", "evaluate", "--data", str(data.resolve())]
    command += ["--engine", engine, "--resamples", "1", "--json"]
    printed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return float(json.loads(printed)["scorers"]["cosine"]["spearman"]["value"])


@dataclass(frozen=True)
class AppFigures:
    """One start of app.py.

    Attributes:
        page: seconds from start to the page served.
        score: seconds from start to the first score over HTTP.
        resident_at_start: megabytes of memory in use (VmRSS) with the encoder loaded, before the first score.
        resident: the same after 50 scores.
        tensorflow: whether the process has TensorFlow loaded.
    """

    page: float
    score: float
    resident_at_start: float
    resident: float
    tensorflow: bool


def app_figures() -> AppFigures:
    """Medians of three starts of app.py on the bundled encoder; one more before warms the disk."""
    starts = [_start_app() for _ in range(STARTS + 1)][1:]
    return AppFigures(
        page=median(each.page for each in starts),
        score=median(each.score for each in starts),
        resident_at_start=max(each.resident_at_start for each in starts),
        resident=max(each.resident for each in starts),
        tensorflow=any(each.tensorflow for each in starts),
    )


def _start_app() -> AppFigures:
    start = perf_counter()
    with serving("app.py") as (process, url):
        wait_for_page(process, url)
        page = perf_counter() - start
        _score(url)
        score = perf_counter() - start
    with serving("app.py") as (process, url):
        wait_for_page(process, url)
        sleep(SETTLED)
        at_start = resident(process.pid)
        for _ in range(SERVED_SCORES):
            _score(url)
        maps = Path(f"/proc/{process.pid}/maps").read_text()
        return AppFigures(page, score, at_start, resident(process.pid), "/tensorflow/" in maps)


def resident(pid: int) -> float:
    """Megabytes of memory that a process has in use; 0 of one that is ending."""
    status = Path(f"/proc/{pid}/status").read_text()
    return sum(map(int, re.findall(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE))) * 1024 / 1e6


@contextmanager
def serving(*words: str, **settings: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A Python program that serves at a free port, BERTSIM_PORT, ended afterwards; and its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings |= {
        "BERTSIM_PORT": str(port),
        "BERTSIM_HOST": "127.0.0.1",
        "BERTSIM_ENCODER": "",
        "BERTSIM_ENGINE": "litert",
    }
    process = subprocess.Popen([sys.executable, *words], cwd=ROOT, env=os.environ | settings, stdout=subprocess.DEVNULL)
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for_page(process: subprocess.Popen[bytes], url: str) -> None:
    """Return once the page is served."""
    end = perf_counter() + PATIENCE
    while perf_counter() < end and process.poll() is None:
        try:
            with _open(url, timeout=PATIENCE) as page:
                if page.status == 200 and page.read():
                    return
        except URLError:
            sleep(0.02)
    raise RuntimeError(f"no page was served at {url} (exit status {process.poll()}).")


def _score(url: str) -> float:
    """One score through the app's /score endpoint: a POST for a number of call, a GET for its answer."""
    body = json.dumps({"data": [*PAIR, "cosine", ""]}).encode()
    request = Request(f"{url}/gradio_api/call/score", body, {"Content-Type": "application/json"})
    with _open(request, timeout=PATIENCE) as answer:
        call = json.load(answer)["event_id"]
    with _open(f"{url}/gradio_api/call/score/{call}", timeout=PATIENCE) as answer:
        events = answer.read().decode()
    complete = re.search(r"^event: complete\s+data: (\[.*\])$", events, re.MULTILINE)
    if complete is None:
        raise RuntimeError(f"{url} gave no score but {events!r}.")
    return float(json.loads(complete[1])[0]["score"])
