"""The last part of a run: flatbuffers, calibrations, figures, curve, words, model card, checksums.

Every figure is measured on what is shipped: the folder is loaded as a user would load it, in the fast engine.
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from bertsim.bert.checkpoint import WEIGHTS, load_encoder, read_checkpoint
from bertsim.bert.folder import MANIFEST, CheckpointFolder
from bertsim.data.json_files import write_json
from bertsim.engines.base import FLATBUFFER
from bertsim.errors import CheckpointError, InputError
from bertsim.export.bundle import CONFIG
from bertsim.export.encoder import export_flatbuffer
from bertsim.export.heads import export_head
from bertsim.export.writing import write_int8, write_manifest
from bertsim.heads.config import HeadConfig
from bertsim.heads.network import load_head
from bertsim.measuring import agreement, evaluation, fitting, plots, verdicts
from bertsim.model.loading import load
from bertsim.records import ALIGNMENT, COMBINED, Float
from bertsim.score import calibration, verdict, words
from bertsim.training.card import FolderReport, measure_report, write_card
from bertsim.training.examples import Data, Examples
from bertsim.training.fit import Observer
from bertsim.training.losses import metric_name
from bertsim.training.plan import BESIDE, RUN, TrainPlan
from bertsim.training.recipe import Recipe, ReportPlan, WordsPlan
from bertsim.training.run import CURVE, HEADS, METRICS, Trained, as_written
from bertsim.version import __version__

Scores = Mapping[str, Mapping[str, Float]]  # by "dev" and "test", by scorer
Curves = Mapping[str, calibration.Calibration]  # by scorer, of those that are no head's
Figures = Mapping[str, Mapping[str, dict[str, Any]]]  # by scorer, by "dev" and "test"


def finish_output(
    encoder: CheckpointFolder, trained: Sequence[Trained], output: Path, observer: Observer, recipe: Recipe
) -> tuple[Figures, FolderReport | None]:
    """Make `output` whole: it loads with `bertsim.load`, and can be published, as it stands.

    Args:
        encoder: that was started from.
        trained: every run, which left encoder and heads in `output`; the last one's dev and test are measured on.
        output, observer: the folder, and who is told how it goes.
        recipe: what was asked for; its card, words and report go into the folder.

    Returns:
        figures of every scorer, and the report where one was asked for.
    """
    plan, data = trained[-1].plan, trained[-1].data
    if plan.int8:
        _narrow(output, encoder)
    observer.stage("exporting for the fast engine")
    _export(trained, encoder, output)
    observer.stage("measuring as served")
    _drop_unreadable(output, observer)
    scores, curves = _score(data, output, observer)
    figures = {} if data.has_several_labels else _judge(scores, curves, data, output, plan, observer)
    report = None
    if recipe.report is not None:
        scored = [(part, scores[name]) for name, part in data.measured.items() if not data.has_several_labels]
        report = measure_report(recipe.report, output, encoder, scored, observer.stage)
    if recipe.words is not None:
        write_json(output / words.NAME, _make_words(recipe.words, scores["dev"], data.dev, figures, report))
    if recipe.report is not None and not data.has_several_labels:
        observer.stage("fitting what verdicts go by")
        write_verdict(output, recipe.report, data.dev)
    metric = metric_name(data.dev.targets)
    for run in trained:
        folders = {head.name: output / HEADS / head.name for head in run.plan.heads}
        for scorer, folder in (folders | ({"cosine": output} if run.plan.learns else {})).items():
            write_json(folder / METRICS, _metrics(encoder, run, figures.get(scorer, {}), metric, report))
            losses, metrics = zip(*((e.loss, e.metric) for e in run.progress.history), strict=True)
            plots.plot_curve(folder / CURVE, losses, metrics, metric, run.progress.best)
    if recipe.card is not None and recipe.path is not None:
        names = {"README.md": recipe.card, recipe.card.name: recipe.card, recipe.path.name: recipe.path}
        parts = [source for run in recipe.runs for source in run.data if source.name.startswith(BESIDE)]
        names |= {part.name: Path(part.path) for part in parts}
        for name, source in names.items():
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            (output / name).write_bytes(source.read_bytes())  # which may be the file itself
    write_card(output, encoder, trained, figures, report)
    shutil.rmtree(output / RUN)
    write_manifest(output)
    return figures, report


def _narrow(output: Path, encoder: CheckpointFolder) -> None:
    """Write the encoder's tensors as int8; its heads, which learned on what they widen to within rounding, are its."""
    tensors = read_checkpoint(output, encoder.config)
    write_int8(tensors, output / WEIGHTS)
    sha256 = as_written(encoder, output).sha256
    for folder in (output / HEADS).glob("*"):
        write_json(folder / CONFIG, replace(HeadConfig.from_folder(folder), encoder_sha256=sha256))


def _export(trained: Sequence[Trained], encoder: CheckpointFolder, output: Path) -> None:
    bert = load_encoder(output, encoder.config)
    if not (output / FLATBUFFER).exists():
        export_flatbuffer(bert, encoder.embedding, encoder.tokenizer, output / FLATBUFFER)
    for name in (head.name for run in trained for head in run.plan.heads):
        folder, has_pooler = output / HEADS / name, bert.pooler is not None
        head = load_head(HeadConfig.from_folder(folder), folder, has_pooler=has_pooler)
        export_head(head, folder / FLATBUFFER)


def _drop_unreadable(output: Path, observer: Observer) -> None:
    """Remove what calibrations and combination cannot be read, without which the folder would not load."""
    joined = output / calibration.COMBINED_NAME
    for path in (joined, output / calibration.NAME, *output.glob(f"{HEADS}/*/{calibration.NAME}")):
        try:
            calibration.read_combination(path, ()) if path == joined else calibration.read_calibrations(path)
        except CheckpointError as error:
            observer.stage(f"{path.relative_to(output)} was removed: {error}")
            path.unlink()


def _score(data: Data, output: Path, observer: Observer) -> tuple[Scores, Curves]:
    """What every scorer says, as served; ratings are joined on dev where there is a head and enough pairs.

    Where they cannot be, a combination that is there stays: `run` has removed that of a head which learned. With the
    scores come the calibrations that stay true, those of the encoder as it was, and of that combination.
    """
    model = load(output)
    scores = {name: model.scores(part.pairs) for name, part in data.measured.items()}
    curves = calibration.read_calibrations(output / calibration.NAME)
    curves = {name: curve for name, curve in curves.items() if name in scores["dev"] and name not in model.heads}
    joined = ["cosine", ALIGNMENT, *(head for head in model.heads if head in model.scorers)]
    if data.has_several_labels or len(joined) == 2:
        return scores, curves
    of_dev, labels = {name: scores["dev"][name] for name in joined}, data.dev.targets[:, 0]
    try:
        joint = fitting.fit_combination(of_dev, labels, data=data.dev.source.name)
    except InputError as error:
        what = "the combination stays as it was" if COMBINED in scores["dev"] else "no combination"
        observer.stage(f"{what}; {data.dev.source.name}: {error}")
        return scores, curves
    write_json(output / calibration.COMBINED_NAME, joint)
    for found in scores.values():
        found[COMBINED] = joint.apply(found).astype(np.float32)
    return scores, {name: curve for name, curve in curves.items() if name != COMBINED}


def _judge(scores: Scores, curves: Curves, data: Data, output: Path, plan: TrainPlan, observer: Observer) -> Figures:
    """Fit and write a calibration of every scorer on dev, else leave that in `curves`; figures by scorer and set.

    A head with labels gives probabilities of its own, of something else than being similar: it gets no calibration.
    """
    labels, groups = data.dev.targets[:, 0], data.dev.groups if plan.mix else [""] * len(data.dev)
    mix = plan.mix or ({"": (1.0, plan.similar_share)} if plan.similar_share else None)
    weights = None if mix is None else fitting.weigh_groups(labels, groups, mix)  # else all pairs count alike
    measures, figures, unfitted = dict(curves), {}, defaultdict(list)
    for scorer, found in scores["dev"].items():
        folder, curve = output / HEADS / scorer, None
        if not folder.is_dir() or len(HeadConfig.from_folder(folder).labels) == 1:
            try:
                curve = fitting.fit_calibration(found, labels, weights=weights, data=data.dev.source.name)
            except InputError as error:  # too few pairs, or one kind alone
                stays = scorer in curves or (folder / calibration.NAME).exists()
                unfitted[stays, str(error)].append(scorer)
        figures[scorer] = {name: _figures(scores[name][scorer], part, curve) for name, part in data.measured.items()}
        if curve is not None and folder.is_dir():
            write_json(folder / calibration.NAME, {scorer: curve})
        elif curve is not None:
            measures[scorer] = curve
    write_json(output / calibration.NAME, measures)
    for (stays, fault), scorers in unfitted.items():
        of = f"calibration of {', '.join(scorers)}"
        observer.stage(f"{f'the {of} stays as it was' if stays else f'no {of}'}; {data.dev.source.name}: {fault}")
    return figures


def _figures(scores: Float, part: Examples, curve: calibration.Calibration | None) -> dict[str, Any]:
    labels = part.targets[:, 0]
    found = evaluation.evaluate(scores, labels)
    table: dict[str, Any] = {
        "pairs": found.n,
        "pearson": round(found.pearson.value, 4),
        "spearman": round(found.spearman.value, 4),
        "spearman_interval": [round(found.spearman.low, 4), round(found.spearman.high, 4)],
    }
    if curve is not None:
        honesty = agreement.judge_probabilities(np.asarray(curve.apply(scores)), labels >= curve.similar - 1e-6)
        table |= {"brier": round(honesty.brier, 4), "ece": round(honesty.ece, 4)}
    return table


def _make_words(
    plan: WordsPlan, scores: Mapping[str, Float], dev: Examples, figures: Figures, report: FolderReport | None
) -> words.Words:
    """The recipe's words with figures: of ranges the mean rating, of errors how often a probe went right."""
    ranges, ratings = {}, dev.targets[:, 0] * words.HIGHEST_RATING
    for scorer in (name for name in plan.ranges if name in scores):
        names = dict(plan.ranges[scorer])
        found = evaluation.mean_label_by_range(scores[scorer], ratings, list(names))
        ranges[scorer] = tuple(words.Range(low, names[low], round(mean, 1), n) for low, n, mean in found)
    edits = {probe.name: probe for probe in report.probes} if report else {}  # the last of a name: "negation" is two
    errors = []
    for kind, said in plan.errors.items():
        if kind in edits:
            right = round(float(max(edits[kind].values.values())), 4)
            errors.append(words.KnownError(kind, right, edits[kind].count, said))
    agreed = {scorer: float(parts["dev"]["spearman"]) for scorer, parts in figures.items()}
    return words.Words(plan.note, plan.data, dict(plan.scorers), ranges, tuple(errors), agreed)


def write_verdict(output: Path, plan: ReportPlan, dev: Examples) -> list[str]:
    """Fit what verdicts go by to dev, and to what the report is measured on, of which nothing was learned.

    Args:
        output: a folder that loads; its manifest goes, and is not written anew.
        plan: names the files.
        dev: pairs with ratings.

    Returns:
        what is missing for it, in words; where something is, nothing is written.

    Raises:
        DataError: a file that cannot be read.
    """
    model = load(output)
    needs = {
        "a head that infers": model.inferring_head is not None,
        f"a {calibration.COMBINED_NAME} of its heads": COMBINED in model.scorers,
        "inference and edits in [report]": plan.inference and plan.edits,
    }
    if missing := [what for what, is_there in needs.items() if not is_there]:
        return missing
    rated = zip(dev.pairs, map(float, dev.targets[:, 0]), strict=True)
    written = () if plan.verdicts is None else verdicts.read_known(Path(plan.verdicts.path))
    pairs = verdicts.known_pairs(plan.inference, plan.edits, plan.antonyms, plan.paraphrases, rated, written)
    scores = model.scores(dev.pairs, ["cosine", COMBINED])
    apart, packed = (model.calibrate(name, each) for name, each in scores.items())
    gaps = np.ones(1) if apart is None or packed is None else np.abs(apart - packed)
    files = _shown([path for path in (*plan.inference, *plan.edits, plan.paraphrases) if path is not None])
    files += [] if plan.verdicts is None else [plan.verdicts.name]
    data = f"{len(pairs):,} pairs: held-out ones of {', '.join(files)}, {dev.source.name}, and the ruler's"
    rule = verdicts.fit_rule(model, pairs, gaps, data)
    (output / MANIFEST).unlink(missing_ok=True)  # or it would refuse the folder, were it not written anew
    write_json(output / verdict.NAME, rule)
    return []


def _metrics(
    encoder: CheckpointFolder, run: Trained, figures: Mapping[str, Any], metric: str, report: FolderReport | None
) -> dict[str, Any]:
    plan = run.plan
    shown = {
        "data": [source.as_shown() for source in plan.data],
        "dev": plan.dev.as_shown(),
        "test": plan.test and plan.test.as_shown(),
        "exclude": _shown(plan.exclude),
        "exclude_held_out": _shown(plan.exclude_held_out),
        "encoder": encoder.name,
    }
    rows = []
    for part in run.data.parts:
        source = {"file": part.source.name, "kind": part.source.kind, "scale": part.source.scale}
        rows.append(source | {"used": len(part), "left_out": part.skipped})
    table = {
        "as_served": figures,
        "dev_metric": metric,
        "best_epoch": run.progress.best + 1,
        "epochs": [
            {"loss": round(e.loss, 6), "dev": round(e.metric, 6), "seconds": e.seconds} for e in run.progress.history
        ],
        "rows": rows,
        "plan": asdict(plan) | shown,
        "encoder_sha256": encoder.sha256,
        "encoder_commit": encoder.revision,
        "version": __version__,
    }
    return table if report is None else table | {"report": asdict(report)}


def _shown(paths: Sequence[Path]) -> list[str]:
    """Paths of files from the folder on that holds all of them: no path of this machine."""
    absolute = [os.path.abspath(path) for path in paths]
    root = os.path.commonpath([os.path.dirname(path) for path in absolute]) if absolute else ""
    return [Path(os.path.relpath(path, root)).as_posix() for path in absolute]
