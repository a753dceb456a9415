"""The views in a real browser: each shows the numbers of the core, and the mask answers to clicks and keys."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from bertsim.ui.examples import EXAMPLES
from bertsim.views.explain import align, layer_profile
from tests.browser.journey import choose, open_tab, select_tab, shown

pytestmark = pytest.mark.browser

A, B = EXAMPLES[0][1:]


@pytest.fixture(scope="module")
def comparison(model):
    return model.compare(A, B)


def test_tokens_are_shown_with_ids_types_and_mask(page, comparison):
    cells = page.locator("#bs-tokens .bs-strip").nth(1).locator(".bs-token")
    tokens = comparison.tokens
    length = int(tokens.attention_mask[1].sum())
    for position in (0, 4, length - 1):
        lines = cells.nth(position).inner_text().split("\n")
        wanted = [tokens.tokens[1][position], str(tokens.input_ids[1, position]), str(position), "0", "1"]
        assert [line for line in lines if line][:5] == wanted


def test_a_token_and_its_characters_light_up_together(page):
    page.locator('#bs-tokens .bs-token[data-link="a6"]').hover()
    expect(page.locator("#bs-tokens .bs-text .is-linked")).to_have_text("duck")


def test_a_masked_token_changes_the_scores_to_what_the_core_says(page, model, comparison):
    mask = comparison.tokens.attention_mask.copy()
    mask[0, 6] = 0
    wanted = model.rescore(comparison, mask)["cosine"].value
    open_tab(page, "The mask, live")
    switch = page.locator('[data-pick="a6"]')
    switch.focus()
    page.keyboard.press("Enter")
    row = page.locator('.bs-changes tr[data-scorer="cosine"] td')
    expect(row.nth(1)).to_have_text(shown(wanted))
    expect(row.nth(0)).to_have_text(shown(comparison["cosine"].value))
    expect(page.locator('[data-pick="a6"]')).to_have_attribute("aria-pressed", "false")
    expect(page.locator('[data-pick="a6"]')).to_be_focused()
    page.keyboard.press("Space")
    expect(row.nth(1)).to_have_text(shown(comparison["cosine"].value))


def test_quick_presses_all_count_and_a_redraw_leaves_the_focus_where_it_went(page):
    open_tab(page, "The mask, live")
    page.evaluate(
        """() => { for (const i of [1, 2, 3, 4, 5]) document.querySelector(`[data-pick="a${i}"]`).click();
            document.querySelector("#bs-a textarea").focus(); }"""
    )
    expect(page.locator('.bs-switch[aria-pressed="false"]')).to_have_count(5)
    expect(page.get_by_label("Sentence A", exact=True)).to_be_focused()


def test_masks_at_one_click_and_reset(page, comparison):
    open_tab(page, "The mask, live")
    page.get_by_role("button", name="Drop [CLS] and [SEP]").click()
    expect(page.locator('.bs-switch[aria-pressed="false"]')).to_have_count(4)
    page.get_by_role("button", name="Only content words").click()
    expect(page.locator('[data-pick="a1"]')).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Reset").click()
    expect(page.locator('.bs-switch[aria-pressed="false"]')).to_have_count(0)


def test_the_mask_is_forgotten_with_a_new_pair_and_never_empties_a_sentence(page):
    page.get_by_label("Sentence A", exact=True).fill("x")
    page.get_by_role("button", name="Compare", exact=True).click()
    open_tab(page, "The mask, live")
    for position in (0, 1):
        page.locator(f'[data-pick="a{position}"]').click()
        expect(page.locator(f'[data-pick="a{position}"]')).to_have_attribute("aria-pressed", "false")
    page.locator('[data-pick="a2"]').click()
    expect(page.get_by_test_id("toast-body")).to_contain_text("leave at least one")
    expect(page.locator('[data-pick="a2"]')).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="A negation").click()
    expect(page.locator('[data-pick="a2"]')).to_contain_text("museum")
    expect(page.locator('.bs-switch[aria-pressed="false"]')).to_have_count(0)


def test_which_tokens_matter_has_a_number_for_every_token(page, model, comparison):
    open_tab(page, "Which tokens matter")
    ordinary = int(((comparison.tokens.attention_mask == 1) & ~comparison.tokens.is_special).sum())
    expect(page.locator(".bs-matter li")).to_have_count(ordinary)
    assert shown(comparison["cosine"].value) in page.locator("#bs-matter-view .bs-caption").inner_text()


def test_alignment_shows_bertscore_and_follows_the_layer(page, comparison):
    open_tab(page, "Alignment")
    for layer in (comparison.output.hidden_states.shape[0] - 1, 0):
        slider = page.get_by_role("spinbutton", name="Layer (0 = embeddings)")
        slider.fill(str(layer))
        slider.press("Tab")
        expect(page.locator("#bs-alignment .bs-figures dd").nth(2)).to_have_text(shown(align(comparison, layer).f1))


def test_attention_opens_the_head_that_is_pressed(page, comparison):
    open_tab(page, "Attention")
    page.get_by_role("button", name="Open layer 2, head 3").click()
    expect(page.locator("#bs-attention .bs-caption").first).to_contain_text("Layer 2, head 3")
    value = comparison.packed[1].attentions[1, 0, 2, 0, 0]
    assert f"[CLS] × [CLS]: {shown(value)}" in page.locator("#bs-attention .bs-main svg").text_content()
    expect(page.get_by_role("button", name="Open layer 2, head 3")).to_have_attribute("aria-pressed", "true")


def test_attention_of_a_sentence_alone_and_the_mean_of_all_can_be_chosen(page, model, comparison):
    open_tab(page, "Attention")
    caption = page.locator("#bs-attention .bs-caption").first
    used = model.scorers_of("packed")
    expect(caption).to_contain_text(f"read packed by {used[0]}" if used else "No scorer of this model reads pairs")
    for label, choice in (("Shown", "B alone"), ("Layer", "mean of all layers"), ("Head", "mean of all heads")):
        choose(page, "#bs-tab-attention", label, choice)
    expect(caption).to_contain_text("Mean of all layers, mean of all heads")
    expect(caption).to_contain_text("Sentence B is read alone by cosine, dot, euclidean, manhattan, alignment")
    value = comparison.output.attentions[:, 1, :, 0, 1].mean()
    token = comparison.tokens.tokens[1][1]
    assert f"[CLS] × {token}: {shown(value)}" in page.locator("#bs-attention .bs-main svg").text_content()


def test_layers_end_at_the_score(page, comparison):
    open_tab(page, "Layers")
    profile = layer_profile(comparison, ("mean",))
    expect(page.locator("#bs-layers svg")).to_contain_text(f"mean {shown(profile[0, -1])}")


def test_the_numbers_of_a_view_can_be_saved(page, comparison, tmp_path):
    open_tab(page, "Alignment")
    saved = {}
    for kind in ("JSON", "SVG"):
        with page.expect_download() as download:
            page.locator("#bs-alignment").get_by_role("button", name=kind).click()
        saved[kind] = tmp_path / download.value.suggested_filename
        download.value.save_as(saved[kind])
    data = json.loads(saved["JSON"].read_text())
    assert data["f1"] == pytest.approx(align(comparison).f1, abs=0.01)
    assert saved["SVG"].read_text().startswith("<svg")


@pytest.mark.parametrize("width", [1440, 390])
def test_no_tab_overflows_with_a_long_pair(visit, width):
    page = visit(width=width)
    page.get_by_role("button", name="Too long", exact=True).click()
    expect(page.locator("#bs-tokens .bs-cut")).to_be_visible()
    for name in ("The mask, live", "Which tokens matter", "Alignment", "Attention", "Layers"):
        select_tab(page, name)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


def test_every_control_has_a_name_and_every_id_is_used_once(page):
    for name in ("Tokens", "The mask, live", "Which tokens matter", "Alignment", "Attention", "Layers"):
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
