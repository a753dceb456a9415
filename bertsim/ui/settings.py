"""The settings of a comparison as the page offers them, and as the pipeline takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertsim.records import Comparison, Float, Int
from bertsim.views.result import Engine

if TYPE_CHECKING:
    from bertsim.model.similarity import SimilarityModel

POOLINGS = ("mean", "cls", "max", "mean_max", "pooler")
LAST = "last"


def pooling_choices(own: str, has_pooler: bool) -> list[str]:
    """The poolings that the page offers, the checkpoint's own among them."""
    offered = [name for name in POOLINGS if has_pooler or name != "pooler"]
    return offered if own in offered else [own, *offered]


def layer_choices(num_hidden_layers: int) -> dict[str, tuple[int, ...] | None]:
    """The sets of layers that the page offers, by name. Example: 2 layers -> last, second to last, all."""
    choices: dict[str, tuple[int, ...] | None] = {LAST: None, "second to last": (-2,)}
    if num_hidden_layers >= 4:
        choices["last four"] = (-4, -3, -2, -1)
    choices["all"] = tuple(range(num_hidden_layers + 1))
    return choices


@dataclass(frozen=True)
class Settings:
    """How sentence vectors are made: one choice of the page each.

    Attributes:
        encoder: its name in the catalog.
        pooling: a name of `POOLINGS`, or the checkpoint's own.
        layers: a key of `layer_choices`.
        combine: a name of `pooling.COMBINES`; matters only for several layers.
        max_length: tokens read of a sentence, special ones included.
    """

    encoder: str
    pooling: str
    layers: str
    combine: str
    max_length: int

    def compare(self, pipeline: SimilarityModel, sentence_a: str, sentence_b: str) -> Comparison:
        """Compare two sentences under these settings."""
        return pipeline.compare(
            sentence_a,
            sentence_b,
            pooling=self.pooling,
            layers=self.chosen(pipeline),
            combine=self.combine,
            max_length=self.max_length,
        )

    def rescore(self, pipeline: SimilarityModel, comparison: Comparison, attention_mask: Int) -> Comparison:
        """The same pair under another attention mask."""
        return pipeline.rescore(
            comparison,
            attention_mask,
            pooling=self.pooling,
            layers=self.chosen(pipeline),
            combine=self.combine,
        )

    def score_masked(
        self, pipeline: SimilarityModel, comparison: Comparison, scorer: str, masks: Int
    ) -> Float:
        """The same pair by one scorer under many attention masks, int32 [n, 2, seq] -> float32 [n]."""
        return pipeline.score_masked(
            comparison,
            masks,
            scorer,
            pooling=self.pooling,
            layers=self.chosen(pipeline),
            combine=self.combine,
        )

    def chosen(self, pipeline: SimilarityModel) -> tuple[int, ...] | None:
        """The layers as the pipeline takes them."""
        return layer_choices(pipeline.config.num_hidden_layers)[self.layers]

    def engine(self, pipeline: SimilarityModel) -> Engine:
        """What the result line says of how the numbers came about."""
        return Engine(
            encoder=pipeline.name,
            engine=pipeline.engine,
            pooling=self.pooling,
            layers=self.chosen(pipeline),
            combine=self.combine,
            max_length=self.max_length,
            parameters=pipeline.config.num_parameters,
            is_default=(self.pooling, self.layers) == (pipeline.default_pooling, LAST),
            words=pipeline.words,
            heads={name: pipeline.head_config(name) for name in pipeline.heads},
        )
