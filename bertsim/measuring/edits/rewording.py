"""Modifiers that are left out, and the same in other words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from random import Random

from bertsim.measuring.edits import words
from bertsim.measuring.edits.negation import affirm, negate
from bertsim.measuring.edits.sentences import AGAINST, LESS, SAME, Candidates, Sentence, inside

# --- Modifiers ---

_FIXED = re.compile(rf"\b(?:{words.any_of(words.listed('modifier', 'fixed'))})\b", re.IGNORECASE)
_ADJECTIVE = re.compile(
    r"(?i)\b(?:an?|the|my|his|her|our|their|your|this|that|two|three|four|some) "
    rf"((?:{words.any_of(words.ADJECTIVES)}) )"
    r"(?!(?:and|or|as|than|that|in|on|at|is|are|to|of|for|ones?|but|who|with|have|has|was|were|can|will|people)\b)"
    r"[a-z]+"
)
_INTENSE = re.compile(
    r"(?<= )(?:very|really|extremely|so|incredibly|terribly) "
    r"(?!much|many|well|that|far|few|little|long|as|often|on|forth|is)"
)
_WHEN = re.compile(rf" (?:{words.any_of(words.listed('modifier', 'when'))})$", re.IGNORECASE)
_WHERE = re.compile(
    r"(?i) (?:in|on|near|at|beside|behind|under|during|next to|in front of|outside) (?:the|an?|his|her|my|their|our)"
    r"(?: [a-z]+){1,3}$"
)
_PLACING, _UNIVERSAL, _LEANING, _MANNER, _NO_SUPERLATIVES = words.sets_of(
    "modifier", "placing universal leaning manner no_superlatives"
)


def modifier(sentence: Sentence, rng: Random) -> Candidates:
    """An adjective, adverb or phrase left out: entailment; put in: neutral."""
    if shorter := shortened(sentence, rng):
        yield sentence, shorter, LESS


def shortened(sentence: Sentence, rng: Random) -> Sentence | None:
    """A statement without one of its modifiers; None where it has none that can be told.

    Example: "A red car stopped." -> "A car stopped."
    """
    if sentence.is_question or sentence.negations or _UNIVERSAL & set(sentence.words):
        return None
    if any(word.endswith("est") and word not in _NO_SUPERLATIVES for word in sentence.words):
        return None
    shorter = [each for each in _shorter(sentence) if len(each.words) > 2]
    return rng.choice(shorter) if shorter else None


def _shorter(sentence: Sentence) -> Iterator[Sentence]:
    body, given = sentence.body, sentence.words
    if not _FIXED.search(body):
        for match in _ADJECTIVE.finditer(body):
            if match[1].islower():
                yield sentence.with_match(match, "", 1)
    if "that" not in given:
        for match in _INTENSE.finditer(body):
            yield sentence.with_match(match, "")
    for at, word in enumerate(given):
        if word in _MANNER and at in (1, len(given) - 1) and given[at - 1] not in words.BE:
            yield sentence.with_words("", at, at + 1)
    for pattern in (_WHEN, _WHERE):
        found = pattern.search(body)
        if found and "," not in body and not (pattern is _WHERE and _PLACING & set(given)):
            rest = body[: found.start()].lower().split()
            if len(rest) > 2 and rest[-1] not in _LEANING and not rest[-1].endswith("ing"):
                yield sentence.with_match(found, "")


# --- Paraphrases ---

_NEGATED: dict[str, str] = dict(words.table("paraphrase", "negated"))
_PERSON = words.any_of(words.WHO)
_NAME = words.any_of(name.title() for name in words.NAMES)
_WHO = rf"(?:I|you|he|she|it|we|they|{_NAME})"
_TIMES = (
    r"(yesterday|tomorrow|last (?:night|week|month|year)|this (?:morning|afternoon|evening)|"
    r"every (?:day|morning|sunday))"
)
_IGNORED = ("ignored", "paid no attention to", "did not pay attention to")
_NOT_DONE = {"failed": "did not", "forgot": "did not remember to"}
_MET = {"failed": "managed", "managed": "failed", "forgot": "remembered", "remembered": "forgot"}


def _able(match: re.Match[str], rng: Random) -> str:
    """Example: "Tom can't swim" -> "Tom is unable to swim"."""
    be = {"i": "am", "you": "are", "we": "are", "they": "are"}.get(match[1].lower(), "is")
    cannot = [f"{be} not able to", f"{be} unable to"]
    others = {"can": [f"{be} able to"], "will": [f"{be} going to"], "won't": [f"{be} not going to", "will not"]}
    return f"{match[1]} {rng.choice(others.get(match[2], cannot))} {match[3]}"


def _started(match: re.Match[str], rng: Random) -> str | None:
    """Example: "He likes to swim" -> "He likes swimming", and the other way round."""
    start, to, verb = match.groups()
    if to:
        return f"{start} {words.gerund(verb)}" if verb in words.VERBS else None
    return f"{start} to {words.GERUNDS[verb]}" if verb in words.GERUNDS else None


def _too(match: re.Match[str], rng: Random) -> str | None:
    """Example: "He is too tired to walk" -> "He is so tired that he cannot walk"."""
    who, be, how, verb, rest = match.groups()
    cannot = "could not" if be in {" was", " were"} else "cannot"
    return f"{who}{be} so {how} that {inside(who)} {cannot} {verb}{rest}" if verb in words.VERBS else None


_NOT_ADJECTIVE = (
    rf"\b(is|are|was|were|am) (not )?({words.any_of(_NEGATED)})(?= to\b| that\b| for\b| yesterday\b| today\b| now\b|$)"
)
_ATTENTION = (
    r"\b(?:paid no attention to|(did not|didn't) pay (?:any )?attention to|"
    r"(?<!was )(?<!were )(?<!been )ignored(?= [a-z]))"
)
_FAILED = r"\b(failed|forgot|managed|remembered) to ([a-z]+)\b"
_Rules = dict[str, Callable[[re.Match[str], Random], str | None]]
"""Expressions, and what can stand for all that each of them finds; None: nothing after all."""
_SAME: _Rules = {
    rf"(?i)^((?:{_PERSON}|{words.any_of(words.DETERMINERS)}) [^,]*) {_TIMES}$": lambda m, _: f"{m[2]}, {inside(m[1])}",
    rf"(?i)^{_TIMES},? ((?:{_PERSON}) [^,]*)$": lambda m, _: f"{m[2]} {m[1].lower()}",
    rf"^({_WHO}\b[^,]*) because ({_WHO}\b[^,]*)$": lambda m, _: f"Because {m[2]}, {inside(m[1])}",
    rf"\b(gave|sent|showed|lent|sold|handed|brought|taught) ((?:the|an?|his|her|my|some) [a-z]+) to "
    rf"(me|you|him|her|us|them|{_WHO}|(?:the|his|her|my) [a-z]+)$": lambda m, _: f"{m[1]} {m[3]} {m[2]}",
    rf"\b(gave|sent|showed|lent|sold|handed|brought) (me|him|us|them|{_WHO}|(?:the|my) [a-z]+) "
    r"((?:the|an?|his|her|some) [a-z]+)$": lambda m, _: f"{m[1]} {m[3]} to {m[2]}",
    r"(?i)^there (is|are) ((?:an?|one|two|three|four|five|many|several|some) (?:[a-z]+ ){1,3}?)"
    r"((?:in|on|under|near|at|next to|beside|behind|above|below|inside|outside) (?:the|an?|my|his|her|this|that) .+|"
    r"(?:sitting|standing|riding|holding|playing|wearing|walking|eating|flying|lying) .+)$": (
        lambda m, _: f"{m[2]}{m[1].lower()} {m[3]}"
    ),
    rf"^(?!.*(?i:(?<![^ ])(?:{words.any_of(words.POLAR)})(?![^ ])))({_NAME}) ({words.any_of(words.PAST)}) (.+)$": (
        lambda m, _: f"It was {m[1]} who {m[2]} {m[3]}"
    ),
    rf"\b(thinks?|thought|knows?|knew|believes?|hopes?|hoped|says?|said) (that )?(?={_WHO}\b[ '])(?!.*\?)": (
        lambda m, _: f"{m[1]} {'' if m[2] else 'that '}"
    ),
    r"(?i)^It is ([a-z]+) to ([a-z]+)((?: [a-z' ]+)?)$": (
        lambda m, _: f"{words.gerund(m[2])}{m[3]} is {m[1]}" if m[2] in words.VERBS else None
    ),
    r"(?i)^(I|he|she|they|we|you)( (?:am|is|are|was|were)|'m|'s|'re) too ([a-z]+) to ([a-z]+)\b(.*)$": _too,
    rf"^({_WHO}) (can't|cannot|can|will|won't) ({words.any_of(words.VERBS)})\b": _able,
    r"(?i)\b(?:(I(?='m)|(?:he|she|it)(?='s)|(?:you|we|they)(?='re))'\w+|am|is|are) (not )?going to ([a-z]+)\b": (
        lambda m, _: f"{m[1] or ''} will {m[2] or ''}{m[3]}" if m[3] in words.VERBS else None
    ),
    rf"^((?i:{_PERSON}) (?:start|started|began|begin|likes?|loves?|loved|hates?)) (to )?([a-z]+)\b": _started,
    _NOT_ADJECTIVE: lambda m, _: f"{m[1]} {'' if m[2] else 'not '}{_NEGATED[m[3]]}",
    _ATTENTION: lambda m, rng: rng.choice([way for way in _IGNORED if way != m[0]]),
    _FAILED: lambda m, _: f"{_NOT_DONE[m[1]]} {m[2]}" if m[1] in _NOT_DONE and m[2] in words.VERBS else None,
}
# The opposite in other words than a "not" put in or left out.
_OPPOSITE: _Rules = {
    _NOT_ADJECTIVE: lambda m, _: f"{m[1]} {m[2] or ''}{_NEGATED[m[3]]}",
    _ATTENTION: lambda m, _: "paid attention to",
    _FAILED: lambda m, _: f"{_MET[m[1]]} to {m[2]}",
}


def paraphrase(sentence: Sentence, rng: Random) -> Candidates:
    """Other words: entailment; other words for less: one way; other words for its denial: contradiction."""
    denials = list(_turned(sentence, _OPPOSITE, rng))
    others = [*_with_phrases(sentence), *_turned(sentence, _SAME, rng)]
    if denials:
        yield sentence, rng.choice(denials), AGAINST
    if not others:
        return
    other = rng.choice(others)
    yield sentence, other, SAME
    if (less := shortened(other, rng)) and rng.random() < 0.5:
        yield sentence, less, LESS
    if not denials and (negated := negate(other) or affirm(other)):
        yield sentence, negated, AGAINST


def _turned(sentence: Sentence, rules: _Rules, rng: Random) -> Iterator[Sentence]:
    """A statement as each rule that fits it puts it."""
    for pattern, rewrite in () if sentence.is_question else rules.items():
        match = re.search(pattern, sentence.body)
        if match and (text := rewrite(match, rng)):
            yield sentence.with_match(match, text)


_EQUAL = dict(pair.split(" = ") for pair in words.listed("paraphrase", "equal"))
_PLAINER = dict(pair.split(" > ") for pair in words.listed("paraphrase", "plainer"))
_OTHERS: dict[str, str] = _PLAINER | _EQUAL | {b: a for a, b in _EQUAL.items()}
_PHRASE = re.compile(rf"(?<![^ ])(?:{'|'.join(sorted(_OTHERS, key=len, reverse=True))})(?=,* |,*$)")


def _with_phrases(sentence: Sentence) -> Iterator[Sentence]:
    """The sentence with one phrase as another that means the same, for each that it has."""
    body = sentence.body.lower()
    for match in _PHRASE.finditer(body):
        before, after = body[: match.start()].strip(), body[match.end() :].split()
        if before and sentence.body[match.start()].isupper():
            continue  # part of a name
        if match[0] in {"have to", "has to"} and before not in words.WHO:
            continue  # not the verb of a statement
        if match[0] != "next to" or not {"impossible", "nothing", "none"} & set(after[:1]):
            yield sentence.with_match(match, _OTHERS[match[0]])
