"""Steps of the tests of the mode Rank: ask, wait for the answer, read it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

QUERY = "The bicycle was taken by a thief."
LINES = ("Somebody stole the bike.", "The soup is cold.", "A thief sat on a bicycle.", "It rains in spring.")
OLD = re.compile(r"(^|\s)is-old(\s|$)")


def rows(page: Page):
    return page.locator("#bs-ranking .bs-ranked button")


def first(page: Page):
    return page.locator("#bs-rank-headline .bs-judgement")


def ask(page: Page, query: str, lines: str, wanted: str) -> None:
    """Fill both boxes, and wait for what then comes first, read together as far as it is to be."""
    page.get_by_label("Sentence", exact=True).fill(query)
    page.get_by_label("Lines", exact=True).fill(lines)
    expect(first(page)).to_have_text(f"“{wanted}”")
    finished(page)


def finished(page: Page) -> None:
    expect(page.locator("#bs-rank-result")).not_to_have_class(OLD)
    expect(page.locator("#bs-cost")).not_to_contain_text("about")
    expect(page.locator("#bs-cost progress")).to_have_count(0)


def set_top(page: Page, top: int) -> None:
    box = page.locator("#bs-top input[type=number]")
    box.fill(str(top))
    box.press("Tab")


def paste(page: Page, lines: list[str]) -> None:
    """Put many lines into the box at once, which as keys would take a browser minutes."""
    put = "(area, text) => { area.value = text; area.dispatchEvent(new Event('input', { bubbles: true })); }"
    page.locator("#bs-list textarea").evaluate(put, "\n".join(lines))
