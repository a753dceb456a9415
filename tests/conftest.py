"""What every test stands on: no network, no user's settings, one bundled model, one tiny checkpoint.

The environment is set before anything of bertsim, TensorFlow, Gradio or huggingface_hub is imported, and
child processes inherit it. A connection beyond loopback raises at once and fails the test, even where the
code under test swallowed the error; `@pytest.mark.network` lifts that.
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
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_TEMP_DIR": os.path.join(_CACHE, "gradio"),
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
    "PYTHONHASHSEED": "0",
}

from collections.abc import Callable, Iterator  # noqa: E402
from functools import partial  # noqa: E402
from typing import TYPE_CHECKING  # noqa: E402

import pytest  # noqa: E402

from tests import guard  # noqa: E402
from tests.checkpoints import make_checkpoint  # noqa: E402
from tests.chromium import MISSING, find_chromium, is_ci  # noqa: E402

if TYPE_CHECKING:
    from bertsim import SimilarityModel
    from tests.commands import Result


def pytest_configure(config: pytest.Config) -> None:
    """Refuse connections from the first import on."""
    guard.install()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    guard.remove()
    shutil.rmtree(_CACHE, ignore_errors=True)


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


@pytest.fixture(scope="session")
def model() -> SimilarityModel:
    """The bundled encoder, as `bertsim.load()` gives it."""
    import bertsim

    return bertsim.load()


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random BERT: hidden 48, 3 layers, 4 heads, 64 positions; do not change its files."""
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint") / "tiny")


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT in the layout of weights/, flatbuffer and manifest with it; do not change its files."""
    from bertsim.export.bundle import build_bundle

    root = tmp_path_factory.mktemp("bundle")
    source = make_checkpoint(
        root / "source",
        hidden_size=32,
        num_hidden_layers=2,
        prefix="bert.",
        sentence_transformers={"pooling_mode": "max"},
        max_seq_length=20,
    )
    assert build_bundle(source, root / "tiny-bundle") > 0.999
    return root / "tiny-bundle"


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
