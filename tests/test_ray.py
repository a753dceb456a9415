"""`--ray`: what is refused before Ray starts, and a real cluster of two machines on this one.

The cluster wants Ray, which `make test-all` installs as the extra of pyproject.toml says.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from pyarrow import fs, parquet

import bertsim
from bertsim import SimilarityModel
from bertsim.batch import on_ray
from bertsim.batch.on_ray import pool_size
from bertsim.batch.places import Source
from bertsim.batch.table import NewColumns, TableEmbedder
from bertsim.errors import ClusterError, DataError, InputError
from tests.commands import ROOT, Result, start

A, B = "A man is playing a guitar.", "Somebody plays the guitar on a stage."
WORDS = ("man", "dog", "guitar", "train", "river", "\U0001f44d", "old", "green", "sings", "falls")
NEEDS_RAY = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed (make test-all installs it)")
SMALL_CHUNKS = "import bertsim.batch.scoring as scoring; scoring.CHUNK = 200"
ENVIRONMENT = {
    "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # loopback
    "BERTSIM_TEST_CLUSTER": str(os.getpid()),  # by which its processes are known
}
PATIENCE = 240.0
GOES_WITH = "--ray goes with --input FILES and --output FOLDER, and no sentence beside them."


def pairs(count: int) -> pa.Table:
    """Pairs that differ, some of which cannot be scored, or not be read whole."""
    drawn = np.random.default_rng(0).choice(WORDS, (count, 2, 5))
    a, b = ([" ".join(words) for words in drawn[:, side]] for side in (0, 1))
    a[3], b[4], b[5] = None, " ", "\u200b"
    return pa.table({"id": range(count), "sentence1": a, "sentence2": b})


@pytest.fixture
def has_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if Ray were installed, for what is refused before it is imported."""
    monkeypatch.setattr(on_ray, "find_spec", lambda name: name)


# ---- before Ray starts


def test_the_engine_s_threads_are_a_parameter(model: SimilarityModel) -> None:
    one, three = bertsim.load(threads=1), bertsim.load(threads=3)
    assert (one._engine.parallel_batches, one._engine.pool) == (1, None)
    assert (three._engine.parallel_batches, three._engine.pool._max_workers) == (3, 3)
    some = [(f"{A} {word}", f"{word} {B}") for word in WORDS]
    np.testing.assert_array_equal(one.score(some), model.score(some))
    np.testing.assert_array_equal(three.score(some, scorer="combined"), model.score(some, scorer="combined"))
    with pytest.raises(InputError, match=r"^threads is 0; a whole number from 1 on was expected\.$"):
        bertsim.load(threads=0)


def test_a_table_is_embedded_with_the_reason_of_every_row_that_is_not(model: SimilarityModel) -> None:
    new = NewColumns.named(["embed"], score="embedding")
    embed = TableEmbedder(model, ("text",), (), new, {"pooling": "max"})
    table = pa.table({"text": [A, None, "☃ up", "", B], "n": range(5)})
    found = embed(table)
    assert found.column_names == ["text", "n", "embedding", "unknown_tokens", "cut_tokens", "error"]
    assert str(found.schema.field("embedding").type) == "list<item: float>"
    vectors = found.column("embedding").to_pylist()
    np.testing.assert_array_equal(
        np.array([vectors[0], vectors[2], vectors[4]], np.float32), model.embed([A, "☃ up", B], pooling="max")
    )
    assert (vectors[1], vectors[3]) == (None, None)
    assert found.column("unknown_tokens").to_pylist() == [0, None, 1, None, 0]
    assert found.column("error").to_pylist() == [None, "there is no 'text'", None, "'text' is empty", None]
    nothing = embed(table.slice(0, 0))
    assert (len(nothing), nothing.schema) == (0, found.schema)


def test_files_are_found_by_folder_and_by_pattern(tmp_path: Path) -> None:
    table = pairs(8)
    for name in ("b.parquet", "a.parquet", "_done.parquet", ".c.parquet"):
        parquet.write_table(table, tmp_path / name)
    every = tuple(str(tmp_path / name) for name in ("a.parquet", "b.parquet"))
    for where in (tmp_path, tmp_path / "*.parquet", f"{tmp_path.as_uri()}/?.parquet"):
        found = Source.find(where)
        assert (found.paths, found.kind, found.columns) == (every, "parquet", ("id", "sentence1", "sentence2"))
    assert Source.find(tmp_path / "b.parquet").paths == every[1:]
    assert isinstance(found.filesystem, fs.LocalFileSystem)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.tsv", 'sentence1\tsentence2\n"A\tB\n'),
        ("p.csv", 'sentence1,sentence2\n"A, b","B\nc"\n'),
        ("p.jsonl", '{"sentence1": "A", "sentence2": "B"}\n'),
    ],
)
def test_the_columns_of_text_are_known_before_it_is_read(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    found = Source.find(tmp_path / name)
    assert (found.kind, found.columns) == (name[2:], ("sentence1", "sentence2"))


@pytest.mark.parametrize(
    ("where", "fault"),
    [
        ("*.csv", "{0}/*.csv: there is no such file; name a file, a folder, or several by 'folder/*.parquet'."),
        ("none/*", "{0}/none/*: there is no such file; name a file, a folder, or several by 'folder/*.parquet'."),
        (".", "{0} are files of several kinds, jsonl, parquet; name one, as in '*.parquet'."),
        ("torn.parquet", "{0}/torn.parquet cannot be read or written (*); check it."),
        ("p.jsonl", "{0}/p.jsonl cannot be read or written (*); check it."),
    ],
)
def test_files_that_cannot_be_read_are_refused(tmp_path: Path, where: str, fault: str) -> None:
    (tmp_path / "torn.parquet").write_text("this is none")
    (tmp_path / "p.jsonl").write_text("{")
    with pytest.raises(DataError) as raised:
        Source.find(tmp_path / where)
    begin, _, end = fault.format(tmp_path).partition("*);")
    if end:
        assert str(raised.value).startswith(begin)
        assert str(raised.value).endswith(f");{end}")
    else:
        assert str(raised.value) == fault.format(tmp_path)


def test_a_place_that_arrow_does_not_know_is_refused() -> None:
    with pytest.raises(DataError, match=r"^ftp://x/y\.csv cannot be read or written \(Unrecognized .*\); check it\.$"):
        Source.find("ftp://x/y.csv")


@pytest.mark.parametrize(
    ("nodes", "cpus", "size"), [([3], 1, 2), ([2, 1], 1, 2), ([4, 4], 2, 3), ([64, 64], 1, 120), ([2, 2, 2], 2, 2)]
)
def test_actors_leave_processors_for_who_reads(nodes: Sequence[int], cpus: int, size: int) -> None:
    assert pool_size(nodes, cpus) == size


@pytest.mark.parametrize(("nodes", "cpus", "has"), [([1], 1, (1, 1)), ([2, 2], 3, (4, 2)), ([], 1, (0, 0))])
def test_a_cluster_that_would_wait_for_ever_is_refused(nodes: Sequence[int], cpus: int, has: tuple[int, int]) -> None:
    with pytest.raises(ClusterError) as raised:
        pool_size(nodes, cpus)
    assert str(raised.value) == (
        f"the cluster has {has[0]} processors, {has[1]} on its largest machine; a copy of the model needs {cpus} on one"
        " machine, and reading 1 more, so add machines, or lower --ray-cpus."
    )


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["score", "a", "b", "--ray"], GOES_WITH),
        (["score", "--input", "x.csv", "--ray"], GOES_WITH),
        (["embed", "a", "--output", "o", "--ray"], GOES_WITH),
        (["score", "a", "b", "--ray-cpus", "2"], "--ray-cpus and --ray-format go with --ray."),
        (["embed", "a", "--output", "o.npy", "--ray-format", "csv"], "--ray-cpus and --ray-format go with --ray."),
        (
            ["score", "--input", "s3://x/y.csv", "--output", "o.csv"],
            "s3://x/y.csv is not on this machine; with --ray it is read and written where it is.",
        ),
    ],
)
def test_words_that_do_not_fit_are_refused(cli: Callable[..., Result], words: list[str], fault: str) -> None:
    assert cli(*words).refusal == fault


def test_what_cannot_begin_is_refused_before_anything_is_loaded(
    tmp_path: Path, cli: Callable[..., Result], has_ray: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bertsim, "load", lambda *words, **options: pytest.fail("the model was loaded"))
    parquet.write_table(pairs(8), tmp_path / "p.parquet")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()

    def refusal(*words: object, command: str = "score", output: object = tmp_path / "out", ray: str = "local") -> str:
        return cli(command, "--input", tmp_path / "p.parquet", "--output", output, "--ray", ray, *words).refusal

    full = tmp_path / "full"
    assert refusal(output=full) == (
        f"{full} has something in it; with --ray the output is a folder that is new, or empty."
    )
    assert refusal(output=full / "x") == (
        f"{full}/x is a file; with --ray the output is a folder that is not there yet."
    )
    assert refusal(output=full / "a" / "b") == f"{full}/a/b: there is no folder {full}/a; make it first."
    has = "'id', 'sentence1', 'sentence2'"
    assert refusal("--columns", "id", "b") == f"{tmp_path}/p.parquet has no column 'b'; it has {has}."
    assert refusal("--score-column", "id") == (
        f"{tmp_path}/p.parquet already has a column 'id'; name the new one with --score-column."
    )
    assert refusal("--columns", "id", "sentence1", "sentence2").startswith("several references are for alignment")
    assert refusal(command="embed") == (
        f"{tmp_path}/p.parquet: it cannot be told which of {has} holds the sentences; name it with --column."
    )
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        assert refusal(ray=address) == (
            f"no Ray cluster answers at {address} (Connection refused); start one by ray start --head."
        )
    parquet.write_table(pa.table({"text": [A], "embedding": [1]}), tmp_path / "p.parquet")
    assert refusal(command="embed") == f"{tmp_path}/p.parquet already has a column 'embedding'; rename it first."


def test_without_ray_it_is_said_how_to_get_it(
    tmp_path: Path, cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_ray, "find_spec", lambda name: None)
    assert cli("score", "--input", tmp_path, "--output", tmp_path / "out", "--ray").refusal == (
        "--ray needs Ray, which is not installed here; in bertsim's folder: pip install '.[ray]'."
    )


# ---- a cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of two machines on this one."""
    command = [sys.executable, "-m", "tests.ray_cluster"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | ENVIRONMENT, text=True, **pipes) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address, process.communicate()
            yield address
        finally:
            process.communicate()


def said(process: subprocess.Popen[str]) -> tuple[int, str, list[str]]:
    """Exit status, stdout, and the lines on stderr."""
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err.splitlines()


def on(address: str, *words: object, program: str = SMALL_CHUNKS) -> subprocess.Popen[str]:
    return start(*words, "--ray", address, program=program, **ENVIRONMENT)


def workers() -> list[int]:
    """The actors of the cluster that have a model."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_one = b"ray::MapWorker" in (folder / "cmdline").read_bytes()
            if is_one and f"BERTSIM_TEST_CLUSTER={os.getpid()}".encode() in (folder / "environ").read_bytes():
                found += [int(folder.name)] if "ai_edge_litert" in (folder / "maps").read_text() else []
        except OSError:
            continue  # it has ended
    return found


def wait_for_worker(process: subprocess.Popen[str]) -> int:
    """An actor that has begun."""
    end = monotonic() + PATIENCE
    while monotonic() < end:
        assert process.poll() is None, process.communicate()
        if found := workers():
            return found[0]
        sleep(0.05)
    pytest.fail("no actor has begun")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of three Parquet files, and beside it the file of all of their rows."""
    table = pairs(6_000)
    (tmp_path / "in").mkdir()
    for place in range(3):
        parquet.write_table(table.slice(2_000 * place, 2_000), tmp_path / "in" / f"{place}.parquet")
    parquet.write_table(table, tmp_path / "all.parquet")
    return tmp_path


@NEEDS_RAY
@pytest.mark.long
def test_a_worker_that_is_killed_loses_and_doubles_nothing(
    folder: Path, cluster: str, cli: Callable[..., Result]
) -> None:
    out = folder / "out"
    with on(cluster, "score", "--input", folder / "in" / "*.parquet", "--output", out, "--probability") as process:
        os.kill(wait_for_worker(process), signal.SIGKILL)
        status, _, lines = said(process)
    assert (status, len(lines)) == (0, 2), lines
    assert lines[0] == f"bertsim: {out}: 5,997 of 6,000 rows scored; 3 could not be, see the column 'error'."
    assert lines[1].startswith("bertsim: rows with words that the vocabulary lacks, which were not read: ")
    plain = folder / "plain.parquet"
    assert cli("score", "--input", folder / "all.parquet", "--output", plain, "--probability").status == 0
    found = pa.concat_tables(parquet.read_table(path) for path in sorted(out.iterdir()))
    assert found.column("id").to_pylist() == list(range(6_000))
    assert found.equals(parquet.read_table(plain))
    assert sorted(path.name for path in folder.iterdir()) == ["all.parquet", "in", "out", "plain.parquet"]


@NEEDS_RAY
@pytest.mark.long
@pytest.mark.parametrize("kind", ["jsonl", "csv", "tsv"])
def test_text_comes_out_as_without_ray(tmp_path: Path, cluster: str, cli: Callable[..., Result], kind: str) -> None:
    rows = [(str(row["id"]), row["sentence1"] or "", row["sentence2"]) for row in pairs(900).to_pylist()]
    separator, path = {"csv": ",", "tsv": "\t"}.get(kind), tmp_path / f"p.{kind}"
    if separator:
        lines = [separator.join(cells) for cells in [("id", "sentence1", "sentence2"), *rows]]
    else:
        lines = [json.dumps(row, ensure_ascii=False) for row in pairs(900).to_pylist()]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    with on(cluster, "score", "--input", path, "--output", tmp_path / "out", "--scorer", "cosine,dot") as process:
        assert said(process)[0] == 0
    plain = tmp_path / f"plain.{kind}"
    assert cli("score", "--input", path, "--output", plain, "--scorer", "cosine,dot").status == 0
    assert "".join(each.read_text("utf-8") for each in sorted((tmp_path / "out").iterdir())) == plain.read_text("utf-8")


@NEEDS_RAY
@pytest.mark.long
def test_vectors_are_those_of_embed(folder: Path, cluster: str, model: SimilarityModel) -> None:
    words = ["embed", "--input", folder / "in", "--column", "sentence1", "--output", folder / "out"]
    with on(cluster, *words, "--ray-format", "parquet") as process:
        assert said(process)[:2] == (0, "")
    found = pa.concat_tables(parquet.read_table(path) for path in sorted((folder / "out").iterdir()))
    assert found.column("error").to_pylist()[:5] == [None, None, None, "there is no 'sentence1'", None]
    good = found.filter(found.column("error").is_null())
    assert len(good) == 5_999
    vectors = np.array(good.column("embedding").to_pylist()[::10], np.float32)
    np.testing.assert_array_equal(vectors, model.embed(good.column("sentence1").to_pylist()[::10]))


@NEEDS_RAY
@pytest.mark.long
@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_rows_of_a_file_that_lacks_a_column_have_that_for_a_reason(tmp_path: Path, cluster: str, kind: str) -> None:
    table = pairs(8).slice(6)
    (tmp_path / "in").mkdir()
    for name, each in (("a", table), ("b", table.drop_columns(["sentence2"]))):
        if kind == "parquet":
            parquet.write_table(each, tmp_path / "in" / f"{name}.parquet")
        else:
            lines = (f"{json.dumps(row)}\n" for row in each.to_pylist())
            (tmp_path / "in" / f"{name}.jsonl").write_text("".join(lines))
    out = tmp_path / "out"
    with on(cluster, "score", "--input", tmp_path / "in", "--output", out, "--ray-format", "parquet") as process:
        assert said(process)[0] == 0
    found = pa.concat_tables(map(parquet.read_table, sorted(out.iterdir())), promote_options="permissive")
    assert found.column("error").to_pylist() == [None, None, *["there is no 'sentence2'"] * 2]


@NEEDS_RAY
@pytest.mark.long
def test_what_fails_on_the_cluster_is_one_sentence_and_leaves_nothing(tmp_path: Path, cluster: str) -> None:
    parquet.write_table(pairs(8), tmp_path / "p.parquet")
    (tmp_path / "torn.jsonl").write_text('{"sentence1": "A", "sentence2": "B"}\n' * 90_000 + "{torn\n")
    # as on a machine that lacks the folder that the command's own has
    lacks = (
        "import bertsim.cli.cluster as cluster; cluster.loading_of = lambda args: {'source': '/nowhere', 'heads': None}"
    )
    for words, program, begin, end in (
        (["p.parquet"], lacks, "/nowhere is neither a folder nor a repository id of the form user/name.", ""),
        (["p.parquet", "--ray-cpus", "4"], "", "the cluster has 3 processors, 2 on its largest machine;", ""),
        (["torn.jsonl"], "", f"{tmp_path}/torn.jsonl cannot be read, scored or written (a line is no JSON); ", ""),
    ):
        name, *more = words
        with on(
            cluster, "score", "--input", tmp_path / name, "--output", tmp_path / "out", *more, program=program
        ) as it:
            status, out, lines = said(it)
        assert (status, out, len(lines)) == (2, "", 1), lines
        assert lines[0].startswith(f"bertsim: {begin}")
        assert lines[0].endswith(end)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.parquet", "torn.jsonl"]


@NEEDS_RAY
@pytest.mark.long
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_it_says_so_and_leaves_nothing(folder: Path, cluster: str, number: int, status: int) -> None:
    with on(cluster, "score", "--input", folder / "in", "--output", folder / "out") as process:
        wait_for_worker(process)
        process.send_signal(number)
        assert said(process) == (status, "", ["bertsim: stopped; what was finished is not kept with --ray."])
    assert sorted(path.name for path in folder.iterdir()) == ["all.parquet", "in"]


@NEEDS_RAY
@pytest.mark.long
def test_without_an_address_it_is_this_machine_alone(tmp_path: Path) -> None:
    parquet.write_table(pairs(8), tmp_path / "p.parquet")
    out = tmp_path / "out"
    with start("score", "--input", tmp_path, "--output", out, "--json", "--ray", **ENVIRONMENT) as process:
        status, printed, _ = said(process)
    assert status == 0
    counts = json.loads(printed)
    assert (counts["rows"], counts["scored"], counts["bad"]) == (8, 5, 3)
    assert [path.name for path in out.iterdir()] == ["000000.parquet"]
