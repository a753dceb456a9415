"""The tab "Attention": one layer and head of the packed pair, and an overview of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from bertsim.records import Comparison
from bertsim.ui.controls import Control, WholeSlider
from bertsim.ui.facts import Facts
from bertsim.ui.settings import Settings
from bertsim.ui.tab_mask import apply_mask
from bertsim.ui.tabs import Tab, picture
from bertsim.views.attention import MEAN, PARTS, AttentionChoice, attention_view

if TYPE_CHECKING:
    from bertsim.pipeline import SimilarityModel


def draw_attention(
    pipeline: SimilarityModel,
    settings: Settings,
    comparison: Comparison,
    layer: int,
    head: str,
    part: str,
    hides_special: bool,
    masked: list[str],
) -> str:
    """Who attends to whom in one layer and head, under the mask that was pressed together."""
    choice = AttentionChoice(layer, None if head == MEAN else int(head), part, hides_special)
    _, after = apply_mask(pipeline, settings, comparison, masked)
    return attention_view(comparison, choice, after)


def open_head(event: gr.EventData) -> tuple[int, str]:
    """The layer and the head of the small picture that was pressed."""
    layer, head = str(event.key).split("-")
    return int(layer), head


def _heads(facts: Facts) -> list[str]:
    return [MEAN, *map(str, range(1, facts.heads + 1))]


def build_attention_tab(facts: Facts) -> Tab:
    """Selectors of layer, head and part, above the picture; a small picture opens its head."""
    with gr.Tab("Attention", id="attention", elem_id="bs-tab-attention"):
        with gr.Row(elem_classes="bs-controls"):
            layer = WholeSlider(1, facts.layers, value=facts.layers, step=1, label="Layer")
            head = gr.Dropdown(_heads(facts), value=MEAN, label="Head")
            part = gr.Dropdown(list(PARTS), value=PARTS[0], label="From → to")
            hides_special = gr.Checkbox(label="Hide [CLS] and [SEP]", value=False)
        shown = picture("Attention", "bs-attention")
    controls = (
        Control("layer", layer, lambda facts: range(1, facts.layers + 1), lambda facts: facts.layers),
        Control("head", head, _heads, lambda facts: MEAN),
        Control("part", part, lambda facts: PARTS, lambda facts: PARTS[0]),
        Control("special", hides_special, lambda facts: (False, True), lambda facts: False),
    )
    return Tab("attention", shown, draw_attention, controls, sees_mask=True)
