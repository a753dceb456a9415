"""One app, one browser and one window for all tests of this folder; the page is opened anew in each.

A document is as new in a window that showed another before, and there in two thirds of the time: its process has
Gradio's scripts compiled. A test's further visitors have windows of their own, and those who must have nothing in
common with the others, a context of their own. Every page is watched: a request to anything but the app, an error in
the page's console or an exception in its scripts fails the test.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.journey import A, B
from tests.browser.server import chromium_at

Visit = Callable[..., Page]
expect.set_options(timeout=20_000)  # a machine under load is slow, not wrong


@pytest.fixture(scope="session")
def context(chromium: str) -> Iterator[BrowserContext]:
    """A running Chromium, and what its pages share."""
    with chromium_at(chromium) as browser:
        yield browser.new_context()


@pytest.fixture
def visit(context: BrowserContext, app_url: str) -> Iterator[Visit]:
    """Open the app anew: `visit(path="", width=1440, scheme="light")`; waits for the first result."""
    with visits(context, app_url) as open_app:
        yield open_app


@contextlib.contextmanager
def visits(context: BrowserContext, app_url: str) -> Iterator[Visit]:
    """A `visit` of the app at an address."""
    watched: list[Page] = []
    faults: list[str] = []
    own = (app_url, "data:", "blob:")
    watches: dict[str, Callable[[Any], object]] = {
        "request": lambda sent: None if sent.url.startswith(own) else faults.append(f"asked for {sent.url}"),
        "console": lambda said: faults.append(said.text) if said.type == "error" else None,
        "pageerror": lambda error: faults.append(str(error)),
        "dialog": lambda dialog: (faults.append(f"a dialog: {dialog.message}"), dialog.dismiss()),
    }

    def open_app(
        path: str = "",
        *,
        width: int = 1440,
        scheme: str = "light",
        waits: bool = True,
        within: BrowserContext = context,
    ) -> Page:
        kept = within.pages[0] if within.pages else within.new_page()
        page = within.new_page() if kept in watched else kept
        for event, watch in watches.items():
            page.on(event, watch)
        watched.append(page)
        page.set_default_timeout(20_000)
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.mouse.move(0, 0)
        page.goto(app_url + path)
        if waits:
            page.wait_for_selector(".bs-judgement")
        return page

    try:
        yield open_app
    finally:
        for page in watched:
            for event, watch in watches.items():
                page.remove_listener(event, watch)
            if page in context.pages[1:]:
                page.close()
            elif page in context.pages:
                page.goto("about:blank")  # what is under way ends with this test
    assert not faults


@pytest.fixture
def page(visit: Visit, request: pytest.FixtureRequest) -> Page:
    """The app at 1440 px, light, with its first result: of the link that a file of tests has as its LINK."""
    return visit(getattr(request.module, "LINK", ""))


@pytest.fixture(scope="module")
def comparison(model):
    """The pair of the link LONGER."""
    return model.compare(A, B, packed=True)


@pytest.fixture
def rank(visit):
    """Open the mode, with a link's query or by its tab, and wait for what it ranked."""

    def open_mode(more: str = "", **looks) -> Page:
        page = visit(f"?mode=rank{more}", waits=False, **looks)
        expect(page.locator("#bs-rank-others .bs-downloads")).to_be_visible()
        return page

    return open_mode
