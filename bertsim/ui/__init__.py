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

from bertsim.errors import InputError
from bertsim.ui.catalog import offered, whole_number
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
    engine: str = "litert",
    host: str = "127.0.0.1",
    port: int | None = None,
    share: bool = False,
    heads: str | Path | bool | None = None,
) -> None:
    """Serve the app until interrupted.

    An encoder or heads that cannot be had do not stop it: the bundled encoder serves, and page and terminal say why.
    Which encoders visitors may choose: `bertsim.ui.catalog`.

    Args:
        encoder: folder or Hub id to begin with; None = BERTSIM_ENCODER, without it the bundled encoder.
        revision, engine, heads: of it, as `bertsim.load` takes them.
        host: "0.0.0.0" for every interface.
        port: None = the first free one from 7860.
        share: also open Gradio's public link; where that cannot be had, one sentence says so and the app goes on.

    Raises:
        BertsimError: an engine that is not known.
        InputError: an address that cannot be listened on.
    """
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

    app.launch(app.build_app(shelf), shelf, host, port, share, per_visitor)
