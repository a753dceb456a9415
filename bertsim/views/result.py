"""The result of a comparison: a verdict in words and how sure it is, every scorer as a bar, and what computed it.

In: `Comparison`, the `Verdict` on it, and what the model says of itself. Out: HTML.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bertsim.heads.config import HeadConfig
from bertsim.measuring.edits.recognising import known_error
from bertsim.records import Comparison, PairScore
from bertsim.score.verdict import Verdict
from bertsim.score.words import KnownError, Words
from bertsim.text.unread import withheld_of
from bertsim.views.anatomy import cut_part
from bertsim.views.markup import MINUS, Html, counted, in_100, note, number, tag
from bertsim.views.unread import shared_sentences, unknown_sentences

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
LONGEST_EDIT = 64
"""Tokens of a sentence, up to which is looked for the one place that two differ in."""
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


def losses(comparison: Comparison) -> list[str]:
    """What the encoder did not get of a pair, text beyond its length and unknown words, and what that leaves unsaid."""
    cut = ", ".join(f"{part} of {'AB'[row]}" for row in (0, 1) if (part := cut_part(comparison.tokens, row)))
    found = [f"not read: {cut}. What follows the cut changes no score." if cut else ""]
    found += [*shared_sentences(comparison), *unknown_sentences(*comparison.unread), withheld_of(comparison)]
    return [each[0].upper() + each[1:] for each in found if each]


def headline(comparison: Comparison, judged: Verdict | None) -> str:
    """What two sentences are to each other in a few words; where nobody can say, their cosine, or why not."""
    if judged:
        return judged.headline
    if withheld_of(comparison):
        return "No verdict: too little of it was read"
    return f"Cosine {number(comparison['cosine'].value)}"


def verdict(
    comparison: Comparison, judged: Verdict | None, words: Words | None = None, turn: float | None = None
) -> Html:
    """What the two are to each other in words, beside it how sure that is, and what was not read below; a live region.

    Args:
        comparison: of the pair.
        judged: None where nobody can say.
        words: of the encoder that judged; what it is known to get wrong of such pairs.
        turn: when it was asked for, as the browser counts.
    """
    sure = list[str]()
    if judged:
        known = None if judged.is_one_text else _known(words, comparison)
        if judged.is_one_text:
            sure.append("The two differ in case, spaces or a final stop at most: that is read off, not judged.")
        if judged.right:
            sure.append(f"Of 100 verdicts of this kind, {in_100(judged.right.right)} are right.")
        if judged.similar is not None:
            sure.append(f"Of 100 pairs scored like this, people called {in_100(judged.similar)} similar.")
        if known:
            sure.append(f"Of 100 pairs like this ({known.words}), it misreads {in_100(1 - known.right)}.")
        if judged.disagrees:
            sure.append("Here the two ways of reading, apart and together, disagree.")
        if sure and not (_is_latin(comparison.sentence_a) and _is_latin(comparison.sentence_b)):
            sure.append("These figures are of English sentences.")
    elif not withheld_of(comparison):
        sure = ["What counts as similar differs between encoders: compare with pairs that you know."]
    told = tag("ul.bs-sure", *(tag("li", each) for each in sure)) if sure else ""
    line = tag("div.bs-verdict", tag("p.bs-judgement", headline(comparison, judged)), told, data_turn=turn)
    return line + Html().join(map(note, losses(comparison)))


def _known(words: Words | None, comparison: Comparison) -> KnownError | None:
    """What is known to go wrong of such a pair; of a long one, in which rules find too much, nothing."""
    is_short = comparison.tokens.input_ids.shape[1] <= LONGEST_EDIT
    return known_error(words, comparison.sentence_a, comparison.sentence_b) if is_short else None


def _is_latin(sentence: str) -> bool:
    """Whether at least half of its letters are Latin ones; where it has none too."""
    letters = "" if sentence.isascii() else [each for each in sentence if each.isalpha()]
    return 2 * sum("LATIN" in unicodedata.name(each, "") for each in letters) >= len(letters)


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


def _figure(kind: str, name: str, shown: str) -> Html:
    """A figure under its column's head; a screen reader and a narrow page get that head's name beside it."""
    return tag(f"span.bs-value{kind}", shown and tag("span.bs-words", f"{name}: "), shown)


def measures(comparison: Comparison, origin: Origin) -> Html:
    """Every scorer, those first that agree best with people, each with what it is, its value, and a bar; and the facts.

    A distance's bar is its similarity's.
    """
    agreed = origin.words.agreement if origin.words and origin.is_default else {}
    rows = []
    for score in sorted(comparison.scores, key=lambda score: -agreed.get(score.scorer, -1.0)):
        said = " · ".join(filter(None, (explanation(score.scorer, origin), _reading(score))))
        chance = "" if score.probability is None else f"{in_100(score.probability)}\u202f%"
        agrees = number(agreed[score.scorer], 2) if score.scorer in agreed else ""
        figures = (_figure("", "value", number(score.value)), _figure(".bs-chance", "called similar", chance))
        parts = (tag("span.bs-name", score.scorer), _bar(score), *figures, _figure("", "agrees with people", agrees))
        rows.append(tag("li.bs-score", *parts, tag("span.bs-range", said), data_scorer=score.scorer))
    is_calibrated = any(score.probability is not None for score in comparison.scores)
    has_head = any(score.unit in ("probability", "logit") for score in comparison.scores)
    names = "value", "called similar" * is_calibrated, "agrees with people" * bool(agreed)
    heads = (tag("span"), tag("span"), *(tag("span.bs-value", name) for name in names))
    shown = tag("div.bs-score.bs-columns", *heads, aria_hidden=True)
    shown += tag("ul.bs-bars", *rows, aria_label="Every measure of this pair")
    legend = "Called similar: the calibrated share of pairs with such a value that people would call similar. "
    legend = legend * is_calibrated
    if agreed and origin.words:
        legend += f"Agrees with people: Spearman's correlation with ratings ({origin.words.data}). "
    if not has_head:
        legend += "There is no trained head for this encoder; python -m bertsim train makes one."
    shown += tag("p.bs-called", legend)
    return tag("details.bs-all", tag("summary", "All measures"), shown, provenance(comparison, origin))


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
