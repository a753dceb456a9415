"""The endpoints as MCP tools: a real client lists them, reads their schemas and calls them."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from bertsim.model.loading import BUNDLED_NAME

pytestmark = pytest.mark.slow

A, B = "A plane is taking off.", "An aeroplane departs."


def talk(app_url: str, say: Callable[[ClientSession], Awaitable[Any]]) -> Any:
    """Open a session as an agent would, and say something in it."""

    async def session() -> Any:
        async with (
            streamable_http_client(f"{app_url}gradio_api/mcp/") as (reads, writes, _),
            ClientSession(reads, writes) as client,
        ):
            await client.initialize()
            return await say(client)

    # In a thread of its own: Playwright's loop may run in this one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(session())).result()


def test_the_endpoints_are_tools_with_documented_schemas(app_url):
    tools = {tool.name: tool for tool in talk(app_url, lambda client: client.list_tools()).tools}
    many = {"score_many", "rank", "matrix", "embed_many"}
    assert set(tools) == {"score", "compare", "embed", "tokens", "attention"} | many
    for tool in tools.values():
        assert tool.description
        for name, described in tool.inputSchema["properties"].items():
            assert described["type"] in ("string", "integer", "array"), (tool.name, name)
            assert len(described["description"]) > 5, (tool.name, name)
    score = tools["score"].inputSchema
    assert score["required"] == ["sentence_a", "sentence_b"]
    assert score["properties"]["scorer"]["default"] == "cosine"
    assert tools["attention"].inputSchema["properties"]["layer"]["type"] == "integer"
    strings = {"type": "array", "items": {"type": "string"}}
    assert strings.items() <= tools["rank"].inputSchema["properties"]["sentences"].items()
    assert strings.items() <= tools["matrix"].inputSchema["properties"]["others"].items()
    assert tools["matrix"].inputSchema["required"] == ["sentences"]
    assert tools["score_many"].inputSchema["properties"]["pairs"]["items"] == strings


def test_a_tool_gives_the_core_s_score(app_url, model):
    said = talk(app_url, lambda client: client.call_tool("score", {"sentence_a": A, "sentence_b": B}))
    assert not said.isError
    found = ast.literal_eval(said.content[0].text)  # as gradio writes it
    assert found["unknown_tokens"] == [0, 0]
    assert found["score"] == pytest.approx(float(model.score([(A, B)])[0]), abs=5e-3)


def test_the_tools_of_many_give_what_the_core_gives(app_url, model):
    def ask(name: str, **arguments: object) -> Any:
        said = talk(app_url, lambda client: client.call_tool(name, arguments))
        assert not said.isError
        return ast.literal_eval(said.content[0].text)  # as gradio writes it

    scored = ask("score_many", pairs=[[A, B], [A, A]])
    assert scored["scores"] == pytest.approx(model.score([(A, B), (A, A)]).tolist(), abs=5e-3)
    (ranked,) = ask("rank", query=A, sentences=[A, B], top=1)
    assert (ranked["index"], ranked["sentence"]) == (0, A)
    matrix = ask("matrix", sentences=[A, B])["scores"]
    assert matrix == [pytest.approx(row, abs=5e-3) for row in model.matrix([A, B]).tolist()]


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("score_many", {"pairs": [["a", "b"], ["a"]]}, "pair 2 is ['a']; two sentences were expected."),
        ("score_many", {"pairs": 5}, "Input validation error: 5 is not of type 'array'"),
        ("rank", {"query": "a", "sentences": ["b", ""]}, "sentence 2 is empty; write at least one word."),
        ("rank", {"sentences": ["b"]}, "Input validation error: 'query' is a required property"),
        ("matrix", {"sentences": [1]}, "Input validation error: 1 is not of type 'string'"),
        ("embed_many", {"sentences": ["a"] * 3000}, "the vectors would be 3,000 × 384 numbers, and one answer has"),
    ],
)
def test_what_a_tool_of_many_cannot_use_is_one_sentence(app_url, name, arguments, message):
    said = talk(app_url, lambda client: client.call_tool(name, arguments))
    assert said.isError
    assert said.content[0].text.startswith(message)
    assert "Traceback" not in said.content[0].text


def test_a_tool_s_error_is_the_core_s_sentence(app_url):
    arguments = {"sentence_a": A, "sentence_b": B, "encoder": "/etc"}
    said = talk(app_url, lambda client: client.call_tool("score", arguments))
    assert said.isError
    assert said.content[0].text.startswith(f"encoder is '/etc', which is not offered here; offered are {BUNDLED_NAME}")
