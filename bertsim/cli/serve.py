"""`bertsim serve`: the app, for a browser."""

from __future__ import annotations

import argparse

from bertsim.cli.options import add_encoder_options
from bertsim.errors import InputError

HELP = "serve the app, for a browser"
DESCRIPTION = """\
Serve the app, at the address that is printed, until it is stopped:
  python -m bertsim serve --port 7860
What no option says the environment does: BERTSIM_ENCODER, BERTSIM_HEADS (with no --encoder), BERTSIM_ENGINE,
BERTSIM_HOST, BERTSIM_PORT, BERTSIM_SHARE; README.md has these and what else a host decides."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add("--host", help="address to listen on (default: 127.0.0.1, this machine)")
    add("--port", type=int, metavar="N", help="port to listen on (default: the first free from 7860)")
    add("--share", action="store_true", help="also open Gradio's public link")
    add_encoder_options(parser)
    parser.set_defaults(engine=None)


def run(args: argparse.Namespace) -> int:
    """Serve until stopped. Raises: InputError, for a port that cannot be."""
    if args.port is not None and not 0 < args.port < 65536:
        raise InputError(f"--port is {args.port}; a number from 1 to 65535 was expected.")
    from bertsim.ui import serve

    serve(args.encoder, args.revision, args.engine, args.host, args.port, args.share, args.heads)
    return 0
