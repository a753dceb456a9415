"""What scoring costs: how often the encoder runs for it, how much memory holds at a time, and the limits of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bertsim.errors import InputError
from bertsim.model.scorers import APART, PACKED, Scorer, readers_of, ways_of
from bertsim.text.lists import is_whole

MAX_PASSES = 10_000
"""How often `matrix`, `score_parts` and a call of the app's API run the encoder where nobody says more: some ten
seconds apart, twice as long packed."""
_BLOCK = 4096  # pairs, or sentences to pair with every A, whose token vectors are held at the same time
_PACKED = 16_384  # packed pairs of every A with every B that are held at the same time
_SPLIT = "split the list, or give a larger one in Python, None for no limit"


def block_size(scorers: Sequence[Scorer], count: int, across: int = 0) -> int:
    """How many of at least one pair, or of sentences behind so many A's, are read at a time: what memory holds."""
    size = _BLOCK if any(reader.keeps_tokens for reader in readers_of(scorers, APART)) else count
    if across and readers_of(scorers, PACKED):
        size = min(size, max(_PACKED // across, 1))
    return min(size, count)


def passes_of(scorer: Scorer, a: Sequence[object], b: Sequence[object]) -> dict[str, int]:
    """How many rows, "apart" and "packed", the encoder reads of every A with every B, were all of them different.

    Example: 3 A's and 2 B's: {"apart": 5} for cosine, {"packed": 6} for a head that reads packed
    """
    if not a or not b:
        return {}
    blocks = -(-len(b) // block_size([scorer], len(b), len(a)))  # A's are read again for each
    passes = {APART: blocks * len(a) + (0 if a is b else len(b)), PACKED: len(a) * len(b)}
    return {way: passes[way] for way in ways_of([scorer])}


def passes_of_pairs(scorer: Scorer, count: int) -> int:
    """How many rows the encoder reads of so many pairs, were all of them different.

    Example: 3 pairs: 6 for cosine, 3 for a head that reads packed, 9 for what joins the two
    """
    return sum(count if way == PACKED else 2 * count for way in ways_of([scorer]))


def check_limit(name: str, limit: int | None) -> int | None:
    """Return a limit, one of numpy's as Python's. Raises: InputError: it is no whole number from 1 on, and not None."""
    if limit is not None and (not is_whole(limit) or limit < 1):
        raise InputError(f"{name} is {limit!r:.60}; a whole number from 1 on, or None for no limit, was expected.")
    return limit and int(limit)


def check_passes(
    what: str, passes: int, most: int | None, seconds: Callable[[], float] | None = None, advice: str = _SPLIT
) -> None:
    """Refuse, before anything is encoded, what takes more passes of the encoder than `most`; None = no limit.

    Raises: InputError, if it does, or `most` is no limit; `seconds` tells how long it would take, if somebody knows.
    """
    most = check_limit("max_passes", most)
    if most is not None and passes > most:
        told = f", about {seconds():,.0f} s" if seconds else ""
        raise InputError(f"{what} takes {passes:,} passes of the encoder{told}; max_passes is {most:,}: {advice}.")


def check_parts(
    scorers: Sequence[Scorer], a: Sequence[object], b: Sequence[object], most: int | None = MAX_PASSES
) -> None:
    """As `check_passes`, of every part of one text with every part of another. Raises: InputError."""
    advice = "take longer parts, a scorer that reads apart, or score_parts with a larger one"
    for scorer in scorers:
        passes = sum(passes_of(scorer, a, b).values())
        check_passes(f"{scorer.name} of {len(a):,} × {len(b):,} parts", passes, most, advice=advice)
