"""Words -> a command -> an exit status.

0: done. 2: input that cannot be used, or a file or stream that the system refuses, one sentence on stderr. 130: stopped
by Ctrl-C, 143: by SIGTERM, and what was finished is kept. Anything else is a bug and shows its traceback. Heavy imports
happen inside the commands.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import FrameType
from typing import Any, NoReturn

from bertsim import __version__
from bertsim.cli.output import Stopped, note_stop, say
from bertsim.errors import BertsimError

COMMANDS = (
    *("score", "rank", "matrix", "duplicates", "embed", "evaluate", "probe", "train", "export"),
    *("serve", "publish", "deploy"),
)
BAD_INPUT, INTERRUPTED, PIPE_CLOSED, TERMINATED = 2, 130, 141, 143


class _Parser(argparse.ArgumentParser):
    """argparse with its errors as one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"{self.prog}: {message}; see {self.prog} --help.\n")


def build_parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser of the command that `words` begin with, else of every one; its function stands in `run`."""
    description = "Compare sentences with BERT, and measure how well that works."
    parser = _Parser(prog="python -m bertsim", description=description)
    parser.add_argument("--version", action="version", version=f"bertsim {__version__}")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    layout: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
    for name in [word for word in words[:1] if word in COMMANDS] or COMMANDS:
        command = import_module(f"bertsim.cli.{name}")
        own = commands.add_parser(name, help=command.HELP, description=command.DESCRIPTION, **layout)
        command.add_arguments(own)
        own.set_defaults(run=command.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command, of the words behind `python -m bertsim` or, if None, of the process; gives the exit status.

    Raises: SystemExit, from argparse, after --help (0) or words that it does not understand (2).
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # what the terminal cannot show
    if None in (sys.stdout, sys.stderr):
        say("bertsim: stdout or stderr is closed; send what is not wanted to /dev/null instead.")
        return BAD_INPUT
    words = _joined_layers(sys.argv[1:] if argv is None else argv)
    args = build_parser(words).parse_args(words)
    try:
        with _stoppable():
            status: int = args.run(args)
            sys.stdout.flush()
        return status
    except BertsimError as error:
        say(f"bertsim: {error}")
        return BAD_INPUT
    except Stopped as stop:
        say(f"bertsim: {stop.told or 'stopped; nothing was written.'}")
        return TERMINATED if stop.terminated else INTERRUPTED
    except BrokenPipeError:
        _drop_what_cannot_be_printed()
        return PIPE_CLOSED
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        say(f"bertsim: cannot read or write{where}: {error.strerror or error}; mend that, and start again.")
        _drop_what_cannot_be_printed()
        return BAD_INPUT


def _joined_layers(words: Sequence[str]) -> list[str]:
    """`--layers -1,-2` as `--layers=-1,-2`: argparse would take "-1,-2" for an option."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] == "--layers":
            word = f"{joined.pop()}={word}"
        joined.append(word)
    return joined


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ctrl-C and SIGTERM raise `Stopped`, also in a job that a shell put in the background."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        stop = Stopped(terminated=number == signal.SIGTERM)
        note_stop(stop)
        raise stop

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    note_stop(None)
    try:
        yield
    finally:
        note_stop(None)
        for number, handler in before.items():
            signal.signal(number, handler)


def _drop_what_cannot_be_printed() -> None:
    """Or Python would try once more at its end, and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
