"""Calls that wait at the same time, answered together: many pairs cost the encoder little more than one.

In: values, each awaited by its own call. Out: the answer of each. While one lot is being answered the next gathers, so
that a call alone never waits for company.
"""

from __future__ import annotations

from asyncio import Future, Task, create_task, get_running_loop
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from bertsim.errors import BertsimError

MOST = 64
"""Values that are answered together."""
THREADS = 4
"""Keys whose values are answered at the same time."""
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
R = TypeVar("R")


class Together(Generic[K, V, R]):
    """A function of many values, called by many who have one each.

    Args:
        answer: is given a key and at least one value of it, and returns as many answers; it runs in a thread, one call
            of a key at a time. Where it raises a `BertsimError` of several, each is tried alone, so that what is wrong
            with one is told to that one.
    """

    def __init__(self, answer: Callable[[K, Sequence[V]], Sequence[R]]) -> None:
        self._answer = answer
        self._gathered: dict[K, list[tuple[V, Future[R]]]] = {}
        self._running: set[Task[None]] = set()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="bertsim-together")

    async def ask(self, key: K, value: V) -> R:
        """The answer of one value, together with those of its key that wait too; raises what `answer` raises of it."""
        future: Future[R] = get_running_loop().create_future()
        waiting = self._gathered.get(key)
        if waiting is None:
            self._gathered[key] = [(value, future)]
            self._running.add(task := create_task(self._run(key)))
            task.add_done_callback(self._running.discard)
        else:
            waiting.append((value, future))
        return await future

    async def _run(self, key: K) -> None:
        """Answer what has gathered, until nothing has."""
        while waiting := self._gathered[key]:
            lot, self._gathered[key] = waiting[:MOST], waiting[MOST:]
            lot = [(value, future) for value, future in lot if not future.cancelled()]  # who left waits for nothing
            values = [value for value, _ in lot]
            answers = await get_running_loop().run_in_executor(self._threads, self._answers, key, values)
            for (_, future), answer in zip(lot, answers, strict=True):
                if not future.cancelled():
                    future.set_exception(answer) if isinstance(answer, BaseException) else future.set_result(answer)
        del self._gathered[key]

    def _answers(self, key: K, values: Sequence[V]) -> Sequence[R | BaseException]:
        """The answer of every value, or what is wrong with it."""
        try:
            return self._answer(key, values) if values else []
        except BertsimError as error:
            return [error] if len(values) == 1 else [self._answers(key, [value])[0] for value in values]
        except BaseException as error:  # noqa: BLE001 - whoever waits for the answer gets it, bugs included
            return [error] * len(values)
