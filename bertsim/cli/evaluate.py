"""`bertsim evaluate`: how well scores agree with the labels of a file."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertsim.cli.judged import Labelled, as_fields, as_lines, draw, judge, make_folder, similar_from
from bertsim.cli.options import NAME_THEM, add_model_options, check_scorer, embedding_options, load_model
from bertsim.cli.output import Bar, fields
from bertsim.cli.unread import Tally, summed
from bertsim.cli.unread import as_fields as unread_fields
from bertsim.data.pairs import DataFile, number_of, open_pairs
from bertsim.errors import DataError, InputError
from bertsim.measuring.probes import is_held_out

if TYPE_CHECKING:
    from bertsim.measuring.evaluation import Estimate, Evaluation
    from bertsim.model.similarity import SimilarityModel
    from bertsim.records import Float

HELP = "measure how well scores agree with labels"
DESCRIPTION = """\
Compare scores with the labels of a file (.tsv, .csv or .jsonl, each also .gz, or .parquet; TSV has no quoting):
  python -m bertsim evaluate --data stsb-test.tsv --dev stsb-dev.tsv
All scorers side by side, and a plain TF-IDF cosine as the reference that they have to beat."""


@dataclass(frozen=True)
class Read:
    """Labelled pairs of a file, before a model is there.

    Attributes:
        file: where they are from.
        pairs, labels: of the rows that can be used.
        skipped: how many rows were left out.
        reference: scores by TF-IDF under its name; empty where they do not vary.
    """

    file: DataFile
    pairs: Sequence[tuple[str, str]]
    labels: Sequence[float]
    skipped: int
    reference: Mapping[str, Float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    parser.add_argument("--data", type=Path, metavar="FILE", required=True, help="labelled pairs")
    parser.add_argument("--columns", nargs=2, metavar=("A", "B"), help="the columns that hold the sentences")
    parser.add_argument("--label-column", metavar="NAME", help="the column that holds the labels, numbers")
    parser.add_argument(
        "--scorer",
        metavar="S",
        default="all",
        help="one of cosine, dot, euclidean, manhattan, alignment, a head; default: all",
    )
    parser.add_argument(
        "--dev",
        type=Path,
        metavar="FILE",
        help="labelled pairs that choose the thresholds (default: DATA itself)",
    )
    parser.add_argument(
        "--similar-from",
        type=float,
        metavar="LABEL",
        help="pairs are similar from this label on (default: 1 of labels 0 and 1, else 4 of 5 of their scale)",
    )
    parser.add_argument(
        "--plots", type=Path, metavar="DIR", help="draw scatter, ROC and reliability there, as PNG"
    )
    parser.add_argument(
        "--resamples", type=int, metavar="N", default=1000, help="bootstrap resamples (default: 1000)"
    )
    parser.add_argument("--seed", type=int, metavar="N", default=0, help="of the bootstrap (default: 0)")
    parser.add_argument(
        "--skip-bad-rows", action="store_true", help="leave out, and count, rows that cannot be used"
    )
    parser.add_argument(
        "--ranges",
        nargs="+",
        type=float,
        metavar="LOW",
        help="print the mean label of the pairs whose score is from each LOW up to the next",
    )
    parser.add_argument(
        "--held-out",
        action="store_true",
        help="measure on the tenth alone that `train` leaves out with hold_out=yes",
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    add_model_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print Pearson, Spearman and their intervals, and the settings they were measured with."""
    if args.resamples < 1 or args.seed < 0:
        raise InputError(
            f"--resamples is {args.resamples} and --seed {args.seed}; at least 1 and 0 were expected."
        )
    from bertsim.measuring.evaluation import check_edges, mean_label_by_range

    edges = args.ranges or ()
    check_edges(edges)
    read = read_data(args.data, args, held_out=args.held_out)
    similar = similar_from(args.similar_from, read.labels)
    read_dev = None if args.dev is None else read_data(args.dev, args)
    if read_dev is not None and not read.reference.keys() <= read_dev.reference.keys():
        raise DataError(
            f"{args.dev}: no two sentences share a word; give the pairs that go with {args.data}."
        )
    if args.plots is not None:
        make_folder(args.plots)
    model = load_model(args)
    check_scorer(args.scorer, model, "all")
    options = embedding_options(args, model)
    scorers = model.scorers if args.scorer == "all" else (args.scorer,)
    data = score_data(model, scorers, read, options)
    dev = None if read_dev is None else score_data(model, scorers, read_dev, options)
    results = evaluate_scorers(data, args)
    ranges = {scorer: mean_label_by_range(found, data.labels, edges) for scorer, found in data.scores.items()}
    settings = model.settings(**options)
    tally = Tally(model)
    unread = summed(tally.count([sentence for pair in read.pairs for sentence in pair]))
    tally.say(unread)
    is_own = args.pooling is None and args.layers is None
    verdicts = judge(model, data, dev, similar, is_own=is_own)
    drawn = [] if args.plots is None else draw(args.plots, data, verdicts, similar)
    if args.json:
        table = as_json(read, results, settings, args, ranges)
        table |= {"similar_from": similar, "plots": list(map(str, drawn)), **unread_fields(unread)}
        for scorer, fields_of in table["scorers"].items():
            fields_of |= as_fields(verdicts[scorer])
        print(json.dumps(table, ensure_ascii=False, indent=2))
        return 0
    print(as_table(results))
    print("\n".join(as_lines(verdicts, similar, str(args.dev or args.data))))
    for scorer, rows in ranges.items():
        for low, count, mean in rows:
            print(f"{scorer} from {low:g}: {count:,} pairs, mean label {mean:.2f}")
    span = f"{min(read.labels):g} to {max(read.labels):g}"
    print(
        f"data: {args.data}, labels {read.file.label!r} from {span}"
        + (f", {read.skipped:,} bad rows left out" * bool(read.skipped))
    )
    print(f"intervals: 95 %, {args.resamples:,} bootstrap resamples, seed {args.seed}")
    print(f"settings: {fields(settings)}")
    return 0


def read_labelled(
    file: DataFile, skip_bad_rows: bool, *, held_out: bool = False
) -> tuple[list[tuple[str, str]], list[float], int]:
    """Pairs, labels, and how many rows were left out; of the held-out tenth alone where that is wanted.

    Raises:
        DataError: a row cannot be used and is not to be skipped; fewer than 3 are left; all labels are alike.
    """
    from bertsim.measuring.evaluation import MIN_ROWS

    pairs, labels, skipped = [], [], 0
    for row in file:
        label = number_of(row.label)
        error = row.error
        if error is None and label is None:
            error = f"the label in {file.label!r} is {row.label!r}, and a finite number was expected"
        if error is not None and not skip_bad_rows:
            raise DataError(f"{file.where(row)}: {error}; {file.advice.row}.")
        if error is not None or label is None:
            skipped += 1
            continue
        if held_out and not is_held_out(row.sentences[0]):
            continue
        pairs.append((row.sentences[0], row.sentences[1]))
        labels.append(label)
    if len(pairs) < MIN_ROWS:
        raise DataError(
            f"{file.path} has {len(pairs)} labelled pairs; a correlation needs at least {MIN_ROWS}."
        )
    if len(set(labels)) == 1:
        raise DataError(
            f"{file.path}: every label in {file.label!r} is {labels[0]:g}; a correlation needs labels that differ."
        )
    return pairs, labels, skipped


def read_data(path: Path, args: argparse.Namespace, *, held_out: bool = False) -> Read:
    """Read a file as the options say, and score it by TF-IDF. Raises DataError as `read_labelled`."""
    from bertsim.measuring import tfidf

    file = open_pairs(path, args.columns, args.label_column, labelled=True, advice=NAME_THEM)
    pairs, labels, skipped = read_labelled(file, args.skip_bad_rows, held_out=held_out)
    scores = tfidf.score_tfidf(pairs)
    return Read(file, pairs, labels, skipped, {tfidf.SCORER: scores} if scores.min() < scores.max() else {})


def score_data(
    model: SimilarityModel, scorers: Sequence[str], read: Read, options: dict[str, Any]
) -> Labelled:
    """Score by each scorer, beside the reference; every sentence is embedded once."""
    with Bar(len(read.pairs), "pairs") as bar:
        found = model.scores(read.pairs, scorers, progress=bar.within(len(read.pairs)), **options)
    return Labelled(read.labels, {**found, **read.reference})


def evaluate_scorers(data: Labelled, args: argparse.Namespace) -> dict[str, Evaluation]:
    """Evaluate each scorer. Raises DataError where one does not vary."""
    from bertsim.measuring.evaluation import evaluate

    results = {}
    for scorer, values in data.scores.items():
        try:
            results[scorer] = evaluate(values, data.labels, args.resamples, args.seed)
        except InputError as error:
            raise DataError(f"{args.data}, scorer {scorer}: {error}") from error
    return results


def as_table(results: dict[str, Evaluation]) -> str:
    """One line a scorer, under a header."""
    lines = [
        f"{'scorer':<10} {'n':>7}  {'Pearson':>7} {'95 % interval':<18} {'Spearman':>8} {'95 % interval':<18}"
    ]
    for scorer, result in results.items():
        pearson, spearman = result.pearson, result.spearman
        lines.append(
            f"{scorer:<10} {result.n:>7}  {pearson.value:>7.4f} {_span(pearson):<18}"
            f" {spearman.value:>8.4f} {_span(spearman):<18}"
        )
    return "\n".join(line.rstrip() for line in lines)


def as_json(
    read: Read,
    results: dict[str, Evaluation],
    settings: dict[str, object],
    args: argparse.Namespace,
    ranges: dict[str, list[tuple[float, int, float]]],
) -> dict[str, Any]:
    """The figures and what they were measured with and on."""
    return {
        "data": str(read.file.path),
        "sentence_columns": list(read.file.sentences),
        "label_column": read.file.label,
        "skipped": read.skipped,
        "resamples": args.resamples,
        "seed": args.seed,
        "scorers": {scorer: _rounded(result) for scorer, result in results.items()},
        "ranges": {
            scorer: [dict(zip(("low", "n", "mean_label"), row, strict=True)) for row in rows]
            for scorer, rows in ranges.items()
        },
        "settings": settings,
    }


def _span(estimate: Estimate) -> str:
    return f"{estimate.low:.4f} to {estimate.high:.4f}"


def _rounded(result: Evaluation) -> dict[str, object]:
    estimates = (("pearson", result.pearson), ("spearman", result.spearman))
    return {"n": result.n} | {
        name: {
            "value": round(estimate.value, 6),
            "interval": None
            if math.isnan(estimate.low)
            else [round(estimate.low, 6), round(estimate.high, 6)],
        }
        for name, estimate in estimates
    }
