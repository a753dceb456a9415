"""This repository -> a Space on the Hub: the files that it runs on, in one commit, and its variables."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from bertsim.errors import HubError
from bertsim.hub.failures import told_in_a_sentence
from bertsim.publishing.upload import check_name, make_repository, send_files
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
    listed = (
        subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True) if _is_git(root) else None
    )
    if listed is not None and listed.returncode == 0:
        names = [name for name in listed.stdout.decode().split("\0") if (root / name).is_file()]
    else:
        names = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
        names = [name for name in names if not any(part in name for part in _NO_SOURCE)]
    return {name: root / name for name in sorted(names) if _is_ours(name)}


def deploy(
    space: str, files: Mapping[str, Path], variables: Mapping[str, str], *, private: bool
) -> tuple[str, str]:
    """Make or update a Space.

    Args:
        space: "user/name".
        files: from `space_files`.
        variables: of its environment; others that it has stay.
        private: as it is made; one that is there stays as it is.

    Returns:
        Its address, and the commit.

    Raises:
        HubError: no token, or what the Hub refuses: making a Gradio Space needs a paid plan, say.
    """
    from huggingface_hub import HfApi

    check_name(space)
    url = make_repository(space, "space", private=private)
    with told_in_a_sentence(space, doing="deployed"):
        for key, value in variables.items():
            HfApi().add_space_variable(space, key, value)
    return url, send_files(space, "space", files, f"bertsim {__version__}", _is_ours)


def _is_ours(name: str) -> bool:
    return name in _FILES or name.startswith(_FOLDERS)


def _is_git(root: Path) -> bool:
    return (root / ".git").exists()
