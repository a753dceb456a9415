"""Text to scores: composes embeddings, measures, heads and calibration; holds no maths.

Sentences first, pairs second: every way to score makes rows of its sentences, or of its packed pairs, has each
distinct one encoded once, and lets scorers read A's entries and B's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Unpack

import numpy as np

from bertsim.bert.folder import CheckpointFolder
from bertsim.engines.base import Engine
from bertsim.engines.batches import Progress, pass_of
from bertsim.errors import InputError
from bertsim.heads.config import HeadConfig, find_similar
from bertsim.heads.reading import LoadedHead
from bertsim.model.embedder import SentenceEmbedder
from bertsim.model.encoding import Encoded, encoded_batch
from bertsim.model.options import Options, ResolvedOptions
from bertsim.model.scorers import APART, PACKED, Scorer, alignment_scorer, head_scorer, measure_scorer, readers_of
from bertsim.records import ALIGNMENT, COMBINED, UNTRAINED, Comparison, Float, Int, PairScore, Row, TokenBatch
from bertsim.score.calibration import Calibration
from bertsim.score.combination import Combination
from bertsim.score.measures import MEASURES
from bertsim.score.words import Words
from bertsim.text.masks import mask_packed, masked_pairs, masked_rows
from bertsim.text.tokenizer import Name
from bertsim.text.unread import withheld

_BLOCK = 4096  # pairs whose token vectors are held at the same time
Rows = Mapping[str, Callable[[], list[Row]]]
"""What makes the rows of pairs: "apart" A and B one after another, "packed" a row for each pair."""


@dataclass(frozen=True)
class _Asked:
    """Scorers by name, and those that "combined" joins, which stand on the checkpoint's own pooling and last layer."""

    scorers: Mapping[str, Scorer]
    joined: Mapping[str, Scorer]

    def every(self) -> list[Scorer]:
        """Each once."""
        return list(dict.fromkeys([*self.scorers.values(), *self.joined.values()]))


class SimilarityModel(SentenceEmbedder):
    """One encoder with its heads, ready to embed, score and compare. Safe to share between threads.

    Attributes:
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
        self.heads_source = heads_source
        self._calibrations = dict(calibrations or {})
        self._combination = combination
        self.words = words

    @property
    def scorers(self) -> tuple[str, ...]:
        """Names of the ways to score a pair: what every encoder has, the heads, "combined" where they are joined."""
        heads = [name for name, head in self._heads.items() if find_similar(head.config.labels) is not None]
        return (*UNTRAINED, *heads, *([COMBINED] if self._combination else []))

    @property
    def heads(self) -> tuple[str, ...]:
        """Names of the trained heads, those included whose labels do not say how alike two sentences are."""
        return tuple(self._heads)

    def labels(self, head: str) -> tuple[str, ...]:
        """What a head predicts. Raises InputError where there is no such head."""
        return self.head_config(head).labels

    def head_config(self, head: str) -> HeadConfig:
        """What a head says of itself. Raises InputError where there is no such head."""
        return self._head(head).config

    def scorers_of(self, inputs: str) -> tuple[str, ...]:
        """Names of the scorers that read pairs "packed" or "apart"; "combined" where it joins one of these."""
        found = set(UNTRAINED) if inputs == APART else set()
        found |= {name for name, head in self._heads.items() if head.config.inputs == inputs}
        if self._combination and not found.isdisjoint(self._combination.weights):
            found.add(COMBINED)
        return tuple(name for name in self.scorers if name in found)

    def score(
        self,
        pairs: Sequence[tuple[str, str]],
        *,
        scorer: str = "cosine",
        progress: Progress | None = None,
        **options: Unpack[Options],
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
        pairs: Sequence[tuple[str, str]],
        scorers: Sequence[str] | None = None,
        *,
        progress: Progress | None = None,
        **options: Unpack[Options],
    ) -> dict[str, Float]:
        """Score pairs by several scorers in one pass of the encoder; options and errors as `score`.

        Returns:
            float32 [n] by scorer, in the order given; scorers: None = all of the model's.
        """
        names, resolved = self.scorers if scorers is None else scorers, self.resolve(**options)
        asked = self._ask(names, resolved)
        texts = _check(pairs)
        if not texts:
            return {each: np.zeros(0, np.float32) for each in names}
        holds_tokens = any(isinstance(s.reader, tuple) and s.reader[0] == ALIGNMENT for s in asked.every())
        size = _BLOCK if holds_tokens else len(texts)
        starts = range(0, len(texts), size)
        found = []
        for number, start in enumerate(starts):
            rows = self._rows(texts[start : start + size], resolved.max_length, partial(_name, len(texts), start))
            told = pass_of(progress, number, len(starts))
            found.append(self._join(asked, self._values(asked.every(), rows, told)))
        return {each: np.concatenate([part[each] for part in found]) for each in names}

    def logits(
        self,
        pairs: Sequence[tuple[str, str]],
        *,
        head: str,
        max_length: int | None = None,
        progress: Progress | None = None,
    ) -> Float:
        """What a head computed, before it becomes probabilities: float32 [n, labels], order as `labels(head)`."""
        resolved = self.resolve(max_length=max_length)
        scorer = head_scorer(self._head(head), logits=True)
        texts = _check(pairs)
        if not texts:
            return np.zeros((0, len(self.labels(head))), np.float32)
        return self._values([scorer], self._rows(texts, resolved.max_length, partial(_name, len(texts), 0)), progress)[
            scorer
        ]

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
        return self._head(head).probabilities(logits)

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
        tokens, resolved = comparison.tokens, self.resolve(**options | {"max_length": comparison.max_length})
        asked = self._ask([scorer], resolved)
        packed = comparison.packed  # there, where a scorer reads it
        rows: Rows = {
            APART: lambda: masked_rows(tokens, masks),
            PACKED: lambda: masked_pairs(tokens, packed[0], masks) if packed else [],
        }
        return self._join(asked, self._values(asked.every(), rows, None))[scorer]

    def _compare(
        self, tokens: TokenBatch, options: ResolvedOptions, start: float, *, packed: bool, is_masked: bool = False
    ) -> Comparison:
        (a,), (b,) = tokens.sentences
        asked, output = self._ask(self.scorers, options), self.encode(tokens)
        every, pair = asked.every(), None
        # the pair, and the pair the other way round
        encoded = {APART: encoded_batch(tokens, output, readers_of(every, APART), (0, 1, 1, 0))}
        of_packed = readers_of(every, PACKED)
        if packed or of_packed:
            orders = [(a, b), (b, a)] if of_packed else [(a, b)]
            rows = self._tokenizer.batch(orders, options.max_length)
            rows = replace(rows, attention_mask=mask_packed(tokens, rows)) if is_masked else rows
            together = self.encode(rows)
            encoded[PACKED] = encoded_batch(rows, together, of_packed, range(len(rows.tokens)))
            pair = rows.first(), together.first()
        values = {scorer: scorer.values(encoded) for scorer in every}
        scores = self._judge(asked, values, options, is_withheld=bool(withheld(*(u for (u,) in tokens.unread))))
        seconds = time.perf_counter() - start
        return Comparison(a, b, scores, tokens, output, pair, seconds, options.max_length)

    def _judge(
        self, asked: _Asked, values: Mapping[Scorer, Float], options: ResolvedOptions, *, is_withheld: bool
    ) -> tuple[PairScore, ...]:
        """Every scorer's verdict, from the values of a pair and of the pair the other way round."""
        found, judged = self._join(asked, values), []
        for name in self.scorers:
            scorer = asked.scorers.get(name)
            both = found[name] if scorer is None else values[scorer]
            unit, low, high = (scorer.unit, scorer.low, scorer.high) if scorer else ("probability", 0.0, 1.0)
            score = float(found[name][0])
            curve = self._calibrations.get(name) if options.is_default or name not in UNTRAINED else None
            judged.append(
                PairScore(
                    name,
                    float(both[0]),
                    unit,
                    low,
                    high,
                    score,
                    probability=None if curve is None or is_withheld else float(curve.apply(score)),
                    value_reversed=float(both[1]) if scorer is None or scorer.is_directed else None,
                )
            )
        return tuple(judged)

    def _ask(self, names: Sequence[str], options: ResolvedOptions) -> _Asked:
        """The scorers of these names. Raises InputError for one that there is not."""
        joined: dict[str, Scorer] = {}
        asked = {name: self._scorer(name, options) for name in names if name != COMBINED}
        if COMBINED in names:
            if self._combination is None:
                raise self._unknown(COMBINED)
            own = self.resolve(max_length=options.max_length)
            joined = {
                name: asked[name] if name in asked and options.is_default else self._scorer(name, own)
                for name in self._combination.weights
            }
        return _Asked(asked, joined)

    def _scorer(self, name: str, options: ResolvedOptions) -> Scorer:
        if not isinstance(name, str):
            raise InputError(f"scorer is {name!r:.80}; a name was expected: {', '.join(self.scorers)}.")
        if name not in self.scorers:
            raise self._unknown(name)
        if name == ALIGNMENT:
            return alignment_scorer(options)
        if name in MEASURES:
            return measure_scorer(name, *self._embedding(options))
        return head_scorer(self._heads[name])

    def _unknown(self, name: str) -> InputError:
        return InputError(f"scorer is {name!r}; known are {', '.join(self.scorers)}.")

    def _head(self, name: str) -> LoadedHead:
        if name not in self._heads:
            known = f"known are {', '.join(self._heads)}" if self._heads else "this model has none"
            raise InputError(f"head is {name!r}; {known}; python -m bertsim train makes one.")
        return self._heads[name]

    def _rows(self, texts: Sequence[tuple[str, str]], max_length: int, name: Name) -> Rows:
        return {
            APART: lambda: self._tokenizer.encode([(s,) for pair in texts for s in pair], max_length, name),
            PACKED: lambda: self._tokenizer.encode(texts, max_length, name),
        }

    def _values(self, scorers: Sequence[Scorer], rows: Rows, progress: Progress | None) -> dict[Scorer, Float]:
        """The values of pairs, each distinct row encoded once for all scorers."""
        ways = [way for way in (APART, PACKED) if readers_of(scorers, way)]
        encoded: dict[str, Encoded] = {}
        for number, way in enumerate(ways):
            told = pass_of(progress, number, len(ways))
            encoded[way] = self._encode(rows[way](), readers_of(scorers, way), told)
        return {scorer: scorer.values(encoded) for scorer in scorers}

    def _join(self, asked: _Asked, values: Mapping[Scorer, Float]) -> dict[str, Float]:
        """Scores by name, float32 [pairs], "combined" of those that it joins."""
        found = {name: scorer.scores(values[scorer]) for name, scorer in asked.scorers.items()}
        if asked.joined and self._combination:
            parts = {name: scorer.scores(values[scorer]) for name, scorer in asked.joined.items()}
            found[COMBINED] = self._combination.apply(parts).astype(np.float32)
        return found


def _check(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs as a list. Raises InputError for one that is not two sentences; names it."""
    for index, pair in enumerate(pairs):
        if isinstance(pair, str) or len(pair) != 2:
            raise InputError(f"pair {index + 1} is {pair!r:.80}; two sentences were expected.")
    return [(a, b) for a, b in pairs]


def _name(pairs: int, start: int, index: int) -> str:
    """What an error calls a sentence, counted from pair `start` of so many.

    Example: 3, 0, 1 -> "pair 1, sentence B"
    """
    which = f"sentence {'AB'[index % 2]}"
    return which if pairs == 1 else f"pair {start + index // 2 + 1}, {which}"
