"""The reference that a neural scorer has to beat: the cosine of TF-IDF vectors of words. scikit-learn.

It knows no meaning and no other text: document frequencies are those of the very sentences that are compared.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from bertsim.records import Float

SCORER = "tfidf"
_WORD = r"(?u)\b\w\w+\b"  # scikit-learn's own


def score_tfidf(pairs: Sequence[tuple[str, str]]) -> Float:
    """Cosine of TF-IDF vectors, float32 [n] in [0, 1]; 0 where two sentences share no word.

    Example: [("red dog", "red dog"), ("red dog", "blue cat")] -> [1., 0.]
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    sentences = [sentence for pair in pairs for sentence in pair]
    if not any(re.search(_WORD, sentence) for sentence in sentences):
        return np.zeros(len(pairs), np.float32)
    vectorizer = TfidfVectorizer(token_pattern=_WORD).fit(sentences)
    a, b = (vectorizer.transform([pair[side] for pair in pairs]) for side in (0, 1))
    return np.asarray(a.multiply(b).sum(axis=1), np.float32).ravel()
