"""A source -> a `SimilarityModel`: the bundled encoder, a folder, or a repository of the Hub.

Decides which engine runs it. TensorFlow is imported only where it is asked for, or to export a flatbuffer
that is not there yet.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

from platformdirs import user_cache_path

from bertsim.calibration import NAME as CALIBRATION
from bertsim.calibration import Calibration, read_calibrations
from bertsim.combination import NAME as COMBINED
from bertsim.combination import read_combination
from bertsim.config import BertConfig, EmbeddingConfig
from bertsim.engine import ENGINES, Engine
from bertsim.errors import CheckpointError, InputError
from bertsim.head_loading import HEADS_FOLDER, EncoderAtHand, load_classifier, load_heads
from bertsim.manifest import check_manifest, file_sha256
from bertsim.pair_heads import LoadedHead
from bertsim.pipeline import SimilarityModel
from bertsim.scoring import MEASURES
from bertsim.tokenization import Tokenizer

_HERE = Path(__file__).resolve().parent
# Beside the package in a checkout, inside it where a wheel was installed.
BUNDLED = _HERE / "weights" if (_HERE / "weights").is_dir() else _HERE.parent / "weights"
BUNDLED_NAME = "bertsim-mini"
FLATBUFFER = "model.tflite"
_EXPORT_VERSION = "1"  # raised when the exporter makes other files than before
log = logging.getLogger(__name__)
Progress = Callable[[str, float | None], None]


def load(
    source: str | Path | None = None,
    *,
    revision: str | None = None,
    engine: str = "litert",
    max_length: int | None = None,
    heads: str | Path | bool | None = None,
    progress: Progress | None = None,
) -> SimilarityModel:
    """Load an encoder, ready to score.

    Args:
        source: None for the bundled encoder, a folder, or a repository id of the Hub.
        revision: of the repository: branch, tag or commit.
        engine: "litert" (fast, int8) or "tensorflow" (float32, exact). A checkpoint that has no flatbuffer
            is exported once, which takes up to a minute, and kept in the user's cache folder.
        max_length: tokens read of a sequence; None = what the checkpoint says.
        heads: a folder of trained heads; None = the source's own folder "heads" and its classifier, where it has
            them; False = none.
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
    folder, name, commit = find_source(source, revision)
    check_manifest(folder)
    config = BertConfig.from_folder(folder)
    embedding = EmbeddingConfig.from_folder(folder, config)
    tokenizer = Tokenizer.from_folder(folder, config)
    if max_length is not None:
        embedding = EmbeddingConfig(
            embedding.pooling, embedding.normalize, tokenizer.check_length(max_length)
        )
    runner: Engine
    if engine == "tensorflow":
        runner = _reference_engine(folder, config, embedding)
    else:
        from bertsim.litert import LiteRTEngine

        runner = LiteRTEngine(_flatbuffer(folder, config, embedding, tokenizer))
    loaded, calibrations = _heads(heads, EncoderAtHand(folder, name, config, embedding, engine))
    return SimilarityModel(
        runner,
        tokenizer,
        config,
        embedding,
        name=name,
        revision=commit,
        engine=engine,
        heads=loaded,
        calibrations=calibrations,
        combination=read_combination(folder / COMBINED, (*MEASURES, *(head.name for head in loaded))),
    )


def _heads(
    heads: str | Path | bool | None, encoder: EncoderAtHand
) -> tuple[list[LoadedHead], dict[str, Calibration]]:
    """The heads that were asked for, and the calibration of every scorer that has one."""
    own = encoder.folder / HEADS_FOLDER
    folder = Path(heads).expanduser() if isinstance(heads, (str, Path)) else own
    if isinstance(heads, (str, Path)) and not folder.is_dir():
        raise CheckpointError(f"{folder} is no folder; a folder of heads was expected.")
    loaded = load_heads(folder, encoder) if heads is not False and folder.is_dir() else []
    if not loaded and heads in (None, True):
        loaded = load_classifier(encoder)
    calibrations = read_calibrations(encoder.folder / CALIBRATION)
    for head in loaded:
        calibrations |= read_calibrations(folder / head.name / CALIBRATION)
    return loaded, calibrations


def find_source(source: str | Path | None, revision: str | None) -> tuple[Path, str, str | None]:
    """The folder of a source, its name, and the commit it is of."""
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
    folder = Path(source).expanduser()
    if folder.is_dir():
        if revision is not None:
            raise InputError(
                f"revision {revision!r} was given for the folder {folder}; only a repository has revisions."
            )
        return folder, folder.resolve().name, None
    from bertsim import hub

    if isinstance(source, Path) or not hub.is_repository_id(source):
        raise CheckpointError(f"{source} is neither a folder nor a repository id of the form user/name.")
    path, commit = hub.fetch(source, revision)
    return path, source, commit


def _reference_engine(folder: Path, config: BertConfig, embedding: EmbeddingConfig) -> Engine:
    from bertsim.checkpoint import load_encoder
    from bertsim.reference import TensorFlowEngine

    encoder, unused = load_encoder(folder, config)
    if unused:
        log.info("%s: not used: %s", folder, ", ".join(unused))
    return TensorFlowEngine(encoder, embedding)


def _flatbuffer(folder: Path, config: BertConfig, embedding: EmbeddingConfig, tokenizer: Tokenizer) -> Path:
    """The folder's own flatbuffer, or one exported into the user's cache, keyed by what it is made of."""
    if (folder / FLATBUFFER).exists():
        return folder / FLATBUFFER
    sources = sorted(folder.glob("*.safetensors"))
    made_of = [
        _EXPORT_VERSION,
        repr(config),
        embedding.pooling,
        repr(embedding.normalize),
        *map(file_sha256, sources),
    ]
    digest = hashlib.sha256("\n".join(made_of).encode()).hexdigest()
    path = user_cache_path("bertsim") / "flatbuffers" / f"{digest}.tflite"
    if not path.exists():
        from bertsim.checkpoint import load_encoder
        from bertsim.export import export_flatbuffer

        log.warning("Exporting %s for the fast engine, once; this takes up to a minute.", folder)
        export_flatbuffer(load_encoder(folder, config)[0], embedding, tokenizer, path)
    return path
