"""What is to be trained on what: frozen records, made of command-line words or of a recipe's tables.

Plain data, compared when a run is resumed. A key that is not known, or a value that cannot be, is named.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from bertsim.alignment import UNTRAINED
from bertsim.combination import SCORER as COMBINED
from bertsim.edits import KINDS as EDITS
from bertsim.errors import DataError, InputError
from bertsim.head_config import KINDS as HEAD_KINDS
from bertsim.head_config import RESERVED
from bertsim.probing import UNSEEN
from bertsim.training.data_source import Source, check_keys, check_types, source_from

_T = TypeVar("_T")
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
        name: what the folder calls itself; None: as the folder is called.
        int8: write the tensors as int8 rows with their scales, a quarter of the size.
    Where the encoder learns:
        cosine_weight: of the cosine's own loss; 0: the vectors learn by being pinned alone.
        pin_batch, pin_weight: so many sentences of the kind "text" in each step, and what 1 - cosine to their first
            embeddings counts.
        freeze_embeddings: the table of word embeddings stays as it is; positions and token types learn.
        identity_pooler: the pooler begins as the identity; of a checkpoint whose own was never used.
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
    name: str | None = None
    int8: bool = False
    cosine_weight: float = 1.0
    pin_batch: int = 16
    pin_weight: float = 20.0
    freeze_embeddings: bool = False
    identity_pooler: bool = False

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
    for name in ("int8", "freeze_embeddings", "identity_pooler"):
        if getattr(plan, name) and plan.tune != "all":
            raise InputError(f"{name} is true and tune is {plan.tune!r}; it goes with tune 'all' alone.")
    for source in plan.data:
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


@dataclass(frozen=True)
class WordsPlan:
    """What `words.json` of a trained encoder shall say; its figures are measured.

    Attributes:
        note: the plain truth about the encoder, one or two sentences.
        data: what dev's ratings are, in words.
        scorers: what each scorer is.
        ranges: by scorer, the lower end and the name of each range, rising.
        errors: by kind of minimal edit, what the two sentences of such a pair differ by.
    """

    note: str
    data: str
    scorers: Mapping[str, str] = field(default_factory=dict)
    ranges: Mapping[str, Sequence[tuple[float, str]]] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise InputError for a value that cannot be; names it."""
        texts = [("note", self.note), ("data", self.data)]
        for key in ("scorers", "errors"):
            texts += [(f"{key}.{name}", text) for name, text in getattr(self, key).items()]
        for name, found in self.ranges.items():
            texts += [(f"ranges.{name}", words) for words in _words_of(name, found)]
        for key, text in texts:
            if not isinstance(text, str) or not text.strip():
                raise InputError(f"{key} is {text!r}; a text was expected.")


def _words_of(scorer: str, ranges: Any) -> list[Any]:
    """The names of a scorer's ranges. Raises InputError where they are no rising pairs of number and text."""
    pairs = ranges if isinstance(ranges, list | tuple) else [ranges]
    if not pairs or not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs):
        raise InputError(f"ranges.{scorer} is {ranges!r:.60}; a list of [lower end, words] was expected.")
    lows = [low for low, _ in pairs]
    if not all(isinstance(low, int | float) for low in lows) or not all(a < b for a, b in pairwise(lows)):
        raise InputError(f"ranges.{scorer} begin at {lows}; rising numbers were expected.")
    return [words for _, words in pairs]


@dataclass(frozen=True)
class ReportPlan:
    """What a trained encoder is measured on at the end, beside dev and test.

    Attributes:
        correlation, separation: labelled pairs, for Spearman and for the area under the ROC curve.
        inference: files of which the held-out tenth is inferred.
        edits, antonyms: plain text whose held-out tenth is edited, and the opposites that this needs.
        swapped, paraphrases: plain text whose roles are swapped, and pairs that mean the same.
        plain: plain text of many kinds, for how near the vectors are to those of the encoder that was started from.
    """

    correlation: tuple[Source, ...] = ()
    separation: tuple[Source, ...] = ()
    inference: tuple[Path, ...] = ()
    edits: tuple[Path, ...] = ()
    antonyms: Path | None = None
    swapped: Path | None = None
    paraphrases: Path | None = None
    plain: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Recipe:
    """A recipe file.

    Attributes:
        runs: in its order; each has its own heads and its own settings.
        path: of the file; None: made of command-line words.
        card: the Markdown file beside it that the model card begins with; None: the encoder's own card.
        words: what the encoder's numbers shall be said to mean; None: nothing.
        report: what is measured at the end; None: dev and test alone.
    """

    runs: tuple[TrainPlan, ...]
    path: Path | None = None
    card: Path | None = None
    words: WordsPlan | None = None
    report: ReportPlan | None = None

    def check_files(self) -> None:
        """Raise DataError for a card, or a file of the report, that is not there: both are read only at the end."""
        report = self.report or ReportPlan()
        paths = [Path(source.path) for source in (*report.correlation, *report.separation)]
        paths += (*report.inference, *report.edits, *report.plain)
        for path in (self.card, report.antonyms, report.swapped, report.paraphrases, *paths):
            if path is not None and not path.is_file():
                raise DataError(
                    f"{path}, which {self.path} names, is not a file; put it there, or leave it out."
                )


def read_recipe(path: Path, data_root: Path) -> Recipe:
    """Read a recipe: settings at the top hold for every `[[run]]`, which may change them.

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
    runs = table.pop("run", None)
    if not isinstance(runs, list) or not runs or not all(isinstance(run, dict) for run in runs):
        raise DataError(f"{path} has no [[run]]; a recipe holds one or more.")
    card, words, report = (table.pop(name, None) for name in ("card", "words", "report"))
    recipe = Recipe(
        tuple(_plan_from({**table, **run}, path, data_root) for run in runs),
        path,
        None if card is None else path.parent / str(card),
        None if words is None else _record(WordsPlan, words, f"{path}, words"),
        None if report is None else _report_from(report, path, data_root),
    )
    _check_names(recipe)
    return recipe


def _check_names(recipe: Recipe) -> None:
    """Raise InputError for words about a scorer, or a kind of edits, that there will not be."""
    words, heads = recipe.words, [head.name for run in recipe.runs for head in run.heads]
    for key, known in (
        ("scorers", (*UNTRAINED, COMBINED, *heads)),
        ("ranges", (*UNTRAINED, COMBINED, *heads)),
        ("errors", (*EDITS, UNSEEN)),
    ):
        for name in getattr(words, key, ()):
            if name not in known:
                raise InputError(f"{recipe.path}, words: {key} names {name!r}; known are {', '.join(known)}.")


def _report_from(table: dict[str, Any], path: Path, data_root: Path) -> ReportPlan:
    where = f"{path}, report"
    plan = _record(ReportPlan, table, where)
    rooted: dict[str, Any] = {
        name: tuple(source_from(raw, where).under(data_root) for raw in getattr(plan, name))
        for name in ("correlation", "separation")
    }
    for name in ("inference", "edits", "plain"):
        rooted[name] = tuple(data_root / text for text in getattr(plan, name))
    for name in ("antonyms", "swapped", "paraphrases"):
        value = getattr(plan, name)
        rooted[name] = None if value is None else data_root / value
    return replace(plan, **rooted)


def _record(record: type[_T], table: Any, where: str) -> _T:
    """A frozen record from a table of the recipe. Raises InputError naming `where`, key and value."""
    check_keys(record, table, where)
    check_types(record, table, where)
    for entry in fields(record):  # type: ignore[arg-type]
        if entry.default is MISSING and entry.default_factory is MISSING and entry.name not in table:
            raise InputError(f"{where} lacks {entry.name}.")
    try:
        return record(**table)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _plan_from(table: dict[str, Any], path: Path, data_root: Path) -> TrainPlan:
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
    values["exclude"] = tuple(str(data_root / name) for name in table.get("exclude", ()))
    return TrainPlan(**values)
