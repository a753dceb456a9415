"""Heads on an encoder: pairs of sentences -> logits, probabilities, scores. No keras, no tensorflow here.

A head that reads pairs *packed* runs the encoder on `[CLS] A [SEP] B [SEP]`; one that reads them *apart* runs it on
each sentence alone. Either way the order counts: (B, A) may score otherwise than (A, B).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bertsim.engines.base import Engine, HeadRunner
from bertsim.engines.batches import Progress, map_rows, pass_of
from bertsim.errors import InputError
from bertsim.heads.config import HeadConfig, has_similar
from bertsim.records import Comparison, EncoderOutput, Float, Int, PairScore, TokenBatch
from bertsim.text.masks import MaskedRow, mask_packed, masked_arrays, masked_rows
from bertsim.text.tokenizer import Tokenizer

_Row = tuple[tuple[int, ...], ...]  # token ids of a sentence or of two; of a packed pair token ids and types
Reader = Callable[[EncoderOutput, Int], Float]
"""Arrays of a batch and its attention mask -> float32 [batch, width], or [batch / 2, width] of one that reads pairs."""


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

    def read(
        self,
        names: Sequence[str],
        sentences: Sequence[str],
        max_length: int,
        progress: Progress | None,
        called: Callable[[int], str],
        also: Mapping[str, Reader] | None = None,
        *,
        by_pair: bool = False,
    ) -> dict[str, Float]:
        """Run several heads on pairs, and what else reads sentences, in one pass over these and one over packed pairs.

        Args:
            names: of the heads.
            sentences: A and B of every pair, one after another; at least one pair.
            max_length: tokens read of a sequence.
            progress: told after every batch.
            called: what an error calls the sentence of an index.
            also: other readers of sentences that stand alone, by names that no head has.
            by_pair: a reader wants both sentences of a pair in one batch, A of all its pairs before B of them; else
                each distinct sentence is read once.

        Returns:
            logits by head, float32 [pairs, labels]; by other reader float32 [pairs, 2 width], A's beside B's, or
            [pairs, width] of one that reads pairs.
        """
        heads = {name: self.find(name) for name in names}
        apart: dict[str, Reader] = dict(also or {})
        apart |= {n: head.runner.features for n, head in heads.items() if head.config.inputs == "apart"}
        packed: dict[str, Reader] = {n: head.runner.features for n, head in heads.items() if n not in apart}
        passes = bool(apart) + bool(packed)
        found: dict[str, Float] = {}
        if apart:
            rows: list[_Row] = [
                (tuple(row),) for row in self._tokenizer.encode(sentences, max_length, called)
            ]
            if by_pair:
                rows = [a + b for a, b in zip(rows[0::2], rows[1::2], strict=True)]
            made = self._read(apart, rows, self._pad, _padded_length, pass_of(progress, 0, passes))
            found |= {name: array.reshape(len(sentences) // 2, -1) for name, array in made.items()}
        if packed:
            pairs = self._tokenizer.encode_pairs(sentences, max_length, called)
            told = pass_of(progress, passes - 1, passes)
            found |= self._read(packed, pairs, self._pad_packed, lambda row: len(row[0]), told)
        for name, head in heads.items():
            sides = np.split(found[name], 2, axis=1) if name in apart else [found[name]]
            found[name] = head.runner.classify(*sides)
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

    def _read(
        self,
        readers: Mapping[str, Reader],
        rows: Sequence[_Row],
        pad: Callable[[Sequence[_Row]], tuple[Int, Int, Int]],
        length: Callable[[_Row], int],
        progress: Progress | None,
    ) -> dict[str, Float]:
        """What each of several readers makes of every row, in one pass of the encoder; float32 [rows, width] each."""
        widths: dict[str, int] = {}

        def run(batch: Sequence[_Row]) -> Float:
            arrays = pad(batch)
            output = self._engine.encode(*arrays)
            made = {name: read(output, arrays[1]) for name, read in readers.items()}
            beside = {n: np.hstack(np.split(array, len(array) // len(batch))) for n, array in made.items()}
            widths.update({name: array.shape[1] for name, array in beside.items()})
            return np.hstack(list(beside.values()))

        joined = map_rows(rows, run, 0, progress, length, self._engine.at_once)
        ends = np.cumsum([widths[name] for name in readers])
        return dict(zip(readers, np.split(joined, ends[:-1], axis=1), strict=True))

    def _pad(self, rows: Sequence[_Row]) -> tuple[Int, Int, Int]:
        return self._tokenizer.pad([ids for sentences in zip(*rows, strict=True) for ids in sentences])

    def _pad_packed(self, rows: Sequence[_Row]) -> tuple[Int, Int, Int]:
        return self._tokenizer.pad([ids for ids, _ in rows], types=[types for _, types in rows])


def _padded_length(row: _Row) -> int:
    """Tokens of one sentence, or of two of which the shorter is padded."""
    return len(row) * max(map(len, row))


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
