"""What a head says of itself: `config.json` of a folder in `heads/` -> `HeadConfig`. No keras here.

A head is trained on one encoder's outputs and means nothing on another's: the config carries the encoder's
name and the SHA-256 of its tensors, which `reading.find_heads` compares.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bertsim.data.json_files import read_json, record_from
from bertsim.errors import CheckpointError, InputError
from bertsim.records import ALIGNMENT_PARTS, COMBINED, UNTRAINED

KINDS = ("bilstm", "pooled", "mean")
INPUTS = ("packed", "apart")
ACTIVATIONS = ("sigmoid", "softmax", "identity")
RESERVED = (*UNTRAINED, *ALIGNMENT_PARTS, COMBINED, "tfidf", "all")
"""What no head is called: scorers of every encoder, and words of the command line."""
LABELS = ("entailment", "neutral", "contradiction")
"""Of a head that infers, in any order and case: what A says of B."""
# Names that trained classifiers give to "these two mean the same".
_SIMILAR = ("similar", "entailment", "equivalent", "paraphrase", "duplicate", "is_duplicate")


@dataclass(frozen=True)
class HeadConfig:
    """The shape of a head, and what it was trained on.

    Attributes:
        kind: "bilstm", "pooled" or "mean".
        inputs: "packed" ([CLS] A [SEP] B [SEP]) or "apart" (u, v, |u - v|, u * v of two sentences).
        units: of each LSTM layer and direction; () for the other kinds.
        dropout: share of features dropped in training, in [0, 1).
        labels: names of what it predicts, at least one.
        label_scale: the ends that training labels had before they were scaled to [0, 1]: (0, 5), say.
        max_length: tokens read of a sequence in training, special ones included.
        encoder: name of the encoder that it was trained on.
        encoder_sha256: of that encoder's model.safetensors.
        hidden_size: of that encoder.
        activation: "sigmoid" (every label for itself), "softmax" (labels that exclude each other), or "identity"
            (the logit itself is the value, as some cross-encoders have it).
        unit_length: whether u and v are scaled to length 1, so that the sum of u * v is their cosine, which learning
            starts from; of sentences apart alone.
    """

    kind: str
    inputs: str
    units: tuple[int, ...]
    dropout: float
    labels: tuple[str, ...]
    label_scale: tuple[float, float]
    max_length: int
    encoder: str
    encoder_sha256: str
    hidden_size: int
    activation: str = "sigmoid"
    unit_length: bool = False

    def __post_init__(self) -> None:
        """Raise InputError for a field that no head can have; names it."""
        has_its_units = min(self.units, default=0) >= 1 if self.kind == "bilstm" else not self.units
        low, high = self.label_scale
        rules = (
            ("kind", self.kind in KINDS, f"known are {', '.join(KINDS)}"),
            ("inputs", self.inputs in INPUTS, f"known are {', '.join(INPUTS)}"),
            ("activation", self.activation in ACTIVATIONS, f"known are {', '.join(ACTIVATIONS)}"),
            ("units", has_its_units, "a bilstm has one or more layers of at least 1 unit, other heads have none"),
            ("dropout", 0 <= self.dropout < 1, "a number in [0, 1) was expected"),
            ("labels", bool(self.labels) and all(self.labels), "one or more names were expected"),
            ("labels", len(set(self.labels)) == len(self.labels), "every name may stand there once"),
            ("label_scale", low < high, "two numbers, low and high, were expected"),
            ("max_length", self.max_length >= 1, "a whole number of at least 1 was expected"),
            ("hidden_size", self.hidden_size >= 1, "a whole number of at least 1 was expected"),
        )
        for name, holds, expected in rules:
            if not holds:
                value = getattr(self, name)
                raise InputError(f"{name} is {list(value) if isinstance(value, tuple) else value!r}; {expected}.")
        if self.unit_length and self.inputs != "apart":
            raise InputError(f"unit_length is true and inputs {self.inputs}; it goes with apart alone.")

    @classmethod
    def from_folder(cls, folder: Path) -> HeadConfig:
        """Read `config.json`; a CheckpointError names the file, and the key that is missing, unknown or cannot be."""
        path = folder / "config.json"
        return record_from(cls, read_json(path), str(path), error=CheckpointError)

    @property
    def similar(self) -> int | None:
        """Which label means similar, so that a pair's score is its probability; None where none does.

        The only one; else the first whose name says so; else the second of two (transformers' usual order).

        Example: ("contradiction", "entailment", "neutral") -> 1
        """
        says_so = (i for i, label in enumerate(self.labels) if label.lower().replace(" ", "_") in _SIMILAR)
        return 0 if len(self.labels) == 1 else next(says_so, 1 if len(self.labels) == 2 else None)

    @property
    def is_directed(self) -> bool:
        """Whether the score of a pair says that B follows from A, rather than how alike they are."""
        return self.similar is not None and self.labels[self.similar].lower() == "entailment"

    @property
    def infers(self) -> bool:
        """Whether it gives a probability of each of `LABELS`."""
        return sorted(map(str.lower, self.labels)) == sorted(LABELS) and self.activation != "identity"
