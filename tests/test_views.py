"""Views: what they show is what was scored, whatever was typed stays text, and the maths behind them is BERTScore's.

Records made by hand where arithmetic can be followed, the bundled encoder where the picture has to agree with it.
"""

from __future__ import annotations

import dataclasses
import math
import re
import struct
import xml.etree.ElementTree as ElementTree
import zlib
from base64 import b64decode
from functools import partial
from html.parser import HTMLParser

import numpy as np
import pytest

import bertsim
from bertsim.bert.config import BertConfig
from bertsim.errors import InputError
from bertsim.heads.config import HeadConfig
from bertsim.model.ruler import KINDS, Ruler
from bertsim.records import Comparison, EncoderOutput, PairScore, TokenBatch, Unread
from bertsim.score.verdict import Inference, Share, Verdict
from bertsim.score.words import KnownError, Range, Words
from bertsim.text.tokenizer import Tokenizer
from bertsim.views.anatomy import SHOWN, written_differently
from bertsim.views.attention import BOTH, PACKED, AttentionChoice, matrix, token_keys
from bertsim.views.explain import (
    TAGS,
    TRIED,
    align,
    check_masks,
    choose_trace,
    content_words,
    layer_profile,
    mates,
    mean_across,
    occlude,
    shares_across,
    tag_heads,
    token_cosines,
    words,
)
from bertsim.views.layers import layers_view, trace_of
from bertsim.views.markup import Html, downloads, number, plain, table, tag
from bertsim.views.matrix import DRAWN, Label, heatmap, left_out, short_number, thumbnail, tinting
from bertsim.views.meets import best_matches, meets_view, without_partner
from bertsim.views.page import choices, keys_help, previous
from bertsim.views.result import LONGEST_EDIT, Origin, explanation, losses, measures, provenance, verdict
from bertsim.views.ruler import Way, ways
from bertsim.views.saw import saw_view
from tests.checkpoints import make_checkpoint

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "${alert(1)} `${1}`",
    "{{constructor.constructor('alert(1)')()}}",
    '" onmouseover="alert(1)',
    "\u202eright to left\u202c مرحبا",
    "a\x00b\x1b[31mc\x7f",
    "half \ud83d a pair",
)
WORDS = Words(
    note="It reads <b>pairs</b>.",
    data="some pairs & ratings",
    scorers={"bilstm": "reads both sentences at once"},
    ranges={"cosine": (Range(-1.0, "Far apart", 0.7, 210), Range(0.8, "Very near", 4.25, 300))},
    known_errors=(
        KnownError("number", 0.998, 500, "another number"),
        KnownError("antonym", 0.87, 300, "an opposite"),
        KnownError("role", 1.0, 300, "roles changed"),
    ),
)
ORIGIN = Origin("some-bert", "litert", "mean", None, "concat", 128, 8_300_000)
SPOKEN = dataclasses.replace(ORIGIN, words=WORDS)
PAIR = ("A man is playing a guitar.", "Someone unplayfully plays the guitar on a stage.")


class Page(HTMLParser):
    """Reads HTML as a browser would: its text, its elements and their attributes."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


KNOWN = """
b bdi button caption circle dd del details dialog div dl dt figcaption figure form g h1 h2 h3 header i img kbd li ol p
path polygon polyline rect s section span strong summary svg table tbody td text th thead title tr tspan ul
"""


def assert_safe(source: str) -> None:
    """No element, handler or template slot of a stranger's; sendable as UTF-8."""
    source.encode("utf-8")
    assert "${" not in source
    assert "{{" not in source
    for element, attrs in Page(source).elements:
        assert element in KNOWN.split()
        assert not [name for name in attrs if name.startswith("on")]


def saw(comparison: Comparison, **options) -> Html:
    """The first view of a pair of which nothing is hidden."""
    return saw_view(comparison, [[], []], comparison.scores, **options)


def layers(comparison: Comparison, **options) -> Html:
    """The third view, with one other pair: itself."""
    return layers_view(comparison, ("mean",), profile_of(comparison, ("mean",))[:1], **options)


def profile_of(comparison: Comparison, poolings: tuple[str, ...]) -> np.ndarray:
    """float32 [poolings, layers + 1]."""
    return layer_profile(comparison.output, comparison.tokens.attention_mask, poolings)[:, 0]


COSINES = AttentionChoice(None, 0, BOTH, hides_special=False)


def one_row(tokens: list[str], vectors: list[list[float]], sentence: str, seq: int) -> tuple[list[str], np.ndarray]:
    padded = tokens + ["[PAD]"] * (seq - len(tokens))
    hidden = np.zeros((seq, len(vectors[0])), np.float32)
    hidden[: len(vectors)] = vectors
    return padded, hidden


def by_hand() -> Comparison:
    """[CLS] x [SEP] against [CLS] x y [SEP] in two dimensions; x = (1, 0), y = (0.6, 0.8), special ones (0, 1)."""
    tokens_a, hidden_a = one_row(["[CLS]", "x", "[SEP]"], [[0, 1], [1, 0], [0, 1]], "x", 4)
    tokens_b, hidden_b = one_row(["[CLS]", "x", "y", "[SEP]"], [[0, 1], [1, 0], [0.6, 0.8], [0, 1]], "x y", 4)
    hidden = np.stack([hidden_a, hidden_b])
    batch = TokenBatch(
        input_ids=np.array([[2, 5, 3, 0], [2, 5, 6, 3]], np.int32),
        attention_mask=np.array([[1, 1, 1, 0], [1, 1, 1, 1]], np.int32),
        token_type_ids=np.zeros((2, 4), np.int32),
        tokens=(tuple(tokens_a), tuple(tokens_b)),
        spans=np.array([[[0, 0], [0, 1], [0, 0], [0, 0]], [[0, 0], [0, 1], [2, 3], [0, 0]]], np.int32),
        is_special=np.array([[1, 0, 1, 1], [1, 0, 0, 1]], bool),
        is_unknown=np.zeros((2, 4), bool),
        own=(((1, 2),), ((1, 3),)),
        sentences=(("x",), ("x y",)),
        unread=((Unread(),), (Unread(),)),
    )
    output = EncoderOutput(hidden, None, np.stack([hidden, hidden]), np.full((1, 2, 1, 4, 4), 0.25, np.float32))
    scores = (
        PairScore("cosine", 0.9, "similarity", -1.0, 1.0, 0.9),
        PairScore("dot", -2.5, "product", -math.inf, math.inf, -2.5),
        PairScore("euclidean", 3.0, "distance", 0.0, math.inf, 0.25),
    )
    return Comparison("x", "x y", scores, batch, output, (batch, output), 0.0042, 16)


@pytest.mark.parametrize("typed", HOSTILE)
def test_any_text_is_shown_as_text(typed):
    shown = plain(typed)
    for source in (
        tag("p", typed, title=typed),
        Html('<p title="{}">{}</p>').format(typed, typed),
        Html('<p title="') + typed + Html('">') + typed + Html("</p>"),
    ):
        assert Page(source).text == shown
        assert Page(source).elements == [("p", {"title": shown})]
        assert_safe(source)


def test_a_tag_has_its_classes_and_its_attributes():
    source = tag("p.x.y", "a < b", tag("b", 1), data_pick=3, hidden=True, title=None, lang=False, aria_pressed=False)
    assert source == '<p class="x y" data-pick="3" hidden aria-pressed="false">a &lt; b<b>1</b></p>'


def test_control_characters_and_lone_surrogates_become_visible():
    assert plain("a\x00b\x7f\ud83d\tc\n") == "a\u2400b\u2421\ufffd\tc\n"


@pytest.mark.parametrize(
    ("value", "digits", "signed", "shown"),
    [
        (-0.12345, 3, False, "−0.123"),
        (-0.0001, 3, True, "0.000"),
        (0.5, 2, True, "+0.50"),
        (1234.5, 1, False, "1,234.5"),
    ],
)
def test_numbers_have_a_true_minus_and_no_minus_zero(value, digits, signed, shown):
    assert number(value, digits, signed=signed) == shown


def test_a_table_and_a_download_escape_their_cells():
    assert_safe(table(["x", HOSTILE[0]], [[HOSTILE[1], HOSTILE[3]]], caption="numbers"))
    assert_safe(downloads("tokens", {"tokens": list(HOSTILE[:-1])}, has_svg=True))


JUDGED = Verdict(
    kind="one_follows",
    says_more="a",
    rating=0.8,
    a_to_b=Inference(0.97, 0.02, 0.01),
    b_to_a=Inference(0.004, 0.3, 0.696),
    similar=0.83,
    right=Share(0.785, 982),
    gap=0.12,
    disagrees=False,
    read_together_by="some-bert",
)


def test_the_verdict_is_a_headline_with_how_sure_it_is_beside_it():
    page = Page(verdict(by_hand(), JUDGED, WORDS, 12.5))
    assert page.text == (
        "A says more than BOf 100 verdicts of this kind, 78 are right."
        "Of 100 pairs scored like this, people called 83 similar."
    )
    assert page.elements[0][1]["data-turn"] == "12.5"
    far = dataclasses.replace(JUDGED, disagrees=True, right=None, similar=None)
    assert Page(verdict(by_hand(), far)).text.endswith("BHere the two ways of reading, apart and together, disagree.")


def test_the_verdict_says_what_is_known_to_go_wrong_of_such_pairs(model):
    pair = model.compare("The gate is high.", "The gate is low.")
    words = dataclasses.replace(WORDS, known_errors=(KnownError("antonym", 0.87, 300, "an <i>opposite</i>"),))
    source = verdict(pair, JUDGED, words)
    assert "Of 100 pairs like this (an <i>opposite</i>), it misreads 13." in Page(source).text
    assert_safe(source)
    assert "misreads" not in verdict(model.compare("The gate is high.", "Dogs bark."), JUDGED, words)
    many = " The gate is high and the door is wide." * LONGEST_EDIT
    assert "misreads" not in verdict(
        model.compare("The gate is high." + many, "The gate is low." + many), JUDGED, words
    )


@pytest.mark.parametrize(
    ("a", "is_said"),
    [("Größe zählt: 猫.", False), ("今日は雨です。", True), ("Привет, Bob!", True), ("1 + 1 = 2 ÷ 1", False)],
)
def test_of_sentences_in_other_letters_it_is_said_what_the_figures_are_of(a, is_said):
    says = Page(verdict(dataclasses.replace(by_hand(), sentence_a=a), JUDGED)).text
    assert says.endswith("These figures are of English sentences.") == is_said


def test_without_a_verdict_the_cosine_is_given_without_a_judgement():
    shown = Page(verdict(by_hand(), None)).text
    assert shown == ("Cosine 0.900What counts as similar differs between encoders: compare with pairs that you know.")


def test_of_every_way_of_reading_it_is_drawn_and_said_where_the_pair_stands():
    strips = {kind: np.array([0.0, 0.5 + place / 10, 1.0], np.float32) for place, kind in enumerate(KINDS)}
    read = [
        Way("apart", by_hand()["cosine"], Ruler("cosine", strips), "some-bert"),
        Way("packed", PairScore("pooled", 0.25, "probability", 0.0, 1.0, 0.25), None, "some-bert"),
    ]
    source = ways(read, JUDGED)
    page = Page(source)
    assert "Two vectors each sentence read alone: cosine" in page.text
    assert "0.900 above 67 % of paraphrases" in page.text
    assert "Cross-encoder both read together: pooled0.250" in page.text
    (ruler,) = [attrs for _, attrs in page.elements if attrs.get("class") == "bs-ruler"]
    assert ruler["aria-label"] == (
        "cosine 0.900: above 67 % of unrelated pairs, 67 % of related pairs, 67 % of paraphrases, "
        "67 % of contradictions"
    )
    (mark,) = [attrs for _, attrs in page.elements if attrs.get("data-marker")]
    assert (mark["style"], mark["data-marker"]) == ("left:90.00%", "ruler cosine")
    drawn = [attrs["d"] for name, attrs in page.elements if name == "path"]
    assert drawn == [f"M0 0v9M{place} 0v9M1000 0v9" for place in (500, 600, 700, 800)]
    assert_safe(source)


def test_inference_is_said_in_words_signs_and_shares_of_both_directions():
    page = Page(ways([], JUDGED))
    assert "if A is true✓✓ B follows 97\u202f%" in page.text
    assert "if B is true?✗✗ A cannot be 70\u202f%" in page.text
    labels = [attrs["aria-label"] for _, attrs in page.elements if "aria-label" in attrs]
    assert labels == [
        "If A is true, B: follows 97 %, is open 2 %, cannot be 1 %",
        "If B is true, A: follows under 1 %, is open 30 %, cannot be 70 %",
    ]
    assert "Inference" not in ways([], None)


@pytest.mark.parametrize(
    ("kind", "inputs", "said"),
    [
        ("bilstm", "packed", "Bi-LSTM over the token vectors of the packed pair"),
        ("pooled", "packed", "dense over [CLS] of the packed pair"),
        ("mean", "apart", "dense over the mean of the token vectors of each sentence, read apart"),
    ],
)
def test_a_scorer_is_explained_by_the_encoder_s_folder_else_by_its_shape(kind, inputs, said):
    units = (8,) if kind == "bilstm" else ()
    head = HeadConfig(kind, inputs, units, 0.1, ("similar",), (0, 5), 64, "some-bert", "0" * 64, 32)
    assert explanation("mine", dataclasses.replace(SPOKEN, heads={"mine": head})) == f"a trained head: {said}"
    assert explanation("bilstm", dataclasses.replace(SPOKEN, heads={"bilstm": head})) == WORDS.scorers["bilstm"]
    assert explanation("dot", SPOKEN) == "their product; grows with the vectors' lengths"
    assert explanation("cosine", ORIGIN) == "the angle between the two sentence vectors"


def test_every_measure_is_explained_where_it_stands(model):
    engine = dataclasses.replace(ORIGIN, heads={name: model.head_config(name) for name in model.heads})
    comparison = model.compare(*PAIR)
    shown = Page(measures(comparison, engine)).text
    for score in comparison.scores:
        assert f"{explanation(score.scorer, engine)} · {score.unit}, " in shown
    assert "a trained head: Bi-LSTM" in shown


def test_those_measures_come_first_that_agree_best_with_people():
    spoken = dataclasses.replace(SPOKEN, words=dataclasses.replace(WORDS, agreement={"dot": 0.9, "euclidean": 0.8}))

    def order(origin: Origin) -> list[str | None]:
        page = Page(measures(by_hand(), origin))
        return [attrs["data-scorer"] for _, attrs in page.elements if "data-scorer" in attrs]

    assert order(spoken) == ["dot", "euclidean", "cosine"]
    assert "agrees with people: 0.90" in Page(measures(by_hand(), spoken)).text
    for origin in (SPOKEN, dataclasses.replace(spoken, is_default=False)):
        assert order(origin) == ["cosine", "dot", "euclidean"]
        assert "agrees with people" not in measures(by_hand(), origin)


def test_every_scorer_has_its_value_its_range_and_a_bar_of_the_right_length():
    page = Page(measures(by_hand(), ORIGIN))
    assert "value: 0.900" in page.text
    assert "similarity, −1 … 1" in page.text
    assert "product, −∞ … ∞" in page.text
    assert "distance, 0 … ∞; as a similarity 1/(1+d) = 0.250" in page.text
    fills = [attrs["style"] for tag, attrs in page.elements if attrs.get("class") == "bs-fill"]
    assert fills == ["left:50.00%;width:45.00%", "left:0.00%;width:25.00%"]  # none for the endless product


@pytest.mark.parametrize(
    ("probability", "shown"), [(0.644, "64"), (0.9999, "over 99"), (0.001, "under 1"), (0.994, "99")]
)
def test_a_calibrated_probability_is_a_share_that_is_never_certain(probability, shown):
    score = PairScore("cosine", 0.9, "similarity", -1.0, 1.0, 0.9, probability)
    page = Page(measures(dataclasses.replace(by_hand(), scores=(score,)), ORIGIN))
    assert f"called similar: {shown}\u202f%" in page.text
    assert "the calibrated share of pairs" in page.text


def test_the_provenance_names_time_engine_and_encoder():
    shown = Page(provenance(by_hand(), ORIGIN)).text
    for part in ("4.2 ms", "LiteRT, int8 weights", "some-bert (8.3 million parameters)", "mean pooling, last layer"):
        assert part in shown
    assert "Known to err" not in shown
    assert "layers 1, 2 (sum)" in provenance(by_hand(), Origin("x", "tensorflow", "cls", (1, 2), "sum", 64, 1))


def test_the_plain_truth_and_the_known_errors_of_the_encoder_stand_under_its_facts():
    source = provenance(by_hand(), SPOKEN)
    said = "Known to err in 13 of 100 pairs with an opposite, under 1 with another number."
    assert Page(source).text.endswith(WORDS.note + said)
    assert_safe(source)
    flawless = dataclasses.replace(WORDS, known_errors=WORDS.known_errors[2:])
    assert "err" not in provenance(by_hand(), dataclasses.replace(ORIGIN, words=flawless))


def test_what_the_encoder_did_not_get_stands_beside_the_verdict(model):
    cut = model.compare("word " * 200 + "cat", "word " * 130, max_length=128)
    first, second = (each.cut_tokens for (each,) in cut.tokens.unread)
    both = " and ".join(f"{cut.packed[0].unread[0][side].cut_tokens} of {'AB'[side]}" for side in (0, 1))
    assert losses(cut) == [
        f"Not read: {first} tokens of A, {second} tokens of B. What follows the cut changes no score.",
        f"Read together, A and B share 128 tokens, and {both} are cut off.",
        "What was not read of A and of B differs, so no score of this pair has a probability or says that they are"
        " the same.",
    ]
    assert losses(cut)[0] in Page(verdict(cut, None)).text
    unknown = model.compare("I feel \U0001f600", "I feel fine")
    assert losses(unknown)[0] == "Sentence A, not read: \U0001f600; the vocabulary lacks it."
    assert losses(model.compare("I feel fine", "I feel well")) == []


def test_what_was_not_read_takes_the_words_and_the_probability_and_leaves_the_score(model):
    pair = model.compare("I feel \U0001f600", "I feel \u2639")
    assert model.verdict(pair) is None
    shown = Page(verdict(pair, None)).text
    assert shown.startswith("No verdict: too little of it was read")
    assert "Sentence B, not read: \u2639" in shown
    assert "What was not read of A and of B differs" in shown
    assert "called similar" not in measures(pair, ORIGIN)
    nothing = Page(verdict(model.compare("<b>\u2603", "\u2603"), None)).text
    assert "Nothing was read of sentence B, so no score of this pair has a probability" in nothing


def test_unknown_tokens_are_marked_whatever_their_text(tiny_checkpoint):
    tokenizer = Tokenizer.from_folder(tiny_checkpoint, BertConfig.from_folder(tiny_checkpoint))
    tokens = tokenizer.batch([("a \u2603",), ("dog",)], 16)
    page = Page(saw(dataclasses.replace(by_hand(), tokens=tokens), has_numbers=True))
    labels = [attrs["aria-label"] for _, attrs in page.elements if "bs-token" in (attrs.get("class") or "")]
    assert [label for label in labels if "unknown to the vocabulary" in label] == [
        "[UNK], id 1, position 2, token type 0, attention mask 1, unknown to the vocabulary: written \u2603"
    ]
    assert "1 unknown to the vocabulary" in page.text


def test_attention_says_what_did_not_fit_into_one_input(model):
    long = model.compare("word " * 100, "other " * 100, max_length=128)
    cut = [each.cut_tokens for each in long.packed[0].unread[0]]
    shown = Page(meets_view(long, AttentionChoice(1, None), ())).text
    assert f"not read: {cut[0]} tokens of A, {cut[1]} tokens of B" in shown
    alone = model.compare("word " * 200, "other", max_length=128)
    cut = alone.tokens.unread[0][0].cut_tokens
    shown = Page(meets_view(alone, AttentionChoice(1, None, "A alone"), ())).text
    assert f"Not read: {cut} tokens of A." in shown
    assert "ot read:" not in Page(meets_view(alone, AttentionChoice(1, None, "B alone"), ())).text


def test_read_text_that_is_too_long_to_show_is_counted(model):
    shown = Page(saw(model.compare("a" + " " * 5000 + "bear", "a bear"))).text
    assert "4,604 more characters, not shown here" in shown


def test_the_anatomy_shows_every_id_position_type_and_mask(model):
    comparison = model.compare(*PAIR)
    batch, page = comparison.tokens, Page(saw(comparison, has_numbers=True))
    labels = [attrs["aria-label"] for _, attrs in page.elements if "bs-token" in (attrs.get("class") or "")]
    expected = []
    for row in (0, 1):
        for position in np.flatnonzero(batch.attention_mask[row]).tolist():
            token, ids = batch.tokens[row][position], batch.input_ids[row, position]
            expected.append(f"{token}, id {ids}, position {position}, token type 0, attention mask 1")
    real = [label for label in labels if "padding" not in label]
    assert len(real) == len(expected)
    assert all(shown.startswith(wanted) for shown, wanted in zip(real, expected, strict=True))
    assert [label for label in labels if "padding" in label]


def test_pieces_of_a_word_are_joined(model):
    batch = model.compare(*PAIR).tokens
    groups = list(words(batch, 1))
    joined = [group for group in groups if len(group) > 1]
    assert joined
    for group in joined:
        assert all(batch.tokens[1][position].startswith("##") for position in group[1:])
    assert [position for group in groups for position in group] == np.flatnonzero(batch.attention_mask[1]).tolist()


@pytest.mark.parametrize(
    ("token", "written", "change"),
    [("cafe", "cafe", ""), ("cafe", "Cafe", "lower-cased"), ("cafe", "Café", "accents dropped"), ("##s", "s", "")],
)
def test_what_the_tokenizer_changed_is_named(token, written, change):
    assert written_differently(token, written) == change
    assert written_differently(token, written, is_unknown=True) == "unknown to the vocabulary"


def test_text_that_was_cut_off_is_struck_through_with_its_count(model):
    comparison = model.compare("short", "word " * 200, max_length=16)
    assert comparison.tokens.unread[1][0].cut_tokens == 186
    source = saw(comparison)
    assert re.search(r"<del>\s*word word", source)
    assert "cut off: 186 tokens did not fit" in Page(source).text
    assert "Sentence B: what is struck through was not read." in Page(source).text


@pytest.mark.parametrize("typed", HOSTILE)
def test_every_view_shows_hostile_text_as_text(model, typed):
    comparison = model.compare(typed + " one", "two " + typed)
    views = [
        saw(comparison, has_numbers=True),
        saw_view(comparison, [[1], []], comparison.scores, ("cosine",), [occluded(model, comparison)]),
        meets_view(comparison, COSINES, ("cosine",)),
        meets_view(comparison, AttentionChoice(1, None), ()),
        meets_view(comparison, AttentionChoice(None, 1, "B alone"), ()),
        layers(comparison),
        keys_help(),
        previous([(typed, "two " + typed, 0.5, "by " + typed)]),
    ]
    for source in views:
        assert_safe(source)
    assert plain(typed)[:10].strip() in Page(views[0]).text


def test_alignment_is_bertscore_by_hand():
    """Special tokens may be matched but do not count.

    A has x alone, whose best match is x: precision 1. B has x (best 1) and y: y·x = 0.6, but y·[SEP] = 0.8:
    recall (1 + 0.8) / 2 = 0.9, F1 = 1.8 / 1.9.
    """
    found = align(by_hand())
    cosines = token_cosines(by_hand(), -1)
    assert cosines[1].tolist() == pytest.approx([0.0, 1.0, 0.6, 0.0])
    assert (found.precision, found.recall) == pytest.approx((1.0, 0.9))
    assert found.f1 == pytest.approx(1.8 / 1.9)
    rows, columns = [Label("[CLS]", ""), Label("x", "a1")], [Label("[CLS]", ""), Label("x", "b1"), Label("y", "b2")]
    assert best_matches(cosines[:2, :3], rows, columns) == [
        (0, 2, pytest.approx(0.8), False),
        (1, 1, pytest.approx(1.0), True),
    ]


def test_alignment_turns_with_the_pair(model):
    both = [model.compare(*pair) for pair in (PAIR, PAIR[::-1])]
    one, other = map(align, both)
    assert token_cosines(both[0], -1) == pytest.approx(token_cosines(both[1], -1).T, abs=1e-5)
    assert one.precision == pytest.approx(other.recall, abs=1e-5)


def test_the_alignment_view_shows_the_numbers_of_the_matrix(model):
    comparison = model.compare(*PAIR)
    found = align(comparison)
    last = model.config.num_hidden_layers
    shown = Page(meets_view(comparison, dataclasses.replace(COSINES, layer=last), ("cosine",))).text
    assert f"Precision{number(found.precision)}" in shown
    assert f"F1{number(found.f1)}" in shown
    value = token_cosines(comparison, -1)[6, comparison.tokens.tokens[1].index("guitar")]
    assert f"guitar × guitar: {number(value)}" in shown


def test_the_last_column_of_the_profile_is_the_score(model):
    comparison = model.compare(*PAIR, pooling="max")
    profile = profile_of(comparison, ("mean", "max"))
    assert profile.shape == (2, model.config.num_hidden_layers + 1)
    assert profile[1, -1] == pytest.approx(comparison["cosine"].value, abs=1e-5)


def test_hiding_each_token_alone_is_what_occlusion_reports(model):
    comparison = model.compare(*PAIR)
    found = occlude(comparison, "cosine", partial(model.score_masked, comparison))
    assert found.score == pytest.approx(comparison["cosine"].value, abs=1e-6)
    mask = comparison.tokens.attention_mask.copy()
    mask[1, 3] = 0
    alone = model.rescore(comparison, mask, pooling="mean")["cosine"].value
    assert found.changes_b[3] == pytest.approx(
        alone - comparison["cosine"].value, abs=0.01
    )  # int8 depends on the batch
    assert np.isnan(found.changes_a[[0, -1]]).all()
    shown = Page(saw(comparison, occlusions=[found])).text
    assert number(found.changes_b[3], 4, signed=True) in shown
    assert "being worked out" not in shown
    assert "being worked out" in saw(comparison)


@pytest.mark.parametrize("scorer", ["euclidean", "bilstm", "nli", "combined"])
def test_every_scorer_can_be_asked_which_tokens_matter_to_it(model, scorer):
    comparison = model.compare(*PAIR, pooling="max")
    found = occlude(comparison, scorer, partial(model.score_masked, comparison, scorer=scorer, pooling="max"))
    mask = comparison.tokens.attention_mask.copy()
    mask[0, 2] = 0
    alone = model.rescore(comparison, mask, pooling="max")[scorer].score
    assert found.score == comparison[scorer].score
    assert found.changes_a[2] == pytest.approx(alone - comparison[scorer].score, abs=0.03)  # int8, and steep
    own = occluded(model, comparison)
    source = saw(comparison, ways=("cosine", scorer), occlusions=[own, found])
    assert f"Solid bars are of cosine, hollow ones of {scorer}, each kind on its own scale." in source
    assert f"Read together: {scorer}" in source


@pytest.mark.tensorflow
def test_occlusion_of_a_long_sentence_is_capped_and_says_so(tmp_path):
    long = bertsim.load(
        make_checkpoint(tmp_path / "long", max_position_embeddings=200), engine="tensorflow", max_length=200
    )
    comparison = long.compare("the cat sat on the mat and the dog " * 18, "the old house")
    found = occlude(comparison, "cosine", partial(long.score_masked, comparison))
    most = TRIED // comparison.tokens.input_ids.shape[1]
    assert np.flatnonzero(~np.isnan(found.changes_a)).tolist() == list(range(1, most))
    assert f"Of the 162 tokens of A the first {most - 1} were hidden in turn." in saw(comparison, occlusions=[found])


def test_a_mask_that_leaves_nothing_is_refused():
    with pytest.raises(InputError, match=r"^every token of sentence B is masked: leave at least one\.$"):
        check_masks(np.array([[1, 0], [0, 0]]))


def test_content_words_are_neither_function_words_nor_punctuation_nor_special(model):
    tokens = model.compare("The cat is on the mat.", "It does unplayful things!").tokens
    named = [[tokens.tokens[row][place] for word in content_words(tokens, row) for place in word] for row in (0, 1)]
    assert named == [["cat", "mat"], ["un", "##play", "##ful", "things"]]


def test_the_mask_view_marks_what_is_hidden_and_gives_both_values(model):
    comparison = model.compare(*PAIR)
    mask = comparison.tokens.attention_mask.copy()
    mask[0, 6] = 0
    after = model.rescore(comparison, mask)
    page = Page(saw_view(comparison, [[6], []], after.scores))
    off = [attrs["data-pick"] for _, attrs in page.elements if attrs.get("aria-pressed") == "false"]
    assert off == ["a6"]
    before, now = comparison["cosine"].value, after["cosine"].value
    assert f"cosine{number(before)}{number(now)}{number(now - before, signed=True)}" in page.text


def test_attention_shows_the_scored_rows_and_says_when_they_are_no_longer_whole(model):
    comparison = model.compare(*PAIR)
    tokens, output = comparison.packed
    assert output.attentions[:, 0].sum(axis=-1) == pytest.approx(1.0, abs=1e-3)
    source = meets_view(comparison, AttentionChoice(2, 1, "A→B", hides_special=True), ())
    row, column = tokens.tokens[0].index("man"), tokens.tokens[0].index("someone")
    assert f"man × someone: {number(output.attentions[1, 0, 0, row, column])}" in Page(source).text
    assert "not renormalised" in source
    assert "× [SEP]" not in source
    assert "not renormalised" not in meets_view(comparison, AttentionChoice(1, None), ())


@pytest.mark.parametrize("letter", ["A", "B"])
def test_attention_of_a_sentence_alone_is_that_of_its_own_tokens_without_padding(model, letter):
    comparison = model.compare(*PAIR)
    row = "AB".index(letter)
    length = int(comparison.tokens.attention_mask[row].sum())
    source = meets_view(comparison, AttentionChoice(1, 2, f"{letter} alone"), ())
    page = Page(source)
    assert source.count("<rect") == length * length
    assert "[PAD]" not in page.text
    tokens, values = comparison.tokens.tokens[row], comparison.output.attentions[0, row, 1]
    assert f"{tokens[1]} × {tokens[2]}: {number(values[1, 2])}" in page.text
    assert f"Layer 1, head 2: how much each row's token takes from each column's, for sentence {letter}" in page.text
    assert f"Spread evenly it would be {number(1 / length)} everywhere." in page.text


@pytest.mark.parametrize(
    ("layer", "head", "title"),
    [
        (None, None, "Mean of all layers, mean of all heads"),
        (None, 2, "Mean of all layers, head 2"),
        (1, None, "Layer 1, mean of all heads"),
        (1, 2, "Layer 1, head 2"),
    ],
)
def test_a_mean_over_layers_or_heads_weighs_every_matrix_alike(model, layer, head, title):
    attentions = model.compare(*PAIR).packed[1].attentions[:, 0]
    choice = AttentionChoice(layer, head)
    wanted = [
        matrix_
        for number_, layer_ in enumerate(attentions, 1)
        for index, matrix_ in enumerate(layer_, 1)
        if layer in (None, number_) and head in (None, index)
    ]
    assert matrix(attentions, choice) == pytest.approx(np.mean(wanted, axis=0), abs=1e-6)
    assert matrix(attentions, choice).sum(axis=1) == pytest.approx(1.0, abs=1e-3)
    assert choice.title == title


@pytest.mark.parametrize(
    ("part", "scorers", "says"),
    [
        (PACKED, ("nli", "combined"), "The pair is read packed by nli and, through it, combined."),
        ("A→B", ("pooled", "nli"), "The pair is read packed by pooled, nli."),
        (PACKED, (), "No scorer of this model reads pairs packed: all of them read each sentence alone."),
        (
            "B alone",
            ("cosine", "dot", "combined"),
            "Sentence B is read alone by cosine, dot and, through them, combined.",
        ),
    ],
)
def test_attention_says_which_scorers_used_what_is_shown(model, part, scorers, says):
    shown = Page(meets_view(model.compare(*PAIR), AttentionChoice(1, None, part), scorers)).text
    assert f"everywhere. {says} Attention is not an explanation of a score." in shown


def test_attention_of_a_sentence_alone_is_drawn_under_the_mask(model):
    comparison = model.compare(*PAIR)
    mask = comparison.tokens.attention_mask.copy()
    mask[1, 3] = 0
    masked = model.rescore(comparison, mask)
    source = Page(meets_view(comparison, AttentionChoice(1, None, "B alone"), (), masked)).text
    tokens = comparison.tokens.tokens[1]
    assert "The mask hides 1 token of this input" in source
    assert f"{tokens[1]} × {tokens[3]}: 0.000" in source
    other = Page(meets_view(comparison, AttentionChoice(1, None, "A alone"), (), masked)).text
    assert "The mask hides" not in other


def test_a_long_pair_is_drawn_up_to_a_cap_and_says_so(model):
    comparison = model.compare("one two three four five " * 20, "six seven " * 40)
    source = meets_view(comparison, COSINES, ())
    assert source.count("<rect") == DRAWN * DRAWN
    assert "left out: 62 of 102 rows, 42 of 82 columns" in source
    assert left_out(DRAWN, DRAWN) == ""
    assert len(source) < 1_500_000


@pytest.mark.parametrize("view", ["cosines", "attention", "layers"])
def test_every_picture_is_well_formed_svg_that_stands_alone(model, view):
    comparison = model.compare("A <b>&amp; café", "B > a")
    source = {
        "cosines": lambda: meets_view(comparison, COSINES, ()),
        "attention": lambda: meets_view(comparison, AttentionChoice(1, 1), ()),
        "layers": lambda: layers(comparison),
    }[view]()
    pictures = re.findall(r"<svg.*?</svg>", source, re.DOTALL)
    assert pictures
    for picture in pictures:
        root = ElementTree.fromstring(picture)
        assert root.attrib["aria-label"]
        assert "url(" not in picture


def test_a_heat_map_puts_rows_down_and_columns_across():
    rows, columns = [Label("r0", "a1"), Label("r1", "a2")], [Label("c0", "b1")]
    source = heatmap(np.array([[0.25], [1.0]], np.float32), rows, columns, label="x")
    assert re.findall(r"<title>(.*?)</title>", source) == ["r0 × c0: 0.250", "r1 × c0: 1.000"]
    opacities = [float(value) for value in re.findall(r'fill-opacity="([\d.]+)"', source)]
    assert opacities[0] == pytest.approx(opacities[1] / 4, abs=1e-3)


def pixels(source: str) -> np.ndarray:
    """The levels, 0 to 15, of a thumbnail's pixels."""
    png = b64decode(source.removeprefix("data:image/png;base64,"))
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    (width, height), at, chunks = struct.unpack(">II", png[16:24]), 8, {}
    while at < len(png):
        length = struct.unpack(">I", png[at : at + 4])[0]
        chunks[png[at + 4 : at + 8]] = png[at + 8 : at + 8 + length]
        assert (
            zlib.crc32(png[at + 4 : at + 8 + length]) == struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0]
        )
        at += length + 12
    assert list(chunks[b"tRNS"]) == [level * 17 for level in range(16)]
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)[:, 1:]
    return np.stack([lines >> 4, lines & 15], axis=-1).reshape(height, -1)[:, :width]


def test_a_thumbnail_is_a_png_with_the_opacity_of_its_values():
    assert pixels(thumbnail(np.array([[0.0, 1.0, 0.2], [0.4, 0.0, 2.0]], np.float32))).tolist() == [
        [0, 15, 3],
        [6, 0, 15],
    ]


def test_a_large_thumbnail_shows_the_highest_of_the_cells_that_share_a_pixel():
    values = np.zeros((100, 3), np.float32)
    values[99, 2] = 1.0
    shown = pixels(thumbnail(values))
    assert shown.shape == (32, 3)
    assert np.argwhere(shown).tolist() == [[31, 2]]


def test_buttons_carry_an_index_and_never_what_was_typed_into_a_handler():
    page = Page(choices("Try", ["A & B"]) + previous([("a", "b", 0.25, ""), (HOSTILE[4], "d", 1.0, "")]))
    assert [attrs["data-pick"] for tag, attrs in page.elements if tag == "button"] == ["0", "1", "0"]
    assert "0.250" in page.text


def occluded(model, comparison: Comparison):
    return occlude(comparison, "cosine", partial(model.score_masked, comparison))


def test_a_token_is_a_switch_with_a_bar_for_each_way_of_reading(model):
    comparison = model.compare(*PAIR, packed=True)
    known = [occlude(comparison, s, partial(model.score_masked, comparison, scorer=s)) for s in ("cosine", "pooled")]
    source = saw(comparison, ways=("cosine", "pooled"), occlusions=known)
    (label,) = (attrs["aria-label"] for _, attrs in Page(source).elements if attrs.get("data-pick") == "a6")
    changes = [number(float(each.changes_a[6]), signed=True) for each in known]
    assert label.endswith(f"without it cosine {changes[0]}, without it pooled {changes[1]}")
    bars_ = re.findall(r'<i class="is-(up|down)( is-together)?" style="height:([\d.]+)%"', source)
    assert len(bars_) == 2 * int(comparison.tokens.attention_mask.sum())
    for kind, each in zip(("", " is-together"), known, strict=True):
        changes_ = np.concatenate([each.changes_a, each.changes_b])
        heights = [float(height) for _, own, height in bars_ if own == kind]
        assert heights == pytest.approx(np.nan_to_num(np.abs(changes_)) / np.nanmax(np.abs(changes_)) * 50, abs=0.06)


def test_of_a_long_sentence_the_tokens_behind_the_first_are_folded_and_counted(model):
    source = saw(model.compare("one two three four five " * 20, "six"))
    assert f"<summary>{SHOWN} of 102 tokens</summary>" in source
    assert source.count('<details class="bs-rest"') == 1
    assert source.count('data-pick="a') == 102


def test_a_token_s_effect_on_the_mask_is_drawn_as_two_marks(model):
    comparison = model.compare(*PAIR)
    mask = comparison.tokens.attention_mask.copy()
    mask[0, 6] = 0
    after = model.rescore(comparison, mask)
    source = saw_view(comparison, [[6], []], after.scores)
    for kind, value in (("is-old", comparison["cosine"].value), ("is-new", after["cosine"].value)):
        assert f'<i class="{kind}" style="left:{value * 100:.2f}%"' in source
    assert 'data-marker="cosine"' in source


def test_mates_choose_each_other():
    """Row 0 and column 0 do; row 1's best is column 0, which prefers row 0."""
    assert mates(np.array([[0.9, 0.2], [0.8, 0.1]], np.float32)) == [(0, 0)]
    assert mates(np.zeros((0, 2), np.float32)) == []


def test_content_words_without_a_partner_are_named_and_marked(model):
    comparison = model.compare("She sat on the bank of the river.", "She opened an account at the bank.")
    alone = without_partner(comparison, comparison, -1)
    named = [[comparison.tokens.tokens["ab".index(key[0])][int(key[1:])] for key in keys] for keys in alone]
    assert "bank" not in [*named[0], *named[1]]
    assert "river" in named[0]
    last = dataclasses.replace(COSINES, layer=model.config.num_hidden_layers)
    page = Page(meets_view(comparison, last, ("cosine",)))
    assert f"Without a partner: {', '.join(named[0])} of A and {', '.join(named[1])} of B." in page.text
    assert f"○ {named[0][-1]}" in page.text
    same = model.compare("The dog barks.", "The dog barks.")
    assert "Every content word has a partner." in Page(meets_view(same, COSINES, ())).text


def test_the_matrix_across_is_the_mean_of_both_directions_by_hand():
    """[CLS] x [SEP] y [SEP]: x looks at y with .6, y at x with .2: mean .4, of two tokens' attention .8 / 2."""
    attention = np.zeros((1, 1, 5, 5), np.float32)
    attention[0, 0, 1, 3], attention[0, 0, 3, 1] = 0.6, 0.2
    tokens = packed_by_hand()
    assert mean_across(attention, [1], [3]) == pytest.approx(np.full((1, 1, 1, 1), 0.4))
    assert shares_across(attention, tokens) == pytest.approx(np.array([[0.4]]))
    assert token_keys(tokens, 0) == ["a0", "a1", "a2", "b1", "b2"]


def packed_by_hand(token: str = "y") -> TokenBatch:
    """[CLS] x [SEP] y [SEP] in one row."""
    return TokenBatch(
        input_ids=np.array([[2, 5, 3, 6, 3]], np.int32),
        attention_mask=np.ones((1, 5), np.int32),
        token_type_ids=np.array([[0, 0, 0, 1, 1]], np.int32),
        tokens=(("[CLS]", "x", "[SEP]", token, "[SEP]"),),
        spans=np.zeros((1, 5, 2), np.int32),
        is_special=np.array([[1, 0, 1, 0, 1]], bool),
        is_unknown=np.zeros((1, 5), bool),
        own=(((1, 2), (3, 4)),),
        sentences=(("x", token),),
        unread=((Unread(), Unread()),),
    )


@pytest.mark.parametrize(
    ("seen_by_x", "seen_by_y", "tag_"),
    [
        ((0, 0.6), (2, 0.6), TAGS[0]),
        ((2, 0.6), (4, 0.6), TAGS[1]),
        ((3, 0.6), (1, 0.6), TAGS[2]),
        ((0, 0.4), (4, 0.7), TAGS[3]),
    ],
)
def test_a_head_is_tagged_by_where_more_than_half_of_its_attention_goes(seen_by_x, seen_by_y, tag_):
    attention = np.zeros((2, 1, 5, 5), np.float32)  # the second layer looks nowhere
    for row, (column, weight) in ((1, seen_by_x), (3, seen_by_y)):
        attention[0, 0, row, column] = weight
    assert tag_heads(attention, packed_by_hand("x")) == [[tag_], [""]]
    if tag_ == TAGS[2]:
        assert tag_heads(attention, packed_by_hand("y")) == [[""], [""]]  # no word is in both


def test_the_overview_has_a_tile_for_every_matrix_and_marks_the_open_one(model):
    comparison = model.compare(*PAIR, packed=True)
    layers_, heads = model.config.num_hidden_layers, model.config.num_attention_heads
    page = Page(meets_view(comparison, AttentionChoice(2, 3, BOTH, hides_special=True), ()))
    tiles = [attrs for tag_, attrs in page.elements if "bs-tile" in (attrs.get("class") or "")]
    assert len(tiles) == (layers_ + 1) + layers_ * (heads + 1) + heads + 1
    assert [attrs["data-pick"] for attrs in tiles if attrs["aria-pressed"] == "true"] == ["2-3"]
    assert {"0-cosines", "mean-mean", f"{layers_}-{heads}"} <= {attrs["data-pick"] for attrs in tiles}


def test_attention_across_says_how_much_of_it_is_in_the_other_sentence(model):
    comparison = model.compare(*PAIR, packed=True)
    tokens, output = comparison.packed
    shares = shares_across(output.attentions[:, 0], tokens)
    layer, head = np.unravel_index(shares.argmax(), shares.shape)
    most = AttentionChoice(int(layer) + 1, int(head) + 1, BOTH, hides_special=True)
    shown = Page(meets_view(comparison, most, ())).text
    assert f"{shares.max():.0%} of what it looks at is in the other sentence, the most of all heads." in shown
    row, column = tokens.tokens[0].index("guitar"), tokens.tokens[0].index("guitar", 10)
    value = (output.attentions[layer, 0, head, row, column] + output.attentions[layer, 0, head, column, row]) / 2
    assert f"guitar × guitar: {number(value)}" in shown


def test_cosines_under_the_mask_are_those_of_the_tokens_that_are_left(model):
    comparison = model.compare(*PAIR)
    mask = comparison.tokens.attention_mask.copy()
    mask[1, 5] = 0
    under = model.rescore(comparison, mask)
    shown = Page(meets_view(comparison, dataclasses.replace(COSINES, layer=1), (), under)).text
    tokens = comparison.tokens.tokens
    assert f"{tokens[0][6]} × {tokens[1][6]}: {number(token_cosines(under, 1)[6, 6])}" in shown
    assert f"{tokens[0][6]} × {tokens[1][5]}:" not in shown


def test_a_view_carries_what_a_pinned_token_tints_in_thousandths():
    named = tinting(np.array([[0.1234, -0.5]], np.float32), "attention", 0.25)
    assert named == {"data_tint": "[[123,0]]", "data_what": "attention", "data_high": "250"}


@pytest.mark.parametrize(("value", "shown"), [(0.25, ".25"), (-0.25, "−.25"), (1.0, "1.00"), (0.996, "1.00")])
def test_a_short_number_has_no_zero_in_front(value, shown):
    assert short_number(value) == shown


def test_the_trace_is_of_the_pinned_tokens_else_of_the_shared_word_that_changes_most(model):
    comparison = model.compare("She sat on the bank of the river.", "She opened an account at the bank.")
    names = comparison.tokens.tokens
    bank = names[0].index("bank"), names[1].index("bank")
    assert choose_trace(comparison) == trace_of(comparison, ()) == bank
    assert trace_of(comparison, ("a7", "b3", "a1")) == (1, 3)
    best = int(np.where(comparison.tokens.is_own[1], token_cosines(comparison, -1)[1], -2).argmax())
    assert trace_of(comparison, ("a1",)) == (1, best)
    assert trace_of(comparison, ("b6",))[1] == 6
    cosines = [token_cosines(comparison, layer)[bank] for layer in (0, -1)]
    shown = Page(layers(comparison)).text
    both = "“bank” – “bank”"
    assert f"{both}: {short_number(cosines[0])} at the embeddings, {short_number(cosines[1])} at the last" in shown


def test_where_no_content_word_is_shared_the_two_most_alike_are_traced_and_where_there_is_none_two_tokens(model):
    pair = model.compare("The dogs bark.", "It is the cat, or two.")
    words, cosines = [[2, 3], [4, 7]], token_cosines(pair, -1)
    a, b = choose_trace(pair)
    assert (a, b) == trace_of(pair, ())
    assert a in words[0]
    assert b in words[1]
    assert cosines[a, b] == cosines[np.ix_(*words)].max()
    bare = model.compare("It is.", "He was.")
    own = np.where(np.outer(*bare.tokens.is_own), token_cosines(bare, -1), -2)
    assert own[choose_trace(bare)] == own.max()


def test_the_band_is_that_in_which_nine_of_ten_other_pairs_lie(model):
    comparison = model.compare(*PAIR)
    layers_ = model.config.num_hidden_layers + 1
    others = np.repeat(np.linspace(0, 1, 101, dtype=np.float32)[:, None], layers_, axis=1)
    source = layers_view(comparison, ("mean", "cls"), others)
    assert "<td><bdi>0.050</bdi></td>" in source
    assert "<td><bdi>0.950</bdi></td>" in source
    assert source.count("<polyline") == 3
    assert source.count("<polygon") == 1
