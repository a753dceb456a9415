"""Graphs -> a LiteRT flatbuffer, which takes its place only where it agrees with what it was made from."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from bertsim.data.atomic import write_atomically


def write_flatbuffer(
    path: Path, signatures: Mapping[str, Any], check: Callable[[Path], float], *, int8: bool = False
) -> float:
    """Convert graphs into one file, check it, and put it in its place in one step.

    Args:
        path: of the file, in a folder that is made where it is not there.
        signatures: graphs over constants, each giving named outputs.
        check: raises where the file that it is given shall not be kept; what it returns is given back.
        int8: quantise weights per output channel, activations per token as they come ("dynamic range").
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        module = tf.Module()
        for name, graph in signatures.items():
            setattr(module, name, graph)
        tf.saved_model.save(module, folder, signatures=dict(signatures))
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(signatures))
        converter.optimizations = [tf.lite.Optimize.DEFAULT] if int8 else []
        content = bytes(converter.convert())

    def write(new: Path) -> float:
        new.write_bytes(content)
        return check(new)

    return write_atomically(path, write)
