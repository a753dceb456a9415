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
from bertsim.cli.train import make_recipe
from bertsim.data.pairs import open_pairs
from bertsim.heads.config import LABELS
from bertsim.measuring.probes import is_held_out
from bertsim.model.ruler import ruler_pairs
from bertsim.training.examples import read_examples, read_excluded
from bertsim.training.plan import Source
from bertsim.training.recipe import read_recipe

ROOT = Path(__file__).parent.parent
RECIPE = ROOT / "weights" / "recipe.toml"
VERDICTS = ROOT / "tests" / "verdict_pairs.tsv"
DATA = Path(os.environ.get("DATA", ""))
NOT_TO_LEARN_FROM = ("sick/", "mrpc/", "stsb/dev", "stsb/test", "stsb/train.")
BENCHMARKS = ("stsb/dev", "stsb/test", "sick/train", "sick/dev", "mrpc/train", "mrpc/dev")
needs_data = pytest.mark.skipif("DATA" not in os.environ, reason="DATA names no folder of the data")


def sources() -> list[Source]:
    """What is learned from."""
    return [source for plan in read_recipe(RECIPE, Path()).runs for source in plan.data]


def learned() -> list[str]:
    """The files that are learned from, as the recipe has them."""
    return sorted({path for source in sources() for path in (source.name, source.antonyms) if path})


def test_nothing_is_learned_from_that_only_measures_or_is_not_free() -> None:
    for path in learned():
        assert not path.startswith(NOT_TO_LEARN_FROM), path


def test_the_licence_of_everything_is_told_and_of_nothing_else() -> None:
    told = (ROOT / "weights" / "card.md").read_text(encoding="utf-8")
    table = told[told.index("| learned from |") :]
    names = {name for row in table.splitlines() for name in re.findall(r"`(\w+(?:/\w+)?)`", row.split(" | ")[0])}
    assert {path.removeprefix("./").partition(".")[0] for path in learned()} == names


def test_whatever_the_report_measures_on_is_held_out() -> None:
    recipe = read_recipe(RECIPE, Path())
    assert recipe.report is not None
    report = recipe.report
    parts = {str(path) for path in (*report.inference, *report.edits, *report.plain)}
    parts |= {*map(str, report.swapped), str(report.paraphrases)}
    measured = (*report.correlation, *report.separation, *(run.dev for run in recipe.runs))
    assert report.verdicts
    assert report.verdicts.name in {source.name for source in sources() if source.hold_out}
    parts |= {source.path for source in measured if source.hold_out}
    for source in sources():
        if source.path in parts:
            assert source.hold_out, source.path
    assert not {source.path for source in measured if not source.hold_out} & set(learned())


def test_the_recipe_can_be_trained_on_another_encoder() -> None:
    words = ["train", "--recipe", str(RECIPE), "--output", "x"]
    for more, encoder in (([], None), (["--encoder", "folder"], "folder")):
        recipe = make_recipe(build_parser().parse_args([*words, *more]))
        assert {plan.encoder for plan in recipe.runs} == {encoder}
        assert recipe.card == ROOT / "weights" / "card.md"


def sentences_of(names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        for row in open_pairs(DATA / f"{name}.tsv.gz"):
            yield from row.sentences


def plain(sentence: str) -> str:
    return " ".join(re.findall(r"\w+", sentence.lower()))


def test_what_was_written_to_learn_from_holds_no_sentence_that_verdicts_are_tried_on_or_of_a_ruler() -> None:
    pairs = [pair for pairs in ruler_pairs().values() for pair in pairs]
    pairs += [row.sentences for row in open_pairs(VERDICTS)]
    written = [row for row in open_pairs(RECIPE.parent / "written_pairs.tsv") if row.error is None]
    known = {plain(sentence) for pair in pairs for sentence in pair}
    assert len(written) > 2_000
    for row in written:
        assert known.isdisjoint(map(plain, row.sentences)), row.line


@needs_data
def test_no_sentence_of_a_benchmark_and_no_held_out_inference_is_learned_from() -> None:
    benchmarks = set(map(plain, sentences_of(BENCHMARKS)))
    held_out = set(filter(is_held_out, sentences_of(("snli/dev", "snli/test"))))
    tried = {frozenset(map(plain, row.sentences)) for row in open_pairs(VERDICTS)}
    for plan in read_recipe(RECIPE, DATA).runs:
        exclude = read_excluded(plan.exclude, plan.exclude_held_out)
        for source in plan.data:
            part = read_examples(
                source, ("similar",), lambda _: None, seed=plan.seed, inference=LABELS, exclude=exclude
            )
            for index, pair in enumerate(part.pairs):
                assert benchmarks.isdisjoint(map(plain, pair)), part.where(index)
                assert held_out.isdisjoint(pair), part.where(index)
                assert frozenset(map(plain, pair)) not in tried, part.where(index)
