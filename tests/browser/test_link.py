"""A link restores the page: same encoder, settings, tab, controls and mask, so the same numbers."""

from __future__ import annotations

import re
from urllib.parse import urlencode
from xml.etree.ElementTree import canonicalize

import pytest
from playwright.sync_api import Locator, expect

from bertsim.model.loading import BUNDLED_NAME
from bertsim.ui.examples import EXAMPLES
from tests.browser.journey import VIEWS, choose, open_tab, shown

pytestmark = pytest.mark.browser

A, B = EXAMPLES[0][1:]


def copied(page) -> str:
    """The query of the link that "Copy link" makes."""
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_test_id("toast-body").first).to_contain_text("nothing is stored")
    return "?" + page.url.partition("?")[2]


def drawn(picture: Locator) -> str:
    """What is in a picture; the order of attributes, which a redraw may change, does not count."""
    return canonicalize(f"<svg>{picture.inner_html()}</svg>")


def test_everything_that_differs_comes_back_with_the_same_numbers(page, visit, model):
    page.get_by_role("button", name="Encoder and settings").click()
    page.get_by_label("Pooling").click()
    page.get_by_role("option", name="max", exact=True).click()
    page.get_by_label("Layers").click()
    page.get_by_role("option", name="second to last", exact=True).click()
    wanted = model.compare(A, B, pooling="max", layers=[-2])["cosine"].value
    expect(page.locator("#bs-ways .bs-big")).to_have_text(shown(wanted))
    page.locator('#bs-saw [data-pick="a4"]').click()
    expect(page.locator('[data-pick="a4"]')).to_have_attribute("aria-pressed", "false")
    open_tab(page, VIEWS[1])
    choose(page, "#bs-tab-meets", "Attention shown", "A alone")
    page.get_by_role("button", name="Open layer 2, head 3", exact=True).click()
    page.locator('#bs-meets .bs-main text[data-link="a3"]').last.click()
    caption = page.locator("#bs-meets .bs-caption").first
    expect(caption).to_contain_text("Layer 2, head 3")
    expect(caption).to_contain_text("for sentence A alone")
    expect(caption).to_contain_text("The mask hides 1 token of this input")
    query = copied(page)
    for part in (
        "pooling=max",
        "layers=second+to+last",
        "layer=2",
        "head=3",
        "part=A+alone",
        "mask=a4",
        "pins=a3",
        "tab=meets",
    ):
        assert part in query
    for part in ("encoder", "combine", "max_length", "scorer", "numbers", "special"):
        assert f"{part}=" not in query
    picture = drawn(page.locator("#bs-meets .bs-main svg"))
    bars = page.locator("#bs-bars .bs-bars").inner_html()

    again = visit(query)
    expect(again.locator("#bs-meets .bs-caption").first).to_contain_text("Layer 2, head 3")
    expect(again.locator("#bs-meets .bs-caption").first).to_contain_text("for sentence A alone")
    assert drawn(again.locator("#bs-meets .bs-main svg")) == picture
    assert again.locator("#bs-bars .bs-bars").inner_html() == bars
    assert again.locator("#bs-ways .bs-big").inner_text() == shown(wanted)
    expect(again.locator('#bs-meets .bs-text [data-link="a3"]')).to_have_class(re.compile("is-pinned"))
    open_tab(again, VIEWS[0])
    expect(again.locator('[data-pick="a4"]')).to_have_attribute("aria-pressed", "false")
    again.get_by_role("button", name="Encoder and settings").click()
    expect(again.get_by_label("Pooling")).to_have_value("max")


def test_a_link_may_name_the_scorer_that_is_watched_and_the_length(visit, model):
    page = visit("?" + urlencode({"a": A, "b": B, "tab": "saw", "scorer": "bilstm", "max_length": "8"}))
    wanted = model.compare(A, B, max_length=8)
    expect(page.locator("#bs-ways .bs-big")).to_have_text(shown(wanted["cosine"].value))
    expect(page.locator('.bs-tracks li[data-scorer="bilstm"] strong')).to_have_text(shown(wanted["bilstm"].value))


def test_a_link_is_of_the_sentences_in_the_boxes_and_a_mask_goes_with_its_own_pair_alone(page, visit, model):
    page.locator('#bs-saw [data-pick="a2"]').click()
    expect(page.locator('[data-pick="a2"]')).to_have_attribute("aria-pressed", "false")
    page.get_by_label("Sentence A", exact=True).fill("Ducks")
    query = copied(page)
    assert "a=Ducks" in query
    assert "mask=" not in query
    again = visit(query)
    expect(again.locator("#bs-ways .bs-big")).to_have_text(shown(model.compare("Ducks", B)["cosine"].value))
    page.get_by_label("Sentence A", exact=True).fill(" ")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_test_id("toast-body").last).to_contain_text("Sentence A is empty")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("pooling=<b>x</b>", f"pooling is '<b>x</b>', which {BUNDLED_NAME} does not offer; here are the defaults."),
        ("max_length=9999", f"max_length is '9999', which {BUNDLED_NAME} does not offer"),
        ("encoder=/etc/passwd", "encoder is '/etc/passwd', which is not offered here"),
        ("tab=none&layer=2", "tab is 'none'; there are saw, meets, layers"),
        ("a=+", "sentence A is empty; write at least one word."),
        ("mask=" + ",".join(f"a{i}" for i in range(20)), "of sentence A is masked"),
    ],
)
def test_a_bad_value_is_one_toast_and_the_defaults(visit, model, query, says):
    page = visit(f"?b={B}&{query}" if query.startswith("a=") else f"?a={A}&b={B}&{query}")
    expect(page.get_by_test_id("toast-body")).to_have_count(1)
    expect(page.get_by_test_id("toast-body")).to_contain_text(says)
    expect(page.locator("#bs-ways .bs-big")).to_have_text(shown(model.compare(A, B)["cosine"].value))
    expect(page.get_by_role("tab", name=VIEWS[0], exact=True)).to_have_attribute("aria-selected", "true")


def test_a_pair_too_long_for_a_link_is_one_sentence(page):
    page.get_by_label("Sentence A", exact=True).fill("word " * 3000)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_test_id("toast-body")).to_contain_text("are the most that can be opened; shorten the sentences")
    assert "?" not in page.url


def test_a_link_to_an_old_tab_opens_the_view_that_took_its_place(visit):
    page = visit("?" + urlencode({"a": A, "b": B, "tab": "alignment", "align": "2"}))
    expect(page.get_by_role("tab", name=VIEWS[1], exact=True)).to_have_attribute("aria-selected", "true")
    expect(page.locator("#bs-meets .bs-caption").first).to_contain_text("Layer 2, cosines of tokens")
