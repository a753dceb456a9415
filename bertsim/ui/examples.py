"""Pairs that run on one click, each there to show something."""

from __future__ import annotations

EXAMPLES: tuple[tuple[str, str, str], ...] = (
    ("A paraphrase", "A little girl is feeding ducklings by the lake.", "A small girl feeds some ducklings at a lake."),
    ("No word in common", "The doctor could not be reached.", "Nobody managed to get hold of my physician."),
    ("A negation", "The museum is open on Sunday.", "The museum is not open on Sunday."),
    ("An opposite", "The operation succeeded.", "The operation failed."),
    ("Who did it", "The dog chased the cat around the garden.", "The cat chased the dog around the garden."),
    ("3 or 300", "We sold 3 tickets for the concert.", "We sold 300 tickets for the concert."),
    ("One word, two senses", "She sat on the bank of the river.", "She opened an account at the bank."),
    ("An emoji", "See you tomorrow \U0001f44d", "See you tomorrow \U0001f44e"),
    ("Off topic", "Add two eggs and a cup of flour.", "The telescope discovered a distant galaxy."),
    (
        "Too long",
        "A short sentence about the sea.",
        "The sea was calm that morning, and the boats lay still in the harbour. " * 20 + "Then the wind came up.",
    ),
)
