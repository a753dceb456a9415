"""What every engine offers, and rows of tokens run by one: each distinct row once, rows of similar length together.

`litert` serves; `tensorflow` is exact and runs any checkpoint. numpy only.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, closing, nullcontext
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bertsim.records import EncoderOutput, Float, Int, Row

ENGINES = ("litert", "tensorflow")
FLATBUFFER = "model.tflite"
"""Name of the file that LiteRT runs, in the folder of an encoder or of a head."""
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
BATCH_TOKENS = 384
making: Callable[[], AbstractContextManager[object]] = nullcontext
"""What an interpreter is made within, which packs its weights into hundreds of blocks; an app sets its own."""
Wanted = tuple[str, ...]
"""What the names of those outputs begin with that a signature shall give."""
ALL: Wanted = ("",)
_OUTPUTS = {  # of the signature "encode": what the names of those begin with that a field of `EncoderOutput` is made of
    "last_hidden_state": "hidden_state_",
    "pooler_output": "pooler_output",
    "hidden_states": "hidden_state_",
    "attentions": "attention_",
}
Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is to do, in whatever unit: only their ratio counts."""
_T = TypeVar("_T")


def count_cores() -> int:
    """Processor cores that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    return len(allowed(0)) if allowed else os.cpu_count() or 1


class Runner(ABC):
    """Runs an encoder or a head; may be called from several threads at once.

    Attributes:
        signatures: what it can be asked to run.
    """

    signatures: Collection[str]

    @abstractmethod
    def run(self, signature: str, wanted: Wanted, **arrays: NDArray[np.generic]) -> Mapping[str, Float]:
        """What a signature gives, by names that begin as is wanted; arrays are in the order of its inputs."""


class Engine(Runner):
    """Runs one encoder, on int32 [batch, seq] as in `TokenBatch`; its signatures are those of `tensorflow.trace`.

    Attributes:
        name: "litert" or "tensorflow".
        parallel_batches: how many batches it runs fastest side by side.
    """

    name: str
    parallel_batches: int

    @property
    def pool(self) -> Executor | None:
        """The threads for batches side by side; None: it runs one batch at a time."""
        return None

    def embed(self, *arrays: Int) -> Float:
        """Sentence embeddings by the checkpoint's own pooling: float32 [batch, dim]; `arrays` are those of `INPUTS`."""
        return self.run("embed", ALL, **dict(zip(INPUTS, arrays, strict=True)))["sentence_embedding"]

    def encode(self, *arrays: Int, fields: Collection[str] = tuple(_OUTPUTS)) -> EncoderOutput:
        """Every hidden state and attention, or those of these fields; `arrays` are those of `INPUTS`.

        The other fields may be empty: to copy all of them takes an eighth of the time that a batch does.
        """
        signature = "pool" if "pool" in self.signatures and set(fields) == {"pooler_output"} else "encode"
        wanted = tuple(_OUTPUTS[field] for field in fields)
        named = self.run(signature, wanted, **dict(zip(INPUTS, arrays, strict=True)))
        hidden_states, attentions = _stacked(named, "hidden_state_"), _stacked(named, "attention_")
        last = hidden_states[-1] if len(hidden_states) else np.zeros((0, 0, 0), np.float32)
        return EncoderOutput(last, named.get("pooler_output"), hidden_states, attentions)


class HeadRunner(Runner):
    """Runs one head on what an engine computed: `reads`, fields of `EncoderOutput`, and "attention_mask"."""

    reads: Sequence[str]

    def features(self, output: EncoderOutput, attention_mask: Int) -> Float:
        """Summaries of sequences, float32 [batch, features]; attention_mask int32 [batch, seq]."""
        given = vars(output) | {"attention_mask": attention_mask}
        return self.run("features", ALL, **{name: given[name] for name in self.reads})["features"]

    def classify(self, u: Float, v: Float | None = None) -> Float:
        """Logits, float32 [batch, labels], of packed pairs' features, or of two sentences' (u, v)."""
        return self.run("classify", ALL, **({"u": u} if v is None else {"u": u, "v": v}))["logits"]


def _stacked(named: Mapping[str, Float], name: str) -> Float:
    """The outputs of every layer as one array; where none was wanted, an empty one."""
    layers = sum(each.startswith(name) for each in named)
    return np.stack([named[f"{name}{i}"] for i in range(layers)]) if layers else np.zeros((0, 0, 0, 0), np.float32)


def pass_of(progress: Progress | None, number: int, passes: int) -> Progress | None:
    """The progress of one of several passes over the same text as that of all of them."""
    return progress and (lambda done, total: progress(number * total + done, passes * total))


def run_batches(
    engine: Engine,
    groups: Sequence[Sequence[Row]],
    run: Callable[[int, Sequence[Row]], _T],
    progress: Progress | None = None,
) -> list[tuple[list[_T], NDArray[np.intp]]]:
    """Run every distinct row of each group once.

    Args:
        engine: says how many batches run side by side; few rows are cut into as many.
        groups: at least one row each; no batch has rows of two groups.
        run: what is done with a batch of a group, that of this number, on that engine.
        progress: told after every batch.

    Returns:
        Of each group what `run` gave of each batch, and of every row its place among the rows of all these batches, one
        after another.
    """
    ordered = [sorted(dict.fromkeys(rows), key=lambda row: len(row.ids), reverse=True) for rows in groups]
    size = min(BATCH_TOKENS, -(-sum(len(row.ids) for rows in ordered for row in rows) // engine.parallel_batches))
    batches = [(number, batch) for number, rows in enumerate(ordered) for batch in _batches(rows, size)]
    batches.sort(key=lambda each: len(each[1][0].ids), reverse=True)  # the longest first: memory is asked once
    pool = engine.pool if len(batches) > 1 else None
    parts = (
        _side_by_side(pool, batches, run, 2 * engine.parallel_batches)
        if pool
        else (run(number, batch) for number, batch in batches)
    )
    made: list[list[_T]] = [[] for _ in groups]
    done, every, given = 0, sum(map(len, ordered)), sum(map(len, groups))
    with closing(parts):
        for (number, batch), part in zip(batches, parts, strict=True):
            made[number].append(part)
            done += len(batch)
            if progress:
                progress(done * given // every, given)
    places = [{row: place for place, row in enumerate(rows)} for rows in ordered]
    indices = [np.array([at[row] for row in rows], np.intp) for at, rows in zip(places, groups, strict=True)]
    return list(zip(made, indices, strict=True))


def _side_by_side(
    pool: Executor, batches: Sequence[tuple[int, Sequence[Row]]], run: Callable[[int, Sequence[Row]], _T], most: int
) -> Generator[_T]:
    """Run batches in their order, so many of them at the pool: whoever comes with few does not wait for all of these.

    Closed early, it leaves those that run already.
    """
    brought: deque[Future[_T]] = deque()
    try:
        for batch in batches:
            brought.append(pool.submit(run, *batch))
            if len(brought) == most:
                yield brought.popleft().result()
        while brought:
            yield brought.popleft().result()
    finally:
        for future in brought:
            future.cancel()


def _batches(ordered: Sequence[Row], most_tokens: int) -> Iterator[Sequence[Row]]:
    """Cut rows, longest first, into batches of about `most_tokens` whose lengths differ by an eighth at most."""
    start = 0
    for end in range(1, len(ordered) + 1):
        longest = len(ordered[start].ids)
        if end == len(ordered) or (end - start + 1) * longest > most_tokens or len(ordered[end].ids) < longest * 7 // 8:
            yield ordered[start:end]
            start = end
