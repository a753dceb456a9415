"""How the page looks: a calm theme of its own on system fonts, its style sheet and its scripts."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

_ASSETS = {path.name: path.read_text(encoding="utf-8") for path in (Path(__file__).parent / "assets").glob("*.*s")}
# In `head`, not `css`: Gradio re-serialises `css` and loses shorthands that hold a `var()`.
_SCRIPTS = "".join(_ASSETS[f"{name}.js"] for name in ("view", "link", "typing", "lines", "file"))
HEAD = f"<style>{_ASSETS['theme.css']}</style><script>{_SCRIPTS}</script>"
VIEW_JS = 'window.bertsim.attach(element, (key) => trigger("pick", { key }), watch);'
ANSWERED_JS = "window.bertsim.answers(element, watch);"
FAULT_JS = "window.bertsim.faults(element, watch);"
FOLLOW_JS = "window.bertsim.follow(element, watch);"
FILE_JS = 'window.bertsim.files(element, (key) => trigger("pick", { key }), watch);'
FAILED_JS = "() => window.bertsim.failed('{}')"
"""Run where a question of that mode got no answer: what is shown is of another encoder or other settings."""
NOW_JS = _ASSETS["now.js"]
TURN_JS = "(...all) => [...all.slice(0, -1), performance.now()]"
"""Run before a request of a mode is sent: its turn, in place of the last input."""

_SANS = "ui-sans-serif, system-ui, -apple-system, Segoe UI, Helvetica Neue, Arial, Liberation Sans, sans-serif"
_MONO = "ui-monospace, SF Mono, Cascadia Mono, Menlo, Consolas, Liberation Mono, monospace"
_INK = "#faf9f6 #f2f0eb #e6e3db #dcd8cf #a9a499 #767166 #5c584f #383b40 #25272b #1d1f22 #161719"
_BLUE = "#f0f5fb #e6eef7 #c9dcf0 #8fbcf2 #5b95d6 #2f74bd #1c5a9e #164a84 #123b69 #0f2f54 #0a2140"
# What differs from Gradio's plain theme: a value in the light scheme, one in the dark, and what has them.
_LOOK = (
    ("#faf9f6", "#161719", "body_background_fill"),
    ("#ffffff", "#1d1f22", "background_fill_primary input_background_fill button_secondary_background_fill"),
    ("#f2f0eb", "#25272b", "background_fill_secondary button_secondary_background_fill_hover"),
    ("#1e1d1a", "#ecebe6", "body_text_color block_title_text_color button_secondary_text_color"),
    ("#1e1d1a", "#ecebe6", "button_primary_background_fill button_primary_border_color"),
    ("#3a3833", "#ffffff", "button_primary_background_fill_hover button_primary_border_color_hover"),
    ("#ffffff", "#161719", "button_primary_text_color"),
    ("#5c584f", "#a9aaa9", "body_text_color_subdued block_label_text_color block_info_text_color"),
    ("#76716a", "#94969a", "input_placeholder_color"),
    ("#dcd8cf", "#383b40", "border_color_primary button_secondary_border_color"),
    ("#c9c4b9", "#4a4d53", "input_border_color"),
    ("#1c5a9e", "#8fbcf2", "input_border_color_focus link_text_color slider_color"),
    ("transparent", "transparent", "block_background_fill"),
    ("0px", "0px", "block_border_width"),
    ("1px", "1px", "input_border_width button_border_width"),
    ("none", "none", "input_shadow input_shadow_focus"),
)


def theme() -> gr.themes.Base:
    """The theme: paper and ink, no shadows, no gradients, the fonts the visitor already has."""
    blue = gr.themes.Color(*_BLUE.split(), name="a")
    base = gr.themes.Base(
        primary_hue=blue,
        secondary_hue=blue,
        neutral_hue=gr.themes.Color(*_INK.split(), name="ink"),
        radius_size=gr.themes.sizes.radius_sm,
        font=_SANS.split(", "),
        font_mono=_MONO.split(", "),
    )
    light = {name: value for value, _, names in _LOOK for name in names.split()}
    dark = {f"{name}_dark": value for _, value, names in _LOOK for name in names.split()}
    return base.set(block_shadow="none", block_padding="0px", **light, **dark)
