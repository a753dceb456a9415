"""Figures as PNG: a training curve; scores against labels, ROC and reliability of scorers. matplotlib, no window.

Numbers in, files out. Lines differ by dash and marker, not by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from bertsim.measuring.agreement import Agreement, Scored

_DPI = 110
_BLUE, _RED, _GREY = "#3b6ea5", "#b5541c", "#999999"


def plot_curve(path: Path, losses: Sequence[float], metrics: Sequence[float], metric: str, best: int) -> None:
    """Loss and dev metric, one value of each per epoch, as a PNG; the best epoch, counted from 0, is marked."""
    epochs = np.arange(1, len(losses) + 1)
    with _figure(path, (6.4, 3.6), "epoch", "training loss") as axes:
        axes.plot(epochs, losses, "o-", color=_BLUE, label="training loss")
        axes.set_xticks(epochs)
        other = axes.twinx()
        other.plot(epochs, metrics, "s--", color=_RED, label=f"dev {metric}")
        other.plot([epochs[best]], [metrics[best]], "*", color=_RED, markersize=16, label="kept")
        other.set_ylabel(f"dev {metric}")
        handles = [*axes.get_lines(), *other.get_lines()]
        axes.legend(handles, [str(line.get_label()) for line in handles], loc="center right")


def plot_agreement(folder: Path, data: Scored, measured: Mapping[str, Agreement]) -> list[Path]:
    """Scatter and reliability of every scorer, and the ROC of all, in a folder that is there; returns their files.

    `data` and `measured` are what `agreement.measure` took and gave.
    """
    made = []
    for scorer, agreement in measured.items():
        made.append(folder / f"scatter-{scorer}.png")
        with _figure(made[-1], (5.2, 4.4), "label", f"{scorer}, own value") as axes:
            axes.plot(data.labels, data.scores[scorer], ".", alpha=0.35, markersize=5, color=_BLUE)
        if agreement.honesty is not None:
            made.append(folder / f"reliability-{scorer}.png")
            _plot_reliability(made[-1], agreement.honesty.bins, scorer)
    if all(agreement.separation is not None for agreement in measured.values()):
        made.append(folder / "roc.png")
        _plot_roc(made[-1], data)
    return made


def _plot_roc(path: Path, data: Scored) -> None:
    from sklearn.metrics import roc_auc_score, roc_curve

    with _figure(path, (5.2, 4.8), "other pairs called similar", "similar pairs called similar") as axes:
        for index, (scorer, scores) in enumerate(data.scores.items()):
            false, true, _ = roc_curve(data.is_similar, scores)
            style = ("-", "--", "-.", ":")[index % 4]
            axes.plot(false, true, style, label=f"{scorer} ({roc_auc_score(data.is_similar, scores):.3f})")
        axes.plot([0, 1], [0, 1], color=_GREY, linewidth=0.8)
        axes.legend(loc="lower right", title="area under the curve")


def _plot_reliability(path: Path, bins: Sequence[tuple[float, float, int]], scorer: str) -> None:
    """Mean probability against the share of similar pairs, by bin; dots as large as the bin has pairs."""
    means, shares, sizes = (np.array(column, float) for column in zip(*bins, strict=True))
    labels = f"probability ({scorer}, calibrated)", "share that people call similar"
    with _figure(path, (4.8, 4.6), *labels) as axes:
        axes.plot([0, 1], [0, 1], color=_GREY, linewidth=0.8)
        axes.plot(means, shares, "-", color=_BLUE)
        axes.scatter(means, shares, s=20 + 380 * sizes / sizes.max(), color=_BLUE, alpha=0.6)


@contextmanager
def _figure(path: Path, size: tuple[float, float], across: str, up: str) -> Iterator[Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    yield axes
    # Without the version of matplotlib in its header, the same numbers give the same file.
    figure.savefig(path, dpi=_DPI, metadata={"Software": None})
