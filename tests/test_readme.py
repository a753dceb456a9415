"""The README says what is true: its code runs and prints what it shows, its links exist, its front matter fits.

Numbers may differ in the second decimal: int8 arithmetic is not the same on every processor.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from huggingface_hub import SpaceCard

import bertsim

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d+(?:e-?\d+)?")
TOLERANCE = 0.015
USUAL = "http://127.0.0.1:7860/"


def blocks(language: str) -> list[str]:
    """The contents of every fenced block of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def assert_prints(printed: str, shown: str) -> None:
    """Compare two texts: words exactly but for white space, decimals to `TOLERANCE`."""
    assert "".join(NUMBER.sub("#", printed).split()) == "".join(NUMBER.sub("#", shown).split())
    assert [float(n) for n in NUMBER.findall(printed)] == pytest.approx(
        [float(n) for n in NUMBER.findall(shown)], abs=TOLERANCE
    )


def run(words: list[str]) -> str:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def examples() -> list[tuple[str, str]]:
    """Every Python example, and what is shown to be printed."""
    return list(zip(blocks("python"), blocks("text"), strict=True))


@pytest.mark.slow
def test_the_python_example_prints_what_it_shows():
    code, shown = examples()[0]
    assert_prints(run([sys.executable, "-c", code]), shown)


@pytest.mark.slow
def test_the_examples_of_the_api_print_what_they_show(app_url):
    found = examples()[1:]
    assert [code.partition(" ")[0] for code, _ in found] == ["from", "import"]
    for code, shown in found:
        assert USUAL in code
        assert_prints(run([sys.executable, "-c", code.replace(USUAL, app_url)]), shown)


@pytest.mark.slow
def test_the_examples_with_curl_give_the_scores(app_url):
    (code,) = blocks("bash")
    printed = run(["bash", "-c", code.replace(USUAL, app_url)])
    unread = '"cut_tokens": [0, 0], "unknown_tokens": [0, 0], "unknown_words": [[], []], "withheld": null'
    dogs = '"scores": [0.9192, 0.0584], "probabilities": [0.6855, 0.0015]'
    ranked = '"score": 0.9192, "probability": 0.6855, "cut_tokens": [0, 0], "unknown_tokens": [0, 0]'
    lost = '"cut_tokens": [[0, 0], [0]], "unknown_tokens": [[0, 0], [0]], "cut_pairs": []'
    shown = f"""data: [{{"score": 0.8349, {unread}}}]
        data: [{{{dogs}, "cut_tokens": [[0, 0], [0, 0]], "unknown_tokens": [[0, 0], [0, 0]]}}]
        data: [[{{"sentence": "A dog is barking.", "index": 1, {ranked}}}]]
        data: [{{"scores": [[0.0584], [0.9192]], {lost}}}]
        data: [[[-0.0985"""
    assert_prints(printed, shown)


@pytest.mark.slow
def test_the_commands_print_what_they_show():
    (console,) = blocks("console")
    for session in console.split("$ ")[1:]:
        command, _, shown = session.partition("\n")
        assert shown.strip(), f"no output is shown for {command}"
        environment = f'PATH="{os.path.dirname(sys.executable)}:$PATH"'
        assert_prints(run(["sh", "-c", f"{environment} {command}"]), shown)


def test_every_other_python_block_is_valid():
    for code in blocks("py"):
        compile(code, "README.md", "exec")


def test_every_command_is_one():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert (
        set(re.findall(r"\bmake (\w+)", " ".join(blocks("sh")) + " ".join(re.findall(r"`[^`]+`", README)))) <= targets
    )
    helped = run([sys.executable, "-m", "bertsim", "--help"])
    for command in re.findall(r"python -m bertsim (\w+)", README):
        assert command in helped


def test_every_link_and_picture_is_in_the_repository():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), (
            f"README links to {target}, which is not there"
        )


def test_the_front_matter_fits_the_requirements():
    front = SpaceCard.load(ROOT / "README.md").data.to_dict()
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert f"gradio=={front['sdk_version']}\n" in pins
    assert front["sdk"] == "gradio"
    assert (ROOT / front["app_file"]).exists()
    assert front["license"] == "apache-2.0"
    assert len(front["short_description"]) <= 60  # the Hub's limit
    assert front["python_version"] == "3.11"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"].lower() == front["license"]
    assert {"title", "emoji", "colorFrom", "colorTo"} <= front.keys()
    assert front["suggested_hardware"] == "cpu-basic"
    assert {"mcp-server", "sentence-similarity"} <= set(front["tags"])
    recipes = [tomllib.loads(path.read_text()) for path in (ROOT / "bertsim" / "training" / "recipes").glob("*.toml")]
    assert {recipe["encoder"] for recipe in recipes} == set(front["models"])


def test_no_path_of_somebodys_machine_is_in_it():
    assert not re.search(r"/(home|root|Users|tmp|work)/", README)


def test_the_figures_are_of_this_version():
    assert set(re.findall(r"version=([\d.]+)", README)) == {bertsim.__version__}
