"""The model card of a trained folder: a section of its README.md, every figure of which came from the run.

What the encoder's own card says stays; the section stands between two marks and is replaced by the next run.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bertsim.training.plan import TrainPlan
from bertsim.training.report import Report
from bertsim.training.run import Encoder, Trained
from bertsim.training.section import replace_section
from bertsim.version import __version__

START, END = "<!-- heads: written by `bertsim train` -->", "<!-- end of heads -->"


def write_card(
    output: Path,
    encoder: Encoder,
    trained: Sequence[Trained],
    figures: Mapping[str, Mapping[str, Any]],
    report: Report | None = None,
) -> None:
    """Write or replace the section in `output/README.md`."""
    lines = _lines(encoder, trained, figures)
    if report is not None:
        lines += ["", "## Measured, as served", "", *report.as_lines()]
    replace_section(output / "README.md", START, END, lines)


def _lines(
    encoder: Encoder, trained: Sequence[Trained], figures: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    plan = trained[-1].plan
    what = "Encoder and heads" if plan.tune == "all" else "Heads"
    lines = [f"## {what}, as trained", "", f"By `bertsim train` {__version__}, seed {plan.seed}."]
    if plan.tune == "all":
        lines[-1] += f" The encoder was tuned from {encoder.name} (SHA-256 {encoder.sha256[:12]}…)."
    seconds = sum(epoch.seconds for run in trained for epoch in run.progress.history)
    lines[-1] += f" {seconds / 3600:.1f} hours of steps on {machine()}."
    for run in trained:
        lines += ["", *_run_lines(run)]
    sets = list(dict.fromkeys(name for table in figures.values() for name in table))
    if sets:
        lines += ["", *_table(plan, figures, sets)]
    return lines


def _run_lines(run: Trained) -> list[str]:
    names = ", ".join(
        f"`{head.name}` ({head.kind}, sentences {head.inputs}"
        + (f", units {'+'.join(map(str, head.units))}" if head.units else "")
        + ")"
        for head in run.plan.heads
    )
    plan = run.plan
    best, history = run.progress.best, run.progress.history
    lines = [
        f"- {names or 'cosine'}: epoch {best + 1} of {len(history)} kept, training loss {history[best].loss:.4f}; "
        f"{sum(e.seconds for e in history):.0f} s; batches of {plan.batch_size}, learning rate {plan.learning_rate:g}."
    ]
    for source, used, skipped in run.parts:
        notes = [str(source.kind) if source.edit is None else f"{source.kind}: {source.edit}"]
        if source.per_epoch is not None and source.per_epoch < used:
            notes.append(f"{source.per_epoch:,} an epoch")
        if source.epochs is not None:
            notes.append("epochs {}–{}".format(*source.epochs))
        if source.weight != 1:
            notes.append(f"weight {source.weight:g}")
        if skipped:
            notes.append(f"{skipped:,} left out")
        lines.append(f"  - `{source.name}`: {used:,} pairs ({', '.join(notes)})")
    return lines


def _table(plan: TrainPlan, figures: Mapping[str, Mapping[str, Any]], sets: Sequence[str]) -> list[str]:
    files = {"dev": plan.dev, "test": plan.test}
    named = ", ".join(f"{name} = `{source.name}`" for name in sets if (source := files[name]))
    head = "| scorer |" + "".join(f" Spearman {name} | 95 % | ECE {name} |" for name in sets)
    rows = [f"As served (int8), {named}. ECE: of the calibrated probability, fitted on dev.", "", head]
    rows.append("|" + "---|" * (1 + 3 * len(sets)))
    for scorer, table in figures.items():
        cells = []
        for name in sets:
            low, high = table[name]["spearman_interval"]
            ece = table[name].get("ece")
            cells += [
                f"{table[name]['spearman']:.4f}",
                f"{low:.3f}–{high:.3f}",
                "–" if ece is None else f"{ece:.3f}",
            ]
        rows.append(f"| `{scorer}` | " + " | ".join(cells) + " |")
    return rows


def machine() -> str:
    """What this computer is, in words. Example: "2 cores of an Intel(R) Xeon(R) Processor @ 2.50GHz"."""
    name = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():  # Linux
        names = re.findall(
            r"^model name\s*: (.+)$", info.read_text(encoding="utf-8", errors="replace"), re.MULTILINE
        )
        name = names[0] if names else name
    return f"{os.cpu_count()} cores of an {name}"
