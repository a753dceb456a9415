"""What the bundled encoder must be able to do, whichever run of `make weights` it comes from: its card's promises."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bertsim import SimilarityModel
from bertsim.measuring.edits import KINDS
from bertsim.model.loading import BUNDLED

HEADS = ("bilstm", "nli", "pooled")
REPORT = json.loads((BUNDLED / "metrics.json").read_text(encoding="utf-8"))["report"]
"""What `make weights` measured, as served."""


def labelled(model: SimilarityModel, a: str, b: str) -> str:
    """What `nli` says of B, given A."""
    (shares,) = model.label_probabilities([(a, b)], head="nli")
    return model.labels("nli")[int(shares.argmax())]


def test_its_files_fit_into_a_repository() -> None:
    assert sum(path.stat().st_size for path in BUNDLED.rglob("*") if path.is_file()) <= 52_000_000


def test_it_reads_pairs_packed_by_three_heads_and_joins_them(model: SimilarityModel) -> None:
    assert model.heads == HEADS
    assert model.scorers_of("packed") == (*HEADS, "combined")
    assert model.labels("nli") == ("entailment", "neutral", "contradiction")
    assert model.words
    assert set(model.words.scorers) >= {*HEADS, "combined"}
    judged = {score.scorer for score in model.compare("A dog barks.", "A dog.").scores if score.probability}
    assert judged == {*model.scorers} - {"nli"}  # whose value is a probability of its own: that B follows


def test_a_word_has_another_vector_in_another_sense(model: SimilarityModel) -> None:
    a, b, other = "She sat on the bank of the river.", "They swam to the bank.", "The bank lends money."
    output = model.encode(model._tokenizer.batch([(a,), (b,), (other,)], 32))
    places = (5, 5, 2)
    vectors = np.stack([output.last_hidden_state[row, place] for row, place in enumerate(places)])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.05


def test_its_attention_looks_somewhere(model: SimilarityModel) -> None:
    comparison = model.compare("A man is playing a guitar on a small stage.", "Someone plays the guitar.")
    length = int(comparison.tokens.attention_mask[0].sum())
    rows = comparison.output.attentions[:, 0, :, :length, :length]
    assert np.median(rows.max(axis=-1)) * length > 3  # 1 = everywhere the same


@pytest.mark.parametrize(
    ("a", "paraphrase", "unrelated"),
    [
        ("A man is playing a guitar.", "Someone plays an instrument.", "The soup is cold."),
        ("He passed away last night.", "He died yesterday evening.", "The soup is cold."),
        ("A little girl feeds ducks.", "A small child is feeding some ducks.", "The stock market fell."),
    ],
)
@pytest.mark.parametrize("scorer", ["cosine", "pooled", "bilstm", "combined"])
def test_a_paraphrase_scores_above_an_unrelated_sentence(
    model: SimilarityModel, scorer: str, a: str, paraphrase: str, unrelated: str
) -> None:
    same, other = model.score([(a, paraphrase), (a, unrelated)], scorer=scorer)
    assert same > other + 0.2


@pytest.mark.parametrize(
    ("a", "b", "label"),
    [
        ("The film is good.", "The film is not good.", "contradiction"),
        ("The film is not good.", "The film is good.", "contradiction"),
        ("The soup is hot.", "The soup is not hot.", "contradiction"),
        ("The soup is hot.", "The soup is not cold.", "entailment"),
        ("The door is open.", "The door is not open.", "contradiction"),
        ("I like the new teacher.", "I do not like the new teacher.", "contradiction"),
        ("The museum is open on Sunday.", "The museum is closed on Sunday.", "contradiction"),
        ("Three men are sitting at a table.", "Five men are sitting at a table.", "contradiction"),
        ("A small black dog is running.", "A dog is running.", "entailment"),
        ("The chef cooked the dinner.", "The dinner was cooked by the chef.", "entailment"),
        ("A dog is running.", "A small black dog is running.", "neutral"),
        ("The dog chased the cat.", "The cat chased the dog.", "neutral"),
    ],
)
def test_nli_tells_what_follows_from_what(model: SimilarityModel, a: str, b: str, label: str) -> None:
    assert labelled(model, a, b) == label


@pytest.mark.parametrize(
    ("scorer", "least"), [("cosine", 0.817), ("pooled", 0.825), ("bilstm", 0.81), ("combined", 0.862)]
)
def test_its_figures_do_not_fall(scorer: str, least: float) -> None:
    assert REPORT["columns"]["stsb/test.tsv.gz, Spearman"][scorer] >= least


def test_no_set_that_it_was_not_tuned_on_is_lost() -> None:
    for name in ("sick/dev.tsv.gz, Spearman", "mrpc/dev.tsv.gz, ROC AUC"):
        assert REPORT["columns"][name]["cosine"] >= REPORT["columns"][name]["base"] - 0.005


def test_it_infers_and_sees_what_a_minimal_edit_changes() -> None:
    by_scorer = {p["name"]: p["values"] for p in REPORT["probes"] if len(p["values"]) > 1}
    by_head = {p["name"]: p["values"]["nli"] for p in REPORT["probes"] if len(p["values"]) == 1}
    assert by_head["inference"] >= 0.79
    assert min(by_head[kind] for kind in KINDS) >= 0.85
    assert max(by_scorer["negation"].values()) >= 0.9
    assert max(by_scorer["word order"].values()) >= 0.9


def test_its_vectors_are_those_of_the_encoder_that_it_began_as() -> None:
    assert REPORT["fidelity"]["mean"] >= 0.985
    assert REPORT["fidelity"]["smallest"] >= 0.93


def test_its_probabilities_are_honest() -> None:
    figures = json.loads((BUNDLED / "metrics.json").read_text(encoding="utf-8"))["as_served"]
    heads = [json.loads(path.read_text(encoding="utf-8"))["as_served"] for path in BUNDLED.glob("heads/*/metrics.json")]
    found = [table["test"]["ece"] for table in (figures, *heads) if "ece" in table["test"]]
    found += [probe["ece"] for probe in REPORT["probes"] if probe["name"] == "inference"]
    assert len(found) == 4  # cosine, pooled, bilstm; nli's own on SNLI
    assert max(found) <= 0.04
