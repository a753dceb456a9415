"""Lines that a visitor typed -> each with each: vectors at once, read together block by block, groups, order, a map.

In: text, a model, settings. Out: arrays and records for `views.every_pair`. numpy; scipy for order and groups, which is
imported when it is needed first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bertsim.bert.pooling import scale_to_unit
from bertsim.model.similarity import SimilarityModel
from bertsim.records import Float, Unread
from bertsim.score.duplicates import group
from bertsim.text.unread import withheld
from bertsim.ui.lane import SlowLane
from bertsim.ui.pairs import Settings
from bertsim.views.markup import counted
from bertsim.views.pairwise import MAX_DRAWN, reached, read_pairs
from bertsim.views.unread import listed

MAX_LINES, MAX_CHARACTERS = 500, 2_000
"""Sentences that are compared, and characters of one."""
BLOCK = 64
"""Pairs that are read together before it is told how far that is."""
QUICK = 128
"""After so many pairs others go first."""
_NAMED = 5  # faults that are told


class Lines(NamedTuple):
    """What was typed: sentences, all different; what was left out without harm; what is wrong with others."""

    kept: tuple[str, ...]
    notes: list[str]
    faults: list[str]


@dataclass(frozen=True)
class Apart:
    """Sentences as vectors.

    Attributes:
        cosines: float32 [n, n].
        order: int [n], their places as they cluster; of many as they were given.
        places, shares: on a map, float32 [n, 2], and how much of the variance each of its axes has, float32 [2].
        silent: bool [n, n], of which pairs nobody can say that they are alike, for what was not read of them.
        notes: what was not read, in sentences.
    """

    cosines: Float
    order: NDArray[np.intp]
    places: Float
    shares: Float
    silent: NDArray[np.bool_]
    notes: tuple[str, ...]


def read_lines(typed: str, model: SimilarityModel, max_length: int) -> Lines:
    r"""Take a text apart into sentences, one a line.

    Example: "It rains.\\n\\nIt rains." -> ("It rains.",), ["1 blank line left out, ..."], []
    """
    lines = [line.strip() for line in typed.splitlines()]
    first: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if line:
            first.setdefault(line, number)
    blank = sum(not line for line in lines)
    repeated = len(lines) - blank - len(first)
    beyond, kept = len(first) - MAX_LINES, list(first)[:MAX_LINES]
    faults = []
    for line in [each for each in kept if len(each) > MAX_CHARACTERS]:
        most = f"{MAX_CHARACTERS:,} are the most"
        faults.append(f"Line {first[line]} is left out: it has {len(line):,} characters, and {most}.")
        kept.remove(line)
    for line, count in zip(list(kept), model.count_tokens(kept, max_length), strict=True):
        if not count.read:
            faults.append(f"Line {first[line]} is left out: the encoder can read nothing of {listed([line])}.")
            kept.remove(line)
    notes = [f"{counted(blank, 'blank line')} left out."] * bool(blank)
    notes += [f"{counted(repeated, 'line')} said before: each stands once."] * bool(repeated)
    if beyond > 0:
        faults.append(f"There are {len(first):,} sentences; the first {MAX_LINES} are compared.")
    if more := len(faults) - _NAMED:
        faults = [*faults[:_NAMED], f"And {more:,} more such lines."] if more > 0 else faults
    return Lines(tuple(kept), notes, faults)


def key_of(lines: Sequence[str]) -> bytes:
    """What tells these sentences from others, in few bytes."""
    return sha256("\n".join(lines).encode("utf-8", "surrogatepass")).digest()


def read_apart(model: SimilarityModel, settings: Settings, lines: Sequence[str]) -> Apart:
    """Read at least two sentences each alone. Raises InputError as the model does."""
    vectors = model.embed(lines, **settings.options(model))
    cosines = model.similarity(vectors, vectors)
    order = cluster_order(cosines) if len(lines) <= MAX_DRAWN else np.arange(len(lines))
    places, shares = project(vectors)
    unread = model.partly_unread(lines, settings.max_length)
    return Apart(cosines, order, places, shares, _silent(lines, unread), _notes(lines, unread))


def _notes(lines: Sequence[str], unread: Mapping[str, Unread]) -> tuple[str, ...]:
    """Example: "Sentence 2: not read: 👍. Its scores are of the rest."."""
    found = []
    for number, line in enumerate(lines, 1):
        if each := unread.get(line):
            parts = [f"not read: {listed(each.unknown_words)}"] * bool(each.unknown_words)
            parts += [f"cut off: {listed([each.cut_off.strip()])}"] * bool(each.cut_tokens)
            found.append(f"Sentence {number}: {'; '.join(parts)}. Its scores are of the rest.")
    more = len(found) - _NAMED
    return tuple([*found[:_NAMED], f"And of {counted(more, 'sentence')} more."] if more > 0 else found)


def _silent(lines: Sequence[str], unread: Mapping[str, Unread]) -> NDArray[np.bool_]:
    found = np.zeros((len(lines), len(lines)), bool)
    for one, partly in enumerate(map(unread.get, lines)):
        if partly:
            found[one] = [bool(withheld(partly, unread.get(line, Unread()))) for line in lines]
    return found | found.T


def cluster_order(cosines: Float) -> NDArray[np.intp]:
    """Places of at least two sentences, so that those stand together that are alike: int [n].

    Source: average linkage, its leaves ordered so that neighbours are as near as may be (Bar-Joseph et al. 2001).
    """
    from scipy.cluster.hierarchy import leaves_list, linkage

    first, second = np.triu_indices(len(cosines), 1)
    distances = np.clip(1 - cosines[first, second], 0, 2).astype(float)
    return np.asarray(leaves_list(linkage(distances, "average", optimal_ordering=True)), np.intp)


def project(vectors: Float) -> tuple[Float, Float]:
    """Lay vectors, at length 1, on the plane that shows most of their variance (PCA).

    Returns:
        Places, float32 [n, 2], and the share of the variance that either axis has, float32 [2] in [0, 1].

    Example: [[1., 0.], [0., 1.]] -> [[.71, 0.], [-.71, 0.]], [1., 0.], or mirrored
    """
    unit = scale_to_unit(vectors)
    left, sizes, _ = np.linalg.svd(unit - unit.mean(axis=0), full_matrices=False)
    places = np.zeros((len(vectors), 2), np.float32)
    count = min(2, len(sizes))
    places[:, :count] = left[:, :count] * sizes[:count]
    places *= np.where(places[np.abs(places).argmax(axis=0), [0, 1]] < 0, -1, 1)  # else it may turn over
    total = float((sizes**2).sum())
    shares = np.zeros(2, np.float32)
    shares[:count] = sizes[:count] ** 2 / max(total, 1e-12)
    return places, shares


def find_groups(scores: Float, threshold: float, silent: NDArray[np.bool_]) -> list[tuple[int, ...]]:
    """Groups that pairs at or above a threshold connect, larger first; no pair that is `silent` does.

    Example: scores of (0, 2) .9, of the others .1, threshold .5 -> [(0, 2)]
    """
    return group(*np.nonzero(reached(scores, threshold) & ~silent))


def lost_together(
    model: SimilarityModel, max_length: int, lines: Sequence[str], together: Float
) -> tuple[NDArray[np.bool_], list[str]]:
    """Of which pairs that were read together nobody can say that they are alike, bool [n, n], and what was cut off."""
    silent = np.zeros(together.shape, bool)
    places = np.argwhere(np.triu(np.isfinite(together), 1)).tolist()
    lost = model.unread_of_pairs([(lines[one], lines[other]) for one, other in places], max_length, packed=True)
    for one, other in places:
        if both := lost.get((lines[one], lines[other])):
            silent[one, other] = silent[other, one] = bool(withheld(*both))
    cut = sum(any(each.cut_tokens for each in both) for both in lost.values())
    told = f"{counted(cut, 'pair')} longer than the {max_length:,} tokens that two share when they are read together:"
    return silent, [f"{told} the end of either is cut off there."] * bool(cut)


def unread_pairs(apart: Apart, together: Float) -> list[tuple[int, int]]:
    """The pairs that are to be read together and were not yet, nearest first."""
    first, second = read_pairs(apart.cosines)
    pairs = zip(first.tolist(), second.tolist(), strict=True)
    return [pair for pair in pairs if np.isnan(together[pair])]


def gives_logits(model: SimilarityModel, scorer: str) -> bool:
    """Whether scores are logits, such as those of a cross-encoder of the Hub that was trained to rank."""
    return scorer in model.heads and model.head_config(scorer).activation == "identity"


def read_together(
    model: SimilarityModel,
    scorer: str,
    max_length: int,
    lines: Sequence[str],
    pairs: Sequence[tuple[int, int]],
    together: Float,
    lane: SlowLane,
    stop: Callable[[], None],
) -> Iterator[tuple[int, int]]:
    """Read pairs of places both ways, and write the mean of both orders into `together`, float32 [n, n], 0 to 1.

    Of logits it is that of their sigmoids, as CrossEncoder of sentence-transformers has it where a model says nothing.

    Yields:
        After every block how many of the pairs are read, and how many there are.

    Raises:
        StaleError: `stop` says that nobody waits for it any more; it is asked after every batch.
    """
    from scipy.special import expit

    is_logit = gives_logits(model, scorer)
    for start in range(0, len(pairs), BLOCK):
        block = pairs[start : start + BLOCK]
        texts = [(lines[one], lines[other]) for pair in block for one, other in (pair, pair[::-1])]
        with lane.enter([text for pair in texts for text in pair], stop=stop, is_slow=start > QUICK) as pace:
            scores = model.score(texts, scorer=scorer, max_length=max_length, progress=pace).reshape(-1, 2)
        first, second = np.array(block).T
        both = (expit(scores) if is_logit else scores).mean(axis=1)
        together[first, second] = together[second, first] = both
        yield min(start + BLOCK, len(pairs)), len(pairs)
