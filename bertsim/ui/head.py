"""The head of the served page, for whoever shows a link to it elsewhere: bertsim's title, description and picture.

Gradio's template has its own in that place, and no setting for them, so they are exchanged on the way out.
Source: the Open Graph protocol (https://ogp.me) and the cards that X reads from `twitter:` names.
"""

from __future__ import annotations

import re
from pathlib import Path

from gradio.route_utils import get_root_url
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bertsim.views.markup import Html, tag

TITLE = "bertsim: compare two sentences"
PURPOSE = "How BERT compares two sentences, down to every token; in your browser, with nothing stored."
PICTURE, _CARD = "/card.png", Path(__file__).parent / "assets" / "card.png"
_THEIRS = re.compile(rb'<meta\s+(?:property="og:|name="twitter:)[^>]*>\s*')
_LONGEST = 100  # characters of a sentence


class OwnHead:
    """ASGI middleware: exchanges Gradio's social tags of the page for bertsim's, and serves their picture."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the picture, pass the page on with another head, and everything else as it is."""
        if scope["type"] != "http" or scope["path"] not in ("/", PICTURE):
            await self.app(scope, receive, send)
            return
        if scope["path"] == PICTURE:
            await FileResponse(_CARD)(scope, receive, send)
            return
        request, began, body = Request(scope), dict[str, Message](), bytearray()

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.start":
                began["start"] = message
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                page = _exchange(bytes(body), request)
                MutableHeaders(scope=began["start"])["content-length"] = str(len(page))
                await send(began["start"])
                await send({"type": "http.response.body", "body": page})

        await self.app(scope, receive, hold)


def _exchange(page: bytes, request: Request) -> bytes:
    """A page with this head; what has none is left alone."""
    head, script, rest = page.partition(b"<script")
    return page if b"<head>" not in head else _THEIRS.sub(b"", head) + own_tags(request).encode() + script + rest


def own_tags(request: Request) -> Html:
    """Title, description and picture of the page that was asked for; a link's pair is in its description."""
    root, query = get_root_url(request, "/", None), request.url.query
    sentences = [request.query_params.get(key, "").strip() for key in "ab"]
    a, b = (each if len(each) <= _LONGEST else each[:_LONGEST] + "…" for each in sentences)
    says = f"“{a}” and “{b}”: how alike are they to BERT, and why?" if a and b else PURPOSE
    social = {
        "og:type": "website",
        "og:url": f"{root}/?{query}" if query else f"{root}/",
        "og:title": TITLE,
        "og:description": says,
        "og:image": f"{root}{PICTURE}",
        "og:image:alt": "Two sentences, the words that meet in them, and two scores.",
    }
    metas = [tag("meta", property=name, content=content) for name, content in social.items()]
    named = {"description": says, "twitter:card": "summary_large_image"}
    metas += [tag("meta", name=name, content=content) for name, content in named.items()]
    return tag("title", TITLE) + Html().join(metas)
