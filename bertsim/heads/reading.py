"""Folders of heads, and classifiers inside a checkpoint -> `LoadedHead`s that sit on one encoder.

A folder of heads has one folder per head, named like its scorer: config.json, model.safetensors and, for the fast
engine, model.tflite; a head without one is exported once into the user's cache. TensorFlow is imported only for that,
or where it is the engine.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from bertsim.bert.checkpoint import WEIGHTS, has_pooler
from bertsim.bert.config import BertConfig, EmbeddingConfig
from bertsim.bert.manifest import file_sha256
from bertsim.engines.base import FLATBUFFER, HeadRunner
from bertsim.errors import CheckpointError
from bertsim.export.cache import find_cached, make_cached
from bertsim.heads.classifier import Classifier, read_classifier
from bertsim.heads.config import RESERVED, HeadConfig
from bertsim.heads.pairs import LoadedHead
from bertsim.model.relay import Preparation, RelayHead

if TYPE_CHECKING:
    from bertsim.heads.network import Head

HEADS_FOLDER = "heads"
CLASSIFIER = "pooled"
"""Name of the head that a BertForSequenceClassification brings with it."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EncoderAtHand:
    """What a head has to know of the encoder that it shall sit on.

    Attributes:
        folder: the checkpoint.
        name: of the encoder.
        config: its shape.
        embedding: its pooling and length.
        engine: "litert" or "tensorflow".
        later: where exports are put off to; None: they are made at once.
        checksums: of its files, compared with its manifest.
    """

    folder: Path
    name: str
    config: BertConfig
    embedding: EmbeddingConfig
    engine: str
    later: Preparation | None = None
    checksums: Mapping[str, str] = field(default_factory=dict)


def encoder_sha256(folder: Path, known: Mapping[str, str] = MappingProxyType({})) -> str:
    """What tells an encoder from every other: the SHA-256 of its tensors, of all shards together if there are some.

    Args:
        folder: of the encoder.
        known: checksums of its files that were compared just now, as `check_manifest` gives them.
    """
    sums = [known.get(path.name) or file_sha256(path) for path in sorted(folder.glob("*.safetensors"))]
    return sums[0] if len(sums) == 1 else hashlib.sha256("\n".join(sums).encode()).hexdigest()


def load_heads(folder: Path, encoder: EncoderAtHand) -> list[LoadedHead]:
    """Load every head of a folder.

    Raises:
        CheckpointError: the folder holds no head, a head belongs to another encoder, or a file is damaged.
    """
    folders = sorted(path.parent for path in folder.glob("*/config.json"))
    if not folders:
        raise CheckpointError(f"{folder} holds no head: no folder with a config.json.")
    sha256 = encoder_sha256(encoder.folder, encoder.checksums)
    heads = []
    for path in folders:
        if path.name in RESERVED:
            raise CheckpointError(f"{path} has the name of another scorer; rename the head's folder.")
        config = HeadConfig.from_folder(path)
        config.check_encoder(encoder.name, sha256, encoder.config.hidden_size, path)

        def build(path: Path = path) -> Head:
            from bertsim.heads.network import load_head

            size = encoder.config.hidden_size
            return load_head(path, encoder.name, sha256, size, has_pooler=has_pooler(encoder.folder))

        own = path / FLATBUFFER
        runner = _runner(build, encoder, own if own.exists() else None, [path / WEIGHTS], config)
        heads.append(LoadedHead(path.name, config, runner))
    return heads


def load_classifier(encoder: EncoderAtHand) -> list[LoadedHead]:
    """The head of a `BertForSequenceClassification` checkpoint, as a list; empty for every other checkpoint.

    Raises:
        CheckpointError: its tensors or labels cannot be.
    """
    found = read_classifier(encoder.folder, encoder.config)
    if found is None:
        return []
    config = HeadConfig(
        kind="pooled",
        inputs="packed",
        units=(),
        dropout=encoder.config.hidden_dropout_prob,
        labels=found.labels,
        label_scale=(0.0, 1.0),
        max_length=encoder.embedding.max_length,
        encoder=encoder.name,
        encoder_sha256=encoder_sha256(encoder.folder, encoder.checksums),
        hidden_size=encoder.config.hidden_size,
        activation=found.activation,
    )
    runner = _runner(
        lambda: _build_classifier(config, found, encoder.folder),
        encoder,
        None,
        sorted(encoder.folder.glob("*.safetensors")),
        config,
    )
    return [LoadedHead(CLASSIFIER, config, runner)]


def _build_classifier(config: HeadConfig, found: Classifier, folder: Path) -> Head:
    from bertsim.heads.network import build_head, fill_head

    head = build_head(config, has_pooler=True)
    fill_head(head, found.tensors, folder)
    return head


def _runner(
    build: Callable[[], Head],
    encoder: EncoderAtHand,
    flatbuffer: Path | None,
    sources: list[Path],
    config: HeadConfig,
) -> HeadRunner:
    """Run a head in an engine; where there is no flatbuffer, one is exported into the user's cache, now or later."""
    if encoder.engine == "tensorflow":
        from bertsim.engines.tensorflow import TensorFlowHead

        return TensorFlowHead(build())
    from bertsim.engines.litert import LiteRTHead

    if flatbuffer is not None:
        return LiteRTHead(flatbuffer)
    made_of = [
        repr(replace(config, encoder="")),
        *map(file_sha256, sources),
    ]  # by whatever name it was loaded
    found = find_cached("heads", made_of)
    if found is not None:
        return LiteRTHead(found)

    def export(head: Head) -> LiteRTHead:
        from bertsim.export.heads import export_head

        return LiteRTHead(make_cached("heads", made_of, lambda path: export_head(head, path)))

    if encoder.later is None:
        log.warning("Exporting the head %s for the fast engine, once.", sources[0].parent)
        return export(build())
    from bertsim.engines.tensorflow import TensorFlowHead

    head = build()
    relay = RelayHead(TensorFlowHead(head))
    encoder.later.add(relay, lambda: export(head))
    return relay
