"""Text -> `Row`s for the encoder, or a `TokenBatch` for the views, with the checkpoint's own tokenizer.

What a user typed is never a special token, nothing is cut silently, and every token knows its characters. The layout
of a row (`[CLS] A [SEP] B [SEP]`, or another checkpoint's `<s> A </s>`) is read from the tokenizer's own template.

Source: transformers' "longest_first" truncation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding
from tokenizers import Tokenizer as FastTokenizer

from bertsim.errors import CheckpointError, InputError
from bertsim.records import Int, Part, Row, TokenBatch, TokenCounts, Unread
from bertsim.text.chunks import split_text
from bertsim.text.lists import is_whole
from bertsim.text.tokenizer_files import find_unknown_id, read_fast
from bertsim.text.unread import MAX_CHARACTERS, find_unread, readable

if TYPE_CHECKING:
    from bertsim.bert.config import BertConfig

MIN_LENGTH = 8
"""Smallest `max_length`: room for a pair's special tokens and a few words."""
Name = Callable[[int], str]
"""What an error calls the sentence of an index."""
Lost = tuple[Unread, ...]
"""What is not read of the one or two sentences of a row."""
_A, _B = -1, -2  # where a sentence goes among the special token ids of a template


def name_of_pair(index: int) -> str:
    """Example: 0 -> "sentence A"."""
    return f"sentence {'AB'[index % 2]}"


class _Template(NamedTuple):
    """A row with gaps for one or two sentences: special token ids and gaps, and the token type of each."""

    parts: tuple[int, ...]
    types: tuple[int, ...]

    @classmethod
    def read(cls, encoding: Encoding, config: BertConfig) -> _Template:
        """See where the tokenizer's post-processor put special tokens around one or two sentences."""
        found: list[tuple[int, int]] = []
        for token_id, token_type, sequence, special in zip(
            encoding.ids, encoding.type_ids, encoding.sequence_ids, encoding.special_tokens_mask, strict=True
        ):
            part = token_id if special else (_A, _B)[sequence or 0], min(token_type, config.type_vocab_size - 1)
            if special or part not in found:  # a sentence may be several tokens
                found.append(part)
        return cls(*zip(*found, strict=True))

    def room(self, max_length: int) -> int:
        """How many tokens of its sentences fit into a row."""
        return max_length - sum(part >= 0 for part in self.parts)

    def kept(self, lengths: list[int], max_length: int) -> list[int]:
        """Tokens kept of each sentence so that the row fits: the longer loses first, ties lose from B.

        Example: [CLS] A [SEP] B [SEP]: [20, 3] into 13 -> [7, 3]; [20, 20] into 12 -> [5, 4]
        """
        room = self.room(max_length)
        if len(lengths) == 1 or sum(lengths) <= room:
            return [min(length, room) for length in lengths]
        first = min(lengths[0], max(room - lengths[1], (room + 1) // 2))
        return [first, room - first]

    def fill(self, sentences: Sequence[list[int]], max_length: int) -> Row:
        """The row of the token ids of one or two sentences, as many of them as fit."""
        kept = self.kept([len(ids) for ids in sentences], max_length)
        ids, types, own = list[int](), list[int](), [(0, 0)] * len(kept)
        for part, token_type in zip(self.parts, self.types, strict=True):
            added = [part] if part >= 0 else sentences[_A - part][: kept[_A - part]]
            if part < 0:
                own[_A - part] = len(ids), len(ids) + len(added)
            ids += added
            types += [token_type] * len(added)
        return Row(tuple(ids), tuple(types), tuple(own))


class Tokenizer:
    """A checkpoint's tokenizer. Thread-safe: its settings never change after construction."""

    def __init__(self, fast: FastTokenizer, config: BertConfig, source: Path) -> None:
        """Wrap what was read from `source`. Raises: CheckpointError, for ids that the encoder has no room for."""
        fast.no_truncation()
        fast.no_padding()
        fast.encode_special_tokens = True  # a typed "[SEP]" is text
        largest = max(fast.get_vocab(with_added_tokens=True).values())
        if largest >= config.vocab_size:
            told = f"config.json says vocab_size {config.vocab_size}"
            raise CheckpointError(f"{source} has the token id {largest}, but {told}.")
        self._fast, self._unknown_id = fast, find_unknown_id(fast)
        self._pad_id, self._limit = config.pad_token_id, config.max_position_embeddings
        # of one sentence, and of two
        self._templates = {n: _Template.read(fast.encode("a", "a" if n == 2 else None), config) for n in (1, 2)}

    @classmethod
    def from_folder(cls, folder: Path, config: BertConfig) -> Tokenizer:
        """Read `tokenizer.json`, or `vocab.txt`, and the settings beside it. Raises as `read_fast`."""
        fast, path = read_fast(folder)
        return cls(fast, config, path)

    def check_length(self, max_length: int) -> int:
        """Return `max_length`, one of numpy's as Python's. Raises: InputError: the encoder takes no such length."""
        if not is_whole(max_length) or not MIN_LENGTH <= max_length <= self._limit:
            known = f"a whole number from {MIN_LENGTH} to {self._limit}"
            raise InputError(f"max_length is {max_length!r}; this encoder takes {known}.")
        return int(max_length)

    def check_sentence(self, sentence: str, name: str = "the sentence") -> None:
        """Raise InputError where `encode` would: not a string, empty, or nothing the tokenizer can read."""
        self._read([sentence], lambda _: name, fast=True)

    def encode(self, texts: Sequence[tuple[str, ...]], max_length: int, name: Name = name_of_pair) -> list[Row]:
        """Rows of sentences alone (tuples of one) or of packed pairs (tuples of two), without what the views show.

        Args:
            texts: one or two sentences each.
            max_length: tokens kept of each row, special ones included; the longer sentence loses tokens first.
            name: of the sentences, counted over all rows.

        Raises: InputError, for a sentence that `check_sentence` refuses, or a `max_length` out of range; names it.
        """
        self.check_length(max_length)
        sentences = [sentence for row in texts for sentence in row]
        _check_strings(sentences, name)
        first: dict[str, int] = {}  # of many with many each stands in many rows
        for index, sentence in enumerate(sentences):
            first.setdefault(sentence, index)
        places = list(first.values())
        encodings = self._read(list(first), lambda index: name(places[index]), fast=True)
        ids = {sentence: encoding.ids for sentence, encoding in zip(first, encodings, strict=True)}
        return [self._templates[len(row)].fill([ids[sentence] for sentence in row], max_length) for row in texts]

    def pad(self, rows: Sequence[Row]) -> tuple[Int, Int, Int]:
        """input_ids, attention_mask and token_type_ids of rows, int32 [rows, seq] each, as long as the longest row."""
        if not rows:
            none = np.zeros((0, 0), np.int32)
            return none, none, none
        lengths = np.array([len(row.ids) for row in rows])
        filled = np.arange(lengths.max()) < lengths[:, None]
        ids, types, mask = np.full(filled.shape, self._pad_id, np.int32), *np.zeros((2, *filled.shape), np.int32)
        ids[filled] = np.concatenate([row.ids for row in rows])
        types[filled] = np.concatenate([row.types for row in rows])
        mask[filled] = 1
        for place, row in enumerate(rows):
            if row.mask is not None:
                mask[place, : len(row.mask)] = row.mask
        return ids, mask, types

    def batch(self, texts: Sequence[tuple[str, ...]], max_length: int, name: Name = name_of_pair) -> TokenBatch:
        """As `encode`, with everything the views show."""
        self.check_length(max_length)
        found = iter(self._read([sentence for row in texts for sentence in row], name, fast=False))
        encodings = [[next(found) for _ in row] for row in texts]
        rows = [self._templates[len(row)].fill([each.ids for each in row], max_length) for row in encodings]
        ids, mask, types = self.pad(rows)
        tokens = [list(map(self._token, row)) for row in ids.tolist()]
        spans, special = np.zeros((*ids.shape, 2), np.int32), np.ones(ids.shape, np.bool_)
        for place, row in enumerate(rows):
            for encoding, (start, end) in zip(encodings[place], row.own, strict=True):
                tokens[place][start:end] = encoding.tokens[: end - start]
                spans[place, start:end] = encoding.offsets[: end - start]
                special[place, start:end] = False
        return TokenBatch(
            input_ids=ids,
            attention_mask=mask,
            token_type_ids=types,
            tokens=tuple(map(tuple, tokens)),
            spans=spans,
            is_special=special,
            is_unknown=~special & (ids == self._unknown_id),
            own=tuple(row.own for row in rows),
            sentences=tuple(map(tuple, texts)),
            unread=tuple(self._unread(texts, encodings, max_length)),
        )

    def unread(self, texts: Sequence[tuple[str, ...]], max_length: int, name: Name = name_of_pair) -> list[Lost]:
        """What of each sentence is not read where it stands alone, or in its packed pair; arguments as `encode`."""
        self.check_length(max_length)
        found = iter(self._read([sentence for row in texts for sentence in row], name, fast=False))
        return list(self._unread(texts, [[next(found) for _ in row] for row in texts], max_length))

    def _unread(
        self, texts: Sequence[tuple[str, ...]], encodings: list[list[Encoding]], max_length: int
    ) -> Iterator[Lost]:
        for row, read in zip(texts, encodings, strict=True):
            kept = self._templates[len(row)].kept(list(map(len, read)), max_length)
            parts = zip(row, read, kept, strict=True)
            yield tuple(find_unread(self._fast, self._unknown_id, *part) for part in parts)

    def count_tokens(self, sentences: Sequence[str], max_length: int, name: Name = name_of_pair) -> list[TokenCounts]:
        """How many tokens of each sentence, alone, do not fit into `max_length`, are unknown, and are read.

        Text beyond `MAX_CHARACTERS` counts as one token more that does not fit. Raises InputError, with its name, for
        what is no string; what is empty, or cannot be read, has no tokens.
        """
        self.check_length(max_length)
        _check_strings(sentences, name)
        encodings = self._fast.encode_batch_fast(list(map(readable, sentences)), add_special_tokens=False)
        counts = []
        for sentence, encoding in zip(sentences, encodings, strict=True):
            (kept,) = self._templates[1].kept([len(encoding.ids)], max_length)
            unknown = encoding.ids[:kept].count(self._unknown_id)
            cut = len(encoding.ids) - kept + (len(sentence) > MAX_CHARACTERS)
            counts.append(TokenCounts(cut, unknown, kept - unknown))
        return counts

    def fits(self, tokens: int, max_length: int) -> bool:
        """Whether so many tokens of a pair are all read where it is packed."""
        return tokens <= self._templates[2].room(max_length)

    def is_whole(self, sentence: str, row: Row, max_length: int) -> bool:
        """Whether all of a sentence, alone in its row, was read; False where `count_tokens` has to tell."""
        has_room = len(row.ids) < max_length and len(sentence) <= MAX_CHARACTERS
        return has_room and self._unknown_id not in row.ids

    def split(self, text: str, chunk: str | int, max_length: int, name: str = "the text") -> list[Part]:
        """Parts of a text of any length; any two fit packed into `max_length`. Raises as `split_text` and `encode`."""
        most = self._templates[2].room(self.check_length(max_length)) // 2
        (read,) = self._read([text], lambda _: name, fast=False, limit=None)
        return split_text(text, read, chunk, most, self._unknown_id)

    def _token(self, number: int) -> str:
        return self._fast.id_to_token(number) or ("[PAD]" if number == self._pad_id else "")

    def _read(
        self, sentences: Sequence[str], name: Name, *, fast: bool, limit: int | None = MAX_CHARACTERS
    ) -> list[Encoding]:
        """Tokens of each sentence, special ones left out; `fast`: without the characters that each stands for."""
        _check_strings(sentences, name)
        for index, sentence in enumerate(sentences):
            if not sentence[:limit].strip():
                raise InputError(f"{name(index)} is empty; write at least one word.")
        run = self._fast.encode_batch_fast if fast else self._fast.encode_batch
        found = run([readable(sentence, limit) for sentence in sentences], add_special_tokens=False)
        for index, encoding in enumerate(found):
            if not len(encoding):
                fault = "has no character that the tokenizer can read; write at least one word"
                raise InputError(f"{name(index)} {sentences[index]!r:.60} {fault}.")
        return found


def _check_strings(sentences: Sequence[str], name: Name) -> None:
    for index, sentence in enumerate(sentences):
        if not isinstance(sentence, str):
            raise InputError(f"{name(index)} is {type(sentence).__name__} {sentence!r:.60}; a string was expected.")


def own_tokens(rows: Sequence[Row], attention_mask: Int) -> NDArray[np.bool_]:
    """Which tokens of sentences alone, padded to that mask, are their own and not masked: bool [rows, seq]."""
    start, end = np.array([row.own[0] for row in rows], np.int32).T[:, :, None]
    places = np.arange(attention_mask.shape[1])
    return np.asarray((places >= start) & (places < end) & (attention_mask == 1))
