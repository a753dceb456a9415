"""Python, the command line and links: what of them is answered is finite, and nothing is read under a wrong name."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from hypothesis import strategies as st
from starlette.requests import Request

import bertsim
from bertsim.cli.main import COMMANDS, main
from tests.fuzz.inputs import ENCODERS, JSON, KEYS, NUMBERS, SCALARS, SCORERS, TEXTS
from tests.fuzz.route import ANSWERED, REFUSED, Fault, Made, route

_ODD = st.sampled_from(
    (b"bytes", (), {"a"}, {"a": 1}, object(), np.array(3.0), np.zeros((2, 2)), np.array([["a", "b"]]), range(3))
)
_ANY = JSON | _ODD
_LIST = st.lists(TEXTS, max_size=4)
_OPTIONS: dict[str, Any] = {
    "pooling": st.sampled_from(("mean", "cls", "max", "pooler", "mean+cls", "+", "x")) | _ANY,
    "layers": st.sampled_from(([-1], [0, 1], (-1, -2), [99], [])) | _ANY,
    "combine": st.sampled_from(("concat", "sum", "mean", "x")) | _ANY,
    "max_length": st.integers(-1, 600) | _ANY,
}
_PAIRS = st.lists(st.tuples(TEXTS, TEXTS), max_size=3)
_PASSES, _CHUNK = st.sampled_from((None, 1, 10_000)), st.sampled_from((None, "sentences", 0, 16, 10**9)) | SCALARS
_METHODS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "score": ([_PAIRS], {"scorer": SCORERS, "chunk": _CHUNK, "max_passes": _PASSES, **_OPTIONS}),
    "scores": ([_PAIRS], {"scorers": st.lists(SCORERS, max_size=2), "chunk": _CHUNK, **_OPTIONS}),
    "compare": ([TEXTS, TEXTS], {"scorers": st.lists(SCORERS, max_size=2), "packed": st.booleans(), **_OPTIONS}),
    "embed": ([_LIST], _OPTIONS),
    "rank": ([TEXTS | _LIST, _LIST], {"scorer": SCORERS, "top": NUMBERS, "rerank": SCORERS | st.none(), **_OPTIONS}),
    "matrix": ([_LIST], {"others": _LIST | st.none(), "scorer": SCORERS, "max_passes": _PASSES, **_OPTIONS}),
    "duplicates": ([_LIST], {"threshold": NUMBERS, "top": NUMBERS, **_OPTIONS}),
    "score_parts": ([TEXTS, TEXTS], {"scorer": SCORERS, "chunk": _CHUNK, **_OPTIONS}),
    "alignment": ([_LIST, _LIST], _OPTIONS),
    "logits": ([_PAIRS], {"head": SCORERS, "max_length": NUMBERS}),
    "count_tokens": ([_LIST], {"max_length": NUMBERS}),
    "unread": ([_LIST], {"max_length": NUMBERS}),
    "tokenize": ([_LIST], {"max_length": NUMBERS}),
    "ruler": ([], {"scorer": st.sampled_from(("cosine", "x", "")) | SCALARS}),
    "settings": ([], _OPTIONS),
}


@st.composite
def _calls(draw: st.DrawFn) -> tuple[str, list[Any], dict[str, Any]]:
    """A method, and arguments of which a few are of a kind that none takes, or of a name that there is not."""
    name = draw(st.sampled_from(list(_METHODS)))
    own, named = _METHODS[name]
    args = [draw(_ANY if not draw(st.integers(0, 7)) else each) for each in own]
    options = {key: draw(value) for key, value in named.items() if not draw(st.integers(0, 3))}
    if not draw(st.integers(0, 9)):
        options[draw(st.sampled_from(("poolin", "layer", "scoring", "x")))] = draw(JSON)
    elif named and not draw(st.integers(0, 5)):
        options[draw(st.sampled_from(list(named)))] = draw(_ANY)
    return name, args, options


@route
def python(place: Path) -> Iterator[Made]:
    """Methods of a model."""
    from tests.commands import load_bundled_once

    model = load_bundled_once()

    def attempt(given: tuple[str, list[Any], dict[str, Any]]) -> str:
        name, args, options = given
        unknown = options.keys() - _METHODS[name][1].keys()
        try:
            found = getattr(model, name)(*args, **options)
        except TypeError as error:  # Python's own word for a name that a method has not
            if (unknown and "unexpected keyword argument" in str(error)) or "required keyword-only" in str(error):
                return REFUSED
            raise
        if unknown:
            raise Fault(f"an option that there is not was taken: {name}")
        if not _is_finite(found):
            raise Fault(f"{name} gives what is no finite number")
        return ANSWERED

    yield _calls(), attempt


def _is_finite(found: Any) -> bool:
    if isinstance(found, np.ndarray):
        return bool(np.isfinite(found).all()) if found.dtype.kind == "f" else True
    if isinstance(found, bertsim.records.Comparison if hasattr(bertsim, "records") else ()):
        return all(np.isfinite(each.value) for each in found.scores)
    if isinstance(found, dict):
        return all(map(_is_finite, found.values()))
    return True


_COMMANDS = [
    "score",
    "rank",
    "matrix",
    "duplicates",
    "embed",
    "evaluate",
    "train",
    "export",
    "publish",
    "deploy",
    "probe",
    "nothing",
]
FILES: dict[str, bytes] = {
    "p.tsv": b"sentence1\tsentence2\tscore\nA dog barks.\tA dog is barking.\t4.5\nIt rains.\tThe sun.\t1.0\n",
    "p.csv": b'sentence1,sentence2\n"A dog, a cat.",A cat.\n"open,x\n',
    "s.txt": b"A dog barks.\nA cat sleeps.\n\xe9\n",
    "p.jsonl": b'{"sentence1": "a", "sentence2": "b"}\n{"sentence1": 5}\nnonsense\n',
    "empty": b"",
    "zeros.tsv": b"\x00" * 500,
    "p.parquet": b"PAR1" + b"\x00" * 40 + b"PAR1",
    "p.xlsx": b"PK\x03\x04" + b"\x00" * 40,
    "p.tsv.gz": b"\x1f\x8b\x08\x00" + b"\x00" * 20,
}


def _options_of(name: str) -> list[str]:
    """What a command has, and what none has."""
    parser = argparse.ArgumentParser()
    if name in COMMANDS:
        import_module(f"bertsim.cli.{name}").add_arguments(parser)
    return [*re.findall(r"--[a-z][a-z-]+", parser.format_usage()), "--help", "--x", "-", "--"]


@route
def command_line(place: Path) -> Iterator[Made]:
    """`python -m bertsim …`, in this process and a folder of its own."""
    from tests.commands import load_bundled_once

    for name, content in FILES.items():
        (place / name).write_bytes(content)
    names = st.sampled_from(
        [*FILES, ".", "nothing.tsv", "-", "o.tsv", "o.jsonl.gz", "o.npy", "o.npz", "/dev/full", "../x/y.tsv", "p.tsv/x"]
    )
    values = names | names | TEXTS | NUMBERS.map(str) | SCORERS | ENCODERS
    words = st.sampled_from(_COMMANDS).flatmap(
        lambda name: st.lists(values | st.sampled_from(_options_of(name)), max_size=7).map(lambda more: [name, *more])
    )
    loaded, bertsim.load, home = bertsim.load, load_bundled_once, Path.cwd()
    os.chdir(place)

    def attempt(given: list[str]) -> str:
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
        stdin, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(b"a\tb\nc\td\n"))
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status = main([word.replace("\x00", "") for word in given])
        except SystemExit as stop:
            status = int(stop.code or 0)
        finally:
            sys.stdin = stdin
        out.flush()
        err.flush()
        said = err.buffer.getvalue().decode(errors="replace")  # type: ignore[attr-defined]
        if "Traceback" in said:
            raise Fault("a traceback on stderr")
        if status not in (0, 2):
            raise Fault(f"status {status}")
        if status == 2 and not said.strip():
            raise Fault("refused without a sentence")
        outside = [each for each in place.parent.glob("x/*") if each.exists()]
        if outside:
            raise Fault("a file outside its folder")
        return REFUSED if status else ANSWERED

    try:
        yield words, attempt
    finally:
        bertsim.load = loaded
        os.chdir(home)


@route
def links(place: Path) -> Iterator[Made]:
    """The query of the page's address."""
    from bertsim.ui.controls import Choices
    from bertsim.ui.head import own_tags

    allowed = Choices.of_bundled()
    named = st.sampled_from((*allowed.options, "tab", "a", "b", "mode", "encoder", "q", "lines", "align"))
    values = TEXTS | st.sampled_from(
        ("saw", "tokens", "meets", "attention", "a3,b4", "a0", "a²", "true", "True", "last", "-1", "99999")
    )

    def attempt(given: dict[str, str]) -> str:
        tab, found, problem = allowed.read_link(given)
        for key, value in found.items():
            if key not in ("mask", "pins") and value not in allowed.options[key]:
                raise Fault(f"{key} is {value!r}, which is not offered")
        allowed.write_link(given.get("a", ""), given.get("b", ""), tab, found, "x") if len(str(given)) < 2_000 else None
        query = quote(
            "&".join(f"{key}={value}" for key, value in given.items()), "&=%;<>\"'{}\\^`|", errors="replace"
        ).encode()
        scope = {
            "type": "http",
            "path": "/",
            "query_string": query,
            "headers": [(b"host", b"x")],
            "scheme": "http",
            "server": ("x", 80),
            "root_path": "",
        }
        tags = own_tags(Request(scope))
        if "<script" in tags or "<b>" in tags:
            raise Fault("markup of the link is in the page")
        return REFUSED if problem else ANSWERED

    yield st.dictionaries(named | KEYS, values, max_size=5), attempt
