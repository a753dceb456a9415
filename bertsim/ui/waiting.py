"""Gradio's queue, bounded: what may wait, who may have how much of it, and what a call leaves behind.

In: calls as they arrive. Out: the same calls in Gradio's queue, or a refusal of one sentence that says when to try
again. Gradio keeps the answers that nobody fetched; of these the latest are kept here.

Source: `gradio.queueing.Queue`, whose attributes these are; the version is pinned.
"""

from __future__ import annotations

import asyncio
import inspect
import math
import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Self

import gradio as gr
from fastapi import HTTPException, Request
from gradio.blocks import BlockFunction
from gradio.queueing import Event, ProcessTime, Queue
from gradio.route_utils import get_fn
from gradio.server_messages import CloseStreamMessage

from bertsim.errors import InputError
from bertsim.ui.calls import MANY_QUEUE
from bertsim.ui.guard import BYTES
from bertsim.ui.lane import SHORT
from bertsim.ui.sessions import LONGEST_NAME
from bertsim.ui.shelf import PATIENCE, BusyError, Loading, Shelf
from bertsim.ui.taken import taken_of
from bertsim.views.markup import sendable

MAX_THREADS = 128
"""Events that run at the same time, more than all queues together allow: none takes the last one from another."""
MOST_WAITING, MOST_BYTES = 200, 64_000_000
"""Calls that wait in one queue, and bytes of what all those ask that wait or run; each is kept twice, as sent and read.
"""
MAX_WAIT, LONGEST_CALL = 60.0, 3600.0
"""Seconds that the calls of one queue may have before them, by what such calls took until now; that a call can take."""
PROXIES = 8
"""Addresses at the end of what proxies say that are looked at, for every call that waits and every one that comes."""
MOST_LONG = 8
"""Calls of more characters than are short in the slow lane that have a place of `MANY_QUEUE` at the same time."""
UNREAD, UNREAD_BYTES = 256, 64_000_000
"""Visitors whose answers are kept although nobody listens, and about how many bytes all of these have."""
BEHIND = 16_000_000
"""Bytes of answers that may wait for a visitor who listens, and takes none."""
ESTIMATES = 2.0
"""Seconds between two messages to everyone who waits; Gradio's own way is one at every start of any event."""
_STAYS = "stays"
"""Stands among the pending events of the session that all MCP tools go through, so that its stream has no end: one that
ends when nothing is on its way may end while a call comes in, whose answer would be lost.
"""


@dataclass
class _Wait:
    """How a call waits for its encoder: until that has come, or cannot, for so long at most; then it holds it.

    Attributes:
        encoder: what it names; None: nothing that it waits for.
        until: of `time.monotonic`.
        loading: the encoder, once that has begun to come.
    """

    encoder: Any
    until: float
    loading: Loading | None = None

    @classmethod
    def of(cls, fn: BlockFunction, data: Sequence[Any]) -> Self:
        """That of a call with these arguments; the page's own wait elsewhere."""
        if fn.api_visibility != "public" or not fn.fn:
            return cls(None, 0.0)
        named = dict(zip(inspect.signature(fn.fn).parameters, data, strict=False))
        return cls(named.get("encoder", ""), time.monotonic() + PATIENCE)

    def lasts(self, shelf: Shelf) -> bool:
        """Whether it goes on."""
        if self.encoder is None or time.monotonic() > self.until:
            return False
        try:
            if self.loading is None or self.loading.is_lost:  # in whose place the bundled one may come
                self.loading = shelf.ask(None if self.encoder == "" else self.encoder, again=self.loading is None)
        except BusyError:
            return True
        except InputError:  # which is told to the call
            return False
        return not self.loading.future.done()


class _Took(ProcessTime):
    """What calls took until now; the clock may be set meanwhile, and what it says then counts for nothing."""

    def add(self, time: float) -> None:
        if 0 <= time < LONGEST_CALL:
            super().add(time)


class Waiting(Queue):
    """The queue of an app.

    Args:
        blocks: the app, whose queue it becomes.
        shelf: its models.
        share: calls of one visitor that may wait or run at the same time; 0: as many as there is room for.

    Attributes:
        is_stopping: whether new calls are refused because the app ends.
    """

    def __init__(self, blocks: gr.Blocks, shelf: Shelf, share: int = 0) -> None:
        super().__init__(False, MAX_THREADS, ESTIMATES, None, blocks)
        self.shelf, self.share, self.is_stopping = shelf, share, False
        self.process_time_per_fn: defaultdict[BlockFunction, ProcessTime] = defaultdict(_Took)
        self._reading: Counter[str] = Counter()  # by session, streams that are open
        self._unread: OrderedDict[str, int] = OrderedDict()  # bytes of answers by session, the oldest first
        blocks._queue = self

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits, runs or is being read."""
        pending = (self.pending_event_ids_session.get(session, set()) for session in self._reading)
        return not self.event_ids_to_events and not any(each - {_STAYS} for each in pending)

    async def push(self, body: Any, request: Request, username: str | None) -> Any:
        """Let a call in, as Gradio's own.

        Raises:
            HTTPException: 503, where too much waits or the app ends, 429 where it is this visitor's share; on the page,
                which says nothing of a 503, it is 429 always. 422, where it is no event that the page has.
        """
        if body.fn_index not in self.blocks.fns or body.batched:
            raise HTTPException(422, f"there is no event {body.fn_index}; load the page anew.")
        if len(body.session_hash or "") > LONGEST_NAME:
            raise HTTPException(422, f"session_hash has more than {LONGEST_NAME} characters; load the page anew.")
        fn = get_fn(self.blocks, None, body)
        full = 429 if fn.api_visibility == "private" else 503
        session = self.blocks.app.state_holder.session_data.get(body.session_hash)
        try:
            body.data = taken_of(fn, body.data, body.event_data, session.blocks_config.blocks if session else {})
        except InputError as error:
            raise HTTPException(422, sendable(str(error))) from error
        wait = _Wait.of(fn, body.data)
        is_held = wait.lasts(self.shelf)
        if self.is_stopping:
            raise _refusal(full, "This app is about to start anew", 30)
        waiting = self.event_queue_per_concurrency_id.get(fn.concurrency_id)
        if waiting and waiting.queue:
            ahead = [event for event in waiting.queue if self._is_held(event) == is_held]
            before, known = len(ahead), {event.fn for event in ahead} & self.process_time_per_fn.keys()
            longest = max((self.process_time_per_fn[each].avg_time for each in known), default=0)
            seconds = before * longest / (waiting.concurrency_limit or MAX_THREADS)
            if before >= MOST_WAITING or seconds > MAX_WAIT:
                raise _refusal(full, f"Too many have asked before you ({before:,} wait)", min(seconds, MAX_WAIT))
        asked = [event.request.scope.get(BYTES, 0) for event in self.event_ids_to_events.values()]
        if asked and sum(asked) + request.scope.get(BYTES, 0) > MOST_BYTES:
            raise _refusal(full, "Too much text has come before yours", 5)
        if self.share and (who := visitor(request, body.session_hash)):
            own = sum(visitor(event.request, event.session_hash) == who for event in self.event_ids_to_events.values())
            if own >= self.share:
                raise _refusal(429, f"{own} of your requests wait or run, which is your share of this app", 1)
        if body.session_hash in self._reading and self._unread_bytes(body.session_hash) > BEHIND:
            raise _refusal(429, "The answers that you asked for before are not being fetched", 1)
        found = await super().push(body, request, username)
        if event := self.event_ids_to_events.get(found[1]):
            event.wait = wait
        if request.headers.get("x-gradio-user") == "mcp" and body.session_hash in self.pending_event_ids_session:
            self.pending_event_ids_session[body.session_hash].add(_STAYS)
            self._loop = asyncio.get_running_loop()
        return found

    def get_events(self) -> Any:
        """The events that run next.

        What waits for an encoder takes nobody's place meanwhile, and long ones, which wait for each other in the slow
        lane, leave places for others.
        """
        is_full = sum(_is_long(job[0]) for job in self.active_jobs if job) >= MOST_LONG
        whole = [(each, each.queue) for each in self.event_queue_per_concurrency_id.values()]
        for each, events in whole:
            each.queue = [event for event in events if not (self._is_held(event) or (is_full and _is_long(event)))]
        found = super().get_events()
        for each, events in whole:
            each.queue = [event for event in events if not found or event not in found[0]]
        return found

    def _is_held(self, event: Event) -> bool:
        """Whether an event waits for its encoder."""
        if not hasattr(event, "wait"):
            event.wait = _Wait.of(event.fn, event.data.data or ())
        return bool(event.wait.lasts(self.shelf))

    def let_go(self) -> None:
        """End the streams that have no end: the app does. From any thread."""
        for session in list(self._reading):
            messages = self.pending_messages_per_session.get(session)  # none, where it ends just now
            if messages and _STAYS in self.pending_event_ids_session.get(session, set()):
                self._loop.call_soon_threadsafe(messages.put_nowait, CloseStreamMessage())

    def send_message(self, event: Event, event_message: Any) -> None:
        """Send to whoever listens, or will; nothing where that was given up."""
        if event.session_hash in self.pending_messages_per_session:
            super().send_message(event, event_message)

    async def process_events(self, events: list[Event], *args: Any) -> None:
        """Run events of one function, as Gradio's own; then make room."""
        try:
            await super().process_events(events, *args)
        finally:
            for session in {event.session_hash for event in events} - self._reading.keys():
                self._unread[session] = self._unread_bytes(session)
            while len(self._unread) > UNREAD or sum(self._unread.values()) > UNREAD_BYTES:
                self._forget(self._unread.popitem(last=False)[0])

    async def remove_from_queue(self, event_id: str) -> None:
        """Take a call back; what it leaves goes as answers do that nobody fetched."""
        event = self.event_ids_to_events.get(event_id)
        await super().remove_from_queue(event_id)
        if event and event.session_hash not in self._reading:
            self._unread.setdefault(event.session_hash, 0)

    def _unread_bytes(self, session: str) -> int:
        """About how many bytes the messages have that wait for a session."""
        messages: Any = self.pending_messages_per_session.get(session)
        return sum(500 + _bytes(getattr(each, "output", None)) for each in messages._queue) if messages else 0

    def session_of(self, event_id: str) -> str:
        """The session of an event; a call that brought none goes by the event's id, which is all that is left later."""
        event = self.event_ids_to_events.get(event_id)
        return event.session_hash if event else event_id

    def has_told_all(self, session: str) -> bool:
        """Whether a visitor asks who has had every answer: one that is quick is there before the page knows its id.

        The page then asks for it once more.
        """
        return session in self.blocks.app.state_holder.session_data and session not in self.pending_messages_per_session

    @contextmanager
    def reading(self, session: str) -> Iterator[None]:
        """While a session's answers are being fetched: they are kept; those that were fetched are let go."""
        self._reading[session] += 1
        self._unread.pop(session, None)
        try:
            yield
        finally:
            self._reading[session] -= 1
            if not self._reading[session]:
                del self._reading[session]
                self.pending_event_ids_session.get(session, set()).discard(_STAYS)
                if self.pending_event_ids_session.get(session):  # whoever fetched has hung up before the end
                    self._unread[session] = self._unread_bytes(session)
                else:
                    self._forget(session)

    def _forget(self, session: str) -> None:
        if session not in self._reading:
            self.pending_messages_per_session.pop(session, None)
            self.pending_event_ids_session.pop(session, None)


def visitor(request: Request, session: str | None) -> str | None:
    """Who asks: the address, or the session where a proxy hides it; None: it cannot be told.

    A proxy appends the address that it was asked from to a header, so the last public one there is no visitor's lie.

    Example: asked by 10.0.0.7 with "X-Forwarded-For: 6.6.6.6, 203.0.113.9" -> "203.0.113.9"
    """
    told = request.headers.get("x-forwarded-for", "").rsplit(",", PROXIES)[-PROXIES:]
    for address in (request.client.host if request.client else "", *reversed(told)):
        try:
            if ip_address(address.strip()).is_global:
                return address.strip()
        except ValueError:
            continue
    return session


def _is_long(event: Event) -> bool:
    """Whether an event is of many sentences, and brings more characters than are short; counted once."""
    if not hasattr(event, "is_long"):
        is_many = event.fn.concurrency_id == MANY_QUEUE["concurrency_id"]
        event.is_long = is_many and _characters(event.data.data) > SHORT
    return bool(event.is_long)


def _characters(value: Any, depth: int = 3) -> int:
    """How many there are in the texts of an event: texts, lists of these, and of pairs; what lies deeper is none."""
    if isinstance(value, list) and depth:
        return sum(_characters(each, depth - 1) for each in value)
    return len(value) if isinstance(value, str) else 0


def _bytes(value: Any) -> int:
    """About how many a value of JSON has; of a long list by its first, which its others are like."""
    if isinstance(value, dict | list):
        parts = [*value.values()] if isinstance(value, dict) else value
        few = parts[: len(parts) if len(parts) < 100 else 1]
        return 100 + sum(map(_bytes, few)) * len(parts) // max(len(few), 1)
    return len(value) if isinstance(value, str) else 30


def _refusal(status: int, sentence: str, seconds: float) -> HTTPException:
    """A refusal that says when to try again."""
    wait = max(1, math.ceil(seconds))
    told = f"{sentence}; try again in {wait} second{'s' if wait > 1 else ''}."
    return HTTPException(status, told, {"Retry-After": str(wait)})
