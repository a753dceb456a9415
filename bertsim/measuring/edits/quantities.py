"""Numbers and quantifiers: how many, at what hour, all or some.

A count is taken as exact, as in SNLI: "two dogs" and "three dogs" contradict each other, and "at least two" follows
from "three".
"""

from __future__ import annotations

import re
from functools import partial
from random import Random

from bertsim.measuring.edits import words
from bertsim.measuring.edits.sentences import AGAINST, LESS, SAME, Candidates, Sentence

_BY_NUMBER = dict(enumerate(words.NUMBERS[2:], 2)) | dict(zip(range(20, 100, 10), words.TENS, strict=True))
_BY_WORD = {word: number for number, word in _BY_NUMBER.items()}
_NUMBER = re.compile(rf"(?<![\w:$.,'-])(\d{{1,4}}|{words.any_of(_BY_WORD)})(?![\w:%'-]|[.,]\d)", re.IGNORECASE)
_INEXACT, _POSSESSED = words.sets_of("number", "inexact possessed")
# Behind a number: what it counts. "Two years later" counts nothing that could be more or fewer.
_COUNTED = re.compile(
    r" (?!\w+ (?:ago|later|late|early|old|away|long|high|tall|before|after)\b)"
    rf"(?:{words.any_of(words.PLURALS)}|[a-z]*(?<!s)s)(?= |$)"
)
_HOUR = re.compile(
    rf"(?i)\bat (({words.any_of(words.NUMBERS[2:13])}|[2-9]|1[0-2])(?::00| o'clock)?)"
    r"(?=$|,| (?:in the (?:morning|evening|afternoon)|tomorrow|today|tonight|sharp|every|on|yesterday)\b)"
)


def number(sentence: Sentence, rng: Random) -> Candidates:
    """Another number: contradiction. The same in digits or words: entailment. At least so many: one way."""
    if sentence.is_question or sentence.negations:
        return
    if hour := _HOUR.search(sentence.body):
        value = _value(hour[2])
        yield sentence, sentence.with_match(hour, _hour(value, rng), 1), SAME
        other = rng.choice([other for other in range(2, 13) if other != value])
        yield sentence, sentence.with_match(hour, _hour(other, rng), 1), AGAINST
        return
    found = list(_NUMBER.finditer(sentence.body))
    if len(found) != 1:
        return
    match = found[0]
    value, like, tail = _value(match[0]), match[0], sentence.body[match.end() :].lower()
    before = (sentence.body[: match.start()].lower().split() or [""])[-1]
    after = (tail.split() or [""])[0]
    if {before, after} & _INEXACT or before.endswith(",") or value < 2:
        return
    yield sentence, sentence.with_match(match, _written(_another(value, rng), like)), AGAINST
    if value in _BY_NUMBER:
        yield sentence, sentence.with_match(match, _BY_NUMBER[value] if like.isdigit() else str(value)), SAME
        if 2 < value < 100 and before not in _POSSESSED and _COUNTED.match(tail):
            yield from _bounds(sentence, match, value, rng)


def _value(text: str) -> int:
    return int(text) if text.isdigit() else _BY_WORD[text.lower()]


def _hour(value: int, rng: Random) -> str:
    """One of the ways to write an hour."""
    return rng.choice(("{0}", "{1}:00", "{1} o'clock", "{0} o'clock")).format(_BY_NUMBER[value], value)


def _written(value: int, like: str) -> str:
    """A number as another one is written. Example: 4, "two" -> "four"; 4, "2" -> "4"."""
    return str(value) if like.isdigit() or value not in _BY_NUMBER else _BY_NUMBER[value]


def _another(value: int, rng: Random) -> int:
    """Another number of about the same size, and as round; one that has a word where this has one."""
    step = 10 if value % 10 == 0 and value > 10 else 1
    near = (value + step * by for by in (-3, -2, -1, 1, 2, 3, 4))
    return rng.choice([each for each in near if each > 1 and (each in _BY_NUMBER or value not in _BY_NUMBER)])


def _bounds(sentence: Sentence, match: re.Match[str], value: int, rng: Random) -> Candidates:
    """At least, more than, fewer than: what a count says of them, and they of it."""
    fewer, more = (_written(other, match[0]) for other in (value - 1, value + 1))
    for bounds, labels in (
        ((f"more than {fewer}", f"at least {fewer}"), LESS),
        ((f"fewer than {more}", f"at most {more}", f"less than {more}"), LESS),
        ((f"more than {more}", f"fewer than {fewer}", f"at least {more}", f"at most {fewer}"), AGAINST),
    ):
        yield sentence, sentence.with_match(match, rng.choice(bounds)), labels


_THINGS = r"(?=(?:[a-z]+ )?(?:people|men|women|children|[a-z]{2,}[^su\W]s) (?!who|that|which))"
_THEIRS = r"(?=(?:the|my|his|her|our|their|your|these|those) )"
_ALONE = r"(?= (?!else|who|that|in|but|except|is an?\b))"
# A quantifier, and what may stand in its place: weaker, what follows from it; stronger, what it follows from; against,
# what cannot be true beside it; what means the same.
_QUANTIFIERS = (
    (rf"^all (?:of )?{_THEIRS}", "some of|most of", "", "none of", ""),
    (rf"^all {_THINGS}", "some|most|many", "", "no", ""),
    (rf"^most {_THINGS}", "some|many", "all", "no|few", ""),
    (rf"^most of {_THEIRS}", "some of", "all of", "none of", ""),
    (rf"^some of {_THEIRS}", "", "all of|most of", "none of", ""),
    (rf"^some {_THINGS}", "", "all|most|many", "no", ""),
    (rf"^many {_THINGS}", "some", "", "no|few", "a lot of|lots of"),
    (rf"^several {_THINGS}", "some", "", "no", ""),
    (rf"^no {_THINGS}", "", "", "all|some|many|two", ""),
    (r"^every (?!day|time|year|week|morning|night|now|other|once)", "at least one", "", "no", "each"),
    (rf"^(?:everybody|everyone){_ALONE}", "someone|somebody", "", "nobody|no one", "everybody|everyone"),
    (rf"^(?:somebody|someone){_ALONE}", "", "everybody|everyone", "nobody|no one", "somebody|someone"),
    (rf"^everything{_ALONE}", "something", "", "nothing", ""),
    (r"(?<= )always(?= (?!been))", "sometimes|often", "", "never|rarely", ""),
    (r"(?<= )sometimes(?= )", "", "always", "never", "occasionally"),
    (r"(?<= )(?:often|frequently)(?= )", "sometimes", "always", "never|rarely|seldom", "often|frequently"),
    (r"(?<= )usually(?= )", "sometimes", "always", "never|rarely", ""),
    (r"(?<= )everything$", "something", "", "nothing", ""),
    (r"(?<= )(?:everyone|everybody)$", "someone|somebody", "", "nobody|no one", "everybody|everyone"),
    (r"(?<= )all of (?=the )", "some of|most of", "", "none of", ""),
    (rf"^(?:{words.any_of(words.NUMBERS[2:11])}) {_THINGS}", "some|at least two", "", "no", ""),
)
_OTHERS = re.compile(rf"\b(?:{words.any_of(words.listed('quantifier', 'others'))})\b", re.IGNORECASE)


def quantifier(sentence: Sentence, rng: Random) -> Candidates:
    """Fewer: entailment, and the other way neutral. None: contradiction. Other words for it: entailment."""
    if sentence.is_question or sentence.negations > (sentence.words[0] == "no"):
        return
    for place, weaker, stronger, against, same in _QUANTIFIERS:
        match = re.search(place, sentence.body, re.IGNORECASE)
        if match is None:
            continue
        if _OTHERS.search(sentence.body[: match.start()]) or _OTHERS.search(sentence.body[match.end() :]):
            return
        said = partial(_said, sentence, rng, match)
        if weaker:
            yield sentence, said(weaker), LESS
        if stronger:
            yield said(stronger), sentence, LESS
        yield sentence, said(against), AGAINST
        if same:
            yield sentence, said(same), SAME
        return


def _said(sentence: Sentence, rng: Random, match: re.Match[str], others: str) -> Sentence:
    """The sentence with another quantifier, drawn from those between bars."""
    drawn = rng.choice([other for other in others.split("|") if other != match[0].lower()])
    return sentence.with_match(match, f"{drawn} ")
