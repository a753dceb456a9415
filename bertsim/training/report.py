"""What a finished folder is worth: measured on what is shipped, as it is served, beside the encoder it was made from.

Plain figures for `metrics.json`, the model card and the terminal. Nothing here chooses anything.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bertsim.bert.folder import CheckpointFolder
from bertsim.data.pairs import open_sentences
from bertsim.measuring.probes import EXAMPLES, LEFT_OUT, first_by_checksum, is_held_out
from bertsim.measuring.probing import Found, ProbeReport, read_trials, sharpness, try_model
from bertsim.model.loading import load
from bertsim.model.similarity import SimilarityModel
from bertsim.records import Float
from bertsim.score.measures import cosine
from bertsim.training.examples import Examples, read_examples
from bertsim.training.losses import dev_metric
from bertsim.training.recipe import ReportPlan

_PLAIN = 1000  # sentences whose vectors are compared with those of the encoder that was started from
CALLS = 100
"""So often one pair is scored to time it."""


@dataclass(frozen=True)
class FolderReport:
    """The figures of one folder.

    Attributes:
        columns: by set ("SICK dev, Spearman"), by scorer; the base encoder's cosine under `base`.
        probes: what it was tried on, each by scorer.
        fidelity: cosine of its vectors to the base's: sentences, mean, smallest; empty where it was not asked for.
        sharpness: median over heads and tokens of the largest attention weight, as a multiple of even.
        milliseconds: median time of one pair, by scorer.
        examples: ten pairs, each with what every scorer says.
        base: what the encoder that was started from is called.
    """

    columns: Mapping[str, Mapping[str, float]]
    probes: Sequence[Found]
    fidelity: Mapping[str, float]
    sharpness: float
    milliseconds: Mapping[str, float]
    examples: Sequence[Mapping[str, Any]]
    base: str


def measure_report(
    plan: ReportPlan,
    output: Path,
    encoder: CheckpointFolder,
    scored: Sequence[tuple[Examples, Mapping[str, Float]]],
    tell: Callable[[str], None],
) -> FolderReport:
    """Measure all that a report asks for.

    Args:
        plan: what to measure.
        output: the finished folder.
        encoder: that was started from; it is measured in fp32.
        scored: dev and test with what every scorer says of them; the base is measured on them too.
        tell: what is being done.

    Raises:
        DataError: a file that is missing, or has too few rows for what is asked of it.
    """
    model, base = load(output), load(encoder.path, engine="tensorflow", heads=False)
    columns = {}
    for part, scores in scored:
        columns[f"{part.source.name}, Spearman"] = _column(base, part.pairs, part.targets, scores)
    for kind, sources in (("Spearman", plan.correlation), ("ROC AUC", plan.separation)):
        for source in sources:
            tell(f"measuring {source.name}")
            part = read_examples(replace(source, hold_out=False), ("similar",), lambda sentence: None)
            chosen = [i for i, pair in enumerate(part.pairs) if not source.hold_out or any(map(is_held_out, pair))]
            pairs = [part.pairs[i] for i in chosen]
            scores = model.scores(pairs)
            columns[f"{source.name}, {kind}"] = _column(base, pairs, part.targets[chosen], scores)
    tell("probing")
    trials = read_trials(plan.inference, plan.swapped, plan.paraphrases, plan.edits, plan.antonyms)
    tried, plain, fidelity = try_model(model, trials), _plain(plan.plain), {}
    if plain:
        cosines = cosine(model.embed(plain), base.embed(plain))
        mean, smallest = float(cosines.mean()), float(cosines.min())
        fidelity = {"sentences": len(plain), "mean": mean, "smallest": smallest}
    return FolderReport(
        columns,
        [*tried.by_scorer, *tried.by_head],
        fidelity,
        sharpness(model, plain[::10] or [a for _, a, _ in EXAMPLES]),
        _milliseconds(model),
        _examples(tried),
        encoder.name,
    )


def _column(
    base: SimilarityModel, pairs: Sequence[tuple[str, str]], targets: Float, scores: Mapping[str, Float]
) -> dict[str, float]:
    every = {**scores, "base": base.score(pairs)}
    return {scorer: dev_metric(each[:, None], targets) for scorer, each in every.items()}


def _plain(paths: Sequence[Path]) -> list[str]:
    """Held-out sentences of several texts, as many of each, by checksum."""
    found: list[str] = []
    for path in paths:
        rows = (row.sentences[0].strip() for row in open_sentences(path) if row.error is None)
        held_out = dict.fromkeys(sentence for sentence in rows if is_held_out(sentence))
        chosen = first_by_checksum([(sentence, "") for sentence in held_out], _PLAIN // len(paths))
        found += [sentence for sentence, _ in chosen]
    return found


def _milliseconds(model: SimilarityModel) -> dict[str, float]:
    pair = [("A man is playing a guitar on the stage.", "Somebody plays the guitar in front of people.")]
    found = {}
    for scorer in (name for name in model.scorers if name not in LEFT_OUT):
        seconds = []
        for _ in range(CALLS):
            start = time.perf_counter()
            model.score(pair, scorer=scorer)
            seconds.append(time.perf_counter() - start)
        found[scorer] = 1000 * statistics.median(seconds)
    return found


def _examples(tried: ProbeReport) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for i, (what, a, b) in enumerate(EXAMPLES):
        scores = {name: float(each[i]) for name, each in tried.scores.items() if name not in LEFT_OUT}
        inference = {"inference": tried.inference[i]} if tried.inference else {}
        rows.append({"what": what, "A": a, "B": b, **scores, **inference})
    return rows
