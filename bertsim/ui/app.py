"""The page: the compare panel above, the views in tabs below, the endpoints beside them; and how it is served.

The page is built from the bundled encoder's files alone: it is painted before any model is loaded.
"""

from __future__ import annotations

import sys
from urllib.parse import urlparse

import gradio as gr
from gradio.networking import setup_tunnel

from bertsim.errors import InputError
from bertsim.ui.api import build_api
from bertsim.ui.controls import Choices
from bertsim.ui.events import Events
from bertsim.ui.layout import Layout
from bertsim.ui.shelf import Shelf
from bertsim.ui.theme import HEAD, theme
from bertsim.ui.wiring import wire


def build_app(shelf: Shelf) -> gr.Blocks:
    """Build the page over a shelf of models; nothing is loaded and nothing is served yet.

    Raises:
        CheckpointError: the bundled encoder's files are missing or damaged.
    """
    allowed = Choices.of_bundled()
    with gr.Blocks(title="bertsim: compare two sentences", analytics_enabled=False) as blocks:
        wire(Events(Layout(shelf, allowed), allowed), blocks)
        build_api(shelf)
    return blocks


def launch(app: gr.Blocks, *, host: str = "127.0.0.1", port: int | None = None, share: bool = False) -> None:
    """Serve a built app with its theme, its endpoints as MCP tools too, until interrupted.

    Args:
        app: what `build_app` built.
        host: address to listen on.
        port: None = the first free one from 7860.
        share: also open Gradio's public link; where that cannot be had, one sentence says so and the app goes on.

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
