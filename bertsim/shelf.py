"""The models of one process: loaded in the background, shared by all visitors, bounded in number.

In: `Catalog`, and how to load. Out: a `SimilarityModel`, or how far it is. The bundled encoder and the one that the app
begins with stay; of those that visitors chose, the latest few do.

An app must not fall with its network: where the encoder or the heads that it should begin with cannot be had, the
bundled encoder serves, and `Shelf.notice` says why.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from pathlib import Path
from threading import Lock

from bertsim.catalog import BUNDLED_OFFER, Catalog, Offer
from bertsim.errors import BertsimError, InputError
from bertsim.loading import load
from bertsim.pipeline import SimilarityModel

ROOM = 2
"""Models that visitors chose and that are kept at the same time."""
LOADED_AT_ONCE = 2
PATIENCE = 30.0
"""Seconds that a request waits for a model on its way."""

Tell = Callable[[str, float | None], None]


class Loading:
    """One model on its way.

    Attributes:
        offer: which.
        what: what is being done.
        share: how much of that is done, 0 to 1; None = not known.
    """

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        self.what, self.share = "Waiting for another encoder", None if offer.source else 0.0
        self.future: Future[SimilarityModel] = Future()

    @property
    def is_done(self) -> bool:
        """Whether it is there, or cannot be had."""
        return self.future.done()

    def wait(self, seconds: float) -> bool:
        """Wait a while; whether it is done."""
        return bool(wait_for([self.future], seconds).done)

    def model(self) -> SimilarityModel:
        """The model. Raises BertsimError where it cannot be had, and whatever else stopped it."""
        return self.future.result()

    def tell(self, what: str, share: float | None) -> None:
        """Note how far it is."""
        self.what, self.share = what, share


class Shelf:
    """Every model of an app.

    Args:
        catalog: what may be asked for.
        engine: "litert" or "tensorflow".
        revision: of the encoder that the app begins with.
        heads: of that encoder; see `loading.load`.

    Attributes:
        notice: why the app does not run on what the host wanted; "" where it does.
    """

    def __init__(
        self,
        catalog: Catalog,
        *,
        engine: str = "litert",
        revision: str | None = None,
        heads: str | Path | bool | None = None,
    ) -> None:
        self.catalog, self.notice = catalog, ""
        self._engine, self._revision, self._heads = engine, revision, heads
        self._kept: OrderedDict[str, Loading] = OrderedDict()
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(LOADED_AT_ONCE, thread_name_prefix="bertsim-load")

    @classmethod
    def of(cls, model: SimilarityModel, catalog: Catalog) -> Shelf:
        """A shelf that begins with a model that is loaded already."""
        shelf = cls(catalog, engine=model.engine)
        loading = Loading(catalog.start)
        loading.future.set_result(model)
        shelf._kept[catalog.start.name] = loading
        return shelf

    def ask(self, name: str | None = None) -> Loading:
        """Begin to load a model, unless it is there or on its way; one that could not be had is tried again.

        Args:
            name: of an offer; None = what the app begins with.

        Raises:
            InputError: it is not offered, or too many are on their way.
        """
        offer = self.catalog.find(name)
        with self._lock:
            kept = self._kept.get(offer.name)
            if kept is None or (kept.is_done and kept.future.exception() is not None):
                if sum(not each.is_done for each in self._kept.values()) > LOADED_AT_ONCE + ROOM:
                    raise InputError(
                        f"{offer.name} has to wait: others are being loaded; try again in a moment."
                    )
                kept = self._kept[offer.name] = Loading(offer)
                self._threads.submit(self._fill, kept)
            self._kept.move_to_end(offer.name)
            self._make_room()
        return kept

    def get(self, name: str | None = None, patience: float = PATIENCE) -> SimilarityModel:
        """A model, loaded if need be.

        Raises:
            InputError: it is not offered, or not there in time: says how far it is.
            BertsimError: it cannot be had.
        """
        loading = self.ask(name)
        if not loading.wait(patience):
            share = "" if loading.share is None else f", {loading.share:.0%}"
            raise InputError(
                f"{loading.offer.name} is not there yet ({loading.what}{share}); ask again in a moment, "
                f"or use {BUNDLED_OFFER.name}."
            )
        return loading.model()

    def _make_room(self) -> None:
        """Drop what was asked for longest ago, of the models that visitors chose."""
        pinned = {BUNDLED_OFFER.name, self.catalog.start.name}
        chosen = [name for name, each in self._kept.items() if name not in pinned and each.is_done]
        for name in chosen[: max(0, len(chosen) - ROOM)]:
            del self._kept[name]

    def _fill(self, loading: Loading) -> None:
        """Load one model and make its first comparison, which takes longer than any other."""
        try:
            begin = self._begin if loading.offer == self.catalog.start else self._load
            model = begin(loading.offer, loading.tell)
            model.compare("The first comparison", "takes longer: let it be this one")
        except BaseException as error:  # noqa: BLE001 - whoever waits for the model gets it, bugs included
            loading.future.set_exception(error)
        else:
            loading.future.set_result(model)

    def _load(self, offer: Offer, tell: Tell, heads: str | Path | bool | None = None) -> SimilarityModel:
        return load(offer.source, revision=offer.revision, engine=self._engine, heads=heads, progress=tell)

    def _begin(self, offer: Offer, tell: Tell) -> SimilarityModel:
        """Load what the app begins with; without its heads, or the bundled encoder, where that cannot be had."""
        if self._heads is not None:
            try:
                return self._load(self._revised(offer), tell, self._heads)
            except BertsimError as error:
                self.notice = f"The heads {self._heads} are not used: {error}"
        try:
            return self._load(self._revised(offer), tell)
        except BertsimError as error:
            if offer == BUNDLED_OFFER:
                raise
            self.notice = f"{error} Until then the app runs on the bundled encoder."
        return self._load(BUNDLED_OFFER, tell)

    def _revised(self, offer: Offer) -> Offer:
        if self._revision is None:
            return offer
        return Offer(offer.name, offer.source, offer.megabytes, offer.good_for, self._revision)
