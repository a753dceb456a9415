"""The view "What it saw" in a real browser: tokens with their numbers, and what hiding them does to both scores."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import expect

from bertsim.views.explain import token_cosines
from tests.browser.journey import LONGER, choose, effects_are_drawn, shown

pytestmark = pytest.mark.browser
LINK = LONGER


def test_tokens_are_shown_with_ids_types_and_mask_on_demand(page, comparison):
    effects_are_drawn(page)
    assert str(comparison.tokens.input_ids[1, 4]) not in page.locator("#bs-saw .bs-strip").nth(1).inner_text()
    page.get_by_label("Ids, positions, types, mask").check()
    expect(page.locator("#bs-saw .bs-legend")).to_have_count(2)
    cells = page.locator("#bs-saw .bs-strip").nth(1).locator(".bs-token")
    tokens = comparison.tokens
    length = int(tokens.attention_mask[1].sum())
    for position in (0, 4, length - 1):
        lines = [line for line in cells.nth(position).inner_text().split("\n") if line.strip()]
        assert lines[0] == tokens.tokens[1][position]
        assert [str(tokens.input_ids[1, position]), str(position), "0", "1"] == lines[-4:]


def test_a_token_its_characters_and_its_match_in_every_view_light_up_together(page, comparison):
    token = page.locator('#bs-saw .bs-token[data-link="a6"]')
    token.hover()
    expect(page.locator("#bs-saw .bs-text .is-linked")).to_have_text("duck")
    best = int(np.where(comparison.tokens.is_own[1], token_cosines(comparison, -1)[6], -1).argmax())
    name, value = comparison.tokens.tokens[1][best], token_cosines(comparison, -1)[6, best]
    expect(page.locator("#bs-saw .bs-said")).to_contain_text(f"duck: cosine with {name} ")
    said = page.locator("#bs-saw .bs-said").inner_text().split("with ")[1].split()
    assert float(said[1]) == pytest.approx(value, abs=0.02)  # int8 depends on the batch
    tinted = page.locator("#bs-saw .bs-strip").nth(1).locator(".bs-token.is-tinted")
    expect(tinted).to_have_count(int(comparison.tokens.attention_mask[1].sum()))
    page.mouse.move(0, 0)
    expect(tinted).to_have_count(0)
    expect(page.locator("#bs-saw .bs-said")).to_contain_text("Point at a token")


def test_a_hidden_token_changes_the_scores_to_what_the_core_says(page, model, comparison):
    mask = comparison.tokens.attention_mask.copy()
    mask[0, 6] = 0
    wanted = model.rescore(comparison, mask)
    effects_are_drawn(page)
    token = page.locator('#bs-saw .bs-token[data-link="a6"]')
    token.focus()
    page.keyboard.press("Enter")
    for scorer in ("cosine", "pooled"):
        track = page.locator(f'.bs-tracks li[data-scorer="{scorer}"]')
        expect(track.locator("strong")).to_have_text(shown(wanted[scorer].value))
        places = [
            track.locator(f".{kind}").evaluate("(e) => parseFloat(e.style.left)") for kind in ("is-old", "is-new")
        ]
        assert places == pytest.approx([comparison[scorer].value * 100, wanted[scorer].value * 100], abs=0.01)
    expect(token).to_have_attribute("aria-pressed", "false")
    expect(token).to_be_focused()
    page.get_by_text("Every measure under this mask").click()
    row = page.locator('.bs-changes tr[data-scorer="dot"] td')
    expect(row.nth(1)).to_have_text(shown(wanted["dot"].value))
    token.focus()
    page.keyboard.press("Space")
    expect(page.locator(".bs-tracks strong").first).to_have_text(shown(comparison["cosine"].value))
    expect(row.nth(0)).to_be_visible()  # what was unfolded stays so


def test_the_marker_slides_from_where_it_was_unless_motion_is_unwanted(page):
    effects_are_drawn(page)
    moves = """(key) => new Promise((done) => {
        const seen = [];
        const animate = Element.prototype.animate;
        Element.prototype.animate = function (...all) {
            seen.push(this.dataset.marker);
            return animate.apply(this, all);
        };
        document.querySelector(`#bs-saw [data-pick="${key}"]`).click();
        const look = () => document.querySelector(`#bs-saw [data-pick="${key}"][aria-pressed="false"]`)
            ? requestAnimationFrame(() => done(seen)) : requestAnimationFrame(look);
        look();
    })"""
    assert page.evaluate(moves, "a6") == ["cosine", "pooled"]
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moves, "a5") == []


def test_quick_presses_all_count_and_a_redraw_leaves_the_focus_where_it_went(page):
    page.evaluate(
        """() => { for (const i of [1, 2, 3, 4, 5]) document.querySelector(`[data-pick="a${i}"]`).click();
            document.querySelector("#bs-a textarea").focus(); }"""
    )
    expect(page.locator('#bs-saw .bs-token[aria-pressed="false"]')).to_have_count(5)
    expect(page.get_by_label("Sentence A", exact=True)).to_be_focused()


def test_a_picture_that_comes_late_never_takes_the_place_of_one_that_was_drawn_after_it(page):
    effects_are_drawn(page)
    named = (
        "gradio_config.dependencies.filter((each) => each.api_name.startsWith('complete_tab')).map((each) => each.id)"
    )
    completions, held = page.evaluate(named), []

    def hold(route):
        """The browser does not learn which event the answer is of, which it has, until the press is answered."""
        if route.request.post_data_json["fn_index"] in completions:
            held.append((route, route.fetch()))
        else:
            route.continue_()

    page.route("**/queue/join*", hold)
    page.get_by_role("button", name="Encoder and settings").click()
    choose(page, "#bs-settings", "Read together by", "bilstm")
    while not held:
        page.wait_for_timeout(50)
    page.wait_for_timeout(1000)  # until it is drawn, in most runs
    page.locator('#bs-saw [data-pick="a3"]').click()
    token = page.locator('#bs-saw .bs-token[data-pick="a3"][aria-label*="without it bilstm"]')
    expect(token).to_have_attribute("aria-pressed", "false")
    for route, answer in held:
        route.fulfill(response=answer)
    page.wait_for_timeout(1000)
    expect(token).to_have_attribute("aria-pressed", "false")
    page.unroute("**/queue/join*")


def test_masks_at_one_click_reset_and_both_of_a_pair(page, comparison):
    off = page.locator('#bs-saw .bs-token[aria-pressed="false"]')
    page.get_by_role("button", name="Drop [CLS] and [SEP]").click()
    expect(off).to_have_count(4)
    page.get_by_role("button", name="Only content words").click()
    expect(page.locator('[data-pick="a1"]')).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Reset").click()
    expect(off).to_have_count(0)
    page.get_by_label("Hide both of a pair").check()
    page.locator('#bs-saw [data-pick="a3"]').click()
    expect(off).to_have_count(2)
    assert [each.inner_text().split()[0] for each in off.all()] == ["girl", "girl"]


def test_the_mask_is_forgotten_with_a_new_pair_and_never_empties_a_sentence(page):
    page.get_by_label("Sentence A", exact=True).fill("x")
    page.get_by_role("button", name="Compare", exact=True).click()
    for position in (0, 1):
        page.locator(f'#bs-saw [data-pick="a{position}"]').click()
        expect(page.locator(f'#bs-saw [data-pick="a{position}"]')).to_have_attribute("aria-pressed", "false")
    page.locator('#bs-saw [data-pick="a2"]').click()
    expect(page.get_by_test_id("toast-body")).to_contain_text("leave at least one")
    expect(page.locator('#bs-saw [data-pick="a2"]')).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Alive and dead").click()
    expect(page.locator('#bs-saw [data-pick="a2"]')).to_contain_text("patient")
    expect(page.locator('#bs-saw .bs-token[aria-pressed="false"]')).to_have_count(0)


def test_every_token_says_what_hiding_it_does(page, comparison):
    effects_are_drawn(page)
    ordinary = int(comparison.tokens.is_own.sum())
    expect(page.locator('#bs-saw .bs-token[aria-label*="without it cosine"]')).to_have_count(ordinary)
    page.get_by_role("button", name="Encoder and settings").click()
    choose(page, "#bs-settings", "Read together by", "bilstm")
    expect(page.locator('#bs-saw .bs-token[aria-label*="without it bilstm"]')).to_have_count(ordinary)
