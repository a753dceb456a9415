"""The result of a comparison: one line of judgement, every scorer as a bar, and what computed it.

In: `Comparison` and what the pipeline says of itself. Out: HTML. The words stand for ranges of the cosine of the
bundled encoder; for any other encoder the number is given without a judgement that would not carry over.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bertsim.loading import BUNDLED_NAME
from bertsim.records import Comparison, PairScore, TokenBatch
from bertsim.unread import unknown_sentences, withheld
from bertsim.views.anatomy import cut_part
from bertsim.views.markup import attributes, counted, note, number, text


@dataclass(frozen=True)
class Judgement:
    """What a range of the bundled encoder's cosine means.

    Attributes:
        low: lower end of the range.
        words: the judgement.
        rating: how alike people found such pairs on average, 0 to 5.
    """

    low: float
    words: str
    rating: float


# Source: STS-B dev, 1,500 pairs with people's ratings; these figures are what
# `python -m bertsim evaluate --data dev.tsv.gz --ranges -1 0.2 0.4 0.6 0.8 0.95` prints for the bundled encoder.
JUDGEMENTS = (
    Judgement(0.95, "Practically the same", 4.8),
    Judgement(0.80, "Very similar", 4.2),
    Judgement(0.60, "Similar", 3.4),
    Judgement(0.40, "Related", 2.7),
    Judgement(0.20, "Little in common", 1.8),
    Judgement(-1.0, "Hardly anything in common", 0.7),
)

_NEGATIONS = frozenset(("not", "no", "never", "nobody", "nothing", "neither", "nor", "cannot", "without"))
_APOSTROPHES = ("'", "\u2019", "[UNK]")  # the curly one may be unknown

EXPLANATIONS = {
    "cosine": "the angle between the two sentence vectors",
    "dot": "their product; grows with the vectors' lengths",
    "euclidean": "straight-line distance",
    "manhattan": "distance along the axes",
    "alignment": "each token's best match in the other sentence, averaged; longer vectors count more",
    "bilstm": "a trained head: Bi-LSTM over the token vectors",
    "pooled": "a trained head: dense over [CLS]",
    "mean": "a trained head: dense over the mean of the token vectors",
    "order": "a trained head: Bi-LSTM that learned to notice who does what to whom",
    "combined": "cosine, alignment and the trained heads, weighted",
}


@dataclass(frozen=True)
class Engine:
    """What computed a result, in the words of the page.

    Attributes:
        encoder: name of the encoder.
        engine: "litert" or "tensorflow".
        pooling, layers, combine: as used, layers None = last.
        max_length: tokens that the encoder takes.
        parameters: how many numbers the encoder has.
        is_default: whether pooling and layers are the encoder's own, for which the judgements hold.
    """

    encoder: str
    engine: str
    pooling: str
    layers: tuple[int, ...] | None
    combine: str
    max_length: int
    parameters: int
    is_default: bool = True

    @property
    def is_bundled(self) -> bool:
        """Whether this is the small encoder that comes with the project."""
        return self.encoder == BUNDLED_NAME


def judgement(cosine: float) -> Judgement:
    """The range that a cosine of the bundled encoder falls in. Example: 0.9 -> "Very similar", rated 4.2."""
    return next((each for each in JUDGEMENTS if cosine >= each.low), JUDGEMENTS[-1])


def cautions(tokens: TokenBatch) -> list[str]:
    """What a small encoder is known to miss in this very pair: word order, negation.

    Args:
        tokens: A in row 0, B in row 1.
    """
    words = []
    for row, is_own in zip(tokens.tokens, tokens.is_own, strict=True):
        words.append([token for token, own in zip(row, is_own, strict=True) if own])
    found = []
    if words[0] != words[1] and sorted(words[0]) == sorted(words[1]):
        found.append(
            "The same words in another order: this small encoder does not see that; its head order does, in part."
        )
    if _is_negated(words[0]) != _is_negated(words[1]):
        found.append("One of the two is negated: this small encoder hardly sees negation.")
    return found


def _is_negated(words: Sequence[str]) -> bool:
    """Whether a sentence's tokens deny something. Example: is n ' t -> True; a t - shirt -> False."""
    is_contracted = any(a in _APOSTROPHES and b == "t" for a, b in pairwise(words))
    return is_contracted or not _NEGATIONS.isdisjoint(words)


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


def verdict(comparison: Comparison, engine: Engine) -> str:
    """The line of judgement with the cosine beside it, and cautions below; meant for an aria-live region."""
    cosine = comparison["cosine"].value
    if withheld(*comparison.unread):
        words, warnings = f"Cosine {number(cosine)}", ""
    elif engine.is_bundled and engine.is_default:
        found = judgement(cosine)
        words = found.words
        reference = f"People rated pairs with such a cosine {found.rating:g} out of 5 on average (STS Benchmark, dev)."
        warnings = f'<p class="bs-reference">{text(reference)}</p>' + "".join(
            map(note, cautions(comparison.tokens))
        )
    else:
        words = f"Cosine {number(cosine)}"
        what = "settings" if engine.is_bundled else "encoders"
        warnings = note(f"What counts as similar differs between {what}: compare with pairs that you know.")
    warnings += "".join(map(note, losses(comparison.tokens)))
    return (
        f'<div class="bs-verdict"><p class="bs-judgement">{text(words)}</p>'
        f'<p class="bs-figure"><span class="bs-big">{number(cosine)}</span> <span class="bs-unit">cosine</span></p>'
        f"</div>{warnings}"
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


def bars(comparison: Comparison) -> str:
    """Every scorer with its value, its calibrated probability, its range and a bar (a distance's: its similarity)."""
    rows = "".join(
        f'<li class="bs-score"{attributes(data_scorer=score.scorer)}>'
        f'<span class="bs-name"{attributes(title=EXPLANATIONS.get(score.scorer))}>{text(score.scorer)}</span>'
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


def provenance(comparison: Comparison, engine: Engine) -> str:
    """Time taken, engine, encoder and settings; the plain truth about the bundled encoder."""
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
    small = (
        "The bundled encoder is small and was trained from scratch for this project: it knows words and their "
        "neighbours well, word order and negation hardly. Stronger ones of the Hub are one click away, under "
        "Encoder and settings."
    )
    line = " · ".join(f"<span>{text(fact)}</span>" for fact in facts)
    return f'<p class="bs-facts">{line}</p>' + (
        f'<p class="bs-honest">{text(small)}</p>' if engine.is_bundled else ""
    )
