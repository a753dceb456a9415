"""The peers' virtual environment: made by the bench itself, from requirements.txt."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


class PeersMissing(Exception):
    """The peers' environment cannot be made; the text says why, in one sentence."""


def make_environment(folder: Path) -> Path:
    """Make `folder` a virtual environment with requirements.txt installed, unless it is one; return its Python.

    Raises:
        PeersMissing: venv or pip failed.
    """
    python, mark = folder / "bin" / "python", folder / ".installed"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if mark.exists() and mark.read_text() == wanted:
        return python
    print(f"installing the peers into {folder} (torch among them: some minutes)", file=sys.stderr, flush=True)
    _run([sys.executable, "-m", "venv", "--clear", str(folder)])
    _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(REQUIREMENTS)])
    mark.write_text(wanted)
    return python


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["nothing was said"]
        raise PeersMissing(f"the peers' environment cannot be made: `{' '.join(command)}` ended with {said[-1]!r}.")
