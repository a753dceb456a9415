"""Hugging Face Hub -> a local folder: encoders, heads, files of data.

Only the files that are needed are downloaded. A revision is resolved to a commit; with a full commit and a warm cache
no request is made. Every file is compared once with the checksum that the Hub states and the cache names it by; the
client does not, and its `verify_repo_checksums` would ask the Hub and read every file each time.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
from collections.abc import Callable, Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from bertsim.bert.checkpoint import INDEX, WEIGHTS
from bertsim.bert.config import TEXT_FILES, BertConfig
from bertsim.bert.folder import file_sha256
from bertsim.engines.base import FLATBUFFER
from bertsim.errors import CheckpointError, HubError
from bertsim.hub.failures import told_in_a_sentence

Progress = Callable[[str, float | None], None]
RESERVE = 1_000_000_000
"""Bytes of the disk that are left where there is a limit: what visitors of an app choose does not fill it."""
_CHECKED = ".bertsim-checked"  # in the cache, beside the files of a repository: which were compared
_SHARDS = "model-*-of-*.safetensors"
_OF_A_HEAD = ("*.json", WEIGHTS, FLATBUFFER, "curve.png", "README.md")
_HEADS = ("manifest.json", "combined.json", "calibration.json", *(f"heads/*/{name}" for name in _OF_A_HEAD))
_ENCODER = (
    *(*TEXT_FILES, FLATBUFFER, "*.md", "*.toml", "LICENSE", "NOTICE", "curve.png", "metrics.json"),
    *("words.json", "verdict.json"),
    *_HEADS,
)
_REPOSITORY = re.compile(r"^[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?$")
_DATA = re.compile(r"^(?P<name>[\w.-]+/[\w.-]+)/(?P<path>[^@]+?)(@(?P<revision>[^@]+))?$")


def is_repository_id(source: str) -> bool:
    """Whether a text has the form `name` or `user/name`."""
    return _REPOSITORY.match(source) is not None


def split_revision(source: str) -> tuple[str, str | None]:
    """`user/name@revision` in its parts; None where there is no revision."""
    name, _, revision = source.partition("@")
    return name, revision or None


def is_needed(name: str) -> bool:
    """Whether a file of a repository is one that `fetch` may bring."""
    return bool(_matching([name], (*_ENCODER, WEIGHTS, INDEX, _SHARDS)))


def encoder_files(repository: str, there: Iterable[str]) -> list[str]:
    """The files of an encoder and of the heads beside it: one file of weights, or the shards; no other format of them.

    Raises:
        HubError: what is there is no BERT in safetensors.
    """
    shards = _matching(there, (_SHARDS,))
    weights = [WEIGHTS] if WEIGHTS in there else [INDEX, *shards] if INDEX in there and shards else []
    if "config.json" not in there:
        raise HubError(f"{repository} holds no BERT: it has no config.json; name the repository of a checkpoint.")
    if not weights:
        other = next((name for name in there if name.endswith((".bin", ".h5", ".msgpack", ".ckpt"))), None)
        why = f"; {other} is not read, because that can run code" if other else ""
        raise HubError(
            f"{repository} has no {WEIGHTS}{why}; choose a repository or revision that has it, or convert it "
            "with transformers' save_pretrained."
        )
    return [*_matching(there, _ENCODER), *weights]


def head_files(repository: str, there: Iterable[str]) -> list[str]:
    """The files of the trained heads of a repository in the layout of `weights/`, without the encoder beside them.

    Raises:
        HubError: it holds none.
    """
    if not _matching(there, ("heads/*/config.json",)):
        raise HubError(
            f"{repository} holds no heads: no heads/NAME/config.json; name a repository that `bertsim publish` made."
        )
    return _matching(there, _HEADS)


def fetch(
    repository: str,
    revision: str | None = None,
    choose: Callable[[str, Iterable[str]], list[str]] = encoder_files,
    *,
    progress: Progress | None = None,
    max_bytes: int | None = None,
) -> tuple[Path, str]:
    """Bring files of a repository into the local cache.

    Args:
        repository: "user/name".
        revision: branch, tag or commit; None = the main branch.
        choose: `encoder_files` or `head_files`.
        progress: told the share of the bytes that has arrived, 0 to 1; what it raises stops the download.
        max_bytes: refuse a repository whose needed files are larger together.

    Returns:
        The folder, and the full commit that it holds.

    Raises:
        HubError: it cannot be had, or is not what was chosen; says why and what to do.
    """
    from huggingface_hub import HfApi, snapshot_download, try_to_load_from_cache

    def size(names: Iterable[str]) -> int:
        return sum(sizes[name] for name in names)

    def is_cached(name: str) -> bool:
        return isinstance(try_to_load_from_cache(repository, name, revision=commit), str)

    def bring(names: list[str], total: int) -> Path:
        bar = _bar(repository, total, progress)
        folder = Path(snapshot_download(repository, revision=commit, allow_patterns=names, tqdm_class=bar))
        _check_arrived(repository, folder, names)
        return folder

    with told_in_a_sentence(repository, revision):
        commit = HfApi().resolve_revision(repository, revision=revision).resolved
        sizes = _sizes(repository, commit)
        names = choose(repository, sizes)
        missing = {name for name in names if not is_cached(name)}
        _check_room(repository, size(names), size(missing), max_bytes)
        if "config.json" in missing:  # a small file first: what is no BERT is not downloaded
            folder = bring(["config.json"], 0)
            try:
                BertConfig.from_folder(folder)
            except CheckpointError as error:
                why = str(error).replace(f"{folder}/", "")
                raise HubError(f"{repository} is no BERT that can be loaded: {why}") from None
        return bring(names, size(missing - {"config.json"})), commit


def fetch_data(spec: str) -> tuple[Path, str]:
    """Bring one file of a dataset repository.

    Args:
        spec: "user/dataset/path/of/the/file.parquet", with "@revision" behind it or not.

    Returns:
        The file, and "user/dataset/path@commit".

    Raises:
        HubError: the file cannot be had, or `spec` has another form.
    """
    found = _DATA.match(spec)
    if found is None:
        form = "hub:user/dataset/path/of/the/file[@revision]"
        raise HubError(f"hub:{spec} names no file of a dataset; the form is {form}.")
    name, path, revision = found["name"], found["path"], found["revision"]
    from huggingface_hub import HfApi, errors, hf_hub_download

    with told_in_a_sentence(f"the dataset {name}", revision):
        commit = HfApi().resolve_revision(name, repo_type="dataset", revision=revision).resolved
        try:
            local = Path(hf_hub_download(name, path, repo_type="dataset", revision=commit))
        except errors.RemoteEntryNotFoundError:
            raise HubError(f"the dataset {name} has no file {path!r}; look it up under 'Files' on the Hub.") from None
        _check_arrived(f"the dataset {name}", local.parents[path.count("/")], [path])
    return local, f"{name}/{path}@{commit}"


def _sizes(repository: str, commit: str) -> dict[str, int]:
    """Every file of a commit and its size; from the cache where the listing is there."""
    from httpx2 import TransportError
    from huggingface_hub import HfApi, RepoFile, errors, get_cached_repo_tree, snapshot_download

    entries: Iterable[Any]
    try:
        entries = get_cached_repo_tree(repository, revision=commit)
    except errors.CachedRepoTreeNotFoundError:
        try:
            entries = list(HfApi().list_repo_tree(repository, recursive=True, revision=commit))
        except (errors.OfflineModeIsEnabled, TransportError):  # what another program may have left in the cache
            folder = Path(snapshot_download(repository, revision=commit, local_files_only=True))
            found = [path for path in folder.rglob("*") if path.is_file()]
            return {path.relative_to(folder).as_posix(): path.stat().st_size for path in found}
    files = [entry for entry in entries if isinstance(entry, RepoFile)]
    if not all(isinstance(each.path, str) and isinstance(each.size, int) for each in files):
        raise HubError(f"the Hub's list of the files of {repository} cannot be read; try again later.")
    return {entry.path: entry.size for entry in files}


def _matching(names: Iterable[str], patterns: Iterable[str]) -> list[str]:
    """Names that match a pattern, at the pattern's own depth."""
    return [n for n in names if any(n.count("/") == p.count("/") and fnmatch(n, p) for p in patterns)]


def _check_room(repository: str, size: int, missing: int, limit: int | None) -> None:
    """Raise HubError where a repository is beyond the limit, or the disk of HF_HOME has no room for what is to come."""
    from huggingface_hub import constants

    if limit is not None and size > limit:
        raise HubError(
            f"{repository} is {size / 1e6:,.1f} MB, and {limit / 1e6:,.1f} MB is the limit here; choose a smaller one."
        )
    place = Path(constants.HF_HUB_CACHE).expanduser().absolute()
    place = next(each for each in (place, *place.parents) if each.exists())
    free = max(shutil.disk_usage(place).free - RESERVE * (limit is not None), 0)
    if missing > free:
        raise HubError(
            f"{repository} needs {missing / 1e6:,.1f} MB, and the disk of {place} has {free / 1e6:,.1f} MB free; make "
            "room, or set HF_HOME to a larger disk."
        )


def _check_arrived(what: str, folder: Path, names: Iterable[str]) -> None:
    """Compare files with the checksums that the Hub gave, but those that were compared before and not written since.

    Raises:
        HubError: some are others; they are removed from the cache.
    """
    record = folder.parents[1] / _CHECKED
    known = set(record.read_text().splitlines()) if record.exists() else set()
    blobs = {name: (folder / name).resolve() for name in names}
    marks = {name: f"{blob.name} {blob.stat().st_mtime_ns}" for name, blob in blobs.items()}
    damaged = [name for name, blob in blobs.items() if marks[name] not in known and not _is_whole(blob)]
    new = {mark for name, mark in marks.items() if name not in damaged} - known
    with contextlib.suppress(OSError), record.open("a") as file:  # in a cache that is not ours to write
        file.writelines(f"{mark}\n" for mark in sorted(new))
    for name in damaged:
        blobs[name].unlink(missing_ok=True)  # two names may be one file
        (folder / name).unlink(missing_ok=True)
    if damaged:
        raise HubError(
            f"{', '.join(damaged)} of {what} arrived damaged: the checksum is not the one that the Hub states; "
            "removed, run it again."
        )


def _is_whole(blob: Path) -> bool:
    """Whether a file has the checksum that the cache names it by."""
    if re.fullmatch(r"[0-9a-f]{64}", blob.name):
        return file_sha256(blob) == blob.name
    if re.fullmatch(r"[0-9a-f]{40}", blob.name):
        content = blob.read_bytes()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest() == blob.name
    return True  # a file system without links: the manifest is what remains


def _bar(repository: str, total: int, progress: Progress | None) -> type[Any]:
    """A class that huggingface_hub takes for a progress bar: shows nothing, and tells the share of the bytes."""
    from huggingface_hub.utils.tqdm import tqdm

    class Bar(tqdm):
        def __init__(self, *args: Any, **options: Any) -> None:
            self._counts = options.get("name") == "huggingface_hub.snapshot_download"
            super().__init__(*args, **{**options, "disable": True})  # type: ignore[no-untyped-call]

        def update(self, n: float | None = 1) -> None:
            self.n += n or 0
            if self._counts and progress is not None and total:
                progress(f"Downloading {repository}", min(self.n / total, 1.0))

    return Bar
