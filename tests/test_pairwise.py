"""All of a list with each other: what is read of it, which groups it has, and the picture shows what was scored."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from xml.etree import ElementTree

import gradio as gr
import numpy as np
import pytest

import bertsim
from bertsim.errors import BertsimError
from bertsim.ui import build_app
from bertsim.ui.calls import StaleError
from bertsim.ui.catalog import offered
from bertsim.ui.controls import Choices
from bertsim.ui.every_pair import EveryPair
from bertsim.ui.examples import LISTS
from bertsim.ui.lane import SlowLane
from bertsim.ui.matrix import THRESHOLD, MatrixMode
from bertsim.ui.pairs import LAST, Settings
from bertsim.ui.pairwise import (
    BLOCK,
    MAX_CHARACTERS,
    MAX_LINES,
    cluster_order,
    find_groups,
    lost_together,
    project,
    read_apart,
    read_lines,
    read_together,
    unread_pairs,
)
from bertsim.ui.shelf import Shelf
from bertsim.views.every_pair import pairwise_view
from bertsim.views.markup import as_csv
from bertsim.views.pairwise import APART, MAX_DRAWN, TOGETHER, Pairwise, csv_rows, number_rows, read_pairs, sign_of
from bertsim.views.pairwise_matrix import matrix_picture
from bertsim.views.sentence_map import place_labels, spread
from tests.checkpoints import make_checkpoint
from tests.golden.cases import CLASSIFIERS
from tests.test_together import run
from tests.test_views import Page, assert_safe

NAN = math.nan
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = ("<script>alert(1)</script>", "${document.title} {{x}}", "=1+1", "مرحبا \u202egnol", "\ud800 a", "-2 or `+3`")


def symmetric(size: int, values: dict[tuple[int, int], float], other: float = 0.1) -> np.ndarray:
    """Scores, float32 [n, n]: some pairs, and all the others."""
    scores = np.full((size, size), other, np.float32)
    for (one, two), value in values.items():
        scores[one, two] = scores[two, one] = value
    np.fill_diagonal(scores, 1)
    return scores


def by_hand(lines=("Rain.", "It rains.", "No rain.", "A cat."), *, by: str = APART, unread: bool = False) -> Pairwise:
    """Four sentences: vectors call the first three alike, read together the third is none of them."""
    size = len(lines)
    apart = symmetric(size, {(0, 1): 0.8, (0, 2): 0.9, (1, 2): 0.7})
    together = symmetric(size, {(0, 1): 0.85, (0, 2): 0.05, (1, 2): 0.04})
    if unread:
        together[:] = NAN
    groups = find_groups(apart if by == APART else together, 0.6, np.zeros((size, size), bool))
    return Pairwise(lines, apart, together, list(range(size)), groups, by, 0.6, ("cosine, m", "pooled, m"))


def settings(model) -> Settings:
    return Settings(model.name, model.default_pooling, LAST, "concat", model.max_length)


def view(found: Pairwise, **options) -> str:
    places = np.array([[math.cos(each), math.sin(each)] for each in range(len(found.lines))], np.float32)
    return str(pairwise_view(found, places, (0.5, 0.25), **options))


def test_lines_are_taken_once_each_and_what_is_left_out_is_said(model):
    lines, notes, faults = read_lines("It rains.\n\n  It rains. \r\nA cat.\n\n", model, 128)
    assert lines == ("It rains.", "A cat.")
    assert notes == ["2 blank lines left out.", "1 line said before: each stands once."]
    assert faults == []


def test_a_line_that_is_too_long_or_cannot_be_read_is_named_and_the_others_stay(model):
    lines, _, faults = read_lines("A cat.\n" + "a " * MAX_CHARACTERS + "\n👍\n\u200b\u200b\nA dog.", model, 128)
    assert lines == ("A cat.", "A dog.")
    assert faults[0].startswith(f"Line 2 is left out: it has {2 * MAX_CHARACTERS - 1:,} characters, and 2,000 are")
    assert faults[1] == "Line 3 is left out: the encoder can read nothing of 👍."
    assert faults[2].startswith("Line 4 is left out: the encoder can read nothing of \\u200b")


def test_of_too_many_lines_the_first_are_taken_and_of_many_faults_some_are_told(model):
    lines, _, faults = read_lines("\n".join(f"Sentence {n}." for n in range(MAX_LINES + 7)), model, 128)
    assert len(lines) == MAX_LINES
    assert faults == ["There are 507 sentences; the first 500 are compared."]
    _, _, faults = read_lines("\n".join("👍" * n for n in range(1, 10)), model, 128)
    assert len(faults) == 6
    assert faults[-1] == "And 4 more such lines."


def test_what_was_not_read_of_a_sentence_is_said_and_makes_no_group(model):
    lines = ("It is good 👍.", "It is good 👎.", "word " * 300 + "cat")
    apart = read_apart(model, replace(settings(model), max_length=128), lines)
    assert apart.notes[0] == "Sentence 1: not read: 👍. Its scores are of the rest."
    assert "Sentence 3: cut off: word word" in apart.notes[2]
    assert apart.cosines[0, 1] > 0.99
    assert find_groups(apart.cosines, 0.9, apart.silent) == []


def test_a_pair_above_the_threshold_that_is_in_no_group_for_what_was_not_read_is_said_to_be_left_out(model):
    every = EveryPair(Shelf.of(model, offered({})), SlowLane(lambda: 0.0))
    asked = every.ask("I like \U0001f44d a lot.\nI like \u2603 a lot.\nIt is cold.", settings(model), "pooled")
    says = "Left out of the groups, for what was not read of the two differs: 1 pair at the threshold or above."
    drawn = every.draw(asked, APART, 0.6, None)
    assert says in drawn
    assert "0 groups among 3 sentences" in drawn
    assert "no two reach" not in drawn
    assert "Left out of the groups" not in every.draw(asked, TOGETHER, 0.6, None)  # nothing is read together yet


def test_those_that_are_alike_stand_together():
    scores = symmetric(6, {(0, 3): 0.9, (1, 4): 0.8, (2, 5): 0.7})
    order = cluster_order(scores).tolist()
    assert sorted(order) == list(range(6))
    assert all(abs(order.index(one) - order.index(one + 3)) == 1 for one in range(3))


def test_the_map_shows_two_directions_and_how_much_they_tell():
    places, shares = project(np.array([[2, 0, 0], [0, 3, 0]], np.float32))
    assert np.abs(places).tolist() == [pytest.approx([0.7071, 0], abs=1e-4)] * 2
    assert shares.tolist() == pytest.approx([1, 0], abs=1e-6)
    places, shares = project(np.eye(4, dtype=np.float32))
    assert shares.tolist() == pytest.approx([1 / 3, 1 / 3], abs=1e-5)
    assert project(np.ones((3, 4), np.float32))[1].tolist() == pytest.approx([0, 0], abs=1e-5)


def test_groups_are_what_pairs_connect_from_the_threshold_on():
    scores, silent = symmetric(5, {(0, 1): 0.6, (1, 4): 0.9, (2, 3): 0.59}), np.zeros((5, 5), bool)
    assert find_groups(scores, 0.6, silent) == [(0, 1, 4)]
    assert find_groups(scores, 0.5, silent) == [(0, 1, 4), (2, 3)]
    silent[1, 4] = silent[4, 1] = True
    assert find_groups(scores, 0.6, silent) == [(0, 1)]
    assert find_groups(np.full((3, 3), NAN, np.float32), 0.0, silent[:3, :3]) == []


def test_pairs_are_read_both_ways_nearest_first_and_what_was_read_stays_when_it_is_stopped(model):
    lines = LISTS[0][1]
    apart, together = read_apart(model, settings(model), lines), np.full((12, 12), NAN, np.float32)
    pairs, stopped = unread_pairs(apart, together), []

    def stop() -> None:
        if stopped:
            raise StaleError

    steps = read_together(model, "pooled", 128, lines, pairs, together, SlowLane(lambda: 0.0), stop)
    assert next(steps) == (BLOCK, 66)
    stopped.append(True)
    with pytest.raises(StaleError):
        next(steps)
    assert unread_pairs(apart, together) == pairs[BLOCK:]
    one, other = pairs[0]
    assert apart.cosines[one, other] == np.triu(apart.cosines, 1).max()
    both = model.score([(lines[one], lines[other]), (lines[other], lines[one])], scorer="pooled")
    assert together[one, other] == together[other, one] == pytest.approx(both.mean(), abs=1e-5)


def test_pairs_that_do_not_fit_into_one_sequence_are_in_no_group_and_that_is_said(model):
    long, lines = "dog " * 70, ["It rains."]
    lines += [long + end for end in ("barks", "sleeps")]
    together = symmetric(3, {(0, 1): 0.9, (1, 2): 0.9, (0, 2): NAN})
    silent, notes = lost_together(model, 128, lines, together)
    assert np.argwhere(silent).tolist() == [[1, 2], [2, 1]]
    assert notes == [
        "1 pair longer than the 128 tokens that two share when they are read together: the end of either is cut off"
        " there."
    ]
    assert find_groups(together, 0.5, silent) == [(0, 1)]
    assert lost_together(model, 256, lines, together)[1] == []


def test_the_first_example_teaches_that_vectors_call_opposites_alike(model):
    lines, silent = LISTS[0][1], np.zeros((12, 12), bool)
    cosines, together = (model.matrix(lines, scorer=scorer) for scorer in ("cosine", "pooled"))
    together = (together + together.T) / 2
    rain, no_rain, paraphrase = (
        lines.index(f"{each} tomorrow.") for each in ("It will rain", "It will not rain", "Rain is expected")
    )
    assert cosines[rain, no_rain] > cosines[rain, paraphrase] > 0.8
    assert together[rain, no_rain] < 0.5 < 0.8 < together[rain, paraphrase]
    assert [len(each) for each in find_groups(cosines, THRESHOLD, silent)] == [3, 3, 3, 3]
    found = find_groups(together, THRESHOLD, silent)
    assert [len(each) for each in found] == [3, 3, 3, 2]
    assert no_rain not in {place for each in found for place in each}


def test_above_the_diagonal_stand_vectors_below_it_what_was_read_together():
    root = ElementTree.fromstring(matrix_picture(by_hand()))
    cells = {each.get("data-pick"): each for each in root.iter(f"{SVG}g") if each.get("data-link")}
    assert len(cells) == 16
    assert cells["0-2"].find(f"{SVG}text").text == ".90"
    assert cells["2-0"].find(f"{SVG}text").text == ".05"
    assert cells["2-0"].find(f"{SVG}title").text == "vectors 0.900, together 0.050"
    assert cells["p1"].find(f"{SVG}text") is None
    frames = [each for each in root.iter(f"{SVG}rect") if each.get("class") == "bs-frame"]
    assert [(each.get("width"), each.get("height")) for each in frames] == [("102", "78")]


def test_what_is_not_read_yet_is_an_empty_cell_and_said():
    found = by_hand(unread=True, by=TOGETHER)
    root = ElementTree.fromstring(matrix_picture(found))
    empty = [each for each in root.iter(f"{SVG}rect") if each.get("stroke-dasharray")]
    assert len(empty) == 6
    text = Page(view(found)).text
    assert "vectors 0.900, together not read yet" in text
    assert "6 pairs not read together yet" in text
    assert "None: no two reach the threshold" in text


def test_of_many_sentences_those_pairs_are_still_to_be_read_that_ever_are():
    apart = symmetric(MAX_DRAWN + 10, {})
    together = np.full_like(apart, NAN)
    lines, readers = tuple(f"Sentence {n}." for n in range(len(apart))), ("cosine, m", "pooled, m")
    found = Pairwise(lines, apart, together, range(len(lines)), [], TOGETHER, 0.6, readers)
    assert "1,225 pairs not read together yet: press “Read together”." in Page(view(found)).text
    first, second = read_pairs(apart)
    together[first[:-1], second[:-1]] = 0.5
    assert "1 pair not read together yet: press" in Page(view(found)).text
    together[first, second] = 0.5
    says = Page(view(found)).text
    assert "The nearest 1,225 pairs are read together; the other 545 count as apart." in says
    assert "not read together yet" not in says


def test_a_group_whose_members_stand_apart_is_framed_in_parts():
    found = by_hand()
    found = Pairwise(found.lines, found.apart, found.together, [0, 3, 1, 2], found.groups, APART, 0.6, found.readers)
    assert matrix_picture(found).count("bs-frame") == 4


def test_the_pair_that_vectors_call_alike_and_the_cross_encoder_does_not_comes_first():
    assert by_hand().dispute() == (0, 2)
    assert by_hand(unread=True).dispute() is None
    assert "Alike to vectors, apart when read together" in view(by_hand())
    assert by_hand().nearest(2) == [(0, 2), (0, 1)]
    assert by_hand(by=TOGETHER).nearest(1) == [(0, 1)]


def test_groups_go_by_what_was_chosen_and_have_signs_beside_colours():
    assert "1 group among 4 sentences; 1 alone" in view(by_hand())
    assert "1 group among 4 sentences; 2 alone" in view(by_hand(by=TOGETHER))
    assert "Groups at 0.60 and above, by two vectors" in view(by_hand())
    assert "say the same" not in view(by_hand())
    assert sign_of(0)[0] == "●1"
    assert sign_of(7)[0] == "■8"
    assert sign_of(None)[0] == "○"


def test_of_a_cross_encoder_that_gives_logits_the_matrix_has_their_sigmoids(tmp_path):
    model = bertsim.load(
        make_checkpoint(tmp_path / "cross", **CLASSIFIERS["cross_encoder_identity"]), engine="tensorflow"
    )
    shelf = Shelf.of(model, offered({}))
    every, begun = EveryPair(shelf, SlowLane(lambda: 0.0)), replace(settings(model), encoder=shelf.catalog.start.name)
    asked = every.ask("It rains.\nNo rain falls.", begun, "pooled")
    assert list(every.read(asked, lambda: None)) == [(1, 1)]
    logits = model.score([asked.lines, asked.lines[::-1]], scorer="pooled")
    view = Page(every.draw(asked, TOGETHER, 0.5, None))
    assert f"together {(1 / (1 + np.exp(-logits))).mean():.3f}" in view.text
    assert f"sigmoid of pooled, {model.name}" in view.text


def test_a_chosen_point_shows_its_nearest():
    text = Page(view(by_hand(), chosen=1)).text
    assert "Nearest to 2, “It rains.”" in text
    assert "Nearest to" not in Page(view(by_hand())).text


def test_labels_on_the_map_cover_neither_each_other_nor_a_point():
    points = [(100.0, 100.0), (104.0, 102.0), (108.0, 99.0), (300.0, 200.0)] * 3
    boxes = [box for box in place_labels(points, ["1 It will rain tomo…"] * 12) if box]
    assert boxes
    for index, one in enumerate(boxes):
        assert all(
            one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            for other in boxes[index + 1 :]
        )
        assert all(not (one[0] < x < one[2] and one[1] < y < one[3]) for x, y in points)


def test_points_of_the_map_that_would_cover_each_other_stand_side_by_side():
    far = np.array([[30.0, 370.0], [430.0, 30.0]])
    points = np.concatenate([far, np.full((6, 2), 200.0), far[:1] + 3])
    moved = spread(points)
    gaps = np.hypot(*(moved[:, None] - moved).transpose(2, 0, 1))[np.triu_indices(len(points), 1)]
    assert gaps.min() > 15.5
    assert np.abs(moved[1] - far[1]).max() < 0.01
    assert np.abs(moved - points).max() < 30
    many = spread(np.random.default_rng(7).uniform(0, 400, (500, 2)))
    assert ((many >= 0) & (many <= [460, 400])).all()


def test_of_more_than_are_drawn_the_nearest_pairs_are_listed():
    lines = tuple(f"Sentence {n}." for n in range(MAX_DRAWN + 1))
    apart = symmetric(len(lines), {(3, 7): 0.9})
    together = np.full_like(apart, NAN)
    found = Pairwise(lines, apart, together, range(len(lines)), [(3, 7)], APART, 0.6, ("cosine, m", "pooled, m"))
    shown = Page(view(found))
    assert "up to 50 sentences are drawn, of more the nearest pairs are listed" in shown.text
    assert not [attrs for name, attrs in shown.elements if (attrs.get("data-pick") or "") == "7-3"]
    assert "arrow keys walk" not in shown.text
    assert "90 pairs more" in shown.text
    header, rows = number_rows(found)
    assert header[:2] == ["sentence", "other sentence"]
    assert rows[0] == ["4 Sentence 3.", "8 Sentence 7.", "0.900", "not read yet"]
    assert csv_rows(found)[1] == ["Sentence 3.", "Sentence 7.", 0.9, None]


def test_the_file_has_the_matrix_as_it_is_drawn_and_no_formula():
    rows = csv_rows(by_hand(("=1+1", "It rains.", "@x", "A cat.")))
    assert rows[1][:2] == ["=1+1", 1]
    assert rows[1][2:] == [None, 0.8, 0.9, 0.1]
    assert rows[3][2:] == [0.05, 0.04, None, 0.1]
    written = as_csv(rows).splitlines()
    assert written[0].startswith("sentence,group,'=1+1,It rains.,'@x")
    assert written[1].startswith("'=1+1,1,,0.8")


def test_any_text_is_shown_as_text():
    found = by_hand(HOSTILE)
    source = view(found, chosen=2, notes=HOSTILE)
    assert_safe(source)
    text = Page(source).text
    assert "<script>alert(1)</script>" in text
    assert re.search(r"=1\+1", text)


@pytest.fixture(scope="module")
def mode(model):
    """The mode of a page that is built and not served."""

    async def build() -> gr.Blocks:
        return build_app(model)

    called = (each.fn for each in run(build()).fns.values())
    return next(each.__self__ for each in called if isinstance(getattr(each, "__self__", None), MatrixMode))


def test_a_fault_takes_the_bar_and_the_cancel_button_of_what_is_read_together(model, mode, monkeypatch):
    def fails(*_: object) -> Iterator[tuple[int, int]]:
        yield 0, 2
        raise BertsimError("the encoder fell over.")

    monkeypatch.setattr("bertsim.ui.every_pair.read_together", fails)
    eve, sent = SimpleNamespace(session_hash="eve"), {**Choices.of(model).defaults, "encoder": model.name}
    sent |= {"threshold": 0.6, "by": APART, "together": "yes", "lines": "An ash.\nAn elm.", "drawn": "", "turn": 1}
    sent["drawn"] = mode.draw_typed(eve, **sent)[mode.drawn]
    steps = mode.read(eve, **sent | {"turn": 2})
    begun = next(steps)
    assert (bool(begun[mode.progress]), begun[mode.cancel]["visible"]) == (True, True)
    ended = next(steps)
    assert (ended[mode.progress], ended[mode.cancel]["visible"]) == ("", False)
    with pytest.raises(gr.Error, match=r"The encoder fell over\."):
        next(steps)


def test_a_cell_opens_the_pair_that_it_shows_and_none_once_the_lines_are_others(model, mode):
    ann, press = SimpleNamespace(session_hash="ann"), gr.EventData(None, {"key": "0-1"})
    sent = {**Choices.of(model).defaults, "encoder": model.name, "threshold": 0.6, "by": APART, "chosen": None}
    sent |= {"lines": "A cat.\nA dog.", "drawn": "", "turn": 1}
    sent["drawn"] = mode.draw_typed(ann, **sent)[mode.drawn]
    assert mode.press(ann, press, **sent)[mode.opening][:2] == ["A cat.", "A dog."]
    with pytest.raises(gr.Error, match="press in the new one"):
        mode.press(ann, press, **sent | {"lines": "Snow.\nRain."})
