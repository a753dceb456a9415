"""Text to scores in both engines: what padding, batches, order and threads may not change."""

from __future__ import annotations

import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import bertsim
from bertsim import SimilarityModel
from bertsim.bert.config import BertConfig, EmbeddingConfig
from bertsim.engines.base import INPUTS
from bertsim.engines.litert import LiteRTEngine
from bertsim.errors import CheckpointError, ExportError, InputError
from bertsim.model.loading import BUNDLED, BUNDLED_NAME
from bertsim.text.unread import withheld
from tests.checkpoints import make_checkpoint

SENTENCES = [
    "A man is playing the guitar on a small stage.",
    "Someone plays an instrument.",
    "The stock market fell sharply on Monday, and nobody could say why it had done so.",
    "rain",
    "It is raining, it is pouring, the old man is snoring, and he will not wake up before the morning comes.",
    "A dog runs across the field.",
]
PAIRS = list(zip(SENTENCES[::2], SENTENCES[1::2], strict=True))
TOLERANCE = {"tensorflow": 1e-6, "litert": 5e-3}


@pytest.fixture(scope="session")
def reference() -> SimilarityModel:
    return bertsim.load(engine="tensorflow")


@pytest.fixture(params=["model", pytest.param("reference", marks=pytest.mark.tensorflow)], ids=["litert", "tensorflow"])
def any_engine(request: pytest.FixtureRequest) -> SimilarityModel:
    return request.getfixturevalue(request.param)


def test_a_score_is_the_same_at_every_max_length_and_in_every_batch(any_engine: SimilarityModel) -> None:
    short = [(a[:40], b[:40]) for a, b in PAIRS]
    alone = np.concatenate([any_engine.score([pair], max_length=16) for pair in short])
    for max_length in (16, 32, 128):
        together = any_engine.score(short * 3, max_length=max_length)
        np.testing.assert_allclose(together, np.tile(alone, 3), atol=TOLERANCE[any_engine.engine])


@pytest.mark.parametrize("length", [16, 32, 128])
def test_padding_never_changes_an_embedding(any_engine: SimilarityModel, length: int) -> None:
    tokenizer, runner = any_engine._tokenizer, any_engine._engine
    rows = tokenizer.encode([(s[:40],) for s in SENTENCES], 16)
    alone = np.concatenate([runner.embed(*tokenizer.pad([row])) for row in rows])
    arrays = tokenizer.pad(rows)
    padded = runner.embed(*(np.pad(each, ((0, 0), (0, length - each.shape[1]))) for each in arrays))  # [PAD] is 0
    scale = np.linalg.norm(alone, axis=1, keepdims=True)
    np.testing.assert_allclose(padded / scale, alone / scale, atol=TOLERANCE[any_engine.engine])


def test_a_score_is_the_same_whether_the_pooler_is_asked_for_alone_or_with_token_vectors(
    any_engine: SimilarityModel,
) -> None:
    assert "pool" in any_engine._engine.signatures
    alone, beside = any_engine.score(PAIRS, scorer="pooled"), any_engine.scores(PAIRS, ["pooled", "nli"])["pooled"]
    np.testing.assert_allclose(alone, beside, atol=TOLERANCE[any_engine.engine])


def test_results_come_back_in_the_callers_order_each_distinct_sentence_once(model: SimilarityModel) -> None:
    seen: list[tuple[int, int]] = []
    shuffled = [*SENTENCES, *reversed(SENTENCES)] * 20
    embeddings = model.embed(shuffled, progress=lambda done, total: seen.append((done, total)))
    np.testing.assert_array_equal(embeddings[:6], embeddings[11:5:-1])
    np.testing.assert_array_equal(embeddings[:12], embeddings[12:24])
    assert seen[-1] == (len(shuffled), len(shuffled))
    assert len(seen) <= len(SENTENCES)


@pytest.mark.tensorflow
def test_both_engines_agree(model: SimilarityModel, reference: SimilarityModel) -> None:
    np.testing.assert_allclose(model.score(PAIRS), reference.score(PAIRS), atol=0.02)
    ours, theirs = model.compare(*PAIRS[0]), reference.compare(*PAIRS[0])
    assert ours.output.hidden_states.shape == theirs.output.hidden_states.shape
    apart = np.abs(ours.output.attentions - theirs.output.attentions)  # a sharp head may turn to another token
    assert np.quantile(apart, 0.98) < 0.02
    assert apart.mean() < 0.003


def test_compare_scores_what_it_shows(any_engine: SimilarityModel) -> None:
    comparison = any_engine.compare(*PAIRS[0])
    for scorer in any_engine.scorers:
        score = any_engine.score([PAIRS[0]], scorer=scorer)[0]
        assert comparison[scorer].score == pytest.approx(score, rel=2e-3)
    mask = comparison.tokens.attention_mask[:, :, None]
    a, b = (comparison.output.last_hidden_state * mask).sum(axis=1) / mask.sum(axis=1)
    assert comparison["cosine"].value == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-6)


def test_the_packed_pair_is_there_on_demand(model: SimilarityModel) -> None:
    tokens, output = model.compare("A dog barks.", "Cats sleep.").packed
    assert tokens.tokens[0][0] == "[CLS]"
    assert tokens.tokens[0].count("[SEP]") == 2
    heads, length = model.config.num_attention_heads, tokens.input_ids.shape[1]
    assert output.attentions.shape == (model.config.num_hidden_layers, 1, heads, length, length)


def test_a_token_that_is_masked_is_padding(any_engine: SimilarityModel) -> None:
    whole, without = "A red dog barks.", "dog"
    comparison = any_engine.compare(whole, without)
    unchanged = any_engine.rescore(comparison, comparison.tokens.attention_mask)
    assert unchanged["cosine"].value == comparison["cosine"].value
    mask = comparison.tokens.attention_mask.copy()
    mask[0, -1] = 0  # the longer row's [SEP]
    masked = any_engine.rescore(comparison, mask)
    assert masked["cosine"].value != comparison["cosine"].value
    assert (masked.output.attentions[:, 0, :, :, -1] == 0).all()
    with pytest.raises(InputError, match="must hold 0 and 1 in the shape"):
        any_engine.rescore(comparison, mask + 1)


@pytest.mark.parametrize("pooling", ["cls", "max", "mean_max"])
def test_every_pooling_and_layer_set_has_its_shape(any_engine: SimilarityModel, pooling: str) -> None:
    hidden = any_engine.config.hidden_size
    parts = 2 if pooling == "mean_max" else 1
    assert any_engine.embed(SENTENCES, pooling=pooling).shape == (6, hidden * parts)
    for layers, combine, times in (((0,), "concat", 1), ((-1, -2), "sum", 1), (range(5), "concat", 5)):
        embeddings = any_engine.embed(SENTENCES, pooling=pooling, layers=layers, combine=combine)
        assert embeddings.shape == (6, hidden * parts * times)
        assert np.isfinite(embeddings).all()
        empty = any_engine.embed([], pooling=pooling, layers=layers, combine=combine)
        assert empty.shape == (0, hidden * parts * times)


def test_the_default_spelled_out_is_the_default(model: SimilarityModel) -> None:
    plain = model.embed(SENTENCES)
    np.testing.assert_array_equal(model.embed(SENTENCES, pooling="mean", layers=[-1]), plain)
    # and equals what the views' arrays give
    runner, tokenizer = model._engine, model._tokenizer
    arrays = tokenizer.pad(tokenizer.encode([(s,) for s in SENTENCES], 128))
    read = model._embedding(model.resolve(pooling="mean")).read
    pooled = read(runner.encode(*arrays), arrays[1], arrays[1] == 1)
    np.testing.assert_allclose(pooled, runner.embed(*arrays), atol=1e-5)


def test_only_what_is_wanted_is_copied_out_of_the_encoder(
    any_engine: SimilarityModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens, engine = any_engine.tokenize(SENTENCES), any_engine._engine
    arrays = tokens.input_ids, tokens.attention_mask, tokens.token_type_ids
    every, layers = engine.encode(*arrays), any_engine.config.num_hidden_layers
    for field, name, count in (("hidden_states", "hidden_state_", layers + 1), ("attentions", "attention_", layers)):
        assert engine.run("encode", (name,), **dict(zip(INPUTS, arrays, strict=True))).keys() == {
            f"{name}{number}" for number in range(count)
        }
        np.testing.assert_array_equal(getattr(engine.encode(*arrays, fields=[field]), field), getattr(every, field))
    pooler = engine.encode(*arrays, fields=["pooler_output"])
    np.testing.assert_allclose(pooler.pooler_output, every.pooler_output, atol=TOLERANCE[any_engine.engine])
    assert {each.size for each in (pooler.last_hidden_state, pooler.hidden_states, pooler.attentions)} == {0}
    given, run = set(), engine.run
    monkeypatch.setattr(engine, "run", lambda *told, **arrays: given.update(found := run(*told, **arrays)) or found)
    any_engine.score(PAIRS, scorer="pooled")
    assert given == {"pooler_output"} or any_engine.engine == "tensorflow"  # whose heads are given what any could read
    any_engine.score(PAIRS, scorer="combined")
    assert given == {"pooler_output", *(f"hidden_state_{number}" for number in range(layers + 1))}


def test_many_threads_get_what_one_gets(any_engine: SimilarityModel) -> None:
    pairs = PAIRS * 8
    alone = [any_engine.score([pair])[0] for pair in pairs]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda pair: any_engine.score([pair])[0], pairs))
    np.testing.assert_allclose(together, alone, atol=1e-6)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([("dog", "")], "^sentence B is empty; write at least one word"),
        ([("dog", "cat"), (" ", "cat")], "^pair 2, sentence A is empty"),
        ([("dog", "cat"), ("dog", "\x00")], "^pair 2, sentence B '.x00' has no character"),
        ([("dog", 3)], "^sentence B is int 3; a string was expected"),
        ([("dog",)], "^pair 1 is .*two sentences were expected"),
    ],
)
def test_a_bad_pair_is_named(model: SimilarityModel, pairs: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        model.score(pairs)


def test_bad_options_are_named(model: SimilarityModel) -> None:
    with pytest.raises(InputError, match="scorer is 'x'"):
        model.score(PAIRS, scorer="x")
    with pytest.raises(InputError, match="the pooler reads the last layer alone"):
        model.embed(["dog"], pooling="pooler", layers=[0])
    with pytest.raises(InputError, match="combine is 'x'"):
        model.embed(["dog"], combine="x")
    with pytest.raises(InputError, match="max_length is 1000"):
        model.embed(["dog"], max_length=1000)


def test_settings_say_what_a_figure_depends_on(model: SimilarityModel) -> None:
    assert model.settings() == {
        "encoder": BUNDLED_NAME,
        "revision": None,
        "engine": "litert",
        "pooling": "mean",
        "layers": [model.config.num_hidden_layers],
        "combine": "concat",
        "max_length": model.max_length,
        "version": bertsim.__version__,
    }


@pytest.mark.tensorflow
def test_a_folder_without_a_flatbuffer_is_exported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = make_checkpoint(tmp_path / "encoder", sentence_transformers={"pooling_mode": "max"}, normalize=True)
    with caplog.at_level(logging.WARNING):
        fast = bertsim.load(folder)
        assert "Exporting" in caplog.text
        caplog.clear()
        bertsim.load(folder)
        assert not caplog.text
    exact = bertsim.load(folder, engine="tensorflow")
    np.testing.assert_allclose(fast.embed(["the dog", "a cat"]), exact.embed(["the dog", "a cat"]), atol=0.02)
    assert list((tmp_path / "cache").rglob("*.tflite"))


@pytest.mark.tensorflow
def test_an_export_that_disagrees_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bertsim.bert.checkpoint import load_encoder
    from bertsim.export import encoder as export
    from bertsim.text.tokenizer import Tokenizer

    folder = make_checkpoint(tmp_path / "x")
    config = BertConfig.from_folder(folder)
    monkeypatch.setattr(export, "LOWEST_COSINE", 1.1)
    with pytest.raises(ExportError, match=r"x\.tflite was not written: .* has a cosine of"):
        export.export_flatbuffer(
            load_encoder(folder, config),
            EmbeddingConfig.from_folder(folder, config),
            Tokenizer.from_folder(folder, config),
            tmp_path / "out" / "x.tflite",
        )
    assert not list((tmp_path / "out").iterdir())


def test_the_flatbuffer_holds_the_very_integers_of_the_checkpoint() -> None:
    stored = load_file(BUNDLED / "model.safetensors")
    flatbuffer = (BUNDLED / "model.tflite").read_bytes()
    for name in ("embeddings.word_embeddings.weight", "encoder.layer.3.output.dense.weight"):
        assert stored[name].dtype == np.int8
        assert stored[name].tobytes() in flatbuffer


def test_a_damaged_flatbuffer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.tflite"
    path.write_bytes(b"not a flatbuffer" * 100)
    with pytest.raises(CheckpointError, match=r"x\.tflite cannot be run as a LiteRT flatbuffer"):
        LiteRTEngine(path)
    with pytest.raises(CheckpointError, match=r"nowhere\.tflite cannot be run"):
        LiteRTEngine(tmp_path / "nowhere.tflite")


def test_sources_that_cannot_be_loaded_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="engine is 'onnx'; known are litert, tensorflow"):
        bertsim.load(engine="onnx")
    with pytest.raises(CheckpointError, match="neither a folder nor a repository id"):
        bertsim.load("/no/such/folder")
    with pytest.raises(InputError, match="only a repository has revisions"):
        bertsim.load(tmp_path, revision="main")
    with pytest.raises(
        bertsim.BertsimError, match="user/name is not in the local cache and HF_HUB_OFFLINE is set; connect"
    ):
        bertsim.load("user/name")
    with pytest.raises(CheckpointError, match=r"^~no-such-user/x is neither a folder nor a repository id"):
        bertsim.load("~no-such-user/x")
    with pytest.raises(bertsim.BertsimError, match="is no repository id"):
        bertsim.load("x" * 300)
    with pytest.raises(CheckpointError, match="~no-such-user/x is no folder, and no repository"):
        bertsim.load(heads="~no-such-user/x")


def test_a_file_is_no_encoder_and_nothing_is_asked_of_the_hub_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bert" / "model.safetensors"
    path.parent.mkdir()
    path.touch()
    monkeypatch.chdir(tmp_path)
    for given in (path, str(path), "bert/model.safetensors"):
        for where in ({"source": given}, {"heads": given}):
            with pytest.raises(CheckpointError, match=f"^{given} is a file; name the folder that it is in"):
                bertsim.load(**where)


@pytest.mark.tensorflow
def test_a_flatbuffer_of_another_program_is_none_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = make_checkpoint(tmp_path / "encoder", hidden_size=32, num_hidden_layers=1)
    (folder / "model.tflite").write_bytes(b"TFL3 of another program")
    model = bertsim.load(folder)
    assert model.engine == "litert"
    assert "model.tflite cannot be run as a LiteRT flatbuffer" in caplog.text
    exact = bertsim.load(folder, engine="tensorflow").score([("the dog", "a cat")])
    np.testing.assert_allclose(model.score([("the dog", "a cat")]), exact, atol=5e-3)


@pytest.mark.parametrize(
    ("engine", "name", "other"),
    [
        ("litert", "model.tflite", "model.safetensors"),
        ("tensorflow", "model.safetensors", "model.tflite"),
        ("litert", "vocab.txt", "model.safetensors"),
    ],
)
def test_of_a_bundle_all_that_an_engine_reads_is_checked_when_it_is_loaded(
    tiny_bundle: Path, tmp_path: Path, engine: str, name: str, other: str
) -> None:
    def damage(file: str) -> None:
        path = tmp_path / "weights" / file
        path.write_bytes(path.read_bytes()[:-1] + b"\xff")

    shutil.copytree(tiny_bundle, tmp_path / "weights")
    damage(other)
    assert bertsim.load(tmp_path / "weights", engine=engine).engine == engine
    damage(name)
    with pytest.raises(CheckpointError, match=rf"{name} is damaged or was changed"):
        bertsim.load(tmp_path / "weights", engine=engine)


def test_a_bundle_made_of_a_folder_loads_in_both_engines(tiny_bundle: Path) -> None:
    from bertsim.export.bundle import build_bundle

    fast, exact = (bertsim.load(tiny_bundle, engine=engine) for engine in ("litert", "tensorflow"))
    np.testing.assert_allclose(fast.score([("the dog", "a cat")]), exact.score([("the dog", "a cat")]), atol=5e-3)
    with pytest.raises(InputError, match="is not an empty folder"):
        build_bundle(tiny_bundle, tiny_bundle)


def test_what_is_cut_off_can_be_counted(model: SimilarityModel) -> None:
    counts = model.count_tokens(["rain", "rain " * 20, "rain" + " " * 30_000 + "x"], max_length=16)
    assert [each.cut for each in counts] == [0, 6, 1]


def test_what_is_unknown_can_be_counted_and_named(model: SimilarityModel) -> None:
    sentences = ["rain \U0001f44d", "\u2603", "rain " * 20 + "\u2603"]
    assert model.count_tokens(sentences, max_length=16) == [(0, 1, 1), (0, 1, 0), (7, 0, 14)]
    found = model.unread(sentences, max_length=16)
    assert [each.unknown_words for each in found] == [("\U0001f44d",), ("\u2603",), ()]
    assert [each.is_all for each in found] == [False, True, False]


@pytest.mark.parametrize(
    ("a", "b", "is_withheld"),
    [
        ("It is good.", "It is fine.", False),
        ("It is good \U0001f44d", "It is fine \U0001f44d", False),
        ("It is good \U0001f44d", "It is good \u2603", True),
        ("It is good \U0001f44d", "It is good", True),
        ("\u2603", "\u2603", True),
        ("\u2603", "It is good.", True),
    ],
)
def test_no_probability_is_given_of_what_was_not_read(
    model: SimilarityModel, a: str, b: str, is_withheld: bool
) -> None:
    calibrated = [score.scorer for score in model.compare("It is good.", "It is fine.").scores if score.probability]
    comparison = model.compare(a, b)
    again = model.rescore(comparison, comparison.tokens.attention_mask)
    assert bool(withheld(*comparison.unread)) is is_withheld
    for found in (comparison, again):
        assert {found[scorer].probability is None for scorer in calibrated} == {is_withheld}
        assert found["cosine"].value == pytest.approx(float(model.score([(a, b)])[0]), abs=5e-3)


def test_what_a_phone_writes_is_read_and_scores_nearly_as_what_a_keyboard_does(model: SimilarityModel) -> None:
    typed = "It's \"over\" - he doesn't know."
    written = "It\u2019s \u201cover\u201d \u2013 he doesn\u2019t know."
    assert [each.unknown_words for each in model.unread([written])] == [()]
    assert model.score([(typed, written)])[0] > 0.95
