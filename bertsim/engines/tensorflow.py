"""The TensorFlow engine: the Keras encoder in float32, compiled to a graph.

The reference that flatbuffers are checked against, and the way to run a checkpoint that has none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from keras import ops

from bertsim.bert.config import EmbeddingConfig
from bertsim.bert.encoder import BertEncoder
from bertsim.bert.pooling import pool
from bertsim.engines.base import INPUTS, Engine
from bertsim.records import Float, Int

AXES = [tf.TensorSpec([None, None], tf.int32, name=name) for name in INPUTS]


def trace(body: Callable[..., Any], embedding: EmbeddingConfig) -> dict[str, Callable[..., Any]]:
    """The two signatures of an engine as graphs, each for every shape.

    Args:
        body: a `BertEncoder`, or what gives the same.
        embedding: the pooling that "embed" applies.

    Returns:
        "embed" gives sentence_embedding; "encode" gives hidden_state_0 (the embeddings) and up, attention_0 and up and,
        where there is a pooler, pooler_output.
    """

    @tf.function(input_signature=AXES)
    def embed(input_ids: Any, attention_mask: Any, token_type_ids: Any) -> dict[str, Any]:
        hidden = body(input_ids, attention_mask, token_type_ids)["last_hidden_state"]
        mask = tf.cast(attention_mask, tf.float32)
        pooled = pool(hidden, mask, embedding.pooling, normalize=embedding.normalize, xp=ops)
        return {"sentence_embedding": pooled}

    @tf.function(input_signature=AXES)
    def encode(input_ids: Any, attention_mask: Any, token_type_ids: Any) -> dict[str, Any]:
        output = body(input_ids, attention_mask, token_type_ids)
        named = {f"hidden_state_{i}": x for i, x in enumerate(output["hidden_states"])}
        named |= {f"attention_{i}": x for i, x in enumerate(output["attentions"])}
        return named | ({"pooler_output": output["pooler_output"]} if "pooler_output" in output else {})

    return {"embed": embed, "encode": encode}


class TensorFlowEngine(Engine):
    """Runs a `BertEncoder`; `embedding` is the pooling that `embed` applies."""

    name = "tensorflow"
    parallel_batches = 1  # TensorFlow shares one batch between the cores itself

    def __init__(self, encoder: BertEncoder, embedding: EmbeddingConfig) -> None:
        self._graphs = trace(encoder, embedding)

    def run(self, signature: str, **arrays: Int) -> dict[str, Float]:
        """See `base.Engine`."""
        return {name: output.numpy() for name, output in self._graphs[signature](**arrays).items()}
