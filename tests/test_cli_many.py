"""Files of sentences on the command line: `rank`, `matrix` and `duplicates`."""

from __future__ import annotations

import csv
import io
import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bertsim.data.pairs import open_pairs
from bertsim.records import ALIGNMENT_PARTS

SENTENCES = [
    "The soup is cold.",
    "Planes take off and land here.",
    "An aeroplane departs.",
    "It rains in the city.",
    "A plane is leaving.",
]
QUERIES = ["A plane is taking off.", "It is raining."]


def text_file(path: Path, sentences: list[str]) -> Path:
    path.write_text("".join(f"{sentence}\n" for sentence in sentences), encoding="utf-8")
    return path


@pytest.fixture
def lines(tmp_path) -> Path:
    return text_file(tmp_path / "lines.txt", SENTENCES)


def printed_row(line: str) -> tuple[int, float, str, int, str]:
    rank, score, probability, number, sentence = line.split(maxsplit=4)
    return int(rank), float(score), probability, int(number), sentence


# ---- rank


def test_the_best_sentences_are_printed_with_score_probability_and_line(cli, model, lines):
    done = cli("rank", QUERIES[0], "--input", lines, "--top", 3)
    assert (done.status, done.err) == (0, "")
    head, *rows = done.out.splitlines()
    assert head.split() == ["rank", "score", "probability", "line", "sentence"]
    expected = model.rank(QUERIES[0], SENTENCES, top=3)
    assert [printed_row(row) for row in rows] == [
        (rank, round(each.score, 4), f"{each.probability:.4f}", each.index + 1, SENTENCES[each.index])
        for rank, each in enumerate(expected, 1)
    ]


def test_ten_are_found_where_nobody_says_how_many(cli, tmp_path):
    many = text_file(tmp_path / "many.txt", [f"There are {number} dogs." for number in range(12)])
    assert cli("rank", "Dogs.", "--input", many).out.count("\n") == 11
    assert cli("rank", "Dogs.", "--input", many, "--top", 99).out.count("\n") == 13


def test_queries_of_a_file_are_those_of_the_command_line(cli, tmp_path, lines):
    listed = cli("rank", "--input", lines, "--top", 1, *QUERIES)
    assert listed.out.splitlines()[::3] == [f"query: {query}" for query in QUERIES]
    assert [printed_row(row)[3] for row in listed.out.splitlines()[2::3]] == [5, 4]
    table = tmp_path / "queries.csv"
    table.write_text("title,text\nx," + "\nx,".join(QUERIES) + "\n", encoding="utf-8")
    words = ["--queries", table, "--queries-column", "text"]
    assert cli("rank", "--input", lines, "--top", 1, *words).out == listed.out


def test_what_was_found_is_scored_again_by_another_scorer(cli, model, lines):
    done = json.loads(cli("rank", QUERIES[0], "--input", lines, "--top", 3, "--rerank", "combined", "--json").out)
    expected = model.rank(QUERIES[0], SENTENCES, top=3, rerank="combined")
    assert [each["line"] for each in done["ranked"]] == [each.index + 1 for each in expected]
    assert [each["score"] for each in done["ranked"]] == pytest.approx([each.score for each in expected], abs=1e-6)
    assert [each["rank"] for each in done["ranked"]] == [1, 2, 3]
    assert (done["scorer"], done["rerank"], done["top"], done["left_out"]) == ("cosine", "combined", 3, 0)
    assert done["settings"]["engine"] == "litert"


def test_pooling_and_the_scorer_reach_the_ranking(cli, model, lines):
    words = ["--scorer", "alignment", "--pooling", "max", "--top", 2, "--json"]
    done = json.loads(cli("rank", QUERIES[1], "--input", lines, *words).out)
    expected = model.rank(QUERIES[1], SENTENCES, scorer="alignment", pooling="max", top=2)
    assert [(each["line"], each["probability"]) for each in done["ranked"]] == [
        (each.index + 1, each.probability and round(each.probability, 6)) for each in expected
    ]


@pytest.mark.parametrize("ending", ["tsv", "csv", "jsonl", "tsv.gz", "jsonl.gz"])
def test_what_was_found_is_written_in_every_format(cli, model, tmp_path, lines, ending):
    output = tmp_path / f"found.{ending}"
    done = cli("rank", *QUERIES, "--input", lines, "--top", 2, "--output", output)
    assert (done.status, done.out) == (0, "")
    assert done.err == f"bertsim: {output}: 4 sentences found for 2 queries.\n"
    rows = list(open_pairs(output, ("query", "sentence")))
    expected = [
        (query, rank, each.index + 1, SENTENCES[each.index])
        for query, best in zip(QUERIES, model.rank(QUERIES, SENTENCES, top=2), strict=True)
        for rank, each in enumerate(best, 1)
    ]
    found = [(str(row.values["query"]), int(str(row.values["rank"])), int(str(row.values["line"]))) for row in rows]
    assert found == [each[:3] for each in expected]
    assert [row.sentences for row in rows] == [(query, sentence) for query, _, _, sentence in expected]
    assert list(rows[0].values) == ["query", "rank", "score", "probability", "line", "sentence"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["lines.txt", output.name])


def test_cells_that_tsv_cannot_hold_get_spaces_and_csv_keeps_them(cli, tmp_path):
    table = tmp_path / "cells.csv"
    table.write_text('text\n"A ""plane""\tleaves,\nnow."\n', encoding="utf-8")
    for name, kept in (("x.tsv", 'A "plane" leaves, now.'), ("x.csv", 'A "plane"\tleaves,\nnow.')):
        assert cli("rank", QUERIES[0], "--input", table, "--output", tmp_path / name).status == 0
        (row,) = open_pairs(tmp_path / name, ("query", "sentence"))
        assert (row.sentences[1], row.values["line"]) == (kept, "2")
    assert cli("rank", QUERIES[0], "--input", table).out.endswith('A "plane" leaves, now.\n')


def test_rows_that_cannot_be_used_are_named_counted_and_left_out(cli, tmp_path):
    path = text_file(tmp_path / "lines.txt", ["", "\u200b", SENTENCES[0], *[""] * 20, SENTENCES[4]])
    done = cli("rank", QUERIES[0], "--input", path, "--json")
    said = done.err.splitlines()
    assert said[0] == f"bertsim: {path}:1: the line is blank; left out."
    assert said[1].startswith(f"bertsim: {path}:2: the sentence '\\u200b' has no character that the tokenizer can read")
    assert len(said) == 21
    assert said[-1] == f"bertsim: {path}: 2 more rows were left out."
    found = json.loads(done.out)
    assert [each["line"] for each in found["ranked"]] == [24, 3]
    assert (found["left_out"], found["unread_sentences"]) == (22, 0)


def test_what_was_not_read_is_said_and_takes_the_probability(cli, tmp_path, lines):
    queries = text_file(tmp_path / "queries.txt", ["\u2603", "It rains \U0001f44d."])
    for words in (["--queries", queries], queries.read_text(encoding="utf-8").splitlines()):
        done = cli("rank", *words, "--input", lines, "--top", 1)
        assert [printed_row(row)[2] for row in done.out.splitlines()[2::3]] == ["–", "–"]
        assert done.err.splitlines() == [
            "bertsim: 2 sentences have words that the vocabulary lacks, not read: \u2603, \U0001f44d; the encoder takes"
            " all such words for the same.",
            "bertsim: of 1 sentence nothing was read; no number that comes of it says anything.",
        ]
    counts = json.loads(cli("rank", "\u2603", "--input", lines, "--json").out)
    assert [counts[f"{name}_sentences"] for name in ("cut", "unknown", "unread")] == [0, 1, 1]


# ---- matrix


def test_a_matrix_is_written_with_its_sentences_above_and_before_the_scores(cli, model, tmp_path, lines):
    expected = model.matrix(SENTENCES, scorer="alignment")
    for name, delimiter in (("m.tsv", "\t"), ("m.csv", ",")):
        done = cli("matrix", "--input", lines, "--output", tmp_path / name, "--scorer", "alignment")
        assert (done.status, done.out) == (0, "")
        assert done.err.splitlines() == [
            "bertsim: alignment of 5 × 5: 5 passes of the encoder, less than 1 s.",
            f"bertsim: {tmp_path / name}: the scores of 5 × 5 sentences.",
        ]
        head, *rows = csv.reader((tmp_path / name).read_text(encoding="utf-8").splitlines(), delimiter=delimiter)
        assert head == ["", *SENTENCES]
        assert [row[0] for row in rows] == SENTENCES
        np.testing.assert_allclose(np.array([row[1:] for row in rows], float), expected, atol=2e-6)


def test_a_matrix_of_two_files_is_written_as_numpy_has_it_with_the_lines_and_the_settings(cli, model, tmp_path, lines):
    others = text_file(tmp_path / "others.txt", [QUERIES[0], "", QUERIES[1]])
    words = ["matrix", "--input", lines, "--others", others, "--output"]
    done = cli(*words, tmp_path / "m.npz")
    assert done.err.splitlines()[0] == f"bertsim: {others}:2: the line is blank; left out."
    expected = model.matrix(SENTENCES, QUERIES)
    with np.load(tmp_path / "m.npz") as found:
        np.testing.assert_array_equal(found["scores"], expected)
        assert (found["lines"].tolist(), found["other_lines"].tolist()) == ([1, 2, 3, 4, 5], [1, 3])
        settings = json.loads(str(found["settings"]))
    assert (settings["scorer"], settings["engine"]) == ("cosine", "litert")
    refusal = cli(*words, tmp_path / "m.npy")
    assert refusal.status == 2
    assert refusal.err.splitlines()[-1] == (
        f"bertsim: {tmp_path / 'm.npy'} cannot say which rows were left out; mend them, or write .npz, .tsv or .csv."
    )
    text_file(others, QUERIES)
    assert cli(*words, tmp_path / "m.npy").status == 0
    np.testing.assert_array_equal(np.load(tmp_path / "m.npy"), expected)


def test_a_matrix_that_costs_more_than_it_may_is_refused_with_what_it_costs(cli, model, tmp_path, lines):
    words = ["matrix", "--input", lines, "--output", tmp_path / "m.npy", "--scorer", "pooled"]
    refused = cli(*words, "--max-passes", 24).refusal
    assert refused == (
        "pooled of 5 × 5 takes 25 passes of the encoder, less than 1 s; --max-passes is 24: give a larger one."
    )
    assert cli(*words, "--max-passes", 25).status == 0
    np.testing.assert_allclose(np.load(tmp_path / "m.npy"), model.matrix(SENTENCES, scorer="pooled"), atol=1e-6)


# ---- duplicates


def test_pairs_are_printed_best_first_with_their_lines(cli, model, tmp_path):
    sentences = [SENTENCES[0], SENTENCES[2], "", SENTENCES[4], SENTENCES[0]]
    path = text_file(tmp_path / "lines.txt", sentences)
    done = cli("duplicates", "--input", path, "--threshold", 0.5)
    first, second = model.duplicates([sentence for sentence in sentences if sentence], threshold=0.5).pairs
    assert done.out.splitlines() == [
        "  score    line  sentence",
        f" 1.0000       1  {SENTENCES[0]}",
        f"              5  {SENTENCES[0]}",
        f" {second.score:.4f}       2  {SENTENCES[2]}",
        f"              4  {SENTENCES[4]}",
    ]
    assert (first.score, done.status) == (1, 0)
    assert done.err.splitlines() == [
        f"bertsim: {path}:3: the line is blank; left out.",
        f"bertsim: {path}: 2 pairs in 2 groups.",
    ]
    assert cli("duplicates", "--input", path, "--top", 1).out.splitlines() == done.out.splitlines()[:3]
    assert cli("duplicates", "--input", path).out.splitlines() == done.out.splitlines()[:3]  # at 0.9


def test_pairs_of_two_files_have_the_lines_of_each(cli, model, tmp_path, lines):
    others = text_file(tmp_path / "others.txt", ["", *QUERIES])
    output = tmp_path / "found.csv"
    words = ["duplicates", "--input", lines, "--others", others, "--top", 3, "--pooling", "max"]
    done = cli(*words, "--output", output)
    assert (done.status, done.out) == (0, "")
    assert done.err.splitlines()[1:] == [f"bertsim: {output}: 3 pairs."]
    rows = list(open_pairs(output, ("sentence", "other_sentence")))
    expected = model.duplicates(SENTENCES, QUERIES, top=3, pooling="max").pairs
    assert [row.sentences for row in rows] == [(SENTENCES[each.first], QUERIES[each.second]) for each in expected]
    assert [(row.values["line"], row.values["other_line"], row.values["score"]) for row in rows] == [
        (str(each.first + 1), str(each.second + 2), f"{each.score:.6f}") for each in expected
    ]
    found = json.loads(cli(*words, "--json").out)
    assert [pair["other_line"] for pair in found["pairs"]] == [each.second + 2 for each in expected]
    assert (found["threshold"], found["top"], found["left_out"], found["groups"]) == (None, 3, 1, [])


def test_groups_are_printed_and_written_the_largest_first(cli, tmp_path):
    sentences = ["Two dogs run.", "It rains.", "It rains!", "A cat.", "Two dogs run!", "Two dogs run"]
    path, output = text_file(tmp_path / "lines.txt", sentences), tmp_path / "groups.jsonl"
    words = ["duplicates", "--input", path, "--groups", "--threshold", 0.75]
    printed = [line.split(maxsplit=2) for line in cli(*words).out.splitlines()]
    members = [(1, 1), (1, 5), (1, 6), (2, 2), (2, 3)]
    assert printed[0] == ["group", "line", "sentence"]
    assert [tuple(row) for row in printed[1:]] == [(str(n), str(line), sentences[line - 1]) for n, line in members]
    assert cli(*words, "--output", output).err == f"bertsim: {output}: 4 pairs in 2 groups.\n"
    written = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [(row["group"], row["line"], row["sentence"]) for row in written] == [
        (n, line, sentences[line - 1]) for n, line in members
    ]
    assert json.loads(cli(*words, "--json").out)["groups"] == [[1, 5, 6], [2, 3]]


def test_pairs_of_which_different_words_were_not_read_are_counted_and_left_out(cli, tmp_path):
    path = text_file(tmp_path / "lines.txt", ["It rains \U0001f44d.", "It rains \u2603.", "A cat."])
    done = cli("duplicates", "--input", path, "--json")
    assert done.err.splitlines()[-1] == (
        "bertsim: 1 more pairs have such a cosine, but what was not read of their sentences differs; they are left out."
    )
    found = json.loads(done.out)
    assert (found["pairs"], found["groups"], found["unknown_sentences"]) == ([], [], 2)
    assert found["threshold"] == 0.9  # which nobody gave
    (withheld,) = found["withheld"]
    assert (withheld["line"], withheld["other_line"]) == (1, 2)


@pytest.mark.parametrize("threshold", ["1.5", "nan"])
def test_a_threshold_that_is_no_cosine_is_refused(cli, lines, threshold):
    said = f"threshold is {float(threshold)}; a cosine, a number from -1 to 1, was expected."
    assert cli("duplicates", "--input", lines, "--threshold", threshold).refusal == said


# ---- what all of them refuse


NEITHER = "rank takes queries, each in quotes, or --queries FILE; give one of the two."
KINDS = "a matrix is written to .tsv, .csv, .npy, .npz; use one of them."


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("rank", NEITHER),
        ("rank x --queries q.txt", NEITHER),
        ("rank x --queries-column a", "--queries-column goes with --queries FILE."),
        (
            "rank x --column a",
            "lines.txt is plain text, one sentence a line, and has no column 'a'; leave --column out.",
        ),
        (
            "rank --queries lines.txt --queries-column a",
            "lines.txt is plain text, one sentence a line, and has no column 'a'; leave --queries-column out.",
        ),
        (
            "rank x --output x.npy",
            "x.npy: the ending says what kind of file it is; use one of .tsv, .csv, .jsonl (.gz may follow).",
        ),
        ("rank x --output no/x.tsv", "no/x.tsv: there is no folder no; make it first."),
        (
            "rank --queries two.csv --queries-column left --output two.csv",
            "two.csv is the input, which is never overwritten; give another --output.",
        ),
        ("matrix --output x.jsonl", f"x.jsonl: {KINDS}"),
        ("matrix --output x.npy.gz", f"x.npy.gz: {KINDS}"),
        (
            "matrix --output x.npy --others two.csv",
            "two.csv: it cannot be told which of 'left', 'right' holds the sentences; name it with --others-column.",
        ),
        ("matrix --output x.npy --others none.txt", "none.txt does not exist; give the path of a data file."),
        (
            "duplicates --groups --others two.csv",
            "--groups joins the sentences of one file; leave out --groups, or --others.",
        ),
    ],
)
def test_words_that_do_not_fit_together_are_refused_before_the_model_is_loaded(
    cli, tmp_path, lines, monkeypatch, words, sentence
):
    monkeypatch.chdir(tmp_path)
    for command in ("rank", "matrix", "duplicates"):
        monkeypatch.setattr(f"bertsim.cli.{command}.load_scoring", lambda _: pytest.fail("the model was loaded"))
    (tmp_path / "two.csv").write_text("left,right\nx,1\n", encoding="utf-8")
    before = sorted(tmp_path.iterdir())
    assert cli(*words.split(), "--input", "lines.txt").refusal == sentence
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("given", ["0", "-1", "x", "1.5"])
def test_a_number_that_is_none_is_refused(cli, given):
    for words in (["rank", "x", f"--top={given}"], ["matrix", "--output", "x.npy", f"--max-passes={given}"]):
        command, option = words[0], words[-1].partition("=")[0]
        assert cli(*words, "--input", "lines.txt").refusal == (
            f"python -m bertsim {command}: argument {option}: {given!r} was given, and a whole number from 1 on was"
            f" expected; see python -m bertsim {command} --help."
        )


def test_scorers_and_queries_that_cannot_be_are_refused(cli, model, lines):
    known = ", ".join((*model.scorers, *ALIGNMENT_PARTS))
    assert cli("rank", "x", "--input", lines, "--scorer", "cos").refusal.startswith("--scorer is 'cos'; choose one of")
    assert cli("rank", "x", "--input", lines, "--rerank", "cos").refusal == f"scorer is 'cos'; known are {known}."
    assert cli("rank", " ", "--input", lines).refusal == "the query is empty; write at least one word."
    assert cli("rank", "x", "", "--input", lines).refusal == "query 2 is empty; write at least one word."


# ---- files as people have them


def test_it_is_said_how_files_are_read_and_options_decide_otherwise(cli, tmp_path, lines):
    table, queries = tmp_path / "p.csv", tmp_path / "q.csv"
    table.write_bytes("\n".join(f"{number};Größe;{text}" for number, text in enumerate(SENTENCES)).encode("cp1252"))
    queries.write_bytes(f"1;2;{QUERIES[0]}\n".encode())
    words = ["--column", 3, "--no-header", "--encoding", "cp1252", "--delimiter", "semicolon"]
    done = cli("rank", "--input", table, "--queries", queries, "--queries-column", 3, "--top", 1, *words)
    how = 'CSV, semicolon, quotes, cp1252, no header; sentences "column3".'
    assert done.taken == [f"bertsim: {table}: {how}", f"bertsim: {queries}: {how}"]
    assert printed_row(done.out.splitlines()[1])[3:] == (5, SENTENCES[4])
    other = cli("matrix", "--input", table, "--others", lines, *words, "--output", tmp_path / "m.tsv")
    assert other.taken[1] == f"bertsim: {lines}: plain text, utf-8."  # another ending: the options are not of it


def test_an_option_for_what_a_file_does_not_have_is_refused(cli, lines):
    for words in (["rank", "x"], ["duplicates"], ["matrix", "--output", lines.with_name("m.tsv")]):
        said = f"{lines} is plain text, which has no header to be named; leave it out."
        assert cli(*words, "--input", lines, "--no-header").refusal == said


def test_standard_input_is_read_once(cli, tmp_path, lines, monkeypatch):
    def piped(*words: object) -> Any:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines.read_bytes())))
        return cli(*words)

    done = piped("rank", QUERIES[0], "--input", "-", "--top", 1)
    assert done.taken == ["bertsim: standard input: plain text, utf-8."]
    assert done.out == cli("rank", QUERIES[0], "--input", lines, "--top", 1).out
    assert (
        piped("duplicates", "--input", "-", "--threshold", 0.99).err
        == "bertsim: standard input: 0 pairs in 0 groups.\n"
    )
    twice = "standard input, -, can be read once; give the other as a file."
    assert piped("duplicates", "--input", "-", "--others", "-").refusal == twice
    assert piped("rank", "x", "--input", lines, "--output", "-").refusal == (
        "-: the ending says what kind of file it is; use one of .tsv, .csv, .jsonl (.gz may follow)."
    )


def test_lines_of_several_files_are_named_by_file(cli, tmp_path):
    first, second = (text_file(tmp_path / f"{name}.txt", SENTENCES[at::2]) for at, name in enumerate("ab"))
    done = json.loads(cli("rank", QUERIES[0], "--input", tmp_path / "*.txt", "--top", 2, "--json").out)
    found = [(each["line"], each["sentence"]) for each in done["ranked"]]
    assert found[0] == (f"{first}:3", SENTENCES[4])
    words = ["--input", tmp_path, "--others", second, "--output", tmp_path / "m.npz"]
    assert cli("matrix", *words).status == 0
    with np.load(tmp_path / "m.npz") as written:
        assert written["lines"].tolist() == [*(f"{first}:{line}" for line in (1, 2, 3)), f"{second}:1", f"{second}:2"]
        assert written["other_lines"].tolist() == [1, 2]


def test_an_output_that_is_a_file_of_the_folder_is_refused(cli, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text\nx\n", encoding="utf-8")
    assert cli("duplicates", "--input", tmp_path, "--output", path).refusal == (
        f"{path} is the input, which is never overwritten; give another --output."
    )


def test_a_file_without_a_row_that_can_be_used_is_refused(cli, tmp_path):
    path = text_file(tmp_path / "lines.txt", ["", ""])
    path.write_text("\n \nx", encoding="utf-8")
    assert cli("rank", "x", "--input", path).status == 0
    path.write_text("", encoding="utf-8")
    for words in (["rank", "x"], ["matrix", "--output", tmp_path / "x.npy"], ["duplicates", "--threshold", 0.9]):
        assert cli(*words, "--input", path).refusal == (
            f"{path} has no row that can be used; give it one sentence a row."
        )


@pytest.mark.parametrize("ending", ["tsv", "tsv.gz"])
def test_stopped_while_it_is_written_nothing_is_left(cli, tmp_path, lines, monkeypatch, ending):
    write = Path.write_bytes

    def write_half(path: Path, data: bytes) -> None:
        write(path, data[: len(data) // 2])
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Path, "write_bytes", write_half)
    done = cli("rank", QUERIES[0], "--input", lines, "--output", tmp_path / f"found.{ending}")
    assert (done.status, done.err) == (130, "bertsim: stopped; nothing was written.\n")
    assert list(tmp_path.iterdir()) == [lines]
