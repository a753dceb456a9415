"""Probes: what is swapped, what counts as a negation, what is held out, and what the command prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bertsim.cli import main
from bertsim.loading import BUNDLED_NAME
from bertsim.probes import (
    EXAMPLES,
    NegationTrial,
    is_held_out,
    negation_trials,
    order_trials,
    share_ranked_below,
    shared_words,
    swap_roles,
)

ANIMALS = (
    "dog",
    "cat",
    "horse",
    "pig",
    "cow",
    "hen",
    "fox",
    "wolf",
    "bear",
    "lion",
    "mouse",
    "rat",
    "frog",
    "goat",
)
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
    assert negation_trials(rows) == [
        NegationTrial(premise, "A man is not playing a guitar.", "There is music.")
    ]
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


def test_the_command_measures_every_scorer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    held = [s for s in (f"A {a} sees {n} birds." for a in ANIMALS for n in range(40)) if is_held_out(s)]
    rows = [f"{s}\t{s[:-1]} not.\tcontradiction\n{s}\tAn animal.\tentailment\n" for s in held]
    (tmp_path / "nli.tsv").write_text("sentence1\tsentence2\tlabel\n" + "".join(rows))
    (tmp_path / "text.txt").write_text("\n".join(SWAPPABLE))
    (tmp_path / "same.tsv").write_text(
        "sentence1\tsentence2\n" + "".join(f"{s}\tThere it sees them.\n" for s in held)
    )
    words = ["--inference", str(tmp_path / "nli.tsv"), "--text", str(tmp_path / "text.txt")]
    words += ["--paraphrases", str(tmp_path / "same.tsv")]
    assert main(["probe", *words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    negation, order = found["probes"]
    assert (negation["name"], order["name"]) == ("negation", "word order")
    assert negation["trials"].startswith(f"{len(held)} premises")
    assert set(negation["values"]) == set(order["values"]) >= {"cosine", "tfidf", "combined"}
    assert order["values"]["tfidf"] == 0  # swapped sentences are one and the same to it
    assert [row["what"] for row in found["examples"]] == [what for what, _, _ in EXAMPLES]
    assert main(["probe", *words]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[2].split() == ["scorer", "negation", "word", "order"]
    assert printed[-1].startswith(f"settings: encoder={BUNDLED_NAME} ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--text", "text.txt"], "word order needs both --text FILE and --paraphrases FILE."),
        (["--text", "text.txt", "--paraphrases", "few.tsv"], "few.tsv has 0 held-out pairs; at least 10"),
        (["--text", "none.txt", "--paraphrases", "few.tsv"], "none.txt has 0 sentences whose noun phrases"),
        (["--inference", "few.tsv"], "few.tsv: 0 held-out premises have a contradiction"),
        (["--inference", "gone.tsv"], "gone.tsv does not exist"),
    ],
)
def test_what_cannot_be_measured_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text("\n".join(SWAPPABLE))
    Path("none.txt").write_text("Hello.\n")
    Path("few.tsv").write_text("sentence1\tsentence2\tlabel\nThe dog bites the man.\tIt bites.\tentailment\n")
    assert main(["probe", *words]) == 2
    assert message in capsys.readouterr().err
