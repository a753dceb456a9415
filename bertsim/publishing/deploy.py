"""This repository -> a Space on the Hub: the files that it runs on, in one commit, and its variables."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from bertsim.errors import HubError
from bertsim.publishing.upload import check_name, send
from bertsim.version import __version__

ROOT = Path(__file__).resolve().parent.parent.parent
_FILES = ("app.py", "README.md", "requirements.txt", "LICENSE", "NOTICE", "CHANGELOG.md")
_FOLDERS = ("bertsim/", "weights/")
_NO_SOURCE = ("__pycache__", ".egg-info", ".DS_Store")


def space_files(root: Path = ROOT) -> dict[str, Path]:
    """The files that a Space needs: of those that git tracks, or without git of all, the app's.

    Raises:
        HubError: there is no app.py: bertsim was installed, and this is no checkout.
    """
    if not (root / "app.py").is_file():
        raise HubError(f"{root} has no app.py; deploy runs from a checkout of the repository.")
    names = []
    if (root / ".git").exists() and shutil.which("git"):
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True)
        names = [name for name in listed.stdout.decode().split("\0") if (root / name).is_file()]
    if not names:
        names = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
        names = [name for name in names if not any(part in name for part in _NO_SOURCE)]
    return {name: root / name for name in sorted(names) if _is_ours(name)}


def deploy(space: str, files: Mapping[str, Path], variables: Mapping[str, str], *, private: bool) -> tuple[str, str]:
    """Make or update the Space "user/name"; see `upload.send` for the rest, and for result and errors."""
    check_name(space)
    return send(space, "space", files, f"bertsim {__version__}", is_ours=_is_ours, private=private, variables=variables)


def _is_ours(name: str) -> bool:
    return name in _FILES or name.startswith(_FOLDERS)
