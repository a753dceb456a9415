"""What every test stands on: no network, no user's settings, one bundled model, one tiny checkpoint.

The environment is set before anything of bertsim, TensorFlow, Gradio or huggingface_hub is imported, and
child processes inherit it. A connection beyond loopback raises at once and fails the test, even where the
code under test swallowed the error; `@pytest.mark.network` lifts that.

`make test` shares the files of tests between two workers of pytest-xdist. Each has a cache folder of its own; what is
costly to make and only read is made by the one that comes first (`make_once`) and read by both.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

_CACHE = tempfile.mkdtemp(prefix="bertsim-tests-")
if sys.platform == "linux":  # Playwright keeps its browsers under the real cache folder
    _cache_home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    os.environ.setdefault("PLAYWRIGHT_BROWSERS_PATH", os.path.join(_cache_home, "ms-playwright"))
for _name in [name for name in os.environ if name.startswith(("BERTSIM_", "GRADIO_"))]:
    del os.environ[_name]  # a developer's own settings
os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HOME": os.path.join(_CACHE, "huggingface"),
    "XDG_CACHE_HOME": _CACHE,
    "MPLCONFIGDIR": os.path.join(_CACHE, "matplotlib"),
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_TEMP_DIR": os.path.join(_CACHE, "gradio"),
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
    "PYTHONHASHSEED": "0",
}

import hashlib  # noqa: E402
import re  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from functools import partial  # noqa: E402
from typing import TYPE_CHECKING  # noqa: E402

import hypothesis  # noqa: E402
import pytest  # noqa: E402
from filelock import FileLock  # noqa: E402

from tests import guard  # noqa: E402
from tests.checkpoints import make_checkpoint  # noqa: E402
from tests.chromium import MISSING, find_chromium, is_ci  # noqa: E402

if TYPE_CHECKING:
    from bertsim import SimilarityModel
    from bertsim.records import Int, Row
    from tests.commands import Result

HEAVY = ("browser", "tensorflow", "slow")
hypothesis.settings.register_profile("tests", deadline=None, derandomize=True)  # a busy machine is no fault
hypothesis.settings.load_profile("tests")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse connections from the first import on."""
    guard.install()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    guard.remove()
    shutil.rmtree(_CACHE, ignore_errors=True)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import a file of which no test is wanted: `-m "not tensorflow"` shall import no TensorFlow."""
    if collection_path.suffix != ".py":
        return None
    left_out = [mark for mark in HEAVY if f"not {mark}" in config.option.markexpr]
    marked = re.findall(r"^pytestmark = pytest\.mark\.(\w+)$", collection_path.read_text("utf-8"), re.MULTILINE)
    return bool(set(left_out) & set(marked)) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that no worker is left with one of them at the end."""
    for item in items:
        if "tiny_bundle" in getattr(item, "fixturenames", ()):
            item.add_marker("tensorflow")  # which exports it
    heavy = {item.path for item in items if any(item.get_closest_marker(mark) for mark in HEAVY)}
    items.sort(key=lambda item: (item.path not in heavy, -item.path.stat().st_size))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip browser tests where there is no browser; fail them where CI=true."""
    if item.get_closest_marker("browser") and find_chromium() is None:
        if is_ci():
            pytest.fail(f"{MISSING}; CI=true", pytrace=False)
        pytest.skip(MISSING)


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that tried to leave this machine; lift the guard where the test is marked `network`."""
    guard.refused.clear()
    if request.node.get_closest_marker("network"):
        with guard.lifted():
            yield
        return
    yield
    if guard.refused:
        pytest.fail(f"connections beyond this machine were tried: {', '.join(guard.refused)}", pytrace=False)


@pytest.fixture(autouse=True)
def _no_tensorflow(request: pytest.FixtureRequest) -> Iterator[None]:
    """Where tests of TensorFlow are left out, fail one that imports it unmarked: such a run shall stay a quick one."""
    wanted = "not tensorflow" not in request.config.option.markexpr or "tensorflow" in sys.modules
    yield
    if not wanted and "tensorflow" in sys.modules:
        pytest.fail("this test imports TensorFlow; mark it with pytest.mark.tensorflow", pytrace=False)


@pytest.fixture(scope="session")
def model() -> SimilarityModel:
    """The bundled encoder, as `bertsim.load()` gives it."""
    import bertsim

    return bertsim.load()


@pytest.fixture
def encoded(model: SimilarityModel, monkeypatch: pytest.MonkeyPatch) -> list[Row]:
    """The rows that the bundled encoder reads from now on, without padding."""
    from bertsim.records import Row

    rows, run = list[Row](), model._engine.run

    def note(signature: str, wanted: tuple[str, ...], **arrays: Int) -> object:
        for ids, mask, types in zip(*(array.tolist() for array in arrays.values()), strict=True):
            own = slice(len(ids) - ids.count(0))  # [PAD] is 0
            rows.append(Row(tuple(ids[own]), tuple(types[own]), mask=tuple(mask[own])))
        return run(signature, wanted, **arrays)

    monkeypatch.setattr(model._engine, "run", note)
    return rows


@pytest.fixture(scope="session")
def make_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, Callable[[Path], object]], Path]]:
    """`make_once(name, make)`: a folder that `make(folder)` filled in one of the workers, and that nobody changes."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    seen: dict[Path, str] = {}

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder = shared / "made-once" / name
        folder.parent.mkdir(exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if not folder.exists():
                make(folder.with_suffix(".new"))
                folder.with_suffix(".new").rename(folder)
        seen.setdefault(folder, _digest(folder))
        return folder

    yield made
    changed = [folder.name for folder, digest in seen.items() if _digest(folder) != digest]
    assert not changed, f"a test changed what all tests share: {', '.join(changed)}"


def _digest(folder: Path) -> str:
    """What a folder holds, as one SHA-256."""
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return total.hexdigest()


@pytest.fixture(scope="session")
def tiny_checkpoint(make_once: Callable[..., Path]) -> Path:
    """A folder with a random BERT: hidden 48, 3 layers, 4 heads, 64 positions; do not change its files."""
    return make_once("tiny", make_checkpoint)


@pytest.fixture(scope="session")
def tiny_bundle(make_once: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT in the layout of weights/, flatbuffer and manifest with it; do not change its files."""

    def make(folder: Path) -> None:
        from bertsim.export.bundle import build_bundle

        source = make_checkpoint(
            tmp_path_factory.mktemp("source"),
            hidden_size=32,
            num_hidden_layers=2,
            prefix="bert.",
            sentence_transformers={"pooling_mode": "max"},
            max_seq_length=20,
        )
        assert build_bundle(source, folder) > 0.999

    return make_once("tiny-bundle", make)


@pytest.fixture(scope="session")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the running app, one for all tests of a worker."""
    from tests.browser.server import served

    with served(tmp_path_factory.mktemp("app") / "app.log") as url:
        yield url


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command in this process; the bundled encoder is loaded once."""
    import bertsim
    from tests.commands import Result, load_bundled_once

    monkeypatch.setattr(bertsim, "load", load_bundled_once)
    return partial(Result, capsys)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser; tests that use it are marked `browser`."""
    path = find_chromium()
    assert path, MISSING
    return path
