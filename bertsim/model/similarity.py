"""Text to everything that the views show of one pair: its scores, its tokens, and what each layer made of them.

A pair that is compared, or masked, is scored on the path of all pairs: the same scorers, by entries of the same rows.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Unpack

import numpy as np

from bertsim.engines.base import Progress
from bertsim.errors import InputError
from bertsim.model.duplicates import DuplicatesModel
from bertsim.model.embedder import Options, ResolvedOptions
from bertsim.model.passes import MAX_PASSES, check_limit, check_parts
from bertsim.model.ruler import Ruler, ruler_pairs
from bertsim.model.scorers import APART, PACKED, head_scorer, read_batch, readers_of, values_of
from bertsim.model.scoring import Pairs
from bertsim.records import UNTRAINED, Comparison, Float, Int, PairScore, PartsScore, Row, TokenBatch
from bertsim.score.parts import join_parts
from bertsim.score.verdict import Inference, Verdict, kinds_of, one_text
from bertsim.text.chunks import SENTENCES
from bertsim.text.lists import list_pairs
from bertsim.text.masks import mask_packed, masked_pairs, masked_rows
from bertsim.text.tokenizer import name_of_pair
from bertsim.text.unread import withheld


class SimilarityModel(DuplicatesModel):
    """One encoder with its heads, ready to embed, score, rank and compare. Safe to share between threads.

    Attributes: those of `SentenceEmbedder` and of `ScoringModel`.
    """

    def compare(
        self, a: str, b: str, *, scorers: Iterable[str] | None = None, packed: bool = False, **options: Unpack[Options]
    ) -> Comparison:
        """Score one pair by every scorer and keep everything the views need.

        Args:
            a, b: the two sentences.
            scorers: the ones that score it; None = all of the model's.
            packed: keep the packed pair too where no scorer reads it.
            options: see `Options`; errors as `embed`.
        """
        start, resolved = time.perf_counter(), self.resolve(**options)
        tokens = self._tokenizer.batch([(a,), (b,)], resolved.max_length)
        return self._compare(tokens, resolved, start, self._asked(scorers), packed=packed)

    def score_parts(
        self,
        a: str,
        b: str,
        *,
        scorer: str = "cosine",
        chunk: str | int = SENTENCES,
        max_passes: int | None = MAX_PASSES,
        progress: Progress | None = None,
        **options: Unpack[Options],
    ) -> PartsScore:
        """Score two texts of any length part by part, and tell which part of one matches which of the other.

        Every part counts by its best match in the other text: these are averaged over A, by the parts' tokens, and over
        B, and the two averages averaged. Where a scorer says that B follows from A, the parts of B alone count.

        Args:
            a, b: the two texts; of one part each they score as `score` does.
            scorer: one of `scorers`.
            chunk: "sentences", or how many tokens a window has; each begins half a window behind the one before. Two
                parts fit packed into `max_length`: a longer sentence is split into windows.
            max_passes: refuse what takes more passes, parts of A × parts of B where pairs are read packed; None = no
                limit.

        Raises: InputError, for a text, a scorer or an option that cannot be used, or more passes than may be; names it.
        Example: score_parts("It rains. I am cold.", "I freeze.").matches -> ([0, 0], [1])
        """
        max_passes = check_limit("max_passes", max_passes)
        resolved = self.resolve(**options)
        asked, curve = self._scorer(scorer, resolved), self._calibration(scorer, resolved)
        parts_a, parts_b = self._split([a, b], chunk, resolved.max_length, name_of_pair)
        check_parts([asked], parts_a, parts_b, max_passes)
        texts_a, texts_b = ([part.text for part in side] for side in (parts_a, parts_b))
        scores = self._across([asked], texts_a, texts_b, resolved.max_length, progress)[asked]
        score = join_parts(scores, parts_a, parts_b, is_directed=asked.is_directed)
        unread_a, unread_b = (self.unread(side, resolved.max_length) for side in (texts_a, texts_b))
        is_calibrated = curve and scores.size == 1 and not withheld(unread_a[0], unread_b[0])
        probability = float(curve.apply(score)) if curve and is_calibrated else None
        return PartsScore(scorer, score, probability, (parts_a, parts_b), (unread_a, unread_b), scores)

    def rescore(self, comparison: Comparison, attention_mask: Int, **options: Unpack[Options]) -> Comparison:
        """Compare the same pair under another attention mask: what if these tokens were padding?

        The mask is int32 [2, seq], as `comparison.tokens.attention_mask`; as many tokens are read as in the comparison.

        Raises: InputError, if the mask has another shape or other values than 0 and 1.
        """
        start, (mask,) = time.perf_counter(), _checked([attention_mask], comparison)
        resolved = self.resolve(**options | {"max_length": comparison.max_length})
        tokens = replace(comparison.tokens, attention_mask=mask)
        scorers = [score.scorer for score in comparison.scores]
        return self._compare(tokens, resolved, start, scorers, packed=comparison.packed is not None, is_masked=True)

    def score_masked(
        self, comparison: Comparison, masks: Int, scorer: str = "cosine", **options: Unpack[Options]
    ) -> Float:
        """Score one pair under many masks in few batches: float32 [n], higher = more similar, as `score`.

        The masks are int32 [n, 2, seq], each as `comparison.tokens.attention_mask` of what `compare` returned.

        Raises: InputError, as `rescore`.
        """
        asked = self._scorer(scorer, self.resolve(**options | {"max_length": comparison.max_length}))
        tokens, masks = comparison.tokens, _checked(masks, comparison)

        def rows(inputs: str) -> list[Row]:
            if inputs == APART:
                return masked_rows(tokens, masks)
            pair = comparison.sentence_a, comparison.sentence_b
            packed = comparison.packed or (self._tokenizer.batch([pair], comparison.max_length),)
            return masked_pairs(tokens, packed[0], masks)

        return asked.scores(self._values_of([asked], rows)[asked]) if len(masks) else np.zeros(0, np.float32)

    def infer(
        self, pairs: Pairs, scorers: Iterable[str], *, progress: Progress | None = None, **options: Unpack[Options]
    ) -> tuple[dict[str, Float], Float]:
        """`scores`, and how probably B follows from A, is open, or cannot be: float32 [n, 3]; each pair read once.

        Raises: InputError, as `scores`, and where no head infers.
        """
        listed, resolved = list_pairs(pairs), self.resolve(**options)
        head, asked = self._head(self.inferring_head or "nli"), [self._scorer(name, resolved) for name in scorers]
        logits = head_scorer(head, logits=True)
        if not listed:
            return {scorer.name: np.zeros(0, np.float32) for scorer in asked}, np.zeros((0, 3), np.float32)
        values = self._values([*asked, logits], listed, resolved.max_length, progress)
        return {scorer.name: scorer.scores(values[scorer]) for scorer in asked}, head.inference(values[logits])

    def ruler(self, scorer: str = "cosine") -> Ruler:
        """Where a scorer puts pairs of plain English, by kind; they are scored when it is asked for first.

        It is of the checkpoint's own pooling and layers: other scores have no place on it.

        Raises:
            InputError: no such scorer.
        """
        self._scorer(scorer, self._own_options)
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
            None where this model has no rule for it, or something of the pair was not read so that nobody can say.
        """
        rule, inference = self.verdict_rule, comparison.inference
        if rule is None or inference is None or withheld(*(comparison.unread_together or comparison.unread)):
            return None
        rating, vectors = comparison[rule.rating], (apart or comparison)["cosine"].probability
        (kind,), is_one = kinds_of(np.array([rating.score]), inference[None], rule), False
        if one_text(comparison.sentence_a, comparison.sentence_b):
            kind, is_one, vectors = "same", True, None
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
            right=None if is_one else rule.right.get(str(kind)),
            gap=gap,
            disagrees=gap is not None and gap >= rule.far,
            read_together_by=self.name,
            is_one_text=is_one,
        )

    def _compare(
        self,
        tokens: TokenBatch,
        options: ResolvedOptions,
        start: float,
        names: Iterable[str],
        *,
        packed: bool,
        is_masked: bool = False,
    ) -> Comparison:
        (a,), (b,) = tokens.sentences
        names = tuple(names)
        scorers = [self._scorer(name, options) for name in names]
        inferring = self._head(self.inferring_head) if self.inferring_head and names == self.scorers else None
        asked = [*scorers, head_scorer(inferring, logits=True)] if inferring else scorers
        output, pair, read_packed = self.encode(tokens), None, readers_of(asked, PACKED)
        (alone_a,), (alone_b,) = tokens.unread
        alone, shared = (alone_a, alone_b), None
        # the pair, and the pair the other way round
        entries = read_batch(tokens, output, readers_of(asked, APART), (0, 1, 1, 0))
        if packed or read_packed:
            orders = [(a, b), (b, a)] if read_packed else [(a, b)]
            rows = self._tokenizer.batch(orders, options.max_length)
            rows = replace(rows, attention_mask=mask_packed(tokens, rows)) if is_masked else rows
            together = self.encode(rows)
            entries |= read_batch(rows, together, read_packed, (0, 1))
            pair, (shared_a, shared_b) = (rows.first(), together.first()), rows.unread[0]
            shared = (shared_a, shared_b) if read_packed else None
        values, scores = values_of(asked, entries), list[PairScore]()
        for scorer in scorers:
            curve = self._calibration(scorer.name, options)
            value, value_reversed = map(float, values[scorer])
            score = float(scorer.scores(values[scorer])[0])
            lost = shared if shared and readers_of([scorer], PACKED) else alone
            probability = None if curve is None or withheld(*lost) else float(curve.apply(score))
            scale = scorer.unit, scorer.low, scorer.high
            turned = None if scorer.name in UNTRAINED else value_reversed  # for these alone the order is nothing
            scores.append(PairScore(scorer.name, value, *scale, score, probability, turned))
        inference = inferring.inference(values[asked[-1]]) if inferring else None
        seconds = time.perf_counter() - start
        return Comparison(a, b, tuple(scores), tokens, output, pair, seconds, options.max_length, inference, shared)


def _checked(masks: Any, comparison: Comparison) -> Int:
    """Masks as int32 [n, 2, seq]. Raises: InputError: one has another shape than the comparison's, or other values."""
    shape, found = comparison.tokens.attention_mask.shape, np.asarray(masks)
    if found.shape[1:] != shape or not np.isin(found, (0, 1)).all():
        raise InputError(f"the attention mask must hold 0 and 1 in the shape {list(shape)}.")
    return found.astype(np.int32)
