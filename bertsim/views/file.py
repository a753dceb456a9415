"""A visitor's file of pairs: where to drop it, what it was taken for, how far its scoring is, its pairs as a table.

In: names, cells and numbers of a file that anyone may have written. Out: HTML. The page's script sends the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bertsim.views.markup import Html, button, counted, note, number, region, shorten, tag
from bertsim.views.page import fault

CELL = 160
"""Characters of a cell that are shown."""


def drop_zone(ticket: str, megabytes: int, rows: int, kinds: Sequence[str]) -> Html:
    """Where a file is dropped or chosen, its limits above it, and an example; `ticket`: what it is sent under."""
    example = (
        button("Example file", data_pick="example"),
        tag("a.bs-quiet", "Get the example", href=f"files/{ticket}/example.tsv", download=True),
    )
    chips = tag("div.bs-chips", tag("span", "Try"), *example, role="group", aria_label="Try")
    if not megabytes:
        return chips + tag("p.bs-empty", "This host takes no files of visitors; the example shows what is made of one.")
    holds = "A file with two columns of sentences, and one of labels if there are any."
    takes = f"Up to {megabytes:,} MB and {rows:,} rows: {', '.join(kinds)}, packed by gzip or zstd or not."
    keeps = "It is deleted when you leave, or send another; a link to this page opens the mode, and holds no file."
    field = tag("input", type="file", accept=",".join([*kinds, ".gz", ".zst"]), aria_describedby="bs-file-limits")
    says = tag("span", tag("b", "Drop a file of pairs here"), " or choose one")
    label = tag("label.bs-drop", field, says, data_send=ticket, data_most=megabytes)
    limits = tag("p.bs-caption", f"{holds} {takes} ", tag("span.bs-limits", keeps), id="bs-file-limits")
    return tag("div.bs-dropping", chips, limits, label, tag("p.bs-sending", role="status"))


@dataclass(frozen=True)
class Preview:
    """What a file was taken for.

    Attributes:
        name, words: what it is called, and how it was read.
        columns: all of them; `roles`: what those hold that count, "A", "B" and "label".
        rows: the first, a cell for each column.
        count, bad: how many there are, and how many cannot be used.
        faults: of the first of these, where it stands and why.
        notes: what else there is to say.
    """

    name: str
    words: str
    columns: Sequence[str]
    roles: Mapping[str, str]
    rows: Sequence[Sequence[object]]
    count: int
    bad: int
    faults: Sequence[tuple[int, str]]
    notes: Sequence[str] = ()


def preview(found: Preview, problem: str = "", **attributes: object) -> Html:
    """What it was taken for, the first rows, the rows that cannot be used; `problem`: what is to be chosen first."""
    named = f"{counted(found.count, 'row')}, {found.bad:,} of which cannot be used" * bool(found.bad)
    line = tag("p.bs-caption", tag("b", found.name), f": {found.words}; {named or counted(found.count, 'row')}.")
    parts = [line if found.words else Html(), fault(problem) if problem else Html()]
    parts += [note(each) for each in found.notes]
    if found.rows:
        roles = [found.roles.get(name, "") for name in found.columns]
        heads = (
            tag("th", tag("bdi", short(name)), tag("i", role), scope="col", data_role=role or None)
            for name, role in zip(found.columns, roles, strict=True)
        )
        lines = (tag("tr", *(tag("td", tag("bdi", short(cell))) for cell in row)) for row in found.rows)
        shown = tag("table.bs-rows", tag("thead", tag("tr", *heads)), tag("tbody", *lines))
        parts.append(region(f"The first rows of {found.name}", shown, kind=".bs-scroll"))
    if found.faults:
        parts.append(_faults(found))
    return tag("section.bs-taken", *parts, **attributes)


def _faults(found: Preview) -> Html:
    listed = [tag("li", f"line {line:,}: {reason}") for line, reason in found.faults]
    more = found.bad - len(found.faults)
    listed += [tag("li", f"and {more:,} more; the scored file has every reason")] if more > 0 else []
    says = f"{counted(found.bad, 'row')} without a score"
    return tag("details.bs-numbers", tag("summary", says), tag("ul.bs-told", *listed))


def short(cell: object) -> str:
    """A cell as it is shown: a text shortened, nothing for none. Example: None -> ""."""
    return "" if cell is None else shorten(str(cell), CELL)


def under_way(done: int, total: int, rate: float, left: float) -> Html:
    """How many rows are done, how many a second, and the seconds that are left."""
    value = f"{done / max(total, 1):.3f}"
    bar = tag("progress", f"{done / max(total, 1):.0%}", aria_label="Scoring", max=1, value=value)
    told = f"{done:,} of {counted(total, 'row')}"
    told += f" · {number(rate, 0)} rows/s · about {number(left, 0)} s left" if rate else ""
    return tag("p.bs-way", bar, " ", tag("span", told), aria_live="off")


def finished(done: int, total: int, bad: int, seconds: float, made_by: str, links: Sequence[tuple[str, str]]) -> Html:
    """How many rows were scored, by what, and where they can be had; `links`: of each kind its name and address."""
    head = f"{done - bad:,} of {counted(total, 'row')} scored"
    kept = "Stopped; what was finished is kept, and Score goes on from there. " * (done < total)
    facts = tag("span", f"{kept}{number(seconds, 1)} s; {made_by}.")
    gets = (tag("a.bs-quiet", says, href=address, download=True) for says, address in links)
    saved = tag("p.bs-downloads", tag("span", "Take the scored file away as"), " ", *gets)
    return tag("div.bs-verdict", tag("p.bs-judgement", head), tag("p.bs-facts", facts)) + saved


@dataclass(frozen=True)
class Listed:
    """A pair in the table: its place among the rows, its line in the file, its sentences, its figures by column."""

    place: int
    line: int
    a: str
    b: str
    figures: Sequence[str]


def pairs_table(rows: Sequence[Listed], heads: Sequence[str], says: str, *, is_pressed: bool = True) -> Html:
    """Pairs; pressing one reports its place, unless it is not to be pressed; `says`: which they are."""
    if not rows:
        return tag("p.bs-empty", says)
    head = tag("thead", tag("tr", *(tag("th", name, scope="col") for name in ("line", "A", "B", *heads))))
    lines = []
    for row in rows:
        label = f"Open in Compare: {short(row.a)} / {short(row.b)}"
        opens = button(f"{row.line:,}", data_pick=row.place, aria_label=label) if is_pressed else f"{row.line:,}"
        both = (tag("td", tag("bdi", short(each))) for each in (row.a, row.b))
        figures = (tag("td.bs-figure", each) for each in row.figures)
        lines.append(tag("tr", tag("th", opens, scope="row"), *both, *figures))
    shown = tag(f"table.bs-rows{'.is-pressed' * is_pressed}", tag("caption", says), head, tag("tbody", *lines))
    return region(says, shown, kind=".bs-scroll")
