"""One sentence against many, and all of many with each other: `rank`, `matrix`, and what that costs.

Every query, or row, is sentence A and every sentence, or column, B, on the path of all pairs: a scorer that reads
sentences apart has each distinct one encoded once, one that reads pairs packed has a row of each pair.

Source: retrieve, then re-rank, and the names `encode_query`, `encode_document`, `similarity`: sentence-transformers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Set
from functools import partial
from itertools import chain
from typing import Any, TypeVar, Unpack

import numpy as np
from numpy.typing import NDArray

from bertsim.engines.base import Progress, pass_of
from bertsim.errors import InputError
from bertsim.model.embedder import Options, ResolvedOptions, name_by_place
from bertsim.model.passes import MAX_PASSES, check_limit, check_passes, passes_of, passes_of_pairs
from bertsim.model.scorers import APART, PACKED, Entries, Reader, Scorer, in_order, values_of, ways_of
from bertsim.model.scoring import Pairs, ScoringModel
from bertsim.records import Cost, Float, Ranked
from bertsim.text.lists import list_pairs, list_sentences
from bertsim.text.tokenizer import Name
from bertsim.text.unread import withheld

Places = NDArray[np.intp]
"""Of every query, places of sentences: int [queries, kept]; or of pairs, int [pairs]."""
Side = list[str] | Float
"""Texts, or vectors float32 [n, dim]."""
_FEW, _MORE = 8, 64  # sentences of either side that `cost` has read, and of which it makes values
_T = TypeVar("_T")


class RankingModel(ScoringModel):
    """One encoder with its heads, ready to rank many sentences. Attributes and arguments: those of `ScoringModel`."""

    def rank(
        self,
        query: str | Iterable[str] | Float,
        sentences: Iterable[str] | Float,
        *,
        scorer: str = "cosine",
        top: int | None = None,
        rerank: str | None = None,
        max_passes: int | None = None,
        chunk: str | int | None = None,
        progress: Progress | None = None,
        **options: Unpack[Options],
    ) -> list[Any]:
        """Rank sentences by how similar they are to a query, or to each of several: best first, ties by their place.

        Of one query it is a list of `Ranked`, of several a list of such lists.

        Args:
            query: one text, or any iterable of them; it is sentence A.
            sentences: any iterable of texts; each is sentence B. On either side vectors that `embed` made, by the same
                options, may stand for texts, float [n, dim] (for one query [dim]), where the scorer compares such
                vectors: "cosine", "dot", "euclidean" or "manhattan". What was not read of their texts is not known.
            scorer: one of `scorers`.
            top: how many are kept; None = all.
            rerank: another of `scorers`, a slower one that reads packed, say, which scores those kept again; order,
                scores and probabilities are its own then.
            max_passes: refuse what takes more passes of the encoder, those of `rerank` included; None = no limit.
            chunk: as in `score`: long texts are scored in parts, each a pass, and what has several gets no probability.

        Raises: InputError, for texts, vectors, a scorer, `top` or options that cannot be, or too many passes; names it.
        Example: rank("A dog barks.", ["The soup is cold.", "A dog is barking."], top=1)[0].index -> 1
        """
        top = check_limit("top", top)
        own: Any = [query] if isinstance(query, str) else query
        resolved = self.resolve(**options)
        first, second = self._scorer(scorer, resolved), None if rerank is None else self._scorer(rerank, resolved)
        a, b = texts_or_vectors(own, "query"), texts_or_vectors(sentences, "sentences")
        texts = [each for each in (a, b) if isinstance(each, list)]
        passes = sum(passes_of(first, *texts).values() if len(texts) == 2 else map(len, texts))
        if second:
            passes += passes_of_pairs(second, len(a) * min(len(b) if top is None else top, len(b)))
        check_passes(f"{scorer} of {len(a):,} × {len(b):,}{f', then {rerank},' if rerank else ''}", passes, max_passes)
        told, names = [pass_of(progress, number, 2 if second else 1) for number in (0, 1)], ("query", "sentence")
        is_long, whole = [np.zeros(len(side), bool) for side in (a, b)], set[str]()
        if not isinstance(a, list) or not isinstance(b, list):
            if second or chunk is not None or first.reader != self._embedding(resolved):
                reads = f"{rerank or scorer} reads" if chunk is None else "chunk splits"
                raise InputError(f"{reads} texts; give it these instead of vectors.")
            embed = partial(self.embed, progress=progress, **options)
            scores = _across_vectors(first, *(embed(each) if isinstance(each, list) else each for each in (a, b)))
        elif chunk is None or not a or not b:
            scores = self._across([first], a, b, resolved.max_length, told[0], names, whole)[first]
        else:
            sides = ((a, name_by_place(a, names[0])), (b, name_by_place(b, names[1])))
            parts_a, parts_b = (self._split(side, chunk, resolved.max_length, name) for side, name in sides)
            pieces = [list(chain(*side)) for side in (parts_a, parts_b)]
            passes = sum(passes_of(first, *pieces).values())
            check_passes(f"{scorer} of {' × '.join(f'{len(side):,}' for side in pieces)} parts", passes, max_passes)
            is_long = [np.array([len(parts) > 1 for parts in side]) for side in (parts_a, parts_b)]
            scores = self._joined([first], parts_a, parts_b, resolved.max_length, told[0])[first]
        places, scores = _best_first(np.broadcast_to(np.arange(len(b)), scores.shape), scores, top)
        if second and places.size:
            pairs = [(a[row], b[place]) for row, found in enumerate(places.tolist()) for place in found]
            again = self.score(
                pairs, scorer=second.name, chunk=chunk, max_passes=max_passes, progress=told[1], **options
            )
            places, scores = _best_first(places, again.reshape(places.shape))
        probabilities = self._probabilities(rerank or scorer, a, b, places, scores, resolved, whole)
        probabilities[is_long[0][:, None] | is_long[1][places]] = None
        rows = zip(places.tolist(), scores.tolist(), probabilities.tolist(), strict=True)
        ranked = [list(map(Ranked, *row)) for row in rows]
        is_one = isinstance(query, str) or (not isinstance(a, list) and np.ndim(own) == 1)
        return ranked[0] if is_one else ranked

    def matrix(
        self,
        sentences: Iterable[str],
        others: Iterable[str] | None = None,
        scorer: str = "cosine",
        *,
        max_passes: int | None = MAX_PASSES,
        progress: Progress | None = None,
        **options: Unpack[Options],
    ) -> Float:
        """Score every sentence with every other one: float32 [n, m], higher = more similar, as `score`.

        Args:
            sentences: any iterable of n texts; each is sentence A.
            others: any iterable of m texts; each is sentence B. None = the same ones.
            scorer: one of `scorers`.
            max_passes: refuse what costs more than so many passes, see `cost`; None = no limit.

        Raises: InputError, for a text, a scorer or an option that cannot be used, or more passes than may be; names it.
        Example: matrix(["A dog barks.", "It rains."]) -> [[1., 0.05], [0.05, 1.]], about
        """
        resolved = self.resolve(**options)
        asked, (a, b) = self._scorer(scorer, resolved), _sides(sentences, others)
        seconds = partial(self._seconds, asked, a, b, resolved.max_length)
        passes = sum(passes_of(asked, a, b).values())
        check_passes(f"{scorer} of {len(a):,} × {len(b):,}", passes, max_passes, seconds)
        return self._across([asked], a, b, resolved.max_length, progress)[asked]

    def cost(
        self,
        sentences: Iterable[str],
        others: Iterable[str] | None = None,
        scorer: str = "cosine",
        **options: Unpack[Options],
    ) -> Cost:
        """What `matrix` takes of these, and `rank` of `sentences` as queries and `others`: by a few, within a second.

        Where a scorer reads sentences apart that is n + m passes, where it reads pairs packed n × m; "combined" does
        both. Equal ones are read once, so that it may be less. Arguments as `matrix`; errors too, of those few.
        """
        resolved = self.resolve(**options)
        asked, (a, b) = self._scorer(scorer, resolved), _sides(sentences, others)
        return Cost(sum(passes_of(asked, a, b).values()), self._seconds(asked, a, b, resolved.max_length))

    def probabilities(
        self, pairs: Pairs, scores: Float, scorer: str = "cosine", **options: Unpack[Options]
    ) -> list[float | None]:
        """The probability that people would call each pair similar, in [0, 1]; None where nobody can say.

        Nobody can where the scorer has no calibration for these options, or where what was not read of a pair's two
        sentences differs. `scores`, float32 [n], are what `score` gave of these. Raises: InputError, for others.
        """
        listed, resolved, given = list_pairs(pairs), self.resolve(**options), np.asarray(scores)
        if given.shape != (len(listed),):
            raise InputError(f"scores are {given.shape} for {len(listed):,} pairs; one for each was expected.")
        a, b = ([pair[side] for pair in listed] for side in (0, 1))
        name, places = self._scorer(scorer, resolved).name, np.arange(len(b))[:, None]
        return self._probabilities(name, a, b, places, given[:, None], resolved)[:, 0].tolist()

    def encode_query(self, sentences: str | Iterable[str], **options: Unpack[Options]) -> Float:
        """What sentence-transformers calls `embed`, of many texts [n, dim]; of a single string float32 [dim].

        Queries and documents are embedded alike: an encoder that puts a prompt before either is refused when it is
        loaded. Options and errors as `embed`.
        """
        return self.embed([sentences], **options)[0] if isinstance(sentences, str) else self.embed(sentences, **options)

    encode_document = encode_query

    def similarity(self, embeddings: Float, others: Float) -> Float:
        """The cosine of every vector with every other one, as sentence-transformers names it; texts go to `matrix`.

        Of what `embed` made, float [n, dim] and [m, dim]: float32 [n, m] in [-1, 1]. A vector [dim] is one of one.

        Raises: InputError, for texts, other shapes, or vectors of two lengths; names them.
        """
        a, b = texts_or_vectors(embeddings, "embeddings"), texts_or_vectors(others, "others")
        if isinstance(a, list) or isinstance(b, list):
            raise InputError("similarity compares vectors, which embed makes; give texts to matrix instead.")
        return _across_vectors(self._scorer("cosine", self._own_options), a, b)

    def _seconds(self, scorer: Scorer, a: list[str], b: list[str], max_length: int) -> float:
        """How long every A with every B takes, as a few of either do."""
        if not a or not b:
            return 0.0
        few_a, name_a = _few(a, "sentence")
        few_b, name_b = (few_a, name_a) if a is b else _few(b, "other sentence")
        entries, seconds = dict[Reader, Entries](), 0.0
        passes, tried = passes_of(scorer, a, b), passes_of(scorer, few_a, few_b)
        for way, readers in ways_of([scorer]).items():
            rows = self._rows_across(few_a, few_b, max_length, (name_a, name_b), 0, len(few_b), way)
            read, took = _timed(partial(self._read, [(rows, readers)], None))
            entries |= read
            seconds += took * passes[way] / tried[way]
        n, m = len(few_a), len(few_b)
        more = {
            APART: np.concatenate([np.resize(np.arange(n), _MORE), np.resize(np.arange(n, n + m), _MORE)]),
            PACKED: np.resize(np.arange(n * m), _MORE * _MORE),
        }
        entries = {reader: in_order([kept], more[reader.inputs]) for reader, kept in entries.items()}
        _, took = _timed(lambda: values_of([scorer], entries, _MORE))
        return seconds + took * len(a) * len(b) / _MORE**2

    def _probabilities(
        self,
        scorer: str,
        a: Side,
        b: Side,
        places: Places,
        scores: Float,
        options: ResolvedOptions,
        whole: Set[str] = frozenset(),
    ) -> NDArray[np.object_]:
        """The probability of every pair of a query and one of its places; None, too, where `withheld` says why.

        whole: sentences of which it is known that all was read.
        """
        curve = self._calibration(scorer, options)
        if curve is None:
            return np.full(scores.shape, None, object)
        found = curve.apply(scores).astype(object)
        if isinstance(a, list) and isinstance(b, list):
            packed, first = scorer in self.scorers_of(PACKED), np.arange(len(a))[:, None]
            found[self._is_withheld(a, b, first, places, options.max_length, whole, packed=packed)] = None
        return found

    def _is_withheld(
        self,
        a: list[str],
        b: list[str],
        first: Places,
        second: Places,
        max_length: int,
        whole: Set[str] = frozenset(),
        *,
        packed: bool = False,
    ) -> NDArray[np.bool_]:
        """Of which pairs of places `withheld` says why nobody can tell how alike they are: bool, as these broadcast."""
        found = np.ones(np.broadcast_shapes(first.shape, second.shape), bool)
        if not packed:
            texts = [*(a[i] for i in np.unique(first)), *(b[i] for i in np.unique(second))]
            texts = [text for text in texts if text not in whole] if whole else texts  # which are no texts, it may be
            unread = self.partly_unread(texts, max_length)
            partly_a, partly_b = (np.array([text in unread for text in side], bool) for side in (a, b))
            found = partly_a[first] | partly_b[second]
        places = (each[found].tolist() for each in np.broadcast_arrays(first, second))
        pairs = [(a[i], b[j]) for i, j in zip(*places, strict=True)]
        lost = self.unread_of_pairs(pairs, max_length, packed=packed)
        found[found] = [pair in lost and bool(withheld(*lost[pair])) for pair in pairs]
        return found


def _sides(sentences: Iterable[str], others: Iterable[str] | None) -> tuple[list[str], list[str]]:
    """The A's and the B's, which are the same list where there are no others."""
    a = list_sentences(sentences)
    return a, a if others is None else list_sentences(others, "others")


def _few(sentences: list[str], name: str) -> tuple[list[str], Name]:
    """Some sentences from all over the list, and what errors call them."""
    step, named = -(-len(sentences) // _FEW), name_by_place(sentences, name)
    return sentences[::step], lambda index: named(index * step)


def _timed(run: Callable[[], _T]) -> tuple[_T, float]:
    """What it gives, and the seconds it takes the second time: the first may have to load something."""
    run()
    start = time.perf_counter()
    return run(), time.perf_counter() - start


def texts_or_vectors(given: Iterable[str] | Float, name: str) -> Side:
    """Texts as a list, vectors as float32 [n, dim]; one vector [dim] as [1, dim].

    Raises: InputError, if it is neither; calls it by that name.
    """
    array = np.asarray(given) if hasattr(given, "__array__") else None
    if array is None or array.dtype.kind != "f" or not array.ndim or not array.shape[-1]:
        return list_sentences(given, name)
    vectors = np.atleast_2d(np.asarray(array, np.float32))
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        fault = "holds a value that is no finite number" if vectors.ndim == 2 else f"has the shape {array.shape}"
        raise InputError(f"{name} {fault}; vectors [n, dim], or texts, were expected.")
    return vectors


def check_widths(a: Float, b: Float) -> None:
    """Raises: InputError: vectors [n, dim] and [m, dim] are not of the same dim."""
    if a.shape[1] != b.shape[1]:
        told = "make both sides by one model and the same options"
        raise InputError(f"vectors of {a.shape[1]} numbers and of {b.shape[1]} cannot be compared; {told}.")


def _across_vectors(scorer: Scorer, a: Float, b: Float) -> Float:
    """The scores of every vector of A with every one of B, float32 [a, b]."""
    check_widths(a, b)
    return scorer.scores(scorer.values_across(a, b)) if len(a) else np.zeros((0, len(b)), np.float32)


def _best_first(places: Places, scores: Float, top: int | None = None) -> tuple[Places, Float]:
    """Order every row by its scores, ties by their places, and keep so many.

    Example: places [[0, 1, 2]], scores [[0.1, 0.9, 0.9]], top 2 -> [[1, 2]], [[0.9, 0.9]]
    """
    order = np.lexsort((places, -scores))[:, :top]
    return np.take_along_axis(places, order, axis=1), np.take_along_axis(scores, order, axis=1)
