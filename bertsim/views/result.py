"""The result of a comparison: one line of judgement, every scorer as a bar, and what computed it.

In: `Comparison` and what the model says of itself. Out: HTML. What a cosine means stands in the words of the encoder
that gave it, and holds for its own pooling and layers; without them the number is given without a judgement.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bertsim.heads.config import HeadConfig
from bertsim.records import Comparison, PairScore, TokenBatch
from bertsim.score.words import HIGHEST_RATING, Words
from bertsim.text.unread import withheld
from bertsim.views.anatomy import cut_part
from bertsim.views.markup import MINUS, Html, counted, note, number, tag
from bertsim.views.unread import unknown_sentences

EXPLANATIONS = {
    "cosine": "the angle between the two sentence vectors",
    "dot": "their product; grows with the vectors' lengths",
    "euclidean": "straight-line distance",
    "manhattan": "distance along the axes",
    "alignment": "each token's best match in the other sentence, averaged; longer vectors count more",
    "combined": "cosine, alignment and the trained heads, weighted",
}
_KINDS = {
    "bilstm": "Bi-LSTM over the token vectors",
    "pooled": "dense over [CLS]",
    "mean": "dense over the mean of the token vectors",
}
_INPUTS = {"packed": "of the packed pair", "apart": "of each sentence, read apart"}


@dataclass(frozen=True)
class Origin:
    """What computed a result, in the words of the page.

    Attributes:
        encoder: name of the encoder.
        engine: "litert" or "tensorflow".
        pooling, layers, combine: as used, layers None = last.
        max_length: tokens that the encoder takes.
        parameters: how many numbers the encoder has.
        is_default: whether pooling and layers are the encoder's own, for which its words hold.
        words: what its folder says of its numbers; None where it says nothing.
        heads: what its heads say of themselves, by name.
    """

    encoder: str
    engine: str
    pooling: str
    layers: Sequence[int] | None
    combine: str
    max_length: int
    parameters: int
    is_default: bool = True
    words: Words | None = None
    heads: Mapping[str, HeadConfig] = field(default_factory=dict)


def explanation(scorer: str, origin: Origin) -> str | None:
    """What a scorer is: as the encoder's folder has it, else by the shape of a head, else as it is for every encoder.

    Example: a head without words -> "a trained head: Bi-LSTM over the token vectors of the packed pair"
    """
    if origin.words and scorer in origin.words.scorers:
        return origin.words.scorers[scorer]
    if head := origin.heads.get(scorer):
        return f"a trained head: {_KINDS[head.kind]} {_INPUTS[head.inputs]}"
    return EXPLANATIONS.get(scorer)


def losses(tokens: TokenBatch) -> list[str]:
    """What the encoder did not get of a pair, text beyond its length and unknown words, and what that leaves unsaid."""
    (a,), (b,) = tokens.unread
    cut = ", ".join(f"{part} of {'AB'[row]}" for row in (0, 1) if (part := cut_part(tokens, row)))
    found = [f"not read: {cut}. What follows the cut changes no score." if cut else ""]
    found += [*unknown_sentences(a, b), withheld(a, b)]
    return [each[0].upper() + each[1:] for each in found if each]


def verdict(comparison: Comparison, origin: Origin) -> Html:
    """The line of judgement with the cosine beside it, and cautions below; meant for an aria-live region.

    Where the encoder has words for the cosine, it also says on what they stand, else why there are none.
    """
    cosine = comparison["cosine"].value
    shown, words, below = number(cosine), f"Cosine {number(cosine)}", Html()
    if not withheld(*comparison.unread):
        ranges = origin.words if origin.words and "cosine" in origin.words.ranges else None
        found = ranges.range_of("cosine", cosine) if ranges and origin.is_default else None
        if ranges and found:
            words, rated = found.words, f"{found.rating:.1f} out of {HIGHEST_RATING} on average"
            reference = f"People rated pairs with such a cosine {rated} ({ranges.data})."
            below = tag("p.bs-reference", reference)
        else:
            what = "settings" if ranges else "encoders"
            below = note(f"What counts as similar differs between {what}: compare with pairs that you know.")
    figure = tag("p.bs-figure", tag("span.bs-big", shown), " ", tag("span.bs-unit", "cosine"))
    line = tag("div.bs-verdict", tag("p.bs-judgement", words), figure)
    return line + below + Html().join(map(note, losses(comparison.tokens)))


def _bar(score: PairScore) -> Html:
    """The track with its filled part; zero is marked where it lies inside the range."""
    low, high, value = score.low, score.high, score.value
    if score.unit == "distance":
        low, high, value = 0.0, 1.0, score.score
    elif math.isinf(low) or math.isinf(high):
        return tag("span.bs-track.bs-endless", aria_hidden=True)
    zero, end = ((min(max(each, low), high) - low) / (high - low) * 100 for each in (0.0, value))
    filled = tag("i.bs-fill", style=f"left:{min(zero, end):.2f}%;width:{abs(end - zero):.2f}%")
    mark = tag("i.bs-zero", style=f"left:{zero:.2f}%") if 0 < zero < 100 else ""
    return tag("span.bs-track", filled, mark, aria_hidden=True)


def _reading(score: PairScore) -> str:
    """What a value is, between which ends, "0 … ∞", and what the other order gives."""
    low, high = (f"{end:g}".replace("inf", "∞").replace("-", MINUS) for end in (score.low, score.high))
    words = f"{score.unit}, {low} … {high}"
    if score.unit == "distance":
        words += f"; as a similarity 1/(1+d) = {number(score.score)}"
    if score.value_reversed is not None:
        words += f"; (B, A): {number(score.value_reversed)}"
    return words


def _chance(score: PairScore) -> Html:
    """The calibrated probability as a share; a screen reader and a narrow page get it in words."""
    if score.probability is None:
        return tag("span.bs-chance")
    share = round(score.probability * 100)
    shown = "over 99" if share == 100 else "under 1" if share == 0 else str(share)  # nothing is certain
    words = tag("span.bs-words", "called similar: ")
    return tag("span.bs-chance", words, f"{shown}\u202f%")


def bars(comparison: Comparison, origin: Origin) -> Html:
    """Every scorer with its value, its calibrated probability, its range and a bar (a distance's: its similarity)."""
    rows = []
    for score in comparison.scores:
        name = tag("span.bs-name", score.scorer, title=explanation(score.scorer, origin))
        value, reading = tag("span.bs-value", number(score.value)), tag("span.bs-range", _reading(score))
        parts = (name, _bar(score), value, _chance(score), reading)
        rows.append(tag("li.bs-score", *parts, data_scorer=score.scorer))
    is_calibrated = any(score.probability is not None for score in comparison.scores)
    chance = tag("span.bs-chance", "called similar" * is_calibrated)
    heads = tag("span"), tag("span"), tag("span.bs-value", "value"), chance, tag("span.bs-range")
    shown = tag("div.bs-score.bs-columns", *heads, aria_hidden=True)
    shown += tag("ul.bs-bars", *rows, aria_label="Every measure of this pair")
    if is_calibrated:
        says = "Called similar: the calibrated share of pairs with such a value that people would call similar."
        shown += tag("p.bs-called", says)
    if all(score.unit not in ("probability", "logit") for score in comparison.scores):
        shown += note("There is no trained head for this encoder; python -m bertsim train makes one.")
    return shown


def _known_errors(words: Words) -> str:
    """What an encoder is known to get wrong, worst first; "" where no trial failed.

    Example: right .87 and .999 -> "Known to err in 13 of 100 pairs with an opposite, under 1 with another number."
    """
    wrong = sorted((each for each in words.known_errors if each.right < 1), key=lambda each: each.right)
    shares = [round((1 - each.right) * 100) for each in wrong]
    counts = [f"{share or 'under 1'}{' of 100 pairs' * (not i)}" for i, share in enumerate(shares)]
    parts = [f"{count} with {each.words}" for count, each in zip(counts, wrong, strict=True)]
    return f"Known to err in {', '.join(parts)}." if parts else ""


def provenance(comparison: Comparison, origin: Origin) -> Html:
    """Time taken, engine, encoder and settings; the plain truth about the encoder, where its folder tells it."""
    layers = f"layers {', '.join(map(str, origin.layers))} ({origin.combine})" if origin.layers else "last layer"
    engines = {"litert": "LiteRT, int8 weights", "tensorflow": "TensorFlow, fp32"}
    facts = (
        f"{number(comparison.seconds * 1000, 1)} ms",
        engines.get(origin.engine, origin.engine),
        f"{origin.encoder} ({origin.parameters / 1e6:.1f} million parameters)",
        f"{origin.pooling} pooling, {layers}",
        f"up to {counted(origin.max_length, 'token')} a sentence",
    )
    line = Html(" · ").join(tag("span", fact) for fact in facts)
    said = [origin.words.note, _known_errors(origin.words)] if origin.words else []
    honest = [tag("p.bs-honest", each) for each in said if each]
    return tag("p.bs-facts", line) + Html().join(honest)
