"""Files over HTTP: who may send what, how much and where to, and who can fetch it."""

from __future__ import annotations

import errno
import itertools
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import bertsim
from bertsim.ui.transfer import build_transfers
from tests.test_serving import App, serve, until

BINARY = "application/octet-stream"
PAIRS = b"sentence1\tsentence2\nA dog barks.\tA dog is loud.\n"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def app(model: bertsim.SimilarityModel) -> Iterator[App]:
    """One for all tests of this file, which takes files of 1 MB."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTSIM_MAX_FILE_MEGABYTES", "1")
        yield from serve(model)


def ticket_of(app: App, session: str) -> str:
    """Open the page, as far as the mode of files goes: its ticket."""
    fn = next(fn for fn in app.blocks.fns.values() if fn.api_name == "welcome")
    app.send("gradio_api/queue/join", {"data": [], "fn_index": fn._id, "session_hash": session})
    return re.search(r"files/([\w-]+)/example", app.send(f"gradio_api/queue/data?session_hash={session}"))[1]


def refusal(app: App, path: str, body: object = None, kind: str = BINARY) -> tuple[int, str]:
    """Status and sentence."""
    status, said, _ = app.refused(path, body, Content_Type=kind)
    return status, json.loads(said)["detail"]


def on_disk(app: App) -> list[Path]:
    return [path for path in app.blocks.files.desk._folder.rglob("*") if path.is_file()]


def test_a_file_lies_in_a_folder_that_gradio_does_not_serve(app):
    ticket = ticket_of(app, "one")
    assert app.send(f"files/{ticket}/sent?name=p.tsv", PAIRS, Content_Type=BINARY) == "{}"
    visit = app.blocks.files.desk.of(ticket)
    assert visit.upload.read_bytes() == PAIRS
    for path in (visit.upload, visit.folder.parent / visit.folder.name / ".." / visit.folder.name / "sent.tsv"):
        assert app.refused(f"gradio_api/file={path}")[0] == 404
    assert app.refused(f"files/{ticket}/sent.tsv")[0] == 404
    assert not [path for path in Path(app.blocks.app.uploaded_file_dir).rglob("*.tsv") if path.read_bytes() == PAIRS]


def test_nobody_reaches_a_file_without_its_ticket(app):
    ticket_of(app, "other")
    assert refusal(app, f"files/{'x' * 32}/sent?name=p.tsv", PAIRS) == (
        403,
        "This page is not known any more; load it anew.",
    )
    assert refusal(app, f"files/{'x' * 32}/scored.csv")[0] == 404


def test_what_is_not_taken_is_refused_by_a_sentence(app):
    ticket = ticket_of(app, "two")
    assert refusal(app, f"files/{ticket}/sent?name=run.exe", PAIRS)[1].startswith("run.exe is not taken; send .tsv")
    assert refusal(app, f"files/{ticket}/sent?name=p.tsv", PAIRS, "text/plain")[0] == 403
    assert refusal(app, f"files/{ticket}/scored.csv") == (404, "Nothing is scored here; score a file first.")
    assert refusal(app, f"files/{ticket}/other.csv") == (404, "There is no such file.")
    assert "A plane is taking off." in app.send(f"files/{ticket}/example.tsv")


def test_a_file_that_is_too_large_is_cut_off_while_it_comes_and_leaves_nothing(app):
    before, ticket = on_disk(app), ticket_of(app, "three")
    host, port = app.url.rstrip("/").removeprefix("http://").split(":")
    asked = f"POST /files/{ticket}/sent?name=p.tsv HTTP/1.1\r\nHost: localhost\r\nContent-Type: {BINARY}\r\n"
    with socket.create_connection((host, int(port)), timeout=20) as line:  # which says how much it would send
        line.sendall(f"{asked}Content-Length: 1000001\r\n\r\nx".encode())
        assert line.recv(12) == b"HTTP/1.1 413"
    with socket.create_connection((host, int(port)), timeout=20) as line:  # which does not
        line.sendall(f"{asked}Transfer-Encoding: chunked\r\n\r\n".encode())
        for _ in range(17):
            line.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        assert line.recv(12) == b"HTTP/1.1 413"
    assert on_disk(app) == before


def test_a_file_as_large_as_may_be_is_taken_and_gradio_takes_none(app):
    ticket = ticket_of(app, "four")
    assert app.send(f"files/{ticket}/sent?name=p.tsv", b"x" * 1_000_000, Content_Type=BINARY) == "{}"
    form = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.tsv"\r\n\r\nhello\r\n--x--\r\n'
    status, _, _ = app.refused("gradio_api/upload", form, Content_Type="multipart/form-data; boundary=x")
    assert status == 403


def test_a_full_disk_is_a_sentence_on_the_way_in_and_out(app, monkeypatch):
    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    ticket = ticket_of(app, "full")
    with monkeypatch.context() as full:
        full.setattr(Path, "mkdir", lambda *_, **__: no_room())
        told = (403, "This host has no room for the file now; try again later.")
        assert refusal(app, f"files/{ticket}/sent?name=p.tsv", PAIRS) == told
    with monkeypatch.context() as full:
        full.setattr(Path, "read_bytes", no_room)
        assert refusal(app, f"files/{ticket}/example.tsv") == (503, told[1])
    assert app.send(f"files/{ticket}/sent?name=p.tsv", PAIRS, Content_Type=BINARY) == "{}"


def test_files_on_their_way_are_bounded_in_number_and_time_or_they_would_hold_what_was_deleted(app, monkeypatch):
    monkeypatch.setattr("bertsim.ui.transfer.TOGETHER", 2)
    host, port = app.url.rstrip("/").removeprefix("http://").split(":")
    tickets = [ticket_of(app, f"slow-{number}") for number in range(3)]
    head = f"sent?name=p.tsv HTTP/1.1\r\nHost: localhost\r\nContent-Type: {BINARY}\r\nContent-Length: 999\r\n\r\nx"
    lines = [socket.create_connection((host, int(port)), timeout=20) for _ in range(2)]
    for line, ticket in zip(lines, tickets, strict=False):
        line.sendall(f"POST /files/{ticket}/{head}".encode())
    until(lambda: app.blocks.files.transfers._under_way == 2)
    status, said, wait = app.refused(f"files/{tickets[2]}/example.tsv")
    assert (status, json.loads(said)["detail"]) == (503, "Too many files are on their way; try again in a minute.")
    assert wait == "60"
    for line in lines:
        line.close()
    until(lambda: app.blocks.files.transfers._under_way == 0)
    monkeypatch.setattr("bertsim.ui.transfer.SECONDS", 0.5)
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall(f"POST /files/{tickets[0]}/{head}".encode())
        assert line.recv(12) == b"HTTP/1.1 413"
    makes = {"endless.csv": ("text/csv", lambda _: itertools.repeat(b"x" * 100_000))}
    taking = build_transfers(app.blocks.files.desk, makes)
    monkeypatch.setattr(app.blocks.files.transfers, "app", taking.app)
    with socket.create_connection((host, int(port)), timeout=20) as line:  # which is never read
        line.sendall(f"GET /files/{tickets[0]}/endless.csv HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        until(lambda: app.blocks.files.transfers._under_way == 1)
        until(lambda: app.blocks.files.transfers._under_way == 0)


def test_files_of_many_who_never_come_back_are_bounded(app):
    for number in range(25):
        ticket = ticket_of(app, f"lost-{number}")
        app.send(f"files/{ticket}/sent?name=p.tsv", b"x" * 1_000_000, Content_Type=BINARY)
    assert sum(path.stat().st_size for path in on_disk(app)) <= 20_000_000
    assert len(on_disk(app)) == 20


def test_a_visitor_has_one_file_and_it_goes_when_the_page_is_left(app):
    ticket = ticket_of(app, "five")
    visit = app.blocks.files.desk.of(ticket)
    for name in ("a.tsv", "b.csv"):
        app.send(f"files/{ticket}/sent?name={name}", PAIRS, Content_Type=BINARY)
    assert [path.name for path in visit.folder.iterdir()] == ["sent.csv"]
    fn = next(fn for fn in app.blocks.fns.values() if any(event == "unload" for _, event in fn.targets))
    assert fn.fn.__name__ == "part"
    app.blocks.files.desk.leave("five")
    assert not visit.folder.exists()
    assert refusal(app, f"files/{ticket}/example.tsv")[0] == 404


def test_a_host_that_takes_no_files_says_so(model, monkeypatch):
    monkeypatch.setenv("BERTSIM_MAX_FILE_MEGABYTES", "0")
    for app in serve(model):
        ticket = ticket_of(app, "six")
        assert refusal(app, f"files/{ticket}/sent?name=p.tsv", PAIRS) == (403, "This host takes no files.")
        assert "A plane is taking off." in app.send(f"files/{ticket}/example.tsv")
