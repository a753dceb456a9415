"""The page's own logic without a browser: links, turns, what a model allows, the choice of an encoder."""

from __future__ import annotations

import dataclasses
import html
import subprocess
import sys

import gradio as gr
import pytest

from bertsim.errors import InputError
from bertsim.ui.calls import StaleError, Turns, answers, sentence
from bertsim.ui.catalog import BUNDLED_OFFER, WELL_KNOWN, Offer
from bertsim.ui.controls import Control
from bertsim.ui.facts import Facts
from bertsim.ui.link import LONGEST, read_link, write_link
from bertsim.ui.settings import Settings
from bertsim.ui.tab_attention import draw_attention, open_head
from bertsim.views.attention import ALL_HEADS, ALL_LAYERS, PACKED
from bertsim.views.encoders import encoder_cards, encoder_failed, encoder_in_use, encoder_on_its_way

FACTS = Facts("bert", 3, 4, "mean", 64, 64, ("cosine", "dot"), has_pooler=False)
TABS = ("tokens", "mask", "attention")


@pytest.fixture(scope="module")
def controls() -> list[Control]:
    return [
        Control("pooling", gr.Dropdown(["mean"]), lambda facts: ("mean", "cls"), lambda facts: facts.pooling),
        Control(
            "max_length",
            gr.Slider(),
            lambda facts: range(8, facts.longest + 1),
            lambda facts: facts.max_length,
        ),
        Control("special", gr.Checkbox(), lambda facts: (False, True), lambda facts: False),
        Control("mask", gr.State([]), lambda facts: (), lambda facts: []),
    ]


def test_a_link_has_what_differs_from_the_defaults_and_nothing_else(controls):
    usual = ("bert", "tokens")
    assert (
        write_link(("a b", "ü&"), "tokens", ["mean", 64, False, []], controls, FACTS, usual)
        == "a=a+b&b=%C3%BC%26"
    )
    other = dataclasses.replace(FACTS, name="user/other")
    written = write_link(("a", "b"), "mask", ["cls", 20, True, ["a1", "b2"]], controls, other, usual)
    assert written == (
        "a=a&b=b&pooling=cls&max_length=20&special=True&mask=a1%2Cb2&encoder=user%2Fother&tab=mask"
    )


def test_what_a_link_wrote_it_reads(controls):
    query = {
        "pooling": "cls",
        "max_length": "20",
        "special": "True",
        "mask": "a1,b2",
        "tab": "mask",
        "x": "y",
    }
    restored = read_link(query, controls, TABS, FACTS)
    assert (restored.tab, restored.values, restored.problem) == ("mask", ("cls", 20, True, ["a1", "b2"]), "")


def test_a_lone_surrogate_can_be_linked(controls):
    assert "a=%EF%BF%BD" in write_link(
        ("\ud83d", "b"), "tokens", ["mean", 64, False, []], controls, FACTS, ("", "")
    )


def test_a_link_too_long_to_open_is_refused(controls):
    with pytest.raises(
        InputError, match=rf"and {LONGEST:,} are the most that can be opened; shorten the sentences"
    ):
        write_link(
            ("word " * 5000, "b"), "tokens", ["mean", 64, False, []], controls, FACTS, ("bert", "tokens")
        )


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
def test_one_bad_value_gives_one_sentence_and_the_defaults(controls, key, value):
    restored = read_link({"pooling": "cls", key: value}, controls, TABS, FACTS)
    assert restored.problem.startswith(f"The link could not be followed: {key} is {value!r}"[:45])
    assert restored.problem.endswith("; here are the defaults.")
    assert (restored.tab, restored.values) == ("tokens", ("mean", 64, False, []))


def test_a_control_takes_the_bounds_of_the_chosen_encoder(controls):
    pooling, length, special, mask = controls
    assert pooling.update(FACTS, "cls")["choices"] == ["mean", "cls"]
    assert {"minimum": 8, "maximum": 64, "value": 20}.items() <= length.update(FACTS, 20).items()
    assert special.update(FACTS, True)["value"] is True
    assert mask.update(FACTS, ["a1"]) == ["a1"]


def test_the_facts_of_the_bundled_encoder_are_those_of_its_model(model):
    assert Facts.of_bundled() == Facts.of(model)


@pytest.mark.parametrize(
    ("chosen", "inputs", "says"),
    [
        (("1", ALL_HEADS, PACKED, False), "packed", "Layer 1, mean of all heads: how much each row's"),
        (("2", "3", "B→A", False), "packed", "Layer 2, head 3: "),
        ((ALL_LAYERS, ALL_HEADS, "B alone", False), "apart", "Mean of all layers, mean of all heads: "),
        (("1", "2", "B alone", True), "apart", "takes from each column's, for sentence B alone. "),
    ],
)
def test_attention_is_drawn_as_it_was_chosen_under_the_mask_and_says_who_used_it(model, chosen, inputs, says):
    settings = Settings(model.name, model.default_pooling, "last", "concat", model.max_length)
    comparison = settings.compare(model, "A dog barks.", "The cat sleeps.")
    shown = html.unescape(draw_attention(model, settings, comparison, *chosen, ["b2"]))
    assert says in shown
    assert "The mask hides 1 token of this input" in shown
    used = model.scorers_of(inputs)
    assert f"by {used[0]}" in shown if used else "No scorer of this model reads pairs packed" in shown


def test_a_small_picture_of_attention_opens_its_head():
    assert open_head(gr.EventData(None, {"key": "2-3"})) == ("2", "3")


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

    with pytest.raises(gr.Error, match="Sentence A is &lt;b&gt;empty") as raised:
        fails()
    assert raised.value.print_exception is False
    assert stale() == gr.skip()
    assert sentence("max_length is 3") == "max_length is 3"


def test_gradio_is_imported_without_writing_its_stubs_and_nothing_stays_changed():
    code = (
        "import ast, inspect\nbefore, segment, seen = inspect.getfile, ast.get_source_segment, []\n"
        "ast.get_source_segment = lambda *a, **k: seen.append(a) or segment(*a, **k)\n"
        "from bertsim.ui.quick_gradio import import_gradio\nimport_gradio()\nimport gradio\n"
        "assert not seen; assert inspect.getfile is before; assert inspect.getfile(gradio.HTML)\n"
        "print(gradio.Textbox(label='a').label)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "a\n", done.stderr


def test_the_cards_name_every_encoder_with_its_size_and_mark_the_current_one():
    cards = encoder_cards((BUNDLED_OFFER, *WELL_KNOWN, Offer("<b>", "/x")), WELL_KNOWN[0].name)
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
    assert "Back to small-bert" in encoder_in_use("big/bert", False, "small-bert")
    assert "Back" not in encoder_in_use("small-bert", True, "small-bert")
    assert "<script>" not in encoder_failed("<script>", "small-bert")
