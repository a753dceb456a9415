"""`bertsim score`: two sentences, or a file of pairs, chunk by chunk, into a file of scored pairs."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING

from bertsim.batch.partial import PartialFile, check_output
from bertsim.batch.scoring import chunk_size, describe_job
from bertsim.batch.writing import TableLayout
from bertsim.cli.cluster import add_ray_options, check_words, place, run_on_ray
from bertsim.cli.files import NAMED, STANDARD, UNREAD, StandardOutput, Tally, at_hand, summed, write_chunks
from bertsim.cli.options import add_model_options, add_reading_options, load_scoring, parse_scorers, reading_of
from bertsim.cli.output import print_json, say
from bertsim.data.pairs import DataFile, Row, open_pairs, with_pair
from bertsim.errors import DataError, InputError
from bertsim.records import TokenCounts
from bertsim.text.unread import withheld_of
from bertsim.views.unread import shared_sentences, unknown_sentences

if TYPE_CHECKING:
    import pyarrow as pa

    from bertsim.batch.table import NewColumns, TableScorer
    from bertsim.records import Comparison, PairScore

HELP = "compare two sentences, or every pair of a file"
DESCRIPTION = """\
Compare two sentences:
  python -m bertsim score "A plane is taking off." "An air plane is taking off."
or every pair of a file (TSV, CSV, JSON Lines, JSON, Parquet, Excel; packed by gzip or zstd or not):
  python -m bertsim score --input pairs.tsv --output scored.tsv --scorer cosine,combined --probability
How it is written (delimiter, quotes, encoding, header) is found out and said; where it cannot be told, you are asked.
--input may be a folder, a pattern in quotes, or - (standard input); --output - prints rows as they are scored, as TSV.
All columns and rows are kept, in order. New are "score" and "probability" (of several scorers their names, and
"cosine_probability"), "unknown_tokens" and "cut_tokens" (of both sentences, what was not read of them) and "error":
why a row could not be scored; such rows are named and counted, too. Stopped, the same command goes on where it was."""
CALIBRATED = "calibrated: the probability that people would call the two similar"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add("sentences", nargs="*", metavar="SENTENCE", help="the two sentences")
    scorers = "cosine (default), dot, euclidean, manhattan, alignment, alignment_precision, alignment_recall, a trained"
    add("--scorer", metavar="S", default="cosine", help=f"{scorers} head, combined; or several: cosine,combined")
    add("--probability", action="store_true", help="calibrated: of two sentences it alone is printed, no score")
    add("--json", action="store_true", help="print everything there is to say, as JSON")
    add = parser.add_argument_group("a file of pairs").add_argument
    add("--input", type=place, metavar="FILE", help="pairs; a folder, a pattern or -")
    endings = ".tsv, .csv or .jsonl, .gz or not, .parquet, or -"
    add("--output", type=place, metavar="FILE", help=f"where they go with their scores: {endings}")
    several = "for alignment, its precision and recall B may be several references, of which the best counts"
    add("--columns", nargs="+", metavar=("A", "B"), help=f"those of the sentences, by name or number; {several}")
    add("--score-column", metavar="NAME", help="the new column of one scorer (default: score)")
    add("--error-column", metavar="NAME", help="why a row has no score (default: error)")
    add("--prefix", metavar="P", default="", help="goes before the names of all other new columns")
    add("--restart", action="store_true", default=None, help="begin anew, whatever a stopped run has left")
    add_reading_options(parser)
    add_ray_options(parser)
    add_model_options(parser)


def run(args: argparse.Namespace) -> int:
    """Score what the words name. Raises: InputError, for words that do not fit together."""
    check_words(args)
    if args.input is not None:
        if args.sentences:
            raise InputError("score takes two sentences or --input FILE, not both.")
        if args.output is None:
            raise InputError("score --input needs --output FILE, the file for the scored pairs.")
        if args.ray is not None:
            return _score_on_ray(args)
        if args.json and args.output == STANDARD:
            raise InputError("--json and --output - would both be printed; leave one of them out.")
        with at_hand(args.input) as args.input:
            return _score_file(args)
    if args.output or args.columns or args.score_column or args.error_column or args.prefix:
        named = "--output, --columns, --score-column, --error-column and --prefix"
        raise InputError(f"{named} go with --input FILE; two sentences are printed.")
    if len(args.sentences) != 2:
        raise InputError(f"score takes two sentences, each in quotes, but got {len(args.sentences)}; or --input FILE.")
    return _score_pair(args)


def _score_pair(args: argparse.Namespace) -> int:
    """Print the scores of two sentences, and on stderr what was not read of them."""
    model, options = load_scoring(args)
    asked = parse_scorers(args.scorer)
    # as JSON, the one that was asked for stands beside all others
    scorers = tuple(dict.fromkeys([*model.scorers, *asked])) if args.json and len(asked) == 1 else asked
    comparison = model.compare(*args.sentences, scorers=scorers, **options)
    for name, unread in zip("AB", comparison.unread, strict=True):
        if cut := unread.cut_off:
            beginning = cut if len(cut) <= 60 else f"{cut[:59]}…"
            say(f"bertsim: sentence {name} was cut off before its last {unread.cut_tokens:,} tokens, {beginning!r}.")
    lost = *shared_sentences(comparison), *unknown_sentences(*comparison.unread), withheld_of(comparison)
    for sentence in filter(None, lost):
        say(f"bertsim: {sentence}")
    if args.json:
        print_json(_as_json(comparison, asked, model.settings(**options)))
    else:
        tell = _probability_in_words if args.probability else in_words
        print("\n".join(tell(comparison[name]) for name in asked))
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
        lines.append(f"{score.probability:.4f}  {CALIBRATED}")
    if score.value_reversed is not None:
        lines.append(f"{score.value_reversed:.4f}  {score.scorer} {score.unit} in the other order, (B, A)")
    return "\n".join(lines)


def _probability_in_words(score: PairScore) -> str:
    """Example: "0.3972  cosine, calibrated: the probability that people would call the two similar"."""
    if score.probability is None:
        return f"none    {score.scorer}: it has no calibrated probability of this pair"
    return f"{score.probability:.4f}  {score.scorer}, {CALIBRATED}"


def _as_json(comparison: Comparison, asked: Sequence[str], settings: dict[str, object]) -> dict[str, object]:
    """Every field of a comparison but its arrays; those of the score that was asked for, if it is one, come first."""
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
        **(asdict(comparison[asked[0]]) if len(asked) == 1 else {}),
        "scores": list(map(asdict, comparison.scores)),
        **sides,
        "cut_tokens_together": [each.cut_tokens for each in comparison.unread_together or ()] or None,
        "withheld": withheld_of(comparison) or None,
        "seconds": comparison.seconds,
        "settings": settings,
    }


def _score_file(args: argparse.Namespace) -> int:
    """Score every pair of `args.input` into `args.output`; goes on with what a stopped run has left."""
    from bertsim.batch.table import TableScorer, check_sentences

    file, scorers = open_pairs(args.input, args.columns, *reading_of(args)), parse_scorers(args.scorer)
    check_sentences(file.sentences, scorers)
    new = _new_columns(args, file, scorers)
    layout = TableLayout.of(args.output, file.columns, list(new))
    check_output(args.output, *file.paths)
    say(f"bertsim: {file.described}")
    total = sum(1 for _ in file)
    if not total:
        raise DataError(f"{args.input} has a header and no rows; there is nothing to score.")
    model, options = load_scoring(args)
    scorer = TableScorer(model, file.sentences, scorers, new, options)
    job = describe_job(file, model, options) | {"columns": file.columns, "scores": scorer.probe()}
    tally = Tally(model, packed=scorer.packs)
    opened: AbstractContextManager[PartialFile | StandardOutput] = nullcontext(StandardOutput())
    if args.output != STANDARD:
        opened = PartialFile(args.output, job, restart=bool(args.restart))
    with opened as output:

        def make(rows: list[Row], progress: Callable[[int, int], None]) -> tuple[bytes, dict[str, int]]:
            scored = scorer(scorer.table_of(rows), progress)
            reasons = zip(rows, scored.column(new.error).to_pylist(), strict=True)
            bad = [f"{file.where(row)}: {reason}; left without a score." for row, reason in reasons if reason]
            for sentence in bad[: max(NAMED - output.counts["bad"], 0)]:
                say(f"bertsim: {sentence}")
            unread = _count_unread(scorer, scored, [*map(file.where, rows)], tally, NAMED - output.counts[UNREAD[-1]])
            data, flattened = layout.chunk([row.values for row in rows], scored, with_header=not output.counts["rows"])
            return data, {"bad": len(bad), "flattened": flattened, **unread}

        write_chunks(output, file, total, chunk_size(model), make)
        output.finish(layout.convert)
    if args.json:
        rows, bad = output.counts["rows"], output.counts["bad"]
        result = {"output": str(args.output), "rows": rows, "scored": rows - bad, "bad": bad}
        unread = {name: output.counts[name] for name in UNREAD}
        print_json(result | unread | {"settings": model.settings(**options)})
    _tell_end(args, output.counts, new.error, tally)
    return 0


def _score_on_ray(args: argparse.Namespace) -> int:
    """As `_score_file`, of the files of a folder, by Ray."""
    from bertsim.batch.table import TableScorer, check_sentences

    scorers = parse_scorers(args.scorer)

    def choose(files: DataFile) -> tuple[tuple[str, ...], NewColumns]:
        file = with_pair(files, args.columns)
        check_sentences(file.sentences, scorers)
        return file.sentences, _new_columns(args, file, scorers)

    return run_on_ray(args, args.columns, choose, TableScorer, "scored", scorers=scorers)


def _new_columns(args: argparse.Namespace, file: DataFile, scorers: Sequence[str]) -> NewColumns:
    """What the new columns are called; the file must not have such a one."""
    from bertsim.batch.table import NewColumns

    names = {"score": args.score_column, "error": args.error_column, "prefix": args.prefix}
    new = NewColumns.named(scorers, probability=args.probability, **names)
    options = {new.error: "--error-column"} | ({new.scores[0]: "--score-column"} if len(scorers) == 1 else {})
    for name in new:
        if name in file.columns:
            option = options.get(name, "--prefix, which goes before new names")
            raise DataError(f"{file.path} already has a column {name!r}; name the new one with {option}.")
    return new


def _count_unread(
    scorer: TableScorer, scored: pa.Table, places: Sequence[str], tally: Tally, most: int
) -> dict[str, int]:
    """Count sentences by `UNREAD`; name rows, which are at these places, of which nothing was read, so many at most."""
    sides = "AB" if len(scorer.sentences) == 2 else scorer.sentences
    columns = scored.select([*scorer.sentences, scorer.columns.unknown, scorer.columns.cut])
    counts = list[TokenCounts]()
    for where, *cells, unknown, cut in zip(places, *(column.to_pylist() for column in columns), strict=True):
        if unknown or cut:
            texts = {side: cell for side, cell in zip(sides, cells, strict=True) if cell and cell.strip()}
            (lost,) = scorer.unread([tuple(texts.values())], packed=scorer.packs)
            counts_alone = tally.count(list(texts.values()))
            found = [each._replace(cut=more.cut_tokens) for each, more in zip(counts_alone, lost, strict=True)]
            names = " and ".join(side for side, each in zip(texts, found, strict=True) if not each.read)
            if names and most > 0:
                say(f"bertsim: {where}: nothing was read of {names}; its score says nothing.")
                most -= 1
            counts += found
    return summed(counts)


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
