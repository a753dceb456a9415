"""The machine under the bench: what its processor can do, the two cores we keep to, and who else uses them.

Linux only: all of it is read in /proc and /sys.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep
from typing import Self

from tests.bench.protocol import THREADS

INSTRUCTIONS = {  # as named in /proc/cpuinfo
    "AMX": ("amx_int8", "amx_bf16"),
    "AVX-512 bf16": ("avx512_bf16",),
    "AVX-512 VNNI": ("avx512_vnni",),
    "AVX-VNNI": ("avx_vnni",),
    "AVX2": ("avx2",),
}
QUIET = 0.1
"""Share of our cores that others may have without its being told."""
_SAMPLE, _PATIENCE = 0.4, 4.0  # seconds
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Clock:
    """A moment: wall time, and processor time spent on our cores by everyone and by one process; seconds."""

    wall: float
    everyone: float
    own: float

    @classmethod
    def now(cls, pid: int) -> Self:
        """Read it; `pid` is the process that counts as our own."""
        cores = {f"cpu{core}" for core in os.sched_getaffinity(0)}
        lines = [line.split() for line in Path("/proc/stat").read_text().splitlines()]
        ticks = sum(sum(map(int, words[1:9])) - int(words[4]) - int(words[5]) for words in lines if words[0] in cores)
        own = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return cls(perf_counter(), ticks / _TICKS, sum(map(int, own)) / _TICKS)

    def others_since(self, start: Clock) -> float:
        """Share of our cores that other processes, or other guests of the host, had from `start` to now; in [0, 1]."""
        others = (self.everyone - start.everyone) - (self.own - start.own)
        return min(1.0, max(0.0, others / ((self.wall - start.wall) * len(os.sched_getaffinity(0)))))


def wait_for_quiet() -> None:
    """Let threads that spin after their work stop, then wait, at most four seconds, for others to be quiet."""
    end = perf_counter() + _PATIENCE
    while perf_counter() < end:
        start = Clock.now(os.getpid())
        sleep(_SAMPLE)
        if Clock.now(os.getpid()).others_since(start) <= QUIET:
            return


def take_two_cores() -> None:
    """Keep this process, and every one it starts, to two cores (first thread of each), where there are more."""
    first: dict[str, int] = {}
    for cpu in sorted(os.sched_getaffinity(0)):
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        first.setdefault(siblings.read_text() if siblings.exists() else str(cpu), cpu)
    os.sched_setaffinity(0, sorted(first.values())[:THREADS])


def processor() -> str:
    """Its name and which of the instructions that decide these ratios it has."""
    text = Path("/proc/cpuinfo").read_text()
    name = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    family = re.search(r"^cpu family\s*: (\d+)$[\s\S]*?^model\s*: (\d+)$", text, re.MULTILINE)
    flags = set(re.findall(r"\S+", next(iter(re.findall(r"^flags\s*: (.+)$", text, re.MULTILINE)), "")))
    has = [label for label, names in INSTRUCTIONS.items() if flags.intersection(names)]
    has_not = [label for label in INSTRUCTIONS if label not in has]
    return (
        f"{name[1] if name else 'unknown processor'}"
        + (f" (family {family[1]}, model {family[2]})" if family else "")
        + f", {THREADS} cores used; has {', '.join(has) or 'none of these'}"
        + (f"; not {', '.join(has_not)}" if has_not else "")
    )
