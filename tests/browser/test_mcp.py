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


def test_the_five_endpoints_are_tools_with_documented_schemas(app_url):
    tools = {tool.name: tool for tool in talk(app_url, lambda client: client.list_tools()).tools}
    assert set(tools) == {"score", "compare", "embed", "tokens", "attention"}
    for tool in tools.values():
        assert tool.description
        for name, described in tool.inputSchema["properties"].items():
            assert described["type"] in ("string", "integer"), (tool.name, name)
            assert len(described["description"]) > 5, (tool.name, name)
    score = tools["score"].inputSchema
    assert score["required"] == ["sentence_a", "sentence_b"]
    assert score["properties"]["scorer"]["default"] == "cosine"
    assert tools["attention"].inputSchema["properties"]["layer"]["type"] == "integer"


def test_a_tool_gives_the_core_s_score(app_url, model):
    said = talk(app_url, lambda client: client.call_tool("score", {"sentence_a": A, "sentence_b": B}))
    assert not said.isError
    found = ast.literal_eval(said.content[0].text)  # as gradio writes it
    assert found["unknown_tokens"] == [0, 0]
    assert found["score"] == pytest.approx(float(model.score([(A, B)])[0]), abs=5e-3)


def test_a_tool_s_error_is_the_core_s_sentence(app_url):
    arguments = {"sentence_a": A, "sentence_b": B, "encoder": "/etc"}
    said = talk(app_url, lambda client: client.call_tool("score", arguments))
    assert said.isError
    assert said.content[0].text.startswith(f"encoder is '/etc', which is not offered here; offered are {BUNDLED_NAME}")
