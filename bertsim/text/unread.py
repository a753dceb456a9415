"""What an encoder did not get of a pair, in sentences, and what is left unsaid of its score for that.

In: `Unread` of A and of B. Out: plain text, the same for the page, the command line, the API and MCP; whoever shows it
as HTML escapes it. The rule for probabilities and words stands here, in `withheld`, and nowhere else.
"""

from __future__ import annotations

import unicodedata

from bertsim.records import Unread

_SHOWN_WORDS, _SHOWN_CHARACTERS = 5, 24
_JOINER = "\u200d"  # holds emoji together: a family, a profession


def withheld(a: Unread, b: Unread) -> str:
    """Why a pair's scores get no probability, and no words for what they mean; "" where they get them.

    Both are of sentences that were read. Where nothing was read of one, or where what was not read of the two differs,
    the scores stay what the encoder gave, and nobody says of them that the sentences are the same.

    Example: "👍" and "It is good." -> "nothing was read of sentence A, ..."
    """
    unheard = [name for name, each in zip("AB", (a, b), strict=True) if each.is_all]
    if unheard:
        which = f"sentence {unheard[0]}" if len(unheard) == 1 else "sentences A and B"
        return f"nothing was read of {which}, so no score of this pair has a probability or says how alike they are."
    if a.unknown_words != b.unknown_words or a.cut_off.split() != b.cut_off.split():
        return (
            "what was not read of A and of B differs, so no score of this pair has a probability or says that they"
            " are the same."
        )
    return ""


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
