"""Text to scores: composes embeddings, measures, heads and calibration; holds no maths.

`load` builds a `SimilarityModel` from the bundled encoder, a folder, or a repository of the Hub.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from bertsim.bert.config import BertConfig, EmbeddingConfig
from bertsim.engines.base import Engine
from bertsim.engines.batches import Progress
from bertsim.errors import InputError
from bertsim.heads.config import HeadConfig
from bertsim.heads.pairs import LoadedHead, PairHeads, Reader, first_row, in_line
from bertsim.model.embedder import SentenceEmbedder
from bertsim.records import Comparison, EncoderOutput, Float, Int, PairScore, TokenBatch
from bertsim.score.alignment import SCORER as ALIGNMENT
from bertsim.score.alignment import UNTRAINED
from bertsim.score.calibration import Calibration
from bertsim.score.combination import SCORER as COMBINED
from bertsim.score.combination import Combination
from bertsim.score.measures import MEASURES, find_measure, score_pair
from bertsim.score.recipe import Recipe
from bertsim.score.words import Words
from bertsim.text.masks import mask_packed
from bertsim.text.tokenizer import Tokenizer
from bertsim.text.unread import withheld

_EMBEDDED = ""  # no head has this name


class SimilarityModel(SentenceEmbedder):
    """One encoder with its heads, ready to embed, score and compare. Safe to share between threads."""

    def __init__(
        self,
        runner: Engine,
        tokenizer: Tokenizer,
        config: BertConfig,
        embedding: EmbeddingConfig,
        *,
        name: str,
        revision: str | None,
        heads: Sequence[LoadedHead] = (),
        heads_source: str | None = None,
        calibrations: Mapping[str, Calibration] | None = None,
        combination: Combination | None = None,
        words: Words | None = None,
    ) -> None:
        super().__init__(runner, tokenizer, config, embedding, name=name, revision=revision)
        self._heads = PairHeads(heads, runner, tokenizer)
        self.heads_source = heads_source
        self._calibrations = dict(calibrations or {})
        self._combination = combination
        self.words = words

    @property
    def scorers(self) -> tuple[str, ...]:
        """Names of the ways to score a pair: what every encoder has, the heads, "combined" where they are joined."""
        return (*UNTRAINED, *self._heads.scorers, *([COMBINED] if self._combination else []))

    @property
    def heads(self) -> tuple[str, ...]:
        """Names of the trained heads, those included whose labels do not say how alike two sentences are."""
        return self._heads.names

    def labels(self, head: str) -> tuple[str, ...]:
        """What a head predicts. Raises InputError where there is no such head."""
        return self.head_config(head).labels

    def head_config(self, head: str) -> HeadConfig:
        """What a head says of itself. Raises InputError where there is no such head."""
        return self._heads.find(head).config

    def scorers_of(self, inputs: str) -> tuple[str, ...]:
        """Names of the scorers that read pairs "packed" or "apart"; "combined" where it joins one of these."""
        heads = self._heads.scorers
        found = {name for name in heads if self.head_config(name).inputs == inputs}
        found |= set(UNTRAINED) if inputs == "apart" else set()
        if self._combination and not found.isdisjoint(self._combination.weights):
            found.add(COMBINED)
        return tuple(name for name in self.scorers if name in found)

    def score(
        self,
        pairs: Sequence[tuple[str, str]],
        *,
        scorer: str = "cosine",
        pooling: str | None = None,
        layers: Sequence[int] | None = None,
        combine: str = "concat",
        max_length: int | None = None,
        progress: Progress | None = None,
    ) -> Float:
        """Score pairs; higher = more similar, whatever the scorer (`scoring.Measure.to_score`).

        Args and errors as `embed`; heads and "combined" stand on the checkpoint's own pooling and last layer,
        whatever pooling and layers say.

        Returns:
            float32 [n]; for cosine in [-1, 1], for a head in [0, 1].
        """
        recipe = self.recipe(pooling, layers, combine, max_length)
        return self._scores(pairs, [scorer], recipe, progress)[scorer]

    def scores(
        self,
        pairs: Sequence[tuple[str, str]],
        scorers: Sequence[str] | None = None,
        *,
        pooling: str | None = None,
        layers: Sequence[int] | None = None,
        combine: str = "concat",
        max_length: int | None = None,
        progress: Progress | None = None,
    ) -> dict[str, Float]:
        """Score pairs by several scorers in one pass of the encoder; args and errors as `score`.

        Returns:
            float32 [n] by scorer, in the order given; scorers: None = all of the model's.
        """
        recipe = self.recipe(pooling, layers, combine, max_length)
        return self._scores(pairs, self.scorers if scorers is None else scorers, recipe, progress)

    def logits(
        self,
        pairs: Sequence[tuple[str, str]],
        *,
        head: str,
        max_length: int | None = None,
        progress: Progress | None = None,
    ) -> Float:
        """What a head computed, before it becomes probabilities: float32 [n, labels], order as `labels(head)`."""
        recipe = self.recipe(None, None, "concat", max_length)
        sentences, called = in_line(pairs)
        if not sentences:
            return self._heads.find(head).nothing
        return self._heads.read([head], sentences, recipe.max_length, progress, called)[head]

    def label_probabilities(
        self,
        pairs: Sequence[tuple[str, str]],
        *,
        head: str,
        max_length: int | None = None,
        progress: Progress | None = None,
    ) -> Float:
        """Probability of every label of a head: float32 [n, labels] in [0, 1], order as `labels(head)`."""
        logits = self.logits(pairs, head=head, max_length=max_length, progress=progress)
        return self._heads.find(head).probabilities(logits)

    def calibrate(self, scorer: str, scores: Float) -> Float | None:
        """Scores -> the probability that people would call each pair similar; None: the scorer has no calibration.

        The calibration is of the checkpoint's own pooling and layers: other scores are not to be put in.
        """
        curve = self._calibrations.get(scorer)
        return None if curve is None else np.asarray(curve.apply(scores), np.float32)

    def compare(
        self,
        a: str,
        b: str,
        *,
        pooling: str | None = None,
        layers: Sequence[int] | None = None,
        combine: str = "concat",
        max_length: int | None = None,
    ) -> Comparison:
        """Score one pair by every scorer and keep everything the views need.

        Args and errors as `embed`.
        """
        start = time.perf_counter()
        recipe = self.recipe(pooling, layers, combine, max_length)
        tokens = self._tokenizer.batch([(a,), (b,)], recipe.max_length)
        return self._compare(tokens, recipe, start)

    def rescore(
        self,
        comparison: Comparison,
        attention_mask: Int,
        *,
        pooling: str | None = None,
        layers: Sequence[int] | None = None,
        combine: str = "concat",
    ) -> Comparison:
        """Compare the same pair under another attention mask: what if these tokens were padding?

        Args:
            comparison: what `compare` returned.
            attention_mask: int32 [2, seq], as `comparison.tokens.attention_mask`.

        Raises:
            InputError: the mask has another shape or other values than 0 and 1.
        """
        mask = np.asarray(attention_mask, np.int32)
        shape = comparison.tokens.attention_mask.shape
        if mask.shape != shape or not np.isin(mask, (0, 1)).all():
            raise InputError(f"the attention mask must hold 0 and 1 in the shape {list(shape)}.")
        recipe = self.recipe(pooling, layers, combine, comparison.max_length)
        tokens = replace(comparison.tokens, attention_mask=mask)
        return self._compare(tokens, recipe, time.perf_counter(), is_masked=True)

    def score_masked(
        self,
        comparison: Comparison,
        masks: Int,
        scorer: str = "cosine",
        *,
        pooling: str | None = None,
        layers: Sequence[int] | None = None,
        combine: str = "concat",
    ) -> Float:
        """Score one pair under many masks in few batches; higher = more similar, as `score`.

        Args:
            comparison: what `compare` returned.
            masks: int32 [n, 2, seq], each as `comparison.tokens.attention_mask`.
            scorer: one of `scorers`.

        Returns:
            float32 [n].
        """
        if scorer == COMBINED and self._combination:
            parts = {name: self.score_masked(comparison, masks, name) for name in self._combination.weights}
            return self._combination.apply(parts).astype(np.float32)
        if scorer in self._heads.scorers:
            return self._heads.score_masked(scorer, comparison, masks)
        recipe = self.recipe(pooling, layers, combine, comparison.max_length)
        if scorer == ALIGNMENT:
            return self.align_masked(comparison.tokens, masks, recipe)
        measure = find_measure(scorer, self.scorers)
        embeddings = self.embed_masked(comparison.tokens, masks, recipe)
        return measure.to_score(measure.compute(embeddings[0::2], embeddings[1::2]))

    def _compare(
        self, tokens: TokenBatch, recipe: Recipe, start: float, *, is_masked: bool = False
    ) -> Comparison:
        output = self.encode(tokens)
        a, b = self.pool_output(output, tokens.attention_mask, recipe)
        sentence_a, sentence_b = (row[0] for row in tokens.sentences)
        both: tuple[TokenBatch, EncoderOutput] | None = None

        def packed(*orders: tuple[str, str]) -> tuple[TokenBatch, EncoderOutput]:
            rows = self._tokenizer.batch(orders, recipe.max_length)
            if is_masked:
                rows = replace(rows, attention_mask=mask_packed(tokens, rows))
            return rows, self.encode(rows)

        if self._heads.any_packed:
            both = packed((sentence_a, sentence_b), (sentence_b, sentence_a))

        def pack() -> tuple[TokenBatch, EncoderOutput]:
            return packed((sentence_a, sentence_b)) if both is None else first_row(*both)

        scores = [score_pair(scorer, a, b) for scorer in MEASURES]
        scores.append(self._judge_alignment(tokens, output, recipe))
        if recipe.is_default:
            scores = [self._with_probability(score) for score in scores]
        scores += [self._with_probability(score) for score in self._heads.compare(tokens, output, both)]
        if self._combination:
            if recipe.is_default:
                own = scores
            else:  # measures and alignment count as the checkpoint's own pooling and layer have them
                usual = self.recipe(None, None, "concat", None)
                pooled = self.pool_output(output, tokens.attention_mask, usual)
                own = [*scores, *(score_pair(scorer, *pooled) for scorer in MEASURES)]
                own.append(self._judge_alignment(tokens, output, usual))
            scores.append(self._with_probability(self._combination.judge(own)))
        (unread_a,), (unread_b,) = tokens.unread
        if withheld(unread_a, unread_b):
            scores = [replace(score, probability=None) for score in scores]
        seconds = time.perf_counter() - start
        return Comparison(
            sentence_a, sentence_b, tuple(scores), tokens, output, seconds, pack, recipe.max_length
        )

    def _align(self, output: EncoderOutput, attention_mask: Int, recipe: Recipe) -> Float:
        """Alignment of pairs, first sentences above second ones in the batch; float32 [pairs, 1]."""
        return self.align_output(output, self._tokenizer.own_tokens(attention_mask), recipe)[:, None]

    def _judge_alignment(self, tokens: TokenBatch, output: EncoderOutput, recipe: Recipe) -> PairScore:
        """What the tokens of A and B, alone in rows 0 and 1, say of the pair."""
        value = float(self.align_output(output, tokens.is_own, recipe)[0])
        return PairScore(ALIGNMENT, value, "similarity", 0.0, 1.0, value)

    def _with_probability(self, score: PairScore) -> PairScore:
        curve = self._calibrations.get(score.scorer)
        return score if curve is None else replace(score, probability=float(curve.apply(score.score)))

    def _scores(
        self,
        pairs: Sequence[tuple[str, str]],
        scorers: Sequence[str],
        recipe: Recipe,
        progress: Progress | None,
    ) -> dict[str, Float]:
        for scorer in scorers:
            if not isinstance(scorer, str):
                raise InputError(f"scorer is {scorer!r:.80}; a name was expected: {', '.join(self.scorers)}.")
        joined = tuple(self._combination.weights) if self._combination and COMBINED in scorers else ()
        if joined and not recipe.is_default:  # it stands on the checkpoint's own pooling
            own = self.recipe(None, None, "concat", recipe.max_length)
            alone = self._scores(pairs, [COMBINED], own, progress)
            rest = [scorer for scorer in scorers if scorer != COMBINED]
            return alone | (self._scores(pairs, rest, recipe, progress) if rest else {})
        needed = [scorer for scorer in dict.fromkeys((*scorers, *joined)) if scorer != COMBINED or not joined]
        heads = [scorer for scorer in needed if scorer in self._heads.scorers]
        others = [scorer for scorer in needed if scorer not in heads and scorer != ALIGNMENT]
        measures = {name: find_measure(name, self.scorers) for name in others}
        sentences, called = in_line(pairs)
        if not pairs:
            return {scorer: np.zeros(0, np.float32) for scorer in scorers}
        made: dict[str, Float] = {}
        if heads or ALIGNMENT in needed:
            readers: dict[str, Reader] = {}
            if measures:
                readers[_EMBEDDED] = partial(self.pool_output, recipe=recipe)
            if ALIGNMENT in needed:
                readers[ALIGNMENT] = partial(self._align, recipe=recipe)
            made = self._heads.read(
                heads, sentences, recipe.max_length, progress, called, readers, by_pair=ALIGNMENT in needed
            )
        elif measures:
            made[_EMBEDDED] = self._embed(sentences, recipe, progress, called).reshape(len(pairs), -1)
        found = {head: self._heads.find(head).scores(made[head]) for head in heads}
        for name, measure in measures.items():
            found[name] = measure.to_score(measure.compute(*np.split(made[_EMBEDDED], 2, axis=1)))
        if ALIGNMENT in needed:
            found[ALIGNMENT] = made[ALIGNMENT][:, 0]
        if joined and self._combination:
            found[COMBINED] = self._combination.apply(found).astype(np.float32)
        return {scorer: found[scorer] for scorer in scorers}
