"""A link that restores the page: everything that differs from the defaults, in the query; nothing is stored.

In: sentences and values, or a query. Out: the one from the other. Knows no component but through `Control`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bertsim.errors import InputError
from bertsim.ui.controls import Control
from bertsim.ui.facts import Facts
from bertsim.views.markup import sendable

LONGEST = 12_000
"""Characters of a query that every browser, server and proxy between them take."""


@dataclass(frozen=True)
class Restored:
    """What a link asks for.

    Attributes:
        tab: name of the tab.
        values: of every control.
        problem: what of the link cannot be followed, one sentence; all is default then. "" where nothing is.
    """

    tab: str
    values: tuple[Any, ...]
    problem: str = ""


def write_link(
    sentences: tuple[str, str],
    tab: str,
    values: Sequence[Any],
    controls: Sequence[Control],
    facts: Facts,
    usual: tuple[str, str],
) -> str:
    """The query of a page.

    Args:
        sentences: A and B.
        tab: name of the open tab.
        values: one of each control.
        controls: the controls of the page.
        facts: of the chosen encoder.
        usual: the encoder and the tab that a new visitor finds.

    Raises:
        InputError: it would be too long to be opened.
    """
    parts = {"a": sendable(sentences[0]), "b": sendable(sentences[1])}
    for control, value in zip(controls, values, strict=True):
        if value != control.default(facts):
            parts[control.key] = control.write(value)
    for key, value, default in (("encoder", facts.name, usual[0]), ("tab", tab, usual[1])):
        if value != default:
            parts[key] = value
    query = urlencode(parts)
    if len(query) > LONGEST:
        raise InputError(
            f"The link would have {len(query):,} characters, and {LONGEST:,} are the most that can be opened; "
            "shorten the sentences."
        )
    return query


def read_link(
    query: Mapping[str, str], controls: Sequence[Control], tabs: Sequence[str], facts: Facts
) -> Restored:
    """What a query asks of a model.

    Args:
        query: as the visitor's browser sent it; keys that mean nothing here are left alone.
        controls: the controls of the page.
        tabs: names of the tabs, the usual one first.
        facts: of the encoder that the query names.
    """
    defaults = tuple(control.default(facts) for control in controls)
    tab = query.get("tab", tabs[0])
    try:
        if tab not in tabs:
            raise InputError(f"tab is {tab[:40]!r}; there are {', '.join(tabs)}")
        values = tuple(
            control.read(query[control.key], facts) if control.key in query else default
            for control, default in zip(controls, defaults, strict=True)
        )
    except InputError as error:
        return Restored(tabs[0], defaults, f"The link could not be followed: {error}; here are the defaults.")
    return Restored(tab, values)
