"""A section of a model card that a command writes: it stands between two marks, and is replaced by the next run.

What people wrote into the card around the marks stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bertsim.errors import InputError


def replace_section(path: Path, start: str, end: str, lines: Sequence[str]) -> None:
    """Write `lines` between the marks of a Markdown file, at its end where it has none.

    Raises:
        InputError: it is not UTF-8 text.
    """
    text = _read(path) if path.exists() else f"# {path.resolve().parent.name}\n"
    before, _, rest = text.partition(start)
    after = rest.partition(end)[2] if end in rest else rest
    section = "\n".join([start, *lines, end])
    path.write_text(f"{before.rstrip()}\n\n{section}\n{after.lstrip()}", encoding="utf-8")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"the encoder's {path.name} is not UTF-8 ({error.reason} at byte {error.start}); mend it, or remove it."
        ) from None
