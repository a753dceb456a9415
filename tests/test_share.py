"""What "Share" has: the pair in other words gives the same numbers, and the card shows what the scores used."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from bertsim.cli.main import main
from bertsim.ui.pairs import Pair, Pairs, Settings
from bertsim.ui.share import ORIGIN, in_other_words
from bertsim.ui.tabs import hidden_tokens
from bertsim.views.card import HEIGHT, WIDTH, card
from bertsim.views.markup import tag
from bertsim.views.result import verdict
from bertsim.views.share import share_dialog

A, B = 'Alice paid "Bob" $5, didn\'t she?', "-Bob paid\nAlice."


@pytest.fixture
def pair(model) -> Pair:
    settings = Settings(model.name, "max", "second to last", "concat", 20)
    return Pairs().compare(model, settings, A, B)


@pytest.fixture
def plain_pair(model) -> Pair:
    settings = Settings(model.name, model.default_pooling, "last", "concat", model.max_length)
    return Pairs().compare(model, settings, "Alice paid Bob.", "Bob paid Alice.")


def test_the_python_prints_the_scores_that_the_page_shows_under_its_settings_and_its_mask(pair):
    hidden, mask = hidden_tokens(pair, ["a1", "a2", "b3"])
    program, left_out = in_other_words(pair, hidden)["Python"]
    assert "mask[0, [1, 2]] = 0  # hides alice paid" in program
    assert left_out == ""
    names: dict = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(program, names)
    wanted = pair.rescore(mask)
    assert [each.value for each in names["pair"].scores] == pytest.approx([each.value for each in wanted.scores])
    assert printed.getvalue().splitlines()[:-1] == list(map(str, names["pair"].scores))
    assert printed.getvalue().splitlines()[-1] == str(pair.model.verdict(wanted)) == "None"  # 20 tokens are too few


def test_the_python_prints_the_verdict(plain_pair):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(in_other_words(plain_pair, [[], []])["Python"][0], {})
    assert f"Verdict(kind={plain_pair.model.verdict(plain_pair.comparison).kind!r}" in printed.getvalue()


def test_the_python_of_a_pair_as_the_encoder_has_it_names_no_settings_and_no_mask(plain_pair):
    program, _ = in_other_words(plain_pair, [[], []])["Python"]
    assert "model = bertsim.load()\npair = model.compare('Alice paid Bob.', 'Bob paid Alice.')\nfor" in program


def test_the_command_prints_the_scores_of_the_settings_and_says_that_it_hides_nothing(pair, capsys):
    command, left_out = in_other_words(pair, [[1], []])["Command line"]
    python, *words = shlex.split(command)
    assert [python, *words[:3]] == ["python", "-m", "bertsim", "score"]
    assert main(words[2:]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [printed["sentence_a"], printed["sentence_b"]] == [A, B]
    wanted = {each.scorer: each.value for each in pair.comparison.scores}
    assert {each["scorer"]: each["value"] for each in printed["scores"]} == pytest.approx(wanted, abs=1e-5)
    assert left_out == "The command hides no token: its scores are of all of them."
    assert in_other_words(pair, [[], []])["Command line"] == (command, "")


def test_calls_have_the_sentences_and_say_what_they_leave_out(pair, plain_pair):
    (curl, left_out), (mcp, _) = (in_other_words(pair, [[], []])[name] for name in ("curl", "MCP"))
    words = shlex.split(curl.splitlines()[0].removeprefix("event=$(").partition(" | ")[0])
    assert words[:3] == ["curl", "-s", f"{ORIGIN}gradio_api/call/v2/compare"]
    asked = {"sentence_a": A, "sentence_b": B, "encoder": pair.model.name}  # the app may begin with another
    assert json.loads(words[-1]) == asked
    server, call = (json.loads(part) for part in re.split(r"^// .*$", mcp, flags=re.MULTILINE)[1:])
    assert server == {"mcpServers": {"bertsim": {"url": f"{ORIGIN}gradio_api/mcp/"}}}
    assert call == {"name": "compare", "arguments": asked}
    assert left_out == "Calls of the app take the encoder's own settings and every token."
    assert {text for _, text in in_other_words(plain_pair, [[], []]).values()} == {""}


def test_an_encoder_of_the_hub_is_named_with_its_commit_and_its_heads_and_in_calls_as_it_is_offered(
    plain_pair, monkeypatch
):
    monkeypatch.setattr(plain_pair.model, "name", "user/encoder")
    monkeypatch.setattr(plain_pair.model, "revision", "c0ffee")
    monkeypatch.setattr(plain_pair.model, "heads_source", "user/heads@facade")
    pair = replace(plain_pair, settings=replace(plain_pair.settings, encoder="user/encoder@v2"))
    texts = {name: text for name, (text, _) in in_other_words(pair, [[], []]).items()}
    assert "bertsim.load('user/encoder', revision='c0ffee', heads='user/heads@facade')" in texts["Python"]
    assert "--json --encoder=user/encoder --revision=c0ffee --heads=user/heads@facade --" in texts["Command line"]
    assert '"encoder": "user/encoder@v2"' in texts["curl"]
    assert '"encoder": "user/encoder@v2"' in texts["MCP"]


def test_an_encoder_of_a_folder_is_the_first_argument_and_no_folder_of_heads_is_told(plain_pair, monkeypatch):
    monkeypatch.setattr(plain_pair.model, "name", "mine")
    monkeypatch.setattr(plain_pair.model, "heads_source", "/somewhere/heads")
    program, _ = in_other_words(plain_pair, [[], []])["Python"]
    assert "model = bertsim.load('mine')\n" in program


def drawn(pair: Pair, mask: list[str], together: str | None = "pooled") -> ElementTree.Element:
    _, attention_mask = hidden_tokens(pair, mask)
    under = pair.rescore(attention_mask)
    picture = card(pair.comparison, under, pair.model.verdict(under), together, pair.model.name)
    return ElementTree.fromstring(picture)


def texts(picture: ElementTree.Element) -> list[str]:
    return [str(each.text) for each in picture.iter("{http://www.w3.org/2000/svg}text")]


def test_the_card_has_both_sentences_both_markers_inference_and_links_that_cross(plain_pair):
    picture = drawn(plain_pair, [])
    assert (picture.get("width"), picture.get("height")) == (str(WIDTH), str(HEIGHT)) == ("1200", "630")
    said = texts(picture)
    own = plain_pair.comparison
    assert said[2:12] == ["Alice", "paid", "Bob", ".", "A", "Bob", "paid", "Alice", ".", "B"]
    assert f"Read apart: {own['cosine'].value:.2f}".replace("0.", ".") in said
    assert f"Read together: {own['pooled'].value:.2f}".replace("0.", ".") in said
    assert sum(each.startswith(("If A is true: ? B is open, 9", "If B is true: ? A is open, 9")) for each in said) == 2
    lines = [each.get("d") for each in picture.iter("{http://www.w3.org/2000/svg}path") if "C" in str(each.get("d"))]
    ends = sorted((float(line[1:].split(",")[0]), float(line.split()[-1].split(",")[0])) for line in map(str, lines))
    assert len(ends) == 3
    assert ends[0][1] > ends[1][1] > ends[2][1]  # Alice, paid, Bob: the other way round below


def test_the_card_is_of_what_the_mask_leaves(plain_pair):
    picture = drawn(plain_pair, ["a1"])
    struck = [each.text for each in picture.iter() if "line-through" in each.get("style", "")]
    assert struck == ["Alice"]
    _, mask = hidden_tokens(plain_pair, ["a1"])
    assert f"Read apart: {plain_pair.rescore(mask)['cosine'].value:.2f}".replace("0.", ".") in texts(picture)


def test_a_card_without_heads_has_the_cosine_and_one_marker(plain_pair):
    own = plain_pair.comparison
    said = texts(ElementTree.fromstring(card(own, own, None, None, "bert")))
    assert f"Cosine {own['cosine'].value:.3f}" in said
    assert not any(each.startswith(("Read together", "If A")) for each in said)


def test_a_card_of_what_was_not_read_says_so_as_the_page_does(model, plain_pair):
    unread = Pairs().compare(model, plain_pair.settings, "I like \U0001f44d a lot.", "I like \u2603 a lot.")
    assert unread.comparison["cosine"].value == pytest.approx(1)
    said, *_ = texts(drawn(unread, []))
    assert said == "No verdict: too little of it was read"
    assert said in verdict(unread.comparison, None)


def test_a_sentence_that_has_no_room_on_the_card_or_was_not_read_to_its_end_ends_with_three_dots(
    model, pair, plain_pair
):
    unshown = texts(drawn(Pairs().compare(model, plain_pair.settings, "word " * 60, "晴れ"), []))
    assert unshown.count("…") == 1
    assert 15 < unshown.count("word") < 40
    unread = texts(drawn(Pairs().compare(model, pair.settings, "word " * 22, "晴れ"), []))
    assert (unread.count("word"), unread.count("…")) == (18, 1)


def test_what_anyone_typed_is_text_on_the_card_and_in_the_dialog(model, pair):
    own = Pairs().compare(model, pair.settings, "<script>alert(1)</script>", "${x} ` & \x00")
    picture = card(own.comparison, own.comparison, None, None, "<b>")
    dialog = share_dialog("a=1&b=2", "", picture, in_other_words(own, [[], []]), ORIGIN)
    assert "<script" not in dialog
    assert "<b>" not in dialog
    assert "${" not in dialog
    assert dialog.count("data-origin>http://127.0.0.1:7860/</span>gradio_api") == 3
    assert 'data-query="a=1&amp;b=2"' in dialog


def test_where_there_is_no_link_the_reason_stands_in_its_place():
    dialog = share_dialog("", "The link would be too long.", tag("svg"), {}, ORIGIN)
    assert "The link would be too long." in dialog
    assert "<input" not in dialog
