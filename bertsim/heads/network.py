"""Heads in Keras 3: what an encoder computed -> logits of a pair.

Token vectors become features, of a packed pair or of each sentence alone; features become logits. Padding never
counts: the LSTMs carry their state over padded steps, and pooling is masked.

Source: the keras.io-style Bi-LSTM on BERT, BERT's own pooled classifier (Devlin et al. 2019, section 4.1), masked
mean pooling; u, v, |u - v|, u * v: Conneau et al. 2017, "InferSent".
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import keras
from keras import ops

from bertsim.bert.checkpoint import Variables, assign_tensors, check_tensors, read_tensors
from bertsim.bert.encoder import Linear
from bertsim.bert.pooling import masked_max, masked_mean, scale_to_unit
from bertsim.heads.config import HeadConfig

Tensor = Any


class Head(keras.Model):
    """A head with random weights, drawn from Keras' global seed: token vectors -> features -> dropout -> dense.

    Features of a "mean" are the masked average of token vectors; of a "pooled" the encoder's pooler, or where it has
    none, one of the head's own: dense and tanh over [CLS]; of a "bilstm" the masked average and masked max of what
    bidirectional LSTMs give in both directions.
    """

    def __init__(self, config: HeadConfig, *, has_pooler: bool) -> None:
        super().__init__(name=config.kind)
        self.config, self.has_pooler = config, has_pooler
        size, parts = config.hidden_size, 4 if config.inputs == "apart" else 1
        self.dropout = keras.layers.Dropout(config.dropout)
        self.classifier = Linear(parts * self.feature_size, len(config.labels))
        self.pooler = Linear(size, size) if config.kind == "pooled" and not has_pooler else None
        self.lstms = []
        for units in config.units:
            lstm = keras.layers.LSTM(units, return_sequences=True, use_cudnn=False)
            self.lstms.append(keras.layers.Bidirectional(lstm))
            self.lstms[-1].build((None, None, size))
            size = 2 * units
        self.built = True

    @property
    def feature_size(self) -> int:
        """Number of values of `features`."""
        return 4 * self.config.units[-1] if self.config.units else self.config.hidden_size

    def features(
        self, last_hidden_state: Tensor, attention_mask: Tensor, pooler_output: Any = None, training: bool = False
    ) -> Tensor:
        """Summarise sequences: what the encoder gave, and their mask -> float32 [batch, feature_size]."""
        x, mask = last_hidden_state, ops.expand_dims(ops.cast(attention_mask, "float32"), -1)
        if self.config.kind == "pooled":
            return pooler_output if self.pooler is None else ops.tanh(self.pooler(x[:, 0]))
        if self.config.kind == "mean":
            return masked_mean(x, mask, ops)
        for layer in self.lstms:
            x = layer(x, mask=ops.cast(attention_mask, "bool"), training=training)
        return ops.concatenate([masked_mean(x, mask, ops), masked_max(x, mask, ops)], axis=-1)

    def classify(self, u: Tensor, v: Tensor | None = None, training: bool = False) -> Tensor:
        """Features of packed pairs, or of first and second sentences -> logits, float32 [batch, labels]."""
        pair = u if v is None else join_pair(u, v, unit_length=self.config.unit_length)
        return self.classifier(self.dropout(pair, training=training))

    def named_variables(self) -> Variables:
        """The names of its tensors and its variables; an LSTM's are as in Keras, gates i, f, c, o on the last axis."""
        for name, layer in (("classifier", self.classifier), ("pooler.dense", self.pooler)):
            if layer is not None:
                yield f"{name}.weight", layer.kernel, True
                yield f"{name}.bias", layer.bias, False
        for index, layer in enumerate(self.lstms):
            for direction in ("forward", "backward"):
                cell = getattr(layer, f"{direction}_layer").cell
                for part in ("kernel", "recurrent_kernel", "bias"):
                    yield f"lstm.{index}.{direction}.{part}", getattr(cell, part), False


def join_pair(u: Tensor, v: Tensor, *, unit_length: bool) -> Tensor:
    """Features of two sentences -> of their pair: u, v, |u - v|, u * v, float32 [batch, 4 × feature_size].

    Example: [[3., 4.]] and [[0., 2.]], unit_length -> [[.6, .8, 0., 1., .6, .2, 0., .8]]
    """
    if unit_length:
        u, v = scale_to_unit(u, ops), scale_to_unit(v, ops)
    return ops.concatenate([u, v, ops.abs(u - v), u * v], axis=-1)


def load_head(config: HeadConfig, folder: Path, *, has_pooler: bool, names: Collection[str] | None = None) -> Head:
    """Build a head and fill it from its folder, or from named tensors of a checkpoint; errors as `check_tensors`."""
    head, tensors = Head(config, has_pooler=has_pooler), read_tensors(folder, names)
    shapes = {name: tuple(held.shape)[:: -1 if turned else 1] for name, held, turned in head.named_variables()}
    check_tensors(folder, tensors, shapes)
    assign_tensors(head.named_variables(), tensors)
    return head
