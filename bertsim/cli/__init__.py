"""The command line: `python -m bertsim`. One file per command; nothing outside this package prints."""

from bertsim.cli.main import main

__all__ = ["main"]
