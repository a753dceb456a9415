"""The mode Rank in a real browser: every way to ask, a file, the slider, Cancel, the way to a pair and back, links."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page, expect

from bertsim.ui.rank import EXAMPLES
from bertsim.ui.ranking import MOST_LINES
from tests.browser.journey import LOOKS
from tests.browser.test_access import serious

pytestmark = pytest.mark.browser

QUERY = "The bicycle was taken by a thief."
LINES = ("Somebody stole the bike.", "The soup is cold.", "A thief sat on a bicycle.", "It rains in spring.")
OLD = re.compile(r"(^|\s)is-old(\s|$)")
HOSTILE = "<img src=x onerror=\"document.title='run'\"> ${document.title='run'} {{x}}"


@pytest.fixture
def rank(visit):
    """Open the mode, with a link's query or by its tab, and wait for what it ranked."""

    def open_mode(more: str = "", **looks) -> Page:
        page = visit(f"?mode=rank{more}", waits=False, **looks)
        expect(page.locator("#bs-rank-others .bs-downloads")).to_be_visible()
        return page

    return open_mode


def rows(page: Page):
    return page.locator("#bs-ranking .bs-ranked button")


def first(page: Page):
    return page.locator("#bs-rank-headline .bs-judgement")


def ask(page: Page, query: str, lines: str, wanted: str) -> None:
    """Fill both boxes, and wait for what then comes first, read together as far as it is to be."""
    page.get_by_label("Sentence", exact=True).fill(query)
    page.get_by_label("Lines", exact=True).fill(lines)
    expect(first(page)).to_have_text(f"“{wanted}”")
    finished(page)


def finished(page: Page) -> None:
    expect(page.locator("#bs-rank-result")).not_to_have_class(OLD)
    expect(page.locator("#bs-cost")).not_to_contain_text("about")
    expect(page.locator("#bs-cost progress")).to_have_count(0)


def set_top(page: Page, top: int) -> None:
    box = page.locator("#bs-top input[type=number]")
    box.fill(str(top))
    box.press("Tab")


def paste(page: Page, lines: list[str]) -> None:
    """Put many lines into the box at once, which as keys would take a browser minutes."""
    put = "(area, text) => { area.value = text; area.dispatchEvent(new Event('input', { bubbles: true })); }"
    page.locator("#bs-list textarea").evaluate(put, "\n".join(lines))


def drop(page: Page, name: str, content: str) -> None:
    page.locator("#bs-list textarea").evaluate(
        """(area, [name, content]) => {
            const files = new DataTransfer();
            files.items.add(new File([content], name));
            for (const kind of ["dragover", "drop"])
                area.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: files }));
        }""",
        [name, content],
    )


def test_the_tab_opens_with_its_example_ranked_and_the_list_by_vectors_beside_it(page, model):
    page.get_by_role("tab", name="Rank", exact=True).click()
    _, query, lines = EXAMPLES[0]
    expect(first(page)).to_have_text("“Our attorney resigned because of stress.”")
    listed = lines.split("\n")
    wanted = [listed[each.index] for each in model.rank(query, listed, top=10, rerank="pooled")]
    assert [row.inner_text() for row in page.locator("#bs-ranking .bs-ranked bdi").all()][:10] == wanted
    before = [listed[each.index] for each in model.rank(query, listed)]
    assert [row.inner_text() for row in page.locator("#bs-ranking .bs-before bdi").all()] == before
    assert page.locator("#bs-ranking .bs-slopes path").count() == len(listed)
    expect(page.locator("#bs-cost")).to_contain_text(
        re.compile(rf"short pass|^\s*{len(listed) + 1} sentences and 10 pairs read before")
    )


def test_what_is_typed_is_ranked_after_a_pause_and_the_old_list_is_greyed_at_once(rank):
    page = rank()
    is_grey = """(sentence) => { const area = document.querySelector("#bs-query textarea");
        area.value = sentence;
        area.dispatchEvent(new Event("input", { bubbles: true }));
        return document.querySelector("#bs-rank-result").classList.contains("is-old"); }"""
    assert page.evaluate(is_grey, "Who is a lawyer?")
    expect(page.locator("#bs-rank-result")).not_to_have_class(OLD)
    ask(page, QUERY, "\n".join(LINES), LINES[0])
    expect(rows(page)).to_have_count(4)
    expect(rows(page).first.locator(".bs-signs")).to_contain_text(re.compile("follows|open|contradicts"))


@pytest.mark.long
def test_enter_the_button_and_ctrl_enter_rank(rank):
    page = rank()
    headline = page.locator("#bs-rank-headline .bs-verdict")
    for way in ("Enter", "button", "Control+Enter"):
        before = headline.get_attribute("data-turn")
        if way == "button":
            page.get_by_role("button", name="Rank", exact=True).click()
        else:
            page.get_by_label("Sentence", exact=True).press(way)
        expect(headline, way).not_to_have_attribute("data-turn", before)
        finished(page)


@pytest.mark.long
def test_a_file_of_each_kind_is_read_in_the_browser_and_what_was_taken_is_said(rank, tmp_path: Path):
    page, said = rank(), ".bs-file [role=status]"
    box = page.get_by_label("Lines", exact=True)
    path = tmp_path / "lines.txt"
    path.write_bytes("One line.\r\n\r\nZwei Zeilen, für dich.\n".encode("cp1252"))
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a file").click()
    chooser.value.set_files(path)
    expect(box).to_have_value("One line.\nZwei Zeilen, für dich.")
    expect(page.locator(said)).to_have_text("Taken of lines.txt: 2 lines.")
    expect(rows(page)).to_have_count(2)
    drop(page, "faq.csv", 'id,question\n1,"How, then, do I pay?"\n2,"Say ""yes""\nor no."\n')
    expect(box).to_have_value('How, then, do I pay?\nSay "yes" or no.')
    expect(page.locator(said)).to_have_text("Taken of faq.csv: column 2 (“question”), 2 lines.")
    drop(page, "a.tsv", "Who came?\t1\nNobody came.\t2")
    expect(box).to_have_value("Who came?\nNobody came.")
    for name, content, told in (
        ("a.png", "x", "a.png is not taken"),
        ("b.txt", "a\0b", "b.txt is no text."),
        ("c.txt", " \n", "c.txt has no lines."),
        (
            "<b>.txt",
            "x\n" * (MOST_LINES + 1),
            f"Taken of <b>.txt: the first {MOST_LINES:,} of {MOST_LINES + 1:,} lines.",
        ),
    ):
        drop(page, name, content)
        expect(page.locator(said)).to_contain_text(told)
    drop(page, "large.txt", "Übermut tut gut\n" * 150_000)  # whose first 2 MB end inside a character
    expect(page.locator(said)).to_contain_text("of its first 2 MB.")
    expect(box).to_have_value("\n".join(["Übermut tut gut"] * MOST_LINES))


@pytest.mark.long
def test_the_slider_says_how_many_are_read_together(rank):
    page = rank()
    set_top(page, 3)
    expect(page.locator("#bs-ranking .bs-ranked .is-apart")).to_have_count(9)
    set_top(page, 0)
    expect(page.locator("#bs-ranking .bs-slopes")).to_have_count(0)
    expect(page.locator("#bs-rank-headline")).to_contain_text("by vectors, cosine")
    set_top(page, 400)
    expect(page.locator("#bs-ranking .bs-ranked .is-apart")).to_have_count(0)
    expect(page.locator("#bs-ranking .bs-ranked button")).to_have_count(12)


@pytest.mark.long
def test_cancel_keeps_what_is_finished(rank):
    page = rank()
    set_top(page, 100)
    finished(page)
    lines = [f"Line {n}: " + "the old house by the river was sold again " * 12 for n in range(100)]
    page.get_by_label("Sentence", exact=True).fill("A house was sold.")
    paste(page, lines)
    page.get_by_role("button", name="Cancel", exact=True).click()
    finished(page)
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_hidden()
    expect(page.locator("#bs-rank-others .bs-note")).to_contain_text("for it was stopped")
    page.get_by_role("button", name="No shared word", exact=True).click()  # the next one is answered as ever
    expect(first(page)).to_have_text("“Our attorney resigned because of stress.”")


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
def test_what_is_wrong_stands_at_its_box_until_that_is_edited(rank):
    page = rank()
    query, lines = (page.get_by_label(name, exact=True) for name in ("Sentence", "Lines"))
    lines.fill(" \n\n")
    expect(page.locator("#bs-fault-list")).to_contain_text("There is no line yet")
    expect(lines).to_have_attribute("aria-describedby", "bs-fault-list")
    query.fill(" ")
    expect(page.locator("#bs-fault-query")).to_contain_text("The sentence is empty")
    expect(query).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#bs-rank-result")).to_have_class(OLD)
    query.fill("A cat.")
    expect(page.locator("#bs-fault-query")).to_be_hidden()
    lines.fill("\u200b\u200d")
    expect(page.locator("#bs-fault-list")).to_contain_text("No line has a character that this encoder can read")
    lines.fill("A cat.\n\nA cat.\nA dog. 👍")
    expect(page.locator("#bs-fault-list")).to_be_hidden()
    expect(rows(page)).to_have_count(2)
    expect(rows(page).nth(1)).to_contain_text("not read: 👍")
    told = page.locator("#bs-rank-others")
    for part in ("1 of 2 lines has words the vocabulary lacks", "1 line left out", "1 blank line"):
        expect(told).to_contain_text(part)
    expect(page.get_by_test_id("toast-body")).to_have_count(0)


@pytest.mark.long
def test_more_lines_than_are_ranked_are_left_out_and_that_is_said(rank):
    page = rank()
    set_top(page, 0)
    paste(page, [f"Line {n}." for n in range(MOST_LINES + 5)])
    expect(page.locator("#bs-rank-others .bs-note")).to_contain_text("the last 5 lines")
    expect(page.locator("#bs-rank-headline")).to_contain_text(f"first of {MOST_LINES:,} lines")


@pytest.mark.long
def test_another_setting_ranks_anew(rank, model):
    page = rank()
    page.get_by_role("button", name="Encoder and settings").click()
    page.get_by_label("Pooling").click()
    page.get_by_role("option", name="max", exact=True).click()
    _, query, lines = EXAMPLES[0]
    best = model.rank(query, lines.split("\n"), pooling="max")[0]
    expect(page.locator("#bs-ranking .bs-before .bs-value").first).to_have_text(f"{best.score:.3f}")
    page.get_by_label("Read together by").click()
    page.get_by_role("option", name="combined", exact=True).click()
    expect(page.locator("#bs-ranking .bs-reads").last).to_contain_text("combined")
    expect(page).to_have_url(re.compile("pooling=max"))


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
def test_two_visitors_rank_at_the_same_time_and_do_not_see_each_other(rank, context):
    apart = context.browser.new_context()
    one, other = rank(), rank(within=apart)
    set_top(one, 100)
    finished(one)
    paste(one, [f"Line {n}: " + "a slow one " * 30 for n in range(300)])
    expect(one.locator("#bs-cost")).to_contain_text("short passes")
    ask(other, QUERY, "\n".join(LINES), LINES[0])
    expect(one.get_by_label("Sentence", exact=True)).to_have_value(EXAMPLES[0][1])
    expect(rows(other)).to_have_count(4)
    one.get_by_role("button", name="No shared word", exact=True).click()
    expect(first(one)).to_have_text("“Our attorney resigned because of stress.”")
    apart.close()


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
