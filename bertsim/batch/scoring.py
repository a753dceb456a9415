"""A chunk of rows -> scored rows, and what the scores and vectors of a whole file depend on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertsim.batch.writing import ScoredRow
from bertsim.bert.folder import file_sha256
from bertsim.data.pairs import Row
from bertsim.errors import InputError

if TYPE_CHECKING:
    from bertsim.model.similarity import SimilarityModel
    from bertsim.records import Float

CHUNK, LARGE_CHUNK = 2048, 256
"""Rows scored and kept at a time, the second for encoders of `LARGE` parameters and more.

They do not depend on the clock, so that a resumed run builds the very batches of an undisturbed one.
"""
LARGE = 50_000_000
PROBE = "Whatever changes the vector of this sentence changes the scores."
ANSWER = "A sentence that others are compared with."


def chunk_size(model: SimilarityModel) -> int:
    """How many rows are scored and kept at a time."""
    return CHUNK if model.config.num_parameters < LARGE else LARGE_CHUNK


def describe_job(
    paths: Sequence[Path], model: SimilarityModel, options: dict[str, Any], scorer: str | None = None
) -> dict[str, object]:
    """Everything that the result of a file depends on: weights by the vector of a probe, a head by its scores.

    `options` are as `model.embed` takes them; scorer None: vectors are made.
    """
    probe = model.embed([PROBE], **options)[0]
    job = {"input": [*map(file_sha256, paths)], **model.settings(**options)}
    job["weights"] = [round(float(value), 3) for value in probe[:16]]
    if scorer is not None:
        scores = model.score([(PROBE, ANSWER), (ANSWER, PROBE)], scorer=scorer, **options)
        job |= {"scorer": scorer, "scores": [round(float(score), 5) for score in scores]}
    return job


def score_rows(
    rows: Sequence[Row], score: Callable[[list[tuple[str, str]]], Float], check: Callable[[str], None]
) -> list[ScoredRow]:
    """Score the good rows of a chunk; one that the model refuses gets its reason, and the others their scores.

    `score` makes a number of each pair, or raises InputError, as `check` does for a sentence that cannot be read.
    """
    try:
        return _scored(rows, score)
    except InputError:
        checked = [replace(row, error=row.error or refusal(row, check)) for row in rows]
        if checked == list(rows):
            raise
        return _scored(checked, score)


def pair_of(row: Row) -> tuple[str, str]:
    """The two sentences of a good row."""
    return row.sentences[0], row.sentences[1]


def _scored(rows: Sequence[Row], score: Callable[[list[tuple[str, str]]], Float]) -> list[ScoredRow]:
    scores = iter(score([pair_of(row) for row in rows if row.error is None]))
    return [(row, float(next(scores)) if row.error is None else None) for row in rows]


def refusal(row: Row, check: Callable[[str], None]) -> str | None:
    """Why a model, by its `check`, refuses a row, in a few words; None: it does not."""
    try:
        for sentence in row.sentences:
            check(sentence)
    except InputError as error:
        return str(error).removesuffix(".")
    return None
