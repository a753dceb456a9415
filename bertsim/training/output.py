"""The last part of a run: flatbuffers, calibrations, figures, curve, model card, checksums.

Every figure is measured on what is shipped: the folder is loaded as a user would load it, in the fast engine.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bertsim.agreement import judge_probabilities
from bertsim.alignment import SCORER as ALIGNMENT
from bertsim.alignment import UNTRAINED
from bertsim.calibration import NAME as CALIBRATION
from bertsim.calibration import Calibration, Numbers, fit_calibration, weigh_groups, write_calibrations
from bertsim.checkpoint import WEIGHTS, load_encoder, read_checkpoint, write_int8
from bertsim.combination import NAME as COMBINED
from bertsim.combination import SCORER as COMBINATION
from bertsim.combination import fit_combination, write_combination
from bertsim.errors import InputError
from bertsim.evaluation import evaluate
from bertsim.export import export_flatbuffer
from bertsim.head_config import HeadConfig
from bertsim.head_export import export_head
from bertsim.head_loading import encoder_sha256
from bertsim.heads import load_head
from bertsim.loading import FLATBUFFER, load
from bertsim.manifest import write_manifest
from bertsim.plots import plot_curve
from bertsim.records import Float
from bertsim.training.batches import metric_name
from bertsim.training.card import write_card
from bertsim.training.examples import Examples
from bertsim.training.folder import CURVE, HEADS, METRICS
from bertsim.training.plan import TrainPlan
from bertsim.training.recipe import Recipe
from bertsim.training.report import Report, measure_report
from bertsim.training.run import Data, Encoder, Observer, Trained
from bertsim.training.state import RUN
from bertsim.training.words import make_words
from bertsim.version import __version__
from bertsim.words import NAME as WORDS
from bertsim.words import write_words


@dataclass(frozen=True)
class Finished:
    """What a finished folder is worth: per scorer its figures on dev and test, and the report where one was asked."""

    figures: Mapping[str, Mapping[str, dict[str, Any]]]
    report: Report | None


def finish_output(
    encoder: Encoder,
    data: Data,
    trained: Sequence[Trained],
    output: Path,
    observer: Observer,
    recipe: Recipe,
) -> Finished:
    """Make `output` whole: it loads with `bertsim.load`, and can be published, as it stands.

    Args:
        encoder: that was started from.
        data: dev, and test, to measure on.
        trained: every run.
        output: where they left encoder and heads.
        observer: told how it goes.
        recipe: what was asked for; its card, words and report go into the folder.

    Raises:
        ExportError: a flatbuffer that does not agree with its model.
    """
    plan = trained[-1].plan
    if plan.int8:
        _narrow(output, encoder)
    observer.stage("exporting for the fast engine")
    _export(trained, encoder, output)
    observer.stage("measuring as served")
    figures = _measure(data, output, plan)
    report = _describe(recipe, encoder, data, output, observer)
    metric = metric_name(data.dev.targets)
    for run in trained:
        folders = {head.name: output / HEADS / head.name for head in run.plan.heads}
        if run.plan.tune == "all":
            folders["cosine"] = output
        for scorer, folder in folders.items():
            _write(folder / METRICS, _metrics(encoder, run, figures.get(scorer, {}), metric, report))
            _curve(run, folder / CURVE, metric)
    if recipe.card is not None and recipe.path is not None:
        for source, name in (
            (recipe.card, "README.md"),
            (recipe.card, recipe.card.name),
            (recipe.path, recipe.path.name),
        ):
            (output / name).write_bytes(source.read_bytes())  # which may be the file itself
    write_card(output, encoder, trained, figures, report)
    shutil.rmtree(output / RUN)
    write_manifest(output)
    return Finished(figures, report)


def _narrow(output: Path, encoder: Encoder) -> None:
    """Write the encoder's tensors as int8; its heads, which learned on what they widen to within rounding, are its."""
    new = output / f".{WEIGHTS}.new"
    write_int8(read_checkpoint(output, encoder.config), new)
    os.replace(new, output / WEIGHTS)
    sha256 = encoder_sha256(output)
    for folder in (output / HEADS).glob("*"):
        replace(HeadConfig.from_folder(folder), encoder_sha256=sha256).save(folder)


def _describe(
    recipe: Recipe, encoder: Encoder, data: Data, output: Path, observer: Observer
) -> Report | None:
    """Measure the report that a recipe asks for, and write the words, on the folder as it is served."""
    if recipe.report is None and recipe.words is None:
        return None
    served, report = load(output), None
    if recipe.report is not None:
        base = load(encoder.folder, engine="tensorflow", heads=False)
        rated = [part for part in (data.dev, data.test) if part is not None and part.targets.shape[1] == 1]
        sets = {part.source.name: (part.pairs, part.targets) for part in rated}
        report = measure_report(recipe.report, served, base, encoder.name, sets, observer.stage)
    if recipe.words is not None:
        write_words(output / WORDS, make_words(recipe.words, served, data.dev, report))
    return report


def _export(trained: Sequence[Trained], encoder: Encoder, output: Path) -> None:
    sha256 = encoder_sha256(output)
    bert, _ = load_encoder(output, encoder.config)
    if not (output / FLATBUFFER).exists():
        export_flatbuffer(bert, encoder.embedding, encoder.tokenizer, output / FLATBUFFER)
    for head_plan in (head for run in trained for head in run.plan.heads):
        folder = output / HEADS / head_plan.name
        size, has_pooler = encoder.config.hidden_size, bert.pooler is not None
        export_head(load_head(folder, encoder.name, sha256, size, has_pooler=has_pooler), folder / FLATBUFFER)


def _measure(data: Data, output: Path, plan: TrainPlan) -> dict[str, dict[str, Any]]:
    """Score dev and test as served; fit and write combination and calibrations on dev; judge both.

    A head with labels gives probabilities of its own, of something else than being similar: it gets no calibration.
    """
    if data.dev.targets.shape[1] > 1:
        return {}
    for stale in (output / CALIBRATION, output / COMBINED, *output.glob(f"{HEADS}/*/{CALIBRATION}")):
        stale.unlink(missing_ok=True)
    model = load(output)
    sets: dict[str, Examples] = {"dev": data.dev} | ({"test": data.test} if data.test else {})
    by_set = {name: model.scores(part.pairs) for name, part in sets.items()}
    scores = {scorer: {name: found[scorer] for name, found in by_set.items()} for scorer in model.scorers}
    scores |= _combined(scores, ("cosine", ALIGNMENT, *model.heads), data.dev, output)
    weights = _weigh(data.dev, plan)
    measures, figures = {}, {}
    for scorer, found in scores.items():
        labelled = scorer in model.heads and len(model.labels(scorer)) > 1
        calibration = None if labelled else _calibrated(found["dev"], data.dev, weights)
        figures[scorer] = {name: _judged(found[name], part, calibration) for name, part in sets.items()}
        if calibration is None:
            continue
        if (output / HEADS / scorer).is_dir():
            write_calibrations(output / HEADS / scorer / CALIBRATION, {scorer: calibration})
        else:
            measures[scorer] = calibration
    write_calibrations(output / CALIBRATION, measures)
    return figures


def _combined(
    scores: Mapping[str, Mapping[str, Float]], joined: Sequence[str], dev: Examples, output: Path
) -> dict[str, dict[str, Float]]:
    """Join cosine, alignment and heads on dev and write how; nothing where there is no head, or dev is too small."""
    if set(joined) <= set(UNTRAINED):
        return {}
    try:
        combination = fit_combination(
            {name: scores[name]["dev"] for name in joined}, dev.targets[:, 0], data=dev.source.name
        )
    except InputError:
        return {}
    write_combination(output / COMBINED, combination)
    sets = scores[joined[0]]
    return {
        COMBINATION: {
            part: combination.apply({name: scores[name][part] for name in joined}).astype(np.float32)
            for part in sets
        }
    }


def _weigh(dev: Examples, plan: TrainPlan) -> Numbers | None:
    """How much each pair of dev counts in a calibration; None: all alike."""
    labels = dev.targets[:, 0]
    if plan.mix is not None:
        return weigh_groups(labels, dev.groups, plan.mix)
    if plan.similar_share is not None:
        return weigh_groups(labels, [""] * len(dev), {"": (1.0, plan.similar_share)})
    return None


def _calibrated(scores: Float, dev: Examples, weights: Numbers | None) -> Calibration | None:
    """The calibration on dev; None where dev has too few pairs, or one kind alone."""
    try:
        return fit_calibration(scores, dev.targets[:, 0], weights=weights, data=dev.source.name)
    except InputError:
        return None


def _judged(scores: Float, part: Examples, calibration: Calibration | None) -> dict[str, Any]:
    found = evaluate(scores, part.labels())
    table: dict[str, Any] = {
        "pairs": found.n,
        "pearson": round(found.pearson.value, 4),
        "spearman": round(found.spearman.value, 4),
        "spearman_interval": [round(found.spearman.low, 4), round(found.spearman.high, 4)],
    }
    if calibration is not None:
        honesty = judge_probabilities(
            np.asarray(calibration.apply(scores)), part.targets[:, 0] >= calibration.similar - 1e-6
        )
        table |= {"brier": round(honesty.brier, 4), "ece": round(honesty.ece, 4)}
    return table


def _metrics(
    encoder: Encoder, run: Trained, figures: Mapping[str, Any], metric: str, report: Report | None
) -> dict[str, Any]:
    plan = run.plan
    shown = plan.as_json() | {
        "data": [source.as_shown() for source in plan.data],
        "dev": plan.dev.as_shown(),
        "test": plan.test and plan.test.as_shown(),
        "exclude": _shown(plan.exclude),
        "exclude_held_out": _shown(plan.exclude_held_out),
        "encoder": encoder.name,
    }
    return {
        "as_served": figures,
        "dev_metric": metric,
        "best_epoch": run.progress.best + 1,
        "epochs": [
            {"loss": round(e.loss, 6), "dev": round(e.metric, 6), "seconds": e.seconds}
            for e in run.progress.history
        ],
        "rows": [
            {"file": s.name, "kind": s.kind, "scale": s.scale, "used": used, "left_out": skipped}
            for s, used, skipped in run.parts
        ],
        "plan": shown,
        "encoder_sha256": encoder.sha256,
        "encoder_commit": encoder.commit,
        "version": __version__,
    } | ({} if report is None else {"report": report.as_json()})


def _shown(paths: Sequence[str]) -> list[str]:
    """Paths of files from the folder on that holds all of them: no path of this machine."""
    absolute = [os.path.abspath(path) for path in paths]
    root = os.path.commonpath([os.path.dirname(path) for path in absolute]) if absolute else ""
    return [Path(os.path.relpath(path, root)).as_posix() for path in absolute]


def _curve(run: Trained, path: Path, metric: str) -> None:
    history = run.progress.history
    plot_curve(path, [e.loss for e in history], [e.metric for e in history], metric, run.progress.best)


def _write(path: Path, table: dict[str, Any]) -> None:
    path.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
