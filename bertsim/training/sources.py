"""Where a plan's files come from: recipes inside the package, data of the Hub ("hub:user/dataset/path@revision").

Data is fetched before anything else happens; the plan then names the local copy, and remembers where it came from.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bertsim.errors import DataError
from bertsim.training.data_source import HUB, Source
from bertsim.training.plan import TrainPlan

RECIPES = Path(__file__).resolve().parent / "recipes"


def recipe_names() -> tuple[str, ...]:
    """The recipes that come with bertsim."""
    return tuple(sorted(path.stem for path in RECIPES.glob("*.toml")))


def find_recipe(name: str) -> Path:
    """A recipe by its name, or a file by its path.

    Raises:
        DataError: there is none; lists the names.
    """
    if name in recipe_names():
        return RECIPES / f"{name}.toml"
    if Path(name).is_file():
        return Path(name)
    raise DataError(
        f"{name} is neither a recipe nor a file of one; the recipes are {', '.join(recipe_names())}."
    )


def fetch_sources(plan: TrainPlan) -> TrainPlan:
    """The plan with every file of the Hub fetched. Raises HubError for one that cannot be had."""
    return replace(
        plan,
        data=tuple(map(_fetched, plan.data)),
        dev=_fetched(plan.dev),
        test=None if plan.test is None else _fetched(plan.test),
    )


def _fetched(source: Source) -> Source:
    if not source.path.startswith(HUB):
        return source
    from bertsim import hub

    path, origin = hub.fetch_data(source.path.removeprefix(HUB))
    return replace(source, path=str(path), origin=HUB + origin)
