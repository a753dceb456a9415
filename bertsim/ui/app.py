"""The page: the compare panel above, the views in tabs below, and the events between them.

One event answers a comparison: verdict, measures and the picture of the open tab come back together; the other
tabs are drawn when they are opened. Nothing of a visitor is kept but the pairs of the visit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr

from bertsim.errors import InputError
from bertsim.ui.api import build_api
from bertsim.ui.calls import MODEL_QUEUE, answers
from bertsim.ui.compare import LINK_JS, SWAP_JS, build_compare
from bertsim.ui.examples import EXAMPLES
from bertsim.ui.page import Page
from bertsim.ui.settings import Settings
from bertsim.ui.tab_alignment import build_alignment_tab
from bertsim.ui.tab_attention import build_attention_tab
from bertsim.ui.tab_layers import build_layers_tab
from bertsim.ui.tab_mask import build_mask_tab
from bertsim.ui.tab_matter import build_matter_tab
from bertsim.ui.tab_tokens import build_tokens_tab
from bertsim.ui.tabs import Tab
from bertsim.ui.theme import HEAD, theme
from bertsim.views.markup import sendable

if TYPE_CHECKING:
    from bertsim.pipeline import SimilarityModel

TABS = (
    build_tokens_tab,
    build_mask_tab,
    build_matter_tab,
    build_alignment_tab,
    build_attention_tab,
    build_layers_tab,
)


def _wire(
    page: Page, tabs: gr.Tabs, past: gr.State, shown: gr.State, open_tab: gr.State, blocks: gr.Blocks
) -> None:
    """Connect the events of the page."""
    panel = page.panel
    boxes = [panel.sentence_a, panel.sentence_b]
    controls = [*panel.settings, *(control for tab in page.tabs for control in tab.controls)]
    pressed = [tab.controls[0] for tab in page.tabs if tab.press]
    pictures = [tab.picture for tab in page.tabs]
    results = [panel.verdict, panel.bars, past, panel.past, shown, *pressed, *pictures]
    quiet = {
        "api_visibility": "private",
        "show_progress": "full",
        "show_progress_on": panel.verdict,
        **MODEL_QUEUE,
    }

    @answers
    def compare_pair(a: str, b: str, seen: list[Any], tab: str, *values: Any) -> list[Any]:
        return page.answer(a, b, seen, tab, values)

    @answers
    def run_example(event: gr.EventData, seen: list[Any], tab: str, *values: Any) -> list[Any]:
        _, a, b = EXAMPLES[int(event.key)]
        return [a, b, *page.answer(a, b, seen, tab, values)]

    @answers
    def bring_back(event: gr.EventData, seen: list[Any], tab: str, *values: Any) -> list[Any]:
        a, b, _ = seen[int(event.key)]
        return [sendable(a), sendable(b), *page.answer(a, b, seen, tab, values)]

    @answers
    def open_page(request: gr.Request, seen: list[Any], tab: str, *values: Any) -> list[Any]:
        _, a, b = EXAMPLES[0]
        a, b = request.query_params.get("a", a), request.query_params.get("b", b)
        return [a, b, *page.answer(a, b, seen, tab, values)]

    asking = [panel.run.click, *(box.submit for box in boxes), *(each.change for each in panel.settings)]
    asks = [*boxes, past, open_tab, *controls]
    asked = gr.on(asking, compare_pair, asks, results, trigger_mode="always_last", **quiet)
    swapped = panel.swap.click(None, boxes, boxes, js=SWAP_JS, show_progress="hidden")
    swapped.then(compare_pair, asks, results, **quiet)
    panel.link.click(None, boxes, None, js=LINK_JS).then(tell_copied, None, None, api_visibility="private")
    again = [past, open_tab, *controls]
    everything = [*boxes, *results]
    opened = gr.on([blocks.load], open_page, again, everything, **quiet)
    for pick, call in ((panel.examples.pick, run_example), (panel.past.pick, bring_back)):
        pick(call, again, everything, trigger_mode="always_last", cancels=[asked, opened], **quiet)
    _wire_tabs(page, tabs, shown, open_tab, quiet)


def tell_copied() -> None:
    """Say that the link is in the clipboard and in the address bar."""
    gr.Info("Link copied: whoever opens it sees this pair; nothing is stored.", duration=4)


def _wire_tabs(page: Page, tabs: gr.Tabs, shown: gr.State, open_tab: gr.State, quiet: dict[str, Any]) -> None:
    """Draw a tab when it is opened and when one of its controls changes."""
    controls = [control for tab in page.tabs for control in tab.controls]

    @answers
    def open_view(event: gr.SelectData, pair: dict[str, Any] | None, *values: Any) -> list[Any]:
        chosen = page.tabs[event.index]
        pictures = [
            page.redraw(tab, pair, page.own(tab, values)) if tab is chosen else gr.skip() for tab in page.tabs
        ]
        return [chosen.name, *pictures]

    pictures = [tab.picture for tab in page.tabs]
    gr.on(
        [tabs.select],
        open_view,
        [shown, *controls],
        [open_tab, *pictures],
        trigger_mode="always_last",
        **quiet,
    )
    for tab in page.tabs:
        if tab.press:
            tab.picture.pick(
                _pressing(page, tab),
                [shown, *tab.controls],
                [*tab.controls, tab.picture],
                trigger_mode="multiple",
                **quiet,
            )
        elif tab.controls:
            changes = [control.change for control in tab.controls]
            gr.on(
                changes,
                _redrawing(page, tab),
                [shown, *tab.controls],
                tab.picture,
                trigger_mode="always_last",
                **quiet,
            )


def _redrawing(page: Page, tab: Tab) -> Callable[..., str]:
    """The callback of a tab whose controls changed."""

    @answers
    def redraw_view(pair: dict[str, Any] | None, *values: Any) -> str:
        return page.redraw(tab, pair, values)

    return redraw_view


def _pressing(page: Page, tab: Tab) -> Callable[..., list[Any]]:
    """The callback of a tab whose picture has buttons that change it."""

    @answers
    def press_token(event: gr.EventData, pair: dict[str, Any] | None, keys: list[str]) -> list[Any]:
        if not pair or not tab.press:
            return [keys, ""]
        settings = Settings(*pair["settings"])
        comparison = settings.compare(page.pipeline, pair["a"], pair["b"])
        keys = tab.press(comparison, keys, str(event.key))
        return [keys, tab.html(page.pipeline, settings, comparison, (keys,))]

    return press_token


def build_app(pipeline: SimilarityModel) -> gr.Blocks:
    """Build the page around a loaded pipeline; nothing is served yet."""
    with gr.Blocks(title="bertsim: compare two sentences", analytics_enabled=False) as blocks:
        past, shown, open_tab = gr.State([]), gr.State(None), gr.State("tokens")
        panel = build_compare(pipeline)
        with gr.Tabs(selected="tokens", elem_id="bs-tabs") as tabs:
            built = [build(pipeline) for build in TABS]
        _wire(Page(pipeline, panel, built), tabs, past, shown, open_tab, blocks)
        build_api(pipeline)
    return blocks


def launch(
    app: gr.Blocks, *, host: str = "127.0.0.1", port: int | None = None, share: bool = False, **options: Any
) -> Any:
    """Serve a built app with its theme; blocks until interrupted unless `prevent_thread_lock` is given.

    Returns:
        what `gr.Blocks.launch` returns: the server's app, its local and its public address.

    Raises:
        InputError: the port or the host cannot be had.
    """
    try:
        return app.launch(
            server_name=host,
            server_port=port,
            share=share,
            theme=theme(),
            head=HEAD,
            footer_links=["api"],
            run_history=False,
            enable_monitoring=False,
            ssr_mode=False,
            pwa=False,
            **options,
        )
    except (
        OSError
    ) as error:  # what Gradio raises where no port is free; its text advises on Gradio's own settings
        wanted = f"port {port}" if port else "every port from 7860 on"
        raise InputError(f"{wanted} of {host} is taken or not allowed; choose another.") from error
