"""What is to be trained on what: frozen records, made of command-line words or of a recipe's tables.

Plain data, compared when a run is resumed. A key that is not known, or a value that cannot be, is named.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from bertsim.errors import DataError, InputError
from bertsim.head_config import KINDS as HEAD_KINDS

DATA_KINDS = ("graded", "binary", "inference", "positives", "swaps")
HUB = "hub:"
TUNES = ("none", "heads", "all")
DEFAULT_DROPOUT = {"bilstm": 0.1, "pooled": 0.1, "mean": 0.2}
DEFAULT_UNITS = {"bilstm": (64,), "pooled": (), "mean": ()}


@dataclass(frozen=True)
class Source:
    """One file of labelled pairs, and how to read its labels.

    Attributes:
        path: of the file, or "hub:user/dataset/path@revision".
        kind: "graded" (numbers on `scale`), "binary" (0 or 1), "inference" (entailment, neutral, contradiction),
            "positives" (every pair is similar), "swaps" (plain text: each sentence and itself with two nouns swapped,
            which are not similar); None: told from its first rows.
        scale: the two ends of graded labels; None: 0 to 1 or 0 to 5, told from its first rows.
        weight: of each of its rows in the loss.
        label: the column that holds the label; None: recognised by name.
        columns: the two that hold the sentences; None: recognised by name.
        take: so many rows, drawn by the seed; None: all.
        hold_out: leave out every pair with a sentence of the tenth that `probes.is_held_out` keeps for measuring.
        group: the column that says what kind of text a pair is, where `TrainPlan.mix` weighs them; None: none.
        origin: "hub:user/dataset/path@commit" where `path` is a copy of that; a relative path as a recipe has it.
    """

    path: str
    kind: str | None = None
    scale: tuple[float, float] | None = None
    weight: float = 1.0
    label: str | None = None
    columns: tuple[str, str] | None = None
    take: int | None = None
    hold_out: bool = False
    group: str | None = None
    origin: str | None = None

    @property
    def name(self) -> str:
        """What to call it where no path of this machine shall stand."""
        return self.origin or Path(self.path).name

    def under(self, root: Path) -> Source:
        """The same, a relative path starting at `root`; it is still called what it was."""
        if self.path.startswith(HUB) or Path(self.path).is_absolute():
            return self
        return replace(self, path=str(root / self.path), origin=self.path)

    def __post_init__(self) -> None:
        """Raise InputError for a value that cannot be; names file and key."""
        if self.kind is not None and self.kind not in DATA_KINDS:
            raise InputError(f"{self.path}: kind is {self.kind!r}; known are {', '.join(DATA_KINDS)}.")
        if self.scale is not None and not (
            len(self.scale) == 2 and all(map(math.isfinite, self.scale)) and self.scale[0] < self.scale[1]
        ):
            raise InputError(f"{self.path}: scale is {self.scale}; two numbers, low and high, were expected.")
        if not (math.isfinite(self.weight) and self.weight > 0):
            raise InputError(f"{self.path}: weight is {self.weight}; a number above 0 was expected.")
        if self.take is not None and self.take < 1:
            raise InputError(f"{self.path}: take is {self.take}; at least 1 was expected.")


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
        unit_length: as in `HeadConfig`.
    """

    kind: str
    name: str
    inputs: str = "apart"
    units: tuple[int, ...] = ()
    dropout: float = 0.1
    labels: tuple[str, ...] = ("similar",)
    unit_length: bool = False


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

    def __post_init__(self) -> None:
        """Raise InputError for a value that cannot be; names it."""
        if not self.data:
            raise InputError("there is nothing to train on; give --data FILE.")
        if self.tune not in TUNES:
            raise InputError(f"tune is {self.tune!r}; known are {', '.join(TUNES)}.")
        for name in ("epochs", "patience", "batch_size"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; at least 1 was expected.")
        if self.batch_size < 2:
            raise InputError("batch_size is 1; a batch of at least 2 pairs was expected.")
        for name, low, high in (
            ("learning_rate", 0.0, 1.0),
            ("encoder_learning_rate", 0.0, 1.0),
            ("warm_up", -1.0, 1.0),
            ("weight_decay", -1.0, 1.0),
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
                "there is no head to train; name one with --head, or tune the encoder with --tune all."
            )

    def for_head(self, head: HeadPlan) -> TrainPlan:
        """This plan with one head alone."""
        return replace(self, heads=(head,))

    def as_json(self) -> dict[str, Any]:
        """The plan as plain data, for `metrics.json` and the record of a run."""
        return asdict(self)


def parse_source(words: Sequence[str]) -> Source:
    """`FILE [kind=K] [scale=LOW:HIGH] [weight=W] [label=COLUMN] [columns=A,B] [take=N]` as a `Source`.

    Raises:
        InputError: no file, a key that is not known, a value that cannot be; names it.

    Example: ["stsb.tsv", "scale=0:5"] -> Source("stsb.tsv", scale=(0.0, 5.0))
    """
    paths = [word for word in words if not _is_option(word)]
    if len(paths) != 1:
        raise InputError(f"--data takes one FILE and key=value words, but got {' '.join(words)!r}.")
    table: dict[str, Any] = {"path": paths[0]}
    for word in words:
        if _is_option(word):
            key, _, value = word.partition("=")
            table[key] = value
    return source_from(table, "--data")


def source_from(table: Mapping[str, Any], where: str) -> Source:
    """A `Source` from strings or TOML values. Raises InputError naming `where`, key and value."""
    known = {entry.name for entry in fields(Source)} - {"origin"}
    for key in table:
        if key not in known:
            raise InputError(f"{where}: {key} is not known; known are {', '.join(sorted(known))}.")
    if "path" not in table:
        raise InputError(f"{where}: a path is missing; every data file has one.")
    values = dict(table)
    try:
        for key, change in _CHANGES.items():
            if key in values:
                values[key] = change(values[key])
    except (ValueError, TypeError, KeyError):
        raise InputError(
            f"{where}: {key} is {table[key]!r}, which cannot be read; see train --help."
        ) from None
    return Source(**values)


def head_from(table: Mapping[str, Any]) -> HeadPlan:
    """A `HeadPlan`; what is not given has the kind's own default. Raises InputError naming key and value."""
    known = {entry.name for entry in fields(HeadPlan)}
    for key in table:
        if key not in known:
            raise InputError(f"head: {key} is not known; known are {', '.join(sorted(known))}.")
    kind = table.get("kind")
    if kind not in HEAD_KINDS:
        raise InputError(f"head is {kind!r}; known are {', '.join(HEAD_KINDS)}.")
    values: dict[str, Any] = {
        "name": kind,
        "dropout": DEFAULT_DROPOUT[kind],
        "units": DEFAULT_UNITS[kind],
        **table,
    }
    name = values["name"]
    if not isinstance(name, str) or not name.replace("-", "").replace("_", "").isalnum():
        raise InputError(f"head: name is {name!r}; letters, digits, - and _ were expected.")
    plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return HeadPlan(**plain)


def _check_mix(mix: Mapping[str, tuple[float, float]], dev: Source, similar_share: float | None) -> None:
    if similar_share is not None or dev.group is None:
        raise InputError("mix takes the place of similar_share and needs dev with a group=COLUMN.")
    for name, pair in mix.items():
        if len(pair) != 2 or not all(isinstance(x, float | int) and 0 < x <= 1 for x in pair) or pair[1] == 1:
            raise InputError(f"mix: {name!r} is {pair!r}; two shares above 0, at most 1, were expected.")
    total = sum(share for share, _ in mix.values())
    if abs(total - 1) > 0.01:
        raise InputError(f"mix: the groups' shares of all pairs add up to {total:g}; 1 was expected.")


@dataclass(frozen=True)
class Recipe:
    """The runs of a recipe file, in its order; each has its own heads and its own settings."""

    runs: tuple[TrainPlan, ...] = field(default=())


def read_recipe(path: Path, data_root: Path) -> Recipe:
    """Read a recipe: settings at the top hold for every `[[run]]`, which may change them.

    Where the file has a table `[heads]`, as the recipe of all of `weights/` does, that table is the recipe.

    Args:
        path: a TOML file.
        data_root: where the relative paths of its data files start.

    Raises:
        InputError: the file is missing or not TOML, or a key or value is not known; names it.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); give the path of a recipe.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not TOML: {error}.") from None
    if isinstance(table.get("heads"), dict):
        table = table["heads"]
    runs = table.pop("run", None)
    if not isinstance(runs, list) or not runs:
        raise DataError(f"{path} has no [[run]]; a recipe holds one or more.")
    return Recipe(tuple(_plan_from({**table, **run}, path, data_root) for run in runs))


def _plan_from(table: dict[str, Any], path: Path, data_root: Path) -> TrainPlan:
    known = {entry.name for entry in fields(TrainPlan)}
    for key in table:
        if key not in known:
            raise DataError(f"{path}: {key} is not known; known are {', '.join(sorted(known))}.")
    for key in ("data", "dev", "heads"):
        if key not in table:
            raise DataError(f"{path}: a run lacks {key}.")

    def source(raw: Mapping[str, Any]) -> Source:
        made = source_from(raw, str(path))
        return made.under(data_root)

    values = dict(table)
    values["data"] = tuple(source(raw) for raw in table["data"])
    values["heads"] = tuple(head_from(raw) for raw in table["heads"])
    for key in ("dev", "test"):
        if key in table:
            values[key] = source(table[key])
    return TrainPlan(**values)


def _is_option(word: str) -> bool:
    return word.partition("=")[0] in {entry.name for entry in fields(Source)} and "=" in word


def _pair(value: Any, separator: str) -> tuple[Any, Any]:
    first, second = value.split(separator) if isinstance(value, str) else value
    return first, second


def _scale(value: Any) -> tuple[float, float]:
    low, high = _pair(value, ":")
    return float(low), float(high)


def _switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}[str(value).lower()]


_CHANGES: dict[str, Callable[[Any], Any]] = {
    "hold_out": _switch,
    "scale": _scale,
    "weight": float,
    "take": int,
    "columns": lambda value: _pair(value, ","),
}
