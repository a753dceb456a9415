"""The mode File in a real browser: the example, a file of each kind, dragged, cancelled, taken away, hostile."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bertsim.ui.file_mode import EXAMPLE
from tests.browser.journey import LOOKS
from tests.browser.test_access import serious

pytestmark = pytest.mark.browser

ROWS = [("A dog barks.", "A dog is loud.", 5), ("Größe zählt.", "Size matters.", 4), ("It rains.", "Soup is cold.", 0)]
TITLE = "bertsim: compare two sentences"


@pytest.fixture
def file_page(visit: Callable[..., Page]) -> Page:
    """The mode, at 1440 px."""
    return open_mode(visit)


def open_mode(visit: Callable[..., Page], **options: object) -> Page:
    """The mode, as a link opens it."""
    page = visit("?mode=file", waits=False, **options)
    expect(page.get_by_role("button", name="Example file")).to_be_visible()
    return page


def send(page: Page, path: Path) -> None:
    """Choose a file, and wait until something is made of it."""
    page.locator(".bs-drop input").set_input_files(path)
    expect(page.locator("#bs-file-taken")).to_contain_text(path.name)


def open_example(page: Page) -> None:
    """The example, scored and drawn."""
    page.get_by_role("button", name="Example file").click()
    expect(page.locator("#bs-file-table table")).to_be_visible()


def write(path: Path, rows: list[tuple[str, str, int]], sep: str, encoding: str = "utf-8", head: str = "") -> Path:
    more = [head] * bool(head)  # one more column, of which this is the name
    lines = ["sentence1", "sentence2", "score", *more], *([a, b, str(n), *more] for a, b, n in rows)
    path.write_bytes("".join(f"{sep.join(cells)}\n" for cells in lines).encode(encoding))
    return path


def test_the_example_is_scored_drawn_opened_in_compare_and_still_there_on_the_way_back(file_page):
    page = file_page
    open_example(page)
    expect(page.locator("#bs-file-told .bs-judgement")).to_have_text("40 of 40 rows scored")
    assert page.locator(".bs-plot svg[role=img]").count() == 8
    first = page.locator("#bs-file-table tbody tr").first
    a, b = (first.locator("td").nth(i).inner_text() for i in (0, 1))
    first.locator("button").click()
    expect(page.get_by_label("Sentence A", exact=True)).to_have_value(a)
    expect(page.get_by_label("Sentence B", exact=True)).to_have_value(b)
    page.get_by_role("button", name="Back to File").click()
    expect(page.locator("#bs-file-table tbody tr").first).to_contain_text(a)
    expect(page.locator("#bs-file-told .bs-judgement")).to_have_text("40 of 40 rows scored")
    expect(page).to_have_url(re.compile(r"\?mode=file$"))


@pytest.mark.long
def test_a_threshold_is_moved_by_keys_and_counts_follow_without_a_request(file_page):
    page = file_page
    open_example(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    plot = page.locator(".bs-plot").first
    dot = page.locator('[data-dot="recall/cosine"]')
    before = dot.get_attribute("cx")
    plot.locator(".bs-threshold").focus()
    page.keyboard.press("Home")
    expect(plot.locator('[data-count="FN"]')).to_have_text("0")
    expect(plot.locator('[data-count="recall"]')).to_have_text("1.000")
    page.keyboard.press("End")
    expect(plot.locator('[data-count="TP"]')).to_have_text("0")
    assert dot.get_attribute("cx") != before
    assert not [url for url in asked if "queue" in url]


@pytest.mark.long
def test_pairs_are_dragged_out_of_a_plot_or_their_range_is_typed(file_page):
    page = file_page
    open_example(page)
    brush = page.locator(".bs-brush").first
    brush.scroll_into_view_if_needed()
    box = brush.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.95, box["y"] + 60, steps=4)
    page.mouse.up()
    caption = page.locator("#bs-file-table caption")
    expect(caption).to_contain_text("with cosine 0.")
    assert float(page.get_by_label("from", exact=True).input_value()) > 0.5
    page.get_by_label("to", exact=True).fill("")
    page.get_by_label("from", exact=True).fill("0.97")
    expect(caption).to_contain_text("with cosine 0.970 to")
    page.get_by_role("button", name="All pairs").click()
    expect(caption).to_contain_text("40 pairs, by disagreement with the label")
    page.get_by_label("Similar from label").fill("5")
    expect(page.locator(".bs-drawn")).to_contain_text("similar: a label of at least 5, of 0 to 5")


def test_a_touch_over_a_plot_that_becomes_a_scroll_lists_nothing(file_page):
    page = file_page
    open_example(page)
    listed = page.locator("#bs-file-table caption").inner_text()
    page.locator(".bs-brush").first.scroll_into_view_if_needed()
    box = page.locator(".bs-brush").first.bounding_box()
    touch = partial(page.context.new_cdp_session(page).send, "Input.dispatchTouchEvent")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch({"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 9):
        touch({"type": "touchMove", "touchPoints": [{"x": x + 5 * step, "y": y - 20 * step}]})
    expect(page.locator(".bs-dragged")).to_have_count(0)
    touch({"type": "touchEnd", "touchPoints": []})
    page.locator("#bs-file-table caption").click()  # anywhere
    page.wait_for_timeout(500)
    assert page.locator("#bs-file-table caption").inner_text() == listed


def test_a_file_of_each_kind_is_taken_for_what_it_is(file_page, tmp_path):
    import pandas
    import pyarrow as pa
    from pyarrow import parquet

    names = ("sentence1", "sentence2", "score")
    table = {name: [row[place] for row in ROWS] for place, name in enumerate(names)}
    objects = [dict(zip(names, row, strict=True)) for row in ROWS]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(each) + "\n" for each in objects))
    parquet.write_table(pa.table(table), tmp_path / "p.parquet")
    pandas.DataFrame(table).to_excel(tmp_path / "p.xlsx", index=False)
    (tmp_path / "p.tsv.gz").write_bytes(gzip.compress(write(tmp_path / "packed.tsv", ROWS, "\t").read_bytes()))
    kinds = {
        write(tmp_path / "p.csv", ROWS, ";", "cp1252"): "CSV, semicolon, quotes, cp1252, a header",
        tmp_path / "p.jsonl": "JSON Lines, utf-8",
        tmp_path / "p.parquet": "Parquet, a header",
        tmp_path / "p.xlsx": "Excel, sheet 'Sheet1', a header",
        tmp_path / "p.tsv.gz": "TSV, no quotes, utf-8, a header",
    }
    for path, words in kinds.items():
        send(file_page, path)
        expect(file_page.locator(".bs-taken .bs-caption"), path.name).to_have_text(f"{path.name}: {words}; 3 rows.")
        expect(file_page.locator('[data-role="label"]'), path.name).to_contain_text("score")
        expect(file_page.locator(".bs-taken tbody tr").nth(1), path.name).to_contain_text("Größe zählt.")


def test_columns_that_are_chosen_one_soon_after_the_other_are_both_taken(file_page, tmp_path):
    page, names, path = file_page, ("sentence1", "sentence2", "three", "four", "score"), tmp_path / "p.tsv"
    rows = [(*(f"{name} of row {n}" for name in names[:4]), str(n)) for n in range(4)]
    path.write_text("\n".join("\t".join(row) for row in [names, *rows]) + "\n")
    send(page, path)
    for label, name in (("Column of A", "three"), ("Column of B", "four")):
        page.get_by_label(label, exact=True).click()
        page.get_by_role("option", name=name, exact=True).last.click()  # the list before may be closing
    expect(page.get_by_role("listbox")).to_have_count(0)
    for role, name in (("A", "three"), ("B", "four")):
        expect(page.locator(f'[data-role="{role}"]').first).to_contain_text(name)
        expect(page.get_by_label(f"Column of {role}", exact=True)).to_have_value(name)


@pytest.mark.long
def test_other_columns_are_chosen_and_a_doubt_is_settled_where_it_stands(file_page, tmp_path):
    page = file_page
    send(page, write(tmp_path / "p.tsv", ROWS, "\t"))
    page.get_by_label("Column of labels", exact=True).click()
    page.get_by_role("option", name="none", exact=True).click()
    expect(page.locator('[data-role="label"]')).to_have_count(0)
    expect(page.locator("#bs-file-found")).to_contain_text("There are no labels")
    path = tmp_path / "doubt.csv"
    path.write_text("p;q,z\nhallo;du, ach\nja;nein, doch\n")
    send(page, path)
    expect(page.locator("#bs-file-taken .bs-fault")).to_contain_text("choose below: delimiter comma or")
    page.get_by_label("Delimiter").click()
    page.get_by_role("option", name="semicolon", exact=True).click()
    expect(page.locator("#bs-file-taken .bs-fault")).to_contain_text("names the columns or is one like the others")
    page.get_by_label("First row").click()
    page.get_by_role("option", name="names the columns", exact=True).click()
    expect(page.locator(".bs-taken .bs-caption")).to_contain_text("CSV, semicolon")
    expect(page.locator("#bs-file-taken .bs-fault")).to_contain_text("no two columns are known to hold")


@pytest.mark.long
def test_cancel_keeps_what_is_finished_and_score_goes_on_from_there(file_page, tmp_path):
    page, rows = file_page, [(f"A dog number {i} barks at the cat.", f"Bird {i} sings.", i % 6) for i in range(1500)]
    send(page, write(tmp_path / "many.tsv", rows, "\t"))
    expect(page.locator("#bs-file-cost")).to_contain_text("3,000 sentences read alone, 1,500 pairs read together")
    page.get_by_role("button", name="Score", exact=True).click()
    expect(page.locator("#bs-file-told progress")).to_be_visible()
    expect(page.locator("#bs-file-told")).to_contain_text("rows/s")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#bs-file-told")).to_contain_text("what was finished is kept")
    told = page.locator("#bs-file-told .bs-judgement").inner_text()
    done = int(told.split(" ")[0].replace(",", ""))
    assert 0 < done < 1500
    expect(page.locator("#bs-file-table table")).to_be_visible()
    page.get_by_role("button", name="Score", exact=True).click()
    first = page.locator("#bs-file-told progress")
    expect(first).to_be_visible()
    assert float(first.get_attribute("value")) >= done / 1500 - 0.001


def test_a_file_that_is_dropped_while_another_is_read_takes_its_place(file_page, tmp_path):
    page, rows = file_page, [(f"A dog number {i} barks at the cat.", f"Bird {i} sings.", i % 6) for i in range(45_000)]
    page.locator(".bs-drop input").set_input_files(write(tmp_path / "big.tsv", rows, "\t"))
    expect(page.locator(".bs-sending")).to_have_text("Reading big.tsv …")
    send(page, write(tmp_path / "mini.tsv", ROWS, "\t"))
    expect(page.locator("#bs-file-told .bs-judgement")).to_have_text("3 of 3 rows scored")
    expect(page.locator(".bs-sending")).to_be_empty()


def test_a_list_that_is_left_as_it_was_leaves_what_was_made_of_the_file(file_page):
    page = file_page
    open_example(page)
    told = page.locator("#bs-file-told").inner_text()
    for label in ("Column of A", "Column of labels"):
        page.get_by_label(label, exact=True).click()
        with page.expect_response(lambda answer: "queue/join" in answer.url):
            page.keyboard.press("Tab")
    page.wait_for_timeout(1000)
    same = "(told) => document.querySelector('#bs-file-told').innerText === told"
    page.wait_for_function(same, arg=told)  # Gradio's clock may stand in it for a moment
    expect(page.locator("#bs-file-table table")).to_be_visible()


@pytest.mark.long
def test_the_scored_file_is_taken_away_and_no_cell_of_it_is_run(file_page, tmp_path):
    page = file_page
    send(page, write(tmp_path / "f.tsv", [("=1+1", "@x", 1), *ROWS], "\t"))
    expect(page.locator("#bs-file-table table")).to_be_visible()
    with page.expect_download() as got:
        page.get_by_role("link", name="CSV").click()
    assert got.value.suggested_filename == "scored.csv"
    rows = list(csv.DictReader(Path(got.value.path()).read_text().splitlines()))
    assert (rows[0]["sentence1"], rows[0]["sentence2"], rows[0]["score"]) == ("'=1+1", "'@x", "1")
    assert {"cosine", "combined", "cosine_probability", "entailment", "error"} <= set(rows[0])
    with page.expect_download() as got:
        page.get_by_role("link", name="Report").click()
    report = Path(got.value.path()).read_text()
    assert "<script" not in report
    assert "f.tsv" in report
    with page.expect_download() as got:
        page.get_by_role("link", name="Get the example").click()
    assert Path(got.value.path()).read_text() == EXAMPLE.read_text()


def test_a_hostile_file_is_text_or_a_sentence(file_page, tmp_path):
    page = file_page
    markup = "<img src=x onerror=\"document.title='run'\"> ${document.title='run'} {{x}}"
    send(page, write(tmp_path / "markup.tsv", [(markup, "A dog.", 1), *ROWS], "\t", head=markup))
    expect(page.locator("#bs-file-table")).to_contain_text(markup)
    assert page.locator("#bs-mode-file img").count() == 0
    files = {
        "binary.csv": (bytes(range(256)) * 40, "binary.csv"),
        "no.parquet": (b"x" * 100, "no.parquet is damaged or no Parquet file"),
    }
    for name, (content, says) in files.items():
        (tmp_path / name).write_bytes(content)
        send(page, tmp_path / name)
        expect(page.locator("#bs-file-taken .bs-fault"), name).to_contain_text(says)
    with page.expect_response(lambda answer: "/sent?" in answer.url):
        page.locator(".bs-drop input").set_input_files(tmp_path / name)
    expect(page.locator(".bs-sending")).to_be_empty()  # the same fault is an answer too
    (tmp_path / "run.exe").write_bytes(b"x")
    page.locator(".bs-drop input").set_input_files(tmp_path / "run.exe")
    expect(page.locator(".bs-sending")).to_contain_text("run.exe is not taken; send .tsv")
    expect(page.locator("#bs-file-taken .bs-fault")).to_be_hidden()  # which is of the file before
    expect(page.get_by_test_id("toast-body")).to_have_count(0)
    assert page.title() == TITLE


@pytest.mark.long
def test_two_visitors_have_each_their_own_file(file_page, visit, tmp_path):
    other = open_mode(visit, within=file_page.context)
    send(file_page, write(tmp_path / "mine.tsv", ROWS, "\t"))
    send(other, write(tmp_path / "yours.tsv", ROWS[:2] * 2, "\t"))
    expect(file_page.locator("#bs-file-told .bs-judgement")).to_have_text("3 of 3 rows scored")
    expect(other.locator("#bs-file-told .bs-judgement")).to_have_text("4 of 4 rows scored")
    tickets = [page.locator("[data-send]").get_attribute("data-send") for page in (file_page, other)]
    assert tickets[0] != tickets[1]
    expect(file_page.locator("#bs-file-taken")).to_contain_text("mine.tsv")
    address = f"{other.url.split('?')[0]}files/{tickets[1]}/example.tsv"
    assert file_page.request.get(address).status == 200
    other.goto("about:blank")  # the visitor leaves
    for _ in range(100):
        if file_page.request.get(address).status == 404:
            break
        file_page.wait_for_timeout(200)
    assert file_page.request.get(address).status == 404


@pytest.mark.long
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_page(visit, width, scheme):
    page = open_mode(visit, width=width, scheme=scheme)
    open_example(page)
    assert serious(page, "#bs-mode-file") == []
    assert page.locator(".bs-agrees tbody th").first.bounding_box()["height"] < 40  # in one line
    assert page.evaluate("document.documentElement.scrollWidth") <= width
