"""The TensorFlow engine: the Keras encoder in float32, compiled to a graph.

The reference that flatbuffers are checked against, and the way to run a checkpoint that has none.
"""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from bertsim.bert.config import EmbeddingConfig
from bertsim.bert.encoder import BertEncoder
from bertsim.bert.pooling import pool
from bertsim.records import EncoderOutput, Float, Int


class TensorFlowEngine:
    """Runs a `BertEncoder`; see `base.Engine`. Each graph is traced once, for every shape."""

    name = "tensorflow"
    pool: Executor | None = None
    parallel_batches = 1  # TensorFlow shares one batch between the cores itself

    def __init__(self, encoder: BertEncoder, embedding: EmbeddingConfig) -> None:
        """Wrap an encoder; `embedding` is the pooling that `embed` applies."""
        axes = [tf.TensorSpec([None, None], tf.int32)] * 3

        def embed(input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
            output = encoder(input_ids, attention_mask, token_type_ids)
            mask = tf.cast(attention_mask, tf.float32)
            return pool(output["last_hidden_state"], mask, embedding.pooling, normalize=embedding.normalize, xp=ops)

        def encode(input_ids: Any, attention_mask: Any, token_type_ids: Any) -> dict[str, Any]:
            return encoder(input_ids, attention_mask, token_type_ids)

        self.encoder = encoder
        self._embed = tf.function(embed, input_signature=axes)
        self._encode = tf.function(encode, input_signature=axes)

    def embed(self, input_ids: Int, attention_mask: Int, token_type_ids: Int) -> Float:
        """Sentence embeddings, float32 [batch, dim]."""
        return self._embed(input_ids, attention_mask, token_type_ids).numpy()

    def encode(self, input_ids: Int, attention_mask: Int, token_type_ids: Int) -> EncoderOutput:
        """Every hidden state and attention."""
        output = self._encode(input_ids, attention_mask, token_type_ids)
        pooler = output.get("pooler_output")
        return EncoderOutput(
            last_hidden_state=output["last_hidden_state"].numpy(),
            pooler_output=None if pooler is None else pooler.numpy(),
            hidden_states=np.stack([x.numpy() for x in output["hidden_states"]]),
            attentions=np.stack([x.numpy() for x in output["attentions"]]),
        )
