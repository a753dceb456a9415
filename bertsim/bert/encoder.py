"""BERT as a Keras 3 model: token ids -> every hidden state, every attention, the pooler.

Wholly described by a `BertConfig`. Weights come from `checkpoint`; pooling of sentences is `pooling`'s.
Written in `keras.ops` alone, so it runs on every Keras backend; token vectors are kept as one
[batch × seq, hidden] matrix between blocks, which every backend multiplies fastest.

Source: Devlin et al. 2019, "BERT"; names and outputs are those of transformers' `BertModel`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import ops

from bertsim.bert.config import BertConfig

Tensor = Any
_TAKE = partial(ops.take, axis=0)
_MASKED = -1e9  # added to the scores of masked columns: their attention is exactly 0 in float32


class Linear(keras.layers.Layer):
    """y = x W + b over a matrix, float32 [rows, in] -> [rows, out]."""

    multiplied_in = "float32"  # or "bfloat16": what x and W are rounded to; the sum of their products is float32

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        initializer = keras.initializers.TruncatedNormal(stddev=0.02)
        self.kernel = self.add_weight(shape=(inputs, units), initializer=initializer, name="kernel")
        self.bias = self.add_weight(shape=(units,), initializer="zeros", name="bias")
        self.built = True

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        x, kernel = (ops.cast(each, self.multiplied_in) for each in (x, self.kernel))
        return ops.add(ops.cast(ops.matmul(x, kernel), "float32"), self.bias)


class LayerNorm(keras.layers.Layer):
    """Scale every row to mean 0 and variance 1, then by gain and bias; [rows, hidden] -> same."""

    def __init__(self, size: int, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.gain = self.add_weight(shape=(size,), initializer="ones", name="gain")
        self.bias = self.add_weight(shape=(size,), initializer="zeros", name="bias")
        self.built = True

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        centred = x - ops.mean(x, axis=-1, keepdims=True)
        variance = ops.mean(ops.square(centred), axis=-1, keepdims=True)
        gain, bias = self.gain[None], self.bias[None]  # vectors would be multiplied into the next int8 weights
        return centred * ops.rsqrt(variance + self.epsilon) * gain + bias


class Embeddings(keras.layers.Layer):
    """Word + position + token type vectors, normalised: ids [batch, seq] -> [batch × seq, hidden]."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.hidden_size = config.hidden_size
        self.word = self._table(config.vocab_size, "word")
        self.position = self._table(config.max_position_embeddings, "position")
        self.token_type = self._table(config.type_vocab_size, "token_type")
        self.norm = LayerNorm(config.hidden_size, config.layer_norm_eps)
        self.dropout = keras.layers.Dropout(config.hidden_dropout_prob)
        self.built = True

    def _table(self, rows: int, name: str) -> keras.Variable:
        initializer = keras.initializers.TruncatedNormal(stddev=0.02)
        return self.add_weight(shape=(rows, self.hidden_size), initializer=initializer, name=name)

    def call(self, input_ids: Tensor, token_type_ids: Tensor, take: Callable[..., Tensor], training: bool) -> Tensor:
        """Look up, add and normalise; `take` reads rows of a table."""
        positions = ops.arange(ops.shape(input_ids)[1], dtype="int32")
        total = take(self.word, input_ids) + take(self.position, positions) + take(self.token_type, token_type_ids)
        return self.dropout(self.norm(ops.reshape(total, (-1, self.hidden_size))), training=training)


class Block(keras.layers.Layer):
    """One Transformer encoder layer: self-attention, then feed-forward, each added and normalised."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        hidden, inner = config.hidden_size, config.intermediate_size
        self.heads = config.num_attention_heads
        self.head_size = hidden // self.heads
        self.query, self.key, self.value, self.attention_output = (Linear(hidden, hidden) for _ in range(4))
        self.intermediate, self.output_dense = Linear(hidden, inner), Linear(inner, hidden)
        self.attention_norm, self.output_norm = (LayerNorm(hidden, config.layer_norm_eps) for _ in range(2))
        self.linears = (self.query, self.key, self.value, self.attention_output, self.intermediate, self.output_dense)
        is_gelu = config.hidden_act.startswith("gelu")  # the erf; its other names mean the tanh that comes near it
        approximate = config.hidden_act != "gelu"
        self.activation = partial(ops.gelu, approximate=approximate) if is_gelu else getattr(ops, config.hidden_act)
        self.dropout = keras.layers.Dropout(config.hidden_dropout_prob)
        self.attention_dropout = keras.layers.Dropout(config.attention_probs_dropout_prob)
        self.built = True

    def call(self, x: Tensor, bias: Tensor, training: bool, asking: Any = None) -> tuple[Tensor, Tensor]:
        """Turn x, float32 [batch × seq, hidden], into the same and the attention, float32 [batch, heads, seq, seq].

        `bias`, float32 [batch, 1, 1, seq], is 0 for what is attended to, and -1e9 for what is not. `asking`: the rows
        of x that are wanted, as many of each sequence; all by default.
        """
        asking = x if asking is None else asking
        context, attention = self._attend(asking, x, bias, training)
        x = self.attention_norm(asking + self.dropout(self.attention_output(context), training=training))
        inner = self.output_dense(self.activation(self.intermediate(x)))
        return self.output_norm(x + self.dropout(inner, training=training)), attention

    def _attend(self, asking: Tensor, x: Tensor, bias: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        batch = ops.shape(bias)[0]

        def by_head(y: Tensor, axes: tuple[int, ...]) -> Tensor:
            return ops.transpose(ops.reshape(y, (batch, -1, self.heads, self.head_size)), axes)

        query = by_head(self.query(asking) * self.head_size**-0.5, (0, 2, 1, 3))
        key = by_head(self.key(x), (0, 2, 3, 1))
        value = by_head(self.value(x), (0, 2, 1, 3))
        attention = ops.softmax(ops.matmul(query, key) + bias, axis=-1)
        context = ops.matmul(self.attention_dropout(attention, training=training), value)
        return ops.reshape(ops.transpose(context, (0, 2, 1, 3)), (-1, self.heads * self.head_size)), attention


class BertEncoder(keras.Model):
    """BERT without a task on top, with or without the pooler: a dense tanh layer over [CLS]."""

    def __init__(self, config: BertConfig, has_pooler: bool = True) -> None:
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.blocks = [Block(config) for _ in range(config.num_hidden_layers)]
        self.pooler = Linear(config.hidden_size, config.hidden_size) if has_pooler else None
        self.built = True

    def call(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor,
        take: Callable[[Tensor, Tensor], Tensor] = _TAKE,
        training: bool = False,
    ) -> dict[str, Any]:
        """Encode token ids, int32 [batch, seq].

        `take` reads rows of an embedding table, [n, hidden] and int32 [...] -> [..., hidden]; an export's are int8.

        Returns:
            last_hidden_state: float32 [batch, seq, hidden];
            hidden_states: layers + 1 of them, embeddings first;
            attentions: layers × float32 [batch, heads, seq, seq];
            pooler_output: float32 [batch, hidden], where there is a pooler.
        """
        batch, seq = ops.shape(input_ids)[0], ops.shape(input_ids)[1]
        x, bias = self._begin(input_ids, attention_mask, token_type_ids, take, training)
        flat, attentions = [x], []
        for block in self.blocks:
            x, attention = block(x, bias, training=training)
            flat.append(x)
            attentions.append(attention)
        hidden_states = [ops.reshape(y, (batch, seq, self.config.hidden_size)) for y in flat]
        outputs = {"last_hidden_state": hidden_states[-1], "hidden_states": hidden_states, "attentions": attentions}
        if self.pooler is not None:
            outputs["pooler_output"] = ops.tanh(self.pooler(hidden_states[-1][:, 0]))
        return outputs

    def pool(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, take: Callable[..., Tensor] = _TAKE
    ) -> Tensor:
        """The `pooler_output` of `call` alone: of the last block only what [CLS] needs is computed, a fifth or so."""
        batch, seq = ops.shape(input_ids)[0], ops.shape(input_ids)[1]
        x, bias = self._begin(input_ids, attention_mask, token_type_ids, take, training=False)
        assert self.pooler is not None
        *blocks, last = self.blocks
        for block in blocks:
            x, _ = block(x, bias, training=False)
        first, _ = last(x, bias, training=False, asking=ops.reshape(x, (batch, seq, self.config.hidden_size))[:, 0])
        return ops.tanh(self.pooler(first))

    def _begin(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor,
        take: Callable[..., Tensor],
        training: bool,
    ) -> tuple[Tensor, Tensor]:
        """What the first block takes, float32 [batch × seq, hidden], and the bias of every block."""
        mask = ops.cast(attention_mask, "float32")
        bias = ops.reshape((1.0 - mask) * _MASKED, (ops.shape(mask)[0], 1, 1, ops.shape(mask)[1]))
        return self.embeddings(input_ids, token_type_ids, take=take, training=training), bias
