"""A long text -> its parts, each short enough to be read whole: its sentences, or windows of its tokens.

Parts are in order and leave nothing of the text out. A word is cut only where it is longer than a part.

Source: nupunkt, for Kiss and Strunk, "Unsupervised Multilingual Sentence Boundary Detection" (2006); windows of which
the next one has half again: Dai and Callan, "Deeper Text Understanding for IR" (2019).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from tokenizers import Encoding

from bertsim.errors import InputError
from bertsim.records import Part
from bertsim.text.lists import is_whole

SENTENCES = "sentences"
# What ends sentences, too, for nupunkt goes by Latin full stops: those of other scripts, blank lines, items of a list.
_ENDS = re.compile(r"""[。｡！？؟۔।॥]+["'’”»）」』】)\]]*|\n[^\S\n]*\n\s*|\n(?=[^\S\n]*(?:[-*•–]|\d{1,3}[.)])\s)""")


def split_text(text: str, encoding: Encoding, chunk: str | int, most: int, unknown_id: int) -> list[Part]:
    """The parts of a text.

    Args:
        text: any that was read.
        encoding: its tokens, at least one.
        chunk: "sentences", one of more than `most` tokens in windows of so many; or how many tokens a window has.
        most: how many tokens a part may have.
        unknown_id: the token of what the vocabulary lacks.

    Raises: InputError, if there is no such `chunk`.
    Example: "It rains. Go!" -> [Part("It rains. ", 0, 10, 3), Part("Go!", 10, 13, 2)]
    """
    is_window = is_whole(chunk) and 1 <= int(chunk) <= most
    if not (isinstance(chunk, str) and chunk == SENTENCES) and not is_window:
        known = f'"{SENTENCES}", or a window of 1 to {most} tokens, two of which fit into max_length'
        raise InputError(f"chunk is {chunk!r:.60}; {known}, was expected.")
    ends, size = list[int](), chunk if isinstance(chunk, str) else int(chunk)
    if isinstance(size, str):
        from nupunkt import sent_spans  # reads its model when it is imported

        ends, size = [end for _, end in sent_spans(text)] + [found.end() for found in _ENDS.finditer(text)], most
    ids, spans = encoding.ids, encoding.offsets  # each is copied whenever it is asked for
    tokens = list(_beginnings(spans, encoding.word_ids, size))
    chars = [spans[token][0] for token in tokens]
    bounds = sorted({0, len(tokens), *(bisect_left(chars, end) for end in ends)})
    tokens, chars, parts = [*tokens, len(ids)], [0, *chars[1:], len(text)], []
    for first, last in (window for bound in pairwise(bounds) for window in _windows(tokens, *bound, size)):
        start, end, own = chars[first], chars[last], ids[tokens[first] : tokens[last]]
        parts.append(Part(text[start:end], start, end, len(own) - own.count(unknown_id)))
    return parts


def _beginnings(spans: list[tuple[int, int]], words: list[int | None], size: int) -> Iterator[int]:
    """The tokens that a part can begin with: the first of each word, and all of a word of more than `size`."""
    last, lengths = -1, Counter(words)
    for token, (start, _) in enumerate(spans):
        # a character may have become several tokens, or words
        if start > last and (not token or words[token] != words[token - 1] or lengths[words[token]] > size):
            yield token
            last = start


def _windows(tokens: list[int], first: int, last: int, size: int) -> Iterator[tuple[int, int]]:
    """Windows of `size` tokens over what lies between two of the beginnings; `tokens`: the token of each.

    Example: 5 words of a token each, size 2 -> (0, 2), (1, 3), (2, 4), (3, 5)
    """
    done = first
    while done < last:
        end = min(last, max(first + 1, bisect_right(tokens, tokens[first] + size) - 1))
        if end > done:
            yield first, end
            done = end
        first = min(done, max(first + 1, bisect_left(tokens, tokens[first] + (size + 1) // 2)))
