"""What stands between a visitor and a result: the first paint, waiting, a question that overtakes another, the link.

The slow app is the real one, held by a file for as long as a test wants: no test guesses how long anything takes.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from bertsim.model.loading import BUNDLED
from tests.browser.conftest import visits
from tests.browser.journey import cosine, shown
from tests.browser.server import ROOT, free_port, running, served

pytestmark = pytest.mark.browser

SLOW = """
import sys, time
from pathlib import Path
from bertsim import ui
from bertsim.model import similarity as pipeline
from bertsim.ui import shelf
held = Path(sys.argv[2])
real_compare, real_load = pipeline.SimilarityModel.compare, shelf.load
def compare(self, a, b, **options):
    while "slow" in a and held.exists():
        time.sleep(0.02)
    return real_compare(self, a, b, **options)
def load(*arguments, **options):
    while held.exists():
        time.sleep(0.02)
    return real_load(*arguments, **options)
pipeline.SimilarityModel.compare, shelf.load = compare, load
ui.serve(port=int(sys.argv[1]))
"""


@dataclass(frozen=True)
class SlowApp:
    """A running app that neither loads a model nor compares a "slow" sentence while it is held."""

    url: str
    log: Path
    gate: Path

    def hold(self) -> None:
        """Begin to hold."""
        self.gate.touch()

    def let_go(self) -> None:
        """Let everything that waits go on."""
        self.gate.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlowApp]:
    """The slow app, held from its start until the first test that lets it go."""
    folder, port = tmp_path_factory.mktemp("slow"), free_port()
    gate = folder / "held"
    gate.touch()
    (folder / "plain").mkdir()
    for file in ("config.json", "tokenizer.json", "model.tflite", "model.safetensors"):
        (folder / "plain" / file).symlink_to(BUNDLED / file)
    words, offered = [sys.executable, "-c", SLOW, str(port), str(gate)], {"BERTSIM_ENCODERS": str(folder / "plain")}
    with running(words, port, folder / "app.log", offered) as url:
        app = SlowApp(url, folder / "app.log", gate)
        yield app
        app.let_go()


@pytest.fixture
def slow(held: SlowApp) -> Iterator[SlowApp]:
    """The slow app, let go before and after a test."""
    held.let_go()
    yield held
    held.let_go()


# Whether the thin line that says "wait" is visible now.
LINE_IS_DRAWN = """() => { const tracker = document.querySelector('#bs-verdict [data-testid="status-tracker"]');
    if (!tracker) return false;
    const style = getComputedStyle(tracker, "::after");
    return style.content !== "none" && tracker.getAnimations({ subtree: true })
        .some((a) => a.effect.getComputedTiming().progress !== null
            && a.currentTime >= a.effect.getTiming().delay); }"""


def test_the_page_is_painted_before_the_model_is_there_and_requests_wait_for_it(context, held):
    with visits(context, held.url) as visit:
        page = visit(waits=False)
        expect(page.get_by_role("button", name="Compare", exact=True)).to_be_visible()
        expect(page.locator("#bs-verdict")).to_contain_text("The result appears here")
        held.let_go()
        page.wait_for_selector(".bs-judgement")
        assert "Traceback" not in held.log.read_text()


def test_building_the_page_loads_nothing_and_scoring_then_neither_tensorflow_nor_transformers():
    code = (
        "import sys, bertsim, bertsim.ui\nassert 'gradio' not in sys.modules\n"
        "from bertsim.ui.catalog import offered\nfrom bertsim.ui.shelf import Shelf\n"
        "from bertsim.ui.app import build_app\nshelf = Shelf(offered({}))\nbuild_app(shelf)\n"
        "assert not shelf._kept\nassert 'ai_edge_litert' not in sys.modules\n"
        "model = bertsim.load()\nbertsim.ui.build_app(model)\nmodel.compare('one', 'two')\nprint(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not {"tensorflow", "keras", "transformers", "torch", "matplotlib"} & set(done.stdout.split())


def test_a_line_says_wait_after_a_moment_and_not_before(context, slow, model):
    with visits(context, slow.url) as visit:
        page = visit()
        assert not page.evaluate(LINE_IS_DRAWN)
        slow.hold()
        page.get_by_label("Sentence A", exact=True).fill("a slow sentence")
        page.get_by_role("button", name="Compare", exact=True).click()
        page.wait_for_function(LINE_IS_DRAWN)
        delay = """getComputedStyle(document.querySelector('#bs-verdict [data-testid="status-tracker"]'), "::after")
            .animationDelay"""
        assert page.evaluate(delay) == "0.3s"
        slow.let_go()
        wanted = model.compare("a slow sentence", page.get_by_label("Sentence B", exact=True).input_value())
        expect(page.locator("#bs-ways .bs-big")).to_have_text(shown(wanted["cosine"].value))
        expect(page.locator('#bs-verdict [data-testid="status-tracker"].translucent')).to_have_count(0)
        assert not page.evaluate(LINE_IS_DRAWN)


def test_a_new_question_overtakes_the_one_before_whose_answer_is_never_shown(context, slow, model):
    with visits(context, slow.url) as visit:
        page = visit()
        slow.hold()
        page.evaluate(
            """() => { window.seen = []; new MutationObserver(() => {
                const big = document.querySelector("#bs-ways .bs-big")?.textContent;
                if (big && window.seen.at(-1) !== big) window.seen.push(big);
            }).observe(document.querySelector("#bs-verdict"), { subtree: true, childList: true }); }"""
        )
        a, b = page.get_by_label("Sentence A", exact=True), page.get_by_label("Sentence B", exact=True)
        b.fill("The train is late.")
        a.fill("a slow sentence")
        a.press("Enter")
        page.wait_for_function(LINE_IS_DRAWN)
        a.fill("The train left.")
        a.press("Enter")
        wanted = shown(model.compare("The train left.", "The train is late.")["cosine"].value)
        expect(page.locator("#bs-ways .bs-big")).to_have_text(wanted)
        slow.let_go()  # the slow one, which nobody waited for
        page.wait_for_timeout(1500)
        assert page.evaluate("window.seen")[-1] == wanted
        stale = shown(model.compare("a slow sentence", "The train is late.")["cosine"].value)
        assert stale not in page.evaluate("window.seen")
        page.get_by_role("button", name="Previous pairs of this visit").click()
        expect(page.locator("#bs-past button")).to_have_count(2)


def test_a_tab_that_is_opened_while_an_answer_is_on_its_way_shows_the_new_pair(context, slow):
    with visits(context, slow.url) as visit:
        page = visit()
        slow.hold()
        page.get_by_label("Sentence A", exact=True).fill("a slow zebra")
        page.get_by_role("button", name="Compare", exact=True).click()
        page.wait_for_function(LINE_IS_DRAWN)
        page.get_by_role("tab", name="Through the layers", exact=True).click()
        slow.let_go()
        expect(page.locator("#bs-layers")).to_contain_text("zebra")
        assert cosine(page) < 1
        expect(page.locator('#bs-layers .bs-token[data-link="a2"]')).to_contain_text("slow")


def test_what_a_link_has_pinned_is_pinned_once_the_encoder_that_it_waits_for_is_there(context, slow):
    with visits(context, slow.url) as visit:
        visit()  # the bundled encoder is there, which goes on meanwhile
        slow.hold()
        page = visit("?" + urlencode({"encoder": "plain", "tab": "layers", "pins": "a2,b3"}))
        line = page.locator("#bs-encoder-line")
        expect(line.get_by_role("progressbar", name="Loading plain")).to_be_visible()
        slow.let_go()
        expect(line).to_contain_text("Scored by plain")
        for key in ("a2", "b3"):
            expect(page.locator(f'#bs-layers .bs-text [data-link="{key}"]')).to_have_class(re.compile("is-pinned"))
        expect(page).to_have_url(re.compile("pins=a2(,|%2C)b3"))
        page.keyboard.press("Escape")
        expect(page.locator("#bs-layers .is-pinned")).to_have_count(0)
        expect(page).not_to_have_url(re.compile("pins"))


def test_without_a_network_the_share_link_is_one_sentence_and_the_app_goes_on(tmp_path):
    nowhere = "http://127.0.0.1:9"  # nobody listens there: what a machine without network finds, and no link is opened
    proxies = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), nowhere)
    local = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    log = tmp_path / "app.log"
    with served(log, BERTSIM_SHARE="1", **proxies, **local) as url:
        end = time.monotonic() + 40
        while "There is no public link" not in log.read_text() and time.monotonic() < end:
            time.sleep(0.1)
        said = [line for line in log.read_text().splitlines() if "public link" in line and "share=True" not in line]
        assert said == [
            f"There is no public link (Could not get share link from Gradio API Server); the app goes on at {url}"
        ]
        with urllib.request.urlopen(url, timeout=10) as reply:
            assert b"bertsim" in reply.read()
    assert "Traceback" not in log.read_text()
