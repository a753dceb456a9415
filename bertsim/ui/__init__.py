"""The browser app. In: settings, or a loaded pipeline. Out: a Gradio app, built or served.

Importing this package imports neither gradio nor a model; `serve` loads the encoder while gradio is being imported.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gradio as gr

    from bertsim.pipeline import SimilarityModel


def build_app(pipeline: SimilarityModel) -> gr.Blocks:
    """Build the page around a loaded pipeline; nothing is served yet."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    from bertsim.ui.app import build_app as build

    return build(pipeline)


def serve(
    encoder: str | Path | None = None,
    revision: str | None = None,
    engine: str = "litert",
    host: str = "127.0.0.1",
    port: int | None = None,
    share: bool = False,
    heads: str | Path | bool | None = None,
) -> None:
    """Load an encoder and serve the app until interrupted.

    Args:
        encoder: folder or Hub id; None = the bundled encoder.
        revision: commit, branch or tag of a Hub repository.
        engine: "litert" or "tensorflow".
        host: address to listen on; "0.0.0.0" for every interface.
        port: port to listen on; None = the first free one from 7860.
        share: also open Gradio's public link; where that cannot be had, the app goes on locally.
        heads: trained heads of the encoder, as `bertsim.load` takes them.

    Raises:
        BertsimError: the encoder or the engine cannot be had.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    import bertsim

    def load() -> SimilarityModel:
        model = bertsim.load(encoder, revision=revision, engine=engine, heads=heads)
        model.compare("The first comparison", "takes longer: let it be this one")
        return model

    with ThreadPoolExecutor(max_workers=1) as background:
        loading = background.submit(load)
        from bertsim.ui.app import build_app as build
        from bertsim.ui.app import launch

        pipeline = loading.result()
    launch(build(pipeline), host=host, port=port, share=share)
