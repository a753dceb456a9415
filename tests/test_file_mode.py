"""A visitor's file: read within limits by a process of its own, bounded on disk, scored in chunks, drawn as text."""

from __future__ import annotations

import csv
import errno
import gzip
import io
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest

import bertsim
from bertsim.errors import BertsimError, DataError, InputError
from bertsim.heads.config import LABELS
from bertsim.measuring.curves import measure_file
from bertsim.ui.calls import StaleError
from bertsim.ui.catalog import offered
from bertsim.ui.desk import Desk, Visit, limits_of
from bertsim.ui.file_mode import EXAMPLE, FileMode
from bertsim.ui.file_results import MOST, Chosen, Results, chosen_of, read_brush, results_of, write_report
from bertsim.ui.file_scoring import Job, begin, chunks, write
from bertsim.ui.lane import SlowLane
from bertsim.ui.pairs import LAST, Settings
from bertsim.ui.reader import NO_LABEL, Asked, Limits, check_name, read_taken, take
from bertsim.ui.shelf import Shelf
from bertsim.views.file import Preview, drop_zone, preview, under_way
from bertsim.views.file_plots import findings, plots
from bertsim.views.markup import safe_cell
from bertsim.views.plots import Axis
from tests.test_serving import until
from tests.test_together import run

PAIRS = "sentence1\tsentence2\tscore\nA dog barks.\tA dog is loud.\t4\nIt rains.\tThe soup is cold.\t0\n\tx\t1\n"
ZIP_END = b"PK\5\6\0\0\0\0\1\0\1\0" + bytes([46, 0, 0, 0]) + bytes(6)
"""Of an archive of one file, listed in 46 bytes from its beginning on."""
HOSTILE = "<img src=x onerror=alert(1)>${x}"
SETTINGS = Settings("bertsim-minilm", "mean", LAST, "concat", 128)
Sending = Callable[[str, bytes | str], Visit]


@pytest.fixture
def desk() -> Desk:
    return Desk(Limits(1, 50))


@pytest.fixture
def send(desk: Desk) -> Sending:
    """Puts a file on the desk, as one that was sent."""

    def sent(name: str, content: bytes | str) -> Visit:
        visit = desk.admit(f"session of {name}")
        desk.begin(visit, name)
        visit.upload.write_bytes(content if isinstance(content, bytes) else content.encode())
        visit.is_receiving = False
        return visit

    return sent


def sheets(count: int) -> bytes:
    """A workbook of so many."""
    from openpyxl import Workbook

    book, content = Workbook(), io.BytesIO()
    for _ in range(count - 1):
        book.create_sheet()
    book.save(content)
    return content.getvalue()


@pytest.mark.slow
def test_a_file_is_taken_as_the_command_takes_it_and_its_faults_are_named(desk, send):
    taken = desk.read(send("p.tsv", PAIRS), Asked())
    assert taken.words == "TSV, no quotes, utf-8, a header"
    assert (taken.sentences, taken.label) == (("sentence1", "sentence2"), "score")
    assert (taken.rows, taken.bad, taken.faults, taken.labels) == (3, 1, ((4, "'sentence1' is empty"),), 2)
    other = desk.read(send("p.tsv", PAIRS), Asked(a="sentence2", b="score", label=NO_LABEL))
    assert (other.sentences, other.label) == (("sentence2", "score"), None)


@pytest.mark.slow
def test_what_cannot_be_told_is_asked_for_and_settled_by_a_choice(desk, send):
    visit = send("p.csv", "p;q,z;r\nhallo;du, ach;x\nja;nein, doch;y\n")
    doubt = desk.read(visit, Asked())
    assert "choose below: delimiter comma or delimiter semicolon" in doubt.problem
    assert "delimiter" in doubt.sayable
    assert not doubt.is_ready
    settled = desk.read(visit, Asked(delimiter=";", header=True, a="p", b="q,z"))
    assert (settled.columns, settled.rows, settled.is_ready) == (("p", "q,z", "r"), 2, True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            "first,second\nA dog.,A cat.\n",
            "p.csv:1: it cannot be told whether its first row, 'first', 'second', names the columns or is one like the"
            " others; choose under “First row”: names the columns, or is a pair.",
        ),
        ("A dog.\nA cat.\n", "p.csv has one column; two with sentences are needed."),
        ("sentence\nA cat.\n", "p.csv has one column; two with sentences are needed."),
        (
            "a,b\nw,x,y\nv,w,x\n",
            "p.csv:1 names 2 columns, and most rows have 3 cells; name every column, or choose under “First row”: is a"
            " pair.",
        ),
    ],
)
def test_what_is_asked_for_is_called_as_the_page_calls_it(desk, send, content, says):
    assert desk.read(send("p.csv", content), Asked()).problem == says


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", b"", "empty.csv is empty; its first line must name the columns."),
        ("wide.csv", b",".join(b"c%d" % i for i in range(30_000)), "columns or more, and 200 are the most"),
        (
            "bomb.csv.gz",
            gzip.compress(b"a,b\n" + b"0" * 6_000_000, mtime=0),
            "bomb.csv.gz has more than 5 MB when it is unpacked",
        ),
        (
            "long.csv.gz",
            gzip.compress(b"a,b,%s\nx,y,z\n" % (b"c" * 501), mtime=0),
            "columns with names of more than 500",
        ),
        ("sheets.xlsx", sheets(201), "sheets.xlsx has 201 sheets, and 200 are the most"),
        ("no.xlsx", b"PK\x03\x04 no workbook", "no.xlsx is damaged or no Excel file"),
        ("torn.xlsx", bytes(46) + ZIP_END, "torn.xlsx cannot be read (Bad magic number for central directory)"),
        ("torn.tsv.gz", gzip.compress(PAIRS.encode(), mtime=0)[:40], "torn.tsv.gz cannot be read"),
        ("binary.csv", bytes(range(256)) * 40, "binary.csv"),
    ],
)
def test_a_hostile_file_is_a_sentence_that_names_it(desk, send, name, content, says):
    visit = send(name, content)
    try:
        told = desk.read(visit, Asked()).problem
    except BertsimError as error:
        told = str(error)
    assert says in told
    assert str(visit.folder) not in told


@pytest.mark.slow
def test_a_file_that_takes_all_memory_of_its_reader_takes_none_of_the_app(desk, send, tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    huge = pa.DictionaryArray.from_arrays(np.zeros(3_000, np.int32), pa.array(["x" * 3_000_000]))
    parquet.write_table(pa.table({"a": huge, "b": ["y"] * 3_000}), tmp_path / "bomb.parquet")
    visit = send("bomb.parquet", (tmp_path / "bomb.parquet").read_bytes())
    with pytest.raises(DataError, match="more memory or time than a file has here"):
        desk.read(visit, Asked())


@pytest.mark.slow
def test_rows_beyond_the_limit_are_left_out_and_said(desk, send):
    taken = desk.read(send("many.tsv", "a\tb\n" + "A cat.\tA dog.\n" * 60), Asked())
    assert (taken.rows, taken.is_cut) == (50, True)


def test_a_name_loses_its_folders_and_a_kind_that_is_not_taken_is_refused():
    assert check_name("../..\\x/pairs.TSV.gz") == "pairs.TSV.gz"
    for name in ("pairs.exe", "", ".htaccess"):
        with pytest.raises(InputError, match="is not taken; send "):
            check_name(name)


def test_limits_come_from_the_environment_and_nonsense_is_refused():
    assert limits_of({}) == Limits(20, 50_000)
    assert limits_of({"BERTSIM_MAX_FILE_MEGABYTES": "0", "BERTSIM_MAX_FILE_ROWS": "9"}) == Limits(0, 9)
    with pytest.raises(InputError, match="BERTSIM_MAX_FILE_ROWS is 'x'; a whole number was expected"):
        limits_of({"BERTSIM_MAX_FILE_ROWS": "x"})


def test_a_file_goes_with_its_visitor_with_the_next_file_and_with_the_process(desk, send):
    visit = send("one.tsv", PAIRS)
    first = visit.upload
    desk.begin(visit, "two.csv")
    assert not first.exists()
    visit.is_receiving = False
    visit.upload.write_text("x")
    second = visit.folder
    desk.leave(visit.session)
    assert not second.exists()
    with pytest.raises(InputError, match="this page is not known any more"):
        desk.of(visit.ticket)
    kept = send("three.tsv", PAIRS).folder
    desk.close()
    assert not kept.exists()


def test_what_a_process_left_that_is_gone_is_deleted_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    from bertsim.ui import desk as module

    left, own = tmp_path / f"{module._PREFIX}999999-abc", tmp_path / f"{module._PREFIX}{os.getpid()}-abc"
    for folder in (left, own, tmp_path / "other"):
        folder.mkdir()
    Desk(Limits())
    assert (left.exists(), own.exists(), (tmp_path / "other").exists()) == (False, True, True)


def test_files_of_visitors_who_never_come_back_are_bounded_and_the_longest_ago_goes_first(desk):
    visits = []
    for number in range(30):
        visits.append(desk.admit(f"visitor {number}"))
        desk.begin(visits[-1], "a.tsv")
        visits[-1].upload.write_bytes(b"x")
        visits[-1].size, visits[-1].is_receiving = 1_000_000, False
        desk.make_room(visits[-1])
    assert [bool(visit.name) for visit in visits] == [False] * 10 + [True] * 20
    with pytest.raises(InputError, match="your file is not here any more"):
        desk.read(visits[0], Asked())


def test_of_pages_without_end_the_latest_have_a_ticket(desk, monkeypatch):
    monkeypatch.setattr("bertsim.ui.desk.VISITS", 3)
    tickets = [desk.admit(f"visitor {number}").ticket for number in range(5)]
    assert len(set(tickets)) == 5
    for ticket in tickets[:2]:
        with pytest.raises(InputError):
            desk.of(ticket)
    assert desk.of(tickets[4]).session == "visitor 4"


@pytest.mark.slow
def test_a_file_that_is_gone_while_it_is_read_is_nobody_s(desk, send, monkeypatch):
    visit = send("p.tsv", PAIRS)
    monkeypatch.setattr("bertsim.ui.desk.take", lambda *_: desk.leave(visit.session))
    with pytest.raises(StaleError):
        desk.read(visit, Asked())


def test_a_file_that_the_next_takes_the_place_of_is_no_fault_and_does_not_touch_that(desk, send, monkeypatch):
    visit, read = send("p.tsv", PAIRS), list[Path]()

    def overtaken(path, name, asked, limits, rows):
        read.append(rows)
        desk.begin(visit, "next.tsv")
        raise DataError("p.tsv cannot be read.")

    monkeypatch.setattr("bertsim.ui.desk.take", overtaken)
    with pytest.raises(StaleError):
        desk.read(visit, Asked())
    assert visit.rows not in read
    coming = visit.run
    with pytest.raises(StaleError):
        desk.read(visit, Asked())  # asked for before
    assert (visit.run, visit.is_receiving, len(read)) == (coming, True, 1)


@pytest.mark.slow
def test_a_file_that_is_read_in_two_ways_at_once_has_the_rows_of_the_later_one_alone(desk, send, monkeypatch):
    visit, is_read, real = send("p.tsv", PAIRS), Event(), take

    def slowly(path, name, asked, *rest):
        assert asked == Asked(label=NO_LABEL) or is_read.wait(30)
        return real(path, name, asked, *rest)

    monkeypatch.setattr("bertsim.ui.desk.take", slowly)
    with ThreadPoolExecutor(1) as thread:
        before = thread.submit(desk.read, visit, Asked())
        until(lambda: visit.run > 1)
        desk.read(visit, Asked(label=NO_LABEL))
        is_read.set()
        assert isinstance(before.exception(), StaleError)
    assert [row.label for row in read_taken(visit.rows)] == [None] * 3
    assert {each.name for each in visit.folder.iterdir()} == {"sent.tsv", "rows"}


def test_a_disk_without_room_is_a_sentence_and_the_next_file_is_taken_once_there_is_some(desk, send, monkeypatch):
    visit = send("p.tsv", PAIRS)
    with monkeypatch.context() as full:
        full.setattr(Path, "mkdir", no_room)
        for _ in range(2):
            with pytest.raises(InputError, match="this host has no room for the file now; try again later"):
                desk.begin(visit, "next.tsv")
    with monkeypatch.context() as full:
        full.setattr("bertsim.ui.desk.shutil.copyfile", no_room)
        with pytest.raises(InputError, match="this host has no room for the file now"):
            desk.put(visit, EXAMPLE)
    assert (visit.name, visit.is_receiving) == ("", False)
    desk.put(visit, EXAMPLE)
    assert visit.upload.read_bytes() == EXAMPLE.read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_is_full_while_a_file_is_read_is_called_so(desk, send):
    visit = send("p.tsv", PAIRS)
    with pytest.raises(DataError, match=r"^this host has no room for p\.tsv now \(No space left on device\); try"):
        take(visit.upload, "p.tsv", Asked(), desk.limits, Path("/dev/full"))


def no_room(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def scored(model: bertsim.SimilarityModel, desk: Desk, send: Sending) -> Visit:
    """A visit whose file is scored, by cosine and combined, with inference; cells of it are formulas, or markup."""
    rows = [("=1+1", HOSTILE, "3"), ("-5", "A dog.", "-1"), ("", "x", "0"), ("It rains.", "+x", "5")]
    lines = ["\t".join(("a", "@b", "label")), *("\t".join(row) for row in rows)]
    visit = send("p.tsv", "\n".join(lines) + "\n")
    desk.read(visit, Asked(a="a", b="@b", label="label"))
    found = begin(visit, Job(SETTINGS, ("cosine", "combined"), True), model)
    for _ in chunks(found, model, SlowLane(lambda: 0.0)):
        pass
    visit.result = found
    return visit


@pytest.mark.slow
def test_scores_are_the_core_s_and_a_row_that_cannot_be_scored_has_its_reason(model, scored):
    found = scored.result
    pairs = [("=1+1", HOSTILE), ("-5", "A dog."), ("It rains.", "+x")]
    wanted = model.scores(pairs, ["cosine", "combined"])
    for name in ("cosine", "combined"):
        assert found.numbers(name)[[0, 1, 3]] == pytest.approx(wanted[name], abs=1e-5)
    assert found.errors == [None, None, "'a' is empty", None]
    assert np.isnan(found.numbers("cosine")[2])
    shares = model.label_probabilities(pairs, head=model.inferring_head)
    order = [[label.lower() for label in model.labels(model.inferring_head)].index(name) for name in LABELS]
    for name, column in zip(LABELS, shares[:, order].T, strict=True):
        assert found.numbers(name)[[0, 1, 3]] == pytest.approx(column, abs=1e-4)


@pytest.mark.slow
def test_no_cell_of_a_table_that_is_taken_away_is_a_formula_and_numbers_stay(scored):
    text = b"".join(write(scored, "csv")).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0])[:3] == ["a", "'@b", "label"]
    assert [row["a"] for row in rows] == ["'=1+1", "-5", "", "It rains."]
    assert [row["'@b"] for row in rows] == [HOSTILE, "A dog.", "x", "'+x"]
    assert rows[2]["error"] == "'a' is empty"
    assert float(rows[0]["cosine"]) == pytest.approx(scored.result.numbers("cosine")[0], abs=1e-5)
    lines = [json.loads(line) for line in b"".join(write(scored, "jsonl")).decode().splitlines()]
    assert [line["a"] for line in lines] == ["=1+1", "-5", "", "It rains."]


@pytest.mark.slow
def test_parquet_is_one_file_with_every_row(scored, tmp_path):
    from pyarrow import parquet

    (tmp_path / "s.parquet").write_bytes(b"".join(write(scored, "parquet")))
    table = parquet.read_table(tmp_path / "s.parquet")
    assert table.num_rows == 4
    assert {"a", "@b", "cosine", "combined", "entailment", "error"} <= set(table.column_names)


@pytest.mark.slow
def test_what_was_scored_here_before_keeps_its_columns_when_it_is_scored_again(model, desk, send):
    visit = send("again.tsv", "a\tb\tcosine\tbertsim_cosine\nA cat.\tA dog.\tfirst\tsecond\n")
    desk.read(visit, Asked(a="a", b="b", label=NO_LABEL))
    visit.result = begin(visit, Job(SETTINGS, ("cosine",), False), model)
    assert list(chunks(visit.result, model, SlowLane(lambda: 0.0)))
    (row,) = map(json.loads, b"".join(write(visit, "jsonl")).decode().splitlines())
    assert (row["cosine"], row["bertsim_cosine"]) == ("first", "second")
    assert row["bertsim_bertsim_cosine"] == pytest.approx(float(visit.result.numbers("cosine")[0]), abs=1e-5)


@pytest.mark.slow
def test_pairs_are_listed_by_disagreement_within_what_was_dragged(scored):
    results = results_of(scored)
    assert results.orders == ["label", "readings", "line"]
    assert "3 pairs, by disagreement with the label" in results.table(chosen_of(scored))
    by_line = results.table(Chosen(order="line"))
    assert by_line.index(">2<") < by_line.index(">3<") < by_line.index(">5<")
    assert "<img" not in by_line
    assert "&lt;img src=x onerror=alert(1)&gt;&#36;&#123;x&#125;" in by_line
    one = results.table(Chosen(ranges={"label": (4.0, 6.0)}))
    assert "1 pair with label 4.000 to 6.000" in one
    assert "No pair with cosine 7.000 to 8.000" in results.table(Chosen(ranges={"cosine": (7.0, 8.0)}))
    with pytest.raises(InputError, match="there is no 'x' here; there are cosine, combined, label"):
        results.table(Chosen(ranges={"x": (0.0, 1.0)}))


@pytest.mark.slow
def test_what_was_not_read_of_a_file_is_said_in_sum_and_row_by_row(model, mode, desk, send):
    rows = "I like \U0001f44d.\tI like \u2603.\nA dog.\tA cat.\n" + "dog " * 200 + "\tA cat.\n\tx\n"
    visit = send("p.tsv", f"a\tb\n{rows}")
    desk.read(visit, Asked())
    visit.result = begin(visit, Job(SETTINGS, ("cosine",), True), model)
    assert list(chunks(visit.result, model, SlowLane(lambda: 0.0)))
    _, inference = model.infer([("I like \U0001f44d.", "I like \u2603.")], (), max_length=SETTINGS.max_length)
    assert inference[0, LABELS.index("entailment")] > 0.5  # which nobody is told, not in what is taken away either
    taken_away = list(csv.DictReader(io.StringIO(b"".join(write(visit, "csv")).decode())))
    assert [[bool(row[name]) for name in ("cosine", *LABELS)] for row in taken_away] == [
        [True, False, False, False],
        [True, True, True, True],
        [True, False, False, False],
        [False, False, False, False],
    ]
    first = json.loads(b"".join(write(visit, "jsonl")).decode().splitlines()[0])
    assert {first[name] for name in LABELS} == {None}
    says = "1 row has words the vocabulary lacks, 1 row was cut off at the end: the scores are of the rest."
    assert says in mode.found.draw(visit)[mode.found.plots]
    results = results_of(visit)
    assert results.heads[-1] == "tokens not read"
    assert [row.figures[-1] for row in results.listed(np.arange(3))] == ["2 unknown", "", "78 cut off"]
    assert [bool(row.figures[-2]) for row in results.listed(np.arange(3))] == [False, True, False]
    assert sum(results.measured(Chosen()).inference) == 1
    assert says in b"".join(write_report(visit)).decode()


@pytest.mark.slow
def test_a_report_stands_alone_and_shows_text_as_text(scored):
    (page,) = write_report(scored)
    text = page.decode()
    assert text.startswith('<!doctype html><html lang="en">')
    assert "<script" not in text
    assert "<img" not in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert text.count("<svg") >= 5


@pytest.mark.slow
def test_a_job_that_was_stopped_goes_on_and_another_begins_anew(model, desk, send, monkeypatch):
    monkeypatch.setattr("bertsim.ui.file_scoring.FIRST", 2)
    visit = send("p.tsv", "a\tb\n" + "".join(f"A cat {i}.\tA dog.\n" for i in range(9)))
    desk.read(visit, Asked())
    job = Job(SETTINGS, ("cosine",), False)
    found = begin(visit, job, model)
    next(chunks(found, model, SlowLane(lambda: 0.0)))
    visit.result = found
    assert found.done == 2
    assert begin(visit, job, model) is found
    assert begin(visit, replace(job, infers=True), model).done == 0
    assert len(list(write(visit, "tsv"))) == 1
    assert Results(found).table(Chosen()).count("<tr") == 3


@pytest.fixture
def mode(model: bertsim.SimilarityModel) -> FileMode:
    """The mode, without a page around it."""

    async def build() -> FileMode:  # where no loop runs, gradio makes one and leaves it open
        with gr.Blocks():
            found = FileMode(SimpleNamespace(shelf=Shelf.of(model, offered({}))), SlowLane(lambda: 0.0))
            found.build()
        return found

    return run(build())


@pytest.fixture
def asked(mode: FileMode) -> dict[str, Any]:
    """What is sent with Score, by the visitor "ann", whose file has 200 rows."""
    visit = mode.desk.admit("ann")
    mode.desk.begin(visit, "p.tsv")
    visit.upload.write_text("a\tb\n" + "".join(f"A cat {i}.\tA dog.\n" for i in range(200)))
    visit.is_receiving = False
    mode.desk.read(visit, Asked())
    own = {"scorers": ["cosine"], "infers": False}
    return {"request": SimpleNamespace(session_hash="ann"), **asdict(SETTINGS), **own}


@pytest.mark.slow
def test_however_often_more_pairs_are_asked_for_no_more_are_listed_than_may_be(mode, asked):
    list(mode.score(**asked))
    for _ in range(12):
        mode.found.list_more(asked["request"])
    assert chosen_of(mode.desk.admit("ann")).count == MOST


@pytest.mark.slow
def test_what_is_scored_while_another_file_comes_is_not_shown_again_over_that(mode, asked):
    steps, visit = mode.score(**asked), mode.desk.admit("ann")
    assert "0 of 200 rows" in next(steps)[mode.told]
    mode.desk.begin(visit, "next.tsv")
    assert list(steps) == [gr.skip()]
    assert visit.result is None


@pytest.mark.slow
def test_who_presses_score_while_the_file_is_read_otherwise_does_not_lose_it(mode, asked, monkeypatch):
    visit, is_pressed, real = mode.desk.admit("ann"), Event(), take
    monkeypatch.setattr("bertsim.ui.desk.take", lambda *given: real(*given) if is_pressed.wait(30) else None)
    with ThreadPoolExecutor(1) as thread:
        reading = thread.submit(mode.desk.read, visit, Asked(label=NO_LABEL))
        until(lambda: visit.taken is None)
        (told,) = mode.score(**asked)
        assert "There is no file that can be scored yet." in told[mode.told]
        is_pressed.set()
        assert reading.result().is_ready
    *_, last = mode.score(**asked)
    assert "200 of 200 rows scored" in last[mode.told]


@pytest.mark.slow
def test_cancel_ends_at_once_what_waits_for_its_turn_and_score_goes_on_with_it(mode, asked, monkeypatch):
    monkeypatch.setattr("bertsim.ui.lane.SHORT", 0)
    steps = mode.score(**asked)
    with ThreadPoolExecutor(1) as thread, mode.lane.enter(["a"]):
        next(steps)
        mode.stop(asked["request"])
        (told,) = thread.submit(list, steps).result(30)
    assert "Stopped before any row was scored." in told[mode.told]
    *_, last = mode.score(**asked)
    assert "200 of 200 rows scored" in last[mode.told]


@pytest.mark.slow
def test_what_another_encoder_lacks_is_said_and_neither_replaced_nor_left_out(mode, asked):
    plain = bertsim.load(heads=False)
    mode.page.shelf = SimpleNamespace(get=lambda name: plain)
    chosen = {"scorers": ["combined"], "infers": True}
    (told,) = mode.score(**asked | chosen)
    assert f"The encoder {plain.name} has no scorer &#x27;combined&#x27;; choose one of cosine, dot," in told[mode.told]
    (told,) = mode.score(**asked | {"infers": True})
    assert f"The encoder {plain.name} has no head that infers; leave inference out." in told[mode.told]
    update = mode.offer(encoder="plain", **chosen)
    assert update[mode.scorers]["choices"] == list(plain.scorers)
    assert update[mode.scorers]["value"] == ["cosine"]
    assert (update[mode.infers]["value"], update[mode.infers]["interactive"]) == (False, False)
    kept = mode.offer(encoder="plain", scorers=["dot"], infers=False)
    assert kept[mode.scorers]["value"] == ["dot"]


def test_what_was_dragged_is_read_and_nonsense_refused():
    assert read_brush("brush cosine 0.2 0.4") == {"cosine": (0.2, 0.4)}
    assert read_brush("brush a 0 1 b 2 3") == {"a": (0.0, 1.0), "b": (2.0, 3.0)}
    for key in ("brush a 0", "x", "brush a nan 1", "brush a 0 1 b 2 3 c 4 5", "brush a x 1"):
        with pytest.raises(InputError, match="is no range of anything"):
            read_brush(key)


def test_a_preview_shows_cells_as_text_which_columns_count_and_what_is_wrong():
    found = Preview("<p>.tsv", "TSV", ["a", HOSTILE], {"a": "A"}, [[HOSTILE, None]], 5, 2, [(3, HOSTILE)], ["cut"])
    drawn = preview(found, "choose <b>")
    assert "<img" not in drawn
    assert "<p>.tsv" not in drawn
    assert "5 rows, 2 of which cannot be used" in drawn
    assert 'data-role="A"' in drawn
    assert "and 1 more; the scored file has every reason" in drawn
    assert "choose &lt;b&gt;" in drawn


def test_limits_are_said_before_a_file_is_sent_and_a_host_may_take_none():
    zone = drop_zone("ticket", 20, 50_000, (".tsv",))
    assert "Up to 20 MB and 50,000 rows: .tsv" in zone
    assert 'data-send="ticket"' in zone
    assert "<input" not in drop_zone("ticket", 0, 1, (".tsv",))
    assert "64 of 128 rows · 32 rows/s · about 2 s left" in under_way(64, 128, 32.0, 2.0)


def test_every_plot_has_its_numbers_as_a_table_and_a_download():
    scores, labels = {"cosine": np.linspace(0, 1, 9), "combined": np.linspace(1, 0, 9)}, np.arange(9.0) % 3
    found = measure_file(scores, scores, labels, np.full((9, 3), np.nan))
    drawn = findings(found)
    assert len(plots(found)) == 8
    for mark in ("The numbers as a table", 'data-save="json"', 'data-save="svg"', "<svg", "aria-label"):
        assert drawn.count(mark) >= 8, mark
    assert 'type="range"' in drawn
    assert 'data-dot="recall/cosine"' in drawn


def test_a_cell_that_a_spreadsheet_would_run_begins_with_a_quote():
    assert [safe_cell(each) for each in ("=1", "+1", "-1", "@x", "\tx", "\rx")] == [
        *("'=1", "'+1", "'-1", "'@x", "'\tx", "'\rx")
    ]
    assert safe_cell("a=1") == "a=1"


def test_the_example_teaches_and_is_of_the_package():
    text = (Path(bertsim.__file__).parent / "ui/assets/example.tsv").read_text()
    rows = [line.split("\t") for line in text.splitlines()]
    assert rows[0] == ["sentence1", "sentence2", "score"]
    assert len(rows) == 41
    assert {row[2] for row in rows[1:]} == set("012345")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-0.05, 1.01, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-11.3, 9.2, ["−10", "−5", "0", "5"]),
        (0, 200_000, ["0", "50,000", "100,000", "150,000", "200,000"]),
        (5, 5, ["5.0000"]),
    ],
)
def test_at_an_axis_stand_round_numbers_between_its_ends(low, high, said):
    marks = Axis("x", low, high).marks
    assert [text for _, text in marks] == said
    assert all(low - 1e-9 <= value <= high + 1e-9 for value, _ in marks)
