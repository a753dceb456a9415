"""The picture of the mode Matrix: matrix and map, the nearest pairs, the groups, the numbers.

In: a `Pairwise`, and where its sentences lie. Out: HTML whose buttons and cells report "3-7", a pair of places to open,
or "p3", a sentence to look at.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from bertsim.records import Float
from bertsim.views.markup import Html, button, counted, downloads, note, number, pointed, region, shorten, table, tag
from bertsim.views.pairwise import (
    APART,
    LISTED,
    MAX_DRAWN,
    MOST_TOGETHER,
    NEAREST,
    TOGETHER,
    Pairwise,
    as_data,
    csv_rows,
    number_rows,
    reached,
    said,
    sign_of,
)
from bertsim.views.pairwise_matrix import matrix_picture
from bertsim.views.sentence_map import map_figure

_GROUPS, _MEMBERS = 40, 20  # that are listed
_NEIGHBOURS = 5
_HINT = "Point at a cell or a point to read it; press a cell to open the pair in Compare; arrow keys walk."
_LISTED_HINT = "Press a pair to open it in Compare; press a point for its nearest."  # where no cells are to be seen


def pair_row(found: Pairwise, one: int, other: int) -> Html:
    """A pair with both its scores; pressing it reports their places."""
    scores = [(APART, found.apart[one, other]), (TOGETHER, found.together[one, other])]
    values = (tag("span.bs-value", number(value) if value == value else "–", title=name) for name, value in scores)
    both = tag("span", *(tag("bdi", shorten(found.lines[place], 160)) for place in (one, other)))
    says = ", ".join(f"{name} {said(value)}" for name, value in scores)
    label = f"Compare {shorten(found.lines[one], 80)} / {shorten(found.lines[other], 80)}: {says}"
    named = {"data_pick": f"{one}-{other}", "data_link": f"s{one} s{other}", "aria_label": label}
    return tag("li", button(both, *values, **named))


def pair_list(found: Pairwise, pairs: Sequence[tuple[int, int]], title: str) -> Html:
    """Pairs under a title, with what their two columns are; of many the first are seen, the others unfold."""
    heads = tag("p.bs-pair-heads", tag("span", "vectors"), tag("span", "together"), aria_hidden=True)
    rows = [pair_row(found, *each) for each in pairs]
    rest = [tag("summary", f"{counted(len(rows) - NEAREST, 'pair')} more"), tag("ol.bs-pairs", *rows[NEAREST:])]
    unfolds = tag("details.bs-rest", *rest) if len(rows) > NEAREST else ""
    return tag("div.bs-listed", tag("h3", title), heads, tag("ol.bs-pairs", *rows[:NEAREST]), unfolds)


def group_list(found: Pairwise) -> Html:
    """Every group with its sentences, as far as they can be listed; what is not is counted."""
    items = []
    for group, members in enumerate(found.groups[:_GROUPS]):
        sign, colour = sign_of(group)
        named = ((each, tag("bdi", shorten(found.lines[each], 160))) for each in members[:_MEMBERS])
        own = [tag("li", name, data_link=f"s{each}") for each, name in named]
        if len(members) > _MEMBERS:
            own.append(tag("li.bs-limits", f"and {len(members) - _MEMBERS:,} more"))
        items.append(tag("li", tag("b", sign, style=f"color:{colour}"), tag("ul", *own)))
    if more := len(found.groups) - _GROUPS:
        items += [tag("li.bs-limits", f"and {counted(more, 'group')} more")] * (more > 0)
    scores = found.apart if found.by == APART else found.together
    is_near = reached(scores, found.threshold).any()  # by what was read of them, which is not all
    none = "None." if is_near else "None: no two reach the threshold. Move it down."
    listed = tag("ol.bs-groups", *items) if items else tag("p.bs-empty", none)
    return tag("div.bs-listed", tag("h3", f"Groups at {found.threshold:.2f} and above, by {found.by}"), listed)


def _neighbours(found: Pairwise, chosen: int | None) -> Html:
    """The nearest of the chosen sentence."""
    if chosen is None:
        return Html()
    others = [each for each in np.argsort(-found.apart[chosen], kind="stable").tolist() if each != chosen]
    title = f"Nearest to {chosen + 1}, “{shorten(found.lines[chosen], 60)}”"
    return pair_list(found, [(chosen, each) for each in others[:_NEIGHBOURS]], title)


def pairwise_view(
    found: Pairwise, places: Float, shares: Sequence[float], chosen: int | None = None, notes: Sequence[str] = ()
) -> Html:
    """The mode's whole picture.

    Args:
        found: the sentences and their scores.
        places, shares: where they lie on the map, float32 [n, 2], and how much of the variance either axis has.
        chosen: the point that is pressed.
        notes: what was not read of them.
    """
    size, grouped = len(found.lines), sum(map(len, found.groups))
    pairs, is_drawn = size * (size - 1) // 2, size <= MAX_DRAWN
    alone = f"; {size - grouped} alone" if found.groups and size > grouped else ""
    headline = f"{counted(len(found.groups), 'group')} among {size} sentences{alone}"
    says = (
        f"Every sentence with every other one, {counted(pairs, 'pair')}, in the order in which they cluster. A group "
        f"is what pairs at {found.threshold:.2f} or above connect, by {found.by}."
        if is_drawn
        else f"{counted(pairs, 'pair')}; up to {MAX_DRAWN} sentences are drawn, of more the nearest pairs are "
        f"listed. A group is what pairs at {found.threshold:.2f} or above connect, by {found.by}."
    )
    limits = "What connects two of a group may be a third; the two scales are not the same."
    left, beyond = found.unread()
    if found.by == TOGETHER and left:
        limits += f" {counted(left, 'pair')} not read together yet: press “Read together”."
    elif found.by == TOGETHER and beyond:
        limits += f" The nearest {MOST_TOGETHER:,} pairs are read together; the other {beyond:,} count as apart."
    dispute = found.dispute()
    disputed = pair_list(found, [dispute], "Alike to vectors, apart when read together") if dispute else ""
    walk = region("Matrix; arrow keys walk in it", matrix_picture(found), data_walk=size) if is_drawn else ""
    main = tag("div.bs-main", walk) if is_drawn else ""
    nearest = pair_list(found, found.nearest(NEAREST if is_drawn else LISTED), f"Nearest pairs by {found.by}")
    drawn = map_figure(found, places, shares, chosen, _neighbours(found, chosen))
    header, rows = number_rows(found)
    name = "Scores: above the diagonal by two vectors, below it read together" if is_drawn else "The nearest pairs"
    return tag(
        "section.bs-view.bs-every",
        tag("p.bs-found", headline),
        tag("p.bs-caption", f"{says} ", tag("span.bs-limits", limits)),
        *map(note, notes),
        disputed,
        pointed(_HINT if is_drawn else _LISTED_HINT),
        tag("p.bs-hint", _LISTED_HINT) if is_drawn else "",
        tag("div.bs-sides", tag("div", main, nearest), tag("div", drawn, group_list(found))),
        table(header, rows, caption=name),
        downloads("matrix", as_data(found), rows=csv_rows(found), has_svg=is_drawn, has_png=is_drawn),
        data_names=json.dumps([shorten(line, 100) for line in found.lines]),
    )
