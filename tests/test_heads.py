"""Heads: what padding, engines, files and other encoders may not change, and transformers' own classifiers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import bertsim
from bertsim.bert.folder import encoder_sha256
from bertsim.data.json_files import write_json
from bertsim.errors import CheckpointError, ExportError, InputError
from bertsim.heads.config import HeadConfig
from bertsim.measuring.fitting import fit_combination
from bertsim.score.calibration import Calibration, Combination
from tests.checkpoints import make_checkpoint
from tests.golden.cases import CLASSIFIERS, PAIRS

pytestmark = pytest.mark.tensorflow

GOLDEN = Path(__file__).parent / "golden"
HIDDEN = 48
CONFIG = HeadConfig("mean", "apart", (), 0.2, ("similar",), (0.0, 5.0), 64, "some-encoder", "0" * 64, HIDDEN)
SHAPES = {
    "bilstm_packed": replace(CONFIG, kind="bilstm", inputs="packed", units=(6,)),
    "bilstm_apart_deep": replace(CONFIG, kind="bilstm", units=(6, 5)),
    "mean_packed_labels": replace(CONFIG, inputs="packed", labels=("similar", "funny", "long")),
    "mean_apart": CONFIG,
    "pooled_packed": replace(CONFIG, kind="pooled", inputs="packed"),
    "pooled_apart": replace(CONFIG, kind="pooled"),
    "mean_unit": replace(CONFIG, unit_length=True),
}
LENGTHS = (8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 512)
"""Where a kernel may change its way; every one from 8 to 512 in `make test-all`."""


def random_head(config: HeadConfig, *, has_pooler: bool = False):
    """A head whose every weight counts."""
    from bertsim.heads.network import Head

    head, random = Head(config, has_pooler=has_pooler), np.random.default_rng(3)
    for _, variable, _ in head.named_variables():
        variable.assign(random.standard_normal(variable.shape) * 0.3)
    return head


def logits_of(head, mask: np.ndarray, output: dict[str, np.ndarray], *, training: bool = False):
    """Logits of packed pairs, or of pairs of a sentence and itself."""
    u = head.features(attention_mask=mask, **output, training=training)
    return head.classify(u, u if head.config.inputs == "apart" else None, training=training)


def runners(head, folder: Path):
    """The head in both engines."""
    from bertsim.engines.litert import LiteRTHead
    from bertsim.engines.tensorflow import TensorFlowHead
    from bertsim.export.heads import export_head

    assert export_head(head, folder / "head.tflite") < 1e-5
    return {"tensorflow": TensorFlowHead(head), "litert": LiteRTHead(folder / "head.tflite")}


def output_of(vectors: np.ndarray, pooler: np.ndarray | None = None):
    from bertsim.records import EncoderOutput

    batch, seq, _ = vectors.shape
    return EncoderOutput(vectors, pooler, vectors[None], np.zeros((0, batch, 1, seq, seq), np.float32))


def put_heads(encoder: Path, folder: Path, *, has_pooler: bool, names: tuple[str, ...] = tuple(SHAPES)) -> Path:
    """A folder of random heads that belong to an encoder."""
    from bertsim.export.heads import export_head
    from bertsim.export.writing import save_head

    for name in names:
        config = replace(SHAPES[name], encoder="tiny", encoder_sha256=encoder_sha256(encoder))
        head = random_head(config, has_pooler=has_pooler)
        save_head(head, folder / name)
        export_head(head, folder / name / "model.tflite")
    return folder


@pytest.fixture(scope="module")
def headed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with a folder of every head, and calibrations."""
    folder = make_checkpoint(tmp_path_factory.mktemp("headed") / "tiny")
    put_heads(folder, folder / "heads", has_pooler=True)
    curve = Calibration("logistic", slope=4.0, intercept=-2.0)
    write_json(folder / "calibration.json", {"cosine": curve})
    write_json(folder / "heads" / "mean_apart" / "calibration.json", {"mean_apart": curve})
    return folder


@pytest.fixture(scope="module")
def loaded(headed: Path) -> dict[str, bertsim.SimilarityModel]:
    """That checkpoint in both engines; what a graph is traced for once is kept with it."""
    return {engine: bertsim.load(headed, engine=engine) for engine in ("litert", "tensorflow")}


@pytest.fixture(params=["litert", "tensorflow"])
def any_engine(request: pytest.FixtureRequest, loaded: dict[str, bertsim.SimilarityModel]) -> bertsim.SimilarityModel:
    return loaded[request.param]


@pytest.mark.parametrize("lengths", [LENGTHS, pytest.param(range(8, 513), marks=pytest.mark.long)])
@pytest.mark.parametrize("shape", SHAPES)
def test_padding_and_batch_mates_never_change_features(shape: str, lengths: Sequence[int], tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    real = [1, 3, 8]
    vectors = [random.standard_normal((n, HIDDEN)).astype(np.float32) for n in real]
    for engine, runner in runners(random_head(SHAPES[shape]), tmp_path).items():
        alone = [runner.features(output_of(v[None]), np.ones((1, len(v)), np.int32)) for v in vectors]
        expected = np.concatenate(alone)
        for length in lengths:
            mask = (np.arange(length) < np.array(real)[:, None]).astype(np.int32)
            padded = random.standard_normal((3, length, HIDDEN)).astype(np.float32) * 50  # what padding may hold
            for row, v in enumerate(vectors):
                padded[row, : len(v)] = v
            together = runner.features(output_of(padded), mask)
            np.testing.assert_allclose(together, expected, atol=1e-6, err_msg=f"{engine}, {length} tokens")


@pytest.mark.parametrize("kind", ["mean", "pooled"])
def test_a_head_of_unit_length_starts_from_the_cosine(kind: str) -> None:
    from bertsim.score.measures import cosine
    from bertsim.training.joint import first_head

    head = first_head(replace(CONFIG, kind=kind, unit_length=True), has_pooler=False)
    random = np.random.default_rng(4)
    a, b = (random.standard_normal((6, 1, HIDDEN)).astype(np.float32) * 0.01 for _ in "ab")
    mask = np.ones((6, 1), np.int32)
    logits = head.classify(head.features(a, mask), head.features(b, mask))
    np.testing.assert_allclose(np.asarray(logits)[:, 0], 8 * cosine(a[:, 0], b[:, 0]) - 4, atol=1e-3)
    with pytest.raises(InputError, match="unit_length is true and inputs packed"):
        replace(CONFIG, inputs="packed", unit_length=True)


def test_the_backward_lstm_starts_at_the_last_real_token() -> None:
    head, random = random_head(SHAPES["bilstm_packed"]), np.random.default_rng(1)
    vectors = random.standard_normal((1, 12, HIDDEN)).astype(np.float32)
    mask = (np.arange(12) < 5).astype(np.int32)[None]
    layer = head.lstms[0].backward_layer
    kernel, recurrent, bias = (w.numpy() for w in (layer.cell.kernel, layer.cell.recurrent_kernel, layer.cell.bias))
    h, c, states = np.zeros(6), np.zeros(6), []
    for x in vectors[0, 4::-1]:  # by hand: i, f, c, o
        i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4)
        c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        h = np.tanh(c) / (1 + np.exp(-o))
        states.append(h)
    features = np.asarray(head.features(vectors, mask))[0]
    np.testing.assert_allclose(features[6:12], np.mean(states, axis=0), atol=1e-5)
    np.testing.assert_allclose(features[18:24], np.max(states, axis=0), atol=1e-5)


@pytest.mark.parametrize("has_pooler", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_head_comes_back_as_it_was_saved(shape: str, has_pooler: bool, tmp_path: Path) -> None:
    from bertsim.export.writing import save_head
    from bertsim.heads.network import load_head

    head = random_head(SHAPES[shape], has_pooler=has_pooler)
    save_head(head, tmp_path / "x")
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == ["config.json", "model.safetensors"]
    again = load_head(HeadConfig.from_folder(tmp_path / "x"), tmp_path / "x", has_pooler=has_pooler)
    assert again.config == head.config
    random = np.random.default_rng(2)
    output = {
        "last_hidden_state": random.standard_normal((2, 5, HIDDEN)).astype(np.float32),
        "pooler_output": random.standard_normal((2, HIDDEN)).astype(np.float32),
    }
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]])
    expected = logits_of(head, mask, output)
    assert tuple(expected.shape) == (2, len(head.config.labels))
    np.testing.assert_array_equal(logits_of(again, mask, output), expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_head_trains(shape: str) -> None:
    import tensorflow as tf

    head, random = random_head(SHAPES[shape]), np.random.default_rng(4)
    output = {"last_hidden_state": random.standard_normal((3, 7, HIDDEN)).astype(np.float32)}
    mask = np.ones((3, 7), np.int32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(logits_of(head, mask, output, training=True))
    gradients = tape.gradient(loss, head.trainable_variables)
    assert len(gradients) == len(list(head.named_variables()))
    assert all(gradient is not None for gradient in gradients)


def test_a_head_scores_in_both_engines_alike(loaded: dict[str, bertsim.SimilarityModel]) -> None:
    fast, exact = loaded["litert"], loaded["tensorflow"]
    assert fast.scorers == exact.scorers
    assert set(SHAPES) < set(fast.scorers)
    for scorer in SHAPES:
        np.testing.assert_allclose(
            fast.score(list(PAIRS), scorer=scorer), exact.score(list(PAIRS), scorer=scorer), atol=0.05
        )
        np.testing.assert_allclose(
            fast.logits(list(PAIRS), head=scorer), exact.logits(list(PAIRS), head=scorer), atol=0.2
        )


@pytest.mark.parametrize("scorer", SHAPES)
def test_a_score_does_not_depend_on_batch_or_max_length(any_engine: bertsim.SimilarityModel, scorer: str) -> None:
    alone = np.concatenate([any_engine.score([pair], scorer=scorer, max_length=40) for pair in PAIRS])
    for max_length in (40, 64):
        together = any_engine.score([*PAIRS, *PAIRS] * 9, scorer=scorer, max_length=max_length)
        tolerance = 1e-6 if any_engine.engine == "tensorflow" else 0.02
        np.testing.assert_allclose(together, np.tile(alone, 18), atol=tolerance)
    assert any_engine.score([], scorer=scorer).shape == (0,)


def test_a_scorer_reads_pairs_in_the_way_of_its_head(any_engine: bertsim.SimilarityModel) -> None:
    packed = {name for name in any_engine.heads if any_engine.head_config(name).inputs == "packed"}
    assert set(any_engine.scorers_of("packed")) == packed & set(any_engine.scorers)
    assert set(any_engine.scorers_of("apart")) == set(any_engine.scorers) - packed
    assert any_engine.scorers_of("packed")


def test_compare_lists_every_head_in_both_orders(any_engine: bertsim.SimilarityModel) -> None:
    (a, b), *_ = PAIRS
    comparison = any_engine.compare(a, b)
    assert tuple(score.scorer for score in comparison.scores) == any_engine.scorers
    for scorer in SHAPES:
        verdict = comparison[scorer]
        forward, backward = (any_engine.score([pair], scorer=scorer)[0] for pair in ((a, b), (b, a)))
        assert verdict.value == pytest.approx(forward, abs=5e-3)
        assert verdict.value_reversed == pytest.approx(backward, abs=5e-3)
        assert (verdict.unit, verdict.low, verdict.high, verdict.score) == ("probability", 0, 1, verdict.value)
    assert comparison["cosine"].value_reversed is None
    tokens, output = comparison.packed
    assert tokens.sentences == ((a, b),)
    assert output.last_hidden_state.shape[0] == output.attentions.shape[1] == 1


def test_every_head_follows_a_mask_those_that_read_the_pair_packed_too(any_engine: bertsim.SimilarityModel) -> None:
    comparison = any_engine.compare(*PAIRS[0])
    mask = comparison.tokens.attention_mask.copy()
    same = any_engine.rescore(comparison, mask)
    assert [score.scorer for score in same.scores] == list(any_engine.scorers)
    mask[0, 2] = 0
    hidden = any_engine.rescore(comparison, mask)
    masks = np.stack([comparison.tokens.attention_mask, mask])
    for name in ("mean_apart", "bilstm_packed"):
        assert same[name].value == pytest.approx(comparison[name].value, abs=1e-6)
        assert abs(hidden[name].value - comparison[name].value) > 1e-6
        assert any_engine.score_masked(comparison, masks, name) == pytest.approx(
            [comparison[name].score, hidden[name].score], abs=5e-3
        )
    assert (hidden.packed[1].attentions[:, 0, :, :, 2] == 0).all()


def test_a_calibration_gives_probabilities_and_nothing_gives_none(any_engine: bertsim.SimilarityModel) -> None:
    comparison = any_engine.compare(*PAIRS[0])
    for scorer in ("cosine", "mean_apart"):
        score = comparison[scorer].score
        assert comparison[scorer].probability == pytest.approx(1 / (1 + np.exp(2 - 4 * score)), abs=1e-6)
        np.testing.assert_allclose(any_engine.calibrate(scorer, np.float32([score])), [comparison[scorer].probability])
    assert comparison["dot"].probability is None
    assert any_engine.calibrate("dot", np.float32([1])) is None
    other = any_engine.compare(*PAIRS[0], pooling="cls")
    assert other["cosine"].probability is None  # it was fitted on the default pooling
    assert other["mean_apart"].probability is not None


def test_a_head_of_several_labels_gives_each_its_probability(any_engine: bertsim.SimilarityModel) -> None:
    found = any_engine.label_probabilities(list(PAIRS), head="mean_packed_labels")
    assert found.shape == (3, 3)
    assert any_engine.labels("mean_packed_labels") == ("similar", "funny", "long")
    np.testing.assert_allclose(found[:, 0], any_engine.score(list(PAIRS), scorer="mean_packed_labels"), atol=1e-6)
    with pytest.raises(InputError, match=r"head is 'x'; known are bilstm_apart_deep, .*; python -m bertsim train"):
        any_engine.labels("x")


def test_bad_pairs_are_named_by_heads_too(any_engine: bertsim.SimilarityModel) -> None:
    for scorer in ("mean_apart", "pooled_packed"):
        with pytest.raises(InputError, match=r"^pair 2, sentence B is empty"):
            any_engine.score([("dog", "cat"), ("dog", " ")], scorer=scorer)
    with pytest.raises(InputError, match=r"scorer is 'x'; known are cosine, .*mean_apart"):
        any_engine.score([("dog", "cat")], scorer="x")


def test_every_head_scores_many_with_many_as_it_does_pairs(any_engine: bertsim.SimilarityModel) -> None:
    own, others = [a for a, _ in PAIRS], [b for _, b in PAIRS][:2]
    for scorer in any_engine.scorers:
        expected = any_engine.score([(a, b) for a in own for b in others], scorer=scorer).reshape(3, 2)
        np.testing.assert_allclose(any_engine.matrix(own, others, scorer), expected, atol=5e-3)
        best = any_engine.rank(own[0], others, scorer=scorer)[0]
        assert best.score == pytest.approx(expected[0].max(), abs=5e-3)
        assert any_engine.cost(own, others, scorer).passes == (6 if scorer in any_engine.scorers_of("packed") else 5)


def test_packed_ids_are_those_of_the_views(any_engine: bertsim.SimilarityModel) -> None:
    tokenizer = any_engine._tokenizer
    for max_length in (8, 13, 64):
        arrays = tokenizer.pad(tokenizer.encode(PAIRS, max_length))
        batch = tokenizer.batch(list(PAIRS), max_length)
        for ours, theirs in zip(arrays, (batch.input_ids, batch.attention_mask, batch.token_type_ids), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_head_of_another_encoder_is_refused_with_both_names(headed: Path, tmp_path: Path) -> None:
    other = make_checkpoint(tmp_path / "other", seed=9)
    with pytest.raises(CheckpointError, match=r"bilstm_apart_deep belongs to the encoder tiny .*, not to other"):
        bertsim.load(other, heads=headed / "heads", engine="tensorflow")
    assert bertsim.load(other, engine="tensorflow").heads == ()
    assert bertsim.load(headed, heads=False).heads == ()
    with pytest.raises(CheckpointError, match="nowhere is no folder; a folder of heads was expected"):
        bertsim.load(headed, heads=tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match="other holds no head"):
        bertsim.load(headed, heads=other)


def test_a_head_without_a_flatbuffer_is_exported_once(
    headed: Path, loaded: dict[str, bertsim.SimilarityModel], tmp_path: Path
) -> None:
    shutil.copytree(headed / "heads" / "mean_apart", tmp_path / "heads" / "mine")
    (tmp_path / "heads" / "mine" / "model.tflite").unlink()
    (tmp_path / "heads" / "mine" / "calibration.json").unlink()
    model = bertsim.load(headed, heads=tmp_path / "heads")
    assert model.heads == ("mine",)
    expected = loaded["litert"].score(list(PAIRS), scorer="mean_apart")
    np.testing.assert_allclose(model.score(list(PAIRS), scorer="mine"), expected, atol=1e-6)


def test_the_name_of_a_measure_is_no_name_of_a_head(headed: Path, tmp_path: Path) -> None:
    shutil.copytree(headed / "heads" / "mean_apart", tmp_path / "heads" / "cosine")
    with pytest.raises(CheckpointError, match="cosine has the name of another scorer"):
        bertsim.load(headed, heads=tmp_path / "heads")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": 1}, "colour is not known; known are activation, dropout"),
        ({"units": None, "dropout": None}, "units is missing"),
        ({"kind": "lstm"}, "kind is 'lstm'; known are bilstm, pooled, mean"),
        ({"inputs": "both"}, "inputs is 'both'; known are packed, apart"),
        ({"units": [64]}, r"units is \[64\]; a bilstm has one or more layers"),
        ({"units": 64}, "units is 64; a list was expected"),
        ({"dropout": 1}, r"dropout is 1\.0; a number in \[0, 1\) was expected"),
        ({"labels": []}, "labels is .*; one or more names were expected"),
        ({"labels": ["x", "x"]}, "every name may stand there once"),
        ({"label_scale": [5, 0]}, "two numbers, low and high"),
        ({"max_length": True}, "max_length is True; a whole number"),
        ({"encoder": 3}, "encoder is 3; a text was expected"),
        ({"activation": "tanh"}, "activation is 'tanh'"),
    ],
)
def test_a_config_that_cannot_be_is_refused_by_name(tmp_path: Path, change: dict[str, object], message: str) -> None:
    write_json(tmp_path / "config.json", CONFIG)
    assert HeadConfig.from_folder(tmp_path) == CONFIG
    raw = json.loads((tmp_path / "config.json").read_text())
    raw = {key: value for key, value in (raw | change).items() if value is not None}
    (tmp_path / "config.json").write_text(json.dumps(raw))
    with pytest.raises(CheckpointError, match=rf"config\.json.*{message}"):
        HeadConfig.from_folder(tmp_path)


def test_damaged_tensors_are_named(tmp_path: Path) -> None:
    from bertsim.export.writing import save_head
    from bertsim.heads.network import load_head

    save_head(random_head(CONFIG), tmp_path)
    path, good = tmp_path / "model.safetensors", load_file(tmp_path / "model.safetensors")
    bad = np.full_like(good["classifier.bias"], np.nan)
    for tensors, message in (
        ({"classifier.bias": good["classifier.bias"]}, "the tensor classifier.weight is missing"),
        (good | {"extra": bad}, "the tensor extra is no part of this model"),
        (good | {"classifier.bias": bad}, "classifier.bias holds a value that is not a finite number"),
        (good | {"classifier.bias": np.zeros(3, np.float32)}, r"has the shape \[3\]; config.json asks for \[1\]"),
    ):
        save_file(tensors, path)
        with pytest.raises(CheckpointError, match=message):
            load_head(CONFIG, tmp_path, has_pooler=False)
    path.write_bytes(b"x" * 100)
    with pytest.raises(CheckpointError, match="is damaged or no safetensors file"):
        load_head(CONFIG, tmp_path, has_pooler=False)
    path.unlink()
    with pytest.raises(CheckpointError, match=r"has no model\.safetensors"):
        load_head(CONFIG, tmp_path, has_pooler=False)


def test_an_export_that_disagrees_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bertsim.export import heads as head_export

    monkeypatch.setattr(head_export, "LARGEST_DIFFERENCE", -1.0)
    with pytest.raises(ExportError, match=r"x\.tflite was not written: a logit of the flatbuffer is"):
        head_export.export_head(random_head(CONFIG), tmp_path / "x.tflite")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifier_of_the_hub_equals_transformers(name: str, tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / name, **CLASSIFIERS[name])
    exact = bertsim.load(folder, engine="tensorflow")
    with np.load(GOLDEN / "classifiers.npz") as file:
        logits = file[name]
    np.testing.assert_allclose(exact.logits(list(PAIRS), head="pooled"), logits, atol=1e-5)
    assert exact.labels("pooled") == CLASSIFIERS[name]["labels"]
    if "identity" in name:
        return
    fast = bertsim.load(folder)
    np.testing.assert_allclose(fast.logits(list(PAIRS), head="pooled"), logits, atol=0.1)
    found = exact.label_probabilities(list(PAIRS), head="pooled")
    if name == "inference":
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
        np.testing.assert_allclose(exact.score(list(PAIRS), scorer="pooled"), found[:, 1], atol=1e-6)
    else:
        np.testing.assert_allclose(found, 1 / (1 + np.exp(-logits)), atol=1e-5)
    assert ("pooled" in exact.scorers) == (name != "several")
    assert exact.heads == ("pooled",)


@pytest.mark.parametrize("name", [name for name in CLASSIFIERS if name.startswith("cross_encoder")])
def test_a_cross_encoder_gives_the_values_that_sentence_transformers_gives(name: str, tmp_path: Path) -> None:
    model = bertsim.load(make_checkpoint(tmp_path / name, **CLASSIFIERS[name]), engine="tensorflow")
    with np.load(GOLDEN / "classifiers.npz") as file:
        predicted = file[f"{name}/predicted"]
    np.testing.assert_allclose(model.score(list(PAIRS), scorer="pooled"), predicted, atol=1e-5)
    score = model.compare(*PAIRS[0])["pooled"]
    assert score.value == pytest.approx(predicted[0], abs=1e-5)
    if "identity" in name:
        assert (score.unit, score.low, score.high) == ("logit", -np.inf, np.inf)
        with pytest.raises(InputError, match="the head pooled gives logits, not probabilities"):
            model.label_probabilities(list(PAIRS), head="pooled")
    else:
        assert (score.unit, score.low, score.high) == ("probability", 0.0, 1.0)


def test_one_label_of_a_regression_is_the_logit_unless_a_cross_encoder_says_otherwise(tmp_path: Path) -> None:
    said = {"problem_type": "regression"}
    model = bertsim.load(make_checkpoint(tmp_path / "a", labels=("LABEL_0",), config=said), engine="tensorflow")
    logits = model.logits(list(PAIRS), head="pooled")[:, 0]
    np.testing.assert_allclose(model.score(list(PAIRS), scorer="pooled"), logits, atol=1e-6)
    said["sbert_ce_default_activation_function"] = "torch.nn.modules.activation.Sigmoid"
    own = bertsim.load(make_checkpoint(tmp_path / "b", labels=("LABEL_0",), config=said), engine="tensorflow")
    np.testing.assert_allclose(own.score(list(PAIRS), scorer="pooled"), 1 / (1 + np.exp(-logits)), atol=1e-6)


def test_a_classifier_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    for options, message in (
        ({"labels": ("a", "b"), "config": {"id2label": {"0": "a"}}}, "id2label names 1 labels, the classifier has 2"),
        (
            {"labels": ("a",), "config": {"sentence_transformers": {"activation_fn": "torch.nn.Tanh"}}},
            "the activation function 'torch.nn.Tanh' is not known; Sigmoid and Identity are",
        ),
        ({"labels": ("a", "b"), "config": {"architectures": 5}}, "architectures is 5; a list was expected"),
        ({"labels": ("a", "b"), "config": {"id2label": ["a", "b"]}}, "id2label is .*; a dict was expected"),
        ({"labels": ("a", "b"), "pooler": False}, "has no classifier over a pooler"),
        ({"config": {"architectures": ["BertForSequenceClassification"]}}, "has no classifier over a pooler"),
    ):
        folder = make_checkpoint(tmp_path / message[:8], **options)
        with pytest.raises(CheckpointError, match=message):
            bertsim.load(folder, engine="tensorflow")


@pytest.mark.parametrize(
    ("labels", "index"),
    [(("LABEL_0",), 0), (("no", "yes"), 1), (("duplicate", "other"), 0), (("neutral", "x", "ENTAILMENT"), 2)],
)
def test_which_label_means_similar(labels: tuple[str, ...], index: int) -> None:
    assert replace(CONFIG, labels=labels).similar == index
    assert replace(CONFIG, labels=("a", "b", "c")).similar is None


@pytest.mark.usefixtures("loaded")  # the encoder's flatbuffer is in the cache now
def test_heads_are_served_without_tensorflow(headed: Path) -> None:
    code = (
        "import sys, bertsim; m = bertsim.load(sys.argv[1]); m.compare('the dog', 'a cat', packed=True);"
        "[m.score([('the dog', 'a cat')], scorer=s) for s in m.scorers]; print(len(m.heads), "
        "sorted({'tensorflow', 'keras', 'transformers', 'sklearn', 'gradio'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code, str(headed)], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == f"{len(SHAPES)} []"


def test_scorers_are_joined_into_one(headed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    shutil.copytree(headed, folder)
    combination = Combination({"cosine": 1.5, "mean_apart": 2.0, "bilstm_packed": -1.0}, 0.25)
    write_json(folder / "combined.json", combination)
    model = bertsim.load(folder)
    assert model.scorers[-1] == "combined"
    assert model.scorers_of("packed")[-1] == model.scorers_of("apart")[-1] == "combined"
    parts = {name: model.score(list(PAIRS), scorer=name) for name in combination.weights}
    total = 1.5 * parts["cosine"] + 2 * parts["mean_apart"] - parts["bilstm_packed"] + 0.25
    scores = model.score(list(PAIRS), scorer="combined")
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(-total)), atol=1e-6)
    for pooling in (None, "cls"):
        verdict = model.compare(*PAIRS[0], pooling=pooling)["combined"]
        assert verdict.value == pytest.approx(scores[0], abs=5e-3)
        turned = model.score([PAIRS[0][::-1]], scorer="combined")[0]
        assert verdict.value_reversed == pytest.approx(turned, abs=5e-3)
    assert "combined" not in bertsim.load(folder, heads=False).scorers
    (folder / "combined.json").write_text('{"weights": {"cosine": NaN}, "intercept": 0, "data": ""}')
    with pytest.raises(CheckpointError, match=r"weights\.cosine is nan; a finite number was expected"):
        bertsim.load(folder)
    (folder / "combined.json").write_text('{"weights": {}, "bias": 0, "data": ""}')
    with pytest.raises(CheckpointError, match=r"combined\.json: bias is not known"):
        bertsim.load(folder)


def test_a_combination_is_fitted_to_graded_labels() -> None:
    random = np.random.default_rng(5)
    good, noise = random.random(400), random.random(400)
    labels = 1 / (1 + np.exp(-(4 * good - 2)))
    found = fit_combination({"good": good, "noise": noise}, labels, data="dev")
    assert found.weights["good"] == pytest.approx(4, abs=0.6)
    assert found.weights["noise"] == pytest.approx(0, abs=0.2)
    with pytest.raises(InputError, match="at least 20 pairs"):
        fit_combination({"good": good[:5]}, labels[:5])
    with pytest.raises(InputError, match="scores must be finite"):
        fit_combination({"good": good * np.nan}, labels)


def test_what_a_head_says_is_told_apart_from_what_people_would_say(any_engine: bertsim.SimilarityModel) -> None:
    from bertsim.cli.score import in_words
    from bertsim.views.result import Origin, measures

    comparison = any_engine.compare(*PAIRS[0])
    verdict = comparison["mean_apart"]
    assert in_words(verdict).splitlines() == [
        f"{verdict.value:.4f}  mean_apart probability, from 0 to 1 (higher = more similar)",
        f"{verdict.probability:.4f}  calibrated: the probability that people would call the two similar",
        f"{verdict.value_reversed:.4f}  mean_apart probability in the other order, (B, A)",
    ]
    engine = Origin("some-bert", "litert", "mean", None, "concat", 64, 1)
    drawn = measures(comparison, engine)
    assert f"called similar: </span>{verdict.probability * 100:.0f}\u202f%" in drawn
    assert "no trained head" not in drawn
    alone = replace(comparison, scores=comparison.scores[:4])
    assert "There is no trained head for this encoder; python -m bertsim train makes one." in measures(alone, engine)
