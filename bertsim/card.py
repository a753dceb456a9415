"""Sections of a model card that commands write: each stands between two marks, and is replaced by the next run.

Figures come in as they were printed by `evaluate --json` and `probe --json`; Markdown goes out. What people wrote into
the card around the marks stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

START, END = "<!-- figures: written by `bertsim card` -->", "<!-- end of figures -->"
LEFT_OUT = ("dot", "euclidean", "manhattan")
"""Scorers that tables to be read leave out: further measures of the vectors that the cosine compares."""
REFERENCE = "tfidf"


def replace_section(path: Path, start: str, end: str, lines: Sequence[str]) -> None:
    """Write `lines` between the marks of a Markdown file, at its end where it has none."""
    text = path.read_text(encoding="utf-8") if path.exists() else f"# {path.resolve().parent.name}\n"
    before, _, rest = text.partition(start)
    after = rest.partition(end)[2]
    section = "\n".join([start, *lines, end])
    path.write_text(f"{before.rstrip()}\n\n{section}\n{after.lstrip()}", encoding="utf-8")


def replace_title(path: Path, about: str) -> None:
    """Write `about` in place of a Markdown file's front matter and first heading."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    rest = f"\n{text}".partition("\n# ")[2].partition("\n")[2]
    path.write_text(f"{about}\n\n{rest.lstrip()}", encoding="utf-8")


def figure_lines(
    correlations: Mapping[str, Mapping[str, Any]],
    separations: Mapping[str, Mapping[str, Any]],
    probes: Mapping[str, Any] | None,
) -> list[str]:
    """A table with a row for each scorer and a column for each figure.

    Args:
        correlations: what `evaluate --json` printed, by the name of the column; Spearman is shown.
        separations: likewise; the area under the ROC curve is shown.
        probes: what `probe --json` printed.

    Returns:
        lines of Markdown; TF-IDF is the last row.
    """
    columns: list[tuple[str, Mapping[str, Any]]] = []
    for name, found in correlations.items():
        values = {s: f["spearman"]["value"] for s, f in found["scorers"].items()}
        columns.append((f"{name}, Spearman", values))
    for name, found in separations.items():
        values = {s: f["roc_auc"] for s, f in found["scorers"].items() if "roc_auc" in f}
        columns.append((f"{name}, ROC AUC", values))
    for probe in (probes or {"probes": []})["probes"]:
        columns.append((probe["name"], probe["values"]))
    scorers = list(dict.fromkeys(scorer for _, values in columns for scorer in values))
    shown = [s for s in scorers if s not in (*LEFT_OUT, REFERENCE)]
    lines = ["| scorer | " + " | ".join(title for title, _ in columns) + " |"]
    lines.append("|" + "---|" * (1 + len(columns)))
    for scorer in [*shown, *(s for s in scorers if s == REFERENCE)]:
        cells = (f"{values[scorer]:.4f}" if scorer in values else "–" for _, values in columns)
        lines.append(f"| `{scorer}` | " + " | ".join(cells) + " |")
    return lines


def example_lines(probes: Mapping[str, Any]) -> list[str]:
    """The example pairs and what every scorer says of each, as a table."""
    examples = probes["examples"]
    scorers = [name for name in examples[0] if name not in ("what", "sentence_a", "sentence_b", *LEFT_OUT)]
    lines = ["| what | A | B | " + " | ".join(f"`{name}`" for name in scorers) + " |"]
    lines.append("|" + "---|" * (3 + len(scorers)))
    for example in examples:
        cells = " | ".join(f"{example[name]:.2f}" for name in scorers)
        lines.append(f"| {example['what']} | {example['sentence_a']} | {example['sentence_b']} | {cells} |")
    return lines


def trial_lines(probes: Mapping[str, Any]) -> list[str]:
    """What each probe tried, as a list."""
    return [f"- {probe['name']}: {probe['trials']}" for probe in probes["probes"]]


def origin_line(metrics: Mapping[str, Any], hours: float | None) -> str:
    """One sentence on where an encoder comes from, of the `metrics.json` that `pretrain` wrote."""
    took = "" if hours is None else f", in {hours:g} hours"
    return (
        f"{metrics['parameters'] / 1e6:.1f} million parameters, trained from scratch on "
        f"{metrics['words_of_text'] / 1e6:.1f} million words{took}."
    )
