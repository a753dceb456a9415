"""Files of pairs and sentences, folders of encoders and heads, damaged: refused in a sentence, or read as they are."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from bertsim.bert.checkpoint import read_checkpoint, read_tensors
from bertsim.bert.config import BertConfig
from bertsim.bert.folder import check_manifest, open_folder
from bertsim.data.pairs import DataFile, open_pairs, open_sentences
from bertsim.errors import BertsimError
from bertsim.heads.reading import find_classifier, find_heads
from bertsim.model.loading import BUNDLED
from bertsim.score.calibration import COMBINED_NAME, NAME, read_calibrations, read_combination
from bertsim.score.verdict import read_rule
from bertsim.score.words import read_words
from tests.checkpoints import make_checkpoint
from tests.fuzz.inputs import JSON, changed_json, mutated
from tests.fuzz.route import ANSWERED, REFUSED, Fault, Made, route

_TSV = (
    "sentence1\tsentence2\tscore\nA dog barks.\tEin Hund bellt – laut.\t4.5\n"
    '"Quoted ""x"""\tb\t0,5\nIt rains.\tThe sun.\t1\n'
)
_ROWS = [{"sentence1": "A dog barks.", "sentence2": "Ünïcode", "score": 1.5}, {"sentence1": "b", "sentence2": None}]


def _seeds(place: Path) -> dict[str, bytes]:
    """Whole files of every kind, by name."""
    import pyarrow as pa
    from openpyxl import Workbook
    from pyarrow import CompressedOutputStream, parquet

    csv = _TSV.replace("\t", ",").replace("0,5", '"0,5"')
    found = {"p.tsv": _TSV.encode(), "p.csv": csv.encode("utf-8-sig"), "p16.csv": csv.encode("utf-16")}
    found |= {"cp.csv": csv.replace(",", ";").replace("–", "-").replace("laut", "größer").encode("cp1252")}
    found |= {
        "p.jsonl": "".join(json.dumps(row) + "\n" for row in _ROWS).encode(),
        "p.json": json.dumps(_ROWS).encode(),
    }
    found |= {"s.txt": b"A dog barks.\nA cat.\n\nx\r\n", "p.tsv.gz": gzip.compress(_TSV.encode(), mtime=0)}
    sheet = Workbook()
    for row in (("sentence1", "sentence2"), ("a", "b"), (1.5, None)):
        sheet.active.append(row)
    sheet.save(place / "seed.xlsx")
    parquet.write_table(pa.Table.from_pylist(_ROWS), place / "seed.parquet")
    with CompressedOutputStream(str(place / "seed.zst"), "zstd") as stream:
        stream.write(_TSV.encode())
    names = {"p.xlsx": "seed.xlsx", "p.parquet": "seed.parquet", "p.tsv.zst": "seed.zst"}
    return found | {name: (place / seed).read_bytes() for name, seed in names.items()}


def _read(file: DataFile) -> str:
    for row in file:
        if row.error is None and not all(isinstance(each, str) and each.strip() for each in row.sentences):
            raise Fault("a row without an error has a sentence that is none")
        if row.error is not None and (row.sentences or "\n" in row.error):
            raise Fault("a bad row has sentences, or no sentence of why")
    return ANSWERED


def _data(place: Path, names: list[str]) -> Made:
    seeds = {name: whole for name, whole in _seeds(place).items() if name in names}

    def attempt(given: tuple[str, bytes]) -> str:
        name, content = given
        path = place / name
        path.write_bytes(content)
        found = REFUSED
        for opened in (open_pairs, open_sentences):
            try:
                found = _read(opened(path))
            except BertsimError as error:
                if "\n" in str(error) or not str(error):
                    raise Fault("no sentence") from error
        return found

    return st.sampled_from(list(seeds)).flatmap(lambda name: st.tuples(st.just(name), mutated(seeds[name]))), attempt


@route
def text_files(place: Path) -> Iterator[Made]:
    """TSV, CSV, JSON Lines, lists and plain text, packed or not."""
    yield _data(place, ["p.tsv", "p.csv", "p16.csv", "cp.csv", "p.jsonl", "p.json", "s.txt", "p.tsv.gz", "p.tsv.zst"])


@route
def tables(place: Path) -> Iterator[Made]:
    """Parquet and Excel."""
    yield _data(place, ["p.parquet", "p.xlsx"])


def _tiny(place: Path) -> Path:
    return make_checkpoint(
        place / "tiny",
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=16,
        sentence_transformers={"pooling_mode": "mean"},
        labels=("no", "yes"),
        prefix="bert.",
    )


@st.composite
def _of_folder(draw: st.DrawFn, wholes: dict[str, bytes]) -> tuple[str, bytes]:
    name = draw(st.sampled_from(list(wholes)))
    if name.endswith(".json") and draw(st.integers(0, 3)):
        return name, json.dumps(draw(changed_json(json.loads(wholes[name])))).encode()
    return name, draw(mutated(wholes[name]))


@route
def encoder_folders(place: Path) -> Iterator[Made]:
    """A checkpoint folder with one file damaged: its settings, its tokenizer, its tensors."""
    folder = _tiny(place)
    wholes = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def attempt(given: tuple[str, bytes]) -> str:
        name, content = given
        (folder / name).write_bytes(content)
        try:
            opened = open_folder(folder)
            tensors = read_checkpoint(folder, opened.config)
            find_classifier(opened)
            rows = opened.tokenizer.encode([("a man sleeps",), ("a", "b")], opened.embedding.max_length)
            if max(max(row.ids) for row in rows) >= opened.config.vocab_size:
                raise Fault("a token that the encoder has no room for")
            if not all(np.isfinite(tensor).all() for tensor in tensors.values()):
                raise Fault("a tensor that is not finite")
        finally:
            (folder / name).write_bytes(wholes[name])
        return ANSWERED

    yield _of_folder(wholes), attempt


@route
def head_folders(place: Path) -> Iterator[Made]:
    """The heads, the calibrations and the words of a bundle without a manifest, of which one file is damaged."""
    folder = place / "weights"
    shutil.copytree(BUNDLED, folder, ignore=shutil.ignore_patterns("*.tflite", "*.png", "manifest.json", "*.md"))
    encoder = open_folder(folder)
    _ = encoder.sha256
    small = [path for path in folder.rglob("*.json") if path.stat().st_size < 40_000 and path.name != "metrics.json"]
    wholes = {path.relative_to(folder).as_posix(): path.read_bytes() for path in small}
    wholes = {
        name: whole
        for name, whole in wholes.items()
        if "/" in name or name in (COMBINED_NAME, NAME, "words.json", "verdict.json")
    }

    def attempt(given: tuple[str, bytes]) -> str:
        name, content = given
        (folder / name).write_bytes(content)
        try:
            heads = find_heads(folder / "heads", encoder)
            scorers = ("cosine", "alignment", *(head.name for head in heads))
            read_combination(folder / COMBINED_NAME, scorers)
            for path in folder.rglob(NAME):
                for curve in read_calibrations(path).values():
                    if not all(0 <= float(curve.apply(score)) <= 1 for score in (-1.0, 0.0, 0.5, 1.0)):
                        raise Fault("a probability that is none")
            read_words(folder)
            read_rule(folder)
        finally:
            (folder / name).write_bytes(wholes[name])
        return ANSWERED

    yield _of_folder(wholes), attempt


@route
def safetensors(place: Path) -> Iterator[Made]:
    """Tensors of an encoder, damaged, above all where they are described."""
    folder = _tiny(place)
    path, config = folder / "model.safetensors", BertConfig.from_folder(folder)
    whole = path.read_bytes()
    head = 8 + int.from_bytes(whole[:8], "little")
    table = json.loads(whole[8:head])

    def described(changed: Any) -> bytes:
        text = json.dumps(changed).encode()
        return len(text).to_bytes(8, "little") + text + whole[head:]

    def attempt(content: bytes) -> str:
        path.write_bytes(content)
        tensors = read_checkpoint(folder, config)
        read_tensors(folder)
        if not all(np.isfinite(tensor).all() for tensor in tensors.values()):
            raise Fault("a tensor that is not finite")
        return ANSWERED

    beginning = mutated(whole[:head]).map(lambda begun: begun + whole[head:])
    yield changed_json(table).map(described) | beginning | mutated(whole), attempt


@route
def bundles(place: Path) -> Iterator[Made]:
    """A bundle of which any file is damaged: its manifest tells, whichever it is, the flatbuffer above all."""
    folder = place / "weights"
    shutil.copytree(BUNDLED, folder)
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    named = check_manifest(folder)

    def attempt(given: tuple[str, float, int]) -> str:
        name, share, bit = given
        place = int(share * (sizes[name] - 1))
        with (folder / name).open("r+b") as file:
            file.seek(place)
            before = file.read(1)
            file.seek(place)
            file.write(bytes([before[0] ^ bit]))
        try:
            check_manifest(folder)
            if name in named:
                raise Fault(f"{name} was changed, and nobody says so")
            return ANSWERED
        except BertsimError:
            return REFUSED
        finally:
            with (folder / name).open("r+b") as file:
                file.seek(place)
                file.write(before)

    yield (
        st.tuples(st.sampled_from(sorted(sizes)), st.floats(0, 1), st.sampled_from([1 << bit for bit in range(8)])),
        attempt,
    )


@route
def settings(place: Path) -> Iterator[Made]:
    """config.json of an encoder and of a head, of any value."""
    folder = _tiny(place)
    whole = json.loads((folder / "config.json").read_text())
    path = folder / "config.json"

    def attempt(value: Any) -> str:
        path.write_text(json.dumps(value))
        BertConfig.from_folder(folder)
        return ANSWERED

    yield changed_json(whole) | changed_json(whole) | JSON, attempt
