"""The endpoints behind the page, as a program reaches them, and what the app needs to serve them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import numpy as np
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from tests.browser.server import ROOT

pytestmark = pytest.mark.slow

A, B = "A plane is taking off.", "An aeroplane departs."


@pytest.fixture(scope="module")
def client(app_url) -> Iterator[Client]:
    client = Client(app_url, verbose=False, analytics_enabled=False)
    yield client
    client.close()


def test_only_the_public_endpoints_are_listed_with_their_parameters(client):
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    many = {"/score_many", "/rank", "/matrix", "/embed_many"}
    assert set(named) == {"/score", "/compare", "/embed", "/tokens", "/attention"} | many
    assert [each["parameter_name"] for each in named["/score"]["parameters"]] == [
        "sentence_a",
        "sentence_b",
        "scorer",
        "encoder",
    ]


def test_score_and_compare_are_the_core_s(client, model):
    comparison = model.compare(A, B)
    score = client.predict(A, B, api_name="/score")
    assert score.pop("score") == pytest.approx(comparison["cosine"].value, abs=5e-3)
    compared = client.predict(A, B, api_name="/compare")
    verdict = model.verdict(model.compare(A, B))
    assert (compared["verdict"]["kind"], compared["verdict"]["headline"]) == (verdict.kind, verdict.headline)
    assert compared["verdict"]["read_together_by"] == model.name
    assert compared["verdict"]["a_to_b"]["entailment"] == pytest.approx(verdict.a_to_b.entailment, abs=5e-3)
    scores = compared["scores"]
    unread = {"cut_tokens": [0, 0], "unknown_tokens": [0, 0], "unknown_words": [[], []], "withheld": None}
    assert score == {name: compared[name] for name in unread} == unread
    assert scores["euclidean"]["score"] == pytest.approx(comparison["euclidean"].score, abs=5e-3)
    assert (scores["dot"]["low"], scores["dot"]["high"]) == (None, None)


def test_the_endpoints_say_what_was_not_read(client):
    score = client.predict("I like it \U0001f44d", "\u2603", api_name="/score")
    assert (score["unknown_tokens"], score["unknown_words"]) == ([1, 1], [["\U0001f44d"], ["\u2603"]])
    assert score["withheld"].startswith("nothing was read of sentence B, so no score of this pair")
    compared = client.predict("I like it \U0001f44d", "\u2603", api_name="/compare")
    assert {each["probability"] for each in compared["scores"].values()} == {None}
    assert [compared[name] for name in score if name != "score"] == [score[name] for name in score if name != "score"]
    assert client.predict("\u2603", A, api_name="/tokens")[0]["unknown_tokens"] == 1
    assert client.predict("\u2603", A, api_name="/attention")["unknown_tokens"] == [1, 0]


def test_the_endpoints_say_what_was_cut_off_where_two_are_read_together(client):
    one, other = ("dog " * 130 + end for end in ("barks", "sleeps"))
    for scorer, cut in (("cosine", [0, 0]), ("pooled", [5, 5])):
        found = client.predict(sentence_a=one, sentence_b=other, scorer=scorer, api_name="/score")
        assert (found["cut_tokens"], found["withheld"] is None) == (cut, scorer == "cosine")
        many = client.predict(pairs=[[one, other], [other, "A dog."]], scorer=scorer, api_name="/score_many")
        assert many["cut_tokens"] == [cut, [0, 0]]
        assert [number is None for number in many["probabilities"]] == [scorer == "pooled", False]
    compared = client.predict(sentence_a=one, sentence_b=other, api_name="/compare")
    assert (compared["cut_tokens"], compared["verdict"]) == ([5, 5], None)
    assert "no score of the two read together has a probability" in compared["withheld"]


def test_embed_tokens_and_attention_are_the_core_s(client, model):
    assert client.predict(A, api_name="/embed") == pytest.approx(model.embed([A])[0].tolist(), abs=1e-3)
    tokens = client.predict(A, B, api_name="/tokens")
    assert tokens[1]["tokens"] == list(model.compare(A, B).tokens.tokens[1])
    attention = client.predict(A, B, 2, 0, api_name="/attention")
    wanted = model.compare(A, B).packed[1].attentions[1, 0].mean(axis=0)
    assert np.array(attention["attention"]) == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "endpoint", "message"),
    [
        (("", B), "/score", "empty"),
        ((A, B, "<b>"), "/score", "scorer is '<b>'; known are cosine"),
        ((A, B, 99, 1), "/attention", r"layer is 99; this encoder takes a whole number from 1 to \d"),
        ((A, B, 1.5, 1), "/attention", r"layer is 1.5; this encoder takes a whole number"),
        ((A, "somebody/else"), "/embed", "encoder is 'somebody/else', which is not offered here"),
        ((A, B, "../weights"), "/tokens", r"encoder is '\.\./weights', which is not offered here"),
        ((A, B, "cosine", "/etc"), "/score", "encoder is '/etc', which is not offered here"),
        ((A, B, "BAAI/bge-small-en-v1.5"), "/compare", "is not in the local cache"),
    ],
)
def test_a_bad_request_is_one_sentence(client, arguments, endpoint, message):
    with pytest.raises(AppError, match=message):
        client.predict(*arguments, api_name=endpoint)


def test_plain_http_is_enough(app_url, model):
    body = json.dumps({"sentence_a": A, "sentence_b": B}).encode()
    request = urllib.request.Request(
        f"{app_url}gradio_api/call/v2/score", body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as reply:
        event = json.load(reply)["event_id"]
    with urllib.request.urlopen(f"{app_url}gradio_api/call/v2/score/{event}", timeout=20) as reply:
        found = re.search(r"data: \[(\{.+\})\]", reply.read().decode())
    assert found
    score = json.loads(found[1])
    assert score["unknown_tokens"] == [0, 0]
    assert score["score"] == pytest.approx(float(model.score([(A, B)])[0]), abs=5e-3)


def test_a_port_that_is_taken_ends_with_one_sentence_and_status_2(app_url, monkeypatch):
    port = app_url.rstrip("/").rpartition(":")[2]
    monkeypatch.setenv("BERTSIM_PORT", port)
    done = subprocess.run([sys.executable, "app.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    told = "cannot be listened on (Address already in use); choose another host or port."
    assert done.stderr == f"127.0.0.1:{port} {told}\n"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("BERTSIM_PORT", "99999", "BERTSIM_PORT is '99999': give a port from 1 to 65535."),
        ("BERTSIM_ENGINE", "abacus", "engine is 'abacus'; known are litert, tensorflow."),
    ],
)
def test_a_bad_setting_ends_with_one_sentence_and_status_2(name, value, message, monkeypatch):
    monkeypatch.setenv(name, value)
    done = subprocess.run([sys.executable, "app.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("argument", ["--help", "0.0.0.0"])
def test_an_argument_is_refused_with_where_options_are(argument):
    words = [sys.executable, "app.py", argument]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    told = "app.py takes no arguments; for options see python -m bertsim serve --help\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)
