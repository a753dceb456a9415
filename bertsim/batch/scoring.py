"""How many rows of a file make a chunk, and what the vectors of the whole file depend on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bertsim.bert.folder import file_sha256
from bertsim.data.pairs import DataFile
from bertsim.errors import InputError

if TYPE_CHECKING:
    from bertsim.model.similarity import SimilarityModel

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


def describe_job(file: DataFile, model: SimilarityModel, options: dict[str, Any]) -> dict[str, object]:
    """Everything that the vectors of a file depend on: weights by the vector of a probe.

    `options` are as `model.embed` takes them.
    """
    probe = model.embed([PROBE], **options)[0]
    weights = [round(float(value), 3) for value in probe[:16]]
    read = {"reading": [asdict(each.reading) for each in file.parts or [file]], "sentences": file.sentences}
    return {"input": [*map(file_sha256, file.paths)], **read, **model.settings(**options), "weights": weights}


def refusal(sentences: Mapping[str, Any], check: Callable[[str, str], None]) -> str | None:
    """Why a model, by its `check`, refuses one of the sentences of a row, by what they are called; None: it does not.

    Example: {"'a'": "A dog barks.", "'b'": None} -> "there is no 'b'"
    """
    try:
        for name, sentence in sentences.items():
            check(sentence, name)
    except InputError as error:
        return str(error).removesuffix(".")
    return None
