"""The page's own logic without a browser: links, turns, what a model allows, the choice of an encoder."""

from __future__ import annotations

import dataclasses
import html
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from types import SimpleNamespace
from urllib.parse import parse_qs

import gradio as gr
import numpy as np
import pytest

import bertsim
from bertsim.errors import InputError
from bertsim.model.ruler import ruler_pairs
from bertsim.ui import build_app
from bertsim.ui.calls import StaleError, Turns, answers, sentence
from bertsim.ui.catalog import BUNDLED_OFFER, WELL_KNOWN, Offer, offered
from bertsim.ui.controls import LONGEST, Choices, WholeSlider
from bertsim.ui.events import Shown
from bertsim.ui.examples import EXAMPLES
from bertsim.ui.judging import KEPT_CHARACTERS, KEPT_PAIRS, TYPED_ON, judge, recalled, remember
from bertsim.ui.kept import MAX_BYTES
from bertsim.ui.modes import COMPARE
from bertsim.ui.pairs import Pairs, Settings
from bertsim.ui.shelf import Shelf
from bertsim.ui.tabs import TABS, draw_layers, draw_meets, hide_each, open_matrix, press_token
from bertsim.views.attention import ALL_HEADS, ALL_LAYERS, BOTH, PACKED
from bertsim.views.explain import layer_profile
from bertsim.views.page import encoder_cards, encoder_failed, encoder_in_use, encoder_on_its_way
from tests.test_together import run

CHOICES = Choices(
    "bert",
    {"pooling": ("mean", "cls"), "max_length": range(8, 65), "special": (False, True), "mask": ()},
    {"pooling": "mean", "max_length": 64, "special": False, "mask": []},
)


def test_a_link_has_what_differs_from_the_defaults_and_nothing_else():
    assert CHOICES.write_link("a b", "ü&", "saw", CHOICES.defaults, "bert") == "a=a+b&b=%C3%BC%26"
    other = dataclasses.replace(CHOICES, encoder="user/other")
    values = {"pooling": "cls", "max_length": 20, "special": True, "mask": ["a1", "b2"]}
    assert other.write_link("a", "b", "meets", values, "bert") == (
        "a=a&b=b&pooling=cls&max_length=20&special=True&mask=a1%2Cb2&encoder=user%2Fother&tab=meets"
    )


def test_what_a_link_wrote_it_reads():
    query = {"pooling": "cls", "max_length": "20", "special": "True", "mask": "a1,b2", "tab": "meets", "x": "y"}
    values = {"pooling": "cls", "max_length": 20, "special": True, "mask": ["a1", "b2"]}
    assert CHOICES.read_link(query) == ("meets", values, "")


def test_a_lone_surrogate_can_be_linked():
    assert "a=%EF%BF%BD" in CHOICES.write_link("\ud83d", "b", "saw", CHOICES.defaults, "")


def test_a_link_too_long_to_open_is_refused():
    with pytest.raises(InputError, match=rf"and {LONGEST:,} are the most that can be opened; shorten the sentences"):
        CHOICES.write_link("word " * 5000, "b", "saw", CHOICES.defaults, "bert")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("pooling", "pooler"),
        ("max_length", "65"),
        ("max_length", "nan"),
        ("special", "<b>"),
        ("mask", "c1"),
        ("mask", "a999999"),
        ("tab", "none"),
    ],
)
def test_one_bad_value_gives_one_sentence_and_the_defaults(key, value):
    tab, values, problem = CHOICES.read_link({"pooling": "cls", key: value})
    assert problem.startswith(f"The link could not be followed: {key} is {value!r}"[:45])
    assert problem.endswith("; here are the defaults.")
    assert (tab, values) == ("saw", CHOICES.defaults)


def test_a_token_that_a_link_names_twice_is_hidden_once():
    _, values, problem = CHOICES.read_link({"mask": "a1,a01,b2,a1"})
    assert (values["mask"], problem) == (["a1", "b2"], "")


def test_a_control_takes_the_bounds_of_the_chosen_encoder():
    assert CHOICES.update("pooling", "cls")["choices"] == ["mean", "cls"]
    length = CHOICES.update("max_length", 20)
    assert {"minimum": 8, "maximum": 64, "value": 20}.items() <= length.items()
    assert CHOICES.update("special", True)["value"] is True
    assert CHOICES.update("mask", ["a1"])["value"] == ["a1"]
    assert (CHOICES.within("pooling", "cls"), CHOICES.within("pooling", "max")) == ("cls", "mean")
    assert CHOICES.within("mask", ["a1"]) == ["a1"]


@pytest.mark.parametrize(("typed", "number"), [(None, 40), (3.2, 8), (20.6, 21), (1e6, 64)])
def test_what_is_typed_into_a_slider_counts_as_the_nearest_that_is_allowed(typed, number):
    assert WholeSlider(8, 64, value=40).preprocess(typed) == number


def test_the_bundled_encoder_allows_before_it_is_loaded_what_its_model_does(model):
    assert Choices.of_bundled() == Choices.of(model)


@pytest.fixture
def settings(model) -> Settings:
    return Settings(model.name, model.default_pooling, "last", "concat", model.max_length)


def test_a_pair_is_computed_once_for_all_that_is_drawn_of_it(model, settings, monkeypatch):
    asked = []
    for name in ("compare", "rescore"):
        compute = getattr(type(model), name)
        monkeypatch.setattr(
            type(model), name, lambda *args, _do=compute, **kw: asked.append(args[1:]) or _do(*args, **kw)
        )
    pairs = Pairs()
    first = pairs.compare(model, settings, "one", "two")
    assert pairs.compare(model, settings, "one", "two").comparison is first.comparison
    mask = first.comparison.tokens.attention_mask.copy()
    assert first.rescore(mask) is first.comparison
    mask[0, 1] = 0
    assert first.rescore(mask) is first.rescore(mask.copy())
    assert len(asked) == 2
    pairs.compare(model, dataclasses.replace(settings, pooling="max"), "one", "two")
    pairs.compare(model, settings, "two", "one")
    assert len(asked) == 4


def test_of_the_pairs_the_latest_are_kept_within_so_many_bytes(model, settings):
    size = sum(size for _, size in filled(Pairs(), model, settings, "a")._kept.values())
    output = model.compare("a", "b").output
    assert size >= output.hidden_states.nbytes + output.attentions.nbytes
    pairs = filled(Pairs(int(size * 2.5)), model, settings, "abca")
    assert [key[-1][0] for key in pairs._kept] == ["c", "a"]
    assert not filled(Pairs(size - 1), model, settings, "a")._kept


def test_text_counts_among_the_bytes_that_are_kept_of_pairs(model, settings):
    spaces = " " * 3_000_000
    pairs = filled(Pairs(), model, settings, [f"{n} dogs bark.{spaces}" for n in range(30)])
    assert 0 < len(pairs._kept) * len(spaces) <= MAX_BYTES
    assert pairs._bytes == sum(size for _, size in pairs._kept.values()) <= MAX_BYTES


def filled(pairs: Pairs, model, settings, sentences: Iterable[str]) -> Pairs:
    """Pairs of equal size, asked for one after another."""
    for sentence_a in sentences:
        pairs.compare(model, settings, sentence_a, "b")
    return pairs


@pytest.mark.parametrize(
    ("chosen", "inputs", "says"),
    [
        ((PACKED, False, "1", ALL_HEADS), "packed", "Layer 1, mean of all heads: how much each row's"),
        (("B→A", False, "2", "3"), "packed", "Layer 2, head 3: "),
        (("B alone", False, ALL_LAYERS, ALL_HEADS), "apart", "Mean of all layers, mean of all heads: "),
        (("B alone", True, "1", "2"), "apart", "takes from each column's, for sentence B alone. "),
        ((BOTH, True, "across", "across"), "packed", "the most of all heads"),
    ],
)
def test_attention_is_drawn_as_it_was_chosen_under_the_mask_and_says_who_used_it(model, settings, chosen, inputs, says):
    pair = Pairs().compare(model, settings, "A dog barks.", "The cat sleeps.")
    shown = html.unescape(draw_meets(pair, *chosen, ["b2"]))
    assert says in shown
    assert "The mask hides 1 token of this input" in shown
    used = model.scorers_of(inputs)
    assert f"by {used[0]}" in shown if used else "No scorer of this model reads pairs packed" in shown


@pytest.mark.parametrize(("layer", "where"), [("across", "6"), (ALL_LAYERS, "6"), ("0", "0"), ("3", "3")])
def test_cosines_are_drawn_of_a_layer_the_last_where_none_is_named(model, settings, layer, where):
    pair = Pairs().compare(model, settings, "A dog barks.", "The cat sleeps.")
    shown = draw_meets(pair, BOTH, True, layer, "cosines", [])
    assert (f"Layer {where}, cosines of tokens" if where != "0" else "Embeddings, cosines of tokens") in shown
    assert "the sentences read apart by cosine, dot, euclidean, manhattan, alignment" in shown


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        ("2-3", {"layer": "2", "head": "3"}),
        ("mean-7", {"layer": ALL_LAYERS, "head": "7"}),
        ("0-cosines", {"layer": "0", "head": "cosines"}),
        ("mean-mean", {"layer": ALL_LAYERS, "head": ALL_HEADS}),
        ("across", {"layer": "across", "head": "across"}),
    ],
)
def test_a_tile_opens_its_matrix(key, changed):
    assert open_matrix(None, key, [], layer="1", head="1") == changed


def test_the_key_m_hides_tokens_from_the_second_view_too(model, settings):
    pair = Pairs().compare(model, settings, "A dog barks.", "The cat sleeps.")
    assert open_matrix(pair, "a2 b2", ["b2"]) == {"mask": ["a2", "b2"]}


def test_what_hiding_each_token_does_is_computed_once_and_drawn_when_it_is_there(model, settings):
    pair, scorer = Pairs().compare(model, settings, "A dog barks.", "The cat sleeps."), "pooled"
    draw = TABS[0].draw
    assert "being worked out" in draw(pair, scorer, False, False, [])
    assert hide_each(pair, scorer=scorer, mask=[])
    assert not hide_each(pair, scorer=scorer, mask=["a1"])
    assert "being worked out" not in draw(pair, scorer, False, False, ["a1"])
    alone = draw(pair, "no trained head", False, False, [])
    assert "being worked out" not in alone
    assert "Read together" not in alone


def test_the_band_of_unrelated_pairs_is_of_this_model_and_computed_once(model, settings, monkeypatch):
    pair, asked = Pairs().compare(model, settings, "A dog barks.", "The cat sleeps."), []
    encode = type(model).encode
    monkeypatch.setattr(type(model), "encode", lambda self, tokens: asked.append(1) or encode(self, tokens))
    unrelated = ruler_pairs()["unrelated"]
    first = pair.profiles(unrelated, ("mean",))
    assert first.shape == (1, len(unrelated), model.config.num_hidden_layers + 1)
    last = np.array([model.compare(*each)["cosine"].value for each in unrelated[:3]])
    assert first[0, :3, -1] == pytest.approx(last, abs=0.02)  # int8 depends on the batch
    asked.clear()
    assert "unrelated pairs" in draw_layers(pair, False, [])
    assert not asked
    assert "mean_max" in draw_layers(pair, True, [])
    own = layer_profile(pair.comparison.output, pair.comparison.tokens.attention_mask, ("mean",))[0, 0, -1]
    assert own == pytest.approx(pair.comparison["cosine"].value, abs=1e-5)


@pytest.mark.parametrize(
    ("query", "tab", "values"),
    [
        ({"tab": "tokens"}, "saw", {"numbers": True}),
        ({"tab": "mask", "mask": "a1"}, "saw", {"mask": ["a1"]}),
        ({"tab": "matter", "scorer": "euclidean"}, "saw", {"scorer": "pooled"}),
        ({"tab": "matter", "scorer": "bilstm"}, "saw", {"scorer": "bilstm"}),
        ({"tab": "alignment", "align": "2"}, "meets", {"head": "cosines", "layer": "2"}),
        ({"tab": "alignment"}, "meets", {"head": "cosines", "layer": "6"}),
        ({"tab": "attention", "head": "3"}, "meets", {"head": "3", "layer": "6", "part": PACKED, "special": False}),
        ({"tab": "layers"}, "layers", {}),
    ],
)
def test_a_link_to_an_old_tab_opens_the_view_that_took_its_place(model, query, tab, values):
    allowed = Choices.of(model)
    assert allowed.read_link(query) == (tab, allowed.defaults | values, "")


def test_what_the_browser_says_is_pinned_goes_into_a_link_and_back(model):
    allowed = Choices.of(model)
    assert allowed.within("pins", "a3 b10") == ["a3", "b10"]
    query = allowed.write_link("a", "b", "layers", allowed.defaults | {"pins": "a3 b10"}, model.name)
    assert query == "a=a&b=b&pins=a3%2Cb10&tab=layers"
    assert allowed.read_link({"pins": "a3,b10"})[1]["pins"] == ["a3", "b10"]
    assert allowed.update("pins", ["a3", "b10"])["value"] == "a3 b10"
    with pytest.raises(InputError, match=r"pins is 'x'; tokens such as a3,b10 were expected"):
        allowed.within("pins", "x")


def test_a_press_hides_a_token_and_another_shows_it_again(model, settings):
    pair = Pairs().compare(model, settings, "The cat is on the mat.", "A cat!")
    assert press_token(pair, "a3", ["b1"]) == {"mask": ["b1", "a3"]}
    assert press_token(pair, "b1", ["b1", "a3"]) == {"mask": ["a3"]}
    assert press_token(pair, "reset", ["a3"]) == {"mask": []}
    assert press_token(pair, "special", ["a3"]) == {"mask": ["a0", "a8", "b0", "b4"]}
    assert press_token(pair, "content", []) == {"mask": ["a1", "a3", "a4", "a5", "a7", "b1", "b3"]}
    assert press_token(pair, "a2 b2", ["b1"]) == {"mask": ["b1", "a2", "b2"]}
    assert press_token(pair, "a2", ["b1"], both=True) == {"mask": ["b1", "a2", "b2"]}
    assert press_token(pair, "b2", ["a2", "b2"], both=True) == {"mask": []}


def test_every_event_answers_with_components_that_it_is_wired_to(model):

    async def build() -> gr.Blocks:  # where no loop runs, gradio makes one and leaves it open
        return build_app(model)

    by_name = {each.name: each for each in run(build()).fns.values()}
    request = SimpleNamespace(session_hash="ann", query_params={"a": "A cat.", "mask": "a1", "tab": "saw"})
    sent = {**Choices.of(model).defaults, "past": [], "encoder": model.name, "tab": "saw"}
    turns = iter(range(100))

    def ask(name: str, *event: gr.EventData, **more: object) -> dict[str, object]:
        """What a request changes, by the id of the component, or its kind where it has none."""
        found = by_name[name].fn(request, *event, **sent, turn=next(turns), **more)
        assert set(found) <= set(by_name[name].outputs)
        return {component.elem_id or type(component).__name__: value for component, value in found.items()}

    in_use = {"bs-encoder-line", "bs-encoders"}
    assert ask("compare_pair", a="A cat.", b="A dog.", shown=None).keys() >= in_use  # to whom nothing is kept of
    opened = ask("open_page", a="", b="", shown=None)
    assert opened["bs-a"] == "A cat."
    assert "1 token hidden" in opened["bs-saw"]
    shown = Shown("A cat.", "A dog.", Settings(model.name, "mean", "last", "concat", 64), "meets")
    example = ask("run_example", gr.EventData(None, {"key": "2"}), a="", b="", shown=shown)
    assert example["bs-b"] == EXAMPLES[2][2]
    assert "tickets" in example["bs-saw"]
    assert "opposite claims" in example["bs-verdict"]
    assert in_use.isdisjoint(example)
    assert example["bs-faults-a"] == example["bs-faults-b"] == ""
    again = gr.EventData(None, {"key": "2"})
    answer = by_name["run_example"].fn(request, again, **sent, turn=next(turns), a="", b="", shown=shown)
    now = next(value for value in answer.values() if isinstance(value, Shown))
    overtaken = dataclasses.replace(now, turn=now.turn - 1)  # by a question that got no answer
    for name in ("set_up", "compare_if_switched"):
        left = by_name[name].fn(request, **sent, a=now.a, b=now.b, turn=next(turns), shown=now)
        assert left == gr.skip()  # a list that is left as it was, or the encoder
    for name in ("set_up", "compare_if_switched"):
        assert "opposite claims" in ask(name, a=now.a, b=now.b, shown=overtaken)["bs-verdict"]
    assert set(ask("redraw_tab", a="", b="", shown=shown)) == {"bs-saw"}
    opens = gr.SelectData(None, {"index": 2, "value": "Through the layers"})
    assert set(ask("open_tab", opens, a="", b="", shown=shown)) == {"bs-layers"}
    pressed = ask("press_picture", gr.EventData(None, {"key": "b2"}), a="", b="", shown=shown)
    assert pressed["State"] == ["b2"]
    assert by_name["complete_tab"].fn(request, **sent, turn=next(turns), a="", b="", shown=shown) == gr.skip()
    assert "being worked out" not in pressed["bs-saw"]
    placed = dataclasses.replace(shown, has_rulers=False)
    assert "of unrelated pairs" in ask("place_pair", a="", b="", shown=placed)["bs-ways"]
    assert by_name["place_pair"].fn(request, **sent, turn=next(turns), a="", b="", shown=shown) == gr.skip()
    assert example["bs-past"].count("<li>") == 1
    wrong = ask("compare_pair", a=" ", b="\u200b", shown=shown)
    assert "Sentence A is empty; write at least one word." in wrong["bs-faults-a"]
    assert 'id="bs-fault-b"' in wrong["bs-faults-b"]
    assert wrong.keys() == {"bs-faults-a", "bs-faults-b"}
    sent["tab"] = "layers"
    pressed = ask("press_picture", gr.EventData(None, {"key": "2-3"}), a="", b="", shown=shown)
    assert "bank" not in pressed["bs-layers"]
    assert ask("draw_open_tab", a="", b="", shown=shown).keys() == {"bs-layers"}
    sent["tab"] = "meets"
    pressed = ask("press_picture", gr.EventData(None, {"key": "2-3"}), a="", b="", shown=shown)
    assert "Layer 2, head 3" in pressed["bs-meets"]
    switched = dataclasses.replace(shown.settings, encoder="another")
    again = ask("compare_if_switched", a="", b="", shown=dataclasses.replace(shown, settings=switched))
    assert "dog" in again["bs-past"]


@pytest.fixture(scope="module")
def events(model):
    """What the events of a page do that is built and not served."""

    async def build() -> gr.Blocks:
        return build_app(model)

    return next(each.fn.__self__ for each in run(build()).fns.values() if each.name == "open_page")


def test_a_page_that_begins_with_a_revision_of_the_hub_opens_and_links_to_it_as_it_is_offered(model, monkeypatch):
    offer, request = "user/encoder@v2", SimpleNamespace(session_hash="ann", query_params={})
    monkeypatch.setenv("BERTSIM_ENCODER", offer)
    monkeypatch.setattr(model, "name", "user/encoder")

    async def build() -> gr.Blocks:
        return build_app(model)

    events = next(each.fn.__self__ for each in run(build()).fns.values() if each.name == "open_page")
    sent = {**Choices.of(model).defaults, "past": [], "a": "", "b": "", "tab": "saw", "mode": COMPARE, "encoder": offer}
    opened = events.open_page(request, **sent, shown=None, turn=1)
    shown = opened[events.page.shown]
    assert opened[events.page.encoder] == shown.settings.encoder == offer
    told = events.follow(request, **sent, shown=shown, turn=2)[events.page.share]
    link = parse_qs(html.unescape(re.findall('data-query="([^"]*)"', told)[0]))
    assert link == {"a": [EXAMPLES[0][1]], "b": [EXAMPLES[0][2]]}
    assert "encoder=user%2Fencoder%40v2" in Choices.of(model, offer).write_link("a", "b", "saw", sent, "another")


def test_a_link_that_waited_for_its_encoder_says_what_of_it_cannot_be_followed(model, events):
    wanted = {"name": model.name, "query": {"pooling": "both", "mask": "a1"}, "turn": 1}
    with pytest.warns(UserWarning, match="pooling is &#x27;both&#x27;, which bertsim-minilm does not offer"):
        *_, last = events.switching.follow_link(SimpleNamespace(session_hash="ann"), wanted, model.name)
    assert last[events.page.controls["pooling"]]["value"] == "mean"


def test_a_link_that_waited_for_its_encoder_hides_its_tokens_unless_nothing_would_be_left(model, events):
    ann, mask = SimpleNamespace(session_hash="ann"), events.page.controls["mask"]
    wanted = {"name": model.name, "query": {"a": "A cat.", "b": "A dog.", "mask": "a1,a2"}, "turn": 10}
    *_, last = events.switching.follow_link(ann, wanted, model.name)
    before = Shown("A cat.", "A dog.", Settings("another", "mean", "last", "concat", 64), "saw")
    sent = {**Choices.of(model).defaults, "encoder": model.name, "past": [], "tab": "saw", "shown": before}
    sent |= {"wanted": wanted, "a": "A cat.", "b": "A dog.", "mask": last[mask]["value"], "turn": 11}
    answer = events.compare_if_switched(ann, **sent)
    assert answer[mask] == ["a1", "a2"]
    assert "2 tokens hidden" in answer[events.page.pictures["saw"]]
    everything = [f"a{place}" for place in range(5)]
    with pytest.warns(UserWarning, match="Every token of sentence A is masked"):
        answer = events.compare_if_switched(ann, **sent | {"mask": everything, "turn": 12})
    assert answer[mask] == []
    typed = events.compare_if_switched(ann, **sent | {"b": "A bird.", "turn": 13})
    assert typed[mask] == []  # of another pair, typed meanwhile


def test_a_link_that_waited_for_its_encoder_pins_its_tokens_unless_others_were_pinned_meanwhile(model, events):
    wanted = {"name": model.name, "query": {"a": "A cat.", "b": "A dog.", "pins": "a1,b2"}, "turn": 10}
    before = Shown("A cat.", "A dog.", Settings("another", "mean", "last", "concat", 64), "layers")
    sent = {**Choices.of(model).defaults, "encoder": model.name, "past": [], "tab": "layers", "shown": before}
    sent |= {"wanted": wanted, "a": "A cat.", "b": "A dog."}
    changes = ({}, {"pins": "a2"}, {"b": "A bird."}, {"wanted": wanted | {"name": "another"}})
    for turn, (more, pinned) in enumerate(zip(changes, ("a1 b2", "a2", "", ""), strict=True), 11):
        answer = events.compare_if_switched(SimpleNamespace(session_hash="bob"), **sent | more, turn=turn)
        assert f'data-pins="{pinned}"' in answer[events.page.pictures["layers"]]


def test_a_later_question_makes_an_earlier_one_and_every_view_stale():
    turns = Turns()
    first = turns.take("ann", 1.0)
    view = turns.take("ann", 2.0, is_view=True)
    first()  # a view does not overtake a question
    turns.take("bob", 9.0)
    view()  # nor does another visitor
    turns.take("ann", 3.0)
    for check in (first, view):
        with pytest.raises(StaleError):
            check()
    with pytest.raises(StaleError):  # one that waited in the queue is not even begun
        turns.take("ann", 2.5)
    turns.take(None, 1.0)()
    turns.take("ann", None)()


def test_a_press_makes_every_view_stale_that_is_being_drawn_and_no_question():
    turns = Turns()
    question, view = turns.take("ann", 1.0), turns.take("ann", 2.0, is_view=True)
    turns.overtake("ann")
    turns.overtake(None)
    question()
    with pytest.raises(StaleError):
        view()
    turns.take("ann", 3.0, is_view=True)()


def test_a_pair_that_is_typed_on_is_remembered_once_and_every_other_one_too(settings):
    keep = partial(remember, settings=settings)
    past = keep([], "The c", "A dog.", 0.1, 900.0)
    past = keep(past, "The cat", "A dog.", 0.5, 1500.0)
    assert past == [("The cat", "A dog.", 0.5, 1500.0, settings)]
    past = keep(past, "A dog.", "The cat", 0.5, 1600.0)  # swapped
    past = keep(past, "A dog.", "The sun", 0.2, 1600.0 + TYPED_ON)  # looked at before
    assert [each[:2] for each in past] == [("The cat", "A dog."), ("A dog.", "The cat"), ("A dog.", "The sun")]
    past = keep(past, "The cat", "A dog.", 0.5, 7000.0)
    assert [each[0] for each in past] == ["A dog.", "A dog.", "The cat"]
    for i in range(2 * KEPT_PAIRS):
        past = keep(past, str(i), str(-i), 0.0, None)
    assert len(past) == KEPT_PAIRS
    assert keep(past, "A dog." + " " * KEPT_CHARACTERS, "", 0.0, None) == past


def test_a_previous_pair_says_what_its_cosine_is_of_where_that_is_not_in_use_now(settings):
    past = remember([], "a", "b", 0.1, None, settings)
    past = remember(past, "c", "d", 0.2, None, dataclasses.replace(settings, pooling="max"))
    past = remember(past, "e", "f", 0.3, None, dataclasses.replace(settings, encoder="other/encoder"))
    assert [by for *_, by in recalled(past, settings)] == ["", "by other settings", "by other/encoder"]
    assert [by for *_, by in recalled(past, past[-1][-1])] == [f"by {settings.encoder}"] * 2 + [""]


def test_a_pair_is_judged_by_the_bundled_encoder_where_its_own_cannot(model, tiny_bundle):
    shelf = Shelf.of(model, offered({}))
    small = bertsim.load(tiny_bundle)
    own = Settings(small.name, small.default_pooling, "last", "concat", small.max_length)
    judged = judge(Pairs().compare(small, own, "A dog barks.", "The cat sleeps."), shelf, waits=False)
    assert judged.verdict.read_together_by == model.name
    assert judged.words == model.words
    assert [(way.inputs, way.encoder) for way in judged.ways] == [("apart", small.name), ("packed", model.name)]


def test_a_score_whose_meaning_is_withheld_stands_on_no_ruler(model, settings):
    shelf, pairs = Shelf.of(model, offered({})), Pairs()
    long = "word " * 80  # as one it is read whole, of two together neither is
    for a, b, has_rulers in (("A \u2603", "A \u2604", [False, False]), ("A cat.", "A dog.", [True, True])):
        found = judge(pairs.compare(model, settings, a, b), shelf, waits=True).ways
        assert [bool(way.ruler) for way in found] == has_rulers
    wide = dataclasses.replace(settings, max_length=100)
    found = judge(pairs.compare(model, wide, f"{long}a", f"{long}b"), shelf, waits=True).ways
    assert [(way.inputs, bool(way.ruler)) for way in found] == [("apart", True), ("packed", False)]


def test_turns_keep_few_visitors_in_mind():
    turns = Turns(room=3)
    for visitor in range(20):
        turns.take(str(visitor), 1.0)
    assert len(turns._latest) <= 6


def test_an_error_of_ours_is_a_toast_and_a_stale_answer_is_nothing():
    @answers
    def fails() -> None:
        raise InputError("sentence A is <b>empty</b>.")

    @answers
    def stale() -> None:
        raise StaleError

    @answers
    def stale_later() -> Iterator[str]:
        yield "half"
        raise StaleError

    with pytest.raises(gr.Error, match="Sentence A is &lt;b&gt;empty") as raised:
        fails()
    assert raised.value.print_exception is False
    assert stale() == gr.skip()
    assert list(stale_later()) == ["half", gr.skip()]
    assert sentence("max_length is 3") == "max_length is 3"


@pytest.mark.slow
def test_gradio_is_imported_without_writing_its_stubs_and_nothing_stays_changed():
    code = (
        "import ast, inspect, sys\nbefore, segment, seen = inspect.getfile, ast.get_source_segment, []\n"
        "ast.get_source_segment = lambda *a, **k: seen.append(a) or segment(*a, **k)\n"
        "from bertsim.ui.quick_gradio import import_gradio\nfinders = list(sys.meta_path)\nimport_gradio()\n"
        "import gradio, gradio.component_meta, bertsim.ui.controls\n"
        "assert not seen; assert inspect.getfile is before; assert sys.meta_path == finders\n"
        "assert gradio.component_meta.inspect is inspect; assert inspect.getfile(gradio.HTML)\n"
        "print(gradio.Textbox(label='a').label)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "a\n", done.stderr


def test_the_cards_name_every_encoder_with_its_size_and_mark_the_current_one():
    offers = (BUNDLED_OFFER, *WELL_KNOWN, Offer("<b>", "/x"))
    shown = [(offer.name, offer.size, offer.good_for) for offer in offers]
    cards = encoder_cards(shown, WELL_KNOWN[0].name)
    assert cards.count("<button") == len(WELL_KNOWN) + 2
    assert cards.count('aria-pressed="true"') == 1
    assert "91 MB" in cards
    assert "<b>" not in cards
    assert "/x" not in cards


def test_the_line_says_how_far_an_encoder_is_and_what_goes_on_meanwhile():
    line = encoder_on_its_way("big/bert", "Downloading", 0.425, "small-bert")
    assert 'value="0.425"' in line
    assert "Downloading, 42%. small-bert goes on meanwhile." in line
    assert "value" not in encoder_on_its_way("big/bert", "Loading", None, "x")
    assert "Back to small-bert" in encoder_in_use("big/bert", "small-bert")
    assert "Back" not in encoder_in_use("small-bert", "small-bert")
    assert "<script>" not in encoder_failed("<script>", "small-bert")
