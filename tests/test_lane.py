"""The slow lane: long answers one after another, on real threads, and behind a real queue of Gradio's."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from time import monotonic, sleep

import pytest

from bertsim.errors import InputError
from bertsim.ui.lane import FEW, MAX_CHARACTERS, PAUSE, SHORT, SlowLane
from tests.browser.server import free_port, running

LONG = ["a" * (SHORT + 1)]


def test_of_two_long_answers_the_second_waits_and_a_short_one_does_not():
    lane, entered = SlowLane(lambda: 0.0), Event()

    def second() -> float:
        with lane.enter(LONG):
            entered.set()
            return monotonic()

    with ThreadPoolExecutor(1) as thread:
        with lane.enter(LONG):
            waiting = thread.submit(second)
            with lane.enter(["a", 5, None]) as pace:
                for batch in range(1, FEW + 1):
                    pace(batch, FEW)
            assert not entered.wait(0.3)
            left = monotonic()
        assert waiting.result() >= left


def test_an_answer_of_many_batches_is_a_long_one_even_of_little_text():
    lane = SlowLane(lambda: 0.0)

    def second() -> None:
        with lane.enter(LONG):
            pass

    with ThreadPoolExecutor(1) as thread:
        with lane.enter(["a"]) as pace:
            for batch in range(1, FEW + 1):
                pace(batch, FEW + 1)
            waiting = thread.submit(second)
            sleep(0.2)
            assert not waiting.done()
        waiting.result(60)


def test_a_long_answer_pauses_only_while_others_ask_for_something():
    asked_at = 0.0
    lane = SlowLane(lambda: asked_at)

    def seconds_of_a_batch() -> float:
        start = monotonic()
        pace(1, 9)
        return monotonic() - start

    asked_at = monotonic()
    with lane.enter(LONG) as pace:
        assert min(seconds_of_a_batch() for _ in range(5)) < PAUSE  # its own asking counts not
        asked_at = monotonic() + 60.0
        assert min(seconds_of_a_batch() for _ in range(3)) >= PAUSE
        asked_at = monotonic() - 60.0
        assert min(seconds_of_a_batch() for _ in range(5)) < PAUSE


def test_what_failed_leaves_room_for_the_next():
    lane = SlowLane(lambda: 0.0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), lane.enter(LONG):
            raise ZeroDivisionError


def test_more_characters_than_one_call_may_have_are_refused():
    lane = SlowLane(lambda: 0.0)
    told = "^there are 2,000,002 characters, and one call takes 2,000,000 at most; split the list.$"
    with pytest.raises(InputError, match=told), lane.enter(["a" * MAX_CHARACTERS, "bc"]):
        pass


ENDLESS = """
import sys, time
import gradio as gr
from bertsim.ui.calls import MANY_QUEUE, replies
from bertsim.ui.lane import SlowLane

lane = SlowLane(lambda: 0.0)

@replies
def endless() -> str:
    with lane.enter(["a"]) as pace:
        print("begun", flush=True)
        try:
            while True:
                pace(1, 9)
                time.sleep(0.05)
        finally:
            print("stopped", flush=True)

with gr.Blocks() as app:
    gr.api(endless, **MANY_QUEUE)
app.launch(server_port=int(sys.argv[1]), quiet=True)
"""


def wait_for(log: Path, word: str, patience: float = 60.0) -> bool:
    """Whether a program has said something, at the latest after so many seconds."""
    end = monotonic() + patience
    while word not in log.read_text() and monotonic() < end:
        sleep(0.05)
    return word in log.read_text()


@pytest.mark.slow
def test_an_answer_stops_when_whoever_asked_goes_away(tmp_path):
    log, port = tmp_path / "log", free_port()
    with running([sys.executable, "-c", ENDLESS, str(port)], port, log, {}):
        with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            path = "/gradio_api/call/endless"
            connection.request("POST", path, json.dumps({"data": []}), {"Content-Type": "application/json"})
            event = json.loads(connection.getresponse().read())["event_id"]
            connection.request("GET", f"{path}/{event}")
            assert wait_for(log, "begun")
            assert not wait_for(log, "stopped", 1.0)
        assert wait_for(log, "stopped")
    assert "Traceback" not in log.read_text()
