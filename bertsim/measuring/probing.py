"""What a model is probed on: files -> trials, and a model's answers to them -> the share that is right.

Trials are of the tenth that nothing is trained on (`probes.is_held_out`). `bertsim probe` prints the figures; a trained
encoder carries them in its card. Nothing here chooses anything. numpy and scikit-learn; no keras.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bertsim.data.pairs import open_pairs, open_sentences
from bertsim.errors import DataError, InputError
from bertsim.heads.config import LABELS
from bertsim.measuring import tfidf
from bertsim.measuring.agreement import judge_probabilities
from bertsim.measuring.edits import KINDS, make_edits, take_evenly
from bertsim.measuring.edits.antonyms import EVERYDAY, UNSEEN, read_antonyms
from bertsim.measuring.labelled import find_label
from bertsim.measuring.probes import (
    EXAMPLES,
    checksum,
    first_by_checksum,
    is_held_out,
    negation_trials,
    order_trials,
    share_ranked_below,
)

if TYPE_CHECKING:
    from bertsim.engines.base import Progress
    from bertsim.model.similarity import SimilarityModel
    from bertsim.records import Float

MOST = 300  # sentences swapped and paraphrases beside them, edits of a kind
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
Pairs = list[tuple[str, str]]
Labelled = tuple[str, str, str]
"""Premise, hypothesis and label, one of `LABELS`."""


@dataclass(frozen=True)
class Trials:
    """What was read to be tried.

    Attributes:
        negation: premises with their contradiction, and with their entailment; None: not asked for.
        order: sentences with themselves swapped, and paraphrases; None: not asked for.
        labelled: pairs under "inference", and under each kind of edits; only what was asked for.
    """

    negation: tuple[Pairs, Pairs] | None
    order: tuple[Pairs, Pairs] | None
    labelled: Mapping[str, Sequence[Labelled]]


@dataclass(frozen=True)
class Found:
    """What one probe measured.

    Attributes:
        name: "negation" (share ranked right), "word order" (ROC AUC), "inference" or a kind of edits (share of labels
            that are right); 1 at best, by chance 0.5 of the first two.
        trials: in words, how many of what.
        values: by scorer, TF-IDF too; of labels by head.
        count: how many trials.
        ece: of labels, the expected calibration error of the most probable one; None: not measured.
    """

    name: str
    trials: str
    values: Mapping[str, float]
    count: int
    ece: float | None = None


@dataclass(frozen=True)
class ProbeReport:
    """What a model answered.

    Attributes:
        by_scorer: negation and word order.
        head: that tells entailment, neutral and contradiction apart; None: the model has none.
        by_head: inference, then edits by kind.
        scores: of the example pairs, float32 [10] by scorer.
        contradictions: how probable the head takes a contradiction to be, float32 [10]: "contradicts", and "reversed"
            of the pairs the other way round; empty without a head.
        inference: the head's label of each example pair with its probability; empty without a head.
    """

    by_scorer: Sequence[Found]
    head: str | None
    by_head: Sequence[Found]
    scores: Mapping[str, Float]
    contradictions: Mapping[str, Float]
    inference: Sequence[str]


def read_trials(
    inference: Sequence[Path] = (),
    texts: Sequence[Path] = (),
    paraphrases: Path | None = None,
    edits: Sequence[Path] = (),
    antonyms: Path | None = None,
) -> Trials:
    """What the files hold to be tried.

    Args:
        inference: pairs with one of `LABELS`, for negation and inference.
        texts, paraphrases: sentences to swap, and pairs that mean the same; word order needs both.
        edits, antonyms: see `read_edits`.

    Raises: DataError, for a file that cannot be read, a bad row, or too few trials of a kind; names the file.
    """
    negation = read_negation(inference) if inference else None
    order = read_order(texts, paraphrases) if texts or paraphrases else None
    labelled: dict[str, Sequence[Labelled]] = {"inference": read_inference(inference)} if inference else {}
    if edits:
        labelled |= read_edits(edits, antonyms)
    return Trials(negation, order, labelled)


def read_negation(paths: Sequence[Path]) -> tuple[Pairs, Pairs]:
    """Held-out premises with their contradiction, and the same with their entailment; errors as `read_trials`."""
    trials = negation_trials(row for row in _inference_rows(paths) if is_held_out(row[0]))
    _enough(trials, paths, "held-out premises have a contradiction in their words and an entailment")
    return [(premise, against) for premise, against, _ in trials], [(a, b) for a, _, b in trials]


def read_order(texts: Sequence[Path], paraphrases: Path | None) -> tuple[Pairs, Pairs]:
    """Held-out sentences with themselves swapped, and held-out paraphrases.

    Raises:
        DataError: one of the two is missing; else as `read_trials`.
    """
    if not texts or paraphrases is None:
        raise DataError("word order needs both --text FILE and --paraphrases FILE.")
    swapped = order_trials(held_out_lines(texts), MOST)
    same = first_by_checksum([pair for pair in _pairs_of(paraphrases) if is_held_out(pair[0])], MOST)
    _enough(swapped, texts, "held-out sentences whose noun phrases can be swapped")
    _enough(same, [paraphrases], "held-out pairs")
    return swapped, same


def read_inference(paths: Sequence[Path]) -> list[Labelled]:
    """The pairs that training leaves out: one of their sentences is held out; errors as `read_trials`."""
    rows = [row for row in _inference_rows(paths) if any(map(is_held_out, row[:2]))]
    _enough(rows, paths, "pairs have a held-out sentence")
    return rows


def read_edits(texts: Sequence[Path], antonyms: Path | None, most: int = MOST) -> Mapping[str, Sequence[Labelled]]:
    """Minimal edits of held-out sentences, of every kind so many, as even over their labels as there are.

    Args:
        texts: one sentence a line, or a table with a column of them.
        antonyms: opposites beside the everyday ones; those that are held out from training are a kind of their own.
        most: edits of a kind.

    Raises:
        DataError: a file that cannot be read, or too few edits of a kind; says which sentences to add.
    """
    sentences = sorted(set(held_out_lines(texts)), key=checksum)
    opposites = EVERYDAY if antonyms is None else read_antonyms(antonyms)
    made = {kind: make_edits(kind, sentences, antonyms=opposites.seen()) for kind in KINDS}
    made[UNSEEN] = make_edits("antonym", sentences, antonyms=opposites.held_out())
    found = {kind: take_evenly(edits, most) for kind, edits in made.items()}
    for kind, edits in found.items():
        what = f"edits of the kind {kind!r} can be made of held-out sentences"
        _enough(edits, texts, what, _FEWEST_EDITS, f': add a text with more sentences such as "{ASKED_FOR[kind]}"')
    return found


def _enough(
    found: Sequence[object], paths: Sequence[Path], what: str, fewest: int = _FEWEST, advice: str = "."
) -> None:
    if len(found) < fewest:
        files = ", ".join(map(str, paths))
        raise DataError(f"{files}: {len(found)} {what}; at least {fewest} are needed{advice}")


def held_out_lines(texts: Sequence[Path]) -> Iterator[str]:
    """The sentences of texts that training leaves out."""
    lines = (row.sentences[0].strip() for path in texts for row in open_sentences(path) if row.error is None)
    return filter(is_held_out, lines)


def _pairs_of(path: Path) -> Iterator[tuple[str, str]]:
    """The two sentences of every row. Raises DataError for a bad one."""
    file = open_pairs(path)
    for row in file:
        if row.error is not None:
            raise DataError(f"{file.where(row)}: {row.error}; {file.advice.row}.")
        yield row.sentences[0], row.sentences[1]


def _inference_rows(paths: Sequence[Path]) -> Iterator[Labelled]:
    """Premise, hypothesis and label of every row. Raises DataError for a bad one."""
    for path in paths:
        file = find_label(open_pairs(path))
        for row in file:
            label = str(row.label).strip().lower()
            error = row.error
            if error is None and label not in LABELS:
                error = f"the label is {str(row.label)!r:.60}, and one of {', '.join(LABELS)} was expected"
            if error is not None:
                raise DataError(f"{file.where(row)}: {error}; {file.advice.row}.")
            yield row.sentences[0], row.sentences[1], label


def try_model(model: SimilarityModel, trials: Trials, progress: Progress | None = None) -> ProbeReport:
    """Try a model on everything that was read, and on the example pairs; `progress` is told after every batch."""
    head = model.inferring_head
    probes = ((probe_negation, trials.negation), (probe_order, trials.order))
    ranked = [(probe, of_kind) for probe, of_kind in probes if of_kind is not None]
    labelled = trials.labelled if head is not None else {}
    sizes = [*(sum(map(len, of_kind)) for _, of_kind in ranked), sum(map(len, labelled.values()))]

    def told(place: int) -> Progress:
        start = sum(sizes[:place])
        return lambda done, total: progress and progress(start + sizes[place] * done // total, sum(sizes))

    by_scorer = [probe(model, *of_kind, told(place)) for place, (probe, of_kind) in enumerate(ranked)]
    by_head, contradictions, inference = [], {}, []
    pairs = [(a, b) for _, a, b in EXAMPLES]
    if head is not None:
        by_head = probe_labels(model, head, labelled, told(len(ranked))) if labelled else []
        labels = model.labels(head)
        place = [label.lower() for label in labels].index("contradiction")
        turned = model.label_probabilities([(b, a) for a, b in pairs], head=head)
        found = model.label_probabilities(pairs, head=head)
        contradictions = {"contradicts": found[:, place], "reversed": turned[:, place]}
        inference = [f"{labels[int(row.argmax())]} {row.max():.2f}" for row in found]
    return ProbeReport(by_scorer, head, by_head, model.scores(pairs), contradictions, inference)


def probe_negation(model: SimilarityModel, against: Pairs, following: Pairs, progress: Progress | None = None) -> Found:
    """Share of premises whose contradiction scores below the entailment."""
    scores = _by_scorer(model, against, following, progress)
    values = {name: share_ranked_below(*sides) for name, sides in scores.items()}
    trials = f"{len(against):,} premises, share whose contradiction scores below their entailment"
    return Found("negation", trials, values, len(against))


def probe_order(model: SimilarityModel, swapped: Pairs, same: Pairs, progress: Progress | None = None) -> Found:
    """ROC AUC of paraphrases against sentences with their roles swapped."""
    from sklearn.metrics import roc_auc_score

    is_same, scores = [0] * len(swapped) + [1] * len(same), _by_scorer(model, swapped, same, progress)
    values = {name: float(roc_auc_score(is_same, np.concatenate(sides))) for name, sides in scores.items()}
    trials = f"{len(swapped):,} sentences swapped against {len(same):,} paraphrases, ROC AUC"
    return Found("word order", trials, values, len(swapped) + len(same))


def _by_scorer(
    model: SimilarityModel, lower: Pairs, higher: Pairs, progress: Progress | None
) -> dict[str, list[Float]]:
    """The scores, by every scorer and TF-IDF, of pairs that are to score low, and of others."""
    pairs = lower + higher
    scores = model.scores(pairs, progress=progress) | {tfidf.SCORER: tfidf.score_tfidf(pairs)}
    return {name: np.split(each, [len(lower)]) for name, each in scores.items()}


def probe_labels(
    model: SimilarityModel, head: str, rows: Mapping[str, Sequence[Labelled]], progress: Progress | None = None
) -> list[Found]:
    """By kind the share of pairs whose most probable label is the given one, and how honest its probability is.

    Args:
        model: with the head.
        head: `model.inferring_head`.
        rows: under "inference", or the kind of edits.
        progress: told after every batch.
    """
    labels = [label.lower() for label in model.labels(head)]
    every = [row for of_kind in rows.values() for row in of_kind]
    said = model.label_probabilities([(a, b) for a, b, _ in every], head=head, progress=progress)
    right = said.argmax(axis=1) == np.array([labels.index(label) for _, _, label in every])
    found, start = [], 0
    for kind, of_kind in rows.items():
        what = "held-out pairs" if kind == "inference" else "edits of held-out sentences"
        part = slice(start, start := start + len(of_kind))
        ece = judge_probabilities(said[part].max(axis=1), right[part]).ece
        found.append(Found(kind, f"{len(of_kind):,} {what}", {head: float(right[part].mean())}, len(of_kind), ece))
    return found


def sharpness(model: SimilarityModel, sentences: Sequence[str]) -> float:
    """How sharp attention is: the largest weight of a row times the tokens it is spread over; 1 = even.

    It is the median over sentences, each read alone by the model's encoder, layers, heads and rows.

    Raises: InputError, if there is no sentence, or one that cannot be read.
    Example: the row [0.7, 0.1, 0.1, 0.1] -> 2.8
    """
    if not sentences:
        raise InputError("sharpness is measured on sentences, and there is none; give at least one.")
    found = []
    for sentence in sentences:
        attentions = model.encode(model.tokenize([sentence])).attentions
        found.append(attentions.max(axis=-1).ravel() * attentions.shape[-1])
    return float(np.median(np.concatenate(found)))
