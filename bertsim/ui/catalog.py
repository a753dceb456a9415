"""Which encoders a host offers to whoever uses its app: the allow-list, the same for the page and every endpoint.

In: the environment. Out: `Catalog`. Always offered are the bundled encoder and the one that the host starts with
(BERTSIM_ENCODER); beside them what BERTSIM_ENCODERS names (folders and ids of the Hub, separated by commas), or, where
it is not set, a few well-known encoders of the Hub. Any other id of the Hub only with BERTSIM_ALLOW_ANY_ENCODER=1; a
folder that the host did not name, never. Such a repository may have BERTSIM_MAX_MEGABYTES at most (2000), and whatever
a visitor chooses may take BERTSIM_MAX_MINUTES to arrive (30).

Source of the sizes: `model.safetensors` of each repository, as the Hub lists it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bertsim.errors import InputError
from bertsim.model.loading import BUNDLED_NAME

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[\w./-]+)?")
_LONGEST = 200


@dataclass(frozen=True)
class Offer:
    """One encoder that may be chosen.

    Attributes:
        name: what it is called in links, endpoints and results: an id of the Hub, or the name of a folder.
        source: what `loading.load` takes: None = the bundled encoder, a folder, or an id of the Hub.
        megabytes: what has to be downloaded; None = nothing, or not known.
        good_for: what it is good for, in a few words.
        revision: commit, branch or tag of a repository of the Hub.
    """

    name: str
    source: str | None
    megabytes: int | None = None
    good_for: str = ""
    revision: str | None = None

    @property
    def size(self) -> str:
        """What it weighs, in words."""
        if self.source is None:
            return "bundled"
        return "on disk" if self.megabytes is None else f"{self.megabytes} MB"

    def named(self, message: str) -> str:
        """A message as visitors may see it: with the name where it has the host's folder."""
        return message.replace(self.source, self.name) if self.source else message


BUNDLED_OFFER = Offer(BUNDLED_NAME, None, good_for="at once and offline")
_MINILM = "what the bundled encoder was tuned from, as it came: English sentences, apart"
_BASE = "the original BERT: attention and layers; its cosines are all high"
_CROSS = "reads both sentences at once; its score is a head's, its cosine means little"
WELL_KNOWN = tuple(
    Offer(name, name, megabytes, good_for)
    for name, megabytes, good_for in (
        ("sentence-transformers/all-MiniLM-L6-v2", 91, _MINILM),
        ("BAAI/bge-small-en-v1.5", 133, "search and retrieval in English; reads 512 tokens"),
        ("sentence-transformers/bert-base-nli-max-tokens", 438, "entailment; BERT base with max pooling"),
        ("google-bert/bert-base-uncased", 440, _BASE),
        ("cross-encoder/stsb-TinyBERT-L4", 57, _CROSS),
        ("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", 471, "fifty languages, also across them"),
    )
)


@dataclass(frozen=True)
class Catalog:
    """What may be chosen.

    Attributes:
        offers: in the order in which they are shown, the bundled encoder first.
        start: what an app begins with.
        allows_any: whether any other id of the Hub may be chosen too.
        max_bytes: of such a repository.
        max_seconds: until what a visitor chose has arrived.
    """

    offers: tuple[Offer, ...]
    start: Offer
    allows_any: bool
    max_bytes: int
    max_seconds: float

    def find(self, name: str | None) -> Offer:
        """The offer of a name; None = what the app begins with.

        Raises:
            InputError: it is not offered; names what is.
        """
        if name is None:
            return self.start
        for offer in self.offers:
            if offer.name == name:
                return offer
        if self.allows_any and isinstance(name, str) and len(name) <= _LONGEST and _REPOSITORY.fullmatch(name):
            offer = _repository(name)
            if not Path(str(offer.source)).exists():  # an id never opens a folder of the host
                return offer
        known = ", ".join(offer.name for offer in self.offers)
        more = "; or any id of the Hub, user/name" if self.allows_any else ""
        raise InputError(f"encoder is {str(name)[:80]!r}, which is not offered here; offered are {known}{more}.")


def offered(environment: Mapping[str, str], encoder: str | Path | None = None) -> Catalog:
    """Read what the host offers.

    Args:
        environment: its variables.
        encoder: what to begin with; None = BERTSIM_ENCODER, without it the bundled encoder.

    Raises:
        InputError: two encoders of one name, or a size or a time that is no number.
    """
    start = _offer(str(encoder or environment.get("BERTSIM_ENCODER", "")).strip())
    listed = environment.get("BERTSIM_ENCODERS")
    named = [_offer(part.strip()) for part in (listed or "").split(",") if part.strip()]
    found: dict[str, Offer] = {}
    for offer in (BUNDLED_OFFER, start, *(WELL_KNOWN if listed is None else named)):
        if found.setdefault(offer.name, offer).source != offer.source:
            raise InputError(
                f"BERTSIM_ENCODER and BERTSIM_ENCODERS name two encoders called {offer.name}; rename one folder."
            )
    allows_any = is_set(environment.get("BERTSIM_ALLOW_ANY_ENCODER", ""))
    max_bytes = whole_number(environment, "BERTSIM_MAX_MEGABYTES", "2000") * 1_000_000
    max_seconds = whole_number(environment, "BERTSIM_MAX_MINUTES", "30") * 60.0
    return Catalog(tuple(found.values()), found[start.name], allows_any, max_bytes, max_seconds)


def whole_number(environment: Mapping[str, str], name: str, otherwise: str) -> int:
    """A variable of the environment, or what it is otherwise. Raises: InputError, where that is no whole number."""
    value = environment.get(name) or otherwise
    if not value.isdecimal():
        raise InputError(f"{name} is {value!r}; a whole number was expected.")
    return int(value)


def is_set(value: str) -> bool:
    """Whether a variable of the environment says yes. Example: "1" -> True."""
    return value.strip().lower() in ("1", "true", "yes")


def _offer(source: str) -> Offer:
    """An encoder that the host names."""
    if not source or source == BUNDLED_NAME:
        return BUNDLED_OFFER
    folder = Path(source).expanduser()
    if folder.is_dir():
        return Offer(folder.resolve().name, str(folder), good_for="a folder of this machine")
    well_known = {offer.name: offer for offer in WELL_KNOWN}
    return well_known.get(source) or _repository(source, "chosen by the host")


def _repository(name: str, good_for: str = "") -> Offer:
    """A repository of the Hub, perhaps with a revision. Example: "user/name@v2"."""
    repository, _, revision = name.partition("@")
    return Offer(name, repository, good_for=good_for, revision=revision or None)
