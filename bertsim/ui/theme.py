"""How the page looks: a calm theme of its own on system fonts, its style sheet and its scripts."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

_ASSETS = {path.name: path.read_text(encoding="utf-8") for path in (Path(__file__).parent / "assets").glob("*.*s")}
# In `head`, not `css`: Gradio re-serialises `css` and loses shorthands that hold a `var()`.
HEAD = f"<style>{_ASSETS['theme.css']}</style>"
VIEW_JS, NOW_JS, LINK_JS = (_ASSETS[f"{name}.js"] for name in ("view", "now", "link"))

SANS = "ui-sans-serif, system-ui, -apple-system, Segoe UI, Helvetica Neue, Arial, Liberation Sans, sans-serif"
MONO = "ui-monospace, SF Mono, Cascadia Mono, Menlo, Consolas, Liberation Mono, monospace"

_INK = gr.themes.Color(
    *("#faf9f6", "#f2f0eb", "#e6e3db", "#dcd8cf", "#a9a499", "#767166"),
    *("#5c584f", "#383b40", "#25272b", "#1d1f22", "#161719"),
    name="ink",
)
_BLUE = gr.themes.Color(
    *("#f0f5fb", "#e6eef7", "#c9dcf0", "#8fbcf2", "#5b95d6", "#2f74bd"),
    *("#1c5a9e", "#164a84", "#123b69", "#0f2f54", "#0a2140"),
    name="a",
)
# What differs from Gradio's plain theme, in the light scheme and in the dark one.
_LOOK = {
    "body_background_fill": ("#faf9f6", "#161719"),
    "body_text_color": ("#1e1d1a", "#ecebe6"),
    "body_text_color_subdued": ("#5c584f", "#a9aaa9"),
    "background_fill_primary": ("#ffffff", "#1d1f22"),
    "background_fill_secondary": ("#f2f0eb", "#25272b"),
    "border_color_primary": ("#dcd8cf", "#383b40"),
    "block_background_fill": ("transparent", "transparent"),
    "block_border_width": ("0px", "0px"),
    "block_label_text_color": ("#5c584f", "#a9aaa9"),
    "block_title_text_color": ("#1e1d1a", "#ecebe6"),
    "block_info_text_color": ("#5c584f", "#a9aaa9"),
    "input_background_fill": ("#ffffff", "#1d1f22"),
    "input_border_color": ("#c9c4b9", "#4a4d53"),
    "input_border_color_focus": ("#1c5a9e", "#8fbcf2"),
    "input_border_width": ("1px", "1px"),
    "input_shadow": ("none", "none"),
    "input_shadow_focus": ("none", "none"),
    "input_placeholder_color": ("#76716a", "#94969a"),
    "button_primary_background_fill": ("#1e1d1a", "#ecebe6"),
    "button_primary_background_fill_hover": ("#3a3833", "#ffffff"),
    "button_primary_border_color": ("#1e1d1a", "#ecebe6"),
    "button_primary_border_color_hover": ("#3a3833", "#ffffff"),
    "button_primary_text_color": ("#ffffff", "#161719"),
    "button_secondary_background_fill": ("#ffffff", "#1d1f22"),
    "button_secondary_background_fill_hover": ("#f2f0eb", "#25272b"),
    "button_secondary_border_color": ("#dcd8cf", "#383b40"),
    "button_secondary_text_color": ("#1e1d1a", "#ecebe6"),
    "button_border_width": ("1px", "1px"),
    "link_text_color": ("#1c5a9e", "#8fbcf2"),
    "slider_color": ("#1c5a9e", "#8fbcf2"),
}


def theme() -> gr.themes.Base:
    """The theme: paper and ink, no shadows, no gradients, the fonts the visitor already has."""
    base = gr.themes.Base(
        primary_hue=_BLUE,
        secondary_hue=_BLUE,
        neutral_hue=_INK,
        radius_size=gr.themes.sizes.radius_sm,
        font=SANS.split(", "),
        font_mono=MONO.split(", "),
    )
    light = {name: value for name, (value, _) in _LOOK.items()}
    dark = {f"{name}_dark": value for name, (_, value) in _LOOK.items()}
    return base.set(block_shadow="none", block_padding="0px", **light, **dark)
