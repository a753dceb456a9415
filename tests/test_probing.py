"""Probing: which trials files give, what is counted as right, and what the command prints and refuses."""

from __future__ import annotations

import json
from collections import Counter
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import bertsim
from bertsim.cli import main
from bertsim.errors import InputError
from bertsim.heads.config import LABELS
from bertsim.measuring.edits import KINDS, Edit, make_edits
from bertsim.measuring.edits.antonyms import EVERYDAY, UNSEEN, is_held_out_pair
from bertsim.measuring.probes import EXAMPLES, is_held_out
from bertsim.measuring.probing import ASKED_FOR, probe_labels, read_edits, read_inference, sharpness
from tests.checkpoints import make_checkpoint

ANIMALS = ("dog", "cat", "horse", "pig", "cow", "fox", "bear", "lion")
PEOPLE = ("man", "woman", "boy", "girl", "teacher", "doctor", "farmer", "driver", "singer", "soldier", "child", "nurse")
PLACES = ("garden", "park", "street", "house", "kitchen", "school", "river", "market")
PLAIN = [
    *(
        sentence
        for person, animal, place in product(PEOPLE, ANIMALS, PLACES)
        for sentence in (
            f"The {person} and the {animal} are not in the {place}.",
            f"The {place} of the {person} with a {animal} was very hot.",
            f"The {place} of the {person} with a {animal} was very good.",
            f"Three {animal}s of the {person} are in the {place}.",
            f"All {animal}s like the {place} of the {person}.",
            f"A {person} in a red coat walks to the {place} with a {animal}.",
            f"The {person} is not going to the {place} with the {animal}.",
        )
    ),
    *(
        f"The {a} {verb} the {b}."
        for a, b in permutations(PEOPLE, 2)
        for verb in ("chased", "pushed", "helped", "kissed")
    ),
]


@pytest.fixture(scope="module")
def inferring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random classifier of the three labels, in an order of its own."""
    folder = tmp_path_factory.mktemp("inferring") / "tiny-nli"
    return make_checkpoint(folder, labels=("CONTRADICTION", "ENTAILMENT", "NEUTRAL"))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file for every option of the command."""
    folder = tmp_path_factory.mktemp("files")
    held = [s for s in (f"A {a} sees {n} birds." for a in ANIMALS for n in range(60)) if is_held_out(s)]
    rows = [f"{s}\t{s[:-1]} not.\tcontradiction\n{s}\tAn animal.\tentailment\n" for s in held]
    (folder / "nli.tsv").write_text("sentence1\tsentence2\tlabel\n" + "".join(rows))
    same = "".join(f"{s}\tThere it sees them.\n" for s in held)
    (folder / "same.tsv").write_text(f"sentence1\tsentence2\n{same}")
    (folder / "plain.txt").write_text("\n".join(PLAIN))
    (folder / "none.txt").write_text("Hello.\n")
    (folder / "few.tsv").write_text("sentence1\tsentence2\tlabel\nThe dog bites the man.\tIt bites.\tentailment\n")
    (folder / "torn.tsv").write_text(f"sentence1\tsentence2\n{same}alone\n")
    (folder / "odd.tsv").write_text("sentence1\tsentence2\tlabel\nThe dog bites the man.\tIt bites.\tmaybe\n")
    return folder


def test_a_pair_is_tried_where_one_of_its_sentences_is_held_out(tmp_path: Path) -> None:
    held = [s for s in PLAIN if is_held_out(s)][:20]
    learnt = [s for s in PLAIN if not is_held_out(s)][:20]
    pairs = [*zip(held, learnt, strict=True), *zip(learnt, held, strict=True), *zip(learnt, learnt, strict=True)]
    for name, label in (("a.tsv", "Neutral"), ("b.tsv", "entailment")):
        rows = "".join(f"{a}\t{b}\t{label}\n" for a, b in pairs)
        (tmp_path / name).write_text(f"sentence1\tsentence2\tlabel\n{rows}")
    found = read_inference([tmp_path / "a.tsv", tmp_path / "b.tsv"])
    assert found == [(a, b, label) for label in ("neutral", "entailment") for a, b in pairs[:40]]


def test_edits_are_of_held_out_sentences_and_even_over_labels(files: Path, tmp_path: Path) -> None:
    found = read_edits([files / "plain.txt"], None, most=60)
    assert list(found) == [*KINDS, UNSEEN]
    held = [sentence for sentence in PLAIN if is_held_out(sentence)]
    for kind, edits in found.items():
        opposites = EVERYDAY.held_out() if kind == UNSEEN else EVERYDAY.seen()
        assert 30 <= len(edits) <= 60
        assert set(edits) <= {*make_edits("antonym" if kind == UNSEEN else kind, held, antonyms=opposites)}
    assert set(Counter(edit.label for edit in found["quantifier"]).values()) == {20}
    for kind, is_held in (("antonym", False), (UNSEEN, True)):
        for edit in found[kind]:
            changed = set(edit.premise[:-1].split()) ^ set(edit.hypothesis[:-1].split()) - {"not"}
            assert is_held_out_pair(*map(str.lower, changed)) is is_held
    (tmp_path / "again.txt").write_text("\n".join(reversed(PLAIN)))
    assert read_edits([tmp_path / "again.txt"], None, most=60) == found


@pytest.mark.parametrize("kind", [*KINDS, UNSEEN])
def test_edits_can_be_made_of_the_sentence_that_is_asked_for(kind: str) -> None:
    opposites = EVERYDAY.held_out() if kind == UNSEEN else EVERYDAY.seen()
    assert [*make_edits("antonym" if kind == UNSEEN else kind, [ASKED_FOR[kind]], antonyms=opposites)]


@pytest.mark.tensorflow
def test_the_share_of_labels_that_are_right_is_counted(inferring: Path) -> None:
    model = bertsim.load(inferring, engine="tensorflow")
    head = model.inferring_head
    assert head == "pooled"
    pairs = [(a, b) for _, a, b in EXAMPLES]
    labels = [label.lower() for label in model.labels(head)]
    said = [labels[i] for i in model.label_probabilities(pairs, head=head).argmax(axis=1)]
    right = [(a, b, label) for (a, b), label in zip(pairs, said, strict=True)]
    wrong = [(a, b, next(other for other in LABELS if other != label)) for a, b, label in right]
    rows = {"inference": [*right, *right, *right, *wrong], "role": wrong, "voice": [Edit(*right[0])]}
    found = probe_labels(model, head, rows)
    counted = [(each.name, each.values[head], each.count) for each in found]
    assert counted == [("inference", 0.75, 40), ("role", 0, 10), ("voice", 1, 1)]
    assert [each.trials for each in found[:2]] == ["40 held-out pairs", "10 edits of held-out sentences"]


@pytest.mark.tensorflow
def test_a_head_of_other_labels_infers_nothing(tmp_path: Path, tiny_checkpoint: Path) -> None:
    folder = make_checkpoint(tmp_path / "other", labels=("entailment", "neutral", "other"))
    assert bertsim.load(folder, engine="tensorflow").inferring_head is None
    assert bertsim.load(tiny_checkpoint, engine="tensorflow").inferring_head is None


@pytest.mark.tensorflow
def test_even_attention_has_the_sharpness_one(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "even")
    sentences = ["A man plays the guitar.", "The dog sleeps."]
    assert sharpness(bertsim.load(folder, engine="tensorflow"), sentences) > 1
    tensors = load_file(folder / "model.safetensors")
    for name, tensor in tensors.items():
        if ".attention.self.query." in name:
            tensors[name] = np.zeros_like(tensor)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    model = bertsim.load(folder, engine="tensorflow")
    assert sharpness(model, sentences) == pytest.approx(1)
    with pytest.raises(InputError, match="sharpness is measured on sentences, and there is none"):
        sharpness(model, [])


@pytest.mark.tensorflow
def test_the_command_measures_every_scorer_and_the_head(
    files: Path, inferring: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(files)
    words = "probe --inference nli.tsv --text plain.txt --paraphrases same.tsv --edits plain.txt --engine tensorflow"
    words = [*words.split(), "--encoder", str(inferring)]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    negation, order = found["probes"]
    assert (negation["name"], order["name"]) == ("negation", "word order")
    assert negation["trials"].startswith(f"{negation['count']} premises")
    assert set(negation["values"]) == set(order["values"]) >= {"cosine", "tfidf", "pooled"}
    assert order["values"]["tfidf"] == 0  # swapped sentences are one and the same to it
    assert found["head"] == "pooled"
    assert [each["name"] for each in found["labels"]] == ["inference", *KINDS, UNSEEN]
    assert found["labels"][0]["count"] == 2 * negation["count"]
    assert all(0 <= each["values"]["pooled"] <= 1 for each in found["labels"])
    assert [row["what"] for row in found["examples"]] == [what for what, _, _ in EXAMPLES]
    assert {"cosine", "contradicts", "reversed"} <= set(found["examples"][0])
    assert main(words) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[2].split() == ["scorer", "negation", "word", "order"]
    start = printed.index("pooled: share of pairs whose most probable label is right, its calibration error")
    assert printed[start + 1].split()[0] == "inference"
    assert printed[start + 2].endswith(" edits of held-out sentences")
    assert printed[-1].startswith("settings: encoder=tiny-nli ")


@pytest.mark.tensorflow
def test_a_model_without_such_a_head_says_so(
    files: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["probe", "--inference", str(files / "nli.tsv"), "--encoder", str(tiny_checkpoint)]
    assert main([*words, "--engine", "tensorflow"]) == 0
    shown = capsys.readouterr()
    assert "tiny has no head with probabilities of entailment, neutral and contradiction" in shown.err
    assert "negation" in shown.out
    assert "contradicts" not in shown.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--text plain.txt", "word order needs both --text FILE and --paraphrases FILE."),
        ("--text plain.txt --paraphrases few.tsv", "few.tsv: 0 held-out pairs; at least 10"),
        ("--text none.txt --paraphrases few.tsv", "none.txt: 0 held-out sentences whose noun phrases"),
        ("--text plain.txt --paraphrases torn.tsv", "torn.tsv:43: "),
        ("--inference few.tsv", "few.tsv: 0 held-out premises have a contradiction"),
        ("--inference gone.tsv", "gone.tsv does not exist"),
        (
            "--inference odd.tsv",
            "odd.tsv:2: the label is 'maybe', and one of entailment, neutral, contradiction was expected; mend",
        ),
        (
            "--edits none.txt",
            "none.txt: 0 edits of the kind 'negation' can be made of held-out sentences; at least 30 are "
            'needed: add a text with more sentences such as "The boy is not at home."',
        ),
        ("--edits gone.txt", "gone.txt does not exist"),
        ("--edits plain.txt --antonyms few.tsv", "few.tsv has no column 'pos'"),
        ("--antonyms few.tsv", "--antonyms goes with --edits FILE"),
    ],
)
def test_what_cannot_be_measured_is_named(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, message: str
) -> None:
    monkeypatch.chdir(files)
    assert main(["probe", *words.split()]) == 2
    assert message in capsys.readouterr().err


def test_too_few_pairs_to_infer_are_named(files: Path) -> None:
    with pytest.raises(bertsim.BertsimError, match=r"few\.tsv: 0 pairs have a held-out sentence; at least 10"):
        read_inference([files / "few.tsv"])
