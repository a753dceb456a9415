"""A `TrainPlan` -> a folder with the best encoder and heads so far: reads, trains, keeps; `output` finishes it.

Everything that can be wrong with the data is found before the first step. Whenever a run stops, the folder loads, and
every file in it belongs to the weights that it stands beside.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.config import disable_op_determinism, is_op_determinism_enabled

from bertsim.bert.checkpoint import WEIGHTS, load_encoder, variables
from bertsim.bert.config import TEXT_FILES
from bertsim.bert.folder import MANIFEST, CheckpointFolder, file_sha256, open_folder
from bertsim.bert.pooling import scale_to_unit
from bertsim.data.json_files import read_field, read_json
from bertsim.engines.base import FLATBUFFER
from bertsim.errors import CheckpointError, InputError
from bertsim.export.bundle import CONFIG, copy_files
from bertsim.export.writing import check_new_folder, save_head, save_tensors, to_tensors
from bertsim.heads.network import Head
from bertsim.hub.download import Progress as Telling
from bertsim.measuring.fitting import weigh_groups
from bertsim.model.loading import find_source, load
from bertsim.model.similarity import SimilarityModel
from bertsim.records import Float
from bertsim.score import calibration, verdict, words
from bertsim.training.batches import Pinned, Reader
from bertsim.training.examples import Data, check_measurable, check_trainable, read_examples, read_excluded
from bertsim.training.fit import Observer, Progress, RunFolder, fit
from bertsim.training.joint import JointTask, first_head, lesson_of
from bertsim.training.plan import RUN, TrainPlan

HEADS = "heads"
METRICS = "metrics.json"
CURVE = "curve.png"
_COPIED = ("*.json", "*.txt", "README.md", "*.safetensors", FLATBUFFER, "*_Pooling/config.json")
_OF_THE_WEIGHTS = (FLATBUFFER, calibration.NAME, METRICS, CURVE)


@dataclass(frozen=True)
class Trained:
    """One finished run of the loop, for figures and model card: what was asked for, what was read, its epochs."""

    plan: TrainPlan
    data: Data
    progress: Progress


def open_encoder(plan: TrainPlan, progress: Telling | None = None) -> CheckpointFolder:
    """Find the encoder of a plan and read all but its tensors; `progress` and errors as of `bertsim.load`."""
    return open_folder(*find_source(plan.encoder, plan.revision, progress=progress), max_length=plan.max_length)


def read_data(plan: TrainPlan, encoder: CheckpointFolder) -> Data:
    """Read and check every file of a plan.

    Raises:
        DataError: for the first file that is wrong.
        InputError: heads that do not go together, or a file that nothing learns from.
    """
    labels = {head.labels for head in plan.heads if not head.infers} or {("similar",)}
    inference = {head.labels for head in plan.heads if head.infers} or {()}
    if len(labels) > 1 or len(inference) > 1:
        raise InputError("heads of one run share their labels; train the others in a run of their own.")

    def check(sentence: str) -> None:
        if not any(map(str.isalnum, sentence[:200])):
            encoder.tokenizer.check_sentence(sentence)

    read = partial(read_examples, check=check, seed=plan.seed, skip_bad_rows=plan.skip_bad_rows)
    read = partial(read, labels=labels.pop(), inference=inference.pop())
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
            said = f"nothing in this run can be {'measured on' if part is data.dev else 'taught by'} its labels"
            raise InputError(f"{part.source.path}: {said}; leave it out, or add a head.")
    return data


def prepare_output(encoder: Path, tune: str, output: Path, *, resume: bool) -> None:
    """Make a run's folder and put the encoder into it, or only look at the one of a run to `resume`.

    Heads can also be added to the encoder's own folder. Where the encoder is to learn (`tune`, as in `TrainPlan`), what
    was made of its weights is not copied.

    Raises:
        InputError: the folder holds something else, or a run that is not to be resumed.
    """
    is_own = output.is_dir() and output.resolve() == encoder.resolve()
    learns = tune == "all"
    if is_own and learns:
        raise InputError(f"{output} is the encoder itself, which is never overwritten; choose another --output.")
    if (output / RUN).is_dir():
        if not resume:
            raise InputError(f"{output} holds a run that was stopped; go on with --resume, or choose another --output.")
    elif resume:
        raise InputError(f"{output} holds no run to resume; leave --resume out to start one.")
    elif not is_own:
        check_new_folder(output)
    (output / RUN).mkdir(parents=True, exist_ok=True)
    (output / MANIFEST).unlink(missing_ok=True)
    if not (output / CONFIG).exists():  # the last that is copied
        leave_out = [MANIFEST, calibration.COMBINED_NAME, words.NAME, verdict.NAME, *_OF_THE_WEIGHTS * learns]
        copy_files(encoder, output, _COPIED, leave_out=leave_out, encoder_alone=learns)


def run_plan(
    plan: TrainPlan, data: Data, encoder: CheckpointFolder, output: Path, observer: Observer, *, resume: bool
) -> Trained:
    """Train what a plan asks for; with `resume`, go on from the state in `output`, which `prepare_output` has made."""
    name = "joint" if plan.learns else "-".join(head.name for head in plan.heads)
    texts = sorted(path for pattern in TEXT_FILES for path in encoder.path.glob(pattern))
    sources = [source for source in (*plan.data, plan.dev, plan.test) if source is not None]
    named = [path for source in sources for path in (source.path, source.antonyms) if path is not None]
    files = [*map(Path, named), *plan.exclude, *plan.exclude_held_out]
    job = {
        **asdict(plan),
        "encoder_sha256": encoder.sha256,
        "encoder_files": {path.relative_to(encoder.path).as_posix(): file_sha256(path) for path in texts},
        "files": {str(path): file_sha256(path) for path in files},
    }
    folder = RunFolder(output / RUN / name, job)
    with _reproducible():
        task = make_task(plan, data, encoder, output, folder, observer)
        observer.stage(f"{name}: {sum(map(len, data.parts)):,} pairs, {len(data.dev):,} dev pairs")
        progress = fit(task, folder, observer, resume=resume)
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
    scale = next((part.source.scale for part in data.parts if part.source.kind == "graded"), None)
    heads = []
    for head in plan.heads:
        config = head.on_encoder(
            label_scale=(0.0, 1.0) if head.infers or scale is None else scale,
            max_length=encoder.embedding.max_length,
            encoder=encoder.name,
            encoder_sha256=encoder.sha256,
            hidden_size=encoder.config.hidden_size,
        )
        heads.append(first_head(config, has_pooler=bert.pooler is not None))
    keep = partial(_keep, bert, heads, plan, encoder, output, observer)
    return JointTask(bert, heads, reader, data, plan, keep, pinned)


def _ask_the_encoder(
    data: Data, reader: Reader, encoder: CheckpointFolder, folder: RunFolder, observer: Observer
) -> tuple[Data, Pinned | None]:
    """What the encoder says before it learns, recorded: vectors that plain sentences keep, cosines that rate pairs."""

    @cache
    def base() -> SimilarityModel:
        return load(encoder.path, engine="tensorflow", heads=False, max_length=encoder.embedding.max_length)

    def asked(name: str, ask: Callable[..., Float], texts: Sequence[Any]) -> Float:
        if (kept := folder.kept(name)) is not None:
            return kept[0][0]
        answer = ask(base(), texts, progress=lambda done, total: observer.show(done, total, "embeddings", ""))
        folder.keep(name, [answer])
        return answer

    pinned, parts = None, list(data.parts)
    if data.plain:
        plain = [data.plain[i] for i in np.argsort(reader.lengths(data.plain), kind="stable")]
        pinned = Pinned(plain, scale_to_unit(asked("pinned", SimilarityModel.embed, plain)))
    for place, part in enumerate(parts):
        if part.source.kind == "cosine":
            cosines = np.maximum(asked(f"cosines-{place}", SimilarityModel.score, part.pairs), 0)
            parts[place] = replace(part, targets=np.tile(cosines[:, None], part.targets.shape[1]))
    return replace(data, parts=tuple(parts)), pinned


def _keep(
    bert: Any, heads: Sequence[Head], plan: TrainPlan, encoder: CheckpointFolder, output: Path, observer: Observer
) -> None:
    """Write the encoder, where it learns, and the heads on it; what was made of earlier ones of that name goes."""
    if plan.learns:
        (output / FLATBUFFER).unlink(missing_ok=True)
        for path in output.glob("*.safetensors*"):
            path.unlink()
        save_tensors(to_tensors(variables(bert)), output / WEIGHTS, format="pt")
        name, sha256 = plan.name or output.resolve().name, as_written(encoder, output).sha256
        for head in heads:
            head.config = replace(head.config, encoder=name, encoder_sha256=sha256)
    for path in (output / verdict.NAME, output / words.NAME):
        if path.exists():
            path.unlink()
            observer.stage(f"{path.name} was removed: it is of the heads as they were")
    joined, weights = output / calibration.COMBINED_NAME, dict[str, Any]()
    with suppress(CheckpointError):  # which is said where the folder is made whole
        weights = read_field(joined, read_json(joined), "weights", dict, {})
    for name, head in zip((each.name for each in plan.heads), heads, strict=True):
        if name in weights:
            joined.unlink(missing_ok=True)
        for made in _OF_THE_WEIGHTS:
            (output / HEADS / name / made).unlink(missing_ok=True)
        save_head(head, output / HEADS / name)


def as_written(encoder: CheckpointFolder, output: Path) -> CheckpointFolder:
    """The encoder as it stands in the output now: other tensors, and no manifest yet."""
    return replace(encoder, path=output, checksums={})


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
