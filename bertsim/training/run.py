"""A `TrainPlan` -> a folder in the layout of `weights/`: reads, trains, keeps the best, and has `output` finish it.

Everything that can be wrong with the data is found before the first step. A run that was stopped left its state in
`OUTPUT/.run`; the same plan goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf
from safetensors.numpy import save_file

from bertsim.calibration import weigh_groups
from bertsim.checkpoint import WEIGHTS, encoder_tensors, load_encoder
from bertsim.config import TEXT_FILES, BertConfig, EmbeddingConfig
from bertsim.datasets import MEND_OR_SKIP
from bertsim.errors import InputError
from bertsim.head_config import HeadConfig
from bertsim.head_loading import encoder_sha256
from bertsim.heads import Head, build_head
from bertsim.loading import FLATBUFFER, find_source
from bertsim.loading import Progress as Telling
from bertsim.manifest import check_manifest, file_sha256
from bertsim.tokenization import Tokenizer
from bertsim.training.data_source import NAME_THEM, Source, read_excluded
from bertsim.training.examples import (
    Examples,
    check_measurable,
    check_trainable,
    read_examples,
    with_negatives,
)
from bertsim.training.features import FeatureStore, compute_features, join_stores
from bertsim.training.fit import Task, Watch, fit
from bertsim.training.folder import keep_head
from bertsim.training.frozen import FrozenTask, texts_of
from bertsim.training.joint import JointTask, is_inferred
from bertsim.training.plan import HeadPlan, TrainPlan
from bertsim.training.reading import Pinned, Reader, pin, rate_by_cosine
from bertsim.training.state import RUN, Progress, RunFolder

_ADVICE = replace(NAME_THEM, row=MEND_OR_SKIP)


class Observer(Watch, Protocol):
    """Whoever is told how a run goes."""

    def stage(self, what: str) -> None:
        """Something begins that is no step of training."""
        ...

    def features(self, done: int, total: int) -> None:
        """So many of the texts have features."""
        ...


@dataclass(frozen=True)
class Encoder:
    """The encoder that heads are trained on.

    Attributes:
        folder, name, commit: where it is, what it is called, its commit on the Hub.
        sha256: of its tensors.
        files: SHA-256 of each file beside them that says how text is read.
        config, embedding, tokenizer: read from the folder.
        max_length: tokens read of a sequence.
    """

    folder: Path
    name: str
    commit: str | None
    sha256: str
    files: Mapping[str, str]
    config: BertConfig
    embedding: EmbeddingConfig
    tokenizer: Tokenizer
    max_length: int


@dataclass(frozen=True)
class Trained:
    """One finished run of the loop, for figures and model card.

    Attributes:
        plan: what was asked for; its heads are those that learned in it.
        progress: its epochs.
        parts: how many rows of each file were used, and how many left out.
    """

    plan: TrainPlan
    progress: Progress
    parts: tuple[tuple[Source, int, int], ...]


@dataclass(frozen=True)
class Data:
    """Everything that was read: what to learn from, what to measure on, and plain sentences to pin."""

    parts: tuple[Examples, ...]
    dev: Examples
    test: Examples | None
    plain: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[Examples, ...]:
        """Every file, those to measure on last."""
        return (*self.parts, self.dev, *([self.test] if self.test else []))


def open_encoder(plans: Sequence[TrainPlan], progress: Telling | None = None) -> Encoder:
    """Find the encoder of the plans and read all but its tensors.

    Args:
        plans: of one folder.
        progress: told how a download goes.

    Raises:
        InputError: plans that do not go into one folder: other encoders, heads of one name, an encoder that learns
            in one of several. Else as `bertsim.load`.
    """
    plan = plans[0]
    names = [head.name for each in plans for head in each.heads]
    if len(plans) > 1 and (
        len({(p.encoder, p.revision, p.max_length) for p in plans}) > 1
        or any(p.tune != "none" for p in plans)
    ):
        raise InputError("the runs of one recipe share the encoder and max_length, and tune none of it.")
    if len(set(names)) < len(names):
        raise InputError(f"the heads are named {', '.join(names)}; every head needs a name of its own.")
    folder, name, commit = find_source(plan.encoder, plan.revision, progress=progress)
    check_manifest(folder)
    config = BertConfig.from_folder(folder)
    embedding = EmbeddingConfig.from_folder(folder, config)
    tokenizer = Tokenizer.from_folder(folder, config)
    length = tokenizer.check_length(embedding.max_length if plan.max_length is None else plan.max_length)
    texts = sorted(path for pattern in TEXT_FILES for path in folder.glob(pattern))
    files = {path.relative_to(folder).as_posix(): file_sha256(path) for path in texts}
    return Encoder(folder, name, commit, encoder_sha256(folder), files, config, embedding, tokenizer, length)


def read_data(plan: TrainPlan, encoder: Encoder) -> Data:
    """Read and check every file of a plan, and its heads.

    Raises:
        DataError: for the first file that is wrong.
        InputError: a head that cannot be.
    """
    labels = {head.labels for head in plan.heads if not head.infers} or {("similar",)}
    inference = {head.labels for head in plan.heads if head.infers} or {()}
    if len(labels) > 1 or len(inference) > 1:
        raise InputError("heads of one run share their labels; train the others in a run of their own.")
    names, of_inference = labels.pop(), inference.pop()
    exclude = read_excluded(plan.exclude, plan.exclude_held_out)

    def check(sentence: str) -> None:
        if not any(map(str.isalnum, sentence[:200])):
            encoder.tokenizer.check_sentence(sentence)

    def read(source: Source, exclude: frozenset[str] = frozenset()) -> Examples:
        return read_examples(
            source,
            names,
            check,
            skip_bad_rows=plan.skip_bad_rows,
            seed=plan.seed,
            advice=_ADVICE,
            inference=of_inference,
            exclude=exclude,
        )

    every = [read(source, exclude) for source in plan.data]
    parts = [part for part in every if part.source.kind != "text"]
    plain = [a for part in every if part.source.kind == "text" for a, _ in part.pairs]
    if plain and plan.tune != "all":
        raise InputError("data of the kind text pins an encoder that learns; it goes with tune 'all' alone.")
    if plan.tune == "none":
        parts = [with_negatives(part, plan.seed) for part in parts]
    if any(part.source.kind != "positives" for part in parts) or plan.tune == "none":
        check_trainable(parts, plan.batch_size)
    dev, test = read(plan.dev), None if plan.test is None else read(plan.test)
    for part in filter(None, (dev, test)):
        check_measurable(part)
    if plan.mix is not None:
        weigh_groups(dev.targets[:, 0], dev.groups, plan.mix)  # a group that it does not know is found now
    _check_taught(plan, parts, dev)
    data = Data(tuple(parts), dev, test, tuple(plain))
    for head in plan.heads:
        _head_config(head, encoder, data)
    return data


def _check_taught(plan: TrainPlan, parts: Sequence[Examples], dev: Examples) -> None:
    """Raise InputError for a file that no head, nor the cosine, learns from or is measured on; names it."""
    for part in (*parts, dev):
        infers = is_inferred(part, plan)
        heads = [head for head in plan.heads if head.infers == infers]
        if plan.tune == "none" and len(heads) < len(plan.heads):
            raise InputError(
                f"{part.source.path}: with tune 'none' every head learns from every file, and ratings and inference go "
                "to different heads; give each a run of its own, or tune 'heads' or 'all'."
            )
        has_cosine = plan.tune == "all" and not infers and (plan.cosine_weight > 0 or part is dev)
        if not heads and not has_cosine:
            what = "measured on" if part is dev else "taught by"
            raise InputError(
                f"{part.source.path}: nothing in this run can be {what} its labels; leave it out, or add a head."
            )


def run_plan(
    plan: TrainPlan,
    encoder: Encoder,
    data: Data,
    output: Path,
    cache: Path,
    observer: Observer,
    *,
    resume: bool,
) -> Iterator[Trained]:
    """Train what a plan asks for: heads on frozen features one after another, else all at once.

    Args:
        plan, encoder, data: what to do.
        output: from `folder.prepare_output`.
        cache: holds the features of frozen encoders.
        observer: told how it goes.
        resume: go on from the state in `output`.
    """
    tf.config.experimental.enable_op_determinism()
    groups = [plan.for_head(head) for head in plan.heads] if plan.tune == "none" else [plan]
    for group in groups:
        name = "joint" if plan.tune != "none" else group.heads[0].name
        known = {"encoder_sha256": encoder.sha256, "encoder_files": encoder.files, "files": _digests(plan)}
        job = {**group.as_json(), **known}
        folder = RunFolder(output / RUN / name, job)
        keras.utils.set_random_seed(plan.seed)
        observer.stage(f"{name}: {sum(map(len, data.parts)):,} pairs, {len(data.dev):,} dev pairs")
        if plan.tune == "none":
            task = _frozen_task(group, encoder, data, output, cache, observer)
        else:
            task = _joint_task(group, encoder, data, output, folder, observer)
        progress = fit(task, group, folder, observer, resume=resume)
        task.keep_best()
        parts = tuple((part.source, len(part), part.skipped) for part in data.parts)
        yield Trained(group, progress, parts)


def _frozen_task(
    plan: TrainPlan, encoder: Encoder, data: Data, output: Path, cache: Path, observer: Observer
) -> Task:
    bert, _ = load_encoder(encoder.folder, encoder.config)
    features = _features(bert, plan, encoder, data, cache, observer)
    keras.utils.set_random_seed(plan.seed)
    (head_plan,) = plan.heads
    head = build_head(_head_config(head_plan, encoder, data), has_pooler=bert.pooler is not None)
    keep = partial(keep_head, head, output, head_plan.name)
    return FrozenTask(head, data.parts, data.dev, features, plan, keep)


def _features(
    bert: Any, plan: TrainPlan, encoder: Encoder, data: Data, cache: Path, observer: Observer
) -> FeatureStore:
    made_of, stores = [encoder.sha256, *encoder.files.values()], []
    for part in (*data.parts, data.dev):
        texts = [text for pair in part.pairs for text in texts_of(pair, plan.heads[0].inputs)]
        stores.append(
            compute_features(
                bert, encoder.tokenizer, texts, encoder.max_length, made_of, cache, observer.features
            )
        )
    return join_stores(stores)


def _joint_task(
    plan: TrainPlan, encoder: Encoder, data: Data, output: Path, folder: RunFolder, observer: Observer
) -> Task:
    bert, _ = load_encoder(encoder.folder, encoder.config)
    embedding = encoder.embedding
    reader = Reader(encoder.tokenizer, embedding.pooling, embedding.normalize, encoder.max_length)
    pinned = None
    if data.plain:
        order = np.argsort(reader.lengths(data.plain), kind="stable")
        plain = tuple(data.plain[i] for i in order)
        kept = folder.kept("pinned")
        if kept is None:
            kept = {"vectors": pin(bert, reader, plain, observer.features)}
            folder.keep("pinned", kept)
        pinned = Pinned(plain, kept["vectors"])
    parts = rate_by_cosine(data.parts, bert, reader, folder, observer.features)
    if plan.identity_pooler and bert.pooler is not None:
        bert.pooler.kernel.assign(np.eye(encoder.config.hidden_size, dtype=np.float32))
        bert.pooler.bias.assign(np.zeros(encoder.config.hidden_size, np.float32))
    keras.utils.set_random_seed(plan.seed)
    has_pooler = bert.pooler is not None
    heads = [build_head(_head_config(head, encoder, data), has_pooler=has_pooler) for head in plan.heads]
    keep = _keeper(bert, heads, plan, output)
    return JointTask(bert, heads, reader, parts, data.dev, plan, keep, pinned)


def _keeper(bert: Any, heads: Sequence[Head], plan: TrainPlan, output: Path) -> Callable[[], None]:
    """What writes the encoder, where it learns, and the heads on it."""

    def keep() -> None:
        if plan.tune == "all":
            (output / FLATBUFFER).unlink(missing_ok=True)
            for path in output.glob("*.safetensors*"):
                path.unlink()
            save_file(encoder_tensors(bert), output / WEIGHTS, metadata={"format": "pt"})
        for head, head_plan in zip(heads, plan.heads, strict=True):
            if plan.tune == "all":
                name = plan.name or output.resolve().name
                head.config = replace(head.config, encoder=name, encoder_sha256=encoder_sha256(output))
            keep_head(head, output, head_plan.name)

    return keep


def _head_config(plan: HeadPlan, encoder: Encoder, data: Data) -> HeadConfig:
    """What a head is. Raises InputError for one that cannot be."""
    scales = (p.source.scale for p in data.parts if p.source.kind == "graded" and not plan.infers)
    scale = next(scales, None) or (0.0, 1.0)
    return HeadConfig(
        kind=plan.kind,
        inputs=plan.inputs,
        units=plan.units,
        dropout=plan.dropout,
        labels=plan.labels,
        label_scale=scale,
        max_length=encoder.max_length,
        encoder=encoder.name,
        encoder_sha256=encoder.sha256,
        hidden_size=encoder.config.hidden_size,
        activation=plan.activation,
        unit_length=plan.unit_length,
    )


def _digests(plan: TrainPlan) -> dict[str, str]:
    sources = [*plan.data, plan.dev, *([plan.test] if plan.test else [])]
    paths = [*(source.path for source in sources), *plan.exclude, *plan.exclude_held_out]
    paths += [source.antonyms for source in sources if source.antonyms]
    return {path: file_sha256(Path(path)) for path in paths}
