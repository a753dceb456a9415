"""`bertsim matrix`: a file of sentences, or two -> the scores of every one with every other, as a file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bertsim.cli.files import say_shared
from bertsim.cli.lines import Lines, add_files, in_line, open_files, read_all, write_table
from bertsim.cli.options import add_model_options, load_scoring, positive
from bertsim.cli.output import LiveLine, say
from bertsim.data.atomic import write_atomically
from bertsim.errors import DataError, InputError
from bertsim.model.passes import MAX_PASSES

if TYPE_CHECKING:
    from bertsim.records import Float

HELP = "score every sentence of a file with every other one"
DESCRIPTION = """\
Score every sentence of a file with every other one, or with those of another file:
  python -m bertsim matrix --input sentences.txt --output scores.tsv
  python -m bertsim matrix --input a.txt --others b.txt --scorer combined --max-passes 50000 --output scores.npz
Rows are the sentences of FILE (A), columns the others (B). .tsv, .csv: the sentences stand above and before the
scores. .npy: float32 [rows, columns]. .npz: that as "scores", the numbers of the lines as "lines" and "other_lines",
and "settings" (JSON)."""
ENDINGS = (".tsv", ".csv", ".npy", ".npz")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add_files(parser, "others", "sentences to score them with (default: the same)")
    add("--output", type=Path, metavar="FILE", required=True, help=", ".join(ENDINGS))
    add("--scorer", metavar="S", default="cosine", help="cosine (default), alignment, a head, …")
    passes = f"refuse what needs more passes of the encoder than so many (default: {MAX_PASSES})"
    add("--max-passes", type=positive, metavar="N", default=MAX_PASSES, help=passes)
    add_model_options(parser)


def run(args: argparse.Namespace) -> int:
    """Say what the matrix costs, make it and write it.

    Raises:
        InputError: an output of another kind, or a matrix that costs more than it may.
        DataError: a row that cannot be used, where the output cannot say so.
    """
    ending = args.output.suffix.lower()
    if ending not in ENDINGS:
        raise InputError(f"{args.output}: a matrix is written to {', '.join(ENDINGS)}; use one of them.")
    with open_files(args, "others") as (file, other):
        model, options = load_scoring(args)
        a, b, counts = read_all(model, file, other)
    if ending == ".npy" and counts["left_out"]:
        raise DataError(f"{args.output} cannot say which rows were left out; mend them, or write .npz, .tsv or .csv.")
    others = None if other is None else b.sentences
    passes, seconds = model.cost(a.sentences, others, args.scorer, **options)
    size = f"{len(a.sentences):,} × {len(b.sentences):,}"
    took = f"{passes:,} passes of the encoder, " + (f"about {seconds:,.0f} s" if seconds >= 1 else "less than 1 s")
    if passes > args.max_passes:
        allowed = f"--max-passes is {args.max_passes:,}"
        raise InputError(f"{args.scorer} of {size} takes {took}; {allowed}: give a larger one.")
    say(f"bertsim: {args.scorer} of {size}: {took}.")
    with LiveLine() as line:
        progress = line.part("passes", 0, passes, passes)
        scores = model.matrix(a.sentences, others, args.scorer, max_passes=None, progress=progress, **options)
    say_shared(model, [args.scorer], ((one, each) for one in a.sentences for each in b.sentences))
    write(args.output, a, b, scores, model.settings(**options) | {"scorer": args.scorer})
    say(f"bertsim: {args.output}: the scores of {size} sentences.")
    return 0


def write(output: Path, a: Lines, b: Lines, scores: Float, settings: dict[str, object]) -> None:
    """Write scores, float32 [a, b], as the ending says."""
    ending = output.suffix.lower()
    if ending in (".tsv", ".csv"):
        rows = ([in_line(sentence), *row] for sentence, row in zip(a.sentences, scores.tolist(), strict=True))
        write_table(output, ["", *map(in_line, b.sentences)], rows)
        return
    lines, other_lines = np.array(a.lines), np.array(b.lines)
    described = np.array(json.dumps(settings, ensure_ascii=False))

    def fill(path: Path) -> None:
        with path.open("wb") as stream:
            if ending == ".npy":
                np.save(stream, scores)
            else:
                np.savez(stream, scores=scores, lines=lines, other_lines=other_lines, settings=described)

    write_atomically(output, fill)
