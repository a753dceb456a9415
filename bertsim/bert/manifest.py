"""`manifest.json`: the SHA-256 of every file of a folder, written when it is made, checked when it is loaded.

One format for `weights/` and for every repository in its layout.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bertsim.data.json_files import read_json
from bertsim.errors import CheckpointError, InputError

NAME = "manifest.json"


def check_new_folder(folder: Path) -> None:
    """Raise InputError where a folder to be written holds something, or is a file."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} exists and is not an empty folder; choose another, or remove it first.")


@contextmanager
def new_folder(output: Path) -> Iterator[Path]:
    """Give a folder to fill, which becomes `output`, with a manifest, where the block ends without an error.

    Raises:
        InputError: `output` holds something, or is a file.
    """
    check_new_folder(output)
    output = output.resolve()  # behind a link
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as temporary:
        folder = Path(temporary) / output.name
        folder.mkdir()
        yield folder
        write_manifest(folder)
        os.replace(folder, output)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path) -> None:
    """Record the checksum of every file below `folder`, hidden ones and manifests left out."""
    files = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    sums = {
        name.as_posix(): file_sha256(path)
        for name, path in files.items()
        if name.name != NAME and not any(part.startswith(".") for part in name.parts)
    }
    (folder / NAME).write_text(json.dumps({"sha256": sums}, indent=2) + "\n", encoding="utf-8")


def _read_manifest(folder: Path) -> dict[str, str]:
    """The checksums by file name; empty where the folder has no manifest.

    Raises:
        CheckpointError: the manifest is no table of checksums.
    """
    if not (folder / NAME).exists():
        return {}
    files = read_json(folder / NAME).get("sha256")
    if not isinstance(files, dict) or not all(isinstance(v, str) for v in files.values()):
        raise CheckpointError(f"{folder / NAME} has no table 'sha256' of file names and checksums.")
    return files


def check_manifest(folder: Path, below: str = "", skip: Collection[str] = ()) -> dict[str, str]:
    """Compare every file with the folder's manifest.

    Args:
        folder: that holds the manifest.
        below: look at the files of this folder in it alone; "" = at all.
        skip: files that must be there, and whose content nobody is going to read.

    Returns:
        The checksums by file name, as the manifest has them; empty where the folder has none.

    Raises:
        CheckpointError: a file is missing, has another content, or is not in the folder; names it.
    """
    inside = f"{below}/" if below else ""
    files = {name: sha256 for name, sha256 in _read_manifest(folder).items() if name.startswith(inside)}
    for name in files:
        path = folder / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise CheckpointError(f"{folder / NAME} names {name!r}, which is not in {folder}; restore the folder.")
        if not path.is_file():
            raise CheckpointError(f"{path} is missing, though {NAME} names it; restore the folder.")
    wanted = [name for name in files if name not in skip]
    # hashing releases the interpreter: as many files at a time as processors
    with ThreadPoolExecutor() as pool:
        found = pool.map(file_sha256, [folder / name for name in wanted])
    for name, sha256 in zip(wanted, found, strict=True):
        path = folder / name
        if sha256 != files[name]:
            raise CheckpointError(
                f"{path} is damaged or was changed: its SHA-256 is not the one in {NAME}; restore the file."
            )
    return files
