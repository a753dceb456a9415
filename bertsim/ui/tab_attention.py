"""The tab "Attention": one layer and head of the packed pair or of a sentence alone, and an overview of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from bertsim.records import Comparison
from bertsim.ui.controls import Control
from bertsim.ui.facts import Facts
from bertsim.ui.settings import Settings
from bertsim.ui.tab_mask import apply_mask
from bertsim.ui.tabs import Tab, picture
from bertsim.views.attention import ALL_HEADS, ALL_LAYERS, PARTS, AttentionChoice, attention_view

if TYPE_CHECKING:
    from bertsim.model.similarity import SimilarityModel


def draw_attention(
    pipeline: SimilarityModel,
    settings: Settings,
    comparison: Comparison,
    layer: str,
    head: str,
    part: str,
    hides_special: bool,
    masked: list[str],
) -> str:
    """Who attends to whom in one layer and head or on average, under the mask that was pressed together."""
    choice = AttentionChoice(
        None if layer == ALL_LAYERS else int(layer),
        None if head == ALL_HEADS else int(head),
        part,
        hides_special,
    )
    _, after = apply_mask(pipeline, settings, comparison, masked)
    return attention_view(comparison, choice, pipeline.scorers_of(choice.inputs), after)


def open_head(event: gr.EventData) -> tuple[str, str]:
    """The layer and the head of the small picture that was pressed."""
    layer, head = str(event.key).split("-")
    return layer, head


def _layers(facts: Facts) -> list[str]:
    return [ALL_LAYERS, *map(str, range(1, facts.layers + 1))]


def _heads(facts: Facts) -> list[str]:
    return [ALL_HEADS, *map(str, range(1, facts.heads + 1))]


def build_attention_tab(facts: Facts) -> Tab:
    """Selectors of layer, head and part, above the picture; a small picture opens its head."""
    with gr.Tab("Attention", id="attention", elem_id="bs-tab-attention"):
        with gr.Row(elem_classes="bs-controls"):
            part = gr.Dropdown(list(PARTS), value=PARTS[0], label="Shown")
            layer = gr.Dropdown(_layers(facts), value=str(facts.layers), label="Layer")
            head = gr.Dropdown(_heads(facts), value=ALL_HEADS, label="Head")
            hides_special = gr.Checkbox(label="Hide [CLS] and [SEP]", value=False)
        shown = picture("Attention", "bs-attention")
    controls = (
        Control("layer", layer, _layers, lambda facts: str(facts.layers)),
        Control("head", head, _heads, lambda facts: ALL_HEADS),
        Control("part", part, lambda facts: PARTS, lambda facts: PARTS[0]),
        Control("special", hides_special, lambda facts: (False, True), lambda facts: False),
    )
    return Tab("attention", shown, draw_attention, controls, sees_mask=True)
