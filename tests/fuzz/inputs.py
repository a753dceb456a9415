"""What is put in: values of JSON and of Python, words, bytes that were whole before."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

SENTENCES = st.sampled_from(
    (
        *(
            "A dog barks.",
            "The cat sleeps on a red mat.",
            "",
            " ",
            "\n",
            "\u2603",
            "\U0001f44d",
            "[SEP]",
            "[CLS] a [PAD]",
        ),
        *(
            "a\x00b",
            "\ud800",
            "x\udfffy",
            "\u202eabc",
            "e\u0301" * 9,
            "ﬁnd ℃",
            "<script>alert(1)</script>",
            "{{7*7}}${7*7}",
        ),
        *(
            "a " * 700,
            "a" * 5000,
            "'; DROP TABLE x; --",
            "../../etc/passwd",
            "%00%2e%2e",
            "\u0000",
            "中文句子。",
            "\ufeffa",
        ),
    )
)
TEXTS = (
    SENTENCES | st.text(max_size=40) | st.text(st.characters(categories=("Cs", "Cc", "Mn", "Lu", "Nd")), max_size=12)
)
NUMBERS = (
    st.sampled_from((0, -1, 1, 2, 7, 2**31, -(2**63), 2**64, 10**400, 1e308, -1e-308, 0.5, float("inf"), float("nan")))
    | st.integers()
    | st.floats()
)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
KEYS = st.sampled_from(("a", "text", "data", "session_hash", "path", "url", "meta", "__class__", "")) | st.text(
    max_size=6
)
JSON: SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
FILE_DATA = st.sampled_from(
    [
        {"path": path, "meta": {"_type": "gradio.FileData"}, **more}
        for path in ("/etc/passwd", "../../etc/passwd", "http://169.254.169.254/latest", "file:///etc/passwd")
        for more in ({}, {"url": "http://127.0.0.1:1/"}, {"is_stream": True}, {"orig_name": "../../x"})
    ]
)
ENCODERS = st.sampled_from(
    (
        "",
        "bertsim-minilm",
        "/etc",
        "../weights",
        "http://127.0.0.1:1/x",
        "user/name@../../x",
        "a/b",
        "~",
        "file:///etc",
        "\x00",
    )
)
_NAMED = "cosine dot alignment combined bilstm pooled nli alignment_recall all tfidf nobody"
SCORERS = st.sampled_from((*_NAMED.split(), ""))


_ODD = (
    b'"',
    b"\t",
    b"\r",
    b"\n",
    b"\x00",
    b"\xff\xfe",
    b"\xe9",
    b",",
    b";",
    b"{",
    b"[",
    b"\\",
    b"9" * 5000,
    b"1e999",
    b"NaN",
)


def _mutate(whole: bytes, number: int) -> bytes:
    """Bytes of a file with a few places changed, left out, doubled or cut off; by a number, for hypothesis is slow."""
    draw, data = Random(number), bytearray(whole)
    for _ in range(draw.randint(1, 4)):
        place, kind = draw.randrange(len(data) + 1), draw.randrange(7)
        if kind < 2 and place < len(data):
            data[place] = draw.randrange(256) if kind else data[place] ^ 1 << draw.randrange(8)
        elif kind == 2:
            data[place:place] = draw.randbytes(draw.randint(1, 6))
        elif kind == 3:
            del data[place : place + draw.randint(1, 9)]
        elif kind == 4 and not draw.randrange(3):
            del data[place:]
        elif kind == 5:
            data[place:place] = data[place : place + draw.randint(1, 40)]
        else:
            data[place:place] = draw.choice(_ODD)
    return bytes(data)


def mutated(whole: bytes) -> SearchStrategy[bytes]:
    """A file's bytes, damaged."""
    return st.integers(0, 2**64).map(lambda number: _mutate(whole, number))


@st.composite
def changed_json(draw: st.DrawFn, whole: Any) -> Any:
    """A value of JSON in which one member, at any depth, is another, or gone, or has another name."""
    if isinstance(whole, dict) and whole and draw(st.integers(0, 5)):
        key = draw(st.sampled_from(sorted(whole)))
        rest = {name: value for name, value in whole.items() if name != key}
        match draw(st.integers(0, 4)):
            case 0:
                return rest
            case 1:
                return rest | {draw(KEYS): whole[key]}
            case _:
                return rest | {key: draw(changed_json(whole[key]))}
    if isinstance(whole, list) and whole and draw(st.integers(0, 5)):
        place = draw(st.integers(0, len(whole) - 1))
        return [*whole[:place], draw(changed_json(whole[place])), *whole[place + 1 :]]
    return draw(JSON)
