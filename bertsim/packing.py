"""Tokens of one or two sentences -> one packed row: special tokens around them, what does not fit cut off.

The layout (`[CLS] A [SEP] B [SEP]`, or another checkpoint's `<s> A </s>`) is read from the tokenizer's own
template.

Source: transformers' "longest_first" truncation.
"""

from __future__ import annotations

from dataclasses import dataclass

from tokenizers import Encoding
from tokenizers import Tokenizer as FastTokenizer

from bertsim.config import BertConfig

MAX_CHARACTERS = 20_000
"""Characters read of a sentence; the rest is reported as cut off."""
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
    cut_off: tuple[str, ...]
    cut_tokens: tuple[int, ...]


def fill_template(
    template: Template,
    fast: FastTokenizer,
    sentences: tuple[str, ...],
    encodings: list[Encoding],
    kept: list[int],
) -> PackedRow:
    """Put the kept tokens of each sentence into the template's gaps."""
    row = PackedRow([], [], [], [], [], _cut_off(sentences, encodings, kept), _cut_tokens(encodings, kept))
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


def _cut_tokens(encodings: list[Encoding], kept: list[int]) -> tuple[int, ...]:
    return tuple(len(encoding.ids) - n for encoding, n in zip(encodings, kept, strict=True))


def _cut_off(sentences: tuple[str, ...], encodings: list[Encoding], kept: list[int]) -> tuple[str, ...]:
    """The text behind each sentence's last kept token, where tokens or characters did not fit."""
    texts = []
    for sentence, encoding, n in zip(sentences, encodings, kept, strict=True):
        end = encoding.offsets[n - 1][1] if n < len(encoding.ids) else MAX_CHARACTERS
        texts.append(sentence[end:])
    return tuple(texts)


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
