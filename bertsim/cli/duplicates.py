"""`bertsim duplicates`: a file of sentences, or two -> pairs of them that say nearly the same, or groups of such."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bertsim.batch.writing import kind_of
from bertsim.cli.lines import add_files, in_line, open_files, read_all, write_table
from bertsim.cli.options import add_model_options, load_scoring, positive
from bertsim.cli.output import LiveLine, print_json, say
from bertsim.errors import InputError
from bertsim.model.duplicates import THRESHOLD

HELP = "find the sentences of a file that say nearly the same"
DESCRIPTION = """\
Find pairs of sentences that say nearly the same, most similar first, with the numbers of their lines:
  python -m bertsim duplicates --input sentences.txt --threshold 0.9
  python -m bertsim duplicates --input new.txt --others old.txt --threshold 0.9 --top 100 --output found.tsv
--groups joins pairs that share a sentence, the largest group first. The scorer is the cosine. Pairs of different
sentences of which something else was not read are counted, and are in no group."""
PAIR = ("score", "line", "sentence", "other_line", "other_sentence")
MEMBER = ("group", "line", "sentence")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add_files(parser, "others", "sentences to find those of FILE among (default: FILE itself)")
    threshold = f"pairs of this cosine or more (default: {THRESHOLD}; with --top, any)"
    add("--threshold", type=float, metavar="T", help=threshold)
    add("--top", type=positive, metavar="N", help="the N most similar pairs alone")
    add("--groups", action="store_true", help="groups instead of pairs; of one file")
    add("--output", type=Path, metavar="FILE", help="write them there, .tsv, .csv or .jsonl, .gz or not")
    add("--json", action="store_true", help="print pairs, groups of line numbers and the settings as JSON")
    add_model_options(parser)


def run(args: argparse.Namespace) -> int:
    """Find pairs, or groups, and print or write them. Raises: InputError, for words that do not fit together."""
    if args.groups and args.others is not None:
        raise InputError("--groups joins the sentences of one file; leave out --groups, or --others.")
    if args.output is not None:
        kind_of(args.output)
    with open_files(args, "others") as (file, other):
        model, options = load_scoring(args)
        a, b, counts = read_all(model, file, other)
    limits = {"threshold": THRESHOLD if args.threshold is args.top is None else args.threshold, "top": args.top}
    with LiveLine() as line:
        progress = line.part("sentences", 0, len(a.sentences), len(a.sentences))
        others = None if other is None else b.sentences
        found = model.duplicates(a.sentences, others, **limits, progress=progress, **options)
    kinds = found.pairs, found.withheld
    pairs, withheld = ([(each.score, *a.row(each.first), *b.row(each.second)) for each in kind] for kind in kinds)
    groups = [(number, *a.row(place)) for number, group in enumerate(found.groups, 1) for place in group]
    if args.output is not None:
        write_table(args.output, *(MEMBER, groups) if args.groups else (PAIR, pairs))
    count, grouped = len(pairs), len(found.groups)
    said = f"{count:,} pair{'s' * (count != 1)}"
    said += f" in {grouped:,} group{'s' * (grouped != 1)}" if other is None else ""
    say(f"bertsim: {args.output or file.path}: {said}.")
    if withheld:
        why = "what was not read of their sentences differs; they are left out"
        say(f"bertsim: {len(withheld):,} more pairs have such a cosine, but {why}.")
    if args.json:
        both = {"pairs": pairs, "withheld": withheld}
        named = {name: [dict(zip(PAIR, pair, strict=True)) for pair in kind] for name, kind in both.items()}
        lines = {"groups": [[a.lines[place] for place in group] for group in found.groups]}
        print_json(named | lines | limits | counts | {"settings": model.settings(**options)})
    elif args.output is None:
        print("\n".join(_as_lines(groups, "group") if args.groups else _as_lines(pairs, "score")))
    return 0


def _as_lines(found: Iterable[tuple[Any, ...]], begin: str) -> Iterator[str]:
    """A line for each member of a group, or two for each pair; `begin` is what a row begins with."""
    yield f"{begin:>7}  {'line':>6}  sentence"
    for first, line, sentence, *other in found:
        shown = f"{first:.4f}" if isinstance(first, float) else first
        yield f"{shown:>7}  {line:>6}  {in_line(sentence)}"
        if other:
            yield f"{'':>7}  {other[0]:>6}  {in_line(other[1])}"
