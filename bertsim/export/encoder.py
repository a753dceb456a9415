"""Keras encoder -> LiteRT flatbuffer with int8 weights, checked against the model it came from.

One file, two signatures over the same weights: `embed` gives the sentence embedding alone, `encode` gives
everything the views need. Both axes (batch, seq) are dynamic. Embedding tables are stored as int8 rows with
one scale each; linear weights are quantised per output channel by the converter, activations per token as
they come ("dynamic range"). Needs TensorFlow; running the result (`litert`) does not.

Source: LiteRT post-training dynamic range quantisation.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from bertsim.bert.checkpoint import to_int8
from bertsim.bert.config import EmbeddingConfig
from bertsim.bert.encoder import BertEncoder
from bertsim.bert.pooling import pool, scale_to_unit
from bertsim.engines.base import Engine
from bertsim.engines.litert import LiteRTEngine
from bertsim.engines.tensorflow import TensorFlowEngine
from bertsim.errors import ExportError
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


def export_flatbuffer(
    encoder: BertEncoder,
    embedding: EmbeddingConfig,
    tokenizer: Tokenizer,
    path: Path,
    sentences: Sequence[str] = SENTENCES,
) -> float:
    """Write the flatbuffer, or nothing where it disagrees with the model.

    Args:
        encoder: with its weights.
        embedding: the pooling that the `embed` signature bakes in.
        tokenizer: of the same checkpoint, for the check.
        path: the file to write, replaced in one step.
        sentences: real text for the check.

    Returns:
        The lowest cosine between an embedding of the flatbuffer and the TensorFlow model's.

    Raises:
        ExportError: that cosine is below `LOWEST_COSINE`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    try:
        partial.write_bytes(_convert(encoder, embedding))
        lowest = lowest_cosine(
            LiteRTEngine(partial), TensorFlowEngine(encoder, embedding), tokenizer, sentences, embedding.max_length
        )
        if not lowest >= LOWEST_COSINE:
            raise ExportError(
                f"{path} was not written: an embedding of the flatbuffer has a cosine of {lowest:.4f} to the "
                f"TensorFlow model's, at least {LOWEST_COSINE} was expected; use engine='tensorflow' for this encoder."
            )
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return lowest


def lowest_cosine(a: Engine, b: Engine, tokenizer: Tokenizer, sentences: Sequence[str], max_length: int) -> float:
    """Compare two engines of one encoder on sentences: the smallest cosine of their embeddings."""
    arrays = tokenizer.pad(tokenizer.encode([(sentence,) for sentence in sentences], max_length))
    cosines = np.sum(scale_to_unit(a.embed(*arrays)) * scale_to_unit(b.embed(*arrays)), axis=1)
    return float(cosines.min())


def _convert(encoder: BertEncoder, embedding: EmbeddingConfig) -> bytes:
    """Trace both signatures over one body and convert them into one flatbuffer."""
    axes = [tf.TensorSpec([None, None], tf.int32, name=n) for n in ("input_ids", "attention_mask", "token_type_ids")]
    body = _with_constant_weights(encoder, axes)

    @tf.function(input_signature=axes)
    def embed(input_ids: Any, attention_mask: Any, token_type_ids: Any) -> dict[str, Any]:
        hidden = body(input_ids, attention_mask, token_type_ids)["last_hidden_state"]
        mask = tf.cast(attention_mask, tf.float32)
        pooled = pool(hidden, mask, embedding.pooling, normalize=embedding.normalize, xp=ops)
        return {"sentence_embedding": pooled}

    @tf.function(input_signature=axes)
    def encode(input_ids: Any, attention_mask: Any, token_type_ids: Any) -> dict[str, Any]:
        output = body(input_ids, attention_mask, token_type_ids)
        named = {f"hidden_state_{i}": x for i, x in enumerate(output["hidden_states"])}
        named |= {f"attention_{i}": x for i, x in enumerate(output["attentions"])}
        return named | ({"pooler_output": output["pooler_output"]} if "pooler_output" in output else {})

    with tempfile.TemporaryDirectory() as folder:
        module = tf.Module()
        module.embed, module.encode = embed, encode
        tf.saved_model.save(module, folder, signatures={"embed": embed, "encode": encode})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["embed", "encode"])
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        return bytes(converter.convert())


def _with_constant_weights(encoder: BertEncoder, axes: list[Any]) -> Any:
    """The encoder as a graph function that holds its weights: the converter quantises constants alone."""
    tables = encoder.embeddings
    rows = {id(table): to_int8(table.numpy()) for table in (tables.word, tables.position, tables.token_type)}
    weights = [(variable, variable.numpy()) for variable in encoder.variables if id(variable) not in rows]

    def take_int8(table: Any, indices: Any) -> Any:
        values, scale = rows[id(table)]
        return tf.cast(tf.gather(values, indices), tf.float32) * tf.expand_dims(tf.gather(scale, indices), -1)

    @tf.function(input_signature=axes)
    def body(input_ids: Any, attention_mask: Any, token_type_ids: Any) -> dict[str, Any]:
        with keras.StatelessScope(state_mapping=weights):
            return encoder(input_ids, attention_mask, token_type_ids, take=take_int8)

    return body
