"""An app that stays up: what a call leaves behind, what is refused and when to try again, and how the app ends."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import IncompleteRead
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

import bertsim
from bertsim.ui.catalog import WELL_KNOWN, offered
from bertsim.ui.shelf import Loading, Shelf
from tests.browser.server import ROOT, free_port, wait_for_page

A, B = "A plane is taking off.", "An aeroplane departs."
MADE_FOR_A_CALL = (
    *("bertsim.ui.sessions.Session", "gradio.queueing.Event", "gradio.data_classes.PredictBodyInternal"),
    *("gradio.route_utils.Request", "gradio.server_messages.ProcessCompletedMessage", "asyncio.queues.Queue"),
)
pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class App:
    """An app that this process serves."""

    url: str
    blocks: Any
    waiting: Any

    def send(self, path: str, body: object = None, **headers: str) -> Any:
        """What a request is answered by, as text."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        named = {"Content-Type": "application/json"} | {key.replace("_", "-"): value for key, value in headers.items()}
        with urlopen(Request(self.url + path, data, named), timeout=30) as reply:
            return reply.read().decode()

    def refused(self, path: str, body: object = None, **headers: str) -> tuple[int, str, str | None]:
        """Status, text and when to try again, of a request that is refused."""
        with pytest.raises(HTTPError) as caught:
            self.send(path, body, **headers)
        with caught.value as error:
            return error.code, error.read().decode(), error.headers["Retry-After"]

    def ask(self, name: str = "score", encoder: str = "", **headers: str) -> str:
        """Ask, and fetch nothing yet: the event's id."""
        asked = {"sentence_a": A, "sentence_b": B, "encoder": encoder}
        return str(json.loads(self.send(f"gradio_api/call/v2/{name}", asked, **headers))["event_id"])

    def fetch(self, event: str, name: str = "score") -> Any:
        """The answer to an event."""
        told = self.send(f"gradio_api/call/v2/{name}/{event}")
        return json.loads(re.findall(r"event: complete\ndata: (.*)", told)[0])[0]

    def join(self, session: str, name: str = "draw_open_tab", query: str = "", **headers: str) -> str:
        """Send an event of the page as it stands when it is new, opened with a query: the event's id."""
        fn = next(fn for fn in self.blocks.fns.values() if fn.api_name == name)
        data = [getattr(block, "value", None) for block in fn.inputs]
        data[-2:] = "mask", 1
        body = {"data": data, "fn_index": fn._id, "session_hash": session}
        return str(json.loads(self.send(f"gradio_api/queue/join{query}", body, **headers))["event_id"])


def serve(model: bertsim.SimilarityModel, per_visitor: int = 0, host: str = "127.0.0.1") -> Iterator[App]:
    """Serve an app in this process."""
    from bertsim.ui.quick_gradio import import_gradio

    import_gradio()
    from bertsim.ui import app

    shelf = Shelf.of(model, offered({}))
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        blocks = app.build_app(shelf)
        waiting = app.start(blocks, shelf, host, free_port(), per_visitor)
        asyncio.set_event_loop(None)
        gc.collect()  # event loops that Gradio makes, one for each of its locks, and never closes
    yield App(blocks.local_url, blocks, waiting)
    app.finish(blocks, waiting, Event())


@pytest.fixture(scope="module")
def app(model: bertsim.SimilarityModel) -> Iterator[App]:
    """One for all tests of this file."""
    yield from serve(model)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Until it is called, no pair is scored and none compared."""
    go = Event()
    for name in ("score", "compare"):
        monkeypatch.setattr(bertsim.SimilarityModel, name, wait_before(getattr(bertsim.SimilarityModel, name), go))
    yield go.set
    go.set()


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of an encoder that is on its way until the test ends."""
    go, held = Event(), []

    def load(shelf: Shelf, loading: Loading) -> None:
        held.append(loading)
        assert go.wait(30)
        raise bertsim.BertsimError("the test has ended")

    monkeypatch.setattr(Shelf, "_load", load)
    yield WELL_KNOWN[0].name
    go.set()
    until(lambda: all(each.future.done() for each in held))


def wait_before(method: Callable[..., Any], go: Event) -> Callable[..., Any]:
    """The same method, once it may go."""

    def waits(*args: Any, **options: Any) -> Any:
        assert go.wait(30)
        return method(*args, **options)

    return waits


def until(is_so: Callable[[], object], seconds: float = 60) -> None:
    """Wait for something that happens in another thread."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def census(app: App) -> dict[str, int]:
    """How many there are of everything that Gradio makes for a call."""
    gc.collect()
    found = Counter(f"{type(each).__module__}.{type(each).__name__}" for each in gc.get_objects())
    counted = {kind: found[kind] for kind in MADE_FOR_A_CALL}
    queue, served = app.waiting, app.blocks.app
    held = {"messages": queue.pending_messages_per_session, "ids": queue.pending_event_ids_session}
    held |= {"events": queue.event_ids_to_events, "analytics": queue.event_analytics, "iterators": served.iterators}
    held |= {"sessions": served.state_holder.session_data, "used": served.state_holder.time_last_used}
    return counted | {name: len(each) for name, each in held.items()}


def test_calls_leave_nothing_behind(app):
    for _ in range(5):
        app.fetch(app.ask())
    until(lambda: app.waiting.is_idle and not app.waiting.pending_messages_per_session)
    before = census(app)
    for _ in range(40):
        assert app.fetch(app.ask())["score"] == pytest.approx(0.8, abs=0.1)
    until(lambda: app.waiting.is_idle and not app.waiting.pending_messages_per_session)
    grown = {kind: number - before[kind] for kind, number in census(app).items()}
    assert max(grown.values()) <= 2, grown  # of forty calls; each thread still holds what it did last
    assert before["sessions"] == before["messages"] == before["ids"] == before["events"] == 0


def test_answers_that_nobody_fetches_are_kept_for_the_latest_alone(app, monkeypatch):
    monkeypatch.setattr("bertsim.ui.waiting.UNREAD", 4)
    events = []
    for _ in range(8):
        events.append(app.ask("tokens"))
        until(lambda: not app.waiting.event_ids_to_events)
    assert len(app.waiting.pending_messages_per_session) == len(app.waiting.pending_event_ids_session) == 4
    assert app.fetch(events[-1], "tokens")[0]["tokens"][0] == "[CLS]"
    until(lambda: len(app.waiting.pending_messages_per_session) == 3)
    for event in events[4:7]:
        app.fetch(event, "tokens")


def test_answers_that_one_visitor_never_fetches_are_bounded_in_bytes(app, monkeypatch):
    from bertsim.ui import waiting

    monkeypatch.setattr(waiting, "UNREAD_BYTES", 400_000)
    asked = {"data": ["word " * 3_000, B, ""], "session_hash": "hoarder"}  # of which most is sent back as cut off
    counts = []
    for _ in range(9):
        app.send("gradio_api/call/tokens", asked)
        until(lambda: not app.waiting.event_ids_to_events)
        counts.append(app.waiting._unread_bytes("hoarder"))
    assert 14_000 < counts[0] < 200_000
    assert max(counts) <= 400_000
    assert 0 in counts  # all of it was forgotten, and it began anew
    assert waiting._bytes([[0.5] * 200] * 300) == pytest.approx(300 * 200 * 30, rel=0.1)


def test_who_listens_and_takes_nothing_is_told_so(app, monkeypatch):
    monkeypatch.setattr("bertsim.ui.waiting.BEHIND", 20_000)
    asked = {"data": ["word " * 3_000, B, ""], "session_hash": "deaf"}
    app.send("gradio_api/call/tokens", asked)
    until(lambda: not app.waiting.event_ids_to_events)
    app.send("gradio_api/call/tokens", asked)
    until(lambda: not app.waiting.event_ids_to_events)
    with app.waiting.reading("deaf"):
        status, said, wait = app.refused("gradio_api/call/tokens", asked)
    assert (status, wait) == (429, "1")
    assert json.loads(said)["detail"].startswith("The answers that you asked for before are not being fetched; try")


def test_calls_that_are_taken_back_leave_nothing(app, held, monkeypatch):
    monkeypatch.setattr("bertsim.ui.waiting.UNREAD", 0)
    until(lambda: app.waiting.is_idle)
    fn = next(fn for fn in app.blocks.fns.values() if fn.api_name == "compare")
    for _ in range(4):
        app.ask("compare")
    until(lambda: not app.waiting.event_queue_per_concurrency_id["api"].queue)
    for _ in range(20):
        event = app.ask("compare")
        app.send("gradio_api/cancel", {"session_hash": event, "fn_index": fn._id, "event_id": event})
    held()
    until(lambda: app.waiting.is_idle)
    until(lambda: not app.waiting.pending_event_ids_session)
    assert not app.waiting.pending_messages_per_session


def test_who_hangs_up_before_the_end_of_an_answer_leaves_nothing(app, monkeypatch):
    left = app.ask()
    until(lambda: app.waiting.is_idle)
    with app.waiting.reading(left):
        pass  # what it was told is not fetched yet, and its connection is gone
    monkeypatch.setattr("bertsim.ui.waiting.UNREAD", 0)
    app.ask()
    until(lambda: app.waiting.is_idle)
    until(lambda: not app.waiting.pending_event_ids_session)
    assert not app.waiting.pending_messages_per_session


def test_a_visitor_who_fetched_late_once_is_not_forgotten_for_it(app, monkeypatch):
    monkeypatch.setattr("bertsim.ui.waiting.UNREAD", 2)
    app.join("late")
    until(lambda: app.waiting.is_idle)
    app.send("gradio_api/queue/data?session_hash=late")
    app.join("late")
    until(lambda: app.waiting.is_idle)
    other = app.ask("tokens")  # whose answer comes after
    until(lambda: app.waiting.is_idle)
    assert "process_completed" in app.send("gradio_api/queue/data?session_hash=late")
    app.fetch(other, "tokens")


def test_a_visitor_with_a_session_keeps_it_and_it_holds_no_second_page(app):
    for session in ("one", "two", "one"):
        app.join(session)
        assert "process_completed" in app.send(f"gradio_api/queue/data?session_hash={session}")
    sessions = app.blocks.app.state_holder.session_data
    assert {"one", "two"} <= set(sessions)
    assert not sessions["one"].config_values
    until(lambda: not app.waiting.pending_event_ids_session and not app.waiting.pending_messages_per_session)


def test_what_events_change_is_kept_once_for_all_visitors(app):
    from bertsim.ui.sessions import Session

    sessions = [Session(app.blocks) for _ in range(2)]
    own = next(each for each in app.blocks.blocks.values() if type(each).__name__ == "Dropdown")
    for session in sessions * 3:
        session[own._id] = type(own)(**own.constructor_args | {"choices": ["one"], "render": False})
        if (changed := session[own._id])._id not in session:  # as Gradio does when its value comes next
            session[changed._id] = changed
    assert sessions[0][own._id] is sessions[1][own._id] is not own
    assert sessions[0].blocks_config.blocks.keys() == app.blocks.blocks.keys()
    assert app.blocks.blocks[own._id] is own


def test_what_is_kept_of_visitors_is_bounded_in_bytes_and_the_longest_ago_goes_first(app, monkeypatch):
    monkeypatch.setattr("bertsim.ui.sessions.MOST_BYTES", 3_000_000)
    fn = next(fn for fn in app.blocks.fns.values() if fn.api_name == "compare_pair")
    data = [getattr(block, "value", None) for block in fn.inputs]
    box = next(place for place, block in enumerate(fn.inputs) if block.elem_id == "bs-a")
    data[box], data[-2:] = "word " * 200_000, ("saw", 1)
    for number in range(8):
        session = f"wordy{number}"
        app.send("gradio_api/queue/join", {"data": data, "fn_index": fn._id, "session_hash": session})
        assert '"success":true' in app.send(f"gradio_api/queue/data?session_hash={session}")
    kept = app.blocks.app.state_holder.session_data
    names = [name for name in kept if name.startswith("wordy")]
    assert names == [f"wordy{number}" for number in range(8)][-len(names) :]
    assert 2_000_000 < sum(each.bytes for each in kept.values()) < 4_100_000  # the latest may be beyond it


def test_what_a_session_is_called_is_short(app):
    asked = {"data": [A, B, "cosine", ""], "session_hash": "x" * 101}
    status, said, _ = app.refused("gradio_api/call/score", asked)
    assert (status, said) == (422, '{"detail":"session_hash has more than 100 characters; load the page anew."}')
    assert app.refused(f"gradio_api/heartbeat/{'x' * 101}")[0] == app.refused("gradio_api/heartbeat/%0A")[0] == 404


def test_a_visitor_who_had_every_answer_and_asks_again_is_told_so_and_a_stranger_is_not(app):
    for _ in range(2):
        app.join("quick")
        assert "process_completed" in app.send("gradio_api/queue/data?session_hash=quick")
        for _ in range(2):
            told = app.send("gradio_api/queue/data?session_hash=quick")
            assert told == 'data: {"msg":"close_stream","event_id":null}\n\n'
    with pytest.raises((HTTPError, IncompleteRead)):
        app.send("gradio_api/queue/data?session_hash=stranger")


def test_the_stream_that_all_tools_are_answered_through_goes_on_when_nothing_is_on_its_way(app):
    def told(stream: Any, event: str) -> bool:
        return any(b"process_completed" in line and event.encode() in line for line in stream)

    first = app.join("tools", x_gradio_user="mcp")
    with urlopen(f"{app.url}gradio_api/queue/data?session_hash=tools", timeout=30) as stream:
        assert told(stream, first)
        until(lambda: app.waiting.is_idle)
        assert told(stream, app.join("tools", x_gradio_user="mcp"))
    until(lambda: "tools" not in app.waiting.pending_event_ids_session)


def test_no_file_is_taken_and_no_request_without_end(app):
    folder = Path(app.blocks.app.uploaded_file_dir)
    before = sorted(folder.rglob("*")) if folder.exists() else []
    form = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nhello\r\n--x--\r\n'
    sends = {"Content_Type": "multipart/form-data; boundary=x"}
    status, said, _ = app.refused("gradio_api/upload", form, **sends)
    assert (status, said) == (403, '{"detail":"this app takes no files; send sentences as JSON."}')
    assert app.refused("gradio_api/component_server", form, **sends)[0] == 404
    assert (sorted(folder.rglob("*")) if folder.exists() else []) == before
    host, port = app.url.rstrip("/").removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:  # which says how much it would send
        line.sendall(b"POST /gradio_api/call/v2/score HTTP/1.1\r\nHost: x\r\nContent-Length: 8000001\r\n\r\n{")
        assert line.recv(12) == b"HTTP/1.1 413"


def test_a_container_can_see_that_the_app_is_up_and_that_it_is_ready(app):
    assert app.send("healthz") == app.send("readyz") == "ok"
    app.waiting.is_stopping = True
    try:
        assert app.refused("readyz")[:2] == (503, "the app is about to end")
        assert app.send("healthz") == "ok"
        status, said, wait = app.refused("gradio_api/call/v2/score", {"sentence_a": A, "sentence_b": B})
        assert (status, wait) == (503, "30")
        assert json.loads(said)["detail"] == "This app is about to start anew; try again in 30 seconds."
    finally:
        app.waiting.is_stopping = False


def test_an_app_without_a_model_is_not_ready():
    from bertsim.ui.gate import Gate

    shelf = SimpleNamespace(is_ready=False)
    gate = Gate(None, SimpleNamespace(is_stopping=False), shelf, None)  # type: ignore[arg-type]
    assert gate._health("/readyz").status_code == 503
    assert gate._health("/readyz").body == b"the encoder is not loaded yet"
    assert gate._health("/healthz").status_code == 200
    assert not Shelf(offered({})).is_ready


def test_a_full_queue_is_one_sentence_at_once_and_says_when_to_try_again(app, held, monkeypatch):
    monkeypatch.setattr("bertsim.ui.waiting.MOST_WAITING", 2)
    events = [app.ask("compare") for _ in range(4)]
    until(lambda: not app.waiting.event_queue_per_concurrency_id["api"].queue)
    events += [app.ask("compare") for _ in range(2)]
    status, said, wait = app.refused("gradio_api/call/v2/compare", {"sentence_a": A, "sentence_b": B})
    assert status == 503
    assert re.fullmatch(r"\d+", wait)
    plural = "s" if wait != "1" else ""
    assert json.loads(said)["detail"] == f"Too many have asked before you (2 wait); try again in {wait} second{plural}."
    score = app.ask()  # it waits in another queue
    held()
    assert {app.fetch(event, "compare")["settings"]["engine"] for event in events} == {"litert"}
    assert app.fetch(score)["withheld"] is None


def test_a_clock_that_was_set_meanwhile_makes_no_call_seem_to_last_for_ever(app, held):
    fn = next(fn for fn in app.blocks.fns.values() if fn.api_name == "compare")
    took = app.waiting.process_time_per_fn[fn]
    for jump in (1e8, 1e7, -1e6):
        took.add(jump)
    assert 0 <= took.avg_time < 60
    events = [app.ask("compare") for _ in range(7)]  # three of which wait
    held()
    for event in events:
        app.fetch(event, "compare")


def test_text_that_waits_is_bounded_in_bytes_whichever_queue_it_is_in(app, held, monkeypatch):
    monkeypatch.setattr("bertsim.ui.waiting.MOST_BYTES", 50_000)
    until(lambda: app.waiting.is_idle)
    events = [json.loads(app.send("gradio_api/call/score", {"data": [A + " " * 20_000, B, "cosine", ""]}))["event_id"]]
    asked = {"sentence_a": A + " " * 20_000, "sentence_b": B}
    events.append(json.loads(app.send("gradio_api/call/v2/compare", asked))["event_id"])
    status, said, wait = app.refused("gradio_api/call/v2/tokens", asked)
    assert (status, wait) == (503, "5")
    assert json.loads(said)["detail"] == "Too much text has come before yours; try again in 5 seconds."
    short = app.ask()
    held()
    for event, name in zip([*events, short], ("score", "compare", "score"), strict=True):
        app.fetch(event, name)


def test_the_page_is_refused_by_a_status_whose_sentence_it_shows(app):
    app.waiting.is_stopping = True
    try:
        with pytest.raises(HTTPError) as caught:
            app.join("late")
        with caught.value as error:
            assert error.code == 429  # of a 503 the page says something of its own
            assert "about to start anew" in error.read().decode()
    finally:
        app.waiting.is_stopping = False


def test_long_calls_leave_places_for_short_ones(app, held):
    def send(name: str, asked: object) -> str:
        return str(json.loads(app.send(f"gradio_api/call/v2/{name}", asked))["event_id"])

    long = [send("score_many", {"pairs": [["word " * 400, B]] * 11}) for _ in range(16)]
    assert app.fetch(send("rank", {"query": A, "sentences": [B]}), "rank")[0]["index"] == 0
    held()
    assert {len(app.fetch(each, "score_many")["scores"]) for each in long} == {11}


def test_a_visitor_who_has_a_share_gets_no_more_and_others_are_let_in(model, held):
    for app in serve(model, per_visitor=2):
        mine = {"X_Forwarded_For": "6.6.6.6, 9.9.9.9"}
        events = [app.ask(**mine), app.ask(**mine)]
        status, said, wait = app.refused("gradio_api/call/v2/score", {"sentence_a": A, "sentence_b": B}, **mine)
        assert (status, wait) == (429, "1")
        detail = "2 of your requests wait or run, which is your share of this app; try again in 1 second."
        assert json.loads(said)["detail"] == detail
        events += [app.ask(X_Forwarded_For="8.8.8.8"), app.ask(), app.ask(), app.ask()]
        held()
        assert all(app.fetch(event)["withheld"] is None for event in events)
        assert app.fetch(app.ask(**mine))["withheld"] is None


def test_for_a_visitor_who_left_nothing_is_drawn(app, held, monkeypatch):
    from bertsim.ui import events

    drawn = []
    real = events.verdict
    monkeypatch.setattr(events, "verdict", lambda *given: drawn.append(given) or real(*given))
    stays, leaves = app.join("stays", "compare_pair"), app.join("leaves", "compare_pair")
    until(lambda: not app.waiting.event_queue_per_concurrency_id["model"].queue)
    with urlopen(f"{app.url}gradio_api/queue/data?session_hash=leaves", timeout=20) as stream:
        stream.readline()
    until(lambda: not getattr(app.waiting.event_ids_to_events.get(leaves), "alive", False))
    held()
    assert "process_completed" in app.send("gradio_api/queue/data?session_hash=stays")
    until(lambda: not {stays, leaves} & set(app.waiting.event_ids_to_events))
    assert len(drawn) == 1


@pytest.mark.parametrize(
    ("host", "told", "session", "who"),
    [
        ("9.9.9.9", "", None, "9.9.9.9"),
        ("9.9.9.9", "8.8.8.8", "s", "9.9.9.9"),
        ("10.0.0.7", "6.6.6.6, 8.8.8.8", "s", "8.8.8.8"),
        ("10.0.0.7", "8.8.8.8, 10.0.0.9", "s", "8.8.8.8"),
        ("127.0.0.1", "", "s", "s"),
        ("127.0.0.1", "<b>, nobody", None, None),
        ("::1", "2606:4700::1111", "s", "2606:4700::1111"),
        ("::1", "8.8.8.8" + ",::1" * 20_000, "s", "s"),
    ],
)
def test_a_visitor_is_known_by_the_address_that_no_visitor_can_invent(host, told, session, who):
    from bertsim.ui.waiting import visitor

    request = SimpleNamespace(client=SimpleNamespace(host=host), headers={"x-forwarded-for": told})
    assert visitor(request, session) == who  # type: ignore[arg-type]


def test_a_share_that_is_no_number_is_refused(monkeypatch):
    from bertsim.ui import serve as serve_app

    monkeypatch.setenv("BERTSIM_MAX_PER_VISITOR", "many")
    with pytest.raises(bertsim.BertsimError, match=r"BERTSIM_MAX_PER_VISITOR is 'many'; a whole number was"):
        serve_app()


def test_what_no_option_of_serve_says_the_environment_does_and_heads_go_with_their_encoder(monkeypatch):
    from bertsim import ui
    from bertsim.cli.main import main
    from bertsim.ui import app

    def shelf(catalog: Any, **given: Any) -> SimpleNamespace:
        return SimpleNamespace(encoder=catalog.start.name, ask=lambda: None, **given)

    served, ports = list[tuple[object, ...]](), [free_port(), free_port()]
    monkeypatch.setattr(ui, "keep_together", lambda: None)
    monkeypatch.setattr(ui, "Shelf", shelf)
    monkeypatch.setattr(app, "build_app", lambda shelf: shelf)
    monkeypatch.setattr(
        app, "launch", lambda app, shelf, *how: served.append((shelf.encoder, shelf.heads, shelf.engine, *how))
    )
    said = {"ENCODER": "user/encoder", "HEADS": "user/heads", "ENGINE": "tensorflow", "HOST": "localhost"}
    for name, value in (said | {"PORT": str(ports[0]), "SHARE": "1"}).items():
        monkeypatch.setenv(f"BERTSIM_{name}", value)
    assert main(["serve"]) == 0
    words = ["--encoder", "user/other", "--engine", "litert", "--host", "127.0.0.1", "--port", str(ports[1])]
    assert main(["serve", *words]) == 0
    assert served == [
        ("user/encoder", "user/heads", "tensorflow", "localhost", ports[0], True, 0),
        ("user/other", None, "litert", "127.0.0.1", ports[1], True, 0),
    ]


def test_an_app_that_is_too_busy_at_its_start_to_show_gradio_its_page_is_served(model, monkeypatch):
    monkeypatch.setattr("gradio.networking.url_ok", lambda url: False)
    for app in serve(model):
        assert app.fetch(app.ask())["withheld"] is None


def test_no_queue_can_take_the_last_thread_from_another(app):
    from bertsim.ui.waiting import MAX_THREADS

    limits: dict[str, int] = {}
    for fn in app.blocks.fns.values():
        if fn.fn and fn.queue:
            limit = 1 if fn.concurrency_limit == "default" else fn.concurrency_limit
            limits[fn.concurrency_id] = min(limit, limits.get(fn.concurrency_id, limit))
    assert {"model", "press", "encoder", "api", "score"} <= set(limits)
    assert sum(limits.values()) < MAX_THREADS


def test_a_long_job_submits_few_batches_ahead(model, monkeypatch):
    class Watched(ThreadPoolExecutor):
        most = under_way = 0

        def submit(self, *args: Any) -> Any:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            future = super().submit(*args)
            future.add_done_callback(self._done)
            return future

        def _done(self, future: object) -> None:
            self.under_way -= 1

    sentences = [f"Sentence {n} of a long list of such." for n in range(600)]
    wanted = model.embed(sentences)
    with Watched(1) as pool:
        monkeypatch.setattr(type(model._engine), "pool", pool)
        found = model.embed(sentences)
    assert found == pytest.approx(wanted, abs=1e-6)
    assert pool.most <= 2 * model._engine.parallel_batches + 1


def test_pages_that_wait_for_the_encoder_of_their_link_hold_up_no_comparison(app, far):
    opened = {app.join(f"far{n}", "open_page", f"?encoder={far}") for n in range(3)}
    until(lambda: not app.waiting.event_queue_per_concurrency_id["open"].queue)
    app.join("near", "compare_pair")
    assert '"success":true' in app.send("gradio_api/queue/data?session_hash=near")
    assert opened <= set(app.waiting.event_ids_to_events)


@pytest.mark.parametrize("name", ["score", "compare"])
def test_a_program_waits_a_little_for_an_encoder_and_takes_nobody_s_place_meanwhile(app, far, monkeypatch, name):
    monkeypatch.setattr("bertsim.ui.waiting.PATIENCE", 4.0)
    events = [app.ask(name, far) for _ in range(40)]
    app.fetch(app.ask(name), name)
    assert set(events) <= set(app.waiting.event_ids_to_events)
    told = app.send(f"gradio_api/call/v2/{name}/{events[0]}")
    assert f"{far} is not there yet (Waiting for another encoder); ask again in a moment, or use bertsim" in told
    until(lambda: not set(events) & set(app.waiting.event_ids_to_events))


def test_a_program_s_call_for_an_encoder_that_comes_is_answered_by_it(app, model, monkeypatch):
    go = Event()
    monkeypatch.setattr(Shelf, "_load", lambda shelf, loading: (go.wait(30) and model, None))
    event = app.ask("compare", WELL_KNOWN[1].name)
    app.fetch(app.ask("compare"), "compare")
    assert event in app.waiting.event_ids_to_events
    go.set()
    assert app.fetch(event, "compare")["settings"]["encoder"] == model.name


HELD = """
import sys, time
from pathlib import Path
from bertsim import SimilarityModel, ui
held, real = Path(sys.argv[2]), SimilarityModel.compare
def compare(self, a, b, **options):
    if a == "held":
        held.with_suffix(".begun").touch()
        while held.exists():
            time.sleep(0.02)
    return real(self, a, b, **options)
SimilarityModel.compare = compare
ui.serve(port=int(sys.argv[1]))
"""


def test_an_app_that_is_told_to_end_finishes_what_runs_and_lets_nothing_in(tmp_path):
    held, log, port = tmp_path / "held", tmp_path / "log", free_port()
    held.touch()
    with log.open("w") as out:
        words = [sys.executable, "-c", HELD, str(port), str(held)]
        process = subprocess.Popen(words, cwd=ROOT, stdout=out, stderr=out)
    try:
        app = App(f"http://127.0.0.1:{port}/", None, None)
        wait_for_page(app.url, process, log)
        tool = {"name": "score", "arguments": {"sentence_a": A, "sentence_b": B}}
        called = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": tool}
        assert "'score'" in app.send("gradio_api/mcp/", called, Accept="application/json, text/event-stream")
        asked = {"sentence_a": "held", "sentence_b": B}
        event = json.loads(app.send("gradio_api/call/v2/compare", asked))["event_id"]
        until(held.with_suffix(".begun").exists)
        with ThreadPoolExecutor(1) as reader:
            answer = reader.submit(app.fetch, event, "compare")
            process.send_signal(signal.SIGTERM)
            until(lambda: not is_ready(app))
            assert app.refused("gradio_api/call/v2/score", asked)[0] == 503
            held.unlink()
            assert answer.result(60)["withheld"] is None
        assert process.wait(9) == 0  # the stream of tools, which has no end, is no reason to wait; Docker gives 10 s
        assert "Traceback" not in log.read_text()
    finally:
        process.kill()
        process.wait()


def is_ready(app: App) -> bool:
    """Whether an app says so."""
    try:
        return bool(app.send("readyz"))
    except HTTPError as error:
        error.close()
        return False


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_an_address_of_ipv6_is_listened_on(model):
    for served in serve(model, host="::1"):
        assert served.url.startswith("http://[::1]:")
        assert served.fetch(served.ask()) == served.fetch(served.ask())
