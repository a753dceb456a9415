"""The mode Matrix in a real browser: type, move the threshold, open a pair and come back, stop, links, hostile text."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from bertsim.ui.examples import LISTS
from tests.browser.journey import LOOKS, cosine, shown
from tests.browser.test_access import serious

pytestmark = pytest.mark.browser

LINES = LISTS[0][1]
PAIRS = Path(__file__).parent.parent / "verdict_pairs.tsv"
FIFTY = list(dict.fromkeys(each for row in PAIRS.read_text().splitlines()[1:] for each in row.split("\t")[:2]))[:50]
LISTED = "Press a pair to open it in Compare; press a point for its nearest."
RAIN, NO_RAIN = LINES.index("It will rain tomorrow."), LINES.index("It will not rain tomorrow.")


def open_matrix(visit, query: dict[str, str] | None = None, **options) -> Page:
    """The mode, with its picture."""
    page = visit("?" + urlencode({"mode": "matrix"} | (query or {})), waits=False, **options)
    expect(page.locator("#bs-matrix .bs-found")).to_be_visible()
    return page


def fill(page: Page, *lines: str) -> None:
    page.get_by_label("Sentences, one a line").fill("\n".join(lines))


def read(page: Page) -> None:
    """Wait until everything is read together."""
    expect(page.locator("#bs-matrix-progress")).to_contain_text(re.compile(r"read both ways( in [\d.]+ s)?\."))
    expect(page.locator("#bs-matrix title", has_text="not read yet")).to_have_count(0)


def cell(page: Page, one: int, other: int):
    return page.locator(f'#bs-matrix g[data-pick="{one}-{other}"]')


def point(page: Page, place: int):
    """The label of a point of the map; its sign may lie under a near one's."""
    return page.locator(f'.bs-map g[data-pick="p{place}"] text').last


def headline(page: Page):
    return page.locator("#bs-matrix .bs-found")


def test_it_begins_with_opposites_that_vectors_call_alike(page, model):
    page.get_by_role("tab", name="Matrix", exact=True).click()
    expect(headline(page)).to_have_text("4 groups among 12 sentences")
    read(page)
    cosines, together = (model.matrix(LINES, scorer=scorer) for scorer in ("cosine", "pooled"))
    both = (together[RAIN, NO_RAIN] + together[NO_RAIN, RAIN]) / 2
    says = f"vectors {shown(cosines[RAIN, NO_RAIN])}, together {shown(both)}"
    expect(cell(page, RAIN, NO_RAIN).locator("title")).to_have_text(says)
    disputed = page.locator(".bs-every > .bs-listed")
    expect(disputed).to_contain_text("It will not rain tomorrow.")
    expect(page.locator("#bs-matrix-cost")).to_contain_text(
        re.compile(r"12 sentences\. 12 short passes, [\d,]+ ms; 132 pair passes, [\d.]+ s, by pooled of")
    )
    page.get_by_label("cross-encoder", exact=True).check()
    expect(headline(page)).to_have_text("4 groups among 12 sentences; 1 alone")
    expect(page).to_have_url(re.compile(r"mode=matrix&by=cross-encoder$"))


@pytest.mark.long
def test_what_is_typed_is_drawn_after_a_pause_and_read_together_when_that_is_asked_for(visit):
    page = open_matrix(visit)
    read(page)
    fill(page, "It rains.", "", "It is raining.", "It rains.", "A kitten sleeps.")  # which no other test reads
    expect(headline(page)).to_have_text("1 group among 3 sentences; 1 alone")
    expect(page.locator("#bs-matrix-cost")).to_contain_text("1 blank line left out. 1 line said before")
    expect(cell(page, 0, 1).locator("title")).to_contain_text("not read yet")
    expect(page).to_have_url(re.compile("lines=It.rains.*together=no"))
    page.get_by_role("button", name="Read together").click()
    expect(page.locator("#bs-matrix-progress")).to_contain_text("3 pairs read both ways")
    expect(cell(page, 0, 1).locator("title")).not_to_contain_text("not read yet")


@pytest.mark.long
def test_the_threshold_makes_groups_without_a_new_score(visit):
    page = open_matrix(visit)
    read(page)
    before = cell(page, RAIN, NO_RAIN).locator("title").text_content()
    slider = page.get_by_role("slider", name="Threshold")
    slider.focus()
    slider.press("End")
    expect(headline(page)).to_have_text("0 groups among 12 sentences")
    expect(page.locator(".bs-frame")).to_have_count(0)
    slider.press("Home")
    expect(headline(page)).to_contain_text("among 12 sentences")
    expect(headline(page)).not_to_contain_text("0 groups")
    expect(page).to_have_url(re.compile("threshold=0$"))
    assert cell(page, RAIN, NO_RAIN).locator("title").text_content() == before


def test_a_cell_opens_in_compare_and_everything_is_there_on_the_way_back(visit, model):
    page = open_matrix(visit, {"threshold": "0.85"})
    read(page)
    expect(page.locator("#bs-matrix .bs-caption").first).to_contain_text("0.85")
    picture = page.locator("#bs-matrix .bs-main title").all_text_contents()
    cell(page, RAIN, NO_RAIN).click()
    expect(page.get_by_label("Sentence A", exact=True)).to_have_value(LINES[RAIN])
    expect(page.get_by_label("Sentence B", exact=True)).to_have_value(LINES[NO_RAIN])
    expect(page.locator("#bs-ways .bs-big")).to_have_text(shown(model.score([(LINES[RAIN], LINES[NO_RAIN])])[0]))
    assert cosine(page) > 0.9
    page.get_by_role("button", name="Back to Matrix").click()
    expect(headline(page)).to_be_visible()
    assert page.locator("#bs-matrix .bs-main title").all_text_contents() == picture
    expect(page).to_have_url(re.compile(r"\?mode=matrix&threshold=0\.85$"))


@pytest.mark.long
def test_a_point_shows_its_nearest_and_a_second_one_opens_both(visit):
    page = open_matrix(visit)
    read(page)
    point(page, RAIN).click()
    near = page.locator(".bs-map .bs-listed")
    expect(near).to_contain_text("Nearest to 1, “It will rain tomorrow.”")
    expect(near.locator("li").first).to_contain_text("It will not rain tomorrow.")
    point(page, 2).click()
    expect(page.get_by_label("Sentence A", exact=True)).to_have_value(LINES[RAIN])
    expect(page.get_by_label("Sentence B", exact=True)).to_have_value(LINES[2])


@pytest.mark.long
def test_what_is_read_when_it_is_stopped_stays(visit):
    page = open_matrix(visit, {"lines": "\n".join(FIFTY), "together": "no"})
    expect(headline(page)).to_contain_text("among 50 sentences")
    page.get_by_role("button", name="Read together").click()
    expect(page.locator("#bs-matrix-progress")).to_contain_text(re.compile(r"[1-9]\d* of 1,225 pairs read both ways"))
    page.get_by_role("button", name="Cancel").click()
    says = page.locator("#bs-matrix-progress")
    expect(says).to_contain_text("Stopped: ")
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
    left = int(re.sub(r"\D", "", says.inner_text()))
    assert 0 < left < 1225
    expect(page.locator("#bs-matrix rect[stroke-dasharray]")).to_have_count(left)


def test_a_link_restores_and_runs(visit):
    lines = "It rains.\nIt is raining.\nNo rain falls."
    page = open_matrix(visit, {"lines": lines, "threshold": "0.7", "by": "cross-encoder"})
    expect(page.get_by_label("Sentences, one a line")).to_have_value(lines)
    read(page)
    expect(page.locator("#bs-matrix .bs-caption").first).to_contain_text("0.70 or above connect, by cross-encoder")
    page.locator("#bs-mode-matrix").get_by_role("button", name="Share", exact=True).click()
    expect(page.get_by_role("textbox", name="Link to this page")).to_have_value(page.url)


@pytest.mark.long
def test_a_link_that_cannot_be_followed_says_why(visit):
    page = open_matrix(visit, {"threshold": "<b>"})
    expect(page.get_by_test_id("toast-body")).to_contain_text("threshold is '<b>'; a number from 0 to 1 was expected")
    expect(headline(page)).to_contain_text("among 12 sentences")


def test_hostile_and_unreadable_lines_are_text_or_named(visit):
    page = open_matrix(visit)
    hostile = ("<img src=x onerror=\"document.title='run'\">", "${document.title='run'} {{x}}", "=cmd()", "👍")
    fill(page, *hostile, "x" * 2001)
    expect(headline(page)).to_contain_text("among 3 sentences")
    faults = page.locator("#bs-faults-matrix-lines .bs-fault")
    expect(faults).to_have_count(2)
    expect(faults.first).to_contain_text("Line 5 is left out: it has 2,001 characters, and 2,000 are the most.")
    expect(faults.last).to_contain_text("Line 4 is left out: the encoder can read nothing of 👍.")
    expect(page.get_by_label("Sentences, one a line")).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".bs-pairs bdi", has_text="<img src=x").first).to_be_visible()
    assert page.title() == "bertsim: compare two sentences"
    fill(page, "One.")
    expect(faults).to_have_count(1)
    expect(faults).to_have_text("✕ Give two different sentences or more, one a line.")
    expect(headline(page)).to_have_count(0)
    fill(page, "Two.")
    expect(faults).to_be_visible()  # though it says what it said before
    fill(page, "")
    page.get_by_role("button", name="Read together").click()
    expect(faults).to_be_visible()


@pytest.mark.long
def test_more_lines_than_are_drawn_are_listed(visit):
    page = open_matrix(visit, {"together": "no"})
    fill(page, *FIFTY, "One more sentence.")
    expect(headline(page)).to_contain_text("among 51 sentences")
    expect(page.locator("#bs-matrix .bs-main svg")).to_have_count(0)
    expect(page.locator(".bs-every > .bs-said")).to_have_text(LISTED)
    rows = page.locator(".bs-sides .bs-pairs li")
    expect(rows.filter(visible=True)).to_have_count(10)
    page.get_by_text("90 pairs more", exact=True).click()
    expect(rows.filter(visible=True)).to_have_count(100)
    expect(page.locator(".bs-map .bs-point")).to_have_count(51)


@pytest.mark.long
def test_another_setting_computes_anew(visit, model):
    page = open_matrix(visit)
    read(page)
    page.get_by_role("button", name="Encoder and settings").click()
    page.get_by_label("Pooling").click()
    page.get_by_role("option", name="max", exact=True).click()
    wanted = model.matrix(LINES, pooling="max")[RAIN, NO_RAIN]
    expect(cell(page, RAIN, NO_RAIN).locator("title")).to_contain_text(f"vectors {shown(wanted)}")
    expect(page).to_have_url(re.compile("mode=matrix&pooling=max"))


@pytest.mark.long
def test_numbers_and_pictures_are_saved(visit, tmp_path):
    page = open_matrix(visit)
    read(page)
    saved = {}
    for kind in ("CSV", "JSON", "SVG", "PNG"):
        with page.expect_download() as download:
            page.locator(".bs-every > .bs-downloads").get_by_role("button", name=kind).click()
        saved[kind] = tmp_path / download.value.suggested_filename
        download.value.save_as(saved[kind])
    rows = saved["CSV"].read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == 13
    assert rows[0].startswith("sentence,group,")
    assert ElementTree.parse(saved["SVG"]).getroot().tag.endswith("svg")
    with Image.open(saved["PNG"]) as drawn:
        assert drawn.size > (500, 300)
    with page.expect_download() as download:
        page.locator(".bs-map .bs-downloads").get_by_role("button", name="PNG").click()
    assert download.value.suggested_filename == "map.png"


@pytest.mark.long
def test_the_keyboard_walks_in_the_matrix_reads_a_cell_and_opens_it(visit):
    page = open_matrix(visit)
    read(page)
    page.get_by_role("region", name="Matrix; arrow keys walk in it").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    said = page.locator(".bs-every .bs-said")
    expect(said).to_contain_text(re.compile("^“.+”, “.+”: vectors .*, together "))
    first, second = re.findall("“(.+?)”", said.inner_text())
    page.keyboard.press("Enter")
    expect(page.get_by_label("Sentence A", exact=True)).to_have_value(first)
    expect(page.get_by_label("Sentence B", exact=True)).to_have_value(second)


@pytest.mark.long
@pytest.mark.parametrize(("width", "scheme"), [LOOKS[0], pytest.param(*LOOKS[1], marks=pytest.mark.long), *LOOKS[2:]])
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_page(visit, width, scheme):
    page = open_matrix(visit, width=width, scheme=scheme)
    read(page)
    expect(page.locator("#bs-matrix .bs-main svg")).to_be_visible(visible=width > 600)
    expect(page.locator(".bs-every > .bs-said")).to_be_visible(visible=width > 600)
    assert page.locator("#bs-threshold").evaluate("(e) => getComputedStyle(e).overflowY") == "visible"
    expect(page.locator(".bs-every").get_by_text(LISTED, exact=True)).to_be_visible(visible=width <= 600)
    point(page, RAIN).click()
    expect(page.locator(".bs-map .bs-listed")).to_be_visible()
    page.get_by_text("The numbers as a table").last.click()
    assert serious(page) == []
    page.set_viewport_size({"width": 390, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
