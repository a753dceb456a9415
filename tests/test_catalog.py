"""The catalog: what a host offers is what can be asked for, and nothing else."""

from __future__ import annotations

import pytest

from bertsim.errors import InputError
from bertsim.model.loading import BUNDLED_NAME
from bertsim.ui.catalog import BUNDLED_OFFER, WELL_KNOWN, offered


def names(catalog):
    return [offer.name for offer in catalog.offers]


def test_without_a_word_of_the_host_the_bundled_encoder_and_the_well_known_ones_are_offered():
    catalog = offered({})
    assert names(catalog) == [BUNDLED_NAME, *(offer.name for offer in WELL_KNOWN)]
    assert names(catalog)[1] == "sentence-transformers/all-MiniLM-L6-v2"
    assert catalog.start == BUNDLED_OFFER == catalog.find(None) == catalog.find(BUNDLED_NAME)


def test_every_well_known_encoder_says_what_it_weighs_and_what_it_is_good_for():
    for offer in WELL_KNOWN:
        assert offer.megabytes
        assert offer.megabytes > 50
        assert offer.good_for
        assert offer.source == offer.name


def test_the_host_s_folders_are_offered_by_their_names_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    catalog = offered({"BERTSIM_ENCODERS": f" {tmp_path / 'mine'}, BAAI/bge-small-en-v1.5 ,"})
    assert names(catalog) == [BUNDLED_NAME, "mine", "BAAI/bge-small-en-v1.5"]
    assert catalog.find("mine").source == str(tmp_path / "mine")
    assert catalog.find("BAAI/bge-small-en-v1.5").megabytes == 133
    assert names(offered({"BERTSIM_ENCODERS": ""})) == [BUNDLED_NAME]


def test_the_app_begins_with_what_the_host_names(tmp_path):
    (tmp_path / "mine").mkdir()
    assert offered({"BERTSIM_ENCODER": str(tmp_path / "mine")}).start.name == "mine"
    catalog = offered({"BERTSIM_ENCODER": "user/encoder@v2", "BERTSIM_ENCODERS": ""}, tmp_path / "mine")
    assert names(catalog) == [BUNDLED_NAME, "mine"]
    started = offered({"BERTSIM_ENCODER": "user/encoder@v2"}).start
    assert (started.source, started.revision) == ("user/encoder", "v2")


def test_the_host_says_how_large_a_visitor_s_encoder_may_be():
    assert offered({}).max_bytes == 2_000_000_000
    assert offered({"BERTSIM_MAX_MEGABYTES": "5"}).max_bytes == 5_000_000
    assert (offered({}).max_seconds, offered({"BERTSIM_MAX_MINUTES": "2"}).max_seconds) == (1800, 120)
    with pytest.raises(InputError, match=r"^BERTSIM_MAX_MEGABYTES is '5 GB'; a whole number was expected\.$"):
        offered({"BERTSIM_MAX_MEGABYTES": "5 GB"})


def test_two_folders_of_one_name_are_refused(tmp_path):
    for folder in ("one/bert", "two/bert"):
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(InputError, match=r"name two encoders called bert; rename one folder\.$"):
        offered({"BERTSIM_ENCODERS": f"{tmp_path / 'one/bert'},{tmp_path / 'two/bert'}"})


@pytest.mark.parametrize("name", ["somebody/else", "/etc", "../weights", "weights", "", "x" * 5000])
def test_what_is_not_offered_is_refused_with_one_sentence(name):
    with pytest.raises(
        InputError,
        match=r"^encoder is '.{0,80}', which is not offered here; "
        rf"offered are {BUNDLED_NAME}, ",
    ):
        offered({}).find(name)


def test_any_id_of_the_hub_only_where_the_host_allows_it_and_a_folder_never(tmp_path, monkeypatch):
    catalog = offered({"BERTSIM_ALLOW_ANY_ENCODER": "1"})
    found = catalog.find("somebody/else@abc123")
    assert (found.source, found.revision) == ("somebody/else", "abc123")
    (tmp_path / "somebody" / "else").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for name in ("somebody/else", "/etc", "..", "a/b/c", "https://example.org/x", "user/name\n"):
        with pytest.raises(InputError, match="or any id of the Hub, user/name"):
            catalog.find(name)
