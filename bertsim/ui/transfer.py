"""Files on their way: a visitor's file in, bytes as they come, and what was made of it out. Not through Gradio.

Gradio's own way in takes files from anyone, a thousand at a time, and keeps them for good; it stays closed. In: ASGI
requests for `files/TICKET/NAME`. Out: the file on the desk, or its scored rows; a refusal of one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from anyio.to_thread import run_sync
from fastapi import Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import ClientDisconnect

from bertsim.errors import BertsimError, InputError
from bertsim.ui.calls import sentence
from bertsim.ui.desk import Desk, Visit

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

PATH = re.compile(r"/files/([\w-]{20,64})/([^/]+)")
BINARY = "application/octet-stream"
Making = Callable[[Visit], Iterator[bytes]]
"""What makes a file of a visit. Raises: InputError, where there is nothing to make it of."""


class Transfers:
    """What is behind `files/`.

    Args:
        desk: where files lie.
        makes: of each name that can be fetched, its media type and what makes it.
    """

    def __init__(self, desk: Desk, makes: Mapping[str, tuple[str, Making]]) -> None:
        self.desk, self.makes = desk, makes
        # the limit of this path takes the place of that of all others
        self._receives = RequestBodyLimitMiddleware(self._receive, max(desk.limits.bytes, 1))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request whose path is `PATH`."""
        if scope["method"] == "POST":
            await self._receives(scope, receive, send)
            return
        ticket, name = self._asked(scope)
        try:
            if scope["method"] != "GET" or name not in self.makes:
                raise InputError("there is no such file.")
            kind, make = self.makes[name]
            parts = make(self.desk.of(ticket))
            first = await run_sync(next, parts, b"")
        except BertsimError as error:
            await _refusal(error, 404)(scope, receive, send)
            return
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", "Cache-Control": "no-store"}
        whole = StreamingResponse(_chained(first, parts), media_type=kind, headers=headers | _NOSNIFF)
        await whole(scope, receive, send)

    def _asked(self, scope: Scope) -> tuple[str, str]:
        found = PATH.fullmatch(scope["path"])
        return (found[1], unquote(found[2])) if found else ("", "")

    async def _receive(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write a file to disk as it comes."""
        request, most = Request(scope, receive), self.desk.limits.bytes
        ticket, _ = self._asked(scope)
        answer: Response = JSONResponse({}, 200)
        try:
            if request.headers.get("content-type") != BINARY:  # which no form of another site can send
                raise InputError(f"a file is sent as {BINARY}.")
            if not most:
                raise InputError("this host takes no files.")
            visit = self.desk.of(ticket)
            self.desk.begin(visit, request.query_params.get("name", ""))
        except BertsimError as error:
            await _refusal(error, 403)(scope, receive, send)
            return
        run, is_whole = visit.run, False
        try:
            with visit.upload.open("wb") as file:
                async for part in request.stream():
                    if visit.run != run:
                        raise InputError("the page has been left, or this host needed the room; send the file again.")
                    visit.size += len(part)
                    if visit.size > most:
                        raise InputError(f"the file has more than {self.desk.limits.megabytes} MB, the most here.")
                    self.desk.make_room(visit)
                    await run_sync(file.write, part)
            is_whole = True
        except InputError as error:
            answer = _refusal(error, 413)
        except OSError:
            answer = _refusal(InputError("this host has no room for the file; try again later."), 507)
        except ClientDisconnect:
            return
        finally:
            visit.is_receiving = False
            if not is_whole:
                visit.clear()
        await answer(scope, receive, send)


_NOSNIFF = {"X-Content-Type-Options": "nosniff"}


def _refusal(error: BertsimError, status: int) -> Response:
    return JSONResponse({"detail": sentence(str(error))}, status, _NOSNIFF)


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
