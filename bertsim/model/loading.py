"""A source -> a `SimilarityModel`: the bundled encoder, a folder, or a repository of the Hub.

Decides which engine runs it. TensorFlow is imported only where it is asked for, or to export a flatbuffer
that is not there yet.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bertsim.bert.config import BertConfig, EmbeddingConfig
from bertsim.bert.manifest import check_manifest, file_sha256
from bertsim.engines.base import ENGINES, FLATBUFFER, Engine
from bertsim.errors import CheckpointError, InputError
from bertsim.export.cache import find_cached, make_cached
from bertsim.heads.pairs import LoadedHead
from bertsim.heads.reading import HEADS_FOLDER, EncoderAtHand, load_classifier, load_heads
from bertsim.model.relay import Preparation, RelayEngine
from bertsim.model.similarity import SimilarityModel
from bertsim.score.alignment import UNTRAINED
from bertsim.score.calibration import NAME as CALIBRATION
from bertsim.score.calibration import Calibration, read_calibrations
from bertsim.score.combination import NAME as COMBINED
from bertsim.score.combination import SCORER as COMBINATION
from bertsim.score.combination import Combination, read_combination
from bertsim.score.words import Words, read_words
from bertsim.text.tokenizer import Tokenizer

_HERE = Path(__file__).resolve().parent.parent
# Beside the package in a checkout, inside it where a wheel was installed.
BUNDLED = _HERE / "weights" if (_HERE / "weights").is_dir() else _HERE.parent / "weights"
BUNDLED_NAME = "bertsim-minilm"
# Makes every flatbuffer that is not there yet: loading is enough.
_EXPORT = """
import ast, os, sys
from pathlib import Path
if hasattr(os, "nice"):
    os.nice(5)
import bertsim
heads, max_length = map(ast.literal_eval, sys.argv[2:])
try:
    bertsim.load(Path(sys.argv[1]), heads=heads, max_length=max_length)
except bertsim.BertsimError as error:
    sys.exit(str(error))
"""
log = logging.getLogger(__name__)
Progress = Callable[[str, float | None], None]


def load(
    source: str | Path | None = None,
    *,
    revision: str | None = None,
    engine: str = "litert",
    max_length: int | None = None,
    heads: str | Path | bool | None = None,
    background: bool = False,
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
        background: where there is no flatbuffer yet, return at once with the TensorFlow engine, and let LiteRT take
            over when it is exported; `SimilarityModel.engine` says which serves.
        max_bytes: refuse a repository that is larger; None = no limit.
        progress: told what is being done, and the share of it that is done, 0 to 1 (None: not known).

    Raises:
        InputError: an unknown engine, or a `max_length` beyond the encoder's positions.
        CheckpointError: a folder that is missing, damaged or no BERT, or a head of another encoder.
        HubError: a repository that cannot be had.
        ExportError: a flatbuffer that does not agree with its model.

    Example: load().score([("A dog barks.", "A dog is barking.")])
    """
    if engine not in ENGINES:
        raise InputError(f"engine is {engine!r}; known are {', '.join(ENGINES)}.")
    tell = progress or (lambda what, share: None)
    tell(f"Loading {source or BUNDLED_NAME}", None)
    folder, name, commit = find_source(source, revision, progress=progress, max_bytes=max_bytes)
    checksums = check_manifest(folder, skip=_other_engine_s(folder, engine))
    config = BertConfig.from_folder(folder)
    embedding = EmbeddingConfig.from_folder(folder, config)
    tokenizer = Tokenizer.from_folder(folder, config)
    if max_length is not None:
        embedding = EmbeddingConfig(
            embedding.pooling, embedding.normalize, tokenizer.check_length(max_length)
        )
    later = Preparation() if background else None
    encoder = EncoderAtHand(folder, name, config, embedding, engine, later, checksums)
    found, heads_source = _find_heads(heads, folder, progress, max_bytes)
    loaded, calibrations, combination = _heads(found, heads, encoder)
    runner = _runner(encoder, tokenizer, tell)
    model = SimilarityModel(
        runner,
        tokenizer,
        config,
        embedding,
        name=name,
        revision=commit,
        heads=loaded,
        heads_source=heads_source,
        calibrations=calibrations,
        combination=combination,
        words=_words(folder, found, heads),
    )
    if later is not None:
        words = [heads if found is None else str(found), embedding.max_length]
        later.start(name, _EXPORT, str(folder), *map(repr, words))
    return model


def _other_engine_s(folder: Path, engine: str) -> list[str]:
    """The files of an encoder that an engine does not read: its tensors where there is a flatbuffer, or that."""
    if engine == "tensorflow":
        return [FLATBUFFER]
    return [path.name for path in folder.glob("*.safetensors")] if (folder / FLATBUFFER).exists() else []


def find_source(
    source: str | Path | None,
    revision: str | None,
    *,
    progress: Progress | None = None,
    max_bytes: int | None = None,
) -> tuple[Path, str, str | None]:
    """The folder of a source, its name, and the commit it is of; arguments and errors as `load`."""
    if source is None:
        if revision is not None:
            raise InputError(
                f"revision {revision!r} was given for the bundled encoder; only a repository has revisions."
            )
        if not BUNDLED.is_dir():
            raise CheckpointError(
                f"{BUNDLED} is missing; it holds the bundled encoder and comes with the repository."
            )
        return BUNDLED, BUNDLED_NAME, None
    folder = _folder(source)
    if folder is not None:
        if revision is not None:
            raise InputError(
                f"revision {revision!r} was given for the folder {folder}; only a repository has revisions."
            )
        return folder, folder.resolve().name, None
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
    try:
        folder = Path(name).expanduser()
        return folder if folder.is_dir() else None
    except (OSError, RuntimeError):  # longer than a name can be; the home of a user that there is not
        return None


def _find_heads(
    heads: str | Path | bool | None, own: Path, progress: Progress | None, max_bytes: int | None
) -> tuple[Path | None, str | None]:
    """The folder whose layout is that of `weights/`, or that holds heads alone, and its name; None where none."""
    if heads is False:
        return None, None
    if not isinstance(heads, (str, Path)):
        return own if (own / HEADS_FOLDER).is_dir() else None, None
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
        folder, commit = hub.fetch_heads(repository, revision, progress=progress, max_bytes=max_bytes)
        name = f"{repository}@{commit}"
    if folder.name == HEADS_FOLDER:
        folder = folder.parent
    if (folder / HEADS_FOLDER).is_dir():
        check_manifest(folder, below=HEADS_FOLDER)
    return folder, name


def _heads(
    folder: Path | None, asked: str | Path | bool | None, encoder: EncoderAtHand
) -> tuple[list[LoadedHead], dict[str, Calibration], Combination | None]:
    """The heads that were asked for, the calibration of every scorer that has one, and how they are joined."""
    loaded: list[LoadedHead] = []
    calibrations = read_calibrations(encoder.folder / CALIBRATION)
    if folder is None:
        if asked in (None, True):
            loaded = load_classifier(encoder)
        return loaded, calibrations, None
    if folder.resolve() != encoder.folder.resolve():  # how heads are joined is theirs to say
        calibrations.pop(COMBINATION, None)
        joined = read_calibrations(folder / CALIBRATION).get(COMBINATION)
        calibrations |= {COMBINATION: joined} if joined else {}
    heads = folder / HEADS_FOLDER if (folder / HEADS_FOLDER).is_dir() else folder
    loaded = load_heads(heads, encoder)
    for head in loaded:
        calibrations |= read_calibrations(heads / head.name / CALIBRATION)
    return (
        loaded,
        calibrations,
        read_combination(folder / COMBINED, (*UNTRAINED, *(head.name for head in loaded))),
    )


def _words(folder: Path, heads: Path | None, asked: str | Path | bool | None) -> Words | None:
    """What the encoder's folder says of its numbers, without what stands on heads where its own are not loaded."""
    words = read_words(folder)
    if words is None or (asked is not False and (heads is None or heads.resolve() == folder.resolve())):
        return words
    untrained = {name: said for name, said in words.scorers.items() if name in UNTRAINED}
    return replace(words, scorers=untrained, known_errors=())


def _runner(encoder: EncoderAtHand, tokenizer: Tokenizer, tell: Progress) -> Engine:
    """What runs the encoder: TensorFlow, its own flatbuffer, or one exported into the user's cache, now or later."""
    folder = encoder.folder
    if encoder.engine == "tensorflow":
        return _reference_engine(encoder)
    from bertsim.engines.litert import LiteRTEngine

    if (folder / FLATBUFFER).exists():
        try:
            return LiteRTEngine(folder / FLATBUFFER)
        except CheckpointError as error:  # one that another program made, say
            log.warning("%s One is exported instead.", error)
            check_manifest(folder)  # its tensors are read after all
    embedding = encoder.embedding
    made_of = [
        repr(encoder.config),
        embedding.pooling,
        repr(embedding.normalize),
        *map(file_sha256, sorted(folder.glob("*.safetensors"))),
    ]
    found = find_cached("flatbuffers", made_of)
    if found is not None:
        return LiteRTEngine(found)

    def export() -> LiteRTEngine:
        from bertsim.bert.checkpoint import load_encoder
        from bertsim.export.encoder import export_flatbuffer

        def write(path: Path) -> None:
            export_flatbuffer(load_encoder(folder, encoder.config)[0], embedding, tokenizer, path)

        return LiteRTEngine(make_cached("flatbuffers", made_of, write))

    if encoder.later is None:
        tell(f"Exporting {encoder.name} for the fast engine, once; this takes up to a minute", None)
        log.warning("Exporting %s for the fast engine, once; this takes up to a minute.", folder)
        return export()
    relay = RelayEngine(_reference_engine(encoder))
    encoder.later.add(relay, export)
    return relay


def _reference_engine(encoder: EncoderAtHand) -> Engine:
    from bertsim.bert.checkpoint import load_encoder
    from bertsim.engines.tensorflow import TensorFlowEngine

    bert, unused = load_encoder(encoder.folder, encoder.config)
    if unused:
        log.info("%s: not used: %s", encoder.folder, ", ".join(unused))
    return TensorFlowEngine(bert, encoder.embedding)
