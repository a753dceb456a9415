"""The shelf: models come in the background, few are kept, and what cannot be had never stops the app."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import sys
from copy import copy
from pathlib import Path
from threading import Event
from typing import Any
from weakref import ref

import pytest

import bertsim
from bertsim.errors import BertsimError, InputError
from bertsim.model.loading import BUNDLED, BUNDLED_NAME
from bertsim.ui.catalog import offered
from bertsim.ui.shelf import ROOM, Loading, Shelf
from tests.test_serving import until

BLOCKS = """
import ctypes
import bertsim
from bertsim.ui.shelf import give_back, keep_together

class Information(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena unused fast blocks bytes a b c d e".split()]

def mapped():
    return libc.mallinfo2().blocks

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Information
keep_together()
before = mapped()
model = bertsim.load()
packed = mapped()
del model
give_back()
print(packed - before, mapped() - before)
"""


@pytest.fixture(scope="module")
def folders(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Four copies of the tiny bundle, under names of their own."""
    root = tmp_path_factory.mktemp("encoders")
    return [shutil.copytree(tiny_bundle, root / name) for name in ("one", "two", "three", "four")]


def test_a_model_is_the_one_that_was_asked_for_and_is_loaded_once(folders, model):
    shelf = Shelf(offered({"BERTSIM_ENCODERS": str(folders[0])}))
    loading = shelf.ask("one")
    assert shelf.ask("one") is loading
    assert loading.wait(30)
    assert shelf.get("one") is loading.model()
    assert shelf.get("one").name == "one"
    assert shelf.get("one").heads == ()
    assert shelf.get().name == BUNDLED_NAME
    assert shelf.get().heads == model.heads
    assert shelf.notice == ""


def test_what_is_not_offered_is_refused_before_anything_is_read(folders):
    with pytest.raises(InputError, match="which is not offered here"):
        Shelf(offered({"BERTSIM_ENCODERS": ""})).get("one")


def test_of_the_models_that_visitors_chose_the_latest_are_kept_and_the_bundled_one_stays(folders):
    shelf = Shelf(offered({"BERTSIM_ENCODERS": ",".join(map(str, folders))}))
    first = shelf.get()
    for name in ("one", "two", "one", "three"):
        shelf.get(name)
    assert ROOM == 2
    one = shelf.get("one")
    shelf.get("four")
    assert shelf.get("one") is one
    assert shelf.get(BUNDLED_NAME) is first
    kept = [name for name in ("one", "two", "three", "four") if name in shelf._kept]
    assert kept == ["one", "four"]


@pytest.mark.parametrize("encoder", ["/no/such/folder", "somebody/unreachable"])
def test_an_encoder_that_cannot_be_had_at_the_start_leaves_the_bundled_one_and_a_notice(encoder):
    said: list[str] = []
    shelf = Shelf(offered({}, encoder))
    shelf.on_notice = said.append
    assert shelf.get().name == BUNDLED_NAME
    assert shelf.notice.endswith("Meanwhile the bundled encoder serves.")
    assert encoder in shelf.notice
    assert said == [shelf.notice]
    with pytest.raises(BertsimError):  # whoever asks for it by name is told
        shelf.get(encoder)


def test_heads_that_cannot_be_had_leave_the_encoder_with_its_own_and_a_notice(tmp_path, model):
    shelf = Shelf(offered({}), heads=tmp_path / "none")
    assert shelf.get().heads == model.heads
    assert shelf.notice.startswith(f"The heads {tmp_path / 'none'} are not used: ")


def test_heads_of_the_host_s_are_used(tmp_path):
    shutil.copytree(BUNDLED / "heads" / "pooled", tmp_path / "heads" / "mine")
    shelf = Shelf(offered({}), heads=tmp_path / "heads")
    assert shelf.get().heads == ("mine",)
    assert shelf.notice == ""


def test_one_that_was_lost_is_tried_again(tmp_path, folders):
    folder = tmp_path / "late"
    folder.mkdir()
    shelf = Shelf(offered({"BERTSIM_ENCODERS": str(folder)}))
    with pytest.raises(BertsimError, match=r"config\.json is missing"):
        shelf.get("late")
    for file in folders[0].iterdir():
        (folder / file.name).symlink_to(file.resolve())
    assert shelf.get("late").name == "late"


def test_a_program_is_told_why_what_it_named_cannot_be_had(tmp_path, folders):
    (tmp_path / "late").mkdir()
    shelf = Shelf(offered({"BERTSIM_ENCODERS": f"{tmp_path / 'late'},{folders[0]}"}))
    assert shelf.ask("late").wait(30)
    with pytest.raises(BertsimError, match=r"config\.json is missing"):
        shelf.get_called("late")
    with pytest.raises(InputError, match=r"^one is not there yet"):
        shelf.get_called("one")
    assert shelf.ask("one").wait(30)
    assert shelf.get_called("one").name == "one"
    assert shelf.ask().wait(30)
    assert shelf.get_called("").name == BUNDLED_NAME


def test_one_that_has_come_is_there_for_who_waited_though_others_were_asked_for_meanwhile(folders):
    shelf = Shelf(offered({"BERTSIM_ENCODERS": ",".join(map(str, folders))}))
    for name in ("two", "three"):
        shelf.get(name)
    with shelf._hands, shelf._hands:
        one = shelf.ask("one")
        shelf.ask("two")
        shelf.ask("three")
    assert one.wait(30)
    shelf.ask("two")
    assert "one" not in shelf._kept
    assert shelf.get_called("one") is one.model()  # who waited holds it


def exact(model: bertsim.SimilarityModel) -> Any:
    """A model that is served by the exact engine until another is exported."""
    found = copy(model)
    found.engine = "tensorflow"
    return found


def test_models_that_wait_for_their_exports_are_no_more_than_are_kept(folders, model, monkeypatch):
    begun, go, made = Event(), Event(), list[Any]()

    def load_now(shelf: Shelf, load_it: object, loading: Loading) -> bertsim.SimilarityModel:
        made.append(ref(found := exact(model)))
        return found

    def export(shelf: Shelf, loading: Loading) -> None:
        begun.set()
        assert go.wait(30)
        raise BertsimError("the test has ended")

    monkeypatch.setattr(Shelf, "_load_now", load_now)
    monkeypatch.setattr(Shelf, "_export", export)
    shelf = Shelf(offered({"BERTSIM_ENCODERS": ",".join(map(str, folders))}))
    for name in ("one", "two", "three", "four", "two", "one", "four", "three"):
        shelf.get(name)
        assert begun.wait(30)
    try:
        until(lambda: sum(each() is not None for each in made) == ROOM + 1, 20)  # and the one that is being exported
    finally:
        go.set()


def test_of_a_model_that_the_fast_one_has_taken_the_place_of_nothing_is_kept(folders, model, monkeypatch):
    made, fast = list[Any](), model

    def load_now(shelf: Shelf, load_it: object, loading: Loading) -> bertsim.SimilarityModel:
        made.append(ref(found := exact(model)))
        return found

    monkeypatch.setattr(Shelf, "_load_now", load_now)
    monkeypatch.setattr(Shelf, "_export", lambda *_: None)
    monkeypatch.setattr("bertsim.ui.shelf.load", lambda *_, **__: fast)
    shelf = Shelf(offered({"BERTSIM_ENCODERS": str(folders[0])}))
    loading = shelf.ask("one")
    until(lambda: loading.future.done() and loading.model() is fast)
    until(lambda: made[0]() is None)


def test_an_export_that_does_not_end_is_given_up(folders, model, monkeypatch, caplog):
    monkeypatch.setattr("bertsim.ui.shelf.EXPORT_SECONDS", 0.01)
    shelf = Shelf.of(model, offered({}))
    shelf._improve(lambda: shelf.ask(), lambda **_: model)  # type: ignore[arg-type]
    assert "stays with the TensorFlow engine: " in caplog.text
    assert "timed out after 0.01 seconds" in caplog.text


@pytest.mark.parametrize("name", [0, False, [], {}, 1.5])
def test_what_a_program_names_is_a_text(name, model):
    shelf = Shelf.of(model, offered({}))
    with pytest.raises(InputError, match=f"^encoder is {re.escape(repr(str(name)))}, which is not offered here; "):
        shelf.get_called(name)
    assert shelf.get_called("") is model


def test_a_request_does_not_wait_for_ever(folders):
    shelf = Shelf(offered({"BERTSIM_ENCODERS": str(folders[0])}))
    with (
        shelf._hands,
        shelf._hands,
        pytest.raises(
            InputError,
            match=r"^one is not there yet \(Waiting for another encoder\); ask again in a moment, or use bert",
        ),
    ):
        shelf.get("one", patience=0.05)
    assert shelf.get("one").name == "one"


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="only a newer glibc tells")
def test_weights_are_packed_into_blocks_that_go_back_to_the_system_with_their_model():
    done = subprocess.run([sys.executable, "-c", BLOCKS], capture_output=True, text=True, check=True)
    packed, left = map(int, done.stdout.split())
    assert packed > 100
    assert left < 10


def test_downloads_that_hang_hold_up_neither_the_bundled_encoder_nor_what_is_loaded(folders, monkeypatch):
    monkeypatch.setattr("bertsim.ui.shelf.ROOM", 1)  # three on their way are the most
    shelf = Shelf(offered({"BERTSIM_ENCODERS": ",".join(map(str, folders))}, folders[0]))
    start = shelf.get()
    with shelf._hands, shelf._hands:
        others = [shelf.ask(name) for name in ("two", "three", "four")]
        with pytest.raises(InputError, match=r"^four is not there yet \(Waiting for another encoder\); ask again"):
            shelf.get("four", patience=0.05)
        assert shelf.get(patience=0.05) is start
        assert shelf.get(BUNDLED_NAME).name == BUNDLED_NAME
    assert all(each.wait(30) for each in others)


def test_what_a_visitor_chose_may_not_take_for_ever_to_arrive(folders):
    shelf = Shelf(offered({"BERTSIM_ENCODERS": str(folders[0]), "BERTSIM_MAX_MINUTES": "0"}))
    with pytest.raises(BertsimError, match="one took longer to arrive than the host of this app allows"):
        shelf.get("one")
    assert shelf.get().name == BUNDLED_NAME  # the bundled one has no such limit


@pytest.mark.parametrize(
    ("options", "message"),
    [({"engine": "abacus"}, "known are litert, tensorflow"), ({"revision": "main"}, "only a repository has revisions")],
)
def test_bad_options_are_refused_at_once(options, message):
    with pytest.raises(InputError, match=message):
        Shelf(offered({}), **options)
