"""Six links, each with a question to answer before it is followed; they stand in `assets/tour.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path

from bertsim.ui.controls import Choices
from bertsim.ui.tabs import TABS
from bertsim.views.tour import Stop

_FILE = Path(__file__).parent / "assets" / "tour.toml"
TOUR = tuple(Stop(**stop) for stop in tomllib.loads(_FILE.read_text("utf-8"))["stops"])


def link_of(stop: Stop, allowed: Choices, start: str) -> str:
    """A stop's address on the page; `allowed`: by the bundled encoder; `start`: the one that the app begins with."""
    query = allowed.write_link(stop.a, stop.b, stop.tab or TABS[0].name, {**allowed.defaults, **stop.values}, start)
    return f"?{query}{'#bs-tabs' if stop.tab else ''}"
