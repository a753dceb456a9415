"""Pairs that run on one click, each there to show something."""

from __future__ import annotations

EXAMPLES: tuple[tuple[str, str, str], ...] = (
    (
        "A paraphrase",
        "A little girl is feeding ducklings by the lake.",
        "A small girl feeds some ducklings at a lake.",
    ),
    ("A negation", "The museum is open on Sunday.", "The museum is not open on Sunday."),
    (
        "Swapped roles",
        "The dog chased the cat around the garden.",
        "The cat chased the dog around the garden.",
    ),
    ("One word, two senses", "She sat on the bank of the river.", "She opened an account at the bank."),
    ("Off topic", "Add two eggs and a cup of flour.", "The telescope discovered a distant galaxy."),
    (
        "Too long",
        "A short sentence about the sea.",
        "The sea was calm that morning, and the boats lay still in the harbour. " * 12
        + "Then the wind came up.",
    ),
)
