"""Serve the app; settings come from the environment: the table of README.md has them."""

from __future__ import annotations

import sys

from bertsim.errors import BertsimError, InputError
from bertsim.ui import serve

if __name__ == "__main__":
    try:
        if sys.argv[1:]:
            raise InputError("app.py takes no arguments; for options see python -m bertsim serve --help")
        serve()
    except BertsimError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
