"""A checkpoint folder -> a folder in the layout of `weights/`: compact, exported, with checksums.

What comes out holds int8 safetensors, the flatbuffer made of these very values, tokenizer and configs, and
`manifest.json`; it loads in either engine and can be uploaded to the Hub as it stands.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from bertsim.checkpoint import WEIGHTS, load_encoder, read_checkpoint, write_int8
from bertsim.config import TEXT_FILES, BertConfig, EmbeddingConfig
from bertsim.loading import FLATBUFFER
from bertsim.manifest import new_folder
from bertsim.tokenization import Tokenizer


def build_bundle(source: Path, output: Path) -> float:
    """Write `output`, whole or not at all.

    Args:
        source: a checkpoint folder that `load` accepts.
        output: a folder that does not exist, or is empty.

    Returns:
        The lowest cosine between the flatbuffer's embeddings and those of the TensorFlow model.

    Raises:
        InputError: `output` holds files.
        CheckpointError: `source` cannot be read.
        ExportError: the flatbuffer does not agree with the model.
    """
    from bertsim.export import export_flatbuffer

    config = BertConfig.from_folder(source)
    checkpoint = read_checkpoint(source, config)
    with new_folder(output) as folder:
        for pattern in ("README.md", *TEXT_FILES):
            for path in source.glob(pattern):
                target = folder / path.relative_to(source)
                target.parent.mkdir(exist_ok=True)
                shutil.copyfile(path, target)
        write_int8(checkpoint, folder / WEIGHTS)
        embedding = EmbeddingConfig.from_folder(folder, config)
        tokenizer = Tokenizer.from_folder(folder, config)
        return export_flatbuffer(load_encoder(folder, config)[0], embedding, tokenizer, folder / FLATBUFFER)
