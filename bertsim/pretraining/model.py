"""A `BertEncoder` with the head of masked language modelling, and its loss. `keras.ops` alone: any Keras backend.

The output embeddings are the input's ("tied"). Only tokens that were asked for go through the head.

Source: transformers' `BertForMaskedLM`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from bertsim.checkpoint import tensor_shapes
from bertsim.config import BertConfig
from bertsim.encoder import ACTIVATION_FUNCTIONS, BertEncoder, LayerNorm, Linear
from bertsim.records import Float

Tensor = Any
_HEAD = "cls.predictions."


class MaskedLanguageModel(keras.Model):
    """BERT that guesses hidden tokens.

    Args:
        config: of the encoder.
    """

    def __init__(self, config: BertConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.encoder = BertEncoder(config, has_pooler=False, name="encoder")
        self.transform = Linear(config.hidden_size, config.hidden_size, name="transform")
        self.activation = ACTIVATION_FUNCTIONS[config.hidden_act]
        self.norm = LayerNorm(config.hidden_size, config.layer_norm_eps, name="transform_norm")
        self.bias = self.add_weight(shape=(config.vocab_size,), initializer="zeros", name="output_bias")
        self.built = True

    def call(self, batch: Mapping[str, Tensor], training: bool = False) -> Tensor:
        """Guess the tokens asked for.

        Args:
            batch: the arrays of a `MaskedBatch`.
            training: whether dropout is on.

        Returns:
            logits, [asked, vocab].
        """
        ids = batch["input_ids"]
        hidden = self.encoder(ids, batch["attention_mask"], ops.zeros_like(ids), training=training)
        flat = ops.reshape(hidden["last_hidden_state"], (-1, self.encoder.config.hidden_size))
        asked = ops.take(flat, batch["positions"], axis=0)
        guessed = self.norm(self.activation(self.transform(asked)))
        return ops.matmul(guessed, ops.transpose(self.encoder.embeddings.word)) + self.bias

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """Mean cross-entropy of the tokens asked for, in nats: a float32 scalar."""
        logits = ops.cast(y_pred, "float32")
        right = ops.take_along_axis(logits, x["targets"][:, None], axis=-1)[:, 0]
        terms = (ops.logsumexp(logits, axis=-1) - right) * x["weights"]
        return ops.sum(terms) / ops.maximum(ops.sum(x["weights"]), 1.0)


def first_tensors(config: BertConfig, seed: int) -> dict[str, Float]:
    """Random weights to begin with, the same on every backend, by transformers' name without prefix.

    Source: Devlin et al. 2019: a normal distribution of 0.02, cut off at two standard deviations.
    """
    random = np.random.default_rng([seed, 5])
    tensors = {}
    for name, shape in tensor_shapes(config, with_pooler=False).items():
        if name.endswith("LayerNorm.weight"):
            tensors[name] = np.ones(shape, np.float32)
        elif name.endswith("bias"):
            tensors[name] = np.zeros(shape, np.float32)
        else:
            tensors[name] = _normal(shape, random)
    return tensors


def first_head(table: Float, counts: NDArray[np.float64], seed: int) -> dict[str, Float]:
    """A head to begin with, whose guess is how frequent each token is.

    Args:
        table: float32 [vocab, hidden], the word embeddings. Those made of word vectors are long; the gain is lowered
            for them, or the first guesses would be wild and sure of themselves.
        counts: float64 [vocab], of the text.
        seed: of the dense layer.
    """
    size = table.shape[1]
    gain = 1.0 / max(1.0, float(np.linalg.norm(table, axis=1).mean()))
    return {
        f"{_HEAD}transform.dense.weight": _normal((size, size), np.random.default_rng([seed, 6])),
        f"{_HEAD}transform.dense.bias": np.zeros(size, np.float32),
        f"{_HEAD}transform.LayerNorm.weight": np.full(size, gain, np.float32),
        f"{_HEAD}transform.LayerNorm.bias": np.zeros(size, np.float32),
        f"{_HEAD}bias": np.log((counts + 0.5) / (counts.sum() + 0.5 * len(counts))).astype(np.float32),
    }


def head_tensors(model: MaskedLanguageModel) -> dict[str, Float]:
    """The head's tensors by transformers' names, but for what is tied to the embeddings."""
    return {
        f"{_HEAD}transform.dense.weight": np.ascontiguousarray(model.transform.kernel.numpy().T),
        f"{_HEAD}transform.dense.bias": model.transform.bias.numpy(),
        f"{_HEAD}transform.LayerNorm.weight": model.norm.gain.numpy(),
        f"{_HEAD}transform.LayerNorm.bias": model.norm.bias.numpy(),
        f"{_HEAD}bias": model.bias.numpy(),
    }


def fill_head(model: MaskedLanguageModel, tensors: Mapping[str, Float]) -> None:
    """Set the head; tensors as `head_tensors` gives them."""
    model.transform.kernel.assign(tensors[f"{_HEAD}transform.dense.weight"].T)
    model.transform.bias.assign(tensors[f"{_HEAD}transform.dense.bias"])
    model.norm.gain.assign(tensors[f"{_HEAD}transform.LayerNorm.weight"])
    model.norm.bias.assign(tensors[f"{_HEAD}transform.LayerNorm.bias"])
    model.bias.assign(tensors[f"{_HEAD}bias"])


def _normal(shape: tuple[int, ...], random: np.random.Generator) -> Float:
    values = random.normal(0.0, 1.0, shape)
    while (far := np.abs(values) > 2.0).any():
        values[far] = random.normal(0.0, 1.0, int(far.sum()))
    return (0.02 * values).astype(np.float32)
