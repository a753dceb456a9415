"""Command-line words or a TOML file -> `Recipe`: plans, and what the finished folder shall say; files of the Hub too.

A key that is not known, or a value of another type, is named with the file or the option that it stands in.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from bertsim.bert.config import TEXT_FILES
from bertsim.data.json_files import record_from
from bertsim.errors import DataError, InputError
from bertsim.heads.config import KINDS as HEAD_KINDS
from bertsim.heads.config import LABELS
from bertsim.measuring.edits import KINDS as EDITS
from bertsim.measuring.edits.antonyms import UNSEEN
from bertsim.records import COMBINED, UNTRAINED
from bertsim.score.words import KnownError, Range, Words
from bertsim.training.plan import BESIDE, HUB, HeadPlan, Source, TrainPlan

RECIPES = Path(__file__).resolve().parent / "recipes"
TAKEN = (".json", ".safetensors", ".tflite", ".png")
"""How names of files end that are made in an output."""
_SWITCH = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}
# How a word of the command line is read; a key that is not here is a text.
_FROM_WORDS: Mapping[str, Callable[[str], Any]] = {
    "hold_out": lambda word: _SWITCH[word.lower()],
    "scale": lambda word: list(map(float, word.split(":"))),
    "weight": float,
    "take": int,
    "per_epoch": int,
    "epochs": lambda word: list(map(int, word.split(":"))),
    "columns": lambda word: word.split(","),
}


@dataclass(frozen=True)
class WordsPlan:
    """What `words.json` of a trained encoder shall say; its figures are measured."""

    note: str  # the plain truth about the encoder, one or two sentences
    data: str  # what dev's ratings are, in words
    scorers: Mapping[str, str] = field(default_factory=dict)  # what each scorer is
    ranges: Mapping[str, tuple[tuple[float, str], ...]] = field(default_factory=dict)  # lower end and name of each
    errors: Mapping[str, str] = field(default_factory=dict)  # by kind of edit, what two such sentences differ by

    def __post_init__(self) -> None:
        """Raise InputError for what `Words` does not take, before anything is measured."""
        ranges = {scorer: tuple(Range(low, said, 0, 1) for low, said in named) for scorer, named in self.ranges.items()}
        errors = tuple(KnownError(kind, 0, 1, said) for kind, said in self.errors.items())
        Words(self.note, self.data, self.scorers, ranges, errors)


@dataclass(frozen=True)
class ReportPlan:
    """What a trained encoder is measured on at the end, beside dev and test."""

    correlation: tuple[Source, ...] = ()  # labelled pairs, for Spearman
    separation: tuple[Source, ...] = ()  # labelled pairs, for the area under the ROC curve
    inference: tuple[Path, ...] = ()  # files of which the held-out tenth is inferred
    edits: tuple[Path, ...] = ()  # plain text whose held-out tenth is edited
    antonyms: Path | None = None  # the opposites that this needs
    swapped: tuple[Path, ...] = ()  # plain text whose held-out tenth has its roles swapped
    paraphrases: Path | None = None  # pairs that mean the same, beside these
    verdicts: Source | None = None  # pairs of the kind "verdicts", of which the held-out tenth is fitted to
    plain: tuple[Path, ...] = ()  # text of many kinds: how near are the vectors to those that were started from?

    def __post_init__(self) -> None:
        """Raise InputError for one file without the other that it goes with."""
        if bool(self.swapped) != (self.paraphrases is not None):
            raise InputError("swapped and paraphrases go together; give both, or leave both out.")


@dataclass(frozen=True)
class Recipe:
    """A recipe file, or what command-line words say in place of one."""

    runs: tuple[TrainPlan, ...]  # in its order; each has its own heads and its own settings
    path: Path | None = None  # of the file
    card: Path | None = None  # the Markdown beside it that the model card begins with; None: the encoder's own card
    words: WordsPlan | None = None  # what the encoder's numbers shall be said to mean
    report: ReportPlan | None = None  # what is measured at the end, beside dev and test

    def __post_init__(self) -> None:
        """Raise InputError for runs or files that cannot share a folder, and words about what there will not be."""
        names = [head.name for run in self.runs for head in run.heads]
        shared = {(run.encoder, run.revision, run.max_length) for run in self.runs}
        if len(self.runs) > 1 and (len(shared) > 1 or any(run.learns for run in self.runs)):
            raise InputError("the runs of one recipe share the encoder and max_length, and tune none of it.")
        if len(set(names)) < len(names):
            raise InputError(f"the heads are named {', '.join(names)}; every head needs a name of its own.")
        beside = [Path(each.name) for run in self.runs for each in run.data if each.name.startswith(BESIDE)]
        for name in (*beside, *(() if self.card is None else (Path(self.card.name),))):
            if name.suffix in TAKEN or any(map(name.match, TEXT_FILES)):
                said = f"{self.path} names {name}, which would take the place of the encoder's own file in the output"
                raise InputError(f"{said}; rename it, or leave ./ out and have it where --data-root says.")
        scorers = (*UNTRAINED, COMBINED, *names)
        for key, known in (("scorers", scorers), ("ranges", scorers), ("errors", (*EDITS, UNSEEN))):
            for name in getattr(self.words, key, ()):
                if name not in known:
                    raise InputError(f"{self.path}: words: {key} names {name!r}; known are {', '.join(known)}.")

    def check_files(self) -> None:
        """Look for the card and the files of the report, which are read only at the end.

        Raises:
            DataError: one that is not there.
        """
        for value in (self.card, *(vars(self.report).values() if self.report else ())):
            for each in value if isinstance(value, tuple) else (value,):
                path = Path(each.path) if isinstance(each, Source) else each
                if path is not None and not path.is_file():
                    raise DataError(f"{path}, which {self.path} names, is not a file; put it there, or leave it out.")


def recipe_names() -> tuple[str, ...]:
    """The recipes that come with bertsim."""
    return tuple(sorted(path.stem for path in RECIPES.glob("*.toml")))


def find_recipe(name: str) -> Path:
    """A recipe by its name, or a file by its path.

    Raises:
        DataError: there is none; lists the names.
    """
    if name in recipe_names():
        return RECIPES / f"{name}.toml"
    if Path(name).is_file():
        return Path(name)
    raise DataError(f"{name} is neither a recipe nor a file of one; the recipes are {', '.join(recipe_names())}.")


def read_recipe(path: Path, data_root: Path) -> Recipe:
    """Read a TOML file: settings at the top hold for every `[[run]]`, which may change them.

    `data_root` is where the relative paths of its data files start.

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
    plans = []
    for run in ({**table, **run} for run in runs):
        if isinstance(run.get("heads"), list):
            run["heads"] = list(map(_with_defaults, run["heads"]))
        plans.append(_rooted(record_from(TrainPlan, run, str(path)), data_root, path))
    return Recipe(
        tuple(plans),
        path,
        None if card is None else path.parent / str(card),
        None if words is None else record_from(WordsPlan, words, f"{path}: words"),
        None if report is None else _rooted(record_from(ReportPlan, report, f"{path}: report"), data_root, path),
    )


def head_from(table: Mapping[str, Any]) -> HeadPlan:
    """A `HeadPlan` of the option --head; what is not given has the kind's own default. Errors as of `record_from`."""
    return record_from(HeadPlan, _with_defaults(table), "--head")


def parse_source(words: Sequence[str], option: str = "--data") -> Source:
    """`FILE [kind=K] [scale=LOW:HIGH] [columns=A,B] …`, words behind an option, as a `Source`.

    Raises:
        InputError: no file, a key that is not known, a value that cannot be; names it.

    Example: ["stsb.tsv", "scale=0:5"] -> Source("stsb.tsv", scale=(0.0, 5.0))
    """
    known = {field.name for field in fields(Source)}
    settings = [word for word in words if "=" in word and word.partition("=")[0] in known]
    paths = [word for word in words if word not in settings]
    if len(paths) != 1:
        raise InputError(f"{option} takes one FILE and key=value words, but got {' '.join(words)!r}.")
    table: dict[str, Any] = {"path": paths[0]}
    for word in settings:
        key, _, value = word.partition("=")
        try:
            table[key] = _FROM_WORDS.get(key, str)(value)
        except (ValueError, KeyError):
            raise InputError(f"{option}: {key} is {value!r}, which cannot be read; see train --help.") from None
    return record_from(Source, table, option)


def fetch_sources(plan: TrainPlan) -> TrainPlan:
    """The plan with every file of the Hub fetched. Raises HubError for one that cannot be had."""
    from bertsim import hub

    def fetched(source: Source) -> Source:
        if not source.path.startswith(HUB):
            return source
        path, origin = hub.fetch_data(source.path.removeprefix(HUB))
        return replace(source, path=str(path), origin=HUB + origin)

    test = None if plan.test is None else fetched(plan.test)
    return replace(plan, data=tuple(map(fetched, plan.data)), dev=fetched(plan.dev), test=test)


def _with_defaults(head: Any) -> Any:
    """A head's table with what its kind, and the labels of inference, have by default."""
    if not isinstance(head, Mapping) or head.get("kind") not in HEAD_KINDS:
        return head
    kind, labels = head["kind"], head.get("labels")
    infers = isinstance(labels, list) and set(map(str, labels)) == set(LABELS)
    usual = {"dropout": 0.2 if kind == "mean" else 0.1, "units": [64] if kind == "bilstm" else []}
    return {"name": kind, **usual, "activation": "softmax" if infers else "sigmoid", **head}


def _rooted(value: Any, root: Path, recipe: Path) -> Any:
    """A record of a recipe, or a value in one, whose relative paths start at `root`, or beside the `recipe`."""
    if isinstance(value, TrainPlan | ReportPlan):
        return replace(value, **{name: _rooted(each, root, recipe) for name, each in vars(value).items()})
    if isinstance(value, tuple):
        return tuple(_rooted(each, root, recipe) for each in value)
    if isinstance(value, Path):
        return root / value
    return value.under(root, recipe) if isinstance(value, Source) else value
