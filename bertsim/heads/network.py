"""Heads in Keras 3: what an encoder computed -> logits of a pair.

`HeadConfig` describes one wholly. Token vectors become features (`features`), of a packed pair or of each sentence
alone; features become logits (`classify`). Padding never counts: the LSTMs carry their state over padded steps,
and pooling is `bertsim.bert.pooling`'s, masked. Flatbuffers are `head_export`'s, training is `training`'s.

Source: the keras.io-style Bi-LSTM on BERT, BERT's own pooled classifier (Devlin et al. 2019, section 4.1), masked
mean pooling; u, v, |u - v|, u * v: Conneau et al. 2017, "InferSent".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from bertsim.bert.checkpoint import WEIGHTS
from bertsim.bert.encoder import Linear
from bertsim.bert.pooling import masked_max, masked_mean, scale_to_unit
from bertsim.errors import CheckpointError
from bertsim.heads.config import HeadConfig

Tensor = Any
_SLOPE = 8.0  # of the first logits of a head that starts from the cosine, in it; they are 0 at a cosine of 0.5


class Head(keras.Model):
    """What every head shares: features -> dropout -> dense.

    Args:
        config: its shape.
        has_pooler: whether the encoder gives a `pooler_output`.
    """

    def __init__(self, config: HeadConfig, has_pooler: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.has_pooler = has_pooler
        self.dropout = keras.layers.Dropout(config.dropout)
        parts = 4 if config.inputs == "apart" else 1
        self.classifier = Linear(parts * self.feature_size, len(config.labels), name="classifier")
        if config.unit_length:
            self._start_from_the_cosine()
        self.built = True

    @property
    def feature_size(self) -> int:
        """Number of values of `features`."""
        return 4 * self.config.units[-1] if self.config.units else self.config.hidden_size

    def features(
        self,
        last_hidden_state: Tensor,
        attention_mask: Tensor,
        pooler_output: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        """Summarise sequences.

        Args:
            last_hidden_state: float32 [batch, seq, hidden].
            attention_mask: [batch, seq]; 1 = real token, 0 = padding.
            pooler_output: float32 [batch, hidden], where the encoder has a pooler.

        Returns:
            float32 [batch, feature_size].
        """
        return self._summarise(last_hidden_state, attention_mask, pooler_output, training)

    def _summarise(self, x: Tensor, attention_mask: Tensor, pooled: Tensor | None, training: bool) -> Tensor:
        raise NotImplementedError

    def classify(self, u: Tensor, v: Tensor | None = None, training: bool = False) -> Tensor:
        """Features of a packed pair, or of two sentences -> logits.

        Args:
            u: float32 [batch, feature_size].
            v: likewise, of the second sentences; None for a packed pair.

        Returns:
            float32 [batch, labels].
        """
        pair = u if v is None else join_pair(u, v, unit_length=self.config.unit_length)
        return self.classifier(self.dropout(pair, training=training))

    def logits(
        self,
        output_a: Mapping[str, Any],
        mask_a: Tensor,
        output_b: Mapping[str, Any] | None = None,
        mask_b: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        """Logits of what the encoder gave: for packed pairs, or for two sentences each.

        Args:
            output_a: `BertEncoder`'s output of the packed pairs, or of the first sentences.
            mask_a: their attention mask, [batch, seq].
            output_b, mask_b: the same of the second sentences, where the head reads them apart.

        Returns:
            float32 [batch, labels].
        """
        u = self.features(output_a["last_hidden_state"], mask_a, output_a.get("pooler_output"), training)
        if output_b is None:
            return self.classify(u, training=training)
        v = self.features(output_b["last_hidden_state"], mask_b, output_b.get("pooler_output"), training)
        return self.classify(u, v, training)

    def _start_from_the_cosine(self) -> None:
        """Logits are at first a rising line in the cosine of u and v, for the weights of u * v are all alike."""
        size = self.feature_size
        kernel = np.zeros(self.classifier.kernel.shape, np.float32)
        kernel[3 * size :] = _SLOPE
        self.classifier.kernel.assign(kernel)
        self.classifier.bias.assign(np.full(self.classifier.bias.shape, -_SLOPE / 2, np.float32))

    def named_variables(self) -> Iterator[tuple[str, Any, bool]]:
        """Every tensor's name, its variable, and whether the tensor is its transpose.

        LSTM tensors are Keras' own: gates i, f, c, o along the last axis.
        """
        yield "classifier.weight", self.classifier.kernel, True
        yield "classifier.bias", self.classifier.bias, False
        yield from self._own_variables()

    def _own_variables(self) -> Iterator[tuple[str, Any, bool]]:
        yield from ()


class MeanHead(Head):
    """Masked average of token vectors."""

    def _summarise(self, x: Tensor, attention_mask: Tensor, pooled: Tensor | None, training: bool) -> Tensor:
        return masked_mean(x, _as_column(attention_mask), ops)


class PooledHead(Head):
    """The encoder's pooler; where it has none, one of the head's own: dense and tanh over [CLS]."""

    def __init__(self, config: HeadConfig, has_pooler: bool, **kwargs: Any) -> None:
        super().__init__(config, has_pooler, **kwargs)
        self.pooler = None if has_pooler else Linear(config.hidden_size, config.hidden_size, name="pooler")
        if self.pooler is not None and config.unit_length:
            self.pooler.kernel.assign(np.eye(config.hidden_size, dtype=np.float32))

    def _summarise(self, x: Tensor, attention_mask: Tensor, pooled: Tensor | None, training: bool) -> Tensor:
        return pooled if self.pooler is None else ops.tanh(self.pooler(x[:, 0]))

    def _own_variables(self) -> Iterator[tuple[str, Any, bool]]:
        if self.pooler is not None:
            yield "pooler.dense.weight", self.pooler.kernel, True
            yield "pooler.dense.bias", self.pooler.bias, False


class BiLSTMHead(Head):
    """Bidirectional LSTMs over token vectors, then masked average and masked max of both directions."""

    def __init__(self, config: HeadConfig, has_pooler: bool, **kwargs: Any) -> None:
        super().__init__(config, has_pooler, **kwargs)
        self.lstms = []
        size = config.hidden_size
        for index, units in enumerate(config.units):
            lstm = keras.layers.LSTM(units, return_sequences=True, use_cudnn=False)
            layer = keras.layers.Bidirectional(lstm, name=f"lstm_{index}")
            layer.build((None, None, size))
            self.lstms.append(layer)
            size = 2 * units

    def _summarise(self, x: Tensor, attention_mask: Tensor, pooled: Tensor | None, training: bool) -> Tensor:
        real, mask = ops.cast(attention_mask, "bool"), _as_column(attention_mask)
        for layer in self.lstms:
            x = layer(x, mask=real, training=training)
        return ops.concatenate([masked_mean(x, mask, ops), masked_max(x, mask, ops)], axis=-1)

    def _own_variables(self) -> Iterator[tuple[str, Any, bool]]:
        for index, layer in enumerate(self.lstms):
            for direction in ("forward", "backward"):
                cell = getattr(layer, f"{direction}_layer").cell
                for part in ("kernel", "recurrent_kernel", "bias"):
                    yield f"lstm.{index}.{direction}.{part}", getattr(cell, part), False


HEADS: dict[str, type[Head]] = {"bilstm": BiLSTMHead, "pooled": PooledHead, "mean": MeanHead}


def join_pair(u: Tensor, v: Tensor, *, unit_length: bool) -> Tensor:
    """Features of two sentences -> of their pair: u, v, |u - v|, u * v, float32 [batch, 4 × feature_size].

    Example: [[3., 4.]] and [[0., 2.]], unit_length -> [[.6, .8, 0., 1., .6, .2, 0., .8]]
    """
    if unit_length:
        u, v = scale_to_unit(u, ops), scale_to_unit(v, ops)
    return ops.concatenate([u, v, ops.abs(u - v), u * v], axis=-1)


def build_head(config: HeadConfig, *, has_pooler: bool) -> Head:
    """Make a head with random weights (drawn from Keras' global seed).

    Args:
        config: its shape.
        has_pooler: whether the encoder gives a `pooler_output`.
    """
    return HEADS[config.kind](config, has_pooler, name=config.kind)


def save_head(head: Head, folder: Path) -> None:
    """Write `config.json` and `model.safetensors`."""
    head.config.save(folder)
    tensors = {
        name: np.ascontiguousarray(variable.numpy().T if transposed else variable.numpy())
        for name, variable, transposed in head.named_variables()
    }
    save_file(tensors, folder / WEIGHTS)


def load_head(folder: Path, encoder: str, encoder_sha256: str, hidden_size: int, *, has_pooler: bool) -> Head:
    """Rebuild a head in code and fill it from its folder.

    Args:
        folder: what `save_head` wrote.
        encoder, encoder_sha256, hidden_size: of the encoder that it shall sit on.
        has_pooler: whether that encoder gives a `pooler_output`.

    Raises:
        CheckpointError: the head belongs to another encoder, or a file is missing, damaged or holds other
            tensors than `config.json` asks for; names it.
    """
    config = HeadConfig.from_folder(folder)
    config.check_encoder(encoder, encoder_sha256, hidden_size, folder)
    path = folder / WEIGHTS
    try:
        tensors = load_file(path)
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing.") from None
    except SafetensorError as error:
        raise CheckpointError(f"{path} is damaged or no safetensors file: {error}.") from None
    head = build_head(config, has_pooler=has_pooler)
    fill_head(head, tensors, path)
    return head


def fill_head(head: Head, tensors: Mapping[str, np.ndarray], where: object) -> None:
    """Set every weight of a head.

    Raises:
        CheckpointError: a tensor is missing, unknown, misshapen or not finite; names it.
    """
    wanted = {name: (variable, transposed) for name, variable, transposed in head.named_variables()}
    for name in sorted(wanted.keys() ^ tensors.keys()):
        problem = "is missing" if name in wanted else "is no part of this head"
        raise CheckpointError(f"{where}: the tensor {name} {problem}.")
    for name, (variable, transposed) in wanted.items():
        value = tensors[name].T if transposed else tensors[name]
        if value.shape != tuple(variable.shape):
            raise CheckpointError(
                f"{where}: the tensor {name} has the shape {list(tensors[name].shape)}; "
                f"config.json asks for {list(variable.shape)[:: -1 if transposed else 1]}."
            )
        if not np.isfinite(value).all():
            raise CheckpointError(f"{where}: the tensor {name} holds a value that is not a finite number.")
        variable.assign(value)


def _as_column(attention_mask: Tensor) -> Tensor:
    return ops.expand_dims(ops.cast(attention_mask, "float32"), -1)
