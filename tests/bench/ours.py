"""bertsim in the same harness as its peers: `python -m tests.bench.ours NAME FOLDER TEXTS`; see `protocol`.

Nothing is tuned here: `load`, `embed` and `score` as a user calls them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

import bertsim
from tests.bench.protocol import TOP, Engine, seconds, serve, time_duplicates, time_pairs

ROUNDS = 3
PAD_LENGTHS = (16, 32, 128)
SHORT_PAIRS = (
    ("A man is playing a guitar.", "A man plays the guitar."),
    ("The cat sat on the mat.", "A cat is on a mat."),
    ("Two dogs run in snow.", "Nobody is in the park."),
    ("She reads a book.", "He is cooking rice."),
    ("The train is late.", "The bus was on time."),
)


def engine(folder: Path, name: str) -> Engine:
    """One of bertsim's two engines on a checkpoint."""
    model = bertsim.load(str(folder), engine=name)
    return Engine(
        {"as it comes": model.embed},
        lambda a, b: float(model.score([(a, b)])[0]),
        extras={
            "padding": partial(_padding, folder, name),
            "pair": partial(_pair, model),
            "many": partial(_many, model),
            "duplicates": partial(time_duplicates, partial(_duplicates, model)),
        },
    )


def pooled(folder: Path) -> Engine:
    """The head `pooled`, which reads pairs packed, on LiteRT."""
    model = bertsim.load(str(folder))
    score = partial(model.score, scorer="pooled")
    return Engine({"as it comes": score}, lambda a, b: float(score([(a, b)])[0]), "packed")


def _duplicates(model: bertsim.SimilarityModel, vectors: np.ndarray) -> list[list[float]]:
    return [[score, first, second] for first, second, score in model.duplicates(vectors, top=TOP).pairs]


def _many(model: bertsim.SimilarityModel, argument: str) -> dict[str, float]:
    """Many sentences: embedded, ranked and in a matrix.

    Args:
        model: the one that is measured.
        argument: file of the texts of the run, and where the embeddings of its many sentences go.

    Returns:
        Seconds: "embed" of all of them, "ranked" of one query against 10,000 that are embedded, "matrix" of 1,000 with
        1,000 others beyond their embedding; "share": the speed of `rank` of 10,000 that are not, that of `embed` = 1.
    """
    texts, _, path = argument.partition(" ")
    many = json.loads(Path(texts).read_text(encoding="utf-8"))["many"]
    query, ranked, a, b = many[0], many[1:10_001], many[:1_000], many[1_000:2_000]
    took = seconds(lambda: np.save(path, model.embed(many)))
    vectors = np.load(path)[1:10_001]
    shares, beyond = [], []
    for _ in range(ROUNDS):
        shares.append(seconds(lambda: model.embed(ranked)) / seconds(lambda: model.rank(query, ranked)))
        beyond.append(seconds(lambda: model.matrix(a, b)) - seconds(lambda: model.embed(a + b)))
    return {
        "embed": took,
        "ranked": median(seconds(lambda: model.rank(query, vectors)) for _ in range(5 * ROUNDS)),
        "matrix": median(beyond),
        "share": median(shares),
    }


def _pair(model: bertsim.SimilarityModel, argument: str) -> dict[str, float]:
    """How long one pair takes by a scorer; argument: its name and the file of the texts of the run."""
    scorer, _, texts = argument.partition(" ")
    pairs = json.loads(Path(texts).read_text(encoding="utf-8"))["pairs"]
    return {"seconds": time_pairs(lambda a, b: float(model.score([(a, b)], scorer=scorer)[0]), pairs)}


def _padding(folder: Path, name: str, texts: str) -> dict[str, float]:
    """How far the score of a short pair moves with max_length and with what shares its batch.

    Args:
        folder: of the checkpoint.
        name: of the engine.
        texts: file of the texts of the run; 600 of its sentences share the batch.
    """
    sentences = json.loads(Path(texts).read_text(encoding="utf-8"))["sentences"][:600]
    others = list(zip(sentences[0::2], sentences[1::2], strict=True))
    scores = []
    for max_length in PAD_LENGTHS:
        model = bertsim.load(str(folder), engine=name, max_length=max_length)
        scores.append([float(model.score([pair])[0]) for pair in SHORT_PAIRS])
        scores.append(model.score([*SHORT_PAIRS, *others])[: len(SHORT_PAIRS)].tolist())
    return {"difference": max(max(each) - min(each) for each in zip(*scores, strict=True))}


OURS: dict[str, Callable[[Path], Engine]] = {
    **{name: partial(engine, name=name) for name in ("litert", "tensorflow")},
    "pooled": pooled,
}

if __name__ == "__main__":
    serve(OURS)
