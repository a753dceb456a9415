"""Numbers and quantifiers: how many, at what hour, all or some.

A count is taken as exact, as in SNLI: "two dogs" and "three dogs" contradict each other, and "at least two" follows
from "three".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bertsim.measuring.edits import words
from bertsim.measuring.edits.sentences import (
    CONTRADICTION,
    ENTAILMENT,
    Candidates,
    Sentence,
    both_ways,
    one_way,
)
from bertsim.measuring.edits.words import word_set

_BY_WORD = {word: number for number, word in enumerate(words.NUMBERS) if number > 1} | {
    word: number for number, word in words.TENS.items()
}
_BY_NUMBER = {number: word for word, number in _BY_WORD.items()}
_NUMBER = re.compile(rf"(?<![\w:$.,'-])(\d{{1,4}}|{'|'.join(_BY_WORD)})(?![\w:%'-]|[.,]\d)", re.IGNORECASE)
# Next to a number: it is not said exactly, it is part of another number, or it names a thing.
_INEXACT = word_set(
    """
    or about nearly almost around approximately least most over under than between only every of from to
    number first last next lesson position numeral chapter page room class hundred thousand million billion
    and times the all these those both other within past half quarter minus plus into station route flight bus
    line dollars one
    """
)
_POSSESSED = word_set("in at by after before until my his her their our your since for")
_LATER = re.compile(r"\w+ (?:ago|later|late|early|old|away|long|high|tall|before|after)\b")
_HOUR = re.compile(
    rf"\bat ({'|'.join(words.NUMBERS[2:13])}|[2-9]|1[0-2])(?::00| o'clock)?"
    r"(?=$|,| (?:in the (?:morning|evening|afternoon)|tomorrow|today|tonight|sharp|every|on|yesterday)\b)",
    re.IGNORECASE,
)


def number(sentence: Sentence, rng: Random) -> Candidates:
    """Another number: contradiction. The same in digits or words: entailment. At least so many: one way."""
    if sentence.is_question or sentence.negations:
        return
    hour = _HOUR.search(sentence.body)
    if hour:
        yield from _hours(sentence, hour, rng)
        return
    found = list(_NUMBER.finditer(sentence.body))
    if len(found) != 1:
        return
    start, end = found[0].span()
    head, tail, like = sentence.body[:start], sentence.body[end:], found[0][0]
    before, after = (head.lower().split() or [""])[-1], (tail.lower().split() or [""])[0]
    value = int(like) if like.isdigit() else _BY_WORD[like.lower()]
    if {before, after} & _INEXACT or before.endswith(",") or value < 2:
        return

    def said(text: str) -> Sentence:
        return sentence.with_body(f"{head}{text}{tail}")

    yield from both_ways(sentence, said(_written(_another(value, rng), like)), CONTRADICTION)
    if value in _BY_NUMBER:
        yield from both_ways(sentence, said(_BY_NUMBER[value] if like.isdigit() else str(value)), ENTAILMENT)
        if 2 < value < 100 and _counts(before, after) and not _LATER.match(tail.strip().lower()):
            yield from _bounds(sentence, said, value, like, rng)


def _written(value: int, like: str) -> str:
    """A number as another one is written. Example: 4, "two" -> "four"; 4, "2" -> "4"."""
    return str(value) if like.isdigit() or value not in _BY_NUMBER else _BY_NUMBER[value]


def _another(value: int, rng: Random) -> int:
    """Another number of about the same size, and as round; one that has a word where this has one."""
    step = 10 if value % 10 == 0 and value > 10 else 1
    near = [value + step * by for by in (-3, -2, -1, 1, 2, 3, 4)]
    return rng.choice(
        [other for other in near if other > 1 and (other in _BY_NUMBER or value not in _BY_NUMBER)]
    )


def _counts(before: str, after: str) -> bool:
    """Whether a number counts things."""
    return before not in _POSSESSED and (
        after in words.PLURALS or (after.endswith("s") and not after.endswith("ss") and after.isalpha())
    )


def _bounds(
    sentence: Sentence, said: Callable[[str], Sentence], value: int, like: str, rng: Random
) -> Candidates:
    """At least, more than, fewer than: what a count says of them, and they of it."""
    fewer, more = (_written(other, like) for other in (value - 1, value + 1))
    yield from one_way(said(rng.choice((f"more than {fewer}", f"at least {fewer}"))), sentence)
    yield from one_way(
        said(rng.choice((f"fewer than {more}", f"at most {more}", f"less than {more}"))), sentence
    )
    against = said(
        rng.choice((f"more than {more}", f"fewer than {fewer}", f"at least {more}", f"at most {fewer}"))
    )
    yield from both_ways(sentence, against, CONTRADICTION)


def _hours(sentence: Sentence, match: re.Match[str], rng: Random) -> Candidates:
    """The hour in words and digits: the same, or another."""
    value = int(match[1]) if match[1].isdigit() else _BY_WORD[match[1].lower()]
    head, tail = sentence.body[: match.start(1)], sentence.body[match.end() :]

    def said(hour: int) -> Sentence:
        form = rng.choice(("{0}", "{1}:00", "{1} o'clock", "{0} o'clock"))
        return sentence.with_body(f"{head}{form.format(_BY_NUMBER[hour], hour)}{tail}")

    yield from both_ways(sentence, said(value), ENTAILMENT)
    yield from both_ways(
        sentence, said(rng.choice([hour for hour in range(2, 13) if hour != value])), CONTRADICTION
    )


@dataclass(frozen=True)
class _Quantifier:
    """What may stand in a quantifier's place.

    Attributes:
        place: finds it.
        weaker: what follows from it; stronger: what it follows from.
        against: what cannot be true beside it.
        same: what means the same.
    """

    place: re.Pattern[str]
    weaker: tuple[str, ...] = ()
    stronger: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    same: tuple[str, ...] = ()


def _at(place: str, weaker: str = "", stronger: str = "", against: str = "", same: str = "") -> _Quantifier:
    lists = (tuple(filter(None, text.split("|"))) for text in (weaker, stronger, against, same))
    return _Quantifier(re.compile(place, re.IGNORECASE), *lists)


_THINGS = r"(?=(?:[a-z]+ )?(?:people|men|women|children|[a-z]{2,}[^su\W]s) (?!who|that|which))"
_THEIRS = r"(?=(?:the|my|his|her|our|their|your|these|those) )"
_ALONE = r"(?= (?!else|who|that|in|but|except|is an?\b))"
_QUANTIFIERS = (
    _at(rf"^all (?:of )?{_THEIRS}", "some of|most of", "", "none of"),
    _at(rf"^all {_THINGS}", "some|most|many", "", "no"),
    _at(rf"^most {_THINGS}", "some|many", "all", "no|few"),
    _at(rf"^most of {_THEIRS}", "some of", "all of", "none of"),
    _at(rf"^some of {_THEIRS}", "", "all of|most of", "none of"),
    _at(rf"^some {_THINGS}", "", "all|most|many", "no"),
    _at(rf"^many {_THINGS}", "some", "", "no|few", "a lot of|lots of"),
    _at(rf"^several {_THINGS}", "some", "", "no"),
    _at(rf"^no {_THINGS}", "", "", "all|some|many|two"),
    _at(r"^every (?!day|time|year|week|morning|night|now|other|once)", "at least one", "", "no", "each"),
    _at(rf"^(?:everybody|everyone){_ALONE}", "someone|somebody", "", "nobody|no one", "everybody|everyone"),
    _at(rf"^(?:somebody|someone){_ALONE}", "", "everybody|everyone", "nobody|no one", "somebody|someone"),
    _at(rf"^everything{_ALONE}", "something", "", "nothing"),
    _at(r"(?<= )always(?= (?!been))", "sometimes|often", "", "never|rarely"),
    _at(r"(?<= )sometimes(?= )", "", "always", "never", "occasionally"),
    _at(r"(?<= )(?:often|frequently)(?= )", "sometimes", "always", "never|rarely|seldom", "often|frequently"),
    _at(r"(?<= )usually(?= )", "sometimes", "always", "never|rarely"),
    _at(r"(?<= )everything$", "something", "", "nothing"),
    _at(r"(?<= )(?:everyone|everybody)$", "someone|somebody", "", "nobody|no one", "everybody|everyone"),
    _at(r"(?<= )all of (?=the )", "some of|most of", "", "none of"),
    _at(rf"^(?:{'|'.join(words.NUMBERS[2:11])}) {_THINGS}", "some|at least two", "", "no"),
)  # fmt: skip
_OTHERS = re.compile(
    r"\b(?:all|every|each|everybody|everyone|everything|some|somebody|someone|something|most|many|several|any|both|if|"
    r"always|often|sometimes|usually|except|but|than|before|because|just|only|almost|nearly|when|same|how|others?|hope|want|"
    r"wish)\b",
    re.IGNORECASE,
)


def quantifier(sentence: Sentence, rng: Random) -> Candidates:
    """Fewer: entailment, and the other way neutral. None: contradiction. Other words for it: entailment."""
    if sentence.is_question or sentence.negations > (sentence.words[0] == "no"):
        return
    for known in _QUANTIFIERS:
        match = known.place.search(sentence.body)
        if match is None:
            continue
        head, tail = sentence.body[: match.start()], sentence.body[match.end() :]
        if _OTHERS.search(head) or _OTHERS.search(tail):
            return
        here = match[0].strip().lower()

        def said(others: tuple[str, ...], match: re.Match[str] = match) -> Sentence:
            return sentence.with_body(
                f"{sentence.body[: match.start()]}{rng.choice(others)}"
                f"{' ' * match[0].endswith(' ')}{sentence.body[match.end() :]}"
            )

        if known.weaker:
            yield from one_way(said(known.weaker), sentence)
        if known.stronger:
            yield from one_way(sentence, said(known.stronger))
        yield from both_ways(sentence, said(known.against), CONTRADICTION)
        same = tuple(other for other in known.same if other != here)
        if same:
            yield from both_ways(sentence, said(same), ENTAILMENT)
        return
