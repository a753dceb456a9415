"""The mode Rank without a browser: what its views say of records made by hand, and that its ranks are the core's."""

from __future__ import annotations

import csv
import io
import json
import re
from types import SimpleNamespace
from weakref import ref
from xml.etree import ElementTree

import gradio as gr
import numpy as np
import pytest

from bertsim.errors import BertsimError, InputError
from bertsim.model.ruler import Ruler
from bertsim.records import TokenCounts, Unread
from bertsim.score.verdict import Inference
from bertsim.ui import build_app
from bertsim.ui.calls import StaleError
from bertsim.ui.catalog import BUNDLED_OFFER, Catalog
from bertsim.ui.controls import Choices
from bertsim.ui.kept import MAX_BYTES, Kept, size_of
from bertsim.ui.lane import SlowLane
from bertsim.ui.pairs import Settings
from bertsim.ui.rank import EXAMPLES, RankMode
from bertsim.ui.ranking import MOST_LINES, Question, Ranker, list_lines
from bertsim.ui.shelf import Shelf
from bertsim.views.markup import as_csv, downloads, safe_cell
from bertsim.views.rank import cost_line, headline, others, ranking
from bertsim.views.ranked import (
    COLUMNS,
    TOO_LITTLE,
    Cost,
    LeftOut,
    Line,
    Ranking,
    cost_told,
    losses,
    not_read,
    table_rows,
)
from bertsim.views.slopes import curve, slopes
from tests.test_together import run

ALL = TokenCounts(0, 0, 4)
HOSTILE = "<img src=x onerror=alert(1)> ${1} {{x}}"
YES, OPEN, NO = Inference(0.9, 0.08, 0.02), Inference(0.1, 0.8, 0.1), Inference(0.0, 0.1, 0.9)


def line(text: str, place: int, first: int, **more: object) -> Line:
    return Line(text, place, first, 1 - first / 10, **{"counts": ALL} | more)


def ranked(*lines: Line, **more: object) -> Ranking:
    both = {"wanted": 2, "together": "enc", "scorer": "pooled", "judge": "enc"}
    return Ranking(lines, "enc", **{"left_out": LeftOut()} | both | more)


THREE = ranked(
    line("b", 1, 2, together=0.9, inference=(YES, OPEN)),
    line("a", 0, 1, together=0.4, inference=(NO, NO)),
    line("c", 2, 3),
)


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def test_a_row_says_where_it_was_its_score_and_what_follows_in_both_directions():
    first, second, third = re.findall(r"<li.*?</li>", ranking(THREE).partition("bs-ranked")[2])
    assert text(first) == "1 2 → 1 b 0.900 → ✓ follows ← ? open"
    assert text(second) == "2 1 → 2 a 0.400 → ✗ contradicts ← ✗ contradicts"
    assert text(third) == "3 c not read"
    assert 'class="is-up"' in first
    assert 'class="is-down"' in second
    assert 'class="is-apart"' in third


def test_who_hears_a_row_hears_the_same():
    (label, *_) = re.findall(r'aria-label="(1, .*?)"', ranking(THREE))
    assert label == (
        "1, 2nd by vectors, cosine 0.800, pooled 0.900, if the sentence is true the line follows 90 %, "
        "if the line is true the sentence is open 80 %: b"
    )


def test_lines_cross_where_ranks_change():
    paths = re.findall(r'<path class="is-(\w+)" d="(.*?)"', ranking(THREE))
    assert paths == [
        ("up", "M0 72C50 72 50 24 100 24"),
        ("down", "M0 24C50 24 50 72 100 72"),
        ("apart", "M0 120C50 120 50 120 100 120"),
    ]
    assert curve(1, 3, 0, 4) == "M0 1C2 1 2 3 4 3"


def test_the_first_line_is_told_with_where_the_other_way_of_reading_has_it():
    assert text(headline(THREE, 5)) == "“ b ” first of 3 lines when read together, 2nd by vectors"
    assert 'data-turn="5"' in headline(THREE, 5)
    alone = ranked(line("a", 0, 1), wanted=0, together=None, judge=None)
    assert text(headline(alone, None)) == "“ a ” first of 1 line by vectors, cosine 0.900"
    agreed = ranked(line("a", 0, 1, together=0.5))
    assert text(headline(agreed, None)) == "“ a ” first of 1 line by vectors, and first when read together"
    assert "11th by vectors" in headline(ranked(line("a", 0, 11, together=0.5)), None)
    assert "22nd by vectors" in headline(ranked(line("a", 0, 22, together=0.5)), None)


def test_of_what_is_no_claim_or_on_another_subject_no_inference_is_shown():
    row = ranking(ranked(line("a?", 0, 1, together=0.5, inference=(YES, YES), silence="a question")))
    assert "follows" not in row
    assert "a question" in text(row)


def test_without_a_second_reading_there_is_one_list():
    alone = ranking(ranked(line("a", 0, 1), line("b", 1, 2), wanted=0, judge=None, together=None))
    assert "svg" not in alone
    assert text(alone) == "By vectors each read alone: cosine 1 a 0.900 2 b 0.800"


def test_of_long_lists_the_first_are_drawn_and_the_rest_is_listed_below():
    many = ranked(*(line(f"line {n}", n, n + 1) for n in range(300)))
    assert ranking(many).count('class="bs-cell"') == 20
    below = others(many, "q")
    assert "The other 280 lines" in below
    assert below.count('class="bs-cell"') == 280
    wide = ranked(*(line(f"line {n}", n, n + 1) for n in range(300)), wanted=100)
    assert ranking(wide).count('class="bs-cell"') == 50


def test_what_is_drawn_from_far_below_comes_from_the_bottom_edge():
    lines = [line("far", 99, 100, together=0.9), *(line(f"line {n}", n, n + 1) for n in range(99))]
    found = ranked(*lines, wanted=1)
    assert f'd="{curve(20 * 48, 24, 0, 100)}"' in ranking(found)


def test_what_was_not_read_is_said_at_its_row_and_in_sum():
    unknown = line("👍 it", 0, 1, counts=TokenCounts(0, 1, 1), unread=Unread(unknown_words=("👍",)))
    cut = line("long", 1, 2, counts=TokenCounts(7, 0, 126))
    nothing = line("👍", 2, 3, counts=TokenCounts(0, 1, 0))
    assert [not_read(each) for each in (unknown, cut, nothing)] == [
        "not read: 👍",
        "7 tokens cut off",
        "nothing of it was read",
    ]
    found = ranked(unknown, cut, nothing, unread=Unread("tail", 3, ("☃",)), left_out=LeftOut(2, 1, 5, 1, 4))
    assert "! not read: 👍" in text(ranking(found))
    told = " ".join(losses(found))
    for part in ("of the sentence: ☃, and 3 tokens at its end", "2 of 3 lines have words", "1 of 3 lines was cut off"):
        assert part in told
    assert "the last 5 lines" in told
    assert "it was stopped: 4 lines" in told
    quiet = text(others(found, "q"))
    assert "1 line left out. Left out, for nothing of it can be read: 1 line. Left out: 2 blank lines." in quiet


def test_whatever_was_typed_stays_text():
    found = ranked(line(HOSTILE, 0, 1, together=0.5, inference=(YES, YES)))
    for html in (ranking(found), headline(found, 1), others(found, HOSTILE)):
        assert "<img" not in html
        assert "${" not in html
        assert "{{" not in html
    ElementTree.fromstring(slopes(found, HOSTILE))


@pytest.mark.parametrize("typed", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1"])
def test_no_spreadsheet_runs_a_cell(typed):
    assert safe_cell(typed) == f"'{typed}"
    found = ranked(line(typed, 0, 1, together=0.5))
    html = others(found, "q")
    (payload,) = re.findall(r'data-save="csv" data-name="ranking" data-payload="(.*?)"', html, re.S)
    assert f"&#x27;{typed}" in payload


def test_a_cell_that_is_none_of_these_stays_as_it_is_and_numbers_are_numbers():
    assert safe_cell("1 = 1") == "1 = 1"
    assert as_csv([["a", -0.5, None], ["-x", 1, "a,b"]]) == 'a,-0.5,\r\n\'-x,1,"a,b"\r\n'
    assert as_csv([]) == ""
    assert "CSV" not in downloads("name", {})


def test_every_line_is_a_row_of_the_file_in_order():
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in table_rows(THREE)]
    assert [row["line"] for row in rows] == ["b", "a", "c"]
    assert rows[0]["from_sentence_follows"] == 0.9
    assert rows[1]["from_line_contradicts"] == 0.9
    assert (rows[2]["rank"], rows[2]["rank_by_vectors"], rows[2]["read_together"]) == (3, 3, None)
    written = list(csv.DictReader(io.StringIO(as_csv([COLUMNS, *table_rows(THREE)]))))
    assert [row["line_number"] for row in written] == ["2", "1", "3"]
    json.dumps(rows)


def test_of_what_too_little_was_read_for_a_saved_file_has_no_inference_either():
    unsaid = line("a", 0, 1, together=0.5, inference=(YES, YES), silence=TOO_LITTLE)
    said = line("b?", 1, 2, together=0.4, inference=(YES, OPEN), silence="a question")
    (first, second) = (row[6:12] for row in table_rows(ranked(unsaid, said)))
    assert first == (None,) * 6
    assert second == (*YES, *OPEN)
    saved = others(ranked(unsaid), "q").partition("Save as")[2].partition("bs-main")[0]
    assert "line_number" in saved
    assert "0.08" not in saved


def test_the_cost_is_told_as_expected_then_as_it_was():
    assert cost_told(Cost(13, 13, 0.0)) == "1 + 12 short passes"
    assert cost_told(Cost(13, 13, 0.02, pairs=20, pair_seconds=1.52)) == (
        "1 + 12 short passes, about 20 ms; 20 pair passes, about 1.5 s"
    )
    done = Cost(13, 1, 0.003, True, 1, 0.0834, True, known_pairs=9)
    assert cost_told(done) == "1 short pass, 3 ms; 1 pair pass, 83 ms; 12 sentences and 9 pairs read before"
    assert 'value="0.250"' in cost_line(done, "Reading", 0.25)
    assert "<progress" not in cost_line(done)


def test_lines_are_those_with_text_each_once_and_no_more_than_are_ranked():
    assert list_lines("a\r\n\n a \nb\n") == (("a", "b"), LeftOut(blank=1, repeated=1))
    many = list_lines("\n".join(map(str, range(MOST_LINES + 3))))
    assert len(many.lines) == MOST_LINES
    assert many.left_out.beyond == 3


def test_numbers_are_kept_within_so_many_bytes_those_asked_for_last():
    one = Kept()
    one.keep("owner", {"a": np.ones(2, np.float32)})
    kept = Kept(max_bytes=3 * one._bytes)
    for text in "abc":
        kept.keep("owner", {text: np.ones(2, np.float32)})
    assert set(kept.find("owner", "ca")) == {"a", "c"}
    kept.keep("owner", {"d": np.ones(2, np.float32)})
    assert set(kept.find("owner", "abcd")) == {"a", "c", "d"}
    assert kept.find("another", "a") == {}
    kept.keep("owner", {"d": np.zeros(2, np.float32)})  # once more, which is no more
    assert set(kept.find("owner", "acd")) == {"a", "c", "d"}


def test_what_is_kept_is_counted_about_as_it_takes_and_a_long_sentence_is_not_kept_with_every_line(model):
    ranker = Ranker(Shelf.of(model, Catalog((BUNDLED_OFFER,), BUNDLED_OFFER, False, 1, 1.0)), SlowLane(lambda: 0.0))
    lines, long = [f"Line {n}." for n in range(20)], "A line." + " " * 500_000
    answer(ranker, asked(model, long, "\n".join(lines), top=20))
    sizes = [size for _, size in ranker._kept._kept.values()]
    assert len(sizes) == 41 + 2  # how fast it was, alone and together
    assert sum(sizes) == pytest.approx(len(long) + 21 * 4 * model.embed(lines[:1]).size, rel=0.2)
    assert min(sizes) > 500


def test_a_value_counts_with_all_that_is_in_it():
    vector, text = np.ones(100, np.float32), "x" * 1000
    assert size_of(vector[:50]) == 200 + 128
    assert size_of(text) == pytest.approx(1000, abs=60)
    assert size_of((Ruler(text, {"a": vector, "b": vector}), [text])) == pytest.approx(2 * (400 + 1000), abs=1000)


@pytest.fixture(scope="module")
def ranker(model):
    shelf = Shelf.of(model, Catalog((BUNDLED_OFFER,), BUNDLED_OFFER, False, 1, 1.0))
    return Ranker(shelf, SlowLane(lambda: 0.0))


def asked(model, query: str, lines: str, top: int = 10) -> Question:
    usual = Choices.of(model).defaults
    settings = Settings(model.name, *(usual[key] for key in ("pooling", "layers", "combine", "max_length")))
    return Question(query, list_lines(lines), settings, usual["scorer"], top)


def answer(ranker, question: Question):
    *_, last = ranker.rank(question, lambda: None, lambda: False)
    return last


def test_the_ranks_are_the_core_s(model, ranker):
    _, query, lines = EXAMPLES[3]
    listed = lines.split("\n")
    found = answer(ranker, asked(model, query, lines, top=5)).found
    vectors = model.rank(query, listed)
    assert [line.place for line in sorted(found.lines, key=lambda line: line.first)] == [each.index for each in vectors]
    best = model.rank(query, listed, top=5, rerank=found.scorer)
    assert [line.place for line in found.lines[:5]] == [each.index for each in best]
    assert [line.together for line in found.lines[:5]] == pytest.approx([each.score for each in best], abs=5e-3)
    assert {line.together for line in found.lines[5:]} == {None}


def test_inference_is_that_of_the_head_in_both_directions(model, ranker):
    _, query, lines = EXAMPLES[3]
    found = answer(ranker, asked(model, query, lines, top=3)).found
    for line in found.lines[:3]:
        comparison = model.compare(query, line.text)
        assert np.array(line.inference) == pytest.approx(comparison.inference, abs=0.02)


def test_where_what_was_not_read_differs_nothing_is_said_to_follow_as_in_compare(model, ranker):
    query, others, same = "I like 👍 a lot.", ["I like ☃ a lot.", "I like a lot."], "We all like 👍 a lot."
    found = answer(ranker, asked(model, query, "\n".join([*others, same]))).found
    silence = {line.text: line.silence for line in found.lines}
    assert silence == dict.fromkeys(others, TOO_LITTLE) | {same: ""}
    for text in (*others, same):
        assert (model.verdict(model.compare(query, text)) is None) == bool(silence[text])


def test_the_first_example_teaches_that_the_best_answer_may_share_no_word(model, ranker):
    _, query, lines = EXAMPLES[0]
    found = answer(ranker, asked(model, query, lines)).found
    words = [set(re.findall(r"\w+", text.lower())) for text in (query, found.lines[0].text)]
    assert not words[0] & words[1]
    trap = min(found.lines, key=lambda line: line.first)
    assert trap is not found.lines[0]
    assert set(re.findall(r"\w+", trap.text.lower())) & words[0]


@pytest.mark.parametrize("example", EXAMPLES[3:], ids=[name for name, *_ in EXAMPLES[3:]])
def test_what_comes_first_by_vectors_does_not_follow_what_comes_first_together_does(model, ranker, example):
    _, query, lines = example
    found = answer(ranker, asked(model, query, lines)).found.lines
    by_vectors = min(found, key=lambda line: line.first)
    assert max(way.entailment for way in by_vectors.inference) < 0.1
    assert min(way.entailment for way in found[0].inference) > 0.5


def test_what_is_cut_off_where_two_are_read_together_is_said(model, ranker):
    long = "dog " * 130
    found = answer(ranker, asked(model, f"{long}barks", f"{long}sleeps\nIt rains.", top=2)).found
    told = {line.text[:5]: not_read(line) for line in found.lines}
    assert told == {"dog d": "10 tokens cut off where it is read together with the sentence", "It ra": ""}


def test_what_was_read_is_not_read_again(model, ranker):
    lines = "The kettle boils.\nThe kettle is blue.\nA bird sings."
    first = answer(ranker, asked(model, "Water is hot in it.", lines, top=2)).cost
    again = answer(ranker, asked(model, "Water is hot in it.", lines, top=2))
    other = answer(ranker, asked(model, "It has a colour.", lines + "\nOne more.", top=1)).cost
    assert (first.short, first.known_pairs) == (4, 0)
    assert (again.cost.short, again.cost.pairs, again.cost.known_pairs) == (0, 0, 2)
    assert (other.short, other.texts) == (2, 5)
    assert again.found.read == 2


def test_a_vector_that_is_kept_keeps_no_others(model, ranker):
    own = Ranker(ranker.shelf, ranker.lane)
    answer(own, asked(model, "Which is kept?", "This one.\nThat one.\nBoth of them.", top=0))
    vectors = own._kept.find((ref(model), asked(model, "", "").settings), ["This one.", "That one."])
    assert [each.base is None for each in vectors.values()] == [True, True]


@pytest.mark.parametrize(("room", "is_known"), [(MAX_BYTES, True), (1, False)])
def test_how_fast_every_encoder_and_setting_was_is_kept_within_so_many_bytes(model, ranker, room, is_known):
    own = Ranker(ranker.shelf, ranker.lane)
    own._kept = Kept(room)
    answer(own, asked(model, "How fast is it?", "As fast as light.", top=0))
    _, cost, _ = next(own._embed(model, asked(model, "How slow is it?", "Slower.", top=0), *still_wanted()))
    assert (cost.seconds > 0) is is_known


def test_a_list_by_vectors_comes_before_anything_is_read_together(model, ranker):
    steps = list(ranker.rank(asked(model, "A plane takes off.", "An owl.\nThe jet leaves.", 2), *still_wanted()))
    first = next(step.found for step in steps if step.found)
    assert first.read == 0
    assert first.wanted == 2
    assert steps[-1].found.read == 2


def still_wanted():
    return (lambda: None), (lambda: False)


def test_who_stops_it_keeps_what_is_finished(model, ranker):
    lines = "\n".join(f"Sentence {n} of a long list that nobody has read." for n in range(60))
    over = SimpleNamespace(now=False)

    def stop() -> None:
        if over.now:
            raise StaleError

    found = None
    for step in ranker.rank(asked(model, "Which list is long?", lines, top=50), stop, lambda: over.now):
        found = step.found
        over.now = over.now or bool(found and found.read)
    assert 0 < found.read < 50
    assert found.wanted == found.read
    assert len(found.lines) == 60


def test_whoever_has_left_is_answered_no_further(model, ranker):
    def stop() -> None:
        raise StaleError

    with pytest.raises(StaleError):
        list(ranker.rank(asked(model, "Is anybody there?", "Nobody has ever read this."), stop, lambda: False))


def test_lines_of_which_nothing_can_be_read_are_left_out_and_none_at_all_are_refused(model, ranker):
    found = answer(ranker, asked(model, "A dog.", "\u200b\u200d\nA cat.\n👍")).found
    assert [line.text for line in found.lines] == ["A cat.", "👍"]  # of which nobody can say how alike they are
    assert found.left_out.unreadable == 1
    with pytest.raises(InputError, match="no line has a character that this encoder can read"):
        answer(ranker, asked(model, "A dog.", "\u200b\u200d"))


@pytest.fixture(scope="module")
def mode(model):
    """The mode of a page that is built and not served."""

    async def build() -> gr.Blocks:
        return build_app(model)

    called = (each.fn for each in run(build()).fns.values())
    return next(each.__self__ for each in called if isinstance(getattr(each, "__self__", None), RankMode))


@pytest.mark.parametrize("top", ["101", "0000999", "-1", "1.5", "²", "", "0" * 5000], ids=lambda top: top[:8])
def test_a_link_has_as_many_read_together_as_the_slider_allows_or_is_refused(mode, top):
    assert mode.read_link({"top": "100"}) == {mode.top: 100}
    with pytest.raises(InputError, match="a whole number from 0 to 100 was expected"):
        mode.read_link({"top": top})


def test_settings_that_do_not_go_together_are_no_fault_of_the_lines(model, mode):
    sent = {**Choices.of(model).defaults, "encoder": model.name, "top": 2, "shown": None, "turn": 1}
    sent |= {"q": "A pet.", "lines": "A cat.\nRain.", "pooling": "pooler", "layers": "all"}
    with pytest.raises(gr.Error, match="The pooler reads the last layer alone"):
        list(mode.rank(SimpleNamespace(session_hash="bob"), **sent))


@pytest.mark.parametrize("error", [BertsimError("the encoder fell over."), RuntimeError("The encoder fell over.")])
def test_a_fault_takes_the_bar_and_the_cancel_button_of_its_answer_and_not_of_a_later_one(
    model, mode, monkeypatch, error
):
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr("bertsim.ui.rank.SOON", 0.0)
    monkeypatch.setattr("bertsim.ui.ranking._numbers", fails)
    eve = SimpleNamespace(session_hash=f"eve, {error!r}")
    sent = {**Choices.of(model).defaults, "encoder": model.name, "top": 2}
    sent |= {"q": "A tree.", "lines": "An oak.\nA fir.", "shown": None}
    for turn, is_overtaken in ((1, False), (2, True)):
        steps = mode.rank(eve, **sent, turn=turn)
        begun = next(steps)
        assert "An oak." in begun[mode.ranking]
        assert (bool(begun[mode.cost]), begun[mode.cancel]["visible"]) == (True, True)
        if is_overtaken:
            mode.turns.take(eve.session_hash, 3.0)
        else:
            ended = next(steps)
            assert (ended[mode.cost], ended[mode.cancel]["visible"]) == ("", False)
        with pytest.raises((gr.Error, RuntimeError), match=r"The encoder fell over\."):
            next(steps)


def test_a_row_is_of_the_list_that_is_drawn_though_another_was_asked_for_and_stopped(model, mode, monkeypatch):
    monkeypatch.setattr("bertsim.ui.ranking.SOON", 0.0)  # how far it is, is told from the start
    ann, sent = SimpleNamespace(session_hash="ann"), {**Choices.of(model).defaults, "encoder": model.name, "top": 2}
    first = {**sent, "q": "A pet.", "lines": "A cat.\nRain.", "shown": None, "turn": 1}
    page = {place: value for update in mode.rank(ann, **first) for place, value in update.items()}
    assert "A cat." in page[mode.ranking]
    other = {**sent, "q": "A pet.", "lines": "Snow.\nA dog.", "shown": page[mode.shown], "turn": 2}
    answer = mode.rank(ann, **other)
    page |= next(answer)
    mode.stop(ann, **other | {"turn": 3})
    page |= {place: value for update in answer for place, value in update.items()}
    assert "A cat." in page[mode.ranking]
    press = gr.EventData(None, {"key": "0"})
    with pytest.raises(gr.Error, match="press a row of the new ranking"):
        mode.open_row(press, **other | {"shown": page[mode.shown]})
    for update in mode.rank(ann, **other | {"turn": 4}):
        page |= update
        if "A dog." in page[mode.ranking]:
            assert "A cat." not in page[mode.others]
            opened = mode.open_row(press, **other | {"shown": page[mode.shown]})
            assert opened[mode.page.b] == "Snow."
    assert "A dog." in page[mode.others]


def test_too_much_text_for_one_call_is_refused(model, ranker):
    with pytest.raises(InputError, match="one call takes 2,000,000 at most"):
        answer(ranker, asked(model, "A dog.", "\n".join(f"{n} " + "word " * 4_000 for n in range(110))))
