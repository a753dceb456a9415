"""A sentence against many lines: the ranks by their vectors, the ranks of the best read together, and what moved.

In: `Ranking`. Out: HTML and SVG. Lines between the two lists cross where ranks change; for screens without
room for them, and for who does not see them, every row says "3 → 1".
"""

from __future__ import annotations

from collections.abc import Iterator

from bertsim.score.verdict import Inference
from bertsim.views.markup import Html, button, counted, downloads, in_100, note, number, table, tag
from bertsim.views.ranked import COLUMNS, Cost, Line, Ranking, cost_told, losses, not_read, table_rows

DRAWN = 30
"""Lines that are drawn; the others are listed."""
_SHOWN, _ROW = 160, 48  # characters of a line; pixels of a row, as the style sheet has it
_SIGNS = (("follows", "✓", "follows"), ("open", "?", "open"), ("denied", "✗", "contradicts"))


def ranking(found: Ranking, turn: float | None) -> Html:
    """What comes first, in words, and both lists with the lines between them; pressing a row reports its place."""
    drawn, parts = min(DRAWN, len(found.lines)), [_headline(found)]
    rows = (_row(found, rank, line) for rank, line in enumerate(found.lines[:drawn], 1))
    both = bool(found.wanted)
    scale = tag(
        "p.bs-reads", tag("b", "Read together"), " ", tag("span", f"each line with the sentence: {found.scorer}")
    )
    label = "Lines, best first; arrow keys walk, Enter compares"
    right = tag("ol.bs-ranked", *rows, data_walk=1, aria_label=label)
    vectors = tag("p.bs-reads", tag("b", "By vectors"), " ", tag("span", "each read alone: cosine"))
    if both:
        own = sorted(found.lines, key=lambda line: line.first)[:drawn]
        left = tag("ol.bs-before", *map(_before, own))
        chart = [tag("div", vectors, left, aria_hidden=True), _links(found, drawn), tag("div", scale, right)]
        parts.append(tag("div.bs-ranks", *chart))
    else:
        parts.append(tag("div.bs-ranks.is-single", tag("div", vectors, right)))
    return tag("div.bs-ranking", *parts, data_turn=turn)


def _headline(found: Ranking) -> Html:
    """Which line comes first, and where the other way of reading has it."""
    best, n = found.lines[0], len(found.lines)
    if best.together is None:
        where = f"first of {counted(n, 'line')} by vectors, cosine {number(best.cosine)}"
    elif best.first == 1:
        where = f"first of {counted(n, 'line')} by vectors, and first when read together"
    else:
        where = f"first of {counted(n, 'line')} when read together, {_nth(best.first)} by vectors"
    return tag("div.bs-verdict", tag("p.bs-judgement", "“", tag("bdi", _cut(best.text)), "”"), tag("p.bs-sure", where))


def _nth(n: int) -> str:
    """Example: 2 -> "2nd"; 11 -> "11th"."""
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n:,}{ending}"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _before(line: Line) -> Html:
    """A line in the list of vectors, for who sees; `_row` says the same."""
    parts = tag("span.bs-nth", line.first), tag("bdi", _cut(line.text)), tag("span.bs-value", number(line.cosine))
    return tag("li", *parts, data_pick=line.place, data_at=line.place)


def _row(found: Ranking, rank: int, line: Line) -> Html:
    """A line with its rank, from where it moved, its score and what follows."""
    unread, waits = not_read(line), line.together is None and rank <= found.wanted
    parts = [tag("span.bs-nth", rank)]
    if found.wanted:
        parts.append(
            tag("span.bs-moved", f"{line.first:,} → {rank:,}" if line.together is not None else "…" if waits else "")
        )
    said = tag("span.bs-said-line", tag("bdi", _cut(line.text)), tag("small", f"! {unread}") if unread else "")
    value = line.together if found.wanted else line.cosine
    parts += [said, tag("span.bs-value", "" if value is None else number(value))]
    label = [f"{rank:,}", f"{_nth(line.first)} by vectors, cosine {number(line.cosine)}"]
    if line.together is not None:
        label.append(f"{found.scorer} {number(line.together)}")
        parts.append(_signs(line))
        label += _says(line)
    elif found.wanted:
        parts.append(tag("span.bs-signs", "being read" if waits else "not read together"))
    says = f"{', '.join(label)}: {_cut(line.text)}{unread and f' ({unread})'}"
    moved = "" if line.together is None else ".is-up" if line.first > rank else ".is-down" if line.first < rank else ""
    kind = moved if line.together is not None or not found.wanted else ".is-apart"
    shown = button(*parts, kind=".bs-cell", data_pick=line.place, data_at=line.place, tabindex=-1, aria_label=says)
    return tag(f"li{kind}", shown)


def _most(said: Inference) -> tuple[str, str, str]:
    return _SIGNS[max(range(3), key=lambda place: said[place])]


def _signs(line: Line) -> Html:
    """What follows from the sentence, and from the line: a sign and a word each."""
    if line.inference is None:
        return tag("span.bs-signs")
    if line.is_other:
        return tag("span.bs-signs", "other subject")
    rows = []
    for arrow, said in zip("→←", line.inference, strict=True):
        kind, sign, word = _most(said)
        rows.append(tag(f"span.is-{kind}", tag("i", arrow), tag("b", sign), f" {word}"))
    return tag("span.bs-signs", *rows)


def _says(line: Line) -> list[str]:
    """The same for who hears it."""
    if line.inference is None:
        return []
    if line.is_other:
        return ["another subject"]
    heads = ("if the sentence is true the line", "if the line is true the sentence")
    verbs = {"follows": "follows", "open": "is open", "denied": "cannot be"}
    return [
        f"{head} {verbs[_most(said)[0]]} {in_100(max(said))} %"
        for head, said in zip(heads, line.inference, strict=True)
    ]


def _links(found: Ranking, drawn: int) -> Html:
    """Curves from the rank by vectors to the rank read together; what lies below comes from there, or leads there."""
    height, paths = drawn * _ROW, []
    for rank, line in enumerate(found.lines, 1):
        if min(rank, line.first) > drawn:
            continue
        y, z = (min((each - 0.5) * _ROW, height) for each in (line.first, rank))
        is_read = line.together is not None
        kind = (
            ".is-apart" if not is_read else ".is-up" if line.first > rank else ".is-down" if line.first < rank else ""
        )
        path = f"M0 {y:g}C50 {y:g} 50 {z:g} 100 {z:g}"
        paths.append(tag(f"path{kind}", d=path, data_at=line.place, vector_effect=None))
    shape = {"viewBox": f"0 0 100 {height}", "preserveAspectRatio": "none", "style": f"height:{height}px"}
    return tag("svg.bs-slopes", *paths, aria_hidden=True, **shape)


def others(found: Ranking) -> Html:
    """What is beside the picture: what read which, what was not read or not ranked, the other lines, the numbers."""
    parts = [tag("p.bs-facts", " ".join(_provenance(found))), note(" ".join(losses(found)))]
    rest = found.lines[DRAWN:]
    if rest:
        rows = (_row(found, rank, line) for rank, line in enumerate(rest, DRAWN + 1))
        label = f"The other {counted(len(rest), 'line')}"
        ranked = tag("ol.bs-ranked", *rows, data_walk=1, aria_label=label)
        parts.append(tag("details.bs-all", tag("summary", label), ranked))
    rows_of = list(table_rows(found))
    shown = [[_shown(cell) for cell in row] for row in rows_of[:DRAWN]]
    parts.append(table(COLUMNS, shown, caption=f"The first {counted(len(shown), 'line')}; the file has all."))
    data = [dict(zip(COLUMNS, row, strict=True)) for row in rows_of]
    parts.append(downloads("ranking", data, rows=[COLUMNS, *rows_of]))
    return tag("div.bs-view", *parts)


def _shown(cell: object) -> str:
    return "" if cell is None else number(cell) if isinstance(cell, float) else _cut(str(cell))


def _provenance(found: Ranking) -> Iterator[str]:
    yield f"Vectors: {found.apart}."
    if found.read:
        yield f"Read together: {found.together}, {found.scorer}."
        if found.judge:
            yield f"Inference, → from the sentence to the line, ← back: {found.judge}."


def lines_file(most: int) -> Html:
    """A button that puts a file's lines into the box above, of which the page's script takes so many at most."""
    choose = button("Choose a file", kind=".bs-quiet", data_choose=True)
    says = (
        f"One sentence a line: type, paste, or drop a file (.txt, .csv, .tsv). Up to {most:,} lines; nothing is stored."
    )
    return tag("p.bs-file", choose, " ", tag("span", says, role="status"), data_most=most)


def cost_line(cost: Cost, what: str = "", done: float = 1.0) -> Html:
    """What an answer takes, and how far it is while it takes that."""
    bar = tag("progress", f"{done:.0%}", aria_label=what, max=1, value=f"{done:.3f}") if what else ""
    return tag("p.bs-way.bs-cost", bar, " ", tag("span", cost_told(cost)))
