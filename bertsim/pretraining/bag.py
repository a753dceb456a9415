"""Weighted word vectors, trained as a bag: a sentence is the sum of its tokens' vectors. NumPy, SciPy.

First partners shall find each other among all of a batch; then, beside that, pairs shall stand in the order that people
gave them. Every batch is of one file: sentences of one kind are harder to tell apart than captions from glosses, and
so teach more. The gradients are written out; a step changes the vectors of the tokens that it saw, no others.

Source: in-batch negatives: Henderson et al. 2017; CoSENT: Su 2022; both as in `training.losses`. Adam: Kingma and Ba
2015, moments kept for the rows of a step alone ("lazy" Adam).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bertsim.errors import InputError
from bertsim.pretraining.pair_sets import Order, PairSets, Partners, Places
from bertsim.records import Float

_MASKED = -1e4
_LAST_RATE = 0.05
"""Share of the learning rate that the last step has."""
_TINY = 1e-6
_NAME = "bag"

SAVE_SECONDS = 120.0

Tell = Callable[[int, int, float], None]
"""Called with how many steps are done, how many there are, and the loss of the last one."""


class Record(Protocol):
    """What a training that was stopped goes on from; a `training.state.RunFolder` is one."""

    def keep(self, name: str, tensors: Mapping[str, np.ndarray]) -> None:
        """Record arrays under a name."""
        ...

    def kept(self, name: str) -> dict[str, np.ndarray] | None:
        """The arrays of that name; None where none were recorded."""
        ...


@dataclass(frozen=True)
class BagPlan:
    """How a bag is trained.

    Attributes:
        steps: with partners alone; learning_rate: the highest of them.
        graded_steps: after these, with partners and orders; graded_learning_rate likewise.
        batch: pairs of partners in a step; graded_batch: pairs of each order.
        scale: of cosines in both losses.
        warm_up: steps in which the rate rises; it then falls in a line to a twentieth.
        seed: of what a step draws.
    """

    steps: int = 2000
    learning_rate: float = 5e-3
    graded_steps: int = 300
    graded_learning_rate: float = 5e-4
    batch: int = 1024
    graded_batch: int = 128
    scale: float = 10.0
    warm_up: int = 50
    seed: int = 0

    def __post_init__(self) -> None:
        """Raise InputError for a value that cannot be; names it."""
        for name in ("steps", "graded_steps", "warm_up", "seed"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} is {getattr(self, name)}; at least 0 was expected.")
        for name in ("batch", "graded_batch"):
            if getattr(self, name) < 2:
                raise InputError(f"{name} is {getattr(self, name)}; at least 2 was expected.")
        for name in ("learning_rate", "graded_learning_rate", "scale"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} is {getattr(self, name)}; a number above 0 was expected.")


def train_bag(
    weighted: Float, sets: PairSets, plan: BagPlan, tell: Tell | None = None, record: Record | None = None
) -> Float:
    """Train a bag.

    Args:
        weighted: float32 [vocab, dim], from `WordVectors.weighted`: a vector's length is how much its token counts.
        sets: what to learn from; its ids are rows of `weighted`.
        plan: how long, how fast.
        tell: told after every step.
        record: written every two minutes; where it holds a training that was stopped, that goes on to the same numbers.

    Returns:
        float32 [vocab, dim]; rows that no pair has are as they were.
    """
    stages = [(False, plan.steps, plan.learning_rate)]
    stages += [(True, plan.graded_steps, plan.graded_learning_rate)] if sets.orders else []
    total, before = sum(steps for _, steps, _ in stages), 0
    rows = np.array(weighted, np.float32)
    kept = (record.kept(_NAME) if record else None) or {}
    reached, saved = int(kept.get("done", 0)), time.monotonic()
    for graded, steps, top in stages:
        stage = _Stage(rows, sets, plan, graded=graded)
        if before < reached <= before + steps:
            stage.restore(kept, reached - before)
        for step in range(max(reached - before, 0), steps):
            loss = stage.learn(_rate(step, steps, top, plan.warm_up))
            done = before + step + 1
            if record and (done == total or time.monotonic() - saved > SAVE_SECONDS):
                record.keep(_NAME, {"done": np.array(done), **stage.tensors})
                saved = time.monotonic()
            if tell is not None:
                tell(done, total, loss)
        before += steps
    return rows


def _rate(step: int, steps: int, top: float, warm_up: int) -> float:
    """The learning rate of a step. Example: step 0 of 100, top 1, warm_up 10 -> 0.1, nearly."""
    rise = min(1.0, (step + 1) / max(min(warm_up, steps // 5), 1))
    return top * rise * (1.0 - (1.0 - _LAST_RATE) * (step + 1) / steps)


class _Stage:
    """Rows, which it changes, and their moments; what a step draws depends on its number alone.

    Every stage has moments of its own: orders have far larger gradients than partners, and steps measured by the
    partners' would throw the rows about (dev .806 in place of .853, measured).
    """

    def __init__(self, rows: Float, sets: PairSets, plan: BagPlan, *, graded: bool) -> None:
        self.rows, self.sets, self.plan = rows, sets, plan
        self.orders = sets.orders if graded else ()
        self.graded = graded
        weights = np.array([each.weight for each in sets.partners])
        self.shares = weights / weights.sum()
        self.moments = np.zeros_like(self.rows), np.zeros_like(self.rows)
        self.step = 0

    @property
    def tensors(self) -> dict[str, np.ndarray]:
        """All that the next step depends on, but its number."""
        return {"rows": self.rows, "first": self.moments[0], "second": self.moments[1]}

    def restore(self, tensors: Mapping[str, np.ndarray], step: int) -> None:
        """Go on from `tensors`, so many steps being done."""
        for array, name in zip((self.rows, *self.moments), ("rows", "first", "second"), strict=True):
            array[:] = tensors[name]
        self.step = step

    def learn(self, rate: float) -> float:
        """One step; its loss."""
        self.random = np.random.default_rng([self.plan.seed, 3, self.graded, self.step])
        which = int(self.random.choice(len(self.shares), p=self.shares))
        loss, gradient, counts = self._of_partners(self.sets.partners[which])
        parts = [(gradient, counts)]
        for order in self.orders:
            more, gradient, counts = self._of_order(order)
            loss += more
            parts.append((gradient, counts))
        self._move(parts, rate)
        return loss

    def _of_partners(self, partners: Partners) -> tuple[float, Float, sparse.csr_array]:
        drawn = self.random.integers(len(partners.first), size=self.plan.batch)
        first, second = partners.first[drawn], partners.second[drawn]
        opposite = np.unique(partners.opposite[drawn])
        opposite = opposite[opposite >= 0]
        counts = self.sets.sentences.counts(np.concatenate([first, second, opposite]))
        unit, lengths = _embed(counts, self.rows)
        n = len(drawn)
        is_same = _meet(first, second)
        loss, *gradients = partners_loss(unit[:n], unit[n : 2 * n], unit[2 * n :], is_same, self.plan.scale)
        return loss, _through_unit(np.concatenate(gradients), unit, lengths), counts

    def _of_order(self, order: Order) -> tuple[float, Float, sparse.csr_array]:
        drawn = self.random.integers(len(order.first), size=self.plan.graded_batch)
        counts = self.sets.sentences.counts(np.concatenate([order.first[drawn], order.second[drawn]]))
        unit, lengths = _embed(counts, self.rows)
        n = len(drawn)
        cosines = (unit[:n] * unit[n:]).sum(axis=1)
        loss, slope = order_loss(cosines, order.grades[drawn], self.plan.scale)
        slope = (order.weight * slope)[:, None]
        gradient = np.concatenate([slope * unit[n:], slope * unit[:n]])
        return order.weight * loss, _through_unit(gradient, unit, lengths), counts

    def _move(self, parts: list[tuple[Float, sparse.csr_array]], rate: float) -> None:
        """Adam on the rows that were seen."""
        seen = np.unique(np.concatenate([counts.indices for _, counts in parts]))
        slope = np.zeros((len(seen), self.rows.shape[1]), np.float32)
        for gradient, counts in parts:
            places = np.searchsorted(seen, counts.indices)
            shape = (counts.shape[0], len(seen))
            slope += sparse.csr_array((counts.data, places, counts.indptr), shape=shape).T @ gradient
        self.step += 1
        first, second = self.moments
        first[seen] = m = first[seen] * 0.9 + 0.1 * slope
        second[seen] = v = second[seen] * 0.999 + 0.001 * slope * slope
        m, v = m / (1 - 0.9**self.step), v / (1 - 0.999**self.step)
        self.rows[seen] -= np.float32(rate) * m / (np.sqrt(v) + 1e-8)


def partners_loss(
    u: Float, v: Float, opposite: Float, is_same: NDArray[np.bool_], scale: float
) -> tuple[float, Float, Float, Float]:
    """Every sentence shall find its partner among all: cross-entropy over cosines, both directions, and its gradient.

    Args:
        u, v: float32 [n, dim] of length 1; row i of one belongs to row i of the other.
        opposite: float32 [m, dim] of length 1; more that no row of u belongs to.
        is_same: bool [n, n]; pairs i, j that are no negatives of each other, as one sentence stands in both.
        scale: of the cosines.

    Returns:
        the loss, and its gradients by u, v and opposite.

    Example: one pair, no opposite -> loss 0
    """
    n = len(u)
    cosines = scale * (u @ v.T)
    cosines[is_same] = _MASKED
    rows = _softmax(np.concatenate([cosines, scale * (u @ opposite.T)], axis=1), axis=1)
    columns = _softmax(cosines, axis=0)
    diagonal = np.arange(n)
    found = np.log(rows[diagonal, diagonal] + 1e-9) + np.log(columns[diagonal, diagonal] + 1e-9)
    rows[diagonal, diagonal] -= 1
    columns[diagonal, diagonal] -= 1
    share = scale / (2 * n)
    inside, outside = share * (rows[:, :n] + columns), share * rows[:, n:]
    by_u = np.asarray(inside @ v + outside @ opposite, u.dtype)
    by_v, by_opposite = (np.asarray(part.T @ u, u.dtype) for part in (inside, outside))
    return float(-found.mean() / 2), by_u, by_v, by_opposite


def order_loss(cosines: Float, grades: Float, scale: float) -> tuple[float, Float]:
    """log(1 + Σ exp(scale · (cos_j - cos_i))) over all i, j with grade i above grade j, and its gradient.

    Args:
        cosines, grades: float32 [n].
        scale: of the cosines.

    Returns:
        the loss, and its gradient by the cosines, float32 [n].

    Example: equal cosines, grades 1 and 0 -> log 2
    """
    differences = scale * (cosines[None, :] - cosines[:, None])
    differences = np.where(grades[:, None] > grades[None, :], differences, _MASKED)
    most = max(float(differences.max()), 0.0)
    shares = np.exp(differences - most)
    total = np.exp(-most) + shares.sum(dtype=np.float64)
    shares = shares / total
    slope = scale * (shares.sum(axis=0) - shares.sum(axis=1))
    return most + float(np.log(total)), np.asarray(slope, cosines.dtype)


def _embed(counts: sparse.csr_array, rows: Float) -> tuple[Float, Float]:
    """Sentences as unit vectors, and their lengths before, [n, 1]."""
    sums = np.asarray(counts @ rows, np.float32)
    lengths = np.sqrt((sums * sums).sum(axis=1, keepdims=True)) + np.float32(_TINY)
    return sums / lengths, lengths


def _through_unit(gradient: Float, unit: Float, lengths: Float) -> Float:
    """The gradient by a vector from that by the vector scaled to length 1."""
    return (gradient - (gradient * unit).sum(axis=1, keepdims=True) * unit) / lengths


def _meet(first: Places, second: Places) -> NDArray[np.bool_]:
    """Which pairs share a sentence, the pair with itself left out: bool [n, n]."""
    shared = (first[:, None] == first) | (second[:, None] == second) | (first[:, None] == second)
    np.fill_diagonal(shared, val=False)
    return shared


def _softmax(x: Float, axis: int) -> Float:
    shares = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(shares / shares.sum(axis=axis, keepdims=True), x.dtype)
