"""What a finished folder is worth: measured on what is shipped, as it is served, beside the encoder it was made from.

In: `ReportPlan`, the finished folder and the encoder that was started from (in fp32). Out: `Report`, plain figures for
`metrics.json`, the model card and the terminal. Nothing here chooses anything.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bertsim.datasets import open_sentences
from bertsim.pipeline import SimilarityModel
from bertsim.probes import EXAMPLES, LEFT_OUT, first_by_checksum, is_held_out
from bertsim.probing import (
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
    sharpness,
)
from bertsim.scoring import cosine
from bertsim.training.batches import dev_metric
from bertsim.training.examples import read_examples
from bertsim.training.recipe import ReportPlan

_PLAIN = 1000  # sentences whose vectors are compared with those of the encoder that was started from
_CALLS = 100  # of one pair
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Report:
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

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    def as_lines(self) -> list[str]:
        """The figures as Markdown."""
        probes = [probe for probe in self.probes if len(probe.values) > 1]
        columns = dict(self.columns) | {probe.name: probe.values for probe in probes}
        lines = [*_table(columns), ""]
        lines += [f"- {probe.name}: {probe.trials}" for probe in probes]
        single = [probe for probe in self.probes if len(probe.values) == 1]
        if single:
            lines += ["", "| tried on | right | ECE | trials |", "|---|---|---|---|"]
            for probe in single:
                ece = "–" if probe.ece is None else f"{probe.ece:.3f}"
                lines.append(
                    f"| {probe.name} | {next(iter(probe.values.values())):.3f} | {ece} | {probe.count:,} |"
                )
        lines.append("")
        if self.fidelity:
            lines.append(
                f"- cosine of its vectors to those of {self.base}, {self.fidelity['sentences']:,.0f} held-out plain "
                f"sentences: mean {self.fidelity['mean']:.4f}, smallest {self.fidelity['smallest']:.4f}"
            )
        lines.append(
            f"- attention: the median over heads and tokens of the largest weight is {self.sharpness:.1f} times even"
        )
        times = ", ".join(f"`{name}` {value:.2f} ms" for name, value in self.milliseconds.items())
        lines.append(f"- one pair, median of {_CALLS} calls on the machine that trained: {times}")
        return [
            *lines,
            "",
            "What it says of ten pairs, the wrong answers too:",
            "",
            *_example_table(self.examples),
        ]


def measure_report(
    plan: ReportPlan,
    model: SimilarityModel,
    base: SimilarityModel,
    base_name: str,
    sets: Mapping[str, tuple[Sequence[tuple[str, str]], Any]],
    tell: Tell,
) -> Report:
    """Measure all that a report asks for.

    Args:
        plan: what to measure.
        model: the finished folder, as it is served.
        base, base_name: the encoder that was started from, in fp32, and what to call it.
        sets: pairs and targets of dev and test, which the base is measured on too.
        tell: what is being done.

    Raises:
        DataError: a file that is missing, or has too few rows for what is asked of it.
    """
    columns: dict[str, dict[str, float]] = {}
    for name, (pairs, targets) in sets.items():
        columns[f"{name}, Spearman"] = _compare(model, base, pairs, targets)
    for kind, sources in (("Spearman", plan.correlation), ("ROC AUC", plan.separation)):
        for source in sources:
            tell(f"measuring {source.name}")
            read = read_examples(replace(source, hold_out=False), ("similar",), lambda sentence: None)
            chosen = _held_out(read.pairs) if source.hold_out else range(len(read))
            pairs = [read.pairs[i] for i in chosen]
            columns[f"{source.name}, {kind}"] = _compare(model, base, pairs, read.targets[list(chosen)])
    tell("probing")
    plain = _plain(plan.plain)
    return Report(
        columns,
        _probe(plan, model),
        _fidelity(model, base, plain) if plain else {},
        sharpness(model, plain[::10] or [a for _, a, _ in EXAMPLES]),
        _milliseconds(model),
        _examples(model),
        base_name,
    )


def _compare(
    model: SimilarityModel, base: SimilarityModel, pairs: Sequence[tuple[str, str]], targets: Any
) -> dict[str, float]:
    found = {name: dev_metric(scores[:, None], targets) for name, scores in model.scores(pairs).items()}
    return found | {"base": dev_metric(base.score(pairs)[:, None], targets)}


def _held_out(pairs: Sequence[tuple[str, str]]) -> list[int]:
    return [i for i, pair in enumerate(pairs) if any(map(is_held_out, pair))]


def _plain(paths: Sequence[Path]) -> list[str]:
    """Held-out sentences of several texts, as many of each, by checksum."""
    found: list[str] = []
    for path in paths:
        rows = (row.sentences[0].strip() for row in open_sentences(path) if row.error is None)
        held_out = dict.fromkeys(sentence for sentence in rows if is_held_out(sentence))
        chosen = first_by_checksum([(sentence, "") for sentence in held_out], _PLAIN // len(paths))
        found += [sentence for sentence, _ in chosen]
    return found


def _fidelity(model: SimilarityModel, base: SimilarityModel, sentences: Sequence[str]) -> dict[str, float]:
    cosines = cosine(model.embed(sentences), base.embed(sentences))
    return {"sentences": len(sentences), "mean": float(cosines.mean()), "smallest": float(cosines.min())}


def _probe(plan: ReportPlan, model: SimilarityModel) -> list[Found]:
    head = inferring_head(model)
    found: list[Found] = []
    if plan.inference:
        found.append(probe_negation(model, *read_negation(plan.inference)))
    if plan.swapped and plan.paraphrases is not None:
        found.append(probe_order(model, *read_order(plan.swapped, plan.paraphrases)))
    if head is not None and plan.inference:
        found.append(probe_inference(model, head, read_inference(plan.inference)))
    if head is not None and plan.edits:
        found += probe_edits(model, head, read_edits(plan.edits, plan.antonyms))
    return found


def _milliseconds(model: SimilarityModel) -> dict[str, float]:
    pair = [("A man is playing a guitar on the stage.", "Somebody plays the guitar in front of people.")]
    found = {}
    for scorer in (name for name in model.scorers if name not in LEFT_OUT):
        seconds = []
        for _ in range(_CALLS):
            start = time.perf_counter()
            model.score(pair, scorer=scorer)
            seconds.append(time.perf_counter() - start)
        found[scorer] = 1000 * statistics.median(seconds)
    return found


def _examples(model: SimilarityModel) -> list[dict[str, Any]]:
    pairs = [(a, b) for _, a, b in EXAMPLES]
    scores = model.scores(pairs)
    rows = [
        {"what": what, "A": a, "B": b} | {n: float(v[i]) for n, v in scores.items() if n not in LEFT_OUT}
        for i, (what, a, b) in enumerate(EXAMPLES)
    ]
    head = inferring_head(model)
    if head is not None:
        labels = model.labels(head)
        for row, shares in zip(rows, model.label_probabilities(pairs, head=head), strict=True):
            row["inference"] = f"{labels[int(np.argmax(shares))]} {shares.max():.2f}"
    return rows


def _table(columns: Mapping[str, Mapping[str, float]]) -> list[str]:
    """A row for each scorer and a column for each set; the encoder that was started from is the last row."""
    scorers = list(dict.fromkeys(scorer for values in columns.values() for scorer in values))
    shown = [s for s in scorers if s not in (*LEFT_OUT, "base")] + ["base"]
    lines = ["| scorer | " + " | ".join(columns) + " |", "|" + "---|" * (1 + len(columns))]
    for scorer in shown:
        cells = (f"{values[scorer]:.4f}" if scorer in values else "–" for values in columns.values())
        lines.append(f"| `{scorer}` | " + " | ".join(cells) + " |")
    return lines


def _example_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    for row in rows:
        cells = (f"{row[n]:.2f}" if isinstance(row[n], float) else str(row[n]) for n in names)
        lines.append("| " + " | ".join(cells) + " |")
    return lines
