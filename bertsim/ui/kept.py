"""Numbers of sentences, kept between requests: a vector of each, or the scores of each with another.

In: an owner, such as an encoder with its settings, and texts. Out: what is known of them. The latest so many bytes of a
process are kept, whoever asked for them; nobody is told more than of sentences that they have.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping
from threading import Lock

from bertsim.records import Float

MAX_BYTES = 64_000_000


class Kept:
    """The latest numbers of a process, of so many bytes, texts included. Safe between threads."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._kept: OrderedDict[tuple[Hashable, str], Float] = OrderedDict()
        self._room, self._bytes, self._lock = max_bytes, 0, Lock()

    def find(self, owner: Hashable, texts: Iterable[str]) -> dict[str, Float]:
        """What is known of these, by text: float32 [n] each; the others are left out."""
        found = {}
        with self._lock:
            for text in texts:
                if (numbers := self._kept.get((owner, text))) is not None:
                    self._kept.move_to_end((owner, text))
                    found[text] = numbers
        return found

    def keep(self, owner: Hashable, found: Mapping[str, Float]) -> None:
        """Keep numbers by text; those that were asked for longest ago make room."""
        with self._lock:
            for text, numbers in found.items():
                if (owner, text) not in self._kept:
                    self._bytes += _size(text, numbers)
                self._kept[owner, text] = numbers
            while self._bytes > self._room:
                (_, text), numbers = self._kept.popitem(last=False)
                self._bytes -= _size(text, numbers)


def _size(text: str, numbers: Float) -> int:
    """Bytes of an entry, what Python has around them left out."""
    return numbers.nbytes + 4 * len(text)
