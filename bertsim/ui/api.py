"""The app's public endpoints: `/score`, `/compare`, `/embed`, `/tokens`, `/attention`; MCP tools of the same names.

Limits and errors are the core's own, the catalog of encoders among them: the page has no others.
"""

from __future__ import annotations

import inspect
import math
from dataclasses import asdict
from typing import Any

import gradio as gr

from bertsim.errors import InputError
from bertsim.model.similarity import SimilarityModel
from bertsim.records import Comparison, PairScore, Unread
from bertsim.text.unread import withheld
from bertsim.ui.calls import API_QUEUE, replies
from bertsim.ui.catalog import BUNDLED_OFFER
from bertsim.ui.shelf import Shelf
from bertsim.views.anatomy import token_numbers
from bertsim.views.attention import AttentionChoice, matrix
from bertsim.views.markup import plain

PARAMETERS = {
    "sentence_a": "the one sentence.",
    "sentence_b": "the other sentence.",
    "sentence": "one sentence.",
    "scorer": "cosine, dot, euclidean, manhattan, alignment, or a trained head of the encoder: bilstm, combined.",
    "layer": "1 = first block.",
    "head": "1 = first head; 0 = the mean of all heads.",
    "encoder": "the name of an encoder that this app offers; empty = the one that it runs on.",
}


def _score(score: PairScore) -> dict[str, Any]:
    """A verdict as JSON; JSON has no infinity, so an end that is not there is null."""
    values = {name: value for name, value in asdict(score).items() if name != "scorer"}
    return values | {end: None for end in ("low", "high") if math.isinf(values[end])}


def _unread(a: Unread, b: Unread) -> dict[str, Any]:
    """What was not read of A and of B, as JSON, and why a score of the two has no probability, or null."""
    return {
        "cut_tokens": [a.cut_tokens, b.cut_tokens],
        "unknown_tokens": [len(a.unknown_words), len(b.unknown_words)],
        "unknown_words": [list(map(plain, each.unknown_words)) for each in (a, b)],
        "withheld": withheld(a, b) or None,
    }


def _verdict(shelf: Shelf, model: SimilarityModel, comparison: Comparison) -> dict[str, Any] | None:
    """What two sentences are to each other, as JSON; where it has no heads for it, the bundled one reads."""
    reader = model if model.thresholds else shelf.get(BUNDLED_OFFER.name)
    together = comparison if reader is model else reader.compare(comparison.sentence_a, comparison.sentence_b)
    found = reader.verdict(together, comparison)
    if found is None:
        return None
    values = asdict(found) | {"a_to_b": found.a_to_b._asdict(), "b_to_a": found.b_to_a._asdict()}
    return {"headline": found.headline, **values}


def _check(name: str, value: Any, low: int, high: int) -> None:
    """Refuse what is no whole number between two, where JSON may bring anything."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(f"{name} is {value!r}; this encoder takes a whole number from {low} to {high}.")


def build_api(shelf: Shelf) -> None:
    """Add the endpoints to the app being built."""

    @replies
    def score(sentence_a: str, sentence_b: str, scorer: str = "cosine", encoder: str = "") -> dict[str, Any]:
        """How similar two sentences are; higher = more similar, whatever the scorer; and what was not read of them."""
        model = shelf.get(encoder or None)
        (found,) = model.score([(sentence_a, sentence_b)], scorer=scorer)
        return {"score": float(found), **_unread(*model.unread([sentence_a, sentence_b]))}

    @replies
    def compare(sentence_a: str, sentence_b: str, encoder: str = "") -> dict[str, Any]:
        """Every scorer's value for two sentences, with its unit, its range and its score; what was not read."""
        model = shelf.get(encoder or None)
        comparison = model.compare(sentence_a, sentence_b)
        return {
            "scores": {each.scorer: _score(each) for each in comparison.scores},
            "verdict": _verdict(shelf, model, comparison),
            **_unread(*comparison.unread),
            "seconds": comparison.seconds,
            "settings": model.settings(),
        }

    @replies
    def embed(sentence: str, encoder: str = "") -> list[float]:
        """The vector of a sentence."""
        return [float(value) for value in shelf.get(encoder or None).embed([sentence])[0]]

    @replies
    def tokens(sentence_a: str, sentence_b: str, encoder: str = "") -> list[dict[str, Any]]:
        """The tokens of both sentences as the encoder gets them, what was cut off, how many it does not know."""
        batch = shelf.get(encoder or None).compare(sentence_a, sentence_b).tokens
        return [{**token_numbers(batch, row), "cut_off": plain(batch.unread[row][0].cut_off)} for row in (0, 1)]

    @replies
    def attention(sentence_a: str, sentence_b: str, layer: int = 1, head: int = 0, encoder: str = "") -> dict[str, Any]:
        """Who attends to whom when the pair is packed as one input; rows sum to 1. Tokens cut off, unknown: of A, B."""
        model = shelf.get(encoder or None)
        _check("layer", layer, 1, model.config.num_hidden_layers)
        _check("head", head, 0, model.config.num_attention_heads)
        packed = model.compare(sentence_a, sentence_b, packed=True).packed
        assert packed  # as was asked
        batch, output = packed
        chosen = AttentionChoice(layer, head or None)
        return {
            "tokens": [plain(token) for token in batch.tokens[0]],
            "token_type_ids": batch.token_type_ids[0].tolist(),
            "cut_tokens": [each.cut_tokens for each in batch.unread[0]],
            "unknown_tokens": [len(each.unknown_words) for each in batch.unread[0]],
            "attention": matrix(output.attentions[:, 0], chosen).tolist(),
        }

    for endpoint in (score, compare, embed, tokens, attention):
        said = [f"    {name}: {PARAMETERS[name]}" for name in inspect.signature(endpoint).parameters]
        endpoint.__doc__ = "\n".join([str(endpoint.__doc__), "", "Args:", *said])  # what a program is told of it
        gr.api(endpoint, **API_QUEUE)
