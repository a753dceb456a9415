"""What is written is whole or not there, whatever disk and clock do; of runs that end midway see `test_cli`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bertsim.export import cache
from tests.test_house import ROOT

FULL = """
import resource, sys
from bertsim.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
for words in (
    ["embed", "--input", "s.txt", "--output", "o.npy"],
    ["duplicates", "--input", "s.txt", "--threshold", "-1", "--output", "d.tsv"],
    ["matrix", "--input", "s.txt", "--output", "m.tsv"],
    ["rank", "--input", "s.txt", "--query", "A dog.", "--output", "r.tsv"],
):
    try:
        print(words[0], main(words), flush=True)
    except SystemExit as stop:
        print(words[0], "words", stop.code, flush=True)
"""


@pytest.mark.long
def test_on_a_full_disk_every_command_says_so_and_leaves_no_half_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("".join(f"Sentence {number} of a list.\n" for number in range(40)))
    done = subprocess.run(
        [sys.executable, "-c", FULL],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    statuses = dict(line.split(" ", 1) for line in done.stdout.splitlines() if line.split(" ")[0] in FULL)
    assert statuses["embed"] == statuses["duplicates"] == statuses["matrix"] == "2", done.stderr
    assert done.stderr.count("File too large") >= 3
    assert {path.name for path in tmp_path.iterdir()} - {"s.txt"} <= {"o.npy.partial", "o.npy.partial.json"}


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
