"""A checkpoint folder -> a folder in the layout of `weights/`: compact, exported, with checksums.

What comes out holds int8 safetensors, the flatbuffer made of these very values, tokenizer and configs, and
`manifest.json`; it loads in either engine and can be uploaded to the Hub as it stands.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

from bertsim.bert.checkpoint import WEIGHTS, load_encoder, read_checkpoint
from bertsim.bert.config import TEXT_FILES
from bertsim.bert.folder import open_folder
from bertsim.data.atomic import write_atomically
from bertsim.data.json_files import read_json, write_json
from bertsim.engines.base import FLATBUFFER
from bertsim.export.writing import new_folder, write_int8

CONFIG = "config.json"
_OF_CLASSIFIERS = ("id2label", "label2id", "problem_type")


def build_bundle(source: Path, output: Path) -> float:
    """Make a bundle of a checkpoint folder, whole or not at all, where nothing is yet.

    Returns:
        The lowest cosine between the flatbuffer's embeddings and those of the TensorFlow model.

    Raises:
        InputError: `output` holds files.
        CheckpointError: `source` cannot be read, or is not what its manifest says.
        ExportError: the flatbuffer does not agree with the model.
    """
    from bertsim.export.encoder import export_flatbuffer

    encoder = open_folder(source)
    tensors = read_checkpoint(source, encoder.config)
    with new_folder(output) as folder:
        copy_files(source, folder, ("README.md", *TEXT_FILES), encoder_alone=True)
        write_int8(tensors, folder / WEIGHTS)
        bert = load_encoder(folder, encoder.config)
        return export_flatbuffer(bert, encoder.embedding, encoder.tokenizer, folder / FLATBUFFER)


def copy_files(
    source: Path, folder: Path, patterns: Sequence[str], *, leave_out: Collection[str] = (), encoder_alone: bool
) -> None:
    """Copy files of a checkpoint; each appears whole, and config.json last: where it is there, all of them are.

    Args:
        source, folder: from where to where; both are there.
        patterns, leave_out: of the files, and the names of those that match and stay.
        encoder_alone: a classifier's tensors do not come with them, so config.json shall not promise one.
    """
    found = [path for pattern in patterns for path in source.glob(pattern) if path.name not in leave_out]
    config = source / CONFIG
    for path in sorted(set(found), key=lambda path: (path == config, path)):
        target = folder / path.relative_to(source)
        target.parent.mkdir(exist_ok=True)
        copy = _copy_config if encoder_alone and path == config else shutil.copyfile
        write_atomically(target, partial(copy, path))


def _copy_config(source: Path, target: Path) -> None:
    """Copy a config.json as that of an encoder without anything on it."""
    shutil.copyfile(source, target)
    raw = read_json(source)
    if raw.get("architectures") != ["BertModel"]:
        kept = {key: value for key, value in raw.items() if key not in _OF_CLASSIFIERS}
        write_json(target, kept | {"architectures": ["BertModel"]})
