"""Where the files of visitors lie, and what was made of them: bounded in all, gone with their visitor.

A page has a ticket, which nobody else knows; under it its file is sent, read, scored and fetched. Files lie in a folder
of this process's own, which Gradio does not serve; what a process that was killed has left, the next one deletes.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

from bertsim.data.atomic import is_running
from bertsim.data.layout import ending_of
from bertsim.errors import BertsimError, InputError
from bertsim.ui.calls import StaleError
from bertsim.ui.catalog import whole_number
from bertsim.ui.reader import GONE, Asked, Limits, Taken, check_name, take

VISITS = 500
"""Pages whose tickets are known; the latest of them."""
FILES = 20
"""As many of the largest files, with their rows, may lie on disk; beyond, the longest ago goes."""
MEMORY = 256_000_000
"""Bytes of what was made of all files."""
NO_ROOM = "this host has no room for the file now; try again later."
_PREFIX = f"bertsim-files-{getattr(os, 'getuid', int)()}-"


def limits_of(environment: Mapping[str, str]) -> Limits:
    """What a file may have: BERTSIM_MAX_FILE_MEGABYTES (0: none is taken), BERTSIM_MAX_FILE_ROWS.

    Raises: InputError, where one is no whole number.
    """
    usual = Limits()
    megabytes = whole_number(environment, "BERTSIM_MAX_FILE_MEGABYTES", str(usual.megabytes))
    return Limits(megabytes, whole_number(environment, "BERTSIM_MAX_FILE_ROWS", str(usual.rows)))


@dataclass
class Visit:
    """A page and its file.

    Attributes:
        ticket, session: what the page, and what Gradio knows it by.
        folder: for its file; the next has another, for the one before may still be read.
        name: of its file; "" before there is one.
        size: bytes on disk.
        asked, taken: what is said of the file, and what it was taken for.
        result: what was made of it; `result_bytes` of memory.
        run: counted up with whatever makes a running answer stale: another file, Cancel, leaving.
        stopped: the count at which Cancel stopped what ran.
        fresh: the count at which the file was taken: nothing has run for it since where it still is.
        is_receiving: while a file comes in.
    """

    ticket: str
    session: str
    folder: Path
    name: str = ""
    size: int = 0
    asked: Asked = field(default_factory=Asked)
    taken: Taken | None = None
    result: Any = None
    result_bytes: int = 0
    run: int = 0
    stopped: int = -1
    fresh: int = -1
    is_receiving: bool = False
    shown: dict[str, Any] = field(default_factory=dict)

    @property
    def upload(self) -> Path:
        """The file as it was sent; its ending, packing included, says what it is."""
        packed = [end for end in (".gz", ".zst") if self.name.lower().endswith(end)]
        return self.folder / f"sent.{ending_of(Path(self.name))}{''.join(packed)}"

    @property
    def rows(self) -> Path:
        """Its rows, as `reader.take` wrote them."""
        return self.folder / "rows"

    def clear(self) -> None:
        """Delete the file and what was made of it; what runs for it ends."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder = self.folder.with_name(secrets.token_hex(8))
        self.name, self.size, self.taken, self.result, self.result_bytes = "", 0, None, None, 0
        self.run += 1
        self.shown = {}


class Desk:
    """The visits of an app, with `limits` for their files; `close` deletes everything. Safe between threads."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._visits: OrderedDict[str, Visit] = OrderedDict()
        self._tickets: dict[str, str] = {}  # by session
        self._lock, self._folder = RLock(), _own_folder()
        self.close = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    def admit(self, session: str) -> Visit:
        """The visit of a session; a new one for whoever has none."""
        with self._lock:
            if session not in self._tickets:
                ticket = secrets.token_urlsafe(24)
                self._tickets[session] = ticket
                self._visits[ticket] = Visit(ticket, session, self._folder / secrets.token_hex(8))
            while len(self._visits) > VISITS:
                self.leave(next(iter(self._visits.values())).session)
            return self._touched(self._tickets[session])

    def of(self, ticket: str) -> Visit:
        """The visit with a ticket. Raises: InputError, where there is none."""
        with self._lock:
            if ticket not in self._visits:
                raise InputError("this page is not known any more; load it anew.")
            return self._touched(ticket)

    def leave(self, session: str) -> None:
        """A visitor leaves: nothing of theirs is kept."""
        with self._lock:
            if ticket := self._tickets.pop(session, None):
                self._visits.pop(ticket).clear()

    def begin(self, visit: Visit, name: str) -> None:
        """A file is about to be sent, in place of the one before.

        Raises: InputError, for a kind that is not taken, or where the disk is full.
        """
        own = check_name(name)
        with self._lock:
            if visit.is_receiving:
                raise InputError("one file is on its way already; send one at a time.")
            visit.clear()
            try:
                visit.folder.mkdir(parents=True)
            except OSError as error:
                raise InputError(NO_ROOM) from error
            visit.name, visit.is_receiving = own, True

    def put(self, visit: Visit, path: Path) -> None:
        """A file of this host's own, in place of the one before. Raises: InputError, as `begin`."""
        self.begin(visit, path.name)
        try:
            shutil.copyfile(path, visit.upload)
        except OSError as error:
            visit.clear()
            raise InputError(NO_ROOM) from error
        finally:
            visit.is_receiving = False

    def read(self, visit: Visit, asked: Asked) -> Taken:
        """Find out what the file of a visit is, or take it for what it is said to be.

        Raises: BertsimError, where it cannot be; StaleError, where it is gone meanwhile, or another is on its way.
        """
        if visit.is_receiving:
            raise StaleError
        if not visit.name:
            raise InputError(GONE)
        visit.run += 1
        visit.asked, visit.taken, visit.result, visit.result_bytes, visit.shown = asked, None, None, 0, {}
        run, limits = visit.run, self.limits if self.limits.megabytes else Limits()
        rows = visit.rows.with_suffix(f".{run}")  # one that is read otherwise meanwhile writes its own
        try:
            taken = take(visit.upload, visit.name, asked, limits, rows)
            with self._lock:
                if visit.run != run:
                    raise StaleError
                if rows.exists():
                    rows.replace(visit.rows)
                visit.taken, visit.fresh = taken, run
                visit.size = sum(each.stat().st_size for each in visit.folder.iterdir())
        except BertsimError:
            if visit.run != run:
                raise StaleError from None
            raise
        finally:
            rows.unlink(missing_ok=True)
        self.make_room(visit)
        return taken

    def make_room(self, visit: Visit) -> None:
        """Delete other files, the longest ago first, until everything is within its bounds."""
        with self._lock:
            for other in list(self._visits.values()):
                size, kept = (sum(getattr(each, what) for each in self._visits.values()) for what in _BOUNDED)
                if size <= FILES * (self.limits.bytes or Limits().bytes) and kept <= MEMORY:
                    return
                if other is not visit:
                    other.clear()

    def keep(self, visit: Visit, run: int, make: Callable[[Visit], None]) -> bool:
        """Change a visit, unless what is to be changed is stale; says whether it was not."""
        with self._lock:
            if visit.run == run:
                make(visit)
        return visit.run == run

    def _touched(self, ticket: str) -> Visit:
        self._visits.move_to_end(ticket)
        return self._visits[ticket]


_BOUNDED = "size", "result_bytes"


def _own_folder() -> Path:
    """A folder for the files of this process; those of processes that are gone are deleted."""
    place = Path(tempfile.gettempdir())
    for left in place.glob(f"{_PREFIX}*"):
        owner = left.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdecimal() and not is_running(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))
