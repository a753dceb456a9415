"""Input anatomy: what the encoder was given of a sentence.

In: `TokenBatch`. Out: the sentence as HTML, the characters of each token in a span of their own, what was cut off
struck through in place, with its count; words and numbers of its tokens.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from bertsim.records import TokenBatch
from bertsim.text.unread import MAX_CHARACTERS
from bertsim.views.explain import is_piece, words
from bertsim.views.markup import Html, counted, plain, tag

SHOWN_CUT = 400
SHOWN_TEXT = 4_000
SHOWN = 64  # tokens of a sentence that are drawn before the rest is asked for
SCROLLS = 500  # characters; a longer sentence may scroll in its frame, so it can be focused


def written_differently(token: str, written: str, *, is_unknown: bool = False) -> str:
    """How a token differs from the characters it was made of: "", "lower-cased", "accents dropped", "unknown …".

    Example: ("cafe", "Café") -> "accents dropped"
    """
    if is_unknown:
        return "unknown to the vocabulary"
    piece = token.removeprefix("##")
    if not written or piece == written:
        return ""
    if piece == written.lower():
        return "lower-cased"
    bare = "".join(c for c in unicodedata.normalize("NFD", written.lower()) if not unicodedata.combining(c))
    return "accents dropped" if piece == bare else "normalised"


def change_of(batch: TokenBatch, row: int, position: int) -> tuple[str, str]:
    """The characters that a token was made of, and how it differs from them; both "" for a special one."""
    if batch.is_special[row, position]:
        return "", ""
    written = batch.sentences[row][0][slice(*batch.spans[row, position].tolist())]
    is_unknown = bool(batch.is_unknown[row, position])
    return written, written_differently(batch.tokens[row][position], written, is_unknown=is_unknown)


def token_name(batch: TokenBatch, row: int, position: int) -> Html:
    """A token as it is shown, the ## of a piece set apart."""
    token = batch.tokens[row][position]
    parts = [tag("i.bs-join", "##"), token[2:]] if is_piece(batch, row, position) else [token]
    return tag("bdi", *parts)


def characters(batch: TokenBatch, row: int) -> Html:
    """A sentence as it was typed: the characters of each token in a span of their own, the cut text struck through."""
    sentence, cut = batch.sentences[row][0], batch.unread[row][0].cut_off
    parts: list[object] = []
    done = 0
    for position, (start, end) in enumerate(batch.spans[row].tolist()):
        if batch.is_special[row, position] or end <= done or start >= SHOWN_TEXT:
            continue
        start = max(start, done)
        parts += [sentence[done:start], tag("span", sentence[start:end], data_link=f"{'ab'[row]}{position}")]
        done = end
    rest = sentence[done : max(len(sentence) - len(cut), done)]
    parts.append(rest[:SHOWN_CUT])
    if len(rest) > SHOWN_CUT:
        parts.append(tag("span.bs-cut", f" … and {len(rest) - SHOWN_CUT:,} more characters, not shown here"))
    if cut:
        count = counted(batch.unread[row][0].cut_tokens, "token") + " did not fit"
        if is_beyond_characters(sentence, cut):
            count = f"only the first {MAX_CHARACTERS:,} characters of a sentence are read"
        more = f" … and {len(cut) - SHOWN_CUT:,} more characters" if len(cut) > SHOWN_CUT else ""
        parts += [tag("del", cut[:SHOWN_CUT]), tag("span.bs-cut", f"{more} cut off: {count}")]
    return tag("p.bs-text", *parts, dir="auto", tabindex=0 if len(sentence) > SCROLLS else None)


def strip(tokens: TokenBatch, row: int, cell: Callable[[int], Html], front: object = "", end: object = "") -> Html:
    """The tokens of a sentence, word by word, each a button drawn by `cell`; beyond `SHOWN`, on demand.

    It is one stop of the Tab key; arrow keys walk along it. `front`, `end`: what stands around the tokens.
    """
    groups = words(tokens, row)
    first = [places for places in groups if places[-1] < SHOWN] or groups[:1]
    drawn = [tag("span.bs-word", *map(cell, places)) for places in groups]
    cells, rest = drawn[: len(first)], drawn[len(first) :]
    if rest:
        says = f"{first[-1][-1] + 1} of {groups[-1][-1] + 1} tokens"
        cells.append(tag("details.bs-rest", tag("summary", says), tag("div.bs-strip", *rest)))
    named = {"role": "toolbar", "aria_label": f"Tokens of sentence {'AB'[row]}", "data_walk": 0}
    return tag("div.bs-strip", front, *cells, end, **named)


def half(tokens: TokenBatch, row: int, says: str, *content: object) -> Html:
    """A part of a view that is of one sentence, under the sentence itself: A in row 0, B in row 1."""
    head = tag("figcaption", tag("span.bs-letter", "AB"[row]), characters(tokens, row), tag("span", says))
    return tag(f"figure.bs-sentence.bs-{'ab'[row]}", head, *content)


def sentences(tokens: TokenBatch) -> Html:
    """Both sentences, whose words can be pointed at."""
    letters = (tag("span.bs-letter", letter) for letter in "AB")
    lines = (tag(f"div.bs-line.bs-{'ab'[row]}", letter, characters(tokens, row)) for row, letter in enumerate(letters))
    return tag("div.bs-lines", *lines)


def cut_part(batch: TokenBatch, row: int) -> str:
    """How much of a sentence was cut off, "3 tokens"; "" where nothing was."""
    unread = batch.unread[row][0]
    if is_beyond_characters(batch.sentences[row][0], unread.cut_off):
        return counted(len(unread.cut_off), "character")
    return counted(unread.cut_tokens, "token") if unread.cut_tokens else ""


def is_beyond_characters(sentence: str, cut_off: str) -> bool:
    """Whether all that was cut off a sentence lies beyond the characters that are read, and all tokens did fit."""
    return bool(cut_off) and len(sentence) - len(cut_off) == MAX_CHARACTERS


def summary(batch: TokenBatch, row: int) -> str:
    """What is in a strip, in one line."""
    length = int(batch.attention_mask[row].sum())
    special = int((batch.is_special[row] & (batch.attention_mask[row] == 1)).sum())
    unknown = len(batch.unread[row][0].unknown_words)
    parts = [counted(length, "token"), f"{special} of them special"]
    if unknown:
        parts.append(f"{unknown} unknown to the vocabulary")
    if len(batch.tokens[row]) > length:
        parts.append(f"{len(batch.tokens[row]) - length} padding")
    parts.append(f"{cut_part(batch, row) or 'nothing'} cut off")
    return ", ".join(parts)


def token_numbers(batch: TokenBatch, row: int) -> dict[str, Any]:
    """What the encoder was given of a sentence, as JSON."""
    return {
        "tokens": [plain(token) for token in batch.tokens[row]],
        "input_ids": batch.input_ids[row].tolist(),
        "token_type_ids": batch.token_type_ids[row].tolist(),
        "attention_mask": batch.attention_mask[row].tolist(),
        "spans": batch.spans[row].tolist(),
        "cut_tokens": batch.unread[row][0].cut_tokens,
        "unknown_tokens": len(batch.unread[row][0].unknown_words),
    }
