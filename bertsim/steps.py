"""A recipe of steps -> which of them are done, and the words of those that are not. Reads and hashes, runs nothing.

A recipe is TOML: `[[step]]` tables in the order of their doing, each a bertsim command and its options. What a step
is made of (words, files, the steps before it, this version of bertsim) is hashed; a step whose hash and whose output
are what was recorded is done. Running them is `cli.make`'s.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bertsim.config import read_json
from bertsim.errors import DataError, InputError
from bertsim.manifest import file_sha256, folder_sha256
from bertsim.version import __version__

COMMANDS = ("pretrain", "train", "export", "evaluate", "probe", "card")
PRINTING = ("evaluate", "probe")
"""Commands that print; what they print is kept as the step's output, `PRINTED`."""
PRINTED = "printed.json"
_RECORDS = ".steps"
_PLACES = ("data:", "step:", "here:")


@dataclass(frozen=True)
class Step:
    """One command of a recipe.

    Attributes:
        name: also of its folder.
        command: one of `COMMANDS`.
        options: by name, `_` for `-`: a value, a list of them, or a list of lists for an option given several times.
            A value that begins with `data:`, `step:` or `here:`, or has it behind `NAME=`, is a path below the data,
            in an earlier step's output, or beside the recipe; `hours:` is how long the steps before took.
        env: variables of the environment, `KERAS_BACKEND` say.
    """

    name: str
    command: str
    options: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Places:
    """Where paths begin.

    Attributes:
        recipe: the file.
        data: of the data.
        work: where every step has a folder.
    """

    recipe: Path
    data: Path
    work: Path

    def output(self, step: Step) -> Path:
        """The folder of a step."""
        return self.work / step.name

    def resolve(self, value: object) -> str:
        """A value as a command takes it. Example: "data:text/a.txt.gz=0.5" -> "DATA/text/a.txt.gz=0.5"."""
        name, place, path = _split(str(value))
        roots = dict(zip(_PLACES, (self.data, self.work, self.recipe.parent), strict=True))
        return f"{name}{roots[place] / path}" if place else str(value)


def read_steps(path: Path) -> tuple[Step, ...]:
    """Read a recipe.

    Raises:
        DataError: the file is missing or not TOML, or a step cannot be; names it.
    """
    raw = _read_table(path).get("step")
    if not isinstance(raw, list) or not raw or not all(isinstance(one, dict) for one in raw):
        raise DataError(f"{path} has no [[step]]; a recipe holds one or more.")
    steps: list[Step] = []
    for one in raw:
        steps.append(_step(one, path, {step.name for step in steps}))
    return tuple(steps)


def words_of(step: Step, places: Places, hours: float = 0.0) -> list[str]:
    """The command line of a step, without `--resume`; `hours` is what `hours:` stands for.

    Example: export, encoder "step:bert" -> ["export", "--encoder", "WORK/bert", "--output", "WORK/NAME"]
    """
    words = [step.command]
    for name, value in step.options.items():
        option = "--" + name.replace("_", "-")
        if value is True:
            words.append(option)
        elif isinstance(value, list):
            groups = value if value and isinstance(value[0], list) else [value]
            for group in groups:
                words += [option, *map(places.resolve, group)]
        elif value is not False:
            words += [option, f"{hours:g}" if value == "hours:" else places.resolve(value)]
    return [*words, "--json"] if step.command in PRINTING else [*words, "--output", str(places.output(step))]


def fingerprint(step: Step, places: Places) -> str:
    """A hash of all that a step is made of.

    Raises:
        DataError: a file that it reads is missing; names it.
    """
    made_of: dict[str, Any] = {
        "version": __version__,
        "command": step.command,
        "options": step.options,
        "env": step.env,
        "files": {},
    }
    for value in _values(step.options):
        if not _split(value)[1]:
            continue
        table = next((name for name in _TABLES if step.options.get(name) == value), None)
        files = [value]
        if table is not None:
            made_of[table] = _TABLES[table](Path(places.resolve(value)))
            files = [f"data:{path}" for path in _paths(made_of[table])]
        for file in files:
            made_of["files"][file] = _digest(file, step, places)
    return hashlib.sha256(json.dumps(made_of, sort_keys=True, default=str).encode()).hexdigest()


def beside(steps: Sequence[Step]) -> set[str]:
    """The files beside the recipe that its steps read. Example: text = "here:data.md" -> {"data.md"}."""
    parts = [_split(value) for step in steps for value in _values(step.options)]
    return {path for _, place, path in parts if place == "here:"}


def is_done(step: Step, places: Places) -> bool:
    """Whether a step's output is there, unchanged, and made of what it would be made of now."""
    known = _known(step, places)
    return bool(
        known.get("files")
        and known.get("fingerprint") == fingerprint(step, places)
        and known["files"] == folder_sha256(places.output(step))
    )


def can_resume(step: Step, places: Places) -> bool:
    """Whether a run of this very step was stopped, and left what it can go on from."""
    if not (places.output(step) / ".run").is_dir():
        return False
    return bool(_known(step, places).get("fingerprint") == fingerprint(step, places))


def check_own(step: Step, places: Places) -> None:
    """Raise InputError where a step's folder holds something and no run of the step is recorded."""
    output = places.output(step)
    if not _known(step, places) and output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise InputError(f"{output} was not made by this recipe; choose another --work, or remove it first.")


def record_start(step: Step, places: Places) -> None:
    """Record that a step begins, and what it is made of."""
    _write_record(step, places, fingerprint(step, places), {})


def record_done(step: Step, places: Places, seconds: float) -> None:
    """Record that a step's output is whole, and how long it took since it began, or was resumed.

    What it is made of stays as recorded at its start: a file that has changed since then is not what it read.
    """
    made_of = _known(step, places)["fingerprint"]
    _write_record(step, places, made_of, folder_sha256(places.output(step)), seconds)


def hours_of(places: Places, steps: Sequence[Step]) -> float:
    """Hours that finished steps took, to a tenth."""
    return round(sum(_known(step, places).get("seconds", 0.0) for step in steps) / 3600, 1)


def _step(raw: Mapping[str, Any], path: Path, before: set[str]) -> Step:
    options = dict(raw)
    name, command, env = options.pop("name", None), options.pop("command", None), options.pop("env", {})
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise DataError(f"{path}: a step's name is {name!r}; small letters, digits and - were expected.")
    if name in before:
        raise DataError(f"{path}: two steps are named {name}; every step needs a name of its own.")
    if command not in COMMANDS:
        raise DataError(f"{path}, step {name}: command is {command!r}; known are {', '.join(COMMANDS)}.")
    if not isinstance(env, dict):
        raise DataError(f"{path}, step {name}: env is {env!r}; a table of variables was expected.")
    for value in _values(options):
        _, place, inside = _split(value)
        if place == "step:" and inside.partition("/")[0] not in before:
            raise DataError(f"{path}, step {name}: {value} is of no step before it.")
    return Step(name, command, options, {key: str(value) for key, value in env.items()})


def _split(value: str) -> tuple[str, str, str]:
    """`NAME=step:bag/x.json` as what stands before the place, the place and the path; no place: two empty texts.

    Example: "dev=step:a/b" -> ("dev=", "step:", "a/b")
    """
    found = re.fullmatch(r"((?:[^:]*=)?)(data:|step:|here:)(.*)", value, re.DOTALL)
    return (found[1], found[2], found[3]) if found else (value, "", "")


def _values(options: Mapping[str, Any]) -> list[str]:
    """Every single value of the options, as text."""
    found: list[str] = []
    for value in options.values():
        flat = value if isinstance(value, list) else [value]
        for item in flat:
            found += map(str, item if isinstance(item, list) else [item])
    return found


def _read_table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); give the path of a recipe.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not TOML: {error}.") from None


def _heads(path: Path) -> dict[str, Any]:
    table = _read_table(path)
    heads = table.get("heads")
    return heads if isinstance(heads, dict) else table


def _pairs(path: Path) -> dict[str, Any]:
    table = _read_table(path)
    return {name: table.get(name) for name in ("pairs", "bag")}


# Options that name a file of tables, and what of it counts.
_TABLES: Mapping[str, Callable[[Path], dict[str, Any]]] = {"recipe": _heads, "pairs": _pairs}


def _paths(value: Any) -> list[str]:
    """Every `path = …` of nested tables."""
    if isinstance(value, Mapping):
        own = [value["path"]] if isinstance(value.get("path"), str) else []
        return own + [path for inner in value.values() for path in _paths(inner)]
    return [path for inner in value for path in _paths(inner)] if isinstance(value, list) else []


def _digest(value: str, step: Step, places: Places) -> object:
    """What a file or folder holds."""
    _, place, inside = _split(value)
    path = Path(places.resolve(place + inside))
    if not path.exists():
        path = Path(str(path).rpartition("=")[0] or str(path))  # FILE=WEIGHT
    if path.is_file():
        return file_sha256(path)
    if not path.is_dir():
        raise DataError(f"step {step.name}: {path} is missing; {value} names it.")
    return "a folder" if place == "data:" else folder_sha256(path)


def _record(step: Step, places: Places) -> Path:
    return places.work / _RECORDS / f"{step.name}.json"


def _known(step: Step, places: Places) -> dict[str, Any]:
    """What is recorded of a step; empty where nothing is."""
    path = _record(step, places)
    return read_json(path) if path.exists() else {}


def _write_record(
    step: Step, places: Places, made_of: str, files: Mapping[str, str], seconds: float = 0.0
) -> None:
    path = _record(step, places)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".new")
    content = {"fingerprint": made_of, "files": files, "seconds": round(seconds, 1)}
    partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)
