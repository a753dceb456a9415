"""The mode Rank in a real browser: the ways from it and to it, a pair, a link, a file, and how it looks to whom."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from playwright.sync_api import expect

from tests.browser.journey import LOOKS
from tests.browser.ranking import LINES, QUERY, ask, finished, first, paste, rows, set_top
from tests.browser.test_access import serious

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=\"document.title='run'\"> ${document.title='run'} {{x}}"


def test_a_row_opens_in_compare_and_the_way_back_has_everything_as_it_was(rank):
    page = rank()
    ask(page, QUERY, "\n".join(LINES), LINES[0])
    kept = rows(page).all_inner_texts()
    rows(page).nth(1).click()
    expect(page.get_by_label("Sentence A", exact=True)).to_have_value(QUERY)
    expect(page.get_by_label("Sentence B", exact=True)).to_have_value(LINES[2])
    expect(page.locator("#bs-verdict .bs-judgement")).to_be_visible()
    page.get_by_role("button", name="Back to Rank").click()
    expect(page.get_by_label("Sentence", exact=True)).to_have_value(QUERY)
    expect(first(page)).to_have_text(f"“{LINES[0]}”")
    expect(rows(page)).to_have_text(kept, use_inner_text=True)
    expect(page).to_have_url(re.compile("mode=rank"))


def test_a_link_restores_sentence_lines_and_how_many_are_read_together(rank, model):
    page = rank()
    ask(page, QUERY, "\n".join(LINES), LINES[0])
    set_top(page, 2)
    expect(page).to_have_url(re.compile(r"top=2"))
    again = rank("&" + page.url.partition("mode=rank&")[2])
    expect(again.get_by_label("Sentence", exact=True)).to_have_value(QUERY)
    expect(again.get_by_label("Lines", exact=True)).to_have_value("\n".join(LINES))
    expect(again.locator("#bs-ranking .bs-ranked .is-apart")).to_have_count(2)
    expect(again).to_have_url(page.url)


@pytest.mark.long
def test_a_list_too_long_for_a_link_is_ranked_and_share_says_why_there_is_none(rank):
    page = rank()
    paste(page, [*LINES, *(f"This is line number {n} of a long list." for n in range(400))])
    page.get_by_label("Sentence", exact=True).fill(QUERY)
    expect(first(page)).to_have_text(f"“{LINES[0]}”")
    expect(page).to_have_url(re.compile(r"\?mode=rank$"))
    page.get_by_role("button", name="Share", exact=True).click()
    expect(page.get_by_role("dialog", name="Share")).to_contain_text("give fewer or shorter lines")
    page.keyboard.press("Escape")
    page.get_by_text("The other 384 lines", exact=True).click()
    expect(page.locator("#bs-rank-others .bs-ranked button")).to_have_count(384)


@pytest.mark.long
def test_a_bad_link_says_so_and_the_example_is_ranked(rank):
    page = rank("&top=many")
    expect(page.get_by_test_id("toast-body")).to_contain_text("top is 'many'")
    expect(rows(page)).to_have_count(12)


def test_hostile_text_appears_as_text(rank):
    page = rank("&" + urlencode({"q": HOSTILE, "lines": f"{HOSTILE}\n{HOSTILE} 2\n=1+1"}))
    expect(rows(page)).to_have_count(3)
    expect(first(page)).to_have_text(f"“{HOSTILE}”")
    assert page.locator("#bs-rank-result img, #bs-rank-result script").count() == 0
    assert page.title() == "bertsim: compare two sentences"
    rows(page).nth(1).click()
    expect(page.get_by_label("Sentence A", exact=True)).to_have_value(HOSTILE)


@pytest.mark.long
def test_the_numbers_are_saved_as_csv_json_and_svg(rank):
    page = rank("&" + urlencode({"q": QUERY, "lines": "\n".join([*LINES, "=1+1 is two."])}))
    saved = {}
    for kind in ("CSV", "JSON", "SVG"):
        with page.expect_download() as download:
            page.locator("#bs-rank-others").get_by_role("button", name=kind, exact=True).click()
        assert download.value.suggested_filename == f"ranking.{kind.lower()}"
        saved[kind] = Path(download.value.path()).read_text(encoding="utf-8-sig")
    lines = [row["line"] for row in csv.DictReader(saved["CSV"].splitlines())]
    assert sorted(lines) == sorted([*LINES, "'=1+1 is two."])
    assert [row["rank"] for row in json.loads(saved["JSON"])] == [1, 2, 3, 4, 5]
    assert QUERY in "".join(ElementTree.fromstring(saved["SVG"]).itertext())


@pytest.mark.long
def test_the_keyboard_walks_in_the_list_and_opens_a_row(rank):
    page = rank()
    rows(page).first.focus()
    page.keyboard.press("ArrowDown")
    expect(rows(page).nth(1)).to_be_focused()
    expect(page.locator("#bs-ranking .bs-slopes .is-lit")).to_have_count(1)
    text = rows(page).nth(1).locator("bdi").inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Sentence B", exact=True)).to_have_value(text)


@pytest.mark.long
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_nothing_overflows_and_axe_finds_nothing_serious(rank, width, scheme):
    page = rank(width=width, scheme=scheme)
    page.get_by_role("button", name="Open, closed, shut").click()
    expect(rows(page)).to_have_count(11)
    finished(page)
    page.locator("#bs-rank-others").get_by_text("The numbers as a table", exact=True).click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious(page) == []
    if width < 400:
        expect(page.locator("#bs-ranking .bs-before, #bs-ranking .bs-slopes").first).to_be_hidden()
        expect(rows(page).first.locator(".bs-moved")).to_have_text("5 → 1")
        assert rows(page).first.locator("bdi").evaluate("(e) => getComputedStyle(e).webkitLineClamp") == "none"
        for target in [*rows(page).all(), page.get_by_role("button", name="Choose a file")]:
            assert target.bounding_box()["height"] >= 44
