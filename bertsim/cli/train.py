"""`bertsim train`: labelled pairs and an encoder -> a folder of trained heads, or of a tuned encoder with its heads."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertsim.cli.output import LiveLine, native_log_held_back, say, stop_told
from bertsim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bertsim.training.recipe import Recipe

HELP = "train heads, or an encoder with its heads"
DESCRIPTION = """\
Train heads on labelled pairs (TSV, CSV, JSON Lines, JSON, Parquet, Excel; packed by gzip or zstd or not):
  python -m bertsim train --data train.tsv --dev dev.tsv --head bilstm --output trained
Each --data may say more about itself: --data pairs.tsv kind=positives weight=0.5 take=10000
  kind=graded|binary|inference: what its labels are, and scale=0:5 of graded ones; both are told from its rows
  kind=verdicts: what two sentences are to each other, in label=COLUMN, for a head that infers
  kind=positives|paraphrases|cosine: pairs without labels (cosine: rated by the encoder itself, with --tune all)
  kind=swaps|edits|text: plain text, to make pairs of or, with --tune all, to keep the vectors of as they are
  label=COLUMN  columns=A,B: where they are not recognised by their names
  edit=negation|antonym|…: what kind=edits changes in a sentence; antonym also needs antonyms=FILE of opposites
  per_epoch=N: so many of its pairs in each epoch, others in the next; epochs=FIRST:LAST: in these alone
  hold_out=yes leaves out the tenth of all sentences that `probe` and `evaluate --held-out` measure on;
  pattern=REGEX every pair of which a sentence does not match it
FILE may be one of the Hub: --data hub:user/dataset/path/of/the/file.parquet@revision
--recipe NAME says all this for the encoders of the Hub: bilstm-base, pooled-base, pooled-large, mean-base,
cosine-nli-max, minilm-all.
Stopped by Ctrl-C or SIGTERM, the best so far is in OUTPUT; the same words with --resume go on to the same numbers."""
OF_HEADS = ("inputs", "units", "dropout", "labels")
OF_THE_RUN = (
    *("tune", "max_length", "epochs", "patience", "batch_size", "learning_rate", "encoder_learning_rate"),
    *("warm_up", "weight_decay", "similar_share", "seed"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add("--data", nargs="+", action="append", metavar="FILE", help="pairs to train on; may be given several times")
    add("--dev", nargs="+", metavar="FILE", help="pairs that choose the best epoch and fit the calibration")
    add("--test", nargs="+", metavar="FILE", help="pairs to measure on once, at the end")
    add("--head", nargs="+", metavar="KIND", help="bilstm, pooled, mean; one or several")
    add("--output", type=Path, metavar="DIR", required=True, help="in the layout of weights/")
    add("--recipe", metavar="NAME_OR_FILE", help="a recipe of bertsim, or a TOML file, that says all this")
    add("--data-root", type=Path, metavar="DIR", help="where the paths of the recipe start")
    add("--verdict", action="store_true", help="train nothing: fit anew what the verdicts of a finished DIR go by")
    add("--resume", action="store_true", help="go on with the run that was stopped in DIR")
    add("--skip-bad-rows", action="store_true", help="leave out, and count, rows that cannot be used")
    add = parser.add_argument_group("encoder").add_argument
    add("--encoder", metavar="FOLDER_OR_HUB_ID", help="a BERT checkpoint (default: the bundled one)")
    add("--revision", metavar="R", help="branch, tag or commit on the Hub")
    add("--max-length", type=int, metavar="N", help="tokens read of a sequence")
    tune = "none, heads: the heads, on the encoder as it is (default: none); all: encoder and heads together"
    add("--tune", choices=("none", "heads", "all"), help=tune)
    add = parser.add_argument_group("training").add_argument
    add("--inputs", choices=("apart", "packed"), help="how heads read a pair (default: apart)")
    add("--units", nargs="+", type=int, metavar="N", help="of each layer of bilstm (default: 64)")
    add("--dropout", type=float, metavar="P", help="of the heads (default: 0.1; mean: 0.2)")
    labels = "columns of a multi-label head; or entailment neutral contradiction, of a head that infers"
    add("--labels", nargs="+", metavar="COLUMN", help=labels)
    add("--epochs", type=int, metavar="N", help="at most (default: 4)")
    add("--patience", type=int, metavar="N", help="epochs without a better dev metric (default: 2)")
    add("--batch-size", type=int, metavar="N", help="pairs in a step (default: 32)")
    add("--learning-rate", type=float, metavar="R", help="of the heads (default: 0.001)")
    add("--encoder-learning-rate", type=float, metavar="R", help="with --tune all (default: 0.00005)")
    add("--warm-up", type=float, metavar="SHARE", help="of all steps, rates rising (default: 0)")
    add("--weight-decay", type=float, metavar="W", help="above 0: AdamW (default: 0, Adam)")
    add("--similar-share", type=float, metavar="S", help="of all pairs, for the calibration (default: that of --dev)")
    add("--seed", type=int, metavar="N", help="of every random number (default: 0)")


def run(args: argparse.Namespace) -> int:
    """Train as the words or the recipe say."""
    from bertsim.training.recipe import fetch_sources

    recipe = make_recipe(args)
    recipe.check_files()
    recipe = replace(recipe, runs=tuple(map(fetch_sources, recipe.runs)))
    with native_log_held_back():
        (_fit_verdict if args.verdict else _train)(recipe, args)
    say(f"bertsim: {args.output}: done; use it with --encoder {args.output}.")
    return 0


def _train(recipe: Recipe, args: argparse.Namespace) -> None:
    from bertsim.training.card import report_lines
    from bertsim.training.output import finish_output
    from bertsim.training.run import open_encoder, prepare_output, read_data, run_plan

    with LiveLine() as line:
        encoder = open_encoder(recipe.runs[0], line.share)
    jobs = [(plan, read_data(plan, encoder)) for plan in recipe.runs]
    files = [part for _, data in jobs for part in (*data.parts, *data.measured.values())]
    for path, skipped in dict.fromkeys((part.source.path, part.skipped) for part in files):
        if skipped:
            say(f"bertsim: {path}: {skipped:,} bad rows left out.")
    with stop_told(f"stopped; what was best so far is in {args.output}, and --resume goes on from there."):
        prepare_output(encoder.path, recipe.runs[-1].tune, args.output, resume=args.resume)
        with LiveLine() as line:
            trained = [run_plan(*job, encoder, args.output, line, resume=args.resume) for job in jobs]
            figures, report = finish_output(encoder, trained, args.output, line, recipe)
    for scorer, table in figures.items():
        shown = ", ".join(f"{name} Spearman {row['spearman']:.4f}" for name, row in table.items())
        say(f"bertsim: {scorer}: {shown} (as served)")
    if report is not None:
        print("\n".join(report_lines(report)))


def _fit_verdict(recipe: Recipe, args: argparse.Namespace) -> None:
    from bertsim.export.writing import write_manifest
    from bertsim.training.examples import read_examples
    from bertsim.training.output import write_verdict
    from bertsim.training.plan import RUN

    if recipe.report is None or args.resume:
        wanted = "the --recipe of a finished folder, one that has a [report], without --resume"
        raise InputError(f"--verdict goes with {wanted}.")
    if (args.output / RUN).is_dir():
        raise InputError(f"{args.output} holds a run that was stopped; go on with --resume in place of --verdict.")
    dev = read_examples(recipe.runs[-1].dev, ("similar",), lambda sentence: None)
    if missing := write_verdict(args.output, recipe.report, dev):
        said = f"{args.output} can give no verdicts without {', and '.join(missing)}"
        raise InputError(f"{said}; add what is missing to {recipe.path}, and train by it.")
    write_manifest(args.output)


def make_recipe(args: argparse.Namespace) -> Recipe:
    """The recipe that the words name, or are. Raises: InputError, if they do not fit together."""
    from bertsim.training.plan import TrainPlan
    from bertsim.training.recipe import Recipe, head_from, parse_source

    if args.recipe is not None:
        return _read_recipe(args)
    if args.data_root is not None:
        raise InputError("--data-root goes with --recipe; the paths of --data are taken as they are.")
    if not args.data or not args.dev:
        raise InputError("train needs --data FILE and --dev FILE, or --recipe FILE.")
    for wanted, is_given, names in (
        ("--head bilstm", "bilstm" in (args.head or ()), ("units",)),
        ("--head", bool(args.head), (*OF_HEADS, "learning_rate")),
        ("--tune all", args.tune == "all", ("encoder_learning_rate",)),
    ):
        for name in () if is_given else _given(args, names):
            raise InputError(f"{_option(name)} goes with {wanted} alone; add that, or leave it out.")
    of_heads = {kind: [name for name in OF_HEADS if kind == "bilstm" or name != "units"] for kind in args.head or ()}
    plan = TrainPlan(
        data=tuple(map(parse_source, args.data)),
        dev=parse_source(args.dev, "--dev"),
        test=parse_source(args.test, "--test") if args.test else None,
        heads=tuple(head_from({"kind": kind, **_given(args, of_heads[kind])}) for kind in args.head or ()),
        skip_bad_rows=args.skip_bad_rows,
        **_given(args, ("encoder", "revision", *OF_THE_RUN)),
    )
    return Recipe((plan,))


def _read_recipe(args: argparse.Namespace) -> Recipe:
    """The recipe of a file or name, on another encoder where one is named."""
    from bertsim.training.recipe import find_recipe, read_recipe

    if decided := _given(args, ("data", "dev", "test", "head", *OF_HEADS, *OF_THE_RUN)):
        names = ", ".join(map(_option, decided))
        raise InputError(f"--recipe says what is trained on what, and how; leave out {names}.")
    changes = _given(args, ("encoder", "revision")) | ({"skip_bad_rows": True} if args.skip_bad_rows else {})
    if "encoder" in changes:  # a revision of the recipe's own encoder says nothing of it
        changes = {"revision": None, **changes}
    recipe = read_recipe(find_recipe(args.recipe), args.data_root or Path())
    return replace(recipe, runs=tuple(replace(plan, **changes) for plan in recipe.runs))


def _given(args: argparse.Namespace, names: Sequence[str]) -> dict[str, Any]:
    """Those of the options that were given, by name."""
    return {name: value for name in names if (value := getattr(args, name)) is not None}


def _option(name: str) -> str:
    """An argument's name as it is spelt. Example: "batch_size" -> "--batch-size"."""
    return "--" + name.replace("_", "-")
