"""The head of the served page: bertsim's title, description and picture where a link to it is shown.

Gradio's template has tags of its own there, and no setting for them, so they are exchanged on the way out.
Source: the Open Graph protocol, https://ogp.me.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import Request
from fastapi.responses import FileResponse
from gradio.route_utils import get_root_url

from bertsim.views.markup import Html, tag

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

TITLE = "bertsim: compare two sentences"
PURPOSE = "How BERT compares two sentences, down to every token; in your browser, with nothing stored."
PICTURE, _CARD = "/card.png", Path(__file__).parent / "assets" / "card.png"
_THEIRS = re.compile(rb'<meta\s+(?:property="og:|name="twitter:)[^>]*>\s*')
_LONGEST = 100  # characters of a sentence


class OwnHead:
    """ASGI middleware: exchanges Gradio's tags in the page for bertsim's, and serves their picture."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; what is neither the page nor the picture passes untouched."""
        path, page = scope.get("path"), bytearray()
        began: dict[str, Message] = {}

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.start":
                began["start"] = message
                return
            page.extend(message.get("body", b""))
            if not message.get("more_body"):
                head, script, rest = bytes(page).partition(b"<script")
                body = _THEIRS.sub(b"", head) + own_tags(Request(scope)).encode() * bool(script) + script + rest
                headers = [each for each in began["start"]["headers"] if each[0] != b"content-length"]
                await send({**began["start"], "headers": [*headers, (b"content-length", b"%d" % len(body))]})
                await send({"type": "http.response.body", "body": body})

        is_page = scope["type"] == "http" and path == "/"
        app = FileResponse(_CARD) if scope["type"] == "http" and path == PICTURE else self.app
        await app(scope, receive, hold if is_page else send)


def own_tags(request: Request) -> Html:
    """Title, description and picture of the page that was asked for; a link's pair is in its description."""
    root, query, says = get_root_url(request, "/", None), request.url.query, PURPOSE
    a, b = (request.query_params.get(key, "").strip() for key in "ab")
    if a and b:
        pair = " and ".join(f"“{each[:_LONGEST]}{'…' if each[_LONGEST:] else ''}”" for each in (a, b))
        says = f"{pair}: how alike are they to BERT, and why?"
    pictured = "Two sentences, the words that meet in them, and two scores."
    social = {"type": "website", "url": f"{root}/{query and '?' + query}", "title": TITLE, "description": says}
    social |= {"image": f"{root}{PICTURE}", "image:alt": pictured}
    metas = [tag("meta", property=f"og:{name}", content=content) for name, content in social.items()]
    metas.append(tag("meta", name="description", content=says))
    metas.append(tag("meta", name="twitter:card", content="summary_large_image"))
    return tag("title", TITLE) + Html().join(metas)
