"""`bertsim card`: figures that other commands printed -> the model card of a folder."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from bertsim.card import (
    END,
    START,
    correlations,
    example_lines,
    figure_lines,
    origin_line,
    probe_columns,
    replace_section,
    replace_title,
    separations,
    trial_lines,
)
from bertsim.cli.output import say
from bertsim.config import read_json
from bertsim.errors import InputError
from bertsim.manifest import new_folder

T = TypeVar("T")

HELP = "write figures into a model card"
DESCRIPTION = """\
Copy a folder, and write what `evaluate --json` and `probe --json` printed into its README.md:
  python -m bertsim card --encoder mine --evaluation "STS-B test=test.json" --probes probes.json --output mine-with-card
Between two marks; a next run replaces it, and what else the card says stays."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add("--encoder", type=Path, metavar="FOLDER", required=True, help="what the card is of")
    add("--output", type=Path, metavar="DIR", required=True, help="a new folder")
    add("--evaluation", nargs="+", metavar="NAME=FILE", default=[], help="shown by its Spearman")
    add("--separation", nargs="+", metavar="NAME=FILE", default=[], help="shown by its ROC AUC")
    add("--probes", type=Path, metavar="FILE", help="negation, word order and the examples")
    add("--origin", type=Path, metavar="FILE", help="metrics.json of the pre-training")
    add("--hours", type=float, metavar="H", help="that all of it took")
    add(
        "--about",
        type=Path,
        metavar="FILE",
        help="Markdown to stand in place of the card's title and front matter",
    )
    add("--text", type=Path, metavar="FILE", help="Markdown to stand below, licences and attributions say")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the folder, whole or not at all."""
    if not args.encoder.is_dir():
        raise InputError(f"--encoder {args.encoder} is no folder; card takes the folder of a checkpoint.")
    lines, about = card_lines(args), "" if args.about is None else _read(args.about, "--about")
    with new_folder(args.output) as folder:
        _copy(args.encoder, folder)
        if args.about is not None:
            replace_title(folder / "README.md", about)
        replace_section(folder / "README.md", START, END, lines)
    say(f"bertsim: {args.output / 'README.md'}: written.")
    return 0


def card_lines(args: argparse.Namespace) -> list[str]:
    """The section. Raises InputError or CheckpointError for a file that is not what it should be."""
    columns: dict[str, Mapping[str, float]] = {}
    for name, path in map(_named, args.evaluation):
        columns[f"{name}, Spearman"] = _take(path, correlations)
    for name, path in map(_named, args.separation):
        columns[f"{name}, ROC AUC"] = _take(path, separations)
    if args.probes is not None:
        columns |= _take(args.probes, probe_columns)
    lines = ["## Measured, as served", ""]
    if args.origin is not None:
        lines += [_take(args.origin, lambda metrics: origin_line(metrics, args.hours)), ""]
    lines += figure_lines(columns)
    if args.probes is not None:
        lines += ["", *_take(args.probes, trial_lines), ""]
        lines += ["What it says of ten pairs, the wrong answers too:", "", *_take(args.probes, example_lines)]
    if args.text is not None:
        lines += ["", _read(args.text, "--text")]
    return lines


def _copy(source: Path, folder: Path) -> None:
    try:
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))
    except shutil.Error as error:
        path, _, reason = error.args[0][0]
        raise InputError(f"{path} cannot be copied ({reason}); mend it, or remove it.") from None


def _read(path: Path, option: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{option} {path} cannot be read ({error}); give a file of Markdown.") from None


def _take(path: Path, take: Callable[[Any], T]) -> T:
    """What a function takes of a file of figures. Raises InputError, which names the file."""
    try:
        return take(read_json(path))
    except InputError as error:
        raise InputError(
            f"{path}: {error}; give what evaluate --json, probe --json or pretrain wrote."
        ) from None


def _named(word: str) -> tuple[str, Path]:
    name, equals, path = word.rpartition("=")
    if not equals or not name:
        raise InputError(f"{word!r} has no name; NAME=FILE was expected.")
    return name, Path(path)
