"""The tab "Layers": where in the network the two sentences become alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from bertsim.records import Comparison
from bertsim.ui.facts import Facts
from bertsim.ui.settings import Settings
from bertsim.ui.tabs import Tab, picture
from bertsim.views.layers import layers_view

if TYPE_CHECKING:
    from bertsim.model.similarity import SimilarityModel


def draw_layers(pipeline: SimilarityModel, settings: Settings, comparison: Comparison) -> str:
    """The pair's cosine at every layer and pooling."""
    return layers_view(comparison)


def build_layers_tab(facts: Facts) -> Tab:
    """Curves of the pair's cosine over the layers."""
    with gr.Tab("Layers", id="layers", elem_id="bs-tab-layers"):
        return Tab("layers", picture("Layers", "bs-layers"), draw_layers)
