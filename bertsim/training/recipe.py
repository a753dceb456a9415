"""A recipe: a TOML file of runs, with what a folder's words and figures shall be -> `Recipe`.

Like `plan`, plain data; a key that is not known, or a value that cannot be, is named.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from bertsim.errors import DataError, InputError
from bertsim.measuring.edits import KINDS as EDITS
from bertsim.measuring.probing import UNSEEN
from bertsim.records import COMBINED, UNTRAINED
from bertsim.training.data_source import Source, check_keys, check_types, source_from
from bertsim.training.plan import TrainPlan, plan_from

_T = TypeVar("_T")


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
        swapped, paraphrases: plain text whose held-out tenth has its roles swapped, and pairs that mean the same.
        plain: plain text of many kinds, for how near the vectors are to those of the encoder that was started from.
    """

    correlation: tuple[Source, ...] = ()
    separation: tuple[Source, ...] = ()
    inference: tuple[Path, ...] = ()
    edits: tuple[Path, ...] = ()
    antonyms: Path | None = None
    swapped: tuple[Path, ...] = ()
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
        for path in (self.card, report.antonyms, *report.swapped, report.paraphrases, *paths):
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
        tuple(plan_from({**table, **run}, path, data_root) for run in runs),
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
    for name in ("inference", "edits", "swapped", "plain"):
        rooted[name] = tuple(data_root / text for text in getattr(plan, name))
    for name in ("antonyms", "paraphrases"):
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
