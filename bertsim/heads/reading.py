"""Folders of heads, and classifiers inside a checkpoint -> `LoadedHead`s that sit on one encoder.

A folder of heads has one folder per head, named like its scorer: config.json, model.safetensors and, for the fast
engine, model.tflite; a head without one is exported once into the user's cache. TensorFlow is imported only for that,
or where it is the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from bertsim.bert.checkpoint import WEIGHTS, has_pooler
from bertsim.bert.folder import CheckpointFolder
from bertsim.bert.manifest import file_sha256
from bertsim.engines.base import FLATBUFFER
from bertsim.errors import CheckpointError, InputError
from bertsim.heads.classifier import read_classifier
from bertsim.heads.config import RESERVED, HeadConfig
from bertsim.records import EncoderOutput, Float, Int

if TYPE_CHECKING:
    from bertsim.heads.network import Head

HEADS_FOLDER = "heads"
CLASSIFIER = "pooled"
"""Name of the head that a BertForSequenceClassification brings with it."""


class HeadRunner(Protocol):
    """Runs one head on what an engine computed; may be called from several threads at once."""

    def features(self, output: EncoderOutput, attention_mask: Int) -> Float:
        """Summaries of sequences, float32 [batch, features]; attention_mask int32 [batch, seq]."""
        ...

    def classify(self, u: Float, v: Float | None = None) -> Float:
        """Logits, float32 [batch, labels], of packed pairs' features, or of two sentences' (u, v)."""
        ...


@dataclass(frozen=True)
class LoadedHead:
    """A head, ready to run.

    Attributes:
        name: of its folder; the name of its scorer.
        config: its shape and labels.
        runner: the engine that computes it.
    """

    name: str
    config: HeadConfig
    runner: HeadRunner

    def probabilities(self, logits: Float) -> Float:
        """Logits [n, labels] -> float32 [n, labels] in [0, 1]; rows sum to 1 for labels that exclude each other.

        Raises:
            InputError: the head's values are logits, not probabilities.

        Example: sigmoid, [[0., 2.]] -> [[0.5, 0.88]]
        """
        if self.config.activation == "identity":
            raise InputError(f"the head {self.name} gives logits, not probabilities; ask for its logits or scores.")
        if self.config.activation == "sigmoid":
            return (0.5 * (1.0 + np.tanh(0.5 * logits))).astype(np.float32)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)

    def scores(self, logits: Float) -> Float:
        """The probability (or logit, for "identity") of the label that means similar, float32 [n]."""
        is_logit = self.config.activation == "identity"
        return (logits if is_logit else self.probabilities(logits))[:, self.config.similar]


@dataclass(frozen=True)
class FoundHead:
    """A head that was found and checked, and is not loaded yet.

    Attributes:
        name, config: see `LoadedHead`.
        flatbuffer: that came with it; None: it has none.
        sources: the files that its weights are in.
        build: makes the Keras head.
    """

    name: str
    config: HeadConfig
    flatbuffer: Path | None
    sources: Sequence[Path]
    build: Callable[[], Head]

    def cache_key(self) -> list[str]:
        """All that its flatbuffer is made of, by whatever name its encoder was loaded."""
        return [repr(replace(self.config, encoder="")), *map(file_sha256, self.sources)]


def find_heads(folder: Path, encoder: CheckpointFolder) -> list[FoundHead]:
    """Every head of a folder.

    Raises:
        CheckpointError: the folder holds no head, or a head belongs to another encoder.
    """
    folders = sorted(path.parent for path in folder.glob("*/config.json"))
    if not folders:
        raise CheckpointError(f"{folder} holds no head: no folder with a config.json.")
    heads = []
    for path in folders:
        if path.name in RESERVED:
            raise CheckpointError(f"{path} has the name of another scorer; rename the head's folder.")
        config = HeadConfig.from_folder(path)
        config.check_encoder(encoder.name, encoder.sha256, encoder.config.hidden_size, path)

        def build(path: Path = path) -> Head:
            from bertsim.heads.network import load_head

            size = encoder.config.hidden_size
            return load_head(path, encoder.name, encoder.sha256, size, has_pooler=has_pooler(encoder.path))

        own = path / FLATBUFFER
        heads.append(FoundHead(path.name, config, own if own.exists() else None, [path / WEIGHTS], build))
    return heads


def find_classifier(encoder: CheckpointFolder) -> list[FoundHead]:
    """The head of a `BertForSequenceClassification` checkpoint, as a list; empty for every other checkpoint.

    Raises:
        CheckpointError: its tensors or labels cannot be.
    """
    found = read_classifier(encoder.path, encoder.config)
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
        encoder_sha256=encoder.sha256,
        hidden_size=encoder.config.hidden_size,
        activation=found.activation,
    )

    def build() -> Head:
        from bertsim.heads.network import build_head, fill_head

        head = build_head(config, has_pooler=True)
        fill_head(head, found.tensors, encoder.path)
        return head

    return [FoundHead(CLASSIFIER, config, None, sorted(encoder.path.glob("*.safetensors")), build)]
