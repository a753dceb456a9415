"""Pooling by hand, and what no padding may change."""

from __future__ import annotations

import numpy as np
import pytest

from bertsim.bert.pooling import (
    POOLINGS,
    check_combine,
    combine_layers,
    parse_layers,
    parse_pooling,
    pool,
    pooled_size,
    scale_to_unit,
)
from bertsim.errors import InputError

HIDDEN = np.array([[[1.0, 5.0], [3.0, 2.0], [99.0, 99.0]]], np.float32)
MASK = np.array([[1, 1, 0]], np.float32)


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ("cls", [1, 5]),
        ("mean", [2, 3.5]),
        ("max", [3, 5]),
        ("mean_max", [2, 3.5, 3, 5]),
        ("max+mean", [3, 5, 2, 3.5]),
        ("mean_sqrt_len_tokens", [4 / 2**0.5, 7 / 2**0.5]),
        ("weightedmean", [(1 + 2 * 3) / 3, (5 + 2 * 2) / 3]),
        ("lasttoken", [3, 2]),
    ],
)
def test_pooling_by_hand(pooling: str, expected: list[float]) -> None:
    np.testing.assert_allclose(pool(HIDDEN, MASK, pooling), [expected], rtol=1e-6)
    assert pooled_size(pooling, 2) == len(expected)


@pytest.mark.tensorflow
@pytest.mark.parametrize("pooling", [name for name in POOLINGS if name != "pooler"])
def test_padding_never_changes_a_pooled_value_and_keras_agrees(pooling: str) -> None:
    from keras import ops

    random = np.random.default_rng(0)
    hidden = random.standard_normal((3, 9, 4)).astype(np.float32)
    mask = (np.arange(9) < np.array([[9], [4], [1]])).astype(np.float32)
    once = pool(hidden, mask, pooling)
    padded = np.concatenate([hidden, np.full((3, 5, 4), 1e6, np.float32)], axis=1)
    wider = np.concatenate([mask, np.zeros((3, 5), np.float32)], axis=1)
    np.testing.assert_allclose(pool(padded, wider, pooling), once, atol=1e-6)
    np.testing.assert_allclose(np.asarray(pool(ops.array(hidden), ops.array(mask), pooling, xp=ops)), once, atol=1e-6)


@pytest.mark.parametrize("pooling", [name for name in POOLINGS if name != "pooler"])
def test_a_mask_of_zeros_gives_numbers(pooling: str) -> None:
    assert np.isfinite(pool(HIDDEN, np.zeros((1, 3), np.float32), pooling)).all()


def test_normalised_embeddings_have_length_1_and_zero_stays_zero() -> None:
    unit = scale_to_unit(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32))
    np.testing.assert_allclose(unit, [[0.6, 0.8], [0, 0]], atol=1e-7)


def test_layers_count_from_either_end() -> None:
    assert parse_layers(None, 4) == (4,)
    assert parse_layers([-1, -2], 4) == (4, 3)
    assert parse_layers([0], 4) == (0,)


@pytest.mark.parametrize("layers", [[5], [-6], ["1"], [True], [1.0]])
def test_a_layer_that_is_not_there_is_refused(layers: list[object]) -> None:
    with pytest.raises(InputError, match="does not exist; this encoder has 0"):
        parse_layers(layers, 4)  # type: ignore[arg-type]


@pytest.mark.parametrize("layers", [[], [1, 1], [-1, 4]])
def test_no_layer_or_one_twice_is_refused(layers: list[int]) -> None:
    with pytest.raises(InputError, match="one or more different layers"):
        parse_layers(layers, 4)


def test_layers_combine_by_hand() -> None:
    states = np.arange(3, dtype=np.float32).reshape(3, 1, 1, 1)
    assert combine_layers(states, (1, 2), "sum").tolist() == [[[3]]]
    assert combine_layers(states, (1, 2), "mean").tolist() == [[[1.5]]]
    assert combine_layers(states, (2, 1), "concat").tolist() == [[[2, 1]]]


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InputError, match="pooling is 'avg'; known are cls, mean"):
        parse_pooling("avg")
    with pytest.raises(InputError, match="pooling is 'mean\\+pooler'"):
        parse_pooling("mean+pooler")
    with pytest.raises(InputError, match="combine is 'max'; known are concat, sum, mean"):
        check_combine("max")
