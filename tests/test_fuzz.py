"""A small share of `python -m tests.fuzz`, the same at every run: no route gives a traceback, a 500 or a hang."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz import every
from tests.fuzz.route import ROUTES, try_route

SERVED = {"api-v2", "api-v1", "mcp", "page-events", "http"}
SHARE = {"bundles": 8, "python": 30, "command-line": 30, "page-events": 25}


@pytest.fixture(scope="module", autouse=True)
def _served() -> Iterator[None]:
    yield
    every.end_app()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ROUTES)
def test_whatever_is_put_in_is_refused_in_a_sentence_or_answered(name: str, tmp_path: Path) -> None:
    logging.getLogger("bertsim").setLevel(logging.ERROR)
    tried = try_route(name, tmp_path, most=SHARE.get(name, 60))
    assert not tried.faults
    assert tried.inputs >= 5


def test_every_way_in_is_tried() -> None:
    assert {*ROUTES} >= {*SERVED, "python", "command-line", "links", "text-files", "encoder-folders", "hub-answers"}
