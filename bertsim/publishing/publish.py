"""A folder in the layout of `weights/` -> a model repository on the Hub: checked, in one commit, with a tag."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bertsim.bert.folder import CARD, MANIFEST, check_manifest, encoder_sha256, file_sha256
from bertsim.engines.base import FLATBUFFER
from bertsim.engines.litert import LiteRTEngine
from bertsim.errors import CheckpointError
from bertsim.heads.reading import HEADS_FOLDER
from bertsim.hub.download import is_needed
from bertsim.model.loading import BUNDLED, load
from bertsim.publishing.model_card import model_card
from bertsim.publishing.upload import Content, send
from bertsim.training.plan import RUN
from bertsim.version import __version__

_PAIRS = (("A man is playing a guitar.", "Someone plays the guitar."), ("A dog barks.", "The soup is cold."))
_SCORERS_SHOWN = ("cosine", "pooled", "bilstm", "nli", "combined")


@dataclass(frozen=True)
class Parcel:
    """What is to be sent to a repository "user/name", and the tag that its commit gets.

    Attributes:
        files: by path in the repository; every one but the card is in the manifest among them.
        left_out: files of the folder that no one would fetch.
        settings: lines for the environment of an app that is to use it.
    """

    repository: str
    tag: str
    files: Mapping[str, Content]
    left_out: tuple[str, ...]
    settings: tuple[str, ...]


def pack(repository: str, folder: Path, *, tag: str | None = None, licence: str | None = None) -> Parcel:
    """Check a folder by loading it and scoring with it, and make card and manifest; nothing is sent.

    Args:
        repository: "user/name".
        folder: in the layout of `weights/`.
        tag: None = "v" and the version of bertsim.
        licence: None = as the folder's README.md says.

    Raises:
        CheckpointError: the folder cannot be loaded, is damaged or not finished, or scores with something that is no
            number.
        HubError: no licence, or a name that cannot be.
    """
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is no folder; give one in the layout of weights/, as `train` makes them.")
    if (folder / RUN).is_dir():
        raise CheckpointError(f"{folder} holds a training that was stopped; finish it with `train --resume` first.")
    scorers = _check(folder)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    card = model_card(folder, repository, [name for name in _SCORERS_SHOWN if name in scorers], licence).encode()
    files: dict[str, Content] = {name: folder / name for name in names if is_needed(name)}
    known = check_manifest(folder)
    sums = {n: known.get(n) or file_sha256(folder / n) for n in files if n not in (CARD, MANIFEST)}
    manifest = json.dumps({"sha256": dict(sorted(sums.items()))}, indent=2) + "\n"
    files |= {CARD: card, MANIFEST: manifest.encode()}
    left_out = tuple(name for name in names if name not in files and not Path(name).name.startswith("."))
    tag = tag or f"v{__version__}"
    return Parcel(repository, tag, files, left_out, _settings(f"{repository}@{tag}", folder))


def publish(parcel: Parcel, *, private: bool) -> tuple[str, str]:
    """Send it: the repository is made where it is not there, then one commit, then its tag; see `upload.send`."""
    message = f"bertsim {__version__}, {parcel.tag}"
    return send(parcel.repository, "model", parcel.files, message, is_ours=is_needed, private=private, tag=parcel.tag)


def _check(folder: Path) -> Sequence[str]:
    """Load, and score with every scorer; return their names."""
    if (folder / FLATBUFFER).exists():
        LiteRTEngine(folder / FLATBUFFER)  # `load` would do without one that is damaged
    model = load(folder)
    for scorer, scores in model.scores(_PAIRS).items():
        if not np.isfinite(scores).all():
            raise CheckpointError(f"{folder}: {scorer} gives a score that is no finite number; train it again.")
    return model.scorers


def _settings(source: str, folder: Path) -> tuple[str, ...]:
    """The variables that make an app use it: the encoder too, unless it is the bundled one."""
    is_other = not BUNDLED.is_dir() or encoder_sha256(folder) != encoder_sha256(BUNDLED)
    settings = {"BERTSIM_ENCODER": is_other, "BERTSIM_HEADS": (folder / HEADS_FOLDER).is_dir()}
    return tuple(f"{name}={source}" for name, is_set in settings.items() if is_set)
