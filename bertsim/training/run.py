"""A `TrainPlan` -> a folder with the best encoder and heads so far: reads, trains, keeps; `output` finishes it.

Everything that can be wrong with the data is found before the first step. A run that was stopped left its state in
`OUTPUT/.run`; the same plan goes on from there.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from safetensors.numpy import save_file
from tensorflow.python.framework.config import disable_op_determinism, is_op_determinism_enabled

from bertsim.bert.checkpoint import WEIGHTS, load_encoder, to_tensors, variables
from bertsim.bert.config import TEXT_FILES
from bertsim.bert.folder import CheckpointFolder, open_folder
from bertsim.bert.manifest import file_sha256
from bertsim.bert.pooling import scale_to_unit
from bertsim.engines.base import FLATBUFFER
from bertsim.errors import InputError
from bertsim.heads.config import HeadConfig
from bertsim.heads.network import Head
from bertsim.measuring.fitting import weigh_groups
from bertsim.model.loading import Progress as Telling
from bertsim.model.loading import find_source, load
from bertsim.model.similarity import SimilarityModel
from bertsim.records import Float
from bertsim.training.batches import Pinned, Reader
from bertsim.training.examples import Data, check_measurable, check_trainable, read_examples, read_excluded
from bertsim.training.fit import RUN, Observer, Progress, RunFolder, fit
from bertsim.training.folder import as_written, keep_head
from bertsim.training.joint import JointTask, lesson_of
from bertsim.training.plan import HeadPlan, TrainPlan


@dataclass(frozen=True)
class Trained:
    """One finished run of the loop, for figures and model card: what was asked for, what was read, its epochs."""

    plan: TrainPlan
    data: Data
    progress: Progress


def open_encoder(plan: TrainPlan, progress: Telling | None = None) -> CheckpointFolder:
    """Find the encoder of a plan and read all but its tensors; `progress` and errors as of `bertsim.load`."""
    found = find_source(plan.encoder, plan.revision, progress=progress)
    return open_folder(*found, max_length=plan.max_length)


def read_data(plan: TrainPlan, encoder: CheckpointFolder) -> Data:
    """Read and check every file of a plan, and its heads.

    Raises:
        DataError: for the first file that is wrong.
        InputError: a head that cannot be, or a file that nothing learns from.
    """
    labels = {head.labels for head in plan.heads if not head.infers} or {("similar",)}
    inference = {head.labels for head in plan.heads if head.infers} or {()}
    if len(labels) > 1 or len(inference) > 1:
        raise InputError("heads of one run share their labels; train the others in a run of their own.")

    def check(sentence: str) -> None:
        if not any(map(str.isalnum, sentence[:200])):
            encoder.tokenizer.check_sentence(sentence)

    read = partial(
        read_examples,
        labels=labels.pop(),
        check=check,
        skip_bad_rows=plan.skip_bad_rows,
        seed=plan.seed,
        inference=inference.pop(),
    )
    exclude = read_excluded(plan.exclude, plan.exclude_held_out)
    every = [read(source, exclude=exclude) for source in plan.data]
    parts = tuple(part for part in every if part.source.kind != "text")
    plain = tuple(a for part in every if part.source.kind == "text" for a, _ in part.pairs)
    if any(part.source.kind != "positives" for part in parts):
        check_trainable(parts, plan.batch_size)
    data = Data(parts, read(plan.dev), None if plan.test is None else read(plan.test), plain)
    for part in data.measured.values():
        check_measurable(part)
    if plan.mix is not None:
        weigh_groups(data.dev.targets[:, 0], data.dev.groups, plan.mix)  # an unknown group is found now
    for part in (*parts, data.dev):
        lesson = lesson_of(plan, part, measures=part is data.dev)
        if not lesson.heads and not lesson.cosine:
            what = "measured on" if part is data.dev else "taught by"
            raise InputError(
                f"{part.source.path}: nothing in this run can be {what} its labels; leave it out, or add a head."
            )
    for head in plan.heads:
        _head_config(head, encoder, data)
    return data


def run_plan(
    plan: TrainPlan, data: Data, encoder: CheckpointFolder, output: Path, observer: Observer, *, resume: bool
) -> Trained:
    """Train what a plan asks for.

    Args:
        plan, data, encoder: what to do.
        output: from `folder.prepare_output`.
        observer: told how it goes.
        resume: go on from the state in `output`.
    """
    name = "joint" if plan.learns else "-".join(head.name for head in plan.heads)
    texts = sorted(path for pattern in TEXT_FILES for path in encoder.path.glob(pattern))
    sources = [*plan.data, plan.dev, *([plan.test] if plan.test else [])]
    named = [path for source in sources for path in (source.path, source.antonyms) if path is not None]
    paths = [*map(Path, named), *plan.exclude, *plan.exclude_held_out]
    job = {
        **asdict(plan),
        "encoder_sha256": encoder.sha256,
        "encoder_files": {path.relative_to(encoder.path).as_posix(): file_sha256(path) for path in texts},
        "files": {str(path): file_sha256(path) for path in paths},
    }
    folder = RunFolder(output / RUN / name, job)
    with _reproducible():
        task = make_task(plan, data, encoder, output, folder, observer)
        observer.stage(f"{name}: {sum(map(len, data.parts)):,} pairs, {len(data.dev):,} dev pairs")
        progress = fit(task, plan, folder, observer, resume=resume)
    task.keep_best()
    return Trained(plan, data, progress)


def make_task(
    plan: TrainPlan, data: Data, encoder: CheckpointFolder, output: Path, folder: RunFolder, observer: Observer
) -> JointTask:
    """The encoder and its heads before the first step, with what they learn from; arguments as `run_plan`."""
    random.seed(plan.seed)  # dropout's
    bert = load_encoder(encoder.path, encoder.config)
    reader = Reader(encoder)
    data, pinned = _ask_the_encoder(data, reader, encoder, folder, observer)
    if plan.identity_pooler and bert.pooler is not None:
        bert.pooler.kernel.assign(np.eye(encoder.config.hidden_size, dtype=np.float32))
        bert.pooler.bias.assign(np.zeros(encoder.config.hidden_size, np.float32))
    random.seed(plan.seed)  # of first weights
    configs = [_head_config(head, encoder, data) for head in plan.heads]
    heads = [Head(config, has_pooler=bert.pooler is not None) for config in configs]
    keep = partial(_keep, bert, heads, plan, encoder, output)
    return JointTask(bert, heads, reader, data, plan, keep, pinned)


def _ask_the_encoder(
    data: Data, reader: Reader, encoder: CheckpointFolder, folder: RunFolder, observer: Observer
) -> tuple[Data, Pinned | None]:
    """What the encoder says before it learns: cosines that pairs are rated by, vectors that plain sentences keep.

    They are recorded, and of a run that was stopped taken from its folder.
    """

    def asked(name: str, ask: Callable[[SimilarityModel], Float]) -> Float:
        kept = folder.kept(name)
        if kept is not None:
            return kept[0][0]
        length = encoder.embedding.max_length
        answer = ask(load(encoder.path, engine="tensorflow", heads=False, max_length=length))
        folder.keep(name, [answer])
        return answer

    def told(done: int, total: int) -> None:
        observer.show(done, total, "embeddings", "")

    pinned, parts = None, list(data.parts)
    if data.plain:
        order = np.argsort(reader.lengths(data.plain), kind="stable")
        plain = [data.plain[i] for i in order]
        pinned = Pinned(plain, asked("pinned", lambda base: scale_to_unit(base.embed(plain, progress=told))))
    places = [place for place, part in enumerate(parts) if part.source.kind == "cosine"]
    if places:
        pairs = [pair for place in places for pair in parts[place].pairs]
        cosines = asked("cosines", lambda base: np.maximum(base.score(pairs, progress=told), 0))
        ends = np.cumsum([len(parts[place]) for place in places])
        for place, found in zip(places, np.split(cosines, ends[:-1]), strict=True):
            targets = np.tile(found[:, None], parts[place].targets.shape[1])
            parts[place] = replace(parts[place], targets=targets)
    return replace(data, parts=tuple(parts)), pinned


def _keep(bert: Any, heads: Sequence[Head], plan: TrainPlan, encoder: CheckpointFolder, output: Path) -> None:
    """Write the encoder, where it learns, and the heads on it."""
    if plan.learns:
        (output / FLATBUFFER).unlink(missing_ok=True)
        for path in output.glob("*.safetensors*"):
            path.unlink()
        save_file(to_tensors(variables(bert)), output / WEIGHTS, metadata={"format": "pt"})
        name, sha256 = plan.name or output.resolve().name, as_written(encoder, output).sha256
        for head in heads:
            head.config = replace(head.config, encoder=name, encoder_sha256=sha256)
    for head, head_plan in zip(heads, plan.heads, strict=True):
        keep_head(head, output, head_plan.name)


def _head_config(plan: HeadPlan, encoder: CheckpointFolder, data: Data) -> HeadConfig:
    """What a head is. Raises InputError for one that cannot be."""
    scales = (p.source.scale for p in data.parts if p.source.kind == "graded" and not plan.infers)
    return HeadConfig(
        kind=plan.kind,
        inputs=plan.inputs,
        units=plan.units,
        dropout=plan.dropout,
        labels=plan.labels,
        label_scale=next(scales, None) or (0.0, 1.0),
        max_length=encoder.embedding.max_length,
        encoder=encoder.name,
        encoder_sha256=encoder.sha256,
        hidden_size=encoder.config.hidden_size,
        activation=plan.activation,
        unit_length=plan.unit_length,
    )


@contextmanager
def _reproducible() -> Iterator[None]:
    """TensorFlow repeats its numbers, and Python's random ones may be seeded; after the block both are as before."""
    state, was_enabled = random.getstate(), is_op_determinism_enabled()
    tf.config.experimental.enable_op_determinism()
    try:
        yield
    finally:
        random.setstate(state)
        if not was_enabled:
            disable_op_determinism()
