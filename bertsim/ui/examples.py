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

_LISTED: tuple[tuple[str, str], ...] = (
    (
        "Opposites that look alike",
        "It will rain tomorrow.|The cat is sleeping on the sofa.|How can I reset my password?"
        "|Oil prices are going up.|Rain is expected tomorrow.|On the couch a cat is taking a nap."
        "|I forgot my password. How can I change it?|The price of oil is rising.|It will not rain tomorrow."
        "|A cat lies asleep on the couch.|How do I get a new password?|Oil is getting more expensive.",
    ),
    (
        "Support questions",
        "How do I reset my password?|The app crashes when I open it.|How can I change my e-mail address?"
        "|How do I cancel my subscription?|How do I get my money back?|Please delete my account."
        "|My parcel has not arrived.|I forgot my password. How can I change it?"
        "|The app closes at once when I start it.|Where do I enter a new e-mail address?"
        "|I want to end my subscription.|Can I get a refund?|How can I delete my account?|Where is my parcel?",
    ),
    (
        "One word apart",
        "The dog chased the cat.|The cat chased the dog.|The cat was chased by the dog."
        "|We sold 3 tickets for the concert.|We sold 300 tickets for the concert."
        "|Three tickets for the concert were sold.|The door is open.|The door is closed.|The door is not closed.",
    ),
)
LISTS = tuple((name, tuple(lines.split("|"))) for name, lines in _LISTED)
"""The first is twelve sentences in four groups; to vectors two opposites of it are as near as any two."""
RANKED: tuple[tuple[str, str, str], ...] = (
    (
        "No shared word",
        "Why did the lawyer quit?",
        "The lawyer did not quit.|Why did the lawyer laugh?|Our attorney resigned because of stress."
        "|A lawyer costs money.|Why did the engine quit?|I quit smoking last year.|Two judges read each case."
        "|Lawyers wear black here.|How do I become a lawyer?|The nurse left her job to study law."
        "|Quit the program to save power.|The soup is cold.",
    ),
    (
        "Search an FAQ",
        "I forgot my password and cannot log in.",
        "How do I change my e-mail address?|How do I reset my login details?|Why was my card declined?"
        "|How can I delete my account?|Where is my order?|Can I return a gift?|My password was stolen: what now?"
        "|How do I make a strong password?|Do you ship abroad?|How do I get an invoice?"
        "|I cannot log in on two devices at once.|What are your opening hours?|How do I recover access to my account?",
    ),
    (
        "Asked before?",
        "How do I get rid of mice in the kitchen?",
        "How do I clean a computer mouse?|How do I get new tiles in the kitchen?|How can I remove rodents from my home?"
        "|What keeps mosquitoes away?|Do mice carry diseases?|How do I get to the kitchen?|What do mice eat?"
        "|How do I get rid of old furniture?|How do I paint a kitchen?|Why do cats hunt?|When does the bus leave?",
    ),
    (
        "Open, closed, shut",
        "The shop is closed today.",
        "The shop is open today.|The shop is not closed today.|The shop closed last year.|The store is shut today."
        "|The window of the shop is closed.|The store is not open today.|The shop was busy yesterday."
        "|The shop opens at nine.|The road is closed today.|We went to the shop today.|The soup is cold.",
    ),
    (
        "Who bit whom",
        "The dog bit the man.",
        "The man bit the dog.|The dog did not bite the man.|The dog bit a bone.|A dog attacked a man."
        "|The man was bitten by the dog.|An animal hurt a person.|The man walked the dog.|The man fed the dog."
        "|The cat scratched the man.|The man ran from the dog.|The soup is cold.",
    ),
)
"""A name, a sentence and the lines that it is ranked against, with "|" between them."""
