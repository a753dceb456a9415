"""Files as people have them, made by the very programs that write them: read right, or refused with advice that works.

What must come out is never text that the file does not hold. Each refusal is followed: read again as it says.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import duckdb
import openpyxl
import pandas
import pyarrow as pa
import pytest
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from bertsim.cli.options import NAME_THEM, add_reading_options, reading_of
from bertsim.data.pairs import DataFile, open_pairs, open_sentences
from bertsim.data.rows import Reading, read_records
from bertsim.errors import DataError, InputError
from bertsim.measuring.labelled import find_label, number_of
from tests.commands import ROOT, Result

Pairs = list[tuple[str, str]]
PLAIN: Pairs = [("A dog runs.", "A dog is running."), ("It rains.", "The sun is out."), ("Two men.", "Three women.")]
HARD: Pairs = [
    ('She said "no".', "a, b; c | d"),
    ("A dog runs.", '"Quoted" from the start'),
    ("“Curly” – naïve café", "It’s 5 €."),
    ('"All of it."', "plain"),
]
BROKEN: Pairs = [*HARD, ("two\nlines", "a\ttab"), ("last", "C:\\new\\table")]
LATIN: Pairs = [("Le garçon est né à Köln.", "“Où ?” – l’élève"), ("Señor, ¿qué tal?", "Größe: 5 €"), ("plain", "too")]
RUSSIAN: Pairs = [("Мужчина играет на гитаре.", "Женщина поёт песню."), ("Идёт дождь.", "Светит яркое солнце.")] * 3
KNOWN_ENCODINGS = "utf-8, utf-16, cp1252 or latin-1"
SCORES = ["1.5", "2.0", "0.25", "3.0", "4.5", "5.0"]


def frame(pairs: Pairs, *names: str, **more: list[Any]) -> pandas.DataFrame:
    """Pairs as pandas has them."""
    return pandas.DataFrame(pairs, columns=names or ("sentence1", "sentence2")).assign(**more)


def by_pandas(pairs: Pairs, **options: Any) -> Callable[[Path], object]:
    return lambda path: frame(pairs).to_csv(path, **{"index": False, **options})


def by_csv(pairs: Pairs, header: bool = True, encoding: str = "utf-8", **options: Any) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        with path.open("w", newline="", encoding=encoding) as stream:
            csv.writer(stream, **options).writerows([*([("sentence1", "sentence2")] if header else []), *pairs])

    return write


def by_hand(text: str | bytes, encoding: str = "utf-8") -> Callable[[Path], object]:
    return lambda path: path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))


def by_duckdb(pairs: Pairs, options: str) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        with duckdb.connect() as connection:
            connection.register("pairs", pa.table(frame(pairs)))
            connection.execute(f"COPY pairs TO '{path}' ({options})")

    return write


def by_arrow(pairs: Pairs, **options: Any) -> Callable[[Path], object]:
    return lambda path: arrow_csv.write_csv(pa.table(frame(pairs)), path, arrow_csv.WriteOptions(**options))


def by_r(pairs: Pairs, sep: str = " ", rows: bool = True, doubled: bool = False) -> Callable[[Path], object]:
    r"""As R's `write.table(x, sep=, row.names=, qmethod=)` does it, byte by byte: R itself is not at hand.

    All text stands in quotes, the header too, which is one short where there are row names; a quote within becomes
    `\"` (or `""` with qmethod="double"), every other backslash stays; numbers are bare.
    """

    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""' if doubled else '\\"') + '"'

    def write(path: Path) -> None:
        lines = [sep.join(map(quoted, ("sentence1", "sentence2", "score")))]
        for number, (a, b) in enumerate(pairs, 1):
            lines.append(sep.join([*([quoted(str(number))] if rows else []), quoted(a), quoted(b), f"{number / 2:g}"]))
        path.write_bytes("".join(f"{line}\n" for line in lines).encode())

    return write


def by_excel(rows: list[list[Any]], sheets: tuple[str, ...] = ("Pairs",)) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.active.title = sheets[0]
        for name in sheets[1:]:
            for row in rows[:1] + rows[2:]:
                (book[name] if name in book.sheetnames else book.create_sheet(name)).append(row)
        book.save(path)

    return write


def by_excel_without_sheets(path: Path) -> None:
    by_excel([["a", "b"]])(path)
    with ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    parts["xl/workbook.xml"] = re.sub(rb"<sheets>.*</sheets>", b"<sheets/>", parts["xl/workbook.xml"])
    with ZipFile(path, "w") as book:
        for name, part in parts.items():
            book.writestr(name, part)


def by_parquet_whose_column_is_no_text(path: Path) -> None:
    by_parquet({"Übung": ["x"], "b": ["y"]})(path)
    path.write_bytes(path.read_bytes().replace("Übung".encode(), b"\x98\x98bung"))


def by_parquet(table: dict[str, Any]) -> Callable[[Path], object]:
    return lambda path: parquet.write_table(pa.table(table), path)


def joined(pairs: Pairs, delimiter: str = "\t", end: str = "\n", head: str = "sentence1{}sentence2") -> str:
    """Pairs without any quoting."""
    first = [head.format(delimiter)] if head else []
    return "".join(f"{line}{end}" for line in [*first, *(delimiter.join(pair) for pair in pairs)])


UNQUOTED: Pairs = [('"the witness" said', "x"), ("y", 'he was "it", he said'), ("plain", "pair"), ('"Open', "end")]
LONG: Pairs = [("word " * 190_000 + "end", "y"), ("x", "y")]
R_HARD = [pair for pair in HARD if "\\" not in "".join(pair)]
ZIPPED = gzip.compress(joined(PLAIN[:1]).encode()) + gzip.compress(joined(PLAIN[1:], head="").encode())

READ: dict[str, tuple[str, Callable[[Path], object], Pairs]] = {
    "pandas, csv": ("p.csv", by_pandas(BROKEN), BROKEN),
    "pandas, csv with its index": ("p.csv", by_pandas(BROKEN, index=True), BROKEN),
    "pandas, tsv": ("p.tsv", by_pandas(BROKEN, sep="\t"), BROKEN),
    "pandas, tsv with its index": ("p.tsv", by_pandas(BROKEN, sep="\t", index=True), BROKEN),
    "pandas, tsv with all in quotes": ("p.tsv", by_pandas(BROKEN, sep="\t", quoting=csv.QUOTE_ALL), BROKEN),
    "pandas, tsv with text in quotes": ("p.tsv", by_pandas(BROKEN, sep="\t", quoting=csv.QUOTE_NONNUMERIC), BROKEN),
    "pandas, semicolons": ("p.csv", by_pandas(BROKEN, sep=";"), BROKEN),
    "pandas, bars": ("p.txt", by_pandas(BROKEN, sep="|"), BROKEN),
    "pandas, cp1252": ("p.csv", by_pandas(LATIN, encoding="cp1252"), LATIN),
    "pandas, latin-1": (
        "p.csv",
        by_pandas([("né à", "Köln"), ("x", "y")], encoding="latin-1"),
        [("né à", "Köln"), ("x", "y")],
    ),
    "pandas, UTF-8 with its mark": ("p.csv", by_pandas(HARD, encoding="utf-8-sig"), HARD),
    "pandas, UTF-16": ("p.csv", by_pandas(BROKEN, encoding="utf-16"), BROKEN),
    "pandas, UTF-16 LE without a mark": ("p.tsv", by_pandas(BROKEN, sep="\t", encoding="utf-16-le"), BROKEN),
    "pandas, UTF-16 BE without a mark": ("p.csv", by_pandas(BROKEN, encoding="utf-16-be"), BROKEN),
    "pandas, UTF-32": ("p.csv", by_pandas(HARD, encoding="utf-32"), HARD),
    "pandas, Windows' line ends": ("p.csv", by_pandas(HARD, lineterminator="\r\n"), HARD),
    "pandas, an old Mac's line ends": ("p.csv", by_pandas(HARD, lineterminator="\r"), HARD),
    "pandas, gzip": ("p.csv.gz", by_pandas(BROKEN), BROKEN),
    "pandas, zstd": (
        "p.tsv.zst",
        lambda path: path.write_bytes(pa.compress(joined(PLAIN).encode(), "zstd", asbytes=True)),
        PLAIN,
    ),
    "pandas, JSON Lines": ("p.jsonl", lambda path: frame(BROKEN).to_json(path, orient="records", lines=True), BROKEN),
    "pandas, JSON": ("p.json", lambda path: frame(BROKEN).to_json(path, orient="records"), BROKEN),
    "pandas, JSON with indents": (
        "p.json",
        lambda path: frame(BROKEN).to_json(path, orient="records", indent=2),
        BROKEN,
    ),
    "pandas, JSON Lines called JSON": (
        "p.json",
        lambda path: frame(BROKEN).to_json(path, orient="records", lines=True),
        BROKEN,
    ),
    "pandas, Parquet": ("p.parquet", lambda path: frame(BROKEN).to_parquet(path), BROKEN),
    "pandas, Excel": ("p.xlsx", lambda path: frame(BROKEN).to_excel(path, index=False), BROKEN),
    "pandas, Excel with its index": ("p.xlsx", lambda path: frame(BROKEN).to_excel(path), BROKEN),
    "pandas, one row": ("p.tsv", by_pandas(HARD[:1], sep="\t"), HARD[:1]),
    "csv, as it is": ("p.csv", by_csv(BROKEN), BROKEN),
    "csv, excel-tab": ("p.tsv", by_csv(BROKEN, dialect="excel-tab"), BROKEN),
    "csv, unix": ("p.csv", by_csv(BROKEN, dialect="unix"), BROKEN),
    "csv, semicolons and cp1252": ("p.csv", by_csv(LATIN, encoding="cp1252", delimiter=";"), LATIN),
    "csv, no quotes and bars": ("p.csv", by_csv(PLAIN, delimiter="|", quoting=csv.QUOTE_NONE), PLAIN),
    "csv, tabs in a .csv": ("p.csv", by_csv(BROKEN, delimiter="\t"), BROKEN),
    "csv, commas in a .tsv": ("p.tsv", by_csv(BROKEN), BROKEN),
    "csv, cells of nearly a million characters": ("p.csv", by_csv(LONG), LONG),
    "DuckDB, csv": ("p.csv", by_duckdb(BROKEN, "FORMAT csv"), BROKEN),
    "DuckDB, tsv": ("p.tsv", by_duckdb(BROKEN, "FORMAT csv, DELIMITER '\t'"), BROKEN),
    "DuckDB, csv with all in quotes": ("p.csv", by_duckdb(BROKEN, "FORMAT csv, FORCE_QUOTE *"), BROKEN),
    "DuckDB, csv in zstd": ("p.csv.zst", by_duckdb(BROKEN, "FORMAT csv, COMPRESSION zstd"), BROKEN),
    "DuckDB, Parquet": ("p.parquet", by_duckdb(BROKEN, "FORMAT parquet, COMPRESSION zstd"), BROKEN),
    "DuckDB, JSON Lines": ("p.json", by_duckdb(BROKEN, "FORMAT json"), BROKEN),
    "DuckDB, a JSON list": ("p.json", by_duckdb(BROKEN, "FORMAT json, ARRAY true"), BROKEN),
    "Arrow, csv": ("p.csv", by_arrow(BROKEN), BROKEN),
    "Arrow, tsv": ("p.tsv", by_arrow(BROKEN, delimiter="\t"), BROKEN),
    "Arrow, csv with quotes where needed": ("p.csv", by_arrow(PLAIN, quoting_style="needed"), PLAIN),
    "R, spaces": ("p.txt", by_r(R_HARD), R_HARD),
    "R, tabs": ("p.tsv", by_r(R_HARD, "\t"), R_HARD),
    "R, tabs, no row names, quotes doubled": ("p.tsv", by_r(BROKEN, "\t", False, True), BROKEN),
    "R, commas": ("p.csv", by_r(R_HARD, ",", False), R_HARD),
    "R, backslashes that escape nothing": ("p.csv", by_r([("C:\\new", 'a "b"')] * 2, ","), [("C:\\new", 'a "b"')] * 2),
    "R, semicolons": ("p.csv", by_r(R_HARD, ";", doubled=True), R_HARD),
    "STS-B, which has no quoting": ("p.tsv", by_hand(joined(UNQUOTED)), UNQUOTED),
    "Quora's, quotes and line breaks": (
        "p.tsv",
        by_hand('id\tquestion1\tquestion2\n1\t"Why ""x""?\nSo?"\tWhy?\n'),
        [('Why "x"?\nSo?', "Why?")],
    ),
    "Excel, tabs, quotes around commas": (
        "p.txt",
        by_hand('a\tb\r\n"Yes, sir."\tNo.\r\nx\t"so ""so"""\r\n'),
        [("Yes, sir.", "No."), ("x", 'so "so"')],
    ),
    "Excel, UTF-16 text": ("p.txt", by_hand('a\tb\r\n"Größe, ja"\tnein\r\n', "utf-16"), [("Größe, ja", "nein")]),
    "Excel, sep=;": ("p.csv", by_hand("sep=;\r\na;b\r\nx, y;z\r\n"), [("x, y", "z")]),
    "by hand, spaces before quotes": (
        "p.csv",
        by_hand('a, b\n"x, y", "z ""w"""\nu, v\n'),
        [("x, y", 'z "w"'), ("u", "v")],
    ),
    "by hand, a quote in the middle": (
        "p.csv",
        by_hand('a,b\nHe said "no".,x\ny,z\n'),
        [('He said "no".', "x"), ("y", "z")],
    ),
    "by hand, a delimiter too many": ("p.csv", by_hand("a,b,,,\nx,y,,,\nz,w,,,\n"), [("x", "y"), ("z", "w")]),
    "by hand, a delimiter too many in the rows": ("p.csv", by_hand("a,b\nx,y,\nz,w,\n"), [("x", "y"), ("z", "w")]),
    "by hand, numbers tell that there is no header": (
        "p.tsv",
        by_hand("A dog.\tA cat.\t1.5\nx\ty\t2\n"),
        [("A dog.", "A cat."), ("x", "y")],
    ),
    "by hand, NUL in a sentence": ("p.tsv", by_hand("a\tb\nx\0y\tz\n"), [("x\0y", "z")]),
    "by hand, no name says what it is": ("pairs", by_hand(joined(PLAIN, ";")), PLAIN),
    "by hand, a workbook called .csv": ("p.csv", by_excel([["a", "b"], ["x", "y"]]), [("x", "y")]),
    "by hand, gzip without saying so": ("p.tsv", by_hand(ZIPPED), PLAIN),
    "by hand, no gzip although it says so": ("p.tsv.gz", by_hand(joined(PLAIN)), PLAIN),
    "by hand, JSON Lines with a mark": ("p.jsonl", by_hand('\ufeff{"a": "x", "b": "y"}\n'), [("x", "y")]),
    "by hand, JSON Lines in UTF-16": ("p.jsonl", by_hand('{"a": "é", "b": "y"}\n', "utf-16"), [("é", "y")]),
    "openpyxl, blank rows before and behind": (
        "p.xlsx",
        by_excel([[], ["a", "b"], ["x", "y"], [], [None, None]]),
        [("x", "y")],
    ),
    "openpyxl, several sheets": (
        "p.xlsx",
        by_excel([["a", "b"], ["x", "y"], ["z", "w"]], ("One", "Two")),
        [("x", "y"), ("z", "w")],
    ),
    "Arrow, Parquet of bytes": (
        "p.parquet",
        by_parquet({"a": [b"x \xc3\xa9"], "b": pa.array(["y"], pa.large_string())}),
        [("x é", "y")],
    ),
    "Arrow, Parquet of a dictionary": (
        "p.parquet",
        by_parquet({"a": pa.array(["x", "x"]).dictionary_encode(), "b": ["y", "z"]}),
        [("x", "y"), ("x", "z")],
    ),
}


def good_pairs(file: DataFile) -> list[tuple[str, ...]]:
    """The pairs of a file; a bad row is no pair, and is not expected here."""
    rows = list(file)
    assert [(file.where(row), row.error) for row in rows if row.error is not None] == []
    return [row.sentences for row in rows]


@pytest.mark.parametrize("case", READ)
def test_a_file_is_read_as_who_wrote_it_meant_it(tmp_path, case):
    name, write, pairs = READ[case]
    write(tmp_path / name)
    file = open_pairs(tmp_path / name, advice=NAME_THEM)
    assert good_pairs(file) == pairs
    assert file.described.startswith(f"{tmp_path / name}: ")


def test_there_are_at_least_sixty_such_files():
    assert len(READ) + len(ASKED) >= 60
    writers = {case.split(",")[0] for case in READ}
    assert {"pandas", "csv", "DuckDB", "Arrow", "R", "Excel", "openpyxl", "by hand"} <= writers


# Files that cannot be read without asking: what the message says, and what comes of following it.
QUOTED = 'a\tb\n"Hello."\tx\nplain\ty\n'
SEMICOLONS = "Hallo, Welt;Na, du;2,5\nA, b;c, d;1,5\n"
ASKED: dict[str, tuple[str, Callable[[Path], object], str, dict[str, Pairs]]] = {
    "quotes that nothing needs": (
        "p.tsv",
        by_hand(QUOTED),
        "it cannot be told whether its quotes enclose cells or are part of the text, as in line 2; say",
        {"--quoting double": [("Hello.", "x"), ("plain", "y")], "--quoting none": [('"Hello."', "x"), ("plain", "y")]},
    ),
    "a .csv whose quotes are mostly text": (
        "p.csv",
        by_csv(UNQUOTED, quoting=csv.QUOTE_NONE, quotechar=None, delimiter=";"),
        "it cannot be told whether its quotes enclose cells or are part of the text",
        {"--quoting none": UNQUOTED},
    ),
    "commas and semicolons": (
        "p.csv",
        by_hand(SEMICOLONS),
        "it cannot be told whether comma or semicolon parts its cells; say",
        {"--delimiter semicolon": [("Hallo, Welt", "Na, du"), ("A, b", "c, d")], "--delimiter comma": []},
    ),
    "Russian": (
        "p.tsv",
        by_pandas(RUSSIAN, sep="\t", encoding="cp1251"),
        "is not UTF-8, and it cannot be told which of the older encodings it has; say",
        {"--encoding cp1251": RUSSIAN},
    ),
    "Russian, late in a long line": (
        "p.tsv",
        by_pandas([(f"{'word ' * 900}{a}", b) for a, b in RUSSIAN], sep="\t", encoding="cp1251"),
        "is not UTF-8, and it cannot be told which of the older encodings it has; say",
        {"--encoding cp1251": [(f"{'word ' * 900}{a}", b) for a, b in RUSSIAN]},
    ),
    "Polish": (
        "p.csv",
        by_pandas([("Chłopiec śpi.", "Dziewczyna śpiewa piosenkę."), ("Żółw", "Łódź")], encoding="cp1250"),
        "is not UTF-8, and it cannot be told",
        {"--encoding cp1250": [("Chłopiec śpi.", "Dziewczyna śpiewa piosenkę."), ("Żółw", "Łódź")]},
    ),
    "Japanese": (
        "p.csv",
        by_pandas([("男はギターを弾いている。", "女は歌っている。")] * 3, encoding="cp932"),
        "is not UTF-8, and it cannot be told",
        {"--encoding cp932": [("男はギターを弾いている。", "女は歌っている。")] * 3},
    ),
    "half UTF-8": (
        "p.tsv",
        by_hand("a\tb\nné\tx\n".encode() + "né\ty\n".encode("cp1252") * 2),
        "of its lines that are not plain ASCII 1 are UTF-8 and 2 are not, line 3 the first; say",
        {"--encoding utf-8": [("né", "x")]},
    ),
    "no header, two columns": (
        "p.tsv",
        by_hand("A dog runs.\tA dog.\nIt rains.\tSun.\n"),
        "its first row, 'A dog runs.', 'A dog.', names the columns or is one like the others; say --columns",
        {"--no-header": [("A dog runs.", "A dog."), ("It rains.", "Sun.")]},
    ),
    "no header, an Excel workbook": (
        "p.xlsx",
        by_excel([["A dog runs.", "A dog."], ["It rains.", "Sun."]]),
        "names the columns or is one like the others; say --columns",
        {"--no-header": [("A dog runs.", "A dog."), ("It rains.", "Sun.")]},
    ),
    "a header of other names": (
        "p.csv",
        by_hand("id,left,right\n1,x,y\n"),
        "no two columns are known to hold the sentences among 'id', 'left', 'right'; name them with",
        {"--columns left right": [("x", "y")], "--columns 2 3": [("x", "y")]},
    ),
    "row names that are no numbers": (
        "p.tsv",
        by_hand("sentence1\tsentence2\none\tx\ty\ntwo\tz\tw\n"),
        "names 2 columns, and most rows have 3 cells; name every column, or say --no-header and, by numbers up to 3,",
        {"--no-header --columns 2 3": [("x", "y"), ("z", "w")]},
    ),
}
FOLLOWED = [(case, words) for case, (*_, ways) in ASKED.items() for words in ways]


def say_so(path: Path, words: str) -> DataFile:
    """The file as the command line opens it with these options."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--columns", nargs=2)
    add_reading_options(parser)
    args = parser.parse_args(words.split())
    return open_pairs(path, args.columns, *reading_of(args))


@pytest.mark.parametrize(("case", "words"), FOLLOWED)
def test_a_doubt_is_said_in_a_sentence_and_what_it_advises_works(tmp_path, case, words):
    name, write, said, ways = ASKED[case]
    write(tmp_path / name)
    with pytest.raises(DataError) as raised:
        open_pairs(tmp_path / name, advice=NAME_THEM)
    assert said in str(raised.value)
    assert all(word in str(raised.value) for word in words.split() if word.startswith("--"))
    if not words.startswith("--columns"):
        assert words.split(" --columns")[0] in str(raised.value)
    if ways[words]:
        assert [row.sentences for row in say_so(tmp_path / name, words) if row.error is None] == ways[words]


# ---- rows that are torn cost themselves


def rows_of(path: Path, words: str = "") -> list[tuple[int, tuple[str, ...], str | None]]:
    return [(row.line, row.sentences, row.error) for row in say_so(path, words)]


@pytest.mark.parametrize(("name", "sep"), [("p.csv", ","), ("p.tsv", "\t"), ("p.csv", ";")])
def test_a_torn_quote_costs_its_row_and_no_other(tmp_path, name, sep):
    path, pairs = tmp_path / name, [(f'say "{i}"', f"a, b; {i}\tc") for i in range(400)]
    frame(pairs).to_csv(path, sep=sep, index=False)
    lines = path.read_text().splitlines(keepends=True)
    lines[200] = f'"torn{sep}x\n'
    path.write_text("".join(lines))
    rows = rows_of(path)
    assert [error is None for _, _, error in rows] == [line != 201 for line in range(2, 402)]
    assert [sentences for _, sentences, _ in rows if sentences] == pairs[:199] + pairs[200:]
    assert rows[199][2].startswith("the line is not CSV (")


def test_a_torn_quote_that_a_later_one_closes_costs_two_rows_and_no_text_that_is_not_there(tmp_path):
    path = tmp_path / "p.csv"
    good = "".join(f'"x, {i}","y ""{i}"""\n' for i in range(9))
    path.write_text(f'a,b\n{good}"torn,x\nplain,row\nother,closed"\nlast,row\n')
    rows = rows_of(path)[9:]
    assert [sentences for _, sentences, _ in rows] == [(), ("plain", "row"), (), ("last", "row")]
    assert (
        rows[0][2] == "the line is not CSV (its quote is closed 2 lines on); double every quote inside a quoted field"
    )
    assert (
        rows[2][2] == "the line is not CSV (a quote in the middle of a cell); double every quote inside a quoted field"
    )


def test_a_cell_too_many_in_a_record_of_several_lines_leaves_no_piece_of_it(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text('a,b\nx,"two\nlines",more\n"x, y","z"\n')
    assert [sentences for _, sentences, _ in rows_of(path)] == [(), (), ("x, y", "z")]


def test_a_quote_or_an_umlaut_that_comes_late_is_seen(tmp_path):
    quoted, western = tmp_path / "q.tsv", tmp_path / "w.tsv"
    pairs = [("A dog runs.", "It rains.")] * 5000
    frame([*pairs, ('She said "no".', "x")]).to_csv(quoted, sep="\t", index=False)
    frame([*pairs, ("Größe", "x")]).to_csv(western, sep="\t", index=False, encoding="cp1252")
    assert good_pairs(open_pairs(quoted))[-1] == ('She said "no".', "x")
    assert good_pairs(open_pairs(western))[-1] == ("Größe", "x")


def test_text_of_one_long_line_is_no_other_encoding(tmp_path):
    path, pairs = tmp_path / "p.json", [("東京" * 50, "é" * 99)] * 4000
    path.write_text(json.dumps(frame(pairs).to_dict("records"), ensure_ascii=False), encoding="utf-8")
    assert good_pairs(open_pairs(path)) == pairs


def test_a_byte_that_its_encoding_lacks_costs_its_row(tmp_path):
    path = tmp_path / "p.tsv"
    path.write_bytes(b"a\tb\ncaf\xe9\tx\ncaf\x81\tx\n")
    fault = "byte 4 of the line, 0x81, is not cp1252"
    assert rows_of(path, "--encoding cp1252") == [(2, ("café", "x"), None), (3, (), fault)]
    path.write_bytes("a\tb\nx\ty\nz\tw".encode("utf-16") + b"\0")
    assert rows_of(path) == [(2, ("x", "y"), None), (3, (), "the line holds bytes that are not UTF-16")]


# ---- tables with types


def test_numbers_formulas_and_holes_of_a_workbook_are_no_sentences_and_cost_their_row(tmp_path):
    path = tmp_path / "p.xlsx"
    book = openpyxl.Workbook()
    for row in (["a", "b", "day"], ["x", "y", date(2024, 1, 2)], [5, "y"], ["=A2", "y"], [None], ["m", "n", 2.5]):
        book.active.append(row)
    book.active["A8"] = "merged"
    book.active.merge_cells("A8:B8")
    book.save(path)
    file = open_pairs(path)
    assert [(row.line, row.error) for row in file] == [
        (2, None),
        (3, "'a' holds 5, which is not text"),
        (4, "'a' is empty"),
        (5, "the line is blank"),
        (6, None),
        (7, "the line is blank"),
        (8, "'b' is empty"),
    ]
    assert [row.values["day"] for row in file][:5:4] == ["2024-01-02", 2.5]


def test_a_sheet_is_named(tmp_path):
    path = tmp_path / "p.xlsx"
    by_excel([["a", "b"], ["x", "y"], ["z", "w"]], ("One", "Two"))(path)
    assert "Excel, sheet 'One', a header" in open_pairs(path).described
    assert rows_of(path, "--sheet Two") == [(2, ("z", "w"), None)]
    assert refusal(path, "--sheet Three") == f"{path} has no sheet 'Three'; it has 'One', 'Two'."


def test_a_json_list_names_what_is_no_object_and_where_it_ends_to_be_one(tmp_path):
    path = tmp_path / "p.json"
    path.write_text('[\n{"a": "x", "b": "y"},\n3,\n{"a": "\\ud800", "b": "y"},\n{"a": "z", "b": "w"}\n]\n')
    assert rows_of(path) == [
        (2, ("x", "y"), None),
        (3, (), "it is JSON but not an object, {…}, with a key for each column"),
        (4, (), "'a' holds half a surrogate pair, which is not text"),
        (5, ("z", "w"), None),
    ]
    path.write_text('[\n{"a": "x", "b": "y"},\n{"a": "x" "b"}]\n')
    assert refusal(path) == (
        f"{path}:3: from here on it is no JSON list of objects (Expecting ',' delimiter); mend it, or write JSON Lines,"
        " where a damaged row costs only itself."
    )


@pytest.mark.parametrize("gap", ["", "\n", " " * 70_000])
def test_what_follows_a_json_list_is_not_passed_over(tmp_path, gap):
    path, one = tmp_path / "p.json", '\n\n[\n{"a": "x", "b": "y"}\n]'
    path.write_text(one + gap)
    assert rows_of(path) == [(4, ("x", "y"), None)]
    path.write_text(one + gap + one)
    assert refusal(path) == (
        f"{path}:5: the JSON list ends here, and something follows it; make one list of all, or write JSON Lines."
    )


@pytest.mark.parametrize("orient", ["columns", "split", "index", "table"])
def test_json_of_another_shape_is_refused_with_the_one_that_works(tmp_path, orient):
    path = tmp_path / "p.json"
    frame(PLAIN).to_json(path, orient=orient)
    assert refusal(path) == (
        f"{path} is one JSON object; a list of objects, [{{…}}, …], or one object a line was expected, as pandas writes"
        ' with orient="records".'
    )


# ---- refusals


def refusal(path: Path, words: str = "") -> str:
    with pytest.raises(DataError) as raised:
        list(say_so(path, words))
    return str(raised.value)


@pytest.mark.parametrize(
    ("name", "write", "words", "said"),
    [
        ("p.csv", by_hand("a,a,b\nx,y,z\n"), "", ":1 names 'a' more than once; give every column its own name."),
        (
            "p.parquet",
            by_parquet({"a": ["x"], "b": ["y"]}),
            "--delimiter comma",
            " is Parquet, which has no delimiter to be named; leave it out.",
        ),
        (
            "p.jsonl",
            by_hand('{"a": "x", "b": "y"}'),
            "--no-header",
            " is JSON Lines, which has no header to be named; leave it out.",
        ),
        ("p.csv", by_hand("a,b\nx,y\n"), "--sheet One", " is CSV, which has no sheet to be named; leave it out."),
        ("p.csv", by_hand("a,b\nx,y\n"), "--columns 1 3", " has no column '3'; it has 'a', 'b'."),
        ("p.csv.gz", by_hand(gzip.compress(b"PAR1")), "", " is Parquet packed once more; unpack it first."),
        (
            "p.xlsx",
            by_hand(b"PK\x03\x04"),
            "",
            " is damaged or no Excel file (invalid Zip archive: Could not find EOCD); check the file, or get it again.",
        ),
        (
            "p.xlsx",
            by_excel_without_sheets,
            "",
            " is damaged or no Excel file (it has no sheet); check the file, or get it again.",
        ),
        (
            "p.parquet",
            by_parquet_whose_column_is_no_text,
            "",
            " is damaged or no Parquet file ('utf-8' codec can't decode byte 0x98 in position 0: invalid start byte);"
            " check the file, or get it again.",
        ),
        (
            "p.tsv.zst",
            by_hand(pa.compress(b"a\tb\nx\ty\n", "zstd", asbytes=True)[:-4]),
            "",
            " cannot be read (Truncated compressed stream); check the file.",
        ),
        (
            "p.csv",
            by_hand("one column\nx\ny\n"),
            "",
            ":1: it cannot be told whether its first row, 'one column', names the columns or is one like the others;"
            " say --columns and two of these if it does, --no-header if not.",
        ),
        (
            "p.csv",
            by_hand("id\n1\n"),
            "",
            ": no two columns are known to hold the sentences among 'id'; name them with --columns A B.",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(tmp_path, name, write, words, said):
    write(tmp_path / name)
    assert refusal(tmp_path / name, words) == f"{tmp_path / name}{said}"


@pytest.mark.parametrize(("ending", "name"), [("bz2", "bzip2"), ("xz", "xz"), ("zip", "zip")])
def test_another_packing_is_named_and_is_no_encoding_in_doubt(tmp_path, ending, name):
    path, frame = tmp_path / f"p.tsv.{ending}", pandas.DataFrame({"a": ["x"], "b": ["y"]})
    frame.to_csv(path, sep="\t", index=False)
    advice = "unpack it, or use gzip or zstd"
    assert refusal(path) == f"{path} is packed by {name}, which is not read; {advice}."
    frame.to_csv(tmp_path / "p.tsv.gz", sep="\t", index=False)
    assert rows_of(tmp_path / "p.tsv.gz") == [(2, ("x", "y"), None)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--delimiter ab", "the delimiter is 'ab'; one character was expected, or its name."),
        *(
            (f"--encoding {name}", f"the encoding is {name!r}, which there is not; name one such as {KNOWN_ENCODINGS}.")
            for name in ("x", "undefined", "idna", "punycode", "base64")
        ),
    ],
)
def test_an_option_that_is_none_is_refused(tmp_path, words, said):
    with pytest.raises(InputError) as raised:
        say_so(tmp_path / "p.tsv", words)
    assert str(raised.value) == said


def test_what_is_said_goes_before_what_is_found(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text('\ufeffa,b\n"x, y",z\nu,v\n')
    assert rows_of(path, "--quoting none --encoding utf-8 --header --columns 1 2")[0][2] == (
        "the row has 3 fields, and the header names 2"
    )
    assert say_so(path, "--encoding utf-8").columns == ("a", "b")
    assert rows_of(path, "--no-header")[0] == (1, ("a", "b"), None)
    assert rows_of(path, "--no-header --quoting none")[1][2] == "the row has 3 fields, and most have 2"
    with pytest.raises(InputError, match=r"quoting is 'all'; one of double, escaped, spaced, none was expected\."):
        Reading(quoting="all")


# ---- several files


def test_a_folder_and_a_pattern_are_read_as_one_file(tmp_path):
    frame(PLAIN[:1]).to_csv(tmp_path / "a.csv", index=False)
    frame([], "sentence1", "sentence2").to_csv(tmp_path / "b.csv", index=False)
    frame([("x", ""), *PLAIN[1:]]).to_csv(tmp_path / "c.csv", index=False, sep=";")
    (tmp_path / "notes.md").write_text("nothing")
    for name in ("scored.csv.partial", "scored.csv.partial.json", ".hidden.tsv"):
        (tmp_path / name).write_text("{}")
    for path in (tmp_path, tmp_path / "*.csv*"):
        file = open_pairs(path)
        rows = list(file)
        assert [row.sentences for row in rows] == [PLAIN[0], (), *PLAIN[1:]]
        assert [file.where(row) for row in rows][:2] == [f"{tmp_path / 'a.csv'}:2", f"{tmp_path / 'c.csv'}:2"]
        assert len(file.paths) == 3
        assert file.described.startswith(f"{path}: 3 files, the first CSV, comma, ")
    frame(PLAIN).assign(label=1).to_csv(tmp_path / "d.csv", index=False)
    assert refusal(tmp_path) == (
        f"{tmp_path}: d.csv has the columns 'sentence1', 'sentence2', 'label', and a.csv 'sentence1', 'sentence2';"
        " name files that have the same."
    )
    (tmp_path / "e.tsv").write_text("a\tb\n")
    assert refusal(tmp_path) == (
        f"{tmp_path} is a folder that holds files of several kinds, .csv, .tsv; name what is meant, such as"
        f" '{tmp_path / '*.tsv'}'."
    )
    assert refusal(tmp_path / "*.json") == (
        f"{tmp_path / '*.json'}: there is no file whose name is like that; give the path of a data file."
    )


# ---- labels and sentences


def test_decimal_commas_in_labels_are_numbers(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("Satz A;Satz B;Wert\nHallo, Welt;Na, du;2,5\nA, b;c, d;4,000\nx;y;3\n")
    file = find_label(say_so(path, "--columns 1 2"), "3")
    assert [(row.sentences, number_of(row.label)) for row in file] == [
        (("Hallo, Welt", "Na, du"), 2.5),
        (("A, b", "c, d"), 4.0),
        (("x", "y"), 3.0),
    ]
    path.write_text("a;b;score\n" + "x;y;1\n" * 200 + "x;y;2,5\n")
    assert [number_of(row.label) for row in find_label(open_pairs(path))][-2:] == [1.0, 2.5]
    path.write_text("a;b;score\nx;y;1,250\n")
    with pytest.raises(DataError) as raised:
        find_label(open_pairs(path))
    assert str(raised.value) == (
        f"{path}: a label in 'score' is '1,250', and it cannot be told whether its comma is a decimal one; write such"
        " numbers with a point."
    )


def test_a_parquet_column_of_numbers_is_not_searched_for_decimal_commas_and_one_of_text_is(tmp_path, monkeypatch):
    path, read = tmp_path / "p.parquet", list[object]()
    labels = {"numbers": [None, 1, *[2.5] * 3000], "text": ["1", *["x"] * 3000, "2,5"]}
    parquet.write_table(pa.table({"a": ["x"] * 3002, "b": ["y"] * 3002, **labels}), path)
    file = open_pairs(path)

    def counted(*given: Any) -> Iterator[object]:
        for record in read_records(*given):
            read.append(record)
            yield record

    monkeypatch.setattr("bertsim.data.pairs.read_records", counted)
    assert not find_label(file, "numbers").has_commas
    assert len(read) < 10
    assert find_label(file, "text").has_commas


def test_sentences_of_every_kind_of_file_are_read(tmp_path):
    lines, table = tmp_path / "s.txt", tmp_path / "s.csv"
    lines.write_text("Größe; ja\nTwo\tcells\n", encoding="utf-16")
    assert [row.sentences for row in open_sentences(lines)] == [("Größe; ja",), ("Two\tcells",)]
    table.write_text("id;sentence\n1;x, y\n")
    assert [row.sentences for row in open_sentences(table)] == [("x, y",)]
    assert [row.sentences for row in open_sentences(table, "1")] == [("1",)]
    piped = tmp_path / "spooled"
    piped.write_text('One "sentence", so.\nTwo.\n')
    assert [row.sentences for row in open_sentences(piped)] == [('One "sentence", so.',), ("Two.",)]
    piped.write_text("id,text\n1,x\n")
    delimited = Reading(delimiter=",")
    assert [row.sentences for row in open_sentences(piped, reading=delimited)] == [("x",)]


# ---- on the command line


def test_the_command_says_what_it_took_in_one_line(cli, tmp_path):
    path, lines = tmp_path / "p.csv", tmp_path / "s.txt"
    path.write_bytes("Satz A;Satz B;label\r\nGröße, ja;nein;1,5\r\nx;y;2\r\nz;w;0,5\r\n".encode("cp1252"))
    lines.write_text("One.\n")
    taken = [f'bertsim: {path}: CSV, semicolon, quotes, cp1252, a header; sentences "Satz A" and "Satz B".']
    columns = "--columns", "Satz A", "Satz B"
    assert cli("score", "--input", path, "--output", tmp_path / "s.csv", *columns).taken == taken
    assert cli("evaluate", "--data", path, "--scorer", "cosine", "--resamples", 9, *columns).taken == taken
    done = cli("embed", "--input", lines, "--output", tmp_path / "x.npy")
    assert done.taken == [f"bertsim: {lines}: plain text, utf-8."]


def test_pairs_come_from_standard_input_and_go_to_standard_output(cli, model, tmp_path, monkeypatch):
    def piped(*words: object, data: bytes = joined([*PLAIN, ("x", "")], ";").encode()) -> Result:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        return cli("score", *words)

    done = piped("--input", "-", "--output", "-")
    assert done.status == 0
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert [tuple(row[:2]) for row in rows] == [("sentence1", "sentence2"), *PLAIN, ("x", "")]
    assert [float(row[2]) for row in rows[1:4]] == pytest.approx(model.score(PLAIN), abs=1e-5)
    assert "bertsim: standard input: CSV, semicolon, quotes, utf-8, a header;" in done.taken[0]
    assert "bertsim: standard input:5: 'sentence2' is empty; left without a score." in done.err
    assert "bertsim: -: 3 of 4 pairs scored; 1 could not be, see the column 'error'." in done.err
    book = tmp_path / "p.xlsx"
    by_excel([["a", "b"], ["x", "y"]])(book)
    assert piped("--input", "-", "--output", tmp_path / "s.jsonl", data=book.read_bytes()).status == 0
    assert good_pairs(open_pairs(tmp_path / "s.jsonl")) == [("x", "y")]
    assert piped("--input", "-", "--output", "-", data=b"").refusal.startswith("standard input is empty; ")
    assert piped("--input", "-", "--output", "-", "--json").refusal == (
        "--json and --output - would both be printed; leave one of them out."
    )


def test_a_pipe_is_read_like_a_file(cli, tmp_path):
    pipe, output = tmp_path / "pipe", tmp_path / "s.jsonl"
    os.mkfifo(pipe)
    writing = threading.Thread(target=lambda: pipe.write_text(joined(PLAIN)))
    writing.start()
    assert cli("score", "--input", pipe, "--output", output).status == 0
    writing.join()
    assert good_pairs(open_pairs(output)) == PLAIN


@pytest.mark.long
@pytest.mark.parametrize("kind", ["csv", "tsv.gz", "jsonl", "json", "parquet"])
def test_a_million_pairs_are_read_in_flat_memory(tmp_path, kind):
    path, pairs = tmp_path / f"p.{kind}", frame([(f'A dog "{i}" runs.', f"It rains, {i}.") for i in range(1_000_000)])
    write = {"csv": pairs.to_csv, "tsv.gz": partial(pairs.to_csv, sep="\t"), "parquet": pairs.to_parquet}
    if "json" in kind:
        pairs.to_json(path, orient="records", lines=kind == "jsonl")
    else:
        write[kind](path, index=False)
    code = (
        "import resource, sys; from bertsim.data.pairs import open_pairs\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "import pyarrow.parquet; before = peak()\n"
        "print(sum(row.error is None for row in open_pairs(sys.argv[1])), peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], cwd=ROOT, capture_output=True, text=True, check=True)
    rows, grown = map(int, done.stdout.split())
    assert rows == 1_000_000
    assert grown < 150, f"{grown} MB more"
