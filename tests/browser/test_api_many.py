"""The endpoints of many sentences, as plain HTTP reaches them: what they give, what they refuse, who waits for whom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

pytestmark = pytest.mark.slow

SENTENCES = ["A man plays a guitar.", "Someone plays an instrument.", "The soup is cold.", "A dog \u2603 barks."]
PAIRS = [[SENTENCES[0], SENTENCES[1]], [SENTENCES[2], SENTENCES[3]], [SENTENCES[3], SENTENCES[3]]]
HALF = "\ud800"


def send(connection: HTTPConnection, name: str, body: object, version: str = "v2/") -> str:
    """Ask for something; where the answer will be."""
    path = f"/gradio_api/call/{version}{name}"
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    reply = connection.getresponse()
    said = reply.read().decode()
    assert reply.status == 200, said
    return f"{path}/{json.loads(said)['event_id']}"


def ask(url: str, name: str, body: object, version: str = "v2/") -> tuple[str, Any]:
    """What an endpoint answers: "complete" and its value, or "error" and its sentence."""
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=120)) as connection:
        connection.request("GET", send(connection, name, body, version))
        events = connection.getresponse().read().decode().strip().split("\n\n")
    event, data = (line.partition(": ")[2] for line in events[-1].splitlines())
    return event, json.loads(data)[0] if event == "complete" else json.loads(data)["error"]


def given(url: str, name: str, **body: object) -> Any:
    """The value that an endpoint gives."""
    event, value = ask(url, name, body)
    assert event == "complete", value
    return value


@pytest.mark.parametrize("scorer", ["cosine", "combined"])
def test_many_pairs_get_the_core_s_scores_with_what_was_not_read(app_url, model, scorer):
    found = given(app_url, "score_many", pairs=PAIRS, scorer=scorer)
    scores = model.score(PAIRS, scorer=scorer)
    assert found["scores"] == pytest.approx(scores.tolist(), abs=5e-3)
    assert found["probabilities"] == pytest.approx(model.probabilities(PAIRS, scores, scorer), abs=5e-3)
    assert [each is None for each in found["probabilities"]] == [False, True, False]
    assert found["unknown_tokens"] == [[0, 0], [0, 1], [1, 1]]
    long = ["word " * 300, "word"]
    assert given(app_url, "score_many", pairs=[long])["cut_tokens"] == [[300 + 2 - model.max_length, 0]]


def test_sentences_are_ranked_as_the_core_does(app_url, model):
    options = {"scorer": "dot", "top": 3, "rerank": "combined"}
    ranked = model.rank(SENTENCES[0], SENTENCES, **options)
    found = given(app_url, "rank", query=SENTENCES[0], sentences=SENTENCES, **options)
    assert [each["index"] for each in found] == [each.index for each in ranked]
    assert [each["sentence"] for each in found] == [SENTENCES[each.index] for each in ranked]
    assert [each["score"] for each in found] == pytest.approx([each.score for each in ranked], abs=5e-3)
    probabilities = [each.probability for each in ranked]
    assert [each["probability"] for each in found] == pytest.approx(probabilities, abs=5e-3)
    assert [each["unknown_tokens"] for each in found] == [[0, int("\u2603" in each["sentence"])] for each in found]
    (long,) = given(app_url, "rank", query="A \u2603 barks.", sentences=["dog " * 300])
    assert (long["cut_tokens"], long["unknown_tokens"]) == ([0, 300 + 2 - model.max_length], [1, 0])
    (together,) = given(app_url, "rank", query="A \u2603 barks.", sentences=["dog " * 300], rerank="pooled")
    assert together["cut_tokens"] == [0, 300 + 5 + 3 - model.max_length]
    assert len(given(app_url, "rank", query="A", sentences=SENTENCES * 3)) == 10
    assert len(given(app_url, "rank", query="A", sentences=SENTENCES * 3, top=None)) == 12


def test_a_matrix_and_vectors_are_the_core_s(app_url, model):
    for others in ({}, {"others": []}, {"others": None}):
        found = given(app_url, "matrix", sentences=SENTENCES, **others)
        assert found["scores"] == [pytest.approx(row, abs=5e-3) for row in model.matrix(SENTENCES).tolist()]
    found = given(app_url, "matrix", sentences=SENTENCES, others=SENTENCES[:1], scorer="nli")["scores"]
    assert found == [pytest.approx(row, abs=5e-3) for row in model.matrix(SENTENCES, SENTENCES[:1], "nli").tolist()]
    assert given(app_url, "embed_many", sentences=SENTENCES) == [
        pytest.approx(row, abs=1e-3) for row in model.embed(SENTENCES).tolist()
    ]


def test_a_matrix_says_what_was_not_read(app_url, model):
    room = model.max_length
    sentences, others = ["dog " * 300, "dog " * (room - 6), "A dog."], ["A \u2603 barks.", "Hi"]
    alone = {"cut_tokens": [[300 + 2 - room, 0, 0], [0, 0]], "unknown_tokens": [[0, 0, 0], [1, 0]]}
    for scorer, cut in ("cosine", []), ("pooled", [[0, 0], [0, 1], [1, 0]]):
        found = given(app_url, "matrix", sentences=sentences, others=others, scorer=scorer)
        assert np.shape(found.pop("scores")) == (3, 2)
        assert found == alone | {"cut_pairs": cut}


def test_of_nothing_there_is_nothing_and_no_error(app_url):
    assert set(map(tuple, given(app_url, "score_many", pairs=[]).values())) == {()}
    assert given(app_url, "rank", query="A", sentences=[]) == []
    nothing = {"scores": [], "cut_tokens": [[], []], "unknown_tokens": [[], []], "cut_pairs": []}
    assert given(app_url, "matrix", sentences=[]) == nothing
    assert given(app_url, "embed_many", sentences=[]) == []


def test_the_older_protocol_takes_them_in_their_order(app_url, model):
    event, found = ask(app_url, "score_many", {"data": [PAIRS, "cosine", ""]}, "")
    assert event == "complete"
    assert found["scores"] == pytest.approx(model.score(PAIRS).tolist(), abs=5e-3)
    assert ask(app_url, "score_many", {"data": [5, "cosine", ""]}, "") == (
        "error",
        "pairs is int 5; a list of pairs was expected.",
    )


NO_LIST = [(None, "NoneType None"), (5, "int 5"), (True, "bool True"), ({"a": 1}, "dict {'a': 1}"), ("a", "one string")]
NO_STRING = [(None, "NoneType None"), (5, "int 5"), (["a"], "list ['a']")]


def bad() -> Iterator[tuple[str, dict[str, object], str]]:
    """Endpoint, what is wrong in its arguments, how the sentence begins."""
    lists = ("score_many", "pairs"), ("rank", "sentences"), ("matrix", "sentences"), ("embed_many", "sentences")
    for name, key in lists:
        members = "pairs" if key == "pairs" else "strings"
        for value, told in NO_LIST:
            yield name, {key: value}, f"{key} is {told}; a list of {members} was expected."
    yield "matrix", {"others": "a"}, "others is one string; a list of strings was expected."
    yield "matrix", {"others": False}, "others is bool False; a list of strings was expected."
    yield "matrix", {"others": ["a", ""]}, "other sentence 2 is empty; write at least one word."
    for name in ("rank", "matrix", "embed_many"):
        for value, told in NO_STRING:
            yield name, {"sentences": ["a", value]}, f"sentence 2 is {told}; a string was expected."
        yield name, {"sentences": ["a", " "]}, "sentence 2 is empty; write at least one word."
        yield name, {"sentences": ["a", HALF]}, "sentence 2 '\\ud800' has no character that the tokenizer can read"
    for value, told in NO_STRING:
        yield "rank", {"query": value}, f"the query is {told}; a string was expected."
        yield "score_many", {"pairs": [["a", "b"], ["a", value]]}, f"pair 2, sentence B is {told}; a string was"
    yield "rank", {"query": ""}, "the query is empty; write at least one word."
    for pair in ([], ["a"], ["a", "b", "c"], "ab", 5, None, {"a": "b"}):
        yield "score_many", {"pairs": [["a", "b"], pair]}, f"pair 2 is {pair!r}; two sentences were expected."
    yield "score_many", {"pairs": [["a", "b"], ["", "b"]]}, "pair 2, sentence A is empty; write at least one word."
    yield "score_many", {"pairs": [["a", HALF]]}, "sentence B '\\ud800' has no character that the tokenizer can read"
    for top in (0, -1, 1.5, "3", True):
        yield "rank", {"top": top}, f"top is {top!r}; a whole number from 1 on, or None for no limit, was expected."
    for scorer in ("x", 5, None, ["cosine"]):
        for name in ("score_many", "rank", "matrix"):
            yield name, {"scorer": scorer}, f"scorer is {scorer!r}; known are cosine"
    yield "rank", {"rerank": 5}, "scorer is 5; known are cosine"
    for name, _ in lists:
        yield name, {"encoder": ["x"]}, "encoder is \"['x']\", which is not offered here; offered are"
    yield "score_many", {"pairs": PAIRS[:1] * 5001}, "cosine of 5,001 pairs takes 10,002 passes of the encoder; max_pa"
    yield "score_many", {"pairs": PAIRS[:1] * 3334, "scorer": "combined"}, "combined of 3,334 pairs takes 10,002 passes"
    yield "rank", {"sentences": ["a"] * 10_000}, "cosine of 1 × 10,000 takes 10,001 passes of the encoder; max_passes"
    yield "matrix", {"sentences": ["a"] * 101, "scorer": "nli"}, "nli of 101 × 101 takes 10,201 passes of the encoder"
    yield "matrix", {"sentences": ["a"] * 501}, "the matrix would be 501 × 501 numbers, and one answer has 250,000 at"
    yield "embed_many", {"sentences": ["a"] * 999}, "the vectors would be 999 × 384 numbers, and one answer has 250,000"
    for name in ("rank", "matrix", "embed_many"):
        yield name, {"sentences": ["a" * 20_001] * 100}, "there are 2,000,"
    yield "score_many", {"pairs": [["a" * 1_000_000, "b" * 1_000_001]]}, "there are 2,000,001 characters, and one call"


USUAL = {
    "score_many": {"pairs": PAIRS},
    "rank": {"query": "A", "sentences": SENTENCES},
    "matrix": {"sentences": SENTENCES},
    "embed_many": {"sentences": SENTENCES},
}


def test_whatever_json_brings_the_answer_is_one_sentence(app_url):
    for name, wrong, message in bad():
        event, told = ask(app_url, name, USUAL[name] | wrong)
        assert (event, told[: len(message)]) == ("error", message), (name, str(wrong)[:80])
        assert told.endswith(".")
        assert "Traceback" not in told


@contextmanager
def under_way(url: str, number: int) -> Iterator[HTTPConnection]:
    """A matrix that takes many seconds, other than that of any other number; its caller goes away at the end."""
    sentences = [f"The number {i} is not the number {number}." for i in range(99)]
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=120)) as connection:
        connection.request("GET", send(connection, "matrix", {"sentences": sentences, "scorer": "nli"}))
        yield connection


def test_quick_calls_are_answered_while_slow_ones_are_under_way(app_url):
    def visit(number: int) -> None:
        pair = {"sentence_a": f"A dog barks {number} times.", "sentence_b": "A dog is barking."}
        given(app_url, "score", **pair)
        given(app_url, "score_many", pairs=[list(pair.values())])
        given(app_url, "rank", query=pair["sentence_a"], sentences=SENTENCES)

    with under_way(app_url, 1) as first, under_way(app_url, 2) as second:
        with ThreadPoolExecutor(10) as visitors:
            list(visitors.map(visit, range(10)))
        for connection in (first, second):  # neither is answered
            connection.sock.settimeout(0.2)
            with pytest.raises(TimeoutError):
                connection.getresponse().read()
