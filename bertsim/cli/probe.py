"""`bertsim probe`: negation, word order, ten example pairs by every scorer; inference and minimal edits by a head."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertsim.cli.files import Tally, say_shared, summed
from bertsim.cli.options import add_encoder_options, load_model
from bertsim.cli.output import LiveLine, fields, say
from bertsim.errors import InputError
from bertsim.measuring.probes import EXAMPLES, LEFT_OUT

if TYPE_CHECKING:
    from bertsim.measuring.probing import ProbeReport
    from bertsim.measuring.verdicts import VerdictReport

HELP = "try what similarity models miss: negation, word order, minimal edits"
DESCRIPTION = """\
Try a model on negation and word order, on inference, on minimal edits, and on ten example pairs:
  python -m bertsim probe --inference snli.tsv --text sentences.txt --paraphrases paraphrases.tsv --edits sentences.txt
negation: of a premise, a contradiction that repeats most of its words must score below an entailment; held-out tenth.
word order: held-out sentences of --text with two noun phrases swapped must score below held-out --paraphrases.
inference: a head that knows entailment, neutral and contradiction must give held-out pairs their label.
verdicts: what the model says that two sentences are to each other must be the kind that the file has.
edits: the same head on pairs made by rule of held-out sentences, which differ in one place: a negation, an opposite,
a number, a quantifier, who did it to whom, a modifier, active and passive, a paraphrase."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    files: dict[str, Any] = {"nargs": "+", "type": Path, "metavar": "FILE", "default": []}
    inference = "pairs labelled entailment, neutral or contradiction"
    add("--inference", **files, help=f"{inference}; only the tenth that `hold_out` keeps from training is used")
    text = "plain text, one sentence a line, to"
    add("--text", **files, help=f"{text} swap noun phrases in; the held-out tenth is used")
    add("--paraphrases", type=Path, metavar="FILE", help="pairs that mean the same; the held-out tenth is used")
    add("--edits", **files, help=f"{text} make minimal edits of; the held-out tenth is used")
    opposites = "pairs of opposites with the columns pos, sense1 and sense2, for --edits (default: everyday ones)"
    add("--antonyms", type=Path, metavar="FILE", help=opposites)
    verdicts = "pairs with a column kind: same, one_follows, opposite, close or different"
    add("--verdicts", type=Path, metavar="FILE", help=f"{verdicts}; all of them are tried")
    add("--json", action="store_true", help="print the figures as JSON")
    add("--max-length", type=int, metavar="N", help="tokens read of a sentence (default: the checkpoint's own)")
    add_encoder_options(parser)


def run(args: argparse.Namespace) -> int:
    """Print figures by scorer and by head, and the pairs. Raises: InputError, for opposites without a text."""
    from bertsim.measuring.probing import read_trials, try_model
    from bertsim.measuring.verdicts import read_known, try_verdicts

    if args.antonyms is not None and not args.edits:
        raise InputError("--antonyms goes with --edits FILE, the text that opposites are put into.")
    trials = read_trials(args.inference, args.text, args.paraphrases, args.edits, args.antonyms)
    known = read_known(args.verdicts) if args.verdicts else []
    model = load_model(args)
    with LiveLine() as line:
        report = try_model(model, trials, lambda done, total: line.show(done, total, "probing"))
        verdicts = try_verdicts(model, known) if known else None
    if report.head is None and trials.labelled:
        lacks = "has no head with probabilities of entailment, neutral and contradiction"
        say(f"bertsim: {model.name} {lacks}: inference and edits are not measured.")
    ranked = [pair for sides in (trials.negation, trials.order) for side in sides or () for pair in side]
    pairs = [*ranked, *(row[:2] for rows in trials.labelled.values() for row in rows), *(pair[:2] for pair in known)]
    tally = Tally(model)
    tally.say(summed(tally.count([sentence for pair in pairs for sentence in pair])))
    say_shared(model, model.scorers, pairs)
    settings = model.settings(max_length=args.max_length)
    if args.json:
        print(json.dumps(_as_json(report, verdicts, settings), ensure_ascii=False, indent=2))
    else:
        print("\n".join([*_as_lines(report, verdicts), f"settings: {fields(settings)}"]))
    return 0


def _as_json(report: ProbeReport, verdicts: VerdictReport | None, settings: dict[str, object]) -> dict[str, object]:
    """Every figure, and what each scorer says of the example pairs, as plain data."""
    columns = {**report.scores, **report.contradictions}
    examples = []
    for i, (what, a, b) in enumerate(EXAMPLES):
        said = {name: round(float(values[i]), 4) for name, values in columns.items()}
        examples.append({"what": what, "sentence_a": a, "sentence_b": b, **said})
    by_scorer, by_head = (list(map(asdict, each)) for each in (report.by_scorer, report.by_head))
    found: dict[str, object] = {"probes": by_scorer, "head": report.head, "labels": by_head}
    found["verdicts"] = verdicts and asdict(verdicts)
    return found | {"examples": examples, "settings": settings}


def _as_lines(report: ProbeReport, verdicts: VerdictReport | None) -> list[str]:
    """The same to be read: tables of the figures by scorer, of the head, of verdicts, and of the example pairs."""
    lines = [f"{each.name}: {each.trials}" for each in report.by_scorer]
    if report.by_scorer:
        lines.append(f"{'scorer':<12}" + "".join(f"{each.name:>12}" for each in report.by_scorer))
        for scorer in report.by_scorer[0].values:
            lines.append(f"{scorer:<12}" + "".join(f"{each.values[scorer]:>12.3f}" for each in report.by_scorer))
        lines.append("")
    if report.by_head:
        lines.append(f"{report.head}: share of pairs whose most probable label is right, its calibration error")
        for each in report.by_head:
            lines.append(f"{each.name:<22}{each.values[str(report.head)]:>7.3f}{each.ece:>7.3f}  {each.trials}")
        lines.append("")
    if verdicts:
        lines.append(
            f"verdict: {verdicts.right:.3f} of pairs got the right one; rows: what is right, columns: what was said"
        )
        lines.append(" " * 12 + "".join(f"{kind:>12}" for kind in verdicts.confusion))
        for kind, said in verdicts.confusion.items():
            lines.append(f"{kind:<12}" + "".join(f"{count:>12}" for count in said.values()))
        lines.append("")
    columns = {**report.scores, **report.contradictions}
    widths = {name: max(len(name), 8) + 2 for name in columns if name not in LEFT_OUT}
    lines.append("".join(f"{name:>{width}}" for name, width in widths.items()) + "  pair")
    for i, (what, a, b) in enumerate(EXAMPLES):
        row = "".join(f"{columns[name][i]:>{width}.2f}" for name, width in widths.items())
        lines.append(f"{row}  {what}: {a} / {b}")
    return lines
