"""The mode Matrix: all of a list with each other, by vectors at once, read together when it is asked for.

The upper triangle is drawn while one types; the lower one is read block by block, nearest pairs first, and what is
finished is kept when it is stopped. Threshold and groups need no new score.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr

from bertsim.errors import InputError
from bertsim.ui.calls import MANY_QUEUE, STOP_QUEUE, answers, pressed, pressed_key
from bertsim.ui.controls import Slider
from bertsim.ui.every_pair import Asked, EveryPair
from bertsim.ui.examples import LISTS
from bertsim.ui.lane import SlowLane
from bertsim.ui.layout import LIVE_JS, Layout, fault_place, picture, share_button
from bertsim.ui.modes import Mode, Sent, Update
from bertsim.ui.pairs import Settings
from bertsim.ui.pairwise import MAX_LINES, key_of
from bertsim.ui.theme import TURN_JS
from bertsim.views.markup import Html, counted, sendable, tag
from bertsim.views.page import choices, fault, pairs_read
from bertsim.views.pairwise import APART, TOGETHER
from bertsim.views.rank import lines_file

THRESHOLD = 0.6
_EMPTY = tag("p.bs-empty", "The matrix appears here.")
TOLD, DRAWN_ANEW = 0.2, 3.0
"""Seconds between two times that the page is told how far it is, and that the matrix is drawn meanwhile."""


class MatrixMode(Mode):
    """All of a list with each other."""

    name, label = "matrix", "Matrix"

    def __init__(self, page: Layout, lane: SlowLane) -> None:
        super().__init__(page, lane)
        self.every = EveryPair(page.shelf, lane)

    @property
    def asks(self) -> dict[str, Any]:
        """The sentences, how groups are made, and whether they are read together ("yes" or "no")."""
        return {"lines": self.lines, "threshold": self.threshold, "by": self.by, "together": self.together}

    def build(self) -> None:
        """The sentences, what is asked of them, and the picture."""
        (_, example), *_ = LISTS
        with gr.Row(elem_id="bs-matrix-asked"):
            with gr.Column(scale=3, min_width=280, elem_classes="bs-lines-box"):
                named = {"elem_id": "bs-matrix-lines", "elem_classes": "bs-typed is-long"}
                says = {"label": "Sentences, one a line", "placeholder": "Type, paste, or drop a file"}
                self.lines = gr.Textbox("\n".join(example), lines=8, max_lines=10, **says, **named)
                gr.HTML(lines_file(MAX_LINES), apply_default_css=False, elem_classes="bs-from-file")
                self.faults = fault_place("matrix-lines")
            with gr.Column(scale=2, min_width=280):
                self.examples = picture("Examples", "bs-matrix-examples", choices("Try", [name for name, _ in LISTS]))
                named = {"label": "Threshold", "elem_id": "bs-threshold"}
                self.threshold = Slider(
                    0, 1, THRESHOLD, step=0.01, info="From here on two sentences are in one group.", **named
                )
                self.by = gr.Radio([APART, TOGETHER], value=APART, label="Groups by", elem_id="bs-groups-by")
                with gr.Row(elem_classes="bs-actions"):
                    self.run = gr.Button("Read together", variant="primary", elem_classes="bs-run", scale=0)
                    self.cancel = gr.Button("Cancel", visible=False, elem_id="bs-matrix-cancel", scale=0)
                    self.typed = gr.Button("Draw", visible="hidden", elem_classes="bs-go")
                    share_button("Share")
                self.progress = picture("Progress", "bs-matrix-progress", js=LIVE_JS)
                self.cost = picture("Cost", "bs-matrix-cost")
        self.picture = picture("Matrix", "bs-matrix", _EMPTY)
        self.together, self.chosen, self.drawn = gr.State("yes"), gr.State(None), gr.State("")
        self.fresh, self.opening = gr.State(0.0), gr.State(None)

    def wire(self, blocks: gr.Blocks) -> list[Any]:
        """See `Mode`."""
        page = self.page
        sent = self.shared | self.asks | {"chosen": self.chosen, "drawn": self.drawn, "turn": page.turn}
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", **MANY_QUEUE}
        asked = quiet | {"inputs_kwargs": sent, "js": TURN_JS, "trigger_mode": "multiple"}
        told = {self.progress, self.cancel, self.fresh, self.together}
        drawn = {self.picture, self.faults, self.chosen, self.drawn, *told}
        draws = [
            self.typed.click(self.draw_typed, outputs=drawn, **asked),
            self.run.click(self.draw_all, outputs=drawn, **asked),
            self.examples.pick(self.take_example, outputs=drawn | set(self.asks.values()), **asked),
            self.entered.change(self.draw_if_changed, outputs=drawn, **asked),
        ]
        priced = [each.success(self.price, outputs={self.cost}, **asked) for each in draws]
        reads = [each.success(self.read, outputs=told, **asked) for each in priced]
        latest = asked | {"trigger_mode": "always_last"}
        moved = gr.on([self.threshold.input, self.by.input], self.redraw, outputs={self.picture}, **latest)
        self.fresh.change(self.redraw, outputs={self.picture}, **latest)
        stopped = self.cancel.click(self.stop, outputs=told, **asked | STOP_QUEUE)
        self.picture.pick(self.press, outputs={self.picture, self.chosen, self.opening}, **asked)
        for each in (*priced, *reads, moved, stopped):
            each.success(self.follow, inputs_kwargs=self.shared | self.asks, outputs={page.share}, **quiet)
        return [self.opening.change(self.open_chosen, [self.opening], self.opened, **quiet)]

    @answers
    def draw_typed(self, request: gr.Request, **sent: Any) -> Update:
        """After a pause in typing: they are read together only when that is asked for."""
        return self._draw(request, sent) | {self.together: "no"}

    @answers
    def draw_all(self, request: gr.Request, **sent: Any) -> Update:
        """The button: they are read together too."""
        return self._draw(request, sent) | {self.together: "yes"}

    @answers
    def draw_if_changed(self, request: gr.Request, **sent: Any) -> Update:
        """The mode is opened, or encoder or settings are others: anew, if it shows something else."""
        return gr.skip() if sent["drawn"] == self._state(sent) else self._draw(request, sent)

    @answers
    def take_example(self, request: gr.Request, event: gr.EventData, **sent: Any) -> Update:
        """A list that shows something."""
        _, lines = pressed(event, LISTS)
        own = {"lines": "\n".join(lines), "threshold": THRESHOLD, "by": APART, "together": "yes"}
        return self._draw(request, sent | own) | {self.asks[key]: value for key, value in own.items()}

    @answers
    def redraw(self, request: gr.Request, **sent: Any) -> Update:
        """Another threshold, or more that was read together."""
        check = self.turns.take(request.session_hash, sent["turn"], is_view=True)
        drawn = self._picture(self._asked(sent), sent, sent["chosen"])
        check()
        return {self.picture: drawn}

    @answers
    def press(self, request: gr.Request, event: gr.EventData, **sent: Any) -> Update:
        """A cell or a row: the pair is opened; a point: its nearest are shown; with one chosen before, the two are.

        Raises:
            InputError: what is drawn is of lines that have been typed over, or of another encoder or settings.
        """
        if sent["drawn"] != self._state(sent):
            raise InputError("the picture is about to be drawn anew; press in the new one.")
        asked, places = (self._asked(sent), [int(each) for each in re.findall(r"\d{1,4}", pressed_key(event))])
        if not 1 <= len(places) <= 2 or max(places) >= len(asked.lines):
            return gr.skip()
        if len(places) == 1 and sent["chosen"] not in (None, *places):
            places = [sent["chosen"], *places]
        if len(places) == 2:
            both = [asked.lines[place] for place in places if place < len(asked.lines)]
            return {self.opening: [*both, time.monotonic()], self.chosen: None} if len(both) == 2 else gr.skip()
        chosen = None if places[0] == sent["chosen"] else places[0]
        return {self.chosen: chosen, self.picture: self._picture(asked, sent, chosen)}

    @answers
    def open_chosen(self, opening: list[Any] | None) -> Update:
        """The two that were pressed, in Compare."""
        return self.open_pair(*opening[:2]) if opening else gr.skip()

    @answers
    def price(self, request: gr.Request, **sent: Any) -> Update:
        """What both triangles cost, before the lower one is read."""
        if sent["drawn"] != self._state(sent):
            return gr.skip()
        asked = self._asked(sent)
        said = [f"{counted(len(asked.lines), 'sentence')}.", *asked.notes]
        if asked.is_enough:
            short, pairs = self.every.cost(asked)
            said.append(
                f"{short.passes:,} short passes, {1000 * short.seconds:,.0f} ms; {pairs.passes:,} pair passes,"
                f" {pairs.seconds:,.1f} s, by {asked.scorer} of {asked.reader.name}."
            )
        return {self.cost: tag("p.bs-facts", " ".join(said))}

    @answers
    def read(self, request: gr.Request, **sent: Any) -> Iterator[Update]:
        """The lower triangle, where it is wanted; it tells how far it is, and what is finished is drawn meanwhile."""
        yield from self.until_fault(request, sent, self._read(request, sent), self._told())

    def _read(self, request: gr.Request, sent: Sent) -> Iterator[Update]:
        is_wanted = sent["drawn"] == self._state(sent) and sent["together"] != "no"
        asked = self._asked(sent) if is_wanted else None
        if asked is None or not asked.is_enough:
            yield gr.skip()  # or Gradio empties what it would have changed
            return
        check = self.turns.take(request.session_hash, sent["turn"])
        started = told = drawn = time.monotonic()
        for done, count in self.every.read(asked, check):
            now = time.monotonic()
            if done and done < count and now - told < TOLD:
                continue
            told, update = now, {self.progress: pairs_read(done, count)}
            update[self.cancel] = gr.update(value="Cancel", visible=True)
            if now - drawn > DRAWN_ANEW:
                drawn = now
                update |= {self.fresh: now}
            yield update
        took = f" in {time.monotonic() - started:,.1f} s" if told > started else ""
        says = f"{counted(self.every.count_read(asked), 'pair')} read both ways{took}."
        yield self._told("yes", tag("p.bs-facts", says)) | {self.fresh: time.monotonic()}

    @answers
    def stop(self, request: gr.Request, **sent: Any) -> Update:
        """Read no more; what was read stays."""
        self.turns.take(request.session_hash, sent["turn"])
        left = len(self.every.unread(self._asked(sent)))
        says = f"Stopped: {counted(left, 'pair')} not read; “Read together” goes on with them."
        return self._told("no", tag("p.bs-facts", says)) | {self.fresh: time.monotonic()}

    def write_link(self, sent: Sent) -> Mapping[str, str]:
        """See `Mode`."""
        (_, example), *_ = LISTS
        new = {"lines": "\n".join(example), "threshold": THRESHOLD, "by": APART, "together": "yes"}
        asked = {**sent, "threshold": float(f"{sent['threshold']:.2f}")}
        own = {key: asked[key] for key, value in new.items() if asked[key] != value}
        return {key: f"{value:g}" if key == "threshold" else sendable(value) for key, value in own.items()}

    def read_link(self, query: Mapping[str, str]) -> Update:
        """See `Mode`. Raises: InputError, for a threshold, or a word, that cannot be; names it."""
        found: Update = {self.asks[key]: query[key] for key in self.asks if key in query}
        for key, allowed in (("by", (APART, TOGETHER)), ("together", ("yes", "no"))):
            if query.get(key, allowed[0]) not in allowed:
                raise InputError(f"{key} is {query[key][:40]!r}; {' or '.join(allowed)} was expected")
        if "threshold" in query:
            try:
                found[self.threshold] = float(query["threshold"])
            except ValueError:
                found[self.threshold] = -1.0
            if not 0 <= found[self.threshold] <= 1:
                raise InputError(f"threshold is {query['threshold'][:40]!r}; a number from 0 to 1 was expected")
        return found

    def _asked(self, sent: Sent) -> Asked:
        return self.every.ask(sent["lines"], Settings.of(sent), sent["scorer"])

    def _draw(self, request: gr.Request, sent: Sent) -> Update:
        """What is drawn of the lines that are sent, and what is wrong with any; raises as `answers` takes it."""
        check = self.turns.take(request.session_hash, sent["turn"])
        asked = self._asked(sent)
        faults = [*asked.faults, *["Give two different sentences or more, one a line."] * (not asked.is_enough)]
        turn = sent["turn"]  # else a fault like the one before is not drawn anew, and typing has hidden that
        says = Html("").join(
            fault(each, id=None if n else "bs-fault-matrix", data_turn=turn) for n, each in enumerate(faults)
        )
        drawn = self._picture(asked, sent, None)
        check()
        own = {self.picture: drawn, self.faults: says, self.chosen: None, self.drawn: self._state(sent)}
        return own | self._told()

    def _picture(self, asked: Asked, sent: Sent, chosen: int | None) -> Html:
        if not asked.is_enough:
            return _EMPTY
        return self.every.draw(asked, sent["by"], sent["threshold"], chosen)

    def _state(self, sent: Sent) -> str:
        """What tells what is drawn from what would be."""
        return repr((key_of([sent["lines"]]), Settings.of(sent), sent["scorer"]))

    def _told(self, together: str | None = None, says: Html | str = "") -> Update:
        """Nothing is being read; `together`: whether it is wanted, if that changes."""
        wanted: Update = {} if together is None else {self.together: together}
        return {self.progress: says, self.cancel: gr.update(visible=False)} | wanted
