"""One app and one browser for all tests of this folder; a fresh visitor for each.

Every page is watched: a request to anything but the app, an error in the page's console or an exception in its
scripts fails the test.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.server import chromium_at, served

Visit = Callable[..., Page]
expect.set_options(timeout=20_000)  # a machine under load is slow, not wrong


@pytest.fixture(scope="session")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the running app."""
    with served(Path(tmp_path_factory.mktemp("app")) / "app.log") as url:
        yield url


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """A running Chromium."""
    with chromium_at(chromium) as running:
        yield running


@pytest.fixture
def visit(browser: Browser, app_url: str) -> Iterator[Visit]:
    """Open the app as a new visitor: `visit(path="", width=1440, scheme="light")`; waits for the first result."""
    with visits(browser, app_url) as open_app:
        yield open_app


@contextlib.contextmanager
def visits(browser: Browser, app_url: str) -> Iterator[Visit]:
    """A `visit` of the app at an address."""
    contexts = []
    faults: list[str] = []

    def open_app(path: str = "", *, width: int = 1440, scheme: str = "light", waits: bool = True) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        own = (app_url, "data:", "blob:")
        page.on(
            "request",
            lambda sent: None if sent.url.startswith(own) else faults.append(f"asked for {sent.url}"),
        )
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: (faults.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(app_url + path)
        if waits:
            page.wait_for_selector(".bs-judgement")
        return page

    try:
        yield open_app
    finally:
        for context in contexts:
            context.close()
    assert not faults


@pytest.fixture
def page(visit: Visit) -> Page:
    """The app at 1440 px, light, with its first result."""
    return visit()
