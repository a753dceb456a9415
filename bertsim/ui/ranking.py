"""One sentence against the lines of a box: ranked by their vectors first, then by what reads both together.

In: a sentence, a text of lines, the settings of the page. Out: steps of one answer, each with the `Ranking` as far
as it is known. Vectors and pairs that were read are kept, so that another sentence, or a line more, takes little.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic
from typing import NamedTuple
from weakref import ref

import numpy as np

from bertsim.engines.base import Progress
from bertsim.errors import BertsimError, InputError
from bertsim.model.embedder import Options
from bertsim.model.similarity import SimilarityModel
from bertsim.records import Float, TokenCounts
from bertsim.score.verdict import Inference, kinds_of, one_text
from bertsim.text.unread import withheld
from bertsim.ui.calls import StaleError
from bertsim.ui.catalog import BUNDLED_OFFER
from bertsim.ui.controls import NO_HEAD, Choices
from bertsim.ui.kept import Kept
from bertsim.ui.lane import SlowLane
from bertsim.ui.pairs import Settings
from bertsim.ui.pairwise import key_of
from bertsim.ui.shelf import Shelf
from bertsim.views.ranked import MANY, TOO_LITTLE, Cost, LeftOut, Line, Ranking

MOST_LINES = 2_000
MOST_RERANKED = 100
SOON = 1.0
"""Seconds after which it is shown how far an answer is."""
_LOT, _PAIRS, _QUICK = 24_000, 12, 24  # characters, pairs read at a time; after so many pairs others go first
Stop = Callable[[], None]


class Listed(NamedTuple):
    """The lines of a box that are ranked, each once, and how many are not."""

    lines: tuple[str, ...]
    left_out: LeftOut


class Step(NamedTuple):
    """How far an answer is. Attributes: found: None: nothing yet; what, done: what is being read, of which so much."""

    found: Ranking | None
    cost: Cost
    what: str = ""
    done: float = 1.0


@dataclass(frozen=True)
class Question:
    """What is asked for. Attributes: scorer: that of the page's control; top: how many lines are read with it."""

    sentence: str
    listed: Listed
    settings: Settings
    scorer: str
    top: int


class _Reader(NamedTuple):
    """What reads a sentence and a line together, by a scorer and settings, and what infers; None: nothing does."""

    model: SimilarityModel
    scorer: str
    options: Options
    judge: SimilarityModel | None

    @property
    def passes(self) -> int:
        """Of a pair: one for the score, one back for inference, and one there where that is another encoder's."""
        return 1 + (self.judge is not None) * (1 + (self.judge is not self.model))

    @property
    def owner(self) -> Hashable:
        """Whose numbers these are."""
        return ref(self.model), self.scorer, self.options.get("max_length"), self.judge and ref(self.judge)


def list_lines(text: str) -> Listed:
    r"""The lines of a text, without the space around them.

    Example: "a\\n\\n a \\nb" -> Listed(("a", "b"), blank=1, repeated=1)
    """
    written = [line.strip() for line in text.splitlines()]
    full = [line for line in written if line]
    lines = tuple(dict.fromkeys(full))
    left_out = LeftOut(len(written) - len(full), len(full) - len(lines), max(len(lines) - MOST_LINES, 0))
    return Listed(lines[:MOST_LINES], left_out)


class Ranker:
    """What ranks, for every visitor of a page. Args: as of `Mode`."""

    def __init__(self, shelf: Shelf, lane: SlowLane) -> None:
        self.shelf, self.lane, self._kept = shelf, lane, Kept()

    def rank(self, asked: Question, stop: Stop, is_over: Callable[[], bool]) -> Iterator[Step]:
        """Rank lines, at least one.

        Args:
            asked: what is asked for.
            stop: raises StaleError where nobody waits for the answer, or it `is_over`.
            is_over: whether what is finished is to be all; raises StaleError where nobody waits.

        Raises:
            InputError: nothing can be read of any line, or there is more text than a call may have.
        """
        model = self.shelf.get(asked.settings.encoder)
        reader = self._reader(model, asked) if asked.top else None
        for vectors, cost, done in self._embed(model, asked, stop, is_over):  # noqa: B007 - the last is needed
            if cost.seconds > SOON and not cost.is_measured:
                yield Step(None, cost, "Reading the lines", done)
        found = _by_vectors(model, asked, vectors)
        if not found.lines:
            raise InputError("no line has a character that this encoder can read; write one sentence a line.")
        if reader is None or not found.lines[0].counts.read:
            yield Step(found, cost)
            return
        lines = [line.text for line in found.lines if line.counts.read][: asked.top]
        judge = reader.judge.name if reader.judge else None
        found = replace(found, wanted=len(lines), together=reader.model.name, scorer=reader.scorer, judge=judge)
        steps = self._read(reader, asked, lines, cost, stop, is_over)
        for read, cost in steps:
            yield Step(_joined(found, read, reader, asked.sentence), cost, "Reading together", len(read) / len(lines))
        left_out = found.left_out._replace(alone=len(lines) - len(read))
        yield Step(replace(_joined(found, read, reader, asked.sentence), wanted=len(read), left_out=left_out), cost)

    def _reader(self, model: SimilarityModel, asked: Question) -> _Reader | None:
        """What reads together; where the encoder has no head for it, or none that infers, the bundled one does that."""
        bundled, own = None, Choices.of(model)
        if own.defaults["scorer"] == NO_HEAD or not model.verdict_rule:
            with suppress(BertsimError):
                bundled = self.shelf.get(BUNDLED_OFFER.name)
        judge = next((each for each in (model, bundled) if each and each.verdict_rule), None)
        judge = None if _is_question(asked.sentence) else judge
        if own.defaults["scorer"] != NO_HEAD:
            return _Reader(model, own.within("scorer", asked.scorer), asked.settings.options(model), judge)
        usual = Choices.of(bundled).defaults["scorer"] if bundled else NO_HEAD
        return _Reader(bundled, usual, {}, judge) if bundled and usual != NO_HEAD else None

    def _pace(self, owner: Hashable) -> float:
        """Seconds that a character took last; 0 where that is not known."""
        return self._kept.known(("pace", owner)) or 0.0

    def _embed(
        self, model: SimilarityModel, asked: Question, stop: Stop, is_over: Callable[[], bool]
    ) -> Iterator[tuple[dict[str, Float], Cost, float]]:
        """The vectors of sentence and lines as far as they are there, each with its counts of tokens behind it."""
        options, texts = asked.settings.options(model), [asked.sentence, *asked.listed.lines]
        owner = ref(model), asked.settings
        found, start = self._kept.find(owner, texts), monotonic()
        missing = sorted({*texts} - found.keys(), key=lambda text: (text != asked.sentence, len(text)))
        todo = sum(map(len, missing))
        expected = self._pace(owner) * todo
        cost = Cost(len(texts), len(missing), expected)
        yield found, cost, 0.0
        done = 0
        for lot in _lots(missing):
            try:
                with self.lane.enter(texts, stop=stop) as pace:
                    new = _vectors(model, lot, options, pace)
            except StaleError:
                if not is_over() or asked.sentence not in found:
                    raise
                break
            self._kept.keep(owner, new)
            found |= new
            done += sum(map(len, lot))
            yield found, cost._replace(seconds=(monotonic() - start) * todo / done), done / todo
        if done:
            self._kept.keep("pace", {owner: (monotonic() - start) / done})
        yield found, cost._replace(seconds=monotonic() - start, is_measured=True), 1.0

    def _read(
        self,
        reader: _Reader,
        asked: Question,
        lines: Sequence[str],
        cost: Cost,
        stop: Stop,
        is_over: Callable[[], bool],
    ) -> Iterator[tuple[dict[str, Float], Cost]]:
        """What was read of the sentence with each of these lines, as far as it is there."""
        owner = reader.owner, key_of([asked.sentence])
        read, start, done = self._kept.find(owner, lines), monotonic(), 0
        missing = [line for line in lines if line not in read]
        todo = sum(len(asked.sentence) + len(line) for line in missing)
        cost = cost._replace(
            pairs=reader.passes * len(missing), known_pairs=len(read), pair_seconds=self._pace(reader.owner) * todo
        )
        yield read, cost
        for place in range(0, len(missing), _PAIRS):
            lot = missing[place : place + _PAIRS]
            try:
                with self.lane.enter([asked.sentence, *lot], stop=stop, is_slow=place >= _QUICK) as pace:
                    new = _numbers(reader, asked.sentence, lot, pace)
            except StaleError:
                if not is_over():
                    raise
                break
            self._kept.keep(owner, new)
            read |= new
            done += sum(len(asked.sentence) + len(line) for line in lot)
            yield read, cost._replace(pair_seconds=(monotonic() - start) * todo / done)
        if done:
            self._kept.keep("pace", {reader.owner: (monotonic() - start) / done})
        yield read, cost._replace(pair_seconds=monotonic() - start, are_pairs_measured=True)


def _lots(texts: Sequence[str]) -> Iterator[list[str]]:
    """Texts in turn, so many characters at a time."""
    lot: list[str] = []
    for text in texts:
        if lot and sum(map(len, lot)) + len(text) > _LOT:
            yield lot
            lot = []
        lot.append(text)
    if lot:
        yield lot


def _vectors(model: SimilarityModel, texts: Sequence[str], options: Options, pace: Progress) -> dict[str, Float]:
    """Of each text its vector and, behind it, its counts of tokens; all zero where nothing of it can be read."""
    counts = model.count_tokens(texts, options.get("max_length"))
    readable = [text for text, count in zip(texts, counts, strict=True) if any(count)]
    vectors = model.embed(readable, progress=pace, **options)
    placed = np.zeros((len(texts), vectors.shape[1]), np.float32)
    placed[[any(count) for count in counts]] = vectors
    rows = np.concatenate([placed, np.array(counts, np.float32)], axis=1)
    return dict(zip(texts, map(np.copy, rows), strict=True))  # or one that is kept would keep them all


def _by_vectors(model: SimilarityModel, asked: Question, vectors: Mapping[str, Float]) -> Ranking:
    """The lines whose vectors are there, by their cosine with the sentence; last those that nothing was read of."""
    width, options = len(TokenCounts._fields), asked.settings.options(model)
    counts = {text: TokenCounts(*map(int, numbers[-width:])) for text, numbers in vectors.items()}
    there = [(place, line) for place, line in enumerate(asked.listed.lines) if line in counts]
    lines = [(place, line) for place, line in there if any(counts[line])]
    found = []
    if lines:
        own = np.stack([vectors[line][:-width] for _, line in lines])
        ranked = model.rank(vectors[asked.sentence][:-width], own, **options)
        ranked.sort(key=lambda each: not counts[lines[each.index][1]].read)
        for first, each in enumerate(ranked, 1):
            place, line = lines[each.index]
            found.append(Line(line, place, first, each.score, counts[line]))
    shown = [line.text for line in found[: max(MANY, asked.top)]]
    words = model.partly_unread([asked.sentence, *shown], asked.settings.max_length)
    told = [replace(line, unread=words.get(line.text)) for line in found]
    stopped = len(asked.listed.lines) - len(there)
    left_out = asked.listed.left_out._replace(unreadable=len(there) - len(lines), stopped=stopped)
    return Ranking(told, model.name, left_out, words.get(asked.sentence))


def _numbers(reader: _Reader, sentence: str, lines: Sequence[str], pace: Progress) -> dict[str, Float]:
    """Of a sentence with each line: tokens cut off, score, the judge's rating, inference, if too little is read."""
    judge, scorer, pairs = reader.judge, reader.scorer, [(sentence, line) for line in lines]
    lost = reader.model.unread_of_pairs(pairs, reader.options.get("max_length"), packed=True)
    columns = [np.array([sum(each.cut_tokens for each in lost.get(pair, ())) for pair in pairs], np.float32)]
    if judge is not reader.model:
        columns.append(reader.model.score(pairs, scorer=scorer, progress=pace, **reader.options))
    if judge and judge.verdict_rule:  # its rating: of what has nothing to do with each other inference says nothing
        rating, own = judge.verdict_rule.rating, [scorer] * (judge is reader.model)
        options = reader.options if own else {}
        scores, there = judge.infer(pairs, dict.fromkeys([*own, rating]), progress=pace, **options)
        _, back = judge.infer([pair[::-1] for pair in pairs], (), progress=pace, **options)
        columns += [scores[name] for name in (*own, rating)] + [*there.T, *back.T]
        lost = lost if own else judge.unread_of_pairs(pairs, packed=True)
        columns.append(np.array([pair in lost and bool(withheld(*lost[pair])) for pair in pairs], np.float32))
    return dict(zip(lines, np.stack(columns, axis=1), strict=True))


def _joined(found: Ranking, read: Mapping[str, Float], reader: _Reader, sentence: str) -> Ranking:
    """A ranking by vectors with what was read together: these lines first, best first."""
    rule = reader.judge.verdict_rule if reader.judge else None
    lines = []
    for line in found.lines:
        if (numbers := read.get(line.text)) is not None:
            cut, score, *rest = map(float, numbers)
            line = replace(line, together=score, cut_together=int(cut))
            if rest:
                both = np.reshape(rest[1:7], (1, 2, 3))
                is_other = rule is not None and kinds_of(np.array(rest[:1]), both, rule)[0] == "different"
                silence = "other subject" if is_other else "a question" if _is_question(line.text) else ""
                silence = TOO_LITTLE if rest[7] else silence
                silence = "the same text" if one_text(sentence, line.text) else silence
                line = replace(line, inference=(Inference(*rest[1:4]), Inference(*rest[4:7])), silence=silence)
        lines.append(line)
    lines.sort(key=lambda each: (each.together is None, -(each.together or 0.0), each.first))
    return replace(found, lines=lines)


def _is_question(text: str) -> bool:
    """Whether a text is a question, which is neither true nor false, so that nothing follows from it."""
    return text.rstrip(" \"'”’»)").endswith(("?", "\uff1f"))
