"""Pairs that run on one click, each there to show something."""

from __future__ import annotations

EXAMPLES: tuple[tuple[str, str, str], ...] = (
    ("Who did it", "Alice paid Bob.", "Bob paid Alice."),
    ("Not and failed", "The engine did not start.", "The engine failed."),
    ("3 or 300", "We sold 3 tickets for the concert.", "We sold 300 tickets for the concert."),
    ("Bank and bank", "She sat on the bank of the river.", "She opened an account at the bank."),
    ("Alive and dead", "The patient is alive.", "The patient is dead."),
    ("No shared word", "Kids love sweets.", "Children adore candy."),
    (
        "Too long",
        "A short sentence about the sea.",
        "The sea was calm that morning, and the boats lay still in the harbour. " * 20 + "Then the wind came up.",
    ),
)
RANKED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "No shared word",
        "Why did the lawyer quit?",
        (
            "The lawyer did not quit.",
            "Why did the lawyer laugh?",
            "Our attorney resigned because of stress.",
            "A lawyer costs money.",
            "Why did the engine quit?",
            "I quit smoking last year.",
            "Two judges read each case.",
            "Lawyers wear black here.",
            "How do I become a lawyer?",
            "The nurse left her job to study law.",
            "Quit the program to save power.",
            "The soup is cold.",
        ),
    ),
)
"""A name, a sentence and lines to rank."""
