"""The served app, and one connection to it: an answer is judged as it comes.

The app runs in this process, so that a traceback that it writes is seen. An answer is a status below 500 (or 503, which
says when to try again), and where an event came of it, one that is complete, or an error with a sentence.
"""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote, urlsplit

from tests.fuzz.route import ANSWERED, REFUSED, Fault

API = "/gradio_api"


class _Watch(io.TextIOBase):
    """What is written to stderr; remembers a traceback."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.seen = stream, list[str]()

    def write(self, text: str) -> int:
        self.seen.append(text)
        return len(text)

    def take(self) -> str:
        """What was written until now, if a traceback is in it."""
        written = "".join(self.seen)
        self.seen.clear()
        return written if "Traceback" in written else ""


class Client:
    """One connection to the app, opened anew where it was closed."""

    def __init__(self, url: str, watch: _Watch) -> None:
        self.host, self.watch = urlsplit(url).netloc, watch
        self.line = HTTPConnection(self.host, timeout=20)

    def close(self) -> None:
        """Close the connection."""
        self.line.close()

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
        """Status and text of an answer."""
        for again in (True, False):
            try:
                self.line.request(method, path, body, {"Content-Type": "application/json"} | headers)
                with self.line.getresponse() as reply:
                    return reply.status, reply.read().decode("utf-8", "replace")
            except (HTTPException, OSError) as error:
                self.line.close()
                if not again or isinstance(error, TimeoutError):
                    raise Fault(f"no answer: {type(error).__name__}") from error
        raise AssertionError

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
        """The same; a fault where the app failed."""
        status, said = self.send(method, path, body, **headers)
        if status >= 500 and status != 503:
            raise Fault(f"HTTP {status}")
        self.check_log()
        return status, said

    def check_log(self) -> None:
        """Raise a fault where the app wrote a traceback."""
        if written := self.watch.take():
            lines = written.strip().splitlines()
            places = [line for line in lines if line.lstrip().startswith("File ")] or [""]
            raise Fault(f"a traceback: {places[-1].strip()}: {lines[-1][:100] if len(lines[-1]) < 500 else 'long'}")

    def call(self, path: str, body: bytes) -> str:
        """Call an endpoint, and fetch its answer."""
        status, said = self.ask("POST", path, body)
        if status != 200:
            return self._refused(said)
        event = json.loads(said)["event_id"]
        _, told = self.ask("GET", f"{path.partition('?')[0].rstrip('/')}/{event}")
        kind, data = [line.partition(": ")[2] for line in told.strip().splitlines()[-2:]]
        if kind == "complete":
            json.loads(data, parse_constant=_no_constant)
            return ANSWERED
        return self._error(json.loads(data))

    def join(self, query: str, body: dict[str, Any]) -> str:
        """Send an event of the page, and wait for what comes of it."""
        status, said = self.ask("POST", f"{API}/queue/join?{query}", json.dumps(body).encode())
        if status != 200:
            return self._refused(said)
        session = quote(str(body["session_hash"]), safe="", errors="replace")
        _, told = self.ask("GET", f"{API}/queue/data?session_hash={session}")
        messages = [json.loads(line[6:]) for line in told.splitlines() if line.startswith("data: ")]
        done = [each for each in messages if each["msg"] == "process_completed"]
        if not done:
            raise Fault(f"no end: {told[-160:]}")
        return ANSWERED if done[-1]["success"] else self._error(done[-1]["output"])

    def _refused(self, said: str) -> str:
        if "Traceback" in said or len(said) > 20_000:
            raise Fault(f"no sentence: {said[:100]}")
        return REFUSED

    def _error(self, data: Any) -> str:
        said = data.get("error") if isinstance(data, dict) else data
        if not isinstance(said, str) or "Traceback" in said or not said.strip():
            raise Fault(f"an error without a sentence: {data!r:.80}")
        return REFUSED


def _no_constant(name: str) -> None:
    raise Fault(f"{name} in an answer")


_shared: list[Any] = []


@contextmanager
def served_app() -> Iterator[tuple[Any, Client]]:
    """The app, served once for all routes of a process."""
    from tests.commands import load_bundled_once
    from tests.test_serving import serve

    if not _shared:
        served = serve(load_bundled_once())
        _shared.extend((next(served), served))
    app = _shared[0]
    watch = _Watch(sys.stderr)
    handler = logging.StreamHandler(watch)
    logging.getLogger().addHandler(handler)
    logging.getLogger("uvicorn.error").handlers[:] = [handler]
    sys.stderr = watch  # type: ignore[assignment]
    try:
        with closing(Client(app.url, watch)) as client:
            yield app, client
    finally:
        sys.stderr = watch.stream
        logging.getLogger().removeHandler(handler)
        logging.getLogger("uvicorn.error").removeHandler(handler)


def end_app() -> None:
    """Stop serving."""
    if _shared:
        next(_shared[1], None)
        _shared.clear()
