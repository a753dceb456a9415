"""The classifier that a checkpoint carries on its pooler: tensors and config.json -> `Classifier`.

Source: transformers' `BertForSequenceClassification`; sentence-transformers' `CrossEncoder`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bertsim.bert.checkpoint import has_pooler, read_tensors
from bertsim.bert.config import BertConfig
from bertsim.data.json_files import read_field, read_json
from bertsim.errors import CheckpointError
from bertsim.records import Float

CLASSIFICATION = "BertForSequenceClassification"


@dataclass(frozen=True)
class Classifier:
    """The top of a `BertForSequenceClassification`: dense over the pooler's output.

    Attributes:
        tensors: "classifier.weight" float32 [labels, hidden], "classifier.bias" float32 [labels].
        labels: names, from `id2label`.
        activation: "softmax" for labels that exclude each other, else "sigmoid" (one label, or several at once);
            "identity" where a cross-encoder says that its value is the logit, or the label is one of a regression.
    """

    tensors: dict[str, Float]
    labels: tuple[str, ...]
    activation: str


def read_classifier(folder: Path, config: BertConfig) -> Classifier | None:
    """Read the classifier that a checkpoint carries; None where its architecture is another.

    Raises:
        CheckpointError: the architecture says there is one, but its tensors, labels or pooler do not fit.
    """
    path = folder / "config.json"
    raw = read_json(path)
    if CLASSIFICATION not in read_field(path, raw, "architectures", list, []):
        return None
    found = read_tensors(folder, ("classifier.weight", "classifier.bias"))
    shape = found["classifier.weight"].shape if "classifier.weight" in found else ()
    if len(shape) != 2 or shape[1] != config.hidden_size or not has_pooler(folder):
        raise CheckpointError(f"{path} says {CLASSIFICATION}, but the file has no classifier over a pooler.")
    unnamed = {str(i): f"LABEL_{i}" for i in range(shape[0])}
    names_by_id = read_field(path, raw, "id2label", dict, unnamed)
    labels = [names_by_id.get(str(i)) for i in range(shape[0])]
    if len(names_by_id) != shape[0] or not all(isinstance(x, str) and x for x in labels):
        raise CheckpointError(f"{path}: id2label names {len(names_by_id)} labels, the classifier has {shape[0]}.")
    return Classifier(found, tuple(map(str, labels)), _activation(path, raw, shape[0]))


def _activation(path: Path, raw: dict[str, Any], labels: int) -> str:
    """What makes a classifier's values of its logits; a cross-encoder of one label may say so itself.

    Raises:
        CheckpointError: it names a function that is none of those known here.
    """
    nested = raw.get("sentence_transformers")
    named = nested.get("activation_fn") if isinstance(nested, dict) else None
    named = named or raw.get("sbert_ce_default_activation_function")
    if labels == 1 and named is not None:
        kind = str(named).rpartition(".")[2].lower()
        if kind not in ("sigmoid", "identity"):
            raise CheckpointError(f"{path}: the activation function {named!r} is not known; Sigmoid and Identity are.")
        return kind
    problem = raw.get("problem_type")
    if labels == 1:
        return "identity" if problem == "regression" else "sigmoid"
    return "sigmoid" if problem == "multi_label_classification" else "softmax"
