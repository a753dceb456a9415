"""Small files to train and measure on: rated pairs, inference pairs, and plain English that every rule can edit."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.checkpoints import WORDS

_SENTENCES = (
    "The {a} is not on the {b}.",
    "The {a} of the {b} was very good.",
    "The {a} of the {b} was very rich.",
    "The {a} of the {b} was very hot.",
    "The {a} of the {b} was very old.",
    "The {a} of the {b} was very happy.",
    "Three {a}s are in the {b}.",
    "All {a}s like the {b}.",
    "The {a} chased the {b}.",
    "A {a} in a red coat walks to the {b}.",
    "The {a} opened the {b}.",
    "The {a} is not going to help the {b}.",
)
_NOUNS = (
    *("boy", "girl", "cat", "dog", "child", "king", "queen"),
    *("horse", "bird", "nurse", "driver", "teacher", "doctor", "farmer"),
)


def write_pairs(path: Path, rows: int, seed: int = 0) -> Path:
    """Graded pairs of known words; the label is 5 × the share of words that both have."""
    random = np.random.default_rng(seed)
    lines = ["sentence1\tsentence2\tscore"]
    for _ in range(rows):
        a = random.choice(WORDS, 4, replace=False)
        b = a.copy()
        changed = random.integers(0, 5)
        b[:changed] = random.choice(WORDS, changed, replace=False)
        lines.append(f"{' '.join(a)}\t{' '.join(b)}\t{5 * np.isin(a, b).mean():.2f}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_text(path: Path) -> Path:
    """Plain sentences, some 2,200; those that are held out suffice for every probe."""
    found = [s.format(a=a, b=b) for s in _SENTENCES for a in _NOUNS for b in _NOUNS if a != b]
    path.write_text("\n".join(found) + "\n", encoding="utf-8")
    return path


def write_inference(path: Path) -> Path:
    """Premises with something that follows, something that may be, and something that cannot be."""
    lines = ["premise\thypothesis\tlabel"]
    for a in _NOUNS:
        for b in _NOUNS:
            lines.append(f"The {a} sat on the {b}.\tThe {a} sat.\tentailment")
            lines.append(f"The {a} sat on the {b}.\tThe {a} sat on the old {b}.\tneutral")
            lines.append(f"The {a} sat on the {b}.\tThe {a} is not on the {b}.\tcontradiction")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_paraphrases(path: Path) -> Path:
    """Pairs that mean the same."""
    pairs = [f"The {a} sat with the {b}.\tThe {b} sat with the {a}." for a in _NOUNS for b in _NOUNS]
    path.write_text("a\tb\n" + "\n".join(pairs) + "\n", encoding="utf-8")
    return path
