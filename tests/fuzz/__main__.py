"""`python -m tests.fuzz [--seconds N] [--only ROUTE …] [--seed S]`: try every way in, and print what became of it."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import tests.conftest  # noqa: F401 - no network, no settings of whoever runs this
from tests import guard
from tests.fuzz import every
from tests.fuzz.route import ROUTES, try_route


def main() -> int:
    """Try, print; 1 where there was a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Try every way in with bad input.")
    parser.add_argument("--seconds", type=float, default=20, metavar="N", help="for each route (default: 20)")
    parser.add_argument("--only", nargs="+", choices=sorted(ROUTES), metavar="ROUTE", help=", ".join(ROUTES))
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="another one tries other inputs (default: 0)")
    args = parser.parse_args()
    guard.install()
    found, out = [], sys.stdout
    print("| route | inputs | refused | answered | faults |\n|---|---|---|---|---|", file=out)
    for name in args.only or ROUTES:
        with tempfile.TemporaryDirectory() as place:
            tried = try_route(name, Path(place), seconds=args.seconds, first=1000 * args.seed)
        found.append(tried)
        cells = tried.inputs, tried.counts["refused"], tried.counts["answered"], tried.faulty
        print(f"| {name} | " + " | ".join(f"{cell:,}" for cell in cells) + " |", file=out, flush=True)
    every.end_app()
    for tried in found:
        for kind, given in tried.faults.items():
            print(f"\n{tried.route}: {kind}\n    {given}", file=out)
    print(f"\n{sum(tried.inputs for tried in found):,} inputs.", file=out)
    return int(any(tried.faults for tried in found))


if __name__ == "__main__":
    sys.exit(main())
