"""`bertsim probe`: what a bag of words cannot know: plain negation, word order, and ten example pairs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertsim.cli.options import add_model_options, load_model
from bertsim.cli.output import fields
from bertsim.datasets import open_pairs, open_sentences
from bertsim.errors import DataError, InputError
from bertsim.probes import (
    EXAMPLES,
    Pair,
    Triple,
    held_out_pairs,
    negation_triples,
    ranked_below,
    swapped_pairs,
    told_apart,
)

if TYPE_CHECKING:
    from bertsim.pipeline import SimilarityModel

HELP = "measure what a bag of words cannot know: negation and word order"
DESCRIPTION = """\
Score pairs that share their words and differ in meaning:
  python -m bertsim probe --inference snli-dev.tsv snli-test.tsv --text tatoeba.txt --paraphrases para.tsv
negation: contradictions made of the premise's own words; the share that scores below the entailment of that premise.
order: sentences beside themselves with two noun phrases swapped, against paraphrases; ROC AUC, 0.5 is luck.
Both use the tenth of all sentences that `train` leaves out with part=learn. Without files: ten example pairs."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add("--inference", nargs="+", type=Path, metavar="FILE", help="premise, hypothesis and three-way label")
    add("--text", nargs="+", type=Path, metavar="FILE", help="plain text, one sentence a line")
    add("--paraphrases", type=Path, metavar="FILE", help="pairs that mean the same")
    add("--json", action="store_true", help="print the figures as JSON")
    add_model_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the figures of every scorer, and what each makes of the examples."""
    if (args.text is None) != (args.paraphrases is None):
        raise InputError("--text and --paraphrases go together; give both or neither.")
    triples = read_triples(args.inference) if args.inference else []
    swapped, same = read_orders(args.text, args.paraphrases) if args.text else ([], [])
    model = load_model(args)
    table = measure(model, triples, swapped, same)
    examples = score_examples(model)
    if args.json:
        settings = model.settings(pooling=args.pooling, layers=None, combine=args.combine)
        found = {"triples": len(triples), "swapped": len(swapped), "paraphrases": len(same)}
        print(
            json.dumps(
                found | {"scorers": table, "examples": examples, "settings": settings},
                ensure_ascii=False,
                indent=2,
            )
        )
        return 0
    if triples or swapped:
        print("\n".join(as_lines(table, triples, swapped, same)))
    print("\n".join(example_lines(examples, list(table))))
    return 0


def read_triples(paths: Sequence[Path]) -> list[Triple]:
    """The plain contradictions of files of inference data. Raises DataError where there is none."""
    rows = []
    for path in paths:
        file = open_pairs(path, labelled=True)
        rows += [
            (row.sentences[0], row.sentences[1], str(row.label).lower()) for row in file if row.error is None
        ]
    triples = negation_triples(rows)
    if not triples:
        raise DataError(
            f"{', '.join(map(str, paths))}: no held-out contradiction shares most of its words with its premise and "
            "has an entailment beside it; give more inference data."
        )
    return triples


def read_orders(texts: Sequence[Path], paraphrases: Path) -> tuple[list[Pair], list[Pair]]:
    """Swapped pairs and held-out paraphrases. Raises InputError where there are too few."""
    lines = chain.from_iterable(
        (row.sentences[0] for row in open_sentences(path) if row.error is None) for path in texts
    )
    pairs = [(row.sentences[0], row.sentences[1]) for row in open_pairs(paraphrases) if row.error is None]
    return swapped_pairs(lines), held_out_pairs(pairs)


def measure(
    model: SimilarityModel, triples: Sequence[Triple], swapped: Sequence[Pair], same: Sequence[Pair]
) -> dict[str, dict[str, float]]:
    """Both figures of every scorer, and of TF-IDF; of those that there are pairs for."""
    pairs = [(p, yes) for p, yes, _ in triples] + [(p, no) for p, _, no in triples] + [*swapped, *same]
    found = {}
    for scorer, scores in score_by_all(model, pairs).items():
        n, m = len(triples), len(swapped)
        figures = {}
        if triples:
            figures["negation"] = round(ranked_below(scores[:n], scores[n : 2 * n]), 4)
        if swapped:
            figures["order"] = round(told_apart(scores[2 * n + m :], scores[2 * n : 2 * n + m]), 4)
        found[scorer] = figures
    return found


def score_by_all(model: SimilarityModel, pairs: Sequence[Pair]) -> dict[str, list[float]]:
    """Scores by every scorer and by TF-IDF; to six places, so that what is equal counts as equal."""
    from bertsim import tfidf

    found = {scorer: model.score(pairs, scorer=scorer) for scorer in model.scorers} if pairs else {}
    if pairs:
        found[tfidf.SCORER] = tfidf.score_tfidf(pairs)
    return {scorer: [round(float(score), 6) for score in scores] for scorer, scores in found.items()}


def score_examples(model: SimilarityModel) -> list[dict[str, Any]]:
    """The ten example pairs and every scorer's score."""
    scores = score_by_all(model, [(a, b) for _, a, b, _ in EXAMPLES])
    return [
        {"kind": kind, "sentence_a": a, "sentence_b": b, "same": same}
        | {"scores": {scorer: found[index] for scorer, found in scores.items()}}
        for index, (kind, a, b, same) in enumerate(EXAMPLES)
    ]


def as_lines(
    table: dict[str, dict[str, float]],
    triples: Sequence[Triple],
    swapped: Sequence[Pair],
    same: Sequence[Pair],
) -> list[str]:
    """The figures, a line a scorer."""
    lines = [f"{'scorer':<10} {'negation':>9} {'order':>7}"]
    for scorer, figures in table.items():
        cells = (f"{figures[name]:.4f}" if name in figures else "–" for name in ("negation", "order"))
        lines.append("{:<10} {:>9} {:>7}".format(scorer, *cells))
    lines.append(
        f"negation: {len(triples):,} contradictions of their premise's own words, share below its entailment; "
        f"order: {len(swapped):,} swapped pairs against {len(same):,} paraphrases, ROC AUC"
    )
    return lines


def example_lines(examples: Sequence[dict[str, Any]], scorers: Sequence[str]) -> list[str]:
    """The example pairs, two lines each."""
    names = list(examples[0]["scores"]) if not scorers else list(scorers)
    lines = ["", "examples (= the same meaning, ≠ another):"]
    for example in examples:
        sign = "=" if example["same"] else "≠"
        lines.append(f"{example['kind']}: {example['sentence_a']} {sign} {example['sentence_b']}")
        lines.append("  " + fields({name: f"{example['scores'][name]:.3f}" for name in names}))
    return lines
