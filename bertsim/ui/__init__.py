"""The browser app. In: settings, or a loaded model. Out: a Gradio app, built or served.

Importing this package imports neither gradio nor a model; `serve` loads the encoder while gradio is being imported, and
the page is served before it is there.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bertsim.engines.base import ENGINES
from bertsim.errors import InputError
from bertsim.ui.catalog import is_set, offered, whole_number
from bertsim.ui.quick_gradio import import_gradio
from bertsim.ui.shelf import Shelf, keep_together

if TYPE_CHECKING:
    import gradio as gr

    from bertsim.model.similarity import SimilarityModel


def build_app(model: SimilarityModel) -> gr.Blocks:
    """Build the page around a loaded model; nothing is served yet."""
    import_gradio()
    from bertsim.ui import app

    return app.build_app(Shelf.of(model, offered(os.environ)))


def serve(
    encoder: str | Path | None = None,
    revision: str | None = None,
    engine: str | None = None,
    host: str | None = None,
    port: int | None = None,
    share: bool = False,
    heads: str | Path | bool | None = None,
) -> None:
    """Serve the app until interrupted.

    An encoder or heads that cannot be had do not stop it: the bundled encoder serves, and page and terminal say why.
    Which encoders visitors may choose: `bertsim.ui.catalog`. What is None is what the environment says.

    Args:
        encoder: folder or Hub id to begin with; else BERTSIM_ENCODER, without it the bundled encoder.
        revision: of it, as `bertsim.load` takes it.
        engine: else BERTSIM_ENGINE, without it "litert".
        host: "0.0.0.0" for every interface; else BERTSIM_HOST, or GRADIO_SERVER_NAME, which a Space sets, without them
            "127.0.0.1".
        port: else BERTSIM_PORT, without it the first free one from 7860.
        share: also open Gradio's public link, as with BERTSIM_SHARE=1; where that cannot be had, one sentence says so
            and the app goes on.
        heads: of the encoder, as `bertsim.load` takes them; else, unless that is an argument, BERTSIM_HEADS.

    Raises:
        BertsimError: an engine that is not known.
        InputError: an address that cannot be listened on, or a port that is none.
    """
    said = os.environ.get
    engine = engine or said("BERTSIM_ENGINE") or ENGINES[0]
    host = host or said("BERTSIM_HOST") or said("GRADIO_SERVER_NAME") or "127.0.0.1"
    port = _port(said("BERTSIM_PORT", "")) if port is None else port
    if heads is None and encoder is None:
        heads = said("BERTSIM_HEADS") or None
    try:  # which says why, and at once
        socket.create_server((host, port or 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (while ")[0]
        raise InputError(f"{host}:{port or 0} cannot be listened on ({why}); choose another host or port.") from error
    keep_together()
    per_visitor = whole_number(os.environ, "BERTSIM_MAX_PER_VISITOR", "0")
    shelf = Shelf(offered(os.environ, encoder), engine=engine, revision=revision, heads=heads)
    shelf.on_notice = lambda notice: sys.stderr.write(f"{notice}\n")
    shelf.ask()
    import_gradio()
    from bertsim.ui import app

    app.launch(app.build_app(shelf), shelf, host, port, share or is_set(said("BERTSIM_SHARE", "")), per_visitor)


def _port(said: str) -> int | None:
    """BERTSIM_PORT as a number; None where it is not set. Raises: InputError, where it is no port."""
    if said and not (said.isdecimal() and 0 < int(said) < 65536):
        raise InputError(f"BERTSIM_PORT is {said!r}: give a port from 1 to 65535.")
    return int(said) if said else None
