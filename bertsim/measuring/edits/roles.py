"""Who did it to whom: names and noun phrases that change places, and sentences put into the passive."""

from __future__ import annotations

import re
from random import Random

from bertsim.measuring.edits import words
from bertsim.measuring.edits.negation import negate
from bertsim.measuring.edits.sentences import AGAINST, APART, LESS, SAME, Candidates, Sentence, inside

_FORMS = words.any_of((words.PAST.keys() | words.THIRD.keys() | words.GERUNDS.keys()) - {"did", "does", "had", "has"})
_NAME = r"([A-Z][a-z]+)"
_TWO_NAMES = re.compile(rf"(){_NAME} ([a-z' ]+?) {_NAME}((?: [a-z ]+)?)")
_AND_NAMES = re.compile(rf"(.*?)\b{_NAME} (and) {_NAME}\b(?!')(.*)")
_SYMMETRIC = re.compile(
    r"(?:and|met|married|divorced|resembles|resembled|meets|marries|dated|dates)|"
    r"(?:is|was|got|are) (?:married|engaged|related|similar|next|close|identical) to|"
    r"(?:is|was) (?:as \w+ as|beside|near)|"
    r"(?:danced|agreed|disagreed|argued|chatted|got along|broke up|talked|spoke) with"
)
_COMPARED = re.compile(
    r"(?:is|was|seems|looks|became) (?:much |a lot |a bit |slightly )?(?:\w+er|more \w+|less \w+) than"
)
_ORDERED = re.compile(
    r"(?:arrived|left|came|finished|died|got up|woke up|graduated|retired|got here|got there) (before|after)"
)
_DOES = re.compile(rf"\b(?:{_FORMS})\b")
_CLAUSE = re.compile(rf"\b(?:{words.any_of(words.listed('role', 'clauses'))})\b|n't")
_PERSON = rf"((?:the|an?|my|your|his|her|our|their) (?:[a-z]+ )?({words.any_of(words.PERSONS)}))"
_TWO_PERSONS = re.compile(
    rf"(?i){_PERSON} ((?:(?:is|was|are|were) )?(?:{_FORMS})(?: at| to| for)?) {_PERSON}"
    r"((?: (?:in|on|at|to|with|by|over|up|down|into|through|from|yesterday|a|an|the|some|his|her)\b[a-z ]*)?)"
)
# Pronouns that do something -> the same where something is done to them, and the other way round.
_OBJECTS = {"i": "me", "he": "him", "she": "her", "we": "us", "they": "them", "you": "you"}
_SUBJECTS = {thing: subject for subject, thing in _OBJECTS.items()} | {"me": "I"}
_TWO_PRONOUNS = re.compile(
    r"(?i)(?!\w+ (?:made|got) her$)(I|you|he|she|we|they) "
    rf"({words.any_of(words.PAST.keys() - {'did', 'had', 'let', 'put'})}"
    r"|(?:will|can|could|should|must|would) [a-z]+) (me|you|him|us|them|her)"
    r"((?: (?:(?:to|an?|in the|at the|on the) [a-z]+|yesterday|today|again|every day))?)"
)
_THING = r"((?:an?|the)(?: [a-z]+){1,3}?)"
_PLACE = re.compile(
    rf"(?i){_THING} (is |was |(?:is |was )?(?:sitting |standing |lying |laying )?)"
    rf"(on top of|on|under|above|below|behind|in front of|inside|next to|beside|near) {_THING}"
)
_FROM_TO = re.compile(r".* from ([A-Z][a-z]+) to ([A-Z][a-z]+)((?: [a-z ]+)?)")
_NO_THINGS = words.set_of("role", "no_things")
_NO_TOWNS = words.NAMES | words.set_of("role", "no_towns")


def role(sentence: Sentence, rng: Random) -> Candidates:
    """Two that change places: neutral, or a contradiction where both cannot be, or the same where it is mutual."""
    if sentence.is_question or sentence.negations:
        return
    if sentence.body[0].isupper():
        yield from _names(sentence, rng)
    if swapped := _swapped_persons(sentence) or _swapped_pronouns(sentence):
        yield sentence, swapped, APART
    way = _FROM_TO.fullmatch(sentence.body)
    if way and way[1] != way[2] and not {way[1].lower(), way[2].lower()} & _NO_TOWNS:
        turned = sentence.with_body(f"{sentence.body[: way.start(1)]}{way[2]} to {way[1]}{way[3]}")
        yield sentence, turned, AGAINST
    place = _PLACE.fullmatch(sentence.body)
    if place is not None and _is_thing(place[1]) and _is_thing(place[4]):
        first, verb, how, second = place.groups()
        if first.split()[-1].lower() != second.split()[-1].lower():
            turned = sentence.with_body(f"{second} {verb}{how} {inside(first)}")
            yield sentence, turned, SAME if how.split()[0] in {"next", "beside", "near"} else AGAINST


def _names(sentence: Sentence, rng: Random) -> Candidates:
    """Two persons who change places, under names drawn at random of the same sex."""
    for pattern in (_AND_NAMES, _TWO_NAMES):
        match = pattern.fullmatch(sentence.body)
        if match and match[2] != match[4] and {match[2].lower(), match[4].lower()} <= words.NAMES:
            break
    else:
        return
    head, first, between, second, tail = match.groups()
    if between == "and" and (_AND_NAMES.match(tail) or "respectively" in sentence.words or head.endswith(", ")):
        return
    of_first, of_second = (words.MEN if name.lower() in words.MEN else words.WOMEN for name in (first, second))
    a = rng.choice(sorted(of_first)).title()
    b = rng.choice(sorted(of_second - {a.lower()})).title()
    said, swapped = (sentence.with_body(f"{head}{x} {between} {y}{tail}") for x, y in ((a, b), (b, a)))
    if order := _ORDERED.fullmatch(between):
        other = between.replace(order[1], {"before": "after", "after": "before"}[order[1]])
        yield said, swapped, AGAINST
        yield said, sentence.with_body(f"{b} {other} {a}{tail}"), SAME
    elif _COMPARED.fullmatch(between) and not tail:
        yield said, swapped, AGAINST
    elif _SYMMETRIC.fullmatch(between):
        yield said, swapped, SAME
    elif _DOES.search(between) and not _CLAUSE.search(between + tail):
        yield said, swapped, APART


def _swapped_persons(sentence: Sentence) -> Sentence | None:
    """Example: "The dog bit the man." -> "The man bit the dog."."""
    match = _TWO_PERSONS.fullmatch(sentence.body)
    if match is None:
        return None
    first, noun, verb, second, other, tail = match.groups()
    plural, other_plural = (word.endswith("s") or word in words.PLURALS for word in (noun, other))
    if noun.lower() == other.lower() or plural != other_plural:
        return None
    if _CLAUSE.search(f"{verb} {tail}".lower()) or {"riding", "rides", "rode"} & set(verb.split()):
        return None
    return sentence.with_body(f"{second} {verb} {inside(first)}{tail}")


def _swapped_pronouns(sentence: Sentence) -> Sentence | None:
    """Example: "He helped me." -> "I helped him."."""
    match = _TWO_PRONOUNS.fullmatch(sentence.body)
    if match is None:
        return None
    subject, verb, thing, tail = match.groups()
    if _CLAUSE.search(verb) or _OBJECTS[subject.lower()] == thing.lower():
        return None
    if verb.split()[-1] not in words.VERBS.keys() | words.PAST.keys():
        return None
    return sentence.with_body(f"{_SUBJECTS[thing.lower()]} {verb} {_OBJECTS[subject.lower()]}{tail}")


def _is_thing(phrase: str) -> bool:
    """Whether the words are a noun with its adjectives only."""
    return not any(
        word in _NO_THINGS or word.endswith(("ing", "ed")) or word in words.PAST or word in words.THIRD
        for word in phrase.lower().split()[1:]
    )


# --- Active and passive ---

_PHRASE = r"(?:(?:the|an?|my|your|his|her|our|their|this|that|these|those) (?:[a-z]+ )?[a-z]+|[A-Z][a-z]+)"
_TRANSITIVE = words.set_of("verbs", "transitive")
_FINITE = {form: verb for verb in _TRANSITIVE for form in (words.third(verb), words.VERBS[verb][0])}
_GERUNDS = {words.gerund(verb): verb for verb in _TRANSITIVE}
_ACTIVE = re.compile(
    rf"({_PHRASE}|I|[Yy]ou|[Hh]e|[Ss]he|[Ww]e|[Tt]hey) "
    rf"(?:(is|are|was|were|am|will|can|must|should|could) )?"
    rf"({words.any_of({*_FINITE, *_GERUNDS, *_TRANSITIVE})})"
    rf" ({_PHRASE}|me|him|us|them|you)"
    r"((?: (?:(?:in|on|at|with|during|after|before) [a-z ]+|yesterday|today|last night|last week|this morning))?)"
)
_PLURAL = re.compile(r".* \w*[^sui ]s")
_ADJECTIVE_END = re.compile(r".{2,}(?:al|ous|ful|ic|ive|ent|ant|ible|able|an|ese|ish|less|ary|ed|y)")
_NOT_LAST = words.GERUNDS.keys() | words.set_of("voice", "not_last")
_NOT_INSIDE, _NO_PLURALS = words.sets_of("voice", "not_inside no_plurals")
_ONE_WORD = words.NAMES | _OBJECTS.keys() | _SUBJECTS.keys()


def voice(sentence: Sentence, rng: Random) -> Candidates:
    """The passive: entailment; without who did it: one way; of the denial: contradiction; of turned roles: neutral."""
    if sentence.is_question or sentence.negations:
        return
    match = _ACTIVE.fullmatch(inside(sentence.body))
    if match is None:
        return
    subject, helper, form, patient, tail = match.groups()
    if helper in words.MODALS:
        verb = form if form in _TRANSITIVE else None
    else:
        verb = _GERUNDS.get(form) if helper else _FINITE.get(form)
    rest = set(tail.split())
    if verb is None or {"who", "which", "that", "and"} & rest or not (_is_phrase(subject) and _is_phrase(patient)):
        return
    simple, participle = words.VERBS[verb]

    def passive(done_to: str, by: str = "", no: str = "") -> Sentence:
        done_to = _SUBJECTS.get(done_to.lower(), done_to)
        if helper in words.MODALS:
            be = f"{helper}{no} be".replace("can not", "cannot")
        else:
            is_past = helper in {"was", "were"} or (not helper and form == simple)
            be = f"{_be(done_to, is_past)}{no}{' being' if helper else ''}"
        agent = f" by {_OBJECTS.get(by.lower(), by)}" if by else ""
        return sentence.with_body(f"{done_to} {be} {participle}{agent}{tail}")

    done = passive(patient, subject)
    yield sentence, done, SAME
    if not {"his", "her", "its", "their", "my", "our", "your"} & rest:
        yield rng.choice((sentence, done)), passive(patient), LESS
    if (denied := negate(sentence)) and rng.random() < 0.5:
        yield done, denied, AGAINST
    else:
        yield sentence, passive(patient, subject, " not"), AGAINST
    if {subject.split()[-1].lower(), patient.split()[-1].lower()} <= words.PERSONS | _ONE_WORD:
        yield sentence, passive(subject, patient), APART


def _be(subject: str, is_past: bool) -> str:
    """The form of "be" that goes with a subject."""
    last = subject.split()[-1].lower()
    is_plural = last in words.PLURALS | {"we", "they", "you"} or (
        last not in _NO_PLURALS and _PLURAL.fullmatch(subject.lower()) is not None
    )
    if is_past:
        return "were" if is_plural else "was"
    return "am" if subject == "I" else "are" if is_plural else "is"


def _is_phrase(phrase: str) -> bool:
    """Whether the words are one noun phrase: a name, a pronoun, or a noun with an adjective at most."""
    first, *given = phrase.lower().split()
    if not given:
        return first in _ONE_WORD
    if _NOT_INSIDE & set(given) or given[-1] in _NOT_LAST or given[-1].endswith(("ly", "ing")):
        return False
    return len(given) == 1 or given[0] in words.ADJECTIVES or _ADJECTIVE_END.fullmatch(given[0]) is not None
