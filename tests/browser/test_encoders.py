"""The choice of an encoder in a real browser: loaded behind the page, settings follow, a failure changes nothing."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from gradio_client import Client
from playwright.sync_api import expect

import bertsim
from bertsim.model.loading import BUNDLED, BUNDLED_NAME
from bertsim.ui.examples import EXAMPLES
from tests.browser.conftest import visits
from tests.browser.journey import VIEWS, compare, open_tab, shown
from tests.browser.server import served
from tests.checkpoints import make_checkpoint
from tests.loopback_hub import LoopbackHub

pytestmark = pytest.mark.browser

A, B = EXAMPLES[0][1:]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What this host offers: the bundled encoder without heads, one of another shape, and one that is damaged."""
    root = tmp_path_factory.mktemp("offered")
    (root / "plain").mkdir()
    for file in ("config.json", "tokenizer.json", "model.tflite", "model.safetensors"):
        (root / "plain" / file).symlink_to(BUNDLED / file)
    make_checkpoint(
        root / "other", num_hidden_layers=2, num_attention_heads=6, max_position_embeddings=40, pooler=False
    )
    make_checkpoint(root / "deeper", num_hidden_layers=6, num_attention_heads=8, max_position_embeddings=200)
    (root / "damaged").mkdir()
    return root


@pytest.fixture(scope="module")
def offering(folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An app whose host offers these."""
    names = ",".join(str(folders / name) for name in ("plain", "other", "deeper", "damaged"))
    with served(tmp_path_factory.mktemp("app") / "app.log", BERTSIM_ENCODERS=names) as url:
        yield url


@dataclass(frozen=True)
class Astray:
    """An app whose host begins with what cannot be had, and lets visitors name any encoder of the Hub."""

    url: str
    log: Path


@pytest.fixture(scope="module")
def astray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Astray]:
    log = tmp_path_factory.mktemp("app") / "app.log"
    settings = {
        "BERTSIM_ENCODER": "sentence-transformers/all-MiniLM-L6-v2",
        "BERTSIM_HEADS": "somebody/heads",
        "BERTSIM_ALLOW_ANY_ENCODER": "1",
    }
    with served(log, **settings) as url:
        yield Astray(url, log)


@pytest.fixture
def page(context, offering):
    with visits(context, offering) as visit:
        opened = visit()
        opened.get_by_role("button", name="Encoder and settings").click()
        yield opened


def card(page, name):
    return page.locator(".bs-encoder", has=page.get_by_text(name, exact=True))


def options(page):
    expect(page.get_by_role("option").first).to_be_visible()
    return [option.text_content().strip("✓ \n") for option in page.get_by_role("option").all()]


def line(page):
    return page.locator("#bs-encoder-line")


def test_one_click_switches_says_so_and_one_click_goes_back(page, folders, model):
    plain = bertsim.load(folders / "plain")
    card(page, "plain").click()
    expect(line(page)).to_contain_text("Scored by plain")
    expect(card(page, "plain")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#bs-bars")).to_contain_text(
        "There is no trained head for this encoder; python -m bertsim train"
    )
    expect(page.locator("#bs-bars .bs-facts")).to_contain_text(re.compile(r"plain \(\d+\.\d million parameters\)"))
    expect(page.locator("#bs-ways .bs-big")).to_have_text(shown(plain.compare(A, B)["cosine"].value))
    expect(page.locator('.bs-score[data-scorer="bilstm"]')).to_have_count(0)
    expect(page.locator(".bs-judgement")).to_have_text(model.verdict(model.compare(A, B)).headline)
    pooled = page.locator('.bs-row[data-scorer="pooled"] .bs-number')
    expect(pooled).to_have_text(shown(model.compare(A, B)["pooled"].value))  # as the bundled one reads the two together
    expect(page.get_by_label("Read together by")).to_have_value("no trained head")
    expect(page.locator("#bs-saw .bs-tracks li")).to_have_count(1)
    line(page).get_by_role("button", name=f"Back to {BUNDLED_NAME}").click()
    expect(line(page).locator("p")).to_have_count(0)
    value = shown(model.compare(A, B)["bilstm"].value)
    expect(page.locator('.bs-score[data-scorer="bilstm"] .bs-value').first).to_have_text(f"value: {value}")


def test_while_one_is_loaded_the_page_goes_on_and_then_its_settings_follow(page, folders, model):
    card(page, "other").click()
    expect(line(page).get_by_role("progressbar", name="Loading other")).to_be_visible()
    expect(line(page)).to_contain_text(f"{BUNDLED_NAME} goes on meanwhile.")
    compare(page, "A cat sleeps.", "A dog runs.", model.compare("A cat sleeps.", "A dog runs.")["cosine"].value)
    expect(line(page)).to_contain_text("Scored by other", timeout=120_000)
    other = bertsim.load(folders / "other", engine="tensorflow")
    expect(page.locator("#bs-bars .bs-facts")).to_contain_text("other (")
    value = other.compare("A cat sleeps.", "A dog runs.")["cosine"].value
    said = float(page.locator("#bs-ways .bs-big").inner_text().replace("−", "-"))
    assert said == pytest.approx(value, abs=0.02)  # int8 against float32
    expect(page.get_by_role("spinbutton", name="Tokens read")).to_have_value("40")
    page.get_by_label("Pooling").click()
    assert options(page) == ["mean", "cls", "max", "mean_max"]
    page.get_by_role("option", name="cls", exact=True).click()
    expect(page.locator("#bs-bars .bs-facts")).to_contain_text("cls pooling")
    open_tab(page, VIEWS[1])
    expect(page.get_by_role("button", name="Open layer 3,")).to_have_count(0)
    page.get_by_role("button", name="Open layer 2, head 6", exact=True).click()
    expect(page.locator("#bs-meets .bs-caption").first).to_contain_text("Layer 2, head 6")


def test_there_and_back_every_control_follows(page, model):
    page.get_by_label("Sentence A", exact=True).fill("")  # nothing to compare: the pair that is shown is scored again
    card(page, "deeper").click()
    expect(line(page)).to_contain_text("Scored by deeper", timeout=120_000)
    expect(page.locator("#bs-bars .bs-facts")).to_contain_text("deeper (")
    expect(page.get_by_role("spinbutton", name="Tokens read")).to_have_value("200")
    open_tab(page, VIEWS[1])
    page.get_by_role("button", name="Open layer 6, mean of all heads").click()
    expect(page.locator("#bs-meets .bs-caption").first).to_contain_text("Layer 6, mean of all heads")
    line(page).get_by_role("button", name=f"Back to {BUNDLED_NAME}").click()
    expect(line(page).locator("p")).to_have_count(0)
    expect(page.locator("#bs-ways .bs-big")).to_have_text(shown(model.compare(A, B)["cosine"].value))
    expect(page.get_by_role("spinbutton", name="Tokens read")).to_have_value(str(model.max_length))
    expect(page.locator("#bs-meets .bs-caption").first).to_contain_text("the most of all heads")
    expect(page.get_by_test_id("toast-body")).to_have_count(0)


def test_a_file_is_scored_by_what_the_encoder_in_use_has_and_the_lists_follow(page):
    page.get_by_role("tab", name="File", exact=True).click()
    page.get_by_role("button", name="Example file").click()
    expect(page.locator("#bs-file-told .bs-judgement")).to_have_text("40 of 40 rows scored")
    expect(page.locator("#bs-file-scorers")).to_contain_text("combined")
    card(page, "plain").click()
    expect(page.locator("#bs-file-scorers")).not_to_contain_text("combined")
    expect(page.get_by_label("Inference too")).to_be_disabled()
    expect(page.locator("#bs-file-cost")).to_have_text(re.compile(r"\d sentences read alone, about"))
    page.get_by_role("button", name="Score", exact=True).click()
    expect(page.locator("#bs-file-told")).to_contain_text("plain, cosine.")
    expect(page.get_by_test_id("toast-body")).to_have_count(0)


def test_one_that_cannot_be_had_changes_nothing_and_says_why_without_the_host_s_path(page, folders):
    before = page.locator("#bs-bars").text_content()
    card(page, "damaged").click()
    expect(line(page)).to_contain_text(f"damaged/config.json is missing. {BUNDLED_NAME} goes on.")
    expect(line(page)).not_to_contain_text(str(folders))
    assert page.locator("#bs-bars").text_content() == before
    expect(card(page, BUNDLED_NAME)).to_have_attribute("aria-pressed", "true")


def test_the_choice_is_the_visitor_s_own_and_a_link_carries_it(context, offering, folders):
    plain = bertsim.load(folders / "plain")
    with visits(context, offering) as visit:
        apart = context.browser.new_context()
        one, other = visit(), visit(within=apart)
        one.get_by_role("button", name="Encoder and settings").click()
        card(one, "plain").click()
        expect(line(one)).to_contain_text("Scored by plain")
        other.get_by_role("button", name="Compare", exact=True).click()
        expect(other.locator("#bs-bars .bs-facts")).to_contain_text(BUNDLED_NAME)
        expect(one).to_have_url(re.compile("encoder=plain"))
        query = one.url.partition("?")[2]
        assert str(folders) not in query
        again = visit(f"?{query}")
        expect(line(again)).to_contain_text("Scored by plain")
        expect(again.locator("#bs-ways .bs-big")).to_have_text(shown(plain.compare(A, B)["cosine"].value))
        apart.close()


def test_a_program_names_its_encoder_and_gets_no_folder_that_is_not_offered(offering, folders):
    client = Client(offering, verbose=False, analytics_enabled=False)
    found = client.predict(A, B, encoder="plain", api_name="/compare")
    assert found["settings"]["encoder"] == "plain"
    assert set(found["scores"]) == {"cosine", "dot", "euclidean", "manhattan", "alignment"}
    for name in (str(folders / "plain"), "weights", "BAAI/bge-small-en-v1.5"):
        with pytest.raises(
            Exception, match=f"which is not offered here; offered are {BUNDLED_NAME}, plain, other, deeper, damaged"
        ):
            client.predict(A, B, encoder=name, api_name="/compare")
    client.close()


def test_what_cannot_be_reached_at_the_start_is_a_notice_and_the_bundled_encoder_serves(context, astray, model):
    with visits(context, astray.url) as visit:
        page = visit()
        expect(line(page)).to_contain_text("The heads somebody/heads are not used")
        expect(page.locator("#bs-ways .bs-big")).to_have_text(shown(model.compare(A, B)["cosine"].value))
        expect(page.locator("#bs-bars .bs-facts")).to_contain_text(BUNDLED_NAME)
    assert "Traceback" not in astray.log.read_text()


def test_one_click_fetches_from_the_hub_with_progress_and_no_network_is_one_sentence(context, tmp_path, folders):
    hub = LoopbackHub()
    name = "sentence-transformers/all-MiniLM-L6-v2"  # its real name, the bundled encoder's files
    hub.add(name, {path.name: path.read_bytes() for path in (folders / "plain").iterdir()})
    log = tmp_path / "app.log"
    with served(log, **hub.environment(tmp_path / "cache")) as url, visits(context, url) as visit:
        page = visit()
        page.get_by_role("button", name="Encoder and settings").click()
        page.evaluate(
            """() => { window.shares = new Set(); new MutationObserver(() => {
                const bar = document.querySelector("#bs-encoder-line progress");
                if (bar) window.shares.add(bar.getAttribute("value"));
            }).observe(document.querySelector("#bs-encoder-line"), { subtree: true, childList: true }); }"""
        )
        page.locator(".bs-encoder", has_text="all-MiniLM-L6-v2").first.click()
        expect(line(page)).to_contain_text(f"Scored by {name}", timeout=60_000)
        expect(page.locator("#bs-bars .bs-facts")).to_contain_text(name)
        hub.stop()
        page.locator(".bs-encoder", has_text="bge-small-en-v1.5").click()
        expect(line(page).locator(".bs-fault")).to_contain_text("bge-small-en-v1.5", timeout=60_000)
        expect(line(page)).to_contain_text(f"{name} goes on.")
    told = log.read_text().split("Exception in ASGI application")  # one of Gradio's stream, whose visitor left, may be
    assert not [each for each in told if "Traceback" in each and "in sse_stream" not in each]


def test_of_a_press_that_a_later_one_overtakes_nothing_is_seen(context, tmp_path, model):
    with socket.create_server(("127.0.0.1", 0)) as hub:  # which answers nobody
        settings = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.getsockname()[1]}", "HF_HUB_OFFLINE": "0"}
        log = tmp_path / "app.log"
        with served(log, HF_HOME=str(tmp_path), **settings) as url, visits(context, url) as visit:
            page = visit()
            page.get_by_role("button", name="Encoder and settings").click()
            cards, tokens = page.locator(".bs-encoder"), page.get_by_role("spinbutton", name="Tokens read")
            expect(cards.first).to_be_visible()
            count = cards.count()
            cards.filter(has_text="bge-small-en-v1.5").dblclick()
            expect(line(page)).to_contain_text("Loading BAAI/bge-small-en-v1.5")
            page.wait_for_timeout(1000)
            expect(cards).to_have_count(count)
            expect(page.get_by_label("Pooling")).to_have_value("mean")
            expect(tokens).to_have_value(str(model.max_length))
            card(page, BUNDLED_NAME).click()
            expect(line(page).locator("p")).to_have_count(0)
            page.wait_for_timeout(1000)
            expect(line(page).locator("p")).to_have_count(0)


def test_any_id_can_be_typed_where_the_host_allows_it(context, astray):
    with visits(context, astray.url) as visit:
        page = visit()
        page.get_by_role("button", name="Encoder and settings").click()
        box = page.get_by_label("Any other BERT of the Hub")
        for typed, says in (
            ("somebody/else", "somebody/else is not in the local cache"),
            ("/etc", "Encoder is '/etc', which is not offered here"),
            ("<img src=x onerror=alert(1)>/y", "Encoder is '<img src=x onerror=alert(1)>/y', which is not offered"),
        ):
            box.fill(typed)
            box.press("Enter")
            expect(line(page)).to_contain_text(says)
