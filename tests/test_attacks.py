"""What is promised against whoever means harm to a served app, each by a test; `attacks.md` is the list."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

import bertsim
from tests.test_house import ROOT
from tests.test_serving import App, serve, until

A, B = "A plane is taking off.", "An aeroplane departs."
SCORE = "gradio_api/call/v2/score"


@pytest.fixture(scope="module")
def app(model: bertsim.SimilarityModel) -> Iterator[App]:
    """One for all tests of this file."""
    yield from serve(model)


def refused(app: App, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, str]:
    """Status and sentence of a refusal."""
    named = {"Content-Type": "application/json"} | {key.replace("_", "-"): value for key, value in headers.items()}
    with pytest.raises(HTTPError) as caught:
        urlopen(Request(app.url + path, body, named, method=method), timeout=30).close()
    with caught.value as error:
        assert error.headers["X-Content-Type-Options"] == "nosniff"
        return error.code, json.loads(error.read())["detail"]


def raw(app: App, sent: bytes) -> bytes:
    """The beginning of what bytes on a connection are answered by."""
    host, port = app.url.removeprefix("http://").rstrip("/").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall(sent)
        return line.recv(4000)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example", "http://127.0.0.1:1"]
)
def test_another_site_is_answered_nothing(app, method, origin):
    path, body = ("config", None) if method == "GET" else (SCORE, b"{}")
    status, said = refused(app, path, method, body, Origin=origin)
    assert (status, said[:40]) == (403, "this app does not answer other sites, su")


@pytest.mark.slow
def test_its_own_page_is_answered_be_it_behind_a_proxy(app):
    own = app.url.rstrip("/")
    asked = {"sentence_a": A, "sentence_b": B}
    assert "event_id" in app.send(SCORE, asked, Origin=own)
    for told in ("x.example", "x.example, inner.local", "x.example:443,inner.local"):  # as one proxy says it, and two
        assert "event_id" in app.send(SCORE, asked, Origin="https://x.example", X_Forwarded_Host=told)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["X_Forwarded_Host", "Host", "X_Gradio_Server"])
@pytest.mark.parametrize("host", ["a:b:c", "[::1", "1.2.3.999"])
def test_an_address_that_is_none_is_refused(app, name, host):
    address = f"http://{host}"
    told = f"{address!r} is no address of a host; give the name that this app is asked by."
    for path in ("", "config"):
        assert refused(app, path, **{name: address if "Server" in name else host}) == (400, told)


@pytest.mark.slow
def test_an_app_of_this_machine_goes_by_no_other_name(app):
    told = "this app is not 'evil.example'; whoever runs it can say so by BERTSIM_HOSTS."
    assert refused(app, "config", Host="evil.example") == (403, told)
    app.send("healthz", Host="localhost:1")


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [
        *("gradio_api/proxy=http://127.0.0.1:1/", "gradio_api/file=http://127.0.0.1:1/", "gradio_api/file=/etc/passwd"),
        *("gradio_api/file/etc/passwd", "gradio_api/file=../../etc/passwd", "static/%2e%2e/%2e%2e/etc/passwd"),
        *("gradio_api/stream/a/b/1/playlist-file", "gradio_api/deep_link?session_hash=x", "gradio_api/vibe-code"),
        *("gradio_api/runs", "monitoring", "gradio_api/dev/reload", "gradio_api/custom_component/a/client/b/c"),
        *(
            "?deep_link=abc",
            "?page=x",
            "?a=b&p%61ge=x",
            "?page=&%70age=x",
            "config?%64eep_link=x",
            "gradio_api/mcp/sse",
            "config?deep_link=../x",
            "pwa_icon/9999",
            "logout",
            "gradio_api/queue/data?session_hash=x",
        ),
        *("gradio_api/call/score/0123456789", "gradio_api/call/v2/score/0123456789", "assets/../../../../etc/passwd"),
        *("assets/" + "a" * 300, "static/" + "%C3%A9" * 150, "assets/" + "a/" * 3000),
    ],
)
def test_what_the_page_needs_not_is_not_there(app, path):
    with pytest.raises(HTTPError) as caught:
        urlopen(app.url + path, timeout=30).close()
    with caught.value as error:
        assert error.code in (403, 404)
        assert b"root:" not in error.read()


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [
        *("run/score", "api/score", "component_server", "stream/x", "process_recording", "vibe-edit"),
        f"mcp/messages/?session_id={'a' * 32}",
    ],
)
def test_nothing_is_taken_where_the_page_sends_nothing(app, path):
    assert refused(app, f"gradio_api/{path}", "POST", b'{"data": []}')[0] == 404


@pytest.mark.slow
def test_whoever_is_answered_is_told_how_it_may_be_used(app, monkeypatch):
    from bertsim.ui.guard import Guard

    with urlopen(app.url, timeout=30) as reply:
        told = reply.headers
        assert b"Compare" in reply.read()
    assert (told["X-Content-Type-Options"], told["Referrer-Policy"]) == ("nosniff", "same-origin")
    assert (told["Content-Security-Policy"], told["X-Frame-Options"]) == ("frame-ancestors 'self'", "SAMEORIGIN")
    monkeypatch.setenv("SPACE_ID", "user/space")
    says = dict(Guard(None, SimpleNamespace(), "0.0.0.0", "", 1)._says)  # type: ignore[arg-type]
    assert says[b"content-security-policy"] == b"frame-ancestors 'self' https://huggingface.co https://*.hf.space"
    assert b"x-frame-options" not in says


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        (
            SCORE,
            b'{"sentence": "a", "sentence_b": "b"}',
            422,
            "score has no 'sentence'; it takes sentence_a, sentence_b",
        ),
        (
            SCORE,
            b'{"sentence_a": "a"}',
            422,
            "score needs sentence_b; it takes sentence_a, sentence_b, scorer, encoder.",
        ),
        (SCORE, b'{"sentence_a": "a", "sentence_a": "b"}', 422, "the request names 'sentence_a' twice in one object"),
        (SCORE, b'{"sentence_a": NaN, "sentence_b": "b"}', 422, "the request holds NaN, which JSON does not have."),
        (SCORE, b'{"sentence_a": 1e999, "sentence_b": "b"}', 422, "the request holds 1e999, which no number can be."),
        (
            SCORE,
            b'{"sentence_a": %s, "sentence_b": "b"}' % (b"9" * 5000),
            422,
            "the request is no JSON: Exceeds the limit",
        ),
        (SCORE, b"[" * 100_000, 422, "the request is nested too deep; 100 lists"),
        ("gradio_api/call/score", b'{"data": [%s0%s]}' % (b"[" * 950, b"]" * 950), 422, "the request is nested"),
        ("gradio_api/mcp/", b'{"id": %s0%s}' % (b"[" * 950, b"]" * 950), 422, "the request is nested too deep"),
        (SCORE, b"[1]", 422, "the request is a list; a JSON object, {…}, was expected."),
        (SCORE, b"", 422, "the request is no JSON: Expecting value"),
        ("gradio_api/call/v2/nothing", b"{}", 404, "there is no endpoint 'nothing'; there are score, compare"),
        ("gradio_api/call/compare_pair", b'{"data": []}', 404, "there is no endpoint 'compare_pair'"),
        ("gradio_api/call/score", b'{"data": ["a"]}', 422, "score takes 4 values, and 1 were given."),
        (
            "gradio_api/call/score",
            b'{"session_hash": 5, "data": []}',
            422,
            "the request's session_hash: Input should be",
        ),
        (
            "gradio_api/queue/join",
            b'{"data": [], "fn_index": 9999, "session_hash": "x"}',
            422,
            "there is no event 9999",
        ),
        ("gradio_api/cancel", b'{"session_hash": "\\ud800"}', 422, "the request's fn_index: Field required."),
    ],
)
def test_a_body_that_is_no_call_is_one_sentence(app, path, body, status, told):
    found, said = refused(app, path, "POST", body)
    assert (found, said[: len(told)]) == (status, told)


@pytest.mark.slow
def test_no_value_is_taken_for_a_file_or_an_address(app):
    folder = Path(app.blocks.app.uploaded_file_dir)
    before = sorted(folder.rglob("*")) if folder.exists() else []
    file = {"path": "/etc/passwd", "url": "http://127.0.0.1:1/", "meta": {"_type": "gradio.FileData"}}
    for data in ([file, "b", "cosine", ""], [[[file]], "b", "cosine", ""]):
        status, said = refused(app, "gradio_api/call/score", "POST", json.dumps({"data": data}).encode())
        assert (status, said[:21]) == (422, "an argument is a file")
    event = next(fn for fn in app.blocks.fns.values() if fn.api_name == "compare_pair")
    values = [getattr(block, "value", None) for block in event.inputs]
    body = {"fn_index": event._id, "session_hash": "x", "data": [file, *values[1:]]}
    status, said = refused(app, "gradio_api/queue/join", "POST", json.dumps(body).encode())
    assert (status, said[:13]) == (422, "Sentence A is")
    for fn in app.blocks.fns.values():  # wherever it stands in what an event brings
        values = [getattr(block, "value", None) for block in fn.inputs]
        for place in (place for place, block in enumerate(fn.inputs) if not block.stateful):
            for given in (file, [file]):
                body = {"fn_index": fn._id, "session_hash": "x", "data": [*values[:place], given, *values[place + 1 :]]}
                assert refused(app, "gradio_api/queue/join", "POST", json.dumps(body).encode())[0] == 422
    assert (sorted(folder.rglob("*")) if folder.exists() else []) == before


@pytest.mark.slow
def test_a_value_of_another_kind_is_refused_as_what_it_is(app):
    event = json.loads(app.send("gradio_api/call/score", {"data": ["a", "b", {}, ""]}))["event_id"]
    assert "scorer is '{}'; known are" in app.send(f"gradio_api/call/score/{event}")
    asked = {"query": {}, "sentences": []}
    event = json.loads(app.send("gradio_api/call/v2/rank", asked))["event_id"]
    assert "is dict {}; a string was expected" in app.send(f"gradio_api/call/v2/rank/{event}")
    called = {"jsonrpc": "2.0", "id": "\ud8c7", "method": "tools/list"}
    told = refused(app, "gradio_api/mcp/", "POST", json.dumps(called).encode())
    assert told == (422, "the request's id or method holds half a surrogate pair; send whole characters.")


@pytest.mark.slow
def test_bodies_that_come_at_the_same_time_are_bounded_all_together(app, monkeypatch):
    monkeypatch.setattr("bertsim.ui.guard.MAX_HELD", 100_000)
    host, port = app.url.removeprefix("http://").rstrip("/").split(":")
    head = b"POST /gradio_api/mcp/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 70000\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=20) as first:
        first.sendall(head + b" " * 69_000)
        sleep(0.5)  # until that has come
        told = (503, "too much text is on its way; try again in 5 seconds.")
        assert refused(app, "gradio_api/mcp/", "POST", b" " * 69_000) == told
        assert json.loads(app.send(SCORE, {"sentence_a": A, "sentence_b": B}))["event_id"]  # a short one is let in
    until(lambda: app.send(SCORE, {"sentence_a": A + " " * 69_000, "sentence_b": B}))


@pytest.mark.slow
def test_what_stands_twice_in_a_request_is_read_as_what_comes_next_reads_it(app):
    folder = Path(app.blocks.app.uploaded_file_dir)
    before = sorted(folder.rglob("*")) if folder.exists() else []
    form = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n\r\n--x--\r\n'
    head = b"POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n" % len(form)
    types = b"Content-Type: multipart/form-data; boundary=x\r\nContent-Type: application/json\r\n\r\n"
    assert raw(app, head + types + form).startswith(b"HTTP/1.1 403")
    assert (sorted(folder.rglob("*")) if folder.exists() else []) == before
    event = app.ask()
    for query in (f"session_hash={event}&session_hash=stranger", f"session_hash={event}&session_hash="):
        with pytest.raises(HTTPError) as caught:
            urlopen(f"{app.url}gradio_api/queue/data?{query}", timeout=30).close()
        with caught.value as error:
            assert error.code == 404
    app.fetch(event)


@pytest.mark.slow
def test_a_body_that_comes_slowly_or_without_end_is_given_up(app, monkeypatch):
    monkeypatch.setattr("bertsim.ui.guard.BODY_SECONDS", 0.3)
    head = b"POST /gradio_api/call/v2/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    began = monotonic()
    assert raw(app, head + b"Content-Length: 100\r\n\r\n{").startswith(b"HTTP/1.1 408")
    assert monotonic() - began < 15
    monkeypatch.setattr("bertsim.ui.guard.BODY_SECONDS", 30)
    chunk = b"186a0\r\n" + b" " * 100_000 + b"\r\n"
    assert b"HTTP/1.1 413" in raw(app, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 82)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        *("choose", "open_row", "go_back", "press_picture", "run_example", "bring_back"),
        *("choose_encoder", "open_chosen", "stop", "redraw"),
    ],
)
def test_what_was_never_on_the_page_cannot_be_pressed(app, name):
    for event_data in (None, {}, {"key": "99"}, {"key": "²"}, {"key": -1}, {"index": 99, "value": "x"}, {"key": "a²x"}):
        for fn in (fn for fn in app.blocks.fns.values() if fn.api_name == name):
            data = ["" if value is None else value for value in (getattr(each, "value", None) for each in fn.inputs)]
            if data and isinstance(getattr(fn.inputs[-1], "value", ""), float | int | None):
                data[-2:] = "saw", 1
            body = {"fn_index": fn._id, "session_hash": f"never{fn._id}", "data": data, "event_data": event_data}
            try:
                app.send("gradio_api/queue/join", body)
            except HTTPError as error:  # a value that its component cannot have
                error.close()
                continue
            told = app.send(f"gradio_api/queue/data?session_hash=never{fn._id}")
            assert "process_completed" in told
            assert '"success":true' in told or "That did not work" in told, told


def test_every_promise_names_tests_that_there_are():
    listed = (ROOT / "tests" / "attacks.md").read_text("utf-8")
    rows = [line for line in listed.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert len(rows) >= 20
    for row in rows:
        named = re.findall(r"`(\w+(?:/\w+)?)\.(test_\w+)`", row)
        assert named, row
        for file, test in named:
            assert f"def {test}(" in (ROOT / "tests" / f"{file}.py").read_text("utf-8"), (file, test)
