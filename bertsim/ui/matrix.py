"""The mode Matrix: all of a list with each other, by vectors at once, read together when it is asked for.

The upper triangle is drawn while one types; the lower one is read block by block, nearest pairs first, and what is
finished is kept when it is stopped. Threshold and groups need no new score.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from weakref import ref

import gradio as gr
import numpy as np

from bertsim.errors import BertsimError, InputError
from bertsim.model.similarity import SimilarityModel
from bertsim.records import Cost, Float
from bertsim.ui.calls import MANY_QUEUE, StaleError, answers, sentence
from bertsim.ui.catalog import BUNDLED_OFFER
from bertsim.ui.controls import NO_HEAD, Choices
from bertsim.ui.examples import LISTS
from bertsim.ui.lane import SlowLane
from bertsim.ui.layout import Layout, picture
from bertsim.ui.modes import SETTINGS, Mode, Sent, Update
from bertsim.ui.pairs import Pairs, Settings
from bertsim.ui.pairwise import Apart, Lines, find_groups, key_of, read_apart, read_lines, read_together, unread_pairs
from bertsim.ui.theme import FAULT_JS, NOW_JS
from bertsim.views.every_pair import pairwise_view
from bertsim.views.markup import Html, counted, sendable, tag
from bertsim.views.page import choices, fault, pairs_read
from bertsim.views.pairwise import APART, TOGETHER, Pairwise

THRESHOLD = 0.6
TOLD, DRAWN_ANEW = 0.2, 3.0
"""Seconds between two times that the page is told how far it is, and that the matrix is drawn meanwhile."""
_STATUS_JS = 'element.setAttribute("role", "status");'


class MatrixMode(Mode):
    """All of a list with each other. `kept`: what was read of the latest lists, of all visitors."""

    name, label = "matrix", "Matrix"

    def __init__(self, page: Layout, lane: SlowLane) -> None:
        super().__init__(page, lane)
        self.kept = Pairs()

    @property
    def asks(self) -> dict[str, Any]:
        """The sentences, how groups are made, and whether they are read together ("yes" or "no")."""
        return {"lines": self.lines, "threshold": self.threshold, "by": self.by, "together": self.together}

    def build(self) -> None:
        """The sentences, what is asked of them, and the picture."""
        (_, example), *_ = LISTS
        with gr.Row(elem_id="bs-matrix-asks"):
            with gr.Column(scale=3, min_width=300):
                says = {
                    "label": "Sentences, one a line",
                    "placeholder": "Type or paste up to 50 lines, or 500 as a list",
                }
                named = {"elem_id": "bs-matrix-lines", "elem_classes": "bs-typed"}
                self.lines = gr.Textbox("\n".join(example), lines=8, max_lines=10, **says, **named)
                named = {"elem_id": "bs-faults-matrix-lines", "elem_classes": "bs-faults"}
                self.faults = gr.HTML("", js_on_load=_STATUS_JS + FAULT_JS, apply_default_css=False, **named)
            with gr.Column(scale=2, min_width=300):
                self.examples = picture("Examples", "bs-matrix-examples", choices("Try", [name for name, _ in LISTS]))
                self.threshold = gr.Slider(
                    0, 1, THRESHOLD, step=0.01, label="Threshold", elem_id="bs-threshold"
                )
                self.by = gr.Radio([APART, TOGETHER], value=APART, label="Groups by", elem_id="bs-groups-by")
                with gr.Row(elem_id="bs-matrix-actions"):
                    self.run = gr.Button("Read together", variant="primary", elem_classes="bs-run", scale=0)
                    self.cancel = gr.Button("Cancel", visible=False, elem_id="bs-matrix-cancel", scale=0)
                    self.typed = gr.Button("Draw", visible="hidden", elem_classes="bs-when-typed")
                self.progress = picture("Progress", "bs-matrix-progress", js=_STATUS_JS)
                self.cost = picture("Cost", "bs-matrix-cost", js=_STATUS_JS)
        self.picture = picture("Matrix", "bs-matrix", tag("p.bs-empty", "The matrix appears here."))
        self.together, self.chosen, self.drawn = gr.State("yes"), gr.State(None), gr.State("")
        self.linked, self.fresh, self.opening = gr.State(False), gr.State(0.0), gr.State(None)

    def wire(self, blocks: gr.Blocks) -> list[Any]:
        """See `Mode`."""
        page, controls = self.page, self.page.controls
        sent = self.shared | self.asks | {"chosen": self.chosen, "drawn": self.drawn}
        sent |= {"pins": controls["pins"], "tab": page.tab, "turn": page.turn}
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", **MANY_QUEUE}
        asked = quiet | {"inputs_kwargs": sent, "js": NOW_JS, "trigger_mode": "multiple"}
        told = {self.progress, self.cancel, self.fresh, self.together}
        drawn = {self.picture, self.faults, self.chosen, self.drawn, *told}
        changed = [page.mode.change, page.encoder.change, *(controls[key].input for key in (*SETTINGS, "scorer"))]
        blocks.load(self.open_link, None, {*self.asks.values(), self.linked}, **quiet)
        draws = [
            self.typed.click(self.draw_typed, outputs=drawn, **asked),
            self.linked.change(self.draw, outputs=drawn, **asked),
            self.examples.pick(self.take_example, outputs=drawn | set(self.asks.values()), **asked),
            gr.on(changed, self.draw_if_changed, outputs=drawn, **asked),
        ]
        priced = [each.success(self.price, outputs={self.cost}, **asked) for each in draws]
        reads = [each.success(self.read_if_wanted, outputs=told, **asked) for each in priced]
        reads.append(self.run.click(self.read, outputs=told, **asked))
        latest = asked | {"trigger_mode": "always_last"}
        moved = gr.on([self.threshold.input, self.by.input], self.redraw, outputs={self.picture}, **latest)
        self.fresh.change(self.redraw, outputs={self.picture}, **latest)
        stopped = self.cancel.click(self.stop, outputs=told, cancels=reads, **asked)
        pressed = {self.picture, self.chosen, self.opening}
        self.picture.pick(self.press, outputs=pressed, **asked)
        for each in (*priced, *reads, moved, stopped):
            each.success(self.follow, inputs_kwargs=self.shared | self.asks, outputs={page.share}, **quiet)
        return [self.opening.change(self.open_chosen, {self.opening}, self.opened, **quiet)]

    @answers
    def draw(self, request: gr.Request, **sent: Any) -> Update:
        """The upper triangle, and what is known of the lower one."""
        check = self.turns.take(request.session_hash, sent["turn"])
        model, lines = self._lines(sent)
        faults = [*lines.faults, *["Give two different sentences or more, one a line."] * (len(lines.kept) < 2)]
        listed = (tag("div", fault(each), id=f"bs-fault-matrix-{n}" if n else None) for n, each in enumerate(faults))
        shown = tag("div", *listed, id="bs-fault-matrix") if faults else ""
        update = {self.faults: shown, self.chosen: None, self.drawn: self._state(sent)} | self._told()
        if len(lines.kept) < 2:
            return update | {self.picture: tag("p.bs-empty", "The matrix appears here.")}
        drawn = self._picture(sent, lines.kept, None)
        check()
        return update | {self.picture: drawn}

    @answers
    def draw_typed(self, request: gr.Request, **sent: Any) -> Update:
        """After a pause in typing: anew, and read together only when it is asked for."""
        update = self.draw(request, **sent)
        return update | {self.together: "no"} if self.picture in update else update

    @answers
    def draw_if_changed(self, request: gr.Request, **sent: Any) -> Update:
        """The mode is opened, or encoder or settings are others: anew, if it shows something else."""
        if sent["mode"] != self.name or sent["drawn"] == self._state(sent):
            return gr.skip()
        return self.draw(request, **sent)

    @answers
    def take_example(self, request: gr.Request, event: gr.EventData, **sent: Any) -> Update:
        """A list that shows something."""
        _, lines = LISTS[int(event.key)]
        own = {"lines": "\n".join(lines), "threshold": THRESHOLD, "by": APART, "together": "yes"}
        return self.draw(request, **sent | own) | {self.asks[key]: value for key, value in own.items()}

    @answers
    def redraw(self, request: gr.Request, **sent: Any) -> Update:
        """Another threshold, or more that was read together."""
        check = self.turns.take(request.session_hash, sent["turn"], is_view=True)
        _, lines = self._lines(sent)
        if len(lines.kept) < 2:
            return gr.skip()
        drawn = self._picture(sent, lines.kept, sent["chosen"])
        check()
        return {self.picture: drawn}

    @answers
    def press(self, request: gr.Request, event: gr.EventData, **sent: Any) -> Update:
        """A cell or a row: the pair is opened; a point: its nearest are shown; with one chosen before, the two are."""
        _, (kept, _, _) = self._lines(sent)
        places = [int(each) for each in str(event.key).lstrip("p").split("-")]
        if not all(place < len(kept) for place in places):
            return gr.skip()  # the picture is of lines that have been typed over
        if len(places) == 1 and sent["chosen"] not in (None, *places):
            places = [sent["chosen"], *places]
        if len(places) == 2:
            return {self.opening: [*(kept[place] for place in places), time.monotonic()], self.chosen: None}
        chosen = None if places[0] == sent["chosen"] else places[0]
        return {self.chosen: chosen, self.picture: self._picture(sent, kept, chosen)}

    @answers
    def open_chosen(self, opening: list[Any]) -> Update:
        """The two that were pressed, in Compare."""
        return self.open_pair(*opening[:2])

    @answers
    def price(self, request: gr.Request, **sent: Any) -> Update:
        """What both triangles cost, before the lower one is read."""
        model, (kept, notes, _) = self._lines(sent)
        if len(kept) < 2:
            return {self.cost: ""}
        settings, (reader, scorer) = self.settings(sent), self._reader(sent, model)
        apart = self._cost(model, "cosine", kept, **settings.options(model))
        together = self._cost(reader, scorer, kept, max_length=self._length(sent, model, reader))
        count = 2 * len(unread_pairs(self._apart(model, settings, kept), np.full((len(kept),) * 2, np.nan)))
        seconds = together.seconds * count / len(kept) ** 2
        costs = (
            f"{counted(apart.passes, 'short pass')[:-1] + 'es'}, {1000 * apart.seconds:,.0f} ms; {count:,} pair passes,"
            f" {seconds:,.1f} s, by {scorer} of {reader.name}."
        )
        return {self.cost: tag("p.bs-facts", " ".join([f"{counted(len(kept), 'sentence')}.", *notes, costs]))}

    def read_if_wanted(self, request: gr.Request, **sent: Any) -> Iterator[Update]:
        """After it was drawn: the lower triangle, where it was asked for before."""
        if sent["together"] == "yes" and sent["mode"] == self.name:
            yield from self.read(request, **sent)

    def read(self, request: gr.Request, **sent: Any) -> Iterator[Update]:
        """The lower triangle; it tells how far it is, and what is finished is drawn meanwhile."""
        started, told, drawn = time.monotonic(), 0.0, time.monotonic()
        try:
            check = self.turns.take(request.session_hash, sent["turn"])
            model, (kept, _, _) = self._lines(sent)
            if len(kept) < 2:
                return
            (reader, scorer), apart = self._reader(sent, model), self._apart(model, self.settings(sent), kept)
            together, length = self._together(sent, model, kept), self._length(sent, model, reader)
            for done, count in read_together(reader, scorer, length, kept, apart, together, self.lane):
                check()
                now = time.monotonic()
                if not count or (now - told < TOLD and done < count):
                    continue
                told, update = (
                    now,
                    {self.progress: pairs_read(done, count), self.cancel: gr.update(value="Cancel", visible=done < count)},
                )
                if now - drawn > DRAWN_ANEW or done == count:
                    drawn, update = now, update | {self.fresh: now}
                yield update
            says = f"{counted(count, 'pair')} read both ways in {time.monotonic() - started:,.1f} s."
            if count:
                yield self._told("yes", tag("p.bs-facts", says))
        except StaleError:
            return
        except BertsimError as error:
            yield self._told("no", fault(sentence(str(error))))

    @answers
    def stop(self, request: gr.Request, **sent: Any) -> Update:
        """Read no more; what was read stays."""
        self.turns.take(request.session_hash, sent["turn"])
        model, (kept, _, _) = self._lines(sent)
        left = len(unread_pairs(self._apart(model, self.settings(sent), kept), self._together(sent, model, kept)))
        says = f"Stopped: {counted(left, 'pair')} not read; “Read together” goes on with them."
        return self._told("no", tag("p.bs-facts", says)) | {self.fresh: time.monotonic()}

    def write_link(self, sent: Sent) -> Mapping[str, str]:
        """See `Mode`."""
        (_, example), *_ = LISTS
        new = {"lines": "\n".join(example), "threshold": THRESHOLD, "by": APART, "together": "yes"}
        return {key: sendable(str(sent[key])) for key, value in new.items() if sent[key] != value}

    def read_link(self, query: Mapping[str, str]) -> Update:
        """See `Mode`."""
        found: Update = {self.asks[key]: query[key] for key in self.asks if key in query} | {self.linked: True}
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

    def _lines(self, sent: Sent) -> tuple[SimilarityModel, Lines]:
        model = self.page.shelf.get(sent["encoder"])
        return model, read_lines(sent["lines"], model, sent["max_length"])

    def _state(self, sent: Sent) -> str:
        """What tells what is drawn from what would be."""
        return repr((key_of([sent["lines"]]), self.settings(sent), sent["scorer"]))

    def _told(self, together: str | None = None, says: Html | str = "") -> Update:
        """Nothing is being read; `together`: whether it is wanted, if that changes."""
        wanted = {} if together is None else {self.together: together}
        return {self.progress: says, self.cancel: gr.update(visible=False)} | wanted

    def _reader(self, sent: Sent, model: SimilarityModel) -> tuple[SimilarityModel, str]:
        """What reads two sentences together, and its scorer: the bundled encoder where the chosen one has none."""
        if sent["scorer"] in model.scorers_of("packed"):
            return model, sent["scorer"]
        bundled = self.page.shelf.get(BUNDLED_OFFER.name)
        if (scorer := Choices.of(bundled).defaults["scorer"]) == NO_HEAD:
            raise InputError(f"neither {model.name} nor {bundled.name} reads two sentences together.")
        return bundled, scorer

    def _length(self, sent: Sent, model: SimilarityModel, reader: SimilarityModel) -> int:
        return int(sent["max_length"]) if reader is model else reader.max_length

    def _apart(self, model: SimilarityModel, settings: Settings, kept: tuple[str, ...]) -> Apart:
        def compute() -> Apart:
            with self.lane.enter(kept):
                return read_apart(model, settings, kept)

        return self.kept.kept((ref(model), settings, key_of(kept)), compute)

    def _together(self, sent: Sent, model: SimilarityModel, kept: tuple[str, ...]) -> Float:
        """What was read together of these, float32 [n, n], NaN where nothing was; who reads more writes it in here."""
        reader, scorer = self._reader(sent, model)
        key = ref(reader), scorer, self._length(sent, model, reader), key_of(kept)
        return self.kept.kept(key, partial(np.full, (len(kept), len(kept)), np.nan, np.float32))

    def _cost(self, model: SimilarityModel, scorer: str, kept: tuple[str, ...], **options: Any) -> Cost:
        key = ref(model), "cost", scorer, repr(options), key_of(kept)
        return self.kept.kept(key, partial(model.cost, kept, scorer=scorer, **options))

    def _picture(self, sent: Sent, kept: tuple[str, ...], chosen: int | None) -> Html:
        model, settings = self.page.shelf.get(sent["encoder"]), self.settings(sent)
        apart, together = self._apart(model, settings, kept), self._together(sent, model, kept)
        (reader, scorer), by = self._reader(sent, model), sent["by"]
        scores = apart.cosines if by == APART else together
        groups = find_groups(scores, sent["threshold"], apart.silent)
        readers = f"cosine, {model.name}", f"{scorer}, {reader.name}"
        order = apart.order.tolist()
        found = Pairwise(kept, apart.cosines, together, order, groups, by, sent["threshold"], readers)
        return pairwise_view(found, apart.places, apart.shares.tolist(), chosen, apart.notes)
