"""What the tour says is so, by the bundled encoder, and its links open what they promise; the challenge can be won."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from bertsim.ui.controls import Choices
from bertsim.ui.pairs import Pairs, Settings
from bertsim.ui.tabs import hidden_tokens
from bertsim.ui.tour import TOUR, link_of
from bertsim.views.explain import mates, token_cosines, trace_tokens
from bertsim.views.tour import HIGH, challenge, tour


@pytest.fixture
def pairs(model):
    settings = Settings(model.name, model.default_pooling, "last", "concat", model.max_length)
    return [Pairs().compare(model, settings, stop.a, stop.b) for stop in TOUR]


def said(value: float) -> str:
    """A number as the tour writes it."""
    return f"{value:.2f}".removeprefix("0")


def test_who_paid_whom_the_cosine_hardly_knows_and_the_lines_cross(pairs):
    comparison = pairs[0].comparison
    assert f"is {said(comparison['cosine'].value)}." in TOUR[0].says
    own = token_cosines(comparison, -1)[1:4, 1:4]
    assert mates(own) == [(0, 2), (1, 1), (2, 0)]
    assert TOUR[0].values["layer"] == str(pairs[0].model.config.num_hidden_layers)


def test_a_not_leaves_the_cosine_above_07_and_hidden_it_climbs(pairs):
    comparison = pairs[1].comparison
    assert comparison["cosine"].value > 0.7
    assert f"It is {said(comparison['cosine'].value)} still" in TOUR[1].says
    assert pairs[1].model.verdict(comparison).kind == "opposite"
    (_, (place,)), mask = hidden_tokens(pairs[1], TOUR[1].values["mask"])
    assert comparison.tokens.tokens[1][place] == "not"
    assert pairs[1].rescore(mask)["cosine"].value > comparison["cosine"].value + 0.1


def test_alive_and_dead_are_told_apart_by_reading_them_together(pairs):
    verdict = pairs[2].model.verdict(pairs[2].comparison)
    assert f"is {said(pairs[2].comparison['cosine'].value)}, as for many a paraphrase" in TOUR[2].says
    assert pairs[2].model.ruler().share_below("paraphrase", pairs[2].comparison["cosine"].value) > 0.4
    assert min(verdict.a_to_b.contradiction, verdict.b_to_a.contradiction) > 0.9


def test_the_two_banks_part_on_their_way(pairs):
    comparison = pairs[3].comparison
    at = [int(pin[1:]) for pin in TOUR[3].values["pins"]]
    assert [comparison.tokens.tokens[row][place] for row, place in enumerate(at)] == ["bank", "bank"]
    traced = trace_tokens(comparison, *at)
    assert f"is {said(traced[0])} at the embeddings and {said(traced[-1])} at the last layer" in TOUR[3].says


def test_a_paraphrase_without_a_shared_word_is_above_every_unrelated_pair(pairs):
    cosine = pairs[4].comparison["cosine"].value
    assert f"is {said(cosine)}, above every unrelated pair" in TOUR[4].says
    assert pairs[4].model.ruler().share_below("unrelated", cosine) == 1
    assert not {*pairs[4].comparison.tokens.tokens[0][1:4]} & {*pairs[4].comparison.tokens.tokens[1]}


def test_what_stands_behind_the_cut_does_nothing(pairs):
    comparison = pairs[5].comparison
    assert "Then the wind came up." in comparison.unread[1].cut_off
    without = pairs[5].model.compare(TOUR[5].a, TOUR[5].b.removesuffix("Then the wind came up."))
    assert without["cosine"].value == pytest.approx(comparison["cosine"].value, abs=1e-6)


@pytest.mark.parametrize("stop", TOUR, ids=range(len(TOUR)))
def test_a_stop_s_link_is_read_as_it_was_meant(model, stop):
    allowed = Choices.of_bundled()
    query, hash_, view = link_of(stop, allowed, model.name).removeprefix("?").partition("#")
    found = dict(parse_qsl(query))
    assert (found.pop("a"), found.pop("b"), "encoder" in found) == (stop.a, stop.b, False)
    tab, values, problem = allowed.read_link(found)
    assert (tab, problem) == (stop.tab or "saw", "")
    assert values == {**allowed.defaults, **stop.values}
    assert bool(hash_) == (view == "bs-tabs") == bool(stop.tab)
    assert "encoder=" in link_of(stop, allowed, "another")


def test_every_question_has_its_answers_one_of_them_right_and_its_link():
    html = tour([(stop, f"?{i}&x") for i, stop in enumerate(TOUR)])
    assert html.count("<fieldset>") == html.count("✓ right") == len(TOUR) == 6
    assert html.count('type="radio"') == sum(len(stop.answers) for stop in TOUR)
    assert 'href="?5&amp;x"' in html


def test_the_challenge_says_what_is_wanting_until_an_opposite_pair_scores_high(model):
    def told(a: str, b: str) -> str:
        comparison = model.compare(a, b)
        return challenge(comparison["cosine"].value, model.verdict(comparison))

    assert "Still wanted: opposite claims and a cosine above .95." in told("A dog barks.", "The soup is cold.")
    assert "Still wanted: opposite claims." in told("Alice paid Bob.", "Bob paid Alice.")
    assert "Still wanted: a cosine above .95." in told("The patient is alive.", "The patient is dead.")
    won = told("The cat is on the left side of the house.", "The cat is on the right side of the house.")
    assert "is-found" in won
    assert "“Same subject, opposite claims”. Found!" in won
    assert HIGH == 0.95
    assert "cosine 0.500. Still wanted: opposite claims" in challenge(0.5, None)
