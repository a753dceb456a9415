"""`python -m tests.bench`: bertsim and its peers side by side, printed as one Markdown table.

Every checkpoint, graph and environment that it needs it makes, once, in .bench/. Exit status 1 where a figure is
not what it must be, or could not be told because others used the cores, or the peers could not be had.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from tests.bench.environment import PeersMissing, make_environment
from tests.bench.figures import Bench
from tests.bench.machine import processor, take_two_cores
from tests.bench.report import Row, table
from tests.bench.rounds import ROOT
from tests.bench.soak import beside_bare, growth

PARTS: dict[str, Callable[[Bench, argparse.Namespace], Iterator[Row]]] = {
    "padding": lambda bench, _: bench.padding(),
    "speed": lambda bench, args: bench.speed(args.rounds),
    "packed": lambda bench, args: bench.packed(args.rounds),
    "many": lambda bench, _: bench.many(),
    "processes": lambda bench, _: bench.whole_processes(),
    "tables": lambda bench, args: bench.tables(args.pairs, min(args.rounds, 3)),
    "calls": lambda bench, _: bench.calls(),
    "page": lambda bench, _: bench.page(),
    "load": lambda _, args: chain(beside_bare(args.rounds), growth()),
}
CACHE = ROOT / ".bench"


def main() -> int:
    """Measure, print, judge."""
    args = parse()
    take_two_cores()
    CACHE.mkdir(exist_ok=True)
    rows: list[Row] = []
    peers = args.peers
    try:
        peers = peers or make_environment(CACHE / "venv")
    except PeersMissing as error:
        say(str(error))
        rows.append(Row("the peers", "be measured", str(error), False))
    bench = Bench(CACHE, peers, say)
    for row in measure(bench, args):
        say(f"  {row.what}: {row.measured}")
        rows.append(row)
    print(f"{processor()}. A ratio is the median of {args.rounds} rounds (lowest–highest), each of two")
    print("neighbours in time; sentences/s of a whole call, 2,000 sentences of 8–40 tokens.\n")
    print(table(rows))
    return int(any(row.verdict not in ("", "✓") for row in rows))


def measure(bench: Bench, args: argparse.Namespace) -> Iterator[Row]:
    """Every row, or those of the parts that are asked for, in the order of the table."""
    if args.stsb_test:
        yield from bench.accuracy("STS-B test", args.stsb_test, args.stated)
    if args.stsb_dev:
        yield from bench.accuracy("STS-B dev", args.stsb_dev)
    for part in PARTS:
        if part in args.only:
            yield from PARTS[part](bench, args)


def parse() -> argparse.Namespace:
    """The words of the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure bertsim beside its peers.")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="turns of every engine (default: 5)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="parts of the table (default: all)")
    parser.add_argument("--pairs", type=int, default=100_000, metavar="N", help="of the file whose memory is measured")
    parser.add_argument("--peers", type=Path, metavar="PYTHON", help="of a ready environment that holds the peers")
    parser.add_argument("--stsb-test", type=Path, metavar="FILE", help="also Spearman on this file of labelled pairs")
    parser.add_argument("--stsb-dev", type=Path, metavar="FILE", help="and on this one")
    parser.add_argument("--stated", type=float, metavar="RHO", help="Spearman that the card states for --stsb-test")
    return parser.parse_args()


def say(text: str) -> None:
    """Tell on stderr how far the run is."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
