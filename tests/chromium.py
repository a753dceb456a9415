"""A Chromium for the browser tests: found where there is one, fetched where there is none.

`find_chromium` looks on PATH, then where Playwright keeps its own. `python -m tests.chromium` also fetches
one: the system's package where apt-get may be used, else Playwright's download. Without any, the tests marked
`browser` are skipped and this says so; with CI=true a missing browser is a failure.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "no Chromium on PATH and none of Playwright's; "
    "get one with `apt-get install chromium` or `.venv/bin/playwright install chromium`"
)


def is_ci() -> bool:
    """Tell whether a missing browser has to fail: the environment says CI=true."""
    return os.environ.get("CI", "").lower() in {"true", "1"}


@functools.cache
def find_chromium() -> str | None:
    """Return the path of a Chromium that starts, or None."""
    on_path = [path for name in NAMES if (path := shutil.which(name))]
    for path in on_path:
        if _starts(path):
            return path
    playwrights = _playwrights_own()
    return playwrights if playwrights and _starts(playwrights) else None


def fetch_chromium() -> str | None:
    """Return the path of a Chromium, after fetching one if there was none; None if that failed."""
    for fetch in (_do_nothing, _apt_get, _playwright_install):
        fetch()
        find_chromium.cache_clear()
        if path := find_chromium():
            return path
    return None


def _starts(path: str) -> bool:
    """Tell whether `path --version` works; Ubuntu's package is a stub that only points to snap."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _playwrights_own() -> str | None:
    """Return where Playwright's own Chromium is; asked in a process with its own event loop."""
    code = "from playwright.sync_api import sync_playwright\n"
    code += "with sync_playwright() as p: print(p.chromium.executable_path)"
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    path = asked.stdout.strip()
    return path if os.path.exists(path) else None


def _do_nothing() -> None:
    """Fetch nothing: there may be a browser already."""


def _apt_get() -> None:
    """Install Debian's Chromium, if apt-get is here and may be used without a password."""
    if not shutil.which("apt-get"):
        return
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if sudo and (
        not shutil.which("sudo") or subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode
    ):
        return
    environment = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive"]
    print("fetching Chromium with apt-get", flush=True)
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "chromium"]):
        subprocess.run([*environment, "apt-get", *arguments], stdout=subprocess.DEVNULL, check=False)


def _playwright_install() -> None:
    """Download Playwright's own Chromium into its cache folder."""
    print("fetching Chromium with Playwright", flush=True)
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], stderr=subprocess.DEVNULL, check=False)


def main() -> int:
    """Find or fetch a Chromium and say which; 1 only where CI=true and there is none."""
    path = fetch_chromium()
    if path:
        print(f"browser tests use {path}")
        return 0
    print(
        f"{MISSING}; " + ("CI=true, so this fails" if is_ci() else "the tests marked `browser` are skipped"),
        file=sys.stderr,
    )
    return 1 if is_ci() else 0


if __name__ == "__main__":
    sys.exit(main())
