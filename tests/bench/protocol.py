"""What the driver and an engine's process say to each other: one line of JSON each way, over stdin and stdout.

An engine's process loads its engine, answers {"ready": true, "setting": …} and then waits, computing nothing,
until it is asked; so one engine at a time has the processor. Standard library and numpy only: this file runs in
bertsim's environment and in the peers'.

    embed          one whole call, 2,000 sentences in, embeddings out; of an engine that reads pairs packed,
                   1,000 pairs in, scores out                           -> {"seconds": s}
    pairs          every pair by itself, two texts in, a score out      -> {"seconds": median of one pair}
    save PATH      the embeddings, or scores, float32, as .npy          -> {"saved": PATH}
Further commands are those of `Engine.extras`; an error ends the process, and its log tells why.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

Embed = Callable[[Sequence[Any]], np.ndarray]
TOP = 10_000  # duplicates that are looked for
THREADS = 2
TRIAL = slice(0, None, 8)  # the sentences that a candidate is tried on
TRIES = 2


@dataclass(frozen=True)
class Engine:
    """One way to turn texts into embeddings, or pairs of them into scores.

    Attributes:
        candidates: settings by name; the fastest on this machine is the one that is measured.
        score: two texts to their cosine, or score.
        reads: "sentences", or "packed" where candidates take pairs.
        extras: commands beyond those of the module docstring, argument to answer.
    """

    candidates: Mapping[str, Embed]
    score: Callable[[str, str], float]
    reads: str = "sentences"
    extras: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)


def serve(engines: Mapping[str, Callable[[Path], Engine]]) -> None:
    """Be one engine's process. Arguments of the process: the engine's name, the checkpoint, the texts."""
    name, folder, texts_file = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print goes to the log
    texts = json.loads(texts_file.read_text(encoding="utf-8"))
    engine, pairs = engines[name](folder), texts["pairs"]
    given = texts[engine.reads]
    setting = fastest(engine.candidates, given[TRIAL])
    embed = engine.candidates[setting]
    embed(given)
    time_pairs(engine.score, pairs)

    def save(path: str) -> dict[str, str]:
        np.save(path, np.asarray(embed(given), dtype=np.float32))
        return {"saved": path}

    commands: dict[str, Callable[[str], Any]] = {
        "embed": lambda _: {"seconds": seconds(partial(embed, given))},
        "pairs": lambda _: {"seconds": time_pairs(engine.score, pairs)},
        "save": save,
        **engine.extras,
    }
    _say(answers, {"ready": True, "setting": setting})
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        _say(answers, commands[command](argument))


def fastest(candidates: Mapping[str, Embed], sentences: Sequence[str]) -> str:
    """The name of the candidate that embeds `sentences` soonest: each in its turn, its best of two turns."""
    if len(candidates) == 1:
        return next(iter(candidates))
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(TRIES):
        for name, embed in candidates.items():
            times[name].append(seconds(partial(embed, sentences)))
    return min(times, key=lambda name: min(times[name]))


def time_duplicates(find: Callable[[np.ndarray], Any], path: str) -> dict[str, Any]:
    """How long it takes to find the `TOP` duplicates of vectors in a file.

    Returns:
        "seconds", "pairs" as [score, first, second], and "megabytes", the most that the process ever had in use.
    """
    vectors, found = np.load(path), []
    took = seconds(lambda: found.extend(find(vectors)))
    return {"seconds": took, "pairs": found, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3}


def seconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = perf_counter()
    call()
    return perf_counter() - start


def time_pairs(score: Callable[[str, str], float], pairs: Sequence[tuple[str, str]]) -> float:
    """Median seconds of one pair, each scored by itself."""
    return median(seconds(partial(score, a, b)) for a, b in pairs)


def _say(answers: Any, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()
