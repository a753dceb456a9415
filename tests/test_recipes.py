"""Every recipe of the package, run to its end on a Hub on loopback under the real names, and its result published.

The checkpoints are small and random, the data a few dozen rows: what is proved is the way, not the figures.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from huggingface_hub import ModelCard
from pyarrow import parquet

from bertsim.errors import DataError
from bertsim.training.recipe import RECIPES, find_recipe, recipe_names
from tests.checkpoints import WORDS, make_checkpoint
from tests.commands import Result
from tests.loopback_hub import LoopbackHub, serving
from tests.loopback_protocol import TOKEN

STSB = "sentence-transformers/stsb"
HEADS = {
    "bilstm-base": {"bilstm"},
    "pooled-base": {"pooled"},
    "pooled-large": {"pooled"},
    "mean-base": {"mean"},
    "cosine-nli-max": set(),
    "minilm-all": {"bilstm", "mean", "pooled"},
}
USUAL = ("bilstm-base", "cosine-nli-max")
"""Those of `make test`: a frozen encoder with a head, a tuned one without; `make test-all` runs all."""
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


@pytest.fixture
def command(hub: LoopbackHub, cli: Callable[..., Result], tmp_path: Path) -> Callable[..., Result]:
    """Runs a command whose client talks to that Hub, with a token that may write."""

    def run(*words: object) -> Result:
        with hub.reached(tmp_path / "home", HF_TOKEN=TOKEN):
            done = cli(*words)
        assert TOKEN not in done.out + done.err
        return done

    return run


def test_the_recipes_are_those_of_the_readme() -> None:
    assert set(recipe_names()) == set(HEADS)
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in readme for name in HEADS)
    with pytest.raises(DataError, match=r"nothing is neither a recipe nor a file of one; the recipes are bilstm-base"):
        find_recipe("nothing")


@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # huggingface_hub's own
@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.long] * (name not in USUAL)) for name in HEADS])
def test_a_recipe_runs_to_its_end_and_is_published(
    hub: LoopbackHub, command: Callable[..., Result], tmp_path: Path, name: str
) -> None:
    output = tmp_path / name
    done = command("train", "--recipe", name, "--output", output)
    assert done.status == 0, done.err
    done = command("publish", f"someone/{name}", "--folder", output, "--license", "apache-2.0")
    assert done.status == 0, done.err
    files = hub.model(f"someone/{name}").files
    encoder = tomllib.loads((RECIPES / f"{name}.toml").read_text())["encoder"]
    heads = HEADS[name]
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
    scored = ["score", "a dog", "the dog", "--scorer", min(scorers), "--encoder"]
    assert f'"encoder": "someone/{name}"' in command(*scored, f"someone/{name}@v0.2.0", "--json").out
    if name == "bilstm-base":  # of an encoder that was frozen, which it still goes with
        found = command(*scored, encoder, "--engine", "tensorflow", "--heads", f"someone/{name}")
        assert "bilstm probability" in found.out


def test_data_of_the_hub_that_cannot_be_had_is_said(
    hub: LoopbackHub, command: Callable[..., Result], tmp_path: Path
) -> None:
    def said(data: str) -> str:
        words = ["train", "--data", data, "--dev", data, "--head", "mean", "--output", tmp_path / "out"]
        done = command(*words)
        assert done.status == 2
        return done.err.strip().splitlines()[-1]

    assert said("hub:someone") == (
        "bertsim: hub:someone names no file of a dataset; the form is hub:user/dataset/path/of/the/file[@revision]."
    )
    assert said("hub:some/one/x.tsv").startswith("bertsim: the dataset some/one is not on the Hub, or is private")
    assert "has no file 'data/none.tsv'; look it up" in said(f"hub:{STSB}/data/none.tsv")
    assert "has no revision 'v9'" in said(f"hub:{STSB}/data/train.tsv@v9")
    assert not (tmp_path / "out").exists()
