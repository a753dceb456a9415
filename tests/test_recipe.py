"""The recipe of `weights/`: what it learns from is allowed, is told, and holds no benchmark.

With DATA=folder (as for `make weights`) the files themselves are looked at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bertsim.cli.main import build_parser
from bertsim.cli.train import make_plans
from bertsim.datasets import open_pairs, open_sentences
from bertsim.training.data_source import Source
from bertsim.training.plan import read_recipe

ROOT = Path(__file__).parent.parent
RECIPE = ROOT / "weights" / "recipe.toml"
DATA = Path(os.environ.get("DATA", ""))
NOT_TO_LEARN_FROM = ("sick/", "mrpc/", "stsb/dev", "stsb/test", "stsb/train.")
PROBED = ("snli/", "tatoeba_pivot", "cxc_sts")
needs_data = pytest.mark.skipif("DATA" not in os.environ, reason="DATA names no folder of the data")


def sources() -> list[Source]:
    """What is learned from."""
    return [source for plan in read_recipe(RECIPE, Path()).runs for source in plan.data]


def text_files() -> list[str]:
    """The plain text that is learned from."""
    return sorted({source.path for source in sources() if ".txt" in source.path})


def pair_files() -> list[str]:
    """The pairs that are learned from."""
    return sorted({source.path for source in sources()} - set(text_files()))


def test_nothing_is_learned_from_that_only_measures_or_is_not_free():
    for path in [*text_files(), *pair_files()]:
        assert not any(part in path for part in NOT_TO_LEARN_FROM), path


def test_the_licence_of_everything_is_told():
    told = (ROOT / "weights" / "README.md").read_text(encoding="utf-8")
    for path in [*text_files(), *pair_files()]:
        folder, _, name = path.rpartition("/")
        stem = name.partition(".")[0]
        assert f"`{stem}`" in told or f"`{folder}/{stem}`" in told, path


def test_whatever_the_probes_measure_on_is_held_out():
    for source in sources():
        if any(part in source.path for part in PROBED):
            assert source.hold_out, source.path


def test_the_recipe_can_be_trained_on_another_encoder():
    words = ["train", "--recipe", str(RECIPE), "--output", "x"]
    assert {plan.encoder for plan in make_plans(build_parser().parse_args(words))} == {None}
    plans = make_plans(build_parser().parse_args([*words, "--encoder", "folder"]))
    assert {plan.encoder for plan in plans} == {"folder"}


def plain(sentence: str) -> str:
    return " ".join(re.findall(r"\w+", sentence.lower()))


def pairs_of(path: Path) -> Iterator[tuple[str, str]]:
    for row in open_pairs(path):
        if row.error is None:
            yield plain(row.sentences[0]), plain(row.sentences[1])


@needs_data
def test_no_sentence_of_the_benchmark_is_in_the_text_and_no_pair_of_it_in_the_pairs():
    pairs = {pair for part in ("dev", "test") for pair in pairs_of(DATA / "stsb" / f"{part}.tsv.gz")}
    sentences = {sentence for pair in pairs for sentence in pair}
    for name in text_files():
        lines = (plain(row.sentences[0]) for row in open_sentences(DATA / name) if row.error is None)
        assert not any(line in sentences for line in lines), name
    for name in pair_files():
        is_small = name.startswith(("stsb/", "snli/"))  # which share short sentences with it, but no pair
        for pair in pairs_of(DATA / name):
            assert pair not in pairs, f"{name}: {pair}"
            assert pair[::-1] not in pairs, f"{name}: {pair}"
            assert is_small or not sentences & set(pair), f"{name}: {pair}"
