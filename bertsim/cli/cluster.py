"""`score` and `embed` with --ray: what the words become, and what is said in the end."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertsim.batch.scoring import chunk_size
from bertsim.batch.writing import WRITTEN
from bertsim.cli.files import STANDARD
from bertsim.cli.options import load_scoring, loading_of, positive, reading_of
from bertsim.cli.output import Stopped, native_log_held_back, print_json, say
from bertsim.data.pairs import DataFile
from bertsim.errors import DataError, InputError

if TYPE_CHECKING:
    from bertsim.batch.table import NewColumns, TableScorer


def add_ray_options(parser: argparse.ArgumentParser) -> None:
    """--ray, and what goes with it."""
    add = parser.add_argument_group(
        "beyond one machine",
        "Ray reads all files of a folder, or of 'folder/*.parquet' (paths that every machine has, s3://, gs://, hdfs://),"
        " and --output is a new folder of such files, whose rows in order are those read. Text is read by Arrow: files"
        " with torn rows, which it refuses whole, are better scored without --ray.",
    ).add_argument
    where = "the cluster: HOST:PORT, or auto; without, RAY_ADDRESS, else one of this machine alone, for this run"
    add("--ray", nargs="?", const="", metavar="ADDRESS", help=where)
    add("--ray-cpus", type=positive, metavar="N", help="processors for each copy of the model (default: 1)")
    add("--ray-format", choices=WRITTEN, help="of the files written (default: as those read)")


def place(text: str) -> Path | str:
    """A path, or a URI as it stands, for argparse."""
    return text if "://" in text else Path(text)


def check_words(args: argparse.Namespace) -> None:
    """Refuse words that do not fit with --ray, or without it, or without a file. Raises: InputError, for such."""
    for name in ("restart", "delimiter", "quoting", "encoding", "header", "sheet"):
        if args.input is None and (given := getattr(args, name)) is not None:
            raise InputError(f"--{'no-' * (given is False)}{name} goes with --input FILE.")
    if args.ray is not None:
        if args.input is None or args.output is None or args.sentences:
            raise InputError("--ray goes with --input FILES and --output FOLDER, and no sentence beside them.")
        if args.restart or STANDARD in (args.input, args.output):
            raise InputError("with --ray nothing is printed, piped or gone on with; leave out - and --restart.")
        return
    if args.ray_cpus or args.ray_format:
        raise InputError("--ray-cpus and --ray-format go with --ray.")
    for where in (args.input, args.output):
        if isinstance(where, str):
            raise InputError(f"{where} is not on this machine; with --ray it is read and written where it is.")


def run_on_ray(
    args: argparse.Namespace,
    wanted: Sequence[str] | None,
    choose: Callable[[DataFile], tuple[tuple[str, ...], NewColumns]],
    make: Callable[..., TableScorer],
    what: str,
    **more: Any,
) -> int:
    """Have Ray do what a command does with a file.

    Args:
        args: the words.
        wanted: the columns of the sentences, where they are named.
        choose: the columns of the files -> those of the sentences, and the new ones; as the command itself does.
        make: the table function's class.
        what: it has done to rows, in a word.
        more: arguments of that class.

    Raises:
        BertsimError: as `check_cluster`, `check_new_folder`, `Source.find` and `run_job`.
        Stopped: by a signal.
    """
    from bertsim.batch.on_ray import THIS_MACHINE, check_cluster, run_job
    from bertsim.batch.places import Source, check_new_folder

    address = args.ray or os.environ.get("RAY_ADDRESS") or THIS_MACHINE
    check_cluster(address)
    check_new_folder(args.output)
    source = Source.find(args.input, wanted, *reading_of(args), is_text=what == "embedded")
    sentences, new = choose(source.file)
    if source.file.reading.delimiter:
        say(f"bertsim: {replace(source.file, sentences=sentences).described}")
    model, options = load_scoring(args)
    make = partial(make, sentences=sentences, columns=new, options=options, **more)
    make(model)  # whatever cannot be used is said before anything starts
    loading = loading_of(args)
    for name in ("source", "heads"):
        if loading[name] and os.path.isdir(loading[name]):
            loading[name] = os.path.abspath(loading[name])  # actors run in folders of their own
    kind, cpus = args.ray_format or source.kind, args.ray_cpus or 1
    try:
        with native_log_held_back():
            counts = run_job(source, args.output, kind, loading, make, new, chunk_size(model), cpus, address)
    except Stopped as stop:
        stop.told = "stopped; what was finished is not kept with --ray."
        raise
    rows, bad = counts["rows"], counts["bad"]
    if getattr(args, "json", False):
        result = {"output": str(args.output), "rows": rows, what: rows - bad, "bad": bad}
        counted = {f"{name}_rows": counts[name] for name in ("cut", "unknown")}
        print_json(result | counted | {"settings": model.settings(**options)})
    reasons = f"; {bad:,} could not be, see the column {new.error!r}" if bad else ""
    say(f"bertsim: {args.output}: {rows - bad:,} of {rows:,} rows {what}{reasons}.")
    if counts["cut"]:
        say(f"bertsim: rows of which text was cut off: {counts['cut']:,}; --max-length sets how many tokens are read.")
    if counts["unknown"]:
        say(f"bertsim: rows with words that the vocabulary lacks, which were not read: {counts['unknown']:,}.")
    if bad == rows:
        raise DataError(f"{args.input}: none of the {rows:,} rows could be {what}; the reasons stand in {args.output}.")
    return 0
