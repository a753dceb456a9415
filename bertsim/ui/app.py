"""The page: its components connected with what their events do, the endpoints beside them; and how it is served.

It is built from the bundled encoder's files alone, and painted before any model is loaded.
"""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import urlparse

import gradio as gr
from gradio.networking import setup_tunnel
from starlette.middleware import Middleware

from bertsim.errors import InputError
from bertsim.ui.api import build_api
from bertsim.ui.calls import MODEL_QUEUE
from bertsim.ui.controls import LABELS, Choices
from bertsim.ui.events import Events
from bertsim.ui.head import TITLE, OwnHead
from bertsim.ui.layout import Layout
from bertsim.ui.shelf import Shelf
from bertsim.ui.tabs import TABS
from bertsim.ui.theme import HEAD, NOW_JS, theme

# Switching waits in a queue of its own: a download never holds up a score. Presses are answered one by one.
SWITCH_QUEUE = {"concurrency_id": "encoder", "concurrency_limit": 40}
# What takes long holds up nobody either.
LATER_QUEUE = {"concurrency_id": "later", "concurrency_limit": 1}
PRESS_QUEUE = {"concurrency_id": "press", "concurrency_limit": 1}
SWAP_JS = "(a, b) => [b, a]"


def build_app(shelf: Shelf) -> gr.Blocks:
    """Build the page over a shelf of models; nothing is loaded and nothing is served yet.

    Raises:
        CheckpointError: the bundled encoder's files are missing or damaged.
    """
    allowed = Choices.of_bundled()
    with gr.Blocks(title=TITLE, analytics_enabled=False) as blocks:
        _wire(Events(Layout(shelf, allowed), allowed), blocks)
        build_api(shelf)
    return blocks


def _wire(events: Events, blocks: gr.Blocks) -> None:
    """Connect the components of a page with what their events do: triggers, queues, what runs in the browser."""
    page, controls = events.page, events.page.controls
    sent = {"a": page.a, "b": page.b, "past": page.past, "shown": page.shown, "encoder": page.encoder}
    sent |= {key: control for key, control in controls.items() if key != "pins"}
    sent |= {"pins": controls["pins"], "tab": page.tab, "turn": page.turn}
    boxes, pictures = [page.a, page.b], set(page.pictures.values())
    results = pictures | {page.verdict, page.ways, page.bars, *page.faults.values()}
    results |= {page.past, page.history, page.shown, controls["mask"]}
    switched = {page.encoder, page.line, page.offered, *controls.values()}
    asks: dict[str, Any] = {
        "inputs_kwargs": sent,
        "js": NOW_JS,
        "api_visibility": "private",
        "trigger_mode": "multiple",
        "show_progress_on": page.verdict,
        **MODEL_QUEUE,
    }
    unseen = asks | {"show_progress": "hidden", "show_progress_on": None}
    switches = unseen | SWITCH_QUEUE

    cards = (page.offered, page.line)  # `gr.on` takes no event of HTML's own
    chosen = [each.pick(events.choose_encoder, outputs=switched, **switches) for each in cards]
    waits = switches | {"inputs_kwargs": {"wanted": page.wanted, "encoder": page.encoder}, "js": None}
    chosen.append(page.wanted.change(events.follow_link, outputs=switched, **waits))
    if page.other is not None:
        typed = switches | {"inputs_kwargs": {"typed": page.other} | sent}
        chosen.append(page.other.submit(events.type_encoder, outputs=switched, **typed))
    settings = [controls[key].input for key in ("pooling", "layers", "combine", "max_length")]
    asked = [page.run.click, page.a.submit, page.b.submit, *settings]
    swapped = page.swap.click(None, boxes, boxes, js=SWAP_JS, show_progress="hidden")
    answered = [
        gr.on(asked, events.compare_pair, outputs=results, **asks),
        swapped.then(events.compare_pair, outputs=results, **asks),
        page.examples.pick(events.run_example, outputs=results | set(boxes), **asks),
        page.history.pick(events.bring_back, outputs=results | set(boxes), **asks),
        *(each.success(events.compare_if_switched, outputs=results, **asks) for each in chosen),
    ]
    own = [controls[key].input for tab in TABS for key in tab.controls if LABELS[key]]
    drawn = [
        page.tab_row.select(events.open_tab, outputs=pictures, **asks),
        gr.on(own, events.redraw_tab, outputs=pictures, **asks),
    ]
    changes = pictures | {controls[key] for tab in TABS for key in tab.controls}
    pictures_pressed = asks | PRESS_QUEUE
    pressed = [each.pick(events.press_picture, outputs=changes, **pictures_pressed) for each in page.pictures.values()]

    everything = results | switched | {*boxes, page.wanted, page.tab_row}
    answered.append(blocks.load(events.open_page, outputs=everything, **asks))
    drawn += [each.success(events.draw_open_tab, outputs=pictures, **unseen) for each in answered]
    later = unseen | LATER_QUEUE
    for each in answered:
        each.success(events.place_pair, outputs=page.ways, **later)
    for each in drawn:
        each.success(events.complete_tab, outputs=pictures, **later)

    for each in (*drawn, *pressed):
        each.success(events.follow, outputs={page.share, page.challenge}, **unseen)


def launch(app: gr.Blocks, host: str, port: int | None, share: bool) -> None:
    """Serve a built app with its theme, its endpoints as MCP tools too, until interrupted; arguments as `ui.serve`.

    Raises:
        InputError: the port or the host cannot be had.
    """
    try:
        app.launch(
            server_name=host,
            server_port=port,
            share=False,
            theme=theme(),
            head=HEAD,
            footer_links=["api"],
            run_history=False,
            enable_monitoring=False,
            ssr_mode=False,
            pwa=False,
            mcp_server=True,
            app_kwargs={"middleware": [Middleware(OwnHead)]},
            prevent_thread_lock=True,
        )
    except OSError as error:  # no port is free; Gradio's text advises on Gradio's own settings
        wanted = f"port {port}" if port else "every port from 7860 on"
        raise InputError(f"{wanted} of {host} is taken or not allowed; choose another.") from error
    if share:
        sys.stderr.write(_open_link(app) + "\n")
    app.block_thread()


def _open_link(app: gr.Blocks) -> str:
    """Open Gradio's public link to a served app; what to say of it, or of why there is none."""
    try:
        address = setup_tunnel(app.server_name, app.server_port, app.share_token, None, None)
    except Exception as error:  # noqa: BLE001 - Gradio's tunnel names no kinds: network, disk, platform, its own log
        reason = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
        return f"There is no public link ({reason}); the app goes on at {app.local_url}"
    app.share_url = urlparse(address)._replace(scheme="https").geturl()
    return f"Public link, for a week at most: {app.share_url}"
