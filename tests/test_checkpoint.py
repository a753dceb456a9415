"""What a checkpoint folder may hold, and what is refused, by name."""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from bertsim.bert.checkpoint import has_pooler, read_checkpoint
from bertsim.bert.config import BertConfig, EmbeddingConfig
from bertsim.bert.folder import check_manifest
from bertsim.errors import CheckpointError
from bertsim.export.writing import to_int8, write_int8, write_manifest
from tests.checkpoints import make_checkpoint

WORD = "embeddings.word_embeddings.weight"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_checkpoint(tmp_path / "encoder")


def read(folder: Path):  # type: ignore[no-untyped-def]
    return read_checkpoint(folder, BertConfig.from_folder(folder))


def change(folder: Path, tensors: Mapping[str, np.ndarray | None]) -> None:
    """Replace tensors of a folder; None removes one."""
    path = folder / "model.safetensors"
    held = load_file(path) | tensors
    save_file({name: tensor for name, tensor in held.items() if tensor is not None}, path)


def configure(folder: Path, **keys: object) -> None:
    path = folder / "config.json"
    held = json.loads(path.read_text()) | keys
    path.write_text(json.dumps({key: value for key, value in held.items() if value != "absent"}))


@pytest.mark.parametrize(
    "options",
    [{"prefix": "bert.", "gamma_beta": True, "pretraining_heads": True}, {"sharded": True}, {"pooler": False}],
)
def test_every_layout_gives_the_same_tensors(options: dict[str, object], tmp_path: Path, folder: Path) -> None:
    other = make_checkpoint(tmp_path / "other", **options)  # type: ignore[arg-type]
    names = {name for name in read(folder) if options.get("pooler", True) or not name.startswith("pooler.")}
    assert set(read(other)) == names
    assert has_pooler(other) == ("pooler.dense.bias" in names)


def test_heads_in_the_file_are_logged_as_unused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="bertsim"):
        read(make_checkpoint(tmp_path / "x", prefix="bert.", pretraining_heads=True))
    unused = caplog.text.partition("not used: ")[2].strip().split(", ")
    assert "cls.predictions.transform.dense.weight" in unused
    assert all(name.startswith("cls.") for name in unused)


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        (WORD, None, f"the tensor {WORD} is missing"),
        ("encoder.layer.0.adapter.weight", np.zeros((2, 2), np.float32), "is no part of this model"),
        ("pooler.dense.bias", np.zeros(7, np.float32), r"has the shape \[7\]; config.json asks for \[48\]"),
        ("pooler.dense.bias", np.full(48, np.nan, np.float32), "holds a value that is not a finite number"),
        ("pooler.dense.weight", np.ones((48, 48), np.int8), "is int8 without a scale"),
    ],
)
def test_a_tensor_that_cannot_be_is_refused_by_name(
    folder: Path, name: str, tensor: np.ndarray | None, message: str
) -> None:
    change(folder, {name: tensor})
    named = "" if tensor is None else rf"{re.escape(name)} "
    with pytest.raises(CheckpointError, match=named + message):
        read(folder)


def test_a_cut_off_file_is_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged"):
        read(folder)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "tf_model.h5", "model.keras"])
def test_formats_that_can_run_code_are_refused_with_the_way_out(folder: Path, name: str) -> None:
    (folder / "model.safetensors").rename(folder / name)
    with pytest.raises(CheckpointError, match=rf"{name} is refused because reading it can run code; convert it"):
        read(folder)


def test_a_folder_without_weights_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"has no model\.safetensors"):
        read(folder)


@pytest.mark.parametrize("shard", ["model-00009-of-00009.safetensors", "../encoder/model.safetensors"])
def test_a_shard_that_is_not_in_the_folder_is_named(tmp_path: Path, shard: str) -> None:
    folder = make_checkpoint(tmp_path / "sharded", sharded=True)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"x": shard}}))
    with pytest.raises(CheckpointError, match="names the shard"):
        read(folder)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("model_type", "roberta", "model_type is 'roberta'; only 'bert'"),
        ("is_decoder", True, "is_decoder is True; only False"),
        ("position_embedding_type", "relative_key", "position_embedding_type is 'relative_key'"),
        ("hidden_act", "mish", "hidden_act is 'mish'; only 'gelu', 'gelu_new'"),
        ("hidden_size", 50, "hidden_size 50 is not a multiple of num_attention_heads 4"),
        ("hidden_size", "48", "hidden_size is '48'; a whole number"),
        ("num_hidden_layers", 0, "num_hidden_layers is 0; a whole number of at least 1"),
        ("layer_norm_eps", "tiny", "layer_norm_eps is 'tiny'; a finite number"),
        ("vocab_size", "absent", "vocab_size is missing"),
        ("pad_token_id", "0", "pad_token_id is '0'; a whole number was"),
        ("pad_token_id", 0.0, "pad_token_id is 0.0; a whole number was"),
        ("pad_token_id", -1, "pad_token_id is -1; a whole number of at least 0"),
        ("pad_token_id", 50000, r"pad_token_id is 50000; one below vocab_size \d+ was"),
    ],
)
def test_a_config_that_cannot_be_represented_is_refused(folder: Path, key: str, value: object, message: str) -> None:
    configure(folder, **{key: value})
    with pytest.raises(CheckpointError, match=message):
        BertConfig.from_folder(folder)


@pytest.mark.parametrize(("content", "message"), [("{", "not valid JSON"), ("[]", "holds a list; a dict")])
def test_a_config_that_is_no_json_object_is_refused(folder: Path, content: str, message: str) -> None:
    (folder / "config.json").write_text(content)
    with pytest.raises(CheckpointError, match=message):
        BertConfig.from_folder(folder)


def test_sentence_transformers_files_set_pooling_normalisation_and_length(tmp_path: Path) -> None:
    folder = make_checkpoint(
        tmp_path / "st", sentence_transformers={"pooling_mode": ["mean", "max"]}, normalize=True, max_seq_length=9000
    )
    config = BertConfig.from_folder(folder)
    assert EmbeddingConfig.from_folder(folder, config) == EmbeddingConfig("mean+max", True, 64)


@pytest.mark.parametrize(
    ("pooling", "message"),
    [
        ({"pooling_mode": "median"}, "pooling is 'median'"),
        ({"pooling_mode": "pooler"}, "pooling_mode is 'pooler'; one over tokens"),
        ({"pooling_mode_cls_token": False}, "pooling is ''"),
        ({"pooling_mode_new": True}, "sets pooling_mode_new"),
        ({"pooling_mode": "mean", "word_embedding_dimension": 7}, "embedding dimension is 7, hidden_size 48"),
    ],
)
def test_a_pooling_that_is_not_known_is_refused(tmp_path: Path, pooling: dict[str, object], message: str) -> None:
    folder = make_checkpoint(tmp_path / "st", sentence_transformers=pooling)
    with pytest.raises(CheckpointError, match=message):
        EmbeddingConfig.from_folder(folder, BertConfig.from_folder(folder))


def test_an_unknown_module_is_refused(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "st", sentence_transformers={"pooling_mode": "mean"})
    (folder / "modules.json").write_text(json.dumps([{"type": "sentence_transformers.models.Dense", "path": "2"}]))
    with pytest.raises(CheckpointError, match=r"a module of type sentence_transformers\.models\.Dense"):
        EmbeddingConfig.from_folder(folder, BertConfig.from_folder(folder))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("modules.json", [{"type": "x.Pooling", "path": 5}], r"modules\.json: path is 5; a str was expected"),
        (
            "config_sentence_transformers.json",
            {"default_prompt_name": "query", "prompts": {"query": "find: "}},
            "default_prompt_name is 'query'; prompts are not put before sentences here",
        ),
        (
            "config_sentence_transformers.json",
            {"default_prompt_name": 5},
            "default_prompt_name is 5; a str was expected",
        ),
    ],
)
def test_a_file_of_sentence_transformers_that_cannot_be_is_refused(
    tmp_path: Path, name: str, content: object, message: str
) -> None:
    folder = make_checkpoint(tmp_path / "st", sentence_transformers={"pooling_mode": "mean"})
    (folder / name).write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match=message):
        EmbeddingConfig.from_folder(folder, BertConfig.from_folder(folder))


def test_prompts_that_are_not_put_before_every_sentence_are_no_obstacle(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "st", sentence_transformers={"pooling_mode": "mean"})
    for said in ({"prompts": {"q": "find: "}, "default_prompt_name": None}, {"default_prompt_name": ""}):
        (folder / "config_sentence_transformers.json").write_text(json.dumps(said))
        assert EmbeddingConfig.from_folder(folder, BertConfig.from_folder(folder)).pooling == "mean"


@pytest.mark.parametrize(
    ("map_of_shards", "message"),
    [
        (["a"], r"weight_map is \['a'\]; a dict was expected"),
        (None, "the file has 0 tensors of the encoder"),
        ({"a": 5}, "names the shard '5', which is not in"),
        ({"a": ".."}, r"names the shard '\.\.', which is not in"),
    ],
)
def test_an_index_that_names_no_shards_is_refused(tmp_path: Path, map_of_shards: object, message: str) -> None:
    folder = make_checkpoint(tmp_path / "sharded", sharded=True)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": map_of_shards}))
    with pytest.raises(CheckpointError, match=message):
        read(folder)


def test_a_folder_in_the_place_of_the_weights_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").mkdir()
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged or no safetensors file"):
        read(folder)


def test_a_type_that_numpy_lacks_is_refused(folder: Path) -> None:
    header = json.dumps({"x": {"dtype": "F8_E4M3", "shape": [8], "data_offsets": [0, 8]}}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(CheckpointError, match="holds a type that cannot be read; a float was expected"):
        read(folder)


def test_an_int8_tensor_that_is_no_matrix_is_refused(folder: Path) -> None:
    change(folder, {WORD: np.array(3, np.int8), f"{WORD}.scale": np.array(1, np.float32)})
    with pytest.raises(CheckpointError, match=f"{WORD} is int8 without a scale for each of its rows"):
        read(folder)


def test_more_layers_than_the_file_can_hold_are_refused_at_once(folder: Path) -> None:
    configure(folder, num_hidden_layers=10**12)
    with pytest.raises(CheckpointError, match=r"num_hidden_layers 1000000000000, but the file has \d+ tensors"):
        read(folder)


def test_int8_rows_by_hand() -> None:
    values, scale = to_int8(np.array([[1.27, -0.64], [0, 0]], np.float32))
    assert values.tolist() == [[127, -64], [0, 0]]
    np.testing.assert_allclose(scale, [0.01, 1], rtol=1e-6)


def test_int8_survives_a_round_trip_exactly(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "small")
    write_int8(read(folder), tmp_path / "small" / "model.safetensors")
    once = read(tmp_path / "small")
    write_int8(once, tmp_path / "small" / "model.safetensors")
    twice = read(tmp_path / "small")
    original = read(folder)
    for name, tensor in once.items():
        np.testing.assert_array_equal(twice[name], tensor)
        assert np.abs(tensor - original[name]).max() <= np.abs(original[name]).max() / 127


def test_a_manifest_holds_its_folder(folder: Path) -> None:
    (folder / "README.md").write_text("# Mine\n")
    write_manifest(folder)
    assert check_manifest(folder).keys() == {path.name for path in folder.iterdir()} - {"README.md", "manifest.json"}
    (folder / "vocab.txt").write_text("changed")
    with pytest.raises(CheckpointError, match=r"vocab\.txt is damaged or was changed"):
        check_manifest(folder)
    (folder / "vocab.txt").unlink()
    with pytest.raises(CheckpointError, match=r"vocab\.txt is missing, though manifest\.json names it"):
        check_manifest(folder)
    (folder.parent / "elsewhere.txt").write_text("mine")
    for name in ("../elsewhere.txt", "1_Pooling/../../elsewhere.txt", str(folder.parent / "elsewhere.txt")):
        (folder / "manifest.json").write_text(json.dumps({"sha256": {name: "0" * 64}}))
        with pytest.raises(CheckpointError, match=r"manifest\.json names '.*elsewhere\.txt', which is not in"):
            check_manifest(folder)
