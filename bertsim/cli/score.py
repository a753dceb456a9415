"""`bertsim score`: two sentences, or a file of pairs, chunk by chunk, into a file of scored pairs."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bertsim.batch.partial import check_output
from bertsim.batch.scoring import chunk_size, describe_job, pair_of, score_rows
from bertsim.batch.writing import TableLayout
from bertsim.cli.files import STANDARD, UNREAD, Tally, at_hand, open_output, summed, write_chunks
from bertsim.cli.options import NAME_THEM, add_model_options, add_reading_options, load_scoring, reading_of
from bertsim.cli.output import print_json, say
from bertsim.data.pairs import DataFile, Row, kind_of, open_pairs
from bertsim.errors import DataError, InputError
from bertsim.text.unread import withheld
from bertsim.views.unread import unknown_sentences

if TYPE_CHECKING:
    from bertsim.records import Comparison, PairScore, TokenCounts

HELP = "compare two sentences, or every pair of a file"
DESCRIPTION = """\
Compare two sentences:
  python -m bertsim score "A plane is taking off." "An air plane is taking off."
or every pair of a file (TSV, CSV, JSON Lines, JSON, Parquet, Excel; packed by gzip or zstd or not):
  python -m bertsim score --input pairs.tsv --output scored.tsv
How it is written (delimiter, quotes, encoding, header) is found out and said; where it cannot be told, you are asked.
--input may be a folder, a pattern in quotes, or - (standard input); --output - prints rows as they are scored, as TSV.
All columns and rows are kept, in order. A row that cannot be scored is named, counted, and has its reason in the
column "error". Stopped, the same command goes on where it was."""
NAMED = 20
"""Bad rows named on stderr; the others are counted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add("sentences", nargs="*", metavar="SENTENCE", help="the two sentences")
    scorers = "cosine (default), dot, euclidean, manhattan, alignment, or a trained head"
    add("--scorer", metavar="S", default="cosine", help=scorers)
    add("--json", action="store_true", help="print everything there is to say, as JSON")
    add = parser.add_argument_group("a file of pairs").add_argument
    add("--input", type=Path, metavar="FILE", help="pairs; a folder, a pattern or -")
    add(
        "--output",
        type=Path,
        metavar="FILE",
        help="where they go with their scores: .tsv, .csv or .jsonl, .gz or not, or -",
    )
    add("--columns", nargs=2, metavar=("A", "B"), help="the columns that hold the sentences, by name or number")
    add("--score-column", metavar="NAME", help="the new column (default: score)")
    add("--error-column", metavar="NAME", help="why a row has no score (default: error)")
    add("--restart", action="store_true", help="begin anew, whatever a stopped run has left")
    add_reading_options(parser)
    add_model_options(parser)


def run(args: argparse.Namespace) -> int:
    """Score what the words name.

    Raises:
        InputError: words that do not fit together.
    """
    if args.input is not None:
        if args.sentences:
            raise InputError("score takes two sentences or --input FILE, not both.")
        if args.output is None:
            raise InputError("score --input needs --output FILE, the file for the scored pairs.")
        if args.json and args.output == STANDARD:
            raise InputError("--json and --output - would both be printed; leave one of them out.")
        with at_hand(args.input) as args.input:
            return _score_file(args)
    if args.output or args.columns or args.score_column or args.error_column:
        raise InputError(
            "--output, --columns, --score-column and --error-column go with --input FILE; two sentences are printed."
        )
    if len(args.sentences) != 2:
        raise InputError(f"score takes two sentences, each in quotes, but got {len(args.sentences)}; or --input FILE.")
    return _score_pair(args)


def _score_pair(args: argparse.Namespace) -> int:
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
        print_json(_as_json(comparison, args.scorer, model.settings(**options)))
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


def _as_json(comparison: Comparison, scorer: str, settings: dict[str, object]) -> dict[str, object]:
    """Every field of a comparison but its arrays."""
    sides: dict[str, object] = {}
    rows = zip(comparison.tokens.tokens, comparison.tokens.attention_mask, strict=True)
    for side, row, unread in zip("ab", rows, comparison.unread, strict=True):
        sides |= {
            f"tokens_{side}": [token for token, real in zip(*row, strict=True) if real],
            f"cut_off_{side}": unread.cut_off,
            f"cut_tokens_{side}": unread.cut_tokens,
            f"unknown_words_{side}": unread.unknown_words,
            f"unknown_tokens_{side}": len(unread.unknown_words),
        }
    return {
        **{"sentence_a": comparison.sentence_a, "sentence_b": comparison.sentence_b},
        **asdict(comparison[scorer]),
        "scores": list(map(asdict, comparison.scores)),
        **sides,
        "withheld": withheld(*comparison.unread) or None,
        "seconds": comparison.seconds,
        "settings": settings,
    }


def _score_file(args: argparse.Namespace) -> int:
    """Score every pair of `args.input` into `args.output`; goes on with what a stopped run has left."""
    file = open_pairs(args.input, args.columns, NAME_THEM, reading_of(args))
    columns = (*file.columns, *_new_columns(args, file))
    layout = TableLayout(kind_of(args.output), args.output.name.lower().endswith(".gz"), columns)
    check_output(args.output, *file.paths)
    say(f"bertsim: {file.described}")
    total = sum(1 for _ in file)
    if not total:
        raise DataError(f"{args.input} has a header and no rows; there is nothing to score.")
    model, options = load_scoring(args)
    job = describe_job(file.paths, model, options, args.scorer)
    job |= {"reading": file.described, "sentence columns": file.sentences, "columns": columns}
    score = partial(model.score, scorer=args.scorer, **options)
    tally = Tally(model)
    with open_output(args.output, job, restart=args.restart) as output:

        def make(rows: list[Row], progress: Callable[[int, int], None]) -> tuple[bytes, dict[str, int]]:
            found = score_rows(rows, partial(score, progress=progress), model.check)
            bad = [row for row, _ in found if row.error is not None]
            for row in bad[: max(NAMED - output.counts["bad"], 0)]:
                say(f"bertsim: {file.where(row)}: {row.error}; left without a score.")
            good = [row for row, _ in found if row.error is None]
            counts = tally.count([sentence for row in good for sentence in pair_of(row)])
            _name_unread(file, good, counts, max(NAMED - output.counts["unread_sentences"], 0))
            data, flattened = layout.chunk(found, with_header=not output.counts["rows"])
            return data, {"bad": len(bad), "flattened": flattened, **summed(counts)}

        write_chunks(output, file, total, chunk_size(model), make)
        output.finish()
    if args.json:
        rows, bad = output.counts["rows"], output.counts["bad"]
        result = {"output": str(args.output), "rows": rows, "scored": rows - bad, "bad": bad}
        unread = {name: output.counts[name] for name in UNREAD}
        print_json(result | unread | {"settings": model.settings(**options)})
    _tell_end(args, output.counts, columns[-1], tally)
    return 0


def _new_columns(args: argparse.Namespace, file: DataFile) -> tuple[str, str]:
    """What the columns of scores and of errors are called."""
    score, error = args.score_column or "score", args.error_column or "error"
    if score == error:
        raise InputError(f"--score-column and --error-column are both {score!r}; name two columns.")
    for name, option in ((score, "--score-column"), (error, "--error-column")):
        if name in file.columns:
            raise DataError(f"{file.path} already has a column {name!r}; name the new one with {option}.")
    return score, error


def _name_unread(file: DataFile, rows: Sequence[Row], counts: Sequence[TokenCounts], most: int) -> None:
    """Name rows of which a sentence was not read at all, `most` of them; `counts`: A and B of each, in line."""
    for row, a, b in zip(rows, counts[0::2], counts[1::2], strict=True):
        names = " and ".join(name for name, each in (("A", a), ("B", b)) if not each.read)
        if names and most:
            say(f"bertsim: {file.where(row)}: nothing was read of {names}; its score says nothing.")
            most -= 1


def _tell_end(args: argparse.Namespace, counts: Mapping[str, int], error_column: str, tally: Tally) -> None:
    """Say how many pairs were scored, and what was not read. Raises DataError where none could be."""
    rows, bad = counts["rows"], counts["bad"]
    unnamed = f" ({bad - NAMED:,} not named here)" if bad > NAMED else ""
    reasons = f"; {bad:,} could not be{unnamed}, see the column {error_column!r}" if bad else ""
    say(f"bertsim: {args.output}: {rows - bad:,} of {rows:,} pairs scored{reasons}.")
    tally.say(counts)
    if counts["flattened"]:
        say(f"bertsim: TSV cannot hold tabs and line breaks; cells with spaces for them: {counts['flattened']:,}.")
    if bad == rows:
        raise DataError(f"{args.input}: none of the {rows:,} rows could be scored; the reasons stand in {args.output}.")
