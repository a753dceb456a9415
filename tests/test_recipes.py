"""Every recipe of the package, run to its end on a Hub on loopback under the real names, and its result published.

The checkpoints are small and random, the data a few dozen rows: what is proved is the way, not the figures.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from huggingface_hub import ModelCard
from pyarrow import parquet

from bertsim.errors import DataError
from bertsim.training.recipe import RECIPES, find_recipe, recipe_names
from tests.checkpoints import WORDS, make_checkpoint
from tests.loopback_hub import TOKEN, LoopbackHub, serving

STSB = "sentence-transformers/stsb"
HEADS = {
    "bilstm-base": {"bilstm"},
    "pooled-base": {"pooled"},
    "pooled-large": {"pooled"},
    "mean-base": {"mean"},
    "cosine-nli-max": set(),
    "minilm-all": {"bilstm", "mean", "pooled"},
}
CODE = """
import json, sys
from bertsim.cli import main
for words in json.load(sys.stdin):
    status = main(words)
    if status:
        sys.exit(status)
"""
SHAPE = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackHub]:
    """The encoders and the data set that the recipes name."""
    root = tmp_path_factory.mktemp("hub")
    with serving() as server:
        real = {"max_position_embeddings": 128, "prefix": "bert.", "gamma_beta": True, "pretraining_heads": True}
        for size in ("base", "large"):
            server.add(
                f"google-bert/bert-{size}-uncased",
                make_checkpoint(root / size, **SHAPE, **real, seed=len(size)),  # type: ignore[arg-type]
            )
        for name, pooling, normalize in (
            ("bert-base-nli-max-tokens", "max", False),
            ("all-MiniLM-L6-v2", "mean", True),
        ):
            made = make_checkpoint(
                root / name,
                **SHAPE,  # type: ignore[arg-type]
                max_position_embeddings=128,
                sentence_transformers={f"pooling_mode_{pooling}_tokens": True},
                normalize=normalize,
                max_seq_length=128,
            )
            (made / "README.md").write_text("---\nlicense: apache-2.0\ntags: [exbert]\n---\n# A card\n")
            server.add(f"sentence-transformers/{name}", made)
        parts = {"train": 64, "validation": 40, "test": 36}
        files = {f"data/{n}-00000-of-00001.parquet": pairs(root, rows, n) for n, rows in parts.items()}
        commit = server.add(STSB, files, "datasets")
        data = server.repositories["datasets", STSB]
        data.commits[named_revision()] = data.commits.pop(commit)
        data.refs["main"] = named_revision()
        yield server


def named_revision() -> str:
    """The commit of the data set that the recipes name."""
    table = tomllib.loads((RECIPES / "bilstm-base.toml").read_text())
    return str(table["dev"]["path"].partition("@")[2])


def pairs(root: Path, rows: int, seed: str) -> bytes:
    """Parquet of random sentences; the score is the share of words that both have."""
    draw = random.Random(seed)
    table: dict[str, list[object]] = {"sentence1": [], "sentence2": [], "score": []}
    for _ in range(rows):
        a = draw.sample(WORDS, 5)
        b = [word if draw.random() < 0.5 else draw.choice(WORDS) for word in a]
        table["sentence1"].append(" ".join(a))
        table["sentence2"].append(" ".join(b))
        table["score"].append(len(set(a) & set(b)) / 5)
    parquet.write_table(pa.table(table), root / "pairs.parquet")
    return (root / "pairs.parquet").read_bytes()


def run(hub: LoopbackHub, home: Path, *commands: list[str]) -> subprocess.CompletedProcess[str]:
    """Commands one after another in one process: TensorFlow is imported once."""
    environment = hub.environment(home, HF_TOKEN=TOKEN)
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        env=environment,
        timeout=600,
    )
    assert TOKEN not in done.stdout + done.stderr
    return done


def test_the_recipes_are_those_of_the_readme() -> None:
    assert set(recipe_names()) == set(HEADS)
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in readme for name in HEADS)
    with pytest.raises(DataError, match=r"nothing is neither a recipe nor a file of one; the recipes are bilstm-base"):
        find_recipe("nothing")


def test_every_recipe_runs_to_its_end_and_is_published(hub: LoopbackHub, tmp_path: Path) -> None:
    commands = []
    for name in HEADS:
        output = str(tmp_path / name)
        commands.append(["train", "--recipe", name, "--output", output])
        commands.append(["publish", f"someone/{name}", "--folder", output, "--license", "apache-2.0"])
    from_the_hub = ["score", "a dog", "the dog", "--scorer", "bilstm", "--encoder"]
    commands.append([*from_the_hub, "someone/minilm-all@v0.2.0", "--json"])
    encoder = "google-bert/bert-base-uncased"
    commands.append([*from_the_hub, encoder, "--engine", "tensorflow", "--heads", "someone/bilstm-base"])
    done = run(hub, tmp_path / "home", *commands)
    assert done.returncode == 0, done.stderr
    assert '"encoder": "someone/minilm-all"' in done.stdout
    assert "bilstm probability" in done.stdout
    for name, heads in HEADS.items():
        files = hub.model(f"someone/{name}").files
        encoder = tomllib.loads((RECIPES / f"{name}.toml").read_text())["encoder"]
        assert {path.split("/")[1] for path in files if path.startswith("heads/")} == heads
        card = ModelCard(files["README.md"].decode())
        assert card.data.base_model == encoder
        assert card.data.datasets == [STSB]
        assert card.data.license == "apache-2.0"
        results = card.data.eval_results or []
        assert {result.dataset_type for result in results} == {STSB}
        scorers = heads | ({"cosine"} if "cosine" in name or name in ("mean-base", "minilm-all") else set())
        assert {result.metric_name.split()[2].rstrip(",") for result in results} == scorers  # type: ignore[union-attr]
        assert f"hub:{STSB}/data/train-00000-of-00001.parquet@{named_revision()}" in card.text
        assert str(tmp_path) not in "".join(
            body.decode(errors="replace") for path, body in files.items() if path.endswith((".json", ".md"))
        )


def test_data_of_the_hub_that_cannot_be_had_is_said(hub: LoopbackHub, tmp_path: Path) -> None:
    def said(data: str) -> str:
        words = ["train", "--data", data, "--dev", data, "--head", "mean", "--output", str(tmp_path / "out")]
        done = run(hub, tmp_path / "home", words)
        assert done.returncode == 2, done.stderr
        return done.stderr.strip().splitlines()[-1]

    assert said("hub:someone") == (
        "bertsim: hub:someone names no file of a dataset; the form is hub:user/dataset/path/of/the/file[@revision]."
    )
    assert said("hub:some/one/x.tsv").startswith("bertsim: the dataset some/one is not on the Hub, or is private")
    assert "has no file 'data/none.tsv'; look it up" in said(f"hub:{STSB}/data/none.tsv")
    assert "has no revision 'v9'" in said(f"hub:{STSB}/data/train.tsv@v9")
    assert not (tmp_path / "out").exists()
