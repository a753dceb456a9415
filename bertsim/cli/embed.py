"""`bertsim embed`: sentences -> a file of vectors."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import TYPE_CHECKING

from bertsim.batch.partial import PartialFile, check_output
from bertsim.batch.scoring import chunk_size, describe_job, refusal
from bertsim.batch.writing import VectorLayout
from bertsim.cli.cluster import add_ray_options, check_words, place, run_on_ray
from bertsim.cli.files import Tally, at_hand, summed, write_chunks
from bertsim.cli.options import add_model_options, add_reading_options, load_scoring, reading_of
from bertsim.cli.output import say
from bertsim.data.pairs import DataFile, Row, open_sentences, with_sentence
from bertsim.errors import DataError, InputError

if TYPE_CHECKING:
    from bertsim.batch.table import NewColumns

HELP = "turn sentences into vectors"
DESCRIPTION = """\
Turn sentences into vectors:
  python -m bertsim embed "One sentence." "Another." --output vectors.npy
  python -m bertsim embed --input sentences.txt --output vectors.npz
A .txt file has one sentence a line; of TSV, CSV, JSON Lines, JSON, Parquet and Excel, --column names the column.
How it is written is found out and said. --input may be a folder, a pattern in quotes, or - (standard input).
.npy: float32 [n, dim]. .npz: that as "embeddings", and "settings" (JSON). .jsonl: sentence and embedding a line.
Stopped, the same command goes on where it was. With --ray: a column "embedding" more."""
ENDINGS = (".npy", ".npz", ".jsonl")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add("sentences", nargs="*", metavar="SENTENCE", help="sentences, each in quotes")
    add("--input", type=place, metavar="FILE", help="a file of sentences instead")
    add("--column", metavar="NAME", help="the column of FILE that holds them, by name or number")
    add("--output", type=place, metavar="FILE", required=True, help=".npy, .npz or .jsonl")
    add("--restart", action="store_true", default=None, help="begin anew, whatever a stopped run has left")
    add_reading_options(parser)
    add_ray_options(parser)
    add_model_options(parser)


def run(args: argparse.Namespace) -> int:
    """Embed what the words name; row i of the output is row i of the file, so a bad row stops it before it starts.

    Raises: InputError, for words that do not fit together, or a sentence that cannot be read.
    """
    check_words(args)
    if args.ray is not None:
        return _embed_on_ray(args)
    ending = args.output.suffix.lower()
    if ending not in ENDINGS:
        raise InputError(f"{args.output}: vectors are written to {', '.join(ENDINGS)}; use one of them.")
    if (args.input is None) == (not args.sentences):
        raise InputError("embed takes sentences, each in quotes, or --input FILE; give one of the two.")
    if args.input is None and args.column:
        raise InputError("--column goes with --input FILE.")
    with nullcontext() if args.input is None else at_hand(args.input) as args.input:
        return _embed(args, ending)


def _embed(args: argparse.Namespace, ending: str) -> int:
    """Write the vectors; goes on with what a stopped run has left."""
    file = None if args.input is None else open_sentences(args.input, args.column, *reading_of(args))
    check_output(args.output, *([] if file is None else file.paths))
    if file is not None:
        say(f"bertsim: {file.described}")
    total = len(args.sentences) if file is None else _checked_count(file)
    model, options = load_scoring(args)
    layout = VectorLayout(ending.lstrip("."), total, model.settings(**options))
    rows: Iterable[Row] = file or [Row(0, (sentence,), None, {}, None) for sentence in args.sentences]
    job = None if file is None else describe_job(file, model, options) | {"rows": total}
    tally = Tally(model)
    with PartialFile(args.output, job, restart=bool(args.restart)) as partial:

        def make(chunk: list[Row], progress: Callable[[int, int], None]) -> tuple[bytes, dict[str, int]]:
            sentences = [row.sentences[0] for row in chunk]
            try:
                vectors = model.embed(sentences, progress=progress, **options)
            except InputError:
                for row in chunk:
                    if file is not None and (why := refusal({"the sentence": row.sentences[0]}, model.check)):
                        raise DataError(f"{file.where(row)}: {why}.") from None
                raise
            data = layout.chunk(sentences, vectors, with_header=not partial.counts["rows"])
            return data, summed(tally.count(sentences))

        write_chunks(partial, rows, total, 2 * chunk_size(model), make)
        partial.finish(layout.convert)
    say(f"bertsim: {args.output}: {total:,} sentence{'s' * (total != 1)} embedded.")
    tally.say(partial.counts)
    return 0


def _embed_on_ray(args: argparse.Namespace) -> int:
    """Tables with a column "embedding" and, as `score` has them, what was not read, and why a row has none."""
    from bertsim.batch.table import NewColumns, TableEmbedder

    new = NewColumns.named(["embed"], score="embedding")

    def choose(files: DataFile) -> tuple[tuple[str, ...], NewColumns]:
        file = with_sentence(files, args.column)
        for name in new:
            if name in file.columns:
                raise DataError(f"{file.path} already has a column {name!r}; rename it first.")
        return file.sentences, new

    return run_on_ray(args, args.column and [args.column], choose, TableEmbedder, "embedded", scorers=())


def _checked_count(file: DataFile) -> int:
    """How many rows there are. Raises DataError for none, and for the first that has no sentence."""
    rows, bad, first = 0, 0, ""
    for row in file:
        rows += 1
        if row.error is not None:
            bad, first = bad + 1, first or f"{file.where(row)}: {row.error}"
    if bad:
        more = f" (and {bad - 1:,} more rows like it)" if bad > 1 else ""
        raise DataError(f"{first}{more}; every row becomes a vector, so mend or remove it.")
    if not rows:
        raise DataError(f"{file.path} has no rows; there is nothing to embed.")
    return rows
