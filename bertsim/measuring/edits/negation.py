"""Negation: a statement and its denial, in either order, and other ways to say the denial.

Source: English auxiliaries take "not"; other verbs take "do", "does" or "did" and their base form.
"""

from __future__ import annotations

import re
from random import Random

from bertsim.measuring.edits import words
from bertsim.measuring.edits.sentences import (
    CONTRADICTION,
    ENTAILMENT,
    Candidates,
    Sentence,
    both_ways,
    inside,
)
from bertsim.measuring.edits.words import word_set

_CONTRACTED = {
    f"{word} not": f"{word}n't"
    for word in word_set("is are was were has have had could would should do does did")
} | {"cannot": "can't", "will not": "won't"}
_FULL = {short: full for full, short in _CONTRACTED.items()}
_FULL_FORM = re.compile(rf"\b({'|'.join(_CONTRACTED)})\b")
_SHORT_FORM = re.compile(rf"\b({'|'.join(_FULL)})\b")
_PRONOUN = re.compile(r"(I|you|he|she|it|we|they|that|there)'(m|re|s|ve|ll) ", re.IGNORECASE)
_EXPANDED = {"m": "am", "re": "are", "s": "is", "ve": "have", "ll": "will"}
_AUXILIARIES = words.BE | words.MODALS | words.HAVE | words.DO.keys() | _FULL.keys() | {"cannot"}
_PLURAL_PRONOUNS = word_set("i you we they")
_STOPS = word_set(
    "who that which whose if when because while as what how where than and or but to for with about of"
)
_OBJECTS = words.DETERMINERS | words.NAMES | frozenset(words.NUMBERS)
_FOLLOWING = _OBJECTS | word_set("me him them us it you to at in on for with about into from out off up down")
# Where a "not" that is taken out, or put in, changes more than whether it is so.
_IDIOMS = word_set("mind help care matter need necessarily really very afraid bother such")


def negation(sentence: Sentence, rng: Random) -> Candidates:
    """A statement and its denial: contradiction. Two ways to deny it, or to say it: entailment."""
    if sentence.is_question:
        return
    negated = negate(sentence)
    if negated is not None:
        yield from both_ways(sentence, rng.choice((negated, contracted(negated))), CONTRADICTION)
        yield from _said_to_be_true(sentence, negated, rng)
        return
    positive = affirm(sentence)
    if positive is not None:
        yield from both_ways(sentence, positive, CONTRADICTION)
        yield from _said_to_be_true(positive, sentence, rng)
    other = contracted(sentence)
    if other == sentence:
        other = _in_full(sentence)
    yield from both_ways(sentence, other, ENTAILMENT)
    yield from _nobody(sentence, rng)
    yield from _no_and_never(sentence)


def negate(sentence: Sentence) -> Sentence | None:
    """The denial of a plain positive statement; None where a word list cannot tell how it is denied.

    Example: "He likes green tea." -> "He does not like green tea."; "There is a cat here." -> "There is no cat here."
    """
    if sentence.negations or sentence.is_question or (words.POLAR | {"afraid"}) & set(sentence.words):
        return None
    full = _expanded(sentence)
    at = _finite(full)
    if at is None or at + 1 >= len(full.words):
        return None
    given, tokens = full.words, full.tokens
    word, after = given[at], given[at + 1]
    if given[0] == "there":
        if word not in words.BE or after not in words.ARTICLES:
            return None
        return full.with_tokens(tokens[: at + 1], ["no"], tokens[at + 2 :])
    if word == "can":
        return full.with_tokens(tokens[:at], ["cannot"], tokens[at + 1 :])
    if word in words.BE | words.MODALS or (word in words.HAVE and after in words.PARTICIPLES):
        return full.with_tokens(tokens[: at + 1], ["not"], tokens[at + 1 :])
    if word in _AUXILIARIES - words.HAVE or _goes_on(given, at):
        return None
    if word in words.HAVE and after not in _OBJECTS | {"to"}:
        return None
    verb, helper = _helped(word, given[0])
    return full.with_tokens(tokens[:at], [helper, "not", verb], tokens[at + 1 :])


def affirm(sentence: Sentence) -> Sentence | None:
    """A negative statement without its "not". Example: "He doesn't like green tea." -> "He likes green tea."."""
    if sentence.is_question or sentence.negations != 1 or (words.POLAR | _IDIOMS) & set(sentence.words):
        return None
    full = _expanded(_in_full(sentence))
    at = _finite(full)
    if at is None or at + 2 >= len(full.words):
        return None
    word, tokens = full.words[at], full.tokens
    if word == "cannot":
        return full.with_tokens(tokens[:at], ["can"], tokens[at + 1 :])
    if full.words[at + 1] != "not":
        return None
    if word not in words.DO:
        return full.with_tokens(tokens[: at + 1], tokens[at + 2 :])
    verb = full.words[at + 2]
    if verb not in words.VERBS:
        return None
    form = {"": verb, "third": words.third(verb), "past": words.VERBS[verb][0]}[words.DO[word]]
    return full.with_tokens(tokens[:at], [form], tokens[at + 3 :])


def contracted(sentence: Sentence) -> Sentence:
    """Every "is not" as "isn't"."""
    return sentence.with_body(_FULL_FORM.sub(lambda found: _CONTRACTED[found[0]], sentence.body))


def _in_full(sentence: Sentence) -> Sentence:
    """Every "isn't" as "is not"."""
    return sentence.with_body(_SHORT_FORM.sub(lambda found: _FULL[found[0]], sentence.body))


def _expanded(sentence: Sentence) -> Sentence:
    """A pronoun's contraction in full where it can only be one thing. Example: "He's tall." -> "He is tall."."""
    found = _PRONOUN.match(sentence.body)
    if found is None or (found[2].lower() == "s" and sentence.words[1] in words.PARTICIPLES):
        return sentence
    return sentence.with_body(f"{found[1]} {_EXPANDED[found[2].lower()]} {sentence.body[found.end() :]}")


def _finite(sentence: Sentence) -> int | None:
    """Where the verb of a plain statement stands; None where a word list cannot tell."""
    given = sentence.words
    first = given[0]
    if first in words.PRONOUNS | {"there"} or (first in {"this", "that"} and given[1] in words.BE):
        start = 1
    elif first in words.NAMES:
        start = 3 if given[1] == "and" and given[2] in words.NAMES else 1
    elif first in words.DETERMINERS or first in words.NUMBERS[2:13]:
        return _finite_behind_noun(sentence)
    else:
        return None
    return (
        start if len(given) > start and (given[start] in _AUXILIARIES or _is_verb(sentence, start)) else None
    )


def _finite_behind_noun(sentence: Sentence) -> int | None:
    given = sentence.words
    for at, word in enumerate(given[2:10], 2):
        if word in _AUXILIARIES:
            return at
        if (word in _STOPS and word != "of") or word.endswith(","):
            return None
        if (
            at < 5
            and "of" not in given[:at]
            and _is_verb(sentence, at)
            and not _AUXILIARIES & set(given[at + 1 :])
        ):
            return at
    return None


def _is_verb(sentence: Sentence, at: int) -> bool:
    """Whether a word can only be the verb: behind a noun a form in -ed needs an object, or it may be a participle."""
    word, plural = sentence.words[at], sentence.words[0] in _PLURAL_PRONOUNS
    after = sentence.words[at + 1] if at + 1 < len(sentence.words) else None
    if plural and word in words.VERBS:
        return True
    alone = sentence.words[0] in words.PRONOUNS | words.NAMES
    if word in words.THIRD and not plural:
        return alone or after is None or after in _FOLLOWING
    if word in words.PAST:
        return alone or word not in words.PARTICIPLES or after in words.DETERMINERS
    return False


def _goes_on(given: list[str], at: int) -> bool:
    """Whether a "not" would deny the first of two things only, or the verb is half of "used to"."""
    second = {given[i + 1] for i, word in enumerate(given[:-1]) if word == "and"}
    return bool(second & (words.PAST.keys() | words.THIRD.keys())) or given[at : at + 2] == ["used", "to"]


def _helped(word: str, subject: str) -> tuple[str, str]:
    """A verb's base form and the form of "do" that goes with it. Example: "likes" -> "like", "does"."""
    if subject in _PLURAL_PRONOUNS and word in words.VERBS and word not in words.PAST:
        return word, "do"
    if word in words.PAST and word not in words.THIRD:
        return words.PAST[word], "did"
    return words.THIRD.get(word, word), "does" if word in words.THIRD else "do"


def _said_to_be_true(positive: Sentence, negated: Sentence, rng: Random) -> Candidates:
    """A statement and its denial, and what is said to be true or false: most pairs hold two denials, or none."""
    if "must" in positive.words or positive.words[0] == "there":
        return
    true = rng.choice(("It is true that", "It is a fact that", "It is the case that"))
    false = rng.choice(("It is not true that", "It is false that", "It is not the case that"))
    said, denied = (positive.with_body(f"{how} {inside(positive.body)}") for how in (true, false))
    kind = rng.random()
    if kind < 0.25:
        yield from both_ways(positive, said, ENTAILMENT)
        yield from both_ways(positive, denied, CONTRADICTION)
    elif kind < 0.5:
        yield from both_ways(negated, denied, ENTAILMENT)
        yield from both_ways(negated, said, CONTRADICTION)
    else:
        yield from both_ways(negated, contracted(negated), ENTAILMENT)


_SUBJECTS = (
    (re.compile(r"^(?:nobody|no one)\b", re.IGNORECASE), ("Everybody", "Someone", "Somebody", "Everyone")),
    (re.compile(r"^(?:everybody|everyone|somebody|someone)\b", re.IGNORECASE), ("Nobody", "No one")),
    (re.compile(r"^nothing\b", re.IGNORECASE), ("Everything", "Something")),
    (re.compile(r"^(?:everything|something)\b", re.IGNORECASE), ("Nothing",)),
)
_NO_OBJECT = re.compile(
    r"\b(have|has|had) no (?!one|longer|more|idea|doubt|choice|\w+ (?:but|than))(\w+)", re.IGNORECASE
)
_NEVER = re.compile(r" never(?= )")
_HELPERS = {"have": "do", "has": "does", "had": "did"}


def _nobody(sentence: Sentence, rng: Random) -> Candidates:
    """Example: "Nobody likes him." and "Everybody likes him."."""
    rest = sentence.words[1:]
    if rest[0] in {"but", "except", "else", "who", "that", "in"} or words.POLAR & set(rest):
        return
    if sentence.negations > (sentence.words[0] in words.NEGATIVE):
        return
    for pattern, others in _SUBJECTS:
        if pattern.match(sentence.body):
            other = pattern.sub(rng.choice(others), sentence.body)
            yield from both_ways(sentence, sentence.with_body(other), CONTRADICTION)


def _no_and_never(sentence: Sentence) -> Candidates:
    """Example: "He has no money." is "He does not have any money.", and not "He has some money."."""
    if (
        words.POLAR & set(sentence.words)
        or sentence.words[0] not in words.PRONOUNS | words.NAMES | words.DETERMINERS
    ):
        return
    found = _NO_OBJECT.search(sentence.body)
    if found and sentence.words[1] == found[1].lower():
        head, tail = sentence.body[: found.start()], sentence.body[found.start(2) :]
        without = sentence.with_body(f"{head}{_HELPERS[found[1].lower()]} not have any {tail}")
        yield from both_ways(sentence, without, ENTAILMENT)
        yield from both_ways(sentence, sentence.with_body(f"{head}{found[1]} some {tail}"), CONTRADICTION)
    if sentence.negations == 1:
        yield from both_ways(sentence, sentence.with_body(_NEVER.sub("", sentence.body)), CONTRADICTION)
