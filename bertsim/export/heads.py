"""Keras head -> LiteRT flatbuffer in float32, checked against the head it came from.

Two signatures: `features` (last_hidden_state, attention_mask and, where the head reads it, pooler_output) and
`classify` (u, or u and v). Batch and length are dynamic: both directions of an LSTM run in one plain while loop
over time steps, which LiteRT converts where Keras' own loop needs a fixed length. Weights are few: they stay float32.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from bertsim.bert.pooling import masked_max, masked_mean
from bertsim.engines.base import HeadRunner
from bertsim.engines.litert import LiteRTHead
from bertsim.engines.tensorflow import TensorFlowHead
from bertsim.errors import ExportError
from bertsim.export.flatbuffer import write_flatbuffer
from bertsim.heads.network import Head, join_pair
from bertsim.records import EncoderOutput, Float

LARGEST_DIFFERENCE = 1e-3
"""A logit of the flatbuffer may differ this much, relative to the largest, from the Keras head's."""
Tensor = Any


def export_head(head: Head, path: Path) -> float:
    """Write the flatbuffer `path`, in one step, or nothing where it disagrees with the head.

    Returns:
        The largest difference of a logit to the Keras head's, on random token vectors.

    Raises:
        ExportError: that difference is above `LARGEST_DIFFERENCE`.
    """

    def check(written: Path) -> float:
        ours, exact = (_logits(runner, head) for runner in (LiteRTHead(written), TensorFlowHead(head)))
        difference = float(np.abs(ours - exact).max())
        if not difference <= LARGEST_DIFFERENCE * max(np.abs(exact).max(), 1.0):
            raise ExportError(
                f"{path} was not written: a logit of the flatbuffer is {difference:.2g} off the Keras head's; "
                "use engine='tensorflow' for this head."
            )
        return difference

    return write_flatbuffer(path, _trace(head), check)


def _logits(runner: HeadRunner, head: Head) -> Float:
    """Logits of random rows of several lengths."""
    random, hidden = np.random.default_rng(0), head.config.hidden_size
    mask = (np.arange(13) < np.array([[1], [3], [8], [13]])).astype(np.int32)
    vectors = random.standard_normal((4, 13, hidden)).astype(np.float32)
    pooler = np.tanh(random.standard_normal((4, hidden))).astype(np.float32) if head.has_pooler else None
    u = runner.features(EncoderOutput(vectors, pooler, vectors[None], np.zeros((0, 4, 1, 13, 13), np.float32)), mask)
    return runner.classify(u, u[::-1].copy() if head.config.inputs == "apart" else None)


def _trace(head: Head) -> dict[str, Any]:
    """Both signatures as graphs over constants."""
    hidden = head.config.hidden_size
    summarise = _summary(head)
    weight, bias = head.classifier.kernel.numpy(), head.classifier.bias.numpy()
    axes = [
        tf.TensorSpec([None, None, hidden], name="last_hidden_state"),
        tf.TensorSpec([None, None], tf.int32, name="attention_mask"),
    ]
    if head.config.kind == "pooled":
        axes = [tf.TensorSpec([None, hidden], name="pooler_output")] if head.has_pooler else axes[:1]
    names = ["u", "v"] if head.config.inputs == "apart" else ["u"]
    pair = [tf.TensorSpec([None, head.feature_size], name=name) for name in names]

    @tf.function(input_signature=axes)
    def features(*given: Tensor) -> dict[str, Tensor]:
        return {"features": summarise(*given)}

    @tf.function(input_signature=pair)
    def classify(u: Tensor, v: Tensor | None = None) -> dict[str, Tensor]:
        x = u if v is None else join_pair(u, v, unit_length=head.config.unit_length)
        return {"logits": tf.matmul(x, weight) + bias}

    return {"features": features, "classify": classify}


def _summary(head: Head) -> Callable[..., Tensor]:
    """`head.features` over constants, in operations that LiteRT has; takes only what the head reads."""
    if head.config.kind == "pooled":
        if head.pooler is None:
            return tf.identity
        weight, bias = head.pooler.kernel.numpy(), head.pooler.bias.numpy()
        return lambda x: tf.tanh(tf.matmul(x[:, 0], weight) + bias)
    layers = [_join_directions(layer) for layer in head.lstms]

    def summarise(x: Tensor, mask: Tensor) -> Tensor:
        real = tf.cast(tf.expand_dims(mask, -1), tf.float32)
        for weights in layers:
            x = _bidirectional(x, real, *weights)
        mean = masked_mean(x, real, ops)
        return tf.concat([mean, masked_max(x, real, ops)], axis=-1) if layers else mean

    return summarise


def _join_directions(layer: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both directions as one LSTM of twice the units: kernels side by side, recurrence in two blocks.

    Returns:
        float32 [inputs, 4, 2, units], [2 × units, 8 × units], [4, 2, units]; gates i, f, c, o.
    """
    cells = [layer.forward_layer.cell, layer.backward_layer.cell]
    units = cells[0].units
    kernels = [cell.kernel.numpy().reshape(-1, 4, units) for cell in cells]
    biases = [cell.bias.numpy().reshape(4, units) for cell in cells]
    recurrent = np.zeros((2, units, 4, 2, units), np.float32)
    for i, cell in enumerate(cells):
        recurrent[i, :, :, i] = cell.recurrent_kernel.numpy().reshape(units, 4, units)
    return np.stack(kernels, axis=2), recurrent.reshape(2 * units, 8 * units), np.stack(biases, axis=1)


def _bidirectional(x: Tensor, real: Tensor, kernel: np.ndarray, recurrent: np.ndarray, bias: np.ndarray) -> Tensor:
    """Run both directions; a padded step carries the state, so the backward one starts at the last real token.

    Args:
        x: float32 [batch, seq, inputs].
        real: float32 [batch, seq, 1]; 1 = real token.
        kernel, recurrent, bias: from `_join_directions`.

    Returns:
        float32 [batch, seq, 2 × units].
    """
    units = kernel.shape[-1]
    batch, seq = tf.shape(x)[0], tf.shape(x)[1]
    flat = tf.reshape(x, (-1, kernel.shape[0]))

    def by_time(direction: int) -> Tensor:
        weight = np.ascontiguousarray(kernel[:, :, direction]).reshape(-1, 4 * units)
        gates = tf.matmul(flat, weight) + bias[:, direction].reshape(-1)
        return tf.transpose(tf.reshape(gates, (batch, seq, 4 * units)), (1, 0, 2))

    forward, backward = by_time(0), by_time(1)
    keep = tf.transpose(real, (1, 0, 2))

    def step(t: Tensor, h: Tensor, c: Tensor, states: Tensor) -> tuple[Tensor, ...]:
        last = seq - 1 - t
        pairs = zip(
            tf.split(tf.gather(forward, t), 4, axis=-1), tf.split(tf.gather(backward, last), 4, axis=-1), strict=True
        )
        inputs = tf.concat([gate for pair in pairs for gate in pair], axis=-1)
        i, f, g, o = tf.split(inputs + tf.matmul(h, recurrent), 4, axis=-1)
        new_c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        new_h = tf.sigmoid(o) * tf.tanh(new_c)
        m = tf.concat([tf.tile(tf.gather(keep, t), (1, units)), tf.tile(tf.gather(keep, last), (1, units))], axis=-1)
        h, c = m * new_h + (1 - m) * h, m * new_c + (1 - m) * c
        return t + 1, h, c, tf.concat([states, tf.expand_dims(h, 0)], axis=0)

    zeros = tf.zeros((batch, 2 * units))
    state = tf.TensorShape([None, 2 * units])
    shapes = (tf.TensorShape([]), state, state, tf.TensorShape([None, None, 2 * units]))
    # LiteRT cannot grow an empty tensor: a row of zeros goes first, and is dropped.
    start = (tf.constant(0), zeros, zeros, tf.expand_dims(zeros, 0))
    states = tf.while_loop(lambda t, *_: t < seq, step, start, shape_invariants=shapes)[3][1:]
    joined = tf.concat([states[:, :, :units], tf.reverse(states[:, :, units:], axis=[0])], axis=-1)
    return tf.transpose(joined, (1, 0, 2))
