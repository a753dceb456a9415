"""What was found of a visitor's file, on the page: plots, ranges that are dragged or typed, the pairs within them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr
import numpy as np

from bertsim.errors import InputError
from bertsim.ui.calls import MANY_QUEUE, answers, pressed, pressed_key
from bertsim.ui.desk import Visit
from bertsim.ui.file_results import MOST, ORDERS, PAGE, chosen_of, read_brush, results_of
from bertsim.ui.layout import picture
from bertsim.ui.modes import Mode, Update
from bertsim.ui.theme import FILE_JS
from bertsim.views.file_plots import findings
from bertsim.views.markup import note


class Found:
    """Plots, choice and table, and their events.

    Args:
        mode: whose they are.
        visit_of: whose file a request is about.
    """

    def __init__(self, mode: Mode, visit_of: Callable[[gr.Request], Visit]) -> None:
        self.mode, self.visit_of = mode, visit_of

    def build(self) -> None:
        """Lay them out; nothing is seen before there is something."""
        self.plots = picture("What was found", "bs-file-found", js=FILE_JS)
        with gr.Row(visible=False, elem_classes="bs-controls", elem_id="bs-file-choice") as self.choice:
            self.similar = gr.Number(label="Similar from label", elem_id="bs-file-similar", min_width=90)
            self.axis = gr.Dropdown([], label="Pairs with", elem_id="bs-file-axis")
            self.low = gr.Number(label="from", elem_id="bs-file-low", min_width=90)
            self.high = gr.Number(label="to", elem_id="bs-file-high", min_width=90)
            self.order = gr.Dropdown([], label="Sorted by", elem_id="bs-file-order")
            self.all = gr.Button("All pairs", size="sm", scale=0, elem_id="bs-file-all")
        self.table = picture("Pairs", "bs-file-table")
        self.more = gr.Button("More pairs", visible=False, size="sm", elem_id="bs-file-more")

    @property
    def changed(self) -> set[Any]:
        """What another file, or another score of it, changes."""
        return set(self.nothing()) | {self.similar, self.axis, self.low, self.high, self.order}

    def nothing(self) -> Update:
        """Before there is anything."""
        hidden = gr.update(visible=False)
        return {self.plots: "", self.table: "", self.choice: hidden, self.more: hidden}

    def draw(self, visit: Visit) -> Update:
        """Everything, of what is scored of a visit's file. Raises: InputError, where nothing is."""
        results, chosen = results_of(visit), chosen_of(visit)
        measured = results.measured(chosen)
        orders = [(ORDERS[name], name) for name in results.orders]
        return {
            self.plots: note(results.losses) + findings(measured),
            self.choice: gr.update(visible=True),
            self.similar: gr.update(value=measured.similar, visible=measured.span is not None),
            self.axis: gr.update(choices=results.names, value=results.names[0]),
            self.low: None,
            self.high: None,
            self.order: gr.update(choices=orders, value=results.orders[0]),
            self.table: results.table(chosen),
            self.more: gr.update(visible=results.has_more(chosen)),
        }

    def wire(self) -> Any:
        """Connect them; the event after which a pair of the table stands in the boxes of Compare."""
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", **MANY_QUEUE}
        table = {self.table, self.more}
        listed, ranged = private | {"outputs": table | {self.axis, self.low, self.high}}, {"axis": self.axis}
        typed = private | {"outputs": table, "trigger_mode": "always_last"}
        self.plots.pick(self.brush, None, **listed)
        self.all.click(self.list_all, None, **listed)
        self.axis.input(self.choose_axis, inputs_kwargs=ranged, **listed)
        ranged |= {"low": self.low, "high": self.high}
        gr.on([self.low.input, self.high.input], self.keep_range, inputs_kwargs=ranged, **typed)
        self.order.input(self.sort, inputs_kwargs={"order": self.order}, **typed)
        self.more.click(self.list_more, None, **typed)
        drawn = typed | {"outputs": table | {self.plots}}
        self.similar.input(self.part_labels, inputs_kwargs={"similar": self.similar}, **drawn)
        return self.table.pick(self.open_row, None, self.mode.opened, **private)

    @answers
    def brush(self, request: gr.Request, event: gr.EventData) -> Update:
        """A range, or a box, was dragged."""
        return self._ranged(request, read_brush(pressed_key(event)))

    @answers
    def list_all(self, request: gr.Request) -> Update:
        """No range any more."""
        return self._ranged(request, {})

    @answers
    def choose_axis(self, request: gr.Request, axis: str) -> Update:
        """A range of other numbers: all of them at first."""
        return self._ranged(request, {axis: self._ends(request, axis)})

    @answers
    def keep_range(self, request: gr.Request, axis: str, low: float | None, high: float | None) -> Update:
        """The ends of a range were typed."""
        least, most = self._ends(request, axis)
        return self._listed(request, ranges={axis: (least if low is None else low, most if high is None else high)})

    @answers
    def sort(self, request: gr.Request, order: str) -> Update:
        """Another order. Raises: InputError, for one that there is not."""
        if order not in ORDERS:
            raise InputError(f"there is no order {str(order)[:20]!r}.")
        return self._listed(request, order=order)

    @answers
    def list_more(self, request: gr.Request) -> Update:
        """More pairs of those."""
        return self._listed(request, count=min(chosen_of(self.visit_of(request)).count + PAGE, MOST))

    @answers
    def part_labels(self, request: gr.Request, similar: float | None) -> Update:
        """Pairs are similar from another label on."""
        visit = self.visit_of(request)
        results, chosen = results_of(visit), chosen_of(visit, similar=similar)
        return {self.plots: note(results.losses) + findings(results.measured(chosen)), **self._listed(request)}

    @answers
    def open_row(self, request: gr.Request, event: gr.EventData) -> Update:
        """A pair of the table, in Compare. Raises: InputError, where there is no such row."""
        return self.mode.open_pair(*pressed(event, results_of(self.visit_of(request)).scored.pairs))

    def _ends(self, request: gr.Request, axis: str) -> tuple[float, float]:
        values = results_of(self.visit_of(request)).column(axis)
        return float(np.nanmin(values)), float(np.nanmax(values))

    def _listed(self, request: gr.Request, **changes: Any) -> Update:
        """The table under what is chosen now, with changes."""
        visit = self.visit_of(request)
        results, chosen = results_of(visit), chosen_of(visit, **{"count": PAGE} | changes)
        return {self.table: results.table(chosen), self.more: gr.update(visible=results.has_more(chosen))}

    def _ranged(self, request: gr.Request, ranges: dict[str, tuple[float, float]]) -> Update:
        """The same with other ranges, which the boxes show."""
        update, names = self._listed(request, ranges=ranges), results_of(self.visit_of(request)).names
        name, ends = next(iter(ranges.items()), (names[0], (None, None)))
        low, high = (None if end is None else round(end, 4) for end in ends)
        return update | {self.axis: name, self.low: low, self.high: high}
