"""What an encoder does not get of a sentence, found in its tokens, and what that takes from a score.

In: a sentence and its tokens, or `Unread` of A and of B. Out: `Unread`, or why a score says less, as plain text. The
rule for probabilities and words stands here, in `withheld`, and nowhere else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby

from tokenizers import Encoding
from tokenizers import Tokenizer as FastTokenizer

from bertsim.records import Comparison, Unread

MAX_CHARACTERS = 20_000
"""Characters read of a sentence; the rest is reported as cut off."""


def readable(sentence: str, limit: int | None = MAX_CHARACTERS) -> str:
    """The part of a text that is tokenised; lone surrogates, which UTF-8 cannot hold, become U+FFFD."""
    text = sentence[:limit]
    return text if text.isascii() else re.sub("[\ud800-\udfff]", "\ufffd", text)


def find_unread(fast: FastTokenizer, unknown_id: int, sentence: str, encoding: Encoding, kept: int) -> Unread:
    """What an encoder that gets `kept` of a sentence's tokens, at least one, does not get of it.

    `unknown_id` is the token of what the vocabulary of `fast` lacks, -1 where it lacks nothing.
    """
    ids, spans = encoding.ids[:kept], encoding.offsets[:kept]
    end = spans[-1][1] if kept < len(encoding.ids) else MAX_CHARACTERS
    unknown = [_written(sentence, *span) for number, span in zip(ids, spans, strict=True) if number == unknown_id]
    lost = _lost_words(fast, unknown_id, readable(sentence), encoding, kept)
    cut = len(encoding.ids) - kept + (len(sentence) > MAX_CHARACTERS)  # as `Tokenizer.count_tokens` counts
    return Unread(sentence[end:], cut, tuple(unknown), tuple(lost), is_all=len(unknown) == kept)


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
    ids, spans = encoding.ids, encoding.offsets
    for _, places in groupby(range(kept), encoding.word_ids.__getitem__):
        where = list(places)
        word = _written(sentence, spans[where[0]][0], spans[where[-1]][1])
        plain = unicodedata.normalize("NFKC", word)
        if plain == unicodedata.normalize("NFC", word):
            continue
        own = [ids[place] for place in where]
        read = fast.encode(plain, add_special_tokens=False).ids
        is_split = plain.isalpha() and len(read) < len(own)
        if unknown_id not in read and (unknown_id in own or is_split):
            yield word


def withheld(a: Unread, b: Unread, scores: str = "score of this pair") -> str:
    """Why a pair's scores get no probability, and no words for what they mean; "" where they get them.

    Both are of sentences that were read. Where nothing was read of one, or where what was not read of the two differs,
    the scores stay what the encoder gave, and nobody says of them that the sentences are the same.

    Example: "👍" and "It is good." -> "nothing was read of sentence A, ..."
    """
    unheard = [name for name, each in zip("AB", (a, b), strict=True) if each.is_all]
    if unheard:
        which = f"sentence {unheard[0]}" if len(unheard) == 1 else "sentences A and B"
        return f"nothing was read of {which}, so no {scores} has a probability or says how alike they are."
    if a.unknown_words != b.unknown_words or a.cut_off.split() != b.cut_off.split():
        return (
            f"what was not read of A and of B differs, so no {scores} has a probability or says that they are the same."
        )
    return ""


def withheld_of(comparison: Comparison) -> str:
    """`withheld` of all scores of a pair, else of those alone that are of the two read together."""
    shared = comparison.unread_together
    return withheld(*comparison.unread) or (withheld(*shared, "score of the two read together") if shared else "")
