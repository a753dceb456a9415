"""Text to scores: composes embeddings, measures, heads and calibration; holds no maths.

Sentences first, pairs second: every way to score makes rows of its sentences, or of its packed pairs, has each
distinct one encoded once, and lets scorers make values of A's entries and B's: of pairs that stand side by side, or
of every A with every B.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Unpack

import numpy as np

from bertsim.bert.folder import CheckpointFolder
from bertsim.engines.base import Engine, Progress, pass_of
from bertsim.errors import InputError
from bertsim.heads.config import HeadConfig
from bertsim.heads.reading import LoadedHead
from bertsim.model.embedder import Options, ResolvedOptions, SentenceEmbedder, name_by_place
from bertsim.model.ruler import Ruler
from bertsim.model.scorers import (
    APART,
    PACKED,
    Entries,
    Reader,
    Scorer,
    combined_scorer,
    head_scorer,
    readers_of,
    values_of,
    ways_of,
)
from bertsim.records import ALIGNMENT, COMBINED, UNTRAINED, Float, Row
from bertsim.score.calibration import Calibration, Combination
from bertsim.score.measures import MEASURES
from bertsim.score.verdict import Thresholds
from bertsim.score.words import Words
from bertsim.text.lists import list_pairs
from bertsim.text.tokenizer import Name

Pairs = Iterable[Sequence[str]]
"""Any iterable of pairs: a list, `zip`, an array [n, 2], the values of a frame."""
_BLOCK = 4096  # pairs, or sentences to pair with every A, whose token vectors are held at the same time
_PACKED = 16_384  # packed pairs of every A with every B that are held at the same time
Rows = Callable[[int, int, str], list[Row]]
"""The rows, "apart" or "packed", of the pairs from one place to before another."""


class ScoringModel(SentenceEmbedder):
    """One encoder with its heads, ready to embed and to score pairs. Safe to share between threads.

    Attributes:
        scorers: names of the ways to score a pair: what every encoder has, the heads, "combined" where they are joined.
        heads: names of the trained heads, those included whose labels do not say how alike two sentences are.
        words: what its numbers mean; None where nobody says.
        thresholds: from which figure on a verdict says something of a pair; None where nobody says.
        inferring_head: the first head with a probability of entailment, neutral and contradiction; None: there is none.
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
        thresholds: Thresholds | None = None,
    ) -> None:
        super().__init__(checkpoint, engine)
        self._heads = {head.name: head for head in heads}
        self._calibrations, self._combination = calibrations or {}, combination
        self.heads, self.heads_source, self.words = tuple(self._heads), heads_source, words
        self.inferring_head = next((head.name for head in heads if head.config.infers), None)
        scoring = [head.name for head in heads if head.config.similar is not None]
        self.scorers: tuple[str, ...] = (*UNTRAINED, *scoring, *([COMBINED] if combination else []))
        can_judge = thresholds and self.inferring_head and thresholds.rating in self.scorers
        self.thresholds, self._rulers = thresholds if can_judge else None, dict[str, Ruler]()

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

    def _calibration(self, scorer: str, options: ResolvedOptions) -> Calibration | None:
        """That of a scorer; None: it has none, or is asked for by other options than its calibration is of."""
        # what is trained goes by the checkpoint's own, whatever the options say
        return self._calibrations.get(scorer) if options.is_default or scorer not in UNTRAINED else None

    def _values(
        self, scorers: Sequence[Scorer], pairs: list[tuple[str, str]], max_length: int, progress: Progress | None
    ) -> dict[Scorer, Float]:
        """The values of at least one pair."""
        return self._in_blocks(scorers, len(pairs), partial(self._rows, pairs, max_length), progress)

    def _across(
        self,
        scorer: Scorer,
        a: list[str],
        b: list[str],
        max_length: int,
        progress: Progress | None = None,
        names: tuple[str, str] = ("sentence", "other sentence"),
    ) -> Float:
        """The scores of every A with every B, float32 [a, b]; names: what errors call one of each."""
        if not a or not b:
            return np.zeros((len(a), len(b)), np.float32)
        rows = partial(self._rows_across, a, b, max_length, (name_by_place(a, names[0]), name_by_place(b, names[1])))
        return scorer.scores(self._in_blocks([scorer], len(b), rows, progress, len(a))[scorer])

    def _in_blocks(
        self, scorers: Sequence[Scorer], count: int, rows: Rows, progress: Progress | None, across: int = 0
    ) -> dict[Scorer, Float]:
        """The values of at least one pair, of so many at a time as `block_size` says.

        `across` as in `values_of`; then `count` is how many sentences come behind these.
        """
        size = block_size(scorers, count, across)
        starts, parts = range(0, count, size), []
        for number, start in enumerate(starts):
            block = partial(rows, start, start + size)
            parts.append(self._values_of(scorers, block, pass_of(progress, number, len(starts)), across))
        axis = 1 if across else 0
        return {scorer: np.concatenate([part[scorer] for part in parts], axis) for scorer in scorers}

    def _rows(self, pairs: list[tuple[str, str]], max_length: int, start: int, end: int, inputs: str) -> list[Row]:
        """Rows of pairs: "apart" A and B one after another, "packed" a row for each pair."""
        block = pairs[start:end]
        texts = block if inputs == PACKED else [(each,) for pair in block for each in pair]
        return self._tokenizer.encode(texts, max_length, partial(_name, len(pairs), start))

    def _rows_across(
        self, a: list[str], b: list[str], max_length: int, names: tuple[Name, Name], start: int, end: int, inputs: str
    ) -> list[Row]:
        """Rows of every A with some of B: "apart" A's, then B's, "packed" a row for each pair, A by A."""
        block = b[start:end]

        def name(index: int) -> str:
            if inputs == APART:
                side, place = (0, index) if index < len(a) else (1, index - len(a))
            else:
                side, place = index % 2, divmod(index // 2, len(block))[index % 2]
            return names[side](place + start * side)

        texts = list(product(a, block)) if inputs == PACKED else [(each,) for each in (*a, *block)]
        return self._tokenizer.encode(texts, max_length, name)

    def _values_of(
        self,
        scorers: Sequence[Scorer],
        rows: Callable[[str], list[Row]],
        progress: Progress | None = None,
        across: int = 0,
    ) -> dict[Scorer, Float]:
        """The values of pairs whose rows, "apart" or "packed", `rows` makes; `across` as in `values_of`."""
        ways = ways_of(scorers)
        entries: dict[Reader, Entries] = {}
        for number, (way, readers) in enumerate(ways.items()):
            entries |= self._read(rows(way), readers, pass_of(progress, number, len(ways)))
        return values_of(scorers, entries, across)


def block_size(scorers: Sequence[Scorer], count: int, across: int = 0) -> int:
    """How many of at least one pair, or of sentences behind so many A's, are read at a time: what memory holds."""
    size = _BLOCK if any(reader.keeps_tokens for reader in readers_of(scorers, APART)) else count
    if across and readers_of(scorers, PACKED):
        size = min(size, max(_PACKED // across, 1))
    return min(size, count)


def _name(pairs: int, start: int, index: int) -> str:
    """What an error calls a sentence, counted from pair `start` of so many.

    Example: 3, 0, 1 -> "pair 1, sentence B"
    """
    which = f"sentence {'AB'[index % 2]}"
    return which if pairs == 1 else f"pair {start + index // 2 + 1}, {which}"
