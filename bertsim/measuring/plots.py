"""Figures as PNG: a training curve; scores against labels, ROC and reliability of a scorer. matplotlib, no window.

Numbers in, files out. Lines differ by dash and marker, not by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

_DPI = 110


def plot_curve(path: Path, losses: Sequence[float], metrics: Sequence[float], metric: str, best: int) -> None:
    """Loss and dev metric by epoch; the best epoch is marked.

    Args:
        path: the PNG to write.
        losses, metrics: one per epoch.
        metric: what the second is called.
        best: the best epoch, from 0.
    """
    epochs = np.arange(1, len(losses) + 1)
    with _figure(path, (6.4, 3.6)) as axes:
        axes.plot(epochs, losses, "o-", color="#3b6ea5", label="training loss")
        axes.set_xlabel("epoch")
        axes.set_ylabel("training loss")
        axes.set_xticks(epochs)
        other = axes.twinx()
        other.plot(epochs, metrics, "s--", color="#b5541c", label=f"dev {metric}")
        other.plot([epochs[best]], [metrics[best]], "*", color="#b5541c", markersize=16, label="kept")
        other.set_ylabel(f"dev {metric}")
        handles = [*axes.get_lines(), *other.get_lines()]
        axes.legend(handles, [str(line.get_label()) for line in handles], loc="center right")


def plot_scatter(path: Path, scores: ArrayLike, labels: ArrayLike, scorer: str) -> None:
    """Every pair as a dot: its label and its score."""
    with _figure(path, (5.2, 4.4)) as axes:
        axes.plot(np.asarray(labels), np.asarray(scores), ".", alpha=0.35, markersize=5, color="#3b6ea5")
        axes.set_xlabel("label")
        axes.set_ylabel(f"{scorer}, own value")


def plot_roc(path: Path, curves: dict[str, tuple[ArrayLike, ArrayLike]]) -> None:
    """ROC curve of every scorer.

    Args:
        path: the PNG to write.
        curves: scores and whether each pair is similar, by scorer.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    with _figure(path, (5.2, 4.8)) as axes:
        for index, (scorer, (scores, is_similar)) in enumerate(curves.items()):
            false, true, _ = roc_curve(is_similar, scores)
            style = ("-", "--", "-.", ":")[index % 4]
            axes.plot(false, true, style, label=f"{scorer} ({roc_auc_score(is_similar, scores):.3f})")
        axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.8)
        axes.set_xlabel("other pairs called similar")
        axes.set_ylabel("similar pairs called similar")
        axes.legend(loc="lower right", title="area under the curve")


def plot_reliability(path: Path, bins: Sequence[tuple[float, float, int]], scorer: str) -> None:
    """Mean probability against the share of similar pairs, by bin; dots as large as the bin has pairs."""
    means, shares, sizes = (np.array(column, float) for column in zip(*bins, strict=True))
    with _figure(path, (4.8, 4.6)) as axes:
        axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.8)
        axes.plot(means, shares, "-", color="#3b6ea5")
        axes.scatter(means, shares, s=20 + 380 * sizes / sizes.max(), color="#3b6ea5", alpha=0.6)
        axes.set_xlabel(f"probability ({scorer}, calibrated)")
        axes.set_ylabel("share that people call similar")


@contextmanager
def _figure(path: Path, size: tuple[float, float]) -> Iterator[Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    yield figure.add_subplot()
    # Without the version of matplotlib in its header, the same numbers give the same file.
    figure.savefig(path, dpi=_DPI, metadata={"Software": None})
