"""The app's public endpoints, which are MCP tools of the same names.

Of one sentence or pair: `/score`, `/compare`, `/embed`, `/tokens`, `/attention`; of many in one call: `/score_many`,
`/rank`, `/matrix`, `/embed_many`.

Limits and errors are the core's own, the catalog of encoders among them. `MAX_NUMBERS` alone is the app's: while an
answer is written as JSON, nobody else is served.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from dataclasses import asdict
from itertools import product
from typing import Any

import gradio as gr

from bertsim.errors import InputError
from bertsim.model.passes import MAX_PASSES
from bertsim.model.similarity import SimilarityModel
from bertsim.records import Comparison, PairScore, Unread
from bertsim.text.lists import list_pairs, list_sentences
from bertsim.text.unread import withheld, withheld_of
from bertsim.ui.calls import API_QUEUE, MANY_QUEUE, SCORE_QUEUE, replies
from bertsim.ui.catalog import BUNDLED_OFFER
from bertsim.ui.lane import SlowLane
from bertsim.ui.shelf import Shelf
from bertsim.ui.together import Together
from bertsim.views.anatomy import token_numbers
from bertsim.views.attention import AttentionChoice
from bertsim.views.attention import matrix as attention_matrix
from bertsim.views.markup import plain

MAX_NUMBERS = 250_000
"""Numbers in one answer."""
PARAMETERS = {
    "sentence_a": "the one sentence.",
    "sentence_b": "the other sentence.",
    "sentence": "one sentence.",
    "pairs": "the pairs, each a list of two sentences.",
    "query": "the sentence that the others are compared with.",
    "sentences": "the sentences.",
    "others": "what each sentence is compared with; empty = the same sentences.",
    "top": "how many are kept.",
    "rerank": "another scorer, a slower one, that puts those kept in order again; empty = none.",
    "scorer": "cosine, dot, euclidean, manhattan, alignment, alignment_precision, alignment_recall, a trained head of "
    "the encoder (bilstm, nli, pooled), or combined.",
    "layer": "1 = first block.",
    "head": "1 = first head; 0 = the mean of all heads.",
    "encoder": "the name of an encoder that this app offers; empty = the one that it runs on.",
}


def _score(score: PairScore) -> dict[str, Any]:
    """A verdict as JSON; JSON has no infinity, so an end that is not there is null."""
    values = {name: value for name, value in asdict(score).items() if name != "scorer"}
    return values | {end: None for end in ("low", "high") if math.isinf(values[end])}


def _counts(a: Unread, b: Unread) -> dict[str, list[int]]:
    """How many tokens of A and of B were not read."""
    both = a, b
    return {
        "cut_tokens": [each.cut_tokens for each in both],
        "unknown_tokens": [len(each.unknown_words) for each in both],
    }


def _unread(a: Unread, b: Unread, why: str) -> dict[str, Any]:
    """What was not read of A and of B, as JSON, and why a score of the two has no probability, "" -> null."""
    return {
        **_counts(a, b),
        "unknown_words": [list(map(plain, each.unknown_words)) for each in (a, b)],
        "withheld": why or None,
    }


def _lost(model: SimilarityModel, pairs: Sequence[tuple[str, str]], scorer: str) -> list[tuple[Unread, Unread]]:
    """What was not read of A and of B of every pair by a scorer."""
    found = model.unread_of_pairs(pairs, packed=scorer in model.scorers_of("packed"))
    return [found.get(pair, (Unread(), Unread())) for pair in pairs]


def _verdict(shelf: Shelf, model: SimilarityModel, comparison: Comparison) -> dict[str, Any] | None:
    """What two sentences are to each other, as JSON; where it has no heads for it, the bundled one reads."""
    reader = model if model.verdict_rule else shelf.get(BUNDLED_OFFER.name)
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


def _check_numbers(rows: int, columns: int, what: str) -> None:
    """Refuse an answer of more numbers than one may have, before anything is computed."""
    if rows * columns > MAX_NUMBERS:
        told = f"{rows:,} × {columns:,} numbers, and one answer has {MAX_NUMBERS:,} at most"
        raise InputError(f"{what} would be {told}; split the list, and send one part after another.")


def _score_pairs(asked: tuple[SimilarityModel, str], pairs: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Scores of pairs by a model and a scorer, each with what was not read of its two sentences."""
    model, scorer = asked
    both = zip(model.score(pairs, scorer=scorer), _lost(model, pairs, scorer), strict=True)
    return [{"score": float(score), **_unread(*lost, withheld(*lost))} for score, lost in both]


def build_api(shelf: Shelf, lane: SlowLane) -> None:
    """Add the endpoints to the app being built."""
    together = Together(_score_pairs)

    @replies
    async def score(sentence_a: str, sentence_b: str, scorer: str = "cosine", encoder: str = "") -> dict[str, Any]:
        """How similar two sentences are; higher = more similar, whatever the scorer; and what was not read of them."""
        model = shelf.get_called(encoder)
        return await together.ask((model, str(scorer)), (sentence_a, sentence_b))  # or it is refused as what it is

    @replies
    def compare(sentence_a: str, sentence_b: str, encoder: str = "") -> dict[str, Any]:
        """Every scorer's value for two sentences, with unit, range and score; a verdict in words; what was not read."""
        model = shelf.get_called(encoder)
        comparison = model.compare(sentence_a, sentence_b)
        return {
            "scores": {each.scorer: _score(each) for each in comparison.scores},
            "verdict": _verdict(shelf, model, comparison),
            **_unread(*(comparison.unread_together or comparison.unread), withheld_of(comparison)),
            "seconds": comparison.seconds,
            "settings": model.settings(),
        }

    @replies
    def embed(sentence: str, encoder: str = "") -> list[float]:
        """The vector of a sentence."""
        return [float(value) for value in shelf.get_called(encoder).embed([sentence])[0]]

    @replies
    def tokens(sentence_a: str, sentence_b: str, encoder: str = "") -> list[dict[str, Any]]:
        """The tokens of both sentences as the encoder gets them, what was cut off, how many it does not know."""
        batch = shelf.get_called(encoder).compare(sentence_a, sentence_b).tokens
        return [{**token_numbers(batch, row), "cut_off": plain(batch.unread[row][0].cut_off)} for row in (0, 1)]

    @replies
    def attention(sentence_a: str, sentence_b: str, layer: int = 1, head: int = 0, encoder: str = "") -> dict[str, Any]:
        """Who attends to whom when the pair is packed as one input; rows sum to 1. Tokens cut off, unknown: of A, B."""
        model = shelf.get_called(encoder)
        _check("layer", layer, 1, model.config.num_hidden_layers)
        _check("head", head, 0, model.config.num_attention_heads)
        packed = model.compare(sentence_a, sentence_b, packed=True).packed
        assert packed  # as was asked
        batch, output = packed
        chosen = AttentionChoice(layer, head or None)
        return {
            "tokens": [plain(token) for token in batch.tokens[0]],
            "token_type_ids": batch.token_type_ids[0].tolist(),
            **_counts(*batch.unread[0]),
            "attention": attention_matrix(output.attentions[:, 0], chosen).tolist(),
        }

    @replies
    def score_many(pairs: list[list[str]], scorer: str = "cosine", encoder: str = "") -> dict[str, Any]:
        """Scores of many pairs, the probability of each that people would call it similar, and what was not read."""
        model, listed = shelf.get_called(encoder), list_pairs(pairs)
        with lane.enter([sentence for pair in listed for sentence in pair]) as pace:
            scores = model.score(listed, scorer=scorer, max_passes=MAX_PASSES, progress=pace)
        lost = [_counts(*each) for each in _lost(model, listed, scorer)]
        return {
            "scores": scores.tolist(),
            "probabilities": model.probabilities(listed, scores, scorer),
            **{name: [each[name] for each in lost] for name in ("cut_tokens", "unknown_tokens")},
        }

    @replies
    def rank(
        query: str, sentences: list[str], scorer: str = "cosine", top: int = 10, rerank: str = "", encoder: str = ""
    ) -> list[dict[str, Any]]:
        """Sentences by likeness to a query, best first; index = place in the list, from 0. Tokens lost: of the two."""
        model, listed = shelf.get_called(encoder), list_sentences(sentences)
        told: dict[str, Any] = {"top": top, "rerank": None if rerank == "" else rerank, "max_passes": MAX_PASSES}
        with lane.enter([query, *listed]) as pace:
            (found,) = model.rank([query], listed, scorer=scorer, progress=pace, **told)
        lost = _lost(model, [(query, listed[each.index]) for each in found], rerank or scorer)
        both = zip(found, lost, strict=True)
        return [{"sentence": plain(listed[each.index]), **asdict(each), **_counts(*own)} for each, own in both]

    @replies
    def matrix(
        sentences: list[str],
        others: list[str] = [],  # noqa: B006 - nobody changes it, and its type is what a program is told
        scorer: str = "cosine",
        encoder: str = "",
    ) -> dict[str, Any]:
        """The score of every sentence, a row each, with every other one, a column each; and what was not read."""
        model, a = shelf.get_called(encoder), list_sentences(sentences)
        b = None if others in ([], None) else list_sentences(others, "others")
        sides = a, a if b is None else b
        _check_numbers(len(a), len(sides[1]), "the matrix")
        with lane.enter([*a, *(b or [])]) as pace:
            scores = model.matrix(a, b, scorer, progress=pace)
            counts = (own := model.count_tokens(a)), own if b is None else model.count_tokens(b)
            lost = _lost(model, list(product(*sides)), scorer) if scorer in model.scorers_of("packed") else []
        cut = [place for place, both in enumerate(lost) if any(each.cut_tokens for each in both)]
        return {
            "scores": scores.tolist(),
            "cut_tokens": [[each.cut for each in side] for side in counts],
            "unknown_tokens": [[each.unknown for each in side] for side in counts],
            "cut_pairs": [[*divmod(place, len(sides[1]))] for place in cut],
        }

    @replies
    def embed_many(sentences: list[str], encoder: str = "") -> list[list[float]]:
        """The vectors of many sentences."""
        model, listed = shelf.get_called(encoder), list_sentences(sentences)
        _check_numbers(len(listed), model.embed([]).shape[1], "the vectors")
        with lane.enter(listed) as pace:
            return model.embed(listed, progress=pace).tolist()

    one_by_one, at_once = (score, compare, embed, tokens, attention), (score_many, rank, matrix, embed_many)
    for endpoint in (*one_by_one, *at_once):
        said = [f"    {name}: {PARAMETERS[name]}" for name in inspect.signature(endpoint).parameters]
        endpoint.__doc__ = "\n".join([str(endpoint.__doc__), "", "Args:", *said])  # what a program is told of it
        queue = MANY_QUEUE if endpoint in at_once else SCORE_QUEUE if endpoint is score else API_QUEUE
        gr.api(endpoint, **queue)
