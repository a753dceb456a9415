"""Which examples make a step, how good predictions are on dev, and where a batch came from. numpy and SciPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bertsim.records import Float
from bertsim.training.examples import Examples

_WINDOW = 32  # batches whose examples are sorted by length together


def cut_batches(lengths: NDArray[np.int64], batch_size: int, seed: Sequence[int]) -> list[NDArray[np.int64]]:
    """Shuffle, sort by length within windows of many batches, cut, shuffle the batches.

    Args:
        lengths: int64 [n]; tokens of each example.
        batch_size: examples in a batch; the last one may be smaller.
        seed: of the random numbers; the same seed gives the same batches.

    Returns:
        indices, each of 0 … n - 1 once.
    """
    random = np.random.default_rng(seed)
    order, batches = random.permutation(len(lengths)), []
    for start in range(0, len(order), _WINDOW * batch_size):
        window = order[start : start + _WINDOW * batch_size]
        window = window[np.argsort(lengths[window], kind="stable")]
        batches += [window[i : i + batch_size] for i in range(0, len(window), batch_size)]
    return [batches[i] for i in random.permutation(len(batches))]


def take_turns(n: int, count: int | None, epoch: int, seed: Sequence[int]) -> NDArray[np.int64]:
    """Which of n examples an epoch takes: `count` of them, others in the next, each once before any is taken twice.

    Example: 4 examples, 2 an epoch -> two of them in epoch 0, the other two in epoch 1
    """
    if count is None or count >= n:
        return np.arange(n)
    rounds, places = np.divmod(np.arange(epoch * count, (epoch + 1) * count), n)
    found = np.empty(count, np.int64)
    for each in np.unique(rounds):
        order = np.random.default_rng([*seed, int(each)]).permutation(n)
        found[rounds == each] = order[places[rounds == each]]
    return found


def dev_metric(predicted: Float, targets: Float) -> float:
    """Mean over labels: ROC AUC where a label is 0 or 1, else Spearman; NaN where predictions do not vary.

    Args:
        predicted, targets: float32 [n, labels].

    Example: predicted [[.1], [.9]], targets [[0], [1]] -> 1.0
    """
    from scipy.stats import spearmanr
    from sklearn.metrics import roc_auc_score

    found = []
    for p, y in zip(predicted.T, targets.T, strict=True):
        if np.ptp(p) == 0 or not np.isfinite(p).all():
            return float("nan")
        is_binary = set(np.unique(y)) <= {0.0, 1.0}
        found.append(roc_auc_score(y, p) if is_binary else spearmanr(p, y).statistic)
    return float(np.mean(found))


def metric_name(targets: Float) -> str:
    """What `dev_metric` is called on these targets."""
    return "AUC" if set(np.unique(targets)) <= {0.0, 1.0} else "Spearman"


def where(parts: Sequence[Examples], batch: NDArray[np.int64]) -> str:
    """The first rows of a batch, by file and line; indices count through all parts."""
    ends = np.cumsum([len(part) for part in parts])
    names = []
    for index in batch[:3]:
        part = int(np.searchsorted(ends, index, side="right"))
        names.append(parts[part].where(int(index - (ends[part] - len(parts[part])))))
    return ", ".join(names) + (" …" if len(batch) > 3 else "")
