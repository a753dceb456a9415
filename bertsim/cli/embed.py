"""`bertsim embed`: sentences -> a file of vectors."""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertsim.cli.options import NAME_THEM, add_model_options, embedding_options, load_model
from bertsim.cli.output import Bar, Stopped, say
from bertsim.cli.partial import PartialFile, check_output
from bertsim.cli.score_file import chunk_size, describe_job, tell_start, tell_stop
from bertsim.cli.unread import COUNTS, Tally, summed
from bertsim.data.pairs import DataFile, Row, open_sentences
from bertsim.errors import DataError, InputError

if TYPE_CHECKING:
    from bertsim.model.similarity import SimilarityModel
    from bertsim.records import Float

HELP = "turn sentences into vectors"
DESCRIPTION = """\
Turn sentences into vectors:
  python -m bertsim embed "One sentence." "Another." --output vectors.npy
  python -m bertsim embed --input sentences.txt --output vectors.npz
A .txt file has one sentence a line; of a .tsv, .csv or .jsonl file, --column names the column; each may be .gz.
.npy: float32 [n, dim]. .npz: that as "embeddings", and "settings" (JSON). .jsonl: sentence and embedding a line.
Stopped, the same command goes on where it was."""
KINDS = ("npy", "npz", "jsonl")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    parser.add_argument("sentences", nargs="*", metavar="SENTENCE", help="sentences, each in quotes")
    parser.add_argument("--input", type=Path, metavar="FILE", help="a file of sentences instead")
    parser.add_argument("--column", metavar="NAME", help="the column of FILE that holds them")
    parser.add_argument("--output", type=Path, metavar="FILE", required=True, help=".npy, .npz or .jsonl")
    add_model_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Embed what the words name. Raises InputError where they do not fit together."""
    if args.output.suffix.lower().lstrip(".") not in KINDS:
        raise InputError(
            f"{args.output}: vectors are written to {', '.join('.' + kind for kind in KINDS)}; use one of them."
        )
    if (args.input is None) == (not args.sentences):
        raise InputError("embed takes sentences, each in quotes, or --input FILE; give one of the two.")
    if args.input is None and args.column:
        raise InputError("--column goes with --input FILE.")
    check_output(args.output, [] if args.input is None else [args.input])
    return embed_words(args) if args.input is None else embed_file(args)


def embed_words(args: argparse.Namespace) -> int:
    """Embed the sentences of the command line."""
    model = load_model(args)
    options = embedding_options(args, model)
    layout = Layout(args.output.suffix.lower().lstrip("."), len(args.sentences), model.settings(**options))
    data = layout.chunk(args.sentences, model.embed(args.sentences, **options), with_header=True)
    with PartialFile(args.output, None) as partial:
        partial.append(data, rows=len(args.sentences))
        partial.finish(layout.convert)
    say(f"bertsim: {args.output}: {len(args.sentences)} sentences embedded.")
    tally = Tally(model)
    tally.say(summed(tally.count(args.sentences)))
    return 0


def embed_file(args: argparse.Namespace) -> int:
    """Embed a file; row i of the output is row i of the file, so a bad row stops it before it starts."""
    file = open_sentences(args.input, args.column, NAME_THEM)
    total = _checked_count(file)
    model = load_model(args)
    options = embedding_options(args, model)
    layout = Layout(args.output.suffix.lower().lstrip("."), total, model.settings(**options))
    job = describe_job(args.input, model, options) | {"column": file.sentences, "rows": total}
    with PartialFile(args.output, job, COUNTS) as partial:
        tell_start(partial, total)
        tally = Tally(model)
        try:
            _embed_rows(file, tally, options, layout, partial)
        except Stopped as stop:
            stop.told = tell_stop(partial, total)
            raise
        partial.finish(layout.convert)
    say(f"bertsim: {args.output}: {total:,} sentences embedded.")
    tally.say(partial.counts)
    return 0


@dataclass(frozen=True)
class Layout:
    """How vectors are written.

    Attributes:
        kind: "npy", "npz" (unfinished: as "npy") or "jsonl".
        rows: how many vectors there will be in all.
        settings: what made them; goes into .npz.
    """

    kind: str
    rows: int
    settings: dict[str, object]

    def chunk(self, sentences: Sequence[str], vectors: Float, with_header: bool) -> bytes:
        """Vectors, float32 [n, dim], as the next bytes of the file."""
        if self.kind == "jsonl":
            lines = (
                f'{{"sentence": {json.dumps(sentence, ensure_ascii=False)}, "embedding": [{_numbers(vector)}]}}\n'
                for sentence, vector in zip(sentences, vectors, strict=True)
            )
            return "".join(lines).encode()
        from numpy.lib import format as npy

        header = io.BytesIO()
        if with_header:
            shape = (self.rows, vectors.shape[1])
            npy.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": shape})
        return header.getvalue() + vectors.astype("<f4").tobytes()

    @property
    def convert(self) -> Callable[[Path, Path], None] | None:
        """How the partial file becomes the whole one; None: it is one."""
        return self._zip if self.kind == "npz" else None

    def _zip(self, partial: Path, output: Path) -> None:
        import numpy as np

        settings = np.array(json.dumps(self.settings, ensure_ascii=False))
        with output.open("wb") as stream:
            np.savez(stream, embeddings=np.load(partial, mmap_mode="r"), settings=settings)


def _embed_rows(
    file: DataFile, tally: Tally, options: dict[str, Any], layout: Layout, partial: PartialFile
) -> None:
    model = tally.model
    rows, size = islice(file, partial.counts["rows"], None), 2 * chunk_size(model)
    with Bar(layout.rows, "sentences", partial.counts["rows"]) as bar:
        while chunk := list(islice(rows, size)):
            sentences = [row.sentences[0] for row in chunk]
            try:
                vectors = model.embed(sentences, progress=bar.within(len(chunk)), **options)
            except InputError:
                for row in chunk:
                    _check(file, row, model)
                raise
            data = layout.chunk(sentences, vectors, with_header=not partial.counts["rows"])
            partial.append(data, rows=len(chunk), **summed(tally.count(sentences)))
            bar.reach(partial.counts["rows"])


def _check(file: DataFile, row: Row, model: SimilarityModel) -> None:
    try:
        model.check(row.sentences[0])
    except InputError as error:
        raise DataError(f"{file.where(row)}: {error}") from error


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


def _numbers(vector: Float) -> str:
    """float32 numbers as text, with the nine digits that hold every one of them."""
    return ", ".join(f"{float(value):.9g}" for value in vector)
