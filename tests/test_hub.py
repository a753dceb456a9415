"""Fetching from a Hub on loopback (tests/loopback_hub.py); the unmodified huggingface_hub drives it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import bertsim
from bertsim import hub as fetching
from bertsim.bert.checkpoint import read_checkpoint
from bertsim.bert.config import BertConfig
from bertsim.errors import HubError
from bertsim.hub import is_repository_id, split_revision
from bertsim.hub.download import RESERVE
from bertsim.model.loading import BUNDLED, BUNDLED_NAME
from tests.checkpoints import make_checkpoint
from tests.commands import start
from tests.loopback_hub import LoopbackHub, serving
from tests.loopback_protocol import TOKEN

REPOSITORY = "someone/tiny-bert"


@pytest.fixture
def hub() -> Iterator[LoopbackHub]:
    with serving() as server:
        yield server


@pytest.fixture
def folder(tiny_bundle: Path, tmp_path: Path) -> Path:
    """What a repository holds: a BERT, and files that nobody needs."""
    folder = shutil.copytree(tiny_bundle, tmp_path / "repo")
    (folder / "pytorch_model.bin").write_bytes(b"never asked for")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.onnx").write_bytes(b"never asked for")
    return folder


def load(
    hub: LoopbackHub,
    home: Path,
    source: str | None = REPOSITORY,
    *,
    env: dict[str, str] | None = None,
    stop: str = "",
    **options: Any,
) -> list[Any]:
    """`bertsim.load`, with `home` as the client's HF_HOME; `stop` is what progress raises.

    Returns:
        name, revision, pooling, length, a score by every scorer, what progress was told, settings.
    """
    told: list[tuple[str, float | None]] = []

    def tell(what: str, share: float | None) -> None:
        told.append((what, share))
        if stop and share is not None:
            raise HubError(stop)

    with hub.reached(home, **(env or {})):
        model = bertsim.load(source, progress=tell, **options)
        scores = {name: float(found[0]) for name, found in model.scores([("the dog", "a cat")]).items()}
    length, pooling = model.max_length, model.default_pooling
    return [model.name, model.revision, pooling, length, scores, told, model.settings()]


def fetch(hub: LoopbackHub, home: Path, told: list[float | None] | None = None) -> Path:
    """The folder that `hub.fetch` brings."""
    shares = [] if told is None else told
    with hub.reached(home):
        return fetching.fetch(REPOSITORY, progress=lambda what, share: shares.append(share))[0]


def failure(hub: LoopbackHub, home: Path, *source: str | None, only_fetch: bool = False, **options: Any) -> str:
    """The one sentence that a failed load says."""
    with pytest.raises(bertsim.BertsimError) as raised:
        _ = fetch(hub, home) if only_fetch else load(hub, home, *source, **options)
    assert TOKEN not in str(raised.value)
    return str(raised.value)


def test_names_of_repositories() -> None:
    assert is_repository_id("user/name")
    assert is_repository_id("bert-base-uncased")
    assert not is_repository_id("a/b/c")
    assert not is_repository_id("../b")
    assert split_revision("user/name@v1") == ("user/name", "v1")
    assert split_revision("user/name") == ("user/name", None)


def test_a_repository_is_loaded_by_name_and_its_commit_again_with_the_server_stopped(
    hub: LoopbackHub, folder: Path, tmp_path: Path
) -> None:
    commit, home = hub.add(REPOSITORY, folder), tmp_path / "home"
    name, revision, pooling, length, scores, told, _ = load(hub, home)
    assert (name, revision, pooling, length) == (REPOSITORY, commit, "max", 20)
    asked = " ".join(path for _, path in hub.requests)
    assert "pytorch_model" not in asked
    assert "onnx" not in asked
    shares = [share for what, share in told if what == f"Downloading {REPOSITORY}"]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    hub.requests.clear()
    again = load(hub, home, revision=commit)
    assert hub.requests == []
    hub.stop()
    assert load(hub, home, f"{REPOSITORY}@{commit}")[1:5] == again[1:5]
    assert again[4] == scores
    shutil.rmtree(next((home / "hub").glob("models--*/trees")))  # as older clients leave the cache
    assert load(hub, home, revision=commit)[4] == scores
    assert load(hub, home, env={"HF_HUB_OFFLINE": "1"})[1] == commit  # the last commit seen of the branch


def test_a_revision_is_a_branch_a_tag_or_a_commit(hub: LoopbackHub, folder: Path, tmp_path: Path) -> None:
    first, home = hub.add(REPOSITORY, folder), tmp_path / "home"
    hub.model(REPOSITORY).refs["v1"] = first
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 12}')
    (folder / "manifest.json").unlink()
    second = hub.add(REPOSITORY, folder)
    assert load(hub, home, f"{REPOSITORY}@v1")[1:4] == [first, "max", 20]
    assert load(hub, home)[1:4] == [second, "max", 12]
    assert failure(hub, home, f"{REPOSITORY}@v1", revision="v2") == (
        f"{REPOSITORY}@v1 names one revision, and 'v2' is another; give one of them."
    )


def test_shards_are_fetched_where_there_is_no_single_file(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.add(REPOSITORY, make_checkpoint(tmp_path / "sharded", hidden_size=32, num_hidden_layers=1, sharded=True))
    folder = fetch(hub, tmp_path / "home")
    assert len(list(folder.glob("model-0000?-of-00002.safetensors"))) == 2
    assert len(read_checkpoint(folder, BertConfig.from_folder(folder))) > 20


def test_what_cannot_be_had_is_said_in_one_sentence(hub: LoopbackHub, folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    hub.add(REPOSITORY, folder)
    assert failure(hub, home, "someone/nothing") == (
        "someone/nothing is not on the Hub, or is private: check the name, or set HF_TOKEN."
    )
    assert failure(hub, home, revision="no-such-branch") == (
        f"{REPOSITORY} has no revision 'no-such-branch'; look up its branches, tags or commits."
    )
    assert failure(hub, home, env={"HF_HUB_OFFLINE": "1"}) == (
        f"{REPOSITORY} is not in the local cache and HF_HUB_OFFLINE is set; connect to the network, or use the "
        "bundled encoder."
    )
    nowhere = failure(hub, home, env={"HF_ENDPOINT": "http://127.0.0.1:9"})
    assert "is not in the local cache and the Hub cannot be reached; connect" in nowhere
    too_large = failure(hub, home, max_bytes=1000)
    assert too_large.startswith(f"{REPOSITORY} is 0.")
    assert too_large.endswith("MB, and 0.0 MB is the limit here; choose a smaller one.")
    hub.refuse["GET", "/tree/"] = (400, {}, b'{"error": "Not today"}')
    assert failure(hub, home) == f"{REPOSITORY} could not be fetched: Not today; try again later."
    hub.refuse["GET", "/tree/"] = (200, {}, b'[{"type": "file", "path": {}, "size": 2, "oid": "1"}]')
    assert failure(hub, home) == f"the Hub's list of the files of {REPOSITORY} cannot be read; try again later."


def test_private_and_gated_repositories_need_a_token_that_is_never_shown(
    hub: LoopbackHub, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    hub.add("someone/gated", folder, gated=True)
    hub.add("someone/private", folder, private=True)
    assert failure(hub, tmp_path / "a", "someone/gated") == (
        "someone/gated is gated: accept its terms on the Hub and set HF_TOKEN."
    )
    assert "is not on the Hub, or is private" in failure(hub, tmp_path / "b", "someone/private")
    token = {"HF_TOKEN": TOKEN}
    for name in ("someone/gated", "someone/private"):
        found = load(hub, tmp_path / "c", name, env=token)
        assert found[0] == name
        assert TOKEN not in repr(found)
    assert hub.leaked == []
    hub.refuse["GET", "/api/models/someone/private"] = (403, {}, f"no, {TOKEN}".encode())
    assert "refuse" in failure(hub, tmp_path / "d", "someone/private", env=token)
    assert TOKEN not in "".join(capfd.readouterr())


def test_what_is_no_bert_in_safetensors_is_refused_before_it_is_downloaded(
    hub: LoopbackHub, folder: Path, tmp_path: Path
) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "roberta"}))
    hub.add("someone/roberta", folder)
    assert failure(hub, tmp_path / "home", "someone/roberta") == (
        "someone/roberta is no BERT that can be loaded: config.json: model_type is 'roberta'; "
        "only 'bert' can be represented by this encoder."
    )
    (folder / "model.safetensors").unlink()
    hub.add("someone/pickled", folder)
    assert failure(hub, tmp_path / "home", "someone/pickled") == (
        "someone/pickled has no model.safetensors; pytorch_model.bin is not read, because that can run code; choose a "
        "repository or revision that has it, or convert it with transformers' save_pretrained."
    )
    (folder / "config.json").unlink()
    hub.add("someone/other", folder)
    assert "someone/other holds no BERT: it has no config.json" in failure(hub, tmp_path / "home", "someone/other")
    assert not any(path.endswith("safetensors") for _, path in hub.requests)


def test_a_body_that_is_cut_in_the_middle_is_resumed_there(hub: LoopbackHub, folder: Path, tmp_path: Path) -> None:
    body = bytes(range(251)) * 50_000  # the client keeps chunks of 10 MiB
    (folder / "model.safetensors").write_bytes(body)
    hub.add(REPOSITORY, folder)
    hub.cut["model.safetensors"] = (11_000_000, 1)
    told: list[float | None] = []
    path = fetch(hub, tmp_path / "home", told)
    assert (path / "model.safetensors").read_bytes() == body
    assert hub.ranges == [f"model.safetensors {10 * 2**20}"]
    assert told[-1] == 1.0


def test_a_download_that_stays_cut_off_is_said_and_done_again(hub: LoopbackHub, folder: Path, tmp_path: Path) -> None:
    hub.add(REPOSITORY, folder)
    hub.cut["model.safetensors"] = (0, 100)
    assert failure(hub, tmp_path / "home") == (
        f"the download of {REPOSITORY} was cut off (RemoteProtocolError); run it again: files that arrived whole are "
        "kept."
    )
    hub.cut.clear()
    hub.requests.clear()
    assert load(hub, tmp_path / "home")[0] == REPOSITORY
    assert [path for method, path in hub.requests if method == "GET" and "config.json" in path] == []


def test_what_progress_raises_stops_the_download(hub: LoopbackHub, folder: Path, tmp_path: Path) -> None:
    hub.add(REPOSITORY, folder)
    assert failure(hub, tmp_path / "home", stop="It takes too long.") == "It takes too long."
    assert not list((tmp_path / "home" / "hub").glob("models--*/snapshots/*/model.safetensors"))


@pytest.mark.parametrize("name", ["model.safetensors", "vocab.txt"])
def test_a_flipped_byte_is_found_and_the_file_removed(
    hub: LoopbackHub, folder: Path, tmp_path: Path, name: str
) -> None:
    hub.add(REPOSITORY, folder)
    hub.flip.add(name)
    assert failure(hub, tmp_path / "home") == (
        f"{name} of {REPOSITORY} arrived damaged: the checksum is not the one that the Hub states; removed, run it "
        "again."
    )
    hub.flip.clear()
    assert load(hub, tmp_path / "home")[0] == REPOSITORY


def test_damaged_files_of_a_run_that_was_cut_off_are_found_by_the_next(
    hub: LoopbackHub, folder: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (folder / "manifest.json").unlink()
    hub.add(REPOSITORY, folder)
    hub.flip |= {"model.safetensors", "vocab.txt"}
    hub.cut["tokenizer.json"] = (0, 100)
    assert "was cut off" in failure(hub, home, only_fetch=True)
    hub.flip.clear()
    hub.cut.clear()
    assert re.match(
        rf"(vocab\.txt|model\.safetensors), \S+ of {REPOSITORY} arrived damaged", failure(hub, home, only_fetch=True)
    )
    fetched = fetch(hub, home)
    for path in fetched.rglob("*.*"):
        assert path.read_bytes() == (folder / path.relative_to(fetched)).read_bytes()
    (fetched / "vocab.txt").write_text("changed in the cache")
    assert "vocab.txt of" in failure(hub, home, only_fetch=True)


def test_a_damaged_file_of_data_is_refused(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.add("someone/pairs", {"in/dev.tsv": b"a\tb\t1\n"}, "datasets")
    hub.flip.add("in/dev.tsv")
    with hub.reached(tmp_path / "home"):
        with pytest.raises(HubError, match=r"in/dev\.tsv of the dataset someone/pairs arrived damaged"):
            fetching.fetch_data("someone/pairs/in/dev.tsv")
        hub.flip.clear()
        assert fetching.fetch_data("someone/pairs/in/dev.tsv")[0].read_bytes() == b"a\tb\t1\n"


def test_a_file_that_was_changed_on_the_hub_does_not_pass_the_manifest(
    hub: LoopbackHub, folder: Path, tmp_path: Path
) -> None:
    (folder / "vocab.txt").write_text("changed")
    hub.add(REPOSITORY, folder)
    assert "vocab.txt is damaged or was changed: its SHA-256" in failure(hub, tmp_path / "home")


def test_a_disk_without_room_is_said(hub: LoopbackHub, folder: Path, tmp_path: Path) -> None:
    hub.add(REPOSITORY, folder)
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))"
    words = ("score", "the dog", "a cat", "--encoder", REPOSITORY)
    with start(*words, program=full, **hub.environment(tmp_path / "home")) as process:
        _, said = process.communicate()
    assert (process.returncode, said.splitlines()[-1]) == (
        2,
        f"bertsim: {REPOSITORY} could not be stored: the disk is full; make room, or set HF_HOME to a larger disk.",
    )
    hub.pretend["model.safetensors"] = 10**15
    room = failure(hub, tmp_path / "other")
    assert f"{REPOSITORY} needs 1,000,000,000." in room
    assert "MB free; make room, or set HF_HOME to a larger disk." in room


def test_where_there_is_a_limit_the_disk_is_not_filled_and_what_is_there_is_had(
    hub: LoopbackHub, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add(REPOSITORY, folder)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=RESERVE + 1000))
    with hub.reached(tmp_path / "home"):
        with pytest.raises(HubError, match=r"MB, and the disk of \S+ has 0\.0 MB free; make room"):
            fetching.fetch(REPOSITORY, max_bytes=10**9)
        there, _ = fetching.fetch(REPOSITORY)
        assert fetching.fetch(REPOSITORY, max_bytes=10**9)[0] == there


def test_heads_come_from_a_repository_of_their_own(hub: LoopbackHub, tmp_path: Path) -> None:
    commit, home = hub.add("someone/heads", BUNDLED), tmp_path / "home"
    fetched = load(hub, home, None, heads=f"someone/heads@{commit}")
    assert set(fetched[4]) >= {"bilstm", "nli", "pooled", "combined"}
    assert fetched[6]["heads"] == f"someone/heads@{commit}"
    own = load(hub, home, None)
    assert "heads" not in own[6]
    assert own[4] == fetched[4]
    asked = " ".join(path for _, path in hub.requests)
    assert "heads/bilstm/model.tflite" in asked
    assert "/vocab.txt" not in asked  # nothing of the encoder
    hub.requests.clear()
    load(hub, home, None, heads=f"someone/heads@{commit}")
    assert hub.requests == []


def test_heads_that_do_not_fit_or_are_none_are_refused(hub: LoopbackHub, folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    hub.add("someone/heads", BUNDLED)
    hub.add(REPOSITORY, folder)
    other = failure(hub, home, heads="someone/heads")
    assert f"belongs to the encoder {BUNDLED_NAME}" in other
    assert f"not to {REPOSITORY}" in other
    assert f"{REPOSITORY} holds no heads: no heads/NAME/config.json" in failure(hub, home, heads=REPOSITORY)
    assert "nowhere is no folder, and no repository of the form user/name" in failure(hub, home, heads="nowhere")
    files = {path.relative_to(BUNDLED).as_posix(): path.read_bytes() for path in BUNDLED.rglob("*.*")}
    files["heads/pooled/config.json"] += b"\n"
    hub.add("someone/changed", files)
    assert "heads/pooled/config.json is damaged or was changed" in failure(hub, home, None, heads="someone/changed")


def test_a_terminal_shows_one_bar_that_fills(hub: LoopbackHub, folder: Path, tmp_path: Path) -> None:
    (folder / "curve.png").write_bytes(bytes(30_000_000))  # so that it takes a moment
    (folder / "manifest.json").unlink()
    hub.add(REPOSITORY, folder)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    words = [sys.executable, "-m", "bertsim", "score", "a dog", "a cat", "--encoder", REPOSITORY]
    with subprocess.Popen(words, stdout=theirs, stderr=theirs, env=hub.environment(tmp_path / "home")):
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # Linux says so when the other end is closed
            while chunk := os.read(ours, 10_000):
                shown += chunk
    os.close(ours)
    text = shown.decode()
    shares = [int(share) for share in re.findall(rf"Downloading {REPOSITORY} +(\d+) %", text)]
    assert shares == sorted(shares)
    assert len(shares) > 1
    assert max(shares) > 30
    assert "cosine similarity" in text


def test_the_commands_take_encoders_and_heads_of_the_hub(
    cli, hub: LoopbackHub, tiny_bundle: Path, tmp_path: Path
) -> None:
    commit = hub.add(REPOSITORY, tiny_bundle)
    hub.add("someone/heads", BUNDLED)
    home, pair = tmp_path / "home", ("score", "a dog", "a cat", "--scorer", "bilstm")
    with start(*pair, "--heads", "someone/heads", **hub.environment(home)) as process:
        fetched, _ = process.communicate()
    labelled = tmp_path / "pairs.tsv"
    labelled.write_text("sentence1\tsentence2\tscore\na dog\ta cat\t1\na dog\tthe dog\t4\nred\tblue\t2\n")
    with hub.reached(home):
        scored = cli("score", "a dog", "a cat", "--encoder", f"{REPOSITORY}@{commit}", "--json")
        assert json.loads(scored.out)["settings"]["revision"] == commit
        assert fetched == cli(*pair).out != ""
        wrong = cli(*pair, "--heads", "someone/heads", "--encoder", REPOSITORY)
        assert f"belongs to the encoder {BUNDLED_NAME}" in wrong.refusal
        assert cli(*pair, "--encoder", "someone/nothing").refusal == (
            "someone/nothing is not on the Hub, or is private: check the name, or set HF_TOKEN."
        )
        judged = cli("evaluate", "--data", labelled, "--heads", "someone/heads", "--resamples", "10")
    assert f"heads=someone/heads@{hub.model('someone/heads').refs['main']}" in judged.out
