"""`bertsim serve`: the app in the browser."""

from __future__ import annotations

import argparse
import socket

from bertsim.cli.options import add_encoder_options
from bertsim.errors import InputError

HELP = "open the app in the browser"
DESCRIPTION = """\
Serve the app until it is stopped:
  python -m bertsim serve --port 7860"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words that this command understands."""
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1, this machine)")
    add("--port", type=int, metavar="N", help="port to listen on (default: the first free from 7860)")
    add("--share", action="store_true", help="also open Gradio's public link")
    add_encoder_options(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until stopped. Raises: InputError, for an address that cannot be listened on."""
    host, port = args.host, args.port or 0
    if not 0 <= port <= 65535:
        raise InputError(f"--port is {port}; a number from 1 to 65535 was expected.")
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while ")[0]
        raise InputError(f"{host}:{port} cannot be listened on ({reason}); choose another --host or --port.") from error
    from bertsim.ui import serve

    serve(args.encoder, args.revision, args.engine, host, args.port, args.share, args.heads)
    return 0
