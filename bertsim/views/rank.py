"""A sentence against many lines: the ranks by their vectors, the ranks of the best read together, and what moved.

In: `Ranking`. Out: HTML and SVG. Lines between the two lists cross where ranks change; for screens without room for
them, and for who does not see them, every row says "3 → 1".
"""

from __future__ import annotations

from collections.abc import Iterator

from bertsim.score.verdict import Inference
from bertsim.views.markup import Html, button, counted, downloads, in_100, note, number, shorten, table, tag
from bertsim.views.ranked import COLUMNS, Cost, Line, Ranking, cost_told, left_out, losses, not_read, table_rows
from bertsim.views.slopes import curve, slopes, way_of

_SHOWN, _ROW = 160, 48  # characters of a line; pixels of a row, as the style sheet has it
_SIGNS = (("follows", "✓", "follows"), ("open", "?", "open"), ("denied", "✗", "contradicts"))
_VERBS = {"follows": "follows", "open": "is open", "denied": "cannot be"}


def headline(found: Ranking, turn: float | None) -> Html:
    """Which line comes first, and where the other way of reading has it."""
    best, of = found.lines[0], f"first of {counted(len(found.lines), 'line')}"
    if best.together is None:
        where = f"{of} by vectors, cosine {number(best.cosine)}"
    elif best.first == 1:
        where = f"{of} by vectors, and first when read together"
    else:
        where = f"{of} when read together, {_nth(best.first)} by vectors"
    first = tag("p.bs-judgement", "“", tag("bdi", shorten(best.text, _SHOWN)), "”")
    return tag("div.bs-verdict", first, tag("p.bs-sure", where), data_turn=turn)


def ranking(found: Ranking) -> Html:
    """Both lists with the lines between them; pressing a row reports its place."""
    rows = (_row(found, rank, line) for rank, line in enumerate(found.lines[: found.drawn], 1))
    ranked = _list("Lines, best first; arrow keys walk, Enter compares", rows)
    apart = _heading("By vectors", "each read alone: cosine")
    if not found.wanted:
        chart = [tag("div", apart, ranked)]
    else:
        before = sorted(found.lines, key=lambda line: line.first)[: found.drawn]
        left = tag("div", apart, tag("ol.bs-before", *map(_before, before)), aria_hidden=True)
        together = _heading("Read together", f"each line with the sentence: {found.scorer}")
        chart = [left, _links(found), tag("div", together, ranked)]
    return tag(f"div.bs-ranks{_kind(found)}", *chart)


def others(found: Ranking, sentence: str) -> Html:
    """What is beside the picture: what read which, what was not read or not ranked, the other lines, the numbers."""
    facts = tag("p.bs-facts", " ".join([*_provenance(found), *left_out(found)]))
    parts = [note(" ".join(losses(found))), facts]
    if rest := found.lines[found.drawn :]:
        label = f"The other {counted(len(rest), 'line')}"
        rows = (_row(found, rank, line) for rank, line in enumerate(rest, found.drawn + 1))
        parts.append(tag("details.bs-all", tag("summary", label), tag(f"div{_kind(found)}", _list(label, rows))))
    rows_of = list(table_rows(found))
    shown = [[_shown(cell) for cell in row] for row in rows_of[: found.drawn]]
    parts.append(table(COLUMNS, shown, caption=f"The first {counted(len(shown), 'line')}; a saved file has all."))
    data = [dict(zip(COLUMNS, row, strict=True)) for row in rows_of]
    parts.append(downloads("ranking", data, rows=[COLUMNS, *rows_of], has_svg=True))
    return tag("div.bs-view", *parts, tag("div.bs-main", slopes(found, sentence), hidden=True))


def cost_line(cost: Cost, what: str = "", done: float = 1.0) -> Html:
    """What an answer takes, and how far it is while it takes that."""
    bar = tag("progress", f"{done:.0%}", aria_label=what, max=1, value=f"{done:.3f}") if what else ""
    return tag("p.bs-way.bs-cost", bar, " ", tag("span", cost_told(cost)))


def lines_file(most: int) -> Html:
    """A button that puts a file's lines into the box above, of which the page's script takes so many at most."""
    choose = button("Choose a file", kind=".bs-quiet", data_choose=True)
    says = f"One sentence a line: type, paste, or drop a file (.txt, .csv, .tsv); {most:,} lines at most."
    return tag("p.bs-file", choose, " ", tag("span", says, role="status"), data_most=most)


def _kind(found: Ranking) -> str:
    """Which columns rows have."""
    return ".has-signs" if found.judge else ".has-moves" if found.wanted else ".is-single"


def _list(label: str, rows: Iterator[Html]) -> Html:
    return tag("ol.bs-ranked", *rows, data_walk=1, aria_label=label)


def _heading(name: str, under: str) -> Html:
    return tag("p.bs-reads", tag("b", name), " ", tag("span", under))


def _nth(n: int) -> str:
    """Example: 2 -> "2nd"; 11 -> "11th"."""
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n:,}{ending}"


def _before(line: Line) -> Html:
    """A line in the list by vectors, for who sees and points; `_row` says the same."""
    text = tag("bdi", shorten(line.text, _SHOWN))
    parts = tag("span.bs-nth", line.first), text, tag("span.bs-value", number(line.cosine))
    return tag("li", *parts, data_pick=line.place, data_at=line.place)


def _row(found: Ranking, rank: int, line: Line) -> Html:
    """A line with its rank, from where it moved, its score and what follows; as a label, all that in words."""
    text, unread, parts = shorten(line.text, _SHOWN), not_read(line), [tag("span.bs-nth", rank)]
    label = [f"{rank:,}", f"{_nth(line.first)} by vectors, cosine {number(line.cosine)}"]
    if not found.wanted:
        value = number(line.cosine)
    elif line.together is not None:
        value, moved = number(line.together), f"{line.first:,} → {rank:,}"
        label += [f"{found.scorer} {value}", *_said(line)]
    else:
        value, moved = "…" if rank <= found.wanted else "not read", ""
    if found.wanted:
        parts.append(tag("span.bs-moved", moved))
    parts.append(tag("span.bs-said-line", tag("bdi", text), tag("small", f"! {unread}") if unread else ""))
    parts.append(tag("span.bs-value", value))
    if found.judge:
        parts.append(_signs(line))
    named = {"data_pick": line.place, "data_at": line.place, "tabindex": -1}
    says = f"{', '.join(label)}: {text}{unread and f' ({unread})'}"
    kind = f".is-{way_of(line, rank)}" if found.wanted else ""
    return tag(f"li{kind}", button(*parts, kind=".bs-cell", aria_label=says, **named))


def _most(said: Inference) -> tuple[str, str, str]:
    return _SIGNS[max(range(3), key=lambda place: said[place])]


def _signs(line: Line) -> Html:
    """What follows from the sentence, and from the line: an arrow, a sign and a word each."""
    if line.inference is None or line.silence:
        return tag("span.bs-signs", line.silence)
    rows = []
    for arrow, said in zip("→←", line.inference, strict=True):
        kind, sign, word = _most(said)
        rows.append(tag(f"span.is-{kind}", tag("i", arrow), tag("b", sign), f" {word}"))
    return tag("span.bs-signs", *rows)


def _said(line: Line) -> list[str]:
    """The same for who hears it."""
    if line.inference is None or line.silence:
        return [line.silence] * bool(line.silence)
    both = zip(("if the sentence is true the line", "if the line is true the sentence"), line.inference, strict=True)
    return [f"{head} {_VERBS[_most(said)[0]]} {in_100(max(said))} %" for head, said in both]


def _links(found: Ranking) -> Html:
    """Curves from the rank by vectors to the rank read together; what is not drawn comes from below, or leads there."""
    height, paths = found.drawn * _ROW, []
    for rank, line in enumerate(found.lines, 1):
        if min(rank, line.first) <= found.drawn:
            y, z = (min((each - 0.5) * _ROW, height) for each in (line.first, rank))
            paths.append(tag(f"path.is-{way_of(line, rank)}", d=curve(y, z, 0, 100), data_at=line.place))
    shape = {"viewBox": f"0 0 100 {height}", "preserveAspectRatio": "none", "style": f"height:{height}px"}
    return tag("svg.bs-slopes", *paths, aria_hidden=True, **shape)


def _shown(cell: object) -> str:
    return "" if cell is None else number(cell) if isinstance(cell, float) else shorten(str(cell), _SHOWN)


def _provenance(found: Ranking) -> Iterator[str]:
    """What made the vectors, what read together, what inferred."""
    yield f"Vectors: {found.apart}."
    if found.read:
        yield f"Read together: {found.together}, {found.scorer}."
        if found.judge:
            yield f"Inference, → from the sentence to the line, ← back: {found.judge}."
        else:
            yield "Nothing follows from a question, so there is no inference."
