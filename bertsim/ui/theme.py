"""How the page looks: a calm theme of its own on system fonts, its style sheet and its one script."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

ASSETS = Path(__file__).parent / "assets"
# In `head`, not `css`: Gradio re-serialises `css` and loses shorthands that hold a `var()`.
HEAD = f"<style>{(ASSETS / 'theme.css').read_text(encoding='utf-8')}</style>"
VIEW_JS = (ASSETS / "view.js").read_text(encoding="utf-8")

SANS = (
    "ui-sans-serif",
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Helvetica Neue",
    "Arial",
    "Liberation Sans",
    "sans-serif",
)
MONO = ("ui-monospace", "SF Mono", "Cascadia Mono", "Menlo", "Consolas", "Liberation Mono", "monospace")

_INK = gr.themes.Color(
    name="ink",
    c50="#faf9f6",
    c100="#f2f0eb",
    c200="#e6e3db",
    c300="#dcd8cf",
    c400="#a9a499",
    c500="#767166",
    c600="#5c584f",
    c700="#383b40",
    c800="#25272b",
    c900="#1d1f22",
    c950="#161719",
)
_BLUE = gr.themes.Color(
    name="a",
    c50="#f0f5fb",
    c100="#e6eef7",
    c200="#c9dcf0",
    c300="#8fbcf2",
    c400="#5b95d6",
    c500="#2f74bd",
    c600="#1c5a9e",
    c700="#164a84",
    c800="#123b69",
    c900="#0f2f54",
    c950="#0a2140",
)


def theme() -> gr.themes.Base:
    """The theme: paper and ink, no shadows, no gradients, the fonts the visitor already has."""
    base = gr.themes.Base(
        primary_hue=_BLUE,
        secondary_hue=_BLUE,
        neutral_hue=_INK,
        radius_size=gr.themes.sizes.radius_sm,
        font=list(SANS),
        font_mono=list(MONO),
    )
    return base.set(
        body_background_fill="#faf9f6",
        body_background_fill_dark="#161719",
        body_text_color="#1e1d1a",
        body_text_color_dark="#ecebe6",
        body_text_color_subdued="#5c584f",
        body_text_color_subdued_dark="#a9aaa9",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#1d1f22",
        background_fill_secondary="#f2f0eb",
        background_fill_secondary_dark="#25272b",
        border_color_primary="#dcd8cf",
        border_color_primary_dark="#383b40",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_shadow="none",
        block_padding="0px",
        block_label_text_color="#5c584f",
        block_label_text_color_dark="#a9aaa9",
        block_title_text_color="#1e1d1a",
        block_title_text_color_dark="#ecebe6",
        block_info_text_color="#5c584f",
        block_info_text_color_dark="#a9aaa9",
        input_background_fill="#ffffff",
        input_background_fill_dark="#1d1f22",
        input_border_color="#c9c4b9",
        input_border_color_dark="#4a4d53",
        input_border_color_focus="#1c5a9e",
        input_border_color_focus_dark="#8fbcf2",
        input_border_width="1px",
        input_border_width_dark="1px",
        input_shadow="none",
        input_shadow_dark="none",
        input_shadow_focus="none",
        input_shadow_focus_dark="none",
        input_placeholder_color="#76716a",
        input_placeholder_color_dark="#94969a",
        button_primary_background_fill="#1e1d1a",
        button_primary_background_fill_dark="#ecebe6",
        button_primary_background_fill_hover="#3a3833",
        button_primary_background_fill_hover_dark="#ffffff",
        button_primary_border_color="#1e1d1a",
        button_primary_border_color_dark="#ecebe6",
        button_primary_border_color_hover="#3a3833",
        button_primary_border_color_hover_dark="#ffffff",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#161719",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_dark="#1d1f22",
        button_secondary_background_fill_hover="#f2f0eb",
        button_secondary_background_fill_hover_dark="#25272b",
        button_secondary_border_color="#dcd8cf",
        button_secondary_border_color_dark="#383b40",
        button_secondary_text_color="#1e1d1a",
        button_secondary_text_color_dark="#ecebe6",
        button_border_width="1px",
        button_border_width_dark="1px",
        link_text_color="#1c5a9e",
        link_text_color_dark="#8fbcf2",
        slider_color="#1c5a9e",
        slider_color_dark="#8fbcf2",
    )
