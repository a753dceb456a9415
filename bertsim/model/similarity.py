"""Text to everything that the views show of one pair: its scores, its tokens, and what each layer made of them.

A pair that is compared, or masked, is scored on the path of all pairs: the same scorers, by entries of the same rows.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Unpack

import numpy as np

from bertsim.errors import InputError
from bertsim.model.embedder import Options, ResolvedOptions
from bertsim.model.many import RankingModel
from bertsim.model.ruler import Ruler, ruler_pairs
from bertsim.model.scorers import APART, PACKED, head_scorer, read_batch, readers_of, values_of
from bertsim.records import UNTRAINED, Comparison, Float, Int, PairScore, Row, TokenBatch
from bertsim.score.verdict import Inference, Verdict, kinds_of
from bertsim.text.masks import mask_packed, masked_pairs, masked_rows
from bertsim.text.unread import withheld


class SimilarityModel(RankingModel):
    """One encoder with its heads, ready to embed, score, rank and compare. Safe to share between threads.

    Attributes: those of `SentenceEmbedder` and of `ScoringModel`.
    """

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

    def ruler(self, scorer: str = "cosine") -> Ruler:
        """Where a scorer puts pairs of plain English, by kind; they are scored when it is asked for first.

        It is of the checkpoint's own pooling and layers: other scores have no place on it.

        Raises:
            InputError: no such scorer.
        """
        if scorer not in self._rulers:  # of two threads both may score them
            strips = {kind: np.sort(self.score(pairs, scorer=scorer)) for kind, pairs in ruler_pairs().items()}
            self._rulers[scorer] = Ruler(scorer, strips)
        return self._rulers[scorer]

    def verdict(self, comparison: Comparison, apart: Comparison | None = None) -> Verdict | None:
        """What two sentences are to each other, by what was made of them already; nothing is encoded for it.

        Args:
            comparison: of this model, which read the two together.
            apart: the same pair by another encoder, whose cosine is set against that; None: by this one.

        Returns:
            None where this model has no thresholds, or something of the pair was not read so that nobody can say.
        """
        limits, inference = self.thresholds, comparison.inference
        if limits is None or inference is None or withheld(*comparison.unread):
            return None
        rating, vectors = comparison[limits.rating], (apart or comparison)["cosine"].probability
        (kind,) = kinds_of(np.array([rating.score]), inference[None], limits)
        says_more = "ab"[int(inference[:, 0].argmax())] if kind == "one_follows" else None
        gap = None if vectors is None or rating.probability is None else abs(vectors - rating.probability)
        a_to_b, b_to_a = (Inference(*map(float, row)) for row in inference)
        return Verdict(
            str(kind),
            says_more,
            rating.score,
            a_to_b,
            b_to_a,
            similar=rating.probability,
            right=limits.right.get(str(kind)),
            gap=gap,
            disagrees=gap is not None and gap >= limits.far,
            read_together_by=self.name,
        )

    def _compare(
        self, tokens: TokenBatch, options: ResolvedOptions, start: float, *, packed: bool, is_masked: bool = False
    ) -> Comparison:
        (a,), (b,) = tokens.sentences
        scorers = [self._scorer(name, options) for name in self.scorers]
        inferring = self.inferring_head and self._head(self.inferring_head)
        asked = [*scorers, head_scorer(inferring, logits=True)] if inferring else scorers
        output, pair, read_packed = self.encode(tokens), None, readers_of(asked, PACKED)
        # the pair, and the pair the other way round
        entries = read_batch(tokens, output, readers_of(asked, APART), (0, 1, 1, 0))
        if packed or read_packed:
            orders = [(a, b), (b, a)] if read_packed else [(a, b)]
            rows = self._tokenizer.batch(orders, options.max_length)
            rows = replace(rows, attention_mask=mask_packed(tokens, rows)) if is_masked else rows
            together = self.encode(rows)
            entries |= read_batch(rows, together, read_packed, (0, 1))
            pair = rows.first(), together.first()
        is_withheld, scores = bool(withheld(*(unread for (unread,) in tokens.unread))), []
        values = values_of(asked, entries)
        for scorer in scorers:
            curve, is_trained = self._calibration(scorer.name, options), scorer.name not in UNTRAINED
            value, value_reversed = map(float, values[scorer])
            score = float(scorer.scores(values[scorer])[0])
            probability = None if curve is None or is_withheld else float(curve.apply(score))
            scale = scorer.unit, scorer.low, scorer.high
            turned = value_reversed if is_trained else None  # for what is trained, the order counts
            scores.append(PairScore(scorer.name, value, *scale, score, probability, turned))
        inference = inferring.inference(values[asked[-1]]) if inferring else None
        seconds = time.perf_counter() - start
        return Comparison(a, b, tuple(scores), tokens, output, pair, seconds, options.max_length, inference)
