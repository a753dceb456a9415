"""The head of the served page: bertsim's own title, description and picture, whatever stands before the app."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from typing import Any

import httpx2 as httpx
import pytest

from bertsim.ui.head import PURPOSE, TITLE, OwnHead

THEIRS = """<html><head><meta charset="utf-8" /><meta property="og:title" content="Gradio" />
<meta
  property="og:image"
  content="https://example.org/gradio.jpg"
/><meta name="twitter:creator" content="@Gradio" />
<script>"<meta property='og:x'>"</script></head><body>ü</body></html>"""


async def gradio(scope: Any, receive: Any, send: Any) -> None:
    """An app that sends its page in two parts, as text at "/" and as something else elsewhere."""
    body = THEIRS.encode() if scope["path"] == "/" else b"no page"
    headers = [(b"content-type", b"text/html"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body[:40], "more_body": True})
    await send({"type": "http.response.body", "body": body[40:]})


def ask(path: str, **headers: str) -> httpx.Response:
    """Ask the app behind the middleware."""

    async def get() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(OwnHead(gradio)), base_url="http://app:7860"
        ) as client:
            return await client.get(path, headers=headers)

    with ThreadPoolExecutor(1) as thread:  # Playwright's loop may run in this one
        return thread.submit(lambda: asyncio.run(get())).result()


def metas(page: str) -> dict[str, str]:
    """Every meta tag that has a name, in what comes before the first script."""
    found: dict[str, str] = {}

    class Parser(HTMLParser):
        def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
            own = dict(attributes)
            if name == "meta" and own.get("content"):
                found[str(own.get("property") or own.get("name"))] = str(own["content"])

    Parser().feed(page.partition("<script")[0])
    return found


def test_gradio_s_tags_make_way_for_ours_and_nothing_else_changes():
    answer = ask("/")
    assert int(answer.headers["content-length"]) == len(answer.content)
    found = metas(answer.text)
    assert found["og:title"] == TITLE
    assert found["og:description"] == found["description"] == PURPOSE
    assert found["og:image"] == "http://app:7860/card.png"
    assert found["og:url"] == "http://app:7860/"
    assert "Gradio" not in answer.text
    assert f"<title>{TITLE}</title>" in answer.text
    assert answer.text.partition("<script")[2] == THEIRS.partition("<script")[2]


def test_a_link_s_pair_is_in_the_description_as_text_and_not_at_full_length():
    found = metas(ask("/?" + "a=%22%3E%3Cscript%3E&b=" + "word+" * 50).text)
    assert found["og:description"].startswith('“"><script>” and “word word')
    assert len(found["og:description"]) < 170
    assert found["og:url"].startswith("http://app:7860/?a=%22%3E")


def test_behind_a_proxy_the_addresses_are_those_that_the_visitor_sees():
    forwarded = {"x-forwarded-host": "demo.example.org", "x-forwarded-proto": "https"}
    assert metas(ask("/", **forwarded).text)["og:image"] == "https://demo.example.org/card.png"


def test_the_picture_is_served_and_everything_else_passes_untouched():
    picture = ask("/card.png")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content[16:24] == (1200).to_bytes(4, "big") + (630).to_bytes(4, "big")  # IHDR
    assert len(picture.content) < 100_000
    assert ask("/other").text == "no page"


@pytest.mark.browser
def test_the_running_app_serves_this_head(app_url):
    page = httpx.get(app_url + "?a=one&b=two").text
    assert metas(page)["og:description"].startswith("“one” and “two”")
    assert metas(page)["og:title"] == TITLE
    assert len(re.findall("og:title", page.partition("<script")[0])) == 1
    assert httpx.get(metas(page)["og:image"]).headers["content-type"] == "image/png"
