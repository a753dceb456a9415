"""`manifest.json`: the SHA-256 of every file of a folder, written when it is made, checked when it is loaded.

One format for `weights/` and for every repository in its layout.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bertsim.data.json_files import read_json, write_json
from bertsim.errors import CheckpointError, InputError

NAME = "manifest.json"


def check_new_folder(folder: Path) -> None:
    """Refuse to write into a folder that is in use.

    Raises:
        InputError: it holds something, or is a file.
    """
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
    names = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file() and path.name != NAME]
    shown = [name for name in names if not any(part.startswith(".") for part in name.parts)]
    write_json(folder / NAME, {"sha256": {name.as_posix(): file_sha256(folder / name) for name in shown}})


def check_manifest(folder: Path, below: str = "", skip: Collection[str] = ()) -> dict[str, str]:
    """Compare every file with the folder's manifest.

    Args:
        folder: that holds the manifest, or none.
        below: look at the files of this folder in it alone; "" = at all.
        skip: files that must be there, and whose content nobody is going to read.

    Returns:
        The checksums by file name; empty where there is no manifest.

    Raises:
        CheckpointError: a file is missing, changed or not in the folder, or the manifest is none; names it.
    """
    manifest = folder / NAME
    files = read_json(manifest).get("sha256") if manifest.exists() else {}
    if not isinstance(files, dict) or not all(isinstance(sha256, str) for sha256 in files.values()):
        raise CheckpointError(f"{manifest} has no table 'sha256' of file names and checksums.")
    files = {name: sha256 for name, sha256 in files.items() if name.startswith(f"{below}/" if below else "")}
    for name in files:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise CheckpointError(f"{manifest} names {name!r}, which is not in {folder}; restore the folder.")
        if not (folder / name).is_file():
            raise CheckpointError(f"{folder / name} is missing, though {NAME} names it; restore the folder.")
    wanted = [name for name in files if name not in skip]
    with ThreadPoolExecutor() as pool:  # hashing releases the interpreter
        found = pool.map(file_sha256, [folder / name for name in wanted])
    for name, sha256 in zip(wanted, found, strict=True):
        if sha256 != files[name]:
            raise CheckpointError(
                f"{folder / name} is damaged or was changed: its SHA-256 is not the one in {NAME}; restore the file."
            )
    return files
