"""Pairs, and lists for the mode Matrix, that run on one click, each there to show something."""

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

LISTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Opposites that look alike",
        (
            "It will rain tomorrow.",
            "The cat is sleeping on the sofa.",
            "How can I reset my password?",
            "Oil prices are going up.",
            "Rain is expected tomorrow.",
            "On the couch a cat is taking a nap.",
            "I forgot my password. How can I change it?",
            "The price of oil is rising.",
            "It will not rain tomorrow.",
            "A cat lies asleep on the couch.",
            "How do I get a new password?",
            "Oil is getting more expensive.",
        ),
    ),
    (
        "Support questions",
        (
            "How do I reset my password?",
            "The app crashes when I open it.",
            "How can I change my e-mail address?",
            "How do I cancel my subscription?",
            "How do I get my money back?",
            "Please delete my account.",
            "My parcel has not arrived.",
            "I forgot my password. How can I change it?",
            "The app closes at once when I start it.",
            "Where do I enter a new e-mail address?",
            "I want to end my subscription.",
            "Can I get a refund?",
            "How can I delete my account?",
            "Where is my parcel?",
        ),
    ),
    (
        "One word apart",
        (
            "The dog chased the cat.",
            "The cat chased the dog.",
            "The cat was chased by the dog.",
            "We sold 3 tickets for the concert.",
            "We sold 300 tickets for the concert.",
            "Three tickets for the concert were sold.",
            "The door is open.",
            "The door is closed.",
            "The door is not closed.",
        ),
    ),
)
"""The first is twelve sentences in four groups; to vectors two opposites of it are as near as any two."""
