"""What Gradio itself costs: its app with one endpoint that answers at once, served as ours is; port: BERTSIM_PORT."""

from __future__ import annotations

import os
from typing import Any

import gradio as gr

ANSWER: dict[str, Any] = {"cut_tokens": [0, 0], "unknown_tokens": [0, 0], "unknown_words": [[], []], "withheld": None}


def score(sentence_a: str, sentence_b: str, scorer: str = "cosine", encoder: str = "") -> dict[str, Any]:
    """Nothing, in the form of a score."""
    return {"score": 0.5} | ANSWER


if __name__ == "__main__":
    with gr.Blocks(analytics_enabled=False) as app:
        gr.api(score, concurrency_id="api", concurrency_limit=4)
    app.launch(
        server_name="127.0.0.1",
        server_port=int(os.environ["BERTSIM_PORT"]),
        share=False,
        footer_links=["api"],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=True,
    )
