"""The compare panel in a real browser: every way to ask, every kind of text, two sizes, two schemes, two visitors."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from bertsim.model.loading import BUNDLED_NAME
from bertsim.ui.examples import EXAMPLES
from tests.browser.journey import LOOKS, VIEWS, compare, cosine, open_tab, shown

pytestmark = pytest.mark.browser

A, B = "A plane is taking off.", "An aeroplane departs from the airport."
HOSTILE = (
    "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">",
    "${document.title='run'} `${1}`",
    "{{constructor.constructor('document.title=1')()}} {{#each x}}",
    "مرحبا \u202egnol\u202c \x07 \x1b[31m",
)


def toast(page):
    return page.get_by_test_id("toast-body")


def test_the_page_opens_with_a_scored_pair(page, model):
    _, a, b = EXAMPLES[0]
    expect(page.get_by_label("Sentence A", exact=True)).to_have_value(a)
    assert cosine(page) == pytest.approx(model.score([(a, b)])[0], abs=0.006)
    assert page.title() == "bertsim: compare two sentences"


def test_boxes_begin_each_line_where_its_letters_do(page):
    styles = "(all) => all.map((e) => getComputedStyle(e)).map((style) => [style.unicodeBidi, style.textAlign])"
    found = page.locator("textarea").evaluate_all(styles)
    assert len(found) >= 2
    assert all(each == ["plaintext", "start"] for each in found)


def test_enter_in_either_box_and_the_button_score(page, model):
    for way, a in (("A", A), ("B", "A plane lands."), ("button", "A plane is late.")):
        page.get_by_label("Sentence A", exact=True).fill(a)
        page.get_by_label("Sentence B", exact=True).fill(B)
        if way == "button":
            page.get_by_role("button", name="Compare", exact=True).click()
        else:
            page.get_by_label(f"Sentence {way}", exact=True).press("Enter")
        wanted = model.compare(a, B)["cosine"].value
        expect(page.locator("#bs-ways .bs-big"), way).to_have_text(shown(wanted))


def test_every_measure_and_the_provenance_are_shown(page, model):
    comparison = model.compare(A, B)
    compare(page, A, B, comparison["cosine"].value)
    for score in comparison.scores:
        value = page.locator(f'.bs-score[data-scorer="{score.scorer}"] .bs-value').first
        expect(value).to_have_text(f"value: {shown(score.value)}")
    facts = page.locator("#bs-bars").text_content()
    assert re.search(rf"\d+\.\d ms · LiteRT, int8 weights · {re.escape(BUNDLED_NAME)} \(", facts)
    if model.words:
        assert model.words.note in facts


def test_an_example_runs_on_one_click(page, model):
    for name, a, b in reversed(EXAMPLES):  # the page begins with the first
        page.get_by_role("button", name=name, exact=True).click()
        wanted = model.compare(a, b)["cosine"].value
        expect(page.locator("#bs-ways .bs-big"), name).to_have_text(shown(wanted))
        expect(page.get_by_label("Sentence B", exact=True)).to_have_value(b)


def test_swap_exchanges_the_boxes(page):
    _, a, b = EXAMPLES[0]
    page.get_by_role("button", name="Swap", exact=True).click()
    expect(page.get_by_label("Sentence A", exact=True)).to_have_value(b)
    expect(page.get_by_label("Sentence B", exact=True)).to_have_value(a)


def test_previous_pairs_stay_and_come_back(page, model):
    compare(page, A, B, model.compare(A, B)["cosine"].value)
    page.get_by_role("button", name="Previous pairs of this visit").click()
    rows = page.locator("#bs-past button")
    expect(rows).to_have_count(2)
    rows.nth(1).click()
    expect(page.get_by_label("Sentence A", exact=True)).to_have_value(EXAMPLES[0][1])
    expect(page.locator("#bs-ways .bs-big")).to_have_text(shown(model.compare(*EXAMPLES[0][1:])["cosine"].value))


def test_a_setting_changes_the_score_to_what_the_core_says(page, model):
    wanted = model.compare(*EXAMPLES[0][1:], pooling="max")
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Pooling").click()
    page.get_by_role("option", name="max", exact=True).click()
    expect(page.locator("#bs-ways .bs-big")).to_have_text(shown(wanted["cosine"].value))
    assert "max pooling" in page.locator("#bs-bars").text_content()


def test_an_answer_that_is_not_of_the_settings_beside_it_is_grey(page, model):
    page.get_by_role("button", name="Encoder and settings").click()
    for label, choice in (("Pooling", "pooler"), ("Layers", "all")):
        page.get_by_label(label).click()
        page.get_by_role("option", name=choice, exact=True).click()
        wanted = shown(model.compare(*EXAMPLES[0][1:], pooling="pooler")["cosine"].value)
        expect(page.locator("#bs-ways .bs-big")).to_have_text(wanted)
    expect(toast(page)).to_contain_text("The pooler reads the last layer alone")
    expect(page.locator("#bs-result")).to_have_class(re.compile("is-old"))
    page.get_by_label("Layers").click()
    page.get_by_role("option", name="last", exact=True).click()
    expect(page.locator("#bs-result")).not_to_have_class(re.compile("is-old"))
    expect(page.locator("#bs-ways .bs-big")).to_have_text(wanted)


def test_what_is_typed_as_a_number_counts_as_the_nearest_that_is_allowed(visit, model):
    a, b = "A plane is taking off from the airport.", B
    page = visit("?" + urlencode({"a": a, "b": b}))
    page.get_by_role("button", name="Settings").click()
    box = page.get_by_role("spinbutton", name="Tokens read")
    for _ in range(50):  # gradio fills in what an accordion holds a moment after it can be seen
        box.fill("")
        page.wait_for_timeout(200)
        if not box.input_value():
            break
    box.press_sequentially("10")
    expect(page.locator("#bs-bars .bs-facts")).to_contain_text("up to 10 tokens a sentence")
    box.press_sequentially("000")
    expect(page.locator("#bs-bars .bs-facts")).to_contain_text(f"up to {model.config.max_position_embeddings} tokens")
    box.fill("5")
    expect(page.locator("#bs-bars .bs-facts")).to_contain_text("up to 8 tokens a sentence")
    expect(page.get_by_test_id("toast-body")).to_have_count(0)
    wanted = model.compare(a, b, max_length=8)
    expect(page.locator("#bs-ways .bs-big")).to_have_text(shown(wanted["cosine"].value))
    expect(page.locator("#bs-verdict")).to_contain_text(f"Not read: {wanted.tokens.unread[0][0].cut_tokens} token")


def test_hostile_text_appears_as_text(page, model):
    for typed in HOSTILE:
        comparison = model.compare(typed, "two " + typed)
        compare(page, typed, "two " + typed, comparison["cosine"].value)
        visible = typed.replace("\x07", "\u2407").replace("\x1b", "\u241b")
        expect(page.locator(".bs-text").first).to_have_text(visible, use_inner_text=False)
        assert page.locator("#bs-saw script, #bs-saw img").count() == 0
        assert page.title() == "bertsim: compare two sentences"


@pytest.mark.parametrize("typed", HOSTILE)
def test_hostile_text_in_a_link_is_text_in_every_tab_and_among_the_previous_pairs(visit, model, typed):
    page = visit("?" + urlencode({"a": typed, "b": "two " + typed}))
    wanted = model.compare(typed, "two " + typed)["cosine"].value
    expect(page.locator("#bs-ways .bs-big")).to_have_text(shown(wanted))
    for name in VIEWS:
        open_tab(page, name)
    page.get_by_role("button", name="Previous pairs of this visit").click()
    first = page.locator("#bs-past button span").first
    expect(first).to_have_text(typed.replace("\x07", "\u2407").replace("\x1b", "\u241b"))
    page.get_by_role("button", name="Swap", exact=True).click()
    expect(page.locator("#bs-past button")).to_have_count(2)
    assert page.locator(".gradio-container script, #bs-tabs img:not(.bs-tile img)").count() == 0
    assert page.title() == "bertsim: compare two sentences"


def test_the_twenty_thousand_and_first_character_is_not_read_and_that_is_shown(page):
    page.get_by_label("Sentence A", exact=True).fill("a" * 20_000 + "!")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("#bs-saw .bs-cut")).to_contain_text(
        "cut off: only the first 20,000 characters of a sentence are read"
    )
    expect(page.locator("#bs-saw figcaption").first).to_contain_text("1 character cut off")


def test_what_is_wrong_with_a_sentence_stands_at_its_box_until_that_is_edited(page):
    before = cosine(page)
    box, other = (page.get_by_label(f"Sentence {letter}", exact=True) for letter in "AB")
    fault = page.locator("#bs-fault-a")
    for empty in ("", "   ", "\n\t ", "\u200b\u200d"):
        box.fill(empty)
        page.get_by_role("button", name="Compare", exact=True).click()
        expect(fault).to_contain_text("Sentence A ")
        expect(box).to_have_attribute("aria-invalid", "true")
        expect(box).to_have_attribute("aria-describedby", "bs-fault-a")
        expect(page.locator("#bs-result")).to_have_class(re.compile("is-old"))
        assert cosine(page) == before
        waiting = page.locator('#bs-verdict [data-testid="status-tracker"]')
        assert waiting.evaluate("(e) => getComputedStyle(e, '::after').content") == "none"
    other.press_sequentially("!")  # of which nothing is wrong
    expect(fault).to_be_visible()
    box.press_sequentially("x")
    expect(fault).to_be_hidden()
    expect(box).to_have_attribute("aria-invalid", "false")
    expect(page.locator("#bs-result")).not_to_have_class(re.compile("is-old"))
    assert cosine(page) != before
    expect(toast(page)).to_have_count(0)


def test_a_hundred_thousand_characters_and_a_lone_surrogate_are_scored(page):
    page.get_by_label("Sentence A", exact=True).fill("word " * 20_000)
    page.get_by_label("Sentence B", exact=True).evaluate(
        "(box) => { box.value = 'half \\ud83d a pair'; box.dispatchEvent(new Event('input', { bubbles: true })); }"
    )
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("#bs-saw .bs-cut")).to_contain_text("more characters cut off")
    expect(page.locator("#bs-saw .bs-text").nth(1)).to_contain_text("half \ufffd a pair")
    page.get_by_role("button", name="Swap", exact=True).click()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("#bs-saw .bs-text").first).to_contain_text("half \ufffd a pair")


def test_a_link_restores_the_pair(visit, model):
    page = visit("?a=The+soup+is+cold.&b=A+%3Cb%3Ecold%3C/b%3E+soup")
    expect(page.get_by_label("Sentence A", exact=True)).to_have_value("The soup is cold.")
    expect(page.get_by_label("Sentence B", exact=True)).to_have_value("A <b>cold</b> soup")
    wanted = model.compare("The soup is cold.", "A <b>cold</b> soup")["cosine"].value
    assert page.locator("#bs-ways .bs-big").inner_text() == shown(wanted)


def test_two_visitors_do_not_see_each_other(visit, model, context):
    apart = context.browser.new_context()
    one, other = visit(), visit(within=apart)
    compare(one, A, B, model.compare(A, B)["cosine"].value)
    other.get_by_role("button", name="Previous pairs of this visit").click()
    expect(other.locator("#bs-past button")).to_have_count(1)
    expect(other.get_by_label("Sentence A", exact=True)).to_have_value(EXAMPLES[0][1])
    apart.close()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_nothing_overflows_and_the_scheme_is_followed(visit, width, scheme):
    page = visit(width=width, scheme=scheme)
    page.get_by_role("button", name="Too long", exact=True).click()
    expect(page.locator("#bs-saw .bs-cut")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    hidden = page.locator("#bs-saw .bs-text").last.evaluate("(e) => e.scrollHeight - e.clientHeight")
    assert hidden <= 0 or width > 600  # what is struck stands at the end
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert light == ("rgb(250, 249, 246)" if scheme == "light" else "rgb(22, 23, 25)")


def test_the_keyboard_alone_compares_and_reads_tokens(page, model):
    page.get_by_label("Sentence A", exact=True).focus()
    page.keyboard.press("Control+A")
    page.keyboard.type(A)
    page.keyboard.press("Enter")
    wanted = model.compare(A, EXAMPLES[0][2])["cosine"].value
    expect(page.locator("#bs-ways .bs-big")).to_have_text(shown(wanted))
    first = page.locator("#bs-saw .bs-strip").first.locator(".bs-token").first
    first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    linked = page.locator("#bs-saw .bs-text .is-linked")
    expect(linked).to_have_text("plane")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_the_verdict_is_a_live_region_that_outlives_its_content(page, model):
    region = page.locator('[role="status"][aria-live="polite"]').filter(has=page.locator(".bs-judgement"))
    expect(region).to_have_count(1)
    handle = region.element_handle()
    compare(page, A, B, model.compare(A, B)["cosine"].value)
    assert handle.evaluate("(e) => e.isConnected && !!e.querySelector('.bs-judgement')")
