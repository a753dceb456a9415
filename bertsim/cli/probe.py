"""`bertsim probe`: negation, word order, ten example pairs by every scorer; inference and minimal edits by a head."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bertsim.cli.options import add_encoder_options, load_model
from bertsim.cli.output import LiveLine, fields, say
from bertsim.errors import InputError
from bertsim.measuring.probes import EXAMPLES, LEFT_OUT

if TYPE_CHECKING:
    from bertsim.measuring.edits import Edit
    from bertsim.measuring.probing import Found
    from bertsim.model.similarity import SimilarityModel
    from bertsim.records import Float

HELP = "try what similarity models miss: negation, word order, minimal edits"
DESCRIPTION = """\
Try a model on negation and word order, on inference, on minimal edits, and on ten example pairs:
  python -m bertsim probe --inference snli.tsv --text sentences.txt --paraphrases paraphrases.tsv --edits sentences.txt
negation: of a premise, a contradiction that repeats most of its words must score below an entailment; held-out tenth.
word order: held-out sentences of --text with two noun phrases swapped must score below held-out --paraphrases.
inference: a head that knows entailment, neutral and contradiction must give held-out pairs their label.
edits: the same head on pairs made by rule of held-out sentences, which differ in one place: a negation, an opposite,
a number, a quantifier, who did it to whom, a modifier, active and passive, a paraphrase."""
CONTRADICTS, REVERSED = "contradicts", "reversed"
"""What the columns are called that say how probable a contradiction is: of the pair, and of it the other way round."""
T = TypeVar("T")


@dataclass(frozen=True)
class Trials:
    """What was read to be tried; None: not asked for."""

    negation: tuple[list[tuple[str, str]], list[tuple[str, str]]] | None
    inference: list[tuple[str, str, str]] | None
    order: tuple[list[tuple[str, str]], list[tuple[str, str]]] | None
    edits: dict[str, list[Edit]] | None


@dataclass(frozen=True)
class Report:
    """All that is printed.

    Attributes:
        by_scorer: negation and word order.
        head: that tells entailment, neutral and contradiction apart; None: the model has none.
        by_head: inference, then edits by kind.
        examples: float32 [10] by scorer, and how probable the head takes a contradiction to be.
        settings: what the figures depend on.
    """

    by_scorer: Sequence[Found]
    head: str | None
    by_head: Sequence[Found]
    examples: Mapping[str, Float]
    settings: Mapping[str, object]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add(
        "--inference",
        nargs="+",
        type=Path,
        metavar="FILE",
        default=[],
        help="pairs labelled entailment, neutral or contradiction; only the tenth that `hold_out` keeps from training "
        "is used",
    )
    add(
        "--text",
        nargs="+",
        type=Path,
        metavar="FILE",
        default=[],
        help="plain text, one sentence a line, to swap noun phrases in; the held-out tenth is used",
    )
    add(
        "--paraphrases",
        type=Path,
        metavar="FILE",
        help="pairs that mean the same; the held-out tenth is used",
    )
    add(
        "--edits",
        nargs="+",
        type=Path,
        metavar="FILE",
        default=[],
        help="plain text, one sentence a line, to make minimal edits of; the held-out tenth is used",
    )
    add(
        "--antonyms",
        type=Path,
        metavar="FILE",
        help="pairs of opposites with the columns pos, sense1 and sense2, for --edits (default: everyday ones)",
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
    """Print a row for each scorer, one for each kind of edits, and the example pairs."""
    trials = read_trials(args)
    model = load_model(args)
    report = measure(model, trials, model.settings(max_length=args.max_length))
    if report.head is None and (trials.inference is not None or trials.edits is not None):
        say(
            f"bertsim: {model.name} has no head with probabilities of entailment, neutral and contradiction: "
            "inference and edits are not measured."
        )
    if args.json:
        print(json.dumps(as_json(report), ensure_ascii=False, indent=2))
    else:
        print("\n".join(as_lines(report)))
    return 0


def read_trials(args: argparse.Namespace) -> Trials:
    """What the files hold to be tried. Raises DataError and InputError for files that it cannot be had from."""
    from bertsim.measuring.probing import read_edits, read_inference, read_negation, read_order

    if args.antonyms is not None and not args.edits:
        raise InputError("--antonyms goes with --edits FILE, the text that opposites are put into.")
    return Trials(
        negation=read_negation(args.inference) if args.inference else None,
        inference=read_inference(args.inference) if args.inference else None,
        order=read_order(args.text, args.paraphrases) if args.text or args.paraphrases else None,
        edits=read_edits(args.edits, args.antonyms) if args.edits else None,
    )


def measure(model: SimilarityModel, trials: Trials, settings: Mapping[str, object]) -> Report:
    """Try the model on everything that was read, and on the example pairs."""
    from bertsim.measuring.probing import (
        inferring_head,
        probe_edits,
        probe_inference,
        probe_negation,
        probe_order,
    )

    head = inferring_head(model)
    by_scorer, by_head = [], []
    if trials.negation is not None:
        by_scorer.append(_with_bar(_count(trials.negation), probe_negation, model, *trials.negation))
    if trials.order is not None:
        by_scorer.append(_with_bar(_count(trials.order), probe_order, model, *trials.order))
    if head is not None and trials.inference is not None:
        rows = trials.inference
        by_head.append(_with_bar(len(rows), probe_inference, model, head, rows))
    if head is not None and trials.edits is not None:
        by_head += _with_bar(_count(trials.edits.values()), probe_edits, model, head, trials.edits)
    return Report(by_scorer, head, by_head, try_examples(model, head), settings)


def _count(parts: Iterable[Sequence[object]]) -> int:
    return sum(map(len, parts))


def _with_bar(size: int, probe: Callable[..., T], *args: object) -> T:
    """Run a probe on so many pairs under a bar."""
    with LiveLine() as line:
        return probe(*args, progress=line.part("pairs", 0, size, size))


def try_examples(model: SimilarityModel, head: str | None) -> dict[str, Float]:
    """What every scorer says of the example pairs, and how probable the head takes a contradiction to be, both ways."""
    pairs = [(a, b) for _, a, b in EXAMPLES]
    found = model.scores(pairs)
    if head is not None:
        label = [name.lower() for name in model.labels(head)].index("contradiction")
        for name, each in ((CONTRADICTS, pairs), (REVERSED, [(b, a) for a, b in pairs])):
            found[name] = model.label_probabilities(each, head=head)[:, label]
    return found


def as_json(report: Report) -> dict[str, object]:
    """Every figure, and what each scorer says of the example pairs, as plain data."""
    return {
        "probes": list(map(asdict, report.by_scorer)),
        "head": report.head,
        "labels": list(map(asdict, report.by_head)),
        "examples": [
            {"what": what, "sentence_a": a, "sentence_b": b}
            | {scorer: round(float(values[i]), 4) for scorer, values in report.examples.items()}
            for i, (what, a, b) in enumerate(EXAMPLES)
        ],
        "settings": dict(report.settings),
    }


def as_lines(report: Report) -> list[str]:
    """The same to be read: a table of the figures by scorer, one of those of the head, and one of the example pairs."""
    lines = [f"{each.name}: {each.trials}" for each in report.by_scorer]
    if report.by_scorer:
        lines.append(f"{'scorer':<12}" + "".join(f"{each.name:>12}" for each in report.by_scorer))
        for scorer in report.by_scorer[0].values:
            cells = "".join(f"{each.values[scorer]:>12.3f}" for each in report.by_scorer)
            lines.append(f"{scorer:<12}{cells}")
        lines.append("")
    if report.by_head:
        lines.append(f"{report.head}: share of pairs whose most probable label is right")
        for each in report.by_head:
            lines.append(f"{each.name:<22}{each.values[str(report.head)]:>7.3f}  {each.trials}")
        lines.append("")
    shown = {scorer: max(len(scorer), 8) + 2 for scorer in report.examples if scorer not in LEFT_OUT}
    lines.append("".join(f"{scorer:>{width}}" for scorer, width in shown.items()) + "  pair")
    for i, (what, a, b) in enumerate(EXAMPLES):
        row = "".join(f"{report.examples[scorer][i]:>{width}.2f}" for scorer, width in shown.items())
        lines.append(f"{row}  {what}: {a} / {b}")
    return [*lines, f"settings: {fields(dict(report.settings))}"]
