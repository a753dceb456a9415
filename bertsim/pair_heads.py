"""Heads on an encoder: pairs of sentences -> logits, probabilities, scores. No keras, no tensorflow here.

A head that reads pairs *packed* runs the encoder on `[CLS] A [SEP] B [SEP]`; one that reads them *apart* runs it on
each distinct sentence once. Either way the order counts: (B, A) may score otherwise than (A, B).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from bertsim.batching import Progress, map_rows
from bertsim.engine import Engine, HeadRunner
from bertsim.errors import InputError
from bertsim.head_config import HeadConfig, has_similar
from bertsim.records import EncoderOutput, Float, PairScore, TokenBatch
from bertsim.tokenization import Tokenizer

PackedIds = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class LoadedHead:
    """A head, ready to run.

    Attributes:
        name: of its folder; the name of its scorer.
        config: its shape and labels.
        runner: the engine that computes it.
    """

    name: str
    config: HeadConfig
    runner: HeadRunner

    def probabilities(self, logits: Float) -> Float:
        """Logits [n, labels] -> float32 [n, labels] in [0, 1]; rows sum to 1 for labels that exclude each other.

        Example: sigmoid, [[0., 2.]] -> [[0.5, 0.88]]
        """
        if self.config.activation == "sigmoid":
            return (0.5 * (1.0 + np.tanh(0.5 * logits))).astype(np.float32)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)

    def scores(self, logits: Float) -> Float:
        """The probability of the label that means similar, float32 [n]."""
        return self.probabilities(logits)[:, self.config.similar]


class PairHeads:
    """The heads of one model."""

    def __init__(self, heads: Sequence[LoadedHead], engine: Engine, tokenizer: Tokenizer) -> None:
        self._heads = {head.name: head for head in heads}
        self._engine, self._tokenizer = engine, tokenizer

    @property
    def names(self) -> tuple[str, ...]:
        """Every head."""
        return tuple(self._heads)

    @property
    def scorers(self) -> tuple[str, ...]:
        """The heads with a label that says how alike two sentences are."""
        return tuple(name for name, head in self._heads.items() if has_similar(head.config.labels))

    @property
    def any_packed(self) -> bool:
        """Whether a scorer reads pairs packed."""
        return any(self._heads[name].config.inputs == "packed" for name in self.scorers)

    def find(self, name: str) -> LoadedHead:
        """Look a head up.

        Raises:
            InputError: there is none of that name.
        """
        if name not in self._heads:
            known = f"known are {', '.join(self._heads)}" if self._heads else "this model has none"
            raise InputError(f"head is {name!r}; {known}; python -m bertsim train makes one.")
        return self._heads[name]

    def logits(
        self,
        name: str,
        sentences: Sequence[str],
        max_length: int,
        progress: Progress | None,
        called: Callable[[int], str],
    ) -> Float:
        """Logits of pairs.

        Args:
            name: of the head.
            sentences: A and B of every pair, one after another.
            max_length: tokens read of a sequence.
            progress: told after every batch.
            called: what an error calls the sentence of an index.

        Returns:
            float32 [pairs, labels].
        """
        head = self.find(name)
        if not len(sentences):
            return np.zeros((0, len(head.config.labels)), np.float32)
        if head.config.inputs == "packed":
            pairs = self._tokenizer.encode_pairs(sentences, max_length, called)
            run = partial(self._packed_features, head)
            features = map_rows(pairs, run, 0, progress, lambda pair: len(pair[0]), self._engine.at_once)
            return head.runner.classify(features)
        rows = [tuple(row) for row in self._tokenizer.encode(sentences, max_length, called)]
        features = map_rows(rows, partial(self._features, head), 0, progress, at_once=self._engine.at_once)
        return head.runner.classify(features[0::2], features[1::2])

    def compare(
        self, tokens: TokenBatch, output: EncoderOutput, packed: tuple[TokenBatch, EncoderOutput] | None
    ) -> list[PairScore]:
        """Score one pair by every head, in both orders.

        Args:
            tokens, output: A alone and B alone.
            packed: (A, B) and (B, A), packed; None: heads that read pairs packed are left out.
        """
        scores = []
        for head in map(self.find, self.scorers):
            if head.config.inputs == "apart":
                u = head.runner.features(output, tokens.attention_mask)
                logits = head.runner.classify(u, u[::-1].copy())
            elif packed:
                logits = head.runner.classify(head.runner.features(packed[1], packed[0].attention_mask))
            else:
                continue
            value, turned = map(float, head.scores(logits))
            scores.append(PairScore(head.name, value, "probability", 0.0, 1.0, value, value_reversed=turned))
        return scores

    def _features(self, head: LoadedHead, rows: Sequence[tuple[int, ...]]) -> Float:
        ids, mask, types = self._tokenizer.pad(rows)
        return head.runner.features(self._engine.encode(ids, mask, types), mask)

    def _packed_features(self, head: LoadedHead, rows: Sequence[PackedIds]) -> Float:
        ids, types = zip(*rows, strict=True)
        arrays = self._tokenizer.pad(ids, types=types)
        return head.runner.features(self._engine.encode(*arrays), arrays[1])


def first_row(tokens: TokenBatch, output: EncoderOutput) -> tuple[TokenBatch, EncoderOutput]:
    """The first row of a batch, as a batch of one."""
    fields = {name: getattr(tokens, name)[:1] for name in TokenBatch.__dataclass_fields__}
    pooler = output.pooler_output
    return replace(tokens, **fields), EncoderOutput(
        last_hidden_state=output.last_hidden_state[:1],
        pooler_output=None if pooler is None else pooler[:1],
        hidden_states=output.hidden_states[:, :1],
        attentions=output.attentions[:, :1],
    )


def in_line(pairs: Sequence[tuple[str, str]]) -> tuple[list[str], Callable[[int], str]]:
    """A and B of every pair, one after another, and what an error calls each.

    Raises:
        InputError: a pair is not two sentences; names it.
    """
    for index, pair in enumerate(pairs):
        if isinstance(pair, str) or len(pair) != 2:
            raise InputError(f"pair {index + 1} is {pair!r:.80}; two sentences were expected.")
    prefix = "pair {}, " if len(pairs) > 1 else ""
    sentences = [sentence for pair in pairs for sentence in pair]
    return sentences, lambda i: f"{prefix.format(i // 2 + 1)}sentence {'AB'[i % 2]}"
