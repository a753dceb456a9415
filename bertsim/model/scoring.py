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
from bertsim.model.passes import block_size, check_parts, check_passes, passes_of, passes_of_pairs
from bertsim.model.ruler import Ruler
from bertsim.model.scorers import APART, PACKED, Scorer, combined_scorer, head_scorer, readers_of, values_of, ways_of
from bertsim.records import ALIGNMENT_PARTS, COMBINED, UNTRAINED, AlignmentScores, Float, Part, Row
from bertsim.score.calibration import Calibration, Combination
from bertsim.score.measures import MEASURES, OF_TOKENS, alignment
from bertsim.score.parts import join_parts
from bertsim.score.verdict import VerdictRule
from bertsim.score.words import Words
from bertsim.text.lists import list_pairs, list_sentences
from bertsim.text.tokenizer import Name, name_of_pair

Pairs = Iterable[Sequence[str]]
"""Any iterable of pairs: a list, `zip`, an array [n, 2], the values of a frame."""
Parts = list[Part]
Rows = Callable[[int, int, str], list[Row]]
"""The rows, "apart" or "packed", of the pairs from one place to before another."""


class ScoringModel(SentenceEmbedder):
    """One encoder with its heads, ready to embed and to score pairs. Safe to share between threads.

    Attributes:
        scorers: names of the ways to score a pair: what every encoder has, the heads, "combined" where they are joined;
            "alignment_precision" and "alignment_recall" can be asked for besides.
        heads: names of the trained heads, those included whose labels do not say how alike two sentences are.
        words: what its numbers mean; None where nobody says.
        verdict_rule: what a verdict on a pair goes by; None where nobody says.
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
        verdict_rule: VerdictRule | None = None,
    ) -> None:
        super().__init__(checkpoint, engine)
        self._heads = {head.name: head for head in heads}
        self._calibrations, self._combination = calibrations or {}, combination
        self.heads, self.heads_source, self.words = tuple(self._heads), heads_source, words
        self.inferring_head = next((head.name for head in heads if head.config.infers), None)
        scoring = [head.name for head in heads if head.config.similar is not None]
        self.scorers: tuple[str, ...] = (*UNTRAINED, *scoring, *([COMBINED] if combination else []))
        can_judge = verdict_rule and self.inferring_head and verdict_rule.rating in self.scorers
        self.verdict_rule, self._rulers = verdict_rule if can_judge else None, dict[str, Ruler]()

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
        self,
        pairs: Pairs,
        *,
        scorer: str = "cosine",
        max_passes: int | None = None,
        chunk: str | int | None = None,
        progress: Progress | None = None,
        **options: Unpack[Options],
    ) -> Float:
        """Score pairs: float32 [n], higher = more similar, for cosine in [-1, 1], for a head in [0, 1].

        A text longer than `max_length` is cut, or scored in parts where there is a `chunk`: see `score_parts`. Options
        and errors as `embed`; heads and "combined" stand on the checkpoint's own pooling and last layer. `max_passes`:
        refuse what takes more passes of the encoder, two a pair, or parts as many, where a scorer reads sentences
        apart, one, or parts × parts, where it reads packed, and both where it does both; None = no limit.
        """
        listed, asked = list_pairs(pairs), self._scorer(scorer, self._own_options)
        passes = passes_of_pairs(asked, len(listed))
        if chunk is not None and max_passes is not None:
            parts = self._split_pairs(listed, chunk, self.resolve(**options).max_length)
            passes = sum(sum(passes_of(asked, *sides).values()) for sides in zip(parts[::2], parts[1::2], strict=True))
        check_passes(f"{scorer} of {len(listed):,} pairs", passes, max_passes)
        return self.scores(listed, [scorer], chunk=chunk, progress=progress, **options)[scorer]

    def scores(
        self,
        pairs: Pairs,
        scorers: Iterable[str] | None = None,
        *,
        chunk: str | int | None = None,
        progress: Progress | None = None,
        **options: Unpack[Options],
    ) -> dict[str, Float]:
        """Score pairs by several scorers in one pass of the encoder: float32 [n] by scorer, in the order given.

        scorers: None = all of the model's; `chunk`, options and errors as `score`.
        """
        listed, resolved = list_pairs(pairs), self.resolve(**options)
        asked, long = [self._scorer(name, resolved) for name in self._asked(scorers)], []
        if chunk is not None:
            parts = self._split_pairs(listed, chunk, resolved.max_length)
            long = [place for place in range(len(listed)) if max(map(len, parts[2 * place : 2 * place + 2])) > 1]
        found, passes = {scorer: np.zeros(len(listed), np.float32) for scorer in asked}, len(long) + 1
        for number, place in enumerate(long):
            sides = parts[2 * place : 2 * place + 1], parts[2 * place + 1 : 2 * place + 2]
            joined = self._joined(asked, *sides, resolved.max_length, pass_of(progress, number, passes))
            for scorer in asked:
                found[scorer][place] = joined[scorer].item()
        if len(short := np.setdiff1d(np.arange(len(listed)), long)):
            rest, told = [listed[place] for place in short], pass_of(progress, passes - 1, passes)
            for scorer, values in self._values(asked, rest, resolved.max_length, told).items():
                found[scorer][short] = scorer.scores(values)
        return {scorer.name: found[scorer] for scorer in asked}

    def alignment(
        self,
        candidates: Iterable[str],
        references: Iterable[str | Iterable[str]],
        *,
        progress: Progress | None = None,
        **options: Unpack[Options],
    ) -> AlignmentScores:
        """Precision, recall and F1 of candidates' tokens against references', as BERTScore has them.

        Tokens count by the squared length of their vectors, as the scorer "alignment" has them, whose score is the F1.

        Args:
            candidates: n texts; each is sentence A.
            references: one text for each, sentence B, or several of them, of which the best counts, for precision,
                recall and F1 each by itself.

        Raises: InputError, if a candidate has no reference, or a text or an option cannot be used; names it.
        Source: several references, and their best of each: bert_score's `score`.
        Example: alignment(["A dog barks."], [["It rains.", "A dog barks."]]).f1 -> [1.]
        """
        texts, resolved = list_sentences(candidates, "candidates"), self.resolve(**options)
        groups = [
            [given] if isinstance(given, str) else list_sentences(given, f"the entry of references for candidate {n}")
            for n, given in enumerate(list_sentences(references, "references"), 1)
        ]
        if len(texts) != len(groups) or not all(groups):
            told = f"{len(groups)} entries, {groups.count([])} of them empty, for {len(texts)} candidates"
            raise InputError(f"references has {told}; one reference or more was expected for each.")
        if not texts:
            return AlignmentScores(*np.zeros((3, 0), np.float32))
        three = Scorer("alignment", alignment, "similarity", 0.0, 1.0, reader=self._tokens(resolved))
        pairs = [(text, reference) for text, group in zip(texts, groups, strict=True) for reference in group]
        owners = [n for n, group in enumerate(groups, 1) for _ in group]

        def name(index: int) -> str:
            return f"{('candidate', 'a reference of candidate')[index % 2]} {owners[index // 2]}"

        values = self._values([three], pairs, resolved.max_length, progress, name)[three]
        return AlignmentScores(*np.maximum.reduceat(values, np.cumsum([0, *map(len, groups[:-1])])).T)

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

    def calibrate(self, scorer: str, scores: Float, **options: Unpack[Options]) -> Float | None:
        """Scores -> the probability that people would call each pair similar; None: the scorer has no calibration.

        The calibration is of the checkpoint's own pooling and layers: it has none for scores by other `options`.
        """
        curve = self._calibration(self._scorer(scorer, resolved := self.resolve(**options)).name, resolved)
        return None if curve is None else np.asarray(curve.apply(scores), np.float32)

    def _asked(self, scorers: Iterable[str] | None) -> list[str]:
        return list(self.scorers) if scorers is None else list_sentences(scorers, "scorers")

    def _scorer(self, name: str, options: ResolvedOptions) -> Scorer:
        """The scorer of this name. Raises InputError where there is none."""
        known = (*self.scorers, *ALIGNMENT_PARTS)
        if not isinstance(name, str) or name not in known:
            raise InputError(f"scorer is {name!r:.80}; known are {', '.join(known)}.")
        if name == COMBINED and self._combination:
            parts = [self._scorer(part, self._own_options) for part in self._combination.weights]
            return combined_scorer(self._combination, parts)
        if name in OF_TOKENS:
            return Scorer(name, *OF_TOKENS[name], self._tokens(options))
        if name in MEASURES:
            return Scorer(name, *MEASURES[name], self._embedding(options))
        return head_scorer(self._heads[name])

    def _head(self, name: str) -> LoadedHead:
        if not isinstance(name, str) or name not in self._heads:
            known = f"known are {', '.join(self._heads)}" if self._heads else "this model has none"
            raise InputError(f"head is {name!r:.80}; {known}; python -m bertsim train makes one.")
        return self._heads[name]

    def _calibration(self, scorer: str, options: ResolvedOptions) -> Calibration | None:
        """That of a scorer; None: it has none, or is asked for by other options than its calibration is of."""
        # what is trained goes by the checkpoint's own, whatever the options say
        return self._calibrations.get(scorer) if options.is_default or scorer not in UNTRAINED else None

    def _split_pairs(self, pairs: list[tuple[str, str]], chunk: str | int, max_length: int) -> list[Parts]:
        """The parts of A and of B by turns."""
        return self._split([text for pair in pairs for text in pair], chunk, max_length, partial(_name, len(pairs)))

    def _split(self, texts: Sequence[str], chunk: str | int, max_length: int, name: Name) -> list[Parts]:
        """The parts of each text, at least one; errors as `score_parts`."""
        return [self._tokenizer.split(text, chunk, max_length, name(index)) for index, text in enumerate(texts)]

    def _joined(
        self, scorers: Sequence[Scorer], a: list[Parts], b: list[Parts], max_length: int, progress: Progress | None
    ) -> dict[Scorer, Float]:
        """The scores of every A, at least one, with every B, float32 [a, b], from those of their parts."""
        check_parts(scorers, max(a, key=len), max(b, key=len))
        texts_a, texts_b = ([part.text for parts in side for part in parts] for side in (a, b))
        cuts_a, cuts_b = (np.cumsum([len(parts) for parts in side[:-1]], dtype=np.intp) for side in (a, b))
        joined = {}
        for scorer, scores in self._across(scorers, texts_a, texts_b, max_length, progress).items():
            blocks = [block for rows in np.split(scores, cuts_a) for block in np.split(rows, cuts_b, axis=1)]
            sides = zip(blocks, product(a, b), strict=True)
            found = [join_parts(block, *pair, is_directed=scorer.is_directed) for block, pair in sides]
            joined[scorer] = np.array(found, np.float32).reshape(len(a), len(b))
        return joined

    def _values(
        self,
        scorers: Sequence[Scorer],
        pairs: list[tuple[str, str]],
        max_length: int,
        progress: Progress | None,
        name: Name | None = None,
    ) -> dict[Scorer, Float]:
        """The values of at least one pair; name: what errors call the sentences of all pairs, A and B by turns."""
        named = name or partial(_name, len(pairs))

        def rows(start: int, end: int, inputs: str) -> list[Row]:
            block = pairs[start:end]
            texts = block if inputs == PACKED else [(each,) for pair in block for each in pair]
            return self._tokenizer.encode(texts, max_length, lambda index: named(2 * start + index))

        return self._in_blocks(scorers, len(pairs), rows, progress)

    def _across(
        self,
        scorers: Sequence[Scorer],
        a: list[str],
        b: list[str],
        max_length: int,
        progress: Progress | None = None,
        names: tuple[str, str] = ("sentence", "other sentence"),
        whole: set[str] | None = None,
    ) -> dict[Scorer, Float]:
        """The scores of every A with every B, float32 [a, b].

        names: what errors call one of each; whole: where those sentences go that were read apart, and all of them.
        """
        if not a or not b:
            return {scorer: np.zeros((len(a), len(b)), np.float32) for scorer in scorers}
        named = name_by_place(a, names[0]), name_by_place(b, names[1])

        def rows(start: int, end: int, inputs: str) -> list[Row]:
            made = self._rows_across(a, b, max_length, named, start, end, inputs)
            if whole is not None and inputs == APART:
                each, is_whole = zip((*a, *b[start:end]), made, strict=True), self._tokenizer.is_whole
                whole.update(text for text, row in each if is_whole(text, row, max_length))
            return made

        values = self._in_blocks(scorers, len(b), rows, progress, len(a))
        return {scorer: scorer.scores(values[scorer]) for scorer in scorers}

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
        return {scorer: np.concatenate([part[scorer] for part in parts], 1 if across else 0) for scorer in scorers}

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
        entries = self._read([(rows(way), readers) for way, readers in ways_of(scorers).items()], progress)
        return values_of(scorers, entries, across)


def _name(pairs: int, index: int) -> str:
    """What an error calls a sentence of so many pairs. Example: 3, 1 -> "pair 1, sentence B"."""
    return name_of_pair(index) if pairs == 1 else f"pair {index // 2 + 1}, {name_of_pair(index)}"
