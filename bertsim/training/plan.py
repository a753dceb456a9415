"""What is to be trained on what: frozen records, made of command-line words or of a recipe's tables (see `recipe`).

Plain data, compared when a run is resumed. A key that is not known, or a value that cannot be, is named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bertsim.errors import DataError, InputError
from bertsim.heads.config import KINDS as HEAD_KINDS
from bertsim.heads.config import RESERVED
from bertsim.training.data_source import Source, check_keys, check_types, source_from

TUNES = ("none", "heads", "all")
DEFAULT_DROPOUT = {"bilstm": 0.1, "pooled": 0.1, "mean": 0.2}
INFERENCE = ("entailment", "neutral", "contradiction")
"""The labels of a head that learns from inference data as what it is."""
DEFAULT_UNITS = {"bilstm": (64,), "pooled": (), "mean": ()}


@dataclass(frozen=True)
class HeadPlan:
    """One head and how it is trained on frozen features.

    Attributes:
        kind: "bilstm", "pooled" or "mean".
        name: of its folder below heads/.
        inputs: "apart" or "packed".
        units: of each LSTM layer; () for the other kinds.
        dropout: in [0, 1).
        labels: what it predicts; several name a column each, of 0 and 1 or of the data's scale.
        unit_length, activation: as in `HeadConfig`.
        weight: of its loss among those that are added up where the encoder learns.
    """

    kind: str
    name: str
    inputs: str = "apart"
    units: tuple[int, ...] = ()
    dropout: float = 0.1
    labels: tuple[str, ...] = ("similar",)
    unit_length: bool = False
    activation: str = "sigmoid"
    weight: float = 1.0

    @property
    def infers(self) -> bool:
        """Whether it learns from inference data, and from nothing else."""
        return set(self.labels) == set(INFERENCE)


@dataclass(frozen=True)
class TrainPlan:
    """A whole run.

    Attributes:
        encoder: None for the bundled one, a folder, or a repository of the Hub.
        revision: of that repository.
        data: the files to train on.
        dev: the file that chooses the best epoch and fits the calibration.
        test: a file to look at once, at the end; None: none.
        heads: to train.
        tune: "none": features of the frozen encoder are computed once and kept on disk; "heads": the frozen encoder
            runs in every step; "all": the encoder learns too.
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
        int8: write the tensors as int8 rows with their scales, a quarter of the size.
    Where the encoder learns:
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
    exclude: tuple[str, ...] = ()
    exclude_held_out: tuple[str, ...] = ()
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
        if not self.data:
            raise InputError("there is nothing to train on; give --data FILE.")
        if self.tune not in TUNES:
            raise InputError(f"tune is {self.tune!r}; known are {', '.join(TUNES)}.")
        for name in ("epochs", "patience", "batch_size", "pin_batch"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; at least 1 was expected.")
        if self.batch_size < 2:
            raise InputError("batch_size is 1; a batch of at least 2 pairs was expected.")
        for name, low, high in (
            ("learning_rate", 0.0, 1.0),
            ("encoder_learning_rate", 0.0, 1.0),
            ("warm_up", -1.0, 1.0),
            ("weight_decay", -1.0, 1.0),
            ("cosine_weight", -1.0, 1000.0),
            ("pin_weight", -1.0, 1000.0),
        ):
            value = getattr(self, name)
            if not low < value <= high or value < 0:
                raise InputError(
                    f"{name} is {value}; a number from {max(low, 0):g} to {high:g} was expected."
                )
        if self.similar_share is not None and not 0 < self.similar_share < 1:
            raise InputError(f"similar_share is {self.similar_share}; a number between 0 and 1 was expected.")
        if self.mix is not None:
            _check_mix(self.mix, self.dev, self.similar_share)
        if self.seed < 0:
            raise InputError(f"seed is {self.seed}; at least 0 was expected.")
        names = [head.name for head in self.heads]
        if len(set(names)) < len(names):
            raise InputError(f"the heads are named {', '.join(names)}; every head needs a name of its own.")
        if not names and self.tune != "all":
            raise InputError(
                f"tune is {self.tune!r}, and there is no head to train; name one, or tune 'all', the encoder itself."
            )
        _check_turns(self)

    def for_head(self, head: HeadPlan) -> TrainPlan:
        """This plan with one head alone."""
        return replace(self, heads=(head,))

    def as_json(self) -> dict[str, Any]:
        """The plan as plain data, for `metrics.json` and the record of a run."""
        return asdict(self)


def head_from(table: Mapping[str, Any], where: str = "--head") -> HeadPlan:
    """A `HeadPlan`; what is not given has the kind's own default. Raises InputError naming `where`, key and value."""
    check_keys(HeadPlan, table, where)
    check_types(HeadPlan, table, where)
    kind = table.get("kind")
    if kind not in HEAD_KINDS:
        raise InputError(f"{where}: kind is {kind!r}; known are {', '.join(HEAD_KINDS)}.")
    values: dict[str, Any] = {
        "name": kind,
        "dropout": DEFAULT_DROPOUT[kind],
        "units": DEFAULT_UNITS[kind],
        "activation": "softmax" if set(table.get("labels", ())) == set(INFERENCE) else "sigmoid",
        **table,
    }
    if not 0 < values.get("weight", 1.0) < math.inf:
        raise InputError(f"{where}: weight is {values['weight']}; a number above 0 was expected.")
    name = values["name"]
    if not name.replace("-", "").replace("_", "").isalnum():
        raise InputError(f"{where}: name is {name!r}; letters, digits, - and _ were expected.")
    if name in RESERVED:
        raise InputError(
            f"{where}: name is {name!r}, which another scorer has; give the head one of its own."
        )
    plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return HeadPlan(**plain)


def _check_turns(plan: TrainPlan) -> None:
    """Raise InputError for what this kind of tuning has no use for, or an epoch without a pair; names it."""
    for name in ("int8", "freeze_embeddings", "identity_pooler", "bfloat16"):
        if getattr(plan, name) and plan.tune != "all":
            raise InputError(f"{name} is true and tune is {plan.tune!r}; it goes with tune 'all' alone.")
    for source in plan.data:
        if source.kind == "cosine" and plan.tune != "all":
            raise InputError(f"{source.path}: kind is 'cosine', which goes with tune 'all' alone.")
        if plan.tune == "none" and (source.per_epoch is not None or source.epochs is not None):
            raise InputError(
                f"{source.path}: per_epoch and epochs go with tune 'heads' or 'all'; with 'none' every epoch takes all."
            )
    for epoch in range(plan.epochs):
        if not any(source.kind != "text" and source.learns_in(epoch) for source in plan.data):
            raise InputError(
                f"there is no pair to learn from in epoch {epoch + 1} of {plan.epochs}; add data, or lower epochs."
            )


def _check_mix(mix: Mapping[str, tuple[float, float]], dev: Source, similar_share: float | None) -> None:
    if similar_share is not None or dev.group is None:
        raise InputError("mix takes the place of similar_share and needs dev with a group=COLUMN.")
    for name, pair in mix.items():
        if (
            not isinstance(pair, list | tuple)
            or len(pair) != 2
            or not all(isinstance(x, float | int) and 0 < x <= 1 for x in pair)
            or pair[1] == 1
        ):
            raise InputError(f"mix: {name!r} is {pair!r}; two shares above 0, at most 1, were expected.")
    total = sum(share for share, _ in mix.values())
    if abs(total - 1) > 0.01:
        raise InputError(f"mix: the groups' shares of all pairs add up to {total:g}; 1 was expected.")


def plan_from(table: Mapping[str, Any], path: Path, data_root: Path) -> TrainPlan:
    """A `TrainPlan` from a run's table of the recipe at `path`. Raises InputError naming it, key and value."""
    check_keys(TrainPlan, table, str(path))
    check_types(TrainPlan, table, str(path))
    for key in ("data", "dev", "heads"):
        if key not in table:
            raise DataError(f"{path}: a run lacks {key}.")

    def source(raw: Mapping[str, Any]) -> Source:
        return source_from(raw, str(path)).under(data_root)

    values = dict(table)
    values["data"] = tuple(source(raw) for raw in table["data"])
    values["heads"] = tuple(head_from(raw, f"{path}, heads") for raw in table["heads"])
    for key in ("dev", "test"):
        if key in table:
            values[key] = source(table[key])
    for key in ("exclude", "exclude_held_out"):
        values[key] = tuple(str(data_root / name) for name in table.get(key, ()))
    return TrainPlan(**values)
