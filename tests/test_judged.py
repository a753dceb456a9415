"""What `evaluate` says of pairs that are similar or not, and the pictures it draws."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from bertsim.cli.evaluate import similar_from
from bertsim.errors import InputError

PAIRS = [
    ("A dog barks at night.", "A dog is barking at night."),
    ("A man plays a guitar.", "The president signed the new law."),
    ("A child reads a book.", "A kid is reading a book."),
    ("Prices rose in March.", "A cat sleeps on the mat."),
    ("Two women walk along the beach.", "Two women are walking on the beach."),
    ("The river is deep.", "He bought a new house."),
]


def write(path: Path, labels: Sequence[object]) -> str:
    rows = [f"{a}\t{b}\t{label}" for (a, b), label in zip(PAIRS, labels, strict=True)]
    path.write_text("\n".join(["sentence1\tsentence2\tlabel", *rows]) + "\n", encoding="utf-8")
    return str(path)


def test_which_label_is_similar_follows_the_scale() -> None:
    assert similar_from(None, [0, 1, 1]) == 1
    assert similar_from(None, [0.2, 0.9]) == 0.8
    assert similar_from(None, [0, 2.5, 5]) == 4
    assert similar_from(3, [0, 2.5, 5]) == 3
    with pytest.raises(InputError, match="--similar-from is 6, and labels go from 0 to 5"):
        similar_from(6, [0, 5])


def test_thresholds_come_from_dev_and_every_figure_stands_in_the_json(cli, tmp_path: Path) -> None:
    data = write(tmp_path / "test.tsv", [1, 0, 1, 0, 1, 0])
    dev = write(tmp_path / "dev.tsv", [1, 0, 1, 0, 1, 1])
    words = ["--dev", dev, "--resamples", "20", "--json", "--plots", tmp_path / "plots"]
    table = json.loads(cli("evaluate", "--data", data, *words).out)
    cosine = table["scorers"]["cosine"]
    assert (cosine["roc_auc"], cosine["average_precision"], cosine["positives"]) == (1, 1, 3)
    assert {"threshold", "accuracy", "precision", "recall", "f1", "brier", "ece"} <= set(cosine)
    assert (cosine["precision"], cosine["recall"], cosine["f1"]) == (0.75, 1, 0.857143)  # of four called similar
    own = json.loads(cli("evaluate", "--data", data, "--resamples", "20", "--json").out)
    assert own["scorers"]["cosine"]["threshold"] != cosine["threshold"]
    assert table["scorers"]["tfidf"]["roc_auc"] > 0.9
    assert table["similar_from"] == 1
    for name in table["plots"]:
        assert Path(name).read_bytes().startswith(b"\x89PNG")
    assert {"roc.png", "scatter-cosine.png", "scatter-tfidf.png", "reliability-cosine.png"} <= {
        Path(name).name for name in table["plots"]
    }


def test_labels_without_a_similar_pair_have_correlations_alone(cli, tmp_path: Path) -> None:
    data = write(tmp_path / "test.tsv", [3, 0, 2.5, 1, 3.5, 2])
    done = cli("evaluate", "--data", data, "--resamples", "20", "--scorer", "cosine")
    row = next(line for line in done.out.splitlines() if line.startswith("cosine") and "–" in line)
    assert row.split()[1:8] == ["–"] * 7


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--dev", "few.tsv"], "few.tsv has 2 labelled pairs; a correlation needs at least 3."),
        (["--dev", "apart.tsv"], "apart.tsv: no two sentences share a word; give the pairs that go with data.tsv."),
        (
            ["--dev", "rated.tsv"],
            "rated.tsv: labels go from 2 to 5, and pairs are similar from 1 on; give a --dev with pairs of both kinds,"
            " or leave it out.",
        ),
        (["--similar-from", "9"], "--similar-from is 9, and labels go from 0 to 1; choose a label that parts them."),
        (["--ranges", "nan", "0.5"], "the ranges begin at [nan, 0.5]; rising numbers were expected."),
        (["--plots", "data.tsv"], "cannot read or write data.tsv: File exists; mend that, and start again."),
    ],
)
def test_what_cannot_be_is_found_before_the_model_is_loaded(
    cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bertsim.cli.evaluate.load_scoring", pytest.fail)
    write(Path("data.tsv"), [1, 0, 1, 0, 1, 0])
    write(Path("rated.tsv"), [5, 2, 5, 2, 5, 2])
    Path("few.tsv").write_text("a\tb\tlabel\nx\tx\t1\nx\ty\t0\n")
    Path("apart.tsv").write_text("a\tb\tlabel\nx\ty\t1\nx\tz\t0\nv\tw\t0\n")
    assert cli("evaluate", "--data", "data.tsv", *words).refusal == sentence


def test_a_picture_that_cannot_be_written_is_one_sentence(cli, tmp_path: Path) -> None:
    data, taken = write(tmp_path / "test.tsv", [1, 0, 1, 0, 1, 0]), tmp_path / "scatter-cosine.png"
    taken.mkdir()
    words = ["--scorer", "cosine", "--resamples", "20", "--plots", tmp_path]
    assert cli("evaluate", "--data", data, *words).refusal == (
        f"cannot read or write {taken}: Is a directory; mend that, and start again."
    )


@pytest.mark.parametrize(
    ("words", "numbers", "said"),
    [
        (["Yes", "no"] * 3, [1, 0] * 3, "labels: yes = similar, no = not"),
        (["false", "TRUE"] * 3, [0, 1] * 3, "labels: true = similar, false = not"),
        (["duplicate", "non-duplicate"] * 3, [1, 0] * 3, "labels: duplicate = similar, not_duplicate = not"),
        (["entailment", "not_entailment"] * 3, [1, 0] * 3, "labels: entailment = similar, not_entailment = not"),
        (
            ["entailment", "neutral", "ENTAILMENT", "contradiction", "entailment", "neutral"],
            [1, 0] * 3,
            "labels: entailment = similar, neutral and contradiction = not",
        ),
    ],
)
def test_labels_that_are_words_are_read_as_numbers_are_and_said(cli, tmp_path, words, numbers, said) -> None:
    options = ["--scorer", "cosine,nli", "--resamples", "20"]
    named = cli("evaluate", "--data", write(tmp_path / "words.tsv", words), *options)
    plain = cli("evaluate", "--data", write(tmp_path / "numbers.tsv", numbers), *options)
    lines = named.out.replace("words.tsv", "numbers.tsv").splitlines()
    assert [line for line in lines if line != said] == plain.out.splitlines()
    assert lines.count(said) == 1
    assert [line.split()[0] for line in lines if line.startswith(("cosine", "nli"))] == ["cosine", "nli"] * 2
    found = json.loads(cli("evaluate", "--data", tmp_path / "words.tsv", "--json", *options).out)
    read = {(word.lower().replace("non-", "not_"), number) for word, number in zip(words, numbers, strict=True)}
    assert set(found["label_words"].items()) == read


KNOWN = "one of yes, true, similar, duplicate, paraphrase, equivalent, entailment, no, false, dissimilar, not_similar,"
KNOWN += " not_duplicate, not_paraphrase, not_equivalent, not_entailment, neutral, contradiction"


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["maybe", "yes", "no"], "is 'maybe', and a finite number, or {known} was expected"),
        (["yes", "maybe", "no"], "is 'maybe', and {known}, as in the rows before, was expected"),
        (["yes", "0", "no"], "is '0', and {known}, as in the rows before, was expected"),
        (["1", "no", "0"], "is 'no', and a finite number, as in the rows before, was expected"),
    ],
)
def test_words_that_are_not_known_or_stand_among_numbers_are_refused(cli, tmp_path, labels, said) -> None:
    path = Path(write(tmp_path / "data.tsv", [*labels, "no", "no", "yes"]))
    line = 2 if labels[0] == "maybe" else 3
    assert cli("evaluate", "--data", path).refusal == (
        f"{path}:{line}: the label in 'label' {said.format(known=KNOWN)};"
        " mend the row, or leave such rows out with --skip-bad-rows."
    )


def test_words_that_are_not_known_can_be_left_out_and_are_counted(cli, tmp_path) -> None:
    path = write(tmp_path / "data.tsv", ["-", "no", "yes", "1", "yes", "no"])
    done = cli("evaluate", "--data", path, "--skip-bad-rows", "--scorer", "cosine", "--resamples", "20", "--json")
    found = json.loads(done.out)
    assert (found["skipped"], found["label_words"], found["scorers"]["cosine"]["n"]) == (2, {"no": 0, "yes": 1}, 4)


def test_of_two_columns_of_labels_the_one_with_numbers_else_with_words_is_taken(cli, tmp_path) -> None:
    path = tmp_path / "data.tsv"
    for cells, column in ((["4", "yes"], "score"), (["sure", "yes"], "label")):
        rows = [f"{a}\t{b}\t{cells[0]}\t{cells[1] if i else 'no'}" for i, (a, b) in enumerate(PAIRS)]
        rows[0] = rows[0].replace("\t4\t", "\t1\t")
        path.write_text("\n".join(["sentence1\tsentence2\tscore\tlabel", *rows]) + "\n", encoding="utf-8")
        done = json.loads(cli("evaluate", "--data", path, "--scorer", "cosine", "--resamples", "20", "--json").out)
        assert done["label_column"] == column


@pytest.mark.parametrize(
    ("scorer", "said"),
    [
        ("cosine,cos", "--scorer is 'cos'; choose one of cosine, dot,"),
        ("cosine,all", "scorer is 'all'; known are cosine, dot,"),
        (
            "cosine, cosine",
            "--scorer is 'cosine, cosine', with 'cosine' twice; name each scorer once, with a comma between two.",
        ),
        ("cosine,", "--scorer is 'cosine,', with an empty name; name each scorer once, with a comma between two."),
    ],
)
def test_scorers_that_cannot_be_measured_side_by_side_are_refused(cli, tmp_path, scorer, said) -> None:
    path = write(tmp_path / "data.tsv", [1, 0, 1, 0, 1, 0])
    assert cli("evaluate", "--data", path, "--scorer", scorer).refusal.startswith(said)
