"""The upper half of the page: two sentences in, a judgement and every measure out."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from bertsim.bert.pooling import COMBINES
from bertsim.text.tokenizer import MIN_LENGTH
from bertsim.ui.controls import Control, WholeSlider
from bertsim.ui.encoders import EncoderPanel, build_encoders, build_line
from bertsim.ui.examples import EXAMPLES
from bertsim.ui.facts import Facts
from bertsim.ui.settings import LAST, layer_choices, pooling_choices
from bertsim.ui.shelf import Shelf
from bertsim.ui.tabs import picture
from bertsim.views.markup import placeholder
from bertsim.views.page import choices, masthead

# The persistent element is the live region: what is written into it is read aloud, itself is never replaced.
_LIVE_JS = 'element.setAttribute("role", "status"); element.setAttribute("aria-live", "polite");'
SWAP_JS = "(a, b) => [b, a]"
# The address bar has the link even where a browser refuses the clipboard.
LINK_JS = """(query) => {
  if (!query) return;
  const url = new URL(window.location.href);
  url.search = query;
  history.replaceState(null, "", url);
  navigator.clipboard?.writeText(url.href).catch(() => {});
}"""


@dataclass(frozen=True)
class ComparePanel:
    """The components of the upper half that events are wired to.

    Attributes:
        settings: the values after the encoder of a `Settings`, in order.
    """

    sentence_a: gr.Textbox
    sentence_b: gr.Textbox
    swap: gr.Button
    run: gr.Button
    link: gr.Button
    examples: gr.HTML
    encoders: EncoderPanel
    settings: tuple[Control, ...]
    verdict: gr.HTML
    bars: gr.HTML
    past: gr.HTML


def _sentence(letter: str, example: str) -> gr.Textbox:
    return gr.Textbox(
        example,
        label=f"Sentence {letter}",
        placeholder="Type or paste a sentence, then press Enter",
        lines=1,
        max_lines=8,
        elem_id=f"bs-{letter.lower()}",
        scale=1,
        min_width=240,
    )


def _settings(facts: Facts) -> tuple[Control, ...]:
    """The four settings, in the order of `Settings`."""
    with gr.Row():
        pooling = gr.Dropdown(
            pooling_choices(facts.pooling, facts.has_pooler),
            value=facts.pooling,
            label="Pooling",
            info="From tokens to one vector.",
        )
        layers = gr.Dropdown(
            list(layer_choices(facts.layers)),
            value=LAST,
            label="Layers",
            info="Where token vectors come from.",
        )
        combine = gr.Dropdown(
            list(COMBINES),
            value=COMBINES[0],
            label="Combine",
            info="Of several layers.",
        )
        max_length = WholeSlider(
            MIN_LENGTH,
            facts.longest,
            value=facts.max_length,
            step=1,
            label="Tokens read",
            info="Of each sentence.",
        )
    return (
        Control(
            "pooling",
            pooling,
            lambda facts: pooling_choices(facts.pooling, facts.has_pooler),
            lambda facts: facts.pooling,
        ),
        Control("layers", layers, lambda facts: list(layer_choices(facts.layers)), lambda facts: LAST),
        Control("combine", combine, lambda facts: COMBINES, lambda facts: COMBINES[0]),
        Control(
            "max_length",
            max_length,
            lambda facts: range(MIN_LENGTH, facts.longest + 1),
            lambda facts: facts.max_length,
        ),
    )


def build_compare(shelf: Shelf, facts: Facts) -> ComparePanel:
    """Lay out the two boxes, the examples, the encoders, the settings and the result."""
    gr.HTML(masthead(), apply_default_css=False)
    _, *example = EXAMPLES[0]
    with gr.Row(elem_id="bs-pair"):
        sentence_a = _sentence("A", example[0])
        swap = gr.Button("Swap", elem_id="bs-swap", min_width=44, scale=0)
        sentence_b = _sentence("B", example[1])
    with gr.Row(elem_id="bs-actions"):
        run = gr.Button("Compare", variant="primary", elem_id="bs-run", scale=0)
        examples = picture("Examples", "bs-examples", choices("Try", [name for name, _, _ in EXAMPLES]))
        link = gr.Button("Copy link", size="sm", elem_id="bs-link", scale=0, min_width=96)
    line = build_line()
    with gr.Accordion("Encoder and settings", open=False, elem_id="bs-settings"):
        encoders = build_encoders(shelf, line)
        settings = _settings(facts)
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
    return ComparePanel(
        sentence_a, sentence_b, swap, run, link, examples, encoders, settings, verdict, bars, past
    )
