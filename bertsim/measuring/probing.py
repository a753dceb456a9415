"""What a model is probed on: files -> trials, and a model's answers to them -> the share that is right.

Trials are of the tenth that nothing is trained on (`probes.is_held_out`).
Whoever prints the figures, or writes them into a folder, does so with `Found`. numpy and scikit-learn; no keras.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bertsim.data.pairs import open_pairs, open_sentences
from bertsim.errors import DataError, InputError
from bertsim.measuring import tfidf
from bertsim.measuring.edits import KINDS, Edit, make_edits, take_evenly
from bertsim.measuring.edits.antonyms import EVERYDAY, read_antonyms
from bertsim.measuring.probes import (
    checksum,
    first_by_checksum,
    is_held_out,
    negation_trials,
    order_trials,
    share_ranked_below,
)

if TYPE_CHECKING:
    from bertsim.engines.batches import Progress
    from bertsim.model.similarity import SimilarityModel
    from bertsim.records import Float

LABELS = ("entailment", "neutral", "contradiction")
MOST = 300  # sentences swapped and paraphrases beside them, edits of a kind
UNSEEN = "antonym, unseen words"
"""The kind of edits whose opposites are held out, as their sentences are."""
_FEWEST = 10
_FEWEST_EDITS = 30
ASKED_FOR = {
    "negation": "The boy is not at home.",
    "antonym": "The soup was very hot.",
    UNSEEN: "The food was very good.",
    "number": "Three dogs are in the garden.",
    "quantifier": "All children like music.",
    "role": "The dog chased the cat.",
    "modifier": "A man in a red coat walks home.",
    "voice": "The man opened the door.",
    "paraphrase": "He is not going to help us.",
}
"""By kind a sentence that edits are made of, for who has too few of them."""


@dataclass(frozen=True)
class Found:
    """What one probe measured.

    Attributes:
        name: "negation" (share ranked right), "word order" (ROC AUC), "inference" or a kind of edits (share of labels
            that are right); 1 at best, by chance 0.5 of the first two.
        trials: in words, how many of what.
        values: by scorer, TF-IDF too; of labels by head.
        count: how many trials.
    """

    name: str
    trials: str
    values: Mapping[str, float]
    count: int


def read_negation(paths: Sequence[Path]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Premises with their contradiction, and the same premises with their entailment, of the held-out tenth.

    Raises:
        DataError: a bad row, or too few trials; names the files.
    """
    trials = negation_trials(row for row in _inference_rows(paths) if is_held_out(row[0]))
    if len(trials) < _FEWEST:
        raise DataError(
            f"{_list(paths)}: {len(trials)} held-out premises have a contradiction in their words "
            f"and an entailment; at least {_FEWEST} are needed."
        )
    return [(premise, against) for premise, against, _ in trials], [(a, b) for a, _, b in trials]


def read_order(texts: Sequence[Path], paraphrases: Path | None) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Held-out sentences with themselves swapped, and held-out paraphrases.

    Raises:
        DataError: one of the two is missing, a bad row, too few of either; names the file.
    """
    if not texts or paraphrases is None:
        raise DataError("word order needs both --text FILE and --paraphrases FILE.")
    swapped = order_trials(_held_out_lines(texts), MOST)
    file = open_pairs(paraphrases)
    pairs = ((row.sentences[0], row.sentences[1]) for row in file if row.error is None)
    same = first_by_checksum([pair for pair in pairs if is_held_out(pair[0])], MOST)
    for path, found, what in (
        (_list(texts), swapped, "held-out sentences whose noun phrases can be swapped"),
        (paraphrases, same, "held-out pairs"),
    ):
        if len(found) < _FEWEST:
            raise DataError(f"{path}: {len(found)} {what}; at least {_FEWEST} are needed.")
    return swapped, same


def read_inference(paths: Sequence[Path]) -> list[tuple[str, str, str]]:
    """Premise, hypothesis and label of the pairs that training leaves out: one of their sentences is held out.

    Raises:
        DataError: a bad row, or too few pairs; names the files.
    """
    rows = [row for row in _inference_rows(paths) if any(map(is_held_out, row[:2]))]
    if len(rows) < _FEWEST:
        raise DataError(f"{_list(paths)}: {len(rows)} pairs have a held-out sentence; at least {_FEWEST} are needed.")
    return rows


def read_edits(texts: Sequence[Path], antonyms: Path | None, most: int = MOST) -> dict[str, list[Edit]]:
    """Minimal edits of held-out sentences, of every kind so many, as even over their labels as there are.

    Args:
        texts: one sentence a line, or a table with a column of them.
        antonyms: opposites beside the everyday ones; those that are held out from training are a kind of their own.
        most: edits of a kind.

    Raises:
        DataError: a file that cannot be read, or too few edits of a kind; says which sentences to add.
    """
    sentences = sorted(set(_held_out_lines(texts)), key=checksum)
    opposites = EVERYDAY if antonyms is None else read_antonyms(antonyms)
    made = {kind: make_edits(kind, sentences, antonyms=opposites.seen()) for kind in KINDS}
    made[UNSEEN] = make_edits("antonym", sentences, antonyms=opposites.held_out())
    found = {kind: take_evenly(edits, most) for kind, edits in made.items()}
    for kind, edits in found.items():
        if len(edits) < _FEWEST_EDITS:
            raise DataError(
                f"{_list(texts)}: {len(edits)} edits of the kind {kind!r} can be made of held-out sentences; "
                f'at least {_FEWEST_EDITS} are needed: add a text with more sentences such as "{ASKED_FOR[kind]}"'
            )
    return found


def inferring_head(model: SimilarityModel) -> str | None:
    """The first head with a probability of entailment, neutral and contradiction, in any order; None: there is none."""
    for name in model.heads:
        config = model.head_config(name)
        if sorted(map(str.lower, config.labels)) == sorted(LABELS) and config.activation != "identity":
            return name
    return None


def probe_negation(
    model: SimilarityModel,
    against: Sequence[tuple[str, str]],
    following: Sequence[tuple[str, str]],
    progress: Progress | None = None,
) -> Found:
    """Share of premises whose contradiction scores below the entailment."""
    scores = _scores(model, [*against, *following], progress)
    values = {
        name: share_ranked_below(each[: len(against)].tolist(), each[len(against) :].tolist())
        for name, each in scores.items()
    }
    trials = f"{len(against):,} premises, share whose contradiction scores below their entailment"
    return Found("negation", trials, values, len(against))


def probe_order(
    model: SimilarityModel,
    swapped: Sequence[tuple[str, str]],
    same: Sequence[tuple[str, str]],
    progress: Progress | None = None,
) -> Found:
    """ROC AUC of paraphrases against sentences with their roles swapped."""
    from sklearn.metrics import roc_auc_score

    scores = _scores(model, [*swapped, *same], progress)
    labels = [0] * len(swapped) + [1] * len(same)
    values = {name: float(roc_auc_score(labels, each)) for name, each in scores.items()}
    trials = f"{len(swapped):,} sentences swapped against {len(same):,} paraphrases, ROC AUC"
    return Found("word order", trials, values, len(labels))


def probe_inference(
    model: SimilarityModel, head: str, rows: Sequence[tuple[str, str, str]], progress: Progress | None = None
) -> Found:
    """Share of pairs whose most probable label is the given one.

    Args:
        model: with the head.
        head: as `inferring_head` finds it.
        rows: premise, hypothesis and label, one of `LABELS`.
        progress: told after every batch.
    """
    right = _right(model, head, rows, progress)
    return Found("inference", f"{len(rows):,} held-out pairs", {head: float(np.mean(right))}, len(rows))


def probe_edits(
    model: SimilarityModel, head: str, edits: Mapping[str, Sequence[Edit]], progress: Progress | None = None
) -> list[Found]:
    """By kind of edits the share whose most probable label is the right one; args as `probe_inference`."""
    rows = [(edit.premise, edit.hypothesis, edit.label) for each in edits.values() for edit in each]
    right, found, start = _right(model, head, rows, progress), [], 0
    for kind, each in edits.items():
        share = float(np.mean(right[start : start + len(each)]))
        found.append(Found(kind, f"{len(each):,} edits of held-out sentences", {head: share}, len(each)))
        start += len(each)
    return found


def sharpness(model: SimilarityModel, sentences: Sequence[str]) -> float:
    """How sharp attention is: the largest weight of a row times the tokens it is spread over; 1 = even.

    Args:
        model: whose encoder reads them.
        sentences: each read alone, at least one.

    Returns:
        the median over sentences, layers, heads and rows.

    Raises:
        InputError: no sentence, or one that cannot be read.

    Example: the row [0.7, 0.1, 0.1, 0.1] -> 2.8
    """
    if not sentences:
        raise InputError("sharpness is measured on sentences, and there is none; give at least one.")
    found = []
    for sentence in sentences:
        attentions = model.encode(model.tokenize([sentence])).attentions
        found.append(attentions.max(axis=-1).ravel() * attentions.shape[-1])
    return float(np.median(np.concatenate(found)))


def _held_out_lines(texts: Sequence[Path]) -> Iterator[str]:
    """The sentences of texts that training leaves out."""
    lines = (row.sentences[0].strip() for path in texts for row in open_sentences(path) if row.error is None)
    return filter(is_held_out, lines)


def _inference_rows(paths: Sequence[Path]) -> Iterator[tuple[str, str, str]]:
    """Premise, hypothesis and label of every row. Raises DataError for a bad one."""
    for path in paths:
        file = open_pairs(path, labelled=True)
        for row in file:
            label = str(row.label).strip().lower()
            error = row.error
            if error is None and label not in LABELS:
                error = f"the label is {str(row.label)!r:.60}, and one of {', '.join(LABELS)} was expected"
            if error is not None:
                raise DataError(f"{file.where(row)}: {error}; {file.advice.row}.")
            yield row.sentences[0], row.sentences[1], label


def _right(
    model: SimilarityModel, head: str, rows: Sequence[tuple[str, str, str]], progress: Progress | None
) -> list[bool]:
    """Whether the most probable label is that of the row."""
    labels = [label.lower() for label in model.labels(head)]
    found = model.label_probabilities([(a, b) for a, b, _ in rows], head=head, progress=progress)
    return [labels[best] == label for best, (_, _, label) in zip(found.argmax(axis=1), rows, strict=True)]


def _scores(model: SimilarityModel, pairs: Sequence[tuple[str, str]], progress: Progress | None) -> dict[str, Float]:
    """What every scorer says, and TF-IDF."""
    return model.scores(pairs, progress=progress) | {tfidf.SCORER: tfidf.score_tfidf(pairs)}


def _list(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths))
