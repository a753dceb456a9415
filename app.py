"""Serve the app; settings come from the environment.

BERTSIM_ENCODER (folder or Hub id; none = the bundled encoder), BERTSIM_HEADS (its trained heads: folder or Hub id),
BERTSIM_ENGINE, BERTSIM_HOST (else GRADIO_SERVER_NAME, which a Space sets), BERTSIM_PORT, BERTSIM_SHARE (1: a public
link). What visitors may choose: BERTSIM_ENCODERS and BERTSIM_ALLOW_ANY_ENCODER, see bertsim/ui/catalog.py.
"""

from __future__ import annotations

import os
import sys

from bertsim.errors import BertsimError, InputError
from bertsim.ui import serve
from bertsim.ui.catalog import is_set


def _port() -> int | None:
    """BERTSIM_PORT as a number; None where it is not set."""
    value = os.environ.get("BERTSIM_PORT", "")
    if value and not (value.isdecimal() and 0 < int(value) < 65536):
        raise InputError(f"BERTSIM_PORT is {value!r}: give a port from 1 to 65535.")
    return int(value) if value else None


if __name__ == "__main__":
    try:
        if sys.argv[1:]:
            raise InputError("app.py takes no arguments; for options see python -m bertsim serve --help")
        serve(
            engine=os.environ.get("BERTSIM_ENGINE") or "litert",
            host=os.environ.get("BERTSIM_HOST") or os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1",
            port=_port(),
            share=is_set(os.environ.get("BERTSIM_SHARE", "")),
            heads=os.environ.get("BERTSIM_HEADS") or None,
        )
    except BertsimError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
