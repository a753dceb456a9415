"""A file that grows chunk by chunk, outlives a kill, and appears under its name only when it is whole.

`OUTPUT.partial` holds what is finished; `OUTPUT.partial.json` says how much of it counts, and for which job. The data
are on disk before that record is replaced, so whatever stops the process, the record is true: the next run cuts
the file to the length recorded and goes on. A record of another job (other input, other settings) starts again.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bertsim.data.atomic import write_atomically
from bertsim.data.json_files import read_json, record_from, write_json
from bertsim.errors import BertsimError, DataError


@dataclass(frozen=True)
class _Record:
    """What counts of a partial file, its first `size` bytes, and for which job."""

    job: dict[str, Any]
    counts: dict[str, int]
    size: int


class PartialFile:
    """The unfinished output of one job.

    Attributes:
        path: the partial file.
        counts: whole numbers about what is finished, kept in the record; 0 for what was never counted.
        restarted: what differs from the job that had left a partial file, "" if nothing was there or it goes on.
    """

    def __init__(self, output: Path, job: dict[str, object] | None, *, restart: bool = False) -> None:
        """Open or create the partial file.

        Args:
            output: where the whole file will stand.
            job: everything the content depends on; JSON values. None: nothing is gone on with.
            restart: leave aside what an earlier run has kept.

        Raises: DataError, if the folder cannot be written to, or another run is writing the same file.
        """
        self.path = output.with_name(f"{output.name}.partial")
        self._output, self._job = output, json.loads(json.dumps(job))
        self._record = output.with_name(f"{output.name}.partial.json")
        self.counts: Counter[str] = Counter()
        try:
            self._file = self.path.open("ab")
        except OSError as error:
            raise DataError(f"{output} cannot be written ({error.strerror}); choose another place.") from error
        self._lock()
        if restart:
            self._record.unlink(missing_ok=True)
            self._file.truncate(0)
        self._size, self.restarted = self._left_over()
        with self._disk():
            self._file.truncate(self._size)

    def append(self, data: bytes, **counts: int) -> None:
        """Write a chunk and record it; afterwards it survives a kill. `counts` are added. Raises DataError."""
        total = self.counts + Counter(counts)
        record = _Record(self._job or {}, dict(total), self._size + len(data))
        with self._disk():
            self._file.write(data)
            self._file.flush()
            os.fsync(self._file.fileno())
            write_json(self._record, record)
        self.counts, self._size = total, record.size

    def finish(self, convert: Callable[[Path, Path], None] | None = None) -> None:
        """Put the whole file in its place, by `convert(partial, new)` if given. Raises DataError."""
        with self._disk():
            if convert is None:
                os.replace(self.path, self._output)
            else:
                write_atomically(self._output, lambda path: convert(self.path, path))
                self.path.unlink()
            self._record.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        with suppress(OSError):  # of a full disk, which `append` has said
            self._file.close()
        if self.path.exists():
            self._left_over()  # a signal may have come between the record and our own count
        if not self.counts["rows"]:
            self.path.unlink(missing_ok=True)
            self._record.unlink(missing_ok=True)

    def _left_over(self) -> tuple[int, str]:
        """How many bytes of the partial file count, and why none do although there are some."""
        there = self.path.stat().st_size
        if self._job is None or not (there or self._record.exists()):
            return 0, ""
        try:
            record = record_from(_Record, read_json(self._record), str(self._record))
        except BertsimError:
            return 0, "its record"
        changed = sorted(key for key in {*record.job, *self._job} if record.job.get(key) != self._job.get(key))
        if changed or record.size > there:
            return 0, ", ".join(changed) or "its length"
        self.counts = Counter(record.counts)
        return record.size, ""

    def _lock(self) -> None:
        """Keep a second run from writing the same file; the lock goes with the process."""
        if sys.platform == "win32":
            return
        import fcntl

        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise DataError(f"{self.path} is being written by another run; wait for it, or stop it.") from error

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            kept = f"what was finished is kept in {self.path.name}, and the same command goes on from there"
            raise DataError(f"{self._output} cannot be written ({error.strerror or error}); {kept}.") from error


def check_output(output: Path, *inputs: Path) -> None:
    """Refuse an output.

    Raises: DataError, if its folder is missing, or it is a folder, or it or a file of `PartialFile` is one of `inputs`.
    """
    if not output.parent.is_dir():
        raise DataError(f"{output}: there is no folder {output.parent}; make it first.")
    if output.is_dir():
        raise DataError(f"{output} is a folder; give the name of a file.")
    for name in (output.name, f"{output.name}.partial", f"{output.name}.partial.json"):
        written = output.with_name(name)
        if written.exists() and any(path.exists() and written.samefile(path) for path in inputs):
            raise DataError(f"{written} is the input, which is never overwritten; give another --output.")
