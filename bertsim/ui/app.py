"""The page: its components connected with what their events do, the endpoints beside them; and how it is served.

It is built from the bundled encoder's files alone, and painted before any model is loaded. Whoever ends it (SIGTERM,
Ctrl-C) has what runs finished first.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Event
from typing import Any
from urllib.parse import urlparse

import gradio as gr
from fastapi.exceptions import RequestValidationError
from fastapi.middleware import Middleware
from gradio.networking import setup_tunnel
from gradio.routes import App

from bertsim.errors import InputError
from bertsim.ui.api import build_api
from bertsim.ui.calls import MODEL_QUEUE
from bertsim.ui.controls import LABELS, Choices
from bertsim.ui.events import Events
from bertsim.ui.file_mode import FileMode
from bertsim.ui.gate import MAX_BODY, MAX_UPLOAD, Gate
from bertsim.ui.guard import Guard, refuse_fields
from bertsim.ui.head import TITLE, OwnHead
from bertsim.ui.lane import SlowLane
from bertsim.ui.layout import Layout
from bertsim.ui.matrix import MatrixMode
from bertsim.ui.modes import COMPARE, Mode, Moves
from bertsim.ui.pairs import SETTINGS
from bertsim.ui.rank import RankMode
from bertsim.ui.sessions import Sessions
from bertsim.ui.shelf import Shelf, give_back
from bertsim.ui.tabs import TABS
from bertsim.ui.theme import FAILED_JS, HEAD, NOW_JS, theme
from bertsim.ui.waiting import MAX_THREADS, Waiting

# Switching waits in a queue of its own: a download never holds up a score. Presses are answered one by one.
SWITCH_QUEUE = {"concurrency_id": "encoder", "concurrency_limit": 24}
# A new page may wait for the encoder of its link, while who has one goes on.
OPEN_QUEUE = {"concurrency_id": "open", "concurrency_limit": 24}
# What takes long holds up nobody either.
LATER_QUEUE = {"concurrency_id": "later", "concurrency_limit": 1}
PRESS_QUEUE = {"concurrency_id": "press", "concurrency_limit": 1}
SWAP_JS = "(a, b) => [b, a]"
MODES: tuple[type[Mode], ...] = (RankMode, MatrixMode, FileMode)
KEPT_VISITORS = 1_000
"""Visitors whose previous pairs and settings are kept; the latest of them."""
GRACE = 20.0
"""Seconds that what runs has to finish once the app is told to end; Kubernetes gives 30, Docker 10 unless told."""
TIDY = 60.0
"""Seconds between two times that memory is given back which requests have used and need no more."""


class Page(gr.Blocks):
    """The page; its mode of files has what the files of its visitors lie on, and go through."""

    files: FileMode


def build_app(shelf: Shelf) -> Page:
    """Build the page over a shelf of models; nothing is loaded and nothing is served yet.

    Raises:
        CheckpointError: the bundled encoder's files are missing or damaged.
        InputError: the environment's limits of files are no numbers.
    """
    allowed = Choices.of_bundled()
    lane = SlowLane(lambda: shelf.asked_at)
    with Page(title=TITLE, analytics_enabled=False) as blocks:
        build_api(shelf, lane)  # before the page, whose events may have the same names
        page = Layout(shelf, allowed, MODES, lane)
        blocks.files = next(mode for mode in page.modes if isinstance(mode, FileMode))
        _wire(Events(page, allowed), blocks)
    return blocks


def _wire(events: Events, blocks: gr.Blocks) -> None:
    """Connect the components of a page with what their events do: triggers, queues, what runs in the browser."""
    page, controls, switching = events.page, events.page.controls, events.switching
    sent = {"a": page.a, "b": page.b, "past": page.past, "shown": page.shown, "encoder": page.encoder}
    sent |= {"wanted": page.wanted} | {key: control for key, control in controls.items() if key != "pins"}
    sent |= {"mode": page.mode, "pins": controls["pins"], "tab": page.tab, "turn": page.turn}
    boxes, pictures = [page.a, page.b], set(page.pictures.values())
    results = pictures | {page.verdict, page.ways, page.bars, *page.faults.values()}
    in_use = {page.encoder, page.line, page.offered}
    results |= {page.past, page.history, page.shown, controls["mask"], *in_use}
    switched = in_use | set(controls.values())
    asks: dict[str, Any] = {
        "inputs_kwargs": sent,
        "js": NOW_JS,
        "api_visibility": "private",
        "trigger_mode": "multiple",
        "show_progress_on": page.verdict,
        **MODEL_QUEUE,
    }
    unseen = asks | {"show_progress": "hidden", "show_progress_on": None}
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", **MODEL_QUEUE}
    switches = unseen | SWITCH_QUEUE

    cards = (page.offered, page.line)  # `gr.on` takes no event of HTML's own
    chosen = [each.pick(switching.choose_encoder, outputs=switched, **switches) for each in cards]
    waits = switches | {"inputs_kwargs": {"wanted": page.wanted, "encoder": page.encoder}, "js": None}
    chosen.append(page.wanted.change(switching.follow_link, outputs=switched, **waits))
    if page.other is not None:
        typed = switches | {"inputs_kwargs": {"typed": page.other} | sent}
        chosen.append(page.other.submit(switching.type_encoder, outputs=switched, **typed))
    settings = [controls[key].input for key in SETTINGS]
    swapped = page.swap.click(None, boxes, boxes, js=SWAP_JS, show_progress="hidden")
    moves = Moves(page)
    renewed = {"inputs": [page.mode], "outputs": moves.entries, **quiet}
    gr.on([*settings, controls["scorer"].input], moves.renew, **renewed)
    for each in chosen:
        each.success(moves.renew, **renewed)
    opened = [event for mode in page.modes for event in mode.wire(blocks)]
    compared = [
        gr.on([page.run.click, page.a.submit, page.b.submit], events.compare_pair, outputs=results, **asks),
        gr.on(settings, events.set_up, outputs=results, **asks),
        swapped.then(events.compare_pair, outputs=results, **asks),
        *(each.success(events.compare_pair, outputs=results, **asks) for each in opened),
        *(each.success(events.compare_if_switched, outputs=results, **asks) for each in chosen),
    ]
    for each in compared:
        each.failure(None, js=FAILED_JS.format(COMPARE), api_visibility="private")
    answered = [
        *compared,
        page.examples.pick(events.run_example, outputs=results | set(boxes), **asks),
        page.history.pick(events.bring_back, outputs=results | set(boxes), **asks),
    ]
    own = [controls[key].input for tab in TABS for key in tab.controls if LABELS[key]]
    drawn = [
        page.tab_row.select(events.open_tab, outputs=pictures, **asks),
        gr.on(own, events.redraw_tab, outputs=pictures, **asks),
    ]
    changes = pictures | {controls[key] for tab in TABS for key in tab.controls}
    pictures_pressed = asks | PRESS_QUEUE
    pressed = [each.pick(events.press_picture, outputs=changes, **pictures_pressed) for each in page.pictures.values()]

    everything = results | switched | {*boxes, page.wanted, page.tab_row, page.mode_row} | moves.entries
    everything |= {box for mode in page.modes for box in mode.asks.values()}
    answered.append(blocks.load(events.open_page, outputs=everything, **asks | OPEN_QUEUE))
    moved = [
        page.mode_row.select(moves.choose, None, moves.entries, **quiet),
        page.back.click(moves.go_back, [page.came_from], {page.mode_row, page.back} | moves.entries, **quiet),
    ]
    drawn += [each.success(events.draw_open_tab, outputs=pictures, **unseen) for each in answered]
    later = unseen | LATER_QUEUE
    for each in answered:
        each.success(events.place_pair, outputs=page.ways, **later)
    for each in drawn:
        each.success(events.complete_tab, outputs=pictures, **later)

    for each in (*drawn, *pressed, *moved):
        each.success(events.follow, outputs={page.share, page.challenge}, **unseen)


def launch(app: Page, shelf: Shelf, host: str, port: int | None, share: bool, per_visitor: int = 0) -> None:
    """Serve a built app until it is told to end; arguments and errors as `ui.serve`."""
    ends = Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: ends.set())
    waiting = start(app, shelf, host, port, per_visitor)
    if share:
        sys.stderr.write(_open_link(app) + "\n")
    gc.freeze()  # what is there now stays, and is not looked through again
    while not ends.wait(TIDY):
        give_back()
    finish(app, waiting, ends)


def start(app: Page, shelf: Shelf, host: str, port: int | None, per_visitor: int = 0) -> Waiting:
    """Begin to serve a built app with its theme, its endpoints as MCP tools too; arguments as `ui.serve`.

    Returns:
        Its queue.

    Raises:
        InputError: the port or the host cannot be had.
    """
    waiting, hosts = Waiting(app, shelf, per_visitor), os.environ.get("BERTSIM_HOSTS", "")

    @asynccontextmanager
    async def with_sessions(served: App) -> AsyncIterator[None]:
        served.state_holder = Sessions(app)
        yield

    own: dict[str, Any] = {"lifespan": with_sessions, "max_body_size": MAX_BODY}
    own["exception_handlers"] = {RequestValidationError: refuse_fields}
    guard = Middleware(Guard, blocks=app, host=host, hosts=hosts, max_body=MAX_BODY)
    gate = Middleware(Gate, waiting=waiting, shelf=shelf, transfers=app.files.transfers)
    own["middleware"] = [guard, gate, Middleware(OwnHead)]
    settings: dict[str, Any] = dict.fromkeys(("share", "run_history", "enable_monitoring", "ssr_mode", "pwa"), False)
    settings["_frontend"] = False  # or Gradio asks for the page, and ends an app that is too busy to give it at once
    settings |= {"max_threads": MAX_THREADS, "state_session_capacity": KEPT_VISITORS, "max_file_size": MAX_UPLOAD}
    settings |= {"theme": theme(), "head": HEAD, "footer_links": ["api"], "mcp_server": True, "app_kwargs": own}
    try:
        name = f"[{host}]" if ":" in host else host
        app.launch(server_name=name, server_port=port, prevent_thread_lock=True, **settings)
    except OSError as error:  # no port is free; Gradio's text advises on Gradio's own settings
        wanted = f"port {port}" if port else "every port from 7860 on"
        raise InputError(f"{wanted} of {host} is taken or not allowed; choose another.") from error
    return waiting


def finish(app: Page, waiting: Waiting, ends: Event) -> None:
    """End a served app: nothing new is let in, what runs has a while; told by `ends` once more, it ends now."""
    ends.clear()
    waiting.is_stopping, last = True, time.monotonic() + GRACE
    while not waiting.is_idle and time.monotonic() < last and not ends.wait(0.05):
        pass
    waiting.let_go()
    app.close(verbose=False)
    app.files.desk.close()


def _open_link(app: gr.Blocks) -> str:
    """Open Gradio's public link to a served app; what to say of it, or of why there is none."""
    try:
        address = setup_tunnel(app.server_name, app.server_port, app.share_token, None, None)
    except Exception as error:  # noqa: BLE001 - Gradio's tunnel names no kinds: network, disk, platform, its own log
        reason = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
        return f"There is no public link ({reason}); the app goes on at {app.local_url}"
    app.share_url = urlparse(address)._replace(scheme="https").geturl()
    return f"Public link, for a week at most: {app.share_url}"
