"""A sentence against many lines, as records and in words: what `views.rank` draws, and rows for a file.

In: scores, counts of tokens, what was not read. Out: plain text and plain rows; whoever shows them escapes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bertsim.records import TokenCounts, Unread
from bertsim.score.verdict import Inference
from bertsim.views.markup import counted, sendable
from bertsim.views.unread import listed

FEW, MANY = 20, 50
"""Lines that a picture has at least, where there are as many, and at most."""
TOO_LITTLE = "too little read"
"""Why nothing is said of inference where what was not read of the two differs."""
COLUMNS = (
    *("rank", "rank_by_vectors", "cosine", "read_together", "line", "line_number"),
    *(f"{given}_{says}" for given in ("from_sentence", "from_line") for says in ("follows", "open", "contradicts")),
    *("tokens_cut_off", "tokens_unknown"),
)


class LeftOut(NamedTuple):
    """How many lines are not ranked, by why: blank, there before, too many, nothing to read, stopped before them.

    Attributes:
        alone: of those that are ranked, how many were to be read together and were not, for it was stopped.
    """

    blank: int = 0
    repeated: int = 0
    beyond: int = 0
    unreadable: int = 0
    stopped: int = 0
    alone: int = 0


class Cost(NamedTuple):
    """What an answer takes.

    Attributes:
        texts: sentence and lines.
        short: of these, how many the encoder reads now; the others were read before.
        seconds: for that, as `is_measured`, else as expected; 0: nobody knows.
        pairs: passes for what is read together; `known_pairs`: how many pairs were read before.
        pair_seconds: the same for these, as `are_pairs_measured`.
    """

    texts: int
    short: int
    seconds: float
    is_measured: bool = False
    pairs: int = 0
    pair_seconds: float = 0.0
    are_pairs_measured: bool = False
    known_pairs: int = 0


@dataclass(frozen=True)
class Line:
    """One line.

    Attributes:
        text, place: as it was given, and where, from 0, among those that are ranked.
        first, cosine: its rank by vectors, from 1.
        counts: of its tokens.
        unread: what was not read of it, to the letter; None: all was, or nobody looked.
        together: the score of what read it together with the sentence; None: nothing did.
        cut_together: tokens of the two that did not fit into what they share there.
        inference: what the sentence says of it, and it of the sentence; None: nobody says.
        silence: why nothing is said of inference: the line is a question, on another subject, or the sentence itself,
            or what was not read of the two differs; "": something is.
    """

    text: str
    place: int
    first: int
    cosine: float
    counts: TokenCounts
    unread: Unread | None = None
    together: float | None = None
    inference: tuple[Inference, Inference] | None = None
    silence: str = ""
    cut_together: int = 0


@dataclass(frozen=True)
class Ranking:
    """A sentence against lines.

    Attributes:
        lines: in their order: those read together, best first, then the others as vectors have them.
        apart: the encoder of the vectors.
        left_out: lines that are not here.
        unread: what was not read of the sentence; None: all was.
        wanted: how many are to be read together.
        together, scorer, judge: the encoder that does that, by what, and that which infers; None: none does.
    """

    lines: Sequence[Line]
    apart: str
    left_out: LeftOut
    unread: Unread | None = None
    wanted: int = 0
    together: str | None = None
    scorer: str = ""
    judge: str | None = None

    @property
    def drawn(self) -> int:
        """How many lines the picture has; the others are listed under it."""
        return min(max(FEW, min(self.wanted, MANY)), len(self.lines))

    @property
    def read(self) -> int:
        """How many were read together."""
        return sum(line.together is not None for line in self.lines)


def table_rows(found: Ranking) -> Iterator[Sequence[object]]:
    """A row of `COLUMNS` for every line, in order; without inference where too little was read for it."""
    for rank, line in enumerate(found.lines, 1):
        both = (line.silence != TOO_LITTLE and line.inference) or ((None,) * 3, (None,) * 3)
        said = [None if share is None else round(share, 4) for each in both for share in each]
        together = None if line.together is None else round(line.together, 4)
        own = sendable(line.text), line.place + 1
        yield rank, line.first, round(line.cosine, 4), together, *own, *said, line.counts.cut, line.counts.unknown


def not_read(line: Line) -> str:
    """What was not read of a line, in words; "" where all was. Example: "not read: 👍"."""
    if not line.counts.read:
        return "nothing of it was read"
    unread, told = line.unread, []
    if line.counts.unknown:
        words = listed(unread.unknown_words) if unread else counted(line.counts.unknown, "token")
        told.append(f"not read: {words}")
    if line.counts.cut:
        told.append(f"{counted(line.counts.cut, 'token')} cut off")
    if line.cut_together > line.counts.cut:
        told.append(f"{counted(line.cut_together, 'token')} cut off where it is read together with the sentence")
    return "; ".join(told)


def losses(found: Ranking) -> Iterator[str]:
    """What was not read, in sum, and how many lines are not ranked for their number."""
    n, left = len(found.lines), found.left_out
    if found.unread:
        told = [f"{listed(found.unread.unknown_words)}"] * bool(found.unread.unknown_words)
        told += [f"{counted(found.unread.cut_tokens, 'token')} at its end"] * bool(found.unread.cut_tokens)
        yield f"Not read of the sentence: {', and '.join(told)}."
    unknown, cut = (sum(bool(getattr(line.counts, name)) for line in found.lines) for name in ("unknown", "cut"))
    if unknown:
        yield f"{unknown:,} of {counted(n, 'line')} {'has' if unknown == 1 else 'have'} words the vocabulary lacks."
    if cut:
        yield f"{cut:,} of {counted(n, 'line')} {'was' if cut == 1 else 'were'} cut off at the end."
    if left.beyond:
        yield f"Left out, for there are more than are ranked at once: the last {counted(left.beyond, 'line')}."
    if left.stopped:
        yield f"Left out, for it was stopped: {counted(left.stopped, 'line')}."
    if left.alone:
        yield f"Ranked by vectors alone, for it was stopped: {counted(left.alone, 'line')}."


def left_out(found: Ranking) -> Iterator[str]:
    """Which lines are not ranked for what they are."""
    left = found.left_out
    if left.repeated:
        yield f"Ranked once, for there are several of them: {counted(left.repeated, 'line')} left out."
    if left.unreadable:
        yield f"Left out, for nothing of it can be read: {counted(left.unreadable, 'line')}."
    if left.blank:
        yield f"Left out: {counted(left.blank, 'blank line')}."


def cost_told(cost: Cost) -> str:
    """What an answer takes, or took.

    Example: "1 + 12 short passes, 9 ms; 24 pair passes, about 80 ms; 2 pairs read before"
    """
    short = f"1 + {cost.texts - 1:,}" if cost.short == cost.texts else f"{cost.short:,}"
    passes = f"{short} short pass{'' if short == '1' else 'es'}"
    told = [passes + _time(cost.seconds, cost.is_measured)] * bool(cost.short)
    if cost.pairs:
        named = f"{cost.pairs:,} pair pass{'' if cost.pairs == 1 else 'es'}"
        told.append(named + _time(cost.pair_seconds, cost.are_pairs_measured))
    known = (cost.texts - cost.short, "sentence"), (cost.known_pairs, "pair")
    if before := " and ".join(counted(n, noun) for n, noun in known if n):
        told.append(f"{before} read before")
    return "; ".join(told)


def _time(seconds: float, is_measured: bool) -> str:
    """Example: .0834 measured -> ", 83 ms"; 1.52 expected -> ", about 1.5 s"."""
    if not is_measured and not seconds:
        return ""
    return f", {'' if is_measured else 'about '}{f'{seconds:.1f} s' if seconds >= 1 else f'{seconds * 1000:.0f} ms'}"
