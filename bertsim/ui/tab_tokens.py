"""The tab "Tokens": input anatomy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from bertsim.records import Comparison
from bertsim.ui.facts import Facts
from bertsim.ui.settings import Settings
from bertsim.ui.tabs import Tab, picture
from bertsim.views.anatomy import anatomy

if TYPE_CHECKING:
    from bertsim.model.similarity import SimilarityModel


def draw_tokens(pipeline: SimilarityModel, settings: Settings, comparison: Comparison) -> str:
    """The tokens of both sentences, as the encoder got them."""
    return anatomy(comparison.tokens)


def build_tokens_tab(facts: Facts) -> Tab:
    """Tokens of both sentences with id, position, token type and attention mask."""
    with gr.Tab("Tokens", id="tokens", elem_id="bs-tab-tokens"):
        return Tab("tokens", picture("Tokens", "bs-tokens"), draw_tokens)
