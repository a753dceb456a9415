"""The mode Rank: one sentence against many lines, best first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from bertsim.ui.calls import MANY_QUEUE, answers, pressed
from bertsim.ui.layout import picture
from bertsim.ui.modes import Mode, Sent, Update
from bertsim.views.rank import ranking

QUERY = "How can I keep my bicycle from being stolen?"
LINES = (
    "Use two good locks and park where people walk by.",
    "My bicycle was stolen last night.",
    "How do I keep a bicycle chain from rusting?",
    "The soup is cold.",
)


class RankMode(Mode):
    """One sentence against many."""

    name, label = "rank", "Rank"

    @property
    def asks(self) -> dict[str, Any]:
        """The sentence and the lines."""
        return {"q": self.query, "lines": self.lines}

    def build(self) -> None:
        """A box for the sentence, one for the lines, the list."""
        self.query = gr.Textbox(QUERY, label="Sentence", elem_id="bs-query")
        self.lines = gr.Textbox("\n".join(LINES), label="Lines", lines=6, elem_id="bs-lines")
        self.run = gr.Button("Rank", variant="primary", elem_id="bs-rank-run")
        self.ranking = picture("Ranking", "bs-ranking")

    def wire(self, blocks: gr.Blocks) -> list[Any]:
        """See `Mode`."""
        sent: dict[str, Any] = {"inputs_kwargs": self.shared | self.asks, "api_visibility": "private", **MANY_QUEUE}
        linked = blocks.load(self.open_link, None, set(self.asks.values()), api_visibility="private")
        for each in (linked, self.run.click(self.rank, outputs={self.ranking}, **sent)):
            each.success(self.follow, outputs={self.page.share}, **sent)
        opened = self.ranking.pick(self.open_row, outputs=self.opened, **sent)
        return [opened]

    @answers
    def rank(self, q: str, lines: str, **sent: Any) -> Update:
        """Rank the lines."""
        model, listed = self.page.shelf.get(sent["encoder"]), lines.splitlines()
        with self.lane.enter([q, *listed]) as pace:
            found = model.rank(q, listed, progress=pace, **self.settings(sent).options(model))
        return {self.ranking: ranking([(each.score, listed[each.index], each.index) for each in found])}

    @answers
    def open_row(self, event: gr.EventData, q: str, lines: str, **_: Any) -> Update:
        """A row, in Compare."""
        return self.open_pair(q, pressed(event, lines.splitlines()))

    def write_link(self, sent: Sent) -> Mapping[str, str]:
        """See `Mode`."""
        new = {"q": QUERY, "lines": "\n".join(LINES)}
        return {key: sent[key] for key, value in new.items() if sent[key] != value}

    def read_link(self, query: Mapping[str, str]) -> Update:
        """See `Mode`."""
        return {self.asks[key]: query[key] for key in self.asks if key in query}
