"""The upper half of the page: two sentences in, a judgement and every measure out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr

from bertsim.tokenization import MIN_LENGTH
from bertsim.ui.examples import EXAMPLES
from bertsim.ui.settings import COMBINES, LAST, POOLINGS, layer_choices
from bertsim.ui.tabs import picture
from bertsim.views.markup import placeholder
from bertsim.views.page import choices, masthead

if TYPE_CHECKING:
    from bertsim.pipeline import SimilarityModel

# The persistent element is the live region: what is written into it is read aloud, itself is never replaced.
_LIVE_JS = 'element.setAttribute("role", "status"); element.setAttribute("aria-live", "polite");'
SWAP_JS = "(a, b) => [b, a]"
LINK_JS = """(a, b) => {
  const url = new URL(window.location.href);
  url.search = new URLSearchParams({ a, b }).toString();
  history.replaceState(null, "", url);
  navigator.clipboard?.writeText(url.href);
}"""


@dataclass(frozen=True)
class ComparePanel:
    """The components of the upper half that events are wired to."""

    sentence_a: gr.Textbox
    sentence_b: gr.Textbox
    swap: gr.Button
    run: gr.Button
    link: gr.Button
    examples: gr.HTML
    pooling: gr.Dropdown
    layers: gr.Dropdown
    combine: gr.Radio
    max_length: gr.Slider
    verdict: gr.HTML
    bars: gr.HTML
    past: gr.HTML

    @property
    def settings(self) -> tuple[gr.Dropdown, gr.Dropdown, gr.Radio, gr.Slider]:
        """The components whose values make a `Settings`."""
        return self.pooling, self.layers, self.combine, self.max_length


def _sentence(letter: str) -> gr.Textbox:
    return gr.Textbox(
        label=f"Sentence {letter}",
        placeholder="Type or paste a sentence, then press Enter",
        lines=1,
        max_lines=8,
        elem_id=f"bs-{letter.lower()}",
        scale=1,
        min_width=240,
    )


def _settings(pipeline: SimilarityModel) -> tuple[gr.Dropdown, gr.Dropdown, gr.Radio, gr.Slider]:
    with gr.Accordion("Settings", open=False, elem_id="bs-settings"), gr.Row():
        pooling = gr.Dropdown(
            [name for name in POOLINGS if name != "pooler"],
            value=pipeline.default_pooling,
            label="Pooling",
            info="From tokens to one vector.",
            allow_custom_value=pipeline.default_pooling not in POOLINGS,
        )
        layers = gr.Dropdown(
            list(layer_choices(pipeline.config.num_hidden_layers)),
            value=LAST,
            label="Layers",
            info="Where token vectors come from.",
        )
        combine = gr.Radio(
            list(COMBINES),
            value=COMBINES[0],
            label="Combine",
            info="Of several layers.",
        )
        max_length = gr.Slider(
            MIN_LENGTH,
            pipeline.max_length,
            value=pipeline.max_length,
            step=1,
            label="Tokens read",
            info="Of each sentence.",
        )
    return pooling, layers, combine, max_length


def build_compare(pipeline: SimilarityModel) -> ComparePanel:
    """Lay out the two boxes, the examples, the settings and the result."""
    gr.HTML(masthead(), apply_default_css=False)
    with gr.Row(elem_id="bs-pair"):
        sentence_a = _sentence("A")
        swap = gr.Button("Swap", elem_id="bs-swap", min_width=44, scale=0)
        sentence_b = _sentence("B")
    with gr.Row(elem_id="bs-actions"):
        run = gr.Button("Compare", variant="primary", elem_id="bs-run", scale=0)
        examples = picture("Examples", "bs-examples", choices("Try", [name for name, _, _ in EXAMPLES]))
        link = gr.Button("Copy link", size="sm", elem_id="bs-link", scale=0, min_width=96)
    settings = _settings(pipeline)
    with gr.Column(elem_id="bs-result"):
        verdict = gr.HTML(
            placeholder("Two sentences, then Enter: the result appears here."),
            elem_id="bs-verdict",
            js_on_load=_LIVE_JS,
            apply_default_css=False,
        )
        bars = gr.HTML("", elem_id="bs-bars", apply_default_css=False)
    with gr.Accordion("Previous pairs of this visit", open=False, elem_id="bs-history"):
        past = picture("Previous pairs", "bs-past", placeholder("None yet."))
    return ComparePanel(sentence_a, sentence_b, swap, run, link, examples, *settings, verdict, bars, past)
