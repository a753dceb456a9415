"""What stands above the fold in a real browser: it follows the typing, fits the first screen, and has few parts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from bertsim.ui.examples import EXAMPLES
from bertsim.ui.theme import HEAD
from tests.browser.journey import compare, shown

pytestmark = pytest.mark.browser

OLD = re.compile(r"(^|\s)is-old(\s|$)")
MOST_BYTES = 400_000


def put(page: Page, letter: str, sentence: str) -> bool:
    """Type into a box as one key would, and tell whether the verdict is grey in the same moment."""
    return page.evaluate(
        """([box, sentence]) => { const area = document.querySelector(`${box} textarea`);
            area.value = sentence;
            area.dispatchEvent(new Event("input", { bubbles: true }));
            return document.querySelector("#bs-result").classList.contains("is-old"); }""",
        [f"#bs-{letter}", sentence],
    )


def test_what_is_typed_is_scored_after_a_pause_and_the_old_verdict_is_greyed_at_once(page, model):
    a = EXAMPLES[0][1]
    assert put(page, "b", "Bob pai")
    assert put(page, "b", "Bob paid Eve.")
    expect(page.locator("#bs-ways .bs-big")).to_have_text(shown(model.compare(a, "Bob paid Eve.")["cosine"].value))
    expect(page.locator("#bs-result")).not_to_have_class(OLD)
    assert put(page, "b", "Bob paid Eva.")
    assert put(page, "b", "Bob paid Eve.")  # the same pair as before is no reason to stay grey
    expect(page.locator("#bs-result")).not_to_have_class(OLD)
    page.get_by_label("Sentence B", exact=True).press_sequentially(" ")
    expect(page.locator("#bs-result")).not_to_have_class(OLD)


def test_what_is_typed_on_is_one_previous_pair(page, model):
    compare(page, "A dog.", "A dog barks.", model.compare("A dog.", "A dog barks.")["cosine"].value)
    page.get_by_role("button", name="Previous pairs of this visit").click()
    rows = page.locator("#bs-past button")
    expect(rows).to_have_count(2)
    put(page, "b", "A dog barks at")
    expect(rows.first).to_contain_text("A dog barks at")
    put(page, "b", "A dog barks at me.")
    expect(rows.first).to_contain_text("A dog barks at me.")
    expect(rows).to_have_count(2)


def test_while_words_are_composed_nothing_is_asked_for(page):
    before = page.locator("#bs-verdict .bs-verdict").get_attribute("data-turn")
    compose = """(kind) => document.querySelector("#bs-a textarea").dispatchEvent(kind === "input"
        ? new InputEvent("input", { bubbles: true, isComposing: true })
        : new CompositionEvent("compositionend", { bubbles: true }))"""
    page.evaluate(compose, "input")
    page.wait_for_timeout(900)
    assert page.locator("#bs-verdict .bs-verdict").get_attribute("data-turn") == before
    page.evaluate(compose, "end")
    expect(page.locator("#bs-verdict .bs-verdict")).not_to_have_attribute("data-turn", before)


def test_verdict_rows_and_the_first_view_begin_on_the_first_screen(page):
    expect(page.locator("#bs-ways .bs-lane")).to_have_count(8)
    assert page.locator("#bs-verdict").bounding_box()["height"] <= 160
    for part in ("#bs-verdict", "#bs-ways", "#bs-saw"):
        assert page.locator(part).bounding_box()["y"] < 900, part
    seen = page.locator("[data-scorer]").filter(visible=True).locator("xpath=self::div")
    assert [each.get_attribute("data-scorer") for each in seen.all()] == ["cosine", "pooled", "inference"]
    expect(page.locator(".bs-score").first).to_be_hidden()
    page.get_by_text("All measures", exact=True).click()
    expect(page.locator(".bs-score").nth(1)).to_be_visible()
    put(page, "b", "Bob paid Eve.")
    expect(page.locator("#bs-result")).not_to_have_class(OLD)
    expect(page.locator(".bs-score").nth(1)).to_be_visible()  # what was unfolded stays so


def test_the_first_pair_surprises(page):
    assert float(page.locator("#bs-ways .bs-big").inner_text()) > 0.98
    expect(page.locator(".bs-judgement")).to_have_text("Close, but neither follows")
    expect(page.locator(".bs-sure")).to_contain_text("two persons or things exchanged")
    expect(page.locator('.bs-row[data-scorer="cosine"] .bs-place')).to_have_text("above all paraphrases")


def test_amber_is_for_losses_alone(page):
    expect(page.locator("#bs-verdict .bs-note")).to_have_count(0)
    page.get_by_role("button", name="Too long", exact=True).click()
    expect(page.locator("#bs-verdict .bs-note").first).to_contain_text("Not read: ")


def test_the_page_is_light(page):
    expect(page.locator("#bs-saw .bs-effects").first).to_be_visible()
    drawn = page.evaluate("[...document.querySelectorAll('#bs-result, #bs-tabs')].map((e) => e.innerHTML).join('')")
    assert len(HEAD.encode()) + len(drawn.encode()) <= MOST_BYTES
