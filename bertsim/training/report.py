"""What a finished folder is worth: measured on what is shipped, as it is served, beside the encoder it was made from.

Plain figures for `metrics.json`, the model card and the terminal. Nothing here chooses anything.
"""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bertsim.bert.folder import CheckpointFolder
from bertsim.data.pairs import open_sentences
from bertsim.measuring.probes import EXAMPLES, LEFT_OUT, first_by_checksum, is_held_out
from bertsim.measuring.probing import Found, sharpness
from bertsim.measuring.report import ProbeReport, read_trials, try_model
from bertsim.model.loading import load
from bertsim.model.similarity import SimilarityModel
from bertsim.records import Float
from bertsim.score.measures import cosine
from bertsim.training.examples import Examples, read_examples
from bertsim.training.losses import dev_metric
from bertsim.training.recipe import ReportPlan

_PLAIN = 1000  # sentences whose vectors are compared with those of the encoder that was started from
CALLS = 100  # so often one pair is scored to time it


@dataclass(frozen=True)
class FolderReport:
    """The figures of one folder."""

    columns: Mapping[str, Mapping[str, float]]  # by set ("SICK dev, Spearman"), by scorer; the base's cosine as "base"
    probes: Sequence[Found]  # what it was tried on, each by scorer
    fidelity: Mapping[str, float]  # cosine of its vectors to the base's: sentences, mean, smallest; {}: not asked for
    sharpness: float  # median over heads and tokens of the largest attention weight, as a multiple of even
    milliseconds: Mapping[str, float]  # median time of one pair, by scorer
    examples: Sequence[Mapping[str, Any]]  # ten pairs, each with what every scorer says
    base: str  # what the encoder that was started from is called


def measure_report(
    plan: ReportPlan,
    output: Path,
    encoder: CheckpointFolder,
    scored: Sequence[tuple[Examples, Mapping[str, Float]]],
    tell: Callable[[str], None],
) -> FolderReport:
    """Measure all that a report asks for.

    Args:
        plan: what to measure of `output`, the finished folder.
        encoder: that was started from; it is measured in fp32.
        scored: dev and test with what every scorer says of them; the base is measured on them too.
        tell: what is being done.

    Raises:
        DataError: a file that is missing, or has too few rows for what is asked of it.
    """
    model, base = load(output), load(encoder.path, engine="tensorflow", heads=False)
    sets = [(f"{part.source.name}, Spearman", part.pairs, part.targets, scores) for part, scores in scored]
    for kind, sources in (("Spearman", plan.correlation), ("ROC AUC", plan.separation)):
        for source in sources:
            tell(f"measuring {source.name}")
            part = read_examples(replace(source, hold_out=False), ("similar",), lambda sentence: None)
            chosen = [i for i, pair in enumerate(part.pairs) if not source.hold_out or any(map(is_held_out, pair))]
            pairs = tuple(part.pairs[i] for i in chosen)
            sets.append((f"{source.name}, {kind}", pairs, part.targets[chosen], model.scores(pairs)))
    columns = {}
    for name, pairs, targets, scores in sets:
        every = {**scores, "base": base.score(pairs)}
        columns[name] = {scorer: dev_metric(each[:, None], targets) for scorer, each in every.items()}
    tell("probing")
    trials = read_trials(plan.inference, plan.swapped, plan.paraphrases, plan.edits, plan.antonyms)
    tried, plain, fidelity = try_model(model, trials), _plain(plan.plain), {}
    if plain:
        cosines = cosine(model.embed(plain), base.embed(plain))
        mean, smallest = float(cosines.mean()), float(cosines.min())
        fidelity = {"sentences": len(plain), "mean": mean, "smallest": smallest}
    probes, sharp = [*tried.by_scorer, *tried.by_head], sharpness(model, plain[::10] or [a for _, a, _ in EXAMPLES])
    return FolderReport(columns, probes, fidelity, sharp, _milliseconds(model), _examples(tried), encoder.name)


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
        seconds = timeit.repeat(partial(model.score, pair, scorer=scorer), number=1, repeat=CALLS)
        found[scorer] = 1000 * statistics.median(seconds)
    return found


def _examples(tried: ProbeReport) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for i, (what, a, b) in enumerate(EXAMPLES):
        scores = {name: float(each[i]) for name, each in tried.scores.items() if name not in LEFT_OUT}
        inference = {"inference": tried.inference[i]} if tried.inference else {}
        rows.append({"what": what, "A": a, "B": b, **scores, **inference})
    return rows
