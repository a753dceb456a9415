"""`bertsim evaluate`: how well scores agree with the labels of a file."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertsim.cli.files import Tally, at_hand, check_readable, say_shared, summed
from bertsim.cli.options import add_model_options, add_reading_options, load_scoring, parse_scorers, reading_of
from bertsim.cli.output import LiveLine, fields, print_json, say
from bertsim.data.pairs import open_pairs
from bertsim.errors import DataError, InputError
from bertsim.score.calibration import SIMILAR

if TYPE_CHECKING:
    from bertsim.measuring.agreement import Agreement
    from bertsim.measuring.labelled import LabelledPairs
    from bertsim.model.similarity import SimilarityModel
    from bertsim.records import Float, TokenCounts

HELP = "measure how well scores agree with labels"
DESCRIPTION = """\
Compare scores with the labels of a file (TSV, CSV, JSON Lines, JSON, Parquet, Excel; how it is written is found out):
  python -m bertsim evaluate --data stsb-test.tsv --dev stsb-dev.tsv
All scorers side by side, and a plain TF-IDF cosine as the reference that they have to beat.
Labels are numbers, or words: yes and no, true and false, similar, duplicate, paraphrase, equivalent and not_…,
entailment (similar), neutral and contradiction (not)."""
_CORRELATIONS = f"{'scorer':<10} {'n':>7}  {'Pearson':>7} {'95 % interval':<18} {'Spearman':>8} 95 % interval"
# fmt: off
_FIGURES = {
    "roc_auc": "AUC", "average_precision": "AP", "threshold": "from", "accuracy": "accuracy", "precision": "P",
    "recall": "R", "f1": "F1", "brier": "Brier", "ece": "ECE",
}
# fmt: on


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add("--data", type=Path, metavar="FILE", required=True, help="labelled pairs")
    add("--columns", nargs=2, metavar=("A", "B"), help="the columns that hold the sentences, by name or number")
    add("--label-column", metavar="NAME", help="the column that holds the labels, numbers or words")
    add("--scorer", metavar="S", default="all", help="cosine, a head, …, or several: cosine,nli (default: all)")
    add("--dev", type=Path, metavar="FILE", help="pairs that choose the thresholds (default: DATA itself)")
    similar = "pairs are similar from this label on (default: 1 of labels 0 and 1, else 4 of 5 of their scale)"
    add("--similar-from", type=float, metavar="LABEL", help=similar)
    add("--plots", type=Path, metavar="DIR", help="draw scatter, ROC and reliability there, as PNG")
    add("--resamples", type=int, metavar="N", default=1000, help="bootstrap resamples (default: 1000)")
    add("--seed", type=int, metavar="N", default=0, help="of the bootstrap (default: 0)")
    add("--skip-bad-rows", action="store_true", help="leave out, and count, rows that cannot be used")
    ranges = "print the mean label of the pairs whose score is from each LOW up to the next"
    add("--ranges", nargs="+", type=float, metavar="LOW", default=(), help=ranges)
    add("--held-out", action="store_true", help="measure on the tenth alone that `train` leaves out with hold_out=yes")
    add("--json", action="store_true", help="print the figures as JSON")
    add_reading_options(parser)
    add_model_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print correlations and their intervals, what tells similar pairs from others, and the settings.

    Raises:
        InputError: options that cannot be.
        DataError: labels or scores that nothing can be measured on.
    """
    if args.resamples < 1 or args.seed < 0:
        raise InputError(f"--resamples is {args.resamples} and --seed {args.seed}; at least 1 and 0 were expected.")
    from bertsim.measuring.agreement import Scored, measure
    from bertsim.measuring.evaluation import check_edges

    check_edges(args.ranges)
    data, reference = _read(args, args.data, args.held_out)
    similar = similar_from(args.similar_from, data.labels)
    if len(set(Scored(data.labels, {}, similar).is_similar)) == 1:
        say(f"bertsim: {args.data}: pairs of one kind alone, similar from {similar:g} on; --similar-from sets that.")
    dev, dev_reference = (data, reference) if args.dev is None else _read(args, args.dev)
    if not reference.keys() <= dev_reference.keys():
        raise DataError(f"{args.dev}: no two sentences share a word; give the pairs that go with {args.data}.")
    if dev is not data and len(set(Scored(dev.labels, {}, similar).is_similar)) == 1:
        span = f"labels go from {min(dev.labels):g} to {max(dev.labels):g}, and pairs are similar from {similar:g} on"
        raise DataError(f"{args.dev}: {span}; give a --dev with pairs of both kinds, or leave it out.")
    if args.plots is not None:
        args.plots.mkdir(parents=True, exist_ok=True)
    model, options = load_scoring(args, "all")
    data, scores, counts = _score(args, model, options, data, reference)
    scored = chooser = Scored(data.labels, scores, similar)
    if args.dev is not None:
        dev, scores, _ = _score(args, model, options, dev, dev_reference)
        chooser = Scored(dev.labels, scores, similar)
    is_own = args.pooling is None and args.layers is None  # for which alone the checkpoint is calibrated
    calibrated = [name for name in scored.scores if name not in reference and (is_own or name in model.heads)]
    probabilities = {name: model.calibrate(name, scored.scores[name]) for name in calibrated}
    bootstrap = {"resamples": args.resamples, "seed": args.seed}
    try:
        measured = measure(scored, chooser, probabilities, edges=args.ranges, **bootstrap)
    except InputError as error:
        raise DataError(f"{args.data}, {error}") from error
    tally, unread = Tally(model), summed(counts)
    tally.note([sentence for pair in data.pairs for sentence in pair], counts)
    tally.say(unread)
    say_shared(model, scored.scores, data.pairs)
    drawn = []
    if args.plots is not None:
        from bertsim.measuring.plots import plot_agreement

        drawn = plot_agreement(args.plots, scored, measured)
    settings = model.settings(**options)
    if args.json:
        more = {"settings": settings, "similar_from": similar, "plots": list(map(str, drawn))}
        print_json(_as_json(data, measured) | bootstrap | more | unread)
    else:
        print("\n".join(_as_lines(args, data, measured, similar)))
        print(f"settings: {fields(settings)}")
    return 0


def _read(args: argparse.Namespace, path: Path, held_out: bool = False) -> tuple[LabelledPairs, dict[str, Float]]:
    """Labelled pairs, and their scores by TF-IDF under its name, where they vary."""
    from bertsim.measuring import tfidf
    from bertsim.measuring.labelled import find_label, read_labelled

    with at_hand(path) as found:
        file = find_label(open_pairs(found, args.columns, *reading_of(args)), args.label_column)
        say(f"bertsim: {file.described}")
        data = read_labelled(file, skip_bad_rows=args.skip_bad_rows, only_held_out=held_out)
    scores = tfidf.score_tfidf(data.pairs)
    return data, {tfidf.SCORER: scores} if scores.min() < scores.max() else {}


def _score(
    args: argparse.Namespace, model: SimilarityModel, options: Any, data: LabelledPairs, reference: dict[str, Float]
) -> tuple[LabelledPairs, dict[str, Float], list[TokenCounts]]:
    """The pairs that the model can read, their scores by every scorer that was asked for, and their counts of tokens.

    Raises: DataError, for one that it cannot, if bad rows are not skipped.
    """
    counts = model.count_tokens([sentence for pair in data.pairs for sentence in pair])
    bad = {place // 2 for place, each in enumerate(counts) if not each.read + each.unknown}
    if bad and not args.skip_bad_rows:
        check_readable(data, min(bad), model.check)
    kept = [place for place in range(len(data.pairs)) if place not in bad]
    columns: Any = {name: [getattr(data, name)[place] for place in kept] for name in ("pairs", "labels", "places")}
    data = replace(data, skipped=data.skipped + len(bad), **columns)
    scorers = None if args.scorer == "all" else parse_scorers(args.scorer)
    with LiveLine() as line:
        progress = line.part("pairs", 0, len(data.pairs), len(data.pairs))
        scores = model.scores(data.pairs, scorers, progress=progress, **options)
    scores |= {name: each[kept] for name, each in reference.items()}
    return data, scores, [each for place in kept for each in counts[2 * place : 2 * place + 2]]


def similar_from(given: float | None, labels: Sequence[float]) -> float:
    """The label from which on a pair is similar: as given; 1 of binary labels; else 4 of 5 of their scale.

    Raises: InputError, if no pair, or every pair, would be similar.
    Example: labels 0 to 5 -> 4.0
    """
    lowest, highest = min(labels), max(labels)
    if given is None:
        scale = 1.0 if highest <= 1 else max(highest, 5.0)
        return 1.0 if set(labels) <= {0.0, 1.0} else SIMILAR * scale
    if not lowest < given <= highest:
        span = f"labels go from {lowest:g} to {highest:g}"
        raise InputError(f"--similar-from is {given:g}, and {span}; choose a label that parts them.")
    return given


def _as_lines(
    args: argparse.Namespace, data: LabelledPairs, measured: Mapping[str, Agreement], similar: float
) -> list[str]:
    """Correlations, what tells similar pairs from others, ranges, and what all that was measured on."""
    correlations, ranges = [_CORRELATIONS], []
    separations = [f"{'scorer':<10}" + "".join(f"{head:>9}" for head in _FIGURES.values())]
    for scorer, agreement in measured.items():
        found, figures = agreement.evaluation, _figures(agreement)
        spans = [f"{each.low:.4f} to {each.high:.4f}" for each in (found.pearson, found.spearman)]
        values = f"{found.pearson.value:>7.4f} {spans[0]:<18} {found.spearman.value:>8.4f} {spans[1]}"
        correlations.append(f"{scorer:<10} {found.n:>7}  {values}")
        cells = [f"{figures[name]:.4f}" if name in figures else "–" for name in _FIGURES]
        separations.append(f"{scorer:<10}" + "".join(f"{cell:>9}" for cell in cells))
        for low, count, mean in agreement.ranges:
            ranges.append(f"{scorer} from {low:g}: {count:,} pairs, mean label {mean:.2f}")
    skipped = f", {data.skipped:,} bad rows left out" if data.skipped else ""
    span = f"{min(data.labels):g} to {max(data.labels):g}"
    similar_words, others = ([word for word, value in data.words.items() if value == kind] for kind in (1.0, 0.0))
    read = [f"labels: {' and '.join(similar_words)} = similar, {' and '.join(others)} = not"] if data.words else []
    return [
        *correlations,
        f"similar: label of at least {similar:g}; threshold of the best accuracy on {args.dev or args.data}",
        *separations,
        *ranges,
        f"data: {args.data}, labels {data.file.label!r} from {span}{skipped}",
        *read,
        f"intervals: 95 %, {args.resamples:,} bootstrap resamples, seed {args.seed}",
    ]


def _as_json(data: LabelledPairs, measured: Mapping[str, Agreement]) -> dict[str, object]:
    """The figures, and what they were measured on."""
    scorers, ranges = dict[str, dict[str, object]](), dict[str, object]()
    for scorer, agreement in measured.items():
        scorers[scorer] = {"n": agreement.evaluation.n, **_figures(agreement)}
        for name in ("pearson", "spearman"):
            each = getattr(agreement.evaluation, name)
            interval = None if math.isnan(each.low) else [each.low, each.high]
            scorers[scorer][name] = {"value": each.value, "interval": interval}
        ranges[scorer] = [{"low": low, "n": count, "mean_label": mean} for low, count, mean in agreement.ranges]
    file = data.file
    described = {"data": str(file.path), "sentence_columns": file.sentences, "label_column": file.label}
    return {**described, "label_words": data.words, "skipped": data.skipped, "scorers": scorers, "ranges": ranges}


def _figures(agreement: Agreement) -> dict[str, float]:
    """What there is to say of separation and honesty, by name."""
    found = {} if agreement.separation is None else asdict(agreement.separation)
    if agreement.honesty is not None:
        found |= {"brier": agreement.honesty.brier, "ece": agreement.honesty.ece}
    return found
