"""Calls that wait at the same time are answered together, and each gets what is its own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any, TypeVar

import pytest

from bertsim.errors import InputError
from bertsim.ui import together
from bertsim.ui.together import Together

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives, run in a thread of its own: a browser's loop may run in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def test_calls_that_wait_are_answered_in_one_lot_and_a_call_alone_at_once():
    lots: list[list[int]] = []
    begun, go = Event(), Event()

    def double(key: str, values: Sequence[int]) -> list[int]:
        lots.append(list(values))
        begun.set()
        assert go.wait(10)
        return [2 * value for value in values]

    async def ask() -> list[int]:
        doubled = Together(double)
        first = asyncio.create_task(doubled.ask("two", 0))
        await asyncio.to_thread(begun.wait, 10)
        others = [asyncio.create_task(doubled.ask("two", value)) for value in range(1, 100)]
        await asyncio.sleep(0)
        go.set()
        return await asyncio.gather(first, *others)

    assert run(ask()) == [2 * value for value in range(100)]
    assert [len(lot) for lot in lots] == [1, together.MOST, 99 - together.MOST]


def test_what_is_wrong_with_one_is_told_to_that_one_and_a_bug_to_all():
    def inverse(key: str, values: Sequence[int]) -> list[float]:
        if any(value == 0 for value in values):
            raise InputError(f"one of {len(values)} is 0")
        return [1 / value if value > 0 else [][value] for value in values]

    async def ask(*values: int) -> list[object]:
        inverted = Together(inverse)
        return await asyncio.gather(*(inverted.ask("", value) for value in values), return_exceptions=True)

    one, wrong, four = run(ask(1, 0, 4))
    assert (one, four) == (1.0, 0.25)
    assert isinstance(wrong, InputError)
    assert str(wrong) == "one of 1 is 0"
    assert [type(each) for each in run(ask(-1, 2))] == [IndexError, IndexError]


def test_keys_are_answered_apart_and_who_gave_up_costs_nothing():
    asked: list[tuple[str, list[int]]] = []
    go = Event()

    def same(key: str, values: Sequence[int]) -> list[int]:
        asked.append((key, list(values)))
        assert key == "quick" or go.wait(10)
        return list(values)

    async def ask() -> None:
        kept = Together(same)
        slow = [asyncio.create_task(kept.ask("slow", value)) for value in range(3)]
        await asyncio.sleep(0)
        late = [asyncio.create_task(kept.ask("slow", value)) for value in (3, 4)]
        assert await kept.ask("quick", 7) == 7
        late[0].cancel()
        await asyncio.sleep(0)
        go.set()
        assert await asyncio.gather(*slow, late[1]) == [0, 1, 2, 4]
        assert not kept._gathered

    run(ask())
    assert ("quick", [7]) in asked
    assert not any(3 in values for _, values in asked)


def test_scores_of_one_lot_are_those_of_each_pair_alone(model):
    from bertsim.ui.api import _score_pairs

    pairs = [("A plane is taking off.", "An aeroplane departs."), ("\u2603", "A dog barks."), ("A dog.", "A cat.")]
    lot = _score_pairs((model, "cosine"), pairs)
    alone = [_score_pairs((model, "cosine"), [pair])[0] for pair in pairs]
    assert [each.pop("score") for each in lot] == pytest.approx([each.pop("score") for each in alone], abs=5e-3)
    assert lot == alone
    assert "nothing was read of sentence A" in lot[1]["withheld"]
