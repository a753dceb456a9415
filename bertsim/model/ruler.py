"""Pairs of plain English written for this, scored by any encoder -> where a score stands among them.

What a cosine of .6 means is another thing for every encoder; above which share of unrelated pairs it stands, and of
paraphrases, is the same for all of them. `ruler.tsv` has 50 pairs of each kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from bertsim.data.pairs import open_pairs
from bertsim.records import Float

PAIRS = Path(__file__).with_suffix(".tsv")
KINDS = {
    "unrelated": "unrelated pairs",
    "related": "related pairs",
    "paraphrase": "paraphrases",
    "contradiction": "contradictions",
}
"""Kinds of pairs, and what many of one are called."""


@dataclass(frozen=True)
class Ruler:
    """Where one scorer of one encoder puts the pairs; by kind their scores, float32 [50], rising."""

    scorer: str
    strips: Mapping[str, Float]

    def share_below(self, kind: str, score: float) -> float:
        """Which share of the pairs of a kind scores below, in [0, 1]. Example: [.1, .2, .6, .9] and .6 -> .5."""
        strip = self.strips[kind]
        return float(np.searchsorted(strip, np.float32(score))) / len(strip)

    def place(self, score: float) -> str:
        """Where a score stands: by the most alike kind that it is above half of.

        Example: "above 96 % of unrelated pairs"; above each of them: "above all paraphrases"
        """
        shares = {kind: self.share_below(kind, score) for kind in ("paraphrase", "related", "unrelated")}
        kind = next((kind for kind, share in shares.items() if share >= 0.5), "unrelated")
        share = "all" if shares[kind] == 1 else f"{100 * shares[kind]:.0f} % of"
        return f"above {share} {KINDS[kind]}"


@cache
def ruler_pairs() -> Mapping[str, list[tuple[str, str]]]:
    """The pairs by kind."""
    found: dict[str, list[tuple[str, str]]] = {kind: [] for kind in KINDS}
    for row in open_pairs(PAIRS):
        found[str(row.values["kind"])].append((row.sentences[0], row.sentences[1]))
    return found
