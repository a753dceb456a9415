"""Run a Keras head, compiled to a graph: the reference that flatbuffers are checked against."""

from __future__ import annotations

import tensorflow as tf

from bertsim.heads.network import Head
from bertsim.records import EncoderOutput, Float, Int


class TensorFlowHead:
    """Runs a Keras head, each graph traced once, for every shape; see `reading.HeadRunner`."""

    def __init__(self, head: Head) -> None:
        hidden, sides = head.config.hidden_size, 2 if head.config.inputs == "apart" else 1
        axes = [tf.TensorSpec([None, None, hidden]), tf.TensorSpec([None, None], tf.int32)]
        axes += [tf.TensorSpec([None, hidden])] if head.has_pooler else []
        pair = [tf.TensorSpec([None, head.feature_size])] * sides
        self._has_pooler = head.has_pooler
        self._features = tf.function(lambda *given: head.features(*given), input_signature=axes)
        self._classify = tf.function(lambda *given: head.classify(*given), input_signature=pair)

    def features(self, output: EncoderOutput, attention_mask: Int) -> Float:
        """Summaries of sequences."""
        pooler = [output.pooler_output] if self._has_pooler else []
        return self._features(output.last_hidden_state, attention_mask, *pooler).numpy()

    def classify(self, u: Float, v: Float | None = None) -> Float:
        """Logits."""
        return self._classify(*([u] if v is None else [u, v])).numpy()
