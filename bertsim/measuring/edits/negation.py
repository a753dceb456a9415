"""Negation: a statement and its denial, in either order, and other ways to say the denial.

Source: English auxiliaries take "not"; other verbs take "do", "does" or "did" and their base form.
"""

from __future__ import annotations

import re
from random import Random

from bertsim.measuring.edits import words
from bertsim.measuring.edits.sentences import AGAINST, SAME, Candidates, Sentence, inside

_CONTRACTED = {f"{word} not": f"{word}n't" for word in words.listed("negation", "contracted")}
_CONTRACTED |= {"cannot": "can't", "will not": "won't"}
_FULL = {short: full for full, short in _CONTRACTED.items()}
_FULL_FORM = re.compile(rf"\b(?:{words.any_of(_CONTRACTED)})\b")
_SHORT_FORM = re.compile(rf"\b(?:{words.any_of(_FULL)})\b")
_PRONOUN = re.compile(r"(I|you|he|she|it|we|they|that|there)'(m|re|s|ve|ll) ", re.IGNORECASE)
_EXPANDED = {"m": "am", "re": "are", "s": "is", "ve": "have", "ll": "will"}
_AUXILIARIES = words.BE | words.MODALS | words.HAVE | _FULL.keys() | {"do", "does", "did", "cannot"}
_PLURAL_PRONOUNS = {"i", "you", "we", "they"}
_OBJECTS = words.DETERMINERS | words.NAMES | frozenset(words.NUMBERS)
_FOLLOWING = _OBJECTS | words.set_of("negation", "following")
_STOPS, _IDIOMS = words.sets_of("negation", "stops idioms")


def negation(sentence: Sentence, rng: Random) -> Candidates:
    """A statement and its denial: contradiction. Two ways to deny it, or to say it: entailment."""
    if sentence.is_question:
        return
    if negated := negate(sentence):
        yield sentence, rng.choice((negated, _contracted(negated))), AGAINST
        yield from _said_to_be_true(sentence, negated, rng)
        return
    if positive := affirm(sentence):
        yield sentence, positive, AGAINST
        yield from _said_to_be_true(positive, sentence, rng)
    other = _contracted(sentence)
    yield sentence, other if other != sentence else _in_full(sentence), SAME
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
    if at is None or not full.word(at + 1):
        return None
    word, after = full.words[at : at + 2]
    if full.words[0] == "there":
        return full.with_words("no", at + 1, at + 2) if word in words.BE and after in words.ARTICLES else None
    if word == "can":
        return full.with_words("cannot", at, at + 1)
    if word in words.BE | words.MODALS or (word in words.HAVE and after in words.PARTICIPLES):
        return full.with_words("not", at + 1, at + 1)
    if word in _AUXILIARIES - words.HAVE or (word in words.HAVE and after not in _OBJECTS | {"to"}):
        return None
    seconds = {full.word(i + 1) for i, each in enumerate(full.words) if each == "and"}
    if seconds & (words.PAST.keys() | words.THIRD.keys()) or (word, after) == ("used", "to"):
        return None  # "not" would deny the first of two things only, or the verb is half of "used to"
    if word in words.THIRD:
        return full.with_words(f"does not {words.THIRD[word]}", at, at + 1)
    if word in words.PAST:
        return full.with_words(f"did not {words.PAST[word]}", at, at + 1)
    return full.with_words(f"do not {word}", at, at + 1)


def affirm(sentence: Sentence) -> Sentence | None:
    """A negative statement without its "not". Example: "He doesn't like green tea." -> "He likes green tea."."""
    if sentence.is_question or sentence.negations != 1 or (words.POLAR | _IDIOMS) & set(sentence.words):
        return None
    full = _expanded(_in_full(sentence))
    at = _finite(full)
    if at is None or not full.word(at + 2):
        return None
    word, verb = full.word(at), full.word(at + 2)
    if word == "cannot":
        return full.with_words("can", at, at + 1)
    if full.words[at + 1] != "not":
        return None
    if word not in {"do", "does", "did"}:
        return full.with_words("", at + 1, at + 2)
    if verb not in words.VERBS:
        return None
    form = {"do": verb, "does": words.third(verb), "did": words.VERBS[verb][0]}[word]
    return full.with_words(form, at, at + 3)


def _contracted(sentence: Sentence) -> Sentence:
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
    return sentence.with_match(found, f"{found[1]} {_EXPANDED[found[2].lower()]} ")


def _finite(sentence: Sentence) -> int | None:
    """Where the verb of a plain statement stands; None where a word list cannot tell."""
    first, second = sentence.word(0), sentence.word(1)
    if first in words.PRONOUNS | {"there"} or (first in {"this", "that"} and second in words.BE):
        at = 1
    elif first in words.NAMES:
        at = 3 if second == "and" and sentence.word(2) in words.NAMES else 1
    elif first in words.DETERMINERS or first in words.NUMBERS[2:13]:
        return _finite_behind_noun(sentence)
    else:
        return None
    return at if sentence.word(at) in _AUXILIARIES or _is_verb(sentence, at) else None


def _finite_behind_noun(sentence: Sentence) -> int | None:
    given = sentence.words
    for at, word in enumerate(given[2:10], 2):
        if word in _AUXILIARIES:
            return at
        if word in _STOPS or word.endswith(","):
            return None
        is_first = at < 5 and "of" not in given[:at] and _AUXILIARIES.isdisjoint(given[at + 1 :])
        if is_first and _is_verb(sentence, at):
            return at
    return None


def _is_verb(sentence: Sentence, at: int) -> bool:
    """Whether a word can only be the verb: behind a noun a form in -ed needs an object, or it may be a participle."""
    first, word, after = sentence.words[0], sentence.word(at), sentence.word(at + 1)
    if first in _PLURAL_PRONOUNS and word in words.VERBS:
        return True
    alone = first in words.WHO
    if word in words.THIRD and first not in _PLURAL_PRONOUNS:
        return alone or not after or after in _FOLLOWING
    return word in words.PAST and (alone or word not in words.PARTICIPLES or after in words.DETERMINERS)


def _said_to_be_true(positive: Sentence, negated: Sentence, rng: Random) -> Candidates:
    """A statement and its denial, and what is said to be true or false: most pairs hold two denials, or none."""
    if "must" in positive.words or positive.words[0] == "there":
        return
    true = rng.choice(("It is true that", "It is a fact that", "It is the case that"))
    false = rng.choice(("It is not true that", "It is false that", "It is not the case that"))
    said, denied = (positive.with_body(f"{how} {inside(positive.body)}") for how in (true, false))
    kind = rng.random()
    if kind < 0.5:
        one, same, against = (positive, said, denied) if kind < 0.25 else (negated, denied, said)
        yield one, same, SAME
        yield one, against, AGAINST
    else:
        yield negated, _contracted(negated), SAME


_SUBJECTS = {
    r"(?i)(?:nobody|no one)\b": ("Everybody", "Someone", "Somebody", "Everyone"),
    r"(?i)(?:everybody|everyone|somebody|someone)\b": ("Nobody", "No one"),
    r"(?i)nothing\b": ("Everything", "Something"),
    r"(?i)(?:everything|something)\b": ("Nothing",),
}
_NO_OBJECT = re.compile(r"(?i)\b(have|has|had) no (?!one|longer|more|idea|doubt|choice|\w+ (?:but|than))(?=\w)")
_HELPERS = {"have": "do", "has": "does", "had": "did"}


def _nobody(sentence: Sentence, rng: Random) -> Candidates:
    """Example: "Nobody likes him." and "Everybody likes him."."""
    rest = sentence.words[1:]
    if rest[0] in {"but", "except", "else", "who", "that", "in"} or words.POLAR & set(rest):
        return
    if sentence.negations > (sentence.words[0] in words.NEGATIVE):
        return
    for pattern, others in _SUBJECTS.items():
        if match := re.match(pattern, sentence.body):
            yield sentence, sentence.with_match(match, rng.choice(others)), AGAINST


def _no_and_never(sentence: Sentence) -> Candidates:
    """Example: "He has no money." is "He does not have any money.", and not "He has some money."."""
    if words.POLAR & set(sentence.words) or sentence.words[0] not in words.WHO | words.DETERMINERS:
        return
    found = _NO_OBJECT.search(sentence.body)
    if found and sentence.words[1] == found[1].lower():
        yield sentence, sentence.with_match(found, f"{_HELPERS[sentence.words[1]]} not have any "), SAME
        yield sentence, sentence.with_match(found, f"{found[1]} some "), AGAINST
    if sentence.negations == 1:
        yield sentence, sentence.with_body(sentence.body.replace(" never ", " ")), AGAINST
