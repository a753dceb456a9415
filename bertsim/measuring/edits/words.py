"""Words that the rules work with, in lower case: the lists of words.toml, and the forms of verbs."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

_LISTS = tomllib.loads((Path(__file__).parent / "words.toml").read_text(encoding="utf-8"))


def listed(rule: str, name: str) -> list[str]:
    """What a list of words.toml holds, in its order: phrases if there are bars between them, or else words."""
    text: str = _LISTS[rule][name]
    return [phrase.strip() for phrase in text.split("|")] if "|" in text else text.split()


def set_of(rule: str, name: str) -> frozenset[str]:
    """The same without its order."""
    return frozenset(listed(rule, name))


def sets_of(rule: str, names: str) -> Iterator[frozenset[str]]:
    """Several of these."""
    return (set_of(rule, name) for name in names.split())


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

NUMBERS, TENS = listed("words", "numbers"), listed("words", "tens")
BE, HAVE, MODALS, PRONOUNS, ARTICLES, DETERMINERS = sets_of("words", "be have modals pronouns articles determiners")
MEN, WOMEN, PERSONS, PLURALS, ADJECTIVES = sets_of("words", "men women persons plurals adjectives")
QUESTIONS, NEGATIVE, POLAR = sets_of("words", "questions negative polar")
NAMES = MEN | WOMEN
WHO = PRONOUNS | NAMES
