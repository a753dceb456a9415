"""The app's public endpoints: `/score`, `/compare`, `/embed`, `/tokens`, `/attention`; the core's own limits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import gradio as gr

from bertsim.errors import InputError
from bertsim.records import PairScore
from bertsim.ui.calls import MODEL_QUEUE, replies
from bertsim.views.attention import AttentionChoice, matrix
from bertsim.views.markup import plain

if TYPE_CHECKING:
    from bertsim.pipeline import SimilarityModel


def _score(score: PairScore) -> dict[str, Any]:
    """A verdict as JSON; JSON has no infinity, so an end that is not there is null."""
    low, high = (None if math.isinf(end) else end for end in (score.low, score.high))
    return {
        "value": score.value,
        "unit": score.unit,
        "low": low,
        "high": high,
        "score": score.score,
        "probability": score.probability,
        "value_reversed": score.value_reversed,
    }


def build_api(pipeline: SimilarityModel) -> None:
    """Add the endpoints to the app being built."""

    @replies
    def score(sentence_a: str, sentence_b: str, scorer: str = "cosine") -> float:
        """How similar two sentences are; higher = more similar, whatever the scorer.

        Args:
            sentence_a: the one sentence.
            sentence_b: the other sentence.
            scorer: cosine, dot, euclidean, manhattan, or a trained head.
        """
        return float(pipeline.score([(sentence_a, sentence_b)], scorer=scorer)[0])

    @replies
    def compare(sentence_a: str, sentence_b: str) -> dict[str, Any]:
        """Every scorer's value for two sentences, with its unit, its range and its score.

        Args:
            sentence_a: the one sentence.
            sentence_b: the other sentence.
        """
        comparison = pipeline.compare(sentence_a, sentence_b)
        return {
            "scores": {each.scorer: _score(each) for each in comparison.scores},
            "seconds": comparison.seconds,
            "settings": pipeline.settings(),
        }

    @replies
    def embed(sentence: str) -> list[float]:
        """The vector of a sentence.

        Args:
            sentence: one sentence.
        """
        return [float(value) for value in pipeline.embed([sentence])[0]]

    @replies
    def tokens(sentence_a: str, sentence_b: str) -> list[dict[str, Any]]:
        """The tokens of both sentences as the encoder gets them, and what was cut off.

        Args:
            sentence_a: the one sentence.
            sentence_b: the other sentence.
        """
        batch = pipeline.compare(sentence_a, sentence_b).tokens
        return [
            {
                "tokens": [plain(token) for token in batch.tokens[row]],
                "input_ids": batch.input_ids[row].tolist(),
                "token_type_ids": batch.token_type_ids[row].tolist(),
                "attention_mask": batch.attention_mask[row].tolist(),
                "spans": batch.spans[row].tolist(),
                "cut_off": plain(batch.cut_off[row][0]),
                "cut_tokens": batch.cut_tokens[row][0],
            }
            for row in (0, 1)
        ]

    @replies
    def attention(sentence_a: str, sentence_b: str, layer: int, head: int) -> dict[str, Any]:
        """Who attends to whom when the pair is packed as one input; rows sum to 1.

        Args:
            sentence_a: the one sentence.
            sentence_b: the other sentence.
            layer: 1 = first block.
            head: 1 = first head; 0 = the mean of all heads.
        """
        config = pipeline.config
        for name, value, low, high in (
            ("layer", layer, 1, config.num_hidden_layers),
            ("head", head, 0, config.num_attention_heads),
        ):
            if not isinstance(value, int) or not low <= value <= high:
                raise InputError(
                    f"{name} is {value!r}; this encoder takes a whole number from {low} to {high}."
                )
        batch, output = pipeline.compare(sentence_a, sentence_b).packed
        chosen = AttentionChoice(layer, head or None)
        return {
            "tokens": [plain(token) for token in batch.tokens[0]],
            "token_type_ids": batch.token_type_ids[0].tolist(),
            "attention": matrix(output.attentions[:, 0], chosen).tolist(),
        }

    for endpoint in (score, compare, embed, tokens, attention):
        gr.api(endpoint, **MODEL_QUEUE)
