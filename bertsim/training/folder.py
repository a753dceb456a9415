"""The output of a run that is not finished: an encoder, and heads, with nothing of older weights beside them.

Whenever a run stops, the folder loads, and every file in it belongs to the weights that it stands beside.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bertsim.bert import manifest
from bertsim.bert.folder import CheckpointFolder
from bertsim.data.json_files import read_json
from bertsim.engines.base import FLATBUFFER
from bertsim.errors import InputError
from bertsim.export.bundle import CONFIG, copy_files
from bertsim.heads.network import Head, save_head
from bertsim.score import calibration, combination, words
from bertsim.training.fit import RUN

HEADS = "heads"
METRICS = "metrics.json"
CURVE = "curve.png"
_COPIED = ("*.json", "*.txt", "README.md", "*.safetensors", FLATBUFFER, "*_Pooling/config.json")
_OF_THE_WEIGHTS = (FLATBUFFER, calibration.NAME, METRICS, CURVE)


def prepare_output(encoder: Path, tune: str, output: Path, *, resume: bool) -> None:
    """Make the folder and put the encoder into it; heads can also be added to the encoder's own folder.

    Args:
        encoder: its folder.
        tune: as in `TrainPlan`; what was made of an encoder's weights is not copied where they learn.
        output: to be made.
        resume: a run is gone on with; the encoder in the folder stays as it is.

    Raises:
        InputError: the folder holds something else, or a run that is not to be resumed.
    """
    is_own = output.is_dir() and output.resolve() == encoder.resolve()
    learns = tune == "all"
    if is_own and learns:
        raise InputError(f"{output} is the encoder itself, which is never overwritten; choose another --output.")
    if (output / RUN).is_dir():
        if not resume:
            raise InputError(f"{output} holds a run that was stopped; go on with --resume, or choose another --output.")
    elif resume:
        raise InputError(f"{output} holds no run to resume; leave --resume out to start one.")
    elif not is_own:
        manifest.check_new_folder(output)
    (output / RUN).mkdir(parents=True, exist_ok=True)
    (output / manifest.NAME).unlink(missing_ok=True)
    if not (output / CONFIG).exists():  # the last that is copied
        leave_out = (manifest.NAME, combination.NAME, words.NAME, *(_OF_THE_WEIGHTS if learns else ()))
        copy_files(encoder, output, _COPIED, leave_out=leave_out, encoder_alone=learns)


def keep_head(head: Head, output: Path, name: str) -> None:
    """Save a head; what was made of an earlier one of that name goes."""
    folder, joined = output / HEADS / name, output / combination.NAME
    if joined.exists() and name in read_json(joined).get("weights", {}):
        joined.unlink()
    for made in _OF_THE_WEIGHTS:
        (folder / made).unlink(missing_ok=True)
    save_head(head, folder)


def as_written(encoder: CheckpointFolder, output: Path) -> CheckpointFolder:
    """The encoder as it stands in the output now: other tensors, and no manifest yet."""
    return replace(encoder, path=output, checksums={})
