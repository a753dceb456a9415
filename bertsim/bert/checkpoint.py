"""Tensors of a checkpoint folder <-> variables of a `BertEncoder`.

The only file that knows Hugging Face's tensor names. Reads `model.safetensors`, whole or sharded, in float32,
float16, bfloat16, or int8 with one float32 `<name>.scale` per row (this project's own compact form).
Pickled and HDF5 checkpoints are refused: reading one can run code.

Source: transformers' `BertModel` state dict; TensorFlow's `gamma` and `beta` names in older checkpoints.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from bertsim.bert.config import BertConfig
from bertsim.data.json_files import read_field, read_json
from bertsim.errors import CheckpointError
from bertsim.records import Float

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
_RUNS_CODE = ("pytorch_model.bin", "tf_model.h5", "model.h5", "model.keras", "flax_model.msgpack")
# Tensors of heads that a file may carry beside the encoder, and buffers that old versions saved.
_OTHERS = re.compile(r"^(cls|classifier|qa_outputs|loss)\.|\.?embeddings\.position_ids$")
_SCALE = ".scale"


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of a checkpoint, under transformers' names without the `bert.` prefix.

    Attributes:
        tensors: float32 arrays, linear weights as [out, in].
        unused: names in the file that are no part of the encoder (heads).
    """

    tensors: dict[str, Float]
    unused: tuple[str, ...]

    @property
    def has_pooler(self) -> bool:
        """Whether the file has the pooler's weights."""
        return "pooler.dense.weight" in self.tensors


def read_checkpoint(folder: Path, config: BertConfig) -> Checkpoint:
    """Read and check every tensor of a folder.

    Raises:
        CheckpointError: no safetensors, a damaged file, or a tensor that is missing, misshapen,
            not finite or not known; names it.
    """
    found: dict[str, np.ndarray] = {}
    unused = []
    for name, tensor in _read_all(folder):
        short = _standard_name(name)
        if short is None:
            unused.append(name)
        elif short in found:
            raise CheckpointError(f"{folder} holds the tensor {short} twice.")
        else:
            found[short] = tensor
    tensors = _widen(folder, found)
    if config.num_hidden_layers > len(tensors):  # before so many are named
        raise CheckpointError(
            f"{folder}: config.json says num_hidden_layers {config.num_hidden_layers}, but the file has {len(tensors)} "
            "tensors of the encoder."
        )
    _check_tensors(folder, tensors, tensor_shapes(config, with_pooler="pooler.dense.weight" in tensors))
    return Checkpoint(tensors, tuple(unused))


def has_pooler(folder: Path) -> bool:
    """Whether a folder's files hold the pooler's weights; reads names alone."""
    return any((_standard_name(name) or "") == "pooler.dense.weight" for name in _names(folder))


def read_tensors(folder: Path, names: Collection[str]) -> dict[str, Float]:
    """Tensors of a folder beside the encoder, float32, by today's names; those that are not there are left out.

    Raises:
        CheckpointError: no safetensors, or a file or type that cannot be read.
    """
    found = {_todays_name(name): tensor for name, tensor in _read_all(folder)}
    return _widen(folder, {name: tensor for name, tensor in found.items() if name in names})


def tensor_shapes(config: BertConfig, *, with_pooler: bool) -> dict[str, tuple[int, ...]]:
    """Every tensor of a BERT and its shape, by transformers' name without prefix."""
    hidden, inner = config.hidden_size, config.intermediate_size
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (config.vocab_size, hidden),
        "embeddings.position_embeddings.weight": (config.max_position_embeddings, hidden),
        "embeddings.token_type_embeddings.weight": (config.type_vocab_size, hidden),
    }
    linear = {
        "attention.self.query": (hidden, hidden),
        "attention.self.key": (hidden, hidden),
        "attention.self.value": (hidden, hidden),
        "attention.output.dense": (hidden, hidden),
        "intermediate.dense": (inner, hidden),
        "output.dense": (hidden, inner),
    }
    norms = ["embeddings.LayerNorm"]
    for i in range(config.num_hidden_layers):
        prefix = f"encoder.layer.{i}."
        norms += [f"{prefix}attention.output.LayerNorm", f"{prefix}output.LayerNorm"]
        shapes |= {f"{prefix}{name}.weight": shape for name, shape in linear.items()}
        shapes |= {f"{prefix}{name}.bias": shape[:1] for name, shape in linear.items()}
    shapes |= {f"{norm}.{part}": (hidden,) for norm in norms for part in ("weight", "bias")}
    if with_pooler:
        shapes |= {"pooler.dense.weight": (hidden, hidden), "pooler.dense.bias": (hidden,)}
    return shapes


def variables(model: Any) -> Iterator[tuple[str, Any, bool]]:
    """Pair every tensor name with the variable of a `BertEncoder` that holds it.

    Yields:
        transformers' name, the Keras variable, and whether the tensor is its transpose.
    """
    tables = model.embeddings
    yield "embeddings.word_embeddings.weight", tables.word, False
    yield "embeddings.position_embeddings.weight", tables.position, False
    yield "embeddings.token_type_embeddings.weight", tables.token_type, False
    yield from _norm("embeddings.LayerNorm", tables.norm)
    for i, block in enumerate(model.blocks):
        prefix = f"encoder.layer.{i}."
        yield from _linear(f"{prefix}attention.self.query", block.query)
        yield from _linear(f"{prefix}attention.self.key", block.key)
        yield from _linear(f"{prefix}attention.self.value", block.value)
        yield from _linear(f"{prefix}attention.output.dense", block.attention_output)
        yield from _norm(f"{prefix}attention.output.LayerNorm", block.attention_norm)
        yield from _linear(f"{prefix}intermediate.dense", block.intermediate)
        yield from _linear(f"{prefix}output.dense", block.output_dense)
        yield from _norm(f"{prefix}output.LayerNorm", block.output_norm)
    if model.pooler is not None:
        yield from _linear("pooler.dense", model.pooler)


def load_encoder(folder: Path, config: BertConfig) -> tuple[Any, tuple[str, ...]]:
    """Build a `BertEncoder` and fill it from a folder.

    Returns:
        The encoder, and the names of tensors that were not used.

    Raises:
        CheckpointError: as `read_checkpoint`.
    """
    from bertsim.bert.encoder import BertEncoder

    checkpoint = read_checkpoint(folder, config)
    model = BertEncoder(config, has_pooler=checkpoint.has_pooler)
    fill_encoder(model, checkpoint.tensors)
    return model, checkpoint.unused


def fill_encoder(model: Any, tensors: Mapping[str, Float]) -> None:
    """Set every variable of a `BertEncoder`; tensors by transformers' name, without prefix."""
    for name, variable, transposed in variables(model):
        variable.assign(tensors[name].T if transposed else tensors[name])


def encoder_tensors(model: Any) -> dict[str, Float]:
    """Every variable of a `BertEncoder` as float32, by transformers' name, linear weights as [out, in]."""
    return {
        name: np.ascontiguousarray(variable.numpy().T if transposed else variable.numpy())
        for name, variable, transposed in variables(model)
    }


def to_int8(tensor: Float) -> tuple[np.ndarray, Float]:
    """Round each row of a matrix to int8, symmetrically: row ≈ values × scale.

    The same rounding as LiteRT's per-channel weights, so a flatbuffer made of the widened values holds
    these very integers.

    Args:
        tensor: float32 [rows, columns].

    Returns:
        int8 [rows, columns] in [-127, 127], and float32 [rows] scales.

    Example: [[1.27, -0.64]] -> [[127, -64]] and [0.01]
    """
    scale = (np.abs(tensor).max(axis=1) / 127).astype(np.float32)
    scale[scale == 0] = 1
    return np.clip(np.rint(tensor / scale[:, None]), -127, 127).astype(np.int8), scale


def _linear(name: str, layer: Any) -> Iterator[tuple[str, Any, bool]]:
    yield f"{name}.weight", layer.kernel, True
    yield f"{name}.bias", layer.bias, False


def _norm(name: str, layer: Any) -> Iterator[tuple[str, Any, bool]]:
    yield f"{name}.weight", layer.gain, False
    yield f"{name}.bias", layer.bias, False


def _weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a folder.

    Raises:
        CheckpointError: there is none, or a shard that the index names is missing.
    """
    if (folder / WEIGHTS).exists():
        return [folder / WEIGHTS]
    if (folder / INDEX).exists():
        named = read_field(folder / INDEX, read_json(folder / INDEX), "weight_map", dict, {}).values()
        shards = sorted(set(map(str, named)))
        for shard in shards:
            if Path(shard).name != shard or not (folder / shard).is_file():
                raise CheckpointError(f"{folder / INDEX} names the shard {shard!r}, which is not in {folder}.")
        return [folder / shard for shard in shards]
    for name in _RUNS_CODE:
        if (folder / name).exists():
            raise CheckpointError(
                f"{folder / name} is refused because reading it can run code; convert it to {WEIGHTS} "
                "(transformers: model.save_pretrained(folder, safe_serialization=True))."
            )
    raise CheckpointError(f"{folder} has no {WEIGHTS}.")


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A safetensors file; CheckpointError where it, or a type in it, cannot be read."""
    # The TensorFlow-free reader; bfloat16, which numpy lacks, comes with ml_dtypes (a part of Keras).
    import ml_dtypes  # noqa: F401

    try:
        with safe_open(path, framework="numpy") as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is damaged or no safetensors file: {error}.") from None
    except AttributeError as error:
        raise CheckpointError(f"{path} holds a type that cannot be read; a float was expected: {error}.") from None


def _names(folder: Path) -> Iterator[str]:
    for path in _weight_files(folder):
        with _opened(path) as file:
            yield from list(file.keys())


def _read_all(folder: Path) -> Iterator[tuple[str, np.ndarray]]:
    for path in _weight_files(folder):
        with _opened(path) as file:
            for name in file.keys():  # noqa: SIM118 - safe_open is no mapping
                yield name, file.get_tensor(name)


def _standard_name(name: str) -> str | None:
    """Transformers' name without prefix and with today's LayerNorm names; None for what is no encoder's."""
    short = name.removeprefix("bert.")
    return None if _OTHERS.search(short) else _todays_name(short)


def _todays_name(name: str) -> str:
    return re.sub(r"LayerNorm\.(gamma|beta)$", lambda m: f"LayerNorm.{_RENAMED[m[1]]}", name)


_RENAMED = {"gamma": "weight", "beta": "bias"}


def _widen(folder: Path, found: dict[str, np.ndarray]) -> dict[str, Float]:
    """Turn every stored type into float32.

    Raises:
        CheckpointError: a type that cannot be widened, or int8 without its scale.
    """
    tensors = {}
    for name, tensor in found.items():
        if name.endswith(_SCALE):
            continue
        if tensor.dtype == np.int8:
            scale = found.get(name + _SCALE)
            if scale is None or tensor.ndim != 2 or scale.shape != tensor.shape[:1]:
                raise CheckpointError(f"{folder}: {name} is int8 without a scale for each of its rows.")
            tensors[name] = tensor * scale.astype(np.float32)[:, None]
        elif tensor.dtype.name in ("float32", "float16", "bfloat16", "float64"):
            tensors[name] = tensor.astype(np.float32)
        else:
            raise CheckpointError(f"{folder}: {name} has the type {tensor.dtype}; a float was expected.")
    return tensors


def _check_tensors(folder: Path, tensors: dict[str, Float], shapes: dict[str, tuple[int, ...]]) -> None:
    missing, unknown = sorted(shapes.keys() - tensors.keys()), sorted(tensors.keys() - shapes.keys())
    if missing:
        raise CheckpointError(f"{folder}: the tensor {missing[0]} is missing ({len(missing)} in all).")
    if unknown:
        raise CheckpointError(f"{folder}: the tensor {unknown[0]} is no part of this BERT ({len(unknown)} in all).")
    for name, shape in shapes.items():
        if tensors[name].shape != shape:
            raise CheckpointError(
                f"{folder}: the tensor {name} has the shape {list(tensors[name].shape)}; "
                f"config.json asks for {list(shape)}."
            )
        if not np.isfinite(tensors[name]).all():
            raise CheckpointError(f"{folder}: the tensor {name} holds a value that is not a finite number.")


def write_int8(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint with every matrix as int8 rows and their `<name>.scale`, a quarter of the size.

    Vectors (biases, LayerNorm) stay float32.
    """
    stored: dict[str, np.ndarray] = {}
    for name, tensor in checkpoint.tensors.items():
        if tensor.ndim == 2:
            stored[name], stored[name + _SCALE] = to_int8(tensor)
        else:
            stored[name] = tensor
    save_file(stored, path)
