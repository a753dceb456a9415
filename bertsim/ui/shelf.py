"""The models of one process: loaded in the background, shared by all visitors, bounded in number.

In: `Catalog`, and how to load. Out: a `SimilarityModel`, or how far it is. The bundled encoder and the one that the app
begins with stay; of those that visitors chose, the latest few do.

An app must not fall with its network: where the encoder or the heads that it should begin with cannot be had, the
bundled encoder serves, and `Shelf.notice` says why.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import math
import os
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from threading import Lock, Semaphore, Thread
from typing import Any
from weakref import WeakValueDictionary, ref

from bertsim.engines import base
from bertsim.engines.base import ENGINES
from bertsim.errors import BertsimError, ExportError, HubError, InputError, NotExportedError
from bertsim.model.loading import find_source, load
from bertsim.model.similarity import SimilarityModel
from bertsim.ui.catalog import BUNDLED_OFFER, Catalog, Offer

ROOM = 2
"""Models that visitors chose and that are kept at the same time."""
LOADED_AT_ONCE = 2
PATIENCE, EXPORT_SECONDS = 30.0, 1800.0
"""Seconds that a request waits for a model on its way, and that an export, which others wait for, may take."""
_ARENA_MAX, _MMAP_THRESHOLD = -8, -3  # of glibc's malloc.h
_LARGE, _PACKED = 2_000_000, 64_000
"""Bytes of blocks that come from the system and go back there, at all times, and while weights are packed: smaller ones
every batch asks for, and would wait for.
"""
_ROOT = Path(__file__).resolve().parent.parent.parent
log = logging.getLogger(__name__)


class BusyError(InputError):
    """Too many models are on their way for another one to begin."""


class Loading:
    """One model on its way; whoever holds it has the model, though that may have had to make room.

    Attributes:
        what, share: what is being done, and how much of that is done, 0 to 1; None = not known.
        deadline: of `time.monotonic`; whoever tells how far it is after that is stopped.
        future: the model; another one's where the same in a faster engine has taken its place.
    """

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        self.what = "Waiting for another encoder"
        self.share: float | None = None
        self.deadline = math.inf
        self.future: Future[SimilarityModel] = Future()

    @property
    def is_lost(self) -> bool:
        """Whether it cannot be had."""
        return self.future.done() and self.future.exception() is not None

    def wait(self, seconds: float) -> bool:
        """Wait a while; whether it is there, or cannot be had."""
        return bool(wait_for([self.future], seconds).done)

    def model(self) -> SimilarityModel:
        """The model. Raises BertsimError where it cannot be had, and whatever else stopped it."""
        return self.future.result()

    def tell(self, what: str, share: float | None) -> None:
        """Note how far it is.

        Raises:
            HubError: it has taken longer than the host allows.
        """
        self.what, self.share = self.offer.named(what), share
        if time.monotonic() > self.deadline:
            raise HubError(
                f"{self.offer.name} took longer to arrive than the host of this app allows; it was given up. Files "
                "that arrived whole are kept: try again later."
            )


class Shelf:
    """Every model of an app.

    Args:
        catalog: what may be asked for.
        engine: "litert" or "tensorflow".
        revision, heads: of the encoder that the app begins with; see `loading.load`.

    Attributes:
        notice, on_notice: why the app does not run on what the host wanted, else ""; called with it, once.
        asked_at: when a model was got last, by `time.monotonic`.

    Raises:
        InputError: an unknown engine, or a revision of the bundled encoder.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        engine: str = "litert",
        revision: str | None = None,
        heads: str | Path | bool | None = None,
    ) -> None:
        if engine not in ENGINES:
            raise InputError(f"engine is {engine!r}; known are {', '.join(ENGINES)}.")
        if catalog.start == BUNDLED_OFFER:
            find_source(None, revision)
        self.catalog, self.notice = catalog, ""
        self.on_notice: Callable[[str], object] = lambda notice: None
        self.asked_at = -math.inf
        self._engine, self._revision, self._heads = engine, revision, heads
        self._kept: OrderedDict[str, Loading] = OrderedDict()
        self._held: WeakValueDictionary[str, Loading] = WeakValueDictionary()  # these, and others that somebody holds
        self._lock, self._hands, self._exports = Lock(), Semaphore(LOADED_AT_ONCE), Lock()

    @classmethod
    def of(cls, model: SimilarityModel, catalog: Catalog) -> Shelf:
        """A shelf that begins with a model that is loaded already."""
        shelf = cls(catalog, engine=model.engine)
        loading = shelf._kept[catalog.start.name] = shelf._held[catalog.start.name] = Loading(catalog.start)
        loading.future.set_result(model)
        return shelf

    def ask(self, name: str | None = None, *, again: bool = True) -> Loading:
        """Begin to load a model, unless it is there or on its way.

        Args:
            name: of an offer; None = what the app begins with, or the bundled encoder where that could not be had.
            again: whether one that could not be had is tried again.

        Raises:
            InputError: it is not offered.
            BusyError: too many are on their way.
        """
        offer = self.catalog.find(name)
        with self._lock:
            kept = self._held.get(offer.name)
            if kept and kept.is_lost and name is None:
                offer = BUNDLED_OFFER
                kept = self._held.get(offer.name)
            if kept is None or (kept.is_lost and again):
                on_its_way = sum(not each.future.done() for each in self._kept.values())
                if on_its_way >= LOADED_AT_ONCE + ROOM and offer != BUNDLED_OFFER:
                    raise BusyError(f"{offer.name} has to wait for others to be loaded; try again in a moment.")
                kept = self._held[offer.name] = Loading(offer)
                Thread(target=self._fill, args=(kept,), name="bertsim-load", daemon=True).start()
            self._kept[offer.name] = kept
            self._kept.move_to_end(offer.name)
            pinned = {BUNDLED_OFFER.name, self.catalog.start.name}
            chosen = [name for name, each in self._kept.items() if name not in pinned and each.future.done()]
            for longest_ago in chosen[:-ROOM]:
                del self._kept[longest_ago]
        return kept

    def get(self, name: str | None = None, patience: float = PATIENCE) -> SimilarityModel:
        """A model, loaded if need be; without patience one that could not be had is not tried again.

        Raises:
            InputError: it is not offered, or not there in time: says how far it is.
            BertsimError: it cannot be had; never for name None as long as the bundled encoder can.
        """
        self.asked_at = time.monotonic()
        loading = self.ask(name, again=patience > 0)
        if not loading.wait(patience):
            share = "" if loading.share is None else f", {loading.share:.0%}"
            other = "" if loading.offer == BUNDLED_OFFER else f", or use {BUNDLED_OFFER.name}"
            far = f"{loading.what}{share}"
            raise InputError(f"{loading.offer.name} is not there yet ({far}); ask again in a moment{other}.")
        if loading.is_lost and name is None and loading.offer != BUNDLED_OFFER:
            return self.get(None, patience)
        return loading.model()

    @property
    def is_ready(self) -> bool:
        """Whether the model that the app begins with is there, or the bundled one in its place."""
        loading = self.ask()
        return loading.future.done() and not loading.is_lost

    def get_called(self, name: str) -> SimilarityModel:
        """As `get`, for a program, whose call has waited for it in the queue; what is no text is no offer."""
        return self.get(None if name in ("", None) else name, patience=0)

    def _fill(self, loading: Loading) -> None:
        """Load one model; where it is the exact one because nothing is exported yet, the fast one after it.

        The bundled encoder, which comes from the disk, waits for nobody.
        """
        try:
            with nullcontext() if loading.offer == BUNDLED_OFFER else self._hands:
                model, load_it = self._load(loading)
        except BertsimError as error:
            loading.future.set_exception(type(error)(loading.offer.named(str(error))))
        except BaseException as error:  # noqa: BLE001 - whoever waits for the model gets it, bugs included
            loading.future.set_exception(error)
        else:
            loading.future.set_result(model)
            give_back()  # what the model held that had to make room
            if model.engine != self._engine:
                args = ref(loading), load_it
                Thread(target=self._improve, args=args, name="bertsim-export", daemon=True).start()

    def _load(self, loading: Loading) -> tuple[SimilarityModel, Callable[..., SimilarityModel]]:
        """A model, and what loads it once more; what the app begins with gets its heads and its revision too."""
        offer = loading.offer
        is_start = offer == self.catalog.start
        if not is_start:
            loading.deadline = time.monotonic() + self.catalog.max_seconds
        revision = offer.revision or (self._revision if is_start else None)
        most = None if offer in self.catalog.offers else self.catalog.max_bytes
        load_it = partial(load, offer.source, revision=revision, max_bytes=most)
        if is_start and self._heads is not None:
            with_heads = partial(load_it, heads=self._heads)
            try:
                return self._load_now(with_heads, loading), with_heads
            except BertsimError as error:
                self._note(f"The heads {self._heads} are not used: {error}")
        try:
            return self._load_now(load_it, loading), load_it
        except BertsimError as error:
            if is_start and offer != BUNDLED_OFFER:
                self._note(f"{offer.named(str(error))} Meanwhile the bundled encoder serves.")
            raise

    def _load_now(self, load_it: Callable[..., SimilarityModel], loading: Loading) -> SimilarityModel:
        """Load without waiting for an export."""
        try:
            return _warm(load_it(engine=self._engine, export=False, progress=loading.tell))
        except NotExportedError:
            return _warm(load_it(engine="tensorflow", progress=loading.tell))

    def _improve(self, held: ref[Loading], load_it: Callable[..., SimilarityModel]) -> None:
        """Export what has no flatbuffer yet, and put the fast model in the exact one's place. The log says what failed.

        In a process of its own: TensorFlow's converter would hold every other thread for seconds. Exports wait for each
        other alone; what has to make room meanwhile is not held for one, and gets none.
        """
        with self._exports:
            if loading := held():
                name = loading.offer.name
                try:
                    self._export(loading)
                    better: Future[SimilarityModel] = Future()
                    better.set_result(_warm(load_it(engine=self._engine, export=False)))
                    loading.future = better
                except (BertsimError, OSError, subprocess.TimeoutExpired) as error:
                    log.warning("%s stays with the TensorFlow engine: %s", name, error)
                else:
                    log.info("%s is served by LiteRT now.", name)
        del loading
        give_back()  # what TensorFlow held

    def _export(self, loading: Loading) -> None:
        """Export into the user's cache. Raises: ExportError, with what was said."""
        model = loading.model()
        heads = model.heads_source or (None if model.heads else False)
        words = [str(loading.offer.source), repr(heads), repr(model.revision)]
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        environment = os.environ | {"PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, "-m", "bertsim.ui.exporting", *words]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=EXPORT_SECONDS)
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or ["no reason given"]
            raise ExportError(said[-1])

    def _note(self, notice: str) -> None:
        if not self.notice:
            self.notice = notice
            self.on_notice(notice)


def give_back() -> None:
    """Free what nobody needs, a model that was let go above all, and give it back to the system.

    Left alone, Python would look for the model in a while, and glibc keep what it held for more of the same.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's own
    if trim:
        trim(0)


def keep_together() -> None:
    """Have glibc give back what is freed; before any thread is there.

    Left alone, it hands out memory from eight places a core, each of which keeps what threads have used there, and
    takes large blocks from between the small ones, where those of a model that was let go leave holes.
    """
    mallopt: Any = getattr(ctypes.CDLL(None), "mallopt", None)
    turn = Lock()

    @contextmanager
    def packing() -> Iterator[None]:
        with turn:
            mallopt(_MMAP_THRESHOLD, _PACKED)
            try:
                yield
            finally:
                mallopt(_MMAP_THRESHOLD, _LARGE)

    if mallopt:
        mallopt(_ARENA_MAX, 2)
        mallopt(_MMAP_THRESHOLD, _LARGE)
        base.making = packing


def _warm(model: SimilarityModel) -> SimilarityModel:
    """Make the first comparison, which takes longer than any other."""
    model.compare("The first comparison", "takes longer: let it be this one")
    return model
