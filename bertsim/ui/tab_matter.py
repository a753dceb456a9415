"""The tab "Which tokens matter": each token hidden in turn."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import gradio as gr

from bertsim.explain import occlude
from bertsim.records import Comparison
from bertsim.ui.model_facts import ModelFacts
from bertsim.ui.settings import Settings
from bertsim.ui.tabs import Control, Tab, picture
from bertsim.views.matter import matter_view

if TYPE_CHECKING:
    from bertsim.pipeline import SimilarityModel


def draw_matter(pipeline: SimilarityModel, settings: Settings, comparison: Comparison, scorer: str) -> str:
    """How much the chosen score changes without each token."""
    return matter_view(
        comparison, occlude(comparison, scorer, partial(settings.score_masked, pipeline, comparison, scorer))
    )


def build_matter_tab(facts: ModelFacts) -> Tab:
    """Signed bars for the tokens of both sentences."""
    with gr.Tab("Which tokens matter", id="matter"):
        scorer = gr.Dropdown(list(facts.scorers), value="cosine", label="Scorer", elem_classes="bs-control")
        return Tab("matter", picture("Which tokens matter", "bs-matter-view"), draw_matter, (scorer,))
