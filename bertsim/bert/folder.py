"""A checkpoint folder, opened in one way by all who read one: checked, with all but its tensors.

`manifest.json`, in `weights/` and in every repository of its layout, holds the SHA-256 of every file of the folder but
its README.md, which is for people to write in; `export.writing` makes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from bertsim.bert.config import BertConfig, EmbeddingConfig
from bertsim.data.json_files import read_json
from bertsim.errors import CheckpointError
from bertsim.text.tokenizer import Tokenizer

MANIFEST = "manifest.json"
CARD = "README.md"


@dataclass(frozen=True)
class CheckpointFolder:
    """A checkpoint on disk whose files are what its manifest says.

    Attributes:
        name: of the encoder: the bundled one's, the folder's or the repository's.
        revision: the commit of a repository of the Hub, else None.
        embedding: its pooling, and the tokens read of a sequence.
        checksums: SHA-256 of its files, as its manifest has them; empty where it has none.
    """

    path: Path
    name: str
    revision: str | None
    config: BertConfig
    embedding: EmbeddingConfig
    tokenizer: Tokenizer
    checksums: Mapping[str, str]

    @cached_property
    def sha256(self) -> str:
        """See `encoder_sha256`."""
        return encoder_sha256(self.path, self.checksums)


def open_folder(
    path: Path,
    name: str | None = None,
    revision: str | None = None,
    *,
    max_length: int | None = None,
    unread: Collection[str] = (),
) -> CheckpointFolder:
    """Open a folder that is there.

    Args:
        path, name, revision: see `CheckpointFolder`; no name: the folder's.
        max_length: tokens read of a sequence; None = what the checkpoint says.
        unread: names of files whose content nobody is going to read, so that it is not compared.

    Raises:
        CheckpointError: a file is missing, damaged or changed, or it is no BERT.
        InputError: a `max_length` beyond the encoder's positions.
    """
    checksums = check_manifest(path, skip=unread)
    config = BertConfig.from_folder(path)
    embedding = EmbeddingConfig.from_folder(path, config)
    tokenizer = Tokenizer.from_folder(path, config)
    length = tokenizer.check_length(embedding.max_length if max_length is None else max_length)
    embedding = replace(embedding, max_length=length)
    return CheckpointFolder(path, name or path.resolve().name, revision, config, embedding, tokenizer, checksums)


def check_manifest(folder: Path, below: str = "", skip: Collection[str] = ()) -> dict[str, str]:
    """Compare every file but the card with the folder's manifest.

    Args:
        folder: that holds the manifest, or none.
        below: look at the files of this folder in it alone; "" = at all.
        skip: files that must be there, and whose content nobody is going to read.

    Returns:
        The checksums by file name; empty where there is no manifest.

    Raises:
        CheckpointError: a file is missing, changed or not in the folder, or the manifest is none; names it.
    """
    manifest = folder / MANIFEST
    files = read_json(manifest).get("sha256") if manifest.exists() else {}
    if not isinstance(files, dict) or not all(isinstance(sha256, str) for sha256 in files.values()):
        raise CheckpointError(f"{manifest} has no table 'sha256' of file names and checksums.")
    start = f"{below}/" if below else ""
    files = {name: sha256 for name, sha256 in files.items() if name.startswith(start) and name != CARD}
    for name in files:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise CheckpointError(f"{manifest} names {name!r}, which is not in {folder}; restore the folder.")
        if not (folder / name).is_file():
            raise CheckpointError(f"{folder / name} is missing, though {MANIFEST} names it; restore the folder.")
    wanted = [name for name in files if name not in skip]
    with ThreadPoolExecutor() as pool:  # hashing releases the interpreter
        found = pool.map(file_sha256, [folder / name for name in wanted])
    for name, sha256 in zip(wanted, found, strict=True):
        if sha256 != files[name]:
            raise CheckpointError(
                f"{folder / name} is damaged or was changed: its SHA-256 is not the one in {MANIFEST}; restore the "
                "file."
            )
    return files


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def encoder_sha256(folder: Path, known: Mapping[str, str] = MappingProxyType({})) -> str:
    """What tells an encoder from every other: the SHA-256 of its tensors, of all shards together if there are some.

    `known` are checksums of its files that were compared just now.
    """
    sums = [known.get(path.name) or file_sha256(path) for path in sorted(folder.glob("*.safetensors"))]
    return sums[0] if len(sums) == 1 else hashlib.sha256("\n".join(sums).encode()).hexdigest()
