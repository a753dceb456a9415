"""Files of pairs -> which sentences belong together, and how alike people called others; as token ids. NumPy, SciPy.

What a file says comes by its kind, as for heads (`training.data_source`). Positives, pairs labelled 1 and entailments
are *partners*; a contradiction of the same premise stands beside an entailment as its opposite. Graded pairs are an
order to learn, or, with `least`, partners where they are graded at least so high. With `order` other labels are an
order too: an entailment above a neutral pair, that above a contradiction.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from tokenizers import Tokenizer as FastTokenizer

from bertsim.errors import DataError, InputError
from bertsim.pretraining.vocabulary import pieces
from bertsim.records import Float
from bertsim.training.data_source import Source, source_from
from bertsim.training.examples import Examples, read_examples

Places = NDArray[np.int64]
_CHUNK = 20_000  # sentences tokenised at a time


@dataclass(frozen=True)
class PairSource:
    """A file of pairs.

    Attributes:
        source: the file and its kind; its `weight` is how often a batch is drawn from it, or, of an order, how much
            it counts.
        least: graded pairs of at least this, on the file's scale, are partners; None: they are an order.
        order: labels of another kind are an order as well, not partners.
    """

    source: Source
    least: float | None = None
    order: bool = False

    @property
    def is_order(self) -> bool:
        """Whether its labels are an order; a kind that is told from the file's rows has to be told first."""
        return self.order or (self.source.kind == "graded" and self.least is None)


@dataclass(frozen=True)
class Sentences:
    """Sentences as token ids, without special tokens.

    Attributes:
        ids: int32 [tokens], one sentence after another.
        starts: int64 [sentences + 1].
        vocab_size: one more than the largest id that there can be.
    """

    ids: NDArray[np.int32]
    starts: Places
    vocab_size: int

    def __len__(self) -> int:
        """How many sentences."""
        return len(self.starts) - 1

    def counts(self, chosen: Places) -> sparse.csr_array:
        """How often each id stands in each chosen sentence: float32 [chosen, vocab]; an id may be listed twice."""
        lengths = np.diff(self.starts)[chosen]
        ends = np.concatenate([[0], np.cumsum(lengths)])
        places = np.arange(ends[-1]) + np.repeat(self.starts[chosen] - ends[:-1], lengths)
        ones = np.ones(len(places), np.float32)
        return sparse.csr_array((ones, self.ids[places], ends), shape=(len(chosen), self.vocab_size))


@dataclass(frozen=True)
class Partners:
    """Pairs of one file that mean the same.

    Attributes:
        name: of the file.
        weight: how often a batch is drawn from it.
        first, second: int64 [n], which sentences.
        opposite: int64 [n], a sentence that contradicts the first; -1: none is known.
    """

    name: str
    weight: float
    first: Places
    second: Places
    opposite: Places


@dataclass(frozen=True)
class Order:
    """Pairs of one file, and how alike they are.

    Attributes:
        name, weight, first, second: as of `Partners`; the weight is of the loss.
        grades: float32 [n]; higher = more alike.
    """

    name: str
    weight: float
    first: Places
    second: Places
    grades: Float


@dataclass(frozen=True)
class PairSets:
    """All that a bag learns from pairs."""

    sentences: Sentences
    partners: tuple[Partners, ...]
    orders: tuple[Order, ...]


def read_pair_list(path: Path, data_root: Path) -> tuple[PairSource, ...]:
    """The tables `[[pairs]]` of a TOML file: keys of `training.data_source.Source`, `least` and `order`.

    Args:
        path: of the TOML file.
        data_root: where relative paths of data files start.

    Raises:
        DataError: the file is missing, no TOML, or has no such table.
        InputError: a key or a value that cannot be; names it.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("pairs")
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); give the path of a TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not TOML: {error}.") from None
    if not isinstance(tables, list) or not tables:
        raise DataError(f"{path} has no [[pairs]]; one or more were expected.")
    return tuple(_pair_source(table, path, data_root) for table in tables)


def _pair_source(table: Mapping[str, Any], where: Path, data_root: Path) -> PairSource:
    values = dict(table)
    least = values.pop("least", None)
    if least is not None and not isinstance(least, int | float):
        raise InputError(f"{where}: least is {least!r}; a number on the file's scale was expected.")
    order = values.pop("order", False)
    if not isinstance(order, bool):
        raise InputError(f"{where}: order is {order!r}; true or false was expected.")
    if order and least is not None:
        raise InputError(f"{where}: least makes partners of graded pairs, order an order; give one of them.")
    source = source_from(values, str(where))
    return PairSource(source.under(data_root), least, order)


def read_pair_sets(
    sources: Sequence[PairSource], fast: FastTokenizer, max_length: int, seed: int
) -> PairSets:
    """Read and tokenise every file.

    Args:
        sources: the files.
        fast: the tokenizer.
        max_length: tokens of a sentence that are read, special ones included.
        seed: of the rows that a source's `take` draws.

    Raises:
        DataError: a row that cannot be used, or a file without partners; names file, line and value.
    """
    places: dict[str, int] = defaultdict(lambda: len(places))
    partners: list[Partners] = []
    orders: list[Order] = []
    for entry in sources:
        examples = read_examples(entry.source, ("similar",), _any_sentence, seed=seed)
        told = replace(entry, source=examples.source)
        first, second = (np.array([places[pair[side]] for pair in examples.pairs]) for side in (0, 1))
        name, weight = entry.source.name, entry.source.weight
        if told.is_order:
            grades = examples.labels()
            if np.ptp(grades) == 0:
                raise DataError(f"{entry.source.path} labels all its pairs alike; an order needs two labels.")
            orders.append(Order(name, weight, first, second, grades))
            continue
        is_same = examples.targets[:, 0] >= _least(examples, entry)
        if not is_same.any():
            raise DataError(
                f"{entry.source.path} has no pair that means the same; at least one was expected."
            )
        opposite = _opposites(examples, first, second)
        partners.append(Partners(name, weight, first[is_same], second[is_same], opposite[is_same]))
    if not partners:
        raise DataError(
            "no file holds pairs that mean the same; give positives, entailments, or a least grade."
        )
    return PairSets(_tokenise(list(places), fast, max_length - 2), tuple(partners), tuple(orders))


def _least(examples: Examples, entry: PairSource) -> float:
    """The target, in [0, 1], from which on a pair means the same."""
    if examples.source.kind != "graded" or entry.least is None:
        return 1.0
    low, high = examples.source.scale or (0.0, 1.0)
    if not low <= entry.least <= high:
        raise InputError(f"{entry.source.path}: least is {entry.least:g}; {low:g} to {high:g} was expected.")
    return (entry.least - low) / (high - low) - 1e-6


def _opposites(examples: Examples, first: Places, second: Places) -> Places:
    """For every pair a sentence that contradicts its first one, or -1."""
    if examples.source.kind != "inference":
        return np.full(len(first), -1)
    denied: dict[int, int] = {}
    for premise, hypothesis, target in zip(first, second, examples.targets[:, 0], strict=True):
        if target == 0:
            denied.setdefault(int(premise), int(hypothesis))
    return np.array([denied.get(int(premise), -1) for premise in first])


def _tokenise(texts: Sequence[str], fast: FastTokenizer, room: int) -> Sentences:
    ids: list[NDArray[np.int32]] = []
    lengths: list[int] = [0]
    for start in range(0, len(texts), _CHUNK):
        chunk = list(texts[start : start + _CHUNK])
        rows = [found.ids[:room] for found in fast.encode_batch_fast(chunk, add_special_tokens=False)]
        ids.append(np.fromiter(chain.from_iterable(rows), np.int32))
        lengths += map(len, rows)
    return Sentences(np.concatenate(ids), np.cumsum(lengths), len(pieces(fast)))


def _any_sentence(sentence: str) -> None:
    """Every text can be a bag of tokens."""
