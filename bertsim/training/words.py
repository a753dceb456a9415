"""What `words.json` of a trained encoder says: the recipe's words, with figures that were measured on it."""

from __future__ import annotations

from bertsim.measuring.evaluation import mean_label_by_range
from bertsim.model.similarity import SimilarityModel
from bertsim.score.words import HIGHEST_RATING, KnownError, Range, Words
from bertsim.training.examples import Examples
from bertsim.training.recipe import WordsPlan
from bertsim.training.report import Report


def make_words(plan: WordsPlan, model: SimilarityModel, dev: Examples, report: Report | None) -> Words:
    """Join words and figures.

    Args:
        plan: the words.
        model: the finished folder, as it is served.
        dev: pairs with people's ratings, for the mean rating of each range.
        report: whose probes say what goes wrong how often; None: nothing is said.

    Raises:
        InputError: ranges that do not rise.
    """
    ratings = dev.targets[:, 0] * HIGHEST_RATING
    ranges = {}
    for scorer, named in plan.ranges.items():
        scores = model.score(dev.pairs, scorer=scorer)
        names = {float(low): words for low, words in named}
        found = mean_label_by_range(scores, ratings, list(names))
        ranges[scorer] = tuple(Range(low, names[low], round(mean, 1), pairs) for low, pairs, mean in found)
    # the last of a name: "negation" is two
    edits = {probe.name: probe for probe in report.probes} if report else {}
    errors = [
        KnownError(kind, round(float(max(edits[kind].values.values())), 4), edits[kind].count, words)
        for kind, words in plan.errors.items()
        if kind in edits
    ]
    return Words(plan.note, plan.data, dict(plan.scorers), ranges, tuple(errors))
