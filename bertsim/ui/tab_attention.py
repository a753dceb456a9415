"""The tab "Attention": one layer and head of the packed pair, and an overview of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from bertsim.records import Comparison
from bertsim.ui.settings import Settings
from bertsim.ui.tabs import Tab, picture
from bertsim.views.attention import MEAN, PARTS, AttentionChoice, attention_view

if TYPE_CHECKING:
    from bertsim.pipeline import SimilarityModel


def draw_attention(
    pipeline: SimilarityModel,
    settings: Settings,
    comparison: Comparison,
    layer: float,
    head: str,
    part: str,
    hides_special: bool,
) -> str:
    """Who attends to whom in one layer and head."""
    chosen = None if head == MEAN else int(head)
    return attention_view(comparison, AttentionChoice(int(layer), chosen, part, hides_special))


def open_head(event: gr.EventData) -> tuple[int, str]:
    """The layer and the head of the small picture that was pressed; their change redraws the tab."""
    layer, head = str(event.key).split("-")
    return int(layer), head


def build_attention_tab(pipeline: SimilarityModel) -> Tab:
    """Selectors of layer, head and part, above the picture; a small picture opens its head."""
    layers, heads = pipeline.config.num_hidden_layers, pipeline.config.num_attention_heads
    with gr.Tab("Attention", id="attention"):
        with gr.Row(elem_classes="bs-controls"):
            layer = gr.Slider(1, layers, value=layers, step=1, label="Layer")
            head = gr.Dropdown([MEAN, *map(str, range(1, heads + 1))], value=MEAN, label="Head")
            part = gr.Dropdown(list(PARTS), value=PARTS[0], label="From → to")
            hides_special = gr.Checkbox(label="Hide [CLS] and [SEP]", value=False)
        shown = picture("Attention", "bs-attention")
    shown.pick(open_head, None, [layer, head], api_visibility="private", show_progress="hidden", queue=False)
    return Tab("attention", shown, draw_attention, (layer, head, part, hides_special))
