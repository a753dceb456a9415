"""What `evaluate` says of pairs that are similar or not, and the pictures it draws."""

from __future__ import annotations

import json
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


def write(path: Path, labels: list[float]) -> str:
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
    assert {"threshold", "accuracy", "f1", "brier", "ece"} <= set(cosine)
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
    assert row.split()[1:6] == ["–"] * 5


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--dev", "few.tsv"], "few.tsv has 2 labelled pairs; a correlation needs at least 3."),
        (["--dev", "apart.tsv"], "apart.tsv: no two sentences share a word; give the pairs that go with data.tsv."),
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
