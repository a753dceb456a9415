"""What is written is whole or not there, whatever disk and clock do; of runs that end midway see `test_cli`."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from bertsim.data.atomic import write_atomically
from bertsim.data.json_files import write_json
from bertsim.export import cache
from bertsim.export.writing import write_int8
from tests.checkpoints import make_checkpoint
from tests.test_house import ROOT

FULL = """
import resource, sys
from bertsim.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
for words in (
    ["score", "--input", "p.tsv", "--output", "p.jsonl"],
    ["embed", "--input", "s.txt", "--output", "o.npy"],
    ["duplicates", "--input", "s.txt", "--threshold", "-1", "--output", "d.tsv"],
    ["matrix", "--input", "s.txt", "--output", "m.tsv"],
    ["rank", "A dog.", "--input", "s.txt", "--output", "r.tsv"],
):
    print(words[0], main(words), flush=True)
"""

KILLED = {
    "in the middle of a write": "resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))",
    "before the move": "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)",
}
WRITES = {
    "rank": ("--input", "s.txt", "--queries", "s.txt", "--output", "r.tsv"),
    "matrix": ("--input", "s.txt", "--output", "m.tsv"),
    "duplicates": ("--input", "s.txt", "--threshold", "-1", "--output", "d.tsv"),
    "export": ("--encoder", "tiny", "--output", "tiny.tflite"),
}


def environment(**more: str) -> dict[str, str]:
    """Of a process that finds this package from anywhere."""
    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"} | more


@pytest.mark.long
@pytest.mark.parametrize("when", KILLED)
@pytest.mark.parametrize("command", WRITES)
def test_a_command_that_is_killed_leaves_nothing_and_the_next_run_writes_it(
    tmp_path: Path, command: str, when: str
) -> None:
    (tmp_path / "s.txt").write_text("".join(f"Sentence {number} of a list.\n" for number in range(40)))
    make_checkpoint(tmp_path / "tiny", hidden_size=8, num_hidden_layers=1, num_attention_heads=2)
    words, out = [command, *WRITES[command]], tmp_path / WRITES[command][-1]

    def run(*before: str) -> int:
        lines = ["import os, resource, signal", "from bertsim.cli import main", *before, f"exit(main({words}))"]
        code = "\n".join(lines)
        return subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment(), check=False).returncode

    assert run("signal.signal(signal.SIGXFSZ, signal.SIG_DFL)", KILLED[when]) in (-signal.SIGXFSZ, -signal.SIGKILL)
    assert not out.exists()
    assert run() == 0
    assert out.stat().st_size > 300


def test_what_a_killed_process_left_goes_with_the_next_write_to_its_place(tmp_path: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = {name: tmp_path / name for name in (f".o.npy.{gone.pid}.new", f".o.npy.{os.getppid()}.new", ".o.npy.x.new")}
    left["other"] = tmp_path / f".other.npy.{gone.pid}.new"
    for path in left.values():
        path.touch()

    def write() -> list[bool]:
        write_atomically(tmp_path / "o.npy", lambda new: new.write_text("x"))
        return [path.exists() for path in left.values()]

    assert write() == [True] * 4  # a process of another machine may be writing still
    for path in left.values():
        os.utime(path, (0, 0))
    assert write() == [False, True, True, True]


def test_a_file_of_json_is_the_old_one_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop_midway(path: Path, text: str, **_: object) -> None:
        path.write_bytes(text.encode()[:5])
        raise OSError(errno.ENOSPC, "No space left on device")

    write_json(path := tmp_path / "verdict.json", {"old": 1})
    monkeypatch.setattr(Path, "write_text", stop_midway)
    with pytest.raises(OSError, match="No space left"):
        write_json(path, {"new": 2})
    assert json.loads(path.read_bytes()) == {"old": 1}
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.long
def test_two_processes_on_one_cache_make_one_flatbuffer(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("A dog.\nA cat.\n")
    make_checkpoint(tmp_path / "tiny", hidden_size=8, num_hidden_layers=1, num_attention_heads=2)
    words = [sys.executable, "-m", "bertsim", "embed", "--input", "s.txt", "--encoder", "tiny", "--output"]
    own = environment(XDG_CACHE_HOME=str(tmp_path / "cache"))
    runs = [subprocess.Popen([*words, name], cwd=tmp_path, env=own) for name in ("one.npy", "two.npy")]
    assert [run.wait(timeout=120) for run in runs] == [0, 0]
    assert (tmp_path / "one.npy").read_bytes() == (tmp_path / "two.npy").read_bytes()
    assert len([*(tmp_path / "cache").rglob("*.tflite")]) == 1


@pytest.mark.long
def test_on_a_full_disk_every_command_says_so_and_leaves_no_half_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("".join(f"Sentence {number} of a list.\n" for number in range(40)))
    (tmp_path / "p.tsv").write_text("a\tb\n" + "".join(f"Sentence {number}.\tA dog.\n" for number in range(40)))
    done = subprocess.run(
        [sys.executable, "-c", FULL], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    commands = ["score", "embed", "duplicates", "matrix", "rank"]
    assert done.stdout.splitlines() == [f"{command} 2" for command in commands], done.stderr
    assert done.stderr.count("File too large") == len(commands)
    left = {f"{name}.partial{more}" for name in ("p.jsonl", "o.npy") for more in ("", ".json")}
    assert {path.name for path in tmp_path.iterdir()} - {"s.txt", "p.tsv"} <= left


@pytest.mark.skipif(os.name == "nt", reason="there, a file has no such mode")
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_tensors_are_for_whom_any_new_file_is(tmp_path: Path, umask: int) -> None:
    path, before = tmp_path / "x.safetensors", os.umask(umask)
    try:
        write_int8({"x": np.ones((2, 2), np.float32)}, path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_clock_that_was_set_back_makes_no_flatbuffer_anew_nor_forgets_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made = list[Path]()

    def export(path: Path) -> None:
        path.write_bytes(b"x" * 10)
        made.append(path)

    first = cache.make_cached("heads", ["one"], export)
    ahead = time.time() + 1e8
    os.utime(first, (ahead, ahead))
    assert cache.find_cached("heads", ["one"]) == cache.make_cached("heads", ["one"], export) == first
    second = cache.make_cached("heads", ["two"], export, limit=15)
    assert made == [first, second]
    assert second.exists()
