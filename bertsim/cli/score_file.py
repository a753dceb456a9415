"""`bertsim score --input`: a file of pairs, chunk by chunk, into a file of scored pairs."""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertsim.bert.manifest import file_sha256
from bertsim.cli.options import NAME_THEM, check_scorer, embedding_options, load_model
from bertsim.cli.output import Bar, Stopped, say
from bertsim.cli.partial import PartialFile, check_output
from bertsim.cli.scored import Layout, Verdict
from bertsim.cli.unread import COUNTS, Tally, as_fields, summed
from bertsim.data.pairs import DataFile, Row, kind_of, open_pairs
from bertsim.errors import DataError, InputError

if TYPE_CHECKING:
    from bertsim.model.similarity import SimilarityModel
    from bertsim.records import Float, TokenCounts

CHUNK, LARGE_CHUNK = 2048, 256
"""Rows scored and kept at a time, the second for encoders of `LARGE` parameters and more.

They do not depend on the clock, so that a resumed run builds the very batches of an undisturbed one.
"""
LARGE = 50_000_000
NAMED = 20
"""Bad rows named on stderr; the others are counted."""
PROBE = "Whatever changes the vector of this sentence changes the scores."
ANSWER = "A sentence that others are compared with."


def score_file(args: argparse.Namespace) -> int:
    """Score every pair of `args.input` into `args.output`; goes on with what a stopped run has left."""
    file = open_pairs(args.input, args.columns, advice=NAME_THEM)
    new_columns = args.score_column or "score", args.error_column or "error"
    _check_columns(file, *new_columns)
    layout = Layout(
        kind_of(args.output), args.output.name.lower().endswith(".gz"), (*file.columns, *new_columns)
    )
    check_output(args.output, [args.input])
    total = sum(1 for _ in file)
    if not total:
        raise DataError(f"{args.input} has a header and no rows; there is nothing to score.")
    model = load_model(args)
    check_scorer(args.scorer, model)
    options = embedding_options(args, model)
    job = describe_job(args.input, model, options) | {
        "scorer": args.scorer,
        "scores": _probe_scores(model, args.scorer, options),
        "sentence columns": file.sentences,
        "columns": layout.columns,
    }
    with PartialFile(args.output, job, ("bad", "flattened", *COUNTS)) as partial:
        tell_start(partial, total)
        tally = Tally(model)
        try:
            _score_chunks(file, tally, {"scorer": args.scorer, **options}, layout, partial, total)
        except Stopped as stop:
            stop.told = tell_stop(partial, total)
            raise
        partial.finish()
        counts = partial.counts
    _tell_end(args, model.settings(**options), counts, layout, tally)
    if counts["bad"] == total:
        raise DataError(
            f"{args.input}: none of the {total:,} rows could be scored; the reasons stand in {args.output}."
        )
    return 0


def describe_job(path: Path, model: SimilarityModel, options: dict[str, Any]) -> dict[str, object]:
    """Everything that the vectors of a file's sentences depend on, the weights by the vector of a probe."""
    probe = model.embed([PROBE], **options)[0]
    return {
        "input": file_sha256(path),
        **model.settings(**options),
        "weights": [round(float(value), 3) for value in probe[:16]],
    }


def _probe_scores(model: SimilarityModel, scorer: str, options: dict[str, Any]) -> list[float]:
    """What a scorer says of the probe in both orders: its own weights, a head's say, show in it."""
    scores = model.score([(PROBE, ANSWER), (ANSWER, PROBE)], scorer=scorer, **options)
    return [round(float(score), 5) for score in scores]


def chunk_size(model: SimilarityModel) -> int:
    """How many rows are scored and kept at a time."""
    return CHUNK if model.config.num_parameters < LARGE else LARGE_CHUNK


def tell_start(partial: PartialFile, total: int) -> None:
    """Say that a partial file is gone on with, or why it is not."""
    if partial.restarted:
        say(f"bertsim: {partial.path} is of another job ({partial.restarted} changed): starting again.")
    elif partial.counts["rows"]:
        say(
            f"bertsim: going on after the {partial.counts['rows']:,} of {total:,} rows kept in {partial.path}."
        )


def tell_stop(partial: PartialFile, total: int) -> str:
    """What a stopped run has kept, as a sentence."""
    rows = partial.counts["rows"]
    if not rows:
        return "stopped before the first rows were finished; nothing was written."
    return f"stopped: {rows:,} of {total:,} rows are kept in {partial.path}; the same command goes on from there."


def score_rows(
    rows: Sequence[Row],
    score: Callable[[list[tuple[str, str]]], Float],
    check: Callable[[str], None],
) -> list[Verdict]:
    """Score the good rows; one that the model refuses gets its reason, and the others their scores.

    Args:
        rows: a chunk, in order.
        score: pairs -> one number each; raises InputError if any sentence cannot be read.
        check: raises InputError for a sentence that cannot be read.
    """
    errors = [row.error for row in rows]
    good = [index for index, error in enumerate(errors) if error is None]
    try:
        scores = score([_pair(rows[index]) for index in good])
    except InputError:
        for index in good:
            errors[index] = _refusal(rows[index], check)
        if not any(errors[index] for index in good):
            raise
        good = [index for index in good if errors[index] is None]
        scores = score([_pair(rows[index]) for index in good])
    found = dict(zip(good, map(float, scores), strict=True))
    return [Verdict(row, found.get(index), errors[index]) for index, row in enumerate(rows)]


def _score_chunks(
    file: DataFile, tally: Tally, options: dict[str, Any], layout: Layout, partial: PartialFile, total: int
) -> None:
    """Score what is left of the file, and keep every chunk; `options` go to `model.score`."""
    model = tally.model
    rows, size = islice(file, partial.counts["rows"], None), chunk_size(model)
    with Bar(total, "pairs", partial.counts["rows"]) as bar:
        while chunk := list(islice(rows, size)):
            score = functools.partial(model.score, progress=bar.within(len(chunk)), **options)
            verdicts = score_rows(chunk, score, model.check)
            bad = [verdict for verdict in verdicts if verdict.error is not None]
            for verdict in bad[: max(NAMED - partial.counts["bad"], 0)]:
                say(f"bertsim: {file.where(verdict.row)}: {verdict.error}; left without a score.")
            data, flattened = layout.chunk(verdicts, with_header=not partial.counts["rows"])
            scored = [verdict.row for verdict in verdicts if verdict.error is None]
            counts = tally.count([sentence for row in scored for sentence in _pair(row)])
            _name_unread(file, scored, counts, max(NAMED - partial.counts["unread"], 0))
            partial.append(data, rows=len(chunk), bad=len(bad), flattened=flattened, **summed(counts))
            bar.reach(partial.counts["rows"])


def _name_unread(file: DataFile, rows: Sequence[Row], counts: Sequence[TokenCounts], most: int) -> None:
    """Name rows of which a sentence was not read at all, `most` of them; `counts`: A and B of each, in line."""
    unread = [
        (row, [name for name, each in zip("AB", pair, strict=True) if not each.read])
        for row, *pair in zip(rows, counts[0::2], counts[1::2], strict=True)
    ]
    for row, names in [each for each in unread if each[1]][:most]:
        say(f"bertsim: {file.where(row)}: nothing was read of {' and '.join(names)}; its score says nothing.")


def _tell_end(
    args: argparse.Namespace,
    settings: dict[str, object],
    counts: dict[str, int],
    layout: Layout,
    tally: Tally,
) -> None:
    rows, bad = counts["rows"], counts["bad"]
    if args.json:
        result = {
            "output": str(args.output),
            "rows": rows,
            "scored": rows - bad,
            "bad": bad,
            **as_fields(counts),
            "settings": settings,
        }
        print(json.dumps(result, ensure_ascii=False, indent=2))
    unnamed = f" ({bad - NAMED:,} not named here)" if bad > NAMED else ""
    reasons = f"; {bad:,} could not be{unnamed}, see the column {layout.columns[-1]!r}" if bad else ""
    say(f"bertsim: {args.output}: {rows - bad:,} of {rows:,} pairs scored{reasons}.")
    tally.say(counts)
    if counts["flattened"]:
        say(
            f"bertsim: TSV cannot hold tabs and line breaks; cells with spaces for them: {counts['flattened']:,}."
        )


def _check_columns(file: DataFile, score: str, error: str) -> None:
    if score == error:
        raise InputError(f"--score-column and --error-column are both {score!r}; name two columns.")
    for name, option in ((score, "--score-column"), (error, "--error-column")):
        if name in file.columns:
            raise DataError(f"{file.path} already has a column {name!r}; name the new one with {option}.")


def _pair(row: Row) -> tuple[str, str]:
    return row.sentences[0], row.sentences[1]


def _refusal(row: Row, check: Callable[[str], None]) -> str | None:
    for sentence in row.sentences:
        try:
            check(sentence)
        except InputError as error:
            return str(error).removesuffix(".")
    return None
