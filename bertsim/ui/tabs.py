"""A tab of the result: its controls, its picture, and the function that draws the one from the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gradio as gr

from bertsim.records import Comparison
from bertsim.ui.controls import Control
from bertsim.ui.settings import Settings
from bertsim.ui.theme import VIEW_JS

if TYPE_CHECKING:
    from bertsim.model.similarity import SimilarityModel

# draw(pipeline, settings, comparison, *values of the controls) -> HTML
Draw = Callable[..., str]
# press(comparison, what was pressed so far, key of the button) -> what is pressed now
Press = Callable[[Comparison, list[str], str], list[str]]


@dataclass(frozen=True)
class Tab:
    """One view as the page wires it.

    Attributes:
        name: id of the tab.
        picture: where its HTML goes.
        draw: `draw(pipeline, settings, comparison, *controls) -> str`.
        controls: whose values `draw` takes; a change of any redraws the tab.
        press: where buttons in the picture change what is drawn: the only control is then a `gr.State` of the
            pressed keys, which a new comparison empties.
        sees_mask: whether `draw` also takes the pressed keys of the mask, after its own values.
    """

    name: str
    picture: gr.HTML
    draw: Draw
    controls: tuple[Control, ...] = field(default=())
    press: Press | None = None
    sees_mask: bool = False

    @property
    def components(self) -> list[Any]:
        """The components of its controls."""
        return [control.component for control in self.controls]

    def html(
        self, pipeline: SimilarityModel, settings: Settings, comparison: Comparison, values: tuple[Any, ...]
    ) -> str:
        """The picture for a comparison, given the values of the controls."""
        return self.draw(pipeline, settings, comparison, *values)


def picture(label: str, elem_id: str, value: str = "", extra_js: str = "") -> gr.HTML:
    """A place for a view: plain escaped HTML, with the page's one script listening on it, after `extra_js`."""
    return gr.HTML(
        value,
        label=label,
        show_label=False,
        elem_id=elem_id,
        js_on_load=extra_js + VIEW_JS,
        apply_default_css=False,
        padding=False,
    )
