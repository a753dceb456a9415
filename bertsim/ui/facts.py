"""What the page has to know of a model to offer its settings: read from a folder before anything is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from safetensors import safe_open

from bertsim.bert.config import BertConfig, EmbeddingConfig
from bertsim.heads.reading import HEADS_FOLDER
from bertsim.model.loading import find_source
from bertsim.records import COMBINED, UNTRAINED
from bertsim.score.combination import NAME as COMBINED_FILE

if TYPE_CHECKING:
    from bertsim.model.similarity import SimilarityModel


@dataclass(frozen=True)
class Facts:
    """A model, as far as the page's controls depend on it.

    Attributes:
        name: of the encoder, as links and endpoints have it.
        layers, heads: how many.
        pooling: the checkpoint's own.
        max_length: tokens read of a sentence where nothing else is chosen.
        longest: the most tokens it can read.
        scorers: the names of its scorers.
        has_pooler: whether "pooler" can be chosen.
    """

    name: str
    layers: int
    heads: int
    pooling: str
    max_length: int
    longest: int
    scorers: tuple[str, ...]
    has_pooler: bool

    @classmethod
    def of(cls, model: SimilarityModel) -> Facts:
        """The facts of a loaded model."""
        config = model.config
        return cls(
            model.name,
            config.num_hidden_layers,
            config.num_attention_heads,
            model.default_pooling,
            model.max_length,
            config.max_position_embeddings,
            model.scorers,
            model.has_pooler,
        )

    @classmethod
    def of_bundled(cls) -> Facts:
        """The facts of the bundled encoder, from its files.

        Raises:
            CheckpointError: a file is missing or damaged.
        """
        folder, name, _ = find_source(None, None)
        config = BertConfig.from_folder(folder)
        embedding = EmbeddingConfig.from_folder(folder, config)
        heads = sorted(path.parent.name for path in (folder / HEADS_FOLDER).glob("*/config.json"))
        joined = (COMBINED,) if (folder / COMBINED_FILE).exists() else ()
        with safe_open(folder / "model.safetensors", "numpy") as tensors:
            has_pooler = any("pooler." in name for name in tensors.keys())  # noqa: SIM118 - no mapping
        return cls(
            name,
            config.num_hidden_layers,
            config.num_attention_heads,
            embedding.pooling,
            embedding.max_length,
            config.max_position_embeddings,
            (*UNTRAINED, *heads, *joined),
            has_pooler,
        )
