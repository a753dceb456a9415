"""The model card of a trained folder: a section of its README.md, every figure of which came from the run.

It stands between two marks and is replaced by the next run; what people wrote around it stays.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bertsim.bert.folder import CheckpointFolder
from bertsim.errors import InputError
from bertsim.measuring.probes import LEFT_OUT
from bertsim.training.report import CALLS, FolderReport
from bertsim.training.run import Trained
from bertsim.version import __version__

START, END = "<!-- heads: written by `bertsim train` -->", "<!-- end of heads -->"


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
    rows = [[f"`{scorer}`", *(values.get(scorer, "–") for values in columns.values())] for scorer in scorers]
    lines = [*_table(["scorer", *columns], rows, 4), "", *(f"- {probe.name}: {probe.trials}" for probe in several)]
    if single:
        rows = [[probe.name, *probe.values.values(), f"{probe.count:,}"] for probe in single]
        lines += ["", *_table(["tried on", "right", "trials"], rows, 3)]
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
        f"- one pair, median of {CALLS} calls on the machine that trained: {times}",
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
    said = f"As served (int8), {named}. ECE: of the calibrated probability, fitted on dev."
    return [said, "", *_table(head, rows)]


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
