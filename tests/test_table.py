"""The table function, and what `score` makes of it: several scorers, probabilities, references, Parquet."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from bertsim import SimilarityModel
from bertsim.batch.table import NewColumns, TableScorer
from bertsim.batch.writing import TableLayout
from bertsim.errors import InputError
from bertsim.records import Row

A, B = "A man is playing a guitar.", "Somebody plays the guitar on a stage."
PAIRS = [(A, B), ("It rains.", "It is raining."), ("I like it \U0001f44d", "I like it."), ("The dog sleeps.", A)]
NEW = ["unknown_tokens", "cut_tokens", "error"]


def scorer_of(
    model: SimilarityModel, *scorers: str, sentences: Sequence[str] = ("a", "b"), probability: bool = False, **more: Any
) -> TableScorer:
    return TableScorer(model, tuple(sentences), scorers, NewColumns.named(scorers, probability=probability), more)


def table_of(*rows: Sequence[object], names: Sequence[str] = ("a", "b")) -> pa.Table:
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


# ---- the table function


@pytest.mark.parametrize("kind", ["table", "batch"])
def test_a_table_comes_back_with_its_scores_behind_its_columns(model: SimilarityModel, kind: str) -> None:
    table = table_of(*PAIRS).add_column(0, "id", pa.array([4, 3, 2, 1], pa.int8()))
    given = table if kind == "table" else table.to_batches()[0]
    found = scorer_of(model, "cosine")(given)
    assert type(found) is type(given)
    assert found.select(table.column_names).equals(given)
    assert found.schema.names == ["id", "a", "b", "score", *NEW]
    assert [str(kind) for kind in found.schema.types[3:]] == ["float", "int32", "int32", "string"]
    np.testing.assert_array_equal(found.column("score").to_numpy(), model.score(PAIRS))
    assert found.column("unknown_tokens").to_pylist() == [0, 0, 1, 0]
    assert found.column("error").to_pylist() == [None] * 4
    assert found.slice(0, 0).equals(scorer_of(model, "cosine")(given.slice(0, 0)))


def test_several_scorers_have_their_names_and_read_every_sentence_and_pair_once(
    model: SimilarityModel, encoded: list[Row]
) -> None:
    scorers = "combined", "cosine", "alignment_recall", "nli"
    found = scorer_of(model, *scorers)(table_of(*PAIRS, *PAIRS[:2]))
    assert found.column_names == ["a", "b", *scorers, *NEW]
    assert len(encoded) == len(set(encoded)) == 7 + 4, "seven sentences, four pairs"
    for name in scorers:
        want = model.score([*PAIRS, *PAIRS[:2]], scorer=name)
        np.testing.assert_allclose(found.column(name).to_numpy(), want, atol=1e-5)


def test_a_probability_is_null_where_it_is_withheld_or_there_is_none(model: SimilarityModel) -> None:
    found = scorer_of(model, "cosine", "nli", probability=True)(table_of(*PAIRS)).to_pydict()
    wanted = model.calibrate("cosine", model.score(PAIRS))
    assert wanted is not None
    assert found["cosine_probability"] == [*map(float, wanted[:2]), None, float(wanted[3])]
    assert found["nli_probability"] == [None] * 4, "which is a probability of its own"
    assert None not in found["cosine"]
    other = scorer_of(model, "cosine", probability=True, pooling="max")(table_of(*PAIRS))
    assert other.column("probability").to_pylist() == [None] * 4, "the calibration is of another pooling"
    assert model.calibrate("cosine", wanted, pooling="max") is None
    assert model.calibrate("pooled", wanted, pooling="max") is not None


def test_what_was_not_read_is_counted_over_both_sentences(model: SimilarityModel) -> None:
    pairs = [("\U0001f44d good \U0001f44d", "☃ good"), ("rain " * 30, "rain " * 20), ("x" + " " * 20_000 + "y", "x")]
    found = scorer_of(model, "cosine", max_length=12)(table_of(*pairs))
    counts = [model.count_tokens(pair, 12) for pair in pairs]
    assert found.column("unknown_tokens").to_pylist() == [a.unknown + b.unknown for a, b in counts] == [3, 0, 0]
    assert found.column("cut_tokens").to_pylist() == [a.cut + b.cut for a, b in counts] == [0, 30, 1]


def test_a_bad_row_has_nulls_and_its_reason_and_costs_its_neighbours_nothing(model: SimilarityModel) -> None:
    bad = {
        (None, B): "there is no 'a'",
        (A, None): "there is no 'b'",
        (A, " \t"): "'b' is empty",
        ("\u200b", B): "'a' '\\u200b' has no character that the tokenizer can read; write at least one word",
    }
    rows = [row for each in zip(bad, PAIRS, strict=True) for row in each]
    found = scorer_of(model, "cosine", "combined", probability=True)(table_of(*rows))
    alone = scorer_of(model, "cosine", "combined", probability=True)(table_of(*PAIRS))
    assert found.take([1, 3, 5, 7]).equals(alone)
    left = found.take([0, 2, 4, 6])
    assert left.column("error").to_pylist() == [*bad.values()]
    assert all(left.column(name).null_count == 4 for name in found.column_names[2:-1])
    none = scorer_of(model, "cosine")(table_of(*bad))
    assert (none.column("score").null_count, none.column("error").to_pylist()) == (4, [*bad.values()])


def test_what_is_no_text_is_a_bad_row_too(model: SimilarityModel) -> None:
    numbers = pa.table({"a": [1, None], "b": [A, B]})
    assert scorer_of(model, "cosine")(numbers).column("error").to_pylist() == [
        "'a' holds 1, which is not text",
        "there is no 'a'",
    ]
    torn = pa.array([b"caf\xe9", b"It rains."], pa.binary()).view(pa.string())
    found = scorer_of(model, "cosine")(pa.table({"a": torn, "b": [A, B]}))
    assert found.column("error").to_pylist() == ["'a' holds \"b'caf\\\\xe9'\", which is not text", None]
    assert found.column("score").is_null().to_pylist() == [True, False]


def test_a_row_that_had_an_error_keeps_it_and_is_not_scored(model: SimilarityModel, encoded: list[Row]) -> None:
    table = table_of((None, "torn", None), (A, None, B), (A, "", B), names=("a", "error", "b"))
    found = scorer_of(model, "dot")(table)
    assert found.column_names == ["a", "b", "score", *NEW]
    assert found.column("error").to_pylist() == ["torn", None, None]
    assert found.column("score").is_null().to_pylist() == [True, False, False]
    assert len(encoded) <= 2
    assert scorer_of(model, "dot")(found.drop_columns(found.column_names[2:-1])).equals(found), "as often as wanted"


def test_a_column_that_is_there_already_is_never_doubled(model: SimilarityModel) -> None:
    table = table_of((A, B, 1), names=("a", "b", "score"))
    with pytest.raises(InputError) as raised:
        scorer_of(model, "cosine")(table)
    assert str(raised.value) == "the table has a column 'score' already; choose another name for the new one."


def test_of_several_references_the_best_counts_and_empty_ones_are_left_out(model: SimilarityModel) -> None:
    names, scorers = ("a", "b", "c", "d"), ("alignment_precision", "alignment_recall", "alignment")
    rows = [(A, B, "It rains.", A), (A, "It rains.", None, " "), (A, "", "", None), (None, A, A, A), (A, None, B, "☃")]
    found = scorer_of(model, *scorers, sentences=names, probability=True)(table_of(*rows, names=names))
    three = model.alignment([A, A, A], [[B, "It rains.", A], ["It rains."], [B, "☃"]])
    for name, want in zip(scorers, three, strict=True):
        np.testing.assert_allclose(found.column(name).take([0, 1, 4]).to_numpy(), want, atol=1e-5)
    reasons = "'b' is empty", "there is no 'a'"
    assert found.column("error").to_pylist() == [None, None, *reasons, None]
    assert found.column("unknown_tokens").to_pylist() == [0, 0, None, None, 1]
    assert found.column("alignment_probability").is_null().to_pylist() == [False, False, True, True, True]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda model: scorer_of(model, "alignment", "cosine", sentences="abc"),
            "several references are for alignment, alignment_precision, alignment_recall alone, and cosine was asked"
            " for; name two columns of sentences.",
        ),
        (
            lambda model: scorer_of(model, "dot", sentences="a"),
            "the columns of sentences are 'a'; name two different ones.",
        ),
        (
            lambda model: scorer_of(model, "dot", sentences="aa"),
            "the columns of sentences are 'a', 'a'; name two different ones.",
        ),
        (lambda model: scorer_of(model, "x"), "scorer is 'x'; known are cosine, dot, "),
        (lambda model: scorer_of(model, "dot", pooling="x"), "pooling is 'x'"),
        (
            lambda _: NewColumns.named(["dot", "cosine"], score="s"),
            "the score column 's' is for one scorer, and 2 were asked for; their columns have their names, behind a"
            " prefix.",
        ),
        (
            lambda _: NewColumns.named(["dot"], score="cut_tokens"),
            "two of the new columns are called 'cut_tokens'; choose another score column, error column or prefix.",
        ),
        (
            lambda _: NewColumns.named(["error", "dot"]),
            "two of the new columns are called 'error'; choose another score column, error column or prefix.",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    model: SimilarityModel, make: Callable[[SimilarityModel], object], said: str
) -> None:
    with pytest.raises(InputError) as raised:
        make(model)
    assert str(raised.value).startswith(said)


def test_an_option_that_fails_only_when_it_is_used_is_no_fault_of_the_rows(
    model: SimilarityModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = model._engine.encode
    monkeypatch.setattr(model._engine, "encode", lambda *rows, **how: replace(encode(*rows, **how), pooler_output=None))
    with pytest.raises(InputError, match="has no pooler; choose another pooling"):
        scorer_of(model, "cosine", pooling="pooler")(table_of(*PAIRS))


def test_names_of_new_columns() -> None:
    named = NewColumns.named
    assert [*named(["cosine"])] == ["score", *NEW]
    assert [*named(["dot", "nli"], probability=True)] == ["dot", "nli", "dot_probability", "nli_probability", *NEW]
    assert [*named(["dot"], probability=True, prefix="m_")] == [
        "m_score",
        "m_probability",
        *(f"m_{name}" for name in NEW),
    ]
    assert [*named(["dot"], score="s", error="e", prefix="m_")] == ["s", "m_unknown_tokens", "m_cut_tokens", "e"]


# ---- Parquet


def written(tmp_path: Path, *chunks: Sequence[dict[str, object]]) -> pa.Table:
    """What is read of a Parquet file that chunks of rows were written to."""
    names = list(dict.fromkeys(name for rows in chunks for row in rows for name in row))
    layout = TableLayout.of(tmp_path / "s.parquet", names, ["score"])
    scores = [pa.table({"score": pa.array([0.25] * len(rows), pa.float32())}) for rows in chunks]
    parts = [layout.chunk(rows, made, with_header=True)[0] for rows, made in zip(chunks, scores, strict=True)]
    (tmp_path / "partial").write_bytes(b"".join(parts))
    assert layout.convert is not None
    layout.convert(tmp_path / "partial", tmp_path / "s.parquet")
    return parquet.read_table(tmp_path / "s.parquet")


@pytest.mark.parametrize(
    ("first", "second", "kind", "values"),
    [
        (["x"], [None], "string", ["x", None]),
        ([1, None], [3], "int64", [1, None, 3]),
        ([1], [0.5], "double", [1, 0.5]),
        ([True], [None], "bool", [True, None]),
        ([1], ["x"], "string", ["1", "x"]),
        ([1, "x"], [2], "string", ["1", "x", "2"]),
        ([True], [2], "string", ["true", "2"]),
        ([2**70], [1], "string", [str(2**70), "1"]),
        ([None], [None], "string", [None, None]),
        ([[0.5, 1.5]], [[2.5]], "list<element: double>", [[0.5, 1.5], [2.5]]),
        ([[1]], [["x"]], "string", ["[1]", '["x"]']),
        ([{"x": 1}], [{"y": "é"}], "string", ['{"x": 1}', '{"y": "é"}']),
        ([[{}]], [[]], "string", ["[{}]", "[]"]),
        (["\ud800 x"], ["y"], "string", ["\\ud800 x", "y"]),
    ],
)
def test_a_column_has_its_own_type_where_it_is_one(
    tmp_path: Path, first: list[object], second: list[object], kind: str, values: list[object]
) -> None:
    found = written(tmp_path, [{"x": value} for value in first], [{"x": value} for value in second])
    assert (str(found.schema.field("x").type), found.column("x").to_pylist()) == (kind, values)
    assert str(found.schema.field("score").type) == "float"


def test_a_key_that_some_rows_lack_is_null_and_many_chunks_are_few_row_groups(tmp_path: Path) -> None:
    chunks = [[{"x": number}, {"y": "z"}] for number in range(70)]
    found = written(tmp_path, *chunks)
    assert found.column("x").to_pylist()[:4] == [0, None, 1, None]
    assert found.column("y").null_count == 70
    assert parquet.read_metadata(tmp_path / "s.parquet").num_row_groups == 3


# ---- the command


@pytest.fixture
def pairs_file(tmp_path: Path) -> Path:
    path = tmp_path / "p.jsonl"
    rows = [{"id": number, "a": a, "b": b} for number, (a, b) in enumerate(PAIRS)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in [*rows, {"id": 9, "a": 3, "b": "x"}]), encoding="utf-8")
    return path


def test_two_sentences_by_several_scorers(cli: Any, model: SimilarityModel) -> None:
    found = model.compare(A, B, scorers=["cosine", "combined", "alignment_recall"])
    told = "calibrated: the probability that people would call the two similar"
    cosine, combined, recall = found.scores
    assert cli("score", A, B, "--scorer", "cosine, combined,alignment_recall").out.splitlines() == [
        f"{cosine.value:.4f}  cosine similarity, from -1 to 1 (higher = more similar)",
        f"{cosine.probability:.4f}  {told}",
        f"{combined.value:.4f}  combined probability, from 0 to 1 (higher = more similar)",
        f"{combined.probability:.4f}  {told}",
        f"{combined.value_reversed:.4f}  combined probability in the other order, (B, A)",
        f"{recall.value:.4f}  alignment_recall similarity, from 0 to 1 (higher = more similar)",
        f"{recall.value_reversed:.4f}  alignment_recall similarity in the other order, (B, A)",
    ]
    assert cli("score", A, B, "--scorer", "cosine,combined,nli", "--probability").out.splitlines() == [
        f"{cosine.probability:.4f}  cosine, {told}",
        f"{combined.probability:.4f}  combined, {told}",
        "none    nli: it has no calibrated probability of this pair",
    ]
    withheld = cli("score", A, "\u2603", "--probability")
    assert withheld.out == "none    cosine: it has no calibrated probability of this pair\n"
    assert "nothing was read of sentence B" in withheld.err


def test_several_scorers_as_json_are_those_that_were_asked_for(cli: Any, model: SimilarityModel) -> None:
    found = json.loads(cli("score", A, B, "--json", "--scorer", "alignment,alignment_precision").out)
    assert [score["scorer"] for score in found["scores"]] == ["alignment", "alignment_precision"]
    assert "value" not in found
    assert found["tokens_a"][0] == "[CLS]"
    one = json.loads(cli("score", A, B, "--json", "--scorer", "alignment_precision").out)
    assert one["value"] == found["scores"][1]["value"]
    assert [score["scorer"] for score in one["scores"]] == [*model.scorers, "alignment_precision"]


def test_a_file_gets_columns_of_every_scorer(cli: Any, model: SimilarityModel, pairs_file: Path) -> None:
    output = pairs_file.with_name("s.jsonl")
    words = ["--scorer", "cosine,combined", "--probability", "--prefix", "m_"]
    done = cli("score", "--input", pairs_file, "--output", output, *words)
    assert done.status == 0
    assert "4 of 5 pairs scored; 1 could not be, see the column 'm_error'." in done.err
    *good, bad = map(json.loads, output.read_text(encoding="utf-8").splitlines())
    new = ["m_cosine", "m_combined", "m_cosine_probability", "m_combined_probability", *(f"m_{name}" for name in NEW)]
    assert list(good[0]) == ["id", "a", "b", *new]
    want = model.scores(PAIRS, ["cosine", "combined"])
    for name in want:
        np.testing.assert_allclose([row[f"m_{name}"] for row in good], want[name], atol=1e-5)
    assert [row["m_unknown_tokens"] for row in good] == [0, 0, 1, 0]
    assert [row["m_cosine_probability"] is None for row in good] == [False, False, True, False]
    assert bad == {"id": 9, "a": 3, "b": "x", **dict.fromkeys(new), "m_error": "'a' holds 3, which is not text"}


def test_what_is_cut_off_a_packed_pair_is_counted_and_takes_the_probability(
    cli: Any, model: SimilarityModel, tmp_path: Path
) -> None:
    one, other = ("dog " * 130 + end for end in ("barks", "sleeps"))  # 256 tokens hold either, and not the two
    path = tmp_path / "p.jsonl"
    path.write_text("".join(f"{json.dumps({'a': a, 'b': b})}\n" for a, b in [(one, other), (one, one), PAIRS[1]]))
    found = {}
    for scorers in ("cosine", "pooled", "cosine,pooled"):
        output = tmp_path / "s.jsonl"
        done = cli("score", "--input", path, "--output", output, "--scorer", scorers, "--probability")
        found[scorers] = [json.loads(line) for line in output.read_text().splitlines()]
        was_cut = "4 sentences were cut off: only the first 256 tokens of a pair were read; --max-length sets"
        assert (was_cut in done.err) == ("pooled" in scorers)
    assert [row["cut_tokens"] for row in found["cosine"]] == [0, 0, 0]
    assert [row["probability"] is None for row in found["cosine"]] == [False] * 3
    for scorers, name in (("pooled", "probability"), ("cosine,pooled", "pooled_probability")):
        assert [row["cut_tokens"] for row in found[scorers]] == [10, 11, 0]
        assert [row[name] is None for row in found[scorers]] == [True, True, False]
    assert [row["cosine_probability"] is None for row in found["cosine,pooled"]] == [False] * 3
    pair = cli("score", one, other, "--scorer", "pooled", "--json", "--probability")
    assert json.loads(pair.out)["cut_tokens_together"] == [5, 5]
    assert pair.err.splitlines() == [
        "bertsim: read together, A and B share 256 tokens, and 5 of A and 5 of B are cut off.",
        "bertsim: what was not read of A and of B differs, so no score of the two read together has a probability or"
        " says that they are the same.",
    ]
    comparison = model.compare(one, other)
    assert model.verdict(comparison) is None
    told = {score.scorer: score.probability is None for score in comparison.scores}
    assert told == {name: name in model.scorers_of("packed") for name in model.scorers}


def test_a_file_becomes_parquet_with_types(cli: Any, model: SimilarityModel, pairs_file: Path) -> None:
    output = pairs_file.with_name("s.parquet")
    assert cli("score", "--input", pairs_file, "--output", output).status == 0
    table = parquet.read_table(output)
    assert [(each.name, str(each.type)) for each in table.schema] == [
        *(("id", "int64"), ("a", "string"), ("b", "string"), ("score", "float")),
        *(("unknown_tokens", "int32"), ("cut_tokens", "int32"), ("error", "string")),
    ]
    np.testing.assert_array_equal(table.column("score").to_numpy()[:4], model.score(PAIRS))
    assert table.column("a").to_pylist()[-1] == "3"
    again = pairs_file.with_name("again.parquet")
    assert cli("score", "--input", output, "--output", again, "--prefix", "x_", "--scorer", "dot").status == 0
    assert parquet.read_table(again).select(table.column_names).cast(table.schema).equals(table)
    assert sorted(path.name for path in pairs_file.parent.iterdir()) == ["again.parquet", "p.jsonl", "s.parquet"]


def test_parquet_holds_what_came_in_chunks_of_other_types_without_a_loss(tmp_path: Path) -> None:
    layout, output = TableLayout("parquet", False, ("tags", "id", "n", "x", "none"), ()), tmp_path / "s.parquet"
    chunks: list[list[dict[str, Any]]] = [
        [{"tags": [], "id": 2**53 + 1, "n": 3, "x": [1], "none": None}],
        [{"tags": ["x"], "id": 0.5, "n": 0.5, "x": [0.5], "none": None}],
    ]
    data = [layout.chunk(rows, pa.table({}), with_header=False)[0] for rows in chunks]
    partial = tmp_path / "s.partial"
    partial.write_bytes(b"".join(data))
    assert layout.convert
    layout.convert(partial, output)
    table = parquet.read_table(output)
    assert [str(each).replace("element", "item") for each in table.schema.types] == [
        *("list<item: string>", "string", "double", "list<item: double>", "string")
    ]
    assert table.to_pylist() == [
        {"tags": [], "id": "9007199254740993", "n": 3.0, "x": [1.0], "none": None},
        {"tags": ["x"], "id": "0.5", "n": 0.5, "x": [0.5], "none": None},
    ]


def test_several_references_of_a_file(cli: Any, model: SimilarityModel, tmp_path: Path) -> None:
    path, output = tmp_path / "p.jsonl", tmp_path / "s.tsv"
    rows = [(A, "", B), (A, "It rains.", A), ("", B, B), (A, "", None), (A, B, 3), (A, A, "\ud800"), (A, "☃", "")]
    path.write_text("".join(f"{json.dumps(dict(zip('xyz', row, strict=True)))}\n" for row in rows), encoding="utf-8")
    done = cli("score", "--input", path, "--columns", *"xyz", "--output", output, "--scorer", "alignment")
    assert done.err.splitlines()[:5] == [
        f"bertsim: {path}:3: 'x' is empty; left without a score.",
        f"bertsim: {path}:4: 'y' is empty; left without a score.",
        f"bertsim: {path}:5: 'z' holds 3, which is not text; left without a score.",
        f"bertsim: {path}:6: 'z' holds half a surrogate pair, which is not text; left without a score.",
        f"bertsim: {path}:7: nothing was read of y; its score says nothing.",
    ]
    _, *lines = (line.split("\t") for line in output.read_text(encoding="utf-8").splitlines())
    np.testing.assert_allclose([float(line[3]) for line in lines[:2]], model.alignment([A, A], [B, A]).f1, atol=5e-3)
    assert [bool(line[3]) for line in lines] == [True, True, False, False, False, False, True]


def test_several_references_are_named_by_number_too(cli: Any, tmp_path: Path) -> None:
    path, output = tmp_path / "p.csv", tmp_path / "s.jsonl"
    path.write_text(f"{A};{B};It rains.\n{A};It rains.;\n", encoding="utf-8")
    words = ["--columns", 1, 2, 3, "--no-header", "--scorer", "alignment"]
    done = cli("score", "--input", path, "--output", output, *words)
    assert done.taken == [
        f'bertsim: {path}: CSV, semicolon, quotes, utf-8, no header; sentences "column1" and "column2" and "column3".'
    ]
    best, least = [json.loads(line)["score"] for line in output.read_text().splitlines()]
    assert best > least


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--columns", "a"], "{path}: two different columns hold the sentences, but 'a' was named."),
        (["--columns", "a", "b", "z"], "{path} has no column 'z'; it has 'id', 'a', 'b'."),
        (
            ["--columns", "a", "b", "id", "--scorer", "alignment,nli"],
            "several references are for alignment, alignment_precision, alignment_recall alone, and nli was asked for;"
            " name two columns of sentences.",
        ),
        (
            ["--columns", "a", "b", "a", "--scorer", "alignment"],
            "{path}: two different columns hold the sentences, but 'a', 'b', 'a' was named.",
        ),
        (
            ["--scorer", "dot,cosine", "--score-column", "s"],
            "the score column 's' is for one scorer, and 2 were asked for; their columns have their names, behind a"
            " prefix.",
        ),
        (["--score-column", "id"], "{path} already has a column 'id'; name the new one with --score-column."),
        (["--error-column", "a"], "{path} already has a column 'a'; name the new one with --error-column."),
    ],
)
def test_words_that_do_not_fit_a_file_are_refused(cli: Any, pairs_file: Path, words: list[str], said: str) -> None:
    done = cli("score", "--input", pairs_file, "--output", pairs_file.with_name("s.tsv"), *words)
    assert done.refusal == said.format(path=pairs_file)
    assert list(pairs_file.parent.iterdir()) == [pairs_file]


@pytest.mark.parametrize("column", ["cosine", "cosine_probability", "unknown_tokens", "cut_tokens"])
def test_of_columns_that_the_file_has_already_the_option_is_named_that_helps(
    cli: Any, tmp_path: Path, column: str
) -> None:
    path, output = tmp_path / "p.tsv", tmp_path / "s.tsv"
    path.write_text(f"a\tb\t{column}\n{A}\t{B}\t1\n", encoding="utf-8")
    words = ["score", "--input", path, "--output", output, "--scorer", "cosine,dot", "--probability"]
    said = f"{path} already has a column {column!r}; name the new one with --prefix, which goes before new names."
    assert cli(*words).refusal == said
    assert cli(*words, "--prefix", "new_").status == 0
