"""`bertsim card`: figures that other commands printed -> the model card of a folder."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bertsim.card import (
    END,
    START,
    example_lines,
    figure_lines,
    origin_line,
    replace_section,
    replace_title,
    trial_lines,
)
from bertsim.cli.output import say
from bertsim.config import read_json
from bertsim.errors import InputError
from bertsim.manifest import check_new_folder, write_manifest

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
    check_new_folder(args.output)
    lines, about = card_lines(args), "" if args.about is None else _read(args.about, "--about")
    shutil.copytree(args.encoder, args.output, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))
    if args.about is not None:
        replace_title(args.output / "README.md", about)
    replace_section(args.output / "README.md", START, END, lines)
    write_manifest(args.output)
    say(f"bertsim: {args.output / 'README.md'}: written.")
    return 0


def card_lines(args: argparse.Namespace) -> list[str]:
    """The section. Raises InputError or CheckpointError for a file that is not what it should be."""
    correlations, separations = (_named(words) for words in (args.evaluation, args.separation))
    probes = None if args.probes is None else read_json(args.probes)
    try:
        lines = ["## Measured, as served", ""]
        if args.origin is not None:
            lines += [origin_line(read_json(args.origin), args.hours), ""]
        lines += figure_lines(correlations, separations, probes)
        if probes is not None:
            lines += [
                "",
                *trial_lines(probes),
                "",
                "What it says of ten pairs, the wrong answers too:",
                "",
                *example_lines(probes),
            ]
    except (KeyError, TypeError) as error:
        raise InputError(
            f"one of the files lacks {error}; give what evaluate --json, probe --json and pretrain wrote."
        ) from None
    if args.text is not None:
        lines += ["", _read(args.text, "--text")]
    return lines


def _read(path: Path, option: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{option} {path} cannot be read ({error}); give a file of Markdown.") from None


def _named(words: Sequence[str]) -> dict[str, Any]:
    found = {}
    for word in words:
        name, equals, path = word.rpartition("=")
        if not equals or not name:
            raise InputError(f"{word!r} has no name; NAME=FILE was expected.")
        found[name] = read_json(Path(path))
    return found
