"""Text -> `Row`s for the encoder, or a `TokenBatch` for the views, with the checkpoint's own tokenizer.

What a user typed is never a special token, nothing is cut silently, and every token knows its characters. The layout
of a row (`[CLS] A [SEP] B [SEP]`, or another checkpoint's `<s> A </s>`) is read from the tokenizer's own template.

Source: transformers' "longest_first" truncation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding
from tokenizers import Tokenizer as FastTokenizer

from bertsim.errors import CheckpointError, InputError
from bertsim.records import Int, Row, TokenBatch, TokenCounts
from bertsim.text.tokenizer_files import find_unknown_id, read_fast
from bertsim.text.unread import MAX_CHARACTERS, find_unread, readable

if TYPE_CHECKING:
    from bertsim.bert.config import BertConfig

MIN_LENGTH = 8
"""Smallest `max_length`: room for a pair's special tokens and a few words."""
Name = Callable[[int], str]
"""What an error calls the sentence of an index."""
_A, _B = -1, -2  # where a sentence goes among the special token ids of a template
_T = TypeVar("_T")


def name_of_pair(index: int) -> str:
    """Example: 0 -> "sentence A"."""
    return f"sentence {'AB'[index % 2]}"


class _Template(NamedTuple):
    """A row with gaps for one or two sentences: special token ids and gaps, and the token type of each."""

    parts: tuple[int, ...]
    types: tuple[int, ...]

    @property
    def specials(self) -> int:
        """How many special tokens a row has."""
        return sum(part >= 0 for part in self.parts)

    def lay(self, sentences: Sequence[Sequence[_T]], special: Callable[[int], _T]) -> list[_T]:
        """Something of every token of the sentences in their gaps, and something of each special token around it.

        Example: [CLS] A [SEP] = (2, A, 3), sentences [[7, 8]], special int -> [2, 7, 8, 3]
        """
        laid: list[_T] = []
        for part in self.parts:
            laid.extend([special(part)] if part >= 0 else sentences[_A - part])
        return laid

    def fill(self, sentences: Sequence[list[int]], max_length: int) -> Row:
        """The row of the token ids of one or two sentences, as many of them as fit."""
        kept = _share_room([len(ids) for ids in sentences], max_length - self.specials)
        cut = [ids[:count] for ids, count in zip(sentences, kept, strict=True)]
        types: list[int] = []
        for part, token_type in zip(self.parts, self.types, strict=True):
            types.extend([token_type] * (1 if part >= 0 else kept[_A - part]))
        start = self.parts.index(_A)
        return Row(tuple(self.lay(cut, int)), tuple(types), (start, start + kept[0]))


def _read_template(fast: FastTokenizer, config: BertConfig, *, pair: bool) -> _Template:
    """See where the tokenizer's post-processor puts special tokens around one or two sentences."""
    encoding = fast.encode("a", "a") if pair else fast.encode("a")
    found: list[tuple[int, int]] = []
    for token_id, token_type, sequence, special in zip(
        encoding.ids, encoding.type_ids, encoding.sequence_ids, encoding.special_tokens_mask, strict=True
    ):
        part = token_id if special else (_A, _B)[sequence or 0], min(token_type, config.type_vocab_size - 1)
        if special or part not in found:  # "a" may be several tokens
            found.append(part)
    return _Template(*zip(*found, strict=True))


def _share_room(lengths: list[int], room: int) -> list[int]:
    """Tokens kept of each sentence so that all fit into `room`: the longer loses first, ties lose from B.

    Example: [20, 3] into 10 -> [7, 3]; [20, 20] into 9 -> [5, 4]
    """
    if len(lengths) == 1 or sum(lengths) <= room:
        return [min(length, room) for length in lengths]
    first = min(lengths[0], max(room - lengths[1], (room + 1) // 2))
    return [first, room - first]


class Tokenizer:
    """A checkpoint's tokenizer. Thread-safe: its settings never change after construction."""

    def __init__(self, fast: FastTokenizer, config: BertConfig, source: Path) -> None:
        """Wrap a `tokenizers.Tokenizer`.

        Raises:
            CheckpointError: it has ids that the encoder's vocabulary has not.
        """
        fast.no_truncation()
        fast.no_padding()
        fast.encode_special_tokens = True  # a typed "[SEP]" is text
        largest = max(fast.get_vocab(with_added_tokens=True).values())
        if largest >= config.vocab_size:
            raise CheckpointError(
                f"{source} has the token id {largest}, but config.json says vocab_size {config.vocab_size}."
            )
        self._fast = fast
        self._pad_id = config.pad_token_id
        self._pad_token = self._token(config.pad_token_id) or "[PAD]"
        self._unknown_id = find_unknown_id(fast)
        self._limit = config.max_position_embeddings
        self._templates = {n: _read_template(fast, config, pair=n == 2) for n in (1, 2)}

    @classmethod
    def from_folder(cls, folder: Path, config: BertConfig) -> Tokenizer:
        """Read `tokenizer.json`, or `vocab.txt`, and the settings beside it.

        Raises:
            CheckpointError: neither is there, or it cannot be read.
        """
        fast, path = read_fast(folder)
        return cls(fast, config, path)

    def check_length(self, max_length: int) -> int:
        """Return `max_length` if it fits the encoder.

        Raises:
            InputError: it is not a whole number from `MIN_LENGTH` to the encoder's positions.
        """
        if type(max_length) is not int or not MIN_LENGTH <= max_length <= self._limit:
            raise InputError(
                f"max_length is {max_length!r}; this encoder takes a whole number from {MIN_LENGTH} to {self._limit}."
            )
        return max_length

    def check_sentence(self, sentence: str, name: str = "the sentence") -> None:
        """Raise InputError where `encode` would: not a string, empty, or nothing the tokenizer can read."""
        self._read([sentence], lambda _: name, fast=True)

    def encode(self, texts: Sequence[tuple[str, ...]], max_length: int, name: Name = name_of_pair) -> list[Row]:
        """Rows of sentences alone (tuples of one) or of packed pairs (tuples of two), without what the views show.

        Args:
            texts: one or two sentences each.
            max_length: tokens kept of each row, special ones included; the longer sentence loses tokens first.
            name: of the sentences, counted over all rows.

        Raises:
            InputError: a sentence that `check_sentence` refuses, or a `max_length` out of range; names it.
        """
        self.check_length(max_length)
        encodings = iter(self._read([sentence for row in texts for sentence in row], name, fast=True))
        return [self._templates[len(row)].fill([next(encodings).ids for _ in row], max_length) for row in texts]

    def pad(self, rows: Sequence[Row]) -> tuple[Int, Int, Int]:
        """input_ids, attention_mask and token_type_ids of rows, int32 [rows, seq] each, as long as the longest row."""
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
        rows, tokens, spans, unread = [], [], [], []
        for row in texts:
            template, encodings = self._templates[len(row)], [next(found) for _ in row]
            kept = _share_room([len(each.ids) for each in encodings], max_length - template.specials)
            parts = list(zip(row, encodings, kept, strict=True))
            rows.append(template.fill([each.ids for each in encodings], max_length))
            tokens.append(template.lay([each.tokens[:n] for _, each, n in parts], self._token))
            spans += template.lay([each.offsets[:n] for _, each, n in parts], lambda _: (-1, -1))
            unread.append(tuple(find_unread(self._fast, self._unknown_id, *part) for part in parts))
        ids, mask, types = self.pad(rows)
        laid = np.full((*ids.shape, 2), -1, np.int32)
        laid[mask == 1] = spans
        special = laid[:, :, 0] < 0
        return TokenBatch(
            input_ids=ids,
            attention_mask=mask,
            token_type_ids=types,
            tokens=tuple((*row, *[self._pad_token] * (ids.shape[1] - len(row))) for row in tokens),
            spans=np.maximum(laid, 0),
            is_special=special,
            is_unknown=~special & (ids == self._unknown_id),
            sentences=tuple(tuple(row) for row in texts),
            unread=tuple(unread),
        )

    def count_tokens(self, sentences: Sequence[str], max_length: int) -> list[TokenCounts]:
        """How many tokens of each sentence, alone, do not fit into `max_length`, are unknown, and are read.

        Text beyond `MAX_CHARACTERS` counts as one token more that does not fit.
        """
        room = self.check_length(max_length) - self._templates[1].specials
        encodings = self._fast.encode_batch_fast(list(map(readable, sentences)), add_special_tokens=False)
        counts = []
        for sentence, encoding in zip(sentences, encodings, strict=True):
            kept = encoding.ids[:room]
            cut = len(encoding.ids) - len(kept) + (len(sentence) > MAX_CHARACTERS)
            unknown = kept.count(self._unknown_id)
            counts.append(TokenCounts(cut, unknown, len(kept) - unknown))
        return counts

    def _token(self, number: int) -> str:
        return self._fast.id_to_token(number) or ""

    def _read(self, sentences: Sequence[str], name: Name, *, fast: bool) -> list[Encoding]:
        """Tokens of each sentence, special ones left out; `fast`: without the characters that each stands for."""
        texts = []
        for index, sentence in enumerate(sentences):
            if not isinstance(sentence, str):
                kind = type(sentence).__name__
                raise InputError(f"{name(index)} is {kind} {sentence!r:.60}; a string was expected.")
            text = readable(sentence)
            if not text or text.isspace():
                raise InputError(f"{name(index)} is empty; write at least one word.")
            texts.append(text)
        run = self._fast.encode_batch_fast if fast else self._fast.encode_batch
        found = run(texts, add_special_tokens=False)
        for index, encoding in enumerate(found):
            if not encoding.ids:
                raise InputError(
                    f"{name(index)} {sentences[index]!r:.60} has no character that the tokenizer can read; write at "
                    "least one word."
                )
        return found


def own_tokens(rows: Sequence[Row], attention_mask: Int) -> NDArray[np.bool_]:
    """Which tokens of sentences alone are their own, neither special nor masked: bool [rows, seq].

    Args:
        rows: of sentences alone.
        attention_mask: int32 [rows, seq], as `Tokenizer.pad` laid them.
    """
    start, end = np.array([row.own for row in rows], np.int32).T[:, :, None]
    places = np.arange(attention_mask.shape[1])
    return np.asarray((places >= start) & (places < end) & (attention_mask == 1))
