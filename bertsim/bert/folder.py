"""A checkpoint folder, opened in one way by all who read one: checked, with all but its tensors."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from bertsim.bert.config import BertConfig, EmbeddingConfig
from bertsim.bert.manifest import check_manifest, file_sha256
from bertsim.text.tokenizer import Tokenizer


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


def encoder_sha256(folder: Path, known: Mapping[str, str] = MappingProxyType({})) -> str:
    """What tells an encoder from every other: the SHA-256 of its tensors, of all shards together if there are some.

    `known` are checksums of its files that were compared just now.
    """
    sums = [known.get(path.name) or file_sha256(path) for path in sorted(folder.glob("*.safetensors"))]
    return sums[0] if len(sums) == 1 else hashlib.sha256("\n".join(sums).encode()).hexdigest()


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
