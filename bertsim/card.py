"""Sections of a model card that commands write: each stands between two marks, and is replaced by the next run.

Figures come in as they were printed by `evaluate --json` and `probe --json`; Markdown goes out. What people wrote into
the card around the marks stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bertsim.errors import InputError

START, END = "<!-- figures: written by `bertsim card` -->", "<!-- end of figures -->"
LEFT_OUT = ("dot", "euclidean", "manhattan")
"""Scorers that tables to be read leave out: further measures of the vectors that the cosine compares."""
REFERENCE = "tfidf"


def replace_section(path: Path, start: str, end: str, lines: Sequence[str]) -> None:
    """Write `lines` between the marks of a Markdown file, at its end where it has none.

    Raises:
        InputError: it is not UTF-8 text.
    """
    text = _read(path) if path.exists() else f"# {path.resolve().parent.name}\n"
    before, _, rest = text.partition(start)
    after = rest.partition(end)[2] if end in rest else rest
    section = "\n".join([start, *lines, end])
    path.write_text(f"{before.rstrip()}\n\n{section}\n{after.lstrip()}", encoding="utf-8")


def replace_title(path: Path, about: str) -> None:
    """Write `about` in place of a Markdown file's front matter and first heading. Raises as `replace_section`."""
    text = _read(path) if path.exists() else ""
    rest = f"\n{text}".partition("\n# ")[2].partition("\n")[2]
    path.write_text(f"{about}\n\n{rest.lstrip()}", encoding="utf-8")


def correlations(found: Any) -> dict[str, float]:
    """Spearman by scorer, of what `evaluate --json` printed. Raises InputError where it is something else."""
    return {s: _at(found, "scorers", s, "spearman", "value") for s in _at(found, "scorers", kind=dict)}


def separations(found: Any) -> dict[str, float]:
    """The area under the ROC curve by scorer that has one. Raises as `correlations`."""
    scorers = _at(found, "scorers", kind=dict)
    return {s: _at(found, "scorers", s, "roc_auc") for s, f in scorers.items() if "roc_auc" in f}


def probe_columns(probes: Any) -> dict[str, dict[str, float]]:
    """By the name of a probe its values by scorer, of what `probe --json` printed. Raises as `correlations`."""
    return {
        _at(probe, "name", kind=str): {s: _at(probe, "values", s) for s in _at(probe, "values", kind=dict)}
        for probe in _at(probes, "probes", kind=list)
    }


def figure_lines(columns: Mapping[str, Mapping[str, float]]) -> list[str]:
    """A table with a row for each scorer and a column for each figure.

    Args:
        columns: by title, figures by scorer.

    Returns:
        lines of Markdown; TF-IDF is the last row.
    """
    scorers = list(dict.fromkeys(scorer for values in columns.values() for scorer in values))
    shown = [s for s in scorers if s not in (*LEFT_OUT, REFERENCE)]
    lines = ["| scorer | " + " | ".join(columns) + " |"]
    lines.append("|" + "---|" * (1 + len(columns)))
    for scorer in [*shown, *(s for s in scorers if s == REFERENCE)]:
        cells = (f"{values[scorer]:.4f}" if scorer in values else "–" for values in columns.values())
        lines.append(f"| `{scorer}` | " + " | ".join(cells) + " |")
    return lines


def example_lines(probes: Any) -> list[str]:
    """The example pairs and what every scorer says of each, as a table. Raises as `correlations`."""
    texts = ("what", "sentence_a", "sentence_b")
    scorers = [name for name in _at(probes, "examples", 0, kind=dict) if name not in (*texts, *LEFT_OUT)]
    lines = ["| what | A | B | " + " | ".join(f"`{name}`" for name in scorers) + " |"]
    lines.append("|" + "---|" * (3 + len(scorers)))
    for i in range(len(_at(probes, "examples", kind=list))):
        cells = [_at(probes, "examples", i, name, kind=str) for name in texts]
        cells += [f"{_at(probes, 'examples', i, name):.2f}" for name in scorers]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def trial_lines(probes: Any) -> list[str]:
    """What each probe tried, as a list. Raises as `correlations`."""
    found = _at(probes, "probes", kind=list)
    return [f"- {_at(probe, 'name', kind=str)}: {_at(probe, 'trials', kind=str)}" for probe in found]


def origin_line(metrics: Any, hours: float | None) -> str:
    """One sentence on where an encoder comes from, of the `metrics.json` that `pretrain` wrote. Raises InputError."""
    took = "" if hours is None else f", in {hours:g} hours"
    return (
        f"{_at(metrics, 'parameters') / 1e6:.1f} million parameters, trained from scratch on "
        f"{_at(metrics, 'words_of_text') / 1e6:.1f} million words{took}."
    )


def _at(found: Any, *keys: str | int, kind: type = float) -> Any:
    """What stands under `keys` of parsed JSON. Raises InputError where that is no `kind`; names the keys."""
    for key in keys:
        try:
            found = found[key]
        except (LookupError, TypeError):
            found = None
    if isinstance(found, (int, float) if kind is float else kind):
        return found
    there = "is missing" if found is None else f"is a {type(found).__name__}"
    expected = "number" if kind is float else kind.__name__
    raise InputError(f"{'.'.join(map(str, keys))} {there}, and a {expected} was expected")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"the encoder's {path.name} is not UTF-8 ({error.reason} at byte {error.start}); mend it, or remove it."
        ) from None
