"""A link restores the page: same encoder, settings, tab, controls and mask, so the same numbers."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from bertsim.model.loading import BUNDLED_NAME
from bertsim.ui.examples import EXAMPLES
from tests.browser.journey import LOOKS, VIEWS, choose, compare, open_tab, shown
from tests.browser.test_access import serious

pytestmark = pytest.mark.browser

A, B = EXAMPLES[0][1:]


def followed(page, *parts: str) -> str:
    """The query of the address, once it has all these parts, and of the link that "Share" has, which is the same."""
    for part in parts:
        expect(page).to_have_url(re.compile(re.escape(part)))
    page.get_by_role("button", name="Share", exact=True).click()
    expect(page.get_by_role("textbox", name="Link to this page")).to_have_value(page.url)
    page.keyboard.press("Escape")
    return "?" + page.url.partition("?")[2]


def drawn(picture: Locator) -> str:
    """What is in a picture; the order of attributes, which a redraw may change, does not count."""
    return ElementTree.canonicalize(f"<svg>{picture.inner_html()}</svg>")


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
    caption = page.locator("#bs-meets .bs-caption").first
    expect(caption).to_contain_text("for sentence A alone")  # a redraw amid a click swallows it
    page.get_by_role("button", name="Open layer 2, head 3", exact=True).click()
    expect(caption).to_contain_text("Layer 2, head 3")
    page.locator('#bs-meets .bs-main text[data-link="a3"]').last.click()
    expect(caption).to_contain_text("The mask hides 1 token of this input")
    of_settings = ("pooling=max", "layers=second+to+last")
    query = followed(page, *of_settings, "layer=2", "head=3", "part=A+alone", "mask=a4", "pins=a3", "tab=meets")
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


def test_the_address_follows_the_page_and_a_mask_goes_with_its_own_pair_alone(page, visit, model):
    assert page.url.endswith("/")
    page.locator('#bs-saw [data-pick="a2"]').click()
    expect(page.locator('[data-pick="a2"]')).to_have_attribute("aria-pressed", "false")
    followed(page, "mask=a2")
    typed = "Salt & pepper, 50 %"
    compare(page, typed, B, model.compare(typed, B)["cosine"].value)
    query = followed(page, "a=Salt+%26+pepper")
    assert "mask=" not in query
    again = visit(query)
    expect(again.get_by_label("Sentence A", exact=True)).to_have_value(typed)
    expect(again.locator("#bs-ways .bs-big")).to_have_text(shown(model.compare(typed, B)["cosine"].value))
    compare(page, A, B, model.compare(A, B)["cosine"].value)
    expect(page).to_have_url(re.compile("/(#.*)?$"))


def test_a_link_goes_to_where_the_sender_was_on_the_page(page, visit, model):
    compare(page, "Ann paid Tom.", "Tom paid Ann.", model.compare("Ann paid Tom.", "Tom paid Ann.")["cosine"].value)
    assert "#" not in followed(page, "a=Ann")
    open_tab(page, VIEWS[1])
    page.get_by_role("button", name="Share this view").click()
    expect(page.get_by_role("textbox", name="Link to this page")).to_have_value(re.compile("tab=meets#bs-tabs$"))
    query = page.get_by_role("textbox", name="Link to this page").input_value().partition("/?")[2]
    again = visit("?" + query)
    expect(again.locator("#bs-meets .bs-main")).to_be_in_viewport()
    assert again.locator("#bs-tabs").bounding_box()["y"] == pytest.approx(0, abs=40)
    again.evaluate("scrollTo(0, 0)")
    expect(again).to_have_url(re.compile("tab=meets$"))


def test_a_pin_is_in_the_address_at_once_and_what_belongs_to_the_host_in_no_link(visit):
    page = visit("?" + urlencode({"__theme": "dark", "a": A, "b": B}))
    page.locator('#bs-saw .bs-text [data-link="a3"]').click()
    expect(page).to_have_url(re.compile("pins=a3.*__theme=dark"))
    page.get_by_role("button", name="Share", exact=True).click()
    assert "__theme" not in page.get_by_role("textbox", name="Link to this page").input_value()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("pins"))


def test_what_share_copies_is_what_it_shows_and_the_card_is_a_picture_of_1200_by_630(page, context, app_url):
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=app_url)
    page.get_by_role("button", name="Share", exact=True).click()
    dialog = page.get_by_role("dialog", name="Share")
    dialog.get_by_role("button", name="Copy the link").click()
    expect(dialog.get_by_role("status")).to_have_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == dialog.get_by_role("textbox").input_value()
    assert parse_qs(urlsplit(link).query) == {"a": [A], "b": [B]}
    dialog.get_by_text("curl", exact=True).click()
    dialog.get_by_role("button", name="Copy curl").click()
    assert f"curl -s {app_url}gradio_api/call/v2/compare " in page.evaluate("navigator.clipboard.readText()")
    with page.expect_download() as saved:
        dialog.get_by_role("button", name="PNG").click()
    with Image.open(saved.value.path()) as picture:
        assert (picture.format, picture.size) == ("PNG", (1200, 630))
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 100  # sentences, lines, bars
    with page.expect_download() as saved:
        dialog.get_by_role("button", name="SVG").click()
    assert ElementTree.parse(saved.value.path()).getroot().get("width") == "1200"
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


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


def test_a_pair_too_long_for_a_link_is_one_sentence(page, model):
    compare(page, "word " * 3000, B, model.compare("word " * 3000, B)["cosine"].value)
    expect(page.locator("#bs-share .bs-note")).to_contain_text("are the most that can be opened; shorten the sentences")
    page.get_by_role("button", name="Share", exact=True).click()
    expect(page.get_by_role("dialog", name="Share")).to_be_visible()
    assert "?" not in page.url


def test_a_link_to_an_old_tab_opens_the_view_that_took_its_place(visit):
    page = visit("?" + urlencode({"a": A, "b": B, "tab": "alignment", "align": "2"}))
    expect(page.get_by_role("tab", name=VIEWS[1], exact=True)).to_have_attribute("aria-selected", "true")
    expect(page.locator("#bs-meets .bs-caption").first).to_contain_text("Layer 2, cosines of tokens")


_NOTHING_ON_ITS_WAY = """() => {
    const last = (name) => Math.max(0, ...performance.getEntriesByType("resource")
        .filter((each) => each.name.includes(name)).map((each) => each.responseEnd));
    return last("queue/data") > last("queue/join") && performance.now() - last("queue/data") > 500;
}"""


def test_a_question_of_the_tour_is_answered_first_and_its_link_shows_why(page):
    first = page.get_by_role("group", name="“Alice paid Bob.” and “Bob paid Alice.”")
    expect(first.get_by_role("link")).to_be_hidden()
    first.get_by_label("Nearly 1").check()
    expect(first.get_by_text("✓ right")).to_be_visible()
    page.wait_for_function(_NOTHING_ON_ITS_WAY)  # or Gradio's script complains of the streams that end with the page
    first.get_by_role("link", name="the lines cross").click()
    expect(page.locator("#bs-ways .bs-big")).to_have_text("0.994")
    expect(page.locator("#bs-meets .bs-linked svg")).to_be_in_viewport()
    expect(page.locator("#bs-meets .bs-caption").first).to_contain_text("Layer 6, cosines of tokens")


def test_the_challenge_is_told_of_each_pair_until_it_is_won(page, model):
    a, b = "The cat is on the left side of the house.", "The cat is on the right side of the house."
    expect(page.locator("#bs-challenge")).to_contain_text("Still wanted: opposite claims.")
    compare(page, a, b, model.compare(a, b)["cosine"].value)
    expect(page.locator("#bs-challenge .is-found")).to_contain_text("Found!")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_axe_finds_nothing_serious_in_what_share_opens_and_in_the_tour(visit, width, scheme):
    page = visit(width=width, scheme=scheme)
    page.get_by_label("Nearly 1").check()
    assert serious(page, "#bs-tour") == []
    page.get_by_role("button", name="Share", exact=True).click()
    for name in ("Python", "curl"):
        page.get_by_role("dialog", name="Share").get_by_text(name, exact=True).click()
        assert serious(page, "#bs-share") == []
    if width < 400:
        for target in page.get_by_role("dialog", name="Share").locator("button:visible, summary").all():
            assert target.bounding_box()["height"] >= 44
