"""One sentence against many: `rank`.

Every query is sentence A and everything that is ranked sentence B, on the path of all pairs: a scorer that reads
sentences apart has each distinct one encoded once, one that reads pairs packed has a row of each pair.

Source: retrieve, then re-rank, as sentence-transformers does.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from bertsim.engines.base import Progress, pass_of
from bertsim.errors import InputError
from bertsim.model.embedder import Options, ResolvedOptions
from bertsim.model.scorers import Scorer
from bertsim.model.scoring import ScoringModel
from bertsim.records import Float, Ranked, Unread
from bertsim.text.lists import list_sentences
from bertsim.text.unread import withheld

Places = NDArray[np.intp]
"""Of every query, places of sentences: int [queries, kept]."""
_Side = list[str] | Float


class RankingModel(ScoringModel):
    """One encoder with its heads, ready to rank many sentences. Attributes: those of `ScoringModel`."""

    def rank(
        self,
        query: str | Iterable[str] | Float,
        sentences: Iterable[str] | Float,
        *,
        scorer: str = "cosine",
        top: int | None = None,
        rerank: str | None = None,
        progress: Progress | None = None,
        **options: Unpack[Options],
    ) -> list[Any]:
        """Rank sentences by how similar they are to a query, or to each of several: best first, ties by their place.

        Args:
            query: one text, or any iterable of them; it is sentence A.
            sentences: any iterable of texts; each is sentence B. On either side vectors that `embed` made, by the same
                options, may stand for texts, float [n, dim] (for one query [dim]), where the scorer compares such
                vectors: "cosine", "dot", "euclidean" or "manhattan". What was not read of their texts is not known.
            scorer: one of `scorers`.
            top: how many are kept; None = all.
            rerank: another of `scorers`, a slower one that reads packed, say, which scores those kept again; order,
                scores and probabilities are its own then.
            progress: told after every batch.
            options: see `Options`.

        Returns:
            A list of `Ranked`; of several queries a list of such lists.

        Raises:
            InputError: a text, vectors, a scorer, `top` or an option that cannot be used; names it.

        Example: rank("A dog barks.", ["The soup is cold.", "A dog is barking."], top=1)[0].index -> 1
        """
        if top is not None and (type(top) is not int or top < 1):
            raise InputError(f"top is {top!r:.60}; a whole number from 1 on was expected.")
        own: Any = [query] if isinstance(query, str) else query
        resolved = self.resolve(**options)
        first, second = self._scorer(scorer, resolved), None if rerank is None else self._scorer(rerank, resolved)
        a, b = _texts_or_vectors(own, "query"), _texts_or_vectors(sentences, "sentences")
        told = [pass_of(progress, number, 2 if second else 1) for number in (0, 1)]
        if isinstance(a, list) and isinstance(b, list):
            scores = self._across(first, a, b, resolved.max_length, told[0], ("query", "sentence"))
        elif second or first.reader != self._embedding(resolved):
            raise InputError(f"{rerank or scorer} reads texts; give it these instead of vectors.")
        else:
            embed = partial(self.embed, progress=progress, **options)
            scores = _across_vectors(first, *(embed(each) if isinstance(each, list) else each for each in (a, b)))
        places, scores = _best_first(np.broadcast_to(np.arange(len(b)), scores.shape), scores, top)
        if second and places.size:
            pairs = [(a[row], b[place]) for row, found in enumerate(places.tolist()) for place in found]
            values = self._values([second], pairs, resolved.max_length, told[1])[second]
            places, scores = _best_first(places, second.scores(values).reshape(places.shape))
        probabilities = self._probabilities(rerank or scorer, a, b, places, scores, resolved)
        rows = zip(places.tolist(), scores.tolist(), probabilities.tolist(), strict=True)
        ranked = [list(map(Ranked, *row)) for row in rows]
        is_one = isinstance(query, str) or (not isinstance(a, list) and np.ndim(own) == 1)
        return ranked[0] if is_one else ranked

    def _probabilities(
        self, scorer: str, a: _Side, b: _Side, places: Places, scores: Float, options: ResolvedOptions
    ) -> NDArray[np.object_]:
        """The probability of every pair of a query and one of its places; None, too, where `withheld` says why."""
        curve = self._calibration(scorer, options)
        if curve is None:
            return np.full(scores.shape, None, object)
        found = curve.apply(scores).astype(object)
        if isinstance(a, list) and isinstance(b, list):
            texts = list(dict.fromkeys([*a, *(b[place] for place in np.unique(places))]))
            counts = zip(texts, self.count_tokens(texts, options.max_length), strict=True)
            partly = [text for text, count in counts if count.cut or count.unknown]
            unread = dict(zip(partly, self.unread(partly, options.max_length), strict=True)) if partly else {}
            for row, column in np.ndindex(places.shape) if unread else ():
                pair = a[row], b[places[row, column]]
                if withheld(*(unread.get(text, Unread()) for text in pair)):
                    found[row, column] = None
        return found


def _texts_or_vectors(given: Iterable[str] | Float, name: str) -> _Side:
    """Texts as a list, vectors as float32 [n, dim]; one vector [dim] as [1, dim].

    Raises:
        InputError: it is neither; calls it by that name.
    """
    array = np.asarray(given) if hasattr(given, "__array__") else None
    if array is None or array.dtype.kind != "f" or not array.size:
        return list_sentences(given, name)
    vectors = np.atleast_2d(np.asarray(array, np.float32))
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        fault = "holds a value that is no finite number" if vectors.ndim == 2 else f"has the shape {array.shape}"
        raise InputError(f"{name} {fault}; vectors [n, dim], or texts, were expected.")
    return vectors


def _across_vectors(scorer: Scorer, a: Float, b: Float) -> Float:
    """The scores of every vector of A with every one of B, float32 [a, b]."""
    if not len(a) or not len(b):
        return np.zeros((len(a), len(b)), np.float32)
    if a.shape[1] != b.shape[1]:
        told = "make them by one model and the same options"
        raise InputError(f"query has vectors of {a.shape[1]} numbers, sentences of {b.shape[1]}; {told}.")
    return scorer.scores(scorer.values_across(a, b))


def _best_first(places: Places, scores: Float, top: int | None = None) -> tuple[Places, Float]:
    """Order every row by its scores, ties by their places, and keep so many.

    Example: places [[0, 1, 2]], scores [[0.1, 0.9, 0.9]], top 2 -> [[1, 2]], [[0.9, 0.9]]
    """
    order = np.lexsort((places, -scores))[:, :top]
    return np.take_along_axis(places, order, axis=1), np.take_along_axis(scores, order, axis=1)
