"""Sections of a model card: what a command wrote is replaced, what people wrote stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from bertsim.errors import InputError
from bertsim.training.card import END, START, replace_section

pytestmark = pytest.mark.tensorflow


def test_a_card_that_is_not_there_is_made(tmp_path: Path):
    replace_section(tmp_path / "README.md", ["1"])
    assert (tmp_path / "README.md").read_text() == f"# {tmp_path.name}\n\n{START}\n1\n{END}\n"


@pytest.mark.parametrize("old", [f"{START}\nold\n{END}\n", f"{START}\n"])
def test_a_section_is_replaced_and_what_stands_around_it_stays(tmp_path: Path, old: str):
    card = tmp_path / "README.md"
    card.write_text(f"# Mine\n\n{old}\n## Licence\n\nMIT\n")
    for figure in ("1", "2"):
        replace_section(card, [figure])
    assert card.read_text() == f"# Mine\n\n{START}\n2\n{END}\n## Licence\n\nMIT\n"


def test_a_card_that_is_no_text_is_named(tmp_path: Path):
    (tmp_path / "README.md").write_bytes(b"# \xff")
    with pytest.raises(InputError, match=r"README\.md is not UTF-8 \(invalid start byte at byte 2\)"):
        replace_section(tmp_path / "README.md", [])
