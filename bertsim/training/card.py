"""What a finished folder is worth: measured as it is served, and told in its model card.

The card is a section of README.md, between two marks, every figure of which came from the run; the next run replaces
it, and what people wrote around it stays. Nothing here chooses anything.
"""

from __future__ import annotations

import os
import platform
import re
import statistics
import timeit
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bertsim.bert.folder import CheckpointFolder
from bertsim.data.pairs import open_sentences
from bertsim.errors import InputError
from bertsim.measuring.probes import EXAMPLES, LEFT_OUT, first_by_checksum, is_held_out
from bertsim.measuring.probing import Found, ProbeReport, read_trials, sharpness, try_model
from bertsim.model.loading import load
from bertsim.model.similarity import SimilarityModel
from bertsim.records import Float
from bertsim.score.measures import cosine
from bertsim.training.examples import Examples, read_examples
from bertsim.training.losses import dev_metric
from bertsim.training.recipe import ReportPlan
from bertsim.training.run import Trained
from bertsim.version import __version__

START, END = "<!-- heads: written by `bertsim train` -->", "<!-- end of heads -->"
_PLAIN = 1000  # sentences whose vectors are compared with those of the encoder that was started from
_CALLS = 100  # so often one pair is scored to time it


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
    """Measure what a plan asks for of `output`, the finished folder, and on it of `encoder`, its fp32 base.

    `scored` are dev and test with what every scorer says of them; `tell` is told what is being done.

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
        seconds = timeit.repeat(partial(model.score, pair, scorer=scorer), number=1, repeat=_CALLS)
        found[scorer] = 1000 * statistics.median(seconds)
    return found


def _examples(tried: ProbeReport) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for i, (what, a, b) in enumerate(EXAMPLES):
        scores = {name: float(each[i]) for name, each in tried.scores.items() if name not in LEFT_OUT}
        inference = {"inference": tried.inference[i]} if tried.inference else {}
        rows.append({"what": what, "A": a, "B": b, **scores, **inference})
    return rows


def write_card(
    output: Path,
    encoder: CheckpointFolder,
    trained: Sequence[Trained],
    figures: Mapping[str, Mapping[str, Any]],
    report: FolderReport | None,
) -> None:
    """Write or replace the section in `output/README.md`; arguments as of `output.finish_output`."""
    plan = trained[-1].plan
    hours = sum(epoch.seconds for run in trained for epoch in run.progress.history) / 3600
    tuned = f" The encoder was tuned from {encoder.name} (SHA-256 {encoder.sha256[:12]}…)." if plan.learns else ""
    lines = [
        "## Encoder and heads, as trained" if plan.learns else "## Heads, as trained",
        "",
        f"By `bertsim train` {__version__}, seed {plan.seed}.{tuned} {hours:.1f} hours of steps on {_machine()}.",
    ]
    for run in trained:
        lines += ["", *_run_lines(run)]
    if figures:
        lines += ["", *_figures(trained[-1], figures)]
    if report is not None:
        lines += ["", "## Measured, as served", "", *report_lines(report)]
    replace_section(output / "README.md", lines)


def replace_section(path: Path, lines: Sequence[str]) -> None:
    """Write `lines` between the marks of a Markdown file, at its end where it has none.

    Raises:
        InputError: it is not UTF-8 text.
    """
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else f"# {path.resolve().parent.name}\n"
    except UnicodeDecodeError as error:
        raise InputError(
            f"the encoder's {path.name} is not UTF-8 ({error.reason} at byte {error.start}); mend it, or remove it."
        ) from None
    before, _, rest = text.partition(START)
    after = rest.partition(END)[2] if END in rest else rest
    section = "\n".join([START, *lines, END])
    path.write_text(f"{before.rstrip()}\n\n{section}\n{after.lstrip()}", encoding="utf-8")


def _run_lines(run: Trained) -> list[str]:
    plan, best, history = run.plan, run.progress.best, run.progress.history
    names = []
    for head in plan.heads:
        units = f", units {'+'.join(map(str, head.units))}" if head.units else ""
        names.append(f"`{head.name}` ({head.kind}, sentences {head.inputs}{units})")
    lines = [
        f"- {', '.join(names) or 'cosine'}: epoch {best + 1} of {len(history)} kept, training loss "
        f"{history[best].loss:.4f}; {sum(epoch.seconds for epoch in history):.0f} s; batches of {plan.batch_size}, "
        f"learning rate {plan.learning_rate:g}."
    ]
    for part in run.data.parts:
        source = part.source
        notes = [str(source.kind) if source.edit is None else f"{source.kind}: {source.edit}"]
        if source.per_epoch is not None and source.per_epoch < len(part):
            notes.append(f"{source.per_epoch:,} an epoch")
        if source.epochs is not None:
            notes.append("epochs {}–{}".format(*source.epochs))
        if source.weight != 1:
            notes.append(f"weight {source.weight:g}")
        if part.skipped:
            notes.append(f"{part.skipped:,} left out")
        lines.append(f"  - `{source.name}`: {len(part):,} pairs ({', '.join(notes)})")
    return lines


def report_lines(report: FolderReport) -> list[str]:
    """The figures of a report as Markdown."""
    several = [probe for probe in report.probes if len(probe.values) > 1]
    single = [probe for probe in report.probes if len(probe.values) == 1]
    columns = dict(report.columns) | {probe.name: probe.values for probe in several}
    found = dict.fromkeys(scorer for values in columns.values() for scorer in values)
    scorers = [*(each for each in found if each not in (*LEFT_OUT, "base")), "base"]
    rows: list[list[object]] = [
        [f"`{scorer}`", *(values.get(scorer, "–") for values in columns.values())] for scorer in scorers
    ]
    lines = [*_table(["scorer", *columns], rows, 4), "", *(f"- {probe.name}: {probe.trials}" for probe in several)]
    if single:
        rows = [[probe.name, *probe.values.values(), probe.ece, f"{probe.count:,}"] for probe in single]
        lines += ["", *_table(["tried on", "right", "ECE", "trials"], rows, 3)]
    lines.append("")
    if report.fidelity:
        lines.append(
            f"- cosine of its vectors to those of {report.base}, {report.fidelity['sentences']:,.0f} held-out plain "
            f"sentences: mean {report.fidelity['mean']:.4f}, smallest {report.fidelity['smallest']:.4f}"
        )
    times = ", ".join(f"`{name}` {value:.2f} ms" for name, value in report.milliseconds.items())
    return [
        *lines,
        f"- attention: the median over heads and tokens of the largest weight is {report.sharpness:.1f} times even",
        f"- one pair, median of {_CALLS} calls on {_machine()}: {times}",
        *("", "What it says of ten pairs, the wrong answers too:", ""),
        *_table(list(report.examples[0]), [list(row.values()) for row in report.examples], 2),
    ]


def _figures(run: Trained, figures: Mapping[str, Mapping[str, Any]]) -> list[str]:
    sets = run.data.measured
    named = ", ".join(f"{name} = `{part.source.name}`" for name, part in sets.items())
    head = ["scorer", *(each for name in sets for each in (f"Spearman {name}", "95 %", f"ECE {name}"))]
    rows = []
    for scorer, table in figures.items():
        rows.append([f"`{scorer}`"])
        for found in (table[name] for name in sets):
            interval = "{:.3f}–{:.3f}".format(*found["spearman_interval"])
            rows[-1] += [f"{found['spearman']:.4f}", interval, f"{found['ece']:.3f}" if "ece" in found else "–"]
    return [f"As served (int8), {named}. ECE: of the calibrated probability, fitted on dev.", "", *_table(head, rows)]


def _table(head: Sequence[str], rows: Sequence[Sequence[object]], places: int = 0) -> list[str]:
    """A table in Markdown; numbers with so many decimal places."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = (f"{cell:.{places}f}" if isinstance(cell, float) else str(cell) for cell in row)
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _machine() -> str:
    """What this computer is, in words. Example: "2 cores of an Intel(R) Xeon(R) Processor @ 2.50GHz"."""
    info = Path("/proc/cpuinfo")  # Linux
    text = info.read_text(encoding="utf-8", errors="replace") if info.exists() else ""
    found = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return f"{os.cpu_count()} cores of an {found[1] if found else platform.machine()}"
