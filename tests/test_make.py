"""Recipes of steps: done once, done again when what they are made of changes, resumed where they were stopped."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import bertsim
from bertsim.card import END, START, replace_section
from bertsim.cli import main
from bertsim.errors import DataError
from bertsim.manifest import check_manifest
from bertsim.steps import (
    Places,
    can_resume,
    fingerprint,
    is_done,
    read_steps,
    record_done,
    record_start,
    words_of,
)
from tests.checkpoints import make_checkpoint

PAIRS = "sentence1\tsentence2\tscore\nA dog runs.\tA dog is running.\t5\nA dog runs.\tIt rains.\t0\nHi.\tHello.\t4\n"
RECIPE = """
[[step]]
name = "judged"
command = "evaluate"
data = "data:pairs.tsv"
resamples = 5

[[step]]
name = "whole"
command = "card"
encoder = "data:encoder"
evaluation = ["My pairs=step:judged/printed.json"]
text = "here:licences.md"
"""


def prepare(folder: Path, recipe: str = RECIPE) -> list[str]:
    """A folder with data and a recipe; the words that make it."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    (data / "pairs.tsv").write_text(PAIRS)
    if not (data / "encoder").exists():
        make_checkpoint(data / "encoder")
    (folder / "licences.md").write_text("Text: free for all.")
    (folder / "recipe.toml").write_text(recipe)
    return [
        *("make", "--recipe", str(folder / "recipe.toml"), "--data-root", str(data)),
        *("--work", str(folder / "work"), "--output", str(folder / "weights")),
    ]


def test_steps_are_done_once_and_again_when_something_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = prepare(tmp_path)
    (tmp_path / "weights").mkdir()
    for name in ("recipe.toml", "licences.md"):
        (tmp_path / "weights" / name).write_text("# kept")
    assert main(words) == 0
    card = (tmp_path / "weights" / "README.md").read_text()
    assert START in card
    assert "| scorer | My pairs, Spearman |" in card
    assert card.rstrip().endswith(f"Text: free for all.\n{END}")
    assert {"recipe.toml", "licences.md"} <= check_manifest(tmp_path / "weights").keys()
    assert "done before" not in capsys.readouterr().err

    assert main(words) == 0
    said = capsys.readouterr().err
    assert "step 1 of 2, judged: done before" in said
    assert "step 2 of 2, whole: done before" in said

    (tmp_path / "licences.md").write_text("Text: by its writers.")
    assert main(words) == 0
    said = capsys.readouterr().err
    assert "judged: done before" in said
    assert "whole: card" in said
    assert (tmp_path / "weights" / "licences.md").read_text() == "# kept"
    assert "by its writers" in (tmp_path / "weights" / "README.md").read_text()

    (tmp_path / "work" / "judged" / "printed.json").write_text("{}")
    assert main([*words, "--until", "judged"]) == 0
    said = capsys.readouterr().err
    assert "judged: evaluate" in said
    assert "whole" not in said


def test_files_that_are_no_longer_made_leave_the_output_and_others_stay(tmp_path: Path):
    words = prepare(tmp_path)
    encoder, output = tmp_path / "data" / "encoder", tmp_path / "weights"
    (encoder / "a" / "b").mkdir(parents=True)
    (encoder / "a" / "b" / "extra.txt").write_text("made")
    assert main(words) == 0
    assert "a/b/extra.txt" in check_manifest(output)
    (output / "notes.txt").write_text("mine")
    (output / ".git" / "refs").mkdir(parents=True)
    (output / ".git" / "HEAD").write_text("ref: refs/heads/main")
    (output / "empty").mkdir()
    (tmp_path / "elsewhere.txt").write_text("mine")
    manifest = {"sha256": {**check_manifest(output), "../elsewhere.txt": ""}}
    (output / "manifest.json").write_text(json.dumps(manifest))
    (encoder / "special_tokens_map.json").unlink()
    shutil.rmtree(encoder / "a")
    (tmp_path / "recipe.toml").write_text(RECIPE + "hours = 2\n")
    assert main(words) == 0
    assert not (output / "special_tokens_map.json").exists()
    assert not (output / "a").exists()
    assert (output / "notes.txt").read_text() == "mine"
    assert (tmp_path / "elsewhere.txt").read_text() == "mine"
    assert (output / ".git" / "refs").is_dir()
    assert (output / "empty").is_dir()
    assert ".git/HEAD" not in check_manifest(output)


def test_a_manifest_of_something_else_is_refused_before_the_first_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = prepare(tmp_path)
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "manifest.json").write_text('{"name": "my extension"}')
    assert main(words) == 2
    assert "manifest.json has no table 'sha256'" in capsys.readouterr().err
    assert not (tmp_path / "work").exists()


def test_a_step_that_fails_says_so_and_what_was_done_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    words = prepare(tmp_path, RECIPE.replace("data:encoder", "data:pairs.tsv"))
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "step whole ended with status 2, for the reason above; what is done is kept" in said
    assert not (tmp_path / "weights").exists()
    (tmp_path / "recipe.toml").write_text(RECIPE)
    assert main(words) == 0
    assert "judged: done before" in capsys.readouterr().err


def test_values_become_words_and_places_become_paths(tmp_path: Path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        '[[step]]\nname = "a"\ncommand = "pretrain"\ntext = ["data:a.txt=0.5", "data:b.txt"]\nwhole_words = true\n'
        'budget = "2m"\nenv = {KERAS_BACKEND = "jax"}\n'
        '[[step]]\nname = "b"\ncommand = "train"\nencoder = "step:a"\n'
        'data = [["data:x.tsv", "kind=graded"], ["data:y.tsv"]]\n'
        'resume = false\n[[step]]\nname = "c"\ncommand = "card"\nencoder = "step:b"\nhours = "hours:"\n'
    )
    places = Places(recipe, Path("/D"), Path("/W"))
    a, b, c = read_steps(recipe)
    assert a.env == {"KERAS_BACKEND": "jax"}
    assert words_of(a, places) == [
        *(
            "pretrain",
            "--text",
            "/D/a.txt=0.5",
            "/D/b.txt",
            "--whole-words",
            "--budget",
            "2m",
            "--output",
            "/W/a",
        )
    ]
    assert words_of(b, places) == [
        *("train", "--encoder", "/W/a", "--data", "/D/x.tsv", "kind=graded", "--data", "/D/y.tsv"),
        *("--output", "/W/b"),
    ]
    assert words_of(c, places, 1.5)[1:5] == ["--encoder", "/W/b", "--hours", "1.5"]


def test_a_weight_behind_a_file_and_the_heads_of_the_recipe_count(tmp_path: Path):
    recipe = tmp_path / "recipe.toml"
    text = '[[step]]\nname = "h"\ncommand = "train"\nrecipe = "here:recipe.toml"\ndata_root = "data:"\n'
    heads = '[heads]\ndev = {path = "d.tsv"}\ndata = [{path = "e.tsv"}]\n[[heads.run]]\nepochs = 1\n'
    (tmp_path / "d.tsv").write_text("one")
    (tmp_path / "e.tsv").write_text("two")
    places = Places(recipe, tmp_path, tmp_path / "work")

    def hashed(content: str) -> str:
        recipe.write_text(content)
        return fingerprint(read_steps(recipe)[0], places)

    first = hashed(text + heads)
    assert hashed(text + heads + "# a remark") == first
    assert hashed(text + heads.replace("epochs = 1", "epochs = 2")) != first
    (tmp_path / "e.tsv").write_text("three")
    assert hashed(text + heads) != first
    assert hashed('[[step]]\nname = "p"\ncommand = "pretrain"\ntext = ["data:d.tsv=0.5"]\n')
    with pytest.raises(DataError, match=r"step p: .*no\.txt is missing; data:no\.txt names it"):
        hashed('[[step]]\nname = "p"\ncommand = "pretrain"\ntext = ["data:no.txt"]\n')


def test_a_run_that_was_stopped_is_resumed_only_as_what_it_was(tmp_path: Path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('[[step]]\nname = "p"\ncommand = "pretrain"\nbudget = "1m"\n')
    places = Places(recipe, tmp_path, tmp_path / "work")
    (step,) = read_steps(recipe)
    assert not can_resume(step, places)
    record_start(step, places)
    (tmp_path / "work" / "p" / ".run").mkdir(parents=True)
    assert can_resume(step, places)
    recipe.write_text(recipe.read_text().replace("1m", "2m"))
    assert not can_resume(read_steps(recipe)[0], places)


def test_a_step_is_made_of_what_it_was_when_it_began(tmp_path: Path):
    words = prepare(tmp_path)
    places = Places(tmp_path / "recipe.toml", tmp_path / "data", tmp_path / "work")
    step = read_steps(places.recipe)[0]
    assert main([*words, "--until", "judged"]) == 0
    record_start(step, places)
    (tmp_path / "data" / "pairs.tsv").write_text(PAIRS + "Yes.\tNo.\t1\n")  # while it runs
    record_done(step, places, 1.0)
    assert not is_done(step, places)


def test_a_folder_that_no_step_made_is_not_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = prepare(tmp_path)
    mine = tmp_path / "work" / "whole" / "thesis.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    assert main(words) == 2
    said = capsys.readouterr().err
    assert f"{mine.parent} was not made by this recipe; choose another --work, or remove it first." in said
    assert "step 1" not in said
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("option", ["--work", "--output"])
def test_a_file_in_place_of_a_folder_is_refused_before_the_first_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
):
    words = prepare(tmp_path)
    (tmp_path / "file").touch()
    assert main([*words, option, str(tmp_path / "file")]) == 2
    assert (
        capsys.readouterr().err
        == f"bertsim: {option} {tmp_path / 'file'} is a file; a folder was expected.\n"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "recipe.toml cannot be read (No such file or directory)"),
        ("a = ", "recipe.toml is not TOML"),
        ("a = 1", "recipe.toml has no [[step]]"),
        ("step = [1]", "recipe.toml has no [[step]]"),
        ('[[step]]\nname = "a"\ncommand = "card"\nenv = "x"', "step a: env is 'x'; a table of variables"),
        (
            '[[step]]\nname = "a"\ncommand = "train"\nrecipe = "here:none.toml"',
            "none.toml cannot be read (No such",
        ),
        ('[[step]]\nname = "a"\ncommand = "card"\nhours = 2024-01-01', "step a ended with status 2"),
        ('[[step]]\nname = "A b"', "a step's name is 'A b'; small letters"),
        ('[[step]]\nname = "a"\ncommand = "serve"', "step a: command is 'serve'; known are pretrain"),
        ('[[step]]\nname = "a"\ncommand = "card"\n' * 2, "two steps are named a"),
        (
            '[[step]]\nname = "a"\ncommand = "card"\nencoder = "step:b"',
            "step a: step:b is of no step before it",
        ),
    ],
)
def test_a_recipe_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, message: str
):
    words = prepare(tmp_path)
    recipe = tmp_path / "recipe.toml"
    if content is None:
        recipe.unlink()
    else:
        recipe.write_text(content)
    assert main(words) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (["--evaluation", "printed.json"], "'printed.json' has no name; NAME=FILE was expected"),
        (["--evaluation", "a=none.json"], "none.json is missing"),
        (
            ["--evaluation", "a=empty.json"],
            "empty.json: scorers is missing, and a dict was expected; give what",
        ),
        (["--evaluation", "a=list.json"], "list.json: scorers is a list, and a dict was expected"),
        (
            ["--evaluation", "a=null.json"],
            "null.json: scorers.cosine.spearman.value is missing, and a number",
        ),
        (
            ["--separation", "a=null.json"],
            "null.json: scorers.cosine.roc_auc is a str, and a number was expected",
        ),
        (["--evaluation", "a=encoder"], "encoder cannot be read (Is a directory)"),
        (["--probes", "list.json"], "list.json: examples.0 is missing, and a dict was expected"),
        (["--probes", "null.json"], "null.json: examples.0.cosine is missing, and a number was expected"),
        (["--origin", "empty.json"], "empty.json: parameters is missing, and a number was expected"),
        (["--encoder", "damaged"], "the encoder's README.md is not UTF-8 (invalid start byte at byte 2)"),
        (["--encoder", "cut"], "cut/weights cannot be copied ([Errno 2] No such file"),
        (["--text", "none.md"], "--text none.md cannot be read"),
        (["--encoder", "nowhere"], "--encoder nowhere is no folder"),
        (["--output", "encoder"], "encoder exists and is not an empty folder"),
    ],
)
def test_a_card_of_what_is_not_there_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changed: list[str],
    message: str,
):
    monkeypatch.chdir(tmp_path)
    make_checkpoint(Path("encoder"))
    Path("empty.json").write_text(json.dumps({}))
    Path("list.json").write_text(json.dumps({"scorers": [], "probes": [], "examples": []}))
    example = {"what": "w", "sentence_a": "a", "sentence_b": "b", "cosine": None}
    null = {"cosine": {"spearman": {"value": None}, "roc_auc": "0.5"}}
    Path("null.json").write_text(json.dumps({"scorers": null, "probes": [], "examples": [example]}))
    for name in ("damaged", "cut"):
        Path(name).mkdir()
    Path("damaged/README.md").write_bytes(b"# \xff")
    Path("cut/weights").symlink_to("nowhere")
    before = sorted(tmp_path.iterdir())
    assert main(["card", "--encoder", "encoder", "--output", "new", *changed]) == 2
    assert message in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before


def test_what_stands_behind_a_mark_without_its_end_stays(tmp_path: Path):
    card = tmp_path / "README.md"
    card.write_text(f"# Mine\n\n{START}\nold\n\n## Licence\n\nMIT\n")
    for figure in ("1", "2"):
        replace_section(card, START, END, [figure])
    assert card.read_text() == f"# Mine\n\n{START}\n2\n{END}\nold\n\n## Licence\n\nMIT\n"


def test_a_link_to_an_empty_folder_is_followed(tmp_path: Path, tiny_checkpoint: Path):
    for command in ("card", "export"):
        (tmp_path / command).mkdir()
        (tmp_path / f"to-{command}").symlink_to(command)
        assert (
            main([command, "--encoder", str(tiny_checkpoint), "--output", str(tmp_path / f"to-{command}")])
            == 0
        )
        assert (tmp_path / f"to-{command}").is_symlink()
        assert check_manifest(tmp_path / command)


@pytest.mark.slow
def test_text_becomes_weights_with_a_card(tmp_path: Path):
    words = prepare(
        tmp_path,
        """
[[step]]
name = "words"
command = "pretrain"
text = ["data:text.txt"]
vocab_size = 80
hidden_size = 32
layers = 1
max_length = 32
intermediate_size = 32
start = "words"
budget = "0 steps"

[[step]]
name = "rounded"
command = "export"
encoder = "step:words"

[[step]]
name = "probes"
command = "probe"
encoder = "step:rounded"

[[step]]
name = "whole"
command = "card"
encoder = "step:rounded"
origin = "step:words/metrics.json"
hours = "hours:"
probes = "step:probes/printed.json"
""",
    )
    lines = [f"the {a} {v} in the green garden" for a in ("cat", "dog") for v in ("runs", "sleeps")] * 40
    lines += [
        f"fresh {f} is {v} on a white plate" for f in ("bread", "soup") for v in ("cooked", "eaten")
    ] * 40
    (tmp_path / "data" / "text.txt").write_text("\n".join(lines))
    assert main(words) == 0
    card = (tmp_path / "weights" / "README.md").read_text()
    assert "million words, in 0" in card
    assert "| swapped roles | The dog bites the man. | The man bites the dog. | 1.00 |" in card
    model = bertsim.load(tmp_path / "weights")
    near, far = model.score([("the cat", "the dog"), ("the cat", "fresh soup")])
    assert near > far


def test_a_card_may_begin_with_words_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "README.md").write_text("---\nlanguage: en\n---\n# made\n\nA BERT.\n\n## More\n")
    (tmp_path / "about.md").write_text("---\nlicense: mit\n---\n# Mine\n\nIt is small.\n")
    words = ["card", "--encoder", str(tmp_path / "made"), "--output", str(tmp_path / "out")]
    assert main([*words, "--about", str(tmp_path / "about.md")]) == 0
    card = (tmp_path / "out" / "README.md").read_text()
    assert card.startswith("---\nlicense: mit\n---\n# Mine\n\nIt is small.\n\nA BERT.\n\n## More\n")
    assert "language" not in card
    words[-1] = str(tmp_path / "other")
    assert main([*words, "--about", str(tmp_path / "gone.md")]) == 2
    assert "gone.md cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()
