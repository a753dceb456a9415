"""The records that pass between the stages: frozen dataclasses over numpy arrays.

text -> `TokenBatch` -> `EncoderOutput` -> `PairScore` / `Comparison`. Shapes stand in every docstring;
`batch` counts sequences, `seq` tokens with padding, `layers` Transformer blocks. No stage's logic lives here.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Int = NDArray[np.int32]
ALIGNMENT, COMBINED = "alignment", "combined"
UNTRAINED = ("cosine", "dot", "euclidean", "manhattan", ALIGNMENT)
"""The scorers that every encoder has; `COMBINED` joins them with trained heads."""
ALIGNMENT_PARTS = ("alignment_precision", "alignment_recall")
"""Scorers that every encoder has too, but that are not listed: they are the two that `ALIGNMENT` joins as F1."""


@dataclass(frozen=True)
class Unread:
    """What the encoder did not get of a sentence.

    Attributes:
        cut_off: the text at its end that did not fit ("" if it all did).
        cut_tokens: how many tokens that text had.
        unknown_words: the characters of every token that the vocabulary lacks, as they were written.
        compatibility_words: words that were not read, or only in pieces, for compatibility characters ("ﬁnd", "℃"):
            in plain ones they would be.
        is_all: every token left is unknown, so nothing was read.
    """

    cut_off: str = ""
    cut_tokens: int = 0
    unknown_words: tuple[str, ...] = ()
    compatibility_words: tuple[str, ...] = ()
    is_all: bool = False


class Row(NamedTuple):
    """One sequence for the encoder: a sentence alone, or a packed pair. Equal rows are encoded once.

    Attributes:
        ids, types: token ids, and the token type of each.
        own: start and end of each sentence's own tokens, special ones left out.
        mask: 1 = read, 0 = as if it were padding; None: all are read.
    """

    ids: tuple[int, ...]
    types: tuple[int, ...]
    own: tuple[tuple[int, int], ...] = ()
    mask: tuple[int, ...] | None = None


class TokenCounts(NamedTuple):
    """Tokens of a sentence: how many were cut off, how many of those left are unknown, how many were read."""

    cut: int
    unknown: int
    read: int


class Part(NamedTuple):
    """A part of a long text, where it begins and ends there, and how many of its tokens the vocabulary knows."""

    text: str
    start: int
    end: int
    tokens: int


@dataclass(frozen=True)
class PartsScore:
    """Two long texts, part by part.

    Attributes:
        scorer: its name, as in `model.scorers`.
        score: of the two texts, joined from `scores`; higher = more similar.
        probability: as in `PairScore`; None where a text has several parts, for calibrations are of one with one.
        parts: of A and of B, in the order of the text; windows overlap.
        unread: what was not read of each part of A and of B.
        scores: float32 [parts of A, parts of B].
    """

    scorer: str
    score: float
    probability: float | None
    parts: tuple[list[Part], list[Part]]
    unread: tuple[list[Unread], list[Unread]]
    scores: Float

    @property
    def matches(self) -> tuple[list[int], list[int]]:
        """Of each part of A the place of its best match in B, and of each part of B that in A."""
        return self.scores.argmax(axis=1).tolist(), self.scores.argmax(axis=0).tolist()


@dataclass(frozen=True, slots=True)
class Ranked:
    """One sentence among many that were ranked.

    Attributes:
        index: its place among those that were given, from 0.
        score: higher = more similar, as `model.score` gives it.
        probability: that people would call it and the query similar, in [0, 1]; None where nobody can say.
    """

    index: int
    score: float
    probability: float | None


class AlignmentScores(NamedTuple):
    """How well tokens of candidates and of references match, each float32 [candidates] in [0, 1].

    Attributes:
        precision: of the candidate's tokens in the reference.
        recall: of the reference's tokens in the candidate.
        f1: both as one; what the scorer "alignment" gives.
    """

    precision: Float
    recall: Float
    f1: Float


class Cost(NamedTuple):
    """What scoring every A with every B takes: rows that the encoder reads, and seconds, measured on a few."""

    passes: int
    seconds: float


class Duplicate(NamedTuple):
    """Two sentences that are alike: their places, from 0, among those that were given, and their cosine.

    Of one list the first stands before the second; of two lists each is a place in its own.
    """

    first: int
    second: int
    score: float


class Duplicates(NamedTuple):
    """What `model.duplicates` finds.

    Attributes:
        pairs: best first, ties by their places.
        groups: places that these pairs connect, some over others: largest first, ties by their first place; of two
            lists none.
        withheld: pairs of different texts of which nobody can say that they are alike, for what was not read of them
            differs, or nothing was read of one; best first. They are in no group.
    """

    pairs: list[Duplicate]
    groups: list[tuple[int, ...]]
    withheld: list[Duplicate]


@dataclass(frozen=True)
class TokenBatch:
    """Tokenised sequences, padded to one length; each is one sentence or one packed pair.

    Attributes:
        input_ids: int32 [batch, seq].
        attention_mask: int32 [batch, seq]; 1 = real token, 0 = padding.
        token_type_ids: int32 [batch, seq]; 0 = sentence A (or alone), 1 = sentence B.
        tokens: the token strings, `batch` tuples of `seq`, "[PAD]" where padded.
        spans: int32 [batch, seq, 2]; start and end of each token in characters of its own sentence,
            (0, 0) for special tokens and padding.
        is_special: bool [batch, seq]; True for [CLS], [SEP] and padding that the tokenizer put in.
        is_unknown: bool [batch, seq]; True for tokens that the vocabulary lacks, all of one id.
        own: per sequence, start and end of each sentence's own tokens, special ones left out.
        sentences: per sequence, its one or two sentences as they were given.
        unread: per sequence and sentence, what was not read of it.
    """

    input_ids: Int
    attention_mask: Int
    token_type_ids: Int
    tokens: tuple[tuple[str, ...], ...]
    spans: Int
    is_special: NDArray[np.bool_]
    is_unknown: NDArray[np.bool_]
    own: tuple[tuple[tuple[int, int], ...], ...]
    sentences: tuple[tuple[str, ...], ...]
    unread: tuple[tuple[Unread, ...], ...]

    @property
    def is_own(self) -> NDArray[np.bool_]:
        """Which tokens are the sentences' own, neither special nor masked: bool [batch, seq]."""
        return (self.attention_mask == 1) & ~self.is_special

    def first(self) -> TokenBatch:
        """The first row, as a batch of one."""
        return replace(self, **{field.name: getattr(self, field.name)[:1] for field in fields(self)})


@dataclass(frozen=True)
class EncoderOutput:
    """What BERT computed for a batch, named as in transformers.

    Attributes:
        last_hidden_state: float32 [batch, seq, hidden].
        pooler_output: float32 [batch, hidden], or None where the checkpoint has no pooler.
        hidden_states: float32 [layers + 1, batch, seq, hidden]; index 0 is the embeddings.
        attentions: float32 [layers, batch, heads, seq, seq]; rows (queries) sum to 1.
    """

    last_hidden_state: Float
    pooler_output: Float | None
    hidden_states: Float
    attentions: Float

    def first(self) -> EncoderOutput:
        """What was computed of the first row, as a batch of one."""
        pooler = None if self.pooler_output is None else self.pooler_output[:1]
        return EncoderOutput(self.last_hidden_state[:1], pooler, self.hidden_states[:, :1], self.attentions[:, :1])


@dataclass(frozen=True)
class PairScore:
    """One scorer's verdict on one pair.

    Attributes:
        scorer: its name, as in `model.scorers`.
        value: the scorer's own value: a similarity, a product, a distance, or a head's probability or logit.
        unit: what `value` is: "similarity", "product", "distance", "probability" or "logit".
        low, high: the range `value` can take (`inf` where it has no end).
        score: higher = more similar; equals `value` unless that is a distance, then 1 / (1 + value).
        probability: that people would call the pair similar, by the scorer's calibration; None where it has none.
        value_reversed: the value of (B, A), where the scorer may tell it from (A, B); else None.
    """

    scorer: str
    value: float
    unit: str
    low: float
    high: float
    score: float
    probability: float | None = None
    value_reversed: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Everything about one pair; the arrays are those that the scores came from.

    Attributes:
        sentence_a, sentence_b: as given.
        scores: one `PairScore` per scorer, in the order of `model.scorers`, or in which they were asked for.
        tokens: `TokenBatch` of two rows, A alone and B alone, padded to the longer.
        output: `EncoderOutput` of those two rows.
        packed: `[CLS] A [SEP] B [SEP]` as one row, its tokens and arrays; None where no scorer reads it and nobody
            asked for it.
        seconds: time from text to scores.
        max_length: tokens read of a sequence.
        inference: float32 [2, 3], how probably A says of B, then B of A: that it follows, that it is open, that it
            cannot be (`heads.config.LABELS`); None where no head infers.
        unread_together: what was not read of A and of B by scorers that read them packed, where the two share
            `max_length`; None where none does.
    """

    sentence_a: str
    sentence_b: str
    scores: tuple[PairScore, ...]
    tokens: TokenBatch
    output: EncoderOutput
    packed: tuple[TokenBatch, EncoderOutput] | None
    seconds: float
    max_length: int
    inference: Float | None = None
    unread_together: tuple[Unread, Unread] | None = None

    @property
    def unread(self) -> tuple[Unread, Unread]:
        """What was not read of A and of B, each alone."""
        (a,), (b,) = self.tokens.unread
        return a, b

    def __getitem__(self, scorer: str) -> PairScore:
        """The verdict of one scorer by name; KeyError if there is none."""
        return {score.scorer: score for score in self.scores}[scorer]
