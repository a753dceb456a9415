"""What a head says of itself: `config.json` of a folder in `heads/` -> `HeadConfig`. No keras here.

A head is trained on one encoder's outputs and means nothing on another's: the config carries the encoder's
name and the SHA-256 of its tensors, and `check_encoder` compares them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bertsim.data.json_files import read_json, record_from, write_json
from bertsim.errors import CheckpointError, InputError
from bertsim.records import COMBINED, UNTRAINED

KINDS = ("bilstm", "pooled", "mean")
INPUTS = ("packed", "apart")
ACTIVATIONS = ("sigmoid", "softmax", "identity")
RESERVED = (*UNTRAINED, COMBINED, "tfidf", "all")
"""What no head is called: scorers of every encoder, and words of the command line."""
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
        for name, known in (("kind", KINDS), ("inputs", INPUTS), ("activation", ACTIVATIONS)):
            if getattr(self, name) not in known:
                raise InputError(f"{name} is {getattr(self, name)!r}; known are {', '.join(known)}.")
        if (self.kind == "bilstm") != bool(self.units) or min(self.units, default=1) < 1:
            raise InputError(
                f"units is {list(self.units)!r}; a bilstm has one or more layers of at least 1 unit, "
                "other heads have none."
            )
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout is {self.dropout!r}; a number in [0, 1) was expected.")
        if not self.labels or not all(self.labels):
            raise InputError(f"labels is {list(self.labels)!r}; one or more names were expected.")
        if len(set(self.labels)) < len(self.labels):
            raise InputError(f"labels is {list(self.labels)!r}; every name may stand there once.")
        if not self.label_scale[0] < self.label_scale[1]:
            raise InputError(f"label_scale is {list(self.label_scale)!r}; two numbers, low and high, were expected.")
        if self.unit_length and self.inputs != "apart":
            raise InputError(f"unit_length is true and inputs {self.inputs}; it goes with apart alone.")
        for name in ("max_length", "hidden_size"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; a whole number of at least 1 was expected.")

    @classmethod
    def from_folder(cls, folder: Path) -> HeadConfig:
        """Read `config.json`.

        Raises:
            CheckpointError: the file is missing or not JSON, a key is missing or unknown, or a value cannot be;
                names file and key.
        """
        path = folder / "config.json"
        return record_from(cls, read_json(path), str(path), error=CheckpointError)

    def save(self, folder: Path) -> None:
        """Write `config.json`; the folder is made where it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "config.json", asdict(self))

    def check_encoder(self, name: str, sha256: str, hidden_size: int, where: object) -> None:
        """Refuse to sit on another encoder than the one that the head was trained on.

        Args:
            name, sha256, hidden_size: of the encoder at hand.
            where: what the error calls the head.

        Raises:
            CheckpointError: it is another; names both.
        """
        if sha256 != self.encoder_sha256 or hidden_size != self.hidden_size:
            raise CheckpointError(
                f"{where} belongs to the encoder {self.encoder} (SHA-256 {self.encoder_sha256[:12]}…), not to {name} "
                f"(SHA-256 {sha256[:12]}…); load that encoder, or train a head on this one."
            )

    @property
    def similar(self) -> int:
        """Which label a pair's score is the probability of.

        The only one; else the one whose name says so; else the second of two (transformers' usual order).

        Raises:
            InputError: no label says that two sentences are alike.
        """
        return find_similar(self.labels)


def has_similar(labels: Sequence[str]) -> bool:
    """Whether one of the labels says that two sentences are alike, as `find_similar` finds it."""
    return len(labels) <= 2 or any(label.lower().replace(" ", "_") in _SIMILAR for label in labels)


def find_similar(labels: Sequence[str]) -> int:
    """Index of the label that means similar; see `HeadConfig.similar`.

    Example: ("contradiction", "entailment", "neutral") -> 1
    """
    if len(labels) == 1:
        return 0
    for index, label in enumerate(labels):
        if label.lower().replace(" ", "_") in _SIMILAR:
            return index
    if len(labels) == 2:
        return 1
    raise InputError(
        f"none of the labels {', '.join(labels)} says that two sentences are similar; ask for the probability "
        "of each label instead."
    )
