"""The table function: an Arrow table of sentences in, the same with scores out, for the command line and for Ray.

Pure: no files, nothing printed. A row that cannot be scored has nulls and its reason; its neighbours are scored as if
it were not there. Of several references of a row each score is that of the best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bertsim.batch.scoring import ANSWER, PROBE, refusal
from bertsim.data.pairs import Row, cell_fault, filled
from bertsim.engines.base import Progress
from bertsim.errors import InputError
from bertsim.model.scorers import PACKED
from bertsim.model.similarity import SimilarityModel
from bertsim.records import ALIGNMENT, ALIGNMENT_PARTS, Unread
from bertsim.text.unread import withheld

OF_REFERENCES = (ALIGNMENT, *ALIGNMENT_PARTS)
"""The scorers that take a candidate and several references."""
Batch = TypeVar("Batch", pa.Table, pa.RecordBatch)
Lost = Sequence[tuple[Unread, ...]]  # of rows, what is not read of their sentences
Values = Mapping[str, NDArray[Any]]  # of columns by name, an entry a row


@dataclass(frozen=True)
class NewColumns:
    """What the new columns are called.

    Attributes:
        scores: of each scorer, in their order; float32, higher = more similar.
        probabilities: of each scorer, or of none; float32, null where there is none or it is withheld.
        unknown, cut: tokens that the vocabulary lacks, and that were cut off, of all sentences of the row, by the
            scorer that reads least of them; int32.
        error: why a row has no score; text, null where it has one.
    """

    scores: tuple[str, ...]
    probabilities: tuple[str, ...]
    unknown: str
    cut: str
    error: str

    @classmethod
    def named(
        cls,
        scorers: Sequence[str],
        *,
        probability: bool = False,
        score: str | None = None,
        error: str | None = None,
        prefix: str = "",
    ) -> NewColumns:
        """The names of what scorers give: "score" and "probability" of one, of several by their own names.

        Args:
            scorers: their names.
            probability: whether probabilities are wanted.
            score, error: those columns' names, as they stand.
            prefix: stands before all other names.

        Raises: InputError, for `score` of several scorers, or a name twice.
        Example: ["cosine", "combined"] -> cosine, combined, unknown_tokens, cut_tokens, error
        """
        is_one = len(scorers) == 1
        if score is not None and not is_one:
            several = f"{len(scorers)} were asked for; their columns have their names, behind a prefix"
            raise InputError(f"the score column {score!r} is for one scorer, and {several}.")
        scores = [score or f"{prefix}{'score' if is_one else name}" for name in scorers]
        chances = [f"{prefix}{'' if is_one else f'{name}_'}probability" for name in scorers if probability]
        rest = f"{prefix}unknown_tokens", f"{prefix}cut_tokens", error or f"{prefix}error"
        found = cls(tuple(scores), tuple(chances), *rest)
        if twice := [name for name in found if list(found).count(name) > 1]:
            others = "another score column, error column or prefix"
            raise InputError(f"two of the new columns are called {twice[0]!r}; choose {others}.")
        return found

    def __iter__(self) -> Any:
        return iter((*self.scores, *self.probabilities, self.unknown, self.cut, self.error))


@dataclass(frozen=True)
class TableScorer:
    """Scores tables.

    Attributes:
        model: what scores them.
        sentences: the column of sentence A, or candidate, and of B; of several references where every scorer is one
            of `OF_REFERENCES`.
        scorers: names of at least one.
        columns: what the new columns are called.
        options: as `model.scores` takes them.

    Raises:
        InputError: a scorer or an option that the model does not know, or columns that do not fit the scorers.
    """

    model: SimilarityModel
    sentences: tuple[str, ...]
    scorers: tuple[str, ...]
    columns: NewColumns
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_sentences(self.sentences, self.scorers)
        self.model.scores([], self.scorers, **self.options)

    def __call__(self, batch: Batch, progress: Progress | None = None) -> Batch:
        """Score every row of an Arrow table, or record batch.

        Args:
            batch: with the columns `sentences`; where it has the error column too, rows with an error keep it, and
                are not scored.
            progress: told after every batch of the encoder.

        Returns:
            The same rows and columns, with `columns` behind them.

        Raises: InputError, if the table has such a column already, or for an option that cannot be used.

        Example: a: ["A dog barks.", ""], b: ["It rains.", "It rains."] -> score: [0.05, null], error: [null, "'a' is
            empty"]
        """
        cells = zip(*map(_cells, map(batch.column, self.sentences)), strict=True)
        rows = [filled(dict(zip(self.sentences, row, strict=True))) for row in cells]
        error = self.columns.error
        reasons: list[str | None] = [None] * len(rows)
        if error in batch.schema.names:
            reasons = [reason or None for reason in batch.column(error).to_pylist()]
            batch = batch.drop_columns([error])
        if there := [name for name in self.columns if name in batch.schema.names]:
            raise InputError(f"the table has a column {there[0]!r} already; choose another name for the new one.")
        try:
            made: list[pa.Array] = self._made(rows, reasons, progress)
        except InputError:
            checked = [reason or self._refusal(row) for row, reason in zip(rows, reasons, strict=True)]
            if checked == reasons:
                raise
            reasons = checked
            made = self._made(rows, reasons, progress)
        for name, column in zip(self.columns, [*made, pa.array(reasons, pa.string())], strict=True):
            batch = batch.append_column(name, column)
        return batch

    def table_of(self, rows: Sequence[Row]) -> pa.Table:
        """Rows of a file as a table of what is scored: their sentences, and their errors."""
        cells = {name: [None if row.error else row.values.get(name) for row in rows] for name in self.sentences}
        cells[self.columns.error] = [row.error for row in rows]
        return pa.table({name: pa.array(column, pa.string()) for name, column in cells.items()})

    def probe(self) -> dict[str, list[Any]]:
        """What it makes of two sentences, either way round, to five digits: another model's is something else."""
        sides = [PROBE, ANSWER], [ANSWER, PROBE]
        table = pa.table({name: sides[place > 0] for place, name in enumerate(self.sentences)})
        found = self(table).select(list(self.columns)).to_pydict()
        return {name: [round(n, 5) if isinstance(n, float) else n for n in column] for name, column in found.items()}

    def _refusal(self, row: Mapping[str, Any]) -> str | None:
        """Why a row cannot be scored, in the words of the rows of files where those say it."""
        faults = (cell_fault(cell, name) for name, cell in row.items())
        named = {repr(name): cell for name, cell in row.items()}
        return next(filter(None, faults), None) or refusal(named, self.model.check)

    def _made(
        self, rows: Sequence[Mapping[str, Any]], reasons: Sequence[str | None], progress: Progress | None
    ) -> list[pa.Array]:
        """The new columns but the last, of rows of which those without a reason can be scored."""
        is_good = np.array([reason is None for reason in reasons], bool)
        good = [tuple(row.values()) for row, reason in zip(rows, reasons, strict=True) if reason is None]
        unread = self.unread(good, packed=self.packs)
        values = self._values(good, unread, progress)
        unknown = [sum(len(each.unknown_words) for each in row) for row in unread]
        cut = [sum(each.cut_tokens for each in row) for row in unread]
        columns = [spread(column, is_good) for column in values.values()]
        if self.columns.probabilities:
            packed, alone = self.model.scorers_of(PACKED), self.unread(good, packed=False) if self.packs else unread
            for name, column in values.items():
                lost = unread if name in packed else alone
                is_sure = np.array([not any(withheld(a, b) for b in others) for a, *others in lost], bool)
                found = self.model.calibrate(name, column[is_sure], **self.options)
                shown = is_good.copy()
                shown[is_good] = is_sure
                nothing = pa.nulls(len(rows), pa.float32())
                columns.append(nothing if found is None else spread(found, shown))
        return [*columns, *(spread(np.array(counts, np.int32), is_good) for counts in (unknown, cut))]

    @property
    def packs(self) -> bool:
        """Whether a scorer reads the two sentences of a row packed, where they share `max_length`."""
        return not {*self.scorers}.isdisjoint(self.model.scorers_of(PACKED))

    def unread(self, rows: Sequence[tuple[str, ...]], *, packed: bool) -> list[tuple[Unread, ...]]:
        """What is not read of the sentences of rows that can be scored, packed, or each alone."""
        length = self.options.get("max_length")
        if packed:
            lost = self.model.unread_of_pairs(rows, length, packed=True)
            return [lost.get((a, b), (Unread(), Unread())) for a, b in rows]
        partly = self.model.partly_unread(chain(*rows), length)
        return [tuple(partly.get(text, Unread()) for text in texts) for texts in rows]

    def _values(self, rows: Sequence[tuple[str, ...]], unread: Lost, progress: Progress | None) -> Values:
        """The score columns, of rows that can be scored, and of which `unread` is not read: of each its best."""
        pairs = [(a, b) for a, *others in rows for b in others]
        starts = np.cumsum([0, *(len(texts) - 1 for texts in rows)])[:-1]
        scores = self.model.scores(pairs, self.scorers, progress=progress, **self.options)
        return {name: np.maximum.reduceat(values, starts) if pairs else values for name, values in scores.items()}


@dataclass(frozen=True)
class TableEmbedder(TableScorer):
    """Embeds tables: `sentences` is one column, `columns.scores` one, float32 [dim] a row; no scorers."""

    def __post_init__(self) -> None:
        self.model.embed([], **self.options)

    def _values(self, rows: Sequence[tuple[str, ...]], unread: Lost, progress: Progress | None) -> Values:
        return {self.columns.scores[0]: self.model.embed([text for (text,) in rows], progress=progress, **self.options)}


def check_sentences(sentences: Sequence[str], scorers: Sequence[str]) -> None:
    """Refuse columns. Raises: InputError, for fewer than two, one twice, or references that a scorer does not take."""
    if len(set(sentences)) != len(sentences) or len(sentences) < 2:
        raise InputError(f"the columns of sentences are {', '.join(map(repr, sentences))}; name two different ones.")
    others = [name for name in scorers if name not in OF_REFERENCES]
    if len(sentences) > 2 and others:
        asked = f"{others[0]} was asked for; name two columns of sentences"
        raise InputError(f"several references are for {', '.join(OF_REFERENCES)} alone, and {asked}.")


def _cells(column: Any) -> list[Any]:
    """The cells of a column; text that is not UTF-8 as its bytes, which no model takes for a sentence."""
    try:
        return column.to_pylist()
    except UnicodeDecodeError:
        return [_scalar(cell) for cell in column]


def _scalar(cell: Any) -> Any:
    try:
        return cell.as_py()
    except UnicodeDecodeError as error:
        return error.object


def spread(values: NDArray[Any], is_there: NDArray[np.bool_]) -> pa.Array:
    """A column of the values of rows that have one, null for the others. Example: [.5], [False, True] -> [null, .5].

    Of vectors, [n, dim], it is one of lists.
    """
    column = np.zeros((len(is_there), *values.shape[1:]), values.dtype)
    column[is_there] = values
    if values.ndim == 1:
        return pa.array(column, mask=~is_there)
    ends = np.concatenate([[0], np.cumsum(is_there)]) * values.shape[1]
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), values.ravel(), mask=pa.array(~is_there))
