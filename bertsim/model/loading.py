"""A source -> a `SimilarityModel`: the bundled encoder, a folder, or a repository of the Hub.

Decides which engine runs it. TensorFlow is imported only where it is asked for, or to export a flatbuffer
that is not there yet.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bertsim import hub
from bertsim.bert.folder import CheckpointFolder, check_manifest, open_folder
from bertsim.bert.pooling import pooled_size
from bertsim.engines.base import ENGINES, FLATBUFFER, Engine, HeadRunner
from bertsim.errors import CheckpointError, InputError
from bertsim.export.cache import encoder_flatbuffer, head_flatbuffer
from bertsim.heads.reading import HEADS_FOLDER, FoundHead, LoadedHead, find_classifier, find_heads
from bertsim.hub.download import Progress
from bertsim.model.similarity import SimilarityModel
from bertsim.records import COMBINED, UNTRAINED
from bertsim.score import calibration
from bertsim.score.calibration import Calibration, read_calibrations, read_combination
from bertsim.score.verdict import read_rule
from bertsim.score.words import read_words
from bertsim.text.tokenizer import MIN_LENGTH

_T = TypeVar("_T")
_PACKAGE = Path(__file__).resolve().parent.parent
# Beside the package in a checkout, inside it where a wheel was installed.
BUNDLED = _PACKAGE / "weights" if (_PACKAGE / "weights").is_dir() else _PACKAGE.parent / "weights"
BUNDLED_NAME = "bertsim-minilm"
log = logging.getLogger(__name__)


def load(
    source: str | Path | None = None,
    *,
    revision: str | None = None,
    engine: str = "litert",
    max_length: int | None = None,
    heads: str | Path | bool | None = None,
    export: bool = True,
    max_bytes: int | None = None,
    threads: int | None = None,
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
        threads: on how many LiteRT runs; None = one a core. TensorFlow's own setting is TF_NUM_INTRAOP_THREADS.
        progress: told what is being done, and the share of it that is done, 0 to 1 (None: not known).

    Raises:
        InputError: an unknown engine, a `max_length` beyond the encoder's positions, or less than one thread.
        CheckpointError: a folder that is missing, damaged or no BERT, or a head of another encoder.
        HubError: a repository that cannot be had.
        ExportError: a flatbuffer that does not agree with its model.
        NotExportedError: one is not there yet, and none shall be exported.

    Example: load().score([("A dog barks.", "A dog is barking.")])
    """
    if engine not in ENGINES:
        raise InputError(f"engine is {engine!r}; known are {', '.join(ENGINES)}.")
    if threads is not None and threads < 1:
        raise InputError(f"threads is {threads}; a whole number from 1 on was expected.")
    tell = progress or (lambda what, share: None)
    tell(f"Loading {source or BUNDLED_NAME}", None)
    path, name, commit = find_source(source, revision, progress=progress, max_bytes=max_bytes)
    is_exact = engine == "tensorflow"
    unread = [FLATBUFFER] if is_exact else []
    if not is_exact and (path / FLATBUFFER).exists():
        unread = [tensors.name for tensors in path.glob("*.safetensors")]
    checkpoint = open_folder(path, name, commit, max_length=max_length, unread=unread)
    folder, heads_source = _find_heads(heads, path, progress, max_bytes)
    if folder is None:
        found = [] if heads is False else find_classifier(checkpoint)
    else:
        found = find_heads(folder / HEADS_FOLDER if (folder / HEADS_FOLDER).is_dir() else folder, checkpoint)
    runs, runners = _exact(checkpoint, found) if is_exact else _fast(checkpoint, found, export, tell, threads)
    loaded = [LoadedHead(head.name, head.config, runner) for head, runner in zip(found, runners, strict=True)]
    words, rule = read_words(path), read_rule(path)
    scorers = (*UNTRAINED, *(head.name for head in found))
    if heads is False or (folder is not None and folder.resolve() != path.resolve()):
        rule = None  # what stands on heads is of its own ones
        if words:
            said = {name: words.scorers[name] for name in UNTRAINED if name in words.scorers}
            agreed = {name: words.agreement[name] for name in UNTRAINED if name in words.agreement}
            words = replace(words, scorers=said, agreement=agreed, known_errors=())
    return SimilarityModel(
        checkpoint,
        runs,
        heads=loaded,
        heads_source=heads_source,
        calibrations=_calibrations(path, folder, found),
        combination=None if folder is None else read_combination(folder / calibration.COMBINED_NAME, scorers),
        words=words,
        verdict_rule=rule,
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
        is_bundled = source is None
        what, name = ("bundled encoder", BUNDLED_NAME) if is_bundled else (f"folder {folder}", folder.resolve().name)
        if revision is not None:
            raise InputError(f"revision {revision!r} was given for the {what}; only a repository has revisions.")
        if not folder.is_dir():
            raise CheckpointError(f"{folder} is missing; it holds the bundled encoder and comes with the repository.")
        return folder, name, None
    repository, within = hub.split_revision(str(source))
    if isinstance(source, Path) or not hub.is_repository_id(repository):
        raise CheckpointError(f"{source} is neither a folder nor a repository id of the form user/name.")
    if within is not None and revision not in (None, within):
        raise InputError(f"{source} names one revision, and {revision!r} is another; give one of them.")
    path, commit = hub.fetch(repository, revision or within, progress=progress, max_bytes=max_bytes)
    return path, repository, commit


def _folder(name: str | Path) -> Path | None:
    """The folder of this name; None where there is none. Raises CheckpointError: it is a file, which no Hub has."""
    path = os.path.expanduser(name)
    if os.path.isfile(path):
        raise CheckpointError(f"{name} is a file; name the folder that it is in.")
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
        repository, revision = hub.split_revision(heads)
        if repository.count("/") != 1 or not hub.is_repository_id(repository):
            raise CheckpointError(
                f"{heads} is no folder, and no repository of the form user/name; one of heads was expected."
            )
        folder, commit = hub.fetch(repository, revision, hub.head_files, progress=progress, max_bytes=max_bytes)
        name = f"{repository}@{commit}"
    folder = folder.parent if folder.name == HEADS_FOLDER else folder
    if (folder / HEADS_FOLDER).is_dir():
        check_manifest(folder, below=HEADS_FOLDER)
    return folder, name


def _calibrations(own: Path, folder: Path | None, heads: Sequence[FoundHead]) -> dict[str, Calibration]:
    """The calibration of every scorer that has one; how heads are joined is theirs to say, not the encoder's."""
    found = read_calibrations(own / calibration.NAME)
    if folder is not None:
        found.pop(COMBINED, None)
        joined = read_calibrations(folder / calibration.NAME)
        found |= {name: curve for name, curve in joined.items() if name == COMBINED}
        for head in heads:
            found |= read_calibrations(head.folder / calibration.NAME)
    return found


def _exact(checkpoint: CheckpointFolder, heads: Sequence[FoundHead]) -> tuple[Engine, list[HeadRunner]]:
    """The TensorFlow engine and what runs the heads."""
    from bertsim.bert.checkpoint import load_encoder
    from bertsim.engines.tensorflow import TensorFlowEngine, TensorFlowHead

    engine = TensorFlowEngine(load_encoder(checkpoint.path, checkpoint.config), checkpoint.embedding)
    return engine, [TensorFlowHead(head.build()) for head in heads]


def _fast(
    checkpoint: CheckpointFolder, heads: Sequence[FoundHead], may_export: bool, tell: Progress, threads: int | None
) -> tuple[Engine, list[HeadRunner]]:
    """The LiteRT engine and what runs the heads: by flatbuffers of their own, or by exported ones."""
    from bertsim.engines.litert import LiteRTEngine, LiteRTHead

    engine = None
    if (checkpoint.path / FLATBUFFER).exists():
        try:
            engine = LiteRTEngine(checkpoint.path / FLATBUFFER, threads)
            if FLATBUFFER not in checkpoint.checksums:  # nobody vouches for it
                _check_shapes(engine, checkpoint)
        except CheckpointError as error:  # one that another program made, say
            engine = None
            log.warning("%s One is exported instead.", error)
            check_manifest(checkpoint.path)  # its tensors are read after all
    how: dict[str, Any] = {"may_export": may_export, "tell": tell}
    if engine is None:
        engine = _cached(lambda path: LiteRTEngine(path, threads), partial(encoder_flatbuffer, checkpoint, **how))
    return engine, [
        LiteRTHead(head.flatbuffer) if head.flatbuffer else _cached(LiteRTHead, partial(head_flatbuffer, head, **how))
        for head in heads
    ]


def _cached(run: Callable[[Path], _T], find: Callable[[], Path]) -> _T:
    """What runs a flatbuffer of the user's cache; a damaged one is deleted, and made anew."""
    path = find()
    try:
        return run(path)
    except CheckpointError as error:
        log.warning("%s It is deleted.", error)
        path.unlink(missing_ok=True)
    return run(find())


def _check_shapes(engine: Engine, checkpoint: CheckpointFolder) -> None:
    """Raise CheckpointError where a flatbuffer gives other arrays than those of this encoder, or no numbers."""
    arrays, config = checkpoint.tokenizer.pad(checkpoint.tokenizer.encode([("a",)], MIN_LENGTH)), checkpoint.config
    seq, hidden, heads = arrays[0].shape[1], config.hidden_size, config.num_attention_heads
    size, layers = pooled_size(checkpoint.embedding.pooling, hidden), config.num_hidden_layers
    wanted = [(1, size), (layers + 1, 1, seq, hidden), (layers, 1, heads, seq, seq)]
    try:
        output = engine.encode(*arrays)
        given = [engine.embed(*arrays), output.hidden_states, output.attentions]
        fits = [each.shape for each in given] == wanted and all(np.isfinite(each).all() for each in given)
    except (ValueError, RuntimeError, KeyError):
        fits = False
    if not fits:
        raise CheckpointError(f"{checkpoint.path / FLATBUFFER} is no flatbuffer of this encoder; export it anew.")
