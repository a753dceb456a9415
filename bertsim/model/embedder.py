"""Text to sentence embeddings: composes tokenizer, engine and pooling; holds no maths.

What is scored with them is `pipeline`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bertsim.bert.config import BertConfig, EmbeddingConfig
from bertsim.bert.pooling import (
    check_combine,
    combine_layers,
    parse_layers,
    parse_pooling,
    pool,
    scale_to_unit,
)
from bertsim.engines.base import Engine
from bertsim.engines.batches import Progress, map_rows
from bertsim.errors import InputError
from bertsim.records import EncoderOutput, Float, Int, TokenBatch, TokenCounts, Unread
from bertsim.score.alignment import align_tokens
from bertsim.score.recipe import Recipe
from bertsim.text.masks import masked_arrays, masked_rows
from bertsim.text.tokenizer import Tokenizer
from bertsim.version import __version__


class SentenceEmbedder:
    """One encoder, ready to embed. Safe to share between threads.

    Attributes:
        name: of the bundled encoder, the folder or the repository.
        revision: the commit of a repository of the Hub, else None.
        config: the encoder's shape.
        max_length: tokens read of a sequence where a call says nothing else.
        default_pooling: the checkpoint's own.
        heads_source: where trained heads are from, where they are not the encoder's own: a folder, or
            "user/name@commit".
    """

    heads_source: str | None = None

    def __init__(
        self,
        runner: Engine,
        tokenizer: Tokenizer,
        config: BertConfig,
        embedding: EmbeddingConfig,
        *,
        name: str,
        revision: str | None,
    ) -> None:
        self.name, self.revision, self.config = name, revision, config
        self.max_length = tokenizer.check_length(embedding.max_length)
        self.default_pooling = embedding.pooling
        self._normalize = embedding.normalize
        self._runner = runner
        self._tokenizer = tokenizer

    @cached_property
    def has_pooler(self) -> bool:
        """Whether the checkpoint has a trained pooler, so that the pooling "pooler" can be asked for."""
        return self._runner.encode(*self._tokenizer.pad([(0,)])).pooler_output is not None

    @property
    def engine(self) -> str:
        """Which engine serves now: "litert" or "tensorflow"."""
        return self._runner.name

    def check(self, sentence: str, name: str = "the sentence") -> None:
        """Raise InputError, which calls it by that name, where scoring this sentence would."""
        self._tokenizer.check_sentence(sentence, name)

    def count_tokens(self, sentences: Sequence[str], max_length: int | None = None) -> list[TokenCounts]:
        """How many tokens of each sentence are beyond `max_length`, are unknown, and are read by `embed`."""
        recipe = self.recipe(None, None, "concat", max_length)
        return self._tokenizer.count_tokens(sentences, recipe.max_length)

    def unread(self, sentences: Sequence[str], max_length: int | None = None) -> list[Unread]:
        """What of each sentence `embed` would not read, to the letter; of many, `count_tokens` is faster.

        Raises:
            InputError: a sentence that `check` refuses.
        """
        recipe = self.recipe(None, None, "concat", max_length)
        rows = [(sentence,) for sentence in sentences]
        return [row for (row,) in self._tokenizer.batch(rows, recipe.max_length).unread]

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

    def tokenize(self, sentences: Sequence[str]) -> TokenBatch:
        """The tokens of sentences, each alone, as `encode` takes them. Raises as `embed`."""
        return self._tokenizer.batch(
            [(sentence,) for sentence in sentences], self.max_length, names=["the sentence"]
        )

    def encode(self, tokens: TokenBatch) -> EncoderOutput:
        """Run the encoder on tokens, as they stand, and return every array."""
        return self._runner.encode(tokens.input_ids, tokens.attention_mask, tokens.token_type_ids)

    def embed_masked(self, tokens: TokenBatch, masks: Int, recipe: Recipe) -> Float:
        """Embed the rows of a batch under other masks, in few batches.

        Args:
            tokens: some rows.
            masks: int32 [n, rows, seq].
            recipe: how; the checkpoint's own runs on the engine's fast signature.

        Returns:
            float32 [n * rows, dim]: every row under the first mask, then under the second, ...
        """
        return map_rows(
            masked_rows(masks),
            lambda batch: self._embed_arrays(masked_arrays(tokens, batch), recipe),
            recipe.size(self.config.hidden_size),
            None,
            lambda row: len(row[1]),
            self._runner.at_once,
        )

    def align_masked(self, tokens: TokenBatch, masks: Int, recipe: Recipe) -> Float:
        """Score one pair by its tokens under many masks.

        Args:
            tokens: A in row 0, B in row 1.
            masks: int32 [n, 2, seq].
            recipe: its layers.

        Returns:
            float32 [n].
        """
        rows = [tuple(tuple(row) for row in mask) for mask in masks.tolist()]

        def run(batch: Sequence[tuple[tuple[int, ...], ...]]) -> Float:
            arrays = masked_arrays(tokens, [(row, mask[row]) for row in (0, 1) for mask in batch])
            is_token = (arrays[1] == 1) & ~np.repeat(tokens.is_special, len(batch), axis=0)
            return self.align_output(self._runner.encode(*arrays), is_token, recipe)[:, None]

        return map_rows(rows, run, 1, None, lambda row: 2 * len(row[0]), self._runner.at_once)[:, 0]

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

    def align_output(self, output: EncoderOutput, is_token: NDArray[np.bool_], recipe: Recipe) -> Float:
        """Score pairs by their tokens, from what the encoder computed; float32 [pairs].

        Args:
            output: of the first sentences of all pairs, then of the second ones.
            is_token: bool [2 pairs, seq]; the tokens that count.
            recipe: its layers; tokens are not pooled.
        """
        hidden = combine_layers(output.hidden_states, recipe.layers, recipe.combine)
        (a, b), (is_a, is_b) = np.split(hidden, 2), np.split(is_token, 2)
        return align_tokens(a, is_a, b, is_b)

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
            **({"heads": self.heads_source} if self.heads_source else {}),
        }

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
        return self._embed_arrays(self._tokenizer.pad(rows), recipe)

    def _embed_arrays(self, arrays: tuple[Int, Int, Int], recipe: Recipe) -> Float:
        if recipe.is_default:
            return self._runner.embed(*arrays)
        return self.pool_output(self._runner.encode(*arrays), arrays[1], recipe)
