"""Sentences, or pairs, in whatever a caller has them -> lists: sequences, generators, arrays, columns of frames.

What is no list at all is refused here; a sentence that is no text, or empty, by the tokenizer, which names its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from bertsim.errors import InputError


def is_whole(value: object) -> bool:
    """Whether a value is a whole number, Python's or numpy's; a truth value is none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def list_sentences(sentences: Iterable[Any], name: str = "sentences") -> list[str]:
    """Every sentence of any iterable: a sequence, a generator, an array [n], a series.

    Raises: InputError, if it is one string, a mapping or no iterable; calls it by that name.
    """
    return _listed(sentences, name, "strings")


def list_pairs(pairs: Iterable[Sequence[str]]) -> list[tuple[str, str]]:
    """Every pair of any iterable: a sequence, `zip`, an array [n, 2], the values of a frame of two columns.

    Raises: InputError, if it is one string, a mapping or no iterable, or a pair has not two members; names it.
    Example: np.array([["a", "b"], ["c", "d"]]) -> [("a", "b"), ("c", "d")]
    """
    found = []
    for index, given in enumerate(_listed(pairs, "pairs", "pairs")):
        pair = np.asarray(given).tolist() if hasattr(given, "__array__") else given
        if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise InputError(f"pair {index + 1} is {pair!r:.80}; two sentences were expected.")
        found.append((pair[0], pair[1]))
    return found


def _listed(given: Any, name: str, members: str) -> list[Any]:
    if hasattr(given, "__array__"):  # walking along a frame would give the names of its columns
        given = np.asarray(given).tolist()
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        what = "one string" if isinstance(given, str) else f"{type(given).__name__} {given!r:.60}"
        raise InputError(f"{name} is {what}; a list of {members} was expected.")
    return list(given)
