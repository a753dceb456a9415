"""The mode File: a visitor's file of pairs, read as the command reads it, scored, drawn, and taken away."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import gradio as gr

from bertsim.data.layout import DELIMITERS
from bertsim.data.rows import QUOTINGS
from bertsim.errors import BertsimError, InputError
from bertsim.model.similarity import SimilarityModel
from bertsim.ui.calls import MANY_QUEUE, STOP_QUEUE, StaleError, answers, pressed_key, sentence, stop_if_left
from bertsim.ui.desk import Desk, Visit, limits_of
from bertsim.ui.file_found import Found
from bertsim.ui.file_results import write_report
from bertsim.ui.file_scoring import KINDS, Job, Scored, begin, chunks, write
from bertsim.ui.layout import picture
from bertsim.ui.modes import Mode, Sent, Update
from bertsim.ui.pairs import Settings
from bertsim.ui.reader import NO_LABEL, TAKEN_KINDS, Asked, Taken, read_taken
from bertsim.ui.theme import FILE_JS
from bertsim.ui.transfer import BINARY, Making, build_transfers
from bertsim.views.file import Preview, drop_zone, finished, preview, under_way
from bertsim.views.markup import Html, counted, note, number, shorten, tag
from bertsim.views.page import fault

EXAMPLE = Path(__file__).parent / "assets" / "example.tsv"
SCORERS, MOST_SCORERS = ("cosine", "combined"), 4
SHOWN = 4
"""Rows of a file that are shown."""
AT_ONCE = 100
"""A file of so many rows at most is scored without being asked to."""
FOUND_OUT = "found out"
ENCODINGS = ("utf-8", "utf-16", "cp1252", "latin-1", "cp1250", "cp1251", "mac_roman", "cp850", "shift_jis", "gb18030")
# How a file is read, by the names of a `Reading`: what the page calls it, and what may be chosen.
READINGS: Mapping[str, tuple[str, list[Any]]] = {
    "delimiter": ("Delimiter", [(name, each) for name, each in DELIMITERS.items()]),
    "quoting": ("Quotes", list(QUOTINGS)),
    "encoding": ("Encoding", list(ENCODINGS)),
    "header": ("First row", [("names the columns", True), ("is a pair", False)]),
    "sheet": ("Sheet", []),
}
_MEDIA = {"tsv": "text/tab-separated-values", "csv": "text/csv", "jsonl": "application/jsonl"}
# A file is read by a process of its own; of these few at a time. What is pressed waits for nobody.
READ_QUEUE = {"concurrency_id": "files", "concurrency_limit": 2}


class FileMode(Mode):
    """A file of pairs.

    Attributes:
        desk: where the files of visitors lie.
        transfers: what they, and what was made of them, go through.
    """

    name, label = "file", "File"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.found = Found(self, self.visit_of)
        self.desk = Desk(limits_of(os.environ))
        makes: dict[str, tuple[str, Making]] = {
            f"scored.{kind}": (_MEDIA.get(kind, BINARY), partial(write, kind=kind)) for kind in KINDS
        }
        makes["report.html"] = "text/html", write_report
        makes["example.tsv"] = _MEDIA["tsv"], lambda _: iter([EXAMPLE.read_bytes()])
        self.transfers = build_transfers(self.desk, makes)

    @property
    def asks(self) -> dict[str, Any]:
        """Nothing: a link holds no file."""
        return {}

    def build(self) -> None:
        """Where to drop a file; what it was taken for, and what of that may be chosen; score and cancel; the rest."""
        self.drop = picture("File", "bs-file-drop", js=FILE_JS)
        self.taken = picture("What it was taken for", "bs-file-taken", js=FILE_JS)
        with gr.Row(visible=False, elem_classes="bs-controls", elem_id="bs-file-columns") as self.columns:
            named = {"a": "Column of A", "b": "Column of B", "label": "Column of labels"}
            self.chosen = {key: gr.Dropdown([], label=says, elem_id=f"bs-file-{key}") for key, says in named.items()}
        how = gr.Accordion("How it is read", open=False, visible=False, elem_id="bs-file-reading")
        with how as self.how, gr.Row(elem_classes="bs-controls"):
            self.read_as = {
                key: gr.Dropdown([FOUND_OUT], value=FOUND_OUT, label=says, allow_custom_value=key == "encoding")
                for key, (says, _) in READINGS.items()
            }
        with gr.Row(visible=False, elem_id="bs-file-actions") as self.actions:
            self.run = gr.Button("Score", variant="primary", elem_id="bs-file-run", scale=0)
            self.cancel = gr.Button("Cancel", elem_id="bs-file-cancel", scale=0, visible=False)
            says = {"label": "Scored by", "multiselect": True, "max_choices": MOST_SCORERS}
            self.scorers = gr.Dropdown([], elem_id="bs-file-scorers", **says)
            self.infers = gr.Checkbox(True, label="Inference too: does B follow from A?", elem_id="bs-file-infers")
            self.cost = picture("What it costs", "bs-file-cost")
        self.told = picture("Scoring", "bs-file-told", js='element.setAttribute("role", "status");')
        self.found.build()

    def wire(self, blocks: gr.Blocks) -> list[Any]:
        """See `Mode`."""
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        sent = private | {"inputs_kwargs": self.shared | {"scorers": self.scorers, "infers": self.infers}}
        self.entered.change(self.welcome, None, {self.drop}, **private)
        self.entered.change(self.follow, inputs_kwargs=self.shared, outputs={self.page.share}, **private, **MANY_QUEUE)
        blocks.unload(self.part)
        choices = {**self.chosen, **self.read_as}
        choices |= {"scorers": self.scorers, "infers": self.infers}
        changed = {self.taken, self.columns, self.how, self.actions, *choices.values()}
        changed |= {self.cost, *self.answered}
        reads: dict[str, Any] = {"outputs": changed, **private, **READ_QUEUE}
        using, took = {"encoder": self.page.encoder}, []
        took.append(self.drop.pick(self.open_file, inputs_kwargs=using, trigger_mode="multiple", **reads))
        for say, controls in ((self.read_again, self.read_as), (self.choose, self.chosen)):
            pressed = [each.input for each in controls.values()]
            took.append(gr.on(pressed, say, inputs_kwargs=controls | using, trigger_mode="always_last", **reads))
        costs = sent | MANY_QUEUE
        scores = sent | {"outputs": self.answered, **MANY_QUEUE}
        for each in (self.entered.change(self.offer, outputs={self.scorers, self.infers}, **costs), *took):
            each.success(self.tell_cost, outputs={self.cost}, **costs)
        for each in took:
            each.success(self.score_few, **scores)
        gr.on([self.infers.input, self.scorers.input], self.tell_cost, outputs={self.cost}, **costs)
        scoring = self.run.click(self.score, **scores)
        scoring.success(self.follow, outputs={self.page.share}, inputs_kwargs=self.shared, **private, **MANY_QUEUE)
        self.cancel.click(self.stop, None, {self.cancel}, **private, **STOP_QUEUE)
        return [self.found.wire()]

    @property
    def answered(self) -> set[Any]:
        """What scoring changes."""
        return {self.told, self.run, self.cancel, *self.found.changed}

    def welcome(self, request: gr.Request) -> Update:
        """The mode is opened: its ticket."""
        return {self.drop: self._zone(self.desk.admit(str(request.session_hash)))}

    @answers
    def offer(self, **sent: Any) -> Update:
        """The mode is opened, or the encoder is another: what that one can; what was chosen of it stays."""
        return self._offered(self.page.shelf.get(sent["encoder"]), sent["scorers"] or (), infers=sent["infers"])

    def part(self, request: gr.Request) -> None:
        """The page is left."""
        self.desk.leave(str(request.session_hash))

    @answers
    def open_file(self, request: gr.Request, event: gr.EventData, encoder: str) -> Update:
        """A file that was sent, or the example."""
        visit = self.visit_of(request)
        if pressed_key(event) == "example":
            self.desk.put(visit, EXAMPLE)
        return self._take(visit, Asked(), encoder)

    @answers
    def read_again(self, request: gr.Request, encoder: str, **chosen: Any) -> Update:
        """How the file is read was changed: what was not said before, and is as it was found, is found out again.

        Nothing where all is as before, for Gradio tells of every list that is left.
        """
        visit = self.visit_of(request)
        before, found = (visit.asked, visit.taken.reading if visit.taken else {})
        said = {}
        for key, value in chosen.items():
            is_new = value not in (FOUND_OUT, "", None) and value != found.get(key)
            said[key] = value if is_new or (value == getattr(before, key)) else None
        if visit.taken and all(value == getattr(before, key) for key, value in said.items()):
            return gr.skip()
        return self._take(visit, Asked(**said), encoder)

    @answers
    def choose(self, request: gr.Request, encoder: str, **columns: Any) -> Update:
        """Other columns, or nothing as above; what is chosen stays, for another may be chosen by now."""
        visit, own = self.visit_of(request), self.chosen.values()
        if (taken := visit.taken) and (*taken.sentences, taken.label or NO_LABEL) == tuple(columns.values()):
            return gr.skip()
        update = self._take(visit, replace(visit.asked, **columns), encoder)
        return {place: value for place, value in update.items() if place not in own}

    @answers
    def tell_cost(self, request: gr.Request, **sent: Any) -> Update:
        """What scoring the file takes, by a few of its rows."""
        taken = self.visit_of(request).taken
        if not taken or not taken.is_ready:
            return {self.cost: ""}
        model, job = self._job(sent)
        scored = begin(self.visit_of(request), job, model)
        pairs = [pair for pair, row in zip(scored.pairs, scored.rows, strict=True) if not row.error]
        apart, packed, seconds = job.cost(model, pairs)
        passes = [f"{counted(apart, 'sentence')} read alone", f"{counted(packed, 'pair')} read together"]
        says = f"{', '.join(passes[: 1 + bool(packed)])}, about {number(max(seconds, 0.1), 0 if seconds > 2 else 1)} s"
        return {self.cost: tag("p.bs-caption", says)}

    def score_few(self, request: gr.Request, **sent: Any) -> Iterator[Update]:
        """After a file was taken: one of few rows is scored at once, once."""
        visit = self.visit_of(request)
        if not visit.taken or not visit.taken.is_ready or visit.fresh != visit.run:
            yield gr.skip()  # Gradio empties whatever a generator that yields nothing could have changed
        elif visit.taken.rows <= AT_ONCE:
            yield from self.score(request, **sent)
        else:
            yield self._rest()

    def score(self, request: gr.Request, **sent: Any) -> Iterator[Update]:
        """Score the rows, and say how far it is; what is finished when it is stopped is kept, and drawn."""
        visit = self.visit_of(request)
        visit.run += visit.taken is not None  # a file that is being read is read on
        run, buttons = visit.run, {self.run: gr.update(interactive=False), self.cancel: gr.update(visible=True)}

        def stop() -> None:
            stop_if_left()
            if visit.run != run:
                raise StaleError

        try:
            model, job = self._job(sent)
            scored = begin(visit, job, model)
            visit.result_bytes = scored.bytes
            self.desk.make_room(visit)
            yield buttons | {self.told: under_way(scored.done, len(scored.rows), 0, 0)}
            with suppress(StaleError):
                for rate in chunks(scored, model, self.lane, stop):
                    stop()
                    left = (len(scored.rows) - scored.done) / max(rate, 1e-9)
                    yield {self.told: under_way(scored.done, len(scored.rows), rate, left)}
            if visit.run not in (run, visit.stopped):
                raise StaleError
            if scored.done:  # else what was made before stays
                visit.result, visit.shown = scored, {}
            yield self._drawn(visit, scored)
        except StaleError:
            yield gr.skip()  # at its end Gradio sends the last answer once more, over what came since
        except BertsimError as error:
            yield {self.told: fault(sentence(str(error)))} | self._rest()
        except Exception:
            yield self._rest()
            raise

    def stop(self, request: gr.Request) -> Update:
        """Cancel: what runs ends, or waits no longer for its turn; the rows in hand are not finished."""
        visit = self.visit_of(request)
        visit.run += 1
        visit.stopped = visit.run
        return {self.cancel: gr.update(interactive=False)}

    def write_link(self, sent: Sent) -> Mapping[str, str]:
        """See `Mode`."""
        return {}

    def read_link(self, query: Mapping[str, str]) -> Update:
        """See `Mode`."""
        return {}

    def visit_of(self, request: gr.Request) -> Visit:
        """The visit of whoever asks."""
        return self.desk.admit(str(request.session_hash))

    def _zone(self, visit: Visit) -> Html:
        limits = self.desk.limits
        return drop_zone(visit.ticket, limits.megabytes, limits.rows, TAKEN_KINDS)

    def _job(self, sent: Sent) -> tuple[Any, Job]:
        """What scores, and how. Raises: InputError, where that encoder cannot."""
        model = self.page.shelf.get(sent["encoder"])
        scorers = tuple(sent["scorers"] or ("cosine",))
        if lacking := [name for name in scorers if name not in model.scorers]:
            there = ", ".join(model.scorers)
            raise InputError(f"the encoder {model.name} has no scorer {lacking[0]!r}; choose one of {there}.")
        if sent["infers"] and not model.inferring_head:
            raise InputError(f"the encoder {model.name} has no head that infers; leave inference out.")
        return model, Job(Settings.of(sent), scorers, bool(sent["infers"]))

    def _rest(self) -> Update:
        """The buttons when nothing runs."""
        return {self.run: gr.update(interactive=True), self.cancel: gr.update(visible=False, interactive=True)}

    def _take(self, visit: Visit, asked: Asked, encoder: str) -> Update:
        """Read the file; what is wrong with it stands where it was dropped."""
        hidden = gr.update(visible=False)
        fresh: Update = {self.told: "", self.cost: "", self.columns: hidden, self.actions: hidden}
        fresh |= self.found.nothing() | self._rest()
        try:
            taken = self.desk.read(visit, asked)
        except BertsimError as error:
            wrong = fault(sentence(str(error)), data_turn=visit.run)  # the same of another file is said anew
            return fresh | {self.taken: wrong, self.how: gr.update(visible=asked != Asked())}
        fresh |= self._choices(taken, self.page.shelf.get(encoder))
        return fresh | {self.taken: self._preview(visit, taken)}

    def _choices(self, taken: Taken, model: SimilarityModel) -> Update:
        """What of a file may be chosen, and what is."""
        is_doubtful = bool(taken.problem and not taken.columns)
        found: Update = {self.how: gr.update(visible=bool(taken.sayable), open=is_doubtful)}
        for key, control in self.read_as.items():
            known = [(name, name) for name in taken.sheets] if key == "sheet" else READINGS[key][1]
            value = taken.reading.get(key, getattr(taken.asked, key))
            value = value.removesuffix("-sig") if isinstance(value, str) else value
            options = [FOUND_OUT, *known]
            values = [each[1] if isinstance(each, tuple) else each for each in options]
            options += [] if value in (None, *values) else [(str(value), value)]
            value = FOUND_OUT if value is None else value
            found[control] = gr.update(choices=options, value=value, visible=key in taken.sayable)
        a, b = taken.sentences or (taken.asked.a, taken.asked.b)  # one that is chosen stays while the other is not
        columns = [(shorten(name, 40), name) for name in taken.columns]
        found[self.chosen["a"]] = gr.update(choices=columns, value=a)
        found[self.chosen["b"]] = gr.update(choices=columns, value=b)
        found[self.chosen["label"]] = gr.update(choices=[("none", NO_LABEL), *columns], value=taken.label or NO_LABEL)
        found[self.columns] = gr.update(visible=bool(taken.columns))
        found[self.actions] = gr.update(visible=taken.is_ready)
        if taken.asked != Asked():
            return found
        return found | self._offered(model, (), infers=taken.label is None or taken.rows <= AT_ONCE)

    def _offered(self, model: SimilarityModel, chosen: Sequence[str], *, infers: bool) -> Update:
        """What a file can be scored by, and what of it is chosen: what was, else what is usual."""
        can, known = bool(model.inferring_head), model.scorers
        own = [name for name in chosen if name in known] or [name for name in SCORERS if name in known]
        ticked = gr.update(value=infers and can, interactive=can)
        return {self.scorers: gr.update(choices=list(known), value=own), self.infers: ticked}

    def _preview(self, visit: Visit, taken: Taken) -> Html:
        roles = dict(zip(taken.sentences, "AB", strict=False)) | ({taken.label: "label"} if taken.label else {})
        rows = [[*row.cells] for row in islice(read_taken(visit.rows), SHOWN)] if taken.columns else []
        notes = []
        if taken.is_cut:
            notes.append(f"The file has more rows; the first {taken.rows:,} are taken, the most on this host.")
        if taken.label_fault:
            notes.append(f"{counted(taken.labels, 'label')} could be read; {taken.label_fault}.")
        found = Preview(taken.name, taken.words, taken.columns, roles, rows, taken.rows, taken.bad, taken.faults, notes)
        return preview(found, sentence(taken.problem), data_turn=visit.run)

    def _drawn(self, visit: Visit, scored: Scored) -> Update:
        """What was made of the file."""
        if not scored.done:
            return {self.told: note("Stopped before any row was scored.")} | self._rest()
        names = {"tsv": "TSV", "csv": "CSV", "jsonl": "JSON Lines", "parquet": "Parquet"}
        links = [(names[kind], f"files/{visit.ticket}/scored.{kind}") for kind in KINDS]
        bad = sum(error is not None for error in scored.errors)
        by = f"{scored.encoder}, {' and '.join(scored.job.scorers)}"
        links.append(("Report", f"files/{visit.ticket}/report.html"))
        told = finished(scored.done, len(scored.rows), bad, scored.seconds, by, links)
        return {self.told: told} | self._rest() | (self.found.draw(visit) if bad < scored.done else {})
