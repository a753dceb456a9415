"""Files on their way: a visitor's file in, bytes as they come, and what was made of it out. Not through Gradio.

Gradio's own way in takes files from anyone, a thousand at a time, and keeps them for good; it stays closed. In:
requests for `files/TICKET/NAME`. Out: the file on the desk, or its scored rows; a refusal of one sentence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, StreamingResponse

from bertsim.errors import BertsimError, InputError
from bertsim.ui.calls import sentence
from bertsim.ui.desk import NO_ROOM, Desk, Visit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/files/"
"""What the paths of all of it begin with."""
BINARY = "application/octet-stream"
"""The type by which a file is sent, which no form of another site can send."""
Making = Callable[[Visit], Iterator[bytes]]
"""What makes a file of a visit. Raises: InputError, where there is nothing to make it of."""
TOGETHER, SECONDS = 8, 600.0
"""Files on their way at the same time, and seconds that each has: meanwhile it keeps its disk, deleted or not."""
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class _Bounded:
    """ASGI app: so many requests of another one at the same time, each for so long; the next is told to come again."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self._under_way = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._under_way >= TOGETHER:
            told = {"detail": "Too many files are on their way; try again in a minute."}
            await JSONResponse(told, 503, {"Retry-After": "60"})(scope, receive, send)
            return
        self._under_way += 1
        try:
            with suppress(TimeoutError):  # the rest is not fetched; what was sent is refused before
                async with asyncio.timeout(1.1 * SECONDS):
                    await self.app(scope, receive, send)
        finally:
            self._under_way -= 1


def build_transfers(desk: Desk, makes: Mapping[str, tuple[str, Making]]) -> ASGIApp:
    """What answers requests whose path begins with `PATH`.

    Args:
        desk: where files lie.
        makes: of each name that can be fetched, its media type and what makes it.
    """
    # its limit takes the place of that of all other requests
    app = FastAPI(openapi_url=None, max_body_size=desk.limits.bytes or None)

    @app.post(PATH + "{ticket}/sent")
    async def receive(ticket: str, name: str, request: Request) -> dict[str, str]:
        with _refused(403):
            if not desk.limits.bytes:
                raise InputError("this host takes no files.")
            if request.headers.get("content-type") != BINARY:
                raise InputError(f"a file is sent as {BINARY}.")
            visit = desk.of(ticket)
            desk.begin(visit, name)
        with _refused(413):
            await _receive(desk, visit, request)
        return {}

    @app.get(PATH + "{ticket}/{name}")
    def fetch(ticket: str, name: str) -> StreamingResponse:
        with _refused(404):
            if name not in makes:
                raise InputError("there is no such file.")
            kind, make = makes[name]
            parts = make(desk.of(ticket))
            first = next(parts, b"")
        named = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
        return StreamingResponse(_chained(first, parts), media_type=kind, headers=_HEADERS | named)

    return _Bounded(app)


async def _receive(desk: Desk, visit: Visit, request: Request) -> None:
    """Write a file to disk as it comes. Raises: InputError, where it is no longer waited for, or has no room."""
    run, is_whole = visit.run, False
    try:
        async with asyncio.timeout(SECONDS):
            with visit.upload.open("wb") as file:
                while not is_whole:
                    message = await request.receive()
                    if message["type"] == "http.disconnect" or visit.run != run:
                        raise InputError("the page was left, or this host needed the room; send the file again.")
                    part = message.get("body", b"")
                    visit.size += len(part)
                    desk.make_room(visit)
                    await asyncio.to_thread(file.write, part)
                    is_whole = not message.get("more_body")
    except TimeoutError as error:
        raise InputError("the file was too long on its way; send it again.") from error
    except OSError as error:
        raise InputError(NO_ROOM) from error
    finally:
        visit.is_receiving = False
        if not is_whole:
            visit.clear()


@contextmanager
def _refused(status: int) -> Iterator[None]:
    """A BertsimError as an answer of this status, and a full disk as one, too. Raises: HTTPException."""
    try:
        yield
    except BertsimError as error:
        raise HTTPException(status, sentence(str(error)), _HEADERS) from error
    except OSError as error:
        raise HTTPException(503, sentence(NO_ROOM), _HEADERS) from error


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
