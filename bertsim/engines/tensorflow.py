"""The TensorFlow engine: Keras encoders and heads in float32, compiled to graphs.

The reference that flatbuffers are checked against, and the way to run a checkpoint that has none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from bertsim.bert.config import EmbeddingConfig
from bertsim.bert.encoder import BertEncoder
from bertsim.bert.pooling import pool
from bertsim.engines.base import INPUTS, Engine, HeadRunner, Runner, Wanted
from bertsim.records import Float

if TYPE_CHECKING:
    from bertsim.heads.network import Head

AXES = [tf.TensorSpec([None, None], tf.int32, name=name) for name in INPUTS]


def trace(
    encoder: BertEncoder, embedding: EmbeddingConfig, run: Callable[..., Any] = lambda part, *given: part(*given)
) -> dict[str, Callable[..., Any]]:
    """The signatures of an engine as graphs, each for every shape; `run` runs a part of the encoder.

    "embed" gives sentence_embedding; "encode" gives hidden_state_0 (the embeddings) and up, attention_0 and up and,
    where there is a pooler, pooler_output; "pool", where there is one, that alone.
    """

    @tf.function(input_signature=AXES)
    def embed(input_ids: Any, attention_mask: Any, token_type_ids: Any) -> dict[str, Any]:
        hidden = run(encoder, input_ids, attention_mask, token_type_ids)["last_hidden_state"]
        mask = tf.cast(attention_mask, tf.float32)
        return {"sentence_embedding": pool(hidden, mask, embedding.pooling, normalize=embedding.normalize, xp=ops)}

    @tf.function(input_signature=AXES)
    def encode(input_ids: Any, attention_mask: Any, token_type_ids: Any) -> dict[str, Any]:
        output = run(encoder, input_ids, attention_mask, token_type_ids)
        named = {f"hidden_state_{i}": x for i, x in enumerate(output["hidden_states"])}
        named |= {f"attention_{i}": x for i, x in enumerate(output["attentions"])}
        return named | ({"pooler_output": output["pooler_output"]} if "pooler_output" in output else {})

    @tf.function(input_signature=AXES)
    def ask_pooler(input_ids: Any, attention_mask: Any, token_type_ids: Any) -> dict[str, Any]:
        return {"pooler_output": run(encoder.pool, input_ids, attention_mask, token_type_ids)}

    return {"embed": embed, "encode": encode, **({"pool": ask_pooler} if encoder.pooler is not None else {})}


class _Graphs(Runner):
    def __init__(self, graphs: Mapping[str, Callable[..., Any]]) -> None:
        self._graphs, self.signatures = graphs, graphs.keys()

    def run(self, signature: str, wanted: Wanted, **arrays: NDArray[Any]) -> dict[str, Float]:
        outputs = self._graphs[signature](*arrays.values())
        return {name: output.numpy() for name, output in outputs.items() if name.startswith(wanted)}


class TensorFlowEngine(_Graphs, Engine):
    """Runs a `BertEncoder`; `embedding` is the pooling that `embed` applies."""

    name = "tensorflow"
    parallel_batches = 1  # TensorFlow shares one batch between the cores itself

    def __init__(self, encoder: BertEncoder, embedding: EmbeddingConfig) -> None:
        super().__init__(trace(encoder, embedding))


class TensorFlowHead(_Graphs, HeadRunner):
    """Runs a Keras head, each graph traced once, for every shape."""

    def __init__(self, head: Head) -> None:
        hidden, sides = head.config.hidden_size, 2 if head.config.inputs == "apart" else 1
        axes = [tf.TensorSpec([None, None, hidden]), tf.TensorSpec([None, None], tf.int32)]
        axes += [tf.TensorSpec([None, hidden])] if head.has_pooler else []
        pair = [tf.TensorSpec([None, head.feature_size])] * sides
        features = tf.function(lambda *given: {"features": head.features(*given)}, input_signature=axes)
        classify = tf.function(lambda *given: {"logits": head.classify(*given)}, input_signature=pair)
        super().__init__({"features": features, "classify": classify})
        self.reads = ("last_hidden_state", "attention_mask", "pooler_output")[: len(axes)]
