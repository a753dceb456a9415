"""Keras encoder -> LiteRT flatbuffer with int8 weights, checked against the model it came from.

One file, signatures over the same weights: `embed` gives the sentence embedding alone, `pool` the pooler's output,
`encode` everything the views need. Both axes (batch, seq) are dynamic. Embedding tables are stored as int8 rows with
one scale each, linear weights are quantised by the converter. Needs TensorFlow; running the result does not.

Source: LiteRT post-training dynamic range quantisation.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from bertsim.bert.config import EmbeddingConfig
from bertsim.bert.encoder import BertEncoder
from bertsim.bert.pooling import scale_to_unit
from bertsim.engines.litert import LiteRTEngine
from bertsim.engines.tensorflow import TensorFlowEngine, trace
from bertsim.errors import ExportError
from bertsim.export.flatbuffer import write_flatbuffer
from bertsim.export.writing import to_int8
from bertsim.text.tokenizer import Tokenizer

LOWEST_COSINE = 0.99
"""Every embedding of a flatbuffer must be at least this near to the TensorFlow model's."""
SENTENCES = (
    "A man is playing the guitar on a small stage.",
    "The dog bites the man, and the man does not bite the dog.",
    "Prices rose by 3.5 % in March, less than in the month before!",
    "Why?",
    "Nobody had told her that the two letters, which she had kept for years, were written by the same hand.",
    "rain",
)


def export_flatbuffer(encoder: BertEncoder, embedding: EmbeddingConfig, tokenizer: Tokenizer, path: Path) -> float:
    """Write the flatbuffer `path`, in one step, or nothing where it disagrees with the model.

    `embedding` is the pooling that the `embed` signature bakes in, `tokenizer` that of the same checkpoint.

    Returns:
        The lowest cosine between an embedding of the flatbuffer and the TensorFlow model's.

    Raises:
        ExportError: that cosine is below `LOWEST_COSINE`.
    """
    arrays = tokenizer.pad(tokenizer.encode([(sentence,) for sentence in SENTENCES], embedding.max_length))

    def check(written: Path) -> float:
        ours, exact = (each.embed(*arrays) for each in (LiteRTEngine(written), TensorFlowEngine(encoder, embedding)))
        lowest = float(np.sum(scale_to_unit(ours) * scale_to_unit(exact), axis=1).min())
        if not lowest >= LOWEST_COSINE:
            raise ExportError(
                f"{path} was not written: an embedding of the flatbuffer has a cosine of {lowest:.4f} to the "
                f"TensorFlow model's, at least {LOWEST_COSINE} was expected; use engine='tensorflow' for this encoder."
            )
        return lowest

    return write_flatbuffer(path, trace(encoder, embedding, _with_constant_weights(encoder)), check, int8=True)


def _with_constant_weights(encoder: BertEncoder) -> Callable[..., Any]:
    """What runs a part of the encoder in a graph that holds its weights: the converter quantises constants alone."""
    tables = encoder.embeddings
    rows = {id(table): to_int8(table.numpy()) for table in (tables.word, tables.position, tables.token_type)}
    weights = [(variable, variable.numpy()) for variable in encoder.variables if id(variable) not in rows]

    def take_int8(table: Any, indices: Any) -> Any:
        values, scale = rows[id(table)]
        return tf.cast(tf.gather(values, indices), tf.float32) * tf.expand_dims(tf.gather(scale, indices), -1)

    def run(part: Callable[..., Any], *given: Any) -> Any:
        with keras.StatelessScope(state_mapping=weights):
            return part(*given, take=take_int8)

    return run
