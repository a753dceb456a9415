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

_SUBJECTS = (
    "The train to the coast leaves at nine.",
    "My grandmother knits red socks.",
    "Interest rates rose again this spring.",
    "A violin needs a new string.",
    "Penguins huddle against the wind.",
    "He forgot the password of his account.",
    "The soup wants more salt.",
    "Voters will elect a new mayor.",
    "Two teams played without a goal.",
    "The roof leaks when it rains.",
    "She is learning to speak Portuguese.",
    "Old maps show a river here.",
    "The patient has slept for ten hours.",
    "Bees visit the lavender every morning.",
    "The court dismissed the appeal.",
    "Someone painted the fence green.",
    "Our satellite lost contact with Earth.",
    "Children are building a castle of sand.",
    "This engine burns too much oil.",
    "The novel ends with a wedding.",
    "Fresh snow closed the mountain pass.",
    "I sold my bicycle to a student.",
    "The bakery opens before sunrise.",
    "A spider waits under the leaf.",
    "Their boss cancelled the meeting.",
)
UNRELATED = tuple((a, _SUBJECTS[(i + step) % len(_SUBJECTS)]) for i, a in enumerate(_SUBJECTS) for step in (1, 7))
"""Fifty pairs of sentences that have nothing to do with each other."""
