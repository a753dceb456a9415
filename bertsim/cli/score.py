"""`bertsim score`: two sentences, or a file of pairs."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

from bertsim.cli.options import add_model_options, check_scorer, embedding_options, load_model
from bertsim.cli.output import say
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
    parser.add_argument("sentences", nargs="*", metavar="SENTENCE", help="the two sentences")
    parser.add_argument(
        "--scorer",
        metavar="S",
        default="cosine",
        help="cosine (default), dot, euclidean, manhattan, alignment, or a trained head",
    )
    parser.add_argument("--json", action="store_true", help="print everything there is to say, as JSON")
    group = parser.add_argument_group("a file of pairs")
    group.add_argument("--input", type=Path, metavar="FILE", help="pairs: .tsv, .csv or .jsonl, .gz or not")
    group.add_argument(
        "--output", type=Path, metavar="FILE", help="where they go with their scores; same endings"
    )
    group.add_argument("--columns", nargs=2, metavar=("A", "B"), help="the columns that hold the sentences")
    group.add_argument("--score-column", metavar="NAME", help="the new column (default: score)")
    group.add_argument("--error-column", metavar="NAME", help="why a row has no score (default: error)")
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
    model = load_model(args)
    check_scorer(args.scorer, model)
    options = embedding_options(args, model)
    comparison = model.compare(*args.sentences, **options)
    for name, unread in zip("AB", comparison.unread, strict=True):
        if cut := unread.cut_off:
            beginning = cut if len(cut) <= 60 else f"{cut[:59]}…"
            say(
                f"bertsim: sentence {name} was cut off before its last {unread.cut_tokens:,} tokens, {beginning!r}."
            )
    reason = withheld(*comparison.unread)
    for sentence in (*unknown_sentences(*comparison.unread), *([reason] if reason else [])):
        say(f"bertsim: {sentence}")
    if args.json:
        print(
            json.dumps(
                as_json(comparison, args.scorer, model.settings(**options)), ensure_ascii=False, indent=2
            )
        )
    else:
        print(in_words(comparison[args.scorer]))
    return 0


def in_words(score: PairScore) -> str:
    """A value with what it is.

    Example: "0.9312  cosine similarity, from -1 to 1 (higher = more similar)"
    """
    return _own_value(score) + _calibrated(score)


def _own_value(score: PairScore) -> str:
    low = "any number" if math.isinf(score.low) else f"from {score.low:g}"
    if score.unit == "distance":
        return f"{score.value:.4f}  {score.scorer} distance, {low} up (lower = more similar; score {score.score:.4f})"
    ends = low if math.isinf(score.high) else f"{low} to {score.high:g}"
    return f"{score.value:.4f}  {score.scorer} {score.unit}, {ends} (higher = more similar)"


def _calibrated(score: PairScore) -> str:
    """What else there is to say: the calibrated probability, and the other order's value; each on its line."""
    lines = ""
    if score.probability is not None:
        lines += (
            f"\n{score.probability:.4f}  calibrated: the probability that people would call the two similar"
        )
    if score.value_reversed is not None:
        lines += f"\n{score.value_reversed:.4f}  {score.scorer} {score.unit} in the other order, (B, A)"
    return lines


def as_json(comparison: Comparison, scorer: str, settings: dict[str, object]) -> dict[str, object]:
    """Every field of a comparison but its arrays; an end that a range does not have is null."""
    unread_a, unread_b = comparison.unread
    rows = zip(comparison.tokens.tokens, comparison.tokens.attention_mask, strict=True)
    tokens = [[token for token, real in zip(*row, strict=True) if real] for row in rows]
    return {
        "sentence_a": comparison.sentence_a,
        "sentence_b": comparison.sentence_b,
        **_score_fields(comparison[scorer]),
        "scores": [_score_fields(score) for score in comparison.scores],
        "tokens_a": tokens[0],
        "tokens_b": tokens[1],
        "cut_off_a": unread_a.cut_off,
        "cut_off_b": unread_b.cut_off,
        "cut_tokens_a": unread_a.cut_tokens,
        "cut_tokens_b": unread_b.cut_tokens,
        "unknown_words_a": unread_a.unknown_words,
        "unknown_words_b": unread_b.unknown_words,
        "unknown_tokens_a": unread_a.unknown_tokens,
        "unknown_tokens_b": unread_b.unknown_tokens,
        "withheld": withheld(unread_a, unread_b) or None,
        "seconds": round(comparison.seconds, 6),
        "settings": settings,
    }


def _score_fields(score: PairScore) -> dict[str, object]:
    ends = {
        name: end if math.isfinite(end) else None for name, end in (("low", score.low), ("high", score.high))
    }
    return {
        "scorer": score.scorer,
        "value": round(score.value, 6),
        "unit": score.unit,
        **ends,
        "score": round(score.score, 6),
        "probability": None if score.probability is None else round(score.probability, 6),
        "value_reversed": None if score.value_reversed is None else round(score.value_reversed, 6),
    }
