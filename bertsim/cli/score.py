"""`bertsim score`: two sentences, or a file of pairs."""

from __future__ import annotations

import argparse
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from bertsim.cli.options import add_model_options, load_scoring
from bertsim.cli.output import print_json, say
from bertsim.errors import InputError
from bertsim.text.unread import unknown_sentences, withheld

if TYPE_CHECKING:
    from bertsim.records import Comparison, PairScore

HELP = "compare two sentences, or every pair of a file"
DESCRIPTION = """\
Compare two sentences:
  python -m bertsim score "A plane is taking off." "An air plane is taking off."
or every pair of a file (.tsv, .csv or .jsonl, each also .gz; TSV is read without quoting):
  python -m bertsim score --input pairs.tsv --output scored.tsv
All columns and rows are kept, in order. A row that cannot be scored is named, counted, and has its reason in the
column "error". Stopped, the same command goes on where it was."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add("sentences", nargs="*", metavar="SENTENCE", help="the two sentences")
    add(
        "--scorer",
        metavar="S",
        default="cosine",
        help="cosine (default), dot, euclidean, manhattan, alignment, or a trained head",
    )
    add("--json", action="store_true", help="print everything there is to say, as JSON")
    add = parser.add_argument_group("a file of pairs").add_argument
    add("--input", type=Path, metavar="FILE", help="pairs: .tsv, .csv or .jsonl, .gz or not")
    add("--output", type=Path, metavar="FILE", help="where they go with their scores; same endings")
    add("--columns", nargs=2, metavar=("A", "B"), help="the columns that hold the sentences")
    add("--score-column", metavar="NAME", help="the new column (default: score)")
    add("--error-column", metavar="NAME", help="why a row has no score (default: error)")
    add_model_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Score what the words name. Raises InputError where they do not fit together."""
    if args.input is None:
        if args.output or args.columns or args.score_column or args.error_column:
            raise InputError(
                "--output, --columns, --score-column and --error-column go with --input FILE;"
                " two sentences are printed."
            )
        if len(args.sentences) != 2:
            raise InputError(
                f"score takes two sentences, each in quotes, but got {len(args.sentences)}; or --input FILE."
            )
        return score_pair(args)
    if args.sentences:
        raise InputError("score takes two sentences or --input FILE, not both.")
    if args.output is None:
        raise InputError("score --input needs --output FILE, the file for the scored pairs.")
    from bertsim.cli.score_file import score_file

    return score_file(args)


def score_pair(args: argparse.Namespace) -> int:
    """Print the score of two sentences, and on stderr what was not read of them."""
    model, options = load_scoring(args)
    comparison = model.compare(*args.sentences, **options)
    for name, unread in zip("AB", comparison.unread, strict=True):
        if cut := unread.cut_off:
            beginning = cut if len(cut) <= 60 else f"{cut[:59]}…"
            say(f"bertsim: sentence {name} was cut off before its last {unread.cut_tokens:,} tokens, {beginning!r}.")
    for sentence in (*unknown_sentences(*comparison.unread), withheld(*comparison.unread)):
        if sentence:
            say(f"bertsim: {sentence}")
    if args.json:
        print_json(as_json(comparison, args.scorer, model.settings(**options)))
    else:
        print(in_words(comparison[args.scorer]))
    return 0


def in_words(score: PairScore) -> str:
    """A value with what it is, the calibrated probability, and the other order's value; each on its line.

    Example: "0.9312  cosine similarity, from -1 to 1 (higher = more similar)"
    """
    ends = "any number" if math.isinf(score.low) else f"from {score.low:g}"
    if score.unit == "distance":
        ends += f" up (lower = more similar; score {score.score:.4f})"
    else:
        ends += ("" if math.isinf(score.high) else f" to {score.high:g}") + " (higher = more similar)"
    lines = [f"{score.value:.4f}  {score.scorer} {score.unit}, {ends}"]
    if score.probability is not None:
        lines.append(f"{score.probability:.4f}  calibrated: the probability that people would call the two similar")
    if score.value_reversed is not None:
        lines.append(f"{score.value_reversed:.4f}  {score.scorer} {score.unit} in the other order, (B, A)")
    return "\n".join(lines)


def as_json(comparison: Comparison, scorer: str, settings: dict[str, object]) -> dict[str, object]:
    """Every field of a comparison but its arrays."""
    sides: dict[str, object] = {}
    rows = zip(comparison.tokens.tokens, comparison.tokens.attention_mask, strict=True)
    for side, row, unread in zip("ab", rows, comparison.unread, strict=True):
        sides |= {
            f"tokens_{side}": [token for token, real in zip(*row, strict=True) if real],
            f"cut_off_{side}": unread.cut_off,
            f"cut_tokens_{side}": unread.cut_tokens,
            f"unknown_words_{side}": unread.unknown_words,
            f"unknown_tokens_{side}": unread.unknown_tokens,
        }
    return {
        "sentence_a": comparison.sentence_a,
        "sentence_b": comparison.sentence_b,
        **asdict(comparison[scorer]),
        "scores": list(map(asdict, comparison.scores)),
        **sides,
        "withheld": withheld(*comparison.unread) or None,
        "seconds": comparison.seconds,
        "settings": settings,
    }
