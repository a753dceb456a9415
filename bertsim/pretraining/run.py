"""A `PretrainPlan` -> a BERT folder: vocabulary, text, first weights, masked language modelling, output.

A run that was stopped left its record in `OUTPUT/.run`; the same plan goes on from there.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
from tokenizers import Tokenizer as FastTokenizer

from bertsim.checkpoint import WEIGHTS, encoder_tensors, fill_encoder, read_checkpoint, read_tensors
from bertsim.config import BertConfig
from bertsim.errors import BertsimError, DataError
from bertsim.manifest import file_sha256
from bertsim.pretraining.bag import train_bag
from bertsim.pretraining.corpus import count_ids, read_corpus, sample_lines
from bertsim.pretraining.from_words import CARRIERS, bert_tensors, embedding_rows, largest_dim
from bertsim.pretraining.loop import Progress, Text, Watch, pretrain
from bertsim.pretraining.masking import rules_for
from bertsim.pretraining.model import (
    MaskedLanguageModel,
    fill_head,
    first_head,
    first_tensors,
    head_tensors,
)
from bertsim.pretraining.output import Story, finish_output, write_encoder
from bertsim.pretraining.pair_sets import read_pair_sets
from bertsim.pretraining.plan import PretrainPlan
from bertsim.pretraining.vocabulary import (
    CLS,
    PAD,
    SEP,
    TYPESET,
    UNKNOWN,
    pieces,
    read_vocabulary,
    special_ids,
    train_vocabulary,
)
from bertsim.pretraining.word_vectors import learn_vectors
from bertsim.records import Float
from bertsim.training.state import RUN, RunFolder, check_output

_VOCABULARY, _WORDS = "vocabulary", "words"  # stages whose results the record keeps
_KEPT = (
    0.99  # of all lengths; longer vectors are shortened, or all others would be short, and int8 rows coarse
)
_LARGE, _MANY_CARRIERS = 128, 8  # hidden size from which on so many are spared: int8 rows are finer then
_MANY_WORDS = 20  # times as many as a vector has values
_UNKNOWN_WEIGHT = 0.1  # enough for a sentence of nothing else to have a direction
_HARDLY = 1e-3  # of the plain mark's occurrences


class Observer(Watch, Protocol):
    """Whoever is told how a run goes."""

    def stage(self, what: str) -> None:
        """Something begins that is no step of learning."""
        ...

    def bag(self, done: int, total: int, loss: float) -> None:
        """So many of the steps that tune word vectors on pairs are done; the loss of the last."""
        ...


def run_plan(plan: PretrainPlan, output: Path, observer: Observer, *, resume: bool) -> Progress:
    """Do all that a plan asks for.

    Args:
        plan: what.
        output: a folder that does not exist or is empty; or, to resume, that of a stopped run.
        observer: told how it goes.
        resume: go on from the record in `output`.

    Raises:
        InputError: a plan, text or folder that cannot be used; names it.
        CheckpointError: a tokenizer or encoder that cannot be used.
    """
    plan = _sized(plan)
    job = _job(plan)
    check_output(output, resume=resume)
    folder = RunFolder(output / RUN, job)
    resumes = resume and folder.exists
    if resumes:
        folder.check_job()
    try:
        start, model = _begin(plan, folder, observer, resumes=resumes)
    except BertsimError:
        if not resume:  # nothing was learned that could be gone on with
            shutil.rmtree(output / RUN)
            output.rmdir()
        raise
    text, config = start.text, start.config
    observer.stage(f"masked language modelling, {config.num_parameters / 1e6:.1f} million parameters")
    progress = pretrain(model, text, plan, folder, observer, resume=resumes)
    head = head_tensors(model) if progress.step else {}
    write_encoder(output, encoder_tensors(model.encoder), head, config, start.fast)
    words = text.learned.words + text.held.words
    finish_output(output, config, Story(plan, progress, words, keras.backend.backend()), output / RUN)
    return progress


@dataclass(frozen=True)
class _Start:
    """What first weights are made of: the plan, its shape, text and vocabulary; who keeps and who watches."""

    plan: PretrainPlan
    config: BertConfig
    text: Text
    fast: FastTokenizer
    folder: RunFolder
    observer: Observer


def _begin(
    plan: PretrainPlan, folder: RunFolder, observer: Observer, *, resumes: bool
) -> tuple[_Start, MaskedLanguageModel]:
    fast = _vocabulary(plan, folder, observer)
    start = _Start(plan, _config(plan, fast), _text(plan, fast, observer), fast, folder, observer)
    keras.utils.set_random_seed(plan.seed)
    with _settings(plan.precision):
        model = MaskedLanguageModel(start.config)
    if not resumes:
        _fill(model, start)
    return start, model


def _sized(plan: PretrainPlan) -> PretrainPlan:
    """The plan with the sizes of the encoder it goes on from, its longest row no longer than that reads."""
    if plan.encoder is None:
        return plan
    config = BertConfig.from_folder(Path(plan.encoder))
    return replace(
        plan,
        hidden_size=config.hidden_size,
        num_hidden_layers=config.num_hidden_layers,
        num_attention_heads=config.num_attention_heads,
        intermediate_size=config.intermediate_size,
        max_length=min(plan.max_length, config.max_position_embeddings),
    )


def _config(plan: PretrainPlan, fast: FastTokenizer) -> BertConfig:
    if plan.encoder is None:
        return plan.config(len(pieces(fast)))  # ids may have gaps
    config = BertConfig.from_folder(Path(plan.encoder))
    return replace(config, hidden_dropout_prob=plan.dropout, attention_probs_dropout_prob=plan.dropout)


def _job(plan: PretrainPlan) -> dict[str, Any]:
    """All that the numbers depend on."""
    files = [Path(text.path) for text in plan.texts]
    files += [Path(plan.encoder) / WEIGHTS] if plan.encoder else []
    files += [Path(pair.source.path) for pair in plan.pairs]
    missing = next((path for path in files if not path.is_file()), None)
    if missing is not None:
        raise DataError(
            f"{missing} is no file; every text, every file of pairs and the encoder must be there."
        )
    digests = {str(path): file_sha256(path) for path in files}
    return {**plan.as_json(), "files": digests, "backend": keras.backend.backend()}


def _vocabulary(plan: PretrainPlan, folder: RunFolder, observer: Observer) -> FastTokenizer:
    """The tokenizer; one that was learned is kept in the record, for a run that is resumed."""
    given = plan.tokenizer or plan.encoder
    if given is not None:
        return read_vocabulary(Path(given))
    kept = folder.kept(_VOCABULARY)
    if kept is not None:
        return FastTokenizer.from_buffer(kept["json"].tobytes())
    observer.stage(f"learning {plan.vocab_size:,} WordPieces")
    fast = train_vocabulary(lambda: sample_lines(plan.texts, plan.seed), plan.vocab_size or 0)
    folder.keep(_VOCABULARY, {"json": np.frombuffer(fast.to_str().encode(), np.uint8)})
    return fast


def _text(plan: PretrainPlan, fast: FastTokenizer, observer: Observer) -> Text:
    observer.stage("reading the text")
    learned, held = read_corpus(plan.texts, fast, plan.max_length, plan.seed)
    observer.stage(f"{len(learned.ids):,} tokens to learn from, {len(held.ids):,} held out")
    ids = special_ids(fast)
    rules = rules_for(fast, plan.mask_share, whole_words=plan.whole_words)
    return Text(learned, held, (ids[CLS], ids[SEP]), ids[PAD], rules)


def _fill(model: MaskedLanguageModel, start: _Start) -> None:
    """Set the first weights."""
    plan, config = start.plan, start.config
    if plan.encoder is not None:
        tensors = read_checkpoint(Path(plan.encoder), config).tensors
    elif plan.start == "words":
        tensors = _from_words(start)
    else:
        tensors = first_tensors(config, plan.seed)
    counts = count_ids(start.text.learned, config.vocab_size)
    head = first_head(tensors["embeddings.word_embeddings.weight"], counts, plan.seed)
    if plan.encoder is not None:
        head |= _head_of(Path(plan.encoder), head)
    fill_encoder(model.encoder, tensors)
    fill_head(model, head)


def _from_words(start: _Start) -> dict[str, Float]:
    plan, config, folder = start.plan, start.config, start.folder
    carriers = _MANY_CARRIERS if config.hidden_size >= _LARGE else CARRIERS
    sets = read_pair_sets(plan.pairs, start.fast, plan.max_length, plan.seed) if plan.pairs else None
    start.observer.stage("learning word vectors")
    kept = folder.kept(_WORDS)
    if kept is None:
        kept = {"weighted": _words(start, largest_dim(config.hidden_size, carriers))}
        folder.keep(_WORDS, kept)
    weighted = kept["weighted"]
    if sets is not None:
        start.observer.stage("tuning them on pairs")
        weighted = train_bag(weighted, sets, plan.bag, start.observer.bag, folder)
    _fill_typeset(weighted, start)
    rows, _ = embedding_rows(weighted, config.hidden_size, carriers, _KEPT)
    return bert_tensors(rows, config, plan.seed, carriers)


def _fill_typeset(rows: Float, start: _Start) -> None:
    """Give each mark of typesetting that the text hardly has the vector of its plain mark, in place."""
    counts = count_ids(start.text.learned, len(rows))
    for mark, plain in TYPESET.items():
        typeset, usual = start.fast.token_to_id(mark), start.fast.token_to_id(plain)
        if typeset is not None and usual is not None and counts[typeset] < _HARDLY * counts[usual]:
            rows[typeset] = rows[usual]


def _words(start: _Start, largest: int) -> Float:
    """Weighted word vectors of the text, of at most so many values."""
    size = start.config.vocab_size
    dim = min(largest, size - 1)
    ids = special_ids(start.fast)
    silent = [number for name, number in ids.items() if name != UNKNOWN]
    is_large = size >= _MANY_WORDS * dim  # else the smallest directions are noise
    power, own = (0.0, 1.0) if is_large else (0.5, 0.5)
    words = learn_vectors(start.text.learned, size, dim, start.plan.seed, power=power, own=own, silent=silent)
    words.weights[ids[UNKNOWN]] = _UNKNOWN_WEIGHT
    return words.weighted


def _head_of(folder: Path, like: dict[str, Float]) -> dict[str, Float]:
    """The head that a checkpoint's one file holds beside the encoder, where it has all of it."""
    found = read_tensors(folder, like)
    is_same = found.keys() == like.keys() and all(found[name].shape == like[name].shape for name in like)
    return found if is_same else {}


@contextmanager
def _settings(precision: str) -> Iterator[None]:
    """New layers multiply in this precision; on TensorFlow, sums are taken in one order, so numbers repeat."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    chosen = best_precision() if precision == "auto" else precision
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if chosen == "bfloat16" else "float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def best_precision() -> str:
    """bfloat16 on a GPU, and on a processor that has it (there a step takes a quarter less time); else float32."""
    if keras.distribution.list_devices("gpu"):
        return "bfloat16"
    if keras.backend.backend() != "tensorflow":
        return "float32"
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "float32"
    return "bfloat16" if "avx512_bf16" in flags or "amx_bf16" in flags else "float32"
