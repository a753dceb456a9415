"""Visitors of an app, many at once, each with a connection of its own: what they ask, how long they wait.

It has to be light, for the app shares its cores with it: HTTP/1.1 on bare streams, of which it knows what Gradio's
server says.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from statistics import median
from time import perf_counter
from typing import Any, Self
from urllib.parse import urlsplit

PAIR = ("A man is playing a guitar, for the {}th time.", "Someone plays an instrument.")
_numbers = count()


class Line:
    """A connection that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader, self._writer, self._host = reader, writer, host

    @classmethod
    async def open(cls, url: str) -> Self:
        """Connect to an app."""
        where = urlsplit(url)
        return cls(*await asyncio.open_connection(where.hostname, where.port, limit=2**24), where.netloc)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def send(self, path: str, body: object = None, accept: str = "*/*") -> tuple[int, str]:
        """Status and text of an answer; a body is sent as JSON, bytes as they are."""
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "octet-stream" if isinstance(body, bytes) else "json"
        head = f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nHost: {self._host}\r\nAccept: {accept}\r\n"
        head += f"Content-Type: application/{kind}\r\nContent-Length: {len(data)}\r\n" if data else ""
        self._writer.write(head.encode() + b"\r\n" + data)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        status, text = int(head.split(" ", 2)[1]), b""
        if "transfer-encoding: chunked" not in head:
            length = int(head.partition("content-length:")[2].partition("\r\n")[0])
            return status, (await self._reader.readexactly(length)).decode()
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            text += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readexactly(2)
        return status, text.decode()

    async def call(self, name: str, **asked: object) -> str:
        """Call an endpoint as README says; the answer. Raises RuntimeError where there is none."""
        path = f"/gradio_api/call/v2/{name}"
        status, said = await self.send(path, asked)
        if status == 200:
            status, said = await self.send(f"{path}/{json.loads(said)['event_id']}")
        if status != 200 or "event: complete" not in said:
            raise RuntimeError(f"{name}: {status} {said[:300]}")
        return said

    async def join(self, session: str, fn_index: int, data: list[Any], key: str = "") -> str:
        """An event of the page, by its number; `key`: what was pressed. Raises RuntimeError where it fails."""
        asked = {"data": data, "fn_index": fn_index, "session_hash": session, "event_data": {"key": key}}
        status, said = await self.send("/gradio_api/queue/join", asked)
        if status == 200:
            status, said = await self.send(f"/gradio_api/queue/data?session_hash={session}")
        if status != 200 or '"success":true' not in said.replace(" ", ""):
            raise RuntimeError(f"event {fn_index}: {status} {said[:300]}")
        return said


def pair() -> dict[str, str]:
    """Two sentences that nobody asked before."""
    return {"sentence_a": PAIR[0].format(next(_numbers)), "sentence_b": PAIR[1]}


async def score(line: Line) -> None:
    """One pair by `/score`."""
    await line.call("score", **pair())


@dataclass
class Load:
    """What visitors saw.

    Attributes:
        seconds: how long it took.
        times: seconds that each call took.
        errors: what went wrong, if anything did.
    """

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Calls a second."""
        return len(self.times) / self.seconds

    def waited(self, share: float) -> float:
        """Seconds that this share of the calls took at most; .5 is the median."""
        return median(self.times) if share == 0.5 else sorted(self.times)[int((len(self.times) - 1) * share)]


Visit = Callable[[Line], Awaitable[None]]


def visit(url: str, kinds: list[Visit], seconds: float = 1e9, calls: int | None = None) -> Load:
    """Have one visitor of every kind ask again and again, for so long, or until there were so many calls."""
    return asyncio.run(_visit(url, kinds, seconds, calls))


async def _visit(url: str, kinds: list[Visit], seconds: float, calls: int | None) -> Load:
    load, start, left = Load(), perf_counter(), calls

    async def be(kind: Visit) -> None:
        nonlocal left
        line = await Line.open(url)
        while perf_counter() - start < seconds and left != 0:
            left = None if left is None else left - 1
            began = perf_counter()
            try:
                await kind(line)
            except (RuntimeError, OSError, EOFError) as error:
                load.errors.append(str(error) or type(error).__name__)
                line.close()
                line = await Line.open(url)
            load.times.append(perf_counter() - began)
        line.close()

    await asyncio.gather(*map(be, kinds))
    load.seconds = perf_counter() - start
    return load
