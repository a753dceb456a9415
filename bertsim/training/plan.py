"""What is to be trained on what: frozen records and their rules. Plain data, compared when a run is resumed.

`recipe` makes them of command-line words or of a TOML file, whose keys are the names here; a value that cannot be is
named.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bertsim.errors import InputError
from bertsim.heads.config import LABELS, RESERVED, HeadConfig
from bertsim.measuring.edits import KINDS as EDITS
from bertsim.measuring.probes import is_held_out

TUNES = ("none", "heads", "all")
DATA_KINDS = (
    "graded",  # numbers on `scale`
    "binary",  # 0 or 1
    "inference",  # entailment, neutral, contradiction
    "positives",  # every pair is similar
    "paraphrases",  # each sentence follows from the other
    "verdicts",  # what the two are to each other: same, one_follows (the second from the first), opposite, close
    "cosine",  # pairs that are rated by the cosine of the encoder as it begins
    "swaps",  # of plain text, one sentence a line, as the next: each sentence and itself with two nouns swapped
    "edits",  # each sentence and itself with a minimal edit, see `measuring.edits`
    "text",  # sentences whose embeddings stay what they were
)
UNLABELLED = ("positives", "paraphrases", "cosine")  # kinds of pairs that need no label
OF_TEXT = ("swaps", "edits", "text")  # kinds made of plain text, one sentence a line
HUB = "hub:"
RUN = ".run"  # the folder of a run that is not finished, below the output's
BESIDE = "./"  # how the path of a file begins that stands beside its recipe
# The least and the most of a number, in whichever record it stands.
_BOUNDS: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("epochs", "patience", "take", "pin_batch"), (1, math.inf)),
    **dict.fromkeys(("learning_rate", "encoder_learning_rate"), (1e-12, 1)),
    **dict.fromkeys(("warm_up", "weight_decay"), (0, 1)),
    **dict.fromkeys(("cosine_weight", "pin_weight"), (0, 1000)),
    **dict.fromkeys(("batch_size", "per_epoch"), (2, math.inf)),  # of a batch of one nothing is learned
    **{"weight": (1e-6, 1e6), "similar_share": (1e-6, 1 - 1e-6), "seed": (0, math.inf)},
}


@dataclass(frozen=True)
class Source:
    """One file of labelled pairs, and how to read its labels."""

    path: str  # of the file, or "hub:user/dataset/path@revision"; in a recipe "./…" stands beside it
    kind: str | None = None  # one of `DATA_KINDS`; None: told from its rows
    scale: tuple[float, float] | None = None  # the ends of graded labels; None: 0 to 1 or 0 to 5, told as the kind
    weight: float = 1.0  # of each of its rows in the loss
    label: str | None = None  # the column that holds the label; None: recognised by name
    columns: tuple[str, str] | None = None  # the two that hold the sentences; None: recognised by name
    take: int | None = None  # so many rows, drawn by the seed; None: all
    per_epoch: int | None = None  # so many of these in each epoch, others in the next; None: all
    epochs: tuple[int, int] | None = None  # the first and the last, from 1, in which it is learned from; None: all
    edit: str | None = None  # which kind of minimal edits, one of `edits.KINDS`
    antonyms: str | None = None  # the file of words and their opposites that the edit "antonym" needs
    hold_out: bool = False  # leave out pairs with a sentence of the tenth that `is_held_out` keeps for measuring
    pattern: str | None = None  # a regular expression; leave out pairs with a sentence that it does not match, whole
    group: str | None = None  # the column that says what kind of text a pair is, where `TrainPlan.mix` weighs them
    origin: str | None = None  # as a recipe has the path, or "hub:…@commit" of a copy; None: the path says what it is

    def __post_init__(self) -> None:
        """Raise InputError for a value that cannot be; names file and key."""
        low, high = self.scale or (0.0, 1.0)
        first, last = self.epochs or (1, 1)
        is_known = self.edit in (None, *EDITS) and (self.kind == "edits") == (self.edit is not None)
        has_opposites = (self.edit == "antonym") == (self.antonyms is not None)
        _check(
            self,
            ("kind", self.kind in (None, *DATA_KINDS), f"known are {', '.join(DATA_KINDS)}"),
            ("scale", math.isfinite(high - low) and low < high, "two numbers, low and high, were expected"),
            ("epochs", 1 <= first <= last, "the first and the last, counted from 1, were expected"),
            ("edit", is_known, f"kind=edits needs one of {', '.join(EDITS)}, others none"),
            ("antonyms", has_opposites, "edit=antonym needs a file of opposites, others none"),
            where=f"{self.path}: ",
        )
        if self.kind == "text" and (self.per_epoch or self.epochs):
            raise InputError(f"{self.path}: per_epoch and epochs go with pairs; kind=text is drawn from in every step.")
        try:
            re.compile(self.pattern or "")
        except re.error as error:
            said = f"pattern is {self.pattern!r}, no regular expression: {error}; mend it."
            raise InputError(f"{self.path}: {said}") from None

    @property
    def name(self) -> str:
        """What to call it where no path of this machine shall stand."""
        return self.origin or Path(self.path).name

    def as_shown(self) -> dict[str, Any]:
        """The source as plain data in which no path of this machine stands."""
        table = asdict(self) | {"path": self.name, "antonyms": self.antonyms and Path(self.antonyms).name}
        del table["origin"]
        return table

    def under(self, root: Path, recipe: Path) -> Source:
        """The same, a relative path starting at `root`, or beside the `recipe`; it is still called what it was.

        Raises: InputError, for one beside the recipe that leads out of its folder: it is copied with it.
        """
        antonyms = self.antonyms and str(root / self.antonyms)
        if self.path.startswith(HUB) or Path(self.path).is_absolute():
            return replace(self, antonyms=antonyms)
        is_beside = self.path.startswith(BESIDE)
        if is_beside and ".." in Path(self.path).parts:
            raise InputError(f"{recipe}: path is {self.path!r}, which leads out of its folder; put the file into that.")
        start = recipe.parent if is_beside else root
        return replace(self, path=str(start / self.path), origin=self.path, antonyms=antonyms)

    def learns_in(self, epoch: int) -> bool:
        """Whether it is learned from in an epoch, counted from 0."""
        first, last = self.epochs or (1, epoch + 1)
        return first <= epoch + 1 <= last

    def keeps(self, sentences: Iterable[str]) -> bool:
        """Whether a pair of these sentences is one to learn from, by `hold_out` and `pattern`."""
        return not any(
            (self.hold_out and is_held_out(each)) or (self.pattern is not None and not re.fullmatch(self.pattern, each))
            for each in sentences
        )


@dataclass(frozen=True)
class HeadPlan:
    """One head and how it is trained; what is not given has a default of its kind (`recipe.head_from`)."""

    kind: str  # "bilstm", "pooled" or "mean"
    name: str = ""  # of its folder below heads/
    inputs: str = "apart"  # or "packed"
    units: tuple[int, ...] = ()  # of each LSTM layer; () for the other kinds
    dropout: float = 0.1  # in [0, 1)
    labels: tuple[str, ...] = ("similar",)  # what it predicts; several name a column each
    unit_length: bool = False  # as in `HeadConfig`, like the next
    activation: str = "sigmoid"
    weight: float = 1.0  # of its loss among those that are added up

    def __post_init__(self) -> None:
        """Raise InputError for a value that cannot be; names it."""
        self.on_encoder(label_scale=(0.0, 1.0), max_length=1, encoder="", encoder_sha256="", hidden_size=1)
        plain = self.name.replace("-", "").replace("_", "")
        _check(
            self,
            ("name", plain.isalnum(), "letters, digits, - and _ were expected"),
            ("name", self.name not in RESERVED, "another scorer has it; give the head one of its own"),
        )

    def on_encoder(self, **encoder: Any) -> HeadConfig:
        """The head on an encoder, of which those fields of a `HeadConfig` tell that a plan does not have."""
        shared = ("kind", "inputs", "units", "dropout", "labels", "activation", "unit_length")
        return HeadConfig(**{name: getattr(self, name) for name in shared}, **encoder)

    @property
    def infers(self) -> bool:
        """Whether it learns from inference data, and from nothing else."""
        return set(self.labels) == set(LABELS)


@dataclass(frozen=True)
class TrainPlan:
    """A whole run."""

    data: tuple[Source, ...]  # to train on
    dev: Source  # chooses the best epoch and fits the calibration
    heads: tuple[HeadPlan, ...]  # to train
    encoder: str | None = None  # None for the bundled one, a folder, or a repository of the Hub
    revision: str | None = None  # of that repository
    test: Source | None = None  # to look at once, at the end; None: none
    tune: str = "none"  # "all": the encoder learns with its heads; "none" or "heads": they learn on it as it is
    epochs: int = 4  # at most
    patience: int = 2  # epochs without a better dev metric, then it stops
    keep: str | None = None  # "last": the last epoch is kept and none stops it; None: the best by the dev metric
    batch_size: int = 32  # pairs in a step
    learning_rate: float = 1e-3  # of the heads
    encoder_learning_rate: float = 5e-5
    warm_up: float = 0.0  # share of all steps in which the rates rise from 0
    weight_decay: float = 0.0  # AdamW's; 0: Adam
    max_length: int | None = None  # tokens read of a sequence; None: what the encoder says
    seed: int = 0  # of every random number
    skip_bad_rows: bool = False  # leave out, and count, rows that cannot be used
    similar_share: float | None = None  # of all pairs where scores will be used, for calibration; None: as of `dev`
    # The same by the groups of `dev`: each one's share of all pairs, and of similar ones among its own.
    mix: Mapping[str, tuple[float, float]] | None = None
    exclude: tuple[Path, ...] = ()  # files of pairs; no pair with a sentence of theirs is learned from
    exclude_held_out: tuple[Path, ...] = ()  # the same, of their held-out tenth (`probes.is_held_out`)
    name: str | None = None  # what the folder calls itself; None: as the folder is called
    # Where the encoder learns:
    int8: bool = False  # write the tensors as int8 rows with their scales, a quarter of the size
    cosine_weight: float = 1.0  # of the cosine's own loss; 0: the vectors learn by being pinned alone
    pin_batch: int = 16  # sentences of the kind "text" in each step
    pin_weight: float = 20.0  # what 1 - cosine to their first embeddings counts
    freeze_embeddings: bool = False  # the table of word embeddings stays as it is; positions and token types learn
    identity_pooler: bool = False  # the pooler begins as the identity; of a checkpoint whose own was never used
    bfloat16: bool = False  # the blocks' matrices are multiplied in bfloat16, faster where the processor can

    def __post_init__(self) -> None:
        """Raise InputError for a value that cannot be; names it."""
        _check(
            self,
            ("data", bool(self.data), "something to train on was expected: give --data FILE"),
            ("tune", self.tune in TUNES, f"known are {', '.join(TUNES)}"),
            ("keep", self.keep in (None, "last"), "'last' was expected, or none for the best"),
        )
        if not self.learns:
            for key in ("int8", "freeze_embeddings", "identity_pooler", "bfloat16"):
                said = f"{key} is true and tune is {self.tune!r}; it goes with tune 'all' alone."
                _need(not getattr(self, key), said)
            said = f"tune is {self.tune!r}, and there is no head to train; name one, or tune 'all', the encoder itself."
            _need(bool(self.heads), said)
            for source in self.data:
                said = f"{source.path}: kind is {source.kind!r}, which goes with tune 'all' alone."
                _need(source.kind not in ("cosine", "text"), said)
        for epoch in range(self.epochs):
            _need(
                any(source.kind != "text" and source.learns_in(epoch) for source in self.data),
                f"there is no pair to learn from in epoch {epoch + 1} of {self.epochs}; add data, or lower epochs.",
            )
        is_weighed = self.mix is None or (self.similar_share is None and self.dev.group is not None)
        _need(is_weighed, "mix takes the place of similar_share and needs dev with a group=COLUMN.")
        shares = {"": (1.0, 0.5)} if self.mix is None else self.mix
        is_whole = abs(sum(share for share, _ in shares.values()) - 1) <= 0.01
        _need(
            is_whole and all(share > 0 and 0 < similar < 1 for share, similar in shares.values()),
            f"mix is {self.mix}; by group its share of all pairs, together 1, and the share of similar ones among its "
            "own, above 0 and below 1, were expected.",
        )

    @property
    def learns(self) -> bool:
        """Whether the encoder learns."""
        return self.tune == "all"


def _check(record: object, *rules: tuple[str, bool, str], where: str = "") -> None:
    """Refuse a field beyond its bounds, or that breaks a rule: its name, whether the rule holds, what was expected."""
    for name, (low, high) in _BOUNDS.items():
        value = getattr(record, name, None)
        if isinstance(value, int | float):
            expected = f"at least {low}" if high == math.inf else f"a number from {low:g} to {high:g}"
            _need(low <= value <= high, f"{where}{name} is {value}; {expected} was expected.")
    for name, holds, expected in rules:
        _need(holds, f"{where}{name} is {getattr(record, name)!r}; {expected}.")


def _need(holds: bool, said: str) -> None:
    if not holds:
        raise InputError(said)
