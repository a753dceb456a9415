"""Input anatomy: what the encoder was given, token by token.

In: `TokenBatch`. Out: HTML: each sentence with its characters, then a strip of its tokens with id, position,
token type and attention mask. What was cut off is struck through in place, with its count.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from bertsim.records import TokenBatch
from bertsim.text.packing import MAX_CHARACTERS
from bertsim.views.markup import attributes, caption, counted, downloads, note, plain, text

SHOWN_CUT = 400
SHOWN_TEXT = 4_000
SCROLLS = 500  # characters; a sentence above that may scroll in its frame
LETTERS = ("A", "B")
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


def words(batch: TokenBatch, row: int) -> Iterator[list[int]]:
    """Positions of a row's real tokens, grouped into words: a `##` piece belongs to the token before it."""
    group: list[int] = []
    for position, token in enumerate(batch.tokens[row]):
        if not batch.attention_mask[row, position]:
            break
        is_piece = token.startswith("##") and not batch.is_special[row, position]
        if group and not is_piece:
            yield group
            group = []
        group.append(position)
    if group:
        yield group


def _cell(batch: TokenBatch, row: int, position: int, key: str) -> str:
    """One token with its four numbers."""
    token, special = batch.tokens[row][position], bool(batch.is_special[row, position])
    start, end = (int(value) for value in batch.spans[row, position])
    written = "" if special else batch.sentences[row][0][start:end]
    change = written_differently(token, written, is_unknown=bool(batch.is_unknown[row, position]))
    is_piece = token.startswith("##") and not special
    ids, kind = int(batch.input_ids[row, position]), int(batch.token_type_ids[row, position])
    mask = int(batch.attention_mask[row, position])
    classes = "bs-token" + " is-special" * special + " is-piece" * is_piece
    label = f"{plain(token)}, id {ids}, position {position}, token type {kind}, attention mask {mask}"
    label += f", {change}: written {plain(written)}" if change else ", special token" if special else ""
    shown = f'<i class="bs-join">##</i>{text(token[2:])}' if is_piece else text(token)
    changed = (
        f'<b class="bs-written"><s>{text(written[:24])}</s></b>' if change and change != "lower-cased" else ""
    )
    if change == "lower-cased":
        changed = f'<b class="bs-written">{text(written[:24])}</b>'
    link = None if special else key
    named = attributes(tabindex=-1, data_link=link, aria_label=label, title=change or None)
    return (
        f'<span class="{classes}" role="listitem"{named}>'
        f'<b class="bs-piece"><bdi>{shown}</bdi></b><span class="bs-id">{ids}</span><span>{position}</span>'
        f"<span>{kind}</span><span>{mask}</span>{changed}</span>"
    )


def _padding(batch: TokenBatch, row: int) -> str:
    """The run of padding at the end of a row as one greyed cell."""
    length = int(batch.attention_mask[row].sum())
    padded = len(batch.tokens[row]) - length
    if not padded:
        return ""
    first, last = length, length + padded - 1
    where = str(first) if padded == 1 else f"{first}–{last}"
    label = f"{counted(padded, 'padding token')}, id {int(batch.input_ids[row, first])}, attention mask 0"
    times = f" × {padded}" if padded > 1 else ""
    return (
        f'<span class="bs-word" role="presentation"><span class="bs-token is-padding" role="listitem"'
        f'{attributes(tabindex=-1, aria_label=label)}><b class="bs-piece">[PAD]{times}</b>'
        f'<span class="bs-id">{int(batch.input_ids[row, first])}</span><span>{where}</span>'
        f"<span>{int(batch.token_type_ids[row, first])}</span><span>0</span></span></span>"
    )


def characters(batch: TokenBatch, row: int, prefix: str) -> str:
    """A sentence as it was typed: the characters of each token in a span of their own, the cut text struck through."""
    sentence, cut = batch.sentences[row][0], batch.cut_off[row][0]
    read = len(sentence) - len(cut)
    parts, done = [], 0
    for position, (start, end) in enumerate(batch.spans[row].tolist()):
        if batch.is_special[row, position] or end <= done or start >= SHOWN_TEXT:
            continue
        start = max(start, done)
        parts.append(text(sentence[done:start]))
        parts.append(f'<span data-link="{prefix}{position}">{text(sentence[start:end])}</span>')
        done = end
    rest = sentence[done : max(read, done)]
    parts.append(text(rest[:SHOWN_CUT]))
    if len(rest) > SHOWN_CUT:
        parts.append(
            f'<span class="bs-cut"> … and {len(rest) - SHOWN_CUT:,} more characters, not shown here</span>'
        )
    if cut:
        count = counted(batch.cut_tokens[row][0], "token") + " did not fit"
        if not batch.cut_tokens[row][0]:
            count = f"only the first {MAX_CHARACTERS:,} characters of a sentence are read"
        more = f" … and {len(cut) - SHOWN_CUT:,} more characters" if len(cut) > SHOWN_CUT else ""
        parts.append(
            f'<del>{text(cut[:SHOWN_CUT])}</del><span class="bs-cut">{text(more)} cut off: {count}</span>'
        )
    # A long one scrolls, so it can be focused.
    scrolls = attributes(tabindex=0) if len(sentence) > SCROLLS else ""
    return f'<p class="bs-text" dir="auto"{scrolls}>{"".join(parts)}</p>'


def cut_part(batch: TokenBatch, row: int) -> str:
    """How much of a sentence was cut off, "3 tokens"; "" where nothing was."""
    (cut,), (rest,) = batch.cut_tokens[row], batch.cut_off[row]
    return counted(cut, "token") if cut else counted(len(rest), "character") if rest else ""


def _summary(batch: TokenBatch, row: int) -> str:
    """What is in a strip, in one line."""
    length = int(batch.attention_mask[row].sum())
    special = int((batch.is_special[row] & (batch.attention_mask[row] == 1)).sum())
    (unknown,) = batch.unknown_tokens[row]
    parts = [counted(length, "token"), f"{special} of them special"]
    if unknown:
        parts.append(f"{unknown} unknown to the vocabulary")
    if len(batch.tokens[row]) > length:
        parts.append(f"{len(batch.tokens[row]) - length} padding")
    parts.append(f"{cut_part(batch, row) or 'nothing'} cut off")
    return ", ".join(parts)


def strip(batch: TokenBatch, row: int) -> str:
    """One sentence: its text, then its tokens in a wrapped strip with a legend in front."""
    letter = LETTERS[row]
    prefix = letter.lower()
    changed = any(
        is_unknown or written_differently(token, batch.sentences[row][0][start:end])
        for token, (start, end), special, is_unknown in zip(
            batch.tokens[row], batch.spans[row], batch.is_special[row], batch.is_unknown[row], strict=True
        )
        if not special
    )
    legend = "".join(f"<span>{name}</span>" for name in (*_ROWS, "written") if changed or name != "written")
    cells = "".join(
        '<span class="bs-word" role="presentation">'
        + "".join(_cell(batch, row, position, f"{prefix}{position}") for position in group)
        + "</span>"
        for group in words(batch, row)
    )
    return (
        f'<figure class="bs-sentence bs-{prefix}"><figcaption><span class="bs-letter">{letter}</span> '
        f"{text(_summary(batch, row))}</figcaption>{characters(batch, row, prefix)}"
        f'<div class="bs-strip" role="list" aria-label="Tokens of sentence {letter}">'
        f'<span class="bs-legend" aria-hidden="true">{legend}</span>{cells}{_padding(batch, row)}</div></figure>'
    )


def anatomy(batch: TokenBatch) -> str:
    """Both sentences as the encoder got them.

    Args:
        batch: A in row 0, B in row 1.
    """
    data = [
        {
            "sentence": plain(batch.sentences[row][0][:SHOWN_TEXT]),
            "tokens": [plain(token) for token in batch.tokens[row]],
            "input_ids": batch.input_ids[row].tolist(),
            "token_type_ids": batch.token_type_ids[row].tolist(),
            "attention_mask": batch.attention_mask[row].tolist(),
            "spans": batch.spans[row].tolist(),
            "cut_tokens": batch.cut_tokens[row][0],
            "unknown_tokens": batch.unknown_tokens[row][0],
        }
        for row in (0, 1)
    ]
    cut = [LETTERS[row] for row in (0, 1) if cut_part(batch, row)]
    warning = note(f"Sentence {' and '.join(cut)}: what is struck through was not read.") if cut else ""
    return (
        '<section class="bs-view">'
        + caption(
            "What the encoder was given: each sentence alone, one column per token.",
            "A dashed frame marks special tokens, ## a piece that continues a word; "
            "mask 0 is padding, which no score sees.",
        )
        + warning
        + strip(batch, 0)
        + strip(batch, 1)
        + downloads("tokens", data)
        + "</section>"
    )
