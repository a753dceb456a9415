"""Text -> `TokenBatch`, with the checkpoint's own tokenizer.

What a user typed is never a special token, nothing is cut silently, and every token knows its characters.

Source: transformers' "longest_first" truncation; BERT's packing `[CLS] A [SEP] B [SEP]`, which is read from
the tokenizer's own template, so checkpoints with other markers (`<s>`, `</s>`) are packed their way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as FastTokenizer

from bertsim.errors import CheckpointError, InputError
from bertsim.records import Int, TokenBatch, TokenCounts
from bertsim.text.packing import (
    MAX_CHARACTERS,
    A,
    PackedRow,
    fill_ids,
    fill_template,
    find_unread,
    read_template,
    readable,
    share_room,
)
from bertsim.text.tokenizer_files import find_unknown_id, read_fast

if TYPE_CHECKING:
    from bertsim.bert.config import BertConfig

MIN_LENGTH = 8
"""Smallest `max_length`: room for a pair's special tokens and a few words."""


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
        largest = _largest_id(fast)
        if largest >= config.vocab_size:
            raise CheckpointError(
                f"{source} has the token id {largest}, but config.json says vocab_size {config.vocab_size}."
            )
        self._fast = fast
        self._pad_id = config.pad_token_id
        self._pad_token = fast.id_to_token(config.pad_token_id) or "[PAD]"
        self._unknown_id = find_unknown_id(fast)
        self._limit = config.max_position_embeddings
        self._alone = read_template(fast, config, pair=False)
        self._pair = read_template(fast, config, pair=True)

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
        is_whole = isinstance(max_length, int) and not isinstance(max_length, bool)
        if not is_whole or not MIN_LENGTH <= max_length <= self._limit:
            raise InputError(
                f"max_length is {max_length!r}; this encoder takes a whole number from {MIN_LENGTH} to {self._limit}."
            )
        return max_length

    def encode(
        self, sentences: Sequence[str], max_length: int, name: Callable[[int], str] = "sentence {}".format
    ) -> list[list[int]]:
        """Token ids of each sentence alone, special tokens included: the fast way, for embeddings.

        Args:
            sentences: any number of texts.
            max_length: tokens kept of each, special ones included.
            name: what an error calls the sentence of an index.

        Returns:
            One list of ids per sentence, unpadded.

        Raises:
            InputError: a sentence that `check_sentence` refuses; names it.
        """
        self.check_length(max_length)
        texts = [_read(sentence, name(index)) for index, sentence in enumerate(sentences)]
        encodings = self._fast.encode_batch_fast(texts, add_special_tokens=False)
        room = max_length - self._alone.specials
        at = self._alone.parts.index(A)
        before, after = list(self._alone.parts[:at]), list(self._alone.parts[at + 1 :])
        rows = []
        for index, encoding in enumerate(encodings):
            ids = encoding.ids
            if not ids:
                raise _no_token(sentences[index], name(index))
            rows.append(before + ids[:room] + after)
        return rows

    def encode_pairs(
        self, sentences: Sequence[str], max_length: int, name: Callable[[int], str] = "sentence {}".format
    ) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        """Token ids of packed pairs, as `batch` packs them, but without what the views show.

        Args:
            sentences: A and B of every pair, one after another.
            max_length: tokens kept of each pair, special ones included.
            name: what an error calls the sentence of an index.

        Returns:
            Ids and token types of each pair, unpadded.

        Raises:
            InputError: a sentence that `check_sentence` refuses; names it.
        """
        room = self.check_length(max_length) - self._pair.specials
        texts = [_read(sentence, name(index)) for index, sentence in enumerate(sentences)]
        ids = [encoding.ids for encoding in self._fast.encode_batch_fast(texts, add_special_tokens=False)]
        for index, found in enumerate(ids):
            if not found:
                raise _no_token(sentences[index], name(index))
        return [
            fill_ids(self._pair, (a, b), share_room([len(a), len(b)], room))
            for a, b in zip(ids[0::2], ids[1::2], strict=True)
        ]

    def pad(
        self,
        rows: Sequence[Sequence[int]],
        length: int | None = None,
        types: Sequence[Sequence[int]] | None = None,
    ) -> tuple[Int, Int, Int]:
        """Lay unpadded rows into arrays.

        Args:
            rows: token ids.
            length: pad to this many tokens; None = to the longest row.
            types: token types of every row; None = those of a sentence alone.

        Returns:
            input_ids, attention_mask and token_type_ids, int32 [batch, seq] each; seq is `length` or the
            longest row.
        """
        lengths = np.fromiter(map(len, rows), np.int32, len(rows))
        seq = length or int(lengths.max())
        mask = (np.arange(seq, dtype=np.int32) < lengths[:, None]).astype(np.int32)
        ids = np.full((len(rows), seq), self._pad_id, np.int32)
        ids[mask.astype(bool)] = np.concatenate(rows)
        if types is None:
            return ids, mask, np.full_like(ids, self._alone.types[0])
        laid = np.zeros_like(ids)
        laid[mask.astype(bool)] = np.concatenate(types)
        return ids, mask, laid

    def own_tokens(self, attention_mask: Int) -> NDArray[np.bool_]:
        """Which tokens are the sentence's own, not special and no padding, where `pad` laid rows of `encode`.

        Args:
            attention_mask: int32 [batch, seq].

        Returns:
            bool [batch, seq].
        """
        before = self._alone.parts.index(A)
        ends = attention_mask.sum(axis=1, keepdims=True) - (self._alone.specials - before)
        places = np.arange(attention_mask.shape[1])
        return np.asarray((places >= before) & (places < ends))

    def batch(
        self,
        rows: Sequence[tuple[str, ...]],
        max_length: int,
        length: int | None = None,
        names: Sequence[str] = ("sentence A", "sentence B"),
    ) -> TokenBatch:
        """Tokenise sentences (tuples of one) or packed pairs (tuples of two) with everything the views show.

        When a row is too long, the longer sentence loses tokens first.

        Args:
            rows: one or two sentences each.
            max_length: tokens kept of each row, special ones included.
            length: pad to this many tokens; None = to the longest row.
            names: what errors call the sentences, one after another over all rows.

        Raises:
            InputError: a sentence that `check_sentence` refuses, or a `max_length` out of range.
        """
        self.check_length(max_length)
        called = cycle(names)
        packed = [self._pack(row, max_length, [next(called) for _ in row]) for row in rows]
        seq = length or max(len(row.ids) for row in packed)
        fill = [seq - len(row.ids) for row in packed]
        # An empty list would make these arrays one-dimensional; every row has its special tokens.
        ids = np.array([r.ids + [self._pad_id] * n for r, n in zip(packed, fill, strict=True)], np.int32)
        special = np.array([r.special + [True] * n for r, n in zip(packed, fill, strict=True)], np.bool_)
        return TokenBatch(
            input_ids=ids,
            attention_mask=np.array(
                [[1] * len(r.ids) + [0] * n for r, n in zip(packed, fill, strict=True)], np.int32
            ),
            token_type_ids=np.array([r.types + [0] * n for r, n in zip(packed, fill, strict=True)], np.int32),
            tokens=tuple((*r.tokens, *[self._pad_token] * n) for r, n in zip(packed, fill, strict=True)),
            spans=np.array([r.spans + [(0, 0)] * n for r, n in zip(packed, fill, strict=True)], np.int32),
            is_special=special,
            is_unknown=~special & (ids == self._unknown_id),
            sentences=tuple(tuple(row) for row in rows),
            unread=tuple(row.unread for row in packed),
        )

    def count_tokens(self, sentences: Sequence[str], max_length: int) -> list[TokenCounts]:
        """How many tokens of each sentence, alone, do not fit into `max_length`, are unknown, and are read.

        Text beyond `MAX_CHARACTERS` counts as one token more that does not fit.
        """
        room = self.check_length(max_length) - self._alone.specials
        encodings = self._fast.encode_batch_fast(list(map(readable, sentences)), add_special_tokens=False)
        counts = []
        for sentence, encoding in zip(sentences, encodings, strict=True):
            kept = encoding.ids[:room]
            cut = len(encoding.ids) - len(kept) + (len(sentence) > MAX_CHARACTERS)
            unknown = kept.count(self._unknown_id)
            counts.append(TokenCounts(cut, unknown, len(kept) - unknown))
        return counts

    def check_sentence(self, sentence: str, name: str = "the sentence") -> None:
        """Raise InputError where `encode` would: not a string, empty, or nothing the tokenizer can read."""
        if not self._fast.encode(_read(sentence, name), add_special_tokens=False).ids:
            raise _no_token(sentence, name)

    def _pack(self, sentences: tuple[str, ...], max_length: int, names: Sequence[str]) -> PackedRow:
        template = self._pair if len(sentences) == 2 else self._alone
        texts = [_read(sentence, name) for sentence, name in zip(sentences, names, strict=True)]
        encodings = self._fast.encode_batch(texts, add_special_tokens=False)
        for sentence, name, encoding in zip(sentences, names, encodings, strict=True):
            if not encoding.ids:
                raise _no_token(sentence, name)
        kept = share_room([len(encoding.ids) for encoding in encodings], max_length - template.specials)
        unread = tuple(
            find_unread(self._fast, self._unknown_id, *each)
            for each in zip(sentences, encodings, kept, strict=True)
        )
        return fill_template(template, self._fast, encodings, kept, unread)


def _largest_id(fast: FastTokenizer) -> int:
    """Of all tokens: as many ids as tokens, from 0 on, where no number is left out; else they are looked through."""
    count = fast.get_vocab_size(with_added_tokens=True)
    if all(fast.id_to_token(number) is not None for number in range(count)):
        return count - 1
    return max(fast.get_vocab(with_added_tokens=True).values())


def _read(sentence: str, name: str) -> str:
    """The part of a text that is tokenised, as `readable` has it.

    Raises:
        InputError: it is not a string, or has no character that is not white space.
    """
    if not isinstance(sentence, str):
        raise InputError(f"{name} is {type(sentence).__name__} {sentence!r:.60}; a string was expected.")
    text = readable(sentence)
    if not text or text.isspace():
        raise InputError(f"{name} is empty; write at least one word.")
    return text


def _no_token(sentence: str, name: str) -> InputError:
    return InputError(
        f"{name} {sentence!r:.60} has no character that the tokenizer can read; write at least one word."
    )
