"""Publishing to, and deploying on, a Hub on loopback; what was published is fetched again and scores the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from huggingface_hub import ModelCard, SpaceCard

from bertsim.bert.folder import check_manifest
from bertsim.errors import BertsimError
from bertsim.model.loading import BUNDLED, load
from bertsim.publishing.deploy import space_files
from bertsim.publishing.model_card import model_card
from tests.commands import ROOT, Result
from tests.loopback_hub import LoopbackHub, serving
from tests.loopback_protocol import TOKEN

Command = Callable[..., Result]
# huggingface_hub's own, of the client that it uploads with
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
def hub() -> Iterator[LoopbackHub]:
    with serving() as server:
        yield server


@pytest.fixture
def command(cli: Callable[..., Result], hub: LoopbackHub) -> Callable[..., Result]:
    """Runs a command with a token that may write; `home` is the client's HF_HOME."""

    def run(home: Path, *words: object, token: str | None = TOKEN) -> Result:
        with hub.reached(home, **({"HF_TOKEN": token} if token else {})):
            done = cli(*words)
        assert TOKEN not in done.out + done.err
        return done

    return run


def said(done: Result) -> str:
    assert done.status == 2
    return done.err.strip().splitlines()[-1]


def test_what_is_published_is_fetched_again_and_scores_the_same(
    hub: LoopbackHub, command: Command, tmp_path: Path
) -> None:
    done = command(tmp_path / "a", "publish", "someone/heads")
    assert done.status == 0, done.err
    repository = hub.model("someone/heads")
    commit = repository.refs["main"]
    assert done.out.splitlines() == [
        f"{hub.url}/someone/heads at {commit}, tag v0.2.0",
        "BERTSIM_HEADS=someone/heads@v0.2.0",
    ]
    assert repository.refs["v0.2.0"] == commit
    assert repository.messages == ["initial commit", "bertsim 0.2.0, v0.2.0"]
    sentences = ("score", "A plane is taking off.", "A bird flies.", "--json")
    for words in ((), ("--heads", "someone/heads@v0.2.0"), ("--encoder", "someone/heads@v0.2.0")):
        fetched = json.loads(command(tmp_path / "b", *sentences, *words).out)
        if not words:
            own = fetched
        assert fetched["scores"] == own["scores"]
        assert [each["scorer"] for each in fetched["scores"]] == list(load().scorers)
    folder = next((tmp_path / "b" / "hub").glob("models--someone--heads/snapshots/*"))
    learned_from = {"written_pairs.tsv"}  # which nobody needs to score
    assert check_manifest(folder).keys() == check_manifest(BUNDLED).keys() - learned_from


def test_the_model_card_says_what_the_hub_reads(hub: LoopbackHub, command: Command, tmp_path: Path) -> None:
    assert command(tmp_path / "a", "publish", "someone/heads").status == 0
    text = hub.model("someone/heads").files["README.md"].decode()
    card = ModelCard(text)
    data = card.data.to_dict()
    assert (data["license"], data["library_name"]) == ("apache-2.0", "bertsim")
    assert data["pipeline_tag"] == "sentence-similarity"
    assert {"bertsim", "litert"} <= set(data["tags"])
    assert data["widget"][0]["source_sentence"]
    measured = json.loads((BUNDLED / "heads" / "bilstm" / "metrics.json").read_text())["as_served"]
    found = {(result.metric_name, result.dataset_split): result.metric_value for result in card.data.eval_results or []}
    assert found["Spearman of bilstm, as served (int8)", "test"] == measured["test"]["spearman"]
    assert found["Pearson of bilstm, as served (int8)", "dev"] == measured["dev"]["pearson"]
    assert 'bertsim.load("someone/heads")' in text
    own = (BUNDLED / "README.md").read_text()
    assert own.split("---")[2].strip()[:500] in text


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("README.md", b"---\nlicense: [\n---\n", r"README\.md is no model card \(while parsing .*UTF-8 was"),
        ("README.md", b"---\n- a\n---\n", r"README\.md is no model card \(repo card metadata .* a dict\)"),
        ("README.md", b"# caf\xe9\n", r"README\.md is no model card \('utf-8' codec"),
        ("metrics.json", b'{"rows": 5}', r"metrics\.json is not what training writes \(TypeError"),
        ("metrics.json", b'{"rows": [{"x": 1}]}', r"is not what training writes \(KeyError\('file'\)\)"),
        ("metrics.json", b'{"encoder_commit": "a"}', r"is not what training writes \(KeyError\('plan'\)\)"),
        ("metrics.json", b'{"as_served": 5}', r"is not what training writes \(AttributeError"),
    ],
)
def test_a_card_that_cannot_be_written_is_said(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BertsimError, match=message):
        model_card(tmp_path, "someone/name", ("cosine",), "mit")


def test_a_dry_run_prints_what_would_be_sent_and_sends_nothing(
    hub: LoopbackHub, command: Command, tmp_path: Path
) -> None:
    done = command(tmp_path / "a", "publish", "someone/heads", "--dry-run", token=None)
    assert done.status == 0
    assert "model.safetensors" in done.out
    assert done.out.splitlines()[-1].endswith("files would go to someone/heads, tag v0.2.0.")
    space = command(tmp_path / "a", "deploy", "someone/demo", "--heads", "a/b", "--dry-run", token=None)
    assert "BERTSIM_HEADS=a/b" in space.out
    assert space.status == 0
    assert [path for method, path in hub.requests if method != "GET"] == []


def test_publishing_again_needs_another_tag_and_removes_what_is_gone(
    hub: LoopbackHub, command: Command, tiny_bundle: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_bundle, tmp_path / "tiny")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# Tiny\n\nRandom.\n")
    (folder / "manifest.json").unlink()
    (folder / "notes.txt").write_text("mine")
    words = ("publish", "someone/tiny", "--folder", str(folder))
    first = command(tmp_path / "a", *words, "--private")
    assert "bertsim: notes.txt is left out" in first.err
    assert first.out.splitlines()[1:] == ["BERTSIM_ENCODER=someone/tiny@v0.2.0"]
    repository = hub.model("someone/tiny")
    assert repository.private
    assert "notes.txt" not in repository.files
    card = ModelCard(repository.files["README.md"].decode()).data.to_dict()
    assert card["license"] == "mit"
    assert not {"model_name", "model-index", "base_model", "datasets"} & card.keys()  # nothing that nobody said
    assert said(command(tmp_path / "a", *words)) == (
        "bertsim: someone/tiny has the tag v0.2.0 already, and a tag is not moved; give another with --tag."
    )
    assert len(repository.commits) == 2
    (folder / "special_tokens_map.json").unlink()
    assert command(tmp_path / "a", *words, "--tag", "v2").status == 0
    assert "special_tokens_map.json" not in repository.files
    assert ".gitattributes" in repository.files
    assert repository.files["README.md"].count(b"## Use") == 1
    assert "special_tokens_map.json" in repository.commits[repository.refs["v0.2.0"]]


def test_a_licence_may_be_written_into_the_card_of_a_folder_whose_manifest_names_it(
    command: Command, tiny_bundle: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_bundle, tmp_path / "tiny")
    sums = check_manifest(folder) | {"README.md": "0" * 64}
    (folder / "manifest.json").write_text(json.dumps({"sha256": sums}))
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# Tiny\n")
    done = command(tmp_path / "a", "publish", "someone/tiny", "--folder", folder, "--dry-run", token=None)
    assert done.status == 0, done.err


def test_what_cannot_be_published_is_said_before_anything_is_sent(
    hub: LoopbackHub, command: Command, tiny_bundle: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    folder = shutil.copytree(tiny_bundle, tmp_path / "tiny")
    words = ("publish", "someone/tiny", "--folder", str(folder))
    assert "names no licence; say under which it is published: --license apache-2.0" in said(command(home, *words))
    assert "someone/tiny cannot be written to without a token; make one" in said(command(home, *words, token=None))
    assert "'tiny' is no name of a repository to make; give user/name." in said(command(home, "publish", "tiny"))
    assert "nowhere is no folder; give one in the layout of weights/" in said(
        command(home, "publish", "someone/tiny", "--folder", "nowhere")
    )
    (folder / ".run").mkdir()
    assert "tiny holds a training that was stopped; finish it with `train --resume` first." in said(
        command(home, *words, "--license", "mit", "--dry-run")
    )
    (folder / ".run").rmdir()
    (folder / "vocab.txt").write_text("changed")
    assert "vocab.txt is damaged or was changed" in said(command(home, *words, "--license", "mit"))
    assert [path for method, path in hub.requests if method != "GET"] == []
    refused = command(home, "publish", "someone/heads", token="hf_wrong")
    assert said(refused) == (
        "bertsim: someone/heads was not created: the Hub does not accept the token; set HF_TOKEN to a valid one."
    )


def test_a_space_gets_the_files_it_runs_on_and_its_variables(
    hub: LoopbackHub, command: Command, tmp_path: Path
) -> None:
    done = command(tmp_path / "a", "deploy", "someone/demo", "--heads", "someone/heads", "--private")
    assert done.status == 0, done.err
    space = hub.repositories["spaces", "someone/demo"]
    assert done.out.startswith(f"{hub.url}/spaces/someone/demo at {space.refs['main']};")
    assert (space.created["sdk"], space.private) == ("gradio", True)
    assert space.variables == {"BERTSIM_HOST": "0.0.0.0", "BERTSIM_HEADS": "someone/heads"}
    assert set(space.files) == {".gitattributes", *space_files()} > {"LICENSE", "NOTICE"}
    card = SpaceCard(space.files["README.md"].decode())
    assert card.data.sdk == "gradio"
    assert space.files[str(card.data.app_file)] == (ROOT / "app.py").read_bytes()
    assert not any(name.startswith(("tests/", ".ci")) for name in space.files)
    space.commit({**space.files, "bertsim/old.py": b"gone", "mine.txt": b"kept"})
    hub.repositories["spaces", "someone/demo"].variables["MINE"] = "1"
    again = command(tmp_path / "a", "deploy", "someone/demo", "--encoder", "someone/bert")
    assert again.status == 0, again.err
    assert space.variables["BERTSIM_ENCODER"] == "someone/bert"
    assert space.variables["MINE"] == "1"
    assert "bertsim/old.py" not in space.files
    assert "mine.txt" in space.files


def test_in_a_checkout_without_a_git_to_run_the_files_of_the_app_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (".git/HEAD", "app.py", "bertsim/x.py", "tests/y.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [*space_files(tmp_path)] == ["app.py", "bertsim/x.py"]


def test_a_plan_that_may_not_make_a_space_is_told_so(hub: LoopbackHub, command: Command, tmp_path: Path) -> None:
    hub.refuse["POST", "/api/repos/create"] = (402, {}, b'{"error": "Gradio Spaces need a PRO subscription"}')
    assert said(command(tmp_path / "a", "deploy", "someone/demo")) == (
        "bertsim: someone/demo was not created: the Hub refuses it (Gradio Spaces need a PRO subscription); check plan "
        "and token."
    )


@pytest.mark.slow
def test_what_was_deployed_starts(hub: LoopbackHub, command: Command, tmp_path: Path) -> None:
    """The Space's files alone are enough: the app's page is built from them in an empty folder."""
    assert command(tmp_path / "a", "deploy", "someone/demo").status == 0
    root = tmp_path / "space"
    for name, body in hub.repositories["spaces", "someone/demo"].files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(body)
    code = "import bertsim, bertsim.ui; bertsim.ui.build_app(bertsim.load()); print(bertsim.__file__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, timeout=120)
    assert done.stdout.strip() == str(root / "bertsim" / "__init__.py"), done.stderr
