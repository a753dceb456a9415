"""Start the app as a person would, and a Chromium that looks at nothing else."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tests.chromium import MISSING, find_chromium

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
def served(log: Path, **settings: str) -> Iterator[str]:
    """Run `python app.py` with settings in its environment and give its address; what it wrote is in `log`."""
    port = free_port()
    with running([sys.executable, "app.py"], port, log, {"BERTSIM_PORT": str(port)} | settings) as url:
        yield url


@contextlib.contextmanager
def running(words: list[str], port: int, log: Path, settings: Mapping[str, str]) -> Iterator[str]:
    """Run a program that serves the app at a port of this machine; give the address once the page is served."""
    environment = os.environ | {"GRADIO_ANALYTICS_ENABLED": "False"} | settings
    url = f"http://127.0.0.1:{port}/"
    with log.open("w") as out:
        app = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=out, stderr=out)
        try:
            wait_for_page(url, app, log)
            yield url
        finally:
            app.terminate()
            app.wait(PATIENCE)


def wait_for_page(url: str, app: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the page is served."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if app.poll() is not None:
            raise AssertionError(f"the app ended with {app.returncode}: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"no page within {PATIENCE:.0f} s: {log.read_text()[-2000:]}")


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


@contextlib.contextmanager
def on_show() -> Iterator[tuple[Browser, str]]:
    """A Chromium and the address of a running app, for pictures. Raises: SystemExit, where there is no browser."""
    chromium = find_chromium()
    if chromium is None:
        sys.exit(MISSING)
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder) / "app.log") as url,
        chromium_at(chromium) as browser,
    ):
        yield browser, url
