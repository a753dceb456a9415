"""How long a person waits, in a real browser: from the click, or a pause in typing, to the drawn result.

Pairs have 32 tokens a sentence; the mode Matrix has fifty sentences as people write them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import monotonic
from typing import TYPE_CHECKING

from tests.browser.server import ROOT, chromium_at, served

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
    ("What it saw", "#bs-saw", 300.0),
    ("Who meets whom", "#bs-meets", 300.0),
    ("Through the layers", "#bs-layers", 300.0),
)
"""Tab, where it is drawn, and the milliseconds that a comparison may take while it is open."""
COMPARISON = 300.0
PAUSE, TYPED = 300.0, 150.0
"""Milliseconds that the page waits after the last key, and what it may take from then on."""
PRESS = 150.0
MATRIX, TOGETHER, LONGER = 500.0, 10_000.0, 500.0
"""Milliseconds until its upper triangle is drawn and its lower one read, and that it waits after the last key."""
_NAMES = ("Alice", "Bob", "Carol", "Dave", "Erin")
RANKED, READ_TOGETHER = 1_000, 50
FIRST_LIST, WHOLE_LIST = 700.0, 2_000.0
"""Milliseconds from the pause on until the list by vectors is drawn, and until the best of it are read together."""
FILE, ROWS = 30_000.0, 5_000
"""Milliseconds from a file that is chosen to its plots, and its rows."""
# Milliseconds until a selector's content is another; measured in the page, so that the way there counts not.
WAIT = """([act, drawn]) => new Promise((done, fail) => {
  setTimeout(() => fail(new Error(`${drawn} was not drawn anew`)), 60_000);
  const seen = (element) => element && element.innerHTML + element.dataset.turn; // of which another may say the same
  const before = seen(document.querySelector(drawn));
  const start = performance.now();
  const look = () => {
    const now = document.querySelector(drawn);
    if (now && now.innerHTML && seen(now) !== before && now.checkVisibility()) {
      requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
    } else requestAnimationFrame(look);
  };
  eval(act);
  requestAnimationFrame(look);
})"""

# Milliseconds from a new list of lines in the box until the list by vectors is drawn, and until everything is.
RANK = """(lines) => new Promise((done, fail) => {
  setTimeout(() => fail(new Error("the lines were not ranked")), 60_000);
  const drawn = () => document.querySelector("#bs-ranking .bs-ranked")?.innerHTML;
  const [before, start, area] = [drawn(), performance.now(), document.querySelector("#bs-list textarea")];
  let first = 0;
  const look = () => {
    if (!first && drawn() && drawn() !== before) first = performance.now() - start;
    if (first && !document.querySelector("#bs-ranking .is-apart")) done([first, performance.now() - start]);
    else requestAnimationFrame(look);
  };
  area.value = lines;
  area.dispatchEvent(new Event("input", { bubbles: true }));
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
        what = f"Rank: {RANKED:,} lines, {READ_TOGETHER} read together: last key and a pause →"
        first, whole = _rankings(page)
        yield f"{what} first list", first - PAUSE, FIRST_LIST
        yield f"{what} drawn list", whole - PAUSE, WHOLE_LIST
        yield "File: 5,000 labelled pairs, upload to plots, cosine and combined", _file(page, log.parent), FILE


def matrix_figures(chromium: str, log: Path) -> Iterator[tuple[str, float, float]]:
    """The mode Matrix of fifty sentences, in milliseconds; arguments and what it gives as `page_figures`.

    The upper triangle is the median of several lists, the lower one is read once: what was read is kept.
    """
    rows = [line.split("\t") for line in (ROOT / "tests" / "verdict_pairs.tsv").read_text().splitlines()[1:]]
    sentences = list(dict.fromkeys(sentence for row in rows for sentence in row[:2]))
    with served(log) as url, chromium_at(chromium) as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}?mode=matrix")
        page.locator("#bs-matrix-progress", has_text=re.compile(r"read both ways( in|\.)")).wait_for()
        times = []
        for turn in range(5):
            lines = sentences[turn : turn + 50]
            act = f"""const box = document.querySelector('#bs-matrix-lines textarea');
                box.value = {json.dumps(chr(10).join(lines))};
                box.dispatchEvent(new Event('input', {{bubbles: true}}));"""
            times.append(float(page.evaluate(WAIT, [act, "#bs-matrix .bs-main"])) - LONGER)
            page.locator("#bs-matrix-cost", has_text="2,450 pair passes").wait_for()
        yield "upper triangle drawn, p50", median(times), MATRIX
        act = "document.querySelector('#bs-mode-matrix .bs-run').click();"
        start = page.evaluate("performance.now()")
        page.evaluate(act)
        page.locator("#bs-matrix-progress", has_text="1,225 pairs read both ways in").wait_for(timeout=300_000)
        yield "lower (1,225 pairs both ways)", float(page.evaluate("performance.now()")) - start, TOGETHER


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
    page.locator("#bs-tabs").get_by_role("tabpanel").filter(visible=True).locator(".bs-view").wait_for()


def _rankings(page: Page) -> tuple[float, float]:
    """The medians of first and whole list, each time of lines that nobody has read."""
    page.get_by_role("tab", name="Rank", exact=True).click()
    page.locator("#bs-rank-others .bs-downloads").wait_for()
    page.get_by_label("Sentence", exact=True).fill("A man walks his dog in the park.")
    page.locator("#bs-top input[type=number]").fill(str(READ_TOGETHER))
    page.wait_for_timeout(3_000)
    found = []
    for name in _NAMES:
        lines = (f"In town {n} {name} walks with {n % 7} dogs by the old river." for n in range(RANKED))
        found.append(page.evaluate(RANK, "\n".join(lines)))
        page.wait_for_timeout(300)
    first, whole = zip(*found, strict=True)
    return median(first), median(whole)


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
