"""LiteRT takes over from TensorFlow when its flatbuffer is there; exported files are kept, once, within a limit."""

from __future__ import annotations

import json
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import bertsim
from bertsim.errors import NotExportedError
from bertsim.export.cache import find_cached, make_cached
from bertsim.ui.catalog import offered
from bertsim.ui.shelf import Shelf
from tests.checkpoints import make_checkpoint

PAIRS = [("the dog sleeps", "a cat sat on the mat"), ("a man", "a woman plays the guitar")]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's cache folder of this test alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "bertsim"


def shelf_of(folder: Path, **options: object) -> Shelf:
    """A shelf whose app begins with a folder."""
    return Shelf(offered({}, folder), **options)  # type: ignore[arg-type]


def wait_for(shelf: Shelf, engine: str, seconds: float = 120) -> bertsim.SimilarityModel:
    end = time.monotonic() + seconds
    while (model := shelf.get(patience=seconds)).engine != engine:
        assert time.monotonic() < end, f"{model.engine} still serves"
        time.sleep(0.05)
    return model


@pytest.mark.tensorflow
def test_litert_takes_over_from_tensorflow_and_is_there_at_once_the_next_time(tmp_path: Path, cache: Path) -> None:
    folder = make_checkpoint(tmp_path / "classifier", hidden_size=32, num_hidden_layers=1, labels=("LABEL_0",))
    shelf = shelf_of(folder)
    model = shelf.get(patience=120)
    assert model.engine == model.settings()["engine"] == "tensorflow"
    before = {scorer: model.score(PAIRS, scorer=scorer) for scorer in ("cosine", "pooled")}
    fast = wait_for(shelf, "litert")
    for scorer, scores in before.items():
        assert fast.score(PAIRS, scorer=scorer) == pytest.approx(scores, abs=0.02)
    assert model.engine == "tensorflow"  # who holds it goes on with it
    assert len(list(cache.glob("*/*.tflite"))) == 2  # encoder and head
    (folder.parent / "elsewhere").mkdir()
    again = bertsim.load(folder.rename(folder.parent / "elsewhere" / "other-name"), export=False)
    assert again.engine == "litert"
    assert again.score(PAIRS, scorer="pooled") == pytest.approx(before["pooled"], abs=0.02)


@pytest.mark.tensorflow
def test_where_exporting_fails_tensorflow_goes_on_and_the_log_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make_checkpoint(tmp_path / "bert", hidden_size=32, num_hidden_layers=1)
    with pytest.raises(NotExportedError, match="bert has no flatbuffer yet; load it once with export=True"):
        bertsim.load(folder, export=False)
    (tmp_path / "cache").write_text("a file where the cache folder should be")
    with caplog.at_level(logging.WARNING, logger="bertsim"):
        shelf = shelf_of(folder)
        model = shelf.get(patience=120)
        end = time.monotonic() + 120
        while (told := "stays with the TensorFlow engine: ") not in caplog.text and time.monotonic() < end:
            time.sleep(0.05)  # TensorFlow may say something first
    assert told in caplog.text
    assert shelf.get() is model
    assert len(model.score(PAIRS)) == 2


@pytest.mark.tensorflow
def test_a_damaged_flatbuffer_of_the_cache_is_made_anew(
    tmp_path: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make_checkpoint(tmp_path / "classifier", hidden_size=32, num_hidden_layers=1, labels=("LABEL_0",))
    before = bertsim.load(folder).score(PAIRS, scorer="pooled")
    for path in cache.glob("*/*.tflite"):
        path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(NotExportedError):
        bertsim.load(folder, export=False)
    assert bertsim.load(folder).score(PAIRS, scorer="pooled") == pytest.approx(before)
    told = "cannot be run as a LiteRT flatbuffer (The model is not a valid Flatbuffer buffer); delete it, or export it"
    assert caplog.text.count(told) == 2  # encoder and head


@pytest.mark.tensorflow
def test_without_heads_none_is_exported_in_the_background(tmp_path: Path, cache: Path) -> None:
    folder = make_checkpoint(tmp_path / "bert", hidden_size=32, num_hidden_layers=1)
    described = json.loads((folder / "config.json").read_text())
    described["architectures"] = ["BertForSequenceClassification"]  # which it is not
    (folder / "config.json").write_text(json.dumps(described))
    assert wait_for(shelf_of(folder, heads=False), "litert").heads == ()


def test_two_at_once_export_once() -> None:
    exports = []

    def export(path: Path) -> None:
        time.sleep(0.2)
        exports.append(path)
        path.write_bytes(b"flatbuffer")

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: make_cached("heads", ["one"], export), range(4)))
    assert len(set(made)) == len(exports) == 1
    assert find_cached("heads", ["one"]) == made[0]
    assert find_cached("heads", ["another"]) is None


def test_what_was_used_longest_ago_goes_when_there_is_no_room(cache: Path) -> None:
    def add(name: str, limit: int = 350) -> Path:
        return make_cached("flatbuffers", [name], lambda path: path.write_bytes(bytes(100)), limit=limit)

    old = time.time() - 1000
    paths = {name: add(name) for name in "abc"}
    for i, path in enumerate(paths.values()):
        os.utime(path, (old + i, old + i))
    leftover = cache / "heads" / "0.123"
    leftover.parent.mkdir()
    leftover.write_bytes(b"of a process that died")
    os.utime(leftover, (0, 0))
    assert find_cached("flatbuffers", ["a"]) == paths["a"]  # used now
    add("d")
    assert sorted(name for name in "abcd" if find_cached("flatbuffers", [name])) == ["a", "c", "d"]
    assert not leftover.exists()
    assert add("e", limit=50).exists()  # the newest is kept, however large
    assert [name for name in "abcde" if find_cached("flatbuffers", [name])] == ["e"]
