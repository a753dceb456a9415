"""The tab "The mask, live": press tokens, watch every score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from bertsim.records import Comparison
from bertsim.score.explain import check_masks
from bertsim.ui.controls import Control
from bertsim.ui.facts import Facts
from bertsim.ui.settings import Settings
from bertsim.ui.tabs import Tab, picture
from bertsim.views.mask import function_positions, mask_view, special_positions

if TYPE_CHECKING:
    from bertsim.model.similarity import SimilarityModel


def pressed(comparison: Comparison, masked: list[str], key: str) -> list[str]:
    """The hidden tokens after a press.

    Args:
        comparison: the pair that is shown.
        masked: keys of hidden tokens: sentence and position, "a3".
        key: of a token, or "reset", "content", "special".
    """
    tokens = comparison.tokens
    if key == "reset":
        return []
    if key in ("content", "special"):
        pick = function_positions if key == "content" else special_positions
        return [f"{'ab'[row]}{position}" for row in (0, 1) for position in pick(tokens, row)]
    return [other for other in masked if other != key] if key in masked else [*masked, key]


def apply_mask(
    pipeline: SimilarityModel, settings: Settings, comparison: Comparison, masked: list[str]
) -> tuple[list[list[int]], Comparison]:
    """The pair with tokens hidden, and their positions in A and in B.

    Raises:
        InputError: nothing is left of a sentence.
    """
    hidden = [sorted(int(key[1:]) for key in masked if key[0] == letter) for letter in "ab"]
    attention_mask = comparison.tokens.attention_mask.copy()
    for row in (0, 1):
        hidden[row] = [position for position in hidden[row] if position < int(attention_mask[row].sum())]
        attention_mask[row, hidden[row]] = 0
    if not any(hidden):
        return hidden, comparison
    check_masks(attention_mask)
    return hidden, settings.rescore(pipeline, comparison, attention_mask)


def draw_mask(
    pipeline: SimilarityModel, settings: Settings, comparison: Comparison, masked: list[str]
) -> str:
    """The switches, and the scores before and after."""
    hidden, after = apply_mask(pipeline, settings, comparison, masked)
    return mask_view(comparison, hidden, after.scores)


def build_mask_tab(facts: Facts) -> Tab:
    """Tokens as switches; what is hidden is kept for the pair that is shown."""
    with gr.Tab("The mask, live", id="mask", elem_id="bs-tab-mask"):
        shown = picture("The mask, live", "bs-mask")
        pressed_keys = gr.State([])
    control = Control("mask", pressed_keys, lambda facts: (), lambda facts: [])
    return Tab("mask", shown, draw_mask, (control,), press=pressed)
