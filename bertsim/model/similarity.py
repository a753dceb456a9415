"""Text to scores: composes embeddings, measures, heads and calibration; holds no maths.

Sentences first, pairs second: every way to score makes rows of its sentences, or of its packed pairs, has each
distinct one encoded once, and lets scorers make values of A's entries and B's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Unpack

import numpy as np

from bertsim.bert.folder import CheckpointFolder
from bertsim.engines.base import Engine, Progress, pass_of
from bertsim.errors import InputError
from bertsim.heads.config import HeadConfig
from bertsim.heads.reading import LoadedHead
from bertsim.model.embedder import Options, ResolvedOptions, SentenceEmbedder
from bertsim.model.scorers import (
    APART,
    PACKED,
    Entries,
    Reader,
    Scorer,
    combined_scorer,
    head_scorer,
    read_batch,
    readers_of,
    values_of,
)
from bertsim.records import ALIGNMENT, COMBINED, UNTRAINED, Comparison, Float, Int, PairScore, Row, TokenBatch
from bertsim.score.calibration import Calibration, Combination
from bertsim.score.measures import MEASURES
from bertsim.score.words import Words
from bertsim.text.lists import list_pairs
from bertsim.text.masks import mask_packed, masked_pairs, masked_rows
from bertsim.text.unread import withheld

Pairs = Iterable[Sequence[str]]
"""Any iterable of pairs: a list, `zip`, an array [n, 2], the values of a frame."""
_BLOCK = 4096  # pairs whose token vectors are held at the same time


class SimilarityModel(SentenceEmbedder):
    """One encoder with its heads, ready to embed, score and compare. Safe to share between threads.

    Attributes:
        scorers: names of the ways to score a pair: what every encoder has, the heads, "combined" where they are joined.
        heads: names of the trained heads, those included whose labels do not say how alike two sentences are.
        words: what its numbers mean; None where nobody says.
    """

    def __init__(
        self,
        checkpoint: CheckpointFolder,
        engine: Engine,
        *,
        heads: Sequence[LoadedHead] = (),
        heads_source: str | None = None,
        calibrations: Mapping[str, Calibration] | None = None,
        combination: Combination | None = None,
        words: Words | None = None,
    ) -> None:
        super().__init__(checkpoint, engine)
        self._heads = {head.name: head for head in heads}
        self._calibrations, self._combination = calibrations or {}, combination
        self.heads, self.heads_source, self.words = tuple(self._heads), heads_source, words
        scoring = [head.name for head in heads if head.config.similar is not None]
        self.scorers: tuple[str, ...] = (*UNTRAINED, *scoring, *([COMBINED] if combination else []))

    def labels(self, head: str) -> tuple[str, ...]:
        """What a head predicts. Raises InputError where there is no such head."""
        return self.head_config(head).labels

    def head_config(self, head: str) -> HeadConfig:
        """What a head says of itself. Raises InputError where there is no such head."""
        return self._head(head).config

    def scorers_of(self, inputs: str) -> tuple[str, ...]:
        """Names of the scorers that read pairs "packed" or "apart"; "combined" where it joins one of these."""
        found = (self._scorer(name, self._own_options) for name in self.scorers)
        return tuple(scorer.name for scorer in found if readers_of([scorer], inputs))

    def score(
        self, pairs: Pairs, *, scorer: str = "cosine", progress: Progress | None = None, **options: Unpack[Options]
    ) -> Float:
        """Score pairs; higher = more similar, whatever the scorer.

        Options and errors as `embed`; heads and "combined" stand on the checkpoint's own pooling and last layer,
        whatever the options say.

        Returns:
            float32 [n]; for cosine in [-1, 1], for a head in [0, 1].
        """
        return self.scores(pairs, [scorer], progress=progress, **options)[scorer]

    def scores(
        self,
        pairs: Pairs,
        scorers: Iterable[str] | None = None,
        *,
        progress: Progress | None = None,
        **options: Unpack[Options],
    ) -> dict[str, Float]:
        """Score pairs by several scorers in one pass of the encoder; options and errors as `score`.

        Returns:
            float32 [n] by scorer, in the order given; scorers: None = all of the model's.
        """
        listed, resolved = list_pairs(pairs), self.resolve(**options)
        asked = [self._scorer(name, resolved) for name in (self.scorers if scorers is None else scorers)]
        if not listed:
            return {scorer.name: np.zeros(0, np.float32) for scorer in asked}
        values = self._values(asked, listed, resolved.max_length, progress)
        return {scorer.name: scorer.scores(values[scorer]) for scorer in asked}

    def logits(
        self, pairs: Pairs, *, head: str, max_length: int | None = None, progress: Progress | None = None
    ) -> Float:
        """What a head computed, before it becomes probabilities: float32 [n, labels], order as `labels(head)`."""
        listed, scorer = list_pairs(pairs), head_scorer(self._head(head), logits=True)
        resolved = self.resolve(max_length=max_length)
        if not listed:
            return np.zeros((0, len(self.labels(head))), np.float32)
        return self._values([scorer], listed, resolved.max_length, progress)[scorer]

    def label_probabilities(
        self, pairs: Pairs, *, head: str, max_length: int | None = None, progress: Progress | None = None
    ) -> Float:
        """Probability of every label of a head: float32 [n, labels] in [0, 1], order as `labels(head)`."""
        return self._head(head).probabilities(self.logits(pairs, head=head, max_length=max_length, progress=progress))

    def calibrate(self, scorer: str, scores: Float) -> Float | None:
        """Scores -> the probability that people would call each pair similar; None: the scorer has no calibration.

        The calibration is of the checkpoint's own pooling and layers: other scores are not to be put in.
        """
        curve = self._calibrations.get(scorer)
        return None if curve is None else np.asarray(curve.apply(scores), np.float32)

    def compare(self, a: str, b: str, *, packed: bool = False, **options: Unpack[Options]) -> Comparison:
        """Score one pair by every scorer and keep everything the views need.

        Args:
            a, b: the two sentences.
            packed: keep the packed pair too where no scorer reads it.
            options: see `Options`; errors as `embed`.
        """
        start, resolved = time.perf_counter(), self.resolve(**options)
        tokens = self._tokenizer.batch([(a,), (b,)], resolved.max_length)
        return self._compare(tokens, resolved, start, packed=packed)

    def rescore(self, comparison: Comparison, attention_mask: Int, **options: Unpack[Options]) -> Comparison:
        """Compare the same pair under another attention mask: what if these tokens were padding?

        Args:
            comparison: what `compare` returned.
            attention_mask: int32 [2, seq], as `comparison.tokens.attention_mask`.
            options: see `Options`; as many tokens are read as in the comparison.

        Raises:
            InputError: the mask has another shape or other values than 0 and 1.
        """
        start, mask = time.perf_counter(), np.asarray(attention_mask, np.int32)
        shape = comparison.tokens.attention_mask.shape
        if mask.shape != shape or not np.isin(mask, (0, 1)).all():
            raise InputError(f"the attention mask must hold 0 and 1 in the shape {list(shape)}.")
        resolved = self.resolve(**options | {"max_length": comparison.max_length})
        tokens = replace(comparison.tokens, attention_mask=mask)
        return self._compare(tokens, resolved, start, packed=comparison.packed is not None, is_masked=True)

    def score_masked(
        self, comparison: Comparison, masks: Int, scorer: str = "cosine", **options: Unpack[Options]
    ) -> Float:
        """Score one pair under many masks in few batches; higher = more similar, as `score`.

        Args:
            comparison: what `compare` returned.
            masks: int32 [n, 2, seq], each as `comparison.tokens.attention_mask`.
            scorer: one of `scorers`.
            options: see `Options`.

        Returns:
            float32 [n].
        """
        asked = self._scorer(scorer, self.resolve(**options | {"max_length": comparison.max_length}))

        def rows(inputs: str) -> list[Row]:
            if inputs == APART or comparison.packed is None:  # it is there where a scorer reads it
                return masked_rows(comparison.tokens, masks)
            return masked_pairs(comparison.tokens, comparison.packed[0], masks)

        return asked.scores(self._values_of([asked], rows)[asked])

    def _compare(
        self, tokens: TokenBatch, options: ResolvedOptions, start: float, *, packed: bool, is_masked: bool = False
    ) -> Comparison:
        (a,), (b,) = tokens.sentences
        scorers = [self._scorer(name, options) for name in self.scorers]
        output, pair, read_packed = self.encode(tokens), None, readers_of(scorers, PACKED)
        # the pair, and the pair the other way round
        entries = read_batch(tokens, output, readers_of(scorers, APART), (0, 1, 1, 0))
        if packed or read_packed:
            orders = [(a, b), (b, a)] if read_packed else [(a, b)]
            rows = self._tokenizer.batch(orders, options.max_length)
            rows = replace(rows, attention_mask=mask_packed(tokens, rows)) if is_masked else rows
            together = self.encode(rows)
            entries |= read_batch(rows, together, read_packed, (0, 1))
            pair = rows.first(), together.first()
        is_withheld, scores = bool(withheld(*(unread for (unread,) in tokens.unread))), []
        values = values_of(scorers, entries)
        for scorer in scorers:
            is_trained = scorer.name not in UNTRAINED  # then it goes by the checkpoint's own options, and by the order
            curve = self._calibrations.get(scorer.name) if options.is_default or is_trained else None
            value, value_reversed = map(float, values[scorer])
            score = float(scorer.scores(values[scorer])[0])
            probability = None if curve is None or is_withheld else float(curve.apply(score))
            scale, turned = (scorer.unit, scorer.low, scorer.high), value_reversed if is_trained else None
            scores.append(PairScore(scorer.name, value, *scale, score, probability, turned))
        seconds = time.perf_counter() - start
        return Comparison(a, b, tuple(scores), tokens, output, pair, seconds, options.max_length)

    def _scorer(self, name: str, options: ResolvedOptions) -> Scorer:
        """The scorer of this name. Raises InputError where there is none."""
        if name not in self.scorers:
            raise InputError(f"scorer is {name!r:.80}; known are {', '.join(self.scorers)}.")
        if name == COMBINED and self._combination:
            parts = [self._scorer(part, self._own_options) for part in self._combination.weights]
            return combined_scorer(self._combination, parts)
        if name not in MEASURES:
            return head_scorer(self._heads[name])
        return Scorer(name, *MEASURES[name], self._tokens(options) if name == ALIGNMENT else self._embedding(options))

    def _head(self, name: str) -> LoadedHead:
        if name not in self._heads:
            known = f"known are {', '.join(self._heads)}" if self._heads else "this model has none"
            raise InputError(f"head is {name!r}; {known}; python -m bertsim train makes one.")
        return self._heads[name]

    def _values(
        self, scorers: Sequence[Scorer], pairs: list[tuple[str, str]], max_length: int, progress: Progress | None
    ) -> dict[Scorer, Float]:
        """The values of at least one pair; where token vectors are kept, of so many pairs at a time."""
        size = _BLOCK if any(reader.keeps_tokens for reader in readers_of(scorers, APART)) else len(pairs)
        starts, parts = range(0, len(pairs), size), []
        for number, start in enumerate(starts):
            rows = partial(self._rows, pairs[start : start + size], max_length, partial(_name, len(pairs), start))
            parts.append(self._values_of(scorers, rows, pass_of(progress, number, len(starts))))
        return {scorer: np.concatenate([part[scorer] for part in parts]) for scorer in scorers}

    def _rows(
        self, pairs: list[tuple[str, str]], max_length: int, name: Callable[[int], str], inputs: str
    ) -> list[Row]:
        """Rows of pairs: "apart" A and B one after another, "packed" a row for each pair."""
        texts = pairs if inputs == PACKED else [(each,) for pair in pairs for each in pair]
        return self._tokenizer.encode(texts, max_length, name)

    def _values_of(
        self, scorers: Sequence[Scorer], rows: Callable[[str], list[Row]], progress: Progress | None = None
    ) -> dict[Scorer, Float]:
        """The values of pairs whose rows, "apart" or "packed", `rows` makes."""
        ways = {way: readers for way in (APART, PACKED) if (readers := readers_of(scorers, way))}
        entries: dict[Reader, Entries] = {}
        for number, (way, readers) in enumerate(ways.items()):
            entries |= self._read(rows(way), readers, pass_of(progress, number, len(ways)))
        return values_of(scorers, entries)


def _name(pairs: int, start: int, index: int) -> str:
    """What an error calls a sentence, counted from pair `start` of so many.

    Example: 3, 0, 1 -> "pair 1, sentence B"
    """
    which = f"sentence {'AB'[index % 2]}"
    return which if pairs == 1 else f"pair {start + index // 2 + 1}, {which}"
