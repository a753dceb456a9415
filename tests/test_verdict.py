"""Verdicts: the rule by hand, what they stand on, how often they are right, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import bertsim
from bertsim import SimilarityModel
from bertsim.errors import CheckpointError, DataError, InputError
from bertsim.hub.download import is_needed
from bertsim.measuring.edits.antonyms import UNSEEN
from bertsim.measuring.edits.recognising import edit_between, known_error
from bertsim.measuring.probes import is_held_out
from bertsim.measuring.verdicts import VerdictReport, fit_rule, known_pairs, read_known, read_pairs, try_verdicts
from bertsim.model.loading import BUNDLED
from bertsim.model.ruler import KINDS as STRIPS
from bertsim.model.ruler import Ruler, ruler_pairs
from bertsim.score.verdict import KINDS, NAME, Inference, Share, Verdict, VerdictRule, kinds_of, one_text, read_rule
from bertsim.views import result, ruler
from bertsim.views.tour import challenge
from tests.commands import Result
from tests.pairs import write_inference, write_text

FILE = Path(__file__).parent / "verdict_pairs.tsv"
# Of 1, the rating's log-odds, entailment, neutral, contradiction: the smaller and the larger direction of each.
WEIGHTS: dict[str, tuple[float, ...]] = {
    "same": (0, 0, 1, 1, 0, 0, 0, 0),
    "one_follows": (0, 0, 0, 1, 0, 1, 0, 0),
    "opposite": (0, 0, 0, 0, 0, 0, 1, 1),
    "close": (0, 0, 0, 0, 1, 1, 0, 0),
    "different": (-6, -4, 0, 0, 0, 0, 0, 0),
}
RULE = VerdictRule("combined", WEIGHTS, 0.4, {"same": Share(0.9, 50)}, "by hand")
FOLLOWS, OPEN, AGAINST = (0.9, 0.1, 0.0), (0.1, 0.8, 0.1), (0.0, 0.1, 0.9)


@pytest.mark.parametrize(
    ("rating", "a_to_b", "b_to_a", "kind"),
    [
        (0.9, FOLLOWS, FOLLOWS, "same"),
        (0.9, FOLLOWS, (0.6, 0.3, 0.1), "same"),
        (0.9, FOLLOWS, (0.3, 0.7, 0.0), "one_follows"),
        (0.9, FOLLOWS, OPEN, "one_follows"),
        (0.3, OPEN, FOLLOWS, "one_follows"),
        (0.9, AGAINST, AGAINST, "opposite"),
        (0.3, AGAINST, (0.2, 0.3, 0.5), "opposite"),
        (0.9, OPEN, OPEN, "close"),
        (0.4, FOLLOWS, FOLLOWS, "same"),
        (0.1, FOLLOWS, FOLLOWS, "different"),
        (0.1, AGAINST, AGAINST, "different"),
        (0.1, OPEN, OPEN, "different"),
    ],
)
def test_a_low_rating_and_else_what_follows_from_what_tell_the_kind(
    rating: float, a_to_b: tuple[float, ...], b_to_a: tuple[float, ...], kind: str
) -> None:
    assert list(kinds_of(np.array([rating]), np.array([[a_to_b, b_to_a]]), RULE)) == [kind]


def test_every_kind_has_a_headline() -> None:
    given = Verdict("same", None, 0.5, Inference(1, 0, 0), Inference(1, 0, 0), None, None, None, False, "x")
    said = {replace(given, kind=kind).headline for kind in KINDS if kind != "one_follows"}
    said |= {replace(given, kind="one_follows", says_more=side).headline for side in "ab"}
    assert said == {
        "Say the same",
        "A says more than B",
        "B says more than A",
        "Same subject, opposite claims",
        "Close, but neither follows",
        "Different subjects",
    }


def test_a_verdict_is_made_of_what_the_comparison_has(model: SimilarityModel) -> None:
    a, b = "A man in a red coat walks home.", "A man walks home."
    comparison = model.compare(a, b)
    assert comparison.inference is not None
    wanted = model.label_probabilities([(a, b), (b, a)], head="nli")
    np.testing.assert_allclose(comparison.inference, wanted, atol=1e-5)
    found = model.verdict(comparison)
    assert found
    assert model.verdict_rule
    assert (found.kind, found.says_more, found.headline) == ("one_follows", "a", "A says more than B")
    assert found.a_to_b == pytest.approx(wanted[0], abs=1e-5)
    assert (found.rating, found.similar) == (comparison["combined"].score, comparison["combined"].probability)
    assert found.right == model.verdict_rule.right["one_follows"]
    assert found.read_together_by == model.name
    turned = model.verdict(model.compare(b, a))
    assert turned
    assert turned.says_more == "b"


def test_a_pair_under_a_mask_has_a_verdict_of_its_own(model: SimilarityModel) -> None:
    comparison = model.compare("The film is good.", "The film is not good.")
    mask = comparison.tokens.attention_mask.copy()
    mask[1, comparison.tokens.tokens[1].index("not")] = 0
    kinds = [model.verdict(each) for each in (comparison, model.rescore(comparison, mask))]
    assert [each and each.kind for each in kinds] == ["opposite", "same"]


def test_two_ways_of_reading_that_are_far_apart_disagree(model: SimilarityModel) -> None:
    comparison = model.compare("The soup is hot.", "The soup is not hot.")
    cosine = comparison["cosine"]
    assert cosine.probability is not None
    others = [replace(cosine, probability=probability) for probability in (0.0, 1.0, None)]
    found = []
    for other in others:
        scores = tuple(other if each.scorer == "cosine" else each for each in comparison.scores)
        verdict = model.verdict(comparison, replace(comparison, scores=scores))
        assert verdict
        found.append((verdict.gap, verdict.disagrees))
    rating = comparison["combined"].probability
    assert rating is not None
    assert model.verdict_rule
    gaps = [rating, 1 - rating]
    assert found[:2] == [(pytest.approx(gap), gap >= model.verdict_rule.far) for gap in gaps]
    assert found[1][1]
    assert found[2] == (None, False)


def test_what_was_not_read_has_no_verdict(model: SimilarityModel) -> None:
    assert model.verdict(model.compare("\u2603", "It is snowing.")) is None


def test_without_its_own_heads_an_encoder_gives_no_verdict() -> None:
    bare = bertsim.load(heads=False)
    assert (bare.verdict_rule, bare.inferring_head) == (None, None)
    comparison = bare.compare("a dog", "a cat")
    assert comparison.inference is None
    assert bare.verdict(comparison) is None


def test_another_encoder_s_pair_gets_the_verdict_of_the_one_that_reads_it_together(model: SimilarityModel) -> None:
    pair = "The door is open.", "The door is not open."
    bare = bertsim.load(heads=False)
    assert model.verdict(model.compare(*pair), bare.compare(*pair)) == model.verdict(model.compare(*pair))


# --- verdict.json ---


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled folder, to be changed."""
    return Path(shutil.copytree(BUNDLED, tmp_path_factory.mktemp("bundled") / "copy"))


def test_rules_that_were_changed_are_refused_by_the_manifest(folder: Path) -> None:
    kept = (folder / NAME).read_bytes()
    (folder / NAME).write_text("{}", encoding="utf-8")
    with pytest.raises(CheckpointError, match=rf"{NAME} is damaged or was changed"):
        bertsim.load(folder)
    (folder / NAME).write_bytes(kept)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("far", None, "far is missing; make it again with train."),
        ("extra", 1, "extra is not known; known are data, far, rating, right, weights"),
        ("far", "x", "far is 'x'; a finite number was expected"),
        ("far", 1.5, r"far is 1.5; a number in \[0, 1\] was expected"),
        ("weights", {}, "weights.same has 0 numbers; 8 were expected"),
        ("weights", WEIGHTS | {"same": ["x"] * 8}, r"weights.same\[0\] is 'x'; a finite number was expected"),
        ("weights", WEIGHTS | {"alike": [1.0] * 8}, "weights names 'alike'; known are same, one_follows, opposite"),
        ("right", {"alike": {"right": 1.0, "trials": 3}}, "right names 'alike'; known are same, one_follows, opposite"),
        ("right", {"same": {"right": 2.0, "trials": 3}}, r"right.same.right is 2.0; a number in \[0, 1\]"),
    ],
)
def test_rules_that_cannot_be_are_named(tmp_path: Path, key: str, value: object, message: str) -> None:
    table = json.loads((BUNDLED / NAME).read_text(encoding="utf-8")) | {key: value}
    (tmp_path / NAME).write_text(json.dumps({k: v for k, v in table.items() if v is not None}), encoding="utf-8")
    with pytest.raises(CheckpointError, match=f"{NAME}: {message}"):
        read_rule(tmp_path)


def test_a_folder_without_the_file_has_no_rule(tmp_path: Path) -> None:
    assert read_rule(tmp_path) is None


def test_the_file_is_fetched_with_an_encoder() -> None:
    assert is_needed(NAME)


# --- how often they are right ---


@pytest.fixture(scope="module")
def report(model: SimilarityModel) -> VerdictReport:
    """Of the pairs that were written to try verdicts on."""
    return try_verdicts(model, read_known(FILE))


def test_the_pairs_that_verdicts_are_tried_on_are_met_nowhere_else(model: SimilarityModel) -> None:
    pairs = read_known(FILE)
    assert {kind: sum(pair.kind == kind for pair in pairs) for kind in KINDS} == dict.fromkeys(KINDS, 24)
    ruled = {sentence for of_kind in ruler_pairs().values() for pair in of_kind for sentence in pair}
    assert ruled.isdisjoint(sentence for pair in pairs for sentence in pair[:2])


def test_verdicts_are_as_often_right_as_they_were(report: VerdictReport) -> None:
    assert report.right >= 0.85
    least_of = {"same": 0.75, "one_follows": 0.85, "opposite": 0.95, "close": 0.85, "different": 0.75}
    for kind, least in least_of.items():
        assert report.confusion[kind][kind] / 24 >= least, kind


def test_hardly_an_opposite_is_called_the_same(report: VerdictReport) -> None:
    assert report.confusion["opposite"]["same"] / 24 <= 0.02


def test_it_is_found_which_of_the_two_says_more(model: SimilarityModel) -> None:
    rows = [line.split("\t") for line in FILE.read_text(encoding="utf-8").splitlines() if line.count("\tone_follows\t")]
    said = [(model.verdict(model.compare(a, b)), more) for a, b, _, more in rows]
    found = [(verdict.says_more, more) for verdict, more in said if verdict and verdict.says_more]
    assert len(found) >= 15
    assert all(more == wanted for more, wanted in found)


def test_probe_prints_them(cli: Callable[..., Result]) -> None:
    done = cli("probe", "--verdicts", FILE)
    assert done.status == 0
    assert "of pairs got the right one" in done.out
    found = json.loads(cli("probe", "--verdicts", FILE, "--json").out)["verdicts"]
    assert sum(found["confusion"]["same"].values()) == 24
    assert f"verdict: {found['right']:.3f} of pairs" in done.out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a\tb\nA dog.\tA cat.\n",
            "has no column 'kind'; verdicts are tried on pairs that have one of same, one_follows",
        ),
        ("a\tb\tkind\nA dog.\tA cat.\tsimilar\n", ":2: the kind is 'similar', and one of same, one_follows, opposite"),
        ("a\tb\tkind\n", r"pairs\.tsv has a header and no rows; there is no verdict to try\."),
    ],
)
def test_a_file_of_other_kinds_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "pairs.tsv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_known(tmp_path / "pairs.tsv")


def test_an_encoder_without_verdicts_is_not_tried() -> None:
    with pytest.raises(InputError, match=r"gives no verdicts: its folder has no verdict\.json"):
        try_verdicts(bertsim.load(heads=False), read_known(FILE))


# --- fitting ---


def test_a_rule_is_fitted_on_held_out_pairs_of_every_kind(model: SimilarityModel, tmp_path: Path) -> None:
    inference, text = write_inference(tmp_path / "nli.tsv"), write_text(tmp_path / "text.txt")
    rated = [(("A dog runs.", "A cat sleeps."), value) for value in (0.0, 0.2, 0.5, 1.0)]
    pairs = known_pairs([inference], [text], None, None, rated)
    by_source = {(pair.kind, pair.source) for pair in pairs}
    assert {kind for kind, _ in by_source} == set(KINDS)
    assert {kind for kind, source in by_source if source == "ratings"} == {"same", "close", "different"}
    assert all(
        is_held_out(pair.sentence_a) or is_held_out(pair.sentence_b) for pair in pairs if pair.source == "inference"
    )
    assert known_pairs([inference], [text], None, None, rated) == pairs
    found = fit_rule(model, pairs, np.linspace(0, 1, 101), "pairs by rule")
    assert (found.rating, found.far, found.data) == ("combined", 0.95, "pairs by rule")
    assert all(0 <= share.right <= 1 and share.trials for share in found.right.values())
    read, right = read_pairs(model, pairs, "combined"), np.array([pair.kind for pair in pairs])
    said = kinds_of(read.rating, read.inference, found)
    assert (said == right).mean() > 0.6
    assert ((said == "same") & (right == "opposite")).mean() < 0.02


# --- the ruler ---


def test_the_ruler_has_fifty_pairs_of_each_kind_and_none_twice() -> None:
    assert {kind: len(pairs) for kind, pairs in ruler_pairs().items()} == dict.fromkeys(STRIPS, 50)
    assert len({pair for pairs in ruler_pairs().values() for pair in pairs}) == 200


@pytest.mark.parametrize("scorer", ["cosine", "combined", "euclidean"])
def test_its_strips_lie_in_order_and_are_made_once(model: SimilarityModel, scorer: str) -> None:
    ruler = model.ruler(scorer)
    assert model.ruler(scorer) is ruler
    middles = [float(np.median(ruler.strips[kind])) for kind in ("unrelated", "related", "paraphrase")]
    assert middles == sorted(middles)
    assert all((np.diff(strip) >= 0).all() for strip in ruler.strips.values())
    expected = np.sort(model.score(ruler_pairs()["related"], scorer=scorer))
    np.testing.assert_allclose(ruler.strips["related"], expected, atol=1e-6)


def test_an_encoder_without_heads_and_words_has_a_ruler_too() -> None:
    bare = bertsim.load(heads=False)
    same, other = (bare.compare("A dog is barking.", b)["cosine"].score for b in ("A dog barks.", "Gold is expensive."))
    assert bare.ruler().place(same).endswith(" paraphrases")
    assert bare.ruler().place(other).endswith("% of unrelated pairs")


def test_a_scorer_that_is_not_there_has_no_ruler(model: SimilarityModel) -> None:
    with pytest.raises(InputError, match="scorer is 'none'; known are cosine"):
        model.ruler("none")


@pytest.mark.parametrize(
    ("score", "place"),
    [
        (0.85, "above 75 % of paraphrases"),
        (0.65, "above all related pairs"),
        (0.35, "above 75 % of unrelated pairs"),
        (0.0, "above 0 % of unrelated pairs"),
    ],
)
def test_a_score_stands_above_the_most_alike_kind_that_it_is_above_half_of(score: float, place: str) -> None:
    strips = {"unrelated": [0.1, 0.2, 0.3, 0.4], "related": [0.4, 0.45, 0.5, 0.6], "paraphrase": [0.6, 0.7, 0.8, 0.9]}
    ruler = Ruler("cosine", {kind: np.array(strip, np.float32) for kind, strip in strips.items()})
    assert ruler.place(score) == place


# --- what kind of pair it is ---


@pytest.mark.parametrize(
    ("a", "b", "kind"),
    [
        ("Alice paid Bob.", "Bob paid Alice.", "role"),
        ("The film is good.", "The film is not good.", "negation"),
        ("He doesn't like tea.", "He likes tea.", "negation"),
        ("You can swim here.", "You can't swim here.", "negation"),
        ("He likes tea.", "He liked tea.", None),
        ("Three dogs run.", "300 dogs run.", "number"),
        ("The soup is hot.", "The soup is cold.", "antonym"),
        ("He is rich.", "He is poor.", UNSEEN),
        ("All children like music.", "No children like music.", "quantifier"),
        ("The man opened the door.", "The door was opened by the man.", "voice"),
        ("A man walks home.", "A man in a red coat walks home.", "modifier"),
        ("He is not going to help us.", "He refuses to help us.", None),
        ("A dog barks.", "A dog barks.", None),
        ("A dog barks.", "The plane departs.", None),
        ("\U0001f44d", "\u2603", None),
    ],
)
def test_a_pair_is_known_by_what_its_sentences_differ_in(a: str, b: str, kind: str | None) -> None:
    assert edit_between(a, b) == edit_between(b, a) == kind


def test_what_an_encoder_gets_wrong_is_said_of_pairs_of_that_kind_alone(model: SimilarityModel) -> None:
    found = known_error(model.words, "He is rich.", "He is poor.")
    assert found
    assert (found.kind, found.trials) == (UNSEEN, 300)
    assert known_error(model.words, "He is rich.", "Whales are mammals.") is None
    assert known_error(None, "He is rich.", "He is poor.") is None


@pytest.mark.parametrize("other", ["The soup is cold.", "the soup  is cold", "The soup is cold!"])
def test_one_text_says_the_same_whatever_inference_says_of_it(model: SimilarityModel, other: str) -> None:
    found = model.compare("The soup is cold.", other)
    verdict = model.verdict(found)
    assert verdict is not None
    assert (verdict.kind, verdict.is_one_text, verdict.right, verdict.disagrees) == ("same", True, None, False)
    shown = str(result.verdict(found, verdict, model.words))
    assert ">Say the same<" in shown
    assert "The two differ in case, spaces or a final stop at most: that is read off, not judged." in shown
    assert "Of 100 verdicts" not in shown
    assert "Inference" not in str(ruler.ways([], verdict))
    assert "opposite claims" in str(challenge(1.0, verdict))


@pytest.mark.parametrize(("a", "b"), [("It rains.", "It rains?"), (".", "!"), ("It rains", "It rains not")])
def test_two_texts_are_judged(a: str, b: str) -> None:
    assert not one_text(a, b)
