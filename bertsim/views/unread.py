"""What an encoder did not get of a pair, in words: plain text, the same for the page and the command line.

In: `Unread` of A and of B. Out: sentences, or words in a line; whoever shows them as HTML escapes them.
"""

from __future__ import annotations

import unicodedata

from bertsim.records import Comparison, Unread

_SHOWN_WORDS, _SHOWN_CHARACTERS = 5, 24
_JOINER = "\u200d"  # holds emoji together: a family, a profession


def unknown_sentences(a: Unread, b: Unread) -> list[str]:
    """The words of A and of B that the vocabulary lacks, and which of them plain characters would bring back.

    Example: "I like it 👍" and "I like it" -> ["sentence A, not read: 👍; the vocabulary lacks it."]
    """
    found = []
    for name, each in zip("AB", (a, b), strict=True):
        if each.unknown_words:
            is_one = len(set(each.unknown_words)) == 1
            lacks = "lacks it" if is_one else "lacks them, and the encoder takes all such words for the same"
            found.append(f"sentence {name}, not read: {listed(each.unknown_words)}; the vocabulary {lacks}.")
        if each.compatibility_words:
            plain = [unicodedata.normalize("NFKC", word) for word in each.compatibility_words]
            found.append(
                f"sentence {name} has compatibility characters that cost words: {listed(each.compatibility_words)};"
                f" plain characters would be read: {listed(plain)}."
            )
    return found


def shared_sentences(comparison: Comparison) -> list[str]:
    """What is cut off where A and B are read together and share a length, if that is more than of each alone.

    Example: ["read together, A and B share 256 tokens, and 65 of A and 66 of B are cut off."]
    """
    alone, shared = comparison.unread, comparison.unread_together or comparison.unread
    if [each.cut_tokens for each in alone] == [each.cut_tokens for each in shared]:
        return []
    cut = [f"{each.cut_tokens:,} of {name}" for name, each in zip("AB", shared, strict=True) if each.cut_tokens]
    return [f"read together, A and B share {comparison.max_length:,} tokens, and {' and '.join(cut)} are cut off."]


def listed(words: list[str] | tuple[str, ...]) -> str:
    """Different words in a line, not too many and none too long; what cannot be seen is escaped.

    Example: ("👍", "☃", "👍") -> "👍, ☃"
    """
    different = list(dict.fromkeys(words))
    more = len(different) - _SHOWN_WORDS
    return ", ".join(map(_shown, different[:_SHOWN_WORDS])) + (f" and {more:,} more" if more > 0 else "")


def _shown(word: str) -> str:
    """Example: 101 times "z" -> "zzzzzzzzzzzzzzzzzzzzzzzz… (101 characters)"."""
    shown = word[:_SHOWN_CHARACTERS]
    start = "".join(c if c.isprintable() or c == _JOINER else c.encode("unicode_escape").decode() for c in shown)
    return start if len(word) <= _SHOWN_CHARACTERS else f"{start}… ({len(word):,} characters)"
