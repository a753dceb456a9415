"""The command line as a user meets it: what it prints, what it writes, what it refuses, and how it stops."""

from __future__ import annotations

import gzip
import io
import json
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet
from scipy.stats import pearsonr, spearmanr

import bertsim
from bertsim.batch.partial import PartialFile
from bertsim.batch.writing import TableLayout
from bertsim.cli.options import parse_layers
from bertsim.data.pairs import open_pairs
from bertsim.data.rows import Reading
from bertsim.errors import InputError
from tests.checkpoints import WORDS
from tests.commands import ROOT, TAKEN, Result, start

A, B = "A man is playing a guitar.", "Somebody plays the guitar on a stage."
PAIRS = [
    (A, B),
    ("The dog sleeps.", "A cat is awake."),
    ('He said "no".', "He refused."),
    ("naïve 東京 🙂", "rain"),
    ("It rains.", "It is raining."),
]
CHUNK, ROWS = 64, 20 * 64 + 7
SMALL_CHUNKS = f"import bertsim.batch.scoring as scoring; scoring.CHUNK = {CHUNK}"
SETTINGS = ("encoder", "revision", "engine", "pooling", "layers", "combine", "max_length", "version")


def refused(result: Result) -> str:
    return result.refusal


def write_pairs(path: Path, pairs: Sequence[tuple[str, str]] = PAIRS, labels: Sequence[object] = ()) -> Path:
    lines = ["id\tsentence1\tsentence2" + "\tlabel" * bool(labels)]
    for number, (a, b) in enumerate(pairs):
        lines.append(f"{number}\t{a}\t{b}" + (f"\t{labels[number]}" if labels else ""))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# ---- two sentences


def test_two_sentences_print_the_value_and_what_it_is(cli, model):
    value = model.score([(A, B)])[0]
    done = cli("score", A, B)
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"{value:.4f}  cosine similarity, from -1 to 1 (higher = more similar)",
        f"{model.calibrate('cosine', value):.4f}  calibrated: the probability that people would call the two similar",
    ]


def test_a_distance_is_called_one_and_gives_its_score_too(cli, model):
    found = model.compare(A, B)["euclidean"]
    assert cli("score", A, B, "--scorer", "euclidean").out.splitlines() == [
        f"{found.value:.4f}  euclidean distance, from 0 up (lower = more similar; score {found.score:.4f})",
        f"{found.probability:.4f}  calibrated: the probability that people would call the two similar",
    ]
    assert "dot product, any number (higher = more similar)" in cli("score", A, B, "--scorer", "dot").out


def test_json_holds_every_field(cli, model):
    done = json.loads(cli("score", A, B, "--json", "--scorer", "manhattan").out)
    comparison = model.compare(A, B)
    assert (done["sentence_a"], done["sentence_b"], done["scorer"], done["unit"]) == (A, B, "manhattan", "distance")
    assert (done["low"], done["high"]) == (0.0, None)
    assert [score["scorer"] for score in done["scores"]] == list(model.scorers)
    assert done["value"] == pytest.approx(comparison["manhattan"].value, abs=1e-4)
    assert done["tokens_a"][0] == "[CLS]"
    assert done["tokens_b"][-1] == "[SEP]"
    assert (done["cut_off_a"], done["cut_tokens_b"]) == ("", 0)
    assert set(SETTINGS) <= set(done["settings"])
    assert done["settings"]["version"] == bertsim.__version__


def test_pooling_layers_and_length_reach_the_model(cli, model):
    want = model.score([(A, B)], pooling="max", layers=(-1, -2), combine="mean")[0]
    done = cli("score", A, B, "--pooling", "max", "--layers", "-1,-2", "--combine", "mean")
    assert done.out.startswith(f"{want:.4f}  ")
    settings = json.loads(cli("score", A, B, "--max-length", 16, "--json").out)["settings"]
    assert settings["max_length"] == 16


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("score", A, B, "--scorer", "pooled", "--pooling", "max"), "--pooling changes no score by pooled: "),
        (
            ("score", A, B, "--scorer", "bilstm,combined", "--layers", "-2"),
            "--layers changes no score by bilstm or com",
        ),
        (
            ("rank", A, "--scorer", "combined", "--rerank", "pooled", "--combine", "sum"),
            "--combine changes no score by",
        ),
        (("score", A, B, "--scorer", "cosine,pooled", "--pooling", "max"), None),
        (("rank", A, "--scorer", "cosine", "--rerank", "combined", "--pooling", "max"), None),
        (("rank", A, "--scorer", "alignment", "--pooling", "max"), None),
    ],
)
def test_settings_of_vectors_are_refused_where_only_heads_score_which_do_not_go_by_them(cli, tmp_path, words, says):
    (tmp_path / "lines.txt").write_text(f"{A}\n{B}\n", encoding="utf-8")
    done = cli(*words, *(["--input", tmp_path / "lines.txt"] * (words[0] == "rank")))
    assert done.status == (2 if says else 0)
    assert says is None or says in done.err


def test_what_is_cut_off_is_said(cli):
    done = cli("score", "one two three four five six seven eight nine ten eleven twelve", B, "--max-length", 8)
    assert done.status == 0
    assert done.err.startswith("bertsim: sentence A was cut off before its last ")
    assert "twelve'" in done.err


def test_what_is_unknown_is_said_with_its_words_and_a_pair_that_was_not_read_gets_no_probability(cli):
    done = cli("score", "I like it \U0001f44d", "\u2603")
    assert done.status == 0
    assert done.out.count("\n") == 1  # no line for the probability
    assert done.err.splitlines() == [
        "bertsim: sentence A, not read: \U0001f44d; the vocabulary lacks it.",
        "bertsim: sentence B, not read: \u2603; the vocabulary lacks it.",
        "bertsim: nothing was read of sentence B, so no score of this pair has a probability or says how alike they"
        " are.",
    ]
    found = json.loads(cli("score", "I like it \U0001f44d", "\u2603", "--json").out)
    assert (found["unknown_tokens_a"], found["unknown_words_b"]) == (1, ["\u2603"])
    assert found["withheld"].startswith("nothing was read of sentence B")
    assert {found["probability"], *(score["probability"] for score in found["scores"])} == {None}
    assert json.loads(cli("score", A, B, "--json").out)["withheld"] is None


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        (None, None),
        ("-1", (-1,)),
        ("-1,-2", (-1, -2)),
        ("0,3", (0, 3)),
        ("last4", (-4, -3, -2, -1)),
        ("all", (0, 1, 2, 3, 4, 5, 6)),
    ],
)
def test_layers_are_read(text, layers):
    assert parse_layers(text, 6) == layers


def test_layers_that_are_no_numbers_are_refused():
    with pytest.raises(InputError) as raised:
        parse_layers("last", 6)
    assert str(raised.value) == '--layers is \'last\'; give numbers such as "-1" or "-1,-2", or "last4" or "all".'


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["score", A], "score takes two sentences, each in quotes, but got 1; or --input FILE."),
        (["score", A, B, A], "score takes two sentences, each in quotes, but got 3; or --input FILE."),
        (["score", A, B, "--input", "p.tsv"], "score takes two sentences or --input FILE, not both."),
        (["score", A, B, "--revision", "x"], "--revision goes with --encoder USER/NAME, a repository of the Hub."),
        (["score", "--input", "p.tsv"], "score --input needs --output FILE, the file for the scored pairs."),
        (
            ["score", A, B, "--error-column", "why"],
            "--output, --columns, --score-column, --error-column and --prefix go with --input FILE; two sentences are"
            " printed.",
        ),
        (
            ["embed", "--output", "x.npy"],
            "embed takes sentences, each in quotes, or --input FILE; give one of the two.",
        ),
        (["embed", A, "--output", "x.txt"], "x.txt: vectors are written to .npy, .npz, .jsonl; use one of them."),
        (["embed", A, "--column", "s", "--output", "x.npy"], "--column goes with --input FILE."),
        (["score", A, B, "--delimiter", "comma"], "--delimiter goes with --input FILE."),
        (["score", A, B, "--no-header"], "--no-header goes with --input FILE."),
        (["embed", A, "--output", "x.npy", "--restart"], "--restart goes with --input FILE."),
        (["embed", A, "--output", "no/x.npy"], "no/x.npy: there is no folder no; make it first."),
        (
            ["evaluate", "--data", "p.tsv", "--resamples", "0"],
            "--resamples is 0 and --seed 0; at least 1 and 0 were expected.",
        ),
        (["evaluate", "--data", "p.tsv"], "p.tsv does not exist; give the path of a data file."),
        (["serve", "--port", "70000"], "--port is 70000; a number from 1 to 65535 was expected."),
        (["serve", "--port", "0"], "--port is 0; a number from 1 to 65535 was expected."),
    ],
)
def test_words_that_do_not_fit_together_are_refused(cli, tmp_path, monkeypatch, words, sentence):
    monkeypatch.chdir(tmp_path)
    assert refused(cli(*words)) == sentence
    assert list(tmp_path.iterdir()) == []


def test_a_scorer_that_there_is_not_is_refused_with_those_there_are(cli, model):
    said = f"--scorer is 'cos'; choose one of {', '.join(model.scorers)}, alignment_precision, alignment_recall."
    assert refused(cli("score", A, B, "--scorer", "cos")) == said
    assert refused(cli("score", A, B, "--scorer", "cosine,cos")) == said


@pytest.mark.parametrize(
    ("scorers", "fault"),
    [("cosine, dot,cosine", "'cosine' twice"), ("cosine,", "an empty name"), ("", "an empty name")],
)
def test_scorers_are_named_once_each(cli, scorers, fault):
    told = "name each scorer once, with a comma between two."
    assert refused(cli("score", A, B, "--scorer", scorers)) == f"--scorer is {scorers!r}, with {fault}; {told}"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "python -m bertsim: the following arguments are required: COMMAND; see python -m bertsim --help."),
        (
            ["score", A, B, "--engine", "torch"],
            "python -m bertsim score: argument --engine: invalid choice: 'torch' (choose from 'litert', 'tensorflow');"
            " see python -m bertsim score --help.",
        ),
        (
            ["score", A, B, "--max-length", "x"],
            "python -m bertsim score: argument --max-length: invalid int value: 'x';"
            " see python -m bertsim score --help.",
        ),
    ],
)
def test_words_that_are_not_understood_are_refused_in_one_sentence(cli, words, sentence):
    assert refused(cli(*words)) == sentence


@pytest.mark.parametrize("sentence", ["", "  \t ", "\u200b", "\udcff"])
def test_a_sentence_without_text_is_refused(cli, sentence):
    assert refused(cli("score", sentence, B))


def test_a_port_that_is_taken_is_refused(cli):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        said = refused(cli("serve", "--port", port))
    assert said == f"127.0.0.1:{port} cannot be listened on (Address already in use); choose another host or port."


def test_the_program_scores_in_a_process_of_its_own_without_heavy_libraries(model):
    tell = "import atexit, sys; atexit.register(lambda: print('MODULES', *sys.modules))"
    with start("score", A, B, program=tell) as process:
        out, said = process.communicate()
    printed, _, modules = out.partition("MODULES")
    assert float(printed.split()[0]) == pytest.approx(model.score([(A, B)])[0], abs=1e-3)
    assert not {"tensorflow", "keras", "transformers", "gradio", "pandas", "scipy", "tqdm"} & set(modules.split())
    assert said == ""


def test_a_reader_that_goes_away_is_no_error():
    with start("score", A, B, "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (141, "")


# ---- files of pairs


@pytest.mark.parametrize("ending", ["tsv", "csv", "jsonl", "tsv.gz", "csv.gz", "jsonl.gz", "parquet"])
def test_every_format_keeps_rows_and_columns_and_adds_the_score(cli, model, tmp_path, ending):
    output = tmp_path / f"scored.{ending}"
    done = cli("score", "--input", write_pairs(tmp_path / "p.tsv"), "--output", output)
    assert (done.status, done.out) == (0, "")
    said, unread = done.err.splitlines()
    assert said == f"bertsim: {output}: 5 of 5 pairs scored."
    assert unread.startswith("bertsim: 1 sentence has words that the vocabulary lacks, not read: ")
    rows = list(open_pairs(output))
    assert [row.sentences for row in rows] == PAIRS
    assert [row.values["id"] for row in rows] == ["0", "1", "2", "3", "4"]
    assert list(rows[0].values) == ["id", "sentence1", "sentence2", "score", "unknown_tokens", "cut_tokens", "error"]
    scores = [float(str(row.values["score"])) for row in rows]
    np.testing.assert_allclose(scores, model.score(PAIRS), atol=1e-6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.tsv", output.name]


def test_a_bad_row_is_named_counted_and_kept(cli, tmp_path):
    path = tmp_path / "p.tsv"
    path.write_bytes(b"a\tb\tid\nx y\tx y\t1\n\ty\t2\nonly\nx\t\xe2\x80\x8b\t4\ncaf\xe9\ty\t5\nlast\trow\t6\n")
    output = tmp_path / "s.tsv"
    done = cli("score", "--input", path, "--output", output)
    assert done.status == 0
    reasons = [line.partition(": ")[2] for line in done.err.splitlines()]
    assert reasons[0] == f"{path}:3: 'a' is empty; left without a score."
    assert reasons[1] == f"{path}:4: the row has 1 field, and the header names 3; left without a score."
    assert reasons[2].startswith(f"{path}:5: ")
    assert reasons[3] == f"{path}:6: byte 4 of the line, 0xe9, is not UTF-8; left without a score."
    assert reasons[4] == f"{output}: 2 of 6 pairs scored; 4 could not be, see the column 'error'."
    lines = [line.split("\t") for line in output.read_text(encoding="utf-8").splitlines()]
    assert lines[0] == ["a", "b", "id", "score", "unknown_tokens", "cut_tokens", "error"]
    assert [line[2] for line in lines[1:]] == ["1", "2", "", "4", "5", "6"]
    assert lines[2] == ["", "y", "2", "", "", "", "'a' is empty"]
    assert lines[4][3:] == ["", "", "", reasons[2].partition(": ")[2].removesuffix("; left without a score.")]
    assert lines[5] == ["caf\\xe9", "y", "5", "", "", "", "byte 4 of the line, 0xe9, is not UTF-8"]
    assert [bool(line[3]) for line in lines[1:]] == [True, False, False, False, False, True]


def test_of_very_many_bad_rows_twenty_are_named(cli, tmp_path):
    path = write_pairs(tmp_path / "p.tsv", [("x", "")] * 30 + [(A, B)])
    done = cli("score", "--input", path, "--output", tmp_path / "s.tsv")
    lines = done.err.splitlines()
    assert len(lines) == 21
    assert lines[-1].endswith("1 of 31 pairs scored; 30 could not be (10 not named here), see the column 'error'.")


def test_a_file_without_one_good_row_ends_with_2(cli, tmp_path):
    path = write_pairs(tmp_path / "p.tsv", [("x", ""), ("", "y")])
    done = cli("score", "--input", path, "--output", tmp_path / "s.tsv")
    assert done.status == 2
    assert done.err.splitlines()[-1] == (
        f"bertsim: {path}: none of the 2 rows could be scored; the reasons stand in {tmp_path / 's.tsv'}."
    )


def test_a_file_counts_and_names_what_was_not_read(cli, tmp_path):
    path = write_pairs(tmp_path / "p.tsv", [(A, B), ("I like it \U0001f44d", A), ("\u2603", "\U0001f44d")])
    done = cli("score", "--input", path, "--output", tmp_path / "s.tsv", "--json")
    assert done.err.splitlines()[-4:] == [
        f"bertsim: {path}:4: nothing was read of A and B; its score says nothing.",
        f"bertsim: {tmp_path / 's.tsv'}: 3 of 3 pairs scored.",
        "bertsim: 3 sentences have words that the vocabulary lacks, not read: \U0001f44d, \u2603; the encoder takes all"
        " such words for the same.",
        "bertsim: of 2 sentences nothing was read; no number that comes of it says anything.",
    ]
    counts = json.loads(done.out)
    assert [counts[f"{name}_sentences"] for name in ("cut", "unknown", "unread")] == [0, 3, 2]


def test_evaluate_and_embed_say_what_was_not_read(cli, tmp_path):
    pairs = [(A, B), (A, "I like it \U0001f44d"), (B, "A dog sleeps."), (A, A)]
    path = write_pairs(tmp_path / "p.tsv", pairs, labels=(4, 1, 0, 5))
    said = "bertsim: 1 sentence has words that the vocabulary lacks, not read: \U0001f44d; the encoder takes"
    done = cli("evaluate", "--data", path, "--scorer", "cosine", "--json")
    assert said in done.err
    counts = json.loads(done.out)
    assert [counts[f"{name}_sentences"] for name in ("cut", "unknown", "unread")] == [0, 1, 0]
    assert said in cli("embed", "I like it \U0001f44d", "--output", tmp_path / "v.npy").err


def test_the_summary_comes_as_json(cli, tmp_path):
    path = write_pairs(tmp_path / "p.tsv", [(A, B), ("x", "")])
    done = json.loads(cli("score", "--input", path, "--output", tmp_path / "s.jsonl", "--json").out)
    assert (done["rows"], done["scored"], done["bad"]) == (2, 1, 1)
    assert set(SETTINGS) <= set(done["settings"])


def test_columns_can_be_named_and_the_new_ones_too(cli, model, tmp_path):
    path = tmp_path / "p.csv"
    path.write_text(f'left,right,score\n"{A}","{B}",x\n', encoding="utf-8")
    words = ["--columns", "left", "right", "--score-column", "mine", "--error-column", "why"]
    assert cli("score", "--input", path, "--output", tmp_path / "s.csv", *words).status == 0
    (row,) = open_pairs(tmp_path / "s.csv", ("left", "right"))
    assert list(row.values) == ["left", "right", "score", "mine", "unknown_tokens", "cut_tokens", "why"]
    assert float(str(row.values["mine"])) == pytest.approx(model.score([(A, B)])[0], abs=1e-6)


def test_what_tsv_cannot_hold_becomes_spaces_and_is_counted(cli, tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_text('{"a": "one\\ttwo\\nthree", "b": "x"}\n', encoding="utf-8")
    done = cli("score", "--input", path, "--output", tmp_path / "s.tsv")
    assert "TSV cannot hold tabs and line breaks; cells with spaces for them: 1." in done.err
    (row,) = open_pairs(tmp_path / "s.tsv")
    assert row.sentences == ("one two three", "x")


@pytest.mark.parametrize("cells", ['"x": NaN', '"x": 1e400', '"x": [-Infinity, {"y": NaN}]'])
def test_numbers_that_json_does_not_have_are_written_as_null(cli, tmp_path, cells):
    path, output = tmp_path / "p.jsonl", tmp_path / "s.jsonl"
    path.write_text(f'{{"a": "naïve", "b": "x", {cells}}}\n', encoding="utf-8")
    assert cli("score", "--input", path, "--output", output).status == 0
    written = output.read_text(encoding="utf-8")
    assert json.loads(written, parse_constant=pytest.fail)["x"] in (None, [None, {"y": None}])
    assert "naïve" in written


@given(
    cells=st.lists(st.text(st.characters(codec="utf-8")), min_size=3, max_size=3),
    kind=st.sampled_from(["tsv", "csv", "jsonl", "parquet"]),
)
def test_whatever_is_written_is_read_back(tmp_path_factory, cells, kind):
    row = {"id": cells[0], "a": "x" + cells[1] + "x", "b": "x" + cells[2] + "x"}
    path = tmp_path_factory.mktemp("written") / f"s.{kind}"
    layout = TableLayout.of(path, [*row], ["score", "error"])
    scored = pa.table({"score": pa.array([0.5], pa.float32()), "error": [None]})
    data, flattened = layout.chunk([row], scored, with_header=True)
    path.write_bytes(data)
    if layout.convert:
        layout.convert(path.rename(path.with_suffix(".partial")), path)
    reading = Reading(encoding="utf-8", quoting="none" if kind == "tsv" else None)  # which a cell alone may leave open
    (read,) = open_pairs(path, ("a", "b"), reading=Reading() if kind == "parquet" else reading)
    expected = [*row.values()]
    if kind == "tsv":
        expected = [text.replace("\t", " ").replace("\r", " ").replace("\n", " ") for text in map(str, expected)]
    assert [read.values[name] for name in ("id", "a", "b")] == expected
    assert (float(str(read.values["score"])), read.values["error"] or None) == (0.5, None)
    assert (read.error, flattened > 0) == (None, kind == "tsv" and expected != [*row.values()])


def refusal(cli, *words: object) -> str:
    return refused(cli("score", "--input", *words))


def test_files_that_cannot_be_scored_are_refused_before_anything_is_written(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_pairs(Path("p.tsv"))
    Path("link.tsv").hardlink_to("p.tsv")
    Path("scored.tsv").write_text("a\tb\tscore\nx\ty\t1\n", encoding="utf-8")
    Path("none.tsv").write_text("a\tb\n", encoding="utf-8")
    Path("folder.tsv").mkdir()
    write_pairs(Path("s.tsv.partial"))
    Path("s.tsv.partial.json").write_text('{"a": "x", "b": "y"}\n', encoding="utf-8")
    before = sorted(tmp_path.iterdir())
    mine = "is the input, which is never overwritten; give another --output."
    assert refusal(cli, "p.tsv", "--output", "p.tsv") == f"p.tsv {mine}"
    assert refusal(cli, "p.tsv", "--output", "link.tsv") == f"link.tsv {mine}"
    for kept in ("s.tsv.partial", "s.tsv.partial.json"):
        assert refusal(cli, kept, "--output", "s.tsv") == f"{kept} {mine}"
    assert refusal(cli, "p.tsv", "--output", "folder.tsv") == "folder.tsv is a folder; give the name of a file."
    assert refusal(cli, "p.tsv", "--output", f"{'x' * 300}.tsv").endswith(
        "xx.tsv: File name too long; mend that, and start again."
    )
    assert refusal(cli, "p.tsv", "--output", "no/s.tsv") == "no/s.tsv: there is no folder no; make it first."
    assert refusal(cli, "p.tsv", "--output", "s.xlsx") == (
        "s.xlsx: the ending says what kind of file it is; use one of .tsv, .csv, .jsonl, .parquet (.gz may follow)."
    )
    assert refusal(cli, "p.tsv", "--output", "s.parquet.gz") == (
        "s.parquet.gz: Parquet is compressed within; leave .gz out."
    )
    assert refusal(cli, "scored.tsv", "--output", "s.tsv") == (
        "scored.tsv already has a column 'score'; name the new one with --score-column."
    )
    assert refusal(cli, "scored.tsv", "--output", "s.tsv", "--scorer", "dot,cosine", "--error-column", "score") == (
        "scored.tsv already has a column 'score'; name the new one with --error-column."
    )
    assert refusal(cli, "p.tsv", "--output", "s.tsv", "--error-column", "score") == (
        "two of the new columns are called 'score'; choose another score column, error column or prefix."
    )
    assert refusal(cli, "none.tsv", "--output", "s.tsv") == (
        "none.tsv has a header and no rows; there is nothing to score."
    )
    assert refusal(cli, "p.tsv", "--output", "s.tsv", "--scorer", "x").startswith("--scorer is 'x'; choose one of")
    assert refusal(cli, "p.tsv", "--output", "s.tsv", "--layers", "99").startswith("layer 99 does not exist")
    assert sorted(tmp_path.iterdir()) == before


# ---- stopping and going on


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture(scope="module")
def long_file(tmp_path_factory) -> Path:
    """Pairs in twenty chunks of 64 and a bit."""
    draw = random.Random(5)
    pairs = [(" ".join(draw.choices(WORDS, k=4)), " ".join(draw.choices(WORDS, k=6))) for _ in range(ROWS)]
    return write_pairs(tmp_path_factory.mktemp("long") / "p.tsv", pairs)


@pytest.fixture
def going(cli, tiny_bundle, monkeypatch):
    """Runs a command on a tiny encoder, in small chunks; `after` so many of them, a signal comes."""
    monkeypatch.setattr("bertsim.batch.scoring.CHUNK", CHUNK)

    def go(*words: object, after: int | None = None) -> Result:
        with monkeypatch.context() as stopping:
            if after is not None:
                stop_after(after, stopping)
            return cli(*words, "--encoder", tiny_bundle)

    return go


def stop_after(chunks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Ctrl-C come as soon as so many chunks are kept."""
    append, kept = PartialFile.append, []

    def then_stop(partial: PartialFile, data: bytes, **counts: int) -> None:
        append(partial, data, **counts)
        kept.append(data)
        if len(kept) == chunks:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(PartialFile, "append", then_stop)


@pytest.fixture
def undisturbed(long_file, going, tmp_path_factory) -> bytes:
    """What an undisturbed run makes of them."""
    output = long_file.with_name("whole.tsv")
    if not output.exists():
        assert going("score", "--input", long_file, "--output", output).status == 0
    return output.read_bytes()


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGINT, 130),
        pytest.param(signal.SIGTERM, 143, marks=pytest.mark.long),
        pytest.param(signal.SIGKILL, -signal.SIGKILL, marks=pytest.mark.long),
    ],
)
def test_a_run_that_is_stopped_keeps_what_it_has_and_goes_on_to_the_same_file(
    going, long_file, tiny_bundle, undisturbed, tmp_path, number, status
):
    output, partial, record = (tmp_path / f"s.tsv{end}" for end in ("", ".partial", ".partial.json"))
    words = ("score", "--input", long_file, "--output", output)
    with start(*words, "--encoder", tiny_bundle, program=SMALL_CHUNKS) as stopped:
        wait_for(record, stopped)
        stopped.send_signal(number)
        _, said = stopped.communicate()
    assert stopped.returncode == status
    assert not output.exists()
    kept = json.loads(record.read_text())["counts"]["rows"]
    assert 0 < kept < ROWS
    if number != signal.SIGKILL:
        assert TAKEN.sub("", said) == (
            f"bertsim: stopped: {kept:,} of {ROWS:,} rows are kept in {partial}; the same command goes on from there.\n"
        )
    with partial.open("ab") as stream:
        stream.write(b"half a li")  # what a kill in the middle of writing leaves
    again = going(*words)
    assert again.status == 0
    assert again.err.startswith(f"bertsim: going on after the {kept:,} of {ROWS:,} rows kept in {partial}.\n")
    assert output.read_bytes() == undisturbed
    assert list(tmp_path.iterdir()) == [output]


def test_a_pattern_of_the_folder_that_the_output_goes_to_goes_on_too(going, long_file, tmp_path):
    shutil.copy(long_file, tmp_path)
    words = ("score", "--input", tmp_path / "*", "--output", tmp_path / "s.tsv")
    assert going(*words, after=3).status == 130
    assert going(*words).err.startswith(f"bertsim: going on after the {3 * CHUNK:,} of")


def test_another_input_or_setting_starts_again_and_says_so(going, long_file, tmp_path):
    output = tmp_path / "s.tsv"
    assert going("score", "--input", long_file, "--output", output, after=1).status == 130
    path = write_pairs(tmp_path / "p.tsv")
    done = going("score", "--input", path, "--output", output, "--pooling", "cls")
    assert done.status == 0
    first = done.err.splitlines()[0]
    assert first.startswith(f"bertsim: {output}.partial is of another job (input, pooling")
    assert first.endswith(" changed): starting again.")
    assert [row.sentences for row in open_pairs(output)] == PAIRS


def test_scores_of_two_heads_are_never_mixed(cli, tmp_path, monkeypatch):
    path, output, head = (write_pairs(tmp_path / "p.tsv"), tmp_path / "s.tsv", tmp_path / "mine" / "heads" / "it")
    words = ["score", "--input", path, "--output", output, "--heads", tmp_path / "mine", "--scorer", "it"]
    shutil.copytree(ROOT / "weights" / "heads" / "bilstm", head)
    monkeypatch.setattr("bertsim.batch.scoring.CHUNK", 2)
    with monkeypatch.context() as stopping:
        stop_after(1, stopping)
        assert "2 of 5 rows are kept" in cli(*words).err
    shutil.rmtree(head)
    shutil.copytree(ROOT / "weights" / "heads" / "pooled", head)
    assert cli(*words).err.startswith(f"bertsim: {output}.partial is of another job (scores changed): starting again.")
    scores = [float(str(row.values["score"])) for row in open_pairs(output)]
    np.testing.assert_allclose(scores, bertsim.load(heads=tmp_path / "mine").score(PAIRS, scorer="it"), atol=5e-3)


@pytest.mark.parametrize("record", ["{", "[]", '{"job": {}, "counts": {"rows": "x"}, "size": 1}'])
def test_a_partial_file_whose_record_is_damaged_is_started_again(cli, tmp_path, record):
    (tmp_path / "s.tsv.partial").write_text("something")
    (tmp_path / "s.tsv.partial.json").write_text(record)
    done = cli("score", "--input", write_pairs(tmp_path / "p.tsv"), "--output", tmp_path / "s.tsv")
    assert done.status == 0
    assert done.err.splitlines()[0] == (
        f"bertsim: {tmp_path / 's.tsv.partial'} is of another job (its record changed): starting again."
    )


def test_a_parquet_file_goes_on_too(going, long_file, undisturbed, tmp_path):
    output, whole = tmp_path / "s.parquet", tmp_path / "whole.parquet"
    words = ("score", "--input", long_file, "--output")
    assert going(*words, output, after=3).status == 130
    assert not output.exists()
    with output.with_name("s.parquet.partial").open("ab") as stream:
        stream.write(b"half a chu")  # what a kill in the middle of writing leaves
    assert going(*words, output).err.startswith(f"bertsim: going on after the {3 * CHUNK:,} of")
    assert going(*words, whole).status == 0
    assert output.read_bytes() == whole.read_bytes()
    assert sorted(tmp_path.iterdir()) == [output, whole]
    _, *lines = undisturbed.decode().splitlines()
    scores = [f"{score:.6f}" for score in parquet.read_table(output).column("score").to_pylist()]
    assert scores == [line.split("\t")[3] for line in lines]


def test_a_gzipped_output_goes_on_too(going, long_file, undisturbed, tmp_path):
    output = tmp_path / "s.tsv.gz"
    words = ("score", "--input", long_file, "--output", output)
    assert going(*words, after=3).status == 130
    assert going(*words).err.startswith(f"bertsim: going on after the {3 * CHUNK:,} of")
    assert gzip.decompress(output.read_bytes()) == undisturbed


def as_csv(frame: pandas.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, sep=";", encoding="cp1252")


def as_json(frame: pandas.DataFrame, path: Path) -> None:
    frame.to_json(path, orient="records")


def as_folder(frame: pandas.DataFrame, path: Path) -> None:
    path.mkdir()
    for name, part in (("a", frame[:100]), ("b", frame[100:])):
        part.to_csv(path / f"{name}.tsv", sep="\t", index=False)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("p.csv", as_csv),
        ("p.json", as_json),
        ("p.xlsx", lambda frame, path: frame.to_excel(path, index=False)),
        ("p.parquet", lambda frame, path: frame.to_parquet(path)),
        ("folder", as_folder),
    ],
)
def test_a_file_of_every_kind_is_gone_on_with_unless_it_is_to_begin_anew(going, tmp_path, name, write):
    output, pairs = tmp_path / "s.jsonl", [(f"Größe {i}", "a, b") for i in range(3 * CHUNK)]
    write(pandas.DataFrame(pairs, columns=["a", "b"]), tmp_path / name)
    words = ("score", "--input", tmp_path / name, "--output", output)
    assert going(*words, after=1).status == 130
    assert going(*words, after=1).err.startswith(f"bertsim: going on after the {CHUNK} of {3 * CHUNK} rows")
    anew = going(*words, "--restart")
    assert anew.err.splitlines()[0] == f"bertsim: {output}: {3 * CHUNK} of {3 * CHUNK} pairs scored."
    assert [row.sentences for row in open_pairs(output)] == pairs


def test_a_full_disk_keeps_what_is_finished(going, long_file, tiny_bundle, undisturbed, tmp_path):
    output, limit = tmp_path / "s.tsv", len(undisturbed) // 2
    words = ("score", "--input", long_file, "--output", output)
    full = f"{SMALL_CHUNKS}\nimport resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))"
    with start(*words, "--encoder", tiny_bundle, program=full) as process:
        _, said = process.communicate()
    assert process.returncode == 2
    assert TAKEN.sub("", said) == (
        f"bertsim: {output} cannot be written (File too large); what was finished is kept in s.tsv.partial,"
        " and the same command goes on from there.\n"
    )
    assert going(*words).err.startswith("bertsim: going on after")
    assert output.read_bytes() == undisturbed


def test_two_runs_never_write_the_same_file(cli, tmp_path):
    path, output = write_pairs(tmp_path / "p.tsv"), tmp_path / "s.tsv"
    with PartialFile(output, {"of": "another run"}):
        done = cli("score", "--input", path, "--output", output)
    assert refused(done) == f"{output}.partial is being written by another run; wait for it, or stop it."


@pytest.mark.slow
def test_stopped_before_anything_is_done_nothing_is_left(tmp_path):
    path = write_pairs(tmp_path / "p.tsv")
    words = ("score", "--input", path, "--output", tmp_path / "s.tsv", "--engine", "tensorflow")
    with start(*words, PYTHONPROFILEIMPORTTIME="1") as process:  # it names every module that it has imported
        assert process.stderr is not None
        while not process.stderr.readline().endswith(" bertsim.cli\n"):  # the last before it begins
            assert process.poll() is None
        time.sleep(1.0)  # in the middle of importing TensorFlow
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    # the signal may tear a line of the profile, so that its rest stands alone
    ours = [line for line in TAKEN.sub("", said).splitlines() if line.startswith("bertsim:")]
    assert (process.returncode, ours) == (130, ["bertsim: stopped; nothing was written."])
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == [path]


# ---- vectors


def test_sentences_become_npy_npz_and_json_lines(cli, model, tmp_path):
    want = model.embed([A, B])
    for name in ("x.npy", "x.npz", "x.jsonl"):
        done = cli("embed", A, B, "--output", tmp_path / name)
        assert (done.status, done.err) == (0, f"bertsim: {tmp_path / name}: 2 sentences embedded.\n")
    array = np.load(tmp_path / "x.npy")
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, want)
    with np.load(tmp_path / "x.npz") as both:
        np.testing.assert_array_equal(both["embeddings"], want)
        assert set(SETTINGS) <= set(json.loads(str(both["settings"])))
    lines = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["sentence"] for line in lines] == [A, B]
    np.testing.assert_array_equal(np.array([line["embedding"] for line in lines], np.float32), want)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_sentence_of_bytes_that_are_no_utf8_is_written_too(cli, tmp_path):
    sentence = "A caf\udce9 is open."  # as Python has such bytes of the command line
    done = cli("embed", sentence, "--output", tmp_path / "x.jsonl")
    assert done.status == 0
    (line,) = (tmp_path / "x.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["sentence"] == sentence


def test_sentences_of_the_command_line_begin_again_whatever_was_left(cli, model, tmp_path):
    output = tmp_path / "x.npy"
    for job in ({"sentences": [A, B]}, None):
        with PartialFile(output, job) as partial:
            partial.append(b"of another model", rows=2)
        assert cli("embed", A, B, "--output", output).status == 0
        np.testing.assert_array_equal(np.load(output), model.embed([A, B]))
        assert list(tmp_path.iterdir()) == [output]


def test_a_text_file_has_one_sentence_a_line_and_a_table_a_column(cli, model, tmp_path):
    text = tmp_path / "s.txt"
    text.write_text(f"{A}\n{B}\n", encoding="utf-8")
    assert cli("embed", "--input", text, "--output", tmp_path / "t.npy").status == 0
    np.testing.assert_allclose(np.load(tmp_path / "t.npy"), model.embed([A, B]), atol=5e-3)
    table = write_pairs(tmp_path / "p.tsv")
    assert cli("embed", "--input", table, "--column", "sentence2", "--output", tmp_path / "p.npy").status == 0
    np.testing.assert_allclose(np.load(tmp_path / "p.npy"), model.embed([b for _, b in PAIRS]), atol=5e-3)


@pytest.mark.parametrize("name", ["x.npz", "x.jsonl"])
def test_embedding_that_is_stopped_goes_on_to_the_same_vectors(going, long_file, tmp_path, name):
    words = ["embed", "--input", long_file, "--column", "sentence2", "--output"]
    stopped = going(*words, tmp_path / name, after=2)
    assert stopped.status == 130
    assert f"{4 * CHUNK:,} of {ROWS:,} rows are kept in {tmp_path / name}.partial;" in stopped.err
    assert going(*words, tmp_path / name).err.startswith("bertsim: going on after the ")
    whole = tmp_path / f"whole{Path(name).suffix}"
    assert going(*words, whole).status == 0
    assert (tmp_path / name).read_bytes() == whole.read_bytes()


def test_a_line_that_cannot_become_a_vector_stops_the_run_before_it_starts(cli, tmp_path):
    path, output = tmp_path / "s.txt", tmp_path / "x.npy"
    path.write_text("one\n\n\ntwo\n", encoding="utf-8")
    assert refused(cli("embed", "--input", path, "--output", output)) == (
        f"{path}:2: the line is blank (and 1 more rows like it); every row becomes a vector, so mend or remove it."
    )
    path.write_text("one\n\u200b\n", encoding="utf-8")
    assert refused(cli("embed", "--input", path, "--output", output)).startswith(f"{path}:2: ")
    path.write_text("", encoding="utf-8")
    assert refused(cli("embed", "--input", path, "--output", output)) == (
        f"{path} has no rows; there is nothing to embed."
    )
    assert list(tmp_path.iterdir()) == [path]


# ---- evaluation


def test_evaluation_prints_both_figures_their_intervals_and_the_settings(cli, model, tmp_path):
    labels = [4.5, 1, 4, 0, 5]
    path = write_pairs(tmp_path / "p.tsv", labels=labels)
    done = cli("evaluate", "--data", path, "--scorer", "cosine")
    assert (done.status, done.err.count("\n")) == (0, 1)
    assert done.err.startswith("bertsim: 1 sentence has words that the vocabulary lacks, not read: ")
    _, figures, reference, similar, _, judged, _, data, intervals, settings = done.out.splitlines()
    assert reference.split()[0] == "tfidf"
    assert similar == f"similar: label of at least 4; threshold of the best accuracy on {path}"
    scores = model.score(PAIRS).astype(float)
    area = np.mean([scores[similar] > scores[other] for similar in (0, 2, 4) for other in (1, 3)])
    assert judged.split()[:2] == ["cosine", f"{area:.4f}"]
    words = figures.split()
    assert words[:2] == ["cosine", "5"]
    assert float(words[2]) == pytest.approx(pearsonr(scores, labels).statistic, abs=1e-3)
    assert float(words[6]) == pytest.approx(spearmanr(scores, labels).statistic, abs=1e-3)
    assert data == f"data: {path}, labels 'label' from 0 to 5"
    assert intervals == "intervals: 95 %, 1,000 bootstrap resamples, seed 0"
    assert settings.startswith("settings: encoder=")
    assert all(f" {name}=" in settings for name in SETTINGS[1:])


def test_the_tokens_of_labelled_pairs_are_counted_once(cli, tmp_path, monkeypatch):
    path = write_pairs(tmp_path / "p.tsv", [*PAIRS, (A, "\u200b")], labels=[4.5, 1, 4, 0, 5, 3])
    real, counted = bertsim.SimilarityModel.count_tokens, list[str]()

    def count(self: bertsim.SimilarityModel, sentences: Sequence[str], *more: object) -> object:
        counted.extend(sentences)
        return real(self, sentences, *more)

    monkeypatch.setattr(bertsim.SimilarityModel, "count_tokens", count)
    done = cli("evaluate", "--data", path, "--scorer", "cosine", "--skip-bad-rows")
    assert "bertsim: 1 sentence has words that the vocabulary lacks, not read: " in done.err
    assert len(counted) == 12


def test_a_row_that_the_model_refuses_is_named_and_skipped_as_any_bad_row(cli, tmp_path):
    path = write_pairs(tmp_path / "p.tsv", [*PAIRS[:2], (A, "\u200b"), *PAIRS[2:]], labels=[4.5, 1, 3, 4, 0, 5])
    good = write_pairs(tmp_path / "good.tsv", labels=[4.5, 1, 4, 0, 5])
    for words in (["--data", path], ["--data", good, "--dev", path]):
        told = f"{path}:4: 'sentence2' '\\u200b' has no character that the tokenizer can read; write at least one word;"
        advice = "mend the row, or leave such rows out with --skip-bad-rows."
        assert refused(cli("evaluate", *words)) == f"{told} {advice}"
    words = ["--scorer", "cosine", "--json"]
    found = json.loads(cli("evaluate", "--data", path, "--skip-bad-rows", *words).out)
    assert (found["skipped"], found["scorers"]["cosine"]["n"]) == (1, 5)
    assert found["scorers"]["cosine"] == json.loads(cli("evaluate", "--data", good, *words).out)["scorers"]["cosine"]


def test_where_no_pair_is_similar_that_is_said_and_no_probability_is_judged(cli, tmp_path):
    path = write_pairs(tmp_path / "p.tsv", labels=[2, 1, 2, 1, 2])
    done = cli("evaluate", "--data", path, "--scorer", "cosine")
    assert done.err.splitlines()[0] == (
        f"bertsim: {path}: pairs of one kind alone, similar from 4 on; --similar-from sets that."
    )
    assert done.out.splitlines()[5].split() == ["cosine", *"–––––––––"]
    done = cli("evaluate", "--data", path, "--scorer", "cosine", "--similar-from", "2")
    assert "--similar-from" not in done.err
    assert "–" not in done.out.splitlines()[5]


def test_evaluation_of_all_scorers_as_json_gives_what_python_gives(cli, model, tmp_path):
    from bertsim.measuring.evaluation import evaluate

    labels = [4.5, 1, 4, 0, 5]
    path = write_pairs(tmp_path / "p.tsv", labels=labels)
    done = json.loads(cli("evaluate", "--data", path, "--scorer", "all", "--json", "--seed", 3).out)
    assert list(done["scorers"]) == [*model.scorers, "tfidf"]
    assert done["similar_from"] == 4
    assert done["scorers"]["cosine"]["positives"] == 3
    want = evaluate(model.score(PAIRS), labels, seed=3)
    found = done["scorers"]["cosine"]
    assert (found["n"], done["label_column"], done["sentence_columns"]) == (5, "label", ["sentence1", "sentence2"])
    assert found["pearson"]["value"] == pytest.approx(want.pearson.value, abs=2e-3)
    assert found["spearman"]["interval"] == pytest.approx([want.spearman.low, want.spearman.high], abs=2e-3)
    assert set(SETTINGS) <= set(done["settings"])


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (
            [1, 2, "three", 4, 5],
            "{path}:4: the label in 'label' is 'three', and a finite number, as in the rows before, was expected;"
            " mend the row, or leave such rows out with --skip-bad-rows.",
        ),
        (
            [1, 2, "nan", 4, 5],
            "{path}:4: the label in 'label' is 'nan', and a finite number, as in the rows before, was expected;"
            " mend the row, or leave such rows out with --skip-bad-rows.",
        ),
        ([3, 3, 3, 3, 3], "{path}: every label in 'label' is 3; a correlation needs labels that differ."),
    ],
)
def test_labels_that_cannot_be_correlated_are_refused(cli, tmp_path, labels, sentence):
    path = write_pairs(tmp_path / "p.tsv", labels=labels)
    assert refused(cli("evaluate", "--data", path)) == sentence.format(path=path)


def test_too_few_rows_are_refused(cli, tmp_path):
    path = write_pairs(tmp_path / "p.tsv", PAIRS[:2], labels=[1, 2])
    assert refused(cli("evaluate", "--data", path)) == (f"{path} has 2 labelled pairs; a correlation needs at least 3.")
    held_out = f"{path} has 0 labelled pairs in its held-out tenth; a correlation needs at least 3."
    assert refused(cli("evaluate", "--data", path, "--held-out")) == held_out


def test_a_scorer_that_does_not_vary_is_refused(cli, tmp_path):
    path = write_pairs(tmp_path / "p.tsv", [(A, A)] * 3, labels=[1, 2, 5])
    assert refused(cli("evaluate", "--data", path, "--scorer", "euclidean")) == (
        f"{path}, scorer euclidean: every score is 1; a correlation needs scores that differ."
    )


def test_bad_rows_are_refused_or_left_out_and_counted(cli, tmp_path):
    path = write_pairs(tmp_path / "p.tsv", [*PAIRS, ("x", "")], labels=[4, 1, "?", 0, 5, 2])
    assert refused(cli("evaluate", "--data", path)).startswith(f"{path}:4: the label in 'label' is '?'")
    done = cli("evaluate", "--data", path, "--skip-bad-rows")
    assert done.status == 0
    assert done.out.splitlines()[1].split()[:2] == ["cosine", "4"]
    said = next(line for line in done.out.splitlines() if line.startswith("data: "))
    assert said == f"data: {path}, labels 'label' from 0 to 5, 2 bad rows left out"


def test_printing_to_a_narrow_terminal_encoding_is_no_error():
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    with start("score", "naïve 東京 🙂", "rain", "--json", **ascii_only) as process:
        out, said = process.communicate()
    assert process.returncode == 0
    assert "sentence A, not read: " in said
    assert "\\U0001f642; the vocabulary lacks" in said
    assert io.StringIO(out).readline() == "{\n"


# ---- export


@pytest.fixture
def exported(cli, tiny_checkpoint, tmp_path) -> tuple[Path, Path, str]:
    """A folder, behind a link, and a flatbuffer exported from a random BERT, and what was printed."""
    (tmp_path / "linked").mkdir()
    (tmp_path / "encoder").symlink_to("linked")
    folder, flatbuffer = tmp_path / "encoder", tmp_path / "encoder.tflite"
    data = write_pairs(tmp_path / "p.tsv", labels=[4, 1, 3, 0, 5])
    done = cli("export", "--encoder", tiny_checkpoint, "--output", folder, "--data", data)
    with start("export", "--encoder", tiny_checkpoint, "--output", flatbuffer) as process:
        out, said = process.communicate()
    assert (done.status, process.returncode) == (0, 0), said
    assert said == f"bertsim: exporting {tiny_checkpoint}; this takes up to a minute.\n"
    assert len(list(tmp_path.iterdir())) == 4
    assert folder.is_symlink()
    return folder, flatbuffer, done.out + out


@pytest.mark.tensorflow
def test_an_exported_folder_loads_in_both_engines_and_a_flatbuffer_stands_alone(cli, exported):
    folder, flatbuffer, printed = exported
    assert "lowest cosine of an embedding to the TensorFlow model's" in printed
    assert "; Spearman " in printed
    assert flatbuffer.stat().st_size > 10_000
    fast, exact = (
        float(cli("score", A, B, "--encoder", folder, "--engine", engine).out.split()[0])
        for engine in ("litert", "tensorflow")
    )
    assert fast == pytest.approx(exact, abs=0.02)


@pytest.mark.tensorflow
def test_exports_that_cannot_be_made_are_refused(cli, tiny_checkpoint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_pairs(Path("p.tsv"))
    assert refused(cli("export", "--encoder", "no", "--output", "x")) == (
        "no is no folder; export takes the folder of a checkpoint."
    )
    assert refused(cli("export", "--encoder", tiny_checkpoint, "--output", tmp_path)) == (
        f"{tmp_path} exists and is not an empty folder; choose another, or remove it first."
    )
    assert refused(cli("export", "--encoder", tiny_checkpoint, "--output", "no/x")) == (
        "no/x: there is no folder no; make it first."
    )
    assert refused(cli("export", "--encoder", tiny_checkpoint, "--output", "x", "--data", "p.tsv")) == (
        "p.tsv: no column is known to be the label among 'id', 'sentence1', 'sentence2'; rename them until one alone "
        "has a known name, such as score."
    )
    write_pairs(Path("p.tsv"), labels=[1, 2, "x", 4, 5])
    assert refused(cli("export", "--encoder", tiny_checkpoint, "--output", "x", "--data", "p.tsv")) == (
        "p.tsv:4: the label in 'label' is 'x', and a finite number, as in the rows before, was expected; mend the row."
    )
    write_pairs(Path("p.tsv"), [*PAIRS[:3], ("It rains.", "\u200b\u200d")], labels=[1, 2, 3, 4])
    assert refused(cli("export", "--encoder", tiny_checkpoint, "--output", "x", "--data", "p.tsv")) == (
        "p.tsv:5: 'sentence2' '\\u200b\\u200d' has no character that the tokenizer can read; write at least one word; "
        "mend the row."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["p.tsv"]


@pytest.mark.tensorflow
def test_a_file_that_the_manifest_of_the_encoder_names_is_no_place_for_an_export(cli, tiny_bundle, tmp_path):
    shutil.copytree(tiny_bundle, tmp_path / "tiny")
    (tmp_path / "link").symlink_to("tiny")
    path = tmp_path / "link" / "model.tflite"
    assert refused(cli("export", "--encoder", tmp_path / "tiny", "--output", path)) == (
        f"{path} is a file of the encoder that its manifest names; choose another --output."
    )


def test_where_columns_cannot_be_told_the_command_says_which_option_names_them(cli, tmp_path):
    path, output = tmp_path / "p.tsv", tmp_path / "s.tsv"
    path.write_text("left\tright\nx\ty\n")
    told = f"{path}:1: it cannot be told whether its first row, 'left', 'right', names the columns or is one like the"
    if_not = "if it does, --no-header if not."
    assert refusal(cli, path, "--output", output) == f"{told} others; say --columns and two of these {if_not}"
    assert refused(cli("evaluate", "--data", path)).startswith(told)
    assert refused(cli("evaluate", "--data", path, "--columns", "left", "right")).endswith(
        "the label among 'left', 'right'; name it with --label-column."
    )
    words = "embed", "--input", path, "--output", tmp_path / "x.npy"
    assert refused(cli(*words)) == f"{told} others; say --column and its name {if_not}"
    path.write_text("left\tright\nx\ty\tz\nu\tv\tw\n")
    assert refused(cli(*words, "--header")).endswith("or say --no-header and, by numbers up to 3, --column.")
    path.write_text("left\tright\nx\ty\n")
    assert refused(cli(*words, "--header")) == (
        f"{path}: it cannot be told which of 'left', 'right' holds the sentences; name it with --column."
    )
    assert refusal(cli, path, "--output", output, "--header").endswith(
        "the sentences among 'left', 'right'; name them with --columns A B."
    )


def test_every_command_with_a_file_says_how_many_sentences_were_cut_off(cli, tmp_path):
    lines = tmp_path / "lines.txt"
    data = write_pairs(tmp_path / "pairs.tsv", [("rain " * n, "it rains") for n in (1, 2, 30)], labels=[1, 2, 30])
    lines.write_text("rain\n" + "rain " * 30 + "\n")
    for words in (
        ["score", "--input", data, "--output", tmp_path / "scored.tsv"],
        ["evaluate", "--data", data],
        ["embed", "--input", lines, "--output", tmp_path / "lines.npy"],
    ):
        done = cli(*words, "--max-length", "16")
        assert "1 sentence was cut off: only the first 16 tokens were read" in done.err


def test_every_command_says_how_many_pairs_are_cut_off_where_two_are_read_together(cli, tmp_path):
    lines = tmp_path / "lines.txt"
    data = write_pairs(tmp_path / "pairs.tsv", [("rain " * 10, "snow " * n) for n in (1, 2, 10)], labels=[1, 2, 10])
    lines.write_text("rain\n" + "snow " * 10 + "\n")
    for words in (
        ["evaluate", "--data", data],
        ["rank", "rain " * 10, "--input", lines, "--rerank", "pooled"],
        ["rank", "rain " * 10, "--input", lines, "--scorer", "pooled"],
        ["matrix", "--input", lines, "--others", lines, "--scorer", "combined", "--output", tmp_path / "matrix.npy"],
    ):
        done = cli(*words, "--max-length", "16")
        assert "1 pair is longer than the 16 tokens that two share when they are read together: the end of" in done.err
        done = cli(*words, "--max-length", "32")
        assert "is cut off" not in done.err
    done = cli("rank", "rain " * 10, "--input", lines, "--max-length", "16")
    assert "is cut off" not in done.err  # each is read alone


def test_probe_says_what_was_not_read(cli, tmp_path):
    path = tmp_path / "known.tsv"
    rows = ["It rains.\tIt pours \u2603.\tclose", f"{'rain ' * 10}\t{'snow ' * 10}\tdifferent"]
    path.write_text("\n".join(["sentence1\tsentence2\tkind", *rows]) + "\n", encoding="utf-8")
    done = cli("probe", "--verdicts", path, "--max-length", "16")
    assert done.status == 0
    assert "bertsim: 1 sentence has words that the vocabulary lacks, not read: \u2603;" in done.err
    assert "bertsim: 1 pair is longer than the 16 tokens that two share when they are read together" in done.err
