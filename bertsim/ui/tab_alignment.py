"""The tab "Alignment": token-to-token cosines and BERTScore."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from bertsim.records import Comparison
from bertsim.ui.controls import Control, WholeSlider
from bertsim.ui.facts import Facts
from bertsim.ui.settings import Settings
from bertsim.ui.tabs import Tab, picture
from bertsim.views.alignment import alignment_view

if TYPE_CHECKING:
    from bertsim.model.similarity import SimilarityModel


def draw_alignment(pipeline: SimilarityModel, settings: Settings, comparison: Comparison, layer: int) -> str:
    """Which tokens of the two sentences are alike at a layer."""
    return alignment_view(comparison, layer)


def build_alignment_tab(facts: Facts) -> Tab:
    """Cosine of every token pair at a chosen layer, best matches, BERTScore."""
    with gr.Tab("Alignment", id="alignment", elem_id="bs-tab-alignment"):
        layer = WholeSlider(
            0,
            facts.layers,
            value=facts.layers,
            step=1,
            label="Layer (0 = embeddings)",
            elem_classes="bs-control",
        )
        shown = picture("Alignment", "bs-alignment")
    chosen = Control("align", layer, lambda facts: range(facts.layers + 1), lambda facts: facts.layers)
    return Tab("alignment", shown, draw_alignment, (chosen,))
