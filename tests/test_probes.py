"""Probes: pairs that share their words and differ in meaning are made, and ranked, as their definitions say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bertsim.cli import main
from bertsim.errors import InputError
from bertsim.probes import (
    EXAMPLES,
    held_out_pairs,
    is_held_out,
    negation_triples,
    ranked_below,
    swap_roles,
    swapped_pairs,
    told_apart,
)
from bertsim.training.examples import read_examples
from bertsim.training.plan import Source

ANIMALS = (
    "dog",
    "cat",
    "horse",
    "sheep",
    "bear",
    "wolf",
    "fox",
    "cow",
    "goat",
    "hen",
    "lion",
    "mouse",
    "monkey",
)
VERBS = ("chased", "followed", "watched", "ignored", "helped", "bit", "pushed", "found", "loved", "feared")
SENTENCES = [f"The {a} {verb} the {b}." for a in ANIMALS for verb in VERBS for b in ANIMALS if a != b]


def test_a_tenth_is_held_out_whatever_case_and_marks_are():
    assert sum(map(is_held_out, SENTENCES)) == pytest.approx(len(SENTENCES) / 10, rel=0.2)
    for sentence in SENTENCES[:50]:
        assert is_held_out(sentence) == is_held_out(f"  {sentence.upper().rstrip('.')}!")


@pytest.mark.parametrize(
    ("sentence", "swapped"),
    [
        ("The dog bites the man.", "The man bites the dog."),
        ("My old aunt saw a bear in the garden!", "A bear saw my old aunt in the garden!"),
        ("Tom is helping Mary.", "Mary is helping Tom."),
        ("Tom broke his leg.", "His leg broke Tom."),
        ("The dog and the man.", None),
        ("Tom is the boss.", None),
        ("The boy ate the chocolate cake.", None),
        ("The dog bites the dog.", None),
        ("Rain falls.", None),
        ("", None),
    ],
)
def test_roles_are_swapped_in_plain_sentences_alone(sentence: str, swapped: str | None):
    assert swap_roles(sentence) == swapped


def test_swapped_pairs_do_not_depend_on_the_order_of_lines_and_keep_to_their_part():
    pairs = swapped_pairs(SENTENCES, 50)
    assert pairs == swapped_pairs(reversed(SENTENCES), 50)
    assert all(is_held_out(a) and sorted(a.lower().split()) != [] for a, _ in pairs)
    assert all(sorted(a.lower().strip(".").split()) == sorted(b.lower().strip(".").split()) for a, b in pairs)
    assert not any(is_held_out(a) for a, _ in swapped_pairs(SENTENCES, 50, held_out=False))
    with pytest.raises(InputError, match=r"the text has \d sentences whose roles can be swapped; 300"):
        swapped_pairs(SENTENCES[:20])


def test_negation_triples_are_held_out_contradictions_of_their_premise_s_words():
    premise = next(s for s in SENTENCES if is_held_out(s))
    other = next(s for s in SENTENCES if not is_held_out(s))
    words = premise.rstrip(".").split()
    plain, far = f"{' '.join(words[:-1])} nothing", "Nobody is there at all"
    rows = [
        (premise, "An animal is there", "entailment"),
        (premise, plain, "contradiction"),
        (premise, far, "contradiction"),
        (premise, "It is late", "neutral"),
        (other, "An animal is there", "entailment"),
        (other, other, "contradiction"),
    ]
    assert negation_triples(rows) == [(premise, "An animal is there", plain)]


def test_figures_are_what_their_definitions_say():
    assert ranked_below([0.9, 0.4, 0.5], [0.1, 0.8, 0.5]) == 0.5
    assert told_apart([0.9, 0.5], [0.5, 0.1]) == 0.875
    for figure in (ranked_below, told_apart):
        with pytest.raises(InputError, match="there are"):
            figure([], [])


def test_held_out_paraphrases_are_no_copies():
    pairs = [(s, s.upper()) for s in SENTENCES] + [(s, "Something else.") for s in SENTENCES]
    found = held_out_pairs(pairs, 20)
    assert all(is_held_out(a) and b == "Something else." for a, b in found)
    with pytest.raises(InputError, match="there are 0 held-out paraphrases; 1 were"):
        held_out_pairs(pairs[:3], 1)


def test_training_on_the_part_to_learn_never_sees_the_tenth(tmp_path: Path):
    path = tmp_path / "pairs.tsv"
    rows = zip(SENTENCES[:200], SENTENCES[200:400], strict=True)
    path.write_text("sentence1\tsentence2\n" + "".join(f"{a}\t{b}\n" for a, b in rows))

    def read(part: str) -> tuple[tuple[str, str], ...]:
        source = Source(str(path), kind="positives", part=part)
        return read_examples(source, ("similar",), lambda sentence: None).pairs

    learned, held = read("learn"), read("held-out")
    assert not any(is_held_out(sentence) for pair in learned for sentence in pair)
    assert all(is_held_out(a) for a, _ in held)
    assert {a for a, _ in held}.isdisjoint(sentence for pair in learned for sentence in pair)
    assert 0 < len(held) < len(learned) < len(read("all")) == 200
    with pytest.raises(InputError, match="part is 'half'; known are all, learn, held-out"):
        Source("x", part="half")


def test_the_command_prints_both_figures_of_every_scorer_and_ten_examples(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    held = [s for s in SENTENCES if is_held_out(s)]
    many = [
        s
        for a in ANIMALS
        for v in VERBS
        for b in ANIMALS
        for s in (f"My {a} {v} the {b}.", f"Her {a} {v} our {b}.")
        if a != b
    ]
    (tmp_path / "text.txt").write_text("\n".join(SENTENCES + many))
    rows = [f"{s}\t{s.rstrip('.')} in a way" for s in [*SENTENCES, *many]]
    (tmp_path / "para.tsv").write_text("\n".join(["sentence1\tsentence2", *rows]))
    nli = [f"{s}\tAn animal does it\tentailment\n{s}\tnot {s}\tcontradiction" for s in held[:20]]
    (tmp_path / "nli.tsv").write_text("\n".join(["premise\thypothesis\tlabel", *nli]))
    words = ["probe", "--inference", str(tmp_path / "nli.tsv"), "--text", str(tmp_path / "text.txt")]
    words += ["--paraphrases", str(tmp_path / "para.tsv")]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["triples"], found["swapped"], found["paraphrases"]) == (20, 300, 300)
    assert found["scorers"]["cosine"]["order"] < 0.1 > found["scorers"]["tfidf"]["order"]
    assert len(found["examples"]) == len(EXAMPLES) == 10
    assert set(found["examples"][0]["scores"]) == set(found["scorers"])
    assert main(["probe"]) == 0
    assert "The dog bites the man. ≠ The man bites the dog." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--text", "text.txt"], "--text and --paraphrases go together"),
        (["--inference", "nli.tsv"], "no held-out contradiction shares most of its words"),
    ],
)
def test_what_cannot_be_probed_is_said(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    message: str,
):
    monkeypatch.chdir(tmp_path)
    Path("nli.tsv").write_text("premise\thypothesis\tlabel\nA dog.\tA cat.\tneutral\n")
    assert main(["probe", *words]) == 2
    assert message in capsys.readouterr().err
