"""Who did it to whom: names and noun phrases that change places, and sentences put into the passive."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from bertsim.measuring.edits import words
from bertsim.measuring.edits.negation import negate
from bertsim.measuring.edits.sentences import (
    CONTRADICTION,
    ENTAILMENT,
    NEUTRAL,
    Candidates,
    Sentence,
    both_ways,
    inside,
    one_way,
)
from bertsim.measuring.edits.words import word_set

_FORMS = "|".join(
    sorted((words.PAST.keys() | words.THIRD.keys() | words.GERUNDS.keys()) - {"did", "does", "had", "has"})
)
_NAME = r"([A-Z][a-z]+)"
_TWO_NAMES = re.compile(rf"^{_NAME} ([a-z' ]+?) {_NAME}((?: [a-z ]+)?)$")
_AND_NAMES = re.compile(rf"^(.*?)\b{_NAME} and {_NAME}\b(?!')(.*)$")
_SYMMETRIC = re.compile(
    r"(?:met|married|divorced|resembles|resembled|meets|marries|dated|dates)|"
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
_CLAUSE = re.compile(
    r"\b(?:if|and|or|but|who|when|because|while|like|thinks?|thought|knows?|knew|believes?|says|said|"
    r"hopes?|hoped|wished|"
    r"is|was|are|not|never|heard|saw|sees|without|with|than|whether|as|how|what|where|himself|herself|met|married|"
    r"after|before|near|from|wants?|wanted|became|becomes|remained)\b|n't"
)
_ARTICLE = r"(?:the|an?|my|your|his|her|our|their)"
_PERSON = rf"({_ARTICLE} (?:[a-z]+ )?({'|'.join(sorted(words.PERSONS))}))"
_TWO_PERSONS = re.compile(
    rf"^{_PERSON} ((?:(?:is|was|are|were) )?(?:{_FORMS})(?: at| to| for)?) {_PERSON}"
    r"((?: (?:in|on|at|to|with|by|over|up|down|into|through|from|yesterday|a|an|the|some|his|her)\b[a-z ]*)?)$",
    re.IGNORECASE,
)
_PRONOUNS = {"i": "me", "he": "him", "she": "her", "we": "us", "they": "them", "you": "you"}
_SUBJECTS = {other: subject for subject, other in _PRONOUNS.items()}
_TWO_PRONOUNS = re.compile(
    rf"^(I|you|he|she|we|they) ({'|'.join(sorted(words.PAST.keys() - {'did', 'had', 'let', 'put'}))}"
    r"|(?:will|can|could|should|must|would) [a-z]+) (me|you|him|us|them|her)"
    r"((?: (?:(?:to|an?|in the|at the|on the) [a-z]+|yesterday|today|again|every day))?)$",
    re.IGNORECASE,
)
_THING = r"((?:an?|the)(?: [a-z]+){1,3}?)"
_PLACE = re.compile(
    rf"^{_THING} (is |was |(?:is |was )?(?:sitting |standing |lying |laying )?)"
    rf"(on top of|on|under|above|below|behind|in front of|inside|next to|beside|near) {_THING}$",
    re.IGNORECASE,
)
_BESIDE = word_set("next beside near")
_NOT_THINGS = word_set(
    "and or of in on with is are was to at by from for that who which than mounted placed seated"
)
_FROM_TO = re.compile(r"^(.* from )([A-Z][a-z]+) to ([A-Z][a-z]+)((?: [a-z ]+)?)$")
_MONTHS = word_set(
    """
    january february march april may june july august september october november december monday tuesday
    wednesday thursday friday saturday sunday
    """
)  # fmt: skip


def role(sentence: Sentence, rng: Random) -> Candidates:
    """Two that change places: neutral, or a contradiction where both cannot be, or the same where it is mutual."""
    if sentence.is_question or sentence.negations:
        return
    if sentence.body[0].isupper():
        yield from _names(sentence, rng)
    swapped = _swapped_persons(sentence) or _swapped_pronouns(sentence)
    if swapped is not None:
        yield from both_ways(sentence, swapped, NEUTRAL)
    yield from _places(sentence)


def _names(sentence: Sentence, rng: Random) -> Candidates:
    """Two persons who change places, under names drawn at random of the same sex."""
    pair = _AND_NAMES.match(sentence.body)
    if pair and _are_names(pair[2], pair[3]):
        if _AND_NAMES.match(pair[4]) or "respectively" in sentence.words or pair[1].endswith(", "):
            return
        a, b = _drawn(pair[2], pair[3], rng)
        said, swapped = (sentence.with_body(f"{pair[1]}{x} and {y}{pair[4]}") for x, y in ((a, b), (b, a)))
        yield from both_ways(said, swapped, ENTAILMENT)
        return
    match = _TWO_NAMES.match(sentence.body)
    if not match or not _are_names(match[1], match[3]):
        return
    between, tail = match[2], match[4]
    a, b = _drawn(match[1], match[3], rng)
    said, swapped = (sentence.with_body(f"{x} {between} {y}{tail}") for x, y in ((a, b), (b, a)))
    order = _ORDERED.fullmatch(between)
    if (_COMPARED.fullmatch(between) and not tail) or order:
        yield from both_ways(said, swapped, CONTRADICTION)
        if order:
            other = between.replace(order[1], {"before": "after", "after": "before"}[order[1]])
            yield from both_ways(said, sentence.with_body(f"{b} {other} {a}{tail}"), ENTAILMENT)
    elif _SYMMETRIC.fullmatch(between):
        yield from both_ways(said, swapped, ENTAILMENT)
    elif _DOES.search(between) and not _CLAUSE.search(between + tail):
        yield from both_ways(said, swapped, NEUTRAL)


def _are_names(a: str, b: str) -> bool:
    return a.lower() in words.NAMES and b.lower() in words.NAMES and a != b


def _drawn(a: str, b: str, rng: Random) -> tuple[str, str]:
    """Two other names, each of its sex."""
    first = rng.choice(sorted(words.MEN if a.lower() in words.MEN else words.WOMEN))
    rest = (words.MEN if b.lower() in words.MEN else words.WOMEN) - {first}
    return first.title(), rng.choice(sorted(rest)).title()


def _swapped_persons(sentence: Sentence) -> Sentence | None:
    """Example: "The dog bit the man." -> "The man bit the dog."."""
    match = _TWO_PERSONS.match(sentence.body)
    if (
        match is None
        or match[2].lower() == match[5].lower()
        or _CLAUSE.search(f"{match[3]} {match[6]}".lower())
    ):
        return None
    if word_set("riding rides rode ridden") & set(match[3].split()):
        return None
    if (match[2].endswith("s") or match[2] in words.PLURALS) != (
        match[5].endswith("s") or match[5] in words.PLURALS
    ):
        return None
    return sentence.with_body(f"{match[4]} {match[3]} {inside(match[1])}{match[6]}")


def _swapped_pronouns(sentence: Sentence) -> Sentence | None:
    """Example: "He helped me." -> "I helped him."."""
    match = _TWO_PRONOUNS.match(sentence.body)
    if (
        match is None
        or _CLAUSE.search(match[2])
        or match[2].split()[-1] not in words.VERBS.keys() | words.PAST.keys()
    ):
        return None
    subject, verb, thing, tail = match.groups()
    if (thing.lower() == "her" and tail == "" and verb in {"made", "got"}) or _PRONOUNS[
        subject.lower()
    ] == thing.lower():
        return None
    other = _SUBJECTS[thing.lower()]
    return sentence.with_body(f"{'I' if other == 'i' else other} {verb} {_PRONOUNS[subject.lower()]}{tail}")


def _places(sentence: Sentence) -> Candidates:
    """Things on, under or beside each other; from one town to another."""
    way = _FROM_TO.match(sentence.body)
    if way and way[2] != way[3] and not {way[2].lower(), way[3].lower()} & (_MONTHS | words.NAMES):
        yield from both_ways(
            sentence, sentence.with_body(f"{way[1]}{way[3]} to {way[2]}{way[4]}"), CONTRADICTION
        )
    place = _PLACE.match(sentence.body)
    if place is None:
        return
    first, verb, how, second = place.groups()
    if (
        not _is_thing(first)
        or not _is_thing(second)
        or first.split()[-1].lower() == second.split()[-1].lower()
    ):
        return
    turned = sentence.with_body(f"{second} {verb}{how} {inside(first)}")
    yield from both_ways(sentence, turned, ENTAILMENT if how.split()[0] in _BESIDE else CONTRADICTION)


def _is_thing(phrase: str) -> bool:
    """Whether the words are a noun with its adjectives only."""
    given = phrase.lower().split()[1:]
    return not any(
        word in _NOT_THINGS or word.endswith(("ing", "ed")) or word in words.PAST or word in words.THIRD
        for word in given
    )


# --- Active and passive ---

_DETERMINER = r"(?:the|an?|my|your|his|her|our|their|this|that|these|those)"
_PHRASE = rf"(?:{_DETERMINER} (?:[a-z]+ )?[a-z]+|[A-Z][a-z]+)"
_PASTS = {words.VERBS[verb][0]: verb for verb in words.TRANSITIVE}
_THIRDS = {words.third(verb): verb for verb in words.TRANSITIVE}
_GERUNDS = {words.gerund(verb): verb for verb in words.TRANSITIVE}
_ACTIVE = re.compile(
    rf"^({_PHRASE}|I|[Yy]ou|[Hh]e|[Ss]he|[Ww]e|[Tt]hey) "
    rf"((?:is|are|was|were|am|will|can|must|should|could) )?"
    rf"({'|'.join(sorted({*_PASTS, *_THIRDS, *_GERUNDS, *words.TRANSITIVE}))})"
    rf" ({_PHRASE}|me|him|us|them|you)"
    r"((?: (?:(?:in|on|at|with|during|after|before) [a-z ]+|yesterday|today|last night|last week|this morning))?)$"
)
_ADJECTIVE_END = re.compile(r".{2,}(?:al|ous|ful|ic|ive|ent|ant|ible|able|an|ese|ish|less|ary|ed|y)")
_NOT_LAST = word_set(
    """
    again aloud alone away back now later outside inside open shut wide asleep put give go come scream cry
    first yesterday today tomorrow tonight here there home one ones same out up down off on so too well then
    fast loud once twice good bad better best worse himself herself myself themselves yourself themselves him
    her them us me it all both wild mad crazy happy sad angry busy alive dead interesting difficult easy hard
    clean dry wet together forever anyway instead immediately early late
    """
)
_NOT_INSIDE = (
    words.DETERMINERS | words.BE | words.HAVE | words.MODALS | word_set(
    """
    not of on in at by for did does do and or who that which to with from good one other same own many much
    more less only i you he she we they it him her me them us
    """
)
)  # fmt: skip


def voice(sentence: Sentence, rng: Random) -> Candidates:
    """The passive: entailment; without who did it: one way; of the denial: contradiction; of turned roles: neutral."""
    if sentence.is_question or sentence.negations:
        return
    match = _ACTIVE.match(inside(sentence.body))
    if match is None:
        return
    subject, helper, form, patient, tail = match.groups()
    deed = _deed((helper or "").strip(), form)
    if (
        deed is None
        or not _is_phrase(subject)
        or not _is_phrase(patient)
        or word_set("who which that and") & set(tail.split())
    ):
        return
    passive = deed.passive(sentence, patient, subject, tail)
    yield from both_ways(sentence, passive, ENTAILMENT)
    if not word_set("his her its their my our your") & set(tail.split()):
        yield from one_way(deed.passive(sentence, patient, "", tail), rng.choice((sentence, passive)))
    denied, refused = negate(sentence), deed.passive(sentence, patient, subject, tail, denied=True)
    pair = (passive, denied) if denied is not None and rng.random() < 0.5 else (sentence, refused)
    yield from both_ways(*pair, CONTRADICTION)
    if _is_person(subject) and _is_person(patient):
        yield from both_ways(sentence, deed.passive(sentence, subject, patient, tail), NEUTRAL)


@dataclass(frozen=True)
class _Deed:
    """A verb and when it is done.

    Attributes:
        participle: as the passive needs it.
        helper: "is" for what is going on, "will", "can", … for what may be; "" for what is or was done.
        is_past: whether it was done.
    """

    participle: str
    helper: str
    is_past: bool

    def passive(
        self, sentence: Sentence, patient: str, agent: str, tail: str, denied: bool = False
    ) -> Sentence:
        """The patient is done it, by the agent if there is one."""
        patient = _SUBJECTS.get(patient.lower(), patient)
        patient = "I" if patient == "i" else patient
        by = f" by {_PRONOUNS.get(agent.lower(), agent)}" if agent else ""
        no = " not" if denied else ""
        if self.helper in words.MODALS:
            be = f"{self.helper}{no} be".replace("can not", "cannot")
        else:
            be = f"{_be(patient, self.is_past)}{no}{' being' * bool(self.helper)}"
        return sentence.with_body(f"{patient} {be} {self.participle}{by}{tail}")


def _deed(helper: str, form: str) -> _Deed | None:
    """A verb's form as a deed; None where it does not go with the helper."""
    if helper in words.MODALS:
        verb = form if form in words.TRANSITIVE else None
    elif helper:
        verb = _GERUNDS.get(form)
    else:
        verb = _PASTS.get(form) or _THIRDS.get(form)
    if verb is None:
        return None
    return _Deed(words.VERBS[verb][1], helper, helper in {"was", "were"} or (not helper and form in _PASTS))


def _be(subject: str, is_past: bool) -> str:
    """The form of "be" that goes with a subject."""
    last = subject.split()[-1].lower()
    plural = last in words.PLURALS | {"we", "they", "you"} or (
        " " in subject
        and last.endswith("s")
        and not last.endswith(("ss", "us", "is"))
        and last not in words.NO_PLURALS
    )
    if is_past:
        return "were" if plural else "was"
    return "am" if subject == "I" else "are" if plural else "is"


def _is_phrase(phrase: str) -> bool:
    """Whether the words are one noun phrase: a name, a pronoun, or a noun with an adjective at most."""
    given = phrase.lower().split()
    if len(given) == 1:
        return given[0] in words.NAMES | _PRONOUNS.keys() | _SUBJECTS.keys()
    noun = given[-1]
    if (
        set(given[1:]) & _NOT_INSIDE
        or noun in _NOT_LAST | words.GERUNDS.keys()
        or noun.endswith(("ly", "ing"))
    ):
        return False
    return len(given) == 2 or given[1] in words.ADJECTIVES or _ADJECTIVE_END.fullmatch(given[1]) is not None


def _is_person(phrase: str) -> bool:
    return phrase.split()[-1].lower() in words.PERSONS | words.NAMES | _PRONOUNS.keys() | _SUBJECTS.keys()
