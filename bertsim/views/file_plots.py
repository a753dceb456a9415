"""What was found of a file of scored pairs: figures in a table, plots with their numbers and downloads, and a report.

In: `Measured`, and words of whoever made it. Out: HTML. Under a threshold that is dragged, the page's script counts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bertsim.measuring.curves import LABEL, Cloud, Measured
from bertsim.views.file import Listed, pairs_table
from bertsim.views.markup import Html, downloads, number, table, tag
from bertsim.views.plots import DASHES, HUES, curves, histogram, reliability, scatter

INFERS = (("follows", "✓", "B follows from A"), ("open", "?", "B is open"), ("denied", "✗", "B cannot be"))
_FIGURES = ("Spearman", "95 %", "Pearson", "area under ROC", "average precision", "best F1", "at", "Brier", "ECE")


@dataclass(frozen=True)
class Plot:
    """A figure: a headline, what it says, its SVG, its numbers as a table, what stands under it."""

    title: str
    says: str
    picture: Html
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    under: Html | None = None

    def shown(self) -> Html:
        """On the page, with its numbers and its downloads."""
        name = self.title.lower().replace(" ", "-")
        numbers = table(self.header, self.rows, caption=self.title) if self.rows else Html()
        data = [dict(zip(self.header, row, strict=True)) for row in self.rows]
        saves = downloads(name, data, has_svg=True) if self.rows else Html()
        return tag("figure.bs-plot", self._caption(), self.picture, self.under or "", numbers, saves)

    def printed(self) -> Html:
        """In a report."""
        return tag("figure", self._caption(), self.picture)

    def _caption(self) -> Html:
        return tag("figcaption", tag("b", self.title), " ", tag("span", self.says))


def findings(found: Measured) -> Html:
    """All there is to draw, on the page."""
    parts = [_overview(found), tag("div.bs-plots", *(each.shown() for each in plots(found)))]
    if found.inference:
        parts.insert(1, _inference(found.inference))
    return tag("section.bs-drawn", *parts)


def plots(found: Measured) -> list[Plot]:
    """The figures, those first that tell most."""
    drawn = [_histogram(found, name) for name in found.scorers[:2]]
    drawn += [_cloud(found, each) for each in found.clouds]
    if found.roc:
        drawn.append(_curve(found, is_roc=True))
        drawn.append(_curve(found, is_roc=False))
    if found.honesty:
        bins = {name: each.bins for name, each in found.honesty.items()}
        rows = [(name, number(p), number(share), f"{n:,}") for name, own in bins.items() for p, share, n in own]
        says = "On the dotted line, of pairs with a probability of .8, 80 of 100 are similar; dots by number of pairs."
        header = ("scorer", "mean probability", "share similar", "pairs")
        drawn.append(Plot("Reliability", says, reliability(bins), header, rows, _legend([*bins])))
    return drawn


def similar_in_words(found: Measured) -> str:
    """What counts as similar. Example: "similar: a label of at least 2.5, of 0 to 5"."""
    if found.similar is None or found.span is None:
        return ""
    return f"similar: a label of at least {found.similar:g}, of {found.span[0]:g} to {found.span[1]:g}"


def figures(found: Measured) -> list[tuple[str, ...]]:
    """Of every scorer, what was measured of it, in the order of the table's heads."""
    rows = []
    for name in found.scorers:
        own, cells = found.evaluations.get(name), ["–"] * len(_FIGURES)
        if own:
            rho, interval = own.spearman, f"{number(own.spearman.low, 2)} to {number(own.spearman.high, 2)}"
            cells[:3] = number(rho.value), interval, number(own.pearson.value)
        if steps := found.steps.get(name):
            true, false = steps.true_positives[steps.best], steps.false_positives[steps.best]
            cells[3:5] = number(found.roc[name].area), number(found.precision_recall[name].area)
            f1 = 2 * true / max(true + false + steps.positives, 1)
            cells[5:7] = number(f1), number(steps.thresholds[steps.best])
        if honest := found.honesty.get(name):
            cells[7:] = number(honest.brier), number(honest.ece)
        rows.append((name, *cells))
    return rows


def _overview(found: Measured) -> Html:
    if not found.labelled:
        return tag("p.bs-caption", "There are no labels: the two readings are set against each other.")
    said = [tag("p.bs-caption", f"{found.labelled:,} labelled pairs; {similar_in_words(found)}.")]
    said += [tag("p.bs-caption", found.problem[0].upper() + found.problem[1:] + ".")] if found.problem else []
    head = tag("thead", tag("tr", *(tag("th", each, scope="col") for each in ("scorer", *_FIGURES))))
    lines = [
        tag("tr", tag("th", row[0], scope="row"), *(tag("td.bs-figure", each) for each in row[1:]))
        for row in figures(found)
    ]
    shown = tag("table.bs-rows.bs-agrees", head, tag("tbody", *lines))
    label = "How well the scores agree with the labels"
    return Html().join(said) + tag("div.bs-scroll", shown, tabindex=0, role="region", aria_label=label)


def _inference(shares: Sequence[int]) -> Html:
    """How many pairs of a hundred follow, are open, cannot be: parts of one bar, and words."""
    whole = max(sum(shares), 1)
    parts = [
        tag(f"i.is-{kind}", sign if count > 0.06 * whole else "", style=f"width:{100 * count / whole:.1f}%")
        for (kind, sign, _), count in zip(INFERS, shares, strict=True)
    ]
    said = [f"{sign} {words} {count:,}" for (_, sign, words), count in zip(INFERS, shares, strict=True)]
    bar = tag("span.bs-thirds", *parts, role="img", aria_label="; ".join(said))
    return tag("div.bs-infers", tag("b", "If A is true"), bar, tag("span.bs-limits", " · ".join(said)))


def _histogram(found: Measured, name: str) -> Plot:
    own, steps = found.histograms[name], found.steps.get(name)
    heads = [*own.counts]
    rows = [
        (f"{number(low)} to {number(high)}", *(f"{own.counts[kind][i]:,}" for kind in heads))
        for i, (low, high) in enumerate(pairwise(own.edges))
        if any(own.counts[kind][i] for kind in heads)
    ]
    says = "Similar pairs upwards, others downwards; drag the threshold." if steps else "Pairs by score."
    return Plot(f"Scores of {name}", says, histogram(name, own, steps), (name, *heads), rows, _threshold(found, name))


def _threshold(found: Measured, name: str) -> Html:
    """A slider along the threshold, and what it makes of the pairs; the script counts anew as it moves."""
    steps = found.steps.get(name)
    if not steps:
        return Html()
    given = {"tp": steps.true_positives, "fp": steps.false_positives, "p": steps.positives, "n": steps.negatives}
    counts = json.dumps({"at": [round(each, 5) for each in steps.thresholds], **given}, separators=(",", ":"))
    slide = {"type": "range", "min": 0, "max": len(steps.thresholds) - 1, "step": 1, "value": steps.best}
    slider = tag("input.bs-threshold", **slide, data_steps=counts, data_of=name, aria_label=f"Threshold of {name}")
    true, false = steps.true_positives[steps.best], steps.false_positives[steps.best]
    values = {
        "threshold": number(steps.thresholds[steps.best]),
        "TP": f"{true:,}",
        "FP": f"{false:,}",
        "FN": f"{steps.positives - true:,}",
        "TN": f"{steps.negatives - false:,}",
        "precision": number(true / max(true + false, 1)),
        "recall": number(true / max(steps.positives, 1)),
        "F1": number(2 * true / max(true + false + steps.positives, 1)),
    }
    said = (tag("div", tag("dt", key), tag("dd", value, data_count=key)) for key, value in values.items())
    return slider + tag("dl.bs-figures", *said, aria_live="off")


def _curve(found: Measured, *, is_roc: bool) -> Plot:
    whole, own = ("ROC", found.roc) if is_roc else ("Precision and recall", found.precision_recall)
    x, y = ("false positive rate", "true positive rate") if is_roc else ("recall", "precision")
    points, share = {}, 0.0
    for name, steps in found.steps.items():
        true, false = steps.true_positives[steps.best], steps.false_positives[steps.best]
        recall, share = true / steps.positives, steps.positives / (steps.positives + steps.negatives)
        points[name] = (false / steps.negatives, recall) if is_roc else (recall, true / max(true + false, 1))
    base = [(0.0, 0.0), (1.0, 1.0)] if is_roc else [(0.0, share), (1.0, share)]
    dots = {name: points[name] for name in found.scorers[:2] if name in points}
    rows = [(name, number(a), number(b)) for name, each in own.items() for a, b in zip(each.x, each.y, strict=True)]
    under = _legend([*own], [f"area {number(each.area)}" for each in own.values()])
    says = "The dot is the threshold above; dotted, what chance does."
    return Plot(whole, says, curves(x, y, own, base, dots), ("scorer", x, y), rows, under)


def _cloud(found: Measured, own: Cloud) -> Plot:
    parted = any(each[3] is not None for each in own.points)
    how = "Circles are similar pairs, crosses are others." if parted else "Every dot is a pair."
    if own.step:
        how = f"{own.n:,} pairs, in squares by how many there are."
    title = "Predicted against labels" if own.x == LABEL else "The two readings"
    title = f"{title}: {own.y}" if own.x == LABEL else title
    rows = [(number(x), number(y), f"{count:,}") for x, y, count, _ in own.points[:500]]
    cut = " The table has the first 500." * (len(own.points) > 500)
    return Plot(title, f"{how} Drag a box to list its pairs.{cut}", scatter(own), (own.x, own.y, "pairs"), rows)


def _legend(names: Sequence[str], more: Sequence[str] = ()) -> Html:
    items = []
    for place, name in enumerate(names):
        look = {"stroke": HUES[place % 4], "stroke_width": 2.5, "stroke_dasharray": DASHES[place % 4]}
        line = tag("svg", tag("path", d="M0 4h26", **look), width=26, height=8, aria_hidden=True)
        items.append(tag("li", line, f" {name}{', ' + more[place] if more else ''}"))
    return tag("ul.bs-lines-key", *items)


_STYLE = """
:root { color-scheme: light dark; --bs-ink: #1e1d1a; --bs-soft: #5c584f; --bs-line: #dcd8cf; --bs-up: #0f6b5f;
  --bs-down: #8a2f6e; --bs-a: #1c5a9e; --bs-b: #9a4a08; --paper: #faf9f6; }
@media (prefers-color-scheme: dark) { :root { --bs-ink: #ecebe6; --bs-soft: #a9aaa9; --bs-line: #383b40;
  --bs-up: #6fcdbb; --bs-down: #e39ccb; --bs-a: #8fbcf2; --bs-b: #f0b27c; --paper: #161719; } }
body { margin: 2rem auto; max-width: 62rem; padding: 0 1rem; background: var(--paper); color: var(--bs-ink);
  font: 16px/1.5 system-ui, sans-serif; } h1 { font: 600 1.9rem/1.2 Georgia, serif; margin: 0; }
p { margin: .3rem 0; color: var(--bs-soft); } .plots { display: grid; gap: 1.2rem;
  grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); margin: 1.2rem 0; } figure { margin: 0; }
figcaption span { color: var(--bs-soft); } table { border-collapse: collapse; width: 100%; font-size: .88rem; }
caption { text-align: left; padding: .4rem 0; color: var(--bs-soft); }
td, th { padding: .3rem .6rem .3rem 0; text-align: left; border-bottom: 1px solid var(--bs-line); vertical-align: top; }
td, th { font-weight: 400; overflow-wrap: anywhere; }
button { all: unset; } @media print { body { margin: 0; } }
"""


def report(title: str, facts: Sequence[str], found: Measured, worst: Sequence[Listed], heads: Sequence[str]) -> Html:
    """One page that stands alone, without a script: what the file was, figures, plots, the worst disagreements."""
    drawn = tag("div.plots", *(each.printed() for each in plots(found)))
    told = tag("p", f"{similar_in_words(found)}.") if found.similar is not None else Html()
    lines = pairs_table(worst, heads, "The pairs that are disagreed on most", is_pressed=False)
    head = tag("head", Html('<meta charset="utf-8">'), tag("title", title), tag("style", Html(_STYLE)))
    said = Html().join(tag("p", fact) for fact in facts)
    body = tag("body", tag("h1", title), said, told, _overview(found) if found.labelled else Html(), drawn, lines)
    return Html("<!doctype html>") + tag("html", head, body, lang="en")
