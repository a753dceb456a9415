"""The components of a page connected with what their events do: triggers, queues, and what runs in the browser."""

from __future__ import annotations

from typing import Any

import gradio as gr

from bertsim.ui.calls import MODEL_QUEUE
from bertsim.ui.events import Events
from bertsim.ui.tabs import TABS
from bertsim.ui.theme import LINK_JS, NOW_JS

# Switching waits in a queue of its own: a download never holds up a score. Presses are answered one by one.
SWITCH_QUEUE = {"concurrency_id": "encoder", "concurrency_limit": 40}
PRESS_QUEUE = {"concurrency_id": "press", "concurrency_limit": 1}
SWAP_JS = "(a, b) => [b, a]"


def wire(events: Events, blocks: gr.Blocks) -> None:
    """Connect the components of a page with what their events do."""
    page, controls = events.page, events.page.controls
    sent = {"a": page.a, "b": page.b, "past": page.past, "shown": page.shown, "encoder": page.encoder}
    sent |= controls | {"tab": page.tab, "turn": page.turn}
    boxes, pictures = [page.a, page.b], set(page.pictures.values())
    results = pictures | {page.verdict, page.bars, page.past, page.history, page.shown, controls["mask"]}
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
    for each in answered:
        each.success(events.draw_open_tab, outputs=pictures, **asks)

    page.tab_row.select(events.open_tab, outputs=pictures, **asks)
    own = [controls[key].input for tab in TABS for key in tab.controls if key != "mask"]
    gr.on(own, events.redraw_tab, outputs=pictures, **asks)
    pressed = [tab for tab in TABS if tab.press]
    changes = {controls[key] for tab in pressed for key in tab.controls}
    changes |= {page.pictures[tab.name] for tab in pressed}
    for tab in pressed:
        page.pictures[tab.name].pick(events.press_picture, outputs=changes, **asks | PRESS_QUEUE)

    made = page.link.click(events.make_link, outputs=page.address, **unseen)
    made.success(events.tell_copied, page.address, None, js=LINK_JS, api_visibility="private")
    everything = results | switched | {*boxes, page.wanted, page.tab_row}
    blocks.load(events.open_page, outputs=everything, **asks)
