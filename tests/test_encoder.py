"""The encoder against transformers' own values, and the embeddings against sentence-transformers'.

tests/golden/make.py recorded them; tests/golden/versions.json says with which versions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bertsim
from bertsim.bert.checkpoint import load_encoder, variables
from bertsim.bert.config import BertConfig, EmbeddingConfig
from bertsim.engines.tensorflow import TensorFlowEngine
from bertsim.records import EncoderOutput
from tests.checkpoints import make_checkpoint
from tests.golden.cases import ENCODERS, PAIRS, POOLINGS, SENTENCES

pytestmark = pytest.mark.tensorflow

GOLDEN = Path(__file__).parent / "golden"


def golden(name: str) -> dict[str, np.ndarray]:
    with np.load(GOLDEN / "encoders.npz") as file:
        return {key.split("/")[1]: file[key] for key in file.files if key.startswith(f"{name}/")}


def run(folder: Path, expected: dict[str, np.ndarray]) -> EncoderOutput:
    config = BertConfig.from_folder(folder)
    engine = TensorFlowEngine(load_encoder(folder, config), EmbeddingConfig.from_folder(folder, config))
    return engine.encode(expected["input_ids"], expected["attention_mask"], expected["token_type_ids"])


@pytest.fixture(scope="module", params=ENCODERS)
def run_beside_golden(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[EncoderOutput, dict[str, np.ndarray]]:
    """What an encoder gives for the golden values' ids, and the golden values."""
    expected = golden(request.param)
    folder = make_checkpoint(tmp_path_factory.mktemp("encoder") / request.param, **ENCODERS[request.param])
    return run(folder, expected), expected


def test_every_output_equals_transformers(run_beside_golden: tuple[EncoderOutput, dict[str, np.ndarray]]) -> None:
    output, expected = run_beside_golden
    real = expected["attention_mask"].astype(bool)
    np.testing.assert_allclose(output.hidden_states[:, real], expected["hidden_states"][:, real], atol=1e-5)
    rows = np.moveaxis(output.attentions, 3, 2)[:, real]
    np.testing.assert_allclose(rows, np.moveaxis(expected["attentions"], 3, 2)[:, real], atol=1e-5)
    np.testing.assert_allclose(output.pooler_output, expected["pooler_output"], atol=1e-5)
    np.testing.assert_array_equal(output.last_hidden_state, output.hidden_states[-1])


def test_attention_rows_sum_to_1_and_padding_gets_none(
    run_beside_golden: tuple[EncoderOutput, dict[str, np.ndarray]],
) -> None:
    output, expected = run_beside_golden
    np.testing.assert_allclose(output.attentions.sum(axis=-1), 1, atol=1e-5)
    padding = expected["attention_mask"] == 0
    assert padding.any()
    assert (np.moveaxis(output.attentions, 4, 2)[:, padding] == 0).all()


def test_the_tanh_gelu_fails_where_erf_was_trained(tmp_path: Path) -> None:
    expected = golden("gelu")
    output = run(make_checkpoint(tmp_path / "x", hidden_act="gelu_new"), expected)
    real = expected["attention_mask"].astype(bool)
    assert np.abs(output.hidden_states[:, real] - expected["hidden_states"][:, real]).max() > 1e-5


@pytest.mark.parametrize("name", ENCODERS)
def test_our_tokens_are_those_that_the_golden_values_were_made_of(name: str, tmp_path: Path) -> None:
    from bertsim.text.tokenizer import Tokenizer

    folder = make_checkpoint(tmp_path / name, **ENCODERS[name])
    batch = Tokenizer.from_folder(folder, BertConfig.from_folder(folder)).batch(list(PAIRS), 64)
    expected = golden(name)
    real = expected["attention_mask"].astype(bool)
    np.testing.assert_array_equal(batch.attention_mask, expected["attention_mask"])
    for key in ("input_ids", "token_type_ids"):  # multilingual checkpoints pad with another id than config.json says
        np.testing.assert_array_equal(getattr(batch, key)[real], expected[key][real])


@pytest.mark.parametrize("name", POOLINGS)
def test_embeddings_equal_sentence_transformers(name: str, tmp_path: Path) -> None:
    model = bertsim.load(make_checkpoint(tmp_path / name, **POOLINGS[name]), engine="tensorflow")
    with np.load(GOLDEN / "poolings.npz") as file:
        np.testing.assert_allclose(model.embed(SENTENCES), file[name], atol=1e-5)
    assert model.max_length == 12


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_widened(dtype: str, tmp_path: Path) -> None:
    expected = golden("gelu")
    output = run(make_checkpoint(tmp_path / dtype, dtype=dtype), expected)
    real = expected["attention_mask"].astype(bool)
    assert output.last_hidden_state.dtype == np.float32
    assert np.abs(output.hidden_states[:, real] - expected["hidden_states"][:, real]).max() < 0.05


def test_a_missing_pooler_is_said_not_invented(tmp_path: Path) -> None:
    model = bertsim.load(make_checkpoint(tmp_path / "x", pooler=False), engine="tensorflow")
    with pytest.raises(bertsim.BertsimError, match="x has no pooler; choose another pooling"):
        model.embed(["the dog"], pooling="pooler")
    assert model.compare("the dog", "a cat").output.pooler_output is None


def test_the_encoder_trains(tiny_checkpoint: Path) -> None:
    import tensorflow as tf

    encoder: Any = load_encoder(tiny_checkpoint, BertConfig.from_folder(tiny_checkpoint))
    expected = golden("gelu")
    inputs = [expected[key] for key in ("input_ids", "attention_mask", "token_type_ids")]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(encoder(*inputs, training=True)["pooler_output"])
    gradients = tape.gradient(loss, encoder.trainable_variables)
    assert len(gradients) == len(list(variables(encoder)))
    assert all(gradient is not None for gradient in gradients)
