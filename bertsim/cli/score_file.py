"""`bertsim score --input`: a file of pairs, chunk by chunk, into a file of scored pairs."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from bertsim.batch.partial import PartialFile, check_output
from bertsim.batch.scoring import chunk_size, describe_job, pair_of, score_rows
from bertsim.batch.writing import TableLayout
from bertsim.cli.chunks import write_chunks
from bertsim.cli.options import NAME_THEM, load_scoring
from bertsim.cli.output import print_json, say
from bertsim.cli.unread import UNREAD, Tally, summed
from bertsim.data.pairs import DataFile, Row, kind_of, open_pairs
from bertsim.errors import DataError, InputError

if TYPE_CHECKING:
    from bertsim.records import TokenCounts

NAMED = 20
"""Bad rows named on stderr; the others are counted."""


def score_file(args: argparse.Namespace) -> int:
    """Score every pair of `args.input` into `args.output`; goes on with what a stopped run has left."""
    file = open_pairs(args.input, args.columns, advice=NAME_THEM)
    columns = (*file.columns, *_new_columns(args, file))
    layout = TableLayout(kind_of(args.output), args.output.name.lower().endswith(".gz"), columns)
    check_output(args.output, args.input)
    total = sum(1 for _ in file)
    if not total:
        raise DataError(f"{args.input} has a header and no rows; there is nothing to score.")
    model, options = load_scoring(args)
    job = describe_job(args.input, model, options, args.scorer)
    job |= {"sentence columns": file.sentences, "columns": columns}
    score = functools.partial(model.score, scorer=args.scorer, **options)
    tally = Tally(model)
    with PartialFile(args.output, job) as partial:

        def make(rows: list[Row], progress: Callable[[int, int], None]) -> tuple[bytes, dict[str, int]]:
            found = score_rows(rows, functools.partial(score, progress=progress), model.check)
            bad = [each for each in found if each.error is not None]
            for each in bad[: max(NAMED - partial.counts["bad"], 0)]:
                say(f"bertsim: {file.where(each.row)}: {each.error}; left without a score.")
            good = [each.row for each in found if each.error is None]
            counts = tally.count([sentence for row in good for sentence in pair_of(row)])
            _name_unread(file, good, counts, max(NAMED - partial.counts["unread_sentences"], 0))
            data, flattened = layout.chunk(found, with_header=not partial.counts["rows"])
            return data, {"bad": len(bad), "flattened": flattened, **summed(counts)}

        write_chunks(partial, file, total, chunk_size(model), make)
        partial.finish()
    if args.json:
        rows, bad = partial.counts["rows"], partial.counts["bad"]
        result = {"output": str(args.output), "rows": rows, "scored": rows - bad, "bad": bad}
        unread = {name: partial.counts[name] for name in UNREAD}
        print_json(result | unread | {"settings": model.settings(**options)})
    _tell_end(args, partial.counts, columns[-1], tally)
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
    unread = [
        (row, [name for name, each in zip("AB", pair, strict=True) if not each.read])
        for row, *pair in zip(rows, counts[0::2], counts[1::2], strict=True)
    ]
    for row, names in [each for each in unread if each[1]][:most]:
        say(f"bertsim: {file.where(row)}: nothing was read of {' and '.join(names)}; its score says nothing.")


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
