"""Files of pairs: every format gives the same rows, every fault has a name, and no row is lost."""

from __future__ import annotations

import gzip
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from bertsim.data.atomic import write_atomically
from bertsim.data.pairs import DataFile, open_pairs, open_sentences
from bertsim.errors import DataError
from bertsim.measuring.labelled import find_label, number_of

PAIRS = [("A dog runs.", "A dog is running."), ('She said "no".', "a, b; c"), ("naïve 東京 🙂", "x\u2028y")]


def write(path: Path, text: str | bytes) -> Path:
    data = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def as_tsv(pairs: list[tuple[str, str]]) -> str:
    return "sentence1\tsentence2\n" + "".join(f"{a}\t{b}\n" for a, b in pairs)


def as_csv(pairs: list[tuple[str, str]]) -> str:
    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    return "sentence1,sentence2\n" + "".join(f"{quoted(a)},{quoted(b)}\n" for a, b in pairs)


def as_jsonl(pairs: list[tuple[str, str]]) -> str:
    return "".join(json.dumps({"sentence1": a, "sentence2": b}, ensure_ascii=False) + "\n" for a, b in pairs)


def open_labelled(path: Path, columns: tuple[str, str] | None = None, label: str | None = None) -> DataFile:
    return find_label(open_pairs(path, columns), label)


FORMATS = {"tsv": as_tsv, "csv": as_csv, "jsonl": as_jsonl}


@pytest.mark.parametrize("ending", [f"{kind}{gz}" for kind in FORMATS for gz in ("", ".gz")])
@pytest.mark.parametrize("change", [str, lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n")])
def test_every_format_gives_the_same_pairs(tmp_path, ending, change):
    path = write(tmp_path / f"pairs.{ending}", change(FORMATS[ending.partition(".")[0]](PAIRS)))
    rows = list(open_pairs(path))
    assert [row.sentences for row in rows] == PAIRS
    assert [row.error for row in rows] == [None] * 3


def test_a_quote_in_tsv_is_a_character_like_any_other(tmp_path):
    path = write(tmp_path / "p.tsv", 'a\tb\n"open\tnever closed\nnext\trow\n')
    assert [row.sentences for row in open_pairs(path)] == [('"open', "never closed"), ("next", "row")]


def test_a_row_keeps_its_line_and_every_column(tmp_path):
    path = write(tmp_path / "p.csv", 'id,text1,text2\n1,"two\nlines",b\n2,c,d\n')
    first, second = open_pairs(path)
    assert (first.line, second.line) == (2, 4)
    assert first.values == {"id": "1", "text1": "two\nlines", "text2": "b"}
    assert first.sentences == ("two\nlines", "b")


@pytest.mark.parametrize(
    "header",
    [
        "sentence1 sentence2",
        "sentence_a sentence_b",
        "sentence_A sentence_B",
        "Sentence1 Sentence2",
        "text1 text2",
        "text_a text_b",
        "premise hypothesis",
        "question1 question2",
        "a b",
    ],
)
def test_the_usual_names_of_the_two_columns_are_recognised(tmp_path, header):
    path = write(tmp_path / "p.tsv", f"id\t{header}\n1\tx\ty\n".replace(" ", "\t"))
    assert open_pairs(path).sentences == tuple(header.split())


def test_columns_can_be_named(tmp_path):
    path = write(tmp_path / "p.tsv", "de\ten\nja\tyes\n")
    (row,) = open_pairs(path, ("en", "de"))
    assert row.sentences == ("yes", "ja")


def test_a_label_column_is_recognised_or_named(tmp_path):
    path = write(tmp_path / "p.tsv", "sentence1\tsentence2\tscore\tmine\nx\ty\t2.5\t7\n")
    assert open_pairs(path).label is None
    assert [row.label for row in open_labelled(path)] == ["2.5"]
    assert [row.label for row in open_labelled(path, label="mine")] == ["7"]


def test_of_several_label_columns_the_one_with_numbers_is_taken(tmp_path):
    path = write(tmp_path / "p.tsv", "sentence1\tsentence2\tlabel\tscore\nx\ty\tneutral\t2.5\n")
    assert open_labelled(path).label == "score"


def test_two_label_columns_with_numbers_are_not_guessed_at(tmp_path):
    path = write(tmp_path / "p.tsv", "sentence1\tsentence2\tlabel\tscore\nx\ty\t1\t2.5\n")
    assert message(open_labelled, path) == (
        f"{path}: more than one column could be the label among 'sentence1', 'sentence2', 'label', 'score';"
        " rename them until one alone has a known name, such as score."
    )


def test_columns_whose_names_look_alike_are_not_guessed_at(tmp_path):
    path = write(tmp_path / "p.csv", "sentence1,Sentence_1,sentence2,Score,score\nx,y,z,1,2\n")
    listed = "'sentence1', 'Sentence_1', 'sentence2', 'Score', 'score'"
    assert message(open_pairs, path).startswith(
        f"{path}: more than one pair of columns could hold the sentences among {listed}; "
    )
    assert message(open_labelled, path, ("sentence1", "sentence2")).startswith(
        f"{path}: more than one column could be the label among {listed}; "
    )


def test_a_file_is_read_as_often_as_wanted(tmp_path):
    file = open_pairs(write(tmp_path / "p.tsv", as_tsv(PAIRS)))
    assert list(file) == list(file)


UTF8 = "caf\u00e9\tna\u00efve\n".encode() * 10  # so much of a file that it is UTF-8 beyond doubt


def faults(path: Path) -> list[tuple[int, str | None]]:
    return [(row.line, row.error) for row in open_pairs(path)]


def test_every_bad_row_of_a_tsv_is_named_and_the_good_ones_are_read(tmp_path):
    text = b"a\tb\nx\t\n \ty\nx\nx\ty\tz\tw\ncaf\xe9\ty\n\nlast\trow\n" + UTF8 + b"\n\n"
    assert faults(write(tmp_path / "p.tsv", text)) == [
        (2, "'b' is empty"),
        (3, "'a' is empty"),
        (4, "the row has 1 field, and the header names 2"),
        (5, "the row has 4 fields, and the header names 2"),
        (6, "byte 4 of the line, 0xe9, is not UTF-8"),
        (7, "the line is blank"),
        *[(line, None) for line in range(8, 19)],
    ]


def test_nothing_of_a_bad_row_is_lost(tmp_path):
    rows = list(open_pairs(write(tmp_path / "p.tsv", b"a\tb\nx\nx\ty\tz\tw\ncaf\xe9\ty\n" + UTF8)))[:3]
    assert [row.values for row in rows] == [{"a": "x", "b": ""}, {"a": "x", "b": "y z w"}, {"a": "caf\\xe9", "b": "y"}]
    assert {row.sentences for row in rows} == {()}


def test_every_bad_row_of_a_csv_is_named_and_the_good_ones_are_read(tmp_path):
    text = 'a,b\n"bad" quote,x\n"never closed,x\nfine,too\n,x\n"two\nlines",\nlast,"row"\n'
    fault = "the line is not CSV (',' expected after '\"'); double every quote inside a quoted field"
    assert faults(write(tmp_path / "p.csv", text)) == [
        (2, fault),
        (3, fault),
        (4, None),
        (5, "'a' is empty"),
        (6, "'b' is empty"),
        (8, None),
    ]


def test_a_cell_of_a_csv_that_is_too_long_is_called_that(tmp_path):
    path = write(tmp_path / "p.csv", f"a,b\n{'x' * 1_000_001},y\nfine,too\n")
    fault = "a cell is longer than 1,000,000 characters; shorten it, or close the quote that it begins with"
    assert faults(path) == [(2, fault), (3, None)]


def test_a_quote_that_is_never_closed_swallows_no_row(tmp_path):
    rows = "".join(f"x{i},y{i}\n" for i in range(1000))
    found = faults(write(tmp_path / "p.csv", f'a,b\n"open,x\n{rows}'))
    fault = "the line is not CSV (unexpected end of data); double every quote inside a quoted field"
    assert found == [(2, fault)] + [(line, None) for line in range(3, 1003)]


def test_every_bad_row_of_json_lines_is_named_and_the_good_ones_are_read(tmp_path):
    text = (
        b'{"a": "x", "b": "y"}\n{"a": "x"}\n{bad\n["x", "y"]\n{"a": 3, "b": "y"}\n{"a": "\\ud800", "b": "y"}\n'
        b'{"a": "\xff", "b": "y"}\n{"a": ' + b"[" * 100_000 + b'\n{"a": "x", "b": null}\n\n{"a": "x", "b": "y"}\n'
    ) + b'{"a": "caf\xc3\xa9", "b": "y"}\n' * 10
    assert faults(write(tmp_path / "p.jsonl", text)) == [
        (1, None),
        (2, "there is no 'b'"),
        (3, "the line is not JSON (Expecting property name enclosed in double quotes at character 2)"),
        (4, "the line is JSON but not an object, {…}, with a key for each column"),
        (5, "'a' holds 3, which is not text"),
        (6, "'a' holds half a surrogate pair, which is not text"),
        (7, "byte 8 of the line, 0xff, is not UTF-8"),
        (8, "the line is JSON with a number too long or brackets too deep to read"),
        (9, "there is no 'b'"),
        (10, "the line is blank"),
        *[(line, None) for line in range(11, 22)],
    ]


def test_a_sentence_of_half_a_million_characters_is_read(tmp_path):
    path = write(tmp_path / "p.csv", f'a,b\n"{"word " * 100_000}",y\n')
    (row,) = open_pairs(path)
    assert len(row.sentences[0]) == 500_000


def message(function, *args, **kwargs) -> str:
    with pytest.raises(DataError) as raised:
        function(*args, **kwargs)
    return str(raised.value)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("p.xlsx", "", "is damaged or no Excel file; check the file, or get it again."),
        ("p.parquet", "a,b\n", "is damaged or no Parquet file; check the file, or get it again."),
        ("p", "", "is empty; its first line must name the columns."),
        ("p.tsv", "", "is empty; its first line must name the columns."),
        ("p.csv", "\n\n", "is empty; its first line must name the columns."),
        ("p.jsonl", "", "holds no JSON object; every line must be one, with a key for each column."),
        ("p.jsonl", "[1]\n", "holds no JSON object; every line must be one, with a key for each column."),
        ("p.tsv", "\nx\ty\n", ":1 must name the columns, but the line is blank."),
        ("p.tsv", b"a\xe9\tb\n" + UTF8, ":1 must name the columns, but byte 2 of the line, 0xe9, is not UTF-8."),
        ("p.tsv", "a\tb\ta\n", ":1 names 'a' more than once; give every column its own name."),
        (
            "p.tsv",
            "left\tright\n",
            ": no two columns are known to hold the sentences among 'left', 'right'; rename them until one pair "
            "alone has known names, such as sentence1 and sentence2.",
        ),
        (
            "p.tsv",
            "a\tb\ttext1\ttext2\n",
            ": more than one pair of columns could hold the sentences among 'a', 'b', 'text1', 'text2';"
            " rename them until one pair alone has known names, such as sentence1 and sentence2.",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path, name, content, expected):
    path = write(tmp_path / name, content)
    said = message(open_pairs, path)
    assert said.startswith(str(path))
    assert said.removeprefix(str(path)).lstrip(": ") == expected.lstrip(": ")


def test_a_missing_file_is_refused(tmp_path):
    path = tmp_path / "p.tsv"
    assert message(open_pairs, path) == f"{path} does not exist; give the path of a data file."


def test_a_gzip_cut_short_is_refused(tmp_path):
    path = tmp_path / "p.tsv.gz"
    path.write_bytes(gzip.compress(as_tsv(PAIRS * 1000).encode())[:-20])
    said = message(lambda: list(open_pairs(path)))
    assert said.startswith(f"{path} cannot be read (Compressed file ended before the end-of-stream marker")


def test_a_line_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("bertsim.data.rows.MAX_LINE", 2_000_000)
    path = write(tmp_path / "p.tsv", "a\tb\n" + "x" * 3_000_000)
    assert message(lambda: list(open_pairs(path))) == (
        f"{path}:2 is longer than 2 million characters; a data file has one row a line, so break it up."
    )


def test_columns_that_are_not_there_are_refused_and_those_that_are_listed(tmp_path):
    path = write(tmp_path / "p.tsv", "a\tb\nx\ty\n")
    assert message(open_pairs, path, ("a", "c")) == f"{path} has no column 'c'; it has 'a', 'b'."
    assert message(open_labelled, path, label="c") == f"{path} has no column 'c'; it has 'a', 'b'."
    assert message(open_pairs, path, ("a", "9" * 5000)).endswith("9'; it has 'a', 'b'.")
    assert message(open_pairs, path, ("a", "a")) == (
        f"{path}: two different columns hold the sentences, but 'a', 'a' was named."
    )
    assert message(open_labelled, path) == (
        f"{path}: no column is known to be the label among 'a', 'b'; rename them until one alone has a known name,"
        " such as score."
    )


@pytest.mark.parametrize(
    ("cell", "number"),
    [("2.50", 2.5), (" 3 ", 3.0), (4, 4.0), (True, 1.0), ("-1e-3", -0.001)]
    + [(cell, None) for cell in ("", "nan", "inf", "neutral", None, [1], "1,5", 10**400)],
)
def test_a_label_is_a_finite_number_or_none(cell, number):
    assert number_of(cell) == number


def test_a_text_file_has_one_sentence_a_line(tmp_path):
    path = write(tmp_path / "s.txt.gz", 'One "sentence".\tStill one.\r\nTwo.\n\nFour.')
    assert [(row.sentences, row.error) for row in open_sentences(path)] == [
        (('One "sentence".\tStill one.',), None),
        (("Two.",), None),
        ((), "the line is blank"),
        (("Four.",), None),
    ]


def test_a_column_of_sentences_is_recognised_or_named(tmp_path):
    path = write(tmp_path / "s.csv", "id,sentence,other\n1,One.,uno\n")
    assert [row.sentences for row in open_sentences(path)] == [("One.",)]
    assert [row.sentences for row in open_sentences(path, "other")] == [("uno",)]
    single = write(tmp_path / "s.tsv", "text\nOne.\n")
    assert [row.sentences for row in open_sentences(single)] == [("One.",)]


def test_a_column_of_sentences_that_cannot_be_told_is_asked_for(tmp_path):
    path = write(tmp_path / "s.csv", "id,uno\n1,One.\n")
    assert message(open_sentences, path) == (
        f"{path}: it cannot be told which of 'id', 'uno' holds the sentences; name one of them sentence."
    )
    text = write(tmp_path / "s.txt", "One.\n")
    assert message(open_sentences, text, "uno") == (
        f"{text} is plain text, one sentence a line, and has no column 'uno'; leave --column out."
    )


def test_parquet_is_read_like_every_other_format(tmp_path: Path) -> None:
    path = tmp_path / "pairs.parquet"
    table = {"premise": ["a dog", None, "x"], "hypothesis": ["the dog", "b", " "], "label": [1.5, 2.0, None]}
    parquet.write_table(pa.table(table), path)
    file = open_labelled(path)
    assert (file.sentences, file.label) == (("premise", "hypothesis"), "label")
    rows = list(file)
    assert rows[0].sentences == ("a dog", "the dog")
    assert rows[0].label == 1.5
    assert [(row.line, row.error) for row in rows[1:]] == [(2, "there is no 'premise'"), (3, "'hypothesis' is empty")]
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match=r"pairs\.parquet is damaged or no Parquet file"):
        open_pairs(path)
    with pytest.raises(DataError, match=r"none\.parquet does not exist"):
        open_pairs(tmp_path / "none.parquet")


def test_every_cell_of_parquet_is_text_or_json_and_one_that_cannot_be_is_its_rows_fault(tmp_path):
    path = tmp_path / "p.parquet"
    _, ends, letters = pa.array([b"ok", b"caf\xe9"]).buffers()
    table = {
        "a": [b"A dog barks.", b"x"],
        "b": pa.Array.from_buffers(pa.string(), 2, [None, ends, letters]),
        "days": [[date(2020, 1, 2)], None],
        "parts": [{"price": Decimal("1.50"), "raw": [b"x"]}, None],
        "day": pa.array([1, 5_000_000], pa.date32()),
    }
    parquet.write_table(pa.table(table), path)
    good, bad = open_pairs(path)
    assert good.values == {
        **{"a": "A dog barks.", "b": "ok", "days": ["2020-01-02"], "day": "1970-01-02"},
        "parts": {"price": "1.50", "raw": ["x"]},
    }
    assert (good.sentences, good.error) == (("A dog barks.", "ok"), None)
    assert bad.values == {"a": "x", "b": "caf\\xe9", "days": None, "parts": None, "day": None}
    assert bad.error == "'day' cannot be read (date value out of range)"
    parquet.write_table(pa.table({name: table[name] for name in ("a", "b")}), path)
    assert faults(path) == [(1, None), (2, "byte 4 of 'b', 0xe9, is not UTF-8")]


def test_bytes_that_are_no_text_cost_a_row_only_where_they_stand_for_a_sentence(tmp_path):
    path = tmp_path / "p.parquet"
    digests = {"digest": [b"\xff\xfe", None], "image": [{"bytes": b"\x89PNG"}, None]}
    parquet.write_table(pa.table({"a": ["x", "y"], "b": [b"z", b"\xff"], **digests}), path)
    good, bad = open_pairs(path)
    assert (good.sentences, good.error) == (("x", "z"), None)
    assert (good.values["digest"], good.values["image"]) == ({"hex": "fffe"}, {"bytes": {"hex": "89504e47"}})
    assert bad.error == '\'b\' holds {"hex": "ff"}, which is not text'


def test_two_columns_of_one_name_are_refused_in_parquet_too(tmp_path):
    path = tmp_path / "p.parquet"
    parquet.write_table(pa.Table.from_arrays([pa.array(["x"])] * 3, ["a", "b", "b"]), path)
    assert message(open_pairs, path) == f"{path} names 'b' more than once; give every column its own name."


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "kept.txt"
    assert write_atomically(path, lambda new: new.write_text("old")) == 3

    def fail(new):
        new.write_text("half")
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        write_atomically(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
