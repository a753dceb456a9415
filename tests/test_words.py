"""What an encoder's numbers mean: read, written, refused, and loaded with the encoder whose folder says so."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import bertsim
from bertsim.data.json_files import write_json
from bertsim.errors import CheckpointError, InputError
from bertsim.export.writing import write_manifest
from bertsim.hub.download import is_needed
from bertsim.score.words import NAME, KnownError, Range, Words, read_words
from bertsim.ui.pairs import Pairs, Settings
from bertsim.views.result import measures

WORDS = Words(
    note="It was taught to read pairs.",
    data="STS-B dev: 1,500 pairs with people's ratings from 0 to 5",
    scorers={"cosine": "sentence vectors, read apart", "bilstm": "a head"},
    ranges={"cosine": (Range(-1.0, "Far apart", 0.7, 210), Range(0.5, "Near", 4.2, 300))},
    known_errors=(KnownError("antonym", 0.87, 300, "one word replaced by its opposite"),),
    agreement={"cosine": 0.87, "bilstm": 0.86},
)


def test_words_travel_through_their_file_in_the_order_of_their_keys(tmp_path: Path) -> None:
    assert read_words(tmp_path) is None
    write_json(tmp_path / NAME, WORDS)
    assert read_words(tmp_path) == WORDS
    raw = json.loads((tmp_path / NAME).read_text(encoding="utf-8"))
    assert list(raw) == ["note", "data", "scorers", "ranges", "known_errors", "agreement"]
    assert raw["ranges"]["cosine"][1] == {"low": 0.5, "words": "Near", "rating": 4.2, "pairs": 300}
    assert raw["known_errors"][0] == {
        "kind": "antonym",
        "right": 0.87,
        "trials": 300,
        "words": "one word replaced by its opposite",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda raw: raw.pop("note"), "note is missing; "),
        (lambda raw: raw.update(x=1), "x is not known; known are agreement, data, known_errors, note, ranges, "),
        (lambda raw: raw.update(note=" "), "note is ' '; a text was expected; "),
        (lambda raw: raw.update(scorers=[]), "scorers is []; a table was expected; "),
        (lambda raw: raw["scorers"].update(cosine=1), "scorers.cosine is 1; a text was expected; "),
        (lambda raw: raw["ranges"].update(cosine={}), "ranges.cosine is {}; a list was expected; "),
        (lambda raw: raw["ranges"].update(cosine=[]), "ranges of cosine: low is []; one or more rising "),
        (
            lambda raw: raw["ranges"]["cosine"].reverse(),
            "ranges of cosine: low is [0.5, -1.0]; one or more rising numbers were expected; ",
        ),
        (lambda raw: raw["ranges"]["cosine"].append(3), "ranges.cosine[2]: 3 was found where a table was expected; "),
        (lambda raw: raw["ranges"]["cosine"][1].pop("rating"), "ranges.cosine[1]: rating is missing; "),
        (
            lambda raw: raw["ranges"]["cosine"][1].update(rating=5.5),
            "ranges.cosine[1]: rating is 5.5; a number from 0 to 5 was expected; ",
        ),
        (lambda raw: raw["ranges"]["cosine"][0].update(low=float("nan")), "low is nan; a finite number was "),
        (lambda raw: raw["ranges"]["cosine"][0].update(low="0"), "low is '0'; a finite number was expected; "),
        (lambda raw: raw["ranges"]["cosine"][0].update(pairs=0), "pairs is 0; a whole number of at least 1 "),
        (lambda raw: raw["agreement"].update(nli=1.1), "agreement: nli is 1.1; a number in [-1, 1] was expected"),
        (lambda raw: raw["known_errors"][0].update(right=1.1), "right is 1.1; a number in [0, 1] was "),
        (lambda raw: raw["known_errors"][0].update(right=True), "right is True; a finite number was "),
        (lambda raw: raw["known_errors"][0].update(more=1), "known_errors[0]: more is not known; known "),
    ],
)
def test_a_file_that_cannot_be_is_refused_by_file_and_key(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    write_json(tmp_path / NAME, WORDS)
    raw = json.loads((tmp_path / NAME).read_text(encoding="utf-8"))
    change(raw)
    (tmp_path / NAME).write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(CheckpointError) as raised:
        read_words(tmp_path)
    assert re.match(rf"{re.escape(str(tmp_path / NAME))}: .*{re.escape(message)}", str(raised.value))
    assert str(raised.value).endswith("; make it again with train.")


def test_what_cannot_be_is_refused_before_it_is_written() -> None:
    with pytest.raises(InputError, match=r"^rating is 7; a number from 0 to 5 was expected\.$"):
        Range(0.0, "Near", 7, 1)


@pytest.fixture(scope="module")
def spoken(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bundle with words of its own, in its manifest."""
    folder = tmp_path_factory.mktemp("words") / "spoken"
    shutil.copytree(tiny_bundle, folder)
    write_json(folder / NAME, WORDS)
    write_manifest(folder)
    return folder


def test_a_model_has_the_words_of_its_folder_and_none_without(spoken: Path, tiny_bundle: Path) -> None:
    assert bertsim.load(spoken).words == WORDS
    assert bertsim.load(tiny_bundle).words is None


def test_the_page_says_how_scorers_agree_with_people_under_the_encoder_s_own_settings_alone(spoken: Path) -> None:
    model = bertsim.load(spoken)
    own = Settings(model.name, model.default_pooling, "last", "concat", model.max_length)
    pair = Pairs().compare(model, own, "the cat sat", "the cat sat")
    assert "STS-B dev: 1,500 pairs with people&#x27;s ratings from 0 to 5" in measures(pair.comparison, pair.origin)
    other = Pairs().compare(model, replace(own, pooling="mean"), "the cat sat", "the cat sat")
    assert "agrees with people" not in measures(other.comparison, other.origin)


def test_without_its_own_heads_an_encoder_says_nothing_that_stands_on_them(spoken: Path) -> None:
    words = bertsim.load(spoken, heads=False).words
    assert words is not None
    assert words.ranges == WORDS.ranges
    assert (dict(words.scorers), words.known_errors) == ({"cosine": WORDS.scorers["cosine"]}, ())
    assert words.agreement == {"cosine": 0.87}


def test_words_that_were_changed_are_refused_by_the_manifest(spoken: Path, tmp_path: Path) -> None:
    folder = tmp_path / "changed"
    shutil.copytree(spoken, folder)
    (folder / NAME).write_text("{}", encoding="utf-8")
    with pytest.raises(CheckpointError, match=rf"{NAME} is damaged or was changed"):
        bertsim.load(folder)


@pytest.mark.parametrize("tune", ["heads", "all"])
def test_what_is_trained_anew_does_not_inherit_words_that_were_true_for_another(
    spoken: Path, tmp_path: Path, tune: str
) -> None:
    from bertsim.training.run import prepare_output

    prepare_output(spoken, tune, tmp_path / "output", resume=False)
    assert (tmp_path / "output" / "config.json").exists()
    assert read_words(tmp_path / "output") is None


def test_words_are_fetched_with_an_encoder() -> None:
    assert is_needed(NAME)
