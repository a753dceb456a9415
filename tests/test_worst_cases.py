"""What is promised against hostile texts, files, options and flatbuffers, each by a test; `attacks.md` is the list."""

from __future__ import annotations

import contextlib
import gzip
import importlib
import json
import re
import resource
import zipfile
from collections.abc import Iterator
from time import process_time
from typing import Any

import pytest

import bertsim
from bertsim.data.pairs import open_pairs, open_sentences
from bertsim.errors import DataError, InputError
from tests.test_house import MODULES, name_of

A, B = "A plane is taking off.", "An aeroplane departs."
LONG = 100_000
"""Characters of a pattern's worst case."""


WORST = ("a", " ", "1", '"', "\n ", "[", "ab@", '<meta property="og:', "a b ", "\u3002", "-1.", "a/", "{\t", "é", "\\")
WORST += ("sep=", "x.")
SEARCHED = {"_STRANGE", "_ENDS", "_UNSAFE", "_LOST_BYTE", "_OTHERS"}
"""Patterns that are looked for anywhere in a text; of the others a text is one, or is not."""


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Every pattern that what comes from outside is held against."""
    for path in MODULES:
        is_ours = name_of(path).startswith(("bertsim/training", "bertsim/measuring"))
        if "re.compile(" in path.read_text("utf-8") and not is_ours:
            module = importlib.import_module(name_of(path).removesuffix(".py").replace("/", "."))
            yield from ((name, each) for name, each in vars(module).items() if isinstance(each, re.Pattern))


def test_no_pattern_takes_long_for_its_worst_case():
    found, slow = list(patterns()), []
    assert {name for name, _ in found} >= SEARCHED
    for name, pattern in found:
        for unit in WORST:
            text: Any = (unit * LONG)[:LONG] + "\x00!"
            given = text.encode() if isinstance(pattern.pattern, bytes) else text
            began = process_time()
            (pattern.search if name in SEARCHED else pattern.fullmatch)(given)
            if process_time() - began > 1:
                slow.append((name, unit))
    assert not slow


def test_a_name_that_stands_twice_among_ten_thousands_is_told_quickly():
    from bertsim.ui.guard import strict_json

    names, began = [f'"n{number}": 0' for number in (*range(40_000), 39_999)], process_time()
    with pytest.raises(InputError, match=r"^the request names 'n39999' twice in one object; give it once\.$"):
        strict_json(f"{{{', '.join(names)}}}".encode())
    assert process_time() - began < 5


def test_of_a_body_of_millions_of_values_no_more_is_looked_at_than_a_call_can_have():
    from bertsim.ui.guard import strict_json

    for written in (b"[]", b"0", b'{"a":1}'):
        with pytest.raises(InputError, match=r"^the request holds more than 200,000 values; split it"):
            strict_json(b'{"data": [[%s]]}' % b",".join([written] * 300_000))
    assert len(strict_json(b"[%s]" % b",".join([b'["a, b", "c"]'] * 60_000))) == 60_000


def test_quotes_of_a_cell_of_a_hundred_thousand_characters_are_told_quickly(tmp_path):
    for number, text in enumerate(
        ('"' * LONG, '"a" ' * (LONG // 4), '"\t' * (LONG // 2), "\\" * LONG + '"', " " * LONG + '"')
    ):
        path = tmp_path / f"{number}.csv"
        path.write_text(f"sentence1,sentence2\n{text},b\nc,d\n")
        began = process_time()
        with contextlib.suppress(DataError):
            list(open_pairs(path))
        assert process_time() - began < 5


def test_a_sentence_of_ten_megabytes_is_read_as_far_as_one_is(model):
    began = process_time()
    score = float(model.score([("a dog barks " * 900_000, "a dog barks")])[0])
    assert -1 <= score <= 1
    assert model.count_tokens(["word " * 2_000_000])[0].cut > 0
    assert process_time() - began < 20


def test_a_file_of_a_million_columns_is_refused_soon(tmp_path):
    path, began = tmp_path / "wide.tsv", process_time()
    path.write_text("\t".join(f"c{number}" for number in range(1_000_000)) + "\n" + "\t".join("x" * 1_000_000) + "\n")
    with pytest.raises(DataError, match=r"has 1,000,000 columns, and 10,000 are the most"):
        open_pairs(path)
    assert process_time() - began < 30


def test_a_bomb_of_gzip_or_of_excel_fills_no_memory(tmp_path, monkeypatch):
    bomb = tmp_path / "bomb.tsv.gz"
    with gzip.open(bomb, "wb", 1) as stream:
        for _ in range(60):
            stream.write(b"\xff" * 1_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match=r"characters; a data file has one row a line|cannot be told"):
        list(open_sentences(bomb))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000  # kilobytes
    monkeypatch.setattr("bertsim.data.tables.MAX_UNPACKED", 10_000_000)
    book = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", bytes(11_000_000))
    with pytest.raises(DataError, match=r"unpacks to 11 MB, and 10 MB are the most"):
        open_pairs(book)


def test_an_option_that_there_is_not_is_refused(model):
    with pytest.raises(InputError, match="there is no option 'poolin'; there are pooling, layers, combine, max_length"):
        model.score([(A, B)], poolin="cls")


def test_a_flatbuffer_that_nobody_vouches_for_has_the_shapes_of_its_encoder(tmp_path, monkeypatch):
    import shutil

    from bertsim.errors import NotExportedError
    from bertsim.model.loading import BUNDLED

    folder = tmp_path / "changed"
    shutil.copytree(BUNDLED, folder, ignore=shutil.ignore_patterns("manifest.json", "heads", "combined.json"))
    shutil.copyfile(BUNDLED / "heads" / "pooled" / "model.tflite", folder / "model.tflite")
    with pytest.raises(NotExportedError):
        bertsim.load(folder, export=False, heads=False)
    whole = json.loads((folder / "config.json").read_text())
    shutil.copyfile(BUNDLED / "model.tflite", folder / "model.tflite")
    assert bertsim.load(folder, export=False, heads=False).score([(A, A)])[0] == pytest.approx(1, abs=1e-3)
    (folder / "config.json").write_text(json.dumps(whole | {"num_attention_heads": 6}))
    with pytest.raises(NotExportedError):
        bertsim.load(folder, export=False, heads=False)
