"""The mode Rank in a real browser: every way to ask, a file, the slider, Cancel, what is wrong, two visitors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bertsim.ui.rank import EXAMPLES
from bertsim.ui.ranking import MOST_LINES
from tests.browser.ranking import LINES, OLD, QUERY, ask, finished, first, paste, rows, set_top

pytestmark = pytest.mark.browser


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


def test_a_list_that_is_not_of_the_settings_beside_it_is_grey(rank):
    page = rank()
    page.get_by_role("button", name="Encoder and settings").click()
    for label, choice in ("Pooling", "pooler"), ("Layers", "all"):
        finished(page)
        page.get_by_label(label).click()
        page.get_by_role("option", name=choice, exact=True).click()
    expect(page.get_by_test_id("toast-body")).to_contain_text("The pooler reads the last layer alone")
    expect(page.locator("#bs-rank-result")).to_have_class(OLD)
    page.get_by_label("Layers").click()
    page.get_by_role("option", name="last", exact=True).click()
    finished(page)


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
