"""Folders of heads, and classifiers inside a checkpoint -> `LoadedHead`s that sit on one encoder.

A folder of heads has one folder per head, named like its scorer: config.json, model.safetensors and, for the fast
engine, model.tflite. TensorFlow is imported only to build one that has none, or where it is the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bertsim.bert.checkpoint import has_pooler, read_tensors
from bertsim.bert.folder import CheckpointFolder, file_sha256
from bertsim.data.json_files import read_field, read_json
from bertsim.engines.base import FLATBUFFER, HeadRunner
from bertsim.errors import CheckpointError, InputError
from bertsim.heads.config import LABELS, RESERVED, HeadConfig
from bertsim.records import Float

if TYPE_CHECKING:
    from bertsim.heads.network import Head

HEADS_FOLDER = "heads"
_CLASSIFICATION = "BertForSequenceClassification"
_CLASSIFIER = "pooled"  # what the head is called that it brings with it
_TENSORS = ("classifier.weight", "classifier.bias")


@dataclass(frozen=True)
class LoadedHead:
    """A head, ready to run; its name is that of its folder and of its scorer."""

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

    def inference(self, logits: Float) -> Float:
        """The probabilities of a head that infers in the order of `LABELS`, float32 [n, 3]."""
        names = [label.lower() for label in self.config.labels]
        return self.probabilities(logits)[:, [names.index(label) for label in LABELS]]

    def scores(self, logits: Float) -> Float:
        """The probability (or logit, for "identity") of the label that means similar, which it has: float32 [n]."""
        return (logits if self.config.activation == "identity" else self.probabilities(logits))[:, self.config.similar]


@dataclass(frozen=True)
class FoundHead:
    """A head that was found and checked, and is not loaded yet.

    Attributes:
        folder: that its weights are in: its own, or the encoder's, whose classifier it is.
        encoder: the folder of its encoder.
    """

    name: str
    config: HeadConfig
    folder: Path
    encoder: Path

    @property
    def flatbuffer(self) -> Path | None:
        """The one that came with it; None: it has none."""
        path = self.folder / FLATBUFFER
        return path if self.folder != self.encoder and path.exists() else None

    def cache_key(self) -> list[str]:
        """All that its flatbuffer is made of, by whatever name its encoder was loaded."""
        sums = map(file_sha256, sorted(self.folder.glob("*.safetensors")))
        return [repr(replace(self.config, encoder="")), *sums]

    def build(self) -> Head:
        """The head in Keras; CheckpointError where its tensors are not those that its config asks for."""
        from bertsim.heads.network import load_head

        names = _TENSORS if self.folder == self.encoder else None
        return load_head(self.config, self.folder, has_pooler=has_pooler(self.encoder), names=names)


def find_heads(folder: Path, encoder: CheckpointFolder) -> list[FoundHead]:
    """Every head of a folder.

    Raises:
        CheckpointError: the folder holds no head, or a head that cannot be, has a name that is taken or belongs to
            another encoder.
    """
    folders = sorted(path.parent for path in folder.glob("*/config.json"))
    if not folders:
        raise CheckpointError(f"{folder} holds no head: no folder with a config.json.")
    heads = []
    for path in folders:
        if path.name in RESERVED:
            raise CheckpointError(f"{path} has the name of another scorer; rename the head's folder.")
        config = HeadConfig.from_folder(path)
        if (config.encoder_sha256, config.hidden_size) != (encoder.sha256, encoder.config.hidden_size):
            raise CheckpointError(
                f"{path} belongs to the encoder {config.encoder} (SHA-256 {config.encoder_sha256[:12]}…), not to "
                f"{encoder.name} (SHA-256 {encoder.sha256[:12]}…); load that encoder, or train a head on this one."
            )
        heads.append(FoundHead(path.name, config, path, encoder.path))
    return heads


def find_classifier(encoder: CheckpointFolder) -> list[FoundHead]:
    """The head of a `BertForSequenceClassification` checkpoint, as a list; empty for every other checkpoint.

    Source: transformers' `BertForSequenceClassification`; sentence-transformers' `CrossEncoder`.

    Raises:
        CheckpointError: its tensors, labels or pooler do not fit, or its activation function is not known.
    """
    path = encoder.path / "config.json"
    raw = read_json(path)
    if _CLASSIFICATION not in read_field(path, raw, "architectures", list, []):
        return []
    hidden_size = encoder.config.hidden_size
    weight = read_tensors(encoder.path, _TENSORS).get(_TENSORS[0])
    shape = () if weight is None else weight.shape
    if len(shape) != 2 or shape[1] != hidden_size or not has_pooler(encoder.path):
        raise CheckpointError(f"{path} says {_CLASSIFICATION}, but the file has no classifier over a pooler.")
    unnamed = {str(i): f"LABEL_{i}" for i in range(shape[0])}
    names_by_id = read_field(path, raw, "id2label", dict, unnamed)
    labels = [names_by_id.get(key) for key in unnamed]
    if len(names_by_id) != shape[0] or not all(isinstance(label, str) and label for label in labels):
        raise CheckpointError(f"{path}: id2label names {len(names_by_id)} labels, the classifier has {shape[0]}.")
    config = HeadConfig(
        kind="pooled",
        inputs="packed",
        units=(),
        dropout=encoder.config.hidden_dropout_prob,
        labels=tuple(map(str, labels)),
        label_scale=(0.0, 1.0),
        max_length=encoder.embedding.max_length,
        encoder=encoder.name,
        encoder_sha256=encoder.sha256,
        hidden_size=hidden_size,
        activation=_activation(path, raw, len(labels)),
    )
    return [FoundHead(_CLASSIFIER, config, encoder.path, encoder.path)]


def _activation(path: Path, raw: dict[str, Any], labels: int) -> str:
    """Softmax if labels exclude each other, else sigmoid; of one label its own function, identity in a regression."""
    problem = raw.get("problem_type")
    if labels > 1:
        return "sigmoid" if problem == "multi_label_classification" else "softmax"
    nested = raw.get("sentence_transformers")
    named = nested.get("activation_fn") if isinstance(nested, dict) else None
    named = named or raw.get("sbert_ce_default_activation_function")
    if named is None:
        return "identity" if problem == "regression" else "sigmoid"
    kind = str(named).rpartition(".")[2].lower()
    if kind not in ("sigmoid", "identity"):
        raise CheckpointError(f"{path}: the activation function {named!r} is not known; Sigmoid and Identity are.")
    return kind
