"""The result of a comparison: one line of judgement, every scorer as a bar, and what computed it.

In: `Comparison` and what the pipeline says of itself. Out: HTML. What a cosine means stands in the words of the encoder
that gave it, and holds for its own pooling and layers; without them the number is given without a judgement.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bertsim.heads.config import HeadConfig
from bertsim.records import Comparison, PairScore, TokenBatch
from bertsim.score.words import HIGHEST_RATING, Words
from bertsim.text.unread import unknown_sentences, withheld
from bertsim.views.anatomy import cut_part
from bertsim.views.markup import attributes, counted, note, number, text

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
class Engine:
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
    layers: tuple[int, ...] | None
    combine: str
    max_length: int
    parameters: int
    is_default: bool = True
    words: Words | None = None
    heads: Mapping[str, HeadConfig] = field(default_factory=dict)


def explanation(scorer: str, engine: Engine) -> str | None:
    """What a scorer is: as the encoder's folder has it, else by the shape of a head, else as it is for every encoder.

    Example: a head without words -> "a trained head: Bi-LSTM over the token vectors of the packed pair"
    """
    said = engine.words.scorers.get(scorer) if engine.words else None
    head = engine.heads.get(scorer)
    if said is None and head is not None:
        return f"a trained head: {_KINDS[head.kind]} {_INPUTS[head.inputs]}"
    return said or EXPLANATIONS.get(scorer)


def losses(tokens: TokenBatch) -> list[str]:
    """What the encoder did not get of this pair, text beyond its length and unknown words, and what that leaves unsaid.

    Args:
        tokens: A in row 0, B in row 1.
    """
    (a,), (b,) = tokens.unread
    cut = [cut_part(tokens, row) for row in (0, 1)]
    found = [f"Not read: {_of_both(cut)}. What follows the cut changes no score."] if any(cut) else []
    found += [*unknown_sentences(a, b), withheld(a, b)]
    return [each[0].upper() + each[1:] for each in found if each]


def _of_both(counts: Sequence[str]) -> str:
    """Counts of A and of B as one phrase. Example: "2 tokens" and "" -> "2 tokens of A"."""
    return ", ".join(f"{count} of {letter}" for count, letter in zip(counts, "AB", strict=True) if count)


def _judgement(cosine: float, engine: Engine) -> tuple[str, str]:
    """What a cosine means where the encoder has words for it, and HTML that says on what they stand, or why not."""
    ranges = engine.words if engine.words and "cosine" in engine.words.ranges else None
    found = ranges.range_of("cosine", cosine) if ranges and engine.is_default else None
    if ranges and found:
        rated = f"{found.rating:.1f} out of {HIGHEST_RATING} on average"
        reference = f"People rated pairs with such a cosine {rated} ({ranges.data})."
        return found.words, f'<p class="bs-reference">{text(reference)}</p>'
    what = "settings" if ranges else "encoders"
    return f"Cosine {number(cosine)}", note(
        f"What counts as similar differs between {what}: compare with pairs that you know."
    )


def verdict(comparison: Comparison, engine: Engine) -> str:
    """The line of judgement with the cosine beside it, and cautions below; meant for an aria-live region."""
    cosine = comparison["cosine"].value
    words, below = f"Cosine {number(cosine)}", ""
    if not withheld(*comparison.unread):
        words, below = _judgement(cosine, engine)
    below += "".join(map(note, losses(comparison.tokens)))
    return (
        f'<div class="bs-verdict"><p class="bs-judgement">{text(words)}</p>'
        f'<p class="bs-figure"><span class="bs-big">{number(cosine)}</span> <span class="bs-unit">cosine</span></p>'
        f"</div>{below}"
    )


def _ends(score: PairScore) -> str:
    """The range a value can take, as text, "0 … ∞"."""
    low = "\u2212\u221e" if math.isinf(score.low) else f"{score.low:g}".replace("-", "\u2212")
    high = "\u221e" if math.isinf(score.high) else f"{score.high:g}"
    return f"{low} … {high}"


def _bar(score: PairScore) -> str:
    """The track with its filled part; zero is marked where it lies inside the range."""
    if score.unit == "distance":
        low, high, value = 0.0, 1.0, score.score
    elif math.isinf(score.low) or math.isinf(score.high):
        return '<span class="bs-track bs-endless" aria-hidden="true"></span>'
    else:
        low, high, value = score.low, score.high, score.value
    zero = (min(max(0.0, low), high) - low) / (high - low)
    end = (min(max(value, low), high) - low) / (high - low)
    left, width = min(zero, end) * 100, abs(end - zero) * 100
    mark = f'<i class="bs-zero" style="left:{zero * 100:.2f}%"></i>' if 0 < zero < 1 else ""
    return (
        f'<span class="bs-track" aria-hidden="true"><i class="bs-fill" style="left:{left:.2f}%;width:{width:.2f}%"></i>'
        f"{mark}</span>"
    )


def _reading(score: PairScore) -> str:
    """What a value is, between which ends, and what the other order gives."""
    words = f"{score.unit}, {_ends(score)}"
    if score.unit == "distance":
        words += f"; as a similarity 1/(1+d) = {number(score.score)}"
    if score.value_reversed is not None:
        words += f"; (B, A): {number(score.value_reversed)}"
    return words


def _chance(score: PairScore) -> str:
    """The calibrated probability as a share; a screen reader and a narrow page get it in words."""
    if score.probability is None:
        return '<span class="bs-chance"></span>'
    share = round(score.probability * 100)
    shown = "over 99" if share == 100 else "under 1" if share == 0 else str(share)  # nothing is certain
    words = '<span class="bs-words">called similar: </span>'
    return f'<span class="bs-chance">{words}{shown}\u202f%</span>'


def bars(comparison: Comparison, engine: Engine) -> str:
    """Every scorer with its value, its calibrated probability, its range and a bar (a distance's: its similarity)."""
    rows = "".join(
        f'<li class="bs-score"{attributes(data_scorer=score.scorer)}>'
        f'<span class="bs-name"{attributes(title=explanation(score.scorer, engine))}>{text(score.scorer)}</span>'
        f'{_bar(score)}<span class="bs-value">{number(score.value)}</span>{_chance(score)}'
        f'<span class="bs-range">{text(_reading(score))}</span></li>'
        for score in comparison.scores
    )
    is_calibrated = any(score.probability is not None for score in comparison.scores)
    chance = "called similar" if is_calibrated else ""
    shown = (
        '<div class="bs-score bs-columns" aria-hidden="true"><span></span><span></span><span class="bs-value">value'
        f'</span><span class="bs-chance">{chance}</span><span class="bs-range"></span></div>'
        f'<ul class="bs-bars" aria-label="Every measure of this pair">{rows}</ul>'
    )
    if is_calibrated:
        says = (
            "Called similar: the calibrated share of pairs with such a value that people would call similar."
        )
        shown += f'<p class="bs-called">{text(says)}</p>'
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


def provenance(comparison: Comparison, engine: Engine) -> str:
    """Time taken, engine, encoder and settings; the plain truth about the encoder, where its folder tells it."""
    layers = (
        "last layer"
        if engine.layers is None
        else f"layers {', '.join(map(str, engine.layers))} ({engine.combine})"
    )
    engines = {"litert": "LiteRT, int8 weights", "tensorflow": "TensorFlow, fp32"}
    facts = (
        f"{number(comparison.seconds * 1000, 1)} ms",
        engines.get(engine.engine, engine.engine),
        f"{engine.encoder} ({engine.parameters / 1e6:.1f} million parameters)",
        f"{engine.pooling} pooling, {layers}",
        f"up to {counted(engine.max_length, 'token')} a sentence",
    )
    line = " · ".join(f"<span>{text(fact)}</span>" for fact in facts)
    said = [engine.words.note, _known_errors(engine.words)] if engine.words else []
    return f'<p class="bs-facts">{line}</p>' + "".join(
        f'<p class="bs-honest">{text(each)}</p>' for each in said if each
    )
