"""Tensors of a checkpoint folder <-> variables of a `BertEncoder`, or of a head.

The only file that knows Hugging Face's tensor names. Reads `model.safetensors`, whole or sharded, in float32,
float16, bfloat16, or int8 with one float32 `<name>.scale` per row (this project's own compact form).
Pickled and HDF5 checkpoints are refused: reading one can run code.

Source: transformers' `BertModel` state dict; TensorFlow's `gamma` and `beta` names in older checkpoints.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from bertsim.bert.config import BertConfig
from bertsim.data.json_files import read_field, read_json
from bertsim.errors import CheckpointError
from bertsim.records import Float

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
SCALE = ".scale"
"""What the name of int8 rows' float32 scales ends with."""
_RUNS_CODE = ("pytorch_model.bin", "tf_model.h5", "model.h5", "model.keras", "flax_model.msgpack")
# Tensors of heads that a file may carry beside the encoder, and buffers that old versions saved.
_OTHERS = re.compile(r"^(cls|classifier|qa_outputs|loss)\.|\.?embeddings\.position_ids$")
_POOLER = "pooler.dense.weight"
Variables = Iterable[tuple[str, Any, bool]]
"""Tensors' names, the Keras variables that hold them, and whether the tensor is its variable's transpose."""
log = logging.getLogger(__name__)


def read_checkpoint(folder: Path, config: BertConfig) -> dict[str, Float]:
    """Read and check every tensor of a folder's encoder; what else its files hold (heads) is told to the log.

    Returns:
        float32 arrays by transformers' names without the `bert.` prefix, linear weights as [out, in].

    Raises:
        CheckpointError: no safetensors, a damaged file, or a tensor that cannot be; names it.
    """
    found: dict[str, np.ndarray] = {}
    unused = []
    for name, tensor in _stored(folder):
        if _OTHERS.search(name):
            unused.append(name)
        elif name in found:
            raise CheckpointError(f"{folder} holds the tensor {name} twice.")
        else:
            found[name] = tensor
    if unused:
        log.info("%s: not used: %s", folder, ", ".join(unused))
    tensors = _widen(folder, found)
    if config.num_hidden_layers > len(tensors):  # before so many are named
        raise CheckpointError(
            f"{folder}: config.json says num_hidden_layers {config.num_hidden_layers}, but the file has {len(tensors)} "
            "tensors of the encoder."
        )
    check_tensors(folder, tensors, {name: shape for name, _, shape in _layout(config, _POOLER in tensors)})
    return tensors


def has_pooler(folder: Path) -> bool:
    """Whether a folder's files hold the pooler's weights."""
    return any(_stored(folder, [_POOLER]))


def read_tensors(folder: Path, names: Collection[str] | None = None) -> dict[str, Float]:
    """Tensors of a folder as float32, not checked; of those named, the ones that are there; errors as above."""
    return _widen(folder, dict(_stored(folder, names)))


def check_tensors(where: object, tensors: Mapping[str, Float], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse tensors that are not those of a model, by what it calls them and their shapes.

    Raises:
        CheckpointError: one is missing, not known, misshapen or not finite; names `where` and the tensor.
    """
    missing, unknown = sorted(shapes.keys() - tensors.keys()), sorted(tensors.keys() - shapes.keys())
    if missing:
        raise CheckpointError(f"{where}: the tensor {missing[0]} is missing ({len(missing)} in all).")
    if unknown:
        raise CheckpointError(f"{where}: the tensor {unknown[0]} is no part of this model ({len(unknown)} in all).")
    for name, shape in shapes.items():
        if tensors[name].shape != shape:
            raise CheckpointError(
                f"{where}: the tensor {name} has the shape {list(tensors[name].shape)}; "
                f"config.json asks for {list(shape)}."
            )
        if not np.isfinite(tensors[name]).all():
            raise CheckpointError(f"{where}: the tensor {name} holds a value that is not a finite number.")


def _layout(config: BertConfig, has_pooler: bool) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Every tensor of a BERT: transformers' name without prefix, where a `BertEncoder` has it, and its shape."""
    hidden, inner = config.hidden_size, config.intermediate_size
    square, norm = (hidden, hidden), (hidden,)
    yield "embeddings.word_embeddings.weight", "embeddings.word", (config.vocab_size, hidden)
    yield "embeddings.position_embeddings.weight", "embeddings.position", (config.max_position_embeddings, hidden)
    yield "embeddings.token_type_embeddings.weight", "embeddings.token_type", (config.type_vocab_size, hidden)
    parts: list[tuple[str, str, tuple[int, ...]]] = [("embeddings.LayerNorm", "embeddings.norm", norm)]
    for i in range(config.num_hidden_layers):
        layer, block = f"encoder.layer.{i}", f"blocks.{i}"
        parts += [
            (f"{layer}.attention.self.query", f"{block}.query", square),
            (f"{layer}.attention.self.key", f"{block}.key", square),
            (f"{layer}.attention.self.value", f"{block}.value", square),
            (f"{layer}.attention.output.dense", f"{block}.attention_output", square),
            (f"{layer}.attention.output.LayerNorm", f"{block}.attention_norm", norm),
            (f"{layer}.intermediate.dense", f"{block}.intermediate", (inner, hidden)),
            (f"{layer}.output.dense", f"{block}.output_dense", (hidden, inner)),
            (f"{layer}.output.LayerNorm", f"{block}.output_norm", norm),
        ]
    if has_pooler:
        parts.append(("pooler.dense", "pooler", square))
    for name, place, shape in parts:
        yield f"{name}.weight", f"{place}.{'gain' if shape == norm else 'kernel'}", shape
        yield f"{name}.bias", f"{place}.bias", shape[:1]


def variables(model: Any) -> Variables:
    """The tensors' names of a `BertEncoder` and its variables."""
    for name, place, _ in _layout(model.config, model.pooler is not None):
        held = model
        for part in place.split("."):
            held = held[int(part)] if part.isdigit() else getattr(held, part)
        yield name, held, place.endswith(".kernel")


def assign_tensors(named: Variables, tensors: Mapping[str, Float]) -> None:
    """Set every variable to its tensor."""
    for name, variable, transposed in named:
        variable.assign(tensors[name].T if transposed else tensors[name])


def load_encoder(folder: Path, config: BertConfig) -> Any:
    """Build a `BertEncoder` and fill it from a folder; errors as `read_checkpoint`."""
    from bertsim.bert.encoder import BertEncoder

    tensors = read_checkpoint(folder, config)
    model = BertEncoder(config, has_pooler=_POOLER in tensors)
    assign_tensors(variables(model), tensors)
    return model


def _weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a folder; CheckpointError where there is none, or a shard is missing."""
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
                "(transformers: model.save_pretrained(folder))."
            )
    raise CheckpointError(f"{folder} has no {WEIGHTS}.")


def _stored(folder: Path, names: Collection[str] | None = None) -> Iterator[tuple[str, np.ndarray]]:
    """The tensors of a folder as they are stored, all or the named ones; CheckpointError where one cannot be read."""
    # The TensorFlow-free reader; bfloat16, which numpy lacks, comes with ml_dtypes (a part of Keras).
    import ml_dtypes  # noqa: F401

    for path in _weight_files(folder):
        try:
            with safe_open(path, framework="numpy") as file:
                for stored in file.keys():  # noqa: SIM118 - safe_open is no mapping
                    name = stored.removeprefix("bert.").replace("LayerNorm.gamma", "LayerNorm.weight")
                    name = name.replace("LayerNorm.beta", "LayerNorm.bias")
                    if names is None or name.removesuffix(SCALE) in names:
                        yield name, file.get_tensor(stored)
        except (SafetensorError, OSError) as error:
            raise CheckpointError(f"{path} is damaged or no safetensors file: {error}.") from None
        except AttributeError as error:
            raise CheckpointError(f"{path} holds a type that cannot be read; a float was expected: {error}.") from None


def _widen(folder: Path, found: dict[str, np.ndarray]) -> dict[str, Float]:
    """Turn every stored type into float32; CheckpointError where one cannot be, or is int8 without its scale."""
    tensors = {}
    for name, tensor in found.items():
        if name.endswith(SCALE):
            continue
        if tensor.dtype == np.int8:
            scale = found.get(name + SCALE)
            if scale is None or tensor.ndim != 2 or scale.shape != tensor.shape[:1]:
                raise CheckpointError(f"{folder}: {name} is int8 without a scale for each of its rows.")
            tensors[name] = tensor * scale.astype(np.float32)[:, None]
        elif tensor.dtype.name in ("float32", "float16", "bfloat16", "float64"):
            tensors[name] = tensor.astype(np.float32)
        else:
            raise CheckpointError(f"{folder}: {name} has the type {tensor.dtype}; a float was expected.")
    return tensors
