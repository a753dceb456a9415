"""The models of one process: loaded in the background, shared by all visitors, bounded in number.

In: `Catalog`, and how to load. Out: a `SimilarityModel`, or how far it is. The bundled encoder and the one that the app
begins with stay; of those that visitors chose, the latest few do.

An app must not fall with its network: where the encoder or the heads that it should begin with cannot be had, the
bundled encoder serves, and `Shelf.notice` says why.
"""

from __future__ import annotations

import logging
import math
import os
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from functools import partial
from pathlib import Path
from threading import Lock, Semaphore, Thread

from bertsim.engines.base import ENGINES
from bertsim.errors import BertsimError, ExportError, HubError, InputError, NotExportedError
from bertsim.model.loading import load
from bertsim.model.similarity import SimilarityModel
from bertsim.ui.catalog import BUNDLED_OFFER, Catalog, Offer

ROOM = 2
"""Models that visitors chose and that are kept at the same time."""
LOADED_AT_ONCE = 2
PATIENCE = 30.0
"""Seconds that a request waits for a model on its way."""
_ROOT = Path(__file__).resolve().parent.parent.parent
log = logging.getLogger(__name__)


class Loading:
    """One model on its way.

    Attributes:
        offer: which.
        what: what is being done.
        share: how much of that is done, 0 to 1; None = not known.
        deadline: of `time.monotonic`; whoever tells how far it is after that is stopped.
        better: the model that took the first one's place: the same in a faster engine.
    """

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        self.what = "Waiting for another encoder"
        self.share: float | None = None
        self.deadline = math.inf
        self.future: Future[SimilarityModel] = Future()
        self.better: SimilarityModel | None = None

    @property
    def is_done(self) -> bool:
        """Whether it is there, or cannot be had."""
        return self.future.done()

    @property
    def is_lost(self) -> bool:
        """Whether it cannot be had."""
        return self.future.done() and self.future.exception() is not None

    def wait(self, seconds: float) -> bool:
        """Wait a while; whether it is done."""
        return bool(wait_for([self.future], seconds).done)

    def model(self) -> SimilarityModel:
        """The model. Raises BertsimError where it cannot be had, and whatever else stopped it."""
        return self.better or self.future.result()

    def tell(self, what: str, share: float | None) -> None:
        """Note how far it is. Raises HubError where it has taken longer than the host allows."""
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
        revision: of the encoder that the app begins with.
        heads: of that encoder; see `loading.load`.

    Attributes:
        notice: why the app does not run on what the host wanted; "" where it does.
        on_notice: called with it, once.

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
        if revision is not None and catalog.start == BUNDLED_OFFER:
            raise InputError(
                f"revision {revision!r} was given for the bundled encoder; only a repository has revisions."
            )
        self.catalog, self.notice = catalog, ""
        self.on_notice: Callable[[str], object] = lambda notice: None
        self._engine, self._revision, self._heads = engine, revision, heads
        self._kept: OrderedDict[str, Loading] = OrderedDict()
        self._lock, self._hands = Lock(), Semaphore(LOADED_AT_ONCE)

    @classmethod
    def of(cls, model: SimilarityModel, catalog: Catalog) -> Shelf:
        """A shelf that begins with a model that is loaded already."""
        shelf = cls(catalog, engine=model.engine)
        loading = Loading(catalog.start)
        loading.future.set_result(model)
        shelf._kept[catalog.start.name] = loading
        return shelf

    def ask(self, name: str | None = None) -> Loading:
        """Begin to load a model, unless it is there or on its way.

        Args:
            name: of an offer, which is tried again where it could not be had; None = what the app begins with, or
                the bundled encoder where that could not be had.

        Raises:
            InputError: it is not offered, or too many are on their way.
        """
        offer = self.catalog.find(name)
        with self._lock:
            kept = self._kept.get(offer.name)
            if kept and kept.is_lost and name is None:
                offer = BUNDLED_OFFER
                kept = self._kept.get(offer.name)
            if kept is None or kept.is_lost:
                if sum(not each.is_done for each in self._kept.values()) >= LOADED_AT_ONCE + ROOM:
                    raise InputError(f"{offer.name} has to wait for others to be loaded; try again in a moment.")
                kept = self._kept[offer.name] = Loading(offer)
                Thread(target=self._fill, args=(kept,), name="bertsim-load", daemon=True).start()
            self._kept.move_to_end(offer.name)
            self._make_room()
        return kept

    def get(self, name: str | None = None, patience: float = PATIENCE) -> SimilarityModel:
        """A model, loaded if need be.

        Raises:
            InputError: it is not offered, or not there in time: says how far it is.
            BertsimError: it cannot be had; never for name None as long as the bundled encoder can.
        """
        loading = self.ask(name)
        if not loading.wait(patience):
            share = "" if loading.share is None else f", {loading.share:.0%}"
            raise InputError(
                f"{loading.offer.name} is not there yet ({loading.what}{share}); ask again in a moment, "
                f"or use {BUNDLED_OFFER.name}."
            )
        if loading.is_lost and name is None and loading.offer != BUNDLED_OFFER:
            return self.get(None, patience)
        return loading.model()

    def _make_room(self) -> None:
        """Drop what was asked for longest ago, of the models that visitors chose."""
        pinned = {BUNDLED_OFFER.name, self.catalog.start.name}
        chosen = [name for name, each in self._kept.items() if name not in pinned and each.is_done]
        for name in chosen[: max(0, len(chosen) - ROOM)]:
            del self._kept[name]

    def _fill(self, loading: Loading) -> None:
        """Load one model and make its first comparison, which takes longer than any other."""
        with self._hands:
            try:
                model, load_fast = self._load(loading)
                _warm(model)
            except BertsimError as error:
                loading.future.set_exception(type(error)(loading.offer.named(str(error))))
            except BaseException as error:  # noqa: BLE001 - whoever waits for the model gets it, bugs included
                loading.future.set_exception(error)
            else:
                loading.future.set_result(model)
                if load_fast is not None:
                    self._improve(loading, model, load_fast)

    def _improve(self, loading: Loading, model: SimilarityModel, load_fast: Callable[..., SimilarityModel]) -> None:
        """Export what has no flatbuffer yet, and put the fast model in the exact one's place. The log says what failed.

        In a process of its own: TensorFlow's converter would hold every other thread for seconds.
        """
        heads = model.heads_source or (None if model.heads else False)
        words = [str(loading.offer.source), repr(heads), repr(model.revision)]
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        environment = os.environ | {"PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}
        name = loading.offer.name
        try:
            done = subprocess.run(
                [sys.executable, "-m", "bertsim.model", *words], capture_output=True, text=True, env=environment
            )
            if done.returncode != 0:
                said = done.stderr.strip().splitlines()
                raise ExportError(said[-1] if said else "no reason given")
            fast = load_fast(engine="litert", export=False)
            _warm(fast)
        except (BertsimError, OSError) as error:
            log.warning("%s stays with the TensorFlow engine: %s", name, error)
        else:
            loading.better = fast
            log.info("%s is served by LiteRT now.", name)

    def _load(self, loading: Loading) -> tuple[SimilarityModel, Callable[..., SimilarityModel] | None]:
        """Load what was asked for; what the app begins with gets its heads and its revision too.

        Returns:
            The model, and where it is the exact one because nothing is exported yet, what loads the fast one.
        """
        offer = loading.offer
        is_start = offer == self.catalog.start
        if not is_start:
            loading.deadline = time.monotonic() + self.catalog.max_seconds
        revision = offer.revision or (self._revision if is_start else None)
        load_it = partial(
            load,
            source=offer.source,
            revision=revision,
            max_bytes=None if offer in self.catalog.offers else self.catalog.max_bytes,
            progress=loading.tell,
        )
        if is_start and self._heads is not None:
            try:
                return self._at_once(partial(load_it, heads=self._heads))
            except BertsimError as error:
                self._note(f"The heads {self._heads} are not used: {error}")
        try:
            return self._at_once(load_it)
        except BertsimError as error:
            if is_start and offer != BUNDLED_OFFER:
                self._note(f"{offer.named(str(error))} Meanwhile the bundled encoder serves.")
            raise

    def _at_once(
        self, load_it: Callable[..., SimilarityModel]
    ) -> tuple[SimilarityModel, Callable[..., SimilarityModel] | None]:
        """Load without waiting for an export."""
        try:
            return load_it(engine=self._engine, export=False), None
        except NotExportedError:
            return load_it(engine="tensorflow"), load_it

    def _note(self, notice: str) -> None:
        if not self.notice:
            self.notice = notice
            self.on_notice(notice)


def _warm(model: SimilarityModel) -> None:
    """Make the first comparison, which takes longer than any other."""
    model.compare("The first comparison", "takes longer: let it be this one")
