"""Text to scores: composes tokenizer, engine, pooling and measures; holds no maths. `load` builds it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from bertsim.batching import Progress, map_rows
from bertsim.calibration import Calibration
from bertsim.combination import SCORER as COMBINED
from bertsim.combination import Combination
from bertsim.config import BertConfig, EmbeddingConfig
from bertsim.engine import Engine
from bertsim.errors import InputError
from bertsim.pair_heads import LoadedHead, PairHeads, first_row, in_line
from bertsim.pooling import check_combine, combine_layers, parse_layers, parse_pooling, pool, scale_to_unit
from bertsim.recipe import Recipe
from bertsim.records import Comparison, EncoderOutput, Float, Int, PairScore, TokenBatch
from bertsim.scoring import MEASURES, find_measure, score_pair
from bertsim.tokenization import Tokenizer
from bertsim.version import __version__


class SimilarityModel:
    """One encoder, ready to embed, score and compare. Safe to share between threads.

    Attributes:
        name: "bertsim-mini" for the bundled encoder, else the folder or repository.
        revision: the commit of a repository of the Hub, else None.
        config: the encoder's shape.
        max_length: tokens read of a sequence where a call says nothing else.
        default_pooling: the checkpoint's own.
    """

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
        calibrations: Mapping[str, Calibration] | None = None,
        combination: Combination | None = None,
    ) -> None:
        self.name, self.revision, self.config = name, revision, config
        self.max_length = tokenizer.check_length(embedding.max_length)
        self.default_pooling = embedding.pooling
        self._normalize = embedding.normalize
        self._runner = runner
        self._tokenizer = tokenizer
        self._heads = PairHeads(heads, runner, tokenizer)
        self._calibrations = dict(calibrations or {})
        self._combination = combination

    @property
    def engine(self) -> str:
        """Which engine serves now: "litert" or "tensorflow"."""
        return self._runner.name

    @property
    def scorers(self) -> tuple[str, ...]:
        """Names of the ways to score a pair: the measures, the trained heads, "combined" where they are joined."""
        return (*MEASURES, *self._heads.scorers, *([COMBINED] if self._combination else []))

    @property
    def heads(self) -> tuple[str, ...]:
        """Names of the trained heads, those included whose labels do not say how alike two sentences are."""
        return self._heads.names

    def labels(self, head: str) -> tuple[str, ...]:
        """What a head predicts. Raises InputError where there is no such head."""
        return self._heads.find(head).config.labels

    def check(self, sentence: str) -> None:
        """Raise InputError where scoring this sentence would."""
        self._tokenizer.check_sentence(sentence)

    def count_cut(self, sentences: Sequence[str], max_length: int | None = None) -> list[int]:
        """How many tokens of each sentence `embed` would not read, for they are beyond `max_length`."""
        return self._tokenizer.count_cut(sentences, max_length or self.max_length)

    def embed(
        self,
        sentences: Sequence[str],
        *,
        pooling: str | None = None,
        layers: Sequence[int] | None = None,
        combine: str = "concat",
        max_length: int | None = None,
        progress: Progress | None = None,
    ) -> Float:
        """Embed sentences, each distinct one once, in batches of similar length.

        Args:
            sentences: any number of texts.
            pooling: None = the checkpoint's own.
            layers: None = the last; else indices into the hidden states, negative ones from the end.
            combine: how several layers are joined: "concat", "sum" or "mean".
            max_length: tokens read of each; None = `self.max_length`.
            progress: told after every batch.

        Returns:
            float32 [n, dim], in the order given.

        Raises:
            InputError: a sentence or an option that cannot be used; names it.
        """
        if isinstance(sentences, str):
            raise InputError("sentences is one string; a list of strings was expected.")
        recipe = self.recipe(pooling, layers, combine, max_length)
        single = len(sentences) == 1
        return self._embed(
            sentences, recipe, progress, lambda i: "the sentence" if single else f"sentence {i + 1}"
        )

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
        if scorer == COMBINED and self._combination:
            parts = {
                name: self.score(pairs, scorer=name, max_length=max_length, progress=progress)
                for name in self._combination.weights
            }
            return self._combination.apply(parts).astype(np.float32)
        if scorer in self._heads.scorers:
            head = self._heads.find(scorer)
            return head.scores(self._logits(scorer, pairs, recipe.max_length, progress))
        measure = find_measure(scorer, self.scorers)
        sentences, called = in_line(pairs)
        embeddings = self._embed(sentences, recipe, progress, called)
        return measure.to_score(measure.compute(embeddings[0::2], embeddings[1::2]))

    def logits(
        self,
        pairs: Sequence[tuple[str, str]],
        *,
        head: str,
        max_length: int | None = None,
        progress: Progress | None = None,
    ) -> Float:
        """What a head computed, before it becomes probabilities: float32 [n, labels], order as `labels(head)`."""
        return self._logits(head, pairs, max_length or self.max_length, progress)

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
        recipe = self.recipe(pooling, layers, combine, None)
        tokens = replace(comparison.tokens, attention_mask=mask)
        return self._compare(tokens, recipe, time.perf_counter(), is_masked=True)

    def encode(self, tokens: TokenBatch) -> EncoderOutput:
        """Run the encoder on tokens, as they stand, and return every array."""
        return self._runner.encode(tokens.input_ids, tokens.attention_mask, tokens.token_type_ids)

    def pool_output(self, output: EncoderOutput, attention_mask: Int, recipe: Recipe) -> Float:
        """Turn what the encoder computed into sentence embeddings, float32 [batch, dim].

        Raises:
            InputError: the recipe asks for a pooler that the checkpoint does not have.
        """
        if recipe.pooling == "pooler":
            if output.pooler_output is None:
                raise InputError(f"{self.name} has no pooler; choose another pooling.")
            return scale_to_unit(output.pooler_output) if self._normalize else output.pooler_output
        hidden = combine_layers(output.hidden_states, recipe.layers, recipe.combine)
        return pool(hidden, attention_mask.astype(np.float32), recipe.pooling, normalize=self._normalize)

    def recipe(
        self, pooling: str | None, layers: Sequence[int] | None, combine: str, max_length: int | None
    ) -> Recipe:
        """Resolve options against this model.

        Raises:
            InputError: one that it cannot follow; names it.
        """
        chosen = self.default_pooling if pooling is None else pooling
        parse_pooling(chosen)
        if chosen == "pooler" and layers is not None:
            raise InputError(
                "the pooler reads the last layer alone; leave out layers, or choose another pooling."
            )
        resolved = parse_layers(layers, self.config.num_hidden_layers)
        length = self.max_length if max_length is None else self._tokenizer.check_length(max_length)
        is_default = chosen == self.default_pooling and resolved == (self.config.num_hidden_layers,)
        return Recipe(chosen, resolved, check_combine(combine), length, is_default)

    def settings(
        self,
        *,
        pooling: str | None = None,
        layers: Sequence[int] | None = None,
        combine: str = "concat",
        max_length: int | None = None,
    ) -> dict[str, object]:
        """Everything that a figure depends on, for the line printed beside it."""
        recipe = self.recipe(pooling, layers, combine, max_length)
        return {
            "encoder": self.name,
            "revision": self.revision,
            "engine": self.engine,
            "pooling": recipe.pooling,
            "layers": list(recipe.layers),
            "combine": recipe.combine,
            "max_length": recipe.max_length,
            "version": __version__,
        }

    def _compare(
        self, tokens: TokenBatch, recipe: Recipe, start: float, *, is_masked: bool = False
    ) -> Comparison:
        output = self.encode(tokens)
        a, b = self.pool_output(output, tokens.attention_mask, recipe)
        sentence_a, sentence_b = (row[0] for row in tokens.sentences)
        both: tuple[TokenBatch, EncoderOutput] | None = None
        if self._heads.any_packed and not is_masked:
            orders = [(sentence_a, sentence_b), (sentence_b, sentence_a)]
            in_both = self._tokenizer.batch(orders, recipe.max_length)
            both = in_both, self.encode(in_both)

        def pack() -> tuple[TokenBatch, EncoderOutput]:
            if both is not None:
                return first_row(*both)
            packed = self._tokenizer.batch([(sentence_a, sentence_b)], recipe.max_length)
            return packed, self.encode(packed)

        scores = [score_pair(scorer, a, b) for scorer in MEASURES]
        if recipe.is_default:
            scores = [self._with_probability(score) for score in scores]
        scores += [self._with_probability(score) for score in self._heads.compare(tokens, output, both)]
        if self._combination and not is_masked:
            if recipe.is_default:
                own = scores
            else:  # measures count as the checkpoint's own pooling has them
                pooled = self.pool_output(
                    output, tokens.attention_mask, self.recipe(None, None, "concat", None)
                )
                own = [*scores, *(score_pair(scorer, *pooled) for scorer in MEASURES)]
            scores.append(self._with_probability(self._combination.judge(own)))
        seconds = time.perf_counter() - start
        return Comparison(sentence_a, sentence_b, tuple(scores), tokens, output, seconds, pack)

    def _with_probability(self, score: PairScore) -> PairScore:
        curve = self._calibrations.get(score.scorer)
        return score if curve is None else replace(score, probability=float(curve.apply(score.score)))

    def _logits(
        self, head: str, pairs: Sequence[tuple[str, str]], max_length: int, progress: Progress | None
    ) -> Float:
        sentences, called = in_line(pairs)
        return self._heads.logits(head, sentences, max_length, progress, called)

    def _embed(
        self, sentences: Sequence[str], recipe: Recipe, progress: Progress | None, name: Callable[[int], str]
    ) -> Float:
        rows = [tuple(row) for row in self._tokenizer.encode(sentences, recipe.max_length, name)]
        return map_rows(
            rows,
            lambda batch: self._embed_batch(batch, recipe),
            recipe.size(self.config.hidden_size),
            progress,
            at_once=self._runner.at_once,
        )

    def _embed_batch(self, rows: Sequence[tuple[int, ...]], recipe: Recipe) -> Float:
        arrays = self._tokenizer.pad(rows)
        if recipe.is_default:
            return self._runner.embed(*arrays)
        return self.pool_output(self._runner.encode(*arrays), arrays[1], recipe)
