"""What every engine offers, and rows of tokens run by one: each distinct row once, rows of similar length together.

`litert` serves; `tensorflow` is exact and runs any checkpoint. numpy only.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import closing
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bertsim.records import EncoderOutput, Float, Int, Row

ENGINES = ("litert", "tensorflow")
FLATBUFFER = "model.tflite"
"""Name of the file that LiteRT runs, in the folder of an encoder or of a head."""
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
BATCH_TOKENS = 384
Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is to do, in whatever unit: only their ratio counts."""
_T = TypeVar("_T")


def count_cores() -> int:
    """Processor cores that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    return len(allowed(0)) if allowed else os.cpu_count() or 1


class Runner(ABC):
    """Runs an encoder or a head; may be called from several threads at once."""

    @abstractmethod
    def run(self, signature: str, **arrays: NDArray[np.generic]) -> Mapping[str, Float]:
        """What a signature gives, by name; arrays are in the order of its inputs."""


class Engine(Runner):
    """Runs one encoder, on int32 [batch, seq] as in `TokenBatch`; its signatures are those of `tensorflow.trace`.

    Attributes:
        name: "litert" or "tensorflow".
        parallel_batches: how many batches it runs fastest side by side.
        pool: the threads for them; None: it runs one batch at a time.
    """

    name: str
    parallel_batches: int
    pool: Executor | None = None

    def embed(self, *arrays: Int) -> Float:
        """Sentence embeddings by the checkpoint's own pooling: float32 [batch, dim]; `arrays` are those of `INPUTS`."""
        return self.run("embed", **dict(zip(INPUTS, arrays, strict=True)))["sentence_embedding"]

    def encode(self, *arrays: Int) -> EncoderOutput:
        """Every hidden state and attention; `arrays` are those of `INPUTS`."""
        named = self.run("encode", **dict(zip(INPUTS, arrays, strict=True)))
        layers = sum(name.startswith("attention_") for name in named)
        hidden_states = np.stack([named[f"hidden_state_{i}"] for i in range(layers + 1)])
        attentions = np.stack([named[f"attention_{i}"] for i in range(layers)])
        return EncoderOutput(hidden_states[-1], named.get("pooler_output"), hidden_states, attentions)


class HeadRunner(Runner):
    """Runs one head on what an engine computed.

    Attributes:
        reads: what its features are made of: fields of `EncoderOutput`, and "attention_mask".
    """

    reads: Sequence[str]

    def features(self, output: EncoderOutput, attention_mask: Int) -> Float:
        """Summaries of sequences, float32 [batch, features]; attention_mask int32 [batch, seq]."""
        given = vars(output) | {"attention_mask": attention_mask}
        return self.run("features", **{name: given[name] for name in self.reads})["features"]

    def classify(self, u: Float, v: Float | None = None) -> Float:
        """Logits, float32 [batch, labels], of packed pairs' features, or of two sentences' (u, v)."""
        return self.run("classify", **({"u": u} if v is None else {"u": u, "v": v}))["logits"]


def pass_of(progress: Progress | None, number: int, passes: int) -> Progress | None:
    """The progress of one of several passes over the same text as that of all of them."""
    return progress and (lambda done, total: progress(number * total + done, passes * total))


def run_batches(
    engine: Engine, rows: Sequence[Row], run: Callable[[Sequence[Row]], _T], progress: Progress | None = None
) -> tuple[list[_T], NDArray[np.intp]]:
    """Run every distinct row once.

    Args:
        engine: says how many batches run side by side; few rows are cut into as many.
        rows: at least one.
        run: what is done with a batch, on that engine.
        progress: told after every batch.

    Returns:
        What `run` gave of each batch, and of every row its place among the rows of all batches, one after another.
    """
    # the largest batch first: memory is asked once
    ordered = sorted(dict.fromkeys(rows), key=lambda row: len(row.ids), reverse=True)
    places = {row: place for place, row in enumerate(ordered)}
    share = -(-sum(len(row.ids) for row in ordered) // engine.parallel_batches)
    batches = list(_batches(ordered, min(BATCH_TOKENS, share)))
    made, done = [], 0
    with closing(_run_all(engine, batches, run)) as parts:  # whoever stops it waits for no batch
        for batch, part in zip(batches, parts, strict=True):
            made.append(part)
            done += len(batch)
            if progress:
                progress(done * len(rows) // len(ordered), len(rows))
    return made, np.array([places[row] for row in rows], np.intp)


def _run_all(
    engine: Engine, batches: Sequence[Sequence[Row]], run: Callable[[Sequence[Row]], _T]
) -> Generator[_T, None, None]:
    """What `run` gives of each batch, in order. Few are submitted ahead: between them those of other calls run."""
    if engine.pool is None or len(batches) == 1:
        yield from map(run, batches)
        return
    ahead: deque[Future[_T]] = deque()
    try:
        for batch in batches:
            ahead.append(engine.pool.submit(run, batch))
            if len(ahead) > 2 * engine.parallel_batches:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        for future in ahead:
            future.cancel()


def _batches(ordered: Sequence[Row], most_tokens: int) -> Iterator[Sequence[Row]]:
    """Cut rows, longest first, into batches of about `most_tokens` whose lengths differ by an eighth at most."""
    start = 0
    for end in range(1, len(ordered) + 1):
        longest = len(ordered[start].ids)
        if end == len(ordered) or (end - start + 1) * longest > most_tokens or len(ordered[end].ids) < longest * 7 // 8:
            yield ordered[start:end]
            start = end
