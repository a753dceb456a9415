"""Modifiers that are left out, and the same in other words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from bertsim.measuring.edits import words
from bertsim.measuring.edits.negation import affirm, negate
from bertsim.measuring.edits.sentences import (
    CONTRADICTION,
    ENTAILMENT,
    Candidates,
    Sentence,
    both_ways,
    inside,
    one_way,
)
from bertsim.measuring.edits.words import word_set

# --- Modifiers ---

_FIXED = re.compile(
    r"\b(?:white house|black hole|hot dog|black market|red cross|green card|new year|short story|"
    r"little (?:bit|while|more|by|brother|sister)|blue jeans|yellow pages|glass of|"
    r"long (?:time|way|run|while)|short (?:time|cut|while)|big deal|old (?:age|days)|poor health|"
    r"new york|new zealand|dark side|high school|kind of|square (?:feet|meters|miles)|black belt|white wine|red wine|"
    r"fat free|blue moon|black and white|stop light|traffic light|big (?:brother|sister))\b",
    re.IGNORECASE,
)
_ADJECTIVE = re.compile(
    rf"\b(an?|the|my|his|her|our|their|your|this|that|two|three|four|some) ((?:{'|'.join(sorted(words.ADJECTIVES))}) )"
    r"(?!(?:and|or|as|than|that|in|on|at|is|are|to|of|for|ones?|but|who|with|have|has|was|were|can|will|people)\b)"
    r"([a-z]+)",
    re.IGNORECASE,
)
_INTENSE = re.compile(
    r"(?<= )(?:very|really|extremely|so|incredibly|terribly) "
    r"(?!much|many|well|that|far|few|little|long|as|often|on|forth|is)"
)
_WHEN = re.compile(
    r" (?:yesterday|today|tomorrow|tonight|last (?:night|week|month|year|summer|monday|sunday)|"
    r"this (?:morning|afternoon|evening|week|year)|every (?:day|morning|night|week|sunday|year)|"
    r"in the (?:morning|afternoon|evening)|at night|"
    r"on (?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)s?|again|right now|together|alone|"
    r"for (?:an|two|three) hours?|for (?:a long time|many years))$",
    re.IGNORECASE,
)
_WHERE = re.compile(
    r" (?:in|on|near|at|beside|behind|under|during|next to|in front of|outside) (?:the|an?|his|her|my|their|our)"
    r"(?: [a-z]+){1,3}$",
    re.IGNORECASE,
)
# Verbs that a place belongs to.
_PLACING = word_set("put puts place placed set keep kept keeps leave left hang hung throw threw hide hid")
# What only some of a kind are, or what does not have to be: there the shorter sentence does not follow.
_UNIVERSAL = word_set(
    """
    every all each any only same most first last best worst if than whether when before until everyone
    everybody everything always want wants wanted like likes need needs wish hope how what why too enough
    would could should may might must or next other looks looked seems even just kind sort prefer hate
    love promised
    """
)


def modifier(sentence: Sentence, rng: Random) -> Candidates:
    """An adjective, adverb or phrase left out: entailment; put in: neutral."""
    shorter = shortened(sentence, rng)
    if shorter is not None:
        yield from one_way(shorter, sentence)


def shortened(sentence: Sentence, rng: Random) -> Sentence | None:
    """A statement without one of its modifiers; None where it has none that can be told.

    Example: "A red car stopped." -> "A car stopped."
    """
    if sentence.is_question or sentence.negations or _UNIVERSAL & set(sentence.words):
        return None
    if any(word.endswith("est") and word not in words.NO_SUPERLATIVES for word in sentence.words):
        return None
    shorter = [body for body in _shorter(sentence) if body.count(" ") >= 2]
    return sentence.with_body(rng.choice(shorter)) if shorter else None


def _shorter(sentence: Sentence) -> Iterator[str]:
    body, given = sentence.body, sentence.words
    if not _FIXED.search(body):
        for match in _ADJECTIVE.finditer(body):
            if match[2].islower():
                yield body[: match.start(2)] + body[match.start(3) :]
    if "that" not in given:
        for match in _INTENSE.finditer(body):
            yield body[: match.start()] + body[match.end() :]
    for at, word in enumerate(given):
        if word in words.MANNER and at in (1, len(given) - 1) and given[at - 1] not in words.BE:
            yield " ".join(sentence.tokens[:at] + sentence.tokens[at + 1 :])
    for pattern in (_WHEN, _WHERE):
        found = pattern.search(body)
        if found and "," not in body and not (pattern is _WHERE and _PLACING & set(given)):
            rest = body[: found.start()].lower().split()
            if len(rest) > 2 and rest[-1] not in words.LEANING and not rest[-1].endswith("ing"):
                yield body[: found.start()]


# --- Paraphrases ---


def _read_phrases() -> dict[str, tuple[tuple[tuple[str, ...], str], ...]]:
    """First word of a phrase -> the phrases that begin with it, the longest first, each with what it can be put as."""
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for pair in words.PHRASES.replace("\n", ";").split(";"):
        if not pair.strip():
            continue
        a, sign, b = re.split(r" ([=>]) ", pair.strip())
        for phrase, other in ((a, b), (b, a))[: 2 if sign == "=" else 1]:
            parts = tuple(phrase.split())
            found.setdefault(parts[0], []).append((parts, other))
    return {word: tuple(sorted(others, key=lambda other: -len(other[0]))) for word, others in found.items()}


_PHRASES = _read_phrases()
_NOT_ADJECTIVE = re.compile(
    rf"\b(is|are|was|were|am) (not )?({'|'.join(sorted(words.NEGATED))})"
    r"(?= to\b| that\b| for\b| yesterday\b| today\b| now\b|$)"
)
_TIMES = (
    r"(yesterday|tomorrow|last (?:night|week|month|year)|this (?:morning|afternoon|evening)|"
    r"every (?:day|morning|sunday))"
)
_TIME_LAST = re.compile(rf"^(.+) {_TIMES}$", re.IGNORECASE)
_TIME_FIRST = re.compile(rf"^{_TIMES},? (.+)$", re.IGNORECASE)
_WHO = rf"(?:I|you|he|she|it|we|they|{'|'.join(name.title() for name in sorted(words.NAMES))})"
_SINGLE = {"i": "am", "you": "are", "we": "are", "they": "are"}
_THAT = re.compile(
    rf"\b(thinks?|thought|knows?|knew|believes?|hopes?|hoped|says?|said) (that )?(?={_WHO}\b[ '])(?!.*\?)"
)
_BECAUSE = re.compile(rf"^({_WHO}\b[^,]*) because ({_WHO}\b[^,]*)$")
_TO_DO = re.compile(r"^It is ([a-z]+) to ([a-z]+)((?: [a-z' ]+)?)$", re.IGNORECASE)
_ABLE = re.compile(rf"^({_WHO}) (can't|cannot|can|will|won't) ([a-z]+)\b(.*)$")
_GOING = re.compile(
    r"\b(?:(I)'m|(he|she|it)'s|(you|we|they)'re|(?:am|is|are)) (not )?going to ([a-z]+)\b", re.IGNORECASE
)
_TOO = re.compile(
    r"^(I|he|she|they|we|you)((?: (?:am|is|are|was|were))|'m|'s|'re) too ([a-z]+) to ([a-z]+)\b(.*)$",
    re.IGNORECASE,
)
_GAVE = re.compile(
    rf"\b(gave|sent|showed|lent|sold|handed|brought|taught) ((?:the|an?|his|her|my|some) [a-z]+) to "
    rf"(me|you|him|her|us|them|{_WHO}|(?:the|his|her|my) [a-z]+)$"
)
_GAVE_WHOM = re.compile(
    rf"\b(gave|sent|showed|lent|sold|handed|brought) (me|him|us|them|{_WHO}|(?:the|my) [a-z]+) "
    r"((?:the|an?|his|her|some) [a-z]+)$"
)
_THERE = re.compile(
    r"^there (?:(is)|are) ((?:an?|one|two|three|four|five|many|several|some) (?:[a-z]+ ){1,3}?)"
    r"((?:in|on|under|near|at|next to|beside|behind|above|below|inside|outside) (?:the|an?|my|his|her|this|that) .+|"
    r"(?:sitting|standing|riding|holding|playing|wearing|walking|eating|flying|lying) .+)$",
    re.IGNORECASE,
)
_ATTENTION = re.compile(
    r"\b(?:paid no attention to|(did not|didn't) pay (?:any )?attention to|"
    r"(?<!was )(?<!were )(?<!been )ignored(?= [a-z]))"
)
_START = re.compile(r"\b(start|started|began|begin|like|likes|love|loves|loved|hate|hates) (to )?([a-z]+)\b")
_FAILED = re.compile(r"\b(failed|forgot|managed|remembered) to ([a-z]+)\b")
_CLEFT = re.compile(
    rf"^({'|'.join(name.title() for name in sorted(words.NAMES))}) ({'|'.join(sorted(words.PAST))}) (.+)$"
)


def paraphrase(sentence: Sentence, rng: Random) -> Candidates:
    """Other words: entailment; other words for less: one way; other words for its denial: contradiction."""
    denials = list(_denials(sentence))
    others = list(_same(sentence, rng))
    if denials:
        yield from both_ways(sentence, rng.choice(denials), CONTRADICTION)
    if not others:
        return
    other = rng.choice(others)
    yield from both_ways(sentence, other, ENTAILMENT)
    less = shortened(other, rng)
    if less is not None and rng.random() < 0.5:
        yield from one_way(less, sentence)
    negated = negate(other) or affirm(other) if not denials else None
    if negated is not None:
        yield from both_ways(sentence, negated, CONTRADICTION)


def _same(sentence: Sentence, rng: Random) -> Iterator[Sentence]:
    """The sentence in other words, one change each."""
    yield from _phrases(sentence)
    if sentence.is_question:
        return
    for rule in (_moved_time, _reordered, _rebuilt, _verbs, _states):
        yield from (sentence.with_body(body) for body in rule(sentence.body, rng))


def _phrases(sentence: Sentence) -> Iterator[Sentence]:
    """The sentence with one phrase as another that means the same, for each that it has."""
    given, at = sentence.words, 0
    while at < len(given):
        for parts, other in _PHRASES.get(given[at].rstrip(","), ()):
            end = at + len(parts)
            if end <= len(given) and (*given[at : end - 1], given[end - 1].rstrip(",")) == parts:
                if _may_change(sentence, at, end):
                    comma = "," * given[end - 1].endswith(",")
                    yield sentence.with_tokens(sentence.tokens[:at], [other + comma], sentence.tokens[end:])
                at = end - 1
                break
        at += 1


def _may_change(sentence: Sentence, at: int, end: int) -> bool:
    """Whether a phrase is not a name's part, a "have to" only a statement's verb, and "next to" said of things."""
    if at and sentence.tokens[at][0].isupper():
        return False
    if sentence.words[at:end] in (["have", "to"], ["has", "to"]):
        return at == 1 and sentence.words[0] in words.PRONOUNS | words.NAMES
    return not (
        sentence.words[at] == "next"
        and {"impossible", "nothing", "none"} & set(sentence.words[end : end + 1])
    )


def _moved_time(body: str, rng: Random) -> Iterator[str]:
    """Example: "I met him yesterday." -> "Yesterday, I met him."."""
    last, first = _TIME_LAST.match(body), _TIME_FIRST.match(body)
    if (
        "," not in body
        and last
        and last[1].split(" ")[0].lower() in words.PRONOUNS | words.NAMES | words.DETERMINERS
    ):
        yield f"{last[2]}, {inside(last[1])}"
    elif first and "," not in first[2] and first[2].split(" ")[0].lower() in words.PRONOUNS | words.NAMES:
        yield f"{first[2]} {first[1].lower()}"


def _reordered(body: str, rng: Random) -> Iterator[str]:
    """Clauses, objects and "there is" in another order."""
    if match := _BECAUSE.match(body):
        yield f"Because {match[2]}, {inside(match[1])}"
    if match := _GAVE.search(body):
        yield f"{body[: match.start()]}{match[1]} {match[3]} {match[2]}"
    elif match := _GAVE_WHOM.search(body):
        yield f"{body[: match.start()]}{match[1]} {match[3]} to {match[2]}"
    if match := _THERE.match(body):
        yield f"{match[2]}{'is' if match[1] else 'are'} {match[3]}"
    if (match := _CLEFT.match(body)) and not words.POLAR & set(body.lower().split()):
        yield f"It was {match[1]} who {match[2]} {match[3]}"


def _rebuilt(body: str, rng: Random) -> Iterator[str]:
    """Another construction for the same."""
    if match := _THAT.search(body):
        yield f"{body[: match.end(1)]} {'' if match[2] else 'that '}{body[match.end() :]}"
    if (match := _TO_DO.match(body)) and match[2] in words.VERBS:
        yield f"{words.gerund(match[2])}{match[3]} is {match[1]}"
    if (match := _TOO.match(body)) and match[4] in words.VERBS:
        who = match[1] if match[1] == "I" else match[1].lower()
        cannot = "could not" if match[2].strip() in {"was", "were"} else "cannot"
        yield f"{match[1]}{match[2]} so {match[3]} that {who} {cannot} {match[4]}{match[5]}"


def _verbs(body: str, rng: Random) -> Iterator[str]:
    """Another helper or form of the verb."""
    if (match := _ABLE.match(body)) and match[3] in words.VERBS:
        be = _SINGLE.get(match[1].lower(), "is")
        others = {
            "can": (f"{be} able to",), "will": (f"{be} going to",), "won't": (f"{be} not going to", "will not"),
        }.get(match[2], (f"{be} not able to", f"{be} unable to"))  # fmt: skip
        yield f"{match[1]} {rng.choice(others)} {match[3]}{match[4]}"
    if (match := _GOING.search(body)) and match[5] in words.VERBS:
        who = match[1] or match[2] or match[3] or ""
        yield f"{body[: match.start()]}{who} will {match[4] or ''}{match[5]}{body[match.end() :]}"
    if (match := _START.search(body)) and f"{body} ".split(match[0])[
        0
    ].lower().strip() in words.PRONOUNS | words.NAMES:
        if match[2] and match[3] in words.VERBS:
            yield f"{body[: match.start(2)]}{words.gerund(match[3])}{body[match.end() :]}"
        elif not match[2] and match[3] in words.GERUNDS:
            yield f"{body[: match.start(3)]}to {words.GERUNDS[match[3]]}{body[match.end() :]}"


def _states(body: str, rng: Random) -> Iterator[str]:
    """A "not" and a word that says the same."""
    if match := _NOT_ADJECTIVE.search(body):
        no = "" if match[2] else "not "
        yield f"{body[: match.end(1)]} {no}{words.NEGATED[match[3]]}{body[match.end() :]}"
    if match := _ATTENTION.search(body):
        others = ["ignored", "paid no attention to", "did not pay attention to"]
        yield f"{body[: match.start()]}{rng.choice([o for o in others if o != match[0]])}{body[match.end() :]}"
    if (match := _FAILED.search(body)) and match[1] in {"failed", "forgot"} and match[2] in words.VERBS:
        instead = "did not" if match[1] == "failed" else "did not remember to"
        yield f"{body[: match.start()]}{instead} {match[2]}{body[match.end() :]}"


_MET = {"failed": "managed", "managed": "failed", "forgot": "remembered", "remembered": "forgot"}


def _denials(sentence: Sentence) -> Iterator[Sentence]:
    """The opposite in other words than a "not" put in or left out. Example: "ignored" -> "paid attention to"."""
    body = sentence.body
    if sentence.is_question:
        return
    if match := _NOT_ADJECTIVE.search(body):
        yield sentence.with_body(
            f"{body[: match.end(1)]} {match[2] or ''}{words.NEGATED[match[3]]}{body[match.end() :]}"
        )
    if match := _ATTENTION.search(body):
        yield sentence.with_body(f"{body[: match.start()]}paid attention to{body[match.end() :]}")
    if match := _FAILED.search(body):
        yield sentence.with_body(f"{body[: match.start(1)]}{_MET[match[1]]}{body[match.end(1) :]}")
