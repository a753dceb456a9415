"""Token vectors -> sentence embeddings: which layers, how combined, how pooled.

The only place that divides by a mask. Functions work on numpy arrays and, given `xp=keras.ops`, on tensors inside a
model: one formula serves both engines and the flatbuffer.

Source: sentence-transformers `Pooling` (modes and their names); bert-as-service (REDUCE_MAX's -1e9,
REDUCE_MEAN_MAX, layer sets); the BERT paper, section 5.3 (last four layers, summed or concatenated).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from bertsim.errors import InputError

_COMBINED: dict[str, Callable[[Any], Any]] = {
    "concat": partial(np.concatenate, axis=-1),
    "sum": partial(np.sum, axis=0),
    "mean": partial(np.mean, axis=0),
}
COMBINES = tuple(_COMBINED)
_PADDING = -1e9  # below every activation, and finite: a row of padding alone stays a number
_TINY = 1e-9  # sentence-transformers' floor of the divisor


def masked_mean(hidden: Any, mask: Any, xp: Any = np) -> Any:
    """Average the vectors of real tokens; zeros where none is real.

    Args:
        hidden: float32 [batch, seq, hidden] -> float32 [batch, hidden].
        mask: float32 [batch, seq, 1]; 1 = real token, 0 = padding.

    Example: [[1.], [3.], [99.]] with mask [1, 1, 0] -> [2.]
    """
    return xp.sum(hidden * mask, axis=1) / xp.maximum(xp.sum(mask, axis=1), _TINY)


def masked_max(hidden: Any, mask: Any, xp: Any = np) -> Any:
    """Take each dimension's largest value over real tokens; shapes as `masked_mean`.

    Example: [[1., 5.], [3., 2.], [99., 99.]] with mask [1, 1, 0] -> [3., 5.]
    """
    return xp.max(xp.where(mask > 0, hidden, _PADDING), axis=1)


def _mean_sqrt_len(hidden: Any, mask: Any, xp: Any) -> Any:
    return xp.sum(hidden * mask, axis=1) / xp.sqrt(xp.maximum(xp.sum(mask, axis=1), _TINY))


def _last_token(hidden: Any, mask: Any, xp: Any) -> Any:
    is_last = mask * xp.maximum(xp.cumsum(mask, axis=1) - xp.sum(mask, axis=1, keepdims=True) + 1.0, 0.0)
    return xp.sum(hidden * is_last, axis=1)


_OVER_TOKENS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "cls": lambda hidden, mask, xp: hidden[:, 0],
    "mean": masked_mean,
    "max": masked_max,
    "mean_sqrt_len_tokens": _mean_sqrt_len,
    "weightedmean": lambda hidden, mask, xp: masked_mean(hidden, xp.cumsum(mask, axis=1) * mask, xp),
    "lasttoken": _last_token,
}
_ALIASES = {"mean_max": "mean+max"}
POOLINGS = (*_OVER_TOKENS, *_ALIASES, "pooler")


def parse_pooling(pooling: str) -> tuple[str, ...]:
    """Split a pooling into the parts that are concatenated: "mean_max" -> ("mean", "max").

    Raises:
        InputError: a part that is not known.
    """
    parts = tuple(_ALIASES.get(pooling, pooling).split("+")) if isinstance(pooling, str) else ("",)
    if parts != ("pooler",) and not set(parts) <= set(_OVER_TOKENS):
        raise InputError(
            f"pooling is {pooling!r:.80}; known are {', '.join(POOLINGS)}, or several joined by '+' (max+mean)."
        )
    return parts


def pooled_size(pooling: str, hidden_size: int) -> int:
    """Number of values that `pool` gives for hidden vectors of `hidden_size`."""
    return hidden_size * len(parse_pooling(pooling))


def pool(hidden: Any, attention_mask: Any, pooling: str, *, normalize: bool = False, xp: Any = np) -> Any:
    """Pool token vectors into sentence embeddings.

    Args:
        hidden: float32 [batch, seq, hidden] -> float32 [batch, parts × hidden].
        attention_mask: float32 [batch, seq]; 1 = real token.
        pooling: one of `POOLINGS` but "pooler", which is the model's own output, or several joined by "+".
        normalize: scale every embedding to Euclidean length 1.
    """
    mask = xp.expand_dims(attention_mask, -1)
    parts = [_OVER_TOKENS[part](hidden, mask, xp) for part in parse_pooling(pooling)]
    pooled = parts[0] if len(parts) == 1 else xp.concatenate(parts, axis=-1)
    return scale_to_unit(pooled, xp) if normalize else pooled


def scale_to_unit(embeddings: Any, xp: Any = np) -> Any:
    """Divide every row of float32 [n, dim] by its Euclidean length; a zero row stays zero."""
    squares = xp.sum(embeddings * embeddings, axis=-1, keepdims=True)
    return embeddings / xp.sqrt(xp.maximum(squares, 1e-24))


def parse_layers(layers: Sequence[int] | None, num_hidden_layers: int) -> tuple[int, ...]:
    """Name layers by their index in `hidden_states`: 0 = embeddings, negative ones from the end, None = the last.

    Raises:
        InputError: no layer, one twice, or one that the model does not have.
    """
    is_list = layers.ndim == 1 if isinstance(layers, np.ndarray) else isinstance(layers, list | tuple | range | None)
    if not is_list:
        raise InputError(f"layers are {layers!r:.60}; a list of numbers was expected.")
    chosen = (-1,) if layers is None else tuple(layers)
    count = num_hidden_layers + 1
    for layer in chosen:
        if isinstance(layer, bool) or not isinstance(layer, (int, np.integer)) or not -count <= layer < count:
            raise InputError(
                f"layer {layer!r:.60} does not exist; this encoder has 0 (embeddings) to {num_hidden_layers}, "
                "or negative numbers from the end."
            )
    resolved = tuple(int(layer) % count for layer in chosen)
    if not resolved or len(set(resolved)) < len(resolved):
        raise InputError(f"layers are {list(chosen)!r:.60}; one or more different layers were expected.")
    return resolved


def check_combine(combine: str) -> str:
    """Return `combine` if it is one of `COMBINES`.

    Raises:
        InputError: it is not.
    """
    if not isinstance(combine, str) or combine not in COMBINES:
        raise InputError(f"combine is {combine!r:.60}; known are {', '.join(COMBINES)}.")
    return combine


def combine_layers(hidden_states: Any, layers: tuple[int, ...], combine: str) -> Any:
    """Join some of float32 [layers + 1, batch, seq, hidden]: [batch, seq, hidden], by "concat" layers times as wide."""
    if len(layers) == 1:
        return hidden_states[layers[0]]
    return _COMBINED[combine]([hidden_states[layer] for layer in layers])
