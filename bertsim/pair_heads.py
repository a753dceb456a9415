"""Heads on an encoder: pairs of sentences -> logits, probabilities, scores. No keras, no tensorflow here.

A head that reads pairs *packed* runs the encoder on `[CLS] A [SEP] B [SEP]`; one that reads them *apart* runs it on
each distinct sentence once. Either way the order counts: (B, A) may score otherwise than (A, B).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bertsim.batching import Progress, map_rows, part_of
from bertsim.engine import Engine, HeadRunner
from bertsim.errors import InputError
from bertsim.head_config import HeadConfig, has_similar
from bertsim.masking import MaskedRow, mask_packed, masked_arrays, masked_rows
from bertsim.records import Comparison, EncoderOutput, Float, Int, PairScore, TokenBatch
from bertsim.tokenization import Tokenizer

_Row = tuple[tuple[int, ...], ...]  # token ids, and of a packed pair token types too
Pool = Callable[[EncoderOutput, Int], Float]
"""Arrays of a batch and its attention mask -> a vector each, float32 [batch, width]."""
EMBEDDED = ""  # no head has this name


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

        Raises:
            InputError: the head's values are logits, not probabilities.

        Example: sigmoid, [[0., 2.]] -> [[0.5, 0.88]]
        """
        if self.config.activation == "identity":
            raise InputError(
                f"the head {self.name} gives logits, not probabilities; ask for its logits or scores."
            )
        if self.config.activation == "sigmoid":
            return (0.5 * (1.0 + np.tanh(0.5 * logits))).astype(np.float32)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)

    @property
    def nothing(self) -> Float:
        """Logits of no pair, float32 [0, labels]."""
        return np.zeros((0, len(self.config.labels)), np.float32)

    def scores(self, logits: Float) -> Float:
        """The probability (or logit, for "identity") of the label that means similar, float32 [n]."""
        if self.config.activation == "identity":
            return logits[:, self.config.similar]
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
        names: Sequence[str],
        sentences: Sequence[str],
        max_length: int,
        progress: Progress | None,
        called: Callable[[int], str],
        embed: Pool | None = None,
    ) -> dict[str, Float]:
        """Logits of pairs by several heads, of one pass over the sentences and one over the packed pairs.

        Args:
            names: of the heads.
            sentences: A and B of every pair, one after another.
            max_length: tokens read of a sequence.
            progress: told after every batch.
            called: what an error calls the sentence of an index.
            embed: what else to make of each sentence's arrays, float32 [batch, dim]; None: nothing.

        Returns:
            float32 [pairs, labels] by head; under EMBEDDED float32 [sentences, dim], where asked for.
        """
        heads = {name: self.find(name) for name in names}
        apart: dict[str, Pool] = {EMBEDDED: embed} if embed else {}
        apart |= {n: head.runner.features for n, head in heads.items() if head.config.inputs == "apart"}
        packed: dict[str, Pool] = {n: head.runner.features for n, head in heads.items() if n not in apart}
        singles, doubles = len(sentences) * bool(apart), len(sentences) // 2 * bool(packed)
        features: dict[str, Float] = {}
        if apart:
            rows = [(tuple(row),) for row in self._tokenizer.encode(sentences, max_length, called)]
            features |= self._features(apart, rows, part_of(progress, 0, singles + doubles))
        if packed:
            pairs = self._tokenizer.encode_pairs(sentences, max_length, called)
            features |= self._features(packed, pairs, part_of(progress, singles, singles + doubles))
        found = {EMBEDDED: features[EMBEDDED]} if embed else {}
        for name, head in heads.items():
            each = features[name]
            sides = (each[0::2], each[1::2]) if name in apart else (each,)
            found[name] = head.runner.classify(*sides) if len(sentences) else head.nothing
        return found

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
            is_logit = head.config.activation == "identity"
            unit, low, high = ("logit", -math.inf, math.inf) if is_logit else ("probability", 0.0, 1.0)
            scores.append(PairScore(head.name, value, unit, low, high, value, value_reversed=turned))
        return scores

    def score_masked(self, name: str, comparison: Comparison, masks: Int) -> Float:
        """Scores of one pair by a head under many masks: float32 [n].

        Args:
            name: of a scorer.
            comparison: the pair.
            masks: int32 [n, 2, seq], as `comparison.tokens.attention_mask`.
        """
        head, tokens = self.find(name), comparison.tokens
        is_apart = head.config.inputs == "apart"
        rows = masked_rows(masks)
        if not is_apart:
            packed = comparison.packed[0]
            hidden = [mask_packed(replace(tokens, attention_mask=mask), packed)[0] for mask in masks]
            tokens, rows = packed, masked_rows(np.array(hidden, np.int32))

        def run(batch: Sequence[MaskedRow]) -> Float:
            arrays = masked_arrays(tokens, batch)
            return head.runner.features(self._engine.encode(*arrays), arrays[1])

        features = map_rows(rows, run, 0, None, lambda row: len(row[1]), self._engine.at_once)
        sides = (features[0::2], features[1::2]) if is_apart else (features,)
        return head.scores(head.runner.classify(*sides))

    def _features(
        self, makers: Mapping[str, Pool], rows: Sequence[_Row], progress: Progress | None
    ) -> dict[str, Float]:
        """What each of several makers makes of every row, of one pass of the encoder; float32 [rows, width] each."""
        widths: dict[str, int] = {}

        def run(batch: Sequence[_Row]) -> Float:
            arrays = self._pad(batch)
            output = self._engine.encode(*arrays)
            made = {name: make(output, arrays[1]) for name, make in makers.items()}
            widths.update({name: array.shape[1] for name, array in made.items()})
            return np.concatenate(list(made.values()), axis=1)

        joined = map_rows(rows, run, 0, progress, lambda row: len(row[0]), self._engine.at_once)
        ends = np.cumsum([widths.get(name, 0) for name in makers])
        return dict(zip(makers, np.split(joined, ends[:-1], axis=1), strict=True))

    def _pad(self, rows: Sequence[_Row]) -> tuple[Int, Int, Int]:
        ids = [row[0] for row in rows]
        return self._tokenizer.pad(ids, types=[row[1] for row in rows] if len(rows[0]) > 1 else None)


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
