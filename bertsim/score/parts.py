"""Scores of the parts of two texts with one another -> the score of the two texts. numpy only.

Every part counts by its best match in the other text: these are averaged over each text, by the parts' tokens, and the
two averages averaged. So the score is in the scorer's own scale, and that of two parts is theirs. Where a scorer says
that B follows from A, the parts of B alone count: A may say more.

Source: Mihalcea, Corley and Strapparava, "Corpus-based and Knowledge-based Measures of Text Semantic Similarity"
(2006), of words; Laban et al., "SummaC" (2022), of sentences that follow.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bertsim.records import Float, Part


def join_parts(scores: Float, a: Sequence[Part], b: Sequence[Part], *, is_directed: bool = False) -> float:
    """Join the scores, float32 [a, b], of the parts of two texts; `is_directed`: they say that B follows from A.

    Example: [[.9, .1], [.2, .4]], tokens (3, 1) and (2, 2) -> ((3 × .9 + .4) / 4 + (.9 + .4) / 2) / 2 = .7125
    """
    averages = []
    for axis, parts in enumerate((b,) if is_directed else (b, a)):
        tokens = [part.tokens for part in parts]
        averages.append(np.average(scores.max(axis=axis), weights=tokens if any(tokens) else None))
    return float(np.float32(np.mean(averages)))
