"""`bertsim probe`: negation, word order, and ten example pairs, by every scorer."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bertsim.cli.options import add_encoder_options, load_model
from bertsim.cli.output import Bar, fields
from bertsim.datasets import open_pairs, open_sentences
from bertsim.errors import DataError
from bertsim.probes import LEFT_OUT

if TYPE_CHECKING:
    from bertsim.pipeline import SimilarityModel
    from bertsim.records import Float

HELP = "try what similarity models miss: negation, word order"
DESCRIPTION = """\
Try a model on negation and word order, and on ten example pairs:
  python -m bertsim probe --inference snli.tsv --text sentences.txt --paraphrases paraphrases.tsv
negation: of a premise, a contradiction that repeats most of its words must score below an entailment; held-out tenth.
word order: sentences of --text with two noun phrases swapped must score below held-out --paraphrases."""
MOST = 300  # sentences swapped, and paraphrases beside them
_FEWEST = 10


@dataclass(frozen=True)
class Found:
    """What one probe measured.

    Attributes:
        name: "negation" (share ranked right) or "word order" (ROC AUC); both 0.5 by chance, 1 at best.
        trials: in words, how many of what.
        values: by scorer, TF-IDF too.
    """

    name: str
    trials: str
    values: Mapping[str, float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add(
        "--inference",
        nargs="+",
        type=Path,
        metavar="FILE",
        default=[],
        help="pairs labelled entailment, neutral or contradiction; only the tenth of premises that `hold_out`"
        " keeps from training is used",
    )
    add("--text", type=Path, metavar="FILE", help="plain text, one sentence a line, to swap noun phrases in")
    add(
        "--paraphrases",
        type=Path,
        metavar="FILE",
        help="pairs that mean the same; the held-out tenth is used",
    )
    add("--json", action="store_true", help="print the figures as JSON")
    add(
        "--max-length",
        type=int,
        metavar="N",
        help="tokens read of a sentence (default: the checkpoint's own)",
    )
    add_encoder_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print a row for each scorer, and the example pairs."""
    from bertsim.probes import EXAMPLES

    negation = read_negation(args.inference) if args.inference else None
    order = read_order(args.text, args.paraphrases) if args.text or args.paraphrases else None
    model = load_model(args)
    found = []
    if negation is not None:
        found.append(probe_negation(model, *negation))
    if order is not None:
        found.append(probe_order(model, *order))
    examples = model.scores([(a, b) for _, a, b in EXAMPLES])
    settings = model.settings(max_length=args.max_length)
    if args.json:
        table = as_json(found, examples) | {"settings": settings}
        print(json.dumps(table, ensure_ascii=False, indent=2))
    else:
        print("\n".join(as_lines(found, examples)))
        print(f"settings: {fields(settings)}")
    return 0


def as_json(found: Sequence[Found], examples: Mapping[str, Float]) -> dict[str, object]:
    """Every figure, and what each scorer says of the example pairs, as plain data."""
    from bertsim.probes import EXAMPLES

    return {
        "probes": [{"name": each.name, "trials": each.trials, "values": each.values} for each in found],
        "examples": [
            {"what": what, "sentence_a": a, "sentence_b": b}
            | {scorer: round(float(values[i]), 4) for scorer, values in examples.items()}
            for i, (what, a, b) in enumerate(EXAMPLES)
        ],
    }


def as_lines(found: Sequence[Found], examples: Mapping[str, Float]) -> list[str]:
    """The same to be read: a table of the figures, and one of the example pairs."""
    from bertsim.probes import EXAMPLES

    lines = [f"{each.name}: {each.trials}" for each in found]
    if found:
        lines.append(f"{'scorer':<12}" + "".join(f"{each.name:>12}" for each in found))
        for scorer in found[0].values:
            lines.append(f"{scorer:<12}" + "".join(f"{each.values[scorer]:>12.3f}" for each in found))
        lines.append("")
    shown = [scorer for scorer in examples if scorer not in LEFT_OUT]
    lines.append("".join(f"{scorer:>10}" for scorer in shown) + "  pair")
    for i, (what, a, b) in enumerate(EXAMPLES):
        cells = "".join(f"{examples[scorer][i]:>10.2f}" for scorer in shown)
        lines.append(f"{cells}  {what}: {a} / {b}")
    return lines


def read_negation(paths: Sequence[Path]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Premises with their contradiction, and the same premises with their entailment, of the held-out tenth.

    Raises:
        DataError: a bad row, or too few trials; names the files.
    """
    from bertsim.probes import is_held_out, negation_trials

    rows = []
    for path in paths:
        file = open_pairs(path, labelled=True)
        for row in file:
            if row.error is not None:
                raise DataError(f"{file.where(row)}: {row.error}; mend the row.")
            rows.append((row.sentences[0], row.sentences[1], str(row.label).strip().lower()))
    trials = negation_trials(row for row in rows if is_held_out(row[0]))
    if len(trials) < _FEWEST:
        raise DataError(
            f"{', '.join(map(str, paths))}: {len(trials)} held-out premises have a contradiction in their words "
            f"and an entailment; at least {_FEWEST} are needed."
        )
    return [(t.premise, t.contradiction) for t in trials], [(t.premise, t.entailment) for t in trials]


def read_order(
    text: Path | None, paraphrases: Path | None
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Sentences with themselves swapped, and held-out paraphrases.

    Raises:
        DataError: one of the two is missing, a bad row, too few of either; names the file.
    """
    from bertsim.probes import first_by_checksum, is_held_out, order_trials

    if text is None or paraphrases is None:
        raise DataError("word order needs both --text FILE and --paraphrases FILE.")
    swapped = order_trials((row.sentences[0] for row in open_sentences(text) if row.error is None), MOST)
    file = open_pairs(paraphrases)
    pairs = ((row.sentences[0], row.sentences[1]) for row in file if row.error is None)
    same = first_by_checksum([pair for pair in pairs if is_held_out(pair[0])], MOST)
    for path, found, what in (
        (text, swapped, "sentences whose noun phrases can be swapped"),
        (paraphrases, same, "held-out pairs"),
    ):
        if len(found) < _FEWEST:
            raise DataError(f"{path} has {len(found)} {what}; at least {_FEWEST} are needed.")
    return swapped, same


def probe_negation(
    model: SimilarityModel, against: Sequence[tuple[str, str]], following: Sequence[tuple[str, str]]
) -> Found:
    """Share of premises whose contradiction scores below the entailment."""
    from bertsim.probes import share_ranked_below

    scores = _scores(model, [*against, *following])
    values = {
        name: share_ranked_below(each[: len(against)].tolist(), each[len(against) :].tolist())
        for name, each in scores.items()
    }
    trials = f"{len(against):,} premises, share whose contradiction scores below their entailment"
    return Found("negation", trials, values)


def probe_order(
    model: SimilarityModel, swapped: Sequence[tuple[str, str]], same: Sequence[tuple[str, str]]
) -> Found:
    """ROC AUC of paraphrases against sentences with their roles swapped."""
    from sklearn.metrics import roc_auc_score

    scores = _scores(model, [*swapped, *same])
    labels = [0] * len(swapped) + [1] * len(same)
    values = {name: float(roc_auc_score(labels, each)) for name, each in scores.items()}
    trials = f"{len(swapped):,} sentences swapped against {len(same):,} paraphrases, ROC AUC"
    return Found("word order", trials, values)


def _scores(model: SimilarityModel, pairs: Sequence[tuple[str, str]]) -> dict[str, Float]:
    from bertsim import tfidf

    with Bar(len(pairs), "pairs") as bar:
        found = model.scores(pairs, progress=bar.within(len(pairs)))
    return found | {tfidf.SCORER: tfidf.score_tfidf(pairs)}
