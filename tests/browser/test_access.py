"""Who cannot see, point or tell colours apart: axe-core finds nothing serious, the keyboard alone does everything."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from bertsim.ui.examples import EXAMPLES
from tests.browser.journey import LOOKS, VIEWS, open_tab, select_tab, shown

pytestmark = pytest.mark.browser


def serious(page: Page, within: str = "html") -> list[str]:
    """What axe-core finds serious or worse in a part of the page, contrast among it: rule, where, why.

    Left out is the head of a toast, which is Gradio's own: a button to unfold it with a button to close it inside.
    It looks once everything that fades in has done so.
    """
    page.wait_for_function("document.getAnimations().every((each) => each.playState !== 'running')")
    context = {"include": [[within]], "exclude": [[".toast-header"]]}
    found = Axe().run(page, context=context).response["violations"]
    return [
        f"{each['id']}: {node['target']} {node['html'][:160]} {node.get('failureSummary', '')[:200]}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_axe_finds_nothing_serious(visit, width, scheme):
    page = visit(width=width, scheme=scheme)
    assert serious(page) == []
    page.get_by_role("button", name="Encoder and settings").click()
    page.get_by_text("All measures", exact=True).click()
    page.get_by_role("button", name="Previous pairs of this visit").click()
    expect(page.locator(".bs-encoder").first).to_be_visible()
    page.locator(".bs-encoder").nth(1).click()
    expect(page.locator("#bs-encoder-line .bs-fault")).to_be_visible()
    assert serious(page) == []
    for name in VIEWS:
        select_tab(page, name)
        if name == VIEWS[0]:
            page.get_by_label("Ids, positions, types, mask").check()
            expect(page.locator("#bs-saw .bs-legend")).to_have_count(2)  # a redraw amid a click swallows it
            page.locator('[data-pick="a4"]').click()
            expect(page.locator('[data-pick="a4"]')).to_have_attribute("aria-pressed", "false")
            page.locator('#bs-saw .bs-text [data-link="a3"]').click()
            expect(page.locator("#bs-saw .bs-token.is-tinted").first).to_be_visible()
        assert serious(page, "#bs-tabs") == [], name
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    assert serious(page) == []
    page.keyboard.press("Escape")
    select_tab(page, VIEWS[0])
    page.get_by_label("Sentence A", exact=True).fill("")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("#bs-fault-a")).to_be_visible()
    assert serious(page) == []
    page.get_by_role("button", name="Too long", exact=True).click()
    expect(page.locator("#bs-saw .bs-cut")).to_be_visible()
    assert serious(page) == []


def test_no_closed_accordion_scrolls_and_in_the_dark_scroll_bars_are_dark(visit):
    page = visit(scheme="dark")
    scrolls = "(all) => all.map((e) => e.scrollWidth > e.clientWidth && getComputedStyle(e).overflowX !== 'visible')"
    closed = page.locator(".gr-accordion").filter(visible=True)
    expect(closed).to_have_count(2)
    assert closed.evaluate_all(scrolls) == [False, False]
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def press_until(page: Page, reached: str) -> None:
    """Press Tab until the focused element is what `reached` (a function of it) says; the focus must be seen."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate(f"({reached})(document.activeElement)"):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid", page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
            return
    pytest.fail(f"Tab never came to {reached}")


def test_the_keyboard_alone_makes_the_whole_journey(page, model):
    _, a, b = EXAMPLES[0]
    press_until(page, "(e) => e.closest('#bs-a')")
    page.keyboard.press("Control+A")
    page.keyboard.type("The dog barks.")
    press_until(page, "(e) => e.closest('#bs-b')")
    page.keyboard.press("Control+A")
    page.keyboard.type("A dog is loud.")
    page.keyboard.press("Enter")
    wanted = model.compare("The dog barks.", "A dog is loud.")
    expect(page.locator("#bs-ways .bs-big")).to_have_text(shown(wanted["cosine"].value))
    press_until(page, "(e) => e.textContent === 'Who did it'")
    page.keyboard.press("Enter")
    expect(page.locator("#bs-ways .bs-big")).to_have_text(shown(model.compare(a, b)["cosine"].value))
    press_until(page, "(e) => e.matches('button') && e.textContent.includes('Encoder and settings')")  # at the top
    page.keyboard.press("Enter")
    expect(page.locator(".bs-encoder").last).to_be_visible()
    press_until(page, "(e) => e.matches('.bs-encoder') && e.textContent.includes('bge-small')")
    page.keyboard.press("Space")
    expect(page.locator("#bs-encoder-line")).to_contain_text("is not in the local cache")
    press_until(page, "(e) => e.closest('#bs-settings') && e.getAttribute('role') === 'combobox'")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#bs-bars .bs-facts")).not_to_contain_text("mean pooling")
    press_until(page, "(e) => e.dataset.pick === 'a0'")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator('[data-pick="a4"]')).to_have_attribute("aria-pressed", "false")
    expect(page.locator('[data-pick="a4"]')).to_be_focused()
    press_until(page, "(e) => e.dataset.save === 'json'")
    with page.expect_download():
        page.keyboard.press("Enter")


def test_every_tab_can_be_opened_by_keys(page):
    for name in VIEWS[1:]:
        page.get_by_role("tab", name=name, exact=True).focus()
        page.keyboard.press("Enter")
        expect(
            page.locator("#bs-tabs").get_by_role("tabpanel").filter(visible=True).locator(".bs-view")
        ).to_be_visible()
    open_tab(page, VIEWS[0])
