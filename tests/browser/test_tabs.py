"""The views in a real browser: they show the core's numbers, share one selection, and answer to presses and keys.

What the first of them has of its own is in `test_saw`.
"""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from bertsim.views.explain import align, shares_across, token_cosines
from tests.browser.journey import LONGER, VIEWS, B, choose, effects_are_drawn, open_tab, select_tab, shown

pytestmark = pytest.mark.browser

LINK = LONGER
SAW, MEETS, LAYERS = VIEWS
BANK = "?a=She+sat+on+the+bank+of+the+river.&b=She+opened+an+account+at+the+bank."


def among(name: str) -> re.Pattern[str]:
    """A class among others."""
    return re.compile(rf"(^|\s){name}(\s|$)")


def test_pins_go_with_the_visitor_from_view_to_view_and_escape_lets_them_go(visit, model):
    page = visit(BANK)
    page.locator('#bs-saw .bs-text [data-link="a5"]').click()
    expect(page.locator('#bs-saw .bs-token[data-link="a5"]')).to_have_class(among("is-pinned"))
    open_tab(page, MEETS)
    expect(page.locator('#bs-meets .bs-main text[data-link="a5"]')).to_have_class(among("is-pinned"))
    page.locator('#bs-meets .bs-main text[data-link="b2"]').click(modifiers=["Shift"])
    expect(page.locator('#bs-meets .bs-main g[data-link="a5 b2"]')).to_have_class(among("is-linked"))
    open_tab(page, LAYERS)
    expect(page.locator("#bs-layers svg")).to_contain_text("“bank” – “opened”")
    page.locator('#bs-layers .bs-token[data-link="b7"]').click(modifiers=["Shift"])
    expect(page.locator("#bs-layers svg")).to_contain_text("“bank” – “bank”")
    page.keyboard.press("Escape")
    expect(page.locator(".is-pinned")).to_have_count(0)


def test_a_first_visit_opens_on_the_head_that_looks_across_most(page, comparison):
    open_tab(page, MEETS)
    tokens, output = comparison.packed
    shares = shares_across(output.attentions[:, 0], tokens)
    layer, head = np.unravel_index(shares.argmax(), shares.shape)
    says = f"Layer {layer + 1}, head {head + 1}: how much each token of A (rows) and of B (columns) look at each other"
    expect(page.locator("#bs-meets .bs-caption").first).to_contain_text(says)
    pressed = page.locator('#bs-meets .bs-tile[aria-pressed="true"]')
    expect(pressed).to_have_attribute("data-pick", f"{layer + 1}-{head + 1}")


def test_cosines_show_bertscore_and_follow_the_tile_that_is_pressed(page, comparison):
    open_tab(page, MEETS)
    page.get_by_role("button", name="Read apart: cosines").click()
    expect(page.locator("#bs-meets .bs-figures dd").nth(2)).to_have_text(shown(align(comparison).f1))
    page.get_by_role("button", name="Open embeddings, cosines of tokens").click()
    expect(page.locator("#bs-meets .bs-figures dd").nth(2)).to_have_text(shown(align(comparison, 0).f1))


def test_a_tile_opens_its_head_and_the_choice_of_what_is_shown_holds_for_all(page, model, comparison):
    open_tab(page, MEETS)
    caption = page.locator("#bs-meets .bs-caption").first
    expect(caption).to_contain_text(f"read packed by {model.scorers_of('packed')[0]}")
    page.get_by_label("Leave out [CLS] and [SEP]").uncheck()
    choose(page, "#bs-tab-meets", "Attention shown", "packed pair")
    page.get_by_role("button", name="Open layer 2, head 3", exact=True).click()
    expect(caption).to_contain_text("Layer 2, head 3")
    value = comparison.packed[1].attentions[1, 0, 2, 0, 0]
    assert f"[CLS] × [CLS]: {shown(value)}" in page.locator("#bs-meets .bs-main svg").text_content()
    choose(page, "#bs-tab-meets", "Attention shown", "B alone")
    page.get_by_role("button", name="Open mean of all layers, mean of all heads").click()
    expect(caption).to_contain_text("Mean of all layers, mean of all heads")
    expect(caption).to_contain_text("Sentence B is read alone by cosine, dot, euclidean, manhattan, alignment")
    value = comparison.output.attentions[:, 1, :, 0, 1].mean()
    token = comparison.tokens.tokens[1][1]
    assert f"[CLS] × {token}: {shown(value)}" in page.locator("#bs-meets .bs-main svg").text_content()


def test_overview_choice_and_matrix_stand_on_one_screen(page):
    open_tab(page, MEETS)
    page.evaluate("document.querySelector('#bs-tabs').scrollIntoView()")
    for part in (".bs-chips", ".bs-overview", ".bs-main", ".bs-linked"):
        box = page.locator(f"#bs-meets {part}").bounding_box()
        assert box["y"] >= 0, part
        assert box["y"] + box["height"] <= 900, part
        assert box["x"] + box["width"] <= 1440, part


def test_below_600_px_links_stand_in_the_place_of_the_matrix_and_all_three_tabs_are_seen(visit):
    page = visit(BANK, width=390)
    for name in VIEWS:
        expect(page.get_by_role("tab", name=name, exact=True)).to_be_visible()
    select_tab(page, MEETS)
    expect(page.locator("#bs-meets .bs-linked svg")).to_be_visible()
    expect(page.locator("#bs-meets .bs-main svg")).to_be_hidden()
    page.get_by_role("button", name="Read apart: cosines").click()
    expect(page.locator("#bs-meets .bs-figures")).to_be_visible()
    page.locator('#bs-meets .bs-linked text[data-link="a5"]').click()
    expect(page.locator("#bs-meets .bs-said")).to_contain_text("bank: cosine with bank")
    select_tab(page, SAW)
    small = """() => [...document.querySelectorAll('#bs-saw button:not(.bs-quiet)')]
        .filter((e) => { const box = e.getBoundingClientRect(); return box.width < 43.5 || box.height < 43.5; })
        .map((e) => e.outerHTML)"""
    assert page.evaluate(small) == []


def test_the_curve_of_the_layers_ends_at_the_score_over_the_band_of_unrelated_pairs(page, comparison):
    open_tab(page, LAYERS)
    picture = page.locator("#bs-layers svg")
    expect(picture).to_contain_text(f"sentences, mean {shown(comparison['cosine'].value)}")
    expect(picture.locator("polygon")).to_have_count(1)
    expect(picture.locator("polyline")).to_have_count(2)
    page.get_by_label("Other poolings too").check()
    expect(picture.locator("polyline")).to_have_count(5)


def test_on_a_narrow_page_the_last_layer_is_seen_first(visit):
    page = visit(BANK + "&tab=layers", width=390)
    label = page.locator("#bs-layers svg text", has_text="sentences, mean").bounding_box()
    assert label["x"] + label["width"] < 390


def test_two_words_that_are_pressed_are_traced_through_the_layers(visit):
    page = visit(BANK + "&tab=layers")
    caption = page.locator("#bs-layers .bs-caption").first
    expect(caption).to_contain_text("“bank” – “bank”: .97 at the embeddings, .74 at the last layer")
    page.locator('#bs-layers .bs-token[data-link="a7"]').click()
    page.locator('#bs-layers .bs-token[data-link="b4"]').click(modifiers=["Shift"])
    expect(caption).to_contain_text("“the” – “account”")


def test_one_tab_stop_each_and_arrow_keys_walk(page, comparison):
    effects_are_drawn(page)
    assert page.locator('#bs-saw .bs-strip button[tabindex="0"]').count() == 2
    page.locator("#bs-saw .bs-strip button").first.focus()
    for key, wanted in (("ArrowRight", "a1"), ("ArrowRight", "a2"), ("ArrowLeft", "a1")):
        page.keyboard.press(key)
        expect(page.locator(f'#bs-saw .bs-token[data-link="{wanted}"]')).to_be_focused()
    open_tab(page, MEETS)
    assert page.locator('#bs-meets .bs-overview button[tabindex="0"]').count() == 1
    page.locator("#bs-meets .bs-overview button").first.focus()
    path = (("ArrowDown", "1-cosines"), ("ArrowRight", "1-1"), ("ArrowDown", "2-1"), ("ArrowLeft", "2-cosines"))
    for key, wanted in path:
        page.keyboard.press(key)
        expect(page.locator(f'#bs-meets [data-pick="{wanted}"]')).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#bs-meets .bs-caption").first).to_contain_text("Layer 2, cosines of tokens")
    page.get_by_role("region", name="Matrix; arrow keys walk in it").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    value = token_cosines(comparison, 2)[2, 2]
    expect(page.locator("#bs-meets .bs-said")).to_have_text(f"little × small: {shown(value)}")
    page.keyboard.press("Enter")
    expect(page.locator('#bs-meets .bs-main text[data-link="b2"]')).to_have_class(among("is-pinned"))


def test_the_keys_swap_compare_hide_and_list_themselves(page, model):
    effects_are_drawn(page)
    page.locator('#bs-saw .bs-token[data-link="a3"]').click(modifiers=["Shift"])
    page.locator('#bs-saw .bs-token[data-link="b3"]').click(modifiers=["Shift"])
    page.keyboard.press("m")
    off = page.locator('#bs-saw .bs-token[aria-pressed="false"]')
    expect(off).to_have_count(2)
    page.keyboard.press("m")
    expect(off).to_have_count(0)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    expect(page.locator("#bs-saw .is-pinned.bs-token")).to_have_count(2)
    page.keyboard.press("s")
    expect(page.get_by_label("Sentence A", exact=True)).to_have_value(B)
    page.get_by_role("tab", name="Rank", exact=True).click()
    expect(page.locator("#bs-rank-run")).to_be_visible()
    page.keyboard.press("s")  # there is no pair here
    page.get_by_role("tab", name="Compare", exact=True).click()
    page.wait_for_timeout(300)
    expect(page.get_by_label("Sentence A", exact=True)).to_have_value(B)
    box = page.get_by_label("Sentence B", exact=True)
    box.fill("Some ms?")
    box.press("Control+Enter")
    expect(page.locator("#bs-ways .bs-big")).to_have_text(shown(model.compare(B, "Some ms?")["cosine"].value))


def test_the_numbers_of_a_view_can_be_saved(page, comparison, tmp_path):
    open_tab(page, MEETS)
    page.get_by_role("button", name="Read apart: cosines").click()
    expect(page.locator("#bs-meets .bs-figures")).to_be_visible()
    saved = {}
    for kind in ("JSON", "SVG"):
        with page.expect_download() as download:
            page.locator("#bs-meets").get_by_role("button", name=kind).click()
        saved[kind] = tmp_path / download.value.suggested_filename
        download.value.save_as(saved[kind])
    data = json.loads(saved["JSON"].read_text())
    assert data["f1"] == pytest.approx(align(comparison).f1, abs=0.01)
    assert saved["SVG"].read_text().startswith("<svg")


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_no_view_overflows_with_a_long_pair_and_what_is_left_out_is_counted(visit, width):
    page = visit(width=width)
    page.get_by_role("button", name="Too long", exact=True).click()
    expect(page.locator("#bs-saw .bs-cut")).to_be_visible()
    page.get_by_text("of 256 tokens").click()
    expect(page.locator('#bs-saw .bs-token[data-link="b250"]')).to_be_visible()
    for name in (MEETS, LAYERS):
        select_tab(page, name)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    select_tab(page, MEETS)
    expect(page.locator("#bs-meets .bs-caption").first).to_contain_text("Drawn are the first 40 tokens a side")


def test_every_control_has_a_name_and_every_id_is_used_once(page):
    for name in VIEWS:
        open_tab(page, name)
        nameless = page.evaluate(
            """() => [...document.querySelectorAll("button, input, textarea, svg[role=img], [role=region]")]
                .filter((e) => e.checkVisibility() && !e.closest("footer"))
                .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length || e.title))
                .map((e) => e.outerHTML.slice(0, 160))"""
        )
        assert nameless == [], name
        doubled = page.evaluate(
            """() => { const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
                return ids.filter((id, i) => id && ids.indexOf(id) !== i); }"""
        )
        assert doubled == [], name
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.locator("h1").count() == 1
