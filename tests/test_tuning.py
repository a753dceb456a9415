"""One encoder, two ways of reading: pins, ratings and inference in one run, and the folder that it ends with."""

from __future__ import annotations

import json
import random
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file
from tensorflow.python.framework.config import is_op_determinism_enabled

import bertsim
from bertsim.bert.folder import check_manifest, open_folder
from bertsim.cli import main
from bertsim.cli.output import LiveLine, Stopped
from bertsim.errors import DataError, InputError
from bertsim.export.writing import write_manifest
from bertsim.heads.config import HeadConfig
from bertsim.measuring.edits import KINDS
from bertsim.measuring.probes import EXAMPLES, is_held_out
from bertsim.score.measures import cosine
from bertsim.score.words import read_words
from bertsim.training.batches import Reader, Tokens
from bertsim.training.examples import Data, check_trainable, plain_words, read_examples, read_excluded
from bertsim.training.fit import RunFolder
from bertsim.training.joint import JointTask
from bertsim.training.plan import Source, TrainPlan
from bertsim.training.recipe import head_from, read_recipe
from bertsim.training.run import Trained, make_task, open_encoder, prepare_output, read_data, run_plan
from tests.checkpoints import make_checkpoint
from tests.pairs import write_inference, write_pairs, write_paraphrases, write_text

pytestmark = pytest.mark.tensorflow

INFERENCE = ("contradiction", "entailment", "neutral")
NOUNS = ("cat", "dog", "man", "sun", "tea")
POOLED = head_from({"kind": "pooled", "inputs": "packed"})
NLI = head_from({"kind": "mean", "name": "nli", "inputs": "packed", "labels": list(INFERENCE)})


class Silent:
    """An observer that says nothing."""

    def stage(self, what: str) -> None:
        """See `training.fit.Observer`."""

    def show(self, done: int, total: int, name: str, text: str) -> None:
        """See `training.fit.Observer`."""


class Noting(Reader):
    """A reader that remembers the pairs that it packed."""

    def packed(self, pairs: Sequence[tuple[str, str]]) -> Tokens:
        """See `Reader`."""
        self.pairs = list(pairs)
        return super().packed(pairs)


@dataclass(frozen=True)
class Files:
    """Where everything is that can be learned from."""

    folder: Path

    @property
    def rated(self) -> Source:
        """Graded pairs."""
        return Source(str(self.folder / "train.tsv"))

    @property
    def dev(self) -> Source:
        """Graded pairs to measure on."""
        return Source(str(self.folder / "dev.tsv"))

    @property
    def inferred(self) -> Source:
        """Inference pairs."""
        return Source(str(self.folder / "nli.tsv"), "inference", take=60)

    @property
    def text(self) -> Source:
        """Sentences to pin."""
        return Source(str(self.folder / "text.txt"), "text", take=40, hold_out=True)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Small files of every kind."""
    folder = tmp_path_factory.mktemp("data")
    write_pairs(folder / "train.tsv", 96)
    write_pairs(folder / "dev.tsv", 64, seed=1)
    write_inference(folder / "nli.tsv")
    write_text(folder / "text.txt")
    write_paraphrases(folder / "paraphrases.tsv")
    return Files(folder)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of one layer."""
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    return make_checkpoint(tmp_path_factory.mktemp("small") / "encoder", **shape)  # type: ignore[arg-type]


def plan_of(files: Files, encoder: Path, *data: Source, **settings: Any) -> TrainPlan:
    values: dict[str, Any] = {"heads": (POOLED, NLI), "tune": "all", "epochs": 1, "batch_size": 8}
    return TrainPlan(data=data, dev=files.dev, encoder=str(encoder), **(values | settings))


Make = Callable[[TrainPlan], tuple[JointTask, Data]]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes a task that has done no step, and what it learns from."""
    monkeypatch.setattr("bertsim.training.run.Reader", Noting)

    def made(plan: TrainPlan) -> tuple[JointTask, Data]:
        encoder = open_encoder(plan)
        data = read_data(plan, encoder)
        return make_task(plan, data, encoder, tmp_path, RunFolder(tmp_path, {}), Silent()), data

    return made


def train(plan: TrainPlan, output: Path, observer: Silent, *, resume: bool = False) -> Trained:
    """A run without the last part: nothing is exported or measured as served."""
    encoder = open_encoder(plan)
    data = read_data(plan, encoder)
    prepare_output(encoder.path, plan.tune, output, resume=resume)
    return run_plan(plan, data, encoder, output, observer, resume=resume)


# What is read


def test_inference_is_one_hot_for_a_head_that_infers_and_a_rating_for_the_others(files: Files) -> None:
    def targets(source: Source, inference: Sequence[str]) -> dict[str, set[tuple[float, ...]]]:
        found = read_examples(source, ("similar",), lambda sentence: None, inference=inference)
        words = [row.split("\t")[2] for row in Path(files.inferred.path).read_text().splitlines()]
        return {words[line - 1]: {tuple(row) for row in found.targets[found.lines == line]} for line in found.lines}

    source = replace(files.inferred, take=None)
    assert targets(source, INFERENCE) == {
        "contradiction": {(1, 0, 0)},
        "entailment": {(0, 1, 0)},
        "neutral": {(0, 0, 1)},
    }
    assert targets(source, ()) == {"contradiction": {(0,)}, "entailment": {(1,)}, "neutral": {(0.5,)}}


def test_minimal_edits_and_swaps_are_inference_too(files: Files) -> None:
    edits = Source(files.text.path, "edits", edit="negation", take=50)
    found = read_examples(edits, ("similar",), lambda sentence: None, inference=INFERENCE)
    assert len(found) == 50
    assert {tuple(row) for row in found.targets} == {(1, 0, 0), (0, 1, 0)}
    rated = read_examples(edits, ("similar",), lambda sentence: None)
    assert rated.pairs == found.pairs
    assert rated.targets[:, 0].tolist() == found.targets[:, 1].tolist()
    swaps = replace(edits, kind="swaps", edit=None)
    found = read_examples(swaps, ("similar",), lambda sentence: None, inference=INFERENCE)
    assert {tuple(row) for row in found.targets} == {(0, 0, 1)}


def test_sentences_of_a_text_are_drawn_by_the_seed_and_held_out_ones_never(files: Files) -> None:
    def drawn(source: Source, seed: int) -> list[str]:
        found = read_examples(source, ("similar",), lambda sentence: None, seed=seed)
        assert all(a == b for a, b in found.pairs)
        return [a for a, _ in found.pairs]

    assert drawn(files.text, 0) == drawn(files.text, 0) != drawn(files.text, 1)
    assert len(drawn(files.text, 0)) == 40
    assert set(drawn(files.text, 0)) - set(Path(files.text.path).read_text().splitlines()[:100])
    every = Path(files.text.path).read_text().splitlines()
    assert set(drawn(replace(files.text, take=None), 0)) == {s for s in every if not is_held_out(s)}
    edits = Source(files.text.path, "edits", edit="voice", hold_out=True)
    made = read_examples(edits, ("similar",), lambda sentence: None)
    assert {made.where(i) for i in range(len(made))} <= {
        f"{edits.path}:{line}" for line, sentence in enumerate(every, 1) if not is_held_out(sentence)
    }


def test_no_pair_with_an_excluded_sentence_is_learned_from(tmp_path: Path) -> None:
    bench = tmp_path / "bench.tsv"
    bench.write_text("sentence1\tsentence2\tscore\nIt's late!\tA  dog.\t1\n")
    exclude = read_excluded([bench])
    assert exclude == {"it s late", "a dog"}
    rows = ["its late\tx y\t1", "IT'S LATE\tx\t1", "x\tit s late.\t1", "a cat\ta dog?\t0", "a dog ran\tx\t0"]
    (tmp_path / "x.tsv").write_text("sentence1\tsentence2\tscore\n" + "\n".join(rows) + "\n")
    found = read_examples(Source(str(tmp_path / "x.tsv")), ("s",), lambda sentence: None, exclude=exclude)
    assert found.lines.tolist() == [2, 6]
    (tmp_path / "x.txt").write_text("A dog\nA dog.\nThe dog bites the man.\nThe cat bites the man.\n")
    bench.write_text("a\tb\nthe DOG bites the man\tx\n")
    exclude |= read_excluded([bench])
    for kind in ("text", "swaps"):
        made = read_examples(Source(str(tmp_path / "x.txt"), kind), ("s",), lambda sentence: None, exclude=exclude)
        assert made.lines.tolist() == [4]
    (tmp_path / "x.txt").write_text("A big dog bites the man.\nA big cat bites the man.\n")
    bench.write_text("a\tb\na dog bites the man\tx\n")
    edits = Source(str(tmp_path / "x.txt"), "edits", edit="modifier")
    made = read_examples(edits, ("s",), lambda sentence: None, exclude=read_excluded([bench]))
    assert set(made.lines.tolist()) == {2}  # nor one that a rule makes


def test_of_files_whose_tenth_is_held_out_that_tenth_alone_is_excluded(files: Files) -> None:
    rows = read_examples(files.inferred, ("s",), lambda sentence: None).pairs
    held_out = read_excluded([], [Path(files.inferred.path)])
    assert held_out >= {plain_words(s) for pair in rows for s in pair if is_held_out(s)} > set()
    assert held_out < read_excluded([Path(files.inferred.path)])


def test_paraphrases_follow_from_each_other_or_are_alike(files: Files) -> None:
    source = Source(files.inferred.path, "paraphrases")
    for inference, target in (((), [1.0]), (INFERENCE, [0.0, 1.0, 0.0])):
        found = read_examples(source, ("s",), lambda sentence: None, inference=inference)
        assert found.targets.tolist() == [target] * len(found)


def test_pairs_of_verdicts_teach_inference_both_ways(tmp_path: Path) -> None:
    path, check = tmp_path / "written.tsv", lambda sentence: None
    path.write_text("sentence_a\tsentence_b\tkind\nA dog barks.\tA pet barks.\tone_follows\nBe quiet!\tHush!\tsame\n")
    source = Source(str(path), "verdicts", label="kind")
    found = read_examples(source, ("s",), check, inference=INFERENCE)
    assert found.pairs == (
        ("A dog barks.", "A pet barks."),
        ("A pet barks.", "A dog barks."),
        ("Be quiet!", "Hush!"),
        ("Hush!", "Be quiet!"),
    )
    assert found.targets.argmax(axis=1).tolist() == [
        INFERENCE.index(e) for e in ("entailment", "neutral", *2 * ["entailment"])
    ]
    with pytest.raises(
        DataError, match=r"written\.tsv:2: kind is 'verdicts', which only a head that infers learns from"
    ):
        read_examples(source, ("s",), check)
    path.write_text("sentence_a\tsentence_b\tkind\nA dog barks.\tA pet barks.\tdifferent\n")
    with pytest.raises(DataError, match="'different', and one of same, one_follows, opposite, close was expected"):
        read_examples(source, ("s",), check, inference=INFERENCE)


def test_pairs_can_be_rated_by_the_cosine_that_the_encoder_begins_with(
    files: Files, small: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(files, small, Source(files.rated.path, "cosine", take=40), files.rated, heads=(POOLED,))
    task, data = make(plan)
    rated, others = task.parts
    expected = bertsim.load(small, engine="tensorflow", heads=False).score(rated.pairs)
    np.testing.assert_allclose(rated.targets[:, 0], np.maximum(expected, 0), atol=1e-5)
    assert np.ptp(rated.targets) > 0
    assert others is data.parts[1]
    monkeypatch.setattr("bertsim.training.run.load", None)  # the next run takes what this one recorded
    again, _ = make(plan)[0].parts
    assert (again.targets == rated.targets).all()


def test_files_of_ratings_and_of_inference_stand_in_any_order(files: Files) -> None:
    parts = [
        read_examples(source, ("similar",), lambda sentence: None, inference=INFERENCE)
        for source in (files.inferred, files.rated)
    ]
    check_trainable(parts, 8)
    alike = replace(parts[0], targets=np.tile(np.array([0, 1, 0], np.float32), (len(parts[0]), 1)))
    with pytest.raises(DataError, match=r"nli\.tsv: every label is 0, one class alone"):
        check_trainable([parts[1], alike], 8)


# A step


def test_a_file_teaches_in_its_epochs_and_a_part_of_it_in_each(files: Files, small: Path, make: Make) -> None:
    data = (files.rated, replace(files.inferred, epochs=(2, 3), per_epoch=24))
    task, _ = make(plan_of(files, small, *data, epochs=4))
    rows: dict[int, list[list[int]]] = {0: [], 1: []}
    for epoch in range(4):
        for part, found in rows.items():
            batches = [batch for batch in task.batches(epoch) if batch.part == part]
            found.append(sorted(int(i) for batch in batches for i in batch.rows))
    assert rows[0] == [list(range(96))] * 4
    assert [len(found) for found in rows[1]] == [0, 24, 24, 0]
    assert len({i for found in rows[1] for i in found}) >= 36  # of 60: before any is taken twice, all are


def test_ratings_teach_the_heads_that_rate_inference_the_one_that_infers(files: Files, small: Path, make: Make) -> None:
    task, data = make(plan_of(files, small, files.rated, files.inferred))
    pooled, nli = (head.trainable_variables for head in task.heads)
    by_part = {part: [b for b in task.batches(0) if b.part == part and len(b.rows) == 8] for part in (0, 1)}
    for part, learns, rests in ((1, nli, pooled), (0, pooled, nli)):
        turned = set()
        for batch in by_part[part][:3] if part == 1 else by_part[part][:1]:
            before = {id(w): w.numpy() for w in task.weights}
            assert np.isfinite(task.step(batch, 1.0))
            if part == 1:
                assert all((before[id(w)] == w.numpy()).all() for w in rests)
            assert all((before[id(w)] != w.numpy()).any() for w in learns)
            assert (before[id(task.encoder.pooler.kernel)] != task.encoder.pooler.kernel.numpy()).any() == (part == 0)
            asked = [data.parts[part].pairs[i] for i in batch.rows]
            turned |= {a != b for a, b in zip(asked, task.reader.pairs, strict=True) if a[0] != a[1]}
            assert all(b in (a, a[::-1]) for a, b in zip(asked, task.reader.pairs, strict=True))
        assert turned == ({False, True} if part == 0 else {False})  # alike has no direction, what follows has


@pytest.mark.parametrize("weight", [0.0, 100.0])
def test_pinned_vectors_stay_and_others_drift(files: Files, small: Path, make: Make, weight: float) -> None:
    settings = {"heads": (POOLED,), "pin_weight": weight, "encoder_learning_rate": 3e-3}
    task, data = make(plan_of(files, small, files.rated, files.text, **settings))

    def embedded() -> Any:
        tokens = task.reader.alone(data.plain)
        vectors = np.asarray(task.reader.embed(task.encoder(*tokens), tokens.attention_mask))
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    before = embedded()
    for batch in [*task.batches(0), *task.batches(1)]:
        task.step(batch, 1.0)
    cosines = cosine(before, embedded())
    assert cosines.mean() > 0.99 if weight else cosines.mean() < 0.97


def test_words_stay_as_they_are_and_an_identity_learns_as_fast_as_the_heads(
    files: Files, small: Path, tmp_path: Path
) -> None:
    slow, fast, steps, output = 1e-4, 1e-2, 4, tmp_path / "out"
    plan = plan_of(
        files,
        small,
        replace(files.rated, take=8 * steps),
        heads=(POOLED,),
        encoder_learning_rate=slow,
        learning_rate=fast,
        freeze_embeddings=True,
        identity_pooler=True,
    )
    random.seed(1)
    before_it, state = is_op_determinism_enabled(), random.getstate()
    train(plan, output, Silent())
    assert (is_op_determinism_enabled(), random.getstate()) == (before_it, state)
    before, after = load_file(small / "model.safetensors"), load_file(output / "model.safetensors")
    for name, tensor in after.items():
        moved = np.abs(tensor - before[name]).max()
        if name == "embeddings.word_embeddings.weight":
            assert moved == 0
        elif name == "pooler.dense.weight":
            assert 10 * steps * slow < np.abs(tensor - np.eye(16)).max() < 2 * steps * fast
        elif name != "pooler.dense.bias":
            assert moved < 2 * steps * slow, name
            assert moved > 0 or name.startswith("embeddings."), name


@pytest.mark.parametrize("tune", ["heads", "all"])
@pytest.mark.parametrize("tokenizer", ["wordpiece", "unigram"])  # of the second, all token types are 0
def test_positives_teach_heads_of_both_inputs_and_the_cosine_where_the_encoder_learns(
    files: Files, tmp_path: Path, make: Make, tune: str, tokenizer: str
) -> None:
    encoder = make_checkpoint(tmp_path / "encoder", num_hidden_layers=1, tokenizer=tokenizer)
    apart = head_from({"kind": "pooled", "name": "apart", "unit_length": True})
    positives = replace(files.rated, kind="positives")
    rates = {"learning_rate": 0.02, "encoder_learning_rate": 1e-3}
    task, data = make(plan_of(files, encoder, positives, heads=(POOLED, apart), tune=tune, **rates))
    before = {id(weight): weight.numpy() for weight in task.encoder.variables}
    learned = [weight.numpy() for weight in task.weights]
    (batch, *_) = task.batches(0)
    losses = [task.step(batch, 1.0) for _ in range(8)]
    assert losses[-1] < losses[0]
    firsts = {sentence for i in batch.rows for sentence in data.parts[0].pairs[i]}
    assert {a for a, _ in task.reader.pairs} <= firsts  # the last that were packed: mismatched ones or the pairs
    assert all((old != new.numpy()).any() for old, new in zip(learned, task.weights, strict=True))
    same = all((before[id(weight)] == weight.numpy()).all() for weight in task.encoder.variables)
    assert same == (tune == "heads")
    assert -1 <= task.measure() <= 1


def test_another_seed_gives_other_weights(files: Files, small: Path, make: Make) -> None:
    first, again, other = (
        [weight.numpy() for weight in make(plan_of(files, small, files.rated, seed=seed))[0].heads[1].weights]
        for seed in (0, 0, 1)
    )
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_a_run_that_was_stopped_at_any_step_goes_on_to_the_same_numbers(
    files: Files, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopping(Silent):
        """Stops a run in its second epoch."""

        def show(self, done: int, total: int, name: str, text: str) -> None:
            """See `training.fit.Observer`."""
            if (name, done) == ("epoch 2", 3):
                raise Stopped(terminated=False)

    rated, inferred = replace(files.rated, take=40), replace(files.inferred, take=24)
    data = (rated, inferred, files.text, Source(files.rated.path, "cosine", take=16))
    plan = plan_of(files, small, *data, epochs=2, cosine_weight=0.0)
    whole = train(plan, tmp_path / "whole", Silent())
    monkeypatch.setattr("bertsim.training.fit.SAVE_SECONDS", 0.0)
    with pytest.raises(Stopped):
        train(plan, tmp_path / "cut", Stopping())
    cut = train(plan, tmp_path / "cut", Silent(), resume=True)
    for name in ("model.safetensors", "heads/pooled/model.safetensors", "heads/nli/model.safetensors"):
        found, expected = (load_file(tmp_path / folder / name) for folder in ("cut", "whole"))
        assert all((found[key] == expected[key]).all() for key in expected.keys() | found.keys()), name
    for a, b in zip(cut.progress.history, whole.progress.history, strict=True):
        assert (a.loss, a.metric) == (b.loss, b.metric)


# What a run ends with

RECIPE = """
name = "tiny-tuned"
card = "card.md"
tune = "all"
int8 = true
epochs = 2
batch_size = 16
freeze_embeddings = true
identity_pooler = true
cosine_weight = 0
exclude = ["bench/dev.tsv", "train.tsv"]
exclude_held_out = ["nli.tsv"]
bfloat16 = true
dev = {path = "dev.tsv"}
[words]
note = "A tiny one."
data = "dev, by rule"
scorers = {nli = "what follows"}
ranges = {cosine = [[-1, "something"], [0.5, "more"], [1.5, "never"]]}
errors = {role = "two of them exchanged", negation = "one of the two negated"}
[report]
correlation = [{path = "train.tsv"}]
separation = [{path = "nli.tsv", hold_out = true, take = 200}]
inference = ["nli.tsv"]
edits = ["text.txt"]
swapped = ["text.txt"]
paraphrases = "paraphrases.tsv"
verdicts = {path = "./written/pairs.tsv"}
plain = ["text.txt"]
[[run]]
heads = [
  {kind = "pooled", inputs = "packed", weight = 2},
  {kind = "bilstm", inputs = "packed", units = [4]},
  {kind = "mean", name = "nli", inputs = "packed", labels = ["entailment", "neutral", "contradiction"]},
]
data = [
  {path = "more.tsv"},
  {path = "nli.tsv", kind = "inference", take = 60, per_epoch = 32, hold_out = true},
  {path = "./written/pairs.tsv", kind = "verdicts", label = "kind", hold_out = true},
  {path = "text.txt", kind = "edits", edit = "antonym", antonyms = "antonyms.tsv", take = 32, epochs = [2, 2]},
  {path = "text.txt", kind = "text", take = 32, hold_out = true},
]
"""


@pytest.fixture(scope="module")
def tuned(files: Files, small: Path) -> Path:
    """A finished folder, of a run that was stopped when its tensors were int8 already and gone on with."""
    folder = files.folder
    (folder / "bench").mkdir()
    write_pairs(folder / "bench" / "dev.tsv", 8, seed=5)
    write_pairs(folder / "more.tsv", 96, seed=6)
    (folder / "antonyms.tsv").write_text("a\tb\tpos\tsense1\tsense2\nhot\tcold\ta\t1\t1\n")
    recipes, output = folder / "recipes", folder / "tuned"
    (recipes / "written").mkdir(parents=True)
    (recipes / "card.md").write_text("---\nlicense: mit\n---\n# A tiny card\n")
    written = [f"The {noun} is here.\tThe {noun} is there.\topposite" for noun in NOUNS]
    (recipes / "written" / "pairs.tsv").write_text("\n".join(["sentence_a\tsentence_b\tkind", *written]) + "\n")
    (recipes / "recipe.toml").write_text(RECIPE)
    given = ["train", "--recipe", str(recipes / "recipe.toml"), "--data-root", str(folder)]
    given += ["--encoder", str(small), "--output", str(output)]

    def stop(line: LiveLine, what: str) -> None:
        if what.startswith("exporting"):
            assert load_file(output / "model.safetensors")["pooler.dense.weight"].dtype == np.int8
            raise Stopped(terminated=False)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LiveLine, "stage", stop)
        assert main(given) == 130
    assert not (output / "manifest.json").exists()
    assert main([*given, "--resume"]) == 0
    return output


def test_the_folder_is_whole_int8_and_the_same_in_both_engines(tuned: Path, small: Path) -> None:
    check_manifest(tuned)
    for name in ("recipe.toml", "card.md", "written/pairs.tsv"):  # to make it again
        assert (tuned / name).read_bytes() == (tuned.parent / "recipes" / name).read_bytes()
    assert not list(tuned.rglob(".*"))
    assert len({path.stat().st_mode for path in tuned.rglob("*") if path.is_file()}) == 1  # not for its owner alone
    tensors = load_file(tuned / "model.safetensors")
    matrices = {name for name, tensor in tensors.items() if tensor.ndim == 2}
    assert {tensors[name].dtype for name in matrices} == {np.dtype(np.int8)}
    assert {name for name in tensors if name.endswith(".scale")} == {f"{name}.scale" for name in matrices}
    for name in ("pooled", "bilstm", "nli"):
        config = HeadConfig.from_folder(tuned / "heads" / name)
        assert (config.encoder, config.encoder_sha256) == ("tiny-tuned", open_folder(tuned).sha256)
    assert HeadConfig.from_folder(tuned / "heads" / "nli").activation == "softmax"
    fast, exact = bertsim.load(tuned), bertsim.load(tuned, engine="tensorflow")
    pairs = [(a, b) for _, a, b in EXAMPLES]
    found, expected = fast.scores(pairs), exact.scores(pairs)
    assert {"cosine", "pooled", "bilstm", "nli", "combined"} <= set(found)
    for scorer in ("cosine", "pooled", "bilstm", "nli", "combined"):
        np.testing.assert_allclose(found[scorer], expected[scorer], atol=0.02, err_msg=scorer)
    labels = fast.label_probabilities(pairs, head="nli")
    np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-3)


def test_it_gives_verdicts_by_thresholds_of_its_own(tuned: Path) -> None:
    model = bertsim.load(tuned)
    assert model.verdict_rule
    assert "text.txt, paraphrases.tsv, ./written/pairs.tsv, dev.tsv, and the ruler's" in model.verdict_rule.data
    assert model.verdict(model.compare("The cat sat.", "The dog sat."))


def test_its_thresholds_alone_can_be_fitted_again(
    tuned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    again, root = tmp_path / "again", tuned.parent
    shutil.copytree(tuned, again)
    given = ["train", "--recipe", str(root / "recipes" / "recipe.toml"), "--data-root", str(root)]
    given += ["--output", str(again)]
    (again / "verdict.json").write_text((tuned / "verdict.json").read_text() + "\n")  # others than are fitted now
    write_manifest(again)
    with monkeypatch.context() as killed:
        killed.setattr("bertsim.export.writing.write_manifest", sys.exit)
        with pytest.raises(SystemExit):
            main([*given, "--verdict"])
    assert bertsim.load(again).verdict_rule
    (again / "verdict.json").unlink()
    write_manifest(again)
    assert main([*given, "--verdict"]) == 0
    for name in ("verdict.json", "manifest.json"):
        assert (again / name).read_bytes() == (tuned / name).read_bytes()
    check_manifest(again)
    shutil.rmtree(again / "heads" / "nli")
    (again / ".run").mkdir()
    (again / "manifest.json").unlink()
    assert main([*given, "--verdict"]) == 2
    told = f"{again} holds a run that was stopped; go on with --resume in place of --verdict."
    assert told in capsys.readouterr().err
    (again / ".run").rmdir()
    assert main([*given, "--verdict"]) == 2
    told = f"{again} can give no verdicts without a head that infers, and a combined.json of its heads; add what is"
    assert told in capsys.readouterr().err
    assert not (again / "manifest.json").exists()


def test_its_words_are_those_of_the_recipe_with_ratings_that_dev_has(tuned: Path, files: Files) -> None:
    words = read_words(tuned)
    assert words is not None
    assert (words.note, words.data, words.scorers) == ("A tiny one.", "dev, by rule", {"nli": "what follows"})
    ranges = words.ranges["cosine"]
    rows = [line.split("\t") for line in Path(files.dev.path).read_text().splitlines()[1:]]
    scores = bertsim.load(tuned).score([(a, b) for a, b, _ in rows])
    assert sum(each.pairs for each in ranges) == len(rows) == 64
    for each, end in zip(ranges, [*(other.low for other in ranges[1:]), 2.0], strict=True):
        rated = [float(row[2]) for row, score in zip(rows, scores, strict=True) if each.low <= score < end]
        assert (each.pairs, each.rating) == (len(rated), round(float(np.mean(rated)), 1))
    assert [(each.kind, each.words) for each in words.known_errors] == [
        ("role", "two of them exchanged"),
        ("negation", "one of the two negated"),
    ]
    report = json.loads((tuned / "metrics.json").read_text())["report"]
    by_name = {probe["name"]: probe for probe in report["probes"]}  # the last of a name: edits
    assert words.agreement["cosine"] == json.loads((tuned / "metrics.json").read_text())["as_served"]["dev"]["spearman"]
    for error in words.known_errors:
        assert error.trials == by_name[error.kind]["count"]
        assert error.right == pytest.approx(by_name[error.kind]["values"]["nli"], abs=1e-4)


def test_card_recipe_and_report_lie_in_the_folder_and_no_path_of_this_machine(tuned: Path, files: Files) -> None:
    for name in ("card.md", "recipe.toml"):
        assert (tuned / name).read_bytes() == (files.folder / "recipes" / name).read_bytes()
    readme = (tuned / "README.md").read_text()
    assert readme.startswith("---\nlicense: mit\n---\n# A tiny card\n")
    metrics = json.loads((tuned / "metrics.json").read_text())
    report = metrics["report"]
    assert set(report["columns"]) == {"dev.tsv, Spearman", "train.tsv, Spearman", "nli.tsv, ROC AUC"}
    figures = [value for column in report["columns"].values() for value in column.values()]
    figures += [value for probe in report["probes"] for value in probe["values"].values()]
    figures += [*report["fidelity"].values(), report["sharpness"], *report["milliseconds"].values()]
    assert np.isfinite(figures).all()
    assert report["fidelity"]["smallest"] > 0.5
    assert [probe["name"] for probe in report["probes"]][:3] == ["negation", "word order", "inference"]
    assert {probe["name"] for probe in report["probes"]} >= set(KINDS)
    for line in ("| tried on | right | ECE | trials |", "- one pair, median of", "What it says of ten pairs"):
        assert line in readme
    assert f"{report['columns']['train.tsv, Spearman']['pooled']:.4f}" in readme
    assert (metrics["plan"]["exclude"], metrics["plan"]["data"][3]["antonyms"]) == (
        ["bench/dev.tsv", "train.tsv"],
        "antonyms.tsv",
    )
    written = 2 * sum(not any(is_held_out(f"The {noun} is {place}.") for place in ("here", "there")) for noun in NOUNS)
    assert [row["used"] for row in metrics["rows"]] == [96, 60, written, 32]
    for path in (path for path in tuned.rglob("*") if path.suffix in (".json", ".md", ".toml")):
        assert str(files.folder) not in path.read_text(), path


# What cannot be


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({'kind = "edits"': 'kind = "swaps"'}, "edit is 'antonym'; kind=edits needs one of negation, antonym, "),
        ({'edit = "antonym"': 'edit = "odd"'}, "edit is 'odd'; kind=edits needs one of negation, antonym, "),
        ({', antonyms = "antonyms.tsv"': ""}, "antonyms is None; edit=antonym needs a file of opposites, others none."),
        ({'edit = "antonym"': 'edit = "voice"'}, "edit=antonym needs a file of opposites, others none."),
        (
            {"epochs = [2, 2]": "epochs = [2, 1]"},
            "text.txt: epochs is (2, 1); the first and the last, counted from 1, were",
        ),
        (
            {"epochs = [2, 2]": "epochs = [0, 1]"},
            "text.txt: epochs is (0, 1); the first and the last, counted from 1, were",
        ),
        ({"epochs = [2, 2]": "epochs = 2"}, "recipe.toml: data[3]: epochs is 2; a list was expected."),
        ({"per_epoch = 32": "per_epoch = 1"}, "nli.tsv: per_epoch is 1; at least 2 was expected."),
        ({'kind = "text", take': 'kind = "text", per_epoch = 3, take'}, "kind=text is drawn from in every step."),
        ({'tune = "all"': 'tune = "heads"'}, "int8 is true and tune is 'heads'; it goes with tune 'all' alone."),
        (
            {'tune = "all"': 'tune = "none"', "int8 = true": "", "freeze_embeddings = true": ""},
            "identity_pooler is true and tune is 'none'; it goes with tune 'all' alone.",
        ),
        (
            {'tune = "all"': 'tune = "none"', "= true": "= false"},
            "text.txt: kind is 'text', which goes with tune 'all' alone.",
        ),
        ({"cosine_weight = 0": "cosine_weight = -1"}, "cosine_weight is -1.0; a number from 0 to 1000 was expected."),
        ({"cosine_weight = 0": "pin_weight = nan"}, "recipe.toml: pin_weight is nan; a finite number was expected."),
        ({"cosine_weight = 0": "pin_batch = 0"}, "pin_batch is 0; at least 1 was expected."),
        (
            {"weight = 2": "weight = 0"},
            "recipe.toml: heads[0]: weight is 0.0; a number from 1e-06 to 1e+06 was expected.",
        ),
        ({'"entailment", "neutral"': '"entailment", 3'}, "labels[1] is 3; a text was expected."),
        (
            {'"./written/pairs.tsv", kind': '"./../written/pairs.tsv", kind'},
            "recipe.toml: path is './../written/pairs.tsv', which leads out of its folder; put the file into that.",
        ),
        (
            {'"./written/pairs.tsv", kind': '"./config.json", kind'},
            "recipe.toml names config.json, which would take the place of the encoder's own file in the output",
        ),
        ({'"bench/dev.tsv"': "3"}, "recipe.toml: exclude[0] is 3; a path was expected."),
        ({'note = "A tiny one."': ""}, "recipe.toml: words: note is missing."),
        ({'note = "A tiny one."': 'note = " "'}, "recipe.toml: words: note is ' '; a text was expected."),
        ({"nli = ": "nil = "}, "words: scorers names 'nil'; known are cosine, "),
        ({'"what follows"': "3"}, "recipe.toml: words: scorers.nli is 3; a text was expected."),
        ({"{cosine = [[": "{cosines = [["}, "words: ranges names 'cosines'; known are cosine, "),
        (
            {'[0.5, "more"]': '[-2, "more"]'},
            "words: ranges of cosine: low is [-1.0, -2.0, 1.5]; one or more rising numbers were expected.",
        ),
        ({'[0.5, "more"]': '["more", 0.5]'}, "ranges.cosine[1][0] is 'more'; a finite number was expected."),
        ({'[0.5, "more"]': "[0.5]"}, "ranges.cosine[1] is [0.5]; a list of 2 was expected."),
        ({'[0.5, "more"]': "[0.5, 3]"}, "words: ranges.cosine[1][1] is 3; a text was expected."),
        ({"role = ": "rule = "}, "words: errors names 'rule'; known are negation, antonym, "),
        ({'inference = ["nli.tsv"]': "inference = [3]"}, "report: inference[0] is 3; a path was expected."),
        (
            {'swapped = ["text.txt"]': ""},
            "recipe.toml: report: swapped and paraphrases go together; give both, or leave both out.",
        ),
        ({'swapped = ["text.txt"]': "swapped = 3"}, "recipe.toml: report: swapped is 3; a list was expected."),
        (
            {'swapped = ["text.txt"]': 'swap = ["text.txt"]'},
            "recipe.toml: report: swap is not known; known are antonyms,",
        ),
    ],
)
def test_a_value_that_cannot_be_is_named(tmp_path: Path, changes: dict[str, str], message: str) -> None:
    text = RECIPE
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=re.escape(message)):
        read_recipe(path, tmp_path)


def test_what_cannot_be_learned_is_said_before_anything_is(files: Files, small: Path, tmp_path: Path) -> None:
    turned = replace(NLI, name="turned", labels=NLI.labels[::-1])
    for settings, data, message in (
        ({"heads": (NLI, turned)}, (files.inferred,), "heads of one run share their labels; train the others in a run"),
        (
            {"heads": (NLI,), "tune": "heads"},
            (files.rated,),
            "train.tsv: nothing in this run can be taught by its labels",
        ),
        (
            {"heads": (NLI,), "tune": "heads"},
            (files.inferred,),
            "dev.tsv: nothing in this run can be measured on its labels",
        ),
        ({"heads": (), "cosine_weight": 0.0}, (files.rated,), "train.tsv: nothing in this run can be taught by"),
        ({"exclude": (tmp_path / "no.tsv",)}, (files.rated,), "no.tsv does not exist; give the path of a data file."),
        ({"exclude": (Path(files.rated.path),)}, (files.rated,), "train.tsv has no row to train or measure on"),
    ):
        plan = plan_of(files, small, *data, **settings)
        with pytest.raises((DataError, InputError), match=re.escape(message)):
            read_data(plan, open_encoder(plan))
    with pytest.raises(InputError, match="kind is 'text', which goes with tune 'all' alone"):
        plan_of(files, small, files.rated, files.text, tune="heads")
    for data, message in (
        ((files.text,), "there is no pair to learn from in epoch 1 of 3; add data, or lower epochs."),
        ((replace(files.rated, epochs=(1, 2)), files.text), "no pair to learn from in epoch 3 of 3"),
    ):
        with pytest.raises(InputError, match=re.escape(message)):
            plan_of(files, small, *data, epochs=3)


def test_files_that_are_read_only_at_the_end_are_missed_at_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE)
    given = ["train", "--recipe", str(path), "--data-root", str(tmp_path), "--output", str(tmp_path / "out")]
    for name in ("card.md", "train.tsv", "nli.tsv", "text.txt", "paraphrases.tsv", "written/pairs.tsv"):
        assert main(given) == 2
        told = f"{tmp_path / name}, which {path} names, is not a file; put it there, or leave it out."
        assert told in capsys.readouterr().err
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert not (tmp_path / "out").exists()
