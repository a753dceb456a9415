"""Text as Arrow reads it for a cluster: as our own readers find it written, or said to be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from pyarrow import csv, fs

from bertsim.batch import on_ray
from bertsim.batch.places import Source
from bertsim.cli.options import NAME_THEM
from bertsim.data.pairs import open_pairs
from bertsim.data.rows import Reading
from bertsim.errors import DataError
from tests.commands import Result

QUOTED = 'sentence1\tsentence2\tlabel\n"A ""b"""\tx\ty\n"two\nlines"\t"t\tt"\tz\n'
PLAIN = 'sentence1\tsentence2\n"A\tB\nit"s\tC\n'


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def rows_of(source: Source) -> list[dict[str, Any]]:
    """What Arrow reads, as Ray has it read."""
    options = source.arrow_options
    return [row for path in source.paths for row in csv.read_csv(path, **options).to_pylist()]


@pytest.mark.parametrize(
    ("name", "text", "encoding"),
    [
        ("p.tsv", QUOTED, "utf-8"),
        ("p.tsv", PLAIN, "utf-8"),
        ("p.csv", QUOTED.replace("\t", ";"), "utf-8-sig"),
        ("p.csv", 'sep=;\nsentence1;sentence2\nGröße;"a;b"\n', "cp1252"),
        ("p.csv", "sentence1,sentence2\r\nGröße,b\r\n", "utf-16"),
        ("p.tsv", ",sentence1,sentence2\n0,A,B\n1,C,D\n".replace(",", "\t"), "utf-8"),  # the index of pandas
        ("p.csv", '"sentence1","sentence2"\n"1","A","B"\n"2","C","D"\n', "utf-8"),  # the names of R's rows
        ("p.tsv", "0.5\tA\tB\n1.5\tC\tD\n", "utf-8"),
    ],
)
def test_arrow_reads_the_rows_that_our_own_reader_reads(tmp_path: Path, name: str, text: str, encoding: str) -> None:
    path = write(tmp_path / name, text, encoding)
    expected = [row.values for row in open_pairs(path)]
    assert len(expected) >= 1
    assert rows_of(Source.find(path)) == expected


def test_several_files_are_read_alike_or_the_option_that_makes_them_so_is_said(tmp_path: Path) -> None:
    write(tmp_path / "a.tsv", QUOTED)
    write(tmp_path / "b.tsv", "sentence1\tsentence2\tlabel\nC\tD\tE\n")
    with pytest.raises(DataError) as raised:
        Source.find(tmp_path)
    assert str(raised.value) == (
        f"{tmp_path}: a.tsv (TSV, quotes, utf-8, a header) and b.tsv (TSV, no quotes, utf-8, a header) are to be read"
        " in different ways, and --ray reads all in one; say which by options such as --quoting, or name fewer files."
    )
    found = Source.find(tmp_path, reading=Reading(quoting="double"))
    assert rows_of(found) == [row.values for row in open_pairs(tmp_path, reading=Reading(quoting="double"))]


def test_what_arrow_would_read_otherwise_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", 'sentence1,sentence2\n"a \\"b\\"","c"\n"d","e"\n')
    book_path = tmp_path / "x.csv"  # its content says what it is
    how = {'CSV, comma, quotes, \\" in them, utf-8, a header': path, "Excel, sheet 'Sheet', a header": book_path}
    book = Workbook()
    for row in (("sentence1", "sentence2"), ("A", "B")):
        book.active.append(row)
    book.save(book_path)
    for said, each in how.items():
        with pytest.raises(DataError) as raised:
            Source.find(each)
        assert str(raised.value) == f"{each}: {said}, which --ray cannot read; score or embed it without --ray."


def test_of_text_elsewhere_its_quotes_must_be_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Elsewhere(fs.SubTreeFileSystem):
        """A file system that is not this machine's own."""

    elsewhere = Elsewhere("/", fs.LocalFileSystem())
    monkeypatch.setattr("bertsim.batch.places.place_of", lambda where: (elsewhere, str(where)))
    path = write(tmp_path / "p.tsv", QUOTED)
    with pytest.raises(DataError) as raised:
        Source.find(path)
    assert str(raised.value) == (
        f"{path}: whether quotes enclose cells is found out on this machine alone; say --quoting double if they do,"
        " --quoting none if they are text."
    )
    told = Source.find(path, reading=Reading(quoting="double"))
    assert rows_of(told) == [row.values for row in open_pairs(path)]
    bare = write(tmp_path / "p.csv", "Größe;B\n", "cp1252")
    how = Reading(delimiter=";", encoding="cp1252", header=False)
    assert rows_of(Source.find(bare, ("1", "2"), reading=how)) == [{"column1": "Größe", "column2": "B"}]
    for is_text, option in ((False, "them with --columns A B"), (True, "it with --column")):
        with pytest.raises(DataError, match=rf"p\.csv: without a header, name {option}, by number\.$"):
            Source.find(bare, advice=NAME_THEM, reading=how, is_text=is_text)


def test_words_that_do_not_go_with_ray_are_refused(
    tmp_path: Path, cli: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_ray, "find_spec", lambda name: name)  # as if it were installed
    path = write(tmp_path / "p.jsonl", '{"sentence1": "A", "sentence2": "B"}\n')
    words = ["score", "--input", path, "--output", tmp_path / "out", "--ray", "local"]
    assert cli(*words, "--no-header").refusal == f"{path}: how JSON Lines is written needs no telling; leave it out."
    said = "with --ray nothing is printed, piped or gone on with; leave out - and --restart."
    assert cli(*words, "--restart").refusal == said
    assert cli("score", "--input", "-", "--output", tmp_path / "out", "--ray").refusal == said
    assert cli("embed", "--input", path, "--output", "-", "--ray").refusal == said
