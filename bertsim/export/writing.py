"""What is written of a checkpoint: tensors as they are or as int8 rows, heads, and the manifest of a folder.

`bert.checkpoint`, `heads.network` and `bert.folder` read it. Imports no TensorFlow.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import save_file

from bertsim.bert.checkpoint import SCALE, WEIGHTS, Variables
from bertsim.bert.folder import CARD, MANIFEST, file_sha256
from bertsim.data.atomic import write_atomically
from bertsim.data.json_files import write_json
from bertsim.errors import InputError
from bertsim.records import Float

if TYPE_CHECKING:
    from bertsim.heads.network import Head


def to_tensors(named: Variables) -> dict[str, Float]:
    """Every variable as a float32 tensor, linear weights as [out, in]."""
    return {
        name: np.ascontiguousarray(variable.numpy().T if transposed else variable.numpy())
        for name, variable, transposed in named
    }


def to_int8(tensor: Float) -> tuple[np.ndarray, Float]:
    """Round each row of a float32 matrix to int8, symmetrically: row ≈ values × scale.

    The same rounding as LiteRT's per-channel weights: a flatbuffer of the widened values holds these very integers.

    Returns:
        int8 [rows, columns] in [-127, 127], and float32 [rows] scales.

    Example: [[1.27, -0.64]] -> [[127, -64]] and [0.01]
    """
    scale = (np.abs(tensor).max(axis=1) / 127).astype(np.float32)
    scale[scale == 0] = 1
    return np.clip(np.rint(tensor / scale[:, None]), -127, 127).astype(np.int8), scale


def save_tensors(tensors: Mapping[str, np.ndarray], path: Path, **metadata: str) -> None:
    """Write a safetensors file, which appears whole."""
    write_atomically(path, lambda new: save_file(dict(tensors), new, metadata or None))


def write_int8(tensors: Mapping[str, Float], path: Path) -> None:
    """Write every matrix as int8 rows and their `<name>.scale`, a quarter of the size; vectors stay float32."""
    stored: dict[str, np.ndarray] = {}
    for name, tensor in tensors.items():
        if tensor.ndim == 2:
            stored[name], stored[name + SCALE] = to_int8(tensor)
        else:
            stored[name] = tensor
    save_tensors(stored, path)


def save_head(head: Head, folder: Path) -> None:
    """Write `config.json` and `model.safetensors`; the folder is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", head.config)
    save_tensors(to_tensors(head.named_variables()), folder / WEIGHTS)


def check_new_folder(folder: Path) -> None:
    """Refuse to write into a folder that is in use.

    Raises:
        InputError: it holds something, or is a file.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} exists and is not an empty folder; choose another, or remove it first.")


@contextmanager
def new_folder(output: Path) -> Iterator[Path]:
    """Give a folder to fill, which becomes `output`, with a manifest, where the block ends without an error.

    Raises:
        InputError: `output` holds something, or is a file.
    """
    check_new_folder(output)
    output = output.resolve()  # behind a link
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as temporary:
        folder = Path(temporary) / output.name
        folder.mkdir()
        yield folder
        write_manifest(folder)
        os.replace(folder, output)


def write_manifest(folder: Path) -> None:
    """Record the checksum of every file below `folder`, hidden ones, manifests and its card left out."""
    names = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file() and path.name != MANIFEST]
    shown = [name for name in names if name != Path(CARD) and not any(part.startswith(".") for part in name.parts)]
    write_json(folder / MANIFEST, {"sha256": {name.as_posix(): file_sha256(folder / name) for name in shown}})
