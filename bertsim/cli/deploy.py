"""`bertsim deploy`: this checkout -> a Space on the Hub."""

from __future__ import annotations

import argparse

HELP = "put the app on a Hugging Face Space"
DESCRIPTION = """\
Make a Space of this checkout, or update one:
  python -m bertsim deploy user/bertsim --heads user/my-heads
It is written to with the token in HF_TOKEN. The Hub asks for a paid plan to make a Gradio Space; the smallest hardware
(2 cores, 16 GB) is enough. --dry-run prints what would be sent."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add("space", metavar="USER/SPACE", help="made where it is not there")
    add("--encoder", metavar="USER/NAME", help="that it starts with: sets BERTSIM_ENCODER")
    add("--heads", metavar="USER/NAME", help="trained heads: sets BERTSIM_HEADS")
    add("--private", action="store_true", help="make the Space for yourself alone")
    add("--dry-run", action="store_true", help="print what would be sent, and send nothing")


def run(args: argparse.Namespace) -> int:
    """Send, and print where it is."""
    from bertsim.publishing.deploy import deploy, space_files

    files = space_files()
    given = {"BERTSIM_ENCODER": args.encoder, "BERTSIM_HEADS": args.heads}
    variables = {"BERTSIM_HOST": "0.0.0.0"} | {key: value for key, value in given.items() if value}
    if args.dry_run:
        for name, path in files.items():
            print(f"{path.stat().st_size:>12,}  {name}")
        for key, value in variables.items():
            print(f"{key}={value}")
        print(f"{len(files)} files and {len(variables)} variables would go to the Space {args.space}.")
        return 0
    url, commit = deploy(args.space, files, variables, private=args.private)
    print(f"{url} at {commit}; it builds now, which takes a few minutes.")
    return 0
