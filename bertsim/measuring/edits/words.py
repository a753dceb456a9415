"""Words that the rules work with, in lower case: the lists of words.toml, and the forms of verbs."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

_LISTS = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))


def listed(rule: str, name: str) -> list[str]:
    """What a list of words.toml holds, in its order: phrases if there are bars between them, or else words."""
    text: str = _LISTS[rule][name]
    return [phrase.strip() for phrase in text.split("|")] if "|" in text else text.split()


def set_of(rule: str, name: str) -> frozenset[str]:
    """The same without its order."""
    return frozenset(listed(rule, name))


def table(rule: str, name: str) -> list[list[str]]:
    """The words of each phrase of a list. Example: "hot cold | wet dry" -> [["hot", "cold"], ["wet", "dry"]]."""
    return [phrase.split() for phrase in listed(rule, name)]


def any_of(words: Iterable[str]) -> str:
    """A regular expression for each of some words. Example: {"on", "in"} -> "in|on"."""
    return "|".join(sorted(words))


_DOUBLED = set_of("verbs", "doubled")


def past(verb: str) -> str:
    """Past of a regular verb. Example: "stop" -> "stopped", "carry" -> "carried"."""
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ied"
    return verb + verb[-1] + "ed" if verb in _DOUBLED else verb + "ed"


def third(verb: str) -> str:
    """Third person of the present. Example: "watch" -> "watches", "carry" -> "carries"."""
    if verb == "have":
        return "has"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s")


def gerund(verb: str) -> str:
    """The form in -ing. Example: "ride" -> "riding", "tie" -> "tying", "hit" -> "hitting"."""
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith("ee"):
        return verb[:-1] + "ing"
    return verb + verb[-1] + "ing" if verb in _DOUBLED else verb + "ing"


# Base form -> past and participle.
VERBS: dict[str, tuple[str, str]] = {verb: (past(verb), past(verb)) for verb in listed("verbs", "regular")}
VERBS |= {verb: (simple, participle) for verb, simple, participle in table("verbs", "irregular")}
# Form -> base form.
PAST = {simple: verb for verb, (simple, _) in VERBS.items()}
PARTICIPLES = {participle: verb for verb, (_, participle) in VERBS.items()} | {"been": "be"}
THIRD = {third(verb): verb for verb in VERBS}
GERUNDS = {gerund(verb): verb for verb in VERBS}

BE, HAVE, MODALS = set_of("words", "be"), set_of("words", "have"), set_of("words", "modals")
PRONOUNS = set_of("words", "pronouns")
ARTICLES, DETERMINERS = set_of("words", "articles"), set_of("words", "determiners")
NUMBERS, TENS = listed("words", "numbers"), listed("words", "tens")
MEN, WOMEN = set_of("words", "men"), set_of("words", "women")
NAMES, PERSONS = MEN | WOMEN, set_of("words", "persons")
WHO = PRONOUNS | NAMES
PLURALS, ADJECTIVES = set_of("words", "plurals"), set_of("words", "adjectives")
QUESTIONS = set_of("words", "questions")
NEGATIVE, POLAR = set_of("words", "negative"), set_of("words", "polar")
