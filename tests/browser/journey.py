"""Steps that the browser tests share: type a pair, wait for its result, open a tab, read numbers."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

LOOKS = (
    (1440, "light"),
    (390, "dark"),
    pytest.param(1440, "dark", marks=pytest.mark.long),
    pytest.param(390, "light", marks=pytest.mark.long),
)
"""Width and colour scheme: either of both, and every combination in `make test-all`."""


A, B = "A little girl is feeding ducklings by the lake.", "A small girl feeds some ducklings at a lake."
LONGER = "?" + urlencode({"a": A, "b": B})
"""A longer pair than the page begins with, and its link."""
VIEWS = ("What it saw", "Who meets whom", "Through the layers")
"""The tabs of the result."""


def cosine(page: Page) -> float:
    """The cosine as the page shows it."""
    return float(page.locator("#bs-ways .bs-big").inner_text().replace("−", "-"))


def shown(value: float, digits: int = 3) -> str:
    """A number as the page writes it."""
    rounded = round(float(value), digits)
    return ("−" if rounded < 0 else "") + f"{abs(rounded):.{digits}f}"


def compare(page: Page, a: str, b: str, wanted: float) -> None:
    """Type a pair, press Enter in B, wait for the cosine that the core gives."""
    page.get_by_label("Sentence A", exact=True).fill(a)
    page.get_by_label("Sentence B", exact=True).fill(b)
    page.get_by_label("Sentence B", exact=True).press("Enter")
    expect(page.locator("#bs-ways .bs-big")).to_have_text(shown(wanted))


def open_tab(page: Page, name: str) -> None:
    """Open a tab of the result and wait for its picture."""
    page.get_by_role("tab", name=name, exact=True).click()
    expect(page.locator("#bs-tabs").get_by_role("tabpanel").filter(visible=True).locator(".bs-view")).to_be_visible()


def select_tab(page: Page, name: str) -> None:
    """The same at any width: from the menu where the row has no room for the tab."""
    tab = page.get_by_role("tab", name=name, exact=True)
    if not tab.is_visible():
        page.locator("#bs-tabs .overflow-menu > button").click()
        tab = page.locator("#bs-tabs .overflow-dropdown button", has_text=name)
    tab.click()
    expect(page.locator("#bs-tabs").get_by_role("tabpanel").filter(visible=True).locator(".bs-view")).to_be_visible()


def choose(page: Page, panel: str, label: str, choice: str) -> None:
    """Choose from a list of an open panel."""
    page.locator(panel).get_by_label(label, exact=True).click()
    page.get_by_role("option", name=choice, exact=True).click()
    expect(page.locator(panel).get_by_label(label, exact=True)).to_have_value(choice)


def effects_are_drawn(page: Page) -> None:
    """Wait until every token has the bars of what hiding it does."""
    expect(page.locator("#bs-saw .bs-effects").first).to_be_visible()
