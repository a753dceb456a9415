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
from bertsim.records import Comparison, EncoderOutput, PairScore, TokenBatch, Unread
from bertsim.score.words import KnownError, Range, Words
from bertsim.text.tokenizer import Tokenizer
from bertsim.views.alignment import alignment_view, best_matches
from bertsim.views.anatomy import anatomy, words, written_differently
from bertsim.views.attention import PACKED, AttentionChoice, attention_view, matrix
from bertsim.views.explain import HIDDEN_TOKENS, align, check_masks, layer_profile, occlude
from bertsim.views.layers import layers_view
from bertsim.views.markup import Html, downloads, number, plain, table, tag
from bertsim.views.mask import function_positions, mask_view, special_positions
from bertsim.views.matrix import DRAWN, heatmap, left_out, thumbnail
from bertsim.views.matter import matter_view
from bertsim.views.page import choices, previous
from bertsim.views.result import Origin, bars, explanation, losses, provenance, verdict
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
b bdi button caption circle dd del details div dl dt figcaption figure g h1 header i img li ol p path polyline rect s
section span strong summary svg table tbody td text th thead title tr ul
"""


def assert_safe(source: str) -> None:
    """No element, handler or template slot of a stranger's; sendable as UTF-8."""
    source.encode("utf-8")
    assert "${" not in source
    assert "{{" not in source
    for element, attrs in Page(source).elements:
        assert element in KNOWN.split()
        assert not [name for name in attrs if name.startswith("on")]


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


def test_the_verdict_has_the_words_of_the_encoder_for_its_cosine_and_on_what_they_stand():
    shown = Page(verdict(by_hand(), SPOKEN)).text
    assert shown.startswith("Very near0.900 cosine")
    assert "People rated pairs with such a cosine 4.2 out of 5 on average (some pairs & ratings)." in shown
    assert_safe(verdict(by_hand(), SPOKEN))


@pytest.mark.parametrize(
    ("engine", "what"),
    [
        (ORIGIN, "encoders"),
        (dataclasses.replace(SPOKEN, words=dataclasses.replace(WORDS, ranges={})), "encoders"),
        (dataclasses.replace(SPOKEN, pooling="cls", is_default=False), "settings"),
    ],
)
def test_a_cosine_for_which_there_are_no_words_is_given_without_a_judgement(engine, what):
    shown = Page(verdict(by_hand(), engine)).text
    assert shown.startswith("Cosine 0.9000.900 cosine")
    assert f"What counts as similar differs between {what}: compare with pairs that you know." in shown
    assert "rated" not in shown


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


def test_the_heads_of_a_model_are_explained_where_its_scores_stand(model):
    engine = dataclasses.replace(ORIGIN, heads={name: model.head_config(name) for name in model.heads})
    titles = [attrs["title"] for _, attrs in Page(bars(model.compare(*PAIR), engine)).elements if "title" in attrs]
    assert titles == [explanation(scorer, engine) for scorer in model.scorers]
    assert "a trained head: Bi-LSTM" in " ".join(titles)


def test_every_scorer_has_its_value_its_range_and_a_bar_of_the_right_length():
    page = Page(bars(by_hand(), ORIGIN))
    assert "0.900similarity, −1 … 1" in page.text
    assert "−2.500product, −∞ … ∞" in page.text
    assert "3.000distance, 0 … ∞; as a similarity 1/(1+d) = 0.250" in page.text
    fills = [attrs["style"] for tag, attrs in page.elements if attrs.get("class") == "bs-fill"]
    assert fills == ["left:50.00%;width:45.00%", "left:0.00%;width:25.00%"]  # none for the endless product


@pytest.mark.parametrize(
    ("probability", "shown"), [(0.644, "64"), (0.9999, "over 99"), (0.001, "under 1"), (0.994, "99")]
)
def test_a_calibrated_probability_is_a_share_that_is_never_certain(probability, shown):
    score = PairScore("cosine", 0.9, "similarity", -1.0, 1.0, 0.9, probability)
    page = Page(bars(dataclasses.replace(by_hand(), scores=(score,)), ORIGIN))
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
    assert losses(cut.tokens) == [
        f"Not read: {first} tokens of A, {second} tokens of B. What follows the cut changes no score.",
        "What was not read of A and of B differs, so no score of this pair has a probability or says that they are"
        " the same.",
    ]
    assert losses(cut.tokens)[0] in Page(verdict(cut, ORIGIN)).text
    unknown = model.compare("I feel \U0001f600", "I feel fine")
    assert losses(unknown.tokens)[0] == "Sentence A, not read: \U0001f600; the vocabulary lacks it."
    assert losses(model.compare("I feel fine", "I feel well").tokens) == []


def test_what_was_not_read_takes_the_words_and_the_probability_and_leaves_the_score(model):
    pair = model.compare("I feel \U0001f600", "I feel \u2639")
    shown = Page(verdict(pair, ORIGIN)).text
    assert shown.startswith("Cosine 1.000")
    assert "Sentence B, not read: \u2639" in shown
    assert "What was not read of A and of B differs" in shown
    assert "called similar" not in bars(pair, ORIGIN)
    nothing = Page(verdict(model.compare("<b>\u2603", "\u2603"), ORIGIN)).text
    assert "Nothing was read of sentence B, so no score of this pair has a probability" in nothing


def test_unknown_tokens_are_marked_whatever_their_text(tiny_checkpoint):
    page = Page(
        anatomy(
            Tokenizer.from_folder(tiny_checkpoint, BertConfig.from_folder(tiny_checkpoint)).batch(
                [("a \u2603",), ("dog",)], 16
            )
        )
    )
    labels = [attrs["aria-label"] for _, attrs in page.elements if "bs-token" in (attrs.get("class") or "")]
    assert [label for label in labels if "unknown to the vocabulary" in label] == [
        "[UNK], id 1, position 2, token type 0, attention mask 1, unknown to the vocabulary: written \u2603"
    ]
    assert "1 unknown to the vocabulary" in page.text


def test_attention_says_what_did_not_fit_into_one_input(model):
    long = model.compare("word " * 100, "other " * 100, max_length=128)
    cut = [each.cut_tokens for each in long.packed[0].unread[0]]
    shown = Page(attention_view(long, AttentionChoice(1, None), ())).text
    assert f"not read: {cut[0]} tokens of A, {cut[1]} tokens of B" in shown
    alone = model.compare("word " * 200, "other", max_length=128)
    cut = alone.tokens.unread[0][0].cut_tokens
    shown = Page(attention_view(alone, AttentionChoice(1, None, "A alone"), ())).text
    assert f"Not read: {cut} tokens of A." in shown
    assert "ot read:" not in Page(attention_view(alone, AttentionChoice(1, None, "B alone"), ())).text


def test_read_text_that_is_too_long_to_show_is_counted(model):
    shown = Page(anatomy(model.compare("a" + " " * 5000 + "bear", "a bear").tokens)).text
    assert "4,604 more characters, not shown here" in shown


def test_the_anatomy_shows_every_id_position_type_and_mask(model):
    batch = model.compare(*PAIR).tokens
    page = Page(anatomy(batch))
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
    batch = model.compare("short", "word " * 200, max_length=16).tokens
    assert batch.unread[1][0].cut_tokens == 186
    source = anatomy(batch)
    assert re.search(r"<del>\s*word word", source)
    assert "cut off: 186 tokens did not fit" in Page(source).text
    assert "Sentence B: what is struck through was not read." in Page(source).text


@pytest.mark.parametrize("typed", HOSTILE)
def test_every_view_shows_hostile_text_as_text(model, typed):
    comparison = model.compare(typed + " one", "two " + typed)
    views = [
        anatomy(comparison.tokens),
        alignment_view(comparison, model.config.num_hidden_layers),
        attention_view(comparison, AttentionChoice(1, None), ()),
        attention_view(comparison, AttentionChoice(None, 1, "B alone"), ()),
        layers_view(comparison),
        mask_view(comparison, [[1], []], comparison.scores),
        matter_view(comparison, occlude(comparison, "cosine", partial(model.score_masked, comparison))),
        previous([(typed, "two " + typed, 0.5)]),
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
    assert found.cosines.shape == (3, 4)
    assert found.cosines[1].tolist() == pytest.approx([0.0, 1.0, 0.6, 0.0])
    assert (found.precision, found.recall) == pytest.approx((1.0, 0.9))
    assert found.f1 == pytest.approx(1.8 / 1.9)
    assert best_matches(found) == [(0, 2, pytest.approx(0.8), False), (1, 1, pytest.approx(1.0), True)]


def test_alignment_turns_with_the_pair(model):
    one, other = (align(model.compare(*pair)) for pair in (PAIR, PAIR[::-1]))
    assert one.cosines == pytest.approx(other.cosines.T, abs=1e-5)
    assert one.precision == pytest.approx(other.recall, abs=1e-5)


def test_the_alignment_view_shows_the_numbers_of_the_matrix(model):
    comparison = model.compare(*PAIR)
    found = align(comparison)
    shown = Page(alignment_view(comparison, -1)).text
    assert f"Precision{number(found.precision)}" in shown
    assert f"F1{number(found.f1)}" in shown
    assert f"guitar × guitar: {number(found.cosines[6, comparison.tokens.tokens[1].index('guitar')])}" in shown


def test_the_last_column_of_the_profile_is_the_score(model):
    comparison = model.compare(*PAIR, pooling="max")
    profile = layer_profile(comparison, ("mean", "max"))
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
    assert number(found.changes_b[3], signed=True) in Page(matter_view(comparison, found)).text


@pytest.mark.parametrize("scorer", ["euclidean", "bilstm", "nli", "combined"])
def test_every_scorer_can_be_asked_which_tokens_matter_to_it(model, scorer):
    comparison = model.compare(*PAIR, pooling="max")
    found = occlude(comparison, scorer, partial(model.score_masked, comparison, scorer=scorer, pooling="max"))
    mask = comparison.tokens.attention_mask.copy()
    mask[0, 2] = 0
    alone = model.rescore(comparison, mask, pooling="max")[scorer].score
    assert found.score == comparison[scorer].score
    assert found.changes_a[2] == pytest.approx(alone - comparison[scorer].score, abs=0.03)  # int8, and steep
    assert f"How the {scorer} score" in matter_view(comparison, found)


@pytest.mark.tensorflow
def test_occlusion_of_a_long_sentence_is_capped_and_says_so(tmp_path):
    long = bertsim.load(
        make_checkpoint(tmp_path / "long", max_position_embeddings=200), engine="tensorflow", max_length=200
    )
    comparison = long.compare("the cat sat on the mat and the dog " * 18, "the old house")
    found = occlude(comparison, "cosine", partial(long.score_masked, comparison))
    assert np.flatnonzero(~np.isnan(found.changes_a)).tolist() == list(range(1, HIDDEN_TOKENS))
    shown = matter_view(comparison, found)
    assert "Sentence A: drawn are the first 64 of its 162 tokens, and 127 were tried" in shown


def test_a_mask_that_leaves_nothing_is_refused():
    with pytest.raises(InputError, match=r"^every token of sentence B is masked: leave at least one\.$"):
        check_masks(np.array([[1, 0], [0, 0]]))


def test_function_words_punctuation_and_special_tokens_are_found(model):
    tokens = model.compare("The cat is on the mat.", "It does unplayful things!").tokens
    named = [tokens.tokens[0][position] for position in function_positions(tokens, 0)]
    assert named == ["the", "is", "on", "the", "."]
    assert [tokens.tokens[0][position] for position in special_positions(tokens, 0)] == ["[CLS]", "[SEP]"]


def test_the_mask_view_marks_what_is_hidden_and_gives_both_values(model):
    comparison = model.compare(*PAIR)
    mask = comparison.tokens.attention_mask.copy()
    mask[0, 6] = 0
    after = model.rescore(comparison, mask)
    page = Page(mask_view(comparison, [[6], []], after.scores))
    off = [attrs["data-pick"] for _, attrs in page.elements if attrs.get("aria-pressed") == "false"]
    assert off == ["a6"]
    before, now = comparison["cosine"].value, after["cosine"].value
    assert f"cosine{number(before)}{number(now)}{number(now - before, signed=True)}" in page.text


def test_attention_shows_the_scored_rows_and_says_when_they_are_no_longer_whole(model):
    comparison = model.compare(*PAIR)
    tokens, output = comparison.packed
    assert output.attentions[:, 0].sum(axis=-1) == pytest.approx(1.0, abs=1e-3)
    source = attention_view(comparison, AttentionChoice(2, 1, "A→B", hides_special=True), ())
    row, column = tokens.tokens[0].index("man"), tokens.tokens[0].index("someone")
    assert f"man × someone: {number(output.attentions[1, 0, 0, row, column])}" in Page(source).text
    assert "not renormalised" in source
    assert "× [SEP]" not in source
    assert "not renormalised" not in attention_view(comparison, AttentionChoice(1, None), ())


@pytest.mark.parametrize("letter", ["A", "B"])
def test_attention_of_a_sentence_alone_is_that_of_its_own_tokens_without_padding(model, letter):
    comparison = model.compare(*PAIR)
    row = "AB".index(letter)
    length = int(comparison.tokens.attention_mask[row].sum())
    source = attention_view(comparison, AttentionChoice(1, 2, f"{letter} alone"), ())
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
    shown = Page(attention_view(model.compare(*PAIR), AttentionChoice(1, None, part), scorers)).text
    assert f"everywhere. {says} Attention is not an explanation of a score." in shown


def test_attention_of_a_sentence_alone_is_drawn_under_the_mask(model):
    comparison = model.compare(*PAIR)
    mask = comparison.tokens.attention_mask.copy()
    mask[1, 3] = 0
    masked = model.rescore(comparison, mask)
    source = Page(attention_view(comparison, AttentionChoice(1, None, "B alone"), (), masked)).text
    tokens = comparison.tokens.tokens[1]
    assert "The mask hides 1 token of this input" in source
    assert f"{tokens[1]} × {tokens[3]}: 0.000" in source
    other = Page(attention_view(comparison, AttentionChoice(1, None, "A alone"), (), masked)).text
    assert "The mask hides" not in other


def test_a_long_pair_is_drawn_up_to_a_cap_and_says_so(model):
    comparison = model.compare("one two three four five " * 20, "six seven " * 40)
    source = alignment_view(comparison, -1)
    assert source.count("<rect") == DRAWN * DRAWN
    assert "left out: 62 of 102 rows, 42 of 82 columns" in source
    assert left_out(DRAWN, DRAWN) == ""
    assert len(source) < 1_500_000


@pytest.mark.parametrize("view", ["alignment", "attention", "layers"])
def test_every_picture_is_well_formed_svg_that_stands_alone(model, view):
    comparison = model.compare("A <b>&amp; café", "B > a")
    source = {
        "alignment": lambda: alignment_view(comparison, -1),
        "attention": lambda: attention_view(comparison, AttentionChoice(1, 1), ()),
        "layers": lambda: layers_view(comparison),
    }[view]()
    pictures = re.findall(r"<svg.*?</svg>", source, re.DOTALL)
    assert pictures
    for picture in pictures:
        root = ElementTree.fromstring(picture)
        assert root.attrib["aria-label"]
        assert "url(" not in picture


def test_a_heat_map_puts_rows_down_and_columns_across():
    rows, columns = [("r0", "red"), ("r1", "red")], [("c0", "blue")]
    source = heatmap(np.array([[0.25], [1.0]], np.float32), rows, columns, label="x")
    assert re.findall(r"<title>(.*?)</title>", source) == ["r0 × c0: 0.250", "r1 × c0: 1.000"]
    opacities = [float(value) for value in re.findall(r"fill-opacity:([\d.]+)", source)]
    assert opacities[0] == pytest.approx(opacities[1] / 4, abs=1e-3)


def test_a_thumbnail_is_a_png_with_the_opacity_of_its_values():
    """2 × 1 cells of 0 and 1: alpha 0 and 255."""
    png = b64decode(thumbnail(np.array([[0.0, 1.0]], np.float32)).removeprefix("data:image/png;base64,"))
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", png[16:24]) == (2, 1)
    length = struct.unpack(">I", png[33:37])[0]
    line = zlib.decompress(png[41 : 41 + length])
    assert (line[4], line[8]) == (0, 255)


def test_buttons_carry_an_index_and_never_what_was_typed_into_a_handler():
    page = Page(choices("Try", ["A & B"]) + previous([("a", "b", 0.25), (HOSTILE[4], "d", 1.0)]))
    assert [attrs["data-pick"] for tag, attrs in page.elements if tag == "button"] == ["0", "1", "0"]
    assert "0.250" in page.text
