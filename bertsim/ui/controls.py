"""The controls of the page: what a model allows each to be, and the link that restores them; nothing is stored.

In: a model, or a checkpoint folder. Out: `Choices`, which lays controls out, updates them, and reads and writes the
query of a link.
"""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import gradio as gr
from gradio.component_meta import ComponentMeta

from bertsim.bert.checkpoint import has_pooler
from bertsim.bert.config import BertConfig
from bertsim.bert.folder import open_folder
from bertsim.bert.pooling import COMBINES
from bertsim.errors import InputError
from bertsim.heads.reading import HEADS_FOLDER, find_heads
from bertsim.model.loading import BUNDLED, BUNDLED_NAME
from bertsim.model.similarity import SimilarityModel
from bertsim.records import COMBINED
from bertsim.score.calibration import COMBINED_NAME
from bertsim.text.tokenizer import MIN_LENGTH
from bertsim.ui.pairs import LAST, layer_choices
from bertsim.ui.tabs import TABS
from bertsim.views.attention import ALL_HEADS, ALL_LAYERS, PACKED, PARTS
from bertsim.views.markup import sendable
from bertsim.views.meets import ACROSS
from bertsim.views.overview import COSINES

POOLINGS = ("mean", "cls", "max", "mean_max", "pooler")
CROSS = "pooled"  # what a head is called that has the form of every cross-encoder
LONGEST = 12_000
"""Characters of a query that every browser, server and proxy between them take."""
# The controls by their keys, which are their names in a link; what has no label is kept and not seen: the keys of the
# tokens that are hidden ("mask") and pinned ("pins"), the matrix that is open ("layer", "head").
LABELS: Mapping[str, dict[str, Any]] = {
    "pooling": {"label": "Pooling", "info": "From tokens to one vector."},
    "layers": {"label": "Layers", "info": "Where token vectors come from."},
    "combine": {"label": "Combine", "info": "Of several layers."},
    "max_length": {"label": "Tokens read", "info": "Of each sentence."},
    "mask": {},
    "scorer": {"label": "Read together by"},
    "both": {"label": "Hide both of a pair"},
    "numbers": {"label": "Ids, positions, types, mask"},
    "part": {"label": "Attention shown"},
    "special": {"label": "Leave out [CLS] and [SEP]"},
    "layer": {},
    "head": {},
    "poolings": {"label": "Other poolings too"},
    "pins": {},
}
KEYS = ("mask", "pins")
"""Controls whose value is keys of tokens."""
NO_HEAD = "no trained head"
# The tabs of old links, and what they were drawn with unless the link said otherwise.
_OLD_TABS: Mapping[str, tuple[str, dict[str, str]]] = {
    "tokens": ("saw", {"numbers": "True"}),
    "mask": ("saw", {}),
    "matter": ("saw", {}),
    "alignment": ("meets", {"head": COSINES}),
    "attention": ("meets", {"part": PACKED, "head": ALL_HEADS, "special": "False"}),
}


class _NoStub(ComponentMeta):
    """Makes a component's class as any other, without the stub that gradio writes beside its source."""

    __new__ = ABCMeta.__new__  # type: ignore[assignment]


class Slider(gr.Slider, metaclass=_NoStub):
    """A slider; whatever is typed into its box counts as the nearest number that it allows."""

    is_template = True  # to the browser it is Gradio's, of the same name

    def preprocess(self, payload: float | None) -> float:
        """The number in use; of an emptied box, until the browser fills it, what it began with."""
        number = self.value if payload is None else payload
        return float(min(max(number, self.minimum), self.maximum))


class WholeSlider(Slider):
    """The same of whole numbers."""

    def preprocess(self, payload: float | None) -> int:
        """The nearest whole number."""
        return round(super().preprocess(payload))


class Chosen(gr.Dropdown, metaclass=_NoStub):
    """A list to choose from; a choice that it has no more, as of another encoder a moment ago, counts as its value."""

    is_template = True  # to the browser it is a dropdown
    is_lenient = True

    def preprocess(self, payload: Any) -> Any:
        """The choice in use."""
        return payload if payload in [value for _, value in self.choices] else self.value


@dataclass(frozen=True)
class Choices:
    """What a model allows each control to be.

    Attributes:
        encoder: its name, as links and endpoints have it: that of an offer, which may name a revision.
        options: by key of a control: its values in order, a range where it is a slider.
        defaults: by key: what a new visitor finds.
    """

    encoder: str
    options: Mapping[str, Sequence[Any]]
    defaults: Mapping[str, Any]

    @classmethod
    def of(cls, model: SimilarityModel, encoder: str = "") -> Choices:
        """What a loaded model allows, which is offered by this name; "": by its own."""
        own = model.default_pooling, model.max_length
        return cls._of(encoder or model.name, model.config, *own, model.scorers_of("packed"), model.has_pooler)

    @classmethod
    def of_bundled(cls) -> Choices:
        """What the bundled encoder allows, from its files: the page is there before any model is.

        Raises:
            CheckpointError: a file is missing or damaged.
        """
        large = [path.name for path in BUNDLED.rglob("*") if path.suffix in (".safetensors", ".tflite")]
        folder = open_folder(BUNDLED, BUNDLED_NAME, unread=large)
        heads = find_heads(BUNDLED / HEADS_FOLDER, folder)
        read = [head for head in heads if head.config.similar is not None and head.config.inputs == "packed"]
        scorers = [head.name for head in read]
        scorers += [COMBINED] if scorers and (BUNDLED / COMBINED_NAME).exists() else []
        own = folder.embedding.pooling, folder.embedding.max_length
        return cls._of(folder.name, folder.config, *own, tuple(scorers), has_pooler(BUNDLED))

    @classmethod
    def _of(
        cls, name: str, config: BertConfig, pooling: str, max_length: int, scorers: tuple[str, ...], has_pooler: bool
    ) -> Choices:
        layers, heads = config.num_hidden_layers, config.num_attention_heads
        together = scorers or (NO_HEAD,)
        poolings = [each for each in POOLINGS if has_pooler or each != "pooler"]
        allowed: dict[str, tuple[Any, Sequence[Any]]] = {
            "pooling": (pooling, poolings if pooling in poolings else [pooling, *poolings]),
            "layers": (LAST, list(layer_choices(layers))),
            "combine": (COMBINES[0], COMBINES),
            "max_length": (max_length, range(MIN_LENGTH, config.max_position_embeddings + 1)),
            "mask": ([], ()),
            "scorer": (CROSS if CROSS in scorers else together[0], together),
            "both": (False, (False, True)),
            "numbers": (False, (False, True)),
            "part": (PARTS[0], PARTS),
            "special": (True, (False, True)),
            "layer": (ACROSS, [ACROSS, ALL_LAYERS, *map(str, range(layers + 1))]),
            "head": (ACROSS, [ACROSS, COSINES, ALL_HEADS, *map(str, range(1, heads + 1))]),
            "poolings": (False, (False, True)),
            "pins": ([], ()),
        }
        defaults, options = (dict(zip(allowed, column, strict=True)) for column in zip(*allowed.values(), strict=True))
        return cls(name, options, defaults)

    def build(self, key: str) -> Any:
        """Lay out a control."""
        options = self.options[key]
        if key == "pins":  # which the browser fills in
            return gr.Textbox(visible=False)
        if not LABELS[key]:
            return gr.State(self.defaults[key])
        kind = WholeSlider if isinstance(options, range) else gr.Checkbox if options == (False, True) else Chosen
        return kind(value=self.defaults[key], **self._bounds(key), **LABELS[key])

    def _bounds(self, key: str) -> dict[str, Any]:
        options = self.options[key]
        if isinstance(options, range):
            return {"minimum": options[0], "maximum": options[-1], "step": 1}
        return {} if not LABELS[key] or options == (False, True) else {"choices": list(options)}

    def update(self, key: str, value: Any) -> Any:
        """What to send to a control: its options and its value."""
        return gr.update(**self._bounds(key), value=" ".join(value) if key == "pins" else value)

    def within(self, key: str, value: Any) -> Any:
        """A value where it is allowed, else the default; what the browser says is pinned, as keys."""
        if key in KEYS:
            return self.checked(key, value.split()) if isinstance(value, str) else value or []
        return value if value in self.options[key] else self.defaults[key]

    def checked(self, key: str, value: Any) -> Any:
        """A value as it is to be kept. Raises InputError where it is none that the control can have."""
        return self._read(key, ",".join(value), ()) if key in KEYS else self._read(key, str(value), self.options[key])

    def write_link(self, a: str, b: str, tab: str, values: Mapping[str, Any], start: str) -> str:
        """The query of a page: everything that differs from what a new visitor finds, whose encoder is `start`.

        Raises:
            InputError: it would be too long to be opened.
        """
        keys = {key: ",".join(self.within(key, values[key])) for key in KEYS if key in values}
        own = {**values, **keys, "encoder": self.encoder, "tab": tab}
        new = {**self.defaults, **dict.fromkeys(keys, ""), "encoder": start, "tab": TABS[0].name}
        query = urlencode({"a": sendable(a), "b": sendable(b), **_differences(own, new)})
        if len(query) > LONGEST:
            raise InputError(
                f"The link would have {len(query):,} characters, and {LONGEST:,} are the most that can be opened; "
                "shorten the sentences."
            )
        return query

    def settings_query(self, values: Mapping[str, Any], start: str) -> dict[str, Any]:
        """What of encoder and settings differs from what a new visitor finds, whose encoder is `start`."""
        new = {key: self.defaults[key] for key in ("pooling", "layers", "combine", "max_length", "scorer")}
        return _differences({**values, "encoder": self.encoder}, new | {"encoder": start})

    def read_link(self, query: Mapping[str, str]) -> tuple[str, dict[str, Any], str]:
        """What a query asks for, as the visitor's browser sent it; keys that mean nothing here are left alone.

        Returns:
            The tab, the value of every control, and what of the link cannot be followed, in one sentence: then the
            others are the defaults.
        """
        tabs = [tab.name for tab in TABS]
        query = self._renew(query)
        try:
            tab = self._read("tab", query.get("tab", tabs[0]), tabs)
            named = {key: self._read(key, query[key], each) for key, each in self.options.items() if key in query}
        except InputError as error:
            problem = f"The link could not be followed: {error}; here are the defaults."
            return tabs[0], dict(self.defaults), problem
        return tab, {**self.defaults, **named}, ""

    def _renew(self, query: Mapping[str, str]) -> Mapping[str, str]:
        """An old link in today's words."""
        if query.get("tab") not in _OLD_TABS:
            return query
        tab, usual = _OLD_TABS[query["tab"]]
        renewed = {**usual, **query, "tab": tab}
        if tab == "meets":
            renewed["layer"] = query.get("align", query.get("layer", str(self.options["layer"][-1])))
        if query.get("scorer") not in self.options.get("scorer", ()):
            renewed.pop("scorer", None)
        return renewed

    def _read(self, key: str, written: str, options: Sequence[Any]) -> Any:
        """The value that a link means."""
        if key in KEYS:
            keys = [part for part in written.split(",") if part]
            is_key = (len(part) < 6 and part[0] in "ab" and part[1:].isdecimal() for part in keys)
            if len(keys) > 1024 or not all(is_key):
                raise InputError(f"{key} is {written[:40]!r}; tokens such as a3,b10 were expected")
            return list(dict.fromkeys(f"{part[0]}{int(part[1:])}" for part in keys))  # each once, as the page calls it
        for option in options:
            if str(option) == written:
                return option
        there = f"; there are {', '.join(options)}" if key == "tab" else f", which {self.encoder} does not offer"
        raise InputError(f"{key} is {written[:40]!r}{there}")


def _differences(own: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return {key: own[key] for key, value in new.items() if own[key] != value}
