"""What was computed, kept between requests: records and arrays by keys, such as a vector of each sentence.

In: keys, such as an owner with its settings and a text, and values. Out: what is known of them. The latest so many
bytes of a process are kept, whoever asked for them; nobody is told more than of sentences that they have.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import is_dataclass
from sys import getsizeof
from threading import Lock
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
MAX_BYTES = 64_000_000
ENTRY = 300
"""Bytes that an entry takes beside its key and its value."""


class Kept:
    """The latest values of a process, of so many bytes, keys and texts included. Safe between threads.

    A value that is larger by itself is not kept. A key keeps no model alive.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._room, self._bytes, self._lock = max_bytes, 0, Lock()

    def known(self, key: Hashable) -> Any:
        """What is kept under a key; None where nothing is."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def kept(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What is kept under a key, computed if it is not there; two threads may both do so."""
        found: T | None = self.known(key)
        if found is None:
            self._put(key, found := compute())
        return found

    def find(self, owner: Hashable, texts: Iterable[str]) -> dict[str, Any]:
        """What is kept of these for an owner, by text; the others are left out."""
        found = {text: self.known((owner, text)) for text in texts}
        return {text: value for text, value in found.items() if value is not None}

    def keep(self, owner: Hashable, found: Mapping[Any, Any]) -> None:
        """Keep values by text, or what else tells them apart, for an owner."""
        for text, value in found.items():
            self._put((owner, text), value)

    def _put(self, key: Hashable, value: Any) -> None:
        """Keep a value; those that were asked for longest ago make room."""
        size = ENTRY + size_of((key, value))
        with self._lock:
            if size <= self._room:
                self._bytes += size - self._kept.pop(key, (None, 0))[1]
                self._kept[key] = value, size
            while self._bytes > self._room:
                self._bytes -= self._kept.popitem(last=False)[1][1]


def size_of(value: Any) -> int:
    """About how many bytes a value has, those of what is in it included; what stands in it twice counts twice."""
    if isinstance(value, np.ndarray):
        return value.nbytes + 128
    parts: Iterable[Any] = ()
    if isinstance(value, tuple | list):
        parts = value
    elif isinstance(value, dict) or is_dataclass(value):
        parts = (value if isinstance(value, dict) else vars(value)).values()
    return getsizeof(value) + sum(map(size_of, parts))
