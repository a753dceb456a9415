"""Input anatomy: what the encoder was given, token by token.

In: `TokenBatch`. Out: HTML: each sentence with its characters, then a strip of its tokens with id, position,
token type and attention mask. What was cut off is struck through in place, with its count.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import partial
from typing import Any

from bertsim.records import TokenBatch
from bertsim.text.unread import MAX_CHARACTERS
from bertsim.views.markup import Html, counted, downloads, figure, note, plain, tag, view

SHOWN_CUT = 400
SHOWN_TEXT = 4_000
SCROLLS = 500  # characters; a longer sentence may scroll in its frame, so it can be focused
_ROWS = ("token", "id", "position", "type", "mask")


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


def _change(batch: TokenBatch, row: int, position: int) -> tuple[str, str]:
    """The characters that a token was made of, and how it differs from them; both "" for a special one."""
    if batch.is_special[row, position]:
        return "", ""
    written = batch.sentences[row][0][slice(*batch.spans[row, position].tolist())]
    is_unknown = bool(batch.is_unknown[row, position])
    return written, written_differently(batch.tokens[row][position], written, is_unknown=is_unknown)


def is_piece(batch: TokenBatch, row: int, position: int) -> bool:
    """Whether a token continues the word before it."""
    return batch.tokens[row][position].startswith("##") and not batch.is_special[row, position]


def words(batch: TokenBatch, row: int) -> list[list[int]]:
    """Positions of a row's real tokens, grouped into words: a `##` piece belongs to the token before it."""
    groups: list[list[int]] = []
    for position in range(int(batch.attention_mask[row].sum())):
        if not groups or not is_piece(batch, row, position):
            groups.append([])
        groups[-1].append(position)
    return groups


def token_name(batch: TokenBatch, row: int, position: int) -> Html:
    """A token as it is shown, the ## of a piece set apart."""
    token = batch.tokens[row][position]
    parts = [tag("i.bs-join", "##"), token[2:]] if is_piece(batch, row, position) else [token]
    return tag("bdi", *parts)


def strip(batch: TokenBatch, row: int, cell: Callable[[int], Html], role: str, *around: Html) -> Html:
    """The tokens of a sentence, word by word, each drawn by `cell`; `around`: what stands in front and behind."""
    inner = "presentation" if role == "list" else None
    cells = [tag("span.bs-word", *map(cell, places), role=inner) for places in words(batch, row)]
    label = f"Tokens of sentence {'AB'[row]}"
    return tag("div.bs-strip", *around[:1], *cells, *around[1:], role=role, aria_label=label)


def _column(
    batch: TokenBatch, row: int, position: int, kind: str, name: object, where: object, *below: object, **named: object
) -> Html:
    """One token, or a run of padding, above its numbers."""
    head = tag("b.bs-piece", name), tag("span.bs-id", batch.input_ids[row, position])
    rest = where, batch.token_type_ids[row, position], batch.attention_mask[row, position]
    numbers = [tag("span", number) for number in rest]
    return tag(f"span.bs-token{kind}", *head, *numbers, *below, role="listitem", tabindex=-1, **named)


def _cell(batch: TokenBatch, row: int, position: int) -> Html:
    """One token with its four numbers, and what was written where that is something else."""
    special = bool(batch.is_special[row, position])
    written, change = _change(batch, row, position)
    label = (
        f"{batch.tokens[row][position]}, id {batch.input_ids[row, position]}, position {position}, "
        f"token type {batch.token_type_ids[row, position]}, attention mask {batch.attention_mask[row, position]}"
    )
    label += f", {change}: written {written}" if change else ", special token" if special else ""
    shown = written[:24] if change == "lower-cased" else tag("s", written[:24])
    below = tag("b.bs-written", shown) if change else ""
    kind = ".is-special" * special + ".is-piece" * is_piece(batch, row, position)
    link, name = None if special else f"{'ab'[row]}{position}", token_name(batch, row, position)
    named = {"data_link": link, "aria_label": label, "title": change or None}
    return _column(batch, row, position, kind, name, position, below, **named)


def _padding(batch: TokenBatch, row: int) -> Html:
    """The run of padding at the end of a row as one greyed cell."""
    first, end = int(batch.attention_mask[row].sum()), len(batch.tokens[row])
    count = end - first
    if not count:
        return Html()
    label = f"{counted(count, 'padding token')}, id {batch.input_ids[row, first]}, attention mask 0"
    times, where = (f" × {count}", f"{first}–{end - 1}") if count > 1 else ("", f"{first}")
    cell = _column(batch, row, first, ".is-padding", f"[PAD]{times}", where, aria_label=label)
    return tag("span.bs-word", cell, role="presentation")


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


def cut_part(batch: TokenBatch, row: int) -> str:
    """How much of a sentence was cut off, "3 tokens"; "" where nothing was."""
    unread = batch.unread[row][0]
    if is_beyond_characters(batch.sentences[row][0], unread.cut_off):
        return counted(len(unread.cut_off), "character")
    return counted(unread.cut_tokens, "token") if unread.cut_tokens else ""


def is_beyond_characters(sentence: str, cut_off: str) -> bool:
    """Whether all that was cut off a sentence lies beyond the characters that are read, and all tokens did fit."""
    return bool(cut_off) and len(sentence) - len(cut_off) == MAX_CHARACTERS


def _summary(batch: TokenBatch, row: int) -> str:
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


def _sentence(batch: TokenBatch, row: int) -> Html:
    """One sentence: its text, then its tokens in a wrapped strip with a legend in front."""
    is_changed = any(_change(batch, row, position)[1] for position in range(len(batch.tokens[row])))
    legend = (tag("span", name) for name in (*_ROWS, *["written"] * is_changed))
    around = tag("span.bs-legend", *legend, aria_hidden=True), _padding(batch, row)
    tokens = strip(batch, row, partial(_cell, batch, row), "list", *around)
    return figure(row, _summary(batch, row), characters(batch, row), tokens)


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


def anatomy(batch: TokenBatch) -> Html:
    """Both sentences as the encoder got them, A in row 0."""
    cut = " and ".join("AB"[row] for row in (0, 1) if cut_part(batch, row))
    data = [{"sentence": plain(batch.sentences[row][0][:SHOWN_TEXT]), **token_numbers(batch, row)} for row in (0, 1)]
    return view(
        "What the encoder was given: each sentence alone, one column per token.",
        "A dashed frame marks special tokens, ## a piece that continues a word; "
        "mask 0 is padding, which no score sees.",
        note(cut and f"Sentence {cut}: what is struck through was not read."),
        *(_sentence(batch, row) for row in (0, 1)),
        downloads("tokens", data),
    )
