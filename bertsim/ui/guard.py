"""What may be asked of a served app, by whom and how: its hosts, origins and routes, and what a body holds.

In: ASGI requests. Out: the same requests, or a refusal of one sentence; whatever is answered says how it may be used.
Gradio has routes that this page needs not: they fetch what an address names, write, or end with a traceback. Here only
what is needed is there. A body is read whole, in time, and is strict JSON that an endpoint can take.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import math
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qs, urlsplit

import httpx2
from fastapi import Request
from fastapi.datastructures import Headers
from fastapi.responses import JSONResponse
from gradio.route_utils import API_PREFIX

from bertsim.errors import BertsimError, InputError

if TYPE_CHECKING:
    import gradio as gr
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_SECONDS = 30.0
"""Seconds that a body may take to arrive; one of files has as long as it likes."""
MAX_DEPTH, MAX_VALUES = 100, 200_000
"""Lists and objects within each other in a body: more than any call has, less than what reads it next can take; values
in all of them: while millions are looked at, for seconds, nobody else is answered.
"""
BYTES, MAX_HELD = "bertsim.bytes", 64_000_000
"""Where a request says how many its body has; so many may have come of all that are not answered yet."""
FILES = "/files/"
"""What paths of visitors' files begin with; who serves them reads their bodies."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SPACE = "https://huggingface.co"
_CALLED = re.compile(rf"{API_PREFIX}/call/(v2/)?([^/]+)/?")
_READ = (
    r"/|/card\.png|/healthz|/readyz|/config/?|/theme\.css|/favicon\.ico|/robots\.txt|/manifest\.json"
    r"|/(assets|static)(/[\w.@+-]{1,255}){1,8}"  # longer names, and more of them, no file can have
    rf"|{API_PREFIX}/((info|app_id|user|token|login_check|startup-events|queue/(data|status))/?"
    r"|openapi\.json|theme\.css|heartbeat/[\w-]{1,100}|call/(v2/)?[^/]+/[^/]+/?)"
)
_SENT = rf"{_CALLED.pattern}|{API_PREFIX}/(queue/join|cancel|reset|upload)/?"
_OTHER_PAGES = {"page", "deep_link"}
_MCP = rf"{API_PREFIX}/mcp(/((http|schema)/?)?)?"  # nor its older way, in which answers wait that nobody reads
_ROUTES = {
    **{"GET": f"{_READ}|{_MCP}", "HEAD": f"{_READ}|{_MCP}", "POST": f"{_SENT}|{_MCP}", "DELETE": _MCP},
    "OPTIONS": f"{_READ}|{_SENT}|{_MCP}",
}


class Guard:
    """ASGI middleware of an app, before all others.

    Args:
        app: what is behind it.
        blocks: the built app, whose public functions are the endpoints.
        host: that it listens on; on this machine alone, only its own names are answered to, and those of `hosts`.
        hosts: further names that it goes by, of a proxy before it.
        max_body: bytes of a body that is not of files.
    """

    def __init__(self, app: ASGIApp, blocks: gr.Blocks, host: str, hosts: str, max_body: int) -> None:
        self.app, self._blocks, self._max_body, self._held = app, blocks, max_body, 0
        self._is_local = host in _LOOPBACK
        self._hosts = {*_LOOPBACK, *(each.strip().lower() for each in hosts.split(",") if each.strip())}
        is_space = bool(os.environ.get("SPACE_ID"))
        framed = f"'self' {_SPACE} https://*.hf.space" if is_space else "'self'"
        self._origins = {_SPACE} if is_space else set()
        says = {"x-content-type-options": "nosniff", "referrer-policy": "same-origin"}
        says |= {"content-security-policy": f"frame-ancestors {framed}"}
        says |= {} if is_space else {"x-frame-options": "SAMEORIGIN"}
        self._says = [(name.encode(), value.encode()) for name, value in says.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is refused; let the others pass."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here speaks over a websocket
            await send({"type": "websocket.close", "code": 1008})
            return

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *self._says]}
            await send(message)

        headers = Headers(scope=scope)
        refused = self._is_refused(scope, headers)
        is_file = headers.get("content-type", "").startswith("multipart/") or scope["path"].startswith(FILES)
        is_json = scope["method"] == "POST" and not is_file
        scope[BYTES] = 0
        try:
            if refused is None and is_json:
                try:
                    body = await asyncio.wait_for(self._read(scope, receive), BODY_SECONDS)
                except TimeoutError:
                    refused = 408, f"the request did not arrive within {BODY_SECONDS:.0f} seconds; send it once more."
                except BertsimError as error:
                    refused = 503, str(error)
                else:
                    receive = _once(body, receive)
                    refused = self._is_no_call(scope["path"], body)
            await (self.app if refused is None else refusal(*refused))(scope, receive, say)
        finally:
            self._held -= scope[BYTES]

    def _is_refused(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Status and sentence, where nobody may ask this, or not from there."""
        named = (headers.get(each, "").partition(",")[0].strip() for each in ("x-forwarded-host", "host"))
        host, server = next(filter(None, named), ""), headers.get("x-gradio-server", "").partition(",")[0]
        wrong = [each for each in (f"http://{host}", server) if not _is_address(each)]
        if wrong:
            return 400, f"{wrong[0][:80]!r} is no address of a host; give the name that this app is asked by."
        name = _name_of(f"//{headers.get('host', '')}")
        if self._is_local and name not in self._hosts and name != _name_of(self._blocks.share_url or ""):
            return 403, f"this app is not {name[:80]!r}; whoever runs it can say so by BERTSIM_HOSTS."
        origin = headers.get("origin")
        if origin is not None and origin not in self._origins and not _is_of(origin, host):
            return 403, f"this app does not answer other sites, such as {origin[:80]}; ask it from a program."
        if _OTHER_PAGES & parse_qs(scope["query_string"].decode("latin-1")).keys():
            return 404, "there is one page here, and it has no deep links of Gradio's; its own begin with ?a=."
        routes, path = _ROUTES.get(scope["method"]), scope["path"]
        is_there = routes and re.fullmatch(routes, path, re.ASCII)
        if not is_there and not path.startswith(FILES):
            asked = f"{scope['method']} {path[:80]}"
            return 404, f"there is nothing at {asked}; {API_PREFIX}/openapi.json has what there is."
        return None

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """A whole body; None where it is too large, or who sends it has gone. Raises: BertsimError, where none fits."""
        parts = list[bytes]()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            parts.append(message.get("body", b""))
            scope[BYTES] += len(parts[-1])
            self._held += len(parts[-1])
            if scope[BYTES] > self._max_body:
                return None
            if self._held > MAX_HELD:
                raise BertsimError("too much text is on its way; try again in 5 seconds.")
            if not message.get("more_body"):
                return b"".join(parts)

    def _is_no_call(self, path: str, body: bytes | None) -> tuple[int, str] | None:
        """Status and sentence, where a body is none that can be read, or is no call of the endpoint."""
        if body is None:
            return 413, f"the request is too large; {self._max_body:,} bytes are the most."
        try:
            asked = strict_json(body)
            called = _CALLED.fullmatch(path)
            if re.fullmatch(_MCP, path):
                _check_echoed(asked)
                return None
            if not isinstance(asked, dict):
                raise InputError(f"the request is a {type(asked).__name__}; a JSON object, {{…}}, was expected.")
            if called:
                if called[2] not in self._endpoints:
                    there = ", ".join(self._endpoints)
                    return 404, f"there is no endpoint {called[2][:40]!r}; there are {there}."
                if called[1]:
                    _check_named(called[2], asked, self._endpoints[called[2]])
                elif not isinstance(asked.get("data"), list):
                    raise InputError('the request has no list of arguments; {"data": […]} was expected.')
        except InputError as error:
            return 422, str(error)
        return None

    @cached_property
    def _endpoints(self) -> dict[str, Mapping[str, inspect.Parameter]]:
        """The parameters of every public endpoint, by name."""
        public = [fn for fn in self._blocks.fns.values() if fn.fn and fn.api_visibility == "public"]
        return {str(fn.api_name): inspect.signature(fn.fn).parameters for fn in public if fn.fn}


def refusal(status: int, sentence: str) -> JSONResponse:
    """An answer that says in one sentence why there is none."""
    again = {"Retry-After": "5"} if status == 503 else None
    return JSONResponse({"detail": sentence.encode(errors="backslashreplace").decode()}, status, again)


async def refuse_fields(request: Request, error: Exception) -> JSONResponse:
    """The answer to a request whose fields are not those that a route takes, in place of FastAPI's, which quotes it."""
    told = [(".".join(map(str, each["loc"][1:])), each["msg"]) for each in getattr(error, "errors", list)()]
    name, why = told[0] if told else ("", "it cannot be read")
    return refusal(422, f"the request's {name or 'body'}: {why[:120]}.")


def _check_echoed(asked: Any) -> None:
    """Raise InputError where what an answer repeats of a request cannot be sent back."""
    told = [asked.get(name) for name in ("id", "method", "jsonrpc")] if isinstance(asked, dict) else asked
    try:
        json.dumps(told, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InputError("the request's id or method holds half a surrogate pair; send whole characters.") from None


def strict_json(body: bytes) -> Any:
    """A body as JSON has it: no NaN, no number without end, no name twice in one object, and not nested too deep.

    Raises:
        InputError: it is none.
    """
    too_deep = f"the request is nested too deep; {MAX_DEPTH} lists and objects within each other are the most."
    too_many = f"the request holds more than {MAX_VALUES:,} values; split it, and send one part after another."
    if body.count(b"[") + body.count(b"{") > MAX_VALUES:  # of which reading alone takes long
        raise InputError(too_many)
    try:
        asked = json.loads(body, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_each_once)
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"the request is no JSON: {str(error).partition(';')[0][:120]}.") from None
    except RecursionError:
        raise InputError(too_deep) from None
    layer, values = [asked], 0
    for _ in range(MAX_DEPTH + 1):
        layer = [each for held in layer if isinstance(held, dict | list) for each in _held_by(held)]
        values += len(layer)
        if values > MAX_VALUES:
            raise InputError(too_many)
    if layer:
        raise InputError(too_deep)
    return asked


def _held_by(asked: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return asked.values() if isinstance(asked, dict) else asked


def _no_constant(name: str) -> NoReturn:
    raise InputError(f"the request holds {name}, which JSON does not have.")


def _finite(written: str) -> float:
    if math.isinf(number := float(written)):
        raise InputError(f"the request holds {written[:20]}, which no number can be.")
    return number


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise InputError(f"the request names {twice[:40]!r} twice in one object; give it once.")
    return found


def _check_named(endpoint: str, asked: Mapping[str, Any], known: Mapping[str, inspect.Parameter]) -> None:
    """Raise InputError where arguments by name are not those of an endpoint."""
    if unknown := [name for name in asked if name not in known]:
        raise InputError(f"{endpoint} has no {unknown[0][:40]!r}; it takes {', '.join(known)}.")
    if missing := [name for name, each in known.items() if each.default is each.empty and name not in asked]:
        raise InputError(f"{endpoint} needs {' and '.join(missing)}; it takes {', '.join(known)}.")


def _once(body: bytes | None, receive: Receive) -> Receive:
    """What gives a body that was read already, then goes on as before."""
    left = [body or b""]

    async def again() -> Message:
        return {"type": "http.request", "body": left.pop(), "more_body": False} if left else await receive()

    return again


def _name_of(address: str) -> str:
    """The host of an address, "" where there is none. Example: "//[::1]:80" -> "::1"."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _is_address(written: str) -> bool:
    """Whether Gradio can read an address."""
    try:
        httpx2.URL(written)
    except httpx2.InvalidURL:
        return False
    return True


def _is_of(origin: str, host: str) -> bool:
    """Whether a page of this origin is one of this host; a port that a proxy leaves out counts for nothing."""
    try:
        ours, theirs = urlsplit(f"//{host}"), urlsplit(origin)
        port = theirs.port or {"http": 80, "https": 443}.get(theirs.scheme)
        return bool(theirs.hostname) and theirs.hostname == ours.hostname and ours.port in (None, port)
    except ValueError:
        return False
