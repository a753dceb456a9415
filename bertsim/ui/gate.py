"""What every request passes before Gradio sees it: whether the app is up, files that nobody asked for, who listens.

In: ASGI requests. Out: the same requests, or an answer. `/healthz`: the process answers. `/readyz`: it has a model and
is not about to end.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from fastapi.datastructures import Headers
from fastapi.responses import JSONResponse, PlainTextResponse
from gradio.route_utils import API_PREFIX
from gradio.server_messages import CloseStreamMessage, UnexpectedErrorMessage

from bertsim.ui.shelf import Shelf
from bertsim.ui.transfer import PATH
from bertsim.ui.waiting import Waiting

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

MAX_BODY = 8_000_000
"""Bytes of a request; a larger one is answered by 413."""
MAX_UPLOAD = 0
"""Bytes of a file that Gradio takes, from anyone and for good: none. Files of pairs go another way, see `transfer`."""
_NO_MORE = f"data: {CloseStreamMessage().model_dump_json()}\n\n"
_LOST = "Nothing is on its way here; ask anew."
_UNKNOWN = f"data: {UnexpectedErrorMessage(message=_LOST, session_not_found=True).model_dump_json()}\n\n"
_NO_EVENT = f'event: error\ndata: "{_LOST}"\n\n'
_STREAM = f"{API_PREFIX}/queue/data"
_ANSWER = re.compile(rf"{API_PREFIX}/call/(?:v2/)?[^/]+/([^/]+)/?")


class Gate:
    """ASGI middleware of an app.

    Args:
        app: what is behind it.
        waiting: the app's queue.
        shelf: its models.
        transfers: what files of pairs go through.
    """

    def __init__(self, app: ASGIApp, waiting: Waiting, shelf: Shelf, transfers: ASGIApp) -> None:
        self.app, self.waiting, self.shelf, self.transfers = app, waiting, shelf, transfers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it pass."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] in ("/healthz", "/readyz"):
            await self._health(scope["path"])(scope, receive, send)
        elif scope["path"].startswith(PATH):
            await self.transfers(scope, receive, send)
        elif scope["method"] == "GET":
            session = self._listens(scope)
            if session is None:
                await self.app(scope, receive, send)
            elif self.waiting.has_told_all(session):
                await PlainTextResponse(_NO_MORE, media_type="text/event-stream")(scope, receive, send)
            elif session not in self.waiting.pending_messages_per_session:  # of which Gradio makes a traceback
                unknown = _UNKNOWN if scope["path"] == _STREAM else _NO_EVENT
                await PlainTextResponse(unknown, 404, media_type="text/event-stream")(scope, receive, send)
            else:
                with self.waiting.reading(session):
                    await self.app(scope, receive, send)
        elif Headers(scope=scope).get("content-type", "").startswith("multipart/"):  # of two the first, as for Gradio
            refused = {"detail": "this app takes no files; send sentences as JSON."}
            await JSONResponse(refused, 403)(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _health(self, path: str) -> PlainTextResponse:
        if path == "/readyz" and self.waiting.is_stopping:
            return PlainTextResponse("the app is about to end", 503)
        if path == "/readyz" and not self.shelf.is_ready:
            return PlainTextResponse("the encoder is not loaded yet", 503)
        return PlainTextResponse("ok")

    def _listens(self, scope: Scope) -> str | None:
        """The session whose answers are asked for, if any are."""
        if scope["path"] == _STREAM:
            query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            return query.get("session_hash", [""])[-1]  # of two the last, as for Gradio
        answer = _ANSWER.fullmatch(scope["path"])
        return self.waiting.session_of(answer[1]) if answer else None
