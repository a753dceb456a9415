"""Minimal edits made by rule: plain English sentences -> labelled inference pairs that differ in one place.

Public inference data hardly holds a pair that is the same but for a negation, an opposite, a number or who did it to
whom; a model that learnt from it alone calls such pairs the same. Every rule here takes a sentence whose form it is
sure of, and leaves all others; labels are those that people give in SNLI (both sentences are about one event).

What it does not do: it has no tagger and no parser, only word lists (`edit_words`) and regular expressions.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from random import Random

from bertsim import edit_words as words
from bertsim.datasets import open_pairs
from bertsim.errors import DataError, InputError

KINDS = ("negation", "antonym", "number", "quantifier", "role", "modifier", "voice", "paraphrase")
ENTAILMENT, NEUTRAL, CONTRADICTION = "entailment", "neutral", "contradiction"

_SHORTEST, _LONGEST = 4, 30
_HELD_OUT_PAIRS = 5  # one in so many
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ',:$%-]*")
_TOO_RARE = 2  # a pair of WordNet's counts if it is a word's first sense


@dataclass(frozen=True)
class Edit:
    """One pair of sentences that differ in one place; the label says what the premise says of the hypothesis."""

    premise: str
    hypothesis: str
    label: str


# --- Sentences -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sentence:
    """A sentence without its last mark; `words` are its words in lower case, `tokens` as they stand."""

    body: str
    end: str

    @cached_property
    def tokens(self) -> list[str]:
        return self.body.split(" ")

    @cached_property
    def words(self) -> list[str]:
        return self.body.lower().split(" ")

    @property
    def text(self) -> str:
        return self.body + self.end

    @cached_property
    def is_question(self) -> bool:
        return self.end == "?" or self.words[0] in words.QUESTIONS

    @cached_property
    def is_negative(self) -> bool:
        return any(word.strip(",") in words.NEGATIVE or "n't" in word for word in self.words)

    def with_body(self, body: str) -> _Sentence:
        """The same with other words, its first letter as large or small as it was."""
        body = " ".join(body.split())
        first = body[:1].upper() if self.body[0].isupper() else body[:1]
        return _Sentence(
            re.sub(r"\b([Aa]) (?=[aeioAEIO]|un(?!i)|hour|honest)", r"\1n ", first + body[1:]), self.end
        )

    def with_tokens(self, *parts: Sequence[str]) -> _Sentence:
        return self.with_body(" ".join(word for part in parts for word in part if word))


def _sentence(raw: str) -> _Sentence | None:
    """A line as a sentence; None for what is too short, too long, quoted, or more than one sentence."""
    text = " ".join(raw.replace("’", "'").split())
    body = text.rstrip(".!? ")
    if not _PLAIN.fullmatch(body) or not _SHORTEST <= body.count(" ") + 1 <= _LONGEST:
        return None
    return _Sentence(body, text[len(body) :].strip()[:1])


def _small(body: str) -> str:
    """The words as they stand inside a sentence: a name and "I" keep their large letter."""
    first = body.split(" ", 1)[0]
    plain = first.lower().split("'")[0]
    return body if plain in words.NAMES or plain == "i" or not first.istitle() else body[0].lower() + body[1:]


_Candidates = Iterator[tuple[_Sentence, _Sentence, str]]
_Rule = Callable[[_Sentence, Random], _Candidates]


def _both(a: _Sentence, b: _Sentence, label: str) -> _Candidates:
    yield a, b, label
    yield b, a, label


def _one_way(general: _Sentence, special: _Sentence) -> _Candidates:
    """The special says all that the general does, and more."""
    yield special, general, ENTAILMENT
    yield general, special, NEUTRAL


# --- Negation --------------------------------------------------------------------------------------------------------

_CONTRACTED = {
    **{
        f"{word} not": f"{word}n't"
        for word in "is are was were has have had could would should do does did".split()
    },
    "cannot": "can't",
    "will not": "won't",
}
_FULL = {short: full for full, short in _CONTRACTED.items()}
_FULL_FORM = re.compile(rf"\b({'|'.join(_CONTRACTED)})\b")
_SHORT_FORM = re.compile(rf"\b({'|'.join(_FULL)})\b")
_PRONOUN = re.compile(r"(I|you|he|she|it|we|they|that|there)'(m|re|s|ve|ll) ", re.IGNORECASE)
_EXPANDED = {"m": "am", "re": "are", "s": "is", "ve": "have", "ll": "will"}
_STOPS = frozenset(
    "who that which whose if when because while as what how where than and or but to for with about before after".split()
)
_OBJECT = (
    words.DETERMINERS
    | words.NAMES
    | frozenset("me him them us it you to at in on for with about into from out off up down".split())
    | frozenset(words.NUMBERS)
)


def _expanded(sentence: _Sentence) -> _Sentence:
    """A pronoun's contraction in full, where it can only be one thing. Example: "He's tall" -> "He is tall"."""
    found = _PRONOUN.match(sentence.body)
    if found is None or (found[2].lower() == "s" and _participle(sentence.words[1])):
        return sentence
    return sentence.with_body(f"{found[1]} {_EXPANDED[found[2].lower()]} {sentence.body[found.end() :]}")


def _participle(word: str) -> bool:
    return word in words.PARTICIPLES


def _finite(sentence: _Sentence) -> int | None:
    """Where the verb of a plain statement stands; None where a word list cannot tell."""
    given = sentence.words
    auxiliaries = words.BE | words.MODALS | words.HAVE | words.DO.keys() | _FULL.keys() | {"cannot"}
    first = given[0]
    if first in words.PRONOUNS | {"there"} or (first in {"this", "that"} and given[1] in words.BE):
        start = 1
    elif sentence.tokens[0] in {name.title() for name in ()} or first in words.NAMES:
        start = 3 if given[1] == "and" and given[2] in words.NAMES else 1
    elif first in words.DETERMINERS or first in words.NUMBERS[2:13]:
        for at, word in enumerate(given[2:10], 2):
            if word in auxiliaries:
                return at
            if word in _STOPS or word.endswith(","):
                return None
            if at < 5 and _is_verb(sentence, at) and not auxiliaries & set(given[at + 1 :]):
                return at
        return None
    else:
        return None
    if given[start] in auxiliaries or _is_verb(sentence, start):
        return start
    return None


def _is_verb(sentence: _Sentence, at: int) -> bool:
    """Whether the word can only be a verb of the sentence: a form in -ed needs an object, for it may be a participle."""
    word, plural = sentence.words[at], sentence.words[0] in {"i", "you", "we", "they"}
    after = sentence.words[at + 1] if at + 1 < len(sentence.words) else None
    if plural and word in words.VERBS and word != "have":
        return True
    if word in words.THIRD and not plural:
        return after is None or after in _OBJECT
    if word in words.PAST:
        alone = sentence.words[0] in words.PRONOUNS | words.NAMES
        return alone or word not in words.PARTICIPLES or (after in words.DETERMINERS)
    return False


def _negated(sentence: _Sentence) -> _Sentence | None:
    """The opposite of a plain positive statement. Example: "He likes tea." -> "He does not like tea."."""
    if sentence.is_negative or sentence.is_question or words.POLAR & set(sentence.words):
        return None
    full = _expanded(sentence)
    at = _finite(full)
    if at is None or at + 1 >= len(full.words):
        return None
    given, tokens = full.words, full.tokens
    word, after = given[at], given[at + 1]
    if given[0] == "there":
        return _no_there(full, at)
    if word in words.BE | words.MODALS or (word in words.HAVE and _participle(after)):
        if after in {"to", "a"} and word in words.MODALS:
            return None
        if word == "can":
            return full.with_tokens(tokens[:at], ["cannot"], tokens[at + 1 :])
        return full.with_tokens(tokens[: at + 1], ["not"], tokens[at + 1 :])
    if word in words.HAVE:
        helper = {"has": "does", "have": "do", "had": "did"}[word]
        if after not in words.DETERMINERS | {"to"} | set(words.NUMBERS):
            return None
        return full.with_tokens(tokens[:at], [helper, "not", "have"], tokens[at + 1 :])
    if word in words.DO or word in _FULL:
        return None
    if after == "to" and word == "used":
        return None
    verb, helper = _helped(word, given[0])
    return full.with_tokens(tokens[:at], [helper, "not", verb], tokens[at + 1 :])


def _helped(word: str, subject: str) -> tuple[str, str]:
    """A verb's base form and the form of "do" that goes with it."""
    if subject in {"i", "you", "we", "they"} and word in words.VERBS and word not in words.PAST:
        return word, "do"
    if word in words.PAST and word not in words.THIRD:
        return words.PAST[word], "did"
    return words.THIRD[word], "does"


def _no_there(sentence: _Sentence, at: int) -> _Sentence | None:
    """Example: "There is a cat on the mat." -> "There is no cat on the mat."."""
    if sentence.words[at] not in words.BE or sentence.words[at + 1] not in {"a", "an"}:
        return None
    return sentence.with_tokens(sentence.tokens[: at + 1], ["no"], sentence.tokens[at + 2 :])


def _unnegated(sentence: _Sentence) -> _Sentence | None:
    """A negative statement without its "not". Example: "He doesn't like tea." -> "He likes tea."."""
    if sentence.is_question or sum("n't" in word or word in words.NEGATIVE for word in sentence.words) != 1:
        return None
    if (words.POLAR | {"mind", "help", "care", "matter", "need", "necessarily", "really", "very"}) & set(
        sentence.words
    ):
        return None
    full = _expanded(_sentence_in_full(sentence))
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


def _sentence_in_full(sentence: _Sentence) -> _Sentence:
    return sentence.with_body(_SHORT_FORM.sub(lambda found: _FULL[found[0]], sentence.body))


def _contracted(sentence: _Sentence) -> _Sentence:
    return sentence.with_body(_FULL_FORM.sub(lambda found: _CONTRACTED[found[0]], sentence.body))


_OPPOSITE_SUBJECTS = (
    (re.compile(r"^(?:nobody|no one)\b", re.IGNORECASE), ("Everybody", "Someone", "Somebody", "Everyone")),
    (re.compile(r"^(?:everybody|everyone|somebody|someone)\b", re.IGNORECASE), ("Nobody", "No one")),
    (re.compile(r"^nothing\b", re.IGNORECASE), ("Everything", "Something")),
    (re.compile(r"^(?:everything|something)\b", re.IGNORECASE), ("Nothing",)),
)
_NO_OBJECT = re.compile(
    r"\b(have|has|had) no (?!one|longer|more|idea|doubt|\w+ (?:but|than))(\w+)", re.IGNORECASE
)
_NEVER = re.compile(r" never(?= )")


def _negation(sentence: _Sentence, rng: Random) -> _Candidates:
    if sentence.is_question:
        return
    negated = _negated(sentence)
    if negated is not None:
        said = rng.choice((negated, _contracted(negated)))
        yield from _both(sentence, said, CONTRADICTION)
        yield from _denied(sentence, negated, rng)
        return
    positive = _unnegated(sentence)
    if positive is not None:
        yield from _both(sentence, positive, CONTRADICTION)
        yield from _denied(positive, sentence, rng)
    other = (
        _contracted(sentence) if sentence.body != _contracted(sentence).body else _sentence_in_full(sentence)
    )
    if other.body != sentence.body:
        yield from _both(sentence, other, ENTAILMENT)
    yield from _no_and_never(sentence, rng)


def _denied(positive: _Sentence, negated: _Sentence, rng: Random) -> _Candidates:
    """What is true or not true, said of a statement and its opposite."""
    if (
        not positive.body[0].isupper()
        or positive.words[0] not in words.DETERMINERS | words.PRONOUNS | words.NAMES
    ):
        return
    true = rng.choice(("It is true that", "It is a fact that", "It is the case that"))
    false = rng.choice(("It is not true that", "It is false that", "It is not the case that"))
    said, denied = (positive.with_body(f"{how} {_small(positive.body)}") for how in (true, false))
    if rng.random() < 0.25:
        yield from _both(positive, said, ENTAILMENT)
        yield from _both(positive, denied, CONTRADICTION)
    elif rng.random() < 0.6:
        yield from _both(negated, denied, ENTAILMENT)
    else:
        yield from _both(negated, _contracted(negated), ENTAILMENT)


def _no_and_never(sentence: _Sentence, rng: Random) -> _Candidates:
    for pattern, others in _OPPOSITE_SUBJECTS:
        if pattern.match(sentence.body) and sentence.words[1] not in {"but", "except", "else"}:
            if words.POLAR & set(sentence.words[1:]) or sum(
                w in words.NEGATIVE or "n't" in w for w in sentence.words[1:]
            ):
                continue
            yield from _both(
                sentence, sentence.with_body(pattern.sub(rng.choice(others), sentence.body)), CONTRADICTION
            )
    rest = words.POLAR & set(sentence.words)
    found = _NO_OBJECT.search(sentence.body)
    if (
        found
        and not rest
        and sentence.words[0] in words.PRONOUNS | words.NAMES
        and sentence.words[1] == found[1].lower()
    ):
        helper = {"have": "do", "has": "does", "had": "did"}[found[1].lower()]
        head, tail = sentence.body[: found.start()], sentence.body[found.start(2) :]
        yield from _both(sentence, sentence.with_body(f"{head}{helper} not have any {tail}"), ENTAILMENT)
        yield from _both(sentence, sentence.with_body(f"{head}{found[1]} some {tail}"), CONTRADICTION)
    if not rest and sum(word in words.NEGATIVE or "n't" in word for word in sentence.words) == 1:
        dropped = _NEVER.sub("", sentence.body)
        if dropped != sentence.body and sentence.words[0] in words.PRONOUNS | words.NAMES | words.DETERMINERS:
            yield from _both(sentence, sentence.with_body(dropped), CONTRADICTION)


# --- Opposites -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Antonyms:
    """Pairs of words that are opposites, each with its part of speech: "a", "n", "r" or "v"."""

    pairs: tuple[tuple[str, str, str], ...]

    @cached_property
    def by_word(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """Any form of a word -> part of speech and the same form of its opposite."""
        found: dict[str, list[tuple[str, str]]] = {}
        for a, b, pos in self.pairs:
            for one, other in ((a, b), (b, a)):
                for form, opposite in zip(_forms(one, pos), _forms(other, pos), strict=True):
                    found.setdefault(form, []).append((pos, opposite))
        return {word: tuple(dict.fromkeys(others)) for word, others in found.items()}

    def seen(self) -> Antonyms:
        """Those that training may use."""
        return Antonyms(tuple(pair for pair in self.pairs if not is_held_out_pair(pair[0], pair[1])))

    def held_out(self) -> Antonyms:
        """The fifth that nothing is trained on."""
        return Antonyms(tuple(pair for pair in self.pairs if is_held_out_pair(pair[0], pair[1])))


EVERYDAY = Antonyms(
    tuple(
        (pair.split()[0], pair.split()[1], pos)
        for pos, listed in words.OPPOSITES.items()
        for pair in listed.replace("\n", "").split("|")
    )
)


def is_held_out_pair(word: str, opposite: str) -> bool:
    """Whether two opposites are of the fifth that nothing is trained on, in either order."""
    return zlib.crc32("/".join(sorted((word, opposite))).encode()) % _HELD_OUT_PAIRS == 0


def _forms(word: str, pos: str) -> tuple[str, ...]:
    if pos != "v":
        return (word,)
    pasts = words.VERBS.get(word, (words.past(word),) * 2)
    return word, words.third(word), pasts[0]


def read_antonyms(path: Path) -> Antonyms:
    """The everyday opposites, and those of a file that are the first sense of both words.

    Args:
        path: a table of pairs with the columns pos, sense1 and sense2.

    Raises:
        DataError: the file cannot be read, lacks a column, or a row has no number for a sense.
    """
    file = open_pairs(path)
    for name in ("pos", "sense1", "sense2"):
        if name not in file.columns:
            raise DataError(f"{path} has no column {name!r}; opposites need pos, sense1 and sense2.")
    pairs = []
    for row in file:
        if row.error is not None:
            raise DataError(f"{file.where(row)}: {row.error}; {file.advice.row}.")
        senses = [str(row.values[name]) for name in ("sense1", "sense2")]
        pos = str(row.values["pos"])
        if pos not in words.OPPOSITES or not all(sense.isdigit() for sense in senses):
            raise DataError(
                f"{file.where(row)}: pos must be one of a, n, r, v and both senses whole numbers, "
                f"not {pos!r}, {senses[0]!r}, {senses[1]!r}; {file.advice.row}."
            )
        if senses == ["1", "1"] and all(word.isalpha() and word.islower() for word in row.sentences):
            pairs.append((row.sentences[0], row.sentences[1], pos))
    return Antonyms(tuple(dict.fromkeys((*EVERYDAY.pairs, *pairs))))


_LINKING = words.BE | frozenset(
    "feel feels felt seem seems seemed look looks looked become became get got be been".split()
)
_DEGREE = frozenset("very so quite really extremely too rather pretty more less being".split())
_WISHES = frozenset(
    "like likes liked love loves loved want wants wanted need needs needed prefer prefers hate hates wish and or than "
    "if every all each as most when how not both between years year old-fashioned any no".split()
)


def _antonym(sentence: _Sentence, rng: Random, antonyms: Antonyms) -> _Candidates:
    if sentence.is_question or sentence.is_negative:
        return
    known = set(sentence.words)
    for at, word in enumerate(sentence.words):
        for pos, opposite in antonyms.by_word.get(word, ()):
            if opposite in known or not _fits(sentence, at, pos):
                continue
            tokens = list(sentence.tokens)
            tokens[at] = opposite
            if at and tokens[at - 1].lower() in words.ARTICLES - {"the"}:
                tokens[at - 1] = tokens[at - 1][0]
            yield from _both(sentence, sentence.with_tokens(tokens), CONTRADICTION)


def _fits(sentence: _Sentence, at: int, pos: str) -> bool:
    """Whether a word stands where its part of speech does, and an opposite there makes the sentence another."""
    given = sentence.words
    before, after = given[at - 1] if at else "", given[at + 1] if at + 1 < len(given) else ""
    if pos == "v":
        return (before in words.PRONOUNS | words.NAMES and at == 1) or (
            before in words.MODALS and at == 2 and given[at] in words.VERBS
        )
    if pos == "r":
        return at == len(given) - 1 and at > 1
    if _WISHES & set(given):
        return False
    if pos == "n":
        return before in words.DETERMINERS and (after in words.BE or not after or after in _STOPS) and at < 4
    linked = before in _LINKING or (before in _DEGREE and at > 1 and given[at - 2] in _LINKING)
    if linked:
        return not after or after in {"in", "at", "today", "now", "and", "this", "here", "yesterday"}
    return before in words.DETERMINERS and after.isalpha() and after not in _STOPS | words.BE | words.HAVE


# --- Numbers ---------------------------------------------------------------------------------------------------------

_BY_WORD = {word: number for number, word in enumerate(words.NUMBERS) if number > 1} | {
    word: number for number, word in words.TENS.items()
}
_BY_NUMBER = {number: word for word, number in _BY_WORD.items()}
_NUMBER = re.compile(rf"(?<![\w:$.,'-])(\d{{1,4}}|{'|'.join(_BY_WORD)})(?![\w:%'-]|[.,]\d)", re.IGNORECASE)
_ROUGH = frozenset(
    "or about nearly almost around approximately least most over under than between only every of from to number "
    "chapter page room class hundred thousand million billion and times the all these those both other".split()
)
_HOUR = re.compile(
    r"\bat (two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[2-9]|1[0-2])(?:(:00)| (o'clock))?"
    r"(?=$|,| (?:in the (?:morning|evening|afternoon)|tomorrow|today|tonight|sharp|every|on|yesterday)\b)",
    re.IGNORECASE,
)


def _written(number: int, like: str) -> str:
    return str(number) if like.isdigit() or number not in _BY_NUMBER else _BY_NUMBER[number]


def _number(sentence: _Sentence, rng: Random) -> _Candidates:
    if sentence.is_question or sentence.is_negative:
        return
    hour = _HOUR.search(sentence.body)
    if hour:
        yield from _hours(sentence, hour, rng)
        return
    found = list(_NUMBER.finditer(sentence.body))
    if len(found) != 1:
        return
    match = found[0]
    head, tail = sentence.body[: match.start()], sentence.body[match.end() :]
    before, after = (
        ([*head.lower().split(), ""] or [""])[-2:][0] if head else "",
        (tail.lower().split() or [""])[0],
    )
    if {before, after} & _ROUGH or before.endswith(","):
        return
    value = int(match[0]) if match[0].isdigit() else _BY_WORD[match[0].lower()]

    def said(text: str) -> _Sentence:
        return sentence.with_body(f"{head}{text}{tail}")

    if value < 2:
        return
    other = _other_number(value, rng)
    yield from _both(sentence, said(_written(other, match[0])), CONTRADICTION)
    if value in _BY_NUMBER:
        same = said(_BY_NUMBER[value] if match[0].isdigit() else str(value))
        yield from _both(sentence, same, ENTAILMENT)
        if _counts(before, after) and value > 2:
            yield from _bounds(sentence, said, value, match[0], rng)


def _other_number(value: int, rng: Random) -> int:
    """Another number of about the same size, and as round."""
    step = 10 if value % 10 == 0 and value > 20 else 1
    near = [value + step * by for by in (-3, -2, -1, 1, 2, 3, 4)]
    return rng.choice([number for number in near if number > 1 and (number < 100 or value > 96)])


def _counts(before: str, after: str) -> bool:
    """Whether a number counts things."""
    plural = after in words.PLURALS or (after.endswith("s") and not after.endswith("ss") and after.isalpha())
    return plural and before not in {
        "in",
        "at",
        "by",
        "after",
        "before",
        "until",
        "my",
        "his",
        "her",
        "their",
        "our",
    }


def _bounds(
    sentence: _Sentence, said: Callable[[str], _Sentence], value: int, like: str, rng: Random
) -> _Candidates:
    """At least, more than, fewer than: what a count says of them, and they of it."""
    fewer, more = (_written(number, like) for number in (value - 1, value + rng.randint(1, 3)))
    yield from _one_way(said(rng.choice((f"more than {fewer}", f"at least {fewer}"))), sentence)
    yield from _one_way(
        said(rng.choice((f"fewer than {more}", f"at most {more}", f"less than {more}"))), sentence
    )
    yield from _both(sentence, said(rng.choice((f"more than {more}", f"fewer than {fewer}"))), CONTRADICTION)


def _hours(sentence: _Sentence, match: re.Match[str], rng: Random) -> _Candidates:
    """The hour in words and digits: the same, or another."""
    value = int(match[1]) if match[1].isdigit() else _BY_WORD[match[1].lower()]

    def said(hour: int) -> list[_Sentence]:
        forms = (_BY_NUMBER[hour], f"{hour}:00", f"{hour} o'clock", f"{_BY_NUMBER[hour]} o'clock")
        return [
            sentence.with_body(f"{sentence.body[: match.start(1)]}{form}{sentence.body[match.end() :]}")
            for form in forms
        ]

    same = [form for form in said(value) if form.body.lower() != sentence.body.lower()]
    yield from _both(sentence, rng.choice(same), ENTAILMENT)
    other = rng.choice([hour for hour in range(2, 13) if hour != value])
    yield from _both(sentence, rng.choice(said(other)), CONTRADICTION)


# --- Quantifiers -----------------------------------------------------------------------------------------------------

_PLURAL = r"(?:[a-z]+ )?(?:people|men|women|children|[a-z]{2,}[^su\W]s)\b"
_SWAPS: tuple[
    tuple[re.Pattern[str], tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...
] = tuple(
    (re.compile(pattern, re.IGNORECASE), weaker, stronger, against, same)
    for pattern, weaker, stronger, against, same in (
        # pattern; what follows from it; from what it follows; what it contradicts; what means the same
        (
            r"^all (?:of )?(?=(?:the|my|his|her|our|their|your|these|those) )",
            ("some of", "most of"),
            (),
            ("none of",),
            (),
        ),
        (rf"^all (?={_PLURAL})", ("some", "most", "many"), (), ("no",), ()),
        (rf"^most (?={_PLURAL})", ("some", "many"), ("all",), ("no", "few"), ()),
        (r"^most of (?=the )", ("some of",), ("all of",), ("none of",), ()),
        (r"^some of (?=the )", (), ("all of", "most of"), ("none of",), ()),
        (rf"^some (?={_PLURAL})", (), ("all", "most", "many"), ("no",), ()),
        (rf"^many (?={_PLURAL})", ("some",), (), ("no", "few"), ("a lot of", "lots of")),
        (rf"^several (?={_PLURAL})", ("some",), (), ("no",), ()),
        (
            r"^every (?!day|time|year|week|morning|night|now|other|once)",
            ("at least one",),
            (),
            ("no",),
            ("each",),
        ),
        (
            r"^(?:everybody|everyone)\b(?! else)",
            ("someone", "somebody"),
            (),
            ("nobody", "no one"),
            ("everybody", "everyone"),
        ),
        (
            r"^(?:somebody|someone)\b(?! else)",
            (),
            ("everybody", "everyone"),
            ("nobody", "no one"),
            ("somebody", "someone"),
        ),
        (r"^everything\b(?! else)", ("something",), (), ("nothing",), ()),
        (r"(?<= )always(?= )", ("sometimes", "often"), (), ("never", "rarely"), ()),
        (r"(?<= )sometimes(?= )", (), ("always",), ("never",), ("occasionally",)),
        (
            r"(?<= )(?:often|frequently)(?= )",
            ("sometimes",),
            ("always",),
            ("never", "rarely", "seldom"),
            ("often", "frequently"),
        ),
        (r"(?<= )usually(?= )", ("sometimes",), ("always",), ("never", "rarely"), ()),
        (r"(?<= )everything$", ("something",), (), ("nothing",), ()),
        (
            r"(?<= )(?:everyone|everybody)$",
            ("someone", "somebody"),
            (),
            ("nobody", "no one"),
            ("everybody", "everyone"),
        ),
        (r"(?<= )all of (?=the )", ("some of", "most of"), (), ("none of",), ()),
        (
            r"^(?:two|three|four|five|six|seven|eight|nine|ten) (?=(?:[a-z]+ )?(?:people|men|women|children|[a-z]{2,}[^su]s) )",
            ("some",),
            (),
            ("no",),
            (),
        ),
    )
)
_QUANTIFIED = re.compile(
    r"\b(?:all|every|each|everybody|everyone|everything|some|somebody|someone|something|most|many|several|any|both|if|"
    r"always|often|sometimes|usually|except|but|than|before|because|just|only|almost|nearly)\b",
    re.IGNORECASE,
)


def _quantifier(sentence: _Sentence, rng: Random) -> _Candidates:
    if sentence.is_question or sentence.is_negative:
        return
    for pattern, weaker, stronger, against, same in _SWAPS:
        match = pattern.search(sentence.body)
        if match is None:
            continue
        head, tail = sentence.body[: match.start()], sentence.body[match.end() :]
        if _QUANTIFIED.search(head) or _QUANTIFIED.search(tail):
            return
        gap = " " if match[0].endswith(" ") else ""

        def said(other: str, gap: str = gap, head: str = head, tail: str = tail) -> _Sentence:
            return sentence.with_body(f"{head}{other}{gap}{tail}")

        if weaker:
            yield from _one_way(said(rng.choice(weaker)), sentence)
        if stronger:
            yield from _one_way(sentence, said(rng.choice(stronger)))
        yield from _both(sentence, said(rng.choice(against)), CONTRADICTION)
        for other in same:
            if other != match[0].strip().lower():
                yield from _both(sentence, said(other), ENTAILMENT)
        return


# --- Roles -----------------------------------------------------------------------------------------------------------

_NAME = r"([A-Z][a-z]+)"
_TWO_NAMES = re.compile(rf"^{_NAME} ([a-z' ]+?) {_NAME}((?: [a-z ]+)?)$")
_AND_NAMES = re.compile(rf"^(.*?)\b{_NAME} and {_NAME}\b(.*)$")
_SYMMETRIC = frozenset("met married divorced resembles resembled meets marries dated dates".split())
_SYMMETRIC_PHRASES = re.compile(
    r"^(?:is|was|got|are) (?:married|engaged|related|similar|next|close) to$|^(?:is|was) (?:as \w+ as|with|beside|near)$|"
    r"^(?:danced|agreed|disagreed|argued|chatted|got along|broke up) with$"
)
_COMPARED = re.compile(r"\b(?:\w+er|more \w+|less \w+) than$")
_ONE_SIDED = re.compile(
    r"\b(?:" + "|".join(sorted(words.PAST.keys() | words.THIRD.keys() | words.GERUNDS.keys())) + r")\b"
)
_CLAUSE = re.compile(
    r"\b(?:that|if|and|or|but|who|when|because|while|like|told|said|thinks?|thought|knows?|knew|believes?|says|hopes?|wants|"
    r"wished|is|was|are|not|n't|never|heard|saw|sees|without|with|than|whether|as|how|what|where|let|made|him|her|himself|"
    r"herself|his)\b"
)
_PLACE = re.compile(
    r"^(an?|the) ([a-z]+) ((?:is |was |sitting |standing |lying |laying |is sitting |is standing |is lying )?)"
    r"(on top of|on|under|above|below|behind|in front of|inside|next to|beside|near) (an?|the) ([a-z]+)$",
    re.IGNORECASE,
)


def _role(sentence: _Sentence, rng: Random) -> _Candidates:
    if sentence.is_question or sentence.is_negative:
        return
    if sentence.body[0].isupper():
        yield from _names(sentence, rng)
    swapped = _animate_swap(sentence)
    if swapped is not None:
        yield from _both(sentence, swapped, NEUTRAL)
    place = _PLACE.match(sentence.body)
    if place and place[2].lower() != place[6].lower():
        first, noun, verb, how, second, other = place.groups()
        turned = sentence.with_body(f"{second} {other} {verb}{how} {first.lower()} {noun}")
        same = how in ("next to", "beside", "near")
        yield from _both(sentence, turned, ENTAILMENT if same else CONTRADICTION)


def _names(sentence: _Sentence, rng: Random) -> _Candidates:
    """Two persons who change places, under names drawn at random of the same sex."""
    pair = _AND_NAMES.match(sentence.body)
    if pair and _known(pair[2], pair[3]) and "respectively" not in sentence.words:
        a, b = _drawn(pair[2], pair[3], rng)
        head, tail = pair[1], pair[4]
        yield from _both(
            sentence.with_body(f"{head}{a} and {b}{tail}"),
            sentence.with_body(f"{head}{b} and {a}{tail}"),
            ENTAILMENT,
        )
        return
    match = _TWO_NAMES.match(sentence.body)
    if not match or not _known(match[1], match[3]):
        return
    between, tail = match[2], match[4]
    a, b = _drawn(match[1], match[3], rng)
    said, swapped = (sentence.with_body(f"{x} {between} {y}{tail}") for x, y in ((a, b), (b, a)))
    if _COMPARED.search(between):
        yield from _both(said, swapped, CONTRADICTION)
    elif between in _SYMMETRIC or _SYMMETRIC_PHRASES.match(between):
        yield from _both(said, swapped, ENTAILMENT)
    elif _ONE_SIDED.search(between) and not _CLAUSE.search(between + tail):
        yield from _both(said, swapped, NEUTRAL)


def _known(a: str, b: str) -> bool:
    return a.lower() in words.NAMES and b.lower() in words.NAMES and a != b


def _drawn(a: str, b: str, rng: Random) -> tuple[str, str]:
    """Two other names, each of its sex."""
    first = rng.choice(sorted(words.MEN if a.lower() in words.MEN else words.WOMEN))
    rest = (words.MEN if b.lower() in words.MEN else words.WOMEN) - {first}
    return first.title(), rng.choice(sorted(rest)).title()


_ANIMATE = re.compile(
    rf"^((?:the|an?|my|your|his|her|our|their) (?:[a-z]+ )?({'|'.join(sorted(words.PERSONS))})) "
    rf"((?:is |was |are |were )?(?:{'|'.join(sorted(words.PAST.keys() | words.THIRD.keys() | words.GERUNDS.keys()))})"
    rf"(?: at| to| for| on)?) "
    rf"((?:the|an?|my|your|his|her|our|their) (?:[a-z]+ )?({'|'.join(sorted(words.PERSONS))}))((?: [a-z ]+)?)$",
    re.IGNORECASE,
)


def _animate_swap(sentence: _Sentence) -> _Sentence | None:
    """Example: "The dog bit the man." -> "The man bit the dog."."""
    match = _ANIMATE.match(sentence.body)
    if match is None or match[2].lower() == match[5].lower() or _CLAUSE.search(match[6]):
        return None
    if set(match[3].lower().split()) & (_SYMMETRIC | {"is", "was", "are", "were"}):
        return None
    return sentence.with_body(f"{match[4]} {match[3]} {_small(match[1])}{match[6]}")


# --- Modifiers -------------------------------------------------------------------------------------------------------

_ADJECTIVES = frozenset(
    """
    red blue green yellow white black brown grey gray orange pink purple big small large little huge tiny tall short long
    old young new wooden metal plastic beautiful pretty ugly happy sad strange interesting expensive cheap clean dirty wet
    dry empty colorful bright dark heavy round square smart clever kind nice famous rich poor strong weak brave silver
    stone brick leather glass fat thin handsome elderly angry tired hungry lovely delicious silly boring lazy sick
    """.split()
)
_FIXED = re.compile(
    r"\b(?:white house|black hole|hot dog|black market|red cross|green card|new year|short story|little (?:bit|while|more|by)|"
    r"long (?:time|way|run|while)|short (?:time|cut|while)|big deal|old (?:age|days)|poor health|blue jeans|yellow pages|"
    r"new york|new zealand|dark side|high school|kind of|square (?:feet|meters|miles)|black belt|white wine|red wine|"
    r"fat free|glass of|pretty (?:good|much|well))\b",
    re.IGNORECASE,
)
_ADJECTIVE = re.compile(
    rf"\b(an?|the|my|his|her|our|their|your|this|that|two|three|four|some) ((?:{'|'.join(sorted(_ADJECTIVES))}) )"
    r"(?!and\b|or\b|as\b|than\b|that\b|in\b|on\b|at\b|is\b|are\b|to\b|of\b|for\b|one\b|ones\b|but\b|who\b|with\b|have\b)([a-z]+)",
    re.IGNORECASE,
)
_INTENSE = re.compile(
    r"(?<= )(?:very|really|extremely|so|incredibly|terribly) (?!much|many|well|that|far|few|little|long|as|often)"
)
_MANNER = frozenset(
    """
    quickly slowly carefully quietly loudly suddenly happily sadly easily gently softly politely calmly angrily secretly
    immediately finally eventually recently bravely patiently eagerly anxiously nervously silently seriously honestly
    deliberately accidentally unexpectedly beautifully brightly cheerfully clearly closely deeply fluently freely
    kindly neatly peacefully proudly rapidly repeatedly safely securely skillfully smoothly successfully tightly warmly
    """.split()
)
_WHEN = re.compile(
    r" (?:yesterday|today|tomorrow|tonight|last (?:night|week|month|year|summer|monday|sunday)|this (?:morning|afternoon|"
    r"evening|week|year)|every (?:day|morning|night|week|sunday|year)|in the (?:morning|afternoon|evening)|at night|"
    r"on (?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)s?|again|right now|together|alone|for (?:an|two|three) "
    r"hours?|for (?:a long time|many years))$",
    re.IGNORECASE,
)
_WHERE = re.compile(
    r" (?:in|on|near|at|beside|behind|under|during|next to|in front of|outside) (?:the|an?|his|her|my|their|our)"
    r"(?: [a-z]+){1,3}$",
    re.IGNORECASE,
)
_LEANS = frozenset(
    """
    is are was were be been being am look looks looking looked put puts placed set sets located live lives lived living stay
    stayed stays arrive arrived belong participate lie lies lay laying lying sit sits sat standing stand stands interested
    believe believes believed focused based depends depend insisted insist laugh laughed laughing part interest effect
    influence role impression tax eye call called succeed succeeded good bad better go goes went going work works worked
    angry mad surprised amazed disappointed and or up down out off of get got fall fell stare stared staring glanced
    point pointed pointing smiled smile shouted aim engaged involved covered dressed resting sitting hanging displayed
    seated perched mounted keep kept keeps leave left remain remained throw threw thrown seem that which who
    born turned turn built build pulled plays play hit knock knocked spend spent spends attached parked piled
    the a an his her my their our very to with from by for as than like about into
    """.split()
)
_UNIVERSAL = frozenset(
    "every all each no not never any only same most first last best worst if than whether when before until without "
    "everyone everybody everything always want wants wanted like likes need needs wish hope how what too enough unless "
    "nobody there would could should may might must few hardly rarely seldom or next other".split()
)


def _modifier(sentence: _Sentence, rng: Random) -> _Candidates:
    if sentence.is_question or sentence.is_negative or _UNIVERSAL & set(sentence.words):
        return
    if any(
        word.endswith("est") and word not in {"west", "rest", "forest", "test", "guest"}
        for word in sentence.words
    ):
        return
    shorter = [body for body in _shortened(sentence) if body.count(" ") >= 2]
    if shorter:
        yield from _one_way(sentence.with_body(rng.choice(shorter)), sentence)


def _shortened(sentence: _Sentence) -> Iterator[str]:
    body = sentence.body
    if not _FIXED.search(body):
        for match in _ADJECTIVE.finditer(body):
            article = "a" if match[1].lower() == "an" else match[1]
            vowel = article.lower() == "a" and match[3][0].lower() in "aeio"
            yield f"{body[: match.start(1)]}{article}{'n' * vowel} {body[match.start(3) :]}"
    for match in _INTENSE.finditer(body):
        yield body[: match.start()] + body[match.end() :]
    for at, word in enumerate(sentence.words):
        if (
            word in _MANNER
            and (at == len(sentence.words) - 1 or at == 1)
            and sentence.words[at - 1] not in words.BE
        ):
            yield " ".join(sentence.tokens[:at] + sentence.tokens[at + 1 :])
    for pattern in (_WHEN, _WHERE):
        match = pattern.search(body)
        if match and "," not in body:
            rest = body[: match.start()].lower().split()
            if len(rest) > 2 and rest[-1] not in _LEANS and not rest[-1].endswith("ing"):
                yield body[: match.start()]


# --- Active and passive ----------------------------------------------------------------------------------------------

_NOUN_PHRASE = (
    r"(?:(?:the|an?|my|your|his|her|our|their|this|that|these|those) (?:[a-z]+ ){0,2}?[a-z]+|[A-Z][a-z]+)"
)
_ACTIVES = {words.VERBS[v][0]: (v, "past") for v in words.TRANSITIVE} | {
    words.third(v): (v, "third") for v in words.TRANSITIVE
}
_GERUNDS = {words.gerund(v): v for v in words.TRANSITIVE}
_PRONOUN_OBJECT = {"i": "me", "he": "him", "she": "her", "we": "us", "they": "them", "you": "you"}
_SUBJECTS = rf"{_NOUN_PHRASE}|I|[Yy]ou|[Hh]e|[Ss]he|[Ww]e|[Tt]hey"
_TAIL = r"(?: (?:in|on|at|with|during|after|before|yesterday|today|last|this) ?[a-z ]*)?"
_OBJECTS = rf"{_NOUN_PHRASE}|me|him|us|them|you"
_ACTIVE = re.compile(
    rf"^({_SUBJECTS}) (?:((?:is|are|was|were) )?({'|'.join(sorted(_ACTIVES.keys() | _GERUNDS.keys()))})"
    rf"|(will|can|must|should|could) ({'|'.join(sorted(words.TRANSITIVE))})) ({_OBJECTS})({_TAIL})$"
)
_PASSIVE = re.compile(
    rf"^({_SUBJECTS}) (was|were|is being|are being|was being) ({'|'.join(sorted(words.VERBS[v][1] for v in words.TRANSITIVE))})"
    rf" by ({_OBJECTS})({_TAIL})$"
)
_FUNCTION = (
    words.BE | words.HAVE | words.MODALS | _STOPS | frozenset("not of on in at by did does do it one".split())
)


def _voice(sentence: _Sentence, rng: Random) -> _Candidates:
    if sentence.is_question or sentence.is_negative:
        return
    cased = sentence if sentence.body[0].isupper() else _Sentence(sentence.body, sentence.end)
    match = _ACTIVE.match(_phrase_case(cased.body))
    if match is None:
        return
    subject, helper, form, modal, base, thing, tail = match.groups()
    if (set(subject.lower().split()[1:]) | set(thing.lower().split()[1:])) & (
        _FUNCTION | _ACTIVES.keys() | words.DETERMINERS
    ):
        return
    if not _is_name_or_phrase(subject) or not _is_name_or_phrase(thing):
        return
    verb = base or (_GERUNDS.get(form) if helper else _ACTIVES.get(form, ("", ""))[0])
    if not verb:
        return
    said = partial(_passive, sentence, verb, form, helper, modal, tail)
    passive, agentless = said(subject, thing, True), said(subject, thing, False)
    yield from _both(sentence, passive, ENTAILMENT)
    yield from _one_way(agentless, rng.choice((sentence, passive)))
    denied = _negated(sentence) or sentence
    refused = _passive_not(passive)
    if denied is not sentence and refused is not None:
        yield from _both(*rng.choice(((sentence, refused), (passive, denied))), CONTRADICTION)
    if _is_person(subject) and _is_person(thing):
        yield from _both(sentence, said(thing, subject, True), NEUTRAL)


def _phrase_case(body: str) -> str:
    return _small(body) if body.split(" ", 1)[0].lower() in words.DETERMINERS else body


def _is_name_or_phrase(phrase: str) -> bool:
    return " " in phrase or phrase.lower() in words.NAMES | _PRONOUN_OBJECT.keys() | {
        "me",
        "him",
        "us",
        "them",
    }


def _is_person(phrase: str) -> bool:
    return phrase.split()[-1].lower() in words.PERSONS | words.NAMES | _PRONOUN_OBJECT.keys() | {
        "me",
        "him",
        "us",
        "them",
    }


_OBJECT_SUBJECT = {other: subject for subject, other in _PRONOUN_OBJECT.items()}


def _passive(
    sentence: _Sentence, verb: str, form: str | None, helper: str | None, modal: str | None, tail: str,
    agent: str, patient: str, named: bool,
) -> _Sentence:  # fmt: skip
    """The patient is done something by the agent."""
    patient = _OBJECT_SUBJECT.get(patient.lower(), patient)
    patient = "I" if patient == "i" else patient
    agent = _PRONOUN_OBJECT.get(agent.lower(), agent)
    last = patient.split()[-1].lower()
    plural = last in words.PLURALS | {"we", "they", "you"} or (
        last.endswith("s")
        and not last.endswith(("ss", "us"))
        and last not in words.NO_PLURALS
        and " " in patient
    )
    if modal:
        be = f"{modal} be"
    elif helper:
        tense = {"is": 0, "are": 0, "was": 1, "were": 1}[helper.strip()]
        be = (("is", "was"), ("are", "were"))[plural][tense] + " being"
        be = be.replace("is ", "am ") if patient == "I" else be
    elif form is not None and _ACTIVES[form][1] == "third" and form not in words.PAST:
        be = "am" if patient == "I" else "are" if plural else "is"
    else:
        be = "were" if plural else "was"
    by = f" by {agent}" if named else ""
    return sentence.with_body(f"{patient} {be} {words.VERBS[verb][1]}{by}{tail}")


def _passive_not(passive: _Sentence) -> _Sentence | None:
    body = re.sub(r" (was|were|is|are|am|will|can|must|should|could) ", r" \1 not ", passive.body, count=1)
    return passive.with_body(body.replace("can not", "cannot"))


# --- Paraphrases -----------------------------------------------------------------------------------------------------

_PAIRS = [tuple(line.split("|")) for line in words.PHRASES.strip().splitlines()]
_SAME: dict[str, list[str]] = {}
for _a, _b in _PAIRS:
    _SAME.setdefault(_a, []).append(_b)
    _SAME.setdefault(_b, []).append(_a)
_PHRASE = re.compile(
    r"(?<![\w'-])(" + "|".join(map(re.escape, sorted(_SAME, key=len, reverse=True))) + r")(?![\w'-])",
    re.IGNORECASE,
)
_TIMES = r"(yesterday|tomorrow|last (?:night|week|month|year)|this (?:morning|afternoon|evening)|every (?:day|morning|sunday))"
_TIME_LAST = re.compile(rf"^(.+) {_TIMES}$", re.IGNORECASE)
_TIME_FIRST = re.compile(rf"^{_TIMES},? (.+)$", re.IGNORECASE)


def _paraphrase(sentence: _Sentence, rng: Random) -> _Candidates:
    others = list(_same(sentence, rng))
    if not others:
        return
    other = rng.choice(others)
    yield from _both(sentence, other, ENTAILMENT)
    negated = _negated(other) or _unnegated(other)
    if negated is not None:
        yield from _both(sentence, negated, CONTRADICTION)


def _same(sentence: _Sentence, rng: Random) -> Iterator[_Sentence]:
    for match in _PHRASE.finditer(sentence.body):
        other = rng.choice(_SAME[match[0].lower()])
        yield sentence.with_body(sentence.body[: match.start()] + other + sentence.body[match.end() :])
    if sentence.is_question:
        return
    last, first = _TIME_LAST.match(sentence.body), _TIME_FIRST.match(sentence.body)
    if (
        last
        and "," not in sentence.body
        and sentence.words[0] in words.PRONOUNS | words.NAMES | words.DETERMINERS
    ):
        yield sentence.with_body(f"{last[2]}, {_small(last[1])}")
    elif first and "," not in first[2]:
        yield sentence.with_body(f"{first[2]} {first[1].lower()}")


# --- All kinds -------------------------------------------------------------------------------------------------------

_RULES: dict[str, _Rule] = {
    "negation": _negation,
    "number": _number,
    "quantifier": _quantifier,
    "role": _role,
    "modifier": _modifier,
    "voice": _voice,
    "paraphrase": _paraphrase,
}


def make_edits(
    kind: str, sentences: Iterable[str], *, seed: int = 0, antonyms: Antonyms | None = None
) -> Iterator[Edit]:
    """Edit every sentence that a kind has a rule for: at most one edit a label, chosen by the sentence and the seed.

    Args:
        kind: one of `KINDS`.
        sentences: one a line, in any case; those that are questions, quoted, too long or too short are left out.
        seed: another one makes other edits of the same sentences.
        antonyms: opposites for the kind "antonym"; the everyday ones if None.

    Raises:
        InputError: no such kind.

    Example: "negation", ["He likes tea."] -> Edit("He likes tea.", "He does not like tea.", "contradiction"), …
    """
    if kind not in KINDS:
        raise InputError(f"there is no kind of edit {kind!r}; use one of {', '.join(KINDS)}.")
    rule = partial(_antonym, antonyms=antonyms or EVERYDAY) if kind == "antonym" else _RULES[kind]
    for raw in sentences:
        sentence = _sentence(raw)
        if sentence is None:
            continue
        rng = Random(zlib.crc32(f"{seed} {kind} {sentence.text}".encode()))
        by_label: dict[str, list[Edit]] = {}
        for premise, hypothesis, label in rule(sentence, rng):
            if premise.text.lower() != hypothesis.text.lower():
                by_label.setdefault(label, []).append(Edit(premise.text, hypothesis.text, label))
        yield from map(rng.choice, by_label.values())
