"""What commands that read files share: chunks, a bar, what a stop has kept, and what of the sentences was not read."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path, PosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bertsim.batch.partial import PartialFile
from bertsim.batch.scoring import refusal
from bertsim.cli.output import LiveLine, Stopped, say
from bertsim.data.pairs import Row
from bertsim.errors import DataError, InputError
from bertsim.views.unread import listed

if TYPE_CHECKING:
    from bertsim.measuring.labelled import LabelledPairs
    from bertsim.model.similarity import SimilarityModel
    from bertsim.records import TokenCounts

Making = Callable[[list[Row], Callable[[int, int], None]], tuple[bytes, dict[str, int]]]
UNREAD = ("cut_sentences", "unknown_sentences", "unread_sentences")
"""Of how many sentences something was cut off, something is unknown to the vocabulary, nothing was read."""
NAMED = 20
"""Bad rows that are named on stderr; the others are counted."""
STANDARD = Path("-")
"""The name of standard input and output."""
_WORDS = 20


class _Spooled(PosixPath):
    """A file that messages call by where it came from."""

    def __str__(self) -> str:
        return "standard input"

    def __fspath__(self) -> str:
        return super().__str__()


@contextmanager
def at_hand(path: Path) -> Iterator[Path]:
    """A file to be read again and again; a pipe is one on disk for so long.

    Raises: InputError, for a second "-", or where there is no standard input.
    """
    if path != STANDARD and (path.is_file() or path.is_dir() or not path.exists()):
        yield path
        return
    if path == STANDARD and sys.stdin is None:
        raise InputError("standard input, -, is closed; give the path of a file.")
    if path == STANDARD and sys.stdin.closed:
        raise InputError("standard input, -, can be read once; give the other as a file.")
    with TemporaryDirectory(prefix="bertsim-") as folder:
        spooled = Path(folder, "spooled")
        with sys.stdin.buffer if path == STANDARD else path.open("rb") as pipe, spooled.open("wb") as file:
            shutil.copyfileobj(pipe, file)
        yield _Spooled(spooled)


class StandardOutput:
    """Where rows go as they are scored, in place of a `PartialFile`: nothing is gone on with."""

    path = "standard output"
    restarted = ""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def append(self, data: bytes, **counts: int) -> None:
        """Write a chunk; `counts` are added."""
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        self.counts += Counter(counts)

    def finish(self, convert: object = None) -> None:
        """Nothing is left to do."""


def write_chunks(
    partial: PartialFile | StandardOutput, rows: Iterable[Row], total: int, size: int, make: Making
) -> None:
    """Write what is made of rows, chunk by chunk; what an earlier run of the same job has kept is gone on with.

    Args:
        partial: where to.
        rows: all of them, `total`; `size` to a chunk.
        make: rows of a chunk, and a callback for progress -> their bytes, and what counts of them.

    Raises: Stopped, by a signal; says what is kept.
    """
    if partial.restarted:
        say(f"bertsim: {partial.path} is of another job ({partial.restarted} changed): starting again.")
    elif partial.counts["rows"]:
        say(f"bertsim: going on after the {partial.counts['rows']:,} of {total:,} rows kept in {partial.path}.")
    rest = islice(rows, partial.counts["rows"], None)
    try:
        with LiveLine() as line:
            while chunk := list(islice(rest, size)):
                data, counts = make(chunk, line.part("rows", partial.counts["rows"], len(chunk), total))
                partial.append(data, rows=len(chunk), **counts)
    except Stopped as stop:
        stop.told = "stopped before the first rows were finished; nothing was written."
        if kept := partial.counts["rows"]:
            where = f"kept in {partial.path}; the same command goes on from there"
            if isinstance(partial, StandardOutput):
                where = "printed; give --output FILE to go on after a stop"
            stop.told = f"stopped: {kept:,} of {total:,} rows are {where}."
        raise


class Tally:
    """Counts of what a model did not read, with some of the words; `packed`: of pairs that share its length."""

    def __init__(self, model: SimilarityModel, *, packed: bool = False) -> None:
        self._model, self._packed = model, packed
        self._words: list[str] = []

    def count(self, sentences: Sequence[str]) -> list[TokenCounts]:
        """The tokens of every sentence; the unknown words of the first few are kept."""
        counts = self._model.count_tokens(sentences)
        self.note(sentences, counts)
        return counts

    def note(self, sentences: Sequence[str], counts: Sequence[TokenCounts]) -> None:
        """Keep the unknown words of the first few sentences, whose tokens are counted."""
        for sentence, count in zip(sentences, counts, strict=True):
            if count.unknown and len(self._words) < _WORDS:
                self._words += self._model.unread([sentence])[0].unknown_words

    def say(self, counts: Mapping[str, int]) -> None:
        """Say on stderr what the counts of all sentences, by `UNREAD`, are, where there is something to say."""
        cut, unknown, unread = (counts[name] for name in UNREAD)
        if cut:
            of_what = " of a pair" if self._packed else ""
            read = f"only the first {self._model.max_length} tokens{of_what} were read; --max-length sets how many"
            say(f"bertsim: {_sentences(cut, 'was', 'were')} cut off: {read}.")
        if unknown:
            words = f", not read: {listed(self._words)}" if self._words else ""
            lacks = f"words that the vocabulary lacks{words}; the encoder takes all such words for the same"
            say(f"bertsim: {_sentences(unknown, 'has', 'have')} {lacks}.")
        if unread:
            say(f"bertsim: of {_sentences(unread)} nothing was read; no number that comes of it says anything.")


def say_shared(model: SimilarityModel, scorers: Iterable[str | None], pairs: Iterable[tuple[str, str]]) -> None:
    """Say how many of the pairs are cut off where one of these scorers reads the two together."""
    if {*scorers}.isdisjoint(model.scorers_of("packed")):
        return
    if count := sum(a.cut_tokens + b.cut_tokens > 0 for a, b in model.unread_of_pairs(pairs, packed=True).values()):
        longer = f"longer than the {model.max_length} tokens that two share when they are read together: the end of"
        say(f"bertsim: {count:,} pair{'s are' if count > 1 else ' is'} {longer} either is cut off (--max-length).")


def check_readable(data: LabelledPairs, place: int, check: Callable[[str, str], None]) -> None:
    """See that a model, by its `check`, reads a pair of a file. Raises: DataError, which names the row, if not."""
    named = {repr(name): text for name, text in zip(data.file.sentences, data.pairs[place], strict=True)}
    if why := refusal(named, check):
        raise DataError(f"{data.places[place]}: {why}; {data.file.advice.row}.")


def summed(counts: Sequence[TokenCounts]) -> dict[str, int]:
    """Sentences by the names of `UNREAD`. Example: one of three unknown tokens and no other -> 0, 1, 1."""
    found = [(each.cut > 0, each.unknown > 0, each.read == 0) for each in counts]
    return {name: sum(each[i] for each in found) for i, name in enumerate(UNREAD)}


def _sentences(n: int, one: str = "", more: str = "") -> str:
    return f"1 sentence {one}".rstrip() if n == 1 else f"{n:,} sentences {more}".rstrip()
