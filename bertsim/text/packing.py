"""Tokens of one or two sentences -> one packed row: special tokens around them, what does not fit cut off.

The layout (`[CLS] A [SEP] B [SEP]`, or another checkpoint's `<s> A </s>`) is read from the tokenizer's own
template. What is cut off and what the vocabulary lacks is found here, in `find_unread`.

Source: transformers' "longest_first" truncation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from tokenizers import Encoding
from tokenizers import Tokenizer as FastTokenizer

from bertsim.records import Unread

if TYPE_CHECKING:
    from bertsim.bert.config import BertConfig

MAX_CHARACTERS = 20_000
"""Characters read of a sentence; the rest is reported as cut off."""
_SURROGATE = re.compile("[\ud800-\udfff]")
A, B = -1, -2  # where a sentence goes in a template of special token ids


@dataclass(frozen=True)
class Template:
    """A packed sequence with gaps: special token ids, `A` and `B`, and the token type of each."""

    parts: tuple[int, ...]
    types: tuple[int, ...]

    @property
    def specials(self) -> int:
        """How many special tokens a row has."""
        return sum(part >= 0 for part in self.parts)


@dataclass(frozen=True)
class PackedRow:
    """One row of a `TokenBatch` before padding."""

    ids: list[int]
    types: list[int]
    tokens: list[str]
    spans: list[tuple[int, int]]
    special: list[bool]
    unread: tuple[Unread, ...]


def fill_template(
    template: Template,
    fast: FastTokenizer,
    encodings: list[Encoding],
    kept: list[int],
    unread: tuple[Unread, ...],
) -> PackedRow:
    """Put the kept tokens of each sentence into the template's gaps."""
    row = PackedRow([], [], [], [], [], unread)
    for part, token_type in zip(template.parts, template.types, strict=True):
        if part >= 0:
            ids, tokens, spans = [part], [fast.id_to_token(part) or ""], [(0, 0)]
        else:
            which = 0 if part == A else 1
            encoding, n = encodings[which], kept[which]
            ids, tokens, spans = encoding.ids[:n], encoding.tokens[:n], encoding.offsets[:n]
        row.ids.extend(ids)
        row.types.extend([token_type] * len(ids))
        row.tokens.extend(tokens)
        row.spans.extend(spans)
        row.special.extend([part >= 0] * len(ids))
    return row


def fill_ids(
    template: Template, ids: tuple[list[int], list[int]], kept: list[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """As `fill_template`, but token ids and types alone.

    Example: template [CLS] A [SEP] B [SEP] = (2, A, 3, B, 3), ids ([7, 8], [9]), kept [1, 1] -> (2, 7, 3, 9, 3)
    """
    filled: list[int] = []
    types: list[int] = []
    for part, token_type in zip(template.parts, template.types, strict=True):
        found = [part] if part >= 0 else ids[0][: kept[0]] if part == A else ids[1][: kept[1]]
        filled.extend(found)
        types.extend([token_type] * len(found))
    return tuple(filled), tuple(types)


def share_room(lengths: list[int], room: int) -> list[int]:
    """Tokens kept of each sentence so that all fit into `room`: the longer loses first, ties lose from B.

    Example: [20, 3] into 10 -> [7, 3]; [20, 20] into 9 -> [5, 4]
    """
    if len(lengths) == 1 or sum(lengths) <= room:
        return [min(length, room) for length in lengths]
    first = min(lengths[0], max(room - lengths[1], (room + 1) // 2))
    return [first, room - first]


def readable(sentence: str) -> str:
    """The part of a text that is tokenised; lone surrogates, which UTF-8 cannot hold, become U+FFFD."""
    text = sentence[:MAX_CHARACTERS]
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def find_unread(fast: FastTokenizer, unknown_id: int, sentence: str, encoding: Encoding, kept: int) -> Unread:
    """What an encoder that gets `kept` tokens of a sentence does not get of it.

    Args:
        fast: the tokenizer.
        unknown_id: the token of what the vocabulary lacks; -1: it lacks nothing.
        sentence: as it was given.
        encoding: its tokens.
        kept: how many of them are left, at least one.
    """
    ids, spans = encoding.ids[:kept], encoding.offsets[:kept]
    end = spans[-1][1] if kept < len(encoding.ids) else MAX_CHARACTERS
    unknown = [
        _written(sentence, *span) for number, span in zip(ids, spans, strict=True) if number == unknown_id
    ]
    return Unread(
        cut_off=sentence[end:],
        cut_tokens=len(encoding.ids) - kept,
        unknown_words=tuple(unknown),
        compatibility_words=tuple(_lost_words(fast, unknown_id, readable(sentence), encoding, kept)),
        is_all=len(unknown) == kept,
    )


def _written(sentence: str, start: int, end: int) -> str:
    """The characters of a token, with the marks behind it that a normaliser may have dropped. Example: "❤" -> "❤️"."""
    while end < len(sentence) and unicodedata.category(sentence[end]) in ("Mn", "Mc", "Me", "Cf"):
        end += 1
    return sentence[start:end].strip()


def _lost_words(
    fast: FastTokenizer, unknown_id: int, sentence: str, encoding: Encoding, kept: int
) -> Iterator[str]:
    """Words that would be read, or read whole, were their compatibility characters the plain ones.

    Example: "℃", unknown, where "°C" is not; "ﬁnd", read as "ﬁ" and "##nd"
    """
    if unicodedata.is_normalized("NFKC", sentence):
        return
    for _, places in groupby(range(kept), encoding.word_ids.__getitem__):
        where = list(places)
        word = _written(sentence, encoding.offsets[where[0]][0], encoding.offsets[where[-1]][1])
        plain = unicodedata.normalize("NFKC", word)
        if plain == unicodedata.normalize("NFC", word):
            continue
        own = [encoding.ids[place] for place in where]
        read = fast.encode(plain, add_special_tokens=False).ids
        is_split = plain.isalpha() and len(read) < len(own)
        if unknown_id not in read and (unknown_id in own or is_split):
            yield word


def read_template(fast: FastTokenizer, config: BertConfig, *, pair: bool) -> Template:
    """See where the tokenizer's post-processor puts special tokens around one or two sentences."""
    encoding = fast.encode("a", "a") if pair else fast.encode("a")
    parts: list[int] = []
    types: list[int] = []
    for token_id, token_type, sequence, special in zip(
        encoding.ids, encoding.type_ids, encoding.sequence_ids, encoding.special_tokens_mask, strict=True
    ):
        part = token_id if special else (A, B)[sequence or 0]
        if part < 0 and part in parts:
            continue  # "a" may be several tokens
        parts.append(part)
        types.append(min(token_type, config.type_vocab_size - 1))
    return Template(tuple(parts), tuple(types))
