"""Training: what a step learns from, and whole runs: stopped, gone on with, and what a finished one leaves."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import bertsim
from bertsim.cli import main
from bertsim.cli.output import LiveLine, Stopped
from bertsim.errors import DataError, InputError
from bertsim.training.batches import cut_batches, take_turns
from bertsim.training.fit import RunFolder
from bertsim.training.losses import cosent, cross_entropy, dev_metric, in_batch_negatives
from bertsim.training.run import prepare_output
from tests.checkpoints import WORDS, make_checkpoint
from tests.pairs import write_pairs

pytestmark = pytest.mark.tensorflow

ROOT = Path(__file__).parent.parent


def words(folder: Path, encoder: Path, output: str, *more: str) -> list[str]:
    train, dev = folder / "train.tsv", folder / "dev.tsv"
    if not train.exists():
        write_pairs(train, 96)
        write_pairs(dev, 64, seed=1)
    return [
        *("train", "--data", str(train), "--dev", str(dev), "--encoder", str(encoder)),
        *("--output", str(folder / output), *more),
    ]


def weights_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("model.safetensors"))}


def test_batches_hold_every_example_once_and_follow_the_seed() -> None:
    lengths = np.random.default_rng(0).integers(3, 60, 1000)
    batches = cut_batches(lengths, 32, [1, 2])
    assert sorted(np.concatenate(batches)) == list(range(1000))
    assert all((a == b).all() for a, b in zip(batches, cut_batches(lengths, 32, [1, 2]), strict=True))
    assert any(
        (a != b).any() for a, b in zip(batches, cut_batches(lengths, 32, [1, 3]), strict=True) if len(a) == len(b)
    )


def test_an_epoch_takes_its_share_and_each_example_once_before_any_twice() -> None:
    assert take_turns(5, None, 3, [0]).tolist() == take_turns(5, 9, 3, [0]).tolist() == [0, 1, 2, 3, 4]
    turns = [take_turns(7, 3, epoch, [1, 2]).tolist() for epoch in range(7)]
    flat = [index for turn in turns for index in turn]
    for start in (0, 7, 14):
        assert sorted(flat[start : start + 7]) == list(range(7))
    assert flat[:7] != flat[7:14]
    assert turns == [take_turns(7, 3, epoch, [1, 2]).tolist() for epoch in range(7)]
    assert turns[0] != take_turns(7, 3, 0, [1, 3]).tolist()


def test_the_dev_metric_is_auc_for_two_classes_and_spearman_for_grades() -> None:
    assert dev_metric(np.array([[0.1], [0.4], [0.3]], np.float32), np.array([[0], [1], [0]], np.float32)) == 1
    assert dev_metric(np.array([[0.1], [0.4], [0.3]], np.float32), np.array([[0], [0.2], [1]], np.float32)) == 0.5
    assert np.isnan(dev_metric(np.ones((3, 1), np.float32), np.array([[0], [0.5], [1]], np.float32)))


# Losses, by hand


def test_losses_by_hand() -> None:
    one, none = np.ones(1, np.float32), np.zeros((1, 1), np.float32)
    found = cross_entropy(none, np.full((1, 1), 0.3, np.float32), one, exclusive=False)
    assert float(found) == pytest.approx(np.log(2))
    logits, label = np.log([[1, 2, 5], [1, 1, 2]]).astype(np.float32), np.eye(3, dtype=np.float32)
    two = np.array([1, 3], np.float32)  # -log(5/8), and three times -log(1/4), of two pairs
    expected = (np.log(8 / 5) + 3 * np.log(4)) / 2
    assert float(cross_entropy(logits, label[[2, 0]], two, exclusive=True)) == pytest.approx(expected, abs=1e-6)
    alike = np.zeros((1, 3), np.float32)
    assert float(cross_entropy(alike, label[:1], one, exclusive=True)) == pytest.approx(np.log(3))
    assert float(cross_entropy(alike, label[:1], one, exclusive=False)) == pytest.approx(np.log(2))
    a = np.eye(2, dtype=np.float32)
    assert float(cosent(a, a, np.array([1, 0], np.float32))) == pytest.approx(np.log(2))
    assert float(cosent(a, a, np.array([1, 1], np.float32))) == pytest.approx(0)
    assert float(in_batch_negatives(a[:1], a[:1])) == pytest.approx(0, abs=1e-6)
    assert float(in_batch_negatives(a, a[::-1])) == pytest.approx(20, abs=1e-4)


# Whole runs


def stop_at(word: str) -> Callable[..., None]:
    """What takes the place of `LiveLine.stage`, and stops the run where a stage that begins with this word does."""

    def stage(line: LiveLine, what: str) -> None:
        if what.startswith(word):
            raise Stopped(terminated=False)

    return stage


@dataclass(frozen=True)
class Run:
    """A run that came to its end: its words, what it left, and what it said."""

    given: list[str]
    output: Path
    told: str


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two heads on a frozen encoder, of ratings and of positives, with a test set and a bad row here and there."""
    folder = tmp_path_factory.mktemp("finished")
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    encoder = make_checkpoint(folder / "encoder", **shape)  # type: ignore[arg-type]
    positives = "".join(f"{w}\tthe {w}\n" for w in WORDS[16:40])
    (folder / "positives.tsv").write_text("sentence1\tsentence2\n" + positives)
    write_pairs(folder / "test.tsv", 8, seed=2)
    given = words(folder, encoder, "out", "--test", str(folder / "test.tsv"), "--skip-bad-rows")
    given += ["--data", str(folder / "positives.tsv"), "kind=positives", "--head", "pooled", "mean"]
    given += ["--epochs", "3", "--batch-size", "16", "--learning-rate", "0.01"]
    for name in ("train", "test"):
        with (folder / f"{name}.tsv").open("a") as file:
            file.write("the dog\t \t3\n")
    with contextlib.redirect_stderr(io.StringIO()) as told:
        assert main(given) == 0
    return Run(given, folder / "out", told.getvalue())


def test_a_run_makes_a_folder_that_loads_and_says_what_it_is_worth(finished: Run) -> None:
    output, name = finished.output, "model.safetensors"
    assert (output / name).read_bytes() == (output.parent / "encoder" / name).read_bytes()
    made = ("config.json", "model.safetensors", "model.tflite", "calibration.json", "metrics.json", "curve.png")
    for name in ("pooled", "mean"):
        assert {path.name for path in (output / "heads" / name).iterdir()} >= {*made}
        metrics = json.loads((output / "heads" / name / "metrics.json").read_text())
        assert [(row["used"], row["left_out"]) for row in metrics["rows"]] == [(96, 1), (24, 0)]
        for part in ("dev", "test"):
            spearman = f"{metrics['as_served'][part]['spearman']:.4f}"
            assert spearman in (output / "README.md").read_text()
            assert re.search(rf"{name}: .*{part} Spearman {spearman}", finished.told)
        assert (output / "heads" / name / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert not (output / ".run").exists()
    for name in ("train", "test"):
        assert f"{name}.tsv: 1 bad rows left out" in finished.told
    fast, exact = bertsim.load(output), bertsim.load(output, engine="tensorflow")
    assert {"pooled", "mean", "combined"} <= set(fast.scorers)
    pair = [("the dog", "a cat")]
    for scorer in ("pooled", "mean"):
        found, expected = (model.score(pair, scorer=scorer)[0] for model in (fast, exact))
        assert found == pytest.approx(expected, abs=0.02)
        assert fast.compare(*pair[0])[scorer].probability is not None


def test_where_none_can_be_fitted_the_calibrations_of_what_did_not_learn_stay_and_it_is_said(
    finished: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    curves = json.loads((finished.output / "calibration.json").read_text())
    assert {"cosine", "combined"} <= curves.keys()
    rest = ("--head", "mean", "--epochs", "1", "--batch-size", "16")
    few = write_pairs(tmp_path / "few.tsv", 15, seed=2)
    assert main(words(tmp_path, finished.output, "new", *rest, "--dev", str(few))) == 0
    del curves["combined"]  # of heads that were not copied
    assert json.loads((tmp_path / "new" / "calibration.json").read_text()) == curves
    told = capsys.readouterr().err
    fault = "few.tsv: there are 15 labelled pairs; a calibration needs at least 20."
    assert f"the calibration of cosine, dot, euclidean, manhattan, alignment stays as it was; {fault}" in told
    assert f"no calibration of mean; {fault}" in told
    assert "no combination; few.tsv: scores and labels of at least 20 pairs" in told

    own, low = shutil.copytree(finished.output, tmp_path / "own"), tmp_path / "low.tsv"
    rows = [row for row in (tmp_path / "dev.tsv").read_text().splitlines() if not row.endswith(("4.00", "5.00"))]
    low.write_text("\n".join(rows) + "\n")
    for name in ("verdict.json", "words.json", "combined.json"):
        (own / name).write_text("{")
    (own / "calibration.json").write_text("{")
    (own / "manifest.json").unlink()
    assert main(words(tmp_path, own, "own", *rest, "--dev", str(low), "scale=0:5")) == 0
    told, kept = capsys.readouterr().err, Path("heads/pooled/calibration.json")
    for name in ("verdict.json", "words.json", "combined.json", "calibration.json"):
        assert f"{name} was removed: " in told
        assert (own / name).exists() == (name in ("combined.json", "calibration.json"))  # which are made anew
    assert "the calibration of pooled stays as it was; low.tsv: of " in told
    assert "alignment, mean, combined; low.tsv: of " in told
    assert (own / kept).read_bytes() == (finished.output / kept).read_bytes()
    assert json.loads((own / "calibration.json").read_text()) == {}
    assert not (own / "heads" / "mean" / "calibration.json").exists()
    assert {"mean", "pooled"} <= json.loads((own / "combined.json").read_text())["weights"].keys()


CHILD = """
import sys, time
from bertsim.training import fit
fit.SAVE_SECONDS = 0.0
from bertsim.cli.output import LiveLine
LiveLine.show = lambda *args: time.sleep(0.05)
from bertsim.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.long
def test_a_run_that_was_stopped_by_a_signal_goes_on_to_the_same_numbers(
    finished: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [*finished.given, "--output", str(tmp_path / "cut")]
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, *given], cwd=ROOT, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    assert child.stderr is not None
    for line in child.stderr:  # stopped in the second epoch, wherever it is
        if "epoch 1:" in line:
            break
    time.sleep(0.2)
    child.send_signal(signal.SIGTERM)
    told = child.communicate(timeout=60)[1]
    assert child.returncode == 143, told
    assert "--resume goes on from there" in told
    assert (tmp_path / "cut" / "heads" / "pooled" / "model.safetensors").exists()
    assert main(given) == 2  # neither overwritten nor mixed up
    assert main([*given, "--learning-rate", "0.5", "--resume"]) == 2
    with monkeypatch.context() as patch:
        patch.setattr(LiveLine, "stage", stop_at("exporting"))
        assert main([*given, "--resume"]) == 130
    assert weights_of(tmp_path / "cut") == weights_of(finished.output)


def test_the_files_of_a_run_are_those_of_its_job_and_whole(tmp_path: Path) -> None:
    job = {"epochs": 3, "data": [{"path": "x.tsv", "take": None}], "mix": None}
    folder = RunFolder(tmp_path, job)
    assert folder.kept("state") is None
    folder.keep("state", [np.ones(2, np.float32)], {"epoch": 1})
    found = RunFolder(tmp_path, {"epochs": 3, "data": [{"path": "x.tsv"}]}).kept("state")
    assert found is not None
    assert ([array.tolist() for array in found[0]], found[1]) == ([[1, 1]], {"epoch": 1})
    with pytest.raises(InputError, match="holds a run with another data, epochs; resume it with the words"):
        RunFolder(tmp_path, {"epochs": 2, "data": [{"path": "y.tsv"}]}).kept("state")
    advice = re.escape(f"; remove the folder {tmp_path}, and --resume begins that run anew.")
    with pytest.raises(DataError, match=f"holds other tensors than this run has{advice}"):
        folder.restore("state", [])
    (tmp_path / "state.safetensors").write_bytes(b"x" * 20)
    with pytest.raises(DataError, match=rf"state\.safetensors cannot be read .*{advice}"):
        folder.kept("state")


def test_a_stopped_run_leaves_nothing_of_older_weights_beside_the_new(
    finished: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(finished.output, tmp_path / "out")
    rest = ("--head", "mean", "--batch-size", "16", "--patience", "9", "--epochs", "9")
    made = {folder / "heads/mean" / name for name in ("model.tflite", "calibration.json", "metrics.json")}
    of_the_encoder = {folder / name for name in ("model.tflite", "calibration.json")}
    assert all(path.exists() for path in (*made, *of_the_encoder, folder / "combined.json"))
    monkeypatch.setattr(LiveLine, "stage", stop_at("epoch"))
    for resume in ([], ["--resume"]):
        given = words(tmp_path, folder, "tuned", *rest, "--tune", "all", *resume)
        assert main(given) == 130
        tuned = {path.relative_to(tmp_path / "tuned") for path in (tmp_path / "tuned").rglob("*.*")}
        assert Path("heads/mean/model.safetensors") in tuned
        assert not tuned & {path.relative_to(folder) for path in (*of_the_encoder, folder / "combined.json")}
    assert main(words(tmp_path, folder, "out", *rest)) == 130
    assert not any(path.exists() for path in (*made, folder / "combined.json"))
    assert all(path.exists() for path in of_the_encoder)  # it is what it was
    assert "mean" in bertsim.load(folder).scorers


def test_a_run_that_was_stopped_while_the_encoder_was_copied_copies_it_anew(
    tmp_path: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"

    def copy_half(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:100])
        if source.suffix == ".safetensors":
            raise Stopped(terminated=False)

    with monkeypatch.context() as patch:
        patch.setattr("bertsim.export.bundle.shutil.copyfile", copy_half)
        assert main(words(tmp_path, tiny_checkpoint, "out", "--head", "mean", "--epochs", "1")) == 130
    assert "--resume goes on from there" in capsys.readouterr().err
    assert not (output / "model.safetensors").exists()
    prepare_output(tiny_checkpoint, "none", output, resume=True)
    assert {path.name for path in output.glob(".*")} == {".run"}
    for path in tiny_checkpoint.glob("*.*"):
        assert (output / path.name).read_bytes() == path.read_bytes()


def test_what_is_not_as_its_manifest_says_is_neither_trained_on_nor_exported(
    tmp_path: Path, tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    encoder = shutil.copytree(tiny_bundle, tmp_path / "encoder")
    with (encoder / "model.safetensors").open("r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(b"\x00\x00\x80\x3f")
    export = ["export", "--encoder", str(encoder), "--output", str(tmp_path / "out")]
    for given in (export, words(tmp_path, encoder, "out", "--head", "mean")):
        assert main(given) == 2
        assert "model.safetensors is damaged or was changed" in capsys.readouterr().err
        assert not (tmp_path / "out").exists()


def test_an_encoder_without_the_classifier_it_came_with_does_not_promise_one(tmp_path: Path) -> None:
    encoder = make_checkpoint(tmp_path / "encoder", num_hidden_layers=1, labels=("different", "similar"))
    assert main(["export", "--encoder", str(encoder), "--output", str(tmp_path / "exported")]) == 0
    prepare_output(encoder, "all", tmp_path / "tuned", resume=False)
    for name in ("exported", "tuned"):
        config = json.loads((tmp_path / name / "config.json").read_text())
        assert config["architectures"] == ["BertModel"]
        assert not {"id2label", "label2id"} & config.keys()
        assert not bertsim.load(tmp_path / name, engine="tensorflow").heads


def test_a_loss_that_is_no_number_stops_with_the_rows(
    tmp_path: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bertsim.training.joint.JointTask.step", lambda *args: float("nan"))
    assert main(words(tmp_path, tiny_checkpoint, "out", "--head", "mean")) == 2
    assert "the loss became nan in epoch 1, step 1 (" in (told := capsys.readouterr().err)
    assert "train.tsv:" in told


def test_bad_words_and_bad_data_stop_before_training(
    tmp_path: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = words(tmp_path, tiny_checkpoint, "out", "--head", "mean")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    for more, message in (
        (["--epochs", "0"], "epochs is 0; at least 1"),
        (["--learning-rate", "-1"], "learning_rate is -1.0"),
        (["--batch-size", "500"], "96 rows are fewer than a batch of 500"),
        (["--output", str(tmp_path / "full")], "exists and is not an empty folder"),
        (["--resume"], "holds no run to resume"),
        (["--head", "mean", "mean"], "every head needs a name of its own"),
        (["--data", "x.txt", "kind=text"], "x.txt: kind is 'text', which goes with tune 'all' alone."),
        (
            ["--recipe", "x.toml", "--seed", "0", "--batch-size", "8", "--units", "3"],
            "--recipe says what is trained on what, and how; leave out --data, --dev, --head, --units, --batch-size,"
            " --seed.",
        ),
        (["--data-root", "x"], "--data-root goes with --recipe"),
        (["--dev", "lab.tsv", "many.tsv"], "--dev takes one FILE and key=value words, but got 'lab.tsv many.tsv'"),
        (["--max-length", "9999"], "max_length is 9999"),
        (["--dropout", "7"], "dropout is 7.0; a number in [0, 1) was expected."),
    ):
        assert main([*given, *more]) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    for name, labels, message in (
        ("few", (1, 2), "few.tsv has 2 labelled pairs; a correlation needs at least 3."),
        ("one", (1, 1, 1), "one.tsv: every label is 1, one class alone; a correlation needs labels that differ."),
    ):
        path = tmp_path / f"{name}.tsv"
        path.write_text("a\tb\tscore\n" + "".join(f"x\ty\t{label}\n" for label in labels))
        for option in ("--dev", "--test"):
            assert main([*given, option, str(path), "scale=0:5"]) == 2
            assert message in capsys.readouterr().err
    with (tmp_path / "train.tsv").open("a") as file:
        file.write("the dog\t \t3\n")
    assert main(given) == 2
    told = "train.tsv:98: 'sentence2' is empty; mend the row, or leave such rows out with --skip-bad-rows."
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
