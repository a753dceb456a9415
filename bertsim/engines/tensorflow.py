"""The TensorFlow engine: the Keras encoder in float32, compiled to a graph.

The reference that flatbuffers are checked against, and the way to run a checkpoint that has none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from bertsim.bert.config import EmbeddingConfig
from bertsim.bert.encoder import BertEncoder
from bertsim.bert.pooling import pool
from bertsim.heads.network import Head
from bertsim.records import EncoderOutput, Float, Int


class TensorFlowEngine:
    """Runs a `BertEncoder`; see `engine.Engine`. Each graph is traced once, for every shape."""

    name = "tensorflow"
    at_once = 1  # TensorFlow shares one batch between the cores itself

    def __init__(self, encoder: BertEncoder, embedding: EmbeddingConfig) -> None:
        """Wrap an encoder; `embedding` is the pooling that `embed` applies."""
        axes = [tf.TensorSpec([None, None], tf.int32)] * 3

        def embed(input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
            output = encoder(input_ids, attention_mask, token_type_ids)
            mask = tf.cast(attention_mask, tf.float32)
            return pool(
                output["last_hidden_state"], mask, embedding.pooling, normalize=embedding.normalize, xp=ops
            )

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


class TensorFlowHead:
    """Runs a Keras head; see `engine.HeadRunner`."""

    def __init__(self, head: Head) -> None:
        """Wrap a head; each graph is traced once, for every shape."""
        hidden, size = head.config.hidden_size, head.feature_size
        axes = [tf.TensorSpec([None, None, hidden]), tf.TensorSpec([None, None], tf.int32)]
        axes += [tf.TensorSpec([None, hidden])] if head.has_pooler else []
        pair = [tf.TensorSpec([None, size])] * (2 if head.config.inputs == "apart" else 1)
        self.head = head
        self._features = tf.function(lambda *given: head.features(*given), input_signature=axes)
        self._classify = tf.function(lambda *given: head.classify(*given), input_signature=pair)

    def features(self, output: EncoderOutput, attention_mask: Int) -> Float:
        """Summaries of sequences."""
        pooler = [output.pooler_output] if self.head.has_pooler else []
        return self._features(output.last_hidden_state, attention_mask, *pooler).numpy()

    def classify(self, u: Float, v: Float | None = None) -> Float:
        """Logits."""
        return self._classify(*([u] if v is None else [u, v])).numpy()
