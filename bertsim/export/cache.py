"""Exported flatbuffers in the user's cache folder: made once, keyed by what they are made of, bounded in size.

Written beside their place and moved there in one step; a lock keeps two processes from making the same one. Where they
are too large together, those that were used longest ago go first. TensorFlow is imported only to make one.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bertsim.bert.folder import CheckpointFolder, file_sha256
from bertsim.errors import ExportError, NotExportedError
from bertsim.heads.reading import FoundHead
from bertsim.hub.download import Progress

LIMIT = 4_000_000_000
"""Bytes that all of them may take together."""
KINDS = ("flatbuffers", "heads")
_EXPORT_VERSION = "2"  # raised when the exporter makes other files than before
_STALE_SECONDS = 24 * 3600
log = logging.getLogger(__name__)


def encoder_flatbuffer(checkpoint: CheckpointFolder, *, may_export: bool, tell: Progress) -> Path:
    """The flatbuffer of a checkpoint; exported where it is not there yet. Raises as `make_cached`.

    Raises:
        NotExportedError: it is not there yet, and may not be exported.
    """

    def write(path: Path) -> None:
        from bertsim.bert.checkpoint import load_encoder
        from bertsim.export.encoder import export_flatbuffer

        export_flatbuffer(load_encoder(checkpoint.path, checkpoint.config), embedding, checkpoint.tokenizer, path)

    embedding, tensors = checkpoint.embedding, sorted(checkpoint.path.glob("*.safetensors"))
    made_of = [repr(checkpoint.config), embedding.pooling, repr(embedding.normalize), *map(file_sha256, tensors)]
    return _found_or_made("flatbuffers", made_of, checkpoint.name, write, may_export, tell)


def head_flatbuffer(head: FoundHead, *, may_export: bool, tell: Progress) -> Path:
    """The flatbuffer of a head, as `encoder_flatbuffer`."""

    def write(path: Path) -> None:
        from bertsim.export.heads import export_head

        export_head(head.build(), path)

    return _found_or_made("heads", head.cache_key(), f"the head {head.name}", write, may_export, tell)


def _found_or_made(
    kind: str, made_of: Sequence[str], what: str, write: Callable[[Path], object], may_export: bool, tell: Progress
) -> Path:
    found = find_cached(kind, made_of)
    if found is not None:
        return found
    if not may_export:
        raise NotExportedError(f"{what} has no flatbuffer yet; load it once with export=True.")
    doing = f"Exporting {what} for the fast engine, once; this takes up to a minute"
    tell(doing, None)
    log.warning("%s.", doing)
    return make_cached(kind, made_of, write)


def find_cached(kind: str, made_of: Sequence[str]) -> Path | None:
    """The flatbuffer that was made of exactly this; None where there is none."""
    path = _place(kind, made_of)
    if not path.is_file():
        return None
    with contextlib.suppress(OSError):  # in a folder that is not ours to write
        os.utime(path)  # it was used now
    return path


def make_cached(kind: str, made_of: Sequence[str], export: Callable[[Path], object], *, limit: int = LIMIT) -> Path:
    """The flatbuffer that is made of this; exported where it is not there yet.

    Args:
        kind: "flatbuffers" (of encoders) or "heads".
        made_of: everything that its content depends on.
        export: writes it to the path that it is given, whole or not at all.
        limit: bytes of all that are kept.

    Raises:
        ExportError: the user's cache folder cannot be written to, or what `export` raises.
    """
    from filelock import FileLock

    path = _place(kind, made_of)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if find_cached(kind, made_of) is None:
                export(path)
                _trim(limit, path)
    except OSError as error:
        raise ExportError(
            f"{path.parent} cannot be written to ({error.strerror}); make room or rights there, or use "
            "engine='tensorflow'."
        ) from None
    return path


def _place(kind: str, made_of: Sequence[str]) -> Path:
    digest = hashlib.sha256("\n".join([_EXPORT_VERSION, *made_of]).encode()).hexdigest()
    return _folder(kind) / f"{digest}.tflite"


def _folder(kind: str) -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("bertsim") / kind


def _trim(limit: int, kept: Path) -> None:
    """Remove what was used longest ago until the rest fits, and what a process that died left half written."""
    ages: list[tuple[float, int, Path]] = []
    for kind in KINDS:
        for path in _folder(kind).glob("*"):
            with contextlib.suppress(FileNotFoundError):
                found = path.stat()
                if path.suffix == ".tflite":
                    ages.append((found.st_mtime, found.st_size, path))
                elif time.time() - found.st_mtime > _STALE_SECONDS:
                    path.unlink()
    total = sum(size for _, size, _ in ages)
    for _, size, path in sorted(ages):
        if total <= limit:
            return
        if path != kept:
            path.unlink(missing_ok=True)
            total -= size
