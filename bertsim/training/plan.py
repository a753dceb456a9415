"""What is to be trained on what: frozen records and their rules. Plain data, compared when a run is resumed.

`recipe` makes them of command-line words or of a TOML file; a value that cannot be is named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bertsim.errors import InputError
from bertsim.heads.config import KINDS as HEAD_KINDS
from bertsim.heads.config import RESERVED
from bertsim.measuring.edits import KINDS as EDITS
from bertsim.measuring.probing import LABELS

TUNES = ("none", "heads", "all")
DATA_KINDS = ("graded", "binary", "inference", "positives", "paraphrases", "cosine", "swaps", "edits", "text")
UNLABELLED = ("positives", "paraphrases", "cosine")
"""Kinds of pairs that need no label."""
OF_TEXT = ("swaps", "edits", "text")
"""Kinds made of plain text, one sentence a line."""
HUB = "hub:"
_BOUNDS: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("epochs", "patience", "take", "per_epoch", "pin_batch"), (1, math.inf)),
    **dict.fromkeys(("learning_rate", "encoder_learning_rate"), (1e-12, 1)),
    **dict.fromkeys(("warm_up", "weight_decay"), (0, 1)),
    **dict.fromkeys(("cosine_weight", "pin_weight"), (0, 1000)),
    **{"weight": (1e-6, 1e6), "similar_share": (1e-6, 1 - 1e-6), "batch_size": (2, math.inf), "seed": (0, math.inf)},
}
"""The least and the most of a number, in whichever record it stands."""


@dataclass(frozen=True)
class Source:
    """One file of labelled pairs, and how to read its labels.

    Attributes:
        path: of the file, or "hub:user/dataset/path@revision".
        kind: "graded" (numbers on `scale`), "binary" (0 or 1), "inference" (entailment, neutral, contradiction),
            "positives" (every pair is similar), "paraphrases" (each follows from the other), "cosine" (pairs that are
            rated by the cosine of the encoder as it begins); of plain text, one sentence a line: "swaps" (each
            sentence and itself with two nouns swapped), "edits" (each sentence and itself with a minimal edit, see
            `edits`), "text" (sentences whose embeddings stay what they were); None: told from its first rows.
        scale: the two ends of graded labels; None: 0 to 1 or 0 to 5, told from its first rows.
        weight: of each of its rows in the loss.
        label: the column that holds the label; None: recognised by name.
        columns: the two that hold the sentences; None: recognised by name.
        take: so many rows, drawn by the seed; None: all.
        per_epoch: so many of these in each epoch, others in the next; None: all.
        epochs: the first and the last epoch, from 1, in which it is learned from; None: all.
        edit: which kind of minimal edits, one of `edits.KINDS`.
        antonyms: the file of words and their opposites that edits of the kind "antonym" need.
        hold_out: leave out every pair with a sentence of the tenth that `probes.is_held_out` keeps for measuring.
        group: the column that says what kind of text a pair is, where `TrainPlan.mix` weighs them; None: none.
        origin: what it is called where no path of this machine shall stand: the path as a recipe has it, or
            "hub:user/dataset/path@commit" where `path` is a copy of that; None: as the file is.
    """

    path: str
    kind: str | None = None
    scale: tuple[float, float] | None = None
    weight: float = 1.0
    label: str | None = None
    columns: tuple[str, str] | None = None
    take: int | None = None
    per_epoch: int | None = None
    epochs: tuple[int, int] | None = None
    edit: str | None = None
    antonyms: str | None = None
    hold_out: bool = False
    group: str | None = None
    origin: str | None = None

    def __post_init__(self) -> None:
        """Raise InputError for a value that cannot be; names file and key."""
        low, high = self.scale or (0.0, 1.0)
        first, last = self.epochs or (1, 1)
        is_known = self.edit in (None, *EDITS) and (self.kind == "edits") == (self.edit is not None)
        has_opposites = (self.edit == "antonym") == (self.antonyms is not None)
        kinds, edits = ", ".join(DATA_KINDS), ", ".join(EDITS)
        _check(
            self,
            f"{self.path}: ",
            ("kind", self.kind in (None, *DATA_KINDS), f"known are {kinds}"),
            ("scale", math.isfinite(high - low) and low < high, "two numbers, low and high, were expected"),
            ("epochs", 1 <= first <= last, "the first and the last, counted from 1, were expected"),
            ("edit", is_known, f"kind=edits needs one of {edits}, others none"),
            ("antonyms", has_opposites, "edit=antonym needs a file of opposites, others none"),
        )
        if self.kind == "text" and (self.per_epoch is not None or self.epochs is not None):
            raise InputError(f"{self.path}: per_epoch and epochs go with pairs; kind=text is drawn from in every step.")

    @property
    def name(self) -> str:
        """What to call it where no path of this machine shall stand."""
        return self.origin or Path(self.path).name

    def as_shown(self) -> dict[str, Any]:
        """The source as plain data in which no path of this machine stands."""
        table = asdict(self) | {"path": self.name, "antonyms": self.antonyms and Path(self.antonyms).name}
        del table["origin"]
        return table

    def under(self, root: Path) -> Source:
        """The same, a relative path starting at `root`; it is still called what it was."""
        antonyms = None if self.antonyms is None else str(root / self.antonyms)
        if self.path.startswith(HUB) or Path(self.path).is_absolute():
            return replace(self, antonyms=antonyms)
        return replace(self, path=str(root / self.path), origin=self.path, antonyms=antonyms)

    def learns_in(self, epoch: int) -> bool:
        """Whether it is learned from in an epoch, counted from 0."""
        first, last = self.epochs or (1, epoch + 1)
        return first <= epoch + 1 <= last


@dataclass(frozen=True)
class HeadPlan:
    """One head and how it is trained; what is not given has a default of its kind (`recipe.head_from`).

    Attributes:
        kind: "bilstm", "pooled" or "mean".
        name: of its folder below heads/.
        inputs: "apart" or "packed".
        units: of each LSTM layer; () for the other kinds.
        dropout: in [0, 1).
        labels: what it predicts; several name a column each, of 0 and 1 or of the data's scale.
        unit_length, activation: as in `HeadConfig`.
        weight: of its loss among those that are added up.
    """

    kind: str
    name: str = ""
    inputs: str = "apart"
    units: tuple[int, ...] = ()
    dropout: float = 0.1
    labels: tuple[str, ...] = ("similar",)
    unit_length: bool = False
    activation: str = "sigmoid"
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Raise InputError for a value that cannot be; `HeadConfig` checks the rest."""
        plain = self.name.replace("-", "").replace("_", "")
        _check(
            self,
            "",
            ("kind", self.kind in HEAD_KINDS, f"known are {', '.join(HEAD_KINDS)}"),
            ("name", plain.isalnum(), "letters, digits, - and _ were expected"),
            ("name", self.name not in RESERVED, "another scorer has it; give the head one of its own"),
        )

    @property
    def infers(self) -> bool:
        """Whether it learns from inference data, and from nothing else."""
        return set(self.labels) == set(LABELS)


@dataclass(frozen=True)
class TrainPlan:
    """A whole run.

    Attributes:
        data: the files to train on.
        dev: the file that chooses the best epoch and fits the calibration.
        heads: to train.
        encoder: None for the bundled one, a folder, or a repository of the Hub.
        revision: of that repository.
        test: a file to look at once, at the end; None: none.
        tune: "all": the encoder learns with its heads; "none" or "heads": they learn on the encoder as it is.
        epochs, patience: at most so many; stop after so many without a better dev metric.
        batch_size: pairs in a step.
        learning_rate: of the heads; encoder_learning_rate: of the encoder.
        warm_up: share of all steps in which the rates rise from 0.
        weight_decay: AdamW's; 0: Adam.
        max_length: tokens read of a sequence; None: what the encoder says.
        seed: of every random number.
        skip_bad_rows: leave out and count rows that cannot be used.
        similar_share: how many of all pairs are similar where scores will be used, for the calibration; None: as many
            as of `dev`.
        mix: the same by the groups of `dev`: each one's share of all pairs, and of similar ones among its own.
        exclude: files of pairs; no pair with a sentence of theirs is learned from.
        exclude_held_out: the same, of their held-out tenth (`probes.is_held_out`).
        name: what the folder calls itself; None: as the folder is called.
    Where the encoder learns:
        int8: write the tensors as int8 rows with their scales, a quarter of the size.
        cosine_weight: of the cosine's own loss; 0: the vectors learn by being pinned alone.
        pin_batch, pin_weight: so many sentences of the kind "text" in each step, and what 1 - cosine to their first
            embeddings counts.
        freeze_embeddings: the table of word embeddings stays as it is; positions and token types learn.
        identity_pooler: the pooler begins as the identity; of a checkpoint whose own was never used.
        bfloat16: the blocks' matrices are multiplied in bfloat16, faster where the processor can; all else is float32.
    """

    data: tuple[Source, ...]
    dev: Source
    heads: tuple[HeadPlan, ...]
    encoder: str | None = None
    revision: str | None = None
    test: Source | None = None
    tune: str = "none"
    epochs: int = 4
    patience: int = 2
    batch_size: int = 32
    learning_rate: float = 1e-3
    encoder_learning_rate: float = 5e-5
    warm_up: float = 0.0
    weight_decay: float = 0.0
    max_length: int | None = None
    seed: int = 0
    skip_bad_rows: bool = False
    similar_share: float | None = None
    mix: Mapping[str, tuple[float, float]] | None = None
    exclude: tuple[Path, ...] = ()
    exclude_held_out: tuple[Path, ...] = ()
    name: str | None = None
    int8: bool = False
    cosine_weight: float = 1.0
    pin_batch: int = 16
    pin_weight: float = 20.0
    freeze_embeddings: bool = False
    identity_pooler: bool = False
    bfloat16: bool = False

    def __post_init__(self) -> None:
        """Raise InputError for a value that cannot be; names it."""
        _check(
            self,
            "",
            ("data", bool(self.data), "something to train on was expected: give --data FILE"),
            ("tune", self.tune in TUNES, f"known are {', '.join(TUNES)}"),
        )
        for key in ("int8", "freeze_embeddings", "identity_pooler", "bfloat16"):
            if getattr(self, key) and not self.learns:
                raise InputError(f"{key} is true and tune is {self.tune!r}; it goes with tune 'all' alone.")
        if not self.heads and not self.learns:
            raise InputError(
                f"tune is {self.tune!r}, and there is no head to train; name one, or tune 'all', the encoder itself."
            )
        for source in self.data:
            if source.kind in ("cosine", "text") and not self.learns:
                raise InputError(f"{source.path}: kind is {source.kind!r}, which goes with tune 'all' alone.")
        for epoch in range(self.epochs):
            if not any(source.kind != "text" and source.learns_in(epoch) for source in self.data):
                raise InputError(
                    f"there is no pair to learn from in epoch {epoch + 1} of {self.epochs}; add data, or lower epochs."
                )
        if self.mix is not None and (self.similar_share is not None or self.dev.group is None):
            raise InputError("mix takes the place of similar_share and needs dev with a group=COLUMN.")
        shares = (self.mix or {"": (1.0, 0.5)}).values()
        if not all(share > 0 and 0 < similar < 1 for share, similar in shares) or (
            abs(sum(share for share, _ in shares) - 1) > 0.01
        ):
            raise InputError(
                f"mix is {self.mix}; by group its share of all pairs, together 1, and the share of similar ones among "
                "its own, above 0 and below 1, were expected."
            )

    @property
    def learns(self) -> bool:
        """Whether the encoder learns."""
        return self.tune == "all"


def _check(record: object, where: str, *rules: tuple[str, bool, str]) -> None:
    """Raise InputError for the first field beyond its bounds, or whose rule is broken.

    Args:
        record: of this module.
        where: what stands before its name.
        rules: a field's name, whether its rule holds, and what was expected.
    """
    for name, (low, high) in _BOUNDS.items():
        value = getattr(record, name, None)
        if isinstance(value, int | float) and not low <= value <= high:
            expected = f"at least {low}" if high == math.inf else f"a number from {low:g} to {high:g}"
            raise InputError(f"{where}{name} is {value}; {expected} was expected.")
    for name, holds, expected in rules:
        if not holds:
            raise InputError(f"{where}{name} is {getattr(record, name)!r}; {expected}.")
