"""`score` of a file of many pairs as whole processes: its memory, and the same rows through Ray on one machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter, sleep

import pyarrow as pa
from pyarrow import parquet

from tests.bench.checkpoint import SEED
from tests.bench.processes import resident
from tests.bench.rounds import ROOT

FEW = 400
RAY_PAIRS = 20_000
_SAMPLE = 0.1  # seconds


@dataclass(frozen=True)
class Memory:
    """Megabytes of a process that scores a file, above those of one that scores a few rows.

    Attributes:
        most: at most.
        grown: how much more in the last half of its time than in the half before, in the middle of each.
    """

    most: float
    grown: float


def write_pairs(path: Path, sentences: list[str], count: int) -> Path:
    """A file of so many pairs of different sentences: every one a sentence with another in front of it."""
    draw = Random(SEED)
    sides = ([f"{draw.choice(sentences)} {draw.choice(sentences)}" for _ in range(count)] for _ in range(2))
    parquet.write_table(
        pa.table(dict(zip(("sentence1", "sentence2"), sides, strict=True))), path, row_group_size=10_000
    )
    return path


def memory_of_score(folder: Path, sentences: list[str], count: int) -> Memory:
    """How memory goes while `score` goes through `count` pairs."""
    few, many = (_residents(write_pairs(folder / "pairs.parquet", sentences, each)) for each in (FEW, count))
    base, half = max(few), len(many) // 2
    return Memory(max(many) - base, median(many[half:]) - median(many[len(many) // 10 : half]))


def ray_ratios(folder: Path, sentences: list[str], rounds: int) -> list[float]:
    """How many times as fast Ray with an actor a core is as the command alone, once both have started; per round.

    What starting takes is what a few rows take.
    """
    few, many = (write_pairs(folder / f"{each}.parquet", sentences, each) for each in (FEW, RAY_PAIRS))
    ratios = []
    for _ in range(rounds):
        plain, by_ray = (_seconds(many, *words) - _seconds(few, *words) for words in ((), ("--ray",)))
        ratios.append(plain / by_ray)
    return ratios


def has_ray() -> bool:
    """Whether the extra is installed."""
    return find_spec("ray") is not None


def _command(path: Path, *words: str) -> list[str]:
    output = path.with_name("scored" if words else "scored.parquet")
    shutil.rmtree(output, ignore_errors=True)
    output.unlink(missing_ok=True)
    return [sys.executable, "-m", "bertsim", "score", "--input", str(path), "--output", str(output), *words]


def _seconds(path: Path, *words: str) -> float:
    command, start = _command(path, *words), perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
    return perf_counter() - start


def _residents(path: Path) -> list[float]:
    """Megabytes of memory that the command has in use, ten times a second."""
    found = []
    with subprocess.Popen(_command(path), cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            found.append(resident(process.pid))
            sleep(_SAMPLE)
    if process.returncode:
        raise RuntimeError(f"score ended with status {process.returncode}.")
    return [each for each in found if each]
