"""The second half of `bertsim evaluate`: similar or not, honest probabilities, and pictures of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bertsim.errors import InputError

if TYPE_CHECKING:
    from bertsim.measuring.agreement import Honesty, Separation
    from bertsim.model.similarity import SimilarityModel
    from bertsim.records import Float

_SHARE = 0.8  # 4 of 5


@dataclass(frozen=True)
class Verdict:
    """One scorer on pairs that are similar or not; None where there is nothing to say."""

    separation: Separation | None
    honesty: Honesty | None


@dataclass(frozen=True)
class Labelled:
    """Labels and scores of the same pairs."""

    labels: Sequence[float]
    scores: Mapping[str, Float]


def similar_from(given: float | None, labels: Sequence[float]) -> float:
    """The label from which on a pair is similar: as given; 1 of binary labels; else 4 of 5 of their scale.

    Raises:
        InputError: no pair, or every pair, would be similar.

    Example: labels 0 to 5 -> 4.0
    """
    top = 1.0 if max(labels) <= 1 else 5.0 if max(labels) <= 5 else max(labels)
    found = given if given is not None else 1.0 if is_binary(labels) else _SHARE * top
    if given is not None and not min(labels) < given <= max(labels):
        raise InputError(
            f"--similar-from is {given:g}, and labels go from {min(labels):g} to {max(labels):g}; choose a label "
            "that parts them."
        )
    return found


def is_binary(labels: Sequence[float]) -> bool:
    """Whether labels are 0 and 1."""
    return set(labels) <= {0.0, 1.0}


def judge(
    model: SimilarityModel, data: Labelled, dev: Labelled | None, similar: float, *, is_own: bool
) -> dict[str, Verdict]:
    """Judge every scorer on pairs that are similar or not.

    Args:
        model: whose calibrations are judged.
        data: to judge on.
        dev: that chooses the threshold; None: `data` itself.
        similar: the label from which on a pair is similar.
        is_own: whether scores are of the checkpoint's own pooling, for which alone it is calibrated.
    """
    from bertsim.measuring.agreement import choose_threshold, judge_probabilities, separate

    truth = [label >= similar - 1e-9 for label in data.labels]
    chooser = data if dev is None else dev
    chosen = [label >= similar - 1e-9 for label in chooser.labels]
    verdicts = {}
    for scorer, scores in data.scores.items():
        separation = None
        if len(set(truth)) == 2 and len(set(chosen)) == 2:
            separation = separate(scores, truth, choose_threshold(chooser.scores[scorer], chosen))
        probabilities = model.calibrate(scorer, scores) if is_own or scorer in model.heads else None
        honesty = None if probabilities is None else judge_probabilities(probabilities, truth)
        verdicts[scorer] = Verdict(separation, honesty)
    return verdicts


def as_lines(verdicts: Mapping[str, Verdict], similar: float, chooser: str) -> list[str]:
    """A table under a header: what tells similar pairs from others, and how honest the probability is."""
    lines = [
        f"similar: label of at least {similar:g}; threshold of the best accuracy on {chooser}",
        f"{'scorer':<10} {'AUC':>7} {'AP':>7} {'from':>8} {'accuracy':>8} {'F1':>7} {'Brier':>7} {'ECE':>7}",
    ]
    for scorer, verdict in verdicts.items():
        s, h = verdict.separation, verdict.honesty
        left = "".join(f" {'–':>{w}}" for w in (7, 7, 8, 8, 7))
        if s is not None:
            left = f" {s.roc_auc:>7.4f} {s.average_precision:>7.4f} {s.threshold:>8.4f} {s.accuracy:>8.4f} {s.f1:>7.4f}"
        right = f" {'–':>7} {'–':>7}" if h is None else f" {h.brier:>7.4f} {h.ece:>7.4f}"
        lines.append(f"{scorer:<10}{left}{right}")
    return lines


def as_fields(verdict: Verdict) -> dict[str, float]:
    """The figures for JSON, those that there are."""
    found: dict[str, float] = {}
    if (s := verdict.separation) is not None:
        found |= {
            "positives": s.positives,
            "roc_auc": round(s.roc_auc, 6),
            "average_precision": round(s.average_precision, 6),
            "threshold": round(s.threshold, 6),
            "accuracy": round(s.accuracy, 6),
            "f1": round(s.f1, 6),
        }
    if (h := verdict.honesty) is not None:
        found |= {"brier": round(h.brier, 6), "ece": round(h.ece, 6)}
    return found


def make_folder(folder: Path) -> None:
    """Make the folder of the pictures. Raises InputError where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--plots {folder} cannot be made ({error.strerror}); choose another.") from None


def draw(folder: Path, data: Labelled, verdicts: Mapping[str, Verdict], similar: float) -> list[Path]:
    """Write scatter and reliability of every scorer, and the ROC of all; return the files."""
    from bertsim.measuring.plots import plot_reliability, plot_roc, plot_scatter

    made = []
    for scorer, scores in data.scores.items():
        made.append(folder / f"scatter-{scorer}.png")
        plot_scatter(made[-1], scores, data.labels, scorer)
        honesty = verdicts[scorer].honesty
        if honesty is not None:
            made.append(folder / f"reliability-{scorer}.png")
            plot_reliability(made[-1], honesty.bins, scorer)
    if all(verdict.separation is not None for verdict in verdicts.values()):
        truth = [label >= similar - 1e-9 for label in data.labels]
        made.append(folder / "roc.png")
        plot_roc(made[-1], {scorer: (scores, truth) for scorer, scores in data.scores.items()})
    return made
