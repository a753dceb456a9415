"""A pair under the settings of the page, compared once for all that is drawn of it.

In: a model, settings, two sentences, a mask. Out: a `Pair`. The latest comparisons of a process, and what follows from
them, are kept within so many bytes; tabs, controls and links share them.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from weakref import ref

from bertsim.model.embedder import Options
from bertsim.model.similarity import SimilarityModel
from bertsim.records import UNTRAINED, Comparison, Float, Int
from bertsim.text.unread import withheld
from bertsim.ui.kept import Kept
from bertsim.views.explain import Occlusion, check_masks, layer_profile, occlude
from bertsim.views.result import Origin
from bertsim.views.ruler import Way

LAST = "last"
SETTINGS = ("pooling", "layers", "combine", "max_length")


def layer_choices(num_hidden_layers: int) -> dict[str, tuple[int, ...] | None]:
    """The sets of layers that the page offers, by name. Example: 2 layers -> last, second to last, all."""
    choices: dict[str, tuple[int, ...] | None] = {LAST: None, "second to last": (-2,)}
    if num_hidden_layers >= 4:
        choices["last four"] = (-4, -3, -2, -1)
    choices["all"] = tuple(range(num_hidden_layers + 1))
    return choices


@dataclass(frozen=True)
class Settings:
    """How sentence vectors are made, as the page's controls have it; `layers`: a key of `layer_choices`."""

    encoder: str
    pooling: str
    layers: str
    combine: str
    max_length: int

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Settings:
        """Those among other values, by key."""
        return cls(**{key: values[key] for key in ("encoder", *SETTINGS)})

    def options(self, model: SimilarityModel) -> Options:
        """As the model's methods take them."""
        layers = layer_choices(model.config.num_hidden_layers)[self.layers]
        return Options(pooling=self.pooling, layers=layers, combine=self.combine, max_length=self.max_length)


@dataclass(frozen=True)
class Pair:
    """A pair as a model compared it under some settings, and where what follows from that is kept too."""

    model: SimilarityModel
    settings: Settings
    comparison: Comparison
    pairs: Pairs

    @property
    def options(self) -> Options:
        """Its settings as the model's methods take them."""
        return self.settings.options(self.model)

    @property
    def origin(self) -> Origin:
        """What the result line says of how the numbers came about."""
        model, options = self.model, self.options
        used = vars(model.resolve(**options)) | {"layers": options["layers"]}
        heads = {name: model.head_config(name) for name in model.heads}
        size = model.config.num_parameters
        return Origin(model.name, model.engine, parameters=size, words=model.words, heads=heads, **used)

    def rescore(self, attention_mask: Int) -> Comparison:
        """The pair under another attention mask, int32 [2, seq].

        Raises:
            InputError: nothing is left of a sentence.
        """
        own = self.comparison
        check_masks(attention_mask)
        if (attention_mask == own.tokens.attention_mask).all():
            return own
        compute = partial(self.model.rescore, own, attention_mask, **self.options)
        return self.pairs.kept(self._key(attention_mask.tobytes()), compute)

    def occlusion(self, scorer: str, *, waits: bool) -> Occlusion | None:
        """A scorer's score with each token hidden in turn; where it is not known yet and nobody waits, None."""
        key = self._key(f"without each, {scorer}")
        if not waits:
            return self.pairs.known(key)
        score = partial(self.model.score_masked, self.comparison, scorer=scorer, **self.options)
        return self.pairs.kept(key, partial(occlude, self.comparison, scorer, score))

    def way(self, scorer: str, *, waits: bool) -> Way:
        """How a scorer read the pair; without a ruler where none is known yet and nobody waits, or none says much."""
        key, ruler, own = (ref(self.model), "ruler", scorer), None, self.comparison
        inputs = "packed" if scorer in self.model.scorers_of("packed") else "apart"
        has_meaning = not withheld(*((inputs == "packed" and own.unread_together) or own.unread))
        if has_meaning and (scorer not in UNTRAINED or self.model.resolve(**self.options).is_default):
            ask = partial(self.model.ruler, scorer)
            ruler = self.pairs.kept(key, ask) if waits else self.pairs.known(key)
        return Way(inputs, self.comparison[scorer], ruler, self.model.name)

    def profiles(self, pairs: Sequence[tuple[str, str]], poolings: Sequence[str]) -> Float:
        """The cosines of other pairs at every layer, float32 [poolings, pairs, layers + 1]; computed once a model."""

        def compute() -> Float:
            tokens = self.model.tokenize([sentence for pair in pairs for sentence in pair])
            return layer_profile(self.model.encode(tokens), tokens.attention_mask, poolings)

        return self.pairs.kept((ref(self.model), tuple(poolings), hash(tuple(pairs))), compute)

    def _key(self, what: Hashable) -> Hashable:
        own = self.comparison
        return ref(self.model), self.settings, (own.sentence_a, own.sentence_b, what)


class Pairs(Kept):
    """The latest pairs of a process, and what follows from them."""

    def compare(self, model: SimilarityModel, settings: Settings, a: str, b: str) -> Pair:
        """Compare two sentences, unless that was done. Raises InputError as the model does."""
        compute = partial(model.compare, a, b, packed=True, **settings.options(model))
        return Pair(model, settings, self.kept((ref(model), settings, (a, b)), compute), self)
