"""What a model is tried on, and what it answered: probes of held-out sentences and ten example pairs, in one record.

`bertsim probe` prints it; the folder of a trained encoder carries it in its card. Nothing here chooses anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bertsim.measuring.edits import Edit
from bertsim.measuring.probes import EXAMPLES
from bertsim.measuring.probing import (
    Found,
    inferring_head,
    probe_edits,
    probe_inference,
    probe_negation,
    probe_order,
    read_edits,
    read_inference,
    read_negation,
    read_order,
)

if TYPE_CHECKING:
    from bertsim.engines.batches import Progress
    from bertsim.model.similarity import SimilarityModel
    from bertsim.records import Float

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Trials:
    """What was read to be tried; None: not asked for.

    Attributes:
        negation: premises with their contradiction, and with their entailment.
        order: sentences with themselves swapped, and paraphrases.
        inference: premise, hypothesis and label.
        edits: by kind.
    """

    negation: tuple[Pairs, Pairs] | None
    order: tuple[Pairs, Pairs] | None
    inference: list[tuple[str, str, str]] | None
    edits: dict[str, list[Edit]] | None


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

    by_scorer: tuple[Found, ...]
    head: str | None
    by_head: tuple[Found, ...]
    scores: Mapping[str, Float]
    contradictions: Mapping[str, Float]
    inference: tuple[str, ...]


def read_trials(
    inference: Sequence[Path] = (),
    texts: Sequence[Path] = (),
    paraphrases: Path | None = None,
    edits: Sequence[Path] = (),
    antonyms: Path | None = None,
) -> Trials:
    """What the files hold to be tried; arguments as of the readers in `probing`.

    Raises:
        DataError: files that it cannot be had from.
    """
    return Trials(
        negation=read_negation(inference) if inference else None,
        order=read_order(texts, paraphrases) if texts or paraphrases else None,
        inference=read_inference(inference) if inference else None,
        edits=read_edits(edits, antonyms) if edits else None,
    )


def try_model(model: SimilarityModel, trials: Trials, progress: Progress | None = None) -> ProbeReport:
    """Try a model on everything that was read, and on the example pairs; `progress` is told after every batch."""
    head, by_scorer, by_head = inferring_head(model), [], []
    sizes = [
        *(sum(map(len, found)) if found else 0 for found in (trials.negation, trials.order)),
        len(trials.inference or ()) if head else 0,
        sum(map(len, trials.edits.values())) if head and trials.edits else 0,
    ]

    def told(place: int) -> Progress:
        start = sum(sizes[:place])
        return lambda done, total: progress and progress(start + sizes[place] * done // total, sum(sizes))

    if trials.negation is not None:
        by_scorer.append(probe_negation(model, *trials.negation, progress=told(0)))
    if trials.order is not None:
        by_scorer.append(probe_order(model, *trials.order, progress=told(1)))
    if head is not None and trials.inference is not None:
        by_head.append(probe_inference(model, head, trials.inference, progress=told(2)))
    if head is not None and trials.edits is not None:
        by_head += probe_edits(model, head, trials.edits, progress=told(3))
    pairs = [(a, b) for _, a, b in EXAMPLES]
    contradictions, inference = {}, []
    if head is not None:
        labels = model.labels(head)
        place = [label.lower() for label in labels].index("contradiction")
        turned = model.label_probabilities([(b, a) for a, b in pairs], head=head)
        found = model.label_probabilities(pairs, head=head)
        contradictions = {"contradicts": found[:, place], "reversed": turned[:, place]}
        inference = [f"{labels[int(row.argmax())]} {row.max():.2f}" for row in found]
    return ProbeReport(tuple(by_scorer), head, tuple(by_head), model.scores(pairs), contradictions, tuple(inference))
