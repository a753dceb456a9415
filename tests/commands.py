"""Commands as a user meets them: in this process where only what they say counts, else in one of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import bertsim
from bertsim.cli import main

ROOT = Path(__file__).parent.parent
_load = bertsim.load
_bundled: dict[str, bertsim.SimilarityModel] = {}


TAKEN = re.compile(
    r"^bertsim: .+: (?:\d+ files, the first )?(?:TSV|CSV|JSON Lines|a JSON list|Parquet|Excel|plain text),.*\n", re.M
)


class Result:
    """Exit status and what was printed by a command run in this process.

    What it says of how files are written is in `taken`, a line each; all else on stderr in `err`.
    """

    def __init__(self, capsys: pytest.CaptureFixture[str], *words: object) -> None:
        capsys.readouterr()
        try:
            self.status = main([str(word) for word in words])
        except SystemExit as stop:
            self.status = int(stop.code or 0)
        self.out, err = capsys.readouterr()
        self.taken, self.err = [line.rstrip("\n") for line in TAKEN.findall(err)], TAKEN.sub("", err)

    @property
    def refusal(self) -> str:
        """The one sentence of a refusal."""
        assert self.status == 2
        assert self.out == ""
        assert self.err.count("\n") == 1
        return self.err.removeprefix("bertsim: ").rstrip("\n")


def load_bundled_once(source: Any = None, **options: Any) -> bertsim.SimilarityModel:
    """`bertsim.load`, which gives the bundled encoder with its own heads as it was loaded before."""
    if source is not None or options.get("heads") is not None:
        return _load(source, **options)
    key = repr(sorted((name, value) for name, value in options.items() if name != "progress"))
    if key not in _bundled:
        _bundled[key] = _load(source, **options)
    return _bundled[key]


def start(*words: object, program: str = "", **more: str) -> subprocess.Popen[str]:
    """The real program, in a process of its own; `program`: code that runs before it."""
    code = f"{program}\nimport sys; from bertsim.cli import main; sys.exit(main())"
    return subprocess.Popen(
        [sys.executable, *(["-c", code] if program else ["-m", "bertsim"]), *map(str, words)],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
