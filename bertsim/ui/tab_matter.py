"""The tab "Which tokens matter": each token hidden in turn."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import gradio as gr

from bertsim.records import Comparison
from bertsim.score.explain import occlude
from bertsim.ui.controls import Control
from bertsim.ui.facts import Facts
from bertsim.ui.settings import Settings
from bertsim.ui.tabs import Tab, picture
from bertsim.views.matter import matter_view

if TYPE_CHECKING:
    from bertsim.model.similarity import SimilarityModel


def draw_matter(pipeline: SimilarityModel, settings: Settings, comparison: Comparison, scorer: str) -> str:
    """How much the chosen score changes without each token."""
    score_masked = partial(settings.score_masked, pipeline, comparison, scorer)
    return matter_view(comparison, occlude(comparison, scorer, score_masked))


def build_matter_tab(facts: Facts) -> Tab:
    """Signed bars for the tokens of both sentences."""
    with gr.Tab("Which tokens matter", id="matter", elem_id="bs-tab-matter"):
        scorer = gr.Dropdown(
            list(facts.scorers),
            value="cosine",
            label="Scorer",
            info="Whose score is watched.",
            elem_classes="bs-control",
        )
        shown = picture("Which tokens matter", "bs-matter-view")
    chosen = Control("scorer", scorer, lambda facts: facts.scorers, lambda facts: "cosine")
    return Tab("matter", shown, draw_matter, (chosen,))
