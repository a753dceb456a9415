"""How long a person waits, in a real browser: from the click to the drawn result, at 32 tokens a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import monotonic
from typing import TYPE_CHECKING

from tests.browser.server import chromium_at, served

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAIR = (
    "the little girl is feeding two old dogs by the red house near a river while her father sits on the green grass "
    "and reads a long book about the",
    "a small child gives bread to three young dogs at the blue door of a shop while the mother stands in the warm sun "
    "and looks at her new phone",
)
CLICKS = 15
VIEWS = (
    ("What it saw", "#bs-saw", 600.0),
    ("Who meets whom", "#bs-meets", 600.0),
    ("Through the layers", "#bs-layers", 600.0),
)
"""Tab, where it is drawn, and the milliseconds that a comparison may take while it is open."""
COMPARISON = 300.0
PAUSE, TYPED = 300.0, 150.0
"""Milliseconds that the page waits after the last key, and what it may take from then on."""
PRESS = 600.0
FILE, ROWS = 30_000.0, 5_000
"""Milliseconds from a file that is chosen to its plots, and its rows."""
# Milliseconds until a selector's content is another; measured in the page, so that the way there counts not.
WAIT = """([act, drawn]) => new Promise((done) => {
  const before = document.querySelector(drawn)?.innerHTML;
  const start = performance.now();
  const look = () => {
    const now = document.querySelector(drawn);
    if (now && now.innerHTML && now.innerHTML !== before && now.checkVisibility()) {
      requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
    } else requestAnimationFrame(look);
  };
  eval(act);
  requestAnimationFrame(look);
})"""


def page_figures(chromium: str, log: Path) -> Iterator[tuple[str, float, float]]:
    """What was done, its median in milliseconds, and what that may be at most.

    Args:
        chromium: path of the browser.
        log: where the app writes what it says.
    """
    with served(log) as url, chromium_at(chromium) as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(url)
        page.wait_for_selector(".bs-judgement")
        page.evaluate(WAIT, _ask(-1, "#bs-verdict .bs-verdict"))
        yield "comparison drawn", _median(page, lambda n: _ask(n, "#bs-verdict .bs-verdict")), COMPARISON
        typed = _median(page, lambda n: _ask(n, "#bs-verdict .bs-verdict", presses=False)) - PAUSE
        yield "last key and a pause → verdict drawn", typed, TYPED
        for name, panel, most in VIEWS:
            _open(page, name)
            waited = _median(page, lambda n, panel=panel: _ask(n, f"{panel} .bs-view"))  # type: ignore[misc]
            yield f"comparison and “{name}” drawn", waited, most
        _open(page, VIEWS[0][0])
        press = ["document.querySelector('#bs-saw [data-pick=\"a6\"]').click();", "#bs-saw .bs-tracks"]
        yield "a token pressed → its scores drawn", _median(page, lambda _: press), PRESS
        yield "File: 5,000 labelled pairs, upload to plots, cosine and combined", _file(page, log.parent), FILE


def _file(page: Page, folder: Path) -> float:
    """From a file that is chosen to its plots, with what is pressed between."""
    words, path = [sentence.split(" ") for sentence in PAIR], folder / "pairs.tsv"
    rows = ["sentence1\tsentence2\tscore"]
    for n in range(ROWS):  # of 8 to 14 words each, none twice
        a, b = (" ".join([*side[n % 7 : n % 7 + 7 + n % 6], str(n)]) for side in words)
        rows.append(f"{a}\t{b}\t{n % 6}")
    path.write_text("\n".join(rows) + "\n")
    page.get_by_role("tab", name="File", exact=True).click()
    start = monotonic()
    page.locator(".bs-drop input").set_input_files(path)
    page.locator("#bs-file-cost p").wait_for(timeout=60_000)
    page.get_by_role("button", name="Score", exact=True).click()
    page.locator("#bs-file-table table").wait_for(timeout=600_000)
    return (monotonic() - start) * 1000


def _open(page: Page, tab: str) -> None:
    page.get_by_role("tab", name=tab, exact=True).click()
    page.get_by_role("tabpanel").filter(visible=True).locator(".bs-view").wait_for()


def _median(page: Page, click: Callable[[int], list[str]]) -> float:
    """Of as many clicks as `CLICKS`; `click(n)`: what to do, and where the answer is drawn."""
    times = []
    for turn in range(CLICKS):
        times.append(float(page.evaluate(WAIT, click(turn))))
        page.wait_for_timeout(120)
    return median(times)


def _ask(n: int, drawn: str, *, presses: bool = True) -> list[str]:
    """Put another word into A, the usual sentence into B, and press "Compare", or leave it at that."""
    sentences = [PAIR[0].replace("dogs", ("cats", "birds", "boys", "men")[n % 4]), PAIR[1]]
    act = f"""const sentences = {json.dumps(sentences)};
        document.querySelectorAll('#bs-a textarea, #bs-b textarea').forEach((box, i) => {{
            box.value = sentences[i];
            box.dispatchEvent(new Event('input', {{bubbles: true}}));
        }});
        if ({json.dumps(presses)}) setTimeout(() => document.querySelector('#bs-run').click());"""
    return [act, drawn]
