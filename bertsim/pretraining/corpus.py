"""Files of text, each with a weight -> token ids in one flat array, a held-out part aside.

One sentence a line, plain or .gz, UTF-8; blank lines are passed over. Lines longer than the model reads are cut into
pieces of that length, so no text is lost. What a step sees of it is `batching`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as FastTokenizer

from bertsim.errors import DataError, InputError
from bertsim.rows import BLANK, read_records

HELD_OUT = 0.01
"""Share of all lines that is held out, up to `MOST_HELD_OUT` lines."""
MOST_HELD_OUT = 4000
_CHUNK = 20_000  # lines tokenised at a time
_MOST_WEIGHT = 100.0
Ids = NDArray[np.int32]


@dataclass(frozen=True)
class TextSource:
    """One file of text.

    Attributes:
        path: of the file, as given.
        weight: how often an epoch sees each of its lines; 0.25: a random quarter of them, 2: each twice.
    """

    path: str
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Raise InputError for a weight that cannot be."""
        if not 0 < self.weight <= _MOST_WEIGHT:
            raise InputError(
                f"{self.path}: the weight is {self.weight:g}; a number above 0, up to {_MOST_WEIGHT:g}, was expected."
            )


@dataclass(frozen=True)
class Corpus:
    """Sentences as token ids, special tokens left out.

    Attributes:
        ids: int32 [tokens], one sentence after another.
        starts: int64 [sentences + 1]; sentence i is `ids[starts[i] : starts[i + 1]]`, never empty.
        weights: float32 [sentences], of the file each comes from.
        words: how many words, parted by white space, its lines have.
    """

    ids: Ids
    starts: NDArray[np.int64]
    weights: NDArray[np.float32]
    words: int

    def __len__(self) -> int:
        """How many sentences."""
        return len(self.weights)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each sentence, int64 [sentences]."""
        return np.diff(self.starts)


def parse_text(word: str) -> TextSource:
    """`FILE` or `FILE=WEIGHT`. Raises InputError where the weight is no number.

    Example: "news.txt.gz=0.5" -> TextSource("news.txt.gz", 0.5)
    """
    path, equals, weight = word.rpartition("=")
    if not equals or Path(word).exists():
        return TextSource(word)
    try:
        value = float(weight)
    except ValueError:
        raise InputError(f"--text {word}: {weight!r} is no weight; FILE=NUMBER was expected.") from None
    return TextSource(path, value)


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a file that are not blank.

    Raises:
        DataError: the file is missing, not readable, a damaged gzip or no text in UTF-8, or no line has a character;
            names file and line.
    """
    empty = True
    for record in read_records(path, "txt"):
        if record.fault == BLANK or not record.text.strip():
            continue
        fault = record.fault or ("it has a NUL byte" if "\0" in record.text else None)
        if fault is not None:
            raise DataError(
                f"{path}:{record.line} is no text: {fault}; give plain text in UTF-8, one sentence a line."
            )
        empty = False
        yield record.text
    if empty:
        raise DataError(f"{path} is empty; give plain text, one sentence a line.")


def sample_lines(sources: Sequence[TextSource], seed: int) -> Iterator[str]:
    """Every line as often as its weight says, fractions by the seed; for learning a vocabulary."""
    for index, source in enumerate(sources):
        random = np.random.default_rng([seed, index])
        for line in read_lines(Path(source.path)):
            for _ in range(int(source.weight + random.random())):
                yield line


def read_corpus(
    sources: Sequence[TextSource], fast: FastTokenizer, max_length: int, seed: int
) -> tuple[Corpus, Corpus]:
    """Tokenise every file; part the lines into those to learn from and those held out.

    Args:
        sources: the files.
        fast: the tokenizer.
        max_length: tokens the model reads, special ones included.
        seed: of what is held out.

    Returns:
        to learn from, and held out (a hundredth, at least one line and at most 4,000).

    Raises:
        DataError: as `read_lines`; a file with no token; fewer than two lines in all.
    """
    parts = [_tokenise(source, fast, max_length - 2) for source in sources]
    lengths = np.concatenate([part.lengths for part in parts])
    if len(lengths) < 2:
        raise DataError("the text has one line; at least two were expected, one of them to be held out.")
    starts = np.concatenate([[0], np.cumsum(lengths)])
    ids, weights = (np.concatenate([getattr(part, name) for part in parts]) for name in ("ids", "weights"))
    whole = Corpus(ids, starts, weights, sum(part.words for part in parts))
    n = min(max(round(HELD_OUT * len(whole)), 1), MOST_HELD_OUT)
    is_held = np.zeros(len(whole), bool)
    is_held[np.random.default_rng([seed, 0]).choice(len(whole), n, replace=False)] = True
    return _taken(whole, ~is_held), _taken(whole, is_held)


def _tokenise(source: TextSource, fast: FastTokenizer, room: int) -> Corpus:
    lines = read_lines(Path(source.path))
    ids: list[Ids] = []
    lengths: list[int] = []
    words = 0
    while chunk := list(islice(lines, _CHUNK)):
        rows = [encoding.ids for encoding in fast.encode_batch_fast(chunk, add_special_tokens=False)]
        ids.append(np.fromiter(chain.from_iterable(rows), np.int32))
        for row in rows:
            lengths += [room] * (len(row) // room) + ([len(row) % room] if len(row) % room else [])
        words += sum(len(line.split()) for line in chunk)
    if not lengths:
        raise DataError(f"{source.path} has no character that the tokenizer can read; give plain text.")
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return Corpus(np.concatenate(ids), starts, np.full(len(lengths), source.weight, np.float32), words)


def _taken(corpus: Corpus, chosen: NDArray[np.bool_]) -> Corpus:
    """Some of the sentences; words in proportion to tokens."""
    lengths = corpus.lengths
    ids = corpus.ids[np.repeat(chosen, lengths)]
    starts = np.concatenate([[0], np.cumsum(lengths[chosen])])
    return Corpus(ids, starts, corpus.weights[chosen], round(corpus.words * len(ids) / len(corpus.ids)))


def count_ids(corpus: Corpus, vocab_size: int) -> NDArray[np.float64]:
    """How often each id occurs, lines by their weights: float64 [vocab_size]."""
    weights = np.repeat(corpus.weights, corpus.lengths)
    return np.bincount(corpus.ids, weights=weights, minlength=vocab_size).astype(np.float64)
