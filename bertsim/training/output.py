"""The last part of a run: flatbuffers, calibrations, figures, curve, model card, checksums.

Every figure is measured on what is shipped: the folder is loaded as a user would load it, in the fast engine.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bertsim.agreement import judge_probabilities
from bertsim.calibration import NAME as CALIBRATION
from bertsim.calibration import Calibration, fit_calibration, read_calibrations, write_calibrations
from bertsim.checkpoint import load_encoder
from bertsim.errors import InputError
from bertsim.evaluation import evaluate
from bertsim.export import export_flatbuffer
from bertsim.head_export import export_head
from bertsim.heads import load_head
from bertsim.loading import FLATBUFFER, load
from bertsim.manifest import file_sha256, write_manifest
from bertsim.plots import plot_curve
from bertsim.records import Float
from bertsim.scoring import MEASURES
from bertsim.training.batches import metric_name
from bertsim.training.card import write_card
from bertsim.training.examples import Examples
from bertsim.training.plan import TrainPlan
from bertsim.training.run import HEADS, RUN, Data, Encoder, Observer, Trained
from bertsim.version import __version__

METRICS = "metrics.json"


def finish_output(
    plan: TrainPlan, encoder: Encoder, data: Data, trained: Sequence[Trained], output: Path, observer: Observer
) -> dict[str, dict[str, Any]]:
    """Make `output` whole: it loads with `bertsim.load`, and can be published, as it stands.

    Returns:
        Per scorer its figures on dev, and on test where the plan has one.

    Raises:
        ExportError: a flatbuffer that does not agree with its model.
    """
    observer.stage("exporting for the fast engine")
    _export(plan, encoder, output)
    observer.stage("measuring as served")
    figures = _measure(plan, data, output)
    for run in trained:
        for head in run.heads:
            folder = output / HEADS / head.name
            table = _metrics(plan, encoder, run, figures.get(head.name, {}), metric_name(data.dev.targets))
            _write(folder / METRICS, table)
            _curve(run, folder / "curve.png", metric_name(data.dev.targets))
        if plan.tune == "all":
            _write(output / METRICS, _metrics(plan, encoder, run, figures["cosine"], metric_name(data.dev.targets)))
            _curve(run, output / "curve.png", metric_name(data.dev.targets))
    write_card(output, plan, encoder, trained, figures)
    shutil.rmtree(output / RUN)
    write_manifest(output)
    return figures


def _export(plan: TrainPlan, encoder: Encoder, output: Path) -> None:
    sha256 = file_sha256(output / "model.safetensors")
    bert, _ = load_encoder(output, encoder.config)
    name = output.resolve().name if plan.tune == "all" else encoder.name
    if not (output / FLATBUFFER).exists():
        export_flatbuffer(bert, encoder.embedding, encoder.tokenizer, output / FLATBUFFER)
    for head_plan in plan.heads:
        folder = output / HEADS / head_plan.name
        has_pooler = bert.pooler is not None
        head = load_head(folder, name, sha256, encoder.config.hidden_size, has_pooler=has_pooler)
        export_head(head, folder / FLATBUFFER)


def _measure(plan: TrainPlan, data: Data, output: Path) -> dict[str, dict[str, Any]]:
    """Score dev and test as served, fit and write the calibrations, and judge both."""
    if any(len(head.labels) > 1 for head in plan.heads):
        return {}
    model = load(output)
    sets: dict[str, Examples] = {"dev": data.dev} | ({"test": data.test} if data.test else {})
    measures, figures = read_calibrations(output / CALIBRATION), {}
    for scorer in model.scorers:
        scores = {name: model.score(part.pairs, scorer=scorer) for name, part in sets.items()}
        calibration = _calibrated(scores["dev"], data.dev)
        figures[scorer] = {
            name: _judged(scores[name], part, calibration) for name, part in sets.items()
        }
        if calibration is None:
            continue
        if (output / HEADS / scorer).is_dir():
            write_calibrations(output / HEADS / scorer / CALIBRATION, {scorer: calibration})
        else:
            measures[scorer] = calibration
    write_calibrations(output / CALIBRATION, measures)
    return figures


def _calibrated(scores: Float, dev: Examples) -> Calibration | None:
    """The calibration on dev; None where dev has too few pairs, or one kind alone."""
    try:
        return fit_calibration(scores, dev.targets[:, 0], data=Path(dev.source.path).name)
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
    plan: TrainPlan, encoder: Encoder, run: Trained, figures: dict[str, Any], metric: str
) -> dict[str, Any]:
    shown = plan.as_json()
    for source in (*shown["data"], shown["dev"], *([shown["test"]] if shown["test"] else [])):
        source["path"] = Path(source["path"]).name
    shown["encoder"] = encoder.name
    return {
        "as_served": figures,
        "dev_metric": metric,
        "best_epoch": run.progress.best + 1,
        "epochs": [
            {"loss": round(e.loss, 6), "dev": round(e.metric, 6), "seconds": e.seconds} for e in run.progress.history
        ],
        "rows": [
            {"file": Path(s.path).name, "kind": s.kind, "scale": s.scale, "used": used, "left_out": skipped}
            for s, used, skipped in run.parts
        ],
        "plan": shown,
        "encoder_sha256": encoder.sha256,
        "version": __version__,
    }


def _curve(run: Trained, path: Path, metric: str) -> None:
    history = run.progress.history
    plot_curve(path, [e.loss for e in history], [e.metric for e in history], metric, run.progress.best)


def _write(path: Path, table: dict[str, Any]) -> None:
    path.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
