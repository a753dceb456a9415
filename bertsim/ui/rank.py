"""The mode Rank: one sentence against many lines, by their vectors and by what reads both together.

The list by vectors comes first, then the best of it as they are read; `ranking` says what runs. Of what was asked the
visitor's session has a checksum and no text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any

import gradio as gr

from bertsim.errors import InputError
from bertsim.ui.calls import MANY_QUEUE, STOP_QUEUE, StaleError, Turns, answers, pressed, sentence
from bertsim.ui.controls import WholeSlider
from bertsim.ui.examples import RANKED
from bertsim.ui.lane import SlowLane
from bertsim.ui.layout import LIVE_JS, Layout, fault_place, picture, share_button
from bertsim.ui.modes import Mode, Sent, Update
from bertsim.ui.pairs import SETTINGS, Settings
from bertsim.ui.ranking import MOST_LINES, MOST_RERANKED, SOON, Question, Ranker, Step, list_lines
from bertsim.ui.theme import ANSWERED_JS, FAILED_JS, TURN_JS
from bertsim.views.markup import sendable, tag
from bertsim.views.page import choices, fault
from bertsim.views.rank import cost_line, headline, lines_file, others, ranking
from bertsim.views.ranked import Ranking

EXAMPLES = [(name, query, lines.replace("|", "\n")) for name, query, lines in RANKED]
_, QUERY, LINES = EXAMPLES[0]
TOP = 10
FRAME = 0.12
"""Seconds at least between two pictures of an answer on its way."""


class RankMode(Mode):
    """One sentence against many."""

    name, label = "rank", "Rank"

    def __init__(self, page: Layout, lane: SlowLane) -> None:
        super().__init__(page, lane)
        self.ranker, self.ends = Ranker(page.shelf, lane), Turns()

    @property
    def asks(self) -> dict[str, Any]:
        """The sentence, the lines, how many of them are read together with it."""
        return {"q": self.query, "lines": self.lines, "top": self.top}

    def build(self) -> None:
        """The sentence and its settings beside the lines, what there is to press, the answer."""
        with gr.Row(elem_id="bs-rank-asked"):
            with gr.Column(min_width=280, scale=4):
                says: dict[str, Any] = {"label": "Sentence", "placeholder": "A question, a claim, a title"}
                self.query = gr.Textbox(QUERY, max_lines=4, elem_id="bs-query", elem_classes="bs-typed", **says)
                self.faults = {"q": fault_place("query")}
                says = {
                    "label": "Read together",
                    "info": "So many of the best lines by vectors, each with the sentence.",
                }
                slider = {"minimum": 0, "maximum": MOST_RERANKED, "step": 1, "elem_id": "bs-top"}
                self.top = WholeSlider(value=TOP, elem_classes="bs-typed", **slider, **says)
                with gr.Row(elem_classes="bs-actions"):
                    named = {"elem_id": "bs-rank-run", "elem_classes": "bs-go"}
                    self.run = gr.Button("Rank", variant="primary", scale=0, **named)
                    self.cancel = gr.Button("Cancel", visible=False, elem_id="bs-rank-cancel", scale=0)
                    self.cost = gr.HTML("", elem_id="bs-cost", apply_default_css=False)
            with gr.Column(min_width=280, scale=6, elem_classes="bs-lines-box"):
                says = {"label": "Lines", "placeholder": "One sentence a line: type, paste, or drop a file"}
                self.lines = gr.Textbox(LINES, lines=7, max_lines=7, elem_id="bs-list", elem_classes="bs-typed", **says)
                gr.HTML(lines_file(MOST_LINES), apply_default_css=False, elem_classes="bs-from-file")
                self.faults["lines"] = fault_place("list")
        with gr.Row(elem_classes="bs-actions"):
            self.examples = picture("Examples", "bs-rank-examples", choices("Try", [name for name, *_ in EXAMPLES]))
            share_button("Share")
        with gr.Column(elem_id="bs-rank-result", elem_classes="bs-result"):
            waiting = tag("p.bs-empty", "The ranking appears here.")
            self.headline = picture("What comes first", "bs-rank-headline", waiting, js=LIVE_JS + ANSWERED_JS)
            self.ranking = picture("Ranking", "bs-ranking")
            self.others = picture("More of the ranking", "bs-rank-others")
        self.shown = gr.State(None)

    def wire(self, blocks: gr.Blocks) -> list[Any]:
        """See `Mode`."""
        page = self.page
        results = {self.headline, self.ranking, self.others, self.cost, self.cancel, self.shown, *self.faults.values()}
        own = self.shared | self.asks | {"shown": self.shown, "turn": page.turn}
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", **MANY_QUEUE}
        sent = {"inputs_kwargs": own, "js": TURN_JS, "trigger_mode": "multiple", "show_progress_on": self.cost, **quiet}
        ranked = [
            gr.on([self.run.click, self.query.submit], self.rank, outputs=results, **sent),
            self.entered.change(self.rank_if_due, outputs=results, **sent),
            self.examples.pick(self.run_example, outputs=results | set(self.asks.values()), **sent),
        ]
        self.cancel.click(self.stop, outputs={self.cancel}, **sent | STOP_QUEUE)
        for each in ranked:
            each.failure(None, js=FAILED_JS.format(self.name), api_visibility="private")
            each.success(self.follow, inputs_kwargs=self.shared | self.asks, outputs={page.share}, **quiet)
        return [each.pick(self.open_row, outputs=self.opened, **sent) for each in (self.ranking, self.others)]

    @answers
    def rank(self, request: gr.Request, **sent: Any) -> Iterator[Update]:
        """The button, Enter, a pause in typing."""
        yield from self._rank(request, sent)

    @answers
    def rank_if_due(self, request: gr.Request, **sent: Any) -> Iterator[Update]:
        """The mode was opened, or something else than its boxes was changed: unless that is what is shown."""
        if sent["shown"] != _checksums(sent):
            yield from self._rank(request, sent)
        else:
            yield gr.skip()

    @answers
    def run_example(self, request: gr.Request, event: gr.EventData, **sent: Any) -> Iterator[Update]:
        """An example."""
        _, query, lines = pressed(event, EXAMPLES)
        boxes = {self.query: query, self.lines: lines}
        for update in self._rank(request, sent | {"q": query, "lines": lines}):
            yield boxes | update
            boxes = {}  # or what is typed meanwhile would go

    @answers
    def stop(self, request: gr.Request, **sent: Any) -> Update:
        """What is finished of the answer on its way is to be all."""
        self.ends.take(request.session_hash, sent["turn"])
        return {self.cancel: gr.update(visible=False)}

    @answers
    def open_row(self, event: gr.EventData, q: str, lines: str, **sent: Any) -> Update:
        """A row, in Compare.

        Raises:
            InputError: the list is no longer in the box, and nobody knows its sentences.
        """
        if not sent["shown"] or sent["shown"][1] != hash(lines):
            raise InputError("the lines have changed since; press a row of the new ranking.")
        return self.open_pair(q, pressed(event, list_lines(lines).lines))

    def write_link(self, sent: Sent) -> Mapping[str, str]:
        """See `Mode`."""
        new = {"q": QUERY, "lines": LINES, "top": TOP}
        return {key: sendable(str(sent[key])) for key, value in new.items() if sent[key] != value}

    def read_link(self, query: Mapping[str, str]) -> Update:
        """See `Mode`. Raises: InputError, where `top` is no number that the slider has."""
        asked: Update = {self.asks[key]: query[key] for key in ("q", "lines") if key in query}
        if "top" in query:
            top = query["top"]
            if not top.isdecimal() or len(top) > 3 or int(top) > MOST_RERANKED:
                raise InputError(f"top is {top[:40]!r}; a whole number from 0 to {MOST_RERANKED} was expected.")
            asked[self.top] = int(top)
        return asked

    def _rank(self, request: gr.Request, sent: Sent) -> Iterator[Update]:
        """An answer step by step; a fault takes what says that it is on its way."""
        anew: Update = {self.shown: sent["shown"] and (None, sent["shown"][1])}  # or what a fault came of would be kept
        yield from self.until_fault(request, sent, self._answer(request, sent), self._ended | anew)

    def _answer(self, request: gr.Request, sent: Sent) -> Iterator[Update]:
        """An answer step by step, or what is wrong with a box, at that box."""
        is_current = self.turns.take(request.session_hash, sent["turn"])
        is_wanted = self.ends.take(request.session_hash, sent["turn"])

        def stop() -> None:
            is_current()
            is_wanted()

        def is_over() -> bool:
            is_current()
            try:
                is_wanted()
            except StaleError:
                return True
            return False

        found, wrong = list_lines(sent["lines"]), {}
        model = self.page.shelf.get(sent["encoder"])
        model.resolve(**Settings.of(sent).options(model))  # settings that do not go together are no fault of a box
        try:
            model.check(sent["q"], "the sentence")
        except InputError as error:
            wrong["q"] = str(error)
        if not found.lines:
            wrong["lines"] = "there is no line yet; write one sentence a line, paste them, or drop a file."
        if not wrong:
            asked = Question(sent["q"], found, Settings.of(sent), sent["scorer"], sent["top"])
            begun: Update = dict.fromkeys(self.faults.values(), "")
            drawn: Update = {self.shown: _checksums(sent)}
            drawn |= {self.others: ""} if not sent["shown"] or sent["shown"][1] != hash(sent["lines"]) else {}
            try:
                for update in self._updates(self.ranker.rank(asked, stop, is_over), asked.sentence, sent["turn"]):
                    is_current()
                    if self.ranking in update:  # not before: a row that is pressed is one of the list that is drawn
                        begun, drawn = begun | drawn, {}
                    yield begun | update
                    begun = {}
            except InputError as error:
                wrong["lines"] = str(error)
            except StaleError:
                if not is_over():
                    raise
                yield self._ended
        if wrong:
            yield self._ended | {place: self._fault(key, wrong, sent["turn"]) for key, place in self.faults.items()}

    def _drawn(self, found: Ranking, turn: float) -> Update:
        return {self.headline: headline(found, turn), self.ranking: ranking(found)}

    @property
    def _ended(self) -> Update:
        return {self.cost: "", self.cancel: gr.update(visible=False)}

    def _fault(self, key: str, wrong: Mapping[str, str], turn: float) -> Any:
        box = {"q": "query", "lines": "list"}[key]
        return fault(sentence(wrong[key]), id=f"bs-fault-{box}", data_turn=turn) if key in wrong else ""

    def _updates(self, steps: Iterator[Step], query: str, turn: float) -> Iterator[Update]:
        """What changes on the page: the first list at once, then a picture now and then, in the end everything."""
        start, drawn, last = monotonic(), 0.0, None
        for last in steps:
            now, is_first = monotonic(), not drawn and last.found
            if is_first or now - drawn > FRAME:
                is_long = now - start > SOON or last.cost.seconds + last.cost.pair_seconds > SOON
                update: Update = {self.cost: cost_line(last.cost, last.what, last.done)}
                update |= {self.cancel: gr.update(visible=True)} if is_long and last.what else {}
                yield update | (self._drawn(last.found, turn) if last.found else {})
                drawn = now if last.found else drawn
        if last and last.found:
            yield self._drawn(last.found, turn) | {
                self.others: others(last.found, query),
                self.cost: cost_line(last.cost),
                self.cancel: gr.update(visible=False),
            }


def _checksums(sent: Sent) -> tuple[int, int]:
    """Of everything that an answer depends on, and of the lines."""
    keys = ("q", "lines", "top", "encoder", *SETTINGS, "scorer")
    return hash(tuple(sent[key] for key in keys)), hash(sent["lines"])
