"""Training: what its files, words and recipes may hold, and how each thing that cannot be is named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertsim.cli.main import build_parser
from bertsim.cli.train import make_recipe
from bertsim.errors import DataError, InputError
from bertsim.measuring.probes import is_held_out
from bertsim.training.examples import Examples, check_trainable, read_examples
from bertsim.training.plan import Source
from bertsim.training.recipe import head_from, parse_source, read_recipe
from tests.pairs import write_pairs

ROOT = Path(__file__).parent.parent


def read(path: Path, *, skip: bool = False, **options: Any) -> Examples:
    return read_examples(Source(str(path), **options), ("similar",), lambda sentence: None, skip_bad_rows=skip)


# Reading labels


@pytest.mark.parametrize(
    ("cells", "options", "kind", "scale", "targets"),
    [
        (["0", "2.5", "5"], {}, "graded", (0, 5), [0, 0.5, 1]),
        (["0.1", "1"], {}, "graded", (0, 1), [0.1, 1]),
        (["0", "1"], {}, "binary", (0, 1), [0, 1]),
        ([f"{n / 50:.2f}" for n in range(251)], {}, "graded", (0, 5), np.arange(251) / 250),  # sorted
        ([*["0"] * 60, *["1", "5"] * 10], {}, "graded", (0, 5), [*[0] * 60, *[0.2, 1] * 10]),
        (["1", "5"], {"scale": (1, 5)}, "graded", (1, 5), [0, 1]),
        (["entailment", "Neutral", "contradiction"], {}, "inference", (0, 1), [1, 0.5, 0]),
        (["Yes", "no"], {}, "binary", (0, 1), [1, 0]),
        (["entailment", "not_entailment", "entailment"], {}, "binary", (0, 1), [1, 0, 1]),
        (["not duplicate", "duplicate"], {"kind": "binary"}, "binary", (0, 1), [0, 1]),
        (["7", "x"], {"kind": "positives"}, "positives", (0, 1), [1, 1]),
    ],
)
def test_labels_of_every_kind_become_targets(
    tmp_path: Path,
    cells: Sequence[str],
    options: dict[str, Any],
    kind: str,
    scale: tuple[float, float],
    targets: Sequence[float],
) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("sentence1\tsentence2\tlabel\n" + "".join(f"a\tb\t{cell}\n" for cell in cells))
    examples = read(path, **options)
    assert (examples.source.kind, examples.source.scale) == (kind, scale)
    np.testing.assert_allclose(examples.targets[:, 0], targets)


@pytest.mark.parametrize(
    ("row", "options", "message"),
    [
        ("a\tb\t6", {"scale": (0, 5)}, r"pairs\.tsv:4: the label in 'score' is '6', outside the scale from 0 to 5"),
        ("a\tb\t6", {}, r"pairs\.tsv:4: .*outside the scale from 0 to 5 \(scale=LOW:HIGH names another\); mend"),
        ("a\tb\tsame", {}, r"pairs\.tsv:4: the label in 'score' is 'same', and a finite number was expected"),
        ("a\tb\tnan", {}, r"pairs\.tsv:4: the label in 'score' is 'nan', and a finite number"),
        ("\tb\t1", {}, r"pairs\.tsv:4: 'sentence1' is empty"),
        ("a\t1", {}, r"pairs\.tsv:4: the row has 2 fields"),
        ("a\tb\t2", {"kind": "binary"}, r"pairs\.tsv:3: the label in 'score' is '4.5', and 0 or 1 was expected"),
        ("a\tb\tyes", {}, r"pairs\.tsv:4: the label in 'score' is 'yes', and a finite number was expected"),
        ("a\tb\tmaybe", {"kind": "inference"}, r"pairs\.tsv:2: .* one of entailment, neutral, contradiction"),
    ],
)
def test_a_bad_row_is_named_with_file_line_and_value_or_skipped_and_counted(
    tmp_path: Path, row: str, options: dict[str, Any], message: str
) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text(f"sentence1\tsentence2\tscore\na\tb\t1\na\tb\t4.5\n{row}\n")
    with pytest.raises(DataError, match=message):
        read(path, **options)
    if options.get("kind") not in ("binary", "inference"):
        examples = read(path, skip=True, **options)
        assert (len(examples), examples.skipped) == (2, 1)


def test_a_word_that_says_neither_is_named_with_those_that_do(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("sentence1\tsentence2\tlabel\na\tb\tyes\na\tb\tno\na\tb\tmaybe\n")
    with pytest.raises(DataError, match=r"pairs\.tsv:4: .* 'maybe', and 0 or 1 was expected, or one of yes, true, "):
        read(path)


def test_a_sentence_that_the_tokenizer_cannot_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("sentence1\tsentence2\tscore\na\t\u200b\t1\n")

    def check(sentence: str) -> None:
        if sentence == "\u200b":
            raise InputError("the sentence has no character that the tokenizer can read; write at least one word.")

    with pytest.raises(DataError, match=r"pairs\.tsv:2: sentence B: the sentence has no character"):
        read_examples(Source(str(path)), ("similar",), check)


def test_a_missing_column_a_scale_and_one_class_are_named(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("sentence1\tsentence2\tx\na\tb\t1\n")
    with pytest.raises(DataError, match=r"pairs\.tsv: no column is known to be the label .*; name it with label="):
        read(path)
    with pytest.raises(DataError, match=r"pairs\.tsv has no column 'y'"):
        read(path, label="y")
    path.write_text("sentence1\tsentence2\tscore\n" + "a\tb\t70\n" * 3)
    with pytest.raises(DataError, match="labels from 70 to 70 are on a scale that is not known; name it: scale="):
        read(path)
    path.write_text("sentence1\tsentence2\tscore\n" + "a\tb\t1\n" * 3)
    with pytest.raises(DataError, match="every label is 1, one class alone"):
        check_trainable([read(path)], 2)
    with pytest.raises(DataError, match="3 rows are fewer than a batch of 32; add rows or lower the batch size"):
        check_trainable([read(path)], 32)


def test_several_labels_are_columns(tmp_path: Path) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text("sentence1\tsentence2\ttoxic\tangry\na\tb\t1\t0\nc\td\t0\t0\n")
    examples = read_examples(Source(str(path)), ("toxic", "angry"), lambda sentence: None)
    assert examples.targets.tolist() == [[1, 0], [0, 0]]
    with pytest.raises(DataError, match="has no column 'rude' for the label of that name"):
        read_examples(Source(str(path)), ("toxic", "rude"), lambda sentence: None)


def test_so_many_rows_are_drawn_the_same_ones_for_a_seed(tmp_path: Path) -> None:
    path = write_pairs(tmp_path / "pairs.tsv", 50)
    first, again = read(path, take=7), read(path, take=7)
    assert first.pairs == again.pairs
    assert len(first) == 7


def test_words_become_a_source_and_wrong_ones_are_named() -> None:
    source = parse_source(["x.tsv", "scale=1:5", "weight=0.5", "take=10", "columns=a,b"])
    assert source == Source("x.tsv", scale=(1.0, 5.0), weight=0.5, take=10, columns=("a", "b"))
    for given, message in (
        (["x.tsv", "scale=low:5"], "scale is 'low:5', which cannot be read"),
        (["x.tsv", "scale=5"], "--data: scale is [5.0]; a list of 2 was expected"),
        (["x.tsv", "scale=5:1"], "two numbers, low and high"),
        (["x.tsv", "weight=-1"], "weight is -1.0; a number from 1e-06"),
        (["x.tsv", "kind=odd"], "kind is 'odd'; known are graded"),
        (["x.tsv", "pattern=[a-z"], "pattern is '[a-z', no regular expression: unterminated character set"),
        (["x.tsv", "colour=red"], "takes one FILE and key=value words"),
    ):
        with pytest.raises(InputError, match=re.escape(message)):
            parse_source(given)
    with pytest.raises(InputError, match=r"--dev takes one FILE and key=value words, but got 'x\.tsv y\.tsv'"):
        parse_source(["x.tsv", "y.tsv"], "--dev")
    with pytest.raises(InputError, match="--head: kind is 'lstm'; known are bilstm, pooled, mean"):
        head_from({"kind": "lstm"})


def test_a_recipe_takes_another_encoder_and_never_its_own_revision_for_it(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(
        'encoder = "user/one"\nrevision = "v1"\ndev = {path = "dev.tsv"}\ndata = [{path = "train.tsv"}]\n'
        '[[run]]\nheads = [{kind = "mean"}]\n'
    )
    for words, expected in (
        ([], ("user/one", "v1")),
        (["--revision", "v2"], ("user/one", "v2")),
        (["--encoder", "user/two"], ("user/two", None)),
        (["--encoder", "user/two", "--revision", "v3"], ("user/two", "v3")),
    ):
        args = build_parser().parse_args(["train", "--recipe", str(path), "--output", "x", *words])
        (plan,) = make_recipe(args).runs
        assert (plan.encoder, plan.revision) == expected


def test_units_are_those_of_the_heads_that_have_them() -> None:
    given = ["--data", "x.tsv", "--dev", "x.tsv", "--head", "bilstm", "mean", "--units", "8", "4", "--dropout", "0.3"]
    (plan,) = make_recipe(build_parser().parse_args(["train", "--output", "x", *given])).runs
    assert [(head.name, head.units, head.dropout) for head in plan.heads] == [
        ("bilstm", (8, 4), 0.3),
        ("mean", (), 0.3),
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--head", "pooled", "--units", "8"], "--units goes with --head bilstm alone; add that, or leave it out."),
        (["--head", "mean", "--encoder-learning-rate", "0.5"], "--encoder-learning-rate goes with --tune all alone; "),
        (["--tune", "all", "--dropout", "0.3"], "--dropout goes with --head alone; add that, or leave it out."),
        (["--tune", "all", "--learning-rate", "0.5"], "--learning-rate goes with --head alone; add that, or"),
    ],
)
def test_an_option_that_nothing_in_the_run_goes_by_is_refused(given: Sequence[str], message: str) -> None:
    words = ["train", "--output", "x", "--data", "x.tsv", "--dev", "x.tsv", *given]
    with pytest.raises(InputError, match=re.escape(message)):
        make_recipe(build_parser().parse_args(words))


def test_a_recipe_holds_runs_and_refuses_unknown_keys(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(
        'seed = 3\n[dev]\npath = "dev.tsv"\n[[data]]\npath = "train.tsv"\n'
        '[[run]]\nheads = [{kind = "mean"}]\nepochs = 1\n[[run]]\nheads = [{kind = "bilstm", units = [8]}]\n'
    )
    first, second = read_recipe(path, tmp_path).runs
    assert (first.seed, first.epochs, first.heads[0].dropout) == (3, 1, 0.2)
    assert second.heads[0].units == (8,)
    assert second.dev.path == str(tmp_path / "dev.tsv")
    path.write_text(path.read_text() + "speed = 3\n")
    with pytest.raises(InputError, match=r"recipe\.toml: speed is not known; known are batch_size"):
        read_recipe(path, tmp_path)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"epochs": '"3"'}, "epochs is '3'; a whole number was expected."),
        ({"epochs": "true"}, "epochs is True; a whole number was expected."),
        ({"seed": "1.5"}, "seed is 1.5; a whole number was expected."),
        ({"learning_rate": '"fast"'}, "learning_rate is 'fast'; a finite number was expected."),
        ({"encoder": "3"}, "encoder is 3; a text was expected."),
        ({"dev": '"dev.tsv"'}, "dev: 'dev.tsv' was found where a table was expected."),
        ({"data": "3"}, "data is 3; a list was expected."),
        ({"data": "[]"}, "data is (); something to train on was expected"),
        *(
            (
                {"heads": f'[{{kind = "mean", name = "{name}"}}]'},
                f"heads[0]: name is '{name}'; another scorer has it; give the head one of its own.",
            )
            for name in ("cosine", "alignment", "combined", "tfidf", "all")
        ),
        ({"data": '["x.tsv"]'}, "'x.tsv' was found where a table was expected."),
        ({"data": "[{path = 3}]"}, "path is 3; a text was expected."),
        ({"data": '[{path = "x.tsv", pattern = 3}]'}, "pattern is 3; a text was expected."),
        ({"data": '[{path = "x.tsv", take = inf}]'}, "take is inf; a whole number was expected."),
        ({"heads": '["mean"]'}, "'mean' was found where a table was expected."),
        ({"heads": '[{kind = "bilstm", units = 8}]'}, "recipe.toml: heads[0]: units is 8; a list was expected."),
        ({"mix": "{news = 1}"}, "mix.news is 1; a list was expected."),
    ],
)
def test_a_value_of_another_type_is_named(tmp_path: Path, changed: dict[str, str], message: str) -> None:
    path = tmp_path / "recipe.toml"
    run = {"data": '[{path = "x.tsv"}]', "dev": '{path = "x.tsv", group = "g"}', "heads": '[{kind = "mean"}]'}
    path.write_text("[[run]]\n" + "".join(f"{key} = {value}\n" for key, value in (run | changed).items()))
    with pytest.raises(InputError, match=re.escape(message)):
        read_recipe(path, tmp_path)


@pytest.mark.parametrize(
    ("mix", "group", "message"),
    [
        ("{news = [1.0, 0.5]}", "", "mix takes the place of similar_share and needs dev with a group=COLUMN"),
        (
            "{news = [0.5, 0.5]}",
            "genre",
            "mix is .*; by group its share of all pairs, together 1, and the share of similar ones",
        ),
        ("{news = [1.0, 1.0]}", "genre", r"mix is {'news': \(1.0, 1.0\)}; .* above 0 and below 1"),
        ("{news = [1.0, 0.5]}", "genre", None),
    ],
)
def test_the_mix_that_dev_is_weighed_to_is_checked(tmp_path: Path, mix: str, group: str, message: str | None) -> None:
    path = tmp_path / "recipe.toml"
    dev = f'{{path = "dev.tsv"{f", group = {group!r}" if group else ""}}}'
    run = '[[run]]\ndata = [{path = "train.tsv"}]\nheads = [{kind = "mean"}]\n'
    path.write_text(f"mix = {mix}\ndev = {dev}\n{run}")
    if message is None:
        assert read_recipe(path, tmp_path).runs[0].mix == {"news": (1.0, 0.5)}
    else:
        with pytest.raises(InputError, match=message):
            read_recipe(path, tmp_path)


def test_held_out_sentences_are_never_trained_on(tmp_path: Path) -> None:
    rows = [(f"Sentence {i}.", f"Another {i}.") for i in range(60)]
    (tmp_path / "x.tsv").write_text("a\tb\n" + "".join(f"{a}\t{b}\n" for a, b in rows))
    source = Source(str(tmp_path / "x.tsv"), "positives", hold_out=True)
    kept = read_examples(source, ("similar",), lambda sentence: None).pairs
    assert kept == tuple(pair for pair in rows if not any(map(is_held_out, pair)))
    assert len(kept) < 60
    assert parse_source(["x.tsv", "hold_out=yes"]).hold_out
    with pytest.raises(InputError, match="hold_out is 'maybe', which cannot be read"):
        parse_source(["x.tsv", "hold_out=maybe"])


def test_pairs_that_do_not_match_the_pattern_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text("a\tb\nfour\t4\nfour\tquadruple\nfour-fold\tquadruple\nfour\tquadruple!\n")
    source = parse_source([str(path), "kind=positives", "pattern=[a-z -]+"])
    kept = read_examples(source, ("similar",), lambda sentence: None)
    assert kept.pairs == (("four", "quadruple"), ("four-fold", "quadruple"))
    assert kept.lines.tolist() == [3, 4]
    with pytest.raises(DataError, match=r"x\.tsv has no row .* whose sentences match '\[0-9\]\+'"):
        read_examples(replace(source, pattern="[0-9]+"), ("similar",), lambda sentence: None)
    (tmp_path / "x.txt").write_text("It is hot here.\nIt is hot here, they said.\n")
    edits = Source(str(tmp_path / "x.txt"), "edits", edit="negation", pattern=r"[^,]+")
    made = read_examples(edits, ("similar",), lambda sentence: None)
    assert set(made.lines.tolist()) == {1}


def test_text_becomes_pairs_with_two_nouns_swapped_that_are_not_similar(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("The dog chased a big cat home.\nNothing here.\nA boy saw the boy.\nMy hat is on the bed.\n")
    found = read_examples(Source(str(path), "swaps"), ("similar",), lambda sentence: None)
    assert dict(zip(found.lines.tolist(), found.pairs, strict=True)) == {  # drawn in an order of the seed
        1: ("The dog chased a big cat home.", "The big chased a dog cat home."),
        4: ("My hat is on the bed.", "My bed is on the hat."),
    }
    assert found.targets.tolist() == [[0.0], [0.0]]
    path.write_text("Nothing here.\n")
    with pytest.raises(DataError, match=r"x\.txt has no sentence to make swaps of"):
        read_examples(Source(str(path), "swaps"), ("similar",), lambda sentence: None)


def test_groups_are_read_from_a_column_that_must_be_there(tmp_path: Path) -> None:
    source = Source(str(tmp_path / "dev.tsv"), group="genre")
    (tmp_path / "dev.tsv").write_text("sentence1\tsentence2\tscore\tgenre\na dog\ta cat\t1\tnews\na\tb\t5\tforum\n")
    assert read_examples(source, ("similar",), lambda sentence: None).groups == ("news", "forum")
    with pytest.raises(DataError, match=r"dev\.tsv has no column 'kind' for the group of each pair"):
        read_examples(replace(source, group="kind"), ("similar",), lambda sentence: None)


def test_the_shipped_recipe_can_be_read() -> None:
    for plan in read_recipe(ROOT / "weights" / "recipe.toml", Path("data")).runs:
        assert not any(name in source.path for source in plan.data for name in ("sick", "mrpc"))
