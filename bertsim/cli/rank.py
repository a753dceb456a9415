"""`bertsim rank`: one query, or several, and a file of sentences -> the sentences most similar to each."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bertsim.batch.writing import kind_of
from bertsim.cli.files import say_shared
from bertsim.cli.lines import add_files, in_line, open_files, read_all, write_table
from bertsim.cli.options import add_model_options, load_scoring, positive
from bertsim.cli.output import LiveLine, print_json, say
from bertsim.errors import InputError
from bertsim.model.embedder import name_by_place

HELP = "find the sentences of a file that are most similar to a query"
DESCRIPTION = """\
Find the sentences of a file that are most similar to a query, best first, with the numbers of their lines:
  python -m bertsim rank "A plane is taking off." --input sentences.txt
  python -m bertsim rank --queries queries.txt --input sentences.txt --top 5 --rerank combined --output found.tsv
The query is sentence A. --rerank has another scorer, a slower one that reads both sentences together, score those
that were found again and put them in its own order."""
TOP = 10
COLUMNS = ("query", "rank", "score", "probability", "line", "sentence")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add("query", nargs="*", metavar="QUERY", help="queries, each in quotes")
    add_files(parser, "queries", "a file of queries instead")
    add("--scorer", metavar="S", default="cosine", help="cosine (default), alignment, a head, …")
    add("--rerank", metavar="S", help="a scorer that scores again what was found")
    add("--top", type=positive, metavar="N", default=TOP, help=f"sentences found for each query (default: {TOP})")
    add("--output", type=Path, metavar="FILE", help="write them there, .tsv, .csv or .jsonl, .gz or not")
    add("--json", action="store_true", help="print them, and the settings, as JSON")
    add_model_options(parser)


def run(args: argparse.Namespace) -> int:
    """Rank the file's sentences for every query. Raises: InputError, for words that do not fit together."""
    if bool(args.query) == (args.queries is not None):
        raise InputError("rank takes queries, each in quotes, or --queries FILE; give one of the two.")
    if args.output is not None:
        kind_of(args.output)
    with open_files(args, "queries") as (file, other):
        model, options = load_scoring(args)
        for index, query in enumerate(args.query):
            model.check(query, name_by_place(args.query, "query")(index))
        lines, queries, counts = read_all(model, file, other or args.query)
    how = {"scorer": args.scorer, "rerank": args.rerank, "top": args.top}
    with LiveLine() as line:
        progress = line.part("sentences", 0, len(lines.sentences), len(lines.sentences))
        ranked = model.rank(queries.sentences, lines.sentences, **how, progress=progress, **options)
    found = [
        (query, rank, each.score, each.probability, *lines.row(each.index))
        for query, best in zip(queries.sentences, ranked, strict=True)
        for rank, each in enumerate(best, 1)
    ]
    say_shared(model, (args.scorer, args.rerank), [(query, sentence) for query, *_, sentence in found])
    if args.output is not None:
        write_table(args.output, COLUMNS, found)
        say(f"bertsim: {args.output}: {len(found):,} sentences found for {len(ranked):,} queries.")
    if args.json:
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in found]
        print_json({"ranked": rows} | how | counts | {"settings": model.settings(**options)})
    elif args.output is None:
        print("\n".join(_as_lines(found, len(ranked) > 1)))
    return 0


def _as_lines(found: Sequence[Sequence[Any]], has_several: bool) -> Iterator[str]:
    """What was found, under each query where there are several of them."""
    for query, rank, score, probability, line, sentence in found:
        if rank == 1 and has_several:
            yield f"query: {in_line(query)}"
        if rank == 1:
            yield f"{'rank':>4}  {'score':>7}  {'probability':>11}  {'line':>6}  sentence"
        shown = "–" if probability is None else f"{probability:.4f}"
        yield f"{rank:>4}  {score:>7.4f}  {shown:>11}  {line:>6}  {in_line(sentence)}"
