"""Pairs whose kind of verdict is known -> the rule of `verdict.json`, and how often verdicts are right.

Such pairs are held-out inference pairs, rated ones, minimal edits and paraphrases, sentences that have nothing to do
with each other, the pairs of the ruler and those that were written to learn from. Every kind counts alike. numpy and
scipy.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertsim.data.pairs import open_pairs
from bertsim.errors import DataError, InputError
from bertsim.heads.config import LABELS
from bertsim.measuring.edits import KINDS as EDITS
from bertsim.measuring.edits import edited_pairs
from bertsim.measuring.edits.antonyms import EVERYDAY, read_antonyms
from bertsim.measuring.edits.sentences import AGAINST, APART, LESS, SAME
from bertsim.measuring.probes import checksum, is_held_out, shared_words
from bertsim.measuring.probing import held_out_lines, read_inference
from bertsim.model.ruler import ruler_pairs
from bertsim.records import COMBINED, Float
from bertsim.score.verdict import FEATURES, KINDS, Share, VerdictRule, features_of, kinds_of

if TYPE_CHECKING:
    from bertsim.model.similarity import SimilarityModel

LABELS_OF = {"same": SAME, "one_follows": LESS, "opposite": AGAINST, "close": APART}
"""By kind of verdict: what A says of B, and B of A, where A is the one that says more."""
_OF_LABELS: dict[tuple[str, ...], str] = {labels: kind for kind, labels in LABELS_OF.items()}
_OF_LABEL = dict(zip(LABELS, ("one_follows", "close", "opposite"), strict=True))  # of inference pairs, one way
_OF_RULER = {"paraphrase": "same", "contradiction": "opposite", "related": "close", "unrelated": "different"}
_OF_RATING = {"same": (0.95, 1.0), "close": (0.35, 0.65), "different": (0.0, 0.1)}  # parts of the label scale
_MOST = 600  # pairs of a source and kind
_HELD = 1e-3  # what the square of a weight costs
_OF_DATA = ("inference", "edits", "ratings", "paraphrases")  # sources; others are pairs that were written for this
_AS_TYPED = 3.0  # what such a source counts beside one of those
_FAR = 0.95  # share of rated pairs whose two readings are nearer to each other than those that disagree


class KnownPair(NamedTuple):
    """Two sentences, the verdict that is right, one of `KINDS`, and what kind of data it is from."""

    sentence_a: str
    sentence_b: str
    kind: str
    source: str


@dataclass(frozen=True)
class Read:
    """What verdicts are made of: the rating of each pair, float32 [n], and inference both ways, float32 [n, 2, 3]."""

    rating: Float
    inference: Float


@dataclass(frozen=True)
class VerdictReport:
    """How verdicts came out.

    Attributes:
        right: the share of all pairs whose kind is right.
        confusion: by the kind that is right, how many pairs got each kind.
    """

    right: float
    confusion: dict[str, dict[str, int]]


def known_pairs(
    inference: Sequence[Path],
    edits: Sequence[Path],
    antonyms: Path | None,
    paraphrases: Path | None,
    rated: Iterable[tuple[tuple[str, str], float]],
    written: Sequence[KnownPair] = (),
) -> list[KnownPair]:
    """Pairs to fit a rule to, of each kind at most so many of a source, chosen by checksum.

    Args:
        inference, edits, antonyms, paraphrases: as of `probing.read_trials`; their held-out tenth is taken.
        rated: pairs with people's ratings, scaled to [0, 1].
        written: pairs of which some are learned from; those with a held-out sentence are taken.

    Raises:
        DataError: a file that cannot be read.
    """
    found = [
        *_of_inference(inference),
        *_of_edits(edits, antonyms),
        *(KnownPair(*pair, kind, "ratings") for pair, value in rated for kind in _rated_as(value)),
        *(pair for pair in written if any(map(is_held_out, pair[:2]))),
        *(KnownPair(*pair, _OF_RULER[kind], "ruler") for kind, pairs in ruler_pairs().items() for pair in pairs),
    ]
    if paraphrases is not None:
        pairs = (row.sentences[:2] for row in open_pairs(paraphrases) if row.error is None)
        found += [KnownPair(a, b, "same", "paraphrases") for a, b in pairs if is_held_out(a)]
    by_source = defaultdict(list)
    for pair in sorted(set(found), key=lambda pair: checksum(" ".join(pair))):
        by_source[pair.kind, pair.source].append(pair)
    return [pair for pairs in by_source.values() for pair in pairs[:_MOST]]


def _of_inference(paths: Sequence[Path]) -> Iterator[KnownPair]:
    """A contradiction is about the same subject where it repeats more than half of its words."""
    for a, b, label in read_inference(paths) if paths else ():
        if label != "contradiction" or shared_words(a, b) > 0.5:
            yield KnownPair(a, b, _OF_LABEL[label], "inference")


def _of_edits(paths: Sequence[Path], antonyms: Path | None) -> Iterator[KnownPair]:
    """Edits of held-out sentences, so many of a kind of edits and of verdict, and these sentences by twos."""
    sentences = sorted(set(held_out_lines(paths)), key=checksum)
    opposites = EVERYDAY if antonyms is None else read_antonyms(antonyms)
    for edit in EDITS:
        counts: Counter[str] = Counter()
        for a, b, labels in edited_pairs(edit, sentences, antonyms=opposites):
            kind = _OF_LABELS.get(labels, "")
            counts[kind] += 1
            if kind and counts[kind] <= _MOST // len(EDITS):
                yield KnownPair(a, b, kind, "edits")
    yield from (KnownPair(a, b, "different", "edits") for a, b in islice(pairwise(sentences), 0, _MOST, 2))


def _rated_as(rating: float) -> list[str]:
    return [kind for kind, (low, high) in _OF_RATING.items() if low <= rating <= high]


def read_known(path: Path) -> list[KnownPair]:
    """Pairs of a file with a column `kind`.

    Raises:
        DataError: the file cannot be read, has no such column, no rows, or a row of another kind.
    """
    file = open_pairs(path)
    if "kind" not in file.columns:
        wanted = f"verdicts are tried on pairs that have one of {', '.join(KINDS)}"
        raise DataError(f"{path} has no column 'kind'; {wanted}.")
    found = []
    for row in file:
        kind, error = str(row.values.get("kind")), row.error
        if error is None and kind not in KINDS:
            error = f"the kind is {kind!r:.60}, and one of {', '.join(KINDS)} was expected"
        if error is not None:
            raise DataError(f"{file.where(row)}: {error}; {file.advice.row}.")
        found.append(KnownPair(row.sentences[0], row.sentences[1], kind, path.name))
    if not found:
        raise DataError(f"{path} has a header and no rows; there is no verdict to try.")
    return found


def read_pairs(model: SimilarityModel, pairs: Sequence[KnownPair], rating: str) -> Read:
    """Have a model with an inferring head read pairs; `rating`: the scorer to go by."""
    ways = [[(pair[i], pair[1 - i]) for pair in pairs] for i in (0, 1)]
    scores, there = model.infer(ways[0], [rating])
    _, back = model.infer(ways[1], ())
    return Read(scores[rating], np.stack([there, back], axis=1))


def fit_rule(
    model: SimilarityModel, pairs: Sequence[KnownPair], gaps: NDArray[np.floating[Any]], data: str
) -> VerdictRule:
    """What tells the kinds of these pairs apart; every kind counts alike.

    How often a verdict is right is measured on the half of the pairs, by checksum, that was not fitted on, by turns.

    Args:
        model: with a head that infers, and its scorers joined.
        pairs: of every kind some.
        gaps: float [n], how far the two ways of reading are apart on pairs of the kind that is met.
        data: what to say it was fitted on.
    """
    read, weights = read_pairs(model, pairs, COMBINED), _weigh(pairs)
    right = np.array([pair.kind for pair in pairs])
    half = np.array([checksum(pair.sentence_a) // 10 % 2 for pair in pairs])
    said = np.full(len(pairs), "", right.dtype)
    for rest in (0, 1):
        rule = VerdictRule(COMBINED, _fit(read, right, weights * (half != rest)), 1.0, {}, "")
        said[half == rest] = kinds_of(read.rating, read.inference, rule)[half == rest]
    shares = {}
    for kind in KINDS:
        given = said == kind
        if given.any():
            share = float(np.average(right[given] == kind, weights=weights[given]))
            shares[kind] = Share(round(share, 3), int(given.sum()))
    far = round(float(np.quantile(gaps, _FAR)), 2)
    return VerdictRule(COMBINED, _fit(read, right, weights), far, shares, data)


def _fit(read: Read, right: NDArray[np.str_], weights: NDArray[np.float64]) -> dict[str, tuple[float, ...]]:
    """The weights of a rule: multinomial logistic regression on features of equal spread, a little held to 0."""
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    features = features_of(read.rating, read.inference)
    mean, spread = features[:, 1:].mean(axis=0), features[:, 1:].std(axis=0) + 1e-9
    even = np.column_stack([features[:, 0], (features[:, 1:] - mean) / spread])
    wanted, share = right[:, None] == np.array(KINDS), weights[:, None] / weights.sum()

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        own = flat.reshape(FEATURES, len(KINDS))
        said, held = log_softmax(even @ own, axis=1), np.vstack([np.zeros(len(KINDS)), own[1:]])
        slope = even.T @ ((np.exp(said) - wanted) * share) + 2 * _HELD * held
        return float(_HELD * (held**2).sum() - (share * wanted * said).sum()), slope.ravel()

    found = minimize(loss, np.zeros(FEATURES * len(KINDS)), jac=True, method="L-BFGS-B").x.reshape(FEATURES, -1)
    found[1:] /= spread[:, None]
    found[0] -= mean @ found[1:]
    return {kind: tuple(round(float(each), 4) for each in found[:, place]) for place, kind in enumerate(KINDS)}


def _weigh(pairs: Sequence[KnownPair]) -> NDArray[np.float64]:
    """How much each pair counts: every kind alike; of a kind every source, but what was written as people type more."""
    counts = Counter((pair.kind, pair.source) for pair in pairs)
    shares = {key: 1.0 if key[1] in _OF_DATA else _AS_TYPED for key in counts}
    sums = {kind: sum(share for (own, _), share in shares.items() if own == kind) for kind in KINDS}
    return np.array([shares[p.kind, p.source] / (sums[p.kind] * counts[p.kind, p.source]) for p in pairs])


def try_verdicts(model: SimilarityModel, pairs: Sequence[KnownPair]) -> VerdictReport:
    """How often the verdicts of a model are right.

    Raises:
        InputError: it gives none.
    """
    if model.verdict_rule is None or model.inferring_head is None:
        why = "its folder has no verdict.json, or its heads are not loaded"
        raise InputError(f"{model.name} gives no verdicts: {why}.")
    read = read_pairs(model, pairs, model.verdict_rule.rating)
    said = kinds_of(read.rating, read.inference, model.verdict_rule)
    confusion = {kind: dict.fromkeys(KINDS, 0) for kind in KINDS}
    for pair, kind in zip(pairs, said, strict=True):
        confusion[pair.kind][kind] += 1
    right = sum(confusion[kind][kind] for kind in KINDS) / len(pairs)
    return VerdictReport(right, confusion)
