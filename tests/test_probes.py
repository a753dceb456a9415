"""Probes: what is swapped, what counts as a negation, what is held out."""

from __future__ import annotations

import pytest

from bertsim.measuring.probes import (
    EXAMPLES,
    is_held_out,
    negation_trials,
    order_trials,
    share_ranked_below,
    shared_words,
    swap_roles,
)

ANIMALS = ("dog", "cat", "horse", "pig", "cow", "hen", "fox", "wolf", "bear", "lion", "mouse", "rat", "frog", "goat")
SWAPPABLE = [f"The {a} chased the {b}." for a in ANIMALS for b in ANIMALS if a < b]


@pytest.mark.parametrize(
    ("sentence", "swapped"),
    [
        ("The dog bites the man.", "The man bites the dog."),
        ("My mother told your brother.", "Your brother told my mother."),
        ("A cab stopped at the curb!", "The curb stopped at a cab!"),
    ],
)
def test_the_two_phrases_of_a_simple_sentence_change_places(sentence: str, swapped: str) -> None:
    assert swap_roles(sentence) == swapped
    assert swap_roles(swapped) == sentence


@pytest.mark.parametrize(
    "sentence",
    [
        "A dog is an animal.",  # means much the same
        "The girl married the boy.",
        "The dog barked.",
        "The dog chased the dog.",
        "The dog, the cat and the man slept.",
        "The small boys had discovered the goose.",
        "",
    ],
)
def test_other_sentences_are_left_alone(sentence: str) -> None:
    assert swap_roles(sentence) is None


def test_order_trials_are_distinct_and_do_not_depend_on_the_order_of_the_file() -> None:
    trials = order_trials([*SWAPPABLE, *SWAPPABLE, "No phrase here."], 20)
    assert len(trials) == len(set(trials)) == 20
    assert trials == order_trials(reversed(SWAPPABLE), 20)


def test_a_negation_trial_repeats_most_words_of_its_premise() -> None:
    premise = "A man is playing a guitar."
    rows = [
        (premise, "Nobody is there.", "contradiction"),
        (premise, "A man is not playing a guitar.", "contradiction"),
        (premise, "There is music.", "entailment"),
        (premise, "A musician plays.", "neutral"),
        ("A dog runs.", "Cats sleep.", "contradiction"),  # in other words
        ("A dog runs.", "An animal moves.", "entailment"),
        ("A girl eats.", "A girl eats not.", "contradiction"),  # nothing follows
    ]
    assert negation_trials(rows) == [(premise, "A man is not playing a guitar.", "There is music.")]
    assert shared_words(premise, "A man is not playing a guitar.") == pytest.approx(6 / 7)
    assert shared_words(premise, "...") == 0


def test_a_tie_counts_half() -> None:
    assert share_ranked_below([0.2, 0.9, 0.5], [0.5, 0.9, 0.1]) == 0.5


def test_about_a_tenth_is_held_out_always_the_same() -> None:
    sentences = [f"Sentence number {i}." for i in range(2000)]
    assert 150 < sum(map(is_held_out, sentences)) < 250
    assert not is_held_out("The dog bites the man.")


def test_there_are_ten_examples_each_of_two_sentences() -> None:
    assert len({(a, b) for _, a, b in EXAMPLES}) == 10
