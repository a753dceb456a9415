"""Tokens of one or two sentences -> one row: special tokens around them, what does not fit cut off and told.

The layout (`[CLS] A [SEP] B [SEP]`, or another checkpoint's `<s> A </s>`) is read from the tokenizer's own template.

Source: transformers' "longest_first" truncation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tokenizers import Encoding
from tokenizers import Tokenizer as FastTokenizer

from bertsim.records import Row, Unread

if TYPE_CHECKING:
    from bertsim.bert.config import BertConfig

MAX_CHARACTERS = 20_000
"""Characters read of a sentence; the rest is reported as cut off."""
_A, _B = -1, -2  # where a sentence goes among the special token ids of a template
_T = TypeVar("_T")


class Template(NamedTuple):
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
        kept = share_room([len(ids) for ids in sentences], max_length - self.specials)
        cut = [ids[:count] for ids, count in zip(sentences, kept, strict=True)]
        types: list[int] = []
        for part, token_type in zip(self.parts, self.types, strict=True):
            types.extend([token_type] * (1 if part >= 0 else kept[_A - part]))
        start = self.parts.index(_A)
        return Row(tuple(self.lay(cut, int)), tuple(types), (start, start + kept[0]))


def read_template(fast: FastTokenizer, config: BertConfig, *, pair: bool) -> Template:
    """See where the tokenizer's post-processor puts special tokens around one or two sentences."""
    encoding = fast.encode("a", "a") if pair else fast.encode("a")
    found: list[tuple[int, int]] = []
    for token_id, token_type, sequence, special in zip(
        encoding.ids, encoding.type_ids, encoding.sequence_ids, encoding.special_tokens_mask, strict=True
    ):
        part = token_id if special else (_A, _B)[sequence or 0], min(token_type, config.type_vocab_size - 1)
        if special or part not in found:  # "a" may be several tokens
            found.append(part)
    return Template(*zip(*found, strict=True))


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
    return text if text.isascii() else re.sub("[\ud800-\udfff]", "\ufffd", text)


def find_unread(fast: FastTokenizer, unknown_id: int, sentence: str, encoding: Encoding, kept: int) -> Unread:
    """What an encoder that gets `kept` tokens of a sentence, at least one, does not get of it.

    Args:
        fast: the tokenizer.
        unknown_id: the token of what the vocabulary lacks; -1: it lacks nothing.
        sentence: as it was given.
        encoding: all of its tokens.
        kept: how many of them are left.
    """
    ids, spans = encoding.ids[:kept], encoding.offsets[:kept]
    end = spans[-1][1] if kept < len(encoding.ids) else MAX_CHARACTERS
    unknown = [_written(sentence, *span) for number, span in zip(ids, spans, strict=True) if number == unknown_id]
    lost = _lost_words(fast, unknown_id, readable(sentence), encoding, kept)
    return Unread(sentence[end:], len(encoding.ids) - kept, tuple(unknown), tuple(lost), is_all=len(unknown) == kept)


def _written(sentence: str, start: int, end: int) -> str:
    """The characters of a token, with the marks behind it that a normaliser may have dropped. Example: "❤" -> "❤️"."""
    while end < len(sentence) and unicodedata.category(sentence[end]) in ("Mn", "Mc", "Me", "Cf"):
        end += 1
    return sentence[start:end].strip()


def _lost_words(fast: FastTokenizer, unknown_id: int, sentence: str, encoding: Encoding, kept: int) -> Iterator[str]:
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
