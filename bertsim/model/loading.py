"""A source -> a `SimilarityModel`: the bundled encoder, a folder, or a repository of the Hub.

Decides which engine runs it. TensorFlow is imported only where it is asked for, or to export a flatbuffer
that is not there yet.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from bertsim.bert.folder import CheckpointFolder, check_manifest, file_sha256, open_folder
from bertsim.engines.base import ENGINES, FLATBUFFER, Engine, HeadRunner
from bertsim.errors import CheckpointError, InputError, NotExportedError
from bertsim.export.cache import find_cached, make_cached
from bertsim.heads.reading import HEADS_FOLDER, FoundHead, LoadedHead, find_classifier, find_heads
from bertsim.model.similarity import SimilarityModel
from bertsim.records import COMBINED, UNTRAINED
from bertsim.score import calibration, combination
from bertsim.score.calibration import Calibration, read_calibrations
from bertsim.score.combination import read_combination
from bertsim.score.words import read_words

_PACKAGE = Path(__file__).resolve().parent.parent
# Beside the package in a checkout, inside it where a wheel was installed.
BUNDLED = _PACKAGE / "weights" if (_PACKAGE / "weights").is_dir() else _PACKAGE.parent / "weights"
BUNDLED_NAME = "bertsim-minilm"
log = logging.getLogger(__name__)
Progress = Callable[[str, float | None], None]


def load(
    source: str | Path | None = None,
    *,
    revision: str | None = None,
    engine: str = "litert",
    max_length: int | None = None,
    heads: str | Path | bool | None = None,
    export: bool = True,
    max_bytes: int | None = None,
    progress: Progress | None = None,
) -> SimilarityModel:
    """Load an encoder, ready to score.

    Args:
        source: None for the bundled encoder, a folder, or a repository of the Hub: "user/name" or
            "user/name@revision".
        revision: of the repository: branch, tag or commit.
        engine: "litert" (fast, int8) or "tensorflow" (float32, exact). A checkpoint that has no flatbuffer
            is exported once, which takes up to a minute, and kept in the user's cache folder.
        max_length: tokens read of a sequence; None = what the checkpoint says.
        heads: a folder of trained heads, or a repository of the Hub that has them; None = the source's own folder
            "heads" and its classifier, where it has them; False = none.
        export: whether to export what has no flatbuffer yet.
        max_bytes: refuse a repository that is larger; None = no limit.
        progress: told what is being done, and the share of it that is done, 0 to 1 (None: not known).

    Raises:
        InputError: an unknown engine, or a `max_length` beyond the encoder's positions.
        CheckpointError: a folder that is missing, damaged or no BERT, or a head of another encoder.
        HubError: a repository that cannot be had.
        ExportError: a flatbuffer that does not agree with its model.
        NotExportedError: one is not there yet, and none shall be exported.

    Example: load().score([("A dog barks.", "A dog is barking.")])
    """
    if engine not in ENGINES:
        raise InputError(f"engine is {engine!r}; known are {', '.join(ENGINES)}.")
    tell = progress or (lambda what, share: None)
    tell(f"Loading {source or BUNDLED_NAME}", None)
    path, name, commit = find_source(source, revision, progress=progress, max_bytes=max_bytes)
    is_exact = engine == "tensorflow"
    unread = [FLATBUFFER] if is_exact else []
    if not is_exact and (path / FLATBUFFER).exists():
        unread = [tensors.name for tensors in path.glob("*.safetensors")]
    checkpoint = open_folder(path, name, commit, max_length=max_length, unread=unread)
    folder, heads_source = _find_heads(heads, path, progress, max_bytes)
    if folder is not None:
        found = find_heads(_below(folder), checkpoint)
    else:
        found = [] if heads is False else find_classifier(checkpoint)
    exported = partial(_exported, export, tell)
    encoder = _exact_encoder(checkpoint) if is_exact else _fast_encoder(checkpoint, exported)
    run_head = _exact_head if is_exact else partial(_fast_head, exported)
    loaded = [LoadedHead(head.name, head.config, run_head(head)) for head in found]
    scorers = (*UNTRAINED, *(head.name for head in loaded))
    words = read_words(path)
    if words and (heads is False or (folder is not None and folder.resolve() != path.resolve())):
        # what stands on heads is of its own ones
        untrained = {scorer: said for scorer, said in words.scorers.items() if scorer in UNTRAINED}
        words = replace(words, scorers=untrained, known_errors=())
    return SimilarityModel(
        checkpoint,
        encoder,
        heads=loaded,
        heads_source=heads_source,
        calibrations=_calibrations(path, folder, loaded),
        combination=None if folder is None else read_combination(folder / combination.NAME, scorers),
        words=words,
    )


def find_source(
    source: str | Path | None, revision: str | None, *, progress: Progress | None = None, max_bytes: int | None = None
) -> tuple[Path, str, str | None]:
    """The folder of a source, its name, and the commit it is of; arguments and errors as `load`.

    Raises:
        InputError: a revision of what has none, or two different ones.
        CheckpointError: it is neither a folder nor a repository.
    """
    folder = BUNDLED if source is None else _folder(source)
    if folder is not None:
        what, name = f"folder {folder}", folder.resolve().name
        if source is None:
            what, name = "bundled encoder", BUNDLED_NAME
        if revision is not None:
            raise InputError(f"revision {revision!r} was given for the {what}; only a repository has revisions.")
        if not folder.is_dir():
            raise CheckpointError(f"{folder} is missing; it holds the bundled encoder and comes with the repository.")
        return folder, name, None
    from bertsim import hub

    repository, within = hub.split_revision(str(source))
    if isinstance(source, Path) or not hub.is_repository_id(repository):
        raise CheckpointError(f"{source} is neither a folder nor a repository id of the form user/name.")
    if within is not None and revision not in (None, within):
        raise InputError(f"{source} names one revision, and {revision!r} is another; give one of them.")
    path, commit = hub.fetch(repository, revision or within, progress=progress, max_bytes=max_bytes)
    return path, repository, commit


def _folder(name: str | Path) -> Path | None:
    """The folder of this name; None where there is none."""
    path = os.path.expanduser(name)
    return Path(path) if os.path.isdir(path) else None


def _find_heads(
    heads: str | Path | bool | None, own: Path, progress: Progress | None, max_bytes: int | None
) -> tuple[Path | None, str | None]:
    """The folder whose layout is that of `weights/`, or that holds heads alone, and its name; None where none."""
    if not isinstance(heads, str | Path):
        return own if heads is not False and (own / HEADS_FOLDER).is_dir() else None, None
    folder, name = _folder(heads), str(heads)
    if folder is None:
        if isinstance(heads, Path):
            raise CheckpointError(f"{heads} is no folder; a folder of heads was expected.")
        from bertsim import hub

        repository, revision = hub.split_revision(heads)
        if repository.count("/") != 1 or not hub.is_repository_id(repository):
            raise CheckpointError(
                f"{heads} is no folder, and no repository of the form user/name; one of heads was expected."
            )
        folder, commit = hub.fetch(repository, revision, hub.head_files, progress=progress, max_bytes=max_bytes)
        name = f"{repository}@{commit}"
    if folder.name == HEADS_FOLDER:
        folder = folder.parent
    if (folder / HEADS_FOLDER).is_dir():
        check_manifest(folder, below=HEADS_FOLDER)
    return folder, name


def _below(folder: Path) -> Path:
    """Where in a folder heads are: in its folder "heads", or in itself."""
    return folder / HEADS_FOLDER if (folder / HEADS_FOLDER).is_dir() else folder


def _calibrations(own: Path, folder: Path | None, heads: list[LoadedHead]) -> dict[str, Calibration]:
    """The calibration of every scorer that has one; how heads are joined is theirs to say, not the encoder's."""
    found = read_calibrations(own / calibration.NAME)
    if folder is not None:
        found.pop(COMBINED, None)
        joined = read_calibrations(folder / calibration.NAME)
        found |= {name: curve for name, curve in joined.items() if name == COMBINED}
        for head in heads:
            found |= read_calibrations(_below(folder) / head.name / calibration.NAME)
    return found


def _exported(
    export: bool, tell: Progress, kind: str, cache_key: list[str], write: Callable[[Path], object], what: str
) -> Path:
    """A flatbuffer of the user's cache; made where it is not there yet, if it may be."""
    found = find_cached(kind, cache_key)
    if found is not None:
        return found
    if not export:
        raise NotExportedError(f"{what} has no flatbuffer yet; load it once with export=True.")
    tell(f"Exporting {what} for the fast engine, once; this takes up to a minute", None)
    log.warning("Exporting %s for the fast engine, once; this takes up to a minute.", what)
    return make_cached(kind, cache_key, write)


def _exact_encoder(checkpoint: CheckpointFolder) -> Engine:
    from bertsim.bert.checkpoint import load_encoder
    from bertsim.engines.tensorflow import TensorFlowEngine

    return TensorFlowEngine(load_encoder(checkpoint.path, checkpoint.config), checkpoint.embedding)


def _fast_encoder(checkpoint: CheckpointFolder, exported: Callable[..., Path]) -> Engine:
    """Runs the checkpoint's own flatbuffer, or one that is exported."""
    from bertsim.engines.litert import LiteRTEngine

    if (checkpoint.path / FLATBUFFER).exists():
        try:
            return LiteRTEngine(checkpoint.path / FLATBUFFER)
        except CheckpointError as error:  # one that another program made, say
            log.warning("%s One is exported instead.", error)
            check_manifest(checkpoint.path)  # its tensors are read after all
    embedding, tensors = checkpoint.embedding, sorted(checkpoint.path.glob("*.safetensors"))
    cache_key = [repr(checkpoint.config), embedding.pooling, repr(embedding.normalize), *map(file_sha256, tensors)]

    def write(path: Path) -> None:
        from bertsim.bert.checkpoint import load_encoder
        from bertsim.export.encoder import export_flatbuffer

        bert = load_encoder(checkpoint.path, checkpoint.config)
        export_flatbuffer(bert, embedding, checkpoint.tokenizer, path)

    return LiteRTEngine(exported("flatbuffers", cache_key, write, checkpoint.name))


def _exact_head(head: FoundHead) -> HeadRunner:
    from bertsim.engines.tensorflow import TensorFlowHead

    return TensorFlowHead(head.build())


def _fast_head(exported: Callable[..., Path], head: FoundHead) -> HeadRunner:
    from bertsim.engines.litert import LiteRTHead

    def write(path: Path) -> None:
        from bertsim.export.heads import export_head

        export_head(head.build(), path)

    return LiteRTHead(head.flatbuffer or exported("heads", head.cache_key(), write, f"the head {head.name}"))
