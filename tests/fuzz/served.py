"""The served app: its endpoints over HTTP in both versions, over MCP, the events of its page, and any other request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from tests.fuzz.client import API, served_app
from tests.fuzz.inputs import ENCODERS, FILE_DATA, JSON, KEYS, SCORERS, TEXTS, changed_json
from tests.fuzz.route import ANSWERED, REFUSED, Fault, Made, route

ENDPOINTS: dict[str, dict[str, Any]] = {
    "score": {"sentence_a": TEXTS, "sentence_b": TEXTS, "scorer": SCORERS, "encoder": ENCODERS},
    "compare": {"sentence_a": TEXTS, "sentence_b": TEXTS, "encoder": ENCODERS},
    "embed": {"sentence": TEXTS, "encoder": ENCODERS},
    "tokens": {"sentence_a": TEXTS, "sentence_b": TEXTS, "encoder": ENCODERS},
    "attention": {
        **{"sentence_a": TEXTS, "sentence_b": TEXTS, "encoder": ENCODERS},
        **{"layer": st.integers(-2, 8), "head": st.integers(-2, 14)},
    },
    "score_many": {"pairs": st.lists(st.lists(TEXTS, max_size=3), max_size=3), "scorer": SCORERS, "encoder": ENCODERS},
    "rank": {
        **{"query": TEXTS, "sentences": st.lists(TEXTS, max_size=3), "scorer": SCORERS, "rerank": SCORERS},
        **{"top": st.integers(-1, 5), "encoder": ENCODERS},
    },
    "matrix": {
        **{"sentences": st.lists(TEXTS, max_size=3), "others": st.lists(TEXTS, max_size=3)},
        **{"scorer": SCORERS, "encoder": ENCODERS},
    },
    "embed_many": {"sentences": st.lists(TEXTS, max_size=3), "encoder": ENCODERS},
}
MCP_ACCEPT = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}


@st.composite
def _arguments(draw: st.DrawFn) -> tuple[str, Any]:
    """An endpoint and its arguments: some wrong, missing, of another name or too many."""
    name = draw(st.sampled_from(list(ENDPOINTS)))
    asked = {key: draw(value) for key, value in ENDPOINTS[name].items() if draw(st.integers(0, 9))}
    for _ in range(draw(st.sampled_from((0, 1, 1, 2)))):
        key = draw(st.sampled_from(list(ENDPOINTS[name])) | KEYS)
        asked[key] = draw(JSON | FILE_DATA)
    return name, asked


def _body(value: Any) -> bytes:
    return json.dumps(value).encode()


@st.composite
def _raw(draw: st.DrawFn, value: Any) -> bytes:
    """JSON that is hardly any: damaged, too deep, with constants, numbers without end, a key twice."""
    whole = _body(value)
    return draw(
        st.sampled_from(
            (
                *(
                    b"",
                    b"null",
                    b"[]",
                    b"{}",
                    b"1e9999",
                    b"[" * 20_000,
                    b'{"data":' * 5_000,
                    b"\xff\xfe{}",
                    b'"\\ud800"',
                ),
                *(whole[:-1], whole + b"}", whole.replace(b":", b": NaN,", 1), b"\x00" + whole, whole * 2),
                *(
                    b'{"sentence_a":"a","sentence_a":"b","sentence_b":"c"}',
                    b'{"data":["a","b",' + b"9" * 10_000 + b"]}",
                ),
            )
        )
    )


@route
def api_v2(place: Path) -> Iterator[Made]:
    """Endpoints as README calls them: arguments by name."""
    with served_app() as (_, client):

        def attempt(given: tuple[str, Any, Any]) -> str:
            name, asked, raw = given
            return client.call(f"{API}/call/v2/{name}", raw if raw is not None else _body(asked))

        named = st.sampled_from(("nothing", "compare_pair", "..", "score/", "%00", "v2")) | st.sampled_from(
            list(ENDPOINTS)
        )
        wrong = named.flatmap(
            lambda name: st.tuples(st.just(name), JSON, st.none() | _raw({"sentence_a": "a", "sentence_b": "b"}))
        )
        right = _arguments().map(lambda both: (*both, None))
        yield right | right | right | wrong, attempt


@route
def api_v1(place: Path) -> Iterator[Made]:
    """Endpoints by place: {"data": […]}."""
    with served_app() as (_, client):

        def attempt(given: tuple[str, Any]) -> str:
            name, asked = given
            return client.call(f"{API}/call/{name}", asked if isinstance(asked, bytes) else _body(asked))

        def placed(both: tuple[str, Any]) -> tuple[str, Any]:
            return both[0], {"data": list(both[1].values())}

        data = st.fixed_dictionaries(
            {"data": st.lists(JSON | FILE_DATA, max_size=5)}, optional={"session_hash": JSON, "simple_format": JSON}
        )
        named = st.sampled_from(("nothing", "compare_pair", "follow", "rank_1", "swap")) | st.sampled_from(
            list(ENDPOINTS)
        )
        wrong = named.flatmap(lambda name: st.tuples(st.just(name), data | JSON | _raw({"data": ["a", "b"]})))
        yield _arguments().map(placed) | wrong, attempt


@route
def mcp(place: Path) -> Iterator[Made]:
    """Tools over JSON-RPC, and messages that are hardly any."""
    with served_app() as (_, client):

        def attempt(given: Any) -> str:
            body = given if isinstance(given, bytes) else _body(given)
            status, said = client.ask("POST", f"{API}/mcp/", body, **MCP_ACCEPT)
            if status == 200 and '"isError":false' in said.replace(" ", ""):
                return ANSWERED
            if status == 200 and "Traceback" in said:
                raise Fault("a traceback in an answer")
            return REFUSED

        base = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
        tool = _arguments().map(lambda both: base | {"params": {"name": both[0], "arguments": both[1]}})
        call = base | {"params": {"name": "score", "arguments": {"sentence_a": "a", "sentence_b": "b"}}}
        methods = ("initialize", "tools/list", "ping", "resources/list", "resources/read", "prompts/get", "x", "")
        other = st.tuples(st.sampled_from(methods), JSON).map(
            lambda both: base | {"method": both[0], "params": both[1]}
        )
        yield tool | changed_json(call) | other | _raw(call), attempt


@route
def page_events(place: Path) -> Iterator[Made]:
    """Events as the browser sends them, with values that it would never send, and links in the address."""
    with served_app() as (app, client):
        fns = [fn for fn in app.blocks.fns.values() if fn.fn and fn.api_visibility == "private"]
        own = {fn._id: [getattr(block, "value", None) for block in fn.inputs] for fn in fns}
        boxes = [block._id for block in app.blocks.blocks.values()]
        number = iter(range(10**9))

        @st.composite
        def events(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
            fn = draw(st.sampled_from(fns))
            data = list(own[fn._id])
            if len(data) > 1:
                data[-2:] = draw(st.sampled_from(("saw", "meets", "layers", "nothing"))), next(number)
            for _ in range(draw(st.sampled_from((0, 1, 1, 2))) if data else 0):
                data[draw(st.integers(0, len(data) - 1))] = draw(TEXTS | JSON | FILE_DATA)
            if not draw(st.integers(0, 9)):
                data = draw(st.lists(JSON, max_size=4))
            pressed = st.fixed_dictionaries({"key": JSON | st.sampled_from(("0", "a3", "2-3", "reset", "across"))})
            body = {
                **{"data": data, "fn_index": fn._id, "session_hash": f"fuzz{next(number) % 9}"},
                **{"event_data": draw(pressed | st.just({"index": 1, "value": "x"}) | JSON)},
                **{"trigger_id": draw(st.none() | st.sampled_from(boxes) | st.integers(-1, 999))},
            }
            if not draw(st.integers(0, 9)):
                body[draw(st.sampled_from(("fn_index", "trigger_id", "simple_format", "batched", "event_id")))] = draw(
                    JSON
                )
            return draw(links), body

        links = st.dictionaries(
            st.sampled_from(("a", "b", "tab", "mode", "encoder", "mask", "q", "lines", "layer")), TEXTS, max_size=2
        )
        yield (
            events().map(lambda both: (urlencode(both[0], errors="replace"), both[1])),
            lambda given: client.join(*given),
        )


@route
def http(place: Path) -> Iterator[Made]:
    """Whatever path, method and headers."""
    with served_app() as (_, client):
        places = (
            *["file=", "proxy=", "stream/", "component_server", "cancel", "reset", "upload"],
            "run/score",
            "api/score",
        )
        places += (
            *("queue/data", "queue/status", "call/score/x", "deep_link", "info"),
            "runs",
            "custom_component/x/client/y/z",
            "upload_progress",
            "vibe-code",
            "heartbeat/",
            "mcp/",
            "mcp/schema",
        )
        tails = (
            "",
            "/",
            "/etc/passwd",
            "http://127.0.0.1:1/",
            "../../../../etc/passwd",
            "..%2f..%2fetc/passwd",
            "%00",
            "x" * 5000,
            "?session_hash=x",
            "?upload_id=",
        )
        paths = st.tuples(
            st.sampled_from((f"{API}/", "/")),
            st.sampled_from(places) | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20),
            st.sampled_from(tails),
        )
        others = st.sampled_from(
            (
                "/static/../../etc/passwd",
                "/assets/..%2f..%2f..%2fx",
                "/svelte/../x",
                "/pwa_icon/9999999",
                "/monitoring/x",
                "/config?deep_link=../x",
                "/?page=x",
                "/?deep_link=a",
                "/login",
                "/theme.css",
            )
        )

        def attempt(given: tuple[str, str, Any, dict[str, str]]) -> str:
            method, path, body, headers = given
            if method == "GET" and "heartbeat/" in path:
                return REFUSED  # a stream without end
            status, said = client.ask(
                method,
                quote(path, safe="/?=&%:.;,@!*'()[]"),
                None if method in ("GET", "HEAD") else _body(body),
                **headers,
            )
            if "root:x:0" in said:
                raise Fault("a file outside its folder")
            return ANSWERED if status < 400 else REFUSED

        headers = st.dictionaries(
            st.sampled_from(
                (
                    "X-Forwarded-For",
                    "X-Forwarded-Host",
                    "X-Forwarded-Proto",
                    "Range",
                    "Accept",
                    "Accept-Encoding",
                    "Cookie",
                    "Referer",
                )
            ),
            st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12),
            max_size=2,
        )
        methods = st.sampled_from(("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"))
        yield st.tuples(methods, paths.map("".join) | others, JSON, headers), attempt
