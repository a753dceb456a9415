"""Serve the app, from a process of its own as a person would or from a thread of this one; and start a Chromium."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from unittest import mock

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60.0  # seconds
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--font-render-hinting=none",
)


def free_port() -> int:
    """A port that nobody listens on; each worker of pytest has some that the others do not take."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    own = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % workers
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
            if port // 2 % workers == own:  # Linux gives odd ones only
                return port


@contextlib.contextmanager
def served_here(**settings: str) -> Iterator[str]:
    """Serve the app from a thread of this process, which keeps it to its end, and give its address.

    Five seconds of importing cheaper than `served`, and the same app: `app.py` does no more than call `ui.serve`. The
    settings are in the environment while it starts.
    """
    from bertsim.ui import serve

    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    with mock.patch.dict(os.environ, settings):
        app = Thread(target=serve, kwargs={"port": port}, name=url, daemon=True)
        app.start()
        wait_for_page(url, app.is_alive)
    yield url


@contextlib.contextmanager
def served(log: Path, **settings: str) -> Iterator[str]:
    """Run `python app.py` with settings in its environment and give its address; what it wrote is in `log`."""
    port = free_port()
    environment = os.environ | {"BERTSIM_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"} | settings
    url = f"http://127.0.0.1:{port}/"
    with log.open("w") as out:
        app = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=out, stderr=out)
        try:
            wait_for_page(url, lambda: app.poll() is None)
            yield url
        except AppEnded:
            raise AssertionError(f"the app ended with {app.poll()}: {log.read_text()[-2000:]}") from None
        finally:
            app.terminate()
            app.wait(PATIENCE)


class AppEnded(AssertionError):
    """There is no page to wait for."""


def wait_for_page(url: str, is_running: Callable[[], bool]) -> None:
    """Return once the page is served."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and is_running():
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise AppEnded(f"no page at {url} within {PATIENCE:.0f} s, or the app ended")


@contextlib.contextmanager
def chromium_at(path: str) -> Iterator[Browser]:
    """A Chromium that asks nothing of anyone."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()
